"""Measures: known by hand where a hand can count, and left without a trace on the model."""

from __future__ import annotations

import copy
import gzip
from functools import partial
from types import SimpleNamespace

import pytest
import torch
import torchvision
from foreign import REFUSED_BY_LOOK, ViewNet
from safetensors.torch import save
from torch import nn

from course_lib import measure, train
from course_lib.errors import CourseError
from course_lib.network.masks import Masks

EXAMPLE = torch.zeros(3, 2, 8, 8)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 8 * 8, 5))


def half_masks(model: nn.Module) -> Masks:
    kept = {"4.weight": torch.arange(4 * 8 * 8 * 5).reshape(5, -1) % 2 == 0}
    return Masks(kept, measure.parameters(model))


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.setattr(train, "evaluate", lambda model, bench, split="validation": 0.8)
    return SimpleNamespace(example=EXAMPLE, split=lambda name: range({"validation": 400, "test": 1600}[name]))


def test_parameters_are_counted_without_buffers_and_shared_ones_once():
    model = network()
    assert measure.parameters(model) == (4 * 2 * 9 + 4) + (4 + 4) + (256 * 5 + 5)
    tied = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
    tied[1].weight = tied[0].weight
    assert measure.parameters(tied) == 9 + 3 + 3


def test_macs_of_a_convolution_and_a_linear_layer_are_those_counted_by_hand():
    convolution = 8 * 8 * 4 * (2 * 3 * 3)  # positions, filters, entries of a filter
    assert measure.macs(nn.Conv2d(2, 4, 3, padding=1), EXAMPLE) == convolution
    assert measure.macs(nn.Linear(8, 5), torch.zeros(7, 8)) == 8 * 5
    assert measure.macs(network(), EXAMPLE) == convolution + 256 * 5


def test_macs_are_of_one_image_whatever_the_size_of_the_example_and_masks_do_not_lower_them():
    model = network()
    dense = measure.macs(model, EXAMPLE)
    assert measure.macs(model, EXAMPLE[:1]) == dense
    half_masks(model).apply_(model)
    assert measure.macs(model, EXAMPLE) == dense


def test_macs_of_the_layers_are_those_counted_by_hand_and_add_up():
    found = measure.layer_macs(network(), EXAMPLE)
    assert found == {"0": 8 * 8 * 4 * (2 * 3 * 3), "4": 256 * 5}
    assert sum(found.values()) == measure.macs(network(), EXAMPLE)
    inner = nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(128, 5)), nn.Linear(5, 3))
    assert measure.layer_macs(inner, EXAMPLE) == {"0.1": 640, "1": 15}


def test_masking_lowers_non_zeros_and_gzip_bytes_but_neither_tensor_nor_file_bytes():
    model = network()
    before = {name: getattr(measure, name)(model) for name in ("nonzeros", "tensor_bytes", "file_bytes", "gzip_bytes")}
    half_masks(model).apply_(model)
    assert measure.nonzeros(model) == before["nonzeros"] - 640
    assert measure.tensor_bytes(model) == before["tensor_bytes"]
    assert measure.file_bytes(model) == before["file_bytes"]
    assert measure.gzip_bytes(model) < 0.8 * before["gzip_bytes"]


def test_bytes_are_those_of_tensors_and_of_the_safetensors_file():
    model = network()
    running = 4 + 4  # of the BatchNorm, besides its one int64 counter
    assert measure.tensor_bytes(model) == 4 * (measure.parameters(model) + running) + 8
    file = save(model.state_dict())
    assert measure.file_bytes(model) == len(file) > measure.tensor_bytes(model)
    assert measure.gzip_bytes(model) == len(gzip.compress(file, mtime=0))


def test_channels_last_weights_have_the_same_file():
    assert measure.file_bytes(network().to(memory_format=torch.channels_last)) == measure.file_bytes(network())


