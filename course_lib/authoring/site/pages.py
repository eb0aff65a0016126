"""What Sphinx reads: the executed lessons with their answers folded away, the map, the glossary, and the results."""

from __future__ import annotations

import base64
import copy
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbformat import NotebookNode
from PIL import Image

from course_lib import kernel
from course_lib.authoring import overview
from course_lib.authoring.frame import generated
from course_lib.authoring.site.moving import Moving, write
from course_lib.authoring.source import BEGIN, END, lessons
from course_lib.files import replacing

PICTURES, FRAMES = "pictures", "frames"  # folders of the site
EXPLORER = '<div class="sap-explorer"><p>The explorer runs in the page, with JavaScript.</p></div>'
COLOURS = 256
WIDE = 600  # pixels; a wider picture is scrolled on a phone, or its words could not be read
STUDIES = (
    "cifar10", "cifar10-one-seed", "class-project", "controls", "extensions", "fashion-mnist", "open", "pace", "ship",
    "stability",
)  # fmt: skip
PAGES = {  # what a link in the repository leads to -> the page of the site that shows it
    "notebooks/README.md": "map.md",
    "notebooks/GLOSSARY.md": "glossary.md",
    "results/README.md": "results.md",
    "COMPARISON.md": "comparison.md",
    **{f"results/{name}/README.md": f"{name}.md" for name in STUDIES},
}


@dataclass(frozen=True)
class Sliders:
    """The sliders that move: name -> how its positions are drawn. folder: of their frames. newest: see `moving.newest`."""

    known: Mapping[str, Callable[[], Moving]]
    folder: Path
    newest: float

    def html(self, name: str) -> str:
        """Return a slider as HTML."""
        return write(self.known[name], name, self.folder, self.newest)


def lesson(path: Path, student: Path, extra: Path, sliders: Sliders) -> NotebookNode:
    """Return an executed lesson as a page: pictures and frames in files below `extra`, answers behind a fold.

    path, student: the executed notebook and the student's.
    """
    book, stubs = nbformat.read(path, 4), {cell.id: cell for cell in nbformat.read(student, 4).cells}
    page = nbformat.v4.new_notebook(metadata=copy.deepcopy(kernel.METADATA))
    for number, cell in enumerate(book.cells):
        if generated(cell):  # the site has ways of its own, and nobody earns points there
            continue
        cell = copy.deepcopy(cell)
        if cell.cell_type == "markdown":
            cell.source = _prose(cell, path.parent)
            page.cells.append(cell)
            continue
        if cell.id.endswith("-answer"):
            if cell.id in stubs:
                page.cells.append(nbformat.v4.new_code_cell(stubs[cell.id].source, id=f"{cell.id}-stub"))
            cell.source = re.sub(rf"\n[ \t]*({BEGIN}|{END})(?=\n|$)", "", f"\n{cell.source}").strip("\n")
            _fold(cell, "Show an answer", "Hide the answer")
        elif cell.metadata.get("jupyter", {}).get("source_hidden"):
            _fold(cell, "Show the set-up", "Hide the set-up")
        cell.outputs = [_shown(output, f"{path.stem}-{number}-{k}", extra) for k, output in enumerate(cell.outputs)]
        slider = re.search(r"^widgets\.(\w+)\(", cell.source, re.M)
        if slider and slider[1] in sliders.known:
            cell.outputs = [_html(sliders.html(slider[1]))]
        elif slider and slider[1] == "SAPExplorer":
            cell.outputs = [_html(EXPLORER)]
        page.cells.append(cell)
    page.nbformat_minor = 5
    return page


def text(path: Path, root: Path, extra: Path) -> str:
    """Return a Markdown page of the repository for the site: its pictures in files, its links between the site's pages."""
    return linked(path.read_text(encoding="utf-8"), path.parent, root, extra)


