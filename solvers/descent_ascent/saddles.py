"""Saddle problems: play them, then say what either player has secured, whatever the play was."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from formulations.problem import Floats, Players, SaddleProblem
from solvers.clock import Clock
from solvers.descent_ascent.search import DescentAscent, SaddleSearch, apart
from solvers.references import compare
from solvers.solution import Certificate, Check, Solution, Status

ROUNDING = 1e-9  # by which a value may lie above its bound, relative to the scale or to the larger of them


def solve_saddle(
    problem: SaddleProblem,
    settings: DescentAscent,
    *,
    clock: Clock,
    gap: float,
    seed: int,
    device: str,
    report: Callable[[Any], None],
) -> Solution:
    """Play the game; value and bound are what the problem itself says of the players that came of it."""
    search = SaddleSearch(problem, settings, clock=clock, gap=gap, seed=seed, device=device)
    built = clock.elapsed
    ended = search.run(report)
    solved = clock.elapsed
    members = [search.players(k) for k in range(settings.members)]
    standings = _standings(search, members, clock)
    alive = [k for k in range(settings.members) if not search.lost[k]] or list(range(settings.members))
    chosen = max(alive, key=lambda k: _rank(standings[k]))
    players, value, bound = members[chosen], None, None
    if problem.level is None:
        value, bound = search.secured()
        players = search.best_of_both(players)
    elif not search.interrupted:  # only now, and only for the member that was chosen, are held-out samples looked at
        value, bound = _finite(problem.value, players), _finite(problem.bound, players)
    certified = clock.elapsed
    gap_left = None if value is None or bound is None else apart(value, bound, problem.scale(players))
    # A value is the lower end of what samples say, so it may lie a little above a bound that it has all but reached.
    sound = gap_left is None or gap_left >= -(ROUNDING if problem.level is None else max(gap, ROUNDING))
    verified = gap_left is not None and sound and gap_left <= max(gap, ROUNDING)
    residual = search.history[-1]["residual"]
    status: Status = "optimal" if verified else "feasible"
    at_rest = search.play.random or residual <= settings.tolerance or ended == "limit"
    if not verified and (ended == "diverged" or not at_rest):
        status = "not_converged"
    checks = [] if sound else [Check("no value lies above its bound", "<=", bound, False)]
    solution = Solution(
        status=status,
        value=value,
        bound=bound,
        gap=None if gap_left is None else max(gap_left, 0.0),
        answer=problem.answer(players) if settings.members == 1 else [problem.answer(found) for found in members],
        values=_numbers(players),
        multipliers=None,
        certificate=Certificate(_kind(problem) if gap_left is not None else "none", verified, exact=False),
        checks=checks,
        solver=settings.name,
        stats={},
        message="" if verified else _message(ended, value, bound, sound, search),
    )
    if not search.interrupted:
        checks += compare(problem, solution, clock, problem.scale(players))
    stats = {
        "numbers": {side: player.flat.shape[1] for side, player in search.play.players.items()},
        "members": standings,
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


def _standings(search: SaddleSearch, members: Sequence[Players], clock: Clock) -> list[Mapping[str, float | None]]:
    """Value and bound of each member, to choose by: never by samples that are held out; of some, if time is over."""
    problem, last = search.problem, search.history[-1]
    if len(members) == 1:
        return [{name: last[name] for name in ("value", "bound")}]
    found: list[Mapping[str, float | None]] = []
    for players in members:
        if search.interrupted or (found and clock.left <= 0):
            found.append({})
        elif problem.level is None:
            found.append({"value": _finite(problem.value, players), "bound": _finite(problem.bound, players)})
        else:
            found.append({} if problem.watch is None else problem.watch(players))
    return found


def _finite(secured: Callable[[Players], float] | None, players: Players) -> float | None:
    found = math.nan if secured is None else float(secured(players))
    return found if math.isfinite(found) else None


def _rank(standing: Mapping[str, float | None]) -> float:
    """Of several members the one with the best value is answered; where none is known, the one with the best bound."""
    for name, sign in (("value", 1), ("bound", 1), ("divergence", -1)):
        known = standing.get(name)
        if known is not None:
            return sign * known
    return -math.inf


def _kind(problem: SaddleProblem) -> str:
    if problem.level is None:
        return "best responses"
    return f"held-out samples, {problem.level:.0%} confidence"


def _message(ended: str, value: float | None, bound: float | None, sound: bool, search: SaddleSearch) -> str:
    """One sentence on what is not proven, and why."""
    if not sound:
        return "the value lies above the bound: one of the two is wrong"
    if ended == "diverged":
        return f"the play left the finite numbers at iteration {search.iteration}; take smaller steps"
    if search.interrupted and search.problem.level is not None:
        return "an answer as far as it came; it was not held against fresh samples"
    left, residual = "no bound is known", search.history[-1]["residual"]
    if bound is not None:
        left = "its value is unknown" if value is None else f"value and bound are {bound - value:.3g} apart"
    if search.play.random:
        return f"an answer, not proven best: {left}"
    if residual <= search.settings.tolerance:
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
