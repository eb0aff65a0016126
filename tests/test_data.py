"""Data sets: what is loaded, how it is split and batched, and what happens when a source or the cache is broken."""

from __future__ import annotations

import errno
import gzip
import hashlib
import importlib.util
import io
import os
import pickle
import random
import sys
import tarfile
import urllib.error
import urllib.request
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch._subclasses.fake_tensor import FakeTensorMode

from course_lib import data
from course_lib.data import cache as cache_files
from course_lib.data import folders, sources
from course_lib.data.bench import augmented, balanced, draw_moves, margin
from course_lib.errors import CourseError

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("train", "validation", "test")
# Zalando packed the files at these seconds; Debian's build took name and time out of the gzip headers.
PACKED_AT = {
    "train-images-idx3-ubyte": 1504176606,
    "train-labels-idx1-ubyte": 1504176606,
    "t10k-images-idx3-ubyte": 1504176627,
    "t10k-labels-idx1-ubyte": 1504176627,
}
needs_debian = pytest.mark.skipif(
    not sources.debian_has_fashion_mnist() and "COURSE_CI" not in os.environ,
    reason="Debian's package dataset-fashion-mnist is not installed",
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)


@pytest.fixture
def file_urls(monkeypatch):
    """Let torchvision download from file: addresses, whose responses do not tell their length."""
    urlopen = urllib.request.urlopen

    def opened(*args, **kwargs):
        response = urlopen(*args, **kwargs)
        response.length = int(response.headers["Content-Length"])
        return response

    monkeypatch.setattr("urllib.request.urlopen", opened)


@pytest.fixture(scope="module")
def mini():
    return data.load(device="cpu")


def png(value=0, mode="RGB", size=(6, 5), kind="PNG"):
    """The bytes of a PNG (or another kind) whose pixels are `value`; size is (width, height)."""
    buffer = io.BytesIO()
    Image.new(mode, size, value).save(buffer, kind)
    return buffer.getvalue()


