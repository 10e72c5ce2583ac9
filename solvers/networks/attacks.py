"""Attacks on a network: points are moved up the logit of a rival less that of their label, within their boxes.

Projected gradient ascent with steps that are as long in each number of a point, and ever shorter, for every rival by
itself (Madry et al., Towards deep learning models resistant to adversarial attacks, ICLR 2018; Gowal et al., An
alternative surrogate loss for PGD-based adversarial testing, 2019).
"""

from __future__ import annotations

import numpy as np

from formulations.arithmetic.robust_accuracy import RobustAccuracy
from formulations.problem import Floats, Ints

FIRST, LAST = 0.25, 0.01  # steps as shares of the box


def ascended(form: RobustAccuracy, points: Ints, steps: int, rng: np.random.Generator | None = None) -> Floats:
    """Those points, (k,), where they come nearest to a rival or the farthest beyond it, (k, d).

    They start where they are, or with random numbers anywhere in their boxes.
    """
    low, high = (part[points][:, None] for part in form.reach)
    labels, classes, k = form.labels[points], form.network.classes, len(points)
    rivals = (labels[:, None] + np.arange(1, classes)) % classes
    up = np.eye(classes)[rivals] - np.eye(classes)[labels][:, None]
    moved = form.points[points][:, None].repeat(classes - 1, axis=1)
    if rng is not None:
        moved = (low + rng.random(moved.shape) * (high - low)).clip(low, high)
    for share in np.geomspace(FIRST, LAST, steps).tolist():
        moved = (moved + share * (high - low) * np.sign(form.network.ascent(moved, up))).clip(low, high)
    beyond = (up * form.network.logits(moved)).sum(axis=2)
    return np.asarray(moved[np.arange(k), beyond.argmax(axis=1)])
