"""Sifting: an LP with many more columns than rows, solved over a growing working set of its columns.

The others stay at their lower bound 0; those of negative reduced cost are added, until there are none: then the
multipliers are optimal for the whole LP (Forrest 1989; Bixby et al. 1992).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, vstack

from formulations.problem import Floats, Ints
from solvers.linear.linear_program import Arrays, ExtensibleProgram, LPResult

FIRST_COLUMNS_PER_ROW = 8  # columns per row in the first working set, the cheapest
REDUCED_COST_TOLERANCE = 1e-9  # reduced costs above its negative count as nonnegative


@dataclass
class _Block:
    """Rows added together: the index of the first, and their coefficients in the columns of the initial LP."""

    first: int
    A: csr_array


class Sifting:
    """An LP solver over a working set of the columns; arguments and results refer to all columns.

    _inner  by column its index in the inner LP, -1 outside of the working set; _outer: the columns of the inner LP
    """

    def __init__(self, lp: Arrays, load: Callable[[Arrays], ExtensibleProgram], needed: NDArray[np.bool_]) -> None:
        """Load the needed columns, say those of a feasible point, those that cannot be 0, and each row's cheapest."""
        self._c, self._lower, self._upper = lp.c, lp.lower.copy(), lp.upper.copy()
        self._blocks, self._rows, self._loaded = [_Block(0, lp.A)], lp.A.shape[0], len(lp.c)
        chosen = needed | (lp.lower != 0) | np.isinf(lp.upper) | _cheapest(lp)
        self._inner = np.full(len(lp.c), -1)
        self._inner[chosen] = np.arange(chosen.sum())
        self._outer = [np.flatnonzero(chosen)]
        columns = csr_array(lp.A[:, self._outer[0]])
        sides = (lp.row_lower, lp.row_upper, lp.lower[chosen], lp.upper[chosen])
        self._lp = load(Arrays(lp.c[chosen], columns, *sides))

    def add_rows(self, lower: Floats, upper: Floats, A: csr_array, row_lower: Floats, row_upper: Floats) -> None:
        """Add columns of cost 0 and rows; A is csr (new rows, old and new columns)."""
        new = len(self._inner) + np.arange(len(lower))
        inside = np.concatenate(self._outer)
        entries = csc_array(A)
        part = csr_array(entries[:, np.concatenate([inside, new])])
        self._blocks.append(_Block(self._rows, csr_array(entries[:, : self._loaded])))
        self._rows += len(row_lower)
        self._inner = np.r_[self._inner, len(inside) + np.arange(len(lower))]
        self._outer.append(new)
        self._lower, self._upper = np.r_[self._lower, lower], np.r_[self._upper, upper]
        self._lp.add_rows(lower, upper, part, row_lower, row_upper)

    def replace_row(self, row: int, columns: Ints, coefficients: Floats) -> None:
        """Change some coefficients of one row of the initial LP."""
        block, own = self._blocks[0], columns < self._loaded
        dense = block.A[[row], :].toarray()[0]
        dense[columns[own]] = coefficients[own]
        block.A = vstack([block.A[:row], csr_array(dense[None, :]), block.A[row + 1 :]], format="csr")
        inside = self._inner[columns] >= 0
        self._lp.replace_row(row, self._inner[columns[inside]], coefficients[inside])

    def change_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns."""
        self._lower[columns], self._upper[columns] = lower, upper
        self._add_columns(columns[(self._inner[columns] < 0) & (lower != 0)])
        at = self._inner[columns]
        order = np.argsort(at)[(at < 0).sum() :]
        self._lp.change_bounds(at[order], lower[order], upper[order])

    def solve(self, seconds: float) -> LPResult:
        """Solve from the last basis, within the seconds; raises KeyboardInterrupt soon after Ctrl-C."""
        iterations = 0
        while True:
            result = self._lp.solve(seconds)
            iterations += result.iterations
            if result.y is None:
                return result
            costs = self._c if result.status == "optimal" else np.zeros(self._loaded)
            entering = self._entering(costs, result.y)
            if not len(entering):
                break
            self._add_columns(entering)
        x = None
        if result.x is not None:
            x = np.zeros(len(self._inner))
            x[np.concatenate(self._outer)] = result.x
        return LPResult(result.status, x, result.y, result.reduced, iterations, result.said)

    def _entering(self, costs: Floats, y: Floats) -> Ints:
        """Columns of most negative reduced cost outside the working set, at most twice as many as the initial rows."""
        reduced = costs.copy()
        for block in self._blocks:
            part = y[block.first : block.first + block.A.shape[0]]
            if part.any():
                reduced -= block.A.T @ part
        outside = (self._inner[: self._loaded] < 0) & (self._upper[: self._loaded] > 0)
        found = np.flatnonzero(outside & (reduced < -REDUCED_COST_TOLERANCE))
        most = 2 * self._blocks[0].A.shape[0]
        return found if len(found) <= most else np.sort(found[np.argpartition(reduced[found], most)[:most]])

    def _add_columns(self, columns: Ints) -> None:
        """Add columns to the working set."""
        if not len(columns):
            return
        A = csr_array(vstack([block.A[:, columns] for block in self._blocks]))
        self._lp.add_columns(self._c[columns], self._lower[columns], self._upper[columns], A)
        self._inner[columns] = sum(map(len, self._outer)) + np.arange(len(columns))
        self._outer.append(columns)


def _cheapest(lp: Arrays) -> NDArray[np.bool_]:
    """Which columns are among the FIRST_COLUMNS_PER_ROW cheapest of some row, bool (columns,)."""
    row = np.repeat(np.arange(lp.A.shape[0]), np.diff(lp.A.indptr))
    order = np.lexsort((lp.c[lp.A.indices], row))
    rank = np.arange(len(order)) - lp.A.indptr[row[order]]
    chosen = np.zeros(len(lp.c), dtype=bool)
    chosen[lp.A.indices[order[rank < FIRST_COLUMNS_PER_ROW]]] = True
    return chosen