def tree(train=4, test=2, classes=("ant", "bee"), mode="L", prefix=""):
    """Name -> bytes of an ImageFolder whose images all differ."""
    files = {}
    for part, count in (("train", train), ("test", test)):
        for title in classes:
            for number in range(count):
                files[f"{prefix}{part}/{title}/{number:03}.png"] = png(
                    len(files) if mode == "L" else (len(files),) * 3, mode
                )
    return files


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def unpacked(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            (path / name).mkdir()
        else:
            (path / name).write_bytes(content)
    return path


def toy(images, labels=None):
    """A bench whose three parts are these images, labelled by their number unless labels are given."""
    split = data.Split(images, torch.arange(len(images)) if labels is None else labels)
    channels = images.shape[1]
    classes = tuple(str(label) for label in range(len(images)))
    return data.Bench("toy", split, split, split, classes, torch.zeros(channels), torch.full((channels,), 1 / 255))


def same(first, second):
    """Whether two benches hold the same numbers and names."""
    return (first.name, first.classes) == (second.name, second.classes) and all(
        torch.equal(getattr(first.split(part), field), getattr(second.split(part), field))
        for part in PARTS
        for field in ("images", "labels")
    )


def drawn(bench, **options):
    """All batches of a bench in one: images and labels."""
    images, labels = zip(*bench.batches(**options), strict=True)
    return torch.cat(images), torch.cat(labels)


def script():
    """The module scripts/make_fashion_mini.py."""
    spec = importlib.util.spec_from_file_location("make_fashion_mini", ROOT / "scripts" / "make_fashion_mini.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def original(name):
    """Debian's packed file with the gzip header that Zalando's has."""
    packed = (sources.DEBIAN / f"{name}.gz").read_bytes()
    return b"\x1f\x8b\x08\x08" + PACKED_AT[name].to_bytes(4, "little") + packed[8:10] + name.encode() + b"\0" + packed[10:]


# The embedded set


def test_the_embedded_set_has_its_sizes_classes_and_types(mini):
    assert [len(mini.split(part)) for part in PARTS] == [10_000, 2_000, 2_000]
    assert (mini.name, mini.shape, mini.num_classes) == ("fashion-mini", (1, 28, 28), 10)
    assert mini.classes[0] == "T-shirt/top" and mini.classes[9] == "Ankle boot"
    assert mini.train.images.dtype == torch.uint8 and mini.train.labels.dtype == torch.int64
    assert mini.device == torch.device("cpu")


@pytest.mark.parametrize("part", PARTS)
def test_every_class_of_the_embedded_set_is_equally_frequent(mini, part):
    split = mini.split(part)
    assert split.labels.bincount().tolist() == [len(split) // 10] * 10


def test_no_validation_image_of_the_embedded_set_is_a_training_image():
    with np.load(sources.EMBEDDED) as arrays:
        train, validation = arrays["train_rows"], arrays["validation_rows"]
    assert len({*train.tolist(), *validation.tolist()}) == 12_000


def test_the_embedded_file_has_at_most_seven_megabytes_and_its_licence_beside_it():
    assert sources.EMBEDDED.stat().st_size <= 7_000_000
    assert "Copyright (c) 2017 Zalando SE" in sources.EMBEDDED.with_name("LICENSE-fashion-mnist.txt").read_text()


def test_a_broken_embedded_file_is_named(monkeypatch, tmp_path):
    broken = tmp_path / "fashion-mini.npz"
    broken.write_bytes(sources.EMBEDDED.read_bytes()[:100_000])
    monkeypatch.setattr(sources, "EMBEDDED", broken)
    with pytest.raises(CourseError, match=r"fashion-mini\.npz cannot be read .* install course_lib again"):
        data.load(device="cpu")


@needs_debian
def test_the_script_draws_the_embedded_images_again():
    again = script().arrays(sources.DEBIAN)
    with np.load(sources.EMBEDDED) as arrays:
        assert arrays.files == list(again)
        assert all(np.array_equal(arrays[name], array) for name, array in again.items())


@needs_debian
@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="zlib-ng packs the same arrays into other bytes")
def test_the_script_writes_the_embedded_bytes_again(tmp_path, monkeypatch):
    out = tmp_path / "again.npz"
    monkeypatch.setattr(sys, "argv", ["make_fashion_mini.py", str(sources.DEBIAN), "--out", str(out)])
    script().main()
    assert hashlib.sha256(out.read_bytes()).digest() == hashlib.sha256(sources.EMBEDDED.read_bytes()).digest()


# The bench


def test_normalised_training_images_have_mean_zero_and_deviation_one(mini):
    images, _ = drawn(mini)
    assert images.mean().abs() < 1e-3 and (images.std() - 1).abs() < 1e-3


def test_mean_and_deviation_are_those_of_the_training_images_over_255(mini):
    images = mini.train.images.double() / 255
    assert torch.allclose(mini.mean.double(), images.mean()) and torch.allclose(mini.std.double(), images.std(), rtol=1e-4)


def test_a_channel_of_one_colour_is_normalised_without_dividing_by_zero(tmp_path):
    files = {name: png(7, "L") for name in tree()}
    assert data.load(zipped(tmp_path / "flat.zip", files), "cpu").example.abs().max() < 1e-3


@pytest.mark.parametrize(("count", "expected"), [(3, 3), (20, 8)])
def test_the_example_is_a_normalised_batch_of_at_most_eight_training_images(count, expected):
    bench = toy(torch.randint(0, 256, (count, 3, 8, 8), dtype=torch.uint8))
    assert bench.example.shape == (expected, 3, 8, 8) and bench.example.dtype == torch.float32
    assert torch.equal(bench.example, bench.normalise(bench.train.images[:8]))


@pytest.mark.parametrize("channels", [1, 3])
def test_batches_are_float32_and_channels_last_where_there_are_channels(channels):
    bench = toy(torch.randint(0, 256, (5, channels, 8, 6), dtype=torch.uint8))
    layout = torch.channels_last if channels > 1 else torch.contiguous_format
    for augment in (False, True):
        for images, labels in bench.batches(batch_size=2, augment=augment):
            assert images.dtype == torch.float32 and images.is_contiguous(memory_format=layout)
            assert images.shape == (len(labels), channels, 8, 6)


def test_normalising_leaves_the_stored_images_as_they_were():
    bench = toy(torch.full((2, 3, 4, 4), 9, dtype=torch.uint8))
    bench.normalise(bench.train.images)
    assert (bench.train.images == 9).all()


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 4, 10, 64])
def test_batches_show_every_image_exactly_once(shuffle, batch_size):
    bench = toy(torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1).expand(10, 1, 4, 4))
    images, labels = drawn(bench, shuffle=shuffle, batch_size=batch_size)
    assert sorted(labels.tolist()) == list(range(10))
    assert torch.equal(images[:, 0, 0, 0], labels.float()), "an image has another one's label"
    assert shuffle or labels.tolist() == list(range(10))


