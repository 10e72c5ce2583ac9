"""The energy distance of two laws, by samples: how far apart they are, without a density and without a discriminator.

    D(q, p)  =  2 E|X - Y|^a - E|X - X'|^a - E|Y - Y'|^a  >=  0        X, X' from q and Y, Y' from p, 0 < a < 2

with equality only for p = q (Szekely & Rizzo, Energy statistics, 2013). What depends on p is the mean over X of a
strictly proper score (Gneiting & Raftery, Strictly proper scoring rules, 2007, section 5.1)

    S(X)  =  E|X - Y|^a - E|Y - Y'|^a / 2                             to be minimized, as -log p(X) is

so that two generators are compared row by row. With a = 1/2 differences on small scales count more than with a = 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from formulations.problem import Floats

EXPONENT = 0.5  # a


@dataclass(frozen=True)
class EnergyScore:
    """S at n rows by m samples of a generator.

    of_rows     mean_j |x_i - y_j|^a - E|Y - Y'|^a / 2, float64 (n,): its mean is the score
    of_samples  mean_i |x_i - y_j|^a - mean_k |y_j - y_k|^a, float64 (m,): by how much each sample moves the score
    """

    of_rows: Floats
    of_samples: Floats


def energy_score(rows: Floats, samples: Floats) -> EnergyScore:
    """The score by rows, float64 (n, d), and samples, (m, d) with m at least 2.

    >>> import numpy as np
    >>> numbers = np.random.default_rng(0)
    >>> x, right, wrong = (numbers.normal(mean, 1, size=(500, 1)) for mean in (0, 0, 1))
    >>> bool(energy_score(x, right).of_rows.mean() < energy_score(x, wrong).of_rows.mean())
    True
    """
    across, own = _powers(rows, samples), _powers(samples, samples).sum(axis=1) / (len(samples) - 1)
    return EnergyScore(across.mean(axis=1) - own.mean() / 2, across.mean(axis=0) - own)


def energy_distance(rows: Floats, samples: Floats) -> tuple[float, float]:
    """D by rows (n, d) and samples (m, d), n and m at least 2, without bias; and its standard error.

    >>> import numpy as np
    >>> round(energy_distance(np.array([[0.0], [1.0]]), np.array([[4.0], [9.0]]))[0], 2)  # 4.78 - 1 - 2.24
    1.54
    """
    score, spread = energy_score(rows, samples), _powers(rows, rows).sum(axis=1) / (len(rows) - 1)
    parts = (score.of_rows - spread, score.of_samples)
    error = 2 * math.sqrt(sum(float(part.var(ddof=1)) / len(part) for part in parts))
    return float(2 * score.of_rows.mean() - spread.mean()), error


def worse_by(before: EnergyScore, after: EnergyScore) -> tuple[float, float]:
    """By how much the second score exceeds the first, at the same rows and noise, and the p-value of no excess.

    One-sided, by the central limit theorem for rows and samples.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(400, 1))
    >>> worse_by(energy_score(x[:200], x[200:]), energy_score(x[:200], x[200:] + 1))[1] < 0.001
    True
    """
    rows, samples = after.of_rows - before.of_rows, after.of_samples - before.of_samples
    by, error = float(rows.mean()), math.sqrt(rows.var(ddof=1) / len(rows) + samples.var(ddof=1) / len(samples))
    return by, 1 - NormalDist().cdf(by / error) if error else float(by <= 0)


def _powers(a: Floats, b: Floats) -> Floats:
    """|a_i - b_j|^a, (n, m)."""
    from scipy.spatial.distance import cdist

    powers: Floats = cdist(a, b) ** EXPONENT
    return powers
