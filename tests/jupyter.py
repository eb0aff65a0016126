"""Notebooks as students make them, and the verdict that each gets where it was written: cells in IPython, then the check."""

from __future__ import annotations

import contextlib
import io
import os

from course_lib.teaching import checks
from course_lib.teaching.verdict import NOT_YET

A = "import torch"
B = "def filter_l1(weight):\n    return weight.abs().sum((1, 2, 3))"
WRONG = "def filter_l1(weight):\n    return weight.sum((1, 2, 3))"
BY_DIMS = "def filter_l1(weight):\n    return weight.abs().sum(tuple(dims))"
BY_TABLE = "def filter_l1(weight):\n    return weight.abs().pow(cfg['p']).sum((1, 2, 3))"

# What is right in the notebook.
RIGHT = {
    "an indented shell line": [
        "import sys\nimport torch\nIN_COLAB = 'google.colab' in sys.modules\nif IN_COLAB:\n    !pip install -q torchinfo\n",
        "def filter_l1(weight):\n    return torch.abs(weight).sum((1, 2, 3))",
    ],
    "what a shell line gives": [f"{A}\ngpu = !echo none\nprint(gpu)", B],
    "a shell line inside": [A, B.replace("    return", "    gpu = !echo none\n    return")],
    "a timing beside": [A, B + "\nt = %timeit -o -q -n1 -r1 filter_l1(torch.ones(2,2,2,2))"],
    "a line that is timed": [A, "%time dims = (1, 2, 3)", BY_DIMS],
    "a value that is timed": [A, "dims = %time (1, 2, 3)", BY_DIMS],
    "a question": ["import torch\ntorch.topk??", B],
    "a question below": [A, B + "\n?torch.topk"],
    "a magic over two lines": [A, "%env COURSE_NOTHING= \\\n  1\n" + B],
    "a timed cell": [A, "%%time\n" + B],
    "a captured cell that is timed": [A, "%%capture out\n%%time\n\n" + B],
    "a cell with prompts": [A, ">>> dims = (1, 2, 3)\n>>> print(dims)", BY_DIMS],
    "a file written below": [A, B, "%%writefile old.py\n" + WRONG],
    "a script that is not run below": [A, B, "%%script false --no-raise-error\n" + WRONG],
    "a shell below": [A, B, "%%bash\necho def filter_l1"],
    "a page below": [A, B, "%%html\n<p>filter_l1 = 3</p>"],
    "a broken cell below": [A, B, WRONG + "\nreturn return"],
    "everything of torch": ["from torch import *", B.replace("weight.abs()", "abs(weight)") + " + zeros(len(weight))"],
    "a list that grows": [A, "dims = []\ndims.append(1)\ndims.append(2)\ndims += [3]", BY_DIMS],
    "a list that grows in a loop": [A, "dims = []\nfor axis in range(1, 4):\n    dims.append(axis)", BY_DIMS],
    "a list that grows by its method": [A, "dims = []\nadd = dims.append\nadd(1)\nadd(2); add(3)", BY_DIMS],
    "a list that is filled by a comprehension": [A, "dims = []\n[dims.append(n) for n in (1, 2, 3)]", BY_DIMS],
    "a list under a second name": [A, "dims = []\nothers = dims\nothers.extend([1, 2, 3])", BY_DIMS],
    "a part of a table": [A, "cfg = {'dims': []}\nd = cfg['dims']\nd += [1, 2, 3]", BY_DIMS.replace("dims", "cfg['dims']")],
    "a list that shrinks": [A, "dims = [3, 2, 1, 0]\ndims.pop()\ndel dims[:0]\ndims.sort()", BY_DIMS],
    "a table that is set": [A, "cfg = {'p': 2}\ncfg['p'] = 1", BY_TABLE],
    "a table that is set below": [A, "cfg = {'p': 2}", BY_TABLE, "cfg['p'] = 1"],
    "a table that is updated": [A, "cfg = dict(p=2)\ncfg.update(p=1)", BY_TABLE],
    "a table filled by a loop": [A, "cfg = {}\nfor name, value in [('p', 1), ('q', 2)]:\n    cfg[name] = value", BY_TABLE],
    "a table filled by a function": [A, "cfg = {}\ndef fill(table):\n    table['p'] = 1\nfill(cfg)", BY_TABLE],
    "a table filled by a decorator": [
        A,
        "NORMS = {}\ndef norm(function):\n    NORMS[function.__name__] = function\n    return function",
        "@norm\ndef l1(w):\n    return w.abs().sum((1, 2, 3))",
        "def filter_l1(weight):\n    return NORMS['l1'](weight)",
    ],
    "a method added to a class": [
        A,
        "class H: pass\ndef norm(self, w): return w.abs().sum((1, 2, 3))\nH.norm = norm",
        "def filter_l1(weight):\n    return H().norm(weight)",
    ],
    "an attribute of a class": [A, "class C: pass", "C.axes = (1, 2, 3)", BY_DIMS.replace("tuple(dims)", "C.axes")],
    "an attribute by setattr": [
        A,
        "class C: pass",
        "setattr(C, 'axes', (1, 2, 3))",
        BY_DIMS.replace("tuple(dims)", "C.axes"),
    ],
    "an attribute of the function": [A, B.replace("(1, 2, 3)", "filter_l1.axes"), "filter_l1.axes = (1, 2, 3)"],
    "a function that sets up": [A, "def setup():\n    global dims\n    dims = (1, 2, 3)\nsetup()", BY_DIMS],
    "a function that sets up by another": [
        A,
        "dims = []\ndef one(n):\n    dims.append(n)\ndef every():\n    for n in (1, 2, 3):\n        one(n)\nevery()",
        BY_DIMS,
    ],
    "an object that sets up": [
        A,
        "class Setup:\n    def run(self):\n        global dims\n        dims = (1, 2, 3)\nsetup = Setup()\nsetup.run()",
        BY_DIMS,
    ],
    "a name by globals": [A, "globals()['dims'] = (1, 2, 3)", BY_DIMS],
    "a setting of torch": [
        A + "\ntorch.set_default_dtype(torch.float64)\ntorch.set_default_dtype(torch.float32)",
        B.replace("weight", "weight.to(torch.get_default_dtype())", 2).replace(
            "weight.to(torch.get_default_dtype()))", "weight)", 1
        ),
    ],
    "a name that is bound again": [A, "n = 0", B, "half_gone = n + 0.5", "n = [undefined for n in range(3)]"],
    "a name that was the library's": [A + "\nfrom course_lib.pruning import units as dims", "dims = (1, 2, 3)", BY_DIMS],
    "a helper that fails at first": [A, "dims = no_such_name", "dims = (1, 2, 3)", BY_DIMS],
    "a call that fails": [A, "dims = [1, 2, 3]", "dims.append()", BY_DIMS],
    "a scripted function": [A, "@torch.jit.script\n" + B],
    "a scripted function with types": [
        A + "\nfrom torch import Tensor",
        B.replace("weight)", "weight: Tensor) -> Tensor", 1) + "\nfilter_l1 = torch.jit.script(filter_l1)",
    ],
    "a dataclass": [
        A + "\nfrom dataclasses import dataclass",
        "@dataclass\nclass C:\n    axes: tuple = (1, 2, 3)\n",
        BY_DIMS.replace("tuple(dims)", "C().axes"),
    ],
    "a walrus": [A, "print(dims := (1, 2, 3))", BY_DIMS],
    "a block": [A, "with torch.no_grad():\n    dims = (1, 2, 3)", BY_DIMS],
    "letters that look alike": [
        A,
        "größe = (1, 2, 3)",
        BY_DIMS.replace("tuple(dims)", "gro\u0308ße").replace("filter", "ﬁlter"),
    ],
    "split and copied": [A, WRONG, B, B, "%%latex\nx"],
    "something shown inside": [A, B.replace("    return", "    display()\n    return")],
}
# What is not: the notebook does not say "correct" either.
NOT_RIGHT = {
    "a function in a file that is written": [A, "%%writefile answer.py\n" + B],
    "a function in a script": [A, "%%script false --no-raise-error\n" + B],
    "a function for another Python": [A, "%%python3\n" + B],
    "a wrong one below": [A, B, WRONG],
    "a wrong one by a second timing": [A, B, "%%time\n" + WRONG],
    "a list that grows too far": [A, "dims = [1, 2]\ndims.append(1)", BY_DIMS],
    "a table that is set twice": [A, "cfg = {'p': 1}", "cfg['p'] = 2", BY_TABLE],
    "a function that sets up wrongly": [
        A,
        "dims = (1, 2, 3)",
        BY_DIMS,
        "def setup():\n    global dims\n    dims = 1\nsetup()",
    ],
    "a broken cell": [A, B + "\nx = = 3"],
}


def verdicts(shell, cells, names):
    """Return exercise -> (state, points) that the check gives in the notebook, run from top to bottom."""
    shell.reset(new_session=False)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for cell in cells:
            shell.run_cell(cell)
        scope = shell.user_ns
        found = {name: checks.check(scope[name], name) if name in scope else None for name in names}
    return {name: (NOT_YET, 0) if verdict is None else (verdict.state, verdict.points) for name, verdict in found.items()}


def started(folder):
    """Return a fresh IPython that keeps no history and works in `folder`."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    os.environ["IPYTHONDIR"] = str(folder)
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    return InteractiveShell.instance(config=config)