def test_the_order_is_drawn_with_the_seed_alone(mini):
    first, again, other = (drawn(mini, split="test", shuffle=True, seed=seed)[1] for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_subset_is_fixed_by_the_seed_and_never_larger_than_the_part():
    bench = toy(torch.zeros(50, 1, 4, 4, dtype=torch.uint8))
    first, again, other = (drawn(bench, samples=20, seed=seed)[1].tolist() for seed in (1, 1, 2))
    assert first == again != other and len(set(first)) == 20
    assert set(drawn(bench, samples=20, seed=1, shuffle=True)[1].tolist()) == set(first)
    assert drawn(bench, samples=99)[1].tolist() == list(range(50))


def test_nothing_changes_the_global_random_generators(mini):
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    data.load(device="cpu", limit=100, seed=3)
    drawn(mini, split="test", augment=True, shuffle=True, samples=500)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (np.random.get_state()[1].tolist(), random.getstate())


def test_unknown_parts_and_sizes_that_are_no_sizes_are_refused_at_the_call(mini):
    with pytest.raises(CourseError, match="split='dev' is not a part"):
        mini.split("dev")
    with pytest.raises(CourseError, match="split='dev' is not a part"):
        mini.batches("dev")
    for argument in ("batch_size", "samples"):
        for value in (0, -1, 1.5, True):
            with pytest.raises(CourseError, match=f"{argument}={value!r} was given; it is a whole number of at least 1"):
                mini.batches(**{argument: value})


def test_an_unknown_or_absent_device_is_refused_and_auto_is_one_that_is_here():
    for device in ("gpu", "cuda:99", 1.5):
        with pytest.raises(CourseError, match=f"device='{device}' cannot be used on this machine"):
            data.load(device=device)
    assert torch.zeros(1, device=data.pick_device("auto")).item() == 0
    assert data.pick_device(torch.device("cpu")) == torch.device("cpu")


def test_all_tensors_of_a_batch_are_on_the_device_of_the_bench():
    with FakeTensorMode():
        bench = toy(torch.zeros(10, 3, 32, 32, dtype=torch.uint8)).to("cuda")
        for images, labels in bench.batches(batch_size=4, augment=True, shuffle=True, samples=9):
            assert images.device.type == labels.device.type == "cuda"
        assert bench.device.type == bench.example.device.type == "cuda"


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_batches_are_the_same_on_cuda_and_on_the_cpu(mini):
    options = {"split": "test", "augment": True, "shuffle": True, "seed": 5}
    here, there = drawn(mini, **options), drawn(mini.to("cuda"), **options)
    assert torch.equal(here[1], there[1].cpu()) and torch.allclose(here[0], there[0].cpu(), atol=1e-5)


# Augmentation


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 40, 36), (1, 5, 6)])
def test_augmenting_is_padding_cropping_and_mirroring_each_image(shape):
    images = torch.randint(1, 256, (30, *shape), dtype=torch.uint8)
    flips, shifts = draw_moves(30, shape, torch.Generator().manual_seed(0))
    found = augmented(images, flips, shifts)
    pad, (_, height, width) = margin(shape), shape
    for image, flip, (down, right), result in zip(images, flips, shifts.tolist(), found, strict=True):
        whole = torch.zeros(shape[0], height + 2 * pad, width + 2 * pad, dtype=torch.uint8)
        whole[:, pad : pad + height, pad : pad + width] = image
        expected = whole[:, down : down + height, right : right + width]
        assert torch.equal(result, expected.flip(2) if flip else expected)


