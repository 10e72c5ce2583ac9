"""Linear and mixed-integer programs: the solvers that there are, what each refuses, and a run of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from formulations.arithmetic.exact import as_float
from formulations.problem import Bools, Problem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judge import MEETS
from solvers.judged.so_far import followed
from solvers.proof.branching import Leaf, dual_of, proven
from solvers.proof.certificate import ExactModel
from solvers.proof.form import StandardForm
from solvers.proof.program import ExactProgram
from solvers.proof.search import INTEGRAL, Search, first_answer
from solvers.proof.standard_form import standard_form, totally_unimodular

NAMES = ("glop", "highs", "scip", "cp-sat", "pdlp", "descent-ascent", "combinatorial")
LAZY = NAMES[:4]  # those that take families of constraints, and integers
DONE = "found and proved by the problem's own algorithm; --solver glop or highs solves the linear program instead"
LEFT = "--solver glop or highs goes on with the linear program"  # where that algorithm leaves a gap
COMBINATORIAL_FROM = 5_000  # columns from which the problem's own algorithm comes before any linear program
CERTIFY_SECONDS_PER_ENTRY = 8e-6  # that certifying an answer takes per column and non-zero, on a slow day


@runtime_checkable
class Solver(Protocol):
    """Improves a Search until it is done or its clock stops."""

    @property
    def name(self) -> str:
        """What Solution.solver says."""

    def run(self, search: Search) -> Ended:
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

    def run(self, search: Search) -> Ended:
        """Solve; returns "optimal" (done), "limit", "infeasible" or "unbounded"."""
        from solvers.integer.branch_and_bound import branch_and_cut

        if self.lp == "highs":
            from solvers.linear.highs import Highs

            start = _starting_basis(search) if self.warm_start else None
            return branch_and_cut(search, lambda lp: Highs(lp, start))
        from solvers.linear.glop import Glop

        return branch_and_cut(search, Glop)


@dataclass(frozen=True)
class Combinatorial:
    """The problem's own algorithm: what its repair makes of x = 0, proved by the multipliers that its dual reads off.

    Where they leave a gap, `then` goes on.
    """

    then: BranchAndCut | None = None
    name = "combinatorial"

    def run(self, search: Search) -> Ended:
        """Solve; returns "optimal" (done) or "limit", or what the solver that goes on does."""
        assert search.problem.dual is not None  # refused otherwise
        first_answer(search)
        form, best = search.model.form, search.best
        guess = None if best is None else search.problem.dual(form.values(best))
        if guess is not None:
            leaf = Leaf(dual_of(form, guess))
            search.proof = search.known = leaf
            search.bound = as_float(proven(search.model, leaf))
            search.note()
        if search.closed(search.bound):
            return "optimal"
        return "limit" if self.then is None else self.then.run(search)


@dataclass(frozen=True)
class Mip:
    """The integer model as it is declared, its families as lazy constraints; no multipliers to certify."""

    name: Literal["scip", "cp-sat"] = "scip"

    def run(self, search: Search) -> Ended:
        """Solve; returns "optimal" (done), "limit", "infeasible" or "unbounded"."""
        from solvers.integer.cp_sat import solve_by_mip

        first_answer(search)
        return solve_by_mip(search, self.name)


@dataclass(frozen=True)
class Pdlp:
    """OR-Tools' first-order LP solver, on linear programs and what has an integer relaxation."""

    name = "pdlp"

    def run(self, search: Search) -> Ended:
        """Solve; returns "optimal" (done), "limit", "infeasible" or "unbounded"."""
        from solvers.linear.pdlp import solve_by_pdlp

        return solve_by_pdlp(search)


@dataclass(frozen=True)
class FirstOrder:
    """Gradient descent in x and ascent in the multipliers of a linear program, on the CPU or a GPU."""

    iterations: int = 1_000_000
    name = "descent-ascent"

    def run(self, search: Search) -> Ended:
        """Solve; returns "optimal" (done), "limit", "infeasible", "unbounded" or "not_converged"."""
        from solvers.linear.first_order import descend_ascend

        return descend_ascend(search, self.iterations)


def by_name(name: str) -> Solver:
    """The solver of that name, with its default settings."""
    match name:
        case "glop" | "highs":
            return BranchAndCut(name)
        case "scip" | "cp-sat":
            return Mip(name)
        case "pdlp":
            return Pdlp()
        case "combinatorial":
            return Combinatorial()
    return FirstOrder()


def suited(problem: Problem) -> Solver:
    """By measurement: GLOP where rows are appended, as its simplex goes on from where it was; else HiGHS.

    HiGHS loads a large model in a third of the time that GLOP takes, and solves it in half. Where rows are appended to
    a program that knows a good basis, HiGHS goes on from that: 30 times faster for paths on 160,000 arcs. Before
    either, a large problem is given to its own algorithm, if it has one that comes with a proof: COMBINATORIAL_FROM.
    """
    lp = BranchAndCut("glop" if problem.families else "highs")
    if problem.families and problem.start is not None:
        lp = BranchAndCut("highs", warm_start=True)
    large = sum(v.size for v in problem.variables.values()) >= COMBINATORIAL_FROM
    return Combinatorial(lp) if large and has_algorithm(problem) else lp


