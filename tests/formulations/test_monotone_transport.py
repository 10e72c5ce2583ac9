"""Transport on the line: against the linear program, SciPy and sorting; staircases that lie; what is refused."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from formulations.arithmetic import plans
from formulations.arithmetic.plans import LineTransportation, Plan
from formulations.monotone_transport import monotone_transport
from formulations.problem import Floats
from formulations.transport import transport
from formulations.wasserstein import on_line, wasserstein
from solvers import solve
from solvers.flows import sorting

ORDERS = (1, 2, 3)


def drawn(seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Places and weights: with ties, of all scales, far from 0, in decimals, with places of weight 0."""
    random = np.random.default_rng(seed)
    m, n = random.integers(1, 10, 2).tolist()
    x, y, a, b = random.normal(size=m), random.normal(size=n), random.random(m), random.random(n)
    match seed % 6:
        case 1:
            x, y = (random.integers(-2, 3, size).astype(float) for size in (m, n))
        case 2:
            x, y = (places * 10.0 ** random.integers(-9, 10, len(places)) for places in (x, y))
        case 3:
            x, y = 1.7e9 + x, 1.7e9 + y
        case 4:
            x, y = x.round(2), y.round(2)
        case 5:
            a, b = (random.integers(0, 3, size) + 1.0 * (np.arange(size) == 0) for size in (m, n))
    return x, a / a.sum(), y, b / b.sum()


def exact_costs(form: LineTransportation) -> list[list[Fraction]]:
    return [
        [Fraction(abs(x - y) ** form.order, form.scale**form.order) for y in form.y.tolist()] for x in form.x.tolist()
    ]


@given(st.integers(0, 10**6), st.sampled_from(ORDERS))
def test_it_costs_what_transport_over_all_pairs_does_and_its_potentials_hold_on_all(seed: int, order: int) -> None:
    x, a, y, b = drawn(seed)
    C = np.abs(np.subtract.outer(x, y)) ** order
    found, flow = solve(monotone_transport(x, a, y, b, order)), solve(transport(a, b, C))
    assert (found.status, found.certificate.exact, found.solver) == ("optimal", True, "sorting")
    assert found.value == found.bound
    assert flow.value is not None
    assert found.value == pytest.approx(flow.value, rel=1e-9, abs=1e-9 * float(C.max()))
    plan = np.zeros_like(C)
    for i, j, amount in found.answer:
        plan[i, j] += amount
    assert plan.sum(axis=1) == pytest.approx(a, abs=1e-12)
    assert plan.sum(axis=0) == pytest.approx(b, abs=1e-12)
    assert (plan * C).sum() == pytest.approx(found.value, rel=1e-9, abs=1e-300)
    assert found.multipliers is not None
    f, g = (found.multipliers.listed[name] for name in ("leaves", "arrives"))
    slack = 4e-16 * (C + np.abs(f)[:, None] + np.abs(g))
    assert (f[:, None] + g <= C + slack).all()
    assert (f[:, None] + g)[plan > 0] == pytest.approx(C[plan > 0], rel=1e-15, abs=float(slack.max()))


@given(st.integers(0, 10**6), st.sampled_from(ORDERS))
def test_any_staircase_proves_a_bound_and_no_more(seed: int, order: int) -> None:
    """That of potentials which are feasible for all pairs, in exact arithmetic, and equal on the staircase."""
    form: Any = monotone_transport(*drawn(seed), order).objective
    C, (m, n) = exact_costs(form), (len(form.x), len(form.y))
    staircase = np.random.default_rng(seed).permutation(m + n - 2) < m - 1
    f, g, i, j = {0: Fraction(0)}, {0: C[0][0]}, 0, 0
    for down in staircase.tolist():
        i, j = (i + 1, j) if down else (i, j + 1)
        f, g = ({**f, i: C[i][j] - g[j]}, g) if down else (f, {**g, j: C[i][j] - f[i]})
    assert all(f[k] + g[j] <= C[k][j] for k in range(m) for j in range(n))
    earned = sum(f[k] * s for k, s in enumerate(form.supply.tolist()))
    earned += sum(g[k] * s for k, s in enumerate(form.demand.tolist()))
    assert form.dual_value(staircase) == earned / form.unit
    for own, exact in zip(form.potentials(staircase), (f, g), strict=True):
        assert own.tolist() == [float(exact[k]) for k in range(len(own))]
    best = form.value(sorting.corner_plan(form.supply, form.demand))
    assert form.dual_value(staircase) <= best
    assert form.dual_value(sorting.staircase_of(form.supply, form.demand)) == best


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("digits", [3, 17])
def test_many_numbers_are_sorted_block_by_block(order: int, digits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "BLOCK", 1000)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=5000).round(digits), rng.gamma(2, size=4999).round(digits)
    found = solve(wasserstein(x, y, order))
    assert found.proven
    assert found.value == found.bound == pytest.approx(on_line(x, y, order) ** order)
    assert [check.ok for check in found.checks] == [True] * 3
    if order == 1:
        assert found.value == pytest.approx(wasserstein_distance(x, y))


