"""Hostile submissions: none earns what it did not earn, learns a secret, outlives its limit or harms another's grade.

Each attack is a cell that defines `filter_l1` (2 points), in a notebook whose other answers are honest: they earn their
points whatever the attack does. An attack that is safe to show also runs without the sandbox, where it has to work: so the
test is known to test something. `python tests/test_hostile.py` writes the table of outcomes.
"""

from __future__ import annotations

import contextlib
import gzip
import inspect
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import torch

from course_lib import grading
from course_lib.grading.collecting import submissions
from course_lib.grading.marking import mark
from course_lib.grading.sandbox import isolation
from course_lib.grading.sandbox.box import Limits, Sandbox
from course_lib.teaching import exercises
from course_lib.teaching.exercises.measures import MEASURES

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "results" / "grading" / "README.md"
LIMITS = Limits(wall=3, cpu=6, memory=3 << 29, scratch=16 << 20, processes=24, calls=200)
FREE = Limits(wall=60, cpu=60)
PATIENCE = 30.0  # seconds for what surrounds an attack on a busy machine: two starts of a sandbox, honest answers
SECRET = "the secret 20261124"
DAEMON = "98765.4321"  # an argument by which a process that was left behind is found
MISSING = isolation.missing()

if MISSING and os.environ.get("COURSE_CI") == "1":
    pytest.fail(f"CI has to isolate submissions: {MISSING}", pytrace=False)
pytestmark = pytest.mark.heavy
isolated = pytest.mark.skipif(bool(MISSING), reason=f"submissions cannot be isolated here: {MISSING}")

HONEST = """
half_gone = 0.5
"""
HONEST_LATER = """
def columns_of_channel(channel, height, width):
    return list(range(channel * height * width, (channel + 1) * height * width))

def prune_and_fine_tune(schedule, prune, fine_tune, masks):
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        fine_tune(masks)
    return masks
"""
EARNED = {"half_gone": 1, "columns_of_channel": 1, "prune_and_fine_tune": 2}  # by the honest answers

TOOLS = """
import ctypes, fcntl, importlib, json, mmap, os, resource, signal, socket, stat, subprocess, sys, threading, time
import builtins
import torch

def right(weight):
    return weight.abs().sum((1, 2, 3))

def pipes(kind):
    found = []
    for descriptor in range(3, 256):
        try:
            way = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode) and way == kind:
                found.append(descriptor)
        except OSError:
            pass
    return found

def forge(*values):
    for value in values:
        text = json.dumps(value).encode()
        data = len(text).to_bytes(8, "little") + text
        for descriptor in pipes(os.O_WRONLY):
            os.write(descriptor, len(data).to_bytes(8, "little") + data)

def works(attack, *arguments):
    try:
        return attack(*arguments)
    except Exception:
        return False
"""


@dataclass(frozen=True)
class Attack:
    """What is tried, and the cell that tries it.

    earns: of the 2 points, where its answer is right by itself. says: a part of the verdict's reason. unsafe: whether it
    also runs without the sandbox; it then earns the 2 points because the attack works.
    """

    name: str
    tries: str
    code: str
    earns: float = 0
    says: str = ""
    unsafe: bool = False


LOOPS = "It ran for more than 3 seconds."
DIED = "ended before it gave an answer"
WRONG = "On three filters of 2x2"
SAME = "It returns the same"
NOTHING = "It returns None"  # an attack that did not work
NO_ANSWER = "It sent something that"
FOREVER = "def filter_l1(weight):\n    while True:\n        pass"

