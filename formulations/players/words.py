"""Images from words: a generator and a discriminator that read captions, and the terms of their game.

A caption t is a row of the numbers of its words, with 0 in front where it is short. A text encoder, a recurrent network
that reads the words one after the other, makes a vector e(t) of it; each player trains its own. With images X and their
captions T, other images' captions T', and noise Z,

    max over f, min over d    E[-log D(X, T)] + E[-log(1 - D(f(Z, T), T))] + E[-log(1 - D(X, T'))]

where D is the logistic function of the output v(x, t) = a(x) + h(x)'B e(t), h being convolutional features (Miyato &
Koyama, cGANs with projection discriminator, 2018). In the last term, images are true and captions wrong, so that D must
read what it is told (Reed et al., Generative adversarial text to image synthesis, 2016). It makes no difference to the
best f where captions exclude each other. In place of the payoff f climbs, with two draws of noise for each caption,

    E log D(f(Z, T), T)  +  w E |f(Z, T) - f(Z', T)| / |Z - Z'|       mean absolute differences

the second so that it does not draw one image for each caption (Mao et al., Mode seeking generative adversarial
networks, 2019).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from formulations.players.convolutional import (
    ConvolutionalDiscriminator,
    ConvolutionalGenerator,
    Shape,
    draw_weights,
)
from formulations.problem import SaddleProblem, Term

CODE = 64  # numbers of e(t)
VARIETY = 8.0  # w


class TextEncoder(nn.Module):
    """Captions (batch, words), numbers from 0 to `count` as floats -> e(t), (batch, 64).

    >>> TextEncoder(10)(torch.tensor([[0.0, 3.0, 1.0]])).shape
    torch.Size([1, 64])
    """

    def __init__(self, count: int) -> None:
        """count: of the words that it can be given; it starts from torch's global random numbers."""
        super().__init__()
        self.embedding = nn.Embedding(count + 1, CODE, padding_idx=0)
        self.reader = nn.GRU(CODE, CODE, batch_first=True)

    def forward(self, captions: Tensor) -> Tensor:
        """The state after the last word."""
        states, _ = self.reader(self.embedding(captions.long()))
        return torch.as_tensor(states[:, -1])


class WordedGenerator(nn.Module):
    """Noise and captions (batch, latent + words) -> images with their captions, (batch, channels x h x w + words).

    >>> f = WordedGenerator((1, 8, 8), 16, 8, 10, Generator().manual_seed(0))
    >>> f(torch.zeros(5, 16 + 3)).shape
    torch.Size([5, 67])
    """

    def __init__(self, shape: Shape, latent: int, width: int, count: int, generator: Generator) -> None:
        """width: as of a ConvolutionalGenerator; count: of words."""
        super().__init__()
        self.latent = latent
        self.encoder = TextEncoder(count)
        self.images = ConvolutionalGenerator(shape, latent + CODE, width, generator)

    def forward(self, z: Tensor) -> Tensor:
        """The images, and behind them their captions."""
        noise, captions = z[:, : self.latent], z[:, self.latent :]
        images = self.images(torch.cat([noise, self.encoder(captions)], dim=1))
        return torch.cat([images, captions], dim=1)

    def sample(self, n: int, generator: Generator, captions: Tensor) -> Tensor:
        """n images, (n, channels x height x width), of these captions, (k, words), in turn."""
        return self.decoded(torch.randn(n, self.latent, generator=generator), captions)

    def decoded(self, z: Tensor, captions: Tensor) -> Tensor:
        """The images of noise without captions, (n, latent), of these captions, (k, words), in turn."""
        told = captions[torch.arange(len(z)) % len(captions)].float()
        return torch.as_tensor(self(torch.cat([z, told], dim=1))[:, : math.prod(self.images.shape)])


