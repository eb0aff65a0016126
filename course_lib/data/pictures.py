"""Image files that people bring, one at a time: which of them are images, and what their pixels become."""

from __future__ import annotations

import functools
import io
import warnings
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_lib.errors import CourseError, check_whole
from course_lib.files import reason

if TYPE_CHECKING:
    from PIL.Image import Image

Size = tuple[int, int]  # height and width in pixels

DECODER = "2"  # raise it when the same files become other pixels or other parts, so that they are decoded again
LARGEST_IMAGE_FILE = 20_000_000  # bytes
# Other programs would read them (Ghostscript for one), or nothing at all: Pillow only knows them by name.
NOT_DECODED = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})
PAPER = 255  # what shows through where an image is transparent: white
ORIENTATION = 0x0112  # the tag that says how a camera was held


def checked(size: int | tuple[int, int] | None) -> Size | None:
    """Return a size as (height, width), or None; CourseError for anything but a whole number or two of them."""
    if size is None:
        return None
    pair = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(pair) != 2:
        raise CourseError(f"size={size!r} was given; it is a number of pixels, or (height, width).")
    for side in pair:
        check_whole("size", side)
    return int(pair[0]), int(pair[1])


def decoder(size: Size | None) -> str:
    """Return what tells pixels apart that were decoded in another way from the same files."""
    return f"{DECODER} {size}"


@functools.cache
def formats() -> tuple[str, ...]:
    """Return the names of all formats that Pillow reads by itself."""
    from PIL import Image

    Image.init()
    return tuple(name for name in Image.ID if name not in NOT_DECODED)


@functools.cache
def endings() -> frozenset[str]:
    """Return the endings of their files, such as ".jpg", in small letters."""
    from PIL import Image

    return frozenset(ending for ending, name in Image.registered_extensions().items() if name in formats())


@functools.cache
def marked_formats() -> tuple[str, ...]:
    """Return the formats that can be told from a file's first bytes; the others could be anything."""
    from PIL import Image

    return tuple(name for name in formats() if Image.OPEN[name][1] is not None)


def has_ending(name: str) -> bool:
    """Return whether a file calls itself an image."""
    return PurePosixPath(name).suffix.lower() in endings()


def is_image(name: str, size: int, read_bytes: Callable[[str], bytes]) -> bool:
    """Return whether a file of `size` bytes calls itself an image or, whatever it is called, begins like one."""
    from PIL import Image

    if has_ending(name):
        return True
    try:
        return 0 < size <= LARGEST_IMAGE_FILE and bool(Image.open(io.BytesIO(read_bytes(name)), formats=marked_formats()))
    except Exception:  # as in `decode`; here it only means that this is no image
        return False


def decode(name: str, read_bytes: Callable[[str], bytes], path: Path, size: Size | None = None) -> np.ndarray:
    """Return an image as uint8, (H, W) if it is grey and (H, W, 3) otherwise.

    It stands upright, as its EXIF orientation says. What is transparent shows white. Grey of 16 bits is scaled to 8 (65535
    is 255). CMYK and other colours become RGB. Of several images in one file (animations, pages) the first counts. With
    `size` the image is scaled until it covers that, and its middle is kept.

    Raises:
        CourseError: for a file that is damaged or no image, and for pixels whose range is not known (modes F and I).
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(read_bytes(name)), formats=formats()) as image:
            return np.asarray(fitted(eight_bits(upright(image), image.format), size))
    except UnidentifiedImageError as error:
        why = "Pillow knows no such kind of image: save it again as PNG or JPEG, or remove it"
        raise CourseError(f"The image {name} in {path} cannot be read ({why}).") from error
    # Decoders and zipfile raise almost anything at bytes that are not what they claim to be.
    except Exception as error:
        raise CourseError(f"The image {name} in {path} cannot be read ({reason(error)}).") from error


def upright(image: Image) -> Image:
    """Return the image as it was meant to be seen; a camera that is held upright only notes that it was."""
    from PIL import ImageOps

    image.load()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # notes of cameras are broken in every way; the pixels are there all the same
            turned = image.getexif().get(ORIENTATION, 1) != 1
            return ImageOps.exif_transpose(image) if turned else image
    except Exception:  # as broken as that
        return image


def eight_bits(image: Image, kind: str | None) -> Image:
    """Return an image that was stored in the format `kind` in mode L if it is grey, and RGB otherwise."""
    from PIL import Image

    if image.mode.startswith("I;16") or (image.mode == "I" and kind in ("PNG", "PPM")):  # there I means 16 bits
        scaled = (np.asarray(image).astype(np.uint32) * 255 + 32767) // 65535
        return Image.fromarray(scaled.astype(np.uint8))
    if image.mode.startswith(("I", "F")):
        raise ValueError(
            f"it has more than 8 bits per channel, mode {image.mode}, and does not say which number is white: "
            "save it with 8 or 16 bits"
        )
    grey = image.mode in ("1", "L", "LA", "La")
    if image.mode.lower().endswith("a") or "transparency" in image.info:
        # Through RGBA: where only one colour is transparent, the image itself does not say how much.
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, (PAPER,) * 3 + (255,)), over)
    return image if image.mode == "L" else image.convert("L" if grey else "RGB")


def fitted(image: Image, size: Size | None) -> Image:
    """Return the image scaled until it covers `size`, and cut to its middle."""
    from PIL import Image, ImageOps

    if size is None or (image.height, image.width) == size:
        return image
    return ImageOps.fit(image, (size[1], size[0]), Image.Resampling.BILINEAR)


def resized(images: Tensor, size: Size | None) -> Tensor:
    """Return decoded images uint8 (n, C, H, W) as `decode` would have returned them with `size`."""
    from PIL import Image

    if size is None or tuple(images.shape[2:]) == size:
        return images
    arrays = [image.permute(1, 2, 0).squeeze(2).numpy() for image in images]
    return stacked([np.asarray(fitted(Image.fromarray(array), size)) for array in arrays], images.shape[1] > 1)


def stacked(arrays: list[np.ndarray], colour: bool) -> Tensor:
    """Return images as one tensor uint8 (n, C, H, W); grey ones become RGB where others have colour."""
    if colour:
        arrays = [array if array.ndim == 3 else np.repeat(array[:, :, None], 3, axis=2) for array in arrays]
    images = torch.from_numpy(np.stack(arrays))
    return images.permute(0, 3, 1, 2).contiguous() if colour else images.unsqueeze(1)
