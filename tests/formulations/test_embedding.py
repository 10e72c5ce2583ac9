"""Maps of points: each method against scikit-learn or the text of its paper; lies and degenerate points are caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.linalg import eigh, subspace_angles
from scipy.sparse.csgraph import dijkstra
from scipy.spatial.distance import cdist

from formulations.arithmetic.eigenvalues import spectrum
from formulations.arithmetic.frames import Eigenpairs
from formulations.embedding import (
    Map,
    diffusion,
    hessian,
    isomap,
    laplacian,
    locally_linear,
    scaling,
    tangent_alignment,
)
from formulations.embeddings.local import hessians, tangents
from formulations.embeddings.neighbours import nearest, nearest_by
from formulations.problem import Floats, SearchProblem
from formulations.trace import KIND
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched


def dense(A: Any) -> Floats:
    return np.asarray(A if isinstance(A, np.ndarray) else A.toarray())


METHODS: dict[str, Callable[[Floats, int, int], SearchProblem]] = {
    "mds": lambda X, _, k: scaling(cdist(X, X), k),
    "isomap": lambda X, K, k: isomap(nearest(X, K), k),
    "lle": lambda X, K, k: locally_linear(X, nearest(X, K), k),
    "laplacian": lambda X, K, k: laplacian(nearest(X, K), k),
    "hessian": lambda X, K, k: hessian(X, nearest(X, K), k),
    "ltsa": lambda X, K, k: tangent_alignment(X, nearest(X, K), k),
    "diffusion": lambda X, K, k: diffusion(cdist(X, X), nearest(X, K), k),
}


def swiss_roll(n: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    t = 1.5 * np.pi * (1 + 2 * rng.random(n))
    return np.column_stack([t * np.cos(t), 21 * rng.random(n), t * np.sin(t)])


def by_scikit_learn(name: str, X: Floats, K: int) -> Floats:
    manifold = pytest.importorskip("sklearn.manifold")
    if name == "isomap":
        return np.asarray(manifold.Isomap(n_neighbors=K).fit_transform(X))
    if name == "laplacian":
        graph = nearest(X, K).joined.toarray()
        return np.asarray(manifold.SpectralEmbedding(affinity="precomputed", eigen_tol=1e-12).fit_transform(graph))
    method = {"lle": "standard", "hessian": "hessian", "ltsa": "ltsa"}[name]
    map_ = manifold.LocallyLinearEmbedding(n_neighbors=K, method=method, eigen_solver="dense")
    return np.asarray(map_.fit_transform(X))


# With more than 6 neighbours scikit-learn's Hessian method takes all that is not affine for second derivatives, and is
# tangent alignment; with so few a point at the rim may be free to move, so that not all instances have one answer.
@pytest.mark.parametrize(("name", "K"), [("isomap", 12), ("lle", 12), ("laplacian", 12), ("ltsa", 12), ("hessian", 6)])
def test_maps_are_those_of_scikit_learn(name: str, K: int) -> None:
    compared = 0
    for seed in range(5):
        X = swiss_roll(300, seed)
        problem = METHODS[name](X, K, 2)
        solution, theirs = solve(problem), by_scikit_learn(name, X, K)
        assert solution.proven
        form: Any = problem.objective
        values = form.sign * np.sort(-form.sign * spectrum(dense(form.M))[0])
        if np.abs(np.diff(values)[[0, form.k - 1]]).min() > 1e-9:
            compared += 1
            assert subspace_angles(solution.answer, theirs).max() < 1e-6
    assert compared >= (2 if name == "hessian" else 5)


@pytest.mark.parametrize("seed", range(5))
def test_all_distances_of_points_are_kept_in_as_many_dimensions(seed: int) -> None:
    X = np.random.default_rng(seed).standard_normal((30, 3))
    solution = solve(scaling(cdist(X, X), 3))
    assert solution.proven
    assert cdist(solution.answer, solution.answer) == pytest.approx(cdist(X, X), abs=1e-9)
    assert solution.answer.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)


def test_the_map_of_scaling_has_the_least_strain() -> None:
    rng = np.random.default_rng(0)
    D = rng.uniform(1, 2, (12, 12))
    D = np.triu(D, 1) + np.triu(D, 1).T
    J = np.eye(12) - 1 / 12
    M = -J @ D**2 @ J / 2
    found: Map = solve(scaling(D, 2, answer=lambda found: found)).answer
    X = found.coordinates
    strain = np.linalg.norm(M - X @ X.T)
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(M)[:-3:-1])
    for _ in range(200):
        near = X + 0.1 * rng.standard_normal(X.shape)
        assert np.linalg.norm(M - near @ near.T) > strain


def test_distances_that_no_points_have_give_fewer_coordinates() -> None:
    D = np.array([[0, 1, 3], [1, 0, 1], [3, 1, 0.0]])  # 3 is more than 1 + 1
    found: Map = solve(scaling(D, 2, answer=lambda found: found)).answer
    assert found.eigenvalues == pytest.approx([4.5, 0], abs=1e-12)  # the constant vector's; the third is negative
    assert (found.coordinates[:, -1] == 0).all()


def test_hessians_are_those_of_the_paper_one_by_one() -> None:
    X = swiss_roll(60)
    near = nearest(X, 12)
    M = np.zeros((60, 60))
    for around in near.index:
        C = X[around] - X[around].mean(axis=0)
        u, v = np.linalg.svd(C)[0][:, :2].T
        Q = np.linalg.qr(np.column_stack([np.ones(12), u, v, u * u, u * v, v * v]))[0][:, 3:]
        M[np.ix_(around, around)] += Q @ Q.T
    assert hessians(X, near, 2).toarray() == pytest.approx(M, abs=1e-10)


def test_a_point_that_is_nobodys_neighbour_is_not_free() -> None:
    X = swiss_roll(1000)
    near = nearest(X, 8)
    free = np.flatnonzero(np.bincount(near.index.ravel(), minlength=1000) == 0)
    assert len(free)
    for M in (hessians(X, near, 2), tangents(X, near, 2)):
        assert (M.diagonal() > 0).all()


def test_diffusion_is_a_walk_whose_distances_are_kept() -> None:
    X = swiss_roll(60)
    near, D = nearest(X, 8), cdist(X, X)
    kernel = np.exp(-(D**2) / np.median(near.distance[:, -1] ** 2))
    kernel /= np.outer(kernel.sum(axis=1), kernel.sum(axis=1))
    walk, stationary = kernel / kernel.sum(axis=1, keepdims=True), kernel.sum(axis=1) / kernel.sum()
    laws = cdist(walk / np.sqrt(stationary), walk / np.sqrt(stationary))
    solution = solve(diffusion(D, near, 59))
    assert solution.proven
    assert cdist(solution.answer, solution.answer) == pytest.approx(laws, abs=1e-9)


@pytest.mark.parametrize("name", ["lle", "laplacian", "hessian", "ltsa"])
def test_coordinates_are_frames_without_constants(name: str) -> None:
    X = swiss_roll(150)
    Y = solve(METHODS[name](X, 8, 3 if name != "hessian" else 2)).answer
    B = nearest(X, 8).joined.sum(axis=1) if name == "laplacian" else np.ones(150)
    assert Y.T @ (B[:, None] * Y) == pytest.approx(np.eye(Y.shape[1]), abs=1e-9)
    assert np.abs(Y.T @ B).max() < 1e-7


def test_an_affine_surface_leaves_nothing_and_is_mapped_onto_itself() -> None:
    """Then 0 is an eigenvalue several times over, and the constant vector is nowhere by itself."""
    rng = np.random.default_rng(0)
    Z = rng.random((80, 2))
    X = Z @ rng.standard_normal((2, 5)) + 7
    for name in ("ltsa", "hessian"):
        solution = solve(METHODS[name](X, 9, 2))
        assert solution.proven
        assert subspace_angles(solution.answer, Z - Z.mean(axis=0)).max() < 1e-6


@pytest.mark.parametrize("name", sorted(METHODS))
def test_wrong_vectors_and_a_missed_one_are_caught(name: str) -> None:
    problem = METHODS[name](swiss_roll(60), 8, 2)
    form: Any = problem.objective
    values, V = eigh(dense(form.M))
    best = np.argsort(-form.sign * values)
    k = form.k

    def judged(chosen: Any, others: Any, threshold: float) -> Any:
        pairs = Eigenpairs(values[others], V[:, others], threshold)
        found = Findings(solver="liar", ended="optimal", candidates=[V[:, chosen]], certificates=[(KIND, pairs)])
        return judge(Searched(problem), found)

    right = judged(best[:k], best[:k], float(values[best[k - 1]] + values[best[k]]) / 2)
    assert right.proven
    skipping = np.r_[best[: k - 1], best[k]]
    assert not judged(skipping, best[:k], float(values[best[k - 1]] + values[best[k]]) / 2).proven
    assert not judged(skipping, skipping, float(values[best[k]] + values[best[k + 1]]) / 2).proven


def test_neighbours_are_those_by_distance_also_at_one_place() -> None:
    X = np.random.default_rng(0).standard_normal((50, 3))
    assert nearest(X, 5).index.tolist() == nearest_by(cdist(X, X), 5).index.tolist()
    same = np.zeros((9, 2))
    same[8] = 1
    near = nearest(same, 3)
    assert not (near.index == np.arange(9)[:, None]).any()
    assert all(len(set(row)) == 3 for row in near.index.tolist())


def test_shortest_paths_go_through_points_at_one_place() -> None:
    X = np.array([[0.0], [1], [1], [2]])
    assert nearest(X, 2).paths.tolist() == cdist(X, X).tolist()


@pytest.mark.parametrize("name", ["isomap", "lle", "laplacian", "hessian", "ltsa"])
def test_parts_are_refused(name: str) -> None:
    X = np.random.default_rng(0).random((40, 3)) + np.repeat([0, 50], [30, 10])[:, None]
    with pytest.raises(ValueError, match="falls into 2 parts, of 30, 10 points; give more neighbours"):
        METHODS[name](X, 7, 2)


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: scaling([[0, 1], [2, 0]], 1), "not that back"),
        (lambda: scaling([[0, np.nan], [np.nan, 0]], 1), "is nan"),
        (lambda: scaling([[0, 1e60], [1e60, 0]], 1), "to 1e"),
        (lambda: scaling([[1, 1], [1, 0]], 1), "point 1 is 1 away from itself"),
        (lambda: scaling(np.zeros((3, 3)), 1), "at the same place"),
        (lambda: scaling([[0, 1], [1, 0]], 2), "2 points have no map in 2 dimensions; ask for 1 to 1"),
        (lambda: scaling([[0]], 1), "2 points at least"),
        (lambda: nearest(np.eye(3), 3), "3 points have no 3 neighbours each; give 1 to 2"),
        (lambda: METHODS["ltsa"](swiss_roll(20), 2, 2), "more than 2 neighbours"),
        (lambda: METHODS["hessian"](swiss_roll(20), 5, 2), "need 6 neighbours"),
        (lambda: METHODS["hessian"](np.outer(np.arange(20), [1.0, 2]), 6, 2), "differ in 1 directions only"),
        (lambda: METHODS["lle"](swiss_roll(9), 8, 9), "ask for 1 to 8"),
        (lambda: METHODS["diffusion"](np.repeat([[0.0], [1.0]], [9, 2], axis=0), 3, 1), "at the same place"),
    ],
)
def test_what_has_no_map_is_refused(work: Callable[[], Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        work()


def test_points_in_huge_and_tiny_units_have_the_same_map() -> None:
    X = swiss_roll(100)
    for name in ("lle", "ltsa", "hessian"):
        plain, huge, tiny = (solve(METHODS[name](X * unit, 8, 2)).value for unit in (1.0, 1e40, 1e-90))
        assert (huge, tiny) == (pytest.approx(plain), pytest.approx(plain))


def test_a_small_spectrum_is_as_it_is_told() -> None:
    problem = METHODS["lle"](swiss_roll(80), 8, 2)
    form: Any = problem.objective
    values, error = spectrum(dense(form.M))
    solution = solve(problem)
    assert solution.value == pytest.approx(values[:3].sum(), abs=10 * error)
    assert solution.bound == pytest.approx(values[:3].sum(), abs=1e-9)


def test_paths_are_those_of_the_graph_also_between_points_at_one_place() -> None:
    for n in (3, 60, 450):
        near = nearest(np.random.default_rng(n).integers(0, 5, (n, 2)).astype(float), min(12, n - 1))
        lengths = dijkstra(near.graph, directed=False)
        assert (near.paths == np.minimum(lengths, lengths.T)).all()
