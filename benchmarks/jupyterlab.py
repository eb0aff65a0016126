"""A real `course lab` in a throw-away home and a real browser: for what is measured there, and for tests/browser."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from course_lib import kernel
from course_lib.command import lab

ROOT = Path(__file__).parent.parent
TOKEN = "secret"
CHROMIUM = "/usr/bin/chromium"  # Debian's
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
WAIT = 180_000  # milliseconds; a busy machine takes its time


@dataclass(frozen=True)
class Server:
    """A JupyterLab that answers at `address`; root: the course's folder."""

    address: str
    root: Path

    @property
    def notebooks(self) -> Path:
        """The folder of what it shows first."""
        return self.root / "notebooks"

    def ask(self, path: str, method: str = "GET") -> Any:
        """Return what the server's API says."""
        headers = {"Authorization": f"token {TOKEN}"}
        request = urllib.request.Request(f"{self.address}/{path}", method=method, headers=headers)
        answer = urllib.request.urlopen(request, timeout=60).read()
        return json.loads(answer) if answer else None

    def shut_down(self) -> None:
        """End every kernel."""
        for session in self.ask("api/sessions"):
            self.ask(f"api/sessions/{session['id']}", "DELETE")

    def write(self, name: str, *sources: str) -> None:
        """Write a notebook of these code cells, for the course's kernel."""
        book = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)), metadata=kernel.METADATA)
        nbformat.write(book, self.notebooks / name)

    def opened(self, page: Any, name: str) -> None:
        """Open a notebook in a window as `course lab` opens its first; wait for its kernel, which has the course's name."""
        page.goto("about:blank")  # an open JupyterLab would keep its own window
        shutil.rmtree(self.root / lab.OWN / "student" / "workspaces", ignore_errors=True)
        lab.settle(self.root)
        page.goto(f"{self.address}/lab/tree/notebooks/{name}?token={TOKEN}", timeout=WAIT)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=WAIT)
        page.get_by_text("Pruning course | Idle").wait_for(timeout=WAIT)


@contextlib.contextmanager
def serving(root: Path, threads: int = 1) -> Iterator[Server]:
    """Start `course lab` in a new folder with the students' notebooks; lessons compute as in ci mode."""
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns("*.safetensors", ".*"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [*lab.command(root, browser=False, port=port, ip="127.0.0.1"), f"--IdentityProvider.token={TOKEN}"]
    line += ["--allow-root", "--ServerApp.port_retries=0", "--LabApp.expose_app_in_browser=True"]
    home = str(root / "home")
    own = {"HOME": home, "IPYTHONDIR": home, "COURSE_MODE": "ci", "OMP_NUM_THREADS": str(threads), "TQDM_DISABLE": ""}
    with (root / "log.txt").open("w") as log:
        server = subprocess.Popen(line, stdout=log, stderr=log, env={**os.environ, **lab.settle(root), **own})
        found = Server(f"http://127.0.0.1:{port}", root)
        try:
            until = time.monotonic() + WAIT / 1000
            while not _answers(found):
                if server.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"JupyterLab did not start: {(root / 'log.txt').read_text()[-500:]}")
                time.sleep(0.5)
            yield found
            found.shut_down()
        finally:
            server.kill()  # its kernels are gone by then
            server.wait()


def _answers(server: Server) -> bool:
    try:
        server.ask("api/status")
    except OSError:
        return False
    return True
