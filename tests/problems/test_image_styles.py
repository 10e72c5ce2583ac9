"""Path lengths, separability and mixing of a style-based generator, where they are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from formulations.players.codes import along_circle, on_circle
from formulations.players.style import StyleGenerator
from formulations.problem import Floats
from problems.studies.image_styles import STEP, described_styles, mixed_sheet, path_length, separability, styles

SHAPE = (1, 16, 16)


def features(x: Tensor) -> Floats:
    found: Floats = x.flatten(1).double().numpy()
    return found


@pytest.fixture
def f() -> StyleGenerator:
    return StyleGenerator(SHAPE, 6, 6, Generator().manual_seed(0)).eval()


def test_a_path_length_is_the_mean_square_of_slopes() -> None:
    t = torch.rand(20_000, 1, generator=Generator().manual_seed(0))
    found = path_length(lambda t: (t.double() ** 2).numpy(), t)  # slopes 2 t + e, t up to 1 - e
    expected = np.square(2 * np.linspace(0, 1 - STEP, 10_001) + STEP).mean()
    assert found == pytest.approx(expected, rel=0.02)


def test_shares_of_a_circle_are_those_of_its_steps() -> None:
    first, last = torch.randn(2, 3, 5, generator=Generator().manual_seed(0))
    torch.testing.assert_close(on_circle(first, last, torch.full((3, 1), 0.25)), along_circle(first, last, 5)[1])


def test_separability_is_that_of_linear_maps_and_held_out() -> None:
    numbers = np.random.default_rng(0)
    x, noise = numbers.normal(size=(4000, 3)), numbers.normal(size=4000)
    values = x @ [1.0, 2.0, 2.0] + 3 * noise  # half of the variance
    assert separability(x, values) == pytest.approx(0.5, abs=0.05)
    assert separability(x, np.where(noise > 1, np.nan, x[:, 0])) == pytest.approx(1.0)
    found = separability(numbers.normal(size=(60, 25)), numbers.normal(size=60))
    assert found is not None
    assert found < 0  # by codes that a map was found by it would be near 1
    assert separability(x[:6], values[:6]) is None


def test_all_is_measured_of_a_generator_and_mixing_all_layers_is_the_other(f: StyleGenerator) -> None:
    found = styles(f, features, 0)
    assert found == styles(f, features, 0)
    assert found["path_length"]["z"] > 0
    assert found["path_length"]["w"] > 0
    moved = [found["mixing"][group]["features"] for group in ("coarse", "middle", "fine")]
    assert all(0 < share < 1 for share in moved)
    assert "path length by features" in next(iter(described_styles(found)))


def test_a_sheet_has_sources_first_and_mixes_where_it_says(f: StyleGenerator) -> None:
    with torch.no_grad():
        a, b = (f.each(f.coded(torch.randn(n, 6, generator=Generator().manual_seed(n)))) for n in (2, 3))
        none, every = (mixed_sheet(f, a, b, torch.full((f.layers,), known)).view(3, 4, -1) for known in (False, True))
    for sheet in (none, every):
        assert (sheet[0, 0] == 1).all()
        torch.testing.assert_close(sheet[0, 1:], f.images(b))
        torch.testing.assert_close(sheet[1:, 0], f.images(a))
    torch.testing.assert_close(none[1:, 1:], f.images(a)[:, None].expand(-1, 3, -1))
    torch.testing.assert_close(every[1:, 1:], f.images(b)[None].expand(2, -1, -1))
