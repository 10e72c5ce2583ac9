"""Kinds of searched problem that one solver takes, which needs no start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from formulations.problem import SearchProblem
from solvers import judge
from solvers.convex import robust_rules, unfolding
from solvers.convex.localising import Relaxation, solve_places
from solvers.convex.robust_rules import RobustRules, solve_rules
from solvers.convex.unfolding import PathFollowing, solve_unfolding
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
from solvers.networks.splitting import Splitting, solve_robust_accuracy
from solvers.spectral import alm
from solvers.spectral.alm import Alm, solve_split
from solvers.spectral.eigen import Eigen, solve_frames
from solvers.spectral.supports import Supports, solve_supports

Solve = Callable[[SearchProblem, Any, Options], tuple[Searched, Findings]]


@dataclass(frozen=True)
class Single:
    """What a Kind says, by its solver: a class whose fields are the settings, and the function that runs it."""

    solver: Any
    solve: Solve
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


def asking(solve: Callable[..., tuple[Searched, Findings]], *names: str) -> Solve:
    """The function that runs a solver, told the clock, whom to report to, and what is asked by those names."""

    def run(problem: SearchProblem, solver: Any, asked: Options) -> tuple[Searched, Findings]:
        told = {name: getattr(asked, name) for name in ("clock", "report", *names)}
        return solve(problem, solver, **told)

    return run


TRANSPORT = Single(MinCostFlow, asking(solve_transport, "gap"))
LINE = Single(Sorting, lambda problem, _, asked: solve_sorted(problem, clock=asked.clock))
FRAMES = Single(Eigen, asking(solve_frames, "seed"))
LOW_RANK = Single(Alm, asking(solve_split, "gap"), alm.MEETS)
SUPPORTS = Single(Supports, asking(solve_supports, "gap"))
HIERARCHIES = Single(
    Agglomeration,
    lambda problem, _, asked: solve_hierarchy(
        problem, clock=asked.clock, gap=judge.MEETS if asked.gap is None else asked.gap, report=asked.report
    ),
)
DEEPEST = Single(Deepest, asking(solve_deepest, "seed"))
HALFSPACES = Single(Halfspaces, asking(solve_halfspaces, "seed"))
ROW_SUBSETS = Single(FastMcd, asking(solve_subset, "seed"))
LOCATION = Single(Newton, asking(solve_location, "gap"))
PLACES = Single(Relaxation, asking(solve_places, "seed"))
STRESS = Single(Smacof, asking(solve_stress, "seed"))
RULES = Single(RobustRules, asking(solve_rules, "gap"), robust_rules.MEETS)
NETWORKS = Single(Splitting, asking(solve_robust_accuracy, "seed"))
TSNE = Single(Tsne, asking(solve_tsne, "seed"))
UNFOLDINGS = Single(PathFollowing, asking(solve_unfolding, "gap"), unfolding.MEETS)
