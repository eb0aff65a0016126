"""What a sandbox is made of: who its processes are, and what can be written inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from course_lib.grading import marking
from course_lib.grading.reading.finding import Answer
from course_lib.grading.sandbox import isolation, wire
from course_lib.grading.sandbox.box import Limits, Sandbox
from course_lib.grading.sandbox.serving import serve
from course_lib.teaching import exercises
from course_lib.teaching.exercises.attempts import attempt
from course_lib.teaching.exercises.plain import same

LIMITS = Limits(wall=30, cpu=30)
MISSING = isolation.missing()

if MISSING and os.environ.get("COURSE_CI") == "1":
    pytest.fail(f"CI has to isolate submissions: {MISSING}", pytrace=False)
pytestmark = pytest.mark.heavy
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
    found = value(box, WALK)
    assert [place for place in found if not place.startswith("/tmp/")] == ["/dev/shm", "/tmp"]
    # Where Python itself lies in /tmp, folders on the way to it are made there, and are as temporary.
    assert not [place for place in found for bound in isolation.readable() if Path(place).is_relative_to(bound)]


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
    status = Path(f"/proc/{worker.pid}/status").read_text(encoding="utf-8")
    groups = next(line.split()[1:] for line in status.splitlines() if line.startswith("Groups:"))
    assert "0" not in groups or os.geteuid() != 0


@isolated
def test_where_a_user_without_rights_is_refused_root_does_not_grade_and_reads_why(monkeypatch):
    monkeypatch.setattr(isolation.os, "geteuid", lambda: 0)
    monkeypatch.setattr(isolation, "_tried", lambda *_: "bwrap: No permissions to create new namespace")
    isolation._way.cache_clear()
    try:
        assert isolation.missing() == (
            "user 65534, as whom root runs students' code, is refused (bwrap: No permissions to create new namespace); "
            "grade as an ordinary user."
        )
    finally:
        isolation._way.cache_clear()


@isolated
def test_a_sandbox_ends_with_the_grader_that_is_killed():
    program = (
        "import sys\nfrom course_lib.grading.sandbox import isolation\nworker = isolation.start(1 << 20, False)\n"
        "print(*(child.pid for child in worker.children()), flush=True)\nsys.stdin.read()"
    )
    grader = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert grader.stdin and grader.stdout
    inside = [psutil.Process(int(pid)) for pid in grader.stdout.readline().split()]
    grader.kill()
    grader.wait()
    grader.stdin.close()
    grader.stdout.close()
    assert inside and psutil.wait_procs(inside, timeout=60)[1] == []


# what one answer leaves for the next, and what an answer can read of the cases


def both(box, first, second):
    """Ask for the value of `found` of two programs, one after the other."""
    value(box, f"import os\n{first}\nfound = 1")
    return value(box, f"import os\n{second}")


@isolated
@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("open('/tmp/kept', 'w').write('x')", "found = os.listdir('/tmp')", []),
        ("open('/dev/shm/kept', 'w').write('x')", "found = os.listdir('/dev/shm')", []),
        ("os.mkdir('/tmp/a')\nos.chmod('/tmp/a', 0)\nos.chmod('/tmp', 0)", "found = os.listdir('/tmp')", []),
        ("os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)", "found = os.getpriority(os.PRIO_PROCESS, 0)", None),
    ],
    ids=["a file", "shared memory", "a folder that cannot be read", "a priority"],
)
def test_nothing_that_an_answer_leaves_behind_is_there_for_the_next(first, second, found):
    with Sandbox(LIMITS) as place:
        fresh = value(place, f"import os\n{second}")
        ways = {Path(bound).parts[2] for bound in isolation.readable() if Path(bound).is_relative_to("/tmp")}
        assert found is None or set(fresh) - ways == set(found)
        assert both(place, first, second) == fresh


@isolated
def test_an_answer_that_leaves_nothing_keeps_its_sandbox(box):
    value(box, "found = 1")
    worker = box._worker
    value(box, "found = 2")
    assert worker is not None and box._worker is worker


@isolated
def test_a_function_that_torch_jit_compiles_is_run(box):
    program = (
        "import torch\n\n@torch.jit.script\ndef twice(x: torch.Tensor):\n    return 2 * x\n\nfound = twice(torch.ones(2))"
    )
    assert value(box, program).tolist() == [2.0, 2.0]


READS = """
def names(value, depth=4):
    found = [value] if isinstance(value, str) else []
    for cell in getattr(value, "__closure__", None) or ():
        found += names(cell.cell_contents, depth - 1) if depth else []
    return found

def clone_test(index, w):
    import sys
    frame = sys._getframe()
    while frame:
        for case in frame.f_locals.get("cases") or ():
            SEEN.append(case.label)
        frame = frame.f_back
    SEEN.extend(names(index))
    return SEEN

SEEN = []
"""


@isolated
def test_an_answer_reads_neither_the_name_of_a_measure_nor_a_label_in_what_it_is_given(box):
    exercise = exercises.find("clone_test")
    cases = exercise.cases(torch.Generator().manual_seed(0))
    asked, measures = marking._unnamed(cases)
    request = {"program": READS, "name": "clone_test", "supplied": [], "cases": asked}
    _, outputs = box.ask(request, lambda message: serve(message, set(), measures))
    words = " ".join(map(str, outputs))
    assert "measure 0" in words
    assert not any(value.name in words or case.label in words for case in cases for value in case.inputs[:1])


def test_the_order_in_which_cases_are_asked_is_drawn_and_their_results_come_back_in_the_cases_own():
    exercise = exercises.find("columns_of_channel")
    asked = []

    class Place:
        def ask(self, request, serve):
            asked.append([case.inputs for case in request["cases"]])
            return list(attempt(exercise.reference, request["cases"]))

    answer = Answer("columns_of_channel", "columns_of_channel", "program")
    verdicts = [marking._verdict(exercise, answer, Place(), seed) for seed in range(6)]
    assert {verdict.state for verdict in verdicts} == {"correct"}
    assert len({inputs.index((0, 2, 3)) for inputs in asked}) > 1


def test_a_strangers_message_with_a_complex_tensor_is_refused():
    tensor = torch.complex(torch.ones(2), torch.full((2,), 7.0))
    with pytest.raises(wire.WireError, match="no plain data"):
        wire.unpack(wire.pack([tensor]))
    assert not same(tensor, torch.ones(2))
