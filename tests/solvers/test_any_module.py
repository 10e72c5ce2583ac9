"""Any torch module as a player: buffers, frozen and shared weights, recurrent layers, and starts by the seed."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus
from torch.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm

from formulations.problem import Block, SaddleProblem, Term
from solvers import solve
from solvers.clock import Clock
from solvers.descent_ascent import DescentAscent, SaddleSearch

Adam = partial(torch.optim.Adam, lr=1e-2)


class Read(nn.Module):
    """A recurrent network that reads a row number by number."""

    def __init__(self, kind: type[nn.RNNBase], outputs: int) -> None:
        super().__init__()
        self.reads, self.says = kind(1, 4, batch_first=True), nn.Linear(4, outputs)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.says(self.reads(x[..., None])[0][:, -1])
        return found


class Tied(nn.Module):
    """Two layers that share one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.second(self.first(x).tanh())
        return found


class Drifting(nn.Module):
    """A layer that puts a new tensor in place of its buffer, which vmap would lose."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.register_buffer("mean", torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
        found: Tensor = self.layer(x - self.mean)
        return found


def frozen() -> nn.Module:
    made = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    made[0].requires_grad_(False)
    return made


MAKES: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(2, 2),
    "batch norm": lambda: nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2)),
    "spectral norm": lambda: spectral_norm(nn.Linear(2, 2)),
    "weight norm": lambda: weight_norm(nn.Linear(2, 2)),
    "orthogonal": lambda: orthogonal(nn.Linear(2, 2)),
    "lstm": lambda: Read(nn.LSTM, 2),
    "gru": lambda: Read(nn.GRU, 2),
    "tied": Tied,
    "frozen": frozen,
    "drifting": Drifting,
    "attention": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2)), nn.TransformerEncoderLayer(2, 1, 4, 0.0, batch_first=True), nn.Flatten()
    ),
    "convolution": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2)), nn.Conv1d(1, 3, 2, padding=1), nn.BatchNorm1d(3), nn.Flatten(), nn.Linear(9, 2)
    ),
}


def drawn(shift: float) -> Callable[[int, Generator], Tensor]:
    return lambda batch, generator: shift + torch.randn(batch, 2, generator=generator)


def against(make: Callable[..., nn.Module], **more: Any) -> SaddleProblem:
    """The minimax game of such a generator f and a small discriminator."""
    return SaddleProblem(
        maximize_over={"f": Block(lambda _: make())},
        minimize_over={"d": Block(lambda _: nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0)))},
        payoff=[
            Term(lambda d, x: softplus(-d(x)), ["d"], ["data"]),
            Term(lambda f, d, z: softplus(d(f(z))), ["f", "d"], ["noise"]),
        ],
        samplers={"data": drawn(1.0), "noise": drawn(0.0)},
        level=0.95,
        **more,
    )


def played(problem: SaddleProblem, seed: int = 0, **settings: Any) -> list[dict[str, Any]]:
    """The players of each member after a few steps."""
    solution = solve(problem, DescentAscent(**{"batch": 8, "iterations": 6, "optimizer": Adam, **settings}), seed=seed)
    return solution.answer if isinstance(solution.answer, list) else [solution.answer]


def same(one: nn.Module, other: nn.Module, tolerance: float = 0.0) -> bool:
    """Whether parameters and buffers are the same."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.allclose(a.double(), b.double(), rtol=0, atol=tolerance) for a, b in pairs)


@pytest.mark.parametrize("method", ["simultaneous", "alternating"])
def test_the_play_is_plain_torch_training_bit_by_bit(method: Any) -> None:
    game = against(MAKES["batch norm"])
    game = replace(
        game,
        minimize_over={"d": Block(lambda _: nn.Sequential(MAKES["batch norm"](), nn.Linear(2, 1), nn.Flatten(0)))},
    )
    search = SaddleSearch(
        game, DescentAscent(method=method, step=0.05, batch=16), clock=Clock(), gap=0.0, seed=3, device="cpu"
    )
    begun = search.play.member(0)
    f, d = (begun[name].train().requires_grad_() for name in ("f", "d"))
    numbers = torch.Generator().manual_seed(3)
    sgd = [torch.optim.SGD(module.parameters(), lr=0.05) for module in (f, d)]
    data, noise = game.samplers["data"], game.samplers["noise"]

    def payoff(x: Tensor, z: Tensor) -> Tensor:
        return softplus(-d(x)).mean() + softplus(d(f(z))).mean()

    for _ in range(20):
        for optimizer in sgd:
            optimizer.zero_grad()
        if method == "simultaneous":
            z, x = noise(16, numbers), data(16, numbers)
            payoff(x, z).backward()
            for p in f.parameters():
                p.grad.neg_()
            for optimizer in sgd:
                optimizer.step()
        else:
            x, z = data(16, numbers), noise(16, numbers)
            payoff(x, z).backward()
            sgd[1].step()
            sgd[0].zero_grad()
            (-softplus(d(f(noise(16, numbers)))).mean()).backward()
            sgd[0].step()
        with torch.no_grad():
            search._step()
    for name, module in (("f", f), ("d", d)):
        for key, tensor in module.state_dict().items():
            assert torch.equal(tensor, search.play.member(0)[name].state_dict()[key]), (name, key)


