"""The command `course`, and what only it needs: JupyterLab at the first lesson, and a look at the machine."""

from course_lib.command.cli import main

__all__ = ["main"]
