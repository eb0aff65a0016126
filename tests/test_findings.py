"""The findings are computed from the committed tables, and nothing is claimed that was not measured."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas
import pytest

from course_lib import findings

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
    best = table[table["round"] == table["round"].max()].groupby("method")["score"].mean().max()
    for more, said in (
        (0.0, f"Not yet: the best mean score is {best:.3f}."),
        (0.1, f"Yes: the best mean score is {best + 0.1:.3f}."),
    ):
        table.assign(score=table["score"] + more).to_csv(tmp_path / "open" / "table.csv", index=False)
        told = findings.text(tmp_path)
        assert said in told and '"magnitude, short" minus "short, no floor" where they end' in told


def test_a_study_over_seeds_is_preferred_to_one_seed(copy):
    shutil.copytree(copy / "cifar10-one-seed", copy / "cifar10")
    told = findings.text(copy)
    assert "](cifar10/README.md)" in told and "](cifar10-one-seed/README.md)" not in told
