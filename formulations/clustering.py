"""Hierarchical clustering: which optimization problem does a greedy rule solve?

All rules begin with n items and merge the two nearest clusters until there is one. They differ in how far apart two
clusters are: as their nearest items (single), their furthest (complete), all on average (average), their means
(centroid) or by how much merging adds to the sum of squares about the means (ward).

Single linkage solves one exactly. Let u_ij be the height at which i and j meet.

    maximize    sum over pairs of u_ij
    subject to  u_ik <= max(u_ij, u_jk)     "ultrametric"
                u_ij <= d_ij                "u <= d"

A path from i to j bounds u_ij by its longest step, so that any spanning tree proves a bound; the shortest one has the
path with the least longest step for all pairs at once, and the two meet. Its u is above any other ultrametric below d,
pair by pair: the subdominant ultrametric (Gower and Ross, Minimum spanning trees and single linkage cluster analysis,
1969; Jardine and Sibson, Mathematical taxonomy, 1971).

The others solve none that is known. What they make is held against Dasgupta's cost for similarities w = 1 - d / max d:

    minimize    sum over pairs of w_ij |the least cluster with i and j|
    over        hierarchies of n items, two clusters merged at a time

(Dasgupta, A cost function for similarity-based hierarchical clustering, 2016): what is alike is to meet in a small
cluster. It is NP-hard. As every hierarchy costs (n^3 - n) / 3 where all w are 1, to minimize it is to maximize the same
sum of d, of which average linkage has at least 2/3 of the most (Cohen-Addad, Kanade, Mallmann-Trenn and Mathieu,
Hierarchical clustering: objective functions and algorithms, 2019). How much less any hierarchy can cost is bounded in
bounds.hierarchy_bounds, exactly up to 14 items, and bounds.hierarchy_subsets, up to a hundred.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.hierarchies import DasguptaCost, UltrametricSum
from formulations.arithmetic.lance_williams import ROUNDING, Rule, replay
from formulations.arithmetic.merges import merges_of_tree
from formulations.bounds.hierarchy_bounds import (
    MOST_SPLIT,
    best_splits,
    eigenvalue_bound,
    merges_of_splits,
    second_eigenvalue,
    splits_bound,
    triples_bound,
)
from formulations.bounds.hierarchy_subsets import affordable, subsets_bound
from formulations.graphs import symmetric
from formulations.graphs.prim import shortest_forest
from formulations.problem import Floats, Heuristic, Ints, Reference, SearchProblem, WeakDual, is_symmetric

RULES: tuple[Rule, ...] = get_args(Rule)
MAX_MAGNITUDE = 1e100  # of a distance, so that its square is finite
MOST_DENSE = 3000  # items up to which a matrix is factorised for an eigenvalue
MOST_GROUPS = 1000  # whose triples are gone through
TRIPLE_SECONDS = 2e-8  # that each takes on a slow day
SUBSETS_SECONDS = 5.0  # that going through the sets of few items takes at most, on a slow day
CHECKED_BY_SCIPY = 1000  # items
CLUSTER = r"\bigl| \text{least cluster with } i \text{ and } j \bigr|"


def clustering(distance: ArrayLike, linkage: Rule = "average") -> SearchProblem:
    """The hierarchy by that rule; its answer is the merges, float64 (n - 1, 4), as scipy.cluster.hierarchy has them.

    Of single linkage it is the best ultrametric below the distances; others are held against Dasgupta's cost.
    distance (n, n), symmetric, finite, not negative, n >= 1; centroid and ward take it for Euclidean. Raises ValueError
    for any other, and for a rule that there is not.

    >>> from solvers import solve
    >>> x = np.array([0.0, 5.0, 1.0, 8.0])
    >>> found = solve(clustering(np.abs(x[:, None] - x), "single"))
    >>> found.status, found.value, found.answer
    ('optimal', 20.0, [[0.0, 2.0, 1.0, 2.0], [1.0, 3.0, 3.0, 2.0], [4.0, 5.0, 4.0, 4.0]])
    """
    if linkage not in RULES:
        raise ValueError(f"there is no linkage {linkage!r}; choose among {', '.join(RULES)}")
    d = _distances(distance)
    if linkage == "single":
        return subdominant_ultrametric(d)
    start = Heuristic(f"{linkage} linkage", partial(_alone, d, linkage))
    form = DasguptaCost(similarities(d), made_by=partial(unlike, d, rule=linkage))
    return _dasgupta(
        form, [start], f"each merge is of two clusters that are nearest to each other, by {linkage} linkage"
    )


def subdominant_ultrametric(distance: ArrayLike) -> SearchProblem:
    """The largest ultrametric below the distances, (n, n); its answer is the merges. All of it is exact.

    >>> from solvers import solve
    >>> solve(subdominant_ultrametric([[0, 4, 1], [4, 0, 5], [1, 5, 0]])).value
    9.0
    """
    d = _distances(distance)

    @cache
    def tree() -> Ints:
        return shortest_forest(d)[1]

    def single() -> Floats:
        parents = tree()
        return merges_of_tree(parents, d[np.arange(len(d)), parents])

    form = UltrametricSum(d)
    references = [Reference("single linkage (scipy)", lambda: float(form.value(linked(d, "single"))))]
    return SearchProblem(
        sense="maximize",
        objective=form,
        broken=form.broken,
        membership="an ultrametric, no entry above the distance",
        answer=np.ndarray.tolist,
        values=lambda merges: {"merges": merges},
        starts=[Heuristic("single linkage", lambda: [single()])],
        weak_duals=[WeakDual("longest steps of a spanning tree's paths", lambda _: tree(), form.bound)],
        exact=True,
        references=references if 1 < len(d) <= CHECKED_BY_SCIPY else [],
        maths={
            "maximize": r"\sum_{i < j} u_{ij}",
            "subject to": r"u_{ik} \leq \max(u_{ij}, u_{jk}), \qquad u_{ij} \leq d_{ij} \qquad \forall i, j, k",
        },
    )


def dasgupta(similarity: ArrayLike) -> SearchProblem:
    """The hierarchy of least cost that is found, by all rules and, of up to 14 items, by going through all splits.

    similarity (n, n), symmetric, finite, not negative; its diagonal is ignored. Raises ValueError for any other.

    >>> from solvers import solve
    >>> found = solve(dasgupta([[0, 3, 1], [3, 0, 1], [1, 1, 0]]))
    >>> found.status, found.value, found.answer
    ('optimal', 12.0, [[0.0, 1.0, 0.0, 2.0], [2.0, 3.0, 2.0, 3.0]])
    """
    w = _distances(similarity, "similarity")
    d = float(w.max(initial=0.0)) - w
    np.fill_diagonal(d, 0)
    starts = [Heuristic(f"{rule} linkage", partial(_alone, d, rule)) for rule in RULES]
    if len(d) <= MOST_SPLIT:
        starts.append(Heuristic("best splits", lambda: [merges_of_splits(best_splits(w)[1])]))
    return _dasgupta(DasguptaCost(w), starts, "a hierarchy of all items, two clusters merged at a time")


def _dasgupta(form: DasguptaCost, starts: list[Heuristic], membership: str) -> SearchProblem:
    w, n = form.w, len(form.w)
    duals = [
        WeakDual("triples", partial(_few_groups, w), partial(triples_bound, w)),
    ]
    if n <= MOST_DENSE:
        find = partial(_second_eigenvalue, w)
        duals.append(WeakDual("second eigenvalue", find, partial(eigenvalue_bound, w), 1e-10 * n**3))
    if n <= MOST_SPLIT:
        duals.append(WeakDual("splits of all sets", lambda _: best_splits(w)[0], partial(splits_bound, w)))
    elif (r := affordable(n)) > 3:
        duals.append(WeakDual("all sets of few items", lambda _: r, partial(subsets_bound, w), SUBSETS_SECONDS))
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership=membership,
        answer=np.ndarray.tolist,
        values=lambda merges: {"merges": merges},
        starts=starts,
        weak_duals=duals,
        maths={
            "minimize": rf"\sum_{{i < j}} w_{{ij}} \, {CLUSTER}",
            "over": rf"\text{{hierarchies of }} {n} \text{{ items}}",
        },
    )


def similarities(d: Floats) -> Floats:
    """1 - d / max d, and 0 on the diagonal.

    >>> similarities(np.array([[0.0, 4, 1], [4, 0, 4], [1, 4, 0]])).tolist()
    [[0.0, 0.0, 0.75], [0.0, 0.0, 0.0], [0.75, 0.0, 0.0]]
    """
    w = d / -(float(d.max(initial=0.0)) or 1.0)
    w += 1
    np.fill_diagonal(w, 0)
    return w


def _alone(d: Floats, rule: Rule) -> list[Floats]:
    return [linked(d, rule)]


def linked(d: Floats, rule: Rule) -> Floats:
    """The merges by that rule, float64 (n - 1, 4), found by scipy; d float64 (n, n), symmetric, its diagonal 0.

    >>> linked(np.array([[0.0, 4, 1], [4, 0, 4], [1, 4, 0]]), "complete").tolist()
    [[0.0, 2.0, 1.0, 2.0], [1.0, 3.0, 4.0, 3.0]]
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    found: Floats = linkage(squareform(d, checks=False), rule) if len(d) > 1 else np.empty((0, 4))
    return found


