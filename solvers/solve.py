"""solve(problem): choose a solver, run it, then prove what it found without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Arrangement, Problem, SaddleProblem
from solvers import conic
from solvers.clock import Clock
from solvers.integer.branch_and_bound import branch_and_cut
from solvers.orders import search as orders
from solvers.proof.certificate import ExactModel
from solvers.proof.certified import certified
from solvers.proof.search import Search
from solvers.proof.standard_form import StandardForm, standard_form, totally_unimodular
from solvers.references import compare
from solvers.solution import Solution

if TYPE_CHECKING:
    from solvers.descent_ascent import DescentAscent

NAMES = ("glop", "highs", "scip", "cp-sat", "pdlp", "descent-ascent", *conic.NAMES)
CERTIFY_SECONDS_PER_ENTRY = 8e-6  # seconds per column and non-zero that certifying an answer takes, on a slow day
MEETS = 1e-9  # relative gap up to which value and bound count as equal, unless another is asked for


@runtime_checkable
class Solver(Protocol):
    """Improves a Search until it is done or its clock stops."""

    @property
    def name(self) -> str:
        """What Solution.solver says."""

    def run(self, search: Search) -> str:
        """Solve; returns "optimal" (done), "limit", "infeasible", "unbounded" or "not_converged"."""


@dataclass(frozen=True)
class BranchAndCut:
    """LP relaxation with cuts, then branch and bound, every box on the same incremental LP solver."""

    lp: Literal["glop", "highs"] = "glop"
    warm_start: bool = False  # from the basis that the problem itself finds; HiGHS only

    @property
    def name(self) -> str:
        """The LP solver's name."""
        return self.lp

    def run(self, search: Search) -> str:
        """Solve; returns "optimal" (done), "limit", "infeasible" or "unbounded"."""
        if self.lp == "highs":
            from solvers.linear.highs import Highs

            start = _starting_basis(search) if self.warm_start else None
            return branch_and_cut(search, lambda lp: Highs(lp, start))
        from solvers.linear.glop import Glop

        return branch_and_cut(search, Glop)


@dataclass(frozen=True)
class Mip:
    """The integer model as it is declared, its families as lazy constraints; no multipliers to certify."""

    name: Literal["scip", "cp-sat"] = "scip"

    def run(self, search: Search) -> str:
        """Solve; returns "optimal" (done), "limit", "infeasible" or "unbounded"."""
        from solvers.integer.cp_sat import solve_by_mip

        return solve_by_mip(search, self.name)


@dataclass(frozen=True)
class Pdlp:
    """OR-Tools' first-order LP solver, on linear programs and what has an integer relaxation."""

    name = "pdlp"

    def run(self, search: Search) -> str:
        """Solve; returns "optimal" (done), "limit", "infeasible" or "unbounded"."""
        from solvers.linear.pdlp import solve_by_pdlp

        return solve_by_pdlp(search)


@dataclass(frozen=True)
class FirstOrder:
    """Gradient descent in x and ascent in the multipliers of a linear program, on the CPU or a GPU."""

    iterations: int = 1_000_000
    name = "descent-ascent"

    def run(self, search: Search) -> str:
        """Solve; returns "optimal" (done), "limit", "infeasible", "unbounded" or "not_converged"."""
        from solvers.linear.first_order import descend_ascend

        return descend_ascend(search, self.iterations)


def choose(solver: str | Solver | DescentAscent | None, problem: Problem) -> Solver:
    """The solver of that name, or the one that suits; raises ValueError naming those there are.

    By measurement: GLOP where rows are appended round after round, as its simplex goes on from where it was; HiGHS
    elsewhere, as it loads a large model in a third of the time and solves it in half.
    """
    match solver:
        case None:
            return BranchAndCut("glop" if problem.families else "highs")
        case "glop" | "highs":
            return BranchAndCut(solver)
        case "scip" | "cp-sat":
            return Mip(solver)
        case "pdlp":
            return Pdlp()
        case "descent-ascent":
            return FirstOrder()
        case str():
            raise ValueError(f"there is no solver {solver!r} for this problem; choose among {', '.join(NAMES)}")
        case Solver():
            return solver
    raise ValueError(f"{solver.name}, as it is set up here, plays saddle problems only; give its name alone")


