"""Made tables of which a share is an adversary's: (1 - eps) N(0, I) + eps Q, Huber's contamination."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from formulations.problem import Bools, Floats

FAR, NEAR, NARROW = 5.0, 0.5, 0.1  # where Q is in every column, and how narrow a cluster
Rng = np.random.Generator
ADVERSARIES: dict[str, Callable[[Rng, int, int], Floats]] = {  # name -> m rows of Q in p columns
    "point": lambda rng, m, p: np.full((m, p), FAR),
    "far": lambda rng, m, p: FAR + rng.standard_normal((m, p)),
    "near": lambda rng, m, p: NEAR + rng.standard_normal((m, p)),
    "cluster": lambda rng, m, p: FAR * np.eye(p)[0] + NARROW * rng.standard_normal((m, p)),
}


@dataclass(frozen=True, eq=False)
class Contaminated:
    """Rows (n, p), and which of them, (n,), are the adversary's; the clean ones are of mean 0."""

    rows: Floats
    bad: Bools

    @property
    def oracle(self) -> Floats:
        """The mean of the clean rows, (p,)."""
        return np.asarray(self.rows[~self.bad].mean(axis=0))


def contaminated(n: int, p: int, share: float, adversary: str, seed: int) -> Contaminated:
    """n rows, of which that share is the adversary's, in an order drawn at random.

    >>> made = contaminated(10, 2, 0.2, "point", 0)
    >>> made.rows.shape, int(made.bad.sum()), made.rows[made.bad].tolist()
    ((10, 2), 2, [[5.0, 5.0], [5.0, 5.0]])
    """
    rng = np.random.default_rng(seed)
    m = round(share * n)
    rows = np.vstack([ADVERSARIES[adversary](rng, m, p), rng.standard_normal((n - m, p))])
    order = rng.permutation(n)
    return Contaminated(rows[order], np.asarray((np.arange(n) < m)[order]))
