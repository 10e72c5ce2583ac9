"""The value of a solution against independent algorithms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from threading import Thread

from formulations.problem import Reference
from solvers.clock import Clock
from solvers.solution import Check, Solution

LAST_PLACES = 1e-15  # relative to the numbers themselves: what rounding alone may do to them


def compare(references: Sequence[Reference], solution: Solution, clock: Clock, maximize: bool) -> list[Check]:
    """The value against every reference, relative to the problem's size; one that outlasts the clock is left out."""
    checks = []
    for reference in references:
        value = _within(clock.left, reference)
        if value is None or solution.value is None:
            continue
        if not math.isfinite(value):
            checks.append(Check(f"{reference.name}, which gives no number", reference.relation, None, False))
            continue
        slack = reference.tolerance * (solution.size or 0.0)
        slack += LAST_PLACES * max(abs(value), abs(solution.value))
        relation = reference.relation
        if solution.status != "optimal" and relation == "==":
            relation = "<=" if maximize else ">="
        low, high = solution.value >= value - slack, solution.value <= value + slack
        ok = {"==": low and high, ">=": low, "<=": high}[relation]
        checks.append(Check(reference.name, relation, value, bool(ok)))
    return checks


def _within(seconds: float, reference: Reference) -> float | None:
    """The reference's value, or None if it takes longer than that."""
    if seconds == math.inf:
        return reference.value()
    found: list[float] = []
    thread = Thread(target=lambda: found.append(reference.value()), daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    return found[0] if found else None
