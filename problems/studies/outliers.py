"""Rows that do not belong to the rest: by the discriminator of a game, and by other methods on made data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.arithmetic.row_subsets import squared_distances

if TYPE_CHECKING:
    from formulations.problem import Bools, Floats

FALSE_ALARM = 0.01  # the share of rows of the generator's own law that is marked


@dataclass(frozen=True, eq=False)
class Outliers:
    """Scores, (n,), the score from which on a row is marked, and which are; they are marked by distance as well."""

    scores: Floats
    threshold: float
    marked: Bools

    @property
    def rows(self) -> list[int]:
        """Those that are marked, by number, from 0."""
        return [int(i) for i in np.flatnonzero(self.marked)]


def outliers(rows: Floats, answer: Mapping[str, Any], rate: float = FALSE_ALARM) -> Outliers:
    """By the discriminator, and by the distance from the location in units of the scatter, each at half of the rate.

    Of rows of the generator's own law at most that share is marked: the thresholds are ranks among fresh draws of it.
    """
    from formulations.js_gan import at_rate

    generated = answer["generated"]
    distances, drawn = (squared_distances(X - answer["location"], answer["scatter"]) for X in (rows, generated))
    scores = answer["d"](rows)
    threshold, reach = at_rate(answer["d"](generated), rate / 2), at_rate(drawn, rate / 2)
    return Outliers(scores, threshold, (scores > threshold) | (distances > reach))


def precision_and_recall(marked: Bools, bad: Bools) -> dict[str, float | None]:
    """Of those marked the share that is bad, and of the bad ones the share that is marked; None of none.

    >>> precision_and_recall(np.array([True, True, False]), np.array([True, False, False]))
    {'precision': 0.5, 'recall': 1.0}
    """
    both = int((marked & bad).sum())
    return {
        "precision": both / int(marked.sum()) if marked.any() else None,
        "recall": both / int(bad.sum()) if bad.any() else None,
    }


def by_distance(rows: Floats, mcd: Mapping[str, Any]) -> Bools:
    """Which rows are farther by the robust distance than all but that share of a normal law's, (n,)."""
    from scipy.stats import chi2

    distances = squared_distances(rows - np.asarray(mcd["location"]), np.asarray(mcd["scatter"]))
    return np.asarray(distances > chi2.ppf(1 - FALSE_ALARM, rows.shape[1]))


def by_isolation(rows: Floats, share: float, seed: int) -> Bools | None:
    """What isolation forest marks that is told the share, (n,); None if that is 0, or scikit-learn is not installed."""
    if share == 0:
        return None
    try:
        from sklearn.ensemble import IsolationForest
    except ModuleNotFoundError:
        return None
    forest = IsolationForest(contamination=share, random_state=seed % 2**32)
    return np.asarray(forest.fit_predict(rows) < 0)
