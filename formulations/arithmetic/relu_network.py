"""Networks of rectified linear units, ReLU(z) = max(0, z), in float64, and how far rounding may put them off.

    a_0 = x,    z_k = W_k a_(k-1) + b_k,    a_k = ReLU(z_k) for k = 1, ..., K,    logits W a_K + b

A network is what its numbers say in exact arithmetic: what is computed of it carries a bound on its rounding errors,
n u / (1 - n u) for a sum of n products, u being the unit roundoff, whatever the order of the sum (Higham, Accuracy and
stability of numerical algorithms, 2002, section 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats, Ints

LARGEST, TINY = 1e50, 1e-100  # of a weight; far above what underflow takes from any product


@dataclass(frozen=True, eq=False)
class ReluNetwork:
    """Weights W_1, ..., W_K, W and biases b_1, ..., b_K, b, float64 (out, in) and (out,); K >= 1.

    Raises ValueError for shapes that do not fit together, and for numbers that are not finite or beyond 1e50.

    >>> network = relu_network([[[1.0], [-1.0]], [[1.0, 1.0], [0.0, 0.0]]], [[0.0, 0.0], [0.0, 1.0]])  # |x| and 1
    >>> network.logits(np.array([[-3.0], [0.5]])).tolist(), network.hidden
    ([[3.0, 1.0], [0.5, 1.0]], [2])
    """

    weights: Sequence[Floats]
    biases: Sequence[Floats]

    def __post_init__(self) -> None:
        """Check them."""
        if len(self.weights) != len(self.biases) or len(self.weights) < 2:
            raise ValueError(f"{len(self.weights)} weights and {len(self.biases)} biases; give two layers at least")
        fit = [W.ndim == 2 and b.shape == W.shape[:1] for W, b in zip(self.weights, self.biases, strict=True)]
        if not all(fit) or any(V.shape[1] != W.shape[0] for W, V in pairwise(self.weights)):
            shapes = ", ".join(str(W.shape) for W in self.weights)
            raise ValueError(f"weights of shapes {shapes} do not fit together; give (out, in), and biases (out,)")
        if not all((np.abs(part) <= LARGEST).all() for part in (*self.weights, *self.biases)):
            raise ValueError("a weight is not a finite number within 1e50; train with smaller steps")

    @property
    def inputs(self) -> int:
        """The numbers of an input."""
        return int(self.weights[0].shape[1])

    @property
    def hidden(self) -> list[int]:
        """The units of each hidden layer."""
        return [len(b) for b in self.biases[:-1]]

    @property
    def layers(self) -> list[tuple[Floats, Floats]]:
        """W_k and b_k of the hidden layers."""
        return list(zip(self.weights[:-1], self.biases[:-1], strict=True))

    @property
    def classes(self) -> int:
        """The logits."""
        return len(self.biases[-1])

    @property
    def rounding(self) -> float:
        """The relative error of a sum of all products on the way of a signal, generously: 4 n u."""
        return 4 * (self.inputs + sum(len(b) for b in self.biases) + 16) * ROUNDOFF

    def logits(self, x: Floats) -> Floats:
        """Of inputs (..., d), with rounding errors."""
        for W, b in self.layers:
            x = np.maximum(x @ W.T + b, 0)
        return np.asarray(x @ self.weights[-1].T + self.biases[-1])

    def margins(self, x: Floats, labels: Ints) -> tuple[Floats, Floats]:
        """The logit of the label less each of the others, (n, classes), inf at its own, and how far they may be off."""
        a, off = x, np.zeros_like(x)
        for layer, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            off = (off @ np.abs(W).T + self.rounding * (np.abs(a) @ np.abs(W).T + np.abs(b))) * (1 + self.rounding)
            a = a @ W.T + b
            if layer < len(self.weights) - 1:
                a = np.maximum(a, 0)  # changes no distance for the worse
        rows = np.arange(len(x))
        margin = a[rows, labels][:, None] - a
        off = off + off[rows, labels][:, None] + self.rounding * np.abs(margin) + TINY
        margin[rows, labels], off[rows, labels] = np.inf, 0.0
        return margin, off

    def ascent(self, x: Floats, outputs: Floats) -> Floats:
        """The gradient of outputs' logits with regard to inputs (..., d), outputs being (..., classes)."""
        active = []
        for W, b in self.layers:
            x = x @ W.T + b
            active.append(x > 0)
            x = np.maximum(x, 0)
        slope = outputs @ self.weights[-1]
        for W, on in zip(reversed(self.weights[:-1]), reversed(active), strict=True):
            slope = (slope * on) @ W
        return np.asarray(slope)


def relu_network(weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]) -> ReluNetwork:
    """A network of these numbers, whatever kind of arrays they are in.

    >>> relu_network([[[1]], [[1], [2]]], [[0], [0, 0]]).classes
    2
    """
    as_arrays = ([np.asarray(part, dtype=np.float64) for part in parts] for parts in (weights, biases))
    return ReluNetwork(*as_arrays)
