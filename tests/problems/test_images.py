"""Images from the command line: bounds in order, runs resumed, new images, and what cannot be asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commandline import answer_of, broken_off, without_seconds
from PIL import Image
from shapes import shapes as drawn_shapes

import formulations.elbo
import problems.studies.observed_images
from problems.images import RECIPE
from problems.recipe import run
from problems.studies.observed_images import split


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: Any) -> None:
    """Judged by fewer codes than a person would want, so that the tests are quick."""
    monkeypatch.setattr(formulations.elbo, "STEP", 0.2)
    monkeypatch.setattr(formulations.elbo, "QUADRATURE_ROWS", 8)


@pytest.fixture
def shapes(tmp_path: Path) -> str:
    """60 images of 4 x 4: bright above, or on the left."""
    return drawn_shapes(tmp_path, 60, 4)


def answered(capsys: Any, *arguments: str) -> tuple[int, dict[str, Any], str]:
    return answer_of(RECIPE, capsys, *arguments)


def refusal(capsys: Any, *arguments: str) -> str:
    assert run(RECIPE, arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    return str(line)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "logistic"])
def test_bounds_of_a_vae_are_in_order(capsys: Any, shapes: str, likelihood: str) -> None:
    options = ("--data", shapes, "--iterations", "40", "--latent", "2", "--likelihood", likelihood)
    code, answer, _ = answered(capsys, *options)
    proof = answer["certificate"]
    assert (code, answer["problem"], answer["status"], answer["bound"]) == (0, "images", "feasible", None)
    assert answer["value"] == proof["elbo"] < proof["iwae"]
    assert proof["likelihood_at_least"] == pytest.approx(proof["iwae"] - np.log(20) / proof["images"])
    assert proof["integrated"]["likelihood"] == pytest.approx(proof["integrated"]["iwae"], abs=1.0)
    assert (proof["bits_per_pixel"] is None) == (likelihood == "gaussian")
    assert np.array(answer["answer"]["samples"]).shape == (5, 4, 4)
    assert answer["answer"]["binarised"] == ("dynamic" if likelihood == "bernoulli" else None)
    assert (answer["stats"]["images"], answer["stats"]["pixels"], proof["images"]) == (60, 16, 18)


def test_of_a_linear_one_the_likelihood_and_the_best_are_known(capsys: Any, shapes: str) -> None:
    _, answer, _ = answered(capsys, "--data", shapes, "--model", "linear-vae", "--iterations", "300")
    proof = answer["certificate"]
    assert proof["elbo"] == answer["value"] < proof["likelihood"] < answer["bound"] == proof["any_likelihood_at_most"]
    assert [check["ok"] for check in answer["checks"]] == [True]
    row = answer["stats"]["history"][-1]
    assert row["value"] < row["likelihood"] < row["bound"]


def test_an_explicit_density_says_its_likelihood_exactly(capsys: Any, shapes: str) -> None:
    _, answer, _ = answered(capsys, "--data", shapes, "--model", "autoregressive", "--iterations", "30")
    proof = answer["certificate"]
    assert proof["likelihood"] == proof["likelihood_at_least"] == answer["value"]
    low, high = proof["likelihood_between"]
    assert low < answer["value"] < high
    assert proof["bits_per_pixel"] == pytest.approx(-answer["value"] / (16 * np.log(2)))
    assert (proof["elbo"], answer["answer"]["latent"]) == (None, None)


def test_same_seed_same_json(capsys: Any, shapes: str) -> None:
    options = ("--data", shapes, "--iterations", "12")
    first, again, other = (answered(capsys, *options, "--seed", seed)[1] for seed in ("1", "1", "2"))
    assert json.dumps(without_seconds(first)) == json.dumps(without_seconds(again))
    assert first["answer"] != other["answer"]


@pytest.mark.parametrize("model", ["vae", "autoregressive"])
def test_a_resumed_run_ends_like_one_that_was_not_broken_off(
    capsys: Any, shapes: str, tmp_path: Path, model: str
) -> None:
    options = ("--data", shapes, "--model", model, "--iterations", "30")
    _, whole, _ = answered(capsys, *options)
    out = ("--out", str(tmp_path / "run"))
    answered(capsys, *options, *out)
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert state["state"]["iteration"] == 30
    _, resumed, _ = answered(capsys, *options, *out, "--resume")
    assert resumed["value"] == whole["value"]
    _, further, err = answered(capsys, *options[:-1], "40", *out, "--resume")
    assert further["stats"]["iterations"] == 40
    assert "From iteration 30 of 30 on to 40" in " ".join(further["notes"]) + err
    assert "begun with --model" in refusal(capsys, "--data", shapes, "--model", "linear-vae", *out, "--resume")


@pytest.mark.parametrize("model", ["vae", "linear-vae", "autoregressive"])
def test_what_was_trained_makes_new_images(capsys: Any, shapes: str, tmp_path: Path, model: str) -> None:
    trained = str(tmp_path / "run")
    _, answer, _ = answered(capsys, "--data", shapes, "--model", model, "--iterations", "20", "--out", trained)
    new = tmp_path / "new.npy"
    assert run(RECIPE, ["--sample", "30", "--from", trained, "--out", str(new)]) == 0
    assert capsys.readouterr().out.startswith(f"30 images by the {model} in ")
    made = np.load(new)
    assert (made.shape, made.dtype) == ((30, 4, 4), np.uint8)
    shown = np.array(answer["answer"]["samples"])
    if model != "autoregressive":  # one code after another
        assert np.abs(made[:5] / 255 - shown).max() < 0.003
    assert run(RECIPE, ["--sample", "30", "--from", trained, "--out", str(tmp_path / "new.png")]) == 0
    assert Image.open(tmp_path / "new.png").size == (29, 24)
    assert run(RECIPE, ["--sample", "3", "--from", trained, "--out", str(tmp_path / "each")]) == 0
    assert sorted(path.name for path in (tmp_path / "each").iterdir()) == ["1.png", "2.png", "3.png"]
    capsys.readouterr()
    _, drawn, _ = answered(capsys, "--sample", "2", "--from", trained)
    assert np.array(drawn["samples"]).shape == (2, 4, 4)


def test_samples_that_cannot_be_made_are_refused(capsys: Any, shapes: str, tmp_path: Path) -> None:
    trained = tmp_path / "run"
    answered(capsys, "--data", shapes, "--iterations", "5", "--out", str(trained))
    asked = ("--sample", "3", "--from", str(trained))
    assert "say where to" in refusal(capsys, *asked)
    assert "end the name in .npy, .png" in refusal(capsys, *asked, "--out", str(tmp_path / "x.gif"))
    assert "--model is for training" in refusal(capsys, *asked, "--model", "vae", "--json")
    assert "--sample N goes with --from" in refusal(capsys, "--sample", "3")
    assert "is not empty" in refusal(capsys, *asked, "--out", str(trained))
    (trained / "model.pt").write_bytes(b"x")
    assert "damaged or not ours" in refusal(capsys, *asked, "--json")
    assert "name a folder that --out named" in refusal(capsys, "--sample", "3", "--from", str(tmp_path), "--json")


def test_a_model_of_other_numbers_is_refused(capsys: Any, shapes: str, tmp_path: Path) -> None:
    trained = tmp_path / "run"
    answered(capsys, "--data", shapes, "--iterations", "5", "--out", str(trained))
    held = torch.load(trained / "model.pt", weights_only=True)
    for change in ({"format": 9}, {"model": {**held["model"], "latent": 3}}, {"weights": {}}):
        torch.save({**held, **change}, trained / "model.pt")
        assert "model.pt: h" in refusal(capsys, "--sample", "1", "--from", str(trained), "--json")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "linear-vae", "--likelihood", "logistic"), "is of the gaussian law"),
        (("--model", "autoregressive", "--latent", "3"), "which an autoregressive one has not"),
        (("--likelihood", "gaussian", "--binarise", "threshold"), "goes with the likelihood bernoulli"),
        (("--latent", "16"), "an image has 16 numbers"),
        (("--resume",), "name that folder"),
        (("--size", "3"), "4 to 64 a side"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    capsys: Any, shapes: str, options: tuple[str, ...], said: str
) -> None:
    assert said in refusal(capsys, "--data", shapes, *options)


def test_one_image_again_and_again_is_refused(capsys: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((30, 4, 4), 7, dtype=np.uint8))
    assert "one image again and again" in refusal(capsys, "--data", str(tmp_path / "x.npy"), "--quiet")


def test_floats_have_no_levels(capsys: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((30, 4, 4)))
    assert "--likelihood logistic needs" in refusal(
        capsys, "--data", str(tmp_path / "x.npy"), "--likelihood", "logistic"
    )
    _, answer, _ = answered(capsys, "--data", str(tmp_path / "x.npy"), "--iterations", "5")
    assert answer["answer"]["likelihood"] == "gaussian"


def test_a_time_limit_leaves_an_answer(capsys: Any, shapes: str) -> None:
    code, answer, _ = answered(capsys, "--data", shapes, "--iterations", "1000000", "--time-limit", "3")
    assert code == 0
    assert answer["value"] is not None
    assert answer["stats"]["iterations"] < 1_000_000


@pytest.mark.parametrize(
    "options", [("--model", "vae"), ("--model", "vae", "--latent", "2"), ("--model", "autoregressive")]
)
def test_pictures_are_drawn(capsys: Any, shapes: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "images.png"
    answered(capsys, "--data", shapes, "--iterations", "10", *options, "--plot", str(path))
    assert Image.open(path).size == (2100, 1200)


def test_colours_are_learnt(capsys: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (40, 4, 5, 3), dtype=np.uint8)
    np.save(tmp_path / "x.npy", x)
    for model in ("vae", "autoregressive"):
        options = ("--data", str(tmp_path / "x.npy"), "--model", model, "--iterations", "5")
        _, answer, _ = answered(capsys, *options, "--plot", str(tmp_path / "x.png"))
        assert answer["answer"]["likelihood"] == "logistic"
        assert np.array(answer["answer"]["samples"]).shape == (5, 4, 5, 3)


def test_a_run_that_is_broken_off_goes_on_as_if_it_had_not_been(capsys: Any, shapes: str, tmp_path: Path) -> None:
    options = ("--data", shapes, "--iterations", "60")
    _, whole, _ = answered(capsys, *options)
    folder = tmp_path / "run"
    with broken_off(20):
        code, _, _ = answered(capsys, *options, "--out", str(folder))
    assert code == 130
    state = torch.load(folder / "checkpoint.pt", weights_only=True)["state"]
    assert 20 <= state["iteration"] < 60
    _, resumed, _ = answered(capsys, *options, "--out", str(folder), "--resume")
    assert resumed["value"] == whole["value"]
    assert resumed["answer"] == whole["answer"]


def test_images_that_do_not_fit_are_read_batch_by_batch(capsys: Any, shapes: str, monkeypatch: Any) -> None:
    _, before, _ = answered(capsys, "--data", shapes, "--iterations", "10")
    monkeypatch.setattr(problems.studies.observed_images, "MOST_IN_MEMORY", 10)
    _, after, _ = answered(capsys, "--data", shapes, "--iterations", "10")
    assert (before["value"], before["answer"]) == (after["value"], after["answer"])


def test_samples_and_held_out_images_are_not_those_that_it_trains_with() -> None:
    parts = split(100, 3)
    together = np.concatenate([parts.train, parts.watch, parts.held_out])
    assert sorted(together.tolist()) == list(range(100))
    assert split(100, 3).train.tolist() == parts.train.tolist() != split(100, 4).train.tolist()
