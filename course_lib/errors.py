"""The one kind of error that a user is meant to read."""

from __future__ import annotations


class CourseError(ValueError):
    """Something that was given cannot be used.

    The message is one plain sentence: what was given, what is expected, and which argument, layer or file it concerns.
    The command line prints it without a traceback.
    """
