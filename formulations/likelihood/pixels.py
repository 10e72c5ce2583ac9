"""Laws of a pixel: how probable its value is, by the numbers that a network gives for it.

Pixels x are from 0, black, to 1, white, (..., dims); the numbers are (..., dims, numbers).
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import logsigmoid, softplus

LOG_SCALES = (-7.0, 5.0)  # of a logistic law: from far below the step between 256 levels to nearly uniform
LEAST_LOG_SD = -7.0


class Bernoulli(nn.Module):
    """P(x = 1) = the logistic function of one number, for pixels that are black or white.

    >>> law = Bernoulli()
    >>> law.log_probability(torch.tensor([1.0, 0.0]), torch.zeros(2, 1)).exp()
    tensor([0.5000, 0.5000])
    """

    numbers = 1
    levels: int | None = 2

    def log_probability(self, x: Tensor, theta: Tensor) -> Tensor:
        """log P(x), (..., dims)."""
        v = theta[..., 0]
        return x * v - softplus(v)

    def log_joint(self, x: Tensor, theta: Tensor) -> Tensor:
        """The sum over all pixels for every pair of x, (n, dims), and theta, (m, dims, 1): (n, m)."""
        v = theta[..., 0]
        return x @ v.mT - softplus(v).sum(-1)

    def mean(self, theta: Tensor) -> Tensor:
        """E x."""
        return theta[..., 0].sigmoid()

    def sample(self, theta: Tensor, generator: Generator) -> Tensor:
        """One draw each."""
        return torch.bernoulli(self.mean(theta), generator=generator)


class Gaussian(nn.Module):
    """x ~ N(m, s^2), m one number for each pixel and s, which is learnt, the same for all.

    With an s of its own a pixel that is the same in all images would have an infinite density.

    >>> round(Gaussian().log_probability(torch.zeros(1), torch.zeros(1, 1)).item(), 4)  # log 4 - log sqrt(2 pi)
    0.4674
    """

    numbers = 1
    levels: int | None = None

    def __init__(self) -> None:
        """Start at s = 1 / 4, about that of pixels."""
        super().__init__()
        self.log_sd = nn.Parameter(torch.full((), math.log(0.25)))

    def _log_s(self) -> Tensor:
        return self.log_sd.clamp(min=LEAST_LOG_SD)

    def log_probability(self, x: Tensor, theta: Tensor) -> Tensor:
        """log of the density at x, (..., dims)."""
        log_s = self._log_s()
        return -((x - theta[..., 0]) * (-log_s).exp()).square() / 2 - log_s - math.log(2 * math.pi) / 2

    def log_joint(self, x: Tensor, theta: Tensor) -> Tensor:
        """The sum over all pixels for every pair of x, (n, dims), and theta, (m, dims, 1): (n, m)."""
        m, log_s = theta[..., 0], self._log_s()
        squared = x.square().sum(-1, keepdim=True) - 2 * x @ m.mT + m.square().sum(-1)
        return -squared * (-2 * log_s).exp() / 2 - x.shape[-1] * (log_s + math.log(2 * math.pi) / 2)

    def mean(self, theta: Tensor) -> Tensor:
        """E x."""
        return theta[..., 0]

    def sample(self, theta: Tensor, generator: Generator) -> Tensor:
        """One draw each."""
        e = torch.randn(theta.shape[:-1], generator=generator, device=generator.device)
        return theta[..., 0] + self._log_s().exp() * e


class DiscretizedLogistic(nn.Module):
    """A mixture of logistic laws, what falls beyond black or white counted there, for pixels of so many levels.

    With F the distribution function of the mixture on the scale from 0 to levels - 1,

        P(x = k) = F(k + 1/2) - F(k - 1/2),    F(-1/2) := 0, F(levels - 1/2) := 1

    (Salimans et al., PixelCNN++, 2017, section 2.1). The numbers are logits of the weights, means and log scales.

    >>> law = DiscretizedLogistic(levels=5, components=2)
    >>> theta = torch.randn(1, 6).expand(5, 6)
    >>> round(law.log_probability(torch.arange(5) / 4, theta).exp().sum().item(), 5)
    1.0
    """

    def __init__(self, levels: int, components: int = 1) -> None:
        """levels: how many values a pixel may have, at least 2."""
        super().__init__()
        self.levels, self.components, self.numbers = levels, components, 3 * components

    def _parts(self, theta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the weights, means from 0 to 1, about, and log scales; 0 gives a broad law about the middle."""
        logits, means, log_scales = theta.chunk(3, dim=-1)
        return logits, 0.5 + means / 2, (log_scales - 2).clamp(*LOG_SCALES)

    def log_probability(self, x: Tensor, theta: Tensor) -> Tensor:
        """log P(x), (..., dims)."""
        logits, means, log_scales = self._parts(theta)
        half, x = 0.5 / (self.levels - 1), x.unsqueeze(-1)
        wide = (-log_scales).exp()
        above, below = (x + half - means) * wide, (x - half - means) * wide
        # log(F(a) - F(b)) with F the logistic function: log F(a) + log(1 - F(b)) + log(1 - e^(b - a))
        within = logsigmoid(above) - softplus(below) + torch.log(-torch.expm1(below - above))
        black, white = x < half, x > 1 - half
        log_p = torch.where(black, logsigmoid(above), torch.where(white, -softplus(below), within))
        return (logits.log_softmax(-1) + log_p).logsumexp(-1)

    def log_joint(self, x: Tensor, theta: Tensor) -> Tensor:
        """The sum over all pixels for every pair of x, (n, dims), and theta, (m, dims, numbers): (n, m)."""
        return torch.stack([self.log_probability(row, theta).sum(-1) for row in x])

    def mean(self, theta: Tensor) -> Tensor:
        """E x, but for what is cut off at black and white."""
        logits, means, _ = self._parts(theta)
        return (logits.softmax(-1) * means).sum(-1).clamp(0, 1)

    def sample(self, theta: Tensor, generator: Generator) -> Tensor:
        """One draw each."""
        logits, means, log_scales = self._parts(theta)
        shape = logits.shape[:-1]
        k = torch.multinomial(logits.softmax(-1).flatten(0, -2), 1, generator=generator).view(*shape, 1)
        u = torch.rand(shape, generator=generator, device=generator.device).clamp(1e-6, 1 - 1e-6)
        drawn = means.gather(-1, k)[..., 0] + log_scales.gather(-1, k)[..., 0].exp() * u.logit()
        return (drawn.clamp(0, 1) * (self.levels - 1)).round() / (self.levels - 1)


Law = Bernoulli | Gaussian | DiscretizedLogistic
