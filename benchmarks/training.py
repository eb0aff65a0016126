"""Training: `fit` beside the loop that courses use, and what its parts cost.

The loop: a torchvision dataset with transforms (random crop, flip, tensor, normalise), a DataLoader with 2 workers that
stay, AdamW, a cosine schedule. Both train the course's cnn for an epoch on the same images in batches of 256. Two threads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks.measuring import Table, extra_memory, machine, medians
from course_lib import data, models, train
from course_lib.data import Bench
from course_lib.data.bench import margin
from course_lib.network import entry
from course_lib.network.recording import Recorder
from course_lib.pruning import ActivationPruner, MagnitudePruner

BATCH = 256
LIMIT = (
    "Limit: the rate of a product of two 2048x2048 matrices, measured in the same run, over the multiplications of a "
    "forward and a backward pass. What remains is mostly convolutions, which do not reach that rate, and dropout, ReLU and "
    "pooling, which multiply nothing. Where ours is above it, convolutions whose images stay in the "
    "cache outrun that product."
)
REMARKS = (
    "AdamW is left as it is: the optimizer is a hundredth of a step. On a CPU whatever does not depend on it goes "
    f"through a network {entry.IN_CACHE} images at a time, so that activations stay in the cache: evaluation, "
    "recording, and the parts of a training batch where no layer looks at other images. What the recorder adds is two"
    " readings of all activations, one for their sums and one for their zeros; counting zeros as booleans, by a norm "
    "of order 0 or by a product with ones takes 5 to 18 times as long. Of a step in bf16 a fifth is spent on drawing "
    "the random numbers of dropout, one by one."
)


class Images(Dataset):
    """Images as torchvision's data sets hold and return them: an array in memory, and a PIL image for the transforms."""

    def __init__(self, bench: Bench) -> None:
        pad, side = margin(bench.shape), bench.shape[1]
        self.images, self.labels = bench.train.images.squeeze(1).cpu().numpy(), bench.train.labels.tolist()
        self.transform = transforms.Compose([
            transforms.RandomCrop(side, padding=pad), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
            transforms.Normalize(bench.mean.tolist(), bench.std.tolist()),
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), self.labels[index]


def loop(model: nn.Module, loader: DataLoader, precision: str = "fp32") -> None:
    """Train for an epoch, on the device of the model."""
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(loader))
    model.train()
    for images, labels in loader:
        images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
        optimizer.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        schedule.step()


def matrix_rate(device: torch.device) -> float:
    """Return the multiplications and additions a second of a product of two large matrices in fp32."""
    size = 2048
    left, right = torch.rand(size, size, device=device), torch.rand(size, size, device=device)
    return size**3 / medians({"": lambda: left @ right})[""]


def macs(model: nn.Module, bench: Bench) -> int:
    """Return multiplications and additions of a forward pass on one image."""
    from course_lib import measure

    return measure.macs(model, bench.example[:1])


def epochs(bench: Bench) -> list[list[str]]:
    """Return the rows of whole epochs."""
    model = models.build("cnn", bench)
    count = len(bench.train)
    apart = bench.device.type != "cpu"
    loader = DataLoader(Images(bench), BATCH, shuffle=True, num_workers=2, persistent_workers=True, pin_memory=apart)
    limit = matrix_rate(bench.device) / (3 * macs(model, bench))  # the backward pass does each product twice
    found = []
    for precision in ("fp32", "bf16") if apart or machine()["avx512_bf16"] else ("fp32",):  # elsewhere bf16 is emulated
        ways: dict[str, Callable[[], Any]] = {
            "fit": lambda p=precision: train.fit(copy.deepcopy(model), bench, epochs=1, batch_size=BATCH, precision=p),
            "loop": lambda p=precision: loop(copy.deepcopy(model), loader, p),
        }
        seconds = medians(ways, runs=3)
        memory = {name: extra_memory(way) / 2**20 for name, way in ways.items()}
        ours, theirs = (count / seconds[name] for name in ("fit", "loop"))
        limits = f"{limit:,.0f}" if precision == "fp32" else ""
        told = [f"{memory['fit']:.0f} / {memory['loop']:.0f}"]
        found.append(
            [f"an epoch in {precision}, images/s", f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.2f}", limits, *told]
        )
    auto = medians(
        {"auto": lambda: train.fit(copy.deepcopy(model), bench, epochs=1, batch_size=BATCH, precision="auto")}, runs=1
    )
    found.append(["an epoch in the better precision (auto), images/s", f"{count / auto['auto']:,.0f}", "", "", "", ""])
    return found


