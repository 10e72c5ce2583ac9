"""Generative adversarial networks: a generator's likelihood and its Lagrangian weak dual, for continuous data.

A generator X = f(Z) with density p is to maximize V(f) = E_q log p, q being the data's density. For all d > 0

    V(f)  <=  -entropy(q) - 1 + L(f, d)        L = E_q[-log d(X)] + E[d(f(Z))]        equality at d = q / p

so training solves the saddle problem max over f, min over d, of L. The discriminator is a network with output log d.
With D the logistic function of its output, the game of Goodfellow et al., Generative adversarial nets, 2014, is

    max over f, min over d    E_q[-log D(X)] + E[-log(1 - D(f(Z)))]             minimal at the output log q / p

where a "non-saturating" generator maximizes E log D(f(Z)) instead (their section 3). These are two of many losses
(formulations.losses). For most of them the output tells some log d, so that held-out data and independent noise give a
confidence bound (formulations.likelihood.held_out):

    V(f)  <=  -entropy(q) - (a lower bound on KL(q || p))  <=  -entropy(q)

Samples may then be resampled by d (formulations.players.resampling), which brings their law nearer to q.

Where p is known, the "likelihood" loss maximizes V itself, over the training data, and d follows for the bound. The
right-hand side bounds every generator's likelihood (d = 1; Gibbs' inequality): it is the bound of the saddle
problem. The bound in the middle holds for this generator only, and does not exclude better ones.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from formulations.divergences.confidence import at_least, best_cap
from formulations.likelihood.data import Data, mapped, mean_of, resampled
from formulations.likelihood.energy import energy_distance
from formulations.likelihood.held_out import LOG_D_CAP, kl_bound, likelihood_interval, mean_at_least
from formulations.likelihood.mixtures import GaussianMixture
from formulations.losses import log_ratios, objective
from formulations.players.generators import normal
from formulations.players.losses import Blur
from formulations.players.penalties import uniform_numbers
from formulations.problem import Block, Floats, Players, SaddleProblem, Sampler, Term

Start = Callable[[Generator], nn.Module]

HELD_OUT_DRAWS = 1 << 18  # draws of a known density, and at most of a generator, for testing
WATCH_DRAWS = 1 << 12  # the same for validation
DRAWS_PER_ROW = 64  # of a generator for testing: the error by the rows is the larger one; for validation a 16th
ROWS_AT_LEAST = 512  # as many draws as for these there are for fewer rows, too
DISTANCE_ROWS = 1_000  # and samples, that an energy distance is estimated by
FALSE_REJECTION_RATE = 1e-3  # the probability that a correct log_density is rejected


def drawn(q: GaussianMixture, n: int, seed: int = 0) -> Data:
    """n draws of a known density for training, and many for validation and testing.

    >>> data = drawn(GaussianMixture([1.0], [[0.0]], [1.0]), 100)
    >>> len(data.train), round(data.entropy, 4)  # the entropy of N(0, 1) in nats
    (100, 1.4189)
    """
    sizes = (n, WATCH_DRAWS, HELD_OUT_DRAWS)
    train, watch, held_out = (q.sample(size, random_numbers(seed, f"data {k}")) for k, size in enumerate(sizes))
    return Data(train, watch, held_out, q)


def random_numbers(seed: int, what: str) -> Generator:
    """A random number generator for one purpose, independent of those for others with the same seed.

    >>> torch.rand(1, generator=random_numbers(0, "data")) == torch.rand(1, generator=random_numbers(0, "noise"))
    tensor([False])
    """
    words = np.random.SeedSequence([seed, *what.encode()]).generate_state(2)
    return torch.Generator().manual_seed(int(words[0]) << 32 | int(words[1]))


def gan(
    data: Data,
    generator: Start,
    discriminator: Start,
    noise: Sampler,
    *,
    loss: str = "lagrangian",
    penalties: Sequence[Term] = (),
    blur: Blur | None = None,
    told: bool = False,
    scale: Tensor | float | None = None,
    level: float = 0.95,
) -> SaddleProblem:
    """The game of a generator "f" and a discriminator "d", two modules, which are its answer.

    generator      random numbers -> a module from noise (batch, ...) to samples (batch, d) (players.generators)
    discriminator  random numbers -> a module from samples (batch, d) to the output v, (batch,), for the loss "began" to
                   samples (batch, d); unused where the loss has none
    loss           a row of formulations.losses
    penalties      penalties on the discriminator (formulations.players.penalties); they may use the sampler "uniform"
    blur           share of training done -> standard deviation, relative to the data's, of Gaussian noise that is added
                   to the discriminator's inputs in training: while it is large, distant modes are found. For generators
                   without discrete choices. Sonderby et al., Amortised MAP inference, 2017, section 3.4
    told           whether the discriminator is given the share of training done as well, d(x, t), to change with it
    scale          the units of slopes and distances, one or (d,); by default the data's standard deviations
    Of the problem, value is the lower end of an asymptotic confidence interval for V on held-out data, if f has a
    log_density; bound is -entropy(q), if that is known; watch gives the estimates of `watched`. All are in nats per
    observation, of data in their own units. Raises ValueError for an unknown loss and a level not within [0.5, 1).

    >>> from formulations.players import generators
    >>> data = drawn(GaussianMixture([1.0], [[0.0]], [1.0]), 100)
    >>> f = lambda rng: generators.Gaussian(data.center, data.scale, rng)
    >>> game = gan(data, f, lambda rng: generators.discriminator([8], data.center, data.scale, rng), normal(1))
    >>> round(game.bound({}), 4)  # no generator has a higher expected log-likelihood
    -1.4189
    """
    scored = objective(loss, data.scale if scale is None else scale, blur, told)
    if not 0.5 <= level < 1:
        raise ValueError(f"the confidence level is {level}; it must be at least 0.5 and below 1, such as 0.95")
    known = hasattr(generator(torch.Generator()), "log_density")
    if loss == "likelihood" and not known:
        raise ValueError("the loss 'likelihood' needs a generator with a log_density; choose another loss or generator")
    entropy, paid = data.entropy, [*scored.penalties, *penalties]
    return SaddleProblem(
        maximize_over={"f": Block(generator), **scored.multipliers},
        minimize_over={"d": Block(discriminator)} if scored.adversarial else {},
        payoff=scored.payoff,
        surrogate=scored.surrogate,
        penalties={"minimize": paid} if paid else {},
        samplers=samplers(data, noise),
        value=(lambda players: (_likelihood(data, players, level) or (-math.inf,))[0]) if known else None,
        bound=None if entropy is None else lambda _: -entropy,
        level=level,
        size=lambda _: 1.0,  # nat
        watch=lambda players: watched(data, noise, log_ratios(players, loss)),
        maths={**scored.maths, "where": r"X \sim q \text{ are the data}, \quad Z \text{ is noise}"},
    )


def samplers(data: Data, noise: Sampler) -> dict[str, Sampler]:
    """What the payoff and the penalties are expectations over: "data", "noise", "uniform" and "blur".

    >>> list(samplers(drawn(GaussianMixture([1.0], [[0.0]], [1.0]), 100), normal(1)))
    ['data', 'noise', 'uniform', 'blur']
    """
    scale = cache(data.scale.to)  # copied to each device once
    return {
        "data": resampled(data.train),
        "noise": noise,
        "uniform": uniform_numbers,
        "blur": lambda n, numbers: scale(numbers.device) * normal(len(data.scale))(n, numbers),
    }


def watched(data: Data, noise: Sampler, players: Players) -> dict[str, float | None]:
    """Estimates on the validation set, in nats: "value" of V, "bound" by d on V, "divergence" by d of KL(q || p).

    "value" is None where the density of f is unknown, "bound" where the entropy of the data is. A KL is never negative:
    where a poor d puts it below 0, "bound" is that on all generators, -entropy(q). These are no certificates. Where f
    has no density, "distance" is the energy distance of its samples from the data, which no d can flatter, in standard
    units, and "distance_error" its standard error.

    >>> data = drawn(GaussianMixture([1.0], [[0.0]], [1.0]), 100)
    >>> found = watched(data, normal(1), {"f": lambda z: z + 1, "d": lambda x: 0.5 - x[:, 0]})  # the exact log q / p
    >>> found["value"], round(found["divergence"], 1)  # KL(N(0, 1) || N(1, 1)) = 0.5
    (None, 0.5)
    """
    kl = watched_kl(data, noise, players) if "d" in players else None
    known = hasattr(players["f"], "log_density")
    return {
        "value": mean_of(_log_p(data, players, data.watch)) if known else None,
        "bound": None if data.entropy is None else -data.entropy - max(kl or 0.0, 0.0),
        "divergence": kl,
        **({} if known else _distance(data, noise, players)),
    }


def evidence(
    data: Data,
    noise: Sampler,
    players: Players,
    level: float = 0.95,
    loss: str = "lagrangian",
    draws_per_row: int = DRAWS_PER_ROW,
) -> dict[str, Any]:
    """Confidence bounds for players f and d from held-out data and independent noise, each at that level and in nats.

    kl_at_least              a lower bound on KL(q || p), valid at every sample size; None where d says nothing of q / p
    kl_estimate              its point estimate
    divergence               the f-divergence that the loss is the dual of, by name; None if of none
    divergence_at_least      a lower bound on it, valid at every sample size, at a cap chosen by the validation set
    likelihood_at_most       the upper bound on V that follows; None where the entropy of q is unknown
    any_likelihood_at_most   an upper bound on every generator's V: -entropy(q), or None
    likelihood_between       a two-sided asymptotic interval for V; None where p is unknown
    level, cap, data, generated  as in formulations.likelihood.held_out.KLBound

    >>> from formulations.likelihood.data import split
    >>> data = split(np.random.default_rng(0).normal(size=1000))  # q = N(0, 1)
    >>> found = evidence(data, normal(1), {"f": lambda z: z + 1, "d": lambda x: 0.5 - x[:, 0]})
    >>> 0.1 < found["kl_at_least"] < 0.5, found["data"]  # KL(N(0, 1) || N(1, 1)) = 0.5
    (True, 300)
    """
    draws = _draws(data.held_out, HELD_OUT_DRAWS, draws_per_row)
    known, entropy, row = hasattr(players["f"], "log_density"), data.entropy, objective(loss).divergence
    told, kl, of_loss = log_ratios(players, loss), None, None
    if "d" in told:
        v, w = _log_ratios(told, data.held_out, noise(draws, random_numbers(0, "held out")))
        kl = kl_bound(v, w, level=level)
        if row is not None:
            of_loss = kl.kl_at_least
            if row.name != "kl":
                cap = best_cap(row, *_watched_log_ratios(data, noise, told), len(v), draws, level)
                of_loss = at_least(row, v, w, level, cap)
    return {
        "kl_at_least": None if kl is None else kl.kl_at_least,
        "kl_estimate": None if kl is None else kl.estimate,
        "divergence": None if row is None else row.name,
        "divergence_at_least": of_loss,
        "likelihood_at_most": None if kl is None or entropy is None else kl.likelihood_at_most(entropy),
        "any_likelihood_at_most": None if entropy is None else -entropy,
        "likelihood_between": _likelihood(data, players, level) if known else None,
        "level": level,
        "cap": LOG_D_CAP,
        "data": len(data.held_out),
        "generated": draws,
    }


def watched_kl(data: Data, noise: Sampler, players: Players) -> float:
    """The estimate of KL(q || p) by d on the validation set, in nats: to compare players, not a bound.

    >>> data = drawn(GaussianMixture([1.0], [[0.0]], [1.0]), 100)
    >>> watched_kl(data, normal(1), {"f": lambda z: z, "d": lambda x: 0 * x[:, 0]})
    0.0
    """
    return kl_bound(*_watched_log_ratios(data, noise, players)).estimate


def _watched_log_ratios(data: Data, noise: Sampler, players: Players) -> tuple[Floats, Floats]:
    """log d at the rows of the validation set and at samples."""
    draws = _draws(data.watch, WATCH_DRAWS, DRAWS_PER_ROW // 16)
    return _log_ratios(players, data.watch, noise(draws, random_numbers(0, "watch")))


def _draws(rows: Tensor, most: int, of_each: int) -> int:
    """How many samples of a generator these rows are held against."""
    return min(most, of_each * max(len(rows), ROWS_AT_LEAST))


def _distance(data: Data, noise: Sampler, players: Players) -> dict[str, float | None]:
    """The energy distance of samples from the validation set, and its standard error; None where it is not finite."""
    z = noise(DISTANCE_ROWS, random_numbers(0, "distance"))
    rows, samples = data.watch[:DISTANCE_ROWS].double().numpy(), mapped(players["f"], z)
    scale = data.scale.double().numpy()
    known = np.isfinite(samples).all()
    distance, error = energy_distance(rows / scale, samples / scale) if known else (None, None)
    return {"distance": distance, "distance_error": error}


def _log_ratios(players: Players, rows: Tensor, z: Tensor) -> tuple[Floats, Floats]:
    """log d at rows of q and at the samples f(z)."""
    f, d = players["f"], players["d"]
    at_data, at_samples = mapped(d, rows), mapped(lambda part: d(f(part)), z)
    # every d > 0 gives a valid bound: where the output overflows to NaN, take log d = -inf, to be capped
    return np.where(np.isnan(at_data), -np.inf, at_data), np.where(np.isnan(at_samples), -np.inf, at_samples)


def _log_p(data: Data, players: Players, rows: Tensor) -> Floats:
    """A variable with mean V: log p, or -entropy + log p - log q, a control variate, where q is known."""
    log_p = mapped(copy.deepcopy(players["f"]).double().log_density, rows.double())
    if data.density is None or data.entropy is None:
        return log_p
    return log_p - mapped(data.density.log_density, rows) - data.entropy


def _likelihood(data: Data, players: Players, level: float) -> tuple[float, float] | None:
    """An interval for V; None where p is 0 at some of the data, overflows, or is rejected as not a density."""
    values = _log_p(data, players, data.held_out)
    if not np.isfinite(values).all():
        return None
    if data.entropy is not None:  # then values are log p / q minus the entropy, and E_q p / q is at most 1
        ratios = np.exp(np.minimum(values + data.entropy, LOG_D_CAP) - LOG_D_CAP)
        if math.exp(LOG_D_CAP) * mean_at_least(ratios, FALSE_REJECTION_RATE) > 1:
            return None
    return likelihood_interval(values, level)
