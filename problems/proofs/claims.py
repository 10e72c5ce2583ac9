"""An answer's claims held against the graph: its value, its bound, and what both say, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from formulations.graphs import Network
from problems.proofs.duality import Unproven, fraction, proven
from problems.proofs.questions import KINDS

MEETS = Fraction(1, 10**9)  # of the size of the answer's terms: from there on solvers.judge says "optimal"


def claims(document: Mapping[str, Any], g: Network, source: str) -> tuple[list[tuple[str, bool]], str]:
    """Every check of an answer, and what it proves of the graph if all hold; `source` is what the graph is called."""
    asked, certificate, status = document["asked"], document["certificate"], document["status"]
    try:
        question = KINDS[document["problem"]](g, asked, certificate.get("sets", []))
        what = f" {source}".join(question.words)
        bound = proven(question, certificate)
        if status == "infeasible":
            none = bound == math.inf and [document[key] for key in ("answer", "value", "bound")] == 3 * [None]
            return [("the multipliers show that there is no answer", none)], f"there is no {what}"
        used, checks = question.measured(document["answer"], certificate.get("parallel"))
    except Unproven as error:
        return [(str(error), False)], ""
    terms, unit, sign = question.cost[used].tolist(), question.unit, -1 if asked.get("maximize") else 1
    value, size = Fraction(sum(terms), unit), Fraction(sum(map(abs, terms)), unit)
    meet = value - bound <= max(MEETS, fraction(asked.get("gap", 0))) * size
    checks += [
        ("its weight is the value", _prints_as(sign * value, document["value"])),
        ("the multipliers prove the bound", _prints_as(sign * bound, document["bound"])),
        ("value and bound do not contradict each other", bound <= value),
        ("value and bound meet", meet or status == "feasible"),
    ]
    noun, several, weight = question.noun, question.noun.endswith("s"), f"{float(sign * value):.15g}"
    if value == bound:
        return checks, f"the {noun} of weight {weight} {'are' if several else 'is'} a {question.best} {what}"
    weigh, better = "weigh" if several else "weighs", "less" if sign > 0 else "more"
    return checks, f"the {noun} {weigh} {weight}, and no {what} weighs {better} than {float(sign * bound):.15g}"


def _prints_as(exact: Fraction | float, printed: Any) -> bool:
    """Whether the exact number, or that rounded to a float, is the one that was printed."""
    return type(printed) in (int, float) and (exact == printed or (type(printed) is float and float(exact) == printed))