def _refuse(solver: Solver, problem: Problem, form: StandardForm, device: str) -> None:
    """Raise ValueError, naming who can, if the solver cannot do what the problem or the user asks."""
    match solver:
        case Pdlp() | FirstOrder() if problem.families:
            raise ValueError(f"{solver.name} takes no constraints that are found lazily; {', '.join(NAMES[:4])} do")
        case Pdlp() | FirstOrder() if form.integral.any() and not totally_unimodular(form):
            raise ValueError(f"{solver.name} finds no integers in this problem; {', '.join(NAMES[:4])} do")
        case Mip("cp-sat") if not form.integral.all():
            raise ValueError(f"cp-sat takes integer variables only; {', '.join(NAMES[:3])} take others")
        case BranchAndCut("highs", warm_start=True) if problem.start is None:
            raise ValueError("this problem knows no basis to start from; leave out the warm start")
        case BranchAndCut("glop", warm_start=True):
            raise ValueError("glop cannot start from a given basis; highs can")
    if device == "cuda" and not isinstance(solver, FirstOrder):
        raise ValueError(f"device 'cuda' is not for {solver.name}, which runs on the cpu; descent-ascent can use it")


def _device(asked: str, *, useful: bool) -> str:
    """The device to run on; raises ValueError where cuda is asked for and not to be had."""
    if not useful or asked == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if asked == "cuda":
        raise ValueError("device 'cuda' is asked for, but torch finds no such GPU here; leave it at auto")
    return "cpu"


def _starting_basis(search: Search) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The basis that the problem itself finds, over the form's columns and rows."""
    form, start = search.model.form, search.problem.start
    assert start is not None  # refused otherwise
    columns, rows = np.zeros(len(form.c), dtype=bool), np.ones(len(form.row_lower), dtype=bool)
    found = start()
    for name, basic in found.variables.items():
        columns[form.columns[name][0]] = basic
    for name, basic in found.constraints.items():
        rows[form.names[name]] = basic
    return columns, rows