class WordedDiscriminator(nn.Module):
    """Images with their captions, (batch, channels x h x w + words) -> v for each, (batch,).

    >>> d = WordedDiscriminator((1, 8, 8), 8, 10, Generator().manual_seed(0))
    >>> x = torch.rand(5, 64 + 3)
    >>> d(x).shape, d.table(x).shape, bool((d.table(x).diagonal() - d(x)).abs().max() < 1e-5)
    (torch.Size([5]), torch.Size([5, 5]), True)
    """

    def __init__(self, shape: Shape, width: int, count: int, generator: Generator) -> None:
        """width: as of a ConvolutionalDiscriminator; count: of words."""
        super().__init__()
        self.shape, self.dims = shape, math.prod(shape)
        self.encoder = TextEncoder(count)
        *h, a = ConvolutionalDiscriminator(shape, width, generator).layers
        assert isinstance(a, nn.Linear)
        self.h, self.a, self.B = nn.Sequential(*h), a, nn.Linear(a.in_features, CODE, bias=False)
        draw_weights(self.B, generator)

    def forward(self, x: Tensor) -> Tensor:
        """v of each image with its own caption."""
        a, hB = self._parts(x)
        return torch.as_tensor(a + (hB * self.encoder(x[:, self.dims :])).sum(-1))

    def table(self, x: Tensor) -> Tensor:
        """v of every image, a row, with every caption among these, (batch, batch)."""
        a, hB = self._parts(x)
        return torch.as_tensor(a[:, None] + hB @ self.encoder(x[:, self.dims :]).T)

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.h(2 * x[:, : self.dims].reshape(-1, *self.shape) - 1)
        return self.a(h)[:, 0], self.B(h)


def by_words(game: SaddleProblem, latent: int) -> SaddleProblem:
    """The game of a WordedGenerator "f" and a WordedDiscriminator "d", of the samplers "data" and "noise".

    game    of such players, by formulations.gan
    latent  numbers of noise, in front of captions; two rows of "noise" after each other are to have the same caption
    """
    own = Term(lambda f, d, z: softplus(d(f(z))), ["f", "d"], ["noise"])
    return replace(
        game,
        payoff=[Term(true_captions_and_wrong, ["d"], ["data"]), own],
        surrogate=[Term(lambda f, d, z: believed_and_various(f, d, z, latent), ["f", "d"], ["noise"])],
        maths={
            "maximize over f": r"E[\log D(f(Z, T), T)] + w \, E \frac{|f(Z, T) - f(Z', T)|}{|Z - Z'|}",
            "minimize over d": r"E_q[-\log D(X, T)] + E[-\log(1 - D(f(Z, T), T))] + E_q[-\log(1 - D(X, T'))]",
            "where": r"X \sim q \text{ are images with captions } T, \quad Z \text{ is noise}",
        },
    )


def true_captions_and_wrong(d: Any, x: Tensor) -> Tensor:
    """-log D(X, T) - log(1 - D(X, T')), the mean over all other captions T' of the batch, (members, batch)."""
    v = d.table(x)
    own = v.diagonal(dim1=-2, dim2=-1)
    others = softplus(v).sum(-1) - softplus(own)
    return torch.as_tensor(softplus(-own) + others / max(v.shape[-1] - 1, 1))


def believed_and_various(f: Any, d: Any, z: Tensor, latent: int) -> Tensor:
    """log D(f(Z, T), T) + w |f(Z, T) - f(Z', T)| / |Z - Z'|, Z' being that of the row beside it, (members, batch)."""
    x = f(z)
    beside = (torch.arange(z.shape[-2]) ^ 1).clamp(max=z.shape[-2] - 1)
    pixels = x.shape[-1] - (z.shape[-1] - latent)
    apart = (x - x[..., beside, :])[..., :pixels].abs().mean(-1)
    moved = (z - z[..., beside, :])[..., :latent].abs().mean(-1).clamp(min=1e-3)
    return torch.as_tensor(-softplus(-d(x)) + VARIETY * apart / moved)
