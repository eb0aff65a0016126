"""A curve at another method's pace: in each round the share of the survivors goes that went from that one, others may go.

In a grid's [[method]]: pace = "SAP" beside score, unit and scope. The shares are read off that method's finished curve of
the same seed before this one starts; then the numbers themselves, and not the other's name, are in its configuration
(`amounts.paced`). Until then its amount says whose they will be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_lib.errors import CourseError

RULE = "paced"
Curve = Mapping[str, Any]
Rounds = Sequence[Mapping[str, Any]]


def spelled(method: Mapping[str, Any]) -> dict[str, Any]:
    """Return a grid's method with its `pace` as an amount that is not known yet."""
    if "pace" not in method:
        return dict(method)
    where = f"method {method['name']!r}: pace = {method['pace']!r} was given"
    if "score" not in method or "amount" in method:
        raise CourseError(f"{where}; it stands in place of an amount, beside a score.")
    return {key: value for key, value in method.items() if key != "pace"} | {"amount": {"rule": RULE, "of": method["pace"]}}


def source(curve: Curve) -> str:
    """Return the method whose pace a curve takes, as long as the shares are not known; else ""."""
    amount = curve["arguments"].get("amount")
    return str(amount["of"]) if isinstance(amount, Mapping) and "of" in amount else ""


def must_be_known(curves: Sequence[Curve]) -> None:
    """Refuse a pace that no curve of the same seed sets, or one that is itself another's."""
    setting = {(curve["method"], curve["seed"]): curve for curve in curves}
    for curve in curves:
        if not (name := source(curve)):
            continue
        where = f"method {curve['method']!r}: pace = {name!r} was given"
        if (name, curve["seed"]) not in setting:
            raise CourseError(f"{where}; the grid has no such method with seed {curve['seed']}.")
        if source(setting[name, curve["seed"]]):
            raise CourseError(f"{where}; that method takes the pace of another itself.")


def shares(rounds: Rounds) -> list[float]:
    """Return for each round the share of the ranked survivors, of all groups together, that went.

    >>> shares([{"groups": {"a": {"survivors": 30, "removed": 3}, "b": {"survivors": 10, "removed": 7}}}])
    [0.25]
    """
    found = []
    for record in rounds:
        groups = record["groups"].values()
        survivors = sum(group["survivors"] for group in groups)
        found.append(sum(group["removed"] for group in groups) / survivors if survivors else 0.0)
    return found


def resolved(curves: Sequence[Curve], finished: Callable[[Curve], Rounds | None]) -> list[dict[str, Any]]:
    """Return the curves, those at another's pace with its shares where that one is finished, as they are where it is not.

    finished: returns the rounds of a finished curve, None of any other.
    """
    setting = {(curve["method"], curve["seed"]): curve for curve in curves}
    found = []
    for curve in curves:
        rounds = finished(setting[source(curve), curve["seed"]]) if source(curve) else None
        amount = {"amount": {"rule": RULE, "shares": shares(rounds)}} if rounds else {}
        found.append({**curve, "arguments": {**curve["arguments"], **amount}})
    return found
