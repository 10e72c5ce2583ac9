"""Rows of data beside samples of a generator: one column, a plane, or all pairs of up to five columns.

Data are rust and hollow or filled, samples dark; they differ in lightness and in form, so that grey prints can be read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import GREY, INK, PLAIN_TEXT, RUST, fonts
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

    from formulations.likelihood.data import Data
    from formulations.problem import Players

MOST_NAMED, MOST_LETTERS = 9, 12  # labels at an axis, and what is shown of each
MOST_COLUMNS = 5  # of which all pairs are drawn
MOST_POINTS = 2_500  # of data, and of samples, in a plane
FEWEST_BINS, MOST_BINS, CURVE_POINTS = 10, 80, 400  # of a histogram, of a curve
MAP_CELLS = 120  # along each side of the discriminator's map
SPREAD = 0.3  # of the points of a category, on either side of its place
MARGIN = 0.08  # around the data, as a share of their extent
BEYOND = 0.5  # of the data's extent, up to which samples outside of it are shown


@dataclass(frozen=True, eq=False)
class Shown:
    """What is drawn: rows of data, samples, float64 (., d), in the data's units, and what is known of each column.

    names   of the columns; whole: whether each holds whole numbers
    labels  what the whole numbers 0, 1, ... of a category stand for, None for a column of numbers; () if all are
    """

    data: Data
    players: Players
    rows: Floats
    samples: Floats
    names: Sequence[str]
    whole: Sequence[bool]
    labels: Sequence[Sequence[str] | None] = ()

    @property
    def mixed(self) -> bool:
        """Whether there are categories."""
        return any(labels is not None for labels in self.labels)

    def labels_of(self, j: int) -> Sequence[str] | None:
        """The labels of column j, None for a column of numbers."""
        return self.labels[j] if self.labels else None

    def extent(self, j: int) -> tuple[float, float]:
        """From where to where column j is drawn: the data, and most samples unless they are far off."""
        labels = self.labels_of(j)
        if labels is not None:
            return -0.5, len(labels) - 0.5
        x = self.rows[:, j]
        low, high = float(x.min()), float(x.max())
        finite = self.samples[np.isfinite(self.samples[:, j]), j]
        far = np.percentile(finite, (1, 99)) if len(finite) else np.array([low, high])
        beyond = BEYOND * (high - low)
        return widened(min(low, max(far[0], low - beyond)), max(high, min(far[1], high + beyond)))

    def edges(self, j: int) -> Floats:
        """The bins of column j's histogram: of whole numbers as many in each, and one if they are few."""
        low, high = self.extent(j)
        if self.labels_of(j) is not None:
            return np.arange(low, high + 1)
        count = int(np.clip(2 * math.sqrt(len(self.rows)), FEWEST_BINS, MOST_BINS))
        if not self.whole[j]:
            return np.linspace(low, high, count + 1)
        width = math.ceil(max((high - low) / count, 1.0))
        return np.arange(math.floor(low) - 0.5, high + width, width, dtype=np.float64)

    def label(self, j: int, most: int = 40) -> dict[str, Any]:
        """The name of column j, as text that is never markup."""
        return {"family": fonts(), **PLAIN_TEXT, "s": safe(self.names[j], most)}


def draw_column(ax: Axes, shown: Shown, j: int, densities: bool = False) -> None:
    """Histograms of data and samples in column j; the densities, where they are known and the data are on a line."""
    edges = shown.edges(j)
    low, high = float(edges[0]), float(edges[-1])
    x, made = shown.rows[:, j], shown.samples[np.isfinite(shown.samples[:, j]), j]
    of_data = {"color": RUST, "alpha": 0.4, "label": "data", "rwidth": 0.85 if shown.whole[j] else None}
    of_samples = {"color": INK, "lw": 1.4, "label": "samples", "histtype": "step", "rwidth": None}
    for rows, style in ((x, of_data), (made, of_samples)):
        share = np.full(len(rows), 1 / (max(len(rows), 1) * (edges[1] - edges[0])))  # of all, also outside of the bins
        ax.hist(rows, edges.tolist(), weights=share, **style)  # type: ignore[arg-type]
    if densities:
        across = np.linspace(low, high, CURVE_POINTS)
        if shown.data.density is not None:
            truth = np.exp(shown.data.density.log_density(across[:, None]))
            ax.plot(across, truth, color=GREY, lw=4, alpha=0.7, label="truth", zorder=0.5)
        log_p = log_density(shown, across)
        if log_p is not None:
            ax.plot(across, np.exp(log_p), color=INK, lw=1.4, ls="--", label="generator's density")
    ax.set(xlim=(low, high))
    ax.spines[["top", "right"]].set_visible(False)


