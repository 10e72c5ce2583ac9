"""Augmentations: what they leave as it is in expectation, that slopes can be differentiated, and how p is adapted."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from formulations.players import augmentation
from formulations.players.augmentation import TARGET, TURN, Augmented, augmented, resampled

SIDE = 8


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def image() -> Tensor:
    return torch.rand(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def test_brightness_and_contrast_leave_each_pixel_in_expectation(monkeypatch: Any) -> None:
    for name in ("SHIFT", "ANGLE", "SIZE"):
        monkeypatch.setattr(augmentation, name, 0.0)
    x = image()
    made = augmented(x.expand(40_000, -1, -1, -1), 1.0)
    assert made.std(0).min() > 0.05
    assert (made.mean(0) - x[0]).abs().max() < 5e-3  # four standard errors


def test_flips_leave_the_mean_over_pixels_and_are_off_unless_asked_for(monkeypatch: Any) -> None:
    for name in ("SHIFT", "ANGLE", "SIZE", "BRIGHTNESS", "CONTRAST"):
        monkeypatch.setattr(augmentation, name, 0.0)
    x = image()
    assert torch.allclose(augmented(x.expand(50, -1, -1, -1), 1.0), x, atol=1e-6)
    made = augmented(x.expand(2000, -1, -1, -1), 1.0, flips=True)
    mirrored = (made - x.flip(3)).abs().amax((1, 2, 3)) < 1e-5
    assert float(mirrored.float().mean()) == pytest.approx(0.5, abs=0.05)
    torch.testing.assert_close(made.mean((2, 3)), x.mean().expand(2000, 1), rtol=1e-5, atol=1e-5)


def test_images_are_left_out_as_often_as_p_says() -> None:
    x = image().expand(4000, -1, -1, -1)
    as_it_is = (augmented(x, 0.3) - x).abs().amax((1, 2, 3)) < 1e-5
    assert float(as_it_is.float().mean()) == pytest.approx(0.7**4 * 0.85**2, abs=0.03)  # shifts are 0 or 1 pixels


def test_resampling_is_that_of_torch() -> None:
    n = 6
    x, A, t = torch.rand(n, 2, 7, 5), torch.eye(2) + 0.3 * torch.randn(n, 2, 2), torch.randn(n, 2)
    middle = torch.tensor([3.0, 2.0])  # torch has columns first, and 1 at the middles of the last pixels
    swap = torch.tensor([1, 0])
    theta = (A * middle / middle[:, None])[:, swap][:, :, swap]
    both = torch.cat([theta, (t / middle)[:, swap, None]], dim=2)
    grid = nn.functional.affine_grid(both, [n, 2, 7, 5], align_corners=True)
    expected = nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=True)
    torch.testing.assert_close(resampled(x, A, t), expected, rtol=1e-4, atol=1e-5)


def test_slopes_through_augmentations_can_be_differentiated() -> None:
    x = torch.rand(2, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    A, t = torch.eye(2, dtype=torch.float64) + 0.2, torch.tensor([[0.3, -0.6]], dtype=torch.float64)

    def bent(x: Tensor) -> Tensor:
        return resampled(x, A.expand(2, 2, 2), t.expand(2, 2)).square()

    assert torch.autograd.gradcheck(bent, x)
    assert torch.autograd.gradgradcheck(bent, x)


class Telling(nn.Module):
    """Outputs of one sign for a share of images."""

    def __init__(self, known: float) -> None:
        super().__init__()
        self.known = known

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(torch.arange(len(x)) < self.known * len(x), 1.0, -1.0)


@pytest.mark.parametrize(("known", "rises"), [(1.0, True), (0.9, True), (0.7, False), (0.5, False)])
def test_the_strength_rises_where_the_discriminator_knows_its_data(known: float, rises: bool) -> None:
    d = Augmented(Telling(known), (1, SIDE, SIDE))  # signs are 2 known - 1 on average, held against 0.6
    assert (2 * known - 1 > TARGET) == rises
    d.strength.fill_(0.5)
    x = torch.rand(100, SIDE * SIDE)
    for _ in range(100):
        d.of_data(x)
    assert (float(d.strength) > 0.5) == rises
    before = float(d.strength)
    d.of_data(x)
    assert abs(float(d.strength) - before) == pytest.approx(100 / TURN, rel=1e-3)
    d.eval().of_data(x)
    d.train()(x)  # samples do not move it
    assert abs(float(d.strength) - before) == pytest.approx(100 / TURN, rel=1e-3)


def test_labels_are_left_alone_and_so_is_all_in_evaluation() -> None:
    seen = []

    class Seeing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x)
            return x.sum(1)

    d, x = Augmented(Seeing(), (1, SIDE, SIDE)), torch.rand(20, SIDE * SIDE + 3)
    d.strength.fill_(1.0)
    d(x)
    d.eval()(x)
    assert torch.equal(seen[0][:, -3:], x[:, -3:])
    assert not torch.allclose(seen[0], x)
    assert torch.equal(seen[1], x)
