"""Saddle problems: a game of two players, its payoff a sum of expectations in torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from formulations.problem.arrays import Floats, Number
from formulations.problem.program import Problem
from formulations.problem.reference import Reference

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from torch.nn import Module


class Domain(Protocol):
    """A closed convex set of tensors."""

    def project(self, x: Tensor) -> Tensor:
        """The nearest point of the set, for each member of a leading dimension."""


@dataclass(frozen=True)
class Block:
    """One part of what a player chooses: a tensor in a domain, or the parameters of a torch module.

    start   random numbers -> the tensor or module to begin with
    domain  the set that every step is projected into, if not the whole space; for tensors
    """

    start: Callable[[Generator], Tensor | Module]
    domain: Domain | None = None


@dataclass(frozen=True)
class Term:
    """E f(blocks, sample): the mean of a function over what a sampler draws.

    Several games may be played at once, so all tensors have a leading dimension of `members`.

    f       the blocks, then samples (members, batch, ...) -> (members, batch); without a sampler -> (members,)
    blocks  the names of those blocks, in the order in which f takes them: a step leaves out terms without its own
    over    the samplers' names, in the order in which f takes what they draw; none if nothing in f is random
    """

    f: Callable[..., Tensor]
    blocks: Sequence[str]
    over: Sequence[str] = ()


Sampler = Callable[[int, "Generator"], "Tensor"]  # batch, random numbers -> (batch, ...) on the generator's device
Side = Literal["maximize", "minimize"]
Players = Mapping[str, Any]  # block name -> its tensor or module, of one member


@dataclass(frozen=True, kw_only=True)
class SaddleProblem:
    """max over the blocks of one player, min over those of the other, of the payoff: the sum of its terms.

    samplers   name -> what draws the samples that expectations are taken over; "progress" is always among them, the
               share of the play that is over, from 0 to 1, (members, batch)
    penalties  "maximize" or "minimize" -> terms that this player pays besides the payoff
    surrogate  terms that the maximizing player climbs in place of the payoff: no longer a saddle problem, strictly
    answer     the players -> what the user asked for
    value      the players -> what the maximizing player guarantees: min of the payoff over the other, or less
    bound      the players -> what the minimizing player guarantees: max of the payoff over the other, or more
    level      the confidence with which value and bound hold, if they are estimated from fresh samples
    size       the players -> the natural size of the payoff in play, the same whatever constant is added to it: gaps
               are relative to it. By default how far value and bound lie apart when the play begins. A choice that no
               player makes must not count
    watch      the players -> "value", "bound" and, say, "divergence" (from the best) by samples of their own, to follow
               the play and to choose among members by; None where unknown, and never claimed
    model      the same as a convex problem, for solvers that take those
    references what the value is to be compared with
    """

    maximize_over: Mapping[str, Block]
    minimize_over: Mapping[str, Block]
    payoff: Sequence[Term]
    samplers: Mapping[str, Sampler] = field(default_factory=dict)
    penalties: Mapping[Side, Sequence[Term]] = field(default_factory=dict)
    surrogate: Sequence[Term] | None = None
    answer: Callable[[Players], Any] = dict
    value: Callable[[Players], Number] | None = None
    bound: Callable[[Players], Number] | None = None
    level: float | None = None
    size: Callable[[Players], float] | None = None
    watch: Callable[[Players], Mapping[str, float | None]] | None = None
    model: Callable[[], Problem] | None = None
    references: Sequence[Reference] = ()


@dataclass(frozen=True, kw_only=True)
class MatrixGame(SaddleProblem):
    """x'Ay over the probability simplices of the rows and the columns, its blocks named "x" and "y".

    matrix  A, float64 (m, n), perhaps less a constant, which moves neither player: what linear programming plays with
    """

    matrix: Floats
