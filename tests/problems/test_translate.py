"""Translation from the command line: what is measured, resumed, applied to folders, drawn, and refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commandline import answer_of, broken_off, without_seconds
from PIL import Image

from problems.recipe import run
from problems.studies import image_features, made_domains, translation
from problems.studies.patch_regression import PatchRegression
from problems.studies.translation_quality import psnr
from problems.translate import KINDS, RECIPE


@pytest.fixture(autouse=True)
def small(monkeypatch: Any) -> None:
    """Networks and their training are smaller than a person would want, so that the tests are quick."""
    monkeypatch.setattr(translation, "WIDTH", {True: 4, False: 4})
    monkeypatch.setattr(translation, "TELLS", 4)
    monkeypatch.setattr(translation, "WARMING", 5)
    monkeypatch.setattr(image_features, "EPOCHS", 3)


@pytest.fixture
def strokes(tmp_path: Path) -> tuple[str, str]:
    """100 images of 7 x 9 with a line across or down, and which."""
    numbers, x = np.random.default_rng(0), np.zeros((100, 7, 9), dtype=np.uint8)
    for k in range(100):
        x[k][(slice(None), numbers.integers(1, 8)) if k % 2 else (numbers.integers(1, 6), slice(None))] = 255
    np.save(tmp_path / "strokes.npy", x)
    (tmp_path / "labels.txt").write_text("\n".join(["across", "down"] * 50))
    return str(tmp_path / "strokes.npy"), str(tmp_path / "labels.txt")


def refusal(capsys: Any, *arguments: str) -> str:
    assert run(RECIPE, [*arguments, "--quiet"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    return str(line)


def test_with_pairs_errors_are_bounded_and_held_against_a_filter(
    capsys: Any, strokes: tuple[str, str], tmp_path: Path
) -> None:
    asked = ("--data", strokes[0], "--labels", strokes[1], "--iterations", "40")
    code, found, _ = answer_of(RECIPE, capsys, *asked, "--plot", str(tmp_path / "columns.png"))
    assert (code, found["problem"], found["status"], found["bound"]) == (0, "translate", "feasible", 0)
    assert [check["ok"] for check in found["checks"]] == [True]
    stats, answer = found["stats"], found["answer"]
    assert -1 < found["value"] < 0
    assert stats["psnr_of_input"] < stats["psnr_of_ridge"]
    assert stats["label_told_of_second_kind"] > 0.9
    assert set(answer) == {"paired", "input", "output", "truth"}
    assert np.array(answer["output"]).shape == (3, 7, 9)
    for matched in found["certificate"]["transport"]:
        assert (matched["status"], matched["verified"], matched["exact"]) == ("optimal", True, True)
        assert matched["cost_at_least"] == pytest.approx(matched["cost"])
        assert matched["cost"] <= matched["cost_of_truth"] + 1e-9
        assert 0 <= matched["pairs_found_by_learned"] <= 1
    assert Image.open(tmp_path / "columns.png").size == (1800, 1050)
    assert json.dumps(without_seconds(answer_of(RECIPE, capsys, *asked)[1])) == json.dumps(without_seconds(found))


def test_without_pairs_cycles_are_measured_with_noise_in_between(capsys: Any, strokes: tuple[str, str]) -> None:
    code, found, _ = answer_of(RECIPE, capsys, "--data", strokes[0], "--unpaired", "--iterations", "30")
    stats, answer = found["stats"], found["answer"]
    assert (code, answer["paired"]) == (0, False)
    assert set(answer) == {"paired", "input", "output", "truth", "there_and_back"}
    assert 0 < stats["cycle_error"] < 1
    assert list(stats["cycle_error_noise"]) == ["1", "2", "4", "8", "16"]
    assert "psnr" in stats
    assert "label_kept" not in stats
    assert stats["history"][-1]["cycle_x"] > 0


def test_two_sets_without_any_pairs(capsys: Any, strokes: tuple[str, str], tmp_path: Path) -> None:
    np.save(tmp_path / "other.npy", np.load(strokes[0])[:60].astype(np.float64) / 255)
    asked = ("--from", strokes[0], "--to", str(tmp_path / "other.npy"), "--iterations", "5")
    code, found, _ = answer_of(RECIPE, capsys, *asked, "--plot", str(tmp_path / "p.png"))
    assert (code, "psnr" in found["stats"], "truth" in found["answer"]) == (0, False, False)
    matched = found["certificate"]["transport"][0]
    assert (matched["status"], matched["images"], matched["pairs_found"]) == ("optimal", [30, 18], None)


@pytest.mark.parametrize("how", ["--unpaired", ""])
def test_a_resumed_run_ends_like_one_that_was_not_broken_off(
    capsys: Any, strokes: tuple[str, str], tmp_path: Path, how: str
) -> None:
    asked = ["--data", strokes[0], *([how] if how else [])]
    _, whole, _ = answer_of(RECIPE, capsys, *asked, "--iterations", "16")
    out = ("--out", str(tmp_path / "run"))
    with broken_off(8):
        code, _, _ = answer_of(RECIPE, capsys, *asked, "--iterations", "16", *out)
    assert code == 130
    _, resumed, _ = answer_of(RECIPE, capsys, *asked, *out, "--resume")
    assert (resumed["value"], resumed["answer"]) == (whole["value"], whole["answer"])
    assert "begun with --seed" in refusal(capsys, *asked, *out, "--resume", "--seed", "1")


def test_pictures_of_a_folder_are_translated_under_their_names(
    capsys: Any, strokes: tuple[str, str], tmp_path: Path
) -> None:
    trained = str(tmp_path / "run")
    answer_of(RECIPE, capsys, "--data", strokes[0], "--unpaired", "--iterations", "5", "--out", trained)
    given = tmp_path / "given"
    (given / "more").mkdir(parents=True)
    for name, sides in (("a.png", (9, 7)), ("b.jpg", (33, 21)), ("more/c.bmp", (5, 4))):
        Image.new("L", sides, 200).save(given / name)
    asked = ("--apply", str(given), "--from-run", trained)
    code, found, err = answer_of(RECIPE, capsys, *asked)
    assert (code, found["translated"]) == (0, ["a.png", "b.jpg", "more/c.bmp"])
    assert "2 of 3 pictures are not 7 x 9" in err
    made = tmp_path / "run" / "translated"
    assert [Image.open(made / name).size for name in found["translated"]] == [(9, 7), (33, 21), (5, 4)]
    model, generators = torch.load(tmp_path / "run" / "translator.pt", weights_only=True)["model"], {}
    assert model["shape"] == (1, 7, 9)
    for way, back in (("G", ()), ("F", ("--back",))):
        out = str(tmp_path / way)
        assert run(RECIPE, [*asked, *back, "--out", out, "--quiet"]) == 0
        assert capsys.readouterr().out.startswith("3 pictures of ")
        generators[way] = np.asarray(Image.open(f"{out}/a.png"))
    assert (generators["G"] != generators["F"]).any()
    assert (generators["G"] == np.asarray(Image.open(made / "a.png"))).all()
    assert run(RECIPE, [*asked, "--size", "8", "--out", str(tmp_path / "eight"), "--quiet"]) == 0
    assert Image.open(tmp_path / "eight" / "b.jpg").size == (8, 8)
    capsys.readouterr()
    assert "is not empty" in refusal(capsys, *asked)
    (given / "d.png").write_bytes(b"no picture")
    assert "d.png is none of" in refusal(capsys, *asked, "--out", str(tmp_path / "o"))
    assert run(RECIPE, [*asked, "--missing", "drop", "--out", str(tmp_path / "o"), "--quiet"]) == 0
    assert sorted(path.name for path in (tmp_path / "o").rglob("*.*")) == ["a.png", "b.jpg", "c.bmp"]


def test_what_cannot_be_applied_is_refused(capsys: Any, strokes: tuple[str, str], tmp_path: Path) -> None:
    trained, empty = str(tmp_path / "run"), tmp_path / "empty"
    answer_of(RECIPE, capsys, "--data", strokes[0], "--iterations", "3", "--out", trained)
    empty.mkdir()
    asked = ("--apply", str(empty), "--from-run", trained)
    assert "holds no pictures" in refusal(capsys, *asked)
    assert "is no folder" in refusal(capsys, "--apply", strokes[0], "--from-run", trained)
    assert "one way only" in refusal(capsys, *asked, "--back")
    assert "--made is for training" in refusal(capsys, *asked, "--made", "bold")
    assert "--from is for training" in refusal(capsys, *asked, "--from", str(empty))
    assert "goes with --from-run" in refusal(capsys, "--apply", str(empty))
    assert "name a folder that --out named" in refusal(capsys, "--apply", str(empty), "--from-run", str(empty))
    Image.new("L", (3, 300), 0).save(empty / "thin.png")
    assert "thin.png has 3 x 300 pixels (from 4 a side" in refusal(capsys, *asked)
    Path(trained, "translator.pt").write_bytes(b"x")
    assert "damaged or not ours" in refusal(capsys, *asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--from", "a"), "--from A goes with --to B"),
        (("--pairs", "a", "b", "--from", "a", "--to", "b"), "leave out one"),
        (("--pairs", "a", "b", "--made", "bold"), "--made is for images of which the other kind is made"),
        (("--from", "a", "--to", "b", "--unpaired"), "leave it out"),
        (("--pairs", "nowhere", "b"), "nowhere: cannot be opened"),
        (("--resume",), "name that folder"),
        (("--back",), "goes with --apply"),
    ],
)
def test_what_does_not_go_together_is_said(capsys: Any, asked: tuple[str, ...], said: str) -> None:
    assert said in refusal(capsys, *asked)


def test_bad_folders_are_refused_by_name(capsys: Any, tmp_path: Path) -> None:
    for name, count in (("a", 20), ("b", 21)):
        (tmp_path / name).mkdir()
        for k in range(count):
            Image.new("L", (8, 8), 10 * k).save(tmp_path / name / f"{k}.png")
    (tmp_path / "empty").mkdir()
    a, b, empty = (str(tmp_path / name) for name in ("a", "b", "empty"))
    assert "20.png; add them" in refusal(capsys, "--pairs", a, b)
    assert "empty: holds no pictures" in refusal(capsys, "--pairs", a, empty)
    (tmp_path / "a" / "3.png").write_bytes(b"cut")
    assert "3.png is none of" in refusal(capsys, "--pairs", a, b)
    for k in range(21):
        Image.new("L", (8, 8), 9).save(tmp_path / "b" / f"{k}.png")
        Image.new("L", (8, 8), k).save(tmp_path / "a" / f"{k}.png")
    assert "holds one image again and again" in refusal(capsys, "--pairs", a, b)


def test_a_time_limit_leaves_an_answer(capsys: Any, strokes: tuple[str, str]) -> None:
    code, found, _ = answer_of(RECIPE, capsys, "--data", strokes[0], "--iterations", "1000000", "--time-limit", "2")
    assert code == 0
    assert found["stats"]["iterations"] < 1_000_000
    assert found["answer"] is not None


def test_the_kinds_that_the_recipe_names_are_those_that_are_made() -> None:
    assert made_domains.KINDS == KINDS


def test_a_filter_that_is_linear_is_found_and_psnr_is_what_it_says() -> None:
    x = np.random.default_rng(1).random((60, 2, 6, 7), dtype=np.float32)
    y = np.pad(x, ((0, 0), (0, 0), (0, 0), (1, 0)))[..., :-1] / 2 + 0.25  # half of the pixel to the left, and a shade
    found = PatchRegression(x[:40], y[:40], x[40:50], y[40:50])
    assert psnr(found(x[50:]), y[50:]) > 60  # type: ignore[operator]
    assert psnr(y + np.float32(0.01), y) == pytest.approx(40, abs=0.01)
