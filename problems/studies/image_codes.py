"""Paths between codes of images, and steps along directions of attributes, measured by what is decoded from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu
from torch import Tensor

from formulations.divergences.features import NEIGHBOURS, reach
from formulations.players.codes import along_circle, along_line, direction, typical

if TYPE_CHECKING:
    from formulations.problem import Bools, Floats, Ints

LEVEL = 0.95
WALKS = {"line": along_line, "circle": along_circle}
STEPS = 9  # codes of a path
MOST_REACHING = 2_000  # training images among which paths may lie
WIDEST = 22  # characters of a column

Decode = Callable[[Tensor], Tensor]  # codes (n, latent) -> images (n, channels, height, width)


def paths(decode: Decode, ends: Tensor, train: Floats, of: Callable[[Tensor], Floats]) -> dict[str, Any]:
    """How many images on the way between pairs of codes (2 n, latent) lie among training images by their features.

    ends   codes from which paths begin, and behind them those where they end
    train  the features of training images, (m, d);  of: images -> features

    An image lies among them if it is within reach of one, as precision has it. Only what is between the ends counts.

    >>> found = paths(lambda z: z, torch.tensor([[1.0, 0], [0, 1]]), np.eye(2).repeat(4, axis=0), lambda z: z.numpy())
    >>> found["line"]["among"], found["pairs"]
    (0.0, 1)
    """
    pairs = len(ends) // 2
    first, last, train = ends[:pairs], ends[pairs : 2 * pairs], train[:MOST_REACHING]
    near = reach(train, NEIGHBOURS)

    def among(z: Tensor) -> Floats:
        seen = of(decode(z.flatten(0, -2)))
        return np.array([(cdist(row[None], train) <= near).any() for row in seen], dtype=float).reshape(z.shape[:-1])

    between = {name: walk(first, last, STEPS)[1:-1] for name, walk in WALKS.items()}
    lying = {name: among(z) for name, z in between.items()}
    found: dict[str, Any] = {"pairs": pairs, "ends": _shares(among(ends), ends)}
    found |= {name: _shares(lying[name], z) for name, z in between.items()}
    return {**found, "circle_less_line": _mean(lying["circle"].mean(0) - lying["line"].mean(0))}


def _shares(among: Floats, z: Tensor) -> dict[str, float]:
    return {"among": float(among.mean()), "typical": float(typical(z).double().mean())}


def _mean(values: Floats) -> dict[str, Any]:
    """Their mean, and between which numbers that of all is, at 95 % by the central limit theorem; None of no values."""
    values = values[np.isfinite(values)]
    if not len(values):
        return {"mean": None, "between": None}
    mean, spread = float(values.mean()), float(values.std()) / math.sqrt(len(values))
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * spread
    return {"mean": mean, "between": [mean - half, mean + half]}


@dataclass(frozen=True, eq=False)
class Attribute:
    """Something that images have more or less of.

    measure  images (n, channels, height, width) -> how much, float64 (n,), NaN where that cannot be told
    train    which of the images that directions are found by have it, bool (n,)
    held_out the same of those that are judged by
    """

    name: str
    measure: Callable[[Tensor], Floats]
    train: Bools
    held_out: Bools


@dataclass(frozen=True, eq=False)
class Codes:
    """Codes (., latent) by which directions are found, those that are moved, and the labels of the former, if any."""

    train: Tensor
    held_out: Tensor
    labels: Tensor | None = None

    def direction(self, attribute: Attribute) -> Tensor:
        """The direction of an attribute, (latent,)."""
        return direction(self.train, torch.from_numpy(attribute.train), self.labels)


def effects(
    decode: Decode,
    codes: Codes,
    attributes: Sequence[Attribute],
    classify: Callable[[Tensor], Ints] | None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """What a step along the direction of each attribute does to the images of held-out codes, and what else it changes.

    Of each direction v, "moves" holds for every attribute by how much the measure rises a step, (measure of f(z + v) -
    measure of f(z - v)) / 2, over the difference of the means of f(z) with it and without: 1 takes a mean image without
    the attribute to one with it. "labels_changed" is the share of f(z + v) and f(z - v) told to be of another label
    than f(z); "at_random" the same along directions of the same length drawn at random. "told_apart" is the share of
    pairs, one with the attribute and one without, that the measure of f(z) has in order.
    """
    z = codes.held_out
    still = decode(z)
    own = [attribute.measure(still) for attribute in attributes]
    apart = [_apart(values, attribute.held_out) for values, attribute in zip(own, attributes, strict=True)]
    numbers, found = torch.Generator().manual_seed(seed), []
    for attribute, values in zip(attributes, own, strict=True):
        v = codes.direction(attribute)
        up, down = decode(z + v), decode(z - v)
        rises = {other.name: (other.measure(up) - other.measure(down)) / 2 for other in attributes}
        one: dict[str, Any] = {"attribute": attribute.name, "length": float(v.norm()), "images": len(z)}
        one["moves"] = {name: _mean(rise / gap) for (name, rise), gap in zip(rises.items(), apart, strict=True)}
        one["told_apart"] = _told_apart(values, attribute.held_out)
        if classify is not None:
            w = torch.randn(z.shape, generator=numbers)
            w *= v.norm() / w.norm(dim=1, keepdim=True)
            one["labels_changed"] = _changed(classify, still, [up, down])
            one["at_random"] = _changed(classify, still, [decode(z + w), decode(z - w)])
        found.append(one)
    return found


def _apart(values: Floats, has: Bools) -> float:
    """How far the means of both kinds are apart; NaN where they are not."""
    more, less = (part[np.isfinite(part)] for part in (values[has], values[~has]))
    gap = float(more.mean() - less.mean()) if len(more) and len(less) else 0.0
    return gap or math.nan


def _told_apart(values: Floats, has: Bools) -> float | None:
    more, less = (part[np.isfinite(part)] for part in (values[has], values[~has]))
    pairs = len(more) * len(less)
    return float(mannwhitneyu(more, less).statistic / pairs) if pairs else None


def _changed(classify: Callable[[Tensor], Ints], still: Tensor, moved: Sequence[Tensor]) -> dict[str, Any]:
    told = classify(still)
    return _mean(np.mean([classify(images) != told for images in moved], axis=0))


# In words


def described_paths(found: Mapping[str, Any]) -> Iterable[str]:
    """How many images between codes are like training images, by a line and by a great circle."""
    ways = {"on a line": found["line"], "on a great circle": found["circle"], "at their ends": found["ends"]}
    low, high = found["circle_less_line"]["between"]
    yield f"  of images between {found['pairs']:,} pairs of codes, these lie among training images by their features:"
    yield "    " + ", ".join(f"{way} {share['among']:.1%}" for way, share in ways.items())
    yield f"    the share on the circle less that on the line: {low:+.1%} to {high:+.1%}, at {LEVEL:.0%} confidence"
    shares = ", ".join(f"{way} {share['typical']:.1%}" for way, share in ways.items())
    yield f"    with codes as long as the middle {LEVEL:.0%} of those that are drawn: {shares}"


def described_effects(found: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """A table: what a step along each direction moves."""
    names = [str(one["attribute"]) for one in found]
    labels = "labels_changed" in found[0]
    yield f"  a step along the direction of an attribute moves {found[0]['images']:,} held-out images by these shares"
    yield f"  of the difference between images with an attribute and without it, at {LEVEL:.0%} confidence:"
    head = ["", *names, *(["other label", "in random directions"] if labels else [])]
    rows = [head]
    for one in found:
        changed = [f"{one[key]['mean']:.1%}" for key in ("labels_changed", "at_random")] if labels else []
        rows.append([str(one["attribute"]), *(_percent(one["moves"][name]) for name in names), *changed])
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    yield from ("    " + "  ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _percent(moves: Mapping[str, Any]) -> str:
    if moves["mean"] is None:
        return "unknown"
    low, high = moves["between"]
    return f"{moves['mean']:+.0%} ({low:+.0%} to {high:+.0%})"
