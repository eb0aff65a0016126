"""The results on the project's front page: eight lines, one small table, two figures, one link."""
from __future__ import annotations
from pathlib import Path
BEGIN, END = "<!-- findings: begin -->", "<!-- findings: end -->"
def replaced(whole: str, results: Path) -> str:
    return whole
