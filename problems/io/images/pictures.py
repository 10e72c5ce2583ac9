"""One picture file: what its header says, and its pixels; what cannot be used is said in a few words.

Of an animation the first frame is taken, of transparent parts what they look like on white, of 16 bits the upper 8; a
camera's note on how it was held is followed.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.io.content import MAX_BYTES
from problems.io.images.fitting import fitted

# Others of pillow's formats hand the file to other programs, or are no pictures of pixels.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pnm")
MOST_PIXELS = 50_000_000  # of one picture; a header may promise many more than there are bytes
TURNED = (5, 6, 7, 8)  # values of the EXIF orientation that exchange width and height
ORIENTATION = 0x0112
GREY_MODES = ("1", "L", "LA", "La", "I", "F")


class Unusable(Exception):
    """A picture that cannot be used: why, to be said after its name."""


@dataclass(frozen=True)
class Header:
    """What is known of a picture before its pixels are read."""

    width: int
    height: int
    grey: bool
    transparent: bool
    deep: bool  # more than 8 bits
    frames: int


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """The picture, opened but not read; raises Unusable."""
    from PIL import Image, UnidentifiedImageError

    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise Unusable("is not a regular file")
        if not 0 < status.st_size <= MAX_BYTES:
            raise Unusable("is empty" if not status.st_size else f"has more than {MAX_BYTES >> 20} MB")
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Unusable(f"has {picture.width:,} x {picture.height:,} pixels, too many")
            yield picture
    except Unusable:
        raise
    except UnidentifiedImageError:
        raise Unusable(f"is none of {', '.join(FORMATS)}") from None
    except Image.DecompressionBombError:
        raise Unusable("has too many pixels") from None
    except Exception as error:  # pillow raises a dozen kinds for files that are damaged
        cut = isinstance(error, EOFError) or "truncated" in str(error)
        raise Unusable("is cut short" if cut else f"is damaged ({type(error).__name__})") from None


def header(path: str) -> Header:
    """What a file says of its picture; raises Unusable."""
    with _opened(path) as picture:
        width, height = picture.size
        if picture.getexif().get(ORIENTATION) in TURNED:
            width, height = height, width
        return Header(
            width,
            height,
            picture.mode in GREY_MODES or picture.mode.startswith("I;16"),
            picture.has_transparency_data,
            picture.mode in ("I", "F") or picture.mode.startswith("I;16"),
            getattr(picture, "n_frames", 1),
        )


def pixels(path: str, channels: int, size: int | None = None) -> NDArray[np.uint8]:
    """The picture, (height, width, channels), cut to its square and made `size` a side if that is given.

    Raises Unusable.
    """
    from PIL import ImageOps

    with _opened(path) as picture:
        picture.load()
        plain = _of_eight_bits(ImageOps.exif_transpose(picture)).convert("L" if channels == 1 else "RGB")
        found = np.asarray(plain if size is None else fitted(plain, size))
        return found.reshape(*found.shape[:2], channels)


def _of_eight_bits(picture: Any) -> Any:
    """The same without transparency, palette or more than 8 bits; raises Unusable for numbers of unknown range."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits, by formats and versions of pillow also in an integer of 32
        values = np.asarray(picture)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise Unusable("has numbers of 32 bits, of which nobody knows which is white; save it with 8 or 16")
        return Image.fromarray((values >> 8).astype(np.uint8))
    if picture.mode == "F":
        raise Unusable("has floating-point numbers, of which nobody knows which is white; save it with 8 or 16 bits")
    if picture.has_transparency_data:
        laid = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", laid.size, "white"), laid).convert("RGB")
    return picture
