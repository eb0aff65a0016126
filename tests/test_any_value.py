"""Nothing that a student's code can return, or do to what it was given, ends a check in an error.

COURSE_GALLERY_SEEDS sets how much is drawn: 3 in `make test`, 50 (some 100,000 values) in `make validate`.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import os
import warnings
from collections.abc import Mapping

import numpy as np
import pytest
import torch
import torch.nn.utils.prune
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.grading.sandbox import wire
from course_lib.teaching import check, exercises
from course_lib.teaching.deciding import decide
from course_lib.teaching.exercises import base
from course_lib.teaching.exercises.attempts import attempt
from course_lib.teaching.exercises.plain import plain
from course_lib.teaching.verdict import SIGNS

EXAMPLES = 8 * int(os.environ.get("COURSE_GALLERY_SEEDS", "3"))
CODE = [exercise for exercise in exercises.everything() if exercise.kind == "code"]
VALUES = [exercise for exercise in exercises.everything() if exercise.kind == "value"]
drawn = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


class Stop(BaseException):
    """What no `except Exception` catches."""


def hostile(*names, error=ValueError):
    """Return an object whose special methods raise."""

    def refuse(self, *arguments):
        raise error("no")

    return type("Hostile", (), dict.fromkeys(names, refuse))()


class Lying:
    """An object that says it is a tensor, and has no attribute that can be read."""

    @property
    def __class__(self):
        raise RuntimeError("no class")

    def __getattr__(self, name):
        raise RuntimeError("no attribute")


class Endless(Mapping):
    """A mapping that never ends."""

    def __getitem__(self, key):
        return key

    def __len__(self):
        return 1

    def __iter__(self):
        number = 0
        while True:
            yield (number := number + 1)


class EndlessList(list):
    def __iter__(self):
        while True:
            yield 1


class Mute(Exception):
    def __str__(self):
        raise ValueError("no words")


class Odd(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError("no function")


class Number(int):
    def __eq__(self, other):
        raise ValueError("no")

    __hash__ = int.__hash__


def recursive():
    found = [1]
    found.append(found)
    return found


def bomb():
    found = [1]
    for _ in range(40):
        found = [found, found]
    return found


def pruned():
    layer = nn.Linear(2, 3)
    torch.nn.utils.prune.custom_from_mask(layer, "weight", torch.ones(3, 2))
    return layer


METHODS = ("__eq__", "__repr__", "__str__", "__hash__", "__len__", "__bool__", "__iter__", "__format__", "__float__")
DTYPES = [kind for kind in vars(torch).values() if isinstance(kind, torch.dtype)]
MAKERS = [
    object, Lying, Endless, recursive, bomb, pruned, Mute, lambda: hostile(*METHODS), lambda: EndlessList([1]),
    lambda: hostile(*METHODS, error=Stop), lambda: [hostile("__eq__")], lambda: {hostile("__repr__"): 1}, lambda: Number(3),
    lambda: {hostile("__str__", error=Stop): 1}, lambda: (x for x in [1, 2]), lambda: iter([1]), lambda: 10**5000,
    lambda: 7**4700, lambda: -(2**1023), lambda: range(10**12), lambda: range(5), lambda: range(0, -(10**30), -1),
    lambda: b"x", lambda: 1j, lambda: ..., lambda: NotImplemented, lambda: int, lambda: len, lambda: torch,
    lambda: "x" * 10**6,
    lambda: "\ud800", lambda: ValueError("x"), lambda: {1, "a", None}, lambda: {(1, 2)}, lambda: frozenset({1.5}),
    lambda: collections.OrderedDict(a=1), lambda: collections.Counter("aab"), lambda: collections.namedtuple("P", "x")(1),
    lambda: collections.deque([1]), lambda: {}.keys(), lambda: {50: torch.tensor(True), "a": 3},
    lambda: {"a": torch.ones(2)},
    lambda: torch.zeros(3, device="meta"), lambda: torch.ones(3).to_sparse(), lambda: torch.ones(2, dtype=torch.complex64),
    lambda: torch.eye(3).to_sparse_csr(), lambda: torch.tensor([torch.nan, 1]), lambda: torch.tensor(torch.inf),
    lambda: torch.zeros(0), lambda: torch.zeros(0, 3, dtype=torch.bool), lambda: torch.zeros(1).expand(10**9),
    lambda: torch.ones(3, requires_grad=True) * 2, lambda: torch.ones(2).as_subclass(Odd), lambda: torch.zeros((1,) * 20),
    lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), lambda: nn.Parameter(torch.ones(3)),
    lambda: torch.ones(4, dtype=torch.complex64).conj().imag, lambda: torch.ones(5, 5).t()[::2],
    lambda: torch.max(torch.ones(2, 2), 0),
    lambda: torch.Size([2]), lambda: torch.float32, lambda: torch.device("cpu"), lambda: torch.Generator(),
    lambda: nn.Linear(2, 2), lambda: nn.LazyLinear(3), lambda: nn.Sequential(), lambda: nn.Linear(2, 2).state_dict(),
    lambda: np.float32(0.3), lambda: np.float64("nan"), lambda: np.int8(3), lambda: np.bool_(True), lambda: np.str_("a"),
    lambda: np.longdouble(0.5), lambda: np.complex64(1), lambda: np.datetime64("2026-01-01"), lambda: np.bytes_(b"a"),
    lambda: np.array([1, 2]), lambda: np.array(3.0), lambda: np.array([]), lambda: np.array([{}], dtype=object),
    lambda: np.array(["a"]), lambda: np.zeros(2, dtype=[("a", float)]), lambda: np.ma.masked,
    *(functools.partial(torch.empty, 3, dtype=kind) for kind in DTYPES),
]  # fmt: skip


def made(make):
    """Return what a maker makes, or where this torch cannot, the error."""
    try:
        with warnings.catch_warnings():  # that something is experimental or deprecated
            warnings.simplefilter("ignore")
            return make()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        return error


class Maker:
    """Stands for a value that is made where it is returned: hypothesis looks at what it draws."""

    def __init__(self, make):
        self.make = make


def built(value):
    """Return a drawn value with what its makers make."""
    if isinstance(value, Maker):
        return made(value.make)
    if isinstance(value, (list, tuple)):
        return type(value)(map(built, value))
    return {key: built(entry) for key, entry in value.items()} if isinstance(value, dict) else value


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3),
    st.sampled_from(list(map(Maker, MAKERS))), st.sampled_from(["conv1", "A", "B", 50, 0.5]),
)  # fmt: skip
KEYS = st.one_of(
    st.text(max_size=3), st.integers(), st.floats(), st.none(), st.sampled_from(["A", "B", "C", 50, 90, 99, 0.5])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=6,
)


def on_modules(change):
    """Return a change of an argument that changes every layer of a model."""

    def changed(value):
        for module in list(value.modules()):
            with contextlib.suppress(Exception):
                change(module)

    return changed


CHANGES = {
    "no bias": on_modules(lambda m: setattr(m, "bias", None)),
    "no weight": on_modules(lambda m: delattr(m, "weight")),
    "pruned": on_modules(lambda m: torch.nn.utils.prune.custom_from_mask(m, "weight", torch.ones_like(m.weight))),
    "another shape": on_modules(lambda m: setattr(m, "weight", nn.Parameter(torch.ones(1, 7)))),
    "another kind": on_modules(lambda m: m.register_buffer("scale", torch.ones(2).to_sparse())),
    "in half": lambda value: value.half(),
    "on meta": lambda value: value.to("meta"),
    "one layer more": lambda value: value.add_module("more", nn.Linear(2, 2)),
    "itself inside": lambda value: value.add_module("me", value),
    "NaN": on_modules(lambda m: m.weight.data.fill_(torch.nan)),
    "emptied": lambda value: value.set_(),
    "filled": lambda value: value.detach().fill_(3),
    "resized": lambda value: value.resize_(2, 5),
    "its data": lambda value: setattr(value, "data", torch.zeros(3, device="meta")),
    "records gradients": lambda value: value.requires_grad_(),
    "cleared": lambda value: value.clear(),
    "longer": lambda value: value.append(Lying()),
    "itself": lambda value: value.append(value),
    "another key": lambda value: value.update({hostile("__repr__"): Lying(), 3: 4}),
    "other values": lambda value: value.update(dict.fromkeys(list(value), torch.zeros(2).to_sparse())),
    "called": lambda value: value(),
    "called with anything": lambda value: value(Lying(), torch.zeros(2, device="meta"), key=recursive()),
}


@pytest.fixture(scope="module", autouse=True)
def remembered():
    """References and known mistakes run once for each exercise: here only what a student returns varies."""
    kept = {}

    def once(function, cases):
        key = (function, *map(id, cases))  # cases live as long as `cases_of` keeps them; the list around them does not
        if key not in kept:
            kept[key] = attempt(function, cases)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "attempt", once)
        yield


@functools.cache
def cases_of(exercise):
    return exercise.cases(torch.Generator().manual_seed(0))


def judged(exercise, function):
    """Return the verdict as `decide` gives it, after what the function gave has travelled as from a sandbox."""
    result = attempt(function, cases_of(exercise))
    travelled = wire.unpack(wire.pack(result))
    verdict = exercise.judge(cases_of(exercise), *result)
    there = exercise.judge(cases_of(exercise), list(map(tuple, travelled[0])), travelled[1])
    assert (there.state, there.points, there.misconception) == (verdict.state, verdict.points, verdict.misconception)
    return verdict


def readable(verdict):
    assert verdict.state in SIGNS and 0 <= verdict.points <= verdict.out_of
    assert len(str(verdict).encode()) < 20_000
    assert verdict._repr_html_().encode() and float(repr(verdict)) == verdict.points


@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: exercise.name)
def test_whatever_a_function_returns_is_judged(exercise):
    @drawn
    @given(st.lists(ANYTHING, min_size=len(cases_of(exercise)), max_size=len(cases_of(exercise))))
    def holds(values):
        left = iter(values)
        verdict = judged(exercise, lambda *arguments: built(next(left)))
        readable(verdict)

    holds()


@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: exercise.name)
def test_whatever_a_function_does_to_its_arguments_is_judged(exercise):
    @drawn
    @given(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=3), st.booleans())
    def holds(changes, right):
        def answer(*arguments):
            output = exercise.reference(*arguments) if right else None
            for change in changes:
                for value in arguments:
                    with contextlib.suppress(Exception):
                        CHANGES[change](value)
            return output

        readable(judged(exercise, answer))

    holds()


@pytest.mark.parametrize("exercise", VALUES, ids=lambda exercise: exercise.name)
def test_whatever_is_filled_in_is_judged(exercise):
    @drawn
    @given(ANYTHING)
    def holds(drawn):
        value = built(drawn)
        verdict = exercise.judge(value)
        readable(verdict)
        if value is not ...:  # which is nothing yet
            there = exercise.judge(*wire.unpack(wire.pack([plain(value, keys=True)])))
            assert (there.state, there.points) == (verdict.state, verdict.points)
        assert decide(exercise, 0, lambda _: [value]) == verdict
        readable(check(value, exercise.name))

    holds()


@pytest.mark.parametrize("make", MAKERS)
def test_each_odd_value_is_judged_wherever_it_stands(make):
    for wrap in (lambda value: value, lambda value: [value], lambda value: {"a": value, "b": torch.ones(2)}):
        readable(judged(exercises.find("filter_l1"), lambda weight, wrap=wrap: wrap(made(make))))
    for exercise in VALUES:
        for value in (made(make), [made(make)], dict.fromkeys(("A", "B"), made(make))):
            readable(exercise.judge(value))
