"""The convex quadratic bound never passes the optimum, and reaches it where the projected eigenvalue bound does."""

from __future__ import annotations

import itertools
import math
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from places import SHARED

from formulations.bounds.convex_quadratic import convex_quadratic_bound, convex_quadratic_point
from formulations.bounds.projected_eigenvalue import projected_eigenvalue_bound
from formulations.problem import Floats, QuadraticAssignment

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the test data in ../shared is not here")
SIZES = [1, 2, 3, 4, 5, 6, 7]


def symmetric(rng: np.random.Generator, n: int, kind: str) -> Floats:
    place = np.arange(n)
    apart: Floats = np.abs(place[:, None] - place).astype(float)
    if kind in ("linear", "squares"):
        return apart ** (1 if kind == "linear" else 2)
    if kind == "band":
        return np.maximum(3 - apart, 0)
    upper = np.triu(rng.integers(0, 6, (n, n)) if kind == "integers" else rng.normal(size=(n, n)), 1)
    return np.asarray(upper + upper.T + 0.7 * np.eye(n) * (kind == "diagonal"), dtype=float)


def optimum(A: Floats, B: Floats) -> float:
    orders = np.array(list(itertools.permutations(range(len(A)))), dtype=np.int64)
    return float(QuadraticAssignment(A, B).values(orders).min())


def spoilt(certificate: tuple[Floats, Floats, Floats], rng: np.random.Generator) -> list[Any]:
    """Noise, scales, NaN, wrong shapes, and points that are far from doubly stochastic, or permutations."""
    d, X, u = certificate
    n = len(d)

    def with_entry(part: Floats, x: float) -> Floats:
        part = part.copy()
        part.flat[rng.integers(part.size)] = x
        return part

    return [
        *((d, scale * rng.normal(size=(n, n)), u) for scale in (1e-3, 1, 1e3, 1e9)),
        *((d, np.eye(n)[rng.permutation(n)], u) for _ in range(3)),
        *((d + scale * rng.normal(size=n), X, u) for scale in (1e-6, 1, 1e4, 1e12)),
        *((d, X, u + scale * rng.normal(size=n)) for scale in (1e-6, 1, 1e12)),
        *(tuple(part * scale for part in certificate) for scale in (-1, 0, 1 + 1e-9, 1e12, 1e90, 1e200)),
        *(
            tuple(with_entry(p, x) if p is q else p for p in certificate)
            for q in certificate
            for x in (np.nan, np.inf, 1e99)
        ),
        (d, X[:-1], u),
        (d, X),
        None,
        "certificate",
    ]


@pytest.mark.parametrize("kind", ["linear", "squares", "band", "integers", "signed", "diagonal"])
@pytest.mark.parametrize("n", SIZES)
def test_no_certificate_proves_more_than_the_optimum(n: int, kind: str) -> None:
    rng = np.random.default_rng([n, len(kind)])
    B = symmetric(rng, n, kind)
    A = symmetric(rng, n, "signed") + np.diag(rng.normal(size=n))
    least = optimum(A, B)
    certificate = convex_quadratic_point(A, B, math.inf)
    for guess in [certificate, *spoilt(certificate, rng)]:
        bound = convex_quadratic_bound(A, B, guess)
        assert not math.isnan(bound)
        assert bound <= least + 1e-12 * (1 + float(np.abs(A).sum()) * float(np.abs(B).max()))


@pytest.mark.parametrize("kind", ["linear", "squares", "integers"])
@pytest.mark.parametrize("n", [2, 4, 6, 12, 30])
def test_it_is_no_weaker_than_the_projected_eigenvalue_bound_and_mostly_stronger(n: int, kind: str) -> None:
    rng = np.random.default_rng(n)
    A, B = symmetric(rng, n, "integers"), symmetric(rng, n, kind)
    size = float(np.abs(A).sum()) * float(np.abs(B).max())
    for seconds in (0.0, math.inf):
        certificate = convex_quadratic_point(A, B, seconds)
        gain = convex_quadratic_bound(A, B, certificate) - projected_eigenvalue_bound(A, B, certificate[0])
        assert gain >= -1e-12 * size
    if n >= 12 and kind == "linear":
        assert gain >= 1e-3 * size


