"""Matrix games by a primal-dual interior-point method: both strategies at once, every choice in play until the end.

The row player's linear program and the column player's are each other's dual. With slacks s and t,

    A'x = v + s,   sum x = 1,   x >= 0, s >= 0         maximize v
    Ay  = w - t,   sum y = 1,   y >= 0, t >= 0         minimize w        w - v = x't + y's

and a saddle point has x_i t_i = 0, y_j s_j = 0. Newton's method follows x_i t_i = y_j s_j = mu to mu = 0. Uniform play
is feasible for both, so that all iterates are, and each step solves one dense positive definite system,

    (A Y S^-1 A' + X^-1 T) dx = ...

Mehrotra, On the implementation of a primal-dual interior point method, 1992; Wright, Primal-dual interior-point
methods, 1997, ch. 10. Ten to twenty steps whatever the game, of m^2 n operations each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from formulations.problem import Floats

BOUNDARY_SHARE = 0.995  # share of the way to the boundary, at most
LEAST_SQUARES = 400  # choices in play up to which their equations are solved even if they are singular


@dataclass(frozen=True)
class Point:
    """Both mixed strategies, and by how much each choice falls short of a best response; (m,), (n,), (n,), (m,)."""

    x: Floats
    y: Floats
    s: Floats
    t: Floats


def central_path(A: Floats) -> Iterator[Point]:
    """Ever better strategies for the payoff A, float64 (m, n) of size about 1, until rounding ends it.

    >>> *_, last = central_path(np.array([[3.0, 0.0], [1.0, 2.0]]))
    >>> last.x.round(9).tolist(), last.y.round(9).tolist()
    ([0.25, 0.75], [0.5, 0.5])
    """
    m, n = A.shape
    if m > n:  # the smaller player's system is solved
        yield from (Point(p.y, p.x, p.t, p.s) for p in central_path(-A.T))
        return
    x, y = np.full(m, 1 / m), np.full(n, 1 / n)
    against, gained = x @ A, A @ y
    margin = (gained.max() - against.min()) or 1.0
    s, t = against - against.min() + margin, gained.max() + margin - gained
    with np.errstate(all="ignore"):  # where numbers end, so does the path
        while np.isfinite(x).all() and np.isfinite(y).all():
            yield Point(x, y, s, t)
            step = _step(A, Point(x, y, s, t))
            if step is None:
                return
            x, y, s, t = (z + length * dz for (z, length, dz) in step)
            x, y = x / x.sum(), y / y.sum()


def _step(A: Floats, at: Point) -> list[tuple[Floats, float, Floats]] | None:
    """x, y, s and t, each with the length and the direction of a step; None if rounding leaves none."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    x, y, s, t = at.x, at.y, at.s, at.t
    d = y / s
    M = (A * d) @ A.T
    M[np.diag_indices(len(x))] += t / x
    try:
        factor = cho_factor(M, lower=True, overwrite_a=True, check_finite=True)
    except (LinAlgError, ValueError):  # no longer definite, or no longer finite
        return None
    g = A @ d
    e, h = cho_solve(factor, np.column_stack([np.ones(len(x)), g])).T
    K = np.array([[h.sum(), -e.sum()], [d.sum() - g @ h, g @ e]])

    def direction(at_x: Floats, at_y: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """The solution of the equations, linearized: x_i t_i grows by at_x, y_j s_j by at_y."""
        u = cho_solve(factor, at_x / x + A @ (at_y / s))
        dv, dw = np.linalg.solve(K, [-u.sum(), g @ u - (at_y / s).sum()])
        dx = u + h * dv - e * dw
        ds = dx @ A - dv
        return dx, (at_y - y * ds) / s, ds, (at_x - t * dx) / x

    try:
        dx, dy, ds, dt = direction(-x * t, -y * s)
        primal, dual = min(_room(x, dx), _room(s, ds)), min(_room(y, dy), _room(t, dt))
        mu = (x @ t + y @ s) / (len(x) + len(y))
        left = (x + primal * dx) @ (t + dual * dt) + (y + dual * dy) @ (s + primal * ds)
        centre = mu * (left / (len(x) + len(y)) / mu) ** 3
        dx, dy, ds, dt = direction(centre - x * t - dx * dt, centre - y * s - dy * ds)
    except (LinAlgError, ValueError):
        return None
    primal, dual = BOUNDARY_SHARE * min(_room(x, dx), _room(s, ds)), BOUNDARY_SHARE * min(_room(y, dy), _room(t, dt))
    return [(x, primal, dx), (y, dual, dy), (s, primal, ds), (t, dual, dt)]


def _room(z: Floats, dz: Floats) -> float:
    """The longest step of at most 1 / BOUNDARY_SHARE that keeps z >= 0."""
    return min(1 / BOUNDARY_SHARE, float((z / -dz)[dz < 0].min(initial=np.inf)))


def in_play(A: Floats, at: Point) -> tuple[Floats, Floats]:
    """Both strategies without the choices that are on their way to 0, the others made equally good.

    That is what they are at a saddle point: A'x = v for the columns in play, Ay = w for the rows in play. Near one, the
    nearest solution of these equations is a saddle point itself, up to rounding. A proposal: nothing relies on it.

    >>> A = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.5]])
    >>> *_, last = central_path(A)
    >>> x, y = in_play(A, last)
    >>> bool(abs((x @ A).min() - (A @ y).max()) < 1e-15)
    True
    """
    rows, columns = np.flatnonzero(at.x > at.t), np.flatnonzero(at.y > at.s)
    if not len(rows) or not len(columns):
        return at.x, at.y
    p, q = at.x[rows], at.y[columns]
    p, q = p / p.sum(), q / q.sum()
    inner = A[np.ix_(rows, columns)]
    p, q = _equalized(inner, p), _equalized(inner.T, q)
    x, y = np.zeros(len(at.x)), np.zeros(len(at.y))
    x[rows], y[columns] = np.maximum(p, 0), np.maximum(q, 0)
    return x / x.sum(), y / y.sum()


def _equalized(A: Floats, p: Floats) -> Floats:
    """The strategy nearest to p against which all columns are equally good; p itself where that is not quickly told."""
    k, n = A.shape
    K = np.block([[A.T, -np.ones((n, 1))], [np.ones((1, k)), np.zeros((1, 1))]])
    z = np.append(p, (p @ A).mean())
    left = np.append(np.zeros(n), 1.0) - K @ z
    try:
        if k + n <= LEAST_SQUARES:
            return np.asarray((z + np.linalg.lstsq(K, left, rcond=None)[0])[:k])
        return np.asarray((z + np.linalg.solve(K, left))[:k]) if k == n else p
    except np.linalg.LinAlgError:
        return p
