"""Descent-ascent: its rules against the same by hand, ensembles against single games, and what stops a play."""

from __future__ import annotations

import io
import math
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator, Tensor, nn

from formulations.players.domains import Box, NonNeg, Simplex
from formulations.players.networks import mlp
from formulations.problem import Block, SaddleProblem, Term
from solvers import solve
from solvers.clock import Clock
from solvers.descent_ascent import DescentAscent, SaddleSearch

METHODS = ("extragradient", "optimistic", "alternating", "simultaneous")
Adam = partial(torch.optim.Adam, lr=1e-2, betas=(0.5, 0.9))
K = torch.tensor([[1.0, -0.4], [0.3, 0.8]], dtype=torch.float64)


def drawn(*shape: int) -> Callable[[Generator], Tensor]:
    return lambda generator: torch.rand(shape, generator=generator, dtype=torch.float64)


def bilinear(limit: float = math.inf, **more: Any) -> SaddleProblem:
    """max over x, min over y of x'Ky + |y|^2 / 10, whose saddle is 0."""
    domain = None if limit == math.inf else Box(-limit, limit)
    return SaddleProblem(
        maximize_over={"x": Block(drawn(2), domain)},
        minimize_over={"y": Block(drawn(2), domain)},
        payoff=[Term(lambda x, y: ((x @ K) * y).sum(-1) + 0.1 * y.square().sum(-1), ["x", "y"])],
        **more,
    )


def by_hand(z: np.ndarray) -> np.ndarray:
    """What both players of `bilinear` descend: -Ky, and K'x + y / 5."""
    k = K.numpy()
    return np.r_[-k @ z[2:], k.T @ z[:2] + 0.2 * z[2:]]


def search_of(problem: SaddleProblem, seed: int = 0, **settings: Any) -> SaddleSearch:
    return SaddleSearch(problem, DescentAscent(**settings), clock=Clock(), gap=0.0, seed=seed, device="cpu")


def played(problem: SaddleProblem, seed: int = 0, **settings: Any) -> SaddleSearch:
    search = search_of(problem, seed, **settings)
    search.run(lambda _: None)
    return search


def point(search: SaddleSearch, k: int = 0) -> np.ndarray:
    return np.concatenate([player.flat[k].numpy() for player in search.play.players.values()])


def passed(search: SaddleSearch, steps: int) -> np.ndarray:
    """The points after each of so many steps, float64 (steps + 1, size)."""
    points = [point(search)]
    with torch.no_grad():
        for _ in range(steps):
            search._step()
            points.append(point(search))
    return np.array(points)


@pytest.mark.parametrize("limit", [math.inf, 0.6])
def test_the_rules_are_those_of_the_books(limit: float) -> None:
    step, P = 0.3, lambda z: np.clip(z, -limit, limit)
    x, y = slice(0, 2), slice(2, 4)
    for method in METHODS:
        points = passed(search_of(bilinear(limit), method=method, step=step, iterations=9), 8)
        z, last = points[0], None
        for found in points[1:]:
            F = by_hand(z)
            if method == "simultaneous":
                z = P(z - step * F)
            elif method == "alternating":
                new = np.r_[z[x], P(z - step * F)[y]]
                z = np.r_[P(new - step * by_hand(new))[x], new[y]]
            elif method == "extragradient":
                z = P(z - step * by_hand(P(z - step * F)))
            else:
                z, last = P(z - step * (2 * F - (F if last is None else last))), F
            assert found == pytest.approx(z, abs=1e-14), method


def test_momentum_schedule_and_two_steps() -> None:
    search = search_of(
        bilinear(), method="simultaneous", step=(0.1, 0.2), momentum=-0.3, schedule=lambda t: 1 / (t + 1)
    )
    points = passed(search, 6)
    z, v, step = points[0], np.zeros(4), np.array([0.1, 0.1, 0.2, 0.2])
    for t, found in enumerate(points[1:]):
        v = -0.3 * v + by_hand(z)
        z = z - step / (t + 1) * v
        assert found == pytest.approx(z, abs=1e-14)


