"""Positions of sensors by the semidefinite relaxation's dual, which is sparse, and Gauss and Newton's steps from there.

    minimize    sum of y_e d_e^2 + tr W     over weights -1 <= y_e <= 1 and W (d, d)
    subject to  [W 0; 0 0] + sum of y_e a_e a_e' >= 0

a_e is 1 at one sensor and -1 at the other, or, for an anchor at p, p above and -1 at the sensor. Its multiplier is the
relaxation's matrix [I X'; X Y]. Clarabel splits the matrix along the cliques of the network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csc_array, eye_array, hstack, vstack

from formulations.arithmetic.placements import DistanceErrors
from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock
from solvers.convex.clarabel import minimized
from solvers.findings import Ended, Findings
from solvers.judge import MEETS
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed

NAME, KIND = "relaxation", "weights of distances"
STEPS = 20  # of Gauss and Newton's method
DRAWS = 10  # of places to start it from, where sensors are in more dimensions
SETTLED = 1e-15  # of the coordinates' size: a step that changes nothing


@dataclass(frozen=True)
class Relaxation:
    """The semidefinite relaxation, and steps from its answer."""

    name = NAME


@dataclass
class PlaceSearch:
    """Positions as they are being found; weights, and Y_ii - |x_i|^2 of each sensor, once they are there."""

    problem: SearchProblem
    places: list[Floats]
    weights: Floats | None = None
    excess: Floats | None = None
    interrupted: bool = False
    so_far: Callable[[], Any] = lambda: None
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def form(self) -> DistanceErrors:
        """The objective."""
        assert isinstance(self.problem.objective, DistanceErrors)
        return self.problem.objective


def solve_places(
    problem: SearchProblem, solver: Relaxation, *, clock: Clock, seed: int, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The positions, and the weights that bound them."""
    form = problem.objective
    assert isinstance(form, DistanceErrors)
    middle = np.nanmean(form.fixed, axis=0)
    search = PlaceSearch(problem, [np.where(form.free[:, None], middle, form.fixed)])
    built = clock.elapsed
    return followed(
        search, partial(_run, search, clock, seed, report), lambda ended: _found(search, ended, built, clock)
    )


