"""Weights of given densities: held against cvxpy, their bound never too low, and mixtures fitted by them."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from formulations.likelihood import fitting
from formulations.likelihood.fitting import FittedMixture, fitted_mixture
from formulations.likelihood.stacking import stacked
from formulations.problem import Floats


@pytest.mark.parametrize("seed", range(20))
def test_the_weights_are_cvxpys_and_the_bound_holds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, M = int(rng.integers(1, 60)), int(rng.integers(1, 12))
    log_p = rng.normal(scale=rng.choice([0.1, 3, 30]), size=(n, M))
    w = cp.Variable(M, nonneg=True)
    shift = log_p.max(axis=1, keepdims=True)
    problem = cp.Problem(cp.Maximize(cp.sum(cp.log(np.exp(log_p - shift) @ w)) / n), [cp.sum(w) == 1])
    best = problem.solve(solver=cp.CLARABEL) + float(shift.mean())
    found = stacked(log_p, gap=1e-4)
    assert found.weights.min() >= 0
    assert found.weights.sum() == pytest.approx(1)
    assert found.value <= best + 1e-6
    assert best <= found.bound + 1e-6
    assert found.bound - found.value < 1e-3


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_weights_that_are_not_the_best_yet_have_a_bound_all_the_same(steps: int) -> None:
    rng = np.random.default_rng(steps)
    log_p = rng.normal(scale=3, size=(40, 6))
    early, late = stacked(log_p, steps=steps), stacked(log_p)
    assert early.value < late.value - 1e-3
    assert late.value <= early.bound


def test_densities_that_are_0_somewhere_will_do_but_not_all_of_them() -> None:
    log_p = np.array([[0.0, -np.inf], [-np.inf, -1.0]])
    found = stacked(log_p)
    assert found.weights == pytest.approx([0.5, 0.5], abs=0.02)
    assert found.value == pytest.approx(-0.5 - np.log(2), abs=1e-3)
    with pytest.raises(ValueError, match="row 2 has density 0 or infinity under all 2"):
        stacked(np.array([[0.0, 0.0], [-np.inf, -np.inf]]))


def log_density(fit: FittedMixture, x: Floats) -> Floats:
    """By scipy."""
    parts = [
        w * multivariate_normal(mean, L @ L.T).pdf(x)
        for w, mean, L in zip(fit.weights, fit.means, fit.factors, strict=True)
    ]
    return np.asarray(np.log(np.sum(parts, axis=0)))


@pytest.mark.parametrize(("d", "n"), [(1, 200), (2, 150), (4, 100)])
def test_new_rows_are_about_as_likely_as_under_the_mixture_that_made_them(d: int, n: int) -> None:
    rng = np.random.default_rng(d)
    means, turn = 3 * rng.normal(size=(3, d)), np.linalg.qr(rng.normal(size=(d, d)))[0] * np.geomspace(0.2, 1, d)

    def drawn(rows: int) -> Floats:
        return np.asarray(means[rng.integers(3, size=rows)] + rng.normal(size=(rows, d)) @ turn.T)

    x, new = drawn(n), drawn(20_000)
    center, scale = x.mean(0), x.std(0)
    fit = fitted_mixture((x - center) / scale)
    found = log_density(fit, (new - center) / scale).mean() - np.log(scale).sum()
    parts = [multivariate_normal(mean, turn @ turn.T).pdf(new) / 3 for mean in means]
    best = np.log(np.sum(parts, axis=0)).mean()
    assert best - 0.6 < found < best  # Gibbs' inequality; parameters cost some 1 / 2n nats each
    one = multivariate_normal(x.mean(0), np.cov(x.T)).logpdf(new).mean()
    assert found > one + 0.3


@pytest.mark.parametrize("rows", [20, 21])
def test_few_rows_repeated_rows_and_an_outlier_are_fitted(rows: int) -> None:
    rng = np.random.default_rng(0)
    for x in (rng.normal(size=(rows, 3)), np.repeat(rng.normal(size=(5, 2)), 5, axis=0), np.r_[np.zeros(rows), 4.0]):
        fit = fitted_mixture(x.reshape(len(x), -1))
        assert np.isfinite(log_density(fit, x.reshape(len(x), -1))).all()
        assert fit.weights.sum() == pytest.approx(1)


def test_the_same_rows_and_seed_give_the_same_mixture() -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    first, second = fitted_mixture(x, 3), fitted_mixture(x, 3)
    assert (first.means == second.means).all()
    assert (first.weights == second.weights).all()


def test_the_less_time_there_is_the_fewer_kinds_are_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(150, 2))
    now, fits, real = [0.0], [0], fitting._em

    def counted(*args: Any, **named: Any) -> Any:
        fits[0] += 1
        now[0] += 1.0  # every fit takes a second
        return real(*args, **named)

    monkeypatch.setattr(fitting, "_em", counted)
    monkeypatch.setattr(fitting, "monotonic", lambda: now[0])
    counts = []
    for seconds in (-5.0, 1.0, 20.0, 60.0):
        now[0], fits[0] = 0.0, 0
        fit = fitting.fitted_mixture(x, until=seconds)
        assert fit.weights.sum() == pytest.approx(1)
        assert now[0] <= max(seconds, 6.0)  # one kind takes all folds and all rows, six fits
        counts.append(fits[0])
    assert counts == [6, 6, 20, 60]
