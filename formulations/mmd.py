"""The maximum mean discrepancy: how far apart two laws look to the functions of a kernel's unit ball.

    MMD(q, p)    =  max over S with |S| <= 1 of E_q S(X) - E_p S(X)              | | the norm of the kernel's space
    MMD(q, p)^2  =  E k(X, X') - 2 E k(X, Y) + E k(Y, Y')                         X, X' from q and Y, Y' from p

so that the discriminator is known in closed form, S(z) proportional to E k(X, z) - E k(Y, z), and a generator plays
alone (Gretton et al., A kernel two-sample test, 2012; Li, Swersky & Zemel, Generative moment matching networks, 2015).
Kernels here are functions of the distance r = |x - y|:

    gaussian  e^(-r^2 / 2 w^2)      inverse_multiquadric  (1 + r^2 / w^2)^(-1/2)
    laplace   e^(-r / w)            energy                -r^a,  0 < a < 2

and means of these. The last is no kernel, but as good as one where weights sum to 0: MMD^2 is then the energy distance
2 E|X - Y|^a - E|X - X'|^a - E|Y - Y'|^a (Sejdinovic et al., Equivalence of distance-based and RKHS-based statistics,
2013; formulations.likelihood.energy has its standard error). The value at one width says little by itself; whether it
is more than chance, a test by permutations does, at a level that is exact for any kernel chosen without the labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from formulations.divergences.kernels import (
    Kernel,
    energy,
    gaussian,
    inverse_multiquadric,
    labelled_mmd,
    laplace,
    median_distance,
    mixture,
)
from formulations.divergences.metrics import metric_between
from formulations.divergences.samples import two_samples
from formulations.players.domains import Ball
from formulations.players.starts import at
from formulations.problem import Block, Floats, Players, Reference, SaddleProblem, Term

__all__ = [
    "Kernel",
    "energy",
    "gaussian",
    "inverse_multiquadric",
    "laplace",
    "median_distance",
    "mixture",
    "mmd_between",
    "moment_matching",
    "permutation_p_value",
    "squared_mmd",
    "unit_ball",
    "witness",
]

NEAREST = 1e-12  # distance of samples in a game
ROUNDING = 1e-12  # relative to the size of k: up to which statistics count as ties


def squared_mmd(x: ArrayLike, y: ArrayLike, kernel: Kernel, unbiased: bool = True) -> float:
    """MMD^2 by samples (n, d) and (m, d) of 2 rows at least: without bias, or of the two empirical laws.

    >>> [round(squared_mmd([0.0, 1.0], [0.0, 2.0], gaussian(1.0), unbiased), 4) for unbiased in (True, False)]
    [-0.4323, 0.1967]
    """
    x_, y_ = two_samples(x, y, least=2)
    first = np.repeat([[1.0], [0.0]], [len(x_), len(y_)], axis=0)
    return float(labelled_mmd(np.concatenate([x_, y_]), first, kernel, unbiased)[0])


def witness(x: ArrayLike, y: ArrayLike, kernel: Kernel) -> Callable[[ArrayLike], Floats]:
    """The best S: rows (k, d) -> (k,), large where x is denser; its means at x and at y differ by the biased MMD.

    >>> S = witness([0.0, 1.0], [3.0, 4.0], gaussian(1.0))
    >>> S([0.5, 3.5]).round(3).tolist()
    [0.695, -0.695]
    """
    x_, y_ = two_samples(x, y, least=2)
    norm = math.sqrt(squared_mmd(x_, y_, kernel, unbiased=False)) or 1.0

    def S(z: ArrayLike) -> Floats:
        rows, _ = two_samples(z, x_)
        seen: Floats = (kernel(cdist(rows, x_)).mean(axis=1) - kernel(cdist(rows, y_)).mean(axis=1)) / norm
        return seen

    return S


def mmd_between(
    S: Callable[[ArrayLike], Floats], x: ArrayLike, y: ArrayLike, kernel: Kernel, level: float = 0.95
) -> tuple[float, float]:
    """Two-sided confidence limits on MMD(q, p) from samples (n, d) and (m, d) that the witness S was chosen without.

    Valid at every n and m, without assumptions on q and p (divergences.metrics.metric_between), for 0 <= k <= 1,
    k(0) = 1: then S is within [-1, 1], and two values of it differ by at most sqrt(2). Raises ValueError for k(0) != 1.

    >>> x, y = np.random.default_rng(0).normal([[0], [1]], 1, (2, 2000))
    >>> low, high = mmd_between(witness(x[:1000], y[:1000], gaussian(1.0)), x[1000:], y[1000:], gaussian(1.0))
    >>> round(low, 2), round(high, 2)  # the MMD is 0.42
    (0.37, 0.51)
    """
    if not math.isclose(kernel(0.0), 1.0):
        raise ValueError(f"the kernel is {kernel(0.0):g} at distance 0; limits are known for those that are 1 there")
    of_samples = math.sqrt(squared_mmd(x, y, kernel, unbiased=False))
    return metric_between(S(x), S(y), (-1.0, 1.0), of_samples, math.sqrt(2), level)


def permutation_p_value(x: ArrayLike, y: ArrayLike, kernel: Kernel, permutations: int = 999, seed: int = 0) -> float:
    """The p-value of q = p by MMD^2: the share of random relabellings, with the actual one, where it is as large.

    If q = p it is at most a with a probability of at most a, at every sample size. The smallest possible is
    1 / (permutations + 1). Phipson & Smyth, Permutation p-values should never be zero, 2010.

    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> permutation_p_value(x[:50], x[50:], gaussian(1.0)) > 0.1, permutation_p_value(x[:50], x[50:] + 2, gaussian(1.0))
    (True, 0.001)
    """
    x_, y_ = two_samples(x, y, least=2)
    if permutations < 1:
        raise ValueError(f"{permutations} permutations give no p-value; draw at least 19 for a level of 5 %")
    actual = np.repeat([1.0, 0.0], [len(x_), len(y_)])
    drawn = np.random.default_rng(seed).permuted(np.tile(actual, (permutations, 1)), axis=1)
    found = labelled_mmd(np.concatenate([x_, y_]), np.column_stack([actual, drawn.T]), kernel, unbiased=True)
    size = abs(kernel(0.0)) + abs(kernel(median_distance(x_, y_)))
    return float((found >= found[0] - ROUNDING * size).mean())


def unit_ball(x: ArrayLike, y: ArrayLike, kernel: Kernel) -> SaddleProblem:
    """max over S with |S| <= 1 of E_q S(X) - E_p S(Y), q and p the empirical laws of x (n, d) and y (m, d): their MMD.

    S = sum of a_i k(z_i, .) over all rows z; its coordinates c are those in which |S| = |c|, so that c is in a ball and
    the payoff is g'c. Any c bounds the optimum below, and Cauchy and Schwarz bound it above, by |g|. The answer is S,
    rows (k, d) -> (k,), but for a constant. Of a linear payoff steps may be long: a step s takes the angle between c
    and g by a factor of 1 + s |g|. For at most a few thousand rows. Raises ValueError for what is no sample.

    >>> from solvers import solve
    >>> from solvers.descent_ascent import DescentAscent
    >>> found = solve(unit_ball([0.0, 1.0], [0.0, 2.0], gaussian(1.0)), DescentAscent(step=10.0))
    >>> found.status, abs(found.value - math.sqrt(squared_mmd([0.0, 1.0], [0.0, 2.0], gaussian(1.0), False))) < 1e-10
    ('optimal', True)
    """
    x_, y_ = two_samples(x, y, least=2)
    rows = np.concatenate([x_, y_])
    weights = np.repeat([1 / len(x_), -1 / len(y_)], [len(x_), len(y_)])
    basis = _coordinates(_based(kernel(cdist(rows, rows)), kernel(cdist(rows, rows[:1])), kernel(0.0)))
    g = basis.T @ weights

    def value(players: Players) -> float:
        c = players["c"].double().numpy()
        return float(g @ c) / max(1.0, float(np.linalg.norm(c)))

    def answer(players: Players) -> Callable[[ArrayLike], Floats]:
        a = np.linalg.pinv(basis.T, rcond=math.sqrt(ROUNDING)) @ players["c"].double().numpy()
        return lambda z: np.asarray(kernel(cdist(two_samples(z, x_)[0], rows)) @ (a - a.sum() * first))

    first = np.eye(len(rows))[0]
    return SaddleProblem(
        maximize_over={"c": Block(at(np.zeros(len(g))), Ball(1.0))},
        minimize_over={},
        payoff=[Term(lambda c: (c * _tensor(g, c)).sum(dim=-1), ["c"])],
        answer=answer,
        value=value,
        bound=lambda _: float(np.linalg.norm(g)),
        size=lambda _: float(np.linalg.norm(g)),
        references=[Reference("closed form", lambda: math.sqrt(squared_mmd(x_, y_, kernel, unbiased=False)))],
        maths={"maximize over S": r"E_q[S(X)] - E_p[S(Y)]", "subject to": r"\|S\|_k \leq 1"},
    )


def _based(K: Floats, to_first: Floats, own: float) -> Floats:
    """The kernel of S(z) - S(z_0), z_0 the first row: positive semidefinite even if k is only as good as a kernel."""
    return np.asarray(K - to_first - to_first.T + own)


def _coordinates(K: Floats) -> Floats:
    """B with B B' = K, of K symmetric and positive semidefinite but for rounding."""
    values, vectors = np.linalg.eigh(K)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _tensor(numbers: Floats, like: Any) -> Any:
    import torch

    return torch.as_tensor(numbers, dtype=like.dtype, device=like.device)


