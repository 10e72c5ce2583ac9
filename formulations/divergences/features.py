"""How near a sample comes to data, by features of both: distances of their laws, and who lies among whom.

For features x of data, (n, d), and y of a sample, (m, d):

    Fréchet distance   |mean x - mean y|^2 + tr(A + B - 2 (A B)^(1/2))     A, B the covariances: W_2^2 of Gaussians
    kernel distance    MMD^2 by k(x, y) = (x'y / d + 1)^3, without bias
    precision          the share of the y within reach of the data         reach of a point: to its k-th nearest of its
    recall             the share of the x within reach of the sample       own kind
    density            how many x reach a y, on average, over k: above 1 where samples crowd
    coverage           the share of the x that have a y within their reach
    energy score       |x - y| - |y - z| / 2, where y and z are samples made for what is told of x

The values depend on the features and are comparable by the same ones only. The Fréchet distance of few rows is biased
upwards, the kernel distance is not. Precision says whether samples are like data, recall and coverage whether all data
have their like among samples. The energy score is least on average where samples made for a caption have the law of the
data with it: it punishes samples that are not what they are told to be, and those that are all the same.

Sources: Heusel et al., GANs trained by a two time-scale update rule, 2017; Binkowski et al., Demystifying MMD GANs,
2018; Kynkäänniemi et al., Improved precision and recall metric, 2019; Naeem et al., Reliable fidelity and diversity
metrics, 2020; Gneiting & Raftery, Strictly proper scoring rules, prediction, and estimation, 2007.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh
from scipy.spatial.distance import cdist

from formulations.divergences.samples import two_samples
from formulations.problem import Floats

NEIGHBOURS = 3  # of precision and recall, as in their paper
OF_DENSITY = 5  # of density and coverage, as in theirs
JACKKNIFE = 10  # parts of samples, each left out once
ROWS_AT_ONCE = 1 << 10  # of a matrix of distances


def frechet_distance(x: ArrayLike, y: ArrayLike) -> float:
    """The squared Wasserstein distance of Gaussians with the means and covariances of x (n, d) and y (m, d).

    Raises ValueError for fewer than 2 rows, and what two_samples refuses.

    >>> round(frechet_distance([-1.0, 0.0, 1.0], [0.0, 2.0, 4.0]), 6)  # means 0 and 2, standard deviations 1 and 2
    5.0
    """
    first, second = two_samples(x, y, least=2)
    A, B = (np.atleast_2d(np.cov(rows.T)) for rows in (first, second))
    sizes, V = eigh(A)
    root = (V * np.sqrt(sizes.clip(0))) @ V.T
    common = float(np.sqrt(eigh(root @ B @ root, eigvals_only=True).clip(0)).sum())
    apart = first.mean(axis=0) - second.mean(axis=0)
    return float(apart @ apart + np.trace(A) + np.trace(B) - 2 * common)


def kernel_distance(x: ArrayLike, y: ArrayLike) -> float:
    """MMD^2 by k(x, y) = (x'y / d + 1)^3, unbiased: of two samples of one law it is 0 on average, and may be below.

    Raises ValueError for fewer than 2 rows, and what two_samples refuses.

    >>> kernel_distance([[0.0], [1.0]], [[0.0], [1.0]])  # 1 within, (1 + 1 + 1 + 8) / 4 between
    -3.5
    """
    first, second = two_samples(x, y, least=2)
    n, m, d = len(first), len(second), first.shape[1]
    within = sum(_sum_of_others(rows, d) / (len(rows) * (len(rows) - 1)) for rows in (first, second))
    between = sum(float(((first[part] @ second.T / d + 1) ** 3).sum()) for part in _parts(n))
    return float(within - 2 * between / (n * m))


def kernel_distance_error(x: ArrayLike, y: ArrayLike) -> float:
    """The standard error of the kernel distance: by leaving out each tenth of both samples in turn (jackknife).

    Raises ValueError for fewer than 12 rows, and what two_samples refuses. Efron & Stein, The jackknife estimate of
    variance, 1981.

    >>> x, y = np.random.default_rng(0).normal(size=(2, 500, 1))
    >>> bool(abs(kernel_distance(x, y)) < 3 * kernel_distance_error(x, y))
    True
    """
    first, second = two_samples(x, y, least=JACKKNIFE + 2)
    left = [np.arange(JACKKNIFE)[:, None] != np.arange(len(rows)) % JACKKNIFE for rows in (first, second)]
    sums, d = [], first.shape[1]
    for a, b in ((0, 0), (1, 1), (0, 1)):
        K = ((first, second)[a] @ (first, second)[b].T / d + 1) ** 3
        if a == b:
            np.fill_diagonal(K, 0)
        sums.append(np.einsum("gi,ij,gj->g", left[a], K, left[b], optimize=True))
    n, m = (part.sum(axis=1) for part in left)
    without = sums[0] / (n * (n - 1)) + sums[1] / (m * (m - 1)) - 2 * sums[2] / (n * m)
    return float(np.sqrt((JACKKNIFE - 1) * without.var()))


def energy_scores(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Floats:
    """|x - y| - |y - z| / 2 of each row; y and z are samples made for what is told of x, all three (n, d).

    Raises ValueError where shapes differ, and what two_samples refuses.

    >>> energy_scores([[0.0], [0.0]], [[1.0], [1.0]], [[1.0], [-1.0]])
    array([1., 0.])
    """
    (data, first), (_, second) = two_samples(x, y), two_samples(x, z)
    if not data.shape == first.shape == second.shape:
        raise ValueError(f"samples are of shapes {first.shape} and {second.shape}, and data of {data.shape}")
    scores: Floats = np.linalg.norm(data - first, axis=1) - np.linalg.norm(first - second, axis=1) / 2
    return scores


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Precision, recall, density and coverage of a sample."""

    precision: float
    recall: float
    density: float
    coverage: float


def likeness(data: ArrayLike, sample: ArrayLike) -> Likeness:
    """Who lies among whom, by features of the data (n, d) and of the sample (m, d).

    Raises ValueError for 5 rows or fewer, and what two_samples refuses.

    >>> data = np.arange(10.0)
    >>> likeness(data, data + 0.1)
    Likeness(precision=1.0, recall=1.0, density=1.14, coverage=1.0)
    >>> likeness(data, data / 100).recall, likeness(data, data + 100).precision
    (0.1, 0.0)
    """
    x, y = two_samples(data, sample, least=OF_DENSITY + 1)
    near, wide, near_y = reach(x, NEIGHBOURS), reach(x, OF_DENSITY), reach(y, NEIGHBOURS)
    among_data, among_sample, reached, covered = 0, 0, 0, 0
    for part in _parts(len(y)):
        D = cdist(y[part], x)
        among_data += int((near >= D).any(axis=1).sum())
        reached += int((wide >= D).sum())
    for part in _parts(len(x)):
        D = cdist(x[part], y)
        among_sample += int((near_y >= D).any(axis=1).sum())
        covered += int((D.min(axis=1) <= wide[part]).sum())
    return Likeness(
        precision=among_data / len(y),
        recall=among_sample / len(x),
        density=reached / (OF_DENSITY * len(y)),
        coverage=covered / len(x),
    )


def reach(rows: Floats, k: int) -> Floats:
    """The distance of each row to its k-th nearest other, float64 (n,).

    >>> reach(np.array([[0.0], [1.0], [3.0]]), 1).tolist()
    [1.0, 1.0, 2.0]
    """
    return np.concatenate([np.partition(cdist(rows[part], rows), k)[:, k] for part in _parts(len(rows))])


def _sum_of_others(rows: Floats, d: int) -> float:
    """The sum of k over pairs of different rows."""
    total = sum(float(((rows[part] @ rows.T / d + 1) ** 3).sum()) for part in _parts(len(rows)))
    return total - float((((rows**2).sum(axis=1) / d + 1) ** 3).sum())


def _parts(n: int) -> list[slice]:
    return [slice(start, start + ROWS_AT_ONCE) for start in range(0, n, ROWS_AT_ONCE)]
