"""Sums of a matrix of low rank and a sparse one."""

from __future__ import annotations

from typing import Any

from formulations.problem import SearchProblem
from solvers.findings import Findings
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options
from solvers.spectral import alm
from solvers.spectral.alm import Alm, solve_split

MEETS = alm.MEETS


def names(problem: SearchProblem) -> tuple[str, ...]:
    """The one that there is; the problem's model, if it has one, is a conic program."""
    return (Alm.name,)


def settings(problem: SearchProblem, solver: Any) -> Alm | None:
    """The augmented Lagrangian method."""
    if solver is None or solver == Alm.name:
        return Alm()
    return solver if isinstance(solver, Alm) else None


def refuse(problem: SearchProblem, solver: Alm, options: Options) -> None:
    """A start."""
    if options.start is not None:
        raise ValueError("alm takes no start; leave it out")


def run(problem: SearchProblem, solver: Alm, options: Options) -> tuple[Searched, Findings]:
    """The split, and the dual matrix that bounds it."""
    return solve_split(problem, solver, clock=options.clock, gap=options.gap, report=options.report)
