"""Which of a question's demands contradict each other: as few as it takes, by leaving out one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from formulations.problem import Problem

SECONDS = 2.0  # for all attempts together
Demand = TypeVar("Demand")


def conflict(
    demands: Sequence[Demand], stated: Callable[[list[Demand]], Problem], seconds: float = SECONDS
) -> tuple[list[Demand], bool]:
    """Demands that admit no answer together, and whether without any one of them there is one (none was in doubt).

    demands  all that were made, which admit no answer;  stated  some of them -> the problem under these alone
    A deletion filter (Chinneck, Feasibility and Infeasibility in Optimization, ch. 6); what is left when the seconds
    are over is a contradiction, if perhaps not a smallest one.

    >>> import cvxpy as cp
    >>> from formulations.problem import of_cvxpy
    >>> x = cp.Variable(name="x", integer=True)
    >>> rows = {"a": x >= 1, "b": x <= 5, "c": x <= 0}
    >>> conflict(["a", "b", "c"], lambda some: of_cvxpy(cp.Problem(cp.Minimize(x), [x >= -9, *map(rows.get, some)])))
    (['a', 'c'], True)
    """
    from solvers import solve

    needed, sure, until = list(demands), True, time.monotonic() + seconds
    for demand in demands:
        rest, left = [other for other in needed if other is not demand], until - time.monotonic()
        if left <= 0:
            return needed, False
        try:
            found = solve(stated(rest), time_limit=left)
        except ValueError:  # said of the rest without solving anything
            needed = rest
            continue
        if found.status == "infeasible":
            needed = rest
        sure &= found.status == "infeasible" or found.answer is not None
    return needed, sure


def in_words(needed: Sequence[str], sure: bool, nothing: str) -> str:
    """The contradiction in a sentence; `nothing` is what there is none of.

    >>> in_words(["the limit toll <= 3", "the required node C"], True, "path from A to B")
    'the limit toll <= 3, together with the required node C, admits no path from A to B; without either one exists'
    """
    first, *rest = needed
    others = " and ".join([", ".join(rest[:-1]), rest[-1]] if len(rest) > 1 else rest)
    told = f"{first}, together with {others}, admits" if rest else f"{first} admits"
    which = "either" if len(rest) == 1 else "any one of them"
    if not sure:
        return f"{told} no {nothing}; perhaps less than that contradicts itself already"
    return f"{told} no {nothing}" + (f"; without {which} one exists" if rest else "")
