"""What is measured of an autoencoder of images besides its likelihood: its samples, paths between codes, attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from formulations.gan import random_numbers
from problems.studies.asked_attributes import places
from problems.studies.image_codes import Attribute, Codes, described_effects, described_paths, effects, paths
from problems.studies.image_features import Features, features_of
from problems.studies.image_game import numbered
from problems.studies.image_samples import compared, described
from problems.studies.observed_images import binarised, split
from problems.studies.trained_images import drawn

if TYPE_CHECKING:
    from torch import Tensor

    from formulations.problem import Ints
    from problems.io.images import Images
    from problems.studies.image_training import ImageTraining

MOST = 2_000  # images of each part that are compared; by so many classifiers are trained
PAIRS = 200  # of codes, between which paths are measured


class Coded:
    """A set of images, and what an autoencoder's codes make of them."""

    def __init__(self, training: ImageTraining, images: Images, attributes: Sequence[Attribute]) -> None:
        """The images of that run, and the attributes that are asked for."""
        self.training, self.images, self.attributes = training, images, attributes
        self._numbers: Ints | None = None
        self.names: tuple[str, ...] = ()
        if images.labels is not None:
            self._numbers, self.names = numbered(images.labels)

    def _rows(self, part: Ints) -> Tensor:
        return torch.from_numpy(self.images.rows(part))

    def _features(self, part: Ints) -> Features:
        labels = None if self._numbers is None else self._numbers[part]
        return features_of(self._rows(part), labels, self.training.seed)

    @cached_property
    def _parts(self) -> tuple[Ints, Ints, Ints]:
        parts = split(len(self.images), self.training.seed)
        return parts.train[:MOST], parts.watch[:MOST], parts.held_out[:MOST]

    @torch.no_grad()
    def encoded(self, f: Any, part: Ints) -> Tensor:
        """The middles of the codes of these images, (n, latent)."""
        seen = binarised(self._rows(part), self.training.model.binarise, random_numbers(self.training.seed, "codes"))
        return torch.as_tensor(f.posterior(seen)[0])

    def decoded(self, f: Any, z: Tensor) -> Tensor:
        """The mean images of codes (n, latent)."""
        with torch.no_grad():
            return torch.as_tensor(f(z).view(-1, *self.training.model.shape).clamp(0, 1))

    def codes(self, f: Any) -> Codes:
        """Codes by which directions are found, and others that are moved."""
        found_by, _, held_out = places(self.images, self.training.seed)
        labels = None if self._numbers is None else torch.from_numpy(self._numbers[found_by])
        return Codes(self.encoded(f, found_by), self.encoded(f, held_out), labels)

    def measured(self, f: Any) -> dict[str, Any]:
        """Samples beside held-out images, paths between these, and steps along the directions of attributes."""
        seed, (train, watch, held_out) = self.training.seed, self._parts
        features = self._features(train)
        made = drawn(f, self.training.model.shape, len(held_out), random_numbers(seed, "judged"))
        x, y = self._rows(train), self._rows(held_out)
        found = compared(made, x, y, features, self._features(watch), len(self.names), seed)
        pairs = min(len(held_out) // 2, PAIRS)
        ends = self.encoded(f, held_out[: 2 * pairs])
        found["paths"] = paths(lambda z: self.decoded(f, z), ends, features.of(x), features.of)
        if self.attributes:
            told = features.classify
            found["attributes"] = effects(lambda z: self.decoded(f, z), self.codes(f), self.attributes, told, seed)
        return found

    def described(self, found: Mapping[str, Any]) -> Iterable[str]:
        """The same in words."""
        yield from described(found, self.names)
        yield from described_paths(found["paths"])
        if "attributes" in found:
            yield from described_effects(found["attributes"])
