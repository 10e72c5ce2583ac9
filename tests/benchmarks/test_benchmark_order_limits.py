"""Orders within a limit, in CPU seconds: python -m pytest tests/benchmarks/test_benchmark_order_limits.py.

For every objective on three kinds of instances: what is used beyond the limit, which share of the range between random
orders and the best known one is reached, and the gap that the bound leaves. Nothing here asserts a time.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from test_benchmark_seriation import near_robinson, synthetic

from formulations.problem import Floats
from problems.studies.ordering import OBJECTIVES

Report = Callable[[str, str, str], None]
LIMITS = ((500, 2), (1000, 5), (2000, 10))  # items, CPU seconds
LONGER = 6  # times the limit, for the best known value
CRITERIA = ("challenge", *OBJECTIVES)


def curve(n: int, seed: int) -> Floats:
    """Distances of points along a circle that is nearly closed, with a little noise."""
    rng = np.random.default_rng(seed)
    angle = rng.random(n) * 5
    point = np.stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 0.03, (2, n))
    d: Floats = np.hypot(*(point[:, :, None] - point[:, None])) / 2.3
    return np.minimum(d, d.T).clip(max=1.0)


MADE: dict[str, Callable[[int, int], Floats]] = {"near-Robinson": near_robinson, "blocks": synthetic, "curve": curve}
# The limit is in CPU seconds of a process of its own: its clocks are those of its CPU before anything reads them.
ONE = """
import sys, time
time.monotonic = time.perf_counter = time.process_time
from test_benchmark_order_limits import one
print(*one(*sys.argv[1:]))
"""


def one(kind: str, criterion: str, n: str, limit: str) -> tuple[float, float, float, float]:
    """CPU seconds, the value, the mean of some random orders, and the relative gap: of one solve."""
    import time

    from formulations.seriation import challenge, seriation
    from solvers import solve

    d = MADE[kind](int(n), 1)
    begun = time.process_time()
    problem = challenge(1 - d) if criterion == "challenge" else seriation(d, OBJECTIVES[criterion])
    solution = solve(problem, time_limit=max(float(limit) - (time.process_time() - begun), 0.01))
    used = time.process_time() - begun
    random = np.random.default_rng(0)
    orders = np.array([random.permutation(int(n)) for _ in range(4)])
    mean = float(np.mean(problem.objective.values(orders)))  # type: ignore[union-attr]
    assert solution.value is not None
    return used, solution.value, mean, np.inf if solution.gap is None else solution.gap


def asked(kind: str, criterion: str, n: int, limit: float) -> tuple[float, float, float, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-c", ONE, kind, criterion, str(n), str(limit)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env={**_environment()})
    used, value, mean, gap = map(float, found.stdout.split())
    return used, value, mean, gap


def _environment() -> dict[str, str]:
    import os
    from pathlib import Path

    here = Path(__file__).parent
    paths = (here, here.parent, here.parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"}


@pytest.mark.parametrize(("n", "limit"), LIMITS)
@pytest.mark.parametrize("kind", MADE)
def test_a_share_of_the_range(kind: str, n: int, limit: int, report: Report) -> None:
    for criterion in CRITERIA:
        used, value, mean, gap = asked(kind, criterion, n, limit)
        _, best, _, _ = asked(kind, criterion, n, LONGER * limit)
        share = 1 - max(abs(best - mean) - abs(value - mean), 0.0) / abs(best - mean)
        what = f"{criterion}, {kind}, n={n}, {limit} s"
        report(what, "90 %, 2 s / 98 %, 1 s", f"{share:.1%}, {used - limit:+.1f} s, gap {gap:.2%}")
