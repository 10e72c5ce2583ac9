"""Traces over orthonormal frames."""

from __future__ import annotations

from typing import Any

from formulations.problem import SearchProblem
from solvers import judge
from solvers.findings import Findings
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options
from solvers.spectral.eigen import Eigen, solve_frames

MEETS = judge.MEETS


def names(problem: SearchProblem) -> tuple[str, ...]:
    """The one that there is; the problem's model, if it has one, is a semidefinite program."""
    return (Eigen.name,)


def settings(problem: SearchProblem, solver: Any) -> Eigen | None:
    """Eigenvectors."""
    if solver is None or solver == Eigen.name:
        return Eigen()
    return solver if isinstance(solver, Eigen) else None


def refuse(problem: SearchProblem, solver: Eigen, options: Options) -> None:
    """A start."""
    if options.start is not None:
        raise ValueError("eigen takes no start; leave it out")


def run(problem: SearchProblem, solver: Eigen, options: Options) -> tuple[Searched, Findings]:
    """The frame, and the eigenpairs that bound it."""
    return solve_frames(problem, solver, clock=options.clock, seed=options.seed, report=options.report)
