"""Normalizing flows: generators that are invertible maps of their noise, and so have a density."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from formulations.players.generators import LOG_2_PI, KnownDensity
from formulations.players.networks import mlp

LEAST_SD = 0.03  # of the normals, in standard units
START_SLOPE = 0.1  # of the networks, relative to those of others
SOLVING_STEPS = 100  # at most, for samples


class Flow(KnownDensity):
    """A normalizing flow, the triangular map with F_i(y_i | y_1, ..., y_(i-1)) = Phi(z_i) for each coordinate i.

    F_i is the distribution function of a mixture of normals, whose weights, means and standard deviations are networks
    of y_1, ..., y_(i-1). So p(y) = product of F_i'(y_i | y_1, ..., y_(i-1)), and such maps approximate every density
    (the Knothe-Rosenblatt rearrangement; Bishop, Mixture density networks, 1994; Huang et al., Neural autoregressive
    flows, 2018). Samples are found by Newton's method. The standard deviations have a lower bound: without it
    adversarial training may thin the tails until V is -1000 or less, which the discriminator does not notice (as Grover
    et al., Flow-GAN, 2018, report for other flows).

    >>> f = Flow(torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> z = torch.tensor([[-1.0, 0.5], [2.0, 0.0]])
    >>> y = f.standard(z)
    >>> bool((y[1, 0] > y[0, 0]) and f.log_density(y).isfinite().all())
    True
    """

    def __init__(self, center: Tensor, scale: Tensor, generator: Generator, normals: int = 8, width: int = 64) -> None:
        """normals: those in each mixture; width: that of the two hidden layers of the networks."""
        super().__init__(center, scale, generator)
        device = generator.device
        weights, sds = torch.zeros(normals, device=device), torch.full((normals,), -1.0, device=device)
        start = torch.cat([weights, torch.linspace(-1.5, 1.5, normals, device=device), sds])
        self.own = nn.Parameter(start.repeat(1, self.dims, 1))
        widths = [[i, width, width, len(start)] for i in range(1, self.dims)]
        self.conditioners = nn.ModuleList(mlp(w, generator, nn.Tanh) for w in widths)
        with torch.no_grad():
            for conditioner in self.conditioners:
                list(conditioner.parameters())[-2].mul_(START_SLOPE)

    def _normals(self, i: int, before: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log weights, means and log standard deviations of coordinate i, (..., batch or 1, normals) each."""
        c = self.own[..., i, :]
        if i:
            c = c + self.conditioners[i - 1](before)
        weights, means, sds = c.chunk(3, dim=-1)
        return weights.log_softmax(-1), means, (LEAST_SD + softplus(sds)).log()

    def standard(self, z: Tensor) -> Tensor:
        """y_i with F_i(y_i) = Phi(z_i), i = 1, ..., d."""
        y = z[..., :0]
        for i in range(self.dims):
            y = torch.cat([y, _quantile(z[..., i], *self._normals(i, y)).unsqueeze(-1)], dim=-1)
        return y

    def standard_log_density(self, y: Tensor) -> Tensor:
        """The sum over i of log F_i'(y_i)."""
        logs = [_log_pdf(y[..., i], *self._normals(i, y[..., :i])) for i in range(self.dims)]
        return torch.stack(logs, dim=-1).sum(-1)


def _log_pdf(y: Tensor, log_weights: Tensor, means: Tensor, log_sds: Tensor) -> Tensor:
    """log F'(y), (..., batch)."""
    t = (y.unsqueeze(-1) - means) * (-log_sds).exp()
    return torch.as_tensor((log_weights - log_sds - (t.square() + LOG_2_PI) / 2).logsumexp(-1))


def _log_cdf(y: Tensor, log_weights: Tensor, means: Tensor, log_sds: Tensor, side: Tensor) -> Tensor:
    """log F(y) where the side is 1, log(1 - F(y)) where it is -1: each accurate in its own tail. (..., batch)."""
    t = (y.unsqueeze(-1) - means) * (-log_sds).exp()
    tail = (log_weights.exp() * torch.special.ndtr(side.unsqueeze(-1) * t)).sum(-1)
    tail = tail.clamp(min=torch.finfo(y.dtype).tiny)
    return torch.as_tensor(tail.log())  # much faster than by torch.special.log_ndtr


def _quantile(z: Tensor, log_weights: Tensor, means: Tensor, log_sds: Tensor) -> Tensor:
    """The y with F(y) = Phi(z): Newton's method, and bisection wherever that does not halve the error.

    The last step, always Newton's, gives y the derivatives of an implicit function.
    """
    normals = log_weights, means, log_sds
    side = 1 - 2 * (z > 0).to(z.dtype)  # each equation is solved in the tail where it is accurate
    level = torch.special.log_ndtr(side * z)
    near = torch.finfo(z.dtype).eps ** 0.5 * (1 - level)  # from there the last step reaches the rounding

    def at(y: Tensor) -> tuple[Tensor, Tensor]:
        """The error of y, and its derivative."""
        log_cdf = _log_cdf(y, *normals, side)
        return log_cdf - level, side * (_log_pdf(y, *normals) - log_cdf).exp()

    def far(y: Tensor, low: Tensor, high: Tensor, last: Tensor, error: Tensor, slope: Tensor) -> Tensor:
        return torch.as_tensor((error.abs() > near).any())

    def stepped(y: Tensor, low: Tensor, high: Tensor, last: Tensor, error: Tensor, slope: Tensor) -> tuple[Tensor, ...]:
        low, high = torch.where(side * error < 0, y, low), torch.where(side * error < 0, high, y)
        newton, halved = y - error / slope, error.abs() <= last / 2
        there = error.abs() <= near  # where no error halves any more
        further = torch.where(halved & (newton >= low) & (newton <= high), newton, (low + high) / 2)
        y = torch.where(there, y, further)
        return y, low, high, error.abs(), *at(y)

    with torch.no_grad():
        of_each = means + log_sds.exp() * z.unsqueeze(-1)
        y = (log_weights.exp() * of_each).sum(-1)
        start = y, of_each.amin(-1), of_each.amax(-1), torch.full_like(y, torch.inf), *at(y)
        y, *_, slope = _repeated(stepped, far, start)
    return torch.as_tensor(y - (_log_cdf(y, *normals, side) - level) / slope)


def _repeated(
    step: Callable[..., tuple[Tensor, ...]], goes_on: Callable[..., Tensor], state: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """The state after as many steps as it goes on for, 100 at most; a loop in programs that are exported as well."""
    if torch.compiler.is_compiling():
        counted: Any = torch.while_loop(  # type: ignore[no-untyped-call]
            lambda k, *state: (k < SOLVING_STEPS) & goes_on(*state),
            lambda k, *state: (k + 1, *step(*state)),
            (torch.zeros((), dtype=torch.int64), *state),
        )
        return tuple(counted[1:])
    for _ in range(SOLVING_STEPS):
        if not bool(goes_on(*state)):
            break
        state = step(*state)
    return state
