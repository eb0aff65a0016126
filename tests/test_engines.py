"""The same grid on every engine, killed wherever it hurts: the table is that of an undisturbed run."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pandas
import pytest
import torch

from course_lib import data, models, pareto, slim, sweep, train
from course_lib.errors import CourseError
from course_lib.pruning import L1NormPruner
from course_lib.sweep import engines, grid, steps
from course_lib.sweep.drive import drive

ROOT = Path(__file__).parents[1]
KILLS = int(os.environ.get("COURSE_KILLS", "3"))  # 20 in `make validate`
GRID = {
    "name": "tiny",
    "model": "mlp",
    "device": "cpu",
    "limit": 600,
    "seeds": [0, 1],
    "rounds": 3,
    "epochs": 2,
    "fit": {"batch_size": 20},
    "dense": {"epochs": 3, "threads": 1},
    "method": [
        {"name": "SAP", "pruner": "sap", "p": 1, "q": 2, "scratch": True, "seeds": [0]},
        {
            "name": "neurons",
            "pruner": "activation",
            "deviations": 0.5,
            "samples": 200,
            "history": 1,
            "rewind": True,
            "scratch": True,
        },
    ],
}
RUN = "import sys, json; from course_lib import sweep; sweep.run(json.loads(sys.argv[1]), sys.argv[2], sys.argv[3], 2)"


def compared(table):
    """Everything but the clock."""
    return table.drop(columns="seconds")


def same(left, right):
    pandas.testing.assert_frame_equal(compared(left), compared(right), check_exact=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return sweep.run(GRID, store=tmp_path_factory.mktemp("undisturbed"), jobs=1)


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """A store in which one curve is complete, and its records."""
    folder = tmp_path_factory.mktemp("single")
    small = {**GRID, "seeds": [0], "method": GRID["method"][:1]}
    return small, sweep.run(small, store=folder / "runs", jobs=1, records=folder / "records"), folder


def started(*arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ended(*processes):
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


@pytest.fixture(scope="module")
def cluster():
    with a_cluster() as (address, worker, workers, _):
        yield address, worker, workers


@contextlib.contextmanager
def a_cluster():
    """Yield a scheduler's address, a function that starts one more worker, all workers, and the scheduler: processes."""
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    options = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    scheduler = started("-m", "distributed.cli.dask_scheduler", *options)
    workers = []

    def worker():
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        workers.append(started("-m", "distributed.cli.dask_worker", address, *options))
        return workers[-1]

    worker(), worker()
    try:
        yield address, worker, workers, scheduler
    finally:
        ended(*workers, scheduler)


@pytest.mark.heavy
def test_two_processes_give_the_table_of_one(undisturbed, tmp_path):
    same(sweep.run(GRID, store=tmp_path, jobs=2), undisturbed)


@pytest.mark.heavy
def test_a_cluster_of_two_worker_processes_gives_the_table_of_one(undisturbed, cluster, tmp_path):
    same(sweep.run(GRID, cluster[0], tmp_path), undisturbed)


def test_the_from_scratch_control_has_the_masks_and_the_epochs_of_the_best_point(undisturbed):
    for method in ("SAP", "neurons"):
        rows = undisturbed[undisturbed["seed"] == 0]
        (control,) = rows[rows["method"] == f"{method}, from scratch"].to_dict("records")
        (best,) = pareto.best(rows[rows["method"] == method]).to_dict("records")
        for column in ("round", "sparsity", "kept_parameters", "macs", "epochs"):
            assert control[column] == best[column]
        assert control["test_accuracy"] != best["test_accuracy"]


def test_a_method_with_seeds_of_its_own_runs_on_those_only(undisturbed):
    counts = undisturbed.groupby("method")["seed"].nunique().to_dict()
    assert counts == {"dense": 2, "SAP": 1, "SAP, from scratch": 1, "neurons": 2, "neurons, from scratch": 2}


def test_a_rewound_curve_trains_from_its_initial_weights(undisturbed, tmp_path):
    tuned = {**GRID, "seeds": [0], "method": [{**GRID["method"][1], "rewind": False}]}
    table = sweep.run(tuned, store=tmp_path, jobs=1)
    rows = undisturbed[(undisturbed["method"] == "neurons") & (undisturbed["seed"] == 0)]
    assert rows["rewind"].all() and not table["rewind"].any()
    first = [t.loc[t["method"] == "neurons"].iloc[0] for t in (table, undisturbed)]
    assert first[0]["sparsity"] == first[1]["sparsity"]  # the same masks in the first round, from the same start
    assert first[0]["val_accuracy"] != first[1]["val_accuracy"]


# kills


