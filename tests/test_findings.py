"""The findings are computed from the committed tables, and nothing is claimed that was not measured."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas
import pytest

from course_lib import pareto
from course_lib.errors import CourseError
from course_lib.studies import claims, findings, front_page

RESULTS = Path(__file__).parent.parent / "results"


def test_the_committed_findings_are_those_of_the_committed_tables():
    assert (RESULTS / "README.md").read_text() == findings.text(RESULTS)


def test_a_claim_whose_study_was_not_run_says_so_and_nothing_else(tmp_path):
    lines = [line for line in findings.text(tmp_path).splitlines() if re.match(r"\d+\. ", line)]
    assert len(lines) == len(findings.CLAIMS) >= 10
    assert all("Not measured yet" in line for line in lines)


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "cifar10-one-seed"
    folder.mkdir()
    shutil.copy(RESULTS / "cifar10-one-seed" / "table.csv", folder)
    return tmp_path


def line_of(text, words):
    (found,) = [line for line in text.splitlines() if words in line]
    return found


def test_the_verdicts_follow_the_table(copy):
    path = copy / "cifar10-one-seed" / "table.csv"
    claim = "SAP dominates the frontier"
    before = line_of(findings.text(copy), claim)
    assert "**Did not hold:**" in before
    table = pandas.read_csv(path)
    worse = ~table["method"].isin(["SAP", "dense"])
    table.loc[worse, ["val_accuracy", "test_accuracy", "sparsity"]] *= 0.2
    table.to_csv(path, index=False)
    after = line_of(findings.text(copy), claim)
    assert "**Held:**" in after and "it has all on 1 of 1 seeds" in after


def test_whether_the_aim_of_the_open_study_was_reached_follows_its_table(tmp_path):
    (tmp_path / "open").mkdir()
    table = pandas.read_csv(RESULTS / "open" / "table.csv")
    best = table[(table["method"] == "SAP") & (table["round"] == 8)]["score"].mean()  # the best by validation
    claim = "pushed to a score of"
    for more, said in ((0.0, "Did not hold"), (0.1, "Held")):
        table.assign(score=table["score"] + more).to_csv(tmp_path / "open" / "table.csv", index=False)
        told = line_of(findings.text(tmp_path), claim)
        assert f"**{said}:**" in told and "The best by validation, SAP, has " in told
        assert f"a score of {best + more:.3f} (n = 3;" in told
    lucky = (table["method"] == "magnitude") & (table["round"] == 8)  # a test score chooses nothing
    table.assign(score=table["score"].where(~lucky, 0.95)).to_csv(tmp_path / "open" / "table.csv", index=False)
    assert "**Did not hold:**" in line_of(findings.text(tmp_path), claim)
    table.assign(val_accuracy=0.1).to_csv(tmp_path / "open" / "table.csv", index=False)
    assert "No point reaches a validation accuracy of 0.6." in findings.text(tmp_path)


def test_what_two_methods_keep_at_their_ends_is_read_from_the_records(tmp_path):
    (tmp_path / "records").mkdir()
    assert findings.kept(tmp_path, "one", "other") == []
    for method, seed, dense in (("one", 0, 10), ("one", 1, 20), ("other", 0, 5), ("other", 1, 5)):
        record = {
            "config": {"method": method},
            "rounds": [{"kept": {}}, {"kept": {"conv.weight": 7, "hidden.weight": dense}}],
        }
        (tmp_path / "records" / f"{method}-seed{seed}-x.json").write_text(json.dumps(record))
    assert findings.kept(tmp_path, "one", "other") == [
        "At their ends both keep the same number of weights in 1 of 2 layers; in hidden.weight one keeps 15, other keeps 5 "
        "(means)."
    ]


def test_a_study_over_seeds_is_preferred_to_one_seed(copy):
    shutil.copytree(copy / "cifar10-one-seed", copy / "cifar10")
    told = findings.text(copy)
    assert "](cifar10/README.md)" in told and "](cifar10-one-seed/README.md)" not in told


def test_a_finding_has_its_verdict_first_no_interval_and_one_link():
    told = (RESULTS / "README.md").read_text()
    lines = [line for line in told.splitlines() if re.match(r"\d+\. ", line)]
    for line in lines:
        verdict = re.match(r"\d+\. \*\*(.*?):\*\* ", line)
        assert verdict and verdict.group(1).lower() in claims.VERDICTS
        assert line.count("](") == (0 if "has not been run to its end" in line else 1)
    assert not re.search(r"\[[+-]\d", told)  # intervals live in figures and tables
    assert len(told.split()) <= 900


def test_a_claim_whose_method_has_not_run_is_not_measured_yet(tmp_path):
    (tmp_path / "controls").mkdir()
    table = pandas.read_csv(RESULTS / "cifar10" / "table.csv")
    table[table["method"] != "magnitude, SAP's pace"].to_csv(tmp_path / "controls" / "table.csv", index=False)
    told = line_of(findings.text(tmp_path), "its choice and not its pace")
    assert "**Not measured yet:**" in told and '"magnitude, SAP\'s pace" has not run yet' in told


def with_pace(table, more):
    """Return cifar10's table with a control at SAP's pace that is `more` better in every round."""
    sap = table[table["method"] == "SAP"]
    paced = sap.assign(method="magnitude, SAP's pace", role="control", family="magnitude")
    noise = 0.0005 * paced["seed"] + 0.0001
    paced["test_accuracy"] += more + noise
    return pandas.concat([table[table["method"] != "magnitude, SAP's pace"], paced])


def test_the_verdict_on_pace_is_read_round_by_round(tmp_path):
    (tmp_path / "controls").mkdir()
    table = pandas.read_csv(RESULTS / "cifar10" / "table.csv")
    for more, verdict, said in ((0.0, "Did not hold", "-0.1 points"), (-0.05, "Held", "+4.9 points")):
        with_pace(table, more).to_csv(tmp_path / "controls" / "table.csv", index=False)
        told = line_of(findings.text(tmp_path), "its choice and not its pace")
        assert f"**{verdict}:**" in told and said in told and "round by round" in told


@pytest.mark.parametrize(
    ("lost", "macs", "verdict"),
    [(0.015, 1.0, "Held"), (0.019, 1.0, "Held in part"), (0.03, 1.0, "Did not hold"), (0.0, 1.1, "Did not hold")],
)
def test_a_quarter_of_the_arithmetic_is_cheap_only_if_it_is_so_on_every_seed(tmp_path, lost, macs, verdict):
    (tmp_path / "ship").mkdir()
    table = pandas.read_csv(RESULTS / "ship" / "table.csv")
    of_age, small = table["method"] == "dense, trained on", table["method"] == "L1 filter"
    table.loc[of_age, "test_accuracy"] = 0.8
    table.loc[small, "test_accuracy"] = 0.8 - lost + 0.002 * (table.loc[small, "seed"] - 1)
    table["macs"] = table["macs"].astype(float).where(~small, table["macs"] * macs)
    table.to_csv(tmp_path / "ship" / "table.csv", index=False)
    assert f"**{verdict}:**" in line_of(findings.text(tmp_path), "a quarter of the arithmetic costs at most 2 points")


@pytest.mark.parametrize(("late", "word"), [(0.005, "Mostly its pace."), (0.2, "Not its pace alone.")])
def test_the_front_page_weighs_what_is_left_at_equal_pace_against_the_lead(tmp_path, late, word):
    """At equal pace SAP is a hair behind in the first rounds and `late` ahead afterwards."""
    table = pandas.read_csv(RESULTS / "cifar10" / "table.csv")
    for name, own in (("cifar10", table), ("controls", with_pace(table, 0.001)[lambda rows: rows["method"] != "magnitude"])):
        (tmp_path / name).mkdir()
        rows = own["method"].eq("magnitude, SAP's pace") & (own["round"] > 3)
        own.assign(test_accuracy=own["test_accuracy"] - late * rows).to_csv(tmp_path / name / "table.csv", index=False)
    assert word in line_of(front_page.text(tmp_path), "Why does it lead")


@pytest.fixture
def own_problem(tmp_path):
    """A study of the class project's kind, made up from the curves on CIFAR-10."""
    (tmp_path / "class-project").mkdir()
    table = with_pace(pandas.read_csv(RESULTS / "cifar10" / "table.csv"), 0.0)

    def write(**more):
        made = table.copy()
        for method, gain in more.items():
            rows = made["method"] == method.replace("_", " ")
            made.loc[rows, "test_accuracy"] += gain
        long = made[made["method"].isin(["SAP", "dense, trained on"])]
        long = long.assign(method=long["method"] + long["method"].map({"SAP": ", 30 epochs"}).fillna(" 30 epochs"))
        long = long.assign(role="control", epochs=12 + 3.0 * (long["epochs"] - 12))
        long["test_accuracy"] += more.get("long", 0.0) * long["method"].str.startswith("SAP")
        pandas.concat([made, long]).to_csv(tmp_path / "class-project" / "table.csv", index=False)
        return tmp_path, findings.text(tmp_path)

    return write


