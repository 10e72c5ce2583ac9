"""solve(problem): choose a solver, run it, then prove what it found without it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np

from formulations.problem import Multipliers, Problem
from solvers.branch_and_bound import Search, branch_and_cut
from solvers.certificate import ExactModel, Leaf, Proof, dual_of
from solvers.linear_program import Clock
from solvers.references import compare
from solvers.solution import Certificate, Check, Solution, Status
from solvers.standard_form import standard_form

NAMES = ("glop", "highs", "scip")
PROVING = 8e-6  # seconds per column and non-zero that certifying an answer takes, on a slow day
MEETS = 1e-9  # relative gap up to which value and bound count as equal, unless another is asked for


class Solver(Protocol):
    """Improves a Search until it is done or its clock stops."""

    @property
    def name(self) -> str:
        """What Solution.solver says."""

    def run(self, search: Search) -> str:
        """Solve; returns "optimal" (done), "limit", "infeasible" or "unbounded"."""


@dataclass(frozen=True)
class BranchAndCut:
    """LP relaxation with cuts, then branch and bound, every box on the same incremental LP solver."""

    lp: Literal["glop", "highs"] = "glop"

    @property
    def name(self) -> str:
        """The LP solver's name."""
        return self.lp

    def run(self, search: Search) -> str:
        """Solve; returns "optimal" (done), "limit", "infeasible" or "unbounded"."""
        if self.lp == "highs":
            from solvers.highs import Highs

            return branch_and_cut(search, Highs)
        from solvers.ortools import Glop

        return branch_and_cut(search, Glop)


@dataclass(frozen=True)
class Scip:
    """The integer model as it is declared, its families as lazy constraints; no multipliers to certify."""

    name = "scip"

    def run(self, search: Search) -> str:
        """Solve; returns "optimal" (done), "limit" or "infeasible"."""
        from solvers.scip import solve_by_scip

        return solve_by_scip(search)


def choose(solver: str | Solver | None) -> Solver:
    """The solver of that name, or the default; raises ValueError naming those there are."""
    match solver:
        case None | "glop":
            return BranchAndCut("glop")
        case "highs":
            return BranchAndCut("highs")
        case "scip":
            return Scip()
        case str():
            raise ValueError(f"there is no solver {solver!r} for this problem; choose among {', '.join(NAMES)}")
        case _:
            return solver


def solve(
    problem: Problem,
    solver: str | Solver | None = None,
    *,
    time_limit: float | None = None,
    gap: float | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[Search], None] | None = None,
) -> Solution:
    """Solve the problem, certify the bound in exact arithmetic, and check the value against its references.

    solver      "glop" (default), "highs", "scip", or a solver object such as BranchAndCut("highs")
    time_limit  seconds; what is best by then is returned with the bound that it has
    gap         relative gap at which to stop, 1e-9 by default
    seed        for solvers that draw random numbers; those here draw none
    device      "auto" or "cpu": no LP or MIP solver here runs on a GPU
    progress    called with the Search after every round
    Ctrl-C ends the solve as a time limit does, and stats["interrupted"] says so. Raises ValueError, in a sentence,
    for a model or an option that no solver here can take.
    """
    if time_limit is not None and not time_limit > 0:
        raise ValueError(f"time_limit is {time_limit}; it must be a positive number of seconds")
    if gap is not None and not 0 <= gap < 1:
        raise ValueError(f"gap is {gap}; it must be at least 0 and less than 1")
    if device not in ("auto", "cpu"):
        raise ValueError(f"device {device!r} is not for this problem: its solvers run on the cpu; leave it at auto")
    chosen, whole = choose(solver), Clock(time_limit)
    form = standard_form(problem)
    # The last part of the limit is for the proof, in proportion to the model.
    proving = min(PROVING * (len(form.c) + form.A.nnz), 0.5 * whole.left)
    clock = Clock(whole.limit and whole.limit - proving, whole.started)
    compiled = clock.elapsed
    model = ExactModel(form, problem.families)
    prepared = clock.elapsed
    search = Search(
        problem=problem,
        model=model,
        clock=clock,
        gap=MEETS if gap is None else gap,
        report=progress or (lambda _: None),
    )
    interrupted = False
    try:
        ended = chosen.run(search)
    except KeyboardInterrupt:
        ended, interrupted = "limit", True
    solved = clock.elapsed
    if interrupted:
        search.problem = replace(problem, dual=None)  # one proof is enough, and quicker
    solution = _certified(search, chosen.name, ended)
    certified = clock.elapsed
    checks = list(solution.checks)
    if solution.value is not None and not interrupted:
        checks += compare(problem, solution, whole)
    stats = {
        "variables": len(form.c),
        "constraints": len(form.row_lower),
        "nonzeros": int(form.A.nnz),
        "rounds": search.rounds,
        "cuts": search.cuts,
        "boxes": search.boxes,
        "iterations": search.iterations,
        "interrupted": interrupted,
        "history": search.history,
        "build_seconds": compiled + search.loading,
        "solve_seconds": solved - prepared - search.loading,
        "certify_seconds": prepared - compiled + certified - solved,
        "check_seconds": clock.elapsed - certified,
    }
    return replace(solution, checks=checks, stats=stats)


