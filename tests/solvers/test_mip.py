"""SCIP, CP-SAT and PDLP: against brute force, and where they would claim too much by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from stopwatch import within
from strategies import exactly, kruskal, short_weights, weighted_graphs

from formulations.mst import minimum_spanning_tree
from formulations.problem import Family, Problem, Rows, Values
from solvers import Solution, solve
from solvers.integer.cp_sat import solve_by_mip
from solvers.linear.pdlp import solve_by_pdlp
from solvers.proof.search import Search

MIP = pytest.mark.parametrize("name", ["scip", "cp-sat"])
ALL = pytest.mark.parametrize("name", ["scip", "cp-sat", "pdlp"])


@dataclass
class Told:
    """A solver, and what it said at the end."""

    name: str
    word: list[str] = field(default_factory=list)

    def run(self, search: Search) -> str:
        self.word.append(solve_by_pdlp(search) if self.name == "pdlp" else solve_by_mip(search, self.name))
        return self.word[-1]


def told(problem: Problem, name: str, **options: Any) -> tuple[str, Solution]:
    solver = Told(name)
    solution = solve(problem, solver, **options)
    return solver.word[-1], solution


def problem(objective: cp.Minimize | cp.Maximize, **subject_to: cp.Constraint) -> Problem:
    return Problem(objective=objective, subject_to=subject_to)


def integers(n: int, lower: float | list[float] | None, upper: float | list[float] | None) -> cp.Variable:
    return cp.Variable(n, name="x", integer=True, bounds=[lower, upper])


def knapsacks(rows: int, items: int) -> Problem:
    """Too hard for a test's patience."""
    draw = np.random.default_rng(1)
    size, gain = draw.integers(1, 1000, (rows, items)), draw.integers(1, 1000, items)
    take = cp.Variable(items, name="x", boolean=True)
    return problem(cp.Maximize(gain @ take), room=size @ take <= size.sum(axis=1) // 3)


# Against brute force.


@st.composite
def small_programs(draw: st.DrawFn) -> tuple[list[list[float]], list[float], list[bool], list[float], list[range]]:
    """Coefficients, right sides, which rows are equations, costs, and the range of each column."""
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    number = draw(st.sampled_from([st.integers(-5, 5).map(float), st.integers(-30, 30).map(lambda p: p / 10)]))
    tiny = st.integers(-5, 5).map(lambda p: p * 1e-7)
    cost = draw(st.sampled_from([number, tiny, st.sampled_from([0.1, 1e-7, 1e6 + 0.5, -0.3, -1e6 - 0.4999999])]))
    ranges = [
        range(low, low + draw(st.integers(1, 5))) for low in draw(st.lists(st.integers(-3, 2), min_size=n, max_size=n))
    ]
    A = [draw(st.lists(number, min_size=n, max_size=n)) for _ in range(m)]
    met = [draw(st.sampled_from(list(r))) for r in ranges]
    at = [float(sum((exactly(a) * v for a, v in zip(row, met, strict=True)), Fraction(0))) for row in A]
    b = [draw(st.sampled_from([side, side + 0.5, side - 0.1])) for side in at]
    b = [float(round(Fraction(side), 6)) for side in b]
    return A, b, [draw(st.booleans()) for _ in A], draw(st.lists(cost, min_size=n, max_size=n)), ranges


def brute(A: Any, b: Any, equal: Any, c: Any, ranges: Any) -> Fraction | None:
    """The least value, in fractions."""

    def total(row: list[float], x: tuple[int, ...]) -> Fraction:
        return sum((exactly(a) * v for a, v in zip(row, x, strict=True)), Fraction(0))

    def holds(x: tuple[int, ...]) -> bool:
        sides = zip(A, map(exactly, b), equal, strict=True)
        return all(total(row, x) == side if same else total(row, x) <= side for row, side, same in sides)

    return min((total(c, x) for x in product(*ranges) if holds(x)), default=None)


@MIP
@settings(max_examples=60)
@given(program=small_programs())
def test_small_integer_programs_are_solved_as_by_brute_force(name: str, program: Any) -> None:
    A, b, equal, c, ranges = program
    x = integers(len(c), [r.start for r in ranges], [r.stop - 1 for r in ranges])
    rows = {f"r{i}": np.array(A[i]) @ x == b[i] if equal[i] else np.array(A[i]) @ x <= b[i] for i in range(len(b))}
    word, solution = told(problem(cp.Minimize(np.array(c) @ x), **rows), name)
    best = brute(*program)
    if best is None:
        assert word == "infeasible"
        assert solution.status in ("infeasible", "no_solution")
    elif name == "cp-sat" or max(map(abs, c)) < 1e5:  # SCIP cannot hold 1e6 and 1e-7 apart
        assert word == "optimal"
        assert solution.value == pytest.approx(float(best), rel=1e-9, abs=1e-15)
    else:
        assert word == "optimal"
        assert solution.value == pytest.approx(float(best), rel=1e-6, abs=1e-6)


@MIP
@settings(max_examples=30)
@given(graph=weighted_graphs(most=8, kinds=short_weights))
def test_spanning_trees_come_out_of_lazy_rows_alone(name: str, graph: nx.Graph[Any]) -> None:
    tree = replace(minimum_spanning_tree(graph), repair=None)
    word, solution = told(tree, name)
    assert word == "optimal"
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(float(kruskal(graph)))


def test_cp_sat_is_called_until_no_cut_is_broken() -> None:
    graph: nx.Graph[Any] = nx.disjoint_union(nx.complete_graph(4), nx.complete_graph(4))
    nx.set_edge_attributes(graph, 1, "weight")
    graph.add_edge(0, 4, weight=100)
    solution = solve(replace(minimum_spanning_tree(graph), repair=None), "cp-sat")
    assert (solution.status, solution.value) == ("optimal", 106)
    assert solution.stats["cuts"] > 0


@pytest.mark.parametrize("seed", range(8))
def test_scip_solves_mixed_programs_as_branch_and_cut_does(seed: int) -> None:
    draw = np.random.default_rng(seed)
    x, y = integers(4, 0, 5), cp.Variable(3, name="y", bounds=[0, None])
    A, B = draw.normal(size=(3, 4)), draw.normal(size=(3, 3))
    at = A @ draw.integers(0, 5, 4) + B @ draw.random(3)
    mixed = problem(
        cp.Minimize(draw.normal(size=4) @ x + draw.random(3) @ y),
        some=A[:2] @ x + B[:2] @ y <= at[:2],
        same=A[2] @ x + B[2] @ y == at[2],
    )
    word, solution = told(mixed, "scip")
    assert word == "optimal"
    assert solution.value == pytest.approx(solve(mixed, "glop").value, rel=1e-6, abs=1e-6)


# Numbers that CP-SAT cannot take as they are.


@pytest.mark.parametrize(
    "c", [[0.1, 0.3], [-1e-7, -3e-7], [-1e6 - 0.5, -1e6 - 0.4999999], [-np.pi, -np.e], [-1 / 3, -1 / 3 - 1e-16]]
)
@MIP
def test_costs_are_not_rounded_away(name: str, c: list[float]) -> None:
    x = integers(2, 0, 10)
    word, solution = told(problem(cp.Minimize(np.array(c) @ x), room=cp.sum(x) <= 3), name)
    assert word == "optimal"
    assert solution.value == pytest.approx(min(0, 3 * c[0], 3 * c[1]), rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "upper", "x"),
    [
        ([0.1, 0.2], 0.3, 10, [1, 1]),
        ([1e9 + 1, -1e9], 1, 1000, [1, 1]),
        ([1e13 + 1, -1e13], 1, 2**20, [1, 1]),  # sums beyond 2^53
        ([np.pi, -np.pi / 2], 0, 3, [1, 2]),
    ],
)
def test_cp_sat_calls_no_row_contradictory_that_it_cannot_represent(
    a: list[float], b: float, upper: int, x: list[int]
) -> None:
    v = integers(2, 1, upper)
    word, solution = told(problem(cp.Minimize(cp.sum(v)), row=np.array(a) @ v == b), "cp-sat")
    assert word != "infeasible"
    if word == "optimal":
        assert solution.values is not None
        assert solution.values["x"].tolist() == x