@pytest.mark.parametrize(("side", "reach"), [(28, 2), (32, 2), (63, 2), (64, 4)])
def test_shifts_reach_two_pixels_and_from_side_64_on_four(side, reach):
    images = torch.zeros(400, 1, side, side, dtype=torch.uint8)
    images[:, :, 10, 10] = 255
    moved, _ = drawn(toy(images), augment=True)
    rows = moved.flatten(1).argmax(1) // side
    assert sorted(set((rows - 10).tolist())) == list(range(-reach, reach + 1))


def test_a_shift_uncovers_zeros_and_a_part_of_the_images_is_mirrored():
    ones, _ = drawn(toy(torch.ones(200, 1, 8, 8, dtype=torch.uint8)), augment=True)
    assert set(ones.unique().tolist()) == {0.0, 1.0} and (ones[:, 0, 3, 3] == 1).all()
    ramp = torch.arange(1, 9, dtype=torch.uint8).expand(200, 1, 8, 8)
    moved, _ = drawn(toy(ramp), augment=True)
    mirrored = (moved[:, 0, 3, 3] > moved[:, 0, 3, 4]).sum().item()
    assert 60 < mirrored < 140


def test_augmentation_is_drawn_with_the_seed_and_leaves_order_and_labels_alone(mini):
    options = {"split": "test", "shuffle": True}
    plain, labels = drawn(mini, **options, seed=1)
    first, first_labels = drawn(mini, **options, augment=True, seed=1)
    again, _ = drawn(mini, **options, augment=True, seed=1)
    other, _ = drawn(mini, split="test", augment=True, seed=2)
    third, _ = drawn(mini, split="test", augment=True, seed=3)
    assert first.shape == plain.shape and torch.equal(first_labels, labels)
    assert torch.equal(first, again) and not torch.equal(first, plain) and not torch.equal(other, third)


# Loading


def test_the_same_arguments_give_the_same_bench_and_another_seed_another(tmp_path):
    path = zipped(tmp_path / "set.zip", tree(train=20))
    first, again, other = (data.load(path, "cpu", seed=seed) for seed in (0, 0, 1))
    assert same(first, again) and not same(first, other)
    first, again, other = (data.load(device="cpu", seed=seed, limit=50) for seed in (0, 0, 1))
    assert same(first, again) and not same(first, other)


@pytest.mark.parametrize("limit", [1, 25, 500, np.int64(30)])
def test_a_limit_keeps_equally_many_images_of_every_class_in_each_part(limit):
    bench = data.load(device="cpu", limit=limit)
    for part in PARTS:
        counts = bench.split(part).labels.bincount(minlength=10)
        assert counts.sum() == limit and counts.max() - counts.min() <= 1


def test_a_limit_fills_up_from_larger_classes_where_a_class_has_too_few():
    labels = torch.tensor([0] * 30 + [1] * 3)
    assert labels[balanced(labels, 10, seed=0)].bincount().tolist() == [7, 3]
    assert balanced(labels, 99, seed=0).tolist() == list(range(33)), "the stored order should stay"


@pytest.mark.parametrize("limit", [0, -5, 2.5, "10", True])
def test_a_limit_that_is_not_a_positive_whole_number_is_refused(limit):
    with pytest.raises(CourseError, match=f"limit={limit!r} was given; it is a whole number of at least 1"):
        data.load(limit=limit)