def solve(
    problem: Problem | Arrangement | SaddleProblem,
    solver: str | Solver | DescentAscent | None = None,
    *,
    time_limit: float | None = None,
    gap: float | None = None,
    seed: int = 0,
    device: str = "auto",
    warm_start: bool = False,
    progress: Callable[[Any], None] | None = None,
) -> Solution:
    """Solve the problem, certify the bound in exact arithmetic, and check the value against its references.

    solver      "glop", "highs", "scip", "cp-sat", "pdlp", "descent-ascent", or an object such as BranchAndCut("highs");
                for a convex Problem that is not linear "clarabel" or "scs";
                for an Arrangement "subsets", "local-search", for a SaddleProblem a solvers.descent_ascent.DescentAscent
                with its settings, for both also one of these if they have a model; by default what suits
    time_limit  seconds; what is best by then is returned with the bound that it has
    gap         relative gap at which to stop, 1e-9 by default (clarabel, scs: 1e-7 of max(1, |value|))
    seed        for solvers that draw random numbers
    device      "auto", "cpu" or "cuda": descent-ascent and local-search run on a GPU, auto where there is one
    warm_start  start from the basis that the problem itself finds, so that the LP only verifies it (highs)
    progress    called with the Search after every round
    Ctrl-C ends the solve as a time limit does, and stats["interrupted"] says so. Raises ValueError, in a sentence,
    for a model or an option that no solver here can take.
    """
    if time_limit is not None and not time_limit > 0:
        raise ValueError(f"time_limit is {time_limit}; it must be a positive number of seconds")
    if gap is not None and not 0 <= gap < 1:
        raise ValueError(f"gap is {gap}; it must be at least 0 and less than 1")
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"there is no device {device!r}; choose among auto, cpu and cuda")
    if isinstance(problem, Arrangement):
        name = solver if solver is None or isinstance(solver, str) else solver.name
        if name is None or name in orders.NAMES or problem.model is None:
            return orders.solve_arrangement(
                problem,
                name,
                clock=Clock(time_limit),
                gap=MEETS if gap is None else gap,
                seed=seed,
                device=_device(device, useful=name != "subsets"),
                report=progress or (lambda _: None),
            )
        problem = problem.model()
    if isinstance(problem, SaddleProblem):
        from solvers.descent_ascent import DescentAscent

        settings = DescentAscent() if solver in (None, "descent-ascent") else solver
        if isinstance(settings, DescentAscent):
            from solvers.descent_ascent.saddles import solve_saddle

            return solve_saddle(
                problem,
                settings,
                clock=Clock(time_limit),
                gap=MEETS if gap is None else gap,
                seed=seed,
                device=_device(device, useful=True),
                report=progress or (lambda _: None),
            )
        if problem.model is None:
            raise ValueError(f"{solver} plays no saddle problems; descent-ascent does")
        problem, solver = problem.model(), settings
    if solver in conic.NAMES or (solver is None and not conic.linear(problem)):
        name = solver if isinstance(solver, str) else conic.NAMES[0]
        if warm_start or device == "cuda":
            what = "cannot start from a given basis" if warm_start else "does not run on device 'cuda'"
            raise ValueError(f"{name} {what}; leave that out")
        return conic.solve_convex(problem, name, clock=Clock(time_limit), gap=gap)
    chosen, whole = choose(solver, problem), Clock(time_limit)
    if solver is not None:  # else it was found linear above
        conic.refuse_nonlinear(problem, chosen.name)
    if warm_start:
        if not isinstance(chosen, BranchAndCut):
            raise ValueError(f"{chosen.name} cannot start from a given basis; highs can")
        chosen = replace(chosen, warm_start=True)
    form = standard_form(problem)
    _refuse(chosen, problem, form, device)
    # The last part of the limit is for the proof, in proportion to the model.
    proving = min(CERTIFY_SECONDS_PER_ENTRY * (len(form.c) + form.A.nnz), 0.5 * whole.left)
    clock = Clock(whole.limit and whole.limit - proving, whole.started)
    compiled = clock.elapsed
    model = ExactModel(form, problem.families, problem.dual_repair)
    prepared = clock.elapsed
    search = Search(
        problem=problem,
        model=model,
        clock=clock,
        gap=MEETS if gap is None else gap,
        report=progress or (lambda _: None),
        seed=seed,
        device=_device(device, useful=isinstance(chosen, FirstOrder)),
    )
    interrupted = False
    try:
        ended = chosen.run(search)
    except KeyboardInterrupt:
        ended, interrupted = "limit", True
    solved = clock.elapsed
    if interrupted:
        search.problem = replace(problem, dual=None)  # one proof is enough, and quicker
    solution = certified(search, chosen.name, ended)
    proved = clock.elapsed
    checks = list(solution.checks)
    if solution.value is not None and not interrupted:
        checks += compare(problem, solution, whole)
    stats = {
        "variables": len(form.c),
        "constraints": len(form.row_lower),
        "nonzeros": int(form.A.nnz),
        "totally_unimodular": totally_unimodular(form),
        "rounds": search.rounds,
        "cuts": search.cuts,
        "boxes": search.boxes,
        "iterations": search.iterations,
        "interrupted": interrupted,
        "history": search.history,
        "build_seconds": compiled + search.loading,
        "solve_seconds": solved - prepared - search.loading,
        "certify_seconds": prepared - compiled + proved - solved,
        "check_seconds": clock.elapsed - proved,
    }
    return replace(solution, checks=checks, stats=stats)
