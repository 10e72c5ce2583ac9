"""Prices of many items from those of cells: items near each other, taken as one at their mean.

What the prices of cells prove holds for the cells alone, as items of a cell need not be together. But as a function of
place they are nearly the best prices of items: what a cell pays beyond its distance from the nearest center is what
each of its items pays. Such prices prove what formulations.arithmetic.prices says.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.prices import Prices
from formulations.problem import Floats, Ints
from solvers.partitions.columns import few_boxes, priced
from solvers.partitions.lloyd import centers_of, descended, squares, value_of

MET = 1e-4  # gap up to which the cells' problem is solved


def prices_by_cells(form: SumOfSquares, centers: Floats, cells: int, left: Callable[[], float]) -> Prices | None:
    """Prices of items from those of so many cells, by the nearest of good centers (k, d); None if there are none."""
    coarse = in_cells(form, cells)
    label = descended(coarse, centers)
    if label is None:
        return None
    found = None
    for state in priced(coarse, label, None, (1 - MET) * value_of(coarse, label), left):
        found = state.leaf
    if found is None:
        return None
    centers = centers_of(coarse, label)
    beyond = found.a - squares(coarse.means, centers).min(axis=1)
    cell = np.empty(len(form.weights), dtype=np.int64)
    cell[form.item] = coarse.item
    return Prices(squares(form.means, centers).min(axis=1) + beyond[cell])


def few_dimensions(form: SumOfSquares, centers: Floats, cells: int) -> bool:
    """Whether prices of the cells are worth a try: boxes of centers are few."""
    coarse = in_cells(form, cells)
    label = descended(coarse, centers)
    return label is not None and few_boxes(coarse, label)


def in_cells(form: SumOfSquares, count: int) -> SumOfSquares:
    """The same with the items of each cell together, and none apart; a cell is halved where it is widest, at its mean.

    >>> in_cells(SumOfSquares(np.array([[-5.0], [-4], [4], [5]]), 2, np.arange(4)), 2).item.tolist()
    [0, 0, 1, 1]
    """
    x, w = form.means, form.weights

    def entry(items: Ints) -> tuple[float, int, Ints, Floats]:
        off = x[items] - np.average(x[items], axis=0, weights=w[items])
        spread = w[items] @ off**2
        return -float(spread.max()), int(items[0]), items, off[:, spread.argmax()]

    queue = [entry(np.arange(len(w)))]
    while len(queue) < count and queue[0][0] < 0:
        _, _, items, off = heapq.heappop(queue)
        for half in (items[off < 0], items[off >= 0]):
            heapq.heappush(queue, entry(half))
    cell = np.empty(len(w), dtype=np.int64)
    for number, (_, _, items, _) in enumerate(sorted(queue, key=lambda found: found[1])):
        cell[items] = number
    return replace(form, item=cell[form.item], apart=form.apart[:0])
