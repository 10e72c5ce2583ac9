from __future__ import annotations

import itertools
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SHARED
from scipy.sparse import csr_array

from formulations.graphs import Network
from formulations.graphs.circuits import improved_circuit, joined_arcs
from formulations.graphs.cuts import cut_below_two
from formulations.graphs.tours import improved, joined, length, nearest, short_path, shortest_by_subsets
from formulations.problem import Floats, Multipliers
from formulations.travelling_salesman import asymmetric_travelling_salesman, hamiltonian_cycle, travelling_salesman
from problems.io import read_graph
from solvers import solve
from solvers.linear.glop import Glop
from solvers.linear.highs import Highs
from solvers.linear.linear_program import Arrays
from solvers.linear.mathopt import run as mathopt_run
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


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Network, Floats]:
    """A graph of a few nodes with loops and parallel edges, and its lightest edges as a matrix, infinity elsewhere."""
    directed = draw(st.booleans())
    n = draw(st.integers(2 if directed else 3, 7))
    ends = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), min_size=n, max_size=4 * n))
    if draw(st.booleans()):  # most graphs without this have no tour
        around = draw(st.permutations(range(n)))
        ends += list(zip(around, [*around[1:], around[0]], strict=True))
    tail, head = np.array(ends).T
    weight = np.array(draw(st.lists(st.integers(-5, 20), min_size=len(ends), max_size=len(ends))), dtype=np.float64)
    D = np.full((n, n), np.inf)
    np.minimum.at(D, (tail, head), weight)
    return Network("abcdefg"[:n], tail, head, weight, directed), D if directed else np.minimum(D, D.T)


@settings(max_examples=120)
@given(graphs(), st.sampled_from(["glop", "highs"]))
def test_the_cycle_uses_edges_of_the_graph_only_or_is_proven_impossible(given: tuple[Network, Floats], by: str) -> None:
    g, D = given
    solution = solve(hamiltonian_cycle(g), by)
    best = shortest(D)
    if best == np.inf:
        assert (solution.status, solution.answer) == ("infeasible", None)
        assert solution.certificate.verified
        return
    visited = ["abcdefg".index(node) for node in solution.answer]
    assert sorted(visited) == list(range(g.n))
    assert length(np.array(visited), D) == solution.value == solution.bound == best
    assert (solution.status, solution.certificate.exact) == ("optimal", True)
    assert all(check.ok for check in solution.checks)


@settings(max_examples=60)
@given(st.integers(2, 7).flatmap(lambda n: st.lists(st.integers(-9, 30), min_size=n * n, max_size=n * n)))
def test_the_directed_tour_is_the_shortest_of_all(entries: list[int]) -> None:
    n = int(len(entries) ** 0.5)
    D = np.array(entries, dtype=np.float64).reshape(n, n)
    solution = solve(asymmetric_travelling_salesman(D))
    assert (solution.status, solution.value, solution.bound) == ("optimal", shortest(D), shortest(D))
    assert length(np.array(solution.answer), D) == shortest(D)
    assert all(check.ok for check in solution.checks)


@pytest.mark.parametrize("solver", ["scip", "cp-sat"])
def test_other_solvers_find_the_same_cycle(solver: str) -> None:
    graph = nx.cycle_graph(list("abcdef"), create_using=nx.DiGraph)
    nx.add_cycle(graph, "acebdf")
    nx.set_edge_attributes(graph, {edge: 1 + k for k, edge in enumerate(graph.edges)}, "weight")
    expected = solve(hamiltonian_cycle(graph))
    assert solve(hamiltonian_cycle(graph), solver).value == expected.value == expected.bound


def test_a_graph_without_a_hamiltonian_cycle_is_proven_to_have_none_by_branching() -> None:
    solution = solve(hamiltonian_cycle(nx.petersen_graph()))
    assert (solution.status, solution.certificate.verified) == ("infeasible", True)
    assert solution.stats["boxes"] > 0  # x = 2/3 meets every cut and comb


