"""Points that are to be mapped: by measurements, or by distances alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from formulations.embeddings.neighbours import Neighbours
    from formulations.problem import Floats
    from problems.studies.named_rows import Table


@dataclass(frozen=True, eq=False)
class Points:
    """n points by measurements, float64 (n, p), or by distances alone, (n, n).

    table     that they are the rows of, if any
    position  where each is on the surface that they are from, (n,), to colour them by; None where that is not known
    """

    source: str
    names: Sequence[str]
    values: Floats | None
    given: Floats | None = None
    notes: Sequence[str] = ()
    position: Floats | None = None
    table: Table | None = None

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.names)

    @cached_property
    def distances(self) -> Floats:
        """Between all pairs, (n, n)."""
        from scipy.spatial.distance import cdist

        from formulations.embedding import refuse_size

        if self.given is not None:
            return self.given
        assert self.values is not None
        refuse_size(self.n)
        return np.asarray(cdist(self.values, self.values))

    def nearest(self, count: int) -> Neighbours:
        """So many neighbours of each."""
        from formulations.embeddings.neighbours import nearest, nearest_by

        return nearest_by(self.distances, count) if self.values is None else nearest(self.values, count)
