"""The command `course`, and what only it needs: running a grid, JupyterLab at the first lesson, a look at the machine."""

from course_lib.command.cli import main

__all__ = ["main"]
