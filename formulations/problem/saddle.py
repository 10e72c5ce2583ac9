"""Saddle problems: a game of two players, its payoff a sum of expectations in torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from formulations.problem.arrays import Floats, Number
from formulations.problem.program import Problem
from formulations.problem.reference import Reference
from formulations.problem.search import SearchProblem

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

    start   random numbers -> the tensor or module to begin with; or that itself, which every member then begins with.
            It is copied. The layers of torch.nn draw their starts from torch's global numbers, which are seeded for
            this and put back after it
    domain  the set that every step is projected into, if not the whole space; for tensors

    Any module will do. Its parameters with requires_grad are trained, others are left as they are, one that several
    layers share is one. It is played in the mode that it is in, with its buffers updated, and is answered in evaluation
    mode. Raises ValueError for a start or a domain that is none.
    """

    start: Callable[[Generator], Tensor | Module] | Tensor | Module
    domain: Domain | None = None

    def __post_init__(self) -> None:
        """Check them."""
        if not (callable(self.start) or hasattr(self.start, "requires_grad_")):
            raise ValueError(
                f"a block starts at {_kind(self.start)}; give a torch tensor or module, or a function of the random "
                "numbers that returns one, such as formulations.players.starts.at(numbers)"
            )
        if self.domain is not None and (isinstance(self.domain, type) or not hasattr(self.domain, "project")):
            raise ValueError(
                f"a block's domain is {_kind(self.domain)}; give a set that projects, such as Box(-1, 1) or Simplex()"
            )


