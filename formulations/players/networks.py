"""Neural networks whose parameters may have a leading dimension of members, so that an ensemble is trained at once.

Inputs x are (batch, d), or (members, batch, d) for an ensemble.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Generator, Tensor, nn


class Stackable(nn.Module):
    """A module whose forward also works with a leading dimension of members in parameters and inputs.

    A module whose parameters all belong to such modules is trained as one batched ensemble, without torch.vmap.
    """

    stackable = True


class Linear(Stackable):
    """x -> x W + b, for x (..., batch, fan_in) and W (..., fan_in, fan_out), both float32 unless converted.

    W and b start uniform, with variances of 1 / fan_in (LeCun et al., Efficient backprop, 1998) and a third of that.

    >>> Linear(3, 2, Generator().manual_seed(0))(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
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
    """A multilayer perceptron, (batch, widths[0]) -> (batch, widths[-1]), with activations between its linear layers.

    >>> mlp([3, 16, 1], Generator().manual_seed(0))(torch.zeros(5, 3)).shape
    torch.Size([5, 1])
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [Linear(fan_in, fan_out, generator), activation()]
    return nn.Sequential(*layers[:-1])


class Affine(Stackable):
    """x -> shift + scale x by coordinates, not trained: from standard units to the data's.

    >>> units = Affine(torch.tensor([10.0]), torch.tensor([2.0]))
    >>> units(torch.tensor([3.0])), units.inverse(torch.tensor([16.0]))
    (tensor([16.]), tensor([3.]))
    """

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
    """x -> (x - shift) / scale: from the data's units to standard units.

    >>> Standardize(torch.tensor([10.0]), torch.tensor([2.0]))(torch.tensor([16.0]))
    tensor([3.])
    """

    def forward(self, x: Tensor) -> Tensor:
        """(x - shift) / scale."""
        return self.inverse(x)


class Fourier(Stackable):
    """x -> (x, sin(2^k x), cos(2^k x) for k < octaves), (..., d) -> (..., d (1 + 2 octaves)).

    With these features a network learns fine detail faster. Where the share of training done is given, (..., batch),
    the waves are 0 until it is `begins`.

    Mildenhall et al., NeRF, 2020, section 5.1; Tancik et al., Fourier features let networks learn high frequency, 2020.

    >>> Fourier(1)(torch.zeros(5, 2)).shape
    torch.Size([5, 6])
    """

    def __init__(self, octaves: int, begins: float = 0.0) -> None:
        """octaves  how many frequencies, each twice the last; 0 for x alone."""
        super().__init__()
        self.octaves, self.begins = octaves, begins

    def forward(self, x: Tensor, share: Tensor | None = None) -> Tensor:
        """The features."""
        if not self.octaves:
            return x
        phase = (x.unsqueeze(-2) * 2.0 ** torch.arange(self.octaves, device=x.device).unsqueeze(-1)).flatten(-2)
        waves = torch.cat([phase.sin(), phase.cos()], dim=-1)
        if share is not None:
            waves = waves * (share >= self.begins).unsqueeze(-1)
        return torch.cat([x, waves], dim=-1)


class Capped(Stackable):
    """x -> cap tanh(x / cap), within [-cap, cap].

    >>> Capped(3.0)(torch.tensor([0.0, 1e9])).tolist()
    [0.0, 3.0]
    """

    def __init__(self, cap: float) -> None:
        """cap > 0."""
        super().__init__()
        self.cap = cap

    def forward(self, x: Tensor) -> Tensor:
        """The capped number."""
        return self.cap * (x / self.cap).tanh()


class Scalar(Stackable):
    """(..., 1) -> (...): one number for each sample.

    >>> Scalar()(torch.zeros(5, 1)).shape
    torch.Size([5])
    """

    def forward(self, x: Tensor) -> Tensor:
        """The number."""
        return x.squeeze(-1)


class Error(Stackable):
    """x -> |x - h(x)|^2, (..., d) -> (...): how badly a network restores x.

    >>> Error(lambda x: x / 2)(torch.tensor([[2.0, 4.0]]))
    tensor([5.])
    """

    def __init__(self, network: Callable[[Tensor], Tensor]) -> None:
        """The h, (..., d) -> (..., d)."""
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """The error."""
        return (x - self.network(x)).square().sum(-1)


def autoencoder(hidden: Sequence[int], code: int, center: Tensor, scale: Tensor, generator: Generator) -> nn.Sequential:
    """The error, in standard units, of a network that restores samples from `code` numbers: (..., d) -> (...).

    >>> d = autoencoder([16], 1, torch.zeros(2), torch.ones(2), Generator().manual_seed(0))
    >>> d(torch.zeros(5, 2)).shape
    torch.Size([5])
    """
    dims, units = len(center), Standardize(center.to(generator.device), scale.to(generator.device))
    return nn.Sequential(units, Error(mlp([dims, *hidden, code, *reversed(hidden), dims], generator)))
