"""Training of a generator: the game, the settings it is played by, and what held-out data prove of the outcome."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, cast

from problems.studies.faults import Followed
from problems.studies.proven import of_distance
from problems.studies.tables import Columns
from problems.studies.trained import Trained, latent, noise_of
from problems.terminal.checkpoints import Folder
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from formulations.likelihood.data import Data
    from formulations.players.flows import Flow
    from formulations.players.generators import Gaussian, Mixture
    from formulations.problem import Floats, Players, SaddleProblem, Sampler
    from solvers.descent_ascent import DescentAscent
    from solvers.descent_ascent.settings import Schedule
    from solvers.solution import Solution

COMPONENTS = 10  # of a mixture that is learnt
BENT = 40  # of the mixture that a flow starts from, which as few describe as well as hundreds
BENDING = 5e-4  # first steps of a flow from there; other generators are learnt from nothing, by steps of
LEARNING = 2e-3
# Of a free generator by losses whose discriminators otherwise chase it around all modes:
SMALLER = 5e-4
CHASED = (
    "minimax",
    "gan",
    "js",
    "non-saturating",
    "reverse-kl",
    "pearson",
    "neyman",
    "hellinger",
    "total-variation",
    "least-squares",
    "wasserstein",
    "relativistic",
    "began",
)
MAKES, TELLS = (64, 64, 64, 64), (128, 128)  # hidden layers: of a free generator, whose steps depth makes sharp; of d
OCTAVES = 3  # of the frequencies in which a discriminator sees what a known density makes
SAMPLES = 2_500  # that are written, drawn and judged
CHOOSING = 16_384  # by which the mean of d over samples is estimated
FINE, MANY = 7, 10_000  # octaves in which a free generator's discriminator sees at last, given as many rows
FITTING = 0.5  # of the time left: the share for fitting a mixture, of which the rest are trained or judged
LATE = 0.85  # the share of training from which it does
ITERATIONS = {"mlp": 15_000, "flow": 5_000, "mixture": 2_000, "gaussian": 2_000}
CLIMBING = {"flow": 500, "mixture": 500, "gaussian": 500}  # by the likelihood loss; only the bound needs them all
MODES = {"ring": 10_000, "grid": 20_000}  # of a free generator's: the more modes, the longer they take to be found


@dataclass(frozen=True, eq=False)
class Training:
    """One training run: what is learnt, by which generator, and how; until when, as time.monotonic() has it."""

    source: str
    data: Data
    columns: Columns
    kind: str
    loss: str
    iterations: int
    seeds: int
    seed: int
    rounded: bool
    until: float = math.inf
    followed: Followed = field(default_factory=Followed)
    proofs: dict[Any, Mapping[str, Any]] = field(default_factory=dict)  # of a generator what held-out data prove
    answers: dict[Any, Players] = field(default_factory=dict)  # of a generator as it was trained who are answered

    @property
    def free(self) -> bool:
        """Whether the generator's density is unknown."""
        return self.kind == "mlp"

    @property
    def sharpened(self) -> bool:
        """Whether there are rows enough to see fine detail in them and not the rows themselves."""
        return self.free and len(self.data.train) >= MANY

    @cached_property
    def noise(self) -> Sampler:
        """What the generator is fed."""
        return noise_of(self.kind, self.data.numbers, self.data.categories)

    @cached_property
    def problem(self) -> SaddleProblem:
        """The game."""
        from formulations.gan import gan
        from formulations.losses import objective
        from formulations.players import generators
        from formulations.players.flows import Flow
        from formulations.players.mixed import MixedMixture

        units, categories = (self.data.center, self.data.scale), self.data.categories
        mixture: Any = partial(MixedMixture, categories=categories) if categories else generators.Mixture
        start: Any = {
            "mlp": partial(
                generators.free, latent(self.data.numbers, categories), MAKES, *units, categories=categories
            ),
            "flow": partial(Flow, *units),
            "mixture": partial(mixture, COMPONENTS, *units),
            "gaussian": partial(generators.Gaussian, *units),
        }[self.kind]
        if self.loss == "likelihood":
            start = self._bent if self.kind == "flow" else self._at_best
        octaves, begins = (FINE, LATE) if self.sharpened else (0 if self.free else OCTAVES, 0.0)
        against: Any = partial(objective(self.loss).network, TELLS, *units, octaves=octaves, begins=begins)
        blur = fading if self.free else None
        return gan(self.data, start, against, self.noise, loss=self.loss, blur=blur, told=self.sharpened)

    def _at_best(self, _: Generator) -> Gaussian | Mixture:
        return self.fitted

    def _bent(self, numbers: Generator) -> Flow:
        from formulations.players.flows import Flow

        return Flow.at(cast("Mixture", self.fitted), numbers)

    @cached_property
    def fitted(self) -> Gaussian | Mixture:
        """The mixture, or the Gaussian, of the highest likelihood: there is nothing left to train.

        For a flow the mixture to start from, by the training rows alone: those to watch by say how far to leave it.
        """
        import numpy as np

        from formulations.likelihood.fitting import fitted_mixture
        from formulations.likelihood.reduction import reduced
        from formulations.players.categories import units_of_numbers
        from formulations.players.generators import Gaussian, Mixture
        from formulations.players.mixed import MixedMixture

        units, categories = (self.data.center, self.data.scale), self.data.categories
        standard = units_of_numbers(*units, sum(categories))
        rows = [standard.inverse(part).double().numpy() for part in (self.data.train, self.data.watch)]
        if self.kind == "gaussian":
            covariance = np.atleast_2d(np.cov(rows[0].T, bias=True))
            return Gaussian.of(rows[0].mean(0), np.linalg.cholesky(covariance), *units)
        until = time.monotonic() + FITTING * max(0.0, self.until - time.monotonic())
        if self.kind == "flow":
            found = fitted_mixture(rows[0], self.seed, until=until)
            return Mixture.of(*reduced(found.weights, found.means, found.factors, BENT), *units)
        found = fitted_mixture(np.concatenate(rows), self.seed, categories, until)
        if categories:
            parts = found.weights, found.means, found.factors, found.log_theta
            return MixedMixture.of_parts(*parts, *units, categories)
        return Mixture.of(found.weights, found.means, found.factors, *units)

    def settings(self, resume: Mapping[str, Any] | None) -> DescentAscent:
        """How it is trained: Adam without momentum, steps that shrink to nothing, an average of the last of them."""
        import torch

        from solvers.descent_ascent import DescentAscent

        adam = partial(torch.optim.Adam, betas=(0.0, 0.99), fused=True)
        first = BENDING if (self.kind, self.loss) == ("flow", "likelihood") else LEARNING
        first = SMALLER if self.free and self.loss in CHASED else first
        return DescentAscent(
            method="simultaneous",
            optimizer=(partial(adam, lr=first), partial(adam, lr=3e-3)),
            schedule=self.schedules,
            averaging=0.996,
            iterations=self.iterations,
            batch=256,
            members=self.seeds,
            resume=resume,
        )

    def pace(self, iteration: float) -> float:
        """The steps relative to the first: from 1 to 0 along half a cosine."""
        return (1 + math.cos(math.pi * iteration / self.iterations)) / 2

    @property
    def schedules(self) -> tuple[Schedule, Schedule]:
        """Of the generator's and of the discriminator's steps.

        A generator's steps of the first size shake its modes by more than their width, and the narrower it makes them
        the better they hit. From where its discriminator sees that, its steps fall on from what they have come to, and
        the discriminator's are long again, to be ahead of it.
        """
        if not self.sharpened:
            return self.pace, self.pace
        return partial(self._in_two_parts, 0.05, 0.001), partial(self._in_two_parts, 1.33, 0.17)

    def _in_two_parts(self, first: float, last: float, iteration: float) -> float:
        """As for others until LATE, then from the first to the last in equal ratios."""
        share = iteration / self.iterations
        return self.pace(iteration) if share < LATE else falling(first, last, (share - LATE) / (1 - LATE))

    @property
    def options(self) -> dict[str, Any]:
        """What a checkpoint must have been made with to go on from."""
        rows = self.data.train
        shown = {"--generator": self.kind, "--loss": self.loss, "--iterations": self.iterations, "--seeds": self.seeds}
        total = float((self.data.origin + rows.double().numpy()).sum())
        return {"--seed": self.seed, **shown, "--data": [self.source, *rows.shape, total]}

    def told(self, players: Players) -> Players:
        """The players with a "d" that estimates log q / p, without one where the loss has none that does."""
        from formulations.losses import log_ratios

        return log_ratios(players, self.loss)

    def answered(self, players: Players) -> Players:
        """These players, resampled where the rows to watch by tell that this raises the likelihood."""
        from formulations.likelihood.data import mapped

        f = players["f"]
        if f not in self.answers:
            self.answers[f] = players
            if self.free and self.told(players) is players:  # then d's output is log q / p
                again = self.resampled(players)
                gain = mapped(again["d"].gain, self.data.watch)
                if gain.mean() > 2 * gain.std() / math.sqrt(len(gain)):  # standard errors
                    self.answers[f] = again
        return self.answers[f]

    def resampled(self, players: Players) -> Players:
        """A generator whose samples the discriminator chooses from, and what is left for it to tell."""
        import torch

        from formulations.gan import random_numbers
        from formulations.likelihood.data import mapped
        from formulations.players.resampling import Remaining, Resampled, log_odds

        f, d = players["f"], players["d"]
        z = self.noise(CHOOSING, random_numbers(0, "resampling"))
        log_d = torch.as_tensor(mapped(lambda part: log_odds(d(f(part))), z))
        return {"f": Resampled(f, d, z.shape[1]), "d": Remaining(d, float(log_d.logsumexp(0)) - math.log(len(z)))}

    def latest(self, member: int, iteration: int, answered: Players) -> tuple[int, Players] | None:
        """A member's last players, resampled if those answered are; None if that iteration is the last."""
        from formulations.players.resampling import Resampled

        found = self.followed.latest(member, iteration)
        if found is None or not isinstance(answered["f"], Resampled):
            return found
        return found[0], self.resampled(found[1])

    def trained(self, players: Players) -> Trained:
        """The generator of these players, to be sampled and kept."""
        return Trained(self.kind, players["f"], self.data.origin, self.columns)

    def samples(self, players: Players) -> Floats:
        """What one generator makes of fresh noise, (2500, d), in the data's units."""
        return self.trained(players).samples(SAMPLES, self.seed)


