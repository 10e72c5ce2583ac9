"""Transport on the line by serving places in their order, and the staircase of pairs that proves it best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formulations.arithmetic.plans import LineTransportation
from formulations.problem import Bools, Ints, SearchProblem
from solvers.clock import Clock
from solvers.findings import Findings
from solvers.flows.min_cost_flow import KIND, corner_plan
from solvers.judged.searched import Searched


@dataclass(frozen=True)
class Sorting:
    """The monotone plan (formulations.monotone_transport)."""

    name = "sorting"


def solve_sorted(problem: SearchProblem, *, clock: Clock) -> tuple[Searched, Findings]:
    """The plan and the staircase: a moment's work, whatever the time limit is."""
    form = problem.objective
    assert isinstance(form, LineTransportation)
    built = clock.elapsed
    plan, staircase = corner_plan(form.supply, form.demand), staircase_of(form.supply, form.demand)
    return Searched(problem), Findings(
        solver=Sorting.name,
        ended="optimal",
        candidates=[plan],
        certificates=[(KIND, staircase)],
        note=form.said,
        stats={"interrupted": False, "build_seconds": built, "solve_seconds": clock.elapsed - built},
    )


def staircase_of(supply: Ints, demand: Ints) -> Bools:
    """Whether each step along the pairs of the corner plan leads to the next source, not target: bool (m + n - 2,).

    >>> staircase_of(np.array([2, 1]), np.array([1, 2])).tolist()
    [False, True]
    """
    served = np.r_[np.cumsum(supply)[:-1], np.cumsum(demand)[:-1]]
    return np.asarray(np.argsort(served, kind="stable") < len(supply) - 1)
