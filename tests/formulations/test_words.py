"""Players that read captions, and the terms of their game, by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from formulations.players.words import VARIETY, TextEncoder, believed_and_various, true_captions_and_wrong
from problems.studies.image_models import Model, generator_of


class Table:
    """A discriminator whose outputs are given, of one member."""

    def __init__(self, v: Tensor) -> None:
        self.v = v

    def table(self, _: Tensor) -> Tensor:
        return self.v[None]

    def __call__(self, x: Tensor) -> Tensor:
        return self.v.diagonal()[None]


def test_every_image_is_held_against_all_other_captions() -> None:
    odds = torch.tensor([[3.0, 1.0, 1 / 3], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    found = true_captions_and_wrong(Table(odds.log()), torch.zeros(1, 3, 5))
    own, wrong = -math.log(3 / 4), (-math.log(1 / 2) - math.log(3 / 4)) / 2
    assert found[0, 0].item() == pytest.approx(own + wrong, rel=1e-6)
    assert found[0, 1].item() == pytest.approx(2 * math.log(2), rel=1e-6)
    assert true_captions_and_wrong(Table(torch.zeros(1, 1)), torch.zeros(1, 1, 5)).item() == pytest.approx(math.log(2))


def test_variety_is_how_far_images_of_a_caption_move_with_the_noise() -> None:
    z = torch.cat([torch.randn(1, 4, 2), torch.tensor([1.0, 1, 2, 2]).view(1, 4, 1)], dim=-1)  # captions by pairs
    d = Table(torch.zeros(4, 4))
    mute = believed_and_various(lambda z: torch.cat([0 * z[..., :2], z[..., 2:]], -1), d, z, 2)
    moved = believed_and_various(lambda z: torch.cat([3 * z[..., :2], z[..., 2:]], -1), d, z, 2)
    assert torch.allclose(mute, torch.full((1, 4), -math.log(2)))
    assert torch.allclose(moved, torch.full((1, 4), 3 * VARIETY - math.log(2)))
    assert believed_and_various(lambda z: z, Table(torch.zeros(3, 3)), z[:, :3], 2)[0, 2].item() == pytest.approx(
        -math.log(2)
    )  # the last of an odd number has none beside it


def test_the_encoder_reads_words_in_their_order_and_starts_after_what_is_empty() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(3)
    one, other = encoder(torch.tensor([[0.0, 1.0, 2.0], [0.0, 2.0, 1.0]]))
    assert (one - other).abs().max() > 0.01


def test_captions_are_handed_on_behind_the_images() -> None:
    model = Model("dcgan", "", None, (1, 8, 8), 17, 4, words=("a", "b"), most_words=2)
    f = generator_of(model, torch.Generator().manual_seed(0)).eval()
    told = torch.tensor([[0.0, 1.0], [1.0, 2.0]])
    made = f(torch.cat([torch.zeros(2, 4), told], dim=1))
    assert made[:, 64:].equal(told)
    assert not made[0, :64].equal(made[1, :64])
    assert f.sample(3, torch.Generator(), told).shape == (3, 64)
