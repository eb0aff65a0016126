"""One page that says what a study found and how: a single HTML file that opens anywhere, offline, for years."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from html import escape
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib import pareto

if TYPE_CHECKING:
    import pandas as pd

COUNTS = ("kept_parameters", "macs")
BEST_COLUMNS = {
    "method": "method",
    "seeds": "seeds",
    "sparsity": "sparsity",
    "kept_parameters": "kept parameters",
    "macs": "MACs",
    "epochs": "epochs",
    "val_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
    "score": "score (test)",
}

CSS = """
:root { color-scheme: light dark; --text: #1c1e21; --soft: #5a6069; --page: #ffffff; --card: #f5f6f8; --line: #d5d9de }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e8eb; --soft: #a2a9b3; --page: #16181c; --card: #21242a; --line: #3a3f47 }
}
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem; background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem }
li { margin: .25rem 0 }
figure { margin: 1.5rem 0 }
img { box-sizing: border-box; width: 100%; padding: .75rem; border-radius: .5rem; background: #ffffff }
figcaption, .note { color: var(--soft); font-size: .9rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap }
thead th { background: var(--card); white-space: normal; vertical-align: bottom }
.number { text-align: right }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin: 0 }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
summary { cursor: pointer; padding: .5rem 0 }
"""


def _text(value: Any, column: str) -> str:
    """Return a cell's text: counts with thousands separators, fractions with four decimals, a dash for NaN."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return escape(str(value))
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if column in COUNTS else f"{value:.4f}" if value % 1 else f"{value:.0f}"


def _html_table(table: pd.DataFrame, headings: dict[str, str] | None = None) -> str:
    columns = [str(column) for column in table.columns]
    sides = [' class="number"' if dtype.kind in "iuf" else "" for dtype in table.dtypes]
    head = "".join(
        f'<th scope="col"{side}>{escape((headings or {}).get(column, column))}</th>'
        for column, side in zip(columns, sides, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td{side}>{_text(*cell)}</td>" for side, *cell in zip(sides, row, columns, strict=True)) + "</tr>"
        for row in table.itertuples(index=False, name=None)
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _best(table: pd.DataFrame) -> str:
    chosen = pareto.by_method(table)
    missing = sorted(set(table.loc[pareto.contesting(table), "method"]) - set(chosen["method"]))
    html = _html_table(chosen[[column for column in BEST_COLUMNS if column in chosen]], BEST_COLUMNS)
    if missing:
        listed = escape("; ".join(missing))
        html += f'<p class="note">No point with a validation accuracy of at least {pareto.FLOOR:.2f}: {listed}.</p>'
    return html


def _figure(path: Path, alt: str) -> str:
    png = base64.b64encode(path.read_bytes()).decode()
    return f'<figure><img src="data:image/png;base64,{png}" alt="{alt}"><figcaption>{alt}</figcaption></figure>'


def html(
    table: pd.DataFrame,
    figures: Mapping[str | Path, str],
    *,
    title: str,
    facts: dict[str, str],
    verdicts: list[str],
) -> str:
    """Return a self-contained page: verdicts, figure, each method's best point, how it was made, and every point.

    The page loads nothing from anywhere, is readable in light and dark, and escapes all text it is given.

    Args:
        table: One row a point, with the columns that `course_lib.pareto` names.
        figures: Paths of PNG files -> what each shows, for its caption and for readers who cannot see it.
        title: The headline.
        facts: What a reader needs to trust and repeat it, in this order: command, versions, wall time, the number of
            images, one standard error, ...
        verdicts: What was found, one sentence each.

    Raises:
        CourseError: if a column that the best points need is missing.
        OSError: if a figure cannot be read.
    """
    drawn = "\n".join(_figure(Path(path), escape(alt)) for path, alt in figures.items())
    items = "".join(f"<li>{escape(verdict)}</li>" for verdict in verdicts)
    terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(fact))}</dd>" for name, fact in facts.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{CSS}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
<ul>{items}</ul>
{drawn}
<h2>Each method's best point</h2>
<p class="note">Means over seeds. Chosen by the score on validation, (accuracy + sparsity) / 2; test chose nothing.</p>
{_best(table)}
<h2>How it was made</h2>
<dl>{terms}</dl>
<h2>Every point</h2>
<details><summary>{len(table):,} rows</summary>{_html_table(table)}</details>
</main>
</body>
</html>
"""
