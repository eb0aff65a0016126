"""Lesson 01, measuring a network: what students write, and how it goes wrong."""

from __future__ import annotations

import copy
import gzip
import statistics
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Callee, Case, Clock, Gauge, Layer, Network
from course_lib.teaching.exercises.base import Exercise, Misconception, choices, pick, prediction

LESSON = "01"
Masks = Mapping[str, Tensor]


def _int(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high + 1, (), generator=rng))


def _network(rng: torch.Generator, double: bool = False, **layers: tuple[type[nn.Module], dict[str, Any]]) -> Network:
    """Return a network of layers, name = (class, arguments), with drawn parameters of which none is zero."""
    made = {}
    for name, (kind, arguments) in layers.items():
        module = kind(**arguments)
        module = module.double() if double else module
        with torch.no_grad():
            for parameter in module.parameters():
                drawn = torch.randn(parameter.shape, generator=rng)
                parameter.copy_(drawn + drawn.sign() * 0.01)
        made[name] = Layer.of(module, **arguments)
    return Network(made)


def _dense(inputs: int, outputs: int, bias: bool = True) -> tuple[type[nn.Module], dict[str, Any]]:
    return nn.Linear, {"in_features": inputs, "out_features": outputs, "bias": bias}


def _conv(inputs: int, outputs: int) -> tuple[type[nn.Module], dict[str, Any]]:
    return nn.Conv2d, {"in_channels": inputs, "out_channels": outputs, "kernel_size": 3}


# ---- apply_masks


