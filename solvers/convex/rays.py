"""Looking for what proves more than an answer does: multipliers that bound a level set, directions without end."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Bools, Floats
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


def ray(form: ConicForm, left: Callable[[], float]) -> Ray | None:
    """A direction in which the objective improves without end, if one is found that holds; left: seconds left."""
    nowhere = np.zeros(len(form.b), dtype=bool)
    d = _direction(form, nowhere, left())
    if d is None:
        return None
    if form.c @ d < -INSIDE:
        found = Ray(form, d)
        return found if found.holds() else None
    d = _direction(form, nowhere, left(), deepest=True)
    if d is None:
        return None
    free, still = deepening(form, d)
    e = _direction(form, free, left(), still)
    if e is None or not form.c @ e < -INSIDE:
        return None
    found = Ray(form, d, e)
    return found if found.holds() else None


def _direction(
    form: ConicForm, free: Bools, seconds: float, still: Bools | None = None, *, deepest: bool = False
) -> Floats | None:
    """min c'v over -A v in K, P v = 0, |v_j| <= 1, cones with free rows left out; None if nothing came of it.

    deepest  c'v = 0 instead, and v goes as deep into as many cones as it can
    """
    import cvxpy as cp

    if seconds <= 0:
        return None
    n = len(form.c)
    v = cp.Variable(n)
    s = -(form.A @ v)
    curved = form.P[np.flatnonzero(np.diff(form.P.indptr))]
    constraints = [*_members(form.cones, s, free), v <= 1, v >= -1]
    constraints += [curved @ v == 0] if curved.shape[0] else []
    constraints += [s[np.flatnonzero(still)] == 0] if still is not None and still.any() else []
    goal: Any = form.c @ v
    if deepest:
        cones = form.cones
        diagonal = [np.arange(rows.start, rows.stop)[i == j] for rows, i, j in cones.psd]
        entries = np.concatenate([cones.nonneg, cones.heads, *diagonal, cones.exp[:, 2], *cones.power[:, :2].T])
        constraints.append(goal == 0)
        deep = cp.Variable(len(entries))
        constraints += [deep <= DEEP, deep <= s[entries.astype(int)]]
        goal = -np.ones(len(entries)) @ deep
    model = cp.Problem(cp.Minimize(goal), constraints)
    data, chain, inverse = model.get_problem_data(cp.CLARABEL, solver_opts={"accept_unknown": True})
    with warnings.catch_warnings(action="ignore"):  # what comes of it is checked
        try:
            model.unpack_results(by_clarabel(data, seconds), chain, inverse)
        except cp.error.SolverError:
            return None
    return None if v.value is None else np.asarray(v.value, dtype=float)


def _members(cones: Cones, s: Any, free: Bools) -> Iterator[cp.Constraint]:
    """s in K, but for cones with free rows."""
    import cvxpy as cp

    if len(cones.zero):
        yield s[cones.zero] == 0
    signed = cones.nonneg[~free[cones.nonneg]]
    if len(signed):
        yield s[signed] >= 0
    for k, head in enumerate(cones.heads):
        if not free[head]:
            yield cp.SOC(s[int(head)], s[cones.tails[cones.of == k]])
    for rows, i, j in cones.psd:
        if not free[rows.start]:
            n, entry = int(j[-1]) + 1, np.arange(len(i))
            weight = np.tile(np.where(i == j, 0.5, np.sqrt(0.5)), 2)
            places = np.r_[i + n * j, j + n * i], np.tile(entry, 2)
            unpack = csr_array((weight, places), shape=(n * n, len(i)))
            yield cp.reshape(unpack @ s[rows], (n, n), order="F") >> 0  # type: ignore[attr-defined]
    exp = cones.exp[~free[cones.exp[:, 2]]]
    if len(exp):
        yield cp.ExpCone(s[exp[:, 0]], s[exp[:, 1]], s[exp[:, 2]])
    kept = ~free[cones.power[:, 2]]
    if kept.any():
        x, y, z = cones.power[kept].T
        yield cp.PowCone3D(s[x], s[y], s[z], cones.alpha[kept])
