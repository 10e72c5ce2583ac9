"""A translation in columns: input, output, the truth, there and back; and what was watched as it was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from problems.io.images.written import tiled
from problems.pictures.drawing import INK, RUST, headline
from problems.pictures.training import over_time, series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor

    from problems.studies.translation_quality import TranslationJudged
    from solvers.solution import Solution

HIGH, WIDE = 4.0, 12.0  # inches, at most, of a figure of columns alone
WATCHED = (  # what is watched, what it is called, and how it is drawn
    ("distance", "error of watched pairs", INK, "-"),
    ("cycle_x", "there and back", INK, "-"),
    ("cycle_y", "back and there", RUST, "--"),
)


def figure_of(judged: TranslationJudged, solution: Solution) -> Figure:
    """Held-out images and what is made of them, and errors as it was trained."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, f"{judged.training.source}, {'by pairs' if judged.training.model.paired else 'without pairs'}")
    grid = figure.add_gridspec(1, 2, width_ratios=(7, 5))
    draw_columns(figure.add_subplot(grid[0, 0]), judged.shown(solution))
    draw_errors(figure.add_subplot(grid[0, 1]), solution)
    return figure


def figure_of_columns(shown: Mapping[str, Tensor], title: str) -> Figure:
    """Images (n, channels, height, width) by name, those of a row belonging together."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sheet, _ = _sheet(shown)
    figure = Figure(
        figsize=(min(WIDE, HIGH * sheet.shape[1] / sheet.shape[0]), HIGH + 0.7), dpi=150, layout="constrained"
    )
    FigureCanvasAgg(figure)
    headline(figure, title)
    draw_columns(figure.add_subplot(), shown)
    return figure


def draw_columns(ax: Axes, shown: Mapping[str, Tensor]) -> None:
    """A column for each name, in two blocks side by side, and the names above them."""
    sheet, places = _sheet(shown)
    ax.imshow(sheet.squeeze(2) if sheet.shape[2] == 1 else sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    for place, name in zip(places, [*shown, *shown], strict=True):
        lines = name.replace(" and ", "\nand ")
        ax.text(place, -0.02 * sheet.shape[0], lines, ha="center", va="bottom", color=INK, size=9)
    ax.set_axis_off()


def _sheet(shown: Mapping[str, Tensor]) -> tuple[NDArray[np.float32], Sequence[float]]:
    """The two blocks as one image, and where the middle of each column is."""
    import torch

    stacked = torch.stack(list(shown.values()), dim=1).clamp(0, 1).movedim(2, -1).numpy()  # (n, columns, h, w, c)
    half, width = -(-len(stacked) // 2), stacked.shape[3]
    first, second = (tiled(np.concatenate(list(rows)), len(shown), white=1) for rows in np.split(stacked, [half]))
    below = np.ones((len(first) - len(second), *second.shape[1:]), dtype=np.float32)  # where rows are odd in number
    gap = np.ones((len(first), width // 2, first.shape[2]), dtype=np.float32)
    starts = (0, first.shape[1] + gap.shape[1])
    places = [start + k * (width + 1) + (width - 1) / 2 for start in starts for k in range(len(shown))]
    return np.concatenate([first, gap, np.concatenate([second, below])], axis=1), places


def draw_errors(ax: Axes, solution: Solution) -> None:
    """What was watched: mean absolute errors, black to white being 1."""
    history = solution.stats["history"]
    iteration, drawn = series(history, "iteration"), []
    for name, called, colour, dashes in WATCHED:
        seen = series(history, name)
        if np.isfinite(seen).any():
            ax.plot(iteration, seen, color=colour, ls=dashes, lw=1.8, label=called)
            drawn.append(seen)
    answered = solution.stats["members"][0].get("iteration")
    over_time(ax, iteration, drawn, [0.0], None if answered == history[-1]["iteration"] else answered)
    ax.set(title="Mean absolute error as it was trained")
