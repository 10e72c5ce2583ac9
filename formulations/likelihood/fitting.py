"""Gaussian mixtures fitted by likelihood: EM from many starts, weighed by cross-validation.

The log-likelihood of a mixture of K Gaussians is not concave; EM climbs to a local maximum of it, and more components
or narrower ones fit the rows at hand ever better. Which to believe is an adjacent problem that is concave: the weights
of the mixtures found, by rows that they have not seen (formulations.likelihood.stacking). A mixture of mixtures of
Gaussians is one again.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from time import monotonic

import numpy as np

from formulations.likelihood.mixed_em import Components, by_category, by_k_means, em
from formulations.likelihood.stacking import Stacked, stacked
from formulations.problem import Floats

COMPONENTS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40)
ROWS_PER_PARAMETER = 4  # of the rows for each component's mean and weight
FLOORS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # added to the variances, relative to those of the data
MANY_ROWS = 1_000  # to which floors matter less: every other one is left out
SHAPES = ("full", "tied", "diag")
MOST_ROWS = 5_000  # to fit to: more are sampled
KEPT = 32  # mixtures, of those that do best at first, that are cross-validated
FOLDS = 5
LEAST_WEIGHT = 1e-4  # of a component: lighter ones are left out


@dataclass(frozen=True, eq=False)
class FittedMixture:
    """sum over k of weights_k N(means_k, L_k L_k'): float64 (K,), (K, d) and lower triangular (K, d, d).

    log_theta  float64 (K, L): of categories the logarithms of their shares in each component; L = 0 without any
    stacking   the weights of the mixtures that it is made of, with value and bound in nats per row
    """

    weights: Floats
    means: Floats
    factors: Floats
    log_theta: Floats
    stacking: Stacked


def fitted_mixture(
    rows: Floats, seed: int = 0, categories: Sequence[int] = (), until: float = math.inf
) -> FittedMixture:
    """The mixture for independent rows (n, d), n at least 20, of about mean 0 and variance 1 in each column of numbers.

    categories  of how many of the last coordinates each is a one-hot vector (mixed_em)
    until       when to be done, about, as time.monotonic() has it: the less time, the fewer kinds, one at least

    >>> x = np.random.default_rng(0).normal(size=(200, 1)) + np.repeat([[-4], [4]], 100, axis=0)
    >>> fit = fitted_mixture(x)
    >>> bool(abs(fit.weights[fit.means[:, 0] < 0].sum() - 0.5) < 0.02)
    True
    """
    numbers = np.random.default_rng([seed, *rows.shape])
    rows = rows[numbers.permutation(len(rows))[:MOST_ROWS]]
    folds = np.array_split(np.arange(len(rows)), FOLDS)
    rest = np.delete(rows, folds[0], axis=0)
    fit = partial(_em, seed=seed, categories=categories)
    kinds = _kinds(len(rest), rows.shape[1], categories)
    first: dict[Kind, Floats] = {}
    seconds: dict[Kind, float] = {}
    half = (monotonic() + until) / 2
    for kind in kinds:
        began = monotonic()
        if first and began >= half:
            break
        first[kind] = fit(rest, kind).log_density(rows[folds[0]])
        seconds[kind] = monotonic() - began
    ranked = sorted(first, key=lambda kind: float(first[kind].mean()), reverse=True)[:KEPT]
    kept = _in_time(ranked, seconds, until - monotonic())
    unseen = np.empty((len(rows), len(kept)))
    unseen[folds[0]] = np.column_stack([first[kind] for kind in kept])
    for fold in folds[1:]:
        rest = np.delete(rows, fold, axis=0)
        unseen[fold] = np.column_stack([fit(rest, kind).log_density(rows[fold]) for kind in kept])
    return _joined([fit(rows, kind) for kind in kept], stacked(unseen))


@dataclass(frozen=True)
class Kind:
    """How a mixture is fitted: its covariances' shape, their floor, and how EM begins.

    components  how many, from k-means; or one for each value of the category of number `by`
    """

    components: int
    shape: str
    floor: float
    by: int | None = None


def _in_time(ranked: Sequence[Kind], seconds: Mapping[Kind, float], left: float) -> Sequence[Kind]:
    """Of these, the best first, those that there is time to fit to all other folds and to all rows; or the quickest."""
    kept, left = [], left / FOLDS
    for kind in ranked:
        if seconds[kind] <= left:
            kept.append(kind)
            left -= seconds[kind]
    return kept or [min(ranked, key=lambda kind: seconds[kind])]


def _kinds(n: int, d: int, categories: Sequence[int]) -> Iterable[Kind]:
    """Those that n rows of d coordinates suffice for."""
    numbers = d - sum(categories)
    most = max(1, n // (ROWS_PER_PARAMETER * (d - len(categories) + 1)))
    shapes = SHAPES if numbers > 1 else SHAPES[:2] if numbers else SHAPES[:1]
    floors = (FLOORS[1::2] if n >= MANY_ROWS else FLOORS) if numbers else FLOORS[:1]
    starts = [(k, None) for k in COMPONENTS] + [(size, by) for by, size in enumerate(categories)]
    for (k, by), shape, floor in product(starts, shapes, floors):
        if k <= most:
            yield Kind(k, shape, floor, by)


def _em(rows: Floats, kind: Kind, seed: int, categories: Sequence[int]) -> Components:
    """A mixture of that kind: of numbers alone by scikit-learn."""
    if categories:
        start = (
            by_category(rows, categories, kind.by)
            if kind.by is not None
            else by_k_means(rows, categories, kind.components, seed)
        )
        return em(rows, categories, start, kind.shape, kind.floor)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(kind.components, covariance_type=kind.shape, reg_covar=kind.floor, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows)
    return Components(model.weights_, model.means_, _factors(model), np.zeros((kind.components, 0)))


def _joined(models: Sequence[Components], found: Stacked) -> FittedMixture:
    """All their components, weighed."""
    weights = np.concatenate([w * model.weights for w, model in zip(found.weights, models, strict=True)])
    kept = weights > LEAST_WEIGHT
    means, factors, log_theta = (
        np.concatenate(parts)[kept]
        for parts in zip(*((model.means, model.factors, model.log_theta) for model in models), strict=True)
    )
    return FittedMixture(weights[kept] / weights[kept].sum(), means, factors, log_theta, found)


def _factors(model) -> Floats:  # type: ignore[no-untyped-def]
    """L with L L' the covariance of each component, (K, d, d)."""
    K, d = model.means_.shape
    covariances = model.covariances_
    if model.covariance_type == "diag":
        covariances = covariances[:, :, None] * np.eye(d)
    return np.linalg.cholesky(np.broadcast_to(covariances, (K, d, d)))
