"""Directions in which a convex program's objective improves without end, checked without a solver.

From any feasible point x0 of   min c'x + x'Px/2,  A x + s = b,  s in K,

1.  x0 + t d is feasible for all t >= 0 if -A d is in K, and c'd < 0, P d = 0 let the objective fall.
2.  Where c'd = 0 it may still fall as a logarithm does: along x0 + t d + a log(1 + t) e with c'e < 0, P e = 0 and
    a small a > 0. This is feasible if -A e is in K, but for the cones that d enters ever deeper: those with -A d in
    the interior, and exponential cones whose y is constant and whose z grows with t, as then
    y e^((x + a log(1 + t) e_x)/y) = y e^(x/y) (1 + t)^(a e_x/y) <= z + z t a e_x/y  by Bernoulli's inequality.

So max log x, x >= 1 is unbounded with d = 1 in x and e = 1 in the logarithm. What must be 0 is 0 exactly, of a
direction that lies within a proven distance of the computed one; everything else holds by more than that distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from formulations.problem import Bools, Floats
from solvers.proof.cones import Cones, matrix_of
from solvers.proof.conic_form import ConicForm

INSIDE = 1e-6  # of the largest entry of a direction: what lies no deeper in a cone counts as on its boundary
MOST_ENTRIES = 4_000_000  # of a matrix that is inverted
ROUNDING = 1e-13  # relative to the terms of a sum


@dataclass(frozen=True)
class Ray:
    """The directions d and e, float64 (n,) each, for the columns of the form; without e the first alone."""

    form: ConicForm
    d: Floats
    e: Floats | None = None

    def holds(self) -> bool:
        """Whether it proves that the problem is unbounded if it has a feasible point."""
        nowhere = np.zeros(len(self.form.b), dtype=bool)
        if self.e is None:
            return _recedes(self.form, self.d, nowhere, falls=True)
        free, still = deepening(self.form, self.d)
        if not _recedes(self.form, self.d, still, falls=False):
            return False
        return _recedes(self.form, self.e, still, falls=True, free=free)


def deepening(form: ConicForm, d: Floats) -> tuple[Bools, Bools]:
    """Rows of the cones that d enters ever deeper, and of their y where these are exponential and y is constant."""
    s = -(form.A @ d)
    boundary = on_boundary(form.cones, s, INSIDE)
    x, y, z = form.cones.exp.T
    constant = (np.diff(form.A.indptr)[y] == 0) & (form.b[y] > 0)
    logarithm = constant & (s[x] < INSIDE) & (s[z] > INSIDE)
    free, still = ~boundary, np.zeros(len(s), dtype=bool)
    for rows in form.cones.groups():
        free[rows] = free[rows].all()
    free[x[logarithm]] = free[z[logarithm]] = free[y[logarithm]] = True
    still[y[logarithm]] = True
    free[form.cones.zero] = False
    return free, still


def on_boundary(cones: Cones, s: Floats, inside: float) -> Bools:
    """Rows that must be 0 for s to be in K, as all others, those being 0, are in the interior by more than `inside`."""
    must = np.zeros(len(s), dtype=bool)
    must[cones.zero] = True
    must[cones.nonneg] = s[cones.nonneg] <= inside
    norms = np.sqrt(np.bincount(cones.of, s[cones.tails] ** 2, len(cones.heads)))
    shallow = s[cones.heads] - norms <= inside * (1 + np.bincount(cones.of, minlength=len(cones.heads)))
    must[cones.heads], must[cones.tails] = shallow, shallow[cones.of]
    for rows, i, j in cones.psd:
        S = matrix_of(s[rows], i, j)
        kept = np.diagonal(S) > inside
        part = S[np.ix_(kept, kept)]
        kept &= not part.size or bool(np.linalg.eigvalsh(part)[0] > 2 * len(S) * inside)
        must[rows] = ~(kept[i] & kept[j])
    with np.errstate(all="ignore"):
        x, y, z = s[cones.exp.T]
        flat = y <= inside
        corners = [(y + v) * np.exp((x + u) / (y + v)) for u in (-inside, inside) for v in (-inside, inside)]
        deep = ~flat & (np.max(corners, axis=0, initial=-np.inf) < z - inside)
        must[cones.exp[:, 0]] = np.where(flat, x >= -inside, ~deep)
        must[cones.exp[:, 1]] = ~deep
        must[cones.exp[:, 2]] = np.where(flat, z <= inside, ~deep)
        x, y, z = s[cones.power.T]
        a = cones.alpha
        deep = (np.minimum(x, y) > inside) & ((x - inside) ** a * (y - inside) ** (1 - a) > np.abs(z) + inside)
    must[cones.power[:, 0]], must[cones.power[:, 1]] = ~deep & (x <= inside), ~deep & (y <= inside)
    both = ~deep & (np.minimum(x, y) > inside)
    must[cones.power[both]] = True
    must[cones.power[:, 2]] = ~deep
    return must


def _recedes(form: ConicForm, v: Floats, still: Bools, *, falls: bool, free: Bools | None = None) -> bool:
    """Whether an exact direction near v has -A v in K, but for free rows, P v = 0, and c'v < 0 if it falls, else 0.

    still  rows in which it must be 0 in any case
    """
    if v.shape != form.c.shape or not np.isfinite(v).all() or not v.any():
        return False
    v = v / np.abs(v).max()
    free = np.zeros(len(form.b), dtype=bool) if free is None else free
    must = (on_boundary(form.cones, -(form.A @ v), INSIDE) & ~free) | still
    curved = np.flatnonzero(np.diff(form.P.indptr))
    rows = [form.A[np.flatnonzero(must)], form.P[curved]]
    exact = _with_zeros(csr_array(vstack(rows if falls else [*rows, csr_array(form.c[None, :])])), v)
    if exact is None:
        return False
    v, off = exact
    size = abs(form.A) @ (off + ROUNDING * np.abs(v))
    now = on_boundary(form.cones, -(form.A @ v), float(size.max(initial=0)))
    if (now & ~free & ~must).any():
        return False
    return not falls or bool(form.c @ v + np.abs(form.c) @ (off + ROUNDING * np.abs(v)) < 0)


def _with_zeros(Z: csr_array, v: Floats) -> tuple[Floats, Floats] | None:
    """A direction near v, and how far from it, entry by entry, there is one with Z v = 0 exactly; None if not proven.

    Rows with one entry make that entry 0. For the others, with any R such that |I - Z R| = e < 1 (row sums), there is
    a change of at most |R| |Z v| / (1 - e) after which they are 0.
    """
    v, left = v.copy(), np.ones(len(v), dtype=bool)
    while True:
        counts = np.bincount(np.repeat(np.arange(Z.shape[0]), np.diff(Z.indptr)), left[Z.indices], Z.shape[0])
        row = np.repeat(np.arange(Z.shape[0]), np.diff(Z.indptr))
        single = Z.indices[(counts[row] == 1) & left[Z.indices]]
        if not len(single):
            break
        left[single], v[single] = False, 0.0
    columns, rows = np.flatnonzero(left), np.flatnonzero(counts > 0)
    off = np.zeros(len(v))
    if not len(rows):
        return v, off
    if len(rows) > len(columns) or len(rows) * len(columns) > MOST_ENTRIES:
        return None
    M = Z[rows][:, columns].toarray()
    R = np.linalg.pinv(M)
    rounding = 1e-15 * len(columns)
    e = float((np.abs(np.eye(len(rows)) - M @ R) + rounding * (np.abs(M) @ np.abs(R))).sum(axis=1).max())
    if not e < 0.5:
        return None
    v[columns] -= R @ (M @ v[columns])
    missed = np.abs(M @ v[columns]) + rounding * (np.abs(M) @ np.abs(v[columns]))
    off[columns] = np.abs(R).sum(axis=1) * float(missed.max()) / (1 - e)
    return v, off