def apply_masks(model: nn.Module, masks: Masks) -> None:
    """Set to zero, in place, every entry of `model`'s parameters whose mask is False; filled, because NaN * 0 is NaN."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name].masked_fill_(~mask, 0)


def _masked_networks(rng: torch.Generator) -> list[Case]:
    def mask(*shape: int) -> Tensor:
        drawn = torch.rand(*shape, generator=rng) < 0.5
        drawn.view(-1)[:2] = torch.tensor([True, False])
        return drawn

    n, c = _int(rng, 4, 6), _int(rng, 7, 9)
    two = _network(rng, hidden=_dense(c, n), head=_dense(n, 3))
    chain = _network(rng, conv=_conv(2, n), norm=(nn.BatchNorm2d, {"num_features": n}))
    ill, infinite = copy.deepcopy(two), copy.deepcopy(two)
    holes = mask(n, c)
    ill.layers["hidden"].state["weight"][~holes] = torch.nan
    infinite.layers["hidden"].state["weight"][~holes] = torch.inf
    whole = {name: torch.ones(shape, dtype=torch.bool) for name, shape in (("hidden.weight", (n, c)), ("head.bias", (3,)))}
    return [
        Case("one layer, its weight masked", (_network(rng, only=_dense(3, 2)), {"only.weight": mask(2, 3)})),
        Case("two layers of which one is named", (two, {"hidden.weight": mask(n, c)})),
        Case("weights and a bias", (two, {"hidden.weight": mask(n, c), "head.weight": mask(3, n), "hidden.bias": mask(n)})),
        Case("a convolution and a BatchNorm", (chain, {"conv.weight": mask(n, 2, 3, 3), "norm.weight": mask(n)})),
        Case("weights that are NaN where the mask is False", (ill, {"hidden.weight": holes}), edge=True),
        Case("weights that are infinite where the mask is False", (infinite, {"hidden.weight": holes}), edge=True),
        Case("masks that keep everything", (two, whole), edge=True),
        Case("masks that keep nothing", (two, {name: ~kept for name, kept in whole.items()}), edge=True),
        Case("no masks at all", (two, {}), edge=True),
        Case("a mask that is not contiguous", (two, {"hidden.weight": mask(c, n).T}), edge=True),
        Case("float64", (_network(rng, double=True, only=_dense(c, n)), {"only.weight": mask(n, c)}), edge=True),
    ]


def _parameters(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """What counts is what the model, and the masks, are afterwards; NaN, which is equal to nothing, gets a number."""
    model, masks, log = afterwards
    return {name: torch.nan_to_num(tensor, 77.0, 78.0, 79.0) for name, tensor in model.items()}, masks, log


def _each(change: Callable[[nn.Parameter, Tensor], Any]) -> Callable[[nn.Module, Masks], None]:
    def wrong(model: nn.Module, masks: Masks) -> None:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name in masks:
                    change(parameter, masks[name])

    return wrong


def _with_autograd(model: nn.Module, masks: Masks) -> None:
    for name, mask in masks.items():
        model.get_parameter(name)[~mask] = 0


def _fills_with_autograd(model: nn.Module, masks: Masks) -> None:
    for name, mask in masks.items():
        model.get_parameter(name).masked_fill_(~mask, 0)


def _all_named(model: nn.Module, masks: Masks) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.masked_fill_(~masks[name], 0)


def _unnamed_gone(model: nn.Module, masks: Masks) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.masked_fill_(~masks.get(name, torch.zeros_like(parameter, dtype=torch.bool)), 0)


def _weights_only(model: nn.Module, masks: Masks) -> None:
    apply_masks(model, {name: mask for name, mask in masks.items() if name.endswith("weight")})


_PRODUCT = (
    "NaN * 0 is NaN, and so is infinity * 0: with a product a weight that has gone wrong stays wrong although it is masked. "
    "Fill with zero instead."
)
_AUTOGRAD = "A parameter that records gradients cannot be changed in place: do it under torch.no_grad()."
APPLY_MASKS = Exercise(
    "apply_masks",
    LESSON,
    1,
    apply_masks,
    _masked_networks,
    (
        Misconception("multiplied by the mask", _PRODUCT, _each(lambda p, mask: p.mul_(mask))),
        Misconception(
            "inverted mask",
            "True means KEPT; this removes what should stay.",
            _each(lambda p, mask: p.masked_fill_(mask, 0)),
        ),
        Misconception(
            "changes nothing",
            "Nothing has changed: masked_fill makes a new tensor. Write into the model's own parameters (masked_fill_).",
            _each(lambda p, mask: p.masked_fill(~mask, 0)),
        ),
        Misconception(
            "a parameter that is not named",
            "Not every parameter has a mask; one that is not named is kept whole.",
            _all_named,
        ),
        Misconception(
            "a parameter that is not named",
            "A parameter that the masks do not name is kept whole; this sets it to zero.",
            _unnamed_gone,
        ),
        Misconception("weights only", "Masks may name biases and BatchNorm's parameters as well.", _weights_only),
        Misconception("autograd in the way", _AUTOGRAD, _with_autograd),
        Misconception("autograd in the way", _AUTOGRAD, _fills_with_autograd),
        Misconception(
            "mask in place of the weights",
            "The kept weights are 1 now: the mask itself was written where the weights should stay as they are.",
            _each(lambda p, mask: p.copy_(mask)),
        ),
        Misconception(
            "sets all to zero", "Where the mask is True the weights stay as they are.", _each(lambda p, mask: p.zero_())
        ),
    ),
    _parameters,
)


# ---- conv_macs


def conv_macs(
    in_channels: int,
    out_channels: int,
    kernel: int,
    size: tuple[int, int],
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
) -> int:
    """Multiply-accumulates of one image: output positions x filters x weights of a filter; zeros count, biases do not."""
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in size)
    return height * width * out_channels * (in_channels // groups) * kernel**2


def _convolutions(rng: torch.Generator) -> list[Case]:
    c, n, h, w = _int(rng, 5, 8), _int(rng, 9, 12), _int(rng, 7, 9), _int(rng, 11, 14)
    even = 2 * _int(rng, 5, 7)
    return [
        Case("one filter on a 5x5 image", (1, 1, 3, (5, 5))),
        Case("several channels and filters", (c, n, 3, (h, w))),
        Case("padding", (c, n, 3, (h, w), 1, 1)),
        Case("a kernel of 5 with padding 2", (c, n, 5, (h, w), 1, 2)),
        Case("stride 2", (c, n, 3, (h, w), 2, 0)),
        Case("stride 2 that does not fit the padded image", (c, n, 3, (even, even + 3), 2, 1), edge=True),
        Case("stride 3", (c, n, 2, (h, w), 3, 1)),
        Case("a 1x1 convolution", (c, n, 1, (h, w))),
        Case("two groups", (2 * c, 2 * n, 3, (h, w), 1, 1, 2)),
        Case("depthwise: as many groups as channels", (n, n, 3, (h, w), 1, 1, n)),
        Case("an image as large as the kernel", (c, n, 3, (3, 3)), edge=True),
    ]


def _whole(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, Tensor) and output.numel() == 1:
        output = output.item()
    if isinstance(output, bool) or not isinstance(output, (int, float)):
        raise CourseError("return one number")
    return output, afterwards


def _macs(
    out: Callable[[int, int, int, int], int] = lambda n, k, s, p: (n + 2 * p - k) // s + 1,
    of_filter: Callable[[int, int, int], float] = lambda c, k, g: c // g * k * k,
    total: Callable[[int, int, float], float] = lambda places, n, of_filter: places * n * of_filter,
) -> Callable[..., float]:
    def wrong(c: int, n: int, k: int, size: tuple[int, int], s: int = 1, p: int = 0, g: int = 1) -> float:
        return total(out(size[0], k, s, p) * out(size[1], k, s, p), n, of_filter(c, k, g))

    return wrong


def _square(c: int, n: int, k: int, size: tuple[int, int], s: int = 1, p: int = 0, g: int = 1) -> int:
    return conv_macs(c, n, k, (size[0], size[0]), s, p, g)


CONV_MACS = Exercise(
    "conv_macs",
    LESSON,
    2,
    conv_macs,
    _convolutions,
    (
        Misconception(
            "FLOPs for MACs",
            "This is twice as many: one multiply-accumulate is ONE MAC (and two FLOPs).",
            _macs(total=lambda places, n, f: 2 * places * n * f),
        ),
        Misconception(
            "parameters for MACs",
            "This is the number of weights: each of them is used once at EVERY position of the output.",
            _macs(total=lambda places, n, f: n * f),
        ),
        Misconception(
            "positions of the input",
            "The filter is applied once for each position of the OUTPUT; this counts those of the input.",
            _macs(out=lambda n, k, s, p: n),
        ),
        Misconception(
            "padding on one side",
            "Padding is added on BOTH sides of the image: 2 * padding.",
            _macs(out=lambda n, k, s, p: (n + p - k) // s + 1),
        ),
        Misconception("padding ignored", "The padding is left out.", _macs(out=lambda n, k, s, p: (n - k) // s + 1)),
        Misconception("stride ignored", "The stride is left out.", _macs(out=lambda n, k, s, p: n + 2 * p - k + 1)),
        Misconception(
            "one position missing",
            "A 3x3 kernel fits into a 3x3 image once, not never: (size + 2 * padding - kernel) // stride + 1.",
            _macs(out=lambda n, k, s, p: (n + 2 * p - k) // s),
        ),
        Misconception(
            "rounded up",
            "Where the stride does not fit, the last position is left out: // rounds down.",
            _macs(out=lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1),
        ),
        Misconception(
            "fractions of a position",
            "/ gives fractions of a position; // counts whole ones.",
            _macs(out=lambda n, k, s, p: (n + 2 * p - k) / s + 1),
        ),
        Misconception(
            "groups ignored",
            "With groups a filter sees in_channels // groups channels only.",
            _macs(of_filter=lambda c, k, g: c * k * k),
        ),
        Misconception(
            "groups counted twice",
            "Groups make a filter thinner; the number of filters stays out_channels.",
            _macs(of_filter=lambda c, k, g: c // g * k * k / g),
        ),
        Misconception(
            "kernel not squared",
            "A kernel has kernel * kernel weights for each channel.",
            _macs(of_filter=lambda c, k, g: c // g * k),
        ),
        Misconception(
            "input channels forgotten",
            "A filter spans all input channels (of its group): multiply by them.",
            _macs(of_filter=lambda c, k, g: k * k),
        ),
        Misconception(
            "bias counted",
            "Biases are added once to each output; they are no multiply-accumulates.",
            _macs(of_filter=lambda c, k, g: c // g * k * k + 1),
        ),
        Misconception("square images only", "Height and width may differ: use both entries of `size`.", _square),
    ),
    _whole,
)


# ---- bytes_on_disk


def bytes_on_disk(weight: Tensor) -> dict[str, int]:
    """Bytes of a weight stored whole, whole and compressed by gzip, and as one bit a weight plus the non-zero values."""
    each = weight.element_size()
    return {
        "dense": weight.numel() * each,
        "gzip": len(gzip.compress(weight.contiguous().numpy().tobytes())),
        "bitmap": -(-weight.numel() // 8) + int(torch.count_nonzero(weight)) * each,
    }


def _stored(rng: torch.Generator) -> list[Case]:
    def sparse(density: float, *shape: int) -> Tensor:
        weight = torch.randn(*shape, generator=rng)
        weight = weight + weight.sign() * 0.01
        return weight * (torch.rand(*shape, generator=rng) < density)

    n, c = _int(rng, 21, 24), _int(rng, 25, 29)
    return [
        Case("sixteen weights, half of them zero", (torch.tensor([0.5, 0.0, -1.5, 0.0, 2.0, 0.0, 1.0, 0.0] * 2),)),
        Case("a layer with nine of ten weights gone", (sparse(0.1, n, c),)),
        Case("a layer without zeros", (sparse(1.1, n, c),)),
        Case("a convolution, half of it gone", (sparse(0.5, n, 4, 3, 3),)),
        Case("a number of weights that is no multiple of 8", (sparse(0.5, 7, 3),), edge=True),
        Case("float64", (sparse(0.3, c, c).double(),), edge=True),
        Case("float16", (sparse(0.3, n, c).half(),), edge=True),
        Case("a weight that is not contiguous", (sparse(0.2, c, n).T,), edge=True),
        Case("a layer of zeros", (torch.zeros(n, c),), edge=True),
        Case("a single weight", (torch.tensor([0.25]),), edge=True),
    ]


KINDS = ("dense", "gzip", "bitmap")


def _three_sizes(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Two sizes are exact; gzip's depends on its level and its version, so that one near the library's is as good."""
    if not isinstance(output, Mapping) or set(output) != set(KINDS):
        raise CourseError(f"return a dict with the keys {', '.join(map(repr, KINDS))}")
    sizes = {name: size.item() if isinstance(size, Tensor) and size.numel() == 1 else size for name, size in output.items()}
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, (int, float)):
            raise CourseError(f"{name} is a number of bytes, such as 128")
    usual = bytes_on_disk(inputs[0])["gzip"]
    near = abs(sizes["gzip"] - usual) <= 40 + 0.06 * usual
    return sizes | {"gzip": usual if near else sizes["gzip"]}, afterwards


