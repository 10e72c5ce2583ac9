"""Two samples to be compared, as arrays of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from formulations.problem import Floats

MAX_MAGNITUDE = 1e100  # of numbers, whose squares are to be summed


def two_samples(x: ArrayLike, y: ArrayLike, least: int = 1) -> tuple[Floats, Floats]:
    """Both as float64 (n, d) and (m, d), numbers alone as rows of one.

    Raises ValueError for fewer rows than the least, rows of unlike lengths, what is no number, and numbers that are not
    finite or of which the squares may not be.

    >>> [rows.shape for rows in two_samples([1, 2, 3], [[4.0], [5.0]])]
    [(3, 1), (2, 1)]
    """
    first, second = _rows("first", x), _rows("second", y)
    for name, rows in (("first", first), ("second", second)):
        if rows.ndim != 2 or rows.shape[1] < 1:
            raise ValueError(f"the {name} sample has shape {rows.shape}; give rows of numbers, (n, d)")
        if len(rows) < least:
            raise ValueError(f"the {name} sample has {len(rows)} rows; at least {least} are needed")
        if not np.isfinite(rows).all():
            raise ValueError(f"the {name} sample has numbers that are not finite; leave out the rows that have them")
        if np.abs(rows).max() > MAX_MAGNITUDE:
            raise ValueError(f"the {name} sample has a number of size {np.abs(rows).max():g}; give it in another unit")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"rows of {first.shape[1]} and of {second.shape[1]} numbers; give both the same columns")
    return first, second


def _rows(name: str, given: ArrayLike) -> Floats:
    try:
        rows = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the {name} sample is not rows of numbers, as many in each: {error}") from error
    return rows[:, None] if rows.ndim == 1 else rows
