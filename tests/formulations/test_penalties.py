"""Gradient penalties: their values where the gradient is known, and their own gradients against differences."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from formulations.players.networks import Linear, Scalar, mlp
from formulations.players.penalties import gradient_penalty, r1, uniform_numbers
from formulations.problem import Block, SaddleProblem, Term
from solvers import solve
from solvers.descent_ascent import DescentAscent

torch.set_num_threads(1)
MEMBERS, BATCH, DIMS = 3, 5, 2


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def quadratic(x: Tensor) -> Tensor:
    """Of gradient 2 x."""
    return x.square().sum(-1)


def draws(seed: int = 0) -> Tensor:
    return torch.randn(MEMBERS, BATCH, DIMS, generator=seeded(seed), dtype=torch.float64)


def test_r1_of_a_quadratic() -> None:
    x = draws()
    term = r1(weight=3.0)
    assert (list(term.blocks), list(term.over)) == (["d"], ["data"])
    assert torch.allclose(term.f(quadratic, x), 1.5 * (2 * x).square().sum(-1))


def test_gradient_penalty_of_a_quadratic_lies_between_data_and_samples() -> None:
    x, z, u = draws(0), draws(1), torch.rand(MEMBERS, BATCH, generator=seeded(2), dtype=torch.float64)
    term = gradient_penalty(weight=2.0)
    between = u[..., None] * x + (1 - u[..., None]) * (5 * z)
    expected = 2 * (2 * between.norm(dim=-1) - 1).square()
    assert torch.allclose(term.f(lambda noise: 5 * noise, quadratic, x, z, u), expected)


def test_the_unit_slope_is_free_and_the_flat_has_a_gradient() -> None:
    x, u = draws(), torch.full((MEMBERS, BATCH), 0.5, dtype=torch.float64)
    term = gradient_penalty(weight=10.0)
    slope = torch.tensor([0.6, 0.8], dtype=torch.float64)
    assert torch.allclose(term.f(nn.Identity(), lambda y: y @ slope, x, x, u), torch.zeros(()).double(), atol=1e-9)
    flat = torch.zeros(DIMS, dtype=torch.float64, requires_grad=True)
    penalty = term.f(nn.Identity(), lambda y: y @ flat, x, x, u)
    assert torch.allclose(penalty, torch.tensor(10.0).double(), atol=1e-4)
    (gradient,) = torch.autograd.grad(penalty.sum(), flat)
    assert gradient.isfinite().all()


def test_a_one_sided_penalty_is_that_of_slopes_above_one_alone() -> None:
    x, z, u = draws(0), draws(1), torch.rand(MEMBERS, BATCH, generator=seeded(2), dtype=torch.float64)
    both, one = (
        gradient_penalty(weight=3.0, one_sided=side).f(nn.Identity(), quadratic, x, z, u) for side in (False, True)
    )
    slope = (2 * torch.lerp(z, x, u.unsqueeze(-1))).norm(dim=-1)
    assert torch.allclose(both, 3 * (slope - 1).square())
    assert torch.allclose(one, 3 * (slope - 1).clamp(min=0).square())
    assert ((one == 0) & (both > 0)).any()


@pytest.mark.parametrize("which", ["r1", "between"])
def test_the_gradient_of_the_gradient_is_right_for_every_member(which: str) -> None:
    d = nn.Sequential(mlp([DIMS, 6, 1], seeded(), nn.Tanh), Scalar()).double()
    together = [
        torch.stack([p.detach() * (1 + k / 10) for k in range(MEMBERS)]).requires_grad_() for p in d.parameters()
    ]
    for (name, _), parameter in zip(list(d.named_parameters()), together, strict=True):
        owner, _, key = name.rpartition(".")
        setattr(d.get_submodule(owner), key, nn.Parameter(parameter.detach().contiguous()))
    x, z = draws(0), draws(1)
    u = torch.rand(MEMBERS, BATCH, generator=seeded(2), dtype=torch.float64)

    def total() -> Tensor:
        term = r1(weight=2.0) if which == "r1" else gradient_penalty()
        samples = (x,) if which == "r1" else (x, z, u)
        values: Tensor = term.f(d, *samples) if which == "r1" else term.f(nn.Identity(), d, *samples)
        assert values.shape == (MEMBERS, BATCH)
        return values.sum()

    parameters = list(d.parameters())
    gradients = torch.autograd.grad(total(), parameters, materialize_grads=True)
    assert any(gradient.abs().max() > 0 for gradient in gradients)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        flat = parameter.data.view(-1)  # a view: the parameter moves with it
        for i in range(0, flat.numel(), 5):
            before = float(flat[i])
            ends = []
            for shift in (1e-6, -1e-6):
                flat[i] = before + shift
                ends.append(float(total().detach()))
            flat[i] = before
            assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(float(gradient.flatten()[i]), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("penalty", [r1(weight=1.0), gradient_penalty(weight=1.0)])
@pytest.mark.parametrize("members", [1, 2])
def test_the_solver_takes_them(penalty: Term, members: int) -> None:
    """A linear critic of two points 3 apart: steep at its bound, unless it pays."""

    class Shift(nn.Module):
        def __init__(self, generator: Any) -> None:
            super().__init__()
            self.at = nn.Parameter(torch.zeros(1))

        def forward(self, z: Tensor) -> Tensor:
            return z + 0 * self.at

    problem = SaddleProblem(
        maximize_over={"f": Block(Shift)},
        minimize_over={"d": Block(lambda g: nn.Sequential(Linear(1, 1, g), Scalar()))},
        payoff=[Term(lambda d, x: -d(x), ["d"], ["data"]), Term(lambda f, d, z: d(f(z)), ["f", "d"], ["noise"])],
        samplers={
            "data": lambda n, g: torch.full((n, 1), 3.0),
            "noise": lambda n, g: torch.zeros(n, 1),
            "uniform": uniform_numbers,
        },
        penalties={"minimize": [penalty]},
        answer=lambda players: float(players["d"][0].weight),
    )
    adam = partial(torch.optim.Adam, lr=0.1)
    solution = solve(problem, DescentAscent(method="alternating", optimizer=adam, iterations=200, members=members))
    slopes = solution.answer if members > 1 else [solution.answer]
    # least -3 s + s^2 / 2, and least -3 s + (s - 1)^2
    assert slopes == pytest.approx([3.0 if len(penalty.over) == 1 else 2.5] * members, abs=2e-2)