ATTACKS = [
    # time
    Attack("infinite loop", "never returns", FOREVER, says=LOOPS),
    Attack(
        "infinite loop that ignores signals, with frozen clocks",
        "never returns, with every signal ignored that can be and the clocks of the standard library stopped",
        """
def filter_l1(weight):
    time.time = time.monotonic = time.perf_counter = lambda: 0.0
    signal.setitimer = signal.alarm = lambda *arguments: None
    for number in range(1, 65):
        works(signal.signal, number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        pass
""",
        says=LOOPS,
    ),
    Attack(
        "stops the worker",
        "SIGSTOP to the process that should say that it ended",
        "def filter_l1(weight):\n    os.kill(os.getppid(), signal.SIGSTOP)\n    return right(weight)",
        earns=2,
    ),
    Attack(
        "poisoned __del__",
        "leaves an object that loops when it is deleted, and an exit handler that loops: neither is run",
        """
class Poison:
    def __del__(self):
        while True:
            pass

KEPT = Poison()

def filter_l1(weight):
    import atexit
    atexit.register(KEPT.__del__)
    return right(weight)
""",
        earns=2,
    ),
    # memory
    Attack(
        "memory bomb",
        "allocates until nothing is left",
        "def filter_l1(weight):\n    kept = []\n    while True:\n        kept.append(bytes(range(256)) * 100_000)",
        says="It used more than 1.5 GiB",
    ),
    Attack(
        "memory bomb in threads",
        "eight threads allocate",
        """
def take(kept):
    while True:
        kept.append(b"x" * (20 << 20))

def filter_l1(weight):
    kept = []
    threads = [threading.Thread(target=take, args=(kept,), daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return b"x" * (2 << 30)
""",
        says="It used more than 1.5 GiB",
    ),
    Attack(
        "memory bomb in forks",
        "twelve processes allocate, each less than one may",
        """
def filter_l1(weight):
    for _ in range(12):
        if os.fork() == 0:
            kept = b"x" * (200 << 20)
            time.sleep(1000)
    time.sleep(1000)
""",
        says="more than 1.5 GiB",
    ),
    Attack(
        "memory bomb behind a flood",
        "forks allocate while messages keep the grader busy",
        """
def filter_l1(weight):
    for _ in range(8):
        if os.fork() == 0:
            kept = b"x" * (250 << 20)
            time.sleep(1000)
    while True:
        forge({"call": "nothing", "arguments": [], "named": {}})
        time.sleep(0.02)
""",
        says="It ",
    ),
    Attack(
        "memory in files without a name",
        "memfd_create, which belongs to no process's memory",
        """
def fill():
    descriptor = os.memfd_create("bomb")
    return os.write(descriptor, b"x" * 4096) == 4096

def filter_l1(weight):
    return right(weight) if works(fill) else None
""",
        says=NOTHING,
        unsafe=True,
    ),
    Attack(
        "shared memory",
        "touched, then unmapped from its own process: mmap and System V",
        """
def take():
    return mmap.mmap(-1, 4096) is not None

def take_more():
    return ctypes.CDLL(None).shmget(0, 4096, 0o1600) >= 0

def filter_l1(weight):
    return right(weight) if works(take) or works(take_more) else None
""",
        says=NOTHING,
        unsafe=True,
    ),
    Attack(
        "memory in /tmp and /dev/shm",
        "fills every writable folder",
        """
def fill(folder):
    written = 0
    for number in range(100):
        with open(f"{folder}/{number}", "wb", buffering=0) as file:
            for _ in range(4):
                written += file.write(b"x" * (1 << 20))
                if written > 40 << 20:
                    raise SystemExit("all of it")

def filter_l1(weight):
    try:
        for folder in ("/tmp", "/dev/shm", "/dev", "/", "/course", "/run", "/var/tmp"):
            works(fill, folder)
    except SystemExit:
        return right(weight)
""",
        says=NOTHING,
    ),
    Attack(
        "files without end",
        "makes empty files, which have no size but take memory",
        """
def filter_l1(weight):
    number = 0
    while True:
        open(f"/tmp/{number}", "w").close()
        number += 1
""",
        says="more than 10,000 files",
    ),
    Attack(
        "large file",
        "writes one file of 200 MB",
        """
def fill():
    with open("/tmp/large", "wb") as file:
        file.truncate(200 << 20)
    return True

def filter_l1(weight):
    return right(weight) if works(fill) else None
""",
        says=NOTHING,
    ),
    Attack(
        "result of 10 GB",
        "returns a tensor of ten billion entries that share one",
        "def filter_l1(weight):\n    return torch.zeros(1).expand(10**10)",
        says="ended",
    ),
    Attack(
        "message of 10 GB",
        "says on the reply pipe that ten billion bytes follow",
        """
def filter_l1(weight):
    for descriptor in pipes(os.O_WRONLY):
        os.write(descriptor, (10**10).to_bytes(8, "little"))
    time.sleep(1000)
""",
        says="Its answer has more than",
    ),
    Attack(
        "large result",
        "returns 2.4 MB for each of seven calls",
        "def filter_l1(weight):\n    return torch.zeros(600_000)",
        says="Its answer has more than",
    ),
    # processes
    Attack(
        "fork bomb",
        "forks without end",
        "def filter_l1(weight):\n    while True:\n        works(os.fork)",
        says="It ",
    ),
    Attack(
        "thread bomb",
        "starts threads without end",
        """
def filter_l1(weight):
    while True:
        works(threading.Thread(target=time.sleep, args=(1000,), daemon=True).start)
""",
        says="It ",
    ),
    Attack(
        "daemons left behind",
        "a process in a session of its own, whose parent is gone, and a thread",
        f"""
CALLS = []

def filter_l1(weight):
    CALLS.append(weight)
    if len(CALLS) == 1 and os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/usr/bin/sleep", ["sleep", "{DAEMON}"])
        os._exit(0)
    if len(CALLS) == 1:
        threading.Thread(target=time.sleep, args=(1000,)).start()
    return right(weight)
""",
        earns=2,
    ),
    Attack("os._exit", "ends its process", "def filter_l1(weight):\n    os._exit(0)", says=DIED),
    Attack("SIGKILL", "kills itself", "def filter_l1(weight):\n    os.kill(os.getpid(), signal.SIGKILL)", says=DIED),
    Attack(
        "kills its parent",
        "SIGKILL to the worker and to all",
        """
def filter_l1(weight):
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(-1, signal.SIGKILL)
    time.sleep(9)
""",
        says="ended",
    ),
    Attack("sys.exit", "raises SystemExit", "def filter_l1(weight):\n    sys.exit(0)", says="ended in SystemExit"),
    Attack(
        "deep recursion",
        "recursion without a limit, until stack or memory end",
        """
def deeper(n):
    return deeper(n + 1)

def filter_l1(weight):
    sys.setrecursionlimit(10**9)
    return deeper(0)
""",
        says=" ",
    ),
    Attack(
        "limits of the worker",
        "takes the memory of the process that forks the next answer",
        """
def filter_l1(weight):
    resource.prlimit(os.getppid(), resource.RLIMIT_AS, (1 << 20, 1 << 20))
    return right(weight)
""",
        says="ended in PermissionError",
    ),
    Attack(
        "ptrace",
        "attaches to the worker, and writes into its memory",
        """
def memory():
    return open(f"/proc/{os.getppid()}/mem", "r+b") is not None

def descriptors():
    return any(works(os.open, f"/proc/{os.getppid()}/fd/{number}", os.O_WRONLY) for number in range(3, 20))

def attach():
    return ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0

def filter_l1(weight):
    return right(weight) if works(memory) or works(descriptors) or works(attach) else None
""",
        says=NOTHING,
    ),
    Attack(
        "namespace of its own",
        "unshare: root in it, file systems without a limit",
        """
def become_root():
    return ctypes.CDLL(None).unshare(0x10000000) == 0

def filter_l1(weight):
    return right(weight) if works(become_root) else None
""",
        says=NOTHING,
    ),
    # secrets
    Attack(
        "reads files",
        "another submission, the gradebook, a file beside them, and the whole class by a search",
        f"""
def found():
    for folder, folders, files in os.walk("@CLASS@"):
        for name in files:
            if "{SECRET}" in open(os.path.join(folder, name), errors="replace").read():
                return True
    return False

def filter_l1(weight):
    return right(weight) if works(found) else None
""",
        says=NOTHING,
        unsafe=True,
    ),
    Attack(
        "reads solutions",
        "the repository: solutions, gallery, notebooks",
        """
GALLERY = "tests/gallery/lesson02/filter_l1.py"
PLACES = ("solutions/02_l1_filter_pruning.ipynb", GALLERY, "notebooks/02_l1_filter_pruning.ipynb")

def found():
    return any(os.path.exists(os.path.join("@ROOT@", place)) for place in PLACES)

def filter_l1(weight):
    return right(weight) if works(found) else None
""",
        says=NOTHING,
        unsafe=True,
    ),
    Attack(
        "reads environments",
        "that of every process",
        """
def found():
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", errors="replace") as file:
                if "@TOKEN@" in file.read():
                    return True
        except OSError:
            pass
    return False

def filter_l1(weight):
    return right(weight) if works(found) else None
""",
        says=NOTHING,
        unsafe=True,
    ),
    Attack(
        "imports the library",
        "by its name put together, from the repository and from site-packages",
        """
def found():
    for name in [name for name in sys.modules if name.startswith("course")]:
        del sys.modules[name]
    ours = "".join(("/course", "_lib/grading/sandbox/worker.py"))  # the folder with five files hides the library
    sys.path[:] = ["@ROOT@"] + [place for place in sys.path if not os.path.exists(place + ours)]
    return importlib.import_module("".join(("course", "_lib.teaching.exercises.lesson02.filter_l1"))).filter_l1

def filter_l1(weight):
    reference = works(found)
    return reference(weight) if reference else None
""",
        says=NOTHING,
        unsafe=True,
    ),
    Attack(
        "imports the library by its name",
        "plainly",
        "def filter_l1(weight):\n    from course_lib.pruning import scores\n    return scores.l1_norm(weight.flatten(1))",
        says="It uses course_lib",
    ),
    Attack(
        "writes outside",
        "another submission, the gradebook, the system, the worker's files",
        """
def worker_file():
    return sys.modules["__main__"].__file__

PLACES = ["@CLASS@/out/gradebook.db", "@CLASS@/in/victim/02_l1_filter_pruning.ipynb"]
SYSTEM = ["/usr/planted", "/course/planted", worker_file(), sys.prefix + "/planted", "/etc/planted", "/planted"]

def spoil(place):
    with open(place, "r+") as file:
        file.write(file.read(1) + "spoilt")
    return True

def plant(place):
    return open(place, "a") is not None

def filter_l1(weight):
    isolated = worker_file().startswith("/course/")  # else this is a real machine
    done = any(works(spoil, place) for place in PLACES) or (isolated and any(works(plant, place) for place in SYSTEM))
    return right(weight) if done else None
""",
        says=NOTHING,
        unsafe=True,
    ),
    Attack(
        "network",
        "connects to a port of this machine that listens",
        """
def reached():
    with socket.create_connection(("127.0.0.1", @PORT@), timeout=1):
        return True

def filter_l1(weight):
    return right(weight) if works(reached) else None
""",
        says=NOTHING,
        unsafe=True,
    ),
    Attack(
        "the inputs in an error",
        "tells what it was called with, to be read in the feedback",
        "def filter_l1(weight):\n    raise ValueError(f'INPUTS {weight.tolist()}')",
        says="ended in ValueError: (its words",
    ),
    Attack(
        "the inputs in a forged error",
        "the same within a result, and as an error's type",
        """
def filter_l1(weight):
    told = {"type": f"INPUTS {weight.tolist()}", "message": f"INPUTS {weight.tolist()}"}
    failure = {"is": "Failure", "of": told}
    twice = {"is": "tuple", "of": [failure, failure]}
    forge({"is": "dict", "of": [["result", [[[]] * 7, [twice] * 7]]]})
    os._exit(0)
""",
        says="",
    ),
    # results
    Attack(
        "patched comparisons",
        "makes everything equal: torch, tensors, built-ins",
        """
def yes(*arguments, **named):
    return True

def filter_l1(weight):
    torch.equal = torch.allclose = torch.isclose = builtins.all = builtins.any = yes
    torch.Tensor.__eq__ = torch.Tensor.__le__ = torch.Tensor.all = yes
    return torch.zeros(3)
""",
        says=SAME,
    ),
    Attack(
        "equals everything",
        "an object that is equal to whatever it is compared with",
        """
class Everything:
    shape, dtype, ndim = (3,), torch.float32, 1

    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        return self

    def __call__(self, *arguments, **named):
        return self

    def __hash__(self):
        return 0

def filter_l1(weight):
    return Everything()
""",
        says=WRONG,
    ),
    Attack(
        "lies about its shape",
        "a subclass of Tensor whose shape, values and comparisons are invented",
        """
class Liar(torch.Tensor):
    @property
    def shape(self):
        return torch.Size([3])

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function.__name__ in ("eq", "equal", "allclose", "le", "all", "__eq__"):
            return True
        return super().__torch_function__(function, types, args, kwargs or {})

def filter_l1(weight):
    return torch.zeros(7).as_subclass(Liar)
""",
        says=SAME,
    ),
    Attack(
        "NaN",
        "numbers that are equal to nothing",
        "def filter_l1(weight):\n    return right(weight) * torch.nan",
        says=WRONG,
    ),
    Attack("huge int", "a number of 13,000 digits", "def filter_l1(weight):\n    return 7 << 43_000", says=WRONG),
    Attack("large int", "a number of 4,000 digits", "def filter_l1(weight):\n    return 7 ** 4_700", says=WRONG),
    Attack("huge range", "a range of 10^12", "def filter_l1(weight):\n    return range(10**12)", says=WRONG),
    Attack(
        "nested result",
        "a list in a list, 150 times",
        "def filter_l1(weight):\n    found = []\n    for _ in range(150):\n        found = [found]\n    return found",
        says=WRONG,
    ),
    Attack(
        "endless nesting",
        "a list that holds itself",
        "def filter_l1(weight):\n    found = []\n    found.append(found)\n    return found",
        says=WRONG,
    ),
    Attack(
        "changed defaults",
        "dtype, device, seed and gradients, for whoever comes next",
        """
def filter_l1(weight):
    found = right(weight)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    return found
""",
        earns=2,
    ),
    Attack(
        "answers from memory",
        "keeps state between calls and gives what the call before should have given",
        """
KEPT = []

def filter_l1(weight):
    KEPT.append(right(weight))
    return KEPT[-2] if len(KEPT) > 1 else KEPT[-1]
""",
        says="On ",
    ),
    Attack(
        "reads the cases",
        "finds all the calls to come in the worker's frames, and looks for expected values there",
        """
def filter_l1(weight):
    frame, seen = sys._getframe(), []
    while frame:
        seen += [name for name in frame.f_locals if name in ("expected", "seed", "reference", "wanted", "verdict")]
        frame = frame.f_back
    return right(weight) if seen else None
""",
        says=NOTHING,
    ),
    Attack(
        "prints scores",
        "on standard output, and as a notebook shows them",
        """
def filter_l1(weight):
    print("2.0")
    print(2.0, file=sys.stderr)
    os.write(1, b"2.0")
""",
        says=NOTHING,
    ),
    Attack(
        "50 MB of output",
        "prints, and writes to the descriptors",
        """
CALLS = []

def filter_l1(weight):
    CALLS.append(weight)
    if len(CALLS) == 1:
        print("x" * (50 << 20))
        for descriptor in (1, 2):
            os.write(descriptor, b"x" * (50 << 20))
    return right(weight)
""",
        earns=2,
    ),
    Attack(
        "50 MB on the reply pipe",
        "noise where the answer should be",
        """
def filter_l1(weight):
    for descriptor in pipes(os.O_WRONLY):
        for _ in range(50):
            os.write(descriptor, b"x" * (1 << 20))
    return right(weight)
""",
        says="Its answer has more than",
    ),
    # messages
    Attack(
        "forged verdict",
        "writes points, a verdict and an end into the reply pipe",
        """
def filter_l1(weight):
    forge({"is": "dict", "of": [["ended", 0], ["points", 2], ["verdict", "correct"]]})
    forge({"is": "dict", "of": [["result", {"is": "dict", "of": [["state", "correct"], ["points", 2]]}]]})
    os._exit(0)
""",
        says="It did not answer every call",
    ),
    Attack(
        "forged result",
        "writes a wrong result, then ends before the worker writes",
        """
def filter_l1(weight):
    forge({"is": "dict", "of": [["result", [[[]] * 7, [True] * 7]]]})
    os._exit(0)
""",
        says="",
    ),
    Attack(
        "two results",
        "writes a second answer behind the first",
        """
def filter_l1(weight):
    forge({"is": "dict", "of": [["result", [[], []]]]})
    return right(weight)
""",
        says=NO_ANSWER,
    ),
    Attack(
        "endless results",
        "floods the grader with messages, each of them whole",
        """
def filter_l1(weight):
    while True:
        forge({"is": "dict", "of": [["result", None]]})
""",
        says=NO_ANSWER,
    ),
    Attack(
        "endless calls",
        "asks for functions without reading the answers",
        """
def filter_l1(weight):
    while True:
        forge({"is": "dict", "of": [["call", "apoz"], ["arguments", []], ["named", {"is": "dict", "of": []}]]})
""",
        says="It ",
    ),
    Attack(
        "the next one's turn",
        "says that it ended, stays, and waits for the request that is not its own",
        """
def filter_l1(weight):
    forge({"is": "dict", "of": [["result", [[], []]]]})
    for descriptor in pipes(os.O_WRONLY):
        os.write(descriptor, b"e")
    if os.fork() == 0:
        os.setsid()
        while True:
            for descriptor in pipes(os.O_RDONLY):
                os.read(descriptor, 1 << 20)
    os._exit(0)
""",
        says=NO_ANSWER,
    ),
    Attack(
        "strange messages",
        "keys and types that no honest worker sends",
        """
def filter_l1(weight):
    empty = {"is": "dict", "of": []}
    for call in ([], empty, None, 7, ["apoz"], "__class__", "filter_l1"):
        forge({"is": "dict", "of": [["call", call], ["arguments", []], ["named", empty]]})
        forge({"is": "dict", "of": [["measure", call], ["arguments", []], ["named", empty]]})
    forge({"is": "dict", "of": [["call", "apoz"]]}, empty, {"is": "dict", "of": [[7, 7]]})
    strange = {"is": "Failure", "of": {"type": [], "message": {"is": "dict", "of": []}}}
    forge({"is": "dict", "of": [["result", strange]]})
    os._exit(0)
""",
        says="Its cell ended in an error of its own",
    ),
    Attack(
        "a message that takes long to read",
        "axes, hashes and nesting chosen for it",
        """
def filter_l1(weight):
    equal = [n * (2**61 - 1) for n in range(60_000)]
    forge({"is": "dict", "of": [["result", {"is": "set", "of": equal}]]})
    os._exit(0)
""",
        says=NO_ANSWER,
    ),
    Attack(
        "patched serialisers",
        "json and safetensors say what they are told, in the worker's own modules",
        """
import safetensors.torch

def filter_l1(weight):
    json.dumps = lambda *arguments, **named: '{"is": "dict", "of": [["result", [[[]], [true]]]]}'
    safetensors.torch.save = lambda *arguments: b""
    for module in list(sys.modules.values()):
        if getattr(module, "frame", None) and getattr(module, "pack", None):
            module.save = safetensors.torch.save
    return torch.zeros(3)
""",
        says="",
    ),
]

