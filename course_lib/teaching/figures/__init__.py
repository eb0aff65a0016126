"""Figures of the lessons: pure functions from plain data to a `Picture`, which carries its alternative text."""

from course_lib.teaching.figures.activations import (
    activity_strips,
    feature_maps,
    histories,
    overlap_bars,
    rank_scatter,
    subsets,
    threshold_board,
    unit_counts,
)
from course_lib.teaching.figures.board import sparsity_board
from course_lib.teaching.figures.budget import before_after, budget_board, predicted_measured
from course_lib.teaching.figures.capstone import claims, leaderboard, spending, survivors
from course_lib.teaching.figures.choice import choice_board
from course_lib.teaching.figures.filters import (
    channel_dots,
    coupling,
    flatten_map,
    global_rankings,
    kernels,
    score_bars,
)
from course_lib.teaching.figures.frontier import arena, claim, kinds, staircase, three_axes
from course_lib.teaching.figures.index import (
    bite,
    bounds,
    index_against,
    index_board,
    shapes,
    survivor_board,
    vectors,
    weight_histogram,
)
from course_lib.teaching.figures.measuring import (
    conv_places,
    formats_board,
    layer_shares,
    number_cells,
    sensitivity_curves,
    timings,
)
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.figures.question import question
from course_lib.teaching.figures.results import accuracy_curves, file_bars, lines, size_panel, triptych
from course_lib.teaching.figures.sap import amount_bars, bound_board, explorer_board, index_path, rounds_board
from course_lib.teaching.figures.seeds import crowd, duel, seeds_board, sides, winners_curse
from course_lib.teaching.figures.shipping import constant_units, share_board, ship_board, time_ratios
from course_lib.teaching.figures.start import (
    average_board,
    bars,
    guessed,
    layers_gone,
    mask_cells,
    sample,
    weight_board,
)

__all__ = [
    "Picture",
    "accuracy_curves",
    "activity_strips",
    "amount_bars",
    "arena",
    "average_board",
    "bars",
    "before_after",
    "bite",
    "bound_board",
    "bounds",
    "budget_board",
    "channel_dots",
    "choice_board",
    "claim",
    "claims",
    "constant_units",
    "conv_places",
    "coupling",
    "crowd",
    "duel",
    "explorer_board",
    "feature_maps",
    "file_bars",
    "flatten_map",
    "formats_board",
    "global_rankings",
    "guessed",
    "histories",
    "index_against",
    "index_board",
    "index_path",
    "kernels",
    "kinds",
    "layer_shares",
    "layers_gone",
    "leaderboard",
    "lines",
    "mask_cells",
    "number_cells",
    "overlap_bars",
    "predicted_measured",
    "question",
    "rank_scatter",
    "rounds_board",
    "sample",
    "score_bars",
    "seeds_board",
    "sensitivity_curves",
    "shapes",
    "share_board",
    "ship_board",
    "sides",
    "size_panel",
    "sparsity_board",
    "spending",
    "staircase",
    "subsets",
    "survivor_board",
    "survivors",
    "three_axes",
    "threshold_board",
    "time_ratios",
    "timings",
    "triptych",
    "unit_counts",
    "vectors",
    "weight_board",
    "weight_histogram",
    "winners_curse",
]
