r"""Networks against moves of every input: how many points keep their label, the margin of one, and training for it.

    minimize    the share of points i with f_y(x_i + e_i) > f_j(x_i + e_i) for their label y and all other j
    over        e_1, ..., e_n with |e_i| <= r in each number, x_i + e_i within the range of the data

is the robust accuracy of a network f, with layers z_k = W_k a_(k-1) + b_k, a_k = max(0, z_k). An attack, any moves e,
is a value; the share of points that are proven to keep their label is a bound (arithmetic.robust_accuracy). That is
asked of each point and each rival j by itself: the least margin is a mixed-integer program, with bounds l <= z <= u,

    minimize    f_y - f_j
    subject to  z_k = W_k a_(k-1) + b_k                     for every layer   "layer k"
                a_k >= 0, a_k >= z_k                        s_k in {0, 1} says which of the two it is
                a_k <= u s_k                                                  "unit k if inactive"
                a_k <= z_k - l (1 - s_k)                                      "unit k if active"
                |a_0 - x| <= r

(Tjeng, Xiao and Tedrake, Evaluating robustness of neural networks with mixed integer programming, ICLR 2019), the
tighter l and u, the better (arithmetic.relu_bounds). It is NP-hard (Katz et al., Reluplex, CAV 2017). To train for it
is the game

    min over W, b   max over e_1, ..., e_n with |e_i| <= r of   the mean of -log softmax(f(x_i + e_i)) at y_i

(Madry et al., Towards deep learning models resistant to adversarial attacks, ICLR 2018), neither convex in W, b nor
concave in e. What a network loses at worst is bounded by the bounds on its margins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.relu_bounds import cells
from formulations.arithmetic.relu_network import ReluNetwork, relu_network
from formulations.arithmetic.robust_accuracy import KIND, RobustAccuracy
from formulations.problem import Block, Floats, Ints, Players, Problem, SaddleProblem, SearchProblem, Term, WeakDual

if TYPE_CHECKING:
    import cvxpy as cp
    from torch import Generator, Tensor, nn

    from formulations.problem import Values

Range = tuple[float, float]
ANYWHERE: Range = (-math.inf, math.inf)


def robust_accuracy(
    network: ReluNetwork, points: ArrayLike, labels: ArrayLike, radius: float, within: Range = ANYWHERE
) -> SearchProblem:
    """The share of points (n, d) that keep their labels, (n,), however they are moved; the answer is where to, (n, d).

    Each number of a point may be moved by the radius, within that range. Raises ValueError for points that are no table
    of finite numbers in it, labels that the network does not have, and a radius below 0.

    >>> from solvers import solve
    >>> network = relu_network([[[1.0], [-1.0]], [[1.0, 1.0], [0.0, 0.0]]], [[0.0, 0.0], [0.0, 1.0]])  # |x| against 1
    >>> found = solve(robust_accuracy(network, [[0.0], [0.8], [3.0]], [1, 1, 0], radius=0.5))
    >>> found.status, round(found.value, 3), found.answer.round(2).tolist()
    ('optimal', 0.667, [[0.0], [1.3], [3.0]])
    """
    form = _form(network, points, labels, radius, within)
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="no point is moved by more than the radius",
        answer=np.asarray,
        values=lambda moved: {"x": moved},
        weak_duals=[WeakDual(KIND, None, form.bound)],
        maths={
            "minimize": r"\frac1n \#\{i : f_{y_i}(x_i + e_i) > f_j(x_i + e_i) \text{ for all } j \neq y_i\}",
            "over": rf"e \in [-{radius:g}, {radius:g}]^{{{len(form.labels)} \times {network.inputs}}}",
        },
    )


def least_margin(
    network: ReluNetwork, x: ArrayLike, label: int, rival: int, radius: float, within: Range = ANYWHERE
) -> Problem:
    """The least logit of the label less that of the rival near x, (d,); the answer is where it is, (d,).

    Above 0 it proves that the rival never wins. Raises ValueError as robust_accuracy does.

    >>> from solvers import solve
    >>> network = relu_network([[[1.0], [-1.0]], [[1.0, 1.0], [0.0, 0.0]]], [[0.0, 0.0], [0.0, 1.0]])  # |x| against 1
    >>> round(solve(least_margin(network, [3.0], label=0, rival=1, radius=0.5)).value, 9)
    1.5
    """
    import cvxpy as cp

    low, high = _form(network, np.array([x, x], dtype=np.float64), [label, rival], radius, within).box
    bounds = cells(network, low, high)
    a = cp.Variable(network.inputs, name="x", bounds=[low[0], high[0]])
    subject_to: dict[str, cp.Constraint] = {}
    for k, (W, b) in enumerate(network.layers, start=1):
        lower, upper = np.minimum(bounds.lower[k - 1][0], 0), np.maximum(bounds.upper[k - 1][0], 0)
        z, s = cp.Variable(len(b), name=f"z{k}"), cp.Variable(len(b), name=f"s{k}", boolean=True)
        # Without z as a variable the two sides of a = z are rounded apart, and an exact proof finds that none is.
        subject_to[f"layer {k}"] = z == W @ a + b
        a = cp.Variable(len(b), name=f"a{k}", nonneg=True)
        subject_to[f"unit {k} not below"] = a >= z
        subject_to[f"unit {k} if inactive"] = a <= cp.multiply(upper, s)  # type: ignore[attr-defined]
        subject_to[f"unit {k} if active"] = a <= z - cp.multiply(lower, 1 - s)  # type: ignore[attr-defined]
    W, b = network.weights[-1], network.biases[-1]

    def through(values: Values) -> Values:
        """What the network makes of the input."""
        a = values["x"].clip(low[0], high[0])
        found = {"x": a}
        for k, (W, b) in enumerate(network.layers, start=1):
            z = W @ a + b
            a = np.maximum(z, 0)
            found |= {f"z{k}": z, f"a{k}": a, f"s{k}": (z > 0).astype(np.float64)}
        return found

    return Problem(
        objective=cp.Minimize((W[label] - W[rival]) @ a + (b[label] - b[rival])),
        subject_to=subject_to,
        answer=lambda values: values["x"],
        repair=through,
    )


def adversarial_training(
    X: ArrayLike, labels: ArrayLike, hidden: Sequence[int], radius: float, within: Range = ANYWHERE
) -> SaddleProblem:
    """The game on rows X (n, d) with labels 0, 1, ..., (n,), for hidden layers of these sizes; the answer is a network.

    Its bound is one on what the network loses at worst. With a radius of 0 nobody plays against it. It is played in
    standard units, of each column or, where all share a finite range, of all. Raises ValueError as robust_accuracy
    does, and for labels of one kind only.

    >>> from solvers import solve
    >>> from solvers.descent_ascent import DescentAscent
    >>> game = adversarial_training([[0.0], [1.0], [2.0]], [0, 1, 0], [8], radius=0.1)
    >>> found = solve(game, DescentAscent(step=0.5, iterations=200))
    >>> found.answer.logits(np.array([[0.0], [1.0], [2.0]])).argmax(axis=1).tolist(), found.bound < 0.6
    ([0, 1, 0], True)
    """
    import torch

    from formulations.players.domains import Box
    from formulations.players.networks import Standardize, mlp

    rows, y = _checked(X, labels, radius, within)
    classes, columns = int(y.max()) + 1, rows.shape[1]
    if classes < 2:
        raise ValueError("all labels are the same; give rows of two labels at least")
    axis = None if math.isfinite(within[1] - within[0]) else 0
    shift, spread = (np.broadcast_to(part, columns) for part in (rows.mean(axis), rows.std(axis)))
    scale = np.where(spread > 0, spread, np.inf)  # a constant column tells nothing
    data, targets = torch.tensor(rows, dtype=torch.float32), torch.tensor(y)

    def start(generator: Generator) -> nn.Module:
        units = Standardize(*(torch.tensor(part, dtype=torch.float32) for part in (shift, scale)))
        return torch.nn.Sequential(units, *mlp([columns, *hidden, classes], generator))

    def payoff(network: nn.Module, moves: Tensor | None = None) -> Tensor:
        x = data.to(next(network.parameters()).device)
        x = x if moves is None else (x + radius * moves).clamp(*within)
        log_p: Tensor = network(x).log_softmax(dim=-1)
        at = targets.to(x.device).expand(log_p.shape[:-1])[..., None]
        return -log_p.gather(-1, at)[..., 0].mean(dim=-1)

    def network_of(players: Players) -> ReluNetwork:
        """In the data's units."""
        layers = [layer for layer in players["network"] if hasattr(layer, "weight")]
        weights = [layer.weight.detach().double().cpu().numpy().T for layer in layers]
        biases = [layer.bias.detach().double().cpu().numpy().ravel() for layer in layers]
        weights[0] = weights[0] / scale
        biases[0] = biases[0] - weights[0] @ shift
        return relu_network(weights, biases)

    def at_most(players: Players) -> float:
        margins = _form(network_of(players), rows, y, radius, within).least_margins()
        return float(np.logaddexp.reduce(np.c_[np.zeros(len(y)), -margins], axis=1).mean())

    def anywhere(generator: Generator) -> Tensor:
        return 2 * torch.rand(rows.shape, generator=generator, device=generator.device) - 1

    return SaddleProblem(
        maximize_over={"moves": Block(anywhere, Box(-1, 1))} if radius else {},
        minimize_over={"network": Block(start)},
        payoff=[Term(payoff, ["network", "moves"] if radius else ["network"])],
        answer=network_of,
        bound=at_most,
        size=lambda _: 1.0,  # nat
        maths={"minimize over W, b": r"\max_{|e_i| \leq r} \frac1n \sum_i -\log p_{y_i}(x_i + e_i)"},
    )


