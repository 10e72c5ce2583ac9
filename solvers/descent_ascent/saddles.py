"""Saddle problems: what comes of playing one by gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from formulations.problem import Players, SaddleProblem
from solvers.clock import Clock
from solvers.descent_ascent.players import begin
from solvers.descent_ascent.search import SaddleSearch
from solvers.descent_ascent.settings import DescentAscent
from solvers.findings import Ended, Findings
from solvers.judge import MEETS
from solvers.judged.asking import number, watched
from solvers.judged.played import Played
from solvers.judged.randomness import GlobalNumbers
from solvers.judged.so_far import followed

GPU_WORK = 20_000_000  # numbers times samples of a step from which a GPU is faster than a core


def gpu_pays(problem: SaddleProblem, settings: DescentAscent) -> bool:
    """Whether a step has so much to do that a GPU is faster: a launch costs it 5 ms whatever the size."""
    numbers = torch.Generator().manual_seed(0)
    with GlobalNumbers(0).used():
        owned = {**problem.maximize_over, **problem.minimize_over}
        blocks = [begin(name, block, numbers) for name, block in owned.items()]
    sizes = [
        sum(p.numel() for p in block.parameters()) if isinstance(block, torch.nn.Module) else block.numel()
        for block in blocks
    ]
    return sum(sizes) * settings.members * (settings.batch if problem.samplers else 1) >= GPU_WORK


def play_saddle(
    problem: SaddleProblem,
    settings: DescentAscent,
    *,
    clock: Clock,
    gap: float | None,
    seed: int,
    device: str,
    start: Mapping[str, Any] | None,
    report: Callable[[Any], None],
) -> tuple[Played, Findings]:
    """What comes of playing the game."""
    asked = MEETS if gap is None else gap
    search = SaddleSearch(problem, settings, clock=clock, gap=asked, seed=seed, device=device, start=start)
    built = clock.elapsed

    def found(ended: str) -> tuple[Played, Findings]:
        if not search.history:
            raise KeyboardInterrupt  # pressed twice, before there was anything
        # Held-out samples are evaluated for the chosen member alone, and not at all after Ctrl-C.
        return _found(search, ended, built, clock, evaluate=problem.level is None or not search.interrupted)

    def at_once(findings: tuple[Played, Findings]) -> tuple[Played, Findings]:
        played, found = findings
        return played if problem.level is None else played.unevaluated(), found

    return followed(search, lambda: search.run(report), found, at_once)


def _found(search: SaddleSearch, ended: str, built: float, clock: Clock, *, evaluate: bool) -> tuple[Played, Findings]:
    """The game as the judge sees it, and what the play came to."""
    problem, solved = search.problem, clock.elapsed
    members = [search.players(k) for k in range(search.settings.members)]
    seen = _watched_members(search, members, clock)
    alive = [k for k in range(len(members)) if not search.lost[k]] or list(range(len(members)))
    chosen = max(alive, key=lambda k: _rank(seen[k]))
    players = members[chosen] if problem.level is not None else search.best_of_both(members[chosen])
    residual = search.history[-1]["residual"]
    stats = {
        "numbers": {side: player.flat.shape[1] for side, player in search.play.players.items()},
        "members": seen,
        "chosen": chosen,
        "diverged": int(search.lost.sum()),
        "iterations": search.iteration,
        "evaluations": search.play.evaluations,
        "residual": residual if math.isfinite(residual) else None,
        "interrupted": search.interrupted,
        "history": search.history,
        "build_seconds": built,
        "solve_seconds": solved - built,
    }
    kind = "best responses" if problem.level is None else f"held-out samples, {problem.level:.0%} confidence"
    converged, remark = _ended(ended, search)
    return Played(problem, search.size or 1.0, search.gap, members, evaluate), Findings(
        solver=search.settings.name,
        ended=converged,
        candidates=[players],
        certificates=[(kind, players)],
        remark=remark,
        stats=stats,
    )


def _ended(ended: str, search: SaddleSearch) -> tuple[Ended, str]:
    """How the play ended in the judge's words, and what there is to say of it."""
    residual, tolerance = search.history[-1]["residual"], search.settings.tolerance
    if ended == "diverged":
        why = search.reasons.get(0, "take smaller steps")
        return "not_converged", f"the play left the finite numbers at iteration {search.iteration}: {why}"
    if search.interrupted and search.problem.level is not None:
        return "limit", "interrupted before it was held against fresh samples"
    if search.play.random:
        late = ended == "limit" and not search.interrupted
        return "limit", f"stopped by the time limit at iteration {search.iteration:,}" if late else ""
    if residual <= tolerance:
        return "limit", "a point where neither player moves"
    if ended == "limit":
        return "limit", f"stopped by the time limit, residual {residual:.3g}"
    return "not_converged", f"did not settle in {search.iteration:,} iterations, residual {residual:.3g}"


def _watched_members(
    search: SaddleSearch, members: Sequence[Players], clock: Clock
) -> list[Mapping[str, float | None]]:
    """Value and bound of each member, to choose by: never by samples that are held out; of some, if time is over."""
    problem, last = search.problem, search.history[-1]
    if problem.level is not None:
        return [_as_kept(search, k) for k in range(len(members))]
    if len(members) == 1:
        return [{name: last[name] for name in ("value", "bound")}]
    found: list[Mapping[str, float | None]] = []
    for players in members:
        if search.interrupted or (found and clock.left <= 0):
            found.append({})
        else:
            value, bound = number(problem, "value", players), number(problem, "bound", players)
            found.append(
                {"value": None if value is None else float(value), "bound": None if bound is None else float(bound)}
            )
    return found


def _as_kept(search: SaddleSearch, k: int) -> Mapping[str, float | None]:
    """What was seen of a member's players that are answered, and at which iteration."""
    kept = search.kept[k]
    if kept is not None:
        return {"iteration": kept.iteration, **kept.watched}
    return {"iteration": search.iteration, **watched(search.problem, search.players(k))}


def _rank(watched: Mapping[str, float | None]) -> float:
    """Of several members the one with the best value is answered; where none is known, the one with the best bound."""
    for name, sign in (("value", 1), ("distance", -1), ("bound", 1), ("divergence", -1)):
        known = watched.get(name)
        if known is not None:
            return sign * known
    return -math.inf
