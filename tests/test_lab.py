"""JupyterLab starts at the first lesson, with a kernel of the course's own name."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import jupytext
import pytest
from typer.testing import CliRunner

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


def test_jupyterlab_starts_and_answers(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [*lab.command(ROOT, browser=False, port=port, ip="127.0.0.1"), "--IdentityProvider.token=secret"]
    line += ["--allow-root", "--ServerApp.port_retries=0"]
    server = subprocess.Popen(
        line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "HOME": str(tmp_path)}
    )
    try:
        address = f"http://127.0.0.1:{port}/api/kernelspecs?token=secret"
        for _ in range(120):
            time.sleep(0.5)
            assert server.poll() is None, server.stderr.read().decode()[-500:]
            try:
                answer = json.loads(urllib.request.urlopen(address, timeout=5).read())
                break
            except OSError:
                continue
        assert "python3" in answer["kernelspecs"]
    finally:
        server.terminate()
        server.wait(20)


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
    monkeypatch.setattr(lab, "register", lambda: None)
    monkeypatch.setattr(lab.os, "execv", lambda program, line: started.append(line))
    monkeypatch.chdir(ROOT)
    CliRunner().invoke(cli.app, ["lab", "--no-browser", "--port", "8899", "--allow-root"], catch_exceptions=False)
    (line,) = started
    assert "--ServerApp.port=8899" in line and line[-2:] == ["--no-browser", "--allow-root"]
