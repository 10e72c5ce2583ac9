"""f-divergences: how far a law q is from a law p, and the game in which a discriminator finds out.

For a convex f on t >= 0 with f(1) = 0 and its conjugate f*(s) = max over t >= 0 of s t - f(t), every function S has

    D_f(q || p)  =  integral of f(q/p) p  >=  E_q S(X) - E_p f*(S(X))                        equality at S = f'(q/p)

since s t - f*(s) <= f(t) (Nguyen, Wainwright & Jordan, Estimating divergence functionals, 2010). Where p = 0 the
integral counts q times the limit of f(t) / t for large t; f* is infinite above that limit.

                     f(t)                                  f'(t)              f*(s)                       finite for
    kl               t log t - t + 1                       log t              e^s - 1                     all s
    reverse-kl       t - 1 - log t                         1 - 1/t            -log(1 - s)                 s < 1
    gan              t log t - (1 + t) log((1 + t) / 2)    log(2 t / (1 + t)) -log(2 - e^s)               s < log 2
    js               half of that                          half of that       -log(2 - e^(2 s)) / 2       s < log(2) / 2
    pearson          (t - 1)^2                             2 (t - 1)          s + s^2 / 4, s >= -2        all s
    neyman           (t - 1)^2 / t                         1 - 1/t^2          2 - 2 sqrt(1 - s)           s <= 1
    hellinger        (sqrt(t) - 1)^2                       1 - 1/sqrt(t)      s / (1 - s)                 s < 1
    total-variation  |t - 1| / 2                           sign(t - 1) / 2    s, s >= -1/2                s <= 1/2
    alpha(a)         (t^a - 1 - a (t - 1)) / (a (a - 1))   (t^b - 1) / b      ((1 + b s)^(a/b) - 1) / a   b s > -1

with b = a - 1; below the slope of f at 0, f* is -f(0). kl is KL(q || p), reverse-kl is KL(p || q), js is the divergence
of Jensen and Shannon, and gan is twice that: the value of Goodfellow's game plus log 4, with D = e^S / 2. In the game
of a generator of p and a discriminator with output v, the one is to maximize and the other to minimize

    E_q[-S(X)] + E_p[f*(S(X))]                    S = f'(e^v), so that v estimates log q / p whatever f is

(Nowozin, Cseke & Tomioka, f-GAN, 2016); the step of total variation is smoothed to S = tanh(v / 2) / 2. With kl that is
the Lagrangian weak dual of the likelihood (formulations.gan). Of two samples, whose laws nobody moves, the
discriminator plays alone: its bound on how far apart they are is trained_bound.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from formulations.divergences.confidence import best_cap, divergence_at_least
from formulations.divergences.table import DIVERGENCES, FDivergence, alpha, at, named
from formulations.divergences.trained import Told, trained_bound
from formulations.players.losses import Blur, two_terms
from formulations.problem import Floats, Term, distribution

__all__ = [
    "DIVERGENCES",
    "FDivergence",
    "Told",
    "alpha",
    "best",
    "best_cap",
    "divergence",
    "divergence_at_least",
    "dual",
    "trained_bound",
    "variational",
]


def divergence(f: FDivergence | str, q: ArrayLike, p: ArrayLike) -> float:
    """D_f(q || p) of two probability vectors, float64 (k,); inf where it, or a ratio q/p, is too large.

    f is a row of the table, or its name. Raises ValueError for an unknown name and for what is no distribution.

    >>> [round(divergence(f, [0.5, 0.5], [0.25, 0.75]), 4) for f in ("kl", "pearson", "total-variation", alpha(2))]
    [0.1438, 0.3333, 0.25, 0.1667]
    """
    row, q_, p_, t = _pair(f, q, p)
    finite, lost = np.isfinite(t), q_[np.isposinf(t)].sum()
    return float(p_[finite] @ at(row.f, t[finite]) + (row.most * lost if lost else 0.0))


def dual(f: FDivergence | str, q: ArrayLike, p: ArrayLike, S: ArrayLike) -> float:
    """E_q S - E_p f*(S) <= D_f(q || p), for S (k,); -inf where S leaves the domain of f*. Raises ValueError for NaN.

    >>> q, p = [0.5, 0.5], [0.25, 0.75]
    >>> round(dual("kl", q, p, [0.5, -0.5]), 4), dual("reverse-kl", q, p, [0.5, 1.5])
    (0.1329, -inf)
    """
    row, q_, p_, t = _pair(f, q, p)
    s = np.asarray(S, dtype=np.float64)
    if s.shape != q_.shape or np.isnan(s).any():
        raise ValueError(
            f"S has shape {s.shape} and {np.isnan(s).sum()} NaN; give one number for each of {len(q_)} cells"
        )
    paid = at(row.conjugate, s)
    if (s[~np.isnan(t)] > row.most).any() or np.isneginf(s[q_ > 0]).any() or np.isposinf(paid[p_ > 0]).any():
        return -math.inf
    return float(q_[q_ > 0] @ s[q_ > 0] - p_[p_ > 0] @ paid[p_ > 0])


def best(f: FDivergence | str, q: ArrayLike, p: ArrayLike) -> Floats:
    """S = f'(q/p), at which the dual is D_f(q || p); 0 where q = p = 0.

    >>> best("kl", [0.5, 0.5], [0.25, 0.75]).round(3).tolist()
    [0.693, -0.405]
    """
    row, _, _, t = _pair(f, q, p)
    return np.where(np.isposinf(t), row.most, at(row.slope, np.where(np.isfinite(t), t, 1.0)))


def variational(f: FDivergence | str, blur: Blur | None = None, told: bool = False) -> list[Term]:
    """The terms of E_q[-S(X)] + E[f*(S(f(Z)))] for a SaddleProblem of the blocks "f" and "d", as players.losses has.

    >>> import torch
    >>> data, noise = variational("pearson")
    >>> data.f(lambda x: x[..., 0], torch.zeros(1, 1)), noise.f(lambda z: z, lambda x: x[..., 0], torch.zeros(1, 1))
    (tensor([-0.]), tensor([0.]))
    """
    row = named(f)
    return two_terms(lambda v: -row.output(v), row.charge, blur, told)


def _pair(f: FDivergence | str, q: ArrayLike, p: ArrayLike) -> tuple[FDivergence, Floats, Floats, Floats]:
    """The row, both vectors, and t = q/p: inf where p = 0, NaN where both are."""
    q_ = distribution(q, "q")
    p_ = distribution(p, "p", len(q_))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return named(f), q_, p_, q_ / p_
