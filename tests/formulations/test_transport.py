"""Transport as a linear program and as a game: the same distance, and repairs that keep bounds true."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.stats import wasserstein_distance

from formulations.arithmetic.plans import Plan, Transportation
from formulations.problem import Floats
from formulations.transport import (
    entropic_limits,
    on_a_line,
    rounded,
    transformed,
    transport,
    transport_game,
    transport_lp,
    with_slack,
)
from solvers import solve
from solvers.descent_ascent import DescentAscent
from solvers.flows import min_cost_flow
from solvers.flows.min_cost_flow import MinCostFlow


def weights(n: int, random: np.random.Generator) -> Floats:
    drawn = random.random(n)
    return np.asarray(drawn / drawn.sum())


def drawn(m: int, n: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    random = np.random.default_rng(seed)
    return weights(m, random), weights(n, random), random.random((m, n))


def by_restarts(m: int, n: int) -> DescentAscent:
    return DescentAscent(method="alternating", restart=60, step=1.5 / math.sqrt(m + n), iterations=20_000)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 4), (3, 2), (6, 6), (9, 5)])
def test_the_game_ends_at_the_value_of_the_program(m: int, n: int) -> None:
    a, b, C = drawn(m, n, seed=m + n)
    program, game = solve(transport(a, b, C), "glop"), solve(transport_game(a, b, C), by_restarts(m, n))
    assert program.proven, program.message
    assert game.proven, game.message
    assert program.value is not None
    assert game.value is not None
    assert game.bound is not None
    assert game.value - 1e-12 <= program.value <= game.bound + 1e-12
    assert solve(transport(a, b, C), "highs").value == pytest.approx(program.value)
    assert solve(transport_game(a, b, C), "glop").value == pytest.approx(program.value)  # the game has it as its model
    f, g, plan = (np.array(game.answer[name]) for name in ("f", "g", "plan"))
    assert (f[:, None] + g <= C + 1e-12).all()
    assert a @ f + b @ g == pytest.approx(game.value)
    for P in (plan, np.array(program.answer)):
        assert P.min() >= 0
        assert P.sum(axis=1) == pytest.approx(a, abs=1e-12)
        assert P.sum(axis=0) == pytest.approx(b, abs=1e-12)
    assert (C * plan).sum() == pytest.approx(game.bound)


@pytest.mark.parametrize("seed", range(3))
def test_on_a_line_both_agree_with_the_closed_form(seed: int) -> None:
    random, m, n = np.random.default_rng(seed), 7, 8
    x, y = random.standard_normal(m), random.standard_normal(n) + 1
    a, b = 3 * weights(m, random), 3 * weights(n, random)  # masses other than 1 too
    problem = on_a_line(x, a, y, b)
    area = 3 * wasserstein_distance(x, y, a, b)
    for solver in (by_restarts(m, n), "glop", "highs"):
        solution = solve(problem, solver, gap=1e-8)
        assert solution.proven, solution.message
        assert solution.value == pytest.approx(area, rel=1e-6)
        assert any("area" in check.name for check in solution.checks)


def test_one_point_to_itself_costs_nothing() -> None:
    assert solve(on_a_line([2.0, 5.0], [0.5, 0.5], [5.0, 2.0], [0.5, 0.5]), by_restarts(2, 2)).bound == pytest.approx(0)


def test_repairs_make_true_bounds_of_anything() -> None:
    a, b, C = drawn(5, 4)
    game, optimum = transport_game(a, b, C), solve(transport(a, b, C)).value
    assert game.value is not None
    assert game.bound is not None
    assert optimum is not None
    random = np.random.default_rng(3)
    for scale in (0.0, 1e-9, 0.1, 1.0, 1e6):
        players = {
            "f": torch.tensor(scale * random.standard_normal(5)),
            "g": torch.tensor(scale * random.standard_normal(4)),
            "plan": torch.tensor(scale * random.standard_normal((5, 4))),
        }
        slack = 1e-12 * max(1, scale)
        assert game.value(players) - slack <= optimum <= game.bound(players) + slack


def test_a_transform_never_loses_and_is_its_own_end() -> None:
    _, _, C = drawn(6, 7, seed=1)
    f = np.random.default_rng(0).standard_normal(6)
    better, g = transformed(f, C)
    assert (better >= f - 1e-12).all()
    again, same = transformed(better, C)
    assert again == pytest.approx(better)
    assert same == pytest.approx(g)
    for axis in (0, 1):
        assert (C - better[:, None] - g).min(axis=axis) == pytest.approx(0, abs=1e-12)


def test_rounding_keeps_plans_and_moves_others_no_more_than_they_are_wrong() -> None:
    """By at most twice what its marginals are wrong by (Altschuler et al., lemma 7)."""
    a, b, _ = drawn(6, 4, seed=2)
    fine = np.outer(a, b)
    assert rounded(fine, a, b) == pytest.approx(fine, abs=1e-15)
    random = np.random.default_rng(0)
    for size in (1e-6, 1e-2, 1.0):
        rough = fine * np.exp(size * random.standard_normal(fine.shape))
        wrong = np.abs(rough.sum(axis=1) - a).sum() + np.abs(rough.sum(axis=0) - b).sum()
        assert np.abs(rounded(rough, a, b) - rough).sum() <= 2 * wrong + 1e-12
    for other in (np.zeros((6, 4)), -fine, np.eye(6, 4)):
        plan = rounded(other, a, b)
        assert plan.min() >= 0
        assert plan.sum(axis=1) == pytest.approx(a)
        assert plan.sum(axis=0) == pytest.approx(b)


@pytest.mark.parametrize("scale", [0.0, 1e-9, 0.1, 1.0, 1e6])
def test_entropic_limits_hold_by_any_potentials(scale: float) -> None:
    random = np.random.default_rng(0)
    for seed in range(5):
        a, b, C = drawn(9, 7, seed)
        C = C.round(seed % 3 + 1)
        optimum = solve(transport(a, b, C))
        assert optimum.value is not None
        assert optimum.multipliers is not None
        low, high = entropic_limits(scale * random.standard_normal(9), a, b, C)
        slack = 1e-12 * max(1.0, scale)
        assert low - slack <= optimum.value <= high + slack
        low, high = entropic_limits(optimum.multipliers.listed["leaves"], a, b, C)
        assert low == pytest.approx(optimum.value)
        assert high <= C.max()
    equal = np.full(3, 1 / 3)
    assert entropic_limits(np.zeros(3), equal, equal, np.ones((3, 3))) == pytest.approx((1, 1))
    assert entropic_limits(np.zeros(3), equal, equal, np.zeros((3, 3))) == pytest.approx((0, 0))


def test_places_without_weight_are_left_alone() -> None:
    a, b, C = np.array([0.5, 0.0, 0.5]), np.array([1.0, 0.0]), np.arange(6.0).reshape(3, 2)
    assert solve(transport(a, b, C)).value == 2
    assert solve(transport_game(a, b, C), by_restarts(3, 2)).value == pytest.approx(2)


@pytest.mark.parametrize(
    ("a", "b", "cost", "said"),
    [
        ([0.5, 0.5], [0.9], [[1.0], [2.0]], "sum to 1 and 0.9; divide each"),
        ([1.0], [1.0], [[1.0, 2.0]], "give one cost for each pair"),
        ([-1.0, 2.0], [1.0], [[1.0], [1.0]], "the first weights must be finite and >= 0"),
        ([1.0], [0.0], [[1.0]], "the second weights"),
        ([1.0], [1.0], [[math.inf]], "a cost is not finite"),
        ([], [], [[]], "give one cost for each pair"),
        ([math.nan], [1.0], [[1.0]], "the first weights"),
    ],
)
def test_what_is_no_transport_is_refused_in_a_sentence(a: Any, b: Any, cost: Any, said: str) -> None:
    for stated in (transport, transport_game):
        with pytest.raises(ValueError, match=said):
            stated(a, b, cost)


def test_a_forbidden_way_does_not_make_all_else_equal() -> None:
    for seed in range(4):
        random = np.random.default_rng(seed)
        a, b, cost = random.dirichlet(np.ones(4)), random.dirichlet(np.ones(4)), random.random((4, 4))
        truth = solve(transport(a, b, cost), "glop").value
        cost[0, 0] = 1e12
        solution = solve(transport_game(a, b, cost), DescentAscent(iterations=50))
        assert truth is not None
        if solution.status == "optimal":
            assert solution.value >= truth - 1e-9
        assert solution.bound is None or solution.bound >= truth - 1e-9


# Flows of least cost, proven exactly.


def transports(count: int) -> Any:
    """Random, integer, on a line, of all scales, with ties, with places of weight 0, in float32 and in large units."""
    random = np.random.default_rng(0)
    for k in range(count):
        m, n = random.integers(1, 13, 2).tolist()
        a, b, C = random.random(m), random.random(n), random.random((m, n))
        if k % 7 == 1:
            C = random.integers(-5, 6, (m, n)).astype(float)
        if k % 7 == 2:
            a, b = (random.integers(0, 3, size) + 1.0 * (np.arange(size) == 0) for size in (m, n))
        if k % 7 == 3:
            C = C * 10.0 ** random.integers(-9, 10)
        if k % 7 == 4:
            C = C * 10.0 ** random.integers(-9, 10, (m, n))
        if k % 7 == 5:
            C = np.abs(random.random(m)[:, None] - random.random(n))
        if k % 7 == 6:
            b, C = np.ones(m), random.integers(0, 3, (m, m)).astype(float)
            a = b
        kind = np.float32 if k % 3 == 0 else np.float64
        yield (a / a.sum()).astype(kind), (b / b.sum()).astype(kind), C


def test_flows_are_proven_exactly_and_cost_what_the_program_says() -> None:
    compared = 0
    for a, b, C in transports(70):
        found, program = solve(transport(a, b, C)), solve(transport_lp(a, b, C), "highs", gap=1e-6)
        size = np.abs(C).max()
        assert found.proven, (found, C.tolist())
        assert found.certificate.exact
        assert found.solver == "min-cost-flow"
        if program.proven:  # it is not where costs of 1e9 and 1e-9 meet
            compared += 1
            assert found.value == pytest.approx(program.value, rel=2e-6, abs=1e-9 * size)
        plan = np.array(found.answer)
        assert plan.min() >= 0
        assert plan.sum(axis=1) == pytest.approx(np.asarray(a, dtype=float), abs=1e-6)
        assert plan.sum(axis=0) == pytest.approx(np.asarray(b, dtype=float), abs=1e-6)
        assert found.multipliers is not None
        f, g = (found.multipliers.listed[name] for name in ("leaves", "arrives"))
        assert (f[:, None] + g <= C + 1e-12 * size).all()
    assert compared > 60


@pytest.mark.parametrize("weighted", [False, True])
def test_many_points_are_sifted(weighted: bool) -> None:
    random, n = np.random.default_rng(0), 150
    x, y = random.random((n, 2)), random.random((n, 2))
    C = np.hypot(*(x[:, None] - y).transpose(2, 0, 1))
    a, b = (weights(n, random), weights(n, random)) if weighted else (np.full(n, 1 / n), np.full(n, 1 / n))
    found = solve(transport(a, b, C), MinCostFlow(pairs=1))
    assert found.proven
    if weighted:
        assert found.stats["rounds"] > 1
    else:
        rows, columns = linear_sum_assignment(C)
        assert found.value == pytest.approx(C[rows, columns].mean())


def test_a_chain_of_places_has_its_potentials_in_one_sweep() -> None:
    n = 400
    found = solve(on_a_line(np.arange(n), np.full(n, 1 / n), np.arange(n) + 0.5, np.full(n, 1 / n)), "min-cost-flow")
    assert found.proven
    assert found.value == pytest.approx(0.5)


def test_potentials_bound_exactly_whatever_they_are() -> None:
    random = np.random.default_rng(4)
    a, b, C = drawn(6, 7)
    form = transport(a, b, C).objective
    assert isinstance(form, Transportation)
    optimum = solve(transport(a, b, C)).value
    assert optimum is not None
    for scale in (1e-9, 0.3, 1.0, 1e9):
        f = scale * random.standard_normal(6)
        g = form.transformed(f)
        exact = [[Fraction(c) - Fraction(p) for c in row] for row, p in zip(C.tolist(), f.tolist(), strict=True)]
        for j, potential in enumerate(g.tolist()):
            least = min(row[j] for row in exact)
            assert Fraction(np.nextafter(potential, -np.inf)) < Fraction(potential) <= least
            assert float(least) - potential <= 2 * np.spacing(abs(potential))
        assert form.dual_value(f) <= optimum
    for broken in (np.full(6, np.nan), np.zeros(5), np.full(6, np.inf)):
        assert form.dual_value(broken) == -np.inf


def test_plans_that_lie_and_potentials_that_lie_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    form = Transportation(np.array([2, 1]), np.array([1, 2]), Fraction(1), np.array([[1.0, 2.0], [3.0, 4.0]]))
    one = np.array([0, 0, 1]), np.array([0, 1, 1])
    assert form.broken(Plan(*one, np.array([1, 1, 1]))) is None
    assert form.broken(Plan(*one, np.array([1, 2, 1]))) == "the constraint 'leaves'"
    assert form.broken(Plan(*one, np.array([3, -1, 1]))) == "'an amount is never negative'"
    assert form.broken(Plan(np.array([0, 1]), np.array([1, 1]), np.array([2, 1]))) == "the constraint 'arrives'"
    assert form.broken(Plan(np.array([2]), np.array([1]), np.array([2]))) == "the number of sources"
    assert form.broken(Plan(np.array([0]), np.array([-1]), np.array([2]))) == "the number of targets"
    a, b, C = drawn(5, 6)
    honest = min_cost_flow._flow
    monkeypatch.setattr(min_cost_flow, "_flow", lambda C, *rest: honest(-C, *rest))  # the dearest plan
    worst = solve(transport(a, b, C))
    assert not worst.proven
    monkeypatch.undo()
    monkeypatch.setattr(min_cost_flow, "_potentials", lambda C, *_: (np.ones(len(C)), np.ones(len(C.T))))
    assert not solve(transport(a, b, C)).proven


def test_weights_whose_sums_differ_by_rounding_are_scaled_and_that_is_said() -> None:
    z = np.random.default_rng(0).random(500).astype(np.float32)
    found = solve(transport(z / z.sum(), np.full(300, 1 / 300, dtype=np.float32), np.ones((500, 300))))
    assert found.proven
    assert "so the second are scaled to the sum of the first" in found.message
    assert solve(transport([0.1, 0.2], [0.3], [[1], [2]])).message == ""


def test_what_is_too_much_may_be_given_a_place() -> None:
    with pytest.raises(ValueError, match=r"sum to 3 and 2; .* with_slack"):
        transport([1, 2], [1, 1], [[1, 2], [3, 4]])
    assert solve(transport(*with_slack([1, 2], [1, 1], [[1, 2], [3, 4]]))).value == 5
    assert solve(transport(*with_slack([1, 1], [3], [[1], [2]], price=5.0))).value == 8


def test_limits_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, C = drawn(40, 40)
    early = solve(transport(a, b, C), time_limit=1e-9)
    assert early.status == "feasible"
    assert early.value is not None
    assert early.bound is not None
    assert early.value > early.bound
    with pytest.raises(ValueError, match="pairs is 0"):
        MinCostFlow(pairs=0)
    with pytest.raises(ValueError, match="takes no start"):
        solve(transport(a, b, C), start={})
    with pytest.raises(ValueError, match="choose among glop"):
        solve(transport(a, b, C), "faq")


@pytest.mark.parametrize("solver", ["glop", "highs", "pdlp"])
@pytest.mark.parametrize(("weight", "price"), [(1e-30, 1), (1e30, 1), (1e60, 1), (1, 1e-200), (1, 1e99), (1e-20, 1e30)])
def test_linear_programs_of_any_scale_are_proven(weight: float, price: float, solver: str) -> None:
    rng = np.random.default_rng(3)
    C, a = rng.random((6, 5)), rng.integers(1, 9, 6).astype(float)
    b = np.full(5, a.sum() / 5)
    best = solve(transport(a, b, C)).value
    assert best is not None
    solution = solve(transport_lp(weight * a, weight * b, price * C), solver)
    assert solution.status == "optimal", solution.message
    assert solution.value is not None
    assert solution.value / weight / price == pytest.approx(best, rel=1e-8)
    plan = np.array(solution.answer) / weight
    assert plan.sum(1) == pytest.approx(a)
    assert (plan * C).sum() == pytest.approx(best, rel=1e-8)
