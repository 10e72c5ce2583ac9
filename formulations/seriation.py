"""Finding an order of n items in which those that are alike stand together.

As a path: the Hamiltonian path of least total dissimilarity, a tour through one more item at distance 0 of all others.

As an arrangement, p a permutation and p(u) the place of item u:

    minimize    sum over pairs of w_uv |p(u) - p(v)|                            linear arrangement

and the like with W(|p(u) - p(v)|): all are <A, P B P'> over permutation matrices P, A the data, B_ij = W(|i - j|). The
linear arrangement is stated for integer solvers, too, with z the places and d the distances:

    minimize    sum of w_uv d_uv
    over        P in {0, 1}^(n x n), d >= 1
    subject to  P 1 = 1                                "one place for each item"
                P'1 = 1                                "one item in each place"
                d_uv >= z_u - z_v,  z = P (0 .. n-1)   "distance", and the same "backwards"

The adjacent, more amenable problems give orders to start from, which no answer should fall behind: the order of the
Fiedler vector (the arrangement with squares, over the sphere instead of permutations), the optimal leaf orders of
hierarchical clusterings (the path among the orders that a tree allows; single linkage is the minimum spanning tree).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from itertools import permutations
from typing import Any, get_args

import numpy as np
from scipy.sparse import csr_array

from formulations.bounds.arrangement_bounds import weak_duals
from formulations.bounds.subset_potentials import subset_bound
from formulations.graphs import Network, symmetric
from formulations.graphs.tours import one_more, short_path
from formulations.orders.criteria import CRITERIA, as_path, objective
from formulations.orders.leaf_order import Linkage, linkage_tree, optimal_leaf_order
from formulations.orders.order_starts import order_starts, spectral_order
from formulations.problem import (
    Floats,
    Ints,
    Ordering,
    Problem,
    QuadraticAssignment,
    Reference,
    SearchProblem,
    WeakDual,
    place_distances,
)

LARGEST = 2000  # items for which the clusterings are tried
NEIGHBOURS = {"Lazy_path_length": ("Path_length",), "Moore_stress": ("Neumann_stress", "LS")}  # of such a criterion
CLIP = 1e-9  # a similarity of 1 counts as 1 - CLIP: its logarithm must be finite


def hamiltonian_path(distance: Floats) -> Problem:
    """The shortest path through all n >= 2 items; answer: the items in order, the smaller end first.

    distance is float64 (n, n), symmetric and finite; its diagonal is ignored. Raises ValueError for any other.

    >>> from solvers import solve
    >>> place = np.array([0.0, 5.0, 1.0, 3.0])
    >>> solve(hamiltonian_path(np.abs(place[:, None] - place))).answer
    [0, 2, 3, 1]
    """
    from formulations.travelling_salesman import travelling_salesman  # cvxpy takes a second to load

    D = symmetric(distance, "distance")
    _some(len(D))
    leaves = leaf_orders(D)
    tour = travelling_salesman(one_more(D), lambda: [np.r_[0, order() + 1] for order in leaves.values()])
    return replace(
        tour,
        answer=lambda values: canonical(np.asarray(tour.answer(values)[1:]) - 1).tolist(),
        references=[
            *tour.references,
            Reference("spanning tree (networkx)", lambda: _spanning_tree(D), ">="),
            *(Reference(name, partial(_path, D, order), "<=") for name, order in leaves.items()),
        ],
    )


def linear_arrangement(weights: Floats) -> SearchProblem:
    """minimize the sum over pairs of w_uv |p(u) - p(v)|; answer: the n >= 2 items in order, the smaller end first.

    weights is float64 (n, n), symmetric and finite, of any sign; its diagonal is ignored. Raises ValueError otherwise.

    >>> from solvers import solve
    >>> path = np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1)
    >>> solve(linear_arrangement(path)).value
    3.0
    """
    W = symmetric(weights, "weight")
    return _arrangement(
        QuadraticAssignment(W, place_distances(_some(len(W))), 0.5),
        "minimize",
        W.max(initial=0) - W,
        (lambda: _as_integers(W)) if (W >= 0).all() else None,
    )


def quadratic_assignment(A: Floats, B: Floats) -> SearchProblem:
    """minimize the sum over i, j of A_ij B_p(i)p(j) (Koopmans and Beckmann 1957); answer: the item at each place.

    A, B float64 (n, n), finite, not necessarily symmetric. Raises ValueError otherwise.

    >>> from solvers import solve
    >>> solve(quadratic_assignment(np.array([[0.0, 2], [1, 0]]), np.array([[0.0, 3], [4, 0]]))).value
    10.0
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    if A.ndim != 2 or A.shape != B.shape or A.shape[0] != A.shape[1] or not A.size:
        raise ValueError(f"the two matrices have the shapes {A.shape} and {B.shape}; give two square ones of one size")
    if not (np.isfinite(A).all() and np.isfinite(B).all()):
        raise ValueError("an entry of the two matrices is not a finite number; give finite ones")
    form = QuadraticAssignment(A, B)
    return _orders(form, "minimize", weak_duals=_weak_duals(form, "minimize"))


