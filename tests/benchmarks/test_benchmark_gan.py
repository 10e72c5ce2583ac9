"""Learning generators measured, in CPU seconds on one core: python -m pytest tests/benchmarks/test_benchmark_gan.py.

Speed is told by ratios of runs that take turns; nothing here asserts a time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import rel_entr
from torch import Tensor, nn

from formulations.gan import HELD_OUT_DRAWS, WATCH_DRAWS, drawn, evidence, random_numbers
from formulations.likelihood import mixtures
from formulations.likelihood.data import Data
from formulations.players.networks import Scalar, mlp
from formulations.problem import Block, SaddleProblem, Term
from problems.gan import DRAWS, measures
from problems.studies.compared_losses import losses
from problems.studies.generator_training import Training, usual_iterations
from problems.studies.mode_quality import mode_quality
from problems.studies.tables import columns_of
from solvers import solve
from solvers.clock import Clock
from solvers.descent_ascent import DescentAscent, SaddleSearch

Report = Callable[[str, str, str], None]
Adam = partial(torch.optim.Adam, lr=1e-4, betas=(0.5, 0.9))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threads(1):
        yield


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


def normal(batch: int, generator: torch.Generator) -> Tensor:
    return torch.randn(batch, 2, generator=generator, device=generator.device)


def game(width: int) -> SaddleProblem:
    """The Lagrangian game of two networks with three hidden layers of that width."""
    hidden = [2, width, width, width]
    return SaddleProblem(
        maximize_over={"f": Block(lambda g: mlp([*hidden, 2], g))},
        minimize_over={"d": Block(lambda g: nn.Sequential(*mlp([*hidden, 1], g), Scalar()))},
        payoff=[
            Term(lambda d, x: -d(x), ["d"], ["data"]),
            Term(lambda f, d, z: d(f(z)).exp(), ["f", "d"], ["noise"]),
        ],
        samplers={"data": normal, "noise": normal},
        level=0.95,
    )


def stepping(width: int, batch: int, members: int = 1, device: str = "cpu", **settings: Any) -> Callable[[], None]:
    """One iteration of the solver: a step of the discriminator, then one of the generator."""
    set_up = DescentAscent(method="alternating", batch=batch, members=members, iterations=10**9, **settings)
    search = SaddleSearch(game(width), set_up, clock=Clock(), gap=0.0, seed=0, device=device)
    return torch.no_grad()(search._step)


def by_hand(width: int, batch: int, optimizer: Any) -> Callable[[], None]:
    """The same as one writes it without a library."""

    def net(out: int) -> nn.Sequential:
        inner = [nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()]
        return nn.Sequential(*inner, nn.Linear(width, out))

    f, d = net(2), net(1)
    of_f, of_d = optimizer(f.parameters()), optimizer(d.parameters())

    def step() -> None:
        x, z = torch.randn(batch, 2), torch.randn(batch, 2)
        of_d.zero_grad()
        (-d(x).mean() + d(f(z).detach()).exp().mean()).backward()
        of_d.step()
        z = torch.randn(batch, 2)
        of_f.zero_grad()
        (-d(f(z)).exp().mean()).backward()
        of_f.step()

    return step


def seconds(step: Callable[[], None], count: int) -> float:
    """CPU seconds per call."""
    start = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - start) / count


def in_turns(first: Callable[[], None], second: Callable[[], None], counts: tuple[int, int]) -> tuple[float, float]:
    """Median seconds of the first, and median ratio of first to second, over blocks that take turns."""
    rows = [(seconds(first, counts[0]), seconds(second, counts[1])) for _ in range(21)]
    return statistics.median(a for a, _ in rows), statistics.median(a / b for a, b in rows)


@pytest.mark.parametrize("name", ["Adam", "plain"])
def test_a_step_against_a_loop_by_hand(report: Report, name: str) -> None:
    ours = {"optimizer": partial(Adam, fused=True)} if name == "Adam" else {"step": 1e-4}
    theirs = Adam if name == "Adam" else partial(torch.optim.SGD, lr=1e-4)
    took, ratio = in_turns(stepping(32, 64, **ours), by_hand(32, 64, theirs), (60, 60))
    report(f"one step, {name}, 3x32, batch 64 / by hand", "1.05 / 0.7", f"{ratio:.2f} ({1e3 * took:.2f} ms)")


def test_an_ensemble_of_32(report: Report) -> None:
    settings: dict[str, Any] = {"optimizer": partial(Adam, fused=True)}
    took, ratio = in_turns(stepping(32, 64, **settings), stepping(32, 64, members=32, **settings), (60, 6))
    report("32 seeds as one, throughput per seed", "4 / 8 times", f"{32 * ratio:.1f} times ({1e3 * took:.2f} ms alone)")


def trained(
    data: str, kind: str, seeds: int = 1, seed: int = 0, loss: str = "lagrangian", steps: int | None = None
) -> tuple[float, Training, Any]:
    """CPU seconds to train by the recipe's own settings, the training, and the solution."""
    start = time.process_time()
    made = moons(seed) if data == "moons" else drawn(getattr(mixtures, data)(), DRAWS, seed)
    columns = columns_of(made, [f"x{j}" for j in range(made.train.shape[1])])
    steps = steps or usual_iterations(data, kind, loss)
    training = Training(data, made, columns, kind, loss, steps, seeds, seed, False)
    solution = solve(training.problem, training.settings(None), seed=seed)
    return time.process_time() - start, training, solution