def test_the_first_classes_alone_can_be_asked_for_and_the_name_says_so():
    whole, bench = (data.load(device="cpu", classes=classes) for classes in (None, 3))
    assert bench.classes == whole.classes[:3] and bench.name == "fashion-mini, its first 3 classes"
    for part in PARTS:
        few = whole.split(part).labels < 3
        assert torch.equal(bench.split(part).images, whole.split(part).images[few])
        assert bench.split(part).labels.unique().tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("classes", "sentence"), [(1, "classes=1 was given"), (2.5, "classes=2.5"), (11, "fashion-mini has 10")]
)
def test_a_number_of_classes_that_cannot_be_is_refused(classes, sentence):
    with pytest.raises(CourseError, match=sentence):
        data.load(device="cpu", classes=classes)


def test_a_tenth_of_every_class_is_set_aside_where_there_is_no_validation_part(tmp_path):
    bench = data.load(zipped(tmp_path / "set.zip", tree(train=30)), "cpu")
    assert bench.validation.labels.bincount().tolist() == [3, 3]
    assert bench.train.labels.bincount().tolist() == [27, 27]
    seen = [int(image[0, 0, 0]) for part in ("train", "validation") for image in bench.split(part).images]
    assert sorted(seen) == list(range(60)), "an image is in both parts or in none"


@pytest.mark.parametrize("folder", ["val", "validation"])
def test_a_validation_folder_is_used(tmp_path, folder):
    files = tree(test=3) | {f"{folder}/{title}/x.png": png(200, "L") for title in ("ant", "bee")}
    bench = data.load(zipped(tmp_path / "set.zip", files), "cpu")
    assert [len(bench.split(part)) for part in PARTS] == [8, 2, 6] and (bench.validation.images == 200).all()


def test_a_class_with_one_training_image_cannot_give_one_for_validation(tmp_path):
    with pytest.raises(CourseError, match="Class 'ant' has one training image only"):
        data.load(zipped(tmp_path / "set.zip", tree(train=1)), "cpu")


def test_a_folder_a_zip_of_it_and_a_zip_with_a_leading_folder_hold_the_same(tmp_path):
    folder = data.load(unpacked(tmp_path / "set", tree()), "cpu")
    flat = data.load(zipped(tmp_path / "set.zip", tree()), "cpu")
    (tmp_path / "b").mkdir()
    deep = data.load(str(zipped(tmp_path / "b" / "set.zip", tree(prefix="any/"))), "cpu")
    assert (folder.name, folder.classes, folder.shape) == ("set", ("ant", "bee"), (1, 5, 6))
    assert same(folder, flat) and same(folder, deep)


def test_grey_images_keep_one_channel_only_if_all_are_grey(tmp_path):
    assert data.load(zipped(tmp_path / "grey.zip", tree()), "cpu").shape[0] == 1
    mixed = tree() | {"test/bee/001.png": png((1, 2, 3))}
    bench = data.load(zipped(tmp_path / "mixed.zip", mixed), "cpu")
    assert bench.shape == (3, 5, 6) and bench.test.images[3, :, 0, 0].tolist() == [1, 2, 3]
    assert bench.test.images[0, :, 0, 0].tolist() == [8, 8, 8]


def test_junk_in_a_zip_is_ignored_and_nothing_is_unpacked_to_disk(tmp_path, cache):
    junk = {"__MACOSX/train/ant/._000.png": b"x", ".DS_Store": b"x", "train/.DS_Store": b"x", "train/ant/._0.png": b"x"}
    junk |= {"train/ant/Thumbs.db": b"x", "README.txt": b"x", "../escape.png": b"x"}
    files = {f"set/{name}" if name[0] not in "_." else name: content for name, content in (tree() | junk).items()}
    path = zipped(tmp_path / "set.zip", files)
    assert len(data.load(path, "cpu").test) == 4
    assert {found for found in tmp_path.rglob("*") if found.is_file()} == {path, *cache.glob("set-*.safetensors")}


