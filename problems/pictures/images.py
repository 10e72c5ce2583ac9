"""What a model of images makes: beside training images, of held-out ones, along its codes; and how its bounds rose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.io.images.written import tiled
from problems.pictures.drawing import GREY, INK, RUST, SLATE, headline
from problems.pictures.samples import widened
from problems.pictures.training import over_time, series
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor

    from problems.studies.image_codes import Attribute
    from problems.studies.image_evidence import Judged
    from problems.studies.image_quality import GameJudged
    from solvers.solution import Solution

COLUMNS = 8  # images in a row
MOST_COLUMNS = 12  # where images are made by label, each in a column of its own
MOST_LETTERS = 40  # of a caption
PAIRS, WALKS = 24, 3  # samples with their nearest images; rows of each kind of interpolation
MOVED, FARTHEST, STRIP = 4, 2.0, 9  # images moved along a direction; steps to either side; images in a row
EARLY = 0.05  # of training: what was watched before is left out of the axis' range
ACROSS = 3  # directions beside each other
MIXED = 5, 8  # images in rows, and in columns whose codes they are given
MANIFOLD = 10  # images along each side of the plane of codes
BOUNDS = (  # what is watched, what it is called, and how it is drawn, from above
    ("bound", "at most, for any linear model", RUST, "--"),
    ("likelihood", "log-likelihood V itself", INK, "-"),
    ("iwae", "at least: a few weights (IWAE)", SLATE, "-."),
    ("value", "at least: the ELBO", GREY, "-"),
)


def figure_of(judged: Judged, solution: Solution) -> Figure:
    """Samples, their nearest training images, reconstructions or completions, codes, and the bounds over training."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    attributes = judged.coded.attributes
    below = -(-len(attributes) // ACROSS)  # rows of directions
    figure = Figure(figsize=(14, 8 + 2.8 * below), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    model = judged.training.model
    headline(figure, f"{judged.training.source}: {model.kind}, {model.likelihood} pixels")
    heights = [4.0, 4.0, *[2.8] * below]
    grid = figure.add_gridspec(2 + below, 3, width_ratios=(1, 1, 0.9), height_ratios=heights)
    made = judged.samples(solution)
    _show(figure.add_subplot(grid[0, 0]), made[: COLUMNS * 6], "Samples")
    pairs = made[:PAIRS]
    beside = _in_turn(pairs, judged.nearest(pairs))
    _show(figure.add_subplot(grid[0, 1]), beside, "Samples, each above the nearest training image")
    left, right = figure.add_subplot(grid[1, 0]), figure.add_subplot(grid[1, 1])
    if judged.explicit:
        _draw_completions(left, right, judged, solution)
    else:
        draw_reconstructions(left, judged, solution)
        if model.latent == 2:
            draw_manifold(right, judged, solution)
        else:
            f, coded = solution.answer["f"], judged.coded
            draw_walks(right, lambda _, z: coded.decoded(f, z), coded.codes(f).held_out[: 2 * WALKS])
    answered = solution.stats["members"][0].get("iteration")
    for k, attribute in enumerate(attributes):
        draw_direction(figure.add_subplot(grid[2 + k // ACROSS, k % ACROSS]), judged, solution, attribute)
    draw_bounds(figure.add_subplot(grid[:2, 2]), solution.stats["history"], answered, explicit=judged.explicit)
    return figure


def figure_of_game(judged: GameJudged, solution: Solution) -> Figure:
    """Samples, their nearest training images, paths between codes, and the distance over training."""
    import torch
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from formulations.gan import random_numbers

    game, history = judged.training, solution.stats["history"]
    width, below = 17 if judged.captions else 14, 3.6 if game.model.styled else 0.0
    figure = Figure(figsize=(width, 8 + below), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, f"{game.source}: {game.model.kind}, {game.loss} loss")
    heights = (4.0, 4.0, below) if below else (4.0, 4.0)
    grid = figure.add_gridspec(len(heights), 3, width_ratios=(1, 1, 0.9), height_ratios=heights)
    made = judged.samples(solution)
    order = f", of {len(game.model.labels)} labels in turn" if game.conditions else ""
    across = len(game.model.labels) if 1 < game.conditions <= MOST_COLUMNS else COLUMNS
    if judged.captions:
        show_captions(figure.add_subplot(grid[0, 0]), made, judged.captions)
    else:
        _show(figure.add_subplot(grid[0, 0]), made[: across * 6], f"Samples{order}", across)
    _show(figure.add_subplot(grid[1, 0]), judged.held_out[: COLUMNS * 6], "Held-out images")
    some = made[: 2 * COLUMNS]
    beside = _in_turn(some, judged.nearest(some), judged.nearest_by_features(some))
    title = "Samples; nearest training images by pixels, by features"
    _show(figure.add_subplot(grid[0, 1]), beside, title)
    ends = torch.randn(2 * WALKS, game.model.latent, generator=random_numbers(game.seed, "walks"))
    draw_walks(figure.add_subplot(grid[1, 1]), lambda k, z: judged.decoded(solution, z, k % judged.kinds), ends)
    ax, iteration, distance = figure.add_subplot(grid[:2, 2]), series(history, "iteration"), series(history, "distance")
    answered = solution.stats["members"][0].get("iteration")
    last = None if answered == history[-1]["iteration"] else answered
    if game.captions is None:
        ax.set(title="Kernel distance of features from watched images")
        ax.plot(iteration, distance, color=INK, lw=1.8, label="estimate; 0 for images of the same law")
        ax.axhline(0, color=GREY, lw=0.8)
        over_time(ax, iteration, [distance], [0.0], last)
    else:
        ax.set(title="Energy score of features, by captions of watched images")
        ax.plot(iteration, distance, color=INK, lw=1.8, label="the smaller, the better")
        over_time(ax, iteration, [distance], [], last)
    if game.model.styled:
        for k, (layers, sheet) in enumerate(judged.mixed(solution, *MIXED).items()):
            title = f"Left images, with the {layers} codes of those above"
            _show(figure.add_subplot(grid[2, k]), sheet, title, MIXED[1] + 1)
    return figure


def draw_reconstructions(ax: Axes, judged: Judged, solution: Solution) -> None:
    """Held-out images, and the mean image of the middle of their codes below each."""
    import torch

    f, x = solution.answer["f"], judged.held_out[:PAIRS]
    with torch.no_grad():
        restored = f(f.posterior(x)[0]).view(x.shape)
    _show(ax, _in_turn(x, restored), "Held-out images, each above its decoded code")


def draw_walks(ax: Axes, decode: Callable[[int, Tensor], Tensor], ends: Tensor) -> None:
    """Between pairs of codes, (2 n, latent): along a line, and below it along a great circle.

    decode  which pair, codes (8, latent) -> images
    """
    import torch

    from formulations.players.codes import along_circle, along_line

    rows = [
        decode(k, walk(first, last, COLUMNS))
        for k, (first, last) in enumerate(zip(ends[::2], ends[1::2], strict=True))
        for walk in (along_line, along_circle)
    ]
    _show(ax, torch.cat(rows), "Between two codes: by a line, below it by a great circle")


def draw_direction(ax: Axes, judged: Judged, solution: Solution, attribute: Attribute) -> None:
    """Held-out images in the middle column, and on either side with less and with more of an attribute."""
    import torch

    f, coded = solution.answer["f"], judged.coded
    codes = coded.codes(f)
    t = torch.linspace(-FARTHEST, FARTHEST, STRIP)[:, None]
    z = torch.cat([code + t * codes.direction(attribute) for code in codes.held_out[:MOVED]])
    _show(ax, coded.decoded(f, z), f"{FARTHEST:g} steps less, to {FARTHEST:g} more: {attribute.name}", STRIP)


def draw_manifold(ax: Axes, judged: Judged, solution: Solution) -> None:
    """Of codes with two coordinates the images at quantiles of the normal law along each."""
    made = _over_codes(solution.answer["f"], judged.training.model.shape)
    _show(ax, made, "The plane of codes, at quantiles of the normal law", MANIFOLD)


def _over_codes(f: Any, shape: Sequence[int]) -> Tensor:
    import torch

    z = torch.special.ndtri((torch.arange(MANIFOLD) + 0.5) / MANIFOLD)
    across, up = torch.meshgrid(z, z.flip(0), indexing="xy")
    with torch.no_grad():
        made: Tensor = f(torch.stack([across, up], -1).view(-1, 2))
    return made.view(-1, *shape)


def figure_of_codes(f: Any, shape: Sequence[int], title: str) -> Figure:
    """The plane of codes of an autoencoder whose codes have two coordinates; shape: channels, height, width."""
    return figure_of_images(_over_codes(f, shape), title, MANIFOLD)


def figure_of_images(images: Tensor, title: str, columns: int = COLUMNS) -> Figure:
    """Images (n, channels, height, width) in rows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, rows = min(8.0, 0.55 * columns), -(-len(images) // columns)
    figure = Figure(figsize=(width, width * rows / columns + 0.4), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    _show(figure.add_subplot(), images, title, columns)
    return figure


def _draw_completions(left: Axes, right: Axes, judged: Judged, solution: Solution) -> None:
    """Held-out images, and what is made below their upper halves."""
    from formulations.gan import random_numbers

    f, x = solution.answer["f"], judged.held_out[: COLUMNS * 6]
    _, height, across = judged.training.model.shape
    first = (height // 2) * across * judged.training.model.shape[0]
    made = f.completed(x, first, random_numbers(judged.training.seed, "completed")).view(x.shape)
    _show(left, x, "Held-out images")
    _show(right, made, "Their upper halves, completed")


def draw_bounds(
    ax: Axes, history: Sequence[Mapping[str, Any]], answered: int | None = None, *, explicit: bool = False
) -> None:
    """Bounds on V by the images that it is watched by, as training went on."""
    iteration, drawn = series(history, "iteration"), []
    for name, called, colour, dashes in BOUNDS:
        seen = series(history, name)
        if np.isfinite(seen).any():
            label = "log-likelihood V, estimated" if explicit else called
            ax.plot(iteration, seen, color=INK if explicit else colour, ls=dashes, lw=1.8, label=label)
            drawn.append(seen)
    ax.set(title="Log-likelihood as it was trained", ylabel="nats an image")
    last = None if answered is None or answered == history[-1]["iteration"] else answered
    if drawn:
        over_time(ax, iteration, drawn, [], last)
        late = np.concatenate([seen[iteration >= EARLY * iteration[-1]] for seen in drawn])
        ax.set_xscale("linear")
        ax.set(xlim=(EARLY * iteration[-1], max(iteration[-1], 1.0)), xlabel="iteration")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set_ylim(*widened(*np.nanpercentile(late, (0, 100)).tolist()))


def _in_turn(*images: Tensor) -> Tensor:
    """Rows of the first, each above those of the others."""
    import torch

    parts = [torch.split(some, COLUMNS) for some in images]
    return torch.cat([row for rows in zip(*parts, strict=True) for row in rows])


def show_captions(ax: Axes, images: Tensor, captions: Sequence[str]) -> None:
    """Images of these captions in turn, in a row for each."""
    rows = images.view(-1, len(captions), *images.shape[1:]).transpose(0, 1)
    _show(ax, rows.flatten(0, 1), "Samples by their captions", rows.shape[1])
    for k, caption in enumerate(captions):
        text = safe(caption, MOST_LETTERS)
        ax.text(-0.02, 1 - (k + 0.5) / len(captions), text, transform=ax.transAxes, ha="right", va="center", size=9)


def _show(ax: Axes, images: Tensor, title: str, columns: int = COLUMNS) -> None:
    """Images (n, channels, height, width) in rows."""
    sheet = tiled(images.clamp(0, 1).movedim(1, -1).numpy(), columns, white=1)
    ax.imshow(sheet.squeeze(2) if sheet.shape[2] == 1 else sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_title(title)
    ax.set_axis_off()
