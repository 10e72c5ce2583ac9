from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SHARED
from scipy.sparse import csr_array

from formulations.graphs.cuts import cut_below_two
from formulations.graphs.tours import improved, joined, length, short_path
from formulations.problem import Floats, Ints, Multipliers
from formulations.travelling_salesman import Blossoms, crossed_oddly, travelling_salesman
from problems.io import read_graph
from solvers import solve
from solvers.linear.glop import Glop
from solvers.linear.highs import Highs
from solvers.linear.linear_program import Arrays
from solvers.linear.sifting import Sifting

DATA = SHARED / "data"
OPTIMA = {"gr17": 2085, "gr24": 1272, "fri26": 937, "bays29": 2020, "dantzig42": 699, "att48": 10628, "eil51": 426}


def shortest(D: Floats) -> float:
    n = len(D)
    return min(length(np.array((0, *rest)), D) for rest in itertools.permutations(range(1, n)))


@st.composite
def distances(draw: st.DrawFn, least: int = 3, most: int = 7) -> Floats:
    n = draw(st.integers(least, most))
    m = n * (n - 1) // 2
    D = np.zeros((n, n))
    D[np.triu_indices(n, 1)] = draw(st.lists(st.integers(-9, 30), min_size=m, max_size=m))
    return D + D.T


@settings(max_examples=60)
@given(distances(), st.sampled_from(["glop", "highs", "scip", "cp-sat"]))
def test_the_tour_is_the_shortest_of_all(D: Floats, solver: str) -> None:
    solution = solve(travelling_salesman(D), solver)
    best = shortest(D)
    assert solution.value == best
    assert sorted(solution.answer) == list(range(len(D)))
    assert length(np.array(solution.answer), D) == best
    assert all(check.ok for check in solution.checks)
    if solver in ("glop", "highs"):
        assert solution.status == "optimal"
        assert solution.bound == best


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared")
@pytest.mark.parametrize("name", OPTIMA)
def test_published_optima(name: str) -> None:
    g = read_graph(DATA / "tsplib" / f"{name}.tsp").network
    D = np.zeros((g.n, g.n))
    D[g.tail, g.head] = D[g.head, g.tail] = g.weight
    solution = solve(travelling_salesman(D))
    assert (solution.status, solution.value, solution.bound) == ("optimal", OPTIMA[name], OPTIMA[name])


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (np.zeros((2, 3)), r"shape \(2, 3\)"),
        (np.zeros((2, 2)), "at least 3"),
        (np.array([[0, 1, 2], [1, 0, np.nan], [2, np.nan, 0]]), "items 1 and 2 is nan"),
        (np.array([[0, 1, 2], [1, 0, 3], [2, 4, 0]]), "3.0 one way and 4.0 the other"),
    ],
)
def test_a_distance_that_is_none_is_refused(distance: Floats, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        travelling_salesman(distance)


def tour_edges(n: int, tour: Ints) -> Floats:
    x = np.zeros((n, n))
    x[tour, np.roll(tour, -1)] = x[np.roll(tour, -1), tour] = 1
    return np.asarray(x[np.triu_indices(n, 1)])


@settings(max_examples=60)
@given(st.data())
def test_no_row_cuts_off_a_tour(data: st.DataObject) -> None:
    n = data.draw(st.integers(5, 8))
    tail, head = np.triu_indices(n, 1)
    tours = [np.array(data.draw(st.permutations(range(n)))) for _ in range(4)]
    x = sum(tour_edges(n, tour) for tour in tours) / 4  # of degree 2 everywhere, and no cut is broken
    assert cut_below_two(n, tail, head, x) is None
    y = np.asarray(data.draw(st.lists(st.sampled_from([0, 0.5, 1]), min_size=len(tail), max_size=len(tail))))
    blossoms = crossed_oddly(n, tail, head, y)
    if blossoms is not None:
        rows = travelling_salesman(np.zeros((n, n))).families["blossom"].rows(blossoms)
        for tour in tours:
            assert (rows.activity(tour_edges(n, tour)) <= rows.upper).all()


def triangles() -> tuple[Ints, Ints, Floats]:
    """Two triangles of halves joined by three whole edges: the smallest point that only a blossom cuts off."""
    ends = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (0, 3), (1, 4), (2, 5)]
    return np.array([u for u, _ in ends]), np.array([v for _, v in ends]), np.array([0.5] * 6 + [1.0] * 3)


def test_a_blossom_is_found_where_no_cut_is_broken() -> None:
    tail, head, x = triangles()
    assert cut_below_two(6, tail, head, x) is None
    found = crossed_oddly(6, tail, head, x)
    assert found is not None
    assert [sorted(handle.tolist()) for handle in found.handles] == [[0, 1, 2]]
    assert [sorted(teeth.tolist()) for teeth in found.teeth] == [[6, 7, 8]]


