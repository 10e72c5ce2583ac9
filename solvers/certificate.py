"""Proof that needs no trust in a solver: weak duality and feasibility, in exact rational arithmetic.

For any multipliers y of the rows, every feasible x has

    c'x  >=  y'(Ax) + sum over j of min over the box of (c - A'y)_j x_j,

and y'(Ax) >= sum of y_i row_lower_i over y_i > 0 plus y_i row_upper_i over y_i < 0. So a bound is one pass over the
non-zeros. Floats are taken for the decimals that they print as (0.1 is 1/10), or for their exact binary value where no
decimal of 15 digits gives the same float. Nothing here imports a solver.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from formulations.problem import Family, Multipliers, Rows
from solvers.standard_form import StandardForm

Floats = NDArray[np.float64]
Integers = NDArray[np.object_]  # Python's unbounded integers
FINER = 1 << 12  # multipliers are rounded to this many steps between two multiples of the data's unit


def over_one_denominator(values: Floats) -> tuple[Integers, int]:
    """Numerators and the common denominator of finite floats, exactly (see the module's docstring)."""
    for digits in range(16):
        scaled = np.rint(values * 10.0**digits)
        if np.abs(scaled).max(initial=0) >= 2**53:
            break
        if (scaled / 10.0**digits == values).all():
            return scaled.astype(np.int64).astype(object), 10**digits
    ratios = [v.as_integer_ratio() for v in values.tolist()]
    denominator = max((d for _, d in ratios), default=1)  # powers of two: the largest is common
    return np.array([p * (denominator // d) for p, d in ratios] or [0], dtype=object)[: len(values)], denominator


def multiples(values: Floats, denominator: int) -> Integers:
    """The integers p whose p / denominator are nearest to the values."""
    with np.errstate(over="ignore"):
        scaled = values * float(denominator) if denominator < 2**1000 else np.full(len(values), np.inf)
    if np.abs(scaled).max(initial=0) < 2**53:
        return np.rint(scaled).astype(np.int64).astype(object)
    ratios = map(float.as_integer_ratio, values.tolist())
    return np.array([(2 * p * denominator + q) // (2 * q) for p, q in ratios], dtype=object)


def product(A: csr_array, y: Integers, entries: Integers | None = None) -> Integers:
    """A y in unbounded integers; `entries` replaces A's data."""
    data = A.data.astype(np.int64).astype(object) if entries is None else entries
    result = np.full(A.shape[0], 0, dtype=object)
    filled = np.flatnonzero(np.diff(A.indptr))
    if len(filled):
        result[filled] = np.add.reduceat(data * y[A.indices], A.indptr[filled])
    return result


@dataclass(frozen=True)
class Dual:
    """Multipliers of the form's rows, float64 (m,), and of families' sets: (name, sets, float64 (k,)) each."""

    rows: Floats
    families: Sequence[tuple[str, Any, Floats]] = ()


@dataclass(frozen=True)
class Leaf:
    """The multipliers bound this box, or (infeasible) show that no point of it satisfies the rows."""

    dual: Dual
    infeasible: bool = False


@dataclass(frozen=True)
class Branch:
    """Either x_column <= at, or x_column >= at + 1, the column being integral."""

    column: int
    at: int
    below: Proof
    above: Proof


@dataclass(frozen=True)
class Fixed:
    """The multipliers show what it costs to move each of the integral columns off its bound; below, they stay there."""

    columns: NDArray[np.int64]
    dual: Dual
    below: Proof


Proof = Leaf | Branch | Fixed


@dataclass(frozen=True)
class Bound:
    """value <= c'x over the box, and the reduced costs c - A'y as multiples of 1 / unit."""

    value: Fraction | float  # float only for -infinity
    reduced: Integers
    unit: int


class ExactModel:
    """A form and its families in integers over common denominators: bounds and values without rounding."""

    def __init__(self, form: StandardForm, families: Mapping[str, Family]) -> None:
        """Bring all numbers of the form over common denominators, once.

        tolerance: 0 where all columns are integral and so answers are exact; else relative, for rows and values.
        granularity: all values of c'x at feasible points are multiples of it; 0 if some columns are not integral.
        """
        self.form, self.families = form, families
        self._rows_of: dict[tuple[str, int], tuple[Any, Rows, csr_array]] = {}
        self._leaves: dict[tuple[int, bytes], tuple[Leaf, Fraction | float]] = {}
        self.tolerance = 0.0 if form.integral.all() else 1e-9  # floats cannot meet rows exactly
        self._finer = FINER if form.integral.all() else FINER**3
        self._cost, self._cost_unit = over_one_denominator(form.c)
        sides = [np.where(np.isfinite(side), side, 0.0) for side in (form.row_lower, form.row_upper)]
        numbers, self._row_unit = over_one_denominator(np.concatenate([form.A.data, *sides]))
        m, nnz = len(form.row_lower), form.A.nnz
        self._row_lower, self._row_upper = numbers[nnz : nnz + m], numbers[nnz + m :]
        order = csr_array((np.arange(1, nnz + 1), form.A.indices, form.A.indptr), shape=form.A.shape).T.tocsr()
        self._transpose, self._entries = order, numbers[order.data - 1]
        self._by_row = numbers[:nnz]
        whole = bool(form.integral[form.c != 0].all())
        self.granularity = Fraction(math.gcd(*self._cost.tolist()) if whole else 0, self._cost_unit)

    def rows(self, name: str, sets: Any) -> tuple[Rows, csr_array]:
        """The rows that the family asserts for these sets, and their transposed matrix; computed once."""
        key = (name, id(sets))
        if key not in self._rows_of:
            rows = self.families[name].rows(sets)
            for part in (rows.matrix.data, rows.lower[np.isfinite(rows.lower)], rows.upper[np.isfinite(rows.upper)]):
                if (part != np.rint(part)).any():
                    raise ValueError(f"the rows of family {name!r} are not integer; scale them")
            self._rows_of[key] = (sets, rows, rows.matrix.T.tocsr())
        return self._rows_of[key][1:]

    def lower_bound(
        self, dual: Dual, lower: Floats | None = None, upper: Floats | None = None, *, feasibility: bool = False
    ) -> Bound:
        """The exact weak-dual bound on c'x over the rows, the families and the box (the form's own by default).

        With feasibility=True the costs count as 0: a positive bound then proves that there is no feasible point.
        """
        form = self.form
        lower, upper = form.lower if lower is None else lower, form.upper if upper is None else upper
        unit = self._cost_unit * self._finer * self._row_unit
        y = multiples(_leaning_on_finite_sides(dual.rows, form.row_lower, form.row_upper), unit // self._row_unit)
        total = int((y * np.where(y > 0, self._row_lower, self._row_upper)).sum()) if len(y) else 0
        reduced = self._cost * (0 if feasibility else unit // self._cost_unit) - product(
            self._transpose, y, self._entries
        )
        for name, sets, multipliers in dual.families:
            rows, transpose = self.rows(name, sets)
            pi = multiples(_leaning_on_finite_sides(multipliers, rows.lower, rows.upper), unit)
            side = np.where(pi > 0, rows.lower, rows.upper)
            side = np.where(np.isfinite(side), side, 0.0)
            total += int((pi * side.astype(np.int64)).sum()) if len(pi) else 0
            mu = np.array(rows.cumulative(pi.tolist()) or [0], dtype=object)
            columns, _ = form.columns[rows.variable]
            reduced[columns] = reduced[columns] - product(transpose, mu)
        pushed = np.where(reduced > 0, lower, np.where(reduced < 0, upper, 0.0))
        if not np.isfinite(pushed).all():
            return Bound(-math.inf, reduced, unit)
        corner, corner_unit = over_one_denominator(pushed)
        return Bound(Fraction(total * corner_unit + int((reduced * corner).sum()), unit * corner_unit), reduced, unit)

    def bound(self, proof: Proof) -> Fraction | float:
        """What the proof proves of c'x over all integer feasible points: +infinity if that there are none."""
        worst: Fraction | float = math.inf
        todo: list[tuple[Proof, Floats, Floats]] = [(proof, self.form.lower, self.form.upper)]
        while todo:
            step, lower, upper = todo.pop()
            match step:
                case Leaf():
                    worst = min(worst, self.leaf_bound(step, lower, upper))
                case Branch(column, at, below, above):
                    if not self.form.integral[column] or at != math.floor(at):
                        return -math.inf
                    todo.append((below, lower, _with(upper, column, min(at, upper[column]))))
                    todo.append((above, _with(lower, column, max(at + 1, lower[column])), upper))
                case Fixed(columns, dual, below):
                    result = self.lower_bound(dual, lower, upper)
                    if isinstance(result.value, float) or not self.form.integral[columns].all():
                        return -math.inf
                    rates = result.reduced[columns]
                    step_cost = Fraction(int(min(abs(rates), default=0)), result.unit)
                    worst = min(worst, self.lift(result.value + step_cost)) if len(columns) else worst
                    stay = np.where(rates > 0, lower[columns], upper[columns])
                    todo.append((below, _with(lower, columns, stay), _with(upper, columns, stay)))
        return worst

    def leaf_bound(self, leaf: Leaf, lower: Floats, upper: Floats) -> Fraction | float:
        """What a leaf proves over the box; worked out once, so that a long search is not proved all at its end."""
        key = (id(leaf), blake2b(lower.tobytes() + upper.tobytes()).digest())
        if key not in self._leaves:
            bound = self.lower_bound(leaf.dual, lower, upper, feasibility=leaf.infeasible).value
            nothing = math.inf if bound > 0 else -math.inf
            self._leaves[key] = (leaf, nothing if leaf.infeasible else self.lift(bound))
        return self._leaves[key][1]

    def lift(self, bound: Fraction | float) -> Fraction | float:
        """The least value at or above the bound that c'x can take, where all columns that cost are integral."""
        if isinstance(bound, float) or not self.granularity:
            return bound
        return math.ceil(bound / self.granularity) * self.granularity

    def value(self, x: Floats) -> Fraction:
        """c'x, exactly."""
        corner, unit = over_one_denominator(x)
        return Fraction(int((self._cost * corner).sum()) if len(x) else 0, self._cost_unit * unit)

    def broken(self, x: Floats) -> str | None:
        """The first thing that x breaks, in words; None if x is feasible.

        Box and listed rows are held to the model's tolerance, families to that of their own oracles.
        """
        form, tolerance = self.form, self.tolerance
        if not np.isfinite(x).all():
            return "an entry that is not a finite number"
        if (x < form.lower - tolerance).any() or (x > form.upper + tolerance).any():
            return "the bounds of a variable"
        if (np.abs(x - np.rint(x))[form.integral] > 0).any():
            return "integrality"
        corner, unit = over_one_denominator(x)
        activity = product(form.A, corner, self._by_row)
        slack = math.floor(Fraction(tolerance) * self._row_unit * unit)
        low = np.isfinite(form.row_lower) & (activity < self._row_lower * unit - slack).astype(bool)
        high = np.isfinite(form.row_upper) & (activity > self._row_upper * unit + slack).astype(bool)
        for i in np.flatnonzero(low | high)[:1].tolist():
            named = (name for name, rows in form.names.items() if rows.start <= i < rows.stop)
            return f"the constraint {next(named, 'that cvxpy derived')!r}"
        values = form.values(x)
        for name, family in self.families.items():
            if family.violated(values) is not None:
                return f"the constraint {name!r}"
        return None


def _leaning_on_finite_sides(y: Floats, lower: Floats, upper: Floats) -> Floats:
    """The multipliers, 0 where they are not numbers or would lean on an infinite side: any y is good for a bound."""
    astray = ((y > 0) & np.isinf(lower)) | ((y < 0) & np.isinf(upper)) | ~np.isfinite(y)
    return np.where(astray, 0.0, y)


def _with(vector: Floats, index: Any, value: Any) -> Floats:
    changed = vector.copy()
    changed[index] = value
    return changed


def dual_of(form: StandardForm, guess: Multipliers) -> Dual:
    """Multipliers by constraint name as multipliers of the form's rows."""
    y = np.zeros(len(form.row_lower))
    for name, values in guess.listed.items():
        y[form.names[name]] = -values if form.maximize else values
    return Dual(y, [(name, sets, -pi if form.maximize else pi) for name, sets, pi in guess.families])
