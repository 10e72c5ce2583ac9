"""Wasserstein distances between two samples: exact by transport, bounded below by any function, sliced into lines.

    W_r(q, p)^r  =  min over couplings of E |X - Y|^r              X from q, Y from p; rows of a sample weigh the same

which is a transport problem (formulations.transport), proven by its potentials; on the line a sorting
(formulations.monotone_transport). For r = 1 potentials are one function
(Kantorovich & Rubinstein 1958)

    W_1(q, p)    =  max over S with |S(z) - S(z')| <= |z - z'| of E_q S(X) - E_p S(X),

the discriminator of a game in which the generator of p is to maximize, and the discriminator to minimize,

    E_q[-S(X)] + E_p[S(X)]            (Arjovsky, Chintala & Bottou, Wasserstein generative adversarial networks, 2017).

There S is held to slopes of 1 about, by a penalty (players.penalties.gradient_penalty, perhaps one-sided), by norms of
weights or by clipping these (players.slopes). It need not be exact: the c-transform of whatever S makes a function with
slopes of at most 1, whose difference of means is a lower bound on W_1 between the samples. Of samples that nobody moves
the discriminator plays alone, held to slopes of 1 (trained_critic) or made so by the c-transform (transformed_critic).

What is proven is the distance between the samples. It exceeds that of the laws by far in many dimensions: samples of
one law are about n^(-1/d) apart (Fournier & Guillin, On the rate of convergence in Wasserstein distance, 2015).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from formulations.divergences.metrics import metric_between
from formulations.divergences.samples import two_samples
from formulations.monotone_transport import MOST_PAIRS, monotone_transport
from formulations.problem import Block, Floats, Reference, SaddleProblem, Sampler, SearchProblem, Term
from formulations.transport import transformed, transport

if TYPE_CHECKING:
    from torch import Generator
    from torch.nn import Module

    from formulations.players.losses import Blur


ROWS_AT_ONCE = 1 << 10  # of the matrix of distances
ROUNDING = 1e-9


def wasserstein(x: ArrayLike, y: ArrayLike, order: float = 1) -> SearchProblem:
    """The transport of rows x (n, d) to rows y (m, d), whose optimum is W^order; Euclidean distances, order >= 1.

    Rows of one number are sorted where the order is whole, millions of them; the answer then is what is moved,
    (i, j, amount). Of others all pairs count, and the answer is a matrix: ValueError for more pairs than MOST_PAIRS.

    >>> from solvers import solve
    >>> found = solve(wasserstein([[0.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 2.0]], order=2))
    >>> found.status, found.value  # (1 + 4) / 2
    ('optimal', 2.5)
    """
    x_, y_ = _checked(x, y, order)
    a, b = (np.full(len(rows), 1 / len(rows)) for rows in (x_, y_))
    if x_.shape[1] == 1 and order == int(order):
        known = Reference("sorted rows", lambda: on_line(x_, y_, order) ** order)
        return replace(monotone_transport(x_[:, 0], a, y_[:, 0], b, int(order)), references=[known])
    if len(x_) * len(y_) > MOST_PAIRS:
        raise ValueError(
            f"{len(x_):,} and {len(y_):,} rows have {len(x_) * len(y_):,} distances; give some rows of each, drawn at "
            f"random (at most {MOST_PAIRS:,} pairs), or take sliced(x, y)"
        )
    return transport(a, b, cdist(x_, y_) ** order)


def lipschitz(S: ArrayLike, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """The c-transforms of S, its values at rows x (n,), as values at x and at y: slopes of at most 1 between all rows.

    With f = S, g_j = min_i |x_i - y_j| - f_i and f'_i = min_j |x_i - y_j| - g_j they are f' >= S and -g: values of
    z -> min_j |z - y_j| - g_j. If S had such slopes itself, the difference of its means does not fall. Raises
    ValueError for values that are not finite, or not one a row.

    >>> at_x, at_y = lipschitz([9.0, 0.0], [[0.0], [1.0]], [[3.0]])
    >>> at_x.tolist(), at_y.tolist()
    ([9.0, 8.0], [6.0])
    """
    x_, y_ = two_samples(x, y)
    f = np.asarray(S, dtype=np.float64)
    if f.shape != (len(x_),) or not np.isfinite(f).all():
        raise ValueError(f"S has shape {f.shape}; give a finite number for each of the {len(x_)} rows of x")
    at_x, g = transformed(f, cdist(x_, y_))
    return at_x, -g


def wasserstein_at_least(S: ArrayLike, x: ArrayLike, y: ArrayLike) -> float:
    """The lower bound on W_1 between the samples by any S at rows x (n,): the difference of means of lipschitz(S).

    >>> wasserstein_at_least([0.0, -1.0], [[0.0], [1.0]], [[3.0]])  # of 2.5, at S(z) = -z
    2.5
    """
    at_x, at_y = lipschitz(S, x, y)
    return max(0.0, float(at_x.mean() - at_y.mean()))


def extended(S: ArrayLike, x: ArrayLike, y: ArrayLike) -> tuple[Callable[[ArrayLike], Floats], float]:
    """The c-transform of S, its values at rows x (n,), as a function of all rows, and the most that it is.

    It is z -> min_j |z - y_j| - g_j, clipped to the range that it has at x and y, and less the
    least of that, so that its slopes are at most 1 and its values between 0 and the most.

    >>> S, most = extended([9.0, 0.0], [[0.0], [1.0]], [[3.0]])
    >>> S([[0.0], [2.0], [100.0]]).tolist(), most
    ([3.0, 1.0, 3.0], 3.0)
    """
    at_x, at_y = lipschitz(S, x, y)
    least, most = min(at_x.min(), at_y.min()), max(at_x.max(), at_y.max())

    def clipped(z: ArrayLike) -> Floats:
        rows, centres = two_samples(z, y)
        parts = np.array_split(rows, -(-len(rows) // ROWS_AT_ONCE))
        nearest = [(cdist(part, centres) + at_y).min(axis=1) for part in parts]
        return np.asarray(np.clip(np.concatenate(nearest), least, most) - least)

    return clipped, float(most - least)


def wasserstein_between(
    S: Callable[[ArrayLike], Floats],
    most: float,
    x: ArrayLike,
    y: ArrayLike,
    moved: float,
    diameter: float,
    level: float = 0.95,
) -> tuple[float, float]:
    """Two-sided confidence limits on W_1(q, p) from samples (n, d), (m, d) that S and most, of `extended`, are without.

    moved     the cost of a transport of x to y, optimal or not, where distances above the diameter count as that
    diameter  the greatest distance in the supports of q and p, or an assumption on it that no sample was looked at for

    The lower limit holds without it. The upper one is on W_1 with all distances above the diameter counted as that,
    which is W_1 itself where the assumption is true; valid at every n and m (divergences.metrics.metric_between).
    Raises ValueError for a diameter below most.

    >>> x, y = np.random.default_rng(0).uniform([[0], [0.5]], [[1], [1.5]], (2, 4000))
    >>> S, most = extended(-x[:500], x[:500], y[:500])
    >>> low, high = wasserstein_between(S, most, x[500:], y[500:], on_line(x[500:], y[500:]), 1.5)
    >>> round(low, 2), round(high, 2)  # W_1 is 0.5
    (0.49, 0.56)
    """
    if not most * (1 - ROUNDING) <= diameter < math.inf:
        raise ValueError(f"S ranges over {most:g} and the diameter is {diameter:g}; give a finite one of at least that")
    return metric_between(S(x), S(y), (0.0, most), moved, diameter, level)


def on_line(x: ArrayLike, y: ArrayLike, order: float = 1) -> float:
    """W of numbers (n,) and (m,), by sorting them. Villani, Topics in optimal transportation, 2003, theorem 2.18.

    >>> on_line([0.0, 1.0], [5.0, 4.0]), round(on_line([0.0], [3.0, 4.0], order=2), 4)
    (4.0, 3.5355)
    """
    x_, y_ = _checked(x, y, order)
    if x_.shape[1] > 1:
        raise ValueError(f"rows of {x_.shape[1]} numbers lie on no line; use wasserstein(x, y) or sliced(x, y)")
    return float(_on_lines(x_, y_, order)[0] ** (1 / order))


def sliced(x: ArrayLike, y: ArrayLike, order: float = 2, directions: int = 200, seed: int = 0) -> float:
    """The mean of W^order over projections on random directions, to the power 1 / order: at most W, and fast.

    Bonneel et al., Sliced and Radon Wasserstein barycenters of measures, 2015.

    >>> round(sliced([[0.0, 0.0]], [[3.0, 4.0]]), 1)  # 5 / sqrt(2), but for the drawing of directions
    3.4
    """
    x_, y_ = _checked(x, y, order)
    if directions < 1:
        raise ValueError(f"{directions} directions give no mean; draw at least 1")
    towards = np.random.default_rng(seed).normal(size=(x_.shape[1], directions))
    towards /= np.linalg.norm(towards, axis=0)
    return float(_on_lines(x_ @ towards, y_ @ towards, order).mean() ** (1 / order))


def critic(blur: Blur | None = None, told: bool = False) -> list[Term]:
    """The terms of E_q[-S(X)] + E[S(f(Z))] for a SaddleProblem of the blocks "f" and "d", as players.losses has.

    >>> import torch
    >>> data, noise = critic()
    >>> data.f(lambda x: x[..., 0], torch.ones(1, 1)), noise.f(lambda z: z, lambda x: x[..., 0], torch.ones(1, 1))
    (tensor([-1.]), tensor([1.]))
    """
    from formulations.players.losses import two_terms

    return two_terms(lambda S: -S, lambda S: S, blur, told)


def trained_critic(
    x: ArrayLike, y: ArrayLike, network: Callable[[Generator], Module], penalties: Sequence[Term] = ()
) -> SaddleProblem:
    """max over S of E_q S - E_p S between samples x (n, d) and y (m, d), S being held to slopes of 1 by what is given.

    network    random numbers -> S, a module from rows (batch, d) to (batch,); of bounded slopes, say (players.slopes)
    penalties  on the block "S", such as gradient_penalty("same", "S", "x", "y"): "same" is the generator that leaves y
               as it is, and "uniform" is sampled, too
    Of the problem, value is the lower bound by S's c-transform, whatever its slopes are; the answer is S.

    >>> import torch
    >>> from formulations.players.networks import Scalar, mlp
    >>> from formulations.players.penalties import gradient_penalty
    >>> x = np.random.default_rng(0).normal(size=(50, 2))
    >>> network = lambda numbers: torch.nn.Sequential(mlp([2, 16, 1], numbers), Scalar())
    >>> game = trained_critic(x, x + [3.0, 4.0], network, [gradient_penalty("same", "S", "x", "y", one_sided=True)])
    >>> round(game.value({"S": lambda rows: -(rows @ torch.tensor([0.6, 0.8]))}), 6)
    5.0
    """
    from torch.nn import Identity

    from formulations.players.penalties import uniform_numbers

    rows, samplers = _played(x, y)
    return SaddleProblem(
        maximize_over={"S": Block(network)},
        minimize_over={"same": Block(Identity())},
        payoff=[Term(lambda S, x: S(x), ["S"], ["x"]), Term(lambda f, S, y: -S(f(y)), ["same", "S"], ["y"])],
        samplers={**samplers, "uniform": uniform_numbers},
        penalties={"maximize": penalties} if penalties else {},
        answer=lambda players: players["S"],
        value=lambda players: wasserstein_at_least(_at(players["S"], rows[0]), *rows),
        maths={"maximize over S": r"E_q[S(X)] - E_p[S(Y)]", "subject to": r"|S(z) - S(z')| \leq |z - z'|"},
    )


def transformed_critic(x: ArrayLike, y: ArrayLike, network: Callable[[Generator], Module]) -> SaddleProblem:
    """max over all S of E_q S(X) + E_p min_i |x_i - Y| - S(x_i): the c-transform takes the place of bounded slopes.

    Between the samples x (n, d) and y (m, d) every S gives a lower bound on W_1, and no penalty is left to be weighed.
    A step costs n distances for each of its samples of y. Genevay, Cuturi, Peyre & Bach, Stochastic optimization for
    large-scale optimal transport, 2016, section 4. Network, value and answer are as in trained_critic.

    >>> import torch
    >>> game = transformed_critic([[0.0], [1.0]], [[3.0]], lambda numbers: torch.nn.Linear(1, 1))
    >>> game.payoff[0].f(lambda rows: -rows[..., 0], torch.tensor([[[3.0]]])), game.value({"S": lambda z: -z[:, 0]})
    (tensor([[2.5000]]), 2.5)
    """
    import torch

    rows, samplers = _played(x, y)
    x_ = torch.from_numpy(rows[0].astype(np.float32))

    def payoff(S: Any, y: Any) -> Any:
        own = x_.to(y.device).expand(len(y), *x_.shape)
        at_x = S(own)
        at_y = torch.cdist(y, own, compute_mode="donot_use_mm_for_euclid_dist") - at_x.unsqueeze(-2)
        return at_x.mean(dim=-1, keepdim=True) + at_y.amin(dim=-1)

    return SaddleProblem(
        maximize_over={"S": Block(network)},
        minimize_over={},
        payoff=[Term(payoff, ["S"], ["y"])],
        samplers={"y": samplers["y"]},
        answer=lambda players: players["S"],
        value=lambda players: wasserstein_at_least(_at(players["S"], rows[0]), *rows),
        maths={"maximize over S": r"E_q[S(X)] + E_p\left[\min_i |x_i - Y| - S(x_i)\right]"},
    )


def _played(x: ArrayLike, y: ArrayLike) -> tuple[tuple[Floats, Floats], dict[str, Sampler]]:
    """Both samples, and samplers "x" and "y" of their rows."""
    import torch

    from formulations.likelihood.data import LARGEST, resampled

    rows = two_samples(x, y)
    if max(np.abs(part).max() for part in rows) > LARGEST:
        raise ValueError(f"a network sees no numbers above {LARGEST:g}; give the samples in another unit")
    return rows, {
        name: resampled(torch.from_numpy(part.astype(np.float32))) for name, part in zip("xy", rows, strict=True)
    }


def _at(S: Any, rows: Floats) -> Floats:
    """S at the rows, float64 (n,)."""
    import torch

    from formulations.likelihood.data import mapped

    return mapped(S, torch.from_numpy(rows.astype(np.float32)))


def _on_lines(x: Floats, y: Floats, order: float) -> Floats:
    """W^order of the columns of x (n, k) and y (m, k), (k,): the k-th smallest numbers, by shares, go to each other."""
    n, m = len(x), len(y)
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)  # of shares, in units of 1 / nm
    moved = np.abs(np.sort(x, axis=0)[(ends - 1) // m] - np.sort(y, axis=0)[(ends - 1) // n])
    return np.asarray(np.diff(ends, prepend=0) / (n * m) @ moved**order)


def _checked(x: ArrayLike, y: ArrayLike, order: float) -> tuple[Floats, Floats]:
    if not 1 <= order < math.inf:
        raise ValueError(f"the order of the Wasserstein distance is {order}; it must be at least 1, such as 1 or 2")
    return two_samples(x, y)
