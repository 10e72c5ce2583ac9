"""The terms of a generator's game, for a SaddleProblem: of its blocks "f" and "d", over "data" and "noise".

The discriminator's output is log d, or the logit of D.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from formulations.players.generators import expectation
from formulations.problem import Term

Function = Callable[[Tensor], Tensor]
Blur = Callable[[Tensor], Tensor]  # share of training done -> standard deviation of the blur, both (members, batch)


def lagrangian(blur: Blur | None = None, told: bool = False) -> list[Term]:
    """The terms of L = E_q[-log d(X)] + E[d(f(Z))].

    >>> data, noise = lagrangian()
    >>> log_d = lambda x: x[..., 0]
    >>> data.f(log_d, torch.tensor([[2.0]])), noise.f(lambda z: z, log_d, torch.tensor([[0.0]]))
    (tensor([-2.]), tensor([1.]))
    """
    return two_terms(torch.neg, torch.exp, blur, told)


def minimax(blur: Blur | None = None, told: bool = False) -> list[Term]:
    """The terms of E_q[-log D(X)] + E[-log(1 - D(f(Z)))], D the logistic function of the output.

    >>> data, noise = minimax()
    >>> data.f(lambda x: x[..., 0], torch.tensor([[0.0]]))  # -log 1/2
    tensor([0.6931])
    """
    return two_terms(lambda v: softplus(-v), softplus, blur, told)


def two_terms(at_data: Function, at_samples: Function, blur: Blur | None = None, told: bool = False) -> list[Term]:
    """The terms of E_q[at_data(v(X))] + E[at_samples(v(f(Z)))], v the discriminator's output.

    >>> data, noise = two_terms(torch.neg, torch.exp)
    >>> data.f(lambda x: x[..., 0], torch.tensor([[2.0]]))
    tensor([-2.])
    """
    output, e = blurred(blur, told)
    of_data = Term(lambda d, x, *e: at_data(output(d, x, *e)), ["d"], ["data", *e])
    return [of_data, of_samples(at_samples, blur, told)]


def of_samples(function: Function, blur: Blur | None = None, told: bool = False) -> Term:
    """The term E[function(v(f(Z)))], v the discriminator's output.

    >>> of_samples(torch.exp).f(lambda z: z, lambda x: x[..., 0], torch.tensor([[0.0]]))
    tensor([1.])
    """
    output, e = blurred(blur, told)
    return Term(lambda f, d, z, *e: expectation(f, lambda x: function(output(d, x, *e)), z), ["f", "d"], ["noise", *e])


def log_d_trick(blur: Blur | None = None, told: bool = False) -> list[Term]:
    """The term E log D(f(Z)): its gradient does not vanish where D separates all samples from the data.

    >>> log_d_trick()[0].f(lambda z: z, lambda x: x[..., 0], torch.tensor([[0.0]]))  # log 1/2
    tensor([-0.6931])
    """
    return [of_samples(lambda v: -softplus(-v), blur, told)]


def likelihood() -> list[Term]:
    """The term V itself, E_q log p(X), of a generator with a log_density.

    >>> from formulations.players.generators import Gaussian
    >>> f = Gaussian(torch.zeros(1), torch.ones(1), torch.Generator().manual_seed(0))
    >>> likelihood()[0].f(f, torch.tensor([[0.0]])).shape
    torch.Size([1])
    """
    return [Term(lambda f, x: f.log_density(x), ["f"], ["data"])]


def blurred(blur: Blur | None = None, told: bool = False) -> tuple[Callable[..., Tensor], list[str]]:
    """The discriminator's output at samples, and the names of the samplers that this needs.

    blur  the samples are blurred; told: the discriminator is told the share of training done as well

    >>> output, samplers = blurred(lambda share: 0.1 * (share < 0.5))
    >>> output(lambda x: x[..., 0], torch.zeros(1, 1, 1), torch.ones(1, 1, 1), torch.full((1, 1), 0.2)), samplers
    (tensor([[0.1000]]), ['blur', 'progress'])
    """
    if blur is None:
        return (lambda d, x, t: d(x, t), ["progress"]) if told else (lambda d, x: d(x), [])
    if told:
        return lambda d, x, e, t: d(x + blur(t).unsqueeze(-1) * e, t), ["blur", "progress"]
    return lambda d, x, e, t: d(x + blur(t).unsqueeze(-1) * e), ["blur", "progress"]
