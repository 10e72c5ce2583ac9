"""Tabu search for the quadratic assignment problem, many searches at once, recombined where they stagnate.

    minimize  sum over i, j of A[i, j] B[p(i), p(j)]   over permutations p

Each search always takes the best exchange of two items' places that is not forbidden: for a while, a pair that was just
exchanged is not exchanged back, unless that gives its best order so far (Taillard, Robust taboo search for the
quadratic assignment problem, 1991; the memory on pairs is of Misevicius, A tabu search algorithm for the quadratic
assignment problem, 2005). Rounds of it improve the members of a memetic algorithm: a search starts from a uniform
crossover of a member and another, and what it finds replaces the member unless that is better (Benlic & Hao, Memetic
search for the quadratic assignment problem, 2015).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from formulations.problem import Floats, Ints
from solvers.orders.exchanges import Exchanges

if TYPE_CHECKING:
    from torch import Generator, Tensor

ENTRIES = 200_000  # of the differences of all members: what a cache holds, and enough to drown the cost of a call
ROUND = 1000  # exchanges of a search before it is recombined
LOOK = 50  # exchanges between looks at the clock and at the best order
PATIENCE = 10  # rounds in which no member changes before new ones are drawn
TENURE = 0.1, 1.0  # for how many exchanges a pair is forbidden, per item: a search draws its mean from this range


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
    """Hand ever better orders, of less sum A[i, j] B[p(i), p(j)], to keep.

    A, B        float64 (n, n), finite; they need be neither symmetric nor zero on the diagonal
    starts      int64 (k, n), k >= 0: orders to start from, order[q] the item at place q; random ones join them
    seconds, iterations, target   when to stop: wall time, exchanges that each search makes, a value that is good enough
    device      where torch computes: "cpu" or "cuda"
    keep        (order, int64 (n,); its value) at each improvement, the best start first; the value is summed anew

    The same seed and iterations give the same orders. Raises ValueError where the arguments are not as said.
    """
    _refuse(A, B, starts)
    if seconds is None and iterations is None and target is None:
        raise ValueError("the tabu search would never stop; give it seconds, iterations or a target")
    n, end, top = len(A), np.inf if seconds is None else time.monotonic() + seconds, np.inf

    def look(orders: Ints) -> bool:
        """Keep what is better among the orders; whether to stop."""
        nonlocal top
        for order in orders:
            value = float((A[np.ix_(order, order)] * B).sum())
            if value < top:
                top = value
                keep(order.copy(), value)
        return time.monotonic() >= end or (target is not None and top <= target)

    if look(starts):
        return
    if n <= 3:
        look(np.array(list(permutations(range(n))), dtype=np.int64))
        return

    import torch

    members = max(len(starts), min(128, max(8, ENTRIES // n**2)))
    given = torch.from_numpy(np.argsort(starts, axis=1)).to(device)
    left, idle = float("inf") if iterations is None else iterations, PATIENCE
    random = torch.Generator(device).manual_seed(seed)
    with torch.inference_mode():
        while left > 0:
            steps = int(min(left, ROUND))
            if idle == PATIENCE:
                drawn = torch.rand(members - len(given), n, generator=random, device=device).argsort(1)
                place, value, stop = _round(A, B, torch.cat([given, drawn]), steps, random, look)
                given, idle = given[:0], 0
            else:
                children = _children(place, value, random)
                found, reached, stop = _round(A, B, children, steps, random, look)
                new = ~(found[:, None] == place).all(2).any(1) & (reached <= value)
                place, value = torch.where(new[:, None], found, place), torch.where(new, reached, value)
                idle = 0 if bool(new.any()) else idle + 1
            if stop:
                return
            left -= steps


def _round(
    A: Floats, B: Floats, place: Tensor, steps: int, random: Generator, look: Callable[[Ints], bool]
) -> tuple[Tensor, Tensor, bool]:
    """The best places that each search meets on its way of so many steps, with their values; whether to stop."""
    import torch

    state = Exchanges(A, B, place)
    device, (k, n) = place.device, place.shape
    start = [float((A * B[np.ix_(p, p)]).sum()) for p in place.cpu().numpy()]
    value = torch.tensor(start, dtype=torch.float64, device=device)
    best_place, best, told = place.clone(), value.clone(), np.inf
    low, high = TENURE
    mean = n * low * (high / low) ** torch.rand(k, generator=random, device=device)
    tenure = (mean * (0.5 + torch.rand(steps, k, generator=random, device=device))).long() + 1
    # The last pairs exchanged, few enough that another is allowed, as entries of differences, both [u, v] and [v, u].
    length = min(int(1.5 * high * n) + 2, n * (n - 1) // 2 - 1)
    entries, until = torch.zeros(2, k, 2, length, dtype=torch.int64, device=device)
    u, v = torch.arange(n * n, device=device).view(n, n), torch.arange(n * n, device=device).view(n, n).T
    about = torch.stack([u // n, v // n, u, v], 2).view(-1, 4)  # of an entry: its pair of items, itself, and the other
    flat, each = state.differences.view(k, -1), torch.arange(k, device=device)
    infinite = torch.full((k, 2 * length), float("inf"), dtype=torch.float64, device=device)
    for step in range(steps):
        forbidden = (entries * (until > step)).view(k, -1)  # or else 0, on the diagonal, where all is infinite
        hidden = flat.gather(1, forbidden)
        flat.scatter_(1, forbidden, infinite)
        change, first = state.differences.amin(2).min(1)
        second = state.differences[each, first].argmin(1)
        flat.scatter_(1, forbidden, hidden)
        excused, which = hidden.min(1)
        excuse = (excused < change) & (value + state.factor * excused < best)
        change = torch.where(excuse, excused, change)
        chosen = about[torch.where(excuse, forbidden.gather(1, which[:, None])[:, 0], first * n + second)]
        state.exchange(chosen[:, :2])
        entries[:, :, step % length] = chosen[:, 2:]
        until[:, :, step % length] = tenure[step, :, None] + (step + 1)
        value = value.add(change, alpha=state.factor)
        better = value < best
        best = torch.where(better, value, best)
        best_place = torch.where(better[:, None], state.place, best_place)
        if step % LOOK == LOOK - 1 or step == steps - 1:
            at = int(best.argmin())
            news, told = float(best[at]) < told, float(best[at])
            if look(best_place[at : at + 1 if news else at].argsort(1).cpu().numpy()):
                return best_place, best, True
    return best_place, best, False


def _children(place: Tensor, value: Tensor, random: Generator) -> Tensor:
    """A child of each member and the better of two others: where they agree it agrees, the rest is mixed at random.

    A child that differs from its parent in two items at most is shaken instead: a third of all items change places.
    """
    import torch

    k, n = place.shape

    def noise(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random, device=place.device)

    one, other = (noise(2, k) * k).long()
    mate = place[torch.where(value[one] < value[other], one, other)]
    child = torch.where(noise(k, n) < 0.5, place, mate)
    # Of two items at a place one stays, at random; the other goes to one of the free places.
    item = (child + noise(k, n)).argsort(1)
    taken = child.gather(1, item)
    lost = torch.zeros_like(child, dtype=torch.bool)
    lost[:, 1:] = taken[:, 1:] == taken[:, :-1]
    homeless = torch.zeros_like(lost).scatter_(1, item, lost)
    free = torch.ones_like(lost).scatter_(1, taken, False)
    who, where = ((noise(k, n) - mask.double()).argsort(1) for mask in (homeless, free))
    child = child.scatter(1, who, torch.where(homeless.gather(1, who), where, child.gather(1, who)))
    cycle = noise(k, n).argsort(1)[:, : max(3, n // 3)]
    shaken = place.scatter(1, cycle, place.gather(1, cycle.roll(1, 1)))
    return torch.where(((child != place).sum(1) <= 2)[:, None], shaken, child)


def _refuse(A: Floats, B: Floats, starts: Ints) -> None:
    n = len(A)
    if A.shape != (n, n) or B.shape != (n, n) or n == 0:
        raise ValueError(f"A is {A.shape} and B is {B.shape}; both must be square, of the same size, and not empty")
    for name, M in (("A", A), ("B", B)):
        if not np.isfinite(M).all():
            raise ValueError(f"{name} has an entry that is no finite number: {M[~np.isfinite(M)][0]}; replace it")
    if starts.ndim != 2 or starts.shape[1] != n or (np.sort(starts, axis=1) != np.arange(n)).any():
        raise ValueError(f"starts, {starts.shape}, must be rows that order each of 0, ..., {n - 1} once")
