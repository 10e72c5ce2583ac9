"""Tabu search for the quadratic assignment problem, many searches at once, recombined where they stagnate.

    minimize  sum over i, j of A[i, j] B[p(i), p(j)]   over permutations p

Each search always makes the best exchange of two items' places that is not tabu: a pair that was just exchanged is not
exchanged back for its tenure, unless that gives the search's best order so far, the aspiration criterion (Taillard,
Robust taboo search for the quadratic assignment problem, 1991; tenures of pairs as in Misevicius, A tabu search
algorithm for the quadratic assignment problem, 2005). Rounds of it improve the population of a memetic algorithm: a
search starts from a uniform crossover of a member and another, and its best order replaces the member unless it is
worse (Benlic & Hao, Memetic search for the quadratic assignment problem, 2015).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from formulations.problem import Floats, Ints
from solvers.orders.exchanges import Exchanges

if TYPE_CHECKING:
    from torch import Generator, Tensor

POPULATION = 8, 128  # members, at least and at most, and in between as many as
POPULATION_ENTRIES = 200_000  # entries in the matrices of differences of all members: what a cache holds
ROUND_EXCHANGES = 1000  # exchanges of each search between two recombinations
EVALUATION_INTERVAL = 50  # exchanges between two evaluations of the best order and of the clock
STAGNANT_ROUNDS = 10  # rounds in which no member changes, after which a new population is drawn
TENURE = 0.1, 1.0  # range of the mean tenure of a search, in exchanges per item


def tabu_search(
    A: Floats,
    B: Floats,
    starts: Ints,
    *,
    seconds: float | None,
    iterations: int | None,
    seed: int,
    device: str,
    target: float | None,
    keep: Callable[[Ints, float], None],
) -> None:
    """Search orders of small sum A[i, j] B[p(i), p(j)], calling keep(order, value) at each improvement.

    A, B        float64 (n, n), finite, not necessarily symmetric or of zero diagonal
    starts      int64 (k, n), k >= 0: orders to start from, order[q] the item at place q; random ones join them
    seconds, iterations, target   when to stop: wall time, exchanges of each search, a value that is good enough
    device      where torch computes: "cpu" or "cuda"
    keep        gets int64 (n,) and the value summed anew from A and B, the best start first

    The same seed and iterations give the same orders. Raises ValueError for arguments that are not as said.

    >>> A, B = np.array([[0.0, 1, 5], [1, 0, 1], [5, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> limits = {"seconds": None, "iterations": 10, "target": None}
    >>> found = []
    >>> tabu_search(A, B, np.array([[0, 1, 2]]), **limits, seed=0, device="cpu", keep=lambda *best: found.append(best))
    >>> [(order.tolist(), value) for order, value in found]  # items 0 and 2, of weight 5, next to each other
    [([0, 1, 2], 24.0), ([0, 2, 1], 16.0)]
    """
    _refuse(A, B, starts)
    if seconds is None and iterations is None and target is None:
        raise ValueError("the tabu search would never stop; give it seconds, iterations or a target")
    deadline = np.inf if seconds is None else time.monotonic() + seconds
    incumbent = _Incumbent(A, B, deadline, target, keep)
    if incumbent.offer(starts):
        return
    if len(A) <= 3:
        incumbent.offer(np.array(list(permutations(range(len(A)))), dtype=np.int64))
    else:
        _evolve(A, B, starts, incumbent, iterations, seed, device)


@dataclass
class _Incumbent:
    """The best value so far, and when the search is to stop."""

    A: Floats
    B: Floats
    deadline: float
    target: float | None
    keep: Callable[[Ints, float], None]
    value: float = np.inf

    def offer(self, orders: Ints) -> bool:
        """Keep each order, of int64 (k, n), that improves on the best value; returns whether to stop."""
        for order in orders:
            value = float((self.A[np.ix_(order, order)] * self.B).sum())
            if value < self.value:
                self.value = value
                self.keep(order.copy(), value)
        return time.monotonic() >= self.deadline or (self.target is not None and self.value <= self.target)


def _evolve(
    A: Floats, B: Floats, starts: Ints, incumbent: _Incumbent, iterations: int | None, seed: int, device: str
) -> None:
    """The memetic algorithm: rounds of tabu search from crossovers, from a new population where it stagnates."""
    import torch

    n, (fewest, most) = len(A), POPULATION
    size = max(len(starts), min(most, max(fewest, POPULATION_ENTRIES // n**2)))
    given = torch.from_numpy(np.argsort(starts, axis=1)).to(device)
    left, stagnant = float("inf") if iterations is None else iterations, STAGNANT_ROUNDS
    random = torch.Generator(device).manual_seed(seed)
    with torch.inference_mode():
        while left > 0:
            steps = int(min(left, ROUND_EXCHANGES))
            if stagnant == STAGNANT_ROUNDS:
                drawn = torch.rand(size - len(given), n, generator=random, device=device).argsort(1)
                place, value, stop = _round(A, B, torch.cat([given, drawn]), steps, random, incumbent)
                given, stagnant = given[:0], 0
            else:
                children = _children(place, value, random)
                found, reached, stop = _round(A, B, children, steps, random, incumbent)
                new = ~(found[:, None] == place).all(2).any(1) & (reached <= value)
                place, value = torch.where(new[:, None], found, place), torch.where(new, reached, value)
                stagnant = 0 if bool(new.any()) else stagnant + 1
            if stop:
                return
            left -= steps


def _round(
    A: Floats, B: Floats, place: Tensor, steps: int, random: Generator, incumbent: _Incumbent
) -> tuple[Tensor, Tensor, bool]:
    """So many exchanges of each search: its best places, int64 (k, n), and their values; and whether to stop."""
    import torch

    state = Exchanges(A, B, place)
    device, (k, n) = place.device, place.shape
    start = [float((A * B[np.ix_(p, p)]).sum()) for p in place.cpu().numpy()]
    value = torch.tensor(start, dtype=torch.float64, device=device)
    best_place, best, offered = place.clone(), value.clone(), np.inf
    low, high = TENURE
    mean = n * low * (high / low) ** torch.rand(k, generator=random, device=device)
    tenure = (mean * (0.5 + torch.rand(steps, k, generator=random, device=device))).long() + 1
    # The tabu list: the last pairs exchanged, few enough that another is allowed, as entries [u, v] and [v, u].
    length = min(int(1.5 * high * n) + 2, n * (n - 1) // 2 - 1)
    entries, until = torch.zeros(2, k, 2, length, dtype=torch.int64, device=device)
    u, v = torch.arange(n * n, device=device).view(n, n), torch.arange(n * n, device=device).view(n, n).T
    about = torch.stack([u // n, v // n, u, v], 2).view(-1, 4)  # of an entry: its two items, itself, its mirror image
    flat, each = state.differences.view(k, -1), torch.arange(k, device=device)
    infinite = torch.full((k, 2 * length), float("inf"), dtype=torch.float64, device=device)
    for step in range(steps):
        # The best exchange that is not tabu; those whose tenure is over are entry 0, on the diagonal: infinite.
        tabu = (entries * (until > step)).view(k, -1)
        hidden = flat.gather(1, tabu)
        flat.scatter_(1, tabu, infinite)
        change, first = state.differences.amin(2).min(1)
        second = state.differences[each, first].argmin(1)
        flat.scatter_(1, tabu, hidden)
        # Aspiration: a tabu exchange that gives the best order so far.
        aspired, which = hidden.min(1)
        aspires = (aspired < change) & (value + state.factor * aspired < best)
        change = torch.where(aspires, aspired, change)
        chosen = about[torch.where(aspires, tabu.gather(1, which[:, None])[:, 0], first * n + second)]
        state.exchange(chosen[:, :2])
        entries[:, :, step % length] = chosen[:, 2:]
        until[:, :, step % length] = tenure[step, :, None] + (step + 1)
        value = value.add(change, alpha=state.factor)
        better = value < best
        best = torch.where(better, value, best)
        best_place = torch.where(better[:, None], state.place, best_place)
        if step % EVALUATION_INTERVAL == EVALUATION_INTERVAL - 1 or step == steps - 1:
            at = int(best.argmin())
            improved, offered = float(best[at]) < offered, float(best[at])
            if incumbent.offer(best_place[at : at + 1 if improved else at].argsort(1).cpu().numpy()):
                return best_place, best, True
    return best_place, best, False


def _children(place: Tensor, value: Tensor, random: Generator) -> Tensor:
    """Uniform crossovers, int64 (k, n), of each member and the better of two others: what both share, the child has.

    Where that differs from its parent in two items at most, a random third of the parent's items change places instead.
    """
    import torch

    k, n = place.shape

    def noise(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random, device=place.device)

    one, other = (noise(2, k) * k).long()
    mate = place[torch.where(value[one] < value[other], one, other)]
    child = torch.where(noise(k, n) < 0.5, place, mate)
    # Repair: of two items at one place a random one stays, the other goes to a random free place.
    item = (child + noise(k, n)).argsort(1)
    at_place = child.gather(1, item)
    second = torch.zeros_like(child, dtype=torch.bool)
    second[:, 1:] = at_place[:, 1:] == at_place[:, :-1]
    displaced = torch.zeros_like(second).scatter_(1, item, second)
    free = torch.ones_like(second).scatter_(1, at_place, False)
    who, where = ((noise(k, n) - mask.double()).argsort(1) for mask in (displaced, free))
    child = child.scatter(1, who, torch.where(displaced.gather(1, who), where, child.gather(1, who)))
    cycle = noise(k, n).argsort(1)[:, : max(3, n // 3)]
    perturbed = place.scatter(1, cycle, place.gather(1, cycle.roll(1, 1)))
    return torch.where(((child != place).sum(1) <= 2)[:, None], perturbed, child)


def _refuse(A: Floats, B: Floats, starts: Ints) -> None:
    n = len(A)
    if A.shape != (n, n) or B.shape != (n, n) or n == 0:
        raise ValueError(f"A is {A.shape} and B is {B.shape}; both must be square, of the same size, and not empty")
    for name, M in (("A", A), ("B", B)):
        if not np.isfinite(M).all():
            raise ValueError(f"{name} has an entry that is no finite number: {M[~np.isfinite(M)][0]}; replace it")
    if starts.ndim != 2 or starts.shape[1] != n or (np.sort(starts, axis=1) != np.arange(n)).any():
        raise ValueError(f"starts, {starts.shape}, must be rows that order each of 0, ..., {n - 1} once")
