"""The steps of a curve: pure functions from the files of the steps before to the files of this one.

A step runs in whatever process or on whatever machine, sees no shared folder, and depends on nothing but its arguments:

    dense_start     -> model.safetensors, record.json
    advance         -> one round: round-NNN.json and its model, masks (and recording)
                    -> then, where the curve asks for it, scratch.json and its model: the from-scratch control
                    -> then points.json: the test part has been read, once
                    -> or failed.json: why it could not go on
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

import course_lib
from course_lib import data, measure, models, pareto, train
from course_lib import slim as slimming
from course_lib.errors import CourseError
from course_lib.files import write_json
from course_lib.network import recording
from course_lib.network.masks import Masks
from course_lib.pruning.loop import Record, iterate
from course_lib.sweep import grid

if TYPE_CHECKING:
    from course_lib.data import Bench

Files = dict[str, bytes]  # name -> content
SCRATCH_SEED = 1000  # added to a curve's seed: other initial weights than the dense start had


def dense_start(curve: Mapping[str, Any], images: str) -> Files:
    """Train the dense model that a curve starts from. images: see `digest`."""
    with _workplace({}) as place, threads(curve["dense"]["threads"]):
        bench = _bench(curve, images)
        model, settings = _model(curve, bench), curve["dense"]
        history = train.fit(
            model, bench, settings["epochs"], seed=curve["seed"], precision=curve["precision"], **settings["fit"]
        )
        save(model, place / "model.safetensors")
        row = {"method": pareto.DENSE, "round": 0, "sparsity": 0.0, "unit_sparsity": 0.0, "status": "ok"}
        row |= {"val_accuracy": train.evaluate(model, bench), "pruned_accuracy": None, "images": history["images"]}
        row |= {"epochs": settings["epochs"], "seconds": history["seconds"]}
        plain = {"teacher": False, "rewind": False, "threads": settings["threads"]}
        row = _point(row, model, bench, {**curve, **plain}, Masks.dense(model))
        config = {
            **grid.dense(curve),
            "data": Path(curve["data"]).name,
        }  # records are committed, and paths are this machine's
        record = {"config": config, "row": row, "history": history, "machine": machine(curve["device"])}
        write_json(place / "record.json", record)
        return _files(place)


def advance(curve: Mapping[str, Any], images: str, start: Files, done: Files) -> Files:
    """Take the next step of a curve.

    Args:
        images: see `digest`.
        start: the files of its dense start.
        done: the curve's own files: every JSON; models and masks of the last round, or of all once the rounds are over.
    """
    with _workplace(done) as place, threads(curve["threads"]):
        try:
            bench, dense = _bench(curve, images), _dense(start)
            records = _records(place)
            if not (records and records[-1].last):
                _round(curve, bench, dense, place, records)
            elif curve["scratch"] and not (place / "scratch.json").exists():
                _scratch(curve, bench, dense, place, records)
            else:
                _finish(curve, bench, json.loads(start["record.json"]), place, records)
        except Exception as error:  # whatever it was, the other curves go on, and `table` says it
            reason = f"{type(error).__name__}: {error}"
            write_json(place / "failed.json", {"reason": reason, "traceback": traceback.format_exc()})
        return {name: content for name, content in _files(place).items() if done.get(name) != content}


def digest(bench: Bench) -> str:
    """Return the hash of a bench's images and labels: curves are named by the data's name, not by its content."""
    found = hashlib.sha256()
    for part in (bench.train, bench.validation, bench.test):
        found.update(part.images.cpu().numpy().tobytes() + part.labels.cpu().numpy().tobytes())
    return found.hexdigest()


def machine(device: str = "cpu") -> dict[str, str]:
    """Return what the numbers of a run on `device` may depend on, beside the configuration."""
    gpu = {"GPU": torch.cuda.get_device_name()} if device == "cuda" else {}
    on = {"processor": _processor(), "instructions": torch.backends.cpu.get_cpu_capability(), **gpu}
    return on | {"python": platform.python_version(), "torch": torch.__version__, "course_lib": course_lib.__version__}


def _round(curve: Mapping[str, Any], bench: Bench, dense: train.Snapshot, place: Path, records: list[Record]) -> None:
    model, after = _model(curve, bench), records[-1] if records else None
    initial = train.snapshot(model) if curve["rewind"] else None
    model.load_state_dict(load_file(_file(place, after.round, "model")) if after else dense)
    loop = {key: curve[key] for key in ("rounds", "epochs", "final_epochs", "schedule", "seed")}
    fit = _fit(curve, bench, dense)
    record = next(iterate(grid.pruner(curve), model, bench, **loop, rewind=initial, fit=fit, after=after, patience=None))
    save(model, _file(place, record.round, "model"))
    record.masks.save(_file(place, record.round, "masks"))
    if record.recording:
        recording.save(record.recording, _file(place, record.round, "recording"))
    write_json(place / f"round-{record.round:03d}.json", record.to_json())


def _scratch(curve: Mapping[str, Any], bench: Bench, dense: train.Snapshot, place: Path, records: list[Record]) -> None:
    """Train new weights under the masks of the curve's best point, as the curve trains, for that point's epochs in all."""
    best = best_of(records)
    model, masks = _new(curve, bench, best.masks), None if best.masks.units else best.masks
    epochs = curve["dense"]["epochs"] + best.epochs
    history = _fit(curve, bench, dense)(model, bench, epochs=epochs, masks=masks, seed=curve["seed"] + SCRATCH_SEED)
    save(model, place / "scratch.safetensors")
    facts = {"round": best.round, "epochs": epochs, "val_accuracy": train.evaluate(model, bench)}
    write_json(place / "scratch.json", facts | {key: history[key] for key in ("images", "seconds")})


def _new(curve: Mapping[str, Any], bench: Bench, masks: Masks) -> nn.Module:
    """Return new weights for the from-scratch control, without the units that are gone: they train alike, and faster."""
    model = models.build(curve["model"], bench, seed=curve["seed"] + SCRATCH_SEED)
    return slimming.slim(model, masks, bench.example) if masks.units else model


def _finish(curve: Mapping[str, Any], bench: Bench, start: Mapping[str, Any], place: Path, records: list[Record]) -> None:
    """Read the test accuracy of every point, once."""
    rows, model, before = [], _model(curve, bench), start["row"]["epochs"]
    for record in records:
        model.load_state_dict(load_file(_file(place, record.round, "model")))
        row = {"method": curve["method"], "round": record.round, "status": record.status}
        row |= {"sparsity": record.sparsity, "unit_sparsity": record.unit_sparsity}
        row |= {"val_accuracy": record.accuracy["tuned"], "pruned_accuracy": record.accuracy["pruned"]}
        row |= {"epochs": before + record.epochs, "seconds": record.seconds}
        row["images"] = round(record.epochs * len(bench.train))
        rows.append(_point(row, model, bench, curve, record.masks))
    if curve["scratch"]:
        facts, masks = json.loads((place / "scratch.json").read_text()), best_of(records).masks
        model = _new(curve, bench, masks)
        model.load_state_dict(load_file(place / "scratch.safetensors"))
        row = {"method": pareto.scratch_name(curve["method"]), "status": "ok", "pruned_accuracy": None}
        row |= {"sparsity": masks.sparsity, "unit_sparsity": masks.unit_sparsity}
        rows.append(_point(row | facts, model, bench, curve, masks, small=model))
    write_json(place / "points.json", {"rows": rows, "best": best_of(records).round, "machine": machine(curve["device"])})


def best_of(records: list[Record]) -> Record:
    """Return the record that `pareto.best` names: of those whose validation accuracy counts the highest score."""
    counted = [record for record in records if record.accuracy["tuned"] >= pareto.FLOOR] or records
    return max(counted, key=lambda record: (pareto.score(record.accuracy["tuned"], record.sparsity), record.sparsity))


def _point(
    row: dict[str, Any],
    model: nn.Module,
    bench: Bench,
    curve: Mapping[str, Any],
    masks: Masks,
    small: nn.Module | None = None,
) -> dict[str, Any]:
    """Return the whole row of one point: what was measured on the finished curve, its test accuracy last.

    small: the slimmed model, where it is at hand.
    """
    if small is None:
        small = slimming.slim(model, masks, bench.example) if masks.units else model
    row |= {"seed": curve["seed"], "kept_parameters": masks.kept_parameters, "macs": measure.macs(small, bench.example)}
    row["test_accuracy"] = train.evaluate(model, bench, "test")
    row["score"] = pareto.score(row["test_accuracy"], row["sparsity"])
    first = ["method", "seed", "round", "sparsity", "unit_sparsity", "kept_parameters", "macs", "epochs"]
    first += ["val_accuracy", "test_accuracy", "score"]
    settings = {key: curve[key] for key in ("model", "device", "precision", "threads", "teacher", "rewind")}
    settings |= {"data": bench.name, "test_images": len(bench.test)}
    return {key: row[key] for key in first} | {key: row[key] for key in row if key not in first} | settings


def _records(place: Path) -> list[Record]:
    """Return the finished rounds; those whose masks were not sent, all but the last, have none."""
    found = []
    for path in sorted(place.glob("round-???.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        masks, traces = _file(place, value["round"], "masks"), _file(place, value["round"], "recording")
        kept = Masks.load(masks) if masks.exists() else Masks({}, 1)
        found.append(Record.from_json(value, kept, recording.load(traces) if traces.exists() else None))
    return found


def _fit(curve: Mapping[str, Any], bench: Bench, dense: train.Snapshot) -> functools.partial:
    teacher = train.rewind(_model(curve, bench), dense) if curve["teacher"] else None
    return functools.partial(train.fit, precision=curve["precision"], teacher=teacher, **curve["fit"])


def load(config: Mapping[str, Any], device: str) -> Bench:
    """Return the images that a grid or curve names."""
    return data.load(
        config["data"], device=device, limit=config["limit"], size=config.get("size"), classes=config.get("classes")
    )


@functools.lru_cache(maxsize=1)
def _load(config: str) -> tuple[Bench, str]:
    """config: what decides which images they are, as JSON."""
    named = json.loads(config)
    bench = load(named, named["device"])
    return bench, digest(bench)


def _bench(curve: Mapping[str, Any], images: str) -> Bench:
    named = {key: curve.get(key) for key in ("device", "limit", "size", "classes")} | {"data": str(curve["data"])}
    bench, found = _load(json.dumps(named))
    if found != images:
        raise CourseError(
            f"{curve['data']!r} holds other images here, on {platform.node()}, than where the run was started."
        )
    return bench


def _model(curve: Mapping[str, Any], bench: Bench) -> nn.Module:
    return models.build(curve["model"], bench, seed=curve["seed"])


def save(model: nn.Module, path: Path) -> None:
    """Write the weights and buffers of `model` as safetensors, which knows one layout of memory only."""
    save_file({name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}, path)


def _dense(start: Files) -> train.Snapshot:
    from safetensors.torch import load

    return load(start["model.safetensors"])


def _file(place: Path, number: int, what: str) -> Path:
    return place / f"round-{number:03d}.{what}.safetensors"


@contextmanager
def _workplace(files: Files) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="course-") as name:
        for file, content in files.items():
            (Path(name) / file).write_bytes(content)
        yield Path(name)


def _files(place: Path) -> Files:
    return {path.name: path.read_bytes() for path in place.iterdir()}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use `count` threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
