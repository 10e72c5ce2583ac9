"""Categories as one-hot vectors: drawn by Gumbel's trick, learnt through its relaxation.

Of scores s_1, ..., s_k, the logarithms of probabilities up to a constant, with independent G = -log(-log U), U uniform,

    P(s_i + G_i is the greatest)  =  exp(s_i) / sum of exp(s_j)

(Gumbel, Statistical theory of extreme values, 1954), so the category drawn is the argmax. It has no gradient; that of
softmax((s + G) / TEMPERATURE) stands in for it: the "straight-through" estimator of Jang, Gu & Poole, Categorical
reparameterization with Gumbel-softmax, 2017. So a discriminator sees exact one-hot vectors from the first step on, as
in the data, and none that are in between.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from formulations.players.networks import Affine, Stackable

TEMPERATURE = 0.5  # of the softmax that lends its gradient: low for little bias, high for little variance
LEAST = 1e-7  # of a uniform number, and of its distance from 1, so that G is finite


def gumbel(u: Tensor) -> Tensor:
    """G = -log(-log u), of uniform numbers in [0, 1].

    >>> gumbel(torch.tensor([0.0, 0.5, 1.0])).isfinite().all()
    tensor(True)
    """
    return -(-u.clamp(LEAST, 1 - LEAST).log()).log()


def unit_interval(z: Tensor) -> Tensor:
    """Uniform numbers in [0, 1] from uniform ones with mean 0 and variance 1.

    >>> unit_interval(torch.tensor([0.0, 3**0.5]))
    tensor([0.5000, 1.0000])
    """
    return z / 12**0.5 + 0.5


def chosen(scores: Tensor, sizes: Sequence[int]) -> Tensor:
    """One-hot vectors of the greatest scores in blocks of these sizes, (..., L), with the gradient of their softmax.

    >>> chosen(torch.tensor([[1.0, 2.0, 0.5, 0.1, 0.2]]), [2, 3]).tolist()
    [[0.0, 1.0, 1.0, 0.0, 0.0]]
    """
    parts = []
    for part in torch.split(scores, list(sizes), dim=-1):
        soft = (part / TEMPERATURE).softmax(-1)
        parts.append(one_hot(part.argmax(-1), part.shape[-1]).to(part.dtype) + (soft - soft.detach()))
    return torch.cat(parts, dim=-1)


def log_shares(scores: Tensor, sizes: Sequence[int]) -> Tensor:
    """The logarithms of the probabilities that scores, (..., L), stand for in blocks of these sizes.

    >>> log_shares(torch.zeros(1, 2), [2]).exp().tolist()
    [[0.5, 0.5]]
    """
    if not sizes:
        return scores
    return torch.cat([part.log_softmax(-1) for part in torch.split(scores, list(sizes), dim=-1)], dim=-1)


class Choosing(Stackable):
    """A network's numbers, and its scores of categories as one-hot vectors drawn by them.

    Of noise (..., latent + L), uniform with mean 0 and variance 1, the last L numbers draw the categories; the network
    takes the others to numbers and then L scores.

    >>> f = Choosing(nn.Identity(), [2])
    >>> f(torch.tensor([[7.0, -1.0, 9.0, 0.0, 0.0]])).tolist()  # the network's 7, and the second of two categories
    [[7.0, 0.0, 1.0]]
    """

    def __init__(self, network: nn.Module, sizes: Sequence[int]) -> None:
        """sizes: how many values each category has; L is their sum."""
        super().__init__()
        self.network, self.sizes, self.scores = network, list(sizes), sum(sizes)

    def forward(self, z: Tensor) -> Tensor:
        """Numbers, and a one-hot vector for each category."""
        made = self.network(z[..., : -self.scores])
        u = unit_interval(z[..., -self.scores :])
        drawn = chosen(made[..., -self.scores :] + gumbel(u), self.sizes)
        return torch.cat([made[..., : -self.scores], drawn], dim=-1)


def units_of_numbers(center: Tensor, scale: Tensor, labels: int) -> Affine:
    """The data's units for numbers; one-hot vectors, the last coordinates, have none.

    >>> units_of_numbers(torch.ones(3), torch.full((3,), 2.0), 2)(torch.ones(3)).tolist()
    [3.0, 1.0, 1.0]
    """
    numbers = len(center) - labels
    return Affine(
        torch.cat([center[:numbers].float(), center.new_zeros(labels)]),
        torch.cat([scale[:numbers].float(), scale.new_ones(labels)]),
    )
