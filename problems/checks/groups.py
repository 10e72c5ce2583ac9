"""Groups by k-means checked again: their squares, and the cases by which a bound is proven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.checks.sandwich import Checked, same, sandwich
from problems.proofs.cases import certificate_of

if TYPE_CHECKING:
    from problems.studies.named_rows import Table

MEETS = 1e-6  # the gap up to which problems.kmeans says "optimal"
RELATIVE = 1e-9  # of a mean


def checked(document: Mapping[str, Any], table: Table) -> Checked:
    """Every check of an answer of problems.kmeans."""
    from formulations.kmeans import kmeans
    from problems.studies.groups import pairs_of
    from problems.studies.named_rows import numbers_of

    asked, answer = document["asked"], document["answer"]
    values = numbers_of(table, asked["standardised"])
    together, apart = (pairs_of(table, name, asked[name]) for name in ("together", "apart"))
    k = asked["groups"]
    problem = kmeans(values, k, together, apart, asked["at_least"], asked["at_most"])
    labels = np.array(answer["labels"])
    kind, certificate = certificate_of(document["certificate"])
    bounds = [float(dual.bound(certificate if dual.name == kind else ())) for dual in problem.weak_duals]
    names = ("columns are those of the file", list(answer["columns"]) == list(table.columns))
    checks = [names, *sandwich(problem, labels, max(bounds), document, MEETS)]
    if problem.broken(labels) is None:
        found = problem.answer(labels)
        checks += [
            ("groups are numbered as their first rows come", bool((found.labels == labels).all())),
            ("centers are the means of the groups", same(answer["centers"], found.centers, RELATIVE)),
        ]
    value, bound = document["value"], document["bound"]
    told = f"the {k} groups of {table.source} have a sum of squares of {value:.9g}, and no such groups one below"
    return Checked(checks, f"{told} {bound:.9g}")
