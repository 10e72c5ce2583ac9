"""Positions of points some of whose distances are known."""

from __future__ import annotations

from typing import Any

from formulations.problem import SearchProblem
from solvers import judge
from solvers.convex.localising import NAME, Relaxation, solve_places
from solvers.findings import Findings
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options

MEETS = judge.MEETS


def names(problem: SearchProblem) -> tuple[str, ...]:
    """The one that there is."""
    return (NAME,)


def settings(problem: SearchProblem, solver: Any) -> Relaxation | None:
    """The semidefinite relaxation."""
    if solver is None or solver == NAME:
        return Relaxation()
    return solver if isinstance(solver, Relaxation) else None


def refuse(problem: SearchProblem, solver: Relaxation, options: Options) -> None:
    """A start."""
    if options.start is not None:
        raise ValueError(f"{NAME} takes no start; leave it out")


def run(problem: SearchProblem, solver: Relaxation, options: Options) -> tuple[Searched, Findings]:
    """The positions, and the weights that bound them."""
    return solve_places(problem, solver, clock=options.clock, report=options.report)
