"""Bounds from the conic form are never above the optimum, whatever the multipliers are, and tight with good ones."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from planted import KINDS, planted

from formulations.problem import Floats, Problem, of_cvxpy
from solvers import solve
from solvers.clock import Clock
from solvers.conic import solve_convex
from solvers.convex import clarabel
from solvers.judge import judge
from solvers.proof.cones import Cones, cones_of, matrix_of
from solvers.proof.conic_dual import ConicDual, lower_bound
from solvers.proof.conic_form import conic_form
from solvers.proof.convex import ConvexProgram
from solvers.proof.exact_zeros import exactly, independent
from solvers.proof.ranges import ranges

BOTH = pytest.mark.parametrize("solver", ["clarabel", "scs"])
SEEDS = 6
x, y = cp.Variable(3, name="x"), cp.Variable(name="y")


def cones(**sizes: Any) -> Cones:
    return cones_of(SimpleNamespace(**{"zero": 0, "nonneg": 0, "soc": [], "psd": [], "exp": 0, "p3d": [], **sizes}))


def corrupted(dual: ConicDual, rng: np.random.Generator) -> list[ConicDual]:
    m, one = len(dual.y), np.eye(1, len(dual.y), int(rng.integers(len(dual.y))))[0]
    noise = [rng.standard_normal(m) * size for size in (1e-3, 0.1, 10.0)]
    ways = [-dual.y, *(dual.y + part for part in noise), dual.y * (1 + noise[1]), dual.y * (1 - 4 * one)]
    spread = None if dual.spread is None else dual.spread + rng.standard_normal(len(dual.spread))
    elsewhere = dual.x + rng.standard_normal(len(dual.x))
    return [
        *(replace(dual, y=way) for way in ways),
        replace(dual, x=elsewhere),
        replace(dual, spread=spread),
        replace(dual, level=dual.level - abs(dual.level)),
    ]


@BOTH
@pytest.mark.parametrize("kind", KINDS)
def test_no_multipliers_prove_more_than_the_exact_optimum(kind: str, solver: str) -> None:
    rng, proven, finite = np.random.default_rng(0), 0, 0
    for seed in range(SEEDS):
        model, optimum = planted(kind, seed)
        program, found = solve_convex(of_cvxpy(model), solver, Clock(60))
        solution, sign = judge(program, found, 1e-6), -1 if program.maximize else 1
        assert solution.status in ("optimal", "feasible"), (seed, solution.message)
        assert solution.status == "optimal" or solution.message
        proven += solution.status == "optimal"
        if solution.bound is not None:
            assert sign * Fraction(solution.bound) <= sign * optimum, seed
        assert program.form is not None
        for dual in (certificate for name, certificate in found.certificates if name == "conic dual"):
            for lie in corrupted(dual, rng):
                bound = lower_bound(program.form, lie, ranges(program.form, lie.level, lie.spread))[0]
                finite += math.isfinite(bound)
                assert min(bound, lie.level) <= sign * optimum, seed
    assert proven >= SEEDS - 2
    assert finite > SEEDS


@pytest.mark.parametrize(("kind", "seed"), [("psd", 58), ("psd", 95), ("psd", 260), ("psd", 207), ("lp", 48)])
def test_degenerate_optima_are_proven_too(kind: str, seed: int) -> None:
    """At all but 207 Clarabel's iterates are driven away; there the objective is 35 (x_1 - x_0), which is 0."""
    model, optimum = planted(kind, seed)
    program, found = solve_convex(of_cvxpy(model), "clarabel", Clock(60))
    solution = judge(program, found, 1e-6)
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(float(optimum), abs=1e-6)
    assert solution.bound is not None
    assert (solution.bound - optimum) * (-1 if program.maximize else 1) <= 0


def test_where_a_solver_gave_up_is_judged_as_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clarabel, "GAPS_AND_STEPS", ((1e-14, 0.99),))
    for seed, is_answer in ((58, True), (95, False)):  # 95 breaks a constraint
        model, optimum = planted("psd", seed)
        program, found = solve_convex(of_cvxpy(model), "clarabel", Clock(60))
        solution = judge(program, found, 1e-6)
        assert found.ended == "not_converged"
        assert solution.status == "not_converged"
        assert not solution.proven
        assert (solution.value is not None) == is_answer
        assert solution.value is None or solution.value == pytest.approx(float(optimum))


