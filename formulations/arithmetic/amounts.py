"""Weights of places as whole numbers of a unit, so that plans between them are exact."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.exact import as_integers, over_one_denominator
from formulations.problem import Floats, Integers, Ints

MASS_TOLERANCE = 1e-6  # relative difference of the two sums that is attributed to rounding, say in float32
MAX_MAGNITUDE = 1e150  # of costs and of sums of weights, whose product is to be finite
ROUNDING = 1e-12  # the same in float64
MOST_SHARES = 10**6  # of a sum that weights like 1/900 are read as multiples of
LAST_PLACES = Fraction(1, 2**50)  # relative: what rounding may have added to such a weight
UNITS = 2.0**45  # of which the sum of all weights has at most as many


def checked_weights(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Both as float64 (m,) and (n,), the second scaled to the sum of the first.

    Raises ValueError for weights that are not finite and >= 0 with a positive sum, and sums that differ by more than
    rounding.

    >>> [weights.tolist() for weights in checked_weights([1, 3], [4])]
    [[1.0, 3.0], [4.0]]
    """
    a_, b_ = (np.asarray(given, dtype=np.float64) for given in (a, b))
    for name, weights in (("first", a_), ("second", b_)):
        if weights.ndim != 1 or not weights.size:
            raise ValueError(f"the {name} weights have shape {weights.shape}; give one number for each place")
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
            raise ValueError(f"the {name} weights must be finite and >= 0 with a positive sum; correct them")
        if not 1 / MAX_MAGNITUDE <= weights.sum() <= MAX_MAGNITUDE:
            raise ValueError(f"the {name} weights sum to {weights.sum():g}; give them in another unit")
    if abs(a_.sum() - b_.sum()) > MASS_TOLERANCE * a_.sum():
        raise ValueError(
            f"the weights sum to {a_.sum():.12g} and {b_.sum():.12g}; divide each by its sum, so that all can be moved,"
            " or give what is too much a place, as with_slack(a, b, cost) does"
        )
    return a_, b_ * (a_.sum() / b_.sum())


def said_of_sums(a: ArrayLike, b: ArrayLike) -> str:
    """What was done to weights whose sums differ by more than float64 rounds, in words; "" if nothing was.

    >>> said_of_sums([1.0], [0.5, 0.5])
    ''
    """
    first, second = (float(np.asarray(weights, dtype=np.float64).sum()) for weights in (a, b))
    if abs(first - second) <= ROUNDING * first:
        return ""
    return f"the weights sum to {first:.10g} and {second:.10g}, so the second are scaled to the sum of the first"


def in_units(a: Floats, b: Floats) -> tuple[Ints, Ints, Fraction]:
    """Weights of one sum in whole numbers, and what these are divided by; rounded to UNITS only where they are long.

    >>> supply, demand, unit = in_units(np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    >>> supply.tolist(), demand.tolist(), unit
    ([50, 50], [25, 75], Fraction(100, 1))
    """
    weights = np.r_[a, b]
    for read in (over_one_denominator, _fractions):
        numbers, unit = read(weights)
        supply, demand = numbers[: len(a)], numbers[len(a) :]
        if numbers.dtype == np.int64 and 0 < supply.astype(float).sum() <= UNITS and supply.sum() == demand.sum():
            return supply, demand, Fraction(unit)
    scale = UNITS / a.sum()
    supply, demand = (np.rint(amounts * scale).astype(np.int64) for amounts in (a, b))
    demand[demand.argmax()] += supply.sum() - demand.sum()
    return supply, demand, Fraction(scale)


def _fractions(weights: Floats) -> tuple[Integers, int]:
    """Numerators over one denominator where the weights are fractions of small ones, as 1/900 is; else zeros over 1."""
    values, places = np.unique(weights, return_inverse=True)
    fractions: list[Fraction] = []
    for value in values.tolist():
        fractions.append(Fraction(value).limit_denominator(MOST_SHARES))
        if abs(fractions[-1] - Fraction(value)) > Fraction(value) * LAST_PLACES:
            return np.zeros(len(weights), dtype=np.int64), 1
    unit = math.lcm(*(fraction.denominator for fraction in fractions))
    return as_integers([int(fraction * unit) for fraction in fractions])[places], unit