@pytest.mark.parametrize(
    ("more", "verdict"), [({}, "Did not hold"), ({"SAP": 0.2}, "Held"), ({"long": 0.2}, "Held in part")]
)
def test_what_the_class_project_reports_is_compared_with_what_is_lost_here(own_problem, more, verdict):
    _, told = own_problem(**more)
    line = line_of(told, "the project's 0.7084")
    assert f"**{verdict}:**" in line and "(n = 3)" in line and "with a longer budget" in line and "about 5.2" in line


def test_all_five_sentences_of_the_class_project_have_a_verdict_with_n(own_problem):
    _, told = own_problem()
    lines = [line for line in told.splitlines() if re.match(r"[1-5]\. ", line)]
    assert len(lines) == 5 and not any("Not measured" in line for line in lines)
    assert all("n = 3" in line or "of 3 seeds" in line for line in lines)


@pytest.mark.parametrize("number", [1, 6, 8, 12, 17, 18, 21])
def test_every_finding_explains_itself(number):
    told = findings.explain(RESULTS, number)
    claim = findings.CLAIMS[number - 1]
    name, answer = claim.answered(RESULTS)
    assert told.startswith(f"{number}. {claim.text}") and answer.said in told
    if answer.verdict != claims.UNMEASURED:
        assert f"{name}/table.csv" in told and len(told.splitlines()) > 5


