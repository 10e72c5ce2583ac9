"""Models of images measured, in CPU seconds on one core: python -m pytest tests/benchmarks/test_benchmark_images.py.

Medians of three seeds; nothing here asserts a time.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
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
from formulations.probabilistic_pca import LinearAutoencoder, best_likelihood, sandwich
from problems.images import RECIPE, _training
from problems.io.images import read_images
from problems.recipe import _options
from problems.studies.image_evidence import Judged
from problems.studies.observed_images import split
from solvers import solve
from solvers.descent_ascent import DescentAscent

Report = Callable[[str, str, str], None]
MNIST = SHARED / "data" / "images" / "mnist-t10k-images-idx3-ubyte.gz"
SEEDS = range(3)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def learnt(kind: str, seed: int) -> tuple[float, dict[str, Any]]:
    """CPU seconds to train on MNIST's test set by the recipe's own settings, and what is proven of the model."""
    start = time.process_time()
    training, images, _ = _training(_options(RECIPE, ["--data", str(MNIST), "--model", kind, "--seed", str(seed)]))
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
