"""Whether parts of the data are lost: held-out rows around which a generator makes hardly any samples.

The ball around a row that reaches to its k-th nearest other row holds a share B of the data's law, and B has the law
Beta(k, n - k) whatever that of the rows is. A perfect generator therefore puts c of m samples into it with

    c ~ BetaBinomial(m, k, n - k)        so that P(c or fewer) tells, row by row, how likely so few would be.

A row is lost if c is at most a tenth of what is expected, m k / n, and if that would happen to any of the n rows with a
probability of at most `level` (Bonferroni). Balls that hold some 2 % of the data are as large as a mode is wanted to
be; they hold more where samples, or the training rows that all was learnt from, are too few to reach each. Numbers that
were rounded stand for all that round to them: balls are widened by half the step that each column was rounded to. The
share of balls with a sample at all is the coverage of Naeem et al., Reliable fidelity and diversity metrics for
generative models, 2020.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from formulations.problem import Bools, Floats

MOST_ROWS = 1_000  # held-out rows that are asked
SMALLEST_PART = 0.02  # of the data, that is looked for
HARDLY_ANY = 0.1  # of the samples that are expected
LEVEL = 0.01  # the probability that anything is called lost of a perfect generator, at most


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How much of the data a generator covers.

    covered   the share of held-out rows whose ball has a sample
    expected  the same of a perfect generator
    lost      the share of held-out rows around which there are hardly any samples
    p_value   the probability that a perfect generator has so few around any row
    where     which of the rows asked are lost, (n,)
    """

    covered: float
    expected: float
    lost: float
    p_value: float
    where: Bools


def coverage(
    samples: Floats, held_out: Floats, seen: int, level: float = LEVEL, *, labels: int = 0, scale: Floats | None = None
) -> Coverage:
    """By samples (m, d) and held-out rows (n, d), float64, at least 3 rows; `seen` training rows were learnt from.

    labels  how many of the coordinates, the last, are of one-hot vectors, which nothing was rounded in
    scale   of the coordinates, float64 (d,); None for the standard deviations of the held-out rows

    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(3000, 1))
    >>> two = x + np.where(np.arange(3000) % 3 == 0, 9, 0)[:, None]  # a third of the rows are around 9
    >>> found = coverage(x, two[:500], 1000)
    >>> round(found.lost, 1), coverage(two[500:], two[:500], 1000).lost
    (0.3, 0.0)
    """
    import numpy as np
    from scipy.spatial import cKDTree
    from scipy.stats import betabinom

    rows = held_out[:MOST_ROWS]
    scale = held_out.std(axis=0) if scale is None else scale
    rows, samples = (part / np.where(scale > 0, scale, 1) for part in (rows, samples))
    n, m = len(rows), len(samples)
    k = neighbours(n, min(m, seen), level)
    radius = cKDTree(rows).query(rows, [k + 1])[0][:, 0]  # the nearest row is the row itself
    steps = np.array([np.diff(np.unique(column)).min(initial=np.inf) for column in rows.T[: rows.shape[1] - labels]])
    wide = radius * (1 + 1e-9) + np.linalg.norm(steps[np.isfinite(steps)]) / 2
    inside = cKDTree(samples).query_ball_point(rows, wide, return_length=True)
    p = np.minimum(1.0, n * betabinom.cdf(inside, m, k, n - k))
    where = (inside <= HARDLY_ANY * m * k / n) & (p <= level)
    return Coverage(
        covered=float((inside > 0).mean()),
        expected=1 - _none(n, m, k),
        lost=float(where.mean()),
        p_value=float(p.min()),
        where=where,
    )


def neighbours(n: int, m: int, level: float = LEVEL) -> int:
    """The least k of at least 2 % of n rows such that a ball without any of m samples is no chance; below n.

    >>> neighbours(1000, 2500), neighbours(50, 2500), neighbours(50, 50)
    (20, 3, 12)
    """
    k = max(1, math.ceil(SMALLEST_PART * n))
    while k < n - 1 and n * _none(n, m, k) > level:
        k += 1
    return k


def _none(n: int, m: int, k: int) -> float:
    """P(c = 0): the product over i < k of (n - 1 - i) / (m + n - 1 - i) (Naeem et al., appendix A)."""
    return math.prod((n - 1 - i) / (m + n - 1 - i) for i in range(k))
