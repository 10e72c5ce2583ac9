"""Kernels as functions of the distance r of two points, a width for them, and sums of them over labelled rows.

Raised for a width that is not positive: ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist, pdist

from formulations.divergences.samples import two_samples
from formulations.problem import Floats

Kernel = Callable[[Any], Any]  # distances, a number, an array or a tensor of them -> k: operators suit all three
ROWS_AT_ONCE = 1 << 10  # of the matrix of distances
ROWS = 1_000  # of each sample, that the median distance is taken of


def gaussian(width: float) -> Kernel:
    """k = e^(-r^2 / 2 width^2).

    >>> round(gaussian(1.0)(1.0), 4)
    0.6065
    """
    _refuse(width)
    return lambda r: math.e ** (-(r**2) / (2 * width**2))


def laplace(width: float) -> Kernel:
    """k = e^(-r / width).

    >>> round(laplace(2.0)(2.0), 4)
    0.3679
    """
    _refuse(width)
    return lambda r: math.e ** (-r / width)


def inverse_multiquadric(width: float) -> Kernel:
    """k = (1 + r^2 / width^2)^(-1/2), which sees far away where a Gaussian kernel is 0.

    >>> inverse_multiquadric(3.0)(4.0)
    0.6
    """
    _refuse(width)
    return lambda r: (1 + r**2 / width**2) ** -0.5


def energy(exponent: float = 1.0) -> Kernel:
    """k = -r^exponent, 0 < exponent < 2, whose MMD^2 is the energy distance; raises ValueError for other exponents.

    >>> energy(0.5)(4.0)
    -2.0
    """
    if not 0 < exponent < 2:
        raise ValueError(f"the exponent of the energy distance is {exponent}; it must be between 0 and 2, such as 1")
    return lambda r: -(r**exponent)


def mixture(*kernels: Kernel) -> Kernel:
    """The mean of kernels, of several widths, say.

    >>> round(mixture(gaussian(1.0), gaussian(2.0))(1.0), 4)
    0.7445
    """
    return lambda r: sum(k(r) for k in kernels) / len(kernels)


def median_distance(x: ArrayLike, y: ArrayLike) -> float:
    """The median distance of rows of both samples together that differ: a width. 1 if none do, when any will do.

    Gretton et al., 2012, section 8. Of large samples up to 1,000 rows each, evenly spaced, are used.

    >>> median_distance([0.0, 1.0], [3.0])
    2.0
    """
    rows = [sample[:: -(-len(sample) // ROWS)] for sample in two_samples(x, y)]
    distances = pdist(np.concatenate(rows))
    return float(np.median(distances[distances > 0])) if distances.any() else 1.0


def labelled_mmd(rows: Floats, first: Floats, kernel: Kernel, unbiased: bool) -> Floats:
    """MMD^2 for each column of labels, 1 for rows of the first sample and 0 for others, (n + m, columns).

    All columns have as many 1s, and 2 at least of both labels.

    >>> labelled_mmd(np.array([[0.0], [1.0], [4.0], [5.0]]), np.array([[1.0], [1], [0], [0]]), energy(), False).tolist()
    [7.0]
    """
    within, between, total, second = 0.0, 0.0, 0.0, 1 - first
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        K = kernel(cdist(rows[part], rows))
        K[np.arange(len(K)), start + np.arange(len(K))] = 0.0
        to_first = K @ first
        within += (first[part] * to_first).sum(axis=0)
        between += (second[part] * to_first).sum(axis=0)
        total += K.sum()
    n, m, own = first[:, 0].sum(), second[:, 0].sum(), kernel(0.0)
    of_first, of_second = within, total - within - 2 * between
    values: Floats = of_first / (n * (n - 1)) + of_second / (m * (m - 1)) - 2 * between / (n * m)
    if not unbiased:
        values = (of_first + n * own) / n**2 + (of_second + m * own) / m**2 - 2 * between / (n * m)
        values = np.maximum(values, 0.0)  # below that by rounding only
    return values


def _refuse(width: float) -> None:
    if not 0 < width < math.inf:
        raise ValueError(f"the width of a kernel is {width}; give a positive one, such as median_distance(x, y)")
