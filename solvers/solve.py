"""solve(problem): choose a solver, refuse what it cannot do, run it, and let the judge say what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from formulations.ambiguity.robust_loss import RobustLoss
from formulations.arithmetic.affinities import Affinities
from formulations.arithmetic.frames import FrameTrace
from formulations.arithmetic.halfspaces import RowsBeyond, RowsInHalfspace
from formulations.arithmetic.hierarchies import DasguptaCost, UltrametricSum
from formulations.arithmetic.losses_of_rows import SumOfLosses, Trimming
from formulations.arithmetic.low_rank import LowRankPlusSparse
from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.placements import DistanceErrors
from formulations.arithmetic.plans import LineTransportation, Transportation
from formulations.arithmetic.raw_stress import RawStress
from formulations.arithmetic.robust_accuracy import RobustAccuracy
from formulations.arithmetic.row_subsets import LogDeterminant
from formulations.arithmetic.spread import Spread
from formulations.arithmetic.supports import SparseDirection
from formulations.problem import MatrixGame, Problem, SaddleProblem, SearchProblem, Separable, Values, of_cvxpy
from solvers.clock import Clock
from solvers.conic import Conic
from solvers.flows.min_cost_flow import MinCostFlow
from solvers.integer.programs import BranchAndCut, Combinatorial, FirstOrder, Mip, Pdlp, Solver
from solvers.judge import held_against_references, judge
from solvers.kinds import convex, matrix_games, orders, partitions, programs, saddle, separable
from solvers.kinds.kind import Kind, Options
from solvers.kinds.single import (
    DEEPEST,
    FRAMES,
    HALFSPACES,
    HIERARCHIES,
    LINE,
    LOCATION,
    LOW_RANK,
    NETWORKS,
    PLACES,
    ROW_SUBSETS,
    RULES,
    STRESS,
    SUPPORTS,
    TRANSPORT,
    TSNE,
    UNFOLDINGS,
)
from solvers.optional import missing
from solvers.orders.search import OrderSolver
from solvers.solution import Solution
from solvers.spectral.eigen import Eigen

if TYPE_CHECKING:
    import cvxpy as cp

    from solvers.descent_ascent import DescentAscent
    from solvers.games.linear_programming import InteriorPoint

__all__ = [
    "BranchAndCut",
    "Combinatorial",
    "FirstOrder",
    "Mip",
    "Pdlp",
    "Solver",
    "applicable",
    "best",
    "so_far",
    "solve",
]
AnyProblem = Problem | SearchProblem | SaddleProblem
AnySolver: TypeAlias = "str | Solver | Conic | OrderSolver | MinCostFlow | Eigen | InteriorPoint | DescentAscent | None"


@dataclass(frozen=True)
class Chosen:
    """A problem, or its model, with the solver that takes it and the kind of problem that both are of."""

    kind: Kind
    problem: AnyProblem
    solver: Any


def solve(
    problem: AnyProblem | Separable | cp.Problem,
    solver: AnySolver | Mapping[str, AnySolver] = None,
    *,
    time_limit: float | None = None,
    gap: float | None = None,
    seed: int = 0,
    device: str = "auto",
    warm_start: bool = False,
    start: Any = None,
    progress: Callable[[Any], None] | None = None,
) -> Solution:
    """Solve the problem, prove what was found without the solver, and hold the value against the references.

    problem     a Problem, SearchProblem, SaddleProblem or Separable of this project, or a cvxpy.Problem
    solver      a name, or an object whose fields are its settings, as BranchAndCut("highs"); by default what suits; or
                part of a Separable -> its solver
    time_limit  seconds; what is best by then is returned with the bound that it has
    gap         gap (as in Solution) at which to stop, 1e-9 by default; 1e-7 for clarabel and scs
    seed        of all random numbers; device: "auto", "cpu" or "cuda", for descent-ascent and local-search
    warm_start  start from the basis that the problem itself finds, so that the LP only verifies it (highs)
    start       a feasible answer of your own: variable name -> value, an order, or block name -> tensor
    progress    called with the search at its first answer, and after every round
    Ctrl-C ends the solve as a time limit does: stats["interrupted"]. Raises ValueError, in a sentence, if it cannot be,
    and ModuleNotFoundError, as clear, where the solver needs torch or scikit-learn and they are not installed.

    >>> import cvxpy as cp
    >>> x = cp.Variable(2, name="x", nonneg=True)
    >>> solve(cp.Problem(cp.Maximize(x[0] + 2 * x[1]), [x[0] + x[1] <= 4, x[1] <= 3]))
    Solution(optimal, value=7, bound=7, solver='highs', certificate='multipliers')
    """
    options = Options(Clock(time_limit), gap, seed, device, warm_start, start, progress or (lambda _: None))
    named = "highs" if solver is None and warm_start else solver
    try:
        if isinstance(problem, Separable):
            return _solve_parts(problem, named, options)
        chosen = choose(problem if isinstance(problem, AnyProblem) else of_cvxpy(problem), named)
        refuse(chosen, options)
        return run(chosen, options)
    except ModuleNotFoundError as error:
        needed = missing(error, by="this problem" if named is None else getattr(named, "name", str(named)))
        if needed is None:
            raise
        raise needed from error


def _solve_parts(problem: Separable, solver: Any, options: Options) -> Solution:
    """Each part by the same solver, or each by its own, once it is known that all of them can be."""
    if options.start is not None:
        raise ValueError("a start is for one problem, not for several at once; leave it out")
    asked = {name: getattr(options, name) for name in ("gap", "seed", "device", "warm_start")}
    searched = []
    for name, part in problem.parts.items():
        try:
            chosen = choose(part, _of_part(solver, name))
            refuse(chosen, options)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if isinstance(chosen.solver, OrderSolver):
            searched.append(name)

    by_part = {id(part): _of_part(solver, name) for name, part in problem.parts.items()}

    def each(part: AnyProblem, **of_part: Any) -> Solution:
        return solve(part, by_part[id(part)], **asked, **of_part)

    return separable.solve_parts(problem, each, options.clock, options.report, searched)


def _of_part(solver: Any, name: str) -> Any:
    """The solver of the part of that name."""
    return solver.get(name) if isinstance(solver, Mapping) else solver


def best(
    problem: Problem | cp.Problem, k: int, solver: Any = None, *, time_limit: float | None = None, **options: Any
) -> Iterator[Solution]:
    """The k best answers, the best first: each is solved for, and proven, with those before it excluded.

    solver and further options as for solve, start being for the first; the time limit is that of all k. Where there
    are fewer than k answers the last solution is "infeasible": the proof that there are no more. Where one is not
    proven optimal it is the last, as what comes after it would have no rank. Raises ValueError as solve does,
    and where the problem does not say how an answer is excluded (Problem.excluding) and has variables that are not
    boolean.

    >>> import networkx as nx
    >>> from formulations.mst import minimum_spanning_tree
    >>> [(tree.value, tree.proven) for tree in best(minimum_spanning_tree(nx.cycle_graph(3)), 5)]
    [(2.0, True), (2.0, True), (2.0, True), (None, True)]
    """
    if k < 1:
        raise ValueError(f"there are no {k} best answers; ask for at least 1")
    stated = problem if isinstance(problem, AnyProblem) else of_cvxpy(problem)
    if not isinstance(stated, Problem):
        raise ValueError(f"the answers of a {type(stated).__name__} cannot be ranked; those of a Problem can")
    return _best(stated, k, solver, Clock(time_limit), options)


def _best(problem: Problem, k: int, solver: Any, clock: Clock, options: Mapping[str, Any]) -> Iterator[Solution]:
    found: list[Values] = []
    while len(found) < k:
        seconds = clock.limit if clock.limit is None or not found else max(clock.left, 0.01)
        asked = {name: value for name, value in options.items() if name != "start" or not found}
        solution = solve(problem.without(found), solver, time_limit=seconds, **asked)
        if found and solution.status == "infeasible":
            are = "is only 1 answer" if len(found) == 1 else f"are only {len(found)} answers"
            solution = replace(solution, message=f"there {are}; that there is no other is proven")
        yield solution
        if solution.status != "optimal" or solution.values is None:
            return
        found.append(solution.values)


def applicable(problem: AnyProblem | Separable) -> tuple[str, ...]:
    """The names of the solvers that take the problem or its model; of a Separable those that take each part."""
    if isinstance(problem, Separable):
        first, *others = (applicable(part) for part in problem.parts.values())
        return tuple(name for name in first if all(name in names for names in others))
    own = [name for kind in kinds(problem) for name in kind.names(problem)]
    model = _model(problem)
    return tuple(dict.fromkeys([*own, *(() if model is None else applicable(model))]))


def kinds(problem: AnyProblem) -> tuple[Kind, ...]:
    """The kinds of problem that it is, the one whose solvers suit it best first."""
    match problem:
        case MatrixGame():
            return matrix_games, saddle
        case SaddleProblem():
            return (saddle,)
        case SearchProblem(objective=Transportation()):
            return (TRANSPORT,)
        case SearchProblem(objective=LineTransportation()):
            return (LINE,)
        case SearchProblem(objective=FrameTrace()):
            return (FRAMES,)
        case SearchProblem(objective=DasguptaCost() | UltrametricSum()):
            return (HIERARCHIES,)
        case SearchProblem(objective=RobustLoss()):
            return (RULES,)
        case SearchProblem(objective=LowRankPlusSparse()):
            return (LOW_RANK,)
        case SearchProblem(objective=LogDeterminant()):
            return (ROW_SUBSETS,)
        case SearchProblem(objective=RowsBeyond()):
            return (DEEPEST,)
        case SearchProblem(objective=RowsInHalfspace()):
            return (HALFSPACES,)
        case SearchProblem(objective=SumOfLosses() | Trimming()):
            return (LOCATION,)
        case SearchProblem(objective=DistanceErrors()):
            return (PLACES,)
        case SearchProblem(objective=RawStress()):
            return (STRESS,)
        case SearchProblem(objective=Affinities()):
            return (TSNE,)
        case SearchProblem(objective=Spread()):
            return (UNFOLDINGS,)
        case SearchProblem(objective=RobustAccuracy()):
            return (NETWORKS,)
        case SearchProblem(objective=SparseDirection()):
            return (SUPPORTS,)
        case SearchProblem(objective=SumOfSquares()):
            return (partitions,)
        case SearchProblem():
            return (orders,)
    return programs, convex


def choose(problem: AnyProblem, solver: Any) -> Chosen:
    """The solver of that name, or the one that suits; with the problem itself or its model, whichever it takes.

    Raises ValueError, naming those that there are, where no solver has that name.
    """
    for kind in kinds(problem):
        settings = kind.settings(problem, solver)
        if settings is not None:
            return Chosen(kind, problem, settings)
    model = _model(problem)
    if model is not None:
        return choose(model, solver)
    name = solver if isinstance(solver, str) else getattr(solver, "name", solver)
    names = applicable(problem)
    if isinstance(problem, SaddleProblem):
        raise ValueError(f"{name} plays no saddle problems; {' and '.join(names)} {'do' if names[1:] else 'does'}")
    raise ValueError(f"there is no solver {name!r} for this problem; choose among {', '.join(names)}")


def _model(problem: AnyProblem) -> Problem | SearchProblem | None:
    """What a game or a search is stated as besides, such as a linear program, if it says so."""
    return None if isinstance(problem, Problem) or problem.model is None else problem.model()


def refuse(chosen: Chosen, options: Options) -> None:
    """Raise ValueError, naming who can, if the solver cannot do what the problem or the user asks."""
    problem, solver = chosen.problem, chosen.solver
    chosen.kind.refuse(problem, solver, options)
    if options.warm_start and not isinstance(solver, BranchAndCut):
        raise ValueError(f"{solver.name} cannot start from a given basis; highs can")
    if options.device == "cuda" and isinstance(problem, Problem) and not isinstance(solver, FirstOrder):
        raise ValueError(f"device 'cuda' is not for {solver.name}, which runs on the cpu; descent-ascent can use it")


def run(chosen: Chosen, options: Options) -> Solution:
    """Run the solver, and let the judge say what it found."""
    clock, gap = options.clock, chosen.kind.MEETS if options.gap is None else options.gap
    judged, found = chosen.kind.run(chosen.problem, chosen.solver, options)
    solved = clock.elapsed
    try:
        solution = judge(judged, found, gap)
    except KeyboardInterrupt:  # the answer is not lost, only its proof
        found = replace(found, certificates=(), stats={**found.stats, "interrupted": True})
        solution = judge(judged, found, gap)
    proved = clock.elapsed
    if not found.stats["interrupted"]:
        solution = held_against_references(judged, solution, clock)
    seconds = {
        "certify_seconds": found.stats.get("certify_seconds", 0.0) + proved - solved,
        "check_seconds": clock.elapsed - proved,
    }
    return replace(solution, solver=found.solver, stats={**solution.stats, **seconds})


def so_far(search: Any) -> Solution:
    """The best answer of a search that is still going on, as if it were interrupted now."""
    if isinstance(search, separable.PartSearch):
        return separable.together(search.problem, {**search.solved, search.name: so_far(search.search)})
    judged, found = search.so_far()
    return judge(judged, replace(found, stats={**found.stats, "interrupted": True}))
