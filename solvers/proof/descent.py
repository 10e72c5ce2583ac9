"""Unbounded linear and integer programs: a direction in which the costs fall without end from any feasible point.

x + t d is feasible with x for all t >= 0, and integral for whole t, if d is integral and no side stands in its way:

    A d >= 0 where rows have a lower side, <= 0 where they have an upper one,    d the same by the bounds,    c'd < 0.

There is such a d if and only if no multipliers bound the costs, that is if no y has (Farkas)

    (A'y)_j >= c_j where x_j has no lower bound, <= c_j where it has no upper one,    y_i >= 0 where row i has no upper
    side, <= 0 where it has no lower one.

So d is what contradicts that system: it is found, and made exact, as any proof of infeasibility is. A rational d has
integral multiples, and so an integer program with a feasible point is unbounded if its relaxation is (Meyer 1974).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.exact import as_integers, dot, product
from solvers.proof.certificate import ExactModel
from solvers.proof.form import StandardForm


def bounding_system(form: StandardForm) -> StandardForm:
    """The multipliers that bound the costs of the form, these scaled to at most 1, as a program without costs."""
    (m, n), c = form.A.shape, np.ldexp(form.c, -int(np.frexp(np.abs(form.c).max(initial=0))[1]))
    return StandardForm(
        c=np.zeros(m),
        offset=0.0,
        A=csr_array(form.A.T),
        row_lower=np.where(form.lower == -np.inf, c, -np.inf),
        row_upper=np.where(form.upper == np.inf, c, np.inf),
        lower=np.where(form.row_upper < np.inf, -np.inf, 0.0),
        upper=np.where(form.row_lower > -np.inf, np.inf, 0.0),
        integral=np.zeros(m, dtype=bool),
        maximize=False,
        columns={"y": (slice(0, m), (m,))},
        names={"x": slice(0, n)},
    )


def falls_without_end(model: ExactModel, d: Any) -> bool:
    """Whether the costs fall without end along d, integers (n,), from any feasible point; exact.

    Constraints that are found lazily could stand in its way, so that nothing is known where there are any.
    """
    form = model.form
    if model.families or not isinstance(d, np.ndarray) or d.shape != form.c.shape:
        return False
    if not all(isinstance(part, int) for part in d.tolist()):
        return False
    d = as_integers(d.tolist())
    along = product(form.A, d, model.entries)
    for moved, lower, upper in ((d, form.lower, form.upper), (along, form.row_lower, form.row_upper)):
        if ((moved < 0).astype(bool) & (lower > -np.inf)).any() or ((moved > 0).astype(bool) & (upper < np.inf)).any():
            return False
    return dot(model.cost, d) < 0
