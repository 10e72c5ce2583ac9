"""Kinds of searched problem that one solver takes, which needs no start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from formulations.problem import SearchProblem
from solvers import judge
from solvers.convex import robust_rules
from solvers.convex.localising import Relaxation, solve_places
from solvers.convex.robust_rules import RobustRules, solve_rules
from solvers.findings import Findings
from solvers.flows.min_cost_flow import MinCostFlow, solve_transport
from solvers.flows.sorting import Sorting, solve_sorted
from solvers.hierarchies.agglomeration import Agglomeration, solve_hierarchy
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options
from solvers.location.deepest import Deepest, solve_deepest
from solvers.location.fast_mcd import FastMcd, solve_subset
from solvers.location.halfspaces import Halfspaces, solve_halfspaces
from solvers.location.newton import Newton, solve_location
from solvers.maps.smacof import Smacof, solve_stress
from solvers.maps.tsne import Tsne, solve_tsne
from solvers.spectral import alm
from solvers.spectral.alm import Alm, solve_split
from solvers.spectral.eigen import Eigen, solve_frames
from solvers.spectral.supports import Supports, solve_supports


@dataclass(frozen=True)
class Single:
    """What a Kind says, by its solver: a class whose fields are the settings, and the function that runs it."""

    solver: Any
    solve: Callable[[SearchProblem, Any, Options], tuple[Searched, Findings]]
    MEETS: float = judge.MEETS

    def names(self, problem: SearchProblem) -> tuple[str, ...]:
        """The one that there is; the problem's model, if it has one, is of another kind."""
        return (self.solver.name,)

    def settings(self, problem: SearchProblem, solver: Any) -> Any:
        """The solver as it is given, or with its default settings."""
        if solver is None or solver == self.solver.name:
            return self.solver()
        return solver if isinstance(solver, self.solver) else None

    def refuse(self, problem: SearchProblem, solver: Any, options: Options) -> None:
        """A start."""
        if options.start is not None:
            raise ValueError(f"{self.solver.name} takes no start; leave it out")

    def run(self, problem: SearchProblem, solver: Any, options: Options) -> tuple[Searched, Findings]:
        """The answer, and what bounds all others."""
        return self.solve(problem, solver, options)


TRANSPORT = Single(
    MinCostFlow,
    lambda problem, solver, asked: solve_transport(
        problem, solver, clock=asked.clock, gap=asked.gap, report=asked.report
    ),
)
LINE = Single(Sorting, lambda problem, _, asked: solve_sorted(problem, clock=asked.clock))
FRAMES = Single(
    Eigen,
    lambda problem, solver, asked: solve_frames(
        problem, solver, clock=asked.clock, seed=asked.seed, report=asked.report
    ),
)
LOW_RANK = Single(
    Alm,
    lambda problem, solver, asked: solve_split(problem, solver, clock=asked.clock, gap=asked.gap, report=asked.report),
    alm.MEETS,
)
SUPPORTS = Single(
    Supports,
    lambda problem, solver, asked: solve_supports(
        problem, solver, clock=asked.clock, gap=asked.gap, report=asked.report
    ),
)
HIERARCHIES = Single(
    Agglomeration,
    lambda problem, _, asked: solve_hierarchy(
        problem, clock=asked.clock, gap=judge.MEETS if asked.gap is None else asked.gap, report=asked.report
    ),
)
DEEPEST = Single(
    Deepest,
    lambda problem, solver, asked: solve_deepest(
        problem, solver, clock=asked.clock, seed=asked.seed, report=asked.report
    ),
)
HALFSPACES = Single(
    Halfspaces,
    lambda problem, solver, asked: solve_halfspaces(
        problem, solver, clock=asked.clock, seed=asked.seed, report=asked.report
    ),
)
ROW_SUBSETS = Single(
    FastMcd, lambda problem, _, asked: solve_subset(problem, clock=asked.clock, seed=asked.seed, report=asked.report)
)
LOCATION = Single(
    Newton,
    lambda problem, solver, asked: solve_location(
        problem, solver, clock=asked.clock, gap=asked.gap, report=asked.report
    ),
)
PLACES = Single(
    Relaxation,
    lambda problem, solver, asked: solve_places(
        problem, solver, clock=asked.clock, seed=asked.seed, report=asked.report
    ),
)
STRESS = Single(
    Smacof,
    lambda problem, solver, asked: solve_stress(
        problem, solver, clock=asked.clock, seed=asked.seed, report=asked.report
    ),
)
RULES = Single(
    RobustRules,
    lambda problem, solver, asked: solve_rules(problem, solver, clock=asked.clock, gap=asked.gap, report=asked.report),
    robust_rules.MEETS,
)
TSNE = Single(
    Tsne,
    lambda problem, solver, asked: solve_tsne(problem, solver, clock=asked.clock, seed=asked.seed, report=asked.report),
)