def test_multipliers_outside_the_dual_cone_would_prove_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    model, optimum = planted("lp", 0)
    program, found = solve_convex(of_cvxpy(model), "clarabel", Clock(60))
    [dual] = [certificate for name, certificate in found.certificates if name == "conic dual"]
    assert program.form is not None
    known = ranges(program.form, math.inf)
    lies = [replace(dual, y=dual.y - 10 * row) for row in np.eye(len(dual.y))]
    sign = -1 if program.maximize else 1
    assert max(lower_bound(program.form, lie, known)[0] for lie in lies) <= sign * optimum
    monkeypatch.setattr(Cones, "into_dual", lambda _, y: y)
    assert max(lower_bound(program.form, lie, known)[0] for lie in lies) > sign * optimum


@pytest.mark.parametrize("seed", range(20))
def test_what_comes_out_of_into_dual_is_in_the_dual_cone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 10.0 ** rng.integers(-8, 8)
    nonneg = cones(nonneg=4).into_dual(size * rng.standard_normal(4))
    assert (nonneg >= 0).all()
    t, *u = (Fraction(part) for part in cones(soc=[5]).into_dual(size * rng.standard_normal(5)))
    assert t * t >= sum(part * part for part in u)
    dual = cones(exp=1).into_dual(size * rng.standard_normal(3))
    with localcontext(prec=60):
        u_, v, w = map(Decimal, dual.tolist())
        assert -u_ * (v / u_ - 1).exp() <= w if u_ < 0 else (u_ == 0 and v >= 0 and w >= 0)
        a = Decimal("0.3")
        p, q, r = map(Decimal, cones(p3d=[0.3]).into_dual(size * rng.standard_normal(3)).tolist())
        assert r == 0 or (p / a) ** a * (q / (1 - a)) ** (1 - a) >= abs(r)
    psd = cones(psd=[3])
    [(_, i, j)] = psd.psd
    packed = psd.into_dual(size * rng.standard_normal(6))
    assert np.linalg.eigvalsh(matrix_of(packed, i, j))[0] > -1e-15 * np.abs(packed).max()


def points(model: cp.Problem, rng: np.random.Generator) -> Floats:
    """Columns of the conic form at a point that some random objective likes best."""
    data = dict(model.get_problem_data(cp.CLARABEL)[0])
    from solvers.convex.clarabel import by_clarabel

    return np.array(by_clarabel({**data, "P": None, "c": rng.standard_normal(len(data["c"]))}, 60).x)


@pytest.mark.parametrize(
    "constraints",
    [
        [cp.norm2(x) <= 2, y == cp.sum(x)],
        [cp.norm1(x - 1) <= 3, cp.abs(y) <= 1],
        [cp.exp(x) <= 4, cp.log(x + 5) >= 0, cp.entr(y + 2) >= -1, y >= -1],
        [cp.sum_squares(x) <= 3, cp.inv_pos(y) <= 2, y <= 4, cp.sqrt(y) >= 1],
        [cp.bmat([[x[0] + 2, y], [y, 2 - x[0]]]) >> 0, cp.norm_inf(x[1:]) <= 1],
        [cp.logistic(x) <= 1, cp.sum(x) >= -2, cp.abs(y) <= 2, cp.geo_mean(x + 3) >= 1],
    ],
)
def test_ranges_hold_for_all_feasible_points(constraints: list[Any]) -> None:
    model, rng = cp.Problem(cp.Minimize(cp.sum(x) + y), constraints), np.random.default_rng(0)
    form, _ = conic_form(model.get_problem_data(cp.CLARABEL)[0], {}, upper=True)
    low, high = ranges(form, math.inf)
    assert np.isfinite(low[form.columns["x"]]).all()
    assert np.isfinite(high[form.columns["y"]]).all()
    for _ in range(30):
        point = points(model, rng)
        assert (low - 1e-6 <= point).all()
        assert (point <= high + 1e-6).all()


def test_the_level_belongs_to_the_bound() -> None:
    model = cp.Problem(cp.Minimize(cp.sum_squares(x - 1)), [cp.sum(x) == 0])  # 3, at x = 0
    program, found = solve_convex(of_cvxpy(model), "clarabel", Clock(60))
    [dual] = [certificate for name, certificate in found.certificates if name == "conic dual"]
    assert program.bound("conic dual", dual) == pytest.approx(3, abs=1e-7)
    assert program.bound("conic dual", replace(dual, level=1.0)) <= 1
    assert program.bound("conic dual", replace(dual, infeasible=True, level=1.0)) == -math.inf
    nan = np.full_like(dual.y, math.nan)
    for lie in (
        replace(dual, y=nan),
        replace(dual, y=dual.y[1:]),
        replace(dual, x=dual.x[1:]),
        replace(dual, y=nan + 1),
    ):
        assert program.bound("conic dual", lie) == -math.inf