def test_a_fixed_column_leaves_no_row_that_math_opt_takes_for_a_mistake() -> None:
    x = integers(3, [0, 0, -9], [9, 0, 9])
    assert told(problem(cp.Minimize(x[0]), odd=2 * x[0] + 3 * x[1] - 2 * x[2] == 1), "cp-sat")[0] == "infeasible"


def test_cp_sat_refuses_continuous_columns_by_naming_who_takes_them() -> None:
    x, y = integers(1, 0, 5), cp.Variable(1, name="y", bounds=[0, 1])
    mixed = problem(cp.Minimize(cp.sum(x) + cp.sum(y)), some=x + y >= 1)
    for solver in ("cp-sat", Told("cp-sat")):
        with pytest.raises(ValueError, match=r"cp-sat takes integer variables only.*glop.*highs.*scip"):
            solve(mixed, solver)


# No bounds.


@MIP
def test_bounds_that_rows_or_costs_imply_are_found(name: str) -> None:
    x = integers(1, None, None)
    y = integers(2, 0, None)
    for maths, value in (
        (problem(cp.Minimize(3 * cp.sum(x)), floor=2 * x >= -7), -9),
        (problem(cp.Maximize(cp.sum(x)), roof=x <= 5e6), 5e6),  # beyond where CP-SAT looks first
        (problem(cp.Maximize(2 * y[0] + 3 * y[1]), room=7 * y[0] + 11 * y[1] <= 100), 28),
        (problem(cp.Minimize(cp.sum(y)), some=7 * y[0] + 11 * y[1] == 10**8 + 1), 9090911),
    ):
        word, solution = told(maths, name)
        assert (word, solution.value) == ("optimal", value)


