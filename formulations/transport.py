"""Optimal transport between two finite distributions: the linear program, and the game that its dual is.

    minimize    sum of C_ij P_ij
    over        P >= 0, an m x n plan
    subject to  what leaves i is a_i       "leaves"
                what reaches j is b_j      "arrives"

Its dual (Kantorovich 1942): maximize a'f + b'g over potentials with f_i + g_j <= C_ij. As a game, the maximizing player
holds the potentials and the minimizing one the plan, P >= 0 its only constraint:

    L(f, g, P) = a'f + b'g + sum of P_ij (C_ij - f_i - g_j)

Transport is a minimization: potentials prove that no plan is cheaper, so they make the value, and a plan makes the
bound. With distances as costs the optimum is the Wasserstein-1 distance (Peyre & Cuturi, Computational optimal
transport, 2019, ch. 2 and 6).
"""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.sparse import eye_array, kron
from torch import Tensor

from formulations.players.domains import NonNeg
from formulations.players.starts import at
from formulations.problem import Block, Floats, Players, Problem, Reference, SaddleProblem, Term

MASS_TOLERANCE = 1e-9  # relative difference of the two masses that rounding may make


def transport(a: ArrayLike, b: ArrayLike, cost: ArrayLike) -> Problem:
    """The linear program; its answer is the plan, float64 (m, n), and its multipliers are the potentials.

    a (m,) and b (n,) >= 0 with the same positive sum, cost (m, n) finite. Raises ValueError otherwise.
    """
    a_, b_, C = _checked(a, b, cost)
    m, n = C.shape
    P = cp.Variable(m * n, name="plan", bounds=[0, np.minimum.outer(a_, b_).ravel()])
    return Problem(
        objective=cp.Minimize(C.ravel() @ P),
        subject_to={
            "leaves": kron(eye_array(m), np.ones((1, n)), format="csr") @ P == a_,
            "arrives": kron(np.ones((1, m)), eye_array(n), format="csr") @ P == b_,
        },
        answer=lambda values: rounded(values["plan"].reshape(m, n), a_, b_).tolist(),
        repair=lambda values: {"plan": rounded(values["plan"].reshape(m, n), a_, b_).ravel()},
    )


def transport_game(a: ArrayLike, b: ArrayLike, cost: ArrayLike) -> SaddleProblem:
    """The game of potentials f (m,) and g (n,) against a plan (m, n); its answer has all three, feasible.

    Players start from potentials of 0 and the independent plan. Arguments as in transport().
    """
    a_, b_, C = _checked(a, b, cost)
    ta, tb, tC = map(torch.tensor, (a_, b_, C))

    def potentials(players: Players) -> tuple[Floats, Floats]:
        return transformed(players["f"].numpy(), C)

    def plan(players: Players) -> Floats:
        return rounded(players["plan"].numpy(), a_, b_)

    def value(players: Players) -> float:
        f, g = potentials(players)
        return float(a_ @ f + b_ @ g)

    def answer(players: Players) -> dict[str, list[float] | list[list[float]]]:
        f, g = potentials(players)
        return {"f": f.tolist(), "g": g.tolist(), "plan": plan(players).tolist()}

    return SaddleProblem(
        maximize_over={"f": Block(at(np.zeros(len(a_)))), "g": Block(at(np.zeros(len(b_))))},
        minimize_over={"plan": Block(at(np.outer(a_, b_) / b_.sum()), NonNeg())},
        payoff=[
            Term(lambda f: f @ ta.to(f.device), ["f"]),
            Term(lambda g: g @ tb.to(g.device), ["g"]),
            Term(lambda P: (P * tC.to(P.device)).sum(dim=(1, 2)), ["plan"]),
            Term(_charged, ["f", "g", "plan"]),
        ],
        answer=answer,
        value=value,
        bound=lambda players: float((C * plan(players)).sum()),
        size=lambda players: float((np.abs(C) * plan(players)).sum()),
        model=lambda: transport(a_, b_, C),
    )


def on_a_line(x: ArrayLike, a: ArrayLike, y: ArrayLike, b: ArrayLike) -> SaddleProblem:
    """The game between weights a at points x and b at points y, its costs |x_i - y_j|: the Wasserstein-1 distance.

    Its reference is the closed form, the area between the two distribution functions. x (m,), y (n,).
    """
    x_, y_ = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    a_, b_, C = _checked(a, b, np.abs(x_[:, None] - y_))

    def area() -> float:
        from scipy.stats import wasserstein_distance

        return float(a_.sum() * wasserstein_distance(x_, y_, a_, b_))

    known = [Reference("area between the distribution functions (SciPy)", area)]
    return replace(
        transport_game(a_, b_, C), references=known, model=lambda: replace(transport(a_, b_, C), references=known)
    )


def transformed(f: Floats, cost: Floats) -> tuple[Floats, Floats]:
    """The best potentials (f', g) with f' >= f where f can be kept: g_j = min_i C_ij - f_i, f'_i = min_j C_ij - g_j."""
    g = (cost - f[:, None]).min(axis=0)
    return (cost - g).min(axis=1), g


def rounded(plan: Floats, a: Floats, b: Floats) -> Floats:
    """A plan near the given one that leaves a and reaches b: too much is scaled down, what lacks is added in rank one.

    Altschuler, Weed & Rigollet, Near-linear time approximation algorithms for optimal transport, 2017, algorithm 2.
    """
    P = np.maximum(plan, 0.0)
    for axis, most in ((1, a), (0, b)):
        have = P.sum(axis=axis, keepdims=True)
        P = P * np.divide(
            np.expand_dims(most, axis), have, out=np.ones_like(have), where=have > np.expand_dims(most, axis)
        )
    lacks = np.maximum(a - P.sum(axis=1), 0.0), np.maximum(b - P.sum(axis=0), 0.0)
    total = lacks[1].sum()
    return P + np.outer(*lacks) / total if total > 0 else P


def _charged(f: Tensor, g: Tensor, P: Tensor) -> Tensor:
    """What the potentials charge for the plan, taken off: - sum of P_ij (f_i + g_j), (members,)."""
    return -(P.sum(dim=2) * f).sum(dim=1) - (P.sum(dim=1) * g).sum(dim=1)


def _checked(a: ArrayLike, b: ArrayLike, cost: ArrayLike) -> tuple[Floats, Floats, Floats]:
    a_, b_, C = (np.asarray(given, dtype=np.float64) for given in (a, b, cost))
    if a_.ndim != 1 or b_.ndim != 1 or not a_.size or not b_.size or C.shape != (len(a_), len(b_)):
        raise ValueError(
            f"weights of shapes {a_.shape} and {b_.shape} need costs of shape (m, n), not {C.shape}; "
            "give one cost for each pair"
        )
    for name, weights in (("first", a_), ("second", b_)):
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
            raise ValueError(f"the {name} weights must be finite and >= 0 with a positive sum; correct them")
    if not np.isfinite(C).all():
        raise ValueError("a cost is not finite; give every pair a finite cost")
    if abs(a_.sum() - b_.sum()) > MASS_TOLERANCE * a_.sum():
        raise ValueError(
            f"the weights sum to {a_.sum():.12g} and {b_.sum():.12g}; divide each by its sum, so that all can be moved"
        )
    return a_, b_ * (a_.sum() / b_.sum()), C
