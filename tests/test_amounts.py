"""How many go: every amount by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.axes import amounts
from course_lib.errors import CourseError
from course_lib.pruning import sap_amount


def scores(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_target_counts_what_is_already_gone():
    half = amounts.target(0.5)
    assert half(torch.rand(10), 10, 1.0) == 5
    assert half(torch.rand(8), 10, 1.0) == 3
    assert half(torch.rand(5), 10, 1.0) == 0
    assert half(torch.rand(2), 10, 1.0) == 0  # more is gone than was asked for: nothing comes back


@given(st.floats(0, 1), st.integers(1, 300), st.integers(1, 12))
def test_target_reaches_the_rounded_share_of_the_dense_size_however_many_rounds(sparsity, size, rounds):
    kept = size
    for number in range(1, rounds + 1):
        progress = number / rounds
        kept -= amounts.target(sparsity)(torch.rand(kept), size, progress)
        assert size - kept == round(sparsity * progress * size)
    assert size - kept == round(sparsity * size)


@pytest.mark.parametrize(("sparsity", "expected"), [(0, 0), (0.3, 3), (0.25, 2), (0.35, 4), (1, 10)])
def test_target_rounds_the_share(sparsity, expected):
    assert amounts.target(sparsity)(torch.rand(10), 10, 1.0) == expected


SHAPES = {"conv1": (32, 3, 3, 3), "conv2": (64, 32, 3, 3), "dense": (512, 4096), "head": (10, 512)}


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_erk_keeps_the_asked_share_with_one_scale_and_no_density_above_1(sparsity):
    densities = amounts.erk_densities(SHAPES, sparsity)
    sizes = {name: math.prod(shape) for name, shape in SHAPES.items()}
    kept = sum(densities[name] * sizes[name] for name in SHAPES)
    assert kept == pytest.approx((1 - sparsity) * sum(sizes.values()))
    assert all(0 <= density <= 1 for density in densities.values())
    scales = [densities[name] * sizes[name] / sum(SHAPES[name]) for name in SHAPES if densities[name] < 1]
    assert scales == pytest.approx(scales[:1] * len(scales))


def test_erk_by_hand():
    """Two layers of 4 and 36 weights, half of all to go: (2 + 2) and (6 + 6) share 20 as 1 to 3, but 4 hold no 5."""
    assert amounts.erk_densities({"small": (2, 2), "large": (6, 6)}, 0.5) == {"small": 1.0, "large": 16 / 36}


def test_erk_takes_more_with_progress_and_never_gives_back():
    bound = amounts.erk(0.95).bind(SHAPES)
    for name, shape in SHAPES.items():
        size = math.prod(shape)
        gone = [bound[name](torch.ones(size), size, progress) for progress in (0.2, 0.5, 0.9, 1.0)]
        assert gone == sorted(gone)


def test_fixed_takes_what_lies_below_and_not_what_equals_the_threshold():
    assert amounts.fixed(0.5)(scores(0.1, 0.5, 0.49, 0.9), 4, 1.0) == 2
    assert amounts.fixed(0)(scores(0, 0, 1), 3, 1.0) == 0


def test_fixed_reads_one_threshold_a_round_and_repeats_the_last():
    rule, some = amounts.fixed([0.1, 0.2, 0.4]), scores(0.05, 0.15, 0.3, 0.35, 0.8)
    assert [rule.at_round(number)(some, 5, 1.0) for number in (1, 2, 3, 4, 9)] == [1, 2, 4, 4, 4]
    assert rule(some, 5, 1.0) == 1  # without a round it is the first
    assert amounts.fixed(0.2).at_round(7) == amounts.fixed(0.2)


def test_fixed_without_any_threshold_is_refused():
    with pytest.raises(CourseError, match="threshold"):
        amounts.fixed([])


def test_variable_takes_what_lies_below_mean_less_deviations():
    some = scores(0, 4, 4, 4, 4, 4, 4, 8)  # mean 4, standard deviation 2 (of the population)
    assert amounts.variable(1.0)(some, 8, 1.0) == 1
    assert amounts.variable(2.0)(some, 8, 1.0) == 0  # 0 is not below 0
    assert amounts.variable(1.9)(some, 8, 1.0) == 1
    assert amounts.variable(-1.0)(some, 8, 1.0) == 7


@given(
    st.floats(0, 1, exclude_min=True, allow_subnormal=False),
    st.integers(1, 300),
    st.sampled_from([-1.0, 0.0, 0.5, 1.0]),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_variable_takes_none_of_equal_scores(value, n, deviations, dtype):
    assert amounts.variable(deviations)(torch.full((n,), value, dtype=dtype), n, 1.0) == 0


def test_quantile_takes_a_share_of_the_survivors_each_round():
    assert amounts.quantile(0.25)(torch.rand(8), 100, 0.1) == 2
    assert amounts.quantile(0.25)(torch.rand(6), 100, 1.0) == 2  # round(1.5)
    assert amounts.quantile(0.0)(torch.rand(8), 8, 1.0) == 0
    assert amounts.quantile(1.0)(torch.rand(8), 8, 1.0) == 8


def test_sap_is_the_sap_amount_of_the_survivors():
    some = scores(1, 2, 3, 4, 50)
    # (1, 2): r/d = (1 - I)^2 = mean^2 / mean of squares = 144 / 506; floor(5 * (1 - 144/506)) = floor(3.577)
    assert amounts.sap(p=1, q=2)(some, 100, 0.1) == 3 == sap_amount(some, 1, 2)
    assert amounts.sap(p=1, q=2, gamma=0.5)(some, 5, 1.0) == 1
    assert amounts.sap(p=1, q=2, beta=0.5)(some, 5, 1.0) == 2
    assert amounts.sap(p=1, q=2, eta=1.0)(some, 5, 1.0) == 4  # r shrinks to a quarter: floor(5 * min(.93, .9))


@pytest.mark.parametrize("make", [amounts.target, amounts.quantile])
@pytest.mark.parametrize("bad", [50, 1.5, -0.1, math.nan, "0.5"])
def test_what_is_no_share_is_refused_at_once(make, bad):
    with pytest.raises(CourseError, match="share between 0 and 1"):
        make(bad)


@pytest.mark.parametrize(
    "bad", [{"p": 1, "q": 1}, {"p": 0}, {"eta": -1}, {"gamma": 0}, {"beta": 0}, {"beta": 90}, {"gamma": math.nan}]
)
def test_bad_settings_of_sap_are_refused_at_once(bad):
    name = "beta" if "beta" in bad else next(iter(bad))
    with pytest.raises(CourseError, match=f"{name}="):
        amounts.sap(**bad)
