"""The leaderboard: honest files are counted by us, hostile ones get one plain line, nothing finished is lost."""

from __future__ import annotations

import copy
import csv
import json
import os
import pickle
import shutil
import struct
import zipfile

import pytest
import torch
from safetensors.torch import save, save_file
from typer.testing import CliRunner

from course_lib import capstone, data, measure, models, pareto, slim, train
from course_lib.capstone.examining import examine
from course_lib.command import cli
from course_lib.errors import CourseError
from course_lib.grading.board import gathering, leaderboard, pages
from course_lib.grading.board.rows import Row, ranked
from course_lib.grading.board.run import Board
from course_lib.grading.sandbox import isolation
from course_lib.pruning import L1NormPruner, MagnitudePruner

isolated = pytest.mark.skipif(bool(isolation.missing()), reason="no sandbox here")


@pytest.fixture(scope="module")
def bench():
    return data.load("fashion-mini", device="cpu", limit=600)


@pytest.fixture(scope="module")
def net(bench):
    model = models.build("mlp", bench)
    train.fit(model, bench, 6, batch_size=32, lr=2e-3)
    assert train.evaluate(model, bench) > pareto.FLOOR + 0.03
    return model


@pytest.fixture(scope="module")
def masks(net, bench):
    return MagnitudePruner(0.3).masks(net, bench)


def state(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def put(tensors, path, **said):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, said or None)


def with_(net, name, value):
    return state(net) | {name: value}