def test_separation_finds_a_cut_wherever_there_is_one() -> None:
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(60):
        n = 9
        tail, head = np.triu_indices(n, 1)
        x = np.zeros(len(tail))
        for part in (rng.permutation(n), np.r_[:n]):  # a tour, and two circles
            cycles = [part] if rng.random() < 0.3 else [part[:4], part[4:]]
            for cycle in cycles:
                edges = np.zeros((n, n))
                edges[cycle, np.roll(cycle, -1)] = 0.5
                x += (edges + edges.T)[tail, head]
        least = min(
            x[np.isin(tail, part) != np.isin(head, part)].sum()
            for k in range(1, n // 2 + 1)
            for part in map(list, itertools.combinations(range(n), k))
        )
        sets = cut_below_two(n, tail, head, x)
        assert (sets is not None) == (least < 2 - 1e-6)
        for part in [] if sets is None else sets.members():
            found += 1
            assert x[np.isin(tail, part) != np.isin(head, part)].sum() < 2
    assert found > 5


@pytest.mark.parametrize("teeth", [[0, 1], [0, 1, 2, 2], [0, 2, 3]])
def test_a_certificate_takes_no_blossom_that_is_none(teeth: list[int]) -> None:
    problem = travelling_salesman(np.ones((6, 6)))
    with pytest.raises(ValueError, match="odd number of different edges"):
        problem.families["blossom"].rows(Blossoms([np.array([0, 1, 2])], [np.array(teeth)]))


def test_a_flipped_multiplier_proves_less() -> None:
    rng = np.random.default_rng(1)
    place = rng.random((12, 2))
    solution = solve(travelling_salesman(np.rint(1000 * np.linalg.norm(place[:, None] - place, axis=2))))
    assert isinstance(solution.multipliers, Multipliers)
    from solvers.proof.branching import dual_of
    from solvers.proof.certificate import ExactModel
    from solvers.proof.standard_form import standard_form

    problem = travelling_salesman(np.rint(1000 * np.linalg.norm(place[:, None] - place, axis=2)))
    model = ExactModel(standard_form(problem), problem.families)
    listed = {name: -values for name, values in solution.multipliers.listed.items()}
    assert model.lower_bound(dual_of(model.form, solution.multipliers)).value == solution.value
    wrong = Multipliers(listed, solution.multipliers.families)
    assert model.lower_bound(dual_of(model.form, wrong)).value < solution.value


def test_exchanges_only_ever_shorten_a_tour() -> None:
    rng = np.random.default_rng(0)
    gained = 0.0
    for _ in range(100):
        n = int(rng.integers(4, 15))
        D = rng.random((n, n))
        D = D + D.T
        near = np.argsort(D + np.diag(np.full(n, np.inf)), axis=1)[:, : min(8, n - 1)]
        tail, head = np.triu_indices(n, 1)
        tour = joined(n, tail, head, rng.permutation(len(tail)), D)
        after = improved(tour, D, near)
        assert sorted(tour.tolist()) == sorted(after.tolist()) == list(range(n))
        assert length(after, D) <= length(tour, D) + 1e-12
        gained += length(tour, D) - length(after, D)
    assert gained > 10


@pytest.mark.parametrize("solver", [Glop, Highs])
def test_sifting_finds_the_optimum_of_the_whole_linear_program(solver: type[Glop] | type[Highs]) -> None:
    from scipy.optimize import linprog

    rng = np.random.default_rng(2)
    for _ in range(10):
        m, n = 6, 400
        A = np.where(rng.random((m + 2, n)) < 0.4, rng.integers(-3, 4, (m + 2, n)), 0).astype(float)
        c, point = rng.normal(size=n), (rng.random(n) < 0.02).astype(float)
        b, lower, upper = A @ point, np.zeros(n), np.ones(n)
        sifting = Sifting(Arrays(c, csr_array(A[:m]), b[:m], b[:m], lower, upper), solver, point != 0)
        first = sifting.solve(10)
        assert first.x is not None
        exact = linprog(c, A_eq=A[:m], b_eq=b[:m], bounds=np.c_[lower, upper])
        assert c @ first.x == pytest.approx(exact.fun, abs=1e-6)

        fixed = np.flatnonzero((point != 0) | (rng.random(n) < 0.3))  # some where the point has them, two more rows
        sifting.change_bounds(fixed, point[fixed], point[fixed])
        sifting.add_rows(np.zeros(0), np.zeros(0), csr_array(A[m:]), b[m:], b[m:])
        lower[fixed] = upper[fixed] = point[fixed]
        second = sifting.solve(10)
        assert second.x is not None
        exact = linprog(c, A_eq=A, b_eq=b, bounds=np.c_[lower, upper])
        assert c @ second.x == pytest.approx(exact.fun, abs=1e-6)


@pytest.mark.parametrize("solver", [Glop, Highs])
def test_sifting_calls_nothing_infeasible_that_a_column_outside_could_mend(solver: type[Glop] | type[Highs]) -> None:
    c = np.r_[np.zeros(30), 5.0]  # the row's cheapest columns cannot reach 1; the dear one can
    A = csr_array(np.r_[-np.ones(30), 1.0][None, :])
    sifting = Sifting(Arrays(c, A, np.ones(1), np.ones(1), np.zeros(31), np.ones(31)), solver, np.zeros(31, dtype=bool))
    result = sifting.solve(10)
    assert result.x is not None
    assert c @ result.x == 5
    sifting.change_bounds(np.array([30]), np.zeros(1), np.zeros(1))
    assert sifting.solve(10).status == "infeasible"


@pytest.mark.parametrize("n", [1, 2, 3, 6, 40])
def test_a_short_path_goes_through_all_items(n: int) -> None:
    place = np.random.default_rng(n).random(n)
    path = short_path(np.abs(place[:, None] - place))
    assert sorted(path.tolist()) == list(range(n))
    assert n <= 3 or np.abs(np.diff(place[path])).sum() <= 1.5 * np.ptp(place)
