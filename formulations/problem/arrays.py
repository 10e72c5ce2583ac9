"""The array types that all of the project uses, and the vectors that are distributions."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Integers = NDArray[Any]  # exact: int64, or Python's unbounded integers in an array of dtype object
Number = Fraction | float  # a Fraction where it is exact
Values = Mapping[str, Floats]  # variable name -> value, in the variable's shape

SUM = 1e-9  # by which probabilities may miss a sum of 1


def distribution(given: ArrayLike, name: str, cells: int | None = None) -> Floats:
    """The vector as float64; raises ValueError, naming the entry, if it is no distribution (over so many cells).

    >>> distribution([0.25, 0.75], "q")
    array([0.25, 0.75])
    """
    weights = np.asarray(given, dtype=np.float64)
    if weights.ndim != 1 or not weights.size or (cells is not None and len(weights) != cells):
        wanted = "a vector with an entry per cell" if cells is None else f"one number for each of q's {cells} cells"
        raise ValueError(f"{name} has shape {weights.shape}; it must be {wanted}")
    wrong = np.flatnonzero(~(weights >= 0))
    if len(wrong):
        raise ValueError(f"{name} is {weights[wrong[0]]} in cell {wrong[0] + 1}; it must be at least 0 everywhere")
    if not abs(weights.sum() - 1) <= SUM:
        raise ValueError(f"{name} sums to {weights.sum():.12g}; divide it by that, so that it sums to 1")
    return weights
