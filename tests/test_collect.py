"""Which notebook is whose: nothing that was handed in vanishes, no student becomes two, and no two become one."""

from __future__ import annotations

import io
import json
import os
import struct
import unicodedata
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from course_lib.errors import CourseError
from course_lib.grading.collecting import archives, naming, times
from course_lib.grading.collecting.submissions import collect

NAME = "02_l1_filter_pruning"
STUB, ANSWER = "def filter_l1(weight):\n    ...", "def filter_l1(weight):\n    return weight.abs().sum((1, 2, 3))"
RELEASED = frozenset({STUB})


def text(source=ANSWER):
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]})


def put(path, content=None, age=0.0):
    """Write a file that was changed so many hours ago; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((text() if content is None else content).encode() if not isinstance(content, bytes) else content)
    then = datetime.now().timestamp() - 3600 * age
    os.utime(path, (then, then))
    return path


def packed(**files):
    """Return a zip archive of the files; a name's "__" stands for "/"."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def found(folder, unpacked=None):
    return {submission.student: submission for submission in collect(folder, NAME, RELEASED, unpacked)}


# nothing vanishes

DEEP = "a/b/c/d/e"


@pytest.mark.parametrize(
    ("place", "content"),
    [
        (f"ann/{NAME}.IPYNB", text()),
        (f"ann/{NAME}.ipynb.txt", text()),
        (f"ann/{NAME}.py", "# %%\n" + ANSWER),
        (f"ann/{DEEP}/{NAME}.ipynb", text()),
        (f"ann/{NAME}.ipynb.json", text()),
        ("ann.ipynb", text()),
        ("ann.ipynb.txt", text()),
        ("ann/hw.zip", packed(**{f"work/{NAME}.ipynb": text()})),
        ("ann.zip", packed(**{f"{NAME}.ipynb": text()})),
        ("ann/hw.zip", packed(**{"inner.zip": packed(**{f"{NAME}.ipynb": text()})})),
        (f"ann_1234_5678_{NAME}.zip", packed(**{f"{NAME}.ipynb": text()})),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 50 else "",
)
def test_a_notebook_is_found_under_any_ending_in_any_depth_and_in_archives(place, content, tmp_path):
    put(tmp_path / "in" / place, content)
    (submission,) = found(tmp_path / "in", tmp_path / "unpacked").values()
    assert not submission.problem and submission.path.is_file()
    assert submission.student in ("ann", "ann_1234")
    assert ANSWER.splitlines()[0] in submission.path.read_text()


def with_link(folder):
    (folder / "elsewhere").mkdir()
    put(folder / "elsewhere" / f"{NAME}.ipynb")
    (folder / "in" / "ann").symlink_to(folder / "elsewhere")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: put(folder / "in" / "ann" / f"{NAME}.html", "<html>"), f"{NAME}.html"),
        (lambda folder: put(folder / "in" / "ann.html", "<html>"), "ann.html"),
        (lambda folder: (folder / "in" / "ann").mkdir(), "nothing in it"),
        (lambda folder: put(folder / "in" / "ann" / ".work" / f"{NAME}.ipynb"), "hidden folder"),
        (lambda folder: put(folder / "in" / ".ann" / f"{NAME}.ipynb"), "hidden folder"),
        (with_link, "a link to a folder"),
        (lambda folder: put(folder / "in" / "ann" / "/".join("abcdefghijklm") / f"{NAME}.ipynb"), "folders deep"),
        (lambda folder: put(folder / "in" / "ann" / "hw.rar", "Rar!"), "hw.rar"),
        (lambda folder: put(folder / "in" / "ann" / "hw.zip", "nothing"), "no zip archive"),
        (lambda folder: put(folder / "in" / "ann" / "hw.zip", packed()), "is empty"),
        (lambda folder: put(folder / "in" / "ann" / "hw.zip", packed(**{"notes.txt": "x"})), "notes.txt"),
        (lambda folder: put(folder / "in" / "HW_ann_attempt_2026-11-20-10-11-12.txt", "Name: Ann"), "HW_ann_attempt"),
    ],
)
def test_who_handed_in_no_notebook_gets_a_row_that_says_what_was_found(make, said, tmp_path):
    put(tmp_path / "in" / "zoe" / f"{NAME}.ipynb")
    make(tmp_path)
    rows = found(tmp_path / "in", tmp_path / "unpacked")
    (row,) = [submission for student, submission in rows.items() if student != "zoe"]
    assert row.problem.startswith("No notebook was handed in. Found: ") and said in row.problem
    assert "ann" in row.student


