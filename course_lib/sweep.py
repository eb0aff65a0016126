"""Runs a grid of curves so that a kill costs at most the round in hand.

A store is a folder; each dense start and each curve has a folder in it, named by a hash of its configuration:

    data.json    what the images were, so that runs on other images are not taken for these
    dense-HASH/  model.safetensors, record.json (written last: then the dense start is finished)
    curve-HASH/  config.json; per round: model, masks, and round-NNN.json (written last: then the round is finished);
                 points.json (written last: then the curve is finished, and its test accuracies have been read, once)
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from filelock import FileLock
from safetensors.torch import load_file, save_file
from torch import nn

from course_lib import data, grid, measure, models, pareto, train
from course_lib import slim as slimming
from course_lib.errors import CourseError
from course_lib.files import replacing, write_json
from course_lib.pruning import recording
from course_lib.pruning.loop import Record, iterate
from course_lib.pruning.masks import Masks

if TYPE_CHECKING:
    import pandas

    from course_lib.data import Bench


def run(
    what: Mapping[str, Any] | str | Path, engine: str = "local", store: str | Path = "runs", jobs: int | None = None
) -> pandas.DataFrame:
    """Run what is not yet finished of a grid, and return its table: one row a point, the dense starts first.

    Args:
        what: a grid as in `course_lib.grid`, the name of a committed one, or a TOML file.
        engine: "local": one process per core, each with the threads that the grid says.
        store: a folder of its own for each grid is made in it.
        jobs: processes at a time; None: one per core on a CPU, one on an accelerator.
    """
    if engine != "local":
        raise CourseError(f"engine={engine!r} was given; known is 'local'.")
    full = grid.check(what) if isinstance(what, Mapping) else grid.load(what)
    folder = Path(store) / full["name"]
    _check_data(data.load(full["data"], device="cpu", limit=full["limit"]), folder)
    curves, todo = grid.curves(full), unfinished(full, store)
    if todo:
        starts = {grid.identity(grid.dense(curve)): curve for curve in todo}
        jobs = jobs or (os.cpu_count() or 1 if full["device"] == "cpu" else 1)
        with _progress(curves, folder):
            _map(functools.partial(dense_start, folder=folder), list(starts.values()), 1)
            _map(functools.partial(run_curve, folder=folder), todo, jobs)
    return table(full, store)


def unfinished(what: Mapping[str, Any], store: str | Path = "runs") -> list[dict[str, Any]]:
    """Return the curves of a checked grid that are not complete in the store."""
    folder = Path(store) / what["name"]
    return [curve for curve in grid.curves(what) if not (_curve_folder(curve, folder) / "points.json").exists()]


def table(what: Mapping[str, Any], store: str | Path = "runs") -> pandas.DataFrame:
    """Return the rows of a checked grid's finished curves, dense starts first; a failed curve raises with its reason."""
    import pandas

    folder, rows, failed = Path(store) / what["name"], {}, []
    for curve in grid.curves(what):
        start = _dense_folder(curve, folder) / "record.json"
        if start.exists():
            rows[f"dense {curve['seed']}"] = [_read(start)["row"]]
        place = _curve_folder(curve, folder)
        if (place / "points.json").exists():
            rows[place.name] = _read(place / "points.json")
        elif (place / "failed.json").exists():
            failed.append(f"{curve['method']}, seed {curve['seed']}: {_read(place / 'failed.json')['reason']}")
    if failed:
        raise CourseError(f"{len(failed)} curve(s) failed ({'; '.join(failed)}); the finished ones are kept.")
    order = sorted(rows, key=lambda key: not key.startswith("dense"))
    return pandas.DataFrame([row for key in order for row in rows[key]])


def dense_start(curve: Mapping[str, Any], folder: Path) -> None:
    """Train the dense model that a curve starts from, unless it is there."""
    config, place = grid.dense(curve), _dense_folder(curve, folder)
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / ".lock"), _threads(config["dense"]["threads"]):
        if (place / "record.json").exists():
            return
        bench = _bench(curve)
        model, settings = _model(curve, bench), config["dense"]
        history = train.fit(
            model, bench, settings["epochs"], seed=curve["seed"], precision=curve["precision"], **settings["fit"]
        )
        _save_model(model, place / "model.safetensors")
        whole = Masks.dense(model)
        row = {"method": "dense", "round": 0, "sparsity": 0.0, "unit_sparsity": 0.0, "status": "ok"}
        row |= {"val_accuracy": train.evaluate(model, bench), "pruned_accuracy": None, "images": history["images"]}
        row |= {"epochs": settings["epochs"], "seconds": history["seconds"]}
        row = _point(row, model, bench, curve, whole)
        write_json(place / "record.json", {"config": config, "row": row, "history": history})


