"""Lesson 02, L1-norm filter pruning (Li et al. 2017): what students write, and how it goes wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.axes import scores as library
from course_lib.axes.amounts import share
from course_lib.axes.scopes import lowest
from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Callee, Case, Layer
from course_lib.teaching.exercises.base import Exercise, Misconception, choices, identity, prediction, short

LESSON = "02"


def _int(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high + 1, (), generator=rng))


# ---- filter_l1


def filter_l1(weight: Tensor) -> Tensor:
    """(n, c, h, w) -> (n,): the sum of absolute weights of each filter (Li et al. 2017, section 3.1)."""
    return library.l1_norm(weight.flatten(1))


def _weights(rng: torch.Generator) -> list[Case]:
    def weight(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng)

    n, c = _int(rng, 3, 6), _int(rng, 7, 9)
    plain = weight(n, c, 3, 3)
    return [
        Case("three filters of 2x2", (weight(3, 1, 2, 2),)),
        Case("filters of 3x3 over many channels", (plain,)),
        Case("the same filters, a thousand times as large", (1000 * plain,)),
        Case("filters in another order", (plain[torch.randperm(n, generator=rng)],)),
        Case("filters of 1x3", (weight(c, n, 1, 3),)),
        Case("weights in memory format channels_last", (weight(n, c, 3, 3).contiguous(memory_format=torch.channels_last),)),
        Case("a view that is not contiguous", (weight(c, n, 3, 3).transpose(0, 1),)),
        Case("a single filter", (weight(1, c, 3, 3),), edge=True),
        Case("filters of zeros", (torch.zeros(2, 3, 3, 3),), edge=True),
        Case("float64", (weight(n, 2, 3, 3).double(),), edge=True),
    ]


FILTER_L1 = Exercise(
    "filter_l1",
    LESSON,
    2,
    filter_l1,
    _weights,
    (
        Misconception("no absolute value", "Without abs positive and negative weights cancel.", lambda w: w.sum((1, 2, 3))),
        Misconception(
            "absolute value of the sum",
            "The absolute value comes last here, when the weights have already cancelled: take it of each weight.",
            lambda w: w.sum((1, 2, 3)).abs(),
        ),
        Misconception(
            "wrong axis",
            "This is one number for each INPUT channel. Filter j is weight[j]: sum over all other axes.",
            lambda w: w.abs().sum((0, 2, 3)),
        ),
        Misconception(
            "one norm per kernel",
            "This is one number for each kernel; a filter is all the kernels of its output channel together.",
            lambda w: w.abs().sum((2, 3)),
        ),
        Misconception("L2 norm", "This is the L2 norm; the L1 norm does not square.", lambda w: w.flatten(1).norm(dim=1)),
        Misconception("mean instead of sum", "This is the mean; a norm is a sum.", lambda w: w.abs().mean((1, 2, 3))),
        Misconception("largest weight", "This is the largest weight of each filter.", lambda w: w.abs().amax((1, 2, 3))),
        Misconception("one number for all", "This is one number for the layer.", lambda w: w.abs().sum()),
    ),
)


# ---- filters_to_keep


def filters_to_keep(scores: Tensor, sparsity: float) -> Tensor:
    """(n,) scores -> (n,) bool, True = kept: exactly round(sparsity * n) of the lowest go, but at least one stays."""
    return ~lowest(scores, min(share(sparsity, len(scores)), len(scores) - 1))


def _scores(rng: torch.Generator) -> list[Case]:
    n = _int(rng, 9, 14)
    drawn = torch.randperm(n, generator=rng).float() + 1 + torch.rand(n, generator=rng) / 2
    gone = _int(rng, 2, n - 3)
    tied = torch.ones(8)
    tied[torch.randperm(8, generator=rng)[:3]] = 2.0
    return [
        Case("four filters, half of them to go", (torch.tensor([4.0, 1.0, 3.0, 2.0]), 0.5)),
        Case("a whole number of filters to go", (drawn, gone / n)),
        Case("a share that is not a whole number of filters", (drawn, (gone + 0.3) / n)),
        Case("a share just below a whole number of filters", (drawn, (gone - 0.2) / n)),
        Case("equal scores at the cut", (tied, 0.25), edge=True),
        Case("equal scores only", (torch.full((6,), 0.5), 0.5), edge=True),
        Case("sparsity 0", (drawn, 0.0), edge=True),
        Case("sparsity 1", (drawn, 1.0), edge=True),
        Case("a single filter", (torch.tensor([0.7]), 0.9), edge=True),
        Case("scores below zero", (drawn - n, gone / n), edge=True),
    ]


def _kept(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Of equal scores any may go: what counts is how many are kept, and which scores they have."""
    scores, _ = inputs
    if not isinstance(output, Tensor) or output.dtype != torch.bool or output.shape != scores.shape:
        raise CourseError(f"return a bool tensor of shape {tuple(scores.shape)}, True = kept")
    return scores[output.flatten()].sort().values, afterwards