def unlike(d: Floats, merges: Floats, rule: Rule) -> str | None:
    """What keeps merges from being made by the rule, in words; None if they are.

    >>> d = np.array([[0.0, 4, 1], [4, 0, 4], [1, 4, 0]])
    >>> unlike(d, np.array([[0, 2, 1.0, 2], [1, 3, 4.5, 3]]), "complete")
    'the rule that a height is the distance of the clusters that are merged, by 0.5'
    """
    found = replay(d, merges, rule)
    if found.off > ROUNDING * float(d.max(initial=0.0)):
        return f"the rule that a height is the distance of the clusters that are merged, by {found.off:.3g}"
    if found.nearer >= 0:
        return f"the rule that the nearest clusters are merged, in merge {found.nearer + 1}"
    if rule != "centroid" and (np.diff(merges[:, 2]) < -ROUNDING * float(d.max(initial=0.0))).any():
        return "the rule that the nearest clusters are merged first"
    return None


def open_choices(d: Floats, merges: Floats, rule: Rule) -> int:
    """In how many merges another cluster was as near, so that other hierarchies are made by the rule as well.

    The heights at which items meet by single linkage are the same for all of these.

    >>> d = np.array([[0.0, 1, 1], [1, 0, 1.5], [1, 1.5, 0]])
    >>> open_choices(d, np.array([[0, 1, 1, 2], [2, 3, 1.5, 3]]), "complete")
    1
    """
    return replay(d, merges, rule).ties