def run_curve(curve: Mapping[str, Any], folder: Path) -> None:
    """Run the rounds of one curve that are not finished, then read its test accuracies; write down why if that fails."""
    place = _curve_folder(curve, folder)
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / ".lock"), _threads(curve["threads"]):
        if (place / "points.json").exists():
            return
        (place / "failed.json").unlink(missing_ok=True)
        try:
            write_json(place / "config.json", dict(curve))
            bench = _bench(curve)
            _rounds(curve, bench, folder, place)
            _finish(curve, bench, folder, place)
        except Exception as error:  # whatever it was, the other curves go on, and `table` says it
            reason = f"{type(error).__name__}: {error}"
            write_json(place / "failed.json", {"reason": reason, "traceback": traceback.format_exc()})


def _rounds(curve: Mapping[str, Any], bench: Bench, folder: Path, place: Path) -> None:
    model = _model(curve, bench)
    start = load_file(_dense_folder(curve, folder) / "model.safetensors")
    finished = _records(place)
    after = finished[-1] if finished else None
    model.load_state_dict(load_file(_file(place, after.round, "model")) if after else start)
    teacher = None
    if curve["teacher"]:
        teacher = _model(curve, bench)
        teacher.load_state_dict(start)
    fit = functools.partial(train.fit, precision=curve["precision"], teacher=teacher, **curve["fit"])
    loop = {key: curve[key] for key in ("rounds", "epochs", "final_epochs", "schedule", "seed")}
    if after and _ended(finished, curve["rounds"]):
        return
    for record in iterate(grid.pruner(curve), model, bench, **loop, fit=fit, after=after):
        _save_model(model, _file(place, record.round, "model"))
        record.masks.save(_file(place, record.round, "masks"))
        if record.recording:
            recording.save(record.recording, _file(place, record.round, "recording"))
        write_json(place / f"round-{record.round:03d}.json", record.to_json())


def _finish(curve: Mapping[str, Any], bench: Bench, folder: Path, place: Path) -> None:
    """Read the test accuracy of every point, once, and keep only the model of the best one by validation."""
    rows = []
    start = _read(_dense_folder(curve, folder) / "record.json")["row"]
    records = _records(place)
    for record in records:
        model = _model(curve, bench)
        model.load_state_dict(load_file(_file(place, record.round, "model")))
        row = {"method": curve["method"], "round": record.round, "status": record.status}
        row |= {"sparsity": record.sparsity, "unit_sparsity": record.unit_sparsity}
        row |= {"val_accuracy": record.accuracy["tuned"], "pruned_accuracy": record.accuracy["pruned"]}
        row |= {"epochs": start["epochs"] + record.epochs, "seconds": record.seconds}
        row["images"] = round(record.epochs * len(bench.train))
        rows.append(_point(row, model, bench, curve, record.masks))
    write_json(place / "points.json", rows)
    best = max(records, key=lambda record: pareto.score(record.accuracy["tuned"], record.sparsity))
    for record in records:
        if record is not best:
            _file(place, record.round, "model").unlink()


def _point(row: dict[str, Any], model: nn.Module, bench: Bench, curve: Mapping[str, Any], masks: Masks) -> dict[str, Any]:
    """Return the whole row of one point: what was measured on the finished curve, its test accuracy last."""
    small = slimming.slim(model, masks, bench.example) if masks.units else model
    row |= {"seed": curve["seed"], "kept_parameters": masks.kept_parameters, "macs": measure.macs(small, bench.example)}
    row["test_accuracy"] = train.evaluate(model, bench, "test")
    row["score"] = pareto.score(row["test_accuracy"], row["sparsity"])
    first = ["method", "seed", "round", "sparsity", "unit_sparsity", "kept_parameters", "macs", "epochs"]
    first += ["val_accuracy", "test_accuracy", "score"]
    settings = {key: curve[key] for key in ("model", "device", "precision", "threads", "teacher")}
    settings |= {"data": bench.name, "test_images": len(bench.test)}
    return {key: row[key] for key in first} | {key: row[key] for key in row if key not in first} | settings


