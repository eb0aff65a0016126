"""Run the library's tests on each Python from 3.10 on that is installed, and on the oldest torch that pyproject.toml has.

`make matrix`, by hand: each environment takes about 6 GB below runs/matrix/ and is kept for the next time. `--only WORD`
runs those whose name has the word.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from course_lib.files import tomllib

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "runs" / "matrix"
LIBRARY = [  # what needs no Jupyter, no grader and no browser
    *("amounts", "data", "devices", "docstrings", "loop", "masks", "measure", "models", "needs", "pareto", "pqindex"),
    *("pruners", "scopes", "scores", "slim", "sweep", "train", "units"),
]


def oldest() -> list[str]:
    """Return the lower bounds of torch and torchvision as requirements, such as torch==2.6.*."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {}
    for requirement in project["dependencies"]:
        if match := re.fullmatch(r"(torch|torchvision)>=([\d.]+)", requirement):
            found[match[1]] = f"{match[1]}=={match[2]}.*"
    return [found["torch"], found["torchvision"]]


def pythons() -> dict[str, str]:
    """Return version -> interpreter for every Python from 3.10 on, on the path or among those of pyenv."""
    names = ["python3", *(f"python3.{minor}" for minor in range(10, 30))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    paths = [*filter(None, map(shutil.which, names)), *map(str, pyenv.glob("versions/3.*/bin/python3"))]
    found: dict[str, str] = {}
    for path in paths:
        code = "import sys; print(*sys.version_info[:2], sep='.')"
        asked = subprocess.run([path, "-c", code], capture_output=True, text=True)
        version = asked.stdout.strip()  # pyenv puts names on the path that have no Python behind them
        if asked.returncode == 0 and tuple(map(int, version.split("."))) >= (3, 10):
            found.setdefault(version, path)
    return found


def run(name: str, python: str, more: list[str]) -> bool:
    """Make the environment `name` if need be, and run the tests in it; return whether all pass."""
    place = HOME / name
    pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet"]
    made_for = f"{more} {hashlib.sha256((ROOT / 'pyproject.toml').read_bytes()).hexdigest()}"
    ready = place / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != made_for:
        subprocess.run([python, "-m", "venv", "--clear", place], check=True)
        subprocess.run([*pip, "--editable", f"{ROOT}[test]", *more], check=True)
        ready.write_text(made_for, encoding="utf-8")
    tests = [f"tests/test_{test}.py" for test in LIBRARY]
    return subprocess.run([place / "bin" / "python", "-m", "pytest", "-n", "2", *tests], cwd=ROOT).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a word in the names of the environments to run")
    asked = parser.parse_args()
    found = pythons()
    first = min(found, key=lambda version: tuple(map(int, version.split("."))))
    environments = {f"python{version}": (path, []) for version, path in found.items()}
    environments["oldest-torch"] = (found[first], oldest())
    if not any(asked.only in name for name in environments):
        sys.exit(f"--only {asked.only} was given; there are {', '.join(environments)}.")
    failed = []
    for name, (python, more) in environments.items():
        if asked.only in name and not run(name, python, more):
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
