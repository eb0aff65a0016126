"""The coupled groups of a model, and what goes along when a unit goes."""

from __future__ import annotations

import copy
from contextlib import nullcontext

import pytest
import torch
import torch_pruning
import torchvision
from torch import nn
from toy import MODELS, bench_of, drawn, same

from course_lib import models
from course_lib.errors import CourseError
from course_lib.network import units
from course_lib.pruning import ActivationPruner

CHAINS = {  # producer -> (norm, units, consumer, columns a unit, site), for images of 28x28x1
    "mlp": {
        "hidden1": ("", 128, "hidden2", 1, "relu1"),
        "hidden2": ("", 256, "head", 1, "relu2"),
    },
    "cnn": {
        "conv1": ("", 32, "conv2", 1, "relu1"),
        "conv2": ("", 32, "conv3", 1, "relu2"),
        "conv3": ("", 64, "conv4", 1, "relu3"),
        "conv4": ("", 64, "hidden", 25, "relu4"),
        "hidden": ("", 512, "head", 1, "relu5"),
    },
    "vgg": {
        "conv1": ("norm1", 32, "conv2", 1, "relu1"),
        "conv2": ("norm2", 32, "conv3", 1, "relu2"),
        "conv3": ("norm3", 64, "conv4", 1, "relu3"),
        "conv4": ("norm4", 64, "conv5", 1, "relu4"),
        "conv5": ("norm5", 128, "conv6", 1, "relu5"),
        "conv6": ("norm6", 128, "hidden", 9, "relu6"),
        "hidden": ("", 128, "head", 1, "relu7"),
    },
}
RESNET = {  # (producers, norms, units, consumers, site)
    "conv": (
        {"conv", "block1.conv2", "block2.conv2"},
        {"norm", "block1.norm2", "block2.norm2"},
        16,
        {"block1.conv1", "block2.conv1", "block3.conv1", "block3.shortcut.conv"},
        "block2.relu2",
    ),
    "block3.conv2": (
        {"block3.conv2", "block3.shortcut.conv", "block4.conv2"},
        {"block3.norm2", "block3.shortcut.norm", "block4.norm2"},
        32,
        {"block4.conv1", "block5.conv1", "block5.shortcut.conv"},
        "block4.relu2",
    ),
    "block5.conv2": (
        {"block5.conv2", "block5.shortcut.conv"},
        {"block5.norm2", "block5.shortcut.norm"},
        64,
        {"head"},
        "block5.relu2",
    ),
}
RESNET |= {  # the inner convolution of a block is free
    f"block{i}.conv1": ({f"block{i}.conv1"}, {f"block{i}.norm1"}, size, {f"block{i}.conv2"}, f"block{i}.relu1")
    for i, size in enumerate((16, 16, 32, 32, 64), 1)
}


def facts(found):
    """The groups as plain data, so that two lists of them can be compared."""
    return [
        (g.name, g.kind, g.size, g.producers, g.norms, {k: v.tolist() for k, v in g.consumers.items()}, g.site)
        for g in found
    ]


class Net(nn.Sequential):
    """A network of named layers: Net(conv=nn.Conv2d(...), relu=nn.ReLU(), ...)."""

    def __init__(self, **layers: nn.Module):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)


def tail(width: int, pixels: int = 1) -> dict[str, nn.Module]:
    return {"flatten": nn.Flatten(), "head": nn.Linear(width * pixels, 10)}


@pytest.fixture
def example(bench):
    return bench.example


# what the groups are


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_has_one_group_for_each_layer_but_the_classifier(bench, name):
    found = units.groups(models.build(name, bench), bench.example)
    assert [group.name for group in found] == list(CHAINS[name])
    for group in found:
        norm, size, consumer, columns, site = CHAINS[name][group.name]
        assert (group.producers, group.norms) == ((group.name,), (norm,) if norm else ())
        assert (group.size, group.site) == (size, site)
        assert group.kind == ("neuron" if "hidden" in group.name else "filter")
        assert list(group.consumers) == [consumer]
        in_order = torch.arange(size * columns).view(size, columns)  # flattening keeps a channel's pixels together
        assert torch.equal(group.consumers[consumer], in_order)


def test_a_residual_sum_couples_its_producers_and_is_read_after_the_addition(bench):
    found = {group.name: group for group in units.groups(models.build("resnet", bench), bench.example)}
    assert found.keys() == RESNET.keys()
    for name, (producers, norms, size, consumers, site) in RESNET.items():
        group = found[name]
        assert (set(group.producers), set(group.norms)) == (producers, norms)
        assert (group.size, group.kind, group.site) == (size, "filter", site)
        assert group.consumers.keys() == consumers
        assert all(torch.equal(columns, torch.arange(size)[:, None]) for columns in group.consumers.values())


