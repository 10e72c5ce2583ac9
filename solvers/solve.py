"""solve(problem): choose a solver, refuse what it cannot do, run it, and let the judge say what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from formulations.arithmetic.plans import Transportation
from formulations.problem import (
    MatrixGame,
    Problem,
    SaddleProblem,
    SearchProblem,
    Separable,
    Values,
    of_cvxpy,
)
from solvers import conic
from solvers.clock import Clock
from solvers.flows.min_cost_flow import MinCostFlow, solve_transport
from solvers.integer import programs
from solvers.integer.programs import BranchAndCut, Combinatorial, FirstOrder, Mip, Pdlp, Solver
from solvers.judge import MEETS, Findings, Judged, held_against_references, judge
from solvers.orders import search as orders
from solvers.orders import separable
from solvers.solution import Solution

if TYPE_CHECKING:
    import cvxpy as cp

    from solvers.descent_ascent import DescentAscent

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
SEEDS = 1 << 62  # fewer than torch takes, as the seeds of members and evaluations come after it
AnyProblem = Problem | SearchProblem | SaddleProblem


@dataclass(frozen=True)
class Options:
    """What the user asks of a solve besides the solver. Raises ValueError for what makes no sense."""

    clock: Clock
    gap: float | None
    seed: int
    device: str
    warm_start: bool
    start: Any
    report: Callable[[Any], None]

    def __post_init__(self) -> None:
        """Check it."""
        limit = self.clock.limit
        if limit is not None and not (isinstance(limit, Real) and limit > 0):
            raise ValueError(f"time_limit is {limit!r}; it must be a positive number of seconds")
        if self.gap is not None and not (isinstance(self.gap, Real) and 0 <= self.gap < 1):
            raise ValueError(f"gap is {self.gap!r}; it must be at least 0 and less than 1")
        if not isinstance(self.seed, Integral) or not 0 <= self.seed < SEEDS:
            raise ValueError(f"seed is {self.seed!r}; it must be a whole number from 0, below 2^62")
        if not callable(self.report):
            raise ValueError(f"progress is {self.report!r}; give a function, which is called with the search")
        if self.device not in ("auto", "cpu", "cuda"):
            raise ValueError(f"there is no device {self.device!r}; choose among auto, cpu and cuda")


def solve(
    problem: AnyProblem | Separable | cp.Problem,
    solver: str | Solver | conic.Conic | orders.OrderSolver | DescentAscent | None = None,
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
    solver      a name, or an object whose fields are its settings, as BranchAndCut("highs"); by default what suits
    time_limit  seconds; what is best by then is returned with the bound that it has
    gap         gap (as in Solution) at which to stop, 1e-9 by default; 1e-7 for clarabel and scs
    seed        of all random numbers; device: "auto", "cpu" or "cuda", for descent-ascent and local-search
    warm_start  start from the basis that the problem itself finds, so that the LP only verifies it (highs)
    start       a feasible answer of your own: variable name -> value, an order, or block name -> tensor
    progress    called with the search at its first answer, and after every round
    Ctrl-C ends the solve as a time limit does: stats["interrupted"]. Raises ValueError, in a sentence, if it cannot be.

    >>> import cvxpy as cp
    >>> x = cp.Variable(2, name="x", nonneg=True)
    >>> solve(cp.Problem(cp.Maximize(x[0] + 2 * x[1]), [x[0] + x[1] <= 4, x[1] <= 3]))
    Solution(optimal, value=7, bound=7, solver='highs', certificate='multipliers')
    """
    options = Options(Clock(time_limit), gap, seed, device, warm_start, start, progress or (lambda _: None))
    named = "highs" if solver is None and warm_start else solver
    if isinstance(problem, Separable):
        return _solve_parts(problem, named, options)
    stated, chosen = choose(problem if isinstance(problem, AnyProblem) else of_cvxpy(problem), named)
    refuse(stated, chosen, options)
    return run(stated, chosen, options)


