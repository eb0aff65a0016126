"""`python -m course_lib`: the command `course` for systems without make."""

from __future__ import annotations

from course_lib.command.cli import main

if __name__ == "__main__":
    main()
