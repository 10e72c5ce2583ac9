"""Problems that are searched rather than relaxed: an objective on a set of candidates, and what bounds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from formulations.problem.arrays import Floats, Number
from formulations.problem.program import Multipliers, Problem
from formulations.problem.reference import Reference

ROUNDING = 1e-9  # relative to the size of the objective


class Objective(Protocol):
    """A function on candidates: orders, partitions, frames of vectors, embeddings."""

    def values(self, candidates: Any) -> Floats:
        """The values of many candidates at once, float64 (k,)."""

    def value(self, candidate: Any) -> Number:
        """The value of one candidate, as exactly as it can be had."""

    def size(self, candidate: Any) -> float:
        """The sum of the sizes of the terms that make up the value: differences are seen relative to it."""


@dataclass(frozen=True)
class Heuristic:
    """What may help a search: candidates, such as the answers of an adjacent problem that can be solved, or objectives.

    find     finds them
    seconds  how long that takes on a slow day: a search that has less time leaves it out
    """

    name: str
    find: Callable[[], Iterable[Any]]
    seconds: float = 0.0


@dataclass(frozen=True)
class WeakDual:
    """A bound on every value of the problem that any dual certificate proves, however it was found.

    certificate  seconds -> multipliers, eigenvectors, potentials: by whatever means, within about that time; None
                 where the solver itself comes by it
    bound        a certificate -> what it proves, recomputed from the data alone: a number no value of the problem can
                 beat, or an infinite one if it proves nothing
    seconds      the least time that finding and checking a certificate takes on a slow day
    multipliers  a certificate -> multipliers that say the same, for whoever checks it again; None if there are none
    """

    name: str
    certificate: Callable[[float], Any] | None
    bound: Callable[[Any], Number]
    seconds: float = 0.0
    multipliers: Callable[[Any], Multipliers | None] = lambda found: found if isinstance(found, Multipliers) else None


def constant_dual(name: str, bound: float) -> WeakDual:
    """A bound that needs no certificate.

    >>> constant_dual("no length is below 0", 0.0).bound(())
    0.0
    """
    return WeakDual(name, lambda _: (), lambda _: bound)


@dataclass(frozen=True, kw_only=True)
class SearchProblem:
    """minimize or maximize an objective over a set of candidates.

    broken      a candidate -> what keeps it out of the set, in words; None if it belongs to it
    membership  what it says of a candidate that it belongs to it
    answer      a candidate -> what the user asked for
    values      a candidate -> its numbers by name
    starts      candidates worth starting from, the quickest first
    surrogates  what finds further objectives, to be minimized, whose best candidates are worth starting from
    weak_duals  bounds, the cheapest first
    model       the same as a mixed-integer model, for solvers that take those; None if it is not stated as one
    exact       whether values and bounds are Fractions, free of rounding
    references  what the best value is to be compared with
    maths       what each line of the problem says, such as "minimize" -> it in LaTeX, for print
    """

    sense: Literal["minimize", "maximize"]
    objective: Objective
    broken: Callable[[Any], str | None]
    membership: str = "the answer is in the set that is searched"
    answer: Callable[[Any], Any] = np.ndarray.tolist
    values: Callable[[Any], Mapping[str, Floats]] = lambda _: {}
    starts: Sequence[Heuristic] = ()
    surrogates: Sequence[Heuristic] = ()
    weak_duals: Sequence[WeakDual] = ()
    model: Callable[[], Problem | SearchProblem] | None = None
    exact: bool = False
    references: Sequence[Reference] = ()
    maths: Mapping[str, str] = field(default_factory=dict)

    @property
    def maximize(self) -> bool:
        """Whether more is better."""
        return self.sense == "maximize"
