"""Pictures of k-means: Lloyd's steps from random groups, panel by panel, and the groups that were found.

After James, Witten, Hastie and Tibshirani, An introduction to statistical learning, figure 10.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats, Ints
from problems.pictures.drawing import GREY, INK, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Groups differ in lightness and in form, so that grey prints can be read; more than these share them.
COLOURS = (INK, RUST, "#8fb8de", "#7a2048", "#e0b040", "#3f7f5f")
FORMS = "os^Dv<>Ph*"
MANY = 5_000  # rows from which vector graphics would be large
STEPS = 100  # of Lloyd's at most


def figure_of(values: Floats, labels: Ints, centers: Floats, columns: Sequence[str], seed: int, title: str) -> Figure:
    """Six panels: the rows, random groups, their means, the next groups, where Lloyd's steps end, and what was found.

    values (n, d), labels (n,) and centers (k, d) that were found; with more than two columns in the plane of the two
    principal components, with one along a line.

    >>> figure = figure_of(np.eye(3), np.array([0, 0, 1]), np.array([[0.5, 0.5, 0], [0, 0, 1.0]]), "xyz", 0, "A title")
    >>> figure.axes[0].get_title(), len(figure.axes)
    ('Rows', 6)
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8.4), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    plane, names = _plane(values, columns)
    points, k = plane(values), len(centers)
    random = np.random.default_rng(seed).integers(k, size=len(values))
    random[np.random.default_rng(seed).permutation(len(values))[:k]] = np.arange(k)
    steps = lloyd(values, random, k)
    first, last = steps[0], steps[-1]
    after = "1 step" if len(steps) == 2 else f"{len(steps) - 1:,} steps"
    panels: list[tuple[str, Ints | None, Floats | None]] = [
        ("Rows", None, None),
        ("1. Random groups", first[0], None),
        (f"2. Their means: {_squares(values, *first):.6g}", first[0], first[1]),
        ("3. Each row to the nearest mean", steps[min(1, len(steps) - 1)][0], first[1]),
        (f"Lloyd's steps end after {after}: {_squares(values, *last):.6g}", last[0], last[1]),
        (f"The groups that were found: {_squares(values, labels, centers):.6g}", labels, centers),
    ]
    for place, (ax, (name, group, means)) in enumerate(zip(figure.subplots(2, 3).ravel(), panels, strict=True)):
        draw_groups(ax, points, group, None if means is None else plane(means))
        ax.set_title(name, size=11, color=SLATE)
        ax.set_xlabel(names[0] if place > 2 else "", family=fonts(), **PLAIN_TEXT)
        ax.set_ylabel(names[1] if place % 3 == 0 else "", family=fonts(), **PLAIN_TEXT)
    return figure


def draw_groups(ax: Axes, points: Floats, labels: Ints | None, centers: Floats | None) -> None:
    """Rows in the plane (n, 2), each group by its colour and form, and the means of groups as large crosses."""
    size = float(np.clip(3000 / len(points), 3, 26))
    style: dict[str, Any] = {"s": size, "lw": 0, "rasterized": len(points) > MANY}
    if labels is None:
        ax.scatter(points[:, 0], points[:, 1], color=GREY, **style)
    else:
        for group in np.unique(labels).tolist():
            of = points[labels == group]
            ax.scatter(
                of[:, 0], of[:, 1], color=COLOURS[group % len(COLOURS)], marker=FORMS[group % len(FORMS)], **style
            )
    if centers is not None:
        ax.scatter(centers[:, 0], centers[:, 1], marker="X", s=150, color="white", lw=0, zorder=4)
        for group, (x, y) in enumerate(centers.tolist()):
            ax.scatter(x, y, marker="X", s=90, color=COLOURS[group % len(COLOURS)], lw=0, zorder=5)
    ax.margins(0.08)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(color=GREY, labelcolor=SLATE, labelsize=8)


def lloyd(values: Floats, labels: Ints, k: int) -> list[tuple[Ints, Floats]]:
    """Labels and their means, step by step, until they no longer change; a group that is left empty keeps its mean."""
    from scipy.spatial.distance import cdist

    steps: list[tuple[Ints, Floats]] = []
    means = np.zeros((k, values.shape[1]))
    for _ in range(STEPS):
        counts = np.bincount(labels, minlength=k)[:, None]
        sums = np.column_stack([np.bincount(labels, column, k) for column in values.T])
        means = np.where(counts > 0, sums / np.maximum(counts, 1), means)
        steps.append((labels, means))
        nearest = cdist(values, means, "sqeuclidean").argmin(axis=1)
        if (nearest == labels).all():
            break
        labels = nearest
    return steps


def _squares(values: Floats, labels: Ints, centers: Floats) -> float:
    return float(((values - centers[labels]) ** 2).sum())


def _plane(values: Floats, columns: Sequence[str]) -> tuple[Any, tuple[str, str]]:
    """A map of rows (n, d) to the plane, and what its axes are called."""
    mean = values.mean(axis=0)
    if values.shape[1] == 1:
        return lambda rows: np.column_stack([rows[:, 0], np.zeros(len(rows))]), (safe(columns[0], 40), "")
    if values.shape[1] == 2:
        return lambda rows: rows, (safe(columns[0], 40), safe(columns[1], 40))
    axes = np.linalg.svd(values - mean, full_matrices=False)[2][:2]
    axes = axes * np.where(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)] < 0, -1, 1)[:, None]

    def onto(rows: Floats) -> Floats:
        flat = (rows - mean) @ axes.T
        return flat if flat.shape[1] == 2 else np.column_stack([flat[:, 0], np.zeros(len(rows))])

    return onto, ("first principal component", "second principal component")
