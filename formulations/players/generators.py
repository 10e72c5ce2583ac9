"""Generators X = f(Z) of noise Z ~ N(0, I): some with a known density p, and so a likelihood, and a free network.

Samples are in the data's units: y is in standard units, x = center + scale y, and log p(x) = log p(y) - sum log scale.
Parameters, noise and samples may have a leading dimension of members, as in formulations.players.networks.

    >>> rng, center, scale = Generator().manual_seed(0), torch.tensor([10.0, 20.0]), torch.tensor([1.0, 2.0])
    >>> f = Flow(center, scale, rng)
    >>> x = f(normal(f.latent)(5, rng))
    >>> x.shape, f.log_density(x).shape
    (torch.Size([5, 2]), torch.Size([5]))
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from formulations.likelihood.held_out import LOG_D_CAP
from formulations.players.networks import Affine, Capped, Fourier, Scalar, Stackable, Standardize, mlp
from formulations.problem import Sampler

LEAST_SD = 0.03  # of the normals of a flow, in standard units
START_SLOPE = 0.1  # of a flow's networks, relative to those of other networks
SOLVING_STEPS = 100  # at most, for the samples of a flow
LOG_2_PI = math.log(2 * math.pi)


def normal(dims: int) -> Sampler:
    """A sampler of noise: n draws of N(0, I), (n, dims).

    >>> normal(2)(3, Generator().manual_seed(0)).shape
    torch.Size([3, 2])
    """
    return lambda n, generator: torch.randn(n, dims, generator=generator, device=generator.device)


def uniform(dims: int) -> Sampler:
    """A sampler of bounded noise, for data with sharp edges: uniform with mean 0 and variance 1, (n, dims).

    >>> bool(uniform(2)(1000, Generator().manual_seed(0)).abs().max() < math.sqrt(3))
    True
    """

    def draw(n: int, generator: Generator) -> Tensor:
        return math.sqrt(3) * (2 * torch.rand(n, dims, generator=generator, device=generator.device) - 1)

    return draw


def _log_normal(z: Tensor) -> Tensor:
    """log N(z; 0, I), (..., d) -> (...)."""
    return -(z.square() + LOG_2_PI).sum(-1) / 2


class KnownDensity(Stackable):
    """A generator with a known density of its samples; subclasses define it in standard units.

    latent  the dimension of the noise
    """

    latent: int
    units: Affine

    def __init__(self, center: Tensor, scale: Tensor, generator: Generator) -> None:
        """center, scale: the mean and standard deviation of the data, (d,)."""
        super().__init__()
        self.dims = self.latent = len(center)
        self.units = Affine(center.float().to(generator.device), scale.float().to(generator.device))

    def forward(self, z: Tensor) -> Tensor:
        """Noise (..., latent) -> samples (..., d)."""
        return torch.as_tensor(self.units(self.standard(z)))

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x), (..., d) -> (...)."""
        return self.standard_log_density(self.units.inverse(x)) - self.units.scale.log().sum()

    @abstractmethod
    def standard(self, z: Tensor) -> Tensor:
        """Noise (..., latent) -> y (..., d)."""

    @abstractmethod
    def standard_log_density(self, y: Tensor) -> Tensor:
        """log p(y), (..., d) -> (...)."""