@pytest.mark.parametrize("method", ["simultaneous", "alternating", "extragradient", "optimistic"])
def test_each_player_may_have_a_schedule_of_its_own(method: Any) -> None:
    both = (lambda t: 2.0 / (t + 1), lambda t: 3.0 / (t + 1))
    own = passed(search_of(bilinear(), method=method, step=0.1, schedule=both), 5)
    by_steps = passed(search_of(bilinear(), method=method, step=(0.2, 0.3), schedule=lambda t: 1 / (t + 1)), 5)
    swapped = passed(search_of(bilinear(), method=method, step=0.1, schedule=both[::-1]), 5)
    assert own == pytest.approx(by_steps, abs=1e-14)
    assert np.abs(own - swapped).max() > 1e-3


def test_inner_steps_and_an_optimizer_are_algorithm_1() -> None:
    search = search_of(gan(nn_parts=True), method="alternating", optimizer=Adam, inner=2, batch=16, iterations=5)
    numbers = torch.Generator().manual_seed(0)
    start = gan(nn_parts=True)
    f, d = start.maximize_over["f"].start(numbers), start.minimize_over["d"].start(numbers)
    assert isinstance(f, nn.Module)
    assert isinstance(d, nn.Module)
    of_f, of_d = Adam(f.parameters()), Adam(d.parameters())
    for _ in range(5):
        for _ in range(2):
            x, z = (start.samplers[name](16, numbers) for name in ("data", "noise"))
            of_d.zero_grad()
            (-d(x).mean() + d(f(z)).exp().mean()).backward()
            of_d.step()
        z = start.samplers["noise"](16, numbers)
        of_f.zero_grad()
        (-d(f(z)).exp().mean()).backward()
        of_f.step()
    passed(search, 5)
    expected = torch.cat([p.detach().reshape(-1) for module in (f, d) for p in module.parameters()])
    assert point(search) == pytest.approx(expected.numpy(), abs=1e-5)


class Squeezed(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).squeeze(-1)  # type: ignore[no-any-return]


def gan(nn_parts: bool = False, **more: Any) -> SaddleProblem:
    """The Lagrangian game of a small network against Gaussian data; with torch's own layers if asked."""

    def net(widths: list[int], generator: Generator) -> nn.Sequential:
        made = mlp(widths, generator, nn.Tanh)
        if not nn_parts:
            return made
        layers: list[nn.Module] = []
        for layer in made:
            if isinstance(layer, nn.Tanh):
                layers.append(layer)
                continue
            linear = nn.Linear(*layer.weight.shape)  # type: ignore[arg-type]
            linear.load_state_dict({"weight": layer.weight.T, "bias": layer.bias[0]})  # type: ignore[index, union-attr]
            layers.append(linear)
        return nn.Sequential(*layers)

    return SaddleProblem(
        maximize_over={"f": Block(lambda generator: net([2, 8, 2], generator))},
        minimize_over={"d": Block(lambda generator: Squeezed(*net([2, 8, 1], generator)))},
        payoff=[
            Term(lambda d, x: -d(x), ["d"], ["data"]),
            Term(lambda f, d, z: d(f(z)).exp(), ["f", "d"], ["noise"]),
        ],
        samplers={
            "data": lambda batch, generator: 1 + torch.randn(batch, 2, generator=generator),
            "noise": lambda batch, generator: torch.randn(batch, 2, generator=generator),
        },
        level=0.95,
        **more,
    )


