"""The few words that every formulation is written in.

A Problem is maths written down as data: it solves nothing. Its objective and listed constraints are cvxpy
expressions; constraints too many to list are Families, whose broken members an oracle finds. A SaddleProblem is a
game of two players, its payoff a sum of expectations in torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

if TYPE_CHECKING:
    import cvxpy as cp
    from torch import Generator, Tensor
    from torch.nn import Module

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Values = Mapping[str, Floats]  # variable name -> value, in the variable's shape
Integers = Mapping[str, NDArray[Any]]  # name -> int64, or Python's integers in an array of dtype object
Endless = Mapping[str, NDArray[np.bool_]]  # variable name -> which of its entries have no upper bound
Mend = Callable[[Integers, Endless], Integers | None]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Linear inequalities lower <= a <= upper on the activities a_i = (A x)_i + sum of a_j over parent[j] = i.

    A row that contains another says so by `parent` instead of repeating its coefficients: nested sets then cost
    as many non-zeros as the outermost alone.

    variable  the name of the cvxpy variable x (flattened column by column, as cvxpy does)
    matrix    A, csr (k, x.size)
    parent    int64 (k,): the row that contains row j, parent[j] > j, or -1
    lower, upper  float64 (k,), possibly infinite
    """

    variable: str
    matrix: csr_array
    parent: Ints
    lower: Floats
    upper: Floats

    def activity(self, x: Floats) -> Floats:
        """The k activities at x, float64 (k,)."""
        total = (self.matrix @ x.ravel(order="F")).tolist()
        for j, i in enumerate(self.parent.tolist()):
            if i >= 0:
                total[i] += total[j]
        return np.asarray(total)

    def expanded(self) -> csr_array:
        """The rows with all their coefficients written out, csr (k, x.size)."""
        inside = np.flatnonzero(self.parent >= 0)
        k = len(self.parent)
        lift = csr_array((np.ones(len(inside)), (self.parent[inside], inside)), shape=(k, k))
        total = level = self.matrix
        while (level := csr_array(lift @ level)).nnz:
            total = csr_array(total + level)
        return total

    def cumulative(self, multipliers: Sequence[Any]) -> list[Any]:
        """What multiplies each row of A: a row's own multiplier and those of all rows that contain it."""
        total = list(multipliers)
        for j in range(len(total) - 1, -1, -1):
            i = self.parent[j]
            if i >= 0:
                total[j] = total[j] + total[i]
        return total


@dataclass(frozen=True)
class Family:
    """Constraints "for all S": too many to list, so an oracle finds those that given values break.

    violated  values -> the sets S whose rows they break (many at once), or None if they break none; pure
    rows      those sets -> their rows: what the family asserts, and what a certificate is checked against
    implies   names of families that hold wherever this one does: no need to ask them while it is broken
    """

    name: str
    violated: Callable[[Values], Any | None]
    rows: Callable[[Any], Rows]
    implies: Sequence[str] = ()


@dataclass(frozen=True)
class Reference:
    """An independent algorithm or closed form that an optimal value is held against."""

    name: str
    value: Callable[[], float]
    relation: Literal["==", "<=", ">="] = "=="
    tolerance: float = 1e-6  # relative


@dataclass(frozen=True)
class Multipliers:
    """A guess at the dual: one number per listed constraint row, and per family the sets it weighs.

    Weak duality turns any such guess into a bound, so nobody needs to trust where it came from.
    """

    listed: Mapping[str, Floats] = field(default_factory=dict)
    families: Sequence[tuple[str, Any, Floats]] = ()  # (family name, sets, multiplier of each)


@dataclass(frozen=True)
class Start:
    """A basis to start a simplex method from: which entries of variables, and which rows of constraints, are basic."""

    variables: Mapping[str, NDArray[np.bool_]]
    constraints: Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """minimize or maximize `objective` over its variables, subject to `subject_to` and to all of `for_all`.

    subject_to       named constraints; the names reach multipliers and messages
    for_all          the families of constraints that define the problem, on top of those listed
    strengthened_by  families implied by the others at integer points: they only tighten the relaxation
    answer           values -> what the user asked for: the tree, the path, the order
    repair           values -> nearby values that may well be feasible, or None (a heuristic, never trusted)
    dual             feasible integer values -> a guess at the multipliers that prove them optimal
    mend             reduced costs, and which variables are endless -> what to add to the multipliers of listed
                     constraints so that no endless variable's reduced cost is negative; None if that cannot be
    start            a basis that an algorithm for the problem itself finds: the LP then only verifies
    dual_function    multipliers of the listed constraints -> the bound they prove, where the objective is not linear
    references       what the optimal value is to be compared with
    """

    objective: cp.Minimize | cp.Maximize
    subject_to: Mapping[str, cp.Constraint]
    for_all: Sequence[Family] = ()
    strengthened_by: Sequence[Family] = ()
    answer: Callable[[Values], Any] = dict
    repair: Callable[[Values], Values | None] | None = None
    dual: Callable[[Values], Multipliers | None] | None = None
    mend: Mend | None = None
    start: Callable[[], Start] | None = None
    dual_function: Callable[[Mapping[str, Floats]], float] | None = None
    references: Sequence[Reference] = ()

    @cached_property
    def variables(self) -> dict[str, cp.Variable]:
        """The problem's variables by name. Raises ValueError if two share a name."""
        found = {v.id: v for part in (self.objective, *self.subject_to.values()) for v in part.variables()}
        named = {v.name(): v for v in found.values()}
        if len(named) < len(found):
            raise ValueError(f"two variables share a name among {sorted(v.name() for v in found.values())}; rename one")
        return named

    @property
    def families(self) -> dict[str, Family]:
        """All families by name, the strengthening ones first: they cut deeper."""
        return {family.name: family for family in (*self.strengthened_by, *self.for_all)}

    def also(self, **constraints: cp.Constraint) -> Problem:
        """The same problem under further named constraints; references that no longer apply are dropped.

        A reference's value for the old problem still bounds the new one, from the side the new constraints push to.
        """
        taken = sorted(set(constraints) & set(self.subject_to))
        if taken:
            raise ValueError(f"the problem has a constraint named {taken[0]!r} already; choose another name")
        harder: Literal["<=", ">="] = "<=" if self.objective.NAME == "maximize" else ">="
        bounds = [replace(r, relation=harder) for r in self.references if r.relation in ("==", harder)]
        return replace(self, subject_to={**self.subject_to, **constraints}, references=bounds)


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
    value      the players -> what the maximizing player has secured: min of the payoff over the other, or less
    bound      the players -> what no choice of the maximizing player exceeds: max of the payoff over it, or more
    level      the confidence with which value and bound hold, if they are estimated from fresh samples
    scale      the players -> the size of what the payoff sums up where they play: value and bound are compared
               relative to it where both are smaller. Not the largest payoff: a choice that nobody makes does not count
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
    value: Callable[[Players], float] | None = None
    bound: Callable[[Players], float] | None = None
    level: float | None = None
    scale: Callable[[Players], float] = lambda _: 1.0
    watch: Callable[[Players], Mapping[str, float | None]] | None = None
    model: Callable[[], Problem] | None = None
    references: Sequence[Reference] = ()
