r"""Maps of points, given by measurements or by distances: each method is a trace over frames with its own M and B.

    minimize    tr(Y'MY)                    or maximize
    over        Y, an n x k frame           k coordinates of n points
    subject to  Y'BY = I

    method                                 M                                    B     sense     coordinates
    classical scaling (Torgerson 1952)     -J D^2 J / 2                         I     maximize  Y sqrt(l)
    Isomap (Tenenbaum 2000)                the same of lengths of paths         I     maximize  Y sqrt(l)
    diffusion maps (Coifman, Lafon 2006)   K, a kernel free of density          K1    maximize  Y l
    Laplacian eigenmaps (Belkin 2003)      diag(A1) - A, A the neighbour graph  A1    minimize  Y
    locally linear (Roweis, Saul 2000)     (I - W)'(I - W), W barycentric       I     minimize  Y
    tangent alignment (Zhang, Zha 2004)    sum of I - GG' by neighbourhood      I     minimize  Y
    Hessian eigenmaps (Donoho 2003)        sum of HH' by neighbourhood          I     minimize  Y

D^2 are squared distances, J = I - 11'/n takes means off, l are the eigenvalues of M x = l B x. The first two keep
distances as well as k dimensions can: they minimize the strain ||M - XX'||, Frobenius's norm. The others keep what
neighbours say of each other (formulations.embeddings.local). Of these the best frame has a constant column, which tells
nothing: constants have the best value that there is, 0, or 1 of diffusion, at which every connected graph has no
others. The frame is therefore asked for with k + 1 columns, and the answer is the part of its span that is
orthogonal, by B, to constants. All bounds are as formulations.trace says, for M as it is in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import diags_array

from formulations.embeddings.local import barycentric, hessians, tangents
from formulations.embeddings.neighbours import Neighbours
from formulations.problem import Floats, SearchProblem
from formulations.trace import MAX_MAGNITUDE, Frame, optimal_trace, with_signs

MOST = 6_000  # points of which the distances between all pairs are in memory, several times
MOST_SQUARED = MAX_MAGNITUDE**0.5  # a distance, whose square is an entry
NOISE = 1e-12  # of the largest eigenvalue: less is the rounding of 0, and its coordinates are
LEAST = 1e-100  # a largest distance: squares of less would underflow


@dataclass(frozen=True, eq=False)
class Map:
    """Coordinates (n, k) of points, the most telling first, and the eigenvalue of each, (k,)."""

    coordinates: Floats
    eigenvalues: Floats


Answer = Callable[[Map], Any]


def _coordinates(found: Map) -> Floats:
    return found.coordinates


def scaling(D: ArrayLike, k: int, answer: Answer = _coordinates) -> SearchProblem:
    """Classical scaling of distances D (n, n); the answer is the coordinates, centred, or what `answer` makes of a Map.

    Coordinates are 0 from where no eigenvalue is positive, which for distances that no points have may come early.
    Raises ValueError for what are no distances, and unless 1 <= k < n.

    >>> from solvers import solve
    >>> found = solve(scaling([[0, 3, 4], [3, 0, 5], [4, 5, 0]], 2))
    >>> X = found.answer
    >>> found.status, [round(float(np.linalg.norm(X[i] - X[j])), 9) for i, j in ((0, 1), (0, 2), (1, 2))]
    ('optimal', [3.0, 4.0, 5.0])
    """
    S = checked_distances(D) ** 2
    refuse_dimensions(len(S), k)
    means = S.mean(axis=1)
    M = -0.5 * (S - means - means[:, None] + means.mean())

    def scaled(frame: Frame) -> Any:
        values = frame.eigenvalues
        sizes = np.sqrt(np.where(values > NOISE * values[0], values, 0.0))
        return answer(Map(frame.Y * sizes, values))

    return optimal_trace((M + M.T) / 2, k, "maximize", answer=scaled)


def isomap(near: Neighbours, k: int, answer: Answer = _coordinates) -> SearchProblem:
    """Classical scaling of the lengths of shortest paths between neighbours; Tenenbaum, de Silva and Langford, 2000.

    Raises ValueError where the graph of neighbours is not connected.

    >>> from solvers import solve
    >>> from formulations.embeddings.neighbours import nearest
    >>> X = np.array([[0.0, 0], [1, 0], [1, 1], [2, 1]])  # a path of three steps
    >>> found = solve(isomap(nearest(X, 1), 1))
    >>> found.status, np.abs(np.diff(found.answer[:, 0])).round(9).tolist()
    ('optimal', [1.0, 1.0, 1.0])
    """
    near.refuse_parts()
    refuse_size(near.n)
    return scaling(near.paths, k, answer)


def diffusion(D: ArrayLike, near: Neighbours, k: int, answer: Answer = _coordinates) -> SearchProblem:
    """Diffusion maps after one step of the walk with kernel exp(-d^2 / e), e the median squared distance to the K-th.

    The kernel is divided by its sums of rows and columns, so that the density of points does not matter (a = 1 in
    Coifman and Lafon, Diffusion maps, 2006); distances of coordinates are those between the walk's laws.
    """
    S = checked_distances(D) ** 2
    refuse_dimensions(len(S), k)
    kernel = np.exp(-S / kernel_width(near))
    density = kernel.sum(axis=1)
    kernel /= density[:, None] * density
    weight = kernel.sum(axis=1)

    def after_a_step(found: Map) -> Any:
        return answer(Map(found.coordinates * np.sqrt(weight.sum()) * found.eigenvalues, found.eigenvalues))

    return optimal_trace(
        kernel, k + 1, "maximize", weight, answer=lambda frame: after_a_step(without_constants(frame, weight))
    )


def kernel_width(near: Neighbours) -> float:
    """The median squared distance to the K-th neighbour; raises ValueError if it is 0."""
    width = float(np.median(near.distance[:, -1] ** 2))
    if not width:
        raise ValueError(
            f"more than half of all points have {near.count} others at the same place; give more neighbours"
        )
    return width


def laplacian(near: Neighbours, k: int, answer: Answer = _coordinates) -> SearchProblem:
    """Laplacian eigenmaps of the graph of neighbours, all edges alike; Belkin and Niyogi, 2003.

    >>> from solvers import solve
    >>> from formulations.embeddings.neighbours import nearest
    >>> found = solve(laplacian(nearest(np.arange(4.0)[:, None], 1), 1))
    >>> found.status, found.answer[:, 0].round(4).tolist()
    ('optimal', [0.5774, 0.2887, -0.2887, -0.5774])
    """
    near.refuse_parts()
    A = near.joined
    degrees = np.asarray(A.sum(axis=1), dtype=np.float64)
    return _least(diags_array(degrees) - A, degrees, k, answer)


def locally_linear(X: ArrayLike, near: Neighbours, k: int, answer: Answer = _coordinates) -> SearchProblem:
    """Locally linear embedding of points X (n, p): each is to be the same average of its neighbours as in X."""
    near.refuse_parts()
    return _least(barycentric(_unit(X), near), np.ones(near.n), k, answer)


def tangent_alignment(X: ArrayLike, near: Neighbours, k: int, answer: Answer = _coordinates) -> SearchProblem:
    """Local tangent space alignment of points X (n, p): near each point Y is to be affine in tangent coordinates."""
    near.refuse_parts()
    return _least(tangents(_unit(X), near, k), np.ones(near.n), k, answer)


def hessian(X: ArrayLike, near: Neighbours, k: int, answer: Answer = _coordinates) -> SearchProblem:
    """Hessian eigenmaps of points X (n, p): Y is to have no second derivatives along the surface."""
    near.refuse_parts()
    return _least(hessians(_unit(X), near, k), np.ones(near.n), k, answer)


def _least(M: Any, B: Floats, k: int, answer: Answer) -> SearchProblem:
    """The frame with k columns besides the constant one."""
    refuse_dimensions(len(B), k)
    metric = None if (B == 1).all() else B
    return optimal_trace(M, k + 1, "minimize", metric, answer=lambda frame: answer(without_constants(frame, B)))


def without_constants(frame: Frame, B: Floats) -> Map:
    """The part of the frame's span that is orthogonal to constants by the diagonal B (n,), turned to eigenvectors.

    Among equal eigenvalues the constant vector is nowhere by itself, so that none of the columns can be left out.

    >>> found = without_constants(Frame(np.eye(2), np.zeros(2)), np.ones(2))
    >>> found.coordinates.round(4).tolist()
    [[0.7071], [-0.7071]]
    """
    constant = frame.Y.T @ B
    others = np.linalg.svd(constant[None])[2][1:].T
    values, turn = np.linalg.eigh((others.T * frame.eigenvalues) @ others)
    order = slice(None) if frame.eigenvalues[0] <= frame.eigenvalues[-1] else slice(None, None, -1)
    return Map(with_signs(frame.Y @ (others @ turn[:, order])), values[order])


def checked_distances(D: ArrayLike) -> Floats:
    """Distances as float64 (n, n), within rounding symmetric; raises ValueError for what are none.

    >>> checked_distances([[0, -1], [-1, 0]])
    Traceback (most recent call last):
        ...
    ValueError: the distance of points 1 and 2 is -1; distances are finite numbers from 0
    """
    A = np.array(D, dtype=np.float64)
    if A.ndim != 2 or A.shape[0] != A.shape[1] or len(A) < 2:
        raise ValueError(f"distances have shape {A.shape}; give a square matrix, of 2 points at least")
    refuse_size(len(A))
    bad = np.argwhere(~((A >= 0) & (A <= MOST_SQUARED)))
    if len(bad):
        i, j = bad[0].tolist()
        what = f"finite numbers from 0{'' if not A[i, j] > MOST_SQUARED else f' to {MOST_SQUARED:g}'}"
        raise ValueError(f"the distance of points {i + 1} and {j + 1} is {A[i, j]:g}; distances are {what}")
    if A.diagonal().any():
        i = int(np.flatnonzero(A.diagonal())[0])
        raise ValueError(f"point {i + 1} is {A[i, i]:g} away from itself; give 0 on the diagonal")
    if not A.max() > LEAST:
        raise ValueError("all points are at the same place: no distance is above 0; give points that differ")
    if np.abs(A - A.T).max() > 1e-8 * A.max():
        raise ValueError("the distance from one point to another is not that back; give a symmetric matrix")
    return (A + A.T) / 2


def checked_points(X: ArrayLike) -> Floats:
    """Points as float64 (n, p); raises ValueError unless they are finite, and not all at the same place.

    >>> checked_points([[1.0, 2.0], [1.0, 2.0]])
    Traceback (most recent call last):
        ...
    ValueError: all points are at the same place; give points that differ
    """
    A = np.asarray(X, dtype=np.float64)
    if A.ndim != 2 or len(A) < 2 or not A.shape[1]:
        raise ValueError(f"points have shape {A.shape}; give a table, of 2 points at least")
    largest = float(np.abs(A).max())
    if not largest <= MOST_SQUARED:
        raise ValueError(f"a number is {largest:g} in size; give finite ones within {MOST_SQUARED:g}")
    widest = float(np.ptp(A, axis=0).max())
    if not widest > LEAST:
        what = f"differ by {widest:g} at most; give them in a smaller unit" if widest else "are at the same place"
        raise ValueError(f"all points {what}{'' if widest else '; give points that differ'}")
    return A


def _unit(X: ArrayLike) -> Floats:
    """The points around their middle, in units of the widest coordinate; no method minds."""
    A = checked_points(X)
    return np.asarray((A - A.mean(axis=0)) / float(np.ptp(A, axis=0).max()))


def refuse_dimensions(n: int, k: int) -> None:
    """Raise ValueError unless there are fewer dimensions than points, and one at least."""
    if not 1 <= k < n:
        raise ValueError(f"{n:,} points have no map in {k:,} dimensions; ask for 1 to {n - 1:,}")


def refuse_size(n: int) -> None:
    """Raise ValueError for too many points."""
    if n > MOST:
        raise ValueError(f"{n:,} points have too many distances for memory; give {MOST:,} at most")
