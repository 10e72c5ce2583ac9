"""The judge: every answer's value, bound, gap and status, recomputed from the problem's data without any solver.

Solvers and searches only propose. They hand over what they found, candidates and dual certificates of any kind, and how
they ended; nothing of it is believed. By weak duality

    value of any candidate that is feasible  >=  optimum  >=  bound of any certificate       (min; reversed for max)

so "optimal" is said here alone, and only where both numbers, recomputed, meet (Solution says what that means).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from formulations.arithmetic.exact import as_float
from formulations.problem import Number
from solvers.clock import Clock
from solvers.findings import Evidence, Findings, Judged
from solvers.references import compare
from solvers.solution import Certificate, Check, Solution, Status

MEETS = 1e-9  # gap up to which value and bound count as equal, unless another is asked for
ROUNDING = 1e-9  # gap that rounding may leave where values are not exact, whatever is asked for
LAST_PLACES = 2.0**-51  # relative: floats so near each other are the same number, computed in two ways


@dataclass(frozen=True)
class _Bound:
    """A certificate and what it proves."""

    kind: str
    certificate: Any
    value: Number

    @property
    def shown(self) -> float | None:
        """The number, if it is a finite one."""
        return as_float(self.value) if math.isfinite(as_float(self.value)) else None


def relative_gap(value: Number, bound: Number, size: float) -> float:
    """|value - bound| / size: 0 where they are equal exactly, infinite where either is or nothing has a size.

    >>> relative_gap(0.0, 1e-17, size=2.0) <= MEETS
    True
    >>> relative_gap(10**9 + 3.0, 10**9 + 2.0, size=4.0)
    0.25
    """
    if value == bound:
        return 0.0
    if not (math.isfinite(as_float(value)) and math.isfinite(as_float(bound))):
        return math.inf
    left = as_float(abs(Fraction(value) - Fraction(bound)))
    if isinstance(value, float) and isinstance(bound, float) and left <= LAST_PLACES * max(abs(value), abs(bound)):
        return 0.0
    return left / size if 0 < size < math.inf else math.inf


def judge(problem: Judged, found: Findings, gap: float = MEETS, clock: Clock | None = None) -> Solution:
    """The solution that the findings amount to; with a clock, held against the references while there is time."""
    sign = -1 if problem.maximize else 1
    candidate, value, complaints = _best(problem, found.candidates, sign)
    bounds = _weighed(problem, found)
    endless = candidate is not None and not bounds and found.ray is not None and problem.endless(candidate, found.ray)
    if candidate is None or endless:
        return _without_answer(problem, found, bounds, complaints, sign, endless=endless)
    size = problem.size(candidate)
    slack = problem.slack(candidate)
    sound = {id(b): value is None or _beyond(sign * value, sign * b.value) <= slack for b in bounds}
    proving = [b for b in bounds if sound[id(b)]]
    best = max(reversed(proving), key=lambda b: sign * b.value, default=None)  # of equals the last
    left = None if best is None or value is None else relative_gap(value, best.value, size)
    accuracy = gap if problem.exact else max(gap, ROUNDING)
    verified = bool(left is not None and left <= accuracy and all(sound.values()))  # numpy's own are no JSON
    checks = [Check(problem.membership, "==", None, True)] if problem.membership else []
    relation = "<=" if problem.maximize else ">="
    checks += [Check(f"bound by {b.kind}", relation, b.shown, sound[id(b)]) for b in bounds]
    answer, values = problem.solved(candidate)
    status: Status = "optimal" if verified else "not_converged" if found.ended == "not_converged" else "feasible"
    evidence = Evidence() if best is None else problem.evidence(best.kind, best.certificate)
    solution = Solution(
        status=status,
        value=None if value is None else as_float(value),
        bound=None if best is None else best.shown,
        gap=left if left is not None and math.isfinite(left) else None,
        size=size if math.isfinite(size) else None,
        answer=answer,
        values=values,
        multipliers=evidence.multipliers,
        certificate=_certificate(best, evidence, verified, problem),
        checks=checks,
        solver=found.solver,
        stats=found.stats,
        message=found.note if verified else _message(problem, found, value, best, left, all(sound.values())),
    )
    return solution if clock is None else held_against_references(problem, solution, clock)


def held_against_references(problem: Judged, solution: Solution, clock: Clock) -> Solution:
    """The same with a check for every reference that answers before the clock stops."""
    if solution.value is None:
        return solution
    compared = compare(problem.references, solution, clock, problem.maximize)
    stats = {**solution.stats, "interrupted": True} if compared.interrupted else solution.stats
    were = "was" if len(compared.left_out) == 1 else "were"
    late = f"{' and '.join(compared.left_out)} took too long for a cross-check and {were} left out"
    message = "; ".join(filter(None, [solution.message, late if compared.left_out else ""]))
    return replace(solution, checks=[*solution.checks, *compared.checks], stats=stats, message=message)


def _best(problem: Judged, candidates: Sequence[Any], sign: int) -> tuple[Any, Number | None, list[str]]:
    """The best feasible candidate and its value, and what the others break."""
    best, value, complaints = None, None, []
    for candidate in candidates:
        wrong = problem.broken(candidate)
        worth = None if wrong is not None else problem.value(candidate)
        if wrong is None and worth is not None and not math.isfinite(as_float(worth)):
            wrong = "the objective's domain"
        if wrong is not None:
            complaints.append(wrong)
        elif best is None or (worth is not None and (value is None or sign * worth < sign * value)):
            best, value = candidate, worth
    return best, value, complaints


def _weighed(problem: Judged, found: Findings) -> list[_Bound]:
    """Every certificate that proves something."""
    bounds = []
    for kind, certificate in found.certificates:
        proven = problem.bound(kind, certificate)
        finite = math.isfinite(as_float(proven))
        if finite or proven == (-math.inf if problem.maximize else math.inf):
            bounds.append(_Bound(kind, certificate, proven))
    return bounds


def _beyond(value: Number, bound: Number) -> Fraction | float:
    """By how much the bound lies above the value, both being minimized."""
    if not isinstance(bound, Fraction) and not math.isfinite(bound):
        return bound
    return Fraction(bound) - Fraction(value)


def _certificate(best: _Bound | None, evidence: Evidence, verified: bool, problem: Judged) -> Certificate:
    return Certificate(
        "none" if best is None else best.kind,
        verified,
        exact=best is not None and problem.exact,
        level=problem.level,
        proof=evidence.proof,
        exact_multipliers=evidence.exact_multipliers,
        unit=evidence.unit,
    )


def _message(
    problem: Judged, found: Findings, value: Number | None, best: _Bound | None, left: float | None, sound: bool
) -> str:
    """One sentence on what is not proven, and why."""
    if not sound:
        return "the value lies beyond a bound: one of the two is wrong, so nothing is claimed"
    if best is None:
        why = "there is no bound that could be proved"
    elif value is None or left is None:
        why = "its value is unknown"
    else:
        apart = f"value and bound are {abs(float(value) - float(best.value)):.3g} apart"
        why = problem.distance(float(value), float(best.value), left) if math.isfinite(left) else apart
    told = f"{found.solver} calls it {found.ended} without a proof that can be checked; "
    claim = told if found.ended in ("optimal", "unbounded") else ""
    return f"an answer, not proven best: {claim}{why}" + (f"; {found.remark}" if found.remark else "")


def _without_answer(
    problem: Judged, found: Findings, bounds: Sequence[_Bound], complaints: Sequence[str], sign: int, *, endless: bool
) -> Solution:
    """Proven infeasible or unbounded, or nothing found and nothing proven."""
    impossible = next((b for b in bounds if b.value == sign * math.inf), None)
    finite = max((b for b in bounds if b.shown is not None), key=lambda b: sign * b.value, default=None)
    best = impossible or finite
    evidence = Evidence() if best is None else problem.evidence(best.kind, best.certificate)
    status: Status = "no_solution"
    if impossible is not None and not complaints:
        status = "infeasible"
        message = f"no answer satisfies all constraints; these contradict each other: {_named(evidence)}"
    elif endless:
        complaints, status = [], "unbounded"
        message = "the objective improves without end, in a direction that was checked"
    elif found.ended == "not_converged":
        status, message = "not_converged", found.remark or f"{found.solver} did not settle within its own limit"
    elif complaints:
        message = f"what {found.solver} found breaks {complaints[0]}, so it is no answer"
    elif found.ended in ("infeasible", "unbounded"):
        message = f"{found.solver} calls the problem {found.ended}, without a proof that can be checked"
    elif found.remark:
        message = f"no feasible answer was found, and none was shown to be impossible: {found.remark}"
    else:
        message = "no feasible answer was found within the limits, and none was shown to be impossible"
    return Solution(
        status=status,
        value=None,
        bound=None if finite is None or impossible is not None else finite.shown,
        gap=None,
        answer=None,
        values=None,
        multipliers=evidence.multipliers if status == "infeasible" else None,
        certificate=_certificate(impossible, evidence, True, problem)
        if status == "infeasible"
        else Certificate(
            "ray" if endless else "none",
            verified=endless,
            exact=endless and problem.exact,
            proof=found.ray if endless else None,
        ),
        checks=[Check(f"what was found breaks {wrong}", "==", None, False) for wrong in complaints],
        solver=found.solver,
        stats=found.stats,
        message=message,
    )


def _named(evidence: Evidence) -> str:
    """The constraints that a proof of infeasibility leans on."""
    if evidence.multipliers is None:
        return "in every branch"
    listed = [name for name, y in evidence.multipliers.listed.items() if y.any()]
    families = [name for name, _, pi in evidence.multipliers.families if pi.any()]
    return ", ".join(dict.fromkeys(listed + families)) or "the bounds of the variables"
