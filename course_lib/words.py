"""Numbers as one says them: 1 point, 2 points; <1%."""

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


def whole_percent(share: float) -> str:
    """Return a share in whole per cent, of which none and all are said of nothing less.

    Examples:
        >>> whole_percent(0.004), whole_percent(0), whole_percent(0.5), whole_percent(0.999), whole_percent(1)
        ('<1%', '0%', '50%', '>99%', '100%')
    """
    told = f"{share:.0%}"
    if told == "0%" and share > 0:
        return "<1%"
    return ">99%" if told == "100%" and share < 1 else told
