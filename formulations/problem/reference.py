"""What a value is held against: every cross-check is data, so that recipe and test print and assert the same thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import nan
from typing import Literal


@dataclass(frozen=True)
class Reference:
    """An independent algorithm or closed form that an optimal value is held against.

    value   works it out; None where there was no time for that
    ranked  k -> the value of the k-th best answer, where the algorithm finds those as well
    """

    name: str
    value: Callable[[], float | None]
    relation: Literal["==", "<=", ">="] = "=="
    tolerance: float = 1e-6  # relative
    ranked: Callable[[int], float] | None = None

    def of_rank(self, k: int) -> Reference:
        """The same for the k-th best answer; raises ValueError where the algorithm finds the best only."""
        if self.ranked is None:
            raise ValueError(f"{self.name} does not rank answers")
        return replace(self, name=f"{self.name}, answer {k}", value=partial(self.ranked, k))

    def negated(self) -> Reference:
        """The same for a problem that maximizes minus what the algorithm minimizes, or vice versa."""
        ranked = self.ranked
        relation: dict[str, Literal["==", "<=", ">="]] = {"==": "==", "<=": ">=", ">=": "<="}
        return replace(
            self,
            value=partial(_minus, self.value),
            relation=relation[self.relation],
            ranked=None if ranked is None else lambda k: -ranked(k),
        )


def _minus(value: Callable[[], float | None]) -> float | None:
    found = value()
    return None if found is None else -found


def ranking(values: Callable[[], Iterator[float]]) -> Callable[[int], float]:
    """k -> the k-th of those values, each worked out once and when it is asked for; nan where there are fewer.

    >>> kth = ranking(lambda: iter([3.0, 5.0]))
    >>> kth(2), kth(1), kth(3)
    (5.0, 3.0, nan)
    """
    known: list[float] = []
    rest: list[Iterator[float]] = []

    def kth(k: int) -> float:
        if not rest:
            rest.append(values())
        while len(known) < k:
            known.append(next(rest[0], nan))
        return known[k - 1]

    return kth
