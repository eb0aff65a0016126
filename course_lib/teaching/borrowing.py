"""Whether an answer is the student's own code: what it looks up, and whether that is the library's.

Only names that Python looks up globally count. `data` in `parameter.data` is an attribute and borrows nothing.
"""

from __future__ import annotations

import dis
import hashlib
import inspect
import re
import sys
import sysconfig
from collections.abc import Collection, Iterator
from functools import partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

LIBRARY = "course_lib"
LOOKUPS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
# A text that an answer hands to import_module, or to exec.
NAMED = re.compile(rf"\A{LIBRARY}(\.\w+)*\Z|^\s*(from|import)\s+{LIBRARY}\b", re.MULTILINE)
COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
HAS_DOCSTRING = 0x4000000  # among co_flags; since Python 3.13, and before that the first constant is None or the docstring
ENTRIES = 1_000  # of a container that are looked at
INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def every_code(code: CodeType) -> Iterator[CodeType]:
    """Yield `code` and all code that is defined inside it."""
    waiting = [code]
    while waiting:
        code = waiting.pop()
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        yield code


def fingerprint(function: Any) -> str:
    """Return what is the same for a function that is defined again as it was, and another where it does something else."""
    if type(function) is not FunctionType:
        return type(function).__name__
    plain = [
        (inner.co_code, inner.co_names, [constant for constant in inner.co_consts if not isinstance(constant, CodeType)])
        for inner in every_code(function.__code__)
    ]
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:12]


def global_names(code: CodeType) -> set[str]:
    """Return the names that `code`, or code inside it, looks up globally; attributes and locals are none."""
    return {step.argval for inner in every_code(code) for step in dis.get_instructions(inner) if step.opname in LOOKUPS}


def names_when_run(code: CodeType) -> tuple[set[str], set[str]]:
    """Return the global names that `code` looks up when it runs, and those that functions look up which it defines."""
    now: set[str] = set()
    later: set[str] = set()
    waiting = [(code, True)]
    while waiting:
        inner, at_once = waiting.pop()
        (now if at_once else later).update(step.argval for step in dis.get_instructions(inner) if step.opname in LOOKUPS)
        for constant in inner.co_consts:
            if isinstance(constant, CodeType):  # a class's body and a comprehension run where they stand
                body = not constant.co_flags & inspect.CO_OPTIMIZED or constant.co_name in COMPREHENSIONS
                waiting.append((constant, at_once and body))
    return now, later


def imports_library(code: CodeType) -> bool:
    """Return whether `code`, or code inside it, imports the course's library, also where its name is a text."""
    for inner in every_code(code):
        defined = inner.co_name == "<lambda>" or not inner.co_name.startswith("<")
        documented = inner.co_flags & HAS_DOCSTRING if sys.version_info >= (3, 13) else defined
        constants = inner.co_consts[1:] if documented else inner.co_consts
        texts = [constant for constant in constants if isinstance(constant, str)]
        modules = [step.argval for step in dis.get_instructions(inner) if step.opname == "IMPORT_NAME"]
        if any(map(_of_library, modules)) or any(map(NAMED.search, texts)):
            return True
    return False


def borrowed(answer: Any, supplied: Collection[str]) -> str:
    """Return a name of the library that an answer, or what it is made of, looks up; "" if there is none.

    What it is made of: functions and classes of the notebook that it names, what a decorator or a `partial` wraps, what a
    function closes over, its defaults, and the entries of containers. supplied: names of the exercises that it may call,
    whoever wrote them.
    """
    waiting: list[tuple[str, Any]] = [("", answer)]
    seen: set[int] = set()
    while waiting:
        name, value = waiting.pop()
        if name in supplied or id(value) in seen:
            continue
        seen.add(id(value))
        if _is_librarys(value):
            return name or str(getattr(value, "__name__", LIBRARY))
        if isinstance(value, FunctionType) and not _installed(value.__globals__.get("__name__")):
            if imports_library(value.__code__):
                return LIBRARY
            looked_up = global_names(value.__code__) & value.__globals__.keys()
            waiting += [(name, value.__globals__[name]) for name in looked_up]
        waiting += _parts(value)
    return ""


def _is_librarys(value: Any) -> bool:
    """Return whether a value is the library's: a module, a function, a class, or an object of a class of it."""
    if isinstance(value, ModuleType):
        return _of_library(value.__name__)
    return _of_library((value if isinstance(value, (type, FunctionType)) else type(value)).__module__)


def _of_library(module: Any) -> bool:
    return isinstance(module, str) and module.split(".")[0] == LIBRARY


def _installed(module: Any) -> bool:
    """Return whether a module belongs to Python or to an installed package, which know nothing of the notebook."""
    if not isinstance(module, str) or module == "__main__":
        return False
    place = getattr(sys.modules.get(module), "__file__", None) or ""
    return module.split(".")[0] in sys.stdlib_module_names or place.startswith(INSTALLED)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a value is made of, each part with its name, or "" where it has none."""
    parts: list[Any] = []
    if isinstance(value, FunctionType):
        yield from zip(value.__code__.co_freevars, map(_content, value.__closure__ or ()), strict=True)
        yield from (value.__kwdefaults__ or {}).items()
        parts += value.__defaults__ or ()
    elif isinstance(value, MethodType):
        parts += (value.__func__, value.__self__)
    elif isinstance(value, partial):
        parts += (value.func, *value.args, *value.keywords.values())
    elif isinstance(value, (staticmethod, classmethod)):
        parts.append(value.__func__)
    elif isinstance(value, property):
        parts += (value.fget, value.fset)
    elif type(value) is dict:
        parts += value.values()
    elif type(value) in (list, tuple, set, frozenset):
        parts += value
    elif isinstance(value, type) and not _installed(value.__module__):
        parts += (*vars(value).values(), *value.__bases__)
    elif not isinstance(value, (type, ModuleType)):
        parts += _of_object(value)
    yield from (("", part) for part in parts[:ENTRIES])


def _of_object(value: Any) -> list[Any]:
    """Return the class and the attributes of an object of the notebook's, and what functools.cache and its like wrap."""
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        attributes = {}
    if _installed(type(value).__module__):
        return [attributes["__wrapped__"]] if "__wrapped__" in attributes else []
    return [type(value), *attributes.values()]


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None
