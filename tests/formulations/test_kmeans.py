"""k-means: values, bounds and proofs against all partitions of few rows, and lies that the judge finds."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from formulations.arithmetic.partition_bounds import (
    BY_TREE,
    Blocks,
    Leaf,
    Split,
    blocks_bound,
    spectral_bound,
    tree_bound,
)
from formulations.arithmetic.partition_inequalities import Inequalities
from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.separated_groups import BY_SEPARATION, separated_bound
from formulations.kmeans import kmeans
from formulations.problem import Floats, SearchProblem
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.partitions.relaxation import relaxed


def form_of(problem: SearchProblem) -> SumOfSquares:
    assert isinstance(problem.objective, SumOfSquares)
    return problem.objective


def least(form: SumOfSquares) -> float:
    """The best value by trying all labellings; inf if none is such a partition."""
    every = (np.array(labels) for labels in product(range(form.k), repeat=len(form.rows)))
    return min((form.value(labels) for labels in every if form.broken(labels) is None), default=np.inf)


def drawn(seed: int) -> tuple[Floats, int, np.random.Generator]:
    random = np.random.default_rng(seed)
    n, d = int(random.integers(3, 8)), int(random.integers(1, 4))
    rows = random.normal(size=(n, d)) if seed % 3 else random.integers(0, 3, size=(n, d)).astype(float)
    return rows, int(random.integers(1, min(n, 4) + 1)), random


@pytest.mark.parametrize("seed", range(40))
def test_the_best_of_all_partitions_is_found_and_proven(seed: int) -> None:
    rows, k, _ = drawn(seed)
    if len(np.unique(rows, axis=0)) < k:
        with pytest.raises(ValueError, match="different rows"):
            kmeans(rows, k)
        return
    problem = kmeans(rows, k)
    found = solve(problem)
    assert found.status == "optimal"
    assert found.value == pytest.approx(least(form_of(problem)), rel=1e-9, abs=1e-12)
    assert found.bound is not None
    assert found.bound <= least(form_of(problem)) + 1e-12


@pytest.mark.parametrize("seed", range(40))
def test_demands_are_kept_and_the_best_under_them_is_proven(seed: int) -> None:
    rows, k, random = drawn(seed + 1000)
    n = len(rows)
    pairs = [tuple(int(place) for place in random.choice(n, 2, replace=False)) for _ in range(3)]
    sizes = {"at_least": int(random.integers(1, n // k + 1))} if seed % 2 else {}
    try:
        problem = kmeans(rows, k, together=pairs[:1], apart=pairs[1:], **sizes)
    except ValueError:  # which demands are refused is tested below
        return
    best, found = least(form_of(problem)), solve(problem)
    if not np.isfinite(best):
        assert found.answer is None
        assert found.status in ("infeasible", "no_solution")
        return
    assert found.status == "optimal"
    assert found.value == pytest.approx(best, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_multipliers_no_partition_beats_their_bound(seed: int) -> None:
    rows, k, random = drawn(seed + 2000)
    n = len(rows)
    limits = (1, np.inf) if seed % 2 else (max(1, n // k - 1), -(-n // k) + 1)
    form = SumOfSquares(rows - rows.mean(axis=0), k, np.arange(n), np.array([[0, 1]])[: seed % 3], *limits)
    every = np.array([(a, b, c) for a in range(n) for b in range(n) for c in range(b + 1, n) if a not in (b, c)])
    listed = every[random.choice(len(every), min(5, len(every)), replace=False)]
    count = Inequalities.of(form, listed).count
    leaf = Leaf(listed, random.exponential(size=count) * (random.random(count) < 0.3) * form.total / n)
    best = least(form)
    assert tree_bound(form, leaf) <= best + 1e-12
    assert spectral_bound(form) <= best + 1e-12
    assert blocks_bound(form, Blocks([np.arange(n // 2), np.arange(n // 2, n)], [None, None])) <= best + 1e-12


@pytest.mark.parametrize("seed", range(60))
def test_no_partition_beats_the_bound_by_groups_that_are_far_from_each_other(seed: int) -> None:
    rows, k, random = drawn(seed + 3000)
    form = SumOfSquares(rows - rows.mean(axis=0), k, np.arange(len(rows)))
    best = least(form)
    for _ in range(20):
        assert separated_bound(form, random.integers(k, size=len(rows))) <= best + 1e-12
    far = SumOfSquares(np.repeat([[0.0] * 3, [40.0] * 3], 4, axis=0) + random.normal(size=(8, 3)), 2, np.arange(8))
    apart = np.repeat([0, 1], 4)
    assert separated_bound(far, apart) == pytest.approx(far.value(apart), rel=1e-9)
    assert far.value(apart) == pytest.approx(least(far))


def test_many_rows_in_groups_that_are_far_from_each_other_are_proven_at_once() -> None:
    random = np.random.default_rng(0)
    planted = np.arange(3_000) % 5
    rows = 12 * np.eye(5)[planted] + random.normal(size=(3_000, 5))
    found = solve(kmeans(rows, 5))
    assert found.status == "optimal"
    assert found.certificate.kind == BY_SEPARATION
    assert found.stats["cases"] == 0


def test_labels_that_are_no_partition_prove_nothing_by_separation() -> None:
    form = SumOfSquares(np.array([[-5.0], [-4], [4], [5]]), 2, np.arange(4))
    for lie in ("a word", [0, 0, 1], [0.0, 0, 1, 1], [0, 0, 1, 2], [-1, 0, 1, 1], None):
        assert separated_bound(form, lie) == 0.0
    for wrong in ([0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]):
        assert separated_bound(form, np.array(wrong)) <= 1.0


def test_the_inequalities_hold_for_every_partition() -> None:
    form = SumOfSquares(np.zeros((5, 1)), 3, np.arange(5), np.array([[0, 4]]), 1, 3)
    every = np.array([(a, b, c) for a in range(5) for b in range(5) for c in range(b + 1, 5) if a not in (b, c)])
    own = Inequalities.of(form, every)
    for labels in product(range(3), repeat=5):
        if form.broken(np.array(labels)) is None:
            same = np.equal.outer(labels, labels)
            violations = own.at(same / same.sum(axis=1))
            assert violations.min() >= -1e-12
            assert not violations[own.signless].any()


def test_matrix_and_violations_are_adjoint_and_cases_carry_their_multipliers() -> None:
    random = np.random.default_rng(0)
    form = SumOfSquares(random.normal(size=(6, 2)), 2, np.arange(6), np.array([[1, 4]]), 2, 4)
    own = Inequalities.of(form, np.array([[0, 1, 2], [3, 0, 5], [2, 3, 4]]))
    y, Y = random.random(own.count), random.normal(size=(6, 6))
    Y = Y + Y.T
    assert np.sum(own.matrix(y) * Y) == pytest.approx(y @ (own.at(Y) + own.right))
    smaller = form.merged(0, 2)
    joined = np.eye(5)[smaller.item]  # (6, 5)
    carried, z = own.carried(y, smaller, smaller.item)
    without = joined.T @ own.matrix(y) @ joined  # but for what is >= 0 and dropped
    assert np.triu(without - carried.matrix(z), 1) == pytest.approx(0, abs=1e-12)
    assert (np.diagonal(without - carried.matrix(z)) >= -1e-12).all()


def proven(problem: SearchProblem, tree: object) -> float:
    return float(Searched(problem).bound(BY_TREE, tree))


def test_a_lying_solver_is_found_out() -> None:
    random = np.random.default_rng(1)
    rows = np.concatenate([random.normal(size=(6, 2)), random.normal(size=(6, 2)) + 4])
    problem = kmeans(rows, 3)
    form, right = form_of(problem), solve(problem)
    assert right.value is not None
    leaf = list(relaxed(form, None, np.inf, lambda: False))[-1].leaf
    flipped, huge = replace(leaf, y=-leaf.y), replace(leaf, y=leaf.y * 1e9)
    for lie in (
        flipped,
        huge,
        replace(leaf, y=leaf.y[:-1]),
        replace(leaf, y=leaf.y * np.nan),
        "a word",
        Split(0, 0, None, None),
    ):
        assert proven(problem, lie) <= right.value
    assert proven(problem, Split(0, 1, leaf, None)) == 0.0  # one case alone proves nothing
    worse = judge(Searched(problem), Findings(solver="liar", ended="optimal", candidates=[np.arange(12) % 3]))
    assert worse.status == "feasible"
    wrong = judge(Searched(problem), Findings(solver="liar", ended="optimal", candidates=[np.zeros(12, dtype=int)]))
    assert wrong.answer is None


def test_a_bound_is_no_larger_for_many_rows_in_blocks() -> None:
    rows = np.random.default_rng(2).normal(size=(700, 5))
    problem = kmeans(rows, 4)
    found = solve(problem, time_limit=20)
    assert found.value is not None
    assert found.bound is not None
    assert spectral_bound(form_of(problem)) < found.bound <= found.value  # rows without a block count too


@pytest.mark.parametrize(
    ("rows", "k", "demands", "said"),
    [
        ([[1.0], [np.nan]], 1, {}, "finite"),
        ([1.0, 2.0], 1, {}, "shape"),
        ([[1.0], [2.0]], 3, {}, "2 rows do not make 3 groups"),
        ([[1.0], [1.0]], 2, {}, "2 different rows"),
        ([[1.0], [2.0]], 1, {"together": [(0, 5)]}, "row 5"),
        ([[1.0], [2.0]], 1, {"together": [(0, 1)], "apart": [(0, 1)]}, "apart and together"),
        ([[1.0], [2.0], [3.0]], 2, {"at_least": 2}, "2 groups of 2"),
        ([[1.0], [2.0], [3.0], [4.0]], 2, {"together": [(0, 1), (1, 2)], "at_most": 2}, "3 rows are together"),
    ],
)
def test_what_cannot_be_is_refused(rows: object, k: int, demands: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kmeans(rows, k, **demands)  # type: ignore[arg-type]


def test_equal_rows_are_together_whichever_sign_their_zeros_have() -> None:
    rows = np.array([[0.0, 1.0], [2.0, 3.0], [-0.0, 1.0], [2.0, 3.0], [3.0, 2.0], [0.0, 1.0]])
    assert form_of(kmeans(rows, 2)).item.tolist() == [0, 1, 0, 1, 2, 0]
    assert form_of(kmeans(np.zeros((3, 2)), 1)).item.tolist() == [0, 0, 0]
    many = np.random.default_rng(0).integers(0, 9, size=(2_000, 3)).astype(float)
    assert len(form_of(kmeans(many, 2)).weights) == len(np.unique(many, axis=0))
