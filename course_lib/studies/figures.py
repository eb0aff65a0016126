"""The figures of a study beside its front: what is lost, how the pairs of its family differ, what each trick is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib import pareto
from course_lib.pareto import forest, lost
from course_lib.pareto.looks import of_table
from course_lib.studies import comparing

if TYPE_CHECKING:
    import pandas as pd


def draw(table: pd.DataFrame, grid: Mapping[str, Any], folder: Path, about: str) -> dict[Path, str]:
    """Write those that the table allows as PNG and SVG into `folder`; return the PNGs' paths and what each shows.

    about: what the study is of, for the titles, such as "cnn on cifar10".
    """
    found: dict[Path, str] = {}
    looks = of_table(table)
    if lost.told(table):
        figure = lost.plot_losses(table, references=grid["references"], title=f"What pruning costs: {about}")
        found |= _saved(figure, folder / "lost", lost.alt_losses(table))
    family = [difference for difference in comparing.family(table, grid) if difference.low is not None]
    if family:
        firsts = {difference.one for difference in family}
        title = f"{family[0].one} against each other method" if len(firsts) == 1 else "Methods against each other"
        figure = forest.plot_differences(family, looks, title=f"{title}: {about}")
        found |= _saved(figure, folder / "forest", forest.alt_differences(family))
    tricks, names = worth(table, grid)
    if tricks:
        figure = forest.plot_tricks(tricks, names, title=f"What each trick is worth: {about}")
        found |= _saved(figure, folder / "tricks", forest.alt_tricks(tricks, names))
    return found


def _saved(figure: Any, stem: Path, alt: str) -> dict[Path, str]:
    return {pareto.save(figure, stem, alt)[0]: alt}


def worth(table: pd.DataFrame, grid: Mapping[str, Any]) -> tuple[list[pareto.Difference], dict[str, str]]:
    """Return what each trick of a study is worth where curves end, and method without it -> the trick's name.

    The method with all tricks is the one that the grid compares with two or more others, all with final epochs; repeats,
    which differ from it in nothing but these, are no tricks. Empty if there is none.
    """
    pairs = [pair for pair in comparing.pairs(table, grid) if not comparing.is_repeat(grid, *pair)]
    ends = [difference for pair in pairs if (difference := pareto.paired_ends(table, *pair))]
    counts = Counter(difference.one for difference in ends)
    whole, count = counts.most_common(1)[0] if counts else ("", 0)
    own = [difference for difference in ends if difference.one == whole] if count > 1 and grid.get("compare") else []
    return own, {difference.other: difference.other.partition(", ")[2] or difference.other for difference in own}
