"""Pictures of robust rules: coefficients beside the plain rule's, and losses as the adversary is allowed more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import GREY, INK, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_BARS = 15  # coefficients that are drawn, the largest of more
LONG = 24  # characters of a name


def figure_of(
    robust: Floats,
    plain: Floats,
    columns: Sequence[str],
    spread: Floats,
    losses: tuple[Floats, Floats, Floats],
    radius: float,
    title: str,
    axis: str,
) -> Figure:
    """Coefficients (p,) of both rules, each times its column's standard deviation, and losses at radii.

    losses  radii, and what the plain and the robust rule lose at each, (k,)

    >>> x = np.array([0.0, 1.0])
    >>> figure = figure_of(x, x, "ab", x + 1, (x, x, x), 0.5, "A title", "radius")
    >>> [ax.get_xlabel() for ax in figure.axes][1]
    'radius'
    """
    import matplotlib.pyplot as plt

    with plt.rc_context({"font.family": fonts()}):
        figure = plt.figure(figsize=(12, 5.5), layout="constrained")
        headline(figure, title)
        left, right = figure.subplots(1, 2)
        draw_coefficients(left, robust * spread, plain * spread, columns)
        draw_losses(right, *losses, radius, axis)
    return figure


def draw_coefficients(ax: Axes, robust: Floats, plain: Floats, columns: Sequence[str]) -> None:
    """A bar for each coefficient of the robust rule, a ring for the plain one's."""
    order = np.sort(np.argsort(-np.maximum(np.abs(robust), np.abs(plain)), kind="stable")[:MAX_BARS])
    at = np.arange(len(order))
    ax.barh(at, robust[order], height=0.6, color=INK, label="robust")
    ax.plot(plain[order], at, "o", mfc="white", mec=RUST, mew=1.8, ms=9, label="plain")
    ax.axvline(0, color=GREY, lw=0.8)
    names = [safe(columns[k]) for k in order]
    ax.set_yticks(at, [name if len(name) <= LONG else name[: LONG - 1] + "…" for name in names], **PLAIN_TEXT)
    ax.invert_yaxis()
    ax.set_xlabel("coefficient times the column's standard deviation")
    if len(order) < len(columns):
        ax.set_title(f"the {len(order)} largest of {len(columns):,}", color=SLATE, fontsize="medium")
    ax.legend(frameon=False, loc="best")


def draw_losses(ax: Axes, radii: Floats, plain: Floats, robust: Floats, radius: float, axis: str) -> None:
    """The worst mean loss of both rules."""
    ax.plot(radii, plain, color=RUST, ls="--", lw=2, label="plain rule")
    ax.plot(radii, robust, color=INK, lw=2, label="robust rule")
    ax.axvline(radius, color=GREY, lw=1, ls=":")
    ax.set_xlabel(axis)
    ax.set_ylabel("mean loss in the worst case")
    ax.annotate(
        "as asked",
        (radius, 1),
        (4, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        va="top",
        color=SLATE,
    )
    ax.legend(frameon=False, loc="best")
