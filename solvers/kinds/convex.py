"""Convex problems that are not linear."""

from __future__ import annotations

from typing import Any

from formulations.problem import Problem
from solvers import conic
from solvers.clock import Clock
from solvers.conic import Conic
from solvers.findings import Findings, Judged
from solvers.integer.programs import BranchAndCut, solve_program
from solvers.kinds.kind import Options

MEETS = conic.MEETS


def names(problem: Problem) -> tuple[str, ...]:
    """All of them, unless the problem is linear."""
    return () if problem.is_linear else conic.NAMES


def settings(problem: Problem, solver: Any) -> Conic | None:
    """By default clarabel."""
    if solver is None:
        return Conic()
    if isinstance(solver, str):
        return Conic(solver) if solver in conic.NAMES else None
    return solver if isinstance(solver, Conic) else None


def refuse(problem: Problem, solver: Conic, options: Options) -> None:
    """What is linear, and what is not convex."""
    conic.refuse_convex(problem, solver.name)


def run(problem: Problem, solver: Conic, options: Options) -> tuple[Judged, Findings]:
    """What the conic solver finds or, where constraints contradict each other, the exact proof of that."""
    program, found = conic.solve_convex(problem, solver.name, options.clock, options.start)
    contradiction = _contradiction(problem, options.clock) if found.ended == "infeasible" else None
    return contradiction or (program, found)


def _contradiction(problem: Problem, clock: Clock) -> tuple[Judged, Findings] | None:
    """What a linear program's solver finds of the constraints alone, if they are linear and contradict each other."""
    import cvxpy as cp

    alone = Problem(objective=cp.Minimize(0), subject_to=problem.subject_to)
    if not alone.variables or not alone.is_linear or clock.left <= 0:
        return None
    program, found = solve_program(
        alone, BranchAndCut("highs"), clock=clock, gap=None, seed=0, device="cpu", start=None, report=lambda _: None
    )
    return (program, found) if found.ended == "infeasible" else None