@pytest.mark.parametrize("kind", ["flow", "mixture"])
def test_mixture_on_a_line(report: Report, kind: str) -> None:
    gaps, took = [], []
    for seed in range(3):
        spent, training, solution = trained("mixture", kind, seed=seed)
        proof = evidence(training.data, training.noise, solution.answer)
        gaps.append(proof["likelihood_at_most"] - sum(proof["likelihood_between"]) / 2)
        took.append(spent)
    shown = ", ".join(f"{gap:.4f}" for gap in gaps)
    report(f"1-D mixture by a {kind}, held-out bound - V", "0.01 / 0.003", f"{shown} ({np.median(took):.0f} s)")


@pytest.mark.parametrize(
    ("data", "seeds", "asked"),
    [
        ("ring", 1, "8/8, 98 %, sd .85-1.15, 40 s / 30 s"),
        ("ring", 10, "8/8, 98 %, sd .85-1.15, 40 s / 30 s"),
        ("grid", 10, "25/25 in 10, 97 %, sd .85-1.15, KL .005, 60 s / 98 %, .95-1.05, .002, 40 s"),
    ],
)
def test_modes(report: Report, data: str, seeds: int, asked: str) -> None:
    spent, training, solution = trained(data, "mlp", seeds)
    scores = measures(training, solution)["quality"]
    full = sum(score["covered"] == score["modes"] for score in scores)
    high, narrow = ([score[name] for score in scores] for name in ("high_quality", "sd_ratio"))
    kl = [scores(training, players)["reverse_kl"] for players in ([solution.answer] if seeds == 1 else solution.answer)]
    spread = (
        f"{full} of {seeds} with all modes, high quality {', '.join(f'{100 * share:.1f}' for share in high)} %, "
        f"sd {min(narrow):.2f} to {max(narrow):.2f}, reverse KL {min(kl):.4f} to {max(kl):.4f}, "
        f"{spent / seeds:.0f} s each"
    )
    report(f"{data}, {seeds} seed{'s as one' if seeds > 1 else ''}", asked, spread)
    assert full


MOONS, NOISE = np.array([[0.0, 0.0], [1.0, 0.5]]), 0.05  # the centers of two half circles of radius 1, and the noise
BINS = 10  # of each moon, along its curve
STEPS = 1_500  # of each loss, the same for all


def moons(seed: int) -> Data:
    """Rows of two moons: points of two half circles, with normal noise of sd NOISE in both coordinates."""
    numbers = np.random.default_rng([seed, 2])

    def rows(n: int) -> Tensor:
        which, angle = numbers.integers(2, size=n), numbers.uniform(0, np.pi, n)
        curve = np.column_stack([np.cos(angle), np.sin(angle)]) * (1 - 2 * which)[:, None]
        return torch.as_tensor(MOONS[which] + curve + numbers.normal(0, NOISE, (n, 2))).float()

    return Data(rows(DRAWS), rows(WATCH_DRAWS), rows(HELD_OUT_DRAWS))


