"""New points on maps: given ones land on themselves, scikit-learn places others there too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from formulations import embedding
from formulations.embeddings import placing
from formulations.embeddings.neighbours import nearest
from solvers import solve

RNG = np.random.default_rng(0)
ANGLE = RNG.uniform(0, 3, 200)
X = np.column_stack([np.cos(ANGLE), np.sin(ANGLE), RNG.uniform(0, 2, 200)])
NEW = np.array([[np.cos(a), np.sin(a), 1.0] for a in (0.5, 1.0, 2.0)])
NEAR = nearest(X, 8)
D = cdist(X, X)


def whole(found: embedding.Map) -> embedding.Map:
    return found


def placed(method: str, new: Any, k: int = 2) -> tuple[Any, Any]:
    """The map, and the new points' places on it."""
    away = cdist(new, X)
    if method == "mds":
        found = solve(embedding.scaling(D, k, whole)).answer
        return found.coordinates, placing.by_distances(D, away, found.coordinates)
    if method == "isomap":
        found = solve(embedding.isomap(NEAR, k, whole)).answer
        paths = placing.lengths_of_paths(NEAR, away)
        return found.coordinates, placing.by_distances(NEAR.paths, paths, found.coordinates)
    if method == "lle":
        found = solve(embedding.locally_linear(X, NEAR, k, whole)).answer
        return found.coordinates, placing.by_averages(X, NEAR, new, away, found.coordinates)
    if method == "laplacian":
        found = solve(embedding.laplacian(NEAR, k, whole)).answer
        return found.coordinates, placing.by_graph(NEAR, away, found.coordinates, found.eigenvalues)
    found = solve(embedding.diffusion(D, NEAR, k, whole)).answer
    width = embedding.kernel_width(NEAR)
    return found.coordinates, placing.by_kernel(D, width, away, found.coordinates, found.eigenvalues)


@pytest.mark.parametrize("method", ["mds", "isomap", "lle", "laplacian", "diffusion"])
def test_given_points_land_on_themselves_and_near_ones_near_by(method: str) -> None:
    there, again = placed(method, X)
    scale = np.abs(there).max()
    assert np.abs(there - again).max() < 1e-8 * scale
    there, moved = placed(method, X[:20] + 1e-9)
    assert np.abs(there[:20] - moved).max() < 0.1 * scale


def test_all_points_of_a_graph_are_means_of_their_neighbours() -> None:
    found = solve(embedding.laplacian(NEAR, 2, whole)).answer
    A = NEAR.joined
    mean = A @ found.coordinates / A.sum(axis=1)[:, None]
    assert np.abs(mean / (1 - found.eigenvalues) - found.coordinates).max() < 1e-9
    one = 17  # were it not of the map, its neighbours would be the same
    away = np.where(np.arange(200) == one, np.inf, D[one])[None]
    again = placing.by_graph(NEAR, away, found.coordinates, found.eigenvalues)
    assert np.abs(again - found.coordinates[one]).max() < 1e-9


@pytest.mark.parametrize("method", ["isomap", "lle"])
def test_others_land_where_scikit_learn_has_them(method: str) -> None:
    manifold = pytest.importorskip("sklearn.manifold")
    if method == "isomap":
        theirs = manifold.Isomap(n_neighbors=8, n_components=2, eigen_solver="dense").fit(X)
    else:
        theirs = manifold.LocallyLinearEmbedding(n_neighbors=8, n_components=2, eigen_solver="dense").fit(X)
    there, ours = placed(method, NEW)
    signs = np.sign((there * theirs.embedding_).sum(axis=0))
    assert np.abs(there - signs * theirs.embedding_).max() < 1e-6 * np.abs(there).max()
    assert np.abs(ours - signs * theirs.transform(NEW)).max() < 1e-6 * np.abs(there).max()


def test_classical_scaling_keeps_distances_of_points_that_fit() -> None:
    there, ours = placed("mds", NEW, 3)
    assert np.abs(cdist(ours, there) - cdist(NEW, X)).max() < 1e-9


def test_coordinates_that_tell_nothing_of_new_points_are_refused() -> None:
    away = cdist(NEW, X)
    with pytest.raises(ValueError, match="coordinate 2 cannot be told of new points"):
        placing.by_graph(NEAR, away, X[:, :2], np.array([0.5, 1.0]))
    with pytest.raises(ValueError, match="coordinate 1 cannot be told of new points"):
        placing.by_kernel(D, 1.0, away, X[:, :2], np.array([0.0, 0.5]))
    flat = np.column_stack([X[:, 0], np.zeros(200)])
    assert not placing.by_distances(D, away, flat)[:, 1].any()
