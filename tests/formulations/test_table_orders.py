"""Orders by one direction: closed examples come back in their order, and no search falls behind them."""

from __future__ import annotations

import numpy as np
import pytest

from formulations.orders.table_distances import row_distances, standardized
from formulations.orders.table_orders import component_scores, correspondence_scores, table_heuristics
from formulations.problem import Floats, Heuristic, Ints, SearchProblem
from formulations.seriation import challenge, seriation
from solvers import solve


def moving_on(n: int, m: int, rng: np.random.Generator) -> Floats:
    """Consecutive ones that move on with the columns, every row and column having one in common with the next."""
    first = np.sort(rng.integers(0, n, m))
    last = np.maximum.accumulate(np.minimum(first + rng.integers(1, n, m), n - 1))
    rows = np.arange(n)[:, None]
    table: Floats = ((first <= rows) & (rows <= last)).astype(np.float64)
    return table


def monotone(scores: Floats) -> bool:
    steps = np.diff(scores)
    return bool((steps >= -1e-9).all() or (steps <= 1e-9).all())


def shuffled(table: Floats, rng: np.random.Generator) -> tuple[Floats, Ints, Ints]:
    rows, columns = rng.permutation(len(table)), rng.permutation(table.shape[1])
    return table[np.ix_(rows, columns)], rows, columns


def first_orders(heuristics: object) -> dict[str, Ints]:
    return {heuristic.name: next(iter(heuristic.find())) for heuristic in heuristics}  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(40))
def test_correspondence_analysis_finds_the_order_of_a_table_that_moves_on(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(3, 12, 2)
    table = np.exp(np.outer(np.sort(rng.normal(size=n)), np.sort(rng.normal(size=m))))  # totally positive, no ties
    table *= np.outer(rng.gamma(1, size=n), rng.gamma(1, size=m))
    given, rows, columns = shuffled(table, rng)
    for side, hidden in ((False, rows), (True, columns)):
        order = first_orders(table_heuristics(given, columns=side))["order of correspondence analysis"]
        assert hidden[order].tolist() in (list(range(len(hidden))), list(range(len(hidden)))[::-1])


def test_so_it_does_for_ones_that_move_on_but_not_for_all_consecutive_ones() -> None:
    rng = np.random.default_rng(1)
    seen = 0
    while seen < 100:
        table = moving_on(*rng.integers(3, 10, 2), rng)  # type: ignore[arg-type]
        joined = (table[1:] * table[:-1]).any(axis=1).all()
        if table.any(axis=0).all() and table.any(axis=1).all() and joined:
            seen += 1
            assert all(monotone(scores) for scores in correspondence_scores(table))
    long_and_short = np.array([[1, 0, 0, 1], [1, 1, 0, 1], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 1, 0]], dtype=float)
    assert not monotone(correspondence_scores(long_and_short)[0])


@pytest.mark.parametrize("seed", range(20))
def test_the_component_orders_points_on_a_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 12, 2)
    t, slope = rng.normal(size=n), rng.normal(size=m)
    table = rng.normal(size=m) + np.outer(t, slope)
    rows, columns = component_scores(table)
    assert monotone(rows[np.argsort(t)])
    assert monotone(columns[np.argsort(slope)])


def test_as_shares_the_component_does_not_follow_the_sizes_of_samples() -> None:
    mixture = np.outer(np.linspace(0, 1, 8), [1.0, 0]) + np.outer(np.linspace(1, 0, 8), [0, 1.0])
    samples = mixture * np.array([[900.0], [1], [800], [2], [700], [3], [600], [4]])
    ascending = list(range(8))
    for as_shares in (True, False):
        found = first_orders(table_heuristics(samples, as_shares=as_shares))["order of the first principal component"]
        assert (found.tolist() in (ascending, ascending[::-1])) == as_shares


def test_scores_are_what_the_pages_say() -> None:
    rng = np.random.default_rng(0)
    table = rng.poisson(3.0, (9, 6)).astype(float)
    table[2] = table[:, 4] = 0  # of no weight
    x, y = correspondence_scores(table)
    share = table / table.sum()
    r, c = share.sum(axis=1), share.sum(axis=0)
    assert (x[2], y[4]) == (0, 0)
    assert r @ x == pytest.approx(0, abs=1e-12)
    assert c @ y == pytest.approx(0, abs=1e-12)
    assert (r @ x**2, c @ y**2) == (pytest.approx(1), pytest.approx(1))
    correlation = x @ share @ y
    assert correlation > 0
    for _ in range(200):  # no other scores are correlated more
        a, b = rng.normal(size=9), rng.normal(size=6)
        a, b = a - r @ a, b - c @ b
        assert abs(a @ share @ b) / np.sqrt((r @ a**2) * (c @ b**2)) <= correlation + 1e-12
    u, v = component_scores(table)
    centred = table - table.mean(axis=0)
    assert abs(u @ centred @ v) == pytest.approx(np.linalg.norm(centred, 2))


@pytest.mark.parametrize("table", [np.zeros((3, 2)), np.ones((3, 2)), -np.ones((2, 3)), np.ones((4, 1))])
def test_tables_that_do_not_vary_have_an_order_too(table: Floats) -> None:
    for columns in (False, True):
        for order in first_orders(table_heuristics(table, columns=columns)).values():
            assert sorted(order.tolist()) == list(range(table.shape[int(columns)]))


def test_only_amounts_have_a_correspondence_analysis() -> None:
    names = [heuristic.name for heuristic in table_heuristics(np.array([[1.0, -1], [2, 3]]))]
    assert names == ["order of the first principal component"]
    assert np.isfinite(correspondence_scores(np.full((3, 2), 1e300))[0]).all()


@pytest.mark.parametrize("criterion", ["LS", "2SUM", "AR_deviations", "Lazy_path_length", "Path_length"])
@pytest.mark.parametrize("n", [6, 12])
def test_no_answer_falls_behind_the_starts_of_a_table(criterion: str, n: int) -> None:
    table = np.random.default_rng(n).poisson(2.0, (n, 5)) + 1.0
    starts = table_heuristics(table)
    d = row_distances(table, "brainerd-robinson")
    solution = solve(seriation(d, criterion, starts))
    checked = {check.name: check for check in solution.checks}
    assert all(checked[start.name].ok for start in starts)
    assert solution.agrees


def test_a_start_is_searched_from_and_an_answer_behind_it_is_caught() -> None:
    x = np.random.default_rng(0).random(9)
    s = 1 - np.abs(x[:, None] - x)
    best = Heuristic("the order of x", lambda: [np.argsort(x)])
    problem = challenge(s, [best])
    assert isinstance(problem, SearchProblem)
    assert "the order of x" in [start.name for start in problem.starts]
    worse = np.array([0, 8, 1, 7, 2, 6, 3, 5, 4])
    from solvers.findings import Findings
    from solvers.judge import judge
    from solvers.judged.searched import Searched
    from solvers.references import compare

    for start in problem.starts:
        start.find()
    solution = judge(Searched(problem), Findings(solver="lies", ended="optimal", candidates=[worse]))
    from solvers.clock import Clock

    checks = compare(problem.references, solution, Clock(), problem.maximize).checks
    assert {check.name: check.ok for check in checks}["the order of x"] is False
    assert solve(problem).agrees


def test_standardized_columns_make_units_irrelevant() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(8, 3))
    scaled = table * (1e90, 1.0, 1e-90) + (0, 5.0, 0)
    assert np.allclose(standardized(table), standardized(scaled))
