"""The weak dual of the likelihood for continuous data, as a confidence bound from held-out samples.

For every d > 0, with data from q and a generator's samples from p (Donsker & Varadhan 1975),

    KL(q || p)  >=  E_q log d - log E_p d  >=  1 + E_q log d - E_p d        equality in both at d = q / p

and so  V = E_q log p = -entropy(q) - KL(q || p)  is bounded above wherever the entropy of q is known. The expectations
are not known: each is replaced by a confidence limit from samples that d was not trained on. With log d capped to
[-cap, cap], which is another valid d, both are means of bounded variables, and their limits hold at every sample size.
On training data, or without the cap (d may have infinite variance under p), the confidence level does not hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from formulations.problem import Floats

LOG_D_CAP = 3.0  # the largest |log d|, fixed before any sample is seen
MOST_OF_CAPITAL_AT_STAKE = 0.75  # the largest share of the capital that a single draw can lose
BISECTION_STEPS = 30


@dataclass(frozen=True, kw_only=True)
class KLBound:
    """KL(q || p) >= kl_at_least, in nats, at a confidence of `level` over the draw of the held-out samples.

    estimate         the same with sample means for expectations: not a bound
    cap              log d was capped to [-cap, cap]
    data, generated  the numbers of samples of q and of p

    >>> found = kl_bound(np.ones(1000), -np.ones(1000))  # a discriminator that separates q from p
    >>> round(found.kl_at_least, 2), round(found.estimate, 2), round(found.likelihood_at_most(entropy=1.5), 2)
    (1.74, 2.0, -3.24)
    """

    kl_at_least: float
    estimate: float
    level: float
    cap: float
    data: int
    generated: int

    def likelihood_at_most(self, entropy: float) -> float:
        """An upper bound on V = E_q log p, at the same confidence, for data of that (differential) entropy in nats."""
        return -entropy - self.kl_at_least


def kl_bound(
    log_d_data: ArrayLike, log_d_generated: ArrayLike, *, level: float = 0.95, cap: float = LOG_D_CAP
) -> KLBound:
    """The lower bound on KL(q || p) from the values of log d at held-out data, (n,), and at samples of p, (m,).

    Held out: independent, in the order drawn (rows of a file: in random order), and used neither to train nor to choose
    d, level or cap. Samples of p cost nothing, so draw many: each expectation gets half of the error probability
    1 - level. Infinite values are capped. Raises ValueError for NaN, fewer than 2 values, a level not within [0.5, 1)
    or a cap not within (0, 100].

    >>> kl_bound(np.zeros(1000), np.zeros(1000)).kl_at_least  # log d = 0 says nothing of q and p
    0.0
    """
    refuse_level(level)
    if not 0 < cap <= 100:
        raise ValueError(f"the cap on log d is {cap}; it must be positive and at most 100, such as 3")
    log_d = np.clip(values_of("log d at data", log_d_data), -cap, cap)
    log_d_of_p = np.clip(values_of("log d at generated samples", log_d_generated), -cap, cap)
    error = (1 - level) / 2
    lower = mean_between(log_d, -cap, cap, error)
    upper = -mean_between(-np.exp(log_d_of_p), -math.exp(cap), 0.0, error)
    return KLBound(
        kl_at_least=max(0.0, lower - math.log(upper)),  # no KL is negative
        estimate=float(log_d.mean() - np.log(np.exp(log_d_of_p).mean())),
        level=level,
        cap=cap,
        data=len(log_d),
        generated=len(log_d_of_p),
    )


def mean_at_least(x: Floats, error: float) -> float:
    """A lower confidence limit on the mean of n variables in [0, 1], x float64 (n,), at confidence 1 - error.

    Bet against the mean being m: sample i multiplies the capital by 1 + s_i (x_i - m), the stake s_i chosen from the
    samples before it, so their order must not depend on their values. If the mean is at most m, the capital is a
    supermartingale and ever reaches 1 / error with a probability of at most `error` (Ville). It decreases in m, so
    the m for which it did are those below one limit. Waudby-Smith & Ramdas, Estimating means of bounded random
    variables by betting, JRSS B 86 (2024), with their stakes for a fixed n.

    >>> limits = [mean_at_least(np.tile([0.0, 1.0], n), 0.05) for n in (50, 5000)]  # sample means of 1/2
    >>> [round(limit, 2) for limit in limits]
    [0.38, 0.49]
    """
    target, stake = -math.log(error), stakes(x, error)
    low, high = 0.0, 1.0
    for _ in range(BISECTION_STEPS):
        m = (low + high) / 2
        refuted = np.log1p(np.minimum(stake, MOST_OF_CAPITAL_AT_STAKE / m) * (x - m)).cumsum().max() >= target
        low, high = (m, high) if refuted else (low, m)
    return low


def mean_between(x: Floats, low: float, high: float, error: float) -> float:
    """The same for variables in [low, high].

    >>> round(mean_between(np.tile([-1.0, 1.0], 5000), -1.0, 1.0, 0.05), 2)
    -0.02
    """
    return low + (high - low) * mean_at_least((x - low) / (high - low), error)


def difference_at_least(
    x: Floats, y: Floats, of_x: tuple[float, float], of_y: tuple[float, float], error: float
) -> float:
    """A lower confidence limit on E X - E Y from n and m variables in those intervals, at confidence 1 - error.

    It bets on min(n, m) differences: where n <= m, of one x each and the mean of the next m / n or so of y. Two bets,
    one on E X and one on E Y with half of the error each, add up their errors as if both were at their worst at once.

    >>> x, y = np.tile([1.0, 3.0], 5000), np.tile([0.0, 2.0], 10_000)
    >>> of_each = mean_between(x, 0, 4, 0.025) - 4 + mean_between(4 - y, 0, 4, 0.025)
    >>> round(difference_at_least(x, y, (0, 4), (0, 4), 0.05), 2), round(of_each, 2)
    (0.98, 0.95)
    """
    blocks = min(len(x), len(y))
    return mean_between(_means(x, blocks) - _means(y, blocks), of_x[0] - of_y[1], of_x[1] - of_y[0], error)


def _means(x: Floats, blocks: int) -> Floats:
    """The means of that many runs of x, in order, of lengths that differ by at most 1."""
    ends = np.linspace(0, len(x), blocks + 1).astype(int)
    means: Floats = np.add.reduceat(x, ends[:-1]) / np.diff(ends)
    return means


def stakes(x: Floats, error: float) -> Floats:
    """The stake at each of n samples, float64 (n,), by the variance of the samples before it.

    >>> stakes(np.array([0.5, 0.5, 0.5]), 0.05).round(2).tolist()  # the smaller the variance, the larger the stake
    [2.83, 4.0, 4.9]
    """
    n, draws = len(x), np.arange(1, len(x) + 1)
    mean = (np.cumsum(x) + 1 / 2) / (draws + 1)
    variance = (np.cumsum((x - mean) ** 2) + 1 / 4) / (draws + 1)
    before = np.concatenate([[1 / 4], variance[:-1]])
    best: Floats = np.sqrt(-2 * math.log(error) / (n * before))
    return best


def likelihood_interval(log_p: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """An asymptotic, two-sided interval for V = E_q log p from a model's log density at held-out data (n,).

    Mean -+ z sd / sqrt(n), by the central limit theorem: not a certificate. Log densities are unbounded, and no
    interval for their mean has guaranteed coverage at a finite n for all q (Bahadur & Savage 1956). For the gap between
    V and a bound use it with log p + log d, whose noise largely cancels. Raises ValueError for NaN, infinite or fewer
    than 2 values, and a level not within [0.5, 1).

    >>> [round(end, 3) for end in likelihood_interval([-1.0, -2.0, -1.5, -1.5])]
    [-1.9, -1.1]
    """
    refuse_level(level)
    values = values_of("log p", log_p)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise ValueError(
            f"log p is infinite at {infinite:,} of {len(values):,} data, so its mean is too; give the model a density "
            "that is positive and finite at all data"
        )
    mean, half = float(values.mean()), NormalDist().inv_cdf((1 + level) / 2) * float(values.std(ddof=1))
    return mean - half / math.sqrt(len(values)), mean + half / math.sqrt(len(values))


def refuse_level(level: float) -> None:
    """Raise ValueError for a confidence level that is not within [0.5, 1).

    >>> refuse_level(0.95)
    """
    if not 0.5 <= level < 1:
        raise ValueError(f"the confidence level is {level}; it must be at least 0.5 and below 1, such as 0.95")


def values_of(name: str, given: ArrayLike) -> Floats:
    """The values as float64 (n,); raises ValueError for NaN and for fewer than 2.

    >>> values_of("log d", [1, 2])
    array([1., 2.])
    """
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"{name} has shape {values.shape}; give a vector of at least 2 values, one per held-out sample"
        )
    missing = int(np.isnan(values).sum())
    if missing:
        raise ValueError(f"{name} is NaN for {missing:,} of {len(values):,} samples; a bound needs a value at each")
    return values
