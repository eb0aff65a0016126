"""What all tests share: few threads, no progress bars, and one small bench."""

from __future__ import annotations

import gc
import os

os.environ["TQDM_DISABLE"] = "1"  # before tqdm is imported
os.environ["OMP_NUM_THREADS"] = "1"  # of every process that a test starts: the other core is at work on other tests

from course_lib.starting import quickly

with quickly():
    import torch
import pytest
from hypothesis import settings

from course_lib import data
from course_lib.notebook import OPENED
from course_lib.teaching import checks

torch.set_num_threads(1)
gc.freeze()  # what was imported stays, and is not searched for garbage again and again
# A busy machine is slow, not wrong. `make test` draws the same each time, so that what fails, fails again; `make validate`
# draws anew.
settings.register_profile("course", deadline=None, derandomize="COURSE_GALLERY_SEEDS" not in os.environ)
settings.load_profile("course")


@pytest.fixture(scope="session")
def bench():
    """Two hundred images a part of the embedded data, on the CPU."""
    return data.load("fashion-mini", device="cpu", limit=200)


@pytest.fixture(scope="session", autouse=True)
def own_seeds(tmp_path_factory):
    """No test keeps the seeds of its class, or points, in the user's own folder; processes that it starts inherit this."""
    os.environ["COURSE_SEEDS_DIR"] = str(tmp_path_factory.mktemp("seeds"))
    os.environ["COURSE_POINTS_DIR"] = str(tmp_path_factory.mktemp("points"))
    os.environ.pop(OPENED, None)


@pytest.fixture(autouse=True)
def own_session():
    """No test inherits what another one locked in: predictions are kept for a session, and a worker runs many tests."""
    checks._PREDICTED.clear()
