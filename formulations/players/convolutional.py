"""Convolutional networks of a generator and a discriminator of images, by the guidelines of DCGAN.

Strided convolutions instead of pooling and, in the generator, fractionally strided ones; batch normalisation in both,
but not at the generator's output and the discriminator's input; ReLU in the generator, with tanh at its end, and leaky
ReLU in the discriminator; weights drawn from N(0, 0.02^2). Radford, Metz & Chintala, Unsupervised representation
learning with deep convolutional generative adversarial networks, ICLR 2016.

Images are rows of numbers from 0 to 1, (batch, channels x height x width). Behind these may stand a label as a one-hot
vector, behind the noise likewise: it goes into both networks, and the generator hands it on with the image. So the game
is one of images with their labels. Mirza & Osindero, Conditional generative adversarial nets, 2014.
"""

from __future__ import annotations

import copy
import math
from itertools import pairwise
from typing import Any

import torch
from torch import Generator, Tensor, nn

from formulations.problem import Sampler

LEAST_SIDE = 4  # of the smallest images within, which the generator starts from
WEIGHT_SD = 0.02
LEAK = 0.2
Shape = tuple[int, int, int]  # channels, height, width


class ConvolutionalGenerator(nn.Module):
    """Noise (batch, latent + labels) -> images of that shape with their labels, (batch, channels x h x w + labels).

    >>> f = ConvolutionalGenerator((1, 8, 8), 16, 8, Generator().manual_seed(0), labels=3)
    >>> f(torch.zeros(5, 16 + 3)).shape
    torch.Size([5, 67])
    """

    def __init__(self, shape: Shape, latent: int, width: int, generator: Generator, labels: int = 0) -> None:
        """width: the channels of the last layer but one; each before it has twice as many."""
        super().__init__()
        self.shape, self.latent, self.labels = shape, latent, labels
        channels, height, width_of_image = shape
        doublings = depth(shape)
        sides = [-(-side // 2**doublings) for side in (height, width_of_image)]  # rounded up: what is over is cut off
        widths = [width * 2**k for k in reversed(range(max(doublings, 1)))]
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(latent + labels, widths[0], tuple(sides), bias=False),  # a linear map of the noise
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        ]
        for many, few in pairwise(widths):
            layers += [nn.ConvTranspose2d(many, few, 4, 2, 1, bias=False), nn.BatchNorm2d(few), nn.ReLU()]
        last = nn.ConvTranspose2d(width, channels, 4, 2, 1) if doublings else nn.Conv2d(width, channels, 3, 1, 1)
        self.layers = nn.Sequential(*layers, last, nn.Tanh())
        draw_weights(self, generator)

    def forward(self, z: Tensor) -> Tensor:
        """The images, and behind them the labels that the noise ends with; (batch, latent + labels)."""
        _, height, width = self.shape
        images = (self.layers(z[:, :, None, None])[:, :, :height, :width].flatten(1) + 1) / 2
        return torch.cat([images, z[:, -self.labels :]], dim=1) if self.labels else images

    def sample(self, n: int, generator: Generator, label: int | None = None) -> Tensor:
        """n images, (n, channels x height x width), of that label, or of all labels in turn."""
        return self.decoded(torch.randn(n, self.latent, generator=generator), label)

    def decoded(self, z: Tensor, label: int | None = None) -> Tensor:
        """The images of noise without labels, (n, latent): of that label, or of all labels in turn."""
        if self.labels:
            chosen = torch.arange(len(z)) % self.labels if label is None else torch.full((len(z),), label)
            z = torch.cat([z, nn.functional.one_hot(chosen, self.labels).float()], dim=1)
        return torch.as_tensor(self(z)[:, : math.prod(self.shape)])


class ConvolutionalDiscriminator(nn.Module):
    """Images of that shape with their labels, (batch, channels x h x w + labels) -> an output for each, (batch,).

    A label is seen as one more channel for each value, 1 all over or 0.

    >>> d = ConvolutionalDiscriminator((1, 8, 8), 8, Generator().manual_seed(0))
    >>> d(torch.zeros(5, 64)).shape
    torch.Size([5])
    """

    def __init__(
        self, shape: Shape, width: int, generator: Generator, labels: int = 0, *, normalised: bool = True
    ) -> None:
        """width: the channels of the first layer; each behind it has twice as many.

        normalised: whether by batches; not where slopes at single images are penalised, which that would mix
        """
        super().__init__()
        self.shape, self.labels = shape, labels
        channels, height, width_of_image = shape
        times = max(depth(shape), 1)
        widths = [channels + labels, *(width * 2**k for k in range(times))]
        layers: list[nn.Module] = []
        for k, (few, many) in enumerate(pairwise(widths)):
            layers.append(nn.Conv2d(few, many, 4, 2, 1, bias=not (normalised and k)))
            if normalised and k:
                layers.append(nn.BatchNorm2d(many))
            layers.append(nn.LeakyReLU(LEAK))
        sides = [side // 2**times for side in (height, width_of_image)]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * math.prod(sides), 1))
        draw_weights(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """The output."""
        images = 2 * x[:, : math.prod(self.shape)].reshape(-1, *self.shape) - 1
        if self.labels:
            told = x[:, -self.labels :, None, None].expand(-1, -1, *self.shape[1:])
            images = torch.cat([images, told], dim=1)
        return torch.as_tensor(self.layers(images)[:, 0])


def draw_weights(module: nn.Module, generator: Generator) -> None:
    """Draw the weights of all convolutions and linear maps from N(0, 0.02^2), factors of normalisation from N(1, ...).

    >>> layer = nn.Linear(100, 100)
    >>> draw_weights(layer, Generator().manual_seed(0))
    >>> round(float(layer.weight.std()), 3), float(layer.bias.abs().max())
    (0.02, 0.0)
    """
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.BatchNorm2d):
                mean = 1.0 if isinstance(part, nn.BatchNorm2d) else 0.0
                part.weight.copy_(mean + WEIGHT_SD * torch.randn(part.weight.shape, generator=generator))
                if part.bias is not None:
                    part.bias.zero_()


def halvings(shape: Shape) -> int:
    """How often the sides are halved until the smaller one is less than twice LEAST_SIDE.

    >>> halvings((1, 28, 28)), halvings((3, 8, 50))
    (2, 1)
    """
    return max(int(math.log2(min(shape[1:]) / LEAST_SIDE)), 0)


def depth(shape: Shape) -> int:
    """As often, and twice at least where the smaller side allows: one layer alone tells digits from others badly."""
    return max(halvings(shape), min(2, int(math.log2(min(shape[1:]) / 2))))


def settled(f: nn.Module, noise: Sampler, generator: Generator, batches: int = 20, batch: int = 256) -> nn.Module:
    """A copy of the generator, in evaluation mode, that keeps means over that many batches of noise.

    An average of parameters as they were trained has no means of its own.

    >>> numbers = Generator().manual_seed(0)
    >>> f = ConvolutionalGenerator((1, 8, 8), 2, 4, numbers)
    >>> settled(f, lambda n, g: torch.randn(n, 2, generator=g), numbers).training
    False
    """
    f = copy.deepcopy(f)
    layers: list[Any] = [part for part in f.modules() if hasattr(part, "reset_running_stats")]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean of all batches
    with torch.no_grad():
        f.train()
        for _ in range(batches if layers else 0):
            f(noise(batch, generator))
    return f.eval()