BAD_TREES = {
    "has no folder test/": {name: content for name, content in tree().items() if name.startswith("train")},
    "has no folder train/": {name: content for name, content in tree().items() if name.startswith("test")},
    "is an ImageFolder without classes: test/": {
        name: content for name, content in tree().items() if name.startswith("train")
    }
    | {"test/0.png": png()},
    r"classes of train/ and test/ in .* differ: only one has bee, cow": tree(test=0)
    | {"test/ant/0.png": png(), "test/cow/0.png": png()},
    "Class 'cow' of train/ in .* has no images": tree(classes=("ant", "cow"), train=0)
    | {"train/ant/0.png": png(), "train/cow/": b""},
    r"The image test/bee/000\.png in .* cannot be read": tree() | {"test/bee/000.png": png()[:44]},
    r"The image test/ant/000\.png in .* 8 bits": tree() | {"test/ant/000.png": png(0.5, "F", kind="TIFF")},
    r"train/ant/000\.png has 6 x 5 pixels and train/bee/001\.png has 7 x 5": tree()
    | {"train/bee/001.png": png(0, "L", (7, 5))},
    r"train/ant/big\.png in .* has 20,000,001 bytes; an image may have 20 MB": tree()
    | {"train/ant/big.png": bytes(20_000_001)},
}


@pytest.mark.parametrize("kind", [zipped, unpacked])
@pytest.mark.parametrize("message", BAD_TREES)
def test_a_faulty_image_folder_is_refused_with_what_is_wrong_and_where(tmp_path, kind, message):
    path = kind(tmp_path / "set.zip", BAD_TREES[message])
    with pytest.raises(CourseError, match=message) as caught:
        data.load(path, "cpu")
    assert str(path) in str(caught.value) and str(caught.value).count("\n") == 0


def test_a_zip_with_a_damaged_member_names_it(tmp_path):
    path = zipped(tmp_path / "set.zip", tree())
    content = bytearray(path.read_bytes())
    content[content.index(b"test/ant/000.png") + 30] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(CourseError, match=r"The image test/ant/000\.png in .*set\.zip cannot be read"):
        data.load(path, "cpu")


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    path = tmp_path / "set.zip"
    path.write_text("no zip")
    with pytest.raises(CourseError, match=r"set\.zip is neither a folder nor a \.zip file"):
        data.load(path, "cpu")


