"""Encoders and decoders of images: networks between (batch, channels, height, width) and the numbers of a code.

Each draws its start from torch's global random numbers, as the layers of torch.nn do.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """x -> x + h(x), h a network with one hidden layer: with some dropped out in training.

    >>> Residual(8)(torch.zeros(5, 8)).shape
    torch.Size([5, 8])
    """

    def __init__(self, width: int, dropout: float = 0.0) -> None:
        """Of numbers (batch, width)."""
        super().__init__()
        self.h = nn.Sequential(
            nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """x + h(x)."""
        return torch.as_tensor(x + self.h(x))


def dense_encoder(shape: tuple[int, ...], latent: int, width: int, dropout: float = 0.0) -> nn.Sequential:
    """Images (batch, *shape) -> the mean and the log sd of a code, (batch, 2 latent).

    >>> dense_encoder((1, 8, 8), 2, 16)(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 4])
    """
    return nn.Sequential(
        nn.Flatten(1),
        nn.Linear(math.prod(shape), width),
        Residual(width, dropout),
        nn.GELU(),
        nn.Linear(width, 2 * latent),
    )


def dense_decoder(
    shape: tuple[int, ...], latent: int, width: int, numbers: int = 1, dropout: float = 0.0
) -> nn.Sequential:
    """Codes (..., latent) -> numbers for each pixel, (..., dims, numbers).

    >>> dense_decoder((1, 8, 8), 2, 16)(torch.zeros(3, 5, 2)).shape
    torch.Size([3, 5, 64, 1])
    """
    dims = math.prod(shape)
    return nn.Sequential(
        nn.Linear(latent, width),
        Residual(width, dropout),
        nn.GELU(),
        nn.Linear(width, dims * numbers),
        nn.Unflatten(-1, (dims, numbers)),
    )
