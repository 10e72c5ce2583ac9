"""Rules of regression against an adversary checked again: what they lose at worst, and what bounds that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.checks.sandwich import Checked, number, numbers, sandwich
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from problems.studies.robust_rules import Learned

MEETS = 1e-7  # the gap up to which problems.robust_regression says "optimal"


def checked(document: Mapping[str, Any], learned: Learned) -> Checked:
    """Every check of an answer of problems.robust_regression; raises InputError for one that was played as a game."""
    from formulations.robust_regression import robust_search
    from problems.studies.robust_rules import NORMS

    asked, answer, proof = document["asked"], document["answer"], document["certificate"]
    if document["solver"] == "descent-ascent":
        raise InputError("answers by descent-ascent are not checked; solve it without --solver, which proves more")
    form = learned.form(asked["against"], number(asked["radius"]), NORMS[asked["norm"]])
    n, p = form.A.shape
    u = numbers(proof["subgradients"], n) if "subgradients" in proof else np.zeros(n)
    weights = numbers(proof["weights"], n) if "weights" in proof else np.full(n, 1 / n)
    moved = numbers(proof["moved"], n) if "moved" in proof else np.abs(u)
    rule = np.append(numbers(answer["coefficients"], p), number(answer["intercept"]))
    checks = [
        ("columns are those of the file", list(answer["columns"]) == list(learned.columns)),
        ("labels are those of the file", list(answer.get("labels", [])) == list(learned.labels or ())),
        *sandwich(robust_search(form), rule, form.bound((weights, u, moved)), document, MEETS),
    ]
    value, bound = document["value"], document["bound"]
    told = f"the rule for {safe(learned.target)} of {learned.source} loses {value:.9g} at worst"
    return Checked(checks, f"{told}, and no other less than {bound:.9g}")
