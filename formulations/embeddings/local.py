"""What each neighbourhood says of coordinates Y, as a matrix M (n, n), sparse: y'My is how much y contradicts it.

Every M is positive semidefinite, and M1 = 0: constant coordinates contradict nothing.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array

from formulations.embeddings.neighbours import Neighbours
from formulations.problem import Floats, Ints

REGULAR = 1e-3  # of a Gram matrix's trace, added to its diagonal: weights are not unique in fewer dimensions than K
FLAT = 1e-8  # a direction counts as missing from there on, relative to the longest
CELLS = 2_000_000  # of the differences that are in memory at a time


def barycentric(X: Floats, near: Neighbours) -> csr_array:
    """(I - W)'(I - W), where x_i is nearest to sum_j w_ij x_j over neighbours j, sum_j w_ij = 1.

    Roweis and Saul, Nonlinear dimensionality reduction by locally linear embedding, 2000.

    >>> from formulations.embeddings.neighbours import nearest
    >>> X = np.arange(5.0)[:, None]
    >>> M = barycentric(X, nearest(X, 2))
    >>> y = np.array([0.0, 1.0, 0.0, 1.0, 0.0])
    >>> round(float(X[:, 0] @ M @ X[:, 0]), 3), round(float(y @ M @ y), 1)
    (0.0, 10.9)
    """
    n = near.n
    weights = np.empty(near.index.shape)
    for rows in _some(X, near):
        weights[rows] = averages(X[near.index[rows]] - X[rows, None])
    W = csr_array((weights.ravel(), near.graph.indices, near.graph.indptr), shape=(n, n))
    A = csr_array(eye_array(n) - W)
    return csr_array(A.T @ A)


def averages(C: Floats) -> Floats:
    """Weights (m, K) of sum 1 with which others, (m, K, p) away, have an average near each of m points.

    >>> averages(np.array([[[-1.0], [1.0]]])).round(9).tolist()
    [[0.5, 0.5]]
    """
    K = C.shape[1]
    G = C @ C.transpose(0, 2, 1)
    trace = np.trace(G, axis1=1, axis2=2)
    G[:, np.arange(K), np.arange(K)] += REGULAR * np.where(trace > 0, trace, 1.0)[:, None]
    w = np.linalg.solve(G, np.ones((len(G), K, 1)))[:, :, 0]
    return np.asarray(w / w.sum(axis=1, keepdims=True))


def tangents(X: Floats, near: Neighbours, k: int) -> csr_array:
    """The sum of (I - GG') over neighbourhoods, G an orthonormal basis of 1 and the k main directions of theirs.

    It is what is left of y in a neighbourhood after its best affine function of tangent coordinates. Zhang and Zha,
    Principal manifolds and nonlinear dimension reduction via tangent space alignment, 2004. Raises ValueError where a
    neighbourhood has fewer directions.
    """
    K = near.count
    if k >= K:
        raise ValueError(f"tangents in {k} dimensions need more than {k} neighbours, and there are {K}; give more")
    index, blocks = _together(near), np.empty((near.n, K, K))
    for rows in _some(X, near):
        U = _directions(X, index, rows, k)
        G = _basis(U, rows)
        blocks[rows] = np.eye(K) - G @ G.transpose(0, 2, 1)
    return _assembled(index, blocks)


def hessians(X: Floats, near: Neighbours, k: int) -> csr_array:
    """The sum of HH' over neighbourhoods, H the part of squares and products of tangent coordinates that is not affine.

    H'y estimates the second derivatives of y. Donoho and Grimes, Hessian eigenmaps, 2003. Raises ValueError as
    tangents() does, and for fewer neighbours than there are coefficients.
    """
    K, needed = near.count, 1 + k + k * (k + 1) // 2
    if needed > K:
        raise ValueError(f"second derivatives in {k} dimensions need {needed} neighbours, and there are {K}; give more")
    first, second = np.triu_indices(k)
    index, blocks = _together(near), np.empty((near.n, K, K))
    for rows in _some(X, near):
        U = _directions(X, index, rows, k)
        H = _basis(np.concatenate([U, U[:, :, first] * U[:, :, second]], axis=2), rows)[:, :, 1 + k :]
        blocks[rows] = H @ H.transpose(0, 2, 1)
    return _assembled(index, blocks)


def _together(near: Neighbours) -> Ints:
    """The neighbourhoods, (n, K); a point that is in nobody's takes the last place of its own, so that none is free."""
    index = near.index.copy()
    while len(free := np.flatnonzero(np.bincount(index.ravel(), minlength=near.n) == 0)):
        index[free, -1] = free
    return index


def _some(X: Floats, near: Neighbours) -> list[slice]:
    """Rows, so many at a time that their neighbourhoods fit."""
    size = max(1, CELLS // (near.count * max(X.shape[1], near.count)))
    return [slice(at, min(at + size, near.n)) for at in range(0, near.n, size)]


def _directions(X: Floats, index: Ints, rows: slice, k: int) -> Floats:
    """The coordinates of each neighbourhood in its k main directions, to length 1, (m, K, k)."""
    C = X[index[rows]]
    C = C - C.mean(axis=1, keepdims=True)
    if X.shape[1] > index.shape[1]:  # C'C would be larger than CC'
        squares, U = np.linalg.eigh(C @ C.transpose(0, 2, 1))
        U, sizes = U[:, :, ::-1], np.sqrt(squares[:, ::-1].clip(0))
    else:
        U, sizes, _ = np.linalg.svd(C, full_matrices=False)
    directions = (sizes > FLAT * sizes[:, :1]).sum(axis=1) if sizes.shape[1] else np.zeros(len(C))
    few = np.flatnonzero(directions < k)
    if len(few):
        raise ValueError(
            f"the {index.shape[1]} neighbours of point {rows.start + int(few[0]) + 1} differ in "
            f"{int(directions[few[0]])} directions only, and in {k} dimensions {k} are needed; give more neighbours, "
            "or ask for fewer dimensions"
        )
    return np.asarray(U[:, :, :k])


def _basis(columns: Floats, rows: slice) -> Floats:
    """An orthonormal basis of 1 and the columns (m, K, c), in this order, (m, K, 1 + c)."""
    m, K, _ = columns.shape
    A = np.concatenate([np.ones((m, K, 1)), columns], axis=2)
    Q, R = np.linalg.qr(A)
    left = np.abs(np.diagonal(R, axis1=1, axis2=2)) / np.linalg.norm(A, axis=1)
    few = np.flatnonzero(left.min(axis=1) < FLAT)
    if len(few):
        raise ValueError(
            f"the {K} neighbours of point {rows.start + int(few[0]) + 1} lie so regularly that second derivatives "
            "cannot be told from them; give more neighbours"
        )
    return np.asarray(Q)


def _assembled(index: Ints, blocks: Floats) -> csr_array:
    """The sum of blocks (n, K, K) at the rows and columns of each neighbourhood, (n, n)."""
    n, K = index.shape
    across = np.repeat(index, K, axis=1).ravel()
    down = np.tile(index, (1, K)).ravel()
    return csr_array(coo_array((blocks.ravel(), (across, down)), shape=(n, n)))
