"""Places on a map that has been made, for points that it was made without.

Each rule says the coordinates of a point by its distances, and gives a point of the map its own place. That of a point
at distance 0 from one of the map is that one's.
"""

from __future__ import annotations

import numpy as np

from formulations.embeddings.local import averages
from formulations.embeddings.neighbours import Neighbours
from formulations.problem import Floats, Ints

SMALLEST = 1e-6  # an eigenvalue by which a rule divides


def by_distances(D: Floats, away: Floats, X: Floats) -> Floats:
    """Places (m, k) of points that are `away` (m, n) from those of a classical map X (n, k) of distances D (n, n).

    y_j = sum_i x_ij (mean of d_i^2 - away_i^2) / 2 l_j, with l_j the sum of x_ij^2 (Gower, Adding a point to vector
    diagrams in multivariate analysis, 1968). Coordinates that are 0 at all points stay so.

    >>> line = np.array([[-1.0], [0.0], [1.0]])
    >>> by_distances(abs(line - line.T), np.array([[1.5, 0.5, 0.5]]), line).tolist()
    [[0.5]]
    """
    sizes = (X**2).sum(axis=0)
    scaled = np.divide(X, 2 * sizes, out=np.zeros_like(X), where=sizes > 0)
    return np.asarray(((D**2).mean(axis=0) - away**2) @ scaled)


def lengths_of_paths(near: Neighbours, away: Floats) -> Floats:
    """Of the shortest paths (m, n) from points that are `away` (m, n), the first step being to one of K nearest."""
    first = nearest_of(away, near.count)
    return np.array([(a[f, None] + near.paths[f]).min(axis=0) for a, f in zip(away, first, strict=True)])


def by_averages(given: Floats, near: Neighbours, new: Floats, away: Floats, X: Floats) -> Floats:
    """Each of the new points (m, p) is the same average of its nearest on the map X (n, k) as among the given (n, p).

    Saul and Roweis, Think globally, fit locally, 2003, section 6.1.
    """
    first = nearest_of(away, near.count)
    apart = given[first] - new[:, None]
    weights = averages(apart / max(float(np.abs(apart).max()), np.finfo(float).tiny))
    return _at_places(away, np.einsum("mk,mkd->md", weights, X[first]), X)


def by_graph(near: Neighbours, away: Floats, X: Floats, eigenvalues: Floats) -> Floats:
    """Each is the mean of its neighbours on the map X (n, k) by 1 - l, as all points of Laplacian eigenmaps are.

    Two are neighbours if one is among the K nearest of the other (Bengio and others, Out-of-sample extensions for LLE,
    Isomap, MDS, eigenmaps, and spectral clustering, 2004). Raises ValueError for an eigenvalue l that is about 1.
    """
    joined = away < near.distance[:, -1]
    np.put_along_axis(joined, nearest_of(away, near.count), True, axis=1)
    mean = joined @ X / joined.sum(axis=1, keepdims=True)
    return _at_places(away, mean / _large(1 - eigenvalues), X)


def by_kernel(D: Floats, width: float, away: Floats, X: Floats, eigenvalues: Floats) -> Floats:
    """Each is the mean of the map X (n, k) by l, weighed by the kernel free of density, as all of a diffusion map are.

    Coifman and Lafon, Geometric harmonics, 2006. Raises ValueError for an eigenvalue l that is about 0.
    """
    kernel = np.exp((away.min(axis=1, keepdims=True) ** 2 - away**2) / width)  # any multiple of a row does as well
    kernel /= np.exp(-(D**2) / width).sum(axis=1)
    return np.asarray(kernel @ X / kernel.sum(axis=1, keepdims=True) / _large(eigenvalues))


def nearest_of(away: Floats, count: int) -> Ints:
    """Which so many are the least away in each row (m, n), the nearest first."""
    return np.asarray(np.argsort(away, axis=1, kind="stable")[:, :count])


def _at_places(away: Floats, found: Floats, X: Floats) -> Floats:
    """What was found, but where a point of the map is at the same place that one's."""
    first = away.argmin(axis=1)
    return np.where(away.min(axis=1, keepdims=True) > 0, found, X[first])


def _large(eigenvalues: Floats) -> Floats:
    """They themselves; raises ValueError if one says too little of points that the map was made without."""
    small = np.flatnonzero(~(eigenvalues > SMALLEST))
    if len(small):
        raise ValueError(
            f"coordinate {small[0] + 1} cannot be told of new points, as it would be divided by "
            f"{eigenvalues[small[0]]:.3g}; ask for fewer coordinates"
        )
    return eigenvalues
