"""Gradient penalties for discriminators, which stabilise training: terms for SaddleProblem.penalties["minimize"].

Each contains a gradient with respect to samples, which the solver differentiates again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from formulations.problem import Term


def r1(
    block: str = "d", over: str = "data", weight: float = 1.0, scale: Tensor | float = 1.0, told: bool = False
) -> Term:
    """weight / 2 E |grad h(x)|^2 on the data, h the block's output. Mescheder et al., Which training methods, 2018.

    scale, told  as in `gradient_penalty`

    >>> x = torch.tensor([[[1.0, 2], [3, 4]]])  # one member, two samples
    >>> r1(weight=2.0).f(lambda x: 3 * x[..., 0] + 4 * x[..., 1], x).tolist()  # |(3, 4)|^2
    [[25.0, 25.0]]
    """

    def penalty(d: Any, x: Tensor, *t: Tensor) -> Tensor:
        return weight / 2 * _slopes(d, x, t, scale).square().sum(-1)

    return Term(penalty, [block], [over, *_share(told)])


def r2(
    generator: str = "f",
    block: str = "d",
    noise: str = "noise",
    weight: float = 1.0,
    scale: Tensor | float = 1.0,
    told: bool = False,
) -> Term:
    """The same on samples of the generator, which it does not move.

    >>> r2(weight=2.0).f(lambda z: z, lambda x: 3 * x[..., 0], torch.ones(1, 2, 2)).tolist()
    [[9.0, 9.0]]
    """

    def penalty(f: Any, d: Any, z: Tensor, *t: Tensor) -> Tensor:
        with torch.no_grad():
            x = f(z)
        return weight / 2 * _slopes(d, x, t, scale).square().sum(-1)

    return Term(penalty, [generator, block], [noise, *_share(told)])


def gradient_penalty(
    generator: str = "f",
    block: str = "d",
    data: str = "data",
    noise: str = "noise",
    uniform: str = "uniform",
    weight: float = 10.0,
    one_sided: bool = False,
    scale: Tensor | float = 1.0,
    told: bool = False,
) -> Term:
    """weight E (|grad h(x')| - 1)^2 at x' = u x + (1 - u) f(z), u uniform. Gulrajani et al., Improved training, 2017.

    One-sided, slopes below 1 cost nothing. Petzka et al., On the regularization of Wasserstein GANs, 2018.
    scale  the unit of lengths in x, a number or one for each coordinate, (d,)
    told   whether the block is given the share of the play that is over as well, h(x, t)

    The sampler of u is `uniform_numbers`. Raises RuntimeError where samples and data cannot be interpolated.

    >>> x, z, u = torch.ones(1, 2, 2), torch.zeros(1, 2, 2), torch.full((1, 2), 0.5)
    >>> gradient_penalty().f(lambda z: z, lambda x: 3 * x[..., 0], x, z, u).tolist()  # 10 (3 - 1)^2
    [[40.0, 40.0]]
    """

    def penalty(f: Any, d: Any, x: Tensor, z: Tensor, u: Tensor, *t: Tensor) -> Tensor:
        with torch.no_grad():
            between = torch.lerp(f(z), x, u.view(*u.shape, *[1] * (x.ndim - u.ndim)))
        # sqrt has no derivative at 0, and a discriminator may start as a constant
        excess = (_slopes(d, between, t, scale).square().sum(-1) + 1e-12).sqrt() - 1
        return weight * (excess.clamp(min=0) if one_sided else excess).square()

    return Term(penalty, [generator, block], [data, noise, uniform, *_share(told)])


def uniform_numbers(batch: int, generator: Generator) -> Tensor:
    """The sampler of u: uniform in [0, 1), (batch,).

    >>> uniform_numbers(3, Generator().manual_seed(0)).shape
    torch.Size([3])
    """
    return torch.rand(batch, generator=generator, device=generator.device)


def _share(told: bool) -> list[str]:
    """The sampler of the share of the play that is over, where the block is told that."""
    return ["progress"] if told else []


def _slopes(d: Any, x: Tensor, t: Sequence[Tensor], scale: Tensor | float) -> Tensor:
    """scale grad d(x, *t) of each sample, (members, batch, ...) -> (members, batch, coordinates), differentiable."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (slopes,) = torch.autograd.grad(d(x, *t).sum(), x, create_graph=True)
    return (slopes * torch.as_tensor(scale).to(x.device)).flatten(2)
