"""Looking for what proves more than an answer does: multipliers that bound a level set, directions without end."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Bools, Floats, Ints
from solvers.convex.clarabel import by_clarabel, cones_for_clarabel, minimized
from solvers.proof.cones import Cones
from solvers.proof.conic_form import ConicForm
from solvers.proof.ranges import level_set, spread_objective
from solvers.proof.rays import INSIDE, Ray, deepening

if TYPE_CHECKING:
    import cvxpy as cp

DEEP = 0.1  # how far into its cones a direction need go


def spread(form: ConicForm, level: float, seconds: float) -> Floats | None:
    """Multipliers that bound all slacks of the level set, if it is bounded (solvers.proof.ranges)."""
    whole, c = level_set(form, level), spread_objective(form, level)
    z = np.array(minimized(whole.P, c, whole.A, whole.b, cones_for_clarabel(whole.cones), seconds).z)
    return z if np.isfinite(z).all() else None


def feasible_point(form: ConicForm, seconds: float) -> tuple[Floats, Floats]:
    """A point deep in the feasible set, and multipliers: of a contradiction, if there is no such point."""
    found = minimized(form.P * 0, form.c * 0, form.A, form.b, cones_for_clarabel(form.cones), seconds)
    return np.array(found.x), np.array(found.z)


def ray(form: ConicForm, left: Callable[[], float]) -> Ray | None:
    """A direction in which the objective improves without end, if one is found that holds; left: seconds left."""
    nowhere = np.zeros(len(form.b), dtype=bool)
    steepest = _direction(form, nowhere, nowhere, left())
    if steepest is None:
        return None
    fall = max(-float(form.c @ steepest) / 2, 0.0)
    d = _direction(form, nowhere, nowhere, left(), fall=fall if fall > INSIDE else 0.0)
    if d is None or left() <= 0:
        return None
    x0, e = feasible_point(form, left())[0], None
    if fall <= INSIDE:
        e = _direction(form, *deepening(form, d), left())
        if e is None:
            return None
    found = Ray(form, x0, d, e)
    return found if found.holds() else None


def _direction(
    form: ConicForm, free: Bools, still: Bools, seconds: float, *, fall: float | None = None
) -> Floats | None:
    """min c'v over -A v in K, P v = 0, |v_j| <= 1, cones with free rows left out; None if nothing came of it.

    still  rows in which it is to be 0
    fall   where given, c'v = 0, or at most -fall, and v goes as deep into as many cones as it can
    """
    import cvxpy as cp

    if seconds <= 0:
        return None
    v = cp.Variable(len(form.c))
    s, goal = -(form.A @ v), form.c @ v
    curved = form.P[np.flatnonzero(np.diff(form.P.indptr))]
    constraints = [*_members(form.cones, s, free), v <= 1, v >= -1]
    constraints += [curved @ v == 0] if curved.shape[0] else []
    constraints += [s[np.flatnonzero(still)] == 0] if still.any() else []
    if fall is not None:
        constraints.append(goal <= -fall if fall else goal == 0)
        depths = _depths(form.cones, s)
        deep = cp.Variable(depths.size)
        constraints += [deep <= DEEP, deep <= depths]
        goal = -np.ones(depths.size) @ deep
    model = cp.Problem(cp.Minimize(goal), constraints)
    data, chain, inverse = model.get_problem_data(cp.CLARABEL, solver_opts={"accept_unknown": True})
    with warnings.catch_warnings(action="ignore"):  # what comes of it is checked
        try:
            model.unpack_results(by_clarabel(data, seconds), chain, inverse)
        except cp.error.SolverError:
            return None
    return None if v.value is None else np.asarray(v.value, dtype=float)


def _depths(cones: Cones, s: Any) -> Any:
    """How deep s is in the cones, as far as a direction that goes deeper is of use."""
    import cvxpy as cp

    parts = [s[np.r_[cones.nonneg, cones.heads, cones.exp[:, 2], cones.power[:, 0], cones.power[:, 1]]]]
    parts += [s[heads] - cp.norm(_columns(s, tails), axis=0) for heads, tails in cones.balls() if tails.size]  # type: ignore[attr-defined]
    parts += [cp.lambda_min(_matrix(s[rows], i, j)) for rows, i, j in cones.psd]  # type: ignore[attr-defined]
    return cp.hstack(parts)  # type: ignore[attr-defined]


def _columns(s: Any, rows: Ints) -> Any:
    """Those entries, one column for each row of `rows`."""
    import cvxpy as cp

    return cp.reshape(s[rows.ravel()], rows.shape[::-1], order="F")  # type: ignore[attr-defined]


def _matrix(packed: Any, i: Any, j: Any) -> Any:
    """The matrix whose triangle is packed, off the diagonal times sqrt(2), in cvxpy."""
    import cvxpy as cp

    n, entry = int(j[-1]) + 1, np.arange(len(i))
    weight = np.tile(np.where(i == j, 0.5, np.sqrt(0.5)), 2)
    unpack = csr_array((weight, (np.r_[i + n * j, j + n * i], np.tile(entry, 2))), shape=(n * n, len(i)))
    return cp.reshape(unpack @ packed, (n, n), order="F")  # type: ignore[attr-defined]


def _members(cones: Cones, s: Any, free: Bools) -> Iterator[cp.Constraint]:
    """s in K, but for cones with free rows."""
    import cvxpy as cp

    if len(cones.zero):
        yield s[cones.zero] == 0
    signed = cones.nonneg[~free[cones.nonneg]]
    if len(signed):
        yield s[signed] >= 0
    for heads, tails in cones.balls():
        own = ~free[heads]
        if own.any() and tails.size:
            yield cp.SOC(s[heads[own]], _columns(s, tails[own]))
        elif own.any():
            yield s[heads[own]] >= 0
    for rows, i, j in cones.psd:
        if not free[rows.start]:
            yield _matrix(s[rows], i, j) >> 0
    exp = cones.exp[~free[cones.exp[:, 2]]]
    if len(exp):
        yield cp.ExpCone(s[exp[:, 0]], s[exp[:, 1]], s[exp[:, 2]])
    kept = ~free[cones.power[:, 2]]
    if kept.any():
        x, y, z = cones.power[kept].T
        yield cp.PowCone3D(s[x], s[y], s[z], cones.alpha[kept])