def moments():
    """Random moments, three for each store: (new files in the store, seconds after that), as how long a start takes varies.

    The seed makes a failure repeatable.
    """
    draw = random.Random(20261124)
    found = [(draw.randint(1, 3), draw.random() / 4) for _ in range(KILLS)]
    return [found[i : i + 3] for i in range(0, KILLS, 3)]


def killed(folder, engine, files, seconds):
    files += len(list(folder.rglob("*.json")))
    process = started("-c", RUN, json.dumps(GRID), engine, str(folder))
    while process.poll() is None and len(list(folder.rglob("*.json"))) < files:
        time.sleep(0.01)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    was_running = process.poll() is None
    ended(process)
    return was_running


@pytest.mark.heavy
def test_killed_at_random_moments_on_the_local_engine(undisturbed, tmp_path):
    for number, three in enumerate(moments()):
        struck = [killed(tmp_path / str(number), "local", *moment) for moment in three]
        same(sweep.run(GRID, store=tmp_path / str(number), jobs=1), undisturbed)
        assert any(struck)  # else nothing was proven


@pytest.mark.heavy
def test_killed_at_random_moments_on_a_cluster_whose_worker_dies_as_well(undisturbed, cluster, tmp_path):
    address, worker, workers = cluster
    for number, three in enumerate(moments()):
        struck = []
        for moment in three:
            struck.append(killed(tmp_path / str(number), address, *moment))
            ended(workers.pop(0))
            worker()
        same(sweep.run(GRID, address, tmp_path / str(number)), undisturbed)
        assert any(struck)


@pytest.mark.heavy
@pytest.mark.parametrize("engine", ["local", "cluster"])
def test_a_worker_that_dies_costs_its_round_only(undisturbed, request, tmp_path, engine):
    """The caller lives on and submits the step again."""
    address = request.getfixturevalue("cluster")[0] if engine == "cluster" else "local"
    caller = started("-c", RUN, json.dumps(GRID), address, str(tmp_path))
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("round-001.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("r*.json")}  # rounds and dense starts
    if engine == "cluster":
        _, worker, workers = request.getfixturevalue("cluster")
        ended(workers.pop(0))
        worker()
    else:
        ps = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(caller.pid)], capture_output=True, text=True, check=True
        )
        (victim, *_) = [int(line.split()[0]) for line in ps.stdout.splitlines() if "popen_loky" in line]
        os.kill(victim, signal.SIGKILL)
    assert caller.wait(300) == 0
    assert any(path.name == "round-001.json" for path in written)
    assert all(path.stat().st_mtime_ns == then for path, then in written.items())  # nothing that was finished ran again
    same(sweep.table(grid.complete(GRID), tmp_path), undisturbed)


@pytest.mark.heavy
def test_a_step_whose_worker_dies_every_time_is_a_failed_curve_and_the_others_finish(tmp_path):
    """A step that kills its process stands for one that needs more memory than there is."""
    script = (
        "import os, sys, json\nfrom course_lib import sweep\nfrom course_lib.sweep import engines, run, steps\n"
        "advance = steps.advance\n"
        "def deadly(curve, *rest):\n"
        "    if curve['method'] == 'SAP':\n        os.kill(os.getpid(), 9)\n"
        "    return advance(curve, *rest)\n"
        "steps.advance = deadly\n"
        "try:\n    sweep.run(json.loads(sys.argv[1]), 'local', sys.argv[2], 2)\n"
        "except Exception as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", script, json.dumps(GRID), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert "\n1 curve failed (SAP, seed 0: its worker process died 2 times" in done.stdout, done.stdout + done.stderr
    assert len(list(tmp_path.rglob("points.json"))) == 2


@pytest.mark.heavy
def test_a_scheduler_that_dies_ends_the_run_in_one_sentence_and_the_next_call_goes_on(undisturbed, tmp_path):
    script = (
        "import sys, json\nfrom course_lib import sweep\nfrom course_lib.errors import CourseError\n"
        "try:\n    sweep.run(json.loads(sys.argv[1]), sys.argv[2], sys.argv[3])\n"
        "except CourseError as error:\n    print(error)\n"
    )
    with a_cluster() as (address, _, _, scheduler):
        command = [sys.executable, "-c", script, json.dumps(GRID), address, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as caller:
            while not list(tmp_path.rglob("round-001.json")) and caller.poll() is None:
                time.sleep(0.02)
            ended(scheduler)
            told, _ = caller.communicate(timeout=120)
    assert f"the scheduler {address} was lost; finished rounds are kept" in told
    same(sweep.run(GRID, store=tmp_path, jobs=1), undisturbed)


# records


def test_curves_of_two_dense_starts_of_one_seed_are_never_mixed(single, tmp_path):
    """The records may come from another machine, and the local start have been trained before they were given."""
    small, _, folder = single
    for part in ("runs", "records"):
        shutil.copytree(folder / part, tmp_path / part)
    (path,) = (tmp_path / "records").glob("dense-*.json")
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "row": {**record["row"], "val_accuracy": 0.123}}))
    with pytest.raises(CourseError, match="the dense start of seed 0 came out at"):
        sweep.run({**small, "rounds": 2}, store=tmp_path / "runs", jobs=1, records=tmp_path / "records")


