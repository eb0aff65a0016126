"""A JupyterHub on loopback, and its users' servers as their browsers talk to them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from machine import PROXY, Person, inside
from websocket import WebSocket, create_connection

PATIENCE = 120.0  # seconds until a server answers on a busy machine


@dataclass(frozen=True)
class Server:
    """A person's own server behind the Hub, with the token of whoever asks."""

    url: str
    token: str

    def ask(self, method: str, path: str, expected: int | tuple[int, ...] = 200, **more: Any) -> requests.Response:
        """Send a request; the answer must have the expected status."""
        answer = requests.request(
            method, f"{self.url}{path}", headers={"Authorization": f"token {self.token}"}, timeout=PATIENCE, **more
        )
        assert answer.status_code in ((expected,) if isinstance(expected, int) else expected), (
            f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        )
        return answer

    def notebook(self, path: str) -> dict[str, Any]:
        """Return a notebook as JupyterLab opens it."""
        return self.ask("GET", f"api/contents/{path}").json()["content"]

    def save(self, path: str, content: dict[str, Any]) -> None:
        """Save a notebook as JupyterLab does."""
        self.ask("PUT", f"api/contents/{path}", json={"type": "notebook", "format": "json", "content": content})

    def execute(self, path: str, sources: Sequence[str]) -> str:
        """Run cells in a new kernel of a notebook, as JupyterLab does; return all that they show, as JSON."""
        name = path.rpartition("/")[2]
        session = {"path": path, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        kernel = self.ask("POST", "api/sessions", 201, json=session).json()["kernel"]["id"]
        address = f"{self.url.replace('http', 'ws', 1)}api/kernels/{kernel}/channels"
        wire = create_connection(address, timeout=PATIENCE, header=[f"Authorization: token {self.token}"])
        with contextlib.closing(wire):
            return "".join(shown for source in sources for shown in _shown(wire, source))

    def assignments(self, action: str, assignment: str) -> list[dict[str, Any]]:
        """Press a button in the list of assignments (fetch, submit, fetch_feedback); return the list."""
        body = {"course_id": "pruning", "assignment_id": assignment}
        said = self.ask("POST", f"assignments/{action}", json=body).json()
        assert said["success"], said["value"]
        return said["value"]


@dataclass(frozen=True)
class Hub:
    """A Hub that runs. token: of the service that stands for browsers."""

    url: str
    token: str

    def open(self, person: Person) -> Server:
        """Start a person's server and wait until it answers."""
        api = Server(f"{self.url}hub/api/users/{person.name}", self.token)
        api.ask("POST", "/server", (201, 202))
        _await(lambda: (api.ask("GET", "").json()["server"] or "") != "", "a server did not start")
        return self.seen_by(person, person)

    def seen_by(self, who: Person, whose: Person) -> Server:
        """Return somebody's server with the token of who asks."""
        api = Server(f"{self.url}hub/api/users/{who.name}", self.token)
        token = api.ask("POST", "/tokens", 201, json={"note": "test"}).json()["token"]
        return Server(f"{self.url}user/{whose.name}/", token)

    def lets_in(self, person: Person, password: str) -> bool:
        """Return whether the page of the Hub lets somebody in with a password."""
        browser = requests.Session()
        browser.get(f"{self.url}hub/login", timeout=PATIENCE)
        form = {"username": person.name, "password": password, "_xsrf": browser.cookies.get("_xsrf", path="/hub/")}
        answer = browser.post(f"{self.url}hub/login?next=/hub/home", data=form, timeout=PATIENCE, allow_redirects=False)
        assert answer.status_code in (302, 403), answer.text[:2000]
        return answer.status_code == 302


@contextlib.contextmanager
def running(folder: Path, environments: Mapping[str, Mapping[str, str]]) -> Iterator[Hub]:
    """Run a Hub whose files lie in `folder`; with it end the proxy and all servers. environments: user -> of his server."""
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        ports = [one.getsockname()[1] for one in taken]
    token, people = secrets.token_hex(16), {name: dict(found) for name, found in environments.items()}
    given = {"folder": str(folder), "ports": ports, "token": token, "people": people, "proxy": [str(PROXY)]}
    line = [*inside(), sys.executable, "-m", "jupyterhub", "-f", str(Path(__file__).with_name("jupyterhub_config.py"))]
    variables = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    with (folder / "log").open("w") as log:
        hub = subprocess.Popen(
            line, cwd=folder, env=variables | {"COURSE_HUB_GIVEN": json.dumps(given), "HOME": str(folder)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{ports[1]}/"
            _await(lambda: hub.poll() is not None or _answers(f"{url}hub/api/"), "the Hub did not start")
            assert hub.poll() is None, (folder / "log").read_text()[-3000:]
            yield Hub(url, token)
        finally:
            hub.kill()  # and with it its namespace of processes
            hub.wait(30)


def _shown(wire: WebSocket, source: str) -> Iterator[str]:
    """Run a cell and yield its outputs until the kernel rests."""
    number = secrets.token_hex(16)
    header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": number, "version": "5.3"}
    content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    wire.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}))
    while True:
        message = json.loads(wire.recv())
        kind, ours = message["header"]["msg_type"], message["parent_header"].get("msg_id") == number
        if ours and kind in ("stream", "display_data", "execute_result", "error"):
            yield json.dumps(message["content"])
        if ours and kind == "status" and message["content"]["execution_state"] == "idle":
            return


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _await(come: Any, otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < end, otherwise
        time.sleep(0.5)