def test_an_explanation_leads_from_the_rows_to_the_number():
    number = next(n for n, claim in enumerate(findings.CLAIMS, 1) if claim.text == "SAP beats magnitude within layers")
    told = findings.explain(RESULTS, number)
    table = pandas.read_csv(RESULTS / "cifar10" / "table.csv")
    rows = pareto.readings(table, "SAP", "magnitude", 0.9)
    for value in rows["difference"]:
        assert f"{value:.4f}" in told
    found = pareto.paired(table, "SAP", "magnitude", 0.9)
    assert f"mean {100 * found.mean:+.2f}" in told and f"p = {found.p:.4f}" in told
    assert "Benjamini-Hochberg over" in told and "paired by seed" in told


@pytest.mark.parametrize("number", [0, len(findings.CLAIMS) + 1])
def test_a_number_that_no_finding_has_is_refused(number):
    with pytest.raises(CourseError, match="have the numbers 1 to"):
        findings.explain(RESULTS, number)


def test_the_front_page_of_an_unmeasured_course_says_so(tmp_path):
    assert "not measured yet" in front_page.text(tmp_path)
    (tmp_path / "cifar10").mkdir()
    table = pandas.read_csv(RESULTS / "cifar10" / "table.csv")
    few = table["method"].isin(
        [
            "dense",
            "dense, trained on",
            "SAP",
            "magnitude, global",
            "L1 filter",
            *(f"activation, {rule}" for rule in ("fixed", "variable")),
        ]
    )
    table[few].to_csv(tmp_path / "cifar10" / "table.csv", index=False)
    assert front_page.text(tmp_path).lower().count("not measured yet") == 3
