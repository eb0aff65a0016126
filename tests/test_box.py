"""What a sandbox is made of: who its processes are, and what can be written inside."""

from __future__ import annotations

import os

import pytest

from course_lib.grading import isolation
from course_lib.grading.sandbox import Limits, Sandbox

LIMITS = Limits(wall=30, cpu=30)
MISSING = isolation.missing()

if MISSING and os.environ.get("COURSE_CI") == "1":
    pytest.fail(f"CI has to isolate submissions: {MISSING}", pytrace=False)
isolated = pytest.mark.skipif(bool(MISSING), reason=f"submissions cannot be isolated here: {MISSING}")

WALK = """
import os, stat

def writes(path):
    if not path.startswith("/proc/"):
        return True
    try:
        with open(path, "wb", buffering=0) as file:  # a process's files: whose they are is looked at when they are written
            return bool(file.write(b"0"))
    except OSError:
        return False

def writable():
    own = {str(os.getpid()), "self", "thread-self"}
    found = []
    for folder, folders, files in os.walk("/"):
        if folder == "/proc":
            folders[:] = [name for name in folders if name not in own]
        for path in [folder, *(os.path.join(folder, name) for name in files)]:
            try:
                if os.access(path, os.W_OK) and not stat.S_ISCHR(os.stat(path).st_mode) and writes(path):
                    found.append(path)
            except OSError:
                pass
    return sorted(found)

found = writable()
"""


@pytest.fixture(scope="module")
def box():
    with Sandbox(LIMITS) as place:
        yield place


def value(box, program, name="found"):
    (found,) = box.ask({"program": program, "name": name, "supplied": [], "cases": None}, lambda message: None)
    return found


@isolated
def test_inside_only_the_temporary_folders_and_devices_can_be_written(box):
    assert value(box, WALK) == ["/dev/shm", "/tmp"]


@isolated
def test_the_kernels_settings_cannot_be_seen_inside(box):
    assert value(box, "import os\nfound = os.listdir('/proc/sys')") == []


@isolated
def test_the_first_process_of_a_sandbox_is_the_worker_and_cannot_be_opened(box):
    tries = """
import os
def tried(name, way):
    try:
        return os.close(os.open(f"/proc/1/{name}", way))
    except OSError as error:
        return type(error).__name__
found = [tried(name, way) for name, way in (("mem", os.O_RDWR), ("environ", os.O_RDONLY), ("fd", os.O_RDONLY))]
found.append(os.getppid())
"""
    assert value(box, tries) == ["PermissionError"] * 3 + [1]


@isolated
def test_no_process_of_a_sandbox_that_runs_students_code_is_root_outside(box):
    value(box, "found = 1")
    assert box._worker is not None
    *_, worker = [child for child in box._worker.children() if "worker.py" in " ".join(child.cmdline())]
    uids = worker.uids()
    assert 0 not in (uids.real, uids.effective, uids.saved)
    assert worker.gids().real != 0 or os.getegid() != 0
    status = open(f"/proc/{worker.pid}/status").read()
    groups = next(line.split()[1:] for line in status.splitlines() if line.startswith("Groups:"))
    assert "0" not in groups or os.geteuid() != 0


@isolated
def test_where_a_user_without_rights_is_refused_root_does_not_grade_and_reads_why(monkeypatch):
    monkeypatch.setattr(isolation.os, "geteuid", lambda: 0)
    monkeypatch.setattr(isolation, "_tried", lambda way: "bwrap: No permissions to create new namespace")
    isolation._way.cache_clear()
    try:
        assert isolation.missing() == (
            "user 65534, as whom root runs students' code, is refused (bwrap: No permissions to create new namespace); "
            "grade as an ordinary user."
        )
    finally:
        isolation._way.cache_clear()
