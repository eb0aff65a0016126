"""Shipping: half of the filters cut out of cnn and vgg, and the time that is left beside the arithmetic that is left.

Dense and slimmed networks take turns in the same run, in torch and in onnxruntime, one image and 64 at a time, on one
thread. Where the share of the time and that of the multiply-accumulates part by more than `APART`, the layers are timed one
by one, each on what it reads in the network: which of them part, and what share of the time multiplies nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.measuring import Table, medians
from course_lib import data, measure, models, ship, slim
from course_lib.data import Bench
from course_lib.pruning import L1NormPruner

NETWORKS, BATCHES = ("cnn", "vgg"), (1, 64)
SHARE = 0.5  # of each layer's filters
APART = 1.3  # a share of the time that is so many times the share of the arithmetic, or the other way round, is explained
RUNS = {1: 200, 64: 40}
Calls = Mapping[str, Callable[[], object]]


def pair(name: str, bench: Bench) -> dict[str, nn.Module]:
    """Return the dense network and the one without half of its filters, in eval mode."""
    model = models.build(name, bench).eval()
    return {"dense": model, "slimmed": slim.slim(model, L1NormPruner(SHARE).masks(model, bench), bench.example)}


def batch_of(bench: Bench, size: int) -> Tensor:
    """Return so many normalised images."""
    return bench.example[torch.arange(size) % len(bench.example)]


@torch.inference_mode()
def called(module: nn.Module, x: Tensor) -> object:
    """Return what `module` puts out."""
    return module(x)


def whole(networks: Mapping[str, nn.Module], sessions: Mapping[str, Any], batch: Tensor) -> dict[str, Calls]:
    """Return runtime -> network -> one forward pass; what both runtimes put out has been compared by `ship.to_onnx`."""
    given = {ship.exporting.IMAGES: batch.contiguous().numpy()}
    return {
        "torch": {name: partial(called, network, batch) for name, network in networks.items()},
        "onnxruntime": {name: partial(session.run, None, given) for name, session in sessions.items()},
    }


def parts(network: nn.Module, batch: Tensor) -> dict[str, Callable[[], object]]:
    """Return layer -> a call of it on what it reads in the network; the networks of the course are chains of layers."""
    found, x = {}, batch
    for name, layer in network.named_children():
        found[name] = partial(called, layer, x)
        with torch.inference_mode():
            x = layer(x)
    return found


def explained(networks: Mapping[str, nn.Module], bench: Bench, size: int, runs: int) -> str:
    """Return which layers' time and arithmetic part, and how much of the time multiplies nothing."""
    batch = batch_of(bench, size)
    ways = {(who, layer): call for who, network in networks.items() for layer, call in parts(network, batch).items()}
    seconds = medians({f"{who} {layer}": call for (who, layer), call in ways.items()}, runs)
    macs = {who: measure.layer_macs(network, bench.example) for who, network in networks.items()}
    dense, small = ({name: seconds[f"{who} {name}"] for name in parts(networks[who], batch)} for who in networks)
    layers = [
        f"{name} {small[name] / dense[name]:.2f} of its time, {macs['slimmed'][name] / macs['dense'][name]:.2f} of its MACs"
        for name in macs["dense"]
        if part(small[name] / dense[name], macs["slimmed"][name] / macs["dense"][name]) > APART
    ]
    rest = [
        (sum(times.values()) - sum(times[name] for name in macs["dense"])) / sum(times.values()) for times in (dense, small)
    ]
    still = {name: seconds for name, seconds in small.items() if name not in macs["dense"]}
    slowest = max(still, key=lambda name: still[name])
    return (
        f"{'; '.join(layers) or 'no layer that multiplies parts by so much'}. What multiplies nothing (activations, norms, "
        f"pooling) takes {rest[0]:.0%} of the dense time and {rest[1]:.0%} of the slimmed, most of it {slowest}."
    )


def part(time: float, macs: float) -> float:
    """Return how many times the larger of two shares is the smaller."""
    return max(time / macs, macs / time)


def measured(name: str, bench: Bench, runs: Mapping[int, int]) -> tuple[list[list[str]], list[str]]:
    """Return a network's rows, and the notes on those that part."""
    networks, rows, notes = pair(name, bench), [], []
    counts = {who: measure.macs(network, bench.example) for who, network in networks.items()}
    macs = counts["slimmed"] / counts["dense"]
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        files = {who: ship.to_onnx(network, bench.example, Path(folder) / who) for who, network in networks.items()}
        sessions = {who: ship.exporting.session(path) for who, path in files.items()}
    for size in BATCHES:
        ways = whole(networks, sessions, batch_of(bench, size))
        calls = {f"{runtime} {who}": call for runtime, pairs in ways.items() for who, call in pairs.items()}
        seconds = medians(calls, runs[size])
        apart = []
        for runtime in ways:
            times = [1e3 * seconds[f"{runtime} {who}"] for who in networks]
            share = times[1] / times[0]
            shown = [f"{value:.2f}" for value in (*times, share, macs, part(share, macs))]
            rows.append([name, f"{size}", runtime, *shown])
            apart += [runtime] if part(share, macs) > APART else []
        if apart:
            why = explained(networks, bench, size, runs[size])
            notes.append(f"{name}, batch {size}: {' and '.join(apart)} and the arithmetic part. In torch: {why}")
    return rows, notes


def table(runs: Mapping[int, int] = RUNS) -> Table:
    """Measure."""
    torch.set_num_threads(1)
    bench = data.load("fashion-mini", device="cpu", limit=64)
    found = [measured(name, bench, runs) for name in NETWORKS]
    head = ("network", "batch", "runtime", "dense, ms", "slimmed, ms", "time", "MACs", "apart")
    notes = (
        f"Time and MACs: slimmed / dense. Apart: how many times the larger share is the smaller; above {APART} the layers "
        "are timed one by one.",
        *(note for _, notes in found for note in notes),
    )
    return Table(
        "half of the filters cut out: time beside arithmetic", head, [row for rows, _ in found for row in rows], notes
    )
