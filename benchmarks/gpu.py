"""A prune and training on an accelerator, in a few minutes: `make bench ONLY=gpu`, for whoever has one.

What `pruning` and `training` measure on the CPU, with model, images and masks on the device; the device is waited for before
a clock is read, and memory is what torch took on it.
"""

from __future__ import annotations

import torch
import torchvision

from benchmarks import pruning, training
from benchmarks.measuring import Table
from course_lib import data, models

NOTE = (
    "A prune's peer is torch.nn.utils.prune, or a full sort where that has none. Memory of a prune in times the weights, of "
    "training in MiB: ours / peer."
)


def table() -> Table:
    """Measure."""
    device = data.pick_device("auto")
    if device.type == "cpu":
        raise SystemExit("no accelerator is here; `make bench ONLY=pruning` and `ONLY=training` measure on the CPU.")
    return measured(data.load("fashion-mini", device=device.type))


def measured(bench: data.Bench) -> Table:
    """Measure on the device of `bench`."""
    torch.manual_seed(0)
    rows = []
    for title, model, images in (
        ("resnet50", torchvision.models.resnet50(num_classes=10).to(bench.device), pruning.in_colour(bench)),
        ("cnn", models.build("cnn", bench).to(memory_format=torch.contiguous_format), bench),
    ):
        for _, method, ours, peer, sort, limit, memory in pruning.measured(title, model, images):
            rows.append([f"{title}: {method}, ms", ours, peer or sort, limit, memory])
    for what, ours, peer, ratio, limit, memory in [*training.epochs(bench), *training.parts(bench)]:
        rows.append([what, ours, f"{peer} ({ratio})" if peer else "", limit, memory])
    head = ("what", "ours", "peer (ratio)", "limit", "memory")
    return Table("on an accelerator", head, rows, (NOTE,))
