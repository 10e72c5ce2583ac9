"""A style-based generator of small images, and the discriminator that it is played against.

Noise z is first mapped to a code w, which says at every layer how strong each channel is, so that w need not have the
law of z and can be less entangled (Karras, Laine & Aila, A style-based generator architecture for generative
adversarial networks, 2019). Images grow from a learnt constant; each layer l is, of what is below it, x,

    s = A_l w + 1,   y_o = sum over i, k of W_oik s_i x_i / sqrt(sum over i, k of (W_oik s_i)^2)
    x <- a(y + strength_l noise + bias),   noise ~ N(0, 1) at each pixel,   a(t) = sqrt(2) max(t, 0.2 t)

so that where x has unit variance y has as well (Karras et al., Analyzing and improving the image quality of StyleGAN,
2020): convolutions are modulated by s, and demodulated by the root. The first layer at a resolution makes twice the
sides and half the channels, by a fractionally strided convolution; there are two at each, but for the lowest and the
highest. The image is the sum of what 1 x 1 convolutions, modulated only, make of each resolution. Weights are drawn
from N(0, 1), and where nothing demodulates divided by the root of how many are summed up.

    truncation   w <- m + psi (w - m), m the mean of w: psi < 1 gives more usual images, fewer kinds of them
    mixing       another w from a layer on; in training at random, so that layers do not rely on each other

Discriminators have residual blocks and see how much the images of a batch differ (minibatch standard deviation; Karras
et al., Progressive growing of GANs, 2018), so that they reject generators of few kinds. The game is one of
formulations.gan, but that f pays

    delta E[(|J'y| - a)^2],  J = dx/dw, y ~ N(0, 1 / pixels), a the mean of |J'y|                    "path length"

That term, and penalties on slopes of the discriminator (R1 of Karras et al.), are worked out in few steps only, and
weigh the more there (formulations.players.penalties.lazily). Where no slopes are penalised, discriminators normalise by
batches. One map from z to w stands for the paper's 8: with two, or without the relativistic pairing, more kinds of
digits were left out after minutes on one core.

Images are rows of numbers from 0 to 1, as in players.convolutional, with one-hot labels behind them where there are
any.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, one_hot

from formulations.players.convolutional import LEAK, LEAST_SIDE, Shape, depth, draw_weights
from formulations.players.generators import normal
from formulations.players.penalties import lazily, now_and_then, path_length
from formulations.players.style_layers import EPSILON, Deviation, Linear, Mean, Residual, Shown, StyledLayer, bent
from formulations.problem import SaddleProblem

MAPPINGS, SLOWER = 1, 0.1  # layers from z to w; steps of these, relative to those of others
MIXED = 0.5  # share of images in training that have two codes
DELTA, EVERY = 0.1, 16  # weight of path lengths; how many steps there are to one in which penalties are worked out
FEWEST = 8  # channels


class StyleGenerator(nn.Module):
    """Noise (batch, latent + labels) -> images with their labels, (batch, channels x h x w + labels).

    In evaluation mode noise at pixels is the same for all images, and codes are not mixed.

    >>> f = StyleGenerator((1, 8, 8), 16, 8, Generator().manual_seed(0), labels=3)
    >>> f(torch.zeros(5, 16 + 3)).shape, f.layers
    (torch.Size([5, 67]), 4)
    """

    def __init__(self, shape: Shape, latent: int, width: int, generator: Generator, labels: int = 0) -> None:
        """width: the channels at first, half as many at twice the sides; latent: the coordinates of z, and of w."""
        super().__init__()
        self.shape, self.latent, self.labels, self.truncation = shape, latent, labels, 1.0
        times = doublings(shape)
        sides = [(-(-shape[1] // 2**k), -(-shape[2] // 2**k)) for k in reversed(range(times + 1))]
        channels = [max(width // 2**k, FEWEST) for k in range(times + 1)]
        widths = [latent + labels, *[latent] * MAPPINGS]
        self.mapping = nn.ModuleList([Linear(few, many, generator, SLOWER) for few, many in pairwise(widths)])
        self.center = Mean(latent)
        self.constant = nn.Parameter(torch.randn(1, channels[0], *sides[0], generator=generator))
        self.at = [0, *(k for k in range(1, times) for _ in range(2)), times] if times else [0]
        self.styled = nn.ModuleList(
            StyledLayer(channels[below], channels[k], latent, sides[k], generator, larger=k > below)
            for below, k in pairwise([0, *self.at])
        )
        self.shown = nn.ModuleList([Shown(many, shape[0], latent, generator) for many in channels])
        self.layers = len(self.styled)

    def forward(self, z: Tensor) -> Tensor:
        """The images, and behind them the labels that the noise ends with."""
        w = self.codes(z)
        if self.training:
            told = z[:, self.latent :]
            other = self.codes(torch.cat([z[:, : self.latent].roll(1, dims=0), told], dim=1))
            w = self._mixed_at_random(self.center(w), other)
        images = self.images(w)
        return torch.cat([images, z[:, self.latent :]], dim=1) if self.labels else images

    def codes(self, z: Tensor) -> Tensor:
        """W of noise with labels, (batch, latent); z is taken by its direction alone."""
        noise = z[:, : self.latent]
        w = torch.cat([noise * (noise.square().mean(1, keepdim=True) + EPSILON).rsqrt(), z[:, self.latent :]], dim=1)
        for layer in self.mapping:
            w = bent(layer(w))
        return w

    def _mixed_at_random(self, w: Tensor, other: Tensor) -> Tensor:
        first = torch.randint(1, self.layers, (len(w),), device=w.device) if self.layers > 1 else w.new_ones(len(w))
        first = torch.where(torch.rand(len(w), device=w.device) < MIXED, first, self.layers)
        return mixed(self.each(w), self.each(other), torch.arange(self.layers, device=w.device) >= first[:, None])

    def each(self, w: Tensor) -> Tensor:
        """The same code for each layer, (batch, layers, latent), unless it is that already."""
        return w if w.ndim == 3 else w[:, None].expand(-1, self.layers, -1)

    def images(self, w: Tensor) -> Tensor:
        """The images of codes (batch, latent), or of one for each layer, (batch, layers, latent), as rows."""
        w = self.each(w)
        x, image = self.constant.expand(len(w), -1, -1, -1), torch.zeros(())
        for layer, (k, styled) in enumerate(zip(self.at, self.styled, strict=True)):
            x = styled(x, w[:, layer])
            if k in self.at[layer + 1 :]:
                continue
            if k:
                image = interpolate(image, scale_factor=2, mode="bilinear")[:, :, : x.shape[2], : x.shape[3]]
            image = image + self.shown[k](x, w[:, layer])
        return torch.as_tensor((image.flatten(1).tanh() + 1) / 2)

    def truncated(self, w: Tensor) -> Tensor:
        """Codes moved towards their mean, as far as `truncation` says."""
        return self.center.mean + self.truncation * (w - self.center.mean)

    def sample(self, n: int, generator: Generator, label: int | None = None) -> Tensor:
        """n images, (n, channels x height x width), of that label, or of all labels in turn."""
        return self.decoded(torch.randn(n, self.latent, generator=generator), label)

    def decoded(self, z: Tensor, label: int | None = None) -> Tensor:
        """The images of noise without labels, (n, latent): of that label, or of all labels in turn."""
        return self.images(self.truncated(self.coded(z, label)))

    def coded(self, z: Tensor, label: int | None = None) -> Tensor:
        """W of the same."""
        if self.labels:
            chosen = torch.arange(len(z)) % self.labels if label is None else torch.full((len(z),), label)
            z = torch.cat([z, one_hot(chosen, self.labels).float()], dim=1)
        return self.codes(z)


def doublings(shape: Shape) -> int:
    """How often sides are doubled to those of images: from 4 at most, and twice at least where they are long enough.

    >>> doublings((1, 28, 28)), doublings((1, 8, 8)), doublings((1, 3, 9))
    (3, 2, 1)
    """
    side = min(shape[1:])
    return max(math.ceil(math.log2(side / LEAST_SIDE)), min(2, int(math.log2(side))))


def mixed(w: Tensor, other: Tensor, layers: Tensor) -> Tensor:
    """Codes for each layer, (batch, layers, latent), at some of them, (..., layers), those of others.

    >>> mixed(torch.zeros(1, 3, 1), torch.ones(1, 3, 1), torch.tensor([False, True, False])).flatten()
    tensor([0., 1., 0.])
    """
    return torch.where(layers[..., None], other, w)


class StyleDiscriminator(nn.Module):
    """Images with their labels, (batch, channels x h x w + labels) -> an output for each, (batch,).

    >>> d = StyleDiscriminator((1, 8, 8), 8, Generator().manual_seed(0))
    >>> d(torch.zeros(5, 64)).shape
    torch.Size([5])
    """

    def __init__(
        self, shape: Shape, width: int, generator: Generator, labels: int = 0, *, normalised: bool = True
    ) -> None:
        """Of its layers.

        width       the channels of the first; after each halving, whose sides are rounded down, twice as many
        normalised  whether by batches; not where slopes at single images are penalised, which that would mix
        """
        super().__init__()
        self.shape, self.labels = shape, labels
        times = max(depth(shape), 1)
        widths = [width * 2**k for k in range(times)]
        self.seen = nn.Conv2d(shape[0] + labels, width, 4, 2, 1)
        self.blocks = nn.Sequential(*(Residual(few, many, normalised) for few, many in pairwise(widths)))
        self.deviation = Deviation()
        self.out = nn.Linear((widths[-1] + 1) * math.prod(side // 2**times for side in shape[1:]), 1)
        draw_weights(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """The output."""
        images = 2 * x[:, : math.prod(self.shape)].reshape(-1, *self.shape) - 1
        if self.labels:
            told = x[:, -self.labels :, None, None].expand(-1, -1, *self.shape[1:])
            images = torch.cat([images, told], dim=1)
        h = self.deviation(self.blocks(leaky_relu(self.seen(images), LEAK)))
        return torch.as_tensor(self.out(h.flatten(1))[:, 0])


def by_styles(game: SaddleProblem, pixels: int) -> SaddleProblem:
    """The game of a StyleGenerator "f" and a StyleDiscriminator "d", of images of so many numbers.

    >>> from formulations.gan import gan
    >>> from formulations.likelihood.data import Data
    >>> f, d = (lambda g: StyleGenerator((1, 4, 4), 2, 8, g)), (lambda g: StyleDiscriminator((1, 4, 4), 4, g))
    >>> data = Data(*torch.rand(3, 5, 16))
    >>> list(by_styles(gan(data, f, d, normal(2), loss="relativistic"), 16).penalties)
    ['minimize', 'maximize']
    """
    of_slopes = {side: [lazily(term, EVERY) for term in terms] for side, terms in game.penalties.items()}
    return replace(
        game,
        penalties={**of_slopes, "maximize": [lazily(path_length(weight=DELTA), EVERY)]},
        samplers={**game.samplers, "directions": normal(pixels), "coin": now_and_then},
        maths={**game.maths, "where f pays": r"\delta E[(|J_w' y| - a)^2]"},
    )