@MIP
def test_bounds_beyond_those_of_math_opt_are_kept(name: str) -> None:
    far = integers(1, 2e7, 3e9)
    assert solve(problem(cp.Minimize(cp.sum(far))), name).value == 2e7
    assert solve(problem(cp.Maximize(cp.sum(far))), name).value == 3e9


@ALL
def test_unbounded_programs_are_unbounded(name: str) -> None:
    whole, free = cp.Variable(1, name="x", integer=name != "pdlp", nonneg=True), cp.Variable(2, name="x")
    if name != "pdlp":
        free = integers(2, None, None)
    for maths in (
        problem(cp.Maximize(cp.sum(whole)), floor=whole >= 1),
        problem(cp.Minimize(-1e-7 * cp.sum(whole))),
        problem(cp.Minimize(free[0] + free[1]), same=free[0] == free[1]),
        problem(cp.Maximize(2 * free[0] - 3 * free[1]), room=4 * free[0] + free[1] <= 7.5),
    ):
        word, solution = told(maths, name, time_limit=20)
        assert (word, solution.status, solution.value) == ("unbounded", "unbounded", None)


@MIP
def test_an_unbounded_relaxation_without_integers_is_infeasible_not_unbounded(name: str) -> None:
    x, y = integers(1, 0, None), cp.Variable(2, name="y", integer=True, bounds=[-5, 5])
    empty = problem(cp.Maximize(cp.sum(x)), odd=2 * y[0] + 4 * y[1] == 1)
    word, solution = told(empty, name)
    assert word == "infeasible"
    assert solution.status == "infeasible"
    assert solution.proven


