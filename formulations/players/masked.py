"""Masked convolutions: what a network may see of an image at each place, so that it never looks ahead."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


class Causal(nn.Module):
    """A masked convolution, at chosen places alone: of images (batch, channels, height, width) its `width` outputs.

    Places are counted in the order of reading: row by row, from left to right, and of one pixel channel by channel. At
    place i it sees the pixels before i that are at most `reach` rows above and `reach` columns to either side, 0 beyond
    the edges; and a bias of its own at each place.

    >>> sees = Causal((1, 3, 3), reach=1, width=4)
    >>> x, places = torch.zeros(2, 1, 3, 3), torch.tensor([[0, 4], [8, 8]])
    >>> sees(x, places).shape
    torch.Size([2, 2, 4])
    """

    seen: Tensor  # (dims, K) where in the padded image, read flat, each place sees
    mask: Tensor  # (dims, K)

    def __init__(self, shape: tuple[int, int, int], reach: int, width: int) -> None:
        """shape: channels, height, width of the images."""
        super().__init__()
        channels, _, across = shape
        self.shape, self.reach = shape, reach
        place = torch.arange(math.prod(shape))
        pixel, channel = place // channels, place % channels
        padded = across + 2 * reach
        first = ((pixel // across + reach) * padded + pixel % across + reach) * channels
        rows, columns = torch.meshgrid(torch.arange(-reach, 1), torch.arange(-reach, reach + 1), indexing="ij")
        before = (rows < 0) | (columns < 0)
        offsets = (rows * padded + columns)[before] * channels
        earlier = (offsets[:, None] + torch.arange(channels)).flatten()  # all channels of earlier pixels
        own = torch.arange(channels - 1)  # and of this pixel the channels before
        self.register_buffer("seen", first[:, None] + torch.cat([earlier, own]), persistent=False)
        mask = torch.cat([torch.ones(len(place), len(earlier)), (own < channel[:, None]).float()], dim=1)
        self.register_buffer("mask", mask, persistent=False)
        self.weights = nn.Linear(self.seen.shape[1], width, bias=False)
        self.bias = nn.Parameter(torch.zeros(len(place), width))

    def in_order(self, x: Tensor) -> Tensor:
        """The images as rows in the order of reading, (batch, dims)."""
        return x.movedim(1, -1).flatten(1)

    def put(self, x: Tensor, place: int, values: Tensor) -> None:
        """Write the values, (batch,), at a place of the images, which are changed."""
        channels, _, across = self.shape
        pixel = place // channels
        x[:, place % channels, pixel // across, pixel % across] = values

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        """Outputs at places, int64 (batch, P): (batch, P, width)."""
        r = self.reach
        around = pad(x, (r, r, r, 0)).movedim(1, -1).flatten(1)
        seen = around.gather(1, self.seen[places].flatten(1)).view(*places.shape, -1)
        if self.shape[0] > 1:
            seen = seen * self.mask[places]
        return torch.as_tensor(self.weights(seen) + self.bias[places])