def moment_matching(kernel: Kernel, scale: Any = 1.0) -> list[Term]:
    """The payoff -MMD^2, without bias over batches of 2 at least, of an "f" that plays alone on "data" and "noise".

    scale  the unit of distances, a number or one for each coordinate, a tensor (d,)

    >>> import torch
    >>> x = torch.tensor([[[0.0], [1.0]]])
    >>> round(moment_matching(gaussian(1.0))[0].f(lambda z: z, x, x).mean().item(), 4)  # an estimate below 0 of MMD^2
    0.3935
    """
    import torch

    def between(a: Any, b: Any) -> Any:  # the default mode cancels; at 0 powers have no derivative
        unit = torch.as_tensor(scale).to(a.device)
        return torch.cdist(a / unit, b / unit, compute_mode="donot_use_mm_for_euclid_dist").clamp(min=NEAREST)

    def among(rows: Any) -> Any:  # the mean of k to the others
        return (kernel(between(rows, rows)).sum(dim=-1) - kernel(NEAREST)) / (rows.shape[-2] - 1)

    def payoff(f: Any, x: Any, z: Any) -> Any:
        y = f(z)
        return 2 * kernel(between(y, x)).mean(dim=-1) - among(y) - among(x)

    return [Term(payoff, ["f"], ["data", "noise"])]
