"""Adjacent problems whose answers are orders: starts of a search, and what its answer is held against."""

from __future__ import annotations

from typing import Any

import numpy as np

from formulations.problem import Heuristic, Ints, Ordering, PathLength, QuadraticAssignment, Reference


class Adjacent:
    """An adjacent problem: its answer is a start, worked out once, and what the best value is held against."""

    def __init__(self, start: Heuristic) -> None:
        """The problem that the start is an answer of."""
        self.name, self.seconds, self._orders = start.name, start.seconds, start.find
        self._found: list[Ints] | None = None

    def find(self) -> list[Ints]:
        """The orders."""
        self._found = list(self._orders()) if self._found is None else self._found
        return self._found

    def reference(self, form: QuadraticAssignment | PathLength | Ordering, relation: Any) -> Reference:
        """The value of the first one, in its better direction; None if there was no time to find it."""
        best = min if relation == "<=" else max

        def value() -> float | None:
            if self._found is None:
                return None
            order = self._found[0]
            return float(best(form.values(np.array([order, order[::-1]] if form.directed else [order]))))

        return Reference(self.name, value, relation)