def _solve_parts(problem: Separable, solver: Any, options: Options) -> Solution:
    """Each part by the same solver, once it is known that all of them can be."""
    if options.start is not None:
        raise ValueError("a start is for one problem, not for several at once; leave it out")
    asked = {name: getattr(options, name) for name in ("gap", "seed", "device", "warm_start")}
    for name, part in problem.parts.items():
        try:
            refuse(*choose(part, solver), options)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return separable.solve_parts(problem, partial(solve, solver=solver, **asked), options.clock, options.report)


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


def applicable(problem: AnyProblem) -> tuple[str, ...]:
    """The names of the solvers that take the problem or its model."""
    match problem:
        case SearchProblem(objective=Transportation(), model=None):
            return (MinCostFlow.name,)
        case SearchProblem(model=None):
            return orders.NAMES
        case MatrixGame(model=None):
            return ("interior-point", "descent-ascent")
        case SaddleProblem(model=None):
            return ("descent-ascent",)
        case SearchProblem() | SaddleProblem():
            own = applicable(replace(problem, model=None))
            return tuple(dict.fromkeys([*own, *applicable(problem.model())]))  # type: ignore[misc]
    if not problem.is_linear:
        return conic.NAMES
    continuous = any(not v.attributes["integer"] and not v.attributes["boolean"] for v in problem.variables.values())
    names = programs.LAZY if problem.families else programs.NAMES[:-1]
    others = tuple(name for name in names if name != "cp-sat" or not continuous)
    return (*others, "combinatorial") if programs.has_algorithm(problem) else others


def choose(problem: AnyProblem, solver: Any) -> tuple[AnyProblem, Any]:
    """The solver of that name, or the one that suits; with the problem itself or its model, whichever it takes.

    Raises ValueError, naming those that there are, where no solver has that name.
    """
    match problem, solver:
        case MatrixGame(), None | "interior-point":
            from solvers.games.linear_programming import InteriorPoint

            return problem, InteriorPoint()
        case MatrixGame(), _ if getattr(solver, "name", None) == "interior-point":
            return problem, solver
        case SaddleProblem(), None | "descent-ascent":
            from solvers.descent_ascent import DescentAscent

            return problem, DescentAscent()
        case SaddleProblem(), _ if hasattr(solver, "averaging"):  # a DescentAscent: torch need not be loaded to tell
            return problem, solver
        case SearchProblem(objective=Transportation()), None | "min-cost-flow":
            return problem, MinCostFlow()
        case SearchProblem(objective=Transportation()), MinCostFlow():
            return problem, solver
        case SearchProblem(objective=Transportation()), _ if problem.model is not None:
            return choose(problem.model(), solver)
        case SearchProblem(), None:
            return problem, orders.OrderSolver(orders.suited(problem))
        case SearchProblem(), str() if solver in orders.NAMES:
            return problem, orders.OrderSolver(solver)
        case SearchProblem(), orders.OrderSolver():
            return problem, solver
        case SearchProblem() | SaddleProblem(), _ if problem.model is not None:
            return choose(problem.model(), solver)
        case Problem(), None:
            return problem, programs.suited(problem) if problem.is_linear else conic.Conic()
        case Problem(), str() if solver in programs.NAMES:
            return problem, programs.by_name(solver)
        case Problem(), str() if solver in conic.NAMES:
            return problem, conic.Conic(solver)
        case Problem(), conic.Conic() | Solver():
            return problem, solver
        case Problem(), _ if hasattr(solver, "averaging"):
            raise ValueError(f"{solver.name}, as it is set up here, plays saddle problems only; give its name alone")
        case SaddleProblem(), _:
            raise ValueError(f"{solver} plays no saddle problems; descent-ascent does")
    name = solver if isinstance(solver, str) else getattr(solver, "name", solver)
    raise ValueError(f"there is no solver {name!r} for this problem; choose among {', '.join(applicable(problem))}")