@pytest.mark.parametrize(("graph", "least"), [(nx.path_graph(2), 3), (nx.empty_graph(1, nx.DiGraph), 2)])
def test_too_few_nodes_are_refused(graph: nx.Graph[Any], least: int) -> None:
    with pytest.raises(ValueError, match=f"at least {least} nodes"):
        hamiltonian_cycle(graph)


def test_two_nodes_have_a_directed_tour() -> None:
    solution = solve(asymmetric_travelling_salesman(np.array([[0.0, 3], [4, 0]])))
    assert (solution.status, solution.value, solution.answer) == ("optimal", 7, [0, 1])


@pytest.mark.parametrize("n", [30, 50])
def test_random_asymmetric_distances_are_proven(n: int) -> None:
    D = np.random.default_rng(n).integers(1, 1000, (n, n)).astype(np.float64)
    solution = solve(asymmetric_travelling_salesman(D))
    assert (solution.status, solution.bound) == ("optimal", solution.value)
    assert length(np.array(solution.answer), D) == solution.value


@pytest.mark.parametrize("state", [travelling_salesman, asymmetric_travelling_salesman])
def test_an_interrupted_search_keeps_its_tour_and_its_bound(state: Any) -> None:
    def stop(search: Any) -> None:
        if search.rounds == 4:
            raise KeyboardInterrupt

    place = np.random.default_rng(0).random((150, 2)) * 1000
    solution = solve(state(np.rint(np.linalg.norm(place[:, None] - place, axis=2))), progress=stop)
    assert (solution.status, sorted(solution.answer)) == ("feasible", list(range(150)))
    assert solution.bound is not None
    assert 0.9 * solution.value < solution.bound < solution.value


def test_moves_of_segments_only_ever_shorten_a_directed_tour() -> None:
    rng = np.random.default_rng(0)
    gained = 0.0
    for _ in range(100):
        n = int(rng.integers(2, 15))
        D = rng.random((n, n))
        tail, head = np.nonzero(~np.eye(n, dtype=bool))
        tour = joined_arcs(n, tail, head, rng.permutation(len(tail)), D)
        after = improved_circuit(tour, D, nearest(D))
        assert sorted(tour.tolist()) == sorted(after.tolist()) == list(range(n))
        assert length(after, D) <= length(tour, D) + 1e-12
        gained += length(tour, D) - length(after, D)
    assert gained > 10


@pytest.mark.parametrize("directed", [False, True])
def test_the_dynamic_program_is_the_best_of_all(directed: bool) -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        n = int(rng.integers(2, 8))
        D = np.where(rng.random((n, n)) < 0.8, rng.integers(-3, 20, (n, n)), np.inf)
        D = D if directed else np.minimum(D, D.T)
        assert shortest_by_subsets(D) == shortest(D)


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


def test_glop_starts_anew_where_it_cannot_go_on_from_its_last_basis(monkeypatch: pytest.MonkeyPatch) -> None:
    from pybind11_abseil import status

    refused = status.BuildStatusNotOk(status.StatusCode.INTERNAL, "Unexpected GLOP termination reason: ABNORMAL")
    runs = []

    def run(*arguments: Any, **more: Any) -> Any:
        runs.append(arguments[0])
        if len(runs) == 2:
            raise refused
        return mathopt_run(*arguments, **more)

    monkeypatch.setattr("solvers.linear.glop.run", run)
    one = np.ones(2)
    lp = Glop(Arrays(np.array([1.0, 2.0]), csr_array([one]), one[:1], one[:1], 0 * one, one))
    lp.solve(10)
    lp.change_bounds(np.array([0]), np.zeros(1), np.full(1, 0.25))
    found = lp.solve(10)
    assert found.x is not None
    assert (found.x.tolist(), len(runs), runs[1] is not runs[2]) == ([0.25, 0.75], 3, True)


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_strong_branching_leaves_the_boxes_as_they_were(solver: str) -> None:
    place = np.random.default_rng(3).random((40, 2)) * 100
    D = np.rint(np.linalg.norm(place[:, None] - place, axis=2))
    solution = solve(travelling_salesman(D), solver)
    assert (solution.status, solution.bound) == ("optimal", solution.value)
    assert solution.stats["boxes"] > 0
