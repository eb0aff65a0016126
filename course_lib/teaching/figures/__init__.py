"""Figures of the lessons: pure functions from plain data to a `Picture`, which carries its alternative text."""

from course_lib.teaching.figures.activations import (
    feature_maps,
    overlap_bars,
    rank_scatter,
    subsets,
    threshold_board,
    unit_counts,
)
from course_lib.teaching.figures.board import sparsity_board
from course_lib.teaching.figures.filters import (
    channel_dots,
    coupling,
    flatten_map,
    kernels,
    score_bars,
    score_histograms,
)
from course_lib.teaching.figures.index import index_board, survivor_board, vectors, weight_histogram
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.figures.results import accuracy_curves, lines, size_panel, triptych

__all__ = [
    "Picture",
    "accuracy_curves",
    "channel_dots",
    "coupling",
    "feature_maps",
    "flatten_map",
    "index_board",
    "kernels",
    "lines",
    "overlap_bars",
    "rank_scatter",
    "score_bars",
    "score_histograms",
    "size_panel",
    "sparsity_board",
    "subsets",
    "survivor_board",
    "threshold_board",
    "triptych",
    "unit_counts",
    "vectors",
    "weight_histogram",
]