def test_latency_is_positive_and_says_what_was_timed():
    timed = measure.latency(network(), EXAMPLE, batch_size=4, runs=5, warmup=1)
    assert timed.median_ms > 0 and timed.iqr_ms >= 0
    assert (timed.batch_size, timed.runs) == (4, 5)


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_the_example_is_repeated_or_cut_to_the_batch_size(batch_size):
    sizes = set()
    model = nn.Identity()
    model.register_forward_hook(lambda module, inputs, output: sizes.add(len(inputs[0])))
    measure.latency(model, EXAMPLE, batch_size, runs=2, warmup=0)
    assert sizes == {batch_size}


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"runs": 0}, {"example": EXAMPLE[:0]}])
def test_latency_of_nothing_is_refused(wrong):
    with pytest.raises(CourseError, match="latency needs at least"):
        measure.latency(**{"model": nn.Identity(), "example": EXAMPLE, **wrong})


def test_measuring_leaves_modes_statistics_and_weights_as_they_were(bench):
    model = network().train()
    model[1].eval()  # a frozen BatchNorm in a model that trains
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    measure.report(model, bench)
    assert model.training and model[0].training and not model[1].training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in model.modules())


def test_modes_come_back_even_if_the_forward_pass_fails():
    model = network().train()
    with pytest.raises(RuntimeError):
        measure.macs(model, torch.zeros(1, 9, 8, 8))
    assert all(module.training for module in model.modules())


def test_the_report_states_the_accuracy_with_its_standard_error_and_n(bench):
    column = measure.report(network(), bench)["model"]
    assert column["accuracy"] == 0.8 and column["images"] == 400
    assert column["standard error"] == pytest.approx(0.02)
    assert measure.report(network(), bench, split="test").loc["standard error", "model"] == pytest.approx(0.01)


def test_kept_parameters_come_from_the_masks_and_otherwise_from_the_non_zeros(bench):
    model = network()
    masks = half_masks(model)
    masks.apply_(model)
    with torch.no_grad():
        model[0].bias.zero_()  # kept parameters that happen to be zero
    total = measure.parameters(model)
    assert measure.report(model, bench)["model"]["kept parameters"] == total - 640 - 4 - 4  # and BatchNorm's zero betas
    table = measure.report(model, bench, masks=masks)
    assert table["model"]["kept parameters"] == total - 640
    assert table["model"]["non-zeros"] == total - 640 - 4 - 4


def test_a_ratio_is_the_model_over_the_other_and_uncertainties_have_none(bench):
    small = nn.Sequential(nn.Flatten(), nn.Linear(128, 5))
    large = nn.Sequential(nn.Flatten(), nn.Linear(128, 20))
    table = measure.report(small, bench, against=large)
    assert list(table.columns) == ["model", "against", "ratio"]
    assert table.loc["parameters"].tolist() == [645, 2580, 0.25]
    assert isinstance(table.loc["MACs", "model"], int)  # printed whole, not as 6.4e+02
    assert table.loc["accuracy", "ratio"] == 1.0
    assert set(table.index[table["ratio"].isna()]) == {"latency IQR (ms)", "standard error", "images"}


# networks as people bring them


@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_is_counted_by_hand_whichever_kernel_runs(need_weights):
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
            self.head = nn.Linear(16, 3)

        def forward(self, x):
            return self.head(self.attention(x, x, x, need_weights=need_weights)[0].mean(1))

    tokens, width = 7, 16
    attention = 4 * width * width * tokens + 2 * tokens * tokens * width  # in and out projections; q k and weights v
    model = Attending()
    assert measure.macs(model, torch.randn(2, tokens, width)) == attention + 16 * 3
    assert measure.layer_macs(model, torch.randn(2, tokens, width)) == {"attention": attention, "head": 48}


def test_a_transformer_encoder_is_counted_and_its_fast_path_comes_back():
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    model = nn.TransformerEncoder(layer, 2)
    one = 4 * 16 * 16 * 7 + 2 * 7 * 7 * 16 + 2 * 16 * 32 * 7
    assert measure.macs(model, torch.randn(1, 7, 16)) == 2 * one
    assert torch.backends.mha.get_fastpath_enabled()


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("settings", [{}, {"bidirectional": True}, {"num_layers": 2}, {"bias": False}])
def test_recurrent_layers_are_counted_by_hand(kind, settings):
    class Reading(nn.Module):
        def __init__(self):
            super().__init__()
            self.cells = kind(6, 5, batch_first=True, **settings)

        def forward(self, x):
            return self.cells(x)[0][:, -1]

    model = Reading()
    weights = sum(p.numel() for name, p in model.named_parameters() if "weight" in name)
    assert measure.macs(model, torch.randn(3, 7, 6)) == 7 * weights  # each weight once a step
    assert measure.layer_macs(model, torch.randn(3, 7, 6)) == {"cells": 7 * weights}


