"""Make course_lib/data/embedded/fashion-mini.npz, the data set that the lessons use without any download.

    python scripts/make_fashion_mini.py /usr/share/datasets/fashion-mnist

The folder holds the four Fashion-MNIST .gz files (Debian's package dataset-fashion-mnist installs them there).
10,000 training and 2,000 validation images come from the 60,000 training images, 2,000 test images from the 10,000 test
images, each part with equally many of every class, without replacement. The same files give the same bytes.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np

from course_lib.data.sources import read_fashion_mnist
from course_lib.files import replacing

SEED = 20170825
TRAIN, VALIDATION, TEST, CLASSES = 10_000, 2_000, 2_000, 10
TARGET = Path(__file__).resolve().parents[1] / "course_lib" / "data" / "embedded" / "fashion-mini.npz"


def draw(labels: np.ndarray, counts: list[int], rng: np.random.RandomState) -> list[np.ndarray]:
    """Return one array of indices per count: class-balanced, disjoint, each in a random order."""
    parts: list[list[np.ndarray]] = [[] for _ in counts]
    ends = np.cumsum([count // CLASSES for count in counts])
    for label in range(CLASSES):
        chosen = rng.permutation(np.flatnonzero(labels == label))[: ends[-1]]
        for part, piece in zip(parts, np.split(chosen, ends[:-1]), strict=True):
            part.append(piece)
    return [rng.permutation(np.concatenate(part)) for part in parts]


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """Return images uint8 (n, 28, 28), labels uint8 (n,) and the rows they came from, uint16 (n,), of each part."""
    whole = read_fashion_mnist(folder)
    rng = np.random.RandomState(SEED)  # numpy keeps its stream the same in every version, unlike default_rng's
    train, validation = draw(whole["train"][1].numpy(), [TRAIN, VALIDATION], rng)
    (test,) = draw(whole["test"][1].numpy(), [TEST], rng)
    result = {}
    for part, source, rows in (("train", "train", train), ("validation", "train", validation), ("test", "test", test)):
        images, labels = whole[source]
        result[f"{part}_images"] = images.numpy()[rows, 0]
        result[f"{part}_labels"] = labels.numpy()[rows].astype(np.uint8)
        result[f"{part}_rows"] = rows.astype(np.uint16)
    return result


def write(path: Path, members: dict[str, np.ndarray]) -> None:
    """Write what np.savez_compressed writes, with fixed dates, so that the bytes depend on the arrays alone."""
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in members.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, buffer.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


def main() -> None:
    """Read the arguments and write the file."""
    parser = argparse.ArgumentParser(description="Make the embedded data set fashion-mini.")
    parser.add_argument("folder", type=Path, help="where the four Fashion-MNIST .gz files lie")
    parser.add_argument("--out", type=Path, default=TARGET, help="the file to write")
    given = parser.parse_args()
    write(given.out, arrays(given.folder))
    print(f"{given.out}: {given.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