def _second_eigenvalue(w: Floats, _: float) -> float:
    return second_eigenvalue(w)


def _few_groups(w: Floats, seconds: float) -> Ints:
    """Labels of groups whose triples can be gone through in that time: each item, or clusters by complete linkage."""
    n = len(w)
    most = min(float(MOST_GROUPS), (3 * seconds / TRIPLE_SECONDS) ** (1 / 3))
    if n <= most:
        return np.arange(n)
    from scipy.cluster.hierarchy import fcluster

    apart = float(w.max()) - w
    np.fill_diagonal(apart, 0)
    labels: Any = fcluster(linked(apart, "complete"), max(int(most), 1), "maxclust")
    return np.asarray(labels, dtype=np.int64)


def _distances(distance: ArrayLike, name: str = "distance") -> Floats:
    """The matrix, its diagonal 0, once it is found to be one."""
    d = np.asarray(distance, dtype=np.float64)
    low, high = float(d.min(initial=0.0)), float(d.max(initial=0.0))  # nan if an entry is
    whole = d.ndim == 2 and d.shape[0] == d.shape[1] and np.isfinite(high - low) and not d.diagonal().any()
    if not whole or not is_symmetric(d):
        d = symmetric(d, name)
        low, high = float(d.min(initial=0.0)), float(d.max(initial=0.0))
    if not len(d):
        raise ValueError("there are no items; give at least one")
    if low < 0 or high > MAX_MAGNITUDE:
        raise ValueError(f"the {name} goes from {low:g} to {high:g}; give numbers from 0 to {MAX_MAGNITUDE:g}")
    return d
