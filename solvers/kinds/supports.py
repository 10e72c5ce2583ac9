"""Directions with few entries that are not 0."""

from __future__ import annotations

from typing import Any

from formulations.problem import SearchProblem
from solvers import judge
from solvers.findings import Findings
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options
from solvers.spectral.supports import Supports, solve_supports

MEETS = judge.MEETS


def names(problem: SearchProblem) -> tuple[str, ...]:
    """The one that there is."""
    return (Supports.name,)


def settings(problem: SearchProblem, solver: Any) -> Supports | None:
    """Branch and bound among supports."""
    if solver is None or solver == Supports.name:
        return Supports()
    return solver if isinstance(solver, Supports) else None


def refuse(problem: SearchProblem, solver: Supports, options: Options) -> None:
    """A start."""
    if options.start is not None:
        raise ValueError("supports takes no start; leave it out")


def run(problem: SearchProblem, solver: Supports, options: Options) -> tuple[Searched, Findings]:
    """The direction, and the tree that bounds all others."""
    return solve_supports(problem, solver, clock=options.clock, gap=options.gap, report=options.report)