def test_an_unreadable_folder_is_one_students_row_and_not_the_end(tmp_path, monkeypatch):
    for student in ("ann", "bob"):
        put(tmp_path / student / f"{NAME}.ipynb")
    real = Path.iterdir

    def refuse(path):
        if path.name == "ann":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    rows = found(tmp_path)
    assert "ann cannot be opened: Permission denied" in rows["ann"].problem and not rows["bob"].problem


def test_a_time_stamp_that_cannot_be_read_costs_no_notebook(tmp_path, monkeypatch):
    path = put(tmp_path / "ann" / f"{NAME}.ipynb")
    put(tmp_path / "ann" / "timestamp.txt", "2026-11-20 10:00:00 UTC")

    def refuse(path, **how):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refuse)
    submission = found(tmp_path)["ann"]
    assert submission.path == path and any("cannot be read: Permission denied" in note for note in submission.notes)


def test_an_entry_that_cannot_be_examined_is_one_students_row(tmp_path, monkeypatch):
    for student in ("ann", "bob"):
        put(tmp_path / student / f"{NAME}.ipynb")
    real = Path.is_dir

    def refuse(path):
        if path.name == "ann":
            raise OSError(5, "Input/output error")
        return real(path)

    monkeypatch.setattr(Path, "is_dir", refuse)
    rows = found(tmp_path)
    assert "Input/output error" in rows["ann"].problem and not rows["bob"].problem


def test_a_pipe_a_device_and_a_broken_link_are_rows_of_their_students(tmp_path):
    for student in ("ann", "bob", "cid"):
        (tmp_path / student).mkdir()
    os.mkfifo(tmp_path / "ann" / f"{NAME}.ipynb")
    (tmp_path / "bob" / f"{NAME}.ipynb").symlink_to("/dev/zero")
    (tmp_path / "cid" / f"{NAME}.ipynb").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "dan.zip")
    os.mkfifo(tmp_path / "ann" / "timestamp.txt")
    assert set(found(tmp_path, tmp_path / "unpacked")) == {"ann", "bob", "cid", "dan"}


def test_a_table_of_the_instructor_beside_the_folders_is_no_student(tmp_path):
    put(tmp_path / "ann" / f"{NAME}.ipynb")
    put(tmp_path / "class.csv", "student,name\n")
    put(tmp_path / ".DS_Store", "x")
    put(tmp_path / "__MACOSX" / "ann" / f"._{NAME}.ipynb", "x")
    assert set(found(tmp_path)) == {"ann"}


# archives are opened within limits


def entry(name, content=b"x", **changes):
    buffer = io.BytesIO()
    info = zipfile.ZipInfo(name)
    for key, value in changes.items():
        setattr(info, key, value)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(info, content)
    return buffer.getvalue()


def encrypted():
    data = bytearray(entry("x.ipynb"))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def bomb():
    return packed(**{"x.ipynb": b"0" * (5 << 20)})


def liar():
    """An archive that says its one file has one byte."""
    data = bytearray(packed(**{"x.ipynb": b"[" + b"7," * 500 + b"7]"}))
    for mark, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", data, data.index(mark) + offset, 1)
    return bytes(data)


