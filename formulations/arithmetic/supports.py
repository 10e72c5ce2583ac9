"""Directions with few entries that are not 0, the quadratic form x'Cx there, and a tree of supports that bounds it.

Of x with |x| = 1 and at most c entries x'Cx is at most the largest eigenvalue of C on the best support of c. A node of
the tree says which entries are in the support, I, and which are out; r = c - |I| more are from the rest, F. There

    x'Cx  <=  the largest eigenvalue of C on I and F
    x'Cx  <=  the largest eigenvalue of T on I and F, plus c q       T_ij = C_ij moved towards 0 by q, at most to 0
    x'Cx  <=  the largest sum of |C_ij| in a row i of I and F, over I and the r largest others
    x'Cx  <=  the largest eigenvalue of ((a, b), (b, d)): a that of C on I, b^2 the r largest |C_Ij|^2 of j in F,
              d what the first three say of r entries of F

the second as |x|_1^2 <= c, so that the entries of C - T are worth at most c q (d'Aspremont, El Ghaoui, Jordan and
Lanckriet, A direct formulation for sparse PCA using semidefinite programming, 2007: q times any signs is a dual point).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from formulations.arithmetic.eigenvalues import least_eigenvalues
from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats, Ints

UNIT = 1e-9  # how far |x| may be from 1


@dataclass(frozen=True, eq=False)
class SupportTree:
    """Nodes, the first being the root; `entry` is in the support at `inside` and not at `outside`, and -1 of a leaf.

    entry, inside, outside  int64 (m,); children come after their parents
    q                       what the entries of C may be moved by
    """

    entry: Ints
    inside: Ints
    outside: Ints
    q: float


@dataclass(frozen=True, eq=False)
class SparseDirection:
    """x'Cx over x with |x| = 1 and at most c entries that are not 0; C symmetric (p, p), to within `error`."""

    C: Floats
    c: int
    error: float = 0.0

    def values(self, directions: list[Floats]) -> Floats:
        """Of several directions."""
        return np.array([self.value(x) for x in directions])

    def value(self, x: Floats) -> float:
        """x'Cx / x'x."""
        return float(x @ self.C @ x / (x @ x))

    def size(self, x: Floats) -> float:
        """|x'Cx|, but at least the root mean square of C's eigenvalues."""
        return max(abs(self.value(x)), float(np.linalg.norm(self.C)) / math.sqrt(len(self.C)))

    def broken(self, x: Floats) -> str | None:
        """What keeps x from being such a direction, in words."""
        if np.shape(x) != (len(self.C),) or not np.isfinite(x).all() or abs(np.linalg.norm(x) - 1) > UNIT:
            return f"the shape of a direction, {len(self.C)} numbers of norm 1"
        return None if np.count_nonzero(x) <= self.c else f"the limit of {self.c} entries"

    def leading(self, support: Ints) -> Floats:
        """The best direction with that support, (p,)."""
        x = np.zeros(len(self.C))
        x[support] = np.linalg.eigh(self.C[np.ix_(support, support)])[1][:, -1]
        return x

    def bound(self, tree: Any) -> float:
        """What the tree proves: no direction has more; inf if it is no tree."""
        if not isinstance(tree, SupportTree) or not 0 <= tree.q < math.inf or not len(tree.entry):
            return math.inf
        entry, inside, outside = (np.asarray(part, dtype=np.int64) for part in (tree.entry, tree.inside, tree.outside))
        p, m = len(self.C), len(entry)
        if not (len(inside) == len(outside) == m and entry.max() < p):
            return math.inf
        highest = -math.inf
        todo: list[tuple[int, frozenset[int], frozenset[int]]] = [(0, frozenset(), frozenset(range(p)))]
        while todo:
            node, taken, free = todo.pop()
            j = int(entry[node])
            if j < 0:
                highest = max(highest, self.at_most(sorted(taken), sorted(free), tree.q))
            elif j in free and node < inside[node] < m and node < outside[node] < m:
                todo.append((int(inside[node]), taken | {j}, free - {j}))
                todo.append((int(outside[node]), taken, free - {j}))
            else:
                return math.inf
        return highest + self.error + 4 * ROUNDOFF * abs(highest)

    def at_most(self, taken: list[int], free: list[int], q: float) -> float:
        """What x'Cx is at most where the support has all that is taken and, besides, only entries that are free."""
        r = self.c - len(taken)
        if r < 0:
            return -math.inf
        if r == 0 or not free:
            return largest_eigenvalue(self.C[np.ix_(taken, taken)])
        found = self._plain(taken, free, r, q)
        if not taken:
            return found
        a = largest_eigenvalue(self.C[np.ix_(taken, taken)])
        across = np.sort((self.C[np.ix_(taken, free)] ** 2).sum(axis=0))[-r:]
        b2, d = float(across.sum()), self._plain([], free, min(r, len(free)), q)
        both = (a + d) / 2 + math.sqrt(((a - d) / 2) ** 2 + b2)
        return min(found, both + 4 * (len(taken) + r + 8) * ROUNDOFF * (abs(a) + abs(d) + math.sqrt(b2)))

    def _plain(self, taken: list[int], free: list[int], r: int, q: float) -> float:
        """The first three bounds; r entries from those that are free."""
        c, all_of = len(taken) + r, [*taken, *free]
        part = self.C[np.ix_(all_of, all_of)]
        size = np.abs(part)
        others = size[:, len(taken) :].copy()
        i = np.arange(len(free))
        own = np.zeros(len(all_of))
        own[len(taken) :] = others[i + len(taken), i]  # a free row is itself one of the r
        others[i + len(taken), i] = 0.0
        ranked = -np.sort(-others, axis=1)
        of_free = np.arange(len(all_of)) >= len(taken)
        sums = size[:, : len(taken)].sum(axis=1) + own
        sums += np.where(of_free, ranked[:, : r - 1].sum(axis=1), ranked[:, :r].sum(axis=1))
        rows = float(sums.max()) * (1 + 4 * (c + 4) * ROUNDOFF)
        moved = part - np.sign(part) * np.minimum(size, q)
        rounding = 2 * ROUNDOFF * float(np.linalg.norm(part)) + 4 * c * q * ROUNDOFF
        return min(largest_eigenvalue(part), largest_eigenvalue(moved) + c * q + rounding, rows)


def largest_eigenvalue(A: Floats) -> float:
    """A proven upper bound on the largest eigenvalue of a symmetric matrix.

    >>> 3 <= largest_eigenvalue(np.array([[2.0, 1], [1, 2]])) < 3 + 1e-13
    True
    """
    return -float(least_eigenvalues(-A[None])[0])
