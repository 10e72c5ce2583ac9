"""Pictures of methods on one game: their paths in the plane, and their errors. Nothing is shown on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import GREY, HAZE, INK, PLAIN_TEXT, RUST, SLATE, headline
from problems.studies.trajectories import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Three shades, solid and dashed, each with its own marker: distinguishable in grey and when colour-blind.
STYLES = ((RUST, "-", "o"), (GREY, "--", "s"), (GREY, "-", "^"), (INK, "-", "D"), (INK, "--", "v"), (RUST, "--", "X"))
CONTOURS, CONTOUR = 10, "#ccd3db"  # how many, and the shade of the highest
MARKERS = 7  # on a trajectory
MIN_ERROR, MAX_ERROR = 1e-16, 1e3  # shown, relative to the first
LABEL_DISTANCE = 0.055  # between two labels, as a share of the panel's height


def figure_of(
    trajectories: Sequence[Trajectory],
    *,
    title: str,
    error: str,
    plane: tuple[str, str] | None = None,
    window: Floats | None = None,
    surface: Floats | None = None,
) -> Figure:
    """The error of every trajectory on a logarithmic axis; beside it, for games in the plane, their paths.

    error   name of the error
    plane   names of the paths' two coordinates; None for a game that is not in the plane
    window  the part of the plane to show, float64 (2,): lower and upper limit of both coordinates
    surface  the payoff on a grid of it, float64 (k, k), a row for each second coordinate: drawn as contours
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6), dpi=150)
    FigureCanvasAgg(figure)
    right = 0.58 if plane is not None and window is not None else 0.08
    if plane is not None and window is not None:
        across = -(-len(trajectories) // 2)
        for k, trajectory in enumerate(trajectories):
            row, column = divmod(k, across)
            ax = figure.add_axes((0.05 + 0.15 * column, 0.525 - 0.425 * row, 0.14, 0.335))
            if surface is not None:
                draw_contours(ax, surface, window)
            _draw_path(ax, trajectory, window)
            ax.tick_params(labelleft=not column, labelbottom=k + across >= len(trajectories))
            if k == across:
                ax.set_xlabel(plane[0], size=9, color=SLATE, labelpad=1, **PLAIN_TEXT)
                ax.set_ylabel(plane[1], size=9, color=SLATE, labelpad=1, **PLAIN_TEXT)
    _draw_errors(figure.add_axes((right, 0.1, 0.79 - right, 0.76)), trajectories, error)
    headline(figure, title, x=0.5, y=0.97, va="top")
    return figure


def draw_contours(ax: Axes, surface: Floats, window: Floats) -> None:
    """The payoff as filled contours, the darker the higher, from white to a light grey."""
    from matplotlib.colors import LinearSegmentedColormap

    t = np.linspace(window[0], window[1], len(surface))
    shades = LinearSegmentedColormap.from_list("payoff", ["white", CONTOUR])
    ax.contourf(t, t, surface, CONTOURS, cmap=shades, zorder=0)
    ax.contour(t, t, surface, CONTOURS, colors=GREY, linewidths=0.4, linestyles="solid", zorder=0)


def _draw_path(ax: Axes, trajectory: Trajectory, window: Floats) -> None:
    """The path of one trajectory within the window: its start is a ring, its end a dot."""
    x, y = trajectory.path.T
    color, _, _ = _style(trajectory.name)
    ax.plot(x, y, "-", color=SLATE if color == GREY else color, lw=0.9)
    ax.plot(x[:1], y[:1], "o", mfc="white", mec=INK, ms=6, zorder=3)
    ax.plot(x[-1:], y[-1:], "o", color=INK, ms=4.5, zorder=3)
    margin = 0.04 * (window[1] - window[0])
    limits = (window[0] - margin, window[1] + margin)
    ax.set(xlim=limits, ylim=limits, xticks=window, yticks=window, aspect="equal")
    ax.set_title(trajectory.name, size=9, color=INK, pad=3, **PLAIN_TEXT)
    ax.tick_params(labelsize=7, colors=SLATE, length=2)
    ax.spines[:].set_color(HAZE)


def _draw_errors(ax: Axes, trajectories: Sequence[Trajectory], error: str) -> None:
    """Error against gradient evaluations, every curve labelled at its end."""
    finite = [trajectory.error[np.isfinite(trajectory.error) & (trajectory.error > 0)] for trajectory in trajectories]
    first = max((float(trajectory.error[0]) for trajectory in trajectories), default=1.0) or 1.0
    low = max(min((float(e.min()) for e in finite if len(e)), default=first) / 2, MIN_ERROR * first)
    high = min(max((float(e.max()) for e in finite if len(e)), default=first) * 2, MAX_ERROR * first)
    ends = []
    for trajectory in trajectories:
        color, line, marker = _style(trajectory.name)
        within = np.isfinite(trajectory.error) & (trajectory.error >= low) & (trajectory.error <= high)
        shown = np.where(within, trajectory.error, np.nan)
        marks = np.unique(np.linspace(0, 0.94 * (len(shown) - 1), MARKERS).astype(int)).tolist()
        style: dict[str, Any] = {"color": color, "ls": line, "marker": marker, "ms": 4.5, "lw": 1.6, "markevery": marks}
        ax.plot(trajectory.evaluations, shown, **style)
        last = trajectory.error[-1]
        end = float(np.clip(last, low, high)) if np.isfinite(last) else high
        ends.append((float(np.log(end / low) / np.log(high / low)), trajectory))
    longest = max(trajectory.evaluations[-1] for trajectory in trajectories)
    ax.set(yscale="log", ylim=(low, high), xlim=(0, longest))
    ax.set_xlabel("evaluations of both players' gradients", color=INK, **PLAIN_TEXT)
    ax.set_ylabel(f"{error} (logarithmic)", color=INK, **PLAIN_TEXT)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8, colors=SLATE)
    _label_ends(ax, ends)


def _label_ends(ax: Axes, ends: list[tuple[float, Trajectory]]) -> None:
    """Labels at the curves' ends, (height within the panel, trajectory) each, moved apart where they would overlap."""
    ends.sort(key=lambda end: end[0])
    at = np.array([height for height, _ in ends])
    for k in range(1, len(at)):
        at[k] = max(at[k], at[k - 1] + LABEL_DISTANCE)
    at -= max(at[-1] - 1, 0)
    for k in range(len(at) - 2, -1, -1):
        at[k] = min(at[k], at[k + 1] - LABEL_DISTANCE)
    wide = 1 / ax.get_position().width  # of the figure, in widths of the panel
    for (height, trajectory), place in zip(ends, at, strict=True):
        color, line, marker = _style(trajectory.name)
        style: dict[str, Any] = {"transform": ax.transAxes, "clip_on": False, "color": color, "ls": line, "lw": 1.2}
        style |= {"marker": marker, "ms": 4.5, "markevery": [1]}
        ax.plot([1 + 0.002 * wide, 1 + 0.008 * wide, 1 + 0.014 * wide], [height, place, place], **style)
        ax.text(
            1 + 0.018 * wide,
            place,
            f"{trajectory.name}: {trajectory.said}",
            size=8,
            color=INK,
            va="center",
            transform=ax.transAxes,
            **PLAIN_TEXT,
        )


def _style(name: str) -> tuple[str, str, str]:
    """Colour, line style and marker of a method."""
    from problems.studies.trajectories import METHODS

    return STYLES[list(METHODS).index(name) % len(STYLES)]
