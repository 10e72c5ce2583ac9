"""Transport between many places: Sinkhorn's start, the simplex method on few pairs, plans along forests."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from formulations.arithmetic.plans import Plan, Transportation
from formulations.problem import Floats
from formulations.transport import transport
from solvers import solve
from solvers.clock import Clock
from solvers.flows import min_cost_flow, simplex
from solvers.flows.forests import forest, plan_along, potentials_along
from solvers.flows.min_cost_flow import MinCostFlow
from solvers.flows.sinkhorn import nearly_optimal, reduced_costs


def many(kind: str, m: int = 130, n: int = 110, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Weights and costs of more pairs than are handed over at once."""
    random = np.random.default_rng(seed)
    x, y = random.random((m, 2)), random.random((n, 2)) + 0.2
    C = np.hypot(*(x[:, None] - y).transpose(2, 0, 1))
    a, b = random.random(m), random.random(n)
    match kind:
        case "counts":
            a, b = random.integers(1, 50, m).astype(float), random.integers(1, 50, n).astype(float)
        case "equal":
            a, b = np.ones(m), np.ones(n)
        case "assignment":
            a, b, C = np.ones(n), np.ones(n), C[:n]
        case "ties":
            C = random.integers(0, 4, (m, n)).astype(float)
        case "one cost":
            C = np.ones((m, n))
        case "line":
            C = np.abs(x[:, :1] - y[:, 0])
        case "forbidden":
            C[random.random((m, n)) < 0.3] = 1e9
        case "scales":
            C = C * 10.0 ** random.integers(-3, 4, (m, n))
        case "tiny":
            C = C * 1e-140
        case "huge":
            C = (C - 0.5) * 1e140
        case "no weight":
            a[::3], b[::4] = 0, 0
        case "far weights":
            a = a * 10.0 ** random.integers(-12, 1, m)
    return a / a.sum(), b / b.sum(), C


