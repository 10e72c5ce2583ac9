"""Pictures of payoffs as surfaces, with the path of a method on each. Nothing is shown on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import GREY, INK, PLAIN_TEXT, RUST, SLATE, headline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACROSS = 3  # panels side by side


@dataclass(frozen=True, eq=False)
class Surface:
    """A payoff on a grid, float64 (k, k), a row for each second coordinate, and a path on it.

    window  lower and upper limit of both coordinates
    path    float64 (steps, 3): both coordinates and the payoff
    plane   names of the coordinates: of the player who climbs, and of the one who descends
    """

    title: str
    payoff: Floats
    window: tuple[float, float]
    path: Floats
    plane: tuple[str, str]


def figure_of(surfaces: Sequence[Surface], title: str) -> Figure:
    """A panel for each, the path's start a ring and its end a dot.

    >>> flat = Surface("flat", np.zeros((3, 3)), (0.0, 1.0), np.zeros((2, 3)), ("x", "y"))
    >>> [ax.get_title() for ax in figure_of([flat], "a game").axes]
    ['flat']
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    across = min(ACROSS, len(surfaces))
    down = -(-len(surfaces) // across)
    figure = Figure(figsize=(4.4 * across, 4.2 * down + 0.5), dpi=150)
    FigureCanvasAgg(figure)
    headline(figure, title)
    figure.subplots_adjust(left=0.01, right=0.96, bottom=0.03, top=1 - 0.9 / (4.2 * down + 0.5), wspace=0.08)
    shades = LinearSegmentedColormap.from_list("payoff", ["white", GREY])
    for k, shown in enumerate(surfaces, start=1):
        ax: Any = figure.add_subplot(down, across, k, projection="3d", computed_zorder=False)
        t = np.linspace(*shown.window, len(shown.payoff))
        lines = {"linewidth": 0.2, "edgecolor": SLATE, "antialiased": True}
        ax.plot_surface(*np.meshgrid(t, t), shown.payoff, cmap=shades, alpha=0.8, rcount=30, ccount=30, **lines)
        ax.plot(*shown.path.T, color=RUST, lw=2.0, zorder=5)
        ax.plot(*shown.path[:1].T, "o", mfc="white", mec=INK, ms=6, zorder=6)
        ax.plot(*shown.path[-1:].T, "o", color=INK, ms=5, zorder=6)
        ax.set_title(shown.title, size=10, color=INK, pad=0, **PLAIN_TEXT)
        ax.set_xlabel(f"{shown.plane[0]} climbs", size=9, color=SLATE, labelpad=-6, **PLAIN_TEXT)
        ax.set_ylabel(f"{shown.plane[1]} descends", size=9, color=SLATE, labelpad=-6, **PLAIN_TEXT)
        ax.tick_params(labelsize=7, colors=SLATE, pad=-3)
        ax.locator_params(nbins=4)
        ax.view_init(elev=35, azim=-60)
    return figure
