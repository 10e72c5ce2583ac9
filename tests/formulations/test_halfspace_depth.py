"""Tukey's depth: against all halfspaces of small tables, and trees and directions that lie are caught."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from formulations.arithmetic.halfspaces import KIND, LEVELS, Case, Deep, RowsBeyond, RowsInHalfspace
from formulations.halfspace_depth import halfspace_depth, tukey_median
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.location.deepest import Deepest
from solvers.location.halfspaces import Halfspaces


def by_all_halfspaces(Z: np.ndarray) -> int:
    """The depth of 0 among the rows of Z: by halfspaces with p - 1 rows on their boundary, turned about these."""
    at_0, Z = int((~Z.any(axis=1)).sum()), Z[Z.any(axis=1)]
    rank = int(np.linalg.matrix_rank(Z)) if len(Z) else 0
    if rank == 0:
        return at_0
    if rank < Z.shape[1]:
        Z = Z @ np.linalg.svd(Z)[2][:rank].T
    if rank == 1:
        return at_0 + int(min((Z > 0).sum(), (Z < 0).sum()))
    best = len(Z)
    for some in itertools.combinations(range(len(Z)), rank - 1):
        if np.linalg.matrix_rank(Z[list(some)]) == rank - 1:
            along = Z @ np.linalg.svd(Z[list(some)])[2][-1]
            on = np.abs(along) < 1e-9
            turned = by_all_halfspaces(Z[on])
            best = min(best, int((along[~on] > 0).sum()) + turned, int((along[~on] < 0).sum()) + turned)
    return at_0 + best


def table(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows, with many ties where the seed is odd, and a point among them."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(2, 13)), int(rng.integers(1, 5))
    rows = rng.integers(-2, 3, (n, p)).astype(float) if seed % 2 else rng.normal(size=(n, p))
    return rows, [rows[0], np.median(rows, axis=0), rows[: n // 2 + 1].mean(axis=0)][seed % 3]


@pytest.mark.parametrize("seed", range(40))
def test_the_depth_is_that_of_all_halfspaces_and_proven(seed: int) -> None:
    rows, point = table(seed)
    solution = solve(halfspace_depth(rows, point))
    depth = by_all_halfspaces(rows - point)
    assert solution.bound is not None
    assert solution.bound <= depth <= solution.value
    if seed % 3 < 2:  # a mean of rows may be off their plane by rounding: its depth is then 0, which is hard to see
        assert solution.status == "optimal"


def test_the_tree_proves_what_the_sweep_does_in_two_columns() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows, point = rng.normal(size=(30, 2)), rng.normal(size=2)
        lifted = np.column_stack([rows, 1e-3 * rng.normal(size=30)])
        form = RowsInHalfspace(rows, point)
        assert form.by_sweep() == by_all_halfspaces(rows - point)
        assert solve(halfspace_depth(lifted, [*point, 0.0])).bound <= form.by_sweep() + 3
        assert RowsInHalfspace(lifted, np.array([*point, 0.0])).by_sweep() == -math.inf


def test_rows_of_ten_columns_far_from_the_center_are_proven_quickly() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 10))
    for far, cases in [(1.5, 10), (2.0, 10), (3.0, 10)]:
        solution = solve(halfspace_depth(rows, np.full(10, far / math.sqrt(10))), Halfspaces(cases))
        assert solution.status == "optimal"


@pytest.mark.parametrize(("far", "cases"), [(1.2, 100), (0.0, 1)])
def test_weights_prove_what_sets_without_a_common_row_do_not(far: float, cases: int) -> None:
    rows = np.random.default_rng(0).normal(size=(100, 5))
    solution = solve(halfspace_depth(rows, np.full(5, far / math.sqrt(5))), Halfspaces(cases))
    assert solution.proven if far else solution.bound >= 16, "of 100 rows simplices of 6 prove 100 / 6 at most"
    assert solution.certificate.proof.below or solution.certificate.proof.weights


@pytest.mark.parametrize("seed", range(20))
def test_weights_never_prove_more_than_the_depth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(12, 2))
    form = RowsInHalfspace(Z, np.zeros(2))
    sets = [S for S in itertools.combinations(range(12), 3) if form.contain([S])[0]]
    for _ in range(20):
        weights = (rng.integers(0, 1000, len(sets)) * (rng.random(len(sets)) < 0.2)).tolist()
        assert form.bound(Case(sets, weights=weights)) <= by_all_halfspaces(Z)


def test_trees_that_lie_prove_nothing() -> None:
    rows = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0], [1.0, 3.0]])
    form = RowsInHalfspace(rows, np.array([1.0, 1.0]))
    assert form.bound(Case([(0, 3), (1, 2)])) == 2
    assert form.bound(Case([(0, 3), (0, 3)])) == 1, "they have rows in common"
    assert form.bound(Case([(0, 3), (1, 2)], weights=[3, 1])) == 2
    for weights in ([1], [1, -1], [0.5, 0.5], [math.nan, 1], [0, 0], "ab", 7):
        assert form.bound(Case([(0, 3), (1, 2)], weights=weights)) <= 0, "no weights, one a set"  # type: ignore[arg-type]
    for sets in ([(0, 1)], [(0, 4)], [(0, 9)], [()], [(0, -1)], "ab", [(0.5, 1)]):
        assert form.bound(Case(sets)) == -math.inf  # type: ignore[arg-type]
    split = Case([(0, 3)], [Case([(1, 2)]), Case([(1, 2)])])
    assert form.bound(split) == 2
    assert form.bound(Case([(0, 3)], [Case([(1, 2)])])) == -math.inf, "a case is missing"
    assert form.bound(Case([(0, 3)], [Case([(0, 3)]), Case([(1, 2)])])) == -math.inf, "row 0 is in the halfspace"
    assert form.bound(None) == -math.inf

    def judged(u: Any, tree: Any) -> Any:
        found = Findings(solver="liar", ended="optimal", candidates=[u], certificates=[(KIND, tree)], stats={})
        return judge(Searched(halfspace_depth(rows, [1.0, 1.0])), found)

    best = solve(halfspace_depth(rows, [1.0, 1.0])).values["u"]
    assert judged(best, Case([(0, 3), (1, 2)])).proven
    assert not judged(np.array([0.0, 1.0]), Case([(0, 3), (1, 2)])).proven
    assert judged(np.zeros(2), Case([(0, 3)])).status == "no_solution"


@pytest.mark.parametrize("seed", range(12))
def test_no_point_is_deeper_than_the_deepest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = 1 + seed % 3
    rows = rng.normal(size=(9 + seed, p)) if seed % 2 else rng.integers(0, 4, (9 + seed, p)).astype(float)
    solution = solve(tukey_median(rows))
    assert len(rows) - solution.value <= by_all_halfspaces(rows - np.array(solution.answer))
    others = [*rows, rows.mean(axis=0), np.median(rows, axis=0), *rng.normal(size=(5, p))]
    assert all(len(rows) - solution.bound >= by_all_halfspaces(rows - y) for y in others)
    if seed % 2:
        assert solution.status == "optimal"


def test_the_deepest_of_rows_without_an_inside_is_proven() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 2))
    constant = np.column_stack([rows[:, 0], np.full(40, 7.0), rows[:, 1]])
    for table, depth in [(constant, None), (np.ones((9, 2)), 9), ([[1.0, 2.0]], 1), (np.arange(10.0).reshape(2, 5), 1)]:
        solution = solve(tukey_median(table))
        assert solution.status == "optimal"
        assert depth is None or len(table) - solution.value == depth
    assert solve(tukey_median(constant)).value == solve(tukey_median(rows)).value


def test_directions_that_lie_exclude_nothing() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 2))
    form, honest = RowsBeyond(rows), solve(tukey_median(rows))
    U, w = honest.certificate.proof
    assert honest.certificate.kind == LEVELS
    assert form.bound((U, w)) == honest.bound
    for lie in [(U, -w), (U[:, :1], w), (U, 0 * w), (U * np.nan, w), None, (U[:1], w[:1] + 1), ("a", "b")]:
        assert form.bound(lie) == 0
    assert form.value(Deep(np.array(honest.answer), Case([]))) == 20, "without a proof no depth counts"
    assert form.broken(Deep(np.zeros(3), None)) is not None


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="give 2 finite numbers"):
        halfspace_depth([[0, 1]], [0])
    with pytest.raises(ValueError, match="cases is -1"):
        Halfspaces(-1)
    with pytest.raises(ValueError, match="rounds is -1"):
        Deepest(-1)
