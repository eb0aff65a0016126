"""A count and what is counted, as one says it: 1 point, 2 points."""

from __future__ import annotations


def number_of(number: float, noun: str, many: str = "") -> str:
    """Return the number with its noun in the singular or the plural.

    many: the plural, where it is not the noun with an s.

    Examples:
        >>> number_of(1, "point"), number_of(0.5, "point"), number_of(1200, "unit"), number_of(2, "class", "classes")
        ('1 point', '0.5 points', '1,200 units', '2 classes')
    """
    told = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{told} {noun if number == 1 else many or noun + 's'}"
