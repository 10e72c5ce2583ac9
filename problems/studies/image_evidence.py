"""What held-out images prove of a trained model, and how it is said.

All claims are of V, the mean of log p over the held-out images, but for likelihood_between, which is of the law that
these were drawn from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from formulations.elbo import LEVEL, QUADRATURE_ROWS, WEIGHTS, at_least, elbos, integrated, log_mean_weights
from formulations.explicit_density import log_densities
from formulations.gan import random_numbers
from formulations.likelihood.held_out import likelihood_interval
from problems.studies.code_evidence import Coded
from problems.studies.observed_images import nearest, shown_as_json
from problems.studies.trained_images import drawn

if TYPE_CHECKING:
    from torch import Tensor

    from formulations.problem import Floats
    from problems.io.images import Images
    from problems.studies.image_codes import Attribute
    from problems.studies.image_training import ImageTraining
    from solvers.solution import Solution

SAMPLES = 64  # that are drawn for pictures
SHOWN = 5  # in the answer


class Judged:
    """A training run and its images, and what can be said of what came of it."""

    def __init__(self, training: ImageTraining, images: Images, attributes: Sequence[Attribute] = ()) -> None:
        """Of the run, before or after it is trained, and the attributes whose directions are asked for."""
        self.training, self.images = training, images
        self.coded = Coded(training, images, attributes)
        self._measures: dict[Any, Mapping[str, Any]] = {}  # of a model what is measured of its samples and codes
        self._proofs: dict[Any, Mapping[str, Any]] = {}  # of a model what held-out images prove
        self._made: dict[Any, Tensor] = {}  # by a model

    @cached_property
    def explicit(self) -> bool:
        """Whether the model's density is a product of conditional ones."""
        return self.training.model.kind == "autoregressive"

    def evidence(self, solution: Solution) -> Mapping[str, Any]:
        """Bounds on V by the held-out images, asked once; nothing if there was no time to ask them."""
        if solution.stats["interrupted"]:
            return {}
        f = solution.answer["f"]
        if f not in self._proofs:
            self._proofs[f] = self._proven(f, solution.bound)
        return self._proofs[f]

    def _proven(self, f: Any, bound: float | None) -> Mapping[str, Any]:
        data = self.training.data
        found: dict[str, Any] = {"elbo": None, "iwae": None, "weights": None, "integrated": None}
        if self.explicit:
            best = log_densities(f, data)
            exact: Floats | None = best
        else:
            best = log_mean_weights(f, data, seed=self.training.seed)
            exact = log_densities(f, data) if hasattr(f, "log_density") else None
            found |= {"elbo": float(elbos(f, data, self.training.seed).mean()), "iwae": float(best.mean())}
            found |= {"weights": WEIGHTS, "integrated": self._integrated(f, best)}
        lower = at_least(best) if exact is None else float(exact.mean())
        between = likelihood_interval(best if exact is None else exact, LEVEL)
        return {
            **found,
            "likelihood": None if exact is None else float(exact.mean()),
            "likelihood_at_least": lower,
            "likelihood_between": None if exact is None else between,
            "law_at_least": between[0],
            "any_likelihood_at_most": bound,
            "bits_per_pixel": self._bits(lower),
            "level": LEVEL,
            "images": data.count,
        }

    def _bits(self, likelihood: float) -> float | None:
        """Bits per pixel, if pixels have so many levels; a density has none."""
        model = self.training.model
        return None if model.likelihood == "gaussian" else -likelihood / (model.dims * math.log(2))

    def _integrated(self, f: Any, log_w: Floats) -> Mapping[str, Any] | None:
        """V of some held-out images by summing up the integral over codes, where these have at most two coordinates."""
        if f.latent > 2 or hasattr(f, "log_density"):
            return None
        rows, left = [], QUADRATURE_ROWS
        for part in self.training.data.held_out:
            rows.append(part[:left])
            left -= len(rows[-1])
            if not left:
                break
        x = torch.cat(rows)
        values, error = integrated(f, x)
        iwae = float(log_w[: len(x)].mean())
        return {"images": len(x), "iwae": iwae, "likelihood": float(values.mean()), "error": error}

    def samples(self, solution: Solution) -> Tensor:
        """What the model makes, (64, channels, height, width), the same for the same seed."""
        f = solution.answer["f"]
        if f not in self._made:
            numbers = random_numbers(self.training.seed, "samples")
            self._made[f] = drawn(f, self.training.model.shape, SAMPLES, numbers)
        return self._made[f]

    @cached_property
    def held_out(self) -> Tensor:
        """The first of the held-out images, as they are judged by."""
        return self.training.data.held_out[0]

    def measures(self, solution: Solution) -> Mapping[str, Any]:
        """Of a model with codes its samples, and what these codes make; nothing if training was cut short."""
        if self.explicit or solution.stats["iterations"] < self.training.iterations:
            return {}
        f = solution.answer["f"]
        if f not in self._measures:
            self._measures[f] = self.coded.measured(f)
        return self._measures[f]

    def nearest(self, made: Tensor) -> Tensor:
        """The training image nearest to each of these by their pixels, (n, channels, height, width)."""
        return nearest(self.images, self.training.seed, made)

    def answer(self, solution: Solution) -> dict[str, Any]:
        """The model by what it makes: a few images, rows of pixels."""
        model = self.training.model
        named = {"model": model.kind, "likelihood": model.likelihood, "binarised": model.binarise}
        return {**named, "latent": model.latent or None, "samples": shown_as_json(self.samples(solution)[:SHOWN])}

    def describe(self, solution: Solution) -> Iterable[str]:
        """The bounds, in words."""
        proof = self.evidence(solution)
        if not proof:
            return
        sure, of = f"at {LEVEL:.0%} confidence", f"by {proof['images']:,} held-out images, in nats an image"
        yield f"  log-likelihood {of}:"
        if proof["elbo"] is not None:
            yield f"    {proof['elbo']:.6g} by the ELBO, {proof['iwae']:.6g} by {proof['weights']} weights (IWAE)"
        if proof["likelihood"] is not None:
            low, high = proof["likelihood_between"]
            yield f"    {proof['likelihood']:.6g} itself; of the law that they are from {low:.6g} to {high:.6g} {sure}"
        else:
            yield f"    at least {proof['likelihood_at_least']:.6g} {sure}, whatever their number"
        if proof["integrated"] is not None:
            part = proof["integrated"]
            told = f"on the first {part['images']}, where {WEIGHTS} weights tell {part['iwae']:.6g}"
            yield f"    {part['likelihood']:.6g} {told}: integrated over codes, to {part['error']:.1g}"
        if proof["any_likelihood_at_most"] is not None:
            yield f"    at most {proof['any_likelihood_at_most']:.6g} for any linear model with as many coordinates"
        if proof["bits_per_pixel"] is not None:
            yield f"  at most {proof['bits_per_pixel']:.4g} bits per pixel"
        measures = self.measures(solution)
        if measures:
            yield from self.coded.described(measures)
