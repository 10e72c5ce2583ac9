"""A SearchProblem as the judge sees it: values by its objective, bounds by its weak duals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from formulations.problem import Number, Ordering, PathLength, QuadraticAssignment, SearchProblem, Values
from formulations.problem.search import ROUNDING
from solvers.findings import Evidence
from solvers.solution import gap_in_words


class Searched:
    """What the judge asks of a problem (solvers.findings.Judged), for a SearchProblem; each bound is computed once."""

    level: float | None = None

    def __init__(self, problem: SearchProblem) -> None:
        """The problem."""
        self.exact = problem.exact
        self.problem, self.references = problem, problem.references
        self.maximize, self.membership = problem.maximize, problem.membership
        self._bounds: dict[tuple[str, int], tuple[Any, Number]] = {}

    def broken(self, candidate: Any) -> str | None:
        """The constraint that the candidate violates, in words; None if it is feasible."""
        return self.problem.broken(candidate)

    def value(self, candidate: Any) -> Number:
        """The objective value."""
        return self.problem.objective.value(candidate)

    def bound(self, kind: str, certificate: Any) -> Number:
        """The bound that the weak dual of that name proves by the certificate; infinite if there is no such dual."""
        key = (kind, id(certificate))
        if key not in self._bounds:
            nothing = math.inf if self.maximize else -math.inf
            duals = [dual for dual in self.problem.weak_duals if dual.name == kind]
            self._bounds[key] = (certificate, duals[0].bound(certificate) if duals else nothing)
        return self._bounds[key][1]

    def endless(self, candidate: Any, ray: Any) -> bool:
        """No direction proves anything here."""
        return False

    def size(self, candidate: Any) -> float:
        """The size of the objective, for relative gaps."""
        return self.problem.objective.size(candidate)

    def slack(self, candidate: Any) -> float:
        """The rounding error that a value may have."""
        return 0.0 if self.exact else ROUNDING * self.size(candidate)

    def solved(self, candidate: Any) -> tuple[Any, Values]:
        """The answer and the values of the variables."""
        return self.problem.answer(candidate), self.problem.values(candidate)

    def evidence(self, kind: str, certificate: Any) -> Evidence:
        """The certificate, for whoever checks it again."""
        shown = next(dual.multipliers for dual in self.problem.weak_duals if dual.name == kind)
        return Evidence(shown(certificate), proof=certificate)

    def distance(self, value: float, bound: float, gap: float) -> str:
        """The gap as a share of the range from a random order to this one, where that is known, in words."""
        share = percent_of_range(self.problem, value, bound)
        if share is None:
            return gap_in_words(gap)
        if share > 100:
            return "the bounds say nothing useful"
        return f"the best could be better by {share:.3g} % of the range from a random order to this one"


def percent_of_range(problem: SearchProblem, value: float, bound: float) -> float | None:
    """100 |value - bound| / |value - mean value of all orders|; None if the mean is unknown or no worse than value."""
    mean = random_value(problem.objective)
    if mean is None:
        return None
    span = (value - mean) * (1 if problem.maximize else -1)
    return 100 * abs(value - bound) / span if span > 0 else None


def random_value(form: Any) -> float | None:
    """The mean value over all orders, where it has a formula.

    >>> distances = np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> random_value(QuadraticAssignment(np.ones((3, 3)), distances))
    8.0
    """
    if isinstance(form, PathLength):
        n = form.n
        return float((form.D.sum() - np.trace(form.D)) / n) if n > 1 else 0.0
    if isinstance(form, Ordering):
        return None if form.mean is None else form.mean()
    if not isinstance(form, QuadraticAssignment):
        return None
    (loops_A, rest_A), (loops_B, rest_B) = ((np.trace(M), M.sum() - np.trace(M)) for M in (form.A, form.B))
    n = len(form.A)
    mean = loops_A * loops_B / n + rest_A * rest_B / max(n * (n - 1), 1)
    return float(form.scale * mean + form.offset)
