"""Attributes of strokes whose width, length and slant are known."""

from __future__ import annotations

import numpy as np
import pytest

from formulations.problem import Floats
from problems.studies.image_attributes import attributes


def stroke(width: float, length: float, degrees: float, turned: float = 0.0, side: int = 64, fine: int = 4) -> Floats:
    """A bar, sheared to the right, or turned, in the middle of an image (1, 1, side, side), drawn by finer pixels."""
    at = (np.arange(side * fine) + 0.5) / fine - side / 2
    up, right = -at[:, None], at[None, :]
    angle = np.radians(turned)
    x, y = right * np.cos(angle) - up * np.sin(angle), right * np.sin(angle) + up * np.cos(angle)
    drawn = (np.abs(x - np.tan(np.radians(degrees)) * y) < width / 2) & (np.abs(y) < length / 2)
    return drawn.reshape(1, 1, side, fine, side, fine).mean(axis=(3, 5))


@pytest.mark.parametrize("degrees", [-30.0, -5.0, 0.0, 20.0])
def test_a_bar_that_is_sheared_has_that_slant(degrees: float) -> None:
    found = attributes(stroke(3, 40, degrees))
    assert found.slant[0] == pytest.approx(degrees, abs=0.3)
    assert found.height[0] == pytest.approx(40, abs=0.1)


@pytest.mark.parametrize("turned", [0.0, 20.0, 45.0, 70.0, 90.0])
@pytest.mark.parametrize("width", [2.0, 3.0, 6.0])
def test_thickness_is_the_width_of_a_long_stroke_however_it_lies(width: float, turned: float) -> None:
    found = attributes(stroke(width, 40, 0.0, turned))
    assert found.thickness[0] == pytest.approx(width * 40 / (width + 40), rel=0.1)


def test_nothing_depends_on_brightness_and_place_except_ink() -> None:
    given = np.repeat(stroke(3, 20, 20.0), 3, axis=1)
    dark, moved = attributes(given / 3), attributes(np.roll(given, (5, -7), axis=(2, 3)))
    found = attributes(given)
    for name in ("thickness", "slant", "height", "width"):
        assert getattr(dark, name) == pytest.approx(getattr(found, name))
        assert getattr(moved, name) == pytest.approx(getattr(found, name))
    assert found.ink[0] == pytest.approx(3 * 20, rel=0.02)
    assert dark.ink[0] == pytest.approx(found.ink[0] / 3)


def test_many_images_are_as_each_alone_and_black_ones_have_no_attributes() -> None:
    bars = [stroke(2, 30, 10.0), np.zeros((1, 1, 64, 64)), stroke(5, 30, -10.0)]
    found = attributes(np.concatenate(bars))
    for name in ("ink", "thickness", "slant", "height", "width"):
        alone = [getattr(attributes(bar), name)[0] for bar in bars]
        np.testing.assert_allclose(getattr(found, name), alone)
        assert np.isnan(getattr(found, name)).tolist() == [False, True, False]


def test_what_is_in_one_row_has_no_slant() -> None:
    line = np.zeros((1, 1, 9, 9))
    line[0, 0, 4, 2:7] = 1
    found = attributes(line)
    assert np.isnan(found.slant[0])
    assert (found.height[0], found.width[0]) == (1, 5)