def parts(bench: Bench) -> list[list[str]]:
    """Return the rows of what is done within an epoch, in milliseconds a batch."""
    model = models.build("cnn", bench)
    masks = MagnitudePruner(0.9).masks(model, bench)
    x, y = next(iter(bench.batches("train", BATCH)))
    groups = ActivationPruner(quantile=0.1).recorder(model, bench)._groups
    size = entry.at_a_time(bench.device)

    def stepping(masks: Any, optimizer: torch.optim.Optimizer, net: nn.Module, part: int | None) -> Callable[[], Any]:
        return lambda: train.train_step(net, x, y, optimizer, masks, part=part)

    def step(masks: Any = None, compiled: bool = False, whole: bool = False, **settings: Any) -> Callable[[], Any]:
        net = copy.deepcopy(model)
        net = cast(nn.Module, torch.compile(net)) if compiled else net
        if masks is not None:
            masks.apply_(net)
        return stepping(
            masks, torch.optim.AdamW(net.parameters(), lr=2e-3, **settings), net, None if whole else entry.part(model)
        )

    @torch.inference_mode()
    def forward() -> None:
        model.eval()
        for part in x.split(size):
            model(part)

    @torch.inference_mode()
    def recorded() -> None:
        with Recorder(model.eval(), groups):
            for part in x.split(size):
                model(part)

    def batches(augment: bool) -> int:
        return sum(len(labels) for _, labels in bench.batches("train", BATCH, augment=augment, shuffle=True))

    pairs: list[tuple[str, dict[str, Callable[[], Any]]]] = [
        ("masked step / plain step", {"masked": step(masks), "plain": step()}),
        ("step in parts / whole", {"parts": step(), "whole": step(whole=True)}),
        ("recorder / forward", {"recorded": recorded, "forward": forward}),
        ("torch.compile / as it is", {"compiled": step(compiled=True), "plain": step()}),
        ("AdamW fused / as it is", {"fused": step(fused=True), "plain": step(fused=False)}),
        ("AdamW foreach / as it is", {"foreach": step(foreach=True), "plain": step(foreach=False)}),
        ("an epoch's images augmented / plain", {"augmented": partial(batches, True), "plain": partial(batches, False)}),
        ("evaluate in batches of 500 / 64", {str(n): partial(evaluated, model, bench, n) for n in (500, entry.IN_CACHE)}),
        ("evaluate in batches of 500 / 2000", {str(n): partial(evaluated, model, bench, n) for n in (500, 2000)}),
    ]
    found = []
    for title, ways in pairs:
        one, other = medians(ways).values()
        found.append([f"{title}, ms", f"{1e3 * one:.1f}", f"{1e3 * other:.1f}", f"{one / other:.2f}", "", ""])
    return found


@torch.inference_mode()
def evaluated(model: nn.Module, bench: Bench, size: int) -> None:
    """Send the training images through the model in batches of `size`."""
    model.eval()
    for images, _ in bench.batches("train", size, samples=2000):
        model(images)


def table() -> Table:
    """Measure."""
    torch.set_num_threads(2)
    bench = data.load("fashion-mini", device="cpu")
    head = ("what", "ours (first)", "peer (second)", "ratio", "limit", "memory, MiB: ours / peer")
    notes = (f"{len(bench.train):,} images of 28x28. {LIMIT}", REMARKS)
    return Table("training", head, [*epochs(bench), *parts(bench)], notes)
