"""What can be said of a translation: against the truth, a filter and transport, where pairs are known; of its cycles.

Pairs that are known are never those that it was trained with, and none of them are where it was trained without any.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from formulations.gan import random_numbers
from formulations.likelihood.data import over_batches
from formulations.translate import LEVEL, away, cycle_errors, matching, nearest
from problems.studies.image_features import features_of
from problems.studies.image_game import numbered
from problems.studies.observed_images import shown_as_json, split
from problems.studies.patch_regression import PatchRegression

if TYPE_CHECKING:
    from formulations.problem import Floats, Ints
    from problems.io.images import Images
    from problems.studies.translation import Translation
    from solvers.solution import Solution

MOST_FITTED, MOST_JUDGED, MOST_MATCHED = 3_000, 3_000, 1_000  # images: of classifier and filter, measured, matched
AT_ONCE = 250
SHOWN, IN_JSON = 12, 3  # images in a picture, and in the answer
NOISES = (1, 2, 4, 8, 16)  # standard deviations, of 255 levels, of what is added to an image between two maps
WHITE = 255


class TranslationJudged:
    """A training run, and what can be said of what came of it."""

    def __init__(self, training: Translation) -> None:
        """Of the run, before or after it is trained."""
        self.training = training
        self._found: dict[Any, Mapping[str, Any]] = {}  # of a generator what was measured
        self._proofs: dict[Any, Mapping[str, Any]] = {}  # of a generator how it compares with transport

    # Images

    def _rows(self, images: Images, part: str, most: int) -> Tensor:
        places = getattr(split(len(images), self.training.seed), part)
        return torch.from_numpy(images.rows(places[:most]))

    @cached_property
    def held_out(self) -> tuple[Tensor, Tensor]:
        """Images of both kinds that it is judged by; pairs where they are known."""
        x, y = self.training.x, self.training.y
        return self._rows(x, "held_out", MOST_JUDGED), self._rows(y, "held_out", MOST_JUDGED)

    def made(self, G: Any, x: Tensor) -> Tensor:
        """What the generator makes of these."""
        with torch.no_grad():
            return torch.cat([G(part) for part in torch.split(x, AT_ONCE)])

    def shown(self, solution: Solution, most: int = SHOWN) -> dict[str, Tensor]:
        """Held-out images, what is made of them, the truth where it is known, and the way back where there is one."""
        x, y = (part[:most] for part in self.held_out)
        made = self.made(solution.answer["G"], x)
        found = {"input": x, "output": made}
        if self.training.known:
            found["truth"] = y
        if "F" in solution.answer:
            found["there and back"] = self.made(solution.answer["F"], made)
        return found

    # What is proven

    def evidence(self, solution: Solution) -> Mapping[str, Any]:
        """Which images are matched by transport, proven, and which by the generator; nothing if there was no time."""
        if solution.stats["interrupted"]:
            return {}
        G = solution.answer["G"]
        if G not in self._proofs:
            self._proofs[G] = {"level": LEVEL, "images": len(self.held_out[0]), "transport": self._transports(G)}
        return self._proofs[G]

    def _transports(self, G: Any) -> list[Mapping[str, Any]]:
        x, y = (part[:MOST_MATCHED] for part in self.held_out)
        made = self.made(G, x)
        fitted = torch.cat([self._rows(images, "train", MOST_MATCHED) for images in (self.training.x, self.training.y)])
        random = features_of(fitted, None, self.training.seed)
        pixels = tuple(part.flatten(1).double().numpy() for part in (x, y, made))
        return [
            {"of": "pixels", **self._transport(*pixels)},
            {"of": random.name, **self._transport(*(random.of(part) for part in (x, y, made)))},
        ]

    def _transport(self, x: Floats, y: Floats, made: Floats) -> Mapping[str, Any]:
        """The cheapest matching of x and y, and how much of the truth it finds; the same of what was made of x."""
        from solvers import solve

        found, learned = solve(matching(x, y)), nearest(made, y)
        centred = x - x.mean(axis=0), y - y.mean(axis=0)
        shares: dict[str, Any] = {"pairs_found": None, "pairs_found_by_learned": None, "cost_of_truth": None}
        if self.training.known:
            own = np.arange(len(x))
            matched = np.argmax(found.answer, axis=1)
            shares["pairs_found"] = float((matched == own).mean())
            shares["pairs_found_by_learned"] = float((learned == own).mean())
            shares["cost_of_truth"] = float(np.square(centred[0] - centred[1]).sum(axis=1).mean())
        return {
            "status": found.status,
            "cost": found.value,
            "cost_at_least": found.bound,
            "verified": found.certificate.verified,
            "exact": found.certificate.exact,
            "images": [len(x), len(y)],
            **shares,
        }

    # What is measured

    def measures(self, solution: Solution) -> Mapping[str, Any]:
        """Errors against the truth, labels kept, and cycles, by held-out images."""
        if solution.stats["interrupted"]:
            return {}
        G = solution.answer["G"]
        if G not in self._found:
            made = self.made(G, self.held_out[0])
            cycles = self._cycles(G, solution.answer["F"]) if "F" in solution.answer else {}
            self._found[G] = {**self._against_truth(made), **self._labels(made), **cycles}
        return self._found[G]

    def _against_truth(self, made: Tensor) -> Mapping[str, Any]:
        if not self.training.known:
            return {}
        x, y = (part.numpy() for part in self.held_out)
        own = self.training
        pairs = [self._rows(z, part, MOST_FITTED).numpy() for part in ("train", "watch") for z in (own.x, own.y)]
        ridge = PatchRegression(*pairs)
        return {
            "psnr": psnr(made.numpy(), y),
            "psnr_of_input": psnr(x, y),
            "psnr_of_ridge": psnr(ridge(x), y),
            "ridge_patch": ridge.side,
        }

    @cached_property
    def _numbered(self) -> tuple[Ints, Ints] | None:
        """The labels of both kinds as numbers; None unless both have them, and the same ones."""
        x, y = self.training.x.labels, self.training.y.labels
        if x is None or y is None or set(x) != set(y):
            return None
        return numbered(x)[0], numbered(y)[0]

    def _labels(self, made: Tensor) -> Mapping[str, Any]:
        """How often a classifier of the second kind tells what was made to have the label of what it was made of."""
        if self._numbered is None:
            return {}
        of_x, of_y = self._numbered
        train = split(len(self.training.y), self.training.seed).train[:MOST_FITTED]
        features = features_of(self._rows(self.training.y, "train", MOST_FITTED), of_y[train], self.training.seed)
        assert features.classify is not None
        found = {}
        for name, images, labels, own in (
            ("label_kept", made, of_x, self.training.x),
            ("label_told_of_second_kind", self.held_out[1], of_y, self.training.y),
        ):
            asked = labels[split(len(own), self.training.seed).held_out[: len(images)]]
            found[name] = float((features.classify(images) == asked).mean())
        return found

    def _cycles(self, G: Any, F: Any) -> Mapping[str, Any]:
        """|F(G(x)) - x| as it is, with G(x) rounded to levels of pixels, and with noise on it."""
        parts, numbers = torch.split(self.held_out[0], AT_ONCE), random_numbers(self.training.seed, "noise on images")

        def noisy(made: Tensor, sd: float) -> Tensor:
            return (made + sd / WHITE * torch.randn(made.shape, generator=numbers)).clamp(0, 1)

        def of(noise: Any) -> float:
            return float(cycle_errors(G, F, parts, noise).mean())

        mean_image = self.held_out[0].mean(0, keepdim=True)
        return {
            "cycle_error": of(lambda made: made),
            "cycle_error_rounded": of(lambda made: (made * WHITE).round() / WHITE),
            "cycle_error_noise": {str(sd): of(lambda made, sd=sd: noisy(made, sd)) for sd in NOISES},
            "cycle_error_of_mean_image": float(over_batches(lambda x: away(x, mean_image), parts).mean()),
        }

    # What is said

    def answer(self, solution: Solution) -> dict[str, Any]:
        """The generator by what it makes of a few held-out images, rows of pixels."""
        shown = self.shown(solution, IN_JSON)
        named = {"paired": self.training.model.paired}
        return {**named, **{name.replace(" ", "_"): shown_as_json(images) for name, images in shown.items()}}

    def describe(self, solution: Solution) -> Iterable[str]:
        """Claims, measures and matchings, in words."""
        found, proof = self.measures(solution), self.evidence(solution)
        if solution.value is not None:
            what = "error of a pair" if self.training.model.paired else "errors of both cycles"
            yield f"  expected {what}: at most {-solution.value:.4g}, white being 1, at {LEVEL:.0%} confidence"
        yield from described(found, proof.get("transport", ()))


def described(found: Mapping[str, Any], transports: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Measures and matchings, in words."""
    if "psnr" in found:
        own, ridge, before = (found[f"psnr{of}"] for of in ("", "_of_ridge", "_of_input"))
        by = f"a linear filter of {found['ridge_patch']} x {found['ridge_patch']} pixels {ridge:.2f}"
        yield f"  against the truth: {own:.2f} dB; {by}, the input {before:.2f}"
    if "label_kept" in found:
        told = f"of true images of that kind it tells {found['label_told_of_second_kind']:.1%}"
        yield f"  labels kept, by a classifier: {found['label_kept']:.1%}; {told}"
    if "cycle_error" in found:
        noise = ", ".join(f"{sd}/255 {found['cycle_error_noise'][sd]:.4f}" for sd in ("1", "4", "16"))
        yield f"  there and back: error {found['cycle_error']:.4f}; with the image in between"
        yield f"    rounded to 256 levels {found['cycle_error_rounded']:.4f}, with noise of {noise}"
    for one in transports:
        proven = f"{one['status']}, cost {one['cost']:.6g}, none less than {one['cost_at_least']:.6g}"
        yield f"  transport by {one['of']}: {proven}"
        if one["pairs_found"] is not None:
            yield (
                f"    true pairs found: {one['pairs_found']:.1%}, and {one['pairs_found_by_learned']:.1%} as the "
                "nearest of what was made"
            )


def psnr(made: Any, truth: Any) -> float | None:
    """Peak signal-to-noise ratio of images from 0 to 1, dB, by the mean squared error over all of them; None of none.

    >>> round(psnr(np.zeros(4), np.full(4, 0.1)), 6), psnr(np.zeros(1), np.zeros(1))
    (20.0, None)
    """
    error = float(np.square(np.asarray(made, dtype=np.float64) - truth).mean())
    return -10 * math.log10(error) if error else None
