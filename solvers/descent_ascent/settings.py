"""The settings of the play, and what is meant by each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import torch
from torch import Tensor

Method = Literal["extragradient", "optimistic", "alternating", "simultaneous"]
Optimizer = Callable[[list[Tensor]], torch.optim.Optimizer]
MEANT = {
    "method": f"one of {', '.join(get_args(Method))}",
    "step": "a positive number, or one for each player",
    "momentum": "between -1 and 1",
    "inner": "a whole number from 1, and 1 unless the method is alternating",
    "averaging": "'uniform' or a decay between 0 and 1",
    "restart": "a whole number from 1, with plain steps",
    "iterations": "a whole number from 1",
    "batch": "a whole number from 1",
    "members": "a whole number from 1",
    "tolerance": "at least 0",
}


@dataclass(frozen=True, kw_only=True)
class DescentAscent:
    """How two players move towards a saddle point: the rule, its steps, and what is done with the points passed.

    method      "extragradient", "optimistic", "alternating" or "simultaneous": the rules of descent_ascent.steps
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

    method: Method = "extragradient"
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

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that makes no sense."""
        wrong = {
            "method": self.method not in get_args(Method),
            "step": not all(0 < step < math.inf for step in both(self.step)),
            "momentum": not -1 < self.momentum < 1,
            "inner": self.inner < 1 or (self.inner > 1 and self.method != "alternating"),
            "averaging": not (self.averaging in (None, "uniform") or 0 < float(self.averaging) < 1),
            "restart": self.restart is not None and (self.restart < 1 or self.optimizer is not None),
            "iterations": self.iterations < 1,
            "batch": self.batch < 1,
            "members": self.members < 1,
            "tolerance": not self.tolerance >= 0,
        }
        for setting, refused in wrong.items():
            if refused:
                raise ValueError(f"{setting} is {getattr(self, setting)!r}; it must be {MEANT[setting]}")


def both(setting: Any) -> tuple[Any, Any]:
    """The setting of the maximizing and of the minimizing player."""
    return setting if isinstance(setting, tuple) else (setting, setting)
