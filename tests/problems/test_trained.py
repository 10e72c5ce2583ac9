"""What was trained, used: new rows from a folder, longer training, programs without this project, and bad folders."""

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
from commandline import answer_of
from places import ROOT

import formulations.gan
from formulations.likelihood.data import split
from formulations.players.generators import discriminator, free
from formulations.players.resampling import Resampled
from problems.gan import RECIPE
from problems.recipe import run
from problems.studies.tables import columns_of
from problems.studies.trained import GENERATOR, PROGRAM, RUN, SAMPLED, Trained, read_trained, write_trained
from problems.terminal.checkpoints import Folder
from problems.terminal.errors import InputError

KINDS = ("mlp", "flow", "mixture", "gaussian")


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: Any) -> None:
    monkeypatch.setattr(formulations.gan, "HELD_OUT_DRAWS", 4096)
    monkeypatch.setattr(formulations.gan, "WATCH_DRAWS", 512)


def table(path: Path) -> str:
    rng = np.random.default_rng(0)
    rows = [f'"{i}",{rng.integers(18, 99)},{1.7e9 + rng.normal():.3f},red\n' for i in range(1, 121)]
    path.write_text('"","age","time","colour"\n' + "".join(rows))
    return str(path)


def trained(folder: Path, kind: str, *options: str) -> str:
    """A folder with a generator of that kind, from a table that is gone."""
    data = table(folder / "t.csv")
    arguments = ["--data", data, "--generator", kind, "--iterations", "30", "--out", str(folder / "run"), "--quiet"]
    assert run(RECIPE, [*arguments, *options]) == 0
    os.remove(data)
    return str(folder / "run")


def rows_of(path: Path | str) -> list[list[str]]:
    with open(path) as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("kind", KINDS)
def test_new_rows_come_from_the_folder_alone(capsys: Any, tmp_path: Path, kind: str) -> None:
    folder = trained(tmp_path, kind)
    capsys.readouterr()
    assert run(RECIPE, ["--sample", "2500", "--from", folder]) == 0
    assert capsys.readouterr().out == Path(folder, SAMPLED).read_text()
    for seed, name in (("1", "a.csv"), ("1", "b.csv"), ("2", "c.csv")):
        options = ["--sample", "70", "--from", folder, "--seed", seed, "--round", "--out", str(tmp_path / name)]
        assert run(RECIPE, options) == 0
    header, *rows = rows_of(tmp_path / "a.csv")
    assert header == ["age", "time"]
    assert len(rows) == 70
    assert all(18 <= int(age) < 99 and abs(float(at) - 1.7e9) < 10 for age, at in rows)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes() != (tmp_path / "c.csv").read_bytes()


