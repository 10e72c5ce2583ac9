"""Training of a model of images: the problem, the settings it is trained by, and what a checkpoint must agree with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from problems.studies.image_models import SMALL, Model, made

if TYPE_CHECKING:
    from torch import Generator, nn

    from formulations.likelihood.observed import Observed
    from formulations.problem import Floats, SaddleProblem
    from solvers.descent_ascent import DescentAscent

# Of images of few numbers, and of others:
ITERATIONS = {"vae": (1_500, 5_000), "linear-vae": (3_000, 3_000), "autoregressive": (1_000, 700)}
BATCH = {"vae": (128, 128), "linear-vae": (1024, 1024), "autoregressive": (64, 256)}
LEARNING = {"vae": 1.5e-3, "linear-vae": 1e-2, "autoregressive": 3e-3}
WARMING = 50  # iterations in which steps grow to the first size


@dataclass(frozen=True, eq=False)
class ImageTraining:
    """One training run: which model of which images, how long, and by which random numbers.

    rows    how many images it is trained with
    pixels  the sum of the images that are watched: another set of the same name is none to go on with
    """

    source: str
    data: Observed
    model: Model
    iterations: int
    seed: int
    rows: int
    pixels: float

    @cached_property
    def problem(self) -> SaddleProblem:
        """The problem of one player."""
        from formulations.elbo import variational
        from formulations.explicit_density import explicit

        if self.model.kind == "autoregressive":
            return explicit(self.data, self.start)
        return variational(self.data, self.start, self.best, seed=self.seed)

    @property
    def start(self) -> Callable[[Generator], Any]:
        """Where the model begins; its layers draw from torch's global numbers."""

        def begin(_: Generator) -> nn.Module:
            module: nn.Module = made(self.model, self.data.watch.flatten(1).mean(0))
            return module

        return begin

    @property
    def best(self) -> Callable[[Floats], float | None] | None:
        """The most that V can be on given rows, where that is known."""
        if self.model.kind != "linear-vae":
            return None
        from formulations.probabilistic_pca import best_likelihood

        return partial(best_likelihood, latent=self.model.latent)

    def settings(self, resume: Mapping[str, Any] | None) -> DescentAscent:
        """How it is trained: Adam, steps that grow, then shrink to nothing, and an average of the last of them."""
        import torch

        from solvers.descent_ascent import DescentAscent

        return DescentAscent(
            method="simultaneous",
            optimizer=partial(torch.optim.Adam, lr=LEARNING[self.model.kind], betas=(0.9, 0.99), fused=True),
            schedule=self.pace,
            averaging=0.996,
            iterations=self.iterations,
            batch=self.batch,
            resume=resume,
        )

    @property
    def batch(self) -> int:
        """Images in a step; all, if that is no more."""
        return min(BATCH[self.model.kind][self.model.dims > SMALL], self.rows)

    def pace(self, iteration: float) -> float:
        """The steps relative to the longest: up along a line, and down along half a cosine."""
        falling = (1 + math.cos(math.pi * iteration / self.iterations)) / 2
        return min(1.0, (iteration + 1) / WARMING) * falling

    @property
    def schedules(self) -> tuple[Callable[[float], float], Callable[[float], float]]:
        """Of the model's steps; there is no other player."""
        return self.pace, self.pace

    @property
    def options(self) -> dict[str, Any]:
        """What a checkpoint must have been made with to go on from."""
        shown = {"--model": self.model.kind, "--likelihood": self.model.likelihood, "--binarise": self.model.binarise}
        sizes = {"--latent": self.model.latent, "--iterations": self.iterations}
        data = [self.source, *self.data.shape, self.data.count, self.pixels]
        return {"--seed": self.seed, **shown, **sizes, "--data": data}


def usual_iterations(kind: str, dims: int) -> int:
    """How long a model is trained unless --iterations says otherwise."""
    return ITERATIONS[kind][dims > SMALL]
