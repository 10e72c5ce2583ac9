"""Generators from the command line: what is claimed of them, resumed runs, pictures, and files that cannot be used."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commandline import answer_of, without_seconds
from places import ROOT

import formulations.gan
import formulations.losses
import problems.gan
from problems.gan import RECIPE
from problems.recipe import Task, run
from problems.studies.compared_losses import LOSSES, USUAL


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: Any) -> None:
    """Judged by fewer samples than a person would want, so that the tests are quick."""
    monkeypatch.setattr(formulations.gan, "HELD_OUT_DRAWS", 4096)
    monkeypatch.setattr(formulations.gan, "WATCH_DRAWS", 512)


def answered(capsys: Any, *arguments: str) -> tuple[int, dict[str, Any], str]:
    return answer_of(RECIPE, capsys, *arguments)


def points(path: Path, rows: int = 400, columns: int = 2) -> str:
    x = np.random.default_rng(0).normal(size=(rows, columns)) * [3.0, 0.1][:columns] + 5
    np.savetxt(path, x, delimiter=",", header="a,b"[: 2 * columns - 1], comments="")
    return str(path)


def test_json_has_the_contract_s_fields(capsys: Any) -> None:
    code, answer, err = answered(capsys, "--generator", "gaussian", "--iterations", "40")
    assert code == 0
    assert "not proven best" in err
    assert answer["problem"] == "gan"
    assert answer["status"] == "feasible"
    assert answer["solver"] == "descent-ascent"
    assert answer["value"] < answer["bound"] == pytest.approx(-1.650315, abs=1e-6)
    proof = answer["certificate"]
    assert proof["kind"] == "held-out samples, 95% confidence"
    assert not proof["verified"]
    assert proof["likelihood_at_most"] <= proof["any_likelihood_at_most"] == answer["bound"]
    assert proof["likelihood_between"][0] == answer["value"]
    assert answer["answer"]["generator"] == "gaussian"
    assert np.array(answer["answer"]["samples"]).shape == (5, 1)
    assert {"rows", "columns", "iterations", "residual", "quality", "history", "solve_seconds"} <= set(answer["stats"])
    assert {"warnings", "copied", "lost", "blind"} <= set(answer["stats"])
    assert answer["stats"]["copied"]["p_value"] > 1e-3


def test_same_seed_same_json(capsys: Any) -> None:
    options = ("--data", "ring", "--iterations", "12")
    first, again, other = (answered(capsys, *options, "--seed", seed)[1] for seed in ("1", "1", "2"))
    assert json.dumps(without_seconds(first)) == json.dumps(without_seconds(again))
    assert first["answer"] != other["answer"]


def test_of_a_file_s_unknown_density_only_the_divergence_is_claimed(capsys: Any, tmp_path: Path) -> None:
    code, answer, _ = answered(capsys, "--data", points(tmp_path / "points.csv"), "--iterations", "20")
    assert code == 0
    assert (answer["value"], answer["bound"], answer["gap"]) == (None, None, None)
    assert answer["certificate"]["kl_at_least"] >= 0
    assert answer["certificate"]["likelihood_at_most"] is None
    assert answer["certificate"]["data"] == 120
    _, known, _ = answered(
        capsys, "--data", points(tmp_path / "points.csv"), "--iterations", "20", "--generator", "gaussian"
    )
    low, high = known["certificate"]["likelihood_between"]
    assert known["value"] == low < high
    assert known["bound"] is None


def test_text_says_what_is_proven_and_how_modes_are_covered(capsys: Any) -> None:
    assert run(RECIPE, ["--data", "ring", "--iterations", "10", "--seeds", "2"]) == 0
    out = capsys.readouterr().out
    assert "value  unknown" in out
    assert "KL(data || generator) is at least" in out
    assert out.count("of 8") == 2
    assert "  warning: modes, or edges of them, are lost: " in out  # so early


@pytest.mark.parametrize("generator", ["mlp", "flow", "mixture", "gaussian"])
def test_every_generator_learns_two_columns_of_any_scale(capsys: Any, tmp_path: Path, generator: str) -> None:
    options = ("--data", points(tmp_path / "points.csv"), "--generator", generator, "--iterations", "150")
    answered(capsys, *options, "--out", str(tmp_path / "run"))
    samples = np.loadtxt(tmp_path / "run" / "samples.csv", delimiter=",", skiprows=1)
    assert samples.shape == (2500, 2)
    assert samples.mean(axis=0) == pytest.approx([5, 5], abs=3)
    assert samples.std(axis=0)[0] > 5 * samples.std(axis=0)[1]


def test_the_losses_to_choose_from_are_those_that_there_are() -> None:
    assert LOSSES == formulations.losses.LOSSES


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_teaches_a_gaussian_its_place(capsys: Any, tmp_path: Path, loss: str) -> None:
    x = np.random.default_rng(0).normal(7, 2, size=600)
    np.save(tmp_path / "x.npy", x)
    options = ("--data", str(tmp_path / "x.npy"), "--generator", "gaussian", "--loss", loss, "--iterations", "300")
    _, answer, _ = answered(capsys, *options)
    best = -0.5 * np.log(2 * np.pi * np.e * x.var())  # of any Gaussian
    assert answer["value"] > best - 0.4


def test_an_auto_encoder_claims_no_divergence(capsys: Any, tmp_path: Path) -> None:
    options = ("--data", points(tmp_path / "points.csv"), "--generator", "gaussian", "--loss", "began")
    _, answer, _ = answered(capsys, *options, "--iterations", "300")
    assert np.array(answer["answer"]["samples"]).mean(axis=0) == pytest.approx([5, 5], abs=4)
    assert answer["certificate"]["kl_at_least"] is None


@pytest.mark.parametrize("generator", ["gaussian", "mixture", "flow"])
def test_likelihood_is_the_usual_loss_where_the_density_is_known_and_comes_near_the_best(
    capsys: Any, tmp_path: Path, generator: str
) -> None:
    rng = np.random.default_rng(0)
    which = rng.integers(2, size=800)
    np.save(tmp_path / "two.npy", np.array([[-4.0, 0], [4, 1]])[which] + rng.normal(size=(800, 2)))
    options = ("--data", str(tmp_path / "two.npy"), "--generator", generator, "--iterations", "400")
    _, answer, _ = answered(capsys, *options)
    best = -np.log(2) - np.log(2 * np.pi * np.e)  # minus the entropy of the two, which hardly overlap
    found = np.mean(answer["certificate"]["likelihood_between"])
    assert found == pytest.approx(best, abs=0.35) if generator != "gaussian" else found < best - 0.5


def test_the_text_says_the_likelihood_of_held_out_rows(capsys: Any, tmp_path: Path) -> None:
    run(RECIPE, ["--data", points(tmp_path / "points.csv"), "--generator", "mixture", "--iterations", "5"])
    assert "its log-likelihood is" in capsys.readouterr().out


def test_losses_are_compared_on_the_same_rows_where_that_is_asked(capsys: Any, tmp_path: Path) -> None:
    options = ("--data", points(tmp_path / "points.csv"), "--generator", "gaussian", "--iterations", "30", "--compare")
    _, answer, _ = answered(capsys, *options)
    rows = answer["stats"]["losses"]
    assert tuple(row["loss"] for row in rows) == USUAL
    assert rows[0]["likelihood_between"] == answer["certificate"]["likelihood_between"]
    assert rows[0]["likelihood_between"][1] > max(row["likelihood_between"][1] for row in rows[1:]) - 0.1
    claims = [(row["divergence"], row["divergence_at_least"] >= 0, row["divergence_at_most"]) for row in rows]
    assert claims[:5] == [(name, True, None) for name in ("kl", "kl", "js", "js", "le-cam")]
    assert [name for name, *_ in claims[5:]] == ["wasserstein-1", "mmd"]
    assert all(most > row["divergence_at_least"] for row, (_, _, most) in zip(rows[5:], claims[5:], strict=True))
    assert [row["kl_at_least"] is None for row in rows] == [False] * 5 + [True] * 2


def test_the_losses_asked_for_are_a_table_of_as_many_lines_and_100_letters(capsys: Any) -> None:
    run(RECIPE, ["--data", "ring", "--iterations", "8", "--quiet", "--compare", "kl, hellinger,mmd,likelihood,kl"])
    out = capsys.readouterr().out.splitlines()
    lines = out[next(at for at, line in enumerate(out) if line.startswith("  loss ")) :]
    assert [line.split()[0] for line in lines] == ["loss", "lagrangian", "kl", "hellinger", "mmd"]
    assert {len(line) for line in lines} <= {len(lines[0])}
    assert len(lines[0]) <= 100
    assert lines[0].endswith(" seconds")


def test_a_loss_that_no_time_is_left_for_is_named(capsys: Any) -> None:
    arguments = ["--generator", "gaussian", "--iterations", "5", "--compare", "kl,mmd", "--time-limit", "0.01"]
    run(RECIPE, [*arguments, "--quiet"])
    assert "no time was left for kl, mmd; give more by --time-limit" in capsys.readouterr().out


def test_losses_share_the_time_limit_evenly_the_first_as_well(monkeypatch: Any) -> None:
    monkeypatch.setattr(problems.gan.time, "monotonic", lambda: 1000.0)  # reading takes no time
    for compare, share in (("kl,mmd", 100.0), ("kl,mmd,lagrangian,likelihood", 100.0), ("lagrangian", None)):
        arguments = ["--data", "ring", "--compare", compare, "--time-limit", "300"]
        task = RECIPE.read(RECIPE.parser().parse_args(arguments))
        assert isinstance(task, Task)
        assert task.solving.get("time_limit") == share


@pytest.mark.parametrize("loss", ["wasserstein", "mmd"])
def test_what_a_distance_proves_is_said_with_both_ends(capsys: Any, tmp_path: Path, loss: str) -> None:
    options = ["--data", points(tmp_path / "points.csv"), "--iterations", "20", "--loss", loss]
    _, answer, _ = answered(capsys, *options)
    proof = answer["certificate"]
    assert 0 <= proof["divergence_at_least"] < proof["divergence_at_most"] < 5
    assert proof["kl_at_least"] is proof["kl_estimate"] is proof["likelihood_at_most"] is None
    assert (proof["divergence_assumes"] is None) == (loss == "mmd")
    run(RECIPE, [*options, "--plot", str(tmp_path / "picture.png"), "--out", str(tmp_path / "run")])
    assert f"{proof['divergence']} of data and generator is from" in capsys.readouterr().out
    assert ("discriminator.pt" in os.listdir(tmp_path / "run")) == (loss == "wasserstein")


def test_held_out_rows_are_asked_once_of_each_generator(capsys: Any, tmp_path: Path, monkeypatch: Any) -> None:
    asked: list[Any] = []
    evidence = formulations.gan.evidence

    def counted(data: Any, noise: Any, players: Any, **how: Any) -> Any:
        asked.append(players["f"])
        return evidence(data, noise, players, **how)

    monkeypatch.setattr(formulations.gan, "evidence", counted)
    options = ("--data", points(tmp_path / "points.csv"), "--generator", "gaussian", "--iterations", "5", "--compare")
    _, answer, _ = answered(capsys, *options)
    assert len(asked) == len(set(asked)) == len(answer["stats"]["losses"]) == len(USUAL)


def test_a_generator_without_a_density_has_no_likelihood(capsys: Any) -> None:
    assert run(RECIPE, ["--data", "ring", "--loss", "likelihood"]) == 2
    assert "say --generator flow, or mixture" in capsys.readouterr().err


def test_a_run_killed_and_resumed_is_the_run(tmp_path: Path, capsys: Any) -> None:
    options = ["--data", "ring", "--iterations", "60", "--seeds", "2"]
    whole, part = str(tmp_path / "whole"), str(tmp_path / "part")
    _, expected, _ = answered(capsys, *options, "--out", whole)
    program = (
        "import formulations.gan as gan, sys; gan.HELD_OUT_DRAWS, gan.WATCH_DRAWS = 4096, 512\n"
        "from problems.gan import RECIPE; from problems.recipe import run; run(RECIPE, sys.argv[1:])"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, *options, "--out", part, "--quiet"], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not os.path.exists(f"{part}/checkpoint.pt") and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    _, resumed, _ = answered(capsys, *options, "--out", part, "--resume")
    for key in ("value", "bound", "answer", "certificate", "status"):
        assert resumed[key] == expected[key]
    for name in ("samples.csv", "history.csv"):
        assert Path(whole, name).read_bytes() == Path(part, name).read_bytes()
    first, second = (torch.load(f"{run}/generator.pt", weights_only=True)["weights"] for run in (whole, part))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_folder_holds_history_samples_and_weights(capsys: Any, tmp_path: Path) -> None:
    out = tmp_path / "run"
    code, answer, _ = answered(capsys, "--generator", "gaussian", "--iterations", "30", "--out", str(out))
    assert code == 0
    assert sorted(os.listdir(out)) == [
        "checkpoint.pt",
        "discriminator.pt",
        "generator.pt",
        "generator.pt2",
        "history.csv",
        "run.json",
        "samples.csv",
    ]
    rows = list(csv.DictReader((out / "history.csv").open()))
    assert [int(row["iteration"]) for row in rows] == [row["iteration"] for row in answer["stats"]["history"]]
    assert float(rows[-1]["bound"]) == answer["stats"]["history"][-1]["bound"]
    code, _, err = answered(capsys, "--generator", "gaussian", "--iterations", "30", "--out", str(out))
    assert code == 2
    assert "add --resume to go on with it" in err


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--resume"], "--resume goes on from the checkpoint in --out"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--data", "picture.png"], "picture.png"),
        (["--solver", "glop"], "glop plays no saddle problems; descent-ascent does"),
        (["--out", "empty", "--resume"], "there is no checkpoint to resume"),
        (["--plot", "x.txt"], "unknown kind of file"),
        (["--iterations", "0"], "not a whole number from 1"),
        (["--seeds", "-1"], "not a whole number from 1"),
        (["--generator", "vae"], "vae"),
        (["--loss", "hinge"], "hinge"),
        (["--compare", "kl,hinge"], "there is no loss 'hinge'"),
        (["--compare", " , "], "there is no loss ' , '"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(
    capsys: Any, tmp_path: Path, monkeypatch: Any, arguments: list[str], match: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    try:
        code = run(RECIPE, arguments)
    except SystemExit as error:
        code = int(str(error.code))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert match in err


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("few.csv", "1,2\n3,4\n", "n at least 20"),
        ("flat.csv", "1,2\n" * 15 + "1,3\n" * 15, "column '1' of the data is 1 in all rows"),
    ],
)
def test_data_that_teach_nothing_are_refused(capsys: Any, tmp_path: Path, name: str, content: str, match: str) -> None:
    (tmp_path / name).write_text(content)
    code, _, err = answered(capsys, "--data", str(tmp_path / name))
    assert code == 2
    assert match in err
    assert name in err


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [3e38, 1e-42])
def test_sizes_that_float32_cannot_compute_with_are_refused(
    capsys: Any, tmp_path: Path, size: float, dtype: str
) -> None:
    rows = np.random.default_rng(0).choice([-1.0, 0.5, 1.0], size=(100, 2))
    np.save(tmp_path / "x.npy", (size * rows).astype(dtype))
    assert run(RECIPE, ["--data", str(tmp_path / "x.npy"), "--json"]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert len(err.splitlines()) == 1
    assert "beyond what float32 holds; give it in other units" in err


@pytest.mark.parametrize(("data", "columns"), [("mixture", 1), ("ring", 2), ("file", 3)])
def test_pictures(capsys: Any, tmp_path: Path, data: str, columns: int) -> None:
    from PIL import Image

    if data == "file":
        np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(100, columns)))
        data = str(tmp_path / "x.npy")
    run(RECIPE, ["--data", data, "--iterations", "12", "--plot", str(tmp_path / "picture.png"), "--quiet"])
    capsys.readouterr()
    with Image.open(tmp_path / "picture.png") as picture:
        grey = np.asarray(picture.convert("L"))
    assert grey.shape == ((1125, 2100) if columns == 3 else (900, 1800))
    assert 0.005 < (grey < 128).mean() < 0.5
    for half in np.split(grey, 2, axis=1):
        assert (half < 200).mean() > 0.005
