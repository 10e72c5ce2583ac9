"""Saddle problems by gradients: one player descends the payoff, the other ascends it, in torch on a CPU or a GPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from formulations.problem import Players, SaddleProblem, Side
from solvers.linear_program import Clock
from solvers.play import SIDES, Play
from solvers.steps import Mover
from solvers.threads import one_torch_thread, stoppable

SMALL = 200_000  # numbers of both players up to which one thread is fastest
GROWTH, LOOKS = 1.1, 100  # iterations between two looks grow by that factor, until there are so many looks in all
Optimizer = Callable[[list[Tensor]], torch.optim.Optimizer]


@dataclass(frozen=True, kw_only=True)
class DescentAscent:
    """How two players move towards a saddle point: the rule, its steps, and what is done with the points passed.

    method      "extragradient", "optimistic", "alternating" or "simultaneous": the rules of solvers.steps
    step        length of plain steps, of both players or (maximizing, minimizing)
    momentum    share of the last step that is taken again, with plain steps
    optimizer   parameters -> a torch optimizer, in place of plain steps; of both players or (maximizing, minimizing)
    inner       steps of the minimizing player for each of the other, when alternating
    schedule    iteration -> factor of all steps
    averaging   "uniform" over all points, or the decay of an exponential moving average; the average is answered if it
                is better, and in place of the last point if values are estimated from samples
    restart     iterations after which the players are put at their uniform average, and average anew from there
    iterations  most iterations of the rule; batch: samples of each expectation, per member and gradient
    members     games played at once, with seeds seed, seed + 1, ...: one ensemble in batched operations
    tolerance   residual |z - P(z - F(z))| at which a game without randomness has settled
    resume      the state of an earlier search, to go on as if it had not stopped
    """

    method: Literal["extragradient", "optimistic", "alternating", "simultaneous"] = "extragradient"
    step: float | tuple[float, float] = 0.1
    momentum: float = 0.0
    optimizer: Optimizer | tuple[Optimizer, Optimizer] | None = None
    inner: int = 1
    schedule: Callable[[int], float] | None = None
    averaging: Literal["uniform"] | float | None = None
    restart: int | None = None
    iterations: int = 10_000
    batch: int = 256
    members: int = 1
    tolerance: float = 1e-12
    resume: Mapping[str, Any] | None = field(default=None, compare=False)
    name = "descent-ascent"

    def run(self, search: SaddleSearch) -> str:
        """Play; returns "optimal" (value and bound met), "settled", "iterations", "limit" or "diverged"."""
        small = sum(player.flat.numel() for player in search.play.players.values()) < SMALL
        with one_torch_thread() if small else nullcontext(), stoppable() as stopped:
            return search.run(stopped)


class SaddleSearch:
    """A game as it is being played.

    iteration, history   where it stands, and each look at it: iteration, evaluations, value, bound, residual
    best                 what the players secured best, each by itself: (value, its players), (bound, its players)
    """

    def __init__(
        self, problem: SaddleProblem, knobs: DescentAscent, *, clock: Clock, gap: float, seed: int, device: str
    ) -> None:
        """Start both players, or take them from the state to resume."""
        _check(knobs)
        self.problem, self.knobs, self.clock, self.gap = problem, knobs, clock, gap
        self.play = Play(problem, members=knobs.members, batch=knobs.batch, seed=seed, device=device)
        self.iteration, self.interrupted, self.total = 0, False, knobs.iterations
        self.history: list[dict[str, Any]] = []
        self.residuals = [math.inf] * knobs.members
        self.best: dict[str, tuple[float, Players]] = {}
        self.averages: dict[Side, Tensor] = {}
        self._last: dict[Side, Tensor] = {}  # the optimistic rule's
        self._since = 0  # iterations in the averages
        self._seed, self._device = seed, device
        self._movers = {
            side: Mover(self.play.players[side], _each(knobs.step)[k], knobs.momentum, _each(knobs.optimizer)[k])
            for k, side in enumerate(SIDES)
        }
        if knobs.averaging is not None or knobs.restart is not None:
            self.averages = {side: player.flat.clone() for side, player in self.play.players.items()}
        if knobs.resume is not None:
            self._load(knobs.resume)

    def run(self, stopped: Callable[[], bool], report: Callable[[Any], None] = lambda _: None) -> str:
        """Play until value and bound meet, the players rest, or the iterations or the time are over."""
        raise NotImplementedError
