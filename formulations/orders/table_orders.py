"""Orders of the rows and of the columns of a table by one direction in which it varies most: adjacent problems.

Principal component of X, its columns centred: the unit vectors u, v with

    maximize  u'Xv    subject to  |u| = |v| = 1

give rows and columns their scores u and v. Where all rows lie on a line (X_ik = a_k + t_i b_k) the rows come in the
order of t.

Correspondence analysis of N >= 0 (Benzecri 1973; reciprocal averaging, Hill 1974): with the shares r of the rows and c
of the columns, the scores x and y of rows and columns that are correlated most over the table,

    maximize  sum of N_ij x_i y_j / sum of N    subject to  both have mean 0 and variance 1, under r and under c,

are u_i / sqrt(r_i) and v_j / sqrt(c_j), u and v the leading singular vectors of (N_ij - r_i c_j) / sqrt(r_i c_j) once N
is divided by its sum. Where the rows replace each other one after the other, N being totally positive of order 2
(N_ij N_kl >= N_il N_kj for i < k, j < l, as where blocks of columns that are present move on with the rows), both
come in their order (Schriever 1983). Consecutive ones alone, in columns of any length, are not enough for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from formulations.orders.table_distances import shares
from formulations.problem import Floats, Heuristic, Ints

FLOPS = 2e-9  # seconds on a slow day, by n m min(n, m)


def table_heuristics(table: Floats, *, columns: bool = False, as_shares: bool = False) -> Sequence[Heuristic]:
    """The orders of the rows, or the columns, of a table, float64 (n, m), each by its name and the seconds it takes.

    as_shares  whether the component is that of the rows as shares of their sums

    >>> [heuristic.name for heuristic in table_heuristics(np.array([[1.0, 0], [2, 3]]))]
    ['order of the first principal component', 'order of correspondence analysis']
    """
    seconds, side = FLOPS * table.size * min(table.shape), int(columns)

    def component() -> list[Ints]:
        X = shares(table) if as_shares else table
        return [np.argsort(component_scores(X)[side], kind="stable")]

    def correspondence() -> list[Ints]:
        return [np.argsort(correspondence_scores(table)[side], kind="stable")]

    found = [Heuristic("order of the first principal component", cache(component), seconds)]
    if table.min(initial=0) >= 0 and table.any():
        found.append(Heuristic("order of correspondence analysis", cache(correspondence), seconds))
    return found


def component_scores(table: Floats) -> tuple[Floats, Floats]:
    """The scores of rows, float64 (n,), and columns, float64 (m,), on the first principal component.

    >>> rows, columns = component_scores(np.array([[0.0, 0], [2, 1], [1, 0.5]]))
    >>> np.argsort(np.abs(rows - rows[0])).tolist()  # as far along the line
    [0, 2, 1]
    """
    u, v = _leading(table - table.mean(axis=0))
    return u, v


def correspondence_scores(table: Floats) -> tuple[Floats, Floats]:
    """The scores of rows, float64 (n,), and columns, float64 (m,), on the first axis; 0 where all entries are 0.

    The table is not negative and not all 0.

    >>> moving_on = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]])
    >>> rows, columns = correspondence_scores(moving_on)
    >>> np.argsort(np.abs(rows - rows[0])).tolist(), np.argsort(np.abs(columns - columns[0])).tolist()
    ([0, 2, 1], [0, 1, 2, 3])
    """
    N = table / table.max()  # so that no sum overflows
    N /= N.sum()
    r, c = N.sum(axis=1), N.sum(axis=0)
    root_r, root_c = (np.sqrt(np.where(mass > 0, mass, np.inf)) for mass in (r, c))
    u, v = _leading((N - np.outer(r, c)) / np.outer(root_r, root_c))
    return u / root_r, v / root_c


def _leading(matrix: Floats) -> tuple[Floats, Floats]:
    """The leading singular vectors."""
    u, _, v = np.linalg.svd(matrix, full_matrices=False)
    return u[:, 0], v[0]