def challenge(similarity: Floats) -> SearchProblem:
    """maximize the score 100 (1 - 3/n sum of w_uv |p(u) - p(v)| / sum of w_uv), w = -log(1 - s): random orders have 0.

    similarity is float64 (n, n), symmetric, in [0, 1]; a pair that is not known has 0, a 1 counts as 1 - 1e-9.
    Raises ValueError for any other, or if all are 0.

    >>> from solvers import solve
    >>> place = np.array([0.0, 0.5, 0.1, 0.3])
    >>> solve(challenge(1 - np.abs(place[:, None] - place))).answer
    [0, 2, 3, 1]
    """
    s = symmetric(similarity, "similarity")
    n = _some(len(s))
    if s.min() < 0 or s.max() > 1:
        raise ValueError(f"the similarities go from {s.min()} to {s.max()}; they must be within 0 and 1")
    W = -np.log1p(-np.minimum(s, 1 - CLIP))
    if not W.any():
        raise ValueError("all similarities are 0, so that all orders are equally good")
    form = QuadraticAssignment(W, place_distances(n), -300 / n / W.sum(), 100.0)
    return _arrangement(form, "maximize", 1 - s)


def seriation(dissimilarity: Floats, criterion: str) -> SearchProblem | Problem:
    """The best order by a criterion of R's package seriation (orders.criteria has them), at its value there.

    Path_length, Neumann_stress and ME are shortest Hamiltonian paths, so integer programs. dissimilarity is float64
    (n, n), symmetric, finite, not negative, zero on the diagonal. Raises ValueError otherwise.

    >>> from solvers import solve
    >>> place = np.array([0.0, 5.0, 1.0, 3.0])
    >>> solve(seriation(np.abs(place[:, None] - place), "2SUM")).answer
    [0, 2, 3, 1]
    """
    d = symmetric(dissimilarity, "dissimilarity")
    form = objective(criterion, d)
    _some(len(d))
    steps = as_path(criterion, d)
    if steps is None:
        surrogates = [_minimized(name, d) for name in NEIGHBOURS.get(criterion, ("LS", "Inertia"))]
        paths = {name: as_path(name, d) for name in NEIGHBOURS.get(criterion, ())}
        short = {f"short path by {name}": cache(partial(short_path, D)) for name, D in paths.items() if D is not None}
        return replace(
            _arrangement(form, "maximize" if CRITERIA[criterion].merit else "minimize", d, more=short),
            surrogates=surrogates if isinstance(form, Ordering) else (),
        )
    path = hamiltonian_path(steps)
    if not CRITERIA[criterion].merit:
        return path
    turned = [replace(r, value=partial(_minus, r.value), relation=_OTHER[r.relation]) for r in path.references]
    import cvxpy as cp

    return replace(path, objective=cp.Maximize(-path.objective.expr), references=turned)


def _minimized(name: str, d: Floats) -> QuadraticAssignment:
    """A quadratic criterion as one that is minimized."""
    form = objective(name, d)
    assert isinstance(form, QuadraticAssignment)
    return form.minimized("maximize" if CRITERIA[name].merit else "minimize")


def _minus(value: Callable[[], float]) -> float:
    return -value()


_OTHER: dict[str, Any] = {"==": "==", "<=": ">=", ">=": "<="}


def leaf_orders(d: Floats) -> dict[str, Callable[[], Ints]]:
    """The optimal leaf orders of the usual clusterings by name, worked out when asked for, once.

    >>> sorted(leaf_orders(np.abs(np.subtract.outer(range(3), range(3)) * 1.0)))[0]
    'leaf order, average linkage'
    """
    if len(d) > LARGEST:
        return {}
    if d.min() < 0:  # a constant more for all pairs changes no path, and clusterings need it
        d = d - d.min()
        np.fill_diagonal(d, 0)
    return {f"leaf order, {method} linkage": cache(partial(_leaf_order, d, method)) for method in get_args(Linkage)}


def _leaf_order(d: Floats, method: Linkage) -> Ints:
    return optimal_leaf_order(d, linkage_tree(d, method))[0]


def _listed(order: Ints) -> list[int]:
    items: list[int] = canonical(order).tolist()
    return items


