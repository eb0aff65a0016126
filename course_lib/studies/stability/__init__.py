"""How stable thresholds on activations are: `study` measures it, `write` tells the result."""

from course_lib.studies.stability.overlap import chance, compare, jaccard, overlaps, strength, study
from course_lib.studies.stability.page import sentences, summary, write

__all__ = ["chance", "compare", "jaccard", "overlaps", "sentences", "strength", "study", "summary", "write"]
