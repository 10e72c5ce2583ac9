"""Maps that turn noise into a law: T with T(Z) ~ p, where the noise Z has a density r.

    p(T(z)) |det T'(z)|  =  r(z)        if T is invertible and smooth: the change of variables

affine       T(z) = m + L z; standard normal noise becomes the normal law of mean m and covariance L L'
on the line  T = F^-1 o F_Z, of the two distribution functions: the one increasing map, and the cheapest one: no other
             moves E |T(Z) - Z|^k, k >= 1, less. Of data it is the sorted rows at the ranks of the sorted noise
triangular   T_i depends on z_1, ..., z_i only, and increases in z_i (Rosenblatt 1952; Knothe 1957): the Cholesky factor
             of a covariance, or a normalizing flow (formulations.players.flows)
a network    any module; where it is invertible its density is known by its derivatives, and else not

Among all maps, affine or not, from a law of mean m and covariance A to one of mean n and covariance B, none has a mean
squared distance E |T(Z) - Z|^2 below that of the affine one between normal laws (Gelbrich, On a formula for the L2
Wasserstein metric between measures on Euclidean and Hilbert spaces, 1990):

    |m - n|^2 + tr A + tr B - 2 maximize tr(L K M')   over matrices K   subject to  |K| <= 1   "contraction"

with A = L L', B = M M' and the spectral norm: K is their covariance in coordinates where each has covariance 1. The
best K is orthogonal, and T(z) = n + M K' L^-1 (z - m); with K = 1 it is the triangular one.

Noise must have no atom: a point of probability s goes to one point, which T(Z) then hits with probability s at least.
If p has no atoms, no T will do: the distribution functions of T(Z) and p differ by at least s / 2 somewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import cvxpy as cp
import numpy as np
from numpy.typing import ArrayLike

from formulations.problem import Floats, Problem, Reference, Values

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

SINGULAR = 1e-12  # relative to the largest: an eigenvalue from which a covariance counts as invertible
Moments = tuple[Floats, Floats]  # mean and covariance


class Law(Protocol):
    """A law on the line, as scipy.stats has it."""

    def cdf(self, x: Any) -> Any:
        """The distribution function."""

    def ppf(self, u: Any) -> Any:
        """Its inverse."""

    def logpdf(self, x: Any) -> Any:
        """The logarithm of the density."""


@dataclass(frozen=True)
class Map:
    """An invertible map T: to(z), back(x), and log |det T'(z)| of rows (n, d), or of numbers (n,); that is (n,)."""

    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    log_slope: Callable[[Floats], Floats]

    def log_density(self, x: ArrayLike, noise: Callable[[Floats], Floats]) -> Floats:
        """The log density of T(Z) at x, where that of Z is `noise`.

        >>> T = affine([1.0], [[2.0]])
        >>> T.log_density([[1.0]], lambda z: np.zeros(len(z))).round(4)  # uniform noise, twice as wide
        array([-0.6931])
        """
        z = self.back(np.asarray(x, dtype=np.float64))
        return np.asarray(noise(z) - self.log_slope(z))


def affine(shift: ArrayLike, matrix: ArrayLike) -> Map:
    """T(z) = shift + matrix z. Raises ValueError for a matrix without an inverse.

    >>> T = affine([1.0, 0.0], [[2.0, 0.0], [1.0, 1.0]])
    >>> T.to(np.array([[1.0, 1.0]])).tolist(), T.back(np.array([[3.0, 2.0]])).tolist()
    ([[3.0, 2.0]], [[1.0, 1.0]])
    """
    m, L = np.asarray(shift, dtype=np.float64), np.asarray(matrix, dtype=np.float64)
    if L.shape != (len(m), len(m)) or not np.linalg.matrix_rank(L) == len(m):
        raise ValueError(f"a matrix of shape {L.shape} and its rank are not {len(m)}; give one with an inverse")
    slope = float(np.linalg.slogdet(L)[1])
    return Map(
        lambda z: m + z @ L.T, lambda x: np.asarray(np.linalg.solve(L, (x - m).T).T), lambda z: np.full(len(z), slope)
    )


def triangular(mean: ArrayLike, covariance: ArrayLike) -> Map:
    """From standard normal noise to a normal law, by the Cholesky factor; ValueError unless it is positive definite.

    >>> triangular([0.0, 0.0], [[4.0, 2.0], [2.0, 2.0]]).to(np.eye(2)).tolist()
    [[2.0, 1.0], [0.0, 1.0]]
    """
    try:
        return affine(mean, np.linalg.cholesky(np.asarray(covariance, dtype=np.float64)))
    except np.linalg.LinAlgError:
        raise ValueError("the covariance is not positive definite; leave out columns that others determine") from None


def increasing(noise: Law, law: Law) -> Map:
    """F^-1 o F_Z, from one law on the line to another, both with densities.

    >>> from scipy.stats import expon, uniform
    >>> T = increasing(uniform(), expon())  # u -> -log(1 - u)
    >>> T.to(np.array([0.5])).round(4), T.log_density([1.0], uniform().logpdf)
    (array([0.6931]), array([-1.]))
    """
    return Map(
        lambda z: np.asarray(law.ppf(noise.cdf(z))),
        lambda x: np.asarray(noise.ppf(law.cdf(x))),
        lambda z: np.asarray(noise.logpdf(z) - law.logpdf(law.ppf(noise.cdf(z)))),
    )


