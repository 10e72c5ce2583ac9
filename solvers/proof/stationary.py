"""Multipliers with A_j'y + g_j = 0 exactly for the columns j whose variables have no known range.

Zero rows, and cones in whose dual's interior y lies, leave room: y is changed there alone, by as little as it takes.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, vstack

from formulations.problem import Bools, Floats, Ints
from solvers.proof.cones import Cones
from solvers.proof.conic_form import ConicForm
from solvers.proof.exact_zeros import ROUNDING, exactly, independent
from solvers.proof.rays import on_boundary

DEEP = 1e-7  # of the largest multiplier: how deep in the dual cone is deep enough to be moved


def stationary(form: ConicForm, y: Floats, g: Floats, unsure: Floats, columns: Ints) -> tuple[Floats, Floats] | None:
    """Multipliers near y, and how far from these, row by row, there are some in K* that make those columns 0 exactly.

    y float64 (m,), in K*; g float64 (n,), known up to `unsure`; None if none can be proven.

    >>> import cvxpy as cp
    >>> from solvers.proof.conic_form import conic_form
    >>> x = cp.Variable(2, name="x")
    >>> data = cp.Problem(cp.Minimize(cp.sum(x)), [3 * x == 1]).get_problem_data(cp.CLARABEL)[0]
    >>> form, y = conic_form(data, {}, upper=True)[0], np.array([-0.3, -0.3])
    >>> y, off = stationary(form, y, form.c, np.zeros(2), np.arange(2))
    >>> y.round(9).tolist(), bool((off < 1e-13).all())
    ([-0.333333333, -0.333333333], True)
    """
    if not form.P[columns].nnz:  # g is c there: what holds for these columns holds for their combinations
        columns = columns[independent(vstack([form.A[:, columns], csr_array(form.c[None, columns])]).T)]
    largest = float(np.abs(y).max(initial=0)) or 1.0
    movable = _inside(form.cones, y, DEEP * largest)
    Z, fixed = (form.A[np.flatnonzero(rows)][:, columns].T.tocsr() for rows in (movable, ~movable))
    given = fixed @ y[~movable]
    rounding = ROUNDING * (len(y) + 4) * (abs(fixed) @ np.abs(y[~movable]) + np.abs(g[columns]))
    found = exactly(Z, y[movable], -g[columns] - given, unsure[columns] + rounding)
    if found is None:
        return None
    off, y = np.zeros(len(y)), y.copy()
    y[movable], off[movable] = found
    return (y, off) if _inside(form.cones, y, float(off.max(initial=0)))[movable].all() else None


def _inside(cones: Cones, y: Floats, inside: float) -> Bools:
    """Rows in which y may change by `inside` without leaving the dual cone: zero rows, and cones that it is deep in."""
    s = y.copy()  # y is in the dual of K where s is in K
    u, v, w = y[cones.exp.T]
    s[cones.exp.T] = u - v, -u, w
    s[cones.power[:, 0]] /= cones.alpha
    s[cones.power[:, 1]] /= 1 - cones.alpha
    scale = 2 + 2 / min(cones.alpha.min(initial=1.0), (1 - cones.alpha).min(initial=1.0))
    deep = ~on_boundary(cones, s, scale * inside + ROUNDING * float(np.abs(s).max(initial=0)))
    for rows in cones.groups():
        deep[rows] = deep[rows].all()
    deep[cones.zero] = True
    return deep
