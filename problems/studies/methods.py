"""The methods of problems.embedding: what each is called, what it needs, and the problem that it states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from formulations.embedding import Map
    from formulations.embeddings.neighbours import Neighbours
    from formulations.problem import Floats, SearchProblem
    from problems.studies.points import Points


@dataclass(frozen=True)
class Method:
    """One of them.

    title            in pictures and reports
    neighbours       of each point in the graph that it is of, unless others are asked for; 0 if of all distances
    measurements     whether it compares these, and not distances alone
    keeps_distances  whether coordinates are a frame times the roots of eigenvalues, so that distances are kept
    """

    title: str
    neighbours: int = 10
    measurements: bool = False
    keeps_distances: bool = False


METHODS = {
    "mds": Method("Classical scaling", neighbours=0, keeps_distances=True),
    "smacof": Method("Metric scaling", neighbours=0),
    "isomap": Method("Isomap", keeps_distances=True),
    "sdp": Method("Maximum variance unfolding", neighbours=5),
    "lle": Method("Locally linear embedding", measurements=True),
    "laplacian": Method("Laplacian eigenmaps"),
    "hessian": Method("Hessian eigenmaps", measurements=True),
    "ltsa": Method("Tangent space alignment", measurements=True),
    "diffusion": Method("Diffusion maps"),
    "tsne": Method("t-SNE", neighbours=0),
}


def stated(
    method: str, points: Points, near: Neighbours | None, k: int, perplexity: int | None = None
) -> SearchProblem:
    """The problem of a method; its answer is a Map. Raises ValueError for what has none."""
    from formulations import embedding

    def whole(found: Map) -> Map:
        return found

    def first(X: Floats) -> Map:
        return first_of(X, k)

    if method == "smacof":
        from formulations.stress import stress

        return stress(points.distances, k, first)
    if method == "tsne":
        from formulations.tsne import tsne

        return tsne(points.distances, k, perplexity, first)
    if near is None:
        return embedding.scaling(points.distances, k, whole)
    if method == "sdp":
        from formulations.unfolding import unfolding

        embedding.refuse_dimensions(points.n, k)
        return unfolding(near, first)
    if points.values is not None and METHODS[method].measurements:
        of_points = {
            "lle": embedding.locally_linear,
            "hessian": embedding.hessian,
            "ltsa": embedding.tangent_alignment,
        }
        return of_points[method](points.values, near, k, whole)
    if method == "diffusion":
        return embedding.diffusion(points.distances, near, k, whole)
    return (embedding.isomap if method == "isomap" else embedding.laplacian)(near, k, whole)


def first_of(X: Floats, k: int) -> Map:
    """The first k coordinates of X (n, p), 0 where it has no more, and their sums of squares.

    >>> import numpy as np
    >>> first_of(np.array([[1.0], [-1.0]]), 2).coordinates.tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    """
    import numpy as np

    from formulations.embedding import Map

    found = np.zeros((len(X), k))
    found[:, : X.shape[1]] = X[:, :k]
    return Map(found, (found**2).sum(axis=0))
