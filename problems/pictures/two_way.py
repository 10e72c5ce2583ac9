"""Pictures of a table whose rows and columns are in order: before and after, as shades or, of counts, as bars."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats, Ints
from problems.pictures.drawing import HAZE, INK, PLAIN_TEXT, SLATE, fonts, headline
from problems.pictures.heatmap import COARSE, COLOUR_MAPS, MAX_NAME_WIDTH, NAMED, RESOLUTION, ROW
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL, MOST_ROW, MOST_COLUMN = 4.6, 0.32, 0.6  # inches: a panel's sides unless a row or a column would be more
LOWEST = 2.2  # inches of a panel, for the scale's sake
UNNAMED = 7.0  # inches of a side whose items are too many to be named
PIXELS = 700  # on such a side
MAX_BARRED = 40  # columns that are drawn as bars
LEAST_BARS = 0.2  # inches of a column of bars, on average
SLOT, GAP = 0.1, 0.04  # least width of a column of bars, and between two, as shares of a row
BAR = 0.16  # inches: the width of the scale


@dataclass(frozen=True, eq=False)
class Shades:
    """What is drawn of a table: float64 (n, m), from 0 on, and what 1 stands for in words.

    bars  whether as bars of that width around the middle of a column, the same scale for all (Ford 1962)
    """

    values: Floats
    scale: str
    bars: bool


def by_row(table: Floats) -> Shades:
    """Counts as shares of their rows; float64 (n, m), not negative, no row 0 throughout.

    >>> by_row(np.array([[1.0, 3]])).values.tolist()
    [[25.0, 75.0]]
    """
    per_cent = 100 * table / table.sum(axis=1, keepdims=True)
    return Shades(per_cent, "per cent of the row", bars=table.shape[1] <= MAX_BARRED and len(table) <= NAMED)


def by_column(table: Floats) -> Shades:
    """Measurements between the least (0) and the greatest (1) of their column; float64 (n, m).

    >>> by_column(np.array([[1.0, 7], [3, 7], [2, 7]])).values.tolist()
    [[0.0, 0.5], [1.0, 0.5], [0.5, 0.5]]
    """
    low, high = table.min(axis=0), table.max(axis=0)
    varying = high > low
    values = np.where(varying, (table / 2 - low / 2) / np.where(varying, high / 2 - low / 2, 1.0), 0.5)
    return Shades(values, "0 is the least, 1 the greatest of its column", bars=False)


def figure_of(
    shades: Shades, orders: tuple[Ints, Ints], *, rows: Sequence[str], columns: Sequence[str], title: str
) -> Figure:
    """The table as given on the left and in order on the right; orders are int64 (n,) of rows and (m,) of columns."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n, m = shades.values.shape
    high, wide = max(LOWEST, _side(n, MOST_ROW)), _side(m, MOST_COLUMN)
    if shades.bars:
        wide = max(PANEL, LEAST_BARS * m)
    figure = Figure(figsize=(12, 12), dpi=RESOLUTION if max(high, wide) <= 2 * PANEL else COARSE)
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2)
    given = np.arange(n), np.arange(m)
    for ax, (along, across), said in zip(panels, (given, orders), ("as given", "in order"), strict=True):
        middles = _bars(ax, shades, along, across) if shades.bars else _cells(ax, shades, along, across)
        near = float(np.diff(middles).min(initial=np.inf) / np.ptp(ax.get_xlim())) * wide
        _name(ax.set_yticks, np.arange(n), [rows[i] for i in along], min(9.0, 0.8 * 72 * high / n))
        _name(ax.set_xticks, middles, [columns[k] for k in across], min(9.0, 0.8 * 72 * near), rotation=90)
        ax.xaxis.tick_top()
        ax.tick_params(length=0, colors=INK)
        ax.spines[:].set_visible(False)
        ax.set_xlabel(said, color=INK)
    _lay_out(figure, panels, high, wide, shades)
    headline(figure, title, x=0.5, y=1 - 0.15 / figure.get_figheight(), va="top")
    return figure


def _side(items: int, most: float) -> float:
    """The length of a side in inches: rows and columns that are named have room for their names."""
    return UNNAMED if items > NAMED else float(np.clip(PANEL, ROW * items, most * items))


def _cells(ax: Axes, shades: Shades, along: Ints, across: Ints) -> Floats:
    """Cells, darker for more; the middle of each column."""
    n, m = shades.values.shape
    values = _means(_means(shades.values[np.ix_(along, across)]).T).T
    style: dict[str, Any] = {"aspect": "auto", "interpolation": "nearest", "extent": (-0.5, m - 0.5, n - 0.5, -0.5)}
    ax.imshow(values, cmap=COLOUR_MAPS["similarity"], vmin=0, vmax=float(shades.values.max()) or 1.0, **style)
    return np.arange(m, dtype=np.float64)


