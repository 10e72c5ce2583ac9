"""Optimal transport between two finite distributions: the linear program and its Lagrangian saddle problem.

    minimize    sum of C_ij P_ij
    over        P >= 0, an m x n plan
    subject to  sum over j of P_ij = a_i       "leaves"
                sum over i of P_ij = b_j       "arrives"

Its dual (Kantorovich 1942): maximize a'f + b'g over potentials with f_i + g_j <= C_ij. In the saddle problem the
maximizing player chooses the potentials and the minimizing player the plan, subject to P >= 0 only:

    L(f, g, P) = a'f + b'g + sum of P_ij (C_ij - f_i - g_j)

A saddle problem is stated from the maximizing side: its value is that of feasible potentials, a lower bound on the cost
of every plan, and its bound is the cost of a feasible plan. With distances as costs the optimum is the Wasserstein-1
distance (Peyre & Cuturi, Computational optimal transport, 2019, ch. 2 and 6).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import eye_array, kron

from formulations.arithmetic.amounts import MAX_MAGNITUDE, checked_weights, in_units, said_of_sums
from formulations.arithmetic.plans import Plan, Transportation
from formulations.players.domains import NonNeg
from formulations.players.starts import at
from formulations.problem import (
    Block,
    Floats,
    Players,
    Problem,
    Reference,
    SaddleProblem,
    SearchProblem,
    Term,
    WeakDual,
)

if TYPE_CHECKING:
    from torch import Tensor

NEAR, DEEP, ROUNDS = 10, 36.0, 20  # of entropic limits: pairs by place, of R up to so many temperatures; iterations
SAMPLE = 100_000  # reduced costs of which a quantile is taken
USUAL = (1e-6, 1e6)  # sums of weights that the linear program leaves as they are


def transport(a: ArrayLike, b: ArrayLike, cost: ArrayLike) -> SearchProblem:
    """The cheapest plan: the answer is the plan, (m, n), and the multipliers are the potentials that prove it.

    a (m,) and b (n,) >= 0 with the same positive sum, cost (m, n) finite. Raises ValueError otherwise. Amounts count in
    whole multiples of a unit, at most 2^-45 of their sum, so that plans are exact.

    >>> from solvers import solve
    >>> found = solve(transport([0.5, 0.5], [0.25, 0.75], [[0, 1], [1, 0]]))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 0.25, 0.25, [[0.25, 0.25], [0.0, 0.5]])
    """
    a_, b_, C = _checked(a, b, cost)
    form = Transportation(*in_units(a_, b_), C, said_of_sums(a, b))
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="all that is there leaves, and all that is wanted arrives",
        answer=lambda plan: _dense(form, plan).tolist(),
        values=lambda plan: {"plan": _dense(form, plan)},
        weak_duals=[WeakDual("potentials", None, lambda dual: form.dual_value(dual.listed["leaves"]))],
        model=lambda: transport_lp(a_, b_, C),
        exact=True,
        maths={
            "minimize": r"\sum_{i, j} C_{ij} P_{ij}",
            "over": r"P \in \mathbb{R}^{m \times n}, \quad P \geq 0",
            "subject to": r"\sum_j P_{ij} = a_i \quad \forall i, \qquad \sum_i P_{ij} = b_j \quad \forall j",
        },
    )


def transport_lp(a: ArrayLike, b: ArrayLike, cost: ArrayLike) -> Problem:
    """The linear program as it stands above; its multipliers are the potentials. Arguments as in transport().

    As solvers' tolerances are absolute, amounts, and costs, are in units of about their sum where that is not USUAL.

    >>> from solvers import solve
    >>> solve(transport_lp([0.5, 0.5], [0.25, 0.75], [[0, 1], [1, 0]]), "glop").multipliers.listed["leaves"].shape
    (2,)
    """
    import cvxpy as cp

    a_, b_, C = _checked(a, b, cost)
    (m, n), total = C.shape, float(a_.sum())
    unit = 1.0 if USUAL[0] <= total <= USUAL[1] else 2.0 ** math.floor(math.log2(total))
    leaving, arriving, cost_of_unit = a_ / unit, b_ / unit, C.ravel() * unit
    P = cp.Variable(m * n, name="plan", bounds=[0, np.minimum.outer(leaving, arriving).ravel()])
    return Problem(
        objective=cp.Minimize(cost_of_unit @ P),
        subject_to={
            "leaves": kron(eye_array(m), np.ones((1, n)), format="csr") @ P == leaving,
            "arrives": kron(np.ones((1, m)), eye_array(n), format="csr") @ P == arriving,
        },
        answer=lambda values: (unit * rounded(values["plan"].reshape(m, n), leaving, arriving)).tolist(),
        repair=lambda values: {"plan": rounded(values["plan"].reshape(m, n), leaving, arriving).ravel()},
    )


def transport_game(a: ArrayLike, b: ArrayLike, cost: ArrayLike) -> SaddleProblem:
    """The saddle problem of potentials f (m,), g (n,) and a plan (m, n); its answer has all three, made feasible.

    It starts from potentials of 0 and the independent plan. Arguments and errors as in transport().

    >>> from solvers import solve
    >>> found = solve(transport_game([0.5, 0.5], [0.25, 0.75], [[0, 1], [1, 0]]))
    >>> found.status, round(found.value, 3), round(found.bound, 3), sorted(found.answer)
    ('optimal', 0.25, 0.25, ['f', 'g', 'plan'])
    """
    import torch

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
        maths={
            "maximize over f, g": r"a^{\top} f + b^{\top} g + \sum_{i, j} P_{ij} (C_{ij} - f_i - g_j)",
            "minimize over P": r"P \geq 0",
        },
    )


def on_a_line(x: ArrayLike, a: ArrayLike, y: ArrayLike, b: ArrayLike) -> SaddleProblem:
    """The Wasserstein-1 distance of weights a at points x and b at points y: transport_game with costs |x_i - y_j|.

    Its reference is the closed form, the area between the two distribution functions. a, x are (m,), b, y are (n,);
    errors as in transport().

    >>> from solvers import solve
    >>> found = solve(on_a_line([0, 1], [0.5, 0.5], [0, 3], [0.5, 0.5]))  # half of the mass moves from 1 to 3
    >>> found.status, round(found.value, 3), round(found.bound, 3)
    ('optimal', 1.0, 1.0)
    """
    x_, y_ = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    a_, b_, C = _checked(a, b, np.abs(x_[:, None] - y_))

    def area() -> float:
        from scipy.stats import wasserstein_distance

        return float(a_.sum() * wasserstein_distance(x_, y_, a_, b_))

    known = [Reference("area between the distribution functions (SciPy)", area)]
    program = replace(
        transport(a_, b_, C), references=known, model=lambda: replace(transport_lp(a_, b_, C), references=known)
    )
    return replace(transport_game(a_, b_, C), references=known, model=lambda: program)


def with_slack(a: ArrayLike, b: ArrayLike, cost: ArrayLike, price: float = 0.0) -> tuple[Floats, Floats, Floats]:
    """The same with one more place, last, that takes what is not wanted, or sends what is missing, at that price.

    >>> a, b, cost = with_slack([3.0, 1.0], [2.0], [[1.0], [2.0]])
    >>> b.tolist(), cost.tolist()
    ([2.0, 2.0], [[1.0, 0.0], [2.0, 0.0]])
    """
    a_, b_, C = (np.asarray(given, dtype=np.float64) for given in (a, b, cost))
    over = a_.sum() - b_.sum()
    if over > 0:
        return a_, np.r_[b_, over], np.c_[C, np.full(len(a_), price)]
    return np.r_[a_, -over], b_, np.vstack([C, np.full(len(b_), price)])


def transformed(f: Floats, cost: Floats) -> tuple[Floats, Floats]:
    """The c-transforms of f: g_j = min_i C_ij - f_i, f'_i = min_j C_ij - g_j; (f', g) is feasible and f' >= f.

    f (m,), cost (m, n); f' (m,), g (n,).

    >>> transformed(np.array([0.0, 5.0]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    (array([4., 5.]), array([-4., -5.]))
    """
    g = (cost - f[:, None]).min(axis=0)
    return (cost - g).min(axis=1), g


def entropic_limits(f: Floats, a: Floats, b: Floats, cost: Floats) -> tuple[float, float]:
    """Limits on the least cost, from below and above, by any potentials f (m,), good or not; true but for rounding.

    Below stands what the c-transforms of f earn. Above, what the plan u_i exp(-R_ij / t) v_j costs, R being the reduced
    costs by them; u and v by Sinkhorn's iterations, and the plan then rounded to the sums a (m,) and b (n,), > 0. Where
    it earned t for each unit of its entropy it would be the cheapest one (Cuturi, Sinkhorn distances, 2013); t is such
    that next to nothing moves beyond NEAR pairs of each place.

    >>> one, cost = np.full(2, 0.5), np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> [round(limit, 6) for limit in entropic_limits(np.array([0.0, 0.4]), one, one, cost)]
    [0.0, 0.0]
    """
    f, g = transformed(f, cost)
    R = np.maximum(cost - f[:, None] - g, 0.0)
    sample = R.ravel()[:: 1 + R.size // SAMPLE]
    near = float(np.quantile(sample, min(1.0, NEAR * sum(R.shape) / R.size))) or float(sample.max()) or 1.0
    plan = np.exp(R / (-near / DEEP))
    u, v = np.ones_like(a), np.ones_like(b)
    with np.errstate(all="ignore"):  # of bad potentials u and v may be beyond float64: rounding makes a plan of any
        for _ in range(ROUNDS):
            u = a / (plan @ v)
            v = b / (u @ plan)
        plan *= u[:, None]
        plan *= v
    return float(a @ f + b @ g), float(np.vdot(rounded(np.nan_to_num(plan, posinf=0.0), a, b), cost))


def rounded(plan: Floats, a: Floats, b: Floats) -> Floats:
    """A plan (m, n) near the given one with row sums a and column sums b.

    Rows and columns with too large a sum are scaled down, and a matrix of rank one adds what is missing.
    Altschuler, Weed & Rigollet, Near-linear time approximation algorithms for optimal transport, 2017, algorithm 2.

    >>> rounded(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.5, 0.5]), np.array([0.25, 0.75])).tolist()
    [[0.25, 0.25], [0.0, 0.5]]
    """
    P = np.maximum(plan, 0.0)
    for axis, most in ((1, a), (0, b)):
        have = P.sum(axis=axis, keepdims=True)
        P = P * np.divide(
            np.expand_dims(most, axis), have, out=np.ones_like(have), where=have > np.expand_dims(most, axis)
        )
    missing = np.maximum(a - P.sum(axis=1), 0.0), np.maximum(b - P.sum(axis=0), 0.0)
    total = missing[1].sum()
    return P + np.outer(*missing) / total if total > 0 else P


def _charged(f: Tensor, g: Tensor, P: Tensor) -> Tensor:
    """The term - sum of P_ij (f_i + g_j), (members,)."""
    return -(P.sum(dim=2) * f).sum(dim=1) - (P.sum(dim=1) * g).sum(dim=1)


def _dense(form: Transportation, plan: Plan) -> Floats:
    """The plan as a matrix, float64 (m, n)."""
    matrix = np.zeros(form.cost.shape)
    np.add.at(matrix, (plan.source, plan.target), plan.amount / float(form.unit))
    return matrix


def _checked(a: ArrayLike, b: ArrayLike, cost: ArrayLike) -> tuple[Floats, Floats, Floats]:
    a_, b_, C = (np.asarray(given, dtype=np.float64) for given in (a, b, cost))
    if a_.ndim != 1 or b_.ndim != 1 or not a_.size or not b_.size or C.shape != (len(a_), len(b_)):
        raise ValueError(
            f"weights of shapes {a_.shape} and {b_.shape} need costs of shape (m, n), not {C.shape}; "
            "give one cost for each pair"
        )
    a_, b_ = checked_weights(a_, b_)
    if not (np.abs(C) <= MAX_MAGNITUDE).all():
        finite = np.isfinite(C).all()
        what = f"a cost is {np.abs(C).max():g} in size" if finite else "a cost is not finite"
        raise ValueError(f"{what}; give every pair a finite cost within {MAX_MAGNITUDE:g}")
    return a_, b_, C
