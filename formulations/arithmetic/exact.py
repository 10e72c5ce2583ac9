"""Exact arithmetic on whole arrays: in int64 where no sum can overflow, else in Python's unbounded integers.

A float that prints as a decimal of at most 15 digits stands for that decimal, 0.1 for 1/10; any other, such as
0.1 + 0.2 = 0.30000000000000004, for its binary value. So are constraints read, number by number (number_by_number).
Where nothing is compared with a side, as in costs, all numbers of an array are read in binary if one of them is, which
is faster and differs by less than the last digit (over_one_denominator).
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Floats, Integers

SAFE_INT64 = 2**62  # the sum of two integers of smaller absolute value fits into int64


def largest(values: Integers) -> int:
    """The largest absolute value, at least 1.

    >>> largest(np.array([3, -5]))
    5
    """
    return max(int(values.max()), -int(values.min()), 1) if len(values) else 1


def as_integers(values: Integers | list[int]) -> Integers:
    """The values as int64 if all are below SAFE_INT64, else as Python integers in an array of dtype object.

    >>> as_integers([1, 2]).dtype, as_integers([1, 2**62]).dtype
    (dtype('int64'), dtype('O'))
    """
    array = np.array(values, dtype=object) if isinstance(values, list) else values  # numpy would guess at floats
    return array.astype(np.int64) if largest(array) < SAFE_INT64 else array.astype(object)


def number_by_number(values: Floats) -> tuple[Integers, int]:
    """Numerators and the common denominator of finite floats, each a decimal or binary (see the module's docstring).

    >>> number_by_number(np.array([0.1, 2.0**60, 0.5]))[0].tolist()
    [1, 11529215046068469760, 5]
    >>> numerators, denominator = number_by_number(np.array([0.1 + 0.2, 0.3]))
    >>> [Fraction(p, denominator) - Fraction(3, 10) for p in numerators.tolist()]
    [Fraction(1, 22517998136852480), Fraction(0, 1)]
    """
    short = _short_decimals(values)
    if short is not None:
        return short
    ratios = [_ratio(value) for value in values.tolist()]
    common = math.lcm(*{q for _, q in ratios})
    return as_integers([p * (common // q) for p, q in ratios]), common


def _ratio(value: float) -> tuple[int, int]:
    """The decimal that a float prints as, if that has at most 15 digits, else its binary value."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, part = mantissa.partition(".")
    digits, places = int(whole + part), len(part) - int(exponent or 0)
    if value.is_integer() or abs(digits) >= 10**15:
        return value.as_integer_ratio()
    return digits, 10**places


def _short_decimals(values: Floats) -> tuple[Integers, int] | None:
    """The same where all are decimals of at most 15 digits, which no two floats share; else None."""
    for digits in range(16):
        scaled = np.rint(values * 10.0**digits)
        if np.abs(scaled).max(initial=0) >= 1e15:
            return None
        if (scaled / 10.0**digits == values).all():
            return scaled.astype(np.int64), 10**digits
    return None


def over_one_denominator(values: Floats) -> tuple[Integers, int]:
    """Numerators and the common denominator of finite floats: decimals if all are short, else binary (see above).

    >>> over_one_denominator(np.array([0.1, 2.5]))
    (array([ 1, 25]), 10)
    """
    short = _short_decimals(values)
    if short is not None:
        return short

    # As odd integers times powers of two.
    mantissas, exponents = np.frexp(values)
    whole, exponents = (mantissas * 2.0**53).astype(np.int64), exponents - 53
    zeros = np.where(whole, np.log2((whole & -whole).astype(float), where=whole != 0, out=np.zeros(len(whole))), 0)
    odd, exponents = whole >> zeros.astype(np.int64), exponents + zeros.astype(np.int64)
    least = min(int(exponents[whole != 0].min(initial=0)), 0)
    shifts = np.where(whole, exponents - least, 0)
    if (np.log2(np.abs(odd) + 1.0) + shifts).max(initial=0) < 61:
        return odd << shifts, 1 << -least
    return as_integers([v << e for v, e in zip(odd.tolist(), shifts.tolist(), strict=True)]), 1 << -least


def multiples(values: Floats, denominator: int) -> Integers:
    """The integers p for which p / denominator is nearest to the values.

    >>> multiples(np.array([0.3, -0.26]), 4).tolist()
    [1, -1]
    """
    with np.errstate(over="ignore"):
        scaled = values * float(denominator) if denominator < 2**1000 else np.full(len(values), np.inf)
    if np.abs(scaled).max(initial=0) < 2**53:
        return np.rint(scaled).astype(np.int64)
    ratios = map(float.as_integer_ratio, values.tolist())
    return as_integers([(2 * p * denominator + q) // (2 * q) for p, q in ratios])


def as_floats(numerators: Integers, denominator: int) -> Floats:
    """numerators / denominator as float64, each rounded once even if they do not fit into int64.

    >>> as_floats(np.array([1, 25]), 10).tolist()
    [0.1, 2.5]
    """
    fits = denominator < SAFE_INT64
    try:
        return np.asarray((numerators if fits else numerators.astype(object)) / denominator, dtype=np.float64)
    except OverflowError:
        return np.array([as_float(Fraction(int(p), denominator)) for p in numerators], dtype=np.float64)


def as_float(number: Fraction | float) -> float:
    """The number rounded once; infinite where no float holds it.

    >>> as_float(Fraction(1, 3)), as_float(Fraction(10) ** 400)
    (0.3333333333333333, inf)
    """
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def scaled(values: Integers, factor: int) -> Integers:
    """factor times the values, exactly.

    >>> scaled(np.array([2**61]), 4).tolist() == [2**63]  # beyond int64
    True
    """
    fits = largest(values) * factor < SAFE_INT64
    return values * factor if fits else values.astype(object) * factor


def minus(a: Integers, b: Integers) -> Integers:
    """a - b, exactly.

    >>> minus(np.array([5, 1]), np.array([2, 3])).tolist()
    [3, -2]
    """
    fits = largest(a) + largest(b) < SAFE_INT64
    return a - b if fits else a.astype(object) - b.astype(object)


def dot(a: Integers, b: Integers) -> int:
    """The sum of a_i b_i, exactly.

    >>> dot(np.array([2**40, 1]), np.array([2**40, 1])) == 2**80 + 1
    True
    """
    terms = max(int(min(np.count_nonzero(a), np.count_nonzero(b))), 1)
    if largest(a) * largest(b) * terms < SAFE_INT64:
        return int((a.astype(np.int64, copy=False) * b.astype(np.int64, copy=False)).sum())
    return int((a.astype(object) * b.astype(object)).sum())


def product(A: csr_array, x: Integers, entries: Integers | None = None) -> Integers:
    """A x, exactly; A has integer entries, or `entries` in place of A.data.

    >>> product(csr_array([[1, 2], [0, 3]]), np.array([1, 10])).tolist()
    [21, 30]
    """
    data = as_integers(A.data.astype(np.int64)) if entries is None else entries
    return _product(A, data, x, int(np.diff(A.indptr).max(initial=1)), transposed=False)


def transposed_product(A: csr_array, y: Integers, entries: Integers | None = None) -> Integers:
    """A'y, exactly, without forming A'; A has integer entries, or `entries` in place of A.data.

    >>> transposed_product(csr_array([[1, 2], [0, 3]]), np.array([1, 10])).tolist()
    [1, 32]
    """
    data = as_integers(A.data.astype(np.int64)) if entries is None else entries
    return _product(A, data, y, int(np.bincount(A.indices, minlength=1).max()), transposed=True)


def _product(A: csr_array, data: Integers, x: Integers, longest: int, *, transposed: bool) -> Integers:
    """A x, or A'x if transposed; `longest` is the largest number of products in a sum."""
    if largest(data) * largest(x) * max(longest, 1) < SAFE_INT64:
        whole = csr_array((data.astype(np.int64, copy=False), A.indices, A.indptr), shape=A.shape)
        return np.asarray((whole.T if transposed else whole) @ x.astype(np.int64, copy=False))
    row = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))
    into, of = (A.indices, row) if transposed else (row, A.indices)
    result = np.full(A.shape[1 if transposed else 0], 0, dtype=object)
    np.add.at(result, into, data.astype(object) * x.astype(object)[of])
    return result
