"""The claims that all answers make, a value, a bound and that the two meet, against what is recomputed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from formulations.arithmetic.frames import Eigenpairs, FrameTrace
from formulations.problem import Floats, SearchProblem
from formulations.problem.search import ROUNDING
from formulations.trace import frame_of

APART = 1e-10  # of a trace, per vector of its frame: eigenvalues nearer than that are not told apart


@dataclass(frozen=True)
class Checked:
    """Each check and whether it holds, and what all of them prove."""

    checks: list[tuple[str, bool]]
    said: str


def sandwich(
    problem: SearchProblem, candidate: Any, proven: float, document: Mapping[str, Any], meets: float = ROUNDING
) -> list[tuple[str, bool]]:
    """Value and bound of an answer, against the candidate's own value and what is proven again.

    meets  the gap up to which value and bound count as equal, unless a larger one was asked for
    """
    wrong = problem.broken(candidate)
    if wrong is not None:
        return [(f"{problem.membership or 'it is a candidate'} ({wrong})", False)]
    sign = -1.0 if problem.maximize else 1.0
    value, size = float(problem.objective.value(candidate)), problem.objective.size(candidate)
    slack = 0.0 if problem.exact else ROUNDING * size
    stated, bound = number(document["value"]), number(document["bound"])
    gap = max(meets, number(document["asked"].get("gap", 0.0)))
    return [
        *([(problem.membership, True)] if problem.membership else []),
        ("its value is as stated", abs(value - stated) <= slack),
        ("the bound is proven again", sign * (proven - bound) >= -slack),
        ("value and bound do not contradict each other", sign * (value - bound) >= -slack),
        ("value and bound meet", sign * (value - proven) <= gap * size or document["status"] == "feasible"),
    ]


def number(given: Any) -> float:
    """The number; raises TypeError for what is none."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not np.isfinite(float(given)):
        raise TypeError(f"{str(given)[:60]} is not a number")
    return float(given)


def numbers(given: Any, *shape: int) -> Floats:
    """The numbers as an array of that shape, -1 for any length; raises ValueError for any other."""
    found = np.array(given, dtype=np.float64)
    if found.ndim != len(shape) or any(asked not in (-1, had) for asked, had in zip(shape, found.shape, strict=True)):
        raise ValueError(f"numbers of shape {found.shape} where {shape} are due")
    if not np.isfinite(found).all():
        raise ValueError("a number is not finite")
    return found


def same(given: Any, computed: Any, off: float = ROUNDING) -> bool:
    """Whether numbers are those that were computed, to within `off` of the largest.

    >>> same([1.0, 2.0], np.array([1.0, 2.0 + 1e-12])), same([[1.0]], np.ones(1))
    (True, False)
    """
    wanted = np.asarray(computed, dtype=np.float64)
    found = np.array(given, dtype=np.float64)
    near = found.shape == wanted.shape and np.abs(found - wanted).max(initial=0) <= off * np.abs(wanted).max(initial=0)
    return bool(near)


def counted(form: FrameTrace, Y: Floats) -> float:
    """What a frame proves of all frames: its own eigenvalues, others counted beyond a threshold just above its last.

    >>> form = FrameTrace(np.diag([3.0, 2.0, 1.0]), 2)
    >>> round(counted(form, np.eye(3)[:, :2]), 6), round(counted(form, np.eye(3)[:, 1:]), 6)
    (5.0, inf)
    """
    frame = frame_of(form, Y)
    apart = APART * form.size(Y) / form.k
    threshold = float(frame.eigenvalues[-1]) + form.sign * apart
    distinct = form.sign * (frame.eigenvalues - threshold) > apart
    return form.bound(Eigenpairs(frame.eigenvalues[distinct], frame.Y[:, distinct], threshold))
