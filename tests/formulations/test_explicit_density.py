"""Explicit densities: they never look ahead, sum to one, and draw what they say."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Generator

from formulations.explicit_density import Autoregressive, explicit, log_densities
from formulations.likelihood.observed import Observed
from formulations.likelihood.pixels import Bernoulli, DiscretizedLogistic, Gaussian
from formulations.players.masked import Causal
from solvers import solve
from solvers.descent_ascent import DescentAscent

SHAPES = [(1, 4, 5), (3, 3, 4), (1, 1, 6), (2, 5, 1)]


def random(shape: tuple[int, int, int], reach: int = 2, law: object = None, seed: int = 0) -> Autoregressive:
    torch.manual_seed(seed)
    f = Autoregressive(shape, law or Bernoulli(), reach=reach, width=8, depth=1)  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in f.parameters():
            parameter.add_(0.5 * torch.randn(parameter.shape))
    return f.eval()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("reach", [1, 2, 9])
def test_no_place_sees_itself_or_what_follows(shape: tuple[int, int, int], reach: int) -> None:
    """The Jacobian of what the layers are fed, and of the law's numbers, by all pixels in the order of reading."""
    f = random(shape, reach).double()
    x = torch.rand(1, *shape, dtype=torch.float64)
    every = torch.arange(f.dims).unsqueeze(0)
    jacobian = torch.autograd.functional.jacobian(lambda x: f.layers(f.sees(x, every))[0, :, 0], x)
    by_place = f.sees.in_order(jacobian[:, 0])
    assert bool((by_place.triu() == 0).all())
    if reach == 9:  # then all that goes before is seen
        assert bool((by_place.tril(-1) != 0)[torch.ones_like(by_place).tril(-1).bool()].all())


def test_what_is_seen_is_within_reach() -> None:
    sees = Causal((1, 5, 5), reach=1, width=3).double()
    x = torch.rand(1, 1, 5, 5, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: sees(x, torch.tensor([[12]])).sum(), x)
    assert (jacobian[0, 0] != 0).nonzero().tolist() == [[1, 1], [1, 2], [1, 3], [2, 1]]


@pytest.mark.parametrize("shape", [(1, 3, 3), (3, 1, 2), (2, 2, 2)], ids=str)
def test_probabilities_of_all_images_sum_to_one(shape: tuple[int, int, int]) -> None:
    f = random(shape)
    every = torch.tensor(list(product([0.0, 1.0], repeat=f.dims))).view(-1, *shape)
    with torch.no_grad():
        assert float(f.log_density(every).double().exp().sum()) == pytest.approx(1, abs=1e-5)


def test_so_do_those_of_three_levels() -> None:
    f = random((1, 2, 2), law=DiscretizedLogistic(3))
    every = torch.tensor(list(product([0.0, 0.5, 1.0], repeat=4))).view(-1, 1, 2, 2)
    with torch.no_grad():
        assert float(f.log_density(every).double().exp().sum()) == pytest.approx(1, abs=1e-5)


def test_samples_follow_the_probabilities() -> None:
    f = random((2, 1, 2))
    drawn = f.sample(40_000, Generator().manual_seed(0))
    every = torch.tensor(list(product([0.0, 1.0], repeat=4)))
    shares = torch.stack([(drawn == image).all(1).float().mean() for image in every])
    with torch.no_grad():
        assert shares.tolist() == pytest.approx(f.log_density(every.view(-1, 2, 1, 2)).exp().tolist(), abs=0.01)


def test_completions_keep_what_is_given() -> None:
    f, x = random((1, 4, 4)), torch.bernoulli(torch.full((3, 1, 4, 4), 0.5))
    made = f.completed(x, 8, Generator().manual_seed(0)).view_as(x)
    assert torch.equal(made[:, :, :2], x[:, :, :2])
    assert not torch.equal(made, x)


def test_some_places_estimate_the_sum_over_all() -> None:
    f, x = random((1, 3, 3), law=Gaussian()), torch.rand(2, 1, 3, 3)
    with torch.no_grad():
        whole = f.log_density(x)
        each = f.log_conditionals(x, torch.arange(9).expand(2, 9))
    assert torch.allclose(each.sum(1), whole)
    assert torch.allclose(9 * each.mean(1), whole)


def test_training_raises_the_value_and_has_no_bound() -> None:
    numbers = Generator().manual_seed(0)
    x = torch.bernoulli(torch.full((300, 1, 1, 4), 0.5), generator=numbers)
    x[..., 1:] = x[..., :1]  # all pixels alike: log 2 nats an image, and no more
    data = Observed((1, 1, 4), lambda n, g: x[torch.randint(300, (n,), generator=g)], x[:50], [x[50:]], 250)
    problem = explicit(data, lambda _: random((1, 1, 4)))
    adam = lambda parameters: torch.optim.Adam(parameters, lr=2e-2)  # noqa: E731
    solution = solve(problem, DescentAscent(method="simultaneous", optimizer=adam, iterations=300, batch=64))
    assert solution.value == pytest.approx(-0.6931, abs=0.05)
    assert solution.value == pytest.approx(log_densities(solution.answer["f"], data).mean())
    assert (solution.status, solution.bound) == ("feasible", None)
