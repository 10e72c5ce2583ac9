"""Training of a translation between two kinds of images: the game, its settings, what a checkpoint must agree with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Generator, nn

from formulations.players.convolutional import halvings
from formulations.players.translators import PatchDiscriminator, ResidualNetwork, UNet
from formulations.translate import paired, unpaired
from problems.studies.image_steps import Steps, shrinking
from problems.studies.observed_images import observed

if TYPE_CHECKING:
    from formulations.likelihood.observed import Observed
    from formulations.problem import Ints, SaddleProblem
    from problems.io.images import Images
    from solvers.descent_ascent import DescentAscent

PAIRS, NO_PAIRS = True, False
WIDTH, TELLS = {PAIRS: 16, NO_PAIRS: 24}, 32  # channels of a generator, at the full resolution, and of a discriminator
BLOCKS = 3  # of a generator without pairs
STEPS = {PAIRS: Steps((4e-3, 4e-3), (0.5, 0.99), batch=16), NO_PAIRS: Steps((1e-3, 4e-3), (0.5, 0.9), batch=8)}
WARMING = 100  # iterations in which steps grow to the first size, or a tenth of all if that is less
SMALL = 256  # pixels up to which images are learnt in less time
ITERATIONS = {PAIRS: (1_000, 1_500), NO_PAIRS: (1_500, 8_000)}  # of small images, and of others


@dataclass(frozen=True)
class Translator:
    """What is to be known to build a generator again.

    shape   channels, height, width of the images that it was trained with
    width   channels at the full resolution
    paired  whether by pairs: then there is no way back
    """

    shape: tuple[int, int, int]
    width: int
    paired: bool

    def generator(self) -> nn.Module:
        """A generator, as training begins."""
        if self.paired:
            return UNet(self.shape[0], self.width, halvings(self.shape))
        return ResidualNetwork(self.shape[0], self.width, BLOCKS)


@dataclass(frozen=True, eq=False)
class Translation:
    """One training run.

    x, y    images of both kinds, of one shape
    known   whether image k of x belongs to image k of y: to be trained by, or only to be judged by
    """

    source: str
    x: Images
    y: Images
    known: bool
    model: Translator
    iterations: int
    seed: int

    @cached_property
    def pairs(self) -> Observed:
        """Pairs, the channels of x before those of y."""
        return observed(beside(self.x, self.y), None, self.seed)

    @cached_property
    def kinds(self) -> tuple[Observed, Observed]:
        """The images of either kind, each drawn by itself."""
        return observed(self.x, None, self.seed), observed(self.y, None, self.seed)

    @cached_property
    def problem(self) -> SaddleProblem:
        """The game."""
        if self.model.paired:
            return paired(self.pairs, self._generator, partial(self._discriminator, 2))
        return unpaired(*self.kinds, self._generator, partial(self._discriminator, 1))

    def _generator(self, _: Generator) -> nn.Module:
        return self.model.generator()

    def _discriminator(self, images: int, _: Generator) -> nn.Module:
        return PatchDiscriminator(images * self.model.shape[0], TELLS, max(halvings(self.model.shape), 1))

    def settings(self, resume: Mapping[str, Any] | None) -> DescentAscent:
        """How it is trained."""
        return STEPS[self.model.paired].settings(self.iterations, self.pace, averaging=0.996, resume=resume)

    def pace(self, iteration: float) -> float:
        """The steps relative to the longest: up along a line, level for half the time, down along half a cosine."""
        warming = max(1, min(WARMING, self.iterations // 10))
        return min(1.0, (iteration + 1) / warming) * shrinking(iteration, self.iterations)

    @property
    def schedules(self) -> tuple[Callable[[float], float], Callable[[float], float]]:
        """Of both players' steps."""
        return self.pace, self.pace

    @property
    def options(self) -> dict[str, Any]:
        """What a checkpoint must have been made with to go on from."""
        watched = [self.pairs.watch] if self.model.paired else [kind.watch for kind in self.kinds]
        data = [self.source, *self.model.shape, len(self.x), len(self.y), *(float(w.double().sum()) for w in watched)]
        shown = {"--unpaired": not self.model.paired, "--iterations": self.iterations}
        return {"--seed": self.seed, **shown, "--data": data}


def beside(x: Images, y: Images) -> Images:
    """Pairs as images, the channels of y behind those of x."""

    def read(places: Ints) -> Any:
        return np.moveaxis(np.concatenate([x.rows(places), y.rows(places)], axis=1), 1, -1)

    height, width, channels = x.shape
    return replace(x, shape=(height, width, 2 * channels), levels=None, read=read)


def usual_iterations(model: Translator) -> int:
    """How long it is trained unless --iterations says otherwise."""
    return ITERATIONS[model.paired][math.prod(model.shape[1:]) > SMALL]
