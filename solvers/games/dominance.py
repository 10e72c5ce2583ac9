"""Iterated elimination of dominated choices: what no player needs, and which choice makes up for it.

Row i is dominated by row k if A_ij <= A_kj for all columns j that are left; column j by column l if A_ij >= A_il for
all rows that are left. Whoever plays a dominated choice may play the other instead, so a saddle point of what is left
is one of the whole game, as value and bound, taken over the whole game, confirm (Luce & Raiffa, Games and decisions,
1957, ch. 4.11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formulations.problem import Floats, Ints

SAMPLED_ENTRIES = 24  # entries by which nearly all pairs of choices are told apart
MOST_COMPARISONS = 30_000_000  # of payoffs at most: what dominance could still find would cost more than it saves


@dataclass(frozen=True)
class Undominated:
    """rows, columns int64: what is left; dropped: ("row" or "column", which, by which) in order of elimination."""

    rows: Ints
    columns: Ints
    dropped: tuple[tuple[str, int, int], ...]


def undominated(A: Floats) -> Undominated:
    """What is left of the payoff A, float64 (m, n), when dominated rows and columns are dropped until there are none.

    Of equal choices the first is kept. Large games are searched as far as that is quick.

    >>> undominated(np.array([[3.0, 1.0, 4.0], [2.0, 0.0, 9.0]])).dropped
    (('column', 2, 0), ('column', 0, 1), ('row', 1, 0))
    """
    left, budget, side = [np.arange(k) for k in A.shape], MOST_COMPARISONS, 1
    dropped: list[tuple[str, int, int]] = []
    payoffs, searched = (A, -A.T), [False, False]  # each as its own player sees it
    while not all(searched) and budget > 0:
        own, other = left[side], left[1 - side]
        pairs, spent = _dominated(payoffs[side][np.ix_(own, other)], budget)
        budget -= spent + len(own) * len(other)
        dropped += [(("row", "column")[side], int(own[i]), int(own[k])) for i, k in pairs]
        left[side] = np.delete(own, [i for i, _ in pairs])
        searched[side], searched[1 - side] = True, searched[1 - side] and not pairs
        side = 1 - side
    return Undominated(left[0], left[1], tuple(dropped))


def _dominated(B: Floats, budget: int) -> tuple[list[tuple[int, int]], int]:
    """The rows that others dominate, each with one that does, in order; and how many payoffs were compared.

    Pairs are told apart by a sample of the columns first: in a game without dominance few are left after it.
    """
    (m, n), spent = B.shape, 0
    sample = np.ascontiguousarray(B[:, np.linspace(0, n - 1, min(n, SAMPLED_ENTRIES)).astype(np.int64)].T)
    left, pairs = np.ones(m, dtype=bool), []
    for i in np.argsort(B.sum(axis=1), kind="stable").tolist():  # those that are dominated come before what dominates
        candidates = np.flatnonzero(left & (sample[0] >= sample[0, i]))
        for entries in sample[1:]:
            if len(candidates) < 2:
                break
            spent += len(candidates)
            candidates = candidates[entries[candidates] >= entries[i]]
        spent += (len(candidates) - 1) * n
        for k in candidates[candidates != i].tolist():
            if (B[k] >= B[i]).all() and (k < i or (B[k] > B[i]).any()):
                pairs.append((i, k))
                left[i] = False
                break
        if spent > budget:
            break
    return pairs, spent


def padded(strategy: Floats, places: Ints, size: int) -> Floats:
    """The strategy of what is left as one of the whole game: 0 elsewhere.

    >>> padded(np.array([0.5, 0.5]), np.array([0, 2]), 3).tolist()
    [0.5, 0.0, 0.5]
    """
    whole = np.zeros(size)
    whole[places] = strategy
    return whole
