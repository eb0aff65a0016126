"""How stable thresholds on activations are: `study` measures it, `write` tells the result."""

from course_lib.studies.stability.overlap import chance, compare, jaccard, overlaps, strength, study
from course_lib.studies.stability.page import NONE, VARIABLE, sentences, summary, verdicts, write

__all__ = [
    "NONE",
    "VARIABLE",
    "chance",
    "compare",
    "jaccard",
    "overlaps",
    "sentences",
    "strength",
    "study",
    "summary",
    "verdicts",
    "write",
]
