"""Pictures of maps of points: who is whose neighbour, the map, and what more dimensions would keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import GREY, HAZE, INK, RUST, SLATE, fonts, headline
from problems.pictures.names import draw_names
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from scipy.sparse import csr_array

AREAS = (3, 22)  # of a point, among many and among few, in square points
NEW_AREAS = (16, 46)  # the same of points that are placed on a map
MANY = 5_000  # points and edges from which vector graphics would be large
MAX_EDGES = 60_000  # that are drawn
COLOURS = "cividis"  # from dark to light, also in grey


class Later(NamedTuple):
    """Points that were placed on a map: (m, k), their names, and the file that they are from."""

    X: Floats
    names: Sequence[str]
    source: str


def figure_of(
    Y: Floats,
    names: Sequence[str],
    title: str,
    *,
    plane: Floats | None = None,
    edges: csr_array | None = None,
    position: Floats | None = None,
    residual: Sequence[float] = (),
    new: Later | None = None,
) -> Figure:
    """The map Y (n, k) by its first two coordinates; before it the points as given, with edges; the residual variances.

    plane     where the points are before, (n, 2)
    edges     (n, n), between neighbours, drawn there, or on the map if there is no such plane
    position  what the points are coloured by, (n,)
    residual  by dimension
    new       points that were placed on the map when it was there

    >>> figure = figure_of(np.eye(3)[:, :2], "abc", "A title", residual=[0.5, 0.1])
    >>> [axes.get_title() for axes in figure.axes]
    ['The map', 'What more dimensions would keep']
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = 1 + (plane is not None) + bool(len(residual))
    shares = [5] * (panels - bool(len(residual))) + [3] * bool(len(residual))
    figure = Figure(figsize=(1 + 1.15 * sum(shares), 6.2), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    axes = figure.subplots(1, panels, squeeze=False, width_ratios=shares)[0].tolist()
    if plane is not None:
        ax = axes.pop(0)
        _draw_edges(ax, plane, edges)
        _draw_points(ax, plane, position)
        named = (
            "Neighbours, on the plane of the points' two principal components" if edges is not None else "The points"
        )
        ax.set_title(named, size=11, color=SLATE)
    ax, flat = axes.pop(0), flat_of(Y)
    if plane is None:
        _draw_edges(ax, flat, edges)
    _draw_points(ax, flat, position)
    if new is not None:
        _draw_new(ax, new)
    ax.set(xlabel="coordinate 1", ylabel="coordinate 2" if Y.shape[1] > 1 else "")
    more = f": the first two of {Y.shape[1]} coordinates" if Y.shape[1] > 2 else ""
    ax.set_title(f"The map{more}", size=11, color=SLATE)
    if len(residual):
        _draw_residual(axes.pop(0), residual, Y.shape[1])
    if new is not None:
        flat, names = np.vstack([flat, flat_of(new.X)]), [*names, *new.names]
    draw_names(ax, flat, names)
    return figure


def plane_of(X: Floats) -> Floats:
    """The points X (n, p) on the plane of their two principal components, (n, 2)."""
    C = X - X.mean(axis=0)
    _, V = np.linalg.eigh(C.T @ C) if X.shape[1] <= len(X) else (None, np.linalg.svd(C, full_matrices=False)[2][::-1].T)
    axes = V[:, ::-1][:, :2]
    return flat_of(C @ (axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1, 1)))


def flat_of(Y: Floats) -> Floats:
    """The first two coordinates; the second is 0 where there is none."""
    return Y[:, :2] if Y.shape[1] > 1 else np.column_stack([Y[:, 0], np.zeros(len(Y))])


def _draw_points(ax: Axes, flat: Floats, position: Floats | None) -> None:
    n = len(flat)
    style: dict[str, Any] = {"s": float(np.clip(9000 / n, *AREAS)), "lw": 0, "zorder": 3, "rasterized": n > MANY}
    if position is None:
        ax.scatter(flat[:, 0], flat[:, 1], color=INK, **style)
    else:
        ax.scatter(flat[:, 0], flat[:, 1], c=position, cmap=COLOURS, **style)
    ax.margins(0.1)
    ax.set_aspect("equal", adjustable="datalim")
    plain(ax)


def _draw_new(ax: Axes, new: Later) -> None:
    """Large triangles, not filled, so that they are told from points also in grey."""
    m = len(new.X)
    size = float(np.clip(9000 / m, *NEW_AREAS))
    style: dict[str, Any] = {"marker": "^", "s": size, "facecolors": "white", "edgecolors": RUST, "lw": 1.1}
    label = f"{m:,} point{'s' if m > 1 else ''} of {new.source}, placed on the map"
    ax.scatter(*flat_of(new.X).T, label=safe(label, 90), zorder=4, rasterized=m > MANY, **style)
    ax.margins(0.1)
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.08), "frameon": False}
    for text in ax.legend(prop={"family": fonts(), "size": 9}, **place).get_texts():
        text.set_parse_math(False)


def _draw_edges(ax: Axes, flat: Floats, edges: csr_array | None) -> None:
    from matplotlib.collections import LineCollection

    if edges is None or edges.nnz > 2 * MAX_EDGES:
        return
    both = edges.tocoo()
    pairs = np.column_stack(both.coords)[both.coords[0] < both.coords[1]]
    lines = LineCollection(list(flat[pairs]), colors=GREY, linewidths=0.35, zorder=1, rasterized=len(pairs) > MANY)
    ax.add_collection(lines)


def _draw_residual(ax: Axes, residual: Sequence[float], k: int) -> None:
    """1 - r^2 by dimension, that of the map dark."""
    from matplotlib.ticker import MaxNLocator

    places = np.arange(1, len(residual) + 1)
    ax.plot(places, residual, "o-", color=GREY, ms=5, lw=1.6, zorder=2)
    if k <= len(residual):
        ax.plot([k], [residual[k - 1]], "o", color=RUST, ms=9, zorder=3)
        ax.annotate(f"{residual[k - 1]:.3g}", (k, residual[k - 1]), (6, 8), textcoords="offset points", color=RUST)
    ax.axhline(0, color=HAZE, lw=0.8, zorder=1)
    ax.set(xlabel="dimensions", ylabel="residual variance, $1 - r^2$", ylim=(-0.03 * max(residual), None))
    ax.set_xlim(0.5, max(len(residual), 2) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_title("What more dimensions would keep", size=11, color=SLATE)
    plain(ax)


def plain(ax: Axes) -> None:
    """Without a frame at the top and at the right, and without weight."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(color=GREY, labelcolor=SLATE, labelsize=8)
