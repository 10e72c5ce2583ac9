"""Limits on f-divergences from samples measured: how often they are false, and how near they come."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from formulations.divergences.table import FDivergence, at
from formulations.f_divergence import DIVERGENCES, alpha, divergence_at_least
from problems.divergence import RECIPE
from problems.recipe import run
from problems.studies.comparison import HALF_LEVEL, accuracy, at_least
from problems.studies.discriminator import cross_fitted

Report = Callable[[str, str, str], None]
REPEATS, SAMPLES, CAP = 1000, 1000, 1.0
MANY = 200_000
FITS = 1000  # of a classifier in each of two halves
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


def test_the_whole_report_of_two_files(report: Report, tmp_path: Path) -> None:
    """All that problems.divergence says of 5,000 rows of 10 columns each."""
    random, paths = np.random.default_rng(0), []
    for name, shift in (("p", 0.0), ("q", 0.1)):
        paths += [f"--{name}", str(tmp_path / f"{name}.csv")]
        np.savetxt(paths[-1], random.normal(shift, 1, (5000, 10)), delimiter=",")
    start = time.process_time()
    with redirect_stdout(StringIO()) as out:
        run(RECIPE, [*paths, "--json", "--quiet"])
    answer = json.loads(out.getvalue())["answer"]
    limits = f"kl_at_least {answer['kl_at_least']:.4f} of {10 * 0.1**2 / 2:.4f}"
    report("two samples of 5,000 x 10", "60 s / 20 s", f"{time.process_time() - start:.1f} s; {limits}")


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_false_limits_of_the_report(report: Report, shift: float) -> None:
    """How often cross-fitted limits are above what is true, 100 rows in each half."""
    p_values, false = [], dict.fromkeys(DIVERGENCES, 0)
    grid = np.linspace(-12, 13, 100_001)
    density = np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi) * (grid[1] - grid[0])
    ratio = np.exp(shift * grid - shift**2 / 2)
    true = {name: float(at(row.f, ratio) @ density) for name, row in DIVERGENCES.items()}
    for seed in range(FITS):
        p, q = np.random.default_rng(seed).normal(size=(2, 200, 2))
        q[:, 0] += shift
        halves = cross_fitted(p, q, list(DIVERGENCES), HALF_LEVEL, seed, math.inf)
        assert halves is not None
        p_values.append(accuracy(halves)["p_value"])
        for name, limit in at_least(halves).items():
            false[name] += limit > true[name] + 1e-9
    small = np.mean(np.array(p_values) <= 0.05)
    report(
        f"limits by a classifier, Gaussians {shift:g} apart in one of 2 columns, 200 rows each",
        "false <= 5 % / -",
        f"false of {FITS}: {', '.join(f'{name} {count}' for name, count in false.items())}; p <= 5 % in {small:.1%}",
    )
    assert max(false.values()) <= 0.05 * FITS
