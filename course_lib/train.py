"""Training, evaluation and the way back: everything that changes weights other than pruning."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.errors import CourseError, check_whole
from course_lib.models import dropping, in_mode
from course_lib.network import entry
from course_lib.notebook import Stop, stoppable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from course_lib.data import Bench
    from course_lib.network.masks import Masks
    from course_lib.network.recording import Recorder
    from course_lib.progress import TrainingBar

Snapshot = dict[str, Tensor]
TEACHER_WEIGHT, TEACHER_TEMPERATURE = 0.7, 4.0  # of distillation (Hinton et al. 2015)
OPTIMIZERS: dict[str, tuple[Callable[..., torch.optim.Optimizer], dict[str, Any]]] = {
    "adamw": (torch.optim.AdamW, {"lr": 2e-3, "weight_decay": 1e-2}),
    "sgd": (torch.optim.SGD, {"lr": 0.05, "weight_decay": 5e-4, "momentum": 0.9, "nesterov": True}),
}


def fit(
    model: nn.Module,
    bench: Bench,
    epochs: float = 5,
    masks: Masks | None = None,
    seed: int = 0,
    optimizer: str = "adamw",
    lr: float | None = None,
    weight_decay: float | None = None,
    batch_size: int = 256,
    label_smoothing: float = 0.0,
    precision: str = "fp32",
    teacher: nn.Module | None = None,
    recorder: Recorder | None = None,
    dropout: float | None = None,
) -> dict[str, Any]:
    """Train `model` in place on augmented training images and return the history as plain data.

    Interrupted in a notebook, it leaves `model` as the last finished epoch did and returns the history so far; other
    trainings of the same cell then do nothing. Elsewhere, KeyboardInterrupt is raised, as anywhere in Python.

    Args:
        epochs: may be fractional: 0.5 is half of the batches of one epoch. 0 does nothing.
        masks: applied before the first step and after every step: momentum and Adam's averages would revive what is gone.
        seed: of the order, the augmentation and dropout.
        optimizer: "adamw" or "sgd" (Nesterov momentum 0.9), new at each call; lr and weight_decay: its usual ones if None.
            The learning rate warms up over the first tenth of the steps and falls to 0 on a cosine, stepped per batch.
        batch_size: images a step; one less, mostly, where a last image would be left that BatchNorm cannot train on alone.
        precision: "fp32", "bf16" (autocast), or "auto": whichever is measured to be faster here.
        teacher: a trained network to distil from: 0.7 of the loss is the divergence from its outputs at temperature 4.
        recorder: records the activations of each epoch.
        dropout: the rate of all Dropout modules while this training lasts; None: the model's own. A pruned network has
            less to spare and wants less of it (Han et al. 2015, section 3.2).

    Returns:
        {"epochs": [{"epoch", "loss", "accuracy" (on augmented training images)}, ...], "images", "seconds", "precision",
        "interrupted"}
    """
    from course_lib.progress import TrainingBar  # tqdm is loaded by whoever waits

    started = time.perf_counter()
    check_whole("batch_size", batch_size)
    bench, batch_size = entry.seated(model, bench, "train", batch_size, training=True)
    per_epoch = math.ceil(len(bench.train) / batch_size)
    steps = _steps(epochs, per_epoch)
    if steps and not any(parameter.requires_grad for parameter in model.parameters()):
        raise CourseError("every parameter of the model is frozen; training needs one with requires_grad=True.")
    stepper = make_optimizer(model, optimizer, lr, weight_decay)
    with ExitStack() as lasting:
        for context in (_seeded(bench, seed), in_mode(model, training=True), dropping(model, dropout), recorder):
            lasting.enter_context(context or nullcontext())
        stop = lasting.enter_context(stoppable())
        precision = faster_precision(model, bench, batch_size) if precision == "auto" else precision
        cast = autocast(bench.device, precision)
        moved = masks.to(bench.device) if masks is not None else None
        step = _stepping(model, stepper, steps, moved, entry.teaching(teacher, bench), label_smoothing, cast)
        history: dict[str, Any] = {"epochs": [], "images": 0, "precision": precision}
        with TrainingBar(steps) as bar:
            for epoch, first in enumerate(range(0, steps, per_epoch)):
                last = min(first + per_epoch, steps)
                batches = bench.batches("train", batch_size, augment=True, shuffle=True, seed=seed * 100_003 + epoch)
                finished = snapshot(model) if stop.heard else None
                loss, accuracy, images = _epoch(step, itertools.islice(batches, last - first), bar, stop)
                if stop.asked and finished is not None:
                    rewind(model, finished)
                    break
                _refuse_divergence(loss, epoch, stepper)
                history["epochs"].append({"epoch": last / per_epoch, "loss": loss, "accuracy": accuracy})
                history["images"] += images
                if recorder is not None:
                    recorder.end_epoch()
            history |= {"seconds": time.perf_counter() - started, "interrupted": stop.asked}
            bar.ends(history, epochs)
    return history


def _stepping(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    steps: int,
    masks: Masks | None,
    teacher: Callable[[Tensor], Tensor] | None,
    label_smoothing: float,
    cast: AbstractContextManager,
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function that takes one of `steps` steps on a batch, and returns what `train_step` does."""
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warmup_cosine(step, steps))
    if masks is not None:
        masks.apply_(model)
    part = entry.part(model)

    def step(x: Tensor, y: Tensor) -> Tensor:
        with torch.no_grad():
            targets = teacher(x) if teacher is not None else None
        sums = train_step(model, x, y, optimizer, masks, targets, label_smoothing, cast, part)
        schedule.step()
        return sums

    return step


