"""Generators X = f(Z) of noise Z ~ N(0, I) whose density p is known, so that their likelihood is; and one that is free.

All work in the data's own units: y is in standard units, x = center + scale y, and log p(x) = log p(y) - sum log scale.
Parameters, noise and samples may have a leading dimension of members, as in formulations.players.networks.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn

from formulations.likelihood.held_out import LOG_D_CAP
from formulations.players.networks import Affine, Capped, Fourier, Scalar, Stackable, Standardize, mlp
from formulations.problem import Sampler

LEAST_SLOPE = 0.05  # slope of a flow, in standard units
BISECTION_STEPS = 60  # of an interval, to the last bit of float64
LOG_2_PI = math.log(2 * math.pi)


def normal(dims: int) -> Sampler:
    """The noise: n draws of N(0, I), (n, dims)."""
    return lambda n, generator: torch.randn(n, dims, generator=generator, device=generator.device)


def uniform(dims: int) -> Sampler:
    """Noise with edges, as crisp data suit it: n draws, uniform with mean 0 and variance 1, (n, dims)."""

    def draw(n: int, generator: Generator) -> Tensor:
        return math.sqrt(3) * (2 * torch.rand(n, dims, generator=generator, device=generator.device) - 1)

    return draw


def _log_normal(z: Tensor) -> Tensor:
    """log N(z; 0, I), (..., d) -> (...)."""
    return -(z.square() + LOG_2_PI).sum(-1) / 2


class KnownDensity(Stackable):
    """A generator with the density of what it makes.

    latent  how many numbers of noise make one sample
    """

    latent: int
    units: Affine

    def __init__(self, center: Tensor, scale: Tensor, generator: Generator) -> None:
        """center, scale  the mean and sd of the data, (d,)."""
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
        """Noise -> y."""

    @abstractmethod
    def standard_log_density(self, y: Tensor) -> Tensor:
        """log p(y)."""


class Gaussian(KnownDensity):
    """y = mean + L z with L lower triangular, its diagonal exp(log_sd)."""

    def __init__(self, center: Tensor, scale: Tensor, generator: Generator) -> None:
        """Start as N(center, diag(scale^2)), after a small random push."""
        super().__init__(center, scale, generator)
        d, device = self.dims, generator.device
        self.mean = nn.Parameter(torch.randn(1, d, generator=generator, device=device) / 10)
        self.log_sd = nn.Parameter(torch.zeros(1, d, device=device))
        self.lower = nn.Parameter(torch.zeros(d, d, device=device))

    def _factor(self) -> Tensor:
        return self.lower.tril(-1) + torch.diag_embed(self.log_sd.squeeze(-2).exp())

    def standard(self, z: Tensor) -> Tensor:
        """Mean + L z."""
        return self.mean + z @ self._factor().mT

    def standard_log_density(self, y: Tensor) -> Tensor:
        """log N(y; mean, L L')."""
        z = torch.linalg.solve_triangular(self._factor().mT, y - self.mean, upper=True, left=False)
        return _log_normal(z) - self.log_sd.sum(-1)


class Mixture(KnownDensity):
    """y = means_k + sds_k z' where the first number of the noise picks k: P(k) = softmax(logits)_k."""

    def __init__(self, components: int, center: Tensor, scale: Tensor, generator: Generator) -> None:
        """Start with equal weights, means spread like the data and sds of 1 / K."""
        super().__init__(center, scale, generator)
        self.latent = 1 + self.dims
        d, device = self.dims, generator.device
        self.logits = nn.Parameter(torch.zeros(1, components, device=device))
        self.means = nn.Parameter(torch.randn(components, d, generator=generator, device=device))
        self.log_sds = nn.Parameter(torch.full((components, d), -math.log(components), device=device))

    def standard(self, z: Tensor) -> Tensor:
        """The component that Phi(z_1) falls to, as a function of the other numbers; no gradient reaches the weights."""
        until = self.logits.softmax(-1).cumsum(-1)[..., :-1]
        k = (torch.special.ndtr(z[..., :1]) > until).sum(-1)
        chosen = nn.functional.one_hot(k, self.logits.shape[-1]).to(z.dtype)
        return chosen @ self.means + (chosen @ self.log_sds.exp()) * z[..., 1:]

    def standard_log_density(self, y: Tensor) -> Tensor:
        """log of the sum over k of P(k) N(y; means_k, sds_k)."""
        z = (y.unsqueeze(-2) - self.means.unsqueeze(-3)) / self.log_sds.exp().unsqueeze(-3)
        return (self.logits.log_softmax(-1) + _log_normal(z) - self.log_sds.sum(-1).unsqueeze(-2)).logsumexp(-1)

    def expectation(self, g: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
        """The sum over k of P(k) g(x_k), (..., batch): over the choice of k exactly, so weights have gradients."""
        y = self.means.unsqueeze(-2) + self.log_sds.exp().unsqueeze(-2) * z[..., 1:].unsqueeze(-3)  # (..., K, batch, d)
        values = g(self.units(y.flatten(-3, -2)))
        return (self.logits.softmax(-1).mT * values.view(y.shape[:-1])).sum(-2)


def expectation(f: Callable[[Tensor], Tensor], g: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """E g(f(z)) over what the generator f chooses beyond differentiating through z; g(f(z)) if it chooses nothing."""
    return f.expectation(g, z) if isinstance(f, Mixture) else g(f(z))


class Flow(KnownDensity):
    """y_i = m(z_i), increasing, with coefficients that depend on z_1, ..., z_(i-1): a triangular map.

    m(t) = b + (c + e^a) t + sum over j of e^(u_j) tanh(e^(v_j) (t - w_j)), and p(y) = N(z; 0, I) / product of m'(z_i)
    at the z that makes y, found by bisection. With c = 0 such maps reach every density (the Knothe-Rosenblatt
    rearrangement); they are the neural autoregressive flows of Huang et al., 2018. With c = 0.05 no part is narrower
    than that share of the data's sd: else a game may thin the tails until V is -1000 and less while no discriminator
    minds (as Grover et al., Flow-GAN, 2018, report of others).
    """

    def __init__(self, center: Tensor, scale: Tensor, generator: Generator, steps: int = 8, width: int = 32) -> None:
        """steps  how many tanh each coordinate has; width  of the two hidden layers that its coefficients come from."""
        super().__init__(center, scale, generator)
        device = generator.device
        places = torch.special.ndtri((torch.arange(steps, device=device) + 0.5) / steps)
        level, slope = torch.zeros(1, device=device), torch.full((1,), math.log(0.5), device=device)
        u, v = (torch.full((steps,), number, device=device) for number in (-math.log(2 * steps), math.log(2)))
        start = torch.cat([level, slope, u, v, places])
        self.own = nn.Parameter(start.repeat(1, self.dims, 1))
        widths = [[i, width, width, len(start)] for i in range(1, self.dims)]
        self.conditioners = nn.ModuleList(mlp(w, generator, nn.Tanh) for w in widths)

    def _coefficients(self, i: int, before: Tensor) -> tuple[Tensor, ...]:
        """b, c + e^a (..., batch or 1) and e^u, e^v, w (..., batch or 1, steps) of coordinate i."""
        c = self.own[..., i, :]
        if i:
            c = c + self.conditioners[i - 1](before)
        u, v, w = c[..., 2:].chunk(3, dim=-1)
        return c[..., 0], LEAST_SLOPE + c[..., 1].exp(), u.exp(), v.exp(), w

    def standard(self, z: Tensor) -> Tensor:
        """m, coordinate by coordinate."""
        y = [_rise(z[..., i], *self._coefficients(i, z[..., :i])) for i in range(self.dims)]
        return torch.stack(y, dim=-1)

    def standard_log_density(self, y: Tensor) -> Tensor:
        """log N(z; 0, I) - the sum of log m'(z_i). No gradient passes through z."""
        z = y[..., :0]
        log_slopes = y.new_zeros(())
        for i in range(self.dims):
            c = self._coefficients(i, z)
            t = _fall(y[..., i], *c)
            log_slopes = log_slopes + _slope(t, *c).log()
            z = torch.cat([z, t.unsqueeze(-1)], dim=-1)
        return _log_normal(z) - log_slopes


def _rise(t: Tensor, b: Tensor, linear: Tensor, height: Tensor, steep: Tensor, at: Tensor) -> Tensor:
    """m(t)."""
    return b + linear * t + (height * (steep * (t.unsqueeze(-1) - at)).tanh()).sum(-1)


def _slope(t: Tensor, b: Tensor, linear: Tensor, height: Tensor, steep: Tensor, at: Tensor) -> Tensor:
    """m'(t)."""
    return linear + (height * steep * (1 - (steep * (t.unsqueeze(-1) - at)).tanh().square())).sum(-1)


@torch.no_grad()
def _fall(y: Tensor, b: Tensor, linear: Tensor, height: Tensor, steep: Tensor, at: Tensor) -> Tensor:
    """The t with m(t) = y: each tanh is within -1 and 1, which brackets it."""
    middle, reach = (y - b) / linear, height.sum(-1) / linear
    for _ in range(BISECTION_STEPS):
        reach = reach / 2
        middle = middle + torch.where(_rise(middle, b, linear, height, steep, at) < y, reach, -reach)
    return middle


def free(latent: int, hidden: Sequence[int], center: Tensor, scale: Tensor, generator: Generator) -> nn.Sequential:
    """A network from noise (..., latent) to samples (..., d) in the data's units, whose density is unknown."""
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

    octaves  of Fourier features between, for data with detail much finer than their spread
    cap      of the number's size, as it will be capped to be certified (likelihood.held_out): what a network may not
             put out it cannot blow up over
    """
    device, features = generator.device, len(center) * (1 + 2 * octaves)
    return nn.Sequential(
        Standardize(center.to(device), scale.to(device)),
        Fourier(octaves),
        mlp([features, *hidden, 1], generator),
        Capped(cap),
        Scalar(),
    )
