"""Boundary equilibrium (BEGAN): the discriminator is an auto-encoder, which is to restore the data but not samples.

With L(x) = |x - d(x)|^2, the error of the auto-encoder d,

    minimize over d    E_q L(X) - k E L(f(Z))
    minimize over f    E L(f(Z))
    ascend in k        k <- P(k + step (gamma E_q L(X) - E L(f(Z))))             P the projection onto [0, 1]

(Berthelot, Schumm & Metz, BEGAN: boundary equilibrium generative adversarial networks, 2017). k is a Lagrange
multiplier: d is to

    minimize E_q L(X)    subject to    gamma E_q L(X) <= E L(f(Z))               "samples are not restored too well"

whose Lagrangian (1 + gamma m) E_q L(X) - m E L(f(Z)) is that of d, but for a positive factor, at k = m / (1 + gamma m).
Where k comes to rest inside the box both sides are equal. So p = q is at rest for gamma = 1 only: the smaller gamma,
the more f keeps to samples that are easy to restore, and the less they vary. L tells nothing of q / p, so no divergence
is bounded: how near samples are to the data another distance must tell.

A linear auto-encoder of rank r is best at the projection onto r eigenvectors, those of the greatest eigenvalues as far
as these are positive, of E_q[X X'] - k E[f(Z) f(Z)']: for k = 0 that is principal component analysis.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from formulations.players.domains import Box
from formulations.players.generators import expectation
from formulations.players.losses import Blur, blurred
from formulations.problem import Block, Floats, Term


def began(gamma: float = 0.5, blur: Blur | None = None) -> tuple[list[Term], list[Term]]:
    """What d minimizes, and what "f" and "k" maximize in its place, for a SaddleProblem of the blocks "f", "k", "d".

    The output of "d" is L, as that of players.networks.autoencoder. gamma within (0, 1]; blur as in players.losses

    >>> (data, noise), (fooled, balance) = began()
    >>> d, one, k = (lambda x: (x - x / 2).square().sum(-1)), torch.ones(1, 1, 1), torch.tensor([0.1])
    >>> data.f(d, one), noise.f(lambda z: 2 * z, k, d, one), balance.f(k, lambda z: 2 * z, d, one, one)
    (tensor([[0.2500]]), tensor([[-0.1000]]), tensor([[-0.0875]]))
    """
    if not 0 < gamma <= 1:
        raise ValueError(f"gamma is {gamma}; it must be above 0 and at most 1, such as 0.5")
    L, e = blurred(blur)

    def of_samples(f: Any, d: Any, z: Tensor, *e: Tensor) -> Tensor:
        return expectation(f, lambda x: L(d, x, *e), z)

    def balance(k: Tensor, f: Any, d: Any, x: Tensor, z: Tensor, *e: Tensor) -> Tensor:
        with torch.no_grad():  # f has a term of its own
            excess = gamma * L(d, x, *e) - of_samples(f, d, z, *e)
        return k.unsqueeze(-1) * excess

    payoff = [
        Term(lambda d, x, *e: L(d, x, *e), ["d"], ["data", *e]),
        Term(lambda f, k, d, z, *e: -k.unsqueeze(-1) * of_samples(f, d, z, *e), ["f", "k", "d"], ["noise", *e]),
    ]
    fooled = Term(lambda f, d, z, *e: -of_samples(f, d, z, *e), ["f", "d"], ["noise", *e])
    return payoff, [fooled, Term(balance, ["k", "f", "d"], ["data", "noise", *e])]


def multiplier() -> Block:
    """The block "k": a number within [0, 1] that starts at 0.

    >>> multiplier().domain.project(torch.tensor(1.5))
    tensor(1.)
    """
    return Block(torch.zeros(()), Box(0.0, 1.0))


def best(of_data: ArrayLike, of_samples: ArrayLike, k: float, rank: int) -> Floats:
    """The best linear auto-encoder, a matrix (d, d), by the second moments E_q[X X'] and E[f(Z) f(Z)'], (d, d).

    >>> best([[4.0, 0.0], [0.0, 1.0]], [[5.0, 0.0], [0.0, 0.0]], k=1.0, rank=1).tolist()
    [[0.0, 0.0], [0.0, 1.0]]
    """
    values, vectors = np.linalg.eigh(np.asarray(of_data, dtype=np.float64) - k * np.asarray(of_samples))
    kept = vectors[:, -rank:][:, values[-rank:] > 0]
    return np.asarray(kept @ kept.T)
