"""Anytime search for a minimum linear arrangement: windows re-ordered exactly, alternating with simulated annealing.

    minimize    sum over pairs u < v of w_uv |z_u - z_v|
    over        places z, a permutation of 0..n-1

There are two kinds of moves. Windows of blocks are put in their best order (orders.window_moves): multilevel descent,
by far the stronger of the two where few pairs have a weight. Annealing draws new places for single items: the
objective is the sum of the weights cut at the n-1 gaps, so other items enter only by their balances b, weight to the
right less weight to the left. Moved rightwards past the item q, an item v changes the objective by F_q - F_v,

    F_q = b_q + 2 sum of w(v, u) over all u up to q.

Two cumulative sums thus give the change for every place, and one is drawn with probability proportional to
exp(-change / T) (the heat bath of Geman and Geman 1984 in the annealing of Kirkpatrick et al. 1983, with the insertions
of Brusco, Koehn and Stahl 2008). Changes within disjoint windows of places add up, so all windows of all orders move at
once.
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

PATIENCE = 8  # least number of rounds without improvement after which a descent ends
# Annealing schedule, in units of n times the mean over items of the sum of absolute weights: the range of the chains'
# initial temperatures, and the final one.
MAX_INITIAL_TEMPERATURE, MIN_INITIAL_TEMPERATURE, FINAL_TEMPERATURE = 3e-2, 3e-4, 3e-5
COOLING_SHARE = 0.9  # of an annealing; at the end of it temperatures are practically zero
CYCLES = 5  # without a time limit; each cools twice as slowly as the one before
ANNEALING_INTERVAL = 8  # steps between two evaluations of the chains, the clock and the temperatures


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
    seconds  wall time; None: a fixed number of rounds, so that the same seed gives the same orders
    device   where torch computes: "cpu", "cuda", ...
    keep     gets int64 (n,) and the value recomputed from the weights, the first start first; an exception in it, or
             an interrupt, ends the search

    Raises ValueError if the weights are no such matrix or a start is no permutation.

    >>> path = np.zeros((8, 8))
    >>> path[np.arange(7), np.arange(1, 8)] = path[np.arange(1, 8), np.arange(7)] = 1  # only neighbours have a weight
    >>> values = []
    >>> arrange(path, np.array([[0, 4, 1, 5, 2, 6, 3, 7]]), keep=lambda order, value: values.append(value))
    >>> values[0], values[-1]
    (17.0, 7.0)
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
    """Cycles of window descent and annealing, each twice as long as the last.

    Where few pairs have a weight, descent is cheap and does most of the work, and annealing perturbs its result; where
    most have one, annealing does the work and descent completes it.
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
            final = left < 3 * last  # the next cycle, twice as long, would not end in time: this one takes the rest
            if self.pairs.sparse:
                self.anneal(chains, 10 * MIN_INITIAL_TEMPERATURE, math.inf if final else n // 4 << cycle, 0.3 * left)
            else:
                self.anneal(chains, MAX_INITIAL_TEMPERATURE, math.inf if final else 2 * n << cycle, 0.9 * left)
                if final or cycle == CYCLES - 1:
                    chains.select(chains.different())
                    chains.add(self.descend(chains.order[:1], PATIENCE))
            last = time.monotonic() - begun

    def descend(self, order: Tensor, patience: int) -> Tensor:
        """Rearrange windows of all orders, dropping the worse half now and then, until the last one stops improving."""
        n, least, stagnant, rounds = len(self.W), math.inf, 0, 0
        while n >= BLOCKS:
            place = order.argsort(1)
            balance = self.pairs.balances(place)
            value = balance.cumsum(1).sum(1)
            rounds, stagnant = rounds + 1, stagnant + 1
            if float(value.min()) < least - 1e-6 * self.pairs.scale:
                least, stagnant = float(value.min()), 0
                self.offer(order[int(value.argmin())])
            if rounds % patience == 0:
                better = value.argsort()[: (len(order) + 1) // 2]
                order, place, balance = order[better], place[better], balance[better]
            if (stagnant >= patience and len(order) == 1) or time.monotonic() > self.deadline:
                break
            windows = int((n / BLOCKS) ** self.rng.random())  # from long blocks to single items
            bounds = boundaries(balance, windows, bool(self.rng.random() < 0.5), self.generator)
            order = rearrange(self.pairs, order, place, balance, bounds, self.generator)
        return order

    def anneal(self, chains: _Chains, highest: float, steps: float, seconds: float) -> None:
        """Cool the chains geometrically, from initial temperatures up to the highest to one final one, then to zero."""
        import torch

        n, step = len(self.W), 0
        begun, reach = time.monotonic(), n / 3
        unit = n * float(self.W.abs().sum(1).mean())
        size = min(max(16384 // n, 8), 64)
        ladder = torch.arange(size, device=self.W.device)
        ratio = highest / MIN_INITIAL_TEMPERATURE
        first = unit * MIN_INITIAL_TEMPERATURE * ratio ** (ladder / (size - 1)).to(self.W.dtype)
        last = unit * FINAL_TEMPERATURE
        # Chains of low temperature go on from the best orders, those of high temperature start from random ones.
        fresh = 0 if self.pairs.sparse else size // 2
        chains.select(ladder[: size - fresh] * (len(chains.order) + 1) // 2 // size)
        chains.add(torch.rand(fresh, n, generator=self.generator, device=self.W.device).argsort(1))
        least = math.inf
        while True:
            if step % ANNEALING_INTERVAL == 0:
                done = max(step / steps, (time.monotonic() - begun) / seconds)
                cooled = done / COOLING_SHARE
                temperature = first * (last / first) ** cooled if cooled < 1 else first * 1e-9
                if float(chains.value.min()) < least - 1e-12 * unit:
                    least = float(chains.value.min())
                    self.offer(chains.order[int(chains.value.argmin())])
                if done >= 1:
                    return
            # Windows about ten times as wide as accepted moves are long; one in ten spans all places.
            narrow = max(int(10 * reach * self.rng.uniform(0.7, 1.3)), 8)
            width = n if 2 * narrow > n or self.rng.random() < 0.1 else narrow
            start = int(self.rng.integers(min(width - 1, n - width) + 1))
            moved = chains.move(start, width, int(self.rng.integers(width)), temperature, self.generator)
            if step % ANNEALING_INTERVAL == 0:
                reach += 0.1 * (float(moved) - reach)
            step += 1


class _Chains:
    """The chains of the annealing: orders, int64 (c, n), their balances by place, float64 (c, n), and values (c,)."""

    def __init__(self, W: Tensor, pairs: Pairs, orders: Tensor) -> None:
        import torch

        self.W, self.pairs, self.twice = W, pairs, (2 * W).reshape(-1)
        self.place = torch.arange(len(W), device=W.device)
        self.order, self.balance = orders, pairs.balances(orders.argsort(1))
        self.value = self.balance.cumsum(1).sum(1)

    def different(self) -> Tensor:
        """Indices of the chains by ascending value, one for each value."""
        import torch

        values, which = torch.sort(self.value)
        new = values.diff() > 1e-9 * values[:1].abs()
        return which[torch.cat((new.new_ones(1), new))]

    def select(self, chosen: Tensor) -> None:
        """Keep only these chains, int64 (k,), perhaps repeated."""
        self.order, self.balance, self.value = self.order[chosen], self.balance[chosen], self.value[chosen]

    def add(self, orders: Tensor) -> None:
        """Add chains that start from orders, int64 (k, n)."""
        import torch

        balance = self.pairs.balances(orders.argsort(1))
        self.order, self.balance = torch.cat((self.order, orders)), torch.cat((self.balance, balance))
        self.value = torch.cat((self.value, balance.cumsum(1).sum(1)))

    def move(self, start: int, width: int, i: int, temperature: Tensor, generator: Generator) -> Tensor:
        """Draw a new place within its window for the i-th item of every window; returns the mean distance moved.

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
        # F_q - F_v for every q, and its sums from the item outwards: the change of the objective for every place.
        step = passed + balance
        step -= step[:, i : i + 1].clone()
        change = step.cumsum(1)
        change[:, :i] -= step[:, :i]
        change -= change[:, i : i + 1].clone()
        # The heat bath.
        distribution = torch.softmax(change / -temperature.repeat_interleave(windows)[:, None], 1).cumsum(1)
        draw = torch.rand(len(order), 1, generator=generator, dtype=change.dtype, device=change.device)
        to = (distribution < draw).sum(1, keepdim=True).clamp(max=width - 1)
        self.value += change.gather(1, to).view(size, windows).sum(1)

        # The insertion, of the items and their balances.
        place = self.place[:width].clone()
        place[i + 1 :] -= 1  # of the others, with the item taken out
        after = place >= to
        place = place + after
        place[:, i : i + 1] = to
        moved = torch.addcmul(balance, pull, after.to(pull.dtype), value=-1)
        moved[:, i + 1 :] += pull[:, i + 1 :]
        moved[:, i : i + 1] = balance[:, i : i + 1] + passed[:, i : i + 1] - passed.gather(1, to)
        self.order[:, span] = torch.empty_like(order).scatter_(1, place, order).view(size, -1)
        self.balance[:, span] = torch.empty_like(balance).scatter_(1, place, moved).view(size, -1)
        return (to - i).abs().to(change.dtype).mean()


def _checked(weights: Floats | csr_array) -> Floats:
    """The weights as a dense matrix of zero diagonal; raises ValueError if they are not finite and symmetric."""
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
    """The starts, int64 (k, n); raises ValueError unless each is a permutation and k >= 1."""
    orders = np.asarray(starts, dtype=np.int64)
    if (
        orders.ndim != 2
        or not len(orders)
        or not np.array_equal(np.sort(orders, 1), np.tile(np.arange(n), (len(orders), 1)))
    ):
        raise ValueError(f"starts must be a (k, {n}) array, k >= 1, each row a permutation of 0..{n - 1}")
    return orders
