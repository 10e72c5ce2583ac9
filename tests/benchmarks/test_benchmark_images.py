"""Models of images measured, in CPU seconds on one core: python -m pytest tests/benchmarks/test_benchmark_images.py.

Medians of three seeds; nothing here asserts a time.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from places import SHARED

from formulations.elbo import variational
from formulations.gan import drawn
from formulations.likelihood.mixtures import GaussianMixture
from formulations.likelihood.observed import Observed
from formulations.players.codes import direction
from formulations.probabilistic_pca import LinearAutoencoder, best_likelihood, sandwich
from problems.images import RECIPE, _training
from problems.io.images import read_images
from problems.studies.asked_attributes import Classifier, asked_attributes
from problems.studies.code_evidence import Coded
from problems.studies.image_evidence import Judged
from problems.studies.image_game import ImageGame
from problems.studies.image_quality import GameJudged
from problems.studies.image_training import ImageTraining
from problems.studies.observed_images import split
from solvers import solve
from solvers.descent_ascent import DescentAscent

pytestmark = pytest.mark.usefixtures("one_thread")
Report = Callable[[str, str, str], None]
MNIST = SHARED / "data" / "images" / "mnist-t10k-images-idx3-ubyte.gz"
MNIST_LABELS = MNIST.with_name("mnist-t10k-labels-idx1-ubyte.gz")
FACES = SHARED / "data" / "images" / "olivettifaces.mat"  # 40 people, 10 images of each one after another
ALL = range(10)
GLASSES = {  # who wears them, by the pictures, and in which of the ten; numbers from 0 on
    **dict.fromkeys((1, 5, 13, 26, 27, 30, 33, 36), ALL),
    3: (0, 1, 2, 7, 8),
    6: (3, 4, 9),
    12: (0, 1, 4, 5, 6, 7, 8, 9),
    16: (0, 1, 4, 5, 6, 7, 8, 9),
    18: (0, 1, 2, 5, 9),
    19: (0, 1, 2, 4, 6, 7, 8, 9),
    35: (8, 9),
}
SEEDS = range(3)


def learnt(kind: str, seed: int) -> tuple[float, dict[str, Any]]:
    """CPU seconds to train on MNIST's test set by the recipe's own settings, and what is proven of the model."""
    start = time.process_time()
    training, images, _ = _training(
        RECIPE.parser().parse_args(["--data", str(MNIST), "--model", kind, "--seed", str(seed)])
    )
    solution = solve(training.problem, training.settings(None), seed=seed)
    spent = time.process_time() - start
    return spent, dict(Judged(training, images).evidence(solution))


@pytest.mark.skipif(not MNIST.exists(), reason="no images here")
@pytest.mark.parametrize(
    ("kind", "asked"), [("vae", "ELBO -110, IWAE(100) -105 / -103, -98"), ("autoregressive", "V -98 / -90")]
)
def test_mnist_binarised(report: Report, kind: str, asked: str) -> None:
    runs = [learnt(kind, seed) for seed in SEEDS]
    names = ("elbo", "iwae") if kind == "vae" else ("likelihood",)
    medians = ", ".join(f"{name} {statistics.median(proof[name] for _, proof in runs):.2f}" for name in names)
    report(f"MNIST's test set, {kind}", asked, f"{medians} ({statistics.median(spent for spent, _ in runs):.0f} s)")


@pytest.mark.skipif(not MNIST.exists(), reason="no images here")
def test_mnist_by_words(report: Report) -> None:
    """Of samples of 60 captions the share that is as they say, and how varied samples are, of two seeds."""
    labels, runs = MNIST.with_name("mnist-t10k-labels-idx1-ubyte.gz"), []
    for seed in (0, 1):
        asked = ["--data", str(MNIST), "--labels", str(labels), "--model", "dcgan", "--by-words", "--seed", str(seed)]
        start = time.process_time()
        training, _, _ = _training(RECIPE.parser().parse_args(asked))
        assert isinstance(training, ImageGame)
        solution = solve(training.problem, training.settings(None), seed=seed)
        spent = time.process_time() - start
        found = GameJudged(training).measures(solution)
        runs.append({**found["captions"], "recall": found["recall"], "seconds": spent})
    told = ", ".join(f"{name} {np.mean([run[name] for run in runs]):.3f}" for name in runs[0] if name != "seconds")
    report("MNIST's test set, by words", "all right .8 / .95", f"{told} ({runs[0]['seconds']:.0f} s)")


@pytest.mark.parametrize(("kind", "iterations"), [("dcgan", 10_000), ("style", 5_000)])
def test_digits_by_generators_at_equal_time(report: Report, kind: str, iterations: int) -> None:
    """Both take about two minutes of one core; what is measured after them is not in the time."""
    by_generators(report, "digits", ["--model", kind, "--iterations", str(iterations)], SEEDS)


@pytest.mark.skipif(not MNIST.exists(), reason="no images here")
@pytest.mark.parametrize(("kind", "iterations"), [("dcgan", 27_000), ("style", 25_000)])
def test_mnist_by_generators_at_equal_time(report: Report, kind: str, iterations: int) -> None:
    """Both take about twenty-five minutes of one core, of one seed."""
    data = ["--data", str(MNIST), "--labels", str(MNIST_LABELS)]
    by_generators(report, "MNIST's test set", [*data, "--model", kind, "--iterations", str(iterations)], range(1))


def by_generators(report: Report, name: str, asked: list[str], seeds: range) -> None:
    """Report the medians of what is measured of samples, and of codes of one by styles."""
    runs, took = [], []
    for seed in seeds:
        game, _, _ = _training(RECIPE.parser().parse_args([*asked, "--seed", str(seed)]))
        assert isinstance(game, ImageGame)
        assert game.features.name  # a classifier, trained outside the time
        start = time.process_time()
        solution = solve(game.problem, game.settings(None), seed=seed)
        took.append(time.process_time() - start)
        runs.append(GameJudged(game).measures(solution))
    median = statistics.median
    of_samples = ("kernel_distance", "precision", "recall")
    said = ", ".join(f"{one.replace('_', ' ')} {median(run[one] for run in runs):.2f}" for one in of_samples)
    if "styles" in runs[0]:
        styles = [run["styles"] for run in runs]
        for stroke in ("thickness", "slant"):
            w, z = (median(one["separability"][space][stroke] for one in styles) for space in ("w", "z"))
            said += f"; R^2 of {stroke} {w:.2f} in w, {z:.2f} in z"
        w, z = (median(one["path_length"][space] for one in styles) for space in ("w", "z"))
        said += f"; path length {w:.0f} in w, {z:.0f} in z"
    kind = asked[asked.index("--model") + 1]
    report(f"{name}, {kind}", "style no worse than dcgan; w better than z", f"{said} ({median(took):.0f} s)")


def climbed(problem: Any, steps: int, batch: int, seed: int) -> LinearAutoencoder:
    settings = DescentAscent(
        method="simultaneous",
        optimizer=partial(torch.optim.Adam, lr=2e-2, betas=(0.9, 0.99), fused=True),
        schedule=lambda step: (1 + math.cos(math.pi * step / steps)) / 2,
        averaging=0.996,
        iterations=steps,
        batch=batch,
    )
    found = solve(problem, settings, seed=seed).answer["f"]
    assert isinstance(found, LinearAutoencoder)
    return found


def test_a_linear_one_against_the_closed_form(report: Report) -> None:
    """V on the training rows that it was trained with, all in each step, of the digits."""
    images, gaps, took = read_images("digits"), [], []
    for seed in SEEDS:
        x = torch.from_numpy(images.rows(split(len(images), seed).train)).flatten(1)
        data = Observed((1, 8, 8), lambda n, _, x=x: x, x, [x], len(x))  # type: ignore[misc]
        problem = variational(data, lambda _, x=x: LinearAutoencoder(8, x.mean(0)))  # type: ignore[misc]
        start = time.process_time()
        f = climbed(problem, 3000, len(x), seed).double()
        took.append(time.process_time() - start)
        best = best_likelihood(x.double().numpy(), 8)
        assert best is not None
        gaps.append(best - float(f.log_density(x.double()).mean()))
    report("linear, digits: closed form - V", "1e-3 / 1e-4", f"{statistics.median(gaps):.1e} ({np.median(took):.0f} s)")


@pytest.mark.parametrize(("dims", "latent", "asked"), [(8, 2, ".005 / .001"), (64, 8, ".1 / .05")])
def test_the_sandwich(report: Report, dims: int, latent: int, asked: str) -> None:
    """From E ELBO at least to E log p at most by the weak dual, at 95 % each, of a law whose entropy is known."""
    sds = np.r_[np.linspace(1.0, 0.5, latent), np.full(dims - latent, 0.2)]
    widths, took = [], []
    for seed in SEEDS:
        start = time.process_time()
        rows = drawn(GaussianMixture([1.0], np.zeros((1, dims)), sds[None]), 100_000, seed)
        data = Observed(
            (1, 1, dims),
            lambda n, g, x=rows.train: x[torch.randint(len(x), (n,), generator=g)],  # type: ignore[misc]
            rows.watch,
            [rows.watch],
            len(rows.watch),
        )
        f = climbed(variational(data, lambda _, d=dims: LinearAutoencoder(latent, torch.zeros(d))), 4000, 1024, seed)  # type: ignore[misc]
        found = sandwich(f, rows)
        assert found["elbo_at_least"] <= found["likelihood_at_most"]
        widths.append(found["likelihood_at_most"] - found["elbo_at_least"])
        took.append(time.process_time() - start)
    measured = f"{statistics.median(widths):.4f} ({np.median(took):.0f} s)"
    report(f"linear, d = {dims}: width of the sandwich", asked, measured)


def trained_on(arguments: list[str]) -> tuple[float, Any, Coded]:
    """CPU seconds, an autoencoder trained by the recipe's own settings, and the images by their codes."""
    start = time.process_time()
    options = RECIPE.parser().parse_args(arguments)
    training, images, _ = _training(options)
    assert isinstance(training, ImageTraining)
    solution = solve(training.problem, training.settings(None), seed=options.seed)
    asked = asked_attributes(options.attribute or [], images, options.seed)
    return time.process_time() - start, solution.answer["f"], Coded(training, images, asked)


