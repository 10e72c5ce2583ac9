"""How games of images are trained: all players by Adam, with steps that shrink at last, and a moving average."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from solvers.descent_ascent import DescentAscent


@dataclass(frozen=True)
class Steps:
    """The steps of a game.

    rates   the longest, of generators and of discriminators
    shares  that Adam keeps at each step, of the mean gradient and of its mean square
    batch   images, and as many samples
    """

    rates: tuple[float, float]
    shares: tuple[float, float]
    batch: int

    def settings(
        self,
        iterations: int,
        pace: Callable[[float], float],
        averaging: float,
        resume: Mapping[str, Any] | None,
    ) -> DescentAscent:
        """The solver that takes them; pace: of steps relative to the longest, averaging: of blocks over iterations."""
        from solvers.descent_ascent import DescentAscent

        generators, discriminators = (
            partial(torch.optim.Adam, lr=rate, betas=self.shares, fused=True) for rate in self.rates
        )
        return DescentAscent(
            method="simultaneous",
            optimizer=(generators, discriminators),
            schedule=pace,
            averaging=averaging,
            iterations=iterations,
            batch=self.batch,
            resume=resume,
        )


def shrinking(iteration: float, iterations: int) -> float:
    """1 for the first half of the iterations, then down to 0 along half a cosine.

    >>> [round(shrinking(k, 100), 2) for k in (0, 50, 75, 100)]
    [1.0, 1.0, 0.5, 0.0]
    """
    share = max(0.0, 2 * iteration / iterations - 1)
    return (1 + math.cos(math.pi * share)) / 2
