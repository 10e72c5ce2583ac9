"""Arrays of images: .npy, mapped rather than read; idx, as MNIST comes; .mat, whose last axis is the image's number."""

from __future__ import annotations

import io
import math
import os
import struct
from collections.abc import Iterator

import numpy as np

from problems.io.images.held import COLOUR, GREY, Pixels
from problems.io.npy import read_header, sides
from problems.terminal.errors import InputError, listed, safe

AT_ONCE = 1 << 26  # bytes of an array that are looked through together
IDX_UNSIGNED, IDX_TYPES = 8, {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
DARK = 64  # of 255: images of which no pixel is lighter are probably of another range


def map_npy(path: str) -> Pixels:
    """The array in a .npy file, mapped into memory; raises InputError for what is no plain array of numbers."""
    with open(path, "rb") as file:
        shape, by_column, dtype = read_header(file)
        if dtype.kind not in "buf":
            kind = "Python objects" if dtype.hasobject else safe(dtype)
            raise InputError(f"holds {kind}; save images as uint8 from 0 to 255, or as floats from 0 to 1")
        count, rest = math.prod(shape), os.fstat(file.fileno()).st_size - file.tell()
        if rest != count * dtype.itemsize:
            raise InputError(f"promises {sides(shape)} numbers but holds {rest:,} bytes; save it again")
        if not count:
            raise InputError("holds no numbers; give images")
        return np.memmap(path, dtype, "r", file.tell(), shape, order="F" if by_column else "C")


def idx_array(data: bytes) -> Pixels:
    """The array in the bytes of an idx file; raises InputError for what is none.

    >>> idx_array(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9])).tolist()
    [7, 8, 9]
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in IDX_TYPES or not data[3]:
        raise InputError("is no file that is known to hold images; give a folder of pictures, .npy, .mat, or idx")
    start, dtype = 4 + 4 * data[3], np.dtype(IDX_TYPES[data[2]])
    if len(data) < start:
        raise InputError("is cut short in its header; fetch it again")
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    if len(data) - start != math.prod(shape) * dtype.itemsize:
        raise InputError(f"promises {sides(shape)} numbers but holds {len(data) - start:,} bytes; fetch it again")
    return np.frombuffer(data, dtype, offset=start).reshape(shape)


def mat_array(data: bytes) -> tuple[Pixels, list[str]]:
    """The images in the bytes of a MATLAB file, (n, height, width[, channels]), and notes; raises InputError.

    MATLAB counts columns first: the last axis is the image's number, and a matrix holds an image in each column.
    """
    from scipy.io import loadmat, whosmat

    if data[:8] == b"\x89HDF\r\n\x1a\n" or data.startswith(b"MATLAB 7.3"):
        raise InputError("is a MATLAB file of version 7.3, which is HDF5; save it by save(..., '-v7')")
    try:
        known = [(name, shape) for name, shape, kind in whosmat(io.BytesIO(data)) if kind in MAT_KINDS]
        images = [(name, shape) for name, shape in known if _may_be_images(shape)]
        if len(images) != 1:
            names = listed([f"{safe(name)} ({sides(shape)})" for name, shape in known], 5) or "none of numbers"
            raise InputError(f"holds {len(images)} variables that may be images, among {names}; save one alone")
        [(name, shape)] = images
        values = loadmat(io.BytesIO(data), variable_names=[name])[name]
    except InputError:
        raise
    except Exception as error:  # scipy raises a dozen kinds for files that are damaged
        raise InputError(f"is damaged, or no MATLAB file ({type(error).__name__}); save it again") from None
    if values.ndim == 2:
        side = math.isqrt(shape[0])
        note = f"Each column of {safe(name)}, {sides(shape)}, is an image of {side} x {side}, down its columns."
        return values.T.reshape(-1, side, side).swapaxes(1, 2), [note]
    return np.moveaxis(values, -1, 0), [f"The last axis of {safe(name)}, {sides(shape)}, counts the images."]


MAT_KINDS = ("double", "single", "uint8", "logical")


def _may_be_images(shape: tuple[int, ...]) -> bool:
    """Whether there are several of at least 2 x 2 pixels."""
    if len(shape) == 2:
        return shape[0] >= 4 and shape[1] > 1 and math.isqrt(shape[0]) ** 2 == shape[0]
    return len(shape) in (3, 4) and min(shape[0], shape[1], shape[-1]) > 1


def as_images(values: Pixels, notes: list[str]) -> tuple[Pixels, int | None]:
    """The array as (n, height, width, channels), and the number of values that a pixel may have, None for floats.

    Raises InputError for a shape that is none of images, and for numbers of which it is unknown which is white.

    >>> pixels, levels = as_images(np.full((20, 8, 8), 0.5), [])
    >>> pixels.shape, levels
    ((20, 8, 8, 1), None)
    """
    shape = values.shape
    if values.ndim == 3:
        values = values[..., None]
    if values.ndim != 4 or values.shape[3] not in (GREY, COLOUR):
        raise InputError(f"holds numbers in the shape {sides(shape)}; {_remedy(shape)}")
    if values.dtype.kind not in "buf" or (values.dtype.kind == "u" and values.dtype.itemsize > 1):
        raise InputError(f"holds {safe(values.dtype)}; save images as uint8 from 0 to 255, or as floats from 0 to 1")
    low, high, whole = _range(values)
    if values.dtype.kind == "f" and not (low >= 0 and high <= 1):
        if low >= 0 and high <= 255 and whole:
            if values.nbytes > AT_ONCE:
                raise InputError(f"holds floats up to {high:.6g}; save them as uint8, by array.astype('uint8')")
            notes.append(f"Its floats are whole numbers up to {high:.0f}; 255 is taken as white.")
            return values.astype(np.uint8), 256
        said = (
            "numbers that are missing or infinite" if not np.isfinite([low, high]).all() else f"{low:.6g} to {high:.6g}"
        )
        raise InputError(f"holds floats: {said}; scale them so that 0 is black and 1 white, or save them as uint8")
    if values.dtype.kind == "f":
        return values, None
    if high <= 1:
        notes.append("Its numbers are 0 and 1, which are taken as black and white.")
        return values, 2
    if high < DARK:
        notes.append(
            f"Its largest number is {high:.0f}, while 255 is white: save it divided by {high:.0f} if it is dark."
        )
    return values, 256


def _remedy(shape: tuple[int, ...]) -> str:
    if len(shape) == 4 and shape[1] in (GREY, COLOUR):
        return "channels go last: save array.transpose(0, 2, 3, 1)"
    if len(shape) == 4 and shape[3] == 4:
        return "leave out the fourth channel, as by array[..., :3]"
    if len(shape) == 2:
        return "say how high and wide images are, as by array.reshape(-1, 28, 28)"
    return "images are n x height x width, or n x height x width x 3"


def _range(values: Pixels) -> tuple[float, float, bool]:
    """The least and the largest number, NaN if any is, and whether all are whole."""
    low, high, whole = math.inf, -math.inf, True
    for part in _parts(values):
        low, high = float(np.minimum(low, part.min())), float(np.maximum(high, part.max()))
        whole = whole and (part.dtype.kind != "f" or bool((part == np.rint(part)).all()))
    return low, high, whole


def _parts(values: Pixels) -> Iterator[Pixels]:
    each = max(AT_ONCE // max(values[0].nbytes, 1), 1)
    for start in range(0, len(values), each):
        yield values[start : start + each]
