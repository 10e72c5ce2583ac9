"""Training of images measured: steps beside loops written by hand, and 1,000 modes of stacked digits.

In CPU seconds on one core: python -m pytest tests/benchmarks/test_benchmark_image_steps.py; no time is asserted.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from places import SHARED
from torch.nn.functional import softplus

from problems.images import RECIPE, _training
from problems.io.images import read_images
from problems.recipe import run
from problems.studies.image_features import features_of
from problems.studies.image_game import STEPS as GAMES
from problems.studies.image_models import generator_of
from solvers.clock import Clock
from solvers.descent_ascent import SaddleSearch
from solvers.descent_ascent.rehearsal import rehearse

pytestmark = pytest.mark.usefixtures("one_thread")
Report = Callable[[str, str, str], None]
MNIST = SHARED / "data" / "images" / "mnist-t10k-images-idx3-ubyte.gz"
MNIST_LABELS = MNIST.with_name("mnist-t10k-labels-idx1-ubyte.gz")
STACKED, MADE = 30_000, 25_600  # images of three digits as their colours, and samples whose modes are counted
STEPS = 1_100


def averaged(f: torch.nn.Module) -> Callable[[], None]:
    """A moving average of the parameters, which is what the recipe answers: a function that takes the next ones in."""
    now = [parameter.detach() for parameter in f.parameters()]
    mean = [parameter.clone() for parameter in now]
    return lambda: torch._foreach_lerp_(mean, now, 0.004)


def by_hand_vae(training: Any, steps: int) -> Callable[[], None]:
    """The loop that one would write for a variational autoencoder, with the same nets, batch, optimizer and average."""
    numbers, data = torch.Generator().manual_seed(0), training.data
    f = training.start(numbers).train()
    optimizer = torch.optim.Adam(f.parameters(), lr=1e-3, betas=(0.9, 0.99), fused=True)
    average = averaged(f)

    def run() -> None:
        for _ in range(steps):
            x = data.train(training.batch, numbers)
            z = torch.randn(training.batch, f.latent, generator=numbers)
            optimizer.zero_grad()
            (-f.elbo(x, z).mean()).backward()
            optimizer.step()
            average()

    return run


def by_hand_dcgan(game: Any, steps: int) -> Callable[[], None]:
    """The loop of torch's tutorial, the discriminator's step at images and samples, then the generator's; averaged."""
    numbers, draw = torch.Generator().manual_seed(0), game.problem.samplers["data"]
    f, d = generator_of(game.model, numbers), game._discriminator(numbers)
    average = averaged(f)
    taken = GAMES["dcgan"]
    (rate, _), batch = taken.rates, taken.batch
    of_f, of_d = (torch.optim.Adam(net.parameters(), lr=rate, betas=taken.shares, fused=True) for net in (f, d))

    def run() -> None:
        for _ in range(steps):
            x, made = draw(batch, numbers), f(game.noise(batch, numbers))
            of_d.zero_grad()
            (softplus(-d(x)).mean() + softplus(d(made.detach())).mean()).backward()
            of_d.step()
            of_f.zero_grad()
            softplus(-d(made)).mean().backward()
            of_f.step()
            average()

    return run


def by_solver(training: Any, steps: int) -> Callable[[], None]:
    """The same number of steps by the solver, as the recipe takes them: without what is worked out at evaluations."""
    settings = replace(training.settings(None), iterations=1_000_000)
    search = SaddleSearch(training.problem, settings, clock=Clock(), gap=0.0, seed=0, device="cpu")
    rehearse(search.play, search._evaluating())

    def run() -> None:
        with torch.no_grad():
            for _ in range(steps):
                search._step()

    return run


@pytest.mark.skipif(not MNIST.exists(), reason="no images here")
@pytest.mark.parametrize(("data", "steps"), [("digits", 60), (str(MNIST), 15)], ids=["8 x 8", "28 x 28"])
@pytest.mark.parametrize("kind", ["vae", "dcgan"])
def test_steps_beside_a_loop_written_by_hand(report: Report, kind: str, data: str, steps: int) -> None:
    """Steps in CPU seconds, of pairs in turn; the ratio is the median of 9 pairs."""
    training, _, _ = _training(RECIPE.parser().parse_args(["--data", data, "--model", kind]))
    by_hand = (by_hand_vae if kind == "vae" else by_hand_dcgan)(training, steps)
    runs, took = (by_hand, by_solver(training, steps)), []
    for loop in runs:
        loop()
    for _ in range(9):
        pair = []
        for loop in runs:
            start = time.process_time()
            loop()
            pair.append(time.process_time() - start)
        took.append(pair)
    ratio = statistics.median(hand / solver for hand, solver in took)
    per = statistics.median(solver for _, solver in took) / steps
    case = f"steps per second against a loop by hand, {kind}, {training.model.shape[1]} x {training.model.shape[2]}"
    report(case, "0.95 / 1", f"{ratio:.2f} ({1e3 * per:.1f} ms a step)")


def modes(images: Any, classify: Callable[[Any], Any]) -> tuple[int, float]:
    """Of images (n, 28, 28, 3): how many of 1,000 threes of digits there are, and KL from their shares to 1/1000."""
    told = classify(torch.from_numpy(images).movedim(3, 1).reshape(-1, 1, 28, 28).float() / 255).reshape(-1, 3)
    share = np.bincount(told @ [100, 10, 1], minlength=1000) / len(images)
    found = share[share > 0]
    return len(found), float(found @ np.log(1000 * found))


@pytest.mark.skipif(not MNIST.exists(), reason="no images here")
def test_modes_of_stacked_digits(report: Report, tmp_path: Path) -> None:
    digits = read_images(str(MNIST), str(MNIST_LABELS))
    x = digits.rows(np.arange(len(digits)))
    classify = features_of(torch.from_numpy(x), np.asarray(digits.labels).astype(np.int64)).classify
    assert classify is not None
    threes = np.random.default_rng(0).integers(len(x), size=(STACKED, 3))
    stacked = (255 * x[:, 0]).round().astype(np.uint8)[threes].transpose(0, 2, 3, 1)
    np.save(tmp_path / "stacked.npy", stacked)
    folder, made = str(tmp_path / "run"), str(tmp_path / "made.npy")
    start = time.process_time()
    asked = ("--data", str(tmp_path / "stacked.npy"), "--model", "dcgan", "--loss", "relativistic")
    assert run(RECIPE, [*asked, "--iterations", str(STEPS), "--out", folder, "--quiet"]) == 0
    spent = time.process_time() - start
    assert run(RECIPE, ["--sample", str(MADE), "--from", folder, "--out", made, "--quiet"]) == 0
    found, kl = modes(np.load(made), classify)
    own = modes(stacked[:MADE], classify)
    measured = f"{found}, KL {kl:.3f} ({spent:.0f} s); of the images themselves {own[0]}, {own[1]:.3f}"
    report("stacked digits: modes of 1,000", "900 / 1,000", measured)
