"""Generators X = f(Z) of noise Z ~ N(0, I): some with a known density p, and so a likelihood, and a free network.

Samples are in the data's units: y is in standard units, x = center + scale y, and log p(x) = log p(y) - sum log scale.
Parameters, noise and samples may have a leading dimension of members, as in formulations.players.networks.

    >>> rng, center, scale = Generator().manual_seed(0), torch.tensor([10.0, 20.0]), torch.tensor([1.0, 2.0])
    >>> f = Gaussian(center, scale, rng)
    >>> x = f(normal(f.latent)(5, rng))
    >>> x.shape, f.log_density(x).shape
    (torch.Size([5, 2]), torch.Size([5]))
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Generator, Tensor, nn

from formulations.likelihood.held_out import LOG_D_CAP
from formulations.players.categories import Choosing, units_of_numbers
from formulations.players.networks import Affine, Capped, Fourier, Scalar, Stackable, Standardize, mlp
from formulations.problem import Sampler

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
        return cls(len(np.asarray(weights)), center, scale, Generator()).placed(weights, means, factors)

    def placed(self, weights: ArrayLike, means: ArrayLike, factors: ArrayLike) -> Self:
        """This module with those weights, means and factors, not to be trained."""
        self.logits.data.copy_(torch.as_tensor(np.log(np.asarray(weights))))
        self.means.data.copy_(torch.as_tensor(np.asarray(means)))
        _set_factors(self, factors)
        return self.requires_grad_(False)

    def _factors(self) -> Tensor:
        """L_k, (..., K, d, d)."""
        return self.lower.tril(-1) + torch.diag_embed(self.log_sds.exp())

    def standard(self, z: Tensor) -> Tensor:
        """Of the component that Phi(z_1) selects; the weights get no gradient (see `expectation`)."""
        return self.of_selected(self._selected(z[..., :1]), z[..., 1:])

    def standard_log_density(self, y: Tensor) -> Tensor:
        """log of the sum over k of P(k) N(y; means_k, L_k L_k')."""
        return torch.as_tensor((self.logits.log_softmax(-1).mT + self.log_densities(y)).logsumexp(-2))

    def conditional(self, i: int, before: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of y_i given y_1, ..., y_(i-1), a mixture of normals: logits, means and log standard deviations.

        before (..., batch, i); each (..., batch or 1, K).
        """
        L, mean = self._factors(), self.means[..., i].unsqueeze(-2)
        log_sds = self.log_sds[..., i].unsqueeze(-2)
        if not i:
            return self.logits, mean, log_sds
        apart = before.mT.unsqueeze(-3) - self.means[..., :i].unsqueeze(-1)  # (..., K, i, batch)
        z = torch.linalg.solve_triangular(L[..., :i, :i], apart, upper=False)
        log_normal = -z.square().sum(-2) / 2 - self.log_sds[..., :i].sum(-1, keepdim=True)
        return self.logits + log_normal.mT, mean + (L[..., i : i + 1, :i] @ z).squeeze(-2).mT, log_sds

    def expectation(self, g: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
        """The sum over k of P(k) g(x_k), (..., batch): the exact expectation over k, so that weights get gradients."""
        y = self.of_each(z[..., 1:])  # (..., K, batch, d)
        values = g(self.units(y.flatten(-3, -2)))
        return (self.logits.softmax(-1).mT * values.view(y.shape[:-1])).sum(-2)

    def _selected(self, z: Tensor) -> Tensor:
        """Which component Phi(z) selects, (..., 1) -> one-hot (..., K)."""
        until = self.logits.softmax(-1).cumsum(-1)[..., :-1]
        k = (torch.special.ndtr(z) > until).sum(-1)
        return nn.functional.one_hot(k, self.logits.shape[-1]).to(z.dtype)

    def of_selected(self, k: Tensor, z: Tensor) -> Tensor:
        """means_k + L_k z, of one-hot vectors k (..., batch, K) and z (..., batch, d)."""
        factors = (k @ self._factors().flatten(-2)).view(*z.shape, self.dims)
        return torch.as_tensor(k @ self.means + (factors @ z[..., None])[..., 0])

    def of_each(self, z: Tensor) -> Tensor:
        """means_k + L_k z for all k, (..., batch, d) -> (..., K, batch, d)."""
        return self.means.unsqueeze(-2) + z.unsqueeze(-3) @ self._factors().mT

    def log_densities(self, y: Tensor) -> Tensor:
        """log N(y; means_k, L_k L_k') for all k, (..., batch, d) -> (..., K, batch)."""
        apart = y.mT.unsqueeze(-3) - self.means.unsqueeze(-1)  # (..., K, d, batch)
        z = torch.linalg.solve_triangular(self._factors(), apart, upper=False)
        return torch.as_tensor(-(z.square() + LOG_2_PI).sum(-2) / 2 - self.log_sds.sum(-1, keepdim=True))


def expectation(f: Callable[[Tensor], Tensor], g: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """g(f(z)), or its expectation over the discrete choices of f where f is trained and makes any. (..., batch).

    Only the expectation over discrete choices is differentiable in their probabilities.

    >>> f = Mixture(3, torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> expectation(f, lambda x: x.square().sum(-1), torch.zeros(5, 3)).shape
    torch.Size([5])
    """
    return f.expectation(g, z) if isinstance(f, Mixture) and f.logits.requires_grad else g(f(z))


def free(
    latent: int,
    hidden: Sequence[int],
    center: Tensor,
    scale: Tensor,
    generator: Generator,
    categories: Sequence[int] = (),
) -> nn.Module:
    """A network from noise (..., latent) to samples (..., d) in the data's units; its density is unknown.

    categories  how many of the last coordinates each is a one-hot vector of; for each of these coordinates the noise
                has one more number, all of them uniform (players.categories)

    >>> f = free(3, [16], torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> f(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """
    units = units_of_numbers(center, scale, sum(categories)).to(generator.device)
    network = nn.Sequential(mlp([latent, *hidden, len(center)], generator), units)
    return Choosing(network, categories) if categories else network


class Discriminator(nn.Sequential):
    """Standard units, Fourier features, a network and its cap: of samples, and of the share of training done if told.

    >>> d = discriminator([16], torch.zeros(2), torch.ones(2), Generator().manual_seed(0), octaves=3, begins=0.5)
    >>> torch.equal(d(torch.ones(5, 2), torch.zeros(5)), d(torch.ones(5, 2)))  # it has not learnt of waves yet
    True
    """

    stackable = True

    def forward(self, x: Tensor, share: Tensor | None = None) -> Tensor:
        """log d, or a logit: (..., d) -> (...)."""
        units, features, *rest = self
        x = features(units(x), share)
        for layer in rest:
            x = layer(x)
        return torch.as_tensor(x)


def discriminator(
    hidden: Sequence[int],
    center: Tensor,
    scale: Tensor,
    generator: Generator,
    octaves: int = 0,
    begins: float = 0.0,
    cap: float = LOG_D_CAP,
) -> Discriminator:
    """A network from samples in the data's units to one number each, (..., d) -> (...): log d, or a logit.

    octaves  the frequencies of Fourier features of the input, for data with detail much finer than their spread
    begins   the share of training from which it sees them, where it is told that; until then it is as without them
    cap      the largest absolute output, as log d is capped in certificates (likelihood.held_out); it keeps training
             from diverging as well

    >>> d = discriminator([16], torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> d(torch.zeros(5, 2)).shape
    torch.Size([5])
    """
    device, features = generator.device, len(center) * (1 + 2 * octaves)
    network = mlp([features, *hidden, 1], generator)
    if begins:
        network[0].get_parameter("weight").data[len(center) :] = 0.0
    units = Standardize(center.to(device), scale.to(device))
    return Discriminator(units, Fourier(octaves, begins), network, Capped(cap), Scalar())
