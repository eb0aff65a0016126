"""A notebook's top-level statements, and which of them bind or change a name; read as data, nothing is executed."""

from __future__ import annotations
import __future__

import ast
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import CodeType

from course_lib.grading.reading.effects import Effects, effects
from course_lib.grading.reading.notebooks import Cell
from course_lib.grading.reading.translating import called
from course_lib.teaching.borrowing import LIBRARY, names_when_run

# Functions of a module that change how it works, such as torch.manual_seed; others are taken to change nothing of it.
SETTINGS = re.compile(r"set_|use_|register|enable|disable|(manual_)?seed")

# Line magics that bind names.
DEFINING = frozenset({"run", "load", "pylab", "load_ext", "store", "macro", "reload_ext", "restore", "env"})


@dataclass
class Statement:
    """A top-level statement of a notebook, and what it does."""

    node: ast.stmt
    cell: Cell
    does: Effects
    text: str

    @classmethod
    def of(cls, node: ast.stmt, cell: Cell, lines: Sequence[str]) -> Statement:
        """Return a statement of a cell. lines: of all its Python."""
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
        return cls(node, cell, effects(node), "\n".join(lines[first - 1 : node.end_lineno]))

    @property
    def bound(self) -> set[str]:
        """The names that it binds, or may bind."""
        return self.does.binds | self.does.perhaps

    @cached_property
    def needs(self) -> tuple[set[str], set[str]]:
        """The global names that it reads when it runs, and those that functions read which it defines."""
        now, later = names_when_run(compiled([self.node]))
        return now - {"__annotations__"}, later

    @property
    def from_library(self) -> bool:
        """Whether it imports from the course's library."""
        node = self.node
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        return any(module.split(".")[0] == LIBRARY for module in modules)

    @property
    def takes_librarys(self) -> bool:
        """Whether this is the lesson's own `name = use(name)`, after which the name is the library's."""
        return isinstance(self.node, ast.Assign) and "use" in self.does.calls

    @property
    def may_define(self) -> bool:
        """Whether it runs text or files that may bind names."""
        lines = [call for call in ast.walk(self.node) if isinstance(call, ast.Call)]
        magics = [(called(call, "run_line_magic") or [""])[0] for call in lines]
        return not self.does.calls.isdisjoint({"exec", "eval"}) or any(magic in DEFINING for magic in magics)


def compiled(nodes: Sequence[ast.stmt]) -> CodeType:
    """Compile statements as the sandbox does: annotations are never evaluated."""
    return compile(ast.Module(list(nodes), []), "answer", "exec", __future__.annotations.compiler_flag, dont_inherit=True)


@dataclass
class Program:
    """All top-level statements of a notebook, in order.

    silent: number of a cell of which nothing runs -> why, and its text.
    """

    statements: list[Statement] = field(default_factory=list)
    silent: dict[int, tuple[str, str]] = field(default_factory=dict)
    _events: dict[str, list[int]] = field(default_factory=dict)
    _known: dict[str, set[int]] = field(default_factory=dict)

    @cached_property
    def binders(self) -> dict[str, list[int]]:
        """Name -> the places of the statements that bind it."""
        return self._index(lambda statement: statement.bound)

    @cached_property
    def unseen(self) -> list[int]:
        """The numbers of the cells that run text or files which may bind names."""
        return sorted({statement.cell.number for statement in self.statements if statement.may_define})

    @cached_property
    def modules(self) -> set[str]:
        """The names that only imports bind."""
        imports = (ast.Import, ast.ImportFrom)
        return {n for n, places in self.binders.items() if all(isinstance(self.statements[p].node, imports) for p in places)}

    @cached_property
    def library(self) -> set[str]:
        """The names that are the course's library, or made with it."""
        found, waiting = set[str](), [s for s in self.statements if s.from_library]
        while waiting:
            statement = waiting.pop()
            for name in statement.bound - found if not statement.takes_librarys else ():
                found.add(name)
                waiting += [self.statements[place] for place in self._readers.get(name, ())]
        return found

    def events(self, name: str) -> list[int]:
        """Return the places of all statements that bind a name or change its object, in order."""
        if name not in self._events:
            self._events[name] = sorted({*self.binders.get(name, ()), *self.changes(name)})
        return self._events[name]

    def changes(self, name: str) -> set[int]:
        """Return the places of the statements that change, or may change, the object of a name."""
        if name not in self._known:
            family = self._alike.get(name, {name})
            self._known |= dict.fromkeys(family, self._changes(family))
        return self._known[name]

    def _changes(self, family: Collection[str]) -> set[int]:
        places = {place for one in family for place in self._changed.get(one, ())}
        for one in family:
            for place, method in self._told.get(one, ()):
                if one not in self.modules or SETTINGS.match(method):
                    places.add(place)
            if one not in self.modules:
                callers = self._touching(one)
                places |= {place for caller in callers for place in self._callers.get(caller, ())}
        return places

    def _touching(self, name: str) -> set[str]:
        """Return the names by which something is called that binds or changes `name` inside a function."""
        found, waiting = set[str](), list(self._touched.get(name, ()))
        while waiting:
            for caller in self.statements[waiting.pop()].bound - found:
                found.add(caller)
                waiting += self._readers.get(caller, ())
        return found

    def _index(self, of: Callable[[Statement], Collection[str]]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, statement in enumerate(self.statements):
            for name in of(statement):
                found.setdefault(name, []).append(place)
        return found

    @cached_property
    def _readers(self) -> dict[str, list[int]]:
        return self._index(lambda statement: statement.does.reads)

    @cached_property
    def _touched(self) -> dict[str, list[int]]:
        return self._index(lambda statement: statement.does.touches)

    @cached_property
    def _callers(self) -> dict[str, list[int]]:
        return self._index(lambda statement: statement.does.calls)

    @cached_property
    def _told(self) -> dict[str, list[tuple[int, str]]]:
        found: dict[str, list[tuple[int, str]]] = {}
        for place, statement in enumerate(self.statements):
            for name, method in statement.does.told:
                found.setdefault(name, []).append((place, method))
        return found

    @cached_property
    def _changed(self) -> dict[str, list[int]]:
        """Name -> the places of the statements that change its object, or hand it to a function of the notebook that may."""
        changing = {name for statement in self.statements if statement.does.given for name in statement.bound}
        return self._index(
            lambda statement: statement.does.changes | {name for called, name in statement.does.handed if called in changing}
        )

    @cached_property
    def _alike(self) -> dict[str, set[str]]:
        """Name -> the names that may be one object with it, or a part of it, or hold it."""
        family: dict[str, set[str]] = {}
        for statement in self.statements:
            for pair in statement.does.alike:
                if not self.modules & set(pair):
                    less, more = sorted((family.setdefault(name, {name}) for name in pair), key=len)
                    if less is not more:
                        more |= less
                        family |= dict.fromkeys(less, more)
        return family
