"""A generator's likelihood and its Lagrangian weak dual, for continuous data.

A generator X = f(Z) with density p is to maximize V(f) = E_q log p, q being the data's density. For all d > 0

    V(f)  <=  -entropy(q) - 1 + L(f, d)        L = E_q[-log d(X)] + E[d(f(Z))]        equality at d = q / p

so the dual is trained: max over f, min over d, of L. The discriminator is a network that puts out log d. With D the
logistic function of its output, the original game of Goodfellow et al., Generative adversarial nets, 2014, is

    max over f, min over d    E_q[-log D(X)] + E[-log(1 - D(f(Z)))]                   least at the output log q / p

with, if "non-saturating", the generator climbing E log D(f(Z)) instead (their section 3). However it was trained, the
output is some log d, so that held-out data and fresh noise prove the same (formulations.likelihood.held_out):

    V(f)  <=  -entropy(q) - (a lower bound on KL(q || p))  <=  -entropy(q)

The right-hand side bounds every generator (d = 1; Gibbs' inequality): it is what a saddle problem calls its bound. What
is in the middle holds for this generator alone, and does not say that none is better.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from formulations.likelihood.held_out import LOG_D_CAP, KLBound, kl_bound, likelihood_interval, mean_at_least
from formulations.likelihood.mixtures import GaussianMixture
from formulations.players.generators import expectation, normal
from formulations.players.penalties import uniform_numbers
from formulations.problem import Block, Floats, Players, SaddleProblem, Sampler, Term

Loss = Literal["lagrangian", "minimax", "non-saturating"]
Start = Callable[[Generator], nn.Module]
Blur = Callable[[Tensor], Tensor]  # the share of the play that is over -> the noise's size, both (members, batch)

SPLIT_SHARES = (0.6, 0.1)  # of a user's data to train with and to watch by; the rest is held out
FEWEST_ROWS = 20  # rows that can be split so
HELD_OUT_DRAWS, WATCH_DRAWS = 1 << 18, 1 << 12  # draws of a known density, and of a generator, for either
ROWS_PER_EVALUATION = 1 << 14
FALSE_REJECTION_RATE = 1e-3  # the error with which a log_density is called one of no density
ENTROPY_TOLERANCE = 1e-6  # standard error above which an entropy is not known


@dataclass(frozen=True, eq=False)
class Data:
    """What to learn from and what to judge by, float32 (rows, d), no row in two parts.

    train     what the players see
    watch     what training is followed by, choices such as when to stop made by it
    held_out  what value, bound and evidence come from: every look at them before the last one spends them
    density   q, where it is known
    """

    train: Tensor
    watch: Tensor
    held_out: Tensor
    density: GaussianMixture | None = None

    @cached_property
    def center(self) -> Tensor:
        """The mean of the training data, (d,)."""
        return self.train.double().mean(0).float()

    @cached_property
    def scale(self) -> Tensor:
        """Their sd, (d,). Raises ValueError for a column that does not vary: it has no density."""
        scale = self.train.double().std(0).float()
        for j in np.flatnonzero(~(scale > 0).numpy()):
            raise ValueError(
                f"column {j + 1} of the data is {self.train[0, j]:.6g} in all rows, to 7 digits; leave it out"
            )
        return scale

    @cached_property
    def entropy(self) -> float | None:
        """The entropy of q in nats, where it is known."""
        known = self.density is not None and self.density.entropy_error() <= ENTROPY_TOLERANCE
        return self.density.entropy() if self.density is not None and known else None


def split(rows: ArrayLike, seed: int = 0) -> Data:
    """A user's independent observations (n, d), or (n,) for d = 1, shuffled and parted once.

    Raises ValueError for fewer than 20 rows, and for numbers that are not finite in float32.
    """
    given = np.asarray(rows)
    with np.errstate(over="ignore"):  # refused below
        x = given.astype(np.float32).reshape(len(given), -1) if given.ndim in (1, 2) else given
    if x.ndim != 2 or len(x) < FEWEST_ROWS or not x.shape[1]:
        raise ValueError(f"the data have shape {given.shape}; they must be (n, d) with n at least {FEWEST_ROWS}")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if len(bad):
        raise ValueError(f"row {bad[0] + 1} of the data has a number that is missing, infinite or beyond float32")
    order = np.random.default_rng([seed, len(x)]).permutation(len(x))
    train, watch, held_out = np.split(x[order], [int(share * len(x)) for share in np.cumsum(SPLIT_SHARES)])
    return Data(torch.from_numpy(train), torch.from_numpy(watch), torch.from_numpy(held_out))


def drawn(q: GaussianMixture, n: int, seed: int = 0) -> Data:
    """n draws to train with from a density that is known, and many to judge by."""
    sizes = (n, WATCH_DRAWS, HELD_OUT_DRAWS)
    train, watch, held_out = (q.sample(size, random_numbers(seed, f"data {k}")) for k, size in enumerate(sizes))
    return Data(train, watch, held_out, q)


def random_numbers(seed: int, what: str) -> Generator:
    """A generator for one purpose: a solver that is given the same seed draws other numbers."""
    words = np.random.SeedSequence([seed, *what.encode()]).generate_state(2)
    return torch.Generator().manual_seed(int(words[0]) << 32 | int(words[1]))


def resampled(rows: Tensor) -> Sampler:
    """Draws rows with replacement."""
    on = cache(rows.to)  # copied to a device once

    def draw(batch: int, generator: Generator) -> Tensor:
        device = generator.device
        return on(device).index_select(0, torch.randint(len(rows), (batch,), generator=generator, device=device))

    return draw


def lagrangian(blur: Blur | None = None) -> list[Term]:
    """L = E_q[-log d(X)] + E[d(f(Z))]."""
    seen, e = _blurred(blur)
    return [
        Term(lambda d, x, *e: -seen(d, x, *e), ["d"], ["data", *e]),
        Term(lambda f, d, z, *e: expectation(f, lambda x: seen(d, x, *e).exp(), z), ["f", "d"], ["noise", *e]),
    ]


def minimax(blur: Blur | None = None) -> list[Term]:
    """E_q[-log D(X)] + E[-log(1 - D(f(Z)))], D the logistic function of the output."""
    seen, e = _blurred(blur)
    return [
        Term(lambda d, x, *e: softplus(-seen(d, x, *e)), ["d"], ["data", *e]),
        Term(lambda f, d, z, *e: expectation(f, lambda x: softplus(seen(d, x, *e)), z), ["f", "d"], ["noise", *e]),
    ]


def log_d_trick(blur: Blur | None = None) -> list[Term]:
    """E log D(f(Z)): its gradient does not vanish where D tells all samples from data."""
    seen, e = _blurred(blur)
    return [
        Term(lambda f, d, z, *e: expectation(f, lambda x: -softplus(-seen(d, x, *e)), z), ["f", "d"], ["noise", *e])
    ]


def _blurred(blur: Blur | None) -> tuple[Callable[..., Tensor], list[str]]:
    """What d says of samples, blurred if they are to be, and the samplers that this takes."""
    if blur is None:
        return lambda d, x: d(x), []
    return lambda d, x, e, t: d(x + blur(t).unsqueeze(-1) * e), ["blur", "progress"]


def gan(
    data: Data,
    generator: Start,
    discriminator: Start,
    noise: Sampler,
    *,
    loss: Loss = "lagrangian",
    penalties: Sequence[Term] = (),
    blur: Blur | None = None,
    level: float = 0.95,
) -> SaddleProblem:
    """The game of generator "f" and discriminator "d", modules both; they are its answer.

    generator      random numbers -> a module from noise (batch, ...) to samples (batch, d) (players.generators)
    discriminator  random numbers -> a module from samples (batch, d) to log d, or log q / p, (batch,)
    penalties      what the discriminator pays (formulations.players.penalties); they may use the sampler "uniform"
    blur           the share of the play that is over -> how many of the data's sds of Gaussian noise are added to all
                   that d sees in play, if any: modes far apart are found while it is large. For generators that are
                   differentiated through their noise alone. Sonderby et al., Amortised MAP inference, 2017, section 3.4
    value          V on held-out data less its statistical error (asymptotic) at that level, if f has a log_density
    bound          -entropy(q), which no generator exceeds, if it is known
    watch          the estimates of `watched`
    Values and bounds are in nats per observation, of data in their own units. Raises ValueError for an unknown loss
    and for a level not within 0.5 and 1.
    """
    if loss not in ("lagrangian", "minimax", "non-saturating"):
        raise ValueError(f"the loss is {loss!r}; it must be 'lagrangian', 'minimax' or 'non-saturating'")
    if not 0.5 <= level < 1:
        raise ValueError(f"the confidence level is {level}; it must be at least 0.5 and below 1, such as 0.95")
    known = hasattr(generator(torch.Generator()), "log_density")
    entropy, scale = data.entropy, cache(data.scale.to)
    return SaddleProblem(
        maximize_over={"f": Block(generator)},
        minimize_over={"d": Block(discriminator)},
        payoff=lagrangian(blur) if loss == "lagrangian" else minimax(blur),
        surrogate=log_d_trick(blur) if loss == "non-saturating" else None,
        penalties={"minimize": penalties} if penalties else {},
        samplers={
            "data": resampled(data.train),
            "noise": noise,
            "uniform": uniform_numbers,
            "blur": lambda n, numbers: scale(numbers.device) * normal(len(data.scale))(n, numbers),
        },
        value=(lambda players: (_likelihood(data, players, level) or (-math.inf,))[0]) if known else None,
        bound=None if entropy is None else lambda _: -entropy,
        level=level,
        size=lambda _: 1.0,  # nat
        watch=lambda players: watched(data, noise, players),
    )


def watched(data: Data, noise: Sampler, players: Players) -> dict[str, float | None]:
    """Estimates from the data to watch by, in nats: V, what d says that V does not exceed, and its share of KL(q || p).

    "value" is None where the density of f is unknown, "bound" where the entropy of the data is.
    """
    kl = watched_kl(data, noise, players)
    known = hasattr(players["f"], "log_density")
    return {
        "value": _mean(_log_p(data, players, data.watch)) if known else None,
        "bound": None if data.entropy is None else -data.entropy - kl,
        "divergence": kl,
    }


def evidence(data: Data, noise: Sampler, players: Players, level: float = 0.95) -> dict[str, Any]:
    """What held-out data and fresh noise say of players f and d, each at that level and in nats.

    kl_at_least              a lower bound on KL(q || p), at every sample size
    kl_estimate              what it would be without statistical error: no bound
    likelihood_at_most       so that V does not exceed this; None where the entropy of q is unknown
    any_likelihood_at_most   what no generator's V exceeds: -entropy(q), or None
    likelihood_between       V by the central limit theorem, two-sided; None where p is unknown
    level, cap, data, generated  what the bound rests on (formulations.likelihood.held_out.KLBound)
    """
    found = _divergence(players, data.held_out, noise(HELD_OUT_DRAWS, random_numbers(0, "held out")), level)
    known, entropy = hasattr(players["f"], "log_density"), data.entropy
    return {
        "kl_at_least": found.kl_at_least,
        "kl_estimate": found.estimate,
        "likelihood_at_most": None if entropy is None else found.likelihood_at_most(entropy),
        "any_likelihood_at_most": None if entropy is None else -entropy,
        "likelihood_between": _likelihood(data, players, level) if known else None,
        "level": found.level,
        "cap": found.cap,
        "data": found.data,
        "generated": found.generated,
    }


def watched_kl(data: Data, noise: Sampler, players: Players) -> float:
    """What d makes of KL(q || p) on the data to watch by: to compare or choose players by, no bound."""
    return _divergence(players, data.watch, noise(WATCH_DRAWS, random_numbers(0, "watch"))).estimate


def _divergence(players: Players, rows: Tensor, z: Tensor, level: float = 0.95) -> KLBound:
    """KL(q || p) from below, by d at rows of q and at what f makes of the noise z."""
    f, d = players["f"], players["d"]
    at_data, at_samples = _mapped(d, rows), _mapped(lambda part: d(f(part)), z)
    # any positive d proves something: where the network's overflows, take the least
    at_data, at_samples = (np.where(np.isnan(log_d), -np.inf, log_d) for log_d in (at_data, at_samples))
    return kl_bound(at_data, at_samples, level=level)


def _log_p(data: Data, players: Players, rows: Tensor) -> Floats:
    """A variable whose mean is V: log p; or -entropy + log p - log q, which varies less the nearer p is to q."""
    log_p = _mapped(copy.deepcopy(players["f"]).double().log_density, rows.double())
    if data.density is None or data.entropy is None:
        return log_p
    return log_p - _mapped(data.density.log_density, rows) - data.entropy


def _likelihood(data: Data, players: Players, level: float) -> tuple[float, float] | None:
    """Between which V is; None where p is 0 at some of the data, overflows, or is shown to be no density."""
    values = _log_p(data, players, data.held_out)
    if not np.isfinite(values).all():
        return None
    if data.entropy is not None:  # then values are log p / q less the entropy, and E_q p / q is at most 1
        ratios = np.exp(np.minimum(values + data.entropy, LOG_D_CAP) - LOG_D_CAP)
        if math.exp(LOG_D_CAP) * mean_at_least(ratios, FALSE_REJECTION_RATE) > 1:
            return None
    return likelihood_interval(values, level)


def _mean(values: Floats) -> float | None:
    """Their mean, if it is finite."""
    mean = float(values.mean())
    return mean if math.isfinite(mean) else None


@torch.no_grad()
def _mapped(function: Callable[[Tensor], Any], rows: Tensor) -> Floats:
    """The function's values, float64 (n,)."""
    return np.concatenate(
        [np.asarray(function(part), dtype=np.float64) for part in torch.split(rows, ROWS_PER_EVALUATION)]
    )