def _by_threshold(keep: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, float], Tensor]:
    def wrong(scores: Tensor, sparsity: float) -> Tensor:
        count = min(share(sparsity, len(scores)), len(scores) - 1)
        return keep(scores, scores.sort().values[count - 1]) if count else torch.ones_like(scores, dtype=torch.bool)

    return wrong


def _keeping(count: Callable[[float, int], int], largest: bool = True) -> Callable[[Tensor, float], Tensor]:
    def wrong(scores: Tensor, sparsity: float) -> Tensor:
        kept = torch.zeros_like(scores, dtype=torch.bool)
        kept[scores.argsort(stable=True, descending=largest)[: count(sparsity, len(scores))]] = True
        return kept

    return wrong


_FLOOR = "A layer without any filter cuts the network in two: keep at least one, also at sparsity 1."
_TIES = "With equal scores at the cut a threshold takes all of them, or none: choose that many INDICES, not a threshold."
_QUANTILE = (
    "A quantile is a threshold: with equal scores it takes or keeps all of them, and its count is not always round(s * n). "
    "Choose that many INDICES."
)
_ORDER = (
    "argsort lists which index comes first, second, ...; its entry i is not the rank of filter i. Use it to choose indices."
)
_ROUND = "int() and // round down; the share s of n filters is round(s * n)."
FILTERS_TO_KEEP = Exercise(
    "filters_to_keep",
    LESSON,
    2,
    filters_to_keep,
    _scores,
    (
        Misconception("empties the layer", _FLOOR, _keeping(lambda s, n: n - share(s, n))),
        Misconception("int for round", _ROUND, _keeping(lambda s, n: max(1, n - int(s * n)))),
        Misconception("int for round", _ROUND, _keeping(lambda s, n: max(1, int((1 - s) * n)))),
        Misconception("ties", _TIES, _by_threshold(lambda scores, cut: scores > cut)),
        Misconception("ties", _TIES, _by_threshold(lambda scores, cut: scores >= cut)),
        Misconception(
            "ties", _TIES, lambda scores, s: scores >= scores.sort().values[min(share(s, len(scores)), len(scores) - 1)]
        ),
        Misconception("threshold by quantile", _QUANTILE, lambda scores, s: scores > torch.quantile(scores, s)),
        Misconception(
            "inverted mask", "True means KEPT; this marks what goes.", lambda scores, s: ~filters_to_keep(scores, s)
        ),
        Misconception(
            "inverted mask",
            "True means KEPT; this marks what goes. (And at least one filter has to stay.)",
            _keeping(share, largest=False),
        ),
        Misconception(
            "order taken for ranks",
            _ORDER,
            lambda scores, s: scores.argsort(stable=True) >= min(share(s, len(scores)), len(scores) - 1),
        ),
        Misconception(
            "order taken for ranks",
            _ORDER,
            lambda scores, s: scores.argsort(stable=True) >= share(s, len(scores)),
        ),
        Misconception(
            "keeps the smallest",
            "This keeps the smallest scores; a high score means important.",
            _keeping(lambda s, n: max(1, n - share(s, n)), largest=False),
        ),
        Misconception(
            "density for sparsity",
            "This keeps the share `sparsity`; sparsity is the share that GOES.",
            _keeping(lambda s, n: max(1, share(s, n))),
        ),
        Misconception(
            "numbers instead of a mask",
            "These are numbers; a mask is a tensor of True and False (dtype=torch.bool), or ~ and indexing go wrong later.",
            lambda scores, s: filters_to_keep(scores, s).to(scores.dtype),
        ),
        Misconception(
            "indices instead of a mask",
            "These are indices; return a bool tensor with one entry for each filter.",
            lambda scores, s: scores.argsort(descending=True)[: max(1, len(scores) - share(s, len(scores)))],
        ),
    ),
    _kept,
    lambda inputs, output: f"{short(output)}, or another with {int(output.sum())} True and equal scores",
)


