"""A classifier of two samples, cross-fitted: every row gets an estimate of log q / p that did not learn from it.

Both samples are split into halves. On each half two classifiers are fitted, a logistic regression on the numbers, their
squares and products, and boosted trees (scikit-learn), and stacked: a further logistic regression weighs their logits
at rows that they were not fitted to, and one that is wrong there more often than right is left out. Rows of each sample
weigh as much in all as those of the other, so that the logit estimates log q / p. What is claimed on a half rests on
what the other half taught alone (Chernozhukov et al., Double/debiased machine learning, 2018, on cross-fitting;
Lopez-Paz & Oquab, Revisiting classifier two-sample tests, 2017).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from formulations.problem import Bools, Floats, Ints

LEAST_ROWS = 12  # of each sample, that are split
MOST_TRAINED = 10_000  # rows of each sample in a half, that are learnt from
FOLDS = 3  # of a half, for the logits that are stacked
PRODUCTS_UP_TO = 18  # columns, of which all products are taken, as well as squares
WITHIN = 4.0  # standard deviations, beyond which numbers count as that for squares and products
TREES, ROUNDS = 100, 5  # boosted trees, and looks at the clock while they grow


@dataclass(frozen=True, eq=False)
class Half:
    """What one half was told by the other.

    p, q      which rows of p and of q it has, places in ascending order of the draw
    v_p, v_q  estimates of log q / p there, by the other half
    caps      f -> the cap that the other half chose
    """

    p: Ints
    q: Ints
    v_p: Floats
    v_q: Floats
    caps: Mapping[str, float]


def cross_fitted(
    p: Floats, q: Floats, names: Sequence[str], level: float, seed: int, until: float
) -> tuple[Half, Half] | None:
    """Both halves of points p (n, d) and q (m, d), of at least 12 each; names of the f whose caps are wanted.

    None if the time is over before both are there, as time.monotonic() has it.
    """
    random = np.random.default_rng(seed)
    parts = [np.array_split(random.permutation(len(rows)), 2) for rows in (p, q)]
    found = []
    for own, other in ((0, 1), (1, 0)):
        of_p, of_q = (rows[part[other][:MOST_TRAINED]] for rows, part in zip((p, q), parts, strict=True))
        learnt = Discriminator.fitted(of_p, of_q, seed, until)
        if learnt is None:
            return None
        in_p, in_q = (part[own] for part in parts)
        caps = {name: learnt.cap(name, len(in_q), len(in_p), level) for name in names}
        found.append(Half(in_p, in_q, learnt(p[in_p]), learnt(q[in_q]), caps))
    return found[0], found[1]


@dataclass(frozen=True, eq=False)
class Discriminator:
    """An estimate of log q / p, within what as many rows can tell.

    models   classifiers, of which it is the sum of logits times weights, and a constant
    own      the same at the rows that it was learnt from, by models that were not fitted to them, float64 (k,)
    of_q     which of these are of q
    """

    models: Sequence[Any]
    weights: Floats
    constant: float
    own: Floats
    of_q: Bools

    @classmethod
    def fitted(cls, p: Floats, q: Floats, seed: int, until: float) -> Discriminator | None:
        """Learnt from rows of p and of q in random order; None if there is no time."""
        from sklearn.linear_model import LogisticRegression

        z, of_q = np.concatenate([p, q]), np.repeat([False, True], [len(p), len(q)])
        fold = np.concatenate([np.arange(len(p)), np.arange(len(q))]) % FOLDS
        logits = np.empty((len(z), 2))
        for k in range(FOLDS):
            models = _models(z[fold != k], of_q[fold != k], seed, until)
            if models is None:
                return None
            logits[fold == k] = _logits(models, z[fold == k])
        models = _models(z, of_q, seed, until)
        if models is None:
            return None
        stacked = LogisticRegression(class_weight="balanced").fit(logits, of_q)
        weights = stacked.coef_[0].clip(0)
        constant = float(stacked.intercept_[0]) if weights.any() else 0.0
        return cls(models, weights, constant, logits @ weights + constant, of_q)

    def __call__(self, z: Floats) -> Floats:
        """The estimate at points (n, d)."""
        most = np.log(len(self.of_q))
        v = _logits(self.models, z) @ self.weights + self.constant
        return np.asarray(v.clip(-most, most))

    def cap(self, name: str, n: int, m: int, level: float) -> float:
        """By which most can be expected to be claimed from n further rows of q and m of p."""
        from formulations.divergences.confidence import best_cap

        return best_cap(name, self.own[self.of_q], self.own[~self.of_q], n, m, level)


def _models(z: Floats, of_q: Bools, seed: int, until: float) -> list[Any] | None:
    """Both classifiers; None if there is no time."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    smooth = make_pipeline(FunctionTransformer(_expanded), LogisticRegression(class_weight="balanced", max_iter=200))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # any function serves, also one that could be better
        smooth.fit(z, of_q)
    trees = HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_leaf_nodes=15,
        class_weight="balanced",
        early_stopping=False,
        warm_start=True,
        random_state=seed,
    )
    for grown in np.linspace(0, TREES, (1 if until == np.inf else ROUNDS) + 1)[1:].astype(int).tolist():
        if time.monotonic() > until:
            return None
        trees.set_params(max_iter=grown).fit(z, of_q)
    return [smooth, trees]


def _logits(models: Sequence[Any], z: Floats) -> Floats:
    """Of each model a column, (n, 2)."""
    return np.column_stack([model.decision_function(z) for model in models])


def _expanded(z: Floats) -> Floats:
    """The numbers, their squares, and, of few columns, their products."""
    near = z.clip(-WITHIN, WITHIN)
    if z.shape[1] > PRODUCTS_UP_TO:
        return np.column_stack([near, near**2])
    i, j = np.triu_indices(z.shape[1])
    return np.column_stack([near, near[:, i] * near[:, j]])
