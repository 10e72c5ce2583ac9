"""The greedy rule of hierarchical clustering, replayed: is each merge of two clusters that are nearest to each other?

After A and B are merged, the distance of any other cluster C follows from those to A and to B (Lance and Williams, A
general theory of classificatory sorting strategies, 1967), sizes being a, b and c:

    single      min of d(A, C), d(B, C)
    complete    max of d(A, C), d(B, C)
    average     (a d(A, C) + b d(B, C)) / (a + b)
    centroid    (a d(A, C) + b d(B, C) - a b d(A, B) / (a + b)) / (a + b)                   of squared distances
    ward        ((a + c) d(A, C) + (b + c) d(B, C) - c d(A, B)) / (a + b + c)               of squared distances
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from formulations.problem import Floats

Rule = Literal["single", "complete", "average", "centroid", "ward"]
SQUARED = ("centroid", "ward")
ROUNDING = 1e-9  # of the largest distance: what heights and distances may differ by
SAME = 1e-11  # of a distance: another one within that is equal


@dataclass(frozen=True, eq=False)
class Replay:
    """What came of it.

    off   by how much a height is not the distance of the clusters that are merged, at most
    nearer  the first merge of two clusters one of which has a nearer one, -1 if there is none
    ties  how many merges had another cluster just as near, so that the rule leaves the choice open
    """

    off: float
    nearer: int
    ties: int


def replay(d: Floats, merges: Floats, rule: Rule) -> Replay:
    """Merge by merge, in O(n^2) in all; d float64 (n, n), symmetric.

    >>> d = np.array([[0.0, 4, 1], [4, 0, 4], [1, 4, 0]])
    >>> replay(d, np.array([[0, 2, 1.0, 2], [1, 3, 4.0, 3]]), "complete")
    Replay(off=0.0, nearer=-1, ties=0)
    >>> replay(d, np.array([[0, 1, 4.0, 2], [2, 3, 4.0, 3]]), "complete").nearer
    0
    """
    n, squared = len(d), rule in SQUARED
    M = d**2 if squared else d.copy()
    np.fill_diagonal(M, np.inf)
    largest = float(d.max(initial=0.0))
    slack = ROUNDING * (largest**2 if squared else largest)
    place, size = list(range(n)), np.ones(n)  # the row of M that each cluster has
    off, nearer, ties = 0.0, -1, 0
    for i, (first, second, height) in enumerate(np.asarray(merges)[:, :3].tolist()):
        p, q = place[int(first)], place[int(second)]
        between = float(M[p, q])
        off = max(off, abs((max(between, 0.0) ** 0.5 if squared else between) - height))
        M[p, q] = M[q, p] = np.inf
        other = float(min(M[p].min(), M[q].min()))
        if nearer < 0 and other < between - slack:
            nearer = i
        ties += abs(other - between) <= SAME * abs(between)
        joined = _joined(M[p], M[q], between, float(size[p]), float(size[q]), size, rule)
        joined[p] = np.inf
        M[p], M[:, p] = joined, joined
        M[q], M[:, q] = np.inf, np.inf
        size[p] += size[q]
        place.append(p)
    return Replay(off, nearer, int(ties))


def _joined(x: Floats, y: Floats, between: float, a: float, b: float, c: Floats, rule: Rule) -> Floats:
    """The distances of A and B, merged, to all others, infinite ones to what is no cluster any more."""
    match rule:
        case "single":
            return np.asarray(np.minimum(x, y))
        case "complete":
            return np.asarray(np.maximum(x, y))
        case "average":
            return np.asarray((a * x + b * y) / (a + b))
        case "centroid":
            return np.asarray((a * x + b * y - a * b / (a + b) * between) / (a + b))
        case "ward":
            return np.asarray(((a + c) * x + (b + c) * y - c * between) / (a + b + c))
