"""The submissions of a cohort, how similar they are, and which of them are near-copies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from formulations.problem import Floats
    from problems.studies.code_similarity import CodeSimilarity
    from problems.studies.near_copies import Threshold
    from problems.studies.passages import Passage
    from solvers.solution import Solution

MAX_COMPARED = 500  # pairs, the most similar, whose passages are worked out


@dataclass(frozen=True, eq=False)
class Submissions:
    """n submissions by name, their similarities float64 (n, n), and the pairs above the threshold as positions."""

    source: str
    items: Sequence[str]
    similarity: Floats
    threshold: Threshold
    pairs: Sequence[tuple[int, int]]
    code: CodeSimilarity | None
    notes: Sequence[str]

    @cached_property
    def passages(self) -> list[list[Passage]]:
        """What matches in each of the first pairs; nothing where there is no code."""
        if self.code is None:
            return []
        from problems.studies.passages import passages

        sources, template = self.code.sources, self.code.template
        return [passages(sources[i], sources[j], template) for i, j in self.pairs[:MAX_COMPARED]]

    @cached_property
    def titles(self) -> list[str]:
        """The names in pictures and on pages."""
        from problems.io.submissions import people

        return people(self.items)

    def named(self, positions: Iterable[int]) -> list[str]:
        """The names of items."""
        return [self.items[i] for i in positions]

    def groups(self, solution: Solution) -> list[list[int]]:
        """The connected components of the pairs, as they stand in the order found."""
        import numpy as np

        from problems.studies.near_copies import groups

        return groups(self.pairs, np.array(solution.answer, dtype=np.int64))
