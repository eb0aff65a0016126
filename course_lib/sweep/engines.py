"""Where steps run: in this process, in one process per core, or on a Dask cluster."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

import course_lib
from course_lib import data
from course_lib.errors import CourseError, check_whole
from course_lib.starting import work_for

QUIET = {"TQDM_DISABLE": "1"}  # nobody sees the progress bars of workers; tqdm reads this when it is imported
PATIENCE = 30.0  # seconds for a cluster to answer and to show a first worker
P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Engine:
    """submit: as of a concurrent.futures.Executor. slots: how many steps to have in hand now. device: of the workers."""

    submit: Callable[..., Future]
    slots: Callable[[], int]
    device: str
    lost: tuple[type[BaseException], ...] = ()  # what a step raises whose worker died


@contextmanager
def start(name: str, jobs: int | None, device: str) -> Iterator[Engine]:
    """Yield the engine of that name, and close it afterwards.

    Args:
        name: "local", "dask" (a LocalCluster, one process per core with one thread each), or a scheduler's address.
        jobs: steps at a time; None: one per core on a CPU, one on an accelerator, one per worker on a cluster.
        device: of the grid; "auto" is what the workers have.
    """
    if jobs is not None:
        check_whole("jobs", jobs)
    if name == "local":
        device = data.pick_device(device).type
        jobs = jobs or ((os.cpu_count() or 1) if device == "cpu" else 1)
        with _here(device) if jobs == 1 else _processes(jobs, device) as engine:
            yield engine
    elif name == "dask" or "://" in name:
        with _cluster(name, jobs, device) as engine:
            yield engine
    else:
        raise CourseError(
            f"engine={name!r} was given; it can be 'local', 'dask', or a scheduler's address such as 'tcp://host:8786'."
        )


class _Here(Executor):
    def submit(self, step: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(step(*args, **kwargs))
        return future


@contextmanager
def _here(device: str) -> Iterator[Engine]:
    yield Engine(_Here().submit, lambda: 1, device)


class _Pool(Protocol):
    """What is used of loky's executor, which has no types."""

    def submit(self, step: Callable[..., T], /, *args: Any) -> Future[T]: ...

    def shutdown(self, wait: bool, kill_workers: bool = False) -> None: ...


@contextmanager
def _processes(jobs: int, device: str) -> Iterator[Engine]:
    from joblib.externals.loky import get_reusable_executor

    def pool() -> _Pool:  # a new one if a death broke the last
        return get_reusable_executor(jobs, initializer=work_for, initargs=(os.getpid(),), timeout=600, env=QUIET)

    try:
        yield Engine(lambda *call: pool().submit(*call), lambda: jobs, device, (BrokenExecutor,))
    except BaseException:  # the caller was interrupted: nobody needs what is in hand
        pool().shutdown(wait=True, kill_workers=True)
        raise
    pool().shutdown(wait=True)


@contextmanager
def _cluster(address: str, jobs: int | None, device: str) -> Iterator[Engine]:
    try:
        import dask
        import distributed
    except ImportError as error:
        raise CourseError("a Dask engine was asked for, which is an extra: pip install -e '.[dask]'.") from error

    # A round's weights travel with the task, on purpose: data that lay on a worker would die with it.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}), ExitStack() as opened:
        if address == "dask":
            workers = jobs or (None if data.pick_device(device).type == "cpu" else 1)
            local = distributed.LocalCluster(workers, threads_per_worker=1, dashboard_address=None, env=QUIET)
            address = opened.enter_context(local)
        try:
            client = opened.enter_context(distributed.Client(address, timeout=PATIENCE, set_as_default=False))
            client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, ValueError, TimeoutError, asyncio.TimeoutError) as error:  # Python 3.10 has two TimeoutErrors
            raise CourseError(f"engine={address!r} was given; no scheduler with a worker answered there.") from error
        found = _same(client.run(_introduce, device))
        executor = client.get_executor(pure=False)
        try:
            yield Engine(
                executor.submit,
                lambda: jobs or max(1, len(client.nthreads())),
                found["device"],
                (distributed.KilledWorker,),
            )
        except (CancelledError, distributed.comm.CommClosedError) as error:
            raise CourseError(
                f"the scheduler {address} was lost; finished rounds are kept, the next call goes on."
            ) from error


def _introduce(device: str, dask_worker: Any) -> dict[str, Any]:
    """Run by each worker, which gives itself as `dask_worker`."""
    threads = dask_worker.state.nthreads
    return {"device": data.pick_device(device).type, "course_lib": course_lib.__version__, "threads": threads}


def _same(workers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what all workers say of themselves; refuse workers that would give other numbers."""
    first = next(iter(workers.values()))
    for address, worker in workers.items():
        if worker["threads"] != 1:
            raise CourseError(
                f"the worker {address} takes {worker['threads']} tasks at a time; start workers with --nthreads 1 (a curve "
                "sets its own threads)."
            )
        for key, expected in {**first, "course_lib": course_lib.__version__}.items():
            if worker[key] != expected:
                raise CourseError(f"the worker {address} has {key} {worker[key]!r}; expected is {expected!r}, as elsewhere.")
    return first
