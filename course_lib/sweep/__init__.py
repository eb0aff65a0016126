"""Grids of curves that survive kills, on one machine or a Dask cluster: `run`, `table`, `unfinished`."""

from course_lib.sweep.run import FailedCurves, run, table, unfinished

__all__ = ["FailedCurves", "run", "table", "unfinished"]
