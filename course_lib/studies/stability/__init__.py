"""How stable thresholds on activations are: `study` measures, `write` tells."""

from course_lib.studies.stability.overlap import chance, compare, jaccard, strength, study, table
from course_lib.studies.stability.page import sentences, summary, write

__all__ = ["chance", "compare", "jaccard", "sentences", "strength", "study", "summary", "table", "write"]
