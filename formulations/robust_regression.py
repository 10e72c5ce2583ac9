"""Regression and classification against an adversary: the least mean loss when the data are the worst within a set.

    minimize over w, b   max over Q in a set around the data of   E_Q l(z)        z = y - x'w - b, or y (x'w + b)

with a convex loss l (formulations.ambiguity.losses). The sets, of size r, around n rows of weight 1/n each:

    perturbation   every x moves by r at most        mean of l(|z| + r |w|*), or of l(z - r |w|*)
    wasserstein    x moves by r on average           mean of l(z) + r L |w|*              L the steepest slope of l
      squares      by r in root mean square          (root mean square of z + r |w|*)^2
    chi-squared    weights with mean (n p - 1)^2 <= r
    kl             weights with sum of p log(n p) <= r
    cvar           weights of 1 / (n r) at most: the share r of rows that lose most

|.|* is the dual of the norm that moves are measured in. The right-hand sides are the inner maxima in closed form, so
that the problem is convex: of cones, with the adversary's part eliminated by its Lagrangian dual (formulations.
ambiguity.weights). For any Q of the set and any subgradients u of the loss, weak duality bounds the value from below
(formulations.ambiguity.robust_loss); and the worst Q is constructed (formulations.ambiguity.worst_case), so that value
and bound meet from both sides.

Sources: Shafieezadeh-Abadeh, Kuhn and Mohajerin Esfahani, Regularization via mass transportation, JMLR 20, 2019;
Blanchet, Kang and Murthy, Robust Wasserstein profile inference, J. Appl. Prob. 56, 2019; Xu, Caramanis and Mannor,
Robustness and regularization of support vector machines, JMLR 10, 2009; for weights Namkoong and Duchi, NeurIPS 2017.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from formulations.ambiguity.losses import LOSSES, Loss
from formulations.ambiguity.robust_loss import KIND, LEAST, Adversary, Perturbation, RobustLoss, Wasserstein
from formulations.ambiguity.weights import ChiSquared, CVaR, KullbackLeibler
from formulations.problem import Reference, SearchProblem, WeakDual

ADVERSARIES = ("perturbation", "wasserstein", "chi-squared", "kl", "cvar")
ORDERS = (1, 2, math.inf)  # of norms


def robust_regression(
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Loss = "squares",
    against: str = "wasserstein",
    radius: float = 0.1,
    norm: float = 2,
) -> SearchProblem:
    """The rule (w, b), float64 (p + 1,), of rows X (n, p) and targets y (n,): numbers, or labels 1 and -1.

    loss     squares, absolute, huber, logistic, hinge, or a Loss
    against  what the adversary may do: perturbation, wasserstein, chi-squared, kl or cvar
    radius   of its set, from 0: distances in X, a divergence, or for cvar a share of rows, above 0
    norm     that moves are measured in: 1, 2 or inf
    Raises ValueError for other data or arguments.

    >>> from solvers import solve
    >>> found = solve(robust_regression([[0.0], [1.0], [2.0]], [0.0, 1.0, 5.0], "absolute", "cvar", radius=1.0))
    >>> found.status, round(found.value, 6)  # of all rows alike: least absolute deviations, (0 + 1.5 + 0) / 3
    ('optimal', 0.5)
    """
    return robust_search(robust_loss(X, y, loss, against, radius, norm))


def robust_search(form: RobustLoss) -> SearchProblem:
    """The same of an objective that is there.

    >>> robust_search(robust_loss([[0.0], [1.0]], [0.0, 1.0], "squares", "kl", 0.1)).sense
    'minimize'
    """
    p, adversary = form.A.shape[1], form.adversary
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="",
        answer=lambda rule: rule,
        values=lambda rule: {"w": rule[:-1], "b": rule[-1:]},
        weak_duals=[WeakDual(KIND, None, form.bound)],
        references=_references(form),
        maths={
            "minimize": r"\max_{Q}\ E_Q[\ell(z)]"
            + rf"\quad \text{{{form.loss.name}, {adversary.name}, r = {adversary.radius:g}}}",
            "over": rf"w \in \mathbb{{R}}^{{{p}}},\ b \in \mathbb{{R}}",
        },
    )


def robust_loss(
    X: ArrayLike, y: ArrayLike, loss: str | Loss, against: str, radius: float, norm: float = 2
) -> RobustLoss:
    """The objective; raises ValueError for data that are none.

    >>> form = robust_loss([[1.0], [2.0]], [1, -1], "hinge", "wasserstein", 0.5)
    >>> form.value(np.array([-1.0, 1.5]))  # margins .5 and .5; |w| = 1
    1.0
    """
    rows, target = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if rows.ndim != 2 or not rows.size or target.shape != rows.shape[:1]:
        raise ValueError(f"there are rows of shape {rows.shape} and targets of shape {target.shape}; give (n, p), (n,)")
    for what, numbers in (("rows", rows), ("targets", target)):
        if not (np.abs(numbers) <= 1e100).all():
            raise ValueError(f"the {what} hold a number that is not finite, or beyond 1e100; remove or rescale it")
    chosen = loss if isinstance(loss, Loss) else _named(loss)
    adversary = _adversary(against, radius, norm)
    if chosen.of == "residuals":
        widest = float(np.ptp(target))
        if 0 < widest < LEAST:
            raise ValueError(f"the targets differ by {widest:g} at most, whose square rounds to 0; choose another unit")
        return RobustLoss(-rows, np.full(len(target), -1.0), target, chosen, adversary)
    if set(np.unique(target)) != {-1.0, 1.0}:
        raise ValueError(f"the {chosen.name} loss takes labels 1 and -1, both of them; code the targets so")
    return RobustLoss(target[:, None] * rows, target, np.zeros(len(target)), chosen, adversary)


def _named(loss: str) -> Loss:
    if loss not in LOSSES:
        raise ValueError(f"there is no loss {loss!r}; choose among {', '.join(LOSSES)}")
    return LOSSES[loss]()


def _adversary(against: str, radius: float, norm: float) -> Adversary:
    if against not in ADVERSARIES:
        raise ValueError(f"there is no adversary {against!r}; choose among {', '.join(ADVERSARIES)}")
    if norm not in ORDERS:
        raise ValueError(f"the norm is {norm!r}; choose 1, 2 or inf")
    if against == "cvar":
        if not 0 < radius <= 1:
            raise ValueError(f"the radius is {radius:g}; of cvar it is a share of the rows, above 0 and at most 1")
        return CVaR(radius) if radius < 1 else Perturbation(0.0)
    if not 0 <= radius < math.inf:
        raise ValueError(f"the radius is {radius:g}; it must be a number from 0")
    if against == "perturbation" or radius == 0:
        return Perturbation(radius, norm)
    if against == "wasserstein":
        return Wasserstein(radius, norm)
    return ChiSquared(radius) if against == "chi-squared" else KullbackLeibler(radius)


def _references(form: RobustLoss) -> list[Reference]:
    """Least squares in closed form, where nothing is moved or weighed."""
    if form.loss.name != "squares" or form.adversary != Perturbation(0.0, getattr(form.adversary, "order", 2)):
        return []

    def least() -> float:
        centred = form.centred
        rule = np.linalg.lstsq(np.column_stack([centred.A, centred.s]), -centred.k, rcond=None)[0]
        return centred.value(np.asarray(rule, dtype=np.float64))

    return [Reference("least squares (LAPACK)", least, tolerance=1e-9)]
