"""Boundary equilibrium: linear auto-encoders in closed form, gradients by differences, where the multiplier rests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from formulations.began import began, best, multiplier
from formulations.problem import Block, Floats, SaddleProblem, Sampler
from solvers import solve
from solvers.descent_ascent import DescentAscent

torch.set_num_threads(1)


def moments(seed: int, d: int = 3) -> tuple[Floats, Floats]:
    halves = np.random.default_rng(seed).normal(size=(2, d, d))
    return halves[0] @ halves[0].T, halves[1] @ halves[1].T


def paid(P: Floats, of_data: Floats, of_samples: Floats, k: float) -> float:
    """E L(X) - k E L(f(Z)) of the auto-encoder x -> P x."""
    rest = np.eye(len(P)) - P
    return float(np.trace(rest @ (of_data - k * of_samples) @ rest.T))


@given(st.integers(0, 10**6), st.floats(0, 1), st.integers(1, 3))
def test_no_projection_of_that_rank_does_better(seed: int, k: float, rank: int) -> None:
    q, p = moments(seed)
    P = best(q, p, k, rank)
    assert pytest.approx(P) == P @ P
    assert pytest.approx(P) == P.T
    assert np.linalg.matrix_rank(P) <= rank
    least, rng = paid(P, q, p, k), np.random.default_rng(seed)
    for _ in range(20):
        basis, _ = np.linalg.qr(rng.normal(size=(3, rng.integers(1, rank + 1))))
        assert paid(basis @ basis.T, q, p, k) >= least - 1e-9


def test_without_samples_it_is_principal_component_analysis() -> None:
    x = np.random.default_rng(0).normal(size=(50, 4)) @ np.diag([3.0, 2.0, 1.0, 0.5])
    _, _, rows = np.linalg.svd(x, full_matrices=False)
    assert best(x.T @ x, np.eye(4), 0.0, 2) == pytest.approx(rows[:2].T @ rows[:2])


def test_each_player_moves_as_the_page_says() -> None:
    """Gradients of all terms, of blocks d, f and k, against differences of the expectations."""
    generator = torch.Generator().manual_seed(0)
    x, z = (torch.randn(1, 6, 2, generator=generator, dtype=torch.float64) for _ in range(2))
    start = torch.tensor([0.7, -0.2, 0.4], dtype=torch.float64)  # of d: x -> a x, of f: z -> b z, and k
    gamma = 0.5
    payoff, surrogate = began(gamma)

    def errors(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return tuple((((1 - a) * y) ** 2).sum(-1).mean() for y in (x, b * z))  # type: ignore[return-value]

    def by_terms(terms: Any, numbers: Tensor) -> Tensor:
        a, b, k = numbers
        players = {"d": lambda y: (y - a * y).square().sum(-1), "f": lambda y: b * y, "k": k.reshape(1)}
        drawn = {"data": x, "noise": z}
        return sum(  # type: ignore[return-value]
            term.f(*(players[n] for n in term.blocks), *(drawn[n] for n in term.over)).mean() for term in terms
        )

    def gradient(terms: Any) -> Tensor:
        numbers = start.clone().requires_grad_()
        (found,) = torch.autograd.grad(by_terms(terms, numbers), numbers)
        return found

    def difference(function: Any, i: int) -> float:
        step = torch.zeros(3, dtype=torch.float64)
        step[i] = 1e-6
        return float((function(*(start + step)) - function(*(start - step))) / 2e-6)

    assert gradient(payoff)[0].item() == pytest.approx(
        difference(lambda a, b, k: errors(a, b)[0] - k * errors(a, b)[1], 0)
    )
    assert gradient(surrogate)[1].item() == pytest.approx(difference(lambda a, b, k: -errors(a, b)[1], 1))
    of_data, of_samples = errors(*start[:2])
    assert gradient(surrogate)[2].item() == pytest.approx(float(gamma * of_data - of_samples))


OF_DATA, OF_SAMPLES = np.diag([4.0, 1.0]), np.array([[2.0, 0.6], [0.6, 0.3]])


def errors_at(k: float) -> tuple[float, float]:
    """E L(X) and E L(f(Z)) of the best linear auto-encoder of rank 1."""
    P = best(OF_DATA, OF_SAMPLES, k, 1)
    return paid(P, OF_DATA, OF_SAMPLES, 0.0), paid(P, OF_SAMPLES, OF_DATA, 0.0)


def multiplier_by_bisection(gamma: float) -> float:
    def excess(k: float) -> float:
        of_data, of_samples = errors_at(k)
        return gamma * of_data - of_samples

    assert excess(0.0) > 0 > excess(1.0)
    low, high = 0.0, 1.0
    for _ in range(50):
        k = (low + high) / 2
        low, high = (k, high) if excess(k) > 0 else (low, k)
    return low


def rows(moments: Floats) -> Sampler:
    """Four rows with exactly these second moments."""
    factor = torch.tensor(np.sqrt(2) * np.linalg.cholesky(moments).T, dtype=torch.float32)
    return lambda n, _: torch.cat([factor, -factor])[:n]


class Line(nn.Module):
    """The squared distance from a line through 0: the error of the projection on it."""

    def __init__(self) -> None:
        super().__init__()
        self.angle = nn.Parameter(torch.tensor(0.1))

    def forward(self, x: Tensor) -> Tensor:
        u = torch.stack([self.angle.cos(), self.angle.sin()])
        return (x - (x @ u).unsqueeze(-1) * u).square().sum(-1)


def played(gamma: float) -> Any:
    """The players where samples do not move: d and k alone are at play."""
    payoff, surrogate = began(gamma)
    game = SaddleProblem(
        maximize_over={"f": Block(nn.Identity()), "k": multiplier()},
        minimize_over={"d": Block(Line())},
        payoff=payoff,
        surrogate=surrogate,
        samplers={"data": rows(OF_DATA), "noise": rows(OF_SAMPLES)},
    )
    return solve(game, DescentAscent(method="simultaneous", step=0.05, iterations=600, batch=4)).answer


def test_the_multiplier_comes_to_rest_where_samples_are_restored_gamma_times_as_badly_as_data() -> None:
    gamma = 0.5
    players = played(gamma)
    k = float(players["k"])
    assert k == pytest.approx(multiplier_by_bisection(gamma), abs=1e-4)
    assert 0 < k < 1
    angle = float(players["d"].angle)
    u = np.array([np.cos(angle), np.sin(angle)])
    assert np.outer(u, u) == pytest.approx(best(OF_DATA, OF_SAMPLES, k, 1), abs=1e-3)
    of_data, of_samples = errors_at(k)
    assert of_samples == pytest.approx(gamma * of_data, rel=1e-3)


def test_where_samples_are_restored_badly_enough_the_multiplier_stays_at_0() -> None:
    players = played(gamma=0.25)
    assert float(players["k"]) == 0.0
    assert float(players["d"].angle) == pytest.approx(0.0, abs=1e-3)  # principal component analysis


def test_the_multiplier_stays_in_its_box_and_gamma_too() -> None:
    assert multiplier().domain is not None
    with pytest.raises(ValueError, match="gamma is 0; it must be above 0 and at most 1"):
        began(0)
    with pytest.raises(ValueError, match=r"gamma is 1\.5"):
        began(1.5)