@pytest.mark.skipif(not MNIST.exists(), reason="no images here")
def test_codes_of_mnist(report: Report) -> None:
    """Thickness and slant along their directions, and paths between codes of held-out images; of one seed."""
    given = ["--data", str(MNIST), "--labels", str(MNIST_LABELS), "--attribute", "thickness", "--attribute", "slant"]
    spent, f, coded = trained_on([*given, "--seed", "0"])
    found = coded.measured(f)
    for one in found["attributes"]:
        name = one["attribute"]
        (other,) = set(one["moves"]) - {name}
        moved = f"{percent(one['moves'][name])}; {other} {percent(one['moves'][other])}"
        labels = f"labels {percent(one['labels_changed'])}, at random {percent(one['at_random'])}"
        report(f"MNIST's test set, a step of {name}", "report", f"{moved}; {labels}")
    shares = ", ".join(f"{way} {found['paths'][way]['among']:.3f}" for way in ("line", "circle", "ends"))
    report("the same, among training images between codes", "report", f"{shares} ({spent:.0f} s)")


def percent(found: dict[str, Any]) -> str:
    low, high = found["between"]
    return f"{found['mean']:+.1%} ({low:+.1%} to {high:+.1%})"


@pytest.mark.skipif(not FACES.exists(), reason="no images here")
def test_glasses(report: Report) -> None:
    """Glasses put on by their direction, as told by a classifier of photographs of other people.

    Half of the people, drawn by the seed, train the classifier. The direction is found by images of the other half, of
    whom those without glasses are moved. Ten such splits of one set of people, by one model: their standard deviation
    says how much the classifier and the direction matter, not how sure the mean is.
    """
    spent, f, coded = trained_on(["--data", str(FACES), "--size", "32", "--iterations", "2500", "--seed", "0"])
    everyone = np.arange(400)
    has, person = (
        np.isin(everyone, [10 * who + shot for who, shots in GLASSES.items() for shot in shots]),
        everyone // 10,
    )
    z, x = coded.encoded(f, everyone), coded.images.rows(everyone)
    told: dict[str, list[float]] = {name: [] for name in ("photographs", "decoded", "before", "after", "at random")}
    numbers = torch.Generator().manual_seed(0)
    for seed in range(10):
        known = np.isin(person, np.random.default_rng(seed).permutation(40)[:20])
        judge = Classifier(coded.images, everyone[known], has[known])
        others, without = ~known, ~known & ~has
        v = direction(z[others], torch.from_numpy(has[others]), torch.from_numpy(person[others]))
        w = torch.randn(int(without.sum()), z.shape[1], generator=numbers)
        w *= v.norm() / w.norm(dim=1, keepdim=True)
        told["photographs"].append(float(((judge(torch.from_numpy(x[others])) > 0) == has[others]).mean()))
        told["decoded"].append(float(((judge(coded.decoded(f, z[others])) > 0) == has[others]).mean()))
        for name, step in (("before", 0 * v), ("after", v), ("at random", w)):
            told[name].append(float((judge(coded.decoded(f, z[without] + step)) > 0).mean()))
    right = ", ".join(f"{name} {np.mean(told[name]):.2f}" for name in ("photographs", "decoded"))
    report("faces: classifier right of other people's", f"{max(has.mean(), 1 - has.mean()):.2f} by chance", right)
    worn = ", ".join(
        f"{name} {np.mean(told[name]):.2f} (sd {np.std(told[name]):.2f})" for name in ("before", "after", "at random")
    )
    report("faces: told to wear glasses, of those without", "report", f"{worn} ({spent:.0f} s)")
