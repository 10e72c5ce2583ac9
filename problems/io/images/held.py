"""Images of one size, in memory or read as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Ints

Pixels = NDArray[Any]  # (k, height, width, channels), uint8 or floats from 0 to 1
MOST_HELD = 1 << 30  # bytes of pixels that are kept in memory; more are read again whenever they are asked for
GREY, COLOUR = 1, 3  # channels


@dataclass(frozen=True, eq=False)
class Images:
    """Images of one size.

    source   what messages call them
    shape    height, width, channels
    levels   how many values a pixel may have, evenly spaced from black to white; None for any number in between
    read     places, int64 (k,) -> their pixels as they are stored, of `levels` the whole numbers from 0 on
    labels   of each image, or None
    names    of each image in a folder, its path from there on; none of a file's
    notes    what the user should be told about how they were read

    >>> pixels = np.array([[[[0], [255]]]], dtype=np.uint8)
    >>> images = Images("two pixels", 1, (1, 2, 1), 256, lambda places: pixels[places])
    >>> len(images), images.rows(np.array([0, 0])).shape, images.rows(np.array([0])).tolist()
    (1, (2, 1, 1, 2), [[[[0.0, 1.0]]]])
    """

    source: str
    count: int
    shape: tuple[int, int, int]
    levels: int | None
    read: Callable[[Ints], Pixels]
    labels: Sequence[str] | None = None
    names: Sequence[str] = ()
    notes: Sequence[str] = ()

    def __len__(self) -> int:
        """How many there are."""
        return self.count

    def rows(self, places: Ints) -> NDArray[np.float32]:
        """Those at these places, float32 (k, channels, height, width), from 0, black, to 1, white."""
        values = self.read(places).astype(np.float32)
        if self.levels is not None:
            values /= self.levels - 1
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def held(pixels: Pixels) -> Callable[[Ints], Pixels]:
    """The images of an array, (n, height, width, channels), which may be a memory-mapped one.

    >>> held(np.arange(3).reshape(3, 1, 1, 1))(np.array([2, 0])).ravel().tolist()
    [2, 0]
    """
    return lambda places: np.asarray(pixels[places])
