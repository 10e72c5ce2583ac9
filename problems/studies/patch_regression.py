"""Ridge regression of a pixel on the patch around its place: what a linear filter makes of an image, a baseline.

    minimize over w    sum of (y - w'p)^2 + penalty |w|^2            p the patch, and 1

over all pixels of training pairs. Side of the patch and penalty are those that do best on the pairs to watch by.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Floats

SIDES, PENALTIES = (3, 5, 7), (1e-6, 1e-3, 1e-1)  # of patches; relative to the mean of the diagonal of p p'
MOST_PIXELS = 400_000  # that are fitted
Rows = NDArray[np.float32]  # (n, channels, height, width)


class PatchRegression:
    """The filter, fitted.

    >>> x = np.random.default_rng(0).random((40, 1, 6, 6), dtype=np.float32)
    >>> bool(np.abs(PatchRegression(x[:30], x[:30] / 2, x[30:], x[30:] / 2)(x) - x / 2).max() < 1e-3)
    True
    """

    def __init__(self, x: Rows, y: Rows, watched_x: Rows, watched_y: Rows) -> None:
        """Of pairs x and y, some of the first if there are many."""
        most = max(1, MOST_PIXELS // int(np.prod(x.shape[2:])))
        best = np.inf
        for side in SIDES:
            P, Y = patches(x[:most], side), _pixels(y[:most])
            gram, moments = P.T @ P, P.T @ Y
            for penalty in PENALTIES:
                w = np.linalg.solve(gram + penalty * np.trace(gram) / len(gram) * np.eye(len(gram)), moments)
                error = float(np.square(_translated(watched_x, side, w) - watched_y).mean())
                if error < best:
                    best, self.side, self._weights = error, side, w

    def __call__(self, x: Rows) -> Rows:
        """The filtered images, from 0 to 1."""
        return _translated(x, self.side, self._weights)


def patches(x: Rows, side: int) -> Floats:
    """Of each pixel its patch, black beyond the border, and 1: float64 (pixels, channels side^2 + 1).

    >>> patches(np.ones((1, 1, 2, 2), dtype=np.float32), 3).sum(axis=1)
    array([5., 5., 5., 5.])
    """
    reach = side // 2
    framed = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    windows = np.lib.stride_tricks.sliding_window_view(framed, (side, side), axis=(2, 3))
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * side**2).astype(np.float64)
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)


def _pixels(y: Rows) -> Floats:
    """(n, channels, height, width) -> (pixels, channels)."""
    return y.transpose(0, 2, 3, 1).reshape(-1, y.shape[1]).astype(np.float64)


def _translated(x: Rows, side: int, weights: Floats) -> Rows:
    n, channels, height, width = x.shape
    made = (patches(x, side) @ weights).clip(0, 1).reshape(n, height, width, channels)
    return made.transpose(0, 3, 1, 2).astype(np.float32)
