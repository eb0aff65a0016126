"""Data sets as tensors on the device: no worker processes, no files while training.

`load` gives a `Bench`: training, validation and test images with their labels, and how to turn them into batches.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from course_lib.data import pictures, sources
from course_lib.data.sources import available
from course_lib.errors import CourseError, check_whole

__all__ = ["Bench", "Split", "available", "load", "pick_device"]

VALIDATION_SHARE = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images uint8 (n, C, H, W) and labels int64 (n,) on one device."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split({len(self)} images {tuple(self.images.shape[1:])} on {self.images.device})"

    def rows(self, index: Tensor) -> Split:
        """Return the images and labels at `index`: int64 (k,), in that order, or bool (n,)."""
        return Split(self.images[index], self.labels[index])

    def to(self, device: torch.device) -> Split:
        """Return the split on `device`."""
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True, eq=False, repr=False)
class Bench:
    """A data set in three parts; `mean` and `std`, shape (C,), are those of the training images divided by 255.

    layout: the memory format of normalised images with more than one channel. channels_last is faster; networks that
    flatten with `view` need torch.contiguous_format (`network.entry` finds out which).
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    mean: Tensor
    std: Tensor
    layout: torch.memory_format = torch.channels_last

    def __repr__(self) -> str:
        sizes = ", ".join(f"{part} {len(self.split(part))}" for part in ("train", "validation", "test"))
        return f"Bench({self.name!r}: {sizes}; images {self.shape}, {self.num_classes} classes, on {self.device})"

    @property
    def device(self) -> torch.device:
        """Where the images, labels, mean and std are."""
        return self.train.images.device

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return len(self.classes)

    @property
    def example(self) -> Tensor:
        """The first min(8, n) training images as a batch: normalised float32 (k, C, H, W), not augmented."""
        return self.normalise(self.train.images[:8])

    def split(self, name: str) -> Split:
        """Return the part called `name`: "train", "validation" or "test"; CourseError for anything else."""
        if name not in ("train", "validation", "test"):
            raise CourseError(f"split={name!r} is not a part of a data set; give 'train', 'validation' or 'test'.")
        return getattr(self, name)

    def normalise(self, images_uint8: Tensor) -> Tensor:
        """Return uint8 images (n, C, H, W) as float32 with about mean 0 and std 1, in `layout` where C > 1."""
        images = images_uint8.float() - 255 * self.mean[:, None, None]
        images /= 255 * self.std[:, None, None]
        # Changing the layout last is twice as fast: arithmetic with one number per channel is slow on channels_last.
        return images.contiguous(memory_format=self.layout) if images.shape[1] > 1 else images

    def batches(
        self,
        split: str = "train",
        batch_size: int = 256,
        *,
        augment: bool = False,
        shuffle: bool = False,
        seed: int = 0,
        samples: int | None = None,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Return an iterator over normalised images float32 (b, C, H, W) and their labels int64 (b,).

        Every image comes once; the last batch may be smaller.

        Args:
            split: "train", "validation" or "test".
            batch_size: images a batch, at least 1.
            augment: flip at random and shift at random (see `augmented`).
            shuffle: in an order drawn with `seed`; otherwise in the stored order.
            seed: draws subset, order and augmentation, the same on every device, without torch's global generators.
            samples: None for all images, or the size of a subset drawn with `seed` (all if there are not so many).

        Raises:
            CourseError: at the call, for an unknown split or a size that is not a positive whole number.
        """
        part = self.split(split)
        check_whole("batch_size", batch_size)
        if samples is not None:
            check_whole("samples", samples)
        return self._batches(part, batch_size, augment, shuffle, seed, samples)

    def _batches(
        self, part: Split, batch_size: int, augment: bool, shuffle: bool, seed: int, samples: int | None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(seed)
        order = torch.arange(len(part))
        if shuffle or samples is not None:
            order = torch.randperm(len(part), generator=generator)[:samples]
        if not shuffle:
            order = order.sort().values
        # Everything random is drawn here, at once: drawn batch by batch, it would make the device wait each time.
        drawn = draw_moves(len(order), self.shape, generator) if augment else ()
        moves = [move.to(self.device) for move in drawn]
        order = order.to(self.device)
        for start in range(0, len(order), batch_size):
            some = slice(start, start + batch_size)
            batch = part.rows(order[some])
            images = augmented(batch.images, *(move[some] for move in moves)) if augment else batch.images
            yield self.normalise(images), batch.labels

    def to(self, device: str | torch.device) -> Bench:
        """Return the bench with all its tensors on `device` ("auto" as in `pick_device`)."""
        device = pick_device(device)
        train, validation, test = (part.to(device) for part in (self.train, self.validation, self.test))
        return replace(
            self, train=train, validation=validation, test=test, mean=self.mean.to(device), std=self.std.to(device)
        )


def margin(shape: tuple[int, int, int]) -> int:
    """Return the largest shift in pixels: 2 for images with a side below 64 (trainings are short), 4 from 64 on."""
    return 2 if min(shape[1:]) < 64 else 4


def draw_moves(count: int, shape: tuple[int, int, int], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return flips bool (count,) and shifts int64 (count, 2), rows and columns, each from 0 to twice the margin."""
    flips = torch.rand(count, generator=generator) < 0.5
    shifts = torch.randint(0, 2 * margin(shape) + 1, (count, 2), generator=generator)
    return flips, shifts


def augmented(images: Tensor, flips: Tensor, shifts: Tensor) -> Tensor:
    """Return uint8 images (n, C, H, W), each shifted by the margin less `shifts`, then mirrored where `flips` is true.

    What a shift uncovers is 0 (black).
    """
    count, channels, height, width = images.shape
    pad = margin((channels, height, width))
    padded = functional.pad(images, (pad, pad, pad, pad))
    across = torch.arange(width, device=images.device)
    rows = shifts[:, :1] + torch.arange(height, device=images.device)
    columns = shifts[:, 1:] + torch.where(flips[:, None], across.flip(0), across)
    cells = rows[:, :, None] * (width + 2 * pad) + columns[:, None, :]
    index = cells.reshape(count, 1, -1).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, index).view(images.shape)