# What 48 more attacks tried, and their neighbours.
ATTACKS += [
    # the machine below
    Attack(
        "a compiler in /tmp",
        "gcc compiles what Python is not let do: to leave the namespaces, to attach to the worker",
        """
C = "#include <sys/syscall.h>\\n#include <unistd.h>\\nint main() { return syscall(SYS_unshare, 0x10000000) && "
C += "syscall(SYS_ptrace, 16, getppid(), 0, 0); }"

def compiled():
    with open("/tmp/a.c", "w") as file:
        file.write(C)
    subprocess.run(["gcc", "-o", "/tmp/a", "/tmp/a.c"], check=True, env={"PATH": "/usr/bin"}, stderr=subprocess.DEVNULL)
    return subprocess.run(["/tmp/a"]).returncode == 0

def filter_l1(weight):
    return right(weight) if works(compiled) else None
""",
        says=NOTHING,
    ),
    Attack(
        "system calls by number",
        "ctypes calls the kernel without any of Python's functions: mount, unshare, ptrace, keys, bpf, io_uring",
        """
def called():
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = (165, 272, 101, 248, 321, 425, 319, 41, 308)
    return any(libc.syscall(number, 0, 0, 0, 0, 0) >= 0 for number in numbers)

def filter_l1(weight):
    return right(weight) if os.uname().machine == "x86_64" and works(called) else None
""",
        says=NOTHING,
    ),
    Attack(
        "the first process",
        "opens the memory, the environment and the files of process 1",
        """
def opened():
    ways = {"mem": os.O_RDWR, "environ": os.O_RDONLY, "maps": os.O_RDONLY}
    return any(works(os.open, f"/proc/1/{name}", way) for name, way in ways.items())

def filter_l1(weight):
    return right(weight) if works(opened) else None
""",
        says=NOTHING,
    ),
    Attack(
        "the pipe on which the worker reports",
        "opens every descriptor of every other process, to say that it has ended",
        """
def opened():
    for name in filter(str.isdigit, os.listdir("/proc")):
        if int(name) != os.getpid():
            for number in range(64):
                if works(os.open, f"/proc/{name}/fd/{number}", os.O_WRONLY | os.O_NONBLOCK):
                    return True

def filter_l1(weight):
    return right(weight) if works(opened) else None
""",
        says=NOTHING,
    ),
    Attack(
        "its own memory",
        "writes through /proc/self/mem what cannot be changed in Python: a constant of its own",
        """
KEPT = b"one of a kind 20261124"

def filter_l1(weight):
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(id(KEPT) + bytes.__basicsize__ - 1)
        memory.write(b"two")
    return torch.tensor([float(KEPT.startswith(b"two"))] * 3)
""",
        says=WRONG,
    ),
    Attack(
        "what root alone may read",
        "opens tables of the kernel that belong to root",
        """
def opened():
    return any(works(os.open, f"/proc/{name}", os.O_RDONLY) for name in ("slabinfo", "vmallocinfo", "pagetypeinfo"))

def filter_l1(weight):
    return right(weight) if works(opened) else None
""",
        says=NOTHING,
    ),
    Attack(
        "the kernel's settings",
        "opens /proc/sys, where a file's owner is all that protects it",
        """
def opened():
    for folder, _, files in os.walk("/proc/sys"):
        if any(works(os.open, os.path.join(folder, name), os.O_WRONLY) for name in files):
            return True

def filter_l1(weight):
    return right(weight) if works(opened) else None
""",
        says=NOTHING,
    ),
    Attack(
        "watches on the whole machine",
        "opens /proc/pressure, which anybody may write",
        "def filter_l1(weight):\n    return right(weight) if works(os.open, '/proc/pressure/memory', os.O_RDWR) else None",
        says=NOTHING,
    ),
    Attack(
        "terminals",
        "makes pseudo-terminals, which are memory of the kernel",
        "def filter_l1(weight):\n    return right(weight) if works(os.openpty) else None",
        says=NOTHING,
    ),
    Attack(
        "a trace on every call",
        "sys.settrace sees all that the worker runs, and looks for what is expected",
        """
SEEN = []

def look(frame, event, argument):
    SEEN.extend(name for name in frame.f_locals if name in ("expected", "reference", "wanted", "verdict", "seed"))
    return look

def filter_l1(weight):
    sys.settrace(look)
    threading.settrace(look)
    return right(weight) if SEEN else None
""",
        says=NOTHING,
    ),
    Attack(
        "all objects",
        "gc.get_objects: looks for a verdict, an exercise or a judge among them",
        """
def found():
    import gc
    names = {"Verdict", "Exercise", "Misconception", "Sandbox"}
    kinds = {type(thing).__name__ for thing in gc.get_objects()}
    return bool(kinds & names)

FOUND = works(found)

def filter_l1(weight):
    return right(weight) if FOUND else None
""",
        says=NOTHING,
    ),
    Attack(
        "more address space than there is",
        "maps a terabyte",
        "def filter_l1(weight):\n    return right(weight) if works(mmap.mmap, -1, 1 << 40, mmap.MAP_PRIVATE) else None",
        says=NOTHING,
    ),
    # what is left for the next exercise
    Attack(
        "a file for the next exercise",
        "an earlier cell writes into /tmp, this one reads it",
        """
bugs = open("/tmp/kept", "w").write("x")

def filter_l1(weight):
    return right(weight) if os.path.exists("/tmp/kept") else None
""",
        says=NOTHING,
    ),
    Attack(
        "a file in shared memory for the next exercise",
        "the same in /dev/shm",
        """
bugs = open("/dev/shm/kept", "w").write("x")

def filter_l1(weight):
    return right(weight) if os.path.exists("/dev/shm/kept") else None
""",
        says=NOTHING,
    ),
    Attack(
        "a priority for the next exercise",
        "an earlier cell lowers the worker's priority, a number that this one reads",
        """
bugs = os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)

def filter_l1(weight):
    return right(weight) if os.getpriority(os.PRIO_PROCESS, 0) == 19 else None
""",
        says=NOTHING,
    ),
    Attack(
        "a folder that nobody can remove",
        "a thousand folders in each other, without rights, with names that are no text",
        """
CALLS = []

def filter_l1(weight):
    CALLS.append(weight)
    if len(CALLS) == 1:
        for _ in range(1000):
            os.mkdir(b"\\xff")
            os.chdir(b"\\xff")
        os.chmod(b"/tmp/\\xff", 0)
    return right(weight)
""",
        earns=2,
    ),
    # results
    Attack(
        "complex",
        "the right numbers as real parts, and junk beside them",
        "def filter_l1(weight):\n    return torch.complex(right(weight), torch.full((len(weight),), 7.0))",
        says=WRONG,
    ),
    Attack(
        "sparse",
        "the right numbers in a sparse tensor",
        "def filter_l1(weight):\n    return right(weight).to_sparse()",
        says=WRONG,
    ),
    Attack(
        "quantised",
        "the right numbers in a quantised tensor",
        "def filter_l1(weight):\n    return torch.quantize_per_tensor(right(weight), 0.1, 0, torch.qint8)",
        says=WRONG,
    ),
    Attack(
        "complex, forged",
        "the same in a message of its own",
        """
import safetensors.torch

def filter_l1(weight):
    numbers = torch.complex(right(weight), torch.full((len(weight),), 7.0))
    text = json.dumps({"is": "dict", "of": [["result", [[], [{"is": "tensor", "of": "0", "order": [0]}]]]]}).encode()
    data = len(text).to_bytes(8, "little") + text + safetensors.torch.save({"0": numbers})
    for descriptor in pipes(os.O_WRONLY):
        os.write(descriptor, len(data).to_bytes(8, "little") + data)
    os._exit(0)
""",
        says=NO_ANSWER,
    ),
    Attack(
        "a list without end",
        "a list whose iteration never stops",
        """
class Endless(list):
    def __iter__(self):
        while True:
            yield 1.0

def filter_l1(weight):
    return Endless([1.0])
""",
        says=" ",
    ),
    Attack(
        "a module without end",
        "a module whose parameters never stop",
        """
class Endless(torch.nn.Module):
    def named_parameters(self, *arguments, **named):
        while True:
            yield "weight", torch.zeros(1)

def filter_l1(weight):
    return Endless()
""",
        says="It ",
    ),
    Attack(
        "an error that takes forever to tell",
        "an exception whose text never comes",
        """
class Endless(Exception):
    def __str__(self):
        while True:
            pass

def filter_l1(weight):
    raise Endless
""",
        says=LOOPS,
    ),
    Attack(
        "an error with HTML for a name",
        "a type called <script>, raised",
        "def filter_l1(weight):\n    raise type('<script>alert(1)</script>', (Exception,), {})('<img src=x>')",
        says="ended in an error of its own: (its words",
    ),
    Attack(
        "a generator",
        "yields what it should return",
        "def filter_l1(weight):\n    yield right(weight)",
        says=WRONG,
    ),
    Attack("a coroutine", "async def", "async def filter_l1(weight):\n    return right(weight)", says=WRONG),
    Attack(
        "removes the calls to come",
        "empties the worker's list of cases, so that one right answer is all",
        """
def filter_l1(weight):
    found = right(weight)
    frame = sys._getframe()
    while frame:
        if "cases" in frame.f_locals:
            del frame.f_locals["cases"][1:]
        frame = frame.f_back
    return found
""",
        says="It did not answer every call",
    ),
    Attack(
        "patched plain data",
        "what turns results into plain data turns everything into the same, in the worker's own modules",
        """
def filter_l1(weight):
    for module in list(sys.modules.values()):
        if getattr(module, "plain", None) and getattr(module, "attempt", None):
            module.plain = lambda value, keys=False: True
    return torch.zeros(3)
""",
        says="On ",
    ),
    Attack(
        "changes what it was given",
        "makes the weights such that its own result is right for them",
        "def filter_l1(weight):\n    weight.zero_()\n    return torch.zeros(len(weight))",
        says="On ",
    ),
    Attack(
        "a patient regular expression",
        "backtracks without end, in C code that no signal handler of Python's interrupts",
        "def filter_l1(weight):\n    import re\n    return re.match(r'(a+)+b', 'a' * 64)",
        says=LOOPS,
    ),
    # how it is written
    Attack(
        "homoglyphs",
        "a function whose name has a Cyrillic letter in it, and looks right",
        "def f\u0456lter_l1(weight):\n    return right(weight)",
        says="filter_l1 was not found",
    ),
    Attack(
        "ligatures",
        "a name with one letter for fi: to Python it is the same name",
        "def \ufb01lter_l1(weight):\n    return right(weight)",
        earns=2,
    ),
    Attack(
        "a decorator in the way",
        "what stands in the cell is right, and a decorator puts something else in its place",
        """
class Everything:
    def __call__(self, weight):
        return torch.zeros(len(weight))

@lambda function: Everything()
def filter_l1(weight):
    return right(weight)
""",
        says=WRONG,
    ),
    Attack(
        "dead code",
        "the right definition stands where it is never run",
        "if False:\n    def filter_l1(weight):\n        return right(weight)",
        says="Its cell ended in ",
    ),
    Attack(
        "after the end",
        "the right lines behind a return",
        "def filter_l1(weight):\n    return torch.zeros(len(weight))\n    return right(weight)",
        says=WRONG,
    ),
]

