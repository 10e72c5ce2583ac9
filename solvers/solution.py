"""What a solve gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from formulations.problem import Integers, Multipliers, Values
from solvers.proof.certificate import Proof

Status = Literal["optimal", "feasible", "infeasible", "unbounded", "no_solution", "not_converged"]


@dataclass(frozen=True)
class Check:
    """One comparison of the value with something independent: `name` `relation` value, and whether it holds."""

    name: str
    relation: str
    value: float | None
    ok: bool


@dataclass(frozen=True)
class Certificate:
    """What the bound rests on, recomputed without the solver.

    kind      "multipliers", "branching" or "dual of the answer"
    verified  the certificate proves the status that is claimed
    exact     bound and answer met in rational arithmetic; False where continuous variables leave a rounding of 1e-9
    proof     the multipliers themselves (solvers.proof.certificate); None if there is no certificate
    exact_multipliers, unit   constraint name -> numerators over the common denominator `unit` of the multipliers that
              were checked, in the sign of the problem; empty if the proof needs more than one set of multipliers
    """

    kind: str
    verified: bool
    exact: bool
    proof: Proof | None = None
    exact_multipliers: Mapping[str, Integers] = field(default_factory=dict)
    unit: int = 1


@dataclass(frozen=True, kw_only=True)
class Solution:
    """An answer between its value and a bound on every answer.

    status       "optimal": value and bound meet, to the asked gap, and the certificate was checked;
                 "feasible": an answer, with the bound that could be proved; "infeasible": proved so;
                 "unbounded": so by the solver's word; "no_solution": nothing found, nothing proved;
                 "not_converged": an iteration that did not settle
    value, bound objective of the answer, and what no answer can beat; None where there is none
    gap          |value - bound| / max(|value|, |bound|)
    answer       what the problem asks for; values: its variables; multipliers: the dual behind the bound
    checks       the value against independent algorithms, and the answer against every constraint
    stats        sizes, rounds, cuts, build_seconds, solve_seconds, ...
    message      one sentence for the user, where there is something to say
    """

    status: Status
    value: float | None
    bound: float | None
    gap: float | None
    answer: Any
    values: Values | None
    multipliers: Multipliers | None
    certificate: Certificate
    checks: Sequence[Check]
    solver: str
    stats: Mapping[str, Any]
    message: str = ""

    @property
    def proven(self) -> bool:
        """The status is proved, and every check holds."""
        return self.certificate.verified and self.status != "feasible" and all(check.ok for check in self.checks)
