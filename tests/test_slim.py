"""From masked to small: the same outputs and the same count, or a refusal by name."""

from __future__ import annotations

import copy

import pytest
import torch
from test_units import Net, tail
from torch import nn
from toy import MODELS, drawn, same

from course_lib import measure, models, slim, train
from course_lib.errors import CourseError
from course_lib.network import cutting, units
from course_lib.network.masks import Masks
from course_lib.pruning import L1NormPruner, MagnitudePruner, RandomPruner


def some_units(model, example, seed=0, share=0.5):
    """Closed masks of units drawn by lot, at least one of each group."""
    found = units.groups(model, example)
    generator = torch.Generator().manual_seed(seed)
    kept = {group.name: torch.rand(group.size, generator=generator) > share for group in found}
    for mask in kept.values():
        mask[0] |= not mask.any()
    return units.close(model, found, kept)


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def distance(model, other, images):
    """Largest difference of the outputs, in standard deviations of the first's; written anew, not slim's own."""
    with torch.no_grad():
        ours, theirs = model.eval()(images), other.eval()(images)
    return ((ours - theirs).abs().max() / ours.std()).item()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", MODELS)
def test_masked_equals_slimmed(bench, name, seed):
    model = drawn(models.build(name, bench), seed)
    masks = some_units(model, bench.example, seed)
    small = slim.slim(model, masks, bench.example)
    masked = masks.apply_(copy.deepcopy(model))
    images = bench.normalise(bench.validation.images[:100])  # not those that slim compares on
    assert distance(masked, small, images) < 1e-5
    assert distance(model, small, images) > 1e-2  # and something was removed


@pytest.mark.parametrize("name", MODELS)
def test_sparsity_is_the_same_before_and_after_slimming(bench, name):
    model = drawn(models.build(name, bench))
    masks = some_units(model, bench.example)
    small = slim.slim(model, masks, bench.example)
    assert parameters(small) == masks.kept_parameters
    assert 1 - parameters(small) / parameters(model) == pytest.approx(masks.sparsity)
    kept = sum(int(mask.sum()) for mask in masks.units.values())
    assert sum(group.size for group in units.groups(small, bench.example)) == kept


@pytest.mark.parametrize("name", MODELS)
def test_one_unit_a_layer_is_enough(bench, name):
    model = drawn(models.build(name, bench))
    masks = some_units(model, bench.example, share=1.0)
    small = slim.slim(model, masks, bench.example)
    assert {group.size for group in units.groups(small, bench.example)} == {1}
    assert parameters(small) == masks.kept_parameters


@pytest.mark.parametrize("name", MODELS)
def test_layers_say_their_new_sizes(bench, name):
    model = models.build(name, bench)
    small = slim.slim(model, some_units(model, bench.example), bench.example)
    for module in small.modules():
        if isinstance(module, nn.Linear):
            assert module.weight.shape == (module.out_features, module.in_features)
        elif isinstance(module, nn.Conv2d):
            assert module.weight.shape[:2] == (module.out_channels, module.in_channels)
        elif isinstance(module, nn.BatchNorm2d):
            assert len(module.weight) == len(module.bias) == len(module.running_mean) == module.num_features
            assert len(module.running_var) == module.num_features


@pytest.mark.parametrize("cutter", ["_keep_rows", "_keep_columns"])
@pytest.mark.parametrize("name", MODELS)
def test_a_slimmer_that_slices_the_wrong_channels_is_caught(bench, name, cutter, monkeypatch):
    model = drawn(models.build(name, bench))
    masks = some_units(model, bench.example)
    right = getattr(cutting, cutter)
    monkeypatch.setattr(cutting, cutter, lambda module, kept: right(module, kept.roll(1)))
    with pytest.raises(CourseError, match=r"^layer [\w.]+ cannot be slimmed: the outputs would change"):
        slim.slim(model, masks, bench.example)


def test_a_norm_that_keeps_its_old_statistics_is_caught(bench, monkeypatch):
    model = drawn(models.build("vgg", bench))
    masks = some_units(model, bench.example)
    right = cutting._replace
    monkeypatch.setattr(
        cutting, "_replace", lambda module, name, t: right(module, name, t.roll(1) if name == "running_mean" else t)
    )
    with pytest.raises(CourseError, match="cannot be slimmed"):
        slim.slim(model, masks, bench.example)


def sigmoids():
    layers = {"conv": nn.Conv2d(1, 4, 3, 3), "relu": nn.ReLU(), "conv2": nn.Conv2d(4, 6, 3, 3), "sigmoid": nn.Sigmoid()}
    return drawn(Net(**layers, **tail(6, 9)))


def test_an_activation_that_does_not_map_0_to_0_is_no_matter_where_the_masks_are_closed(bench):
    """What a gone unit goes on saying (0.5 here) is not heard: its consumers' slices are masked, too."""
    model = sigmoids()
    masks = some_units(model, bench.example)
    small = slim.slim(model, masks, bench.example)
    assert distance(masks.apply_(copy.deepcopy(model)), small, bench.normalise(bench.test.images)) < 1e-5


def test_an_activation_that_does_not_map_0_to_0_is_refused_with_the_layers_name_where_they_are_not(bench):
    model = sigmoids()
    closed = some_units(model, bench.example)
    rows = {name: mask for name, mask in closed.items() if name != "head.weight"}
    with pytest.raises(CourseError, match=r"layer conv2 cannot be slimmed: .*activation map 0 to 0"):
        slim.slim(model, Masks(rows, closed.total, closed.units), bench.example)


def test_a_network_with_nan_is_not_passed_off_as_slimmed(bench):
    model = models.build("mlp", bench)
    masks = some_units(model, bench.example)
    with torch.no_grad():
        model.head.bias[0] = torch.nan
    with pytest.raises(CourseError, match="cannot be slimmed"):
        slim.slim(model, masks, bench.example)


