"""Training of a generator of images against a discriminator: the game, its settings, and its samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from formulations.divergences.features import energy_scores, kernel_distance, kernel_distance_error
from formulations.gan import gan, random_numbers
from formulations.likelihood.data import Data
from formulations.losses import objective
from formulations.players.augmentation import Augmented, adapting
from formulations.players.convolutional import ConvolutionalDiscriminator, settled
from formulations.players.generators import normal
from formulations.players.style import StyleDiscriminator, by_styles
from formulations.players.words import WordedDiscriminator, by_words
from problems.studies.image_features import Features, features_of
from problems.studies.image_models import FEW, generator_of
from problems.studies.image_steps import Steps, shrinking
from problems.studies.observed_images import Split, split

if TYPE_CHECKING:
    from formulations.problem import Floats, Ints, Players, SaddleProblem
    from problems.io.images import Images
    from problems.studies.image_captions import Thirds
    from problems.studies.image_models import Model
    from solvers.descent_ascent import DescentAscent

AT_ONCE = 256  # samples
MOST_ROWS = 20_000  # images of each part that are looked at
WIDTH = 32  # channels of the discriminator's first layer
STEPS = {
    "dcgan": Steps((5e-4, 5e-4), (0.5, 0.999), batch=64),
    "style": Steps((4e-3, 1e-3), (0.0, 0.99), batch=32),
}
ITERATIONS = 6_000
RESTORED = 256  # hidden numbers of the auto-encoder of "began"
SETTLED, SETTLING = 20, 2  # batches of noise that a generator normalises by, in the end and while it is watched
FEWEST = 20  # images, of which a standard error is told
CAPTIONS = 8  # in pictures
WATCHED = 500  # images, and as many samples, by which the generator to answer is chosen


@dataclass(frozen=True, eq=False)
class ImageGame:
    """One training run of a generator against a discriminator.

    labels    of each image a number from 0 on, where there are labels
    captions  of each image the numbers of its words, (n, most words), where images are made by words
    thirds    what captions were made by, where they were
    """

    source: str
    images: Images
    model: Model
    loss: str
    iterations: int
    seed: int
    labels: Ints | None
    captions: Ints | None = None
    thirds: Thirds | None = None

    @cached_property
    def parts(self) -> Split:
        """Which images are trained with, watched by and held out."""
        return split(len(self.images), self.seed)

    @cached_property
    def data(self) -> Data:
        """The images as rows, with their labels if they are made by label."""
        places = (self.parts.train, self.parts.watch, self.parts.held_out)
        train, watch, held_out = (self._rows(part[:MOST_ROWS]) for part in places)
        return Data(train, watch, held_out, categories=(self.conditions,) if self.conditions else ())

    def _rows(self, places: Ints) -> Tensor:
        rows = torch.from_numpy(self.images.rows(places)).flatten(1)
        if self.captions is not None:
            return torch.cat([rows, torch.from_numpy(self.captions[places]).float()], dim=1)
        if self.labels is None or not self.conditions:
            return rows
        told = torch.from_numpy(self.labels[places])
        return torch.cat([rows, torch.nn.functional.one_hot(told, self.conditions)], dim=1)

    @property
    def conditions(self) -> int:
        """How many labels there are to make images by; 0 if they are not made by label."""
        return len(self.model.labels)

    @cached_property
    def features(self) -> Features:
        """By which images are compared: of a classifier where they have labels."""
        places = self.parts.train[:MOST_ROWS]
        labels = None if self.labels is None else self.labels[places]
        return features_of(self.pictures(self.data.train), labels, self.seed)

    @cached_property
    def unseen(self) -> Features:
        """Features that know neither training nor held-out images: of the watched ones, or of random layers."""
        labels = None if self.labels is None else self.labels[self.parts.watch[:MOST_ROWS]]
        return features_of(self.pictures(self.data.watch), labels, self.seed)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the labels, whether images are made by them or not."""
        return () if self.images.labels is None else numbered(self.images.labels)[1]

    @property
    def some_captions(self) -> Tensor | None:
        """Of some held-out images, (8, most words), where images are made by words."""
        return None if self.captions is None else torch.from_numpy(self.captions[self.parts.held_out[:CAPTIONS]])

    def pictures(self, rows: Tensor) -> Tensor:
        """Rows without their labels or captions, as images (n, channels, height, width)."""
        return rows[:, : self.model.dims].reshape(-1, *self.model.shape)

    def noise(self, n: int, generator: Generator) -> Tensor:
        """Noise, (n, latent), and behind it labels or captions as often as images have them."""
        return self._fed(n, generator, 1)

    def _fed(self, n: int, generator: Generator, alike: int) -> Tensor:
        """The same, so many after each other having the same label or caption."""
        z = normal(self.model.latent)(n, generator)
        told = self.data.train[:, self.model.dims :].to(z.device)
        if not told.shape[1]:
            return z
        chosen = torch.randint(len(told), (-(-n // alike),), generator=generator, device=z.device)
        return torch.cat([z, told[chosen.repeat_interleave(alike)[:n]]], dim=1)

    @cached_property
    def problem(self) -> SaddleProblem:
        """The game; the generator to answer is chosen by how far features of samples are from those of images."""
        scale = 1.0 if objective(self.loss).penalties else None  # slopes by a pixel: at edges, where none varies, too
        begun = partial(generator_of, self.model), self._discriminator
        game = gan(self.data, *begun, self.noise, loss=self.loss, scale=scale)
        draws: dict[str, Any] = {} if len(self.parts.train) <= MOST_ROWS else {"data": self._drawn}
        if self.captions is not None:
            game = by_words(game, self.model.latent)
            draws["noise"] = partial(self._fed, alike=2)
        if self.model.styled:
            game = by_styles(adapting(game) if self._few else game, self.model.dims)
        return replace(game, watch=self.watched, samplers={**game.samplers, **draws})

    def _discriminator(self, numbers: Generator) -> nn.Module:
        if self.model.words:
            return WordedDiscriminator(self.model.shape, WIDTH, len(self.model.words), numbers)
        scored = objective(self.loss)
        if self.loss == "began":
            restoring: nn.Module = scored.network((RESTORED,), self.data.center, self.data.scale, numbers)
            return restoring
        normalised = not scored.penalties  # on slopes at single images, which batches would mix
        if self.model.styled:
            seeing = StyleDiscriminator(self.model.shape, WIDTH, numbers, self.conditions, normalised=normalised)
            return Augmented(seeing, self.model.shape) if self._few else seeing
        return ConvolutionalDiscriminator(self.model.shape, WIDTH, numbers, self.conditions, normalised=normalised)

    @property
    def _few(self) -> bool:
        """Whether images to train with are so few that a discriminator learns them by heart, and sees them changed.

        How far it knows them is told by the sign of its outputs, which is of this loss.
        """
        return self.loss == "non-saturating" and len(self.parts.train) < FEW

    def _drawn(self, batch: int, generator: Generator) -> Tensor:
        """Training images that are read when they are drawn."""
        chosen = torch.randint(len(self.parts.train), (batch,), generator=generator, device=generator.device)
        return self._rows(self.parts.train[chosen.cpu().numpy()]).to(generator.device)

    @cached_property
    def _seen(self) -> Floats:
        """The features of watched images."""
        return self.features.of(self.pictures(self.data.watch[:WATCHED]))

    def watched(self, players: Players) -> Mapping[str, float | None]:
        """How far features of samples are from those of watched images, and the standard error of that.

        By words it is how far samples made by the captions of these images are from them: the mean energy score.
        """
        f = self.settled(players["f"], SETTLING)
        made = [self.features.of(self.pictures(rows)) for rows in self._watched_samples(f)]
        known = all(bool(np.isfinite(features).all()) for features in made)
        compared = self._kernel_distance if self.captions is None else self._energy_score
        distance, error = compared(*made) if known else (None, None)
        return {"value": None, "bound": None, "distance": distance, "distance_error": error}

    def _watched_samples(self, f: nn.Module) -> list[Tensor]:
        """Rows that it makes, the same noise each time: by words two for the caption of each watched image."""
        if self.captions is None:
            return [self.samples(f, WATCHED, "watched")]
        numbers, captions = random_numbers(self.seed, "watched"), self.data.watch[:WATCHED, self.model.dims :]
        noise = normal(self.model.latent)
        with torch.no_grad():
            return [f(torch.cat([noise(len(captions), numbers), captions], dim=1)) for _ in range(2)]

    def _kernel_distance(self, made: Floats) -> tuple[float, float | None]:
        error = kernel_distance_error(self._seen, made) if len(self._seen) > FEWEST else None
        return kernel_distance(self._seen, made), error

    def _energy_score(self, made: Floats, others: Floats) -> tuple[float, float]:
        scores = energy_scores(self._seen, made, others)
        return float(scores.mean()), float(scores.std() / np.sqrt(len(scores)))

    def settled(self, f: nn.Module, batches: int = SETTLED) -> nn.Module:
        """A copy of the generator that normalises by means of its own, over so many batches of noise."""
        return settled(f, self.noise, torch.Generator().manual_seed(self.seed), batches)

    def samples(self, f: Any, n: int, purpose: str) -> Tensor:
        """n rows that the generator makes, (n, dims and labels or words), the same for the same seed and purpose."""
        numbers = random_numbers(self.seed, purpose)
        with torch.no_grad():
            parts = [f(self.noise(min(AT_ONCE, n - start), numbers)) for start in range(0, n, AT_ONCE)]
        return torch.cat(parts)

    def settings(self, resume: Mapping[str, Any] | None) -> DescentAscent:
        """How it is trained."""
        return STEPS[self.model.kind].settings(self.iterations, self.pace, averaging=0.999, resume=resume)

    def pace(self, iteration: float) -> float:
        """The steps relative to the longest: as long as these for the first half, then down along half a cosine."""
        return shrinking(iteration, self.iterations)

    @property
    def options(self) -> dict[str, Any]:
        """What a checkpoint must have been made with to go on from."""
        shown = {"--model": self.model.kind, "--loss": self.loss, "--by-label": list(self.model.labels)}
        if self.model.words:
            shown["--by-words"] = list(self.model.words)
        sizes = {"--latent": self.model.latent, "--iterations": self.iterations}
        data = [self.source, *self.model.shape, len(self.images), float(self.data.watch.double().sum())]
        return {"--seed": self.seed, **shown, **sizes, "--data": data}

    @property
    def schedules(self) -> tuple[Callable[[float], float], Callable[[float], float]]:
        """Of both players' steps."""
        return self.pace, self.pace


def numbered(labels: Any) -> tuple[Ints, tuple[str, ...]]:
    """Labels as numbers from 0 on, in the order of their names, and the names.

    >>> numbered(["b", "a", "b"])
    (array([1, 0, 1]), ('a', 'b'))
    """
    names, numbers = np.unique(np.asarray(labels), return_inverse=True)
    return numbers.astype(np.int64), tuple(names.tolist())
