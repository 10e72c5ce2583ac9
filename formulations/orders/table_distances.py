"""How unlike two objects are whose rows x and y in a table of measurements or counts are known.

    euclidean          sqrt(sum of (x_k - y_k)^2)
    manhattan          sum of |x_k - y_k|
    canberra           sum of |x_k - y_k| / (|x_k| + |y_k|)               Lance and Williams 1967
    correlation        1 - r, r the correlation coefficient
    cosine             1 - the cosine of the angle between x and y
    bray-curtis        sum of |x_k - y_k| / sum of (x_k + y_k)            Bray and Curtis 1957
    jaccard            the share of the columns in which only one of the two is not 0, of those in which at least one is

and, p and q being the rows divided by their sums, c_k column k's share of the whole table,

    brainerd-robinson  sum of |p_k - q_k| / 2, which is 1 less Brainerd and Robinson's coefficient over 200 (1951)
    chi-squared        sqrt(sum of (p_k - q_k)^2 / c_k), the distance of correspondence analysis
    hellinger          sqrt(sum of (sqrt p_k - sqrt q_k)^2 / 2)

Two columns are compared in the same way, as rows of the transposed table. Where rows are divided by their sums that is
done first, for samples of unequal size would be compared otherwise; chi-squared treats both sides alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist, squareform

from formulations.problem import Bools, Floats


@dataclass(frozen=True)
class Distance:
    """A distance between rows.

    metric      SciPy's, of the prepared table
    prepare     the table, float64 (n, m) -> that whose rows are compared
    undefined   the table -> which rows, bool (n,), have no distance to others
    why         what is wrong with those rows
    negative    whether numbers below 0 are allowed
    shares      whether rows count as shares of their sums, also where columns are compared
    """

    metric: str
    prepare: Callable[[Floats], Floats] = lambda table: table
    undefined: Callable[[Floats], Bools] = lambda table: np.zeros(len(table), dtype=bool)
    why: str = ""
    negative: bool = True
    shares: bool = False


def row_distances(
    table: Floats, name: str, *, called: Callable[[int], str] = lambda i: f"row {i + 1}", columns: bool = False
) -> Floats:
    """The distances of that name between the rows of a finite table, float64 (n, m); float64 (n, n), zero diagonal.

    called   the number of a row -> what messages call it
    columns  whether the rows are the columns of a table that was transposed

    Raises ValueError for a row that has no such distance.

    >>> row_distances(np.array([[1.0, 3], [2, 6], [4, 0]]), "brainerd-robinson").tolist()
    [[0.0, 0.0, 0.75], [0.0, 0.0, 0.75], [0.75, 0.75, 0.0]]
    """
    distance = DISTANCES[name]
    below = np.argwhere(table < 0)
    if not distance.negative and len(below):
        i, k = below[0]
        others = ", ".join(other for other, one in DISTANCES.items() if one.negative)
        raise ValueError(
            f"{called(int(i))} has {table[i, k]:.12g}, but {name} is for counts and other amounts; "
            f"of numbers below 0 there are {others}"
        )
    if columns and distance.shares:
        table = shares(table.T).T
    odd = np.flatnonzero(distance.undefined(table))
    if len(odd):
        more = f" (and {len(odd) - 1} more)" if len(odd) > 1 else ""
        raise ValueError(
            f"{called(int(odd[0]))}{more} {distance.why}, so that {name} is not defined; "
            "leave it out, or choose another distance, such as euclidean"
        )
    found: Floats = squareform(pdist(distance.prepare(table), distance.metric).clip(min=0))
    return found


def shares(table: Floats) -> Floats:
    """Rows divided by their sums, rows of zeros as they are.

    >>> shares(np.array([[1.0, 3], [0, 0]])).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    sums = table.sum(axis=1, keepdims=True)
    divided: Floats = np.divide(table, sums, out=np.zeros_like(table), where=sums != 0)
    return divided


def standardized(table: Floats) -> Floats:
    """Columns shifted and scaled to mean 0 and variance 1; those that are constant become 0.

    >>> standardized(np.array([[1.0, 7], [3, 7]])).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    low, high = table.min(axis=0), table.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    within = (table - low) / span  # first, so that numbers of any size keep their digits
    deviation = within.std(axis=0)
    found: Floats = (within - within.mean(axis=0)) / np.where(high > low, deviation, 1.0)
    return np.where(high > low, found, 0.0)


def holds_counts(table: Floats) -> bool:
    """Whether the numbers are likely to be counts: whole, none below 0, and some 0, as measurements seldom are.

    >>> holds_counts(np.array([[3.0, 0], [12, 5]])), holds_counts(np.array([[51.0, 4], [62, 5]]))
    (True, False)
    """
    return bool((table == np.rint(table)).all() and table.min(initial=0) >= 0 and (table == 0).any())


def _empty(table: Floats) -> Bools:
    return np.asarray(~table.any(axis=1))


def _constant(table: Floats) -> Bools:
    return np.asarray(table.min(axis=1) == table.max(axis=1))


def _chi_squared(table: Floats) -> Floats:
    mass = table.sum(axis=0) / table.sum()
    scaled: Floats = shares(table)[:, mass > 0] / np.sqrt(mass[mass > 0])
    return scaled


EMPTY = "is 0 throughout"
DISTANCES: Mapping[str, Distance] = {
    "euclidean": Distance("euclidean"),
    "manhattan": Distance("cityblock"),
    "canberra": Distance("canberra"),
    "correlation": Distance("correlation", undefined=_constant, why="has one value throughout"),
    "cosine": Distance("cosine", undefined=_empty, why=EMPTY),
    "bray-curtis": Distance("braycurtis", undefined=_empty, why=EMPTY, negative=False),
    "jaccard": Distance("jaccard", lambda table: table != 0, _empty, EMPTY),
    "brainerd-robinson": Distance("cityblock", lambda table: shares(table) / 2, _empty, EMPTY, False, True),
    "chi-squared": Distance("euclidean", _chi_squared, _empty, EMPTY, False),
    "hellinger": Distance("euclidean", lambda table: np.sqrt(shares(table) / 2), _empty, EMPTY, False, True),
}
