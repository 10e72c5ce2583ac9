"""Potentials of transport that are nearly optimal, by Sinkhorn's iterations at falling temperatures.

Where a plan earns t for each unit of its entropy, the cheapest is P_ij = u_i exp(-R_ij / t) v_j, R being reduced costs
C_ij - f_i - g_j for any potentials, and u and v such that the sums of P are a and b. Then t log u and t log v are what
the potentials gain, and they tend to the optimal ones as t falls (Peyre & Cuturi, Computational optimal transport,
2019, ch. 4). Overrelaxed, u and v settle in a fraction of the rounds (Thibault, Chizat, Dossal & Papadakis,
Overrelaxed Sinkhorn-Knopp algorithm, 2021). Nothing is proven here: it is where a simplex method starts well.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from formulations.problem import Floats, Ints
from solvers.clock import Clock

Real = TypeVar("Real", np.float32, np.float64)
HOTTEST = 0.3  # the first temperature, times the median reduced cost
COOLER = 3.0  # by this factor each temperature is lower than the one before
MOST_TEMPERATURES = 9
ROUNDS, RELAXATION = 15, 1.8  # over all pairs, at each temperature
DEEP = 12.0  # a pair of reduced cost beyond so many temperatures moves next to nothing: exp(-12) = 6e-6
NEAR = 20  # pairs by place that the others are to be fewer than
LEVEL = 3.0  # temperatures that the median near pair is to cost; where it costs less, a temperature falls further
MOST_COOLER = 1e3  # the most by which it falls; pairs that cost even less are tied
LEAST = 1e-30  # float32
COLDER = (1 / 2, 1 / 6)  # further temperatures over the near ones alone, times the last one
NEAR_ROUNDS, NEAR_RELAXATION = 100, 1.8
SAMPLE = 100_001  # odd, so that it does not run along the columns of a matrix
PLAIN_ROUNDS = 2  # the first and the last at each temperature are not overrelaxed


def nearly_optimal(C: Floats, supply: Ints, demand: Ints, clock: Clock) -> tuple[Floats, bool]:
    """Potentials f, float64 (m,), and whether few pairs are near by them; C (m, n), positive amounts of one sum.

    >>> one = np.array([1, 1])
    >>> f, few = nearly_optimal(np.array([[0.0, 1.0], [1.0, 3.0]]), one, one, Clock())
    >>> bool(1 <= f[1] - f[0] <= 2)  # as do the optimal ones
    True
    """
    a, b = (amounts / float(amounts.sum()) for amounts in (supply, demand))
    start, R, _ = reduced_costs(C, np.zeros(len(a)))
    unit = quantile(R, 0.5) or float(R.mean())
    if not unit > 0:
        return start, False
    costs, low_a, low_b = (array.astype(np.float32) for array in (R / unit, a, b))  # twice as fast as float64
    f, reduced, temperature = np.zeros_like(low_a), costs, HOTTEST
    for _ in range(MOST_TEMPERATURES):
        K = np.exp(reduced * np.float32(-1 / temperature))
        gain = np.float32(temperature) * _log_factors(K, low_a, low_b, ROUNDS, RELAXATION)
        f, reduced, _ = reduced_costs(costs, f + gain)
        near = reduced <= DEEP * temperature
        if np.count_nonzero(near) <= NEAR * sum(C.shape):
            return _colder(C, a, b, start + unit * f.astype(np.float64), np.nonzero(near), temperature * unit), True
        cooler = max(COOLER, LEVEL * temperature / max(quantile(reduced[near], 0.5), LEAST))
        if cooler > MOST_COOLER or clock.left <= 0:
            break
        temperature /= cooler
    return start + unit * f.astype(np.float64), False


def _colder(C: Floats, a: Floats, b: Floats, f: Floats, near: tuple[Any, ...], temperature: float) -> Floats:
    """Better potentials, from those that were found at a temperature, by the pairs that are near."""
    for share in COLDER:
        f, R, _ = reduced_costs(C, f)
        t = share * temperature
        K = csr_array((np.exp(R[near] / -t), near), shape=C.shape)
        f = f + t * _log_factors(K, a, b, NEAR_ROUNDS, NEAR_RELAXATION)
    return f


def reduced_costs(C: NDArray[Real], f: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real], NDArray[Real]]:
    """Potentials that are no smaller than f, the reduced costs R_ij = C_ij - f_i - g_j, and g; all of C's dtype.

    R >= 0 but for rounding, and 0 somewhere in each row and column.

    >>> [part.tolist() for part in reduced_costs(np.array([[0.0, 1.0], [1.0, 3.0]]), np.zeros(2))]
    [[0.0, 1.0], [[0.0, 0.0], [0.0, 1.0]], [0.0, 1.0]]
    """
    R = C - f[:, None]
    g = R.min(axis=0)
    R -= g
    more = R.min(axis=1)
    R -= more[:, None]
    return f + more, R, g


def quantile(R: NDArray[np.floating[Any]], share: float) -> float:
    """About the number that this share of the entries do not exceed: that of a sample, evenly spread.

    >>> quantile(np.arange(101.0), 0.5)
    50.0
    """
    flat = R.ravel()
    return float(np.quantile(flat[:: max(1, flat.size // SAMPLE)], share))


def _log_factors(K: Any, a: NDArray[Real], b: NDArray[Real], rounds: int, relaxation: float) -> NDArray[Real]:
    """The logarithm of u, with which the sums of u_i K_ij v_j are nearly a and b; 0 where no such u is found."""
    across = K.T if isinstance(K, np.ndarray) else csr_array(K.T)
    u, v = np.ones_like(a), np.ones_like(b)
    with np.errstate(all="ignore"):
        for k in range(rounds):
            beyond = relaxation - 1 if PLAIN_ROUNDS <= k < rounds - PLAIN_ROUNDS else 0.0
            plain = a / (K @ v)
            u = plain * (plain / u) ** beyond if beyond else plain
            plain = b / (across @ u)
            v = plain * (plain / v) ** beyond if beyond else plain
        log = np.log(u)
    return log if np.isfinite(log).all() else np.zeros_like(a)
