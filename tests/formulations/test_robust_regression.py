"""Regression against adversaries: weak duality, worst cases that attain the value, and dual points that lie."""

from __future__ import annotations

import math
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from formulations.ambiguity.losses import LOSSES, absolute, huber, squares
from formulations.ambiguity.norms import around, dual_norm, nearest
from formulations.ambiguity.program import robust_program
from formulations.ambiguity.robust_loss import KIND, Perturbation, RobustLoss, Wasserstein
from formulations.ambiguity.weights import ChiSquared, CVaR, KullbackLeibler, share_inwards
from formulations.ambiguity.worst_case import worst_case
from formulations.robust_regression import ADVERSARIES, robust_loss, robust_regression, robust_search
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched

EVERY = [(loss, against) for loss in LOSSES for against in ADVERSARIES]
every = pytest.mark.parametrize(("loss", "against"), EVERY)


def data(loss: str, n: int = 40, p: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows in very different units, and targets with noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * rng.choice([0.1, 1.0, 10.0], p) + rng.choice([0.0, 2000.0], p)
    target = (X - X.mean(axis=0)) / X.std(axis=0) @ rng.standard_normal(p) + rng.standard_t(3, n)
    if LOSSES[loss]().of == "residuals":
        return X, 5 * target + 100
    labels = np.where(target > np.median(target), 1.0, -1.0)
    labels[:2] = 1, -1
    return X, labels


def radius_of(against: str, size: float) -> float:
    return min(size, 1.0) if against == "cvar" else size


@pytest.mark.parametrize("name", LOSSES)
def test_conjugates_subgradients_and_statements_are_those_of_the_losses(name: str) -> None:
    loss = LOSSES[name]()
    z = np.linspace(-4, 4, 41)
    variable = cp.Variable(41)
    variable.value = z
    assert loss.stated(variable).value == pytest.approx(loss.value(z))
    u = loss.slope(z + 1e-3)
    assert ((loss.low <= u) & (u <= loss.high)).all()
    for slope in u:  # the conjugate is the largest u z - l(z)
        most = -minimize_scalar(lambda x, s=slope: loss.value(np.array([x]))[0] - s * x, bounds=(-60, 60)).fun
        assert float(loss.conjugate(np.array([slope]))[0]) == pytest.approx(most, abs=2e-3)
    lower = loss.value(z[:, None] + np.zeros(41)) + u * (z - z[:, None] + 1e-3)  # subgradients stay below
    assert (loss.value(z + 1e-3) <= lower.diagonal() + 1e-2).all()
    if loss.curvature is not None:
        inner = z[np.abs(np.abs(z) - 1) > 0.05]  # away from huber's threshold
        rise = (loss.slope(inner + 1e-6) - loss.slope(inner - 1e-6)) / 2e-6
        assert loss.curvature(inner) == pytest.approx(rise, abs=1e-5)


@pytest.mark.parametrize(
    "among", [ChiSquared(0.3), ChiSquared(2.0), KullbackLeibler(0.2), KullbackLeibler(9.0), CVaR(0.3)]
)
@pytest.mark.parametrize("seed", range(4))
def test_the_worst_weights_are_those_of_a_conic_solver(among: Any, seed: int) -> None:
    losses = np.random.default_rng(seed).exponential(size=9) * 10.0 ** (seed - 2)
    if seed == 3:
        losses = losses.round(-1)  # ties
    p = among.worst(losses)
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1)
    assert among.excess(p) <= 1e-9
    q, limit = cp.Variable(9, nonneg=True), among.radius
    allowed = {
        "chi-squared": cp.sum_squares(9 * q - 1) / 9 <= limit,
        "kl": cp.sum(cp.kl_div(9 * q, np.ones(9))) / 9 <= limit,
        "cvar": 9 * q <= 1 / limit,
    }[among.name]
    best = cp.Problem(cp.Maximize(q @ losses), [cp.sum(q) == 1, allowed]).solve(solver="CLARABEL")
    assert float(p @ losses) == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("among", [ChiSquared(0.3), KullbackLeibler(0.2), CVaR(0.3)])
def test_weights_are_drawn_into_the_set_and_no_further(among: Any) -> None:
    one = np.eye(12)[0]
    share = share_inwards(one, among)
    inside = one + share * (1 / 12 - one)
    assert -1e-9 <= among.excess(inside) <= 0
    assert share_inwards(np.full(12, 1 / 12), among) == 0


