"""Images split at random into those to train with, to watch by and to be judged by, as the law of pixels sees them.

Binarised: a pixel is white with the probability that its value is ("dynamic", drawn anew whenever an image is trained
with; Salakhutdinov & Murray, 2008), or where that is above 1/2 ("threshold"). Images to watch and to be judged by are
drawn once, the same for all models and seeds of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from formulations.gan import random_numbers
from formulations.likelihood.data import SPLIT_SHARES
from formulations.likelihood.observed import Observed
from formulations.problem import Ints
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from problems.io.images import Images

MOST_WATCHED = 1_000  # images that are watched by
LOOKED_AT = 200  # images, by which it is told whether they differ, and what shades they have
BATCH = 100  # of those that are judged by
MOST_COMPARED, AT_ONCE = 20_000, 1_000  # training images among which the nearest are looked for
DECIMALS = 4  # of pixels in JSON
MOST_IN_MEMORY = 1 << 28  # numbers of the images to train with that are kept as they are drawn from


@dataclass(frozen=True)
class Split:
    """Places of the images in their set, int64."""

    train: Ints
    watch: Ints
    held_out: Ints


def split(count: int, seed: int) -> Split:
    """60, 10 and 30 percent of so many, at random.

    >>> parts = split(100, 0)
    >>> len(parts.train), len(parts.watch), len(parts.held_out)
    (60, 10, 30)
    """
    order = np.random.default_rng([seed, count]).permutation(count)
    return Split(*np.split(order, [int(share * count) for share in np.cumsum(SPLIT_SHARES)]))


def binarised(x: Tensor, how: str | None, generator: Generator) -> Tensor:
    """Black and white, if how is "dynamic" or "threshold"; as they are if it is None.

    >>> binarised(torch.tensor([0.2, 0.8]), "threshold", Generator())
    tensor([0., 1.])
    """
    if how is None:
        return x
    return torch.bernoulli(x, generator=generator) if how == "dynamic" else (x > 0.5).float()


def observed(images: Images, how: str | None, seed: int) -> Observed:
    """The images as they are observed; how: binarised by "dynamic" or "threshold", or not, None."""
    parts = split(len(images), seed)
    height, width, channels = images.shape
    watch = binarised(_rows(images, parts.watch[:MOST_WATCHED]), how, random_numbers(seed, "watched images"))
    train, held_out = _Drawn(images, parts.train, how), _Batches(images, parts.held_out, how, seed)
    return Observed((channels, height, width), train, watch, held_out, len(parts.held_out))


def some_images(images: Images) -> NDArray[np.float32]:
    """Some of the images, from the first to the last, (n, channels, height, width); InputError if all are the same."""
    some = images.rows(np.linspace(0, len(images) - 1, LOOKED_AT).astype(np.int64))
    if (some == some[0]).all():
        raise InputError(f"{safe(images.source, 200)}: holds one image again and again; give different ones")
    return some


def nearest(images: Images, seed: int, made: Tensor) -> Tensor:
    """The training image nearest to each of these by their pixels, (n, channels, height, width)."""
    places = split(len(images), seed).train[:MOST_COMPARED]
    found, least = torch.zeros_like(made), torch.full((len(made),), torch.inf)
    for start in range(0, len(places), AT_ONCE):
        x = _rows(images, places[start : start + AT_ONCE])
        away, which = torch.cdist(made.flatten(1), x.flatten(1)).min(dim=1)
        nearer = away < least
        found[nearer], least[nearer] = x[which[nearer]], away[nearer]
    return found


def shown_as_json(made: Tensor) -> list[Any]:
    """Images (n, channels, height, width) as rows of pixels, of colours if there are any.

    >>> shown_as_json(torch.zeros(1, 1, 1, 2))
    [[[0.0, 0.0]]]
    """
    images = made.movedim(1, -1).double().numpy().round(DECIMALS)
    found: list[Any] = (images.squeeze(-1) if images.shape[-1] == 1 else images).tolist()
    return found


def _rows(images: Images, places: Ints) -> Tensor:
    return torch.from_numpy(images.rows(places))


class _Drawn:
    """A sampler of training images: with replacement, or of all of them each once."""

    def __init__(self, images: Images, places: Ints, how: str | None) -> None:
        self._images, self._places, self._how = images, places, how
        small = len(places) * int(np.prod(images.shape)) <= MOST_IN_MEMORY
        self._all = _rows(images, places) if small else None
        self._on: dict[torch.device, Tensor] = {}

    def __call__(self, batch: int, generator: Generator) -> Tensor:
        device = generator.device
        if batch == len(self._places):  # each once: gradients without chance
            return binarised(self._taken(torch.arange(batch, device=device)), self._how, generator)
        chosen = torch.randint(len(self._places), (batch,), generator=generator, device=device)
        return binarised(self._taken(chosen), self._how, generator)

    def _taken(self, chosen: Tensor) -> Tensor:
        device = chosen.device
        if self._all is None:
            return _rows(self._images, self._places[chosen.cpu().numpy()]).to(device)
        if device not in self._on:
            self._on[device] = self._all.to(device)  # copied to each device once
        return self._on[device][chosen]


class _Batches(Sequence[Tensor]):
    """The images that are judged by, a batch at a time, read when asked for; each batch is drawn alike every time."""

    def __init__(self, images: Images, places: Ints, how: str | None, seed: int) -> None:
        self._images, self._parts, self._how, self._seed = images, _parts(places), how, seed

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, k: int) -> Tensor:  # type: ignore[override]
        numbers = random_numbers(self._seed, f"held-out images {k}")
        return binarised(_rows(self._images, self._parts[k]), self._how, numbers)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[k] for k in range(len(self)))


def _parts(places: Ints) -> list[Ints]:
    return [places[start : start + BATCH] for start in range(0, len(places), BATCH)]
