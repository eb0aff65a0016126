"""What `course inspect` does: look at a network that somebody brings, and say what can be pruned in it and what cannot."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.table import Table

from course_lib.command.runs import console
from course_lib.starting import quickly


def show(source: Path, function: str, weights: Path | None, data: str, size: int | None) -> None:
    """Print the coupled groups of the network that `function` in the file `source` builds, and what stays whole and why.

    Raises:
        CourseError: for a file, function or weights that cannot be used, or a network that the course cannot take.
    """
    with quickly():
        from course_lib import data as images
        from course_lib import own, train

    bench = images.load(data, size=size)
    model = own.build(source, bench, function, weights)
    seen = own.look(model, bench)
    first, *heads = seen.heads
    console.print(f"{source.name}, {function}(): {first}")
    if weights is not None:
        accuracy, n = train.evaluate(model, bench), len(bench.validation)
        console.print(f"Accuracy {accuracy:.4f} on {n:,} validation images of {bench.name}.")
    for line in heads:
        console.print(line)
    shown = Table(*seen.table.reset_index().columns, box=box.SIMPLE_HEAD)
    for row in seen.rows:
        shown.add_row(*row.values())
    shown.caption = "MACs: the share of the network's that the layers do which write or read these units"
    console.print(shown)
    for line in seen.ends:
        console.print(f"- {line}", highlight=False)
