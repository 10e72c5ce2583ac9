"""Sets around the point with weights, as heavy as no row can be in more than 1: a linear program by columns.

    maximize    sum of w_S
    subject to  sum of w_S over the sets with row i  <=  1    for every open row i
                w >= 0

over all sets of rows whose hull has the point. The multipliers d_i of the rows price a set, which is of use if they sum
to less than 1 over its open rows. To find the best of these is NP-hard; rows of small price are tried first, and those
of small weight in the hull are made dearer (as Candes, Wakin and Boyd, Enhancing sparsity by reweighted l1
minimization, 2008). The sets are kept for all cases of a tree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.halfspaces import RowsInHalfspace, Simplex
from formulations.problem import Bools, Floats, Ints
from solvers.clock import Clock
from solvers.linear.highs import Highs
from solvers.linear.linear_program import Arrays

DRAWS, REWEIGHTINGS = 12, 3  # sets that are sought at once, and how often each is made cheaper
SPREAD, LEAST_COST, LEAST_WEIGHT = 0.6, 1e-3, 0.02  # of prices at random; what a row without price, or weight, has
NEAR = 1e-10  # a length that counts as 0, of a mean of unit vectors
MOST_ROUNDS = 1_000  # of the search for a nearest point
WORTH = 1e-6  # by which prices of a set are to be below 1
UNIT = 1 << 30  # to which weights are rounded down, as parts of 1
STALLED, GAIN = 8, 0.01  # rounds that together gain less than that share are the last
NEARLY, AT_ONCE = 1.05, 200  # prices of sets that a program begins with, and how many it is given at once


@dataclass
class Packings:
    """The sets that are known, each as its rows and as a row of a matrix of zeros and ones."""

    form: RowsInHalfspace
    rng: np.random.Generator
    sets: list[Simplex] = field(default_factory=list)
    known: set[Simplex] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin without sets."""
        self._has: Bools = np.zeros((64, len(self.form.rows)), dtype=bool)

    def add(self, S: Simplex) -> bool:
        """Keep a set; whether it is new, and proven to be around the point."""
        S = tuple(sorted(set(S)))
        if not S or S in self.known or not self.form.contain([S])[0]:
            return False
        if len(self.sets) == len(self._has):
            self._has = np.vstack([self._has, np.zeros_like(self._has)])
        self._has[len(self.sets), list(S)] = True
        self.known.add(S)
        self.sets.append(S)
        return True

    def packed(
        self, inside: Bools, outside: Bools, prices: Floats, enough: float, clock: Clock
    ) -> tuple[list[Simplex], list[int], Floats]:
        """Sets with whole weights, whose sum is enough if that is found to be possible, and the prices of rows.

        A set alone if it has no open row: then there is no such case.

        prices  of a case like this, by which sets are chosen to begin with
        """
        open_rows, allowed = self._open(inside, outside)
        none = np.flatnonzero(allowed & ~open_rows.any(axis=1))
        if len(none):
            return [self.sets[none[0]]], [1], prices
        program, values, w = _Program(len(inside)), list[float](), np.zeros(0)
        cheaper = np.flatnonzero(allowed & (open_rows @ prices < NEARLY))
        while True:
            program.add(cheaper, open_rows[cheaper])
            solved = program.solve(clock)
            if solved is None:
                w = np.r_[w, np.zeros(len(cheaper))]
                break
            w, prices = solved
            total = float(w.sum())
            if total > enough - 1 + WORTH:
                break
            cheaper = self._cheap(open_rows, allowed, prices)
            if not len(cheaper):
                values.append(total)
                stalled = len(values) > STALLED and total < (1 + GAIN) * values[-1 - STALLED]
                if stalled or not self._priced(inside, outside, prices, clock):
                    break
                open_rows, allowed = self._open(inside, outside)
                cheaper = self._cheap(open_rows, allowed, prices)
        whole = np.floor(w * UNIT).astype(np.int64)
        used = np.flatnonzero(whole)
        return [self.sets[k] for k in program.sets[used].tolist()], whole[used].tolist(), prices

    def _open(self, inside: Bools, outside: Bools) -> tuple[Bools, Bools]:
        """The open rows of all sets, and which of the sets have no row that is inside."""
        has = self._has[: len(self.sets)]
        return has & ~outside, np.asarray(~has[:, inside].any(axis=1))

    def _cheap(self, open_rows: Bools, allowed: Bools, prices: Floats) -> Ints:
        """The cheapest sets whose prices sum to less than 1."""
        sums = open_rows @ prices
        cheap = np.flatnonzero(allowed & (sums < 1 - WORTH))
        return cheap[np.argsort(sums[cheap], kind="stable")[:AT_ONCE]]

    def _priced(self, inside: Bools, outside: Bools, prices: Floats, clock: Clock) -> int:
        """Add sets whose open rows' prices sum to less than 1, while there is time; how many."""
        among = np.flatnonzero(~inside)
        own = np.where(outside, 0.0, prices)[among]
        added = 0
        for k in range(DRAWS):
            if clock.left <= 0:
                break
            cost = (own + LEAST_COST) * np.exp(SPREAD * k / DRAWS * self.rng.standard_normal(len(own)))
            best, S = 1 - WORTH, None
            for _ in range(REWEIGHTINGS):
                _, weights = _combined(self.form.Z[among], cost)
                price = math.inf if weights is None else float(own[weights > 0].sum())
                if weights is None or price >= best:
                    break
                best, S = price, among[weights > 0]
                cost = (own + LEAST_COST) / (weights / weights.sum() + LEAST_WEIGHT)
            added += S is not None and self.add(tuple(S.tolist()))
        return added


