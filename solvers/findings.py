"""What solvers hand to the judge, and what the judge asks of a problem of any kind: the words that both share.

Solvers and searches only propose: candidates and certificates, of any kind, and how they say that they ended. Nothing
of it is believed; solvers.judge decides what it amounts to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from formulations.problem import Integers, Multipliers, Number, Reference, Values

Ended = Literal["optimal", "limit", "infeasible", "unbounded", "not_converged"]


@dataclass(frozen=True)
class Evidence:
    """A dual certificate as the user may want to check it again."""

    multipliers: Multipliers | None = None
    proof: Any = None
    exact_multipliers: dict[str, Integers] = field(default_factory=dict)
    unit: int = 1


class Judged(Protocol):
    """What the judge asks of a problem of any kind; all numbers in the problem's own sense and units.

    maximize    whether more is better
    membership  what it says of a candidate that it is feasible; "" if all are
    exact       whether values and bounds are free of rounding
    level       the confidence of values and bounds that are estimated from held-out samples, else None
    references  what an optimal value is held against
    """

    maximize: bool
    membership: str
    exact: bool
    level: float | None
    references: Sequence[Reference]

    def broken(self, candidate: Any) -> str | None:
        """What keeps the candidate from being feasible, in words; None if nothing does."""

    def value(self, candidate: Any) -> Number | None:
        """The objective there; None if it is unknown."""

    def bound(self, kind: str, certificate: Any) -> Number:
        """What the certificate proves: infinite on the worse side if nothing, on the other that no answer exists."""

    def endless(self, candidate: Any, ray: Any) -> bool:
        """Whether the ray proves that from the feasible candidate on the objective improves without end."""

    def size(self, candidate: Any) -> float:
        """The natural size of the problem there (Solution.size)."""

    def slack(self, candidate: Any) -> float:
        """By how much the value may lie beyond the bound, from rounding alone; 0 where all is exact."""

    def solved(self, candidate: Any) -> tuple[Any, Values | None]:
        """The answer that the user asked for, and the variables."""

    def evidence(self, kind: str, certificate: Any) -> Evidence:
        """The certificate for whoever checks it again."""

    def distance(self, value: float, bound: float, gap: float) -> str:
        """How far value and bound lie apart, for the message."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a solver found.

    candidates    answers, the best of which counts
    certificates  kind and certificate each
    ended         how the solver says that it ended
    ray           a direction in which the objective is said to improve without end
    remark        what else there is to say of that, for the message where nothing is proven
    note          what there is to say where something is
    stats         sizes, counts and seconds
    """

    solver: str
    ended: Ended
    candidates: Sequence[Any] = ()
    certificates: Iterable[tuple[str, Any]] = ()
    ray: Any = None
    remark: str = ""
    note: str = ""
    stats: dict[str, Any] = field(default_factory=dict)
