"""Layers of a style-based generator and its discriminator (formulations.players.style)."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, leaky_relu

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


class Conv(nn.Module):
    """The same, a convolution that keeps the sides.

    >>> Conv(1, 2, 3, Generator().manual_seed(0))(torch.zeros(5, 1, 4, 4)).shape
    torch.Size([5, 2, 4, 4])
    """

    def __init__(self, few: int, many: int, side: int, generator: Generator) -> None:
        """side: of its kernel."""
        super().__init__()
        self.weight = nn.Parameter(torch.randn(many, few, side, side, generator=generator))
        self.bias = nn.Parameter(torch.zeros(many))
        self.scale, self.padding = 1 / math.sqrt(few * side**2), side // 2

    def forward(self, x: Tensor) -> Tensor:
        """What it makes."""
        return conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


class Modulated(nn.Module):
    """A convolution of x, (batch, few, h, w), whose weights are those of a code, (batch, latent), for each image.

    Scaling what goes in and what comes out is the same as scaling weights, and one convolution does for all images.

    >>> Modulated(4, 2, 3, 8, Generator().manual_seed(0))(torch.zeros(5, 4, 6, 6), torch.zeros(5, 8)).shape
    torch.Size([5, 2, 6, 6])
    """

    def __init__(
        self, few: int, many: int, side: int, latent: int, generator: Generator, demodulated: bool = True
    ) -> None:
        """side: of its kernel."""
        super().__init__()
        self.kernel, self.style = Conv(few, many, side, generator), Linear(latent, few, generator, begins=1.0)
        self.demodulated = demodulated

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """What it makes."""
        s, weight = self.style(w), self.kernel.weight * self.kernel.scale
        y = conv2d(x * s[:, :, None, None], weight, padding=self.kernel.padding)
        if self.demodulated:
            y = y * (s.square() @ weight.square().sum((2, 3)).T + EPSILON).rsqrt()[:, :, None, None]
        return y + self.kernel.bias[:, None, None]


class StyledLayer(nn.Module):
    """A modulated convolution, noise, a bias, and a."""

    still: Tensor

    def __init__(self, width: int, latent: int, sides: tuple[int, ...], generator: Generator) -> None:
        """Of so many channels at these sides."""
        super().__init__()
        self.height, self.width = sides
        self.made = Modulated(width, width, 3, latent, generator)
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("still", torch.randn(1, 1, *sides, generator=generator))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """What it makes of x by a code."""
        noise = torch.randn(len(x), 1, *x.shape[2:], device=x.device) if self.training else self.still
        return bent(self.made(x, w) + self.strength * noise)


class Residual(nn.Module):
    """Two convolutions, halving the sides, and beside them one of 1 x 1.

    >>> Residual(4, 8, Generator().manual_seed(0))(torch.zeros(5, 4, 7, 6)).shape
    torch.Size([5, 8, 3, 3])
    """

    def __init__(self, few: int, many: int, generator: Generator) -> None:
        """From so many channels to so many."""
        super().__init__()
        self.first, self.second = Conv(few, few, 3, generator), Conv(few, many, 3, generator)
        self.beside = Conv(few, many, 1, generator)

    def forward(self, x: Tensor) -> Tensor:
        """What both make, over sqrt(2)."""
        made: Tensor = avg_pool2d(bent(self.second(bent(self.first(x)))), 2)
        return torch.as_tensor((made + self.beside(avg_pool2d(x, 2))) / math.sqrt(2))


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