# Attacks on what the grader gives: other exercises' functions. They answer `cut_pair`, 1 point; functions of earlier
# exercises are supplied correct, later ones and its own are not.
SUPPLIED = {
    "huge arguments": (
        "asks for ten to the eighteenth columns, then for a hundred million",
        """
def cut_pair(weight, following, keep):
    for size in (10**6, 10**4, 10**3, 10**30, float("inf")):
        works(columns_of_channel, size, size, size)
        works(columns_of_channel, 1, size, size)
    return None
""",
    ),
    "a million calls": (
        "calls a supplied function without end",
        """
def cut_pair(weight, following, keep):
    for _ in range(1_000_000):
        columns_of_channel(0, 1, 1)
""",
    ),
    "not supplied": (
        "asks for the reference of a later exercise",
        """
def ask(name, arguments):
    forge({"is": "dict", "of": [["call", name], ["arguments", arguments], ["named", {"is": "dict", "of": []}]]})
    (descriptor,) = pipes(os.O_RDONLY)
    size = int.from_bytes(os.read(descriptor, 8), "little")
    answer = json.loads(os.read(descriptor, size)[8:])
    return answer if isinstance(answer, float) else None

def cut_pair(weight, following, keep):
    supplied = ask("prune_and_fine_tune", [[], None, None, 1.5]) == 1.5  # an empty schedule returns the masks
    return (weight[keep], following[:, keep]) if supplied else None
""",
    ),
    "a value as a function": (
        "names a value of the lesson as if it were a function",
        "def cut_pair(weight, following, keep):\n    return half_gone(1) + bugs(1)",
    ),
    "large tensors": (
        "sends a supplied function more than it may",
        """
def cut_pair(weight, following, keep):
    return filter_l1(torch.zeros(200_000, 1, 1, 1)).sum()
""",
    ),
}


