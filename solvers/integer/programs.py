"""Linear and mixed-integer programs: the solvers that there are, what each refuses, and a run of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from formulations.problem import Bools, Problem
from solvers.clock import Clock
from solvers.judge import MEETS, Ended, Findings
from solvers.proof.certificate import ExactModel
from solvers.proof.form import StandardForm
from solvers.proof.program import ExactProgram
from solvers.proof.search import INTEGRAL, Search
from solvers.proof.standard_form import standard_form, totally_unimodular

NAMES = ("glop", "highs", "scip", "cp-sat", "pdlp", "descent-ascent")
LAZY = NAMES[:4]  # those that take families of constraints, and integers
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
class Mip:
    """The integer model as it is declared, its families as lazy constraints; no multipliers to certify."""

    name: Literal["scip", "cp-sat"] = "scip"

    def run(self, search: Search) -> Ended:
        """Solve; returns "optimal" (done), "limit", "infeasible" or "unbounded"."""
        from solvers.integer.cp_sat import solve_by_mip

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
    return FirstOrder()


def suited(problem: Problem) -> str:
    """By measurement: GLOP where rows are appended, as its simplex goes on from where it was; else HiGHS.

    HiGHS loads a large model in a third of the time that GLOP takes, and solves it in half.
    """
    return "glop" if problem.families else "highs"


def refuse_program(problem: Problem, solver: Solver, warm_start: bool) -> None:
    """Raise ValueError, naming who can, if the solver cannot do what the problem or the user asks."""
    match solver:
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

    def found(ended: Ended) -> Findings:
        best = [] if search.best is None else [search.best]
        seconds = {
            "build_seconds": compiled + search.loading,
            "solve_seconds": clock.elapsed - prepared - search.loading,
            "certify_seconds": prepared - compiled,
        }
        stats, proofs = _stats(search) | seconds, program.certificates(search)
        remark = search.remark
        return Findings(
            solver=solver.name, ended=ended, candidates=best, certificates=proofs, stats=stats, remark=remark
        )

    search.so_far = lambda: (program, replace(found("limit"), certificates=()))
    ended: Ended = "limit"
    try:
        ended = solver.run(search)
    except KeyboardInterrupt:
        search.interrupted = True
    search.so_far = lambda: None  # else search and closure would keep each other, and large arrays, alive
    return program, found(ended)


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