@pytest.mark.parametrize("order", [1, 2, math.inf])
def test_unit_balls(order: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        w, d = rng.standard_normal(4), 3 * rng.standard_normal(4)
        x = cp.Variable(4)
        ball = [cp.norm(x, "inf" if order == math.inf else order) <= 1]
        assert dual_norm(w, order) == pytest.approx(cp.Problem(cp.Maximize(w @ x), ball).solve(solver="CLARABEL"))
        cp.Problem(cp.Minimize(cp.sum_squares(x - d)), ball).solve(solver="CLARABEL")
        assert nearest(d, order) == pytest.approx(x.value, abs=1e-5)
        edge = nearest(d, order)
        assert np.linalg.eigvalsh(around(edge, order)).min() > -1e-9
        moved = edge + 1e-5 * around(edge, order) @ w
        assert np.linalg.norm(moved, order) <= max(1.0, np.linalg.norm(edge, order)) + 1e-8


@every
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([0.0, 0.05, 0.4, 1.5]), order=st.sampled_from([1, 2, math.inf]))
def test_no_dual_point_proves_more_than_any_rule_has(
    loss: str, against: str, seed: int, size: float, order: float
) -> None:
    rng = np.random.default_rng(seed)
    X, y = data(loss, n=9, p=2, seed=seed)
    form = robust_loss(X, y, loss, against, radius_of(against, size) or 0.1, order)
    n = len(y)
    middle = form.constant()
    rules = [middle, middle + rng.standard_normal(3) / 10, solve(robust_regression(X, y, loss, against, 0.2)).answer]
    for u in (form.loss.slope(form.plain(rules[-1])), rng.uniform(-1, 1, n), np.zeros(n), 1e3 * np.ones(n)):
        for p in (np.full(n, 1 / n), rng.exponential(size=n), np.eye(n)[0]):
            bound = form.bound((p, u, np.abs(u)))
            for rule in rules:
                assert bound <= form.value(rule) + 1e-9 * form.size(rule)


@every
@pytest.mark.parametrize("order", [1, 2, math.inf])
def test_rules_are_proven_and_their_worst_case_attains_the_value(loss: str, against: str, order: float) -> None:
    X, y = data(loss)
    solution = solve(robust_regression(X, y, loss, against, 0.2, order))
    assert solution.proven, solution
    form = robust_loss(X, y, loss, against, 0.2, order)
    worst = worst_case(form, solution.answer)
    assert worst.weights.sum() == pytest.approx(1)
    assert worst.loss == pytest.approx(solution.value, rel=1e-8)
    moved = X[worst.rows] + worst.moves  # the same loss from the moved data themselves
    w, b = solution.answer[:-1], solution.answer[-1]
    z = y[worst.rows] - moved @ w - b if form.loss.of == "residuals" else y[worst.rows] * (moved @ w + b)
    assert float(worst.weights @ form.loss.value(z)) == pytest.approx(worst.loss, rel=1e-7)
    lengths = np.linalg.norm(worst.moves, order, axis=1)
    if isinstance(form.adversary, Perturbation):
        assert lengths.max() <= 0.2 * (1 + 1e-9)
    elif isinstance(form.adversary, Wasserstein):
        power = 2 if loss == "squares" else 1
        assert float(worst.weights @ lengths**power) ** (1 / power) <= 0.2 * (1 + 1e-9)
    else:
        assert not lengths.any()
        assert form.adversary.excess(worst.weights) <= 1e-9