def canonical(order: Ints) -> Ints:
    """Of an order and its reverse, the one whose smaller end comes first.

    >>> canonical(np.array([2, 0, 1])).tolist()
    [1, 0, 2]
    """
    return order if order[0] <= order[-1] else order[::-1].copy()


def _arrangement(
    form: QuadraticAssignment | Ordering,
    sense: Any,
    d: Floats,
    model: Callable[[], Problem] | None = None,
    more: Mapping[str, Callable[[], Ints]] | None = None,
) -> SearchProblem:
    """An arrangement of items with dissimilarities d, or what stands for them, and its neighbours."""
    similarity = d.max(initial=0) - d
    for matrix in (d, similarity):
        np.fill_diagonal(matrix, 0)
    adjacent: dict[str, Callable[[], Ints]] = {
        "order of the Fiedler vector": cache(partial(spectral_order, similarity)),
        **leaf_orders(d),
    }

    def value(name: str) -> float:
        return float(form.values(adjacent[name]()[None])[0])

    return _orders(
        form,
        sense,
        answer=_listed,
        model=model,
        starts=lambda: np.vstack([*(order() for order in adjacent.values()), order_starts(similarity)]),
        weak_duals=_weak_duals(form, sense),
        references=[Reference(name, partial(value, name), "<=" if sense == "minimize" else ">=") for name in adjacent],
    )


def _orders(form: QuadraticAssignment | Ordering, sense: Any, **more: Any) -> SearchProblem:
    """The orders of the items as the set that is searched."""

    def broken(order: Ints) -> str | None:
        whole = np.asarray(order).dtype.kind in "iu" and np.array_equal(np.sort(order), np.arange(form.n))
        return None if whole else "the rule that every item stands once"

    return SearchProblem(
        sense=sense,
        objective=form,
        broken=broken,
        membership="the answer has every item once",
        values=lambda order: {"order": order.astype(np.float64)},
        **more,
    )


def _weak_duals(form: QuadraticAssignment | Ordering, sense: Any) -> list[WeakDual]:
    """Bounds of any kind that the objective has, those that a solver comes by itself first."""
    sign = 1 if sense == "minimize" else -1

    def by_all_orders(_: Any) -> float:
        orders = np.array(list(permutations(range(form.n))), dtype=np.int64)
        return sign * float((sign * form.values(orders)).min())

    duals = [WeakDual("all orders", None, by_all_orders)]
    if isinstance(form, Ordering):
        return duals
    linear = form.as_linear()
    if linear is not None:
        W, constant = linear
        duals.append(
            WeakDual("potentials of all subsets", None, lambda table: sign * subset_bound(sign * W, table) + constant)
        )
    return [*duals, *weak_duals(form, maximize=sense == "maximize")]


def _as_integers(W: Floats) -> Problem:
    """The linear arrangement of weights that are not negative, as an integer program."""
    import cvxpy as cp

    n = len(W)
    u, v = (part[W[np.triu_indices(n, 1)] > 0] for part in np.triu_indices(n, 1))
    pairs, ones = np.arange(len(u)), np.ones(len(u))
    incidence = csr_array((np.r_[ones, -ones], (np.r_[pairs, pairs], np.r_[u, v])), shape=(len(u), n))
    P = cp.Variable((n, n), name="P", boolean=True)
    subject_to = {
        "one place for each item": cp.sum(P, axis=1) == 1,  # type: ignore[attr-defined]
        "one item in each place": cp.sum(P, axis=0) == 1,  # type: ignore[attr-defined]
    }
    total: Any = 0
    if len(u):
        d = cp.Variable(len(u), name="d", integer=True, bounds=[1, n - 1])
        z = P @ np.arange(n)
        subject_to |= {"distance": d >= incidence @ z, "backwards": d >= -incidence @ z}
        total = W[u, v] @ d
    return Problem(
        objective=cp.Minimize(total),
        subject_to=subject_to,
        answer=lambda values: canonical(np.argsort(values["P"] @ np.arange(n))).tolist(),
    )


def _some(n: int) -> int:
    """n, unless there is nothing to order."""
    if n < 2:
        raise ValueError(f"there {'is 1 item' if n else 'are no items'}; an order needs at least 2")
    return n


def _path(D: Floats, order: Callable[[], Ints]) -> float:
    found = order()
    return float(D[found[:-1], found[1:]].sum())


def _spanning_tree(D: Floats) -> float:
    """No path is shorter than the shortest tree."""
    import networkx as nx

    i, j = np.triu_indices(len(D), 1)
    graph = Network(range(len(D)), i, j, D[i, j]).to_networkx()
    return float(sum(D[u, v] for u, v in nx.minimum_spanning_edges(graph, algorithm="prim", data=False)))