def draw_categories(ax: Axes, shown: Shown) -> None:
    """Of a category alone the shares of its labels, beside those of the data."""
    draw_column(ax, shown, 0)
    framed(ax)
    ax.set(ylabel="share of rows", title="What it makes, beside the data")
    ax.set_xlabel(**_text(shown.label(0), "xlabel"))
    name_places(ax.xaxis, shown, 0, 95)


def name_places(axis: Axis, shown: Shown, j: int, room: int) -> None:
    """At the places of a category's labels these, or some of them; on end if longer than `room` letters, 0 for any."""
    labels = shown.labels_of(j)
    if labels is None:
        return
    every = math.ceil(len(labels) / MOST_NAMED)
    texts = [safe(label, MOST_LETTERS) for label in labels[::every]]
    axis.set_ticks(range(0, len(labels), every), texts)
    on_end = room > 0 and sum(map(len, texts)) > room
    for text in axis.get_ticklabels():
        text.set(family=fonts(), rotation=90 if on_end else 0, **PLAIN_TEXT)


def draw_line(ax: Axes, below: Axes, shown: Shown) -> None:
    """Of data on a line densities, and below them log d, with log q / p where both densities are known."""
    draw_column(ax, shown, 0, densities=True)
    shares = shown.whole[0] and np.diff(shown.edges(0))[0] == 1
    ax.set(ylabel="share of rows" if shares else "density", title="What it makes, beside the data")
    framed(ax)
    across = np.linspace(*ax.get_xlim(), CURVE_POINTS)
    below.axhline(0, color=GREY, lw=0.8)
    log_p = log_density(shown, across)
    if log_p is not None and shown.data.density is not None:
        truth = shown.data.density.log_density(across[:, None]) - log_p
        below.plot(across, truth, color=GREY, lw=4, alpha=0.7, label="truth: log q / p")
        low, high = np.clip(widened(*np.percentile(truth, (5, 95))), -4, 4)
        below.set_ylim((low, high) if low < high else (-4, 4))
    if "d" in shown.players:
        below.plot(across, log_d(shown, across[:, None]), color=RUST, lw=1.4, ls="--", label="discriminator: log d")
        framed(below)
    below.set_xlabel(**_text(shown.label(0), "xlabel"))
    below.set(ylabel="above 0: too few samples")
    below.spines[["top", "right"]].set_visible(False)


