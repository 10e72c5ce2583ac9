"""OR-Tools' CP-SAT (and SCIP, by solvers.integer.scip) on the integer model as it is declared.

CP-SAT adds no rows while it solves: it solves anew with the rows of families that its answers broke, until none is.
It counts in integers, sums below 2^53. MathOpt rounds all else to 1e-6 and cuts infinite bounds off without a word, so
rows and costs go to it as integers: exactly where they fit, else rounded so that no point of the model is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import gcd, inf, isfinite
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.exact import over_one_denominator
from formulations.problem import Floats, Integers
from solvers.integer.scip import look, rounded, run_mip, settled, solve_by_scip
from solvers.judge import Ended
from solvers.linear.linear_program import Arrays
from solvers.proof.search import Search

Row = tuple[tuple[int, ...], tuple[int, ...], int]  # columns, coefficients, and what their sum may be at most
FITS = 2**51  # sums below are exact in CP-SAT; from 2^53 on it goes wrong
FAR = 2**45  # bounds beyond count as none
PARAMETERS = {"mip_presolve_level": 0, "mip_max_bound": 2.0 * FAR, "linearization_level": 2}  # no floats; strong LPs
AWAY = 10**6  # how far from 0 and from its other bound a column without a bound is searched


def solve_by_mip(search: Search, solver: str) -> Ended:
    """Solve by "scip" or "cp-sat"; returns "optimal" (by its word), "limit", "infeasible" or "unbounded"."""
    form = search.model.form
    if solver == "cp-sat" and not form.integral.all():
        raise ValueError("cp-sat takes integer variables only; glop, highs and scip take others")
    if (form.lower > form.upper).any():  # MathOpt would take it for a mistake
        return "infeasible"
    return _by_cp_sat(search) if solver == "cp-sat" else solve_by_scip(search)


def _by_cp_sat(search: Search) -> Ended:
    from ortools.math_opt import parameters_pb2

    form, step = search.model.form, search.model.granularity or Fraction(1)  # c'x takes multiples of the step
    numerators, unit = over_one_denominator(form.c)
    costs = numerators.astype(object) * step.denominator // (unit * step.numerator)
    rows = dict.fromkeys(_rows(form.A, form.row_lower, form.row_upper))  # a set that keeps its order

    def seen(x: Floats, _: Any = None) -> bool:
        broken = look(search, x)
        for start, family in broken:
            rows.update(dict.fromkeys(_rows(family.expanded(), family.lower, family.upper, start)))
        return bool(broken)

    while search.clock.left > 0:
        box, whole = _bounds(search, rows, costs, step)
        c, error = _short(costs, box)
        model, known = _arrays(c, rows, box), len(rows)
        if (model.lower > model.upper).any() or (model.row_lower > model.row_upper).any():
            return settled(search, "infeasible")
        parameters = parameters_pb2.SolveParametersProto(threads=1, cp_sat=PARAMETERS)
        word, x = run_mip(search, parameters_pb2.SOLVER_TYPE_CP_SAT, model, parameters, seen)
        if word != "optimal" or x is None:
            return settled(search, word if whole else "unclear") if word == "infeasible" else "limit"
        if seen(x):
            search.cuts += len(rows) - known
            if len(rows) == known:  # a family calls broken what its rows allow
                return "limit"
        elif whole:
            return "optimal" if search.closed(float(search.model.value(rounded(search, x)) - error * step)) else "limit"
        elif not _bounds(search, rows, costs, step)[1]:  # not even for what is no worse than x
            return settled(search, "unclear")
    return "limit"


def _rows(A: csr_array, lower: Floats, upper: Floats, start: int = 0) -> Iterator[Row]:
    """The rows over integer columns, counted from start, as integers without a common divisor; one for each side."""
    sides = [np.where(np.isfinite(side), side, 0.0) for side in (lower, upper)]
    numbers, m = over_one_denominator(np.concatenate([A.data, *sides]))[0].tolist(), A.shape[0]
    for i in range(m):
        entries = [(int(A.indices[k]) + start, numbers[k]) for k in range(A.indptr[i], A.indptr[i + 1]) if numbers[k]]
        columns, divisor = tuple(j for j, _ in entries), gcd(*(a for _, a in entries)) or 1
        for sign, side, at in ((1, upper[i], A.nnz + m + i), (-1, lower[i], A.nnz + i)):
            if isfinite(side):
                yield columns, tuple(sign * a // divisor for _, a in entries), sign * numbers[at] // divisor


def _bounds(search: Search, rows: Iterable[Row], costs: Integers, step: Fraction) -> tuple[Integers, bool]:
    """Bounds of the columns (n, 2), and whether all are given or implied by what must hold, none merely assumed."""
    form = search.model.form
    low, high = ([int(v) if abs(v) <= FAR else None for v in side.tolist()] for side in (form.lower, form.upper))
    if search.best is not None:  # nothing worse is wanted
        rows = [*rows, (tuple(range(len(costs))), tuple(costs), int(search.value / step))]
    for _ in range(10):  # passes over all rows
        for row in rows if None in low or None in high else ():
            _tighten(row, low, high)
    box = np.zeros((len(low), 2), dtype=object)
    for j, (a, b) in enumerate(zip(low, high, strict=True)):
        to = (AWAY if a is None else max(AWAY, a + AWAY)) if b is None else b
        box[j] = min(-AWAY, to - AWAY) if a is None else a, to
    return box, None not in low and None not in high


def _tighten(row: Row, low: list[int | None], high: list[int | None]) -> None:
    """Bound the columns by what the row implies."""
    terms = [(j, a, low[j] if a > 0 else high[j]) for j, a in zip(*row[:2], strict=True) if a]
    unbounded = sum(end is None for *_, end in terms)
    room = row[2] - sum(a * end for _, a, end in terms if end is not None)
    for j, a, end in terms:
        reach = (room + a * (end or 0)) // abs(a)
        bounds, old = (high, high[j]) if a > 0 else (low, low[j])
        if unbounded == (end is None) and abs(reach) <= FAR and (old is None or reach < (old if a > 0 else -old)):
            bounds[j] = reach if a > 0 else -reach


def _short(numbers: Integers, box: Integers) -> tuple[Floats, int]:
    """The costs without so many last bits that sums fit, and by how much a sum can then be wrong."""
    shift = (int(abs(numbers) @ abs(box).max(axis=1)) // FITS).bit_length()
    short = (numbers + (1 << shift >> 1)) >> shift
    return short.astype(float), abs(numbers - (short << shift)) @ (box[:, 1] - box[:, 0])


def _arrays(c: Floats, rows: Iterable[Row], box: Integers) -> Arrays:
    """The rows as they fit, those of opposite coefficients as one with two sides."""
    sides: dict[tuple[tuple[int, ...], tuple[int, ...]], list[float]] = {}
    for row in rows:
        columns, coefficients, most = _fitting(row, box)
        side = float(min(max(most, -4 * FITS), 4 * FITS))  # sums stay within
        if (opposite := sides.get((columns, tuple(-a for a in coefficients)))) is not None:
            opposite[0] = max(opposite[0], -side)
        else:
            own = sides.setdefault((columns, coefficients), [-inf, inf])
            own[1] = min(own[1], side)
    ends = np.cumsum([0, *(len(columns) for columns, _ in sides)])
    entries = [float(a) for _, part in sides for a in part], [j for part, _ in sides for j in part]
    lower, upper = np.array([*sides.values()], dtype=float).reshape(-1, 2).T
    return Arrays(c, csr_array((*entries, ends), (len(sides), len(c))), lower, upper, *box.T.astype(float))


def _fitting(row: Row, box: Integers) -> Row:
    """The row if it fits, else what it implies for coefficients without their last bits, as column - lower >= 0."""
    columns, a = np.array(row[0], dtype=np.int64), np.array(row[1], dtype=object)
    low, reach = box[columns, 0], abs(box[columns]).max(axis=1, initial=0)
    shift = (int(abs(a) @ reach) // FITS).bit_length()
    short = np.where(low < box[columns, 1], a >> shift, 0)
    if int(abs(short) @ reach) >= 2 * FITS:
        return (), (), 0
    most = (row[2] - int(a @ low) >> shift) + int(short @ low)
    divisor, used = gcd(*short) or 1, np.flatnonzero(short)  # MathOpt raises where it finds that none fits a divisor
    return tuple(columns[used].tolist()), tuple(short[used] // divisor), most // divisor