class _Program:
    """The linear program of some sets, which more are added to."""

    def __init__(self, n: int) -> None:
        """Of n rows, and without sets."""
        none = np.zeros(0)
        self.sets = np.zeros(0, dtype=np.intp)
        self._lp = Highs(
            Arrays(none, csr_array((n, 0)), np.full(n, -np.inf), np.ones(n), none, none),
            options={"simplex_strategy": 4},
        )

    def add(self, sets: Ints, open_rows: Bools) -> None:
        """Sets by number and by their open rows."""
        k = len(sets)
        self.sets = np.r_[self.sets, sets]
        self._lp.add_columns(-np.ones(k), np.zeros(k), np.full(k, np.inf), csr_array(open_rows.T.astype(np.float64)))

    def solve(self, clock: Clock) -> tuple[Floats, Floats] | None:
        """The weights of the sets, and the prices of rows; None if there is no time."""
        found = self._lp.solve(clock.left)
        if found.x is None or found.y is None:
            return None
        return np.maximum(found.x, 0.0), np.maximum(-found.y, 0.0)


def nearest(Z: Floats, among: Ints) -> tuple[Floats | None, Simplex | None]:
    """A direction u with u'z < 0 for all those rows, or a set of them whose hull has the 0; neither if it is too near.

    A hull's point nearest to 0 is either a direction or the 0 itself, in the hull of a few of them.
    """
    if not len(among):
        return np.eye(Z.shape[1])[0], None
    left, weights = _combined(Z[among])
    S = None if weights is None else tuple(among[weights > 0].tolist())
    return None if left is None else -left, S


def _combined(Z: Floats, cost: Floats | float = 1.0) -> tuple[Floats | None, Floats | None]:
    """What is left of 0, (p,), by the hull of the vectors, and no weights; or nothing and weights of p + 1 at most.

    With (r, t) what is left of (0, 1) by the multiples w >= 0 of the vectors (z, 1) that come nearest to it, all
    r'z + t <= 0, and t, the square of its length, is above 0 unless nothing is left: then w are the weights of a hull.
    Vectors of little cost are longer, and are taken first (Lawson and Hanson, Solving least squares problems, 1974).
    """
    from scipy.optimize import nnls

    A = np.vstack([Z.T, np.ones(len(Z))])
    try:
        w, left = nnls(A / cost, np.eye(len(A))[-1], maxiter=MOST_ROUNDS * len(A))
    except RuntimeError:
        return None, None
    w /= cost
    return (None, np.where(w > NEAR, w, 0.0)) if left <= NEAR else (A[:-1] @ w, None)
