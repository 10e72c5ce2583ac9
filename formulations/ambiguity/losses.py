"""Losses of residuals and of margins: each with a subgradient, its conjugate and the interval where that is finite.

    squares     z^2                                    l*(u) = u^2 / 4
    absolute    |z|                                    l*(u) = 0                                   -1 <= u <= 1
    huber       z^2 / 2, from |z| = k on straight      l*(u) = u^2 / 2                             -k <= u <= k
    logistic    log(1 + e^-z)                          l*(u) = t log t + (1 - t) log(1 - t)        t = -u in [0, 1]
    hinge       max(0, 1 - z)                          l*(u) = u                                   -1 <= u <= 0

The first three are of residuals z = y - x'w - b, the others of margins z = y (x'w + b) with y = 1 or -1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from formulations.problem import Floats

if TYPE_CHECKING:
    import cvxpy as cp


@dataclass(frozen=True)
class Loss:
    """A convex loss of one number, by its row in the table.

    of         whether of residuals, where it is even, or of margins, where it does not increase
    low, high  the subgradients that it has: its conjugate is finite between them
    degree     of residuals: the loss of z in units of s is the loss in these units over s^degree
    stated     the loss of a cvxpy expression
    curvature  of a loss with a continuous slope: the slope's own
    """

    name: str
    of: Literal["residuals", "margins"]
    value: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    conjugate: Callable[[Floats], Floats]
    low: float
    high: float
    degree: int
    stated: Callable[[cp.Expression], Any]
    curvature: Callable[[Floats], Floats] | None = None

    @property
    def steepest(self) -> float:
        """Its Lipschitz constant."""
        return max(-self.low, self.high)

    def slack(self, u: Floats) -> Floats:
        """How far each u may move within [low, high]: a product of the distances to both ends."""
        return np.ones_like(u) if math.isinf(self.low) else (u - self.low) * (self.high - u)


def _cvxpy() -> Any:
    """cvxpy, which a loss needs only where it is stated for conic solvers."""
    import cvxpy

    return cvxpy


def squares() -> Loss:
    """z^2.

    >>> squares().conjugate(np.array([2.0]))  # the greatest 2 z - z^2
    array([1.])
    """
    return Loss(
        "squares",
        "residuals",
        np.square,
        lambda z: 2 * z,
        lambda u: u**2 / 4,
        -math.inf,
        math.inf,
        2,
        lambda z: _cvxpy().square(z),
        lambda z: np.full_like(z, 2.0),
    )


def absolute() -> Loss:
    """|z|.

    >>> absolute().value(np.array([-3.0]))
    array([3.])
    """
    return Loss("absolute", "residuals", np.abs, np.sign, np.zeros_like, -1.0, 1.0, 1, lambda z: _cvxpy().abs(z))


def huber(k: float = 1.0) -> Loss:
    """z^2 / 2 up to |z| = k, straight from there on (Huber 1964). Raises ValueError unless k is a positive number.

    >>> huber(1.0).value(np.array([0.5, 3.0]))  # 1/8, and 3 - 1/2
    array([0.125, 2.5  ])
    """
    if not 0 < k < math.inf:
        raise ValueError(f"the threshold of Huber's loss is {k}; it must be a positive number")

    def value(z: Floats) -> Floats:
        near = np.minimum(np.abs(z), k)
        return near * (np.abs(z) - near / 2)

    return Loss(
        "huber",
        "residuals",
        value,
        lambda z: z.clip(-k, k),
        lambda u: u**2 / 2,
        -k,
        k,
        2,
        lambda z: _cvxpy().huber(z, k) / 2,
        lambda z: (np.abs(z) <= k).astype(float),
    )


def logistic() -> Loss:
    """log(1 + e^-z).

    >>> logistic().value(np.array([0.0])).round(6)  # log 2
    array([0.693147])
    """
    from scipy.special import expit, xlog1py, xlogy

    return Loss(
        "logistic",
        "margins",
        lambda z: np.logaddexp(0.0, -z),
        lambda z: -expit(-z),
        lambda u: xlogy(-u, -u) + xlog1py(1 + u, u),
        -1.0,
        0.0,
        0,
        lambda z: _cvxpy().logistic(-z),
        lambda z: expit(z) * expit(-z),
    )


def hinge() -> Loss:
    """max(0, 1 - z).

    >>> hinge().value(np.array([0.0, 2.0]))
    array([1., 0.])
    """
    return Loss(
        "hinge",
        "margins",
        lambda z: np.maximum(0.0, 1 - z),
        lambda z: -(z < 1).astype(float),
        lambda u: u,
        -1.0,
        0.0,
        0,
        lambda z: _cvxpy().pos(1 - z),
    )


LOSSES: dict[str, Callable[[], Loss]] = {
    "squares": squares,
    "absolute": absolute,
    "huber": huber,
    "logistic": logistic,
    "hinge": hinge,
}
