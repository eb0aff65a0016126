"""How curves look: the same method has the same colour, marker and dash in every figure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# Okabe and Ito's colours, which colour-blind readers tell apart; two of Tol's replace their yellow, which is faint on white,
# and black is left to the controls. With 8 colours and 11 markers no two of the first 88 methods look the same.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
# Curves that readers meet again from figure to figure: their looks are reserved under the labels that they are met by.
RESERVED = ("SAP", "magnitude", "magnitude, global")
CONTROL: dict[str, Any] = {"color": "#444444", "linestyle": (0, (1, 2))}
CONTROL_MARKERS = ("x", "+", "1", "2", "3", "4")


def looks(methods: Iterable[str], controls: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
    """Return method -> colour, marker and dash of its curve: those of `RESERVED` are fixed, others follow the alphabet.

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
    order = [*RESERVED, *sorted(methods - controls - set(RESERVED))]
    return grey | {
        method: {
            "color": COLOURS[n % len(COLOURS)],
            "marker": MARKERS[n % len(MARKERS)],
            "linestyle": DASHES[n % len(DASHES)],
        }
        for n, method in enumerate(order)
    }
