"""Pictures of hierarchies: dendrograms, with names where there is room for them, and where they are cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.arithmetic.merges import inversions
from formulations.problem import Floats, Ints
from problems.pictures.drawing import GREY, INK, PLAIN_TEXT, RUST, fonts, headline
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMED = 150  # items up to which each has its name
ROW = 0.17  # inches of a name
MAX_NAME = 28  # characters of a name
VECTOR_LINES = 3000  # merges up to which vector graphics are smaller than pixels
NUMBERED = 20  # groups up to which each has its number


def figure_of(
    merges: Floats,
    order: Ints,
    names: Sequence[str],
    title: str,
    height: str,
    labels: Ints | None = None,
    cut: float | None = None,
) -> Figure:
    """The dendrogram, sideways with names for up to 150 items, upright without for more.

    merges  as scipy.cluster.hierarchy has them, (n - 1, 4)
    order   the item at each place, (n,)
    labels  of its groups, (n,), if it is cut; at which height, if that is not to be told from them

    >>> merges = np.array([[0, 2, 1.0, 2], [1, 3, 4.0, 3]])
    >>> figure = figure_of(merges, np.array([1, 0, 2]), "abc", "A title", "distance", np.array([0, 1, 0]))
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['b', 'a', 'c']
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n = len(order)
    sideways = n <= NAMED
    size = (10.0, max(3.0, 1.3 + ROW * n)) if sideways else (12.0, 6.5)
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    ax = figure.subplots()
    draw_dendrogram(ax, merges, order, labels, sideways, cut)
    if sideways:
        ax.set_yticks(range(n), [safe(names[i], MAX_NAME) for i in order.tolist()], family=fonts(), **PLAIN_TEXT)
        ax.tick_params(axis="y", length=0, labelsize=9)
        ax.set_xlabel(height)
    else:
        ax.set_xticks([])
        ax.set(ylabel=height, xlabel=f"{n:,} rows, in the order of the leaves")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.spines["left" if sideways else "bottom"].set_visible(False)
    return figure


def draw_dendrogram(
    ax: Axes, merges: Floats, order: Ints, labels: Ints | None, sideways: bool, cut: float | None = None
) -> None:
    """A bracket for each merge, those within a group dark, and a line where the hierarchy is cut."""
    from matplotlib.collections import LineCollection

    n, place = len(order), np.argsort(order)
    lines = brackets(merges, place)
    within = np.ones(n - 1, dtype=bool) if labels is None else _within(merges, labels)
    width = min(1.6, max(0.3, 120 / n))
    for chosen, colour in ((~within, GREY), (within, INK)):
        some = lines[chosen]
        drawn = some[:, :, ::-1] if sideways else some
        style: dict[str, Any] = {"rasterized": n > VECTOR_LINES, "capstyle": "projecting", "colors": colour}
        ax.add_collection(LineCollection(list(drawn), linewidths=max(width, 0.9) if colour == GREY else width, **style))
    top = float(merges[:, 2].max(initial=0.0)) or 1.0
    ends, along = ((-0.02 * top, 1.04 * top), (n - 0.4, -0.6)) if sideways else ((0, 1.04 * top), (-0.6, n - 0.4))
    ax.set(xlim=ends, ylim=along) if sideways else ax.set(xlim=along, ylim=ends)
    if labels is None or not n > 1:
        return
    if cut is None and not within.all() and within.any():
        cut = _cut(merges, within)
    if cut is not None:
        line = ax.axvline if sideways else ax.axhline
        line(cut, color=RUST, lw=1.2, ls=(0, (5, 3)), zorder=3)
    if int(labels.max()) + 1 <= NUMBERED:
        _number(ax, _stems(merges, place, labels), min(0.3 * top if cut is None else cut, top), sideways)


def _stems(merges: Floats, place: Ints, labels: Ints) -> Floats:
    """The place of the uppermost merge of each group, or of its only item."""
    n, own, stems = len(labels), labels.tolist(), np.zeros(int(labels.max()) + 1)
    centre = np.r_[place, brackets(merges, place)[:, 1:3, 0].mean(axis=1)]
    stems[labels] = place
    for k, (left, right) in enumerate(merges[:, :2].astype(np.int64).tolist()):
        own.append(own[left] if own[left] == own[right] else -1)
        if own[-1] >= 0:  # a later merge of the group is further up
            stems[own[-1]] = centre[n + k]
    return stems


def _number(ax: Axes, stems: Floats, at: float, sideways: bool) -> None:
    """The number of each group where the line cuts its branch."""
    for group, middle in enumerate(stems.tolist()):
        where = (at, middle) if sideways else (middle, at)
        by = (3, 1) if sideways else (2, 3)
        style: dict[str, Any] = {"color": RUST, "size": 9, "weight": "bold", "va": "bottom", "ha": "left", "zorder": 4}
        ax.annotate(str(group), where, by, textcoords="offset points", **style)


def brackets(merges: Floats, place: Ints) -> Floats:
    """The four corners of each merge's bracket, (n - 1, 4, 2); place, int64 (n,), is that of each item.

    >>> brackets(np.array([[0, 1, 2.0, 2]]), np.array([0, 1])).tolist()
    [[[0.0, 0.0], [0.0, 2.0], [1.0, 2.0], [1.0, 0.0]]]
    """
    n = len(place)
    x, y = np.r_[place, np.zeros(n - 1)], np.r_[np.zeros(n), merges[:, 2]]
    ends = merges[:, :2].astype(np.int64)
    for k, pair in enumerate(ends):  # a merge is centred over its two parts, which come earlier
        x[n + k] = x[pair].mean()
    left, right = ends.T
    feet = np.stack([x[left], y[left], x[left], y[n:], x[right], y[n:], x[right], y[right]], axis=1)
    return np.asarray(feet.reshape(-1, 4, 2))


def _within(merges: Floats, labels: Ints) -> Any:
    """Which merges are of items of one group."""
    own = labels.tolist()
    for left, right in merges[:, :2].astype(np.int64).tolist():
        own.append(own[left] if own[left] == own[right] else -1)
    return np.array(own[len(labels) :]) >= 0


def _cut(merges: Floats, within: Any) -> float | None:
    """The height between the merges that are done and those that are not; None where no height parts them."""
    low, high = float(merges[within, 2].max(initial=0.0)), float(merges[~within, 2].min())
    return None if low > high or len(inversions(merges)) else (low + high) / 2
