"""Methods for saddle problems compared on one game: the same start, step size and number of gradient evaluations.

One evaluation is of both players' gradients: an extragradient step takes two, a step of any other method one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from formulations.games import Game
from formulations.problem import Floats, Players, SaddleProblem
from solvers import solve
from solvers.descent_ascent import DescentAscent

METHODS: Mapping[str, Mapping[str, Any]] = {
    "simultaneous": {"method": "simultaneous"},
    "alternating": {"method": "alternating"},
    "averaged": {"method": "alternating", "averaging": "uniform"},
    "extragradient": {"method": "extragradient"},
    "optimistic": {"method": "optimistic"},
    "restarted": {"method": "alternating", "restart": 60},
}
# Step sizes times the gradient's Lipschitz constant: nearly the best ones, and that of the others and in comparisons.
BEST_STEPS = {"extragradient": 0.9, "optimistic": 0.45, "restarted": 1.5}
COMMON_STEP = 0.5
ROUNDING = 1e-12  # errors, relative to the first, below which rounding dominates
TREND_FACTOR = 1.3  # by which the error has to change over the fitted range
MIN_POINTS = 4  # to fit a trend to


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The trajectory of one method, recorded at k iterations.

    evaluations  gradient evaluations up to there, float64 (k,)
    error        float64 (k,): the distance to the saddle point where that is known, else bound - value
    path         the first coordinate of each player, float64 (k, 2)
    residual     |z - P(z - F(z))| at the end
    """

    name: str
    evaluations: Floats
    error: Floats
    path: Floats
    residual: float | None

    @cached_property
    def _trend(self) -> tuple[str, float | None]:
        return trend(self.evaluations, self.error)

    @property
    def shown(self) -> dict[str, Any]:
        """For JSON."""
        behaviour, rate = self._trend
        factor, order = (None, rate) if behaviour == "converges sublinearly" else (rate, None)
        return {
            "name": self.name,
            "evaluations": int(self.evaluations[-1]),
            "error": float(self.error[-1]) if np.isfinite(self.error[-1]) else None,
            "residual": self.residual,
            "behaviour": behaviour,
            "factor_per_evaluation": factor,
            "order": order,
        }

    @property
    def said(self) -> str:
        """In words."""
        behaviour, rate = self._trend
        if rate is None:
            return behaviour
        sublinear = behaviour == "converges sublinearly"
        return f"falls like 1/T^{rate:.2f}" if sublinear else f"factor {rate:.4g} per gradient"


def settings(name: str, lipschitz: float, iterations: int, size: int, step: float | None = None) -> DescentAscent:
    """The method of that name, with a step that suits the gradient's Lipschitz constant.

    size  of the smaller player: restarts are at least 4 size iterations apart, as averages must cover much of a cycle
    step  times the Lipschitz constant; None for one near the best

    >>> settings("extragradient", lipschitz=2.0, iterations=100, size=2).step
    0.45
    """
    settings = dict(METHODS[name])
    if "restart" in settings:
        settings["restart"] = max(settings["restart"], 4 * size)
    step = BEST_STEPS.get(name, COMMON_STEP) if step is None else step
    return DescentAscent(**settings, step=step / lipschitz, iterations=iterations)


def compare(
    problem: SaddleProblem, lipschitz: float, evaluations: int, size: int, seed: int, until: float
) -> list[Trajectory]:
    """The trajectories of all methods, as many as there is time for until `until` (time.monotonic), or until Ctrl-C."""
    trajectories: list[Trajectory] = []
    for name in METHODS:
        left = until - time.monotonic()
        trajectory = play(problem, name, lipschitz, evaluations, size, seed, left) if left > 0 else None
        if trajectory is None:
            break
        trajectories.append(trajectory)
    return trajectories


def play(
    problem: SaddleProblem, name: str, lipschitz: float, evaluations: int, size: int, seed: int, seconds: float
) -> Trajectory | None:
    """The trajectory of one method; None if it is interrupted or takes longer."""
    cost = 2 if name == "extragradient" else 1
    rows: list[tuple[float, ...]] = []

    def follow(search: Any) -> None:
        players = search.play.member(0, search.averages if name == "averaged" else None)
        blocks = (next(iter(side)) for side in (problem.maximize_over, problem.minimize_over))
        rows.append(
            (cost * search.iteration, error(problem, players), *(float(players[b].flatten()[0]) for b in blocks))
        )

    unjudged = replace(problem, value=None, bound=None, references=())  # not to stop where they meet
    rule = replace(settings(name, lipschitz, evaluations // cost, size, COMMON_STEP), tolerance=0.0)
    limit = None if np.isinf(seconds) else seconds
    stats = solve(unjudged, rule, seed=seed, device="cpu", time_limit=limit, progress=follow).stats
    if stats["interrupted"] or (stats["iterations"] < evaluations // cost and not stats["diverged"]):
        return None
    table = np.array(rows)
    return Trajectory(name, table[:, 0], table[:, 1], table[:, 2:], stats["residual"])


def error(problem: SaddleProblem, players: Players) -> float:
    """The distance to the saddle point where that is known, else bound - value."""
    if isinstance(problem, Game):
        return problem.distance(players)
    assert problem.value is not None
    assert problem.bound is not None
    return float(problem.bound(players) - problem.value(players))


def trend(evaluations: Floats, error: Floats) -> tuple[str, float | None]:
    """The behaviour of a trajectory and its rate, by least squares on the logarithms of its last three quarters.

    "converges linearly" and "spirals out" come with the error's factor per evaluation; "converges sublinearly" with p
    where it falls like 1 / evaluations^p; "cycles" and "arrives at once" with None. A decrease is fitted to the largest
    error from each point on, without the last eighth; errors at the level of rounding are left out.

    >>> t = np.arange(1.0, 200.0)
    >>> trend(t, 0.9**t)[0], trend(t, 1 / t)[0]
    ('converges linearly', 'converges sublinearly')
    """
    used = np.isfinite(error) & (evaluations > 0)
    below = np.flatnonzero(~(error > ROUNDING * error[0]))
    if len(below):
        used &= evaluations < evaluations[below[0]]
    t, e = evaluations[used], np.log(error[used])
    late = t >= t.max(initial=0.0) / 4
    if late.sum() < MIN_POINTS:
        return "arrives at once", None
    t, e = t[late], e[late]
    growth, _ = _line(t, e)
    if growth * (t[-1] - t[0]) > np.log(TREND_FACTOR):
        return "spirals out", float(np.exp(growth))
    e, t = np.maximum.accumulate(e[::-1])[::-1][: -(len(t) // 8) or None], t[: -(len(t) // 8) or None]
    (slope, misfit), (power, misfit_of_power) = _line(t, e), _line(np.log(t), e)
    if slope * (t[-1] - t[0]) > -np.log(TREND_FACTOR):
        return "cycles", None
    if misfit_of_power < misfit and not len(below):
        return "converges sublinearly", -power
    return "converges linearly", float(np.exp(slope))


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """The slope of the least-squares line, and the sum of squared residuals."""
    slope, constant = np.polyfit(x, y, 1)
    return float(slope), float(np.square(y - constant - slope * x).sum())