def test_a_dangling_link_in_a_folder_is_one_sentence(tmp_path):
    path = unpacked(tmp_path / "set", tree())
    (path / "train" / "ant" / "gone.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CourseError, match="set cannot be read"):
        data.load(path, "cpu")


@pytest.mark.parametrize("path", ["no/such/folder", "gone.zip", Path("gone")])
def test_a_path_that_does_not_exist_is_named(path):
    with pytest.raises(CourseError, match=f"There is no file or folder '{path}'"):
        data.load(path)


@pytest.mark.parametrize(("name", "hint"), [("fashion_mnits", "fashion-mnist"), ("CIFAR-10", "cifar10")])
def test_an_unknown_name_gets_the_known_ones_and_a_close_match(name, hint):
    with pytest.raises(CourseError, match=f"known are fashion-mini, fashion-mnist, cifar10 .*did you mean '{hint}'"):
        data.load(name)


@pytest.mark.parametrize("name", ["", None, 7, "zebra"])
def test_a_name_like_no_other_gets_the_known_ones_without_a_guess(name):
    with pytest.raises(CourseError, match="known are fashion-mini, fashion-mnist, cifar10") as caught:
        data.load(name)
    assert "did you mean" not in str(caught.value)


# The cache


@pytest.fixture
def decoded(monkeypatch):
    """The names of the images decoded so far."""
    names, decode = [], folders.decode

    def count(name, *rest):
        names.append(name)
        return decode(name, *rest)

    monkeypatch.setattr(folders, "decode", count)
    return names


@pytest.fixture
def source(tmp_path):
    return zipped(tmp_path / "set.zip", tree())


def test_a_source_is_decoded_once_and_then_read_from_one_cached_file(source, cache, decoded):
    first, again = data.load(source, "cpu"), data.load(source, "cpu")
    assert same(first, again) and len(decoded) == 12
    assert [path.suffix for path in cache.iterdir()] == [".safetensors"]


def spoil_classes(content):
    return content.replace(b"bee", b"fly")


def spoil_pixel(content):
    return content[:-20] + bytes([content[-20] ^ 1]) + content[-19:]


@pytest.mark.parametrize(
    "spoil",
    [spoil_classes, spoil_pixel, lambda content: b"", lambda content: content[:10], lambda content: content[:-1]],
    ids=["other class", "other pixel", "empty", "header only", "one byte short"],
)
def test_a_truncated_or_changed_cache_is_rebuilt_silently(source, cache, decoded, spoil):
    first = data.load(source, "cpu")
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    assert spoil(whole) != whole
    file.write_bytes(spoil(whole))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert same(first, data.load(source, "cpu")) and len(decoded) == 24
        assert same(first, data.load(source, "cpu")) and len(decoded) == 24, "the cache was not written anew"


def test_the_cache_of_an_older_format_is_rebuilt(source, decoded, monkeypatch):
    first = data.load(source, "cpu")
    monkeypatch.setattr(cache_files, "FORMAT", "next")
    assert same(first, data.load(source, "cpu")) and len(decoded) == 24


@pytest.mark.parametrize("kind", [zipped, unpacked])
def test_a_changed_source_is_decoded_again(tmp_path, kind, cache):
    path = kind(tmp_path / "set", tree())
    assert (data.load(path, "cpu").test.images[0] == 8).all()
    kind(path, tree() | {"test/ant/000.png": png(99, "L")})
    assert (data.load(path, "cpu").test.images[0] == 99).all()
    assert len(list(cache.iterdir())) == 1


def test_a_loaded_bench_does_not_depend_on_its_cached_file(source, cache):
    data.load(source, "cpu")
    bench = data.load(source, "cpu")
    before = bench.test.images.clone()
    (file,) = cache.iterdir()
    file.write_bytes(b"")
    assert torch.equal(bench.test.images, before)


def test_a_full_disk_gives_one_warning_and_the_data(source, cache, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache_files, "save_file", full)
    with pytest.warns(UserWarning) as caught:
        bench = data.load(source, "cpu")
    assert len(caught) == 1 and "No space left on device" in str(caught[0].message)
    assert caught[0].filename == __file__, "the warning should point at the line that called load"
    assert len(bench.test) == 4 and list(cache.iterdir()) == []


def test_a_cache_folder_that_cannot_be_made_gives_one_warning_and_the_data(source, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "file" / "cache"))
    with pytest.warns(UserWarning, match="could not be kept in") as caught:
        assert len(data.load(source, "cpu").test) == 4
    assert len(caught) == 1


# Named sets that are not embedded


@needs_debian
def test_debians_files_are_torchvisions_but_for_their_gzip_headers():
    from torchvision.datasets import FashionMNIST

    found = [(f"{name}.gz", hashlib.md5(original(name)).hexdigest()) for name in sources.FASHION_FILES]
    assert sorted(found) == sorted(FashionMNIST.resources)


@needs_debian
def test_fashion_mnist_comes_from_debians_package_and_then_from_the_cache(offline, monkeypatch):
    assert data.available()["fashion-mnist"] == "Debian package"
    first = data.load("fashion-mnist", "cpu")
    assert [len(first.split(part)) for part in PARTS] == [54_000, 6_000, 10_000]
    assert first.validation.labels.bincount().tolist() == [600] * 10
    monkeypatch.setattr(sources, "DEBIAN", Path("/nowhere"))
    assert data.available()["fashion-mnist"] == "cached"
    assert same(first, data.load("fashion-mnist", "cpu"))


@pytest.mark.parametrize("content", [gzip.compress(b"other", mtime=0), b"no gzip"], ids=["other content", "no gzip"])
def test_a_file_in_debians_place_that_is_not_the_original_is_refused(tmp_path, monkeypatch, content):
    for name in sources.FASHION_FILES:
        (tmp_path / f"{name}.gz").write_bytes(content)
    monkeypatch.setattr(sources, "DEBIAN", tmp_path)
    with pytest.raises(CourseError, match=r"train-images-idx3-ubyte\.gz (is not the original|cannot be read)"):
        data.load("fashion-mnist")


