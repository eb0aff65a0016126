"""A prune, end to end: from a model to its pruned weights, all checks included, beside torch.nn.utils.prune and a full sort.

Half of the prunable weights go (with SAP: what its rule takes, and the peers take as many) of torchvision's resnet50, 25.5
million weights with random values, and of the course's cnn. The peers' time ends with `prune.remove`, after which a model
has plain weights again, as ours has. Two threads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch
import torchvision
from torch import Tensor, nn
from torch.nn.utils import prune

from benchmarks.measuring import Table, extra_memory, medians
from course_lib import data, models
from course_lib.axes import amounts
from course_lib.data import Bench, Split
from course_lib.network import units
from course_lib.pruning import L1NormPruner, MagnitudePruner, Pruner, SAPPruner

Way = Callable[[nn.Module], object]
NOTES = (
    "Limit: all weights read once (`sum` of each). What remains above it: |w| is written, what is not finite is looked for, "
    "what lies near the cut is found and compared, and masks and weights are written, each in a pass of its own.",
    'Memory: what the process grew by at most while ours ran, in times the weights. With scope "global" all scores are one '
    "piece; beside it lie, a byte an entry each, who is alive, who is chosen, and the masks before and after.",
    "SAP has to know a power mean of all weights first, in float64: with p = 0.5 a square root of each. L1 filters: torch's "
    "`ln_structured` zeroes rows of each convolution; ours first proves which layers read them, and takes those too.",
)


def layers_of(model: nn.Module) -> dict[str, nn.Module]:
    """Return the layers whose weights can be pruned, by the names of these weights."""
    return {name: model.get_submodule(name.removesuffix(".weight")) for name in units.prunable_weights(model)}


def by_torch_globally(model: nn.Module, share: float = 0.5) -> None:
    """What global_unstructured makes of a model."""
    chosen = [(layer, "weight") for layer in layers_of(model).values()]
    prune.global_unstructured(chosen, pruning_method=prune.L1Unstructured, amount=share)
    for layer, name in chosen:
        prune.remove(layer, name)


def by_torch_in_layers(model: nn.Module, counts: Mapping[str, int] | None = None) -> None:
    """What l1_unstructured makes of each layer."""
    for name, layer in layers_of(model).items():
        prune.l1_unstructured(layer, "weight", counts[name] if counts else 0.5)
        prune.remove(layer, "weight")


def by_torch_filters(model: nn.Module) -> None:
    """What ln_structured makes of the filters of each convolution."""
    for layer in layers_of(model).values():
        if isinstance(layer, nn.Conv2d):
            prune.ln_structured(layer, "weight", 0.5, n=1, dim=0)
            prune.remove(layer, "weight")


@torch.no_grad()
def by_sort(model: nn.Module, scope: str, counts: Mapping[str, Tensor] | None = None) -> None:
    """Sort |w| of all weights, of each layer or of each row, whole and stably; the first half or `counts` of them go."""
    weights = units.prunable_weights(model)
    flat = [weight.abs().flatten() for weight in weights.values()]
    if scope == "global":
        weights, flat = {"all": torch.cat(flat)}, [torch.cat(flat)]
    for (name, weight), scores in zip(weights.items(), flat, strict=True):
        rows = scores.view(len(weight) if scope == "neuron" else 1, -1)
        count = counts[name] if counts else torch.tensor([round(0.5 * rows.shape[1])], device=rows.device)
        gone = torch.zeros_like(rows, dtype=torch.bool)
        gone.scatter_(
            1,
            rows.argsort(dim=1, stable=True),
            torch.arange(rows.shape[1], device=rows.device) < count.expand(len(rows))[:, None],
        )
        weight[gone.view(weight.shape)] = 0
    if scope == "global":
        sizes = [one.numel() for one in units.prunable_weights(model).values()]
        for weight, part in zip(units.prunable_weights(model).values(), gone.view(-1).split(sizes), strict=True):
            weight[part.view(weight.shape)] = 0


def ours(pruner: Pruner, bench: Bench) -> Way:
    """Return what a student calls."""
    return lambda model: pruner.masks(model, bench).apply_(model)


def methods(model: nn.Module, bench: Bench) -> dict[str, dict[str, Way]]:
    """Return method -> who does it -> how."""
    gone = {
        scope: {name: ~mask for name, mask in SAPPruner(scope=scope).masks(model, bench).items()}
        for scope in ("neuron", "layer", "global")
    }
    counts = {name: int(out.sum()) for name, out in gone["layer"].items()}
    rows = {name: out.flatten(1).sum(1) for name, out in gone["neuron"].items()}
    everywhere = sum(int(out.sum()) for out in gone["global"].values()) / sum(out.numel() for out in gone["global"].values())
    wanda = Pruner("wanda", "weight", "neuron", amounts.target(0.5))
    return {
        "magnitude, global": {
            "ours": ours(MagnitudePruner(0.5, scope="global"), bench),
            "torch": by_torch_globally,
            "sort": partial(by_sort, scope="global"),
        },
        "magnitude, layer": {
            "ours": ours(MagnitudePruner(0.5), bench), "torch": by_torch_in_layers, "sort": partial(by_sort, scope="layer"),
        },
        "magnitude, neuron": {
            "ours": ours(MagnitudePruner(0.5, scope="neuron"), bench), "sort": partial(by_sort, scope="neuron"),
        },
        "SAP, global": {
            "ours": ours(SAPPruner(scope="global"), bench), "torch": partial(by_torch_globally, share=everywhere),
        },
        "SAP, layer": {
            "ours": ours(SAPPruner(), bench), "torch": partial(by_torch_in_layers, counts=counts),
        },
        "SAP, neuron": {
            "ours": ours(SAPPruner(scope="neuron"), bench), "sort": partial(by_sort, scope="neuron", counts=rows),
        },
        "L1 filters": {"ours": ours(L1NormPruner(0.5), bench), "torch": by_torch_filters},
        "Wanda": {"ours": ours(wanda, bench)},
    }  # fmt: skip


def agree(model: nn.Module, ways: Mapping[str, Way]) -> None:
    """Refuse ways that do not take as many weights of each layer, within one of a million: shares round differently."""
    zeros: dict[str, list[int]] = {}
    for name, way in ways.items():
        trial = copy.deepcopy(model)
        way(trial)
        zeros[name] = [int((weight == 0).sum()) for weight in units.prunable_weights(trial).values()]
    for name, counts in zeros.items():
        if any(abs(a - b) > 1 + a / 1e6 for a, b in zip(counts, zeros["ours"], strict=True)):
            raise SystemExit(f"{name} took others than ours")


def in_colour(bench: Bench) -> Bench:
    """Return the images with three equal channels."""

    def three(part: Split) -> Split:
        return Split(part.images.repeat(1, 3, 1, 1), part.labels)

    return replace(
        bench, train=three(bench.train), validation=three(bench.validation), test=three(bench.test),
        mean=bench.mean.repeat(3), std=bench.std.repeat(3),
    )  # fmt: skip


def measured(title: str, model: nn.Module, bench: Bench) -> list[list[str]]:
    """Return the rows of one network."""
    weights = units.prunable_weights(model)
    start = {name: weight.clone() for name, weight in weights.items()}
    size = sum(weight.numel() * weight.element_size() for weight in weights.values())
    limit = medians({"limit": lambda: [weight.sum() for weight in weights.values()]})["limit"]

    @torch.no_grad()
    def restore() -> None:
        for name, weight in start.items():
            model.get_parameter(name).copy_(weight)

    found = []
    for method, ways in methods(model, bench).items():
        if method != "L1 filters":  # torch's takes rows only
            agree(model, ways)
        seconds = medians({name: partial(way, model) for name, way in ways.items()}, before=restore)
        restore()
        memory = extra_memory(partial(ways["ours"], model)) / size
        restore()
        row = [title, method, f"{1e3 * seconds['ours']:.0f}"]
        for peer in ("torch", "sort"):
            row.append(f"{1e3 * seconds[peer]:.0f} ({seconds['ours'] / seconds[peer]:.2f})" if peer in seconds else "")
        found.append([*row, f"{1e3 * limit:.1f} ({seconds['ours'] / limit:.0f})", f"{memory:.1f}"])
    return found


def table() -> Table:
    """Measure."""
    torch.set_num_threads(2)
    torch.manual_seed(0)
    mini = data.load("fashion-mini", device="cpu", limit=1024)
    rows = measured("resnet50", torchvision.models.resnet50(num_classes=10), in_colour(mini))
    plain = models.build("cnn", mini).to(memory_format=torch.contiguous_format)  # torch.nn.utils.prune takes no other layout
    rows += measured("cnn", plain, mini)
    head = ("network", "method", "ours, ms", "torch.nn.utils.prune (ratio)", "full sort (ratio)", "limit (times)", "memory")
    return Table("a prune, end to end", head, rows, NOTES)
