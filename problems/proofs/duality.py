"""Weak duality in exact arithmetic: what multipliers prove of all integer points of a box, and of a tree of boxes.

For rows l_i <= a_i'x <= u_i, multipliers y_i, and every x in the box that satisfies the rows,

    c'x  >=  sum over i of (y_i l_i if y_i > 0, else y_i u_i)  +  sum over j of min over the box of (c - A'y)_j x_j.

Numbers are Python's integers over common denominators, in arrays of dtype object: nothing can overflow or be rounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

NUMBER = re.compile(r"-?\d{1,999}(\.\d+)?(e[+-]?\d{1,3}|/0*[1-9]\d{0,999})?", re.A)
Weighed = tuple[Sequence[Any], Sequence[Any], Any]  # rows' lower and upper sides, and A'y
Measured = tuple[list[int], list[tuple[str, bool]]]  # the columns that an answer uses, and checks of it


class Unproven(Exception):
    """What a proof lacks, in words."""


@dataclass(frozen=True)
class Question:
    """minimize cost'x / unit over integers 0 <= x <= upper, (m,), and rows that hold for every answer; and in words.

    rows      kind of rows -> labels, y (k,) and columns -> the k rows' lower and upper sides, and A'y on the columns
    units     kind of rows -> what its sides and coefficients are integers over, if not 1
    column    what a proof calls a column -> its index
    measured  an answer, and the numbers of its arcs among parallel ones, if there are any
              -> the columns that it uses, and checks of whether it is one
    words     of what is asked for, before and after the graph's name
    """

    cost: Any
    unit: int
    upper: Any
    rows: Mapping[str, Callable[[Sequence[Any], Any, Any], Weighed]]
    column: Callable[[Sequence[Any]], int]
    measured: Callable[[Any, Any], Measured]
    noun: str
    best: str
    words: tuple[str, str]
    units: Mapping[str, int] = field(default_factory=dict)


def fraction(number: Any) -> Fraction:
    """The decimal that a number prints as, or a text "p/q"; raises Unproven for anything else."""
    text = number if isinstance(number, str) else repr(number)
    if isinstance(number, bool) or not NUMBER.fullmatch(text):
        raise Unproven(f"{text[:60]} is not a number")
    return Fraction(text)


def numerators(numbers: Sequence[Fraction | int]) -> tuple[Any, int]:
    """The numbers as integers over their common denominator."""
    unit = math.lcm(*{number.denominator for number in numbers})
    return np.array([number.numerator * (unit // number.denominator) for number in numbers], dtype=object), unit


def integers(values: Any, *, one_by_one: bool = False) -> tuple[Any, int]:
    """Finite floats, (m,), over one denominator: as the decimals that they print as if these are short, else exactly.

    If one of them is not short then all are read exactly, unless they are read one by one.
    """
    for digits in range(16):
        scaled = np.rint(values * 10.0**digits)
        if (abs(scaled) < 1e15).all() and (scaled / 10.0**digits == values).all():
            return scaled.astype(np.int64).astype(object), 10**digits
    decimals = map(Decimal, map(repr, values.tolist()))
    short = [one_by_one and len(decimal.as_tuple().digits) <= 15 for decimal in decimals]
    return numerators([Fraction(repr(v) if s else v) for v, s in zip(values.tolist(), short, strict=True)])


def weak(asked: Question, dual: Mapping[str, Any], lower: Any, upper: Any, costs: int = 1) -> tuple[Any, Any, int]:
    """The bound on c'x over a box by multipliers, kind of rows -> [label ..., y] each; the reduced costs, their unit.

    With costs = 0 the bound is on 0: a positive one shows that there is nothing in the box.
    """
    at = np.flatnonzero(upper != 0)
    kinds = [(kind, dual[kind]) for kind in asked.rows if dual.get(kind)]
    y, unit = numerators([fraction(entry[-1]) / asked.units.get(kind, 1) for kind, some in kinds for entry in some])
    side, inside, end = 0, np.zeros(len(at), dtype=object), 0
    for kind, entries in kinds:
        start, end = end, end + len(entries)
        least, most, weighed = asked.rows[kind]([entry[:-1] for entry in entries], y[start:end], at)
        for p, low, high in zip(y[start:end].tolist(), least, most, strict=True):
            if p and abs(low if p > 0 else high) == math.inf:
                raise Unproven("a multiplier has the wrong sign for its row")
            side += p * (low if p > 0 else high) if p else 0
        inside += weighed
    unit *= asked.unit
    reduced = np.zeros(len(upper), dtype=object)  # 0 where x is
    reduced[at] = asked.cost[at] * (costs * unit // asked.unit) - inside * asked.unit
    corner = np.where(reduced < 0, upper, lower)
    if (corner == math.inf).any():
        return -math.inf, reduced, unit
    return Fraction(side * asked.unit + sum((reduced * corner)[at].tolist()), unit), reduced, unit


def proven(asked: Question, certificate: Mapping[str, Any]) -> Fraction | float:
    """The least value that c'x can take by a proof; infinite if it shows that there is no answer at all.

    The steps of a proof, each of which takes the box on top of a stack, y being the number of a set of multipliers:
    ["branch", column, k] puts back x >= k + 1 and, above it, x <= k;  ["fixed", y, r] keeps the columns of reduced
    cost r or more in absolute value where they prefer to be, as moving one costs r;  ["leaf", y] bounds the box;
    ["infeasible", y] and ["empty"] show that there is nothing in it.
    """
    duals = certificate.get("duals", [certificate])
    boxes = [(np.zeros(len(asked.cost), dtype=object), asked.upper)]
    worst: Fraction | float = math.inf
    for step, *of in certificate.get("boxes", [["leaf", 0]]):
        if not boxes:
            raise Unproven("the proof has more steps than boxes")
        lower, upper = boxes.pop()
        if step == "branch" and type(of[1]) is int:
            j, k = asked.column(of[0]), of[1]
            raised, lowered = lower.copy(), upper.copy()
            raised[j], lowered[j] = max(k + 1, lower[j]), min(k, upper[j])
            boxes += [(raised, upper), (lower, lowered)]
        elif step == "fixed" and (r := fraction(of[1])) > 0:
            bound, reduced, unit = weak(asked, duals[of[0]], lower, upper)
            worst, stay, low = min(worst, bound + r), abs(reduced) >= r * unit, reduced > 0
            boxes.append((np.where(stay & ~low, upper, lower), np.where(stay & low, lower, upper)))
        elif step == "leaf":
            worst = min(worst, weak(asked, duals[of[0]], lower, upper)[0])
        elif step == "infeasible":
            if not weak(asked, duals[of[0]], lower, upper, costs=0)[0] > 0:
                raise Unproven("a box is not shown to be infeasible")
        elif step != "empty" or not (lower > upper).any():
            raise Unproven("the proof has a step that proves nothing")
    if boxes:
        raise Unproven("the proof leaves a box without a bound")
    least = Fraction(math.gcd(*asked.cost.tolist()), asked.unit)  # c'x is a multiple of it
    return worst if isinstance(worst, float) or not least else math.ceil(worst / least) * least
