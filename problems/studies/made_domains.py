"""Images of a second kind made of given ones, so that what a translation should come to is known.

Of an image x, (height, width, channels) from 0 to 1,

    bold      the largest value within a disk, a sixteenth of the smaller side in radius and one pixel at least: a
              dilation, as white strokes on black get bolder by it
    inverted  1 - x
    coloured  grey from red at the top to blue at the bottom
    edges     the length of the gradient of x, smoothed, the longest being 1
    rotated   by 30 degrees, pixels interpolated
    halves    of a left half the right one: what a face, say, looks like on the other side
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Ints
from problems.io.images.held import COLOUR, Images
from problems.io.images.two_kinds import alike
from problems.terminal.errors import InputError, safe

Rows = NDArray[np.float32]  # (k, channels, height, width), from 0 to 1
DISK_SHARE = 16  # pixels of a side for one of the radius
DEGREES, SMOOTHED = 30, 0.7  # pixels, the standard deviation by which edges are smoothed
LEAST_WIDTH = 4  # of half an image


def bold(x: Rows) -> Rows:
    """Dilated by a disk.

    >>> x = np.zeros((1, 1, 5, 5), dtype=np.float32)
    >>> x[0, 0, 2, 2] = 1
    >>> bold(x)[0, 0, 2].tolist(), bold(x).sum().item()
    ([0.0, 1.0, 1.0, 1.0, 0.0], 5.0)
    """
    from scipy.ndimage import grey_dilation

    radius = max(1, min(x.shape[2:]) // DISK_SHARE)
    across = np.arange(-radius, radius + 1)
    disk = across[:, None] ** 2 + across**2 <= radius**2
    return np.asarray(grey_dilation(x, footprint=disk[None, None]), dtype=np.float32)


def inverted(x: Rows) -> Rows:
    """White for black.

    >>> inverted(np.zeros((1, 1, 1, 1), dtype=np.float32)).item()
    1.0
    """
    return np.asarray(1 - x, dtype=np.float32)


def coloured(x: Rows) -> Rows:
    """From red to blue, by how far down a pixel is.

    >>> coloured(np.ones((1, 1, 2, 1), dtype=np.float32))[0, :, :, 0].tolist()
    [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    """
    down = np.linspace(0, 1, x.shape[2], dtype=np.float32)
    share = np.stack([1 - down, 0 * down, down])  # of each colour
    return np.asarray(x.mean(axis=1, keepdims=True) * share[None, :, :, None], dtype=np.float32)


def edges(x: Rows) -> Rows:
    """Where brightness changes, and how fast.

    >>> x = np.zeros((1, 1, 4, 8), dtype=np.float32)
    >>> x[..., 4:] = 1
    >>> edges(x)[0, 0, 1].argmax() in (3, 4), float(edges(x).max())
    (True, 1.0)
    """
    from scipy.ndimage import gaussian_gradient_magnitude

    found = gaussian_gradient_magnitude(x, SMOOTHED, axes=(2, 3))
    longest = found.max(axis=(1, 2, 3), keepdims=True)
    return np.asarray(found / np.where(longest > 0, longest, 1), dtype=np.float32)


def rotated(x: Rows) -> Rows:
    """By 30 degrees against the clock, black from outside.

    >>> rotated(np.ones((1, 1, 9, 9), dtype=np.float32))[0, 0, 4, 4].round(6).item()
    1.0
    """
    from scipy.ndimage import rotate

    return np.asarray(rotate(x, DEGREES, axes=(3, 2), reshape=False, order=1), dtype=np.float32)


MADE: dict[str, Callable[[Rows], Rows]] = {
    "bold": bold,
    "inverted": inverted,
    "coloured": coloured,
    "edges": edges,
    "rotated": rotated,
}
HALVES = "halves"
KINDS = (*MADE, HALVES)


def two_kinds(images: Images, how: str) -> tuple[Images, Images]:
    """The images, and those that are made of them; of halves the left and the right ones.

    >>> from problems.io.images import read_images
    >>> x, y = two_kinds(read_images("digits"), "coloured")
    >>> x.shape, y.shape, len(y)
    ((8, 8, 3), (8, 8, 3), 1797)
    """
    _, width, channels = images.shape
    if how == HALVES:
        half = width // 2
        if half < LEAST_WIDTH:
            raise InputError(
                f"--made {HALVES}: {safe(images.source, 100)} has images {width} pixels wide; give wider ones"
            )
        left, right = (lambda x: x[..., :half]), (lambda x: x[..., width - half :])
        return _of(images, left, half, channels), _of(images, right, half, channels)
    made = _of(images, MADE[how], width, COLOUR if how == "coloured" else channels)
    return alike(images, made)


def _of(images: Images, change: Callable[[Rows], Rows], width: int, channels: int) -> Images:
    """The images, changed whenever they are read."""

    def read(places: Ints) -> NDArray[np.float32]:
        return np.moveaxis(change(images.rows(places)), 1, -1)

    return replace(images, shape=(images.shape[0], width, channels), levels=None, read=read)
