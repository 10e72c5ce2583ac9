"""Exact re-ordering of blocks within windows of a linear arrangement, for all windows of many orders at once.

An order is cut into blocks of consecutive items, k blocks in a row make a window, and each window gets the best of its
2^k k! rearrangements (the blocks in any order, each either way round) by a dynamic program over its subsets of blocks,

    f(S) = min over v in S, both ways round, of  f(S - v) + the weights cut at v's gaps, with S - v to its left

(Held and Karp 1962; Koren and Harel 2002 refine arrangements locally on several scales). All that lies
outside enters only as a pull to either side, so windows are independent. Boundaries of blocks are drawn anew in every
round, by preference at gaps where little is cut, and from many short blocks to few long ones: a multilevel search
without fixed levels.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Generator, Tensor

BLOCKS = 6  # blocks in a window


class Pairs:
    """The weights by pairs: float64 (m,) at the ends first, second, int64 (m,); each pair stands there twice."""

    def __init__(self, W: Tensor) -> None:
        """The pairs of non-zero weight in a symmetric matrix, float64 (n, n)."""
        import torch

        self.W, self.n = W, len(W)
        self.first, self.second = torch.nonzero(W, as_tuple=True)
        self.weight = W[self.first, self.second]
        self.scale = float(self.weight.abs().mean()) if len(self.weight) else 1.0
        self.sparse = len(self.weight) < self.n**2 / 8

    def arrangement(self, order: Tensor) -> float:
        """The sum over pairs of w_uv |z_u - z_v| at an order, int64 (n,)."""
        place = order.argsort().to(self.weight.dtype)
        return float((self.weight * (place[self.first] - place[self.second]).abs()).sum()) / 2

    def values(self, orders: Tensor) -> Tensor:
        """The same at many orders, int64 (c, n); float64 (c,)."""
        return self.balances(orders.argsort(1)).cumsum(1).sum(1)

    def balances(self, place: Tensor) -> Tensor:
        """The weight to the right less the weight to the left of each item, by place; places int64 (c, n)."""
        import torch

        if not self.sparse:  # whole rows are read faster than pairs
            places = place.to(self.W.dtype)
            rows = torch.stack([(self.W * torch.sign(z - z[:, None])).sum(1) for z in places])
            return torch.empty_like(rows).scatter_(1, place, rows)
        x, y = place[:, self.first], place[:, self.second]
        here = torch.arange(len(place), device=place.device)[:, None] * self.n
        total = self.weight.new_zeros(place.numel())
        total.index_add_(0, (x + here).ravel(), (torch.sign(y - x) * self.weight).ravel())
        return total.view(place.shape)


@cache
def _subsets(device: str) -> tuple[Tensor, list[tuple[Tensor, Tensor, Tensor]]]:
    """Which blocks are in which subset, float64; then by size the subsets, their members, and these taken out."""
    import torch

    masks = np.arange(1 << BLOCKS)
    bits = (masks[:, None] >> np.arange(BLOCKS)) & 1
    levels = []
    for size in range(1, BLOCKS + 1):
        subsets = masks[bits.sum(1) == size]
        members = np.nonzero(bits[subsets])[1].reshape(-1, size)
        without = subsets[:, None] ^ (1 << members)
        levels.append(tuple(torch.as_tensor(part, device=device) for part in (subsets, members, without)))
    return torch.as_tensor(bits, dtype=torch.float64, device=device), levels  # type: ignore[return-value]


def boundaries(balance: Tensor, windows: int, natural: bool, generator: Generator) -> Tensor:
    """The BLOCKS windows + 1 places, int64 (c, .) rising, where blocks begin; natural: rather where little is cut."""
    import torch

    count, n = balance.shape
    key = torch.rand(count, n + 1, generator=generator, dtype=balance.dtype, device=balance.device)
    if natural:
        cut = balance.cumsum(1)
        key[:, 1:] += 2 * cut / cut.abs().mean(1, keepdim=True).clamp(min=1e-300)
    return key.topk(BLOCKS * windows + 1, dim=1, largest=False, sorted=False).indices.sort(1).values


def rearrange(
    pairs: Pairs, order: Tensor, place: Tensor, balance: Tensor, bounds: Tensor, generator: Generator
) -> Tensor:
    """The orders, int64 (c, n), after all windows between the bounds took their best rearrangement."""
    import torch

    (count, n), windows = order.shape, (bounds.shape[1] - 1) // BLOCKS
    total = count * windows
    device, real = order.device, balance.dtype
    bits, levels = _subsets(str(device))
    here = torch.arange(count, device=device)[:, None]
    block = torch.searchsorted(bounds, torch.arange(n, device=device).expand(count, n).contiguous(), right=True) - 1
    covered = (block >= 0) & (block < BLOCKS * windows)
    size = bounds.diff(dim=1)
    safe = block.clamp(0, BLOCKS * windows - 1)
    offset = torch.arange(n, device=device) - bounds.gather(1, safe)
    window = torch.where(covered, here * windows + safe // BLOCKS, -1 - here * n - torch.arange(n, device=device))

    # Of the blocks' prefixes, how many contain the item: read from the left, and from the right.
    prefixes = torch.stack((size.gather(1, safe) - offset, offset + 1)).to(real).view(2, -1)
    x, y = ((place[:, end] + here * n).ravel() for end in (pairs.first, pairs.second))
    near = torch.nonzero(window.ravel()[x] == window.ravel()[y]).ravel()
    x, y, w = x[near], y[near], pairs.weight.repeat(count)[near]

    # What each item pulls to the right were it the first of its window.
    pull = balance.ravel().index_add(0, x, torch.where(y < x, 2 * w, 0.0))
    spot = (safe % BLOCKS * total + window.clamp(min=0)).ravel()  # of the item's block, in arrays (BLOCKS, total)
    inside = torch.nonzero(covered.ravel()).ravel()
    same = block.ravel()[x] == block.ravel()[y]
    xs, ys, ws = x[same], y[same], w[same]
    zero = balance.new_zeros(BLOCKS * total)
    free = zero.index_add(0, spot[inside], pull[inside]).index_add(0, spot[xs], -ws).view(BLOCKS, total)
    alone = torch.stack(
        [
            zero.index_add(0, spot[inside], (p * pull)[inside]).index_add(
                0, spot[xs], -ws * torch.minimum(p[xs], p[ys])
            )
            for p in prefixes
        ]
    ).view(2, BLOCKS, 1, total)
    xs, ys, ws = x[~same], y[~same], w[~same]
    at = (safe.ravel()[xs] % BLOCKS * BLOCKS + safe.ravel()[ys] % BLOCKS) * total + window.ravel()[xs]
    joint = torch.stack([balance.new_zeros(BLOCKS * BLOCKS * total).index_add(0, at, ws * p[xs]) for p in prefixes])
    joint = (bits @ joint.view(2 * BLOCKS, BLOCKS, total)).view(
        2, BLOCKS, 1 << BLOCKS, total
    )  # with all blocks of a subset

    length = size.view(count, windows, BLOCKS).permute(2, 0, 1).reshape(BLOCKS, 1, total)
    cut = bits @ free - (joint.sum(0) / (length + 1) * bits.T[:, :, None]).sum(0)
    ways = alone - 2 * joint
    backwards = ways[1] < ways[0]
    step = torch.minimum(ways[0], ways[1]) + length * cut
    step += (
        torch.rand(BLOCKS, 1, total, generator=generator, dtype=real, device=device) * 1e-7 * pairs.scale
    )  # breaks ties
    step = step.view(-1, total)
    least, chosen = torch.zeros_like(cut), torch.zeros(1 << BLOCKS, total, dtype=torch.int64, device=device)
    for subsets, members, without in levels:
        value, which = (least[without] + step[members * (1 << BLOCKS) + without]).min(1)
        least[subsets] = value
        chosen[subsets] = members[:, :, None].expand(-1, -1, total).gather(1, which[:, None])[:, 0]

    left = torch.full((total,), (1 << BLOCKS) - 1, device=device)
    every = torch.arange(total, device=device)
    sequence, turned = (
        torch.empty(total, BLOCKS, dtype=torch.int64, device=device),
        torch.empty(total, BLOCKS, dtype=torch.bool, device=device),
    )
    for position in range(BLOCKS - 1, -1, -1):
        v = chosen[left, every]
        left = left ^ (1 << v)
        sequence[:, position], turned[:, position] = v, backwards[v, left, every]
    source = (sequence.view(count, windows, BLOCKS) + BLOCKS * torch.arange(windows, device=device)[:, None]).view(
        count, -1
    )
    return _lay_out(order, bounds, source, turned.view(count, -1))


def _lay_out(order: Tensor, bounds: Tensor, source: Tensor, turned: Tensor) -> Tensor:
    """The orders with block source[., j] standing j-th, turned round or not; what lies beyond the bounds stays."""
    import torch

    count, n = order.shape
    size = bounds.diff(dim=1)
    moved = size.gather(1, source)
    ends = bounds[:, :1] + moved.cumsum(1)
    place = torch.arange(n, device=order.device).expand(count, n).contiguous()
    j = torch.searchsorted(ends, place, right=True).clamp(max=source.shape[1] - 1)
    length, block = moved.gather(1, j), source.gather(1, j)
    offset = place - (ends.gather(1, j) - length)
    offset = torch.where(turned.gather(1, j), length - 1 - offset, offset)
    within = (place >= bounds[:, :1]) & (place < bounds[:, -1:])
    return order.gather(1, torch.where(within, bounds.gather(1, block) + offset, place))
