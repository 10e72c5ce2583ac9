"""Hierarchies checked again: the rule replayed merge by merge, their value, and bounds by distances alone."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.checks.sandwich import Checked, numbers, sandwich

if TYPE_CHECKING:
    from formulations.problem import Floats, Ints
    from problems.studies.hierarchy import Rows

SECONDS = 10.0  # for a bound, as solvers.search gives it


def checked(document: Mapping[str, Any], rows: Rows) -> Checked:
    """Every check of an answer of problems.clustering."""
    from formulations.clustering import clustering
    from problems.studies.hierarchy import labels_of

    asked, answer = document["asked"], document["answer"]
    problem = clustering(rows.d, asked["linkage"])
    merges = numbers(answer["merges"], -1, 4) if len(rows.names) > 1 else np.empty((0, 4))
    duals = [(dual.bound, dual.certificate) for dual in problem.weak_duals]
    bounds = [float(bound(find(SECONDS))) for bound, find in duals if find is not None]
    checks = sandwich(problem, merges, (min if problem.maximize else max)(bounds), document)
    if problem.broken(merges) is None:
        order = np.array(answer["order"], dtype=np.int64)
        checks.append(("clusters are side by side in the order", _side_by_side(merges, order)))
        labels = labels_of(merges, argparse.Namespace(groups=asked["groups"], height=asked["height"]))
        if labels is not None:
            cut = answer["labels"] == labels.tolist()
            checks.append(("the groups are those of the cut", cut))
    value, bound = document["value"], document["bound"]
    if asked["linkage"] == "single":
        said = f"no ultrametric below the distances of {rows.source} sums to more than {value:.9g}, as this one does"
    else:
        said = (
            f"the hierarchy of {rows.source} is made by {asked['linkage']} linkage; its cost (Dasgupta's) is "
            f"{value:.9g}, and none is below {bound:.9g}"
        )
    return Checked(checks, said)


def _side_by_side(merges: Floats, order: Ints) -> bool:
    """Whether every cluster is an interval of the order.

    >>> merges = np.array([[0, 2, 1.0, 2], [1, 3, 4.0, 3]])
    >>> [_side_by_side(merges, np.array(order)) for order in ([1, 2, 0], [0, 1, 2])]
    [True, False]
    """
    n = len(merges) + 1
    if sorted(order.tolist()) != list(range(n)):
        return False
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    first, last = place.tolist(), place.tolist()
    for a, b, _, size in merges.tolist():
        first.append(min(first[int(a)], first[int(b)]))
        last.append(max(last[int(a)], last[int(b)]))
        if last[-1] - first[-1] + 1 != size:
            return False
    return True
