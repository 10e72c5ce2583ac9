"""Early stopping: of a game that is watched by samples the evaluation that did best is answered.

Prechelt, Early stopping - but when?, 1998. Where what is watched is noisy, so that some evaluation is always the best
by chance, it is the latest that is as good within the standard error (Breiman et al., Classification and regression
trees, 1984, section 3.4.3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from formulations.problem import Players


@dataclass(frozen=True)
class Kept:
    """The players of one evaluation, and what was seen of them.

    players   copies on the CPU, which the play does not change
    at_least  the greatest standing, less its standard error, of all evaluations so far
    """

    iteration: int
    watched: Mapping[str, float | None]
    players: Players
    at_least: float = -math.inf

    def state(self) -> dict[str, Any]:
        """The same in tensors, numbers and names."""
        held = {
            name: player.state_dict() if isinstance(player, torch.nn.Module) else player
            for name, player in self.players.items()
        }
        return {**vars(self), "watched": dict(self.watched), "players": held}


def kept_again(state: Mapping[str, Any], like: Players) -> Kept:
    """What state() is of; `like` are players of the same kinds and shapes, whose numbers are replaced."""
    players = dict(like)
    for name, held in state["players"].items():
        if isinstance(players[name], torch.nn.Module):
            players[name].load_state_dict(held)
        else:
            players[name] = held.clone()
    return Kept(**{**state, "players": players})


def standing(watched: Mapping[str, float | None]) -> tuple[float, float] | None:
    """How well players do, to compare evaluations, and the standard error of that; None where it is unknown.

    It is their value, else less their distance. A divergence that the discriminator tells is no such number: the weaker
    the discriminator, the smaller it is.

    >>> standing({"value": -1.5}), standing({"distance": 0.2, "distance_error": 0.1}), standing({"divergence": 0.1})
    ((-1.5, 0.0), (-0.2, 0.1), None)
    """
    for name, sign in (("value", 1), ("distance", -1)):
        known = watched.get(name)
        if known is not None and math.isfinite(known):
            return sign * known, watched.get(f"{name}_error") or 0.0
    return None


def kept_of(before: Kept | None, now: Kept) -> Kept | None:
    """The latest evaluation of those that do best: whose standings differ by no more than their standard errors.

    A generator that is not trained stands the same in all of them: then it is the one whose discriminator tells most.
    """
    found = standing(now.watched)
    if found is None or (before is not None and sum(found) < before.at_least):
        return before
    if before is not None and found == standing(before.watched) and _told(now) < _told(before):
        return before
    at_least = found[0] - found[1]
    return replace(now, at_least=at_least if before is None else max(at_least, before.at_least))


def _told(evaluation: Kept) -> float:
    """The divergence that its discriminator tells, of which any is a lower bound."""
    told = evaluation.watched.get("divergence")
    return -math.inf if told is None else told
