"""Location and scatter by a game: a generator of few numbers against a discriminator with one hidden layer.

    min over d    E_rows[log(1 + exp(-d(X)))] + E[log(1 + exp(d(f(Z))))]
    min over f    E[exp(-d(f(Z)))]

is the game. d is the discriminator of Goodfellow et al. 2014 (formulations.gan), at best the log of the rows' density m
by the generator's density q; f is eta + s Z by columns, or eta + r A Z, and

    d(x)  =  b + v' tanh(W x + c)     with |v_1| + ... + |v_h| <= CAP

A generator that may be anything fits outliers as well as all else. One of so few numbers cannot, and what it leaves, d
tells apart: with rows of N(theta, Gamma), a share eps of which is anywhere, eta is off by about sqrt(p / n) + eps at
most, as no estimate is less, and so is A A' from Gamma (Gao, Liu, Yao and Zhu, Robust estimation and generative
adversarial networks, ICLR 2019; Gao, Yao and Zhu, Generative adversarial nets for robust scatter estimation, 2019: for
discriminators of hidden layers and a bound such as CAP). A bound on one mean is what the medians miss in many columns.

Theirs climbs the payoff of d, and so minimizes Jensen and Shannon's divergence. This one minimizes the integral of
q^2 / m, which is 1 + chi^2(q, m): it weighs less where there are more rows than q explains. If one in five of rows
N(0, 1) is of N(5, 1), the best q of the former is off by .035, or .055 with s free, and that of the latter by .013 or
.017; but rates such as theirs are not proven of it.

r > 0 is random, its law learnt as well, so that rows with heavy tails, such as Student's and Cauchy's, have an A of
their own; A A' is told in units in which half of the rows are as far from eta as if they were normal.

The game is neither concave nor convex, and nothing is proven of what was played.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Generator, Tensor, nn

from formulations.arithmetic.row_subsets import squared_distances
from formulations.likelihood.data import resampled
from formulations.location import checked
from formulations.players.generators import normal
from formulations.players.networks import Linear, Stackable
from formulations.problem import Block, Floats, Players, SaddleProblem, Sampler, Term

HIDDEN, CAP = 20, 10.0
HIDDEN_PER_COLUMN, MOST_HIDDEN = 6, 200  # of scatters
NORMAL_MAD = 0.6744897501960817  # the median of |Z|
DRAWS = 20_000  # of a generator, for medians and thresholds


class Located(Stackable):
    """z -> eta + s z."""

    def __init__(self, p: int) -> None:
        """Start at 0 and 1."""
        super().__init__()
        self.latent = p
        self.eta, self.log_s = nn.Parameter(torch.zeros(1, p)), nn.Parameter(torch.zeros(1, p))

    def forward(self, z: Tensor) -> Tensor:
        """Noise (..., p) -> samples (..., p)."""
        return torch.as_tensor(self.eta + self.log_s.exp() * z)


class Elliptical(Stackable):
    """(z, w) -> eta + r A z with r = exp(a w + c max(w, 0)), of any tails; a, c >= 0."""

    def __init__(self, p: int) -> None:
        """Start at 0, the identity, and nearly normal."""
        super().__init__()
        self.latent = p + 1
        self.eta, self.A = nn.Parameter(torch.zeros(1, p)), nn.Parameter(torch.eye(p))
        self.tails = nn.Parameter(torch.full((1, 2), 0.1))

    def forward(self, noise: Tensor) -> Tensor:
        """Noise (..., p + 1) -> samples (..., p)."""
        z, w = noise[..., :-1], noise[..., -1:]
        a, c = self.tails[..., :1].abs(), self.tails[..., 1:].abs()
        return self.eta + (a * w + c * w.clamp(min=0)).clamp(max=20.0).exp() * (z @ self.A.mT)


class Bounded(Stackable):
    """b + v' tanh(W x + c) with |v_1| + ... + |v_h| <= CAP."""

    def __init__(self, p: int, hidden: int, generator: Generator) -> None:
        """Start at 0, with W and c drawn."""
        super().__init__()
        self.layer = Linear(p, hidden, generator)
        self.v = nn.Parameter(torch.zeros(1, hidden, device=generator.device))
        self.b = nn.Parameter(torch.zeros(1, 1, device=generator.device))

    def forward(self, x: Tensor) -> Tensor:
        """Samples (..., p) -> (...)."""
        v = self.v / (self.v.abs().sum(-1, keepdim=True) / CAP).clamp(min=1)
        return torch.as_tensor((self.layer(x).tanh() * v).sum(-1) + self.b[..., 0])


