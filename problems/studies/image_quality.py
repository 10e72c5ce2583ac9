"""What can be said of a generator of images: bounds by its discriminator, and its samples beside held-out images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from formulations.gan import evidence, random_numbers
from formulations.losses import log_ratios
from problems.studies.image_captions import Asked, Words, asked_of
from problems.studies.image_codes import MOST_REACHING, described_paths, paths
from problems.studies.image_game import CAPTIONS
from problems.studies.image_samples import compared, described
from problems.studies.image_styles import described_styles, groups, mixed_sheet, styles
from problems.studies.observed_images import nearest, shown_as_json

if TYPE_CHECKING:
    from torch import Tensor

    from formulations.problem import Players
    from problems.studies.image_game import ImageGame
    from solvers.solution import Solution

SAMPLES = 64  # in pictures
SHOWN = 5  # in the answer
MOST_JUDGED = 5_000  # samples, and held-out images
PAIRS = 200  # of noises, between which paths are measured
DRAWS_PER_IMAGE = 4  # of the generator, for bounds by its discriminator


class GameJudged:
    """A run of a generator against a discriminator, and what can be said of what came of it."""

    def __init__(self, training: ImageGame) -> None:
        """Of the run, before or after it is played."""
        self.training, self.images = training, training.images
        self._known: dict[tuple[str, Any], Any] = {}  # what was asked, of which generator -> what it is

    def _once(self, what: str, solution: Solution, asked: Callable[[Solution], Any]) -> Any:
        key = what, solution.answer["f"]
        if key not in self._known:
            self._known[key] = asked(solution)
        return self._known[key]

    def players(self, solution: Solution) -> Players:
        """The players as they are answered, the generator with means of its own."""
        found: Players = self._once("players", solution, self._players)
        return found

    def evidence(self, solution: Solution) -> Mapping[str, Any]:
        """Confidence bounds by the discriminator; nothing if there was no time to ask it."""
        found: Mapping[str, Any] = self._once("evidence", solution, self._evidence)
        return found

    def measures(self, solution: Solution) -> Mapping[str, Any]:
        """Samples beside held-out images by features, whether they repeat training images, and their labels."""
        found: Mapping[str, Any] = self._once("measures", solution, self._measures)
        return found

    def samples(self, solution: Solution) -> Tensor:
        """What the generator makes, (64, channels, height, width); by label or caption, of all in turn."""
        z = torch.randn(
            SAMPLES, self.training.model.latent, generator=torch.Generator().manual_seed(self.training.seed)
        )
        return self.decoded(solution, z)

    @property
    def kinds(self) -> int:
        """How many labels or captions samples are of in turn; 1 if they are of none."""
        return len(self.captions) or max(self.training.conditions, 1)

    @cached_property
    def asked(self) -> Asked:
        """All that captions of labels and attributes can say."""
        return asked_of(self.training.names, self.training.seed)

    @cached_property
    def captions(self) -> Sequence[str]:
        """Of pictures: some that can be asked for, or those of some held-out images; none if there are no captions."""
        game = self.training
        if game.captions is None:
            return []
        if game.thirds is None:
            words, some = Words(game.model.words, game.model.most_words), game.captions[game.parts.held_out[:CAPTIONS]]
            return [words.text(numbers) for numbers in some]
        chosen = np.linspace(0, len(self.asked.captions) - 1, CAPTIONS).astype(np.int64)
        return [self.asked.captions[k] for k in chosen]

    def _players(self, solution: Solution) -> Players:
        return {**solution.answer, "f": self.training.settled(solution.answer["f"])}

    def _evidence(self, solution: Solution) -> Mapping[str, Any]:
        if solution.stats["interrupted"]:
            return {}
        data, noise, players = self.training.data, self.training.noise, self.players(solution)
        told = log_ratios(players, self.training.loss)
        if "d" not in told:
            return {}
        return evidence(data, noise, players, loss=self.training.loss, draws_per_row=DRAWS_PER_IMAGE)

    @cached_property
    def held_out(self) -> Tensor:
        """The images that samples are judged by."""
        return self.training.pictures(self.training.data.held_out[:MOST_JUDGED])

    def _measures(self, solution: Solution) -> Mapping[str, Any]:
        if solution.stats["interrupted"]:
            return {}
        game, held_out = self.training, self.held_out
        rows = game.samples(self.players(solution)["f"], len(held_out), "judged")
        made, train = game.pictures(rows), game.pictures(game.data.train[:MOST_JUDGED])
        found = compared(made, train, held_out, game.features, game.unseen, len(game.names), game.seed)
        if game.features.classify is not None and game.conditions:
            told = game.features.classify(made)
            found["as_asked"] = float((told == rows[:, -game.conditions :].argmax(1).numpy()).mean())
        pairs = max(PAIRS - PAIRS % self.kinds, self.kinds)  # so that both ends of each are of one label or caption
        ends = torch.randn(2 * pairs, game.model.latent, generator=random_numbers(game.seed, "paths"))
        own = game.features.of(train[:MOST_REACHING])
        found["paths"] = paths(lambda z: self.decoded(solution, z), ends, own, game.features.of)
        if game.thirds is not None:
            found["captions"] = self._right(solution)
        if game.model.styled:
            found["styles"] = styles(self.players(solution)["f"], game.features.of, game.seed)
        return found

    def _right(self, solution: Solution) -> dict[str, Any]:
        """Of which share of images what their captions say is true, and of how many the classifier knows the label."""
        game, classify = self.training, self.training.features.classify
        assert game.thirds is not None
        assert game.labels is not None
        assert classify is not None
        f, numbers = self.players(solution)["f"], random_numbers(game.seed, "captions")
        with torch.no_grad():
            parts = [f.sample(self.asked.each, numbers, told[None]) for told in self._numbers(self.asked.captions)]
        made, known = game.pictures(torch.cat(parts)), game.labels[game.parts.held_out[: len(self.held_out)]]
        return {
            "asked": len(self.asked.captions),
            "images": len(made),
            **self.asked.right(game.thirds, made, classify),
            "classifier": float((classify(self.held_out) == known).mean()),
        }

    def decoded(self, solution: Solution, z: Tensor, place: int | None = None) -> Tensor:
        """The images of noise (n, latent): of the label or caption in that place, or of all in turn."""
        told: Any = place
        if self.captions:
            told = self._numbers(self.captions if place is None else [self.captions[place]])
        with torch.no_grad():
            return self.training.pictures(self.players(solution)["f"].decoded(z, told))

    def _numbers(self, captions: Sequence[str]) -> Tensor:
        """Of their words."""
        model = self.training.model
        return torch.from_numpy(Words(model.words, model.most_words).numbers(captions))

    def mixed(self, solution: Solution, rows: int, columns: int) -> Mapping[str, Tensor]:
        """Rows of images A and columns of B, by groups of layers: first B, then each A and what has B's codes there."""
        f, numbers = self.players(solution)["f"], random_numbers(self.training.seed, "mixing")
        with torch.no_grad():
            a, b = (f.each(f.coded(torch.randn(n, f.latent, generator=numbers))) for n in (rows, columns))
            return {name: mixed_sheet(f, a, b, chosen) for name, chosen in groups(f.layers).items()}

    def nearest(self, made: Tensor) -> Tensor:
        """The training image nearest to each of these by their pixels."""
        return nearest(self.images, self.training.seed, made)

    def nearest_by_features(self, made: Tensor) -> Tensor:
        """The same by features, of the training images that are looked at."""
        train = self.training.pictures(self.training.data.train)
        of = self.training.features.of
        away = torch.cdist(torch.from_numpy(of(made)), torch.from_numpy(of(train)))
        return train[away.argmin(dim=1)]

    def answer(self, solution: Solution) -> dict[str, Any]:
        """The generator by what it makes: a few images, rows of pixels."""
        game = self.training
        named = {"model": game.model.kind, "loss": game.loss, "latent": game.model.latent}
        labels = {"labels": list(game.model.labels)} if game.conditions else {}
        if self.captions:
            labels = {"captions": list(self.captions[:SHOWN])}
        return {**named, **labels, "samples": shown_as_json(self.samples(solution)[:SHOWN])}

    def describe(self, solution: Solution) -> Iterable[str]:
        """Bounds and measures, in words."""
        proof, found = self.evidence(solution), self.measures(solution)
        if proof and proof["kl_at_least"] is not None:
            sure, by = f"{proof['level']:.0%}", f"{proof['data']:,} held-out images"
            yield f"  KL(data || generator) is at least {proof['kl_at_least']:.4g} nats, at {sure} confidence, by {by}"
        if not found:
            return
        yield from described(found, self.training.names)
        yield from described_paths(found["paths"])
        if "as_asked" in found:
            yield f"  {found['as_asked']:.1%} of the images are told to be of the label that they were made by"
        if "styles" in found:
            yield from described_styles(found["styles"])
        if "captions" in found:
            said = found["captions"]
            by = f"{said['images']:,} images by {said['asked']} captions"
            yield f"  of {by} {said['all']:.1%} are right in all that these say: the label of {said['label']:.1%},"
            yield f"    thin or thick {said['thickness']:.1%}, the slant {said['slant']:.1%}"
            yield f"    (labels are told by a classifier that is right for {said['classifier']:.1%} of held-out images)"
