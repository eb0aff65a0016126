"""The door: which layout a model runs in, and one sentence for what the course cannot take."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from foreign import REFUSED_BY_LOOK, REFUSED_BY_RUN, Auxiliary, Outputs, ViewNet, flat
from torch import nn
from toy import MODELS, bench_of, same

from course_lib import measure, models, train
from course_lib.errors import CourseError
from course_lib.network import entry, recording
from course_lib.network.entry import admit, admitted
from course_lib.pruning import (
    ActivationPruner,
    L1NormPruner,
    MagnitudePruner,
    Masks,
    Pruner,
    RandomPruner,
    SAPPruner,
    iterate,
)


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


@pytest.mark.parametrize("name", MODELS)
def test_course_models_train_and_score_as_if_nobody_had_looked_at_them(name, monkeypatch):
    bench, numbers = bench_of(3, 16, count=20), []
    for looked_at in (True, False):
        if not looked_at:
            monkeypatch.setattr(entry, "seated", lambda model, bench, split, size, *_, **__: (bench, size))
        model = models.build(name, bench)
        history = train.fit(model, bench, epochs=2, batch_size=8)["epochs"]
        train.recalibrate_batchnorm(model, bench)
        numbers.append((history, train.evaluate(model, bench), {k: v.clone() for k, v in model.state_dict().items()}))
    (first, accuracy, state), (second, plain, untouched) = numbers
    assert (first, accuracy) == (second, plain)
    assert all(torch.equal(state[key], untouched[key]) for key in state)


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
    assert torch.equal(admit(ViewNet().requires_grad_(False), colour.example, 4, training=True), colour.example)


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
    assert torch.equal(admit(ViewNet(classes=9), colour.example, 4), colour.example)


def test_what_cannot_be_copied_is_refused(colour):
    import threading

    model = ViewNet()
    model.lock = threading.Lock()
    with pytest.raises(CourseError, match="the model cannot be copied"):
        admit(model, colour.example)


def test_a_model_elsewhere_than_the_images_is_refused(colour):
    with pytest.raises(CourseError, match=r"the model is on cpu and the images are on meta; .*model\.to\('meta'\)"):
        admit(Outputs(lambda y: y), colour.example.to("meta"))


# every way in: a model that the course cannot take is one sentence, wherever it comes first


def calibrated(model, bench):
    return recording.calibrate(model, bench, [], 8, 0)


WAYS_IN = {
    "evaluate": train.evaluate,
    "fit": lambda model, bench: train.fit(model, bench, epochs=1, batch_size=8),
    "teacher": lambda model, bench: train.fit(ViewNet(), bench, epochs=1, batch_size=8, teacher=model),
    "recalibrate": train.recalibrate_batchnorm,
    "report": lambda model, bench: measure.report(model, bench),
    "against": lambda model, bench: measure.report(ViewNet(), bench, against=model),
    "macs": lambda model, bench: measure.macs(model, bench.example),
    "layer macs": lambda model, bench: measure.layer_macs(model, bench.example),
    "latency": lambda model, bench: measure.latency(model, bench.example, runs=1, warmup=0),
    "calibrate": calibrated,
    "gradients": lambda model, bench: recording.gradients(model, bench, 8, 0),
    "dense masks": lambda model, _: Masks.dense(model),
    "magnitude": lambda model, bench: MagnitudePruner(0.5).masks(model, bench),
    "magnitude recorder": lambda model, bench: MagnitudePruner(0.5).must_fit(model, bench),
    "random": lambda model, bench: RandomPruner(0.5).masks(model, bench),
    "sap": lambda model, bench: SAPPruner().masks(model, bench),
    "l1": lambda model, bench: L1NormPruner(0.5).masks(model, bench),
    "activation": lambda model, bench: ActivationPruner(sparsity=0.5).masks(model, bench),
    "recorder": lambda model, bench: ActivationPruner(sparsity=0.5).recorder(model, bench),
    "taylor": lambda model, bench: Pruner("taylor", "weight").masks(model, bench),
    "iterate": lambda model, bench: list(iterate(MagnitudePruner(0.5), model, bench, rounds=1, epochs=1)),
}
NEED_SCORES = {"evaluate", "fit", "teacher", "report", "against", "gradients", "taylor", "iterate"}


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("kind", REFUSED_BY_LOOK)
def test_a_model_that_looks_wrong_is_refused_at_every_door(way, kind, colour):
    make, words = REFUSED_BY_LOOK[kind]
    with pytest.raises(CourseError, match=words) as caught:
        WAYS_IN[way](make(), colour)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("kind", REFUSED_BY_RUN)
def test_a_model_that_does_not_run_is_one_sentence_or_does_not_matter_at_every_door(way, kind, colour):
    make, words = REFUSED_BY_RUN[kind]
    if way in NEED_SCORES:
        with pytest.raises(CourseError, match=words) as caught:
            WAYS_IN[way](make(), colour)
        assert "\n" not in str(caught.value)
    else:
        try:
            WAYS_IN[way](make(), colour)
        except CourseError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("way", WAYS_IN)
def test_the_beginners_network_comes_in_by_every_door(way, colour):
    model = ViewNet(norm=True)
    WAYS_IN[way](model, colour)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("way", [way for way in WAYS_IN if way not in ("fit", "iterate")])
def test_a_frozen_network_is_measured_and_pruned(way, colour):
    frozen = ViewNet().requires_grad_(False)
    WAYS_IN[way](frozen, colour)
    assert not any(parameter.requires_grad for parameter in frozen.parameters())


def test_a_frozen_network_is_not_trained(colour):
    frozen = ViewNet().requires_grad_(False)
    with pytest.raises(CourseError, match="every parameter of the model is frozen"):
        train.fit(frozen, colour, epochs=1)
    assert train.fit(frozen, colour, epochs=0)["images"] == 0
    frozen.fc2.requires_grad_(True)
    before = frozen.conv1.weight.clone()
    train.fit(frozen, colour, epochs=1)
    assert torch.equal(frozen.conv1.weight, before)


@pytest.mark.parametrize("taught_in", ["its own layout", "the other layout"])
def test_a_teacher_is_asked_in_its_own_layout(taught_in, colour):
    students = [flat(), ViewNet()] if taught_in == "its own layout" else [ViewNet(), flat()]
    assert train.fit(students[0], colour, epochs=1, batch_size=8, teacher=students[1])["images"] > 0


class KeepsItsFeatures(ViewNet):
    def forward(self, x):
        self.features = self.conv1(x)
        return super().forward(x)


def test_a_network_that_keeps_its_features_is_pruned_after_training(colour):
    model = KeepsItsFeatures()
    train.fit(model, colour, epochs=1, batch_size=8)
    assert model.features.grad_fn is not None
    masks = MagnitudePruner(0.5).masks(model, colour)
    train.fit(ViewNet(), colour, epochs=1, teacher=model)
    assert MagnitudePruner(0.7).masks(model, colour, masks).sparsity > masks.sparsity


# one image left over


class Squeezing(nn.Module):
    """`squeeze()` drops the batch as well where it is of one image."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        return self.pool(self.relu(self.conv(x))).squeeze()


