"""Memory: what the kernel of each lesson holds when its last cell has run, beside one that has only imported torch.

The answered lessons run in laptop mode, each in a kernel of its own, as in JupyterLab; ten minutes or more of two cores.
Counted is what the process would give back if it ended: libraries that several kernels share do not count twice.
"""

from __future__ import annotations

import os

import nbformat
import psutil
from nbclient import NotebookClient

from benchmarks.measuring import ROOT, Table

FRAMEWORK = "import torch, torchvision"


def held(book: nbformat.NotebookNode) -> tuple[float, float]:
    """Run all cells in a new kernel; return the MiB of its own when they have run, and the most that it had at once."""
    client = NotebookClient(book, timeout=None, kernel_name="python3", resources={"metadata": {"path": ROOT / "solutions"}})
    most = 0.0
    with client.setup_kernel():
        kernel = psutil.Process(client.km.provisioner.pid)
        for number, cell in enumerate(book.cells):
            client.execute_cell(cell, number)
            most = max(most, _mebibytes(kernel))
        return _mebibytes(kernel), most


def _mebibytes(process: psutil.Process) -> float:
    return process.memory_full_info().uss / 2**20


def table() -> Table:
    """Measure."""
    os.environ["COURSE_MODE"] = "laptop"
    framework, _ = held(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(FRAMEWORK)]))
    rows = [[FRAMEWORK, f"{framework:.0f}", "", ""]]
    for path in sorted((ROOT / "solutions").glob("[0-9][0-9]_*.ipynb")):
        end, most = held(nbformat.read(path, as_version=4))
        rows.append([path.stem, f"{end:.0f}", f"{end - framework:.0f}", f"{most:.0f}"])
    note = "Beyond torch itself a lesson holds course_lib, matplotlib, the images, and its networks and pictures."
    head = ("kernel", "MiB at the end", "beyond torch", "most after a cell")
    return Table("what a lesson's kernel holds", head, rows, (note,))
