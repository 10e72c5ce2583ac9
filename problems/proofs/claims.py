"""An answer's claims held against the graph: its value, its bound, and what both say, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from problems.proofs.duality import Unproven, fraction, proven
from problems.proofs.questions import KINDS, Question

if TYPE_CHECKING:
    from formulations.graphs import Network

MEETS = Fraction(1, 10**9)  # of the size of the answer's terms: from there on solvers.judge says "optimal"
MAX_FLOAT = 10**300  # greater numbers may not be representable


def claims(document: Mapping[str, Any], g: Network, source: str) -> tuple[list[tuple[str, bool]], str]:
    """Every check of an answer, and what it proves of the graph if all hold; `source` is what the graph is called."""
    asked, certificate, status = document["asked"], document["certificate"], document["status"]
    kind, known = KINDS[document["problem"]]
    if strange := sorted({*asked} - {*known, "reading"}):
        raise ValueError(f"it was asked for {strange[0]!r}, which is not known here")
    try:
        question = kind(g, asked, certificate.get("sets", []))
        bound = proven(question.program, certificate)
        if status == "infeasible":
            none = bound == math.inf and [document[key] for key in ("answer", "value", "bound")] == 3 * [None]
            return [("the multipliers show that there is no answer", none)], f"there is no {_named(question, source)}"
        used, checks = question.measured(document["answer"], certificate.get("parallel"))
    except Unproven as error:
        return [(str(error), False)], ""
    terms, unit, sign = question.program.cost[used].tolist(), question.program.unit, -1 if asked.get("maximize") else 1
    value, size = Fraction(sum(terms), unit), Fraction(sum(map(abs, terms)), unit)
    gap = max(MEETS, fraction(asked.get("gap", 0)))
    checks += [
        ("its weight is the value", _prints_as(sign * value, document["value"])),
        ("the multipliers prove the bound", _prints_as(sign * bound, document["bound"])),
        ("value and bound do not contradict each other", bound <= value),
        ("value and bound meet", value - bound <= gap * size or status == "feasible"),
    ]
    return checks, _in_words(question, source, sign * value, sign * bound)


def _in_words(question: Question, source: str, value: Fraction, bound: Fraction | float) -> str:
    """What is proven, if all checks hold."""
    noun, what, plural = question.noun, _named(question, source), question.noun.endswith("s")
    if value == bound:
        return f"the {noun} of weight {_shown(value)} {'are' if plural else 'is'} a {question.best} {what}"
    better = "more" if question.best in ("maximum", "longest") else "less"
    weigh = f"the {noun} weigh{'' if plural else 's'} {_shown(value)}"
    return f"{weigh}, and no {what} weighs {better} than {_shown(bound)}"


def _named(question: Question, source: str) -> str:
    return f" {source}".join(question.words)


def _shown(number: Fraction | float) -> str:
    return f"{float(number):.15g}" if -MAX_FLOAT < number < MAX_FLOAT else "a number too large to show"


def _prints_as(exact: Fraction | float, printed: Any) -> bool:
    """Whether the exact number, rounded to a float, is the one that was printed."""
    fits = type(printed) in (int, float) and all(-MAX_FLOAT < number < MAX_FLOAT for number in (exact, printed))
    return fits and (exact == printed or float(exact) == float(printed))
