"""What formgrader shows beside an answer: nbconvert calls this by its name, which stands in the settings of GRADES."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from course_lib.grading.book.formgrader import RUBRICS

# Formgrader's style sheet takes the mark away by which a person sees that something can be opened.
FOLDED = '<summary style="display: list-item; cursor: pointer">Rubric and samples</summary>'


class Beside(Preprocessor):
    """Put each question's rubric and samples, folded, below the answer that formgrader shows.

    Only formgrader names a submission in `resources`; the pages that nbgrader makes for students do not, and get no rubric.
    """

    enabled = True

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook as formgrader shows it."""
        if "submission_id" not in resources:
            return nb, resources
        folder = Path(resources["metadata"]["path"]).parents[2]
        path = folder / RUBRICS / f"{resources['assignment_id']}.json"
        texts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        cells = []
        for cell in nb.cells:
            cells.append(cell)
            if (grade_id := cell.metadata.get("nbgrader", {}).get("grade_id")) in texts:
                fold = f"<details>{FOLDED}\n\n{texts[grade_id]}\n\n</details>"
                cells.append(new_markdown_cell(fold, id=f"rubric-{grade_id}"[:64]))
        nb.cells = cells
        return nb, resources
