"""What each method of a grid is there for and what family it is of: columns of the table; no curve depends on them.

In a grid's [[method]]:
    role       "contestant", if it does not say otherwise; "control": on no front and in no comparison, such as the unpruned
               net that trains like the curves; "repeat": a contestant that differs from another in its final epochs only.
    repeat_of  the name of that other method.
    family     "SAP", "magnitude", ...; that of its preset or score, if it does not say otherwise; "dense": not pruned.

The sweep itself gives dense starts the role "dense" and the controls of new weights the role "from scratch".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course_lib import pareto
from course_lib.axes.scores import SCORES
from course_lib.errors import CourseError
from course_lib.pruning.presets import GENERAL, PRESETS

KEYS = ("role", "family", "repeat_of")
ROLES = ("contestant", "control", "repeat")
FAMILIES = {
    "l1": "L1",
    "l1_mean": "L1",
    "mean": "activation",
    "apoz": "activation",
    "sap": "SAP",
}  # where the family has another name

Method = Mapping[str, Any]


def families() -> list[str]:
    """Return the families that a method can have: those of the presets and of the scores, and "dense"."""
    names = [*PRESETS, *SCORES]
    return [*dict.fromkeys(FAMILIES.get(name, name) for name in names if name != GENERAL), pareto.DENSE]


def family(method: Method) -> str:
    """Return a method's family: its own or its preset's; of a general method SAP if its amount is, else its score's."""
    if "family" in method:
        return method["family"]
    name = str(method["pruner"])
    if name == GENERAL:
        amount = method.get("amount")
        by_index = isinstance(amount, Mapping) and amount.get("rule") == "sap"
        name = "sap" if by_index else str(method.get("score", "l1"))
    return FAMILIES.get(name, name)


def labels(methods: Sequence[Method]) -> dict[str, dict[str, str]]:
    """Return name -> role and family, of dense starts, of `methods` and of their controls from scratch."""
    found = {pareto.DENSE: {"role": "dense", "family": pareto.DENSE}}
    for method in methods:
        found[method["name"]] = {"role": method.get("role", ROLES[0]), "family": family(method)}
        found[pareto.scratch_name(method["name"])] = {"role": "from scratch", "family": family(method)}
    return found


def must_fit(method: Method, methods: Sequence[Method], settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a role, family or repeat_of that cannot be; settings: name -> all that decides a method's numbers."""
    where, role, original = f"method {method['name']!r}:", method.get("role", ROLES[0]), method.get("repeat_of")
    if role not in ROLES:
        raise CourseError(f"{where} role = {role!r} was given; it can be {', '.join(ROLES)}.")
    if method.get("family", pareto.DENSE) not in families():
        raise CourseError(f"{where} family = {method['family']!r} was given; known are {', '.join(families())}.")
    if (role == "repeat") != (original is not None):
        raise CourseError(f"{where} role = 'repeat' and repeat_of go together; only one of them was given.")
    if original is None:
        return
    if original == method["name"] or original not in list(settings):
        raise CourseError(f"{where} repeat_of = {original!r} was given; the name of another method of the grid is expected.")
    if any(other["name"] == original and other.get("role", ROLES[0]) != ROLES[0] for other in methods):
        raise CourseError(f"{where} repeat_of = {original!r} was given; only a contestant can have a repeat.")
    mine, theirs = settings[method["name"]], settings[original]
    differ = sorted(key for key in {*mine, *theirs} - {"final_epochs"} if mine.get(key) != theirs.get(key))
    if differ:
        raise CourseError(
            f"{where} repeat_of = {original!r} was given; the two differ in {', '.join(differ)}, but a repeat may differ in "
            "final_epochs only."
        )
