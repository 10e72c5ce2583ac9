"""A linear or integer program as the judge sees it: everything by exact arithmetic, whatever the solver said."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from formulations.arithmetic.exact import as_floats
from formulations.problem import Floats, Multipliers, Number, Problem, Values
from solvers.findings import Evidence
from solvers.proof.branching import Leaf, Proof, dual_of, proven, whole_bound
from solvers.proof.certificate import ExactModel
from solvers.proof.descent import falls_without_end
from solvers.proof.exact_dual import REPAIR_SECONDS, exact_dual
from solvers.proof.search import Search, size_at
from solvers.solution import gap_in_words


class ExactProgram:
    """A Problem and its exact model. Candidates are vectors over the form's columns, certificates are Proofs."""

    membership = "every constraint holds"
    level: float | None = None

    def __init__(self, problem: Problem, model: ExactModel) -> None:
        """The problem, compiled."""
        self.problem, self.model, self.references = problem, model, problem.references
        self.maximize = model.form.maximize
        self.exact = not model.tolerance  # all columns are integral, so that answers meet their rows exactly

    def certificates(self, search: Search) -> Iterator[tuple[str, Proof]]:
        """The search's proof and, unless its multipliers add up to the value, what the problem reads off the answer."""
        if search.proof is not None:
            proof = self._repaired(search.proof) if search.clock.left > REPAIR_SECONDS else search.proof
            yield "multipliers" if isinstance(proof, Leaf) else "branching", proof
            if isinstance(proof, Leaf) and whole_bound(self.model, proof).value == search.value:
                return
        if search.best is not None and self.problem.dual is not None and not search.interrupted:
            guess = self.problem.dual(self.model.form.values(search.best))
            if guess is not None and all(name in self.problem.families for name, *_ in guess.families):
                yield "dual of the answer", Leaf(dual_of(self.model.form, guess))

    def _repaired(self, proof: Proof) -> Proof:
        """Multipliers that prove nothing, made exactly dual feasible if that can be."""
        if not isinstance(proof, Leaf) or isinstance(whole_bound(self.model, proof).value, Fraction):
            return proof
        exact = exact_dual(self.model, proof.dual, feasibility=proof.infeasible)
        return proof if exact is None else Leaf(exact, proof.infeasible)

    def broken(self, x: Floats) -> str | None:
        """The first constraint that x breaks."""
        return self.model.broken(x)

    def value(self, x: Floats) -> Number:
        """The objective, exactly."""
        return self.model.form.in_units(self.model.value(x))

    def bound(self, kind: str, proof: Proof) -> Number:
        """What the proof proves, exactly."""
        return self.model.form.in_units(proven(self.model, proof))

    def endless(self, x: Floats, ray: Any) -> bool:
        """Whether the costs fall without end along the ray, integers (n,): from x as from any feasible point."""
        return falls_without_end(self.model, ray)

    def size(self, x: Floats) -> float:
        """The problem's own, or the sum of the sizes of the terms of the objective (Solution.size)."""
        return size_at(self.problem, self.model, x)

    def slack(self, x: Floats) -> float:
        """What rows that hold to the model's tolerance may be worth."""
        form = self.model.form
        return self.model.tolerance * (self.size(x) + float(np.abs(form.c).max(initial=0)) * form.unit)

    def solved(self, x: Floats) -> tuple[Any, Values]:
        """The answer and the variables."""
        values = self.model.form.values(x)
        return self.problem.answer(values), values

    def evidence(self, kind: str, proof: Proof) -> Evidence:
        """The multipliers by the problem's names and signs, as they were checked."""
        if not isinstance(proof, Leaf):
            return Evidence(proof=proof)
        form, bound = self.model.form, whole_bound(self.model, proof)
        y = -bound.rows if form.maximize else bound.rows
        exact = {name: y[rows] for name, rows in form.names.items()}
        listed = {name: as_floats(p, bound.row_unit) for name, p in exact.items()}
        families = [(name, sets, -pi if form.maximize else pi) for name, sets, pi in proof.dual.families]
        return Evidence(Multipliers(listed, families), proof, exact, bound.row_unit)

    def distance(self, value: float, bound: float, gap: float) -> str:
        """The gap."""
        return gap_in_words(gap)
