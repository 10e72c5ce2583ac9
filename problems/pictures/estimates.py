"""Pictures of estimates of location: the rows with all estimates, scores of rows, and errors on made data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.pictures.drawing import GREY, HAZE, INK, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.studies.estimators import point_of
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from formulations.problem import Floats
    from problems.studies.breakdown import Errors
    from problems.studies.outliers import Outliers
    from solvers.solution import Solution

MARKERS = ("X", "s", "^", "v", "P", "*", "D", "o", "h")
MOST_DRAWN, MOST_GENERATED = 3_000, 1_000  # rows
REACH = 0.7  # of the rows' extent, from their middle: heavy tails reach far beyond
STYLES = ("-", "--", ":", "-.")


def figure_of(rows: Floats, columns: Sequence[str], solution: Solution, marked: Outliers | None, source: str) -> Figure:
    """Rows by their first two columns with every estimate, beside the scores of the rows, if there are any."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.2) if marked is not None else (7, 5.2), layout="constrained")
    headline(figure, f"{source}: where the rows lie")
    panels = figure.subplots(1, 2 if marked is not None else 1, squeeze=False)[0]
    draw_estimates(panels[0], rows, columns, solution, marked)
    if marked is not None:
        draw_scores(panels[1], marked)
    return figure


def draw_estimates(
    axes: Axes, rows: Floats, columns: Sequence[str], solution: Solution, marked: Outliers | None
) -> None:
    """The rows, those that are marked as crosses, what a generator makes, and a mark for each estimate."""
    two = np.column_stack([rows, np.zeros(len(rows))])[:, :2]
    bad = np.zeros(len(rows), dtype=bool) if marked is None else marked.marked
    some = np.arange(len(rows)) < MOST_DRAWN
    made = solution.answer.get("js_gan_scatter", {}).get("generated")
    if made is not None:
        cloud = np.column_stack([made, np.zeros(len(made))])[:MOST_GENERATED, :2]
        inside = (np.abs(cloud - np.median(two, axis=0)) <= REACH * np.ptp(two, axis=0)).all(axis=1)
        axes.scatter(cloud[inside, 0], cloud[inside, 1], 5, HAZE, lw=0, label="generated", rasterized=True)
    axes.scatter(two[some & ~bad, 0], two[some & ~bad, 1], 9, color=GREY, lw=0, label="rows", rasterized=True)
    if (some & bad).any():
        crosses: dict[str, Any] = {"color": RUST, "marker": "x", "lw": 0.8, "label": "marked", "rasterized": True}
        axes.scatter(two[some & bad, 0], two[some & bad, 1], 14, **crosses)
    for marker, (name, answer) in zip(MARKERS, solution.answer.items(), strict=False):
        point = [*point_of(name, answer), 0.0][:2]
        axes.scatter(point[:1], point[1:], 60, INK, marker=marker, edgecolor="white", lw=0.8, label=name, zorder=3)
    names = [*columns, ""][:2]
    axes.set_xlabel(safe(names[0], 40), family=fonts(), **PLAIN_TEXT)
    axes.set_ylabel(safe(names[1], 40), family=fonts(), **PLAIN_TEXT)
    axes.legend(fontsize=7.5, frameon=True, framealpha=0.85, loc="best")
    axes.set_title(
        "Estimates" + (f", first 2 of {len(columns):,} columns" if len(columns) > 2 else ""), size=11, color=SLATE
    )


def draw_scores(axes: Axes, marked: Outliers) -> None:
    """Histograms of the scores of rows that are marked, and of others, with the threshold."""
    finite = marked.scores[np.isfinite(marked.scores)]
    bins: Any = np.linspace(finite.min(), max(finite.max(), finite.min() + 1e-9), 50)
    kept, bad = marked.scores[~marked.marked], marked.scores[marked.marked]
    axes.hist([kept, bad], bins, stacked=True, color=[HAZE, RUST], edgecolor=SLATE, lw=0.4, label=["others", "marked"])
    axes.axvline(marked.threshold, color=INK, lw=1.2, ls="--", label="threshold")
    axes.set_yscale("symlog")
    axes.set(xlabel="score: log of the rows' density by the generator's", ylabel="rows")
    axes.legend(fontsize=8, frameon=False)
    axes.set_title("What the discriminator says", size=11, color=SLATE)


def errors_figure(rows: Sequence[Errors], varied: str, title: str) -> Figure:
    """The error of each estimate against what is varied."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5), layout="constrained")
    headline(figure, title)
    axes = figure.subplots()
    names = list(dict.fromkeys(name for row in rows for name in row.errors))
    for k, name in enumerate(names):
        found = [(row.at, row.errors[name]) for row in rows if name in row.errors]
        oracle = name == "oracle"
        style: dict[str, Any] = {"color": GREY, "lw": 3} if oracle else {"color": INK if k % 2 else RUST, "lw": 1.3}
        marker = None if oracle else MARKERS[k % len(MARKERS)]
        axes.plot(*zip(*found, strict=True), ls=STYLES[k % 4], marker=marker, ms=5, label=name, **style)
    axes.set_yscale("log")
    if varied != "eps":
        axes.set_xscale("log")
    axes.set(xlabel={"eps": "share of bad rows", "n": "rows", "p": "columns"}[varied], ylabel="error")
    axes.legend(fontsize=8, frameon=False)
    return figure