@pytest.mark.parametrize("make", [lambda: ViewNet(norm=True), Squeezing])
@pytest.mark.parametrize("count", [17, 21])
def test_a_last_batch_of_one_image_is_no_trouble(make, count):
    bench = bench_of(3, 16, classes=4, count=count)
    model = make()
    history = train.fit(model, bench, epochs=2, batch_size=4)
    assert history["images"] == 2 * count  # none is left out
    train.recalibrate_batchnorm(model, bench)
    list(iterate(MagnitudePruner(0.5), model, bench, rounds=1, epochs=1, fit=partial(train.fit, batch_size=4)))


def test_evaluation_and_calibration_of_one_image_too_many():
    bench = bench_of(3, 16, classes=4, count=501)
    train.evaluate(Squeezing(), bench)
    bench = bench_of(3, 16, classes=4, count=257)
    recording.gradients(Squeezing(), bench, 257, 0)
    assert train.recalibrate_batchnorm(ViewNet(norm=True), bench)


def test_the_batches_of_a_network_that_takes_single_images_stay(monkeypatch):
    bench, sizes, step = bench_of(3, 16, classes=4, count=17), [], train.train_step
    monkeypatch.setattr(train, "train_step", lambda model, x, *rest: sizes.append(len(x)) or step(model, x, *rest))
    train.fit(flat(nn.BatchNorm2d(6)), bench, epochs=1, batch_size=4)
    assert sizes == [4, 4, 4, 4, 1]
    sizes.clear()
    train.fit(ViewNet(norm=True), bench, epochs=1, batch_size=4)
    assert sizes == [3, 3, 3, 3, 3, 2]


@pytest.mark.parametrize(("count", "size"), [(1, 256), (8, 1)])
def test_batches_of_one_image_are_refused_where_the_network_cannot_take_them(count, size):
    bench = bench_of(3, 16, classes=4, count=count)
    with pytest.raises(CourseError, match=r"BatchNorm1d"):
        train.fit(ViewNet(norm=True), bench, epochs=1, batch_size=size)
    train.fit(ViewNet(), bench, epochs=1, batch_size=size)


# what stays whole is named


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(48, 40, batch_first=True)
        self.head = nn.Linear(40, 4)

    def forward(self, x):
        return self.head(self.lstm(x.flatten(2).transpose(1, 2).reshape(x.shape[0], 16, 48))[0][:, -1])


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(48, 4, batch_first=True)
        self.place = nn.Parameter(torch.randn(1, 16, 48))
        self.head = nn.Linear(48, 4)

    def forward(self, x):
        x = x.flatten(2).transpose(1, 2).reshape(x.shape[0], 16, 48) + self.place
        return self.head(self.attention(x, x, x)[0].mean(1))


def test_weights_that_no_pruner_takes_are_named(colour):
    with pytest.warns(UserWarning, match=r"^lstm \(LSTM, 14,080 weights\) cannot be pruned and stay whole, 96\.7% of"):
        masks = MagnitudePruner(0.9).masks(Recurrent(), colour)
    assert set(masks) == {"head.weight"}
    words = r"^the model \(its own parameters, 768 weights\), attention \(MultiheadAttention, 6,912 weights\) cannot"
    with pytest.warns(UserWarning, match=words):
        masks = RandomPruner(0.9).masks(Attending(), colour)
    assert set(masks) == {"attention.out_proj.weight", "head.weight"}


@pytest.mark.parametrize("name", MODELS)
def test_of_course_models_nothing_is_left_out(name, recwarn):
    bench = bench_of(1, 28)
    MagnitudePruner(0.5).masks(models.build(name, bench), bench)
    assert not recwarn
