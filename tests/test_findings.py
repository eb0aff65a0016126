"""The findings are computed from the committed tables, and nothing is claimed that was not measured."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas
import pytest

from course_lib.studies import findings

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


def test_the_sentences_follow_the_table(copy):
    path = copy / "cifar10-one-seed" / "table.csv"
    before = findings.text(copy)
    assert "So SAP does not dominate it." in before
    table = pandas.read_csv(path)
    worse = ~table["method"].isin(["SAP", "dense"])
    table.loc[worse, ["val_accuracy", "test_accuracy", "sparsity"]] *= 0.2
    table.to_csv(path, index=False)
    after = findings.text(copy)
    assert "So SAP dominates it." in after
    assert after != before


def test_whether_the_aim_of_the_open_study_was_reached_follows_its_table(tmp_path):
    (tmp_path / "open").mkdir()
    table = pandas.read_csv(RESULTS / "open" / "table.csv")
    best = table[(table["method"] == "SAP") & (table["round"] == 8)]["score"].mean()  # the best by validation
    for more, said in ((0.0, "Not yet"), (0.1, "Yes")):
        table.assign(score=table["score"] + more).to_csv(tmp_path / "open" / "table.csv", index=False)
        told = findings.text(tmp_path)
        assert f"{said}: the best by validation, SAP, has " in told and f"a score of {best + more:.3f} (3 seeds)" in told
        assert '"magnitude, short" minus "short, no floor" where they end' in told
    lucky = (table["method"] == "magnitude") & (table["round"] == 8)  # a test score chooses nothing
    table.assign(score=table["score"].where(~lucky, 0.95)).to_csv(tmp_path / "open" / "table.csv", index=False)
    assert "Not yet" in findings.text(tmp_path)
    table.assign(val_accuracy=0.1).to_csv(tmp_path / "open" / "table.csv", index=False)
    assert "No point reaches a validation accuracy of 0.6." in findings.text(tmp_path)


def test_what_two_methods_keep_at_their_ends_is_read_from_the_records(tmp_path):
    (tmp_path / "records").mkdir()
    assert findings.kept(tmp_path, "one", "other") == []
    for method, seed, dense in (("one", 0, 10), ("one", 1, 20), ("other", 0, 5), ("other", 1, 5)):
        record = {
            "config": {"method": method},
            "rounds": [{"kept": {}}, {"kept": {"conv.weight": 7, "dense.weight": dense}}],
        }
        (tmp_path / "records" / f"{method}-seed{seed}-x.json").write_text(json.dumps(record))
    assert findings.kept(tmp_path, "one", "other") == [
        "At their ends both keep the same number of weights in 1 of 2 layers; in dense.weight one keeps 15, other keeps 5 "
        "(means)."
    ]


def test_a_study_over_seeds_is_preferred_to_one_seed(copy):
    shutil.copytree(copy / "cifar10-one-seed", copy / "cifar10")
    told = findings.text(copy)
    assert "](cifar10/README.md)" in told and "](cifar10-one-seed/README.md)" not in told
