"""Normalizing flows: generators that are invertible maps of their noise, and so have a density."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from formulations.players.generators import LOG_2_PI, KnownDensity, Mixture
from formulations.players.networks import mlp

COMPONENTS = 8  # of the mixture that is bent, where none is given
START_SD = 0.5  # of these, in standard units
START_SLOPE = 0.1  # of the networks, relative to those of others
MOST = math.log(10)  # by which a logarithm of a standard deviation changes
SOLVING_STEPS = 100  # at most, for samples


class Flow(KnownDensity):
    """A normalizing flow, the triangular map with F_i(y_i | y_1, ..., y_(i-1)) = Phi(z_i) for each coordinate i.

    F_i is the distribution function of a mixture of normals: of a Gaussian mixture's conditional one, its weights,
    means and standard deviations changed by networks of y_1, ..., y_(i-1). So p(y) = product of F_i'(y_i | y_1, ...,
    y_(i-1)), which is the Gaussian mixture's density where the changes are 0 (Rosenblatt, Remarks on a multivariate
    transformation, 1952), and such maps approximate every density (Bishop, Mixture density networks, 1994; Huang et
    al., Neural autoregressive flows, 2018). Samples are found by Newton's method. The standard deviations change by a
    factor of at most 10: without a bound adversarial training may thin the tails until V is -1000 or less, which the
    discriminator does not notice (as Grover et al., Flow-GAN, 2018, report for other flows).

    >>> f = Flow(torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> z = torch.tensor([[-1.0, 0.5], [2.0, 0.0]])
    >>> y = f.standard(z)
    >>> bool((y[1, 0] > y[0, 0]) and f.log_density(y).isfinite().all())
    True
    """

    def __init__(
        self, center: Tensor, scale: Tensor, generator: Generator, components: int = COMPONENTS, width: int = 32
    ) -> None:
        """Start near a mixture of normals drawn about 0; width: that of the two hidden layers of the networks."""
        super().__init__(center, scale, generator)
        self.mixture = Mixture(components, center, scale, generator).requires_grad_(False)
        self.mixture.log_sds.fill_(math.log(START_SD))
        self.own = nn.Parameter(torch.zeros(1, self.dims, 3 * components, device=generator.device))
        widths = [[i, width, width, 3 * components] for i in range(1, self.dims)]
        self.conditioners = nn.ModuleList(mlp(w, generator, nn.Tanh) for w in widths)
        self._weaken(START_SLOPE)

    @classmethod
    def at(cls, mixture: Mixture, generator: Generator) -> Flow:
        """The flow that has the mixture's density, to be trained: it starts from the adjacent, more amenable problem.

        >>> mixture = Mixture(3, torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
        >>> f, x = Flow.at(mixture, Generator().manual_seed(0)), torch.ones(1, 2)
        >>> torch.allclose(f.log_density(x), mixture.log_density(x))
        True
        """
        units = mixture.units
        f = cls(units.shift, units.scale, generator, mixture.logits.shape[-1])
        f.mixture.load_state_dict(mixture.state_dict())
        f._weaken(0.0)
        return f

    def _weaken(self, share: float) -> None:
        """Make the networks' last layers smaller by that share."""
        with torch.no_grad():
            for conditioner in self.conditioners:
                for parameter in list(conditioner.parameters())[-2:]:
                    parameter.mul_(share)

    def _normals(self, i: int, before: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log weights, means and log standard deviations of coordinate i, (..., batch or 1, normals) each."""
        logits, means, log_sds = self.mixture.conditional(i, before)
        change = self.own[..., i, :]
        if i:
            change = change + self.conditioners[i - 1](before)
        weights, shifts, widths = change.chunk(3, dim=-1)
        means = means + log_sds.exp() * shifts
        return (logits + weights).log_softmax(-1), means, log_sds + MOST * (widths / MOST).tanh()

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


def _quantile(z: Tensor, log_weights: Tensor, means: Tensor, log_sds: Tensor) -> Tensor:
    """The y with F(y) = Phi(z): Newton's method, and bisection wherever that does not halve the error.

    The last step, always Newton's, gives y the derivatives of an implicit function.
    """
    normals = log_weights.exp(), means, (-log_sds).exp()
    with torch.no_grad():
        y = _sought(z.flatten(), *(part.expand(*z.shape, part.shape[-1]).flatten(0, -2) for part in normals))
    error, slope = _error(y.view(z.shape), z, *normals)
    return y.view(z.shape) - error / slope.detach()


def _sought(z: Tensor, *normals: Tensor) -> Tensor:
    """The same, near enough for the last step: z (n,), weights, means and inverse standard deviations (n, K) each."""
    weights, means, narrow = normals
    of_each = means + z.unsqueeze(-1) / narrow
    far = torch.ones_like(z, dtype=torch.bool)
    start = (weights * of_each).sum(-1), of_each.amin(-1), of_each.amax(-1), torch.full_like(z, torch.inf), far
    if torch.compiler.is_compiling():  # programs that are exported hold loops over tensors of one size
        counted: Any = torch.while_loop(  # type: ignore[no-untyped-call]
            lambda k, *state: (k < SOLVING_STEPS) & state[-1].any(),
            lambda k, *state: (k + 1, *_stepped(z, *normals, *state)),
            (torch.zeros((), dtype=torch.int64), *start),
        )
        return torch.as_tensor(counted[1])
    y, rows, parts = start[0].clone(), torch.arange(len(z), device=z.device), (z, *normals, *start)
    for _ in range(SOLVING_STEPS):
        state = _stepped(*parts)
        y[rows], far = state[0], state[-1]
        if not bool(far.any()):
            break
        rows, parts = rows[far], tuple(part[far] for part in (*parts[:4], *state))
    return y


def _stepped(*parts: Tensor) -> tuple[Tensor, ...]:
    """The next y, the interval that it is in, the error of this one, and where it was too far for the last step.

    Elsewhere y stays: where errors are no more than rounding none halves, and bisecting would lead away.
    """
    z, *normals, y, low, high, last, _ = parts
    error, slope = _error(y, z, *normals)
    far = error.abs() > torch.finfo(z.dtype).eps ** 0.5 * (1 - torch.special.log_ndtr(-z.abs()))
    below = (error < 0) != (z > 0)
    low, high = torch.where(below, y, low), torch.where(below, high, y)
    newton, halved = y - error / slope, error.abs() <= last / 2
    further = torch.where(halved & (newton >= low) & (newton <= high), newton, (low + high) / 2)
    return torch.where(far, further, y), low, high, error.abs(), far


def _error(y: Tensor, z: Tensor, weights: Tensor, means: Tensor, narrow: Tensor) -> tuple[Tensor, Tensor]:
    """log F(y) - log Phi(z), and its derivative; of 1 - F and 1 - Phi where z > 0: accurate in each tail."""
    side = 1 - 2 * (z > 0).to(z.dtype)
    t = (y.unsqueeze(-1) - means) * narrow
    tail = (weights * torch.special.ndtr(side.unsqueeze(-1) * t)).sum(-1).clamp(min=torch.finfo(y.dtype).tiny)
    density = (weights * narrow * (-t.square() / 2).exp()).sum(-1) / math.sqrt(2 * math.pi)
    return tail.log() - torch.special.log_ndtr(side * z), side * density / tail
