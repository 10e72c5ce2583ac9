"""solve(): what it refuses, what it claims, and what it leaves when it has to stop."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise, product
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stopwatch import within

from formulations.mst import minimum_spanning_tree
from formulations.problem import Problem
from solvers import Solution, solve

ROUTES = pytest.mark.parametrize("solver", ["glop", "highs"])


def problem(objective: cp.Minimize | cp.Maximize, **subject_to: cp.Constraint) -> Problem:
    return Problem(objective=objective, subject_to=subject_to)


def assert_optimal(solution: Solution, value: float) -> None:
    assert solution.status == "optimal", solution.message
    assert solution.value == pytest.approx(value)
    assert solution.bound == pytest.approx(value)
    assert solution.gap is not None
    assert solution.gap <= 1e-9
    assert solution.certificate.verified
    assert solution.proven


# What is refused, in a sentence.


def test_an_unknown_solver_is_refused_by_naming_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no solver 'gurobi'.*glop.*highs"):
        solve(minimum_spanning_tree(nx.path_graph(2)), "gurobi")


@pytest.mark.parametrize("seconds", [0, -1, math.nan])
def test_a_time_limit_that_is_not_positive_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"time_limit is .*positive"):
        solve(minimum_spanning_tree(nx.path_graph(2)), time_limit=seconds)


@pytest.mark.parametrize("gap", [-0.1, 1, 2, math.nan])
def test_a_gap_outside_0_to_1_is_refused(gap: float) -> None:
    with pytest.raises(ValueError, match=r"gap is .*less than 1"):
        solve(minimum_spanning_tree(nx.path_graph(2)), gap=gap)


def test_a_device_that_no_solver_uses_is_refused() -> None:
    with pytest.raises(ValueError, match=r"device 'cuda'.*cpu"):
        solve(minimum_spanning_tree(nx.path_graph(2)), device="cuda")


@ROUTES
def test_a_quadratic_objective_is_refused(solver: str) -> None:
    x = cp.Variable(name="x")
    with pytest.raises(ValueError, match="the model is not linear"):
        solve(problem(cp.Minimize(cp.square(x)), some=x >= 1), solver)


@ROUTES
def test_a_model_that_is_not_convex_is_refused(solver: str) -> None:
    x = cp.Variable(name="x")
    with pytest.raises(ValueError, match="not convex"):
        solve(problem(cp.Maximize(cp.square(x)), some=x <= 1), solver)


def test_two_variables_of_one_name_are_refused() -> None:
    x, other = cp.Variable(name="x"), cp.Variable(name="x")
    with pytest.raises(ValueError, match="share a name"):
        solve(problem(cp.Minimize(x + other), some=x + other >= 1))


# Plain models, without families.


@ROUTES
def test_a_linear_program_is_maximized_under_its_bound(solver: str) -> None:
    x = cp.Variable(2, name="x", bounds=[0, 5])
    solution = solve(problem(cp.Maximize(3 * x[0] - x[1] + 7), limit=2 * x[0] - x[1] <= 4), solver)
    assert_optimal(solution, 15.5)
    assert solution.value is not None
    assert solution.bound is not None
    assert solution.bound >= solution.value


@ROUTES
def test_the_multipliers_carry_the_constraints_names_and_the_problems_sign(solver: str) -> None:
    x = cp.Variable(name="x", bounds=[0, 10])
    least = solve(problem(cp.Minimize(2 * x), floor=x >= 3), solver).multipliers
    most = solve(problem(cp.Maximize(2 * x), roof=x <= 3), solver).multipliers
    assert least is not None
    assert most is not None
    # One more unit on the right costs, or brings, 2.
    assert abs(least.listed["floor"].item()) == pytest.approx(2)
    assert abs(most.listed["roof"].item()) == pytest.approx(2)


@ROUTES
def test_an_assignment_keeps_the_shape_of_its_matrix(solver: str) -> None:
    cost = np.array([[4, 1, 3], [2, 0, 5], [3, 2, 2]])
    X = cp.Variable((3, 3), name="X", boolean=True)
    assigned = problem(
        cp.Minimize(cp.sum(cp.multiply(cost, X))), rows=cp.sum(X, axis=1) == 1, columns=cp.sum(X, axis=0) == 1
    )
    solution = solve(assigned, solver)
    assert_optimal(solution, 5)
    assert solution.values is not None
    assert solution.values["X"].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


@ROUTES
def test_a_matrix_that_is_not_square_or_symmetric_is_not_transposed(solver: str) -> None:
    target = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    X = cp.Variable((2, 3), name="X", integer=True)
    solution = solve(problem(cp.Minimize(cp.sum(X)), least=target <= X), solver)
    assert_optimal(solution, 21)
    assert solution.values is not None
    assert solution.values["X"].tolist() == target.tolist()


@ROUTES
def test_an_integer_variable_is_rounded_towards_the_feasible_side(solver: str) -> None:
    x = cp.Variable(name="x", integer=True)
    assert_optimal(solve(problem(cp.Minimize(3 * x), floor=2 * x >= -7), solver), -9)
    assert_optimal(solve(problem(cp.Maximize(3 * x), roof=2 * x <= 7), solver), 9)


@ROUTES
def test_a_constant_objective_is_optimal_anywhere(solver: str) -> None:
    x = cp.Variable(2, name="x", bounds=[-1, 2])
    assert_optimal(solve(problem(cp.Minimize(0), some=cp.sum(x) == 1), solver), 0)


@ROUTES
def test_a_model_without_constraints_is_solved_over_its_bounds(solver: str) -> None:
    x = cp.Variable(2, name="x", bounds=[-1, 2])
    assert_optimal(solve(problem(cp.Minimize(cp.sum(x))), solver), -2)


@ROUTES
def test_two_variables_of_different_kinds_meet_in_one_model(solver: str) -> None:
    x, y = cp.Variable(name="x", integer=True), cp.Variable(2, name="y", bounds=[0, 1])
    solution = solve(problem(cp.Maximize(2 * x + cp.sum(y)), load=4 * x + y[0] + 2 * y[1] <= 11), solver)
    assert_optimal(solution, 6)


knapsacks = st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=8)


@ROUTES
@settings(max_examples=40)
@given(items=knapsacks, room=st.integers(0, 60))
def test_a_knapsack_is_packed_as_by_brute_force(solver: str, items: list[tuple[int, int]], room: int) -> None:
    gain, size = np.array(items).T
    take = cp.Variable(len(items), name="take", boolean=True)
    solution = solve(problem(cp.Maximize(gain @ take), room=size @ take <= room), solver)
    packings = (np.array(x) for x in product([0, 1], repeat=len(items)))
    assert_optimal(solution, max(int(gain @ x) for x in packings if size @ x <= room))


@ROUTES
def test_a_knapsack_that_needs_branching_is_proven_by_it(solver: str) -> None:
    take = cp.Variable(4, name="take", boolean=True)
    gain, size = np.array([10, 13, 7, 8]), np.array([5, 7, 4, 5])
    solution = solve(problem(cp.Maximize(gain @ take), room=size @ take <= 13), solver)
    assert_optimal(solution, 23)
    assert solution.certificate.kind == "branching"
    assert solution.stats["boxes"] > 0


@settings(max_examples=20)
@given(items=knapsacks, room=st.integers(0, 60))
def test_scip_finds_the_best_packing_and_claims_no_proof_that_it_does_not_have(
    items: list[tuple[int, int]], room: int
) -> None:
    gain, size = np.array(items).T
    take = cp.Variable(len(items), name="take", boolean=True)
    solution = solve(problem(cp.Maximize(gain @ take), room=size @ take <= room), "scip")
    packings = (np.array(x) for x in product([0, 1], repeat=len(items)))
    assert solution.value == max(int(gain @ x) for x in packings if size @ x <= room)
    assert solution.status == "feasible"
    assert not solution.certificate.verified


# No answer.


@ROUTES
def test_contradicting_constraints_are_named_and_proved(solver: str) -> None:
    x = cp.Variable(name="x", nonneg=True)
    solution = solve(problem(cp.Minimize(x), low=x >= 3, high=x <= 2, idle=x <= 100), solver)
    assert solution.status == "infeasible"
    assert solution.certificate.verified
    assert "low" in solution.message
    assert "high" in solution.message
    assert "idle" not in solution.message
    assert (solution.value, solution.bound, solution.answer, solution.values) == (None, None, None, None)


@ROUTES
def test_integers_that_do_not_fit_are_proved_infeasible_by_branching(solver: str) -> None:
    x = cp.Variable(2, name="x", integer=True, bounds=[0, 3])
    solution = solve(problem(cp.Minimize(x[0]), odd=2 * x[0] + 2 * x[1] == 5), solver)
    assert solution.status == "infeasible"
    assert solution.certificate.kind == "branching"
    assert solution.certificate.verified


@ROUTES
def test_an_unbounded_program_is_not_called_infeasible(solver: str) -> None:
    x = cp.Variable(name="x", nonneg=True)
    assert solve(problem(cp.Maximize(x), floor=x >= 1), solver).status == "unbounded"
    assert solve(problem(cp.Minimize(-x), floor=x >= 1), solver).status == "unbounded"


# The same again.


def without_seconds(stats: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stats.items() if not name.endswith("_seconds")}


def geometric(n: int, seed: int) -> nx.Graph[Any]:
    """A complete graph on random points, whose trees of small degree are hard."""
    points = np.random.default_rng(seed).random((n, 2))
    graph: nx.Graph[Any] = nx.Graph()
    for u in range(n):
        for v in range(u):
            graph.add_edge(u, v, weight=int(1e4 * np.hypot(*(points[u] - points[v]))))
    return graph


@pytest.mark.parametrize("most", [None, 2])
@ROUTES
def test_two_solves_give_the_same_in_all_but_seconds(solver: str, most: int | None) -> None:
    graph = geometric(14, seed=3)
    one, other = (solve(minimum_spanning_tree(graph, max_degree=most), solver) for _ in range(2))
    assert one.answer == other.answer
    assert (one.status, one.value, one.bound, one.gap) == (other.status, other.value, other.bound, other.gap)
    assert one.checks == other.checks
    assert without_seconds(one.stats) == without_seconds(other.stats)


# Having to stop.


def assert_sandwiched(solution: Solution) -> None:
    """An honest answer of a solve that was cut short."""
    if solution.value is None:
        return
    assert solution.status in ("feasible", "optimal")
    assert all(check.ok for check in solution.checks), solution.checks
    if solution.bound is not None:
        assert solution.value >= solution.bound


@ROUTES
def test_a_time_limit_ends_a_hard_solve_with_an_answer_and_a_bound(solver: str) -> None:
    path = minimum_spanning_tree(geometric(150, seed=1), max_degree=2)
    with within(6):  # it would take minutes
        solution = solve(path, solver, time_limit=1)
    assert solution.value is not None
    assert solution.bound is not None
    assert solution.gap is not None
    assert_sandwiched(solution)


@ROUTES
def test_no_time_at_all_is_no_error(solver: str) -> None:
    solution = solve(minimum_spanning_tree(geometric(20, seed=1)), solver, time_limit=1e-9)
    assert solution.status in ("feasible", "no_solution", "optimal")
    assert_sandwiched(solution)


@ROUTES
def test_a_wide_gap_stops_early_and_says_what_was_asked(solver: str) -> None:
    path = minimum_spanning_tree(geometric(14, seed=3), max_degree=2)
    solution = solve(path, solver, gap=0.5)
    assert solution.gap is not None
    assert solution.gap <= 0.5
    exact = solve(path, solver)
    assert solution.bound is not None
    assert exact.value is not None
    assert solution.bound <= exact.value <= (solution.value or math.inf)


@ROUTES
def test_every_round_is_reported_and_bounds_never_fall_at_the_root(solver: str) -> None:
    seen: list[int] = []
    solution = solve(minimum_spanning_tree(geometric(30, seed=1)), solver, progress=lambda s: seen.append(s.rounds))
    history = solution.stats["history"]
    assert seen == [0, *(line["round"] for line in history)]  # at the first answer, and after every round
    assert seen == sorted(seen)
    bounds = [line["bound"] for line in history]
    assert all(b <= after + 1e-6 * abs(after) for b, after in pairwise(bounds))


@pytest.mark.parametrize("at", [1, 5])
@ROUTES
def test_an_interrupt_keeps_the_best_answer_so_far(solver: str, at: int) -> None:
    calls: list[int] = []

    def interrupt(_: Any) -> None:
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt

    solution = solve(minimum_spanning_tree(geometric(150, seed=1), max_degree=2), solver, progress=interrupt)
    assert solution.stats["interrupted"] is True
    assert solution.value is not None
    assert_sandwiched(solution)


def test_a_solve_that_runs_through_was_not_interrupted() -> None:
    assert solve(minimum_spanning_tree(nx.path_graph(3))).stats["interrupted"] is False


CHILD = """
import sys, time
import networkx as nx, numpy as np
from formulations.mst import minimum_spanning_tree
from solvers import solve
points = np.random.default_rng(1).random((150, 2))
graph = nx.Graph()
for u in range(150):
    for v in range(u):
        graph.add_edge(u, v, weight=int(1e4 * np.hypot(*(points[u] - points[v]))))
