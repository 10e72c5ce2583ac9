"""Transport."""

from __future__ import annotations

from typing import Any

from formulations.problem import SearchProblem
from solvers import judge
from solvers.findings import Findings
from solvers.flows.min_cost_flow import MinCostFlow, solve_transport
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options

MEETS = judge.MEETS


def names(problem: SearchProblem) -> tuple[str, ...]:
    """The one that there is; the problem's model, if it has one, is a linear program."""
    return (MinCostFlow.name,)


def settings(problem: SearchProblem, solver: Any) -> MinCostFlow | None:
    """Flows of least cost."""
    if solver is None or solver == MinCostFlow.name:
        return MinCostFlow()
    return solver if isinstance(solver, MinCostFlow) else None


def refuse(problem: SearchProblem, solver: MinCostFlow, options: Options) -> None:
    """A start."""
    if options.start is not None:
        raise ValueError("min-cost-flow takes no start; leave it out")


def run(problem: SearchProblem, solver: MinCostFlow, options: Options) -> tuple[Searched, Findings]:
    """The plan and the potentials."""
    return solve_transport(problem, solver, clock=options.clock, gap=options.gap, report=options.report)