def _certified(search: Search, name: str, ended: str) -> Solution:
    """Value, bound and status by exact arithmetic alone, whatever the solver said."""
    if search.best is None or not np.isfinite(search.best).all():
        search.best = None
        return _without_answer(search, name, ended)
    proofs = _proofs(search)
    bounds = [search.model.bound(proof) for _, proof in proofs]
    form, value = search.model.form, search.model.value(search.best)
    broken = search.model.broken(search.best)
    gaps = [_gap(value, bound) for bound in bounds]
    # The solver's own multipliers come first; those read off the answer count where they leave a gap.
    best = min(range(len(proofs)), key=lambda k: max(gaps[k], search.gap), default=None)
    kind, proof = ("none", None) if best is None else proofs[best]
    bound, gap = (-math.inf, math.inf) if best is None else (bounds[best], gaps[best])
    # A bound above the value would mean a wrong answer or a wrong bound: never optimal.
    above = value + Fraction(search.model.tolerance * max(abs(float(value)), 1.0))
    verified = broken is None and gap <= search.gap and bound <= above
    checks = [Check("every constraint holds" if broken is None else f"breaks {broken}", "==", None, broken is None)]
    for (what, _), other in zip(proofs, bounds, strict=True):
        if math.isfinite(other):
            relation = ">=" if form.maximize else "<="
            checks.append(Check(f"bound by {what}", relation, search.model.form.objective(other), other <= above))
    message = ""
    if not verified:
        claim = f"{name} calls it optimal without a proof that can be checked; " if ended == "optimal" else ""
        left = f"gap {gap:.2%}" if math.isfinite(gap) else "there is no bound that could be proved"
        message = f"an answer, not proven best: {claim}{left}"
    values = form.values(search.best)
    return Solution(
        status="optimal" if verified else "feasible",
        value=search.model.form.objective(value),
        bound=search.model.form.objective(bound) if math.isfinite(bound) else None,
        gap=gap if math.isfinite(gap) else None,
        answer=search.problem.answer(values),
        values=values,
        multipliers=_multipliers(search, proof),
        certificate=Certificate(kind, verified, exact=proof is not None and not search.model.tolerance, proof=proof),
        checks=checks,
        solver=name,
        stats={},
        message=message,
    )


def _without_answer(search: Search, name: str, ended: str) -> Solution:
    """Proven infeasible, or nothing found and nothing proven."""
    status: Status = "no_solution"
    certificate = Certificate("none", verified=False, exact=False)
    bound: Fraction | float = -math.inf
    message = "no feasible answer was found within the limits, and none was shown to be impossible"
    if ended == "infeasible":
        message = f"{name} calls the problem infeasible, without a proof that can be checked"
    if ended == "unbounded":
        status, message = "unbounded", "the objective improves without end"
    for kind, proof in _proofs(search):
        bound = search.model.bound(proof)
        if bound == math.inf:
            status, certificate = "infeasible", Certificate(kind, verified=True, exact=True, proof=proof)
            message = f"no answer satisfies all constraints; these contradict each other: {_named(search, proof)}"
    return Solution(
        status=status,
        value=None,
        bound=search.model.form.objective(bound) if math.isfinite(bound) else None,
        gap=None,
        answer=None,
        values=None,
        multipliers=None,
        certificate=certificate,
        checks=(),
        solver=name,
        stats={},
        message=message,
    )


def _proofs(search: Search) -> list[tuple[str, Proof]]:
    """What there is to prove the answer with: the search's multipliers, and those guessed from the answer alone."""
    proofs: list[tuple[str, Proof]] = []
    if search.proof is not None:
        proofs.append(("multipliers" if isinstance(search.proof, Leaf) else "branching", search.proof))
    if search.best is not None and search.problem.dual is not None:
        form = search.model.form
        guess = search.problem.dual(form.values(search.best))
        if all(name in search.problem.families for name, *_ in guess.families):
            proofs.append(("dual of the answer", Leaf(dual_of(form, guess))))
    return proofs


def _gap(value: Fraction, bound: Fraction | float) -> float:
    if value == bound:
        return 0.0
    if not math.isfinite(bound):
        return math.inf
    return abs(float(value - Fraction(bound))) / float(max(abs(value), abs(Fraction(bound))))


def _named(search: Search, proof: Proof) -> str:
    """The constraints that a proof of infeasibility leans on."""
    if not isinstance(proof, Leaf):
        return "in every branch"
    listed = [name for name, rows in search.model.form.names.items() if proof.dual.rows[rows].any()]
    families = [name for name, _, pi in proof.dual.families if pi.any()]
    return ", ".join(dict.fromkeys(listed + families)) or "the bounds of the variables"


def _multipliers(search: Search, proof: Proof | None) -> Multipliers | None:
    """The multipliers over the whole box, by the problem's own names and signs."""
    if not isinstance(proof, Leaf):
        return None
    form, sign = search.model.form, -1.0 if search.model.form.maximize else 1.0
    listed = {name: sign * proof.dual.rows[rows] for name, rows in form.names.items()}
    return Multipliers(listed, [(name, sets, sign * pi) for name, sets, pi in proof.dual.families])
