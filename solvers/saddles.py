"""Saddle problems: play them, then say what either player has secured, whatever the play was."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from formulations.problem import Floats, Players, SaddleProblem
from solvers.descent_ascent import DescentAscent, SaddleSearch, apart
from solvers.linear_program import Clock
from solvers.references import compare
from solvers.solution import Certificate, Check, Solution, Status

ROUNDING = 1e-9  # by which a value may lie above its bound, relative to the scale or to the larger of them


def solve_saddle(
    problem: SaddleProblem,
    knobs: DescentAscent,
    *,
    clock: Clock,
    gap: float,
    seed: int,
    device: str,
    report: Callable[[Any], None],
) -> Solution:
    """Play the game; value and bound are what the problem itself says of the players that came of it."""
    search = SaddleSearch(problem, knobs, clock=clock, gap=gap, seed=seed, device=device)
    built = clock.elapsed
    ended = search.run(report)
    solved = clock.elapsed
    members = [search.players(k) for k in range(knobs.members)]
    standings = [_standing(problem, players) for players in members]
    alive = [k for k in range(knobs.members) if not search.lost[k]] or list(range(knobs.members))
    chosen = max(alive, key=lambda k: _rank(*standings[k]))
    if problem.level is None:
        value, bound = search.secured()
        players = _best_of_both(search, members[chosen])
    else:  # only now are the held-out samples looked at, and only for the member that was chosen by others
        players = members[chosen]
        value, bound = _finite(problem.value, players), _finite(problem.bound, players)
    certified = clock.elapsed
    gap_left = None if value is None or bound is None else apart(value, bound, problem.scale)
    # A value is the lower end of what samples say, so it may lie a little above a bound that it has all but reached.
    sound = gap_left is None or gap_left >= -(ROUNDING if problem.level is None else max(gap, ROUNDING))
    verified = gap_left is not None and sound and gap_left <= max(gap, ROUNDING)
    residual = search.history[-1]["residual"]
    status: Status = "optimal" if verified else "feasible"
    at_rest = search.play.random or residual <= knobs.tolerance or ended == "limit"
    if not verified and (ended == "diverged" or not at_rest):
        status = "not_converged"
    checks = [] if sound else [Check("no value lies above its bound", "<=", bound, False)]
    solution = Solution(
        status=status,
        value=value,
        bound=bound,
        gap=None if gap_left is None else max(gap_left, 0.0),
        answer=problem.answer(players) if knobs.members == 1 else [problem.answer(found) for found in members],
        values=_numbers(players),
        multipliers=None,
        certificate=Certificate(_kind(problem) if gap_left is not None else "none", verified, exact=False),
        checks=checks,
        solver=knobs.name,
        stats={},
        message="" if verified else _message(ended, gap_left, sound, residual, search),
    )
    if not search.interrupted:
        checks += compare(problem, solution, clock)
    stats = {
        "numbers": {side: player.flat.shape[1] for side, player in search.play.players.items()},
        "members": [{"value": value, "bound": bound} for value, bound in standings],
        "chosen": chosen,
        "diverged": int(search.lost.sum()),
        "iterations": search.iteration,
        "evaluations": search.play.evaluations,
        "residual": residual if math.isfinite(residual) else None,
        "interrupted": search.interrupted,
        "history": search.history,
        "build_seconds": built,
        "solve_seconds": solved - built,
        "certify_seconds": certified - solved,
        "check_seconds": clock.elapsed - certified,
    }
    return replace(solution, checks=checks, stats=stats)


def _standing(problem: SaddleProblem, players: Players) -> tuple[float | None, float | None]:
    """Value and bound of one member, to choose among several by: never by samples that are held out."""
    if problem.level is None:
        return _finite(problem.value, players), _finite(problem.bound, players)
    watched = {} if problem.watch is None else problem.watch(players)
    return watched.get("value"), watched.get("bound")


def _finite(secured: Callable[[Players], float] | None, players: Players) -> float | None:
    found = math.nan if secured is None else float(secured(players))
    return found if math.isfinite(found) else None


def _rank(value: float | None, bound: float | None) -> float:
    """Of several members the one with the best value is answered; where none is known, the one with the best bound."""
    known = bound if value is None else value
    return -math.inf if known is None else known


def _best_of_both(search: SaddleSearch, players: Players) -> Players:
    """The maximizing player of the best value and the minimizing one of the best bound."""
    best = dict(players)
    if "value" in search.best:
        best |= {block: search.best["value"][1][block] for block in search.problem.maximize_over}
    if "bound" in search.best:
        best |= {block: search.best["bound"][1][block] for block in search.problem.minimize_over}
    return best


def _kind(problem: SaddleProblem) -> str:
    if problem.level is None:
        return "best responses"
    return f"held-out samples, {problem.level:.0%} confidence"


def _message(ended: str, gap: float | None, sound: bool, residual: float, search: SaddleSearch) -> str:
    """One sentence on what is not proven, and why."""
    if not sound:
        return "the value lies above the bound: one of the two is wrong"
    if ended == "diverged":
        return f"the play left the finite numbers at iteration {search.iteration}; take smaller steps"
    left = "no bound is known" if gap is None else f"value and bound are {gap:.3g} apart"
    if search.play.random:
        return f"an answer, not proven best: {left}"
    if residual <= search.knobs.tolerance:
        return f"a point where neither player moves, not proven best: {left}"
    if ended == "limit":
        return f"an answer by the time limit: {left}, residual {residual:.3g}"
    return f"did not settle in {search.iteration:,} iterations: {left}, residual {residual:.3g}"


def _numbers(players: Mapping[str, Any]) -> dict[str, Floats]:
    """Block name -> its tensor; for modules, block.parameter -> its tensor."""
    found: dict[str, Floats] = {}
    for name, player in players.items():
        tensors = {name: player} if isinstance(player, Tensor) else dict(player.named_parameters(prefix=name))
        found |= {key: np.asarray(tensor.detach().numpy(), dtype=np.float64) for key, tensor in tensors.items()}
    return found
