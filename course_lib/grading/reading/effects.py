"""What a top-level statement of a notebook does to names when it runs, read from its syntax tree; nothing is executed.

What cannot be seen (what a method of an unknown object changes) is taken to happen where a call stands for its effect alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match, ast.IfExp, ast.BoolOp)
# Methods that change what they belong to; PyTorch's end in one underscore.
CHANGING = {
    "__delitem__", "__setattr__", "__setitem__", "add", "append", "appendleft", "clear", "difference_update", "discard",
    "extend", "extendleft", "fill", "insert", "intersection_update", "itemset", "pop", "popitem", "popleft", "put",
    "register", "remove", "resize", "reverse", "rotate", "setdefault", "sort", "symmetric_difference_update", "update",
}  # fmt: skip
# Functions that change what they are handed.
CHANGING_FUNCTIONS = {
    "copyto", "delattr", "fill_diagonal", "heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort",
    "insort_left", "insort_right", "place", "put", "setattr", "shuffle", "update_wrapper",
}  # fmt: skip
IN_PLACE = re.compile(r"[^_].*[^_]_\Z|[^_]_\Z")
INSIDE = frozenset({"get", "setdefault", "values", "items", "keys"})  # methods that give back a part of their object


@dataclass
class Effects:
    """What one statement does.

    binds: names, whatever happens. perhaps: names that it binds on some way through it. changes: names whose objects it
    changes. told: (name, method) of calls that stand alone. calls: names that it calls. handed: (what is called, name).
    alike: pairs of names that may be one object. reads: names that it reads anywhere inside, but in annotations.
    annotations: names in those. touches: names outside its functions that these bind or change. given: whether its functions
    change what they are handed. star: whether it imports everything of a module.
    """

    binds: set[str] = field(default_factory=set)
    perhaps: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    told: set[tuple[str, str]] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    handed: set[tuple[str, str]] = field(default_factory=set)
    alike: set[tuple[str, str]] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    annotations: set[str] = field(default_factory=set)
    touches: set[str] = field(default_factory=set)
    given: bool = False
    star: bool = False


def effects(statement: ast.stmt) -> Effects:
    """Return what a top-level statement does."""
    found = Effects()
    inner = _Inner()
    waiting: list[tuple[ast.AST, str]] = [(statement, "always")]  # a node and where it is: always, perhaps, class, function
    while waiting:
        node, where = waiting.pop()
        _names(node, where, found, inner)
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            _changes(node, where, found, inner)
        if where != "function":
            found.alike |= set(_alike(node))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            method = node.value.func
            if where == "function":
                inner.changes |= set(roots(method.value))
            else:
                found.told |= {(name, method.attr) for name in roots(method.value)}
        waiting += _children(node, where)
    found.touches |= (inner.changes - inner.own) | inner.outer
    found.given = bool(inner.changes & inner.arguments)
    return found


@dataclass
class _Inner:
    """What the functions inside a statement do. own: names that are theirs; outer: those declared global."""

    changes: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    arguments: set[str] = field(default_factory=set)


def _children(node: ast.AST, where: str) -> Iterator[tuple[ast.AST, str]]:
    """Yield what stands inside a node, each with where it is; annotations are never evaluated and left out."""
    inner = where
    if isinstance(node, BRANCHES) and where == "always":
        inner = "perhaps"
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        place = inner
        if isinstance(node, Function):
            place = "function" if name == "body" else where
        elif isinstance(node, ast.ClassDef) and name == "body" and where != "function":
            place = "class"
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)) and where != "function":
            place = "class"  # it has names of its own as well, and runs at once
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child, place


def _names(node: ast.AST, where: str, found: Effects, inner: _Inner) -> None:
    """Note the names that a node itself binds and reads."""
    bound: list[str | None] = []
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            found.reads.add(node.id)
        elif isinstance(node.ctx, ast.Store):
            bound.append(node.id)
    elif isinstance(node, Definition):
        bound.append(node.name)
        decorators = node.decorator_list + (node.bases if isinstance(node, ast.ClassDef) else [])
        if where != "function":
            found.calls |= {name for decorator in decorators for name in roots(decorator)}
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        found.star |= any(alias.name == "*" for alias in node.names) and where != "function"
        bound += [(alias.asname or alias.name.partition(".")[0]) for alias in node.names if alias.name != "*"]
    elif isinstance(node, ast.Global):
        inner.outer |= set(node.names)
    elif isinstance(node, ast.arg):
        inner.own.add(node.arg)
        inner.arguments.add(node.arg)
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        bound.append(node.name)
    elif isinstance(node, ast.MatchMapping):
        bound.append(node.rest)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        found.reads.add(node.target.id)
        (inner.changes if where == "function" else found.changes).add(node.target.id)  # a list grows in place
    if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
        found.annotations |= {name.id for name in ast.walk(node.annotation) if isinstance(name, ast.Name)}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
        found.annotations |= {name.id for name in ast.walk(node.returns) if isinstance(name, ast.Name)}
    names = {name for name in bound if name}
    {"always": found.binds, "perhaps": found.perhaps, "function": inner.own, "class": set()}[where].update(names)
    if isinstance(node, ast.NamedExpr) and where == "class":  # in a comprehension it binds outside
        found.perhaps |= {name.id for name in [node.target] if isinstance(name, ast.Name)}


def _changes(node: ast.Attribute | ast.Subscript | ast.Call, where: str, found: Effects, inner: _Inner) -> None:
    """Note the names whose objects a node changes, and what it hands to what it calls."""
    changed: set[str] = set()
    if not isinstance(node, ast.Call):
        if not isinstance(node.ctx, ast.Load):
            changed |= set(roots(node.value))
            changed |= set(_by_globals(node, where, found))
        elif isinstance(node, ast.Attribute) and (node.attr in CHANGING or IN_PLACE.match(node.attr)):
            changed |= set(roots(node.value))
            found.touches |= changed if where != "function" else set()  # by the method under another name
    else:
        function = node.func
        last = (
            function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
        )
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        names = {name for value in given for name in roots(value)}
        if last in CHANGING_FUNCTIONS or IN_PLACE.match(last):
            changed |= names
        changed |= {name for keyword in node.keywords if keyword.arg == "out" for name in roots(keyword.value)}
        callees = set(roots(node.func))
        if where != "function":
            found.calls |= callees
            found.handed |= {(callee, name) for callee in callees for name in names}
        elif any(name in inner.arguments for name in names):
            inner.changes |= names & inner.arguments  # it hands on what it was handed
    (inner.changes if where == "function" else found.changes).update(changed)


def _by_globals(node: ast.Attribute | ast.Subscript, where: str, found: Effects) -> Iterator[str]:
    """Note what `globals()["name"] = ...` binds."""
    owner = node.value
    if isinstance(node, ast.Subscript) and isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name):
        key = node.slice
        if owner.func.id == "globals" and isinstance(key, ast.Constant) and isinstance(key.value, str):
            if where == "function":
                yield key.value
            else:
                found.perhaps.add(key.value)


def _alike(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield pairs of names that may be one object after a node, or one a part of the other."""
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        pairs = [(node.target, node.iter)]
    elif isinstance(node, (ast.NamedExpr, ast.AnnAssign)) and node.value is not None:
        pairs = [(node.target, node.value)]
    else:
        return
    for target, value in pairs:
        looped = isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension))
        sources = list(_parts(value, looped))
        for name in ast.walk(target):
            if isinstance(name, ast.Name):
                yield from ((name.id, source) for source in sources)


def _parts(value: ast.expr, looped: bool) -> Iterator[str]:
    """Yield the names of which a value is the object, or a part."""
    if isinstance(value, ast.Call):
        if isinstance(value.func, ast.Attribute) and value.func.attr in INSIDE:
            yield from roots(value.func.value)
        elif looped and isinstance(value.func, ast.Name):  # enumerate(rows), zip(rows, names)
            for given in value.args:
                yield from _parts(given, looped)
    elif isinstance(value, (ast.Tuple, ast.List)):
        for part in value.elts:
            yield from _parts(part, looped)
    else:
        yield from roots(value)


def roots(node: ast.expr) -> Iterator[str]:
    """Yield the names at the root of `name.attribute[index]`; of a call, its function's and its arguments'."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            waiting.append(node.value)
        elif isinstance(node, ast.Call):
            waiting += [node.func, *node.args]
