"""Mode collapse: one generator against discriminators of several strengths, and with what is said to help.

Data, nets, noise and batches are the same for all; each variant says what differs from plain minimax. While it is
played, it is noted which modes the samples cover, and how long the gradient of what the generator maximizes is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from formulations.likelihood.data import Data
    from formulations.likelihood.mixtures import GaussianMixture
    from formulations.problem import Floats, SaddleProblem
    from problems.studies.mode_quality import ModeQuality
    from solvers.descent_ascent import DescentAscent, SaddleSearch

    Follow = Callable[[Any], None] | None

NOISE, HIDDEN = 2, (64, 64)  # numbers that the generator is fed, and hidden layers of both players
RATE = 1e-3  # first steps of the generator, by Adam
BATCH = 64  # a multiple of PACK
PACK = 4  # samples that are judged at once, where they are
WATCHED, JUDGED = 1_000, 2_500  # samples at each look, and at the end
SHOWN = (0.0, 0.1, 0.3, 1.0)  # shares of the play at which samples are drawn


@dataclass(frozen=True)
class Variant:
    """How a generator is trained: what differs from minimax between equals.

    inner  steps of the discriminator for each of the generator's; rate: the first of them
    moves  whether the generator moves at all
    """

    name: str
    said: str
    loss: str = "minimax"
    inner: int = 1
    rate: float = RATE
    blurred: bool = False
    pack: int = 1
    moves: bool = True


_strong = partial(Variant, inner=5, rate=5 * RATE)
VARIANTS = (
    Variant("equal", "minimax, both players alike"),
    Variant("weak d", "minimax, steps of the discriminator a tenth as long", rate=RATE / 10),
    _strong("strong d", "minimax, 5 steps of the discriminator for each of the generator's, each 5 times as long"),
    _strong("strong d, log D", "the same, but the generator maximizes E log D", loss="non-saturating"),
    _strong("strong d, blur", "as strong, all that it sees is blurred at first", blurred=True),
    _strong("strong d, pairs", "as strong, but each sample is judged beside a row of the data", loss="relativistic"),
    _strong("strong d, packs", f"minimax, as strong, but it judges {PACK} samples at once", pack=PACK),
)
STILL = (
    Variant("minimax", "a generator that is held still, apart from the data", rate=5 * RATE, moves=False),
    Variant("log D", "a generator that is held still, apart from the data", "non-saturating", 1, 5 * RATE, moves=False),
)
APART, NARROW = 3.0, 0.1  # where it is, in standard deviations of the data, and how wide


@dataclass(frozen=True)
class Look:
    """What was seen at one iteration: for each seed the modes' shares of samples, and the length of the gradient.

    shares  (seeds, modes), of samples within 3 sd of the mode
    """

    iteration: int
    shares: Floats
    gradients: Sequence[float]
    samples: Floats  # of the first seed, (n, 2)


@dataclass(frozen=True)
class Outcome:
    """What came of one variant, for each seed."""

    variant: Variant
    looks: Sequence[Look]
    quality: Sequence[ModeQuality]
    iterations: int
    solve_seconds: float

    @property
    def lost(self) -> float:
        """Modes that samples covered at some time and do not at the end, on average over the seeds."""
        ever = [sum(look.shares[k] > 0 for look in self.looks) > 0 for k in range(len(self.quality))]
        return fmean(float((found & (self.looks[-1].shares[k] == 0)).sum()) for k, found in enumerate(ever))

    @property
    def gradient(self) -> float:
        """The middle length of the generator's gradient, over time and seeds."""
        return median(gradient for look in self.looks for gradient in look.gradients)

    def at(self, share: float) -> Look:
        """The look nearest to that share of the play."""
        return min(self.looks, key=lambda look: abs(look.iteration - share * self.iterations))

    def as_json(self) -> dict[str, Any]:
        """The same in numbers and names."""
        history = [
            {
                "iteration": look.iteration,
                "covered": (look.shares > 0).sum(axis=1).tolist(),
                "shares": look.shares.tolist(),
                "gradients": look.gradients,
            }
            for look in self.looks
        ]
        found = {"variant": self.variant.name, "said": self.variant.said, "iterations": self.iterations}
        summary = {"quality": [asdict(one) for one in self.quality], "lost": self.lost, "gradient": self.gradient}
        return {**found, **summary, "solve_seconds": self.solve_seconds, "history": history}


def collapse(
    data: Data,
    iterations: int,
    seeds: int,
    seed: int,
    until: float,
    watching: Callable[[Follow], AbstractContextManager[Follow]],
    variants: Iterable[Variant] = (*VARIANTS, *STILL),
    device: str = "auto",
) -> Iterator[Outcome]:
    """Each variant, one after the other, until that time of time.monotonic(): what is left is shared out evenly.

    watching  who else follows a search
    """
    waiting = list(variants)
    while waiting and time.monotonic() < until:
        left = until - time.monotonic()
        with watching(None) as follow:
            yield played(data, waiting[0], iterations, seeds, seed, left / len(waiting), follow, device)
        del waiting[0]


def played(
    data: Data,
    variant: Variant,
    iterations: int,
    seeds: int,
    seed: int,
    limit: float = math.inf,
    follow: Follow = None,
    device: str = "auto",
) -> Outcome:
    """One variant, by so many seeds at once."""
    from problems.studies.mode_quality import mode_quality
    from solvers import solve

    assert data.density is not None
    looks: list[Look] = []

    def look(search: SaddleSearch) -> None:
        looks.append(_look(search, data.density, seeds, seed))  # type: ignore[arg-type]
        if follow is not None:
            follow(search)

    solution = solve(
        game(data, variant),
        settings(variant, iterations, seeds),
        seed=seed,
        device=device,
        time_limit=None if limit == math.inf else max(limit, 0.01),
        progress=look,
    )
    if solution.stats["interrupted"]:
        raise KeyboardInterrupt
    answers = solution.answer if seeds > 1 else [solution.answer]
    judged = [mode_quality(_samples(players["f"], JUDGED, seed), data.density) for players in answers]
    return Outcome(variant, looks, judged, looks[-1].iteration, solution.stats["solve_seconds"])


