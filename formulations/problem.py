"""The few words that every formulation is written in.

A Problem is maths written down as data: it solves nothing. Its objective and listed constraints are cvxpy
expressions; constraints too many to list are Families, whose broken members an oracle finds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

if TYPE_CHECKING:
    import cvxpy as cp

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


def apart(n: int) -> Floats:
    """|i - j|, the distances of n places, float64 (n, n)."""
    place = np.arange(n, dtype=np.float64)
    return np.abs(place[:, None] - place)


@dataclass(frozen=True, eq=False)
class QuadraticAssignment:
    """scale <A, P B P'> + offset over permutation matrices P, the template of all objectives on orders with weights.

    <A, P B P'> is the sum over i, j of A[i, j] B[p(i), p(j)], where item i stands at place p(i) (Koopmans and
    Beckmann 1957). A, B float64 (n, n), finite.
    """

    A: Floats
    B: Floats
    scale: float = 1.0
    offset: float = 0.0

    def values(self, orders: Ints) -> Floats:
        """The objective of orders, int64 (k, n), whose entry [., q] is the item at place q; float64 (k,)."""
        sums = [float((self.A[np.ix_(order, order)] * self.B).sum()) for order in orders]
        return self.scale * np.asarray(sums) + self.offset

    def minimized(self, sense: Literal["minimize", "maximize"]) -> QuadraticAssignment:
        """The objective without its offset and scale, turned so that less is better."""
        return QuadraticAssignment((self.scale if sense == "minimize" else -self.scale) * self.A, self.B)

    def as_linear(self) -> tuple[Floats, float] | None:
        """W and c with value = sum over pairs of W_uv |p(u) - p(v)| + c, up to rounding; None if B is not so.

        That is, B = f |i - j| + g off the diagonal, to 1e-12 of its largest entry, and a constant on it.
        """
        n, B = len(self.B), self.B
        if n < 2:
            return None
        slope = float(B[0, -1] - B[0, 1]) / (n - 2) if n > 2 else 0.0
        base = float(B[0, 1]) - slope
        straight = slope * apart(n) + base
        np.fill_diagonal(straight, B[0, 0])
        if np.abs(B - straight).max() > 1e-12 * np.abs(B).max():
            return None
        W = self.scale * slope * (self.A + self.A.T)
        np.fill_diagonal(W, 0)
        loops = float(np.trace(self.A))
        constant = base * (float(self.A.sum()) - loops) + float(B[0, 0]) * loops
        return W, self.scale * constant + self.offset


@dataclass(frozen=True, eq=False)
class Ordering:
    """Any other objective on the orders of n items.

    values  orders, int64 (k, n), entry [., q] the item at place q -> float64 (k,)
    moves   an order, int64 (n,), and a place -> float64 (n,): how the value changes if the item at that place is taken
            out and put back so that it stands at place 0, 1, ..., n - 1
    """

    n: int
    values: Callable[[Ints], Floats]
    moves: Callable[[Ints, int], Floats]


@dataclass(frozen=True)
class WeakDual:
    """A bound on every value of the problem that any witness proves, however it was found.

    witness  seconds -> multipliers, eigenvectors, potentials: by whatever means, within about that time
    bound    a witness -> what it proves, recomputed from the data alone: a number no value of the problem can beat
    """

    name: str
    witness: Callable[[float], Any]
    bound: Callable[[Any], float]


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """minimize or maximize an objective over all orders of n items.

    answer      an order, int64 (n,), the item at each place -> what the user asked for
    model       the same as a mixed-integer model, for solvers that take those; None if it is not stated as one
    amenable    quadratic objectives, to be minimized, whose best orders are worth starting from
    starts      orders worth starting from, int64 (k, n): the answers of adjacent, more amenable problems
    weak_duals  bounds, the cheapest first
    subsets     where the objective is as_linear(): what potentials of all subsets of the items prove of that sum
    references  what the best value is to be compared with
    """

    sense: Literal["minimize", "maximize"]
    objective: QuadraticAssignment | Ordering
    answer: Callable[[Ints], Any] = np.ndarray.tolist
    model: Callable[[], Problem] | None = None
    amenable: Sequence[QuadraticAssignment] = ()
    starts: Callable[[], Ints] | None = None
    weak_duals: Sequence[WeakDual] = ()
    subsets: Callable[[Any], float] | None = None
    references: Sequence[Reference] = ()
