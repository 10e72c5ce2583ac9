"""Ways to make something false look proven, each of which once worked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest

from formulations.graphs.laminar import Laminar
from formulations.mst import minimum_spanning_tree
from formulations.problem import Problem
from solvers import solve
from solvers.proof.branching import Branch, Fixed, Leaf, proven
from solvers.proof.certificate import Dual, ExactModel
from solvers.proof.standard_form import standard_form


@dataclass(frozen=True)
class Liar:
    """Claims whatever it is told to."""

    best: Any
    name: str = "liar"

    def run(self, search: Any) -> str:
        search.best, search.proof = (
            np.asarray(self.best, dtype=float),
            Leaf(Dual(np.zeros(len(search.model.form.A.toarray())))),
        )
        search.value = Fraction(-(10**9))
        return "optimal"


def model(problem: Problem) -> ExactModel:
    return ExactModel(standard_form(problem), problem.families)


def one_column(lower: float, upper: float, at_least: float) -> ExactModel:
    x = cp.Variable(1, name="x", integer=True, bounds=[lower, upper])
    return model(Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"row": x >= at_least}))


@pytest.mark.parametrize("parent", [[-1] * 5, [4, 4, -1, -1, 2], [0, -1, -1, -1], [9, 9, -1, -1, -1]])
def test_a_family_with_an_empty_set_or_no_forest_is_refused(parent: list[int]) -> None:
    with pytest.raises(ValueError, match="laminar family"):
        Laminar(4, np.array(parent))


def test_the_cut_around_everything_proves_nothing() -> None:
    exact = model(minimum_spanning_tree(nx.complete_graph(4)))
    everything = Laminar(4, np.array([4, 4, 4, 4, -1]))
    proof = Leaf(Dual(np.zeros(1), [("cut", everything, np.array([1.0]))]), infeasible=True)
    assert proven(exact, proof) == -math.inf


def test_rows_that_cvxpy_derives_are_checked_too() -> None:
    x = cp.Variable(name="x", bounds=[-5, 5])
    problem = Problem(objective=cp.Minimize(x), subject_to={"near": cp.abs(x) <= 1})
    assert solve(problem, Liar([-5.0, 0.0])).status != "optimal"
    assert solve(problem).value == pytest.approx(-1)


def test_the_offset_survives_a_parameter() -> None:
    x, p = cp.Variable(name="x", bounds=[0, 9]), cp.Parameter(value=2.0)
    assert solve(Problem(objective=cp.Minimize(x + 5), subject_to={"row": x >= p})).value == pytest.approx(7)


def test_fractional_bounds_of_integers_are_rounded_inwards() -> None:
    exact = one_column(0.5, 3, at_least=0.6)
    assert proven(exact, Fixed(np.array([0]), Dual(np.zeros(1)), Leaf(Dual(np.ones(1)), infeasible=True))) <= 1
    x = cp.Variable(2, name="x", integer=True, bounds=[0.5, 3.5])
    problem = Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"row": x[0] + 2 * x[1] >= 4.5})
    for solver in ("glop", "highs"):
        solution = solve(problem, solver)
        assert (solution.status, solution.value) == ("optimal", 3)


def test_a_branch_between_integers_must_leave_none_out() -> None:
    exact = one_column(0, 3, at_least=1)
    nowhere = Leaf(Dual(np.zeros(1)), infeasible=True)
    assert proven(exact, Branch(0, 0.5, nowhere, nowhere)) == -math.inf  # type: ignore[arg-type]


def test_one_set_object_in_two_families_keeps_their_rows_apart() -> None:
    problem = minimum_spanning_tree(nx.path_graph(3))
    pair, exact = Laminar(3, np.array([3, 3, -1, -1])), model(problem)
    both = [("partition cut", pair, np.array([0.0])), ("cut", pair, np.array([1.0]))]
    assert proven(exact, Leaf(Dual(np.zeros(1), both))) == proven(exact, Leaf(Dual(np.zeros(1), both[1:]))) == 1


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_an_answer_that_is_no_number_is_no_answer(wrong: float) -> None:
    assert solve(minimum_spanning_tree(nx.path_graph(2)), Liar([wrong])).status == "no_solution"


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_linear_programs_with_long_decimals_are_proven(solver: str) -> None:
    x, y = cp.Variable(1, name="x", bounds=[0, None]), cp.Variable(3, name="y", bounds=[0, 1])
    third = solve(Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"row": 3 * x >= 1}), solver)
    mixed = Problem(
        objective=cp.Maximize(np.array([0.3, 0.7, 1.1]) @ y - 2),
        subject_to={"row": np.array([3, 7, 11]) @ y == 5.3},
    )
    assert (third.status, third.value) == ("optimal", pytest.approx(1 / 3))
    assert solve(mixed, solver).status == "optimal"


def test_what_the_solvers_cannot_take_is_a_sentence() -> None:
    x, s = cp.Variable(2, name="x"), cp.Variable((2, 2), name="s", symmetric=True)
    with pytest.raises(ValueError, match="the model is not linear, as glop needs it to be; clarabel and scs take it"):
        solve(Problem(objective=cp.Minimize(cp.norm(x)), subject_to={"row": x >= 1}), "glop")
    with pytest.raises(ValueError, match="'s'"):
        solve(Problem(objective=cp.Minimize(cp.sum(s)), subject_to={"row": s >= 1}))


def test_without_the_strengthening_family_its_dual_is_left_out() -> None:
    problem = replace(minimum_spanning_tree(nx.complete_graph(5)), strengthened_by=())
    assert solve(problem).status == "optimal"
