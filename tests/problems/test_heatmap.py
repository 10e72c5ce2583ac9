"""The matrix before and after: what is drawn where, in the same shades, and nothing off the paper."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PIL import Image
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from formulations.problem import Floats, Ints
from formulations.seriation import seriation as stated
from problems import seriation
from problems.pictures.drawing import save
from problems.pictures.heatmap import DIAGONAL, MAX_ROWS, figure_of
from solvers import solve

NASTY = [
    "$\\frac{1}{2}$ $x$ $",
    "\x1b[31mred\x1b[0m\r\n\t\0",
    "x" * 100_000,
    "東京 Αθήνα القاهرة 🚇",
    "\u202egnp.exe\ud800",
    "",
]


def planted(n: int, seed: int = 0) -> tuple[Floats, Ints, Floats]:
    """Similarities of points on a line, an order of average linkage, and its tree."""
    x = np.random.default_rng(seed).random(n)
    distance = np.abs(x[:, None] - x)
    tree = linkage(squareform(distance), "average")
    return 1 - distance, leaves_list(tree).astype(np.int64), tree


def figure(n: int, **options: Any) -> Figure:
    matrix, order, tree = planted(n)
    names = [f"user {i}" for i in range(n)]
    return figure_of(matrix, order, **{"items": names, "title": "A cohort", "tree": tree, **options})


def panels(drawn: Figure) -> tuple[Any, Any]:
    before, after = drawn.axes
    return before, after


def children(ax: Any) -> tuple[Any, ...]:
    """The axes beside: the dendrogram's, if there is one, and the colour bar's."""
    return tuple(ax.child_axes)


@pytest.mark.parametrize("n", [2, 3, 40, 41, 100])
def test_the_matrix_is_drawn_as_given_and_in_order_in_the_same_shades(n: int) -> None:
    matrix, order, _ = planted(n)
    before, after = panels(figure(n))
    others = ~np.eye(n, dtype=bool)
    for ax, shown in ((before, matrix), (after, matrix[order][:, order])):
        drawn = ax.images[0].get_array()
        assert np.allclose(drawn[others], shown[others])
        assert np.ma.getmaskarray(drawn).diagonal().all()  # in a colour of its own
        assert ax.images[0].cmap.get_bad().tolist() == pytest.approx(list(to_rgba(DIAGONAL)))
    shades = [(ax.images[0].norm.vmin, ax.images[0].norm.vmax, ax.images[0].cmap.name) for ax in (before, after)]
    assert shades[0] == shades[1]
    for ax in (before, after):
        assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, n - 0.5), (n - 0.5, -0.5))
    if n > 2:
        others = matrix[~np.eye(n, dtype=bool)]
        assert shades[0][:2] == (others.min(), others.max())


def test_both_panels_are_squares_that_begin_on_one_line_and_the_bar_is_as_high() -> None:
    for n, options in ((2, {}), (25, {"items": ["w" * 50] * 25}), (120, {}), (400, {"tree": None})):
        drawn = figure(n, **options)
        drawn.draw_without_rendering()
        (before, after), paper = panels(drawn), drawn.bbox
        boxes = [ax.get_window_extent() for ax in (before, after)]
        for box in boxes:
            assert box.width == pytest.approx(box.height)
            assert box.width > 0.25 * paper.width
        assert boxes[0].y1 == pytest.approx(boxes[1].y1)
        assert boxes[0].width == pytest.approx(boxes[1].width) or n == 120
        bar = children(after)[-1].get_window_extent()
        assert (bar.y0, bar.y1) == pytest.approx((boxes[1].y0, boxes[1].y1))


@pytest.mark.parametrize(
    ("n", "options"),
    [
        (1, {"tree": None}),
        (2, {"items": ["w" * 99] * 2, "title": "w" * 500}),
        (6, {"items": NASTY, "title": " ".join(NASTY)}),
        (40, {"items": ["W" * 99] * 40}),
        (41, {}),
        (400, {"tree": None}),
        (MAX_ROWS + 1, {}),
    ],
)
def test_nothing_leaves_the_paper_or_covers_another(n: int, options: Any) -> None:
    drawn = (
        figure_of(np.ones((1, 1)), np.zeros(1, dtype=np.int64), items=["a"], title="One")
        if n == 1
        else figure(n, **options)
    )
    with warnings.catch_warnings(action="ignore"):
        drawn.draw_without_rendering()
        before, after = panels(drawn)
        left, right = before.get_tightbbox(), after.get_tightbbox()
        head: Any = drawn.texts[0]
        title = head.get_window_extent()
    assert left.x0 >= 0
    assert left.x1 < right.x0
    assert right.x1 <= drawn.bbox.x1
    assert min(left.y0, right.y0) >= 0
    assert max(left.y1, right.y1) < title.y0
    assert title.y1 < drawn.bbox.y1
    assert 0 <= title.x0 < title.x1 <= drawn.bbox.x1


def test_large_numbers_stay_on_the_paper() -> None:
    matrix, order, tree = planted(50)
    for scale in (1e-7, 123456, 1e99):
        drawn = figure_of((1 - matrix) * scale, order, items=["a"] * 50, title="t", kind="dissimilarity", tree=tree)
        drawn.draw_without_rendering()
        assert panels(drawn)[1].get_tightbbox().x1 <= drawn.bbox.x1


def shown_names(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_yticklabels()]


@pytest.mark.parametrize("n", [40, 41, 200])
def test_names_stand_in_order_and_can_be_read(n: int) -> None:
    _, order, _ = planted(n)
    drawn = figure(n)
    before, after = panels(drawn)
    assert shown_names(after) == [f"user {i}" for i in order]
    assert shown_names(before) == [f"user {i}" for i in range(n)] or n > 40
    drawn.draw_without_rendering()
    boxes = [text.get_window_extent() for text in after.get_yticklabels()]
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in pairwise(boxes))  # none on another, up to a pixel
    assert min(box.height for box in boxes) >= 7  # pixels


def test_beyond_that_there_are_places() -> None:
    before, after = panels(figure(201))
    for ax in (before, after):
        assert shown_names(ax) == ["1", "51", "101", "151", "201"]
    assert shown_names(panels(figure(41))[0]) == ["1", "11", "21", "31", "41"]


def test_each_branch_stands_over_what_it_merges() -> None:
    n = 30
    matrix, order, tree = planted(n)
    for way in (order, order[::-1]):
        after = panels(figure_of(matrix, way, items=[""] * n, title="", tree=tree))[1]
        branches, _ = children(after)
        assert branches.get_xlim() == after.get_xlim()
        brackets = branches.collections[0].get_segments()
        assert len(brackets) == n - 1
        place, members = np.argsort(way), [[i] for i in range(n)]
        for (u, v, height, _), bracket in zip(tree.tolist(), brackets, strict=True):
            members.append(members[int(u)] + members[int(v)])
            places = place[members[-1]]
            assert np.ptp(places) == len(places) - 1
            assert places.min() <= bracket[:, 0].min() < bracket[:, 0].max() <= places.max()
            assert bracket[1:3, 1] == pytest.approx([height, height])
            assert bracket[:, 1].max() == pytest.approx(height)
            assert branches.get_ylim()[1] > height
        assert {float(x) for x in np.concatenate([b[[0, 3]][b[[0, 3], 1] == 0] for b in brackets])[:, 0]} == set(
            range(n)
        )
    assert len(children(panels(figure(n, tree=None))[1])) == 1


def test_a_tree_of_copies_is_drawn_too() -> None:
    tree = linkage(np.zeros(3), "single")
    drawn = figure_of(np.ones((3, 3)), leaves_list(tree).astype(np.int64), items=list("abc"), title="", tree=tree)
    drawn.draw_without_rendering()
    assert len(panels(drawn)[1].child_axes[0].collections[0].get_segments()) == 2


@pytest.mark.parametrize("n", [12, 400])
def test_groups_are_framed_without_hiding_them(n: int) -> None:
    groups = [[0, 1, 2], [5, 6], [n - 1, n - 2]]
    before, after = panels(figure(n, groups=groups))
    assert not before.patches
    for places, frame in zip(groups, after.patches, strict=True):
        box, first, last = frame.get_bbox(), min(places), max(places) + 1
        assert (box.x0, box.x1) == (box.y0, box.y1)
        assert first - 2 < box.x0 < first - 0.5
        assert last - 0.5 < box.x1 < last + 1
        assert not frame.get_fill()


def test_a_group_in_pieces_has_a_frame_for_every_two_of_them() -> None:
    _, after = panels(figure(12, groups=[[1, 2, 7]]))
    assert sorted((round(f.get_bbox().x0), round(f.get_bbox().y0)) for f in after.patches) == [
        (0, 0),
        (0, 6),
        (6, 0),
        (6, 6),
    ]


def test_what_is_alike_is_dark_and_each_shade_is_darker_than_the_last() -> None:
    matrix, order, _ = planted(20)
    kinds: list[tuple[Floats, Literal["similarity", "dissimilarity"]]] = [
        (matrix, "similarity"),
        (1 - matrix, "dissimilarity"),
    ]
    pictures = [panels(figure_of(m, order, items=[""] * 20, title="", kind=kind))[1].images[0] for m, kind in kinds]
    first, second = (image.to_rgba(image.get_array()) for image in pictures)
    assert np.allclose(first, second, atol=0.02)
    shades = matplotlib.colormaps[pictures[0].cmap.name](np.linspace(0, 1, 256))[:, :3]
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    lightness = 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16  # CIE L*
    assert (np.diff(lightness) < 0).all()
    assert lightness[0] > 95
    assert lightness[-1] < 25


def test_a_matrix_beyond_the_papers_points_is_drawn_as_means() -> None:
    n = 2 * MAX_ROWS + 1
    matrix = np.zeros((n, n))
    matrix[:2, :2] = 1
    matrix[-1, -1] = 0.5
    shown = panels(figure_of(matrix, np.arange(n), items=[""] * n, title=""))[0].images[0]
    array = shown.get_array()
    assert len(array) <= MAX_ROWS
    assert array[0, 0] == pytest.approx(2 / 6)  # without the diagonal
    assert array.min() == 0
    assert shown.get_extent() == [-0.5, n - 0.5, n - 0.5, -0.5]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_pictures_are_saved_and_the_same_each_time(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for path in (first, second):
        save(figure(6, items=NASTY, groups=[[0, 1]]), path)
    assert first.read_bytes() == second.read_bytes()
    if suffix == ".png":
        with Image.open(first) as image:
            assert image.width == 1800


def test_a_picture_of_a_lazy_path_has_its_names_in_the_order_and_direction_found() -> None:
    d = np.array([[0.0, 2, 9], [2, 0, 1], [9, 1, 0]])  # 3, 2, 1 is worth 4, its reverse 5
    solution = solve(stated(d, "Lazy_path_length"))
    figure = seriation.draw(seriation._Data("lazy3b.csv", ["one", "two", "three"], d), "lazy-path", solution)
    before, after = figure.axes[:2]
    assert shown_names(before) == ["one", "two", "three"]
    assert shown_names(after) == ["three", "two", "one"]
    assert [text.get_text() for text in figure.texts] == ["lazy3b.csv: lazy-path 4"]
