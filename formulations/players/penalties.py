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


def path_length(
    generator: str = "f", noise: str = "noise", directions: str = "directions", weight: float = 1.0
) -> Term:
    """weight E (|J'y| - a)^2, J the slopes of images by their codes w, a the mean of |J'y|, which makes it least.

    It makes all codes change images as much as others (Karras et al., Analyzing and improving the image quality of
    StyleGAN, 2020, where a is a moving average). Of a block with parts `codes`, z -> w, and `images`, w -> x;
    directions are drawn from N(0, 1) for each number of an image, and divided by the root of how many there are.

    >>> f = torch.nn.Module()
    >>> f.codes, f.images = (lambda z: z), (lambda w: w.square())
    >>> path_length().f(f, torch.tensor([[[1.0], [2.0]]]), torch.ones(1, 2, 1))  # slopes 2 and 4, and their mean is 3
    tensor([[2., 2.]], grad_fn=<MulBackward0>)
    """

    def penalty(f: Any, z: Tensor, y: Tensor) -> Tensor:
        with torch.enable_grad():
            w = f.codes(z)
            w = w if w.requires_grad else w.requires_grad_()
            along = (f.images(w) * y).sum() / y.shape[-1] ** 0.5
            (slopes,) = torch.autograd.grad(along, w, create_graph=True)
        lengths = (slopes.square().sum(-1) + 1e-12).sqrt()
        n = lengths.shape[-1]  # of few, deviations from their own mean are too small by (n - 1) / n
        return torch.as_tensor(weight * n / max(n - 1, 1) * (lengths - lengths.mean(-1, keepdim=True)).square())

    return Term(penalty, [generator], [noise, directions])


def lazily(term: Term, every: int, coin: str = "coin") -> Term:
    """The term times `every` in one step of that many, chosen at random, and 0 in others: the same in expectation.

    What changes slowly need not be worked out at each step. Karras et al., Analyzing and improving the image quality of
    StyleGAN, 2020, where each such step comes after as many. The sampler is `now_and_then`.

    >>> lazy = lazily(Term(lambda x: x, [], ["data"]), 4)
    >>> lazy.f(torch.ones(1, 2), torch.full((1, 2), 0.2)), lazy.f(torch.ones(1, 2), torch.full((1, 2), 0.3))
    (tensor([[4., 4.]]), tensor([[0., 0.]], requires_grad=True))
    """

    def sometimes(*given: Any) -> Tensor:
        chosen = given[-1] * every < 1
        if chosen.any():
            return torch.as_tensor(chosen * every * term.f(*given[:-1]))
        return torch.zeros_like(given[-1]).requires_grad_()  # as what it would be is; of no block, it moves none

    return Term(sometimes, term.blocks, [*term.over, coin])


def now_and_then(batch: int, generator: Generator) -> Tensor:
    """The sampler by which steps are chosen: one number in [0, 1) for the whole batch, (batch,).

    >>> now_and_then(3, Generator().manual_seed(0)).unique().shape
    torch.Size([1])
    """
    return torch.rand(1, generator=generator, device=generator.device).expand(batch)


def _share(told: bool) -> list[str]:
    """The sampler of the share of the play that is over, where the block is told that."""
    return ["progress"] if told else []


def _slopes(d: Any, x: Tensor, t: Sequence[Tensor], scale: Tensor | float) -> Tensor:
    """scale grad d(x, *t) of each sample, (members, batch, ...) -> (members, batch, coordinates), differentiable."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (slopes,) = torch.autograd.grad(d(x, *t).sum(), x, create_graph=True)
    return (slopes * torch.as_tensor(scale).to(x.device)).flatten(2)
