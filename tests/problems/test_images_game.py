"""Generators of images against a discriminator from the command line: what is measured, by label, resumed, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of, without_seconds
from shapes import shapes as drawn_shapes

from problems.images import RECIPE
from problems.recipe import run
from problems.studies import image_features, image_game
from problems.studies.compared_losses import LOSSES

GAME = ("--model", "dcgan")
STYLE = ("--model", "style")


@pytest.fixture(autouse=True)
def small(monkeypatch: Any) -> None:
    """Networks and their training are smaller than a person would want, so that the tests are quick."""
    monkeypatch.setattr(image_game, "WIDTH", 8)
    monkeypatch.setattr(image_features, "EPOCHS", 3)


@pytest.fixture
def shapes(tmp_path: Path) -> tuple[str, str]:
    """200 images of 8 x 8, bright above or on the left, and which."""
    (tmp_path / "labels.txt").write_text("\n".join(["above", "left"] * 100))
    return drawn_shapes(tmp_path, 200, 8), str(tmp_path / "labels.txt")


def test_samples_are_measured_and_drawn(capsys: Any, tmp_path: Path, shapes: tuple[str, str]) -> None:
    images, labels = shapes
    asked = ("--data", images, "--labels", labels, *GAME, "--by-label", "--iterations", "150")
    code, found, err = answer_of(RECIPE, capsys, *asked, "--plot", str(tmp_path / "p.png"))
    assert (code, found["status"], found["value"], found["bound"], err.count("\n")) == (0, "feasible", None, None, 1)
    stats, proof = found["stats"], found["certificate"]
    assert found["answer"]["labels"] == ["above", "left"]
    assert np.array(found["answer"]["samples"]).shape == (5, 8, 8)
    assert stats["features"] == "a classifier trained on them"
    assert all(0 <= stats[name] <= 1 for name in ("precision", "recall", "coverage", "as_asked"))
    assert stats["as_asked"] > 0.9
    assert sum(stats["label_shares"]) == pytest.approx(1)
    assert stats["frechet_distance"] > stats["frechet_distance_of_training_images"] > 0
    assert 0 <= stats["memorised"]["p_value"] <= 1
    assert (proof["data"], proof["level"]) == (60, 0.95)
    assert (tmp_path / "p.png").stat().st_size > 20_000
    assert json.dumps(without_seconds(answer_of(RECIPE, capsys, *asked)[1])) == json.dumps(without_seconds(found))


def test_features_without_labels_are_of_random_layers(capsys: Any, shapes: tuple[str, str]) -> None:
    found = answer_of(RECIPE, capsys, "--data", shapes[0], *GAME, "--iterations", "5")[1]
    assert found["stats"]["features"] == "random convolutions"
    assert "label_shares" not in found["stats"]
    assert run(RECIPE, ["--data", shapes[0], *GAME, "--iterations", "5"]) == 0
    assert "by features of random convolutions: precision" in capsys.readouterr().out


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "likelihood"])
def test_every_loss_is_played(capsys: Any, shapes: tuple[str, str], loss: str) -> None:
    code, found, _ = answer_of(RECIPE, capsys, "--data", shapes[0], *GAME, "--iterations", "3", "--loss", loss)
    assert (code, found["answer"]["loss"], found["stats"]["iterations"]) == (0, loss, 3)
    assert np.isfinite(found["stats"]["kernel_distance"])


def test_styles_are_learnt_by_label(capsys: Any, tmp_path: Path, shapes: tuple[str, str]) -> None:
    asked = ("--data", shapes[0], "--labels", shapes[1], *STYLE, "--by-label", "--iterations", "20")
    code, found, _ = answer_of(
        RECIPE, capsys, *asked, "--out", str(tmp_path / "run"), "--plot", str(tmp_path / "p.png")
    )
    assert (code, found["status"], found["answer"]["model"]) == (0, "feasible", "style")
    assert all(0 <= found["stats"][name] <= 1 for name in ("precision", "recall", "as_asked"))
    assert list(found["stats"]["styles"]["mixing"]) == ["coarse", "middle", "fine"]
    made = answer_of(RECIPE, capsys, "--sample", "4", "--from", str(tmp_path / "run"), "--label", "left")[1]
    assert np.array(made["samples"]).shape == (4, 8, 8)
    usual = answer_of(
        RECIPE, capsys, "--sample", "4", "--from", str(tmp_path / "run"), "--label", "left", "--truncation", "0"
    )[1]
    assert np.ptp(usual["samples"], axis=0).max() == 0  # all are as the mean style


def test_styles_are_told_in_pairs_unless_images_are_few(capsys: Any, shapes: tuple[str, str]) -> None:
    many, few = ((), ("--data", shapes[0]))
    played = [answer_of(RECIPE, capsys, *data, *STYLE, "--iterations", "2")[1]["answer"] for data in (many, few)]
    assert [answer["loss"] for answer in played] == ["relativistic", "non-saturating"]


def test_a_run_is_resumed_and_sampled(capsys: Any, tmp_path: Path, shapes: tuple[str, str]) -> None:
    images, labels = shapes
    asked = ["--data", images, "--labels", labels, *GAME, "--by-label"]
    whole, halves = str(tmp_path / "whole"), str(tmp_path / "halves")
    assert run(RECIPE, [*asked, "--iterations", "20", "--out", whole, "--quiet"]) == 0
    assert run(RECIPE, [*asked, "--iterations", "20", "--out", halves, "--quiet", "--time-limit", "1e-3"]) in (0, 2)
    assert run(RECIPE, [*asked, "--iterations", "20", "--out", halves, "--quiet", "--resume"]) in (0, 2)
    capsys.readouterr()
    made = str(tmp_path / "made.npy")
    assert run(RECIPE, ["--sample", "6", "--from", whole, "--out", made, "--seed", "3"]) == 0
    assert np.load(made).shape == (6, 8, 8)
    way = ["--sample", "4", "--from", whole, "--between", "2", "5", "--seed", "3"]
    capsys.readouterr()
    on_the_way = answer_of(RECIPE, capsys, *way)[1]["samples"]
    assert 255 * np.array(on_the_way)[0] == pytest.approx(np.load(made)[1], abs=0.51)
    assert run(RECIPE, [*way, "--truncation", "0.5", "--json"]) == 2
    assert "dcgan has no styles" in capsys.readouterr().err
    assert run(RECIPE, [*way, "--data", images, "--json"]) == 2
    assert "dcgan has no encoder" in capsys.readouterr().err
    other = ["--data", images, "--labels", labels, *GAME, "--iterations", "30", "--out", whole, "--resume"]
    assert run(RECIPE, other) == 2
    assert "--by-label" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((*GAME, "--likelihood", "gaussian"), "dcgan has none"),
        ((*GAME, "--by-label"), "needs labels"),
        (("--by-label",), "goes with --model dcgan"),
        (("--loss", "minimax"), "goes with --model dcgan"),
        ((*GAME, "--loss", "likelihood"), "likelihood"),
        ((*STYLE, "--loss", "began"), "those of style do not"),
        ((*STYLE, "--by-words"), "style reads no words"),
        ((*STYLE, "--truncation", "0.5"), "--truncation says what --sample N --from DIR is to make"),
        ((*STYLE, "--attribute", "slant"), "style has none"),
    ],
)
def test_what_does_not_go_is_said(capsys: Any, shapes: tuple[str, str], asked: tuple[str, ...], said: str) -> None:
    assert run(RECIPE, ["--data", shapes[0], *asked]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