class Scheduled(Protocol):
    """Training of which it is planned how long it takes, and how steps shrink meanwhile; a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def iterations(self) -> int:
        """How many there are to be."""

    @property
    def schedules(self) -> tuple[Schedule, Schedule]:
        """Of both players' steps."""

    @property
    def options(self) -> Mapping[str, Any]:
        """What a checkpoint must have been made with to go on from."""


Stretching = TypeVar("Stretching", bound=Scheduled)


def falling(first: float, last: float, share: float) -> float:
    """From the first to the last as the share goes from 0 to 1, by a constant factor a step."""
    return first * math.pow(last / first, share)


def fading(progress: Tensor) -> Tensor:
    """The noise on what the discriminator sees, in sds of the data: from 0.1 to 0.01 in 60 % of the play, then none."""
    return 0.1 * 0.1 ** (progress / 0.6) * (progress < 0.6)


def stretched(
    training: Stretching, state: Mapping[str, Any], planned: Any, asked: int | None
) -> tuple[Stretching, Sequence[str]]:
    """The training that goes on from a state to as many iterations as planned, or asked for; what is to be said of it.

    Raises InputError for fewer iterations than it has had.
    """
    done, iterations = state.get("iteration"), asked or planned
    if not isinstance(done, int) or not isinstance(iterations, int):
        raise InputError("--resume: the checkpoint does not say how far it has come; start anew in another folder")
    if iterations < done:
        raise InputError(f"--iterations {iterations}: it has come to {done:,} already; ask for more, or leave it out")
    training = replace(training, iterations=iterations)
    if iterations == planned:
        return training, []
    slow = f"steps go on at {training.schedules[0](done):.0%} of the first"
    return training, [f"From iteration {done:,} of {planned:,} on to {iterations:,}, the schedule stretched: {slow}."]


