"""Verified eigenvalues: error bounds, from floating-point computations, for eigenvalues of symmetric matrices.

u is the unit roundoff. Underflow is not accounted for: entries below 1e-290 count as zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array, diags_array

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats


def least_eigenvalues(S: Floats) -> Floats:
    """Proven lower bounds on the least eigenvalues of the symmetric matrices S[0], S[1], ..., float64 (k, n, n).

    If a floating-point Cholesky factorisation of T runs to completion, then lambda_min(T) >= -c trace(T) with
    c = (n + 1) u / (1 - 2 (n + 1) u), whatever the order of the sums (Rump, BIT 2006). Here T = S - g I, with g just
    below the computed eigenvalue, and 2 c covers the rounding of T's diagonal. Where the factorisation fails, the bound
    is that of Gershgorin's circles. float64 (k,), -inf for matrices that are not finite.

    >>> bound = least_eigenvalues(np.array([[[2.0, 1], [1, 2]]]))[0]  # the eigenvalues are 1 and 3
    >>> bool(1 - 1e-13 < bound <= 1)
    True
    """
    n = S.shape[1]
    finite = np.isfinite(S).all(axis=(1, 2))
    with np.errstate(over="ignore", invalid="ignore"):
        diagonal = S[:, np.arange(n), np.arange(n)]
        radius = np.abs(S).sum(axis=2) - np.abs(diagonal)
        proven = (diagonal - radius - 2 * n * ROUNDOFF * (np.abs(diagonal) + radius)).min(axis=1, initial=np.inf)
    proven = np.where(finite & ~np.isnan(proven), proven, -np.inf)
    if not n or not finite.all() or not np.isfinite(proven).all():
        return proven
    try:
        computed = np.linalg.eigvalsh(S)[:, 0]
    except np.linalg.LinAlgError:  # no convergence
        return proven
    c = 4 * (n + 2) * ROUNDOFF
    guess = computed - c * (diagonal - computed[:, None]).clip(0).sum(axis=1) - c * np.abs(computed)
    T = S - guess[:, None, None] * np.eye(n)
    trace = T[:, np.arange(n), np.arange(n)].sum(axis=1)
    for i in np.flatnonzero(_positive_definite(T)):
        proven[i] = max(proven[i], guess[i] - c * max(trace[i], 0) - 2 * ROUNDOFF * abs(guess[i]))
    return proven


def _positive_definite(T: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether the Cholesky factorisation of each matrix runs to completion, bool (k,)."""

    def one(matrix: Floats) -> bool:
        try:
            np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            return False
        return True

    return np.full(len(T), True) if one(T) else np.asarray([one(matrix) for matrix in T])


def spectrum(S: Floats) -> tuple[Floats, float]:
    """The computed eigenvalues of a symmetric S, increasing, and a proven bound on the error of each.

    For computed eigenvectors Q and eigenvalues D, with orthogonality defect d = ||Q'Q - I|| < 1/2, the exact ones lie
    within ||SQ - QD|| / sqrt(1 - d) + d ||D|| of D, one for one (Kahan; Parlett, The Symmetric Eigenvalue Problem,
    11.5, the second term for the polar factor of Q); the norms are Frobenius's, plus the rounding of the products.
    S float64 (n, n), finite; the eigenvalues float64 (n,). The bound is inf if d >= 1/2.

    >>> values, error = spectrum(np.array([[2.0, 1], [1, 2]]))
    >>> values.round(9).tolist(), bool(error < 1e-13)
    ([1.0, 3.0], True)
    """
    n = len(S)
    values, Q = np.linalg.eigh(S)
    rounding = 2 * (n + 2) * ROUNDOFF
    size = float(np.linalg.norm(S))
    defect = float(np.linalg.norm(Q.T @ Q - np.eye(n))) + rounding * (n + 1)
    residual = float(np.linalg.norm(S @ Q - Q * values)) + rounding * (size * np.sqrt(n) + float(np.abs(values).sum()))
    if not defect < 0.5:
        return values, np.inf
    return values, 2 * (residual + defect * (size + float(np.linalg.norm(values))))


def negative_by(T: Floats) -> float:
    """A proven d >= 0 with T + d I positive semidefinite, of a Cholesky factorisation; inf if that breaks down.

    T is float64 (n, n), symmetric; d is (n + 1) u trace(T), nearly (Rump, Verification of positive definiteness, BIT
    2006).

    >>> negative_by(np.array([[2.0, 1], [1, 2]])) < 1e-14, negative_by(np.array([[1.0, 2], [2, 1]]))
    (True, inf)
    """
    try:
        np.linalg.cholesky(T)
    except np.linalg.LinAlgError:
        return np.inf
    return float(2 * (len(T) + 2) * ROUNDOFF * np.trace(T))


def positive_count(A: csr_array) -> tuple[int, float]:
    """c and d: at most c eigenvalues of a symmetric sparse A are above d; (n, inf) if that could not be found out.

    With A = P'(LDL' + E)P there are as many positive eigenvalues of LDL' as positive entries of D (Sylvester), and E
    moves each by at most its norm d (Weyl). The factorisation is SuperLU's with pivots on the diagonal; E is computed,
    so that it need not be believed.

    >>> count, off = positive_count(csr_array(np.diag([1.0, -1.0, 2.0])))
    >>> count, off < 1e-14
    (2, True)
    """
    n, nothing = A.shape[0], (A.shape[0], np.inf)
    lu = symmetric_factors(A)
    if lu is None:
        return nothing
    L, D = csr_array(lu.L), lu.U.diagonal()
    if not np.isfinite(D).all() or not np.isfinite(L.data).all():
        return nothing
    order = np.empty(n, dtype=np.int64)
    order[lu.perm_c] = np.arange(n)
    E = A[order][:, order] - L @ diags_array(D) @ L.T
    size = float((abs(L) @ (np.abs(D) * (abs(L).T @ np.ones(n)))).max(initial=0.0))  # of |L||D||L'|, and so of A
    terms = int(np.diff(L.indptr).max(initial=0)) + 4
    off = float(abs(E).sum(axis=1).max()) + 2 * terms * ROUNDOFF * (size + float(abs(A).sum(axis=1).max()))
    return int((D > 0).sum()), off


def symmetric_factors(A: csr_array | csc_array) -> Any:
    """SuperLU's factors of a sparse symmetric A, their pivots on the diagonal; None if there are none.

    >>> symmetric_factors(csr_array(np.diag([2.0, 4.0]))).solve(np.ones(2)).tolist()
    [0.5, 0.25]
    """
    from scipy.sparse.linalg import splu

    try:
        lu = splu(csc_array(A), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    except RuntimeError:  # exactly singular
        return None
    return lu if (lu.perm_r == lu.perm_c).all() else None
