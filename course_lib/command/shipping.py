"""What `course ship` does: read a slimmed network, write the folder that is handed over, and show its card."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.table import Table

from course_lib.command.runs import command_line, console
from course_lib.errors import CourseError
from course_lib.starting import quickly


def ship(model: Path, out: Path, data: str, size: int | None, source: Path | None, function: str) -> None:
    """Write the folder `out` for the network in the file `model`.

    source, function: for a network that is not the course's, what builds the one that it was cut from.

    Raises:
        CourseError: for a file that `slim.save` did not write, and for data of another shape than the network takes.
    """
    with quickly():
        from course_lib import data as images
        from course_lib import own, slim
        from course_lib import ship as shipping

    named, bench = slim.architecture(model), images.load(data, size=size)
    if named and (tuple(named["shape"]), named["classes"]) != (bench.shape, bench.num_classes):
        raise CourseError(
            f"{model} takes images of {tuple(named['shape'])} and knows {named['classes']} classes; {bench.name} has "
            f"{bench.shape} and {bench.num_classes}: give its own --data."
        )
    dense = own.build(source, bench, function) if source else None
    card = shipping.ship(slim.load(model, dense).to(bench.device), bench, out, command_line(), named)
    shown = Table("how", "bytes", "accuracy", "one image, ms", "64 images, ms", box=box.SIMPLE_HEAD)
    for run in card["runs"]:
        times = (f"{run[batch][0]:.2f} ± {run[batch][1]:.2f}" for batch in ("batch 1", "batch 64"))
        shown.add_row(run["how"], f"{run['bytes']:,}", f"{run['accuracy']:.4f}", *times)
    console.print(shown)
    console.print(f"written: {out}; its README.md is the model card.", highlight=False, soft_wrap=True)
