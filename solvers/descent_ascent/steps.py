"""Update rules for two players. z = (x, y) are their variables, F(z) the gradients of what each of them minimizes.

P is the projection onto the domains; a mover turns a gradient into a step: plain, with momentum, or by any torch
optimizer.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from formulations.problem import Side
from solvers.descent_ascent.play import SIDES, Play
from solvers.descent_ascent.players import Player
from solvers.descent_ascent.settings import Schedule
from solvers.judged.asking import said

NOT_BY_ENTRIES = {"LBFGS", "Muon", "Adafactor", "SparseAdam"}  # rules on whole matrices, which a flat buffer is not


class Mover:
    """v <- momentum v + gradient, x <- P(x - factor step v); or a torch optimizer's step, its rate times factor."""

    def __init__(
        self,
        player: Player,
        step: float,
        momentum: float,
        optimizer: Callable[[list[Tensor]], torch.optim.Optimizer] | None,
    ) -> None:
        """The mover of that player; optimizer makes one for a list of tensors."""
        self._player, self._step, self._momentum = player, step, momentum
        self._velocity = torch.zeros_like(player.flat) if momentum else None
        player.flat.grad = player.gradient
        self._optimizer = None if optimizer is None or not player.flat.numel() else _made(optimizer, player.flat)
        self._rates = [] if self._optimizer is None else [group["lr"] for group in self._optimizer.param_groups]

    def move(self, factor: float) -> None:
        """Take a descent step along the player's gradient."""
        if self._velocity is None or self._optimizer is not None:
            self.plain_step(factor)
            return
        self._velocity.mul_(self._momentum).add_(self._player.gradient)
        self._player.flat.add_(self._velocity, alpha=-self._step * factor)
        self._player.project()

    def plain_step(self, factor: float) -> None:
        """Take the step without momentum; an optimizer keeps its own."""
        if self._optimizer is None:
            self._player.flat.add_(self._player.gradient, alpha=-self._step * factor)
        else:
            for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
                group["lr"] = rate * factor
            self._optimizer.step()
        self._player.project()

    def forget(self) -> None:
        """Reset the momentum to zero."""
        if self._velocity is not None:
            self._velocity.zero_()

    def state(self) -> dict[str, Any]:
        """Velocity and optimizer state, for a checkpoint."""
        optimizer = None if self._optimizer is None else self._optimizer.state_dict()
        return {"velocity": self._velocity, "optimizer": optimizer}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore such a state."""
        if self._velocity is not None:
            self._velocity.copy_(state["velocity"])
        if self._optimizer is not None:
            self._optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))  # it would go on in the same tensors


def _made(optimizer: Callable[[list[Tensor]], torch.optim.Optimizer], flat: Tensor) -> torch.optim.Optimizer:
    """The optimizer of a player; raises ValueError for one whose rule is not by entries."""
    try:
        made = optimizer([flat])
    except Exception as error:
        raise ValueError(
            f"the optimizer raises {said(error)}; give a function of a list of tensors, as partial(torch.optim.Adam, "
            "lr=1e-3)"
        ) from error
    if not isinstance(made, torch.optim.Optimizer):
        raise ValueError(f"the optimizer makes {type(made).__name__}; it must make a torch optimizer")
    if type(made).__name__ in NOT_BY_ENTRIES:
        raise ValueError(f"the optimizer {type(made).__name__} does not move numbers one by one; Adam and SGD do")
    return made


Movers = Mapping[Side, Mover]
Factors = Mapping[Side, float]  # of each player's steps


def simultaneous(play: Play, movers: Movers, factor: Factors) -> None:
    """z <- P(z - step F(z)). On the payoff x y it spirals out, by sqrt(1 + step^2) at each step."""
    play.gradients(*SIDES)
    for side in SIDES:
        movers[side].move(factor[side])


def alternating(play: Play, movers: Movers, factor: Factors, inner: int) -> None:
    """y <- P(y - step F_y(x, y)), `inner` times, then x <- P(x - step F_x(x, y)), each with new samples.

    Goodfellow et al., Generative adversarial nets, 2014, algorithm 1. On the payoff x y it cycles.
    """
    for _ in range(inner):
        play.gradients("minimize")
        movers["minimize"].move(factor["minimize"])
    play.gradients("maximize")
    movers["maximize"].move(factor["maximize"])


def extragradient(play: Play, movers: Movers, factor: Factors, z: Mapping[Side, Tensor]) -> None:
    """z' = P(z - step F(z)), then z <- P(z - step F(z')): two gradients a step.

    Korpelevich, The extragradient method for finding saddle points and other problems, 1976. Momentum applies to the
    second step only.
    """
    play.gradients(*SIDES)
    for side in SIDES:
        movers[side].plain_step(factor[side])
    play.gradients(*SIDES)
    for side in SIDES:
        play.players[side].flat.copy_(z[side])
        movers[side].move(factor[side])


def optimistic(play: Play, movers: Movers, factor: Factors, last: dict[Side, Tensor]) -> None:
    """z_next = P(z - step (2 F(z) - F(z_previous))): one gradient a step, kept in `last` for the next.

    Popov, A modification of the Arrow-Hurwicz method, 1980; Daskalakis et al., Training GANs with optimism, 2018.
    """
    play.gradients(*SIDES)
    for side in SIDES:
        gradient = play.players[side].gradient
        previous = last.get(side)
        last[side] = gradient.clone()
        if previous is not None:
            gradient.mul_(2).sub_(previous)
        movers[side].move(factor[side])


def scheduled(schedule: Schedule | tuple[Schedule, Schedule] | None, iteration: int) -> Factors:
    """The factors of the players' steps at that iteration; raises ValueError, naming it, where one is not finite."""
    if not isinstance(schedule, tuple):
        return dict.fromkeys(SIDES, _factor(schedule, iteration))
    return {side: _factor(own, iteration) for side, own in zip(SIDES, schedule, strict=True)}


def _factor(schedule: Schedule | None, iteration: int) -> float:
    if schedule is None:
        return 1.0
    try:
        factor = float(schedule(iteration))
    except Exception as error:
        raise ValueError(f"the schedule raises {said(error)} at iteration {iteration}") from error
    if not math.isfinite(factor):
        raise ValueError(f"the schedule returns {factor} at iteration {iteration}; it must return a finite number")
    return factor
