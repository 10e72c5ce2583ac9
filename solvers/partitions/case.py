"""The cases of a partition: a tree in which two items are together, or apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formulations.arithmetic.partition_bounds import Leaf, Split, Tree, tree_bound
from formulations.arithmetic.partition_inequalities import Inequalities
from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.prices import Prices
from formulations.problem import Floats


@dataclass(eq=False)
class Case:
    """A node of the tree: a problem, its bound, multipliers that prove it, and the relaxed Y where that was solved."""

    form: SumOfSquares
    bound: float
    leaf: Leaf | Prices | None = None
    Y: Floats | None = None
    pair: tuple[int, int] = (0, 0)
    children: tuple[Case, ...] = ()

    def tree(self) -> Tree:
        """As a certificate."""
        if not self.children:
            return self.leaf
        together, apart = self.children
        return Split(*self.pair, together.tree(), apart.tree())

    def split(self) -> tuple[Case, ...]:
        """The two cases of the pair of items of which Y says least whether they are together."""
        assert self.Y is not None
        own = np.diagonal(self.Y)
        unclear = np.minimum(self.Y, own[:, None] + own - 2 * self.Y)
        unclear[np.tril_indices(len(own))] = unclear[tuple(self.form.conflicts.T)] = -np.inf
        a, b = (int(place) for place in np.unravel_index(unclear.argmax(), unclear.shape))
        self.pair = a, b
        forms = self.form.merged(*self.pair), self.form.split(*self.pair)
        leaves = [self._carried(form) for form in forms]
        self.children = tuple(
            Case(form, max(self.bound, tree_bound(form, leaf)), leaf) for form, leaf in zip(forms, leaves, strict=True)
        )
        self.Y = None
        return self.children

    def _carried(self, form: SumOfSquares) -> Leaf | Prices | None:
        """The multipliers or prices for one of the two cases."""
        if form.contradicts or self.leaf is None:
            return None
        item = np.zeros(len(self.form.weights), dtype=np.int64)
        item[self.form.item] = form.item
        if isinstance(self.leaf, Prices):
            return self.leaf.carried(self.form, form, item)
        inequalities = Inequalities.of(self.form, self.leaf.triangles)
        own, y = inequalities.carried(self.leaf.y, form, item)
        return Leaf(own.triangles, y)
