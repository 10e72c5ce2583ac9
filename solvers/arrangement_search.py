"""Anytime search for a minimum linear arrangement: annealed Gibbs sampling of items' places, in many orders at once.

    minimize    sum over pairs u < v of w_uv |z_u - z_v|
    over        places z, a permutation of 0..n-1

The objective is the sum, over the n-1 gaps between places, of the weight cut there. So what an item's neighbours in
the order do matters only through their balances, weight to the right less weight to the left: taking the item past a
neighbour q to its right changes the objective by b_q + 2 w(item, all up to q) less the same sum at the item. Two
running sums give the values of all n places an item may go to, and one of them is drawn with probability
proportional to exp(-value/T) (the heat bath of Geman and Geman 1984; annealing of Kirkpatrick et al. 1983; insertion
moves as in Brusco, Koehn and Stahl 2008). Moves within disjoint windows of places change the objective independently,
so all windows of an order, and all orders, move at once; windows shrink as moves get shorter.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Floats, Ints

if TYPE_CHECKING:
    from torch import Generator, Tensor

Keep = Callable[[Ints, float], None]

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

    begun = time.monotonic()
    w = _checked(weights)
    orders = _permutations(starts, len(w))
    W = torch.as_tensor(w, device=device)
    best = math.inf

    def offer(order: Tensor) -> None:
        nonlocal best
        if (value := _value(W, order)) < best:
            best = value
            keep(order.cpu().numpy(), value)

    deadline = math.inf if seconds is None else begun + seconds
    for order in orders:
        if math.isfinite(best) and time.monotonic() > deadline:
            return
        offer(torch.as_tensor(order, device=device))
    if len(w) > 2 and np.any(w):
        with torch.inference_mode():
            _anneal(W, torch.as_tensor(orders, device=device), deadline, seed, offer)


def _anneal(W: Tensor, starts: Tensor, deadline: float, seed: int, offer: Callable[[Tensor], None]) -> None:
    """Cycles of cooling, each twice as long as the last, from the best orders of the cycle before."""
    import torch

    n = len(W)
    rng = np.random.default_rng(seed)
    generator = torch.Generator(W.device).manual_seed(seed)
    count = min(max(16384 // n, 8), 64)
    chains = _Chains(W, starts[:count])
    unit = n * float(W.abs().sum(1).mean())
    first = unit * WARM * (HOT / WARM) ** torch.linspace(0, 1, count, dtype=W.dtype, device=W.device)
    last, cycle, reach = 0.0, 0, n / 3
    lowest = float(chains.value.min())
    while time.monotonic() < deadline and (cycle < CYCLES or deadline < math.inf):
        # The better an order, the colder the chain that goes on from it; the hottest forget where they started.
        chains.select(torch.argsort(chains.value).repeat_interleave(2)[:count].repeat(count)[:count])
        begun, steps, step = time.monotonic(), 2 * n << cycle, 0
        available = deadline - begun
        if available < 3 * last:
            steps = 1 << 62  # a cycle twice as long would not end in time: this one takes what is left
        while True:
            if step % 8 == 0:
                done = max(step / steps, (time.monotonic() - begun) / available)
                temperature = first * (unit * COLD / first) ** (done / 0.9) if done < 0.9 else first * 1e-9
                if float(chains.value.min()) < lowest * (1 - math.copysign(1e-12, lowest)):
                    lowest = float(chains.value.min())
                    offer(chains.order[int(chains.value.argmin())])
                if done >= 1:
                    break
            width = n if 6 * reach > n / 2 or rng.random() < 0.1 else max(int(6 * reach * rng.uniform(0.7, 1.3)), 8)
            width = min(width, n)
            start = int(rng.integers(min(width - 1, n - width) + 1))
            moved = chains.move(start, width, int(rng.integers(width)), temperature, generator)
            if step % 8 == 0:
                reach += 0.1 * (float(moved) - reach)
            step += 1
        last, cycle = time.monotonic() - begun, cycle + 1


class _Chains:
    """Orders of the same items, moved at once: the items, their balances by place, and the values."""

    def __init__(self, W: Tensor, orders: Tensor) -> None:
        import torch

        self.twice = (2 * W).reshape(-1)
        self.place = torch.arange(len(W), device=W.device)
        self.order = orders
        place = torch.argsort(orders, 1)
        self.balance = torch.stack(
            [(W * torch.sign(p - p[:, None])).sum(1)[order] for p, order in zip(place, orders, strict=True)]
        )
        self.value = self.balance.cumsum(1).sum(1)

    def select(self, chosen: Tensor) -> None:
        """Go on from these chains, int64 (k,)."""
        self.order, self.balance, self.value = self.order[chosen], self.balance[chosen], self.value[chosen]

    def move(self, start: int, width: int, i: int, temperature: Tensor, generator: Generator) -> Tensor:
        """Draw a new place within its window for the i-th item of every window; how far they went, on average.

        The windows have `width` places each, the first begins at `start`; temperature is float64, one per chain.
        """
        import torch

        count, n = self.order.shape
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
        self.value += value.gather(1, to).view(count, windows).sum(1)

        place = self.place[:width].clone()
        place[i + 1 :] -= 1  # of the others, were the item taken out
        after = place >= to
        place = place + after
        place[:, i : i + 1] = to
        moved = torch.addcmul(balance, pull, after.to(pull.dtype), value=-1)
        moved[:, i + 1 :] += pull[:, i + 1 :]
        moved[:, i : i + 1] = balance[:, i : i + 1] + passed[:, i : i + 1] - passed.gather(1, to)
        self.order[:, span] = torch.empty_like(order).scatter_(1, place, order).view(count, -1)
        self.balance[:, span] = torch.empty_like(balance).scatter_(1, place, moved).view(count, -1)
        return (to - i).abs().to(value.dtype).mean()


def _value(W: Tensor, order: Tensor) -> float:
    place = order.argsort().to(W.dtype)
    return float((W * (place - place[:, None]).abs()).sum()) / 2


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
