"""Limits on f-divergences from samples measured: how often they are false, and how near they come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest

from formulations.divergences.table import FDivergence, at
from formulations.f_divergence import DIVERGENCES, alpha, divergence_at_least

Report = Callable[[str, str, str], None]
REPEATS, SAMPLES, CAP = 1000, 1000, 1.0
MANY = 200_000
APART = 1.0  # q = N(APART, 1), p = N(0, 1)
GRID = np.linspace(-40, 40, 80_001)
ROWS = [*DIVERGENCES.values(), alpha(1 / 3), alpha(3)]


def log_ratio(x: np.ndarray) -> np.ndarray:
    return APART * x - APART**2 / 2


def exact(row: FDivergence, cap: float) -> float:
    """E_q S - E_p f*(S) at the best S with log q / p capped, by quadrature."""
    S = at(row.slope, np.exp(np.clip(log_ratio(GRID), -cap, cap)))
    q, p = (np.exp(-((GRID - mean) ** 2) / 2) / math.sqrt(2 * math.pi) for mean in (APART, 0))
    return float((S @ q - at(row.conjugate, S) @ p) * (GRID[1] - GRID[0]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_false_limits(row: FDivergence, report: Report) -> None:
    rng, best, start = np.random.default_rng(0), exact(row, CAP), time.process_time()

    def claimed(n: int, cap: float) -> float:
        return divergence_at_least(
            row, *at(row.slope, np.exp(log_ratio(rng.normal([[APART], [0]], 1, (2, n))))), cap=cap
        )

    found = np.array([claimed(SAMPLES, CAP) for _ in range(REPEATS)])
    seconds = (time.process_time() - start) / REPEATS
    report(
        f"limits on {row.name} of Gaussians {APART:g} apart, n = m = {SAMPLES:,}, log q / p capped to {CAP:g}",
        "false <= 5 % / -",
        f"{np.mean(found > best):.1%} of {REPEATS:,} beyond what this S can prove, {best:.4f}; median "
        f"{np.median(found):.4f}; {seconds:.4f} s each; with cap 3 and n = {MANY:,} "
        f"{claimed(MANY, 3.0):.4f} of {exact(row, 10):.4f}",
    )
    assert np.mean(found > best) <= 0.05