def _means(table: Floats) -> Floats:
    """The means of blocks of rows, no more of them than there are pixels."""
    starts = np.arange(0, len(table), -(-len(table) // PIXELS))
    means: Floats = np.add.reduceat(table, starts, axis=0) / np.diff(starts, append=len(table))[:, None]
    return means


def _bars(ax: Axes, shades: Shades, along: Ints, across: Ints) -> Floats:
    """A bar a cell, as wide as its number, around the middle of its column; the middle of each column."""
    from matplotlib.collections import PolyCollection

    values = shades.values[np.ix_(along, across)]
    top = float(values.max()) or 1.0
    width = np.maximum(values.max(axis=0), SLOT * top) + GAP * top
    middle = np.cumsum(width) - width / 2
    row, column = np.nonzero(values)
    half, x, y = values[row, column] / 2, middle[column], row
    corners = [(x - half, y - 0.45), (x + half, y - 0.45), (x + half, y + 0.45), (x - half, y + 0.45)]
    ax.hlines(np.arange(len(along)), 0, width.sum(), color=HAZE, lw=0.5, zorder=0)
    ax.vlines(middle, -0.5, len(along) - 0.5, color=HAZE, lw=0.5, zorder=0)
    boxes = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    ax.add_collection(PolyCollection(list(boxes), facecolors=INK, edgecolors=INK, linewidths=0.4))
    ax.set(xlim=(0, width.sum()), ylim=(len(along) - 0.5, -0.5))
    return np.asarray(middle)


def _name(ticks: Any, places: Ints | Floats, names: Sequence[str], size: float, **how: Any) -> None:
    """Names at their places, or where they are too many to be read the numbers of some places."""
    if len(names) <= NAMED:
        shown = [safe(name, 28) for name in names]
        ticks(places, shown, size=size, family=fonts(), color=INK, **how, **PLAIN_TEXT)
        return
    some = np.unique(np.linspace(0, len(names) - 1, 5).astype(int))
    ticks(some, [f"{k + 1:,}" for k in some], size=8, color=SLATE)


def _lay_out(figure: Figure, panels: Sequence[Axes], high: float, wide: float, shades: Shades) -> None:
    """Both panels of the same size, as far apart as their names need, the figure to fit; and the scale."""
    beside = 0.15 + _shrunk(figure, [text for ax in panels for text in ax.get_yticklabels()], 0)
    above = 0.15 + _shrunk(figure, [text for ax in panels for text in ax.get_xticklabels()], 1)
    bottom, top, right = 0.55, above + 0.55, 0.2 if shades.bars else 0.9
    width, height = 2 * (beside + wide) + 0.2 + right, bottom + high + top
    figure.set_size_inches(width, height)
    for ax, left in zip(panels, (beside, 2 * beside + wide + 0.2), strict=True):
        ax.set_position((left / width, bottom / height, wide / width, high / height))
    if shades.bars:
        _scale_of_bars(panels[1], shades, 0.08 * len(shades.values) / high)
    else:
        place = (1 + 0.12 / wide, 0, BAR / wide, 1)
        bar = figure.colorbar(panels[1].images[0], cax=panels[1].inset_axes(place))
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, colors=SLATE)
        bar.set_label(shades.scale, color=INK, size=9)


def _scale_of_bars(ax: Axes, shades: Shades, below: float) -> None:
    """A bar of a round length, so many rows below the panel."""
    top = float(shades.values.max()) or 1.0
    length = 10.0 ** np.floor(np.log10(top / 2))
    length *= max(step for step in (1, 2, 5) if step * length <= top / 2)
    right, y = ax.get_xlim()[1], ax.get_ylim()[0] + below
    style: dict[str, Any] = {"color": INK, "lw": 3, "solid_capstyle": "butt", "clip_on": False}
    ax.plot([right - length, right], [y, y], **style)
    where: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "top", "annotation_clip": False}
    ax.annotate(f"{length:g} {shades.scale}", (right, y), (0, -4), size=8, color=INK, **where)


def _shrunk(figure: Figure, texts: Sequence[Any], side: int) -> float:
    """The inches that the longest of the names takes, in a smaller font if that is more than MAX_NAME_WIDTH."""
    with warnings.catch_warnings(action="ignore"):  # about characters in no font, drawn as boxes
        long = max(text.get_window_extent().size[side] for text in texts) / figure.dpi
    if long > MAX_NAME_WIDTH:
        for text in texts:
            text.set_fontsize(float(text.get_fontsize()) * MAX_NAME_WIDTH / long)
    return min(float(long), MAX_NAME_WIDTH)
