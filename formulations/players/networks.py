"""Neural networks whose parameters may have a leading dimension of members, so that many are trained as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Generator, Tensor, nn


class Stackable(nn.Module):
    """A module that computes the same whether or not its parameters and inputs share a leading dimension of members.

    Modules all of whose own parameters belong to such modules are trained as one batched ensemble without more ado.
    """

    stackable = True


class Linear(Stackable):
    """x -> x W + b, for x (..., batch, fan_in) and W (..., fan_in, fan_out), both float32 unless converted.

    W and b start uniform, with variances of 1 / fan_in (LeCun et al., Efficient backprop, 1998) and a third of that.
    """

    def __init__(self, fan_in: int, fan_out: int, generator: Generator) -> None:
        """Draw W and b."""
        super().__init__()
        draw = torch.rand(fan_in + 1, fan_out, generator=generator, device=generator.device)
        start = (2 * draw - 1) / math.sqrt(fan_in)
        self.weight, self.bias = nn.Parameter(math.sqrt(3) * start[:-1]), nn.Parameter(start[-1:].clone())

    def forward(self, x: Tensor) -> Tensor:
        """x W + b."""
        if self.weight.ndim == 3 and x.ndim == 3:
            return torch.baddbmm(self.bias, x, self.weight)
        return x @ self.weight + self.bias


def mlp(widths: Sequence[int], generator: Generator, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers of those widths, (batch, widths[0]) -> (batch, widths[-1]), with activations between them."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [Linear(fan_in, fan_out, generator), activation()]
    return nn.Sequential(*layers[:-1])


class Affine(Stackable):
    """x -> shift + scale x, coordinate by coordinate and for good: from standard units to the data's."""

    shift: Tensor
    scale: Tensor

    def __init__(self, shift: Tensor, scale: Tensor) -> None:
        """Both (d,)."""
        super().__init__()
        self.register_buffer("shift", shift)
        self.register_buffer("scale", scale)

    def forward(self, x: Tensor) -> Tensor:
        """shift + scale x."""
        return self.shift + self.scale * x

    def inverse(self, x: Tensor) -> Tensor:
        """(x - shift) / scale."""
        return (x - self.shift) / self.scale


class Standardize(Affine):
    """x -> (x - shift) / scale: the way back."""

    def forward(self, x: Tensor) -> Tensor:
        """(x - shift) / scale."""
        return self.inverse(x)


class Fourier(Stackable):
    """x -> (x, sin(2^k x), cos(2^k x) for k < octaves), (..., d) -> (..., d (1 + 2 octaves)): sees fine detail sooner.

    Mildenhall et al., NeRF, 2020, section 5.1; Tancik et al., Fourier features let networks learn high frequency, 2020.
    """

    def __init__(self, octaves: int) -> None:
        """So many frequencies, each twice the last."""
        super().__init__()
        self.octaves = octaves

    def forward(self, x: Tensor) -> Tensor:
        """The features."""
        waves = [x * 2**k for k in range(self.octaves)]
        return torch.cat([x, *(w.sin() for w in waves), *(w.cos() for w in waves)], dim=-1)


class Capped(Stackable):
    """x -> cap tanh(x / cap): within -cap and cap."""

    def __init__(self, cap: float) -> None:
        """cap > 0."""
        super().__init__()
        self.cap = cap

    def forward(self, x: Tensor) -> Tensor:
        """The capped number."""
        return self.cap * (x / self.cap).tanh()


class Scalar(Stackable):
    """(..., 1) -> (...): one number for each sample."""

    def forward(self, x: Tensor) -> Tensor:
        """The number."""
        return x.squeeze(-1)