def test_a_form_that_is_not_the_models_proves_nothing() -> None:
    honest = of_cvxpy(cp.Problem(cp.Minimize(cp.sum_squares(x)), [cp.sum(x) >= 3]))
    program, found = solve_convex(honest, "clarabel", Clock(60))
    [dual] = [certificate for name, certificate in found.certificates if name == "conic dual"]
    assert program.form is not None
    assert math.isfinite(program.bound("conic dual", dual))
    other = Problem(objective=cp.Minimize(cp.sum_squares(x) / 2), subject_to=honest.subject_to)
    assert ConvexProgram(other, program.form).bound("conic dual", dual) == -math.inf
    stronger = replace(program.form, b=program.form.b - 1)
    assert ConvexProgram(honest, stronger).bound("conic dual", dual) == -math.inf


A = np.array([[1.0, 2, -1], [0, 1, 3], [2, -1, 0], [-1, -1, 1], [-1, 2, -2]])
SIGNS = np.array([1.0, -1, 1, -1, 1])
X = cp.Variable((3, 3), name="X", PSD=True)
MODELS: dict[str, cp.Problem] = {
    "portfolio": cp.Problem(cp.Maximize(x[0] + 2 * x[1] - cp.quad_form(x, A.T @ A)), [cp.sum(x) == 1, x >= 0]),
    "portfolio, short": cp.Problem(cp.Maximize(x[0] - cp.quad_form(x, A.T @ A)), [cp.sum(x) == 1]),
    "logistic": cp.Problem(cp.Minimize(cp.sum(cp.logistic(cp.multiply(SIGNS, A @ x + y))) + cp.sum_squares(x) / 9)),
    "logistic, sparse": cp.Problem(cp.Minimize(cp.sum(cp.logistic(cp.multiply(SIGNS, A @ x + y))) + cp.norm1(x) / 9)),
    "ball": cp.Problem(cp.Minimize(y), [cp.norm2(row - x) <= y for row in A]),
    "median": cp.Problem(cp.Minimize(sum(cp.norm2(row - x) for row in A))),
    "cut": cp.Problem(cp.Maximize(cp.sum(cp.multiply(A[:3] + A[:3].T, 1 - X))), [cp.diag(X) == 1]),
    "covariance": cp.Problem(cp.Minimize(cp.trace(A.T @ A @ X) - cp.log_det(X) + cp.sum(cp.abs(X)) / 9)),
    "robust": cp.Problem(cp.Maximize(cp.sum(x)), [row @ x + cp.norm2(x) / 5 <= 1 for row in [*A, -A[0], -A[1]]]),
    "least squares": cp.Problem(cp.Minimize(cp.sum_squares(A @ x - SIGNS))),
    "huber": cp.Problem(cp.Minimize(cp.sum(cp.huber(A @ x - SIGNS)))),
    "entropy": cp.Problem(cp.Maximize(cp.sum(cp.entr(x))), [cp.sum(x) == 1, x[1] + 2 * x[2] == 1.3]),
    "largest eigenvalue": cp.Problem(cp.Minimize(cp.lambda_max(X - A[:3] - A[:3].T)), [cp.trace(X) == 1]),
    "power": cp.Problem(cp.Minimize(cp.sum(cp.power(x, 1.5)) + cp.inv_pos(x[0])), [cp.sum(x) >= 1]),
    "nothing": cp.Problem(cp.Minimize(0), [cp.norm2(x) <= 1]),
}


@BOTH
@pytest.mark.parametrize("name", MODELS)
def test_models_of_every_day_are_proven(name: str, solver: str) -> None:
    solution = solve(MODELS[name], solver)
    assert solution.status == "optimal", solution.message
    assert solution.proven
    assert (solution.certificate.kind, solution.certificate.exact) == ("conic dual", False)


def test_a_missing_range_is_named_and_its_remedy_works() -> None:
    flat = cp.Minimize(cp.sum_squares(x[:2] - 1) / 2 + cp.pos(x[2] - x[0]) + x[1])  # any x[2] below will do
    solution = solve(cp.Problem(flat))
    assert solution.status == "feasible"
    assert "'x' has no known range, which the bound needs: state one" in solution.message
    assert "cp.abs(x) <= 1000" in solution.message
    assert solve(cp.Problem(flat, [cp.abs(x) <= 1000])).status == "optimal"


