"""Mode collapse: what is counted and measured, time limits, and the picture; and that the cures do cure."""

from __future__ import annotations

import json
import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.image import imread

from formulations.gan import drawn
from formulations.likelihood.mixtures import ring
from formulations.problem import Floats
from problems.collapse import RECIPE
from problems.recipe import run
from problems.studies.collapse import STILL, VARIANTS, Look, Outcome, collapse, played, table
from problems.studies.mode_quality import ModeQuality, mode_quality, mode_shares

torch.set_num_threads(1)
NAMED = {variant.name: variant for variant in VARIANTS}


def look(iteration: int, shares: list[list[float]], gradients: list[float]) -> Look:
    return Look(iteration, np.array(shares), gradients, np.zeros((1, 2)))


def quality(covered: int) -> ModeQuality:
    return ModeQuality(covered=covered, modes=3, high_quality=0.5, reverse_kl=0.25, sd_ratio=None)


def test_modes_that_were_covered_once_and_are_not_at_the_end_are_lost() -> None:
    first, last = [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]
    looks = [look(0, first, [1.0, 2.0]), look(10, last, [3.0, 9.0])]
    outcome = Outcome(VARIANTS[0], looks, [quality(1), quality(2)], 10, 1.0)
    assert outcome.lost == 0.5  # the second mode, of the first seed
    assert outcome.gradient == 2.5
    assert outcome.at(0.4) is looks[0]
    assert outcome.at(0.6) is looks[1]
    text = "\n".join(table([outcome]))
    assert "of 3 modes" in text
    assert text.splitlines()[1].split() == ["equal", "1.5", "0.5", "50.0%", "0.25", "2.5", "1.0"]


def test_shares_are_those_that_quality_is_of() -> None:
    samples = ring().sample(2_000, torch.Generator().manual_seed(0)).double().numpy()
    samples[:500] = [np.nan, 1.0]
    shares: Floats = mode_shares([samples, samples[1000:]], ring())
    assert shares.shape == (2, 8)
    assert shares[0].sum() == pytest.approx(mode_quality(samples, ring()).high_quality)
    assert shares[1] == pytest.approx(1 / 8, abs=0.05)


def test_a_strong_discriminator_costs_modes_and_packs_bring_them_back() -> None:
    """By the shares of modes, which tell more than their number of one seed."""
    data = drawn(ring(), 5_000)
    alone, packs = (played(data, NAMED[name], 400, 1, 0).quality[0] for name in ("strong d", "strong d, packs"))
    assert alone.reverse_kl is not None
    assert packs.reverse_kl is not None
    assert packs.reverse_kl < alone.reverse_kl / 2


def test_the_gradient_of_minimax_vanishes_while_that_of_log_d_does_not() -> None:
    data = drawn(ring(), 5_000)
    minimax, log_d = (played(data, variant, 300, 1, 0) for variant in STILL)
    assert np.array_equal(minimax.looks[0].samples, minimax.looks[-1].samples)  # it is held still
    assert np.array_equal(minimax.looks[-1].samples, log_d.looks[-1].samples)
    assert minimax.looks[-1].gradients[0] < 0.1 * minimax.looks[0].gradients[0]
    assert log_d.looks[-1].gradients[0] > log_d.looks[0].gradients[0]


def test_the_same_seed_comes_to_the_same_and_json_holds_every_look(capsys: Any) -> None:
    def told() -> dict[str, Any]:
        assert run(RECIPE, ["--iterations", "12", "--seeds", "2", "--json", "--quiet", "--seed", "5"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    first, again = told(), told()
    assert [row["variant"] for row in first["rows"]] == [variant.name for variant in (*VARIANTS, *STILL)]
    for row, other in zip(first["rows"], again["rows"], strict=True):
        assert row.pop("solve_seconds") >= 0
        other.pop("solve_seconds")
        assert row == other
        assert [len(row["quality"]), row["iterations"], row["history"][0]["iteration"]] == [2, 12, 0]
        assert all(len(at["covered"]) == len(at["gradients"]) == 2 for at in row["history"])
        assert len(row["history"][0]["shares"][0]) == first["modes"] == 8


def test_the_time_limit_is_shared_out_and_what_it_cut_is_said(capsys: Any) -> None:
    assert run(RECIPE, ["--iterations", "100000", "--seeds", "1", "--time-limit", "2", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "strong d, packs" in out
    assert "the time limit ended before 100,000 iterations: equal (" in out


def test_without_time_nothing_is_played() -> None:
    data = drawn(ring(), 100)
    assert list(collapse(data, 10, 1, 0, -math.inf, nullcontext)) == []


def test_the_picture_has_a_row_for_each_variant_and_ink_in_it(tmp_path: Path) -> None:
    path = tmp_path / "c.png"
    assert run(RECIPE, ["--iterations", "5", "--seeds", "1", "--plot", str(path), "--quiet"]) == 0
    image = imread(path)
    assert image.shape[0] > 110 * 1.4 * (len(VARIANTS) + 1)
    assert image[..., :3].min() < 0.3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--gap", "0.1"], "--gap is not for a comparison of trainings"),
        (["--require-proof"], "--require-proof is not for a comparison of trainings"),
        (["--seeds", "101"], "at most 100 are trained at once"),
        (["--plot", "c.txt"], "c.txt"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(capsys: Any, arguments: list[str], said: str) -> None:
    assert run(RECIPE, arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
