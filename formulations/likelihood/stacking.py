"""Stacking: the mixture of given densities p_1, ..., p_M under which rows x_1, ..., x_n are most likely.

    maximize   V(w) = mean over i of log p_w(x_i),     p_w = sum over m of w_m p_m
    subject to w >= 0, sum over m of w_m = 1

It is concave in w. With r_m = mean over i of p_m(x_i) / p_w(x_i), any weights w prove their own bound: for all v,

    V(v) - V(w) = mean of log(p_v / p_w)  <=  log mean(p_v / p_w) = log sum of v_m r_m  <=  log max_m r_m

(Jensen's inequality; Lindsay, The geometry of mixture likelihoods, 1983), with equality at the best w. The steps
w_m <- w_m r_m are those of the EM algorithm, and never lower V. The densities must not have been fitted to the rows
that weigh them: take those of cross-validation (Smyth and Wolpert, Linearly combining density estimators via stacking,
1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formulations.problem import Floats

GAP = 1e-4  # between value and bound, in nats per row
STEPS = 10_000


@dataclass(frozen=True, eq=False)
class Stacked:
    """Weights of the densities, (M,), what they attain, and a bound on all weights, both in nats per row."""

    weights: Floats
    value: float
    bound: float


def stacked(log_densities: Floats, gap: float = GAP, steps: int = STEPS) -> Stacked:
    """The best weights for log p_m(x_i), (n, M): to that gap, or as near as so many steps of EM come.

    Raises ValueError unless every row has a density above 0.

    >>> x = np.array([-1.0, 1.0, 1.0, 1.0])
    >>> found = stacked(np.where(np.column_stack([x < 0, x > 0]), np.log(0.5), -np.inf))
    >>> found.weights.round(2).tolist(), bool(found.bound - found.value < GAP)
    ([0.25, 0.75], True)
    """
    highest = log_densities.max(axis=1, keepdims=True)
    if not np.isfinite(highest).all():
        row = int(np.flatnonzero(~np.isfinite(highest[:, 0]))[0])
        raise ValueError(f"row {row + 1} has density 0 or infinity under all {log_densities.shape[1]} densities")
    p = np.exp(log_densities - highest)
    w = np.full(p.shape[1], 1 / p.shape[1])
    for step in range(steps + 1):
        p_w = p @ w
        r = (1 / p_w) @ p / len(p)
        if step == steps or np.log(r.max()) <= gap:
            break
        w = w * r / (w @ r)
    value = float((highest[:, 0] + np.log(p_w)).mean())
    return Stacked(w, value, value + float(np.log(r.max())))
