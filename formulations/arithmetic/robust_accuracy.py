"""The share of points that a network still classifies right after each is moved, and what trees prove of it.

A point is broken where another class, a rival, has a logit at least as large as that of its label, and it counts as
broken where that is certain although logits are rounded. It is certified where its margin above each rival is proven to
be above 0 in all cells of a tree, or a cell is proven to be empty: multipliers that bound 0 by more than 0 do that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from formulations.arithmetic.relu_bounds import Cells, cells
from formulations.arithmetic.relu_network import ReluNetwork
from formulations.problem import Bools, Floats, Ints

KIND = "multipliers in cells of unit signs"
CELLS_AT_ONCE = 1_000


@dataclass(frozen=True, eq=False)
class SignTrees:
    """A tree for each pair of a point and a rival; its leaves are cells.

    point, rival  int64 (trees,), whose roots are the nodes 0, 1, ... in that order
    unit          int64 (nodes,): the hidden unit, counted through all layers, whose sign is asked there; -1 at a leaf
    below         int64 (nodes,): the node where it is inactive; the next one is where it is active
    leaf, nu      int64 (k,) and float64 (k, hidden units): leaves that have multipliers of their own
    """

    point: Ints
    rival: Ints
    unit: Ints
    below: Ints
    leaf: Ints
    nu: Floats


@dataclass(frozen=True, eq=False)
class RobustAccuracy:
    """The share of points whose label survives, to be minimized over where they are moved to, float64 (n, d).

    points, labels  float64 (n, d) and int64 (n,)
    radius          by which each number of a point may be moved; low, high: the range that it stays in
    """

    network: ReluNetwork
    points: Floats
    labels: Ints
    radius: float
    low: float = -math.inf
    high: float = math.inf

    @cached_property
    def box(self) -> tuple[Floats, Floats]:
        """Numbers that moved points are between, (n, d) each: the bounds of boxes, rounded away from their points."""
        low, high = np.nextafter(self.points - self.radius, -np.inf), np.nextafter(self.points + self.radius, np.inf)
        return low.clip(self.low, self.high), high.clip(self.low, self.high)

    @cached_property
    def reach(self) -> tuple[Floats, Floats]:
        """Numbers between which points may be moved, (n, d) each: the bounds of boxes, rounded towards their points."""
        low, high = (np.nextafter(self.points + sign * self.radius, self.points) for sign in (-1, 1))
        return low.clip(self.low, self.high), high.clip(self.low, self.high)

    @cached_property
    def roots(self) -> Cells:
        """The boxes as cells, one a point."""
        return cells(self.network, *self.box)

    def broken_points(self, moved: Floats) -> Bools:
        """Which points are certain to be broken where they are moved to, (n,)."""
        margin, off = self.network.margins(moved, self.labels)
        return np.asarray((margin + off <= 0).any(axis=1))

    def values(self, candidates: Any) -> Floats:
        """Of many."""
        return np.array([self.value(moved) for moved in candidates], dtype=np.float64)

    def value(self, moved: Floats) -> float:
        """The share of points that are not certain to be broken."""
        return int((~self.broken_points(moved)).sum()) / len(self.labels)

    def size(self, moved: Floats) -> float:
        """Of all points."""
        return 1.0

    def broken(self, moved: Any) -> str | None:
        """What keeps them from being points within the radius, in words."""
        n, d = self.points.shape
        if np.shape(moved) != (n, d) or not np.isfinite(moved).all():
            return f"the shape of the points, {n} x {d} finite numbers"
        low, high = self.reach
        outside = ((moved < low) | (moved > high)).any(axis=1)
        return f"the radius at point {int(outside.argmax())}" if outside.any() else None

    def margins(self, within: Cells, points: Ints, rivals: Ints, nu: Floats | None = None) -> Floats:
        """Lower bounds of the margins of points above rivals in a cell each, (k,); inf where it is empty.

        nu  multipliers, (k, hidden units), in place of those of linear bounds and of interval arithmetic
        """
        W, b = self.network.weights[-1], self.network.biases[-1]
        labels = self.labels[points]
        c, g = (b[labels] - b[rivals])[:, None], (W[labels] - W[rivals])[:, None]
        empty = within.empty
        if nu is None:
            found = within.proven(c, g)[:, 0]
        else:
            layers = np.split(nu[:, None], np.cumsum(self.network.hidden)[:-1], axis=2)
            with np.errstate(all="ignore"):  # multipliers may be any numbers, or none
                found, of_nothing = (within.by(lambda k, _: layers[k], t * c, t * g)[:, 0] for t in (1, 0))
            empty = empty | (of_nothing > 0)
        return np.where(empty, np.inf, found)

    def least_margins(self) -> Floats:
        """Lower bounds of all margins over whole boxes, (n, classes - 1), beginning with the class after the label."""
        W, b, labels = self.network.weights[-1], self.network.biases[-1], self.labels[:, None]
        rivals = (labels + np.arange(1, self.network.classes)) % self.network.classes
        return self.roots.proven(b[labels] - b[rivals], W[labels] - W[rivals])

    def bound(self, trees: Any) -> float:
        """The share of points that the trees certify; -inf where they are no trees."""
        certified = self.certified(trees)
        return -math.inf if certified is None else int(certified.sum()) / len(self.labels)

    def certified(self, trees: Any) -> Bools | None:
        """Which points the trees certify, (n,); None where they are no trees."""
        try:
            found = self._leaves(trees)
            if found is None:
                return None
            tree, signs, place = found
            proven = np.ones(len(trees.point), dtype=bool)
            for at in range(0, len(tree), CELLS_AT_ONCE):
                part = slice(at, at + CELLS_AT_ONCE)
                np.logical_and.at(proven, tree[part], self._positive(trees, tree[part], signs[part], place[part]))
        except (AttributeError, IndexError, TypeError, ValueError):
            return None
        above = np.zeros((len(self.labels), self.network.classes), dtype=bool)
        above[np.arange(len(self.labels)), self.labels] = True
        above[trees.point[proven], trees.rival[proven]] = True
        return np.asarray(above.all(axis=1))

    def _positive(self, trees: SignTrees, tree: Ints, signs: Ints, place: Ints) -> Bools:
        """Of leaves of those trees: whether their multipliers, or else linear bounds, prove a positive margin."""
        points, rivals = trees.point[tree], trees.rival[tree]
        low, high = self.box
        within = cells(self.network, low[points], high[points], signs)
        found = self.margins(within, points, rivals) > 0
        own = np.flatnonzero((place >= 0) & ~found)
        if len(own):
            found[own] = self.margins(within.take(own), points[own], rivals[own], trees.nu[place[own]]) > 0
        return np.asarray(found)

    def _leaves(self, trees: SignTrees) -> tuple[Ints, Any, Ints] | None:
        """Of each leaf its tree, signs (k, hidden units), and the place of its multipliers or -1; None if no tree.

        Where a unit is asked again the last answer counts: both together hold whatever the node above does.
        """
        nodes, units = len(trees.unit), sum(self.network.hidden)
        places = np.full(nodes, -1)
        places[trees.leaf] = np.arange(len(trees.nu))
        tree: Any = np.arange(len(trees.point))
        node, signs, seen = tree, np.zeros((len(tree), units), dtype=np.int8), 0
        found: list[tuple[Any, Any, Any]] = [(tree[:0], signs[:0], places[:0])]
        while len(node):
            unit, seen = trees.unit[node], seen + len(node)
            if (node < 0).any() or (unit < -1).any() or seen > nodes:
                return None
            ends = unit < 0
            found.append((tree[ends], signs[ends], places[node[ends]]))
            node, tree, signs, unit = (part[~ends] for part in (node, tree, signs, unit))
            rows = np.arange(len(node))
            inactive, active = signs.copy(), signs.copy()
            inactive[rows, unit], active[rows, unit] = -1, 1
            node = np.r_[trees.below[node], trees.below[node] + 1]
            tree, signs = np.r_[tree, tree], np.concatenate([inactive, active])
        of_trees, all_signs, all_places = (np.concatenate(part) for part in zip(*found, strict=True))
        return of_trees, all_signs, all_places
