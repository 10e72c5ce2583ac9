"""Two-sided confidence limits on metrics between laws that are largest over a ball of functions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from formulations.likelihood.held_out import difference_at_least, refuse_level, values_of


def metric_between(
    S_q: ArrayLike,
    S_p: ArrayLike,
    values: tuple[float, float],
    of_samples: float,
    spread: float,
    level: float = 0.95,
) -> tuple[float, float]:
    """Two-sided confidence limits on max over a ball of functions S of E_q S - E_p S, by held-out samples (n,), (m,).

    S_q, S_p    what one S of the ball is at the samples, chosen without them
    values      the least and the most that this S ever is
    of_samples  the metric between the empirical laws of these samples, or more
    spread      the most that two values of one function of the ball differ, and so that the metric is

    Each end has half of 1 - level. Below, the difference is bounded by betting. Above, the metric of the empirical
    laws is on average at least that of the laws, as it is convex, and one sample moves it by at most spread / n
    (McDiarmid, On the method of bounded differences, 1989). Valid at every n and m. Muller, Integral probability
    metrics, 1997. Raises ValueError for NaN, fewer than 2 samples and a level not within [0.5, 1).

    >>> S = np.random.default_rng(0).uniform(0, 1, (2, 5000)) / 2  # both between 0 and 1/2: nothing is known of q and p
    >>> low, high = metric_between(*S, (0.0, 1.0), of_samples=0.02, spread=1.0)
    >>> low, round(high, 3)
    (0.0, 0.047)
    """
    refuse_level(level)
    low, high = values
    at_q, at_p = (np.clip(values_of(f"S at samples of {law}", S), low, high) for law, S in (("q", S_q), ("p", S_p)))
    error = (1 - level) / 2
    least = difference_at_least(at_q, at_p, values, values, error)
    beyond = spread * math.sqrt((1 / len(at_q) + 1 / len(at_p)) * math.log(1 / error) / 2)
    return max(0.0, float(least)), float(min(of_samples + beyond, spread))
