"""A picture of a sweep: a point for each run above the value of its option, and a line through medians over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from problems.pictures.drawing import GREY, INK, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES = ((INK, "o", "-"), (RUST, "s", "--"), (SLATE, "^", ":"), (GREY, "D", "-."))
SPREAD = 0.5  # share of the distance between two values, over which lines are drawn side by side
LETTERS = 24  # of a value


@dataclass(frozen=True)
class Point:
    """A run: its setting, the number that is drawn, and the bound on it; None where there is none."""

    setting: Mapping[str, str]
    number: float | None
    bound: float | None = None


def figure_of(points: Sequence[Point], number: str, title: str) -> Figure:
    """The number of each run above the value of the first option; a line for each setting of the others.

    Raises InputError where no run has that number.

    >>> points = [Point({"groups": k}, value) for k, value in (("2", 5.0), ("2", 7.0), ("3", 1.0))]
    >>> figure_of(points, "value", "k-means").axes[0].lines[0].get_ydata().tolist()
    [6.0, 1.0]
    """
    from matplotlib.figure import Figure

    if all(point.number is None for point in points):
        raise InputError("no run has a number that could be drawn; leave out --plot")
    values = list(dict.fromkeys(_first(point) for point in points))
    others = list(dict.fromkeys(_others(point) for point in points))
    figure = Figure(figsize=(min(max(6.0, 2.0 + 0.9 * len(values)), 14.0), 4.6), dpi=150, layout="constrained")
    headline(figure, title)
    ax = figure.subplots()
    joined = all(_is_number(value) for value in values)
    bounded = False
    for k, other in enumerate(others):
        colour, marker, line = STYLES[k % len(STYLES)]
        beside = SPREAD * ((k + 0.5) / len(others) - 0.5)
        its = [point for point in points if _others(point) == other and point.number is not None]
        at = np.array([values.index(_first(point)) for point in its])
        numbers = np.array([point.number for point in its], dtype=float)
        bounds = np.array([point.bound for point in its], dtype=float)
        bounded = bounded or bool(np.isfinite(bounds).any())
        known = np.unique(at).astype(int)
        middle = [float(np.median(numbers[at == x])) for x in known]
        ax.plot(known + beside, middle, color=colour, ls=line if joined else "", lw=1.4)
        ax.scatter(at + beside, numbers, 28, color=colour, marker=marker, lw=0, zorder=3, label=safe(other, 60))
        ax.scatter(at + beside, bounds, 130, color=colour, marker="_", lw=1.4, zorder=2)
    said = [
        "a point for each run",
        "lines through medians" if joined else "",
        "a dash for its bound" if bounded else "",
    ]
    ax.set_title(", ".join(filter(None, said)), size=9, color=SLATE)
    if len(others) > 1:
        ax.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_xticks(range(len(values)), [_tick(points, value, number) for value in values], family=fonts(), **PLAIN_TEXT)
    ax.set_xlim(-0.6, len(values) - 0.4)
    ax.set_xlabel(safe(next(iter(points[0].setting), ""), 60), color=SLATE, **PLAIN_TEXT)
    ax.set_ylabel(number, color=SLATE, **PLAIN_TEXT)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def _first(point: Point) -> str:
    """The value of the first option; of runs that differ by their seeds alone there is none."""
    return next(iter(point.setting.values()), "all seeds")


def _others(point: Point) -> str:
    return ", ".join(f"{name} {value}" for name, value in list(point.setting.items())[1:])


def _is_number(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _tick(points: Sequence[Point], value: str, number: str) -> str:
    """The value, and how many of its runs have no such number."""
    missing = sum(point.number is None for point in points if _first(point) == value)
    return safe(value, LETTERS) + (f"\n{missing} without {number}" if missing else "")
