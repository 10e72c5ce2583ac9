"""Maximum variance unfolding by a primal-dual interior point method, whose linear systems have a row for each pair.

    maximize    tr Y                over Y >= 0 and s >= 0      c_e'Y c_e + s_e = 1     for all neighbours e
    minimize    sum of v_e          over v >= 0                 Z = sum of v_e c_e c_e' - I >= 0

c_e is 1 / d_e at one neighbour and -1 / d_e at the other; both matrices are orthogonal to constants. Newton's steps
for YZ = t I and v_e s_e = t, t falling to 0, are those of Helmberg, Rendl, Vanderbei and Wolkowicz (An interior-point
method for semidefinite programming, 1996), with Mehrotra's predictor. All constraints have rank one, so that the matrix
of the linear equations for the change of v is

    M_ef = (c_e'Y c_f) (c_e'Z^-1 c_f),      and s_e / v_e more on the diagonal

They start from Y = t Z^-1, which is on the path but for s and v.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.spread import KIND, Spread
from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed

NAME = "path-following"
MEETS = 1e-6  # gap up to which value and bound count as equal, unless another is asked for
ENOUGH = 1e-8  # gap at which to stop, unless another is asked for
ITERATIONS, IDLE = 60, 6  # at most, and as many without a better gap
TINY = 1e-6  # a distance by the largest so that neighbours are put at one place
HEAVY = (1e4, 1e5, 1e6, 1e7, 1e8)  # their weights, of which the best are taken: rounding speaks against large ones
NEAR = 1e-3  # of the largest distance: at the start neighbours that are nearer have the weight of those so far apart
STEP = 0.9  # of the step at which a matrix would cease to be positive definite
FLAT = 1e-8  # of the spread: what is lost by leaving out the narrowest dimensions


@dataclass(frozen=True)
class PathFollowing:
    """The interior point method."""

    name = NAME


@dataclass
class UnfoldSearch:
    """Inner products (g, g) of places, over the roots of masses, and weights (m,), as they are being found.

    form  the objective, neighbours that are all but at one place being there
    """

    problem: SearchProblem
    form: Spread
    Y: Floats
    value: float
    weights: Floats
    bound: float = np.inf
    interrupted: bool = False
    so_far: Callable[[], Any] = lambda: None
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def gap(self) -> float:
        """Between the best of both."""
        return (self.bound - self.value) / self.value if self.value > 0 else np.inf

    def note(self, Y: Floats, v: Floats, report: Callable[[Any], None]) -> None:
        """Keep what is better, and tell whoever follows."""
        value = float(np.trace(Y))
        if value > self.value:
            self.Y, self.value = Y, value
        for heavy in HEAVY[: 1 if self.form.apart.all() else None]:
            weights = self.weights_of(v, heavy)
            bound = float(self.problem.weak_duals[0].bound(weights))
            if bound < self.bound:
                self.weights, self.bound = weights, bound
        self.history.append({"round": len(self.history) + 1, "value": self.value, "bound": self.bound})
        report(self)

    def weights_of(self, v: Floats, heavy: float) -> Floats:
        """Of squared distances, in units of the largest, (m,)."""
        distance, apart = self.form.distance, self.form.apart
        of_apart = v / (distance[apart] / distance.max()) ** 2
        found = np.full(len(distance), heavy)
        found[apart] = of_apart / of_apart.max()
        return found


def solve_unfolding(
    problem: SearchProblem, solver: PathFollowing, *, clock: Clock, gap: float | None, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The positions, and the weights that bound their spread."""
    asked = problem.objective
    assert isinstance(asked, Spread)
    form = replace(asked, distance=np.where(asked.distance > TINY * asked.distance.max(), asked.distance, 0.0))
    g, m = len(form.root), len(form.distance)
    search = UnfoldSearch(problem, form, np.zeros((g, g)), 0.0, np.ones(m))
    built = clock.elapsed
    run = partial(_run, search, clock, ENOUGH if gap is None else gap, report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def _run(search: UnfoldSearch, clock: Clock, enough: float, report: Callable[[Any], None]) -> Ended:
    report(search)
    form = search.form
    if len(form.root) == 1:
        return "optimal"
    unit = float(form.distance.max())
    idle = 0
    try:
        point = _started(form, form.distance[form.apart] / unit)
        for _ in range(ITERATIONS):
            before = search.gap
            search.note(unit**2 * point.shrunk(), point.v, report)
            idle = 0 if search.gap < before else idle + 1
            if search.gap <= enough or idle > IDLE or clock.left <= 0:
                break
            point = point.moved()
    except np.linalg.LinAlgError:  # rounding leaves no positive definite matrices so near the optimum
        pass
    return "optimal" if search.gap <= max(enough, MEETS) else "limit"


@dataclass(frozen=True)
class _Point:
    """Y, s and v; the rows of C (a, g) are c_e, and u (g,) are the constants."""

    C: csr_array
    u: Floats
    Y: Floats
    s: Floats
    v: Floats

    @property
    def Z(self) -> Floats:
        """The dual matrix, and 1 at constants."""
        return self.laplacian(self.v) - np.eye(len(self.u)) + 2 * np.outer(self.u, self.u)

    @property
    def product(self) -> float:
        """t of the point of the path that is meant: the mean over all eigenvalues of YZ and all v_e s_e."""
        return (float((self.Y * self.Z).sum()) + float(self.v @ self.s)) / (len(self.u) - 1 + len(self.s))

    def laplacian(self, v: Floats) -> Floats:
        """The sum of v_e c_e c_e'."""
        return np.asarray((self.C.T @ csr_array(self.C * v[:, None])).toarray())

    def squares(self, S: Floats) -> Floats:
        """c_e'S c_e."""
        return np.asarray((self.C * (self.C @ S)).sum(axis=1))

    def between(self, S: Floats) -> Floats:
        """c_e'S c_f."""
        return np.asarray(self.C @ (self.C @ S).T)

    def shrunk(self) -> Floats:
        """Y, so far shrunk that neighbours are no further apart than they may be."""
        return self.Y / max(1.0, float(self.squares(self.Y).max()))

    def after(self, step: _Step, a: float, b: float) -> _Point:
        """Where so much of a step leads: a for Y and s, b for v."""
        return replace(self, Y=self.Y + a * step.Y, s=self.s + a * step.s, v=self.v + b * step.v)

    def moved(self) -> _Point:
        """The next one: t is lowered as far as Newton's step for t = 0 gets, and its second order is allowed for.

        Raises LinAlgError where a matrix is no longer positive definite in floating point.
        """
        newton = _Newton(self)
        first = newton.step(0.0)
        a, b = newton.lengths(first)
        left = self.after(first, a, b).product / self.product
        t = self.product * min(1.0, max(0.0, left)) ** max(1.0, 3 * min(a, b) ** 2)
        second = newton.step(t, first)
        return self.after(second, *newton.lengths(second))


@dataclass(frozen=True)
class _Step:
    """What Y, Z, s and v change by."""

    Y: Floats
    Z: Floats
    s: Floats
    v: Floats


class _Newton:
    """The system of linear equations for steps from a point."""

    def __init__(self, at: _Point) -> None:
        """Factorize it."""
        from scipy.linalg import cho_factor, cholesky

        Z, U = at.Z, np.outer(at.u, at.u)
        self.at, self.inverse = at, _inverse(Z) - U
        self.roots = cholesky(at.Y + U, lower=True), cholesky(Z, lower=True)
        M = at.between(at.Y) * at.between(self.inverse)
        M[np.diag_indices_from(M)] += at.s / at.v
        self.factors = cho_factor(M, lower=True, overwrite_a=True, check_finite=False)

    def step(self, t: float, first: _Step | None = None) -> _Step:
        """To YZ = t I and v_e s_e = t, less the products of what the first step changes."""
        from scipy.linalg import cho_solve

        at = self.at
        Y, s = t * self.inverse, t / at.v
        if first is not None:
            Y, s = Y - _symmetric(first.Y @ first.Z @ self.inverse), s - first.s * first.v / at.v
        v = cho_solve(self.factors, at.squares(Y) + s - 1, check_finite=False)
        Z = at.laplacian(v)
        return _Step(Y - _symmetric(at.Y @ Z @ self.inverse) - at.Y, Z, s - at.s * v / at.v - at.s, v)

    def lengths(self, step: _Step) -> tuple[float, float]:
        """How much of a step, 1 at most, Y and s are to go, and Z and v."""
        at, (Y, Z) = self.at, self.roots
        rooms = min(_room(Y, step.Y), _least(at.s, step.s)), min(_room(Z, step.Z), _least(at.v, step.v))
        a, b = (min(1.0, STEP * room) for room in rooms)
        return a, b


def _started(form: Spread, distance: Floats) -> _Point:
    """Y = t / Z, which is on the path; v alike but for short distances (a,), in units of the longest."""
    C = csr_array(form.incidence / distance[:, None])
    u = form.root / np.linalg.norm(form.root)
    at = _Point(C, u, np.zeros((len(u), len(u))), np.ones(len(distance)), (distance / NEAR).clip(max=1) ** 2)
    L = at.laplacian(at.v)
    least = np.linalg.eigvalsh(L + float(np.trace(L)) * np.outer(u, u))[0]
    at = replace(at, v=at.v * 2 / least)
    inverse = _inverse(at.Z) - np.outer(u, u)
    Y = inverse / (2 * float(at.squares(inverse).max()))
    return replace(at, Y=Y, s=1 - at.squares(Y))


def _inverse(Z: Floats) -> Floats:
    """Symmetric; raises LinAlgError where there is none in floating point."""
    found = _symmetric(np.linalg.inv(Z))
    if not np.isfinite(found).all():
        raise np.linalg.LinAlgError("not finite")
    return found


def _symmetric(A: Any) -> Floats:
    return np.asarray((A + A.T) / 2)


def _room(root: Floats, change: Floats) -> float:
    """The largest multiple of a change at which a matrix, of that Cholesky factor, is positive semidefinite."""
    from scipy.linalg import solve_triangular

    half = solve_triangular(root, change, lower=True)
    low = float(np.linalg.eigvalsh(_symmetric(solve_triangular(root, half.T, lower=True)))[0])
    return np.inf if low >= 0 else -1 / low


def _least(numbers: Floats, change: Floats) -> float:
    """The same of positive numbers."""
    falling = change < 0
    return float((numbers[falling] / -change[falling]).min(initial=np.inf))


def _positions(search: UnfoldSearch) -> Floats:
    """Of all points, in as many dimensions as the spread is not flat in; as far apart as neighbours allow."""
    form = search.form
    values, V = np.linalg.eigh(search.Y)
    values, V = values[::-1].clip(0), V[:, ::-1]
    rest = values[::-1].cumsum()[::-1] - values  # of what comes after each
    p = 1 + int(np.argmax(rest <= FLAT * values.sum()))
    X = np.asarray((V[:, :p] * np.sqrt(values[:p]) / form.root[:, None])[form.place])
    far, most = form.lengths(X), form.distance
    known = far > 0
    return X * float((most[known] / far[known]).min(initial=np.inf)) if known.any() else X


def _found(search: UnfoldSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    return Searched(search.problem), Findings(
        solver=NAME,
        ended=ended,
        candidates=[_positions(search)],
        certificates=[(KIND, search.weights)],
        remark=_remark(clock) if ended == "limit" else "",
        stats={
            "pairs": len(search.form.distance),
            "iterations": len(search.history),
            **account(search, built, clock),
        },
    )


def _remark(clock: Clock) -> str:
    return "stopped by its limits" if clock.left <= 0 else "rounding keeps value and bound apart"
