"""Pictures of an order: the matrix before and after. Nothing is shown on a screen."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from formulations.problem import Floats, Ints
from problems.pictures.drawing import INK, MAX_LABELLED, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIGURE_WIDTH, MAX_NAME_WIDTH = 12.0, 2.0  # inches; the latter of a name beside a matrix
MAX_ROWS = 1500  # larger matrices are drawn as means of blocks: the figure has no more pixels
COLOUR_MAPS = {"similarity": "Blues", "dissimilarity": "Blues_r"}  # of one hue: readable in grey and when colour-blind


def figure_of(
    matrix: Floats,
    order: Ints,
    *,
    items: Sequence[str],
    title: str,
    kind: Literal["similarity", "dissimilarity"] = "similarity",
    tree: Floats | None = None,
    groups: Sequence[tuple[int, int]] = (),
) -> Figure:
    """The matrix as given on the left and in order on the right, in the same colours: dark is similar.

    matrix  float64 (n, n), symmetric, finite; the colour scale ignores its diagonal
    order   int64 (n,), the item at each place
    tree    SciPy's linkage, float64 (n - 1, 4), each branch an interval of the order: a dendrogram above the matrix
    groups  intervals of places (first, last + 1) to outline
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.ticker import ScalarFormatter

    figure = Figure(figsize=(FIGURE_WIDTH, FIGURE_WIDTH), dpi=150)
    FigureCanvasAgg(figure)
    pairs = ~np.eye(len(order), dtype=bool)
    low, high = (float(f(where=pairs, initial=start)) for f, start in ((matrix.min, np.inf), (matrix.max, 0.0)))
    style = {"cmap": COLOUR_MAPS[kind], "norm": Normalize(low, high) if low < high else Normalize(0, max(high, 1.0))}
    before, after = figure.subplots(1, 2)
    _draw(before, matrix, np.arange(len(order)), items, style)
    image = _draw(after, matrix, order, items, style)
    before.set_xlabel("as given", color=INK)
    after.set_xlabel("in order", color=INK)
    tall = 0.2 if tree is not None and len(tree) else 0.0
    side = _lay_out(figure, before, after, tall)
    for first, last in groups:
        _outline(after, first, last, side * 72 / len(order))
    if tree is not None and tall:
        _branches(after.inset_axes((0, 1.01, 1, tall)), tree, np.argsort(order))
    numbers = ScalarFormatter()
    numbers.set_powerlimits((-3, 4))  # longer numbers would not fit
    bar = figure.colorbar(image, cax=after.inset_axes((1 + 0.15 / side, 0, 0.18 / side, 1)), format=numbers)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, colors=SLATE)
    bar.set_label(kind, color=INK)
    headline(figure, title, x=0.5, y=1 - 0.2 / figure.get_figheight(), va="top")
    return figure


def _draw(ax: Axes, matrix: Floats, order: Ints, items: Sequence[str], style: dict[str, Any]) -> Any:
    """The matrix with rows and columns in that order; up to 40 items with their names, more with their places."""
    n = len(order)
    image = ax.imshow(_block_means(matrix[np.ix_(order, order)]), extent=(-0.5, n - 0.5, n - 0.5, -0.5), **style)
    ax.spines[:].set_color(SLATE)
    ax.tick_params(colors=SLATE, labelsize=8)
    if n <= MAX_LABELLED:
        names = [safe(items[i], 28) for i in order]
        ax.set_yticks(range(n), names, size=min(9.0, 260 / n), family=fonts(), color=INK, **PLAIN_TEXT)
        ax.set_xticks([])
        ax.tick_params(length=0)
    else:
        places = np.unique(np.linspace(0, n - 1, 5).astype(int))
        ax.set_xticks(places, [f"{place + 1:,}" for place in places])
        ax.set_yticks(places, [f"{place + 1:,}" for place in places])
    return image


def _lay_out(figure: Figure, before: Axes, after: Axes, tall: float) -> float:
    """Two squares as large as the names beside them allow, the figure as high as needed; their side in inches."""
    texts = [text for ax in (before, after) for text in ax.get_yticklabels()]
    with warnings.catch_warnings(action="ignore"):
        wide = max(text.get_window_extent().width for text in texts) / figure.dpi
    if wide > MAX_NAME_WIDTH:
        for text in texts:
            text.set_fontsize(float(text.get_fontsize()) * MAX_NAME_WIDTH / wide)
    wide, bar, top, bottom = min(wide, MAX_NAME_WIDTH) + 0.3, 0.95, 0.7, 0.55
    side = (FIGURE_WIDTH - 2 * wide - bar) / 2
    height = top + side * (1 + tall) + bottom
    figure.set_size_inches(FIGURE_WIDTH, height)
    for ax, left in ((before, wide), (after, 2 * wide + side)):
        ax.set_position((left / FIGURE_WIDTH, bottom / height, side / FIGURE_WIDTH, side / height))
    return side


def _block_means(matrix: Floats) -> Floats:
    """The matrix, or if it is larger than MAX_ROWS the means of its blocks."""
    n = len(matrix)
    starts = np.arange(0, n, -(-n // MAX_ROWS))
    sizes = np.diff(starts, append=n)
    sums = np.add.reduceat(np.add.reduceat(matrix, starts, axis=0), starts, axis=1)
    return np.asarray(sums / np.outer(sizes, sizes))


def _outline(ax: Axes, first: int, last: int, cell: float) -> None:
    """A frame around the places first to last - 1; `cell` is the width of a place in points."""
    from matplotlib.patches import Rectangle

    line = min(1.5, max(0.7, cell * (last - first) / 6))
    low, high = first - 0.5 - line / 2 / cell, last - 0.5 + line / 2 / cell
    ax.add_patch(Rectangle((low, low), high - low, high - low, fill=False, ec=RUST, lw=line, clip_on=False))


def _branches(ax: Axes, tree: Floats, place: Ints) -> None:
    """The dendrogram: each merge is a bracket at its height; place, int64 (n,), is that of each item."""
    from matplotlib.collections import LineCollection

    n = len(place)
    x, y = np.r_[place, np.zeros(n - 1)], np.r_[np.zeros(n), tree[:, 2]]
    ends = tree[:, :2].astype(np.int64)
    for k, pair in enumerate(ends):  # a merge is centred over its two parts, which come earlier
        x[n + k] = x[pair].mean()
    left, right = ends.T
    feet = np.stack([x[left], y[left], x[left], y[n:], x[right], y[n:], x[right], y[right]], axis=1)
    ax.add_collection(LineCollection(list(feet.reshape(-1, 4, 2)), colors=INK, linewidths=min(1.2, max(0.3, 60 / n))))
    ax.set(xlim=(-0.5, n - 0.5), ylim=(0, 1.03 * y.max() or 1))
    ax.set_axis_off()
