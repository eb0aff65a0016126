"""The examples in docstrings are run, and every public function of the rooms that students read has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

ROOMS = ("axes", "pruning", "pareto", "slim")
MODULES = [
    module.name
    for room in ROOMS
    for module in pkgutil.iter_modules(importlib.import_module(f"course_lib.{room}").__path__, f"course_lib.{room}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_come_out_as_written(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert failed == 0 and (tried or not public(name))


def public(name):
    module = importlib.import_module(name)
    return [
        value
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == name and not key.startswith("_")
    ]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_has_an_example(name):
    assert [function.__name__ for function in public(name) if ">>>" not in (function.__doc__ or "")] == []
