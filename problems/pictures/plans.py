"""Pictures of transport plans. Nothing is shown on a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import INK, RUST, fonts, headline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW_POINTS = 100  # on a side, that are drawn in full size
WAY = "#7d8794"


def figure_of(plan: Floats, title: str, points: tuple[Floats, Floats] | None = None) -> Figure:
    """What is moved, float64 (m, n), between points in the plane, float64 (m, 2) and (n, 2), or as a grey matrix.

    A point is as large as what leaves it, or arrives; all are alike where nothing is moved. Of more rows or columns
    than there are points the rest stands for no place and is left out.

    >>> here, there = np.zeros((1, 2)), np.ones((2, 2))
    >>> figure_of(np.array([[1.0, 2.0]]), "A plan", (here, there)).axes[0].get_legend().get_texts()[0].get_text()
    'from'
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 7), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    ax = figure.subplots()
    if points is not None and points[0].shape[1] == 2:
        _draw_points(ax, plan, *points)
        return figure
    image = ax.imshow(plan, aspect="auto", interpolation="nearest", cmap="Greys")
    ax.set(xlabel="target", ylabel="source")
    figure.colorbar(image, label="amount")
    return figure


def _draw_points(ax: Axes, plan: Floats, x: Floats, y: Floats) -> None:
    """Both kinds of points, and what is moved between them as lines of its width."""
    from matplotlib.collections import LineCollection

    i, j = np.nonzero(plan[: len(x), : len(y)])
    moved = plan[i, j]
    crowd = min(1.0, FEW_POINTS / max(len(x), len(y)))  # of many points each is drawn smaller
    widths = 0.4 + 3 * crowd**0.5 * moved / moved.max(initial=1e-300)
    ax.add_collection(LineCollection(list(np.stack([x[i], y[j]], axis=1)), linewidths=widths, color=WAY))
    shown = plan if plan.any() else np.ones_like(plan)  # without any plan all are alike
    a, b = shown.sum(axis=1)[: len(x)], shown.sum(axis=0)[: len(y)]
    most = max(a.max(), b.max())
    for name, places, amount, colour, inside in (("from", x, a, INK, INK), ("to", y, b, RUST, "none")):
        size = 4 + 60 * crowd * np.sqrt(amount / most)
        ax.scatter(places[:, 0], places[:, 1], s=size, facecolors=inside, edgecolors=colour, label=name, zorder=2)
    ax.set_aspect("equal", adjustable="datalim")
    ax.legend(frameon=False, prop={"family": fonts(), "size": 10}, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
