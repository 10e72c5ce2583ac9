"""Newton's method for rules under smooth losses: mean of l(k + A w + s b) + r |w|, which is smooth where w is not 0.

    gradient  mean of l'(z) (a, s)  +  r (w / |w|, 0)
    Hessian   mean of l''(z) (a, s) (a, s)'  +  r / |w| (I - w w' / |w|^2)

The first step is taken from w = 0 as if r were 0.
"""

from __future__ import annotations

import numpy as np

from formulations.ambiguity.robust_loss import Perturbation, RobustLoss, Wasserstein
from formulations.problem import Floats
from solvers.clock import Clock

ITERATIONS, HALVINGS = 50, 40
DECREASE = 1e-4  # of what the gradient promises, that a step must bring
FLAT = 1e-15  # of the value: what the gradient promises that is not worth a step


def applies(form: RobustLoss) -> bool:
    """Whether the loss is smooth, and moves are of no consequence or measured in the Euclidean norm."""
    adversary = form.adversary
    if form.loss.curvature is None or not isinstance(adversary, Perturbation | Wasserstein):
        return False
    return not adversary.radius or (
        isinstance(adversary, Wasserstein) and adversary.order == 2 and np.isfinite(form.loss.steepest)
    )


def by_newton(form: RobustLoss, columns: Floats, clock: Clock) -> Floats | None:
    """The rule, in columns of those units, where w is not 0 and there is time; None where the steps do not settle."""
    assert isinstance(form.adversary, Perturbation | Wasserstein)
    curvature = form.loss.curvature
    assert curvature is not None
    n, p = form.A.shape
    rows, loss = np.column_stack([form.A, form.s]), form.loss
    r = form.adversary.radius * loss.steepest if form.adversary.radius else 0.0
    per = 1 / columns

    def value(x: Floats) -> float:
        return float(loss.value(form.k + rows @ x).mean()) + r * float(np.linalg.norm(per * x[:p]))

    x = np.zeros(p + 1)
    for iteration in range(ITERATIONS):
        if clock.left <= 0:
            return None
        z = form.k + rows @ x
        gradient, hessian = rows.T @ loss.slope(z) / n, (rows * curvature(z)[:, None]).T @ rows / n
        length = float(np.linalg.norm(per * x[:p]))
        if r and iteration:
            along = per * x[:p] / length if length else per * x[:p]
            gradient[:p] += r * per * along
            hessian[:p, :p] += r / max(length, 1e-300) * (np.diag(per**2) - np.outer(per * along, per * along))
        hessian += 1e-13 * np.trace(hessian) * np.eye(p + 1)
        try:
            step = np.linalg.solve(hessian, -gradient)
        except np.linalg.LinAlgError:  # no row is where the loss is curved
            return None
        promised = -float(gradient @ step)
        now = value(x)
        if not promised > FLAT * now:
            return x if np.isfinite(promised) else None
        size = next((t for t in 0.5 ** np.arange(HALVINGS) if value(x + t * step) <= now - DECREASE * t * promised), 0)
        if not size:
            return x if promised <= np.sqrt(FLAT) * now else None
        x = x + size * step
    return None
