"""How near the saddle point the methods come: python -m pytest tests/benchmarks/test_benchmark_saddle.py.

One gradient evaluation is that of both players' gradients: an extragradient step takes two, an alternating or an
optimistic one takes one. Distances are Euclidean over all numbers of both players, relative to that of the start.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formulations.games import Game, bilinear, matrix_game, product
from formulations.transport import transport
from solvers import solve
from solvers.descent_ascent import DescentAscent

Report = Callable[[str, str, str], None]
EVALUATIONS = 1000
SEEDS = range(5)
TURN = math.sqrt(2)  # the alternating step that turns theta*phi by a quarter

# The best constant steps of each, by the spectral radius on singular values from 1 to 1/10 (extragradient, optimistic)
# or by the turn of the slowest: 2 pi / (step / 10) iterations, of which a part is enough (restarts).
RULES: dict[str, dict[str, Any]] = {
    "extragradient": {"method": "extragradient", "step": 0.995},
    "optimistic": {"method": "optimistic", "step": 0.577},
    "alternating, averaged": {"method": "alternating", "step": 1.5, "averaging": "uniform"},
    "alternating, restarted from averages of 30": {"method": "alternating", "step": 1.5, "restart": 30},
}


def left(game: Game, **settings: Any) -> float:
    """The distance to the saddle after 1,000 evaluations, relative to that at the start."""
    cost = 2 if settings["method"] == "extragradient" else 1
    ends: list[float] = []

    def follow(search: Any) -> None:
        players = search.play.member(0, search.averages if settings.get("averaging") else None)
        ends.append(math.hypot(*(float(np.linalg.norm(players[k].numpy() - at)) for k, at in game.saddle.items())))

    rule = DescentAscent(**settings, iterations=EVALUATIONS // cost, tolerance=0.0)
    solution = solve(replace(game, value=None, bound=None), rule, device="cpu", progress=follow)
    assert solution.stats["iterations"] * cost <= EVALUATIONS
    return ends[-1] / ends[0]


def test_product(report: Report) -> None:
    plane = product(bounded=False)
    rules: dict[str, dict[str, Any]] = {
        "extragradient, step 0.7071": {"method": "extragradient", "step": math.sqrt(0.5)},
        "optimistic, step 0.5": {"method": "optimistic", "step": 0.5},
        "alternating, step 1.4142, restarted from averages of 4": {"method": "alternating", "step": TURN, "restart": 4},
    }
    found = {name: left(plane, **settings) for name, settings in rules.items()}
    assert min(found.values()) < 1e-20
    report(
        f"theta*phi, {EVALUATIONS:,} gradient evaluations, best method",
        "1e-20",
        "; ".join(f"{name}: {distance:.1e}" for name, distance in found.items()),
    )


@pytest.mark.parametrize("n", [20])
def test_bilinear(report: Report, n: int) -> None:
    found = {}
    for name, settings in RULES.items():
        started = time.process_time()
        worst = max(left(bilinear(n, 10.0, seed), **settings) for seed in SEEDS)
        found[name] = f"{worst:.1e} ({(time.process_time() - started) / len(SEEDS):.1f} s)"
        if "restarted" in name:
            assert worst < 1e-4
    report(
        f"{n}x{n} bilinear (condition 10), {EVALUATIONS:,} gradient evaluations, best method; worst of {len(SEEDS)}",
        "1e-2 / 1e-4",
        "; ".join(f"{name}: {text}" for name, text in found.items()),
    )


@pytest.mark.parametrize(("n", "gap"), [(200, 1e-9), (2000, 1e-4)])
def test_random_matrix_game(report: Report, n: int, gap: float) -> None:
    """Payoffs uniform on [0, 1]; the gap is relative to the mean distance of the payoffs in play, about 1/4."""
    game, started = matrix_game(np.random.default_rng(0).random((n, n))), time.process_time()
    solution = solve(game, gap=gap)
    seconds = time.process_time() - started
    assert solution.proven
    steps = solution.stats["iterations"]
    report(
        f"{n} x {n} random game, gap {gap:g}", "0.5 s / 60 s", f"{seconds:.2f} s, {steps} steps, gap {solution.gap:.1e}"
    )


@pytest.mark.parametrize("kind", ["as much at each", "random weights"])
def test_transport_between_points(report: Report, kind: str) -> None:
    random, n = np.random.default_rng(0), 1000
    x, y = random.random((n, 2)), random.random((n, 2))
    a, b = (np.ones(n), np.ones(n)) if kind == "as much at each" else (random.random(n), random.random(n))
    problem = transport(a / a.sum(), b / b.sum(), np.hypot(*(x[:, None] - y).transpose(2, 0, 1)))
    started = time.process_time()
    solution = solve(problem)
    seconds = time.process_time() - started
    assert solution.proven
    assert solution.certificate.exact
    report(f"transport of {n:,} x {n:,} points, {kind}", "1 s", f"{seconds:.2f} s, {solution.stats['rounds']} rounds")