def quantiles(data: ArrayLike, u: ArrayLike) -> Floats:
    """F^-1(u) of the empirical law of numbers (n,): the least that a share u in (0, 1] does not exceed.

    >>> quantiles([3.0, 1.0, 2.0], [1 / 3, 0.5, 1.0]).tolist()
    [1.0, 2.0, 3.0]
    """
    rows, ranks = np.sort(np.asarray(data, dtype=np.float64)), np.asarray(u, dtype=np.float64) * np.size(data)
    nearest = np.rint(ranks)  # k / n times n is k but for rounding
    at = np.where(np.isclose(ranks, nearest, rtol=1e-12, atol=0), nearest, np.ceil(ranks))
    return np.asarray(rows[np.clip(at.astype(np.int64) - 1, 0, len(rows) - 1)])


def log_slope(module: Module | Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """log |det T'(z)| of a network or of a flow's `standard`, rows (n, d) -> (n,), by automatic differentiation.

    >>> import torch
    >>> log_slope(lambda z: 2 * z, torch.zeros(1, 3)).exp()
    tensor([8.])
    """
    import torch

    derivative = torch.func.vmap(torch.func.jacrev(lambda row: module(row.unsqueeze(0)).squeeze(0)))(z)
    return torch.as_tensor(torch.linalg.slogdet(derivative)[1])


def largest_atom(rows: ArrayLike) -> tuple[Floats, float]:
    """The row (d,) that is there most often, and its share: T sends it to one point, whichever that is.

    >>> row, share = largest_atom([[0.0], [1.0], [0.0], [2.0]])
    >>> row.tolist(), share
    ([0.0], 0.5)
    """
    table = np.asarray(rows, dtype=np.float64)
    values, times = np.unique(table.reshape(len(table), -1), axis=0, return_counts=True)
    return np.asarray(values[times.argmax()]), float(times.max() / len(table))


def cheapest_affine(noise: Moments, data: Moments) -> Problem:
    """The least E |T(Z) - Z|^2 between normal laws of means (d,) and covariances (d, d), as moments() finds them.

    The answer is T(z) = shift + matrix z. Raises ValueError for laws of different dimensions.

    >>> from solvers import solve
    >>> found = solve(cheapest_affine((np.zeros(2), np.eye(2)), (np.ones(2), 9 * np.eye(2))))
    >>> found.status, round(found.value, 6), np.round(found.answer["matrix"], 6).tolist()
    ('optimal', 10.0, [[3.0, 0.0], [0.0, 3.0]])
    """
    (m, A), (n, B) = noise, data
    if len(m) != len(n):
        raise ValueError(f"the rows have {len(m)} and {len(n)} numbers; give tables with as many columns")
    L, M = np.linalg.cholesky(A), np.linalg.cholesky(B)
    between, total = float((m - n) @ (m - n)), float(np.trace(A) + np.trace(B))
    K = cp.Variable(A.shape, name="K")

    def repair(values: Values) -> Values:
        U, _, V = np.linalg.svd(values["K"])
        return {"K": U @ V}

    def answer(values: Values) -> dict[str, Any]:
        T = np.linalg.solve(L.T, values["K"] @ M.T).T
        return {"shift": (n - T @ m).tolist(), "matrix": T.tolist()}

    nuclear = float(np.linalg.svd(L.T @ M, compute_uv=False).sum())

    def dual(multipliers: Mapping[str, Floats]) -> float:
        """The least of the Lagrangian over K: bounded where the multiplier is 2 nuclear at least, else raised to it."""
        return between + total - max(float(multipliers["contraction"]), 2 * nuclear)

    return Problem(
        objective=cp.Minimize(between + total - 2 * cp.trace(L @ K @ M.T)),  # type: ignore[attr-defined]
        subject_to={"contraction": cp.sigma_max(K) <= 1},  # type: ignore[attr-defined]
        answer=answer,
        repair=repair,
        dual_function=dual,
        size=lambda _: between + total,
        references=[Reference("closed form (Gelbrich)", lambda: _gelbrich(noise, data))],
    )


def moments(rows: ArrayLike) -> Moments:
    """The mean (d,) and the covariance (d, d) of rows (n, d); raises ValueError where that has no inverse.

    >>> moments([[0.0], [2.0]])
    (array([1.]), array([[1.]]))
    """
    table = np.asarray(rows, dtype=np.float64)
    mean, covariance = table.mean(axis=0), np.atleast_2d(np.cov(table, rowvar=False, bias=True))
    spread = np.linalg.eigvalsh(covariance)
    if not spread[0] > SINGULAR * spread[-1]:
        what = f"{len(table)} rows of {table.shape[1]} numbers have a covariance without an inverse"
        raise ValueError(f"{what}; leave out columns that are constant or that others determine, or give more rows")
    return mean, covariance


def _gelbrich(noise: Moments, data: Moments) -> float:
    """|m - n|^2 + tr A + tr B - 2 tr (A^(1/2) B A^(1/2))^(1/2)."""
    (m, A), (n, B) = noise, data
    values, vectors = np.linalg.eigh(A)
    root = vectors * np.sqrt(values) @ vectors.T
    middle = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ B @ root), 0)).sum()
    return float((m - n) @ (m - n) + np.trace(A) + np.trace(B) - 2 * middle)
