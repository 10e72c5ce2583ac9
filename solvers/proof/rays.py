"""Directions in which a convex program's objective improves without end, checked without a solver.

From any feasible point x0 of   min c'x + x'Px/2,  A x + s = b,  s in K,

1.  x0 + t d is feasible for all t >= 0 if -A d is in K, and c'd < 0, P d = 0 let the objective fall.
2.  Where c'd = 0 it may still fall as a logarithm does: along x0 + t d + a log(1 + t) e with c'e < 0, P e = 0 and
    a small a > 0. This is feasible if -A e is in K, but for the cones that d enters ever deeper: those with -A d in
    the interior; second-order cones in which t - u_k > 0 is constant and t + u_k grows, as (t - u_k) (t + u_k) need
    then only be at least the sum of the other u_j^2; and exponential cones in which y is constant and z grows, as
    y e^((x + a log(1 + t) e_x)/y) = y e^(x/y) (1 + t)^(a e_x/y) <= z + z t a e_x/y  by Bernoulli's inequality.

So max log x, x >= 1 is unbounded with d = 1 in x and e = 1 in the logarithm. What must be 0 is 0 exactly, of a
direction that lies within a proven distance of the computed one; everything else holds by more than that distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from formulations.problem import Bools, Floats
from solvers.proof.cones import Cones, matrix_of
from solvers.proof.conic_form import ConicForm
from solvers.proof.exact_zeros import exactly, independent

INSIDE = 1e-6  # of the largest entry of a direction: what lies no deeper in a cone counts as on its boundary
ROUNDING = 1e-13  # relative to the terms of a sum


@dataclass(frozen=True)
class Ray:
    """A point x0 and directions d and e, float64 (n,) each, for the columns of the form; without e d alone."""

    form: ConicForm
    start: Floats
    d: Floats
    e: Floats | None = None

    def holds(self) -> bool:
        """Whether it proves that the problem is unbounded."""
        if not feasible_nearby(self.form, self.start):
            return False
        nowhere = np.zeros(len(self.form.b), dtype=bool)
        if self.e is None:
            return _recedes(self.form, self.d, nowhere, nowhere, falls=True)
        free, still = deepening(self.form, self.d)
        if not _recedes(self.form, self.d, nowhere, still, falls=False):
            return False
        return _recedes(self.form, self.e, free, still, falls=True)


def feasible_nearby(form: ConicForm, x: Floats) -> bool:
    """Whether there is a feasible point near x: one that meets all equations exactly, deep enough in all cones."""
    if x.shape != form.c.shape or not np.isfinite(x).all():
        return False
    must = on_boundary(form.cones, form.b - form.A @ x, INSIDE)
    rows = np.flatnonzero(must & ((np.diff(form.A.indptr) > 0) | (form.b != 0)))
    rows = rows[independent(hstack([form.A[rows], csr_array(form.b[rows, None])]))]
    found = exactly(form.A[rows], x, form.b[rows])
    if found is None:
        return False
    x, off = found
    size = abs(form.A) @ (off + ROUNDING * np.abs(x)) + ROUNDING * np.abs(form.b)
    return not (on_boundary(form.cones, form.b - form.A @ x, float(size.max(initial=0))) & ~must).any()


def deepening(form: ConicForm, d: Floats) -> tuple[Bools, Bools]:
    """Rows of the cones that d enters ever deeper, and of their y where these are exponential and y is constant."""
    cones, s = form.cones, -(form.A @ d)
    inside = ~on_boundary(cones, s, INSIDE)
    free, still = inside.copy(), np.zeros(len(s), dtype=bool)
    for head, tail, sign in edges(cones, s, INSIDE):
        same = form.A[[head]] - sign * form.A[[tail]]
        rows = np.r_[head, cones.tails[cones.of == np.searchsorted(cones.heads, head)]]
        inside[rows] = not same.count_nonzero() and form.b[head] - sign * form.b[tail] > 0
    for rows in cones.groups():
        free[rows] = inside[rows].all()
    x, y, z = cones.exp.T
    constant = (np.diff(form.A.indptr)[y] == 0) & (form.b[y] > 0)
    logarithm = constant & (s[x] < INSIDE) & (s[z] > INSIDE)
    free[x[logarithm]] = free[z[logarithm]] = free[y[logarithm]] = still[y[logarithm]] = True
    return free, still


def edges(cones: Cones, s: Floats, inside: float) -> list[tuple[int, int, int]]:
    """Second-order cones (t, u) that s lies in, but not deep, with one large u_k: the rows of t and u_k, and its sign.

    With all other u_j = 0 that is two rows, t - u_k >= 0 and t + u_k >= 0.
    """
    norms = np.sqrt(np.bincount(cones.of, s[cones.tails] ** 2, len(cones.heads)))
    large = np.abs(s[cones.tails]) > inside
    one = (np.bincount(cones.of, large, len(cones.heads)) == 1) & (s[cones.heads] > inside)
    one &= _shallow(cones, s, inside) & (s[cones.heads] - norms >= -inside)
    tails = cones.tails[large & one[cones.of]]
    return [(int(h), int(k), int(np.sign(s[k]))) for h, k in zip(cones.heads[one], tails, strict=True)]


def _shallow(cones: Cones, s: Floats, inside: float) -> Bools:
    """Second-order cones that s is not in the interior of, by more than `inside` in every entry."""
    norms = np.sqrt(np.bincount(cones.of, s[cones.tails] ** 2, len(cones.heads)))
    return np.asarray(s[cones.heads] - norms <= inside * (1 + np.bincount(cones.of, minlength=len(cones.heads))))


def on_boundary(cones: Cones, s: Floats, inside: float) -> Bools:
    """Rows that must be 0 for s to be in K, as all others, those being 0, are in the interior by more than `inside`."""
    must = np.zeros(len(s), dtype=bool)
    must[cones.zero] = True
    must[cones.nonneg] = s[cones.nonneg] <= inside
    shallow = _shallow(cones, s, inside)
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


def _vanishing(cones: Cones, s: Floats, inside: float) -> Bools:
    """The same, but of cones with an edge only the other rows."""
    must = on_boundary(cones, s, inside)
    for head, tail, _ in edges(cones, s, inside):
        must[[head, tail]] = False
    return must


def _recedes(form: ConicForm, v: Floats, free: Bools, still: Bools, *, falls: bool) -> bool:
    """Whether an exact direction near v has -A v in K, but for free rows, P v = 0, and c'v < 0 if it falls, else 0.

    still  rows in which it must be 0 in any case
    """
    if v.shape != form.c.shape or not np.isfinite(v).all() or not v.any():
        return False
    v, cones = v / np.abs(v).max(), form.cones
    s = np.where(free, 0.0, -(form.A @ v))
    must = (_vanishing(cones, s, INSIDE) & ~free) | still
    rows = [form.A[np.flatnonzero(must)], form.P[np.flatnonzero(np.diff(form.P.indptr))]]
    rows += [form.A[[h]] - sign * form.A[[k]] for h, k, sign in edges(cones, s, INSIDE) if s[h] - abs(s[k]) <= INSIDE]
    rows += [] if falls else [csr_array(form.c[None, :])]
    exact = _with_zeros(csr_array(vstack(rows)), v)
    if exact is None:
        return False
    v, off = exact
    size = abs(form.A) @ (off + ROUNDING * np.abs(v))
    s = np.where(free, 0.0, -(form.A @ v))
    if (_vanishing(cones, s, float(size.max(initial=0))) & ~free & ~must).any():
        return False
    return not falls or bool(form.c @ v + np.abs(form.c) @ (off + ROUNDING * np.abs(v)) < 0)


def _with_zeros(Z: csr_array, v: Floats) -> tuple[Floats, Floats] | None:
    """A direction near v, and how far from it, entry by entry, there is one with Z v = 0 exactly; None if not proven.

    Rows with one entry make that entry 0, and so on with what is left of the others.
    """
    v, left = v.copy(), np.ones(len(v), dtype=bool)
    row = np.repeat(np.arange(Z.shape[0]), np.diff(Z.indptr))
    while True:
        counts = np.bincount(row, left[Z.indices], Z.shape[0])
        single = Z.indices[(counts[row] == 1) & left[Z.indices]]
        if not len(single):
            break
        left[single], v[single] = False, 0.0
    columns = np.flatnonzero(left)
    rest = Z[np.flatnonzero(counts > 0)][:, columns]
    rest = rest[independent(rest)]
    found = exactly(rest, v[columns], np.zeros(rest.shape[0]))
    if found is None:
        return None
    off = np.zeros(len(v))
    v[columns], off[columns] = found
    return v, off
