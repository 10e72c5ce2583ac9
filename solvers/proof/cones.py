"""The cones that a conic program is made of: what their elements can be, and how to get safely into their duals.

    zero         s = 0                                          dual: all y
    nonneg       s >= 0                                         y >= 0
    soc          s = (t, u), |u| <= t                           the same
    psd          s packs a matrix S >= 0, sqrt(2) S_ij off the diagonal     the same
    exponential  closure of {(x, y, z): y > 0, y e^(x/y) <= z}  closure of {(u, v, w): u < 0, -u e^(v/u - 1) <= w}
    power        x^a y^(1-a) >= |z|, x, y >= 0                  (u/a)^a (v/(1-a))^(1-a) >= |w|, u, v >= 0

For s in K and y in its dual K* is y's >= 0: all that weak duality needs. A solver's multipliers lie in K* only up to
its tolerance; those that come out of into_dual lie in it for certain, rounding included. (MOSEK modeling cookbook, 8.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from formulations.arithmetic.eigenvalues import least_eigenvalues
from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats, Ints

TINY = 1e-140  # what is smaller counts as 0: its square is no longer a normal number
SLACK = 1e-12  # relative: by which ranges are widened, so that no rounding makes them too narrow


@dataclass(frozen=True, kw_only=True)
class Cones:
    """The product of cones that slacks lie in, by the rows of each.

    size   the number of rows, m; zero, nonneg: int64, the rows of these
    heads  int64 (k,): the row of t of every second-order cone; tails int64 (r,), of int64 (r,): the rows of all u, and
           which cone each belongs to
    psd    (rows, i, j) of every matrix: row k holds the entry i[k], j[k]
    exp    int64 (k, 3), power int64 (k, 3): the rows of each triple; alpha float64 (k,)
    """

    size: int
    zero: Ints
    nonneg: Ints
    heads: Ints
    tails: Ints
    of: Ints
    psd: Sequence[tuple[slice, Ints, Ints]]
    exp: Ints
    power: Ints
    alpha: Floats

    def into_dual(self, y: Floats) -> Floats:
        """Multipliers near y, float64 (m,), that lie in the dual cone for certain.

        >>> from types import SimpleNamespace
        >>> lorentz = cones_of(SimpleNamespace(zero=0, nonneg=0, soc=[3], psd=[], exp=0, p3d=[]))
        >>> t, u, v = lorentz.into_dual(np.array([1.0, 3.0, 4.0]))
        >>> bool(t >= 5 and u == 3 and v == 4)
        True
        """
        y = np.where(np.abs(y) < TINY, 0.0, y)
        y[self.nonneg] = np.maximum(y[self.nonneg], 0.0)
        norm = np.sqrt(np.bincount(self.of, y[self.tails] ** 2, len(self.heads)))
        y[self.heads] = np.maximum(y[self.heads], norm * (1 + (len(self.tails) + 8) * ROUNDOFF))
        for rows, i, j in self.psd:
            y[rows] = _semidefinite(y[rows], i, j)
        y[self.exp.T] = _exponential(y[self.exp.T])
        y[self.power.T] = _power(y[self.power.T], self.alpha)
        return y

    def interior(self) -> Floats:
        """A point w in the interior of the dual cone; w's bounds all entries of s (at_most)."""
        w = np.zeros(self.size)
        w[self.nonneg] = 1.0
        w[self.heads] = 1.0
        for rows, i, j in self.psd:
            w[rows] = i == j
        w[self.exp] = -1.0, 0.0, 1.0
        w[self.power] = 1.0, 1.0, 0.0
        return w

    def at_most(self, total: float) -> tuple[Floats, Floats]:
        """What the entries of any s in K with w's <= total are at least and at most, w being interior().

        Of an exponential triple z - x <= total, and with x + y <= z and x <= z / e so are y and (1 - 1/e) z. What
        follows by itself from these (tightened) is left out.
        """
        low, high = np.full(self.size, -np.inf), np.full(self.size, total)
        high[self.zero] = 0.0
        low[self.exp[:, 0]], high[self.exp[:, 2]] = -total, 1.6 * total
        return low, high

    def balls(self) -> list[tuple[Ints, Ints]]:
        """The second-order cones by size: the rows of t, (k,), and of u, (k, size - 1)."""
        counts = np.bincount(self.of, minlength=len(self.heads))
        groups = [(self.heads[counts == k], self.tails[counts[self.of] == k]) for k in np.unique(counts).tolist()]
        return [(heads, tails.reshape(len(heads), -1)) for heads, tails in groups]

    def groups(self) -> Iterator[Any]:
        """The rows of each cone that has more than one row."""
        for heads, tails in self.balls():
            yield from np.column_stack([heads, tails])
        yield from (rows for rows, *_ in self.psd)
        yield from self.exp
        yield from self.power

    def and_one(self, kind: str, size: int) -> Cones:
        """The same with one more cone after all others: "nonneg", one row, or "soc", of that size."""
        at, more = self.size, self.size + size
        if kind == "nonneg":
            return replace(self, size=more, nonneg=np.r_[self.nonneg, at:more])
        heads, of = np.r_[self.heads, at], np.r_[self.of, np.full(size - 1, len(self.heads))]
        return replace(self, size=more, heads=heads, tails=np.r_[self.tails, at + 1 : more], of=of)

    def tightened(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Narrower ranges of the slacks, float64 (m,) each, that hold for all s in K within the ranges given."""
        low, high = low.copy(), high.copy()
        low[self.zero], high[self.zero] = 0.0, 0.0
        low[self.nonneg] = np.maximum(low[self.nonneg], 0.0)
        with np.errstate(all="ignore"):
            low[self.heads] = np.maximum(low[self.heads], 0.0)
            low[self.tails] = np.maximum(low[self.tails], -high[self.heads][self.of])
            high[self.tails] = np.minimum(high[self.tails], high[self.heads][self.of])
            for rows, i, j in self.psd:
                _matrix(low[rows], high[rows], i, j)
            low[self.exp.T], high[self.exp.T] = _exponential_ranges(low[self.exp.T], high[self.exp.T])
            low[self.power[:, :2]] = np.maximum(low[self.power[:, :2]], 0.0)
            most = _power_product(high[self.power[:, 0]], high[self.power[:, 1]], self.alpha) * (1 + SLACK)
            most = np.where(np.isnan(most), np.inf, most)
            low[self.power[:, 2]] = np.maximum(low[self.power[:, 2]], -most)
            high[self.power[:, 2]] = np.minimum(high[self.power[:, 2]], most)
        return low, high


def matrix_of(packed: Floats, i: Ints, j: Ints) -> Floats:
    """The symmetric matrix whose triangle is packed, off the diagonal times sqrt(2).

    >>> matrix_of(np.array([1.0, np.sqrt(2), 3.0]), np.array([0, 0, 1]), np.array([0, 1, 1])).round(12).tolist()
    [[1.0, 1.0], [1.0, 3.0]]
    """
    n = int(j.max(initial=-1)) + 1
    S = np.zeros((max(n, int(i.max(initial=-1)) + 1),) * 2)
    S[i, j] = S[j, i] = np.where(i == j, packed, packed / np.sqrt(2))
    return S


def _semidefinite(packed: Floats, i: Ints, j: Ints) -> Floats:
    """The nearest positive semidefinite matrix, with as much more on its diagonal as eigenvalues may be off."""
    S = matrix_of(packed, i, j)
    values, Q = np.linalg.eigh(S)
    if values[0] < 0:
        S = (Q * np.maximum(values, 0)) @ Q.T
        S = (S + S.T) / 2
    size = float(np.abs(S).sum())
    more = max(-float(least_eigenvalues(S[None])[0]), 0.0) + 8 * ROUNDOFF * size
    packed = np.where(i == j, S[i, j], np.sqrt(2) * S[i, j])
    return np.where(i == j, packed + more, packed)


def _exponential(triples: Floats) -> Floats:
    """Raise w, or v where that is less, until -u e^(v/u - 1) <= w; u > 0 becomes 0."""
    u, v, w = np.minimum(triples[0], 0.0), triples[1], triples[2]
    inside = u < 0
    with np.errstate(all="ignore"):
        ratio = np.where(inside, v / u, 0.0)
        w_least = -u * np.exp(ratio - 1) * (1 + 16 * ROUNDOFF * (4 + np.abs(ratio)))
        root = np.log(w / -u)
        v_least = u * (1 + root) + 16 * ROUNDOFF * -u * (4 + np.abs(root))
        by_v = inside & (w > 0) & np.isfinite(v_least) & ~(w_least - w <= v_least - v)
    v = np.where(inside, np.where(by_v, np.maximum(v, v_least), v), np.maximum(v, 0.0))
    w = np.where(inside & ~by_v, np.maximum(w, w_least), np.maximum(w, 0.0))
    return np.array([u, v, w])


def _power_product(x: Floats, y: Floats, alpha: Floats) -> Floats:
    return np.asarray(np.maximum(x, 0.0) ** alpha * np.maximum(y, 0.0) ** (1 - alpha))


def _power(triples: Floats, alpha: Floats) -> Floats:
    """Shorten w until |w| <= (u/a)^a (v/(1-a))^(1-a)."""
    u, v, w = np.maximum(triples[0], 0.0), np.maximum(triples[1], 0.0), triples[2]
    with np.errstate(all="ignore"):
        most = _power_product(u / alpha, v / (1 - alpha), alpha) * (1 - 64 * ROUNDOFF)
    return np.array([u, v, np.clip(w, -most, most)])


def _matrix(low: Floats, high: Floats, i: Ints, j: Ints) -> None:
    """S_ii >= 0 and S_ij^2 <= S_ii S_jj, in place."""
    diagonal = i == j
    low[diagonal] = np.maximum(low[diagonal], 0.0)
    most = np.zeros(int(max(i.max(initial=-1), j.max(initial=-1))) + 1)
    most[i[diagonal]] = np.maximum(high[diagonal], 0.0)
    largest = np.sqrt(2) * np.sqrt(most[i]) * np.sqrt(most[j]) * (1 + SLACK)
    off = ~diagonal & ~np.isnan(largest)
    low[off] = np.maximum(low[off], -largest[off])
    high[off] = np.minimum(high[off], largest[off])


def _exponential_ranges(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """y, z >= 0, y e^(x/y) <= z, and what follows: x + y <= z, x <= y log(z/y), z >= y e^(x/y)."""
    (x, y, z), (X, Y, Z) = low.copy(), high.copy()
    y, z = np.maximum(y, 0.0), np.maximum(z, 0.0)
    X, Y = np.fmin(X, Z - y), np.fmin(Y, Z - x)
    z = np.fmax(z, np.where(np.isfinite(x), x + y, 0.0))
    best = np.clip(Z / np.e, y, np.maximum(Y, y))  # y log(Z/y) is concave in y, greatest at Z/e
    roof = best * np.log(Z / best)
    roof = np.where(best == 0, 0.0, roof)
    X = np.fmin(X, roof + SLACK * (np.abs(roof) + best))
    best = np.clip(x, y, np.maximum(Y, y))  # y e^(x/y) is convex in y, least at x
    floor = best * np.exp(x / best)
    z = np.fmax(z, np.where(best > 0, floor * (1 - SLACK * (1 + np.abs(x / best))), 0.0))
    x, X, Y = wider(x, -1), wider(X, 1), wider(Y, 1)
    return np.array([x, y, z]), np.array([np.fmin(X, high[0]), np.fmin(Y, high[1]), Z])


def wider(side: Floats, sign: int) -> Floats:
    """One side of ranges, float64 (n,), moved outwards by more than rounding: down for sign -1, up for 1."""
    return np.asarray(side + sign * SLACK * np.abs(side))


def cones_of(dims: Any) -> Cones:
    """The cones in cvxpy's order, matrices packed by their upper triangles, column by column.

    Raises ValueError for a cone that is none of these.
    """
    if getattr(dims, "pnd", None):
        raise ValueError("a power cone of more than three entries has no bound here; state it by products of two")
    at = dims.zero + dims.nonneg
    sizes = np.array(dims.soc, dtype=np.int64)
    heads = at + np.cumsum(sizes) - sizes
    tails = np.setdiff1d(np.arange(at, at + sizes.sum()), heads)
    at, psd = at + int(sizes.sum()), []
    for n in dims.psd:
        j, i = np.tril_indices(n)  # of the lower triangle row by row
        psd.append((slice(at, at + len(i)), i, j))
        at += len(i)
    exp = at + np.arange(3 * dims.exp).reshape(-1, 3)
    power = at + 3 * dims.exp + np.arange(3 * len(dims.p3d)).reshape(-1, 3)
    return Cones(
        size=at + exp.size + power.size,
        zero=np.arange(dims.zero),
        nonneg=np.arange(dims.zero, dims.zero + dims.nonneg),
        heads=heads,
        tails=tails,
        of=np.repeat(np.arange(len(sizes)), sizes - 1),
        psd=psd,
        exp=exp,
        power=power,
        alpha=np.array(dims.p3d, dtype=float),
    )


def by_upper_triangles(cones: Cones) -> Ints:
    """Where each row stands among rows that pack matrices by their lower triangles, column by column; int64 (m,)."""
    order = np.arange(cones.size)
    for rows, i, j in cones.psd:
        order[rows][np.lexsort((j, i))] = order[rows].copy()
    return order