@pytest.mark.parametrize("kind", MAKES)
def test_an_ensemble_of_any_module_plays_as_its_members_would_alone(kind: str) -> None:
    game = against(MAKES[kind])
    together = played(game, members=2, method="alternating", optimizer=None)  # Adam would amplify what rounding leaves
    for k, member in enumerate(together):
        (alone,) = played(game, seed=k, method="alternating", optimizer=None)
        assert same(member["f"], alone["f"], 1e-4)
        assert not member["f"].training
    assert not same(together[0]["f"], together[1]["f"], 1e-2)


@pytest.mark.parametrize("kind", MAKES)
def test_any_module_is_trained_and_a_resumed_play_goes_on_bit_by_bit(kind: str) -> None:
    settings = DescentAscent(batch=8, iterations=20, optimizer=Adam, averaging=0.9, members=2)
    states: list[bytes] = []

    def save(search: SaddleSearch) -> None:
        file = io.BytesIO()
        torch.save(search.state(), file)
        states.append(file.getvalue())

    whole = solve(against(MAKES[kind]), settings, progress=save)
    half = torch.load(io.BytesIO(states[len(states) // 2]), weights_only=True)
    later = solve(against(MAKES[kind]), replace(settings, resume=half))
    begun = SaddleSearch(against(MAKES[kind]), settings, clock=Clock(), gap=0.0, seed=0, device="cpu").play.member(0)
    for one, other in zip(whole.answer, later.answer, strict=True):
        assert same(one["f"], other["f"])
    assert not same(whole.answer[0]["f"], begun["f"], 1e-3)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("more", [{"averaging": 0.9}, {"optimizer": None, "restart": 3}])
def test_frozen_weights_stay_frozen_and_shared_ones_shared(members: int, more: dict[str, Any]) -> None:
    for make in (frozen, Tied):
        search = SaddleSearch(
            against(make), DescentAscent(members=members), clock=Clock(), gap=0.0, seed=0, device="cpu"
        )
        for k, player in enumerate(played(against(make), members=members, **more)):
            begun, ended = search.play.member(k)["f"], player["f"]
            if make is frozen:
                assert torch.equal(begun[0].weight, ended[0].weight)
                assert not torch.equal(begun[2].weight, ended[2].weight)
            else:
                assert ended.first.weight is ended.second.weight
                assert not torch.equal(begun.first.weight, ended.first.weight)


def test_a_shared_weight_gets_the_gradients_of_both_layers() -> None:
    torch.manual_seed(0)
    net = Tied()
    x = torch.randn(4, 2)
    game = SaddleProblem(
        maximize_over={},
        minimize_over={"d": Block(net)},
        payoff=[Term(lambda d, x: d(x).square().sum(-1), ["d"], ["data"])],
        samplers={"data": lambda batch, generator: x},
    )
    search = SaddleSearch(game, DescentAscent(batch=4, step=0.1), clock=Clock(), gap=0.0, seed=0, device="cpu")
    search.play.gradients("minimize")
    net(x).square().sum(-1).mean().backward()
    expected = torch.cat([p.grad.reshape(-1) for p in net.parameters() if p.grad is not None])
    assert torch.equal(search.play.players["minimize"].gradient[0], expected)


@pytest.mark.parametrize("kind", ["linear", "lstm", "dropout"])
def test_starts_are_told_by_the_seed_and_the_users_own_numbers_are_left_alone(kind: str) -> None:
    make = {**MAKES, "dropout": lambda: nn.Sequential(nn.Dropout(), nn.Linear(2, 2))}[kind]
    torch.manual_seed(1)
    (first,) = played(against(make))
    torch.manual_seed(2)
    before = torch.get_rng_state()
    (again,) = played(against(make))
    assert torch.equal(torch.get_rng_state(), before)
    (other,) = played(against(make), seed=1)
    assert same(first["f"], again["f"])
    assert not same(first["f"], other["f"], 1e-3)


def test_a_module_that_is_given_starts_with_its_weights_and_is_left_alone() -> None:
    mine = nn.Linear(2, 2)
    kept = copy.deepcopy(mine)
    game = replace(against(MAKES["linear"]), maximize_over={"f": Block(mine)})
    search = SaddleSearch(game, DescentAscent(members=2), clock=Clock(), gap=0.0, seed=0, device="cpu")
    assert all(same(search.play.member(k)["f"], kept) for k in range(2))
    assert not same(played(game)[0]["f"], kept, 1e-3)
    assert same(mine, kept)
    assert mine.weight.requires_grad
    assert not same(
        solve(against(MAKES["linear"]), DescentAscent(iterations=3), start={"f": mine}).answer["f"], kept, 1e-3
    )
    assert same(mine, kept)


def test_evaluating_and_a_lost_member_leave_buffers_as_they_were() -> None:
    calls = [0]

    def fails(d: Any, x: Tensor) -> Tensor:
        calls[0] += 1
        return softplus(-d(x)) * (float("nan") if calls[0] > 12 else 1.0)

    game = against(MAKES["batch norm"])
    game = replace(game, payoff=[Term(fails, ["d"], ["data"]), game.payoff[1]])
    search = SaddleSearch(
        game, DescentAscent(method="simultaneous", batch=8), clock=Clock(), gap=0.0, seed=0, device="cpu"
    )
    states: list[dict[str, Tensor]] = []
    search.run(lambda search: states.append(search.play.member(0)["f"].state_dict()))
    assert search.lost.all()
    assert int(states[1]["1.num_batches_tracked"]) == 1  # evaluations and the rehearsal do not count
    assert all(tensor.isfinite().all() for tensor in states[-1].values())
    assert "payoff[0] (of d over data) is nan in 8 of 8 samples" in search.reasons[0]


def test_parts_methods_and_weights_of_a_module_are_at_hand_in_payoffs() -> None:
    def decay(f: Any, z: Tensor) -> Tensor:
        return -f.weight.square().sum((1, 2))[:, None] - f.forward(z).square().sum(-1)

    game = against(MAKES["linear"], penalties={"maximize": [Term(decay, ["f"], ["noise"])]})
    for k, member in enumerate(played(game, members=2)):
        assert same(member["f"], played(game, seed=k)[0]["f"], 1e-5)


class Counted(nn.Module):
    """Layers with chance in them that count their calls."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.layers, self.calls = nn.Sequential(nn.Linear(2, 16), nn.Dropout(), nn.Linear(16, last)), 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        found: Tensor = self.layers(x)
        return found


def test_what_both_sides_ask_of_a_module_is_worked_out_once() -> None:
    """In a game whose sides climb and pay different terms, which two calls within one term are never the same for."""
    apart: list[float] = []

    def twice(f: Any, z: Tensor) -> Tensor:
        apart.append(float((f(z) - f(z)).abs().sum().detach()))
        return f(z).square().sum(-1)

    noise = lambda n, numbers: torch.randn(n, 2, generator=numbers)  # noqa: E731
    game = SaddleProblem(
        maximize_over={"f": Block(lambda _: Counted(2))},
        minimize_over={"d": Block(lambda _: Counted(1))},
        payoff=[
            Term(lambda d, x: softplus(-d(x)[..., 0]), ["d"], ["data"]),
            Term(lambda f, d, z: softplus(d(f(z))[..., 0]), ["f", "d"], ["noise"]),
        ],
        surrogate=[Term(lambda f, d, z: -softplus(-d(f(z))[..., 0]), ["f", "d"], ["noise"])],
        samplers={"data": noise, "noise": noise},
    )
    settings = DescentAscent(method="simultaneous", batch=8, iterations=1, step=0.1)
    search = SaddleSearch(game, settings, clock=Clock(), gap=0.0, seed=0, device="cpu")
    f, d = (search.play.blocks[name]._block.modules[0] for name in "fd")
    with torch.no_grad():
        search._step()
        assert (f.calls, d.calls) == (1, 2)
        game = replace(game, penalties={"maximize": [Term(twice, ["f"], ["noise"])]})
        SaddleSearch(game, settings, clock=Clock(), gap=0.0, seed=0, device="cpu")._step()
    assert all(difference > 0 for difference in apart)
    f.eval(), d.eval()  # without chance the gradients are those of either side alone
    numbers = lambda: [torch.Generator().manual_seed(3)]  # noqa: E731
    with torch.no_grad():
        search.play.gradients("maximize", "minimize", generators=numbers())
        both = [player.gradient.clone() for player in search.play.players.values()]
        seen, pay = search.play.log[-1], search.play.pay
        found = [search.play.differentiate(pay[side], [side], replace(seen, values={})) for side in pay]
    for gradient, parts in zip(both, found, strict=True):
        torch.testing.assert_close(gradient[0], torch.cat([part.reshape(-1) for part in parts if part is not None]))
