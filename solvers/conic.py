"""Convex problems that are not linear, by an off-the-shelf conic solver; what it finds is then proved without it.

cvxpy brings the problem to cones and hands it over. Of what comes back only the variables' values and the multipliers
are used: the value is the objective evaluated there, every constraint being checked, and the bound is what weak duality
makes of the multipliers, by the problem's own Lagrangian dual function or by its conic form (solvers.proof.conic_dual).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formulations.problem import Problem, Values
from solvers.clock import Clock
from solvers.convex.compiled import Compiled, Found
from solvers.convex.proving import Proofs, proofs
from solvers.findings import Findings
from solvers.proof.convex import ConvexProgram

NAMES = ("clarabel", "scs")
RESTATE = (
    "no solver here takes more than linear functions beside integers or constraints that are found lazily: state the "
    "model by affine functions, abs, max, min, norm1, norm_inf and sum_largest, and glop, highs and scip take it"
)
MEETS = 1e-7  # gap up to which value and bound count as equal, unless another is asked for


@dataclass(frozen=True)
class Conic:
    """A conic solver, through cvxpy, on convex models that are not linear: "clarabel" or "scs"."""

    name: str = "clarabel"


def refuse_nonlinear(problem: Problem, solver: str) -> None:
    """Raise ValueError, naming who can, if the model is more than linear: for solvers of linear models."""
    if problem.is_linear:
        return
    if problem.families or _has_integers(problem):
        raise ValueError(f"the model is not linear, as {solver} needs it to be; {RESTATE}")
    raise ValueError(f"the model is not linear, as {solver} needs it to be; {' and '.join(NAMES)} take it")


def refuse_convex(problem: Problem, name: str) -> None:
    """Raise ValueError, naming who can, for what conic solvers do not take."""
    is_linear = problem.is_linear
    others = "glop, highs, scip do" if is_linear else RESTATE
    for variable, v in problem.variables.items():
        if v.is_complex():
            remedy = "state its real and its imaginary part as variables of their own"
            raise ValueError(f"the variable {variable!r} is complex, which {name} is not asked to find here; {remedy}")
    if problem.families:
        raise ValueError(f"{name} takes no constraints that are found lazily; {others}")
    if _has_integers(problem):
        raise ValueError(f"{name} finds no integers; {others}")
    if is_linear:
        raise ValueError(f"{name} is here for models that are not linear; glop, highs and pdlp prove this one exactly")


def _has_integers(problem: Problem) -> bool:
    return any(v.attributes["integer"] or v.attributes["boolean"] for v in problem.variables.values())


def solve_convex(
    problem: Problem, name: str, clock: Clock, start: Mapping[str, Any] | None = None
) -> tuple[ConvexProgram, Findings]:
    """What the conic solver of that name finds, and the user's own answer if one is offered."""
    candidates = [] if start is None else [_offered(problem, start)]
    started, interrupted = clock.elapsed, False
    compiled = Compiled(problem, name)
    built, found, proved = clock.elapsed, Found("limit"), Proofs()
    try:
        found = compiled.solved(clock)
        solved = clock.elapsed
        proved = proofs(problem, compiled, found, clock)
    except KeyboardInterrupt:
        interrupted, solved = True, clock.elapsed
    if proved.start is not None:
        candidates.append(proved.start)
    if found.values is not None:
        repaired = None if problem.repair is None else problem.repair(found.values)
        candidates.append(repaired or found.values)
    ended = "not_converged" if found.ended == "unbounded" else found.ended  # that it is, only a ray says
    nothing = ": no values came back" if found.values is None else ""
    settled = f"{name} did not settle{nothing}" if found.ended == "not_converged" else ""
    stats = {
        "variables": compiled.sizes[0],
        "constraints": compiled.sizes[1],
        "iterations": found.iterations,
        "interrupted": interrupted,
        "history": [],
        "build_seconds": built - started,
        "solve_seconds": solved - built,
        "certify_seconds": clock.elapsed - solved,
    }
    return ConvexProgram(problem, compiled.form), Findings(
        solver=name,
        ended=ended,
        candidates=candidates,
        certificates=proved.certificates,
        ray=proved.ray,
        remark="; ".join(filter(None, [settled, proved.remark])),
        stats=stats,
    )


def _offered(problem: Problem, start: Any) -> Values:
    """The user's own answer; raises ValueError, naming what it breaks, if it is none."""
    values = problem.given(start)
    broken = ConvexProgram(problem).broken(values)
    if broken is not None:
        raise ValueError(f"start breaks {broken}; offer a feasible answer")
    return values
