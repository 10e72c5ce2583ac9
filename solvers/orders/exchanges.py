"""The change of a quadratic assignment's objective by each exchange of two items' places, for many orders at once.

With zero diagonals, exchanging u and v changes sum A[i, j] B[p(i), p(j)] by the sum over the layers (a, b), which are
(A, P B P') and (A', P B' P'), or twice the first if A and B are symmetric, of

    sum over k of (a[u, k] - a[v, k]) (b[v, k] - b[u, k]),   and by (A[u, v] + A[v, u]) (B[p(u), p(v)] + B[p(v), p(u)]).

After the exchange of r and s, the change for any other u and v is less by the sum over the layers of

    (x[u] - x[v]) (y[u] - y[v]),   x = a[r] - a[s], y = b[r] - b[s],

a matrix of rank four, or six (Taillard, Robust taboo search for the quadratic assignment problem, 1991); the rows and
columns of r and s are two products of a matrix with few columns. Exact on integers as long as they stay below 2^53.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from formulations.problem import Floats, is_symmetric

if TYPE_CHECKING:
    from torch import Tensor


class Exchanges:
    """k orders of n items, and the change of the objective by each exchange in each of them.

    place, item  int64 (k, n): the place of each item, the item at each place
    differences  float64 (k, n, n), symmetric, infinite on the diagonal: change of sum A[i, j] B[p(i), p(j)] / factor
    factor       2.0 for symmetric matrices, whose two layers are one; 1.0 for others

    >>> import torch
    >>> A, B = np.array([[0.0, 1, 5], [1, 0, 1], [5, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> exchanges = Exchanges(A, B, torch.tensor([[0, 1, 2]]))
    >>> float(exchanges.factor * exchanges.differences[0, 1, 2])  # items 0 and 2, of weight 5, become neighbours
    -8.0
    """

    def __init__(self, A: Floats, B: Floats, place: Tensor) -> None:
        """Start from places, int64 (k, n), which are copied, on their device; A, B float64 (n, n)."""
        import torch

        tensor = partial(torch.tensor, dtype=torch.float64, device=place.device)
        k, n = place.shape
        loops = np.diag(A), np.diag(B)
        self._loops = [tensor(loop) for loop in loops] if loops[0].any() and loops[1].any() else None
        A, B = A - np.diag(loops[0]), B - np.diag(loops[1])
        if is_symmetric(A):  # then only the symmetric part of the other matters
            B = (B + B.T) / 2
        elif is_symmetric(B):
            A = (A + A.T) / 2
        layers = 1 if is_symmetric(A) and is_symmetric(B) else 2
        self.factor = 2.0 / layers
        self._A, self._B = (tensor(np.hstack([M, M.T][:layers])) for M in (A, B))  # (n, layers n): the rows a[u], b[u]
        self._At, self._Bt = (tensor(np.vstack([M.T, M][:layers])) for M in (A, B))
        self._layers = layers

        self.place, self.item = place.clone(), place.argsort(1)
        items = torch.arange(n, device=place.device).expand(k, n)
        a, b = self._rows(items)
        self._own = (a * b).sum(2)  # by item u: the sum over layers and k of a[u, k] b[u, k]
        self.differences = self._changes(items, a, b)
        left, right = torch.ones(2, k, 2 * layers + 2, n, dtype=torch.float64, device=place.device)
        right[:, -2] = -1
        self._left, self._right = left.mT, right  # their product is the update: x y' + y x' - q 1' - 1 q'
        self._x, self._y, self._q = left[:, :layers], left[:, layers:-2], left[:, -2]
        self._y_again, self._x_again, self._minus_q = right[:, :layers], right[:, layers:-2], right[:, -1]
        self._each = torch.arange(k, device=place.device)[:, None]

    def exchange(self, pair: Tensor) -> None:
        """Exchange the places of the two items in each row of pair, int64 (k, 2), and update the differences."""
        import torch

        k, n = self.place.shape
        place = self.place.gather(1, pair).flip(1)
        self.place.scatter_(1, pair, place)
        self.item.scatter_(1, place, pair)
        a, b = self._rows(pair)
        for rows, difference, again in ((a, self._x, self._x_again), (b, self._y, self._y_again)):
            rows = rows.view(k, 2, self._layers, n)
            torch.sub(rows[:, 0], rows[:, 1], out=difference)
            again.copy_(difference)
        torch.sum(self._x * self._y, 1, out=self._q)
        torch.neg(self._q, out=self._minus_q)
        self._own += self._q
        self._own.scatter_(1, pair, (a * b).sum(2))
        torch.baddbmm(self.differences, self._left, self._right, out=self.differences)
        changes = self._changes(pair, a, b)
        self.differences[self._each, pair] = changes
        self.differences[self._each, :, pair] = changes

    def _rows(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """a[u] and b[u] of the items u, int64 (k, j), all layers side by side, float64 (k, j, layers n)."""
        place = self._wide(self.place)[:, None].expand(-1, items.shape[1], -1)
        return self._A[items], self._B[self.place.gather(1, items)].gather(2, place)

    def _wide(self, index: Tensor) -> Tensor:
        """Column indices repeated for each layer."""
        import torch

        n = index.shape[1]
        return index if self._layers == 1 else torch.cat([index, index + n], 1)

    def _changes(self, items: Tensor, a: Tensor, b: Tensor) -> Tensor:
        """The differences of the items u, int64 (k, j), with all others, float64 (k, j, n)."""
        k, j = items.shape
        n = self.place.shape[1]
        by_place = a.gather(2, self._wide(self.item)[:, None].expand(-1, j, -1)) @ self._Bt
        changes = by_place.gather(2, self.place[:, None].expand(-1, j, -1))
        changes += b @ self._At
        changes -= self._own[:, None]
        changes -= self._own.gather(1, items)[:, :, None]
        both = a * b if self._layers == 1 else a.view(k, j, 2, n).sum(2) * b.view(k, j, 2, n).sum(2)
        changes.add_(both, alpha=self.factor)
        if self._loops:
            alpha, beta = self._loops[0], self._loops[1][self.place]
            loops = (alpha[items][:, :, None] - alpha) * (beta.gather(1, items)[:, :, None] - beta[:, None])
            changes.sub_(loops, alpha=1 / self.factor)
        return changes.scatter_(2, items[:, :, None], float("inf"))
