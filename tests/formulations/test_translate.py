"""Translation: terms by their formulas, networks at odd sides, the history, what is claimed, and matchings."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from formulations.likelihood.observed import Observed
from formulations.players.translators import ODDS, History, PatchDiscriminator, Remembering, ResidualNetwork, UNet
from formulations.problem import SaddleProblem
from formulations.translate import at_most, cycle_errors, matching, nearest, paired, unpaired
from solvers import solve
from solvers.descent_ascent import DescentAscent


def kind(rows: Tensor) -> Observed:
    shape = (rows.shape[1], rows.shape[2], rows.shape[3])
    return Observed(
        shape, lambda n, g: rows[torch.randint(len(rows), (n,), generator=g)], rows[:8], rows.split(16), len(rows)
    )


def images(seed: int, n: int = 40, channels: int = 1, sides: tuple[int, int] = (8, 8)) -> Tensor:
    return torch.rand(n, channels, *sides, generator=torch.Generator().manual_seed(seed))


def tells(channels: int) -> Any:
    return lambda _: PatchDiscriminator(channels, 4, halvings=1)


def without_pairs(**weights: float) -> SaddleProblem:
    return unpaired(kind(images(0)), kind(images(1)), lambda _: UNet(1, 4, 1), tells(1), **weights)


def test_cycles_and_identity_cost_nothing_at_the_identity_and_what_they_should_elsewhere() -> None:
    x, game = images(2)[None], without_pairs(weight=3.0, same=2.0)
    for term in game.payoff[4:6]:
        assert term.f(lambda z: z, lambda z: z, x).tolist() == [[0.0] * 40]
        assert torch.allclose(term.f(lambda z: z + 0.5, lambda z: z - 0.25, x), torch.tensor(-3 * 0.25))
    for term in game.payoff[6:8]:
        assert term.f(lambda z: z, x).tolist() == [[0.0] * 40]
        assert torch.allclose(term.f(lambda z: z - 0.5, x), torch.tensor(-2 * 0.5))


def test_what_generators_climb_is_the_payoff_but_for_how_they_fool() -> None:
    """Both sides of an output of 1/2 are equally far from 0 and from 1."""
    x, game = images(2)[None], without_pairs()
    G, F, half = (lambda z: 1 - z), (lambda z: z / 2), Half()
    assert game.surrogate is not None
    climbed = game.surrogate[0].f(G, F, half, x)
    cycle, told = game.payoff[4].f(G, F, x), game.payoff[1].f(G, half, x)
    assert torch.allclose(climbed, cycle - told)
    assert torch.allclose(told, torch.tensor(0.25))


class Half(nn.Module):
    """A discriminator that always says 1/2 and remembers nothing."""

    def history(self, x: Tensor) -> Tensor:
        return x

    def forward(self, x: Tensor) -> Tensor:
        return torch.full((*x.shape[:-3], 2, 2), 0.5)


def test_by_pairs_the_discriminator_sees_both_and_the_error_is_weighed() -> None:
    pairs = images(3, channels=2)
    game = paired(kind(pairs), lambda _: UNet(1, 4, 1), tells(2), weight=7.0)
    seen = []

    def D(z: Tensor) -> Tensor:
        seen.append(z)
        return torch.zeros(*z.shape[:-3], 2, 2)

    real, told, error = (term.f for term in game.payoff)
    assert torch.allclose(real(D, pairs[None]), torch.tensor(2.0).log())
    assert torch.allclose(told(lambda x: 1 - x, D, pairs[None]), torch.tensor(2.0).log())
    assert torch.equal(seen[0], pairs[None])
    assert torch.equal(seen[1], torch.cat([pairs[None][:, :, :1], 1 - pairs[None][:, :, :1]], dim=2))
    assert torch.allclose(error(lambda x: x, pairs[None]), -7 * (pairs[:, 0] - pairs[:, 1]).abs().mean((1, 2)))
    assert game.surrogate is not None
    assert torch.allclose(
        game.surrogate[0].f(lambda x: x, D, pairs[None]), error(lambda x: x, pairs[None]) - torch.tensor(2.0).log()
    )


@pytest.mark.parametrize("sides", [(4, 4), (7, 5), (28, 28), (30, 41)])
@pytest.mark.parametrize("channels", [1, 3])
def test_networks_take_any_sides(sides: tuple[int, int], channels: int) -> None:
    x = images(0, 2, channels, sides)
    made = UNet(channels, 4, halvings=2).eval()(10 * x - 5)
    assert made.shape == x.shape
    assert 0 == made.min() < made.max() == 1
    assert ResidualNetwork(channels, 4, blocks=2)(x).shape == x.shape
    assert PatchDiscriminator(channels, 4, halvings=2)(x).shape == (2, sides[0] // 4, sides[1] // 4)


def test_a_generator_begins_near_the_identity_and_has_slopes_beyond_black_and_white() -> None:
    torch.manual_seed(0)
    x, G = (images(0) > 0.5).float(), UNet(1, 8, 1)
    assert float((G(x) - x).abs().mean().detach()) < 0.25
    slope = torch.autograd.grad(G(2 * x - 0.5).sum(), G.last.bias)[0]
    assert float(slope) == x.numel()


def test_a_pixel_of_a_residual_network_is_made_of_those_near_it() -> None:
    x = torch.zeros(1, 1, 31, 31, requires_grad=True)
    (slope,) = torch.autograd.grad(ResidualNetwork(1, 4, blocks=3)(x)[0, 0, 15, 15], x)
    near = slope[0, 0].nonzero()
    assert near.min(0).values.tolist() == [11, 11]
    assert near.max(0).values.tolist() == [19, 19]


def test_a_residual_network_that_adds_nothing_keeps_the_log_odds() -> None:
    x, G = images(0), ResidualNetwork(1, 4, blocks=1)
    nn.init.zeros_(G.last.weight)
    nn.init.zeros_(G.last.bias)
    assert torch.allclose(torch.logit(G(x)), ODDS * (2 * x - 1), atol=1e-4)


@pytest.mark.parametrize(("halvings", "side"), [(1, 8), (2, 18)])
def test_an_output_sees_its_patch_alone(halvings: int, side: int) -> None:
    x = torch.zeros(1, 1, 64, 64, requires_grad=True)
    out = PatchDiscriminator(1, 4, halvings)(x)
    (slope,) = torch.autograd.grad(out[0, out.shape[1] // 2, out.shape[2] // 2], x)
    rows = slope[0, 0].abs().sum(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == side


def test_a_history_shows_images_of_before_as_often_as_new_ones() -> None:
    history = History(50, (1, 1, 1))
    shown = [history(torch.full((10, 1, 1, 1), float(k))) for k in range(200)]
    assert all(bool((one == k).all()) for k, one in enumerate(shown[:5]))  # until it is full
    old = [float((one < k).float().mean()) for k, one in enumerate(shown[5:], start=5)]
    assert 0.45 < np.mean(old) < 0.55
    assert history.eval()(torch.full((10, 1, 1, 1), 999.0)).min() == 999
    assert history.images.max() < 999


def test_what_a_history_holds_is_what_it_was_shown() -> None:
    history, shown = History(4, (1, 1, 1)), set()
    for k in range(20):
        history(torch.tensor([2.0 * k, 2.0 * k + 1]).view(2, 1, 1, 1))
        shown |= {2.0 * k, 2.0 * k + 1}
        assert set(history.images.flatten().tolist()[: int(history.held)]) <= shown


def test_only_the_discriminators_steps_change_the_history() -> None:
    """What a game is watched by leaves it alone, and a game that is resumed has it."""
    settings = partial(
        DescentAscent,
        method="simultaneous",
        optimizer=partial(torch.optim.Adam, lr=1e-3),
        batch=8,
        averaging=0.9,
    )
    states: list[Any] = []
    solve(without_pairs(), settings(iterations=3), progress=lambda search: states.append(search.state()))
    held = [int(state["buffers"][0]["D_Y.history.held"]) for state in states]
    assert held == [8 * state["iteration"] for state in states] == [0, 8, 16, 24]
    whole = solve(without_pairs(), settings(iterations=9))
    begun: list[Any] = []
    solve(without_pairs(), settings(iterations=9), progress=lambda search: begun.append(search.state()))
    again = solve(without_pairs(), settings(iterations=9, resume=next(s for s in begun if s["iteration"] == 8)))
    for name, player in whole.answer.items():
        for tensor, same in zip(player.state_dict().values(), again.answer[name].state_dict().values(), strict=True):
            assert torch.equal(tensor, same)


def test_training_learns_a_dilation_by_pairs() -> None:
    x = (images(4, 200) > 0.9).float()
    bold = nn.functional.max_pool2d(x, 3, stride=1, padding=1)
    game = paired(kind(torch.cat([x, bold], dim=1)), lambda _: UNet(1, 8, 1), tells(2))
    adam = partial(torch.optim.Adam, lr=3e-3, betas=(0.5, 0.99))
    settings = DescentAscent(method="simultaneous", optimizer=adam, batch=16, iterations=100, averaging=0.9)
    found = solve(game, settings)
    assert found.value is not None
    assert found.bound == 0
    assert found.value > -0.2 > -float((x - bold).abs().mean())
    assert float((found.answer["G"](x) - bold).abs().mean()) < -found.value  # the claim is above what it is of


def test_the_claim_is_an_upper_limit_at_its_confidence() -> None:
    numbers = np.random.default_rng(0)
    below = [at_most(numbers.beta(1, 9, 200), 0.05) < 0.1 for _ in range(300)]
    assert np.mean(below) <= 0.05
    assert at_most(np.zeros(2000), 0.05) < 0.01


def test_errors_of_cycles_see_what_is_hidden_in_small_differences() -> None:
    """G adds a thousandth of x to a grey image, F reads it: no error, until the image is rounded or blurred."""
    x = images(5)
    hide, read = (lambda z: 0.5 + z / 1000), (lambda z: (z - 0.5) * 1000)
    assert cycle_errors(hide, read, [x]).max() < 1e-3
    assert cycle_errors(hide, read, [x], lambda made: (made * 255).round() / 255).mean() > 0.4


def test_a_matching_is_proven_and_finds_shifted_images() -> None:
    x = images(6).flatten(1).double().numpy()
    order = np.random.default_rng(0).permutation(len(x))
    found = solve(matching(x, x[order] + 3))
    assert (found.status, found.certificate.exact) == ("optimal", True)
    assert found.value == pytest.approx(0, abs=1e-12)
    assert (order[np.argmax(found.answer, axis=1)] == np.arange(len(x))).all()
    assert (order[nearest(x, x[order])] == np.arange(len(x))).all()


def test_a_remembering_discriminator_says_what_it_would_without() -> None:
    D = PatchDiscriminator(1, 4, halvings=1)
    assert torch.equal(Remembering(D, 5, (1, 8, 8))(images(7)), D(images(7)))
