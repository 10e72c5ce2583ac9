"""Pictures of principal components: rows and variables in the plane of the first two, and the variance of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import GREY, HAZE, INK, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from formulations.pca import Components

MAX_NAMED = 60  # rows up to which each is drawn by its name
MAX_ARROWS = 12  # variables that are drawn, the longest arrows of more
MAX_BARS = 15  # components in the scree plot
REACH = 0.9  # of the rows' extent: how far the longest arrow reaches
TALL_BAR = 12  # % from which a bar has its number inside
NUMBERED = 8  # bars up to which each has its number
TALL = 5_000  # rows from which vector graphics would be large


def figure_of(
    scores: Floats, loadings: Floats, shares: Floats, rows: Sequence[str], columns: Sequence[str], title: str
) -> Figure:
    """The biplot, or the loadings of a single component, beside the shares of the variance of all components.

    scores (n, k), loadings (p, k), shares (m,), m >= k; names of rows and columns

    >>> figure = figure_of(np.eye(3), np.eye(3), np.array([0.5, 0.3, 0.2]), "abc", "xyz", "A title")
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['component 1 (50 %)', 'component']
    """
    figure = _figure((12, 6.4), title)
    left, right = figure.subplots(1, 2, width_ratios=(5, 3))
    if loadings.shape[1] > 1:
        draw_biplot(left, scores[:, :2], loadings[:, :2], shares, rows, columns)
    else:
        draw_loadings(left, loadings[:, 0], columns)
    draw_scree(right, shares, loadings.shape[1])
    return figure


def loadings_figure(loadings: Floats, columns: Sequence[str], title: str) -> Figure:
    """The loadings of one component, (p,), as bars.

    >>> loadings_figure(np.array([1.0, 0.0]), "ab", "A title").axes[0].get_xlabel()
    'loading'
    """
    figure = _figure((8, 5.5), title)
    draw_loadings(figure.subplots(), loadings, columns)
    return figure


def robust_figure(
    low_rank: Floats, found: Components, sparse: Floats, rows: Sequence[str], columns: Sequence[str], title: str
) -> Figure:
    """The biplot of the part of low rank, (n, p), beside the sizes of the entries of the sparse one."""
    figure = _figure((12, 6.4), title)
    left, right = figure.subplots(1, 2, width_ratios=(5, 3))
    shares = found.variances / (found.variances.sum() or 1.0)
    if found.loadings.shape[1] > 1:
        scores = low_rank @ found.loadings[:, :2]
        draw_biplot(left, scores, found.loadings[:, :2], shares, rows, columns)
    elif found.loadings.shape[1]:
        draw_loadings(left, found.loadings[:, 0], columns)
    image = right.imshow(np.abs(sparse), aspect="auto", interpolation="nearest", cmap="Greys")
    right.set(xlabel="column", ylabel="row")
    if len(columns) <= MAX_ARROWS:
        right.set_xticks(range(len(columns)), [safe(name, 12) for name in columns], family=fonts(), **PLAIN_TEXT)
        right.tick_params(axis="x", rotation=45)
    if len(rows) <= MAX_NAMED:
        right.set_yticks(range(len(rows)), [safe(name, 18) for name in rows], family=fonts(), size=6, **PLAIN_TEXT)
    right.set_title("What is set apart", size=11, color=SLATE)
    figure.colorbar(image, label="size of an entry of the sparse part")
    return figure


def _figure(size: tuple[float, float], title: str) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    return figure


def draw_biplot(
    ax: Axes, scores: Floats, loadings: Floats, shares: Floats, rows: Sequence[str], columns: Sequence[str]
) -> None:
    """Rows at their scores (n, 2), and an arrow for each variable along its loadings (p, 2), by one scale for all."""
    named = len(scores) <= MAX_NAMED
    if named:
        ax.scatter(scores[:, 0], scores[:, 1], s=5, color=GREY, lw=0, zorder=2)
        for name, (x, y) in zip(rows, scores.tolist(), strict=True):
            ax.annotate(safe(name, 18), (x, y), (0, 2), color=SLATE, size=7, ha="center", **_text())
    else:
        size = float(np.clip(3000 / len(scores), 2, 14))
        many = len(scores) > TALL
        ax.scatter(scores[:, 0], scores[:, 1], s=size, color=SLATE, alpha=0.5, lw=0, zorder=2, rasterized=many)
    length = np.linalg.norm(loadings, axis=1)
    drawn = np.sort(np.argsort(-length, kind="stable")[:MAX_ARROWS])
    drawn = drawn[length[drawn] > 0.02 * length.max(initial=1e-300)]
    factor = REACH * float(np.abs(scores).max(initial=0.0) or 1.0) / float(np.abs(loadings).max(initial=0.0) or 1.0)
    for j in drawn.tolist():
        x, y = (factor * loadings[j]).tolist()
        ax.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "-|>", "color": RUST, "lw": 1.6}, zorder=4)
        where: dict[str, Any] = {"ha": "left" if x >= 0 else "right", "va": "bottom" if y >= 0 else "top"}
        by = (3 if x >= 0 else -3, 0)
        ax.annotate(safe(columns[j], 24), (x, y), by, color=RUST, size=10, zorder=5, **where, **_text())
    ax.update_datalim(factor * loadings[drawn])
    ax.margins(0.12)
    ax.axhline(0, color=HAZE, lw=0.8, zorder=1)
    ax.axvline(0, color=HAZE, lw=0.8, zorder=1)
    ax.set_aspect("equal", adjustable="datalim")
    more = f", the {MAX_ARROWS} longest of {len(columns):,}" if len(columns) > MAX_ARROWS else ""
    ax.set(xlabel=_named(1, shares), ylabel=_named(2, shares))
    ax.set_title(f"Rows, and variables as arrows{more}", size=11, color=SLATE)
    _plain(ax)


def draw_loadings(ax: Axes, loadings: Floats, columns: Sequence[str]) -> None:
    """The loadings of one component (p,), as bars, the largest of many."""
    drawn = np.argsort(-np.abs(loadings), kind="stable")[: 2 * MAX_ARROWS]
    drawn = np.sort(drawn)[::-1]
    ax.barh(range(len(drawn)), loadings[drawn], color=np.where(loadings[drawn] < 0, GREY, INK).tolist())
    ax.axvline(0, color=SLATE, lw=0.8)
    ax.set_yticks(range(len(drawn)), [safe(columns[j], 28) for j in drawn.tolist()], family=fonts(), **PLAIN_TEXT)
    more = f", the {len(drawn)} largest of {len(columns):,}" if len(columns) > len(drawn) else ""
    ax.set(xlabel="loading")
    ax.set_title(f"Loadings of the component{more}", size=11, color=SLATE)
    _plain(ax)


def draw_scree(ax: Axes, shares: Floats, k: int) -> None:
    """The share of the variance that each component has, those that were asked for dark, and how they add up."""
    from matplotlib.ticker import MaxNLocator

    m = min(len(shares), max(MAX_BARS, min(k + 2, 3 * MAX_BARS)))
    places = np.arange(1, m + 1)
    colours = [INK if place <= k else GREY for place in places.tolist()]
    ax.bar(places, 100 * shares[:m], 0.7, color=colours, label="each")
    ax.plot(places, 100 * shares.cumsum()[:m], "o-", color=RUST, ms=4, lw=1.6, label="together")
    for place, part in zip(places.tolist(), (100 * shares[:m]).tolist(), strict=True):
        inside = part > TALL_BAR
        style: dict[str, Any] = {"color": "white" if inside and place <= k else INK, "ha": "center", "size": 8}
        if m <= NUMBERED:
            ax.text(place, part - 1 if inside else part + 1, f"{part:.3g} %", va="top" if inside else "bottom", **style)
    ax.set(xlabel="component", ylabel="% of the variance", ylim=(0, 108 * shares[:m].sum()), xlim=(0.4, m + 0.6))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    more = f"the first {m} of {len(shares):,}" if m < len(shares) else "all components"
    ax.set_title(f"Variance by component: {more}", size=11, color=SLATE)
    ax.legend(frameon=False, prop={"family": fonts(), "size": 10}, loc="center right")
    _plain(ax)


def _named(component: int, shares: Floats) -> str:
    return f"component {component} ({100 * shares[component - 1]:.3g} %)"


def _text() -> dict[str, Any]:
    return {"family": fonts(), "textcoords": "offset points", "annotation_clip": True, **PLAIN_TEXT}


def _plain(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
