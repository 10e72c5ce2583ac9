"""Variational autoencoders: the likelihood of a generator with latent variables, between its bounds.

A generator draws a code Z ~ N(0, I) and then X from p(x | Z), a law whose numbers are a network's output at Z. It is to
maximize V = E log p(X), but p(x) is an integral over z. For an encoder, any density q(z | x), the weights

    w = p(x | Z) p(Z) / q(Z | x),    Z ~ q(. | x),    have mean p(x), so that by Jensen's inequality

    ELBO(x) = E log w = E log p(x | Z) - KL(q(. | x) || p)   <=   log p(x)           equality at q(z | x) = p(z | x)

(Kingma & Welling, Auto-encoding variational Bayes, 2014). So the adjacent problem, with the encoder as a multiplier, is

    maximize over both networks    E ELBO(X)      <=   V

With q(. | x) = N(m(x), diag s(x)^2), Z = m + s e for e ~ N(0, I): no parameters are left in the law of e, and gradients
go through (reparametrisation). The mean of K weights has the mean p(x) and varies less, hence (Burda et al., Importance
weighted autoencoders, 2016)

    ELBO = IWAE_1  <=  IWAE_2  <=  ...  <=  IWAE_K = E log (w_1 + ... + w_K) / K   <=   log p(x)

On n rows x_1, ..., x_n, let W_i be the mean of K independent weights each. The product of all W_i / p(x_i) has mean 1,
so it exceeds 1 / error with probability at most `error` (Markov), and at confidence 1 - error, for every n and K,

    V = mean of log p(x_i)   >=   mean of log W_i - log(1 / error) / n

Bounds from above need to know more. The integral is summed up where z has at most two coordinates, and known where all
is linear (formulations.probabilistic_pca). Where the entropy of the data is known, all generators are bounded by the
weak dual (formulations.gan): V <= -entropy(q) - KL, and a discriminator bounds the KL by samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor, nn

from formulations.likelihood.data import mean_of, over_batches
from formulations.likelihood.observed import Observed
from formulations.likelihood.pixels import Law
from formulations.players.generators import normal
from formulations.problem import Block, Floats, Players, SaddleProblem, Term

LEVEL = 0.95
WEIGHTS, WATCHED_WEIGHTS = 100, 5  # K; and while it is watched
DRAWS = 8  # of the code of each row for the ELBO that is answered
LEAST_LOG_SD, MOST_LOG_SD = -7.0, 3.0  # of a code given its image
REACH, STEP = 5.0, 0.05  # of the grid over codes: N(0, I) has a mass of 1e-6 beyond
QUADRATURE_ROWS = 64  # whose integral is summed up


class VariationalAutoencoder(nn.Module):
    """An encoder and a decoder with a law of pixels.

    encoder  images (batch, ...) -> mean and log sd of a code, (batch, 2 latent)
    decoder  codes (..., latent) -> numbers of the law, (..., dims, law.numbers)

    >>> from formulations.likelihood.pixels import Bernoulli
    >>> from formulations.players.autoencoders import dense_decoder, dense_encoder
    >>> f = VariationalAutoencoder(2, dense_encoder((1, 2, 2), 2, 8), dense_decoder((1, 2, 2), 2, 8), Bernoulli())
    >>> x, e = torch.ones(5, 1, 2, 2), torch.zeros(5, 2)
    >>> f.elbo(x, e).shape, f.log_weights(x, e.expand(7, 5, 2)).shape, f(e).shape
    (torch.Size([5]), torch.Size([7, 5]), torch.Size([5, 4]))
    """

    def __init__(self, latent: int, encoder: nn.Module, decoder: nn.Module, law: Law) -> None:
        """latent: the coordinates of a code."""
        super().__init__()
        self.latent, self.encoder, self.decoder, self.law = latent, encoder, decoder, law

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log sd of q(. | x), (batch, latent) each."""
        mean, log_sd = self.encoder(x).chunk(2, dim=-1)
        return mean, log_sd.clamp(LEAST_LOG_SD, MOST_LOG_SD)

    def forward(self, z: Tensor) -> Tensor:
        """The mean image of a code, (..., dims)."""
        return torch.as_tensor(self.law.mean(self.decoder(z)))

    def sample(self, n: int, generator: Generator) -> Tensor:
        """n images, (n, dims), drawn from p."""
        return torch.as_tensor(self.law.sample(self.decoder(normal(self.latent)(n, generator)), generator))

    def log_given(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z), x (batch, ...) and z (..., batch, latent) -> (..., batch)."""
        return torch.as_tensor(self.law.log_probability(x.flatten(1), self.decoder(z)).sum(-1))

    def elbo(self, x: Tensor, e: Tensor) -> Tensor:
        """log p(x | m + s e) - KL(q(. | x) || p), whose mean over e ~ N(0, I) is the ELBO: (batch,)."""
        m, log_s = self.posterior(x)
        s = log_s.exp()
        kl = (m.square() + s.square() - 1).sum(-1) / 2 - log_s.sum(-1)
        return self.log_given(x, m + s * e) - kl

    def log_weights(self, x: Tensor, e: Tensor) -> Tensor:
        """log w at the codes m + s e, e (K, batch, latent): (K, batch)."""
        m, log_s = self.posterior(x)
        z = m + log_s.exp() * e
        return self.log_given(x, z) + (e.square() - z.square()).sum(-1) / 2 + log_s.sum(-1)


def variational(
    data: Observed,
    start: Callable[[Generator], VariationalAutoencoder],
    best: Callable[[Floats], float | None] | None = None,
    *,
    seed: int = 0,
) -> SaddleProblem:
    """The problem of one player, "f": maximize the ELBO on the training images; the answer is {"f": the autoencoder}.

    best  rows, float64 (n, dims) -> the most that V can be on them for any f, where that is known

    Its value is the mean ELBO of the held-out images, its bound `best` of these, both in nats an image.

    >>> from formulations.likelihood.pixels import Bernoulli
    >>> from formulations.players.autoencoders import dense_decoder, dense_encoder
    >>> nets = dense_encoder((1, 2, 2), 1, 8), dense_decoder((1, 2, 2), 1, 8)
    >>> x = torch.ones(6, 1, 2, 2)
    >>> data = Observed((1, 2, 2), lambda n, _: x[:n], x[:2], [x[2:]], 4)
    >>> problem = variational(data, lambda _: VariationalAutoencoder(1, *nets, Bernoulli()))
    >>> problem.value({"f": VariationalAutoencoder(1, *nets, Bernoulli())}) < 0
    True
    """
    latent = start(torch.Generator()).latent

    def bound(players: Players) -> float:
        assert best is not None
        found = best(over_batches(lambda x: x.flatten(1), data.held_out))
        return math.inf if found is None else found

    return SaddleProblem(
        maximize_over={"f": Block(start)},
        minimize_over={},
        payoff=[Term(lambda f, x, e: f.elbo(x, e), ["f"], ["data", "noise"])],
        samplers={"data": data.train, "noise": normal(latent)},
        value=lambda players: float(elbos(players["f"], data, seed).mean()),
        bound=None if best is None else bound,
        level=LEVEL,
        size=lambda _: 1.0,  # nat
        watch=lambda players: watched(players["f"], data, best, seed),
        maths={
            "maximize over f": r"\mathrm{E} \log p(X \mid m(X) + s(X) e) - \mathrm{E} \, "
            r"\mathrm{KL}(N(m(X), s(X)^2) \,\|\, N(0, I))",
            "where": r"X \text{ is an image}, \quad e \sim N(0, I)",
        },
    )


def watched(
    f: VariationalAutoencoder, data: Observed, best: Callable[[Floats], float | None] | None, seed: int = 0
) -> dict[str, float | None]:
    """Estimates on the validation set: "value", the ELBO, "iwae" by 5 weights, "likelihood" and "bound" if known."""
    rows = [data.watch]
    numbers = torch.Generator().manual_seed(seed)
    found = {
        "value": mean_of(over_batches(lambda x: _elbo(f, x, numbers, 1), rows)),
        "iwae": mean_of(over_batches(lambda x: _log_mean_weight(f, x, numbers, WATCHED_WEIGHTS), rows)),
    }
    if hasattr(f, "log_density"):
        known: Any = f
        found["likelihood"] = mean_of(over_batches(known.log_density, rows))
    if best is not None:
        found["bound"] = best(data.watch.flatten(1).double().numpy())
    return found


def elbos(f: VariationalAutoencoder, data: Observed, seed: int = 0) -> Floats:
    """The ELBO of each held-out image, float64 (n,), by 8 codes of each; the same for the same seed.

    >>> from formulations.likelihood.pixels import Bernoulli
    >>> f = VariationalAutoencoder(1, nn.Linear(1, 2), nn.Unflatten(-1, (1, 1)), Bernoulli())  # one pixel: its logit
    >>> x = torch.ones(5, 1)
    >>> data = Observed((1, 1, 1), lambda n, _: x[:n], x, [x[:2], x[2:]], 5)
    >>> elbos(f, data).shape, bool(elbos(f, data).mean() < log_mean_weights(f, data, 1000).mean() < 0)
    ((5,), True)
    """
    numbers = torch.Generator().manual_seed(seed)
    return over_batches(lambda x: _elbo(f, x, numbers, DRAWS), data.held_out)


def _elbo(f: VariationalAutoencoder, x: Tensor, numbers: Generator, draws: int) -> Tensor:
    e = torch.randn(draws, len(x), f.latent, generator=numbers)
    return torch.stack([f.elbo(x, one) for one in e]).mean(0)


def log_mean_weights(f: VariationalAutoencoder, data: Observed, weights: int = WEIGHTS, seed: int = 0) -> Floats:
    """log W_i, the mean of K weights, of each held-out image, float64 (n,)."""
    numbers = torch.Generator().manual_seed(seed)
    return over_batches(lambda x: _log_mean_weight(f, x, numbers, weights), data.held_out)


def _log_mean_weight(f: VariationalAutoencoder, x: Tensor, numbers: Generator, weights: int) -> Tensor:
    log_w = torch.cat([f.log_weights(x, torch.randn(1, len(x), f.latent, generator=numbers)) for _ in range(weights)])
    return log_w.double().logsumexp(0) - math.log(weights)


def at_least(log_w: Floats, level: float = LEVEL) -> float:
    """The lower limit for V on these n rows by their log W_i: Markov's inequality, at that confidence.

    >>> import numpy as np
    >>> round(at_least(np.zeros(100)), 3)
    -0.03
    """
    return float(log_w.mean() - math.log(1 / (1 - level)) / len(log_w))


@torch.no_grad()
def integrated(f: VariationalAutoencoder, x: Tensor, step: float = STEP) -> tuple[Floats, float]:
    """log p(x) of each image, float64 (n,), by the trapezoidal rule over codes, and how much a coarser grid differs.

    For at most two coordinates. The rule converges faster than any power of its step as long as p(x | z) is smooth on
    that scale; the difference to a grid of twice the step, the mean absolute one, says whether it is. Raises ValueError
    for codes of more coordinates.
    """
    if f.latent > 2:
        raise ValueError(f"codes have {f.latent} coordinates; the integral over them is summed up for 1 and 2")
    half = round(REACH / step)
    line = step * torch.arange(-half, half + 1)
    z = torch.cartesian_prod(*[line] * f.latent).view(-1, f.latent)
    log_prior = -(z.double().square() + math.log(2 * math.pi)).sum(-1) / 2 + f.latent * math.log(step)
    index = torch.cartesian_prod(*[torch.arange(len(line))] * f.latent).view(-1, f.latent)
    coarse = (index % 2 == half % 2).all(-1)
    fine_parts, coarse_parts = [], []
    for part in torch.split(torch.arange(len(z)), 4096):
        theta = f.decoder(z[part])
        log_p = f.law.log_joint(x.flatten(1), theta).double() + log_prior[part]
        fine_parts.append(log_p.logsumexp(-1))
        coarse_parts.append(log_p.masked_fill(~coarse[part], -math.inf).logsumexp(-1))
    fine = torch.stack(fine_parts).logsumexp(0)
    rough = torch.stack(coarse_parts).logsumexp(0) + f.latent * math.log(2)
    return fine.numpy(), float((fine - rough).abs().mean())
