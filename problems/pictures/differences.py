"""Two samples and where they differ: the rows by log q / p, the columns by how far apart their own laws are.

Rows of p are rust and hollow, rows of q dark and filled; they differ in lightness and in form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import GREY, INK, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.pictures.samples import framed, widened
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from problems.studies.paired_tables import Pair

MOST_POINTS = 2_000  # of each sample
MOST_BARS, MOST_TICKS, MOST_LETTERS = 12, 12, 24  # columns, labels of a category, and letters of a name
BINS = 30
MOST_PAIRED = 50  # columns, of which all pairs are looked at
SPREAD = 0.3  # of the points of a category, on either side of its place
FAR, BEYOND = (1, 99), 0.5  # percentiles of all rows, and a share of their distance up to which others are shown
MARKED = 8  # rows of each sample, those that the other has the fewest like
LEAST_MARKED = 0.5  # of |log q / p|


def figure_of(pair: Pair, columns: Sequence[Mapping[str, Any]], ratios: tuple[Floats, Floats] | None) -> Figure:
    """The two columns in which they differ the most, log q / p of all rows, and all columns by their distance.

    columns  {"column", "distance", ...} of each, the farthest apart first; none where these are not known
    ratios   the estimates of log q / p at all rows of p, (n,), and of q, (m,); None where there are none
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, f"Where {pair.q.name} (q) differs from {pair.p.name} (p)")
    panels = (ratios is not None) + bool(len(pair.columns) > 1 and columns)
    main = figure.add_gridspec(1, 2 if panels else 1, width_ratios=(3, 2) if panels else None)
    side = main[0, -1].subgridspec(max(panels, 1), 1)
    ax = figure.add_subplot(main[0, 0])
    if len(pair.columns) == 1:
        _draw_column(ax, pair)
    else:
        _draw_plane(ax, pair, *leading(pair, columns), ratios)
    if ratios is not None:
        _draw_ratios(figure.add_subplot(side[0, 0]), ratios)
    if len(pair.columns) > 1 and columns:
        _draw_columns(figure.add_subplot(side[-1, 0]), columns)
    return figure


