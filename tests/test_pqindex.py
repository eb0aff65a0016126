"""The PQ index, the retain bound and the SAP amount against exact numbers, closed forms and properties."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_lib.axes.pqindex import AllZeroError
from course_lib.errors import CourseError
from course_lib.pruning import SAPPruner, pq_index, retain_bound, sap_amount

VECTORS = Path(__file__).parent / "vectors"
EXACT = json.loads((VECTORS / "pqi.json").read_text(encoding="utf-8"))
ROUNDS = json.loads((VECTORS / "sap.json").read_text(encoding="utf-8"))
NORMS = [(0.5, 1.0), (1.0, 2.0), (0.1, 1.0), (0.5, 2.0)]
norms = st.sampled_from(NORMS)
numbers = st.floats(-100, 100, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-6)
weights = st.lists(numbers, min_size=1, max_size=30).filter(any).map(lambda w: torch.tensor(w, dtype=torch.float64))


def values_of(entry):
    if "values" in entry:
        return torch.tensor(entry["values"], dtype=torch.float64)
    recipe = entry["recipe"]
    rng, n = np.random.RandomState(recipe["seed"]), math.prod(recipe["shape"])
    draw = {
        "normal": lambda: rng.standard_normal(n),
        "uniform": lambda: rng.uniform(-1, 1, n),
        "laplace": lambda: rng.laplace(size=n),
        "student3": lambda: rng.standard_t(3, n),
        "half-zero": lambda: rng.standard_normal(n) * (rng.uniform(size=n) < 0.5),
    }[recipe["distribution"]]
    return torch.from_numpy((draw() * recipe["scale"]).astype(recipe["dtype"]).reshape(recipe["shape"]))


@pytest.mark.parametrize("entry", EXACT, ids=lambda entry: entry["name"])
def test_index_bound_and_amount_agree_with_sixty_digit_arithmetic(entry):
    w = values_of(entry)
    assert w.numel() == entry["size"] and entry["cases"]
    for case in entry["cases"]:
        p, q, exact = case["p"], case["q"], float(case["index"])
        index = pq_index(w, p, q)
        assert index == pytest.approx(exact, rel=1e-9, abs=1e-9 if exact < 1e-6 else 0)
        for rule in case["settings"]:
            eta, gamma, beta = rule["eta"], rule["gamma"], rule["beta"]
            bound = retain_bound(w.numel(), index, p, q, eta)
            # Where 1 - I is tiny (one hot, p = 0.1: 1e-9), the double next to I is too far for nine digits of r, whoever
            # computes it: half an ulp of I, times the slope of r. Only that case has a wider tolerance, 1.2e-8.
            slope = p * q / (q - p) / (1 - index)
            assert bound == pytest.approx(float(rule["retain_bound"]), rel=max(1e-9, slope * 2**-53))
            assert sap_amount(w, p, q, eta, gamma, beta) == rule["sap_amount"], (p, q, rule)


# PRUNING_FACTS, section 2: I, and r/d at eta = 0, of independent weights.
CLOSED = {
    ("normal", 0.5, 1.0): (0.152787, 0.847213),
    ("normal", 1.0, 2.0): (1 - math.sqrt(2 / math.pi), 2 / math.pi),
    ("uniform", 0.5, 1.0): (1 / 9, 8 / 9),
    ("uniform", 1.0, 2.0): (1 - math.sqrt(3) / 2, 3 / 4),
    ("laplace", 0.5, 1.0): (0.214602, math.pi / 4),
    ("laplace", 1.0, 2.0): (1 - 1 / math.sqrt(2), 1 / 2),
}


@pytest.mark.parametrize(("distribution", "p", "q"), CLOSED)
def test_independent_weights_have_the_closed_form_index(distribution, p, q):
    n = 1_000_000
    rng = np.random.RandomState(0)
    w = {
        "normal": lambda: rng.standard_normal(n),
        "uniform": lambda: rng.uniform(-1, 1, n),
        "laplace": lambda: rng.laplace(size=n),
    }[distribution]()
    index, kept = CLOSED[distribution, p, q]
    # The standard error of I is s / sqrt(n), with s between .16 (uniform) and .36 (Laplace, (1, 2)) in 1,000 draws.
    # Five of them are 0.002 at most; the rounded constants above add less than 1e-6.
    error = 0.4 / math.sqrt(n)
    got = pq_index(torch.from_numpy(w), p, q)
    assert got == pytest.approx(index, abs=5 * error)
    # (1 - I)^(pq/(q-p)) has a slope of at most pq/(q-p) <= 2 where I is in [0, 1].
    assert retain_bound(n, got, p, q) / n == pytest.approx(kept, abs=2 * 5 * error)


def test_half_and_one_keep_one_minus_the_index_and_one_and_two_keep_its_square():
    for index in (0.0, 0.2, 0.75):
        assert retain_bound(40, index, 0.5, 1) == pytest.approx(40 * (1 - index))
        assert retain_bound(40, index, 1, 2) == pytest.approx(40 * (1 - index) ** 2)


def test_eta_of_one_quarters_the_bound_of_half_and_one():
    assert retain_bound(100, 0.3, 0.5, 1, eta=1.0) == pytest.approx(retain_bound(100, 0.3, 0.5, 1) / 4)


@given(weights, norms)
def test_the_index_lies_between_zero_and_its_maximum(w, pq):
    p, q = pq
    assert 0 <= pq_index(w, p, q) <= 1 - w.numel() ** (1 / q - 1 / p) + 1e-12


@given(weights, norms, st.sampled_from([1e-30, 0.1, -3.0, 1e30]))
def test_scaling_leaves_the_index(w, pq, factor):
    assert pq_index(w * factor, *pq) == pytest.approx(pq_index(w, *pq), abs=1e-10)


@given(weights, norms, st.integers(2, 4))
def test_cloning_leaves_the_index(w, pq, times):
    assert pq_index(w.repeat(times), *pq) == pytest.approx(pq_index(w, *pq), abs=1e-10)


@given(weights, norms, st.integers(1, 10))
def test_appended_zeros_raise_the_index(w, pq, zeros):
    p, q = pq
    d, longer = w.numel(), pq_index(torch.cat([w, torch.zeros(zeros, dtype=w.dtype)]), p, q)
    assert longer > pq_index(w, p, q)
    # The norms stay, so only the power of d changes.
    factor = ((d + zeros) / d) ** (1 / q - 1 / p)
    assert 1 - longer == pytest.approx((1 - pq_index(w, p, q)) * factor, abs=1e-10)


@given(weights, norms, st.randoms(use_true_random=False))
def test_order_signs_and_shape_do_not_matter(w, pq, random):
    shuffled = w.tolist()
    random.shuffle(shuffled)
    shuffled = torch.tensor([x * random.choice([-1, 1]) for x in shuffled], dtype=torch.float64)
    assert pq_index(shuffled.view(1, -1, 1), *pq) == pytest.approx(pq_index(w, *pq), abs=1e-12)


@pytest.mark.parametrize(("p", "q"), NORMS)
@pytest.mark.parametrize("d", [1, 2, 10, 1000])
def test_equal_magnitudes_give_zero_and_one_survivor_gives_the_maximum(p, q, d):
    one = torch.zeros(d)
    one[d // 2] = -3.0
    assert pq_index(torch.full((d,), -0.1), p, q) == pytest.approx(0, abs=1e-12)
    assert pq_index(one, p, q) == pytest.approx(1 - d ** (1 / q - 1 / p), abs=1e-12)


def test_robin_hood_fails_where_p_exceeds_one():
    before, after = (torch.tensor(w, dtype=torch.float64) for w in ([1, 0.9, 100], [0.96, 0.94, 100]))
    assert pq_index(before, 1.5, 2) == pytest.approx(0.16636349, abs=5e-9)
    assert pq_index(after, 1.5, 2) == pytest.approx(0.16636431, abs=5e-9)
    assert pq_index(after, 1.5, 2) > pq_index(before, 1.5, 2)  # more equal, and yet "sparser"
    assert pq_index(after, 0.5, 1) < pq_index(before, 0.5, 1)
    assert pq_index(after, 1, 2) < pq_index(before, 1, 2)


def test_twenty_million_float32_weights_lose_no_digits():
    w = torch.randn(20_000_000, generator=torch.Generator().manual_seed(0))
    index = pq_index(w, 1, 2)
    absolute = w.numpy().astype(np.float64)
    exact = 1 - np.mean(np.abs(absolute)) / math.sqrt(np.mean(np.square(absolute)))
    assert index == pytest.approx(exact, rel=1e-9)


def test_a_small_p_does_not_overflow():
    w = torch.randn(100_000, generator=torch.Generator().manual_seed(0))  # the p-norm is about 1e50: beyond float32
    exact = np.mean(np.abs(w.numpy().astype(np.float64)) ** 0.1) ** 10 / np.mean(np.abs(w.numpy().astype(np.float64)))
    assert pq_index(w, 0.1, 1) == pytest.approx(1 - exact, rel=1e-9)


def test_the_weights_are_left_as_they_were():
    w = torch.tensor([-3.0, 0.0, 1.5], dtype=torch.float64, requires_grad=True)
    pq_index(w), sap_amount(w)
    assert torch.equal(w, torch.tensor([-3.0, 0.0, 1.5], dtype=torch.float64)) and w.grad is None


def test_an_exact_zero_counts_as_a_kept_weight():
    w = torch.tensor([4.0, 3.0, 2.0, 1.0])
    assert sap_amount(torch.cat([w, torch.zeros(6)])) > sap_amount(w)


@given(weights, norms, st.floats(0, 2), st.floats(0.1, 5), st.floats(0.05, 1))
def test_the_amount_never_exceeds_beta_of_the_weights(w, pq, eta, gamma, beta):
    d = w.numel()
    amount = sap_amount(w, *pq, eta, gamma, beta)
    assert isinstance(amount, int) and 0 <= amount <= beta * d + 1e-9


ONES = torch.ones(4)


@pytest.mark.parametrize("function", [pq_index, sap_amount, lambda w, p, q: retain_bound(4, 0.1, p, q)])
@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 1), (0, 1), (-1, 1), (math.nan, 1), (1, math.nan), (1, math.inf)])
def test_norms_out_of_order_are_refused(function, p, q):
    with pytest.raises(CourseError, match="0 < p < q"):
        function(ONES, p, q)


@pytest.mark.parametrize("function", [pq_index, sap_amount])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_are_refused(function, bad):
    with pytest.raises(CourseError, match="finite"):
        function(torch.tensor([1.0, bad, 2.0]))


@pytest.mark.parametrize("function", [pq_index, sap_amount])
def test_only_zeros_and_no_weights_are_refused(function):
    with pytest.raises(AllZeroError, match="only zeros"):
        function(torch.zeros(3, 2))
    with pytest.raises(CourseError, match="empty"):
        function(torch.empty(0))


@pytest.mark.parametrize(
    ("argument", "value"),
    [("eta", -0.1), ("eta", math.nan)]
    + [("gamma", value) for value in (0.0, -1.0, math.nan, math.inf)]
    + [("beta", value) for value in (0.0, -0.5, 1.1, 90, math.nan)],
)
def test_bad_settings_are_refused_by_name(argument, value):
    with pytest.raises(CourseError, match=f"{argument}={value}"):
        sap_amount(ONES, **{argument: value})


@pytest.mark.parametrize("index", [-0.1, 1.2, math.nan])
def test_a_bound_of_an_impossible_index_is_refused(index):
    with pytest.raises(CourseError, match="index="):
        retain_bound(10, index, 1, 4)


class Layers(nn.Module):
    """Dense layers without bias that hold given rows; SAP asks nothing else of a model."""

    def __init__(self, layers):
        super().__init__()
        for name, rows in layers.items():
            weight = torch.tensor(rows)
            layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
            layer.weight = nn.Parameter(weight)
            self.add_module(name, layer)


@pytest.mark.parametrize("case", ROUNDS, ids=lambda case: case["name"])
def test_sap_keeps_the_reference_weights_in_every_round(case, bench):
    model, masks = Layers(case["layers"]), None
    pruner = SAPPruner(**{name: case[name] for name in ("p", "q", "eta", "gamma", "beta", "scope")})
    assert len(case["kept_after_round"]) == 6
    for expected in case["kept_after_round"]:
        masks = pruner.masks(model, bench, masks)
        masks.apply_(model)
        kept = {name: masks[f"{name}.weight"].flatten().nonzero().flatten().tolist() for name in expected}
        assert kept == expected


@pytest.mark.parametrize(("kept", "d"), [(5, 500), (1, 1000), (3, 100_000), (499, 500)])
@pytest.mark.parametrize(
    ("p", "q"), [(0.1, 1.0), (0.01, 1.0), (0.05, 0.06), (1e-4, 2.0), (0.5, 1.0), (1.0, 2.0), (1.99, 2.0)]
)
def test_the_amount_of_equal_weights_among_zeros_is_exact_however_near_1_the_index_is(kept, d, p, q):
    w = torch.zeros(d)
    w[:kept] = -0.3
    # The bound of k equal weights among zeros is k whatever the norms are: no fewer can carry them.
    for gamma, eta in [(0.5, 0.0), (1.0, 0.0), (0.3, 0.0), (0.5, 0.1)]:
        bound = Fraction(kept) if eta == 0 else kept * Fraction((1 + eta) ** (-q / (q - p)))
        exact = Fraction(gamma) * (d - bound)
        assert sap_amount(w, p, q, eta, gamma, beta=1.0) == math.floor(exact + Fraction(d, 10**12)), (gamma, eta)


@given(weights, norms, st.floats(0.1, 1))
def test_the_amount_is_that_of_the_index_and_the_bound(w, pq, gamma):
    d, index = w.numel(), pq_index(w, *pq)
    share = gamma * (1 - retain_bound(d, index, *pq) / d)
    assert abs(sap_amount(w, *pq, gamma=gamma, beta=1.0) - d * share) < 1 + 1e-6 * d
