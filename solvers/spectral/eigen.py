"""The trace over frames by eigenvectors: LAPACK for dense matrices, Lanczos's method (ARPACK) for large sparse ones.

The pairs are a certificate, whose bound is recomputed: formulations.arithmetic.frames says how. A few more than k are
found, so that the threshold can lie in a gap between two eigenvalues. Lanczos's method comes first, as most matrices
need few products, and looks at the clock before each; LAPACK follows where it needs many.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import eye_array, issparse

from formulations.arithmetic.eigenvalues import symmetric_factors
from formulations.arithmetic.frames import Eigenpairs, FrameTrace
from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock, abandonable
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed

KIND = "eigenvalues, counted"
SPARE = 8  # eigenvalues besides the k that are asked for, in one of whose gaps the threshold may lie
GAP = 1e-9  # of the matrix's norm: a gap from there on is one; eigenvalues that are nearer count as equal
DENSE = 500  # rows up to which all matrices are left to LAPACK
LAPACK = 3000  # rows up to which a dense matrix is left to it where Lanczos's method takes long: seconds, unstoppable
PRODUCTS = 0.05  # of the rows: how many products with such a matrix are tried before
BELOW = 1e-6  # of the matrix's norm: how far beyond the outermost eigenvalue a matrix is shifted to be inverted
REFINED, ROUGH, CLOSE = 4, 1e-3, 1e-3  # how often the shift is refined, eigenvalues' tolerance, and what is near enough
ABOVE = (1e-13, 1e-11)  # of the matrix's norm: how far above equal eigenvalues the threshold is tried, without a gap


@dataclass(frozen=True)
class Eigen:
    """Eigenvectors; tolerance: of Lanczos's method, relative to the eigenvalues, 0 for what float64 has."""

    tolerance: float = 0.0
    name = "eigen"

    def __post_init__(self) -> None:
        """Raise ValueError for a tolerance that makes no sense."""
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance is {self.tolerance!r}; it must be at least 0 and less than 1")


@dataclass
class EigenSearch:
    """A trace as it is being solved: the best frame so far, and eigenpairs when there are some."""

    problem: SearchProblem
    frame: Floats
    pairs: list[Eigenpairs] = field(default_factory=list)
    note: str = ""
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None

    @property
    def form(self) -> FrameTrace:
        """The trace."""
        assert isinstance(self.problem.objective, FrameTrace)
        return self.problem.objective


class _TimeOver(Exception):
    """The time limit, within Lanczos's method."""


class _TakesLong(Exception):
    """Lanczos's method has had its products."""


