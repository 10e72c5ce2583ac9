"""The players of the game of location and scatter: how wide, how bounded, and what a width of too little leaves out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from formulations.js_gan import CAP, js_gan, js_gan_scatter  # noqa: E402


def discriminator(game: Any, p: int, **settings: Any) -> Any:
    """The one of the game of some rows of p columns."""
    rows = np.random.default_rng(p).normal(size=(60, p))
    return game(rows, **settings).minimize_over["d"].start(torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("p", "units"), [(1, 20), (3, 20), (4, 24), (10, 60), (33, 198), (34, 200), (40, 200)])
def test_the_hidden_layer_for_a_scatter_has_6_units_a_column_between_20_and_200(p: int, units: int) -> None:
    d = discriminator(js_gan_scatter, p)
    sizes = sorted(numbers.numel() for numbers in d.parameters())
    assert sizes == sorted([units * p, units, units, 1]), "one hidden layer: W, c, v and b"
    if p <= 11:
        assert units >= p * (p + 1) // 2, "as many as a scatter has numbers"


@pytest.mark.parametrize("p", [1, 10, 100])
def test_the_hidden_layer_for_a_location_has_20_units(p: int) -> None:
    assert discriminator(js_gan, p).v.numel() == 20
    assert discriminator(js_gan, p, hidden=7).v.numel() == discriminator(js_gan_scatter, p, hidden=7).v.numel() == 7


def test_weights_on_the_units_are_bounded_however_large_they_become() -> None:
    d = discriminator(js_gan_scatter, 3)
    x = torch.randn(500, 3, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for size in (0.01, 1.0, 1e6):
            d.v[:] = size * torch.randn(d.v.shape, generator=torch.Generator().manual_seed(2))
            away = (d(100 * x) - d.b).abs().max().item()
            assert away <= CAP * (1 + 1e-6)
            assert (away > CAP / 10) == (size >= 1), "and no more than need be"
