"""Layers of a style-based generator and its discriminator (formulations.players.style)."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d, leaky_relu

from formulations.players.convolutional import LEAK

EPSILON = 1e-8


def bent(x: Tensor) -> Tensor:
    """a(x), which keeps the variance about as it is.

    >>> bent(torch.tensor([1.0, -1.0]))
    tensor([ 1.4142, -0.2828])
    """
    return leaky_relu(x, LEAK) * math.sqrt(2)


class Mean(nn.Module):
    """Codes -> the same; in training mode their mean is kept.

    >>> mean = Mean(1)
    >>> mean(torch.tensor([[1.0], [3.0]])), mean.mean
    (tensor([[1.],
            [3.]]), tensor([2.]))
    """

    mean: Tensor
    num_batches_tracked: Tensor

    def __init__(self, numbers: int) -> None:
        """Of so many numbers each."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("num_batches_tracked", torch.zeros(()))

    def reset_running_stats(self) -> None:
        """Forget it."""
        self.mean.zero_()
        self.num_batches_tracked.zero_()

    def forward(self, w: Tensor) -> Tensor:
        """The codes."""
        if self.training:
            with torch.no_grad():
                self.num_batches_tracked += 1
                self.mean += (w.mean(0) - self.mean) / self.num_batches_tracked
        return w


class Linear(nn.Module):
    """x -> Wx / sqrt(numbers) + b, W drawn from N(0, 1).

    >>> Linear(3, 2, Generator().manual_seed(0))(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(self, few: int, many: int, generator: Generator, pace: float = 1.0, begins: float = 0.0) -> None:
        """pace: of its steps, relative to those of others; begins: b."""
        super().__init__()
        self.weight = nn.Parameter(torch.randn(many, few, generator=generator) / pace)
        self.bias = nn.Parameter(torch.full((many,), begins / pace))
        self.pace, self.scale = pace, pace / math.sqrt(few)

    def forward(self, x: Tensor) -> Tensor:
        """What it makes."""
        return x @ (self.weight * self.scale).T + self.bias * self.pace


class Modulated(nn.Module):
    """A convolution of x, (batch, few, h, w), whose weights are those of a code, (batch, latent), for each image.

    Scaling what goes in and what comes out is the same as scaling weights, and one convolution does for all images.

    >>> layer = Modulated(4, 2, 8, Generator().manual_seed(0), larger=True)
    >>> layer(torch.zeros(5, 4, 6, 6), torch.zeros(5, 8)).shape
    torch.Size([5, 2, 12, 12])
    """

    def __init__(self, few: int, many: int, latent: int, generator: Generator, larger: bool) -> None:
        """larger: whether it makes twice the sides."""
        super().__init__()
        side = 4 if larger else 3
        self.weight = nn.Parameter(torch.randn(many, few, side, side, generator=generator))
        self.bias, self.style = nn.Parameter(torch.zeros(many)), Linear(latent, few, generator, begins=1.0)
        self.larger, self.seen = larger, 1 / 4 if larger else 1.0  # share of the weights that a pixel is a sum over

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """What it makes."""
        s = self.style(w)
        x = x * s[:, :, None, None]
        if self.larger:
            y = conv_transpose2d(x, self.weight.transpose(0, 1), stride=2, padding=1)
        else:
            y = conv2d(x, self.weight, padding=1)
        power = self.seen * s.square() @ self.weight.square().sum((2, 3)).T
        return torch.as_tensor(y * (power + EPSILON).rsqrt()[:, :, None, None] + self.bias[:, None, None])


class Shown(nn.Module):
    """One of 1 x 1, without demodulation: what is shown of x, (batch, few, h, w), as an image.

    >>> Shown(4, 1, 8, Generator().manual_seed(0))(torch.zeros(5, 4, 6, 6), torch.zeros(5, 8)).shape
    torch.Size([5, 1, 6, 6])
    """

    def __init__(self, few: int, channels: int, latent: int, generator: Generator) -> None:
        """From so many channels to those of an image."""
        super().__init__()
        self.kernel, self.style = Linear(few, channels, generator), Linear(latent, few, generator, begins=1.0)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """The image."""
        s = self.style(w)[:, :, None, None]
        return torch.as_tensor(self.kernel((s * x).movedim(1, -1)).movedim(-1, 1))


class StyledLayer(nn.Module):
    """A modulated convolution, noise, a bias, and a."""

    still: Tensor

    def __init__(
        self, few: int, many: int, latent: int, sides: tuple[int, int], generator: Generator, larger: bool
    ) -> None:
        """From so many channels to so many at these sides; larger: than those of what it is given, about twice."""
        super().__init__()
        self.sides = sides
        self.made = Modulated(few, many, latent, generator, larger)
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("still", torch.randn(1, 1, *sides, generator=generator))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """What it makes of x by a code."""
        height, width = self.sides
        noise = torch.randn(len(x), 1, height, width, device=x.device) if self.training else self.still
        return bent(self.made(x, w)[:, :, :height, :width] + self.strength * noise)


class Residual(nn.Module):
    """A convolution that halves the sides, and beside it one of 1 x 1.

    >>> Residual(4, 8)(torch.zeros(5, 4, 7, 6)).shape
    torch.Size([5, 8, 3, 3])
    """

    def __init__(self, few: int, many: int, normalised: bool = True) -> None:
        """From so many channels to so many, the first normalised by batches or not."""
        super().__init__()
        self.made = nn.Conv2d(few, many, 4, 2, 1, bias=not normalised)
        self.norm = nn.BatchNorm2d(many) if normalised else nn.Identity()
        self.beside = nn.Conv2d(few, many, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both."""
        return torch.as_tensor(leaky_relu(self.norm(self.made(x)), LEAK) + self.beside(avg_pool2d(x, 2)))


class Deviation(nn.Module):
    """One more channel: by how much the images of a batch differ, the mean of standard deviations over it.

    In evaluation mode, what it has been on average, so that an output is a function of one image, as bounds by it need.

    >>> Deviation()(torch.tensor([1.0, -1]).reshape(2, 1, 1, 1)).flatten()
    tensor([ 1.,  1., -1.,  1.])
    """

    usual: Tensor

    def __init__(self) -> None:
        """Nothing is known of it yet."""
        super().__init__()
        self.register_buffer("usual", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """The channels and that one."""
        if not self.training:
            return torch.cat([x, self.usual.expand(len(x), 1, *x.shape[2:])], dim=1)
        apart = ((x - x.mean(0)).square().mean(0) + EPSILON).sqrt().mean()
        with torch.no_grad():
            self.usual.lerp_(apart, 0.01)
        return torch.cat([x, apart.expand(len(x), 1, *x.shape[2:])], dim=1)
