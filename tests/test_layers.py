"""The library's layers import downward, and importing it loads nothing that a lesson may never use."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("matplotlib", "pandas", "torch_pruning", "torchvision", "PIL", "IPython")


def lint(folder: Path) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).parent / "lint-imports", "--config", folder / "pyproject.toml", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)


def test_layers_import_downward():
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 broken" in found.stdout


def copied(folder: Path) -> Path:
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for file in (ROOT / "course_lib").rglob("*.py"):
        copy = folder / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text())
    return folder / "course_lib"


def test_an_import_upward_is_found(tmp_path):
    """The control: a masks module that imports the loop breaks the contract."""
    with (copied(tmp_path) / "network" / "masks.py").open("a") as masks:
        masks.write("\nfrom course_lib.pruning import loop\n")
    found = lint(tmp_path)
    assert found.returncode == 1
    assert "course_lib.network.masks -> course_lib.pruning.loop" in found.stdout


def test_a_room_without_a_floor_is_found(tmp_path):
    """The control of the word "exhaustive": a new module at the root must say between which floors it lies."""
    (copied(tmp_path) / "attic.py").write_text("")
    found = lint(tmp_path)
    assert found.returncode == 1
    assert "course_lib.attic" in found.stdout


def test_every_room_says_in_one_sentence_what_it_is_about():
    for room in (ROOT / "course_lib").glob("*/__init__.py"):
        first = (ast.get_docstring(ast.parse(room.read_text())) or "").splitlines()
        assert first and first[0].endswith("."), room


def loaded(script):
    """Return the packages that a new Python has loaded after `script`."""
    script = (
        f"import sys\n{script}\nprint(*sorted({{name.partition('.')[0] for name in filter(sys.modules.get, sys.modules)}}))"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(found.stdout.splitlines()[-1].split())


def test_importing_the_library_loads_no_plotting_tables_tracing_or_notebooks():
    found = loaded("from course_lib import data, models, pareto, pruning, slim, train\nimport course_lib.studies.report")
    assert {"course_lib", "torch"} <= found
    assert not set(HEAVY) & found


def test_importing_the_package_alone_or_asking_the_command_for_help_loads_no_torch():
    assert {"torch", *HEAVY}.isdisjoint(loaded("import course_lib"))
    found = loaded(
        "from course_lib import command\nsys.argv[1:] = ['--help']\ntry:\n    command.main()\nexcept SystemExit:\n    pass"
    )
    assert "typer" in found and {"torch", *HEAVY}.isdisjoint(found)


def test_reading_notebooks_loads_no_grammars_of_addresses():
    found = loaded("from course_lib.grading import run")
    assert "nbformat" in found and "rfc3987_syntax" not in found


@pytest.mark.parametrize(
    "line",
    [
        "from course_lib import data, models, train, measure, pareto, sweep, slim",
        "from course_lib import phases, stability, study",
        "from course_lib.pruning import L1NormPruner, ActivationPruner, SAPPruner, MagnitudePruner, RandomPruner, Pruner",
        "from course_lib.pruning import Masks, amounts, iterate, pq_index, retain_bound, sap_amount",
        "from course_lib.pruning import recording, scores, units",
        "from course_lib.teaching import budget, check, figures, modes, use, widgets",
        "from course_lib.teaching.board import selection_of",
        "from course_lib.teaching.exercises.measures import MEASURES",
    ],
)
def test_what_begun_notebooks_import_goes_on_working(line):
    names = {name.strip() for name in line.partition(" import ")[2].split(",")}
    found: dict = {}
    exec(line, found)
    assert names <= set(found)


def test_a_name_that_the_library_does_not_have_is_an_attribute_error():
    import course_lib
    from course_lib import teaching

    for package in (course_lib, teaching):
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            package.nothing  # noqa: B018
