"""What a search over an LP or MIP has come to, by exact arithmetic alone: value, bound, status and multipliers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction

import numpy as np

from formulations.arithmetic.exact import as_floats
from formulations.problem import Integers, Multipliers
from solvers.proof.certificate import Bound, Leaf, Proof, dual_of
from solvers.proof.search import Search
from solvers.proof.standard_form import StandardForm
from solvers.solution import Certificate, Check, Solution, Status


def certified(search: Search, name: str, ended: str) -> Solution:
    """Value, bound and status by exact arithmetic alone, whatever the solver said."""
    if search.best is None or not np.isfinite(search.best).all():
        search.best = None
        return _without_answer(search, name, ended)
    form, value = search.model.form, search.model.value(search.best)
    broken = search.model.broken(search.best)
    proofs, bounds, gaps = [], [], []
    for kind, proof in _proofs(search):
        plain = search.model.lower_bound(proof.dual) if isinstance(proof, Leaf) else None
        bounds.append(search.model.bound(proof) if plain is None else search.model.lift(plain.value))
        proofs.append((kind, proof, plain))
        gaps.append((_gap(value, bounds[-1]), _gap(value, bounds[-1] if plain is None else plain.value)))
        if not any(gaps[-1]):
            break  # what could be read off the answer is not needed
    # Of proofs that do, the one whose multipliers add up to the value themselves, without "no value lies between".
    best = min(range(len(proofs)), key=lambda k: (max(gaps[k][0], search.gap), gaps[k][1]), default=None)
    kind, proof, plain = ("none", None, None) if best is None else proofs[best]  # type: ignore[assignment]
    bound, gap = (-math.inf, math.inf) if best is None else (bounds[best], gaps[best][0])
    # A bound above the value would mean a wrong answer or a wrong bound: never optimal.
    above = value + Fraction(search.model.tolerance * max(abs(float(value)), 1.0))
    verified = broken is None and gap <= search.gap and bound <= above
    if ended == "unbounded" and not verified:
        search.best = None
        return _without_answer(search, name, ended)
    checks = [Check("every constraint holds" if broken is None else f"breaks {broken}", "==", None, broken is None)]
    for (what, *_), other in zip(proofs, bounds, strict=True):
        if math.isfinite(other):
            relation = ">=" if form.maximize else "<="
            checks.append(Check(f"bound by {what}", relation, search.model.form.objective(other), other <= above))
    message = ""
    if not verified:
        claim = f"{name} calls it optimal without a proof that can be checked; " if ended == "optimal" else ""
        left = f"gap {gap:.2%}" if math.isfinite(gap) else "there is no bound that could be proved"
        message = f"an answer, not proven best: {claim}{left}"
    values = form.values(search.best)
    exact, unit = _exact_multipliers(form, plain)
    return Solution(
        status="optimal" if verified else "feasible",
        value=search.model.form.objective(value),
        bound=search.model.form.objective(bound) if math.isfinite(bound) else None,
        gap=gap if math.isfinite(gap) else None,
        answer=search.problem.answer(values),
        values=values,
        multipliers=_multipliers(proof, exact, unit, form.maximize),
        certificate=Certificate(
            kind,
            verified,
            exact=proof is not None and not search.model.tolerance,
            proof=proof,
            exact_multipliers=exact,
            unit=unit,
        ),
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
    if ended == "not_converged":
        status, message = "not_converged", f"{name} did not settle within its own limit of iterations"
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


def _proofs(search: Search) -> Iterator[tuple[str, Proof]]:
    """What there is to prove the answer with: the search's multipliers, and those guessed from the answer alone."""
    if search.proof is not None:
        yield "multipliers" if isinstance(search.proof, Leaf) else "branching", search.proof
    if search.best is not None and search.problem.dual is not None:
        form = search.model.form
        guess = search.problem.dual(form.values(search.best))
        if guess is not None and all(name in search.problem.families for name, *_ in guess.families):
            yield "dual of the answer", Leaf(dual_of(form, guess))


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


def _exact_multipliers(form: StandardForm, bound: Bound | None) -> tuple[dict[str, Integers], int]:
    """The listed constraints' multipliers over the whole box as they were checked, by the problem's names and signs."""
    if bound is None:
        return {}, 1
    y = -bound.rows if form.maximize else bound.rows
    return {name: y[rows] for name, rows in form.names.items()}, bound.row_unit


def _multipliers(proof: Proof | None, exact: Mapping[str, Integers], unit: int, maximize: bool) -> Multipliers | None:
    """The same in floating point, with those of the families."""
    if not isinstance(proof, Leaf):
        return None
    listed = {name: as_floats(p, unit) for name, p in exact.items()}
    return Multipliers(listed, [(name, sets, -pi if maximize else pi) for name, sets, pi in proof.dual.families])
