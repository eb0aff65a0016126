"""Figures: pure functions from plain data to a picture with words."""

from __future__ import annotations

import pytest
import torch

from course_lib import models
from course_lib.pruning import units
from course_lib.teaching import figures
from course_lib.teaching.board import STATISTICS, Board, ThresholdBoard


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
        "score_histograms": figures.score_histograms({"a": layer, "b": layer}, {"a": keep, "b": keep}),
        "channel_dots": figures.channel_dots({"dense": layer, "silent": layer * keep}, ~keep),
        "flatten_map": figures.flatten_map(3, 2, 2, [1]),
        "coupling": figures.coupling(units.groups(resnet, bench.example)),
        "size_panel": figures.size_panel({"dense": report(), "small": report(MACs=1.0)}),
        "lines": figures.lines({"up": ([0, 1], [0.0, 0.5])}, "step", "share"),
        "accuracy_curves": figures.accuracy_curves(
            {"one": [(0.1, 0.8), (0.5, 0.4)], "many": [(0.1, 0.8, 0.7, 0.9), (0.5, 0.4, 0.3, 0.5)]}, 0.9, 0.2, 0.3, 2000
        ),
        "triptych": figures.triptych([(0.5, 0.1, 0.6, 0.8)], 0.9),
        "kernels of outputs": figures.kernels(torch.ones(2, 3, 2, 2), item="image"),
        "rank_scatter": figures.rank_scatter({"one": layer, "other": torch.tensor([1.0, 3.0, 2.0, 5.0])}),
        "feature_maps": figures.feature_maps(torch.rand(3, 8, 8), {"unit 1": torch.zeros(3, 4, 4)}),
        "unit_counts": figures.unit_counts({"fixed": {"a": (1, 4)}, "variable": {"a": (2, 4)}}),
        "overlap_bars": figures.overlap_bars([("other images", 0.75, 0.2)], guess=0.5),
        "vectors": figures.vectors({"a": layer, "b": 0 * layer}, {"a": 0.5, "b": 0.0}),
        "weight_histogram": figures.weight_histogram(torch.tensor([0.0, 1.0, -1.0, 0.1]), "four"),
        "subsets": figures.subsets(layer, torch.tensor([1.0, 3.0, 2.0, 5.0]), 0.5, 16),
    }


def test_every_figure_draws_and_says_in_words_what_it_shows(pictures):
    for name, picture in pictures.items():
        assert picture.png().startswith(b"\x89PNG"), name
        assert len(picture.alt) > 30, name
        bundle = picture._repr_mimebundle_()
        assert bundle["text/plain"] == picture.alt
        assert 'alt="' in bundle["text/html"]


def test_the_same_figure_gives_the_same_bytes():
    def once():
        return figures.score_bars(torch.tensor([3.0, 1.0]), torch.tensor([True, False])).png()

    assert once() == once()


def test_the_words_hold_the_numbers(pictures):
    assert "crossed out: filter 1" in pictures["kernels"].alt
    assert "silent: 0" in pictures["channel_dots"].alt
    assert "small: MACs 0.25" in pictures["size_panel"].alt
    assert "conv with block1.conv2 with block2.conv2" in pictures["coupling"].alt
    assert (
        "rank correlation 0.20; both keep 1; both drop 1; only one keeps 1; only other keeps 1"
        in pictures["rank_scatter"].alt
    )
    assert "fixed: a 1 of 4; variable: a 2 of 4" in pictures["unit_counts"].alt
    assert "other images: 0.75 (chance 0.20)" in pictures["overlap_bars"].alt
    assert "25.0% are exactly zero, 50.0% within half" in pictures["weight_histogram"].alt
    assert "numbers: a 0.500, b 0.000" in pictures["vectors"].alt
    assert "overlap by 0.33" in pictures["subsets"].alt
    assert "0.800 at 0.10 to 0.400 at 0.50" in pictures["accuracy_curves"].alt


def test_quotes_in_words_do_not_break_the_html():
    picture = figures.lines({'a "b"': ([0, 1], [0.0, 1.0])}, "x", "y")
    assert "a &quot;b&quot;" in picture.html()


@pytest.fixture(scope="module")
def board(bench):
    return Board.of(models.build("vgg", bench), bench)


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


def test_the_board_takes_the_filters_that_the_l1_pruner_takes(board, bench):
    from course_lib.pruning import L1NormPruner

    for scope in ("layer", "global"):
        ours, theirs = board.masks(0.4, scope), L1NormPruner(0.4, scope=scope).masks(board.model, bench)
        assert set(ours) == set(theirs)
        assert all(torch.equal(ours[name], theirs[name].cpu()) for name in ours)


def test_the_board_leaves_the_model_as_it_is(board):
    before = {name: tensor.clone() for name, tensor in board.model.state_dict().items()}
    board.at(0.9, "global", full=True)
    assert all(torch.equal(before[name], tensor) for name, tensor in board.model.state_dict().items())


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
            state = thresholds.at(rule, value, statistic, "dense")
            masks = ActivationPruner(statistic, **{name: value}, cap=1.0).masks(thresholds.model, bench)
            assert all(torch.equal(state.keep[layer], kept.cpu()) for layer, kept in masks.units.items())
            assert state.sparsity == masks.sparsity
            assert figures.threshold_board(state).png()
            assert f"Drawn large: dense, cut at {state.cuts['dense']:.3f}" in figures.threshold_board(state).alt


def test_the_threshold_board_leaves_the_model_as_it_is(thresholds):
    before = {name: tensor.clone() for name, tensor in thresholds.model.state_dict().items()}
    thresholds.at("fixed", 9.0, "mean", "conv1")
    assert all(torch.equal(before[name], tensor) for name, tensor in thresholds.model.state_dict().items())
