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
from scipy.spatial.distance import cdist

from formulations.divergences.table import FDivergence, at
from formulations.f_divergence import DIVERGENCES, alpha, divergence_at_least
from formulations.problem import Floats
from formulations.transport import transport
from formulations.wasserstein import wasserstein
from problems.divergence import RECIPE
from problems.recipe import run
from problems.studies.comparison import HALF_LEVEL, accuracy, at_least
from problems.studies.discriminator import cross_fitted
from solvers import solve

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


def clouds(shape: str, n: int) -> tuple[Floats, Floats]:
    """Two samples (n, d)."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, n, 10 if shape == "10 columns" else 2))
    centres = rng.normal(0, 8, (10, 2))
    match shape:
        case "moved":
            return x, y * [1.5, 0.7] + [3, 1]
        case "10 columns":
            return x, y + 0.3
        case "other clusters":
            return 0.3 * x + centres[rng.integers(0, 5, n)], 0.3 * y + centres[rng.integers(5, 10, n)]
        case "clusters of other sizes":
            sizes = rng.dirichlet(np.ones(10), 2)
            x, y = (0.05 * z + centres[rng.choice(10, n, p=p)] for z, p in zip((x, y), sizes, strict=True))
        case "tight clusters":
            return tuple(0.01 * z + 3.0 * rng.integers(0, 2, (n, 2)) for z in (x, y))  # type: ignore[return-value]
        case "whole numbers":
            return rng.integers(0, 30, (n, 2)).astype(float), rng.integers(2, 32, (n, 2)).astype(float)
        case "a line in the plane":
            return np.outer(x[:, 0], [1, 2]), np.outer(1.2 * y[:, 0] + 0.5, [1, 2])
    return x, y


@pytest.mark.parametrize(
    "shape",
    [
        *("one law", "moved", "10 columns", "other clusters", "clusters of other sizes", "tight clusters"),
        *("whole numbers", "a line in the plane"),
    ],
)
def test_exact_distances_beside_pot(shape: str, report: Report) -> None:
    """W1 and W2 squared, proven, and POT's emd2, which proves nothing; alternately, three times each."""
    pot = pytest.importorskip("ot")
    x, y = clouds(shape, 2000)
    for order, name in ((1, "W1"), (2, "W2")):
        a, C = np.full(len(x), 1 / len(x)), cdist(x, y) ** order
        seconds: list[list[float]] = [[], []]
        for _ in range(3):
            start = time.process_time()
            found = solve(transport(a, a, C))
            between = time.process_time()
            theirs = pot.emd2(a, a, C, numItermax=10**7)
            seconds[0].append(between - start)
            seconds[1].append(time.process_time() - between)
        assert found.proven
        assert found.certificate.exact
        assert found.value == pytest.approx(theirs, rel=1e-6)
        own, other = (float(np.median(each)) for each in seconds)
        said = f"{own:.2f} s, POT {other:.2f} s: {own / other:.1f}x"
        report(f"{name} exact, n = 2,000, {shape}", "<= 5x POT / <= 2x", said)


@pytest.mark.parametrize("digits", [4, 17])
def test_a_million_numbers_on_a_line(digits: int, report: Report) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=10**6).round(digits), rng.normal(0.3, 1.2, 10**6).round(digits)
    for order in (1, 2):
        start = time.process_time()
        found = solve(wasserstein(x, y, order))
        assert found.proven
        report(f"W{order} exact, a million numbers, {digits} digits", "- / -", f"{time.process_time() - start:.1f} s")


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
