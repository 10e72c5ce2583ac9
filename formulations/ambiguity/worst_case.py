"""The worst distribution of an adversary's set against a given rule, constructed: the other half of the sandwich.

weights        p of the rows (ambiguity.weights)
perturbation   every row moves by r along the steepest d, |d| = 1, against its residual's sign or its margin
wasserstein    one row moves, by all that is allowed: where the loss is straight from there on that attains the
               bound, and elsewhere a share t of the row that moves by r / t comes as near as one likes, t -> 0
  squares      every row moves along d by r z_i / (root mean square of z)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from formulations.ambiguity.norms import steepest
from formulations.ambiguity.robust_loss import Perturbation, RobustLoss, Wasserstein
from formulations.problem import Floats, Ints

ENOUGH = 1e-10  # of the value: how near a share of one row must come
SHARES = 10.0 ** -np.arange(13)


@dataclass(frozen=True, eq=False)
class WorstCase:
    """A distribution on rows of the data that have been moved.

    weights  float64 (m,), of sum 1
    rows     int64 (m,): the row that each was
    moves    float64 (m, p): x as it is now, less x as it was
    loss     the mean loss of the rule under it
    spent    of the adversary's radius: a distance, a divergence, or the share of rows (cvar)
    """

    weights: Floats
    rows: Ints
    moves: Floats
    loss: float
    spent: float


def worst_case(form: RobustLoss, rule: Floats) -> WorstCase:
    """The worst that the adversary can do to the rule (w, b).

    >>> from formulations.robust_regression import robust_loss
    >>> form = robust_loss([[1.0], [2.0]], [1, -1], "hinge", "wasserstein", 0.5)
    >>> found = worst_case(form, np.array([-1.0, 1.5]))
    >>> found.loss, form.value(np.array([-1.0, 1.5])), found.spent
    (1.0, 1.0, 0.5)
    """
    n, p = form.A.shape
    z, even, rows = form.plain(rule), np.full(n, 1 / n), np.arange(n)
    adversary = form.adversary
    if not isinstance(adversary, Perturbation | Wasserstein):
        weights, still = adversary.worst(form.loss.value(z)), np.zeros((n, p))
        spent = 1 / (n * weights.max()) if adversary.name == "cvar" else adversary.excess(weights) + adversary.radius
        return _told(form, rule, weights, rows, still, float(spent))
    d, against = steepest(rule[:-1], adversary.order), np.where(z < 0, -1.0, 1.0)
    if form.loss.of == "margins":
        against = np.full(n, -1.0)
    if isinstance(adversary, Perturbation):
        return _told(form, rule, even, rows, adversary.radius * against[:, None] * d, adversary.radius)
    if math.isinf(form.loss.steepest):
        far = adversary.radius * form.slopes(z)
        return _told(form, rule, even, rows, far[:, None] * d, float(np.sqrt((far**2).mean())))
    i = int(z.argmin() if form.loss.of == "margins" else np.abs(z).argmax())
    value = form.value(rule)
    for share in SHARES / n:
        weights = np.r_[even, share]
        weights[i] -= share
        moves = np.zeros((n + 1, p))
        moves[n] = adversary.radius / share * against[i] * d
        found = _told(form, rule, weights, np.r_[rows, i], moves, adversary.radius)
        if value - found.loss <= ENOUGH * value:
            break
    return found


def _told(form: RobustLoss, rule: Floats, weights: Floats, rows: Ints, moves: Floats, spent: float) -> WorstCase:
    """With its loss; moves are those of A, and x moves with the sign of b's column."""
    z = form.plain(rule)[rows] + moves @ rule[:-1]
    return WorstCase(weights, rows, form.s[rows, None] * moves, float(weights @ form.loss.value(z)), spent)
