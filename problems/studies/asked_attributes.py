"""The attributes of images that a user asks for: measured by their pixels, or told by a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.io.images.reading import read_labels
from problems.studies.image_attributes import Attributes, attributes
from problems.studies.image_codes import Attribute
from problems.studies.observed_images import split
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from torch import Tensor

    from formulations.problem import Bools, Floats, Ints
    from problems.io.images import Images

MEASURED = tuple(field.name for field in fields(Attributes))
MOST_FOUND_BY, MOST_MOVED = 5_000, 1_000  # images that directions are found by, and that are moved
FEWEST = 2  # images with an attribute, and without it, of each part


def places(images: Images, seed: int) -> tuple[Ints, Ints, Ints]:
    """Of the images that directions are found by, of those that classifiers are trained with, and of held-out ones."""
    parts = split(len(images), seed)
    return parts.train[::2][:MOST_FOUND_BY], parts.train[1::2][:MOST_FOUND_BY], parts.held_out[:MOST_MOVED]


def asked_attributes(names: Sequence[str], images: Images, seed: int) -> list[Attribute]:
    """Those of these names: of a measure of strokes, had by what is above its median, or of a file with two values.

    How much of the attribute of a file an image has is told by a classifier, trained with other images than directions
    are found by. Raises InputError for what cannot be used.
    """
    found: list[Attribute] = []
    for name in names:
        attribute = _measured(name, images, seed) if name in MEASURED else _told(name, images, seed)
        if attribute.name in (other.name for other in found):
            raise InputError(f"--attribute {safe(name, 200)}: is named twice; leave one out")
        _refuse(name, attribute.train, attribute.held_out)
        found.append(attribute)
    return found


def _refuse(name: str, *parts: Bools) -> None:
    """Raise InputError for an attribute that nearly all images of a part have, or nearly none."""
    for has in parts:
        if not FEWEST <= has.sum() <= len(has) - FEWEST:
            raise InputError(
                f"--attribute {safe(name, 200)}: of {len(has):,} images drawn from all, {has.sum():,} have it; give "
                "one that more of them have, and others have not"
            )


def _measured(name: str, images: Images, seed: int) -> Attribute:
    def measure(x: Any) -> Floats:
        found: Floats = getattr(attributes(x), name)
        return found

    train, _, held_out = (measure(images.rows(part)) for part in places(images, seed))
    middle = np.nanmedian(train) if np.isfinite(train).any() else 0.0
    return Attribute(name, measure, train > middle, held_out > middle)


def _told(path: str, images: Images, seed: int) -> Attribute:
    if not os.path.exists(path):
        raise InputError(
            f"--attribute {safe(path, 200)}: is no file, and not one of {', '.join(MEASURED)}; give one of these, or a "
            "file with one of two values for each image"
        )
    labels = np.array(read_labels(path, len(images)))
    values = sorted(set(labels.tolist()))
    if len(values) != 2:
        raise InputError(
            f"--attribute {safe(path, 200)}: holds {len(values):,} different values; give two, as 0 and 1, for images "
            "without and with it"
        )
    has = labels == values[1]
    train, other, held_out = places(images, seed)
    _refuse(path, has[other])
    name = safe(os.path.basename(path).partition(".")[0], 40)
    return Attribute(name, Classifier(images, other, has[other]), has[train], has[held_out])


class Classifier:
    """How much of an attribute images have: the log-odds of a logistic regression on their pixels."""

    def __init__(self, images: Images, places: Ints, has: Bools) -> None:
        """Of the images at these places, which have it or not."""
        self._images, self._places, self._has = images, places, has

    @cached_property
    def _log_odds(self) -> Callable[[Floats], Floats]:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        model.fit(self._flat(self._images.rows(self._places)), self._has)
        told: Callable[[Floats], Floats] = model.decision_function
        return told

    def __call__(self, x: Tensor) -> Floats:
        """Of images (n, channels, height, width), float64 (n,)."""
        return self._log_odds(self._flat(x.numpy()))

    @staticmethod
    def _flat(x: Any) -> Floats:
        found: Floats = x.reshape(len(x), -1).astype(np.float64)
        return found
