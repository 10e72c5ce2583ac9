"""Hierarchies of clusters."""

from __future__ import annotations

from typing import Any

from formulations.problem import SearchProblem
from solvers import judge
from solvers.findings import Findings
from solvers.hierarchies.agglomeration import Agglomeration, solve_hierarchy
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options

MEETS = judge.MEETS


def names(problem: SearchProblem) -> tuple[str, ...]:
    """The one that there is."""
    return (Agglomeration.name,)


def settings(problem: SearchProblem, solver: Any) -> Agglomeration | None:
    """Agglomeration."""
    if solver is None or solver == Agglomeration.name:
        return Agglomeration()
    return solver if isinstance(solver, Agglomeration) else None


def refuse(problem: SearchProblem, solver: Agglomeration, options: Options) -> None:
    """A start."""
    if options.start is not None:
        raise ValueError("agglomeration takes no start; leave it out")


def run(problem: SearchProblem, solver: Agglomeration, options: Options) -> tuple[Searched, Findings]:
    """The hierarchies, and what bounds all others."""
    gap = MEETS if options.gap is None else options.gap
    return solve_hierarchy(problem, clock=options.clock, gap=gap, report=options.report)