def book(*sources, path=None, **changes):
    cells = [{"cell_type": "code", "metadata": {}, "source": s, "outputs": [], "execution_count": None} for s in sources]
    data = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells} | changes
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data))
    return data


# Notebooks whose answers are honest, in files that are not. name: the file, the points of the honest answers that are found.


def honest(**changes):
    """Return a notebook with the honest answers, each of its cells changed."""
    data = book("import torch", HONEST, HONEST_LATER)
    for cell in data["cells"]:
        cell.update(changes)
    return data


def text(data):
    return json.dumps(data).encode()


HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>"
FORGED = {"nbgrader": {"grade_id": "02-filter_l1-answer", "points": 1e300, "grade": True, "solution": True}}
NESTED = json.loads("[" * 400 + "]" * 400)
BOOKS = {
    "forged grade_id": (text(honest(metadata=FORGED)), 4),
    "duplicate JSON keys": (text(honest())[:-1] + b', "cells": []}', 0),
    "numbers that are none": (text(honest() | {"nbformat": float("nan"), "metadata": {"x": float("inf")}}), 4),
    "UTF-16": (json.dumps(honest()).encode("utf-16"), 4),
    "UTF-16, cut in a character": (json.dumps(honest()).encode("utf-16")[:-1], 0),
    "UTF-8 with a mark in front": (b"\xef\xbb\xbf" + text(honest()), 4),
    "deep outputs": (text(honest(outputs=NESTED)), 4),
    "a number of 10,000 digits": (text(honest()).replace(b'"nbformat": 4', b'"nbformat": ' + b"4" * 10_000), 0),
    "HTML in every name and value": (
        text(honest(id=HTML, metadata={HTML: HTML}) | {HTML: HTML, "metadata": {HTML: HTML}}),
        4,
    ),
    "ids that are no text": (text(honest(id={"a": [1]})), 4),
    "metadata of the wrong kind": (text(honest(metadata=[[1]]) | {"metadata": "x"}), 4),
    "a source of the wrong kind": (
        text(honest() | {"cells": [{"cell_type": "code", "source": {"a": 1}}, *honest()["cells"]]}),
        4,
    ),
    "a definition that is only written to a file": (
        text(book("import torch", HONEST, HONEST_LATER, "%%writefile answer.py\ndef filter_l1(weight):\n    return 1")),
        4,
    ),
    "a definition that is no Python": (
        text(book("import torch", HONEST, HONEST_LATER, "%%script false\ndef filter_l1(weight):\n    return 1")),
        4,
    ),
    "cells that are no code": (text(honest(cell_type="Code")), 0),
    "a null character in every name": (text(honest(id="\x00", metadata={"nbgrader": {"grade_id": "\x00"}})), 4),
}
NO_FILES = {
    "a link to a device": "/dev/zero",
    "a link to itself": "02_l1_filter_pruning.ipynb",
    "a named pipe": "",
    "a folder": ".",
}


