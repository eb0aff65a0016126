"""A board from files to files: each file of weights looked at once, all networks timed together, then the pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from torch import nn

from course_lib import capstone, measure, models
from course_lib.capstone import Entry, Measures
from course_lib.capstone.entries import built
from course_lib.errors import CourseError
from course_lib.files import reason, write_json
from course_lib.grading.board import gathering, pages
from course_lib.grading.board.gathering import HandedIn
from course_lib.grading.board.judging import Judge
from course_lib.grading.board.rows import Row, ranked
from course_lib.grading.sandbox import isolation
from course_lib.words import number_of

if TYPE_CHECKING:
    from course_lib.data import Bench

VERSION = 1  # of what is counted; another one looks at every file again
ROOM = 1 << 20  # bytes that a file's header may take beside the weights
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Board:
    """Where a board is kept and what it is of. model: the network that everybody prunes. most: bytes of a file."""

    out: Path
    bench: Bench
    model: str
    unsafe: bool

    @property
    def most(self) -> int:
        """A dense network in float64: so that a wrong type is called by its name."""
        return 2 * measure.tensor_bytes(self.dense()) + ROOM

    def dense(self) -> nn.Module:
        """The network that everybody prunes, with its first weights."""
        return models.of_shape(self.model, self.bench.shape, self.bench.num_classes)

    def judge(self, split: str) -> Judge:
        """Return the sandbox for a part of the data."""
        look = capstone.look(self.bench, split)
        return Judge(self.model, self.bench.shape, self.bench.num_classes, look, self.most, self.unsafe)


def leaderboard(
    folder: Path, out: Path, bench: Bench, model: str = "mlp", final: bool = False, unsafe: bool = False,
    tell: Tell = lambda _: None,
) -> list[Row]:  # fmt: skip
    """Look at every file in `folder`, write leaderboard.html and leaderboard.csv into `out`, and return the rows.

    Accuracies are of validation images, so that a board that is resubmitted to does not use the test images up. What is
    finished is kept in `out`: a call that was killed goes on, and a file that did not change is not looked at again.

    Args:
        bench: the data. model: the network of the course that everybody prunes.
        final: read the test images as well, once for each student who is ranked: the number is kept and never read again.
        unsafe: without isolation, where a machine has none. tell: is given a sentence about each file that is looked at.

    Raises:
        CourseError: for what is missing or wrong before anything is looked at, and for a disk that is full.
    """
    if not unsafe and (lack := isolation.missing()):
        raise CourseError(
            f"files cannot be isolated here: {lack} (--unsafe looks at them without: only for files you trust.)"
        )
    if out.resolve().is_relative_to(folder.resolve()):
        raise CourseError(f"--out {out} was given; it lies in {folder}, where it would be taken for a student.")
    board, found = Board(out, bench, model, unsafe), gathering.gather(folder)
    with _alone(out):
        _must_be_of(board)
        rows = _looked_at(board, found, tell)
        rows = _timed(board, rows, tell)
        rows = _with_test(board, rows, final, tell)
        rows = ranked(rows)
        pages.write(rows, out, bench.name, model)
    return rows


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Let one call at a time write into a folder, and say in a sentence what a disk has against it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with FileLock(out / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise CourseError(f"another call is writing into {out}; wait for it, or stop it.") from error
    except OSError as error:
        raise CourseError(
            f"the board cannot be written into {out}: {reason(error)}; when that is mended, call it again: what is finished "
            "is kept."
        ) from error


def _kept(path: Path) -> dict[str, Any]:
    """Return what an earlier call wrote, {} where there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _must_be_of(board: Board) -> None:
    """Refuse a folder that holds another board; else note whose this is."""
    images = hashlib.sha256(board.bench.validation.images.cpu().numpy().tobytes()).hexdigest()[:16]
    ours = {"version": VERSION, "data": board.bench.name, "images": images, "model": board.model}
    path = board.out / "board.json"
    before = _kept(path)
    if before and (before.get("images"), before.get("model")) != (images, board.model):
        raise CourseError(
            f"--out {board.out} holds a board of {before.get('model')} on {before.get('data')}; this one is of "
            f"{board.model} on {board.bench.name}: give it another folder."
        )
    if before.get("version") != VERSION:
        for old in (board.out / "entries").glob("*.json"):
            old.unlink()
    if before != ours:
        write_json(path, ours)


def _looked_at(board: Board, found: Sequence[HandedIn], tell: Tell) -> list[Row]:
    """Return a row for each student; a file that was looked at before is not opened in a sandbox again."""
    rows = []
    with board.judge("validation") as judge:
        for one in found:
            row, new = _row(board, one, judge)
            rows.append(row)
            if new:
                tell(f"{one.student}: {row.entry}")
    return rows


