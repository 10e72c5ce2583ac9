"""Sampling importance resampling: of K samples of a generator one is kept, the discriminator's weights being its odds.

    X_1, ..., X_K ~ p        P(X_k is kept)  =  d(X_k) / (d(X_1) + ... + d(X_K))

What is kept has the density, d(X_2), ..., d(X_K) being independent,

    r(x)  =  p(x) d(x) E[K / (d(x) + d(X_2) + ... + d(X_K))]  <=  K p(x)

which goes to p d / E_p d as K grows, and so to q where d = q / p up to a factor. By Jensen's inequality, for all d > 0,

    E_q log r - E_q log p  >=  E_q log (K d / (d + (K - 1) E_p d))             the gain in likelihood
    q / r  <=  (d + K - 1) / K                                                 at d = q / p
    KL(q || r)  <=  E_q log ((d + K - 1) / K)  <=  log (1 + chi2(q || p) / K)  at d = q / p

so rows that d was not trained on tell whether to resample, and the second line has a discriminator of what is kept. It
sees no more than d did: what it claims of r is as valid as any claim, and a small one never says that r is good. Where
p makes no samples none can be kept.

Rubin, Using the SIR algorithm to simulate posterior distributions, 1988; for generative networks Grover et al., Bias
correction of learned generative models using likelihood-free importance weighting, 2019. To accept samples with
probability d / M instead (Azadi et al., Discriminator rejection sampling, 2019) needs a bound M on d.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from formulations.players.categories import gumbel, unit_interval

TRIES = 8  # K


class Resampled(nn.Module):
    """Of K samples of a generator the one with the largest log d + G, G by Gumbel's trick (players.categories).

    The noise of a sample is K times that of f, (..., latent), and then K numbers more, uniform as those of f are: with
    mean 0 and variance 1.

    >>> f = Resampled(nn.Identity(), lambda x: torch.where(x[:, 0] > 0, 3.0, -3.0), latent=1, tries=2)
    >>> f(torch.tensor([[-1.0, 1.0, 0.0, 0.0], [1.0, -1.0, 0.0, 0.0]])).tolist()
    [[1.0], [1.0]]
    """

    def __init__(
        self, f: Callable[[Tensor], Tensor], d: Callable[[Tensor], Tensor], latent: int, tries: int = TRIES
    ) -> None:
        """latent: how many numbers f is fed."""
        super().__init__()
        self.f, self.d, self.latent, self.tries = f, d, latent, tries

    @property
    def fed(self) -> int:
        """How many numbers the noise of a sample has."""
        return self.tries * (self.latent + 1)

    def forward(self, z: Tensor) -> Tensor:
        """Noise (n, fed) -> samples (n, d)."""
        noise, odds = z[:, : -self.tries], unit_interval(z[:, -self.tries :])
        x = self.f(noise.reshape(-1, self.latent))
        scores = log_odds(self.d(x)).view(-1, self.tries) + gumbel(odds)
        kept = scores.argmax(-1)[:, None, None].expand(-1, 1, x.shape[-1])
        return torch.as_tensor(x.view(-1, self.tries, x.shape[-1]).gather(1, kept)[:, 0])


class Remaining(nn.Module):
    """log ((d / E_p d + K - 1) / K): what is left for the discriminator to tell.

    >>> d = Remaining(lambda x: x[:, 0], log_mean=0.0, tries=2)
    >>> x = torch.tensor([[0.0], [math.log(3)]])
    >>> d(x).exp(), d.gain(x).exp()
    (tensor([1., 2.]), tensor([1.0000, 1.5000]))
    """

    log_mean: Tensor

    def __init__(self, d: Callable[[Tensor], Tensor], log_mean: float, tries: int = TRIES) -> None:
        """log_mean: log E_p d."""
        super().__init__()
        self.d, self.tries = d, tries
        self.register_buffer("log_mean", torch.tensor(log_mean))

    def forward(self, x: Tensor) -> Tensor:
        """Log of the ratio, (n, d) -> (n,)."""
        return self._remaining(log_odds(self.d(x)) - self.log_mean)

    def gain(self, x: Tensor) -> Tensor:
        """Log (K d / (d + (K - 1) E_p d)), whose mean over q the likelihood is raised by at least."""
        ahead = log_odds(self.d(x)) - self.log_mean
        return ahead - self._remaining(ahead)

    def _remaining(self, ahead: Tensor) -> Tensor:
        return torch.log1p(torch.expm1(ahead) / self.tries)


def log_odds(log_d: Tensor) -> Tensor:
    """Log d, or -inf where a sample is beyond what d can tell and it is NaN.

    >>> log_odds(torch.tensor([torch.nan, 1.0]))
    tensor([-inf, 1.])
    """
    return log_d.nan_to_num(nan=-math.inf, posinf=math.inf, neginf=-math.inf)
