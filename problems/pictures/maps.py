"""Pictures of maps: noise, the map, and what it makes beside the data. Nothing is shown on a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import GREY, INK, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BARS = 30  # of a histogram
MOST_MARKS = 2_000  # of a map on a line
LINES = 9  # of the grid, each way


def figure_on_line(noise: Floats, made: Floats, share: Floats, data: Floats, title: str, name: str) -> Figure:
    """Numbers of noise (k,), ascending, and what becomes of them (k,), by `share` (k,), beside data (n,).

    >>> z = np.zeros(2)
    >>> [ax.get_title() for ax in figure_on_line(z, z + 1, z + 0.5, z + 1, "A shift", "x").axes]
    ['Noise', 'Map', 'Result']
    """
    figure, (first, middle, last) = _panels(title)
    first.hist(noise, BARS, weights=share, color=GREY)
    first.set_xlabel("z", color=INK)
    by_rank = np.linspace(0, len(noise) - 1, MOST_MARKS // 2)
    by_size = np.searchsorted(noise, np.linspace(noise[0], noise[-1], MOST_MARKS // 2))
    some = np.unique(np.r_[by_rank.astype(np.intp), by_size]) if len(noise) > MOST_MARKS else slice(None)
    middle.plot(noise[some], made[some], ".", color=INK, ms=3)
    middle.step(noise[some], made[some], color=INK, lw=0.8, where="mid")
    middle.set_xlabel("z", color=INK)
    middle.set_ylabel(f"T(z), {safe(name, 40)}", color=INK, **PLAIN_TEXT)
    edges = np.histogram_bin_edges(data, BARS).tolist()
    last.hist(data, edges, weights=np.full(len(data), 1 / len(data)), color=GREY, label=f"{len(data):,} rows of data")
    last.hist(made, edges, weights=share, histtype="step", color=RUST, lw=1.6, ls="--", label="T(z)")
    last.set_xlabel(safe(name, 40), color=INK, **PLAIN_TEXT)
    last.legend(frameon=False, prop={"family": fonts(), "size": 9})
    return figure


def figure_in_plane(
    noise: Floats, T: Callable[[Floats], Floats], data: Floats, title: str, names: Sequence[str]
) -> Figure:
    """Noise (k, d), a grid on its first two columns, what T makes of both, and data (n, d).

    >>> rows = np.eye(2)
    >>> len(figure_in_plane(rows, lambda z: z + 1, rows + 1, "A shift", ["a", "b"]).axes)
    3
    """
    figure, (first, middle, last) = _panels(title)
    first.plot(*noise[:, :2].T, ".", color=GREY, ms=4)
    last.plot(*data[:, :2].T, "o", mfc="none", mec=RUST, ms=4, label=f"{len(data):,} rows of data")
    last.plot(*T(noise)[:, :2].T, ".", color=INK, ms=4, label="T(z)")
    last.legend(frameon=False, prop={"family": fonts(), "size": 9})
    for line, style in _grid(noise):
        first.plot(*line[:, :2].T, style, color=INK, lw=0.9)
        middle.plot(*T(line)[:, :2].T, style, color=INK, lw=0.9)
    first.set_xlabel("first column of z", color=INK)
    first.set_ylabel("second column of z", color=INK)
    for ax in (middle, last):
        ax.set_xlabel(safe(names[0], 40), color=INK, **PLAIN_TEXT)
        ax.set_ylabel(safe(names[1], 40), color=INK, **PLAIN_TEXT)
    return figure


def _grid(noise: Floats) -> Iterator[tuple[Floats, str]]:
    """Lines (k, d) up to two standard deviations from the mean, along one of the first two columns, and their style."""
    mean, sd = noise.mean(axis=0), noise.std(axis=0)
    steps = np.linspace(-2, 2, LINES)
    for along, across, style in ((0, 1, "-"), (1, 0, "--")):
        for step in steps:
            line = np.tile(mean, (LINES, 1))
            line[:, along] += steps * sd[along]
            line[:, across] += step * sd[across]
            yield line, style


def _panels(title: str) -> tuple[Figure, Sequence[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    panels = figure.subplots(1, 3)
    for ax, name in zip(panels, ("Noise", "Map", "Result"), strict=True):
        ax.set_title(name, size=11, color=INK)
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(GREY)
        ax.tick_params(labelsize=8, colors=SLATE)
    return figure, panels
