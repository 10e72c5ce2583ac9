"""Mixtures of numbers and categories: densities against sums and scikit-learn, draws against shares, EM's ascent."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, multivariate_normal
from torch import Generator

from formulations.likelihood import mixed_em
from formulations.likelihood.data import mapped, split
from formulations.likelihood.fitting import fitted_mixture
from formulations.likelihood.mixed_em import by_category, by_k_means, em
from formulations.players.categories import chosen, gumbel
from formulations.players.generators import expectation, free, normal, uniform
from formulations.players.mixed import MixedMixture


def some_mixture(seed: int, d: int, sizes: list[int], K: int = 3) -> tuple[MixedMixture, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    factors = np.tril(rng.normal(size=(K, d, d)), -1) + np.eye(d) * rng.uniform(0.5, 2, (K, 1, 1))
    theta = np.concatenate([rng.dirichlet(np.ones(size), K) for size in sizes], axis=1)
    parts = {"weights": rng.dirichlet(np.ones(K)), "means": rng.normal(size=(K, d)), "factors": factors}
    center, scale = (torch.tensor(rng.uniform(1, 3, d + sum(sizes)), dtype=torch.float32) for _ in range(2))
    f = MixedMixture.of_parts(*parts.values(), np.log(theta), center, scale, sizes)
    return f, {**parts, "theta": theta, "center": center[:d].numpy(), "scale": scale[:d].numpy()}


def every(sizes: list[int]) -> list[np.ndarray]:
    """All rows of one-hot vectors."""
    return [np.concatenate(row) for row in product(*(np.eye(size) for size in sizes))]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("d", "sizes"), [(2, [3]), (1, [2, 3]), (0, [2, 4]), (3, [2])])
def test_the_density_is_a_gaussian_times_shares_and_sums_to_that_of_the_numbers(
    seed: int, d: int, sizes: list[int]
) -> None:
    f, parts = some_mixture(seed, d, sizes)
    x = np.random.default_rng(seed + 99).normal(2, 2, d)
    total = 0.0
    for c in every(sizes):
        y = (x - parts["center"]) / parts["scale"]
        p = 0.0
        for w, mean, L, theta in zip(parts["weights"], parts["means"], parts["factors"], parts["theta"], strict=True):
            of_numbers = multivariate_normal(mean, L @ L.T).pdf(y) / parts["scale"].prod() if d else 1.0
            p += w * of_numbers * theta[c == 1].prod()
        row = torch.tensor(np.r_[x, c][None])
        assert np.exp(mapped(f.double().log_density, row)[0]) == pytest.approx(p, rel=1e-5)
        total += p
    if d == 0:
        assert total == pytest.approx(1)


def test_what_is_drawn_has_those_shares_and_is_exactly_one_hot() -> None:
    f, parts = some_mixture(3, 1, [2, 3])
    made = f(normal(f.latent)(20_000, Generator().manual_seed(0))).numpy()
    one_hot = made[:, 1:]
    assert set(np.unique(one_hot)) == {0.0, 1.0}
    assert (one_hot[:, :2].sum(1) == 1).all()
    assert (one_hot[:, 2:].sum(1) == 1).all()
    expected = parts["weights"] @ parts["theta"]
    for block in (slice(0, 2), slice(2, 5)):
        assert chisquare(one_hot[:, block].sum(0), 20_000 * expected[block]).pvalue > 1e-3
    mean = parts["weights"] @ parts["means"] * parts["scale"] + parts["center"]
    assert made[:, 0].mean() == pytest.approx(mean[0], abs=0.1)


def test_gumbels_trick_draws_by_softmax() -> None:
    scores = torch.tensor([0.0, 1.0, -2.0, 3.0])
    u = torch.rand(50_000, 4, generator=Generator().manual_seed(0))
    drawn = chosen(scores + gumbel(u), [4])
    assert chisquare(drawn.sum(0), 50_000 * scores.softmax(-1)).pvalue > 1e-3


def test_an_adversary_reaches_shares_and_weights_by_gradients() -> None:
    f = MixedMixture(2, torch.zeros(3), torch.ones(3), Generator().manual_seed(0), [2])
    z = normal(f.latent)(64, Generator().manual_seed(1))
    expectation(f, lambda x: x @ torch.tensor([1.0, 0.0, 3.0]), z).mean().backward()
    for parameter in (f.logits, f.means, f.scores):
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 0
    assert (f.scores.grad[:, 1] > 0).all()  # whose second label is worth more  # type: ignore[index]


def test_a_network_makes_one_hot_vectors_for_members_too() -> None:
    f = free(2, [8], torch.zeros(4), torch.ones(4), Generator().manual_seed(0), [3])
    z = uniform(5)(7, Generator().manual_seed(0))
    made = f(z)
    assert made.shape == (7, 4)
    assert (made[:, 1:].sum(1) == 1).all()
    assert torch.equal(f(torch.stack([z, z]))[1], made)


@pytest.mark.parametrize("seed", range(4))
def test_em_never_lowers_the_posterior_and_agrees_with_scikit_learn_where_categories_tell_nothing(seed: int) -> None:
    from sklearn.mixture import GaussianMixture

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, 2)) + 4 * rng.integers(0, 2, (200, 1))
    rows = np.column_stack([x, np.eye(2)[np.arange(200) % 2]])
    found = em(rows, [2], by_k_means(rows, [2], 2, 0), "full", 1e-6)
    theirs = GaussianMixture(2, random_state=0).fit(x)
    apart = found.log_density(rows).mean() - (theirs.score(x) - np.log(2))
    assert abs(apart) < 0.02


@pytest.mark.parametrize("seed", range(4))
def test_each_step_of_em_climbs(monkeypatch: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.column_stack(
        [rng.normal(size=(80, 2)), np.eye(3)[rng.integers(0, 3, 80)], np.eye(2)[rng.integers(0, 2, 80)]]
    )
    monkeypatch.setattr(mixed_em, "TOLERANCE", -1.0)
    s, start, before = mixed_em._shares(rows[:, 2:], [3, 2]), by_k_means(rows, [3, 2], 4, seed), -np.inf
    for steps in (1, 2, 3, 5, 10, 40):
        monkeypatch.setattr(mixed_em, "STEPS", steps)
        found = em(rows, [3, 2], start, "full", 0.0)
        reached = found.log_density(rows).sum() + mixed_em.PRIOR_ROWS * (found.log_theta * s).sum()
        assert reached >= before - 1e-9
        before = reached


def test_a_label_that_was_never_seen_in_training_is_unlikely_and_not_impossible() -> None:
    rows = np.column_stack([np.random.default_rng(0).normal(size=60), np.tile([1.0, 0, 0], (60, 1))])
    rows[::2, 1:] = [0, 1, 0]
    found = fitted_mixture(rows, 0, [3])
    assert -9 < found.log_theta[:, 2].max() < -2
    assert np.exp(found.log_theta).sum(axis=1) == pytest.approx(1)


def test_a_label_in_all_rows_to_train_with_is_refused_and_a_rare_one_is_not() -> None:
    c = np.eye(2)[np.r_[np.zeros(59, dtype=int), 1]]
    rows = np.column_stack([np.arange(60.0) ** 2, c])
    held_out, learnt = 0, 0
    for seed in range(20):
        order = np.random.default_rng([seed, 60]).permutation(60)
        if 59 in order[:36]:
            learnt += 1
            data = split(rows, seed, categories=[2])
            assert data.scale[1] == data.scale[2] > 0
        else:
            held_out += 1
            with pytest.raises(ValueError, match="column 2 of the data is one and the same in all rows to train with"):
                split(rows, seed, categories=[2])
    assert held_out * learnt > 0


def test_by_category_begins_with_a_component_for_each_label() -> None:
    rows = np.column_stack([np.arange(6.0), np.eye(2)[[0, 1] * 3], np.eye(3)[[0, 1, 2] * 2]])
    assert by_category(rows, [2, 3], 1).argmax(0).tolist() == [0, 1, 2, 0, 1, 2]