def test_a_study_goes_on_from_its_records_on_a_machine_without_its_store(single, tmp_path, monkeypatch):
    small, table, folder = single

    def forbidden(*_, **__):
        raise AssertionError("something ran again")

    for name in ("fit", "evaluate"):
        monkeypatch.setattr(train, name, forbidden)
    same(sweep.run(small, store=tmp_path, jobs=1, records=folder / "records"), table)


def test_a_finished_study_needs_no_weights_to_give_its_table(single, tmp_path):
    small, table, folder = single
    shutil.copytree(folder / "records", tmp_path / "records", ignore=shutil.ignore_patterns("*.safetensors"))
    same(sweep.table(grid.complete(small), tmp_path / "runs", tmp_path / "records"), table)
    same(sweep.run(small, store=tmp_path / "runs", jobs=1, records=tmp_path / "records"), table)


def test_a_curve_that_had_not_ended_starts_from_the_committed_dense_model(single, undisturbed, tmp_path, monkeypatch):
    _, _, folder = single
    records = tmp_path / "records"
    shutil.copytree(folder / "records", records)
    more = {**GRID, "seeds": [0]}
    monkeypatch.setattr(steps, "dense_start", None)
    table = sweep.run(more, store=tmp_path / "runs", jobs=1, records=records)
    same(table, undisturbed[undisturbed["seed"] == 0].reset_index(drop=True))
    names = sorted(path.name.split("-seed")[0] for path in records.glob("*-seed*"))
    assert names == ["dense", "dense", "neurons", "sap"]


def test_a_record_holds_what_a_reader_wants_and_no_masks(single):
    small, table, folder = single
    (path,) = (folder / "records").glob("sap-*.json")
    record = json.loads(path.read_text())
    (curve,) = grid.curves(grid.complete(small))
    assert record["config"] == {**curve, "device": "cpu"}
    assert [r["round"] for r in record["rounds"]] == [1, 2, 3]
    assert "masks" not in record["rounds"][0]
    assert record["machine"]["torch"] == torch.__version__
    assert len(record["rows"]) == len(table) - 1  # the dense start has a record of its own


def test_a_record_names_the_gpu_of_a_run_that_used_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    assert steps.machine("cuda")["GPU"] == "a GPU" and "GPU" not in steps.machine("cpu")


# refused


def test_a_kill_before_its_record_was_written_does_not_lose_the_record(single, tmp_path, monkeypatch):
    """A run without records, then with them, is the same as a kill after the points and before the record."""
    small, table, folder = single
    wanted = {path.name for path in (folder / "records").iterdir()}
    monkeypatch.setattr(train, "fit", None)
    same(sweep.run(small, store=folder / "runs", jobs=1, records=tmp_path / "records"), table)
    assert {path.name for path in (tmp_path / "records").iterdir()} == wanted


def test_a_dense_start_that_differs_from_the_committed_one_is_refused(single, tmp_path):
    small, _, folder = single
    own = shutil.copytree(folder / "records", tmp_path / "records")
    (start,) = own.glob("dense-*.json")
    start.with_suffix(".safetensors").unlink()
    next(path for path in own.glob("*.json") if path.name.startswith("sap")).unlink()
    record = json.loads(start.read_text())
    record["row"]["val_accuracy"] += 0.01
    start.write_text(json.dumps(record))
    with pytest.raises(CourseError, match=r"the dense start of seed 0 came out at .*: give another folder of results"):
        sweep.run(small, store=tmp_path / "runs", jobs=1, records=own)


def test_weights_without_their_record_are_trained_again(single, tmp_path):
    small, table, folder = single
    (tmp_path / "records").mkdir()
    shutil.copy(next((folder / "records").glob("dense-*.safetensors")), tmp_path / "records")
    same(sweep.run(small, store=tmp_path / "runs", jobs=1, records=tmp_path / "records"), table)


class Dead(Exception):
    """A worker was lost."""


def driven(steps_of, deaths, slots=4):
    """Return the order in which `drive` takes steps of as many tasks as `steps_of` has numbers; deaths: which die."""
    taken, failed, left = [], [], list(steps_of)

    def step(number):
        taken.append(number)
        future = Future()
        if len(taken) in deaths:
            future.set_exception(Dead())
        else:
            future.set_result({})
        return future

    def keep(number, files):
        left[number] -= 1
        return left[number] == 0

    drive(range(len(steps_of)), step, keep, lambda number, error: failed.append(number), (Dead,), lambda: slots)
    return taken, failed


