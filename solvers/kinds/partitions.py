"""Searches over partitions."""

from __future__ import annotations

from typing import Any

from formulations.problem import SearchProblem
from solvers.findings import Findings
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options
from solvers.partitions import search
from solvers.partitions.search import Partitions

MEETS = search.MEETS


def names(problem: SearchProblem) -> tuple[str, ...]:
    """The one that there is."""
    return (search.NAME,)


def settings(problem: SearchProblem, solver: Any) -> Partitions | None:
    """Local search, then cases."""
    if solver is None or solver == search.NAME:
        return Partitions()
    return solver if isinstance(solver, Partitions) else None


def refuse(problem: SearchProblem, solver: Partitions, options: Options) -> None:
    """A start that is no such partition."""
    if options.start is not None:
        wrong = problem.broken(options.start)
        if wrong is not None:
            raise ValueError(f"the start breaks {wrong}; give labels of such a partition")


def run(problem: SearchProblem, solver: Partitions, options: Options) -> tuple[Searched, Findings]:
    """The best labels found, and what proves how good they are."""
    return search.search_partitions(
        problem,
        solver,
        clock=options.clock,
        gap=options.gap,
        seed=options.seed,
        start=options.start,
        report=options.report,
    )
