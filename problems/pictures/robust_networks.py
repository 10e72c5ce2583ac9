"""Pictures of robust accuracy: what is certified and what is broken, and both shares as the radius grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.pictures.drawing import GREY, HAZE, INK, PLAIN_TEXT, RUST, SLATE, fonts, headline
from problems.studies.robust_networks import Outcome, told
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from problems.studies.classified import Classified

GRID = 200  # points along each side of a region's picture
MOST_NAMED = 4  # labels
IMAGES = 4  # attacks that are shown
MARGIN = 0.6  # around the points, at least as large as the radius
COLOURS = {"certified": INK, "broken": RUST, "undecided": "white"}
MARKERS = "o^sDvP*Xh<>p"  # of labels
LINES = {"adversarial": (INK, "-"), "plain": (RUST, "--")}


def figure_of(data: Classified, outcomes: Mapping[str, Outcome]) -> Figure:
    """Regions of two columns, or images that were attacked, beside the curves of all networks."""
    from matplotlib.figure import Figure

    first = next(iter(outcomes.values()))
    attacked = {name: int((outcome.broken & outcome.right).sum()) for name, outcome in outcomes.items()}
    weakest = max(attacked, key=lambda name: attacked[name])
    planar, images = len(data.columns) == 2, bool(data.images and attacked[weakest])
    widths = [1.0] * len(outcomes) if planar else [1.5] if images else []
    figure = Figure(figsize=(1.2 + 4.4 * (sum(widths) + 1), 4.9), layout="constrained")
    headline(figure, f"{data.source}: who keeps the right label if moved by up to {first.form.radius:g}?")
    parts = figure.subfigures(1, len(widths) + 1, width_ratios=[*widths, 1.0], squeeze=False)[0]
    if planar:
        for part, (name, outcome) in zip(parts, outcomes.items(), strict=False):
            draw_regions(part.subplots(), data, outcome, told(name, outcome.form.radius))
    elif images:
        draw_images(parts[0], data, told(weakest, first.form.radius), outcomes[weakest])
    draw_curves(parts[-1].subplots(), outcomes)
    return figure


def draw_regions(axes: Axes, data: Classified, outcome: Outcome, title: str) -> None:
    """Regions of labels, and each point in the box that it may be moved in."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    points, radius = outcome.form.points, outcome.form.radius
    space = max(MARGIN * float(np.ptp(points, axis=0).max()) / 4, 1.3 * radius)
    low, high = points.min(axis=0) - space, points.max(axis=0) + space
    x, y = (np.linspace(*ends, GRID) for ends in zip(low.tolist(), high.tolist(), strict=True))
    logits = outcome.form.network.logits(np.stack(np.meshgrid(x, y), axis=-1))
    axes.imshow(
        logits.argmax(axis=-1) / max(len(data.labels) - 1, 1),
        extent=(x[0], x[-1], y[0], y[-1]),
        origin="lower",
        cmap="Greys",
        vmin=-0.4,
        vmax=3.0,
        aspect="auto",
        zorder=0,
    )
    for kind, colour in COLOURS.items():
        here = getattr(outcome, kind)
        edge, width, size = (RUST, 1.4, 64) if kind == "broken" else (SLATE, 0.7, 34)
        boxes = [Rectangle((a - radius, b - radius), 2 * radius, 2 * radius) for a, b in points[here].tolist()]
        axes.add_collection(PatchCollection(boxes, facecolor="none", edgecolor=edge, lw=width, zorder=1))
        for label in np.unique(outcome.form.labels[here]).tolist():
            own = points[here & (outcome.form.labels == label)]
            style: dict[str, Any] = {"marker": MARKERS[label % len(MARKERS)], "zorder": 3 if size > 34 else 2}
            axes.scatter(
                own[:, 0], own[:, 1], size, colour, edgecolor="white" if colour == INK else INK, lw=0.8, **style
            )
        if here.any():
            axes.scatter([], [], size, colour, edgecolor=INK, lw=0.8, label=f"{kind}: {int(here.sum())}")
    if len(data.labels) <= MOST_NAMED:
        for label, name in enumerate(data.labels):
            axes.scatter([], [], 34, GREY, marker=MARKERS[label], label=safe(name, 20))
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    axes.set_xlabel(safe(data.columns[0], 40), family=fonts(), **PLAIN_TEXT)
    axes.set_ylabel(safe(data.columns[1], 40), family=fonts(), **PLAIN_TEXT)
    axes.legend(fontsize=8, framealpha=0.9, loc="upper right")
    axes.set_title(title, size=11, color=SLATE)


def draw_images(part: SubFigure, data: Classified, name: str, outcome: Outcome) -> None:
    """Images above what they were moved to, each with the label that the network gives it."""
    rows = np.flatnonzero(outcome.broken & outcome.right)[:IMAGES]
    panels = part.subplots(2, len(rows), squeeze=False)
    part.suptitle(f"{name}: as they are, and moved so that their label breaks", size=11, color=SLATE)
    form, side = outcome.form, data.images
    for column, row in enumerate(rows.tolist()):
        for axes, x in zip(panels[:, column], (form.points[row], outcome.moved[row]), strict=True):
            axes.imshow(x.reshape(side, side), cmap="Greys", vmin=data.within[0], vmax=data.within[1])
            axes.set(xticks=[], yticks=[])
            label = data.labels[_loudest(outcome, row, x)]
            axes.set_xlabel(safe(label, 12), family=fonts(), size=11, color=INK, **PLAIN_TEXT)


def _loudest(outcome: Outcome, row: int, x: Any) -> int:
    """The label of the greatest logit; where another one ties with the row's own, the other."""
    logits = outcome.form.network.logits(x)
    own = int(outcome.form.labels[row])
    other = int(np.where(np.arange(len(logits)) == own, -np.inf, logits).argmax())
    return own if logits[own] > logits[other] else other


def draw_curves(axes: Axes, outcomes: Mapping[str, Outcome]) -> None:
    """Shares against radii: a band between what linear bounds certify and what attacks leave, and what is proven."""
    for name, outcome in outcomes.items():
        radii, survived, certified = outcome.curve()
        colour, style = LINES[name]
        axes.fill_between(radii, certified, survived, color=colour, alpha=0.18, lw=0)
        axes.plot(radii, survived, color=colour, ls=style, lw=1.8, label=told(name, outcome.form.radius))
        axes.plot(radii, certified, color=colour, ls=style, lw=0.8)
        shares = outcome.shares()
        axes.plot([outcome.form.radius] * 2, [shares["bound"], shares["value"]], "_-", color=colour, lw=3, ms=12)
    axes.axvline(outcome.form.radius, color=GREY, lw=1, ls=":", zorder=0)
    axes.set(xlabel="radius", ylabel="share of points", ylim=(-0.02, 1.03))
    axes.grid(color=HAZE, lw=0.6)
    axes.legend(fontsize=8, frameon=False, loc="lower left")
    axes.set_title("survived (upper), certified (lower line)", size=11, color=SLATE)
