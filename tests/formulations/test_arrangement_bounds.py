"""No bound may pass the optimum, whatever the certificate; good certificates come close to it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from places import SHARED

from formulations.arithmetic.eigenvalues import least_eigenvalues, spectrum
from formulations.bounds.arrangement_bounds import weak_duals
from formulations.bounds.betweenness import betweenness_bound, betweenness_multipliers
from formulations.bounds.gilmore_lawler import gilmore_lawler_bound, gilmore_lawler_multipliers
from formulations.problem import Floats, QuadraticAssignment

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the test data in ../shared is not here")


def distances(n: int) -> Floats:
    return np.abs(np.subtract.outer(np.arange(n), np.arange(n))).astype(float)


def symmetric(rng: np.random.Generator, n: int, kind: str) -> Floats:
    if kind == "signed":
        x = rng.normal(size=(n, n))
    elif kind == "integers":
        x = rng.integers(0, 6, (n, n)).astype(float)
    elif kind == "sparse":
        x = rng.random((n, n)) * (rng.random((n, n)) < 0.4)
    else:
        x = 20 * rng.random((n, n)) ** 8
    x = np.triu(x, 1)
    return np.asarray(x + x.T)


def range_of(q: QuadraticAssignment) -> tuple[float, float]:
    values = q.values(np.array(list(itertools.permutations(range(len(q.A)))), dtype=np.int64))
    return float(values.min()), float(values.max())


def spoilt(certificate: Any, rng: np.random.Generator) -> list[Any]:
    """The certificate with noise, scaled, with NaN and infinity, of wrong shapes and of wrong kinds."""
    parts = certificate if isinstance(certificate, tuple) else (certificate,)

    def rebuilt(change: Any) -> Any:
        changed = tuple(change(np.array(part)) for part in parts)
        return changed if isinstance(certificate, tuple) else changed[0]

    def with_entry(part: Floats, x: float) -> Floats:
        part = part.copy()
        part.flat[rng.integers(part.size)] = x
        return part

    return [
        *(rebuilt(lambda part, s=s: part + s * rng.normal(size=part.shape)) for s in (1e-6, 1e-2, 1, 1e3)),
        *(rebuilt(lambda part, s=s: part * s) for s in (-1, 0, 1 + 1e-9, 3, 1e12, 1e90, 1e200)),
        *(rebuilt(lambda part, x=x: with_entry(part, x)) for x in (np.nan, np.inf, -np.inf, 1e300)),
        rebuilt(lambda part: part[:-1]),
        rebuilt(lambda part: part.T),
        rebuilt(lambda part: rng.normal(size=part.shape)),
        None,
        "certificate",
    ]


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("kind", ["signed", "integers", "sparse", "skewed"])
@pytest.mark.parametrize("template", ["linear", "squares", "band", "any", "affine"])
def test_no_certificate_proves_more_than_the_optimum(template: str, kind: str, maximize: bool) -> None:
    rng = np.random.default_rng([len(template), len(kind), maximize])
    for n in (2, 3, 4, 5, 6):
        d = distances(n)
        B = {
            "linear": d,
            "squares": d**2,
            "band": np.maximum(3 - d, 0),
            "any": symmetric(rng, n, "signed") + np.diag(rng.normal(size=n)),
            "affine": 0.3 * d / 7 - 0.1 + 1.1 * np.eye(n),
        }[template]
        A = symmetric(rng, n, kind) + np.diag(rng.normal(size=n) * (template != "band"))
        q = QuadraticAssignment(A, B, scale=-0.7 if kind == "sparse" else 0.5, offset=2.25)
        least, most = range_of(q)
        tolerance = 1e-12 * (abs(least) + abs(most) + 1)
        for dual in weak_duals(q, maximize=maximize):
            certificate = dual.certificate(0.02)
            for guess in [certificate, *spoilt(certificate, rng)]:
                bound = dual.bound(guess)
                assert not math.isnan(bound), dual.name
                assert bound >= most - tolerance if maximize else bound <= least + tolerance, dual.name


@pytest.mark.parametrize("n", range(3, 9))
def test_the_betweenness_bound_is_tight_on_robinson_matrices(n: int) -> None:
    rng = np.random.default_rng(n)
    gaps = rng.random((n, n))  # the sum of the w over all intervals that contain both is Robinson
    w = np.array([[gaps[: min(i, j) + 1, max(i, j) :].sum() for j in range(n)] for i in range(n)])
    value = float(np.triu(w * distances(n), 1).sum())
    shuffled = rng.permutation(n)
    w = w[np.ix_(shuffled, shuffled)]
    assert betweenness_bound(w, betweenness_multipliers(w, 0.0)) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("n", [5, 6, 7])
def test_the_betweenness_bound_comes_close_and_ignores_constants(n: int) -> None:
    rng = np.random.default_rng(n)
    w = symmetric(rng, n, "skewed")
    least, most = range_of(QuadraticAssignment(w, distances(n), 0.5))
    bound = betweenness_bound(w, betweenness_multipliers(w, 1.0))
    assert least - 0.05 * (most - least) <= bound <= least + 1e-9
    more = betweenness_bound(w + 100, betweenness_multipliers(w + 100, 1.0)) - 100 * (n - 1) * n * (n + 1) / 6
    assert more == pytest.approx(bound, abs=1e-3 * (most - least))


def test_small_betweenness_bounds_are_the_optimum() -> None:
    for n, value in [(1, 0.0), (2, 3.0), (3, 12.0)]:
        w = 3.0 * (1 - np.eye(n))
        assert betweenness_bound(w, betweenness_multipliers(w, 0.0)) == pytest.approx(value, rel=1e-12)


def test_the_sharing_of_weights_improves_on_the_plain_gilmore_lawler_bound() -> None:
    rng = np.random.default_rng(0)
    w, B = symmetric(rng, 20, "skewed"), distances(20)
    plain = gilmore_lawler_bound(w, B, (np.zeros((20, 20)), gilmore_lawler_multipliers(w, B, 0.0)[1]))
    assert gilmore_lawler_bound(w, B, gilmore_lawler_multipliers(w, B, 2.0)) > 1.02 * plain


@needs_shared
def test_published_bounds_on_nugents_problems_are_reached() -> None:
    """Gilmore-Lawler 4539 and projected eigenvalue 5266 of nug30 (Anstreicher, Math. Programming 2003), less 1 %."""
    numbers = (SHARED / "data" / "qaplib" / "nug30.dat").read_text(encoding="utf-8").split()
    B, A = np.array(numbers[1:], dtype=float).reshape(2, 30, 30)
    reached = {
        dual.name: dual.bound(dual.certificate(3.0)) for dual in weak_duals(QuadraticAssignment(A, B), maximize=False)
    }
    assert 0.99 * 4539 <= reached["Gilmore-Lawler bound"] <= 6124
    assert 0.99 * 5266 <= reached["projected eigenvalue bound"] <= 6124


@needs_shared
@pytest.mark.parametrize(("name", "percent"), [("plag-25", 3.0), ("rob-50", 6.0)])
def test_bounds_on_similarities_are_close_to_an_order(name: str, percent: float) -> None:
    d = np.loadtxt(SHARED / "data" / "seriation" / f"{name}.csv", delimiter=",")
    w = -np.log(np.clip(d, 1e-9, 1))
    np.fill_diagonal(w, 0)
    n = len(w)
    q = QuadraticAssignment(w, distances(n), 0.5)
    found = {"plag-25": 279.26557, "rob-50": 33461.8311}[name]  # by a long local search
    random = w.sum() * (n + 1) / 6
    bounds = [dual.bound(dual.certificate(math.inf)) for dual in weak_duals(q, maximize=False)]
    assert max(bounds) <= found + 1e-4
    assert found - max(bounds) <= percent / 100 * (random - found)


def test_neither_matrix_symmetric_no_bound() -> None:
    rng = np.random.default_rng(0)
    A, B = rng.random((2, 4, 4))
    assert weak_duals(QuadraticAssignment(A, B), maximize=False) == []
    q = QuadraticAssignment(A, distances(4))
    least, most = range_of(q)
    for dual in weak_duals(q, maximize=False):
        assert least - 2 * (most - least) <= dual.bound(dual.certificate(0.1)) <= least + 1e-12


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_proven_eigenvalues_lie_below_the_exact_ones_and_close(n: int) -> None:
    """Integer matrices Q D Q' with Q a Householder reflection scaled to integers: the spectrum is known exactly."""
    rng = np.random.default_rng(n)
    v = rng.integers(-3, 4, n)
    v[0] = 1
    square = int(v @ v)
    Q = square * np.eye(n, dtype=np.int64) - 2 * np.outer(v, v)  # Q Q' = square^2 I
    eigenvalues = np.sort(rng.integers(-5, 5, n))
    S = (Q * eigenvalues @ Q.T).astype(float)
    exact = eigenvalues * float(square**2)
    size = float(np.abs(exact).max()) + 1
    assert exact[0] - 1e-11 * size <= least_eigenvalues(S[None])[0] <= exact[0]
    values, error = spectrum(S)
    assert np.abs(values - exact).max() <= error <= 1e-10 * size * n


def test_matrices_that_are_not_finite_have_no_proven_eigenvalue() -> None:
    S = np.stack([np.eye(3), np.full((3, 3), np.nan), np.diag([1.0, np.inf, 1.0])])
    assert least_eigenvalues(S)[1] == -np.inf
    assert least_eigenvalues(S)[2] == -np.inf
    assert 0.99 < least_eigenvalues(S)[0] <= 1