def solve_frames(
    problem: SearchProblem, solver: Eigen, *, clock: Clock, seed: int, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The frame of eigenvectors, and the eigenpairs that prove it best."""
    form = problem.objective
    assert isinstance(form, FrameTrace)
    search = EigenSearch(problem, _coordinates(form))
    built = clock.elapsed
    run = partial(_run, search, solver, clock, seed, report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock), _unproven)


def _unproven(found: tuple[Searched, Findings]) -> tuple[Searched, Findings]:
    """The same for whoever has no time: a proof is a factorisation."""
    return found[0], replace(found[1], certificates=())


def _coordinates(form: FrameTrace) -> Floats:
    """The coordinate vectors of the best entries on the diagonal: an answer to begin with."""
    diagonal = form.sign * np.asarray(form.M.diagonal())
    best = np.argsort(-diagonal, kind="stable")[: form.k]
    Y = np.zeros((form.n, form.k))
    Y[best, np.arange(form.k)] = 1.0
    return form.repaired(Y)


def _run(search: EigenSearch, solver: Eigen, clock: Clock, seed: int, report: Callable[[Any], None]) -> Ended:
    form = search.form
    _note(search, report)
    if not _norm(form):
        search.pairs, search.note = [Eigenpairs(np.zeros(0), np.zeros((form.n, 0)), 0.0)], "the matrix is zero"
        return "optimal"
    wanted = min(form.n, form.k + SPARE)
    try:
        theta, V = _pairs(form, wanted, solver.tolerance, seed, clock)
    except _TimeOver:
        return "limit"
    except _no_convergence():
        return "not_converged"
    search.frame = V[:, : form.k]
    search.pairs = _certificates(form, theta, V)
    search.note = _ties(form, theta)
    _note(search, report)
    return "optimal"


def _note(search: EigenSearch, report: Callable[[Any], None]) -> None:
    """Tell whoever follows where the search stands."""
    value = search.form.value(search.frame)
    search.history.append({"round": len(search.history) + 1, "value": value, "bound": None})
    report(search)


def _pairs(form: FrameTrace, wanted: int, tolerance: float, seed: int, clock: Clock) -> tuple[Floats, Floats]:
    """The best eigenvalues, (wanted,), the best first, and their vectors."""
    if form.n <= DENSE or 2 * wanted >= form.n:
        theta, V = _by_lapack(form, wanted, clock)
    else:
        try:
            theta, V = _by_lanczos(form, wanted, tolerance, seed, clock)
        except _TakesLong:
            theta, V = _by_lapack(form, wanted, clock)
    order = np.argsort(-form.sign * theta, kind="stable")[:wanted]
    return theta[order], V[:, order]


def _by_lapack(form: FrameTrace, wanted: int, clock: Clock) -> tuple[Floats, Floats]:
    """Those eigenvalues at least; all of a large matrix in a thread, which the time limit does not wait for."""
    from scipy.linalg import eigh

    matrices: tuple[Any, Any] = form.M, form.B
    M, B = (A.toarray() if issparse(A) else A for A in matrices)
    if form.n > LAPACK and B is None:
        try:
            return abandonable(partial(np.linalg.eigh, M), clock.left)
        except TimeoutError as error:
            raise _TimeOver from error
    last = form.n - 1
    places = (last - wanted + 1, last) if form.sign > 0 else (0, wanted - 1)
    theta, V = eigh(M, B, subset_by_index=None if wanted == form.n else places)
    return theta, V


def _by_lanczos(form: FrameTrace, wanted: int, tolerance: float, seed: int, clock: Clock) -> tuple[Floats, Floats]:
    """Just those; the least ones of a sparse matrix by inverting it, shifted to beyond the least."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    first = np.random.default_rng(seed).standard_normal(form.n)
    sparse = issparse(form.M) and (form.B is None or issparse(form.B))
    left = math.inf if sparse or form.n > LAPACK else PRODUCTS * form.n

    def timed(product: Callable[[Floats], Floats]) -> Any:
        def checked(x: Floats) -> Floats:
            nonlocal left
            left -= 1
            if clock.left <= 0:
                raise _TimeOver
            if left < 0:
                raise _TakesLong
            return np.asarray(product(x))

        return LinearOperator(form.M.shape, matvec=checked, dtype=np.float64)

    if form.sign > 0 or not issparse(form.M):
        side = "LA" if form.sign > 0 else "SA"
        theta, V = eigsh(timed(lambda x: form.M @ x), wanted, form.B, which=side, v0=first, tol=tolerance)
        return theta, V
    given: tuple[Any, Any] = form.M, form.B
    M, B = (None if A is None else A.tocsc() for A in given)
    shift, solve = _inverted(M, B, first)
    theta, V = eigsh(M, wanted, B, sigma=shift, OPinv=timed(solve), v0=first, tol=tolerance)
    return theta, V


def _inverted(M: Any, B: Any, first: Floats) -> tuple[float, Callable[[Floats], Floats]]:
    """A shift below the least eigenvalue of sparse M (by B), and how M - shift B is solved with.

    Just below 0 if M has no eigenvalues there, as has no matrix of formulations.embeddings.
    """
    identity = eye_array(M.shape[0], format="csc") if B is None else B
    near = -BELOW * float(np.asarray(abs(M).sum(axis=1)).max()) / float(identity.diagonal().mean())
    factors = symmetric_factors(M - near * identity)
    if factors is not None and (factors.U.diagonal() > 0).all():
        return near, factors.solve
    from scipy.sparse.linalg import splu

    shift = _below(M, B, first)
    return shift, splu((M - shift * identity).tocsc()).solve


def _below(M: Any, B: Any, first: Floats) -> float:
    """A shift below the least eigenvalue of sparse M (by B), near to it: by Gershgorin's circles, then by inverting."""
    from scipy.sparse.linalg import eigsh

    radius, diagonal = np.asarray(abs(M).sum(axis=1)), M.diagonal()
    size = float(radius.max()) / (1.0 if B is None else float(B.diagonal().mean()))
    low = float((diagonal + np.abs(diagonal) - radius).min()) if B is None else -size
    shift = low - BELOW * size
    for _ in range(REFINED if low < -BELOW * size else 0):
        rough = float(eigsh(M, 1, B, sigma=shift, v0=first, tol=ROUGH, return_eigenvectors=False)[0])
        shift, last = rough - 10 * ROUGH * abs(rough - shift) - BELOW * size, shift
        if abs(shift - last) < CLOSE * size:
            break
    return shift


def _no_convergence() -> type[Exception]:
    """ARPACK's error, loaded only where it may come."""
    from scipy.sparse.linalg import ArpackError

    found: type[Exception] = ArpackError
    return found


def _certificates(form: FrameTrace, theta: Floats, V: Floats) -> list[Eigenpairs]:
    """The pairs above the widest gap from the k-th on; without one those above the k-th, and thresholds near it."""
    if len(theta) == form.n:
        return [Eigenpairs(theta, V, float(theta[-1]))]
    size = _norm(form)
    gaps = np.abs(np.diff(theta))[form.k - 1 :]
    if len(gaps) and gaps.max() > GAP * size:
        c = form.k + int(gaps.argmax())
        return [Eigenpairs(theta[:c], V[:, :c], float(theta[c - 1] + theta[c]) / 2)]
    found = []
    for margin in ABOVE:
        t = float(theta[form.k - 1]) + form.sign * margin * size
        c = int((form.sign * theta > form.sign * t + margin * size).sum())
        if not (form.sign * theta[c:] > form.sign * t).any():
            found.append(Eigenpairs(theta[:c], V[:, :c], t))
    return found


def _norm(form: FrameTrace) -> float:
    """Of the matrix, as far as its eigenvalues are known: Frobenius's norm, by the root of the number of rows."""
    data = form.M.data if issparse(form.M) else form.M
    return float(np.linalg.norm(data)) / math.sqrt(form.n)


def _ties(form: FrameTrace, theta: Floats) -> str:
    """Which eigenvalues are equal, to rounding, so that their vectors are not unique; in a sentence."""
    size = max(_norm(form), 1e-300)
    equal = np.flatnonzero(np.abs(np.diff(theta)) <= GAP * size)
    equal = equal[equal < form.k]
    if not len(equal):
        return ""
    pairs = ", ".join(f"{i + 1} and {i + 2}" for i in equal[:3].tolist()) + (" and more" if len(equal) > 3 else "")
    return f"eigenvalues {pairs} are equal, to rounding: their vectors could be turned into each other"


def _found(search: EigenSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The trace as the judge sees it, and what was found."""
    stats = {
        "order": search.form.n,
        "vectors": search.form.k,
        **account(search, built, clock),
    }
    return Searched(search.problem), Findings(
        solver=Eigen.name,
        ended=ended,
        candidates=[search.frame],
        certificates=[(KIND, pairs) for pairs in search.pairs],
        remark="stopped by its limits" if ended == "limit" else search.note,
        note=search.note,
        stats=stats,
    )