def game(data: Data, variant: Variant) -> SaddleProblem:
    """The game: plain nets, without the caps and features that the recipe of generators has."""
    from formulations.gan import samplers
    from formulations.losses import objective
    from formulations.packing import packing
    from formulations.players.generators import free, normal
    from formulations.problem import Block, SaddleProblem

    units = data.center, data.scale
    made = units if variant.moves else (data.center + APART * data.scale, NARROW * data.scale)
    if variant.pack > 1:
        terms: dict[str, Any] = {"payoff": packing(variant.pack)[0]}
    else:
        scored = objective(variant.loss, data.scale, _fading if variant.blurred else None)
        terms = {"payoff": scored.payoff, "surrogate": scored.surrogate, "penalties": {"minimize": scored.penalties}}
    return SaddleProblem(
        maximize_over={"f": Block(partial(free, NOISE, HIDDEN, *made))},
        minimize_over={"d": Block(partial(_discriminator, variant.pack, *units))},
        samplers=samplers(data, normal(NOISE)),
        **terms,
    )


def _discriminator(pack: int, center: Tensor, scale: Tensor, numbers: Generator) -> nn.Module:
    from torch import nn

    from formulations.players.networks import Scalar, Standardize, mlp

    units = Standardize(center.repeat(pack), scale.repeat(pack))
    return nn.Sequential(units, mlp([pack * len(center), *HIDDEN, 1], numbers), Scalar())


def _fading(progress: Tensor) -> Tensor:
    """The standard deviation of the blur, relative to the data's: from 0.2 to 0.01 in 60 % of the play, then none."""
    return 0.2 * 0.05 ** (progress / 0.6) * (progress < 0.6)


def settings(variant: Variant, iterations: int, seeds: int) -> DescentAscent:
    """Alternating steps of Adam that shrink to nothing; no average, which would hide what the players do."""
    import torch

    from solvers.descent_ascent import DescentAscent

    adam = partial(torch.optim.Adam, betas=(0.5, 0.99))
    rates = RATE if variant.moves else 0.0, variant.rate
    return DescentAscent(
        method="alternating",
        optimizer=(partial(adam, lr=rates[0]), partial(adam, lr=rates[1])),
        schedule=lambda iteration: (1 + math.cos(math.pi * iteration / iterations)) / 2,
        inner=variant.inner,
        iterations=iterations,
        batch=BATCH,
        members=seeds,
    )


def _look(search: SaddleSearch, density: GaussianMixture, seeds: int, seed: int) -> Look:
    from problems.studies.mode_quality import mode_shares

    made = [_samples(search.play.member(k)["f"], WATCHED, seed) for k in range(seeds)]
    gradients = search.play.players["maximize"].gradient.norm(dim=1).tolist()  # of this look's own samples
    return Look(search.iteration, mode_shares(made, density), gradients, made[0])


def _samples(generator: Any, count: int, seed: int) -> Floats:
    """Samples of the same noise whenever they are asked for, float64 (count, 2)."""
    import torch

    from formulations.gan import random_numbers
    from formulations.players.generators import normal

    with torch.no_grad():
        made: Floats = generator(normal(NOISE)(count, random_numbers(seed, "collapse"))).double().numpy()
    return made


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each variant: averages over the seeds."""
    moved = [outcome for outcome in outcomes if outcome.variant.moves]
    if moved:
        of = moved[0].quality[0].modes
        heads = ("modes", "lost", "within 3 sd", "reverse KL", "|gradient|", "seconds")
        yield f"  {f'of {of} modes':<18}" + "".join(f"{head:>13}" for head in heads)
    for outcome in moved:
        quality = outcome.quality
        finite = [one.reverse_kl for one in quality if one.reverse_kl is not None]
        cells = (
            f"{fmean(one.covered for one in quality):.1f}",
            f"{outcome.lost:.1f}",
            f"{fmean(one.high_quality for one in quality):.1%}",
            f"{fmean(finite):.2f}" if finite else "",
            f"{outcome.gradient:.2g}",
            f"{outcome.solve_seconds:.1f}",
        )
        yield f"  {outcome.variant.name:<18}" + "".join(f"{cell:>13}" for cell in cells)
    for outcome in outcomes:
        if not outcome.variant.moves:
            first, last = (fmean(look.gradients) for look in (outcome.looks[0], outcome.looks[-1]))
            grown = f"|gradient| {first:.2g} at first, {last:.2g} after {outcome.iterations:,} steps of d"
            yield f"  {outcome.variant.name}, samples held still apart from the data: {grown}"


def missing(outcomes: Sequence[Outcome], iterations: int) -> Iterator[str]:
    """What the time limit has cut short, or left out."""
    known = {outcome.variant.name: outcome for outcome in outcomes}
    cut = [f"{name} ({outcome.iterations:,})" for name, outcome in known.items() if outcome.iterations < iterations]
    if cut:
        yield f"  the time limit ended before {iterations:,} iterations: {', '.join(cut)}"


def facts(data: Data, iterations: int, seeds: int) -> Mapping[str, Any]:
    """What all variants have in common."""
    assert data.density is not None
    common = {"noise": NOISE, "hidden": list(HIDDEN), "batch": BATCH, "iterations": iterations, "seeds": seeds}
    return {**common, "modes": len(data.density.weights)}
