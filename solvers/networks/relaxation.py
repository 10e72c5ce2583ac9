"""The linear program of a cell: the least margin over the convex hulls of all units' graphs, and its multipliers.

    minimize    c + g'a_K
    over        x in the box, z with l <= z <= u, a
    subject to  z_k = W_k a_(k-1) + b_k                     multipliers nu_k
                a = z of active units, a = 0 of inactive ones
                a >= 0, a >= z, (u - l) a <= u (z - l)      of all others

(Ehlers, Formal verification of piece-wise linear feed-forward neural networks, ATVA 2017.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.relu_bounds import Cells
from formulations.problem import Floats, Ints
from solvers.clock import Clock
from solvers.linear.highs import Highs
from solvers.linear.linear_program import Arrays


@dataclass(frozen=True)
class Relaxed:
    """What came of it.

    nu   multipliers, (hidden units,), of the least margin, or of a proof that there is nothing in the cell
    x    where it is least, (d,), and by how much a is more than ReLU(z) there, (hidden units,); None if nowhere
    """

    nu: Floats
    x: Floats | None = None
    off: Floats | None = None


def relaxed(cell: Cells, g: Floats, clock: Clock) -> Relaxed | None:
    """The program of a single cell, for g, (units of the last layer,); None where it was not solved in time."""
    lower, upper = (np.concatenate([layer[0] for layer in layers]) for layers in (cell.lower, cell.upper))
    d, units = cell.network.inputs, len(lower)
    z, open_units = d + np.arange(units), np.flatnonzero((lower < 0) & (upper > 0))
    a = np.where(lower >= 0, z, -1)  # the column that holds a; -1 where a = 0
    a[open_units] = d + units + np.arange(len(open_units))
    n, rows = d + units + len(open_units), np.arange(len(open_units))
    low, high = lower[open_units], upper[open_units]
    not_below, not_above = np.zeros((2, len(rows), n))
    not_below[rows, a[open_units]], not_below[rows, z[open_units]] = 1.0, -1.0
    not_above[rows, a[open_units]], not_above[rows, z[open_units]] = 1.0, -high / (high - low)
    cost, last = np.zeros(n), a[-len(g) :]
    cost[last[last >= 0]] = g[last >= 0]
    b, endless = np.concatenate([bias for _, bias in cell.network.layers]), np.full(len(rows), np.inf)
    lp = Arrays(
        cost,
        csr_array(np.concatenate([_layers(cell, a, z, n), not_below, not_above])),
        np.r_[b, 0 * low, -endless],
        np.r_[b, endless, -low * high / (high - low)],
        np.r_[cell.low[0], lower, 0 * low],
        np.r_[cell.high[0], upper, high],
    )
    found = Highs(lp).solve(clock.left)
    if found.y is None:
        return None
    if found.x is None:
        return Relaxed(found.y[:units])
    off = np.where(a < 0, 0.0, found.x[a]) - np.maximum(found.x[z], 0)
    return Relaxed(found.y[:units], found.x[:d], off)


def _layers(cell: Cells, a: Ints, z: Ints, n: int) -> Floats:
    """The rows z_k - W_k a_(k-1), (hidden units, n)."""
    found, inputs, first = np.zeros((len(z), n)), np.arange(cell.network.inputs), 0
    for W, b in cell.network.layers:
        rows = np.arange(first, first + len(b))
        found[np.ix_(rows, inputs[inputs >= 0])] = -W[:, inputs >= 0]
        found[rows, z[rows]] = 1.0
        inputs, first = a[rows], first + len(b)
    return found