@dataclass(frozen=True)
class Term:
    """E f(blocks, sample): the mean of a function over what a sampler draws.

    Several games may be played at once, so all tensors have a leading dimension of `members`.

    f       the blocks, then samples (members, batch, ...) -> (members, batch); without a sampler -> (members,)
    blocks  the names of those blocks, in the order in which f takes them: a step leaves out terms without its own
    over    the samplers' names, in the order in which f takes what they draw; none if nothing in f is random

    Raises ValueError for an f that is no function, and for names that are not in a list.
    """

    f: Callable[..., Tensor]
    blocks: Sequence[str]
    over: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check them."""
        if not callable(self.f):
            raise ValueError(f"a term's f is {_kind(self.f)}; give a function of blocks and samples")
        for what, names in (("blocks", self.blocks), ("over", self.over)):
            if not _listed(names) or not all(isinstance(name, str) for name in names):
                example = [names] if isinstance(names, str) else ["f", "d"]
                raise ValueError(f"a term's {what} is {names!r}; give the names in a list, such as {example}")


Sampler = Callable[[int, "Generator"], "Tensor"]  # batch, random numbers -> (batch, ...) on the generator's device
Side = Literal["maximize", "minimize"]
Players = Mapping[str, Any]  # block name -> its tensor or module, of one member
PROGRESS = "progress"  # the sampler whose samples are all the share of the play that is over


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
    watch      the players -> "value", "bound" and, say, "divergence" (from the best, as the minimizing player tells it)
               by samples of their own, to follow the play by; None where unknown, and never claimed. Answered is the
               evaluation of the greatest "value", or the least "distance", which needs no second player: early stopping
    model      the same as a convex or searched problem, for solvers that take those
    references what the value is to be compared with
    maths      what each line of the problem says, such as "payoff" -> it in LaTeX, for print

    Raises ValueError, in a sentence, where these do not fit together.
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
    model: Callable[[], Problem | SearchProblem] | None = None
    references: Sequence[Reference] = ()
    maths: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        mistakes = chain(_mistaken_blocks(self), _mistaken_samplers(self), _mistaken_terms(self), _unfit(self))
        if (first := next(mistakes, None)) is not None:
            raise ValueError(first)

    @property
    def terms(self) -> dict[str, Term]:
        """All terms by where they stand, such as payoff[0] or penalties['minimize'][1]."""
        return {f"{where}[{k}]": term for where, terms in _lists_of_terms(self) for k, term in enumerate(terms)}


@dataclass(frozen=True, kw_only=True)
class MatrixGame(SaddleProblem):
    """x'Ay over the probability simplices of the rows and the columns, its blocks named "x" and "y".

    matrix  A, float64 (m, n), perhaps less a constant, which moves neither player: what linear programming plays with
    """

    matrix: Floats


def _lists_of_terms(game: SaddleProblem) -> Iterator[tuple[str, Sequence[Term]]]:
    yield "payoff", game.payoff
    if game.surrogate is not None:
        yield "surrogate", game.surrogate
    for side, terms in game.penalties.items():
        yield f"penalties[{side!r}]", terms


def _mistaken_blocks(game: SaddleProblem) -> Iterator[str]:
    for side in ("maximize_over", "minimize_over"):
        blocks = getattr(game, side)
        if not isinstance(blocks, Mapping):
            yield f"{side} is {_kind(blocks)}; give a dictionary of block names and blocks"
            return
        for name, block in blocks.items():
            if not isinstance(name, str) or not name:
                yield f"{side} has a block named {name!r}; give it a name in letters"
            if not isinstance(block, Block):
                yield f"{side}[{name!r}] is {_kind(block)}; make it a Block(...)"
    if not game.maximize_over and not game.minimize_over:
        yield "neither player has a block; give maximize_over or minimize_over one"
    for name in game.maximize_over:
        if name in game.minimize_over:
            yield f"both players have a block named {name!r}; rename one"


def _mistaken_samplers(game: SaddleProblem) -> Iterator[str]:
    if not isinstance(game.samplers, Mapping):
        yield f"samplers is {_kind(game.samplers)}; give a dictionary of names and functions"
        return
    for name, sampler in game.samplers.items():
        if not callable(sampler):
            yield f"the sampler {name!r} is {_kind(sampler)}; give a function (batch, generator) -> (batch, ...)"
        if name == PROGRESS:
            yield f"there is a sampler {name!r}, which is the share of the play that is over; rename it"


def _mistaken_terms(game: SaddleProblem) -> Iterator[str]:
    if not isinstance(game.penalties, Mapping):
        yield f"penalties is {_kind(game.penalties)}; give a dictionary of 'maximize' or 'minimize' and lists of terms"
        return
    for side in game.penalties:
        if side not in get_args(Side):
            yield f"penalties has a player {side!r}; there are 'maximize' and 'minimize'"
    blocks, samplers = [*game.maximize_over, *game.minimize_over], [*game.samplers, PROGRESS]
    for where, terms in _lists_of_terms(game):
        if not _listed(terms):
            yield f"{where} is {_kind(terms)}; give a list of terms"
            return
        for k, term in enumerate(terms):
            if not isinstance(term, Term):
                yield f"{where}[{k}] is {_kind(term)}; make it a Term(f, blocks, samplers)"
                return
            for kind, names, known in (("block", term.blocks, blocks), ("sampler", term.over, samplers)):
                for name in names:
                    if name not in known:
                        yield f"{where}[{k}]: a term names a {kind} {name!r}; there are {', '.join(known)}"
    if not game.payoff:
        yield "the payoff has no terms; give at least one"
    in_play = {name for term in game.terms.values() for name in term.blocks}
    for name in blocks:
        if name not in in_play:
            yield f"no term is of the block {name!r}, so it would never move; add it to a term's blocks or leave it out"


def _unfit(game: SaddleProblem) -> Iterator[str]:
    for what in ("answer", "value", "bound", "size", "watch", "model"):
        given = getattr(game, what)
        if not callable(given) and (given is not None or what == "answer"):
            yield f"{what} is {given!r}; give a function of {'nothing' if what == 'model' else 'the players'}"
    if game.level is not None and not (isinstance(game.level, float | int) and 0 < game.level < 1):
        yield f"level is {game.level!r}; it must be a confidence between 0 and 1, such as 0.95, or None"
    if not _listed(game.references) or not all(isinstance(r, Reference) for r in game.references):
        yield f"references is {_kind(game.references)}; give a list of Reference"


def _listed(given: Any) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, str)


def _kind(given: Any) -> str:
    """What was given in place of something else, for a message."""
    if given is None or isinstance(given, str | int | float):
        return repr(given)
    name = given.__name__ if isinstance(given, type) else type(given).__name__
    return f"the class {name}" if isinstance(given, type) else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