class Gaussian(KnownDensity):
    """y = mean + L z with L lower triangular, its diagonal exp(log_sd).

    >>> f = Gaussian(torch.zeros(1), torch.ones(1), Generator().manual_seed(0))
    >>> _ = f.mean.data.zero_()
    >>> round(f.log_density(torch.zeros(1, 1)).item(), 4)  # -log sqrt(2 pi)
    -0.9189
    """

    def __init__(self, center: Tensor, scale: Tensor, generator: Generator) -> None:
        """Start as N(center, diag(scale^2)), the mean slightly perturbed."""
        super().__init__(center, scale, generator)
        d, device = self.dims, generator.device
        self.mean = nn.Parameter(torch.randn(1, d, generator=generator, device=device) / 10)
        self.log_sd = nn.Parameter(torch.zeros(1, d, device=device))
        self.lower = nn.Parameter(torch.zeros(d, d, device=device))

    @classmethod
    def of(cls, mean: ArrayLike, factor: ArrayLike, center: Tensor, scale: Tensor) -> Gaussian:
        """The Gaussian with this mean (d,) and lower triangular L (d, d), not to be trained.

        >>> f = Gaussian.of([0.0], [[1.0]], torch.zeros(1), torch.ones(1))
        >>> round(f.log_density(torch.zeros(1, 1)).item(), 4)  # -log sqrt(2 pi)
        -0.9189
        """
        f = cls(center, scale, Generator())
        f.mean.data.copy_(torch.as_tensor(np.asarray(mean)))
        _set_factors(f, factor)
        return f.requires_grad_(False)

    def _factor(self) -> Tensor:
        return self.lower.tril(-1) + torch.diag_embed(self.log_sd.squeeze(-2).exp())

    def standard(self, z: Tensor) -> Tensor:
        """Mean + L z."""
        return self.mean + z @ self._factor().mT

    def standard_log_density(self, y: Tensor) -> Tensor:
        """log N(y; mean, L L')."""
        z = torch.linalg.solve_triangular(self._factor().mT, y - self.mean, upper=True, left=False)
        return _log_normal(z) - self.log_sd.sum(-1)


def _set_factors(f: Gaussian | Mixture, factors: ArrayLike) -> None:
    """Put L, lower triangular (..., d, d), into the parameters."""
    L = torch.as_tensor(np.asarray(factors))
    (f.log_sd if isinstance(f, Gaussian) else f.log_sds).data.copy_(L.diagonal(dim1=-2, dim2=-1).log())
    f.lower.data.copy_(L.tril(-1))


