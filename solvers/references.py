"""The value of a solution against independent algorithms."""

from __future__ import annotations

import math
from threading import Thread

from formulations.problem import Arrangement, Problem, Reference, SaddleProblem
from solvers.clock import Clock
from solvers.solution import Check, Solution


def compare(
    problem: Problem | Arrangement | SaddleProblem, solution: Solution, clock: Clock, scale: float = 0.0
) -> list[Check]:
    """The value against every reference, relative to both and the scale; one that outlasts the clock is left out."""
    checks = []
    for reference in problem.references:
        value = _within(clock.left, reference)
        if value is None or solution.value is None:
            continue
        slack = reference.tolerance * max(abs(value), abs(solution.value), scale)
        relation = reference.relation
        if solution.status != "optimal" and relation == "==":
            relation = "<=" if _sense(problem) == "maximize" else ">="
        low, high = solution.value >= value - slack, solution.value <= value + slack
        ok = {"==": low and high, ">=": low, "<=": high}[relation]
        checks.append(Check(reference.name, relation, value, bool(ok)))
    return checks


def _sense(problem: Problem | Arrangement | SaddleProblem) -> str:
    match problem:
        case Arrangement():
            return problem.sense
        case SaddleProblem():
            return "maximize"
    return str(problem.objective.NAME)


def _within(seconds: float, reference: Reference) -> float | None:
    """The reference's value, or None if it takes longer than that."""
    if seconds == math.inf:
        return reference.value()
    found: list[float] = []
    thread = Thread(target=lambda: found.append(reference.value()), daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    return found[0] if found else None
