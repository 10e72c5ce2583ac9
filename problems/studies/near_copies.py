"""Which pairs of a cohort are near-copies: those too similar for strangers.

Most pairs of a cohort are strangers, whose similarity s is a share of what two have in common. The angular transform
x = arcsin(sqrt(s)) makes shares about normal, of a spread that does not depend on the share (Anscombe 1948). Median and
median absolute deviation of all pairs tell the strangers' centre and spread, whatever the copies are (Huber 1964). Of N
pairs of strangers, FALSE_PAIRS are then expected above

    threshold = sin^2(centre + z spread),  z the upper FALSE_PAIRS / N point of the standard normal distribution

Where copies are surely few, they do not widen the spread, and two more things count: the way up to the upper quartile
may be longer than the deviation, as where an exercise has few usual solutions; and a spread that n items tell is itself
uncertain, so that z is a point of Student's distribution with n - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import stdtrit

from formulations.problem import Floats, Ints

FALSE_PAIRS = 0.01  # expected in a cohort where nobody copied
FLOOR = 0.3  # nobody is accused of less, however little strangers share
CEILING = 0.9  # nobody escapes with more, however much strangers share
FEWEST = 10  # pairs, of 5 items: fewer tell nothing about strangers
UNKNOWN = 0.5  # the threshold then
SURELY_FEW = 300  # pairs, of 25 items: of fewer, a quarter may well be copies
LEAST_SPREAD = 0.05  # that of a share counted among a hundred: all pairs being equal does not make it 0
MANY = 0.5  # share of the items in pairs above the threshold: rather something that all were given


@dataclass(frozen=True)
class Threshold:
    """The similarity above which pairs are near-copies, and where it comes from, in a phrase."""

    value: float
    why: str


def estimated(similarity: Floats, comparable: NDArray[np.bool_]) -> Threshold:
    """The threshold of a cohort: similarity float64 (n, n) in [0, 1]; comparable bool (n, n), as by language.

    >>> strangers = np.full((20, 20), 0.3)
    >>> round(estimated(strangers, strangers > 0).value, 2)
    0.49
    """
    pairs = similarity[np.triu(comparable, 1)]
    if len(pairs) < FEWEST:
        return Threshold(UNKNOWN, "too few pairs to tell what strangers share")
    x = np.arcsin(np.sqrt(np.clip(pairs, 0, 1)))
    centre = float(np.median(x))
    deviation, freedom = float(np.median(np.abs(x - centre))), math.inf
    if len(pairs) >= SURELY_FEW:
        deviation, freedom = max(deviation, float(np.quantile(x, 0.75)) - centre), len(similarity) - 1
    spread = max(1.4826 * deviation, LEAST_SPREAD)
    z = float(stdtrit(freedom, 1 - FALSE_PAIRS / len(pairs)))
    value = math.sin(min(centre + z * spread, math.pi / 2)) ** 2
    if value < FLOOR:
        return Threshold(FLOOR, f"the least; strangers would rarely reach {value:.2g}")
    if value > CEILING:
        return Threshold(CEILING, "the most; strangers are so similar that some may reach it")
    return Threshold(value, f"of {len(pairs):,} pairs of strangers, {FALSE_PAIRS:g} are expected above it")


def near_pairs(similarity: Floats, threshold: float) -> list[tuple[int, int]]:
    """The pairs of items above the threshold, the most similar first; of equals, the first items first.

    >>> near_pairs(np.array([[1, 0.5, 0.2], [0.5, 1, 0.9], [0.2, 0.9, 1]]), 0.3)
    [(1, 2), (0, 1)]
    """
    first, second = np.nonzero(np.triu(similarity > threshold, 1))
    ranked = np.argsort(-similarity[first, second], kind="stable")
    return list(zip(first[ranked].tolist(), second[ranked].tolist(), strict=True))


def groups(pairs: Sequence[tuple[int, int]], order: Ints) -> list[list[int]]:
    """The connected components of the pairs, their items and they themselves as in the order, int64 (n,).

    >>> groups([(0, 2), (2, 3)], np.array([3, 1, 0, 2]))
    [[3, 0, 2]]
    """
    n = len(order)
    u, v = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    _, part = connected_components(csr_array((np.ones(len(u)), (u, v)), shape=(n, n)), directed=False)
    found: dict[int, list[int]] = {}
    for item in order.tolist():
        found.setdefault(int(part[item]), []).append(item)
    return [items for items in found.values() if len(items) > 1]