def load(
    name: str | Path = "fashion-mini",
    device: str | torch.device = "auto",
    seed: int = 0,
    limit: int | None = None,
    size: int | tuple[int, int] | None = None,
    classes: int | None = None,
) -> Bench:
    """Return a data set, ready on the device.

    Args:
        name: "fashion-mini" (comes with the package), "fashion-mnist", "cifar10", or the path of an ImageFolder
            (train/, test/ and, if there is one, val/ with one folder per class) or of a .zip of one. Where val/ is
            there and test/ is not, val/ is the test part. What is no image, or lies elsewhere, is left out and said.
            `data.pictures.decode` says what becomes of transparency, of 16 bits and of photographs that lie on their side.
        device: "auto" (CUDA, then Apple's MPS, then the CPU) or a torch device.
        seed: draws the images that `limit` keeps and, where the source has no validation part, the tenth of every
            class that is set aside from training for it: the same seed gives the same parts.
        limit: at most that many images in each part, as evenly over the classes as there are images; None keeps all.
        size: pixels of a side, or (height, width): every image is scaled until it covers that, and its middle is kept.
            None leaves the images as they are; then all must have one size.
        classes: only the images of the first so many classes, in the order of their labels; None keeps all.

    Raises:
        CourseError: when a name, path, file, device, limit, size or number of classes cannot be used.
    """
    if limit is not None:
        check_whole("limit", limit)
    target = pick_device(device)
    title, (tensors, named, notes) = sources.read(name, pictures.checked(size))
    for note in notes:
        warnings.warn(note, stacklevel=2)
    parts = {part: Split(*pair) for part, pair in tensors.items()}
    if classes is not None:
        check_whole("classes", classes, 2)
        if classes > len(named):
            raise CourseError(f"classes={classes} was given; {title} has {len(named)}.")
        parts = {part: split.rows(split.labels < classes) for part, split in parts.items()}
        title, named = f"{title}, its first {classes} classes", named[:classes]
    if "validation" not in parts:
        held = held_out(parts["train"].labels, named, seed)
        parts["train"], parts["validation"] = parts["train"].rows(~held), parts["train"].rows(held)
    if limit is not None:
        parts = {part: split.rows(balanced(split.labels, limit, seed)) for part, split in parts.items()}
    mean, std = moments(parts["train"].images)
    return Bench(title, parts["train"], parts["validation"], parts["test"], named, mean, std).to(target)


def pick_device(device: str | torch.device) -> torch.device:
    """Return the torch device that is meant; "auto" is CUDA, then MPS, then the CPU. CourseError if it is not here."""
    if device == "auto":
        mps = "mps" if torch.backends.mps.is_available() else "cpu"
        device = "cuda" if torch.cuda.is_available() else mps
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise CourseError(
            f"device={str(device)!r} cannot be used on this machine; give 'auto', 'cpu' or an accelerator that is here."
        ) from error


def held_out(labels: Tensor, classes: tuple[str, ...], seed: int) -> Tensor:
    """Return bool (n,): the tenth of every class, at least one image, that becomes the validation part."""
    generator = torch.Generator().manual_seed(seed)
    held = torch.zeros(len(labels), dtype=torch.bool)
    for label, title in enumerate(classes):
        members = (labels == label).nonzero().flatten()
        if len(members) < 2:
            raise CourseError(f"Class {title!r} has one training image only; to set a validation part aside takes two.")
        share = max(1, round(VALIDATION_SHARE * len(members)))
        held[members[torch.randperm(len(members), generator=generator)[:share]]] = True
    return held


def balanced(labels: Tensor, count: int, seed: int) -> Tensor:
    """Return the indices, ascending, of `count` images at most, as evenly over the classes as there are images."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    turn = torch.empty_like(order)
    for label in labels.unique():
        members = order[labels[order] == label]
        turn[members] = torch.arange(len(members))
    return order[turn[order].argsort(stable=True)[:count]].sort().values


def moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation per channel, float32 (C,), of uint8 images (n, C, H, W) divided by 255."""
    # Counts are exact, so that the result depends neither on the number of threads nor on the order of the images.
    counts = torch.stack([channel.reshape(-1).bincount(minlength=256) for channel in images.unbind(1)]).double()
    shares, values = counts / counts.sum(1, keepdim=True), torch.arange(256, dtype=torch.float64) / 255
    mean = shares @ values
    std = (shares @ values.square() - mean.square()).clamp_min(0).sqrt()
    return mean.float(), std.clamp_min(1 / 255).float()  # a channel of one colour must not divide by 0