def test_what_lies_at_an_assumed_bound_is_not_called_optimal() -> None:
    x = integers(1, 0, None)
    nothing = Family("nothing", lambda _: None, lambda _: pytest.fail("no rows are broken"))
    # What the family leaves unsaid might bound x: so nobody knows.
    unbounded = replace(problem(cp.Maximize(cp.sum(x))), for_all=[nothing])
    word, solution = told(unbounded, "cp-sat")
    assert word == "limit"
    assert solution.status in ("feasible", "no_solution")


# No answer.


@ALL
def test_what_contradicts_itself_is_proved_infeasible(name: str) -> None:
    x = cp.Variable(2, name="x", integer=name != "pdlp", bounds=[0, None])
    solution = solve(problem(cp.Minimize(cp.sum(x)), low=cp.sum(x) >= 3, high=cp.sum(x) <= 2), Told(name))
    assert solution.status == "infeasible"
    assert solution.certificate.verified
    assert "low" in solution.message
    assert "high" in solution.message


@ALL
def test_integers_between_two_integers_are_none(name: str) -> None:
    x = integers(1, 0.4, 0.6)
    word, solution = told(problem(cp.Minimize(cp.sum(x)), some=x <= 5), name)
    assert word == "infeasible"
    assert solution.value is None


@MIP
def test_integers_that_do_not_fit_are_proven_infeasible(name: str) -> None:
    x = integers(2, 0, 3)
    word, solution = told(problem(cp.Minimize(x[0]), odd=2 * x[0] + 2 * x[1] == 5), name)
    assert word == "infeasible"
    assert solution.status == "infeasible"
    assert solution.proven


# Having to stop.


@MIP
def test_a_time_limit_ends_a_hard_program_with_an_answer(name: str) -> None:
    with within(6):  # it would take minutes
        word, solution = told(knapsacks(30, 200), name, time_limit=1)
    assert word == "limit"
    assert solution.value is not None
    assert all(check.ok for check in solution.checks)


@ALL
def test_no_time_at_all_is_no_error(name: str) -> None:
    x = cp.Variable(2, name="x", integer=name != "pdlp", bounds=[0, 5])
    maths = problem(cp.Maximize(cp.sum(x)), room=3 * x[0] + 2 * x[1] <= 7)
    assert told(maths, name, time_limit=1e-9)[0] in ("limit", "optimal")


@dataclass(frozen=True)
class Broken:
    """A family whose oracle, or whose rows, fail."""

    where: str

    def violated(self, _: Values) -> int | None:
        if self.where == "violated":
            raise RuntimeError("the oracle is lost")
        return 1

    def rows(self, _: int) -> Rows:
        if self.where == "rows":
            raise RuntimeError("the oracle is lost")
        none = np.zeros(1)
        return Rows(variable="x", matrix=csr_array((1, 2)), parent=np.array([-1]), lower=none, upper=none)


@pytest.mark.parametrize("where", ["violated", "rows"])
@MIP
def test_an_oracle_that_raises_is_heard(name: str, where: str) -> None:
    x, oracle = integers(2, 0, 5), Broken(where)
    maths = problem(cp.Maximize(cp.sum(x)), room=3 * x[0] + 2 * x[1] <= 7)
    with pytest.raises(RuntimeError, match="the oracle is lost"):
        solve(replace(maths, for_all=[Family("broken", oracle.violated, oracle.rows)]), name)


def test_a_family_whose_rows_do_not_cut_off_what_it_calls_broken_does_not_go_on_for_ever() -> None:
    x, oracle = integers(2, 0, 5), Broken("nowhere")
    maths = problem(cp.Maximize(cp.sum(x)), room=3 * x[0] + 2 * x[1] <= 7)
    lost = replace(maths, for_all=[Family("broken", oracle.violated, oracle.rows)])
    assert told(lost, "cp-sat", time_limit=20)[0] == "limit"


@MIP
def test_a_listener_that_raises_is_heard_and_an_interrupt_keeps_the_answer(name: str) -> None:
    def fail(search: Search) -> None:
        raise RuntimeError("not listening")

    def interrupt(search: Search) -> None:
        if search.best is not None:
            raise KeyboardInterrupt

    with pytest.raises(RuntimeError, match="not listening"):
        solve(knapsacks(3, 20), name, progress=fail)
    solution = solve(knapsacks(3, 20), name, progress=interrupt)
    assert solution.stats["interrupted"]
    assert solution.value is not None


