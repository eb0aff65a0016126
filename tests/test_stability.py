"""Overlaps of sets by hand, what chance gives, and whether the study tells stable rules from unstable ones."""

from __future__ import annotations

import copy
import math
import random

import pandas
import pytest
import torch

from course_lib import data, models, train
from course_lib.errors import CourseError
from course_lib.pruning import Masks
from course_lib.studies import stability
from course_lib.studies.stability import overlap
from course_lib.sweep import grid

TINY = {
    "name": "tiny",
    "model": "mlp",
    "device": "cpu",
    "limit": 600,
    "seeds": [0, 1, 2],
    "rounds": 1,
    "dense": {"epochs": 2, "threads": 1, "fit": {"batch_size": 50}},
    "method": [{"name": "SAP", "pruner": "sap"}],
}


@pytest.fixture(scope="module")
def bench():
    return data.load("fashion-mini", device="cpu", limit=600)


@pytest.fixture(scope="module")
def trained(bench):
    model = models.build("mlp", bench, seed=0)
    train.fit(model, bench, epochs=3, batch_size=50)
    return model


def sets(*words):
    return [torch.tensor([letter == "x" for letter in word]) for word in words]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("xx..", "xx..", 1.0), ("xx..", ".xx.", 1 / 3), ("xx..", "..xx", 0.0), ("x...", "xx..", 0.5)],
)
def test_the_overlap_is_the_common_part_over_the_union(one, other, expected):
    assert stability.jaccard(*sets(one, other)) == pytest.approx(expected)


def test_two_empty_sets_are_equal_but_say_nothing_of_a_layer():
    assert stability.jaccard(*sets("....", "....")) == stability.chance(0, 0, 4) == 1.0
    (row,) = stability.compare([Masks({}, 100, {"a": ~gone}) for gone in sets("....", "....")])
    assert math.isnan(row["jaccard"]) and math.isnan(row["chance"])


def test_sets_over_different_layers_are_refused():
    with pytest.raises(CourseError, match=r"sets over \(4,\) and \(3,\) units were given"):
        stability.jaccard(*sets("xx..", "xx."))


def test_chance_is_what_drawn_sets_have_on_average():
    draw = random.Random(0)
    for one, other, units in ((3, 5, 12), (6, 6, 8), (1, 4, 4)):
        found = []
        for _ in range(4000):
            left, right = set(draw.sample(range(units), one)), set(draw.sample(range(units), other))
            found.append(len(left & right) / len(left | right))
        assert stability.chance(one, other, units) == pytest.approx(sum(found) / len(found), abs=0.01)


def test_runs_are_compared_layer_by_layer():
    runs = [Masks({}, 100, {"a": ~gone}) for gone in sets("xx..", "x...", ".x..")]
    (row,) = stability.compare(runs)
    assert (row["layer"], row["runs"], row["units"]) == ("a", 3, 4)
    assert row["jaccard"] == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert (row["gone"], row["gone_sd"]) == pytest.approx((4 / 3, (1 / 3) ** 0.5))


@pytest.mark.parametrize("rule", overlap.RULES)
@pytest.mark.parametrize("statistic", ["mean", "apoz"])
def test_a_strength_takes_the_share_that_was_asked_for(rule, statistic, trained, bench):
    value = overlap.strength(rule, statistic, 0.3, trained, bench)
    assert overlap._masks(rule, statistic, value, trained, bench, 1024, 0).unit_sparsity == pytest.approx(0.3, abs=0.02)


def test_a_rule_set_on_one_scale_holds_on_another_only_if_it_is_variable(trained, bench):
    """The control of the whole study: a network whose activations are twice as large, which computes the same classes."""
    louder = copy.deepcopy(trained)
    with torch.no_grad():
        for parameter in list(louder.parameters())[:2]:  # of the first layer; ReLU layers scale with their input
            parameter *= 2
    found = stability.overlaps(trained, [louder], [louder], bench)
    found = found[
        (found["source"] == "order of training")
        & (found["statistic"] == "mean")
        & (found["layer"] == found["layer"].iloc[0])
    ]
    overlaps = found.groupby("rule")["jaccard"].mean()
    assert overlaps["variable"] == pytest.approx(1.0)
    assert overlaps["fixed"] < 0.9


def test_more_calibration_images_agree_more(trained, bench):
    few, many = ([overlap._masks("variable", "mean", 0.5, trained, bench, n, seed) for seed in range(6)] for n in (8, 300))
    found = [pandas.DataFrame(list(stability.compare(runs)))["jaccard"].mean() for runs in (few, many)]
    assert found[1] > found[0] + 0.1


