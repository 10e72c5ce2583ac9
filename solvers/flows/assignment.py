"""Transport between as many places, all with the same amount: an assignment, by shortest augmenting paths (SciPy).

In reduced costs of potentials that are nearly optimal most paths are a few pairs long, and all pairs can be usable.
Where many pairs cost about the same, places are taken in the order of their potentials, which shortens paths again;
where few do, that order would lengthen them.
Nothing is proven here: potentials of the costs as given are found for the plan afterwards.
"""

from __future__ import annotations

import numpy as np

from formulations.arithmetic.plans import Plan
from formulations.problem import Floats, Ints
from solvers.clock import Clock, abandonable
from solvers.flows.sinkhorn import reduced_costs

LITTLE, MANY = 5e-4, 20  # of the mean reduced cost: pairs of that at most cost about the same; many by place


def is_assignment(supply: Ints, demand: Ints) -> bool:
    """Whether all places send or want the same.

    >>> is_assignment(np.array([2, 2]), np.array([2, 2])), is_assignment(np.array([2, 2]), np.array([4]))
    (True, False)
    """
    return bool(len(supply) == len(demand) and (supply == supply[0]).all() and (demand == supply[0]).all())


def assigned(C: Floats, supply: Ints, f: Floats, clock: Clock) -> Plan | None:
    """The plan of least cost, C (n, n) and f potentials nearby (n,); None if there is no time for it.

    >>> assigned(np.array([[1.0, 2.0], [3.0, 9.0]]), np.array([5, 5]), np.zeros(2), Clock()).target.tolist()
    [1, 0]
    """
    from scipy.optimize import linear_sum_assignment

    f, R, g = reduced_costs(C, f)
    rows, columns = np.arange(len(f)), np.arange(len(g))
    little = LITTLE * float(R.mean())
    if np.count_nonzero(little >= R) > MANY * sum(R.shape):
        rows, columns = np.argsort(f), np.argsort(g)
        R = R[np.ix_(rows, columns)]
    try:
        source, target = abandonable(lambda: linear_sum_assignment(R), clock.left)
    except TimeoutError:
        return None
    return Plan(rows[source], columns[target], supply)