def _form(network: ReluNetwork, points: ArrayLike, labels: ArrayLike, radius: float, within: Range) -> RobustAccuracy:
    """The objective; raises ValueError for points and labels that are none of the network."""
    X, y = _checked(points, labels, radius, within)
    if X.shape[1] != network.inputs:
        raise ValueError(f"points have {X.shape[1]} numbers each, and the network takes {network.inputs}; give as many")
    if y.max() >= network.classes:
        raise ValueError(f"a label is {y.max()}, and the network has {network.classes}; give whole numbers below that")
    return RobustAccuracy(network, X, y, float(radius), *within)


def _checked(points: ArrayLike, labels: ArrayLike, radius: float, within: Range) -> tuple[Floats, Ints]:
    """Points and labels as arrays."""
    X, y = np.asarray(points, dtype=np.float64), np.asarray(labels)
    if X.ndim != 2 or not X.size or not np.isfinite(X).all():
        raise ValueError(f"points have shape {X.shape}; give rows of finite numbers")
    if not ((within[0] <= X) & (within[1] >= X)).all():
        raise ValueError(f"a point has a number that is not within {within[0]} to {within[1]}; give a wider range")
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0:
        raise ValueError(f"labels are {y.dtype} in shape {y.shape}; give a whole number from 0 for each point")
    if not 0 <= radius < math.inf:
        raise ValueError(f"the radius is {radius}; it must be a finite number from 0")
    return X, y.astype(np.int64)
