"""Arrays in NumPy's own format: nothing is executed, and no memory is allocated for data that are not there."""

from __future__ import annotations

import io
import math
import tokenize
import warnings
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from formulations.problem import Floats
from problems.terminal.errors import InputError, safe

Shape = tuple[int, ...]
READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}  # 3.0 is for names of fields

MALFORMED_HEADER = (ValueError, TypeError, LookupError, ArithmeticError, SyntaxError, tokenize.TokenError)
NESTED_HEADER = (RecursionError, MemoryError)  # from a header that is nested too deeply


def read_npy(data: bytes, check: Callable[[Shape], None], kinds: str = "biuf") -> Floats:
    """The array as float64 of its own shape, C-contiguous and writeable; entries may be not finite.

    check  raises InputError for a shape that cannot be used, before memory is allocated
    kinds  the accepted kinds of dtype, by NumPy's letters

    Raises InputError for anything but a complete array of numbers.

    >>> file = io.BytesIO()
    >>> np.save(file, np.array([[1, 2], [3, 4]]))
    >>> read_npy(file.getvalue(), check=print).tolist()
    (2, 2)
    [[1.0, 2.0], [3.0, 4.0]]
    """
    file = io.BytesIO(data)
    shape, by_column, dtype = read_header(file)
    if dtype.kind not in kinds:
        kind = "Python objects" if dtype.hasobject else safe(dtype)
        raise InputError(f"holds {kind}; save real numbers, as in array.astype(float)")
    check(shape)
    count, rest = math.prod(shape), len(data) - file.tell()
    if rest != count * dtype.itemsize:
        raise InputError(f"promises {sides(shape)} numbers but holds {rest:,} bytes; save it again")
    held: NDArray[Any] = np.frombuffer(data, dtype, count, file.tell()).reshape(shape, order="F" if by_column else "C")
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes infinite
        return held.astype(np.float64, order="C")


def read_header(file: IO[bytes]) -> tuple[Shape, bool, np.dtype[Any]]:
    """The shape, whether it is stored column by column, and the type, from an open file, which then is at the numbers.

    Raises InputError for anything but the header of a plain array.

    >>> file = io.BytesIO()
    >>> np.save(file, np.zeros((2, 3), dtype=np.uint8))
    >>> _ = file.seek(0)
    >>> read_header(file)
    ((2, 3), False, dtype('uint8'))
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # about unusual headers
            shape, by_column, dtype = READERS[npy.read_magic(file)](file)  # longer than 10,000 characters: ValueError
        shape = tuple(map(int, shape))  # True counts as an integer in a header
        if any(abs(side) > np.iinfo(np.int64).max for side in shape):
            raise ValueError
    except (*MALFORMED_HEADER, *NESTED_HEADER):
        raise InputError("is named .npy but does not hold a plain NumPy array; write it with numpy.save") from None
    return shape, by_column, dtype


def misshapen(shape: Shape, remedy: str) -> InputError:
    """The error for an array of a shape that cannot be used.

    >>> print(misshapen((2, 3), "give a square matrix"))
    holds numbers in the shape 2 x 3; give a square matrix
    """
    return InputError(f"holds numbers in the shape {sides(shape)}; {remedy}")


def sides(shape: Shape) -> str:
    """A shape in words.

    >>> sides((2, 3)), sides(())
    ('2 x 3', '0-dimensional')
    """
    return safe(" x ".join(f"{side:,}" for side in shape)) or "0-dimensional"
