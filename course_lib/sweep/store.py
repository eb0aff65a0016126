"""Where the runs of one grid lie, and which of them are finished.

store/GRID/   store.json: the version, images and device of all its runs
              dense-seedS-HASH/ and METHOD-seedS-HASH/: the files of `steps`, each JSON written after what it speaks of
records/      what is committed: dense-seedS-HASH.json and .safetensors, and one METHOD-seedS-HASH.json a finished
              curve (configuration, rounds without masks, points). A study goes on from these on another machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_lib.errors import CourseError
from course_lib.files import replacing, write_json, write_text
from course_lib.sweep import grid, pace
from course_lib.sweep.steps import Files

Curve = Mapping[str, Any]


class Store:
    """The runs of a checked grid in `folder`, with the committed ones in `records`, if that is given."""

    def __init__(self, folder: Path, records: Path | None = None) -> None:
        self.folder, self.records = folder, records

    def must_match(self, name: str | Path, images: str, device: str | None = None) -> None:
        """Refuse a store of another version, other images (see `steps.digest`) or another device; mark a new one.

        device: None if nothing is to run; then any device will do and nothing is marked.
        """
        mine = {"version": grid.VERSION, "data": Path(name).name, "images": images, "device": device}
        marks = [place / "store.json" for place in (self.folder, self.records) if place]
        for known in marks:
            found = _read(known) if known.exists() else mine
            for key, said in {"version": "of version", "images": "on the images", "device": "on the device"}.items():
                here, there = repr(mine[key]), repr(found.get(key))
                if here != there and (key != "device" or device):
                    raise CourseError(
                        f"{known.parent} holds runs {said} {there}; these would be {said} {here}: give another folder."
                    )
        for new in (known for known in marks if device and not known.exists()):
            write_json(new, mine)

    def has_start(self, curve: Curve) -> bool:
        """Whether the dense start of a curve is there; a committed one is brought into the store."""
        place, name = self._start(curve), _start_name(curve)
        weights = self.records / f"{name}.safetensors" if self.records else None
        record = weights.with_suffix(".json") if weights else None
        if not (place / "record.json").exists() and weights and record and weights.exists() and record.exists():
            self._put(place, {"model.safetensors": weights.read_bytes(), "record.json": record.read_bytes()})
        return (place / "record.json").exists()

    def is_over(self, curve: Curve) -> bool:
        """Whether a curve is finished or has failed, here or in the committed records."""
        return self.points(curve) is not None or (self._curve(curve) / "failed.json").exists()

    def points(self, curve: Curve) -> list[dict[str, Any]] | None:
        """Return the rows of a finished curve, or None."""
        committed = self.records / f"{_name(curve)}.json" if self.records else None
        if committed and committed.exists():
            return _read(committed)["rows"]
        local = self._curve(curve) / "points.json"
        return _read(local)["rows"] if local.exists() else None

    def finished(self, curve: Curve) -> list[dict[str, Any]] | None:
        """Return the rounds of a finished curve, without masks, or None."""
        committed = self.records / f"{_name(curve)}.json" if self.records else None
        if committed and committed.exists():
            return _read(committed)["rounds"]
        return self.rounds(curve) if self.points(curve) is not None else None

    def curves(self, full: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the configurations of a checked grid's curves, at another's pace where that is known here."""
        return pace.resolved(grid.curves(full), self.finished)

    def best_files(self, curve: Curve) -> Files:
        """Return the network of a finished curve's best point as "model", and its masks as "masks".

        Raises:
            CourseError: if the curve was finished elsewhere: committed records have no networks.
        """
        place = self._curve(curve)
        if not (place / "points.json").exists():
            raise CourseError(
                f"the networks of {curve['method']}, seed {curve['seed']}, are not in {self.folder}: give the folder "
                "where it ran."
            )
        number = _read(place / "points.json")["best"]
        return {what: (place / f"round-{number:03d}.{what}.safetensors").read_bytes() for what in ("model", "masks")}

    def failure(self, curve: Curve) -> str | None:
        """Return why a curve failed, or None."""
        path = self._curve(curve) / "failed.json"
        return _read(path)["reason"] if path.exists() else None

    def forget_failure(self, curve: Curve) -> None:
        """Let a failed curve be tried again."""
        (self._curve(curve) / "failed.json").unlink(missing_ok=True)

    def dense_row(self, curve: Curve) -> dict[str, Any] | None:
        """Return the row of a finished dense start, or None."""
        committed = self.records / f"{_start_name(curve)}.json" if self.records else None
        for path in (committed, self._start(curve) / "record.json"):
            if path and path.exists():
                return _read(path)["row"]
        return None

    def rounds(self, curve: Curve) -> list[dict[str, Any]]:
        """Return the finished rounds of a curve, without masks."""
        return [_read(path) for path in sorted(self._curve(curve).glob("round-???.json"))]

    def start_files(self, curve: Curve) -> Files:
        """Return the files of a curve's dense start."""
        return {path.name: path.read_bytes() for path in self._start(curve).iterdir() if path.suffix != ".part"}

    def curve_files(self, curve: Curve) -> Files:
        """Return what the next step needs: all JSON, and the tensors of the last round, or of all rounds after the last."""
        place, rounds = self._curve(curve), self.rounds(curve)
        if not rounds:
            return {}
        wanted = "*" if rounds[-1]["last"] else f"round-{rounds[-1]['round']:03d}.*"
        paths = {*place.glob("*.json"), *place.glob(f"{wanted}.safetensors")} - {place / "config.json"}
        return {path.name: path.read_bytes() for path in sorted(paths)}

    def put_start(self, curve: Curve, files: Files) -> None:
        """Keep a finished dense start; refuse it if finished curves started from one that differs."""
        self._refuse_another_start(curve, json.loads(files["record.json"])["row"])
        self._put(self._start(curve), files)
        self.publish(curve)

    def put(self, curve: Curve, files: Files) -> None:
        """Keep what a step of a curve gave. Of a finished curve only the best point's model is kept."""
        place = self._curve(curve)
        self._put(place, {"config.json": json.dumps(dict(curve), indent=1).encode(), **files})
        if "points.json" in files:
            ended = json.loads(files["points.json"])
            for path in {*place.glob("*.model.safetensors")} - {place / f"round-{ended['best']:03d}.model.safetensors"}:
                path.unlink()
            self.publish(curve)

    def publish(self, curve: Curve) -> None:
        """Write what the committed records lack of a finished curve and its dense start, perhaps because of a kill."""
        records = self.records
        if not records:
            return
        start, record = self._start(curve), records / f"{_start_name(curve)}.json"
        if (start / "record.json").exists():
            self._refuse_another_start(curve, _read(start / "record.json")["row"])
        if (start / "record.json").exists() and not record.exists():
            self._mark_records(records)
            with replacing(record.with_suffix(".safetensors")) as temporary:
                temporary.write_bytes((start / "model.safetensors").read_bytes())
            write_text(record, (start / "record.json").read_text(encoding="utf-8"))
        points, record = self._curve(curve) / "points.json", records / f"{_name(curve)}.json"
        if points.exists() and not record.exists():
            self._mark_records(records)
            plain = {**curve, "data": Path(curve["data"]).name}
            whole = {"config": plain, "rounds": self.rounds(curve), **_read(points)}
            write_text(record, json.dumps(whole, allow_nan=False) + "\n")

    def _mark_records(self, records: Path) -> None:
        """Let the records say where they come from, as the store does."""
        own, mark = self.folder / "store.json", records / "store.json"
        if own.exists() and not mark.exists():
            write_json(mark, _read(own))

    def fail(self, curve: Curve, reason: str) -> None:
        """Write down why a curve cannot go on."""
        write_json(self._curve(curve) / "failed.json", {"reason": reason})

    def _refuse_another_start(self, curve: Curve, row: Mapping[str, Any]) -> None:
        known = self.dense_row(curve)
        if known and (known["val_accuracy"], known["test_accuracy"]) != (row["val_accuracy"], row["test_accuracy"]):
            raise CourseError(
                f"the dense start of seed {curve['seed']} came out at {row['val_accuracy']} (validation) here, but finished "
                f"curves in {self.records} started from one at {known['val_accuracy']}: give another folder of results."
            )

    def _put(self, place: Path, files: Files) -> None:
        for name in sorted(files, key=lambda name: name.endswith(".json")):
            with replacing(place / name) as temporary:
                temporary.write_bytes(files[name])

    def _start(self, curve: Curve) -> Path:
        return self.folder / _start_name(curve)

    def _curve(self, curve: Curve) -> Path:
        return self.folder / _name(curve)


def _start_name(curve: Curve) -> str:
    return f"dense-seed{curve['seed']}-{grid.identity(grid.dense(curve))}"


def _name(curve: Curve) -> str:
    words = re.sub(r"[^a-z0-9.]+", "-", curve["method"].lower()).strip("-.")
    return f"{words}-seed{curve['seed']}-{grid.identity(curve)}"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
