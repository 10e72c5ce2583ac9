"""Small images of two kinds, for tests of what learns images."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def shapes(folder: Path, count: int, side: int) -> str:
    """A file of so many images in the folder, in turn bright above and on the left, uint8 (count, side, side)."""
    numbers = np.random.default_rng(0)
    x = numbers.integers(0, 60, (count, side, side), dtype=np.uint8)
    x[::2, : side // 2] += 190
    x[1::2, :, : side // 2] += 190
    np.save(folder / "shapes.npy", x)
    return str(folder / "shapes.npy")
