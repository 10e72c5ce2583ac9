"""What a value is held against: every cross-check is data, so that recipe and test print and assert the same thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Reference:
    """An independent algorithm or closed form that an optimal value is held against."""

    name: str
    value: Callable[[], float]
    relation: Literal["==", "<=", ">="] = "=="
    tolerance: float = 1e-6  # relative