def js_gan(rows: ArrayLike, hidden: int = HIDDEN) -> SaddleProblem:
    """The location of rows (n, p) of normal columns; the answer has "location", (p,), and "d", rows -> scores.

    Raises ValueError for rows that are no table of finite numbers, and for columns half of whose numbers are the same.

    >>> js_gan(np.arange(8.0).reshape(4, 2)).samplers["data"](3, Generator().manual_seed(0)).shape
    torch.Size([3, 2])
    """
    return _game(rows, hidden, Located)


def js_gan_scatter(rows: ArrayLike, hidden: int | None = None) -> SaddleProblem:
    """Location and scatter of rows of an elliptical law; the answer has "scatter", (p, p), besides.

    hidden  by default 6 a column, 20 at least and 200 at most: up to 11 columns as many as a scatter has numbers, as
            fewer leave some of them to chance

    >>> list(js_gan_scatter(np.arange(8.0).reshape(4, 2)).samplers)
    ['data', 'noise']
    """
    p = checked(rows).shape[1]
    return _game(rows, hidden or max(HIDDEN, min(HIDDEN_PER_COLUMN * p, MOST_HIDDEN)), Elliptical)


def _game(rows: ArrayLike, hidden: int, generator: Callable[[int], Located | Elliptical]) -> SaddleProblem:
    data = checked(rows)
    center = np.median(data, axis=0)
    scale = np.median(np.abs(data - center), axis=0) / NORMAL_MAD
    if not scale.all():
        column = int(np.flatnonzero(scale == 0)[0]) + 1
        raise ValueError(f"half of the numbers in column {column} are the same, which no normal law has; leave it out")
    units = torch.from_numpy(((data - center) / scale).astype(np.float32))
    p = data.shape[1]
    return SaddleProblem(
        maximize_over={"f": Block(lambda numbers: generator(p).to(numbers.device))},
        minimize_over={"d": Block(lambda numbers: Bounded(p, hidden, numbers))},
        payoff=[
            Term(lambda d, x: F.softplus(-d(x)), ["d"], ["data"]),
            Term(lambda f, d, z: F.softplus(d(f(z))), ["f", "d"], ["noise"]),
        ],
        surrogate=[Term(lambda f, d, z: -(-d(f(z))).exp(), ["f", "d"], ["noise"])],
        samplers={"data": resampled(units), "noise": _in_pairs(generator(p).latent)},
        answer=lambda players: _answer(players, center, scale),
        maths={
            "payoff": r"E \log(1 + e^{-d(X)}) + E \log(1 + e^{d(f(Z))})",
            "generator": r"\text{minimizes } E e^{-d(f(Z))}",
            "where": r"X \text{ are the rows}, \quad Z \text{ is noise}",
        },
    )


def _in_pairs(dims: int) -> Sampler:
    """Normal noise, each draw beside its negative: means of it are 0, and what is learnt from it is less blurred."""

    def draw(n: int, generator: Generator) -> Tensor:
        half = normal(dims)((n + 1) // 2, generator)
        return torch.cat([half, -half])[:n]

    return draw


def _answer(players: Players, center: Floats, scale: Floats) -> dict[str, Any]:
    """What the players say, in the units of the rows."""
    f, d = players["f"], players["d"]

    def scores(rows: ArrayLike) -> Floats:
        """log of the rows' density by the generator's, as d tells it: high for what the generator does not make."""
        given = torch.from_numpy(((np.asarray(rows, dtype=np.float64) - center) / scale).astype(np.float32))
        with torch.no_grad():
            return np.asarray(d(given).double().numpy())

    with torch.no_grad():
        eta = f.eta.double().numpy().ravel()
        draws = f(normal(f.latent)(DRAWS, Generator().manual_seed(0))).double().numpy()
    found = {"location": center + scale * eta, "d": scores, "generated": center + scale * draws}
    if isinstance(f, Elliptical):
        A = f.A.detach().double().numpy().reshape(len(eta), -1)
        found["scatter"] = _as_normal(A @ A.T, draws - eta) * np.outer(scale, scale)
    return found


def _as_normal(scatter: Floats, centred: Floats) -> Floats:
    """A multiple of the scatter, by which half of the draws are as near as if they were normal."""
    from scipy.stats import chi2

    distances = squared_distances(centred, scatter)
    return np.asarray(scatter * (np.median(distances) / chi2.ppf(0.5, len(scatter))))


def at_rate(drawn: Floats, rate: float) -> float:
    """The number that a further draw of the same law exceeds with at most that probability.

    By its rank, which is as likely to be any (Vovk, Gammerman and Shafer, Algorithmic learning in a random world).

    >>> at_rate(np.arange(99.0), 0.05), at_rate(np.arange(9.0), 0.05)
    (94.0, inf)
    """
    ranked = np.sort(drawn)
    rank = math.ceil((1 - rate) * (len(ranked) + 1))
    return float(ranked[rank - 1]) if rank <= len(ranked) else math.inf
