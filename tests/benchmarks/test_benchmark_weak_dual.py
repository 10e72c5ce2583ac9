"""The weak dual on few cells and the geometric law: python -m pytest tests/benchmarks/test_benchmark_weak_dual.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import pytest

from formulations.geometric import geometric, geometric_game
from formulations.problem import Floats
from formulations.weak_dual import gap, likelihood_game, weak_dual
from solvers import solve
from solvers.descent_ascent import DescentAscent

Report = Callable[[str, str, str], None]
CELLS = (5, 10, 20, 50, 100, 200)
MEANS = (1.0, 1.1, 2.0, 12.5, 300.0)


def frequencies(k: int, seed: int) -> Floats:
    """Random ones, one cell in five never seen, none seen less often than 1e-4."""
    rng = np.random.default_rng([k, seed])
    q = rng.dirichlet(np.ones(k)) * (rng.random(k) < 0.8)
    q[0] += 1e-3
    q = np.where(q > 0, np.maximum(q, 1e-4), 0)
    return np.asarray(q / q.sum())


@pytest.mark.parametrize("by", ["clarabel", "scs", "descent-ascent, tabular", "descent-ascent, softmax"])
def test_bound_and_likelihood_meet(report: Report, by: str) -> None:
    worst, took = 0.0, 0.0
    for k in CELLS:
        for seed in range(2):
            q, start = frequencies(k, seed), time.process_time()
            if by.startswith("descent"):
                game = likelihood_game(q, "tabular" if "tabular" in by else "softmax")
                solution = solve(game, DescentAscent(step=0.5, iterations=20_000))
            else:
                solution = solve(weak_dual(q), by)
            took = max(took, time.process_time() - start)
            assert solution.value is not None
            assert solution.bound is not None
            worst = max(worst, abs(solution.bound - solution.value))
    report(f"finite, 5 to 200 cells, {by}: abs(bound - V)", "1e-7", f"{worst:.1e} at worst, {took:.1f} s at most")
    assert worst <= 1e-7


def exact_gap(q: Floats, p: Floats, lam: Floats) -> float:
    """bound - V in 60 digits, as the difference that it is."""
    with localcontext() as context:
        context.prec = 60
        total = Decimal(-1) if q.any() else Decimal(0)
        total += 1 - sum(map(Decimal, q))  # frequencies sum to 1 up to rounding
        for weight, probability, multiplier in zip(*(map(Decimal, part) for part in (q, p, lam)), strict=True):
            total += probability * multiplier
            if weight:
                total += weight * (weight.ln() - multiplier.ln() - probability.ln())
        return float(total)


def test_the_gap_identity(report: Report) -> None:
    rng, worst = np.random.default_rng(0), 0.0
    for k in CELLS:
        for spread in (1e-6, 1e-2, 1.0):
            q = frequencies(k, 7)
            p = rng.dirichlet(np.ones(k))
            lam = np.where(q > 0, q / p, rng.random(k) * spread) * np.exp(spread * rng.normal(size=k))
            exact = exact_gap(q, p, lam)
            worst = max(worst, abs(gap(q, p, lam) - exact) / max(exact, 1e-300))
    report("finite: gap identity against bound - V in 60 digits", "1e-12", f"{worst:.1e} relative at worst")


@pytest.mark.parametrize("by", ["clarabel", "descent-ascent"])
def test_geometric(report: Report, by: str) -> None:
    worst = 0.0
    for mean in MEANS:
        high = int(np.ceil(2 * mean))
        value = np.unique([1, high])
        count = np.array([1000]) if len(value) == 1 else np.array([1000, 1000])
        p = count.sum() / (value @ count)
        game, settings = geometric_game(value, count), DescentAscent(step=0.5)
        by_cones = by == "clarabel"
        solution = solve(geometric(value, count), by) if by_cones else solve(game, settings, gap=0.0)
        worst = max(worst, abs(solution.answer - p))
    asked = "1e-6" if by_cones else "1e-6 / 1e-12"
    report(f"geometric by {by} against n / sum x", asked, f"{worst:.1e} at worst, means {MEANS[0]:g} to {MEANS[-1]:g}")
    assert worst <= 1e-6
