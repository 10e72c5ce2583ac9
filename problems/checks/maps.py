"""Maps checked again: their coordinates as a frame, and a count of the eigenvalues beyond its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.checks.sandwich import Checked, counted, numbers, sandwich
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from formulations.problem import Floats
    from problems.studies.maps import Points

SCALED = ("mds", "isomap")  # coordinates are a frame times the roots of eigenvalues


def checked(document: Mapping[str, Any], points: Points) -> Checked:
    """Every check of an answer of problems.embedding; raises InputError for a map that lacks a direction."""
    from problems.studies.maps import neighbours_of, stated

    asked, answer = document["asked"], document["answer"]
    method, k = asked["method"], asked["dimensions"]
    near = None if method == "mds" else neighbours_of(points, asked["neighbours"])
    problem = stated(method, points, near, k)
    X = numbers(answer["coordinates"], points.n, k)
    eigenvalues = numbers(answer["eigenvalues"], k)
    form: Any = problem.objective
    if not np.abs(X).max(axis=0).all():
        raise InputError(
            "a coordinate is 0 at all points, so that the map does not say all of its frame; ask for fewer"
        )
    root = np.ones(points.n) if form.scale is None else 1 / form.scale  # of the diagonal B
    Y = _frame(method, X, eigenvalues, root)
    checks = sandwich(problem, Y, counted(form, Y), document)
    ours = np.einsum("ij,ij->j", Y[:, :k], np.asarray(form.M @ Y[:, :k]))
    size = form.size(Y)
    checks += [
        ("names are those of the file", list(answer["names"]) == list(points.names)),
        ("eigenvalues are those of the coordinates", np.abs(ours - eigenvalues).max() <= 1e-9 * size),
    ]
    what = f"the map of {points.source} by {method} has a trace of {document['value']:.9g}, and none a better one"
    return Checked(checks, what)


def _frame(method: str, X: Floats, eigenvalues: Floats, root: Floats) -> Floats:
    """The frame that coordinates are made of, its rows times the roots of B; constants where a method has them."""
    if method in SCALED:
        return X / np.sqrt(np.abs(eigenvalues))
    unit = np.linalg.norm(root)
    Y = X / (unit * eigenvalues) if method == "diffusion" else X
    return np.column_stack([root[:, None] * Y, root / unit])
