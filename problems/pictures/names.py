"""Names of points in a picture: beside their points, and only where there is room to read them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats, Ints
from problems.pictures.drawing import PLAIN_TEXT, SLATE, fonts
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_NAMED = 400  # points up to which names are tried
WIDTH = 18  # characters of a name
SIDES = np.array([(0, 1), (1, 0), (-1, 0), (0, -1), (0.9, 0.9), (-0.9, 0.9), (0.9, -0.9), (-0.9, -0.9)])
APART = 2.0  # pixels, at least, between names, and between a name and a point


def draw_names(ax: Axes, flat: Floats, names: Sequence[str], radius: float = 3.0) -> int:
    """The names of points flat (n, 2), as many as have room, those of points far from each other first; how many.

    To be called when all else is drawn. radius: of the points, in points.

    >>> from matplotlib.figure import Figure
    >>> ax = Figure(figsize=(4, 4)).subplots()
    >>> _ = ax.set(xlim=(-1, 2), ylim=(-1, 2))
    >>> 1 <= draw_names(ax, np.zeros((30, 2)), ["all at one place"] * 30) < 30
    True
    """
    n = len(flat)
    if not 0 < n <= MAX_NAMED or not len(names):
        return 0
    from matplotlib.patheffects import withStroke

    figure: Any = ax.figure.canvas.figure
    style: dict[str, Any] = {"family": fonts(), "size": 8, "color": SLATE, "ha": "center", "va": "center", "zorder": 4}
    style |= {"path_effects": [withStroke(linewidth=2, foreground="white")]}
    style |= {"textcoords": "offset points", "annotation_clip": False, "in_layout": False, **PLAIN_TEXT}
    with warnings.catch_warnings(action="ignore"):  # about characters in no font, drawn as boxes
        for _ in range(2):  # the layout settles in the second pass
            figure.draw_without_rendering()
        texts = [ax.annotate(safe(str(name), WIDTH), at, (0, 0), **style) for name, at in zip(names, flat, strict=True)]
        sizes = np.array([text.get_window_extent().size for text in texts])
    at, frame = np.asarray(ax.transData.transform(flat)), np.array([ax.bbox.min, ax.bbox.max])
    pixels = figure.dpi / 72
    centres, halves = np.empty((0, 2)), np.empty((0, 2))
    for i in _spread(at).tolist():
        half = sizes[i] / 2
        tries = at[i] + SIDES * (half + (radius + 2) * pixels)
        inside = ((tries - half >= frame[0]) & (tries + half <= frame[1])).all(axis=1)
        crossed = (np.abs(tries[:, None] - centres) < halves + half + APART).all(axis=2).any(axis=1)
        covering = (np.abs(tries[:, None] - at) < half + radius * pixels + APART).all(axis=2).any(axis=1)
        free = np.flatnonzero(inside & ~crossed & ~covering)
        if not len(free):
            texts[i].remove()
            continue
        texts[i].set_position(tuple((tries[free[0]] - at[i]) / pixels))
        centres, halves = np.vstack([centres, tries[free[0]]]), np.vstack([halves, half])
    return len(centres)


def _spread(at: Floats) -> Ints:
    """The points in an order in which each is as far as can be from all before it; the first from their middle."""
    away = np.linalg.norm(at - at.mean(axis=0), axis=1)
    order = [int(away.argmax())]
    nearest = np.linalg.norm(at - at[order[0]], axis=1)
    nearest[order] = -1.0
    for _ in range(len(at) - 1):
        order.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(at - at[order[-1]], axis=1))
        nearest[order] = -1.0
    return np.array(order)
