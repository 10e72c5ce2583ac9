"""Linear, mixed-integer and convex programs: cvxpy expressions, and families of constraints too many to list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from scipy.sparse import csr_array

from formulations.problem.arrays import Bools, Floats, Integers, Ints, Values
from formulations.problem.reference import Reference

if TYPE_CHECKING:
    import cvxpy as cp

IntegerValues = Mapping[str, Integers]  # constraint or variable name -> exact integers
UnboundedAbove = Mapping[str, Bools]  # variable name -> which of its entries have no upper bound
DualRepair = Callable[[IntegerValues, UnboundedAbove], IntegerValues | None]


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
    maths     what it asserts, in LaTeX
    """

    name: str
    violated: Callable[[Values], Any | None]
    rows: Callable[[Any], Rows]
    implies: Sequence[str] = ()
    maths: str = ""


@dataclass(frozen=True)
class Multipliers:
    """A guess at the dual: one number per listed constraint row, and per family the sets it weighs.

    Weak duality turns any such guess into a bound, so nobody needs to trust where it came from.
    """

    listed: Mapping[str, Floats] = field(default_factory=dict)
    families: Sequence[tuple[str, Any, Floats]] = ()  # (family name, sets, multiplier of each)
    unit: int | None = None  # if given the listed ones are exact: integers over this denominator, and alone

    def negated(self) -> Multipliers:
        """All of them with the other sign."""
        families = [(name, sets, -pi) for name, sets, pi in self.families]
        return Multipliers({name: -y for name, y in self.listed.items()}, families, self.unit)


