"""Captions of images: what they say is true, what a generator makes of them is measured, and what cannot be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commandline import answer_of
from shapes import shapes as drawn_shapes

from formulations.problem import Floats, Ints
from problems.images import RECIPE, _training
from problems.recipe import run
from problems.studies import image_features, image_game
from problems.studies.image_captions import Thirds, asked_of, phrase, thirds_of, words_of
from problems.terminal.errors import InputError

GAME = ("--model", "dcgan")
DEGREES, WIDTHS = (-30, 0, 30), (2, 4, 7)


@pytest.fixture(autouse=True)
def small(monkeypatch: Any) -> None:
    """Networks and their training are smaller than a person would want, so that the tests are quick."""
    monkeypatch.setattr(image_game, "WIDTH", 8)
    monkeypatch.setattr(image_features, "EPOCHS", 3)


def bars(widths: Ints, degrees: Ints, side: int = 24) -> Floats:
    """Upright bars in the middle, sheared to the right by these degrees, (n, 1, side, side)."""
    at = np.arange(side) - (side - 1) / 2
    x = at[None, None] + np.tan(np.radians(degrees))[:, None, None] * at[None, :, None]
    drawn = (np.abs(x) < widths[:, None, None] / 2) & (np.abs(at) < 8)[None, :, None]
    return drawn[:, None].astype(float)


@pytest.fixture
def thirds() -> Thirds:
    """Of bars of three widths and three slants, each as often."""
    grid = np.array([(width, angle) for width in WIDTHS for angle in DEGREES] * 3)
    return thirds_of(bars(*grid.T), np.zeros(len(grid), dtype=np.int64), ["bar"])


def test_bars_are_called_what_they_are(thirds: Thirds) -> None:
    thickness, slant = thirds.told(
        np.concatenate([bars(np.array([2, 7]), np.array([30, -30])), np.zeros((1, 1, 24, 24))]),
        np.zeros(3, dtype=np.int64),
    )
    assert thickness.tolist() == [0, 2, -1]
    assert slant.tolist() == [2, 0, -1]
    said = {phrase("bar", 2, 0, np.random.default_rng(seed)) for seed in range(40)}
    assert {"a thick bar, leaning left", "bold bar tilted left", "a thick bar that is tilted left"} < said
    assert {phrase("bar", -1, -1, np.random.default_rng(seed)) for seed in range(40)} == {"a bar", "bar"}


def test_what_is_made_of_captions_is_measured(thirds: Thirds) -> None:
    asked = asked_of(["bar"], 0)
    widths, angles = (
        np.repeat(np.array(of)[part], asked.each) for of, part in ((WIDTHS, asked.thickness), (DEGREES, asked.slant))
    )

    def told(widths: Ints, angles: Ints, label: int = 0) -> dict[str, float]:
        return asked.right(thirds, bars(widths, angles), lambda images: np.full(len(images), label))

    assert told(widths, angles) == {"label": 1.0, "thickness": 1.0, "slant": 1.0, "all": 1.0}
    assert told(widths, -angles) == pytest.approx({"label": 1.0, "thickness": 1.0, "slant": 1 / 3, "all": 1 / 3})
    assert told(9 - widths, angles) == {"label": 1.0, "thickness": 0.0, "slant": 1.0, "all": 0.0}
    assert told(widths, angles, 1) == {"label": 0.0, "thickness": 1.0, "slant": 1.0, "all": 0.0}


def test_words_that_are_not_known_are_refused() -> None:
    words = words_of(["A thin 3,", "3 leaning left"])
    assert words.asked("3 leaning LEFT!").tolist() == [[1, 3, 4]]
    with pytest.raises(
        InputError, match="'purple' is no word that images were trained with; use 3, a, leaning, left, thin"
    ):
        words.asked("a purple 3")
    with pytest.raises(InputError, match="has 4 words, and captions had at most 3"):
        words.asked("a thin 3 left")
    with pytest.raises(InputError, match="holds no word"):
        words.asked("...")


@pytest.fixture
def shapes(tmp_path: Path) -> str:
    """200 images of 8 x 8, bright above or on the left, and captions in their words."""
    (tmp_path / "captions.txt").write_text("\n".join(["It is bright above.", "bright, on the left"] * 100))
    return drawn_shapes(tmp_path, 200, 8)


def test_a_persons_own_captions_are_learnt(capsys: Any, tmp_path: Path, shapes: str) -> None:
    captions, trained = str(tmp_path / "captions.txt"), str(tmp_path / "run")
    asked = ("--data", shapes, *GAME, "--captions", captions, "--iterations", "120")
    plot = ("--plot", str(tmp_path / "p.png"))
    code, found, _ = answer_of(RECIPE, capsys, *asked, *plot, "--out", trained)
    assert (code, found["answer"]["captions"][0]) in {(0, "it is bright above"), (0, "bright on the left")}
    assert (tmp_path / "p.png").stat().st_size > 20_000
    above, left = np.s_[:, :4, 4:], np.s_[:, 4:, :4]  # quarters that are bright in one kind alone
    for caption, bright, dark in (("bright above", above, left), ("on the left", left, above)):
        code, made, _ = answer_of(RECIPE, capsys, "--sample", "40", "--from", trained, "--words", caption)
        x = np.array(made["samples"])
        assert (made["words"], x.shape) == (caption, (40, 8, 8))
        assert (x[bright].mean(axis=(1, 2)) > x[dark].mean(axis=(1, 2)) + 0.3).mean() > 0.9


class Told(torch.nn.Module):
    """A generator that makes noise brighter above or on the left, as the caption or its opposite says."""

    def __init__(self, latent: int, above: int, opposite: bool) -> None:
        super().__init__()
        self.latent, self.above, self.opposite = latent, above, opposite

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        x = z[:, :1, None].abs().clamp(max=2) / 10 + torch.zeros(len(z), 8, 8)
        above = (z[:, self.latent :] == self.above).any(dim=1) ^ self.opposite
        x[above, :4] += 0.75
        x[~above, :, :4] += 0.75
        return torch.cat([x.flatten(1), z[:, self.latent :]], dim=1)


def test_the_generator_to_answer_is_one_that_does_as_it_is_told(tmp_path: Path, shapes: str) -> None:
    options = RECIPE.parser().parse_args(["--data", shapes, *GAME, "--captions", str(tmp_path / "captions.txt")])
    game = _training(options)[0]
    assert isinstance(game, image_game.ImageGame)
    latent, above = game.model.latent, game.model.words.index("above") + 1
    distances = [game.watched({"f": Told(latent, above, opposite)})["distance"] for opposite in (False, True)]
    assert None not in distances
    right, wrong = distances
    assert 0 < 2 * right < wrong  # type: ignore[operator]


def test_captions_of_attributes_are_made_and_measured(capsys: Any) -> None:
    asked = (*GAME, "--by-words", "--iterations", "10")
    code, found, _ = answer_of(RECIPE, capsys, *asked)
    said = found["stats"]["captions"]
    assert (code, said["asked"], said["images"]) == (0, 60, 1200)
    assert 0 <= said["all"] <= min(said["label"], said["thickness"], said["slant"])
    assert said["classifier"] > 0.7
    assert "captions" not in answer_of(RECIPE, capsys, *GAME, "--iterations", "3")[1]["stats"]


def test_labels_are_asked_for_by_name(capsys: Any, tmp_path: Path, shapes: str) -> None:
    labels, trained = tmp_path / "labels.txt", str(tmp_path / "run")
    labels.write_text("\n".join(["above", "left"] * 100))
    asked = ("--data", shapes, "--labels", str(labels), *GAME, "--iterations", "100")
    answer_of(RECIPE, capsys, *asked, "--by-label", "--out", trained)
    sample = ("--sample", "20", "--from", trained)
    x = np.array(answer_of(RECIPE, capsys, *sample, "--label", "left")[1]["samples"])
    assert x[:, :, :4].mean() > x[:, :, 4:].mean() + 0.3
    for more, said in (
        (("--label", "right"), "there is no such label; there are above, left"),
        (("--words", "left"), "knows no words; ask by --label"),
        (("--by-label",), "--by-label is for training"),
    ):
        assert run(RECIPE, [*sample, *more, "--json"]) == 2
        assert said in capsys.readouterr().err
    plain = str(tmp_path / "plain")
    answer_of(RECIPE, capsys, *asked[:-1], "3", "--out", plain)
    assert run(RECIPE, ["--sample", "2", "--from", plain, "--label", "left", "--json"]) == 2
    assert "makes no images by label; leave it out, or train with --by-label" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((*GAME, "--by-words"), "--by-words needs labels"),
        (("--by-words",), "--by-words goes with --model dcgan"),
        ((*GAME, "--captions", "captions.txt", "--by-label", "--labels", "labels.txt"), "two ways to say"),
        ((*GAME, "--captions", "captions.txt", "--by-words"), "two ways to say"),
        ((*GAME, "--captions", "captions.txt", "--loss", "wasserstein"), "learnt by the loss non-saturating"),
        ((*GAME, "--captions", "few.txt"), "few.txt: holds 2 captions for 200 images"),
        ((*GAME, "--captions", "blank.txt"), "blank.txt: caption 2 has 0 words"),
        ((*GAME, "--captions", "missing.txt"), "missing.txt: cannot be opened"),
        (("--words", "left"), "--words says what --sample"),
        (("--label", "left"), "--label says what --sample"),
    ],
)
def test_what_does_not_go_is_said(
    capsys: Any, tmp_path: Path, monkeypatch: Any, shapes: str, asked: tuple[str, ...], said: str
) -> None:
    (tmp_path / "labels.txt").write_text("one\ntwo\n" * 100)
    (tmp_path / "few.txt").write_text("one\ntwo\n")
    (tmp_path / "blank.txt").write_text("one\n...\n" + "three\n" * 198)
    monkeypatch.chdir(tmp_path)
    assert run(RECIPE, ["--data", shapes, *asked]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