def _epoch(
    step: Callable[[Tensor, Tensor], Tensor], batches: Iterable[tuple[Tensor, Tensor]], bar: TrainingBar, stop: Stop
) -> tuple[float, float, int]:
    """Take a step on each batch until `stop`; return the mean loss, the accuracy and the number of images."""
    sums, images = torch.zeros(2), 0
    for number, (x, y) in enumerate(batches):
        if stop.asked:
            return math.nan, math.nan, images
        sums = sums.to(x.device) + step(x, y)
        images += len(y)
        bar.update()
        if number % 20 == 0:  # reading a value waits for the device
            bar.set_postfix(loss=f"{sums[0] / images:.3f}", accuracy=f"{sums[1] / images:.3f}")
    loss, accuracy = (sums / images).tolist()
    return loss, accuracy, images


def _refuse_divergence(loss: float, epoch: int, optimizer: torch.optim.Optimizer) -> None:
    if not math.isfinite(loss):
        rate = optimizer.defaults["lr"]
        raise CourseError(f"training diverged in epoch {epoch + 1} (loss {loss}); give a smaller lr than {rate}.")


def train_step(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    optimizer: torch.optim.Optimizer,
    masks: Masks | None = None,
    targets: Tensor | None = None,
    label_smoothing: float = 0.0,
    cast: AbstractContextManager | None = None,
    part: int | None = None,
) -> Tensor:
    """Make one optimizer step on a batch; return (summed loss, number right) on the device: no value is read back.

    x: (n, C, H, W) normalised; y: (n,) labels; targets: (n, classes) outputs of a teacher; part: how many images go
    through the model together, all if None. The gradient is that of the mean loss of the whole batch either way.
    """
    size = part or len(y)
    sums = torch.zeros(2, device=x.device)
    optimizer.zero_grad(set_to_none=True)
    wanted = targets.split(size) if targets is not None else itertools.repeat(None)
    for images, labels, target in zip(x.split(size), y.split(size), wanted, strict=False):
        with cast or nullcontext():
            outputs = model(images)
            loss = F.cross_entropy(outputs, labels, label_smoothing=label_smoothing)
            if target is not None:
                loss = (1 - TEACHER_WEIGHT) * loss + TEACHER_WEIGHT * _divergence(outputs, target)
        (loss * (len(labels) / len(y))).backward()
        sums += torch.stack([loss.detach().float() * len(labels), (outputs.argmax(1) == labels).sum().float()])
    optimizer.step()
    if masks is not None:
        masks.apply_(model)
    return sums


def _divergence(outputs: Tensor, targets: Tensor) -> Tensor:
    t = TEACHER_TEMPERATURE
    soft, wanted = F.log_softmax(outputs / t, 1), F.log_softmax(targets / t, 1)
    return F.kl_div(soft, wanted, reduction="batchmean", log_target=True) * t**2


