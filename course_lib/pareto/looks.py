"""How curves look: the same method has the same colour, marker and dash in every figure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, Any

from course_lib.pareto.points import DENSE, contesting

if TYPE_CHECKING:
    import pandas as pd

# Okabe and Ito's colours, which colour-blind readers tell apart; two of Tol's replace their yellow, which is faint on white,
# and black is left to the controls. With 8 colours and 11 markers no two of the first 88 methods look the same.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
# Curves that readers meet again from figure to figure: their looks are reserved under the labels that they are met by. The
# first `KEPT` are given to no other method even where they are absent.
RESERVED = ("SAP", "magnitude", "magnitude, global", "activation, variable", "L1 filter", "random", "activation, fixed")
KEPT = 3
# Where a class competes: the place of another reserved curve, which is in no figure of theirs, and the one after the last.
CAPSTONE = {"mine": RESERVED.index("activation, fixed"), "worked example": len(RESERVED)}
CONTROL: dict[str, Any] = {"color": "#444444", "linestyle": (0, (1, 2))}
CONTROL_MARKERS = ("x", "+", "1", "2", "3", "4")


def looks(methods: Iterable[str], controls: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
    """Return method -> colour, marker and dash of its curve: fixed in `RESERVED` and `CAPSTONE`, else by the alphabet.

    controls: those of `methods` that are drawn in grey, which leaves more colours to the others.

    >>> found = looks(["A", "B"])
    >>> found["A"]["marker"] != found["B"]["marker"]
    True
    """
    methods, controls = set(methods), set(controls)
    grey = {
        method: {**CONTROL, "marker": CONTROL_MARKERS[n % len(CONTROL_MARKERS)]}
        for n, method in enumerate(sorted(methods & controls))
    }
    reserved = {method: n for n, method in enumerate(RESERVED)} | CAPSTONE
    places = {method: n for method, n in reserved.items() if method in methods - controls}
    free = (n for n in count(KEPT) if n not in places.values())
    places |= dict(zip(sorted(methods - controls - set(places)), free, strict=False))
    return grey | {
        method: {
            "color": COLOURS[n % len(COLOURS)],
            "marker": MARKERS[n % len(MARKERS)],
            "linestyle": DASHES[n % len(DASHES)],
        }
        for method, n in places.items()
    }


def of_table(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return method -> look for all methods of a table, so that figures of some of them agree with figures of all.

    >>> from course_lib import pareto
    >>> sorted(of_table(pareto.example()))
    ['A', 'B']
    """
    pruned = table[table["method"] != DENSE]
    return looks(pruned["method"], pruned.loc[~contesting(pruned), "method"])
