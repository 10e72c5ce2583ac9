"""Proof that needs no trust in a solver: weak duality and feasibility, in exact rational arithmetic.

For any multipliers y of the rows, every feasible x has

    c'x  >=  y'(Ax) + sum over j of min over the box of (c - A'y)_j x_j,

and y'(Ax) >= sum of y_i row_lower_i over y_i > 0 plus y_i row_upper_i over y_i < 0. So a bound is one pass over the
non-zeros. Where an unbounded x_j has a reduced cost of the wrong sign, the problem itself may know how to repair the
multipliers. Floats stand for decimals (formulations.arithmetic.exact). Nothing here imports a solver.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from formulations.arithmetic.exact import (
    as_floats,
    as_integers,
    dot,
    largest,
    minus,
    multiples,
    number_by_number,
    over_one_denominator,
    product,
    scaled,
    transposed_product,
)
from formulations.problem import Bools, DualRepair, Family, Floats, Integers, Rows
from solvers.proof.form import StandardForm

MULTIPLIER_STEPS = 2**40  # multipliers are rounded to so many steps at least within the largest cost

ROUNDED = 2.0**-48  # relative to the terms of a sum: what adding them up in floats may be off
MOST_ROUNDING = 1e-6  # of what a row is about: numbers so large that rounding is more than that prove nothing


@dataclass(frozen=True)
class Dual:
    """Multipliers of the form's rows, float64 (m,), and of families' sets: (name, sets, float64 (k,)) each.

    With a unit the rows' are exact: integers over that common denominator.
    """

    rows: Any
    families: Sequence[tuple[str, Any, Floats]] = ()
    unit: int | None = None


@dataclass(frozen=True)
class Bound:
    """value <= c'x over the box; reduced costs c - A'y and multipliers of sets over unit, the rows' y over row_unit."""

    value: Fraction | float  # float only for -infinity
    reduced: Integers
    unit: int
    rows: Integers
    row_unit: int
    families: Sequence[tuple[str, Any, Integers]] = ()
    terms: Fraction = Fraction(0)  # of a contradiction: the sum of the sizes of what adds up to the value


