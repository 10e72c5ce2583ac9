"""What all checks of numerical witnesses share."""

from __future__ import annotations

from typing import Any

import numpy as np

from formulations.problem import Floats

ROUNDOFF = 2.0**-53  # the unit roundoff u of float64


def arrays(parts: Any, *shapes: tuple[int, ...]) -> tuple[Floats, ...] | None:
    """The parts as float64 arrays; None if they are not so many numbers of these shapes, all within 1e100."""
    try:
        found = tuple(np.asarray(part, dtype=np.float64) for part in parts)
    except (TypeError, ValueError):
        return None
    fits = [part.shape for part in found] == list(shapes)
    return found if fits and all((np.abs(part) <= 1e100).all() for part in found) else None
