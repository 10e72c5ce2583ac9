"""Orders worth starting from when items with large weights w_uv should stand close: what easier problems give.

    spectral       the order of an x with sum x = 0, |x| = 1 that minimises sum over pairs of w_uv (x_u - x_v)^2: the
                   relaxation of the arrangement by squared distances, solved by eigenvectors (Juvan and Mohar 1992)
    frontal        next the item that leaves the least weight cut between those placed and the rest; optimal on
                   hypercubes (Harper 1964)
    tree           a heaviest spanning tree from its centroid, each item between its subtrees, the largest far outside
    breadth first  reverse Cuthill-McKee (Cuthill and McKee 1969), where some weights are zero

All take weights float64 (n, n), symmetric, of any sign, the diagonal ignored, and give int64 orders, entry [., q] the
item at place q. A zero weight says nothing of a pair, so the parts of a disconnected graph stand one after another.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree, reverse_cuthill_mckee

from formulations.problem import Floats, Ints

TIE_TOLERANCE = 1e-9  # relative to the largest: eigenvalues, or cuts, that are no further apart count as equal


def order_starts(w: Floats, count: int = 4) -> Ints:
    """Different orders from all of the above, int64 (k, n), k >= 1: of spectral and of frontal ones up to `count`."""
    n = len(w)
    spectral = spectral_orders(w, count)
    spread = spectral[0, np.unique(np.linspace(0, n - 1, count).astype(np.int64))] if n else np.zeros(1, dtype=np.int64)
    found = [*spectral, *(frontal_orders(w, spread) if n else ()), tree_order(w)]
    graph = csr_array(_without_diagonal(w))
    if 0 < graph.nnz < n * (n - 1):
        found.append(reverse_cuthill_mckee(graph, symmetric_mode=True).astype(np.int64))
    facing = [order if not n or order[0] <= order[-1] else order[::-1] for order in found]
    return np.array(list({order.tobytes(): order for order in facing}.values()))


def spectral_order(w: Floats) -> Ints:
    """One spectral order, int64 (n,)."""
    order: Ints = spectral_orders(w, 1)[0]
    return order


def spectral_orders(w: Floats, count: int) -> Ints:
    """Spectral orders, int64 (count, n): along directions drawn from the eigenspace where it has several dimensions."""
    w = _without_diagonal(w)
    parts, part = connected_components(csr_array(w), directed=False)
    rng = np.random.default_rng(0)
    orders = []
    for k in range(parts):
        items = np.flatnonzero(part == k)
        x = _least_vectors(w[np.ix_(items, items)])
        first = np.zeros((x.shape[1], 1))
        first[0] = 1
        ways = first.repeat(count, 1) if x.shape[1] == 1 else rng.normal(size=(x.shape[1], count))
        orders.append(items[np.argsort(x @ ways, axis=0, kind="stable")])
    return np.concatenate(orders).T if orders else np.zeros((count, 0), dtype=np.int64)


def _least_vectors(w: Floats) -> Floats:
    """An orthonormal basis of the eigenspace of least eigenvalue of w's Laplacian, on vectors that add up to zero."""
    n = len(w)
    if n < 3:
        return np.arange(n, dtype=np.float64)[:, None]
    laplacian = np.diag(w.sum(axis=1)) - w
    size = 2 * float(np.abs(w).sum(axis=1).max(initial=0))  # no eigenvalue is larger, by Gershgorin's circles
    laplacian += (1 + size) / n  # lifts that of the constant vector, which is 0, above all others
    for wanted in (min(12, n - 1), n - 1):
        values, vectors = eigh(laplacian, subset_by_index=[0, wanted - 1])
        least = values <= values[0] + TIE_TOLERANCE * size
        if not least.all():
            break
    return np.asarray(vectors[:, least])


def frontal_orders(w: Floats, firsts: Ints) -> Ints:
    """Frontal orders from each of the first items, int64 (k,), on; int64 (k, n).

    Among items that leave equally little cut, the one whose last placed neighbour was placed last is next.
    """
    w = _without_diagonal(w)
    n, each = len(w), np.arange(len(firsts))
    close = TIE_TOLERANCE * float(np.abs(w).sum(axis=1).max(initial=0))
    more = np.tile(w.sum(axis=1), (len(firsts), 1))  # what placing an item adds to the cut
    touched = np.full(more.shape, -1)
    orders = np.empty((len(firsts), n), dtype=np.int64)
    chosen = firsts
    for q in range(n):
        if q:
            least = more.min(axis=1, keepdims=True) + close
            chosen = np.where(more <= least, touched, -2).argmax(axis=1)
        orders[:, q] = chosen
        more -= 2 * w[chosen]
        more[each, chosen] = np.inf
        touched[w[chosen] != 0] = q
    return orders


def tree_order(w: Floats) -> Ints:
    """The order of a heaviest spanning forest, int64 (n,)."""
    w = _without_diagonal(w)
    n = len(w)
    u, v = np.nonzero(np.triu(w))
    # The lightest tree of ranks is the heaviest of weights, whatever their sign.
    rank = np.empty(len(u))
    rank[np.argsort(-w[u, v], kind="stable")] = np.arange(1, len(u) + 1)
    tree = minimum_spanning_tree(csr_array((rank, (u, v)), shape=(n, n)))
    tree = csr_array(tree + tree.T)
    parts, part = connected_components(tree, directed=False)
    return np.concatenate([_between_subtrees(tree, np.flatnonzero(part == k)) for k in range(parts)] or [part]).astype(
        np.int64
    )


def _between_subtrees(tree: csr_array, items: Ints) -> Ints:
    """The order of one tree from its centroid: subtrees of an item go to both its sides, the largest outwards."""
    nodes, parent, size = _rooted(tree, int(items[0]))
    heaviest = np.zeros(len(parent), dtype=np.int64)  # of the parts that are left if an item goes
    np.maximum.at(heaviest, parent[nodes[1:]], size[nodes[1:]])
    heaviest[nodes] = np.maximum(heaviest[nodes], len(nodes) - size[nodes])
    nodes, parent, size = _rooted(tree, int(nodes[heaviest[nodes].argmin()]))
    begin = np.zeros(len(parent), dtype=np.int64)  # the first place of an item's subtree
    rightwards = np.zeros(len(parent), dtype=np.int64)  # whether it stands to the right of its parent
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
    """The items of the root's tree from the root down; every item's parent, and how many its subtree has."""
    nodes, parent = breadth_first_order(tree, root, directed=False)
    size = np.ones(len(parent), dtype=np.int64)
    for v in nodes[:0:-1].tolist():
        size[parent[v]] += size[v]
    return nodes, parent, size


def _without_diagonal(w: Floats) -> Floats:
    w = np.array(w, dtype=np.float64)
    np.fill_diagonal(w, 0)
    return w
