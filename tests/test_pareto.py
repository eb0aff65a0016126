"""The front against brute force, the area against a grid, and a figure that says everything it must."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import pareto
from course_lib.errors import CourseError

LEVELS = st.one_of(st.integers(0, 6).map(lambda k: k / 6), st.just(math.nan))  # few levels: many ties and duplicates
POINTS = st.lists(st.tuples(LEVELS, LEVELS), max_size=25)


def points(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["sparsity", "val_accuracy"], dtype=float)


def study(methods=("SAP", "activation", "random"), seeds=3, rounds=5) -> pd.DataFrame:
    rows = [("dense", seed, 0, 0.0, 1000, 5000, 0.92, 0.90 + 0.01 * (seed - (seeds - 1) / 2)) for seed in range(seeds)]
    for rank, method in enumerate(methods):
        for seed in range(seeds):
            for turn in range(1, rounds + 1):
                sparsity = 1 - 0.5**turn
                accuracy = 0.9 - 0.02 * turn * (rank + 1) + 0.005 * seed
                size = round(1000 * (1 - sparsity))
                rows.append((method, seed, turn, sparsity, size, 5 * size, accuracy + 0.01, accuracy))
    columns = ["method", "seed", "round", "sparsity", "kept_parameters", "macs", "val_accuracy", "test_accuracy"]
    return pd.DataFrame(rows, columns=columns)


def words(figure) -> str:
    texts = [t.get_text() for legend in figure.legends for t in legend.get_texts()]
    for axis in figure.axes:
        texts += [axis.get_title(loc="left"), axis.get_xlabel(), axis.get_ylabel()]
        if axis.get_legend():
            texts += [axis.get_legend().get_title().get_text(), *(t.get_text() for t in axis.get_legend().get_texts())]
    return "\n".join(texts)


def curves(axis, methods) -> dict:
    return {line.get_label(): line for line in axis.lines if line.get_label() in methods}


def test_the_score_is_the_mean_of_accuracy_and_sparsity():
    assert pareto.score(0.7084, 0.9643) == pytest.approx(0.83635)
    assert pareto.score(1, 0) == 0.5
    assert pareto.score([0.5, 1.0], [0.5, 0.0]).tolist() == [0.5, 0.5]
    assert pareto.score(pd.Series([0.5, math.nan]), pd.Series([0.7, 0.1])).isna().tolist() == [False, True]


@pytest.mark.parametrize(("accuracy", "sparsity", "named"), [(76.0, 0.9, "accuracy is 76"), (0.7, 96.4, "sparsity is 96.4")])
def test_percents_are_refused(accuracy, sparsity, named):
    with pytest.raises(CourseError, match=named):
        pareto.score(accuracy, sparsity)
    with pytest.raises(CourseError, match=named):
        pareto.score(np.array([0.5, accuracy]), np.array([0.5, sparsity]))


def test_negative_shares_are_refused():
    with pytest.raises(CourseError, match=r"sparsity is -0\.1"):
        pareto.score(0.5, -0.1)


def dominated(row, others, signs) -> bool:
    gains = [[sign * value for sign, value in zip(signs, other, strict=True)] for other in others]
    own = [sign * value for sign, value in zip(signs, row, strict=True)]
    return any(all(g >= o for g, o in zip(gain, own, strict=True)) and gain != own for gain in gains)


@given(POINTS, st.sampled_from(["sparsity", "macs"]))
def test_the_front_is_what_brute_force_says(rows, x):
    table = points(rows).rename(columns={"sparsity": x})
    signs = (1 if x == "sparsity" else -1, 1)
    whole = [row for row in rows if not any(map(math.isnan, row))]
    expected = {row for row in whole if not dominated(row, whole, signs)}
    front = pareto.front(table, x=x)
    assert list(front[[x, "val_accuracy"]].itertuples(index=False, name=None)) == sorted(expected)


@given(POINTS, st.randoms(use_true_random=False))
def test_neither_front_nor_area_depends_on_the_order_of_rows(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = points(rows), points(shuffled)
    pd.testing.assert_frame_equal(pareto.front(one).reset_index(drop=True), pareto.front(other).reset_index(drop=True))
    assert pareto.hypervolume(one) == pareto.hypervolume(other)


def test_of_exact_duplicates_the_first_row_is_kept_with_its_index():
    table = points([(0.1, 0.1), (0.5, 0.8), (0.5, 0.8)]).assign(method=["a", "b", "c"])
    assert pareto.front(table).index.tolist() == [1]


def test_where_smaller_is_better_the_front_turns_round():
    table = pd.DataFrame({"kept_parameters": [100, 50, 50, 10], "val_accuracy": [0.9, 0.9, 0.8, 0.5]})
    assert pareto.front(table, x="kept_parameters").index.tolist() == [3, 1]


def test_a_missing_column_and_one_without_a_direction_are_named():
    with pytest.raises(CourseError, match="no column 'macs'"):
        pareto.front(points([]), x="macs")
    with pytest.raises(CourseError, match="not known of 'colour'"):
        pareto.front(points([]).assign(colour=1.0), x="colour")


def test_hypervolumes_of_two_and_three_points_are_those_computed_by_hand():
    two = points([(0.5, 0.9), (0.9, 0.7)])
    assert pareto.hypervolume(two) == pytest.approx(0.5 * 0.3 + 0.4 * 0.1)
    three = points([(0.5, 0.9), (0.9, 0.7), (0.8, 0.65)])  # the third is dominated
    assert pareto.hypervolume(three) == pytest.approx(0.5 * 0.3 + 0.4 * 0.1)
    assert pareto.hypervolume(two, reference=(0.5, 0.0)) == pytest.approx(0.4 * 0.7)
    assert pareto.hypervolume(points([(0.99, 0.3)])) == 0.0  # below the floor
    assert pareto.hypervolume(points([])) == 0.0


def test_a_hypervolume_over_sizes_is_measured_from_the_largest_size():
    table = pd.DataFrame({"macs": [100.0, 25.0], "val_accuracy": [0.9, 0.8]})
    assert pareto.hypervolume(table, x="macs", reference=(100, 0.6)) == pytest.approx(75 * 0.2)
    with pytest.raises(CourseError, match="smaller is better"):
        pareto.hypervolume(table, x="macs")


@settings(max_examples=50)
@given(POINTS, st.integers(0, 3), st.integers(0, 3))
def test_the_hypervolume_is_the_share_of_grid_cells_that_a_point_dominates(rows, column, row):
    left, low = column / 6, row / 6
    centres = (np.arange(6) + 0.5) / 6
    x, y = np.meshgrid(centres[centres > left], centres[centres > low])
    covered = np.zeros_like(x, dtype=bool)
    for sparsity, accuracy in rows:
        if not math.isnan(sparsity + accuracy):
            covered |= (x < sparsity) & (y < accuracy)
    assert pareto.hypervolume(points(rows), reference=(left, low)) == pytest.approx(covered.sum() / 36)


def test_the_best_point_of_a_method_is_chosen_on_validation_above_the_floor():
    table = pd.DataFrame(
        {
            "method": ["a", "a", "a", "b", "b", "c"],
            "sparsity": [0.5, 0.9, 0.99, 0.8, 0.9, 0.9],
            "val_accuracy": [0.9, 0.65, 0.59, 0.9, 0.8, 0.3],
            "test_accuracy": [0.99, 0.1, 0.99, 0.2, 0.99, 0.99],
        }
    )
    assert pareto.best(table).index.tolist() == [4, 1]  # b ties with itself: the sparser; c never reaches the floor
    assert pareto.best(table.assign(test_accuracy=0.0)).index.tolist() == [4, 1]
    assert pareto.best(table, floor=0.5).index.tolist()[1] == 2
    assert list(pareto.best(table).columns) == list(table.columns)


def test_the_figure_labels_every_method_once_with_a_marker_a_dash_and_a_colour_of_its_own():
    methods = [f"method {letter}" for letter in "abcdef"]
    figure = pareto.plot(study(methods))
    assert sorted(t.get_text() for t in figure.legends[0].get_texts() if t.get_text() in methods) == methods
    for axis in figure.axes:
        lines = curves(axis, methods).values()
        for look in ("get_marker", "get_color", "_dash_pattern"):
            found = [getattr(line, look) for line in lines]
            assert len({str(value() if callable(value) else value) for value in found}) == len(methods)


def test_sap_and_magnitude_look_the_same_whatever_they_are_compared_with():
    few, many = ["SAP", "magnitude"], ["APoZ", "L1 filter", "SAP", "activation", "magnitude"]
    one, other = (curves(pareto.plot(study(methods)).axes[0], methods) for methods in (few, many))
    assert len({line.get_color() for line in other.values()}) == len(many)
    for method in few:
        for look in ("get_color", "get_marker", "get_linestyle"):
            assert getattr(one[method], look)() == getattr(other[method], look)()


def test_curves_show_the_mean_of_the_seeds_and_a_band_from_lowest_to_highest():
    axis = pareto.plot(study(["SAP"])).axes[0]
    assert curves(axis, ["SAP"])["SAP"].get_ydata()[0] == pytest.approx(0.9 - 0.02 + 0.005)
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(0.8) and band.max() == pytest.approx(0.89)
    assert not pareto.plot(study(["SAP"], seeds=1)).axes[0].collections


def test_seeds_whose_sparsities_differ_are_still_averaged_round_by_round():
    table = study(["SAP"], seeds=2)
    table.loc[table["seed"] == 1, "sparsity"] *= 0.99
    line = curves(pareto.plot(table).axes[0], ["SAP"])["SAP"]
    assert line.get_xdata()[0] == pytest.approx(0.5 * 0.995)


def test_targets_that_were_pruned_in_one_shot_are_points_of_one_curve():
    table = study(["l1"], seeds=2)
    table.loc[table["method"] == "l1", "round"] = 1
    line = curves(pareto.plot(table).axes[0], ["l1"])["l1"]
    assert np.allclose(line.get_xdata(), [0.5, 0.75, 0.875, 0.9375, 0.96875])


def test_the_dense_model_is_a_labelled_star_and_a_line():
    figure = pareto.plot(study(), n=10_000)
    assert "dense model (0.900 ± 0.003)" in words(figure)
    for axis, start in zip(figure.axes, (0.0, 1000), strict=True):
        stars = [line for line in axis.lines if line.get_marker() == "*"]
        assert [line.get_xdata().tolist() for line in stars] == [[start]]
        assert any(list(line.get_xdata()) == [0, 1] and set(np.round(line.get_ydata(), 9)) == {0.9} for line in axis.lines)
    without = study().query("method != 'dense'")
    assert "dense" not in words(pareto.plot(without))
    assert "dense model (0.700)" in words(pareto.plot(without, dense=0.7))


def test_the_caption_says_images_seeds_and_split():
    text = words(pareto.plot(study(), n=10_000))
    assert "10,000 test images, 3 seeds" in text and "one standard error" in text
    assert "500 validation images, 1 seed;" in words(pareto.plot(study(seeds=1), by="val_accuracy", n=500))
    ragged = study().query("method != 'SAP' or seed == 0")
    assert "1 to 3 seeds" in words(pareto.plot(ragged))
    assert "held-out images" in words(pareto.plot(study(), split_name="held-out"))


def test_sparsity_gets_a_second_panel_of_kept_parameters_and_better_is_to_the_right():
    figure = pareto.plot(study())
    linear, log = figure.axes
    assert (linear.get_xscale(), log.get_xscale()) == ("linear", "log")
    assert log.xaxis_inverted() and not linear.xaxis_inverted()
    assert "share of all parameters" in linear.get_xlabel() and "kept parameters" in log.get_xlabel()
    assert len(pareto.plot(study(), x="macs").axes) == 1
    assert len(pareto.plot(study().drop(columns="kept_parameters")).axes) == 1


def test_the_front_is_chosen_on_validation_and_drawn_at_the_test_accuracy():
    table = study(["a", "b"], seeds=1, rounds=1)
    table.loc[table["method"] == "b", ["val_accuracy", "test_accuracy"]] = [0.91, 0.3]  # lucky on validation
    figure = pareto.plot(table)
    line = next(line for line in figure.axes[0].lines if line.get_label() == "front, chosen on validation")
    assert line.get_ydata().tolist() == pytest.approx([0.9, 0.3])
    assert "front, chosen on validation" in words(figure)


def test_references_are_hollow_and_labelled_as_other_data_and_absent_by_default():
    figure = pareto.plot(study(), references=True)
    hollow = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "none"]
    assert sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in hollow) == [(0.8594, 0.6982), (0.9643, 0.7084)]
    assert "other data (25x25, 5 classes), not comparable point for point" in words(figure).replace(",\nnot", ", not")
    assert not [line for line in figure.axes[1].lines if line.get_markerfacecolor() == "none"]
    plain = pareto.plot(study())
    assert "other data" not in words(plain)
    assert not [line for axis in plain.axes for line in axis.lines if line.get_markerfacecolor() == "none"]


def test_what_cannot_be_plotted_is_refused():
    with pytest.raises(CourseError, match="known by sparsity only"):
        pareto.plot(study(), x="macs", references=True)
    with pytest.raises(CourseError, match="nothing to plot"):
        pareto.plot(study().assign(test_accuracy=math.nan))
    with pytest.raises(CourseError, match="no column 'test_accuracy'"):
        pareto.plot(study().drop(columns="test_accuracy"))


def test_legends_cover_neither_axes_nor_one_another():
    figure = pareto.plot(study([f"a rather long method name {k}" for k in range(8)]), title="A title", n=10_000)
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert legend.x0 >= 0 and legend.x1 <= figure.bbox.width
    for axis in figure.axes:
        assert not legend.overlaps(axis.get_tightbbox())
    ticks = [t.get_window_extent() for t in figure.axes[1].get_xticklabels() if t.get_text()]
    ticks = sorted((box for box in ticks if box.x0 >= 0), key=lambda box: box.x0)
    assert all(one.x1 < other.x0 for one, other in pairwise(ticks))


def test_the_alt_text_names_methods_the_dense_model_and_the_best_point():
    table = study().assign(epochs=5.0, score=0.0)
    text = pareto.alt_text(table)
    assert "3 pruning methods (SAP; activation; random)" in text
    assert "the dense model reaches 0.900" in text
    assert "SAP: sparsity 0.969 (31 parameters kept) with test accuracy 0.805, means of 3 seeds" in text
    assert "No method has a point" in pareto.alt_text(table.assign(val_accuracy=0.1))


def test_a_saved_figure_has_its_alt_text_and_the_same_bytes_again(tmp_path):
    first = pareto.save(pareto.plot(study()), tmp_path / "v1.0", "an <alt> text")
    again = pareto.save(pareto.plot(study()), tmp_path / "again", "an <alt> text")
    assert [path.name for path in first] == ["v1.0.png", "v1.0.svg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert "<title>an &lt;alt&gt; text</title>" in first[1].read_text()
    assert "<dc:date>" not in first[1].read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.png", "again.svg", "v1.0.png", "v1.0.svg"]


# comparisons over seeds


def test_accuracy_at_a_sparsity_is_read_off_each_seeds_curve():
    table = study(methods=("SAP",), rounds=2)  # sparsities .5 and .75, accuracies .88 and .86 for seed 0
    found = pareto.at_sparsity(table, "SAP", 0.625)
    assert found.to_dict() == pytest.approx({0: 0.87, 1: 0.875, 2: 0.88})
    assert pareto.at_sparsity(table, "SAP", 0.25)[0] == pytest.approx((0.89 + 0.88) / 2)  # from the dense start on
    assert pareto.at_sparsity(table, "SAP", 0.8).empty


def test_of_points_of_equal_sparsity_the_last_round_counts():
    table = study(methods=("SAP",), seeds=1, rounds=2)
    table.loc[table["round"] == 2, "sparsity"] = 0.5
    assert pareto.at_sparsity(table, "SAP", 0.5)[0] == pytest.approx(0.86)


def test_a_difference_is_over_the_seeds_that_both_have():
    table = study().assign(test_images=1000, epochs=5.0)
    table = table[~((table["method"] == "random") & (table["seed"] == 2))]
    found = pareto.paired(table, "SAP", "random", 0.75)
    assert (found.seeds, found.low, found.high) == (2, None, None)
    assert found.mean == pytest.approx(0.08)
    assert pareto.paired(table, "SAP", "random", 0.99) is None
    with pytest.raises(CourseError, match="compared with itself"):
        pareto.paired(table, "SAP", "SAP", 0.5)


def test_a_difference_says_how_long_each_was_trained_when_it_came_to_that_sparsity():
    table = study(methods=("SAP", "random"), seeds=1, rounds=2).assign(test_images=1000)
    table["epochs"] = 10.0 + table["round"]
    assert "equal epochs" in str(pareto.paired(table, "SAP", "random", 0.625))
    table.loc[table["method"] == "SAP", "epochs"] = 10.0 + 10 * table["round"]
    found = str(pareto.paired(table, "SAP", "random", 0.625))
    assert "after 25.0 and 11.5 epochs" in found and found.endswith("SAP had been trained longer")


def test_epochs_are_counted_over_the_seeds_that_both_have():
    table = study(methods=("SAP", "random"), rounds=2).assign(test_images=1000, epochs=lambda t: 10.0 + t["round"])
    table.loc[(table["method"] == "SAP") & (table["seed"] == 2), "epochs"] *= 9
    table = table[(table["method"] != "random") | (table["seed"] != 2)]
    assert "equal epochs" in str(pareto.paired(table, "SAP", "random", 0.625))


def test_the_weights_of_a_rewound_network_are_as_old_as_its_last_round():
    """Both trained 2 epochs in each of 5 rounds; the rewound one threw all but the last two away."""
    table = study(methods=("SAP", "rewound"), seeds=1).assign(test_images=1000, epochs=lambda t: 4.0 + 2 * t["round"])
    table["rewind"] = table["method"] == "rewound"
    assert pareto.ages(table)[table["method"] == "SAP"].tolist() == [6, 8, 10, 12, 14]
    assert pareto.ages(table)[table["method"] == "rewound"].tolist() == [2] * 5
    found = str(pareto.paired(table, "SAP", "rewound", 0.96875))
    assert "after 14.0 and 2.0 epochs" in found and found.endswith("SAP had been trained longer")


def test_no_line_leads_to_a_point_that_had_final_epochs():
    table = study(methods=("SAP",), seeds=1, rounds=4).assign(epochs=lambda t: 10.0 + t["round"])
    assert len(pareto.at_sparsity(table, "SAP", 0.9)) == 1
    table.loc[table["round"] == 4, "epochs"] = 30.0
    assert pareto.at_sparsity(table, "SAP", 0.875).to_dict() == pytest.approx({0: 0.84})
    assert pareto.at_sparsity(table, "SAP", 0.9).empty


def test_no_line_leads_from_the_dense_model_to_a_curve_that_was_pruned_all_at_once():
    table = study(methods=("SAP",), seeds=1, rounds=3)
    assert len(pareto.at_sparsity(table, "SAP", 0.8)) == 1
    table.loc[table["method"] == "SAP", "sparsity"] = 0.875
    assert pareto.at_sparsity(table, "SAP", 0.8).empty
    assert pareto.at_sparsity(table, "SAP", 0.875).to_dict() == pytest.approx({0: 0.84})  # the last round's


def test_a_long_caption_has_two_lines():
    table = study().assign(epochs=lambda t: 10.0 + 30 * (t["round"] == 5) + t["round"])
    caption = pareto.plot(table, n=2000).axes[0].get_title(loc="left")
    first, second = caption.splitlines()
    assert first.endswith("dots: single seeds)") and second == "large: after final epochs; ± is one standard error"


def test_a_mean_is_over_all_seeds_of_its_method():
    """Where two of three curves have collapsed, the one that is left is the lucky one."""
    table = study(methods=("SAP",), rounds=3)
    table = table[(table["round"] < 3) | (table["seed"] == 1)]
    means = pareto.mean_curves(table[table["method"] == "SAP"])
    assert means["seeds"].tolist() == [3, 3]


def test_a_mean_curve_says_how_far_its_seeds_spread():
    table = study(methods=("SAP",), rounds=1)
    table.loc[table["method"] == "SAP", "test_accuracy"] = [0.6, 0.7, 0.8]
    (row,) = pareto.mean_curves(table[table["method"] == "SAP"]).to_dict("records")
    assert (row["low"], row["high"]) == (0.6, 0.8) and row["deviation"] == pytest.approx(0.1)


def test_the_drawn_front_has_neither_controls_nor_methods_of_fewer_seeds():
    table = pd.concat([study(methods=("SAP",)), study(methods=("lucky",), seeds=1), study(methods=("SAP, from scratch",))])
    table.loc[table["method"] != "SAP", ["val_accuracy", "test_accuracy"]] += 0.05
    table.loc[table["method"] == "dense", ["val_accuracy", "test_accuracy"]] -= 0.05
    table = table.drop_duplicates(["method", "seed", "round"])
    lines = {line.get_label(): line for line in pareto.plot(table).axes[0].lines}
    sap = lines["SAP"].get_ydata()
    assert lines["front, chosen on validation"].get_ydata()[1:] == pytest.approx(sap)


@pytest.mark.parametrize("seeds", [3, 12])
def test_an_interval_covers_the_true_mean_about_as_often_as_it_says(seeds):
    """Of 1,000 studies with a true difference of 2 points."""
    rng = np.random.default_rng(0)
    intervals = [pareto.interval(pd.Series(rng.normal(0.02, 0.01, seeds))) for _ in range(1000)]
    assert 0.93 < sum(low <= 0.02 <= high for low, high in intervals) / 1000 < 0.97


def test_a_paired_interval_is_that_of_the_seeds_differences():
    table = study(methods=("SAP", "random"), seeds=5, rounds=1).assign(test_images=1000, epochs=5.0)
    noisy = table.assign(test_accuracy=table["test_accuracy"] + np.random.default_rng(0).normal(0, 0.01, len(table)))
    found = pareto.paired(noisy, "SAP", "random", 0.5)
    first, second = (noisy[noisy["method"] == method].set_index("seed")["test_accuracy"] for method in ("SAP", "random"))
    assert (found.low, found.high) == pytest.approx(pareto.interval(first - second))


def test_means_over_seeds_are_of_points_chosen_on_validation():
    table = study().assign(epochs=5.0, score=0.0)
    found = pareto.by_method(table).set_index("method")
    assert found["seeds"].to_dict() == {"SAP": 3, "activation": 3, "random": 3}
    assert found.loc["SAP", "sparsity"] == pytest.approx(1 - 0.5**5)
    assert found.loc["SAP", "test_accuracy"] == pytest.approx(0.9 - 0.1 + 0.005)
    assert found.loc["SAP", "test_accuracy_sd"] == pytest.approx(0.005)
    assert found["hypervolume"].is_monotonic_decreasing


def test_a_curve_of_fewer_seeds_is_thin_and_says_so():
    table = study()
    figure = pareto.plot(pd.concat([table, study(methods=("lone",), seeds=1)]))
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines["lone (n=1)"].get_linewidth() < lines["SAP"].get_linewidth()


def test_a_point_after_final_epochs_stands_alone_and_is_larger():
    table = study(methods=("SAP",), seeds=1, rounds=4).assign(epochs=lambda t: 10.0 + t["round"])
    assert "after final epochs" not in words(pareto.plot(table))
    table.loc[table["round"] == 4, "epochs"] = 30.0
    figure = pareto.plot(table)
    curve, end = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert (len(curve.get_xdata()), list(end.get_xdata())) == (3, [0.9375])
    assert end.get_markersize() > curve.get_markersize() and end.get_linestyle() == "None"
    assert "large: after final epochs" in words(figure)


def test_a_table_without_roles_is_read_by_its_names_as_earlier_versions_wrote_them():
    names = ["dense", "dense, trained on", "SAP, from scratch", "dense layers only", "denser", "SAP (1, 2)", "mine, SAP"]
    found = pareto.roles(pd.DataFrame({"method": names}, index=range(3, 10)))
    assert found.index.tolist() == [*range(3, 10)] and list(found.columns) == ["role", "family"]
    assert found["role"].tolist() == ["dense", "control", "from scratch", *["contestant"] * 4]
    assert found["family"].eq("SAP").tolist() == [False, False, True, False, False, True, False]
    assert set(found["role"]) <= set(pareto.ROLES)


def test_roles_and_families_are_columns_and_what_a_name_looks_like_does_not_matter():
    table = study(methods=("SAP", "dense, or so", "ours")).assign(role="contestant", family="magnitude")
    table.loc[table["method"] == "dense", ["role", "family"]] = "dense"
    table.loc[table["method"] == "ours", ["role", "family"]] = ["control", "SAP"]
    assert set(pareto.contestants(table)["method"]) == {"SAP", "dense, or so"}
    assert "2 pruning methods (SAP; dense, or so)" in pareto.alt_text(table.assign(epochs=5.0, score=0.0))
    grey = {line.get_label(): line.get_color() for line in pareto.plot(table).axes[0].lines}
    assert (grey["ours"] == "#444444") and grey["dense, or so"] != "#444444"
    assert not pareto.unpruned(table)[table["method"] == "ours"].any()  # a control that was pruned
    mixed = table.assign(role=table["role"].where(table["method"] != "dense, or so"))  # beside rows of an older table
    assert pareto.roles(mixed)["role"][mixed["method"] == "dense, or so"].eq("control").all()


def test_pruning_is_measured_against_an_unpruned_control_of_any_name_that_was_not_rewound():
    table = study(methods=("SAP", "whole", "whole, anew"), rounds=3).assign(epochs=lambda t: 4.0 + t["round"], rewind=False)
    controls = table["method"].str.startswith("whole")
    table = table.assign(role="contestant", family="SAP").mask(controls, table.assign(role="control", family="dense"))
    table.loc[table["method"] == "dense", "role"] = "dense"
    table.loc[controls, "sparsity"] = 0.0
    table.loc[table["method"] == "whole, anew", "rewind"] = True
    table.loc[table["method"] == "whole", "test_accuracy"] = 0.95
    assert pareto.unpruned(table).sum() == 3 + 2 * 9
    assert pareto.against_dense(table, "SAP", 0.75)[0] == pytest.approx(0.86 - 0.95)


def test_the_area_does_not_choose_again_on_test():
    table = points([(0.5, 0.9), (0.8, 0.8)]).assign(
        method="SAP", seed=0, round=[1, 2], kept_parameters=1, epochs=1.0, score=0.0, test_accuracy=[0.7, 0.8]
    )
    (row,) = pareto.by_method(table).to_dict("records")
    assert row["hypervolume"] == pytest.approx(0.5 * 0.1 + 0.3 * 0.2)  # a second front would leave the first point out


def test_a_method_that_fails_on_some_seeds_is_not_ranked_by_the_lucky_ones():
    table = study(methods=("lucky", "SAP"), rounds=3).assign(epochs=5.0, score=0.0)
    failed = (table["method"] == "lucky") & (table["seed"] > 0)
    table.loc[table["method"] == "lucky", "val_accuracy"] = 0.99 - 0.01 * table["round"]  # each round is on its front
    table.loc[failed, ["val_accuracy", "test_accuracy"]] = 0.1
    found = pareto.by_method(table)
    assert found["method"].tolist() == ["SAP", "lucky"]
    lucky = found.iloc[1]
    assert (lucky["seeds"], lucky["seeds_run"]) == (1, 3)
    own = table[(table["method"] == "lucky") & (table["seed"] == 0)]
    assert lucky["hypervolume"] == pytest.approx(pareto.staircase(pareto.front(own)) / 3)
