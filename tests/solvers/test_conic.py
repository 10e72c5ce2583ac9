"""The conic route claims only what its values and multipliers prove without it."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest
from places import ROOT
from stopwatch import within

from formulations.mst import minimum_spanning_tree
from formulations.problem import Floats, Problem, Reference
from solvers import Solution, solve
from solvers.solve import BranchAndCut

BOTH = pytest.mark.parametrize("solver", ["clarabel", "scs"])


def nearest(point: Floats, **changed: Any) -> Problem:
    """minimize |x - point|^2 / 2 subject to sum x <= 1; its Lagrangian dual is mu (sum point - 1) - n mu^2 / 2."""
    x, n = cp.Variable(len(point), name="x"), len(point)

    def dual(multipliers: Mapping[str, Floats]) -> float:
        mu = max(float(multipliers["budget"]), 0.0)
        return mu * (float(point.sum()) - 1) - n * mu**2 / 2

    stated: dict[str, Any] = {
        "objective": cp.Minimize(cp.sum_squares(x - point) / 2),
        "subject_to": {"budget": cp.sum(x) <= 1},
        "answer": lambda values: values["x"],
        "dual_function": dual,
    }
    return Problem(**{**stated, **changed})


POINT = np.array([1.0, 2.0, 3.0])
LEAST = 25 / 6  # mu = 5 / 3


def assert_not_claimed(solution: Solution) -> None:
    assert solution.status != "optimal"
    assert not solution.proven
    assert not solution.certificate.verified
    assert solution.message


@BOTH
def test_value_bound_answer_and_multipliers_are_right(solver: str) -> None:
    known = [Reference("by hand", lambda: LEAST)]
    solution = solve(nearest(POINT, references=known), solver)
    assert solution.status == "optimal", solution.message
    assert solution.proven
    assert solution.solver == solver
    assert solution.value == pytest.approx(LEAST, abs=1e-7)
    assert solution.bound == pytest.approx(LEAST, abs=1e-7)
    assert solution.gap is not None
    assert solution.gap <= 1e-7
    assert solution.answer == pytest.approx(POINT - 5 / 3, abs=1e-5)
    assert solution.multipliers is not None
    assert solution.multipliers.listed["budget"] == pytest.approx(5 / 3, abs=1e-5)
    assert [check.name for check in solution.checks][-1] == "by hand"
    needed = {"interrupted", "history", "iterations", "build_seconds", "solve_seconds", "certify_seconds"}
    assert needed <= set(solution.stats)


def test_it_is_the_default_where_the_model_is_not_linear_and_only_there() -> None:
    x = cp.Variable(name="x")
    assert solve(nearest(POINT)).solver == "clarabel"
    assert solve(Problem(objective=cp.Minimize(cp.abs(x)), subject_to={"least": x >= 1})).solver == "highs"


def test_multipliers_keep_their_sign_when_maximizing() -> None:
    s = cp.Variable(name="s")
    problem = Problem(
        objective=cp.Maximize(cp.log(s)),
        subject_to={"roof": s <= 2},
        dual_function=lambda m: float(2 * m["roof"] - 1 - np.log(m["roof"])),
    )
    solution = solve(problem)
    assert solution.proven
    assert solution.value == pytest.approx(math.log(2), abs=1e-7)
    assert solution.multipliers is not None
    assert solution.multipliers.listed["roof"] == pytest.approx(0.5, abs=1e-5)


@BOTH
def test_cones_in_the_constraints_are_checked_too(solver: str) -> None:
    x, direction = cp.Variable(2, name="x"), np.array([3.0, 4.0])
    for disk in (cp.norm2(x) <= 1, cp.SOC(cp.Constant(1.0), x)):
        problem = Problem(
            objective=cp.Maximize(direction @ x),
            subject_to={"disk": disk},
            dual_function=lambda _: 5.0,  # |direction|, whatever the multiplier
        )
        solution = solve(problem, solver)
        assert solution.proven
        assert solution.value == pytest.approx(5, abs=1e-6)


# What it does not claim.


def test_without_a_dual_function_the_conic_form_proves_it() -> None:
    solution = solve(nearest(POINT, dual_function=None))
    assert (solution.status, solution.certificate.kind) == ("optimal", "conic dual")
    assert solution.multipliers is not None
    assert solution.multipliers.listed["budget"] == pytest.approx(5 / 3, abs=1e-5)


@pytest.mark.parametrize("lie", [LEAST + 1e-3, LEAST - 1e-3, -LEAST, math.inf, -math.inf, math.nan])
def test_a_bound_that_does_not_meet_the_value_is_not_believed(lie: float) -> None:
    solution = solve(nearest(POINT, dual_function=lambda _: lie))
    if lie == LEAST + 1e-3:  # beyond the value: one of the two is wrong
        assert_not_claimed(solution)
        assert solution.status == "feasible"
    else:
        assert solution.certificate.kind == "conic dual"


def test_a_swapped_sign_of_the_multiplier_proves_less() -> None:
    honest = nearest(POINT).dual_function
    assert honest is not None
    swapped = nearest(POINT, dual_function=lambda m: honest({"budget": -m["budget"]}))
    solution = solve(swapped)
    [told] = [check.value for check in solution.checks if check.name == "bound by dual function"]
    assert told == 0
    assert solution.certificate.kind == "conic dual"


@pytest.mark.parametrize("shift", [1e-3, 1.0, math.nan, math.inf])
def test_values_that_break_a_constraint_are_no_answer(shift: float) -> None:
    solution = solve(nearest(POINT, repair=lambda values: {"x": values["x"] + shift}))
    assert_not_claimed(solution)
    assert solution.value is None
    assert solution.status == "no_solution"
    assert ("'budget'" if math.isfinite(shift) else "finite") in solution.message


def test_values_outside_a_variables_own_domain_are_no_answer() -> None:
    x = cp.Variable(2, name="x", nonneg=True)
    problem = Problem(
        objective=cp.Minimize(cp.sum_squares(x + 1)),
        subject_to={"some": cp.sum(x) <= 1},
        repair=lambda _: {"x": np.array([-1.0, -1.0])},
        dual_function=lambda _: 0.0,
    )
    solution = solve(problem)
    assert_not_claimed(solution)
    assert "domain" in solution.message


def test_a_repaired_answer_is_taken_if_it_holds() -> None:
    def onto(values: Any) -> Any:
        return {"x": values["x"] - max(values["x"].sum() - 1, 0) / 3}

    solution = solve(nearest(POINT, repair=onto))
    assert solution.proven
    assert solution.answer.sum() <= 1 + 1e-15


def test_the_asked_gap_counts() -> None:
    x = cp.Variable(name="x")
    weak = Problem(
        objective=cp.Minimize(cp.exp(x)), subject_to={"roof": x <= 1}, size=lambda _: 1e-3
    )  # 0 is not reached
    value = solve(weak, "scs").value
    assert value is not None
    assert solve(weak, "scs", gap=value * 1e3 / 2).status == "feasible"
    assert solve(weak, "scs", gap=value * 1e3 * 2).status == "optimal"


def test_contradicting_constraints_are_proven_so_where_they_are_linear() -> None:
    x = cp.Variable(2, name="x")
    contradicting = {"low": cp.sum(x) <= 1, "high": cp.sum(x) >= 2}
    solution = solve(Problem(objective=cp.Minimize(cp.sum_squares(x)), subject_to=contradicting))
    assert solution.status == "infeasible"
    assert solution.certificate.verified
    assert "low" in solution.message
    assert "high" in solution.message
    outside = Problem(objective=cp.Maximize(cp.sum(cp.log(x))), subject_to={"negative": x <= -1})
    other = solve(outside)
    assert (other.status, other.certificate.kind) == ("infeasible", "conic dual")
    assert "negative" in other.message


def test_an_objective_without_end_is_unbounded() -> None:
    x = cp.Variable(name="x")
    solution = solve(Problem(objective=cp.Minimize(cp.exp(-x) - x), subject_to={"floor": x >= 1}))
    assert solution.status == "unbounded"
    assert solution.value is None


# What it refuses.


def test_every_solver_refuses_what_it_cannot_do_and_names_who_can() -> None:
    for solver in ("glop", "highs", "scip", "cp-sat", "pdlp", "descent-ascent", BranchAndCut("highs")):
        with pytest.raises(ValueError, match=r"the model is not linear.*clarabel and scs take it"):
            solve(nearest(POINT), solver)
    x = cp.Variable(2, name="x", integer=True)
    linear = Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"some": x >= 0.5})
    squares = Problem(objective=cp.Minimize(cp.sum_squares(x)), subject_to={"some": x >= 0.5})
    y = cp.Variable(name="y")
    for solver in ("clarabel", "scs"):
        with pytest.raises(ValueError, match=r"no constraints that are found lazily; glop"):
            solve(minimum_spanning_tree(nx.complete_graph(4)), solver)
        with pytest.raises(ValueError, match=r"finds no integers; glop"):
            solve(linear, solver)
        with pytest.raises(ValueError, match=r"finds no integers; no solver here"):
            solve(squares, solver)
        with pytest.raises(ValueError, match=r"glop, highs and pdlp prove this one"):
            solve(Problem(objective=cp.Minimize(y), subject_to={"floor": y >= 0}), solver)
        with pytest.raises(ValueError, match="not convex"):
            solve(Problem(objective=cp.Maximize(cp.square(y)), subject_to={"floor": y >= 0}), solver)
        with pytest.raises(ValueError, match="cannot start from a given basis"):
            solve(nearest(POINT), solver, warm_start=True)
        with pytest.raises(ValueError, match="device 'cuda'"):
            solve(nearest(POINT), solver, device="cuda")


@BOTH
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_are_none_are_refused_or_claimed_nothing_of(solver: str, number: float) -> None:
    try:
        solution = solve(nearest(np.array([1.0, number])), solver)
    except ValueError as error:
        assert "nan or infinite" in str(error)  # noqa: PT017
    else:
        assert_not_claimed(solution)


# Limits.


def large(n: int) -> Problem:
    random = np.random.default_rng(0)
    A, x = random.random((n, 2 * n)) + 0.1, cp.Variable(2 * n, name="x")
    return Problem(objective=cp.Maximize(cp.sum(cp.log(A @ x))), subject_to={"total": cp.sum(x) == 1, "some": x >= 0})


@BOTH
def test_a_time_limit_is_obeyed(solver: str) -> None:
    problem = large(200)
    with within(5):
        solution = solve(problem, solver, time_limit=0.05)
    assert solution.status in ("no_solution", "feasible")
    assert_not_claimed(solution)


@BOTH
def test_an_interrupt_ends_it_and_is_said(solver: str) -> None:
    program = (
        "import sys, time\n"
        "sys.path += ['tests', 'tests/solvers']\n"
        "from test_conic import large\n"
        "from solvers import solve\n"
        f"import solvers.convex.{'clarabel' if solver == 'clarabel' else 'compiled'} as asked\n"
        "problem, run, begun = large(700), asked.interruptible, []\n"
        "def told(*given):\n"
        "    begun.append(time.process_time())\n"
        "    print('ready', file=sys.__stdout__, flush=True)\n"
        "    return run(*given)\n"
        "asked.interruptible = told\n"
        f"solution = solve(problem, {solver!r})\n"
        "print(solution.status, solution.stats['interrupted'], time.process_time() - begun[0])\n"
    )
    running = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        assert running.stdout.readline().strip() == "ready"
        os.kill(running.pid, signal.SIGINT)
        *said, seconds = running.communicate(timeout=60)[0].split()
    finally:
        running.kill()
        running.wait()
    assert float(seconds) < 6  # of the processor; it would take 20 and more
    assert said == ["no_solution", "True"]


def test_the_same_each_time_and_the_variables_are_left_as_they_were() -> None:
    problem = nearest(POINT)
    first, second = solve(problem), solve(problem)
    assert first.value == second.value
    assert np.array_equal(first.answer, second.answer)


def test_a_dual_function_that_raises_is_named() -> None:
    x = cp.Variable(2, name="x", nonneg=True)
    problem = Problem(
        objective=cp.Minimize(cp.sum_squares(x - 1)),
        subject_to={"total": cp.sum(x) <= 1},
        answer=dict,
        dual_function=lambda multipliers: float(multipliers["sum"].sum()),
    )
    with pytest.raises(ValueError, match=r"the problem's dual_function raises KeyError: 'sum'; .* total by name"):
        solve(problem)
