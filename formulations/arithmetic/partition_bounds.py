"""What multipliers, prices and cases prove about sums of squares, rounding accounted for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from formulations.arithmetic.eigenvalues import spectrum
from formulations.arithmetic.partition_inequalities import Inequalities
from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.prices import Prices, prices_bound
from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats, Ints

NONNEGATIVE, BY_COMPONENTS = "no sum of squares is below 0", "principal components"  # the bounds, by name
BY_TREE, BY_BLOCKS = "prices, inequalities and cases", "inequalities in blocks of rows"
MAX_MULTIPLIER = 1e100  # so that products are finite


@dataclass(frozen=True, eq=False)
class Leaf:
    """Multipliers y of the inequalities with these triangles."""

    triangles: Ints
    y: Floats


@dataclass(frozen=True, eq=False)
class Split:
    """Two cases of a problem: its items a and b are together, or apart."""

    a: int
    b: int
    together: Tree
    apart: Tree


Tree = Leaf | Prices | Split | None  # None stands for multipliers of 0


@dataclass(frozen=True, eq=False)
class Blocks:
    """Disjoint blocks of rows, and multipliers for each."""

    rows: Sequence[Ints]
    leaves: Sequence[Leaf | None]


def tree_bound(form: SumOfSquares, tree: Any) -> float:
    """A lower bound on the value of every partition, inf if there is none.

    >>> round(tree_bound(SumOfSquares(np.array([[-1.0, 0], [0, 0.5], [1, -0.5]]), 2, np.arange(3)), None), 3)
    0.349
    """
    if form.contradicts:
        return math.inf
    if isinstance(tree, Split):
        a, b, m = tree.a, tree.b, len(form.weights)
        if not (0 <= a < m and 0 <= b < m and a != b):
            return 0.0
        return min(tree_bound(form.merged(a, b), tree.together), tree_bound(form.split(a, b), tree.apart))
    if len(form.weights) == form.k:  # each item is a group
        return form.within * (1 - 4 * (len(form.rows) + 8) * ROUNDOFF)
    if isinstance(tree, Prices):
        return prices_bound(form, tree)
    if not isinstance(tree, Leaf):
        return spectral_bound(form)
    if len(tree.triangles) and not (tree.triangles.min() >= 0 and tree.triangles.max() < len(form.weights)):
        return 0.0
    own = Inequalities.of(form, tree.triangles)
    if tree.y.shape != (own.count,) or not (np.abs(tree.y) <= MAX_MULTIPLIER).all():
        return 0.0
    return max(0.0, leaf_bound(form, own, own.allowed(tree.y)))


def leaf_bound(form: SumOfSquares, inequalities: Inequalities, y: Floats) -> float:
    """tr G + r'y - u'(G + A)u - (sum of the k - 1 largest eigenvalues of G + A on the complement of u).

    u = sqrt(w / n), G_ab = sqrt(w_a w_b) c_a'c_b for items of weights w at c; A_ab = T_ab / sqrt(w_a w_b), T = sum y T.
    """
    root = np.sqrt(form.weights)
    m, u = len(root), root / np.sqrt(form.weights.sum())
    scaled = root[:, None] * form.means
    A = inequalities.matrix(y) / np.outer(root, root)
    M = scaled @ scaled.T + A
    Mu = M @ u
    mean = float(u @ Mu)
    M = M - np.outer(u, Mu) - np.outer(Mu, u) + (mean - 2 * float(np.linalg.norm(M))) * np.outer(u, u)
    values, error = spectrum((M + M.T) / 2)
    largest = float(np.maximum(values[m - form.k + 1 :] + error, 0.0).sum())
    total = float((scaled**2).sum())
    # entries of A are sums of some y / w each, those of G of d products; in all <E, Z> <= |E| sqrt(k)
    absolute = total + 4 * float(np.abs(y).sum()) / float(form.weights.min())
    rounding = 16 * (m + form.rows.shape[1] + 8) * ROUNDOFF * absolute * math.sqrt(form.k)
    return float(form.within + total + inequalities.right @ y - mean - largest - rounding)


def spectral_bound(form: SumOfSquares) -> float:
    """The same for y = 0, from d x d products: what is left of the squares by k - 1 principal components.

    >>> round(spectral_bound(SumOfSquares(np.array([[-1.0, 0], [0, 0.5], [1, -0.5]]), 2, np.arange(3))), 3)
    0.349
    """
    scaled = np.sqrt(form.weights)[:, None] * form.means
    values, error = spectrum(scaled.T @ scaled)
    left = float(np.maximum(values[: max(len(values) - form.k + 1, 0)] - error, 0.0).sum())
    rounding = 4 * (len(scaled) + 8) * ROUNDOFF * float((scaled**2).sum()) * math.sqrt(scaled.shape[1])
    return max(0.0, form.within + left - rounding)


def blocks_bound(form: SumOfSquares, blocks: Any) -> float:
    """The sum of bounds on disjoint blocks: a partition of all rows is one of each, and means of its own cost no more.

    Rows that belong together, apart or in groups of some size are not held to that within a block.
    """
    if not isinstance(blocks, Blocks) or len(blocks.rows) != len(blocks.leaves):
        return 0.0
    used = np.concatenate([*blocks.rows, np.zeros(0, dtype=np.int64)])
    if len(np.unique(used)) < len(used) or (len(used) and not (used.min() >= 0 and used.max() < len(form.rows))):
        return 0.0
    return float(sum(tree_bound(form.block(rows), leaf) for rows, leaf in zip(blocks.rows, blocks.leaves, strict=True)))
