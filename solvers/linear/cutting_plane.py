"""Cutting planes: solve the LP relaxation, separate violated rows of the families, add them, until there are none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array

from formulations.problem import Floats, Ints, Rows
from solvers.findings import Ended
from solvers.linear.linear_program import Arrays, LinearProgram, LPResult
from solvers.proof.branching import Leaf
from solvers.proof.certificate import Dual, ExactModel
from solvers.proof.search import Search, offer_repaired

DENSE_ROW_SHARE = 0.5  # share of all columns in a listed row from which it is worth rewriting


@dataclass
class Relaxation:
    """A form's LP relaxation together with the rows of families found so far.

    A batch of nested rows is added with one further column per row, its activity z_i = (A x)_i + sum of the z_j nested
    in it, lower_i <= z_i <= upper_i. A dense listed row that sums up the columns of whole batches is rewritten in those
    activities, as it would couple all columns in every pivot (measured: 30 times slower).
    """

    model: ExactModel
    load: Callable[[Arrays], LinearProgram]
    batches: list[tuple[str, Any, slice]] = field(default_factory=list)  # family, sets, activity columns

    def __post_init__(self) -> None:
        """Load the form without its families, costs scaled by a power of two to at most 1."""
        self.form = f = self.model.form
        largest = np.abs(f.c).max(initial=0)
        self.scale = 2.0 ** np.ceil(np.log2(largest)) if largest > 0 else 1.0
        self.columns = len(f.c)
        self.lp = self.load(Arrays(f.c / self.scale, f.A, f.row_lower, f.row_upper, f.lower, f.upper))

    def solve(self, seconds: float) -> tuple[LPResult, Dual | None]:
        """The LP's result on the form's own columns, and its multipliers, optimal or of infeasibility, as a Dual."""
        result = self.lp.solve(seconds)
        if result.y is None or result.reduced is None:
            return result, None
        # An activity's reduced cost is the multiplier of its row, less those of the rows that contain it.
        n, weights = len(self.form.c), result.reduced * self.scale
        pi = [(name, sets, weights[z.start - n : z.stop - n]) for name, sets, z in self.batches]
        y = result.y[: len(self.form.row_lower)] * self.scale
        x = None if result.x is None else result.x[:n]
        return LPResult(result.status, x, y, weights, result.iterations, result.said), Dual(y, pi)

    def separate(self, x: Floats) -> int:
        """Add the rows of families that x violates; returns how many."""
        values, total, implied = self.form.values(x), 0, set[str]()
        for name, family in self.model.families.items():
            sets = None if name in implied else family.violated(values)
            if sets is not None:
                self._add_batch(name, sets, self.model.rows(name, sets))
                total += len(sets)
                implied |= set(family.implies)
        return total

    def _add_batch(self, name: str, sets: Any, rows: Rows) -> None:
        """Add the rows of those sets with a column of activity for each."""
        k, start = len(rows.lower), self.form.columns[rows.variable][0].start
        z = self.columns + np.arange(k)
        own, nested = rows.matrix.tocoo(), np.flatnonzero(rows.parent >= 0)
        entries = np.r_[own.data, np.ones(len(nested)), -np.ones(k)]
        i = np.r_[own.coords[0], rows.parent[nested], np.arange(k)]
        j = np.r_[own.coords[1] + start, z[nested], z]
        A = csr_array(coo_array((entries, (i, j)), shape=(k, self.columns + k)))
        self.lp.add_rows(rows.lower, rows.upper, A, np.zeros(k), np.zeros(k))
        if not self.batches:
            self._rewrite_listed_rows(rows, start, z)
        self.batches.append((name, sets, slice(self.columns, self.columns + k)))
        self.columns += k

    def _rewrite_listed_rows(self, rows: Rows, start: int, z: Ints) -> None:
        """In dense listed rows, replace the columns of each outermost row of the batch by its activity."""
        if not (rows.matrix.data == 1).all() or np.bincount(rows.matrix.indices, minlength=1).max() > 1:
            return  # not plain sums of disjoint columns
        outermost = np.arange(len(z))
        for j in range(len(z) - 1, -1, -1):
            if rows.parent[j] >= 0:
                outermost[j] = outermost[rows.parent[j]]
        row, column = rows.matrix.tocoo().coords
        group, column = outermost[row], column + start
        top = np.unique(group)
        for i in np.flatnonzero(np.diff(self.form.A.indptr) > DENSE_ROW_SHARE * len(self.form.c)):
            dense = self.form.A[[i], :].toarray()[0]
            lowest, highest = np.full(len(z), np.inf), np.full(len(z), -np.inf)
            np.minimum.at(lowest, group, dense[column])
            np.maximum.at(highest, group, dense[column])
            if (lowest[top] == highest[top]).all():
                self.lp.replace_row(int(i), np.r_[column, z[top]], np.r_[np.zeros(len(column)), lowest[top]])


def cut(search: Search, relaxation: Relaxation) -> tuple[Ended, Floats | None, Dual | None, float]:
    """The cutting-plane loop within the current bounds: status, the LP's x and multipliers, and its bound.

    The bound is the LP solver's, in floating point: it prunes, and is certified afterwards.
    """
    form = search.model.form
    dual, bound = None, -math.inf
    while True:
        result, found = relaxation.solve(search.clock.left)
        search.iterations += result.iterations
        search.said = result.said or search.said
        if result.status != "optimal" or result.x is None:
            return result.status, None, found or dual, bound
        search.rounds += 1
        dual, bound = found, float((form.c * result.x).sum())  # not @: BLAS would start threads
        if not search.boxes:
            search.bound = bound
            search.proof = None if dual is None else Leaf(dual)
        offer_repaired(search, result.x)
        done = search.closed(bound)
        added = 0 if done or search.clock.left <= 0 else relaxation.separate(result.x)
        search.cuts += added
        if not search.boxes:
            search.note()
        if not done and search.clock.left <= 0:
            return "limit", None, dual, bound
        if not added:
            return "optimal", result.x, dual, bound