def torch_prunings(model, example):
    """The same groups as Torch-Pruning finds them from shapes: (producers, norms, consumer -> columns)."""
    names = {module: name for name, module in model.named_modules()}
    graph = torch_pruning.DependencyGraph().build_dependency(model.eval(), example[:2], verbose=False)
    found = []
    for group in graph.get_all_groups(root_module_types=[nn.Conv2d, nn.Linear]):
        producers, norms, consumers = set(), set(), {}
        for item in group:
            name, writes = names.get(item.dep.target.module), "out_channels" in item.dep.handler.__name__
            if isinstance(item.dep.target.module, nn.BatchNorm2d):
                norms.add(name)
            elif name and writes:
                producers.add(name)
            elif name:
                columns = [[] for _ in group[0].idxs]
                for column, unit in zip(item.idxs, item.root_idxs, strict=True):
                    columns[unit].append(column)
                consumers[name] = columns
        if consumers:
            found.append((producers, norms, consumers))
    return found


@pytest.mark.parametrize("name", [*MODELS, "resnet18"])
def test_torch_pruning_finds_the_same_groups(name):
    bench = bench_of(3, 32)
    model = torchvision.models.resnet18(num_classes=10) if name == "resnet18" else models.build(name, bench)
    ours = [
        (set(g.producers), set(g.norms), {consumer: columns.tolist() for consumer, columns in g.consumers.items()})
        for g in units.groups(model, bench.example)
    ]
    theirs = torch_prunings(model, bench.example)
    assert len(ours) == len(theirs) and all(group in theirs for group in ours)


@pytest.mark.parametrize("name", MODELS)
def test_the_classifiers_outputs_are_in_no_group(bench, name):
    model = models.build(name, bench)
    found = units.groups(model, bench.example)
    assert all("head" not in group.producers for group in found)
    grouped = {producer for group in found for producer in group.producers}
    layers = {weight.removesuffix(".weight") for weight in units.prunable_weights(model)}
    assert layers - grouped == {"head"}