def refuse(problem: AnyProblem, solver: Any, options: Options) -> None:
    """Raise ValueError, naming who can, if the solver cannot do what the problem or the user asks."""
    match problem, solver:
        case Problem(), conic.Conic():
            conic.refuse_convex(problem, solver.name)
        case Problem(), _:
            conic.refuse_nonlinear(problem, solver.name)
            programs.refuse_program(problem, solver, options.warm_start)
        case SearchProblem(), MinCostFlow():
            if options.start is not None:
                raise ValueError("min-cost-flow takes no start; leave it out")
        case SearchProblem(), _:
            orders.refuse_orders(problem, solver.name, options.start)
    if options.warm_start and not isinstance(solver, BranchAndCut):
        raise ValueError(f"{solver.name} cannot start from a given basis; highs can")
    if options.device == "cuda" and isinstance(problem, Problem) and not isinstance(solver, FirstOrder):
        raise ValueError(f"device 'cuda' is not for {solver.name}, which runs on the cpu; descent-ascent can use it")


def run(problem: AnyProblem, solver: Any, options: Options) -> Solution:
    """Run the solver, and let the judge say what it found."""
    if options.warm_start:
        solver = replace(solver, warm_start=True)
    clock, gap, judged, found = options.clock, options.gap, *_found(problem, solver, options)
    if isinstance(solver, conic.Conic) and gap is None:
        gap = conic.MEETS
    solved = clock.elapsed
    gap = MEETS if gap is None else gap
    try:
        solution = judge(judged, found, gap)
    except KeyboardInterrupt:  # the answer is not lost, only its proof
        found = replace(found, certificates=(), stats={**found.stats, "interrupted": True})
        solution = judge(judged, found, gap)
    if isinstance(solver, conic.Conic) and found.ended == "infeasible":
        solution = _contradiction(problem, clock) or solution
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


def _found(problem: AnyProblem, solver: Any, options: Options) -> tuple[Judged, Findings]:
    """What the solver finds, and the problem as the judge sees it."""
    clock, seed, start, report = options.clock, options.seed, options.start, options.report
    match problem, solver:
        case SearchProblem(), MinCostFlow():
            return solve_transport(problem, solver, clock=clock, gap=options.gap, report=report)
        case SearchProblem(), _:
            find = cache(partial(_device, options.device, useful=True))  # torch takes a second to load: only if needed
            if options.device == "cuda" and solver.name != "subsets":
                find()
            return orders.search_orders(
                problem, solver.name, clock=clock, seed=seed, device=find, start=start, report=report
            )
        case Problem(), conic.Conic():
            return conic.solve_convex(problem, solver.name, clock, start)
        case Problem(), _:
            device = _device(options.device, useful=isinstance(solver, FirstOrder))
            gap = options.gap
            return programs.solve_program(
                problem, solver, clock=clock, gap=gap, seed=seed, device=device, start=start, report=report
            )
        case MatrixGame(), _ if solver.name == "interior-point":
            from solvers.games.linear_programming import solve_game

            return solve_game(problem, solver, clock=clock, gap=options.gap, report=report)
    from solvers.descent_ascent.saddles import gpu_pays, play_saddle

    assert isinstance(problem, SaddleProblem)
    device = _device(options.device, useful=True, pays=lambda: gpu_pays(problem, solver))
    return play_saddle(
        problem, solver, clock=clock, gap=options.gap, seed=seed, device=device, start=start, report=report
    )


def _contradiction(problem: AnyProblem, clock: Clock) -> Solution | None:
    """The exact proof of a linear program's solver that the constraints contradict each other, if they are linear."""
    import cvxpy as cp

    assert isinstance(problem, Problem)
    alone = Problem(objective=cp.Minimize(0), subject_to=problem.subject_to)
    if not alone.variables or not alone.is_linear or clock.left <= 0:
        return None
    solution = solve(alone, "highs", time_limit=None if clock.limit is None else clock.left)
    return solution if solution.status == "infeasible" else None


def _device(asked: str, *, useful: bool, pays: Callable[[], bool] = lambda: True) -> str:
    """The device to run on, a GPU by itself only where it pays; raises ValueError where cuda is not to be had."""
    if not useful or asked == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available() and (asked == "cuda" or pays()):
        return "cuda"
    if asked == "cuda":
        raise ValueError("device 'cuda' is asked for, but torch finds no such GPU here; leave it at auto")
    return "cpu"
