"""Pictures of tables: what is drawn where, names that can be read, nothing off the paper."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from formulations.problem import Floats
from problems.pictures.drawing import save
from problems.pictures.two_way import Shades, by_column, by_row, figure_of

NASTY = ["$x^2$", "\x1b[31mred", "x" * 1000, "東京 Αθήνα 🚇", "\u202eexe.png\ud800", ""]


def figure(shades: Shades, seed: int = 0, **names: Any) -> tuple[Figure, Any]:
    n, m = shades.values.shape
    rng = np.random.default_rng(seed)
    orders = rng.permutation(n), rng.permutation(m)
    given = {"rows": [f"row {i}" for i in range(n)], "columns": [f"column {k}" for k in range(m)], **names}
    return figure_of(shades, orders, title="A table", **given), orders


def table(n: int, m: int) -> Floats:
    values: Floats = np.random.default_rng(n * m).random((n, m))
    return values


def counts(n: int, m: int) -> Floats:
    values: Floats = np.random.default_rng(n * m).integers(0, 9, (n, m)).astype(float) + np.eye(n, m)
    values[:, 0] += 1
    return values


@pytest.mark.parametrize(("n", "m"), [(2, 2), (5, 3), (3, 60), (200, 7)])
def test_cells_are_drawn_as_given_and_in_order_in_the_same_shades(n: int, m: int) -> None:
    shades = by_column(table(n, m))
    drawn, (rows, columns) = figure(shades)
    before, after = drawn.axes
    assert np.allclose(before.images[0].get_array(), shades.values)
    assert np.allclose(after.images[0].get_array(), shades.values[np.ix_(rows, columns)])
    assert before.images[0].get_clim() == after.images[0].get_clim() == (0, 1)
    assert [text.get_text() for text in after.get_yticklabels()] == [f"row {i}" for i in rows]
    assert [text.get_text() for text in after.get_xticklabels()] == [f"column {k}" for k in columns]


@pytest.mark.parametrize(("n", "m"), [(2, 2), (20, 9), (200, 40)])
def test_bars_are_as_wide_as_their_shares_around_the_middle_of_their_column(n: int, m: int) -> None:
    shades = by_row(counts(n, m))
    assert shades.bars
    drawn, (rows, columns) = figure(shades)
    after = drawn.axes[1]
    boxes = np.array([path.vertices[:4] for path in after.collections[-1].get_paths()])
    shown = shades.values[np.ix_(rows, columns)]
    row, column = np.nonzero(shown)
    assert np.allclose(np.ptp(boxes[:, :, 0], axis=1), shown[row, column])
    middles = np.array(after.get_xticks())
    assert np.allclose(boxes[:, :, 0].mean(axis=1), middles[column])
    assert np.allclose(boxes[:, :, 1].mean(axis=1), row)
    width = shown.max(axis=0)
    assert (np.diff(middles) > (width[1:] + width[:-1]) / 2).all()  # columns do not meet


@pytest.mark.parametrize("shades", [by_column(table(900, 3)), by_row(counts(300, 50)), by_column(table(3, 900))])
def test_large_tables_are_drawn_as_means_with_numbers_for_names(shades: Shades) -> None:
    assert not shades.bars
    drawn, _ = figure(shades)
    before = drawn.axes[0]
    assert max(before.images[0].get_array().shape) <= 700
    assert before.images[0].get_array().mean() == pytest.approx(shades.values.mean(), rel=0.01)
    n, m = shades.values.shape
    assert before.get_xlim() == (-0.5, m - 0.5)
    assert len(before.get_yticks()) == (n if n <= 200 else 5)


@pytest.mark.parametrize("shades", [by_column(table(6, 6)), by_row(counts(6, 6)), by_column(table(200, 200))])
def test_names_lie_on_the_paper_and_apart(shades: Shades) -> None:
    n = len(shades.values)
    names = NASTY if n == 6 else [f"a name of row {k}" for k in range(n)]
    with warnings.catch_warnings(action="ignore"):
        drawn, _ = figure(shades, rows=names, columns=names)
        drawn.draw_without_rendering()
        for ax in drawn.axes:
            for texts, side in ((ax.get_yticklabels(), 1), (ax.get_xticklabels(), 0)):
                boxes = [text.get_window_extent() for text in texts if text.get_text()]
                assert all(box.x0 > -1 and box.y0 > -1 for box in boxes)
                assert all(box.x1 < drawn.bbox.width + 1 and box.y1 < drawn.bbox.height + 1 for box in boxes)
                middles = np.sort([(box.min[side] + box.max[side]) / 2 for box in boxes])
                size = min(float(text.get_fontsize()) for text in texts) / 72 * drawn.dpi
                assert np.diff(middles).min() > 0.9 * size
                assert size > 4  # dots


@pytest.mark.parametrize("values", [np.zeros((3, 2)), np.full((2, 1), 1e100), np.array([[-1e100, 5], [1e100, 5]])])
def test_columns_of_any_numbers_have_shades_from_0_to_1(values: Floats, tmp_path: Path) -> None:
    shades = by_column(values)
    assert ((shades.values >= 0) & (shades.values <= 1)).all()
    drawn, _ = figure(shades)
    for suffix in (".png", ".svg", ".pdf"):
        save(drawn, tmp_path / f"table{suffix}")
    with Image.open(tmp_path / "table.png") as image:
        assert min(image.size) > 100
