"""Reading images, of whatever kind the file or folder is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from problems.io.content import decode, read_bytes
from problems.io.images.arrays import as_images, idx_array, map_npy, mat_array
from problems.io.images.fitting import all_fitted
from problems.io.images.folder import MOST_SIDE, read_folder
from problems.io.images.held import COLOUR, GREY, MOST_HELD, Images, Pixels, held
from problems.io.images.pictures import SUFFIXES
from problems.terminal.errors import InputError, safe

DIGITS, DIGIT_LEVELS = "digits", 17
FEWEST, LEAST_SIDE = 20, 4


def read_images(
    source: str, labels: str | None = None, size: int | None = None, *, grey: bool = False, drop: bool = False
) -> Images:
    """The images in a folder or a file, or scikit-learn's digits.

    source  "digits", a folder of pictures whose subfolders are labels, or a file: .npy of n x height x width (x 3),
            uint8 or floats from 0 to 1; idx, packed or not; .mat
    labels  a file with a label for each image: idx, .npy, or text with one a line
    size    pixels a side; others are cut to their square and made as small or large
    grey    whether colours are to be turned to grey
    drop    whether pictures of a folder that cannot be used are left out

    Raises InputError, one sentence for the user, for what cannot be used.

    >>> images = read_images("digits")
    >>> len(images), images.shape, images.levels, images.labels[:3]
    (1797, (8, 8, 1), 17, ['0', '1', '2'])
    """
    try:
        images = _digits(size) if source == DIGITS else _read(source, size, grey=grey, drop=drop)
        _refuse(images)
    except InputError as error:
        raise InputError(f"{safe(source, 200)}: {error}") from None
    except MemoryError:
        raise InputError(f"{safe(source, 200)}: is too large for this computer's memory; give fewer images") from None
    except OSError as error:
        why = error.strerror or "unreadable"
        raise InputError(f"{safe(source, 200)}: cannot be opened: {why}; check the path and its rights") from None
    return images if labels is None else replace(images, labels=read_labels(labels, len(images)))


def _digits(size: int | None) -> Images:
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels, levels = found.images.astype(np.uint8)[..., None], DIGIT_LEVELS
    if size is not None and pixels.shape[1:3] != (size, size):
        pixels, levels = all_fitted((pixels * (255 / (levels - 1))).round().astype(np.uint8), size), 256
    return _of_array(DIGITS, pixels, levels, labels=[str(label) for label in found.target])


def _read(source: str, size: int | None, *, grey: bool, drop: bool) -> Images:
    if os.path.isdir(source):
        return read_folder(source, size, grey, drop)
    name, notes = os.path.basename(source), list[str]()
    if source.lower().endswith(".npy"):
        values = map_npy(source)
    elif source.lower().endswith(SUFFIXES):
        raise InputError("is one picture; name the folder that holds it and others")
    else:
        data, suffix = read_bytes(source)
        values, notes = mat_array(data) if suffix == ".mat" else (idx_array(data), [])
        if values.ndim == 1:
            raise InputError("holds labels, not images; give it by --labels, and images by --data")
    values, levels = as_images(values, notes)
    return _made(_of_array(name, values, levels, notes=notes), size, grey=grey)


def _of_array(
    name: str, pixels: Pixels, levels: int | None, labels: Sequence[str] | None = None, notes: Sequence[str] = ()
) -> Images:
    height, width, channels = pixels.shape[1:]
    return Images(name, len(pixels), (height, width, channels), levels, held(pixels), labels, notes=notes)


def _made(images: Images, size: int | None, *, grey: bool) -> Images:
    """The same in grey, if asked for, and of that size; in memory if they have room there."""
    changes = []
    height, width, channels = images.shape
    if grey and channels == COLOUR:
        changes.append(_as_grey)
        images = replace(images, notes=[*images.notes, "Colours are turned to grey."], shape=(height, width, GREY))
    if size is not None and (height, width) != (size, size):
        changes.append(lambda pixels: all_fitted(_of_bytes(pixels, images.levels), size))
        note = f"Images of {height} x {width} pixels are cut to the square in their middle and made {size} x {size}."
        levels = None if images.levels is None else 256
        images = replace(images, notes=[*images.notes, note], shape=(size, size, images.shape[2]), levels=levels)
    if not changes:
        return images
    before = images.read

    def read(places: np.ndarray) -> Pixels:
        pixels = before(places)
        for change in changes:
            pixels = change(pixels)
        return pixels

    if len(images) * int(np.prod(images.shape)) > MOST_HELD:
        return replace(images, read=read)
    return replace(images, read=held(read(np.arange(len(images)))))


def _of_bytes(pixels: Pixels, levels: int | None) -> Pixels:
    """Whole numbers from 0 to 255, or floats as they are."""
    return pixels if levels is None else (pixels.astype(np.uint8) * np.uint8(255 // (levels - 1)))


def _as_grey(pixels: Pixels) -> Pixels:
    """Luma, as ITU-R BT.601 weighs the three colours, and as pillow does."""
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    grey: Pixels = (luma.round() if pixels.dtype == np.uint8 else luma).astype(pixels.dtype)[..., None]
    return grey


def _refuse(images: Images) -> None:
    """Raise InputError for too few images, and for sizes that are not learnt here."""
    height, width, _ = images.shape
    if len(images) < FEWEST:
        raise InputError(
            f"holds too few images, {len(images):,}; give at least {FEWEST}, to train with and to judge by"
        )
    if not LEAST_SIDE <= min(height, width) <= max(height, width) <= MOST_SIDE:
        raise InputError(
            f"holds images of {height:,} x {width:,} pixels; {LEAST_SIDE} to {MOST_SIDE} a side are learnt here, so "
            "add --size 32"
        )


def read_labels(path: str, count: int, what: str = "labels") -> list[str]:
    """The labels in a file, or captions, one for each image."""
    try:
        if path.lower().endswith(".npy"):
            values = map_npy(path)
        else:
            data, _ = read_bytes(path)
            lines = [] if data[:2] == b"\0\0" else decode(data).rstrip("\r\n").split("\n")
            values = np.array(lines) if lines else idx_array(data)
        if values.ndim != 1 or len(values) != count:
            raise InputError(f"holds {len(values):,} {what} for {count:,} images; give one for each")
        return [str(value).strip() for value in values.tolist()]
    except InputError as error:
        raise InputError(f"{safe(path, 200)}: {error}") from None
    except OSError as error:
        raise InputError(f"{safe(path, 200)}: cannot be opened: {error.strerror}; check the path") from None
