"""Gaussian mixtures fitted by likelihood: EM from many starts, weighed by cross-validation.

The log-likelihood of a mixture of K Gaussians is not concave; EM climbs to a local maximum of it, and more components
or narrower ones fit the rows at hand ever better. Which to believe is an adjacent problem that is concave: the weights
of the mixtures found, by rows that they have not seen (formulations.likelihood.stacking). A mixture of mixtures of
Gaussians is one again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np

from formulations.likelihood.stacking import Stacked, stacked
from formulations.problem import Floats

COMPONENTS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40)
ROWS_PER_PARAMETER = 4  # of the rows for each component's mean and weight
FLOORS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # added to the variances, relative to those of the data
SHAPES = ("full", "tied", "diag")
MOST_ROWS = 5_000  # to fit to: more are sampled
KEPT = 32  # mixtures, of those that do best at first, that are cross-validated
FOLDS = 5
LEAST_WEIGHT = 1e-4  # of a component: lighter ones are left out


@dataclass(frozen=True, eq=False)
class FittedMixture:
    """sum over k of weights_k N(means_k, L_k L_k'): float64 (K,), (K, d) and lower triangular (K, d, d).

    stacking  the weights of the mixtures that it is made of, with value and bound in nats per row
    """

    weights: Floats
    means: Floats
    factors: Floats
    stacking: Stacked


def fitted_mixture(rows: Floats, seed: int = 0) -> FittedMixture:
    """The mixture for independent rows (n, d), n at least 20, of about mean 0 and variance 1 in each column.

    >>> x = np.random.default_rng(0).normal(size=(200, 1)) + np.repeat([[-4], [4]], 100, axis=0)
    >>> fit = fitted_mixture(x)
    >>> bool(abs(fit.weights[fit.means[:, 0] < 0].sum() - 0.5) < 0.02)
    True
    """
    numbers = np.random.default_rng([seed, *rows.shape])
    rows = rows[numbers.permutation(len(rows))[:MOST_ROWS]]
    folds = np.array_split(np.arange(len(rows)), FOLDS)
    rest = np.delete(rows, folds[0], axis=0)
    first = {kind: _em(rest, kind, seed).score_samples(rows[folds[0]]) for kind in _kinds(*rest.shape)}
    kept = sorted(first, key=lambda kind: float(first[kind].mean()), reverse=True)[:KEPT]
    unseen = np.empty((len(rows), len(kept)))
    unseen[folds[0]] = np.column_stack([first[kind] for kind in kept])
    for fold in folds[1:]:
        rest = np.delete(rows, fold, axis=0)
        unseen[fold] = np.column_stack([_em(rest, kind, seed).score_samples(rows[fold]) for kind in kept])
    return _joined([_em(rows, kind, seed) for kind in kept], stacked(unseen))


Kind = tuple[int, str, float]  # components, shape, floor


def _kinds(n: int, d: int) -> Iterable[Kind]:
    """Those that n rows suffice for."""
    most = max(1, n // (ROWS_PER_PARAMETER * (d + 1)))
    shapes = SHAPES if d > 1 else SHAPES[:2]
    return product([k for k in COMPONENTS if k <= most], shapes, FLOORS)


def _em(rows: Floats, kind: Kind, seed: int):  # type: ignore[no-untyped-def]
    """A mixture of that kind, by scikit-learn."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    components, shape, floor = kind
    model = GaussianMixture(components, covariance_type=shape, reg_covar=floor, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(rows)


def _joined(models, found: Stacked) -> FittedMixture:  # type: ignore[no-untyped-def]
    """All their components, weighed."""
    weights = np.concatenate([w * model.weights_ for w, model in zip(found.weights, models, strict=True)])
    means = np.concatenate([model.means_ for model in models])
    factors = np.concatenate([_factors(model) for model in models])
    kept = weights > LEAST_WEIGHT
    return FittedMixture(weights[kept] / weights[kept].sum(), means[kept], factors[kept], found)


def _factors(model) -> Floats:  # type: ignore[no-untyped-def]
    """L with L L' the covariance of each component, (K, d, d)."""
    K, d = model.means_.shape
    covariances = model.covariances_
    if model.covariance_type == "diag":
        covariances = covariances[:, :, None] * np.eye(d)
    return np.linalg.cholesky(np.broadcast_to(covariances, (K, d, d)))