@pytest.mark.parametrize("nn_parts", [False, True])
def test_an_ensemble_plays_as_its_members_would_alone(nn_parts: bool) -> None:
    settings: dict[str, Any] = {"method": "optimistic", "optimizer": Adam, "batch": 8, "iterations": 20}
    together = played(gan(nn_parts), members=3, **settings)
    for k in range(3):
        alone = played(gan(nn_parts), seed=k, **settings)
        assert point(together, k) == pytest.approx(point(alone), abs=1e-4)
    assert np.abs(point(together, 0) - point(together, 1)).max() > 0.1
    inputs = torch.randn(5, 2)
    member = together.play.member(2)
    stacked = together.play.players["maximize"].blocks["f"](inputs.expand(3, 5, 2))[2]
    assert torch.allclose(member["f"](inputs), stacked, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("more", [{"optimizer": Adam, "averaging": 0.9}, {"step": 0.01, "momentum": 0.5, "restart": 7}])
def test_a_resumed_play_goes_on_bit_by_bit(method: Any, more: dict[str, Any]) -> None:
    settings = {"method": method, "batch": 8, "iterations": 40, "members": 2, **more}
    states: list[bytes] = []

    def save(search: SaddleSearch) -> None:
        buffer = io.BytesIO()
        torch.save(search.state(), buffer)
        states.append(buffer.getvalue())

    whole = search_of(gan(), **settings)
    whole.run(save)
    halfway = torch.load(io.BytesIO(states[len(states) // 2]), weights_only=True)
    assert 0 < halfway["iteration"] < 40
    later = played(gan(), **{**settings, "resume": halfway})
    assert np.array_equal(point(later), point(whole))
    assert later.history == whole.history
    for side in later.averages:
        assert torch.equal(later.averages[side], whole.averages[side])


def test_a_state_of_another_game_is_refused() -> None:
    state = played(gan(), batch=8, iterations=3).state()
    with pytest.raises(ValueError, match="resume with the options it was begun with"):
        search_of(bilinear(), resume=state)
    with pytest.raises(ValueError, match="resume with the options it was begun with"):
        search_of(gan(), averaging=0.9, resume=state)


@pytest.mark.parametrize("damage", [{"movers": None}, {"iteration": "x"}, {"history": []}, {"generators": [1, 2]}])
def test_a_damaged_state_is_refused(damage: dict[str, Any]) -> None:
    state = {**played(gan(), batch=8, iterations=3, members=2).state(), **damage}
    with pytest.raises(ValueError, match="the state to resume is damaged"):
        search_of(gan(), members=2, resume=state)


def test_an_interrupted_play_is_gone_on_from_as_if_it_had_not_been() -> None:
    settings = {"batch": 8, "iterations": 40, "optimizer": Adam}
    whole, part = played(gan(), **settings), search_of(gan(), **settings)

    def press(search: SaddleSearch) -> None:
        if search.iteration >= 20:
            signal.raise_signal(signal.SIGINT)

    assert part.run(press) == "limit"
    assert part.interrupted
    resumed = played(gan(), resume=part.state(), **settings)
    assert np.array_equal(point(resumed), point(whole))
    assert resumed.history == whole.history


def test_evaluating_changes_nothing() -> None:
    evaluated = played(gan(), batch=8, iterations=30, optimizer=Adam)
    not_evaluated = search_of(gan(), batch=8, iterations=30, optimizer=Adam)
    passed(not_evaluated, 30)
    assert np.array_equal(point(evaluated), point(not_evaluated))


def test_averages_and_restarts() -> None:
    points = passed(search_of(bilinear(), method="alternating", step=0.5), 12)
    averaged = search_of(bilinear(), method="alternating", step=0.5, averaging="uniform")
    passed(averaged, 12)
    mean = points[1:].mean(axis=0)
    assert np.concatenate([a[0].numpy() for a in averaged.averages.values()]) == pytest.approx(mean)
    restarted = search_of(bilinear(), method="alternating", step=0.5, restart=12)
    assert passed(restarted, 12)[-1] == pytest.approx(mean)


def test_a_surrogate_is_climbed_in_place_of_the_payoff_and_penalties_are_paid_by_one_side_only() -> None:
    square = Term(lambda x, y: x.square().sum(-1) + y.square().sum(-1), ["x", "y"])
    plain, penalized = search_of(bilinear()), search_of(bilinear(penalties={"minimize": [square]}))
    climbing = search_of(bilinear(surrogate=[square]))
    for search in (plain, penalized, climbing):
        search.play.gradients("maximize", "minimize")
    x, y = (plain.play.players[side] for side in ("maximize", "minimize"))
    assert torch.allclose(penalized.play.players["maximize"].gradient, x.gradient)
    assert torch.allclose(penalized.play.players["minimize"].gradient, y.gradient + 2 * y.flat)
    assert torch.allclose(climbing.play.players["maximize"].gradient, -2 * x.flat)
    assert torch.allclose(climbing.play.players["minimize"].gradient, y.gradient)


def test_progress_runs_from_0_to_1() -> None:
    seen: list[float] = []

    def f(x: Tensor, y: Tensor, t: Tensor) -> Tensor:
        seen.append(float(t[0, 0].detach()))
        return (x * y)[:, None] * t

    problem = replace(product(), payoff=[Term(f, ["x", "y"], ["progress"])])
    passed(search_of(problem, method="simultaneous", iterations=4, batch=2), 4)
    assert seen == [0, 0.25, 0.5, 0.75]


def exploding(at: float) -> SaddleProblem:
    """x climbs by a constant until its payoff is no longer a number."""
    return SaddleProblem(
        maximize_over={"x": Block(drawn())},
        minimize_over={"y": Block(drawn())},
        payoff=[Term(lambda x, y: x + (at - x).sqrt() * 1e-9 + y.square(), ["x", "y"])],
    )


def test_a_play_that_leaves_the_numbers_stops_where_it_last_was_good() -> None:
    solution = solve(exploding(3.0), DescentAscent(method="simultaneous", step=0.1, iterations=500))
    assert solution.status == "not_converged"
    assert solution.stats["iterations"] < 40
    assert solution.values is not None
    assert 2.9 < solution.values["x"] < 3.11
    assert solution.stats["diverged"] == 1
    assert "left the finite numbers at iteration" in solution.message
    assert "payoff[0] (of x, y) is nan, the largest parameter being 3" in solution.message


def test_of_an_ensemble_only_the_member_that_diverges_is_lost() -> None:
    problem = replace(exploding(1.3), maximize_over={"x": Block(lambda g: 2 * torch.rand((), generator=g) - 1)})
    problem = replace(problem, minimize_over={"y": Block(lambda g: torch.rand((), generator=g))})
    search = played(problem, method="simultaneous", step=0.1, members=8, iterations=12)
    lost, x = search.lost.numpy(), search.play.players["maximize"].flat[:, 0].numpy()
    assert 0 < lost.sum() < 8
    assert np.isfinite(x).all()
    alone = [played(problem, seed=k, method="simultaneous", step=0.1, iterations=12) for k in range(8)]
    assert [bool(search.lost[0]) for search in alone] == lost.tolist()
    assert x == pytest.approx([search.play.players["maximize"].flat[0, 0].item() for search in alone], abs=1e-6)


def product(sign: float = 1.0, **more: Any) -> SaddleProblem:
    """x y on the square, each player's best response known; sign = -1 makes them lie."""
    return SaddleProblem(
        maximize_over={"x": Block(drawn(), Box(-1, 1))},
        minimize_over={"y": Block(drawn(), Box(-1, 1))},
        payoff=[Term(lambda x, y: x * y, ["x", "y"])],
        value=lambda players: -sign * abs(float(players["x"])) + (sign < 0) * 1e-3,
        bound=lambda players: sign * abs(float(players["y"])),
        **more,
    )


def test_optimal_only_where_value_and_bound_meet() -> None:
    assert solve(product(), DescentAscent(step=0.5)).status == "optimal"
    assert solve(product(), DescentAscent(step=0.5, iterations=5)).status == "not_converged"
    circling = solve(product(), DescentAscent(method="simultaneous", step=0.5, iterations=400))
    assert circling.status == "not_converged"
    assert circling.value is not None
    assert circling.bound is not None
    assert circling.value <= 0 <= circling.bound


def test_a_value_above_its_bound_is_never_optimal() -> None:
    lying = solve(product(-1.0), DescentAscent(step=0.5))
    assert lying.status != "optimal"
    assert not lying.proven
    assert any(not check.ok for check in lying.checks)


def test_without_responses_a_point_of_rest_is_an_answer_but_no_proof() -> None:
    solution = solve(bilinear(), DescentAscent(step=0.5))
    assert (solution.status, solution.bound, solution.certificate.verified) == ("feasible", None, False)
    assert solution.values is not None
    assert solution.values["x"] == pytest.approx([0, 0], abs=1e-11)
    assert "neither player moves" in solution.message


def test_same_seed_same_play_and_another_seed_another() -> None:
    first, again, other = (solve(gan(), DescentAscent(iterations=10, batch=8), seed=s) for s in (3, 3, 4))
    assert first.values is not None
    assert again.values is not None
    assert other.values is not None
    for name, values in first.values.items():
        assert np.array_equal(values, again.values[name])
    assert not np.array_equal(first.values["f.0.weight"], other.values["f.0.weight"])


def test_a_time_limit_and_an_interruption_keep_the_answer() -> None:
    long = DescentAscent(method="simultaneous", step=0.5, iterations=10**9)
    limited = solve(product(), long, time_limit=0.2)
    assert limited.status == "feasible"
    assert limited.stats["solve_seconds"] < 2
    assert "time limit" in limited.message

    def press(search: SaddleSearch) -> None:
        if search.iteration > 20:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    stopped = solve(product(), long, progress=press)
    assert stopped.stats["interrupted"]
    assert stopped.value is not None
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("method", "newton"),
        ("step", 0.0),
        ("step", (0.1, -1)),
        ("momentum", 1.5),
        ("inner", 2),
        ("averaging", 1.0),
        ("restart", 0),
        ("iterations", 0),
        ("batch", 0),
        ("members", 0),
        ("tolerance", -1.0),
    ],
)
def test_senseless_knobs_are_refused(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{setting} is .*; it must be"):
        DescentAscent(**{setting: value})


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"payoff": [Term(lambda x: x, ["nobody"])]}, "a term names a block 'nobody'; there are x, y"),
        ({"payoff": [Term(lambda x, s: x, ["x"], ["data"])]}, "a term names a sampler 'data'; there are progress"),
        ({"minimize_over": {"x": Block(drawn())}}, "both players have a block named 'x'"),
        ({"payoff": [Term(lambda x, y: x.expand(3, 2), ["x", "y"])]}, r"returned shape \(3, 2\)"),
        ({"maximize_over": {"x": Block(lambda _: torch.ones(2, dtype=torch.int64))}}, "give them one floating-point"),
    ],
)
def test_games_that_do_not_fit_together_are_refused(change: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        solve(replace(bilinear(), **change), DescentAscent(iterations=2))


def test_other_solvers_need_a_model() -> None:
    with pytest.raises(ValueError, match="plays no saddle problems; descent-ascent does"):
        solve(bilinear(), "glop")


@pytest.mark.parametrize("domain", [Box(-0.5, 0.7), NonNeg(), Simplex()])
def test_projections_are_the_nearest_points(domain: Any) -> None:
    import cvxpy as cp

    rng = np.random.default_rng(0)
    points = rng.normal(size=(6, 5)) * 2
    projected = domain.project(torch.tensor(points)).numpy()
    for given, found in zip(points, projected, strict=True):
        x = cp.Variable(5)
        inside = {Box: [x >= -0.5, x <= 0.7], NonNeg: [x >= 0], Simplex: [x >= 0, cp.sum(x) == 1]}[type(domain)]
        cp.Problem(cp.Minimize(cp.sum_squares(x - given)), inside).solve(solver="CLARABEL")
        assert found == pytest.approx(x.value, abs=1e-5)


def test_a_gpu_is_taken_by_itself_where_a_step_has_much_to_do() -> None:
    from solvers.descent_ascent.saddles import gpu_pays

    assert not gpu_pays(product(), DescentAscent())
    wide = replace(product(), samplers={"data": lambda batch, generator: torch.zeros(batch)})
    assert not gpu_pays(wide, DescentAscent(batch=256))
    assert gpu_pays(wide, DescentAscent(batch=10_000_000))
