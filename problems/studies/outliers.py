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


def others(rows: Floats, mcd: Mapping[str, Any] | None, share: float, seed: int) -> dict[str, Bools]:
    """What isolation forest marks that is told the share, and robust distances at the same rate of false alarms."""
    from scipy.stats import chi2

    found: dict[str, Bools] = {}
    if mcd is not None:
        distances = squared_distances(rows - np.asarray(mcd["location"]), np.asarray(mcd["scatter"]))
        found["mahalanobis (mcd)"] = distances > chi2.ppf(1 - FALSE_ALARM, rows.shape[1])
        from sklearn.ensemble import IsolationForest

        if 0 < share <= 0.5:
            forest = IsolationForest(contamination=share, random_state=seed % 2**32)
            found["isolation forest (told the share)"] = forest.fit_predict(rows) < 0
    return found
