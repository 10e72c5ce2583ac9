"""The finite case: the bound is never below the likelihood, and they meet where the maths says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formulations import weak_dual as wd
from formulations.problem import Floats
from formulations.weak_dual import likelihood_game, weak_dual
from solvers import solve
from solvers.descent_ascent import DescentAscent

GAME = DescentAscent(step=0.7, iterations=5_000)


def frequencies(k: int, seed: int, least: float = 1e-4) -> Floats:
    """Random, a fifth of the cells never seen, one seen with that frequency."""
    random = np.random.default_rng(seed)
    weights = random.exponential(size=k)
    weights[random.random(k) < 0.2] = 0
    weights[0] = 1
    weights /= weights.sum()
    weights[-1] = least
    return np.asarray(weights / weights.sum())


def dot(a: Floats, b: Floats) -> float:
    return float(np.where(a > 0, a * np.log(np.where(a > 0, b, 1.0)), 0.0).sum())


cells = st.integers(1, 8).flatmap(
    lambda k: st.tuples(
        st.lists(st.sampled_from([0.0, 1e-6, 0.1, 1.0, 2.0]), min_size=k, max_size=k).filter(lambda w: sum(w) > 0),
        st.lists(st.floats(-20, 20), min_size=k, max_size=k),
        st.lists(st.floats(-20, 20), min_size=k, max_size=k),
    )
)


@given(cells)
@settings(max_examples=60)
def test_the_bound_is_never_below_the_likelihood_and_the_gap_is_the_divergence(drawn: Any) -> None:
    weights, theta, log_lam = (np.array(part) for part in drawn)
    q, p, lam = weights / weights.sum(), np.exp(theta) / np.exp(theta).sum(), np.exp(log_lam)
    value, bound = wd.likelihood(q, p), wd.bound(q, p, lam)
    size = max(abs(value), abs(bound), 1.0)
    assert bound >= value - 1e-13 * size
    assert wd.gap(q, p, lam) >= 0
    assert bound - value == pytest.approx(wd.gap(q, p, lam), rel=1e-12, abs=1e-12 * size)
    assert wd.bound(q, p, wd.rescaled(lam, p)) <= bound + 1e-13 * size
    assert wd.gap(q, p, wd.tightest(q, p)) <= 1e-15
    assert wd.bound(q, p, wd.tightest(q, p)) == pytest.approx(value, rel=1e-12, abs=1e-12)


def test_const_is_what_the_maximum_over_r_leaves() -> None:
    q = frequencies(6, 0)
    lam = np.random.default_rng(0).exponential(size=6) + 0.1
    r = q / lam
    assert wd.constant(q) - dot(q, lam) == pytest.approx(dot(q, r) - lam @ r)
    for other in (0.9 * r, 1.1 * r + 1e-3, np.full(6, 0.2)):
        assert dot(q, other) - lam @ other < dot(q, r) - lam @ r


@pytest.mark.parametrize("off", [0.0, 1e-12, 1e-7, 1e-3, 0.049, 0.051, 0.9])
def test_the_gap_is_exact_however_small(off: float) -> None:
    q, p = np.array([0.25, 0.75, 0.0]), np.array([0.5, 0.25, 0.25])
    lam = np.array([0.5 * (1 + off), 3 * (1 - off), 0.0])
    with localcontext(prec=60):
        u = [Decimal(p[i]) * Decimal(lam[i]) / Decimal(q[i]) for i in range(2)]
        exact = sum(Decimal(q[i]) * (u[i] - 1 - u[i].ln()) for i in range(2))
    assert wd.gap(q, p, lam) == pytest.approx(float(exact), rel=1e-12, abs=0)
    lam[2] = 2
    assert wd.gap(q, p, lam) == pytest.approx(float(exact) + 0.5, rel=1e-12)


def test_a_generator_that_never_makes_what_was_seen_has_no_likelihood() -> None:
    q, p = np.array([0.5, 0.5]), np.array([1.0, 0.0])
    assert wd.likelihood(q, p) == -np.inf
    assert wd.bound(q, p, np.array([1.0, 1e300])) < -300
    with pytest.raises(ValueError, match="p is 0 in cell 2, where q is not"):
        weak_dual(q, p)


@pytest.mark.parametrize("solver", ["clarabel", "scs"])
@pytest.mark.parametrize("k", [5, 20, 200])
def test_a_conic_solver_finds_the_best_discriminator_and_the_best_generator(k: int, solver: str) -> None:
    q = frequencies(k, k)
    p = np.random.default_rng(k).dirichlet(np.ones(k)) * 0.99 + 0.01 / k
    against = solve(weak_dual(q, p), solver)
    assert against.status == "optimal", against.message
    assert against.proven
    assert abs(against.value - dot(q, p)) <= 1e-7
    assert np.allclose(against.answer, q / p, rtol=1e-3, atol=1e-6)
    over_all = solve(weak_dual(q), solver)
    assert over_all.status == "optimal", over_all.message
    assert over_all.proven
    assert over_all.value >= dot(q, q) - 1e-12
    assert over_all.bound <= dot(q, q) + 1e-12
    assert over_all.value - over_all.bound <= 1e-7
    assert over_all.multipliers is not None
    assert np.allclose(over_all.multipliers.listed["largest"], q, atol=1e-5)  # the multipliers are the generator
    assert np.allclose(over_all.answer, q, atol=1e-5)


@pytest.mark.parametrize("model", ["tabular", "softmax"])
@pytest.mark.parametrize(("k", "seed"), [(5, 0), (200, 2)])
def test_descent_ascent_finds_the_same(k: int, seed: int, model: Any) -> None:
    q = frequencies(k, seed, least=1e-3)
    game = likelihood_game(q, model)
    solution = solve(game, GAME)
    assert solution.status == "optimal", solution.message
    assert solution.proven
    assert 0 <= solution.bound - solution.value <= 1e-7
    assert solution.value == pytest.approx(dot(q, q), abs=1e-7)
    assert solution.answer == pytest.approx(q, abs=1e-4)
    by_cones = solve(game, "clarabel")
    assert by_cones.status == "optimal"
    assert by_cones.answer == pytest.approx(solution.answer, abs=1e-4)


@given(cells)
@settings(max_examples=50)
def test_at_any_point_of_the_game_the_bound_holds_for_all_generators(drawn: Any) -> None:
    import torch

    weights, theta, log_lam = (np.array(part) for part in drawn)
    q = weights / weights.sum()
    game = likelihood_game(q, "softmax")
    assert game.value is not None
    assert game.bound is not None
    players = {"theta": torch.tensor(theta), "d": torch.tensor(log_lam)}
    value, bound = game.value(players), game.bound(players)
    assert value <= dot(q, q) + 1e-12
    assert bound >= dot(q, q) - 1e-12
    payoff = sum(float(term.f(*(players[name][None] for name in term.blocks))) for term in game.payoff)
    assert payoff >= value - 1e-9 * max(1.0, abs(value))  # the payoff is the bound on this generator


@pytest.mark.parametrize("q", [[1.0], [1.0, 0.0], [0.5, 0.5, 0.0], [0.99, 0.01]])
def test_few_cells_and_cells_never_seen(q: list[float]) -> None:
    entropy = dot(np.array(q), np.array(q))
    for solution in (solve(weak_dual(q)), solve(likelihood_game(q), GAME), solve(likelihood_game(q, "softmax"), GAME)):
        assert solution.status == "optimal", solution.message
        assert solution.value == pytest.approx(entropy, abs=1e-7)


def test_lies_are_caught() -> None:
    q = frequencies(6, 3)
    game, problem, short = likelihood_game(q), weak_dual(q), replace(GAME, iterations=500)
    assert game.value is not None
    assert game.bound is not None
    swapped = replace(game, value=lambda players: -game.value(players))  # type: ignore[misc]
    assert solve(swapped, short).status != "optimal"
    too_low = replace(game, bound=lambda players: game.bound(players) - 0.1)  # type: ignore[misc]
    found = solve(too_low, short)
    assert found.status != "optimal"
    assert not found.proven
    flat = np.full(6, 1 / 6)
    lying: list[Any] = [
        lambda _: problem.dual_function({"largest": flat}),  # type: ignore[misc]
        lambda m: -problem.dual_function(m),  # type: ignore[misc]
        lambda m: problem.dual_function(m) + 0.1,  # type: ignore[misc]
        lambda _: float("nan"),
    ]
    for lie in lying:
        solution = solve(replace(problem, dual_function=lie))
        assert solution.value == pytest.approx(dot(q, q), abs=1e-6)
        assert solution.status == "feasible" or solution.certificate.kind == "conic dual"  # which needs no such word
        if solution.bound is not None:
            assert solution.bound >= dot(q, q) - 1e-9
    upside_down = replace(problem, repair=lambda values: {"lam": -values["lam"], "t": values["t"]})
    assert solve(upside_down).value is None


@pytest.mark.parametrize(
    ("q", "p", "said"),
    [
        ([0.5, 0.6], None, "q sums to 1.1"),
        ([0.5, -0.5, 1.0], None, "q is -0.5 in cell 2"),
        ([0.5, np.nan], None, "q is nan in cell 2"),
        ([], None, "q has shape"),
        ([[1.0]], None, "q has shape"),
        ([0.5, 0.5], [1.0], "p has shape"),
        ([0.5, 0.5], [0.5, 0.4], "p sums to 0.9"),
    ],
)
def test_what_is_no_distribution_is_refused(q: Any, p: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        weak_dual(q, p)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no model 'mlp'"):
        likelihood_game([1.0], "mlp")  # type: ignore[arg-type]