# ---- silence


def silence(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    """Zero, in place, all that belongs to the filters where `keep` (n,) is False: row, bias, gamma and beta."""
    with torch.no_grad():
        for parameter in (conv.weight, conv.bias, norm.weight, norm.bias):
            if parameter is not None:
                parameter[~keep] = 0


def _chains(rng: torch.Generator) -> list[Case]:
    def case(label: str, n: int, c: int, bias: bool, keep: Tensor) -> Case:
        conv, norm = nn.Conv2d(c, n, 3, bias=bias), nn.BatchNorm2d(n)
        with torch.no_grad():
            for tensor in (*conv.parameters(), *norm.parameters(), norm.running_mean):
                tensor.copy_(torch.randn(tensor.shape, generator=rng))
            norm.running_var.copy_(0.5 + torch.rand(n, generator=rng))
        given = {"in_channels": c, "out_channels": n, "kernel_size": 3, "bias": bias}
        edge = not bias or bool(keep.all())
        return Case(label, (Layer.of(conv, **given), Layer.of(norm, num_features=n), keep), edge)

    n = _int(rng, 5, 8)
    keep = torch.rand(n, generator=rng) < 0.5
    keep[:2] = torch.tensor([True, False])
    with torch.random.fork_rng(devices=[]):
        return [
            case("a convolution with bias", n, 3, True, keep),
            case("a convolution without bias", n, 2, False, keep),
            case("nothing to silence", n, 2, True, torch.ones(n, dtype=torch.bool)),
            case("one filter kept of four", 4, 2, True, torch.arange(4) == _int(rng, 0, 3)),
        ]


def _parameters(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """What counts are the parameters; BatchNorm's running statistics of a silent channel do not matter."""
    conv, norm, keep = afterwards[:3]
    return conv, {name: tensor for name, tensor in norm.items() if name in ("weight", "bias")}, keep


def _zero(*which: str, gone: Callable[[Tensor], Tensor] = lambda keep: ~keep) -> Callable[..., None]:
    def wrong(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
        tensors = {"row": conv.weight, "bias": conv.bias, "gamma": norm.weight, "beta": norm.bias}
        with torch.no_grad():
            for name in which:
                if tensors[name] is not None:
                    tensors[name][gone(keep)] = 0

    return wrong


def _with_autograd(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    conv.weight[~keep] = 0


def _forgets_no_bias(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    with torch.no_grad():
        for parameter in (conv.weight, conv.bias, norm.weight, norm.bias):
            parameter[~keep] = 0


def _data_of_none(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    for parameter in (conv.weight, conv.bias, norm.weight, norm.bias):
        parameter.data[~keep] = 0


def _columns(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    with torch.no_grad():
        conv.weight[:, ~keep] = 0


def _product(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    with torch.no_grad():
        for parameter in (conv.weight, conv.bias, norm.weight, norm.bias):
            if parameter is not None:
                parameter *= keep


SILENCE = Exercise(
    "silence",
    LESSON,
    2,
    silence,
    _chains,
    (
        Misconception(
            "only the row",
            "The row is gone, but the filter still speaks through its bias and through BatchNorm's gamma and beta.",
            _zero("row"),
        ),
        Misconception(
            "BatchNorm left on",
            "BatchNorm still turns the silent channel into a constant: its gamma and beta belong to the filter too.",
            _zero("row", "bias"),
        ),
        Misconception("bias left", "The convolution's bias belongs to the filter too.", _zero("row", "gamma", "beta")),
        Misconception("beta left", "BatchNorm's shift beta is what still speaks.", _zero("row", "bias", "gamma")),
        Misconception(
            "gamma left",
            "With gamma left, BatchNorm subtracts its running mean from zero and scales that: the channel speaks.",
            _zero("row", "bias", "beta"),
        ),
        Misconception(
            "row left",
            "The output is silent, but the filter's own weights are still there and count as parameters.",
            _zero("gamma", "beta"),
        ),
        Misconception(
            "inverted mask",
            "This silences the filters that should be kept: True means KEPT.",
            _zero("row", "bias", "gamma", "beta", gone=lambda keep: keep),
        ),
        Misconception(
            "a layer without bias",
            "A convolution before a BatchNorm often has no bias: conv.bias is None then.",
            _forgets_no_bias,
        ),
        Misconception(
            "a layer without bias",
            "A convolution before a BatchNorm often has no bias: conv.bias is None then.",
            _data_of_none,
        ),
        Misconception(
            "changes nothing",
            "Nothing has changed: write into conv.weight and the others themselves, not into a copy.",
            lambda conv, norm, keep: _zero("row", "gamma", "beta")(copy.deepcopy(conv), copy.deepcopy(norm), keep),
        ),
        Misconception(
            "silences everything",
            "All filters are silent now; those where keep is True stay as they are.",
            _zero("row", "bias", "gamma", "beta", gone=lambda keep: keep | ~keep),
        ),
        Misconception(
            "autograd in the way",
            "A parameter that records gradients cannot be changed in place: do it under torch.no_grad().",
            _with_autograd,
        ),
        Misconception(
            "wrong axis", "Filters are the FIRST axis of the weight; the second are its input channels.", _columns
        ),
        Misconception(
            "multiplied by the mask",
            "keep is (n,) and the weight (n, c, h, w): they do not line up for a product. Index the rows with ~keep.",
            _product,
        ),
    ),
    _parameters,
)


# ---- columns_of_channel


def columns_of_channel(channel: int, height: int, width: int) -> list[int]:
    """Return which columns of a dense layer after flatten read the (height, width) map of `channel`."""
    return list(range(channel * height * width, (channel + 1) * height * width))


def _maps(rng: torch.Generator) -> list[Case]:
    height, width = _int(rng, 2, 4), _int(rng, 5, 7)
    return [
        Case("the first channel of 2x3 maps", (0, 2, 3)),
        Case("the second channel of 2x3 maps", (1, 2, 3)),
        Case("a later channel of larger maps", (_int(rng, 2, 9), height, width)),
        Case("maps of 1x1, after global pooling", (_int(rng, 2, 9), 1, 1), edge=True),
        Case("maps of one row", (_int(rng, 2, 9), 1, width), edge=True),
        Case("square maps", (_int(rng, 10, 40), 5, 5)),
    ]


def _as_columns(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """A range, a list, a tuple, a set or a tensor of indices in any order: all name the columns."""
    if isinstance(output, Tensor):
        if output.dtype == torch.bool or output.is_floating_point():
            raise CourseError("return the indices of the columns")
        output = output.flatten().tolist()
    if not isinstance(output, Iterable) or isinstance(output, (str, dict)):
        raise CourseError("return the indices of the columns, such as a list or a range")
    return sorted(output), afterwards


def _from(start: Callable[[int, int, int], int], count: Callable[[int, int], int]) -> Callable[[int, int, int], list[int]]:
    return lambda k, h, w: list(range(start(k, h, w), start(k, h, w) + count(h, w)))


COLUMNS_OF_CHANNEL = Exercise(
    "columns_of_channel",
    LESSON,
    1,
    columns_of_channel,
    _maps,
    (
        Misconception(
            "one column a channel", "A channel is a whole map: it fills height * width columns.", lambda k, h, w: [k]
        ),
        Misconception(
            "first column only",
            "This is the first column of the channel only; its map fills height * width of them.",
            lambda k, h, w: [k * h * w],
        ),
        Misconception(
            "last column missing",
            "One column is missing at the end: a range stops BEFORE its end.",
            _from(lambda k, h, w: k * h * w, lambda h, w: h * w - 1),
        ),
        Misconception(
            "one column too many",
            "There is one column too many: it belongs to the next channel.",
            _from(lambda k, h, w: k * h * w, lambda h, w: h * w + 1),
        ),
        Misconception(
            "counted from 1",
            "Channels are counted from 0.",
            _from(lambda k, h, w: (k - 1) * h * w, lambda h, w: h * w),
        ),
        Misconception(
            "square maps only", "This takes the maps to be square.", _from(lambda k, h, w: k * h * h, lambda h, w: h * h)
        ),
        Misconception(
            "square maps only", "This takes the maps to be square.", _from(lambda k, h, w: k * w * w, lambda h, w: w * w)
        ),
        Misconception(
            "a row instead of a map",
            "This is a single row of the map; flatten lays all its rows one after the other.",
            _from(lambda k, h, w: k * w, lambda h, w: w),
        ),
        Misconception(
            "start not scaled",
            "The channels before this one fill height * width columns EACH.",
            _from(lambda k, h, w: k, lambda h, w: h * w),
        ),
    ),
    _as_columns,
)


# ---- cubic_schedule


def cubic_schedule(step: int, steps: int, final: float, initial: float = 0.0) -> float:
    """Sparsity after `step` of `steps`: s_f + (s_i - s_f)(1 - t/n)^3 (Zhu & Gupta 2017, section 3)."""
    return final + (initial - final) * (1 - step / steps) ** 3


def _steps(rng: torch.Generator) -> list[Case]:
    n, final = _int(rng, 7, 20), 0.5 + 0.4 * float(torch.rand((), generator=rng))
    t = _int(rng, 2, n - 2)
    return [
        Case("one step of two", (1, 2, 0.8)),
        Case("a step on the way", (t, n, final)),
        Case("a start that is not dense", (t, n, final, 0.3)),
        Case("step 0", (0, n, final, 0.1), edge=True),
        Case("the last step", (n, n, final, 0.1)),
        Case("a single step", (1, 1, final), edge=True),
    ]


def _number(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, Tensor) and output.numel() == 1:
        output = output.item()
    return identity(inputs, afterwards, output)


CUBIC_SCHEDULE = Exercise(
    "cubic_schedule",
    LESSON,
    1,
    cubic_schedule,
    _steps,
    (
        Misconception(
            "start ignored", "The start is not always 0: use `initial`.", lambda t, n, f, i=0.0: f - f * (1 - t / n) ** 3
        ),
        Misconception("linear", "This rises in a straight line.", lambda t, n, f, i=0.0: i + (f - i) * t / n),
        Misconception(
            "slow start",
            "This prunes little at first and most at the end; the cubic schedule does the reverse: (1 - t/n) is cubed.",
            lambda t, n, f, i=0.0: i + (f - i) * (t / n) ** 3,
        ),
        Misconception("squared", "The exponent is 3.", lambda t, n, f, i=0.0: f + (i - f) * (1 - t / n) ** 2),
        Misconception(
            "sign",
            "The difference is the other way round: initial - final.",
            lambda t, n, f, i=0.0: f + (f - i) * (1 - t / n) ** 3,
        ),
        Misconception(
            "start and end exchanged",
            "initial and final are swapped: this starts at `final`.",
            lambda t, n, f, i=0.0: i + (f - i) * (1 - t / n) ** 3,
        ),
        Misconception(
            "integer division",
            "// throws the fraction away: step // steps is 0 until the last step.",
            lambda t, n, f, i=0.0: f + (i - f) * (1 - t // n) ** 3,
        ),
        Misconception(
            "counted from 1",
            "This is one step behind: after the last step the sparsity is `final`.",
            lambda t, n, f, i=0.0: f + (i - f) * (1 - (t - 1) / n) ** 3,
        ),
    ),
    _number,
)


# ---- prune_and_fine_tune


def prune_and_fine_tune(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    """Prune to each sparsity of `schedule` in turn, always from the masks so far, and train after each; last masks."""
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        fine_tune(masks)
    return masks


def _schedules(rng: torch.Generator) -> list[Case]:
    calls = (Callee("prune"), Callee("fine_tune", token=False))
    rising = sorted(round(float(s), 2) for s in torch.rand(_int(rng, 3, 5), generator=rng))
    return [
        Case("two rounds", ([0.3, 0.5], *calls, "dense")),
        Case("several rounds", (rising, *calls, "start")),
        Case("one round", ([0.5], *calls, "dense")),
        Case("no round at all", ([], *calls, "dense"), edge=True),
    ]


def _never_updates(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    last = masks
    for sparsity in schedule:
        last = prune(sparsity, masks)
        fine_tune(last)
    return last


def _trains_once(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        masks = prune(sparsity, masks)
    fine_tune(masks)
    return masks


def _one_shot(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule[-1:]:
        masks = prune(sparsity, masks)
        fine_tune(masks)
    return masks


def _trains_first(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        fine_tune(masks)
        masks = prune(sparsity, masks)
    return masks


def _trains_with(old: Callable[[Any], Any]) -> Callable[..., Any]:
    def wrong(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
        for sparsity in schedule:
            before, masks = masks, prune(sparsity, masks)
            fine_tune(old(before))
        return masks

    return wrong


def _returns_start(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    prune_and_fine_tune(schedule, prune, fine_tune, masks)
    return masks


def _returns_none(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> None:
    prune_and_fine_tune(schedule, prune, fine_tune, masks)


def _throws_away(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        prune(sparsity, masks)
        fine_tune(masks)
    return masks


def _keeps_what_training_returns(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        masks = fine_tune(masks)
    return masks


def _returns_early(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        fine_tune(masks)
        return masks
    return None


def _all_masks(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    found = []
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        fine_tune(masks)
        found.append(masks)
    return found


def _never_trains(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        masks = prune(sparsity, masks)
    return masks


PRUNE_AND_FINE_TUNE = Exercise(
    "prune_and_fine_tune",
    LESSON,
    2,
    prune_and_fine_tune,
    _schedules,
    (
        Misconception(
            "prunes from the start every round",
            "Every round starts from the first masks again: hand `prune` the masks of the round before it.",
            _never_updates,
        ),
        Misconception("trains only once", "Fine-tune after EVERY round, not once in the end.", _trains_once),
        Misconception("never trains", "Nothing is fine-tuned: call fine_tune(masks) in every round.", _never_trains),
        Misconception("one shot", "This goes to the last sparsity at once; visit every one of the schedule.", _one_shot),
        Misconception("trains before pruning", "Prune first, then repair: the last prune is never repaired.", _trains_first),
        Misconception(
            "trains with the old masks",
            "Training gets the masks of the round BEFORE: what was just pruned would grow back.",
            _trains_with(lambda before: before),
        ),
        Misconception(
            "mask lost in training",
            "Training without masks lets the pruned weights grow back: hand the new masks to fine_tune.",
            _trains_with(lambda before: None),
        ),
        Misconception(
            "throws the new masks away",
            "What `prune` returns is thrown away: it does not change the masks it is given, it returns new ones.",
            _throws_away,
        ),
        Misconception(
            "keeps what training returns",
            "fine_tune returns nothing (None); the masks are what `prune` returned.",
            _keeps_what_training_returns,
        ),
        Misconception(
            "returns within the loop", "The `return` stands inside the loop: it ends after the first round.", _returns_early
        ),
        Misconception("returns all masks", "Return the LAST masks, not a list of all.", _all_masks),
        Misconception("returns the first masks", "Return the masks of the last round.", _returns_start),
        Misconception("returns nothing", "The last masks are not returned.", _returns_none),
    ),
)

_BUGS = {
    "A": {
        1: "The L1 norm of each filter is right.",
        2: "With equal scores a threshold takes all of them or none, and this index also takes one filter too many.",
        3: "`silence` does what section 3 asks for.",
    },
    "B": {
        2: "Trying a few levels is fine.",
        3: "The masks are those of the level, and slimming is exact.",
        4: "Recalibrating uses training images and is what section 6 asks for.",
        5: "The test part chooses the level here, so its accuracy is no longer an honest estimate: choose on validation.",
        6: "Taking the best is fine; what it is the best OF is not.",
    },
    "C": {
        1: "Scores and mask are right.",
        2: "Without no_grad PyTorch would refuse; this line is needed.",
        3: "norm.bias is missing: BatchNorm's shift beta goes on speaking.",
        4: "~keep are the rows to go; the question is rows of WHAT.",
    },
}
EXERCISES = (
    FILTER_L1,
    FILTERS_TO_KEEP,
    SILENCE,
    COLUMNS_OF_CHANNEL,
    prediction("half_gone", LESSON, 0, 1),
    CUBIC_SCHEDULE,
    PRUNE_AND_FINE_TUNE,
    prediction("cliff", LESSON, 0, 1),
    choices("bugs", LESSON, {"A": 2, "B": 5, "C": 3}, 3, _BUGS),
)
