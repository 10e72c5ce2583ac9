"""What groups that are far from each other prove about sums of squares, rounding accounted for.

Let numbers a_i and s have sum of a_i over C - s <= cost(C) for every set C of rows, with the sum of squares about its
mean as cost. Then k groups cost at least sum of a_i - k s (the dual of choosing k sets that cover all rows; du Merle,
Hansen, Jaumard and Mladenovic 1999). As |C| cost(C) is the sum of the squared distances of pairs in C, that holds if

    a_i + a_j <= |x_i - x_j|^2                     for rows of different groups t of any one partition
    sum over C of a_i - s <= cost(C)               for sets C within one of them

and the latter if a_i <= |e_i|^2 + s / n_t, e_i = x_i - mean of t, s >= the largest eigenvalue of the sum of e_i e_i'
over t: for |sum over C of e_i|^2 <= s (|C| - |C|^2 / n_t). If these are all equations, the partition is the best.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formulations.arithmetic.eigenvalues import spectrum
from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats

BY_SEPARATION = "groups far from each other"
SLOPES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # of lines below a squared distance, relative to that of means


def separated_bound(form: SumOfSquares, labels: Any) -> float:
    """A lower bound on the value of every partition, from any labels 0, ..., k - 1 of rows.

    >>> rows = np.array([[-5.0], [-4], [4], [5]])
    >>> round(separated_bound(SumOfSquares(rows, 2, np.arange(4)), np.array([0, 0, 1, 1])), 6)
    1.0
    """
    n, d = form.rows.shape
    label = np.asarray(labels)
    if label.shape != (n,) or label.dtype.kind not in "iu" or not (label.min() >= 0 and label.max() < form.k):
        return 0.0
    groups = [np.flatnonzero(label == t) for t in np.unique(label)]
    means = [form.rows[rows].mean(axis=0) for rows in groups]
    off = [form.rows[rows] - mean for rows, mean in zip(groups, means, strict=True)]
    scatter = max(_largest(e.T @ e) for e in off)
    amounts = [(e**2).sum(axis=1) + scatter / len(e) for e in off]
    size = sum(float(a.sum()) for a in amounts) + form.k * scatter + form.total
    for t in range(len(groups)):
        for u in range(t):
            w = means[t] - means[u]
            far = float(np.linalg.norm(w))
            if not far:  # squared distances are not below 0
                amounts[t], amounts[u] = np.minimum(amounts[t], 0.0), np.minimum(amounts[u], 0.0)
                continue
            beyond = off[t] @ (w / far) + far / 2, far / 2 - off[u] @ (w / far)
            amounts[t], amounts[u] = _below_distances(beyond, far, (amounts[t], amounts[u]))
    size += sum(float(np.abs(a).sum()) for a in amounts)
    rounding = 64 * (n + d + 8) * ROUNDOFF * size
    return max(0.0, float(sum(float(a.sum()) for a in amounts) - form.k * scatter - rounding))


def _largest(S: Floats) -> float:
    """A number that no eigenvalue of S is above."""
    values, error = spectrum(S)
    return float(values[-1] + error)


def _below_distances(beyond: tuple[Floats, Floats], far: float, most: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The numbers `most` of two groups, lowered until no two of them sum to more than the rows' squared distance.

    That is at least (p + q)^2 for rows at p and q beyond the plane midway between the means; and (p + q)^2 is at least
    f(p) + f(q) for each line f(p) = 2 m p - m^2 / 2, and for f(p) = p^2 where p >= 0, p^2 + 2 p (the largest p) else.
    """
    top = max(float(side.max()) for side in beyond)
    least = [2 * slope * far * side - (slope * far) ** 2 / 2 for slope in SLOPES for side in beyond]
    least += [side**2 + 2 * np.minimum(side, 0.0) * top for side in beyond]
    tried = [(np.minimum(most[0], f), np.minimum(most[1], g)) for f, g in zip(least[::2], least[1::2], strict=True)]
    return max(tried, key=lambda pair: float(pair[0].sum() + pair[1].sum()))