@pytest.mark.parametrize("pruner", [MagnitudePruner(0.5), RandomPruner(0.5)])
def test_masks_of_single_weights_are_refused(bench, pruner):
    model = models.build("mlp", bench)
    with pytest.raises(CourseError, match="the masks are of single weights"):
        slim.slim(model, pruner.masks(model, bench), bench.example)


def test_masks_of_another_network_are_refused_by_name(bench):
    masks = some_units(models.build("mlp", bench), bench.example)
    with pytest.raises(CourseError, match=r"the masks name a parameter 'hidden1\.weight'"):
        slim.slim(models.build("cnn", bench), masks, bench.example)


def test_single_weights_that_are_gone_stay_as_zeros(bench):
    model = drawn(models.build("cnn", bench))
    masks = L1NormPruner(0.5).masks(model, bench, MagnitudePruner(0.5).masks(model, bench))
    small = slim.slim(model, masks, bench.example)
    assert masks.kept_parameters == measure.nonzeros(small) < parameters(small)
    masked = masks.apply_(copy.deepcopy(model))
    assert distance(masked, small, bench.normalise(bench.test.images)) < 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_the_original_is_left_as_it_was_and_shares_nothing_with_the_small_one(bench, name):
    model = drawn(models.build(name, bench)).train()
    masks = some_units(model, bench.example)
    before = copy.deepcopy(model)
    small = slim.slim(model, masks, bench.example)
    with torch.no_grad():
        for tensor in small.state_dict().values():
            tensor.zero_()
    assert same(model, before)
    assert all(module.training for module in (*model.modules(), *small.modules()))
    assert not any(module._forward_hooks for module in (*model.modules(), *small.modules()))


def test_a_frozen_parameter_stays_frozen(bench):
    model = models.build("vgg", bench)
    model.conv1.requires_grad_(False)
    small = slim.slim(model, some_units(model, bench.example), bench.example)
    frozen = {name for name, parameter in small.named_parameters() if not parameter.requires_grad}
    assert frozen == {"conv1.weight"}
    assert all(isinstance(parameter, nn.Parameter) for parameter in small.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_a_slimmed_network_can_be_pruned_and_slimmed_again(bench, name):
    model = drawn(models.build(name, bench))
    small = slim.slim(model, some_units(model, bench.example, share=0.3), bench.example)
    masks = some_units(small, bench.example, seed=1, share=0.3)
    assert masks.total == parameters(small)
    smaller = slim.slim(small, masks, bench.example)
    assert parameters(smaller) == masks.kept_parameters < parameters(small)
    images = bench.normalise(bench.test.images)
    assert distance(masks.apply_(copy.deepcopy(small)), smaller, images) < 1e-5


def test_nothing_gone_gives_the_same_network(bench):
    model = models.build("resnet", bench)
    whole = {group.name: torch.ones(group.size, dtype=torch.bool) for group in units.groups(model, bench.example)}
    assert same(slim.slim(model, Masks({}, parameters(model), whole), bench.example), model)


def test_macs_fall_as_computed_by_hand(bench):
    """The reference net on 28x28x1 with half of its filters and all of its neurons."""
    model = models.build("cnn", bench)
    small = slim.slim(model, L1NormPruner(0.5).masks(model, bench), bench.example)

    def by_hand(a, b, c, d, neurons):  # 28 same, 26 valid, 13 same, 11 valid, then 5x5
        convolutions = 28**2 * 9 * 1 * a + 26**2 * 9 * a * b + 13**2 * 9 * b * c + 11**2 * 9 * c * d
        return convolutions + 25 * d * neurons + neurons * 10

    assert measure.macs(model, bench.example) == by_hand(32, 32, 64, 64, 512)
    assert measure.macs(small, bench.example) == by_hand(16, 16, 32, 32, 512)


@pytest.mark.parametrize("name", MODELS)
def test_a_slimmed_network_learns(bench, name):
    model = models.build(name, bench)
    small = slim.slim(model, some_units(model, bench.example), bench.example)
    before = copy.deepcopy(small)
    history = train.fit(small, bench, epochs=2, batch_size=50)
    assert history["epochs"][-1]["loss"] < history["epochs"][0]["loss"]
    assert all(not torch.equal(*pair) for pair in zip(small.parameters(), before.parameters(), strict=True))


def test_a_slimmed_model_has_the_modes_of_its_source(bench):
    model = models.build("vgg", bench).train()
    model.norm1.eval()
    before = [module.training for module in model.modules()]
    small = slim.slim(model, some_units(model, bench.example), bench.example)
    assert [module.training for module in small.modules()] == before
    assert [module.training for module in model.modules()] == before


@pytest.mark.parametrize("name", MODELS)
def test_widths_become_multiples_and_the_outputs_stay(bench, name):
    model = drawn(models.build(name, bench))
    masks = some_units(model, bench.example)
    small = slim.slim(model, masks, bench.example, round_to=8)
    masked = masks.apply_(copy.deepcopy(model))
    assert distance(masked, small, bench.normalise(bench.validation.images[:100])) < 1e-5
    for group in units.groups(model, bench.example):
        kept = int(masks.units[group.name].sum())
        widths = {len(small.get_submodule(producer).weight) for producer in group.producers}
        assert widths == {min(group.size, -(-kept // 8) * 8)}


def test_a_width_that_cannot_be_is_refused(bench):
    model = models.build("mlp", bench)
    with pytest.raises(CourseError, match="round_to=0 was given"):
        slim.slim(model, some_units(model, bench.example), bench.example, round_to=0)
