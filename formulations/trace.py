"""The trace over orthonormal frames: one problem behind principal components, scaling, maps and spectral clustering.

    maximize    tr(Y'MY)                    or minimize
    over        Y, an n x k frame
    subject to  Y'BY = I

for a symmetric M and a positive definite B, I where there is none. It is not convex, and yet solved: the optimum is the
sum of the k largest (smallest) eigenvalues of M x = l B x, at their eigenvectors (Fan, On a theorem of Weyl concerning
eigenvalues of linear transformations, 1949). A bound needs no eigenvalue to be exact: formulations.arithmetic.frames
says what approximate eigenpairs prove, and counts the eigenvalues beyond a threshold so that none is missed.

With P = YY' and B = I this is the linear program over the convex hull of all projections of rank k, the Fantope:

    maximize    tr(MP)
    subject to  tr P = k                    "trace"
                P <= I                      "at most 1"         in the order of positive semidefinite matrices
                P >= 0                      "at least 0"

which has the same optimum, so that the relaxation is exact (Overton and Womersley, On the sum of the largest
eigenvalues of a symmetric matrix, 1992). Its dual: minimize k t + tr Z over Z >= 0 with M <= t I + Z; the best for a t
is k t + sum of (l_i - t)+. Any symmetric Z proves a bound, with t the largest eigenvalue of M - Z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, diags_array, issparse

from formulations.arithmetic.eigenvalues import least_eigenvalues
from formulations.arithmetic.frames import FrameTrace
from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats, Problem, SearchProblem, WeakDual

if TYPE_CHECKING:
    from scipy.sparse import sparray

KIND = "eigenvalues, counted"
MAX_MAGNITUDE = 1e100  # of an entry, so that products are finite
ASYMMETRY = 1e-8  # of the largest entry: a difference of M_ij and M_ji that is attributed to rounding
RELAXED = 60  # rows up to which the problem is stated as a semidefinite program as well
LARGEST = 1 - 1e-6  # of the largest entry of a vector: another one from there on counts as largest too


@dataclass(frozen=True, eq=False)
class Frame:
    """An optimal frame: its vectors, the columns of Y (n, k), the best first, and y'My of each, (k,).

    The first of the largest entries of each vector is positive.
    """

    Y: Floats
    eigenvalues: Floats


def optimal_trace(
    M: ArrayLike | sparray,
    k: int,
    sense: Literal["maximize", "minimize"] = "maximize",
    B: ArrayLike | sparray | None = None,
    *,
    error: float = 0.0,
    answer: Callable[[Frame], Any] | None = None,
) -> SearchProblem:
    """The frame of k vectors with the largest, or smallest, trace; its answer is Y, or what `answer` makes of a Frame.

    M      symmetric (n, n), dense or sparse, finite; of one that is not quite symmetric only (M + M')/2 matters
    B      positive definite (n, n), or its diagonal (n,); by default I
    error  how far M may be from the matrix that is meant, in Frobenius's norm; the bound allows for it
    Raises ValueError for what is none of this, and unless 1 <= k <= n.

    >>> from solvers import solve
    >>> found = solve(optimal_trace([[2, 1, 0], [1, 2, 0], [0, 0, 1]], 1))
    >>> found.status, round(found.value, 9), np.round(found.answer, 4).tolist()
    ('optimal', 3.0, [[0.7071], [0.7071], [0.0]])
    """
    A, asymmetry = _symmetric(M, "M")
    n = A.shape[0]
    if not 1 <= k <= n:
        raise ValueError(f"a frame of {k} vectors does not fit {n} dimensions; ask for 1 to {n}")
    if sense not in ("maximize", "minimize"):
        raise ValueError(f"the sense is {sense!r}; choose 'maximize' or 'minimize'")
    if not 0 <= error <= MAX_MAGNITUDE:
        raise ValueError(f"the error is {error}; it must be a finite number from 0")
    metric, scale = _metric(B, n)
    form = FrameTrace(A, k, 1 if sense == "maximize" else -1, metric, error + asymmetry)
    if scale is not None:
        form = _scaled(form, scale)

    def relaxed() -> Problem:
        """The Fantope's program; its answer is a frame that spans what the best projection does."""
        return replace(fantope(A, k, sense), answer=lambda values: shown(frame_of(form, _spanning(values["P"], k))))

    shown = (lambda frame: frame.Y) if answer is None else answer
    return SearchProblem(
        sense=sense,
        objective=form,
        broken=form.broken,
        membership="Y'BY = I" if B is not None else "Y'Y = I",
        answer=lambda Y: shown(frame_of(form, Y, scale)),
        values=lambda Y: {"frame": (found := frame_of(form, Y, scale)).Y, "eigenvalues": found.eigenvalues},
        weak_duals=[WeakDual(KIND, None, form.bound)],
        model=relaxed if B is None and not form.error and n <= RELAXED else None,
        maths={
            sense: r"\operatorname{tr}(Y^{\top} M Y)",
            "over": rf"Y \in \mathbb{{R}}^{{{n} \times {k}}}",
            "subject to": r"Y^{\top} B Y = I" if B is not None else r"Y^{\top} Y = I",
        },
    )


def fantope(M: ArrayLike | sparray, k: int, sense: Literal["maximize", "minimize"] = "maximize") -> Problem:
    """The semidefinite program over the Fantope, for small M; its answer is P, float64 (n, n).

    >>> from solvers import solve
    >>> round(solve(fantope([[2, 1, 0], [1, 2, 0], [0, 0, 1]], 2), "clarabel").value, 6)
    4.0
    """
    import cvxpy as cp

    A, _ = _symmetric(M, "M")
    A = A.toarray() if issparse(A) else A
    n, sign = len(A), 1 if sense == "maximize" else -1
    P: Any = cp.Variable((n, n), name="P", symmetric=True)
    total = cp.trace(A @ P)  # type: ignore[attr-defined]
    return Problem(
        objective=cp.Maximize(total) if sign > 0 else cp.Minimize(total),
        subject_to={
            "trace": cp.trace(P) == k,  # type: ignore[attr-defined]
            "at most 1": P << np.eye(n),
            "at least 0": P >> 0,
        },
        answer=lambda values: values["P"],
        repair=lambda values: {"P": _projected(values["P"], k)},
        dual_function=lambda listed: sign * fantope_bound(sign * A, k, listed["at most 1"]),
        size=lambda values: max(abs(float((A * values["P"]).sum())), k * float(np.linalg.norm(A)) / n**0.5),
    )


def fantope_bound(M: Floats, k: int, Z: Floats) -> float:
    """What any symmetric Z (n, n) proves: tr(MP) <= k t + tr Z on the Fantope, t the largest eigenvalue of M - Z.

    Where Z is not quite positive semidefinite it is shifted until it is. Both eigenvalues are proven bounds.

    >>> round(fantope_bound(np.diag([3.0, 2, 1]), 2, np.diag([1.0, 0, 0])), 9)
    5.0
    """
    half = (Z + Z.T) / 2
    least = least_eigenvalues(np.stack([half, half - M]))
    shift, t = max(0.0, -float(least[0])), -float(least[1])
    rounding = 4 * len(M) * ROUNDOFF * (float(np.abs(half).sum()) + float(np.abs(M).sum()))
    return float(k * t + np.trace(half) + (len(M) - k) * shift + rounding)


def frame_of(form: FrameTrace, Y: Floats, scale: Floats | None = None) -> Frame:
    """The frame that spans what Y does, its vectors turned so that Y'MY is diagonal, sorted and with their signs fixed.

    scale  what each row is multiplied by at the end, (n,)
    """
    Q = form.repaired(Y)
    values, turn = np.linalg.eigh(Q.T @ (form.M @ Q))
    order = np.argsort(-form.sign * values, kind="stable")
    turned = Q @ turn[:, order]
    return Frame(with_signs(turned if scale is None else scale[:, None] * turned), values[order])


def with_signs(V: Floats) -> Floats:
    """The columns, each with the sign by which the first of its largest entries is positive; float64 (n, k).

    >>> with_signs(np.array([[-3.0, 1.0], [2.0, -1.0]])).tolist()
    [[3.0, 1.0], [-2.0, -1.0]]
    """
    size = np.abs(V)
    first = (size >= LARGEST * size.max(axis=0, initial=0.0)).argmax(axis=0)
    signs = np.where(V[first, np.arange(V.shape[1])] < 0, -1.0, 1.0)
    return V * signs + 0.0


def _spanning(P: Floats, k: int) -> Floats:
    """The k eigenvectors of the largest eigenvalues of P, (n, k)."""
    return np.asarray(np.linalg.eigh(P)[1][:, -k:])


def _symmetric(M: Any, name: str) -> tuple[Any, float]:
    """The symmetric part, dense or csr, and by how much it may be rounded; raises ValueError for what is not square."""
    A = csr_array(M, dtype=np.float64) if issparse(M) else np.asarray(M, dtype=np.float64)
    if A.ndim != 2 or A.shape[0] != A.shape[1] or not A.shape[0]:
        raise ValueError(f"{name} has shape {A.shape}; give a square matrix")
    largest = float(np.abs(A.data if issparse(A) else A).max(initial=0.0))
    if not largest <= MAX_MAGNITUDE:
        raise ValueError(f"an entry of {name} is {largest:g} in size; give finite numbers within {MAX_MAGNITUDE:g}")
    off = float(abs(A - A.T).max())
    if off > ASYMMETRY * largest:
        raise ValueError(f"{name} is not symmetric: two entries that should be equal are {off:g} apart")
    if not off:
        return A, 0.0
    half = (A + A.T) / 2
    return half, 2 * ROUNDOFF * float(np.linalg.norm(half.data if issparse(half) else half))


def _metric(B: Any, n: int) -> tuple[Floats | csr_array | None, Floats | None]:
    """B where it is a matrix, and B^(-1/2), (n,), where it is a diagonal; raises ValueError if it is not positive."""
    if B is None:
        return None, None
    if issparse(B) and B.shape == (n, n) and not (B - diags_array(B.diagonal())).count_nonzero():
        B = B.diagonal()
    if not issparse(B) and np.ndim(B) == 1:
        diagonal = np.asarray(B, dtype=np.float64)
        if diagonal.shape != (n,) or not ((diagonal > 0) & (diagonal <= MAX_MAGNITUDE)).all():
            raise ValueError(f"the diagonal B must have {n} finite entries above 0; a vertex without edges has none")
        return None, 1 / np.sqrt(diagonal)
    A, _ = _symmetric(B, "B")
    if A.shape[0] != n:
        raise ValueError(f"B has shape {A.shape} and M {n} rows; give them the same")
    return A, None


def _scaled(form: FrameTrace, scale: Floats) -> FrameTrace:
    """The same for the rows of B^(1/2) Y: M becomes B^(-1/2) M B^(-1/2), each entry rounded by some 4 u."""
    M: Any = form.M
    scaled = csr_array(diags_array(scale) @ M @ diags_array(scale)) if issparse(M) else scale[:, None] * M * scale
    scaled = (scaled + scaled.T) / 2
    rounding = 10 * ROUNDOFF * float(np.linalg.norm(scaled.data if issparse(scaled) else scaled))
    return replace(form, M=scaled, error=rounding + form.error * float(scale.max()) ** 2, scale=scale)


def _projected(P: Floats, k: int) -> Floats:
    """The point of the Fantope nearest to a symmetric P: eigenvalues become those of [0, 1] that sum to k."""
    values, Q = np.linalg.eigh((P + P.T) / 2)
    low, high = values.min() - 1, values.max()
    for _ in range(100):
        shift = (low + high) / 2
        low, high = (shift, high) if (values - shift).clip(0, 1).sum() > k else (low, shift)
    return np.asarray((Q * (values - low).clip(0, 1)) @ Q.T)
