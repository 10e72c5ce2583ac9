"""A rule's largest mean loss under an adversary as a convex program of cvxpy, in which the adversary has no part."""

from __future__ import annotations

import math
from typing import Any

from formulations.ambiguity.robust_loss import Perturbation, RobustLoss, Wasserstein
from formulations.problem import Floats, Problem


def robust_program(form: RobustLoss, unit: Floats | None = None) -> Problem:
    """The same for conic solvers: "rows" is z, "losses" bounds the rows' losses; coefficients w in those units.

    >>> from solvers import solve
    >>> from formulations.robust_regression import robust_loss
    >>> form = robust_loss([[0.0], [1.0]], [0.0, 1.0], "squares", "wasserstein", 1.0)
    >>> round(solve(robust_program(form)).value, 6)  # the root: w = 0 and b = 1/2 leave 1/2
    0.5
    """
    import cvxpy as cp

    (n, p), loss, adversary = form.A.shape, form.loss, form.adversary
    w, b, z = cp.Variable(p, name="w"), cp.Variable(name="b"), cp.Variable(n, name="z")
    losses = cp.Variable(n, name="losses")
    plain = form.k + form.A @ w + b * form.s
    reach: Any = 0.0
    if isinstance(adversary, Perturbation | Wasserstein) and adversary.radius:
        lengths = w if unit is None else cp.multiply(1 / unit, w)  # type: ignore[attr-defined]
        dual = {1: "inf", 2: 2, math.inf: 1}[adversary.order]
        reach = adversary.radius * cp.norm(lengths, dual)  # type: ignore[attr-defined]
    rows = {"rows": z == plain}
    if not isinstance(adversary, Perturbation | Wasserstein):
        worst, also = adversary.stated(losses)
        return Problem(objective=cp.Minimize(worst), subject_to={**rows, "losses": loss.stated(z) <= losses, **also})
    if isinstance(adversary, Wasserstein) and math.isinf(loss.steepest):
        root = cp.norm(z) / math.sqrt(n)  # type: ignore[attr-defined]
        return Problem(objective=cp.Minimize(root + reach), subject_to=rows)
    at, charge = z, 0.0
    if isinstance(adversary, Wasserstein):
        charge = loss.steepest * reach
    elif adversary.radius and loss.of == "margins":
        rows = {"rows": z + reach <= plain}
    elif adversary.radius:
        at = cp.Variable(n, name="pushed", nonneg=True)
        rows["pushed"] = cp.abs(z) + reach <= at  # type: ignore[attr-defined]
    mean = cp.sum(losses) / n  # type: ignore[attr-defined]
    return Problem(objective=cp.Minimize(mean + charge), subject_to={**rows, "losses": loss.stated(at) <= losses})
