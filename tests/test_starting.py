"""Imports in a hurry leave a process as it was."""

from __future__ import annotations

import gc
import importlib
import json
import sys

import pytest

from course_lib import starting


@pytest.mark.parametrize("collecting", [True, False])
def test_afterwards_garbage_is_collected_as_before_even_if_an_import_fails(collecting):
    before = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        with pytest.raises(ImportError), starting.quickly():
            assert not gc.isenabled()
            importlib.import_module("no_such_module")
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()


def test_the_grammars_are_out_of_sight_in_the_block_only(monkeypatch):
    monkeypatch.delitem(sys.modules, starting.GRAMMARS, raising=False)
    with starting.quickly(), pytest.raises(ImportError):
        importlib.import_module(starting.GRAMMARS)
    assert starting.GRAMMARS not in sys.modules


def test_grammars_that_were_read_stay(monkeypatch):
    monkeypatch.setitem(sys.modules, starting.GRAMMARS, json)  # stands for them
    with starting.quickly():
        assert sys.modules[starting.GRAMMARS] is json
    assert sys.modules[starting.GRAMMARS] is json