def test_after_a_death_the_suspects_take_turns_and_none_runs_to_its_end_first():
    taken, failed = driven([3] * 4, deaths={1, 2, 3, 4})  # all four at once, as a pool that breaks loses them
    assert not failed
    assert sorted(taken[4:8]) == [0, 1, 2, 3]


def test_deaths_that_steps_lie_between_do_not_add_up():
    taken, failed = driven([6], deaths={2, 5}, slots=1)
    assert (len(taken), failed) == (8, [])
    taken, failed = driven([6], deaths={2, 3}, slots=1)
    assert failed == [0]


@pytest.mark.parametrize("where", ["runs/tiny", "records"])
def test_a_store_of_another_version_is_refused(single, tmp_path, where):
    small, _, folder = single
    shutil.copytree(folder, tmp_path / "copy")
    known = tmp_path / "copy" / where / "store.json"
    known.write_text(json.dumps({**json.loads(known.read_text()), "version": 1}))
    with pytest.raises(CourseError, match=r"holds runs of version 1; these would be of version \d+: give another folder"):
        sweep.run(small, store=tmp_path / "copy" / "runs", jobs=1, records=tmp_path / "copy" / "records")


def test_a_store_at_work_is_not_used_twice(single):
    from filelock import FileLock

    small, _, folder = single
    with (
        FileLock(folder / "runs" / "tiny" / ".lock"),
        pytest.raises(CourseError, match="another process is running this grid"),
    ):
        sweep.run({**small, "rounds": 4}, store=folder / "runs", jobs=1)


def test_what_another_device_has_finished_is_read_here_but_not_gone_on_with(single, tmp_path):
    small, table, folder = single
    shutil.copytree(folder, tmp_path / "copy")
    for known in (tmp_path / "copy").rglob("store.json"):
        known.write_text(json.dumps({**json.loads(known.read_text()), "device": "cuda"}))
    places = {"store": tmp_path / "copy" / "runs", "records": tmp_path / "copy" / "records"}
    elsewhere = {"store": tmp_path / "mine", "records": places["records"]}
    for there in (places, elsewhere):
        pandas.testing.assert_frame_equal(sweep.run(small, **there), table)
    assert not list((tmp_path / "mine").rglob("store.json"))  # nothing ran there, on whatever device
    with pytest.raises(CourseError, match=r"holds runs on the device 'cuda'; these would be on the device 'cpu'"):
        sweep.run({**small, "rounds": 4}, jobs=1, **places)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "smoke://signals"])
def test_a_scheduler_that_does_not_answer_is_refused(tmp_path, monkeypatch, address):
    pytest.importorskip("distributed")
    monkeypatch.setattr(engines, "PATIENCE", 1.0)
    with pytest.raises(CourseError, match="no scheduler with a worker answered there"):
        sweep.run(GRID, address, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_workers_with_several_threads_or_another_library_are_refused():
    mine = {"device": "cpu", "course_lib": engines.course_lib.__version__, "threads": 1}
    assert engines._same({"one": mine, "other": mine}) == mine
    for key, value, said in (
        ("threads", 8, "--nthreads 1"),
        ("course_lib", "0", "course_lib '0'"),
        ("device", "cuda", "'cuda'"),
    ):
        with pytest.raises(CourseError, match=said):
            engines._same({"one": mine, "other": {**mine, key: value}})


def test_a_worker_that_sees_other_images_fails_its_curves(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "digest", lambda bench: "elsewhere")
    curve = grid.curves(grid.complete({**GRID, "device": "cpu"}))[0]
    steps._load.cache_clear()
    with pytest.raises(CourseError, match="'fashion-mini' holds other images here"):
        steps.dense_start(curve, "here")
    steps._load.cache_clear()


def test_a_from_scratch_control_without_its_gone_units_trains_like_the_masked_one():
    bench = data.load("fashion-mini", device="cpu", limit=300)
    curve = grid.curves(grid.complete({**GRID, "model": "cnn"}))[0]
    dense = models.build("cnn", bench, seed=0)
    masks = L1NormPruner(sparsity=0.5).masks(dense, bench)
    small = steps._new(curve, bench, masks)
    masked = models.build("cnn", bench, seed=curve["seed"] + steps.SCRATCH_SEED)
    assert sum(p.numel() for p in small.parameters()) == masks.kept_parameters < sum(p.numel() for p in dense.parameters())
    for model, kept in ((masked, masks), (small, None)):
        train.fit(model, bench, epochs=1, masks=kept, batch_size=50, dropout=0.0)
    assert slim.difference(masked, small, bench.example) < 1e-3