def raw(header, rest=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


# --- the file that is handed in ------------------------------------------------------------------------------------------


def test_a_masked_and_a_slimmed_network_are_handed_in_by_one_format_and_read_back_to_the_bit(net, bench, masks, tmp_path):
    masked = masks.apply_(copy.deepcopy(net)).eval()
    capstone.hand_in(net, masks, tmp_path / "a.safetensors")
    again = slim.load(tmp_path / "a.safetensors", dense=models.build("mlp", bench))
    assert torch.equal(again(bench.example), masked(bench.example))
    units = L1NormPruner(0.5, unit="neuron").masks(net, bench)
    small = slim.slim(net, units, bench.example).eval()
    capstone.hand_in(small, None, tmp_path / "b.safetensors")
    again = slim.load(tmp_path / "b.safetensors", dense=models.build("mlp", bench))
    assert torch.equal(again(bench.example), small(bench.example))


def test_handing_in_leaves_the_network_as_it_is_and_refuses_another_ending(net, masks, tmp_path):
    before = state(net)
    capstone.hand_in(net, masks, tmp_path / "a.safetensors")
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    with pytest.raises(CourseError, match="ends in"):
        capstone.hand_in(net, masks, tmp_path / "a.pt")


def test_what_is_checked_at_home_is_what_the_weights_say(net, bench, masks, tmp_path):
    path = tmp_path / "ann.safetensors"
    capstone.hand_in(net, masks, path)
    entry = capstone.check(path, bench)
    masked = masks.apply_(copy.deepcopy(net))
    assert entry.measures.sparsity == pytest.approx(masks.sparsity)
    assert entry.measures.accuracy == pytest.approx(train.evaluate(masked, bench))
    assert entry.measures.score == pytest.approx(pareto.score(entry.measures.accuracy, masks.sparsity))
    assert entry.measures.macs_ratio == 1
    assert "score" in repr(entry)


def test_units_that_were_cut_out_count_for_sparsity_and_for_macs(net, bench, tmp_path):
    units = L1NormPruner(0.5, unit="neuron").masks(net, bench)
    small = slim.slim(net, units, bench.example)
    capstone.hand_in(small, None, tmp_path / "a.safetensors")
    counted = capstone.check(tmp_path / "a.safetensors", bench).measures
    assert counted.sparsity == pytest.approx(units.sparsity)
    assert counted.macs == measure.macs(small, bench.example)
    assert counted.macs_ratio < 0.6


# --- hostile files, one at a time and without a sandbox -----------------------------------------------------------------


def problem(bench, data):
    found = examine(data, "mlp", bench.shape, bench.num_classes, bench.example)
    return found.get("problem", "")


NAN, INF = float("nan"), float("inf")
SPOILED = {
    "NaN": ("head.bias", lambda t: t * NAN, "head.bias holds NaN or infinity"),
    "Inf": ("hidden1.weight", lambda t: t / 0, "hidden1.weight holds NaN or infinity"),
    "float64": ("head.bias", lambda t: t.double(), "head.bias is of the type float64; float32 is expected"),
    "float16": ("head.weight", lambda t: t.half(), "is of the type float16"),
    "int8": ("head.weight", lambda t: t.to(torch.int8), "is of the type int8"),
    "bool": ("head.weight", lambda t: t > 0, "is of the type bool"),
    "complex": ("head.weight", lambda t: t.to(torch.complex64), "is of the type complex64"),
    "wider": ("hidden1.weight", lambda t: torch.cat([t, t]), "nothing can be added"),
    "no row": ("hidden1.weight", lambda t: t[:0], "of which something has to be left"),
    "flat": ("hidden1.weight", lambda t: t.flatten()[:5], "has the shape (5,)"),
    "a row less": ("hidden1.weight", lambda t: t[:-1], "do not fit together"),
    "a class less": ("head.weight", lambda t: t[:-1], "do not fit together"),
    "overflowing": ("head.weight", lambda t: torch.full_like(t, 3e38), "outputs are NaN or infinite"),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_a_spoiled_tensor_is_refused_by_its_name(kind, net, bench):
    name, spoil, sentence = SPOILED[kind]
    found = problem(bench, save(with_(net, name, spoil(net.state_dict()[name]).contiguous())))
    assert sentence in found and "\n" not in found


def test_fewer_classes_are_refused(net, bench):
    tensors = state(net) | {name: net.state_dict()[name][:-1].clone() for name in ("head.weight", "head.bias")}
    assert "tells 9 classes apart; this board has 10" in problem(bench, save(tensors))


def test_wrong_names_are_refused_and_shown_on_one_short_line(net, bench):
    tensors = state(net)
    assert "head.bias is missing" in problem(bench, save({k: v for k, v in tensors.items() if k != "head.bias"}))
    found = problem(bench, save(tensors | {"<b>\n=cmd|\u202e" + "x" * 999: torch.ones(1)}))
    assert "it has a tensor" in found and "<" not in found and "\n" not in found and len(found) < 200
    other = {name: tensor.contiguous() for name, tensor in models.build("cnn", bench).state_dict().items()}
    assert "it is no mlp, the network of this board" in problem(bench, save(other))


class Nasty:
    def __reduce__(self):
        return os.system, ("touch /tmp/eight-was-here",)


BYTES = {
    "empty": (b"", "the file is empty"),
    "a few bytes": (b"abc", "cut short, or no safetensors file"),
    "2 GB header": (struct.pack("<Q", 2 << 30) + b"{}", "its header claims 2,147,483,648 bytes, and the whole file has 10"),
    "2**64 header": (b"\xff" * 64, "cut short, or no safetensors file"),
    "no JSON": (raw(b"{nonsense"), "its header does not describe what follows"),
    "a list": (raw([1, 2]), "its header does not describe what follows"),
    "deep JSON": (raw(b"[" * 100_000), "its header does not describe what follows"),
    "huge tensor": (
        raw({"head.bias": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}, bytes(8)),
        "whole",
    ),
    "overlapping": (
        raw(
            {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for name in ("head.bias", "hidden1.bias")},
            bytes(8),
        ),
        "its header does not describe what follows",
    ),
    "negative": (raw({"head.bias": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, bytes(4)), "does not describe"),
    "no tensors": (raw({}), "head.bias is missing"),
    "pickle": (pickle.dumps(Nasty(), 2), "a pickle; such files can run code and are not opened"),
    "zip": (b"PK\x03\x04" + bytes(64), "a zip archive, as torch.save writes it"),
    "text": (b"accuracy: 1.0, sparsity: 0.999\n" * 9, "no safetensors file"),
}


@pytest.mark.parametrize("kind", BYTES)
def test_bytes_that_are_no_file_of_weights_are_refused_in_words(kind, bench):
    content, sentence = BYTES[kind]
    found = problem(bench, content)
    assert sentence in found and found.endswith(".")
    assert not os.path.exists("/tmp/eight-was-here")


def test_a_file_that_is_cut_short_or_changed_is_refused(net, bench, masks, tmp_path):
    capstone.hand_in(net, masks, tmp_path / "a.safetensors")
    whole = (tmp_path / "a.safetensors").read_bytes()
    assert problem(bench, whole[:-5]) != ""
    assert problem(bench, whole[: len(whole) // 2]) != ""
    changed = bytearray(whole)
    changed[-3] ^= 1
    assert "changed or damaged" in problem(bench, bytes(changed))


def test_sparsity_is_counted_from_the_weights_whatever_the_file_claims(net, bench, masks, tmp_path):
    path = tmp_path / "a.safetensors"
    claimed = {f"kept/{name}": torch.zeros_like(p, dtype=torch.bool) for name, p in net.named_parameters()}
    put(state(net) | claimed, path, sparsity="0.999", accuracy="1.0")
    entry = capstone.check(path, bench)
    assert entry.measures.sparsity < 0.001
    assert "not read" in entry.remark and "masks in the file are not applied" in entry.remark
    zeros = masks.apply_(copy.deepcopy(net))
    put({k: torch.where(v == 0, torch.tensor(-0.0), v) for k, v in state(zeros).items()}, path)
    assert capstone.check(path, bench).measures.sparsity == pytest.approx(masks.sparsity)  # -0 is 0 as well
    put({k: torch.where(v == 0, torch.tensor(1e-42), v) for k, v in state(zeros).items()}, path)
    assert capstone.check(path, bench).measures.sparsity < 0.001  # the smallest of numbers is none


def test_below_the_floor_there_is_no_score_and_no_place(net, bench, tmp_path):
    put({name: torch.zeros_like(tensor) for name, tensor in state(net).items()}, tmp_path / "a.safetensors")
    entry = capstone.check(tmp_path / "a.safetensors", bench)
    assert entry.measures.score == 0 and "below the floor of 0.60: not ranked" in entry.remark
    (row,) = ranked([Row("ann", "ann", "", entry)])
    assert row.score_place is None and row.macs_place is None


@pytest.mark.parametrize(
    "answer",
    [{}, {"predictions": 3}, {"problem": 7}, "predictions", "kept", "widths", "keys", "wide", "unfit"],
    ids=str,
)
def test_what_a_sandbox_answers_is_not_believed_unseen(answer, net, bench):
    good = {"predictions": torch.zeros(600, dtype=torch.int64), "nonzeros": 5, "notes": []}
    good["widths"] = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
    wrong = {
        "predictions": torch.zeros(3),
        "kept": -1,
        "widths": None,
        "keys": {},
        "wide": good["widths"] | {"head.bias": [99]},
        "unfit": good["widths"] | {"hidden1.weight": [5, 784], "hidden1.bias": [5]},
    }
    if isinstance(answer, str):
        key = {"kept": "nonzeros", "keys": "widths", "wide": "widths", "unfit": "widths"}.get(answer, answer)
        answer = good | {key: wrong[answer]}
    labels = torch.zeros(600, dtype=torch.int64)
    entry = capstone.measures(answer, labels, "mlp", bench.shape, bench.num_classes)
    assert entry.measures is None and "no result" in entry.problem
    assert capstone.measures(good, labels, "mlp", bench.shape, bench.num_classes).measures.accuracy == 1


# --- whose a file is ----------------------------------------------------------------------------------------------------


def found(folder):
    return {one.student: one for one in gathering.gather(folder)}


def test_folders_flat_files_and_a_platforms_files_are_understood(tmp_path):
    for name in ("ann/my net.safetensors", "bob.safetensors", "leecarl_123_456_net.safetensors", "d/deep/er/x.SAFETENSORS"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "Zoë_08_capstone.safetensors").write_bytes(b"x")
    (tmp_path / "roster.csv").write_text("student\n")
    (tmp_path / ".DS_Store").write_text("")
    (tmp_path / "ann" / "._my net.safetensors").write_text("macOS's own")
    (tmp_path / "._bob.safetensors").write_text("macOS's own")
    (tmp_path / ".hidden.safetensors").write_bytes(b"x")
    here = found(tmp_path)
    (hidden,) = set(here) - {"ann", "bob", "leecarl_123", "d", "Zoë"}
    assert hidden.startswith("hidden") and not here["ann"].notes
    assert all(one.path and not one.problem for one in here.values())


def test_what_is_no_regular_file_gets_a_line_and_is_not_opened(tmp_path):
    for name in ("link", "folder", "empty", "pipe", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "link" / "x.safetensors").symlink_to("/etc/passwd")
    (tmp_path / "folder" / "x.safetensors").mkdir()
    os.mkfifo(tmp_path / "pipe" / "x.safetensors")
    (tmp_path / "other" / "weights.zip").write_bytes(b"PK")
    (tmp_path / "linked").symlink_to(tmp_path / "other")
    (tmp_path / "flat.safetensors").mkdir()
    here = found(tmp_path)
    sentences = {
        "link": "a link; links are not followed",
        "folder": "a folder, not a file",
        "flat": "a folder, not a file",
        "empty": "found: nothing",
        "pipe": "a pipe, a socket or a device",
        "other": "found: weights.zip",
        "linked": "found: linked",
    }
    assert set(here) == set(sentences)
    for student, sentence in sentences.items():
        assert here[student].path is None and sentence in here[student].problem


def test_of_a_student_who_is_there_twice_one_file_counts_and_nobody_takes_anothers_place(tmp_path):
    for name in ("ann/net.safetensors", "ann.safetensors", "bob/ann.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    here = found(tmp_path)
    assert set(here) == {"ann", "bob"}
    assert here["ann"].path == tmp_path / "ann" / "net.safetensors"
    assert here["ann"].notes == ("of 2 files net.safetensors was taken, not ann.safetensors.",)
    assert here["bob"].path == tmp_path / "bob" / "ann.safetensors" and not here["bob"].notes


def test_a_link_that_took_a_files_place_is_not_followed_and_a_large_file_is_not_read(tmp_path):
    (tmp_path / "x").symlink_to("/etc/passwd")
    with pytest.raises(CourseError, match="cannot be opened"):
        gathering.read(tmp_path / "x", 100)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CourseError, match="it is no file"):
        gathering.read(tmp_path / "pipe", 100)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(CourseError, match=r"has 3,221,225,472 bytes; no pruned network of this board has more than 100"):
        gathering.read(tmp_path / "large", 100)


def test_an_empty_folder_and_none_are_refused_in_words(tmp_path, bench):
    with pytest.raises(CourseError, match="not a folder"):
        gathering.gather(tmp_path / "none")
    with pytest.raises(CourseError, match="no file of weights"):
        gathering.gather(tmp_path)
    with pytest.raises(CourseError, match="would be taken for a student"):
        leaderboard(tmp_path, tmp_path / "out", bench, unsafe=True)


# --- the boards ---------------------------------------------------------------------------------------------------------


def test_equal_entries_share_a_place_and_pages_run_nothing(bench, net, tmp_path):
    put(state(net), tmp_path / "a.safetensors")
    entry = capstone.check(tmp_path / "a.safetensors", bench)
    rows = ranked([Row(name, "<script>=1+1", "f", entry) for name in ("=b", "<a>")])
    assert [row.score_place for row in rows] == [row.macs_place for row in rows] == [1, 1]
    page = pages.page(rows, "fashion", "mlp")
    assert "<a>" not in page and "&lt;a&gt;" in page and "The same file" in page
    pages.write(rows, tmp_path, "fashion", "mlp")
    assert "\n'=b,'<script>" not in (tmp_path / "leaderboard.csv").read_text()
    assert "'=b" in (tmp_path / "leaderboard.csv").read_text()


def test_networks_are_timed_in_turns_beside_the_reference(bench, net):
    small = slim.slim(net, L1NormPruner(0.9, unit="neuron").masks(net, bench), bench.example)
    times = capstone.ratios({"small": small, "dense": net}, net, bench.example, rounds=3)
    assert set(times) == {"small", "dense"} and all(ms > 0 and ratio > 0 for ms, ratio in times.values())


@pytest.fixture(scope="module")
def handed_in(net, bench, masks, tmp_path_factory):
    """Two honest students and twelve hostile ones."""
    folder = tmp_path_factory.mktemp("class")
    (folder / "ann").mkdir()
    capstone.hand_in(net, masks, folder / "ann" / "net.safetensors")
    small = slim.slim(net, L1NormPruner(0.25, unit="neuron").masks(net, bench), bench.example)
    capstone.hand_in(small, None, folder / "bob.safetensors")
    hostile = tmp_path_factory.mktemp("hostile")
    put(state(net), hostile / "false-sparsity" / "x.safetensors", sparsity="0.999")
    put(with_(net, "head.bias", net.head.bias.detach() * NAN), hostile / "nan.safetensors")
    with (hostile / "huge.safetensors").open("wb") as file:
        file.truncate(5 << 30)
    put({"layer": torch.ones(3)}, hostile / "names.safetensors")
    (hostile / "pickle.safetensors").write_bytes(pickle.dumps(Nasty(), 2))
    (hostile / "ann.safetensors").write_bytes(b"not ann's")
    (hostile / "empty.safetensors").write_bytes(b"")
    (hostile / "header.safetensors").write_bytes(BYTES["2 GB header"][0])
    (hostile / "link.safetensors").symlink_to(folder / "ann" / "net.safetensors")
    put(with_(net, "head.bias", net.head.bias.detach().double()), hostile / "dtype.safetensors")
    put(state(net) | {"kept/head.bias": torch.zeros(10, dtype=torch.bool)}, hostile / "masks.safetensors")
    put({name: torch.zeros_like(tensor) for name, tensor in state(net).items()}, hostile / "floor.safetensors")
    with zipfile.ZipFile(hostile / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.safetensors", bytes(10 << 20))
    os.mkfifo(hostile / "pipe.safetensors")
    return folder, hostile


LINES = {
    "ann": "of 2 files net.safetensors was taken, not ann.safetensors.",
    "bomb": "found: bomb.zip",
    "dtype": "head.bias is of the type float64",
    "empty": "the file is empty.",
    "false-sparsity": "what the file says of itself (sparsity) is not read",
    "floor": "below the floor of 0.60: not ranked.",
    "header": "its header claims 2,147,483,648 bytes",
    "huge": "the file has 5,368,709,120 bytes",
    "link": "a link; links are not followed",
    "masks": "the masks in the file are not applied",
    "names": "it is no mlp, the network of this board",
    "nan": "head.bias holds NaN or infinity",
    "pickle": "a pickle; such files can run code",
    "pipe": "a pipe, a socket or a device",
}


def table(out):
    return {row["student"]: row for row in csv.DictReader((out / "leaderboard.csv").open())}


@isolated
def test_hostile_files_get_one_plain_line_each_and_change_nobody_elses_row(handed_in, bench, tmp_path, monkeypatch):
    folder, hostile = handed_in
    out, mixed = tmp_path / "out", tmp_path / "mixed"
    leaderboard(folder, out, bench)
    honest = table(out)
    assert {row["score_place"] for row in honest.values()} == {"1", "2"}
    shutil.copytree(folder, mixed)
    for entry in hostile.iterdir():
        if entry.name == "pipe.safetensors":
            os.mkfifo(mixed / entry.name)
        elif entry.is_dir():
            shutil.copytree(entry, mixed / entry.name)
        elif entry.is_symlink():
            (mixed / entry.name).symlink_to(os.readlink(entry))
        elif entry.name == "huge.safetensors":
            with (mixed / entry.name).open("wb") as file:
                file.truncate(5 << 30)
        else:
            shutil.copy(entry, mixed / entry.name)
    told = []
    leaderboard(mixed, out, bench, tell=told.append)
    rows = table(out)
    for student, sentence in LINES.items():
        assert sentence in rows[student]["remark"], student
        assert "\n" not in rows[student]["remark"] and "Traceback" not in rows[student]["remark"]
    numbers = [key for key in honest["ann"] if key not in ("score_place", "macs_place", "remark")]
    for student, row in honest.items():
        assert {key: rows[student][key] for key in numbers} == {key: row[key] for key in numbers}
    assert float(rows["false-sparsity"]["sparsity"]) < 0.01 and float(rows["masks"]["sparsity"]) < 0.01
    assert not os.path.exists("/tmp/eight-was-here")
    # Again, with the first files alone: nothing is looked at anew, and the rows are the first ones, to the letter.
    told.clear()
    leaderboard(folder, out, bench, tell=told.append)
    assert table(out) == honest and told == []


# From here on in this process: our own files.


class InProcess:
    """Stands in for the sandbox, which takes seconds to start."""

    def __init__(self, board, split):
        self.board, (self.images, self.labels) = board, capstone.look(board.bench, split)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def judge(self, data):
        shape, classes = self.board.bench.shape, self.board.bench.num_classes
        answer = examine(data, self.board.model, shape, classes, self.images)
        return capstone.measures(answer, self.labels, self.board.model, shape, classes)


@pytest.fixture
def board(handed_in, bench, tmp_path, monkeypatch):
    monkeypatch.setattr(Board, "judge", lambda board, split: InProcess(board, split))

    def make(folder=handed_in[0], **more):
        told = []
        rows = leaderboard(folder, tmp_path / "out", bench, unsafe=True, tell=told.append, **more)
        return {row.student: row for row in rows}, told

    return make


def test_a_board_that_is_killed_midway_goes_on_where_it_was(board, tmp_path, monkeypatch):
    from course_lib.grading.board import run

    real, seen = run._row, []

    def killed(where, one, judge):
        if one.student == "bob" and not seen:
            seen.append(one)
            raise KeyboardInterrupt
        return real(where, one, judge)

    monkeypatch.setattr(run, "_row", killed)
    with pytest.raises(KeyboardInterrupt):
        board()
    assert [path.name for path in (tmp_path / "out" / "entries").iterdir()] == ["ann.json"]
    assert not (tmp_path / "out" / "leaderboard.csv").exists()
    rows, told = board()
    assert len(rows) == 2 and not any(line.startswith("ann") for line in told)
    assert not list((tmp_path / "out").rglob("*.part"))


def test_test_images_are_read_once_for_each_student_and_choose_nothing(board, handed_in, net, bench, tmp_path):
    rows, _ = board()
    assert all(row.test is None for row in rows.values())
    finals, told = board(final=True)
    assert [line for line in told if "test images" in line] == ["ann: test images read, once", "bob: test images read, once"]
    assert finals["ann"].test == pytest.approx(
        train.evaluate(slim.load(handed_in[0] / "ann" / "net.safetensors", dense=net), bench, split="test")
    )
    assert [row.score_place for row in finals.values()] == [row.score_place for row in rows.values()]
    again = tmp_path / "again"
    shutil.copytree(handed_in[0], again)
    capstone.hand_in(net, None, again / "ann" / "net.safetensors")
    later, told = board(again, final=True)
    assert later["ann"].test == finals["ann"].test
    assert "of an earlier file: test images are read once" in later["ann"].remark
    assert not any("test images read" in line for line in told)


def test_a_folder_of_another_board_is_refused(board, tmp_path, bench):
    board()
    with pytest.raises(CourseError, match="holds a board of mlp on"):
        board(model="cnn")


def test_damaged_notes_of_an_earlier_call_are_made_anew(board, tmp_path):
    rows, _ = board()
    (tmp_path / "out" / "entries" / "ann.json").write_text("{")
    (tmp_path / "out" / "entries" / "bob.json").write_text('{"file": "' + rows["bob"].file + '", "measures": [1]}')
    again, told = board()
    assert {name: row.entry for name, row in again.items()} == {name: row.entry for name, row in rows.items()}
    assert len([line for line in told if "score" in line]) == 2


def test_the_command_prints_a_line_a_student_and_says_where_the_boards_are(handed_in, tmp_path, monkeypatch):
    monkeypatch.setattr(Board, "judge", lambda board, split: InProcess(board, split))
    line = ["leaderboard", str(handed_in[0]), "--out", str(tmp_path / "out"), "--unsafe"]
    done = CliRunner().invoke(cli.app, line, env={"COLUMNS": "200"})
    assert done.exit_code == 0, (done.output, done.exception)
    assert "1. " in done.output and "ann: 0." in done.output and "leaderboard.html" in done.output
    assert {path.name for path in (tmp_path / "out").glob("leaderboard.*")} == {"leaderboard.html", "leaderboard.csv"}


def test_a_damaged_final_reading_is_no_reason_to_read_the_test_images_again(board, tmp_path):
    board(final=True)
    (tmp_path / "out" / "final" / "ann.json").write_text("{")
    (tmp_path / "out" / "times.json").write_text('{"x": 3}')
    with pytest.raises(CourseError, match=r"ann\.json cannot be understood"):
        board(final=True)