def draw_plane(ax: Axes, shown: Shown) -> None:
    """Two columns of data and samples, and the discriminator's log d behind them."""
    (left, right), (low, high) = shown.extent(0), shown.extent(1)
    if "d" in shown.players:
        x, y = np.meshgrid(np.linspace(left, right, MAP_CELLS), np.linspace(low, high, MAP_CELLS))
        map_of_d = log_d(shown, np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
        shades = ax.imshow(
            map_of_d,
            origin="lower",
            extent=(left, right, low, high),
            aspect="auto",
            cmap="Greys_r",
            interpolation="bilinear",
            alpha=0.35,
        )
        bar = ax.figure.colorbar(shades, ax=ax, shrink=0.6, pad=0.01)
        bar.outline.set_visible(False)
        bar.set_label("discriminator: log d, low where samples are too many")
    _points(ax, shown, 0, 1)
    framed(ax, loc="upper right", markerscale=1.6)
    ax.set(xlim=(left, right), ylim=(low, high), title="What it makes, beside the data")
    ax.set_xlabel(**_text(shown.label(0), "xlabel"))
    ax.set_ylabel(**_text(shown.label(1), "ylabel"))
    if shown.data.density is not None:  # its columns share a unit
        ax.set_aspect("equal", adjustable="box")
    ax.spines[["top", "right"]].set_visible(False)


def draw_pairs(figure: Figure, place: SubplotSpec, shown: Shown) -> None:
    """Of the first five columns each as histograms, and each pair below that diagonal."""
    d = shown.rows.shape[1]
    k = min(d, MOST_COLUMNS)
    grid = place.subgridspec(k, k)
    for i in range(k):
        for j in range(i + 1):
            ax = figure.add_subplot(grid[i, j])
            if i == j:
                draw_column(ax, shown, j)
                ax.set_yticks([])
                ax.spines["left"].set_visible(False)
            else:
                _points(ax, shown, j, i, size=0.6)
                ax.set(xlim=shown.extent(j), ylim=shown.extent(i))
                ax.spines[["top", "right"]].set_visible(False)
            ax.locator_params(nbins=4, axis="x", integer=shown.whole[j])
            ax.tick_params(labelsize=8, labelbottom=i == k - 1, labelleft=j == 0 and i > 0)
            name_places(ax.xaxis, shown, j, 95 // k)
            if i == k - 1:
                ax.set_xlabel(**_text(shown.label(j, 95 // k), "xlabel"), fontsize=8)
            if j == 0 and i > 0:
                ax.locator_params(nbins=4, axis="y", integer=shown.whole[i])
                name_places(ax.yaxis, shown, i, 0)
                ax.set_ylabel(**_text(shown.label(i, 95 // k), "ylabel"), fontsize=8)
    corner = figure.add_subplot(grid[0, 1:])
    corner.set_axis_off()
    points = figure.axes[-3]  # the last pair
    which = f"the first {k} of {d} columns" if d > k else f"all {d} columns"
    title = f"What it makes, beside the data: {which}"
    handles, labels = points.get_legend_handles_labels()
    legend = corner.legend(handles, labels, title=title, frameon=False, fontsize=9, loc="upper right", markerscale=2)
    legend.get_title().set_fontsize(11)
    corner.text(1, 0, "diagonal: histograms of each column,\ndata filled, samples as a line", ha="right", size=8.5)


def _points(ax: Axes, shown: Shown, j: int, i: int, size: float = 1.0) -> None:
    """As many samples as rows of data, in columns j and i."""
    count = min(len(shown.rows), len(shown.samples), MOST_POINTS)
    share = size * min(1.0, max(0.35, 15 / math.sqrt(count)))
    rows, samples = (_spread(part[:count], shown, seed) for seed, part in enumerate((shown.rows, shown.samples)))
    hollow: dict[str, Any] = {"s": 26 * share, "facecolors": "none", "edgecolors": RUST, "lw": 0.9, "alpha": 0.9}
    ax.scatter(rows[:, j], rows[:, i], label=f"data ({count:,} held-out rows)", rasterized=True, **hollow)
    ax.scatter(samples[:, j], samples[:, i], s=9 * share, color=INK, lw=0, label="samples (as many)", rasterized=True)


def _spread(points: Floats, shown: Shown, seed: int) -> Floats:
    """The same with categories spread at random about their places, so that the points can be seen."""
    numbers = np.random.default_rng(seed)
    by = [0.0 if shown.labels_of(j) is None else SPREAD for j in range(points.shape[1])]
    return points + by * numbers.uniform(-1, 1, points.shape)


def _text(label: dict[str, Any], key: str) -> dict[str, Any]:
    """The same, its text by the name that an axis gives it."""
    return {key: label["s"], **{name: value for name, value in label.items() if name != "s"}}


def framed(ax: Axes, **place: Any) -> None:
    """A legend that can be read whatever it covers."""
    ax.legend(frameon=True, fontsize=9, **place).get_frame().set(edgecolor="none", alpha=0.85)


def widened(low: float, high: float) -> tuple[float, float]:
    """From a little below to a little above.

    >>> widened(0.0, 100.0)
    (-8.0, 108.0)
    """
    by = MARGIN * (high - low) or 1e-6 * max(abs(low), abs(high), 1.0)
    return low - by, high + by


def log_density(shown: Shown, across: Floats) -> Floats | None:
    """The generator's log density at points of a line, float64 (k,), None if it has none."""
    import torch

    if not hasattr(shown.players["f"], "log_density"):
        return None
    points = torch.tensor(across[:, None] - shown.data.origin, dtype=torch.float32)
    with torch.no_grad():
        return np.asarray(shown.players["f"].log_density(points).double())


def log_d(shown: Shown, points: Floats) -> Floats:
    """The discriminator's output at points (k, d), float64 (k,)."""
    import torch

    with torch.no_grad():
        return np.asarray(shown.players["d"](torch.tensor(points - shown.data.origin, dtype=torch.float32)).double())
