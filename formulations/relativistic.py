"""The relativistic pairing loss: of a point of the data and a sample, the discriminator is to tell which is which.

    max over f, min over d    E log(1 + e^(v(f(Z)) - v(X)))            X from q and f(Z) from p, independent

where v is d's output. Of two points x and y, one from each law, x is that of the data with probability
q(x) p(y) / (q(x) p(y) + q(y) p(x)), so that the payoff is

    least at v = log q / p + any constant                              (only differences of v count)
    there    log 2 - JS(q x p, p x q)                                  of the laws of (X, Y) and (Y, X)

with JS the divergence of Jensen and Shannon: at most log 2, and equal to that only if p = q. The generator climbs
E -log(1 + e^(v(X) - v(f(Z)))) in its place, which does not vanish where d tells all pairs apart
(Jolicoeur-Martineau, The relativistic discriminator, 2019). As each sample is judged beside the data, one that is far
from a mode is never as good as those on it: no mode can be left out for free (Sun, Fang & Schwing, Towards a better
global loss landscape of GANs, 2020). Near p = q steps circle for long, unless slopes of v are penalised both at the
data and at samples, by r1 and r2 of players.penalties (Huang et al., The GAN is dead; long live the GAN!, 2024).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn.functional import softplus

from formulations.players.generators import expectation
from formulations.players.losses import Blur, Function, blurred
from formulations.problem import Floats, Term, distribution


def relativistic(blur: Blur | None = None, told: bool = False) -> tuple[list[Term], list[Term]]:
    """The payoff, for d to minimize, and what f maximizes in its place, for a SaddleProblem of the blocks "f" and "d".

    >>> import torch
    >>> (payoff,), (surrogate,) = relativistic()
    >>> v, x, z = lambda x: x[..., 0], torch.tensor([[[3.0]]]), torch.tensor([[[0.0]]])
    >>> payoff.f(lambda z: z, v, x, z), surrogate.f(lambda z: z, v, x, z)  # log(1 + e^-3) and -log(1 + e^3)
    (tensor([[0.0486]]), tensor([[-3.0486]]))
    """
    output, e = blurred(blur, told)

    def term(function: Function) -> Term:
        def paired(f: Any, d: Any, x: Tensor, z: Tensor, *e: Tensor) -> Tensor:
            at_data = output(d, x, *(each.roll(1, dims=1) for each in e))  # blurred by other numbers than the sample

            def beside(y: Tensor) -> Tensor:  # of each discrete choice of f, if it makes any
                v = output(d, y, *e)
                return function(v - at_data.repeat(*[1] * (v.ndim - 1), v.shape[-1] // at_data.shape[-1]))

            return expectation(f, beside, z)

        return Term(paired, ["f", "d"], ["data", "noise", *e])

    return [term(softplus)], [term(lambda ahead: -softplus(-ahead))]


def paid(q: ArrayLike, p: ArrayLike, v: ArrayLike) -> float:
    """What the discriminator of output v, (k,), pays where q and p are probability vectors, (k,).

    >>> round(paid([0.5, 0.5], [0.25, 0.75], best([0.5, 0.5], [0.25, 0.75])), 4)
    0.6277
    """
    q_, values = distribution(q, "q"), np.asarray(v, dtype=np.float64)
    return float(q_ @ np.logaddexp(0, values - values[:, None]) @ distribution(p, "p", len(q_)))


def best(q: ArrayLike, p: ArrayLike) -> Floats:
    """v = log q / p, at which it pays least; infinite where only one of them is 0, NaN where both are.

    >>> best([0.5, 0.5], [0.25, 0.75]).round(3).tolist()
    [0.693, -0.405]
    """
    q_ = distribution(q, "q")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(q_) - np.log(distribution(p, "p", len(q_))))