told = []
def tell(search):
    if not told and search.best is not None:
        told.append(time.process_time())
        print("going", flush=True)
solution = solve(minimum_spanning_tree(graph, max_degree=2), sys.argv[1], progress=tell)
assert solution.stats["interrupted"] is True, solution
assert solution.value >= solution.bound, solution
assert len(solution.answer) == 149
assert time.process_time() - told[0] < 6, "it would take minutes"
print("stopped", solution.status)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a process")
@ROUTES
def test_ctrl_c_ends_a_hard_solve_soon_with_an_answer(solver: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, solver], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "going\n"
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
        assert out == "stopped feasible\n"
        assert child.returncode == 0
    finally:
        child.kill()
        child.wait()


# highspy and ortools both bring a libhighs.


@pytest.mark.parametrize(
    "imports",
    [
        "import highspy; from ortools.math_opt.core.python import solver",
        "from ortools.math_opt.core.python import solver; import highspy",
        "import cvxpy; from ortools.math_opt.core.python import solver; import highspy",
        "from ortools.math_opt.core.python import solver; import cvxpy; import highspy",
    ],
)
def test_the_solver_packages_load_in_any_order_and_all_routes_work(imports: str) -> None:
    program = f"""
{imports}
import networkx as nx
from formulations.mst import minimum_spanning_tree
from solvers import solve
for name in ("glop", "highs"):
    assert solve(minimum_spanning_tree(nx.cycle_graph(4)), name).status == "optimal"
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_an_integer_between_two_others_is_infeasible(solver: str) -> None:
    x = cp.Variable(2, name="x", integer=True, bounds=[0.4, 0.6])
    solution = solve(Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"row": x >= -1}), solver)
    assert solution.status == "infeasible"
    assert solution.proven


def test_numbers_that_glop_refuses_are_a_sentence() -> None:
    x = cp.Variable(2, name="x", nonneg=True)
    huge = Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"row": np.array([1e300, 1.0]) @ x >= 1})
    with pytest.raises(ValueError, match="GLOP refuses the model"):
        solve(huge, "glop")


def test_the_solvers_that_are_offered_take_the_problem() -> None:
    tree = minimum_spanning_tree(nx.cycle_graph(4))
    with pytest.raises(ValueError, match="there is no solver 'cplex'") as refused:
        solve(tree, "cplex")
    for name in str(refused.value).partition("choose among ")[2].split(", "):
        assert solve(tree, name).value == 3


@pytest.mark.parametrize("thing", ["edges.gml", None, {"a": "b"}])
def test_what_is_no_graph_is_named(thing: Any) -> None:
    with pytest.raises(ValueError, match=f"no graph in a {type(thing).__name__}"):
        minimum_spanning_tree(thing)
