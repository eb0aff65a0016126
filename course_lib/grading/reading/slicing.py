"""What a definition in a notebook depends on: a slice of its statements, read as data; nothing is executed.

A notebook is taken to run from top to bottom, as "Restart and run all" does. So what counts for a name that is read is the
last statement before it that binds it whatever happens, and all after that one that change its object or may bind it. A
function's body reads at the end, since that is when an answer is called.
"""

from __future__ import annotations

import ast
import builtins
from bisect import bisect_left
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import repeat

from course_lib.grading.reading.program import Program

BUILTINS = frozenset(dir(builtins))
END = 1 << 30  # later than any statement
ANY = -1  # at any time: whatever binds or changes the name counts


@dataclass
class Slice:
    """What `start`, a place in the program, needs.

    supplied: names that others provide. unbound: names that no statement binds. doubts: why the answer may do something else
    here than in its notebook.
    """

    program: Program
    start: int
    others: AbstractSet[str]
    supplied: set[str] = field(default_factory=set)
    unbound: set[str] = field(default_factory=set)
    doubts: set[str] = field(default_factory=set)
    _chosen: dict[int, bool] = field(default_factory=dict)  # place -> whether its functions may be called at any time
    _firm: set[int] = field(default_factory=set)  # places without which a name has no value
    _late: dict[int, int] = field(default_factory=dict)  # place -> the place after which it can run only
    _looked: set[tuple[str, int]] = field(default_factory=set)
    _walked: set[tuple[str, int, bool]] = field(default_factory=set)
    _waiting: list[tuple[str, int, int]] = field(default_factory=list)  # name, when it is read, the place that reads it

    def __post_init__(self) -> None:
        self.own = self.program.statements[self.start].bound
        self._choose(self.start, anytime=False)
        for name in self.own:
            for place in self.program.changes(name):
                if place > self.start and self._allowed(place, name):
                    self._choose(place, anytime=True)
        while self._waiting:
            self._look(*self._waiting.pop())
        for place, statement in enumerate(self.program.statements):
            if statement.does.star and not statement.from_library:
                self._chosen[place] = True

    def nodes(self) -> list[ast.stmt]:
        """Return the statements in the order in which they run, without guards."""
        return [self.program.statements[place].node for place in self._order()]

    def text(self) -> str:
        """Return the program. What may fail without harm, as a cell of a notebook may, is guarded."""
        written = []
        for place in self._order():
            node = self.program.statements[place].node
            written.append(ast.unparse(node if place == self.start or place in self._firm else _guarded(node)))
        return "\n".join(written)

    def _order(self) -> list[int]:
        return sorted(self._chosen, key=lambda place: (max(place, self._late.get(place, place)), place in self._late))

    def _choose(self, place: int, anytime: bool) -> None:
        known = self._chosen.get(place)
        if known is None or (anytime and not known):
            self._chosen[place] = anytime
            now, later = self.program.statements[place].needs
            self._waiting += [(name, place, place) for name in now] if known is None else []
            self._waiting += [(name, ANY if anytime else END, place) for name in later]
            if known is None:
                self._annotations(place)

    def _annotations(self, place: int) -> None:
        """Choose the imports of what annotations name: torch.jit.script and dataclasses read them."""
        for name in self.program.statements[place].does.annotations:
            if name in self.program.modules:
                for imported in self.program.binders[name]:
                    if not self.program.statements[imported].from_library:
                        self._chosen.setdefault(imported, True)

    def _look(self, name: str, when: int, reader: int) -> None:
        """Choose what a name needs that is read at `when`."""
        if name in self.others and name not in self.own:
            self.supplied.add(name)
            return
        if (name in self.own and when in (END, ANY)) or (name, when) in self._looked:
            return
        self._looked.add((name, when))
        events = self.program.events(name)
        if not events and name not in BUILTINS:
            self.unbound.add(name)
        if when == ANY:
            found = [place for place in events if self._allowed(place, name)]
            firm, bound = [place for place in found if self._binds(place, name)][-1:], True
        else:
            found, firm, bound = self._walk(name, events, when)
        for place in found:
            self._choose(place, anytime=when != END)
        self._firm.update(firm)
        later = [] if bound else [place for place in events if place != reader and self._binds(place, name)]
        if later:  # cells were moved, or run in another order
            self._late[reader] = max(later)
            self._look(name, ANY, reader)

    def _walk(self, name: str, events: list[int], when: int) -> tuple[list[int], list[int], bool]:
        """Return the events back to the last that binds the name whatever happens, the one without which it has no value,
        and whether one binds it."""
        found: list[int] = []
        perhaps: list[int] = []
        anytime = when != END
        for at in range(bisect_left(events, when) - 1, -1, -1):
            place = events[at]
            if (name, place, anytime) in self._walked:
                return found, [], True
            if not self._allowed(place, name):
                continue
            self._walked.add((name, place, anytime))
            found.append(place)
            if name in self.program.statements[place].does.binds:
                return found, [place], True
            if self._binds(place, name):
                perhaps.append(place)
        return found, perhaps[:1], bool(perhaps)

    def _allowed(self, place: int, name: str) -> bool:
        """Return whether a statement can be a part of the program; where one cannot be had, say why."""
        statement = self.program.statements[place]
        taken = not statement.bound.isdisjoint(self.others) and not statement.from_library and place != self.start
        if statement.takes_librarys or taken:
            return False
        if name in statement.does.binds or self.program.library.isdisjoint(statement.does.reads):
            return True
        if self._binds(place, name) and not any(map(self._always, self.program.binders[name], repeat(name))):
            return True
        self.doubts.add(f"cell {statement.cell.number} may change {name} by course_lib, which grading does not have")
        return False

    def _binds(self, place: int, name: str) -> bool:
        return name in self.program.statements[place].bound

    def _always(self, place: int, name: str) -> bool:
        statement = self.program.statements[place]
        return name in statement.does.binds and not statement.takes_librarys


def _guarded(node: ast.stmt) -> ast.stmt:
    """Return a statement whose failure ends nothing but itself."""
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
    return ast.Try([node], [handler], [], [])