HOSTILE = {
    "out of it": (entry("../../x.ipynb"), "leads out"),
    "absolute": (entry("/tmp/x.ipynb"), "leads out"),
    "a drive": (entry("C:/x.ipynb"), "leads out"),
    "backslashes": (entry("..\\x.ipynb"), "leads out"),
    "a link": (entry("x.ipynb", b"/etc/passwd", external_attr=0o120777 << 16), "a link"),
    "a device": (entry("x.ipynb", external_attr=0o020777 << 16), "a link or no file"),
    "encrypted": (encrypted(), "encrypted"),
    "a bomb": (bomb(), "times as large"),
    "a lie": (liar(), ""),
    "many": (packed(**{f"{n}.txt": "x" for n in range(archives.ENTRIES + 1)}), "more than 2,000 files"),
    "many notebooks": (packed(**{f"{n}.ipynb": "x" for n in range(archives.NOTEBOOKS + 1)}), "beyond the 20"),
    "deep": (entry("a/" * 20 + "x.ipynb"), "folders deep"),
    "nested twice": (packed(**{"a.zip": packed(**{"b.zip": packed(**{"x.ipynb": "x"})})}), "archive within an archive"),
    "cut off": (packed(**{"x.ipynb": "x" * 100})[:-30], "no zip archive"),
    "damaged": (b"PK\3\4" + b"\xff" * 60 + packed(**{"x.ipynb": "x"})[-22:], ""),
    "a huge table": (b"PK\5\6" + bytes(8) + (2 << 20).to_bytes(4, "little") + bytes(6), "table of contents"),
    "64": (b"PK\6\7" + bytes(16) + packed()[-22:], "table of contents"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_archive_writes_nothing_elsewhere_and_says_why_it_is_not_opened(how, tmp_path):
    content, said = HOSTILE[how]
    path = put(tmp_path / "x.zip", content)
    into = tmp_path / "private" / "place"
    got, left = archives.unpack(path, "x.zip", into)
    assert any(said in words for words in left) and left
    written = {file for file in tmp_path.rglob("*") if file.is_file()} - {path}
    assert all(file.is_relative_to(into) for file in written)
    assert all(one.path.stat().st_size < 1000 for one in got)


@pytest.mark.parametrize("place", range(0, 160, 7))
def test_an_archive_with_any_byte_changed_is_opened_or_refused_in_words(place, tmp_path):
    data = bytearray(packed(**{"work/x.ipynb": text()}))
    for value in (0, 255, data[-place - 1] ^ 1):
        data[-place - 1] = value
        got, left = archives.unpack(put(tmp_path / "x.zip", bytes(data)), "x.zip", tmp_path / "into")
        assert got or left


def test_many_archives_of_one_student_share_one_budget(tmp_path):
    for number in range(5):
        content = packed(**{f"{number}-{n}.ipynb": text() for n in range(archives.NOTEBOOKS // 2)})
        put(tmp_path / "in" / "ann" / f"{number}.zip", content)
    found(tmp_path / "in", tmp_path / "unpacked")
    assert len(list((tmp_path / "unpacked").rglob("*.ipynb"))) == archives.NOTEBOOKS


def test_a_full_disk_while_unpacking_is_no_fault_of_the_student(tmp_path, monkeypatch):
    put(tmp_path / "in" / "ann.zip", packed(**{"x.ipynb": text()}))

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        found(tmp_path / "in", tmp_path / "unpacked")


# one student is one, and two are two


@pytest.mark.parametrize(
    ("files", "student", "name"),
    [
        ([f"HW2_annlee_attempt_2026-11-2{n}-10-11-12_{NAME}.ipynb" for n in (0, 1)], "annlee", "annlee"),
        ([f"{NAME}_ann_lee_attempt_2026-11-2{n}-10-11-12_x.ipynb" for n in (0, 1)], "ann_lee", "ann_lee"),
        ([f"annlee_12345_67{n}_{NAME}-{n}.ipynb" for n in (0, 1)], "annlee_12345", "annlee"),
        ([f"annlee_12345_670_{NAME}.ipynb", f"annlee_LATE_12345_671_{NAME}-1.ipynb"], "annlee_12345", "annlee"),
        ([f"Ann Lee_12_assignsubmission_file_{n}{NAME}.ipynb" for n in ("", "Copy of ")], "Ann-Lee_12", "Ann Lee"),
        ([f"Ann Lee_12_assignsubmission_file/{n}{NAME}.ipynb" for n in ("", "Copy of ")], "Ann-Lee_12", "Ann Lee"),
        ([f"ann_{NAME}.ipynb", f"ann_Copy of {NAME}.ipynb", f"ann_Copy_of_Copy_of_{NAME}.ipynb"], "ann", "ann"),
        ([f"ann_Kopie von {NAME}.ipynb", f"ann_{NAME} (1).ipynb"], "ann", "ann"),
        ([f"{unicodedata.normalize(form, 'Zoë')}/{NAME}.ipynb" for form in ("NFC", "NFD")], "Zoë", "Zoë"),
    ],
)
def test_a_student_is_one_whatever_the_platform_adds_to_the_name(files, student, name, tmp_path):
    for age, place in enumerate(reversed(files)):
        put(tmp_path / place, age=age)
    (submission,) = collect(tmp_path, NAME)
    assert (submission.student, submission.name) == (student, name)
    assert submission.path == tmp_path / files[-1]
    assert len(submission.others) == len(files) - 1
    assert any("was taken: it is the newest" in note for note in submission.notes)


@pytest.mark.parametrize("ending", ["ipynb", "pdf"])
@pytest.mark.parametrize(
    ("prefix", "late"),
    [("annlee_LATE_12_670_", True), ("annlee_12_670_", False), ("Ann Lee_12_assignsubmission_file_", None)],
)
def test_what_a_platform_says_in_a_name_is_kept_whether_or_not_it_is_a_notebook(prefix, late, ending, tmp_path):
    put(tmp_path / f"{prefix}mine.{ending}")
    (submission,) = collect(tmp_path, NAME)
    assert (submission.prefix, submission.late, bool(submission.problem)) == (prefix, late, ending == "pdf")


@pytest.mark.parametrize(
    "names",
    [
        ("Jo M", "Jo-M"),
        ("Jo M", "Jo  M"),
        ("Jo/M".replace("/", "_"), "Jo M"),
        (".ann", "ann"),
        ("x" * 200, "x" * 201),
        ("ö" * 100, "ö" * 101),
        ("+ann", "ann"),
        ("-", "--"),
        ("🙂", "🙃"),
    ],
)
def test_two_names_are_two_students_with_the_same_ids_in_every_class(names, tmp_path):
    first, second = map(naming.identifier, names)
    assert first != second and naming.identifier(names[0]) == first
    for identifier in (first, second):
        assert len(f".{identifier}.json.xxxxxxxx.part".encode()) < 255
        assert identifier == naming.normal(identifier) and identifier[0] not in "=+-@."
    for name in names:
        put(tmp_path / "both" / name / f"{NAME}.ipynb")
    put(tmp_path / "alone" / names[0] / f"{NAME}.ipynb")
    together = {submission.name: submission.student for submission in collect(tmp_path / "both", NAME)}
    (alone,) = collect(tmp_path / "alone", NAME)
    assert len(set(together.values())) == 2 and together[naming.normal(names[0])] == alone.student


@pytest.mark.parametrize(
    "name", ["con", "NUL", "com1", "aux.lee", "\u202eeve", "ann\u200b", "\u0430nn", "a\nb", "-rf", "ann ", "..."]
)
def test_a_name_that_a_system_or_an_eye_takes_for_another_gets_an_id_of_its_own(name, tmp_path):
    """Reserved on Windows, written from right to left, with what nobody sees, in Cyrillic, an option, a folder above."""
    for student in (name, "ann"):
        put(tmp_path / student / f"{NAME}.ipynb")
    found = {submission.name: submission.student for submission in collect(tmp_path, NAME)}
    assert found["ann"] == "ann" and len(set(found.values())) == 2
    mine = found[naming.normal(name)]
    assert not naming.RESERVED.fullmatch(mine) and mine[0].isalnum() and "\u202e" not in mine and "/" not in mine


def test_students_of_one_name_are_told_apart_by_the_platforms_number(tmp_path):
    for number in (12, 13):
        put(tmp_path / f"Ann Lee_{number}_assignsubmission_file_{NAME}.ipynb")
        put(tmp_path / f"annlee_{number}000_77_{NAME}.ipynb")
    assert set(found(tmp_path)) == {"Ann-Lee_12", "Ann-Lee_13", "annlee_12000", "annlee_13000"}


def test_usernames_that_end_alike_stay_two_on_blackboard(tmp_path):
    for user in ("ann_lee", "bob_lee"):
        put(tmp_path / f"HW 2_{user}_attempt_2026-11-20-10-11-12_x.ipynb")
    assert [submission.name for submission in collect(tmp_path, NAME)] == ["HW 2_ann_lee", "HW 2_bob_lee"]


@pytest.mark.parametrize(
    "stolen",
    [
        f"evil_666_9_carl_77_{NAME}.ipynb",
        f"evil_666_9_carl_77_55_{NAME}.ipynb",
        f"evil_66_assignsubmission_file_carl_77_assignsubmission_file_{NAME}.ipynb",
        f"HW_evil_attempt_2026-11-20-10-11-12_HW_carl_attempt_2026-11-21-10-11-12_{NAME}.ipynb",
    ],
)
def test_the_end_of_a_files_name_does_not_make_it_anothers(stolen, tmp_path):
    put(tmp_path / stolen)
    (submission,) = collect(tmp_path, NAME)
    assert submission.name == "evil"


@pytest.mark.parametrize("flat", [f"carl_{NAME}.ipynb", "carl.ipynb", "carl.zip"])
def test_a_newer_flat_file_does_not_take_the_place_of_a_students_folder(flat, tmp_path):
    mine = put(tmp_path / "in" / "carl" / f"{NAME}.ipynb", age=5)
    put(tmp_path / "in" / flat, packed(**{"x.ipynb": text()}) if flat.endswith("zip") else None)
    (submission,) = found(tmp_path / "in", tmp_path / "unpacked").values()
    assert submission.path == mine and flat.split(".")[0] in submission.others[0]
    assert any("only begins with this student's" in note for note in submission.notes)


# of several notebooks the one with answers


def test_the_untouched_original_does_not_beat_the_copy_with_answers(tmp_path):
    put(tmp_path / "ann" / f"{NAME}.ipynb", text(STUB), age=0)
    copy = put(tmp_path / "ann" / f"Copy of {NAME}.ipynb", text(ANSWER), age=9)
    (submission,) = found(tmp_path).values()
    assert submission.path == copy and submission.others == (f"{NAME}.ipynb",)
    assert submission.notes == (f"Copy of {NAME}.ipynb was taken: it has answers",)


def test_a_damaged_newer_notebook_does_not_beat_the_one_with_answers(tmp_path):
    whole = put(tmp_path / "ann" / f"{NAME}.ipynb", age=9)
    put(tmp_path / "ann" / f"{NAME}-1.ipynb", "{")
    assert found(tmp_path)["ann"].path == whole


def test_the_last_attempt_counts_though_its_file_is_older(tmp_path):
    put(tmp_path / f"annlee_12345_1000_{NAME}.ipynb", age=0)
    last = put(tmp_path / f"annlee_12345_1001_{NAME}-1.ipynb", age=9)
    assert found(tmp_path)["annlee_12345"].path == last


# when


def at(path, when):
    moment = datetime.fromisoformat(when).replace(tzinfo=timezone.utc).timestamp()
    os.utime(path, (moment, moment))
    return path


@pytest.mark.parametrize(
    ("stamp", "own", "expected", "source"),
    [
        ("2026-11-20 10:00:00.123456 UTC", "2026-11-19T09:00", "2026-11-20T10:00", "timestamp.txt"),
        ("2026-11-01 10:00:00 UTC", "2026-11-19T09:00", "2026-11-19T09:00", "the file's own time"),
        ("2026-11-20 10:00:00 +0100", "2026-11-19T09:00", "2026-11-20T09:00", "timestamp.txt"),
        ("2026-11-20 10:00:00 Europe/Berlin", "2026-11-19T09:00", "2026-11-20T09:00", "timestamp.txt"),
        ("2026-11-20 10:00:00 CST", "2026-11-19T09:00", "2026-11-19T09:00", "the file's own time"),
        ("2036-11-20 10:00:00 UTC", "2026-11-19T09:00", "2026-11-19T09:00", "the file's own time"),
    ],
)
def test_the_newest_of_what_is_known_counts_and_where_it_is_from_is_said(stamp, own, expected, source, tmp_path):
    path = at(put(tmp_path / "ann" / f"{NAME}.ipynb"), own)
    put(path.with_name("timestamp.txt"), stamp)
    submission = found(tmp_path)["ann"]
    assert submission.submitted == datetime.fromisoformat(expected).replace(tzinfo=timezone.utc)
    assert submission.source == source
    assert any("timestamp.txt" in note for note in submission.notes) == ("CST" in stamp or "2036" in stamp)


def test_the_platforms_time_in_a_name_counts_where_the_file_says_it_is_older(tmp_path):
    at(put(tmp_path / f"HW_ann_attempt_2026-11-20-10-11-12_{NAME}.ipynb"), "2026-11-01T00:00")
    submission = found(tmp_path)["ann"]
    assert (
        submission.submitted == datetime(2026, 11, 20, 10, 11, 12, tzinfo=timezone.utc) and "platform" in submission.source
    )


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("2026-12-01T23:59", 0),
        ("2026-12-01 23:59:00", 0),
        ("2026-12-01T23:59Z", 0),
        ("2026-12-01T23:59+01:00", -1),
        ("2026-12-01T23:59-0530", 5.5),
        ("2026-12-01 23:59 Europe/Berlin", -1),
        ("2026-12-01T23:59 America/New_York", 5),
        ("2026-12-01 23:59 UTC+1:00", None),
        ("2026-12-01 23:59 UTC+01:00", -1),
    ],
)
def test_a_time_is_understood_with_its_zone(written, hours):
    if hours is None:
        assert times.moment(written) is None
    else:
        assert times.moment(written) == datetime(2026, 12, 1, 23, 59, tzinfo=timezone.utc) + timedelta(hours=hours)


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-01", "tomorrow", "", "2026-12-01T23:59 CST", "2026-12-01T23:59 Europe/Atlantis", "2026-12-01T25:00",
        "2026-12-01T23:59+25:00", "01/12/2026 23:59", "2026-03-29 02:30 Europe/Berlin", "0001-01-01T00:00+05:00",
        "2026-12-01T23:59 ../../etc/passwd", "2026-12-01T23:59 /etc/passwd",
    ],
)  # fmt: skip
def test_a_time_that_is_not_certain_is_refused_in_a_sentence(written):
    with pytest.raises(CourseError, match=r"--due .* was given; a time such as"):
        times.given("--due", written)
