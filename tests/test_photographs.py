"""Photographs that people bring: how folders are laid out, which files count, and what becomes of their pixels."""

from __future__ import annotations

import io
import os
import stat
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import data
from course_lib.errors import CourseError
from course_lib.files import reason

PARTS = ("train", "validation", "test")
GREY = {"ant": 40, "bee": 200}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    return folder


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey(value, kind="PNG", size=(6, 5)):
    return encoded(Image.new("L", size, value), kind)


def images(folder, count, content=grey, ending=".png", classes=("ant", "bee")):
    """Name -> bytes: `count` images of each class below `folder`."""
    return {f"{folder}/{title}/{n}{ending}": content(GREY[title]) for title in classes for n in range(count)}


def tree(prefix="", train="train", test="test"):
    return images(f"{prefix}{train}", 4) | images(f"{prefix}{test}", 2)


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def unpacked(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            (path / name).mkdir(exist_ok=True)
        else:
            (path / name).write_bytes(content)
    return path


both = pytest.mark.parametrize("kind", [zipped, unpacked])


def sizes(bench):
    return [len(bench.split(part)) for part in PARTS]


def said(path, **options):
    """The bench of a path and what was said while it was loaded."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bench = data.load(path, "cpu", **options)
    assert all(warning.filename == __file__ for warning in caught), "a note points at the line that called load"
    return bench, [str(warning.message) for warning in caught]


def refusal(path, **options):
    with pytest.raises(CourseError) as caught:
        data.load(path, "cpu", **options)
    text = str(caught.value)
    assert "\n" not in text and "0x" not in text
    return text


# How folders are laid out


@both
@pytest.mark.parametrize("folder", ["val", "valid", "validation", "Valid", "VAL"])
def test_a_validation_folder_is_used_whatever_it_is_called(tmp_path, kind, folder):
    files = tree() | images(folder, 3, lambda value: grey(value + 1))
    bench, notes = said(kind(tmp_path / "set", files))
    assert sizes(bench) == [8, 6, 4] and notes == []
    assert set(bench.validation.images.unique().tolist()) == {41, 201}


@both
@pytest.mark.parametrize("names", [("Train", "TEST"), ("TRAIN", "Test"), ("Training", "Testing")])
def test_capital_letters_and_long_names_of_the_parts_are_read(tmp_path, kind, names):
    assert sizes(data.load(kind(tmp_path / "set", tree(train=names[0], test=names[1])), "cpu")) == [6, 2, 4]


@both
@pytest.mark.parametrize("prefix", ["data/", "archive/flowers/", "a/b/c/"])
@pytest.mark.parametrize("beside", [{}, {"README.md": b"x", "docs/licence.txt": b"x"}], ids=["alone", "beside others"])
def test_folders_around_train_and_test_do_not_matter(tmp_path, kind, prefix, beside):
    bench, notes = said(kind(tmp_path / "set", tree(prefix) | beside))
    assert sizes(bench) == [6, 2, 4] and bench.classes == ("ant", "bee") and notes == []


@pytest.mark.parametrize("written", ["./{}", "/{}", "././set//{}", "set\\{}"])
def test_a_zip_is_read_however_its_names_are_written(tmp_path, written):
    files = {written.format(name): content for name, content in tree().items()}
    assert sizes(data.load(zipped(tmp_path / "set.zip", files), "cpu")) == [6, 2, 4]


@both
def test_what_operating_systems_leave_behind_is_passed_over_in_silence(tmp_path, kind):
    junk = (
        "__MACOSX/train/ant/._0.png",
        "train/.DS_Store",
        "train/ant/._0.png",
        "train/ant/Thumbs.db",
        "test/bee/desktop.ini",
    )
    junk += ("train/.ipynb_checkpoints/0.png", "train/ant/@eaDir/0.png")
    bench, notes = said(kind(tmp_path / "set", tree() | dict.fromkeys(junk, b"x")))
    assert sizes(bench) == [6, 2, 4] and bench.classes == ("ant", "bee") and notes == []


@both
def test_without_a_test_folder_the_validation_folder_is_the_test_part_and_that_is_said(tmp_path, kind):
    path = kind(tmp_path / "set", images("train", 10) | images("val", 3, lambda value: grey(value + 1)))
    for _ in range(2):  # the second time from the cache
        bench, notes = said(path)
        assert sizes(bench) == [18, 2, 6] and set(bench.test.images.unique().tolist()) == {41, 201}
        (note,) = notes
        assert "val/ but no test/" in note and "test part" in note and "a tenth of every class of train/" in note


@both
def test_two_folders_that_mean_one_part_are_refused(tmp_path, kind):
    text = refusal(kind(tmp_path / "set", tree() | images("val", 1) | images("validation", 1)))
    assert "val/ and validation/" in text


@both
def test_two_places_that_hold_a_train_folder_are_refused_by_name(tmp_path, kind):
    text = refusal(kind(tmp_path / "set", tree("one/") | tree("two/")))
    assert "one/" in text and "two/" in text


@both
def test_class_folders_without_train_and_test_are_named(tmp_path, kind):
    text = refusal(kind(tmp_path / "set", {f"{title}/0.png": grey(1) for title in ("rose", "tulip")}))
    assert "has no folder train/" in text and "rose/, tulip/" in text


@both
def test_one_class_only_is_refused(tmp_path, kind):
    text = refusal(kind(tmp_path / "set", images("train", 3, classes=["ant"]) | images("test", 3, classes=["ant"])))
    assert "one class only, 'ant'" in text


@both
def test_classes_that_lie_one_folder_too_deep_are_named(tmp_path, kind):
    text = refusal(kind(tmp_path / "set", tree(train="train/all", test="test/all")))
    assert "one class only, 'all'" in text and "ant, bee" in text


@both
def test_folders_within_a_class_count_for_the_class_and_that_is_said(tmp_path, kind):
    files = tree() | {"train/ant/red/x.png": grey(1), "train/ant/black/y.png": grey(2)}
    bench, notes = said(kind(tmp_path / "set", files))
    assert sizes(bench) == [8, 2, 4]
    (note,) = notes
    assert "'ant'" in note and "black, red" in note


@both
def test_a_class_that_one_part_lacks_or_has_no_images_of_is_named_with_the_folders_own_name(tmp_path, kind):
    files = tree(train="Train") | images("Valid", 1, classes=["ant"])
    assert "Train/ and Valid/" in (text := refusal(kind(tmp_path / "set", files))) and "bee" in text
    text = refusal(kind(tmp_path / "other", tree() | {"train/cow/": b"", "test/cow/0.png": grey(0)}))
    assert "Class 'cow' of train/" in text and "no images" in text


# Which files count


ANY_ENDING = {
    ".gif": "GIF", ".jfif": "JPEG", ".jpe": "JPEG", ".webp": "WEBP", ".JPG": "JPEG", ".avif": "AVIF", ".tga": "TGA",
    "": "PNG", ".image": "JPEG", ".jpg_large": "JPEG", ".txt": "BMP",
}  # fmt: skip


@both
@pytest.mark.parametrize("ending", ANY_ENDING)
def test_an_image_is_known_by_its_content_whatever_its_ending(tmp_path, kind, ending):
    content = lambda value: encoded(Image.new("RGB", (16, 16), (value,) * 3), ANY_ENDING[ending])  # noqa: E731
    files = images("train", 4, content, ending) | images("test", 2, content, ending)
    bench, notes = said(kind(tmp_path / "set", files))
    assert sizes(bench) == [6, 2, 4] and notes == []
    assert (bench.test.images[0].int() - 40).abs().max() <= 3


@both
def test_what_was_left_out_is_said_once_by_name_and_count(tmp_path, kind):
    others = {f"train/ant/phone{n}.heic": b"\0\0\0\x18ftypheic" for n in range(5)} | {"train/bee/labels.csv": b"a,b"}
    outside = {"train/loose.png": grey(1), "unsorted/0.jpg": grey(1)}
    path = kind(tmp_path / "set", tree() | others | outside | {"README.txt": b"x"})
    for _ in range(2):
        bench, notes = said(path)
        assert sizes(bench) == [6, 2, 4] and len(notes) == 2
        (inside,) = [note for note in notes if "phone0.heic" in note]
        assert "6 files" in inside and "set" in inside and "train/bee/labels.csv" not in inside.split(" and ")[0]
        (beside,) = [note for note in notes if "train/loose.png" in note]
        assert "2 images" in beside and "unsorted/0.jpg" in beside
        assert "README" not in "".join(notes)


@both
def test_a_class_of_files_that_cannot_be_read_names_them(tmp_path, kind):
    files = tree() | {"train/cow/a.heic": b"\0\0\0\x18ftypheic", "test/cow/0.png": grey(0)}
    text = refusal(kind(tmp_path / "set", files))
    assert "Class 'cow' of train/" in text and "a.heic" in text


@both
@pytest.mark.parametrize("content", [b"<!DOCTYPE html>", b"", grey(3)[:50], encoded(Image.new("L", (64, 64)), "JPEG")[:-40]])
def test_a_broken_image_is_named_without_an_address_in_memory(tmp_path, kind, content):
    text = refusal(kind(tmp_path / "set", tree() | {"train/ant/broken.jpg": content}))
    assert "The image train/ant/broken.jpg in" in text and "cannot be read" in text and "BytesIO" not in text


@pytest.mark.parametrize("ending", [".eps", ".mpg", ".h5"])
def test_a_file_that_needs_another_program_to_be_read_is_left_out(tmp_path, ending):
    bench, notes = said(unpacked(tmp_path / "set", tree() | {f"train/ant/x{ending}": b"%!PS-Adobe-3.0 EPSF-3.0\n"}))
    assert sizes(bench) == [6, 2, 4] and f"x{ending}" in notes[0]


def test_a_file_that_is_no_zip_is_named_without_an_address(tmp_path):
    path = tmp_path / "set.zip"
    for content in (b"", b"PK\x05\x06" + b"\xff" * 18, zipped(tmp_path / "whole", tree()).read_bytes()[:-30]):
        path.write_bytes(content)
        assert "set.zip is neither a folder nor a .zip file" in refusal(path)


def test_what_is_no_name_at_all_is_named_by_its_kind():
    for given in (object(), torch.zeros(3), data):
        text = refusal(given)
        assert "There is no data set" in text and type(given).__name__ in text and "object at" not in text


# Links


def test_a_linked_folder_is_followed_where_it_stays_inside(tmp_path):
    path = unpacked(tmp_path / "set", images("pool/a", 4) | images("test", 2))
    (path / "train").mkdir()
    for title in GREY:
        (path / "train" / title).symlink_to(Path("..") / "pool" / "a" / title)
    (path / "val").symlink_to("test")
    bench, notes = said(path)
    assert sizes(bench) == [8, 4, 4] and notes == []
    unpacked(path, {"pool/a/ant/9.png": grey(9)})
    assert sizes(data.load(path, "cpu")) == [9, 4, 4], "what lies behind a link belongs to the source"


@pytest.mark.parametrize("place", ["train/cow", "val"])
def test_a_linked_folder_that_leads_outside_is_refused_by_name(tmp_path, place):
    path = unpacked(tmp_path / "set", tree())
    (path / place).symlink_to(unpacked(tmp_path / "elsewhere", images("train", 2)))
    text = refusal(path)
    assert f"{place} in" in text and "link" in text and "elsewhere" in text


def test_a_link_to_a_folder_around_it_is_refused(tmp_path):
    path = unpacked(tmp_path / "set", tree())
    (path / "train" / "ant" / "again").symlink_to(path / "train")
    assert "train/ant/again" in refusal(path)


def test_a_linked_image_is_read_and_one_that_leads_nowhere_is_named(tmp_path):
    path = unpacked(tmp_path / "set", tree())
    unpacked(tmp_path, {"one.png": grey(77)})
    (path / "train" / "ant" / "more.png").symlink_to(tmp_path / "one.png")
    assert sizes(data.load(path, "cpu")) == [7, 2, 4]
    (path / "train" / "ant" / "gone.png").symlink_to(tmp_path / "nowhere")
    assert "set cannot be read" in (text := refusal(path)) and "train/ant/gone.png" in text


def test_the_path_itself_may_be_a_link(tmp_path):
    (tmp_path / "link").symlink_to(unpacked(tmp_path / "set", tree()))
    assert sizes(data.load(tmp_path / "link", "cpu")) == [6, 2, 4]


def test_a_link_in_a_zip_is_refused_by_name(tmp_path):
    path = zipped(tmp_path / "set.zip", tree())
    link = zipfile.ZipInfo("val")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "test")
    assert "val in" in (text := refusal(path)) and "link" in text


# Pixels


def one(tmp_path, content, **options):
    """The first training image of a set of two classes that holds nothing but this one."""
    files = {f"{part}/{title}/{n}": content for part in ("train", "test") for title in GREY for n in range(2)}
    path = zipped(tmp_path / "one.zip", files)
    return data.load(path, "cpu", **options).train.images[0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_upright(tmp_path, kind, orientation):
    seen = np.zeros((32, 64), np.uint8)
    seen[:16, :32] = 255
    turned = {
        1: seen, 2: seen[:, ::-1], 3: seen[::-1, ::-1], 4: seen[::-1], 5: seen.T, 6: np.rot90(seen), 7: seen[::-1, ::-1].T,
        8: np.rot90(seen, -1),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turned[orientation])).convert("RGB")
    image = one(tmp_path, encoded(stored, kind, exif=exif, **({"quality": 100} if kind in ("JPEG", "WEBP") else {})))
    assert image.shape == (3, 32, 64)
    assert (image.float().mean(0) - torch.tensor(seen).float()).abs().mean() < 8


def test_a_broken_note_on_orientation_costs_no_image(tmp_path):
    content = encoded(Image.new("RGB", (8, 8), (9, 9, 9)), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40)
    assert one(tmp_path, content).shape == (3, 8, 8)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "PA", "RGB"])
def test_what_is_transparent_shows_white(tmp_path, mode):
    image = Image.new("RGBA", (4, 2), (200, 200, 200, 255))
    image.paste((10, 10, 10, 0), (0, 0, 2, 2))
    options = {}
    if mode == "P":
        image, options = (
            image.convert("RGB").quantize(4),
            {"transparency": image.convert("RGB").quantize(4).getpixel((0, 0))},
        )
    elif mode == "RGB":
        image, options = image.convert("RGB"), {"transparency": (10, 10, 10)}
    elif mode == "LA":
        image = image.convert("LA")
    kind = "TIFF" if mode == "PA" else "PNG"
    found = one(tmp_path, encoded(image, kind, **options))
    assert found.shape[0] == (1 if mode == "LA" else 3)
    assert (found[:, :, :2] == 255).all() and (found[:, :, 2:].int() - 200).abs().max() <= 4


def test_half_transparent_is_mixed_with_white_and_an_opaque_alpha_changes_nothing(tmp_path):
    assert one(tmp_path, encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 128)))).unique().tolist() == [127]
    noise = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    (tmp_path / "b").mkdir()
    plain = one(tmp_path, encoded(Image.fromarray(noise)))
    assert torch.equal(plain, one(tmp_path / "b", encoded(Image.fromarray(noise).convert("RGBA"))))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bits_are_scaled_to_8_not_clipped(tmp_path, kind):
    values = np.array([[0, 128, 129, 257], [32896, 65535, 65406, 300]], np.uint16)
    image = one(tmp_path, encoded(Image.fromarray(values), kind))
    assert image.tolist() == [[[0, 0, 1, 1], [128, 255, 254, 1]]]


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bits_of_either_byte_order_and_of_colours_are_scaled(tmp_path, order):
    values = np.array([[0, 257, 65535]], np.uint16)
    mode = "I;16" if order == "<" else "I;16B"
    stored = Image.frombytes(mode, (3, 1), values.astype(f"{order}u2").tobytes())
    assert one(tmp_path, encoded(stored, "TIFF")).tolist() == [[[0, 1, 255]]]
    (tmp_path / "b").mkdir()
    rows = b"".join(b"\0" + np.array([0, 257, 65535] * 2, ">u2").tobytes() for _ in range(2))
    chunk = lambda kind, content: (  # noqa: E731
        len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
    )
    header = b"\0\0\0\2" * 2 + bytes([16, 2, 0, 0, 0])
    colours = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert one(tmp_path / "b", colours)[:, 0, 0].tolist() == [0, 1, 255]


@pytest.mark.parametrize(("mode", "value"), [("F", 0.5), ("I", 70_000)])
def test_numbers_whose_range_nobody_knows_are_refused(tmp_path, mode, value):
    image = Image.new(mode, (4, 4), value)
    files = tree() | {"train/ant/x.tif": encoded(image, "TIFF")}
    text = refusal(zipped(tmp_path / "set.zip", files))
    assert "train/ant/x.tif" in text and f"mode {mode}" in text and "8" in text


def test_two_colours_are_grey_cmyk_is_rgb_and_of_an_animation_the_first_image_counts(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    bits = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert one(folders[0], encoded(bits)).tolist() == [[[0, 255]]]
    print_colours = one(folders[1], encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100))
    assert print_colours.shape[0] == 3 and print_colours[0].min() > 240 and print_colours[1:].max() < 15
    frames = [Image.new("RGB", (4, 4), (shade,) * 3) for shade in (60, 250)]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (one(folders[2], moving).int() - 60).abs().max() <= 3


# Sizes


@both
def test_images_of_several_sizes_are_refused_with_the_argument_that_helps(tmp_path, kind):
    files = tree() | {"train/bee/9.png": grey(200, size=(9, 12))}
    path = kind(tmp_path / "set", files)
    text = refusal(path)
    assert "6 x 5" in text and "9 x 12" in text and "size=" in text
    assert data.load(path, "cpu", size=8).shape == (1, 8, 8)
    assert data.load(path, "cpu", size=(4, 7)).shape == (1, 4, 7)


def test_an_image_is_scaled_until_it_covers_the_size_and_its_middle_is_kept(tmp_path):
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 100
    assert one(tmp_path, encoded(Image.fromarray(wide)), size=8).unique().tolist() == [100]
    (tmp_path / "b").mkdir()
    fine = np.indices((32, 32)).sum(0) % 2 * 200  # scaled without smoothing it would be 0 or 200
    small = one(tmp_path / "b", encoded(Image.fromarray(fine.astype(np.uint8))), size=8)
    assert (small.int() - 100).abs().max() <= 30


def test_every_size_is_kept_in_the_cache_for_itself(tmp_path, cache):
    path = zipped(tmp_path / "set.zip", tree())
    for size, shape in ((None, (1, 5, 6)), (8, (1, 8, 8)), ((8, 9), (1, 8, 9)), (None, (1, 5, 6))):
        assert data.load(path, "cpu", size=size).shape == shape
    assert len(list(cache.iterdir())) == 3


def test_a_named_set_is_resized_as_well_and_otherwise_left_as_it_is():
    assert data.load(device="cpu", limit=10, size=16).shape == (1, 16, 16)
    plain, same = data.load(device="cpu", limit=10), data.load(device="cpu", limit=10, size=28)
    assert torch.equal(plain.train.images, same.train.images)


@pytest.mark.parametrize("size", [0, -3, 2.5, "8", True, (8,), (8, 0), (1, 2, 3), [8, "8"]])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(CourseError, match="size"):
        data.load(size=size)


def test_what_an_earlier_release_decoded_is_decoded_again(tmp_path, cache, monkeypatch):
    from course_lib.data import pictures

    path = zipped(tmp_path / "set.zip", tree())
    data.load(path, "cpu")
    (kept,) = cache.iterdir()
    before = kept.read_bytes()
    monkeypatch.setattr(pictures, "DECODER", "earlier")
    data.load(path, "cpu")
    assert kept.read_bytes() != before


@pytest.mark.skipif(os.environ.get("COURSE_CIFAR10_ZIP") is None, reason="COURSE_CIFAR10_ZIP names no .zip of CIFAR-10")
def test_the_committed_runs_images_are_decoded_as_ever():
    import json

    from course_lib.sweep.steps import digest

    store = Path(__file__).resolve().parents[1] / "results" / "cifar10" / "records" / "store.json"
    bench, notes = said(Path(os.environ["COURSE_CIFAR10_ZIP"]))
    assert digest(bench) == json.loads(store.read_text())["images"] and notes == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(2, "No such file or directory", "a.jpg"), "No such file or directory: a.jpg"),
        (OSError(28, "No space left on device", "/cache/.set.x1.part"), "No space left on device"),
        (ValueError("cannot identify image file <_io.BytesIO object at 0x7f00aa>"), "cannot identify image file it"),
        (RuntimeError("two\n lines."), "two lines"),
        (KeyError(), "KeyError"),
    ],
)
def test_the_reason_why_a_file_cannot_be_read_leaks_nothing_of_the_inside(error, words):
    assert reason(error) == words
