"""The state behind lesson 05's sliders: rounds as the pruner makes them, and a bound that is one."""

from __future__ import annotations

import pytest
import torch

from course_lib import models
from course_lib.pruning import Masks, SAPPruner, sap_amount
from course_lib.teaching import figures
from course_lib.teaching.boards import explorer

LAYERS = ("hidden1", "hidden2", "head")


@pytest.fixture(scope="module")
def model(bench):
    net = models.build("mlp", bench)
    with torch.no_grad():
        for name in LAYERS:
            weight = net.get_submodule(name).weight
            weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(len(name))) ** 3)
    return net


@pytest.fixture(scope="module")
def explored(model):
    return explorer.Explorer.of({name: model.get_submodule(name).weight for name in LAYERS})


@pytest.mark.parametrize("scope", ["neuron", "layer", "global"])
def test_the_explorer_takes_what_the_pruner_takes(explored, model, bench, scope):
    options = {"p": 1.0, "q": 2.0, "eta": 0.1, "gamma": 0.75, "beta": 0.6}
    state = explored.at(**options, scope=scope, rounds=3, shown=2)
    pruner, masks = SAPPruner(**options, scope=scope), Masks.dense(model)
    for number, layers in enumerate(state.history):
        for name in LAYERS:
            left = int(masks[f"{name}.weight"].sum()) if len(masks) else layers[name].size
            assert layers[name].survivors == left
        masks, seen = pruner.propose(model, bench, masks)
        if scope != "global":
            for name in LAYERS:
                assert layers[name].index == pytest.approx(
                    seen[f"{name}.weight"]["index"], abs=0.1 if scope == "neuron" else 1e-9
                )
        gone = sum(int((~masks[f"{name}.weight"]).sum()) for name in LAYERS)
        size = sum(layer.size for layer in layers.values())
        assert state.totals[number] == pytest.approx(gone / size)
        for name in LAYERS:
            assert layers[name].survivors - layers[name].amount == int(masks[f"{name}.weight"].sum())


@pytest.mark.parametrize("scope", ["neuron", "layer", "global"])
def test_the_explorer_draws_at_its_limits(explored, scope):
    for gamma, beta, eta in ((0.25, 0.1, 0.0), (8.0, 1.0, 0.0), (1.0, 0.9, 2.0)):
        state = explored.at(1.0, 2.0, eta, gamma, beta, scope, rounds=4, shown=9)
        assert state.shown == 4
        assert all(0 <= a <= b <= 1 for a, b in zip(state.totals, state.totals[1:], strict=False))
        picture = figures.explorer_board(state)
        assert picture.png() and f"{state.totals[-1]:.3f} gone after 4 rounds" in picture.alt


def test_the_bound_never_lies_above_the_truth_and_meets_it_for_equal_weights_among_zeros():
    drawn = torch.randn(500, generator=torch.Generator().manual_seed(1))
    half = torch.cat([torch.ones(4), torch.zeros(4)])
    for p, q in ((0.5, 1.0), (1.0, 2.0), (0.3, 3.0)):
        state = explorer.bound(drawn, "normal", p, q, 0.25)
        assert all(bound <= truth + 1e-9 for _, bound, truth in state.curve)
        assert state.curve[0][2] == 1
        exact = explorer.bound(half, "half", p, q, 0.0)
        assert (exact.bound, exact.truth, exact.lost) == (pytest.approx(0.5), 0.5, 0)
    kept = drawn.abs().double().sort(descending=True).values[: len(drawn) - sap_amount(drawn, 1, 2)]
    lost = (drawn.abs().double().sum() - kept.sum()) / kept.sum()
    assert explorer.bound(drawn, "normal", 1.0, 2.0, 0.0).lost == pytest.approx(float(lost))