def test_new_rows_as_json(capsys: Any, tmp_path: Path) -> None:
    folder = trained(tmp_path, "gaussian")
    capsys.readouterr()
    assert run(RECIPE, ["--sample", "3", "--from", folder, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["columns"] == ["age", "time"]
    assert np.array(answer["samples"]).shape == (3, 2)


ELSEWHERE = """
import sys, torch
program = torch.export.load(sys.argv[1]).module()
torch.save(program(torch.load(sys.argv[2])), sys.argv[3])
assert not [name for name in sys.modules if name.split(".")[0] in ("problems", "solvers", "formulations")]
"""


@pytest.mark.parametrize("kind", KINDS)
def test_the_program_needs_nothing_of_this_project(capsys: Any, tmp_path: Path, kind: str) -> None:
    folder = trained(tmp_path, kind)
    about = json.loads(Path(folder, RUN).read_text())["generator"]
    held = read_trained(folder)
    z = torch.randn(50, about["noise"][1])
    torch.save(z, tmp_path / "z.pt")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    paths = [os.path.join(folder, PROGRAM), str(tmp_path / "z.pt"), str(tmp_path / "x.pt")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", ELSEWHERE, *paths], check=True, cwd=elsewhere, env=environment)
    with torch.no_grad():
        expected = torch.as_tensor(held.origin) + held.module(z).double()
    found = torch.load(tmp_path / "x.pt")
    assert found.dtype == torch.float64
    assert torch.allclose(found, expected, rtol=0, atol=1e-3 * float(expected.std(0).max()))


def test_the_folder_says_what_it_came_of(tmp_path: Path) -> None:
    about = json.loads(Path(trained(tmp_path, "mlp"), RUN).read_text())
    assert about["options"]["--generator"] == "mlp"
    assert about["options"]["--iterations"] == 30
    assert about["generator"]["columns"] == ["age", "time"]
    assert about["versions"]["torch"] == torch.__version__
    state = torch.load(tmp_path / "run" / "discriminator.pt", weights_only=True)
    assert all(tensor.isfinite().all() for tensor in state.values())


def test_training_goes_on_for_longer_and_says_so(capsys: Any, tmp_path: Path) -> None:
    options = ["--data", table(tmp_path / "t.csv"), "--generator", "gaussian", "--out", str(tmp_path / "run")]
    assert answer_of(RECIPE, capsys, *options, "--iterations", "40")[0] == 0
    code, longer, err = answer_of(RECIPE, capsys, *options, "--iterations", "80", "--resume")
    assert code == 0
    assert "From iteration 40 of 40 on to 80, the schedule stretched: steps go on at 50% of the first." in err
    assert longer["stats"]["iterations"] == 80
    assert [row["iteration"] for row in longer["stats"]["history"]][-1] == 80
    code, same, err = answer_of(RECIPE, capsys, *options, "--resume")
    assert code == 0
    assert "stretched" not in err
    assert same["value"] == longer["value"]
    code, _, err = answer_of(RECIPE, capsys, *options, "--iterations", "60", "--resume")
    assert code == 2
    assert "it has come to 80 already" in err
    code, _, err = answer_of(RECIPE, capsys, *options, "--seed", "5", "--resume")
    assert code == 2
    assert "was begun with --seed 0, not 5" in err


WRITING = """
import sys
from problems.studies.trained import read_trained, write_trained
from problems.terminal.checkpoints import Folder
held = read_trained(sys.argv[1])
while True:
    write_trained(Folder(sys.argv[2], {}), held, held.module, {})
"""


def chooser(seed: int = 0) -> Trained:
    """A generator of the columns a and b of whose samples a discriminator, which sees waves, chooses."""
    numbers, units = torch.Generator().manual_seed(seed), (torch.zeros(2), torch.ones(2))
    f, d = free(2, [5, 6], *units, numbers), discriminator([7, 8], *units, numbers, octaves=3)
    columns = columns_of(split(np.random.default_rng(0).normal(size=(60, 2))), ["a", "b"])
    return Trained("mlp", Resampled(f, d, 2, tries=4), np.array([1.7e9, 0.0]), columns)


def test_one_of_whose_samples_some_are_kept_comes_back_and_runs_elsewhere(tmp_path: Path) -> None:
    made = chooser()
    write_trained(Folder(str(tmp_path), {}), made, made.module, {})
    assert json.loads((tmp_path / RUN).read_text())["generator"]["noise"][1] == 4 * (2 + 1)
    again = read_trained(str(tmp_path))
    assert np.array_equal(again.samples(300, 0), made.samples(300, 0))
    assert not np.array_equal(again.samples(300, 0), chooser(1).samples(300, 0))
    z = made.noise(300, torch.Generator().manual_seed(0))
    program = torch.export.load(tmp_path / PROGRAM).module()
    with torch.no_grad():
        expected = torch.as_tensor(made.origin) + made.module(z).double()
    assert torch.allclose(program(z), expected, rtol=0, atol=1e-5)
    path = tmp_path / GENERATOR
    held = torch.load(path, weights_only=True)
    for tries in (1, 0, 10**9, 4.5, "4", None):
        torch.save({**held, "tries": tries}, path)
        refused(tmp_path, "holds no generator that this version knows")


def test_a_folder_of_the_first_format_is_read(tmp_path: Path) -> None:
    made = chooser()
    made = Trained("mlp", made.module.get_submodule("f"), made.origin, made.columns)
    write_trained(Folder(str(tmp_path), {}), made, made.module, {})
    held = torch.load(tmp_path / GENERATOR, weights_only=True)
    del held["tries"]
    torch.save({**held, "format": 1}, tmp_path / GENERATOR)
    assert np.array_equal(read_trained(str(tmp_path)).samples(300, 0), made.samples(300, 0))


def test_killed_while_it_writes_it_leaves_a_folder_that_can_be_read(capsys: Any, tmp_path: Path) -> None:
    folder = trained(tmp_path, "gaussian")
    for k in range(3):
        copy = tmp_path / str(k)
        copy.mkdir()
        child = subprocess.Popen([sys.executable, "-c", WRITING, folder, str(copy)], cwd=ROOT)
        deadline = time.monotonic() + 120
        while not (copy / RUN).exists() and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.04 * k)  # anywhere in a later round
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        capsys.readouterr()
        assert run(RECIPE, ["--sample", "5", "--from", str(copy)]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 6
        torch.export.load(str(copy / PROGRAM))


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("sprung",)


def refused(folder: Path | str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_trained(str(folder))
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_folders_that_hold_no_generator_are_refused_in_a_line(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(trained(tmp_path, "mixture"), GENERATOR)
    held = torch.load(path, weights_only=True)
    for change, said in (
        ({"format": 3}, "has format 3, not 1 or 2"),
        ({"tries": 8}, "holds no generator that this version knows"),
        ({"kind": "flow"}, "holds no generator that this version knows"),
        ({"kind": "vae"}, "holds no generator that this version knows"),
        ({"origin": [0.0]}, "holds no generator"),
        ({"columns": {}}, "holds no generator"),
        ({"columns": {"columns": [{"name": "x"}], "headed": True}}, "holds no generator"),
        ({"weights": {}}, "holds no generator"),
        ({"weights": {**held["weights"], "means": held["weights"]["means"] * torch.nan}}, "holds no generator"),
        ({"weights": 3}, "holds no generator"),
    ):
        torch.save({**held, **change}, path)
        refused(path.parent, said)
    torch.save([1, 2], path)
    refused(path.parent, "holds no generator")
    torch.save({**held, "kind": Evil()}, path)
    refused(path.parent, "damaged or not ours")
    assert not (tmp_path / "sprung").exists()
    for content in (b"", b"not a generator", b"PK\x03\x04 broken"):
        path.write_bytes(content)
        refused(path.parent, "damaged or not ours")
    path.unlink()
    refused(path.parent, "training was broken off; end it by --resume")
    refused(tmp_path / "nowhere", "name a folder that --out named in training")
    path.mkdir()
    refused(path.parent, "damaged or not ours")


def test_half_a_question_is_refused_in_a_line(capsys: Any, tmp_path: Path) -> None:
    folder = trained(tmp_path, "gaussian")
    capsys.readouterr()
    for options, said in (
        (["--sample", "5"], "goes with --from DIR"),
        (["--from", folder], "--sample N goes with"),
        (["--sample", "5", "--from", folder, "--data", "ring"], "--data is for training"),
        (["--sample", "5", "--from", folder, "--plot", str(tmp_path / "x.png")], "--plot is for training"),
        (["--sample", "99999999", "--from", folder], "makes at most 5,000,000 rows"),
        (["--sample", "5", "--from", folder, "--out", str(tmp_path / "x.xlsx")], "unknown kind of file"),
        (["--sample", "5", "--from", folder, "--out", str(tmp_path / "no" / "x.csv")], "cannot be written there"),
    ):
        assert run(RECIPE, options) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1
        assert said in err
