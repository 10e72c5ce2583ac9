"""Least squares generative adversarial networks: the discriminator is a regression on labels.

With labels b of data from q, a of samples from p, and c for what the generator wants its samples to be taken for,

    minimize over D    E_q[(D(X) - b)^2] / 2 + E_p[(D(X) - a)^2] / 2          least at D = (b q + a p) / (q + p)
    minimize over f    E_p[(D(X) - c)^2] / 2

(Mao et al., Least squares generative adversarial networks, 2017). Their labels are a, b, c = 0, 1, 1, so that D
estimates the probability q / (q + p) of being data, and -1, 1, 0, so that b - c = 1 and b - a = 2. At the best D

    the minimum over D                      (b - a)^2 / 8 (2 - Le Cam(q, p))
    E_q[(D - c)^2] + E_p[(D - c)^2]         Le Cam(q, p)  for the labels -1, 1, 0

where Le Cam(q, p) = integral of (q - p)^2 / (q + p), twice Pearson's chi-squared of p from (q + p) / 2, is an
f-divergence (formulations.divergences.table): every D gives a lower bound on it. Unlike in the game of Goodfellow et
al. D is no logistic function, and where it is far from c its gradient is large.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from formulations.players.losses import Blur, of_samples, two_terms
from formulations.problem import Floats, Term, distribution

CODINGS = {"shares": (0.0, 1.0, 1.0), "chi-squared": (-1.0, 1.0, 0.0)}  # a, b, c


def least_squares(
    a: float = 0.0, b: float = 1.0, c: float | None = 1.0, blur: Blur | None = None, told: bool = False
) -> tuple[list[Term], list[Term] | None]:
    """The payoff, for d to minimize, and what f maximizes in its place, for a SaddleProblem of the blocks "f" and "d".

    c  None for no label of its own: then f maximizes the payoff, and the game is one of two players with one payoff

    Raises ValueError where a = b, which tells nothing apart.

    >>> import torch
    >>> (data, noise), surrogate = least_squares()
    >>> data.f(lambda x: x[..., 0], torch.zeros(1, 1)), noise.f(lambda z: z, lambda x: x[..., 0], torch.zeros(1, 1))
    (tensor([0.5000]), tensor([0.]))
    """
    if a == b:
        raise ValueError(f"data and samples have the same label, {a:g}; give two, such as a = 0 and b = 1")
    payoff = two_terms(lambda D: (D - b).square() / 2, lambda D: (D - a).square() / 2, blur, told)
    if c is None:
        return payoff, None
    return payoff, [of_samples(lambda D: -(D - c).square() / 2, blur, told)]


def least(q: ArrayLike, p: ArrayLike, D: ArrayLike, a: float = 0.0, b: float = 1.0) -> float:
    """What the discriminator D, (k,), pays where q and p are probability vectors, (k,).

    >>> least([0.5, 0.5], [0.25, 0.75], best([0.5, 0.5], [0.25, 0.75]))  # (2 - Le Cam) / 8, which is 2/15 here
    0.23333333333333334
    """
    q_ = distribution(q, "q")
    p_, values = distribution(p, "p", len(q_)), np.asarray(D, dtype=np.float64)
    return float(q_ @ (values - b) ** 2 + p_ @ (values - a) ** 2) / 2


def best(q: ArrayLike, p: ArrayLike, a: float = 0.0, b: float = 1.0) -> Floats:
    """D = (b q + a p) / (q + p), at which it pays least; a where both are 0.

    >>> best([0.5, 0.5], [0.25, 0.75]).round(3).tolist()
    [0.667, 0.4]
    """
    q_ = distribution(q, "q")
    p_ = distribution(p, "p", len(q_))
    total = q_ + p_
    return a + (b - a) * np.divide(q_, total, out=np.zeros_like(total), where=total > 0)
