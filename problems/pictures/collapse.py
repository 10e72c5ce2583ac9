"""A picture of mode collapse: what each variant's samples look like over time, its modes' shares, and its gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.pictures.drawing import GREY, HAZE, INK, PLAIN_TEXT, RUST, SLATE, headline
from problems.studies.collapse import SHOWN, Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from formulations.likelihood.mixtures import GaussianMixture

HEIGHT = 1.55  # inches of a row
MARGIN = 0.35  # around the modes, relative to their spread
LEAST, MOST = 1e-6, 1e4  # lengths of gradients that are drawn


def figure_of(outcomes: Sequence[Outcome], density: GaussianMixture, title: str) -> Figure:
    """A row for each variant: samples from left to right, then shares of modes and gradients over time.

    Below them, where it was asked, gradients of a generator that does not move.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    moved = [outcome for outcome in outcomes if outcome.variant.moves]
    still = [outcome for outcome in outcomes if not outcome.variant.moves]
    rows = len(moved) + (1 if still else 0)
    figure = Figure(figsize=(13, HEIGHT * rows + 1.1), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    grid = figure.add_gridspec(rows, len(SHOWN) + 2, width_ratios=[*[1.0] * len(SHOWN), 1.9, 1.9])
    for k, outcome in enumerate(moved):
        panels = [figure.add_subplot(grid[k, column]) for column in range(len(SHOWN) + 2)]
        for ax, share in zip(panels, SHOWN, strict=False):
            _draw_samples(ax, outcome.at(share).samples, density)
            if not k:
                ax.set_title(f"after {share:.0%}" if share else "at first", size=9, color=SLATE)
        panels[0].set_ylabel(_in_lines(outcome.variant.name), size=10, color=INK, **PLAIN_TEXT)
        _draw_shares(panels[-2], outcome, density)
        _draw_gradients(panels[-1], [(outcome, INK, "-", outcome.variant.name)])
        if not k:
            panels[-2].set_title("samples of each mode: the darker, the more", size=9, color=SLATE)
            panels[-1].set_title("length of f's gradient", size=9, color=SLATE)
        for ax in panels[-2:]:
            ax.tick_params(labelbottom=k == len(moved) - 1)
    if moved:
        for ax in panels[-2:]:
            ax.set_xlabel("iteration", size=9, color=SLATE)
    if still:
        ax = figure.add_subplot(grid[-1, :])
        styles = ((RUST, "--"), (INK, "-"))
        lines = [(one, *style, f"what f climbs: {one.variant.name}") for one, style in zip(still, styles, strict=False)]
        _draw_gradients(ax, lines)
        ax.set_title(
            "Length of the gradient of a generator that is held still, apart from the data, while d learns",
            size=9,
            color=SLATE,
        )
        ax.set_xlabel("step of d", size=9, color=SLATE)
        ax.legend(frameon=False, fontsize=9)
    return figure


def _in_lines(name: str) -> str:
    return name.replace(", ", ",\n")


def _draw_samples(ax: Axes, samples: Any, density: GaussianMixture) -> None:
    """The modes as rings, samples as dots, within a window around the modes."""
    low, high = density.means.min(axis=0), density.means.max(axis=0)
    margin = MARGIN * float((high - low).max())
    ax.scatter(
        density.means[:, 0], density.means[:, 1], s=60, facecolors="none", edgecolors=GREY, linewidths=0.9, zorder=1
    )
    ax.scatter(samples[:, 0], samples[:, 1], s=2.5, color=INK, alpha=0.45, linewidths=0, zorder=2, rasterized=True)
    ax.set(xlim=(low[0] - margin, high[0] + margin), ylim=(low[1] - margin, high[1] + margin), xticks=[], yticks=[])
    ax.set_aspect("equal")
    inside = ((samples > low - margin) & (samples < high + margin)).all(axis=1)
    if not inside.any():
        ax.text(0.5, 0.5, "all outside", transform=ax.transAxes, ha="center", va="center", size=8, color=SLATE)
    ax.spines[:].set_color(HAZE)


def _draw_shares(ax: Axes, outcome: Outcome, density: GaussianMixture) -> None:
    """The share of samples in each mode over time, of the first seed: a row for each mode, the darker the more."""
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    shades = LinearSegmentedColormap.from_list("shares", ["white", INK])
    times = np.array([look.iteration for look in outcome.looks], dtype=float)
    ends = np.r_[times, max(float(times[-1]), 1.0) * 1.005 + 1e-9]
    shares = np.array([look.shares[0] for look in outcome.looks]).T / density.weights[:, None]
    modes = len(shares)
    ax.pcolormesh(ends, np.arange(modes + 1), shares, cmap=shades, norm=PowerNorm(0.5, 0.0, 1.0), rasterized=True)
    ax.set_yticks([])
    ax.set_ylabel(f"{(shares[:, -1] > 0).sum()} of {modes} modes", size=9, color=INK)
    ax.tick_params(labelsize=8, colors=SLATE)


def _draw_gradients(ax: Axes, lines: Sequence[tuple[Outcome, str, str, str]]) -> None:
    """The middle of the seeds, and their range, on a logarithmic axis that is the same for all."""
    for outcome, colour, style, label in lines:
        times = [look.iteration for look in outcome.looks]
        lengths = np.clip([look.gradients for look in outcome.looks], LEAST, MOST)
        ax.fill_between(times, lengths.min(axis=1), lengths.max(axis=1), color=HAZE, lw=0)
        ax.plot(times, np.median(lengths, axis=1), color=colour, ls=style, lw=1.4, label=label)
    ax.set(yscale="log", ylim=(LEAST, MOST), xlim=(0, max(outcome.iterations for outcome, *_ in lines) or 1))
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8, colors=SLATE)