@torch.inference_mode()
def evaluate(model: nn.Module, bench: Bench, split: str = "validation", samples: int | None = None) -> float:
    """Return the accuracy in [0, 1] of `model` in eval mode on a part of `bench` (or `samples` images)."""
    bench, size = entry.seated(model, bench, split, entry.at_a_time(bench.device), samples)
    with in_mode(model, training=False):
        right, seen = torch.zeros((), device=bench.device), 0
        for images, labels in bench.batches(split, size, samples=samples):
            right += (model(images).argmax(1) == labels).sum()
            seen += len(labels)
    return right.item() / seen


def recalibrate_batchnorm(model: nn.Module, bench: Bench, samples: int = 2048, seed: int = 0) -> bool:
    """Measure the BatchNorm statistics anew on training images, in place; return whether there were any."""
    bench, size = entry.seated(model, bench, "train", 256, samples, training=True, scored=False)
    if not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()):
        return False
    with _seeded(bench, seed), in_mode(model, training=True):
        torch.optim.swa_utils.update_bn(bench.batches("train", size, samples=samples, seed=seed), model)
    return True


def snapshot(model: nn.Module) -> Snapshot:
    """Return a copy of all weights and buffers; cloned, because `state_dict()` only points to the live ones."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def rewind(model: nn.Module, to: Snapshot) -> nn.Module:
    """Set all weights and buffers of `model` back to a snapshot, in place, and return it.

    Raises:
        CourseError: for a snapshot of another model; then `model` is as it was.
    """
    own, given = ({k: t.shape for k, t in state.items() if isinstance(t, Tensor)} for state in (model.state_dict(), to))
    if other := sorted(dict(own.items() ^ given.items())):
        raise CourseError(f"to was given; it is the snapshot of another model: {other[0]} is not the same in both.")
    model.load_state_dict(to)
    return model


def make_optimizer(
    model: nn.Module, name: str = "adamw", lr: float | None = None, weight_decay: float | None = None
) -> torch.optim.Optimizer:
    """Return a new optimizer over all parameters; None takes the usual value of that optimizer."""
    if name not in OPTIMIZERS:
        raise CourseError(f"optimizer {name!r} was given; known are {', '.join(OPTIMIZERS)}.")
    make, usual = OPTIMIZERS[name]
    given = {key: value for key, value in {"lr": lr, "weight_decay": weight_decay}.items() if value is not None}
    return make(model.parameters(), **usual | given)


def warmup_cosine(step: int, steps: int) -> float:
    """Return the factor of the learning rate in step 0 to steps - 1: a tenth of the steps up, then a cosine to 0."""
    warmup = max(1, steps // 10)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Return the context in which the forward pass runs: nothing for "fp32", autocast for "bf16"."""
    if precision not in ("fp32", "bf16"):
        raise CourseError(f"precision {precision!r} was given; it can be 'fp32', 'bf16' or 'auto'.")
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def faster_precision(model: nn.Module, bench: Bench, batch_size: int = 256) -> str:
    """Measure a few training steps in both precisions and return "bf16" where it is at least a fifth faster.

    On one CPU bf16 is 2.6 times faster than fp32, on another ten times slower: only measuring tells.
    """
    if bench.device.type == "mps":
        return "fp32"
    few = bench.device.type == "cpu"  # what is slow there is slow on few images too; on a GPU few say nothing
    x, y = next(iter(bench.batches("train", min(batch_size, 64) if few else batch_size)))
    best = {"fp32": math.inf, "bf16": math.inf}
    for precision in best:
        trial = entry.copied(model)
        stepper = make_optimizer(trial)
        for _ in range(3):
            started = time.perf_counter()
            train_step(trial, x, y, stepper, cast=autocast(bench.device, precision)).tolist()
            best[precision] = min(best[precision], time.perf_counter() - started)
            if best[precision] > 3 * best["fp32"]:  # no need to wait for more of that
                break
    return "bf16" if best["bf16"] * 1.2 < best["fp32"] else "fp32"


def _steps(epochs: float, per_epoch: int) -> int:
    if not 0 <= epochs < math.inf:
        raise CourseError(f"epochs={epochs} was given; it must be 0 or more (it may be fractional).")
    return max(1, round(epochs * per_epoch)) if epochs else 0


@contextmanager
def _seeded(bench: Bench, seed: int) -> Iterator[None]:
    """Seed dropout for a while, and leave the global random state as it was."""
    with torch.random.fork_rng([bench.device] if bench.device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
