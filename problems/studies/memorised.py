"""Whether a generator repeats rows that it was trained on, by two tests that must both say so.

1. Its samples lie nearer to training rows than held-out rows do: the one-sided test of Mann and Whitney on distances to
   the nearest training row (Meehan, Chaudhuri & Dasgupta, A non-parametric test to detect data-copying, 2020). A
   generator whose modes are too narrow, or too few, would fail this one as well.
2. They lie nearest to training rows rather than to held-out ones. Both kinds of rows are drawn alike, and it was chance
   which is which: to a generator that has learnt no more than their law they are exchangeable, and the share of samples
   whose nearest row is a training row is, but for chance, that of training rows among all. How far chance goes is told
   by exchanging the rows at random: an exact test, whatever the law, the generator and its other faults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from formulations.problem import Floats, Ints

EXCHANGES = 9_999
MOST_ROWS = 20_000  # of training and of held-out rows that are compared
MOST_OF_TREES = 16  # coordinates up to which trees find what is nearest sooner than all distances do


@dataclass(frozen=True, kw_only=True)
class Memory:
    """How far a generator repeats training rows.

    repeated           the share of its samples that do, as the second test estimates it: a share m of repeated rows
                       adds m times the share of held-out rows
    p_value            the larger one of the two tests, so that the level of the claim is that of each
    distance           the median distance of a sample to its nearest training row, in standard deviations of columns
    held_out_distance  the same of a held-out row
    """

    repeated: float
    p_value: float
    distance: float
    held_out_distance: float


def memory(samples: Floats, train: Floats, held_out: Floats, seed: int = 0, scale: Floats | None = None) -> Memory:
    """Of samples, training and held-out rows, float64 (., d), the last two drawn alike and in random order.

    scale  of the coordinates, float64 (d,); None for the standard deviations of the training rows

    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(300, 2))
    >>> copier, honest = x[:200] + 1e-3, np.random.default_rng(1).normal(size=(200, 2))
    >>> found = [memory(samples, x[:200], x[200:]) for samples in (copier, honest)]
    >>> [one.p_value < 0.01 for one in found], round(found[0].repeated, 2)
    ([True, False], 1.0)
    """
    import numpy as np
    from scipy.stats import mannwhitneyu

    train, held_out = train[:MOST_ROWS], held_out[:MOST_ROWS]
    scale = train.std(axis=0) if scale is None else scale
    samples, train, held_out = (rows / np.where(scale > 0, scale, 1) for rows in (samples, train, held_out))
    credit = _credit(samples, np.concatenate([train, held_out]))
    share = len(train) / len(credit)
    nearest = credit[: len(train)].sum() / len(samples)
    own, others = (np.linalg.norm(rows - train[_nearest(rows, train)], axis=1) for rows in (samples, held_out))
    return Memory(
        repeated=float((nearest - share) / (1 - share)),
        p_value=max(float(mannwhitneyu(own, others, alternative="less").pvalue), _exchanged(credit, len(train), seed)),
        distance=float(np.median(own)),
        held_out_distance=float(np.median(others)),
    )


def _nearest(samples: Floats, rows: Floats) -> Ints:
    """Of each sample the place of the row nearest to it, int64 (n,)."""
    found: Ints
    if rows.shape[1] > MOST_OF_TREES:
        from sklearn.metrics import pairwise_distances_argmin

        found = pairwise_distances_argmin(samples, rows)
    else:
        from scipy.spatial import cKDTree

        found = cKDTree(rows).query(samples)[1]
    return found


def _credit(samples: Floats, rows: Floats) -> Floats:
    """How many samples each row is nearest to, float64 (n,); equal rows share them."""
    import numpy as np

    places, place, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    credit: Floats = (np.bincount(_nearest(samples, places), minlength=len(places)) / count)[place.ravel()]
    return credit


def _exchanged(credit: Floats, k: int, seed: int) -> float:
    """The share of exchanges, that of the rows as they are among them, that give the first k as much credit or more."""
    import numpy as np

    numbers = np.random.default_rng([seed, len(credit)])
    rounding, own = 1e-9 * max(1.0, float(credit.sum())), credit[:k].sum()
    some = credit[credit > 0]  # the others add nothing, wherever they are
    first = numbers.hypergeometric(k, len(credit) - k, len(some), size=EXCHANGES)
    sums = np.array([numbers.permutation(some)[:among].sum() for among in first])
    return float((1 + (sums >= own - rounding).sum()) / (1 + EXCHANGES))
