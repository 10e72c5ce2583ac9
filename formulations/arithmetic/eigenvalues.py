"""Eigenvalues with a proof: what a computation in floats shows about the exact eigenvalues of a symmetric matrix.

u is the unit roundoff. Underflow is not accounted for: entries below 1e-290 count as zero.
"""

from __future__ import annotations

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats


def least_eigenvalues(S: Floats) -> Floats:
    """Numbers that the least eigenvalues of the symmetric S[0], S[1], ... are proven not to lie below.

    If Cholesky's factorisation of a matrix T runs to its end in floats, then lambda_min(T) >= -c trace(T) with
    c = (n + 1) u / (1 - 2 (n + 1) u), whatever the order of the sums (Rump, BIT 2006); here T = S - g I, with g just
    below the computed eigenvalue, and 2 c for the rounding of T's diagonal. Where the factorisation fails, Gershgorin's
    circles give a weaker number. S float64 (k, n, n); float64 (k,), -inf for matrices that are not finite.
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
    """Of which matrices the factorisation runs to its end."""

    def one(matrix: Floats) -> bool:
        try:
            np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            return False
        return True

    return np.full(len(T), True) if one(T) else np.asarray([one(matrix) for matrix in T])


def spectrum(S: Floats) -> tuple[Floats, float]:
    """The eigenvalues of a symmetric S in rising order, and how far from the exact ones they may be at most.

    For computed eigenvectors Q and eigenvalues D, with orthogonality defect d = ||Q'Q - I|| < 1/2, the exact ones lie
    within ||SQ - QD|| / sqrt(1 - d) + d ||D|| of D, one for one (Kahan; Parlett, The Symmetric Eigenvalue Problem,
    11.5, the second term for the polar factor of Q); the norms are Frobenius's, plus the rounding of the products.
    S float64 (n, n), finite; float64 (n,).
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
