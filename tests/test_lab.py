"""JupyterLab starts at the first lesson, with settings and a kernel of the course's own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import types
import urllib.error
import urllib.request
from pathlib import Path

import jupytext
import pytest
from typer.testing import CliRunner

from course_lib import kernel
from course_lib.command import cli, lab
from course_lib.errors import CourseError

ROOT = Path(__file__).parent.parent


def test_the_kernel_is_registered_under_the_courses_name(tmp_path):
    spec = json.loads((lab.register(str(tmp_path)) / "kernel.json").read_text())
    assert spec["display_name"] == "Pruning course"
    assert Path(spec["argv"][0]) == Path(sys.executable)


def test_a_course_without_lessons_is_told_to_build_them(tmp_path):
    with pytest.raises(CourseError, match="run `course build` first"):
        lab.command(tmp_path)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What a real `course lab` says to a browser: address -> text."""
    root, home = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("home")
    (root / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "00_start_here.ipynb", root / "notebooks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [*lab.command(root, browser=False, port=port, ip="127.0.0.1"), "--IdentityProvider.token=secret"]
    line += ["--allow-root", "--ServerApp.port_retries=0"]
    environment = {**os.environ, **lab.settle(root), "HOME": str(home)}
    server = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)

    def ask(path, **body):
        address, data = f"http://127.0.0.1:{port}/{path}", json.dumps(body).encode() if body else None
        headers = {"Authorization": "token secret"}
        request = urllib.request.Request(address, data, headers, method="PUT" if body else "GET")
        return urllib.request.urlopen(request, timeout=60).read().decode()

    try:
        for _ in range(240):
            time.sleep(0.5)
            assert server.poll() is None, server.stderr.read().decode()[-500:]
            try:
                ask("api/status")
                break
            except OSError:
                continue
        yield types.SimpleNamespace(ask=ask, root=root, home=home)
    finally:
        server.terminate()
        server.wait(60)


def test_jupyterlab_has_one_kernel_and_it_has_the_courses_name(answers):
    specs = json.loads(answers.ask("api/kernelspecs"))["kernelspecs"]
    assert {name: spec["spec"]["display_name"] for name, spec in specs.items()} == {"python3": "Pruning course"}


def test_students_see_neither_news_nor_nbgrader_and_a_closed_lesson_ends_its_kernel(answers):
    page = answers.ask("lab")
    assert '"@jupyter/nbgrader"' in page.split('"disabledExtensions"')[1].split("]")[0]
    with pytest.raises(urllib.error.HTTPError):
        answers.ask("formgrader")
    for plugin, settings in lab.SETTINGS.items():
        defaults = json.loads(answers.ask(f"lab/api/settings/{plugin}"))["schema"]["properties"]
        assert {name: defaults[name]["default"] for name in settings} == settings
    window = json.loads(answers.ask("lab/api/workspaces/default"))
    assert window["data"]["layout-restorer:data"]["left"]["current"] == lab.TOC


def test_a_lesson_that_the_server_reads_and_writes_is_the_same_to_the_byte(answers):
    name = "notebooks/00_start_here.ipynb"
    before = (answers.root / name).read_bytes()
    model = json.loads(answers.ask(f"api/contents/{name}"))
    answers.ask(f"api/contents/{name}", type="notebook", format="json", content=model["content"])
    assert (answers.root / name).read_bytes() == before


def test_what_is_the_users_own_stays_as_it_is(answers):
    assert not list(answers.home.rglob("*jupyterlab*"))
    assert not list(answers.home.rglob("kernel.json"))


def test_instructors_have_what_nbgrader_adds(tmp_path):
    lab.settle(tmp_path, instructor=True)
    (config,) = tmp_path.glob(".lab/instructor/config")
    assert json.loads((config / "labconfig" / "page_config.json").read_text()) == {"disabledExtensions": {}}
    extensions = json.loads((config / "jupyter_server_config.d" / "course.json").read_text())["ServerApp"]
    assert set(extensions["jpserver_extensions"].values()) == {True}


def test_a_window_comes_back_as_it_was_left(tmp_path):
    lab.settle(tmp_path)
    (window,) = tmp_path.glob(".lab/student/workspaces/*")
    window.write_text("{}")
    lab.settle(tmp_path)
    assert window.read_text() == "{}"


def lessons_first_cell():
    book = jupytext.read(ROOT / "solutions" / "02_l1_filter_pruning.py", fmt="py:percent")
    return next(cell.source for cell in book.cells if cell.cell_type == "code")


@pytest.mark.parametrize("missing", [False, True])
def test_the_first_cell_installs_the_package_only_where_it_is_missing(missing, monkeypatch):
    from IPython.core.inputtransformer2 import TransformerManager

    ran = []

    class Shell:
        def run_line_magic(self, name, line):
            ran.append((name, line))

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if missing else object())
    code = TransformerManager().transform_cell(lessons_first_cell())
    exec(code, {"get_ipython": lambda: Shell()})
    assert [name for name, _ in ran] == (["pip"] if missing else [])


def test_options_that_are_jupyterlabs_own_are_handed_on(monkeypatch):
    started = []
    monkeypatch.setattr(lab, "settle", lambda root, instructor: {"COURSE_LAB": str(instructor)})
    monkeypatch.setenv("COURSE_LAB", "")
    monkeypatch.setattr(lab.os, "execv", lambda program, line: started.append(line))
    monkeypatch.chdir(ROOT)
    CliRunner().invoke(cli.app, ["lab", "--no-browser", "--port", "8899", "--allow-root"], catch_exceptions=False)
    (line,) = started
    assert "--ServerApp.port=8899" in line and line[-2:] == ["--no-browser", "--allow-root"]
    assert os.environ["COURSE_LAB"] == "False"


@pytest.mark.parametrize(("before", "told"), [("", True), ("import course_lib.teaching; ", False)])
def test_a_name_that_is_missing_before_the_first_cells_have_run_is_told_with_what_to_run(before, told):
    line = ("-m", "IPython", "--no-banner", f"--InteractiveShellApp.extra_extensions={kernel.__name__}", "-c")
    done = subprocess.run([sys.executable, *line, f"{before}check(1)"], capture_output=True, text=True, check=False)
    assert "NameError" in done.stdout + done.stderr
    assert (kernel.ADVICE in done.stdout + done.stderr) is told


def test_an_interrupt_is_told_in_one_line_with_the_line_that_was_running():
    line = ("-m", "IPython", "--no-banner", f"--InteractiveShellApp.extra_extensions={kernel.__name__}", "-c")
    source = "def endless():\n    raise KeyboardInterrupt\n\nendless()"
    done = subprocess.run([sys.executable, *line, source], capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr).strip() == kernel.STOPPED.format(line=4)


def test_the_course_s_kernel_loads_what_tells_it(tmp_path):
    spec = json.loads((lab.register(str(tmp_path)) / "kernel.json").read_text())
    assert spec["argv"][-1] == f"--IPKernelApp.extra_extensions={kernel.__name__}"
