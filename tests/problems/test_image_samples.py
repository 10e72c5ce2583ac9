"""Samples that repeat training images are told from honest ones, and labels that are made too seldom are named."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from problems.io.images import read_images
from problems.studies import memorised
from problems.studies.image_features import Features, features_of
from problems.studies.image_game import numbered
from problems.studies.image_samples import COPIED, balance, compared, copies, described
from problems.studies.observed_images import split

DIGITS = read_images("digits")
LABELS, NAMES = numbered(DIGITS.labels)


@pytest.fixture(autouse=True)
def few_exchanges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memorised, "EXCHANGES", 999)


def parts(seed: int) -> tuple[torch.Tensor, torch.Tensor, Features]:
    """Training images, held-out images, and features by the images between."""
    where = split(len(DIGITS), seed)
    train, watch, held_out = (
        torch.from_numpy(DIGITS.rows(part)) for part in (where.train, where.watch, where.held_out)
    )
    return train, held_out, features_of(watch, LABELS[where.watch], seed)


def test_copies_are_found_and_fresh_images_accused_of_nothing() -> None:
    fresh = []
    for seed in range(8):
        train, held_out, unseen = parts(seed)
        fresh.append(copies(held_out[:200], train, held_out[200:], unseen, seed)["p_value"])
    assert min(fresh) > COPIED
    assert max(fresh) > 0.5
    numbers = torch.Generator().manual_seed(0)
    noisy = (train[:200] + 0.1 * torch.randn(200, 1, 8, 8, generator=numbers)).clamp(0, 1)
    found = copies(noisy, train, held_out, unseen, 0)
    assert found["p_value"] < COPIED
    assert found["by_pixels"]["repeated"] > 0.9
    halves = copies(torch.cat([noisy[:100], held_out[:100]]), train, held_out[100:], unseen, 0)
    assert halves["p_value"] < COPIED
    assert halves["by_pixels"]["repeated"] == pytest.approx(0.5, abs=0.15)


def test_a_generator_that_forgets_labels_and_repeats_images_is_told_so() -> None:
    train, held_out, unseen = parts(0)
    some = train[: len(held_out)][unseen.classify(train[: len(held_out)]) < 5]  # type: ignore[misc]
    found = compared(some, train, held_out, unseen, unseen, len(NAMES), 0)
    assert found["label_shares"][5:] == [0] * 5
    assert found["label_distance"] == pytest.approx(0.5, abs=0.08)
    lines = list(described(found, NAMES))
    assert "0 2" in lines[3]
    assert "9 0%; " in lines[3]
    assert lines[4].startswith("  warning: about")
    assert found["memorised"]["by_pixels"]["distance"] == 0


def test_shares_of_labels_that_agree_are_no_news() -> None:
    told = np.random.default_rng(0).integers(0, 10, (2, 500))
    found = balance(told[0], told[1], 12)
    assert found["label_p_value"] > 0.01
    assert found["label_shares"][10:] == [0, 0]
