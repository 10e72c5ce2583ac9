"""Searches over orders."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from formulations.problem import SearchProblem
from solvers import judge
from solvers.findings import Findings
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options
from solvers.orders import search
from solvers.orders.search import OrderSolver

MEETS = judge.MEETS


def names(problem: SearchProblem) -> tuple[str, ...]:
    """All of them: what a search does not take depends on the objective and on the number of items."""
    return search.NAMES


def settings(problem: SearchProblem, solver: Any) -> OrderSolver | None:
    """By default what suits the objective and the number of items."""
    if solver is None:
        return OrderSolver(search.suited(problem))
    if isinstance(solver, str):
        return OrderSolver(solver) if solver in search.NAMES else None
    return solver if isinstance(solver, OrderSolver) else None


def refuse(problem: SearchProblem, solver: OrderSolver, options: Options) -> None:
    """Too many items, another objective, a start that is no order."""
    search.refuse_orders(problem, solver.name, options.start)


def run(problem: SearchProblem, solver: OrderSolver, options: Options) -> tuple[Searched, Findings]:
    """The best order found, and the bounds that there was time for."""
    device = cache(partial(options.device_where, True))  # torch takes a second to load: only if needed
    if options.device == "cuda" and solver.name != "subsets":
        device()
    return search.search_orders(
        problem,
        solver.name,
        clock=options.clock,
        seed=options.seed,
        device=device,
        start=options.start,
        report=options.report,
    )
