"""The project sets itself up: what the two environments, the README and the command promise."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas
import pytest
import yaml
from typer.testing import CliRunner

from course_lib import pareto, sweep
from course_lib.command import cli, doctor
from course_lib.errors import CourseError
from course_lib.files import tomllib
from course_lib.studies import front_page, origins, study, verdicts
from course_lib.sweep import grid

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GRID_NAMES = sorted(path.stem for path in grid.GRIDS.glob("*.toml"))


def test_conda_brings_python_and_pip_brings_the_project():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert sorted(re.split("[<>=]", entry)[0] for entry in conda) == ["pip", "python"]
    assert f"python{PROJECT['requires-python']}" in conda
    assert pip == ["--editable .[test]"]  # nothing is listed twice, so nothing can differ
    assert "test" in PROJECT["optional-dependencies"]


def test_the_readme_has_both_commands_on_its_first_screen():
    first_screen = (ROOT / "README.md").read_text().splitlines()[:24]
    for command in ("make course", "make test"):
        assert any(line.startswith(command) for line in first_screen)
        target = command.split()[1]
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_readmes_moving_picture_is_one_is_light_and_has_its_words_and_its_command():
    from PIL import Image

    words, name = re.search(r"!\[([^\]]{40,})\]\((site/moving\.gif)\)", (ROOT / "README.md").read_text()).groups()
    assert (ROOT / name).stat().st_size < 1_000_000 and "slider" in words
    with Image.open(ROOT / name) as film:
        assert film.n_frames >= 20 and film.info["loop"] == 0
    assert re.search(r"^moving:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_what_the_comparison_says_yes_to_has_a_link_and_ours_lead_somewhere():
    rows = [line for line in (ROOT / "COMPARISON.md").read_text().splitlines() if line.startswith("| ")]
    cells = [cell.strip() for line in rows for cell in line.strip("|").split(" | ")[1:]]
    assert len(cells) > 80
    for cell in cells:
        links = re.findall(r"\]\(([^)]+)\)", cell)
        assert links or not cell.lstrip("*").startswith(("yes", "many")), cell
        assert all((ROOT / link).exists() for link in links if not link.startswith("https://")), cell


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", ["course", "test"])
def test_a_second_make_installs_nothing_and_a_changed_project_file_installs_anew(target, tmp_path):
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    first = subprocess.run(["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "pip install" in first
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".ready").touch()
    second = subprocess.run(["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "pip install" not in second and second.strip()
    later = (tmp_path / ".venv" / ".ready").stat().st_mtime + 10
    os.utime(tmp_path / "pyproject.toml", (later, later))
    third = subprocess.run(["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "pip install" in third


STUDIES = [name for name in GRID_NAMES if (ROOT / "results" / name / "table.csv").exists()]


@pytest.mark.parametrize("name", STUDIES)
def test_the_readme_of_a_study_says_what_its_table_says(name):
    table = study.read(ROOT / "results" / name)
    text = (ROOT / "results" / name / "README.md").read_text()
    assert study.markdown(table) in text
    for sentence in verdicts.sentences(table, grid.load(name), origins.read(ROOT / "results" / name, grid.load(name))):
        assert sentence in text


def test_the_readme_of_the_project_says_what_the_tables_say_in_350_words_and_without_an_interval():
    whole = (ROOT / "README.md").read_text()
    assert front_page.replaced(whole, ROOT / "results") == whole
    section = whole.partition(front_page.BEGIN)[2].partition(front_page.END)[0]
    words = [word for word in section.split() if word.strip("|-")]  # a table's lines are none
    assert len(words) <= 350 and not re.search(r"\[[+-]\d", section)
    assert section.count("](results/cifar10/") == 2 and len(re.findall(r"^\d\. ", section, re.MULTILINE)) == 8
    table = study.read(ROOT / "results" / "cifar10")
    lost = -100 * pareto.against_dense(table, "SAP", 0.9).mean()
    assert re.search(rf"^\| SAP \|.* {lost:.1f} \|", section, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in STUDIES if (ROOT / "results" / name / "records").exists()])
def test_the_table_of_a_study_is_that_of_its_committed_records(name, tmp_path):
    """Nothing is run: the records alone give every row."""
    full = grid.load(name)
    written = study.read(ROOT / "results" / name)
    kept = ROOT / "results" / name / "records"
    used = {json.loads(path.read_text())["config"]["data"] for path in kept.glob("*-seed*.json")}
    (data,) = {Path(value).name for value in used}
    table = sweep.table({**full, "data": data}, tmp_path, kept)
    pandas.testing.assert_frame_equal(table, written, check_dtype=False, rtol=1e-5)


@pytest.mark.parametrize("name", GRID_NAMES)
def test_every_committed_grid_is_valid(name):
    assert grid.load(name)["name"] == name


def test_the_main_job_processes_at_most_200000_training_images():
    full = grid.load("embedded")
    assert (full["data"], full["limit"]) == ("fashion-mini", None)
    curves = grid.curves(full)
    epochs = full["dense"]["epochs"] * len(full["seeds"])
    epochs += sum(curve["rounds"] * curve["epochs"] + curve["final_epochs"] for curve in curves)
    calibrated = sum(
        curve["rounds"] * curve["arguments"].get("samples", 1024) for curve in curves if curve["pruner"] == "activation"
    )
    assert epochs * 10_000 + calibrated <= 200_000


def test_the_cifar_study_trains_at_most_120_epochs():
    full = grid.load("cifar10-one-seed")
    epochs = full["dense"]["epochs"] * len(full["seeds"])
    epochs += sum(curve["rounds"] * curve["epochs"] + curve["final_epochs"] for curve in grid.curves(full))
    assert epochs <= 120


def test_doctor_finds_every_package_and_data_set():
    found = {what: (value, advice) for what, value, advice in doctor.rows()}
    assert {"Python", "torch", "device", "threads", "data: fashion-mini"} <= set(found)
    assert all(value != "not installed" for value, _ in found.values())
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert result.exit_code == 0 and "torch" in result.output


def test_doctor_says_what_to_do_about_a_missing_package(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    assert ("no-such-package", "not installed", "pip install no-such-package, or make course") in doctor.rows()


def test_a_mistake_ends_the_command_with_one_sentence_and_no_traceback(tmp_path):
    command = [sys.executable, "-m", "course_lib", "sweep", "nothing", "--out", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "nothing was given" in result.stderr and "Traceback" not in result.stderr


def test_the_command_runs_a_grid_then_says_at_once_that_it_is_complete(tmp_path, monkeypatch):
    file = tmp_path / "tiny.toml"
    file.write_text(
        'name = "tiny"\nlimit = 100\nmodel = "mlp"\nrounds = 2\nepochs = 1\ndense = { epochs = 1 }\n'
        '[[method]]\nname = "SAP"\npruner = "sap"\n[[method]]\nname = "magnitude"\npruner = "magnitude"\n'
    )
    arguments = ["sweep", str(file), "--out", str(tmp_path / "runs"), "--jobs", "1"]
    monkeypatch.setattr(sys, "argv", ["course", *arguments])
    first = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert first.exit_code == 0 and "2 of 2 curves to run" in first.output
    assert (tmp_path / "runs" / "tiny" / "report.html").exists()
    again = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert "Every curve is complete" in again.output
    ending = again.output.strip().splitlines()
    assert len(ending) == 7 and ending[1].startswith("Unpruned: ")  # one of them says that nothing ran
    assert ending[-2].endswith("report.html") and Path(ending[-1].removeprefix("Picture: ")).exists()


def test_the_command_reports_the_others_when_a_curve_failed_and_leaves_the_folder_of_results_alone(tmp_path, monkeypatch):
    file = tmp_path / "tiny.toml"
    begin = 'name = "tiny"\nlimit = 100\nmodel = "mlp"\nrounds = 1\nepochs = 1\ndense = { epochs = 1 }\n'
    broken = '[[method]]\nname = "too fast"\npruner = "magnitude"\nepochs = 3\nfit = { lr = 1e30 }\n'
    file.write_text(begin + broken + '[[method]]\nname = "SAP"\npruner = "sap"\n')
    runs, results = tmp_path / "runs", tmp_path / "results"
    arguments = ["sweep", str(file), "--out", str(runs), "--results", str(results), "--jobs", "1"]
    monkeypatch.setattr(sys, "argv", ["course", *arguments])
    result = CliRunner().invoke(cli.app, arguments)
    assert isinstance(result.exception, CourseError) and "too fast, seed 0" in str(result.exception)
    assert str(result.exception) in (runs / "tiny" / "README.md").read_text()
    assert set(study.read(runs / "tiny")["method"]) == {"dense", "SAP"}
    assert not (results / "README.md").exists() and len(list((results / "records").glob("sap-*.json"))) == 1
    file.write_text(begin + broken)
    result = CliRunner().invoke(cli.app, ["sweep", str(file), "--out", str(tmp_path / "other"), "--jobs", "1"])
    assert isinstance(result.exception, CourseError) and not list((tmp_path / "other").rglob("README.md"))
