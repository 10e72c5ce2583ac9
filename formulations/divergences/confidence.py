"""Confidence limits on divergences from held-out samples: below by weak duality, and above where the ball is bounded.

The expectations in E_q S - E_p f*(S) are not known: each is replaced by a confidence limit from samples that S was not
trained on. With S capped both are means of bounded variables, and the limit by betting on their difference holds at
every sample size (formulations.likelihood.held_out). The same holds for the maxima over a ball of functions of
E_q S - E_p S.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from formulations.divergences.table import FDivergence, at, named
from formulations.likelihood.held_out import LOG_D_CAP, difference_at_least, refuse_level, values_of
from formulations.problem import Floats

CAPS = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)  # that one is chosen of
ROUNDING = 1e-6  # relative, by which S in float32 may exceed the domain of f*


def divergence_at_least(
    f: FDivergence | str, S_q: ArrayLike, S_p: ArrayLike, level: float = 0.95, cap: float = LOG_D_CAP
) -> float:
    """A lower confidence limit on D_f(q || p) from S at held-out samples of q, (n,), and of p, (m,).

    Valid at every n and m for samples that are independent, in the order drawn, and used neither to choose S nor cap. S
    is capped to where it says |log q / p| <= cap, which is another valid S. For kl where E_p e^S is far from 1,
    kl_bound is tighter, as it divides by that. Raises ValueError for S outside the domain of f*, NaN, fewer than 2
    samples, a level not within [0.5, 1) or a cap not within (0, 100].

    >>> v = np.random.default_rng(0).normal([[0.5], [-0.5]], 1, (2, 10_000))  # log q / p at N(1/2, 1) and N(-1/2, 1)
    >>> round(divergence_at_least("hellinger", *(1 - np.exp(-v / 2))), 3)  # 2 - 2 e^(-1/8) = 0.235
    0.221
    """
    row = named(f)
    refuse_level(level)
    if not 0 < cap <= 100:
        raise ValueError(f"the cap on |log q / p| is {cap}; it must be positive and at most 100, such as 3")
    low, high = at(row.slope, np.exp([-cap, cap]))
    least, most = at(row.conjugate, np.array([low, high]))
    at_q = np.clip(_inside(row, "S at samples of q", S_q), low, high)
    at_p = np.clip(_inside(row, "S at samples of p", S_p), low, high)
    found = difference_at_least(at_q, at(row.conjugate, at_p), (low, high), (least, most), 1 - level)
    return max(0.0, float(found))  # no divergence is negative


def best_cap(f: FDivergence | str, v_q: ArrayLike, v_p: ArrayLike, n: int, m: int, level: float = 0.95) -> float:
    """The cap with which n and m samples prove most, foretold from v = log q / p at other samples of q and of p.

    A small cap costs divergence, a large one certainty: it is the one of the largest estimate less what Bernstein's
    inequality allows its error. Choosing it by the samples that are to prove something would invalidate their level.

    >>> v = np.random.default_rng(0).normal([[0.5], [-0.5]], 1, (2, 10_000))  # log q / p at N(1/2, 1) and N(-1/2, 1)
    >>> best_cap("pearson", *v, 1000, 1000), best_cap("pearson", *v, 100_000, 100_000), best_cap("js", *v, 1000, 1000)
    (2.0, 3.0, 2.0)
    """
    row, target = named(f), math.log(1 / (1 - level))

    def foretold(cap: float) -> float:
        ends, S_q, S_p = (at(row.slope, np.exp(np.clip(v, -cap, cap))) for v in ([-cap, cap], v_q, v_p))
        paid, (least, most) = at(row.conjugate, S_p), at(row.conjugate, ends)
        variance, range_ = float(S_q.var() / n + paid.var() / m), float(ends[1] - ends[0] + most - least)
        error = math.sqrt(2 * variance * target) + 2 / 3 * range_ * target / min(n, m)
        return float(S_q.mean() - paid.mean()) - error

    return max(CAPS, key=foretold)


def at_least(
    f: FDivergence | str, v_q: ArrayLike, v_p: ArrayLike, level: float = 0.95, cap: float = LOG_D_CAP
) -> float:
    """The same from estimates v of log q / p at the held-out samples, by S = f'(e^v).

    One classifier of q against p so serves every f: its logit, with the prior log odds taken off, is such a v.

    >>> v = np.random.default_rng(0).normal([[0.5], [-0.5]], 1, (2, 10_000))  # log q / p at N(1/2, 1) and N(-1/2, 1)
    >>> [round(at_least(f, *v), 2) for f in ("kl", "hellinger", "total-variation")]  # of 0.5, 0.235 and 0.383
    [0.47, 0.22, 0.36]
    """
    row = named(f)
    S_q, S_p = (
        at(row.slope, np.exp(np.clip(values_of(f"v at samples of {of}", v), -cap, cap)))
        for of, v in (("q", v_q), ("p", v_p))
    )
    return divergence_at_least(row, S_q, S_p, level, cap)


def _inside(row: FDivergence, name: str, given: ArrayLike) -> Floats:
    """S as float64; raises ValueError outside of the domain of f*."""
    S = values_of(name, given)
    if S.max() > row.most * (1 + ROUNDING):
        raise ValueError(
            f"{name} is {S.max():g}, where the conjugate of {row.name} is infinite: it is finite up to {row.most:g}; "
            f"map raw outputs v to S by DIVERGENCES[{row.name!r}].output"
        )
    return S