def _run(search: PlaceSearch, clock: Clock, seed: int, report: Callable[[Any], None]) -> Ended:
    import clarabel

    form = search.form
    report(search)
    if not form.free.any():
        search.weights = np.zeros(len(form.tail))
        return "optimal"
    d, m = form.fixed.shape[1], len(form.tail)
    unit = float(form.distance.max()) or 1.0
    middle = np.nanmean(form.fixed, axis=0)
    A, cost = _program(form, unit, middle)
    size = d + int(form.free.sum())
    cones = [clarabel.NonnegativeConeT(2 * m), clarabel.PSDTriangleConeT(size)]
    b = np.r_[np.ones(2 * m), np.zeros(size * (size + 1) // 2)]
    found = minimized(csc_array((len(cost), len(cost))), cost, A, b, cones, clock.left)
    z = np.asarray(found.z)[2 * m :]
    row, column = _triangle(size)
    Z = np.zeros((size, size))
    Z[row, column] = z / np.where(row == column, 1.0, np.sqrt(2))
    Z += Z.T - np.diag(Z.diagonal())
    if not np.isfinite(Z).all():
        return "not_converged"
    search.weights = np.asarray(found.x)[:m]
    X = np.array(form.fixed)
    X[form.free] = middle + unit * Z[d:, :d]
    search.excess = unit**2 * (Z.diagonal()[d:] - (Z[d:, :d] ** 2).sum(axis=1))
    search.places.append(X)
    search.places.append(_refined(form, X))
    report(search)
    bound, rng = form.bound(search.weights), np.random.default_rng(seed)
    spread = np.sqrt(search.excess.clip(0) / d)[:, None]
    for _ in range(DRAWS):
        if min(map(form.value, search.places)) - bound <= MEETS * form.size(X):
            return "optimal"
        if clock.left <= 0:
            break
        drawn = X.copy()  # from the normal law whose second moments are the relaxation's
        drawn[form.free] += spread * rng.standard_normal((len(spread), d))
        search.places.append(_refined(form, drawn))
        report(search)
    return "limit"


def _triangle(size: int) -> tuple[Any, Any]:
    """Rows and columns of the upper triangle, column after column."""
    column, row = np.tril_indices(size)
    return row, column


def _program(form: DistanceErrors, unit: float, middle: Floats) -> tuple[Any, Floats]:
    """A and c of min c'v over A v + s = b, v the weights and the upper triangle of W; lengths in units, from middle."""
    d, m, sensors = form.fixed.shape[1], len(form.tail), np.cumsum(form.free) - 1
    size = d + int(form.free.sum())
    anchored = np.where(form.free[:, None], 0.0, (form.fixed - middle) / unit)
    L = np.zeros((m, d)) + anchored[form.tail] - anchored[form.head]
    entries, rows, columns = [L.ravel()], [np.repeat(np.arange(m), d)], [np.tile(np.arange(d), m)]
    for ends, sign in ((form.tail, 1.0), (form.head, -1.0)):
        free = np.flatnonzero(form.free[ends])
        entries.append(np.full(len(free), sign))
        rows.append(free)
        columns.append(d + sensors[ends[free]])
    a = coo_array((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), shape=(m, size)).tocsr()
    counts = np.diff(a.indptr)
    pairs_row, pairs_column, of, value = [], [], [], []
    for count in np.unique(counts).tolist():  # rows with as many entries together
        some = np.flatnonzero(counts == count)
        at = a.indptr[some][:, None] + np.arange(count)
        i, j = np.broadcast_arrays(a.indices[at][:, :, None], a.indices[at][:, None, :])
        products = a.data[at][:, :, None] * a.data[at][:, None, :]
        pairs_row.append(i.ravel())
        pairs_column.append(j.ravel())
        of.append(np.repeat(some, count * count))
        value.append(products.ravel())
    first, second = np.triu_indices(d)
    w = len(first)
    i = np.concatenate([*pairs_row, first])
    j = np.concatenate([*pairs_column, second])
    of_all = np.concatenate([*of, m + np.arange(w)])
    v = np.concatenate([*value, np.ones(w)])
    upper = i <= j
    i, j, of_all, v = i[upper], j[upper], of_all[upper], v[upper]
    place = j * (j + 1) // 2 + i
    triangle = size * (size + 1) // 2
    S = coo_array((v * np.where(i == j, 1.0, np.sqrt(2)), (place, of_all)), shape=(triangle, m + w))
    box = vstack([eye_array(m), -eye_array(m)])
    zero = coo_array((2 * m, w))
    A = csc_array(vstack([hstack([box, zero]), -S]))
    return A, np.r_[(form.distance / unit) ** 2, (first == second).astype(float)]


def _refined(form: DistanceErrors, X: Floats) -> Floats:
    """Gauss and Newton's steps for the squares of the errors, as long as their sum falls."""
    from scipy.sparse.linalg import lsqr

    best, E = X, form.incidence[:, form.free]
    d = X.shape[1]
    for _ in range(STEPS):
        differences = best[form.tail] - best[form.head]
        J = hstack([csc_array(E * (2 * differences[:, axis])[:, None]) for axis in range(d)], format="csr")
        step = lsqr(J, -form.errors(best), atol=1e-15, btol=1e-15, iter_lim=4 * J.shape[1])[0]
        moved = best.copy()
        moved[form.free] += step.reshape(d, -1).T
        if not form.value(moved) < form.value(best) or np.abs(step).max() <= SETTLED * np.abs(X).max():
            break
        best = moved
    return best


def _found(search: PlaceSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    stats: dict[str, Any] = {
        "distances": len(search.form.tail),
        **account(search, built, clock),
    }
    if search.weights is not None:
        stats["weights"] = search.weights.tolist()
    if search.excess is not None:
        stats["excess"] = search.excess.tolist()
    weights = np.zeros(len(search.form.tail)) if search.weights is None else search.weights
    return Searched(search.problem), Findings(
        solver=NAME,
        ended=ended,
        candidates=search.places,
        certificates=[(KIND, weights)],
        remark="the relaxation has better positions in more dimensions" if ended == "limit" else "",
        stats=stats,
    )
