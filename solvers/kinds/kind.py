"""What is asked of a solve, and what a module of this folder answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Protocol

from solvers.clock import Clock
from solvers.findings import Findings, Judged

SEEDS = 1 << 62  # fewer than torch takes, as the seeds of members and evaluations come after it


@dataclass(frozen=True)
class Options:
    """What the user asks of a solve besides the solver. Raises ValueError for what makes no sense."""

    clock: Clock
    gap: float | None
    seed: int
    device: str
    warm_start: bool
    start: Any
    report: Callable[[Any], None]

    def __post_init__(self) -> None:
        """Check it."""
        limit = self.clock.limit
        if limit is not None and not (isinstance(limit, Real) and limit > 0):
            raise ValueError(f"time_limit is {limit!r}; it must be a positive number of seconds")
        if self.gap is not None and not (isinstance(self.gap, Real) and 0 <= self.gap < 1):
            raise ValueError(f"gap is {self.gap!r}; it must be at least 0 and less than 1")
        if not isinstance(self.seed, Integral) or not 0 <= self.seed < SEEDS:
            raise ValueError(f"seed is {self.seed!r}; it must be a whole number from 0, below 2^62")
        if not callable(self.report):
            raise ValueError(f"progress is {self.report!r}; give a function, which is called with the search")
        if self.device not in ("auto", "cpu", "cuda"):
            raise ValueError(f"there is no device {self.device!r}; choose among auto, cpu and cuda")

    def device_where(self, useful: bool, pays: Callable[[], bool] = lambda: True) -> str:
        """The device to run on, a GPU by itself only where it pays; raises ValueError where cuda is not to be had."""
        if not useful or self.device == "cpu":
            return "cpu"
        import torch

        if torch.cuda.is_available() and (self.device == "cuda" or pays()):
            return "cuda"
        if self.device == "cuda":
            raise ValueError("device 'cuda' is asked for, but torch finds no such GPU here; leave it at auto")
        return "cpu"


class Kind(Protocol):
    """A module of this folder, or a Single: one kind of problem, and the solvers that take it."""

    @property
    def MEETS(self) -> float:
        """Gap up to which value and bound count as equal, unless another is asked for."""

    def names(self, problem: Any) -> tuple[str, ...]:
        """The names of the solvers that take the problem."""

    def settings(self, problem: Any, solver: Any) -> Any:
        """The solver of that name, with its default settings; of None the one that suits; None if it is of no such."""

    def refuse(self, problem: Any, solver: Any, options: Options) -> None:
        """Raise ValueError, naming who can, if the solver cannot do what the problem or the user asks."""

    def run(self, problem: Any, solver: Any, options: Options) -> tuple[Judged, Findings]:
        """The problem as the judge sees it, and what the solver finds."""
