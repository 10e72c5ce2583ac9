"""Pictures of generators: which axes there are, in what units, and what is said on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from formulations.likelihood.data import split
from formulations.players.generators import Gaussian
from problems.pictures.drawing import INK, RUST, save
from problems.pictures.samples import Shown
from problems.pictures.training import figure_of

UNITS = np.array([1.0, 1000.0, 1e-3, 5.0, 1.0, 1.0, 1.0, 1.0])
NAMES = ["time in s", "power", "$a_b$", "evil\x1b[31m", "a name that is much too long for an axis of a small picture"]
HISTORY = [
    {"iteration": k, "value": -2 + k / 100, "bound": -1.0, "divergence": 0.2 - k / 100, "residual": 0.1}
    for k in range(0, 60, 3)
]
UNKNOWN = [{**row, "value": None, "bound": None, "distance": 0.1, "distance_error": 0.02} for row in HISTORY]


def shown(d: int, whole: bool = False, density: Any = None, far: float = 0.0, n: int = 400) -> Shown:
    numbers = np.random.default_rng(0)
    rows = (10 + numbers.normal(size=(n, d))) * UNITS[:d]
    rows = np.round(10 + 1.5 * rows / UNITS[:d]) if whole else rows
    data = split(rows)
    if density is not None:
        data = type(data)(**{**vars(data), "density": density})
    f = Gaussian(data.center, data.scale, torch.Generator().manual_seed(0))
    made = f(torch.randn(300, d)).detach().double().numpy() + data.origin
    made[:10] += far

    def d_of(x: Tensor) -> Tensor:
        return x[..., 0] * 0

    names = [*NAMES, *"fgh"][:d]
    return Shown(data, {"f": f, "d": d_of}, data.origin + data.held_out.double().numpy(), made, names, [whole] * d)


def named(figure: Figure) -> dict[tuple[str, str], Axes]:
    return {(ax.get_xlabel(), ax.get_ylabel()): ax for ax in figure.axes}


def words(figure: Figure) -> str:
    texts = [text.get_text() for ax in figure.axes if (key := ax.get_legend()) for text in key.get_texts()]
    return "\n".join([*texts, *(ax.get_title() for ax in figure.axes)])


@pytest.mark.parametrize(("d", "panels"), [(3, 6), (4, 10), (5, 15), (8, 15)])
def test_all_pairs_of_up_to_five_columns_are_drawn_each_in_its_own_scale(d: int, panels: int) -> None:
    given = shown(d)
    figure = figure_of(given, HISTORY, "a table")
    axes = [ax for ax in figure.axes if ax.axison]
    assert len(axes) == panels + 1
    k = min(d, 5)
    bottom = [ax.get_xlabel() for ax in axes[-1 - k : -1]]
    assert bottom[:2] == NAMES[:2]
    assert "\x1b" not in "".join(bottom)
    assert max(map(len, bottom)) <= 33
    for ax, (i, j) in zip(axes, zip(*np.tril_indices(k), strict=True), strict=False):
        low, high = ax.get_xlim()
        assert low <= given.rows[:, j].min() < given.rows[:, j].max() <= high
        assert high - low < 3 * np.ptp(given.rows[:, j])
        assert ax.get_aspect() == "auto"
        if i > j:
            assert ax.get_ylim() == given.extent(i)
            data, samples = ax.collections
            assert len(data.get_offsets()) == len(samples.get_offsets()) == len(given.rows)
    corner = next(ax for ax in figure.axes if not ax.axison)
    assert ("the first 5 of 8 columns" if d == 8 else f"all {d} columns") in corner.get_legend().get_title().get_text()


def test_a_plane_has_its_own_scales_unless_its_columns_share_a_unit() -> None:
    from formulations.likelihood.mixtures import ring

    own = named(figure_of(shown(2), UNKNOWN, "a table"))[("time in s", "power")]
    assert own.get_aspect() == "auto"
    assert own.images  # log d behind it
    equal = named(figure_of(shown(2, density=ring()), UNKNOWN, "ring"))[("time in s", "power")]
    assert equal.get_aspect() == 1


def test_a_line_has_densities_and_log_d_below() -> None:
    from formulations.likelihood.mixtures import mixture

    figure = figure_of(shown(1), HISTORY, "a table")
    above, below, _ = figure.axes
    assert above.get_ylabel() == "density"
    assert below.get_xlabel() == NAMES[0]
    assert "truth" not in words(figure)
    assert "truth: log q / p" in words(figure_of(shown(1, density=mixture()), HISTORY, "mixture"))


@pytest.mark.parametrize("d", [1, 3])
def test_counts_are_bars_at_whole_numbers(d: int) -> None:
    given = shown(d, whole=True)
    ax = figure_of(given, HISTORY, "counts").axes[0]
    bars = [p for p in ax.patches if hasattr(p, "get_x")]
    centres = np.array([bar.get_x() + bar.get_width() / 2 for bar in bars])  # type: ignore[attr-defined]
    assert centres == pytest.approx(np.round(centres))
    heights = np.array([bar.get_height() for bar in bars])  # type: ignore[attr-defined]
    for centre, height in zip(centres, heights, strict=True):
        assert height == pytest.approx((given.rows[:, 0] == round(centre)).mean())
    assert heights.sum() == pytest.approx(1)


def test_many_whole_numbers_share_bars_evenly() -> None:
    rows = np.random.default_rng(0).integers(0, 1000, size=(200, 1)).astype(float)
    edges = Shown(split(rows), {}, rows, rows, ["n"], [True]).edges(0)
    assert len(edges) < 40
    assert np.all(np.diff(edges) == np.diff(edges)[0])
    assert np.all(edges % 1 == 0.5)


def test_what_is_an_estimate_is_called_one() -> None:
    for history in (HISTORY, UNKNOWN):
        figure = figure_of(shown(2), history, "a table")
        text = words(figure)
        assert "estimate" in text
        assert "truth:" not in text
    assert "below 0: it tells nothing" in text
    assert "0 for a perfect generator" in text
    nothing = figure_of(shown(1), [{"iteration": 0, "value": None, "divergence": None}], "a table")
    assert any("no discriminator tells it" in text.get_text() for ax in nothing.axes for text in ax.texts)


def test_the_evaluation_that_is_answered_is_marked_where_it_is_not_the_last() -> None:
    assert words(figure_of(shown(2), UNKNOWN, "t", answered=12)).count("answered: iteration 12") == 2
    assert "answered" not in words(figure_of(shown(2), UNKNOWN, "t"))
    assert "answered: iteration 12" in words(figure_of(shown(4), HISTORY, "t", answered=12))


def test_samples_far_off_or_not_finite_squeeze_nothing() -> None:
    for far in (1e9, np.nan, np.inf):
        given = shown(2, far=far)
        (low, high), spread = given.extent(0), np.ptp(given.rows[:, 0])
        assert high - low < 2.4 * spread
        figure_of(given, UNKNOWN, "a table")
        figure_of(shown(3, far=far), UNKNOWN, "a table")


@pytest.mark.parametrize("d", [1, 2, 5])
def test_it_is_drawn_in_colours_that_differ_in_lightness(tmp_path: Any, d: int) -> None:
    save(figure_of(shown(d), UNKNOWN, "a table", answered=12), tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as picture:
        grey = np.asarray(picture.convert("L"))
    assert (grey < 100).mean() > 0.004
    light = [Image.new("RGB", (1, 1), colour).convert("L").getpixel((0, 0)) for colour in (INK, RUST)]
    assert light[1] - light[0] > 50
