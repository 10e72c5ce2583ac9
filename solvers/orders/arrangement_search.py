"""Anytime search for a minimum linear arrangement: windows re-ordered exactly, and places sampled as it cools.

    minimize    sum over pairs u < v of w_uv |z_u - z_v|
    over        places z, a permutation of 0..n-1

Two kinds of moves take turns. Windows of blocks are put in their best order (orders.window_moves): multilevel descent,
by far the stronger of the two where few pairs have a weight. Annealing draws new places for single items: the
objective is the sum of the weights cut at the n-1 gaps, so what stands around an item matters only through balances b,
weight to the right less weight to the left. Taken rightwards past q, an item v changes the objective by F_q - F_v,

    F_q = b_q + 2 sum of w(v, u) over all u up to q.

Two running sums thus give the values of all places, and one is drawn with probability proportional to exp(-value / T)
(the heat bath of Geman and Geman 1984 in the annealing of Kirkpatrick et al. 1983, with the insertions of Brusco, Koehn
and Stahl 2008). Moves within disjoint windows of places add up, so all windows of all orders move at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Floats, Ints
from solvers.orders.window_moves import BLOCKS, Pairs, boundaries, rearrange

if TYPE_CHECKING:
    from torch import Generator, Tensor

Keep = Callable[[Ints, float], None]

PATIENCE = 8  # rounds without gain after which a descent ends, at the least
# In units of n times the mean absolute weight at an item: the temperatures between which chains start, and the last.
HOT, WARM, COLD = 3e-2, 3e-4, 3e-5
CYCLES = 5  # without a limit; each cools twice as slowly as the one before


def arrange(
    weights: Floats | csr_array,
    starts: Ints,
    *,
    seconds: float | None = None,
    seed: int = 0,
    device: str = "cpu",
    keep: Keep,
) -> None:
    """Search orders of small sum over pairs of w_uv |z_u - z_v|, calling keep(order, value) at each improvement.

    weights  float64 (n, n) or csr, finite, symmetric, of any sign; the diagonal is ignored
    starts   int64 (k, n), k >= 1: orders to start from, entry [., q] the item at place q
    seconds  how long to search; None: a fixed number of rounds, so that a seed decides what is found
    device   where torch computes: "cpu", "cuda", ...

    keep gets int64 (n,) and the value recomputed from the weights; an exception in it, or an interrupt, ends the
    search and nothing is lost. Raises ValueError if the weights are no such matrix or a start is no permutation.
    """
    import torch

    deadline = math.inf if seconds is None else time.monotonic() + seconds
    w = _checked(weights)
    orders = _permutations(starts, len(w))
    W = torch.as_tensor(w, device=device)
    pairs, best = Pairs(W), math.inf

    def offer(order: Tensor) -> None:
        nonlocal best
        if (value := pairs.arrangement(order)) < best:
            best = value
            keep(order.cpu().numpy(), value)

    with torch.inference_mode():
        for order in orders:
            if best < math.inf and time.monotonic() > deadline:
                return
            offer(torch.as_tensor(order, device=device))
        if len(w) > 2 and len(pairs.weight):
            _Search(W, pairs, deadline, seed, offer).run(torch.as_tensor(orders, device=device))


class _Search:
    """Descent by windows and annealing in turn, in cycles each twice as long as the last.

    Where few pairs have a weight, descent is cheap and does most of the work, and annealing only shakes the order up;
    where most have one, annealing does it, and descent comes last.
    """

    def __init__(self, W: Tensor, pairs: Pairs, deadline: float, seed: int, offer: Callable[[Tensor], None]) -> None:
        import torch

        self.W, self.pairs, self.deadline, self.offer = W, pairs, deadline, offer
        self.rng, self.generator = np.random.default_rng(seed), torch.Generator(W.device).manual_seed(seed)

    def run(self, orders: Tensor) -> None:
        """Search from orders, int64 (k, n), until the deadline, or for CYCLES where there is none."""
        n, chains, last = len(self.W), _Chains(self.W, self.pairs, orders), 0.0
        for cycle in count():
            begun = time.monotonic()
            chains.select(chains.different())
            if self.pairs.sparse:
                chains.add(self.descend(chains.order[:4], max(n // 16, PATIENCE) << cycle))
                chains.select(chains.different())
            left = self.deadline - time.monotonic()
            if left <= 0 or (cycle == CYCLES and left == math.inf):
                return
            final = left < 3 * last  # a cycle twice as long would not end in time: this one takes what is left
            if self.pairs.sparse:
                self.anneal(chains, 10 * WARM, math.inf if final else n // 4 << cycle, 0.3 * left)
            else:
                self.anneal(chains, HOT, math.inf if final else 2 * n << cycle, 0.9 * left)
                if final or cycle == CYCLES - 1:
                    chains.select(chains.different())
                    chains.add(self.descend(chains.order[:1], PATIENCE))
            last = time.monotonic() - begun

    def descend(self, order: Tensor, patience: int) -> Tensor:
        """The best order after rearranging windows of all until that gains nothing, rivals given up by halves."""
        n, least, since, rounds = len(self.W), math.inf, 0, 0
        while n >= BLOCKS:
            place = order.argsort(1)
            balance = self.pairs.balances(place)
            value = balance.cumsum(1).sum(1)
            rounds, since = rounds + 1, since + 1
            if float(value.min()) < least - 1e-6 * self.pairs.scale:
                least, since = float(value.min()), 0
                self.offer(order[int(value.argmin())])
            if rounds % patience == 0:
                better = value.argsort()[: (len(order) + 1) // 2]
                order, place, balance = order[better], place[better], balance[better]
            if (since >= patience and len(order) == 1) or time.monotonic() > self.deadline:
                break
            windows = int((n / BLOCKS) ** self.rng.random())  # from long blocks to single items
            bounds = boundaries(balance, windows, bool(self.rng.random() < 0.5), self.generator)
            order = rearrange(self.pairs, order, place, balance, bounds, self.generator)
        return order

    def anneal(self, chains: _Chains, hottest: float, steps: float, seconds: float) -> None:
        """Cool the chains, each from its own temperature, up to the hottest, all to the same, and then to nothing."""
        import torch

        n, step = len(self.W), 0
        begun, reach = time.monotonic(), n / 3
        unit = n * float(self.W.abs().sum(1).mean())
        size = min(max(16384 // n, 8), 64)
        ladder = torch.arange(size, device=self.W.device)
        first, last = unit * WARM * (hottest / WARM) ** (ladder / (size - 1)).to(self.W.dtype), unit * COLD
        # Where it is warm, chains go on from the best orders; where it is hot, they begin anew.
        anew = 0 if self.pairs.sparse else size // 2
        chains.select(ladder[: size - anew] * (len(chains.order) + 1) // 2 // size)
        chains.add(torch.rand(anew, n, generator=self.generator, device=self.W.device).argsort(1))
        least = math.inf
        while True:
            if step % 8 == 0:
                done = max(step / steps, (time.monotonic() - begun) / seconds)
                temperature = first * (last / first) ** (done / 0.9) if done < 0.9 else first * 1e-9
                if float(chains.value.min()) < least - 1e-12 * unit:
                    least = float(chains.value.min())
                    self.offer(chains.order[int(chains.value.argmin())])
                if done >= 1:
                    return
            narrow = max(int(10 * reach * self.rng.uniform(0.7, 1.3)), 8)
            width = n if 2 * narrow > n or self.rng.random() < 0.1 else narrow
            start = int(self.rng.integers(min(width - 1, n - width) + 1))
            moved = chains.move(start, width, int(self.rng.integers(width)), temperature, self.generator)
            if step % 8 == 0:
                reach += 0.1 * (float(moved) - reach)
            step += 1


class _Chains:
    """Orders of the same items, moved at once: the items, their balances by place, and the values."""

    def __init__(self, W: Tensor, pairs: Pairs, orders: Tensor) -> None:
        import torch

        self.W, self.pairs, self.twice = W, pairs, (2 * W).reshape(-1)
        self.place = torch.arange(len(W), device=W.device)
        self.order, self.balance = orders, pairs.balances(orders.argsort(1))
        self.value = self.balance.cumsum(1).sum(1)

    def different(self) -> Tensor:
        """The chains by rising value, one of each value."""
        import torch

        values, which = torch.sort(self.value)
        new = values.diff() > 1e-9 * values[:1].abs()
        return which[torch.cat((new.new_ones(1), new))]

    def select(self, chosen: Tensor) -> None:
        """Go on with these chains, int64 (k,)."""
        self.order, self.balance, self.value = self.order[chosen], self.balance[chosen], self.value[chosen]

    def add(self, orders: Tensor) -> None:
        """More chains, from orders int64 (k, n)."""
        import torch

        balance = self.pairs.balances(orders.argsort(1))
        self.order, self.balance = torch.cat((self.order, orders)), torch.cat((self.balance, balance))
        self.value = torch.cat((self.value, balance.cumsum(1).sum(1)))

    def move(self, start: int, width: int, i: int, temperature: Tensor, generator: Generator) -> Tensor:
        """Draw a new place within its window for the i-th item of every window; how far they went, on average.

        The windows have `width` places each, the first begins at `start`; temperature is float64, one per chain.
        """
        import torch

        size, n = self.order.shape
        windows = (n - start) // width
        span = slice(start, start + windows * width)
        order, balance = self.order[:, span].reshape(-1, width), self.balance[:, span].reshape(-1, width)
        pull = self.twice.take(order[:, i : i + 1] * n + order)
        passed = pull.cumsum(1)
        passed[:, :i] -= pull[:, :i]
        change = passed + balance
        change -= change[:, i : i + 1].clone()
        value = change.cumsum(1)
        value[:, :i] -= change[:, :i]
        value -= value[:, i : i + 1].clone()
        likely = torch.softmax(value / -temperature.repeat_interleave(windows)[:, None], 1).cumsum(1)
        draw = torch.rand(len(order), 1, generator=generator, dtype=value.dtype, device=value.device)
        to = (likely < draw).sum(1, keepdim=True).clamp(max=width - 1)
        self.value += value.gather(1, to).view(size, windows).sum(1)

        place = self.place[:width].clone()
        place[i + 1 :] -= 1  # of the others, were the item taken out
        after = place >= to
        place = place + after
        place[:, i : i + 1] = to
        moved = torch.addcmul(balance, pull, after.to(pull.dtype), value=-1)
        moved[:, i + 1 :] += pull[:, i + 1 :]
        moved[:, i : i + 1] = balance[:, i : i + 1] + passed[:, i : i + 1] - passed.gather(1, to)
        self.order[:, span] = torch.empty_like(order).scatter_(1, place, order).view(size, -1)
        self.balance[:, span] = torch.empty_like(balance).scatter_(1, place, moved).view(size, -1)
        return (to - i).abs().to(value.dtype).mean()


def _checked(weights: Floats | csr_array) -> Floats:
    """The weights as a dense matrix with an empty diagonal."""
    w = np.array(weights.toarray() if isinstance(weights, csr_array) else weights)
    if w.ndim != 2 or w.shape[0] != w.shape[1]:
        raise ValueError(f"weights have shape {w.shape}; an arrangement needs a square matrix")
    w = w.astype(np.float64)
    if not np.isfinite(w).all():
        raise ValueError("weights must be finite; replace NaN and infinities by numbers")
    if not np.array_equal(w, w.T):
        raise ValueError("weights are not symmetric; pass (W + W.T) / 2, which has the same values")
    np.fill_diagonal(w, 0)
    return w


def _permutations(starts: Ints, n: int) -> Ints:
    orders = np.asarray(starts, dtype=np.int64)
    if (
        orders.ndim != 2
        or not len(orders)
        or not np.array_equal(np.sort(orders, 1), np.tile(np.arange(n), (len(orders), 1)))
    ):
        raise ValueError(f"starts must be a (k, {n}) array, k >= 1, each row a permutation of 0..{n - 1}")
    return orders
