"""Partitions by local search: Lloyd's steps, moves of single items (Hartigan), and random swaps of centers.

Lloyd, Least squares quantization in PCM, 1982; Hartigan, Clustering algorithms, 1975; Fränti, Efficiency of random swap
clustering, 2018. Where groups have demands, items are assigned to centers by an integer program instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from formulations.arithmetic.partitions import SumOfSquares
from formulations.problem import Bools, Floats, Ints

FAST = 1e-9  # relative improvement below which a step counts as none
ROUNDS = 300  # of Lloyd's steps, and of moves


def searched(form: SumOfSquares, seed: int, swaps: int, late: Callable[[], bool]) -> Iterator[Ints]:
    """Labels of items, each better than the one before, (m,): from k-means++ on, swap after swap."""
    random = np.random.default_rng(seed)
    best, value = None, np.inf
    for tried in range(swaps + 1):
        if tried and late():
            return
        centers = _spread(form, random) if best is None else _swapped(form, best, random)
        label = descended(form, centers)
        if label is None:
            continue
        found = _value(form, label)
        if found < value * (1 - FAST) or best is None:
            best, value = label, found
            yield label


def descended(form: SumOfSquares, centers: Floats) -> Ints | None:
    """Labels of items at a local optimum near the centers, (m,); None if no assignment meets the demands."""
    label = _assigned(form, centers)
    for _ in range(ROUNDS):
        if label is None:
            return None
        better = _moved(form, label)
        if better is None:
            break
        new = _assigned(form, _centers(form, better))
        label = new if new is not None and _value(form, new) < _value(form, better) else better
    return label


def _moved(form: SumOfSquares, label: Ints) -> Ints | None:
    """The labels after moves of single items that improve them, each the best there is; None if there are none."""
    w, k = form.weights, form.k
    label, moved = np.array(label), False
    mass = np.bincount(label, w, k)
    barred = _barred(form, label)
    for _ in range(ROUNDS):
        centers = _centers(form, label)
        far = _squares(form.means, centers)
        rows = np.arange(len(label))
        stays = mass[label]
        with np.errstate(divide="ignore", invalid="ignore"):
            gained = np.where(stays > w, w * stays / (stays - w) * far[rows, label], -np.inf)
            paid = w[:, None] * mass / (mass + w[:, None]) * far
        paid[rows, label] = np.inf
        paid[barred > 0] = np.inf
        if form.limited:
            gained[stays - w < form.low] = -np.inf
            paid[mass + w[:, None] > form.high] = np.inf
        to = paid.argmin(axis=1)
        change = gained - paid[rows, to]
        item = int(change.argmax())
        if not change[item] > FAST * form.total:
            break
        mass[label[item]] -= w[item]
        mass[to[item]] += w[item]
        label[item], moved = to[item], True
        if len(form.conflicts):
            barred = _barred(form, label)
    return label if moved else None


def _assigned(form: SumOfSquares, centers: Floats) -> Ints | None:
    """The items at the nearest centers, none of them without items; by an integer program where there are demands."""
    far = _squares(form.means, centers)
    if form.limited or len(form.conflicts):
        return _by_program(form, far)
    label: Ints = far.argmin(axis=1)
    counts = np.bincount(label, minlength=form.k)
    for empty in np.flatnonzero(counts == 0):  # takes the item that is farthest from its center, of those in company
        cost = form.weights * far[np.arange(len(label)), label]
        cost[counts[label] < 2] = -1
        item = int(cost.argmax())
        counts[label[item]] -= 1
        label[item], counts[empty] = empty, 1
    return label


def _by_program(form: SumOfSquares, far: Floats) -> Ints | None:
    """The cheapest assignment that meets the demands, by HiGHS; None where it finds none."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array, csr_array, eye_array, kron

    (m, k), w = far.shape, form.weights
    each = kron(eye_array(m), np.ones((1, k)), format="csr")
    sizes = kron(w[None], eye_array(k), format="csr")
    demands = [LinearConstraint(each, 1, 1), LinearConstraint(sizes, max(form.low, 1), min(form.high, w.sum()))]
    if len(form.conflicts):
        p = len(form.conflicts)
        places = (form.conflicts[:, :, None] * k + np.arange(k)).transpose(0, 2, 1).reshape(-1)
        rows = np.repeat(np.arange(p * k), 2)
        apart = csr_array(coo_array((np.ones(2 * p * k), (rows, places)), shape=(p * k, m * k)))
        demands.append(LinearConstraint(apart, -np.inf, 1))
    found = milp((w[:, None] * far).ravel(), integrality=np.ones(m * k), bounds=Bounds(0, 1), constraints=demands)
    return None if found.x is None else np.asarray(found.x.reshape(m, k).argmax(axis=1), dtype=np.int64)


def _barred(form: SumOfSquares, label: Ints) -> Bools:
    """Which groups hold an item that another one is apart from, (m, k)."""
    barred = np.zeros((len(label), form.k), dtype=bool)
    a, b = form.conflicts.T
    barred[a, label[b]] = True
    barred[b, label[a]] = True
    return barred


def _centers(form: SumOfSquares, label: Ints) -> Floats:
    """The means of groups, (k, d)."""
    mass = np.bincount(label, form.weights, form.k)
    sums = np.column_stack([np.bincount(label, form.weights * column, form.k) for column in form.means.T])
    return np.asarray(sums / np.maximum(mass, 1e-300)[:, None])


def _squares(rows: Floats, centers: Floats) -> Floats:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(rows, centers, "sqeuclidean"))


def _value(form: SumOfSquares, label: Ints) -> float:
    centers = _centers(form, label)
    return form.within + float(form.weights @ ((form.means - centers[label]) ** 2).sum(axis=1))


def _spread(form: SumOfSquares, random: np.random.Generator) -> Floats:
    """Centers by k-means++: each an item, likely as its squared distance from those chosen (Arthur 2007)."""
    w, points = form.weights, form.means
    chosen = [int(random.choice(len(w), p=w / w.sum()))]
    near = _squares(points, points[chosen])[:, 0]
    while len(chosen) < form.k:
        share = w * near
        chosen.append(int(random.choice(len(w), p=share / share.sum())) if share.sum() > 0 else int(near.argmax()))
        near = np.minimum(near, _squares(points, points[chosen[-1:]])[:, 0])
    return points[chosen]


def _swapped(form: SumOfSquares, label: Ints, random: np.random.Generator) -> Floats:
    """The centers of these labels, one of them moved to an item drawn at random."""
    centers = _centers(form, label)
    centers[random.integers(form.k)] = form.means[random.integers(len(form.weights))]
    return centers