def placed(samples: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Of each sample the bin of the nearest point of a moon, moon by moon, and how far that is, but for the side."""
    y = (samples[:, None] - MOONS) * [[1], [-1]]  # both as the upper half of the unit circle, (n, 2, 2)
    angle = np.clip(np.arctan2(y[..., 1], y[..., 0]), 0, np.pi)
    angle = np.where((y[..., 1] < 0) & (y[..., 0] < 0), np.pi, angle)  # below an end that is nearest
    away = np.linalg.norm(y - np.stack([np.cos(angle), np.sin(angle)], axis=-1), axis=-1)
    moon = away.argmin(axis=1)
    bins = np.minimum((np.take_along_axis(angle, moon[:, None], 1)[:, 0] * BINS / np.pi).astype(int), BINS - 1)
    return moon * BINS + bins, away.min(axis=1)


def moon_quality(samples: np.ndarray[Any, Any], held_out: np.ndarray[Any, Any]) -> dict[str, float]:
    """The scores of mode_quality for two moons, whose modes are curves.

    covered       moons with a sample of high quality, which is one within 3 NOISE of the curve (0.997 of the data are)
    reverse_kl    from the samples' shares of the bins along the curves to those of held-out rows
    sd_ratio      root mean square distance from the curve of samples of high quality over that of held-out rows
    """
    (at, away), (truly, far) = placed(samples[np.isfinite(samples).all(axis=1)]), placed(held_out)
    near, truth = away <= 3 * NOISE, np.bincount(truly, minlength=2 * BINS) / len(truly)
    share = np.bincount(at, minlength=2 * BINS) / max(len(at), 1)
    spread = np.sqrt((away[near] ** 2).mean() / (far[far <= 3 * NOISE] ** 2).mean()) if near.any() else 0.0
    return {
        "covered": len(set(at[near] // BINS)),
        "high_quality": near.sum() / len(samples),
        "reverse_kl": float(rel_entr(share, truth).sum()),
        "sd_ratio": float(spread),
    }


def scores(training: Training, players: Any) -> dict[str, float]:
    """The scores of 50,000 samples: of 2,500 the reverse KL of even a perfect sampler is some 0.005."""
    noise = training.trained(players).noise(50_000, random_numbers(1, "many"))
    with torch.no_grad():
        made = players["f"](noise).double().numpy()
    if training.data.density is None:
        return moon_quality(made, training.data.held_out.double().numpy())
    found = mode_quality(made, training.data.density)
    return {name: getattr(found, name) or 0.0 for name in ("covered", "high_quality", "reverse_kl", "sd_ratio")}


def test_what_two_moons_are_judged_by() -> None:
    """Another draw of them is as good as can be, and a part of one moon is not."""
    one, other = (moons(seed).held_out.double().numpy() for seed in (0, 1))
    perfect = moon_quality(one, other)
    assert perfect == pytest.approx({"covered": 2, "high_quality": 0.997, "reverse_kl": 0, "sd_ratio": 1}, abs=2e-3)
    part = moon_quality(one[(one[:, 1] > 0.3) & (one[:, 0] < -0.2)], other)
    assert (part["covered"], part["high_quality"]) == (1, pytest.approx(0.997, abs=2e-3))
    assert part["reverse_kl"] == pytest.approx(np.log(5), abs=0.3)
    ends = np.array([[-1.0, -0.1], [1, -0.1], [0, 0.6], [2, 0.6], [0, 1.2], [1, -0.5]])
    assert placed(ends)[1] == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.2, 0.0])
    assert placed(ends)[0].tolist() == [9, 0, 10, 19, 5, 15]


@pytest.mark.parametrize("loss", [loss for loss in losses("all") if loss != "likelihood"])
@pytest.mark.parametrize("data", ["ring", "grid", "moons"])
def test_losses(report: Report, data: str, loss: str) -> None:
    """Five seeds of a free generator by each loss, with the same nets and as many steps."""
    spent, training, solution = trained(data, "mlp", seeds=5, loss=loss, steps=STEPS)
    found = [scores(training, training.answered(players)) for players in solution.answer]
    spread = ", ".join(f"{name} {np.median([one[name] for one in found]):.3g}" for name in found[0])
    report(f"{data} by {loss}", "the table", f"{spread}, {spent / 5:.0f} s each")


def test_on_a_gpu(report: Report) -> None:
    asked = "report / 20 times"
    if not torch.cuda.is_available():
        report("GPU, batch 4,096, 3x512", asked, "no GPU here")
        return

    def wall(step: Callable[[], None], count: int) -> float:
        step()
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(count):
            step()
        torch.cuda.synchronize()
        return (time.perf_counter() - start) / count

    settings: dict[str, Any] = {"optimizer": partial(Adam, fused=True)}
    with threads(torch.get_num_threads()):
        on_cpu = wall(stepping(512, 4096, **settings), 5)
    on_gpu = wall(stepping(512, 4096, device="cuda", **settings), 200)
    report("GPU, batch 4,096, 3x512", asked, f"{1 / on_gpu:,.0f} steps/s, {on_cpu / on_gpu:.1f} times one CPU core's")
