"""Structure without labels, measured beside scikit-learn and scipy, in CPU seconds of the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from places import SHARED
from scipy.cluster.hierarchy import linkage
from scipy.linalg import subspace_angles
from scipy.sparse import random_array
from scipy.spatial.distance import cdist, pdist, squareform

from formulations.clustering import RULES, clustering, dasgupta, linked, similarities
from formulations.embedding import hessian, isomap, laplacian, locally_linear, tangent_alignment
from formulations.embeddings.neighbours import nearest
from formulations.kmeans import kmeans
from formulations.localisation import localisation
from formulations.pca import pca
from formulations.robust_pca import robust_pca
from formulations.sparse_pca import sparse_pca
from formulations.stress import stress
from formulations.unfolding import unfolding
from solvers import solve
from solvers.maps.smacof import Smacof, classical_map
from solvers.partitions.search import Partitions
from solvers.solution import Solution

Report = Callable[[str, str, str], None]
needs_tables = pytest.mark.skipif(not SHARED.exists(), reason="the tables are not there")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gives, and the CPU seconds that it took."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def solved(problem: Callable[[], Any]) -> tuple[Solution, float]:
    """The solution, its answer included, and the CPU seconds."""
    return timed(lambda: solve(problem()))


def test_dense_components(report: Report) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    X = np.random.default_rng(0).standard_normal((10_000, 2_000))
    solution, ours = solved(lambda: pca(X, 10, standardise=False))
    theirs, full = timed(lambda: decomposition.PCA(10, svd_solver="full").fit(X))
    assert solution.proven
    assert solution.value == pytest.approx(theirs.explained_variance_.sum(), rel=1e-12)
    report(
        "PCA 10,000 x 2,000, k = 10, proven",
        "1.2 / 0.5 of scikit-learn (full)",
        f"{ours:.2f} s against {full:.2f} s: {ours / full:.2f}; gap {solution.gap:.1e}",
    )


def test_sparse_rows(report: Report) -> None:
    rng = np.random.default_rng(0)
    X = random_array((100_000, 500), density=0.05, format="csr", rng=rng)
    solution, seconds = solved(lambda: pca(X, 10))
    assert solution.proven
    report("PCA 100,000 x 500 sparse, k = 10, proven", "20 s / 8 s", f"{seconds:.2f} s; gap {solution.gap:.1e}")


@pytest.mark.parametrize(("p", "c"), [(13, 5), (20, 5), (20, 10), (40, 5), (100, 5)])
def test_sparse_components(p: int, c: int, report: Report) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, p)) @ ((rng.random((p, p)) < 0.3) * rng.standard_normal((p, p)) + 2 * np.eye(p))
    solution, seconds = solved(lambda: sparse_pca(X, c))
    report(
        f"sparse PCA, {c} of {p} variables",
        "20 exactly / -",
        f"{solution.status}, gap {solution.gap:.1e}, {solution.stats['boxes']} boxes, {seconds:.2f} s",
    )


@pytest.mark.parametrize(("m", "n", "rank"), [(100, 100, 5), (1_000, 50, 3)])
def test_low_rank_plus_sparse(m: int, n: int, rank: int, report: Report) -> None:
    rng = np.random.default_rng(0)
    L = rng.standard_normal((m, rank)) @ rng.standard_normal((rank, n))
    S = (rng.random((m, n)) < 0.05) * rng.uniform(-20, 20, (m, n))
    solution, seconds = solved(lambda: robust_pca(L + S))
    off = np.linalg.norm(solution.answer.low_rank - L) / np.linalg.norm(L)
    report(
        f"robust PCA {m:,} x {n}, rank {rank}, 5 % gross errors",
        "-",
        f"{solution.status}, gap {solution.gap:.1e}, {off:.1e} from what was planted, {seconds:.2f} s",
    )


@pytest.mark.parametrize("rule", RULES)
def test_linkages(rule: Any, report: Report) -> None:
    condensed = pdist(np.random.default_rng(0).standard_normal((5_000, 5)))
    d = squareform(condensed)
    theirs, scipys = timed(lambda: linkage(condensed, rule))
    merges, found = timed(lambda: linked(d, rule))
    problem, built = timed(lambda: clustering(d, rule))
    solution, ours = timed(lambda: solve(problem))
    again, _ = timed(lambda: np.array(solution.answer))
    for made in (merges, again):
        assert made[:, 2] == pytest.approx(theirs[:, 2], rel=1e-12)
    assert solution.proven or rule != "single"
    least = ours if rule == "single" else found
    report(
        f"{rule} linkage, 5,000 rows" + (", proven" if rule == "single" else ""),
        "1.5 of scipy's linkage",
        f"{least:.2f} s against {scipys:.2f} s: {least / scipys:.2f}; "
        f"with its rule replayed and bounds {ours:.2f} s, gap {solution.gap:.1%}; matrix checked in {built:.2f} s",
    )


@pytest.mark.parametrize("n", [14, 15, 20, 30, 40, 100, 1_000])
def test_bounds_on_hierarchies(n: int, report: Report) -> None:
    d = squareform(pdist(np.random.default_rng(0).standard_normal((n, 5))))
    solution, seconds = solved(lambda: dasgupta(similarities(d)))
    report(f"Dasgupta's cost, {n:,} rows", "-", f"{solution.status}, gap {solution.gap:.1%}, {seconds:.2f} s")


def swiss_roll(n: int) -> Any:
    from problems.studies.maps import swiss_roll as rolled

    return rolled(n, 0)[0]


@pytest.mark.parametrize("name", ["isomap", "lle", "laplacian", "hessian", "ltsa"])
def test_maps(name: str, report: Report) -> None:
    manifold = pytest.importorskip("sklearn.manifold")
    X, count = swiss_roll(2_000), 6 if name == "hessian" else 12

    def stated() -> Any:
        near = nearest(X, count)
        if name in ("isomap", "laplacian"):
            return (isomap if name == "isomap" else laplacian)(near, 2)
        return {"lle": locally_linear, "hessian": hessian, "ltsa": tangent_alignment}[name](X, near, 2)

    def theirs() -> Any:
        if name == "isomap":
            return manifold.Isomap(n_neighbors=count).fit_transform(X)
        if name == "laplacian":
            graph = nearest(X, count).joined
            graph.indices, graph.indptr = graph.indices.astype(np.int32), graph.indptr.astype(np.int32)
            return manifold.SpectralEmbedding(affinity="precomputed", random_state=0).fit_transform(graph)
        method = "standard" if name == "lle" else name
        made = manifold.LocallyLinearEmbedding(n_neighbors=count, method=method, tol=0, max_iter=1000, random_state=0)
        return made.fit_transform(X)

    theirs()  # what it loads at its first use is not counted
    solution, ours = solved(stated)
    other, seconds = timed(theirs)
    angle = subspace_angles(solution.answer, other).max()
    report(
        f"{name}, 2,000 points, {count} neighbours, proven",
        "2 / 1 of scikit-learn, angle 1e-6",
        f"{solution.status}, {ours:.2f} s against {seconds:.2f} s: {ours / seconds:.2f}; angle {angle:.1e}",
    )


def test_sensors(report: Report) -> None:
    rng = np.random.default_rng(0)
    X = rng.random((105, 2))
    D = cdist(X, X)
    tail, head = np.nonzero(np.triu(D < 0.3, 1))
    fixed = np.where(np.arange(105)[:, None] < 5, X, np.nan)
    solution, seconds = solved(lambda: localisation(tail, head, D[tail, head], fixed))
    report(
        "100 sensors, 5 anchors, exact distances up to 0.3",
        "largest error 1e-4 / 1e-6, certificate",
        f"{solution.status}, largest error {np.abs(solution.answer - X).max():.1e}, {seconds:.2f} s",
    )


@pytest.mark.parametrize("n", [500, 1_000, 2_000])
def test_stress(n: int, report: Report) -> None:
    manifold = pytest.importorskip("sklearn.manifold")
    rng = np.random.default_rng(0)
    D = squareform(pdist(rng.standard_normal((n, 10)) * 0.7 ** np.arange(10)))
    start = classical_map(D, 2)

    def theirs() -> Any:
        return manifold.smacof(
            D, n_components=2, init=start.copy(), n_init=1, max_iter=1000, eps=1e-9, normalized_stress=False
        )[1]

    theirs()
    found, ours = timed(lambda: solve(stress(D, 2), Smacof(starts=0)))
    other, seconds = timed(theirs)
    everything, all_starts = solved(lambda: stress(D, 2))
    report(
        f"metric scaling, {n:,} points, from the classical map",
        "value and time of scikit-learn, same start",
        f"{ours:.2f} s against {seconds:.2f} s, stress {found.value / other - 1:+.1e}; "
        f"{everything.stats['starts']} random starts more: {all_starts:.2f} s, {everything.value / other - 1:+.1e}",
    )


@pytest.mark.parametrize(("n", "count"), [(60, 5), (150, 6), (150, 10), (300, 5), (400, 5), (1_000, 5)])
def test_unfolding(n: int, count: int, report: Report) -> None:
    solution, seconds = solved(lambda: unfolding(nearest(swiss_roll(n), count)))
    report(
        f"swiss roll unfolded, {n:,} points, {count} neighbours",
        "optimal for 60 to 150 points",
        f"{solution.status}, gap {solution.gap:.1e}, {solution.answer.shape[1]} dimensions, "
        f"{solution.stats['pairs']:,} pairs, {seconds:.2f} s",
    )


BEST_KNOWN = {  # sums of squares within k = 2, ..., 8 groups
    "iris": (152.347952, 78.851441, 57.228473, 46.446182, 39.039987, 34.29823, 29.988944),
    "ruspini": (89337.832143, 51063.475046, 12881.051236, 10126.719788, 8575.406876, 7126.198543, 6149.639019),
    "usarrests": (102.8624, 78.323269, 56.403173, 48.944203, 42.835851, 38.260467, 33.827516),
    "faithful": (8901.768721, 5188.540468, 2941.720903, 2028.444478, 1458.612495, 1009.624011, 786.588817),
}
AT_ROOT = {("ruspini", 4): 0.1, ("ruspini", 5): 0.1, ("iris", 2): 0.3, ("iris", 3): 1.0, ("usarrests", 3): 3.0}
TO_PROVE = [(name, k) for name in BEST_KNOWN for k in range(2, 9)]
LIMIT = 300.0  # seconds for a proof


def rows_of(name: str) -> Any:
    """The numbers of a table; USArrests standardised."""
    from problems.io.data_table import read_data_table
    from problems.studies.named_rows import standardised

    table = read_data_table(str(SHARED / "data" / "tables" / f"{name}.csv"), None, "refuse")
    return standardised(table.values) if name == "usarrests" else table.values


@needs_tables
@pytest.mark.parametrize("name", BEST_KNOWN)
def test_best_known_groups(name: str, report: Report) -> None:
    X, longest, better = rows_of(name), 0.0, []
    for k, best in enumerate(BEST_KNOWN[name], start=2):
        solution, seconds = timed(lambda k=k: solve(kmeans(X, k), Partitions(cases=0)))
        assert solution.value is not None
        assert solution.value <= best * (1 + 1e-7)
        better += [f"; {solution.value:.6f} for k = {k}"] if solution.value < best * (1 - 1e-7) else []
        longest = max(longest, seconds)
    report(
        f"k-means, {name}, k = 2..8: best known",
        "all, in 2 s each",
        f"all 7, the longest {longest:.2f} s{''.join(better)}",
    )


@needs_tables
@pytest.mark.parametrize(("name", "k"), AT_ROOT)
def test_bound_of_groups_at_the_root(name: str, k: int, report: Report) -> None:
    solution, seconds = solved_by(rows_of(name), k, Partitions(cases=1))
    report(
        f"k-means, {name}, k = {k}: bound at the root", f"{AT_ROOT[name, k]} %", f"{solution.gap:.3%}, {seconds:.1f} s"
    )


@needs_tables
@pytest.mark.parametrize(("name", "k"), TO_PROVE)
def test_groups_proven_the_best(name: str, k: int, report: Report) -> None:
    solution, seconds = solved_by(rows_of(name), k, Partitions(cases=1_000))
    report(
        f"k-means, {name}, k = {k}",
        "proven",
        f"{solution.status}, gap {solution.gap:.1e}, {solution.stats['cases']} cases, {seconds:.1f} s",
    )


def solved_by(X: Any, k: int, solver: Partitions) -> tuple[Solution, float]:
    """The groups by that solver, and the CPU seconds."""
    return timed(lambda: solve(kmeans(X, k), solver, time_limit=LIMIT))


def test_many_rows_in_groups(report: Report) -> None:
    cluster = pytest.importorskip("sklearn.cluster")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 10))[rng.integers(20, size=100_000)] * 3 + rng.normal(size=(100_000, 10))
    theirs, seconds = timed(lambda: cluster.KMeans(20, n_init=10, random_state=0).fit(X))
    solution, ours = solved_by(X, 20, Partitions(swaps=0, cases=0))
    assert solution.value is not None
    assert solution.value <= theirs.inertia_ * (1 + 1e-9)
    report(
        "k-means, 100,000 x 10, k = 20, the same starts",
        "1.1 of scikit-learn",
        f"{ours:.2f} s against {seconds:.2f} s: {ours / seconds:.2f}; {solution.value:.6g} against "
        f"{theirs.inertia_:.6g}, bound {solution.bound:.6g}",
    )
