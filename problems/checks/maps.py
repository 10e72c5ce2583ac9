"""Maps checked again: their coordinates as a frame, and a count of the eigenvalues beyond its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.checks.sandwich import Checked, counted, numbers, same, sandwich
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from formulations.problem import Floats, SearchProblem
    from problems.studies.points import Points

MEETS = 1e-6  # the gap up to which an unfolding is said to be optimal


def checked(document: Mapping[str, Any], points: Points) -> Checked:
    """Every check of an answer of problems.embedding; raises InputError for a map that lacks a direction."""
    from problems.studies.maps import neighbours_of
    from problems.studies.methods import METHODS, stated

    asked, answer = document["asked"], document["answer"]
    method, k = asked["method"], asked["dimensions"]
    problem = stated(method, points, neighbours_of(method, points, asked["neighbours"]), k)
    X = numbers(answer["coordinates"], points.n, k)
    eigenvalues = numbers(answer["eigenvalues"], k)
    if method == "sdp":
        return _unfolded(document, points, problem, X, eigenvalues)
    form: Any = problem.objective
    if not np.abs(X).max(axis=0).all():
        raise InputError(
            "a coordinate is 0 at all points, so that the map does not say all of its frame; ask for fewer"
        )
    root = np.ones(points.n) if form.scale is None else 1 / form.scale  # of the diagonal B
    Y = X / np.sqrt(np.abs(eigenvalues)) if METHODS[method].keeps_distances else _frame(method, X, eigenvalues, root)
    checks = sandwich(problem, Y, counted(form, Y), document)
    ours = np.einsum("ij,ij->j", Y[:, :k], np.asarray(form.M @ Y[:, :k]))
    size = form.size(Y)
    checks += [
        _named(answer, points),
        ("eigenvalues are those of the coordinates", np.abs(ours - eigenvalues).max() <= 1e-9 * size),
    ]
    what = f"the map of {points.source} by {method} has a trace of {document['value']:.9g}, and none a better one"
    return Checked(checks, what)


def _unfolded(
    document: Mapping[str, Any], points: Points, problem: SearchProblem, X: Floats, eigenvalues: Floats
) -> Checked:
    """The same of an unfolding: how far apart neighbours are, and the weights that bound their spread."""
    answer, proof = document["answer"], document["certificate"]
    further = answer.get("further_coordinates")
    whole = X if further is None else np.column_stack([X, numbers(further, points.n, -1)])
    squares = whole.T @ whole
    checks = sandwich(
        problem, whole, float(problem.weak_duals[0].bound(numbers(proof["weights"], -1))), document, MEETS
    )
    checks += [
        _named(answer, points),
        ("coordinates are along principal axes", same(squares, np.diag(np.sort(squares.diagonal())[::-1]))),
        ("eigenvalues are those of the coordinates", same(eigenvalues, squares.diagonal()[: X.shape[1]])),
    ]
    value, bound = document["value"], document["bound"]
    told = f"neighbours as near as in {points.source} can be spread by {value:.9g}, and by no more than {bound:.9g}"
    return Checked(checks, told)


def _named(answer: Mapping[str, Any], points: Points) -> tuple[str, bool]:
    return "names are those of the file", list(answer["names"]) == list(points.names)


def _frame(method: str, X: Floats, eigenvalues: Floats, root: Floats) -> Floats:
    """The frame that coordinates are made of, its rows times the roots of B; constants where a method has them."""
    unit = np.linalg.norm(root)
    Y = X / (unit * eigenvalues) if method == "diffusion" else X
    return np.column_stack([root[:, None] * Y, root / unit])