class Mixture(KnownDensity):
    """y = means_k + L_k z' with the component k chosen by the noise's first coordinate: P(k) = softmax(logits)_k.

    L_k is lower triangular, its diagonal exp(log_sds_k).

    >>> f = Mixture(3, torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> f.latent, f(torch.zeros(5, 3)).shape
    (3, torch.Size([5, 2]))
    """

    def __init__(self, components: int, center: Tensor, scale: Tensor, generator: Generator) -> None:
        """Start with equal weights, normal means and standard deviations of 1 / K; `components` is K."""
        super().__init__(center, scale, generator)
        self.latent = 1 + self.dims
        d, device = self.dims, generator.device
        self.logits = nn.Parameter(torch.zeros(1, components, device=device))
        self.means = nn.Parameter(torch.randn(components, d, generator=generator, device=device))
        self.log_sds = nn.Parameter(torch.full((components, d), -math.log(components), device=device))
        self.lower = nn.Parameter(torch.zeros(components, d, d, device=device))

    @classmethod
    def of(cls, weights: ArrayLike, means: ArrayLike, factors: ArrayLike, center: Tensor, scale: Tensor) -> Mixture:
        """The mixture with these weights (K,), means (K, d) and lower triangular L (K, d, d), not to be trained.

        >>> f = Mixture.of([0.5, 0.5], [[-1.0], [1.0]], [[[0.1]], [[0.1]]], torch.zeros(1), torch.ones(1))
        >>> round(f.log_density(torch.ones(1, 1)).item(), 4)  # log 1/2 - log 0.1 - log sqrt(2 pi)
        0.6905
        """
        f = cls(len(np.asarray(weights)), center, scale, Generator())
        f.logits.data.copy_(torch.as_tensor(np.log(np.asarray(weights))))
        f.means.data.copy_(torch.as_tensor(np.asarray(means)))
        _set_factors(f, factors)
        return f.requires_grad_(False)

    def _factors(self) -> Tensor:
        """L_k, (..., K, d, d)."""
        return self.lower.tril(-1) + torch.diag_embed(self.log_sds.exp())

    def standard(self, z: Tensor) -> Tensor:
        """Of the component that Phi(z_1) selects; the weights get no gradient (see `expectation`)."""
        until = self.logits.softmax(-1).cumsum(-1)[..., :-1]
        k = (torch.special.ndtr(z[..., :1]) > until).sum(-1)
        chosen = nn.functional.one_hot(k, self.logits.shape[-1]).to(z.dtype)
        factors = (chosen @ self._factors().flatten(-2)).view(*k.shape, self.dims, self.dims)
        return torch.as_tensor(chosen @ self.means + (factors @ z[..., 1:, None])[..., 0])

    def standard_log_density(self, y: Tensor) -> Tensor:
        """log of the sum over k of P(k) N(y; means_k, L_k L_k')."""
        apart = y.mT.unsqueeze(-3) - self.means.unsqueeze(-1)  # (..., K, d, batch)
        z = torch.linalg.solve_triangular(self._factors(), apart, upper=False)
        log_normal = -(z.square() + LOG_2_PI).sum(-2) / 2 - self.log_sds.sum(-1, keepdim=True)
        return torch.as_tensor((self.logits.log_softmax(-1).mT + log_normal).logsumexp(-2))

    def expectation(self, g: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
        """The sum over k of P(k) g(x_k), (..., batch): the exact expectation over k, so that weights get gradients."""
        y = self.means.unsqueeze(-2) + z[..., 1:].unsqueeze(-3) @ self._factors().mT  # (..., K, batch, d)
        values = g(self.units(y.flatten(-3, -2)))
        return (self.logits.softmax(-1).mT * values.view(y.shape[:-1])).sum(-2)


def expectation(f: Callable[[Tensor], Tensor], g: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """g(f(z)), or its expectation over the discrete choices of f where f is trained and makes any. (..., batch).

    Only the expectation over discrete choices is differentiable in their probabilities.

    >>> f = Mixture(3, torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> expectation(f, lambda x: x.square().sum(-1), torch.zeros(5, 3)).shape
    torch.Size([5])
    """
    return f.expectation(g, z) if isinstance(f, Mixture) and f.logits.requires_grad else g(f(z))


class Flow(KnownDensity):
    """A normalizing flow, the triangular map with F_i(y_i | y_1, ..., y_(i-1)) = Phi(z_i) for each coordinate i.

    F_i is the distribution function of a mixture of normals, whose weights, means and standard deviations are networks
    of y_1, ..., y_(i-1). So p(y) = product of F_i'(y_i | y_1, ..., y_(i-1)), and such maps approximate every density
    (the Knothe-Rosenblatt rearrangement; Bishop, Mixture density networks, 1994; Huang et al., Neural autoregressive
    flows, 2018). Samples are found by bisection. The standard deviations have a lower bound: without it adversarial
    training may thin the tails until V is -1000 or less, which the discriminator does not notice (as Grover et al.,
    Flow-GAN, 2018, report for other flows).

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
    return torch.as_tensor((log_weights + torch.special.log_ndtr(side.unsqueeze(-1) * t)).logsumexp(-1))


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
        y = torch.where(halved & (newton >= low) & (newton <= high), newton, (low + high) / 2)
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


def free(latent: int, hidden: Sequence[int], center: Tensor, scale: Tensor, generator: Generator) -> nn.Sequential:
    """A network from noise (..., latent) to samples (..., d) in the data's units; its density is unknown.

    >>> f = free(3, [16], torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> f(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """
    device = generator.device
    units = Affine(center.to(device), scale.to(device))
    return nn.Sequential(mlp([latent, *hidden, len(center)], generator), units)


def discriminator(
    hidden: Sequence[int],
    center: Tensor,
    scale: Tensor,
    generator: Generator,
    octaves: int = 0,
    cap: float = LOG_D_CAP,
) -> nn.Sequential:
    """A network from samples in the data's units to one number each, (..., d) -> (...): log d, or a logit.

    octaves  the frequencies of Fourier features of the input, for data with detail much finer than their spread
    cap      the largest absolute output, as log d is capped in certificates (likelihood.held_out); it keeps training
             from diverging as well

    >>> d = discriminator([16], torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> d(torch.zeros(5, 2)).shape
    torch.Size([5])
    """
    device, features = generator.device, len(center) * (1 + 2 * octaves)
    return nn.Sequential(
        Standardize(center.to(device), scale.to(device)),
        Fourier(octaves),
        mlp([features, *hidden, 1], generator),
        Capped(cap),
        Scalar(),
    )
