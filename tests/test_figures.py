"""Figures: pure functions from plain data to a picture with words."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.text import Text
from PIL import Image

from course_lib import measure, models
from course_lib.network import units
from course_lib.pruning import Masks
from course_lib.teaching import figures, sizes
from course_lib.teaching.boards.budget import BudgetBoard, spread
from course_lib.teaching.boards.filters import FilterBoard
from course_lib.teaching.boards.thresholds import STATISTICS, ThresholdBoard
from course_lib.teaching.boards.weights import RULES, WeightBoard
from course_lib.teaching.figures.index import SurvivorState
from course_lib.teaching.figures.measuring import FormatState
from course_lib.teaching.figures.picture import DPI, HATCH, WIDTH
from course_lib.teaching.figures.results import QUARTILES
from course_lib.teaching.figures.shipping import KIB, ShareState, ShipState, Way

WAYS = (Way("dense", 4000 * KIB, 0.875, {1: 1.0, 64: 40.0}), Way("slimmed, int8", 200 * KIB, 0.862, {1: 0.3}))


def report(**changes):
    return dict.fromkeys(measure_names(), 4.0) | changes


def measure_names():
    from course_lib.teaching.figures.results import SIZES

    return SIZES


@pytest.fixture(scope="module")
def pictures(bench):
    layer = torch.tensor([3.0, 1.0, 2.0, 5.0])
    keep = torch.tensor([True, False, True, True])
    resnet = models.build("resnet", bench)
    return {
        "kernels": figures.kernels(torch.ones(4, 2, 3, 3), layer, keep),
        "score_bars": figures.score_bars(layer, keep),
        "score_bars of one filter": figures.score_bars(layer[:1], keep[:1]),
        "global_rankings": figures.global_rankings({"a": layer, "b": 3 * layer}, {"a": 1, "b": 9}),
        "channel_dots": figures.channel_dots({"dense": layer, "silent": layer * keep}, ~keep),
        "flatten_map": figures.flatten_map(3, 2, 2, [1]),
        "coupling": figures.coupling(units.groups(resnet, bench.example)),
        "size_panel": figures.size_panel({"dense": report(), "small": report(MACs=1.0)}),
        "size_panel with a guess": figures.size_panel({"dense": report(), "small": report(MACs=1.0)}, guess=0.3),
        "lines": figures.lines({"up": ([0, 1], [0.0, 0.5])}, "step", "share"),
        "lines with levels": figures.lines({"up": ([0, 1], [0.0, 0.5])}, "step", "share", levels={"half": 0.5}),
        "accuracy_curves": figures.accuracy_curves(
            {"one": [(0.1, 0.8), (0.5, 0.4)], "many": [(0.1, 0.8, 0.7, 0.9), (0.5, 0.4, 0.3, 0.5)]}, 0.9, 0.2, 0.3, 2000
        ),
        "triptych": figures.triptych([(0.5, 0.1, 0.6, 0.8)], [0.3], 0.9),
        "kernels of outputs": figures.kernels(torch.ones(2, 3, 2, 2), item="image"),
        "rank_scatter": figures.rank_scatter({"one": layer, "other": torch.tensor([1.0, 3.0, 2.0, 5.0])}, ringed=[0]),
        "feature_maps": figures.feature_maps(torch.rand(3, 8, 8), {"unit 1": torch.zeros(3, 4, 4)}),
        "unit_counts": figures.unit_counts({"fixed": {"a": (1, 4)}, "variable": {"a": (2, 4)}}),
        "overlap_bars": figures.overlap_bars({"a": [("other images", 0.75, 0.2)]}, guess=("a", "other images", 0.5)),
        "activity_strips": figures.activity_strips({"a": layer, "b": 0 * layer}, threshold=2.0),
        "histories": figures.histories([layer, 0.5 * layer, 2 * layer], [1, 3], threshold=2.5),
        "bounds": figures.bounds({"a": layer, "b": torch.tensor([4.0, 0, 0, 1])}, {"a": 2.5, "b": 2.0}),
        "bite": figures.bite([0, 0.2, 1], {"a": [0, 0.05, 1], "b": [0, 0.1, 1]}, at=0.2, indices={"a": 0.3, "b": 0.2}),
        "vectors": figures.vectors({"a": layer, "b": 0 * layer}, {"a": 0.5, "b": 0.0}, guess=("a", 0.25)),
        "vectors without numbers": figures.vectors({"a": layer}),
        "vectors with a guess that is none": figures.vectors({"a": layer}, {"a": 0.5}, guess=("a", None)),
        "index_against": figures.index_against({"a": (0.1, 0.3), "b": (0.2, 0.7)}, 0.8, 256, "accuracy without most of it"),
        "weight_histogram": figures.weight_histogram(torch.tensor([0.0, 1.0, -1.0, 0.1]), "four"),
        "subsets": figures.subsets(layer, torch.tensor([1.0, 3.0, 2.0, 5.0]), 0.5, 16),
        "claim": figures.claim(),
        "arena": figures.arena(
            {"SAP": [(0.5, 0.8, 0.7, 0.9), (0.9, 0.7, 0.6, 0.8)], "L1": [(0.9, 0.65)]},
            dense=0.8,
            front=[(0.5, 0.8)],
            guesses={0.5: ("L1", "SAP"), 0.9: (None, "SAP")},
        ),
        "arena with names": figures.arena(
            {"SAP": [(0.5, 0.8), (0.9, 0.7)], "L1": [(0.5, 0.7), (0.9, 0.701)]}, dense=0.8, named=True
        ),
        "arena of the capstone": figures.arena(
            {"one": [(0.5, 0.8), (0.97, 0.7)], "far": [(0.9, 0.75)]}, 0.8, stretched=True, pointed="far"
        ),
        "arena without runs": figures.arena({}, named=True, stretched=True, bottom=0.6),
        "kinds": figures.kinds(
            {"weights": {"SAP": [(0.5, 0.8)], "lots": [(0.5, 0.7)]}, "units": {"L1": [(0.9, 0.6)]}}, ["lots"]
        ),
        "sides": figures.sides({"0.5": [0.01, -0.004], "0.9": [0.02, 0.03]}, "L1 better", "SAP better"),
        "sides without a difference": figures.sides({"0.5": [0.0]}, "L1 better", "SAP better"),
        "three_axes": figures.three_axes(
            {
                "MACs": ({"SAP": [(100, 0.8), (100, 0.7)], "L1": [(50, 0.7)]}, [(100, 0.8), (50, 0.7)]),
                "bytes": ({"SAP": [(9, 0.8), (5, 0.7)], "L1": [(8, 0.6)]}, [(9, 0.8), (5, 0.7)]),
            }
        ),
        "leaderboard": figures.leaderboard({"one": (0.5, 0.8), "you": (0.97, 0.4)}, 2000, own="you"),
        "claims": figures.claims({"one": (0.99, 0.0), "two": (0.9, 0.9)}),
        "spending": figures.spending({"at once": [(3, 0.97)], "in two": [(1, 0.8), (2, 0.97)]}),
        "survivors": figures.survivors({"one": {"a": (5, 10), "b": (0, 4)}, "other": {"a": (1, 10), "b": (4, 4)}}),
        "staircase": figures.staircase({"A": (0.5, 0.9), "B": (0.9, 0.7), "C": (0.4, 0.7)}, ["A", "B"], (0.0, 0.6)),
        "staircase without points": figures.staircase({"A": (0.5, 0.3)}, []),
        "crowd": figures.crowd({"a": [0.7, 0.8], "b": [0.75]}),
        "winners_curse": figures.winners_curse([(1, 0.7, 0.7), (8, 0.76, 0.71)], guess=2),
        "duel": figures.duel(
            {a: {b: 1.0 if a == b else 0.25 for b in ("L1", "random")} for a in ("L1", "random")},
            {"L1": [0.8, 0.7], "random": [0.6]},
            0.3,
        ),
        "question": figures.question(),
        "sample": figures.sample(bench.train.images[:2], ("coat", "bag")),
        "sample of colour images": figures.sample(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), ("a cat in the dark",)),
        "bars": figures.bars({"before": 0.8, "after\nall": 0.25}, "accuracy", chance=0.1),
        "bars with a question": figures.bars({"before": 0.8, "after": None}, "accuracy"),
        "bars of counts": figures.bars({"conv": 1250.0, "head": 10.0}, "parameters", "all", form=",.0f"),
        "mask_cells": figures.mask_cells({"a": torch.eye(2) > 0, "b": torch.ones(2, 3) > 0}),
        "layers_gone": figures.layers_gone({"a": (9, 10), "b": (0, 90)}, truth=0.09),
        "guessed": figures.guessed({"one": [(0.0, 0.8), (0.9, 0.5)]}, {50: 0.7, 90: 0.25}, 0.1, 2000),
        "number_cells": figures.number_cells({"weight": torch.tensor([[1.0, torch.nan], [-0.0, 0.5]])}),
        "conv_places": figures.conv_places((7, 10), 3, stride=2, padding=1),
        "layer_shares": figures.layer_shares({"parameters": {"a": 1, "b": 3}, "MACs": {"a": 1, "b": 1}}, "shares"),
        "formats_board": figures.formats_board(FormatState(0.1, measured=((0.1, 0.13),), guess=0.3)),
        "timings": figures.timings({"a": [9.0, 1.0, 2.0, 3.0], "b": [1.0, 1.0, 1.0, 5.0]}, warmup=1),
        "sensitivity_curves": figures.sensitivity_curves({"a": [(0.0, 0.8), (0.9, 0.3)], "b": [(0.9, 0.7)]}, 0.8, "a", 256),
        "predicted_measured": figures.predicted_measured([(0.8, 0.7), (0.5, 0.6)], 256),
        "before_after": figures.before_after({"a\nb": (0.2, 0.7)}, 0.8, 2000, ("pruned", "trained")),
        "guessed without a guess": figures.guessed({"one": [(0.0, 0.8), (0.9, 0.5)]}, None),
        "guessed in another way": figures.guessed({"one": [(0.0, 0.8), (0.9, 0.5)]}, {"50": 0.7, 90: "low", 0.5: 0.6}),
        "guessed with a number": figures.guessed({"one": [(0.0, 0.8), (0.9, 0.5)]}, 0.7),
        "amount_bars": figures.amount_bars({"one": {"a": (1, 4), "b": (0, 8)}, "other": {"a": (3, 4), "b": (2, 8)}}),
        "amount_bars with a guess": figures.amount_bars({"one": {"a": (1, 4)}}, what="units", guess=("a", 0.5)),
        "amount_bars with a guess of one rule": figures.amount_bars(
            {"one": {"a": (1, 4)}, "other": {"a": (2, 4)}}, guess=("a", 0.5), guessed="other"
        ),
        "shapes": figures.shapes({"even": torch.linspace(-1, 1, 50), "long": torch.linspace(-2, 2, 50) ** 5}),
        "time_ratios": figures.time_ratios({"1 image": {"a": 2.0, "b": 1.2}, "64 images": {"a": 1.0, "b": 3.0}}, "b"),
        "constant_units": figures.constant_units(torch.tensor([-1.0, 0.0, 0.5]), torch.tensor([0.0, 0.0, 0.5])),
        "share_board": figures.share_board(ShareState(0.5, {"time": [(0.0, 1.0), (0.9, 0.1)]}, guess=0.3)),
        "share_board without measurements": figures.share_board(ShareState(0.25, {})),
        "file_bars": figures.file_bars({"dense": (1000.0, 0.0), "masked": (1000.0, 0.5)}, limit=256),
        "ship_board": figures.ship_board(ShipState(WAYS, batch=64)),
        "ship_board with bars": figures.ship_board(ShipState([replace(way, images=2000) for way in WAYS])),
        "ship_board without times": figures.ship_board(ShipState(WAYS, limit=1.0)),
        "index_path": figures.index_path({"one": [(1.0, 0.2, 0.8), (0.05, 0.1, 0.7)], "other": [(1.0, 0.3, 0.8)]}, 0.8),
    }


def test_every_figure_draws_and_says_in_words_what_it_shows(pictures):
    for name, picture in pictures.items():
        assert picture.png().startswith(b"\x89PNG"), name
        assert len(picture.alt) > 30, name
        bundle = picture._repr_mimebundle_()
        assert bundle["text/plain"] == picture.alt
        assert 'alt="' in bundle["text/html"]


TILES = ("kernels", "feature_maps", "mask_cells", "sample", "number_cells")
NARROW = 828 / 900  # of its size is shown of a chart in a window of 1280 pixels, beside an open table of contents


def test_charts_have_one_width_titles_one_side_and_no_text_is_smaller_than_nine_pixels(pictures):
    for name, picture in pictures.items():
        assert picture.get_figwidth() == WIDTH or name.split(" ")[0] in TILES, name
        assert not [axis.get_title("center") for axis in picture.axes if axis.get_title("center")], name
        shown = [text for text in picture.findobj(Text) if text.get_visible() and text.get_text().strip()]
        assert min(text.get_fontsize() for text in shown) * DPI / 72 * NARROW >= 9, name


def test_networks_side_by_side_take_turns_and_a_bar_shows_the_middle_half_of_their_times(bench, monkeypatch):
    dense, masked = models.build("mlp", bench), models.build("mlp", bench)
    half = Masks({"head.weight": torch.rand(masked.head.weight.shape) < 0.5}, measure.parameters(masked))
    half.apply_(masked)
    told = ([1.0, 2.0, 3.0], [1.0, 2.0, 2.5])
    monkeypatch.setattr(measure, "in_turns", lambda ways, rounds: dict(zip(ways, told, strict=True)))
    columns = sizes.compared({"dense": dense, "masked": masked}, bench, {"masked": half})
    assert columns["masked"]["kept parameters"] == round(half.density * half.total) < columns["dense"]["kept parameters"]
    assert columns["masked"]["latency median (ms)"] == 2.0 and columns["masked"][QUARTILES] == (1.5, 2.25)
    picture = figures.size_panel(columns)
    assert "latency median (ms) 1.00" in picture.alt
    assert ends_of_the_bar(picture) == [0.75, 1.125]
    columns["masked"][QUARTILES] = (1.5, 40.0)  # of a busy machine
    assert ends_of_the_bar(figures.size_panel(columns))[1] < 1.5


def ends_of_the_bar(picture):
    (bar,) = picture.axes[0].containers[len(measure_names()) :]
    return bar[2][0].get_segments()[0][:, 0].tolist()


def test_the_same_figure_gives_the_same_bytes():
    def once():
        return figures.score_bars(torch.tensor([3.0, 1.0]), torch.tensor([True, False])).png()

    assert once() == once()


def test_a_guess_about_one_rule_lies_over_the_bar_of_that_rule_alone():
    axis = figures.amount_bars({"one": {"a": (1, 4)}, "other": {"a": (2, 4)}}, guess=("a", 0.5), guessed="other").axes[0]
    left, right = axis.lines[0].get_xdata()
    one, other = axis.patches
    assert one.get_x() + one.get_width() < left <= other.get_x() and right >= other.get_x() + other.get_width()


def test_the_survivors_of_several_loops_are_drawn_to_one_scale():
    paths = {"alike": (np.ones(9), 0.0, 0.8), "spread": (np.arange(1.0, 10.0), 0.2, 0.8)}
    first, second = figures.rounds_board(figures.sap.RoundsState(1, "x", paths)).axes
    assert first.get_ylim() == second.get_ylim() and first.get_ylim()[1] >= 1
    assert first.get_ylabel() and not second.get_ylabel()


def test_the_words_hold_the_numbers(pictures):
    assert "crossed out: filter 1" in pictures["kernels"].alt
    assert pictures["bars with a question"].alt == "accuracy: before 0.800; after ?."
    assert "by the sum: a 0.75, b 0.25; by the mean: a 0.25, b 0.75" in pictures["global_rankings"].alt
    assert "silent: 0" in pictures["channel_dots"].alt
    assert "weight: 1 nan; 0 0.5." in pictures["number_cells"].alt
    assert "fits in 4 times 5 = 20 places" in pictures["conv_places"].alt
    assert "parameters: a 0.250, b 0.750; MACs: a 0.500, b 0.500" in pictures["layer_shares"].alt
    assert "bitmap 0.131, indices 0.200 of the dense size" in pictures["formats_board"].alt
    assert "gzip measured: 0.130 at 0.10" in pictures["formats_board"].alt
    assert "a median 2, quartiles 1.5 and 2.5, mean 2, first call 9" in pictures["timings"].alt
    assert "dense 0.800: a 0.300 at 0.90; b 0.700 at 0.90" in pictures["sensitivity_curves"].alt
    assert "2 mixtures: predicted above measured in 1; typical error 0.100" in pictures["predicted_measured"].alt
    assert "0.200, then 0.700" in pictures["before_after"].alt
    assert "small: MACs 0.25" in pictures["size_panel"].alt
    assert "conv with block1.conv2 with block2.conv2" in pictures["coupling"].alt
    assert (
        "rank correlation 0.20; both keep 1; both drop 1; only one keeps 1; only other keeps 1"
        in pictures["rank_scatter"].alt
    )
    assert "fixed: a 1 of 4; variable: a 2 of 4" in pictures["unit_counts"].alt
    assert "a: other images: 0.75 (chance 0.20)" in pictures["overlap_bars"].alt
    assert "Below 2: a 1 of 4, b 4 of 4" in pictures["activity_strips"].alt
    assert "in every epoch: 1 of 4. neuron 1: 1.00, 0.50, 2.00; neuron 3: 5.00" in pictures["histories"].alt
    assert "25.0% are exactly zero, 50.0% within half" in pictures["weight_histogram"].alt
    assert "numbers: a 0.500, b 0.000; predicted: a 0.25" in pictures["vectors"].alt
    assert "predicted" not in pictures["vectors with a guess that is none"].alt
    assert "a: index 0.100, 0.300; b: index 0.200, 0.700. Nothing pruned: 0.800" in pictures["index_against"].alt
    assert "To compare: half 0.500." in pictures["lines with levels"].alt
    assert "left by the prediction: non-zeros 0.70" in pictures["size_panel with a guess"].alt
    assert "overlap by 0.33" in pictures["subsets"].alt
    assert "0.800 at 0.10 to 0.400 at 0.50" in pictures["accuracy_curves"].alt
    assert "best at 0.5: SAP (guess: L1)" in pictures["arena"].alt and "(guess: none)" in pictures["arena"].alt
    assert "dense model 0.800" in pictures["arena"].alt and "1 point on the front" in pictures["arena"].alt
    assert "SAP, accuracy 0.7084 at sparsity 0.9643; activation, accuracy 0.6982 at" in pictures["claim"].alt
    assert "weights: SAP: 0.800 at 0.50 to 0.800 at 0.50; lots: 0.700" in pictures["kinds"].alt
    assert "below 0: L1 better, above: SAP better. 0.5: +1.0, -0.4; 0.9: +2.0, +3.0." in pictures["sides"].alt
    assert (
        "over MACs the front holds points of SAP, L1; over bytes the front holds points of SAP" in pictures["three_axes"].alt
    )
    assert "on the front: A, B. Area beyond (0, 0.6): 0.1900" in pictures["staircase"].alt
    assert "a: 2 seeds, mean 0.750, standard deviation 0.071" in pictures["crowd"].alt
    assert "of 8: 0.760 claimed, 0.710 fresh. Gap at the end: 5.0 points" in pictures["winners_curse"].alt
    assert "L1 0.750 (with L1: 1.00); random 0.600 (with L1: 0.25)" in pictures["duel"].alt
    assert "144 connections of which 14 are left" in pictures["question"].alt
    assert "accuracy: before 0.800; after all 0.250; guessing would reach 0.1." in pictures["bars"].alt
    assert "conv 1,250; head 10" in pictures["bars of counts"].alt
    assert "a: 2 of 4 gone; b: 0 of 6 gone" in pictures["mask_cells"].alt
    assert "mean over the layers 0.450, of all parameters 0.090" in pictures["layers_gone"].alt
    assert "a: r = 2.500, 4 are not zero, 1 go; b: r = 2.000, 2 are not zero, 2 go" in pictures["bounds"].alt
    assert "20% of the weights. a: 0.050, PQ index 0.300; b: 0.100" in pictures["bite"].alt
    assert "one: a 1 of 4 (0.250), b 0 of 8 (0.000); other: a 3 of 4" in pictures["amount_bars"].alt
    assert "2 distributions: even, 0.0% beyond" in pictures["shapes"].alt
    assert "one: 1.0000 kept, index 0.200, accuracy 0.800, 0.0500 kept" in pictures["index_path"].alt
    assert "1 image: a 2.0, b 1.2; 64 images: a 1.0, b 3.0. Largest, 1 image: a." in pictures["time_ratios"].alt
    assert "one: claimed 99.0%, counted 0.0%" in pictures["claims"].alt
    assert "in two: 0.80 for 1 epoch, 0.97 for 2 epochs" in pictures["spending"].alt
    assert "at most 0 away; not silent: 1" in pictures["constant_units"].alt
    assert "50% of the units cut: (1 - p)² is 0.25; left are time 0.50" in pictures["share_board"].alt
    assert "(1 - p)² is 0.56." in pictures["share_board without measurements"].alt
    assert (
        "within 256 KB: slimmed, int8. dense: 4,000 KB, accuracy 0.875, 40.00 ms (beyond the" in pictures["ship_board"].alt
    )
    assert (
        "within 0 KB: none" in pictures["ship_board without times"].alt
        and " ms" not in pictures["ship_board without times"].alt
    )
    assert pictures["guessed"].alt.endswith("0.800 at 0.00, 0.500 at 0.90. Predicted: 0.7 at 50 %, 0.25 at 90 %.")


def test_a_curve_is_named_at_its_right_end_whichever_way_the_axis_runs(pictures):
    def ends(picture):
        """Return the words at the ends of curves with the points that they stand at, from left to right on the axis."""
        return [(text.get_text(), *text.xy) for axis in picture.axes for text in axis.texts if hasattr(text, "xy")]

    assert ends(pictures["arena with names"]) == [("SAP", 0.9, 0.7), ("L1", 0.9, 0.701)]
    fewer = figures.three_axes({"bytes": ({"SAP": [(5, 0.6), (9, 0.8)]}, [])})
    assert ends(fewer) == [("SAP", 5, 0.6)]
    (legend,) = pictures["arena with names"].legends
    assert [text.get_text() for text in legend.get_texts()] == ["dense model (0.800)"]  # who is named is in no legend


def test_no_name_at_the_end_of_a_curve_lies_on_another(pictures):
    picture = pictures["arena with names"]
    renderer = FigureCanvasAgg(picture).get_renderer()
    picture.draw(renderer)
    one, other = (text.get_window_extent(renderer) for text in picture.axes[0].texts)
    assert not one.overlaps(other)


def test_dots_of_seeds_are_filled_where_all_lie_on_one_side(pictures):
    lines = [line for line in pictures["sides"].axes[0].lines if line.get_marker() == "o"]
    assert [to_hex(line.get_markerfacecolor()) for line in lines] == ["#ffffff", "#222222"]


def test_the_ring_is_on_the_largest_ratio_of_the_first_label_and_the_star_on_the_guess(pictures):
    axis = pictures["time_ratios"].axes[0]
    ringed = [(text.get_text(), text.xy) for text in axis.texts if text.get_bbox_patch()]
    (star,) = [line for line in axis.lines if line.get_marker() == "*"]
    middles = {bar.get_width(): pytest.approx(bar.get_y() + bar.get_height() / 2) for bar in axis.patches}
    assert [(words, width, place == middles[width]) for words, (width, place) in ringed] == [("2.0", 2.0, True)]
    assert star.get_ydata()[0] == middles[1.2]


def test_a_stretched_axis_has_as_much_room_above_nine_tenths_as_below(pictures):
    axis = pictures["arena of the capstone"].axes[0]
    to_pixels = axis.get_xaxis_transform().transform
    half, tenth, last = (to_pixels((1 - left, 0))[0] for left in (0.5, 0.1, 0.02))
    assert tenth - half == pytest.approx(last - tenth)
    assert [text.get_text() for text in axis.texts] == ["far"] and axis.texts[0].xy == (0.9, 0.75)


def test_the_hatched_part_of_a_file_is_its_zeros_and_the_line_its_limit(pictures):
    axis = pictures["file_bars"].axes[0]
    parts = [(bar.get_x(), bar.get_width(), bar.get_hatch()) for bar in axis.patches]
    assert parts == [(0, 1000, None), (1000, 0, HATCH), (0, 500, None), (500, 500, HATCH)]
    assert list(axis.lines[0].get_xdata()) == [256, 256]
    assert "masked: 1,000 KB, 50% of them zeros" in pictures["file_bars"].alt


def test_the_bar_of_a_way_to_ship_is_one_standard_error_long(pictures):
    def bars(picture):
        return [bar for of_way in picture.axes[0].containers for bar in of_way[2]]

    assert not bars(pictures["ship_board"])
    (low, high) = bars(pictures["ship_board with bars"])[0].get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(measure.standard_error(0.875, 2000))


def test_every_line_of_equal_score_that_is_seen_says_its_score():
    many, near = {"one": (0.5, 0.8), "you": (0.97, 0.4)}, {"one": (0.9, 0.735)}
    for entries in (many, near, near | {"dense start": (0.0, 0.79)}):
        axis = figures.leaderboard(entries).axes[0]
        (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
        step = 20 if right - left > 0.3 else 50
        seen = [k / step for k in range(step) if 2 * k / step - right < top and 2 * k / step - left > bottom]
        said = [text.get_text() for text in axis.texts if ":" not in text.get_text() and "." in text.get_text()]
        assert sorted(said) == [f"{k:.2f}" for k in seen]
        assert len(seen) >= 3


def test_the_board_numbers_the_entries_by_score_and_the_start_is_nobodys():
    axis = figures.leaderboard({"dense start": (0.6, 0.9), "one": (0.9, 0.7), "you": (0.95, 0.72), "low": (0.99, 0.5)}).axes[
        0
    ]
    assert axis.get_legend_handles_labels()[1] == [
        "1. you: score 0.835",
        "2. one: score 0.800",
        "3. low: below the floor",
        "dense start: score 0.750",
    ]
    assert [text.get_text() for text in axis.texts if text.get_text().isdigit()] == ["1", "2", "3"]


def test_the_numbers_of_entries_that_lie_together_stand_on_both_sides():
    def side(axis):
        return [text.xyann[0] for text in axis.texts if text.get_text().isdigit()]

    assert side(figures.leaderboard({"one": (0.9, 0.735), "other": (0.9, 0.74)}).axes[0]) == [14, -14]
    assert side(figures.leaderboard({"one": (0.9, 0.735), "other": (0.9, 0.64)}).axes[0]) == [14, 14]


def test_where_others_crowd_together_an_entry_far_away_is_pointed_at():
    axis = figures.leaderboard({"dense start": (0.0, 0.79), "one": (0.9, 0.73)}).axes[0]
    assert axis.get_xlim()[0] == 0.5
    assert [text.get_text() for text in axis.texts if ":" in text.get_text()] == ["dense start: 0.790\nat sparsity 0"]


def test_a_method_has_one_colour_in_all_pictures_of_the_capstone():
    names = ["worked example", "mine", "SAP", "L1 units"]

    def of(picture):
        handles, labels = picture.axes[0].get_legend_handles_labels()
        lines = [getattr(handle, "lines", [handle])[0] for handle in handles]
        colours = {label: line.get_color() for line, label in zip(lines, labels, strict=True)}
        return {name: colour for label, colour in colours.items() for name in names if name in label}

    many = figures.leaderboard(dict.fromkeys(names, (0.9, 0.7)))
    few = figures.leaderboard({"dense start": (0.6, 0.8), "worked example": (0.9, 0.7), "mine": (0.9, 0.7)})
    curves = figures.arena({name: [(0.5, 0.8), (0.9, 0.7)] for name in [*names, "activation"]})
    assert set(of(many)) == set(names) and len(set(of(many).values())) == 4
    assert all(of(few)[name] == of(many)[name] == of(curves)[name] for name in ("worked example", "mine"))
    assert of(curves)["SAP"] == of(many)["SAP"]
    bars = figures.survivors({"mine": {"a": (1, 4)}}).axes[0].patches
    assert [(bar.get_width(), to_hex(bar.get_facecolor()).upper()) for bar in bars] == [(0.25, of(many)["mine"])]


def test_no_word_of_a_way_to_ship_lies_on_another_or_on_a_point():
    ways = [
        Way(f"{net}, {how}", round(kib * KIB), accuracy + small, {1: 1.0})
        for net, kib, accuracy in (("dense", 3400, 0.748), ("half", 900, 0.75), ("quarter", 240, 0.73))
        for how, kib, small in (("torch, fp32", kib, 0), ("onnx, fp32", 1.01 * kib, 0), ("onnx, int8", kib / 3.8, -0.02))
    ]
    picture = figures.ship_board(ShipState(ways, batch=1))
    axis, renderer = picture.axes[0], FigureCanvasAgg(picture).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axis.texts]
    assert len(boxes) == 6  # fp32 is nearly one file in both programs
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    points = axis.transData.transform([(way.bytes / KIB, way.accuracy) for way in ways])
    assert not any(box.contains(*point) for box in boxes for point in points)


def test_quotes_in_words_do_not_break_the_html():
    picture = figures.lines({'a "b"': ([0, 1], [0.0, 1.0])}, "x", "y")
    assert "a &quot;b&quot;" in picture.html()


@pytest.fixture(scope="module")
def board(bench):
    return FilterBoard.of(models.build("vgg", bench), bench)


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_the_sparsity_board_is_right_over_the_whole_range(board, scope):
    total = sum(len(values) for values in board.ranked["layer"].values())
    for step in range(0, 96, 5):
        share = step / 100
        state = board.at(share, scope)
        masks = board.masks(share, scope)
        assert state.sparsity == masks.sparsity
        assert state.kept_parameters == masks.kept_parameters
        gone = sum(int((~keep).sum()) for keep in state.keep.values())
        if scope == "layer":
            assert gone == sum(min(round(share * len(k)), len(k) - 1) for k in state.keep.values())
        else:
            assert gone == min(round(share * total), total - len(state.keep))
        assert all(keep.any() for keep in state.keep.values())
        assert figures.sparsity_board(state).png()


def test_in_the_strips_of_the_sparsity_board_a_cut_parts_the_filters_that_go_from_those_that_stay(board):
    def drawn(share, scope):
        """Return layer -> (places of crosses, of dots, of cuts), and the heights of all cuts."""
        axis = figures.sparsity_board(board.at(share, scope)).axes[1]
        dots, crosses = axis.lines
        cuts = [segment for collection in axis.collections for segment in collection.get_segments()]
        rows = {label.get_text(): height for label, height in zip(axis.get_yticklabels(), axis.get_yticks(), strict=True)}

        def of(points, row):
            return [x for x, y in zip(*points.get_data(), strict=True) if abs(y - row) < 0.5]

        layers = {
            name: (of(crosses, row), of(dots, row), [ends[0][0] for ends in cuts if ends[0][1] <= row <= ends[1][1]])
            for name, row in rows.items()
        }
        return layers, [ends[1][1] - ends[0][1] for ends in cuts]

    layers, heights = drawn(0.4, "layer")
    assert len(heights) == len(layers) and max(heights) < 1
    for name, (gone, kept, (cut,)) in layers.items():
        assert len(gone) == round(0.4 * (len(gone) + len(kept))) > 0, name
        assert max(gone) <= cut <= min(kept), name
    layers, heights = drawn(0.4, "global")
    assert heights == [len(layers)]
    assert all(max(gone, default=0) <= cut for gone, _, (cut,) in layers.values())
    layers, heights = drawn(0.0, "layer")
    assert heights == []


def test_the_bins_of_the_survivor_board_end_at_the_cut():
    magnitudes = torch.rand(5000, generator=torch.Generator().manual_seed(0)).sort().values.numpy()
    for share in (0.0, 0.05, 0.3, 0.95):
        cut = float(magnitudes[round(5000 * share) - 1]) if share else -1.0
        axis = figures.survivor_board(
            SurvivorState(share, 0.1, 0.3, magnitudes, cut, [(0.0, 0.1, 0.1), (0.9, 0.0, 0.9)])
        ).axes[0]
        parts = [patch.get_data() for patch in axis.patches]
        assert len(parts) == 1 + (share > 0)
        if share:
            assert parts[0].edges[-1] == parts[1].edges[0] == cut
        filled = sum(float((part.values * np.diff(part.edges)).sum()) for part in parts)
        assert filled == pytest.approx(0.999, abs=1e-3)


def test_the_board_takes_the_filters_that_the_l1_pruner_takes(board, bench):
    from course_lib.pruning import L1NormPruner

    for scope in ("layer", "global"):
        ours, theirs = board.masks(0.4, scope), L1NormPruner(0.4, scope=scope).masks(board.trial.model, bench)
        assert set(ours) == set(theirs)
        assert all(torch.equal(ours[name], theirs[name].cpu()) for name in ours)


def test_the_board_leaves_the_model_as_it_is(board):
    before = {name: tensor.clone() for name, tensor in board.trial.model.state_dict().items()}
    board.at(0.9, "global", full=True)
    assert all(torch.equal(before[name], tensor) for name, tensor in board.trial.model.state_dict().items())


def test_a_resting_board_reads_all_validation_images(board, bench):
    assert board.at(0.3).n == min(256, len(bench.validation))
    assert board.at(0.3, full=True).n == len(bench.validation)


@pytest.fixture(scope="module")
def thresholds(bench):
    return ThresholdBoard.of(models.build("cnn", bench), bench)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_threshold_board_takes_the_units_that_the_pruner_takes(thresholds, bench, statistic):
    from course_lib.pruning import ActivationPruner

    for rule, name, values in (("fixed", "threshold", (0.0, 0.02, 0.3, 9.0)), ("variable", "deviations", (-1, 0, 0.7, 3))):
        for value in values:
            state = thresholds.at(rule, value, statistic, "hidden")
            masks = ActivationPruner(statistic, **{name: value}, cap=1.0).masks(thresholds.trial.model, bench)
            assert all(torch.equal(state.keep[layer], kept.cpu()) for layer, kept in masks.units.items())
            assert state.sparsity == masks.sparsity
            assert figures.threshold_board(state).png()
            assert f"Drawn large: hidden, cut at {state.cuts['hidden']:.3f}" in figures.threshold_board(state).alt


def test_the_threshold_board_leaves_the_model_as_it_is(thresholds):
    before = {name: tensor.clone() for name, tensor in thresholds.trial.model.state_dict().items()}
    thresholds.at("fixed", 9.0, "mean", "conv1")
    assert all(torch.equal(before[name], tensor) for name, tensor in thresholds.trial.model.state_dict().items())


@pytest.fixture(scope="module")
def weights(bench):
    return WeightBoard.of(models.build("cnn", bench), bench)


@pytest.mark.parametrize("rule", RULES)
def test_the_weight_board_takes_the_weights_that_the_pruners_take(weights, bench, rule):
    from course_lib.pruning import MagnitudePruner, RandomPruner

    pruners = {"layer": MagnitudePruner, "global": lambda share: MagnitudePruner(share, scope="global"), "lot": RandomPruner}
    for share in (0.0, 0.31, 0.9, 0.99, 1.0):
        ours, theirs = weights.masks(share, rule), pruners[rule](share).masks(weights.trial.model, bench)
        assert set(ours) == set(theirs)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
        state = weights.at(share, rule)
        assert state.sparsity == theirs.sparsity
        assert {name: kept for name, (kept, _) in state.kept.items()} == {
            name.removesuffix(".weight"): int(mask.sum()) for name, mask in theirs.items()
        }
        picture = figures.weight_board(state)
        assert picture.png()
        assert f"sparsity {theirs.sparsity:.3f}, accuracy {state.accuracy:.3f}" in picture.alt


def test_the_map_of_weights_shows_where_they_survive(weights):
    state = weights.at(0.9, "layer")
    assert {values.shape for values in state.maps.values()} == {(6, 72)}
    assert abs(state.maps["hidden"].mean() - 0.1) < 0.01  # its blocks are nearly of one size
    assert (weights.at(0.0).maps["conv1"] == 1).all()


def test_the_weight_board_leaves_the_model_as_it_is_and_rests_on_all_images(weights, bench):
    before = {name: tensor.clone() for name, tensor in weights.trial.model.state_dict().items()}
    assert weights.at(0.9, "global", full=True).n == len(bench.validation)
    assert all(torch.equal(before[name], tensor) for name, tensor in weights.trial.model.state_dict().items())


@pytest.mark.parametrize(("value", "index"), [(32, 32), (32, 16), (16, 16), (8, 32), (4, 8)])
def test_a_format_takes_as_much_as_the_dense_one_where_it_breaks_even(value, index):
    state = FormatState(0.5, value, index)
    for form in ("bitmap", "indices"):
        assert state.size(form, state.break_even(form)) == pytest.approx(1)
        assert state.size(form, 0.9 * state.break_even(form)) < 1
    assert state.size("bitmap", 0.0) == 1 / value and state.size("indices", 0.0) == 0


@pytest.fixture(scope="module")
def budgets(bench):
    return BudgetBoard.of(models.build("cnn", bench), bench)


def test_the_budget_board_counts_what_masks_and_measures_say(budgets, bench):
    layers = list(budgets.weights)
    assert layers == ["conv1", "conv2", "conv3", "conv4", "hidden", "head"]
    for shares in ([0.0] * 6, [0.9] * 6, [0.98, 0.0, 0.3, 0.5, 0.95, 0.7]):
        mixture = dict(zip(layers, shares, strict=True))
        masks = budgets.masks(mixture)
        assert [int((~masks[f"{name}.weight"]).sum()) for name in layers] == [
            round(share * budgets.weights[name].numel()) for name, share in mixture.items()
        ]
        state = budgets.at(mixture, "parameters", 0.2)
        assert state.spent == pytest.approx(masks.density) and state.sparsity == masks.sparsity
        macs = budgets.at(mixture, "MACs", 0.2)
        assert macs.total == measure.macs(budgets.trial.model, bench.example)
        assert macs.within == (macs.spent <= 0.2)
        assert figures.budget_board(macs).png()
        assert f"{'within' if macs.within else 'OVER'} the budget of 0.20" in figures.budget_board(macs).alt
    assert budgets.at(dict.fromkeys(layers, 0.0)).accuracy == budgets.dense


def test_one_layer_alone_is_predicted_as_it_was_measured_and_losses_add_up(budgets):
    for name, rows in budgets.curves.items():
        for share, accuracy in rows:
            assert budgets.predicted({name: share}) == pytest.approx(max(0.0, accuracy))
            assert budgets.accuracy({name: share}) == accuracy
    losses = [budgets.dense - dict(budgets.curves[name])[0.9] for name in ("conv2", "head")]
    assert budgets.predicted({"conv2": 0.9, "head": 0.9}) == pytest.approx(max(0, budgets.dense - sum(losses)))


def test_the_budget_board_takes_the_weights_that_the_magnitude_pruner_takes(budgets, bench):
    from course_lib.pruning import MagnitudePruner

    theirs = MagnitudePruner(0.7).masks(budgets.trial.model, bench)
    ours = budgets.masks(dict.fromkeys(budgets.weights, 0.7))
    assert set(ours) == set(theirs) and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_budget_board_leaves_the_model_as_it_is(budgets):
    before = {name: tensor.clone() for name, tensor in budgets.trial.model.state_dict().items()}
    budgets.at(dict.fromkeys(budgets.weights, 0.95))
    assert all(torch.equal(before[name], tensor) for name, tensor in budgets.trial.model.state_dict().items())


def test_a_budget_is_spread_to_where_it_costs_least():
    curves = {"tough": [(0.0, 0.9), (0.5, 0.9), (1.0, 0.7)], "frail": [(0.0, 0.9), (0.5, 0.4), (1.0, 0.1)]}
    for weights in ({"tough": 100, "frail": 100}, {"tough": 10, "frail": 1000}):
        for wanted in (0.0, 0.2, 0.45, 0.8, 1.0):
            mixture = spread(curves, weights, wanted)
            assert sum(mixture[name] * weights[name] for name in weights) >= wanted * sum(weights.values()) - 1e-6
    even = spread(curves, {"tough": 100, "frail": 100}, 0.45)
    assert even == {"tough": pytest.approx(0.9), "frail": 0.0}


def test_no_more_of_a_piece_goes_than_the_budget_asks_for():
    curves = {"steep": [(0.0, 0.9), (0.5, 0.5), (1.0, 0.5)], "other": [(0.0, 0.9), (1.0, 0.1)]}
    mixture = spread(curves, {"steep": 100, "other": 100}, 0.3)
    assert mixture == {"steep": pytest.approx(0.6), "other": 0.0}


def test_the_heap_beside_the_calls_holds_the_counted_ones_only():
    calls, heaps = figures.timings({"a": [9.0, 1.0, 2.0, 3.0], "b": [1.0, 1.0, 1.0, 5.0]}, warmup=1, runs=2).axes
    assert [int(step.get_data().values.sum()) for step in heaps.patches] == [2, 2, 2, 2]  # an area and its edge for each
    assert [line.get_ydata()[0] for line in heaps.lines] == [1.5, 1.0]
    assert calls.get_ylim() == heaps.get_ylim()


def test_of_two_sets_of_images_equals_go_in_one_order_and_the_dead_are_left_out():
    quiet = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0, 2.0])
    picture = figures.subsets(quiet, quiet.clone(), 0.5, 4, dead=7)
    assert "overlap by 1.00" in picture.alt and "7 silent ones left out" in picture.alt
    assert [text.get_text() for text in picture.axes[0].texts] == ["left out: 7 units silent on all images"]
    assert not figures.subsets(quiet, quiet, 0.5, 4).axes[0].texts


def test_beside_curves_stands_the_dense_model_after_as_much_training():
    picture = figures.accuracy_curves({"one": [(0.0, 0.8), (0.5, 0.82)]}, dense=0.8, longer=0.84, zoom=True)
    assert "Dense model, trained as long: 0.840" in picture.alt
    assert picture.axes[0].get_ylim()[1] > 0.84


def test_lines_have_the_scales_that_were_asked_for():
    curves = {"up": ([0.1, 1.0], [0.5, 50.0])}
    scales = [figures.lines(curves, "x", "y", log=x, log_y=y).axes[0] for x in (False, True) for y in (False, True)]
    assert [axis.get_xscale() + " " + axis.get_yscale() for axis in scales] == [
        "linear linear", "linear log", "log linear", "log log",
    ]  # fmt: skip


def test_a_picture_of_few_colours_keeps_white_white_and_pale_grey_apart_from_it():
    shown = Image.open(io.BytesIO(figures.conv_places((7, 10), 3, stride=2, padding=1).png())).convert("RGB")
    common = {colour for count, colour in shown.getcolors(1 << 20) if count > 5000}
    assert {(255, 255, 255), (244, 244, 244)} <= common