@needs_debian
def test_fashion_mnist_is_downloaded_and_a_broken_file_that_lies_there_is_replaced(tmp_path, monkeypatch, cache, file_urls):
    from torchvision.datasets import FashionMNIST

    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for name in sources.FASHION_FILES:
        (mirror / f"{name}.gz").write_bytes(original(name))
    monkeypatch.setattr(FashionMNIST, "mirrors", [f"{mirror.as_uri()}/"])
    expected = sources.read_fashion_mnist(sources.DEBIAN)
    monkeypatch.setattr(sources, "DEBIAN", Path("/nowhere"))
    (cache / "downloads").mkdir(parents=True)
    broken = cache / "downloads" / "t10k-labels-idx1-ubyte.gz"
    broken.write_bytes(gzip.compress(bytes(10_008)))
    assert torch.equal(data.load("fashion-mnist", "cpu").test.labels, expected["test"][1])
    assert broken.read_bytes() == (mirror / broken.name).read_bytes()


@pytest.mark.parametrize("name", ["fashion-mnist", "cifar10"])
def test_without_a_network_one_sentence_names_the_embedded_set(name, offline, monkeypatch):
    monkeypatch.setattr(sources, "DEBIAN", Path("/nowhere"))
    assert data.available()[name].startswith("not here: ")
    with pytest.raises(CourseError, match=f"'{name}' is not here .*no network.*load 'fashion-mini'") as caught:
        data.load(name)
    assert "\n" not in str(caught.value)


@pytest.fixture
def tiny_cifar(tmp_path, monkeypatch, file_urls):
    """torchvision's CIFAR10 told of an archive with ten images a file, one per class."""
    from torchvision.datasets import CIFAR10

    def batch(number):
        return {"data": np.full((10, 3072), number, np.uint8), "labels": list(range(10))}

    files = {name: pickle.dumps(batch(number)) for number, (name, _) in enumerate(CIFAR10.train_list + CIFAR10.test_list)}
    files["batches.meta"] = pickle.dumps({"label_names": [f"class {label}" for label in range(10)]})
    sums = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    archive = tmp_path / "mirror.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{CIFAR10.base_folder}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    monkeypatch.setattr(CIFAR10, "url", archive.as_uri())
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    for field in ("train_list", "test_list"):
        monkeypatch.setattr(CIFAR10, field, [[name, sums[name]] for name, _ in getattr(CIFAR10, field)])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": sums["batches.meta"]})
    return archive


def test_cifar10_is_downloaded_once_and_then_read_from_the_cache(tiny_cifar):
    first = data.load("cifar10", "cpu")
    assert first.shape == (3, 32, 32) and first.classes[9] == "class 9"
    assert [len(first.split(part)) for part in PARTS] == [40, 10, 10] and (first.test.images == 5).all()
    tiny_cifar.unlink()
    assert data.available()["cifar10"] == "cached"
    assert same(first, data.load("cifar10", "cpu"))


class Bomb:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_cifar10_file_with_a_wrong_checksum_is_never_unpickled(tiny_cifar, cache, tmp_path):
    first = data.load("cifar10", "cpu")
    batch = cache / "downloads" / "cifar-10-batches-py" / "test_batch"
    batch.write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    (cache / "cifar10.safetensors").unlink()
    assert same(first, data.load("cifar10", "cpu")), "the file should have been taken from the archive again"

    batch.write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    (cache / "cifar10.safetensors").unlink()
    tiny_cifar.write_bytes(b"not the archive")
    (cache / "downloads" / "cifar-10-python.tar.gz").unlink()
    with pytest.raises(CourseError, match="could not be downloaded"):
        data.load("cifar10", "cpu")
    assert not (tmp_path / "exploded").exists()


def test_every_named_set_says_how_it_is_at_hand():
    assert list(data.available()) == ["fashion-mini", "fashion-mnist", "cifar10"]
    assert data.available()["fashion-mini"] == "embedded"
