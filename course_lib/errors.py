"""The one kind of error that a user is meant to read, and the plain values that are checked everywhere."""

from __future__ import annotations

import math
from numbers import Integral, Real


class CourseError(ValueError):
    """Something that was given cannot be used.

    The message is one plain sentence: what was given, what is expected, and which argument, layer or file it concerns.
    The command line prints it without a traceback.
    """


def check_whole(argument: str, value: object, least: int = 1) -> None:
    """Raise CourseError unless `value` is a whole number of at least `least`; True and False do not count as numbers."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise CourseError(f"{argument}={value!r} was given; it is a whole number of at least {least}.")


def check_number(argument: str, value: object, least: float = -math.inf) -> None:
    """Raise CourseError unless `value` is a finite number of at least `least`; True and False do not count as numbers."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value < least:
        bound = "" if least == -math.inf else f" of at least {least:g}"
        raise CourseError(f"{argument}={value!r} was given; it is a finite number{bound}.")


def check_share(argument: str, value: object) -> None:
    """Raise CourseError unless `value` lies in [0, 1]; a number above 1 is taken for a percent and refused as one."""
    hint = ""
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        if 0 <= number <= 1:
            return
        hint = f"; for {value} percent give {number / 100:g}" if 1 < number <= 100 else ""
    raise CourseError(f"{argument}={value!r} was given; it is a share between 0 and 1{hint}.")