@dataclass(frozen=True)
class Start:
    """A basis to start a simplex method from: which entries of variables, and which rows of constraints, are basic."""

    variables: Mapping[str, Bools]
    constraints: Mapping[str, Bools]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """minimize or maximize `objective` over its variables, subject to `subject_to` and to all of `for_all`.

    subject_to       named constraints; the names reach multipliers and messages
    for_all          the families of constraints that define the problem, on top of those listed
    strengthened_by  families implied by the others at integer points: they only tighten the relaxation
    answer           values -> what the user asked for: the tree, the path, the order
    repair           values -> nearby values that may well be feasible, or None (a heuristic, never trusted)
    dual             feasible integer values -> a guess at the multipliers that prove them optimal
    dual_repair      reduced costs, and which variables are unbounded -> what to add to the multipliers of listed
                     constraints so that no unbounded variable's reduced cost is negative; None if that cannot be
    start            a basis that an algorithm for the problem itself finds: the LP then only verifies
    dual_function    multipliers of the listed constraints -> the bound they prove, where the objective is not linear
    size             values -> the natural size of the objective there, such as 1 nat of a likelihood: gaps are relative
                     to it; by default the sum of the sizes of its terms
    excluding        values of an answer -> a constraint that this answer breaks and every other answer meets
    references       what the optimal value is to be compared with
    """

    objective: cp.Minimize | cp.Maximize
    subject_to: Mapping[str, cp.Constraint]
    for_all: Sequence[Family] = ()
    strengthened_by: Sequence[Family] = ()
    answer: Callable[[Values], Any] = dict
    repair: Callable[[Values], Values | None] | None = None
    dual: Callable[[Values], Multipliers | None] | None = None
    dual_repair: DualRepair | None = None
    start: Callable[[], Start] | None = None
    dual_function: Callable[[Mapping[str, Floats]], float] | None = None
    size: Callable[[Values], float] | None = None
    excluding: Callable[[Values], cp.Constraint] | None = None
    references: Sequence[Reference] = ()

    @cached_property
    def variables(self) -> dict[str, cp.Variable]:
        """The problem's variables by name. Raises ValueError if two share a name."""
        found = {v.id: v for part in (self.objective, *self.subject_to.values()) for v in part.variables()}
        named = {v.name(): v for v in found.values()}
        if len(named) < len(found):
            raise ValueError(f"two variables share a name among {sorted(v.name() for v in found.values())}; rename one")
        return named

    def given(self, start: Any) -> Values:
        """The values of an answer of the user's own; raises ValueError unless finite and in their shapes."""
        if not isinstance(start, Mapping) or set(start) != set(self.variables):
            raise ValueError(f"start must give a value to each of the variables {', '.join(self.variables)}")
        for name, variable in self.variables.items():
            if np.shape(start[name]) != variable.shape or np.asarray(start[name]).dtype.kind not in "fiub":
                what = f"{np.asarray(start[name]).dtype} in shape {np.shape(start[name])}"
                raise ValueError(f"start gives {what} to {name!r}; it takes numbers in shape {variable.shape}")
            if not np.isfinite(start[name]).all():
                raise ValueError(f"start gives {name!r} a number that is not finite; replace it")
        return {name: np.asarray(value, dtype=np.float64) for name, value in start.items()}

    @contextmanager
    def at(self, values: Values) -> Iterator[None]:
        """The variables at those values, and as they were afterwards: expressions can then be evaluated."""
        before = {name: variable.value for name, variable in self.variables.items()}
        try:
            for name, variable in self.variables.items():
                variable.save_value(values[name])
            yield
        finally:
            for name, variable in self.variables.items():
                variable.save_value(before[name])

    @cached_property
    def is_linear(self) -> bool:
        """Whether the listed model is a linear or mixed-integer program; raises ValueError if it is not even convex."""
        import cvxpy as cp

        model = cp.Problem(self.objective, list(self.subject_to.values()))
        if not model.is_dcp():
            raise ValueError("the model is not convex by cvxpy's rules (not DCP); restate it by convex functions")
        return bool(model.is_lp())

    @property
    def families(self) -> dict[str, Family]:
        """All families by name, the strengthening ones first: they cut deeper."""
        return {family.name: family for family in (*self.strengthened_by, *self.for_all)}

    def also(self, **constraints: cp.Constraint) -> Problem:
        """The same problem under further named constraints of cvxpy; references that no longer apply are dropped.

        They may have variables of their own, integers among them, and piecewise-linear functions: abs, max, norm1 and
        their like. A reference's value for the old problem still bounds the new one, from the side the new constraints
        push to. Raises ValueError for a name that is taken, and for what is no constraint.

        >>> import cvxpy as cp
        >>> x, y = cp.Variable(2, name="x"), cp.Variable(name="y", integer=True)
        >>> problem = Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"far": cp.sum(x) >= 3})
        >>> list(problem.also(near=cp.norm_inf(x) <= y, few=y <= 2).variables)
        ['x', 'y']
        """
        for name, constraint in constraints.items():
            if not hasattr(constraint, "is_dcp") or not hasattr(constraint, "dual_value"):
                raise ValueError(f"{name!r} is a {type(constraint).__name__}; give a constraint of cvxpy, as x[0] <= 1")
        taken = sorted(set(constraints) & set(self.subject_to))
        if taken:
            raise ValueError(f"the problem has a constraint named {taken[0]!r} already; choose another name")
        harder: Literal["<=", ">="] = "<=" if self.objective.NAME == "maximize" else ">="
        bounds = [replace(r, relation=harder) for r in self.references if r.relation in ("==", harder)]
        return replace(self, subject_to={**self.subject_to, **constraints}, references=bounds)

    def negated(self) -> Problem:
        """Minus the objective, minimized if it was maximized and vice versa: the same answers, with values negated.

        For linear objectives; multipliers and references change their signs as well.
        """
        import cvxpy as cp

        dual = self.dual
        turned = cp.Maximize if self.objective.NAME == "minimize" else cp.Minimize
        return replace(
            self,
            objective=turned(-self.objective.expr),
            dual=None if dual is None else lambda values: None if (y := dual(values)) is None else y.negated(),
            dual_function=None,
            references=[r.negated() for r in self.references],
        )

    def without(self, answers: Sequence[Values]) -> Problem:
        """The same problem without those answers, the best first: its optimum is the next best answer.

        References that rank answers are asked for the one of that rank. Raises ValueError where the problem does not
        say how an answer is excluded, and has variables that are not boolean.
        """
        if not answers:
            return self
        cuts = {f"other than answer {k}": self._excluding(values) for k, values in enumerate(answers, start=1)}
        ranked = [r.of_rank(len(answers) + 1) for r in self.references if r.ranked is not None]
        plain = replace(self, references=[r for r in self.references if r.ranked is None])
        harder = plain.also(**cuts)
        return replace(harder, references=[*ranked, *harder.references])

    def _excluding(self, values: Values) -> cp.Constraint:
        """The problem's own constraint, or: some boolean variable differs (Balas and Jeroslow 1972)."""
        if self.excluding is not None:
            return self.excluding(values)
        changes: Any = 0
        for name, variable in self.variables.items():
            if not variable.attributes["boolean"]:
                remedy = "state it with boolean ones, as shortest_path(..., simple=True) does"
                raise ValueError(f"the variable {name!r} is not boolean, so nothing tells answers apart; {remedy}")
            one = np.rint(values[name]).ravel(order="F")
            vector = variable if variable.ndim == 1 else variable.flatten(order="F")
            changes += (1 - 2 * one) @ vector + one.sum()
        return cast("cp.Constraint", changes >= 1)


def of_cvxpy(model: Any) -> Problem:
    """A cvxpy.Problem as a Problem: its constraints by their labels, or as "constraint 1", "constraint 2", ...

    The answer is a dictionary, variable name -> value. Raises ValueError if it is no cvxpy.Problem.

    >>> import cvxpy as cp
    >>> x = cp.Variable(name="x")
    >>> list(of_cvxpy(cp.Problem(cp.Minimize(x), [x >= 1, x <= 3])).subject_to)
    ['constraint 1', 'constraint 2']
    """
    import cvxpy as cp

    if not isinstance(model, cp.Problem):
        kinds = "a cvxpy.Problem, or a Problem, SearchProblem or SaddleProblem of formulations.problem"
        raise ValueError(f"there is no solving a {type(model).__name__}; give {kinds}")
    named: dict[str, cp.Constraint] = {}
    for k, constraint in enumerate(model.constraints, start=1):
        name = getattr(constraint, "label", None) or f"constraint {k}"
        if name in named:
            raise ValueError(f"two constraints have the label {name!r}; rename one")
        named[name] = constraint
    return Problem(objective=model.objective, subject_to=named)