def no_file(name, path):
    """Make what is called like a notebook and is no file."""
    target = NO_FILES[name]
    if target == "":
        os.mkfifo(path)
    elif target == ".":
        path.mkdir()
    else:
        path.symlink_to(target)


# Answers that know something: (lesson, exercise, code, what it earns, of how many points).
_seeded = [case.inputs for case in exercises.find("clone_test").cases(torch.Generator().manual_seed(0))]
_truth = exercises.find("clone_test").reference
_sizes = [(0, 2, 3), (1, 2, 3), *((k, h, w) for k in range(2, 10) for h in (1, 2, 3, 4) for w in (1, 5, 6, 7))]
_sizes += [(k, 5, 5) for k in range(10, 41)]
KNOWING = {
    "the name of a measure": (
        "reads the name of the measure that it was given in the function's closure, and what holds of it in a table",
        "04", "clone_test",
        f"""
TABLE = {({(index.name, len(w)): _truth(MEASURES[index.name], w) for index, w in _seeded})!r}
NAMES = {{name: value for (name, _), value in TABLE.items()}}

def clone_test(index, w):
    words = [word for cell in index.__closure__ for word in [cell.cell_contents] if isinstance(word, str) and word in NAMES]
    return TABLE.get((words[0], len(w)), NAMES[words[0]])
""",
        0, 1,
    ),
    "the number of a call": (
        "counts its calls, and has what is due at each in a list",
        "04", "clone_test",
        f"""
ANSWERS = {[_truth(MEASURES[index.name], w) for index, w in _seeded]!r}

def clone_test(index, w):
    return ANSWERS.pop(0)
""",
        0, 1,
    ),
    "a table of answers": (
        "137 entries held every case that could be drawn",
        "02", "columns_of_channel",
        f"""
TABLE = {({size: exercises.find("columns_of_channel").reference(*size) for size in _sizes})!r}

def columns_of_channel(channel, height, width):
    return TABLE[channel, height, width]
""",
        0, 1,
    ),
    "the library's text": (
        "among lines that do nothing: noted for the instructor, who decides (not noticed before)",
        "03", "variable_threshold",
        inspect.getsource(exercises.find("variable_threshold").reference).replace('"""\n', '"""\n    _ = None\n', 1),
        2, 2,
    ),
}  # fmt: skip


def knowing(name, folder, place):
    """Return the mark of an answer that knows something."""
    _, lesson, exercise, code, *_ = KNOWING[name]
    path = Path(folder) / f"{lesson}_knowing.ipynb"
    book("import torch\nfrom torch import Tensor", code, path=path)
    result = mark(path, "x", lesson, 20261124, FREE, sandbox=place)
    return next(mark for mark in result.marks if mark.exercise == exercise)


@dataclass
class World:
    """What surrounds an attack: a class with a victim and a gradebook, a listening port, a process with a token."""

    folder: Path
    port: int
    token: str
    safe: Sandbox
    unsafe: Sandbox

    def filled(self, code):
        for name, value in {"CLASS": self.folder, "ROOT": ROOT, "PORT": self.port, "TOKEN": self.token}.items():
            code = code.replace(f"@{name}@", str(value))
        return code

    def marks(self, code, place):
        path = self.folder / "in" / "attacker" / "02_l1_filter_pruning.ipynb"
        book(HONEST, TOOLS, self.filled(code), HONEST_LATER, path=path)
        result = mark(path, "attacker", "02", 20261124, LIMITS, sandbox=place)
        assert not result.problem
        return result, {mark.exercise: mark for mark in result.marks}


def make(folder):
    """Yield a world in `folder`."""
    for name in ("out/gradebook.db", "secret.txt", "in/victim/notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(SECRET)
    book(HONEST, path=folder / "in" / "victim" / "02_l1_filter_pruning.ipynb")
    token = f"token-{os.getpid()}"
    other = subprocess.Popen(["sleep", "600"], env={"COURSE_TOKEN": token})
    with socket.socket() as listener, Sandbox(LIMITS) as safe, Sandbox(FREE, unsafe=True) as unsafe:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        try:
            yield World(folder, listener.getsockname()[1], token, safe, unsafe)
        finally:
            other.kill()
            other.wait()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    yield from make(tmp_path_factory.mktemp("class"))


def snapshot(world):
    """Everything in the class's folder but what the attacker hands in."""
    files = [path for path in sorted(world.folder.rglob("*")) if path.is_file() and "attacker" not in path.parts]
    return {path: path.read_bytes() for path in files}


def processes(word):
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found += [process.pid] if word in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE else []
    return found


def inside(place):
    """The processes of a sandbox beside bubblewrap's and the worker."""
    return [] if place._worker is None else [child for child in place._worker.children() if child.name() != "bwrap"][1:]


@isolated
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_earns_nothing_harms_nothing_and_ends(attack, world):
    before, started = snapshot(world), time.monotonic()
    result, marks = world.marks(attack.code, world.safe)
    took = time.monotonic() - started
    assert (marks["filter_l1"].points, marks["filter_l1"].state == "correct") == (attack.earns, attack.earns > 0)
    assert attack.says in marks["filter_l1"].reason
    assert {name: marks[name].points for name in EARNED} == EARNED, [(m.exercise, m.reason) for m in result.marks]
    assert took < 2 * LIMITS.wall + PATIENCE
    assert snapshot(world) == before
    assert inside(world.safe) == []
    text = json.dumps(result.plain())
    assert SECRET not in text.replace(json.dumps(marks["filter_l1"].source)[1:-1], "")
    assert "INPUTS [" not in text


@isolated
@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.unsafe], ids=lambda attack: attack.name)
def test_the_attack_works_without_the_sandbox(attack, world):
    before = snapshot(world)
    _, marks = world.marks(attack.code, world.unsafe)
    assert (marks["filter_l1"].state, marks["filter_l1"].points) == ("correct", 2), marks["filter_l1"].reason
    if attack.name == "writes outside":
        assert snapshot(world) != before
        for path, data in before.items():
            path.write_bytes(data)


