"""What multipliers prove of a ReLU network on a box: the Lagrangian bound, and the multipliers of known relaxations.

Of c + g'a_K over inputs x in a box, with z_k = W_k a_(k-1) + b_k as constraints that have multipliers nu_k,

    c + g'a_K  >=  c + sum over k of nu_k'b_k + min over x of (nu_1 W_1) x
                     + sum over units of the min over l <= z <= u of  g_k ReLU(z) - nu_k z

where g_K = g, g_(k-1) = nu_k W_k, and l, u are bounds on the unit's input. Each minimum is at l, u or 0. It holds for
all multipliers (Dvijotham, Stanforth, Gowal, Mann and Kohli, A dual approach to scalable verification of deep
networks, UAI 2018). Known relaxations are choices of them: nu = 0 is interval arithmetic; nu = s g, with slopes s of
lines below and above ReLU, are linear bounds by backward substitution (Zhang et al., Efficient neural network
robustness certification with general activation functions, 2018; Singh et al., An abstract domain for certifying neural
networks, 2019); and the best multipliers are those of the relaxation's linear program.

A cell is the part of a box in which some units are active, z >= 0, or inactive, z <= 0: bounds of these begin or end at
0. What holds in both cells of a unit holds in the box.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from formulations.arithmetic.relu_network import TINY, ReluNetwork
from formulations.problem import Bools, Floats, Ints

NUMBERS_AT_ONCE = 2_000_000  # of the largest array
Layers = Sequence[Floats]  # an array of each hidden layer
Chosen = Callable[[int, Floats], Floats]  # layer and g there (n, m, units) -> multipliers nu of the same shape


@dataclass(frozen=True, eq=False)
class Cells:
    """n cells: their boxes low and high, (n, d), and bounds on the inputs of the units, (n, units) of each layer.

    Where a lower bound is above the upper one there is nothing in the cell.
    """

    network: ReluNetwork
    low: Floats
    high: Floats
    lower: Layers
    upper: Layers

    @property
    def empty(self) -> Bools:
        """Which have nothing in them, (n,)."""
        pairs = zip(self.lower, self.upper, strict=True)
        return np.asarray(np.any([(lower > upper).any(axis=1) for lower, upper in pairs], axis=0))

    def take(self, rows: Ints) -> Cells:
        """Those cells, some perhaps several times."""
        bounds = ([layer[rows] for layer in layers] for layers in (self.lower, self.upper))
        return Cells(self.network, self.low[rows], self.high[rows], *bounds)

    def proven(self, c: Floats, g: Floats) -> Floats:
        """Lower bounds of c + g'a, (n, m), by linear bounds or interval arithmetic, whichever is better.

        c (n, m) or (m,), and g (n, m, units) or (m, units), a being the last hidden layer of which there are bounds.
        """
        return self.by(self.linear, c, g)

    def linear(self, layer: int, g: Floats) -> Floats:
        """Multipliers of linear bounds: g times the slope of a line above ReLU where g < 0, else of one below."""
        below, above = (part[layer][:, None] for part in (self.lower, self.upper))
        off, on = np.minimum(below, 0), np.maximum(above, 0)
        return g * np.where(g < 0, on / np.maximum(on - off, TINY), on > -off)

    def by(self, chosen: Chosen, c: Floats, g: Floats) -> Floats:
        """Lower bounds of c + g'a, (n, m), by those multipliers, whatever they are; -inf where they are not finite."""
        total, size, sizes = c, np.abs(c), np.abs(g)  # sizes are sums without signs, which bound rounding errors
        for k in reversed(range(len(self.lower))):
            W, b = self.network.weights[k], self.network.biases[k]
            lower, upper = self.lower[k][:, None], self.upper[k][:, None]
            nu = chosen(k, g)
            least = np.minimum(g * np.maximum(lower, 0) - nu * lower, g * np.maximum(upper, 0) - nu * upper)
            least = np.where((lower < 0) & (upper > 0), np.minimum(least, 0), least)
            total = total + nu @ b + least.sum(axis=-1)
            far = np.maximum(np.abs(lower), np.abs(upper))
            size = size + np.abs(nu) @ np.abs(b) + ((sizes + np.abs(nu)) * far).sum(axis=-1)
            g, sizes = nu @ W, np.abs(nu) @ np.abs(W)
        total = total + _along(np.maximum(g, 0), self.low) + _along(np.minimum(g, 0), self.high)
        size = size + _along(sizes, np.maximum(np.abs(self.low), np.abs(self.high)))
        found = total - self.network.rounding * size - TINY
        return np.where(np.isfinite(found), found, -np.inf)


def _along(g: Floats, x: Floats) -> Floats:
    """g'x for g (m, d) or (n, m, d) and x (n, d), (n, m)."""
    return np.asarray(x @ g.T if g.ndim == 2 else (g @ x[:, :, None])[:, :, 0])


def cells(network: ReluNetwork, low: Floats, high: Floats, signs: Ints | None = None) -> Cells:
    """The cells of boxes low to high, (n, d), in which units have those signs, (n, all hidden units): 1, -1 or 0.

    1 is of active units, -1 of inactive ones, 0 of those of which nothing is known, as of all by default.

    >>> from formulations.arithmetic.relu_network import relu_network
    >>> network = relu_network([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])  # |x|
    >>> box = np.array([[-1.0]]), np.array([[3.0]])
    >>> found = cells(network, *box, np.array([[1, 0]]))  # x >= 0
    >>> found.lower[0].round(9).tolist(), found.upper[0].round(9).tolist()
    ([[0.0, -3.0]], [[3.0, 1.0]])
    """
    if signs is None:
        signs = np.zeros((len(low), sum(network.hidden)), dtype=np.int8)
    widest = 2 * max(network.hidden) * max(network.inputs, *network.hidden)
    rows = max(NUMBERS_AT_ONCE // widest, 1)
    if len(low) > rows:
        parts = [slice(at, at + rows) for at in range(0, len(low), rows)]
        return _together([cells(network, low[part], high[part], signs[part]) for part in parts])
    lower, upper, first = list[Floats](), list[Floats](), 0
    for W, b in network.layers:
        found = Cells(network, low, high, lower, upper).proven(np.r_[b, -b], np.r_[W, -W])
        sign = signs[:, first : first + len(b)]
        first += len(b)
        below, above = found[:, : len(b)], -found[:, len(b) :]
        lower = [*lower, np.where(sign > 0, np.maximum(below, 0), below)]
        upper = [*upper, np.where(sign < 0, np.minimum(above, 0), above)]
    return Cells(network, low, high, lower, upper)


def _together(parts: Sequence[Cells]) -> Cells:
    """Cells of several groups."""
    layers = range(len(parts[0].lower))
    lower, upper = (
        [np.concatenate([getattr(p, name)[k] for p in parts]) for k in layers] for name in ("lower", "upper")
    )
    low, high = (np.concatenate([getattr(p, name) for p in parts]) for name in ("low", "high"))
    return Cells(parts[0].network, low, high, lower, upper)
