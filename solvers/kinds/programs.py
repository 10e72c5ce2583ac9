"""Linear and mixed-integer programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from formulations.problem import Problem
from solvers import conic, judge
from solvers.findings import Findings
from solvers.integer import programs
from solvers.integer.programs import FirstOrder, Solver
from solvers.kinds.kind import Options
from solvers.proof.program import ExactProgram

MEETS = judge.MEETS


def names(problem: Problem) -> tuple[str, ...]:
    """Those that take its integers, its families and what else it has."""
    if not problem.is_linear:
        return ()
    continuous = any(not v.attributes["integer"] and not v.attributes["boolean"] for v in problem.variables.values())
    listed = programs.LAZY if problem.families else programs.NAMES[:-1]
    others = tuple(name for name in listed if name != "cp-sat" or not continuous)
    return (*others, "combinatorial") if programs.has_algorithm(problem) else others


def settings(problem: Problem, solver: Any) -> Solver | None:
    """By default the one that programs.suited names, of linear models."""
    if solver is None:
        return programs.suited(problem) if problem.is_linear else None
    if isinstance(solver, str):
        return programs.by_name(solver) if solver in programs.NAMES else None
    if hasattr(solver, "averaging"):  # a DescentAscent: torch need not be loaded to tell
        raise ValueError(f"{solver.name}, as it is set up here, plays saddle problems only; give its name alone")
    return solver if isinstance(solver, Solver) else None


def refuse(problem: Problem, solver: Solver, options: Options) -> None:
    """A model that is not linear, and what the solver does not take."""
    conic.refuse_nonlinear(problem, solver.name)
    programs.refuse_program(problem, solver, options.warm_start)


def run(problem: Problem, solver: Solver, options: Options) -> tuple[ExactProgram, Findings]:
    """By exact arithmetic, whatever the solver says."""
    return programs.solve_program(
        problem,
        replace(solver, warm_start=True) if options.warm_start else solver,  # type: ignore[type-var]
        clock=options.clock,
        gap=options.gap,
        seed=options.seed,
        device=options.device_where(isinstance(solver, FirstOrder)),
        start=options.start,
        report=options.report,
    )
