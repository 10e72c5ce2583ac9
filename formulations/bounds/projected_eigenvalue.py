"""The projected eigenvalue bound on quadratic assignment (Hadley, Rendl and Wolkowicz, Math. of OR 1992).

A permutation matrix is P = ee'/n + V Y V' with V an orthonormal basis of the vectors orthogonal to e = (1, ..., 1) and
Y orthogonal, so with row sums r and total s

    <A, P B P'> = <V'AV, Y V'BV Y'> + 2/n r(A)'P r(B) - s(A) s(B) / n^2
               >= <eig V'AV, eig V'BV>_-  + 2/n <r(A), r(B)>_-  - s(A) s(B) / n^2,

<.,.>_- being the least scalar product over all pairings of the entries. If B's diagonal is constant, b, then A may be
replaced by A + Diag(d), minus b sum d; the bound is concave in d. Where d makes all row sums 0 (a negative Laplacian),
the second and the third term vanish.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from formulations.arithmetic.eigenvalues import spectrum
from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats

SUPERGRADIENT_STEPS = 150  # at most
SHORTER, SHORTEST = 0.8, 0.01  # a step that gains nothing makes the next ones that much shorter, down to that share


def projected_eigenvalue_bound(A: Floats, B: Floats, certificate: Any) -> float:
    """The lower bound on min <A, P B P'> that the certificate, a shift d, proves; -inf if it is none.

    A, B float64 (n, n), symmetric, B's diagonal constant; d float64 (n,). The errors of the eigenvalues are bounded a
    posteriori, that of all else by 64 (n + 8) u ||A|| ||B||, in Frobenius's norm.

    >>> A, B = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> bool(2 < projected_eigenvalue_bound(A, B, -A.sum(axis=1)) <= 4)  # 4 is the optimum
    True
    """
    n = len(A)
    found = arrays((certificate,), (n,))
    if found is None or not n:
        return -math.inf
    (d,) = found
    shifted = A + np.diag(d)
    norms = float(np.linalg.norm(shifted)), float(np.linalg.norm(B))
    (a, error_a), (b, error_b) = _projected_spectrum(shifted), _projected_spectrum(B)
    error = error_a * np.abs(b).sum() + error_b * np.abs(a).sum() + n * error_a * error_b
    constant = float(B[0, 0]) * math.fsum(d.tolist())
    error += 64 * (n + 8) * ROUNDOFF * norms[0] * norms[1] + 4 * ROUNDOFF * abs(constant)
    rows, columns = shifted.sum(axis=1), B.sum(axis=1)
    mixed = 2 / n * float(np.sort(rows) @ -np.sort(-columns)) - float(rows.sum() * columns.sum()) / n**2
    bound = float(a @ b[::-1]) + mixed - constant - error
    return bound if math.isfinite(bound) else -math.inf


def projected_eigenvalue_shift(A: Floats, B: Floats, seconds: float) -> Floats:
    """A good shift d, float64 (n,), within about that time.

    By supergradient steps from the better of 0 and minus the row sums of A, shorter after each that gains nothing.

    >>> A, B = np.eye(5, k=1) + np.eye(5, k=-1), np.abs(np.subtract.outer(np.arange(5.0), np.arange(5)))
    >>> d = projected_eigenvalue_shift(A, B, math.inf)
    >>> [round(float(projected_eigenvalue_bound(A, B, shift)), 3) for shift in (np.zeros(5), d)]
    [7.508, 8.0]
    """
    end, n = time.monotonic() + seconds, len(A)
    starts = np.zeros(n), -A.sum(axis=1)
    best: Floats = max(starts, key=lambda start: projected_eigenvalue_bound(A, B, start))
    d = best
    value, length = -math.inf, float(np.linalg.norm(A)) / 20
    shortest = SHORTEST * length
    columns = B.sum(axis=1)
    decreasing = _projected_spectrum(B)[0][::-1] if n else columns
    for _ in range(SUPERGRADIENT_STEPS):
        shifted = A + np.diag(d)
        values, vectors = np.linalg.eigh(projected(shifted))
        rows = shifted.sum(axis=1)
        paired = np.empty(n)
        paired[np.argsort(rows)] = -np.sort(-columns)
        mixed = 2 / n * float(rows @ paired) - float(rows.sum() * columns.sum()) / n**2
        found = float(values[:-1] @ decreasing) + mixed - float(B[0, 0] * d.sum())
        if found > value:
            best, value = d, found
        else:
            length *= SHORTER
        ascent = vectors[:, :-1] ** 2 @ decreasing + 2 / n * paired - columns.sum() / n**2 - B[0, 0]
        norm = float(np.linalg.norm(ascent))
        if not norm > 0 or length < shortest or time.monotonic() > end:
            break
        d = d + length / norm * ascent
    return best


def projected(S: Floats) -> Floats:
    """V V'S V V' + t ee'/n, with t = 2 ||S|| above all eigenvalues of V'SV, in Frobenius's norm.

    So its eigenvalues are those of V'SV and t, the largest.

    >>> S = np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> np.allclose(projected(S) @ np.ones(3), 2 * np.linalg.norm(S))
    True
    """
    n, rows = len(S), S.mean(axis=1)
    return np.asarray(S - rows[:, None] - rows + rows.mean() + 2 * np.linalg.norm(S) / n)


def _projected_spectrum(S: Floats) -> tuple[Floats, float]:
    """The computed eigenvalues of V'SV, increasing, and a bound on the error of each."""
    values, error = spectrum(projected(S))
    return values[:-1], error + 32 * (len(S) + 8) * ROUNDOFF * float(np.linalg.norm(S))