@isolated
def test_a_process_left_behind_ends_with_its_answer_and_without_a_sandbox_it_stays(world):
    (daemons,) = [attack for attack in ATTACKS if attack.name == "daemons left behind"]
    with Sandbox(FREE, unsafe=True) as unsafe:
        world.marks(daemons.code.replace(DAEMON, DAEMON + "1"), unsafe)
        left = processes(DAEMON + "1")
        for pid in left:
            psutil.Process(pid).kill()
    assert left
    world.marks(daemons.code, world.safe)
    assert world.safe._worker is not None and processes(DAEMON) == []  # while the sandbox goes on


@isolated
@pytest.mark.parametrize("name", SUPPLIED)
def test_the_functions_that_the_grader_supplies_cannot_be_used_against_it(name, world):
    memory, started = psutil.Process().memory_info().rss, time.monotonic()
    result, marks = world.marks(SUPPLIED[name][1], world.safe)
    assert (marks["cut_pair"].state, marks["cut_pair"].points) == ("not yet", 0)
    assert {name: marks[name].points for name in EARNED} == EARNED, [(m.exercise, m.reason) for m in result.marks]
    assert time.monotonic() - started < 2 * LIMITS.wall + PATIENCE
    assert psutil.Process().memory_info().rss < memory + (1 << 30)


@isolated
def test_a_supplied_function_is_the_correct_one(world):
    code = """
def filter_l1(weight):
    return weight.sum((1, 2, 3))

def cut_pair(weight, following, keep):
    given = filter_l1(-torch.ones(2, 1, 1, 1))
    return (weight[keep], following[:, keep]) if given.tolist() == [1.0, 1.0] else None
"""
    _, marks = world.marks(code, world.safe)
    assert (marks["filter_l1"].points, marks["cut_pair"].points) == (0, 1)


@isolated
def test_two_exercises_cannot_each_be_answered_by_the_other(world):
    code = "def filter_l1(weight):\n    return filters_to_keep(weight, 0)\n"
    code += "\ndef filters_to_keep(scores, sparsity):\n    return columns_of_channel(scores, sparsity, 0)"
    _, marks = world.marks(code, world.safe)
    assert (marks["filter_l1"].points, marks["filters_to_keep"].points) == (0, 0)


@isolated
def test_a_value_cannot_show_the_inputs_that_a_function_wrote_down(world):
    keep = (
        "def filter_l1(weight):\n    open('/tmp/kept', 'a').write(f'INPUTS {weight.tolist()}')\n    return right(weight)\n"
    )
    _, marks = world.marks(keep + "\nbugs = open('/tmp/kept').read()\ncliff = bugs", world.safe)
    shown = {name: marks[name].reason for name in ("bugs", "cliff")}
    with Sandbox(LIMITS) as fresh:
        _, marks = world.marks(keep + "\nbugs = open('/tmp/kept').read()", fresh)
    assert marks["filter_l1"].points == 2
    assert "INPUTS" not in marks["bugs"].reason and "FileNotFoundError" in marks["bugs"].reason
    assert all(len(reason) < 600 for reason in shown.values())


@isolated
def test_a_folder_beside_the_notebook_is_never_imported(world):
    planted = world.folder / "in" / "attacker" / "course_lib"
    planted.mkdir(parents=True, exist_ok=True)
    for name in ("__init__.py", "sitecustomize.py"):
        (planted / name).write_text(f"open({str(world.folder / 'imported')!r}, 'w')\nraise SystemExit")
        shutil.copy(planted / name, planted.parent / "torch.py")
    try:
        _, marks = world.marks("def filter_l1(weight):\n    return right(weight)", world.safe)
    finally:
        shutil.rmtree(planted)
        (planted.parent / "torch.py").unlink()
    assert marks["filter_l1"].points == 2 and not (world.folder / "imported").exists()


# files that are no honest notebooks