@pytest.mark.parametrize("seed", range(20))
def test_where_the_bound_is_tight_rounding_does_not_carry_it_over_the_optimum(seed: int) -> None:
    """If A is minus a shuffled B, the optimum is -||B||^2, an integer; without row sums the eigenvalues prove it."""
    rng = np.random.default_rng(seed)
    n = 3 + seed
    c = rng.integers(1, 9, n)
    c = c + c[-np.arange(n)]
    c[0] -= c.sum()
    B = c[np.subtract.outer(np.arange(n), np.arange(n))].astype(float)
    order = rng.permutation(n)
    A, exact = -B[np.ix_(order, order)], -float((B**2).sum())
    for X in (np.full((n, n), 1 / n), np.eye(n)[order]):
        assert exact * (1 + 1e-9) <= convex_quadratic_bound(A, B, (np.zeros(n), X, np.zeros(n))) <= exact


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_minimum_of_the_quadratic_program_by_another_solver(seed: int) -> None:
    """The quadratic form as one dense matrix, on matrices of row and column sums 1."""
    rng = np.random.default_rng(seed)
    n = 6
    A, B = symmetric(rng, n, "signed"), symmetric(rng, n, "linear")
    certificate = convex_quadratic_point(A, B, math.inf)
    shifted = A + np.diag(certificate[0])
    V = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, n - 1))]))[0][:, 1:]
    (a, W), (b, Z) = np.linalg.eigh(V.T @ shifted @ V), np.linalg.eigh(-V.T @ B @ V)
    b = -b
    s = np.zeros(n - 1)
    for i in range(n - 2):
        s[i + 1] = s[i] + (a[i + 1] - a[i]) * (b[i] + b[i + 1]) / 2
    t = a * b - s
    S, T, eye = V @ (W * s) @ W.T @ V.T, V @ (Z * t) @ Z.T @ V.T, np.eye(n)
    whole = np.kron(shifted, B) - np.kron(S, eye) - np.kron(eye, T)  # of X row by row
    inner = np.kron(V, V).T @ whole @ np.kron(V, V)
    assert np.linalg.eigvalsh(inner).min() >= -1e-9
    inner += 1e-9 * np.eye(len(inner))
    x = cp.Variable(n * n, nonneg=True)
    sums = [cp.sum(cp.reshape(x, (n, n), order="C"), axis=k) == 1 for k in (0, 1)]
    centre = np.full(n * n, 1 / n)  # of which the part along the sums is constant, and the mixed part linear
    form = cp.quad_form(np.kron(V, V).T @ x, cp.psd_wrap(inner)) + 2 * centre @ whole @ (x - centre)
    value = float(cp.Problem(cp.Minimize(form), sums).solve(solver="CLARABEL")) + float(centre @ whole @ centre)
    value += float(s.sum() + t.sum())
    assert convex_quadratic_bound(A, B, certificate) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("n", SIZES)
def test_without_a_quadratic_part_it_is_the_optimum(n: int) -> None:
    rng = np.random.default_rng(n)
    r, B = rng.normal(size=n), symmetric(rng, n, "signed")
    A = r[:, None] + r
    bound = convex_quadratic_bound(A, B, convex_quadratic_point(A, B, math.inf))
    assert bound == pytest.approx(optimum(A, B), abs=1e-9)


def test_without_a_limit_of_time_it_ends_and_is_the_same_again() -> None:
    rng = np.random.default_rng(0)
    A, B = symmetric(rng, 25, "integers"), symmetric(rng, 25, "linear")
    first, second = (convex_quadratic_point(A, B, math.inf) for _ in range(2))
    assert all((x == y).all() for x, y in zip(first, second, strict=True))


@needs_shared
def test_the_published_bound_on_nugents_problem_is_reached() -> None:
    """5362 for nug30 (Anstreicher and Brixius 2001); its optimum is 6124."""
    numbers = (SHARED / "data" / "qaplib" / "nug30.dat").read_text(encoding="utf-8").split()
    B, A = np.array(numbers[1:], dtype=float).reshape(2, 30, 30)
    assert 5362 <= convex_quadratic_bound(A, B, convex_quadratic_point(A, B, math.inf)) <= 6124
