"""Names in pictures: none covers another or a point, and a far point has its name."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from problems.pictures.names import draw_names


@pytest.mark.parametrize("n", [1, 5, 60, 300])
def test_names_neither_cover_each_other_nor_points(n: int) -> None:
    rng = np.random.default_rng(n)
    flat = np.vstack([rng.standard_normal((n, 2)), [30.0, 30.0]])
    figure = Figure(figsize=(6, 6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    ax.scatter(*flat.T, s=9)
    ax.margins(0.1)
    names = [f"a name $x_{i}$" for i in range(n)] + ["far away"]
    drawn = draw_names(ax, flat, names)
    texts = [text for text in ax.texts if isinstance(text, Annotation)]
    assert len(texts) == drawn >= 2 - (n == 0)
    assert "far away" in [text.get_text() for text in texts]
    boxes = [text.get_window_extent() for text in texts]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    at = ax.transData.transform(flat)
    assert not any(box.contains(x, y) for box in boxes for x, y in at)
    assert all(ax.bbox.contains(*box.min) and ax.bbox.contains(*box.max) for box in boxes)


def test_too_many_points_and_points_without_names_have_none() -> None:
    ax = Figure().subplots()
    assert draw_names(ax, np.zeros((0, 2)), []) == draw_names(ax, np.zeros((3, 2)), []) == 0
    assert draw_names(ax, np.zeros((401, 2)), ["a"] * 401) == 0
