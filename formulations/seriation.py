"""Finding an order of n items in which those that are alike stand together.

As a path: the Hamiltonian path of least total dissimilarity, a tour through one more item at distance 0 of all others.

As an arrangement, p a permutation and p(u) the place of item u:

    minimize    sum over pairs of w_uv |p(u) - p(v)|                            linear arrangement

and the like with W(|p(u) - p(v)|): all are <A, P B P'> over permutation matrices P, A the data, B_ij = W(|i - j|). The
linear arrangement is stated for integer solvers, too: orders.integer_arrangement.

The adjacent, more amenable problems give orders to start from, which no answer should fall behind: the order of the
Fiedler vector (the arrangement with squares, over the sphere instead of permutations), the optimal leaf orders of
hierarchical clusterings (the path among the orders that a tree allows; single linkage is the minimum spanning tree).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from formulations.bounds.arrangement_bounds import order_duals
from formulations.graphs import Network, symmetric
from formulations.graphs.tours import one_more, short_path
from formulations.orders.adjacent import Adjacent
from formulations.orders.criteria import CRITERIA, PATHS, as_path, objective, objective_seconds
from formulations.orders.greedy_path import greedy_path
from formulations.orders.integer_arrangement import integer_arrangement
from formulations.orders.leaf_order import leaf_order_seconds, leaf_orders
from formulations.orders.order_starts import order_heuristics
from formulations.problem import (
    Floats,
    Heuristic,
    Ints,
    Ordering,
    PathLength,
    Problem,
    QuadraticAssignment,
    Reference,
    SearchProblem,
    place_distances,
)
from formulations.problem.arrangement import LISTED_ITEMS

LARGEST_PROGRAM = 400  # items up to which a path is an integer program, of n^2 / 2 variables
NEIGHBOURS = {"Lazy_path_length": ("Path_length",), "Moore_stress": ("Neumann_stress", "LS")}  # of such a criterion
PERMUTATION = r"\pi \text{, a permutation of } 1, \ldots, n"
FORMS: dict[type, str] = {  # what objectives are, in LaTeX; a scale s and an offset c are of no consequence to orders
    QuadraticAssignment: r"s \sum_{u, v} A_{uv} B_{\pi_u \pi_v} + c",
    PathLength: r"\sum_{i = 1}^{n - 1} D_{\pi_i \pi_{i + 1}}",
    Ordering: r"f(\pi) \text{, a criterion of the order and of the dissimilarities}",
}
CLIP = 1e-9  # a similarity of 1 counts as 1 - CLIP: its logarithm must be finite


def hamiltonian_path(distance: Floats) -> Problem | SearchProblem:
    """The shortest path through all n >= 2 items; answer: the items in order, the smaller end first.

    An integer program up to 400 items. Beyond, its model is too large for an LP: a search, bounded by spanning trees,
    that has the integer program as its `model`. distance is float64 (n, n), symmetric and finite; its diagonal is
    ignored. Raises ValueError for any other.

    >>> from solvers import solve
    >>> place = np.array([0.0, 5.0, 1.0, 3.0])
    >>> solve(hamiltonian_path(np.abs(place[:, None] - place))).answer
    [0, 2, 3, 1]
    """
    D = symmetric(distance, "distance")
    return _path_program(D) if _some(len(D)) <= LARGEST_PROGRAM else _path_search(D)


def _path_program(D: Floats, sense: Any = "minimize", starts: Sequence[Heuristic] = ()) -> Problem:
    """The shortest path as an integer program; or, to maximize, the longest one of -D."""
    from formulations.travelling_salesman import travelling_salesman  # cvxpy takes a second to load

    known: dict[str, Callable[[], Ints]] = {
        **leaf_orders(D),
        **{start.name: partial(_first, start) for start in starts},
    }
    tour = travelling_salesman(one_more(D), lambda: [np.r_[0, order() + 1] for order in known.values()])
    path = replace(
        tour,
        answer=lambda values: canonical(np.asarray(tour.answer(values)[1:]) - 1).tolist(),
        references=[
            *tour.references,
            Reference("spanning tree (networkx)", lambda: _spanning_tree(D), ">="),
            *(Reference(name, partial(_path, D, order), "<=") for name, order in known.items()),
        ],
    )
    if sense == "minimize":
        return path
    import cvxpy as cp

    turned = [reference.negated() for reference in path.references]
    return replace(path, objective=cp.Maximize(-path.objective.expr), references=turned)


def _path_search(D: Floats, sense: Any = "minimize", starts: Sequence[Heuristic] = ()) -> SearchProblem:
    """The shortest path, or the longest one of -D, as a search over orders."""
    form = PathLength(D if sense == "minimize" else -D)
    greedy = Heuristic("greedy path", lambda: [greedy_path(D)], 1e-7 * form.n**2)
    adjacent = [Adjacent(start) for start in (greedy, *_leaves(D), *starts)]
    return _orders(form, sense, adjacent, answer=_listed, model=lambda: _path_program(D, sense, starts))


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
        model=(lambda: integer_arrangement(W, canonical)) if (W >= 0).all() else None,
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
    return _orders(form, "minimize")


def challenge(similarity: Floats, starts: Sequence[Heuristic] = ()) -> SearchProblem:
    """maximize the score 100 (1 - 3/n sum of w_uv |p(u) - p(v)| / sum of w_uv), w = -log(1 - s): random orders have 0.

    similarity is float64 (n, n), symmetric, in [0, 1]; a pair that is not known has 0, a 1 counts as 1 - 1e-9; starts
    are further orders to start from, which no answer should fall behind. Raises ValueError for any other, or if all
    are 0.

    >>> from solvers import solve
    >>> place = np.array([0.0, 0.5, 0.1, 0.3])
    >>> solve(challenge(1 - np.abs(place[:, None] - place))).answer
    [0, 2, 3, 1]
    """
    s = symmetric(similarity, "similarity")
    n = _some(len(s))
    if s.min() < 0 or s.max() > 1:
        raise ValueError(f"the similarities go from {s.min()} to {s.max()}; they must be within 0 and 1")
    W = np.minimum(s, 1 - CLIP)
    for step in (np.negative, np.log1p, np.negative):  # -log(1 - s), in place
        step(W, out=W)
    if not W.any():
        raise ValueError("all similarities are 0, so that all orders are equally good")
    form = QuadraticAssignment(W, place_distances(n), -300 / n / W.sum(), 100.0)
    maths = {
        "maximize": r"100 \left(1 - \frac{3}{n} \frac{\sum_{u < v} w_{uv} |\pi_u - \pi_v|}{\sum_{u < v} w_{uv}}\right)",
        "over": PERMUTATION,
        "where": r"w_{uv} = -\log(1 - s_{uv})",
    }
    return replace(_arrangement(form, "maximize", 1 - s, starts=starts), maths=maths)


def seriation(dissimilarity: Floats, criterion: str, starts: Sequence[Heuristic] = ()) -> SearchProblem | Problem:
    """The best order by a criterion of R's package seriation (orders.criteria has them), at its value there.

    Path_length, Neumann_stress and ME are shortest Hamiltonian paths: integer programs from 11 to 400 items.
    dissimilarity is float64 (n, n), symmetric, finite, not negative, zero on the diagonal; starts are further orders to
    start from, which no answer should fall behind (orders.table_orders has some). Raises ValueError otherwise.

    >>> from solvers import solve
    >>> place = np.array([0.0, 5.0, 1.0, 3.0])
    >>> solve(seriation(np.abs(place[:, None] - place), "2SUM")).answer
    [0, 2, 3, 1]
    """
    d = symmetric(dissimilarity, "dissimilarity")
    form = objective(criterion, d)
    n, sense = _some(len(d)), "maximize" if CRITERIA[criterion].merit else "minimize"
    steps = as_path(criterion, d)
    if steps is not None:
        path = _path_program if LISTED_ITEMS < n <= LARGEST_PROGRAM else _path_search
        return path(steps, sense, starts)
    short = [
        Heuristic(f"short path by {name}", partial(_short_path, name, d), 3e-6 * n**2)
        for name in NEIGHBOURS.get(criterion, ())
        if name in PATHS
    ]
    problem = _arrangement(form, sense, d, short, starts=starts)
    if not isinstance(form, Ordering):
        return problem
    surrogates = [
        Heuristic(name, partial(_minimized, name, d), objective_seconds(name, n))
        for name in NEIGHBOURS.get(criterion, ("LS", "Inertia"))
    ]
    return replace(problem, surrogates=surrogates)


def _short_path(criterion: str, d: Floats) -> list[Ints]:
    D = as_path(criterion, d)
    return [] if D is None else [short_path(D)]


def _minimized(name: str, d: Floats) -> list[QuadraticAssignment]:
    """A quadratic criterion as one that is minimized."""
    form = objective(name, d)
    assert isinstance(form, QuadraticAssignment)
    return [form.minimized("maximize" if CRITERIA[name].merit else "minimize")]


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
    more: Sequence[Heuristic] = (),
    model: Callable[[], Problem] | None = None,
    starts: Sequence[Heuristic] = (),
) -> SearchProblem:
    """An arrangement of items with dissimilarities d, or what stands for them, its neighbours, and further starts."""
    similarity = d.max(initial=0) - d
    for matrix in (d, similarity):
        np.fill_diagonal(matrix, 0)
    fiedler, *others = order_heuristics(similarity)
    adjacent = [Adjacent(start) for start in (fiedler, *_leaves(d), *starts)]
    return _orders(
        form, sense, adjacent, [*others, *more], answer=np.ndarray.tolist if form.directed else _listed, model=model
    )


def _leaves(d: Floats) -> list[Heuristic]:
    seconds = leaf_order_seconds(len(d))
    return [Heuristic(name, partial(_alone, order), seconds) for name, order in leaf_orders(d).items()]


def _alone(order: Callable[[], Ints]) -> list[Ints]:
    return [order()]


def _orders(
    form: QuadraticAssignment | PathLength | Ordering,
    sense: Any,
    adjacent: Sequence[Adjacent] = (),
    heuristics: Sequence[Heuristic] = (),
    **more: Any,
) -> SearchProblem:
    """The orders of the items as the set that is searched."""

    def broken(order: Ints) -> str | None:
        whole = np.asarray(order).dtype.kind in "iu" and np.array_equal(np.sort(order), np.arange(form.n))
        return None if whole else "the rule that every item stands once"

    starts = [*(Heuristic(a.name, a.find, a.seconds) for a in adjacent), *heuristics]
    return SearchProblem(
        sense=sense,
        objective=form,
        broken=broken,
        membership="the answer has every item once",
        values=lambda order: {"order": order.astype(np.float64)},
        starts=sorted(starts, key=lambda start: start.seconds),
        weak_duals=order_duals(form, maximize=sense == "maximize"),
        references=[a.reference(form, "<=" if sense == "minimize" else ">=") for a in adjacent],
        maths={sense: FORMS[type(form)], "over": PERMUTATION},
        **more,
    )


def _some(n: int) -> int:
    """n, unless there is nothing to order."""
    if n < 2:
        raise ValueError(f"there {'is 1 item' if n else 'are no items'}; an order needs at least 2")
    return n


def _first(start: Heuristic) -> Ints:
    order: Ints = next(iter(start.find()))
    return order


def _path(D: Floats, order: Callable[[], Ints]) -> float:
    found = order()
    return float(D[found[:-1], found[1:]].sum())


def _spanning_tree(D: Floats) -> float:
    """No path is shorter than the shortest tree."""
    import networkx as nx

    i, j = np.triu_indices(len(D), 1)
    graph = Network(range(len(D)), i, j, D[i, j]).to_networkx()
    return float(sum(D[u, v] for u, v in nx.minimum_spanning_edges(graph, algorithm="prim", data=False)))
