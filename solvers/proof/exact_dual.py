"""Multipliers of linear programs made exactly dual feasible where variables have no finite bound.

There a reduced cost must have the right sign, or be 0, exactly: rounding leaves no bound at all. So the multipliers are
moved as little as the equations "this reduced cost is 0" ask for, solved in rationals. What comes of it is only another
set of multipliers: solvers.proof.certificate says what they prove.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.sparse import csc_array, csr_array

from formulations.problem import Bools, Floats, Ints
from solvers.proof.certificate import Bound, Dual, ExactModel

MOST_PRODUCTS = 150_000  # of rationals: some seconds
NEARLY_ZERO = 1e-9  # relative to the largest cost: reduced costs that are 0 but for rounding
ROUNDS = 8
REPAIR_SECONDS = 4  # that it may take


def exact_dual(
    model: ExactModel,
    dual: Dual,
    box: tuple[Floats, Floats] | None = None,
    *,
    feasibility: bool = False,
    most_products: int = MOST_PRODUCTS,
) -> Dual | None:
    """The multipliers moved so that no reduced cost pushes to an infinite bound of the box; None if not found."""
    form = model.form
    lower, upper = (form.lower, form.upper) if box is None else box
    bound = model.lower_bound(dual, lower, upper, feasibility=feasibility)
    endless = np.isinf(lower) | np.isinf(upper)
    sizes = np.abs(np.asarray(bound.reduced / bound.unit, dtype=float))
    most = 1.0 if feasibility else float(np.abs(form.c).max(initial=0)) or 1.0
    for first in (endless & (sizes <= NEARLY_ZERO * most), np.zeros(len(form.c), dtype=bool)):
        zero = first | _wrong(bound, lower, upper)
        found = _moved(model, dual, bound, zero, (lower, upper), feasibility, most_products)
        if found is not None:
            return found
    return None


def _moved(
    model: ExactModel,
    dual: Dual,
    bound: Bound,
    zero: Bools,
    box: tuple[Floats, Floats],
    feasibility: bool,
    most_products: int,
) -> Dual | None:
    """The multipliers moved until the reduced costs of those columns are 0 and all others have a right sign."""
    form = model.form
    movable = np.flatnonzero((bound.rows != 0).astype(bool) | (form.row_lower == form.row_upper))
    y = {i: Fraction(int(bound.rows[i]), bound.row_unit) for i in np.flatnonzero(bound.rows).tolist()}
    for _ in range(ROUNDS):
        columns = np.flatnonzero(zero)
        wanted = [Fraction(int(bound.reduced[j]), bound.unit) for j in columns.tolist()]
        change = _solved(model, movable, columns, wanted, most_products)
        if change is None:
            return None
        for i, step in change.items():
            y[i] = y.get(i, Fraction(0)) + step
        unit = math.lcm(*(value.denominator for value in y.values())) if y else 1
        rows = np.zeros(len(form.row_lower), dtype=object)
        for i, value in y.items():
            rows[i] = int(value * unit)
        exact = replace(dual, rows=rows, unit=unit)
        bound = model.lower_bound(exact, *box, feasibility=feasibility)
        wrong = _wrong(bound, *box)
        if not wrong.any():
            return exact
        zero = zero | wrong
    return None


def _wrong(bound: Bound, lower: Floats, upper: Floats) -> Bools:
    """The columns whose reduced cost pushes them to an infinite bound."""
    up, down = (bound.reduced > 0).astype(bool), (bound.reduced < 0).astype(bool)
    return (up & np.isinf(lower)) | (down & np.isinf(upper))


def _solved(
    model: ExactModel, rows: Ints, columns: Ints, wanted: list[Fraction], most_products: int
) -> dict[int, Fraction] | None:
    """Changes of those rows' multipliers that take the wanted amounts off the columns' reduced costs; None if none do.

    Gauss's elimination in rationals, the largest entry of an equation as its pivot; given up after so many products.
    """
    allowed, A = set(rows.tolist()), model.form.A
    place = csr_array((np.arange(A.nnz) + 1, A.indices, A.indptr), shape=A.shape).tocsc()[:, columns]
    exact = [
        {i: Fraction(int(model.entries[k - 1]), model.row_unit) for i, k in zip(*_column(place, j), strict=True)}
        for j in range(len(columns))
    ]
    pivots: list[tuple[int, dict[int, Fraction], Fraction]] = []
    products = 0
    for column, side in zip(exact, wanted, strict=True):
        equation, value = {i: a for i, a in column.items() if i in allowed}, side
        for pivot, row, right in pivots:
            factor = equation.get(pivot)
            if factor:
                products += len(row)
                if products > most_products:
                    return None
                for i, a in row.items():
                    equation[i] = equation.get(i, Fraction(0)) - factor * a
                value -= factor * right
        equation = {i: a for i, a in equation.items() if a}
        if not equation:
            if value:
                return None
            continue
        pivot = max(equation, key=lambda i: abs(float(equation[i])))
        scale = equation[pivot]
        pivots.append((pivot, {i: a / scale for i, a in equation.items()}, value / scale))
    change: dict[int, Fraction] = {}
    for pivot, row, right in reversed(pivots):
        change[pivot] = right - sum((a * change.get(i, Fraction(0)) for i, a in row.items() if i != pivot), Fraction(0))
    return change


def _column(place: csc_array, j: int) -> tuple[list[int], list[int]]:
    """The rows of a column's entries, and their places among all entries, from 1."""
    part = slice(place.indptr[j], place.indptr[j + 1])
    return place.indices[part].tolist(), place.data[part].tolist()
