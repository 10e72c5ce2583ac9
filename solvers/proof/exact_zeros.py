"""Vectors that meet linear equations exactly: near which computed vector there is one, and how near.

Floating point can seldom satisfy Z v = r, but it can prove that some vector near v does. For any R with |I - Z R| = e,
e < 1 (greatest sum of a row), v + R (Z R)^-1 (r - Z v) satisfies it, within |R| max |r - Z v| / (1 - e) of v
(Rump, Acta Numerica 19, 2010, section 10).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import qr

from formulations.problem import Floats, Ints

MOST_ENTRIES = 4_000_000  # of a matrix that is inverted
ROUNDING = 1e-15  # of one operation, generously
STEPS, FINEST = 2**5, 2.0**12  # weights of combinations are multiples of 1 / STEPS, entries of 1 / FINEST


def left_inverse(M: Any) -> tuple[Floats, float] | None:
    """R and a bound below 1/2 on the norm of I - R M, max of row sums; None if M has no such R, or is too large.

    From M u = r follows u = R r + (I - R M) u, so that max |u - R r| <= e max |R r| / (1 - e). M sparse (m, n).
    """
    if 0 in M.shape or M.shape[0] < M.shape[1] or M.shape[0] * M.shape[1] > MOST_ENTRIES:
        return None
    M = M.toarray()
    for inverse in (_by_normal_equations, np.linalg.pinv):
        R = inverse(M)
        e = float(_defect(R, M).sum(axis=1).max())
        if e < 0.5:
            return R, e
        if M.size > MOST_ENTRIES / 10:
            return None
    return None


def _by_normal_equations(M: Floats) -> Floats:
    """(M'M)^-1 M', which costs a fraction of what pinv does; zeros where that cannot be."""
    try:
        return np.asarray(np.linalg.solve(M.T @ M, M.T))
    except np.linalg.LinAlgError:
        return np.zeros(M.shape[::-1])


def _defect(R: Floats, M: Floats) -> Floats:
    """|I - R M|, and what rounding may be in it."""
    return np.asarray(np.abs(np.eye(M.shape[1]) - R @ M) + ROUNDING * M.shape[0] * (np.abs(R) @ np.abs(M)))


def independent(Z: Any) -> Ints:
    """Rows of Z, sparse (k, n), that all others are combinations of, exactly; all rows where that cannot be shown.

    >>> from scipy.sparse import csr_array
    >>> len(independent(csr_array([[1.0, -1, 0], [0, 1, -1], [1, 0, -1]])))
    2
    """
    k = Z.shape[0]
    if not k or Z.shape[0] * Z.shape[1] > MOST_ENTRIES:
        return np.arange(k)
    M = Z.toarray().T
    _, R, order = qr(M, mode="economic", pivoting=True)
    diagonal = np.abs(np.diagonal(R))
    rank = int((diagonal > 1e-9 * diagonal.max(initial=0)).sum())
    kept, left = np.sort(order[:rank]), np.sort(order[rank:])
    if not len(left):
        return np.arange(k)
    weights = np.rint(STEPS * np.linalg.lstsq(M[:, kept], M[:, left], rcond=None)[0])
    small = (np.rint(M * FINEST) == M * FINEST).all() and np.abs(M).max() < FINEST and np.abs(weights).max() < FINEST
    exact = small and len(kept) < FINEST and (M[:, kept] @ weights == STEPS * M[:, left]).all()  # no sum is rounded
    return kept if exact else np.arange(k)


def exactly(Z: Any, v: Floats, r: Floats, unsure: Floats | float = 0.0) -> tuple[Floats, Floats] | None:
    """A vector and how far from it, entry by entry, there is one with Z v = r exactly; None if none can be proven.

    Z csr (k, n), of full row rank; v float64 (n,), near which it is sought; r float64 (k,), known up to `unsure`

    >>> from scipy.sparse import csr_array
    >>> v, off = exactly(csr_array([[3.0, 1.0]]), np.array([0.3, 0.0]), np.array([1.0]))
    >>> bool(abs(3 * v[0] + v[1] - 1) < 1e-15 and (off < 1e-13).all())
    True
    """
    if not Z.shape[0]:
        return v, np.zeros(len(v))
    if Z.shape[0] > Z.shape[1] or Z.shape[0] * Z.shape[1] > MOST_ENTRIES:
        return None
    R, sizes = np.linalg.pinv(Z.toarray()), abs(Z)
    e = float(_defect(R.T, Z.toarray().T).sum(axis=0).max())  # of the transpose of I - Z R
    if not e < 0.5:
        return None
    for _ in range(2):
        v = v - R @ (Z @ v - r)
    missed = np.abs(Z @ v - r) + ROUNDING * (Z.shape[1] + 4) * (sizes @ np.abs(v) + np.abs(r)) + unsure
    return v, np.abs(R).sum(axis=1) * float(missed.max()) / (1 - e) * (1 + 1e-12)
