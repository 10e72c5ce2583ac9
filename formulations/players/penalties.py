"""What a discriminator pays for steep slopes, so that the game settles: terms for SaddleProblem.penalties["minimize"].

Each holds a gradient with respect to samples, of which the solver takes a gradient again.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from formulations.problem import Term


def r1(block: str = "d", over: str = "data", weight: float = 1.0) -> Term:
    """weight / 2 E |grad h(x)|^2 on the data, h the block's output. Mescheder et al., Which training methods, 2018."""
    return Term(lambda d, x: weight / 2 * _slopes(d, x).square().sum(-1), [block], [over])


def gradient_penalty(
    generator: str = "f",
    block: str = "d",
    data: str = "data",
    noise: str = "noise",
    uniform: str = "uniform",
    weight: float = 10.0,
) -> Term:
    """weight E (|grad h(x')| - 1)^2 at x' = u x + (1 - u) f(z), u uniform. Gulrajani et al., Improved training, 2017.

    Raises what f(z) - x raises where samples and data differ in shape. The sampler of u is `uniform_numbers`.
    """

    def penalty(f: Any, d: Any, x: Tensor, z: Tensor, u: Tensor) -> Tensor:
        with torch.no_grad():
            between = torch.lerp(f(z), x, u.view(*u.shape, *[1] * (x.ndim - u.ndim)))
        # sqrt has no derivative at 0, where a discriminator may begin
        return weight * ((_slopes(d, between).square().sum(-1) + 1e-12).sqrt() - 1).square()

    return Term(penalty, [generator, block], [data, noise, uniform])


def uniform_numbers(batch: int, generator: Generator) -> Tensor:
    """Uniform in 0 to 1, (batch,)."""
    return torch.rand(batch, generator=generator, device=generator.device)


def _slopes(d: Any, x: Tensor) -> Tensor:
    """grad d(x) of each sample, (members, batch, ...) -> (members, batch, numbers), itself differentiable."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (slopes,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
    return slopes.flatten(2)
