"""Exact re-ordering of blocks within windows of a linear arrangement, for all windows of many orders at once.

An order is cut into blocks of consecutive items, k consecutive blocks make a window, and each window gets the best of
its 2^k k! rearrangements (the blocks in any order, each in either direction) by dynamic programming over its subsets of
blocks,

    f(S) = min over v in S, both directions, of  f(S - v) + the weights cut at v's gaps, with S - v to its left

(Held and Karp 1962; Koren and Harel 2002 refine arrangements locally on several scales). Items outside a window enter
only by what they pull its items to the left or right, so windows are independent. Block boundaries are redrawn in every
round, preferably at gaps of small cut, from many short blocks to few long ones: a multilevel search without fixed
levels.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Generator, Tensor

BLOCKS = 6  # blocks in a window
TIE_BREAKING = 1e-7  # size of the random costs that break ties, relative to the mean absolute weight


class Pairs:
    """The non-zero weights as a list of pairs, each in both directions.

    first, second  int64 (m,): the ends
    weight         float64 (m,)
    scale          the mean absolute weight
    sparse         whether few enough pairs have a weight that the list is faster than the matrix W, float64 (n, n)

    >>> import torch
    >>> pairs = Pairs(torch.tensor([[0.0, 2.0, 0.0], [2.0, 0.0, 1.0], [0.0, 1.0, 0.0]]).double())
    >>> pairs.arrangement(torch.tensor([0, 2, 1]))  # 2 * |0 - 2| + 1 * |2 - 1|
    5.0
    """

    def __init__(self, W: Tensor) -> None:
        """List the pairs of non-zero weight in a symmetric matrix, float64 (n, n)."""
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
        """The same for many orders, int64 (c, n); float64 (c,)."""
        return self.balances(orders.argsort(1)).cumsum(1).sum(1)

    def balances(self, place: Tensor) -> Tensor:
        """By place, the weight of its item to the right less that to the left, float64 (c, n); places int64 (c, n)."""
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
    """Incidence of subsets and blocks, float64; then for each size the subsets, their members, and S - v for each."""
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
    """Random block boundaries, int64 (c, BLOCKS windows + 1), ascending; natural: preferably at gaps of small cut."""
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
    """The orders, int64 (c, n), after every window took its best rearrangement.

    place    int64 (c, n): the place of each item in the orders; balance: pairs.balances(place)
    bounds   int64 (c, BLOCKS w + 1), ascending: where blocks begin and the last one ends, in w windows of BLOCKS each
    """
    import torch

    parts = _Partition(bounds, balance)
    step, backwards = _step_costs(parts, *_block_costs(parts, pairs, place, balance))
    ties = torch.rand(BLOCKS, 1, parts.total, generator=generator, dtype=balance.dtype, device=order.device)
    step += ties * TIE_BREAKING * pairs.scale
    sequence, turned = _traced_back(_last_blocks(step), backwards)
    count, first_blocks = len(order), BLOCKS * torch.arange(parts.windows, device=order.device)[:, None]
    source = (sequence.view(count, parts.windows, BLOCKS) + first_blocks).view(count, -1)
    return _lay_out(order, bounds, source, turned.view(count, -1))


class _Partition:
    """The blocks and windows between the bounds, `windows` of them in each of c orders, `total` in all.

    size      int64 (c, BLOCKS windows): the number of items in each block
    block     int64 (c, n): the block at each place; outside the bounds the nearest one
    inside    bool (c, n): whether a place is between the bounds
    window    int64 (c, n): its window among all; outside the bounds a negative number that no other place has
    prefixes  float64 (2, c n): how many of the block's prefixes contain the place, read forwards and backwards
    """

    def __init__(self, bounds: Tensor, balance: Tensor) -> None:
        import torch

        (count, n), device = balance.shape, bounds.device
        self.windows = (bounds.shape[1] - 1) // BLOCKS
        self.total = count * self.windows
        row, place = torch.arange(count, device=device)[:, None], torch.arange(n, device=device)
        block = torch.searchsorted(bounds, place.expand(count, n).contiguous(), right=True) - 1
        self.inside = (block >= 0) & (block < BLOCKS * self.windows)
        self.block = block.clamp(0, BLOCKS * self.windows - 1)
        self.window = torch.where(self.inside, row * self.windows + self.block // BLOCKS, -1 - row * n - place)
        self.size = bounds.diff(dim=1)
        offset = place - bounds.gather(1, self.block)
        self.prefixes = torch.stack((self.size.gather(1, self.block) - offset, offset + 1)).to(balance).view(2, -1)


def _block_costs(parts: _Partition, pairs: Pairs, place: Tensor, balance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What a block costs as the first of its window, and what it shares with the window's other blocks.

    cut    float64 (BLOCKS, total): how much more weight is cut after the block than before it
    cost   float64 (2, BLOCKS, 1, total): the same summed over the block's gaps, forwards and backwards
    joint  float64 (2, BLOCKS, BLOCKS, total): half of what the sum loses for each other block to the left
    """
    import torch

    count, n = place.shape
    row = torch.arange(count, device=place.device)[:, None] * n
    x, y = ((place[:, end] + row).ravel() for end in (pairs.first, pairs.second))
    window, block = parts.window.ravel(), parts.block.ravel()
    near = torch.nonzero(window[x] == window[y]).ravel()
    x, y, w = x[near], y[near], pairs.weight.repeat(count)[near]
    # Each item's balance, were it the first of its window.
    pull = balance.ravel().index_add(0, x, torch.where(y < x, 2 * w, 0.0))

    at = block % BLOCKS * parts.total + window.clamp(min=0)  # index into arrays (BLOCKS, total)
    inside = torch.nonzero(parts.inside.ravel()).ravel()
    same = block[x] == block[y]
    u, v, within = x[same], y[same], w[same]
    zero = balance.new_zeros(BLOCKS * parts.total)
    cut = zero.index_add(0, at[inside], pull[inside]).index_add(0, at[u], -within)
    cost = torch.stack(
        [
            zero.index_add(0, at[inside], (p * pull)[inside]).index_add(0, at[u], -within * torch.minimum(p[u], p[v]))
            for p in parts.prefixes
        ]
    )

    u, v, across = x[~same], y[~same], w[~same]
    at = (block[u] % BLOCKS * BLOCKS + block[v] % BLOCKS) * parts.total + window[u]
    zero = balance.new_zeros(BLOCKS * BLOCKS * parts.total)
    joint = torch.stack([zero.index_add(0, at, across * p[u]) for p in parts.prefixes])
    return (
        cut.view(BLOCKS, parts.total),
        cost.view(2, BLOCKS, 1, parts.total),
        joint.view(2, BLOCKS, BLOCKS, parts.total),
    )