def in_folder(
    training: Stretching, path: str | None, resume: bool, iterations: int | None
) -> tuple[Stretching, Folder | None, Mapping[str, Any] | None, Sequence[str]]:
    """The training, the folder that it is kept in, the state that it goes on from, and what is to be said of that.

    Raises InputError for a folder that cannot be used, and for a resumed run of other options.
    """
    if path is None:
        return training, None, None, []
    folder = Folder(path, training.options)
    if not resume:
        folder.begin()
        return training, folder, None, []
    state, planned = folder.state(free="--iterations")
    training, said = stretched(training, state, planned, iterations)
    folder.options = training.options
    return training, folder, state, said


def usual_iterations(data: str, kind: str, loss: str) -> int:
    """How long a generator is trained on data of that name unless --iterations says otherwise."""
    if loss == "likelihood":
        return CLIMBING[kind]
    return MODES.get(data, ITERATIONS[kind]) if kind == "mlp" else ITERATIONS[kind]


def best(training: Training, solution: Solution) -> Players:
    """The players to show: of several seeds those that do best on the data to watch by."""
    found = solution.answer
    return training.answered(found[solution.stats["chosen"]] if isinstance(found, list) else found)


def evidence(training: Training, solution: Solution) -> Mapping[str, Any]:
    """What held-out data prove of the generator shown, asked once; nothing if there was no time to ask them."""
    from formulations.gan import evidence

    if solution.stats["interrupted"]:
        return {}
    players = best(training, solution)
    if players["f"] not in training.proofs:
        noise = training.trained(players).noise
        proven = evidence(training.data, noise, players, loss=training.loss)
        training.proofs[players["f"]] = {**proven, **of_distance(training.data, noise, players, training.loss)}
    return training.proofs[players["f"]]