def test_samples_that_hardly_differ_are_proven_apart_far_from_0() -> None:
    x = 1.7e9 + np.arange(100) / 8
    found = solve(wasserstein(x, x + 2.0**-20, order=2))
    assert found.proven
    assert found.value == 2.0**-40


def test_plans_and_staircases_that_lie_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = monotone_transport([0.0, 1.0, 2.0], np.ones(3) / 3, [0.5, 1.5, 4.0], np.ones(3) / 3, 2)
    form: Any = problem.objective
    assert solve(problem).proven
    assert form.broken(Plan(np.arange(3), np.arange(3), np.array([1, 1, 2]))) == "the constraint 'leaves'"
    assert (
        form.broken(Plan(np.arange(3), np.array([0, 1, 1]), np.ones(3, dtype=np.int64))) == "the constraint 'arrives'"
    )
    assert form.broken(Plan(np.array([3]), np.array([0]), np.array([1]))) == "the number of sources"
    for wrong in (np.ones(4, dtype=bool), np.ones(2, dtype=bool), np.array([1, 0, 1, 0])):
        assert form.dual_value(wrong) == -math.inf
    swapped = Plan(np.arange(3), np.array([1, 0, 2]), np.ones(3, dtype=np.int64))  # feasible, but two of them cross
    assert form.value(swapped) > form.value(sorting.corner_plan(form.supply, form.demand))
    honest = sorting.staircase_of
    monkeypatch.setattr(sorting, "corner_plan", lambda *_: swapped)
    assert not solve(problem).proven
    monkeypatch.undo()
    monkeypatch.setattr(sorting, "staircase_of", lambda *amounts: np.sort(honest(*amounts)))  # along the edges
    lying = solve(problem)
    assert not lying.proven
    assert lying.bound is not None
    assert lying.value is not None
    assert lying.bound < lying.value


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"order": 0.5}, "the order is 0.5; .* whole numbers from 1"),
        ({"order": 1.5}, "the order is 1.5"),
        ({"order": math.inf}, "the order is inf"),
        ({"x": [0.0, math.nan]}, "a first place is not finite"),
        ({"y": [1.0]}, r"second places have shape \(1,\); give a number for each of 2 weights"),
        ({"a": [1.0, -1.0]}, "the first weights must be finite and >= 0"),
        ({"b": [1.0, 1.0]}, "the weights sum to 1 and 2; divide each"),
        ({"x": [0.0, 1e100], "order": 2}, "1e\\+100 apart, to the power 2; give them in another unit"),
    ],
)
def test_what_is_not_convex_or_no_transport_is_refused(changed: dict[str, Any], said: str) -> None:
    stated = {"x": [0.0, 1.0], "a": [0.5, 0.5], "y": [2.0, 3.0], "b": [0.5, 0.5], **changed}
    with pytest.raises(ValueError, match=said):
        monotone_transport(**stated)


def test_of_costs_that_are_not_convex_it_would_be_false() -> None:
    """For the root of the distance crossing pays, and potentials along a staircase do not hold on all pairs."""
    x, y = np.array([0.0, 1.0]), np.array([1.0, 9.0])
    C = np.abs(np.subtract.outer(x, y)) ** 0.5
    best = solve(transport([0.5, 0.5], [0.5, 0.5], C)).value
    assert best is not None
    assert best < C[[0, 1], [0, 1]].mean() - 0.1
    f, g = np.array([0.0, C[1, 1] - C[0, 1]]), C[0]  # along (1, 1), (1, 2), (2, 2)
    assert f[1] + g[0] > C[1, 0] + 0.1


def test_other_solvers_take_it_up_to_so_many_pairs() -> None:
    x, a, y, b = drawn(0)
    problem = monotone_transport(x, a, y, b, 2)
    own = solve(problem)
    for name in ("min-cost-flow", "glop", "highs"):
        found = solve(problem, name)
        assert found.value == pytest.approx(own.value)
        assert [row[:2] for row in found.answer if row[2] > 1e-9] == [row[:2] for row in own.answer]
    many = np.arange(6000.0)
    with pytest.raises(ValueError, match="36,000,000 pairs, too many"):
        solve(wasserstein(many, many), "glop")
    with pytest.raises(ValueError, match=r"36,000,000 distances; give some rows .* or take sliced"):
        wasserstein(np.zeros((6000, 2)), np.zeros((6000, 2)))