def linked(markdown: str, folder: Path, root: Path, extra: Path) -> str:
    """Return Markdown that stands in `folder` with its links as the site has them; what the site lacks is no link there."""

    def link(match: re.Match[str]) -> str:
        sign, words, target = match[1], match[2], match[3]
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        name, _, anchor = target.partition("#")
        place = (folder / name).resolve()
        if sign:
            return _image(place, words, root, extra)
        found = page_of(place.relative_to(root.resolve()))
        return f"[{words}]({found}{'#' + slug(anchor) if anchor else ''})" if found else words

    return re.sub(r"(!?)\[((?:[^\[\]]|`[^`]*`)*)\]\(([^()\s]+)\)", link, markdown)


def page_of(inside: Path) -> str | None:
    """Return the page of the site that shows a file of the repository; None if there is none."""
    if inside.suffix == ".ipynb" and inside.parts[0] in ("notebooks", "solutions"):
        return inside.name
    return PAGES.get(inside.as_posix())


def slug(anchor: str) -> str:
    """Return JupyterLab's anchor of a heading as the site writes it.

    >>> slug("3.-How-much-is-there-to-lose%3F")
    '3-how-much-is-there-to-lose'
    """
    return re.sub(r"[^\w-]", "", unquote(anchor).lower())


def small(picture: bytes, target: Path) -> tuple[int, int]:
    """Write a PNG with at most 256 colours if that is smaller, and return its size in pixels."""
    image = Image.open(io.BytesIO(picture))
    buffer = io.BytesIO()
    image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    with replacing(target) as part:
        part.write_bytes(min(picture, buffer.getvalue(), key=len))
    return image.size


def _prose(cell: NotebookNode, folder: Path) -> str:
    source = re.sub(r"\]\(\.\./notebooks/pictures/", f"]({PICTURES}/", cell.source)
    source = re.sub(
        rf"!\[([^\]]*)\]\(({PICTURES}/[^)]+)\)",
        lambda found: f'<img class="ahead" src="{found[2]}" alt="{found[1]}">',
        source,
    )
    source = linked(source, folder, folder.parent, folder)
    if not cell.id.endswith("-explain"):
        return source
    return f'<details class="answer"><summary>Rubric and sample answers</summary>\n\n{source}\n\n</details>'


def _fold(cell: NotebookNode, show: str, hide: str) -> None:
    cell.metadata["tags"] = ["hide-input"]
    cell.metadata["mystnb"] = {"code_prompt_show": show, "code_prompt_hide": hide}


def _html(shown: str) -> NotebookNode:
    return nbformat.v4.new_output("display_data", data={"text/html": shown})


def _shown(output: NotebookNode, name: str, extra: Path) -> NotebookNode:
    """Return an output whose pictures are files of their own, loaded when they come into view."""
    shown = output.get("data", {}).get("text/html")
    if shown is None:
        return output
    parts = iter(range(len(shown)))

    def file(match: re.Match[str]) -> str:
        target = extra / PICTURES / f"{name}-{next(parts)}.png"
        small(base64.b64decode(match[4]), target)
        width, height = int(match[1]), int(match[2])  # as shown; the file has two dots for each pixel
        return f'class="{"wide" if width > WIDE else "narrow"}" {_tag(target, width, height)} {match[3]}'

    sizes = r'width="(\d+)" height="(\d+)" style="[^"]*"'
    return _html(re.sub(rf'{sizes} (alt="[^"]*") src="data:image/png;base64,([^"]+)"', file, shown))


def _image(place: Path, words: str, root: Path, extra: Path) -> str:
    target = extra / PICTURES / "-".join(place.relative_to(root.resolve()).parts[1:])
    width, height = small(place.read_bytes(), target)
    alt = words.replace('"', "&quot;")
    return f'<div class="wide"><img {_tag(target, width, height)} alt="{alt}"></div>'


def _tag(target: Path, width: int, height: int) -> str:
    return f'loading="lazy" width="{width}" height="{height}" src="{PICTURES}/{target.name}"'


def first_sentences(root: Path) -> list[tuple[str, str, str]]:
    """Return (file stem, title, what it teaches) of each lesson, as the map has them."""
    rows = re.findall(
        r"^\| \[([^\]]+)\]\((\w+)\.ipynb\) \| (.*?) \|", (root / overview.MAP_PAGE).read_text(encoding="utf-8"), re.M
    )
    known = {path.stem for path in lessons(root)}
    return [(stem, title, goal) for title, stem, goal in rows if stem in known]