@BOTH
def test_what_changes_nothing_needs_no_range(solver: str) -> None:
    moved = cp.Minimize(cp.exp(x[0] - x[1]) + cp.exp(x[1] - x[0]) + cp.abs(x[2] - x[1]))  # by any multiple of 1
    solution = solve(cp.Problem(moved), solver)
    assert solution.status == "optimal"
    assert solution.bound == pytest.approx(2, abs=1e-6)
    assert solution.bound <= 2


@BOTH
def test_variables_of_all_kinds_are_taken_but_complex_ones(solver: str) -> None:
    D, S = cp.Variable((3, 3), name="D", diag=True), cp.Variable((3, 3), name="S", symmetric=True)
    Q, z = cp.Variable((3, 3), name="Q", sparsity=[(0, 1), (1, 2)]), cp.Variable(2, name="z", complex=True)
    for own, least in ((D, 6), (S, 0), (Q, 7)):
        solution = solve(cp.Problem(cp.Minimize(cp.sum_squares(own - 1)), [own[0, 0] <= 5]), solver)
        assert (solution.status, solution.certificate.kind) == ("optimal", "conic dual")
        assert solution.bound == pytest.approx(least, abs=1e-6)
    with pytest.raises(ValueError, match=f"the variable 'z' is complex, which {solver} is not asked to find here"):
        solve(cp.Problem(cp.Minimize(cp.norm(z - 1j))), solver)


def test_the_tighter_of_two_bounds_is_the_answers() -> None:
    for told, kind in ((2.9, "conic dual"), (3.0, "dual function")):
        stated = Problem(
            objective=cp.Minimize(cp.sum_squares(x - 1)),
            subject_to={"sum": cp.sum(x) == 0},
            dual_function=lambda _, told=told: told,
        )
        solution = solve(stated)
        assert solution.status == "optimal"
        assert solution.certificate.kind == kind
        assert len(solution.checks) == 3


CONTRADICTIONS = {
    "ball": [cp.norm2(x) <= 1, cp.sum(x) >= 10],
    "balls": [cp.sum_squares(x - 1) <= 1, cp.sum_squares(x + 1) <= 1],
    "exponential": [y >= 1, cp.exp(y) <= 1],
    "logarithm": [cp.log(y) >= 3, y <= 2],
    "matrices": [X >> np.eye(3), cp.trace(X) <= 2],
}


@BOTH
@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_between_cones_are_proven_and_named(name: str, solver: str) -> None:
    solution = solve(cp.Problem(cp.Minimize(cp.sum_squares(x) + y), CONTRADICTIONS[name]), solver)
    assert (solution.status, solution.certificate.kind) == ("infeasible", "conic dual"), solution.message
    assert solution.proven
    assert "'" not in solution.message
    assert "constraint 1, constraint 2" in solution.message


def test_what_is_feasible_is_not_shown_to_be_impossible() -> None:
    program = ConvexProgram(of_cvxpy(cp.Problem(cp.Minimize(y), CONTRADICTIONS["ball"])))
    model = of_cvxpy(cp.Problem(cp.Minimize(y), [cp.norm2(x) <= 6, cp.sum(x) >= 10, y >= 0]))
    program, _ = solve_convex(model, "clarabel", Clock(60))
    assert program.form is not None
    for seed in range(50):
        y_ = np.random.default_rng(seed).standard_normal(len(program.form.b)) * 10.0 ** (seed % 5)
        lie = ConicDual(y_, np.zeros(len(program.form.c)), infeasible=True)
        assert program.bound("conic dual", lie) == -math.inf
        assert lower_bound(program.form, lie, ranges(program.form, math.inf))[0] <= 0


def test_equations_are_met_exactly_near_by() -> None:
    from scipy.sparse import csr_array

    rng = np.random.default_rng(0)
    for _ in range(20):
        Z = csr_array(rng.integers(-3, 4, (3, 7)).astype(float))
        inside, r = rng.integers(-5, 6, 7), Z @ rng.integers(-5, 6, 7)
        found = exactly(Z, inside + 1e-3 * rng.standard_normal(7), r)
        if found is not None:
            v, off = found
            assert (off < 1e-12).all()
            missed = [sum(Fraction(a) * Fraction(b) for a, b in zip(row, v, strict=True)) for row in Z.toarray()]
            assert all(
                abs(m - Fraction(t)) <= sum(abs(row) * off) for m, t, row in zip(missed, r, Z.toarray(), strict=True)
            )
    assert exactly(csr_array([[1.0, 1], [2, 2]]), np.zeros(2), np.ones(2)) is None
    assert len(independent(csr_array([[0.1, 0.3], [0.2, 0.6]]))) == 2  # not multiples that float arithmetic can show
    assert len(independent(csr_array([[1.0, 3], [2, 6]]))) == 1
