"""What a solve gives back: an answer between its value and a bound, and how to read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

from formulations.problem import Floats, Integers, Multipliers, Values

Status = Literal["optimal", "feasible", "infeasible", "unbounded", "no_solution", "not_converged"]
Verdicts = Mapping[bool, str]
VISIBLE_GAP = 5e-5  # from which on the report says how large it is: what rounds to 0.01 per cent
COUNTS = ("rounds", "cuts", "boxes", "cells", "improvements", "iterations")  # of stats that the report names
AGREES: Verdicts = {True: "agrees", False: "DISAGREES"}


def gap_in_words(gap: float) -> str:
    """As a percentage, or, where that would be 0.00, as it is.

    >>> gap_in_words(0.0123), gap_in_words(1.3e-5)
    ('gap 1.23%', 'gap 1.3e-05')
    """
    return f"gap {gap:.2%}" if gap >= VISIBLE_GAP else f"gap {gap:.2g}"


@dataclass(frozen=True)
class Check:
    """One comparison of the value with something independent: `name` `relation` value, and whether it holds."""

    name: str
    relation: str
    value: float | None
    ok: bool

    def __str__(self) -> str:
        """In a line."""
        against = "" if self.value is None else f" {self.relation} {self.value:.12g}"
        return f"{AGREES[self.ok]}: {self.name}{against}"


@dataclass(frozen=True)
class Certificate:
    """What the bound rests on, recomputed without the solver.

    kind      what proves the bound: "multipliers", "branching", "dual function", "best responses", ...; or "none"
    verified  the certificate proves the status that is claimed
    exact     bound and answer met in rational arithmetic; False where rounding to 1e-9 is left, or samples are
    level     the confidence of a claim that rests on held-out samples; None where it holds for certain
    proof     the multipliers themselves (solvers.proof.certificate); None if there are none
    exact_multipliers, unit   constraint name -> numerators over the common denominator `unit` of the multipliers that
              were checked, in the sign of the problem; empty if the proof needs more than one set of multipliers
    """

    kind: str
    verified: bool
    exact: bool
    level: float | None = None
    proof: Any = None
    exact_multipliers: Mapping[str, Integers] = field(default_factory=dict)
    unit: int = 1


@dataclass(frozen=True)
class ShadowPrices:
    """By how much the optimal value changes per unit by which a constraint is relaxed.

    of      "the linear program" itself, or of an integer program "the linear relaxation"
    prices  constraint name -> one number per row, flattened column by column: relaxed by t, u <= v (and v >= u) reads
            u - v <= t, u == v reads u - v == t
    exact   checked to be optimal multipliers: they prove the very value of the answer
    """

    of: str
    prices: Mapping[str, Floats]
    exact: bool


@dataclass(frozen=True, kw_only=True, repr=False)
class Solution:
    """An answer between its value and a bound on every answer.

    status       "optimal": value and bound meet, to the asked gap, and the certificate was checked;
                 "feasible": an answer, with the bound that could be proved; "infeasible": proved so;
                 "unbounded": along a ray that was checked;
                 "no_solution": nothing found, nothing proved;
                 "not_converged": an iteration that did not settle
    value, bound objective of the answer, and what no answer can beat; None where there is none
    gap          |value - bound| / size; value and bound meet where it is at most the gap that was asked for (1e-9 by
                 default; 1e-7 for conic solvers), or where they are equal exactly; a gap of
                 0 asks for 1e-9 where values are rounded
    size         the natural size of the problem, the same whatever constant is added to the objective: of a linear
                 program the sum of |c_j x_j| (costs of variables in wide boxes are summed before the sign is
                 dropped, so that no answer is blown up at will), at least what a step in one variable costs or 1e-4 of
                 what steps in all do, whichever is less (by 1, or by the range of the variable, or by the largest
                 of all bounds and right-hand sides, if that is less); of a convex program the
                 value without its constants, at least a small share of what a step of about 1 changes; of a game the
                 mean distance of the payoffs in play from their mean; of a likelihood 1 nat; of an objective on orders
                 the sum of the sizes of its terms
    answer       what the problem asks for; values: its variables; multipliers: the dual behind the bound, or behind
                 the proof that there is no answer
    checks       the value against independent algorithms, and the answer against every constraint
    stats        sizes, rounds, cuts, build_seconds, solve_seconds, ...
    message      one sentence for the user, where there is something to say
    parts        of a Separable, the solution of each part by name: value, bound and size are their sums, the gap is the
                 largest of theirs, and the status the worst
    """

    status: Status
    value: float | None
    bound: float | None
    gap: float | None
    size: float | None = None
    answer: Any
    values: Values | None
    multipliers: Multipliers | None
    certificate: Certificate
    checks: Sequence[Check]
    solver: str
    stats: Mapping[str, Any]
    message: str = ""
    parts: Mapping[str, Solution] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Every check holds."""
        return all(check.ok for check in self.checks)

    @property
    def proven(self) -> bool:
        """The status is proved, and every check holds."""
        return self.certificate.verified and self.status != "feasible" and self.agrees

    @property
    def shadow_prices(self) -> ShadowPrices | None:
        """What relaxing a constraint is worth; None if the bound does not rest on one set of multipliers."""
        exact = self.certificate.exact_multipliers
        if self.multipliers is None or not exact or self.value is None:
            return None
        of = "the linear relaxation" if self.stats.get("integers") else "the linear program"
        return ShadowPrices(of, self.multipliers.listed, self.certificate.verified)

    def __repr__(self) -> str:
        """In a line."""
        numbers = f"value={_number(self.value)}, bound={_number(self.bound)}"
        return f"Solution({self.status}, {numbers}, solver={self.solver!r}, certificate={self.certificate.kind!r})"

    def __str__(self) -> str:
        """The report that the command line prints."""
        return "\n".join(self.report())

    def report(self) -> Iterator[str]:
        """Status, value, bound, work and checks, a line each."""
        yield f"  status {self.status}"
        yield f"  value  {_number(self.value, 'unknown')}"
        yield f"  bound  {_number(self.bound)}  ({self.proof_in_words})"
        yield f"  solver {self.solver}: {self.work_in_words}"
        if self.message and self.certificate.verified:
            yield f"  {self.message}"
        for name, part in self.parts.items():
            yield f"  {name}: {part.status}, value {_number(part.value, 'unknown')}, bound {_number(part.bound)}"
        yield from (f"  {check}" for check in self.checks)

    @property
    def proof_in_words(self) -> str:
        """What the bound rests on, or why nothing is claimed."""
        certificate = self.certificate
        if not certificate.verified:
            return self.message
        how = "exactly, without" if certificate.exact else "without"
        near = f"to a gap of {self.gap:.2%}, " if self.gap is not None and self.gap >= VISIBLE_GAP else ""
        return f"{near}proven by {certificate.kind}: re-checked {how} the solver"

    @property
    def work_in_words(self) -> str:
        """Rounds, cuts, boxes and seconds, as far as there are any."""
        stats = self.stats
        counts = [counted(stats[name], name) for name in COUNTS if stats.get(name)]
        seconds = stats.get("build_seconds", 0.0) + stats.get("solve_seconds", 0.0)
        return ", ".join([*counts, f"{seconds:.2f} s"])

    @property
    def mark(self) -> str:
        """Whether it is proven, contradicted by a check, or neither."""
        return "✓" if self.proven else "✗" if not self.agrees else "?"

    @property
    def card(self) -> dict[str, str]:
        """What cards in notebooks and reports say, by name."""
        rows = {
            "value": _number(self.value, "unknown"),
            "bound": _number(self.bound),
            "gap": "none" if self.gap is None else f"{self.gap:.3g}",
            "certificate": self.proof_in_words,
            "solver": f"{self.solver}: {self.work_in_words}",
        }
        return rows | {f"check {k}": str(check) for k, check in enumerate(self.checks, start=1)}

    def _repr_html_(self) -> str:
        """A card for notebooks: no scripts, nothing from outside."""
        cell = "padding:2px 10px;text-align:left;vertical-align:top"
        lines = [
            f'<tr><th style="{cell}">{escape(name)}</th><td style="{cell}">{escape(text)}</td></tr>'
            for name, text in self.card.items()
        ]
        frame = "border:1px solid #a3acb8;border-radius:4px;padding:6px;display:inline-block;font-family:sans-serif"
        return (
            f'<div style="{frame}"><div style="{cell};font-weight:bold">{self.mark} {escape(self.status)}</div>'
            f'<table style="border-collapse:collapse">{"".join(lines)}</table></div>'
        )


def _number(number: float | None, missing: str = "none") -> str:
    return missing if number is None else f"{number:.12g}"


def counted(number: int, things: str) -> str:
    """A number of things, which are named in the plural, in words.

    >>> counted(2_000, "boxes"), counted(1, "boxes"), counted(1, "near-copies"), counted(1, "nodes")
    ('2,000 boxes', '1 box', '1 near-copy', '1 node')
    """
    if number != 1:
        return f"{number:,} {things}"
    for plural, singular in (("ies", "y"), ("xes", "x"), ("s", "")):
        if things.endswith(plural):
            return f"1 {things.removesuffix(plural)}{singular}"
    return f"1 {things}"