def has_algorithm(problem: Problem) -> bool:
    """Whether the problem has an algorithm of its own, for an answer and for its proof."""
    return problem.repair is not None and problem.dual is not None


def refuse_program(problem: Problem, solver: Solver, warm_start: bool) -> None:
    """Raise ValueError, naming who can, if the solver cannot do what the problem or the user asks."""
    match solver:
        case Combinatorial() if not has_algorithm(problem):
            raise ValueError(f"this problem has no algorithm of its own that proves its answer; {', '.join(LAZY)} do")
        case Pdlp() | FirstOrder() if problem.families:
            raise ValueError(f"{solver.name} takes no constraints that are found lazily; {', '.join(LAZY)} do")
        case BranchAndCut("highs") if (warm_start or solver.warm_start) and problem.start is None:
            raise ValueError("this problem knows no basis to start from; leave out the warm start")
        case BranchAndCut("highs"):
            return
    if warm_start or (isinstance(solver, BranchAndCut) and solver.warm_start):
        raise ValueError(f"{solver.name} cannot start from a given basis; highs can")


def _refuse_form(solver: Solver, form: StandardForm) -> None:
    """What a solver cannot do of a compiled model."""
    match solver:
        case Pdlp() | FirstOrder() if form.integral.any() and not totally_unimodular(form):
            raise ValueError(f"{solver.name} finds no integers in this problem; {', '.join(LAZY)} do")
        case Mip("cp-sat") if not form.integral.all():
            raise ValueError(f"cp-sat takes integer variables only; {', '.join(NAMES[:3])} take others")


def solve_program(
    problem: Problem,
    solver: Solver,
    *,
    clock: Clock,
    gap: float | None,
    seed: int,
    device: str,
    start: Mapping[str, Any] | None,
    report: Callable[[Any], None],
) -> tuple[ExactProgram, Findings]:
    """What the solver finds; the last part of the limit is left for the proof, in proportion to the model."""
    form = standard_form(problem)
    _refuse_form(solver, form)
    reserve = min(CERTIFY_SECONDS_PER_ENTRY * (len(form.c) + form.A.nnz), 0.5 * clock.left)
    compiled = clock.elapsed
    model = ExactModel(form, problem.families, problem.dual_repair)
    search = Search(
        problem=problem,
        model=model,
        clock=Clock(clock.limit and clock.limit - reserve, clock.started),
        gap=MEETS if gap is None else gap,
        report=report,
        seed=seed,
        device=device,
    )
    if start is not None:
        _offer(search, start)
    prepared = clock.elapsed
    program = ExactProgram(problem, model)

    def found(ended: Ended) -> tuple[ExactProgram, Findings]:
        best = [] if search.best is None else [search.best]
        seconds = {
            "build_seconds": compiled + search.loading,
            "solve_seconds": clock.elapsed - prepared - search.loading,
            "certify_seconds": prepared - compiled,
        }
        stats, proofs = _stats(search) | seconds, program.certificates(search)
        by = solver.then if isinstance(solver, Combinatorial) and solver.then and search.rounds else solver
        own = isinstance(by, Combinatorial)
        return program, Findings(
            solver=by.name,
            ended=ended,
            candidates=best,
            certificates=proofs,
            ray=search.direction,
            stats=stats,
            remark=LEFT if own else "; ".join(filter(None, [search.remark, search.said])),
            note=DONE if own else search.said,
        )

    def at_once(findings: tuple[ExactProgram, Findings]) -> tuple[ExactProgram, Findings]:
        return program, replace(findings[1], certificates=[("multipliers", search.known)] if search.known else ())

    return followed(search, lambda: _run(solver, search), found, at_once)


def _run(solver: Solver, search: Search) -> Ended:
    """How the solver ends; what it calls unbounded is to be proven so."""
    ended = solver.run(search)
    if ended == "unbounded":
        from solvers.integer.unbounded import prove_unbounded

        return prove_unbounded(search)
    return ended


def _stats(search: Search) -> dict[str, Any]:
    """Sizes and counts."""
    form = search.model.form
    return {
        "variables": len(form.c),
        "integers": int(form.integral.sum()),
        "constraints": len(form.row_lower),
        "nonzeros": int(form.A.nnz),
        "totally_unimodular": totally_unimodular(form),
        "rounds": search.rounds,
        "cuts": search.cuts,
        "boxes": search.boxes,
        "iterations": search.iterations,
        "interrupted": search.interrupted,
        "history": search.history,
    }


def _offer(search: Search, start: Any) -> None:
    """Take the user's own answer; raises ValueError, naming what it breaks, if it is none."""
    x = search.model.form.vector(search.problem.given(start))
    whole = np.where(search.model.form.integral, np.rint(x), x)
    broken = "integrality" if (np.abs(whole - x) > INTEGRAL).any() else search.model.broken(whole)
    if broken is not None or not search.offer(x):
        raise ValueError(f"start breaks {broken or 'its own numbers'}; offer a feasible answer")


def _starting_basis(search: Search) -> tuple[Bools, Bools]:
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