CHILD = """
import sys, time
sys.path += ["tests", "tests/solvers"]
from test_mip import knapsacks
from solvers import solve
told = []
def tell(search):
    if not told and search.value < 0:  # of what is minimized: an answer that is worth something
        told.append(time.process_time())
        print("going", flush=True)
solution = solve(knapsacks(30, 200), sys.argv[1], progress=tell)
assert solution.stats["interrupted"] is True, solution
assert solution.value > 0, solution
assert time.process_time() - told[0] < 6, "it would take minutes"
print("stopped", solution.status)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a process")
@MIP
def test_ctrl_c_ends_a_hard_program_soon_with_an_answer(name: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, name], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "going\n"
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
        assert out == "stopped feasible\n"
    finally:
        child.kill()
        child.wait()


@ALL
def test_two_solves_give_the_same(name: str) -> None:
    maths = knapsacks(3, 20)
    if name == "pdlp":
        x = cp.Variable(20, name="x", bounds=[0, 1])
        maths = problem(cp.Maximize(np.sqrt(np.arange(20)) @ x), room=np.arange(1, 21) @ x <= 100)
    (word, one), (_, other) = told(maths, name, seed=5), told(maths, name, seed=5)
    assert word == "optimal"
    assert one.value == other.value
    assert one.values is not None
    assert other.values is not None
    assert one.values["x"].tolist() == other.values["x"].tolist()
    assert one.stats["rounds"] == other.stats["rounds"]


# PDLP.


@pytest.mark.parametrize("seed", range(12))
def test_pdlp_proves_what_a_simplex_finds(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n, m = draw.integers(2, 30, 2)
    x, A = cp.Variable(n, name="x", bounds=[0, 9]), draw.normal(size=(m, n))
    maths = problem(cp.Maximize(draw.random(n) @ x), room=A @ x <= np.abs(A).sum(axis=1))
    word, solution = told(maths, "pdlp")
    assert (word, solution.status) == ("optimal", "optimal")
    assert solution.value == pytest.approx(solve(maths, "glop").value)


def test_pdlp_rounds_to_the_integers_of_a_network() -> None:
    cost = np.random.default_rng(2).integers(1, 1000, (12, 12))
    X = cp.Variable((12, 12), name="X", boolean=True)
    assigned = problem(
        cp.Minimize(cp.sum(cp.multiply(cost, X))), rows=cp.sum(X, axis=1) == 1, columns=cp.sum(X, axis=0) == 1
    )
    _, solution = told(assigned, "pdlp")
    assert solution.status == "optimal"
    assert solution.certificate.exact
    assert solution.value == solve(assigned, "glop").value


def test_pdlp_leaves_fractions_to_others() -> None:
    take = cp.Variable(4, name="take", boolean=True)
    maths = problem(cp.Maximize(np.array([10, 13, 7, 8]) @ take), room=np.array([5, 7, 4, 5]) @ take <= 13)
    word, solution = told(maths, "pdlp")
    assert word == "limit"
    assert solution.value is None


def test_pdlp_sees_soon_that_a_network_cannot_be_supplied_and_proves_it() -> None:
    graph = nx.random_k_out_graph(200, 4, 1.0, seed=1)
    incidence = nx.incidence_matrix(nx.DiGraph(graph), oriented=True)
    sent = np.zeros(200)
    sent[0], sent[-1] = -1, 2
    flow = cp.Variable(incidence.shape[1], name="flow", bounds=[0, None])
    with within(20):
        solution = solve(problem(cp.Minimize(cp.sum(flow)), kept=incidence @ flow == sent), "pdlp", time_limit=60)
    assert solution.status == "infeasible"
    assert solution.certificate.verified
