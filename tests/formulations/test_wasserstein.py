"""Wasserstein distances against sorting, Gaussians' closed form and brute force; bounds by functions of all kinds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance
from torch import Tensor, nn

from formulations.players.networks import Linear, Scalar, mlp
from formulations.players.penalties import gradient_penalty
from formulations.players.slopes import clipped, spectrally_normalised
from formulations.problem import Block, Floats, SaddleProblem
from formulations.wasserstein import (
    critic,
    lipschitz,
    on_line,
    sliced,
    trained_critic,
    transformed_critic,
    wasserstein,
    wasserstein_at_least,
)
from solvers import solve
from solvers.descent_ascent import DescentAscent

torch.set_num_threads(1)


def samples(seed: int, n: int = 12, m: int = 9, d: int = 2) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(0.7, 1.5, size=(m, d))


def best_assignment(x: Floats, y: Floats, order: float) -> float:
    """W^order of as many rows each, by trying all."""
    costs = cdist(x, y) ** order
    return min(float(costs[range(len(x)), p].mean()) for p in itertools.permutations(range(len(x))))


# Exact


@pytest.mark.parametrize("order", [1, 2, 3.5])
def test_it_is_the_best_assignment_proven(order: float) -> None:
    for seed in range(5):
        x, y = samples(seed, 6, 6)
        found = solve(wasserstein(x, y, order))
        assert found.proven
        assert found.value == pytest.approx(best_assignment(x, y, order), rel=1e-9)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 7), (30, 30), (40, 29)])
def test_on_a_line_it_is_the_sorted_rows(order: int, n: int, m: int) -> None:
    for seed in range(3):
        x, y = samples(seed, n, m, 1)
        found = solve(wasserstein(x, y, order))
        assert found.proven
        assert [check.ok for check in found.checks if check.name == "sorted rows"] == [True]
        assert found.value == pytest.approx(on_line(x, y, order) ** order, rel=1e-9)
    assert on_line(x, y) == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0]))


def test_of_many_numbers_of_unlike_sizes_it_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=1001), rng.integers(-3, 3, 640)
    assert on_line(x, y) == pytest.approx(wasserstein_distance(x, y))


def test_of_gaussians_it_is_the_closed_form() -> None:
    """A map by a positive definite matrix is optimal, between Gaussians and between samples (Gelbrich 1990)."""
    rng = np.random.default_rng(0)
    x, half = rng.normal(size=(60, 3)), rng.normal(size=(3, 3))
    A = half @ half.T + 0.1 * np.eye(3)
    y = x @ A + np.array([1.0, 2.0, 3.0])
    of_x, of_y = np.cov(x.T, bias=True), np.cov(y.T, bias=True)
    root = sqrtm(of_x)
    closed = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(of_x + of_y - 2 * sqrtm(root @ of_y @ root).real)
    found = solve(wasserstein(x, y[rng.permutation(60)], order=2))
    assert found.proven
    assert found.value == pytest.approx(closed, rel=1e-8)


def test_equal_samples_and_samples_far_from_each_other() -> None:
    x, _ = samples(0)
    for scale in (1e-9, 1.0, 1e9):
        found = solve(wasserstein(scale * x, scale * (x[::-1] + np.array([3.0, 4.0]))))
        assert found.proven
        assert found.value == pytest.approx(5 * scale)
    same = solve(wasserstein(x, x[::-1]))
    assert (same.status, same.value) == ("optimal", 0.0)


# Bounds by functions


def slopes(at_x: Floats, at_y: Floats, x: Floats, y: Floats) -> float:
    """The steepest slope between any two rows."""
    values, distances = np.r_[at_x, at_y], cdist(np.r_[x, y], np.r_[x, y])
    rises = np.abs(values[:, None] - values)
    assert (rises[distances == 0] <= 1e-12).all()
    return float((rises[distances > 0] / distances[distances > 0]).max())


@given(st.integers(0, 10**6), st.floats(-3, 3))
def test_any_function_becomes_a_bound(seed: int, magnitude: float) -> None:
    x, y = samples(seed, 8, 6)
    S = np.random.default_rng(seed).normal(size=8) * 10**magnitude
    at_x, at_y = lipschitz(S, x, y)
    assert (at_x >= S - 1e-9 * 10**magnitude).all()
    assert slopes(at_x, at_y, x, y) <= 1 + 1e-6 * max(1.0, 10**magnitude)
    exact = solve(wasserstein(x, y)).value
    assert exact is not None
    assert wasserstein_at_least(S, x, y) <= exact + 1e-9 * max(1.0, 10**magnitude)


@pytest.mark.parametrize("S", [lambda z: z @ [0.6, 0.8], lambda z: -np.linalg.norm(z, axis=1), lambda z: 0 * z[:, 0]])
def test_functions_of_slope_one_lose_nothing(S: Callable[[Floats], Floats]) -> None:
    for seed in range(5):
        x, y = samples(seed)
        assert wasserstein_at_least(S(x), x, y) >= S(x).mean() - S(y).mean() - 1e-12


def test_the_potentials_of_the_plan_attain_it_and_what_is_too_steep_does_not_exceed_it() -> None:
    x, y = samples(1)
    found = solve(wasserstein(x, y))
    assert found.multipliers is not None
    potentials = found.multipliers.listed["leaves"]
    assert wasserstein_at_least(potentials, x, y) == pytest.approx(found.value, rel=1e-9)
    at_x, at_y = lipschitz(potentials, x, y)
    steep = 100 * potentials
    assert slopes(100 * at_x, 100 * at_y, x, y) == pytest.approx(100)  # its means would claim 100 times the distance
    assert wasserstein_at_least(steep, x, y) <= found.value + 1e-9
    assert wasserstein_at_least(-potentials, x, y) < found.value


# Lines


@pytest.mark.parametrize("order", [1, 2])
def test_slices_are_at_most_the_distance(order: int) -> None:
    for seed in range(5):
        x, y = samples(seed, d=3)
        exact = solve(wasserstein(x, y, order)).value
        assert exact is not None
        assert sliced(x, y, order) <= exact ** (1 / order) + 1e-12
        assert sliced(x, y, order, seed=1) == sliced(x, y, order, seed=1) != sliced(x, y, order, seed=2)


def test_of_a_shift_slices_are_its_closed_form_and_on_a_line_there_is_one() -> None:
    x, y = samples(0, d=1)
    assert sliced(x, y, 2, directions=3) == pytest.approx(on_line(x, y, 2))
    x, _ = samples(0, d=5)
    shift = np.arange(5.0)
    expected = np.linalg.norm(shift) / math.sqrt(5)  # the mean square of a coordinate of a random direction is 1 / d
    assert sliced(x, x + shift, 2, directions=20_000) == pytest.approx(expected, rel=0.02)


# The critic's slopes


def point(n: int, at: float) -> Tensor:
    return torch.tensor([[at, 0.0]]).repeat(n, 1)


def trained(d: Callable[[Any], nn.Module], members: int) -> list[float]:
    """Slopes, towards (3, 0) from the origin, of a linear critic of these two points: as steep as it may."""

    class Stays(nn.Module):
        def __init__(self, generator: Any) -> None:
            super().__init__()
            self.at = nn.Parameter(torch.zeros(1))

        def forward(self, z: Tensor) -> Tensor:
            return z + 0 * self.at

    game = SaddleProblem(
        maximize_over={"f": Block(Stays)},
        minimize_over={"d": Block(d)},
        payoff=critic(),
        samplers={"data": lambda n, g: point(n, 3.0), "noise": lambda n, g: point(n, 0.0)},
        answer=lambda players: float(players["d"](point(1, 1.0)) - players["d"](point(1, 0.0))),
    )
    adam = partial(torch.optim.Adam, lr=0.1)
    found = solve(game, DescentAscent(method="alternating", optimizer=adam, iterations=150, members=members))
    return list(found.answer) if members > 1 else [found.answer]


@pytest.mark.parametrize("members", [1, 2])
def test_a_bounded_critic_is_trained_to_its_bound(members: int) -> None:
    def network(g: Any) -> nn.Module:
        return nn.Sequential(Linear(2, 1, g), Scalar())

    assert trained(lambda g: clipped(network(g), 0.25), members) == pytest.approx([0.25] * members)
    assert trained(lambda g: spectrally_normalised(network(g)), members) == pytest.approx([1.0] * members, abs=1e-3)


def test_slopes_of_networks_are_within_what_their_weights_allow() -> None:
    x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    network = mlp([2, 16, 16, 1], torch.Generator().manual_seed(1))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(20)

    def steepest(f: nn.Module) -> float:
        with torch.no_grad():
            values = f(x)[:, 0]
        return float(((values[:, None] - values).abs() / (torch.cdist(x, x) + 1e-6)).max())

    assert steepest(network) > 100
    spectrally_normalised(network)
    for _ in range(50):  # each call in training improves the estimates of the norms
        network(x)
    assert 0.01 < steepest(network.eval()) <= 1.001
    bounded = clipped(mlp([2, 16, 1], torch.Generator().manual_seed(1)), 0.01)
    assert max(layer.weight.abs().max().item() for layer in (bounded[0], bounded[2])) == pytest.approx(0.01)  # type: ignore[index]
    assert steepest(bounded) <= 0.01**2 * 16 * math.sqrt(2)


def test_weights_far_outside_are_clipped_exactly_and_still_move() -> None:
    layer = nn.Linear(1, 1)
    nn.init.constant_(layer.weight, 1e7)
    clipped(layer, 0.01)
    assert layer.weight.item() == pytest.approx(0.01, rel=1e-6)
    layer(torch.ones(1, 1)).sum().backward()
    assert layer.parametrizations["weight"].original.grad.item() == 1.0  # type: ignore[index, union-attr]


# A critic alone


def plain(numbers: Any) -> nn.Module:
    return nn.Sequential(mlp([2, 32, 32, 1], numbers), Scalar())


GAMES: dict[str, Callable[[Floats, Floats], SaddleProblem]] = {
    "penalty": lambda x, y: trained_critic(x, y, plain, [gradient_penalty("same", "S", "x", "y")]),
    "one-sided": lambda x, y: trained_critic(x, y, plain, [gradient_penalty("same", "S", "x", "y", one_sided=True)]),
    "spectral": lambda x, y: trained_critic(x, y, lambda numbers: spectrally_normalised(plain(numbers))),
    "clipped": lambda x, y: trained_critic(x, y, lambda numbers: clipped(plain(numbers), 0.1)),
    "transformed": lambda x, y: transformed_critic(x, y, plain),
}


@pytest.mark.parametrize(("name", "share"), list(zip(GAMES, (0.93, 0.93, 0.9, 0.6, 0.97), strict=True)))
def test_a_critic_alone_comes_near_the_distance_and_never_beyond(name: str, share: float) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 2)), rng.normal(size=(80, 2)) * [1.2, 0.8] + [1.0, 0.0]
    exact = solve(wasserstein(x, y)).value
    assert exact is not None
    adam = partial(torch.optim.Adam, lr=5e-3, betas=(0.5, 0.99))
    found = solve(GAMES[name](x, y), DescentAscent(method="simultaneous", optimizer=adam, iterations=300, batch=80))
    assert found.value is not None
    assert share * exact <= found.value <= exact + 1e-9
    assert found.answer(torch.zeros(3, 2)).shape == (3,)


def test_a_critic_that_is_too_steep_claims_no_more() -> None:
    x, y = samples(0)
    exact = solve(wasserstein(x, y)).value
    assert exact is not None
    for game in (trained_critic(x, y, plain), transformed_critic(x, y, plain)):
        for scale in (1.0, 1e4, -1e4):
            assert game.value({"S": lambda rows, scale=scale: scale * rows[:, 0]}) <= exact + 1e-9  # type: ignore[misc]


def test_the_transformed_payoff_is_the_bound_in_the_mean() -> None:
    x, y = samples(3)
    game = transformed_critic(x, y, plain)
    S = plain(torch.Generator().manual_seed(0))
    paid = game.payoff[0].f(S, torch.tensor(y, dtype=torch.float32)[None])
    at_x = S(torch.tensor(x).float()).detach().double().numpy()
    by_hand = at_x.mean() + (cdist(x, y) - at_x[:, None]).min(axis=0).mean()
    assert paid.mean().item() == pytest.approx(by_hand, abs=1e-5)
    assert by_hand <= wasserstein_at_least(at_x, x, y) + 1e-12  # which transforms S once more


# Of the kinds that users have


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: wasserstein([1.0], []), "second sample has 0 rows"),
        (lambda: wasserstein([1.0], [math.nan]), "not finite"),
        (lambda: wasserstein([[1.0, 2.0]], [1.0]), "rows of 2 and of 1 numbers"),
        (lambda: wasserstein([1.0], [2.0], order=0.5), "order of the Wasserstein distance is 0.5"),
        (lambda: on_line([[1.0, 2.0]], [[1.0, 2.0]]), "rows of 2 numbers lie on no line"),
        (lambda: sliced([1.0], [1.0], directions=0), "0 directions"),
        (lambda: lipschitz([1.0, 2.0], [1.0], [1.0]), r"S has shape \(2,\)"),
        (lambda: lipschitz([math.inf], [1.0], [1.0]), "a finite number for each of the 1 rows"),
        (lambda: clipped(nn.Linear(1, 1), 0.0), "clipped to 0.0"),
        (lambda: transformed_critic([1.0], [1e40], plain), "a network sees no numbers above 1e\\+30"),
        (lambda: trained_critic([1.0], [[1.0, 2.0]], plain), "rows of 1 and of 2 numbers"),
        (lambda: spectrally_normalised(nn.ReLU()), "ReLU has no layer with a matrix of weights"),
    ],
)
def test_what_has_no_distance_is_refused(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
