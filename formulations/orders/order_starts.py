"""Heuristic orders to start a search from when items with large weights w_uv should be close: surrogate problems.

    spectral       the order of an x with sum x = 0, |x| = 1 that minimises sum over pairs of w_uv (x_u - x_v)^2: the
                   relaxation of the arrangement by squared distances, solved by eigenvectors (Juvan and Mohar 1992)
    frontal        greedily, next the item for which the cut between the placed items and the rest has the least weight;
                   optimal on hypercubes (Harper 1964)
    tree           a maximum spanning tree from its centroid, each item between its subtrees, the largest outermost
    breadth first  reverse Cuthill-McKee (Cuthill and McKee 1969), where some weights are zero

All take weights float64 (n, n), symmetric, of any sign, the diagonal ignored, and return int64 orders, entry [., q] the
item at place q. A zero weight means no edge; connected components are placed one after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.linalg import eigh, eigh_tridiagonal
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree, reverse_cuthill_mckee

from formulations.problem import Floats, Heuristic, Ints

TIE_TOLERANCE = 1e-9  # eigenvalues, or cuts, that differ by less count as equal; relative to the largest
DENSE_ITEMS = 1000  # items up to which all of an eigenspace is found; beyond, one vector of it, nearly
LANCZOS_STEPS, SETTLED = 100, 1e-2


def order_starts(w: Floats, count: int = 4) -> Ints:
    """Distinct orders by all of these methods, int64 (k, n), k >= 1; up to `count` spectral and as many frontal ones.

    >>> path = np.array([[0.0, 0, 1], [0, 0, 1], [1, 1, 0]])  # items 0 and 1 should each be next to item 2
    >>> order_starts(path)[0].tolist()
    [0, 2, 1]
    """
    n = len(w)
    spectral = spectral_orders(w, count)
    spread = spectral[0, np.unique(np.linspace(0, n - 1, count).astype(np.int64))] if n else np.zeros(1, dtype=np.int64)
    found = [*spectral, *(frontal_orders(w, spread) if n else ()), tree_order(w)]
    graph = csr_array(_without_diagonal(w))
    if 0 < graph.nnz < n * (n - 1):
        found.append(reverse_cuthill_mckee(graph, symmetric_mode=True).astype(np.int64))
    oriented = [order if not n or order[0] <= order[-1] else order[::-1] for order in found]
    return np.array(list({order.tobytes(): order for order in oriented}.values()))


def order_heuristics(w: Floats, count: int = 4) -> Sequence[Heuristic]:
    """The same methods, each by its name and with the seconds that it takes.

    >>> path = np.array([[0.0, 0, 1], [0, 0, 1], [1, 1, 0]])
    >>> [heuristic.name for heuristic in order_heuristics(path)]
    ['order of the Fiedler vector', 'frontal orders', 'order of a spanning tree', 'reverse Cuthill-McKee order']
    """
    n = len(w)
    spectral = cache(lambda: spectral_orders(w, count if n <= DENSE_ITEMS else 1))

    def frontal() -> Ints:
        return frontal_orders(w, spectral()[0, np.unique(np.linspace(0, n - 1, count).astype(np.int64))])

    def breadth_first() -> list[Ints]:
        pairs = np.count_nonzero(w) - np.count_nonzero(w.diagonal())
        if not 0 < pairs < n * (n - 1):
            return []
        return [reverse_cuthill_mckee(csr_array(_without_diagonal(w)), symmetric_mode=True).astype(np.int64)]

    seconds = 5e-10 * n**3 if n <= DENSE_ITEMS else 1e-7 * n**2
    return [
        Heuristic("order of the Fiedler vector", spectral, seconds),
        Heuristic("frontal orders", frontal, seconds + 1e-7 * n**2),
        Heuristic("order of a spanning tree", lambda: [tree_order(w)], 5e-7 * n**2),
        Heuristic("reverse Cuthill-McKee order", breadth_first, 4e-7 * n**2),
    ]


def spectral_order(w: Floats) -> Ints:
    """One spectral order, int64 (n,).

    >>> int(spectral_order(np.array([[0.0, 0, 1], [0, 0, 1], [1, 1, 0]]))[1])  # the item in the middle
    2
    """
    order: Ints = spectral_orders(w, 1)[0]
    return order


def spectral_orders(w: Floats, count: int) -> Ints:
    """Spectral orders, int64 (count, n): of random vectors of the eigenspace where that has several dimensions.

    >>> complete = np.ones((4, 4))  # all vectors with sum 0 are eigenvectors of its Laplacian
    >>> spectral_orders(complete, 2).shape
    (2, 4)
    """
    w = _without_diagonal(w)
    parts, part = _components(w)
    rng = np.random.default_rng(0)
    orders = []
    for k in range(parts):
        items = np.flatnonzero(part == k)
        x = _least_vectors(w[np.ix_(items, items)] if parts > 1 else w)
        first = np.zeros((x.shape[1], 1))
        first[0] = 1
        directions = first.repeat(count, 1) if x.shape[1] == 1 else rng.normal(size=(x.shape[1], count))
        orders.append(items[np.argsort(x @ directions, axis=0, kind="stable")])
    return np.concatenate(orders).T if orders else np.zeros((count, 0), dtype=np.int64)


def _components(w: Floats) -> tuple[int, Ints]:
    """How many connected components there are, and the one of each item, int64 (n,): row by row of the dense matrix."""
    n = len(w)
    part, parts = np.full(n, -1), 0
    while (part < 0).any():
        waiting = [int((part < 0).argmax())]
        part[waiting] = parts
        while waiting:
            new = np.flatnonzero((w[waiting.pop()] != 0) & (part < 0))
            part[new] = parts
            waiting += new.tolist() if (part < 0).any() else []
        parts += 1
    return parts, part


def _least_vectors(w: Floats) -> Floats:
    """An orthonormal basis of the eigenspace of the least eigenvalue of w's Laplacian on vectors with sum 0.

    Beyond DENSE_ITEMS a single vector, near it.
    """
    n = len(w)
    if n < 3:
        return np.arange(n, dtype=np.float64)[:, None]
    if n > DENSE_ITEMS:
        return _lanczos(w)
    laplacian = np.diag(w.sum(axis=1)) - w
    size = 2 * float(np.abs(w).sum(axis=1).max(initial=0))  # no eigenvalue is larger, by Gershgorin's circles
    laplacian += (1 + size) / n  # moves the constant vector's eigenvalue, 0, above all others
    for wanted in (min(12, n - 1), n - 1):
        values, vectors = eigh(laplacian, subset_by_index=[0, wanted - 1])
        least = values <= values[0] + TIE_TOLERANCE * size
        if not least.all():
            break
    return np.asarray(vectors[:, least])


def _lanczos(w: Floats) -> Floats:
    """The best approximation, float64 (n, 1), of such a vector in a Krylov space (Golub, Van Loan, ch. 10)."""
    n, degree = len(w), w.sum(axis=1)
    basis = np.zeros((LANCZOS_STEPS + 2, n))
    basis[0] = n**-0.5  # what all vectors are kept orthogonal to, besides each other
    start = np.random.default_rng(0).normal(size=n)
    start -= start.mean()
    basis[1] = start / np.linalg.norm(start)
    diagonal, beside = np.zeros(LANCZOS_STEPS), np.zeros(LANCZOS_STEPS)
    for k in range(LANCZOS_STEPS):
        found = basis[: k + 2]
        image = degree * found[-1] - w @ found[-1]
        diagonal[k] = image @ found[-1]
        for _ in range(2):  # once is not enough in floating point
            image -= found.T @ (found @ image)
        beside[k] = np.linalg.norm(image)
        if beside[k] <= TIE_TOLERANCE * np.abs(diagonal[: k + 1]).max() or _settled(diagonal[: k + 1], beside[: k + 1]):
            break
        basis[k + 2] = image / beside[k]
    _, least = eigh_tridiagonal(diagonal[: k + 1], beside[:k], select="i", select_range=(0, 0))
    return np.asarray(basis[1 : k + 2].T @ least)


def _settled(diagonal: Floats, beside: Floats) -> bool:
    """Whether the least Ritz vector is within SETTLED, an angle, of an eigenvector: residual over distance to the next.

    Asked at every tenth step.
    """
    if len(diagonal) % 10:
        return False
    values, vectors = eigh_tridiagonal(diagonal, beside[:-1], select="i", select_range=(0, 1))
    return bool(beside[-1] * abs(vectors[-1, 0]) <= SETTLED * (values[1] - values[0]))


def frontal_orders(w: Floats, firsts: Ints) -> Ints:
    """Frontal orders that start with the given items, int64 (k,); int64 (k, n).

    Ties go to the item with the most recently placed neighbour.

    >>> frontal_orders(np.array([[0.0, 0, 1], [0, 0, 1], [1, 1, 0]]), np.array([1])).tolist()
    [[1, 2, 0]]
    """
    w = _without_diagonal(w)
    n, each = len(w), np.arange(len(firsts))
    close = TIE_TOLERANCE * float(np.abs(w).sum(axis=1).max(initial=0))
    added = np.tile(w.sum(axis=1), (len(firsts), 1))  # what placing an item adds to the cut
    touched = np.full(added.shape, -1)  # the place of the last placed neighbour
    orders = np.empty((len(firsts), n), dtype=np.int64)
    chosen = firsts
    for q in range(n):
        if q:
            least = added.min(axis=1, keepdims=True) + close
            chosen = np.where(added <= least, touched, -2).argmax(axis=1)
        orders[:, q] = chosen
        added -= 2 * w[chosen]
        added[each, chosen] = np.inf
        touched[w[chosen] != 0] = q
    return orders


def tree_order(w: Floats) -> Ints:
    """The order of a maximum spanning forest, int64 (n,).

    >>> tree_order(np.array([[0.0, 0, 1], [0, 0, 1], [1, 1, 0]])).tolist()
    [0, 2, 1]
    """
    w = _without_diagonal(w)
    n = len(w)
    u, v = np.nonzero(np.triu(w))
    # A minimum spanning tree of the ranks is a maximum one of the weights, whatever their sign.
    rank = np.empty(len(u))
    rank[np.argsort(-w[u, v], kind="stable")] = np.arange(1, len(u) + 1)
    tree = minimum_spanning_tree(csr_array((rank, (u, v)), shape=(n, n)))
    tree = csr_array(tree + tree.T)
    parts, part = connected_components(tree, directed=False)
    return np.concatenate([_between_subtrees(tree, np.flatnonzero(part == k)) for k in range(parts)] or [part]).astype(
        np.int64
    )


def _between_subtrees(tree: csr_array, items: Ints) -> Ints:
    """The order of one tree from its centroid: an item's subtrees go to both its sides, the largest outermost."""
    # The centroid: the item whose removal leaves the smallest largest component.
    nodes, parent, size = _rooted(tree, int(items[0]))
    heaviest = np.zeros(len(parent), dtype=np.int64)
    np.maximum.at(heaviest, parent[nodes[1:]], size[nodes[1:]])
    heaviest[nodes] = np.maximum(heaviest[nodes], len(nodes) - size[nodes])
    nodes, parent, size = _rooted(tree, int(nodes[heaviest[nodes].argmin()]))

    # From the centroid outwards: divide each subtree's places between its root and the children's subtrees.
    begin = np.zeros(len(parent), dtype=np.int64)  # the first place of an item's subtree
    rightwards = np.zeros(len(parent), dtype=np.int64)  # 1 for items to the right of their parent
    order = np.empty(len(nodes), dtype=np.int64)
    for v in nodes.tolist():
        children = tree.indices[tree.indptr[v] : tree.indptr[v + 1]]
        children = children[parent[children] == v]
        children = children[np.argsort(-size[children], kind="stable")]
        left, right = children[rightwards[v] :: 2], children[1 - rightwards[v] :: 2][::-1]
        rightwards[right] = 1
        row = np.r_[left, v, right]
        width = np.r_[size[left], 1, size[right]]
        begin[row] = begin[v] + np.cumsum(width) - width
        order[begin[v]] = v
    return order


def _rooted(tree: csr_array, root: int) -> tuple[Ints, Ints, Ints]:
    """The items of the root's tree in breadth-first order; every item's parent and the size of its subtree."""
    nodes, parent = breadth_first_order(tree, root, directed=False)
    size = np.ones(len(parent), dtype=np.int64)
    for v in nodes[:0:-1].tolist():
        size[parent[v]] += size[v]
    return nodes, parent, size


def _without_diagonal(w: Floats) -> Floats:
    w = np.array(w, dtype=np.float64)
    np.fill_diagonal(w, 0)
    return w