def leading(pair: Pair, columns: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """The places of the two columns in which they differ the most: each by itself, and in how both go together."""
    place = {name: j for j, name in enumerate(pair.columns)}
    far = [(place[column["column"]], column["distance"]) for column in columns[:MOST_PAIRED]]
    far = far or [(j, 0.0) for j in range(min(len(place), MOST_PAIRED))]
    chosen = np.array([j for j, _ in far])
    by_itself = np.array([distance for _, distance in far])
    of = [np.flatnonzero(pair.owners == j) for j in chosen]
    at = np.concatenate(of)
    apart = np.abs(np.subtract(*(np.atleast_2d(np.cov(points[:, at].T, bias=True)) for points in pair.points)))
    starts = np.cumsum([0, *map(len, of[:-1])])
    together = np.maximum.reduceat(np.maximum.reduceat(apart, starts, axis=0), starts, axis=1)
    score = by_itself[:, None] + by_itself + together
    np.fill_diagonal(score, -1.0)
    i, j = np.unravel_index(score.argmax(), score.shape)
    first, second = sorted((int(chosen[i]), int(chosen[j])))
    return first, second


def _draw_column(ax: Axes, pair: Pair) -> None:
    """One column as histograms of both."""
    p, q, labels = pair.p.values[:, 0], pair.q.values[:, 0], pair.labels[0]
    low, high = _extent(pair, 0)
    edges = np.linspace(low, high, BINS + 1) if labels is None else np.arange(-0.5, len(labels))
    of_p = {"color": RUST, "alpha": 0.4, "label": "p", "rwidth": 0.85 if labels else None}
    of_q = {"color": INK, "lw": 1.4, "label": "q", "histtype": "step"}
    for rows, style in ((p, of_p), (q, of_q)):
        ax.hist(rows, edges.tolist(), weights=np.full(len(rows), 1 / len(rows)), **style)  # type: ignore[arg-type]
    ax.set(xlim=(edges[0], edges[-1]), ylabel="share of rows", title="The column, in p and in q")
    _named(ax, ax.xaxis, pair, 0)
    framed(ax)
    ax.spines[["top", "right"]].set_visible(False)


def _draw_plane(ax: Axes, pair: Pair, j: int, i: int, ratios: tuple[Floats, Floats] | None) -> None:
    """Two columns of both, and around the rows that the other has the fewest like a ring."""
    count = min(len(pair.p.values), len(pair.q.values), MOST_POINTS)
    share = min(1.0, max(0.35, 15 / math.sqrt(count)))
    styles: list[dict[str, Any]] = [
        {"s": 26 * share, "facecolors": "none", "edgecolors": RUST, "lw": 0.9, "alpha": 0.9, "label": "p"},
        {"s": 9 * share, "color": INK, "lw": 0, "label": "q"},
    ]
    random = np.random.default_rng(0)
    for k, (sample, style) in enumerate(zip((pair.p, pair.q), styles, strict=True)):
        wide = [0.0 if pair.labels[c] is None else SPREAD for c in (j, i)]
        places = sample.values[:, [j, i]] + wide * random.uniform(-1, 1, (len(sample.values), 2))
        some = random.permutation(len(places))[:count]
        ax.scatter(places[some, 0], places[some, 1], rasterized=True, **style)
        if ratios is not None:
            sign = 1 if k else -1
            marked = np.argsort(-sign * ratios[k], kind="stable")[:MARKED]
            marked = marked[sign * ratios[k][marked] > LEAST_MARKED]
            shape, colour, what = (("s", INK, "q that p"), ("D", RUST, "p that q"))[1 - k]
            label = f"rows of {what} has the fewest like"
            ring: dict[str, Any] = {"s": 90, "facecolors": "none", "edgecolors": colour, "lw": 1.3, "marker": shape}
            label = f"rows of {what} has the fewest like"
            ax.scatter(places[marked, 0], places[marked, 1], label=label, **ring)
    ax.set(xlim=_extent(pair, j), ylim=_extent(pair, i))
    which = "The columns" if len(pair.columns) == 2 else f"The two of {len(pair.columns)} columns that differ the most"
    ax.set_title(f"{which}: {count:,} rows of either" if count < max(map(len, pair.points)) else which, pad=24)
    _named(ax, ax.xaxis, pair, j)
    _named(ax, ax.yaxis, pair, i)
    ax.legend(frameon=False, fontsize=8.5, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, handletextpad=0.2)
    ax.spines[["top", "right"]].set_visible(False)


def _draw_ratios(ax: Axes, ratios: tuple[Floats, Floats]) -> None:
    """How log q / p is distributed in both: the same where p = q, and then 0 but for noise."""
    both = np.concatenate(ratios)
    edges = np.linspace(*widened(float(both.min()), float(both.max())), BINS + 1)
    of_p = {"color": RUST, "alpha": 0.4, "label": "rows of p"}
    of_q = {"color": INK, "lw": 1.4, "label": "rows of q", "histtype": "step"}
    for v, style in zip(ratios, (of_p, of_q), strict=True):
        ax.hist(v, edges.tolist(), weights=np.full(len(v), 1 / len(v)), **style)  # type: ignore[arg-type]
    ax.axvline(0, color=GREY, lw=0.8)
    ax.set(title="log q/p, as a classifier sees it", xlabel="right of 0: more such rows in q", ylabel="share of rows")
    framed(ax)
    ax.spines[["top", "right"]].set_visible(False)


def _draw_columns(ax: Axes, columns: Sequence[Mapping[str, Any]]) -> None:
    """The distance of each column's own laws."""
    shown = columns[:MOST_BARS]
    ax.barh(range(len(shown)), [column["distance"] for column in shown], color=SLATE, height=0.65)
    ax.set_yticks(range(len(shown)), [safe(column["column"], MOST_LETTERS) for column in shown])
    for text in ax.get_yticklabels():
        text.set(family=fonts(), fontsize=8.5, **PLAIN_TEXT)
    ax.invert_yaxis()
    which = (
        "Columns by themselves" if len(shown) == len(columns) else f"The first {len(shown)} of {len(columns)} columns"
    )
    mixed = any("label" in column for column in columns)
    unit = "W1 in sd, or total variation of labels" if mixed else "W1 in standard deviations"
    ax.set(title=f"{which}: how far apart", xlabel=unit)
    ax.set_xlim(0, max([1e-9, *(1.05 * column["distance"] for column in shown)]))
    ax.spines[["top", "right"]].set_visible(False)


def _extent(pair: Pair, j: int) -> tuple[float, float]:
    """From where to where column j is drawn: most of both samples."""
    labels = pair.labels[j]
    if labels is not None:
        return -0.5, len(labels) - 0.5
    both = np.concatenate([pair.p.values[:, j], pair.q.values[:, j]])
    low, high = np.percentile(both, FAR)
    beyond = BEYOND * (high - low) or math.inf  # where nearly all are one number, all are shown
    return widened(max(float(both.min()), low - beyond), min(float(both.max()), high + beyond))


def _named(ax: Axes, axis: Axis, pair: Pair, j: int) -> None:
    """The name of column j at an axis, and its labels, or some of them, as text that is never markup."""
    axis.set_label_text(safe(pair.columns[j], 40), family=fonts(), **PLAIN_TEXT)
    labels = pair.labels[j]
    if labels is None:
        return
    every = -(-len(labels) // MOST_TICKS)
    axis.set_ticks(range(0, len(labels), every), [safe(label, MOST_LETTERS // 2) for label in labels[::every]])
    for text in axis.get_ticklabels():
        text.set(family=fonts(), fontsize=8, **PLAIN_TEXT)
        if axis is ax.xaxis and len(labels) > 5:
            text.set_rotation(90)
