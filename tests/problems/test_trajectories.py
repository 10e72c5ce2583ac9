"""The picture of a game's methods: paths where they went, errors on an honest axis, names beside their curves."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from formulations.games import product
from problems.pictures.drawing import save
from problems.pictures.surfaces import Surface
from problems.pictures.surfaces import figure_of as surfaces_of
from problems.pictures.trajectories import MAX_ERROR, MIN_ERROR, STYLES, figure_of
from problems.studies.trajectories import METHODS, Trajectory, compare

PLANE: Any = {"plane": ("x", "y"), "window": np.array([-1.0, 1.0])}


@pytest.fixture(scope="module")
def trajectories() -> list[Trajectory]:
    return compare(product(False), 1.0, 150, 1, 0, np.inf)


def drawn(trajectories: list[Trajectory], **options: Any) -> Figure:
    figure = figure_of(trajectories, **{"title": "a game", "error": "distance", **options})
    figure.draw_without_rendering()
    return figure


def test_every_path_is_drawn_as_it_went_in_panels_of_one_size_and_scale(trajectories: list[Trajectory]) -> None:
    *panels, _ = drawn(trajectories, **PLANE).axes
    assert [ax.get_title() for ax in panels] == list(METHODS)
    for ax, trajectory in zip(panels, trajectories, strict=True):
        assert np.array_equal(ax.lines[0].get_xydata(), trajectory.path)
        assert ax.lines[1].get_xydata()[0] == pytest.approx(trajectory.path[0])
        assert ax.lines[2].get_xydata()[0] == pytest.approx(trajectory.path[-1])
        assert ax.get_xlim() == ax.get_ylim() == panels[0].get_xlim()
        box = ax.get_window_extent()
        assert box.width == pytest.approx(box.height)


def test_errors_are_drawn_as_they_are_on_a_logarithmic_axis(
    trajectories: list[Trajectory],
) -> None:
    ax = drawn(trajectories, **PLANE).axes[-1]
    assert ax.get_yscale() == "log"
    assert "logarithmic" in ax.get_ylabel()
    assert ax.get_xlim()[0] == 0
    low, high = ax.get_ylim()
    first = trajectories[0].error[0]
    assert low >= MIN_ERROR * first * (1 - 1e-9)
    assert high <= MAX_ERROR * first * (1 + 1e-9)
    for trajectory, line in zip(trajectories, ax.lines, strict=False):
        x, y = line.get_xdata(), np.asarray(line.get_ydata())
        within = (trajectory.error >= low) & (trajectory.error <= high)
        assert np.array_equal(x, trajectory.evaluations)
        assert np.array_equal(y[within], trajectory.error[within])
        assert np.isnan(y[~within]).all()


def test_curves_differ_in_more_than_colour(trajectories: list[Trajectory]) -> None:
    assert len({marker for _, _, marker in STYLES}) == len(STYLES) == len(METHODS)
    light = {color: to_rgb(color) @ np.array([0.2126, 0.7152, 0.0722]) for color, _, _ in STYLES}
    for (a, line, _), (b, other, _) in combinations(STYLES, 2):
        assert line != other or abs(light[a] - light[b]) > 0.1
    ax = drawn(trajectories).axes[-1]
    seen = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in ax.lines[: len(trajectories)]}
    assert seen == set(STYLES)


@pytest.mark.parametrize("options", [{}, PLANE])
def test_names_stand_apart_on_the_paper(trajectories: list[Trajectory], options: Any) -> None:
    figure = drawn(trajectories, **options)
    same = [Trajectory(c.name, c.evaluations, np.full(len(c.error), 0.5), c.path, None) for c in trajectories]
    for shown in (figure, drawn(same, **options)):
        boxes = [text.get_window_extent() for text in shown.axes[-1].texts]
        assert len(boxes) == len(METHODS)
        for box in boxes:
            assert box.x1 <= shown.bbox.x1
            assert 0 <= box.y0 < box.y1 <= shown.bbox.y1
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
        assert {text.get_text().split(":")[0] for text in shown.axes[-1].texts} == set(METHODS)


def test_panels_do_not_cover_each_other_or_the_title(trajectories: list[Trajectory]) -> None:
    figure = drawn(trajectories, **PLANE)
    boxes = [ax.get_window_extent() for ax in figure.axes]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    title: Any = figure.texts[0]
    assert max(ax.get_tightbbox().y1 for ax in figure.axes[:-1]) < title.get_window_extent().y0


def test_courses_that_end_at_once_or_leave_all_bounds_are_drawn_too() -> None:
    t = np.arange(4.0)
    errors = ([1, 0, 0, 0], [1, 1e200, np.inf, np.nan], [0, 0, 0, 0], [1, 1, 1, 1])
    some = [
        Trajectory(name, t, np.array(error, dtype=float), np.full((4, 2), np.inf), None)
        for name, error in zip(METHODS, errors, strict=False)
    ]
    for chosen in (some, some[2:3], some[1:2]):
        drawn(chosen)
        drawn(chosen, **PLANE)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_pictures_are_saved_and_the_same_each_time(trajectories: list[Trajectory], tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for path in (first, second):
        save(figure_of(trajectories, title="$x\x1b[31m", error="distance", **PLANE), path)
    assert first.read_bytes() == second.read_bytes()


def test_contours_are_drawn_below_the_paths_where_the_payoff_is_given(trajectories: list[Trajectory]) -> None:
    t = np.linspace(-1, 1, 5)
    plain, shown = drawn(trajectories, **PLANE), drawn(trajectories, surface=np.outer(t, t), **PLANE)
    for bare, ax in zip(plain.axes[:-1], shown.axes[:-1], strict=True):
        assert (len(bare.collections), len(ax.collections)) == (0, 2)
        assert max(part.get_zorder() for part in ax.collections) < min(line.get_zorder() for line in ax.lines)


def test_surfaces_are_drawn_with_their_paths_side_by_side() -> None:
    path = np.array([[0.5, 0.5, 0.25], [0.0, 0.0, 0.0]])
    t = np.linspace(-1, 1, 5)
    shown = [Surface(f"game {k}", np.outer(t, t), (-1.0, 1.0), path, ("x", "y")) for k in range(4)]
    figure = surfaces_of(shown, "Four games")
    assert [ax.get_title() for ax in figure.axes] == [surface.title for surface in shown]
    for ax in figure.axes:
        assert np.array_equal(np.column_stack(ax.lines[0].get_data_3d()), path)  # type: ignore[attr-defined]