def _ended(records: list[Record], rounds: int) -> bool:
    last = [record.status for record in records[-2:]]
    return records[-1].round == rounds or last[-1] in ("target", "collapsed") or last == ["stalled", "stalled"]


def _check_data(bench: Bench, folder: Path) -> None:
    """Refuse a store whose runs were made on other images: curves are named by the data's name, not by its content."""
    digest = hashlib.sha256()
    for part in (bench.train, bench.validation, bench.test):
        digest.update(part.images.numpy().tobytes() + part.labels.numpy().tobytes())
    known = folder / "data.json"
    if not known.exists():
        write_json(known, {"name": bench.name, "sha256": digest.hexdigest()})
    elif _read(known)["sha256"] != digest.hexdigest():
        raise CourseError(f"{folder} holds runs on other images than those of {bench.name!r}; give another folder (--out).")


def _records(place: Path) -> list[Record]:
    found = []
    for path in sorted(place.glob("round-???.json")):
        value = _read(path)
        traces = _file(place, value["round"], "recording")
        masks = Masks.load(_file(place, value["round"], "masks"))
        found.append(Record.from_json(value, masks, recording.load(traces) if traces.exists() else None))
    return found


def _bench(curve: Mapping[str, Any]) -> Bench:
    return data.load(curve["data"], device=curve["device"], limit=curve["limit"])


def _model(curve: Mapping[str, Any], bench: Bench) -> nn.Module:
    return models.build(curve["model"], bench, seed=curve["seed"])


def _save_model(model: nn.Module, path: Path) -> None:
    with replacing(path) as temporary:
        save_file({name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}, temporary)


def _file(place: Path, number: int, what: str) -> Path:
    return place / f"round-{number:03d}.{what}.safetensors"


def _dense_folder(curve: Mapping[str, Any], folder: Path) -> Path:
    return folder / f"dense-{grid.identity(grid.dense(curve))}"


def _curve_folder(curve: Mapping[str, Any], folder: Path) -> Path:
    return folder / f"curve-{grid.identity(curve)}"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _map(function: functools.partial, items: list[Any], jobs: int) -> None:
    if jobs == 1 or len(items) == 1:
        for item in items:
            function(item)
        return
    import joblib

    before = os.environ.get("TQDM_DISABLE")
    os.environ["TQDM_DISABLE"] = "1"  # inherited by the workers: this process draws the one bar
    try:
        joblib.Parallel(n_jobs=jobs)(joblib.delayed(_worker)(function, item, os.getpid()) for item in items)
    finally:
        os.environ.pop("TQDM_DISABLE") if before is None else os.environ.update(TQDM_DISABLE=before)


def _worker(function: functools.partial, item: Any, parent: int) -> None:
    """Run in a process of joblib's, that ends with the one that started it: else two would write one curve."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    function(item)


@contextmanager
def _progress(curves: list[Mapping[str, Any]], folder: Path) -> Iterator[None]:
    """Draw a bar of finished rounds, as the store shows them, whichever process finishes them."""
    from tqdm.auto import tqdm

    over = threading.Event()
    places = [_curve_folder(curve, folder) for curve in curves]
    names = {place: f"{curve['method']} (seed {curve['seed']})" for place, curve in zip(places, curves, strict=True)}

    def finished() -> set[Path]:
        return {path for place in places for path in place.glob("round-???.json")}

    def draw() -> None:
        shown = finished()
        total = sum(curve["rounds"] for curve in curves)
        with tqdm(total=total, initial=len(shown), desc=folder.name, unit="round") as bar:
            ending = False
            while not ending:
                ending = over.wait(0.5)
                new = finished() - shown
                for path in sorted(new, key=lambda path: path.stat().st_mtime):
                    record = _read(path)
                    told = f"sparsity {record['sparsity']:.3f}, accuracy {record['accuracy']['tuned']:.3f}"
                    bar.write(f"{names[path.parent]}, round {record['round']}: {told} (validation)")
                bar.update(len(new))
                shown |= new

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
