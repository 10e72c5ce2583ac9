"""The settings of the play, and what is meant by each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from textwrap import shorten
from typing import Any, Literal, get_args

import torch
from torch import Tensor

Method = Literal["extragradient", "optimistic", "alternating", "simultaneous"]
Optimizer = Callable[[list[Tensor]], torch.optim.Optimizer]
Schedule = Callable[[int], float]
MEANT = {
    "method": f"one of {', '.join(get_args(Method))}",
    "step": "a positive number, or a pair of them: (of the maximizing, of the minimizing player)",
    "momentum": "a number between -1 and 1",
    "optimizer": "a function of a list of tensors that returns a torch optimizer, such as torch.optim.Adam, or a pair",
    "inner": "a whole number from 1, and 1 unless the method is alternating",
    "schedule": "a function of the iteration that returns the factor of all steps, or a pair, of each player's",
    "averaging": "'uniform' or a decay between 0 and 1",
    "restart": "a whole number from 1, with plain steps",
    "iterations": "a whole number from 1",
    "batch": "a whole number from 1",
    "members": "a whole number from 1",
    "tolerance": "a number from 0",
    "resume": "the state() of an earlier search",
}


@dataclass(frozen=True, kw_only=True)
class DescentAscent:
    """How two players move towards a saddle point: the rule, its steps, and what is done with the points passed.

    method      "extragradient", "optimistic", "alternating" or "simultaneous": the rules of descent_ascent.steps
    step        length of plain steps, of both players or (maximizing, minimizing)
    momentum    share of the last step that is taken again, with plain steps
    optimizer   parameters -> a torch optimizer, in place of plain steps; of both players or (maximizing, minimizing).
                It is given one tensor (members, numbers), so its rule must be by entries, as those of SGD and Adam are
    inner       steps of the minimizing player for each of the other, when alternating
    schedule    iteration -> factor of all steps, of both players or (maximizing, minimizing)
    averaging   "uniform" over all points, or the decay of an exponential moving average; the average is answered if it
                is better, and in place of the last point if values are estimated from samples
    restart     iterations after which the players are put at their uniform average, and average anew from there
    iterations  most iterations of the rule; batch: samples of each expectation, per member and gradient
    members     games played at once, with seeds seed, seed + 1, ...: one ensemble in batched operations
    tolerance   residual |z - P(z - F(z))| at which a game without randomness has settled
    resume      the state of an earlier search, to go on as if it had not stopped
    """

    method: Method = "extragradient"
    step: float | tuple[float, float] = 0.1
    momentum: float = 0.0
    optimizer: Optimizer | tuple[Optimizer, Optimizer] | None = None
    inner: int = 1
    schedule: Schedule | tuple[Schedule, Schedule] | None = None
    averaging: Literal["uniform"] | float | None = None
    restart: int | None = None
    iterations: int = 10_000
    batch: int = 256
    members: int = 1
    tolerance: float = 1e-12
    resume: Mapping[str, Any] | None = field(default=None, compare=False)
    name = "descent-ascent"

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that makes no sense."""
        steps, optimizers, schedules = both(self.step), both(self.optimizer), both(self.schedule)
        decay = self.averaging
        wrong = {
            "method": self.method not in get_args(Method),
            "step": len(steps) != 2 or not all(_number(step) and 0 < step < math.inf for step in steps),
            "momentum": not (_number(self.momentum) and -1 < self.momentum < 1),
            "optimizer": len(optimizers) != 2 or not all(callable(one) or self.optimizer is None for one in optimizers),
            "inner": not _whole(self.inner) or (self.inner > 1 and self.method != "alternating"),
            "schedule": len(schedules) != 2 or not all(callable(one) or self.schedule is None for one in schedules),
            "averaging": not (decay is None or decay == "uniform" or (_number(decay) and 0 < float(decay) < 1)),
            "restart": self.restart is not None and not (_whole(self.restart) and self.optimizer is None),
            "iterations": not _whole(self.iterations),
            "batch": not _whole(self.batch),
            "members": not _whole(self.members),
            "tolerance": not (_number(self.tolerance) and self.tolerance >= 0),
            "resume": not (self.resume is None or isinstance(self.resume, Mapping)),
        }
        for setting, refused in wrong.items():
            if refused:
                given = " ".join(repr(getattr(self, setting)).split())  # an optimizer has many lines
                raise ValueError(f"{setting} is {shorten(given, 100)}; it must be {MEANT[setting]}")


def both(setting: Any) -> tuple[Any, Any]:
    """The setting of the maximizing and of the minimizing player."""
    return setting if isinstance(setting, tuple) else (setting, setting)


def _number(given: Any) -> bool:
    return isinstance(given, Real) and not isinstance(given, bool)


def _whole(given: Any) -> bool:
    """Whether it is a whole number from 1."""
    return isinstance(given, Integral) and not isinstance(given, bool) and int(given) >= 1
