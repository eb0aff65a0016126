"""The door: which layout a model runs in, and one sentence for what the course cannot take."""

from __future__ import annotations

import copy

import pytest
import torch
from foreign import REFUSED_BY_LOOK, REFUSED_BY_RUN, Auxiliary, Outputs, ViewNet, flat
from torch import nn
from toy import MODELS, bench_of, same

from course_lib import models
from course_lib.errors import CourseError
from course_lib.network.entry import admit, admitted


@pytest.fixture(scope="module")
def colour():
    return bench_of(3, 16, classes=4)


def layout_of(x):
    return "channels_last" if x.is_contiguous(memory_format=torch.channels_last) else "contiguous"


# the layout


@pytest.mark.parametrize("name", MODELS)
def test_course_models_get_the_example_as_it_is(name):
    bench = bench_of(3, 32)
    model = models.build(name, bench)
    assert layout_of(bench.example) == "channels_last"
    example = admit(model, bench.example, bench.num_classes, training=True)
    assert torch.equal(example, bench.example) and example.stride() == bench.example.stride()
    assert admitted(model, bench) is bench


def test_a_network_that_flattens_with_view_gets_contiguous_images(colour):
    with pytest.raises(RuntimeError, match="view"):
        ViewNet()(colour.example)
    example = admit(ViewNet(), colour.example, 4, training=True)
    assert example.is_contiguous() and torch.equal(example, colour.example)
    bench = admitted(ViewNet(), colour)
    assert ViewNet()(bench.example).shape == (8, 4)
    for images, _ in bench.batches("train", 8, augment=True):
        assert images.is_contiguous()


def test_a_network_that_needs_the_other_layout_goes_back_to_it(colour):
    assert layout_of(admitted(flat(), admitted(ViewNet(), colour)).example) == "channels_last"


@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_one_channel_keep_their_memory(channels):
    bench = bench_of(channels, 16, classes=4)
    assert admit(ViewNet(channels), bench.example).is_contiguous()


def test_features_have_no_layout():
    example = torch.randn(5, 7)
    assert torch.equal(admit(nn.Linear(7, 3), example), example)


# no trace is left


class Counting(ViewNet):
    def __init__(self):
        super().__init__(norm=True)
        self.register_buffer("seen", torch.zeros(()))
        self.calls, self.last = 0, None
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        self.calls += 1
        self.seen += len(x)
        self.last = super().forward(x.mul_(2))
        return self.drop(self.last)


def test_admission_leaves_no_trace(colour):
    model, heard = Counting(), []
    model.fc1.eval()
    model.fc1.register_forward_hook(lambda *_: heard.append(1))
    before, modes, random = copy.deepcopy(model), [m.training for m in model.modules()], torch.get_rng_state()
    images = colour.example
    given = images.clone()
    admit(model, images, 4, training=True)
    assert same(model, before) and model.calls == 0 and model.last is None and not heard
    assert modes == [m.training for m in model.modules()]
    assert torch.equal(torch.get_rng_state(), random) and torch.equal(images, given)
    assert len(model.fc1._forward_hooks) == 1 and not model.conv1._forward_pre_hooks


def test_a_feature_map_kept_on_the_model_does_not_matter(colour):
    model = Counting()
    model(admit(model, colour.example)).sum().backward()
    assert model.last.grad_fn is not None
    admit(model, colour.example)
    assert model.last.grad_fn is not None


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad, torch.enable_grad])
def test_admission_in_any_gradient_mode(colour, mode):
    with mode():
        assert admit(ViewNet(norm=True), colour.example, 4, training=True).is_contiguous()


def test_a_frozen_model_is_admitted(colour):
    admit(ViewNet().requires_grad_(False), colour.example, 4, training=True)


# what is refused


@pytest.mark.parametrize("kind", [*REFUSED_BY_LOOK, *REFUSED_BY_RUN])
def test_what_the_course_cannot_take_is_refused_in_one_sentence(kind, colour):
    make, words = (REFUSED_BY_LOOK | REFUSED_BY_RUN)[kind]
    with pytest.raises(CourseError, match=words) as caught:
        admit(make(), colour.example, 4)
    said = str(caught.value)
    assert "\n" not in said and said.endswith(".")


def test_auxiliary_heads_are_refused_where_they_matter(colour):
    admit(Auxiliary(), colour.example, 4)
    with pytest.raises(CourseError, match=r"returns a GoogLeNetOutputs; .*aux_logits=False"):
        admit(Auxiliary(), colour.example, 4, training=True)


def test_more_outputs_than_classes_are_allowed(colour):
    admit(ViewNet(classes=9), colour.example, 4)


def test_what_cannot_be_copied_is_refused(colour):
    import threading

    model = ViewNet()
    model.lock = threading.Lock()
    with pytest.raises(CourseError, match="the model cannot be copied"):
        admit(model, colour.example)


def test_a_model_elsewhere_than_the_images_is_refused(colour):
    with pytest.raises(CourseError, match=r"the model is on cpu and the images are on meta; .*model\.to\('meta'\)"):
        admit(Outputs(lambda y: y), colour.example.to("meta"))
