"""Pictures of a trained generator: its samples beside the data, its discriminator, and the history of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.pictures.drawing import GREY, HAZE, INK, RUST, headline
from problems.pictures.samples import Shown, draw_categories, draw_line, draw_pairs, draw_plane, framed, widened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NATS, LEAST_NATS = "nats a row", 0.05  # unit of an axis, and the least of them that it spans
SETTLED = 6  # of the history the first of so many parts is left out of the axis' range


def figure_of(shown: Shown, history: Sequence[Mapping[str, Any]], title: str, answered: int | None = None) -> Figure:
    """Data, samples, densities and the discriminator; beside them what was watched over time.

    answered  the iteration of the generator that is drawn, where it is not the last
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    d = shown.rows.shape[1]
    figure = Figure(figsize=(12, 6) if d < 3 else (14, 7.5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    halves = figure.add_gridspec(1, 2, width_ratios=(5, 4) if d < 3 else (5, 3))
    if d == 1 and shown.mixed:
        draw_categories(figure.add_subplot(halves[0, 0]), shown)
    elif d == 1:
        parts = halves[0, 0].subgridspec(2, 1, height_ratios=(3, 2))
        above = figure.add_subplot(parts[0, 0])
        draw_line(above, figure.add_subplot(parts[1, 0], sharex=above), shown)
    elif d == 2 and not shown.mixed:
        draw_plane(figure.add_subplot(halves[0, 0]), shown)
    else:
        draw_pairs(figure, halves[0, 0], shown)
    entropy = shown.data.entropy
    if any(row.get("distance") is not None for row in history):
        parts = halves[0, 1].subgridspec(2, 1)
        above = figure.add_subplot(parts[0, 0])
        draw_distance(above, history, answered)
        draw_divergence(figure.add_subplot(parts[1, 0], sharex=above), history, answered)
    else:
        draw_likelihood(figure.add_subplot(halves[0, 1]), history, answered, None if entropy is None else -entropy)
    return figure


def draw_likelihood(
    ax: Axes, history: Sequence[Mapping[str, Any]], answered: int | None, ceiling: float | None
) -> None:
    """The generator's log-likelihood, and the discriminator's bound on it where that is known."""
    iteration, value, bound = (series(history, name) for name in ("iteration", "value", "bound"))
    ax.set(title="Log-likelihood as it was trained", ylabel=NATS)
    if not np.isfinite(np.r_[value, bound]).any():
        draw_divergence(ax, history, answered)
        return
    if np.isfinite(value).any():
        ax.plot(iteration, value, color=INK, lw=2, label="log-likelihood V, estimated by watched rows")
    if np.isfinite(bound).any():
        ax.plot(iteration, bound, color=RUST, lw=1.6, ls="--", label="bound on V by the discriminator, an estimate")
        ax.fill_between(iteration, value, bound, color=HAZE, lw=0)
    if ceiling is not None:
        ax.axhline(ceiling, color=GREY, lw=1.6, ls=":", label="truth: no generator exceeds this")
    over_time(ax, iteration, [value, bound], [] if ceiling is None else [ceiling], answered)


def draw_distance(ax: Axes, history: Sequence[Mapping[str, Any]], answered: int | None) -> None:
    """The distance of samples from the watched rows, by which the generator to answer is chosen."""
    iteration, distance, error = (series(history, name) for name in ("iteration", "distance", "distance_error"))
    ax.set(title="Distance of its samples from watched rows", ylabel="energy distance")
    ax.fill_between(iteration, distance - error, distance + error, color=HAZE, lw=0, label="its standard error")
    ax.plot(iteration, distance, color=INK, lw=2, label="estimate; 0 for a perfect generator")
    ax.axhline(0, color=GREY, lw=0.8)
    over_time(ax, iteration, [distance], [0.0], answered)
    ax.set(xlabel="")


def draw_divergence(ax: Axes, history: Sequence[Mapping[str, Any]], answered: int | None) -> None:
    """KL(data || generator) as the discriminator tells it, and where it tells nothing."""
    iteration, divergence = (series(history, name) for name in ("iteration", "divergence"))
    ax.set(title="KL as the discriminator tells it", ylabel=NATS)
    if not np.isfinite(divergence).any():
        ax.text(0.5, 0.5, "unknown: no discriminator tells it", transform=ax.transAxes, ha="center", color=GREY)
        ax.spines[["top", "right"]].set_visible(False)
        return
    ax.plot(iteration, divergence, color=RUST, lw=1.6, label="estimate of KL(data || generator), at least 0")
    ax.axhline(0, color=GREY, lw=0.8)
    over_time(ax, iteration, [divergence], [0.0], answered)
    low, _ = ax.get_ylim()
    ax.axhspan(low, 0, color=HAZE, lw=0, zorder=0, label="below 0: it tells nothing")
    ax.set_ylim(bottom=low)
    framed(ax)


def series(history: Sequence[Mapping[str, Any]], name: str) -> Any:
    """What was watched by that name, float64 (n,); NaN where it is unknown."""
    return np.array([row.get(name) for row in history], dtype=float)


def over_time(ax: Axes, iteration: Any, seen: Sequence[Any], also: Sequence[float], answered: int | None) -> None:
    """The axes: logarithmic in time, as high as what is settled needs; and when the answer was."""
    late = np.concatenate([values[len(iteration) // SETTLED :] for values in seen])
    late = np.r_[late[np.isfinite(late)], also]
    if ax.get_ylabel() == NATS and len(late) and np.ptp(late) < LEAST_NATS:  # noise is not to fill the picture
        late = (late.min() + late.max() + np.array([-LEAST_NATS, LEAST_NATS])) / 2
    if answered is not None:
        ax.axvline(answered, color=INK, lw=1.2, ls="-.", label=f"answered: iteration {answered:,}")
    ax.set_xscale("symlog", linthresh=10, linscale=0.5)
    ax.set_xticks([t for t in (0, 10, 100, 1_000, 10_000, 100_000) if t <= iteration[-1]])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    last = max(float(iteration[-1]), 1.0)
    ax.set(xlim=(0, last), xlabel="iteration (logarithmic)")
    if len(late):
        ax.set_ylim(*widened(float(late.min()), float(late.max())))
    framed(ax)
    ax.spines[["top", "right"]].set_visible(False)
