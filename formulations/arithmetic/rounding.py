"""What all checks of floating-point certificates share: the unit roundoff, and a check of shapes and sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from formulations.problem import Floats

ROUNDOFF = 2.0**-53  # the unit roundoff u of float64


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