def _sizes(**changed: Callable[[Tensor], Any]) -> Callable[[Tensor], dict[str, Any]]:
    return lambda weight: {**bytes_on_disk(weight), **{name: size(weight) for name, size in changed.items()}}


def _raw(weight: Tensor) -> bytes:
    return weight.contiguous().numpy().tobytes()


def _ceil8(weight: Tensor) -> int:
    return -(-weight.numel() // 8)


def _values(weight: Tensor) -> int:
    return int(torch.count_nonzero(weight)) * weight.element_size()


BYTES_ON_DISK = Exercise(
    "bytes_on_disk",
    LESSON,
    2,
    bytes_on_disk,
    _stored,
    (
        Misconception(
            "bits for bytes",
            "These are bits; a byte has eight of them.",
            lambda w: {
                "dense": 8 * w.numel() * w.element_size(),
                "gzip": len(gzip.compress(_raw(w))),
                "bitmap": w.numel() + 8 * _values(w),
            },
        ),
        Misconception(
            "four bytes always",
            "Not every number has four bytes: ask the tensor, weight.element_size().",
            _sizes(dense=lambda w: 4 * w.numel(), bitmap=lambda w: _ceil8(w) + 4 * int(torch.count_nonzero(w))),
        ),
        Misconception(
            "zeros cost nothing",
            "Stored whole, a zero takes as many bytes as any other number.",
            _sizes(dense=_values),
        ),
        Misconception(
            "a byte for each bit",
            "The bitmap has one BIT for each weight, eight of them to a byte.",
            _sizes(bitmap=lambda w: w.numel() + _values(w)),
        ),
        Misconception(
            "bitmap forgotten",
            "Without the bitmap nobody knows where the values belong: it has to be stored as well.",
            _sizes(bitmap=_values),
        ),
        Misconception(
            "values forgotten", "This is the bitmap alone; the non-zero values are stored beside it.", _sizes(bitmap=_ceil8)
        ),
        Misconception(
            "bitmap rounded down",
            "Bytes are whole, and nine bits need two of them: round UP.",
            _sizes(bitmap=lambda w: w.numel() // 8 + _values(w)),
        ),
        Misconception(
            "fractions of a byte",
            "Bytes are whole: round the bitmap UP.",
            _sizes(bitmap=lambda w: w.numel() / 8 + _values(w)),
        ),
        Misconception(
            "bits for the non-zeros only",
            "Every weight has its bit, the zeros too: they are what the bits tell apart.",
            _sizes(bitmap=lambda w: -(-int(torch.count_nonzero(w)) // 8) + _values(w)),
        ),
        Misconception(
            "counts the zeros",
            "These are the zeros; stored are the values that are NOT zero.",
            _sizes(bitmap=lambda w: _ceil8(w) + int((w == 0).sum()) * w.element_size()),
        ),
        Misconception(
            "an index for a bit",
            "This stores a 32-bit index for each value; a bitmap has one bit for each weight.",
            _sizes(bitmap=lambda w: int(torch.count_nonzero(w)) * (4 + w.element_size())),
        ),
        Misconception(
            "gzip of a text",
            "This compresses the numbers written out as text; compress the bytes of the tensor: weight.numpy().tobytes().",
            _sizes(gzip=lambda w: len(gzip.compress(str(w.tolist()).encode()))),
        ),
        Misconception(
            "zeros left out before gzip",
            "Give gzip the whole tensor, zeros included: without them nobody knows where the rest belongs.",
            _sizes(gzip=lambda w: len(gzip.compress(_raw(w[w != 0])))),
        ),
        Misconception(
            "not compressed",
            "This is the length before the compression.",
            _sizes(gzip=lambda w: len(_raw(w))),
        ),
    ),
    _three_sizes,
)


# ---- latency


def latency(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    """Median of the seconds that each of `runs` calls takes by `clock`, after `warmup` calls that are not timed."""
    for _ in range(warmup):
        run()
    times = []
    for _ in range(runs):
        start = clock()
        run()
        times.append(clock() - start)
    return statistics.median(times)


def _timings(rng: torch.Generator) -> list[Case]:
    def case(label: str, warmup: int, *seconds: float, start: float = 0.0, edge: bool = False) -> Case:
        called = Callee("run", token=False, seconds=seconds)
        return Case(label, (called, Clock("clock", start), warmup, len(seconds) - warmup), edge)

    drawn = [round(1 + float(t), 2) for t in torch.rand(9, generator=rng)]
    first = [round(20 + 9 * float(t), 2) for t in torch.rand(3, generator=rng)]
    return [
        case("five runs after a slow first one", 1, 9.0, 2.0, 1.0, 3.0, 2.5, 1.5),
        case("a busy machine: two runs far too slow", 2, *first[:2], *drawn[:5], 50.0, 40.0),
        case("an even number of runs", 1, first[0], *drawn[:2], drawn[2] + 4, drawn[3] + 6),
        case("three slow calls before it is warm", 3, *first, *drawn),
        case("a clock that does not start at zero", 1, first[0], *drawn[:7], start=1234.5, edge=True),
        case("no warm-up", 0, *drawn[:5], edge=True),
        case("a single run", 2, *first[:2], drawn[0], edge=True),
        case("times that fall", 1, first[0], *sorted(drawn, reverse=True)[:6], 0.25),
    ]


def _timed(run: Callable[[], Any], clock: Callable[[], float], warmup: int, runs: int) -> list[float]:
    for _ in range(warmup):
        run()
    return _spans(run, clock, runs)


def _spans(run: Callable[[], Any], clock: Callable[[], float], runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        start = clock()
        run()
        times.append(clock() - start)
    return times


def _of_times(statistic: Callable[[list[float]], float]) -> Callable[..., float]:
    return lambda run, clock, warmup=5, runs=30: statistic(_timed(run, clock, warmup, runs))


def _whole_loop(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    for _ in range(warmup):
        run()
    start = clock()
    for _ in range(runs):
        run()
    return (clock() - start) / runs


def _all_in_one(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    start = clock()
    for _ in range(warmup + runs):
        run()
    return (clock() - start) / runs


def _never_reset(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    for _ in range(warmup):
        run()
    times, start = [], clock()
    for _ in range(runs):
        run()
        times.append(clock() - start)
    return statistics.median(times)


def _times_nothing(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    times = []
    for _ in range(warmup + runs):
        run()
        start = clock()
        times.append(clock() - start)
    return statistics.median(times[warmup:])


def _readings(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    for _ in range(warmup):
        run()
    times = []
    for _ in range(runs):
        run()
        times.append(clock())
    return statistics.median(times)


_BUSY = "A busy machine makes a few runs much slower, and they pull the mean up: take the MEDIAN of the single runs."
_SINGLE = "This is one run, and one run may be anything: take the median of all of them."
LATENCY = Exercise(
    "latency",
    LESSON,
    2,
    latency,
    _timings,
    (
        Misconception("mean for median", _BUSY, _of_times(lambda times: sum(times) / len(times))),
        Misconception("mean for median", _BUSY, _whole_loop),
        Misconception(
            "no warm-up",
            "Call run `warmup` times BEFORE the first run that is timed.",
            lambda run, clock, warmup=5, runs=30: statistics.median(_spans(run, clock, runs)),
        ),
        Misconception(
            "warm-up counted",
            "The first `warmup` runs are timed here as well; leave them out of the median.",
            lambda run, clock, warmup=5, runs=30: statistics.median(_spans(run, clock, warmup + runs)),
        ),
        Misconception(
            "warm-up taken from the runs",
            "`runs` counts the timed runs only; the warm-up comes on top.",
            lambda run, clock, warmup=5, runs=30: statistics.median(_spans(run, clock, runs)[warmup:]),
        ),
        Misconception("warm-up counted", "The clock starts before the warm-up; start it for each run anew.", _all_in_one),
        Misconception(
            "clock not set back",
            "The clock is started once, so that these times add up: read it before EACH run.",
            _never_reset,
        ),
        Misconception(
            "lower of the two in the middle",
            "torch.median takes the lower of the two middle values; of an even number of runs take their mean "
            "(statistics.median).",
            _of_times(statistics.median_low),
        ),
        Misconception(
            "lower of the two in the middle",
            "Of an even number of runs the median is the mean of the two in the middle (statistics.median).",
            _of_times(statistics.median_high),
        ),
        Misconception(
            "not sorted",
            "This is the run in the middle of the list, not of the sorted list.",
            _of_times(lambda times: times[len(times) // 2]),
        ),
        Misconception("fastest run", "This is the fastest run; asked for is the median.", _of_times(min)),
        Misconception("slowest run", "This is the slowest run; asked for is the median.", _of_times(max)),
        Misconception("a single run", _SINGLE, _of_times(lambda times: times[-1])),
        Misconception("a single run", _SINGLE, _of_times(lambda times: times[0])),
        Misconception(
            "times nothing", "This measures no time at all: read the given clock before AND after each run.", _times_nothing
        ),
        Misconception(
            "readings for spans", "A reading of the clock is no duration: subtract the one before the run.", _readings
        ),
        Misconception("all times", "These are the single times; return their median.", _of_times(lambda times: times)),
        Misconception("total", "This is the time of all runs together.", _of_times(sum)),
        Misconception(
            "start minus end", "The time is negative: end minus start.", _of_times(lambda t: -statistics.median(t))
        ),
        Misconception(
            "milliseconds", "These are milliseconds; return seconds.", _of_times(lambda t: 1000 * statistics.median(t))
        ),
    ),
)


# ---- sensitivity


def _without(dense: Tensor, count: int, largest: bool = False) -> Tensor:
    """Return a copy of `dense` without its `count` smallest weights."""
    gone = torch.zeros(dense.numel(), dtype=torch.bool, device=dense.device)
    gone[dense.abs().flatten().argsort(stable=True, descending=largest)[:count]] = True
    return dense.masked_fill(gone.view(dense.shape), 0)


def sensitivity(
    model: nn.Module, layer: str, sparsities: list[float], evaluate: Callable[[nn.Module], float]
) -> list[float]:
    """What `evaluate` says with the smallest weights of one layer gone, at each sparsity; the model is restored."""
    weight = model.get_parameter(f"{layer}.weight")
    dense = weight.detach().clone()
    found = []
    with torch.no_grad():
        for sparsity in sparsities:
            weight.copy_(_without(dense, round(sparsity * dense.numel())))
            found.append(evaluate(model))
        weight.copy_(dense)
    return found


def _scans(rng: torch.Generator) -> list[Case]:
    gauge, n, c = Gauge("evaluate"), _int(rng, 5, 7), _int(rng, 8, 9)
    two = _network(rng, hidden=_dense(c, n), head=_dense(n, 3))
    tied = copy.deepcopy(two)
    tied.layers["hidden"].state["weight"][:] = 0.5
    convs = _network(rng, conv1=_conv(1, 2), conv10=_conv(2, 3))
    unsaid = (_int(rng, 3, 5) + 0.3) / (n * c)
    return [
        Case("a single layer, half of it gone", (_network(rng, only=_dense(4, 2)), "only", [0.5], gauge)),
        Case("one layer of two, rising sparsities", (two, "hidden", [0.25, 0.5, 0.75], gauge)),
        Case("the last layer", (two, "head", [0.2, 0.6], gauge)),
        Case("falling sparsities", (two, "hidden", [0.9, 0.5, 0.1], gauge)),
        Case("sparsity 1 and then 0", (two, "hidden", [1.0, 0.0], gauge), edge=True),
        Case(
            "a share that is not a whole number of weights",
            (two, "hidden", [unsaid, unsaid + 0.4 / (n * c)], gauge),
            edge=True,
        ),
        Case("equal weights", (tied, "hidden", [0.3, 0.6], gauge), edge=True),
        Case("a layer whose name begins another one's", (convs, "conv1", [0.5, 0.9], gauge), edge=True),
        Case("a layer without bias", (_network(rng, only=_dense(c, n, bias=False)), "only", [0.4, 0.8], gauge), edge=True),
        Case("no sparsity at all", (two, "head", [], gauge), edge=True),
        Case("float64", (_network(rng, double=True, only=_dense(c, n)), "only", [0.35, 0.7], gauge), edge=True),
    ]


def _list_and_model(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """How often evaluate is called, and on which copy, is the student's affair; of equal weights any may have gone."""
    if isinstance(output, Tensor):
        output = output.flatten().tolist()
    if not isinstance(output, (list, tuple)) or len(output) != len(inputs[2]):
        raise CourseError(f"return a list of {len(inputs[2])} number(s), one for each sparsity")
    model, layer, sparsities, _ = afterwards
    before = {f"{name}.{part}": tensor for name, one in inputs[0].layers.items() for part, tensor in one.state.items()}
    restored = {name: torch.equal(before[name], tensor) for name, tensor in model.items()}
    left = {name: tensor.flatten().sort().values for name, tensor in model.items()}
    return list(output), restored, left, layer, sparsities


def _scanning(
    prune: Callable[[Tensor, Tensor, float], Tensor] = lambda dense, now, s: _without(dense, round(s * dense.numel())),
    names: Callable[[nn.Module, str], list[str]] = lambda model, layer: [f"{layer}.weight"],
    between: bool = True,
    after: bool = True,
    value: Callable[[float, float], float] = lambda pruned, dense: pruned,
) -> Callable[..., list[float]]:
    """Return a wrong answer. prune: (dense weight, weight as it is, sparsity) -> new weight."""

    def wrong(model: nn.Module, layer: str, sparsities: list[float], evaluate: Callable[[nn.Module], float]) -> list[float]:
        with torch.no_grad():
            weights = [model.get_parameter(name) for name in names(model, layer)]
            saved, whole, found = [weight.clone() for weight in weights], evaluate(model), []
            for sparsity in sparsities:
                for weight, dense in zip(weights, saved, strict=True):
                    weight.copy_(prune(dense, weight.clone(), sparsity))
                found.append(value(evaluate(model), whole))
                for weight, dense in zip(weights, saved, strict=True) if between else ():
                    weight.copy_(dense)
            for weight, dense in zip(weights, saved, strict=True) if after else ():
                weight.copy_(dense)
        return found

    return wrong


def _not_restored(model: nn.Module, layer: str, sparsities: list[float], evaluate: Callable) -> list[float]:
    return _scanning(lambda dense, now, s: _without(now, round(s * now.numel())), between=False, after=False)(
        model, layer, sparsities, evaluate
    )


def _of_the_rest(dense: Tensor, now: Tensor, sparsity: float) -> Tensor:
    zeros = int((now == 0).sum())
    return _without(now, zeros + round(sparsity * (now.numel() - zeros)))


def _threshold(dense: Tensor, now: Tensor, sparsity: float) -> Tensor:
    count = round(sparsity * dense.numel())
    return dense.masked_fill(dense.abs() <= dense.abs().flatten().sort().values[count - 1], 0) if count else dense


def _with_bias(model: nn.Module, layer: str) -> list[str]:
    return [name for name, _ in model.named_parameters() if name.rpartition(".")[0] == layer]


def _with_autograd_scan(model: nn.Module, layer: str, sparsities: list[float], evaluate: Callable) -> list[float]:
    weight = model.get_parameter(f"{layer}.weight")
    for sparsity in sparsities:
        weight.copy_(_without(weight.detach(), round(sparsity * weight.numel())))
    return [evaluate(model) for _ in sparsities]


_RESTORE = "The model is not restored: put the layer's weights back before the next sparsity, and at the end."
_INT = "int() and // round down; the share s of n weights is round(s * n)."
SENSITIVITY = Exercise(
    "sensitivity",
    LESSON,
    2,
    sensitivity,
    _scans,
    (
        Misconception("not restored", _RESTORE, _not_restored),
        Misconception("not restored", _RESTORE, _scanning(between=False, after=False)),
        Misconception(
            "restored at the end only",
            "Each sparsity starts from the dense layer: here a later one finds what an earlier one has left.",
            _scanning(lambda dense, now, s: _without(now, round(s * now.numel())), between=False),
        ),
        Misconception(
            "share of what remains",
            "Every sparsity is a share of the DENSE layer; this takes it of what is left from the sparsity before.",
            _scanning(_of_the_rest, between=False),
        ),
        Misconception(
            "all layers pruned",
            "Only the layer in question is pruned, all others stay dense: that is what the scan is about.",
            _scanning(names=lambda model, layer: [name for name, p in model.named_parameters() if p.ndim > 1]),
        ),
        Misconception(
            "other layers too",
            "A name such as conv10 begins with conv1 as well; take the parameter called f'{layer}.weight'.",
            _scanning(names=lambda m, layer: [n for n, p in m.named_parameters() if n.startswith(layer) and p.ndim > 1]),
        ),
        Misconception("bias pruned", "Only the weight is pruned, not the bias.", _scanning(names=_with_bias)),
        Misconception(
            "largest pruned",
            "This removes the LARGEST weights.",
            _scanning(lambda dense, now, s: _without(dense, round(s * dense.numel()), largest=True)),
        ),
        Misconception(
            "no absolute value",
            "Without abs large negative weights go first: rank by magnitude.",
            _scanning(lambda d, now, s: _without(d - d.min() + 1, round(s * d.numel())).sign() * d),
        ),
        Misconception("int for round", _INT, _scanning(lambda dense, now, s: _without(dense, int(s * dense.numel())))),
        Misconception(
            "ties",
            "With equal weights a threshold takes all of them: choose exactly round(s * n) INDICES.",
            _scanning(_threshold),
        ),
        Misconception(
            "density for sparsity",
            "This keeps the share that should go: sparsity is the share that is GONE.",
            _scanning(lambda dense, now, s: _without(dense, dense.numel() - round(s * dense.numel()))),
        ),
        Misconception(
            "losses for values",
            "These are differences from the dense model; return what evaluate says.",
            _scanning(value=lambda pruned, dense: dense - pruned),
        ),
        Misconception(
            "evaluated too early",
            "evaluate is called on the dense model: prune first.",
            _scanning(value=lambda pruned, dense: dense),
        ),
        Misconception("autograd in the way", _AUTOGRAD, _with_autograd_scan),
    ),
    _list_and_model,
)

LAYERS = ("conv1", "conv2", "conv3", "conv4", "dense", "head")
_BUGS = {
    "A": {
        1: "Counting needs this context; it runs the model once and adds up.",
        2: "One image: that is right for the MACs of one image.",
        3: "The counter counts a multiply and an add as two operations: these are FLOPs. Halve them for MACs.",
        4: "The line prints what it is given; the number was wrong before.",
    },
    "B": {
        1: "Inference mode is right: nobody needs gradients here.",
        2: "A warm-up is right.",
        3: "The dense model is warmed up before it is timed, as it should be.",
        4: "The dense model is timed as it should be. Is the masked one, too?",
        5: "This one is timed outside inference mode and without a warm-up: two models are compared under two conditions.",
        6: "The ratio is the right one of the two times.",
    },
    "C": {
        1: "Counting before the second round is fine; the question is what the count is compared with.",
        2: "The second round prunes as it should.",
        3: "Counting after it is fine.",
        4: "This is the share of what REMAINED after the first round; sparsity is a share of ALL the dense model's weights.",
    },
    "D": {
        1: "Opening it for writing bytes is right.",
        2: "Everything is handed to the file, but not all of it has reached the disk yet.",
        3: "The last bytes still wait in the buffer: close (or flush) the file before its size is read.",
        4: "Closing is right; it comes too late.",
    },
}
EXERCISES = (
    APPLY_MASKS,
    CONV_MACS,
    prediction("gzip_share", LESSON, 0, 1),
    BYTES_ON_DISK,
    LATENCY,
    pick("breaks_first", LESSON, LAYERS),
    SENSITIVITY,
    choices("measuring_bugs", LESSON, {"A": 3, "B": 5, "C": 4, "D": 3}, 4, _BUGS),
)