def _row(board: Board, one: HandedIn, judge: Judge) -> tuple[Row, bool]:
    """Return a student's row, and whether a file was looked at for it now."""
    if one.path is None:
        return Row(one.student, one.name, "", Entry(None, one.problem, one.notes)), False
    try:
        data = gathering.read(one.path, board.most)
    except CourseError as error:
        return Row(one.student, one.name, "", Entry(None, str(error), one.notes)), False
    digest, path = hashlib.sha256(data).hexdigest(), board.out / "entries" / f"{one.student}.json"
    before = _kept(path)
    if before.get("file") == digest and (entry := _entry(before)) is not None:
        return Row(one.student, one.name, digest, replace(entry, notes=(*entry.notes, *one.notes)), one.path), False
    try:
        entry = judge.judge(data)
        write_json(path, {"file": digest, **asdict(entry)})
    except CourseError as error:  # a limit: it may have been the machine's fault, so the next call tries again
        entry = Entry(None, str(error))
    return Row(one.student, one.name, digest, replace(entry, notes=(*entry.notes, *one.notes)), one.path), True


def _entry(kept: dict[str, Any]) -> Entry | None:
    """Return the entry that an earlier call wrote, None where somebody wrote in it."""
    try:
        counted = Measures(**kept["measures"]) if kept["measures"] else None
        return Entry(counted, str(kept["problem"]), tuple(map(str, kept["notes"])))
    except (KeyError, TypeError):
        return None


def _timed(board: Board, rows: Sequence[Row], tell: Tell) -> list[Row]:
    """Return the rows with the time of their networks: all widths together, and again only when there are new ones.

    Time depends on widths alone: networks of the same widths share it, and no stranger's weights are run for it.
    """
    widths = {row.shape: row.entry.measures.widths for row in rows if row.entry.measures and row.entry.measures.ranked}
    path, dense = board.out / "times.json", board.dense()
    times = {shape: pair for shape, pair in _kept(path).items() if _is_pair(pair)}
    if not set(widths) <= set(times):
        networks = {shape: net for shape, found in widths.items() if (net := built(dense, found)) is not None}
        tell(f"timing {number_of(len(networks), 'network')} in turns, beside the dense {board.model}")
        times = {key: list(pair) for key, pair in capstone.ratios(networks, dense, board.bench.example.cpu()).items()}
        write_json(path, times)
    return [
        replace(row, time=(times[row.shape][0], times[row.shape][1])) if row.shape in times and row.shape in widths else row
        for row in rows
    ]


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(number, float) for number in value)


def _with_test(board: Board, rows: Sequence[Row], final: bool, tell: Tell) -> list[Row]:
    """Return the rows with the test accuracy of each student that was ever read; read it where it never was and `final`."""
    done, waiting = [], []
    for row in rows:
        path = _final(board, row)
        kept = _kept(path)
        if path.exists() and not (isinstance(kept.get("accuracy"), float) and isinstance(kept.get("file"), str)):
            raise CourseError(
                f"{path} cannot be understood: it says what the test images gave, once; put it back, or delete it."
            )
        done.append(_told(row, kept) if kept else row)
        if final and not kept and row.entry.measures and row.entry.measures.ranked:
            waiting.append(row.student)
    if not waiting:
        return done
    with board.judge("test") as judge:
        return [_read_once(board, row, judge, tell) if row.student in waiting else row for row in done]


def _final(board: Board, row: Row) -> Path:
    return board.out / "final" / f"{row.student}.json"


def _read_once(board: Board, row: Row, judge: Judge, tell: Tell) -> Row:
    """Read a student's test accuracy, keep it for good, and return the row with it."""
    path = row.path_of_weights
    try:
        data = gathering.read(path, board.most) if path else b""
        if hashlib.sha256(data).hexdigest() != row.file:
            raise CourseError("the file changed while the board was made.")
        counted = judge.judge(data).measures
        if counted is None:
            raise CourseError("it was refused on test images.")
    except CourseError as error:
        return replace(row, remarks=(*row.remarks, f"test images were not read: {error}"))
    kept = {"file": row.file, "accuracy": counted.accuracy, "images": counted.images}
    write_json(_final(board, row), kept)
    tell(f"{row.student}: test images read, once")
    return _told(row, kept)


def _told(row: Row, kept: dict[str, Any]) -> Row:
    other = "the test accuracy is of an earlier file: test images are read once." if kept["file"] != row.file else ""
    return replace(row, test=float(kept["accuracy"]), remarks=(*row.remarks, other) if other else row.remarks)
