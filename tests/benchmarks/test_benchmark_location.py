"""Robust location: errors and CPU seconds, medians of 5 seeds, beside the mean of the clean rows and scikit-learn."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import numpy as np
import pytest

from formulations.arithmetic.halfspaces import RowsInHalfspace
from formulations.halfspace_depth import halfspace_depth
from formulations.location import geometric_median
from problems.studies.contaminated import contaminated
from problems.studies.estimators import play
from solvers import solve

Report = Callable[[str, str, str], None]
SEEDS = range(5)
GRID, MARGIN = 1_000, 1e-3  # of the integer program: directions in whole numbers, and by how much a row is outside


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gives, and the CPU seconds that it took."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


@pytest.mark.parametrize(("adversary", "reach"), [("far", ".053, 60 s / 10 s"), ("near", ".060 / 1.10 oracle")])
def test_a_mean_in_100_columns(report: Report, adversary: str, reach: str) -> None:
    from formulations.js_gan import js_gan

    errors, oracles, seconds = [], [], []
    for seed in SEEDS:
        made = contaminated(50_000, 100, 0.2, adversary, seed)
        found, took = timed(lambda rows=made.rows, seed=seed: solve(js_gan(rows), play(*rows.shape), seed=seed))
        errors.append(float(np.linalg.norm(found.answer["location"])))
        oracles.append(float(np.linalg.norm(made.oracle)))
        seconds.append(took)
    measured = f"error {median(errors):.4f}, oracle {median(oracles):.4f}, {median(seconds):.1f} s"
    report(f"js_gan, p 100, n 50,000, eps .2, {adversary}", reach, measured)


@pytest.mark.parametrize("nu", [3, 1])
def test_mean_and_scatter_of_heavy_tails(report: Report, nu: int) -> None:
    from sklearn.covariance import MinCovDet

    from formulations.js_gan import js_gan_scatter

    rows_of: dict[str, list[tuple[float, float, float]]] = {"js_gan_scatter": [], "mcd": []}
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((10_000, 10)) / np.sqrt(rng.chisquare(nu, 10_000) / nu)[:, None]
        X[:2_000] = 5 + rng.standard_normal((2_000, 10))
        game, took = timed(lambda X=X, seed=seed: solve(js_gan_scatter(X), play(*X.shape), seed=seed))
        rows_of["js_gan_scatter"].append((*_errors(game.answer["location"], game.answer["scatter"]), took))
        mcd, took = timed(lambda X=X, seed=seed: MinCovDet(random_state=seed).fit(X))
        rows_of["mcd"].append((*_errors(mcd.location_, mcd.covariance_), took))
    for name, rows in rows_of.items():
        location, scatter, seconds = (median(column) for column in zip(*rows, strict=True))
        measured = f"location {location:.3f}, scatter {scatter:.3f}, {seconds:.1f} s"
        report(f"{name}, Student t {nu}, p 10, n 10,000, eps .2 far", "1.3 x mcd, never 2 x", measured)


def _errors(location: Any, scatter: Any) -> tuple[float, float]:
    """Of the location, and of the scatter scaled to the trace of the identity, which is the truth, by the spectrum."""
    p = len(scatter)
    shape = scatter * (p / np.trace(scatter))
    return float(np.linalg.norm(location)), float(np.linalg.norm(shape - np.eye(p), 2))


@pytest.mark.parametrize("far", [3.0, 2.0, 1.5, 1.2, 1.0, 0.0])
def test_depths_in_ten_columns(report: Report, far: float) -> None:
    found = []
    for seed in SEEDS:
        rows = np.random.default_rng(seed).normal(size=(200, 10))
        point = np.full(10, far / np.sqrt(10))
        found.append(timed(lambda rows=rows, point=point: solve(halfspace_depth(rows, point), time_limit=60)))
    depths = ", ".join(f"{s.value:.0f}" if s.proven else f"{s.bound:.0f} to {s.value:.0f}" for s, _ in found)
    measured = f"depths {depths}; {median(took for _, took in found):.2f} s"
    report(f"Tukey's depth, n 200, p 10, {far:g} from the center", "60 s, proven / 10 s", measured)


def test_depths_of_the_rows_themselves_in_ten_columns(report: Report) -> None:
    found = []
    for seed in SEEDS:
        rows = np.random.default_rng(seed).normal(size=(200, 10))
        found += [
            timed(lambda rows=rows, i=i: solve(halfspace_depth(rows, rows[i]), time_limit=60)) for i in range(200)
        ]
    seconds, depths = [took for _, took in found], [int(s.value) for s, _ in found if s.proven]
    measured = f"{len(depths)} of {len(found)} proven, depths {min(depths)} to {max(depths)}; "
    measured += f"{median(seconds):.2f} s, at most {max(seconds):.1f} s"
    report("Tukey's depth, n 200, p 10, of its rows, 5 samples", "60 s, proven / 10 s", measured)


@pytest.mark.parametrize("solver", ["HIGHS", "CP_SAT", "GSCIP"])
def test_the_depth_of_the_center_as_an_integer_program(report: Report, solver: str) -> None:
    form = RowsInHalfspace(np.random.default_rng(0).normal(size=(200, 10)), np.zeros(10))
    (value, bound), took = timed(lambda: by_integer_program(form, solver, 60))
    report(f"the same of the center by big M, {solver}", "none", f"{bound:.1f} to {value} in {took:.0f} s")


def by_integer_program(form: RowsInHalfspace, solver: str, seconds: float) -> tuple[int, float]:
    """The rows of the best halfspace, all if none was found, and the bound: d_i = 1 frees row i of u'z_i <= -MARGIN.

    The entries of u are whole numbers, as CP-SAT has no others; the program of the other two is the same.
    """
    from ortools.math_opt.python import mathopt

    model = mathopt.Model()
    u = [model.add_integer_variable(lb=-GRID, ub=GRID) for _ in form.point]
    d = [model.add_binary_variable() for _ in form.rows]
    for z, beyond in zip((form.Z / GRID).tolist(), d, strict=True):
        along = sum(a * entry for a, entry in zip(z, u, strict=True))
        model.add_linear_constraint(along <= -MARGIN + (MARGIN + GRID * sum(map(abs, z))) * beyond)
    model.minimize(sum(d))
    limit = mathopt.SolveParameters(time_limit=timedelta(seconds=seconds), threads=1 if solver == "CP_SAT" else None)
    result = mathopt.solve(model, mathopt.SolverType[solver], params=limit)
    found = result.has_primal_feasible_solution()
    return form.value(np.array(result.variable_values(u))) if found else len(form.rows), result.best_objective_bound()


def test_a_geometric_median_of_a_hundred_thousand_rows(report: Report) -> None:
    found = []
    for seed in SEEDS:
        rows = contaminated(100_000, 10, 0.2, "far", seed).rows
        found.append(timed(lambda rows=rows: solve(geometric_median(rows))))
    gap = max(s.gap for s, _ in found)
    measured = f"{'proven' if all(s.proven for s, _ in found) else 'NOT proven'}, gap {gap:.1e}"
    report("geometric median, n 1e5, p 10", "1e-9, 5 s / 1 s", f"{measured}, {median(took for _, took in found):.2f} s")
