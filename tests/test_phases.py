"""The index along a curve, read from a study's records."""

from __future__ import annotations

import json

import numpy as np
import pytest

from course_lib.errors import CourseError
from course_lib.pareto.looks import looks
from course_lib.studies import phases


@pytest.mark.parametrize(
    ("indices", "moves"),
    [
        ([0.3, 0.2, 0.1, 0.2, 0.3, 0.2], ["falls", "rises", "falls"]),
        ([0.1, 0.2, 0.3], ["rises"]),
        ([0.3, 0.1], ["falls"]),
        ([0.2, 0.2, 0.2], ["stays"]),
        ([0.3, 0.2, 0.203, 0.1], ["falls"]),
        ([0.3, 0.2, 0.203, 0.206, 0.209], ["falls", "rises"]),
        ([0.2, 0.202, 0.204, 0.206], ["rises"]),
        ([0.3, float("nan"), 0.2], ["falls"]),
    ],
)
def test_moves_are_told_from_extreme_to_extreme(indices, moves):
    assert phases.phases(np.array(indices)) == moves


def record(folder, method, seed, rounds, arguments=None):
    """rounds: (sparsity after it, [(index, survivors, removed) of each layer])."""
    rounds = [
        {
            "round": k,
            "sparsity": s,
            "groups": {str(g): {"index": i, "survivors": n, "removed": r} for g, (i, n, r) in enumerate(groups)},
        }
        for k, (s, groups) in enumerate(rounds, 1)
    ]
    value = {"config": {"method": method, "seed": seed, "arguments": arguments or {}}, "rounds": rounds}
    (folder / f"{method}-seed{seed}-abc.json").write_text(json.dumps(value))


def test_the_index_is_the_mean_over_groups_by_their_survivors(tmp_path):
    record(tmp_path, "sap", 0, [(0.5, [(0.1, 300, 0), (0.5, 100, 0)]), (0.7, [(0.3, 10, 0), (None, 5, 0), (0.9, 0, 0)])])
    (tmp_path / "dense-seed0-abc.json").write_text(json.dumps({"config": {}, "row": {}}))
    found = phases.index_by_round(tmp_path)
    assert found["index"].tolist() == pytest.approx([0.2, 0.3])
    assert found["sparsity"].tolist() == [0.0, 0.5]  # what the round found, not what it left
    (sentence,) = phases.sentences(found)
    assert (
        sentence
        == "The index of the survivors (mean over layers, weighted by their survivors) rises (in the paper it falls, "
        "then rises, then falls): sap, from 0.200 at sparsity 0 to 0.300 at 0.500."
    )
    assert [line.get_label() for line in phases.plot(found, "x").axes[0].lines][1] == "sap"


def test_a_folder_without_records_is_refused(tmp_path):
    with pytest.raises(CourseError, match="no records of finished curves"):
        phases.index_by_round(tmp_path)


def test_a_method_of_fewer_seeds_than_others_says_how_many(tmp_path):
    rounds = [(0.5, [(0.3, 10, 5)]), (0.8, [(0.2, 5, 2)])]
    for method, seed in (("SAP", 0), ("SAP", 1), ("SAP (0.5, 1)", 0)):
        record(tmp_path, method, seed, rounds)
    found = phases.index_by_round(tmp_path)
    (said,) = phases.sentences(found)
    assert "SAP (0.5, 1) (n=1), from 0.300" in said and "SAP, from 0.300" in said
    labels = {text.get_text() for text in phases.plot(found, "title").legends[0].get_texts()}
    assert labels == {"SAP", "SAP (0.5, 1) (n=1)"}


def test_rounds_in_which_not_the_index_but_the_settings_decided_are_named(tmp_path):
    """Layers of 100 and 900 weights: beta takes 45 and 405; a floor of 60 lets 40 of the small one go."""
    held, free = (0.3, 900, 405), (0.3, 900, 404)
    rounds = [(0.4, [(0.3, 100, 40), held]), (0.6, [(0.3, 100, 40), held]), (0.7, [(0.3, 100, 40), free])]
    record(tmp_path, "SAP", 0, rounds, {"beta": 0.45, "min_per_layer": 60})
    found = phases.index_by_round(tmp_path)
    assert found["held"].tolist() == pytest.approx([1, 1, 0.1])
    assert found["after"].tolist() == [0.4, 0.6, 0.7]
    assert [said.split(" most")[0] for said in phases.sentences(found)[1:]] == ["SAP: up to round 2 (sparsity 0.600)"]
    assert phases.bounds(found) == phases.sentences(found)[1:]


def test_a_curve_looks_as_it_does_among_all_methods_of_its_study(tmp_path):
    record(tmp_path, "SAP (0.5, 1)", 0, [(0.5, [(0.3, 10, 5)]), (0.8, [(0.2, 5, 2)])])
    figure = phases.plot(phases.index_by_round(tmp_path), "title", ["APoZ", "L1", "SAP (0.5, 1)"])
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines["SAP (0.5, 1)"].get_color() == looks(["APoZ", "L1", "SAP (0.5, 1)"])["SAP (0.5, 1)"]["color"]


def test_the_last_round_that_the_settings_decided_is_told_by_seed_where_seeds_differ(tmp_path):
    """A mean over seeds would name a round that is true of no seed."""
    held, free = [(0.3, 100, 45)], [(0.3, 100, 44)]
    for seed, rounds in enumerate([[held, free, free], [held, held, held], [held, held, held]]):
        record(tmp_path, "SAP", seed, list(zip((0.4, 0.6, 0.7), rounds, strict=True)), {"beta": 0.45})
    (said,) = phases.bounds(phases.index_by_round(tmp_path))
    assert said.startswith("SAP: up to round 1 or 3, by seed (sparsity 0.400 to 0.700) most weights lie in")
