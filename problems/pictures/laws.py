"""Pictures of a law on the whole numbers beside counts. Nothing is shown on a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formulations.problem import Floats, Ints
from problems.pictures.drawing import GREY, INK, RUST, fonts, headline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BARS = 40  # of the picture, at most


def figure_of(value: Ints, count: Ints, p: float | None, title: str) -> Figure:
    """The shares of observed values, int64 (k,) with their counts, beside those of the geometric law, if p is known.

    >>> figure_of(np.array([1, 2]), np.array([3, 1]), 0.75, "Throws").axes[0].get_xlabel()
    'throws until the first success'
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    low, high, observed, law = histogram(value, count, 1.0 if p is None else p)
    figure = Figure(figsize=(9, 5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    ax, wide = figure.subplots(), high - low
    shift = 0.5 if p is None else 0.3
    ax.bar(low + shift * wide, observed, 0.4 * wide, color=INK, label=f"{int(count.sum()):,} observations")
    if p is not None:
        ax.bar(low + 0.7 * wide, law, 0.4 * wide, color="white", edgecolor=RUST, hatch="////", label="geometric law")
    ax.set(xlabel="throws until the first success", ylabel="share", xlim=(low[0], high[-1]))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.legend(frameon=False, prop={"family": fonts(), "size": 10})
    return figure


def histogram(value: Ints, count: Ints, p: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Where bars of equal width begin and end, and the shares in them of the data and of the law; float64 (bars,).

    value is ascending, int64 (k,), as its counts are.

    >>> [part.tolist() for part in histogram(np.array([1, 2]), np.array([3, 1]), 0.75)]
    [[0.5, 1.5], [1.5, 2.5], [0.75, 0.25], [0.75, 0.1875]]
    """
    wide = -(-int(value[-1]) // BARS)
    bars = -(-int(value[-1]) // wide)
    counted = np.bincount((value - 1) // wide, weights=count, minlength=bars)
    edges = np.arange(bars + 1, dtype=np.float64) * wide
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = np.where(edges > 0, np.exp(edges * np.log1p(-p)), 1.0)  # P(X > edge)
    return edges[:-1] + 0.5, edges[1:] + 0.5, counted / count.sum(), -np.diff(beyond)