def test_the_study_trains_what_is_not_there_and_says_what_it_found(tmp_path, monkeypatch):
    checked = grid.complete(TINY)
    monkeypatch.setattr(overlap, "SHARES", (0.3,))
    table = stability.study(checked, None, tmp_path / "records", tmp_path / "runs")
    assert set(table["source"]) >= {"seed", "order of training", "1024 calibration images", "threshold times 1.1"}
    assert len(list((tmp_path / "records").glob("dense-*.safetensors"))) == 3

    def forbidden(*_, **__):
        raise AssertionError("something was trained again")

    monkeypatch.setattr(train, "fit", forbidden)
    again = stability.study(checked, None, tmp_path / "records", tmp_path / "runs")
    pandas.testing.assert_frame_equal(again, table)
    paths = stability.write(table, tmp_path / "results", {"command": "course stability"})
    assert {path.name for path in paths} == {"table.csv", "README.md", "overlap.png", "overlap.svg"}
    text = (tmp_path / "results" / "README.md").read_text()
    assert all(sentence in text for sentence in stability.sentences(table))
    assert text.count("| mean activation | ") == table["source"].nunique()


def test_a_rule_is_not_called_more_stable_because_it_takes_more():
    """Larger sets overlap more by lot alone: here both rules are exactly at chance, then one is really above it."""
    row = {"statistic": "mean", "share": 0.3, "source": "order", "layer": "dense", "runs": 3, "units": 100}
    row |= {"strength": 0.1, "gone": 30, "gone_sd": 1}
    fixed = [row | {"rule": "fixed", "jaccard": 0.6, "chance": 0.6, "layer": layer} for layer in "ab"]
    rows = fixed + [row | {"rule": "variable", "jaccard": 0.1, "chance": 0.1, "layer": layer} for layer in "ab"]
    (said,) = stability.sentences(pandas.DataFrame(rows))
    assert "thresholds: mean activation 0.00 / 0.00 (no clear difference)" in said
    rows = fixed + [row | {"rule": "variable", "jaccard": 0.55, "chance": 0.1, "layer": layer} for layer in "ab"]
    (said,) = stability.sentences(pandas.DataFrame(rows))
    assert "thresholds: mean activation 0.00 / 0.50 (variable thresholds agree more)" in said
    assert stability.summary(pandas.DataFrame(rows)).endswith(
        "of mean activation: 0.00 / 0.50 (order). Of these 1: variable thresholds agree more in 1."
    )


def test_a_difference_within_two_standard_errors_of_the_layers_is_called_none():
    row = {"statistic": "mean", "share": 0.3, "source": "order", "runs": 3, "units": 100, "chance": 0.0}
    row |= {"strength": 0.1, "gone": 30, "gone_sd": 1}
    overlaps = {"fixed": (0.5, 0.5, 0.5), "variable": (0.9, 0.5, 0.4)}
    rows = [
        row | {"rule": rule, "layer": layer, "jaccard": value}
        for rule, values in overlaps.items()
        for layer, value in zip("abc", values, strict=True)
    ]
    (said,) = stability.sentences(pandas.DataFrame(rows))
    assert "0.50 / 0.60 (no clear difference)" in said


def test_what_a_threshold_of_zero_takes_is_in_no_mean():
    row = {"statistic": "mean", "source": "order", "layer": "dense", "runs": 3, "units": 100, "chance": 0.0}
    row |= {"gone": 30, "gone_sd": 1}
    rows = [
        row | {"share": share, "rule": rule, "strength": strength, "jaccard": jaccard}
        for share, rule, strength, jaccard in (
            (0.1, "fixed", 1e-6, 1.0), (0.1, "variable", 2.0, 0.0), (0.3, "fixed", 0.1, 0.5), (0.3, "variable", 1.0, 0.5),
        )
    ]  # fmt: skip
    told, left_out = stability.sentences(pandas.DataFrame(rows))
    assert "mean activation 0.50 / 0.50" in told
    assert left_out.startswith("Left out: when set to take 10 % of the units") and "the 30 units" in left_out


def test_rules_are_compared_in_layers_where_both_take_anything():
    row = {"statistic": "mean", "share": 0.3, "source": "order", "runs": 3, "units": 100, "strength": 0.1, "chance": 0.0}
    row |= {"gone": 30, "gone_sd": 1}
    rows = [row | {"rule": rule, "layer": "dense", "jaccard": 0.5} for rule in ("fixed", "variable")]
    rows += [row | {"rule": "fixed", "layer": "conv", "jaccard": float("nan")}]
    rows += [row | {"rule": "variable", "layer": "conv", "jaccard": 0.1}]
    (said,) = stability.sentences(pandas.DataFrame(rows))
    assert "0.50 / 0.50 (no clear difference)" in said


def test_a_training_in_another_order_is_kept_whatever_the_layout_of_its_weights(tmp_path, bench, monkeypatch):
    curve = grid.curves(grid.complete({**TINY, "model": "cnn", "dense": {**TINY["dense"], "epochs": 0.1}}))[0]
    first = overlap._in_another_order(curve, 1, bench, tmp_path)
    monkeypatch.setattr(train, "fit", None)
    again = overlap._in_another_order(curve, 1, bench, tmp_path)
    assert all(torch.equal(again.state_dict()[name], weight) for name, weight in first.state_dict().items())


def test_a_grid_of_one_seed_is_refused(tmp_path):
    with pytest.raises(CourseError, match="has 1 seed"):
        stability.study(grid.complete({**TINY, "seeds": [0]}), None, tmp_path, tmp_path)
