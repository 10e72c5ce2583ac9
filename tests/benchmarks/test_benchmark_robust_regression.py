"""Regression against an adversary beside the package dro and beside the same program in cvxpy, in CPU seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from formulations.ambiguity.losses import LOSSES
from formulations.robust_regression import ADVERSARIES, robust_loss, robust_regression
from solvers import solve

Report = Callable[[str, str, str], None]


def labelled(n: int, p: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Normal rows, and labels of a linear rule with noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, np.where(X @ rng.standard_normal(p) + 2 * rng.standard_normal(n) > 0, 1.0, -1.0)


def by_cvxpy(X: np.ndarray, y: np.ndarray, radius: float) -> float:
    """Wasserstein logistic regression as the package dro states it."""
    w, b, s, t = cp.Variable(X.shape[1]), cp.Variable(), cp.Variable(len(y)), cp.Variable()
    limits = [s >= cp.logistic(-cp.multiply(y, X @ w + b)), t >= cp.norm(w, 2)]
    return float(cp.Problem(cp.Minimize(cp.sum(s) / len(y) + radius * t), limits).solve(solver="CLARABEL"))


def by_dro(X: np.ndarray, y: np.ndarray, radius: float) -> float:
    """The value of dro's coefficients."""
    linear: Any = pytest.importorskip("dro.linear_model.wasserstein_dro")
    model = linear.WassersteinDRO(X.shape[1], "logistic")
    model.update({"eps": radius, "p": 2, "kappa": "inf"})
    found = model.fit(X, y)
    return robust_loss(X, y, "logistic", "wasserstein", radius).value(np.append(np.ravel(found["theta"]), found["b"]))


@pytest.mark.parametrize(("name", "other"), [("the same program in cvxpy", by_cvxpy), ("dro", by_dro)])
def test_wasserstein_logistic_regression(name: str, other: Callable[..., float], report: Report) -> None:
    X, y = labelled(2_000, 20)
    ratios, seconds = [], []
    for _ in range(5):
        start = time.process_time()
        solution = solve(robust_regression(X, y, "logistic", "wasserstein", 0.1))
        middle = time.process_time()
        theirs = other(X, y, 0.1)
        ratios.append((time.process_time() - middle) / (middle - start))
        seconds.append(middle - start)
    assert solution.proven
    assert solution.value == pytest.approx(theirs, rel=1e-6)
    report(
        f"Wasserstein logistic regression, 2,000 x 20, against {name}",
        "value 1e-5, not slower / 3x faster, certified",
        f"differ by {abs(solution.value - theirs):.0e}; {np.median(seconds):.4f} s, {np.median(ratios):.0f}x faster; "
        f"gap {solution.gap:.0e}",
    )


@pytest.mark.parametrize("against", ADVERSARIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_against_every_adversary(loss: str, against: str, report: Report) -> None:
    X, labels = labelled(2_000, 20)
    y = labels if LOSSES[loss]().of == "margins" else X[:, 0] + np.random.default_rng(1).standard_t(3, 2_000)
    start = time.process_time()
    solution = solve(robust_regression(X, y, loss, against, 0.1))
    seconds = time.process_time() - start
    report(f"{loss} against {against}, 2,000 x 20", "-", f"{solution.status}, gap {solution.gap:.0e}, {seconds:.2f} s")
