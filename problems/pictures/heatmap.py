"""Pictures of an order: the matrix before and after. Nothing is shown on a screen."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from formulations.problem import Floats, Ints
from problems.pictures.dendrogram import brackets
from problems.pictures.drawing import INK, MAX_LABELLED, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIGURE_WIDTH, MAX_NAME_WIDTH = 12.0, 2.0  # inches; the latter of a name beside a matrix
NAMED, ROW = 200, 0.1  # items that have their names in order; inches of a row at least, which the figure grows with
RESOLUTION, COARSE = 150, 100  # dots an inch, the latter of a figure that has grown
MAX_ROWS = 1500  # larger matrices are drawn as means of blocks: the figure has no more pixels
COLOUR_MAPS = {"similarity": "Blues", "dissimilarity": "Blues_r"}  # of one hue: readable in grey and when colour-blind
DIAGONAL = "#eadfce"  # no shade of those: what an item has with itself says nothing


def figure_of(
    matrix: Floats,
    order: Ints,
    *,
    items: Sequence[str],
    title: str,
    kind: Literal["similarity", "dissimilarity"] = "similarity",
    tree: Floats | None = None,
    groups: Sequence[Sequence[int]] = (),
) -> Figure:
    """The matrix as given on the left and in order on the right, in the same colours: dark is similar.

    matrix  float64 (n, n), symmetric, finite; its diagonal is not drawn
    order   int64 (n,), the item at each place
    tree    SciPy's linkage, float64 (n - 1, 4), each branch an interval of the order: a dendrogram above the matrix
    groups  places of the items of each group: what is among them is framed, wherever they stand
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.ticker import ScalarFormatter

    figure = Figure(figsize=(FIGURE_WIDTH, FIGURE_WIDTH), dpi=RESOLUTION)
    FigureCanvasAgg(figure)
    pairs = ~np.eye(len(order), dtype=bool)
    low, high = (float(f(where=pairs, initial=start)) for f, start in ((matrix.min, np.inf), (matrix.max, 0.0)))
    style = {"cmap": COLOUR_MAPS[kind], "norm": Normalize(low, high) if low < high else Normalize(0, max(high, 1.0))}
    before, after = figure.subplots(1, 2)
    _draw(before, matrix, np.arange(len(order)), items, MAX_LABELLED, style)
    image = _draw(after, matrix, order, items, NAMED, style)
    before.set_xlabel("as given", color=INK)
    after.set_xlabel("in order", color=INK)
    tall = 0.2 if tree is not None and len(tree) else 0.0
    side = _lay_out(figure, before, after, tall)
    for places in groups:
        _frame(after, places, side * 72 / len(order))
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


def _draw(ax: Axes, matrix: Floats, order: Ints, items: Sequence[str], named: int, style: dict[str, Any]) -> Any:
    """The matrix with rows and columns in that order; up to `named` items with their names, more with their places."""
    n = len(order)
    image = ax.imshow(_block_means(matrix[np.ix_(order, order)]), extent=(-0.5, n - 0.5, n - 0.5, -0.5), **style)
    image.set_cmap(image.get_cmap().with_extremes(bad=DIAGONAL))
    ax.spines[:].set_color(SLATE)
    ax.tick_params(colors=SLATE, labelsize=8)
    if n <= named:
        names = [safe(items[i], 28) for i in order]
        size = min(9.0, 260 / n) if n <= MAX_LABELLED else 0.85 * ROW * 72
        ax.set_yticks(range(n), names, size=size, family=fonts(), color=INK, **PLAIN_TEXT)
        ax.set_xticks([])
        ax.tick_params(length=0)
    else:
        places = np.unique(np.linspace(0, n - 1, 5).astype(int))
        ax.set_xticks(places, [f"{place + 1:,}" for place in places])
        ax.set_yticks(places, [f"{place + 1:,}" for place in places])
    return image


def _lay_out(figure: Figure, before: Axes, after: Axes, tall: float) -> float:
    """Two squares, the right one as large as its names need, the figure to fit; its side in inches."""
    texts = [text for ax in (before, after) for text in ax.get_yticklabels()]
    with warnings.catch_warnings(action="ignore"):
        wide = max(text.get_window_extent().width for text in texts) / figure.dpi
    if wide > MAX_NAME_WIDTH:
        for text in texts:
            text.set_fontsize(float(text.get_fontsize()) * MAX_NAME_WIDTH / wide)
    wide, bar, top, bottom = min(wide, MAX_NAME_WIDTH) + 0.3, 0.95, 0.7, 0.55
    small = (FIGURE_WIDTH - 2 * wide - bar) / 2
    side = max(small, ROW * len(after.get_yticks()))
    width, height = 2 * wide + small + side + bar, top + side * (1 + tall) + bottom
    figure.set_size_inches(width, height)
    if side > small:
        figure.set_dpi(COARSE)
    floor = bottom + side - small  # both begin at the same height
    before.set_position((wide / width, floor / height, small / width, small / height))
    after.set_position(((2 * wide + small) / width, bottom / height, side / width, side / height))
    return side


def _block_means(matrix: Floats) -> Floats:
    """The matrix without its diagonal, nan there; or if it is larger than MAX_ROWS the means of its blocks."""
    n = len(matrix)
    starts = np.arange(0, n, -(-n // MAX_ROWS))
    sizes = np.diff(starts, append=n)
    others = matrix.copy()
    np.fill_diagonal(others, 0)
    sums = np.add.reduceat(np.add.reduceat(others, starts, axis=0), starts, axis=1)
    counts = np.outer(sizes, sizes) - np.diag(sizes)
    means: Floats = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return means


def _frame(ax: Axes, places: Sequence[int], cell: float) -> None:
    """Frames around all that is among the places, one for every two stretches; `cell` is a place's width in points."""
    from matplotlib.patches import Rectangle

    there = np.sort(np.asarray(places, dtype=np.int64))
    stretches = np.split(there, np.flatnonzero(np.diff(there) > 1) + 1)
    line = min(1.5, max(0.7, cell * len(there) / 6))
    ends = [(run[0] - 0.5 - line / 2 / cell, run[-1] + 0.5 + line / 2 / cell) for run in stretches]
    for low, high in ends:
        for left, right in ends:
            box = Rectangle((left, low), right - left, high - low, fill=False, ec=RUST, lw=line, clip_on=False)
            ax.add_patch(box)


def _branches(ax: Axes, tree: Floats, place: Ints) -> None:
    """The dendrogram: each merge is a bracket at its height; place, int64 (n,), is that of each item."""
    from matplotlib.collections import LineCollection

    n, lines = len(place), brackets(tree, place)
    ax.add_collection(LineCollection(list(lines), colors=INK, linewidths=min(1.2, max(0.3, 60 / n))))
    ax.set(xlim=(-0.5, n - 0.5), ylim=(0, 1.03 * tree[:, 2].max() or 1))
    ax.set_axis_off()
