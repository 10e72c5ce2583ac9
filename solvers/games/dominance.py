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

SAMPLE = 24  # entries by which nearly all pairs of choices are told apart
COMPARISONS = 30_000_000  # of payoffs at most: what dominance could still find would cost more than it saves


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
    (('column', 0, 1), ('row', 1, 0), ('column', 1, 0))
    """
    left, dropped, budget = [np.arange(k) for k in A.shape], [], COMPARISONS
    payoffs, settled = (A, -A.T), [False, False]  # each as its own player sees it
    side = 1
    while not all(settled) and budget > 0:
        own, other = left[side], left[1 - side]
        B = payoffs[side][np.ix_(own, other)]
        by, spent = _dominators(B, budget)
        budget -= spent + B.size
        gone = np.flatnonzero(by >= 0)
        dropped += [(("row", "column")[side], int(own[i]), int(own[by[i]])) for i in gone.tolist()]
        left[side] = own[by < 0]
        settled[side] = True
        if len(gone):
            settled[1 - side] = False
        side = 1 - side
    return Undominated(left[0], left[1], tuple(dropped))


def _dominators(B: Floats, budget: int) -> tuple[Ints, int]:
    """For each row one that is left and dominates it, or -1, int64 (m,); and how many payoffs were compared.

    Pairs are told apart by a sample of the columns first: in a game without dominance few are left after it.
    """
    m, n = B.shape
    by = np.full(m, -1)
    if m < 2:
        return by, 0
    sample = np.ascontiguousarray(B[:, np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64)].T)
    spent = 0
    for i in np.argsort(B.sum(axis=1), kind="stable").tolist():  # those that are dominated come before what dominates
        if spent > budget:
            break
        candidates = np.flatnonzero((by < 0) & (sample[0] >= sample[0, i]))
        for entries in sample[1:]:
            if len(candidates) < 2:
                break
            spent += len(candidates)
            candidates = candidates[entries[candidates] >= entries[i]]
        candidates = candidates[candidates != i]
        spent += len(candidates) * n
        for k in candidates.tolist():
            if (B[k] >= B[i]).all() and not (k > i and (B[k] == B[i]).all()):
                by[i] = k
                break
    return by, spent


def padded(strategy: Floats, places: Ints, size: int) -> Floats:
    """The strategy of what is left as one of the whole game: 0 elsewhere.

    >>> padded(np.array([0.5, 0.5]), np.array([0, 2]), 3).tolist()
    [0.5, 0.0, 0.5]
    """
    whole = np.zeros(size)
    whole[places] = strategy
    return whole