@pytest.mark.parametrize("name", ["vgg", "resnet"])
@pytest.mark.parametrize("mode", [nullcontext, torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_frozen_model_and_a_call_without_gradients_give_the_same_groups(bench, name, mode, frozen):
    model = models.build(name, bench)
    expected = facts(units.groups(model, bench.example))
    model.requires_grad_(not frozen)
    with mode():
        assert facts(units.groups(model, bench.example)) == expected


@pytest.mark.parametrize("name", MODELS)
def test_the_model_is_left_as_it_was(bench, name):
    model = drawn(models.build(name, bench)).train()
    next(model.parameters()).requires_grad_(False)
    before, flags = copy.deepcopy(model), [parameter.requires_grad for parameter in model.parameters()]
    units.groups(model, bench.example)
    assert same(model, before)
    assert [parameter.requires_grad for parameter in model.parameters()] == flags
    assert all(parameter.grad is None for parameter in model.parameters())
    for module in model.modules():
        assert module.training
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


class Joined(nn.Module):
    """Two convolutions side by side, read by a third one or by the classifier."""

    def __init__(self, between: nn.Module, width: int):
        super().__init__()
        self.left, self.right = nn.Conv2d(1, 3, 3), nn.Conv2d(1, 2, 3)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()
        self.conv, self.relu3 = between, nn.ReLU()
        self.flatten, self.head = nn.Flatten(), nn.Linear(width, 10)

    def forward(self, x):
        joined = torch.cat([self.relu1(self.left(x)), self.relu2(self.right(x))], 1)
        return self.head(self.flatten(self.relu3(self.conv(joined))))


def test_concatenated_layers_keep_their_own_columns(example):
    left, right, _ = units.groups(Joined(nn.Conv2d(5, 4, 3), 4 * 24 * 24), example)
    assert (left.name, left.site, right.name, right.site) == ("left", "relu1", "right", "relu2")
    assert left.consumers["conv"].tolist() == [[0], [1], [2]]
    assert right.consumers["conv"].tolist() == [[3], [4]]


# what stays whole, by name


def test_a_network_without_units_and_with_nan_for_outputs_has_no_groups(example):
    class Ill(Net):
        def forward(self, x):
            return self.head(self.flatten(x)) * torch.nan

    assert units.groups(Ill(flatten=nn.Flatten(), head=nn.Linear(784, 10)), example) == []


def stays(model, example):
    """Layer -> why its outputs stay whole."""
    return dict(units.find(model, example).protected)


def test_a_grouped_convolution_keeps_what_it_reads_whole_and_nothing_else(example):
    model = Net(
        conv=nn.Conv2d(1, 4, 3), relu=nn.ReLU(), grouped=nn.Conv2d(4, 4, 3, groups=2), relu2=nn.ReLU(),
        conv2=nn.Conv2d(4, 6, 3), relu3=nn.ReLU(), **tail(6, 22 * 22),
    )  # fmt: skip
    assert stays(model, example) == {"conv": "layer grouped, which reads it, is a grouped convolution"}
    assert [group.name for group in units.groups(model, example)] == ["conv2"]


@pytest.mark.parametrize("layer", [nn.LayerNorm(6), nn.PReLU(6), nn.Bilinear(6, 6, 6)])
def test_a_layer_that_units_cannot_be_followed_through_keeps_what_it_reads_whole(example, layer):
    class Strange(Net):
        def forward(self, x):
            x = self.dense(self.flatten0(x))
            x = self.strange(x, x) if isinstance(layer, nn.Bilinear) else self.strange(x)
            return self.head(self.relu2(self.hidden2(self.relu(x))))

    model = Strange(
        flatten0=nn.Flatten(), dense=nn.Linear(784, 6), strange=layer, relu=nn.ReLU(), hidden2=nn.Linear(6, 5),
        relu2=nn.ReLU(), head=nn.Linear(5, 10),
    )  # fmt: skip
    assert stays(model, example) == {"dense": f"layer strange, which reads it, is a {type(layer).__name__}"}
    assert [group.name for group in units.groups(model, example)] == ["hidden2"]


def test_a_norm_over_more_than_one_layers_units_keeps_them_whole(example):
    """A BatchNorm behind Flatten has an entry for each pixel, so that row j is not unit j."""
    model = Net(conv=nn.Conv2d(1, 4, 5, 5), flatten=nn.Flatten(), norm=nn.BatchNorm1d(100), head=nn.Linear(100, 10))
    assert stays(model, example) == {"conv": "layer norm has 100 channels, not one for each of its 4 units"}


def test_layers_that_are_concatenated_and_then_flattened_keep_their_own_columns(example):
    left, right = units.groups(Joined(nn.Identity(), 5 * 26 * 26), example)
    assert torch.equal(left.consumers["head"], torch.arange(3 * 676).view(3, 676))
    assert torch.equal(right.consumers["head"], 3 * 676 + torch.arange(2 * 676).view(2, 676))


def test_an_activation_that_is_called_twice_is_refused_by_name_when_it_is_to_be_read(bench):
    relu = nn.ReLU()

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.flatten, self.relu = nn.Flatten(), relu
            self.hidden1, self.hidden2, self.head = nn.Linear(784, 5), nn.Linear(5, 6), nn.Linear(6, 10)

        def forward(self, x):
            return self.head(self.relu(self.hidden2(self.relu(self.hidden1(self.flatten(x))))))

    model = Twice()
    assert [group.site for group in units.groups(model, bench.example)] == ["", ""]
    with pytest.raises(CourseError, match="activation relu is called 2 times"):
        ActivationPruner(threshold=0.1).masks(model, bench)


def test_an_activation_without_a_module_is_refused_by_the_layers_name_when_it_is_to_be_read(bench):
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.flatten, self.dense, self.head = nn.Flatten(), nn.Linear(784, 5), nn.Linear(5, 10)

        def forward(self, x):
            return self.head(torch.relu(self.dense(self.flatten(x))))

    with pytest.raises(CourseError, match="layer dense has no activation module after it"):
        ActivationPruner(threshold=0.1).masks(Functional(), bench)


# closed masks


@pytest.mark.parametrize("name", MODELS)
def test_a_gone_unit_takes_exactly_its_row_bias_gamma_beta_and_the_slices_that_read_it(name):
    bench = bench_of(3, 16)
    model = models.build(name, bench)
    found = units.groups(model, bench.example)
    modules = dict(model.named_modules())
    for group in found:
        kept = {g.name: torch.ones(g.size, dtype=torch.bool) for g in found}
        kept[group.name][2] = False
        masks = units.close(model, found, kept)
        gone = {entry: (~mask).nonzero().tolist() for entry, mask in masks.items()}
        expected = {}
        for owner in (*group.producers, *group.norms):
            expected[f"{owner}.weight"] = int(modules[owner].weight[2].numel())
            if modules[owner].bias is not None:
                expected[f"{owner}.bias"] = 1
        for entry, entries in expected.items():
            assert {index[0] for index in gone[entry]} == {2}
            assert len(gone[entry]) == entries
        for consumer in group.consumers:
            weight = modules[consumer].weight
            pixels = weight.shape[1] // group.size
            assert {index[1] for index in gone[f"{consumer}.weight"]} == set(range(2 * pixels, 3 * pixels))
            assert len(gone[f"{consumer}.weight"]) == weight.numel() // group.size
        assert gone.keys() == expected.keys() | {f"{consumer}.weight" for consumer in group.consumers}
        assert masks.total == sum(parameter.numel() for parameter in model.parameters())
        assert masks.unit_sparsity == pytest.approx(1 / sum(g.size for g in found))


def test_a_gone_unit_is_silent_at_its_site_and_the_others_are_not(bench):
    model = drawn(models.build("resnet", bench)).eval()
    found = units.groups(model, bench.example)
    kept = {g.name: torch.arange(g.size) % 3 != 0 for g in found}
    units.close(model, found, kept).apply_(model)
    seen = {}
    with units.hooked(model, found, lambda group, output: seen.update({group.name: output})), torch.no_grad():
        model(bench.example)
    for group in found:
        silent = (seen[group.name] == 0).all(0).flatten(1).all(1)
        assert silent[~kept[group.name]].all()
        assert not silent[kept[group.name]].all()


def test_nothing_gone_clears_nothing(bench):
    model = models.build("vgg", bench)
    found = units.groups(model, bench.example)
    masks = units.close(model, found, {g.name: torch.ones(g.size, dtype=torch.bool) for g in found})
    assert (len(masks), masks.sparsity, masks.unit_sparsity) == (0, 0, 0)
