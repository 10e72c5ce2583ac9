"""A generator's likelihood and its Lagrangian weak dual, on finitely many cells, where both can be computed.

A generator gives cell x the probability p_x; the data have frequencies q. The task is to

    maximize    V(p) = sum of q_x log p_x.

Write r for p as it enters the logarithm, r_x = p_x being a constraint with the multiplier lam_x, and maximize over
r >= 0 instead: for any lam > 0, r_x = q_x / lam_x is best, and weak duality says

    V(p)  <=  max over r of  sum of q log r + lam (p - r)
           =  const - sum of q log lam + sum of p lam,       const = sum of q log q - 1,

with 0 log 0 = 0: a cell that was never seen only adds p_x lam_x. So a discriminator lam that is low on the data and
high on what the generator makes up bounds the generator's likelihood, whatever either of them is. The gap is the
generalized Kullback-Leibler divergence of q from p lam, with u = lam p / q

    bound - V  =  sum of q log(q / (p lam)) - q + p lam  =  E_q[u - 1 - log u] + sum over q = 0 of p lam,

so the bound is tight at lam = q / p, and of all multiples of a lam the best is lam / E_p lam. Over all generators,
linear in p as it is, it is at most const - sum of q log lam + max lam; that is least at lam = 1, where p = q reaches it
with V(p) = sum of q log q.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cvxpy as cp
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr, xlogy

from formulations.players.domains import Simplex
from formulations.players.starts import at
from formulations.problem import Block, Floats, Players, Problem, Reference, SaddleProblem, Term, Values, distribution

if TYPE_CHECKING:
    from torch import Tensor

SERIES = 0.05  # |r / q - 1| up to which the divergence is summed up as a series


def constant(q: Floats) -> float:
    """const = sum of q log q - 1, in nats.

    >>> round(constant(np.array([0.5, 0.5])), 6)  # log(1/2) - 1
    -1.693147
    """
    return float(xlogy(q, q).sum() - q.sum())


def likelihood(q: Floats, p: Floats) -> float:
    """V(p) = sum of q log p; -inf where p is 0 and q is not.

    >>> likelihood(np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    0.0
    """
    with np.errstate(divide="ignore"):
        return float(xlogy(q, p).sum())


def bound(q: Floats, p: Floats, lam: Floats) -> float:
    """const - sum of q log lam + sum of p lam, at least V(p) for any lam >= 0; inf where lam is 0 and q is not.

    >>> q = np.array([0.5, 0.5])
    >>> bound(q, q, np.ones(2)) == likelihood(q, q)
    False
    """
    return constant(q) - likelihood(q, lam) + float(p @ lam)


def gap(q: Floats, p: Floats, lam: Floats) -> float:
    """bound - V = E_q[u - 1 - log u] + sum over q = 0 of p lam, u = lam p / q, without cancellation.

    >>> q = np.array([0.5, 0.5])
    >>> gap(q, q, np.ones(2))
    0.0
    """
    return divergence(q, p * lam)


def divergence(q: Floats, r: Floats) -> float:
    """sum of q log(q / r) - q + r >= 0, for any q and r >= 0; to full accuracy where r is near q, too.

    >>> divergence(np.array([1.0]), np.array([1.0]))
    0.0
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.where(q > 0, (r - q) / q, np.inf)
    near = np.abs(v) < SERIES
    small, series = np.where(near, v, 0.0), np.zeros_like(v)
    for k in range(14, 1, -1):  # v - log(1 + v) = v^2 (1/2 - v/3 + v^2/4 - ...)
        series = 1 / k - small * series
    return float(np.where(near, q * small**2 * series, rel_entr(q, r) - q + r).sum())


def tightest(q: Floats, p: Floats) -> Floats:
    """lam = q / p, 0 where q is: the bound is then V(p).

    >>> tightest(np.array([0.5, 0.5]), np.array([0.25, 0.75])).round(3).tolist()
    [2.0, 0.667]
    """
    return np.divide(q, p, out=np.zeros(len(q)), where=q > 0)


def rescaled(lam: Floats, p: Floats) -> Floats:
    """lam / E_p lam, of all multiples of lam the one whose bound is best.

    >>> rescaled(np.array([2.0, 2.0]), np.array([0.5, 0.5])).tolist()
    [1.0, 1.0]
    """
    return np.asarray(lam / (p @ lam))


def weak_dual(q: ArrayLike, p: ArrayLike | None = None) -> Problem:
    """The best bound on a generator p, or on all of them: convex in lam, to be minimized over lam >= 0.

    given p       const - sum of q log lam + sum of p lam; the optimum is V(p), the answer lam
    for any p     const - sum of q log lam + t  subject to  lam <= t  ("largest", whose multipliers are the generator);
                  the optimum is sum of q log q, the answer p
    Both q and p are float64 (k,). Raises ValueError unless they are non-negative and sum to 1, and V(p) is finite.

    >>> from solvers import solve
    >>> solve(weak_dual([0.5, 0.3, 0.2])).answer.round(4).tolist()
    [0.5, 0.3, 0.2]
    """
    q = distribution(q, "q")
    return _on_all(q) if p is None else _on_one(q, distribution(p, "p", len(q)))


def _on_one(q: Floats, p: Floats) -> Problem:
    """In terms of mass = p lam, which is best at q, while lam may be of all orders of magnitude."""
    missed = np.flatnonzero((p == 0) & (q > 0))
    if len(missed):
        raise ValueError(f"p is 0 in cell {missed[0] + 1}, where q is not: V(p) is -inf, and no bound is best")
    seen, V = np.flatnonzero(q), likelihood(q, p)
    mass = cp.Variable(len(q), name="mass", nonneg=True)
    log_lam = cp.log(mass[seen]) - np.log(p[seen])  # type: ignore[attr-defined]
    return Problem(
        objective=cp.Minimize(constant(q) - q[seen] @ log_lam + cp.sum(mass)),  # type: ignore[attr-defined]
        subject_to={},
        answer=lambda values: tightest(values["mass"], p),
        repair=lambda values: {"mass": _mixed(np.where(q > 0, values["mass"], 0.0))},
        dual_function=lambda _: V,
        size=lambda _: 1.0,  # nat
        references=[Reference("V(p)", lambda: V)],
    )


def _on_all(q: Floats) -> Problem:
    seen = np.flatnonzero(q)
    lam, t = cp.Variable(len(q), name="lam", nonneg=True), cp.Variable(name="t")

    def repair(values: Values) -> Values:
        least = np.where(q > 0, np.maximum(values["lam"], 0.0), 0.0)
        return {"lam": least / least.max(), "t": np.ones(())}

    return Problem(
        objective=cp.Minimize(constant(q) - q[seen] @ cp.log(lam[seen]) + t),  # type: ignore[attr-defined]
        subject_to={"largest": lam <= t},
        answer=lambda values: _mixed(tightest(q, values["lam"])),
        repair=repair,
        dual_function=lambda multipliers: likelihood(q, _mixed(multipliers["largest"])),
        size=lambda _: 1.0,  # nat
        references=[_entropy(q)],
    )


def likelihood_game(q: ArrayLike, model: Literal["tabular", "softmax"] = "tabular") -> SaddleProblem:
    """max over generators p, min over lam > 0 of  const - sum of q log lam + sum of p lam, for q float64 (k,).

    tabular  p itself, in the simplex
    softmax  p = softmax(theta) on the cells that were seen: on others no finite theta is best
    The discriminator is log lam, so that lam > 0. Value and bound are V(p) and the bound on all generators, the answer
    is p. At the saddle p is coupled to log lam by the identity, theta by about diag(q), ill-conditioned; so theta and
    log lam are then in units of (q max q)^(-1/4), which leaves the square root of the condition: extragradient steps of
    0.5 suit both. Raises ValueError unless q is non-negative and sums to 1.

    >>> from solvers import solve
    >>> solve(likelihood_game([0.5, 0.5]), "descent-ascent").status
    'optimal'
    """
    import torch

    if model not in ("tabular", "softmax"):
        raise ValueError(f"there is no model {model!r} of p; choose tabular or softmax")
    q = distribution(q, "q")
    k, const, frequency = len(q), constant(q), torch.tensor(q)
    unseen = frequency == 0
    scale = np.where(q > 0, q, 1.0) * q.max()
    units = torch.tensor(scale**-0.25) if model == "softmax" else torch.ones(k, dtype=torch.float64)

    def generated(theta: Tensor) -> Tensor:
        if model == "tabular":
            return theta
        logits = theta * units.to(theta.device)
        return logits.masked_fill(unseen.to(theta.device), -torch.inf).softmax(dim=-1)

    def log_lam(d: Tensor) -> Tensor:
        return d * units.to(d.device)

    def made(players: Players) -> Floats:
        return _mixed(generated(players[name]).numpy())

    def bound_on_all(players: Players) -> float:
        d = log_lam(players["d"]).numpy()
        return constant(q) - float(q @ (d - d.max())) + 1.0  # lam / max lam, whose maximum is 1

    name = {"tabular": "p", "softmax": "theta"}[model]
    generator = Block(at(np.full(k, 1 / k)), Simplex()) if model == "tabular" else Block(at(np.zeros(k)))
    return SaddleProblem(
        maximize_over={name: generator},
        minimize_over={"d": Block(at(np.zeros(k)))},
        payoff=[
            Term(lambda d: const - log_lam(d) @ frequency.to(d.device), ["d"]),
            Term(lambda p, d: (generated(p) * log_lam(d).exp()).sum(dim=-1), [name, "d"]),
        ],
        answer=made,
        value=lambda players: likelihood(q, made(players)),
        bound=bound_on_all,
        size=lambda _: 1.0,  # nat
        model=lambda: weak_dual(q),
        references=[_entropy(q)],
        maths={
            "maximize over p": r"\sum_x q_x \log q_x - 1 - \sum_x q_x \log d_x + \sum_x p_x d_x",
            "minimize over d": r"d > 0",
        },
    )


def _entropy(q: Floats) -> Reference:
    return Reference("sum of q log q", lambda: constant(q) + 1.0)


def _mixed(weights: Floats) -> Floats:
    """Such weights made non-negative, with sum 1."""
    positive = np.maximum(weights, 0.0)
    return np.asarray(positive / positive.sum())
