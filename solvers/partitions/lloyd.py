"""Partitions by local search: Lloyd's steps, moves of single items (Hartigan), and random swaps of centers.

Lloyd, Least squares quantization in PCM, 1982; Hartigan, Clustering algorithms, 1975; Fränti, Efficiency of random swap
clustering, 2018. Where groups have demands, items are assigned to centers by an integer program instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from formulations.arithmetic.partitions import SumOfSquares
from formulations.problem import Bools, Floats, Ints

FAST = 1e-9  # relative improvement below which a step counts as none
ROUNDS = 300  # of Lloyd's steps, and of moves, where items are few
WORK = 4e7  # products of items, groups and columns: what a search may take besides its first descent
MANY = 2_000  # items from which scikit-learn takes Lloyd's steps, if it is installed
STARTS = 10  # by k-means++ there, of which the best is gone on from


def searched(form: SumOfSquares, seed: int, swaps: int, late: Callable[[], bool]) -> Iterator[Ints]:
    """Labels of items, each better than the one before, (m,): from k-means++ on, swap after swap."""
    random = np.random.default_rng(seed)
    best, value = None, np.inf
    affordable = int(WORK / (form.means.size * form.k))
    for tried in range(min(swaps, affordable) + 1):
        if tried and late():
            return
        if best is None:
            label = _improved(form, _start(form, seed, random))
        else:
            label = descended(form, _swapped(form, best, random))
        if label is None:
            continue
        found = value_of(form, label)
        if found < value * (1 - FAST) or best is None:
            best, value = label, found
            yield label


def descended(form: SumOfSquares, centers: Floats) -> Ints | None:
    """Labels of items at a local optimum near the centers, (m,); None if no assignment meets the demands."""
    return _improved(form, _settled(form, centers))


def _improved(form: SumOfSquares, centers: Floats) -> Ints | None:
    """The same for centers that Lloyd's steps do not change, where items are many."""
    label = _assigned(form, centers)
    for _ in range(ROUNDS):
        if label is None:
            return None
        better = _moved(form, label)
        if better is None:
            break
        new = _assigned(form, centers_of(form, better))
        label = new if new is not None and value_of(form, new) < value_of(form, better) else better
        if len(label) > MANY:
            break
    return label


def _settled(form: SumOfSquares, centers: Floats) -> Floats:
    """The centers after Lloyd's steps, where items are many; others take them together with moves."""
    if not _plain_and_many(form):
        return centers
    found = _by_scikit_learn(form, init=centers, n_init=1)
    return _stepped(form, centers) if found is None else found


def _plain_and_many(form: SumOfSquares) -> bool:
    return len(form.weights) > MANY and not form.limited and not len(form.conflicts)


def _by_scikit_learn(form: SumOfSquares, **how: Any) -> Floats | None:
    """The centers that its k-means ends at, (k, d); None where it is not installed."""
    try:
        from sklearn.cluster import KMeans
    except ModuleNotFoundError:
        return None
    found = KMeans(form.k, **how).fit(form.means, sample_weight=form.weights)
    return np.asarray(found.cluster_centers_, dtype=np.float64)


def _start(form: SumOfSquares, seed: int, random: np.random.Generator) -> Floats:
    """The first centers."""
    found = None
    if _plain_and_many(form):
        found = _by_scikit_learn(form, n_init=STARTS, random_state=seed % 2**32)
    return _settled(form, _spread(form, random)) if found is None else found


def _stepped(form: SumOfSquares, centers: Floats) -> Floats:
    """The same without scikit-learn."""
    label = _assigned(form, centers)
    for _ in range(ROUNDS):
        assert label is not None
        centers = centers_of(form, label)
        new = _assigned(form, centers)
        if new is None or np.array_equal(new, label):
            break
        label = new
    return centers


def _moved(form: SumOfSquares, label: Ints) -> Ints | None:
    """The labels after moves of single items that improve them; None if there are none.

    Each round moves the items that gain most, but of each group at most one leaves it or joins it: so their gains add.
    """
    w, k = form.weights, form.k
    label, moved = np.array(label), False
    mass = np.bincount(label, w, k)
    rows = np.arange(len(label))
    for _ in range(min(ROUNDS, int(WORK / (form.means.size * k)) + 1)):
        far = squares(form.means, centers_of(form, label))
        stays = mass[label]
        with np.errstate(divide="ignore", invalid="ignore"):
            gained = np.where(stays > w, w * stays / (stays - w) * far[rows, label], -np.inf)
            paid = w[:, None] * mass / (mass + w[:, None]) * far
        paid[rows, label] = np.inf
        if len(form.conflicts):
            paid[_barred(form, label)] = np.inf
        if form.limited:
            gained[stays - w < form.low] = -np.inf
            paid[mass + w[:, None] > form.high] = np.inf
        to = paid.argmin(axis=1)
        change = gained - paid[rows, to]
        better = np.flatnonzero(change > FAST * form.total)
        if not len(better):
            break
        touched = np.zeros(k, dtype=bool)
        for item in better[np.argsort(-change[better], kind="stable")[: 4 * k]].tolist():
            if not touched[[label[item], to[item]]].any():
                touched[[label[item], to[item]]] = True
                mass[label[item]] -= w[item]
                mass[to[item]] += w[item]
                label[item], moved = to[item], True
    return label if moved else None


def _assigned(form: SumOfSquares, centers: Floats) -> Ints | None:
    """The items at the nearest centers, none of them without items; by an integer program where there are demands."""
    far = squares(form.means, centers)
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


def centers_of(form: SumOfSquares, label: Ints) -> Floats:
    """The means of groups, (k, d)."""
    mass = np.bincount(label, form.weights, form.k)
    sums = np.column_stack([np.bincount(label, form.weights * column, form.k) for column in form.means.T])
    return np.asarray(sums / np.maximum(mass, 1e-300)[:, None])


def squares(rows: Floats, centers: Floats) -> Floats:
    """Squared distances, (n, k)."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(rows, centers, "sqeuclidean"))


def value_of(form: SumOfSquares, label: Ints) -> float:
    """The value of labels of items, (m,)."""
    centers = centers_of(form, label)
    return form.within + float(form.weights @ ((form.means - centers[label]) ** 2).sum(axis=1))


def _spread(form: SumOfSquares, random: np.random.Generator) -> Floats:
    """Centers by k-means++: each an item, likely as its squared distance from those chosen (Arthur 2007)."""
    w, points = form.weights, form.means
    chosen = [int(random.choice(len(w), p=w / w.sum()))]
    near = squares(points, points[chosen])[:, 0]
    while len(chosen) < form.k:
        share = w * near
        chosen.append(int(random.choice(len(w), p=share / share.sum())) if share.sum() > 0 else int(near.argmax()))
        near = np.minimum(near, squares(points, points[chosen[-1:]])[:, 0])
    return points[chosen]


def _swapped(form: SumOfSquares, label: Ints, random: np.random.Generator) -> Floats:
    """The centers of these labels, one of them moved to an item drawn at random."""
    centers = centers_of(form, label)
    centers[random.integers(form.k)] = form.means[random.integers(len(form.weights))]
    return centers
