"""Pictures of sensors, anchors, and the distances that are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Bools, Floats, Ints
from problems.pictures.drawing import GREY, INK, RUST, headline
from problems.pictures.names import draw_names
from problems.pictures.placed import flat_of, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MANY = 5_000  # distances from which vector graphics would be large


def figure_of(
    X: Floats, names: Sequence[str], ends: tuple[Ints, Ints], anchors: Bools, sure: Bools, title: str
) -> Figure:
    """Points X (n, d) by their first two coordinates.

    ends           the tails and heads, (m,), of the distances that are known
    anchors, sure  (n,): which are anchors, and which can be nowhere else

    >>> some = np.array([True, False])
    >>> figure_of(np.eye(2), ["a", "b"], (np.array([0]), np.array([1])), some, some, "Two").axes[0].get_xlabel()
    'x'
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 7.5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    ax, flat = figure.subplots(), flat_of(X)
    lines, many = flat[np.column_stack(ends)], len(ends[0]) > MANY
    ax.add_collection(LineCollection(list(lines), colors=GREY, linewidths=0.35, zorder=1, rasterized=many))
    marks: list[tuple[Bools, str, dict[str, Any]]] = [
        (anchors, "anchors", {"marker": "s", "s": 60, "color": RUST}),
        (~anchors & sure, "sensors", {"s": 24, "color": INK}),
        (~anchors & ~sure, "sensors that may be elsewhere", {"s": 30, "facecolors": "white", "edgecolors": INK}),
    ]
    for which, label, style in marks:
        if which.any():
            ax.scatter(*flat[which].T, label=f"{label}: {int(which.sum()):,}", zorder=3, **style)
    ax.set(xlabel="x", ylabel="y" if X.shape[1] > 1 else "")
    ax.margins(0.08)
    ax.set_aspect("equal", adjustable="datalim")
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    plain(ax)
    draw_names(ax, flat, names, radius=4.0)
    return figure
