"""All orders of few items, a block at a time: the best of them all is its own proof.

n items have n! orders; where an order is worth as much as its reverse, half of them do.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import permutations
from typing import Protocol

import numpy as np

from formulations.problem import Floats, Ints

ITEMS_OF_A_BLOCK = 7  # last places that a block permutes: 5,040 orders, which a cache holds


class _Objective(Protocol):
    @property
    def n(self) -> int: ...

    @property
    def directed(self) -> bool: ...

    def values(self, orders: Ints) -> Floats: ...


def best_of_all(form: _Objective, sign: int = 1) -> tuple[Ints, float]:
    """An order of least sign * value, int64 (n,), and its value.

    >>> from formulations.problem import QuadraticAssignment, place_distances
    >>> order, value = best_of_all(QuadraticAssignment(np.eye(3)[[1, 0, 2]], place_distances(3)))
    >>> order.tolist(), value  # items 0 and 1 side by side
    ([0, 1, 2], 2.0)
    """
    best, least = np.arange(form.n), np.inf
    for orders in all_orders(form.n, form.directed):
        costs = sign * form.values(orders)
        if costs.min() < least:
            best, least = orders[costs.argmin()], costs.min()
    return best, sign * float(least)


def all_orders(n: int, directed: bool) -> Iterator[Ints]:
    """Every order of n items, int64 (k, n) at a time; unless directed, only those with item 0 before item 1.

    >>> [block.tolist() for block in all_orders(3, directed=False)]
    [[[0, 1, 2], [0, 2, 1], [2, 0, 1]]]
    """
    last = min(n, ITEMS_OF_A_BLOCK)
    for first in permutations(range(n), n - last):
        rest = np.setdiff1d(np.arange(n), first)
        permuted = _permutations(last)
        if not directed and n > 1 and 0 not in first:
            if 1 in first:
                continue
            place = permuted.argsort(axis=1)  # the first two of the rest are items 0 and 1
            permuted = permuted[place[:, 0] < place[:, 1]]
        yield np.concatenate([np.broadcast_to(first, (len(permuted), n - last)), rest[permuted]], axis=1).astype(
            np.int64
        )


@cache
def _permutations(n: int) -> Ints:
    """All permutations of 0, ..., n - 1, int64 (n!, n)."""
    return np.array(list(permutations(range(n))), dtype=np.int64).reshape(-1, n)