class ExactModel:
    """A form and its families in integers over common denominators: bounds and values without rounding."""

    def __init__(
        self, form: StandardForm, families: Mapping[str, Family], dual_repair: DualRepair | None = None
    ) -> None:
        """Bring all numbers of the form over common denominators, once.

        tolerance: 0 where all columns are integral and so answers are exact; else relative, for rows and values.
        granularity: all values of c'x at feasible points are multiples of it; 0 if some columns are not integral.
        """
        self.form, self.families, self._dual_repair = form, families, dual_repair
        self._rows_of: dict[tuple[str, int], tuple[Any, Rows]] = {}
        self.kept: dict[tuple[int, bytes], tuple[Any, Fraction | float]] = {}  # bounds of parts of the box
        self.whole: dict[int, tuple[Any, Bound]] = {}  # bounds of the whole box
        self.tolerance = 0.0 if form.integral.all() else 1e-9  # floats cannot meet rows exactly
        self.cost, self.cost_unit = over_one_denominator(form.c)
        steps = MULTIPLIER_STEPS if form.integral.all() else MULTIPLIER_STEPS << 13
        self._finer = 10 ** math.ceil(math.log10(max(steps / largest(self.cost), 1)))
        sides = [np.where(np.isfinite(side), side, 0.0) for side in (form.row_lower, form.row_upper)]
        numbers, self.row_unit = number_by_number(np.concatenate([form.A.data, *sides]))
        m, nnz = len(form.row_lower), form.A.nnz
        self.row_lower, self.row_upper = numbers[nnz : nnz + m], numbers[nnz + m :]
        self.entries = numbers[:nnz]
        whole = bool(form.integral[form.c != 0].all())
        self.granularity = Fraction(int(np.gcd.reduce(self.cost)) if whole and len(form.c) else 0, self.cost_unit)

    def rows(self, name: str, sets: Any) -> Rows:
        """The rows that the family asserts for these sets; computed once."""
        key = (name, id(sets))
        if key not in self._rows_of:
            rows = self.families[name].rows(sets)
            for part in (rows.matrix.data, rows.lower[np.isfinite(rows.lower)], rows.upper[np.isfinite(rows.upper)]):
                if (part != np.rint(part)).any():
                    raise ValueError(f"the rows of family {name!r} are not integer; scale them")
            self._rows_of[key] = (sets, rows)
        return self._rows_of[key][1]

    def lower_bound(
        self, dual: Dual, lower: Floats | None = None, upper: Floats | None = None, *, feasibility: bool = False
    ) -> Bound:
        """The exact weak-dual bound on c'x over the rows, the families and the box (the form's own by default).

        With feasibility=True the costs count as 0: a positive bound then proves that there is no feasible point.
        """
        form = self.form
        lower, upper = form.lower if lower is None else lower, form.upper if upper is None else upper
        if not self._fits(dual):
            nothing = np.zeros(len(form.c), dtype=np.int64), np.zeros(len(form.row_lower), dtype=np.int64)
            return Bound(-math.inf, nothing[0], 1, nothing[1], 1)
        row_unit = self.row_unit
        finest = self.cost_unit * self._finer if dual.unit is None else math.lcm(self.cost_unit, dual.unit)
        unit = finest * row_unit
        if dual.unit is None:
            y = multiples(np.where(np.isfinite(dual.rows), dual.rows, 0.0), finest)
        else:
            y = scaled(as_integers(dual.rows.tolist()), finest // dual.unit)
        y = _leaning_on_finite_sides(y, form.row_lower, form.row_upper)
        costs = 0 if feasibility else unit // self.cost_unit
        reduced = minus(scaled(self.cost, costs), transposed_product(form.A, y, self.entries))
        total, weighed = 0, []
        for name, sets, multipliers in dual.families:
            rows = self.rows(name, sets)
            pi = multiples(np.where(np.isfinite(multipliers), multipliers, 0.0), unit)
            pi = _leaning_on_finite_sides(pi, rows.lower, rows.upper)
            if not pi.any():
                continue
            weighed.append((name, sets, pi))
            side = np.where(pi > 0, rows.lower, rows.upper)
            total += dot(pi, np.where(np.isfinite(side), side, 0.0).astype(np.int64))
            columns, _ = form.columns[rows.variable]
            inside = transposed_product(rows.matrix, as_integers(rows.cumulative(pi.tolist())))
            reduced = _replaced(reduced, columns, minus(reduced[columns], inside))
        if self._dual_repair is not None:
            y, reduced = self._repaired(y, reduced, lower, upper)
        sides = np.where(y > 0, self.row_lower, self.row_upper)
        total += dot(y, sides)
        pushed = np.where(reduced > 0, lower, np.where(reduced < 0, upper, 0.0))
        if not np.isfinite(pushed).all():
            return Bound(-math.inf, reduced, unit, y, unit // row_unit, weighed)
        corner, corner_unit = over_one_denominator(pushed)
        value = Fraction(total * corner_unit + dot(reduced, corner), unit * corner_unit)
        terms = Fraction(0)
        if feasibility and self.tolerance:
            sizes = dot(abs(y), abs(sides)) * corner_unit + dot(abs(reduced), abs(corner))
            terms = Fraction(sizes, unit * corner_unit)
        return Bound(value, reduced, unit, y, unit // row_unit, weighed, terms)

    def _fits(self, dual: Dual) -> bool:
        """Whether the multipliers are numbers for this model's rows and families."""
        rows, unit = dual.rows, dual.unit
        if not isinstance(rows, np.ndarray) or rows.shape != self.form.row_lower.shape:
            return False
        if not all(name in self.families for name, *_ in dual.families):
            return False
        if unit is None:
            return rows.dtype.kind in "fiu"
        whole = rows.dtype.kind in "iu" or all(isinstance(p, int | np.integer) for p in rows.tolist())
        return isinstance(unit, int) and unit > 0 and whole

    def _repaired(self, y: Integers, reduced: Integers, lower: Floats, upper: Floats) -> tuple[Integers, Integers]:
        """The multipliers changed by the problem's own dual repair, if an unbounded column has a wrong reduced cost."""
        form, unbounded = self.form, np.isinf(upper)
        if self._dual_repair is None or not (unbounded & (reduced < 0)).any():
            return y, reduced
        values = {name: reduced[cols] // self.row_unit for name, (cols, _) in form.columns.items()}
        change = self._dual_repair(values, {name: unbounded[cols] for name, (cols, _) in form.columns.items()})
        step = np.zeros(len(y), dtype=np.int64)
        for name, p in ({} if change is None else change).items():
            step = _replaced(step, form.names[name], p)
        leaning = minus(y, scaled(step, -1))
        sound = np.isfinite(np.where(leaning > 0, form.row_lower, np.where(leaning < 0, form.row_upper, 0.0)))
        if not sound.all():
            return y, reduced
        return leaning, minus(reduced, transposed_product(form.A, step, self.entries))

    def value(self, x: Floats) -> Fraction:
        """c'x, exactly."""
        used = np.flatnonzero(x)
        corner, unit = over_one_denominator(x[used])
        return Fraction(dot(self.cost[used], corner), self.cost_unit * unit)

    def _row_slack(self, x: Floats) -> Floats:
        """By how much rows may be broken: tolerance times the sizes of their terms, and the rounding of sums if small.

        Terms of columns that may take large values are summed before the sign is dropped, as for the size.
        """
        form, bounded = self.form, self.form.narrow
        sides = [np.where(np.isfinite(side), np.abs(side), 0.0) for side in (form.row_lower, form.row_upper)]
        A, inside = abs(form.A), np.where(bounded, x, 0.0)
        terms = A @ np.abs(inside) + np.abs(form.A @ (x - inside)) + np.maximum(*sides)
        least = np.minimum.reduceat(np.r_[A.data, np.inf], A.indptr[:-1]) if A.nnz else np.zeros(A.shape[0])
        unit = np.where(np.diff(A.indptr) > 0, least, 0.0)  # what a step of 1 changes at least
        rounding = np.minimum(ROUNDED * (A @ np.abs(x)), MOST_ROUNDING * np.maximum(terms, unit))
        return np.asarray(self.tolerance * terms + rounding)

    def broken_rows(self, x: Floats, *, exactly: bool = False) -> tuple[Bools, Bools]:
        """The listed rows that x undercuts, and those that it exceeds: at all, or by more than the tolerance."""
        form = self.form
        corner, unit = over_one_denominator(x)
        activity = product(form.A, corner, self.entries)
        above, below = (minus(activity, scaled(side, unit)) for side in (self.row_lower, self.row_upper))
        low, high = (above < 0).astype(bool), (below > 0).astype(bool)
        if self.tolerance and not exactly:
            slack = self._row_slack(x)
            low &= as_floats(above, self.row_unit * unit) < -slack
            high &= as_floats(below, self.row_unit * unit) > slack
        return low & np.isfinite(form.row_lower), high & np.isfinite(form.row_upper)

    def broken(self, x: Floats) -> str | None:
        """The first thing that x breaks, in words; None if x is feasible.

        Listed rows are held to the model's tolerance, relative to the sizes of their terms; families to that of their
        own oracles, the box exactly.
        """
        form = self.form
        if not isinstance(x, np.ndarray) or x.shape != form.c.shape or x.dtype.kind not in "fiub":
            return "the shape of the variables"
        if not np.isfinite(x).all():
            return "an entry that is not a finite number"
        if (x < form.lower).any() or (x > form.upper).any():
            return "the bounds of a variable"
        if (np.abs(x - np.rint(x))[form.integral] > 0).any():
            return "integrality"
        low, high = self.broken_rows(x)
        for i in np.flatnonzero(low | high)[:1].tolist():
            named = (name for name, rows in form.names.items() if rows.start <= i < rows.stop)
            return f"the constraint {next(named, 'that cvxpy derived')!r}"
        values = form.values(x)
        for name, family in self.families.items():
            if family.violated(values) is not None:
                return f"the constraint {name!r}"
        return None


def _leaning_on_finite_sides(y: Integers, lower: Floats, upper: Floats) -> Integers:
    """The multipliers, 0 where they would lean on an infinite side: any y is good for a bound."""
    return np.where(np.isfinite(np.where(y > 0, lower, np.where(y < 0, upper, 0.0))), y, 0)


def _replaced(whole: Integers, columns: slice, part: Integers) -> Integers:
    """A copy with that part replaced, as int64 only if both are."""
    copy = whole.astype(np.result_type(whole, part))
    copy[columns] = part
    return copy
