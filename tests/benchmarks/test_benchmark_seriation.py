"""Finding order measured, in CPU seconds: python -m pytest tests/benchmarks/test_benchmark_seriation.py.

Nothing here asserts a time; what is asserted is that proven answers are proven. Values are held against those of the
methods of R's package seriation and against published optima.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from places import SHARED

from formulations.orders.criteria import CRITERIA
from formulations.problem import Floats, Problem, SearchProblem
from formulations.seriation import challenge, hamiltonian_path, linear_arrangement, quadratic_assignment, seriation
from formulations.travelling_salesman import asymmetric_travelling_salesman, travelling_salesman
from problems.io import read_graph
from solvers import Solution, solve

DATA = SHARED / "data"
Report = Callable[[str, str, str], None]
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="needs ../shared")


def matrix(name: str) -> Floats:
    """A shared dissimilarity matrix; "plag-200" is the first half of plag-400."""
    if name == "plag-200":
        return matrix("plag-400")[:200, :200]
    return np.loadtxt(DATA / "seriation" / f"{name}.csv", delimiter=",")


def by_r(name: str) -> list[dict[str, Any]]:
    """What R's methods found on a shared matrix."""
    lines = (DATA / "seriation" / "criteria.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["matrix"] == name]


def timed(problem: Problem | SearchProblem, **options: Any) -> tuple[float, Solution]:
    """CPU seconds to solve and certify without cross-checks, and the solution; torch is loaded before."""
    import torch  # noqa: F401

    start = time.process_time()
    solution = solve(replace(problem, references=()), **options)
    return time.process_time() - start, solution


def proven(state: Callable[[], Problem], repeat: int = 3) -> tuple[float, Solution]:
    """Median CPU seconds to formulate, solve and certify to the optimum; the last solution."""
    seconds = []
    for _ in range(repeat):
        start = time.process_time()
        problem = state()
        stated = time.process_time() - start
        more, solution = timed(problem)
        assert solution.status == "optimal"
        seconds.append(stated + more)
    return statistics.median(seconds), solution


def sizes(solution: Solution) -> str:
    return ", ".join(f"{solution.stats[name]:,} {name}" for name in ("rounds", "cuts", "boxes"))


@pytest.mark.parametrize(("name", "reach"), [("plag-100", "1 s"), ("plag-200", "3.5 / 2 s"), ("plag-400", "20 s")])
def test_paths(name: str, reach: str, report: Report) -> None:
    d = matrix(name)
    seconds, solution = proven(lambda: hamiltonian_path(d), 1 if len(d) > 200 else 3)
    lengths = [row["crit"]["Path_length"] for row in by_r(name)]
    r = f", R's best {min(lengths):.6f}" if lengths else ""
    report(f"path through {name}, proven", reach, f"{seconds:.2f} s ({solution.value:.6f}{r}; {sizes(solution)})")


def synthetic(n: int, seed: int) -> Floats:
    """Dissimilarities like the cohorts': noise, and chains of near-copies of a third of the items."""
    rng = np.random.default_rng(seed)
    d = np.triu(np.clip(rng.normal(0.85, 0.08, (n, n)), 0.3, 1), 1)
    items = rng.permutation(n)
    for chain in np.split(items[: n // 3], np.arange(4, n // 3, 4)):
        low, high = np.sort([chain[:-1], chain[1:]], axis=0)
        d[low, high] = rng.uniform(0.3, 0.6, len(low))
    return np.round(d + d.T, 6)


def in_the_plane(n: int, seed: int) -> Floats:
    """Distances of random points, at most 1."""
    place = np.random.default_rng(seed).random((n, 2))
    d = np.hypot(*(place[:, None] - place).transpose(2, 0, 1)) / 1.5
    return np.asarray((d + d.T) / 2)


@pytest.mark.parametrize(("n", "limit"), [(1000, 30), (2000, 60)])
@pytest.mark.parametrize("made", [synthetic, in_the_plane])
def test_a_long_path(made: Callable[[int, int], Floats], n: int, limit: float, report: Report) -> None:
    begun = time.monotonic()
    seconds, solution = timed(hamiltonian_path(made(n, 0)), time_limit=limit)
    over = max(time.monotonic() - begun - limit, 0.0)
    what = f"path, {made.__name__}, n={n}, gap within {limit:g} s"
    report(what, "3 % / 1 %", f"{solution.gap:.3%} ({seconds:.1f} s of CPU, {over:.1f} s over)")


@pytest.mark.parametrize(("n", "limit"), [(500, 2.0), (1000, 5.0), (2000, 10.0)])
def test_a_good_order_within_the_limit(n: int, limit: float, report: Report) -> None:
    for made in (synthetic, near_robinson):
        similarity = 1 - made(n, 1)
        begun = time.monotonic()
        solution = solve(challenge(similarity), time_limit=limit)
        over = max(time.monotonic() - begun - limit, 0.0)
        best = solve(challenge(similarity), time_limit=12 * limit)
        assert solution.value is not None
        assert best.value is not None
        share = solution.value / max(best.value, solution.value)  # a random order has 0, nearly
        what = f"challenge, {made.__name__}, n={n}, limit {limit:g} s"
        report(what, "90 %, 2 s over / 98 %, 1 s", f"{share:.1%} of the best in {12 * limit:g} s, {over:.1f} s over")


def test_nine_items_by_all_criteria(report: Report) -> None:
    d, most = in_the_plane(9, 0), 0.0
    for criterion in CRITERIA:
        seconds, solution = timed(seriation(d, criterion))
        assert solution.status == "optimal"
        most = max(most, seconds)
    report("9 items, any criterion, proven", "2 s / 0.5 s", f"{most:.2f} s at most")


@pytest.mark.parametrize("name", ["gr120", "kroA100"])
def test_published_tours(name: str, report: Report) -> None:
    g = read_graph(DATA / "tsplib" / f"{name}.tsp").network
    D = np.zeros((g.n, g.n))
    D[g.tail, g.head] = D[g.head, g.tail] = g.weight
    optima = json.loads((DATA / "tsplib" / "optima.json").read_text(encoding="utf-8"))
    seconds, solution = proven(lambda: travelling_salesman(D))
    assert solution.value == optima[name]
    report(f"TSPLIB {name}, proven", "1.2 / 0.6 s", f"{seconds:.2f} s ({solution.value:.0f}; {sizes(solution)})")


@pytest.mark.parametrize("n", [30, 50, 100])
def test_asymmetric_tours(n: int, report: Report) -> None:
    D = np.random.default_rng(n).integers(1, 1000, (n, n)).astype(np.float64)
    seconds, solution = proven(lambda: asymmetric_travelling_salesman(D))
    report(f"asymmetric tour of {n} random items, proven", "-", f"{seconds:.2f} s ({sizes(solution)})")


@pytest.mark.parametrize("n", [200, 280])
def test_tours_in_the_plane(n: int, report: Report) -> None:
    place = np.random.default_rng(n).random((n, 2)) * 1000
    D = np.rint(np.linalg.norm(place[:, None] - place, axis=2))
    seconds, solution = timed(travelling_salesman(D), time_limit=120)
    measured = f"{seconds:.1f} s, {solution.status}, gap {solution.gap:.3%} ({sizes(solution)})"
    report(f"tour of {n} random points in the plane", "- / 60 s (as kroA200, a280)", measured)


@pytest.mark.parametrize("name", ["plag-25", "plag-100", "plag-400", "rob-50", "rob-200"])
def test_challenge(name: str, report: Report) -> None:
    d = matrix(name)
    problem = replace(challenge(1 - d), weak_duals=())
    form = problem.objective
    theirs = max(float(form.values(np.array(row["order"])[None] - 1)[0]) for row in by_r(name))
    found = []
    for limit in (1, 10) if len(d) < 400 else (10, 60):
        seconds, solution = timed(problem, solver="local-search", time_limit=limit)
        found.append(f"{solution.value:.3f} in {seconds:.1f} s")
    report(f"challenge, {name}", f">= R's best ({theirs:.3f} on plain d) / +0.5", ", ".join(found))


@pytest.mark.parametrize("name", ["rob-12", "rob-25", "plag-25", "rob-50", "plag-100", "rob-200", "plag-400"])
def test_criteria_as_objectives(name: str, report: Report) -> None:
    d, rows = matrix(name), [row["crit"] for row in by_r(name)]
    limit = 2 if len(d) < 100 else 8 if len(d) < 400 else 25
    worse, better, seconds = [], 0, 0.0
    for criterion, known in CRITERIA.items():
        sign = 1 if known.merit else -1
        theirs = max(sign * row[criterion] for row in rows)
        problem = seriation(d, criterion)
        if isinstance(problem, SearchProblem):
            problem = replace(problem, weak_duals=())
        more, solution = timed(problem, time_limit=limit)
        seconds += more
        assert solution.value is not None
        gain = (sign * solution.value - theirs) / max(abs(theirs), 1e-12)
        tolerance = 1e-5 if criterion == "ME" else 1e-9  # R sums ME in single precision
        better += gain > tolerance
        if gain < -tolerance:
            worse.append(f"{criterion} by {-gain:.2e}")
    measured = f"worse {', '.join(worse) or 'never'}; better on {better} of {len(CRITERIA)}; {seconds:.0f} s in all"
    report(f"all criteria as objectives, {name}", "never worse / better on most", measured)


def test_qaplib(report: Report) -> None:
    known = json.loads((DATA / "qaplib" / "best_known.json").read_text(encoding="utf-8"))
    reached, missed = [], []
    for name, best in known.items():
        numbers = np.array((DATA / "qaplib" / f"{name}.dat").read_text(encoding="utf-8").split(), dtype=np.float64)
        n = int(numbers[0])
        A, B = numbers[1 : 1 + 2 * n * n].reshape(2, n, n)

        def stop(search: Any, best: float = best) -> None:
            if search.value <= best:
                raise KeyboardInterrupt

        problem = replace(quadratic_assignment(A, B), weak_duals=())
        seconds, solution = timed(problem, time_limit=60, progress=stop)
        assert solution.value is not None
        assert solution.value >= best
        if solution.value == best:
            reached.append(seconds)
        else:
            missed.append(f"{name} {solution.value / best - 1:.3%} above")
    measured = f"{len(reached)} of {len(known)}, median {statistics.median(reached):.2f} s, most {max(reached):.1f} s"
    report("QAPLIB, best known value within 60 s", "80 / 94 %", f"{measured}; {', '.join(missed)}")


def hypercube() -> Floats:
    label = np.arange(1024)
    return (np.bitwise_count(label[:, None] ^ label) == 1).astype(np.float64)


def binary_tree() -> Floats:
    W = np.zeros((1023, 1023))
    child = np.arange(1, 1023)
    W[child, (child - 1) // 2] = W[(child - 1) // 2, child] = 1
    return W


def grid() -> Floats:
    x, y = np.divmod(np.arange(33 * 33), 33)
    return ((np.abs(x[:, None] - x) + np.abs(y[:, None] - y)) == 1).astype(np.float64)


@pytest.mark.parametrize(
    ("what", "weights", "asked"),
    [
        ("10-dimensional hypercube", hypercube, "523,776"),
        ("binary tree of depth 9", binary_tree, "3,769 / 3,696"),
        ("33 x 33 grid", grid, "32,000 / 31,680"),
    ],
)
def test_sparse_arrangements(what: str, weights: Callable[[], Floats], asked: str, report: Report) -> None:
    W = weights()
    shuffled = np.random.default_rng(0).permutation(len(W))
    problem = replace(linear_arrangement(W[np.ix_(shuffled, shuffled)]), weak_duals=())
    seconds, solution = timed(problem, time_limit=60)
    report(f"linear arrangement, {what}", asked, f"{solution.value:,.0f} in {seconds:.0f} s")


def near_robinson(n: int, seed: int) -> Floats:
    """Distances on a line, with noise."""
    rng = np.random.default_rng(seed)
    x = rng.random(n)
    noise = np.triu(rng.normal(0, 0.1, (n, n)), 1)
    d = np.clip(0.8 * np.abs(x[:, None] - x) + noise + noise.T, 0, 1)
    np.fill_diagonal(d, 0)
    return d


@pytest.mark.parametrize(
    ("what", "state", "asked"),
    [
        ("near-Robinson", lambda: near_robinson(100, 1), "3 / 1 %"),
        ("plagiarism cohort plag-100", lambda: matrix("plag-100"), "25 / 10 %"),
    ],
)
def test_bounds(what: str, state: Callable[[], Floats], asked: str, report: Report) -> None:
    seconds, solution = timed(challenge(1 - state()))
    share = solution.stats["percent_of_range"]
    report(f"bound, percent of range, {what} n=100", asked, f"{share:.2f} % in {seconds:.0f} s, no limit set")