def _step_costs(parts: _Partition, cut: Tensor, cost: Tensor, joint: Tensor) -> tuple[Tensor, Tensor]:
    """The cost of block v right after the blocks of S, and whether backwards is cheaper: (BLOCKS, 2^BLOCKS, total)."""
    count, total = len(parts.size), parts.total
    bits, _ = _subsets(str(cut.device))
    length = parts.size.view(count, parts.windows, BLOCKS).permute(2, 0, 1).reshape(BLOCKS, 1, total)
    joint = (bits @ joint.view(2 * BLOCKS, BLOCKS, total)).view(2, BLOCKS, 1 << BLOCKS, total)  # with all of S
    # Forwards and backwards an item is in length + 1 prefixes: the quotient is the weight between v and S.
    cut_after = bits @ cut - (joint.sum(0) / (length + 1) * bits.T[:, :, None]).sum(0)
    forwards, backwards = cost - 2 * joint
    return forwards.minimum(backwards) + length * cut_after, backwards < forwards


def _last_blocks(step: Tensor) -> Tensor:
    """The last block of the best sequence of each subset, int64 (2^BLOCKS, total), by dynamic programming."""
    import torch

    total, device = step.shape[-1], step.device
    _, levels = _subsets(str(device))
    step = step.view(-1, total)
    least = torch.zeros(1 << BLOCKS, total, dtype=step.dtype, device=device)
    last = torch.zeros(1 << BLOCKS, total, dtype=torch.int64, device=device)
    for subsets, members, without in levels:
        value, which = (least[without] + step[members * (1 << BLOCKS) + without]).min(1)
        least[subsets] = value
        last[subsets] = members[:, :, None].expand(-1, -1, total).gather(1, which[:, None])[:, 0]
    return last


def _traced_back(last: Tensor, backwards: Tensor) -> tuple[Tensor, Tensor]:
    """Each window's best sequence of blocks, int64 (total, BLOCKS), and which of them are turned round."""
    import torch

    total, device = last.shape[1], last.device
    left = torch.full((total,), (1 << BLOCKS) - 1, device=device)
    every = torch.arange(total, device=device)
    sequence = torch.empty(total, BLOCKS, dtype=torch.int64, device=device)
    turned = torch.empty(total, BLOCKS, dtype=torch.bool, device=device)
    for position in range(BLOCKS - 1, -1, -1):
        v = last[left, every]
        left = left ^ (1 << v)
        sequence[:, position], turned[:, position] = v, backwards[v, left, every]
    return sequence, turned


def _lay_out(order: Tensor, bounds: Tensor, source: Tensor, turned: Tensor) -> Tensor:
    """The orders with block source[., j] in j-th place, turned round or not; items outside the bounds stay."""
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
