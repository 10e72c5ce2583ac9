"""A game evaluated once before its first step: what is wrong with it is said then, in a sentence that names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Generator, Tensor

from solvers.descent_ascent.divergence import reason
from solvers.descent_ascent.play import SIDES, Evaluation, Play
from solvers.descent_ascent.terms import named
from solvers.judged.asking import ask

COMPUTE = "compute with it in torch, without detach(), item() or no_grad()"


def rehearse(play: Play, generators: Sequence[Generator]) -> None:
    """Draw, evaluate and differentiate all once, and settle how modules play their members; the play is not changed.

    Raises ValueError for a sampler, term or module that does not do what it should, for a block on which no term
    depends, and where no member begins at finite gradients.
    """
    with play.aside(generators):
        drawn = play.drawn(dict.fromkeys(name for w in play.in_play for name in play.terms[w].over), generators)
        with torch.enable_grad():
            for where in play.in_play:
                _refuse_term(play, where, drawn)
        for side in SIDES:
            player = play.players[side]
            player.rehearsed()
            found = play.differentiate(play.pay[side], [side], Evaluation(drawn, {}))
            for name, gradients in player.by_block(found).items():
                if gradients and all(gradient is None for gradient in gradients):
                    raise ValueError(_not_of(play, name, [where for _, where in play.pay[side]]))
        play.gradients(*SIDES, generators=generators)
        ask(play.problem, "answer", play.member(0))
        maximizing, minimizing = (player.gradient.isfinite().all(dim=1) for player in play.players.values())
        if not (maximizing & minimizing).any():
            raise ValueError(f"at the start {reason(play, 0)}")


def _refuse_term(play: Play, where: str, drawn: Mapping[str, Tensor]) -> None:
    """Evaluate a term; raises ValueError if it is of no block, or changes a sample or a tensor's block in place."""
    term = play.terms[where]
    given = {f"the sample of {name!r}": drawn[name] for name in term.over}
    given |= {f"the block {name!r}": play.blocks[name] for name in term.blocks if isinstance(play.blocks[name], Tensor)}
    before = {what: tensor._version for what, tensor in given.items()}
    values = play.values(where, drawn)
    for what, tensor in given.items():
        if tensor._version != before[what]:
            raise ValueError(f"{named(where, term)} changes {what} in place; compute another, x + 1 in place of x += 1")
    leaves = {name: own for player in play.players.values() for name, own in player.by_block(player.leaves).items()}
    if not values.requires_grad and any(leaves[name] for name in term.blocks):
        raise ValueError(f"{named(where, term)} does not depend on {' or '.join(term.blocks)}; {COMPUTE}")


def _not_of(play: Play, block: str, pay: Sequence[str]) -> str:
    terms = [named(where, play.terms[where]) for where in pay if block in play.terms[where].blocks]
    if not terms:
        return (
            f"its player's payoff has no term of the block {block!r}, so it would never move; add one or leave it out"
        )
    return (
        f"{' and '.join(terms)} {'does' if len(terms) == 1 else 'do'} not depend on the block {block!r}, so it would "
        f"never move; {COMPUTE}"
    )
