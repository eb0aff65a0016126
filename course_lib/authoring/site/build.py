"""`make site`: from the committed notebooks to build/site/; nothing is executed."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat

from course_lib.authoring import overview
from course_lib.authoring.site import explorer, links, pages
from course_lib.authoring.site.sliders import movings, newest
from course_lib.authoring.source import lessons
from course_lib.errors import CourseError
from course_lib.files import write_text
from course_lib.studies.front_page import BEGIN, END

KATEX = "0.16.22"  # the version that sphinxcontrib-katex renders with: style sheet and formulas belong together
NEEDS = {"sphinx": "Sphinx", "myst_nb": "myst-nb", "furo": "furo", "sphinxcontrib.katex": "sphinxcontrib-katex"}


def build(root: Path, out: Path, katex: Path) -> list[str]:
    """Write the site to `out` and return one sentence for each link in it that leads nowhere.

    katex: npm's folder of KaTeX, whose style sheet and fonts are copied (node renders the formulas).

    Raises:
        CourseError: where Sphinx, one of its parts, or KaTeX is missing, and where Sphinx finds fault with a page.
    """
    for module, name in NEEDS.items():
        if find_spec(module) is None:
            raise CourseError(f"{name} is not installed here: `pip install -e '.[site]'` brings it.")
    if not shutil.which("node"):
        raise CourseError("node is not installed here; it renders the formulas: `apt-get install nodejs npm` brings it.")
    if not (katex / "dist" / "katex.min.css").is_file():
        raise CourseError(
            f"--katex {katex} was given; KaTeX is not there: `npm install --prefix .venv/katex katex@{KATEX}`."
        )
    source, extra = out.parent / "site-source", out.parent / "site-extra"
    for folder in (source, extra / pages.PICTURES, extra / "katex", out):  # the frames are kept: drawing them takes minutes
        shutil.rmtree(folder, ignore_errors=True)
    prepare(root, source, extra)
    fonts = extra / "katex"
    shutil.copytree(katex / "dist" / "fonts", fonts / "fonts", ignore=shutil.ignore_patterns("*.ttf", "*.woff"))
    shutil.copy(katex / "dist" / "katex.min.css", fonts / "katex.min.css")
    line = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", str(root / "site")]
    environment = {**os.environ, "SITE_EXTRA": str(extra.resolve())}
    if subprocess.run([*line, str(source), str(out)], env=environment).returncode:
        raise CourseError("Sphinx found fault with a page (its words stand above); the site is not whole.")
    return links.broken(out)


def prepare(root: Path, source: Path, extra: Path) -> None:
    """Write what Sphinx reads to `source`, and the files that are copied as they are to `extra`."""
    shutil.copytree(root / "notebooks" / "pictures", extra / pages.PICTURES)
    sliders = pages.Sliders(movings(root), extra / pages.FRAMES, newest(root))
    for path in lessons(root):
        student = root / "notebooks" / f"{path.stem}.ipynb"
        page = pages.lesson(path.with_suffix(".ipynb"), student, extra, sliders)
        write_text(source / f"{path.stem}.ipynb", nbformat.writes(page, 4))
    for inside, name in pages.PAGES.items():
        write_text(source / name, pages.text(root / inside, root, extra))
    write_text(source / "index.md", first_page(root, extra, sliders))
    explorer.write(root, extra)


def first_page(root: Path, extra: Path, sliders: pages.Sliders) -> str:
    """Return the first page: site/index.md with its places filled in."""
    block = re.search(f"{re.escape(BEGIN)}(.*?){re.escape(END)}", (root / "README.md").read_text(encoding="utf-8"), re.S)
    rows = "".join(f"| [{title}]({stem}.ipynb) | {goal} |\n" for stem, title, goal in pages.first_sentences(root))
    places = {
        "question": overview.QUESTION,
        "slider": sliders.html("WeightSlider"),
        "lessons": "| lesson | what you learn |\n| --- | --- |\n" + rows,
        "findings": pages.linked(block[1].strip(), root, root, extra) if block else "",
    }
    whole = (root / "site" / "index.md").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda place: places[place[1]], whole)


def main() -> None:
    """Build the site from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/site"))
    parser.add_argument("--katex", type=Path, default=Path(".venv/katex/node_modules/katex"))
    given = parser.parse_args()
    try:
        problems = build(Path.cwd(), given.out, given.katex)
    except CourseError as error:
        sys.exit(str(error))
    if problems:
        sys.exit("\n".join(problems))
    print(f"written: {given.out}/index.html")


if __name__ == "__main__":
    main()
