"""Explicit densities of images: a product of conditional laws, one a pixel, so that V itself is computed and maximized.

    log p(x) = sum over pixels i of log p(x_i | x_1, ..., x_(i-1))          in the order of reading, colour by colour

Nothing is bounded and nothing integrated; samples are drawn pixel by pixel. The numbers of each conditional are those
of one network, fed what a masked convolution sees: the pixels above and to the left, up to some reach, and none at or
after i (van den Oord et al., Pixel recurrent neural networks, 2016; the masks are those of Germain et al., MADE, 2015,
for a window that moves). A window as large as the image makes this a general model of all earlier pixels.

As the sum over pixels is d times a mean, P pixels at random give an unbiased estimate of log p(x):

    maximize   E sum over i of log p(X_i | X_1, ...)   =   d E log p(X_I | X_1, ...),    I uniform on the d pixels

In bits per pixel V is -V / (d log 2): what an arithmetic coder needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from formulations.likelihood.data import mean_of, over_batches
from formulations.likelihood.observed import Observed
from formulations.likelihood.pixels import Law
from formulations.players.autoencoders import Residual
from formulations.players.masked import Causal
from formulations.problem import Block, Floats, SaddleProblem, Term

LEVEL = 0.95
PLACES, WATCHED_PLACES = 64, 16  # pixels of each image, in a step and in an evaluation


class Autoregressive(nn.Module):
    """The conditional laws of pixels: a masked convolution, then layers that see one place each.

    >>> from formulations.likelihood.pixels import Bernoulli
    >>> f = Autoregressive((1, 4, 4), Bernoulli(), reach=2, width=8, depth=1)
    >>> x = torch.ones(3, 1, 4, 4)
    >>> f.log_density(x).shape, f.log_conditionals(x, torch.tensor([[0, 5]] * 3)).shape
    (torch.Size([3]), torch.Size([3, 2]))
    >>> f.sample(2, Generator().manual_seed(0)).shape
    torch.Size([2, 16])
    """

    def __init__(
        self, shape: tuple[int, int, int], law: Law, *, reach: int, width: int, depth: int, dropout: float = 0.0
    ) -> None:
        """shape: channels, height, width; reach: how far the convolution sees; width, depth: of the layers after it."""
        super().__init__()
        self.law, self.dims = law, math.prod(shape)
        self.sees = Causal(shape, reach, width)
        self.layers = nn.Sequential(
            *(Residual(width, dropout) for _ in range(depth)), nn.GELU(), nn.Linear(width, law.numbers)
        )

    def log_conditionals(self, x: Tensor, places: Tensor) -> Tensor:
        """log p(x_i | x_1, ..., x_(i-1)) at places i, int64 (batch, P), of images (batch, ...): (batch, P)."""
        theta = self.layers(self.sees(x, places))
        return torch.as_tensor(self.law.log_probability(self.sees.in_order(x).gather(1, places), theta))

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x), (batch,)."""
        every = torch.arange(self.dims, device=x.device).expand(len(x), -1)
        return self.log_conditionals(x, every).sum(-1)

    def sample(self, n: int, generator: Generator) -> Tensor:
        """n images, (n, dims), pixel by pixel."""
        return self.completed(torch.zeros(n, *self.sees.shape), 0, generator)

    @torch.no_grad()
    def completed(self, x: Tensor, first: int, generator: Generator) -> Tensor:
        """The images with pixels from place `first` on drawn given those before, (n, dims)."""
        x = x.clone()
        for i in range(first, self.dims):
            theta = self.layers(self.sees(x, torch.full((len(x), 1), i)))
            self.sees.put(x, i, self.law.sample(theta[:, 0], generator))
        return x.flatten(1)


def explicit(data: Observed, start: Callable[[Generator], Autoregressive]) -> SaddleProblem:
    """The problem of one player, "f": maximize V on the training images; the answer is {"f": the model}.

    Its value is V on the held-out images, in nats an image, exact but for rounding.

    >>> from formulations.likelihood.pixels import Bernoulli
    >>> x = torch.ones(6, 1, 4, 4)
    >>> data = Observed((1, 4, 4), lambda n, _: x[:n], x[:2], [x[2:]], 4)
    >>> f = Autoregressive((1, 4, 4), Bernoulli(), reach=2, width=8, depth=1)
    >>> explicit(data, lambda _: f).value({"f": f}) < 0
    True
    """

    def places(batch: int, generator: Generator) -> Tensor:
        return torch.randint(data.dims, (batch, PLACES), generator=generator, device=generator.device)

    return SaddleProblem(
        maximize_over={"f": Block(start)},
        minimize_over={},
        payoff=[Term(lambda f, x, i: data.dims * f.log_conditionals(x, i).mean(-1), ["f"], ["data", "places"])],
        samplers={"data": data.train, "places": places},
        value=lambda players: float(log_densities(players["f"], data).mean()),
        level=LEVEL,
        size=lambda _: 1.0,  # nat
        watch=lambda players: watched(players["f"], data),
        maths={"maximize over f": r"d \, \mathrm{E} \log p(X_I \mid X_1, \ldots, X_{I-1})"},
    )


def watched(f: Autoregressive, data: Observed) -> dict[str, float | None]:
    """An estimate of V on the validation set, by 16 pixels of each image, the same whenever it is asked for."""
    numbers = torch.Generator().manual_seed(0)

    def some(x: Tensor) -> Tensor:
        if f.dims <= WATCHED_PLACES:
            return f.log_density(x)
        return f.dims * f.log_conditionals(x, torch.randint(f.dims, (len(x), WATCHED_PLACES), generator=numbers)).mean(
            -1
        )

    return {"value": mean_of(over_batches(some, [data.watch]))}


def log_densities(f: Autoregressive, data: Observed) -> Floats:
    """log p(x) of each held-out image, float64 (n,)."""
    return over_batches(lambda x: f.log_density(x).double(), data.held_out)
