"""What a score may ask for, and who provides it."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy import bench_of

from course_lib import models
from course_lib.axes import amounts, scopes, scores
from course_lib.errors import CourseError
from course_lib.network.recording import input_squares
from course_lib.pruning import MagnitudePruner, Masks, Pruner, SAPPruner
from course_lib.pruning.needs import NEEDS, Need


def two_layers(bench):
    torch.manual_seed(0)
    features = bench.shape[0] * bench.shape[1] * bench.shape[2]
    return nn.Sequential(nn.Flatten(), nn.Linear(features, 5), nn.ReLU(), nn.Linear(5, bench.num_classes))


def loud(weight, inputs):
    return (weight.abs() * inputs.sqrt()).sum(1)


def test_the_inputs_of_dense_layers_are_the_mean_squares_computed_by_hand():
    bench = bench_of(size=4, count=20)
    model = two_layers(bench)
    images = bench.normalise(bench.train.images).double().flatten(1)
    hidden = torch.relu(images @ model[1].weight.double().T + model[1].bias.double())
    found = input_squares(model, bench, ["1", "3"], samples=20, seed=0)
    for name, given in {"1": images, "3": hidden}.items():
        expected = torch.stack([given[:, j].square().mean() for j in range(given.shape[1])])
        assert found[f"{name}.weight"].shape == model[int(name)].weight.shape
        for row in found[f"{name}.weight"]:  # each output reads the same inputs
            torch.testing.assert_close(row.double(), expected, rtol=1e-5, atol=1e-7)


def test_the_input_of_a_convolution_is_the_mean_square_of_its_channel():
    bench = bench_of(channels=3, size=6, count=10)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10))
    found = input_squares(model, bench, ["0"], samples=10, seed=0)["0.weight"]
    channels = bench.normalise(bench.train.images).double().square().mean((0, 2, 3))
    assert found.shape == (4, 3, 3, 3)
    torch.testing.assert_close(found.double(), channels[None, :, None, None].expand(4, 3, 3, 3), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_each_group_of_a_grouped_convolution_reads_its_own_channels(kind):
    bench = bench_of(channels=4, size=6, count=10)
    layer = kind(4, 8, 3, groups=2)
    model = nn.Sequential(layer, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
    found = input_squares(model, bench, ["0"], samples=10, seed=0)["0.weight"]
    images = bench.normalise(bench.train.images)
    channels = images.double().square().mean((0, 2, 3))
    assert found.shape == layer.weight.shape
    with torch.no_grad():  # an output that changes with one weight tells which input channel that weight reads
        for row in range(len(layer.weight)):
            for column in range(layer.weight.shape[1]):
                layer.weight.zero_()
                layer.weight[row, column, 1, 1] = 1.0
                out = layer(images) - (layer.bias[:, None, None] if layer.bias is not None else 0)
                (channel,) = [
                    c
                    for c in range(4)
                    if torch.allclose(out.abs().sum((0, 2, 3)).max(), shifted(images[:, c], kind), rtol=1e-4)
                ]
                torch.testing.assert_close(found[row, column].double(), channels[channel].expand(3, 3), rtol=1e-5, atol=1e-7)


def shifted(channel, kind):
    """The summed magnitude of a channel as the middle weight of a 3x3 kernel sees it."""
    return (channel[:, 1:-1, 1:-1] if kind is nn.Conv2d else channel).abs().sum()


def test_a_layer_that_is_never_called_is_refused_by_name():
    bench = bench_of(size=4)
    model = two_layers(bench)
    model.add_module("spare", nn.Identity())
    model.spare.layer = nn.Linear(3, 3)
    with pytest.raises(CourseError, match=r"layer spare\.layer is not called"):
        input_squares(model, bench, ["1", "spare.layer"], samples=20, seed=0)


def test_nothing_of_measuring_stays_with_the_model():
    bench = bench_of(size=4)
    model = two_layers(bench).train()
    before = copy.deepcopy(model.state_dict())
    input_squares(model, bench, ["1"], samples=20, seed=0)
    assert not any(module._forward_pre_hooks for module in model.modules()) and model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_score_sees_what_is_still_kept(bench):
    seen = []

    def watching(weight, alive):
        seen.append((weight.shape[0], alive.clone()))
        return weight.abs().sum(1)

    model = models.build("cnn", bench)
    pruner = Pruner(watching, "filter", amount=amounts.quantile(0.5))
    first = pruner.masks(model, bench)
    assert all(alive.all() and len(alive) == n for n, alive in seen)
    seen.clear()
    pruner.masks(model, bench, first)
    assert [int(alive.sum()) for _, alive in seen] == [
        int(first.units[name].sum()) for name in ("conv1", "conv2", "conv3", "conv4")
    ]


def test_a_new_need_is_one_row(bench, monkeypatch):
    monkeypatch.setitem(NEEDS, "fan_in", Need(lambda asked: lambda layer: [layer.rows(asked.parameters).shape[1]]))
    model = models.build("cnn", bench)
    ours = Pruner(lambda weight, fan_in: weight.abs().sum(1) / fan_in, "filter").masks(model, bench)
    assert dict(ours) and all(
        torch.equal(ours[name], mask) for name, mask in Pruner("l1_mean", "filter").masks(model, bench).items()
    )


def test_a_need_that_single_weights_do_not_have_is_refused():
    with pytest.raises(CourseError, match="unit='weight' was given with a score of its activation"):
        Pruner(lambda activation: activation.total, "weight")


def test_an_allocation_is_bound_once_a_round_to_the_shapes_of_all_layers(bench):
    calls = []

    class ByWidth:
        def bind(self, shapes):
            calls.append(dict(shapes))
            return {name: amounts.target(0.5 if len(shape) == 4 else 0.1) for name, shape in shapes.items()}

    model = models.build("cnn", bench)
    masks, seen = Pruner("magnitude", "weight", amount=ByWidth()).propose(model, bench)
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters() if p.ndim > 1}
    assert calls == [shapes]
    for name, facts in seen.items():
        assert facts["removed"] == round((0.5 if len(shapes[name]) == 4 else 0.1) * masks[name].numel())


@pytest.mark.parametrize("scope", ["neuron", "global"])
def test_an_allocation_needs_one_group_a_layer(scope):
    class Any:
        def bind(self, shapes):
            return {}

    with pytest.raises(CourseError, match=f"scope='{scope}' was given; Any gives each layer its own amount"):
        Pruner("magnitude", "weight", scope, Any())
    weights = scopes.Candidates("a", [torch.ones(4)], torch.ones(4, dtype=torch.bool), 2, (2, 2))
    with pytest.raises(CourseError, match="Any gives each layer"):
        scopes.decide([weights], Any(), scope)


def test_paced_takes_the_same_share_of_every_groups_survivors_and_repeats_the_last(bench):
    model, masks = models.build("mlp", bench), None
    pruner = Pruner("magnitude", "weight", amount=amounts.paced([0.5, 0.2]))
    for number, share in enumerate((0.5, 0.2, 0.2), 1):
        masks, seen = pruner.at_round(number).propose(model, bench, masks)
        assert all(facts["removed"] == round(share * facts["survivors"]) for facts in seen.values())


@pytest.mark.parametrize("bad", [[], [0.5, 30], "0.5", 0.5, None])
def test_paced_refuses_what_is_no_list_of_shares(bad):
    with pytest.raises(CourseError, match="shares="):
        amounts.paced(bad)


def test_an_amount_is_read_from_plain_data_as_a_record_describes_it():
    for name, amount in {
        "sap": amounts.sap(1, 2, gamma=3),
        "paced": amounts.paced([0.1, 0.2]),
        "fixed": amounts.fixed([0.1, 0.2]),
    }.items():
        described = Pruner("magnitude", "weight", amount=amount).describe()["amount"]
        assert described["rule"] == name and amounts.of(**described) == amount


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"rule": "half"}, "rule='half' was given; the amounts are target, fixed"),
        ({"rule": "sap", "r": 1}, "the amount sap has no setting 'r'; it has p, q, eta, gamma, beta"),
        ({"rule": "target"}, "the amount target lacks its setting 'sparsity'"),
        ({"rule": "target", "sparsity": 90}, "for 90 percent give 0.9"),
    ],
)
def test_plain_data_that_name_no_amount_are_refused_in_one_sentence(bad, sentence):
    with pytest.raises(CourseError, match=sentence):
        amounts.of(**bad)


def test_a_preset_is_a_class_and_stays_one_from_round_to_round():
    for pruner, kind in ((SAPPruner(1, 2), SAPPruner), (MagnitudePruner(0.9), MagnitudePruner)):
        assert isinstance(pruner, kind) and isinstance(pruner, Pruner) and not isinstance(Pruner(), kind)
        assert isinstance(pruner.at_round(3), kind) and copy.deepcopy(pruner) == pruner


def test_every_rule_and_every_score_has_a_name_of_its_own():
    assert {rule.__name__ for rule in amounts.RULES.values()} == set(amounts.RULES)
    assert set(scores.SCORES.values()) >= scores.OF_UNITS


def test_masks_of_single_weights_shrink_under_any_need(bench):
    model = models.build("cnn", bench)
    pruner = Pruner(
        lambda weight, inputs: (weight.abs() * inputs.sqrt()).sum(1), "weight", "neuron", amounts.quantile(0.3), samples=32
    )
    first = pruner.masks(model, bench)
    second = pruner.masks(model, bench, first)
    assert all((second[name] <= first[name]).all() for name in first) and second.sparsity > first.sparsity
    assert isinstance(second, Masks)


@pytest.mark.parametrize("pruner", [MagnitudePruner(0.5), Pruner(loud, "weight", samples=20)], ids=["magnitude", "inputs"])
def test_a_model_that_is_one_layer_is_pruned(pruner):
    masks = pruner.masks(nn.Conv2d(1, 10, 28), bench_of())  # (n, 1, 28, 28) -> (n, 10, 1, 1)
    assert set(masks) == {"weight"} and int((~masks["weight"]).sum()) == 10 * 28 * 28 // 2


def test_a_layer_that_is_called_by_keyword_is_measured_as_well():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(16, 10)

        def forward(self, x):
            return self.layer(input=x.flatten(1))

    bench = bench_of(size=4, count=20)
    found = input_squares(Named(), bench, ["layer"], samples=20, seed=0)["layer.weight"]
    expected = bench.normalise(bench.train.images).flatten(1).square().mean(0)
    torch.testing.assert_close(found[0], expected, rtol=1e-5, atol=1e-7)


def test_every_recorded_epoch_draws_the_same_numbers(bench):
    seen = []

    def drawn(activation, generator):
        seen.append(torch.rand((), generator=generator).item())
        return activation.total

    model = models.build("mlp", bench)
    pruner = Pruner(drawn, "neuron", amount=amounts.quantile(0.1), history=2, layers=["hidden1"])
    recorder = pruner.recorder(model, bench)
    with recorder, torch.no_grad():
        for _ in range(2):
            model(bench.example)
            recorder.end_epoch()
    pruner.masks(model, bench, recording=recorder.recording)
    assert len(seen) == 2 and seen[0] == seen[1]


def test_a_preset_changes_a_field_and_equals_what_answers_alike():
    changed = MagnitudePruner(0.9).but(cap=0.5)
    assert isinstance(changed, MagnitudePruner) and changed.cap == 0.5 and changed != MagnitudePruner(0.9)
    assert SAPPruner(1, 2) == Pruner("magnitude", "weight", "layer", amounts.sap(1, 2))
    assert hash(SAPPruner(1, 2)) == hash(Pruner("magnitude", "weight", "layer", amounts.sap(1, 2)))
    assert repr(SAPPruner(1, 2)).startswith("Pruner(score='magnitude', unit='weight'")
    with pytest.raises(CourseError, match="a pruner has no 'floor' to change"):
        changed.but(floor=3)
    with pytest.raises(CourseError, match="cap="):
        changed.but(cap=50)


def test_an_allocation_that_leaves_out_a_layer_is_told_which(bench):
    class Nothing:
        def bind(self, shapes):
            return {}

    with pytest.raises(CourseError, match=r"Nothing has no amount for layer hidden1\.weight"):
        Pruner("magnitude", "weight", amount=Nothing()).masks(models.build("mlp", bench), bench)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"unit": "filter", "amount": amounts.erk(0.9)}, "unit='filter' was given; erk shares out single weights"),
        ({"unit": "weight", "amount": amounts.erk}, "amount=.* was given; give one of amounts"),
        ({"unit": "weight", "score": 5}, "score=5 was given; it is one of l1"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_sentence(given, sentence):
    with pytest.raises(CourseError, match=sentence):
        Pruner(**given)


def test_lists_a_round_may_be_arrays_or_columns_of_a_table():
    for values in (np.array([0.1, 0.2]), pd.Series([0.1, 0.2]), torch.tensor([0.5, 0.25]), (0.1, 0.2)):
        assert len(amounts.paced(values).shares) == 2 and amounts.fixed(values).at_round(2).threshold == float(values[1])
        assert isinstance(hash(amounts.paced(values)), int)