def test_a_bilinear_layer_and_a_matrix_times_a_vector_are_counted():
    class Products(nn.Module):
        def __init__(self):
            super().__init__()
            self.pairs = nn.Bilinear(4, 4, 3)
            self.matrix = nn.Parameter(torch.randn(5, 3))

        def forward(self, x):
            return (self.matrix @ self.pairs(x, x)[0])[None]

    assert measure.macs(Products(), torch.randn(1, 4)) == 4 * 4 * 3 + 5 * 3


@pytest.mark.parametrize(
    ("name", "published"),
    {
        "resnet18": 1.814,
        "mobilenet_v2": 0.301,
        "vit_b_16": 17.564,
        "swin_t": 4.491,
        "convnext_tiny": 4.456,
        "densenet121": 2.834,
        "efficientnet_b0": 0.386,
    }.items(),
)
def test_macs_of_torchvision_networks_are_the_published_ones(name, published):
    model = getattr(torchvision.models, name)(weights=None)
    assert measure.macs(model, torch.zeros(1, 3, 224, 224)) / 1e9 == pytest.approx(published, abs=5e-4)


def tied() -> nn.Module:
    model = nn.Sequential(nn.Flatten(), nn.Linear(128, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    model[5].weight = model[3].weight
    return model


class Twice(nn.Module):
    """One module under two names, called twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Flatten(), nn.Linear(128, 8))
        self.inner = nn.Linear(8, 8)
        self.again = nn.Sequential(self.inner, nn.ReLU())

    def forward(self, x):
        return self.again(self.inner(self.first(x)))


@pytest.mark.parametrize("make", [tied, Twice])
def test_what_has_two_names_is_counted_once(make, bench):
    model = make()
    untied = copy.deepcopy(nn.Sequential(*[nn.Linear(128, 8), nn.Linear(8, 8)]))
    extra = 8 if make is tied else 0  # the second bias
    weights = measure.parameters(untied) + extra
    assert measure.parameters(model) == measure.nonzeros(model) == weights
    assert measure.tensor_bytes(model) == 4 * weights
    assert 4 * weights < measure.file_bytes(model) < 4 * weights + 600  # and the header
    table = measure.report(model, bench)
    assert table.loc["parameters", "model"] == table.loc["non-zeros", "model"] == weights


def test_a_layer_with_two_names_has_the_macs_of_both_calls_under_the_first():
    assert measure.layer_macs(Twice(), EXAMPLE) == {"first.1": 128 * 8, "inner": 2 * 64}
    assert sum(measure.layer_macs(Twice(), EXAMPLE).values()) == measure.macs(Twice(), EXAMPLE)


def test_parameters_that_share_memory_have_a_file():
    model = nn.Sequential(nn.Flatten(), nn.Linear(128, 8))
    model.view = nn.Parameter(model[1].weight.detach()[:2])
    assert measure.file_bytes(model) > 4 * (128 * 8 + 8 + 2 * 128)


@pytest.mark.parametrize("name", ["macs", "layer_macs", "latency"])
def test_a_network_that_flattens_with_view_is_measured(name):
    assert getattr(measure, name)(ViewNet(), torch.randn(4, 3, 16, 16).contiguous(memory_format=torch.channels_last))


@pytest.mark.parametrize("kind", ["torch prune", "weight norm", "spectral norm", "old weight norm", "old spectral norm"])
def test_non_zeros_of_weights_that_are_computed_from_others_are_refused(kind):
    make, words = REFUSED_BY_LOOK[kind]
    with pytest.raises(CourseError, match=words):
        measure.nonzeros(make())


def test_ways_take_turns_and_each_begins_as_often():
    order: list[str] = []
    found = measure.in_turns({name: partial(order.append, name) for name in "abc"}, rounds=4, warmup=2)
    assert "".join(order) == "abcbcacab" * 2
    assert {name: len(times) for name, times in found.items()} == {"a": 4, "b": 4, "c": 4}
