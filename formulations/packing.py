"""Packing (PacGAN): the discriminator judges m points at once, all of the data or all samples, so that it sees variety.

    max over f, min over d    E[-log D(X_1, ..., X_m)] + E[-log(1 - D(f(Z_1), ..., f(Z_m)))]        all independent

with D the logistic function of d's output v: the game of Goodfellow et al. between the laws q^m and p^m of m draws.
So the payoff is

    least at v = sum over i of log q / p (x_i)         there    log 4 - 2 JS(q^m, p^m)

JS the divergence of Jensen and Shannon. Still p = q is the optimum, and for every other p the divergence grows with m.
It grows faster for a p that lacks modes of q than for one that is a little off everywhere, even where both are equally
far from q in total variation: repeats betray the former. (Lin, Khetan, Fanti & Oh, PacGAN: the power of two samples in
generative adversarial networks, 2018, theorem 3.)
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn.functional import softplus

from formulations.players.losses import Function
from formulations.problem import Floats, Term, distribution


def packing(m: int) -> tuple[list[Term], list[Term]]:
    """The payoff, and what f may maximize in its place, the log-D trick, for a SaddleProblem of the blocks "f" and "d".

    "d" takes m points side by side, (members, batch / m, m d): the batch must be a multiple of m.

    >>> import torch
    >>> (data, noise), (log_d,) = packing(2)
    >>> data.f(lambda x: x.sum(-1), torch.tensor([[[0.0], [0.0], [4.0], [5.0]]])).round(decimals=2)
    tensor([[0.6900, 0.6900, 0.0000, 0.0000]])
    """
    if m < 1:
        raise ValueError(f"packs of {m} points are none; give a whole number from 1, such as 4")

    def each(function: Function, d: Any, x: Tensor) -> Tensor:
        """The function of d's output at each pack, once for each of its points."""
        members, batch, dims = x.shape
        if batch % m:
            raise ValueError(f"a batch of {batch} is not made of packs of {m}; take a multiple of {m}")
        return function(d(x.reshape(members, batch // m, m * dims))).repeat_interleave(m, dim=-1)

    payoff = [
        Term(lambda d, x: each(lambda v: softplus(-v), d, x), ["d"], ["data"]),
        Term(lambda f, d, z: each(softplus, d, f(z)), ["f", "d"], ["noise"]),
    ]
    return payoff, [Term(lambda f, d, z: each(lambda v: -softplus(-v), d, f(z)), ["f", "d"], ["noise"])]


def packed(q: ArrayLike, m: int) -> Floats:
    """The law of m independent draws from the probability vector q (k,), as a probability vector (k^m,).

    >>> packed([0.25, 0.75], 2).tolist()
    [0.0625, 0.1875, 0.1875, 0.5625]
    """
    return reduce(np.multiply.outer, [distribution(q, "q")] * m).ravel()