@every
def test_no_other_rule_is_better(loss: str, against: str) -> None:
    X, y = data(loss, n=25, p=1, seed=3)
    solution = solve(robust_regression(X, y, loss, against, 0.3))
    form = robust_loss(X, y, loss, against, 0.3)
    found = minimize(form.value, solution.answer, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    assert solution.value <= found.fun * (1 + 1e-7)
    assert solution.bound <= found.fun * (1 + 1e-12)


def test_closed_forms() -> None:
    X, y = data("squares")
    plain = solve(robust_regression(X, y, "squares", "perturbation", 0.0))
    assert [check.ok for check in plain.checks if check.name.startswith("least squares")] == [True]
    Z = np.column_stack([X - X.mean(axis=0), np.ones(len(y))])
    assert plain.value == pytest.approx(np.linalg.lstsq(Z, y, rcond=None)[1][0] / len(y), rel=1e-9)
    far = solve(robust_regression(X, y, "absolute", "wasserstein", 1e6))  # no coefficient pays
    assert np.abs(far.answer[:-1]).max() < 1e-6
    assert far.value == pytest.approx(np.abs(y - np.median(y)).mean())


@pytest.mark.parametrize("against", ADVERSARIES)
def test_lies_of_a_solver_are_not_claimed(against: str) -> None:
    X, y = data("absolute")
    problem = robust_regression(X, y, "absolute", against, 0.2)
    solution = solve(problem)
    form = problem.objective
    assert isinstance(form, RobustLoss)
    n = len(y)
    slope = np.sign(form.plain(solution.answer))
    for lie in (
        (np.eye(n)[0], slope, np.abs(slope)),
        (np.full(n, 1 / n), -slope, np.abs(slope)),
        (np.full(n, 1 / n), 50 * slope, 50 * np.abs(slope)),
        (np.full(n, np.nan), slope, slope),
        (np.full(n - 1, 1 / n), slope, slope),
    ):
        assert not form.bound(lie) >= solution.value * (1 - 1e-9)
    worse = solution.answer * 1.5
    for candidates in ([worse], [np.full(4, np.nan)], [solution.answer[:-1]]):
        told = Findings(
            solver="liar", ended="optimal", candidates=candidates, certificates=[(KIND, (slope, slope, slope))]
        )
        assert judge(Searched(problem), told).status != "optimal"


def test_the_program_for_conic_solvers_says_the_same() -> None:
    for loss, against in EVERY:
        X, y = data(loss, n=30)
        unit = 10 if LOSSES[loss]().of == "residuals" else 1
        form = robust_loss((X - X.mean(axis=0)) / X.std(axis=0), y / unit, loss, against, 0.3)
        program = robust_program(form)
        value = cp.Problem(program.objective, list(program.subject_to.values())).solve(solver="CLARABEL")
        squared = loss == "squares" and against == "wasserstein"
        found = solve(robust_search(form)).value
        assert (value**2 if squared else value) == pytest.approx(found, rel=1e-5), (loss, against)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"radius": -1.0}, "a number from 0"),
        ({"radius": math.inf}, "a number from 0"),
        ({"against": "cvar", "radius": 0.0}, "a share of the rows"),
        ({"against": "ghost"}, "there is no adversary 'ghost'"),
        ({"loss": "cubes"}, "there is no loss 'cubes'"),
        ({"loss": "hinge"}, "labels 1 and -1"),
        ({"norm": 3}, "choose 1, 2 or inf"),
        ({"y": [1.0, np.nan, 2.0]}, "not finite"),
        ({"y": [1.0, 2.0]}, "targets of shape"),
    ],
)
def test_what_cannot_be_used_is_refused(changed: dict[str, Any], said: str) -> None:
    asked = {"X": [[0.0], [1.0], [2.0]], "y": [0.0, 1.0, 4.0], **changed}
    with pytest.raises(ValueError, match=said):
        robust_regression(**asked)


@pytest.mark.parametrize("case", ["one row", "constant column", "duplicates", "constant target", "tiny", "huge"])
@pytest.mark.parametrize("against", ADVERSARIES)
def test_degenerate_data_are_answered(case: str, against: str) -> None:
    X, y = data("squares", n=20, p=2)
    X, y = {
        "one row": (X[:1], y[:1]),
        "constant column": (np.column_stack([X, np.ones(20)]), y),
        "duplicates": (np.column_stack([X, X[:, 0]]), y),
        "constant target": (X, np.full(20, 7.0)),
        "tiny": (X * 1e-6, y * 1e-9),
        "huge": (X * 1e9, y * 1e9),
    }[case]
    for loss in (squares(), absolute(), huber(max(float(np.median(np.abs(y - np.median(y)))), 1e-12))):
        solution = solve(robust_regression(X, y, loss, against, 0.1))
        assert solution.answer is not None
        assert solution.gap is not None
        assert solution.gap < 1e-4, (loss, solution)


def test_a_row_far_off_does_not_hide_what_the_others_lose() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((21, 2))
    y = X @ [1, -1] + rng.standard_normal(21)
    X[20], y[20] = 1e12, 1e12
    form = robust_loss(X, y, "squares", "wasserstein", 0.1)
    found = solve(robust_search(form))
    assert form.size(found.answer) < 10
    assert (found.status == "optimal") == (found.value - found.bound <= 1e-7 * form.size(found.answer))


def test_no_rule_loses_less_than_nothing() -> None:
    form = robust_loss([[1.0], [2.0]], [1.0, 2.0], "huber", "kl", 0.1)
    assert form.bound((np.zeros(2), np.zeros(2), np.zeros(2))) == 0.0
    assert form.bound("no dual point") == 0.0


def test_targets_whose_squares_vanish_are_refused() -> None:
    with pytest.raises(ValueError, match="whose square rounds to 0"):
        robust_loss([[1.0], [2.0]], [1e-200, 3e-200], "squares", "wasserstein", 0.1)
