"""Robust accuracy checked again: attacks by the network's own weights, and the trees that certify points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.checks.sandwich import Checked, number, numbers, sandwich

if TYPE_CHECKING:
    from problems.studies.classified import Classified


def checked(document: Mapping[str, Any], data: Classified) -> Checked:
    """Every check of an answer of problems.robust_network."""
    from formulations.arithmetic.relu_network import relu_network
    from formulations.robust_network import robust_accuracy
    from problems.studies.robust_networks import trees_of

    asked, answer = document["asked"], document["answer"]
    network = relu_network(answer["network"]["weights"], answer["network"]["biases"])
    X, y, radius = data.X[data.judged], data.y[data.judged], number(asked["radius"])
    problem = robust_accuracy(network, X, y, radius, data.within)
    form: Any = problem.objective
    kinds = {kind: np.array(answer[kind], dtype=np.int64) for kind in ("certified", "broken", "undecided")}
    told = np.concatenate(list(kinds.values()))
    if sorted(told.tolist()) != data.judged.tolist():
        return Checked([("each row that the network was not trained with is of one kind", False)], "")
    at = {kind: np.searchsorted(data.judged, rows) for kind, rows in kinds.items()}
    moved = X.copy()
    moved[at["broken"]] = numbers(answer["attacks"], len(kinds["broken"]), X.shape[1])
    trees = trees_of(document["certificate"])
    certified = form.certified(trees)
    checks = [
        ("columns are those of the file", list(answer["columns"]) == list(data.columns)),
        ("labels are those of the file", list(answer["labels"]) == list(data.labels)),
        ("each row that the network was not trained with is of one kind", True),
        ("the attacks break what they are said to break", bool(form.broken_points(moved)[at["broken"]].all())),
        ("the rows that are certified are so", certified is not None and bool(certified[at["certified"]].all())),
        *sandwich(problem, moved, form.bound(trees), document),
    ]
    value, bound = number(document["value"]), number(document["bound"])
    share = f"{value:.2%}" if value == bound else f"between {bound:.2%} and {value:.2%}"
    said = f"of {len(y):,} points of {data.source} the network gets {share} right however they are moved by {radius:g}"
    return Checked(checks, said)
