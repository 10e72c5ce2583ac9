"""Unbounded convex programs are called so where a direction was checked, and only there."""

from __future__ import annotations

import math
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from formulations.problem import Problem, of_cvxpy
from solvers import solve
from solvers.clock import Clock
from solvers.conic import solve_convex
from solvers.convex.compiled import Compiled
from solvers.convex.rays import ray
from solvers.judge import judge
from solvers.proof.rays import Ray

BOTH = pytest.mark.parametrize("solver", ["clarabel", "scs"])
x, y = cp.Variable(3, name="x"), cp.Variable(name="y")
X, Z = cp.Variable((2, 2), name="X", symmetric=True), cp.Variable((2, 2), name="Z", PSD=True)
UNBOUNDED = {
    "logarithms": cp.Problem(cp.Maximize(cp.sum(cp.log(x))), [x >= 1]),
    "logarithms in a cone": cp.Problem(cp.Maximize(cp.min(cp.log(x))), [x[0] >= 2 * x[1]]),
    "logarithms along a plane": cp.Problem(cp.Maximize(cp.sum(cp.log(x))), [x[0] + 1.37 * x[1] - 3.7 * x[2] == 0.123]),
    "exponential": cp.Problem(cp.Minimize(cp.exp(-y) - y), [y >= 1]),
    "square roots": cp.Problem(cp.Maximize(cp.sum(cp.sqrt(x))), [x >= 0]),
    "reciprocal": cp.Problem(cp.Minimize(cp.inv_pos(x[0]) - cp.sum(cp.log(x + 1))), [x >= 0]),
    "determinant": cp.Problem(cp.Maximize(cp.log_det(Z)), [Z[0, 0] >= 1]),
    "half a determinant": cp.Problem(cp.Maximize(cp.log_det(X) - cp.trace(X) + 2 * X[0, 0]), [X[0, 0] >= 0]),
    "trace": cp.Problem(cp.Maximize(cp.trace(Z)), [cp.norm2(Z[0]) <= Z[1, 1]]),
    "norm": cp.Problem(cp.Minimize(cp.norm2(x[:2]) - 2 * x[0]), [y <= 1]),
    "edge of a norm": cp.Problem(cp.Minimize(cp.norm2(x[:2]) - x[0] - x[2]), [x[2] <= x[0]]),
    "mean": cp.Problem(cp.Maximize(cp.geo_mean(x)), [x >= 1]),
    "squares": cp.Problem(cp.Minimize(cp.sum_squares(x[:2]) - x[2]), [x >= 0]),
    "square of a sum": cp.Problem(cp.Minimize(cp.square(cp.sum(x)) - x[0]), [x[2] <= 1]),
}
BOUNDED = {
    "a huge box": cp.Problem(cp.Maximize(cp.sum(cp.log(x))), [x >= 1, x <= 1e7]),
    "a huge ball": cp.Problem(cp.Minimize(cp.norm2(x[:2]) - 2 * x[0]), [cp.norm2(x) <= 1e6]),
    "a slow fall back": cp.Problem(cp.Maximize(cp.log(y + 1) - 1e-4 * y), [y >= 0]),
    "logarithms that pay for a rise": cp.Problem(cp.Maximize(cp.log(x[0]) - x[1]), [x[1] >= cp.square(x[0]) / 9]),
    "a limit that is not reached": cp.Problem(cp.Minimize(cp.exp(y)), [y <= 1]),
    "a thin cone": cp.Problem(cp.Maximize(x[0]), [cp.norm2(x[:2]) <= x[2], x[2] <= 5]),
    "nothing that is feasible": cp.Problem(cp.Minimize(y), [cp.exp(y) <= 0]),
}


@BOTH
@pytest.mark.parametrize("name", UNBOUNDED)
def test_unbounded_programs_are_proven_so(name: str, solver: str) -> None:
    solution = solve(UNBOUNDED[name], solver)
    assert (solution.status, solution.value, solution.bound) == ("unbounded", None, None), solution.message
    assert (solution.certificate.kind, solution.certificate.verified) == ("ray", True)
    assert solution.proven
    assert "without end" in solution.message
    ray = solution.certificate.proof
    assert not replace(ray, d=-ray.d).holds()
    assert not replace(ray, d=0 * ray.d).holds()
    assert not replace(ray, d=ray.d * math.nan).holds()
    assert not replace(ray, start=ray.start * math.nan).holds()
    assert ray.e is None or not replace(ray, e=-ray.e).holds()
    assert ray.e is None or not replace(ray, e=None).holds()


@BOTH
@pytest.mark.parametrize("name", BOUNDED)
def test_bounded_programs_are_not(name: str, solver: str) -> None:
    solution = solve(BOUNDED[name], solver)
    assert solution.status != "unbounded"
    form = Compiled(of_cvxpy(BOUNDED[name]), solver).form
    assert form is not None
    assert ray(form, lambda: math.inf) is None
    rng = np.random.default_rng(0)
    for _ in range(100):
        d, e, start = (np.rint(rng.standard_normal(len(form.c))) for _ in range(3))
        assert not Ray(form, start, d, e).holds()
        assert not Ray(form, start, d).holds()


def test_the_solvers_word_alone_is_not_enough() -> None:
    model = of_cvxpy(UNBOUNDED["exponential"])
    program, found = solve_convex(model, "clarabel", Clock(60))
    assert judge(program, found).status == "unbounded"
    assert judge(program, replace(found, ray=None)).status == "not_converged"
    assert found.ray is not None
    lie = replace(found, ray=replace(found.ray, d=-found.ray.d))  # type: ignore[type-var]
    assert judge(program, lie).status == "not_converged"
    assert judge(program, replace(found, candidates=[])).status != "unbounded"


def test_what_improves_more_slowly_than_a_logarithm_is_only_described() -> None:
    solution = solve(Problem(objective=cp.Maximize(cp.log(x[0])), subject_to={"slower": cp.log(x[1]) >= x[0]}))
    assert solution.status == "feasible"
    assert solution.bound is None
    assert "no known range" in solution.message