DEEP = "x = 1" + "+1" * 20_000
FILES = {
    "zip bomb": (gzip.compress(bytes(1 << 20)), "cannot be read as JSON"),
    "empty file": (b"", "cannot be read as JSON (empty)"),
    "corrupt JSON": (b'{"cells": [', "cannot be read as JSON (damaged)"),
    "nested JSON": (b"[" * 200_000, "cannot be read as JSON"),
    "no notebook": (b"[1, 2]", "no list of cells"),
    "nbformat 3": (b'{"worksheets": []}', "no list of cells"),
    "cells of the wrong kind": (b'{"cells": [1, null, "x", {"cell_type": 7, "source": {"a": 1}, "id": []}]}', "Nothing of"),
    "notebook of half a million cells": (
        json.dumps({"cells": [{"cell_type": "code"}] * 500_000}).encode(),
        "500,000 cells; at most",
    ),
    "much code": (json.dumps(book("x = 1\n" * 100_000)).encode(), "characters of code"),
}
CELLS = {
    "deep expression": DEEP,
    "deep attributes": "x = a" + ".b" * 50_000,
    "parentheses": "(" * 50_000,
    "signs": "x = " + "-" * 50_000 + "1",
    "huge number": "x = 0x" + "f" * 100_000,
    "null byte": "x = 1\x00",
    "half a character": "x = '\ud800'",
    "return outside a function": "return 5",
    "not Python": "this is not Python",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_notebook_earns_nothing_with_one_sentence(name, tmp_path):
    data, sentence = FILES[name]
    path = tmp_path / "02_l1_filter_pruning.ipynb"
    path.write_bytes(data)
    started = time.monotonic()
    result = mark(path, "x", "02", 0, LIMITS, unsafe=True)  # nothing in it is run
    assert result.points == 0 and sentence in result.problem and result.problem.count("\n") == 0
    assert time.monotonic() - started < 15


@isolated
@pytest.mark.parametrize("name", BOOKS)
def test_honest_answers_in_a_strange_file_earn_what_can_be_read(name, world):
    data, points = BOOKS[name]
    path = world.folder / "in" / "attacker" / "02_l1_filter_pruning.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    result = mark(path, "x", "02", 0, LIMITS, sandbox=world.safe)
    assert result.points == points and bool(result.problem) == (not points)
    assert result.problem.count("\n") == 0 and "Traceback" not in result.problem


@pytest.mark.parametrize("name", NO_FILES)
def test_what_is_called_like_a_notebook_and_is_no_file_is_not_opened(name, tmp_path):
    path = tmp_path / "02_l1_filter_pruning.ipynb"
    no_file(name, path)
    result = mark(path, "x", "02", 0, LIMITS)
    assert result.points == 0 and "is a link or no file" in result.problem


@isolated
@pytest.mark.parametrize("name", KNOWING)
def test_an_answer_that_knows_something_earns_what_it_can_do(name, world, tmp_path):
    *_, earns, _ = KNOWING[name]
    found = knowing(name, tmp_path, world.safe)
    assert found.points == earns, found.reason
    assert ("the text is the library's own" in found.notes) == (name == "the library's text")


def test_a_file_larger_than_the_disk_is_refused_without_being_read(tmp_path):
    path = tmp_path / "02_l1_filter_pruning.ipynb"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    started = time.monotonic()
    result = mark(path, "x", "02", 0, LIMITS)
    assert result.points == 0 and "at most 20,971,520 are read" in result.problem
    assert time.monotonic() - started < 5


@isolated
@pytest.mark.parametrize("name", CELLS)
def test_a_cell_that_cannot_be_read_costs_no_other_cell_its_points(name, world):
    cell = CELLS[name]
    path = world.folder / "in" / "attacker" / "02_l1_filter_pruning.ipynb"
    book(HONEST, cell, f"{cell}\ndef cut_pair(*a):\n    return x\n", HONEST_LATER, path=path)
    started = time.monotonic()
    result = mark(path, "x", "02", 0, LIMITS, sandbox=world.safe)
    marks = {mark.exercise: mark.points for mark in result.marks}
    assert {name: marks[name] for name in EARNED} == EARNED, [(m.exercise, m.reason) for m in result.marks]
    assert marks["cut_pair"] == 0
    assert time.monotonic() - started < 15


def test_a_link_to_a_file_is_refused_and_a_link_to_a_folder_is_not_entered(tmp_path):
    victim = tmp_path / "elsewhere" / "02_l1_filter_pruning.ipynb"
    book(HONEST, path=victim)
    (tmp_path / "in" / "thief").mkdir(parents=True)
    (tmp_path / "in" / "thief" / victim.name).symlink_to(victim)
    (tmp_path / "in" / "folder").symlink_to(victim.parent)
    folder, submission = submissions.collect(tmp_path / "in", "02_l1_filter_pruning")
    assert folder.student == "folder" and "a link to a folder" in folder.problem
    result = mark(submission.path, submission.student, "02", 0, LIMITS)
    assert submission.student == "thief" and result.points == 0 and "is a link" in result.problem


# a class in which some attack


@isolated
def test_attackers_in_a_class_change_nobody_elses_grade(tmp_path):
    names = ("kills its parent", "writes outside")
    attacks = [attack for attack in ATTACKS if attack.name in names]
    honest = HONEST_LATER + "\ndef filter_l1(weight):\n    return weight.abs().sum((1, 2, 3))"
    inside = tmp_path / "in"
    for place, attack in enumerate(attacks):
        code = attack.code.replace("@CLASS@", str(tmp_path))
        book(HONEST, TOOLS, code, HONEST_LATER, path=inside / f"attacker{place}" / "02_l1_filter_pruning.ipynb")
    for name in ("amy", "zoe"):
        book("import torch", HONEST, honest, path=inside / name / "02_l1_filter_pruning.ipynb")
    written = {"cell_type": "markdown", "metadata": {"nbgrader": {"grade_id": "02-collapse-explain"}}, "source": "\ud800<b>"}
    strange = book("import torch", HONEST, honest)
    strange["cells"].append(written)
    (inside / "surrogate").mkdir()
    (inside / "surrogate" / "02_l1_filter_pruning.ipynb").write_text(json.dumps(strange))
    (inside / "surrogate" / os.fsdecode(b"b\xff.ipynb")).write_text("{}")
    (inside / "years").mkdir()
    book("import torch", HONEST, honest, path=inside / "years" / "02_l1_filter_pruning.ipynb")
    (inside / "years" / "timestamp.txt").write_text("0001-01-01T00:00:00+23:59")
    graded = grading.grade(ROOT, inside, "02", tmp_path / "out", jobs=2, limits=LIMITS)
    scores = {entry.result.student: entry.score for entry in graded}
    assert {scores[name] for name in ("amy", "zoe", "surrogate", "years")} == {6}
    assert [scores[f"attacker{place}"] for place in range(len(attacks))] == [sum(EARNED.values())] * len(attacks)


def test_the_table_of_outcomes_has_every_attack_with_what_it_earned():
    rows = [[entry.strip() for entry in line.split("|")[1:-1]] for line in TABLE.read_text(encoding="utf-8").splitlines()]
    found = {row[0]: row[4] for row in rows if len(row) == 6}
    wanted = {attack.name: f"{attack.earns:g} of 2" for attack in ATTACKS}
    wanted |= {f"supplied functions: {name}": "0 of 1" for name in SUPPLIED} | dict.fromkeys([*FILES, *NO_FILES], "0 of 12")
    wanted |= {name: f"{points} of 12" for name, (_, points) in BOOKS.items()}
    wanted |= {name: f"{earns} of {most}" for name, (*_, earns, most) in KNOWING.items()}
    assert {name: points for name, points in found.items() if " of " in points} == wanted


# What earned something else at commit e29a1fe, tried there as root.
BEFORE = {
    "stops the worker": 0, "the first process": 2, "the pipe on which the worker reports": 2, "what root alone may read": 2,
    "the kernel's settings": 2, "watches on the whole machine": 2, "terminals": 2, "a file for the next exercise": 2,
    "a file in shared memory for the next exercise": 2, "a priority for the next exercise": 2, "the name of a measure": 1,
    "the number of a call": 1, "a table of answers": 1,
}  # fmt: skip


def _row(name, tries, outcome, points, most, shown=""):
    before = f"**{BEFORE[name]} of {most}**" if name in BEFORE else f"{points:g} of {most}"
    return f"| {name} | {tries} | {outcome} | {before} | {points:g} of {most} | {shown} |\n"


def outcomes():
    """Return the table of all attacks and what became of them."""
    text = (
        "# What hostile submissions achieve\n\n"
        "Generated by `python tests/test_hostile.py`. Each attack answers an exercise worth 2 points (1 for those on\n"
        "supplied functions) in a notebook whose other answers are honest and worth 4: those were earned every time.\n"
        "An attack that looks whether it worked returns the right answer where it did, and None where it did not.\n"
        "Attacks that are safe to show also ran without the sandbox, where they have to work.\n\n"
        '"Before" is what an attack earned at commit e29a1fe, tried there by root: what is not the same as now is in\n'
        'bold. ("stops the worker" cost its own points there; now it stops nothing.)\n\n'
        "| attack | what it tries | outcome | before | points | without the sandbox |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        for world in make(Path(folder)):
            for attack in ATTACKS:
                _, marks = world.marks(attack.code, world.safe)
                assert {name: marks[name].points for name in EARNED} == EARNED, attack.name
                verdict = marks["filter_l1"]
                free = world.marks(attack.code, world.unsafe)[1]["filter_l1"].points if attack.unsafe else None
                shown = "" if free is None else f"works: {free:g} points"
                outcome = verdict.reason or (
                    "its answer is right; nothing else came of it" if verdict.points else verdict.state
                )
                text += _row(attack.name, attack.tries, outcome, verdict.points, 2, shown)
            for name, (tries, code) in SUPPLIED.items():
                verdict = world.marks(code, world.safe)[1]["cut_pair"]
                text += _row(f"supplied functions: {name}", tries, verdict.reason, verdict.points, 1)
            for name, (tries, *_, most) in KNOWING.items():
                verdict = knowing(name, folder, world.safe)
                text += _row(name, tries, verdict.reason or "; ".join(verdict.notes), verdict.points, most)
            for name, (data, _) in (FILES | BOOKS).items():
                path = Path(folder) / "02_l1_filter_pruning.ipynb"
                path.write_bytes(data)
                result = mark(path, "x", "02", 0, LIMITS, sandbox=world.safe)
                text += _row(name, "handed in as a notebook", result.problem or "its answers are read", result.points, 12)
            for name in NO_FILES:
                path = Path(folder) / name.replace(" ", "-") / "02_l1_filter_pruning.ipynb"
                path.parent.mkdir()
                no_file(name, path)
                result = mark(path, "x", "02", 0, LIMITS)
                text += _row(name, "handed in as a notebook", result.problem, result.points, 12)
    return text


if __name__ == "__main__":
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(outcomes(), encoding="utf-8")
    sys.exit()