@pytest.mark.parametrize(
    "kind",
    [
        *("random", "counts", "equal", "assignment", "ties", "one cost", "line"),
        *("forbidden", "scales", "tiny", "huge", "no weight", "far weights"),
    ],
)
def test_transport_between_many_is_proven_exactly_and_costs_what_flows_over_all_pairs_do(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, C = many(kind)
    found = solve(transport(a, b, C))
    assert found.proven, found.message
    assert found.certificate.exact
    plan = np.array(found.answer)
    assert plan.sum(axis=1) == pytest.approx(a, rel=1e-9, abs=1e-13)
    assert plan.sum(axis=0) == pytest.approx(b, rel=1e-9, abs=1e-13)
    monkeypatch.setattr(min_cost_flow, "FEW_PAIRS", C.size)
    flows = solve(transport(a, b, C))
    assert flows.proven
    assert flows.size is not None
    assert found.value == pytest.approx(flows.value, abs=2e-9 * flows.size)


def test_an_assignment_is_scipys() -> None:
    a, b, C = many("assignment")
    assert solve(transport(a, b, C)).value == pytest.approx(C[linear_sum_assignment(C)].mean(), rel=1e-12)


@pytest.mark.parametrize("shape", ["far", "clusters", "line", "copies"])
@pytest.mark.parametrize("order", [1, 2])
def test_assignments_of_all_shapes_are_proven(shape: str, order: int) -> None:
    random, n = np.random.default_rng(0), 150
    x, y = random.normal(size=(2, n, 2))
    match shape:
        case "far":
            y = 0.01 * y + 1e3
        case "clusters":
            x, y = (0.01 * places + random.integers(0, 3, (n, 2)) for places in (x, y))
        case "line":
            x, y = (np.outer(places[:, 0], [1.0, 2.0]) for places in (x, y))
        case "copies":
            y = x[::-1]
    C = cdist(x, y) ** order
    found = solve(transport(np.ones(n), np.ones(n), C))
    assert found.proven, found.message
    assert found.value == pytest.approx(C[linear_sum_assignment(C)].sum(), rel=1e-10)


def test_an_assignment_that_is_not_the_best_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, C = many("assignment")
    honest = solve(transport(a, b, C)).value

    def dearest(C: Floats, supply: Any, *_: Any) -> Plan:
        return Plan(*linear_sum_assignment(-C), supply)

    monkeypatch.setattr(min_cost_flow, "assigned", dearest)  # flows find a better one
    again = solve(transport(a, b, C))
    assert again.proven
    assert again.value == pytest.approx(honest)
    monkeypatch.setattr(min_cost_flow, "_flow", lambda *_: None)
    assert not solve(transport(a, b, C)).proven
    monkeypatch.setattr(min_cost_flow, "assigned", lambda *_: None)  # no time for one, and no flow
    assert solve(transport(a, b, C)).status == "not_converged"


def test_flows_in_coarser_whole_numbers_end_proven_where_fine_ones_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """OR-Tools may find that costs of 60 bits overflow; 40 bits round more coarsely, and potentials correct that."""
    random = np.random.default_rng(0)
    a, b, C = random.random(40), random.random(30), random.random((40, 30))
    a, b = a / a.sum(), b / b.sum()
    exact, honest, asked = solve(transport(a, b, C)).value, min_cost_flow._flow, []

    def overflowing(C: Floats, supply: Any, demand: Any, pairs: Any, bits: int) -> Plan | None:
        asked.append(bits)
        return None if bits == min_cost_flow.FINE_BITS else honest(C, supply, demand, pairs, bits)

    monkeypatch.setattr(min_cost_flow, "_flow", overflowing)
    found = solve(transport(a, b, C))
    assert asked[:2] == [min_cost_flow.FINE_BITS, min_cost_flow.COARSE_BITS]
    assert found.proven
    assert found.certificate.exact
    assert found.value == pytest.approx(exact, rel=1e-9)
    coarse = min_cost_flow.COARSE_BITS
    monkeypatch.setattr(min_cost_flow, "_flow", lambda *given: honest(*given[:4], min(given[4], coarse - 32)))
    rough = solve(transport(a, b, C))  # in whole numbers that are too coarse nothing false is said
    assert not rough.proven
    assert rough.value is not None
    assert rough.bound is not None
    assert exact is not None
    assert rough.bound <= exact <= rough.value


def test_whatever_it_starts_from_it_ends_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, C = many("random")
    value = solve(transport(a, b, C)).value
    for wrong in (np.zeros(len(a)), 1e3 * np.random.default_rng(1).standard_normal(len(a))):
        for few in (True, False):
            monkeypatch.setattr(simplex, "nearly_optimal", lambda *_, f=wrong, few=few: (f, few))
            again = solve(transport(a, b, C), MinCostFlow(pairs=1))
            assert again.proven
            assert again.value == pytest.approx(value)


def test_plans_that_a_simplex_method_made_up_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, C = many("random")
    form: Any = transport(a, b, C).objective
    assert isinstance(form, Transportation)
    honest = solve(transport(a, b, C))

    def dearer(*_: Any) -> Any:
        return min_cost_flow.corner_plan(form.supply, form.demand)

    monkeypatch.setattr(simplex, "plan_along", dearer)  # feasible, but not the best: flows find that
    assert solve(transport(a, b, C)).value == pytest.approx(honest.value)
    monkeypatch.setattr(min_cost_flow, "_by_flows", lambda *_: "optimal")
    assert not solve(transport(a, b, C)).proven
    monkeypatch.setattr(simplex, "plan_along", lambda *_: None)  # no plan at all
    assert not solve(transport(a, b, C)).proven


@pytest.mark.parametrize("seed", range(5))
def test_along_a_forest_there_is_one_plan_and_reduced_costs_are_0(seed: int) -> None:
    random, m, n = np.random.default_rng(seed), 9, 7
    parent = [(int(random.integers(0, m)), j) for j in range(n)]  # stars of targets around sources
    source, target = np.array(parent).T
    grown = forest(source, target, m, n)
    assert grown.trees == m
    amount = random.integers(0, 5, n)
    supply = np.bincount(source, weights=amount, minlength=m).astype(np.int64)
    plan = plan_along(grown, supply, amount)
    assert plan is not None
    assert sorted(zip(plan.source.tolist(), plan.target.tolist(), plan.amount.tolist(), strict=True)) == sorted(
        (i, j, k) for (i, j), k in zip(parent, amount.tolist(), strict=True) if k
    )
    assert plan_along(grown, supply + 1, amount) is None
    C = random.random((m, n))
    f, g = potentials_along(grown, C)
    assert f[source] + g[target] == pytest.approx(C[source, target])


def test_sinkhorns_potentials_are_near_and_their_reduced_costs_are_not_negative() -> None:
    a, b, C = many("random")
    form: Any = transport(a, b, C).objective
    f, few = nearly_optimal(C, form.supply, form.demand, Clock())
    assert few
    _, R, _ = reduced_costs(C, f)
    assert R.min() >= 0
    assert R.min(axis=0) == pytest.approx(0, abs=1e-12)
    assert R.min(axis=1) == pytest.approx(0, abs=1e-12)
    optimum = solve(transport(a, b, C)).value
    assert optimum is not None
    without = float(form.dual_value(np.zeros(len(a))))
    assert optimum - float(form.dual_value(f)) < 0.2 * (optimum - without)


def test_weights_that_are_fractions_count_in_whole_shares() -> None:
    form: Any = transport(np.full(1000, 1 / 1000), np.full(900, 1 / 900), np.zeros((1000, 900))).objective
    assert form.unit == 9000
    assert set(form.supply.tolist()) == {9}
    assert set(form.demand.tolist()) == {10}
    counts = np.array([3.0, 4.0, 7.0])
    form = transport(counts / 14, [1.0], np.zeros((3, 1))).objective
    assert form.supply.tolist() == [3, 4, 7]
    assert form.unit == Fraction(14)
