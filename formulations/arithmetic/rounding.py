"""What all checks of floating-point certificates share: the unit roundoff, and checks of shapes and sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from formulations.problem import Floats

ROUNDOFF = 2.0**-53  # the unit roundoff u of float64


def misplaced(X: Any, n: int, k: int) -> str | None:
    """What keeps X from being positions of n points in k dimensions, in words; None if it is.

    >>> misplaced(np.zeros((3, 2)), 3, 2), misplaced(np.zeros((3, 1)), 3, 2)
    (None, 'the shape of positions, 3 x 2 finite numbers')
    """
    fits = np.shape(X) == (n, k) and np.isfinite(X).all()
    return None if fits else f"the shape of positions, {n} x {k} finite numbers"


def arrays(parts: Any, *shapes: tuple[int, ...]) -> tuple[Floats, ...] | None:
    """A certificate's parts as float64 arrays; None if their number or shapes differ or an entry is not within 1e100.

    The limit keeps products of entries finite; NaN and infinite entries fail it as well.

    >>> arrays(([1, 2], [[3]]), (2,), (1, 1))
    (array([1., 2.]), array([[3.]]))
    >>> arrays(([1, np.nan],), (2,)) is None
    True
    """
    try:
        found = tuple(np.asarray(part, dtype=np.float64) for part in parts)
    except (TypeError, ValueError):
        return None
    fits = [part.shape for part in found] == list(shapes)
    return found if fits and all((np.abs(part) <= 1e100).all() for part in found) else None
