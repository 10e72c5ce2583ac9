"""Weak duality in exact arithmetic: what multipliers prove of all integer points of a box, and of a tree of boxes.

For rows a_i'x >= b_i, multipliers y_i >= 0 (or <= and <=, or = and any), and every x in the box that satisfies them,

    c'x  >=  b'y + sum over j of min over the box of (c - A'y)_j x_j.

Numbers are Python's integers over common denominators, in arrays of dtype object: nothing can overflow or be rounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

NUMBER = re.compile(r"-?\d{1,999}(\.\d+)?(e[+-]?\d{1,3}|/0*[1-9]\d{0,999})?", re.A)
Entries = Sequence[Sequence[Any]]  # rows by their labels, the multiplier last
Terms = tuple[int, Any]  # b'y, and A'y on the columns asked for


class Unproven(Exception):
    """What a proof lacks, in words."""


@dataclass(frozen=True)
class Program:
    """minimize cost'x / unit over integers 0 <= x <= upper, (m,), and rows that hold for every answer.

    column  what the proof calls a column -> its index
    rows    kind of rows -> entries, columns -> b'y, and A'y on the columns
    scale   what all multipliers are made multiples of, for rows whose coefficients are integers over it
    """

    cost: Any
    unit: int
    upper: Any
    column: Callable[[Sequence[Any]], int]
    rows: Mapping[str, Callable[[Entries, Any], Terms]]
    scale: int = 1


def fraction(number: Any) -> Fraction:
    """The decimal that a number prints as, or a text "p/q"; raises Unproven for anything else."""
    text = number if isinstance(number, str) else repr(number)
    if isinstance(number, bool) or not NUMBER.fullmatch(text):
        raise Unproven(f"{text[:60]} is not a number")
    return Fraction(text)


def numerators(numbers: Sequence[Any]) -> tuple[list[int], int]:
    """The numbers as integers over their common denominator."""
    found = [number if type(number) is int else fraction(number) for number in numbers]
    unit = math.lcm(*{number.denominator for number in found})
    return [number.numerator * (unit // number.denominator) for number in found], unit


def integers(values: Any, *, one_by_one: bool = False) -> tuple[Any, int]:
    """Finite floats, (m,), over one denominator: as the decimals that they print as if these are short, else exactly.

    If one of them is not short then all are read exactly, unless they are read one by one.
    """
    for digits in range(16):
        scaled = np.rint(values * 10.0**digits)
        if (abs(scaled) < 1e15).all() and (scaled / 10.0**digits == values).all():
            return scaled.astype(np.int64).astype(object), 10**digits
    short = [one_by_one and len(Decimal(repr(value)).as_tuple().digits) <= 15 for value in values.tolist()]
    found = [Fraction(repr(v) if decimal else v) for v, decimal in zip(values.tolist(), short, strict=True)]
    unit = math.lcm(*{value.denominator for value in found})
    return np.array([value.numerator * (unit // value.denominator) for value in found], dtype=object), unit


def weak(program: Program, dual: Mapping[str, Entries], lower: Any, upper: Any, costs: int = 1) -> tuple[Any, ...]:
    """The bound on c'x over a box; the columns that are not 0 there, their reduced costs, and the unit of these.

    With costs = 0 the bound is on 0: a positive one shows that there is nothing in the box.
    """
    at = np.flatnonzero(upper != 0)
    entries = {kind: dual[kind] for kind in program.rows if kind in dual}
    numbers, unit = numerators([entry[-1] for some in entries.values() for entry in some])
    side, inside, whole = 0, np.zeros(len(at), dtype=object), iter(number * program.scale for number in numbers)
    for kind, some in entries.items():
        more, terms = program.rows[kind]([[*entry[:-1], next(whole)] for entry in some], at)
        side, inside = side + more, inside + terms
    unit *= program.scale
    reduced = program.cost[at] * (costs * unit) - inside * program.unit
    corner = np.where((reduced < 0).astype(bool), upper[at], lower[at])
    if (corner == math.inf).any():
        return -math.inf, at, reduced, unit
    unit *= program.unit
    return Fraction(side * program.unit + sum((reduced * corner).tolist()), unit), at, reduced, unit


def proven(program: Program, certificate: Mapping[str, Any]) -> Fraction | float:
    """The least value that c'x can take by a proof; infinite if it shows that there is no answer at all.

    The steps of a proof, each of which takes the box on top of a stack, y being the number of a set of multipliers:
    ["branch", column, k] puts back x >= k + 1 and, above it, x <= k;  ["fixed", y, r] keeps the columns of reduced
    cost r or more in absolute value where they prefer to be, as moving one costs r;  ["leaf", y] bounds the box;
    ["infeasible", y] and ["empty"] show that there is nothing in it.
    """
    duals = certificate.get("duals", [certificate])
    boxes = [(np.zeros(len(program.cost), dtype=object), program.upper)]
    worst: Fraction | float = math.inf
    for step, *of in certificate.get("boxes", [["leaf", 0]]):
        if not boxes:
            raise Unproven("the proof has more steps than boxes")
        lower, upper = boxes.pop()
        if step == "branch" and type(of[1]) is int:
            j, k = program.column(of[0]), of[1]
            boxes += [(_with(lower, j, max(k + 1, lower[j])), upper), (lower, _with(upper, j, min(k, upper[j])))]
        elif step == "fixed" and fraction(of[1]) > 0:
            bound, at, reduced, unit = weak(program, duals[of[0]], lower, upper)
            worst, stay = min(worst, bound + fraction(of[1])), abs(reduced) >= fraction(of[1]) * unit
            at, up = at[stay.astype(bool)], (reduced[stay.astype(bool)] > 0).astype(bool)
            kept = np.where(up, lower[at], upper[at])
            boxes.append((_with(lower, at, kept), _with(upper, at, kept)))
        elif step == "leaf":
            worst = min(worst, weak(program, duals[of[0]], lower, upper)[0])
        elif step == "infeasible":
            if not weak(program, duals[of[0]], lower, upper, costs=0)[0] > 0:
                raise Unproven("a box is not shown to be infeasible")
        elif step != "empty" or not (lower > upper).any():
            raise Unproven("the proof has a step that proves nothing")
    if boxes:
        raise Unproven("the proof leaves a box without a bound")
    least = Fraction(math.gcd(*program.cost.tolist()), program.unit)  # c'x is a multiple of it
    return worst if isinstance(worst, float) or not least else math.ceil(worst / least) * least


def _with(vector: Any, index: Any, value: Any) -> Any:
    changed = vector.copy()
    changed[index] = value
    return changed
