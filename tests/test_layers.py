"""The library's layers import downward, and importing it loads nothing that a lesson may never use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
HEAVY = ("matplotlib", "pandas", "torch_pruning", "IPython")


def lint(folder: Path) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).parent / "lint-imports", "--config", folder / "pyproject.toml", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)


def test_layers_import_downward():
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 broken" in found.stdout


def test_an_import_upward_is_found(tmp_path):
    """The control: a masks module that imports the loop breaks the contract."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for file in (ROOT / "course_lib").rglob("*.py"):
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text())
    with (tmp_path / "course_lib" / "pruning" / "masks.py").open("a") as masks:
        masks.write("\nfrom course_lib.pruning import loop\n")
    found = lint(tmp_path)
    assert found.returncode == 1
    assert "course_lib.pruning.masks -> course_lib.pruning.loop" in found.stdout


def test_every_module_has_its_layer():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    named = {module.strip() for layer in contract["layers"] for module in layer.split(":")}
    modules = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in (ROOT / "course_lib").rglob("*.py")
        if file.name != "__init__.py"
    }
    unplaced = {module for module in modules if not any(f"{module}.".startswith(f"{layer}.") for layer in named)}
    assert unplaced == set()
    existing = modules | {module.rpartition(".")[0] for module in modules}
    assert named <= existing  # and no layer names a module that is gone


@pytest.mark.parametrize(
    "what", ["import course_lib", "import course_lib.pruning", "from course_lib import data, models, train, slim"]
)
def test_importing_the_library_loads_no_plotting_tables_tracing_or_notebooks(what):
    script = f"import sys; {what}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = found.stdout.split()
    assert "course_lib" in loaded
    assert not set(HEAVY) & set(loaded)
