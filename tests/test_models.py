"""The four networks: their sizes, their seeds, and that every activation can be read by name."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from toy import MODELS, bench_of, same

from course_lib import models
from course_lib.errors import CourseError
from course_lib.network import units
from course_lib.network.layers import ACTIVATIONS


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_reference_net_has_1_250_858_parameters_on_cifar_sizes():
    assert count(models.build("cnn", bench_of(3, 32))) == 1_250_858


def test_the_mlp_is_784_128_256_10_on_fashion_sizes():
    layers = [m for m in models.build("mlp", bench_of(1, 28)).modules() if isinstance(m, nn.Linear)]
    assert [layer.in_features for layer in layers] + [layers[-1].out_features] == [784, 128, 256, 10]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [16, 25, 28, 32])
@pytest.mark.parametrize("name", MODELS)
def test_any_image_size_gives_one_output_a_class(name, size, channels):
    bench = bench_of(channels, size, classes=7)
    outputs = models.build(name, bench).eval()(bench.example)
    assert outputs.shape == (8, 7)
    assert outputs.isfinite().all()


@pytest.mark.parametrize(("name", "size"), [("cnn", 8), ("vgg", 4)])
def test_images_that_are_too_small_are_refused_in_a_sentence(name, size):
    with pytest.raises(CourseError, match=rf"images of {size}x{size} were given; .*16x16 or more\.$"):
        models.build(name, bench_of(1, size))


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(name):
    bench = bench_of(3, 16)
    torch.manual_seed(1)
    first = models.build(name, bench, seed=3)
    torch.manual_seed(2)
    assert same(first, models.build(name, bench, seed=3))
    for parameter, other in zip(first.parameters(), models.build(name, bench, seed=4).parameters(), strict=True):
        drawn_at_random = parameter.std() > 0  # BatchNorm starts at ones and zeros
        assert not drawn_at_random or not torch.equal(parameter, other)


@pytest.mark.parametrize("name", MODELS)
def test_building_leaves_the_global_random_state_alone(name):
    before = torch.get_rng_state()
    models.build(name, bench_of(1, 16), seed=5)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", MODELS)
def test_every_activation_is_a_module_that_is_called_once(name):
    bench = bench_of(3, 16)
    model, calls = models.build(name, bench).eval(), {}
    for called, module in model.named_modules():
        if isinstance(module, ACTIVATIONS):
            module.register_forward_hook(lambda *_, called=called: calls.update({called: calls.get(called, 0) + 1}))
    model(bench.example)
    activations = {called for called, module in model.named_modules() if isinstance(module, ACTIVATIONS)}
    assert calls == dict.fromkeys(activations, 1)


@pytest.mark.parametrize("name", MODELS)
def test_every_group_has_a_site(name):
    bench = bench_of(3, 16)
    model = models.build(name, bench)
    for group in units.groups(model, bench.example):
        assert isinstance(model.get_submodule(group.site), ACTIVATIONS)
        assert not group.site_problem


@pytest.mark.parametrize("name", MODELS)
def test_no_network_applies_an_activation_without_a_module(name):
    """Else a ReLU would cut negative values although its module is replaced by nothing."""
    bench = bench_of(1, 16)
    model = models.build(name, bench).eval()
    for parent in list(model.modules()):
        for child, module in list(parent.named_children()):
            if isinstance(module, ACTIVATIONS):
                setattr(parent, child, nn.Identity())
            elif isinstance(module, nn.MaxPool2d):
                setattr(parent, child, nn.AvgPool2d(2))
    x = bench.example
    middle = model(x / 2 + x.flip(0) / 2)  # what is left is affine
    torch.testing.assert_close(middle, model(x) / 2 + model(x.flip(0)) / 2, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_no_network_has_a_grouped_convolution(name):
    convolutions = [m for m in models.build(name, bench_of(1, 16)).modules() if isinstance(m, nn.Conv2d)]
    assert (name == "mlp") != bool(convolutions)
    assert all(convolution.groups == 1 for convolution in convolutions)


def test_an_unknown_network_is_refused_with_the_known_ones():
    with pytest.raises(CourseError, match="model 'transformer' was given; known are mlp, cnn, vgg, resnet"):
        models.build("transformer", bench_of())
