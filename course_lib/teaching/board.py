"""The old place of `selection_of`, for notebooks of lesson 01 that students have begun."""

from course_lib.teaching.boards.trial import selection_of

__all__ = ["selection_of"]
