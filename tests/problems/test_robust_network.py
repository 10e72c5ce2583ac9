"""Robust accuracy on the command line: shares that meet, attacks that others can check, and what will not do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of, without_seconds
from test_layers import loaded_by
from written import Write

from problems.check import main as check
from problems.recipe import ANSWERED, FAILED, UNUSABLE, run
from problems.robust_network import RECIPE
from problems.studies.classified import moons, split

pytest.importorskip("torch")

QUICK = ("--iterations", "60", "--points", "20", "--quiet")
FLOWERS = "id,sepal,petal,kind\n" + "".join(
    f"f{i},{4 + 7 * i % 40 / 10},{1 + 3 * i % 17 / 4},{'rose' if 7 * i % 40 > 18 else 'aster'}\n" for i in range(40)
)


def logits(network: dict[str, Any], x: Any) -> Any:
    """What anyone makes of the weights in an answer."""
    *hidden, last = zip(network["weights"], network["biases"], strict=True)
    for W, b in hidden:
        x = np.maximum(x @ np.array(W).T + b, 0)
    return x @ np.array(last[0]).T + last[1]


def test_both_networks_are_decided_and_drawn(capsys: Any, tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    code, found, err = answer_of(RECIPE, capsys, *QUICK, "--radius", ".15", "--plot", str(picture))
    assert (code, found["status"], found["solver"], err) == (ANSWERED, "optimal", "relu-splitting", "")
    answer = found["answer"]
    assert answer["undecided"] == []
    assert sorted(answer["certified"] + answer["broken"]) == list(range(400, 420))
    assert found["value"] == found["bound"] == len(answer["certified"]) / 20
    assert found["stats"]["trained"] == {"adversarial": 60, "plain": 60}
    plain = found["stats"]["plain"]
    assert plain["value"] == plain["bound"] == len(plain["certified"]) / 20
    assert picture.stat().st_size > 10_000
    again = answer_of(RECIPE, capsys, *QUICK, "--radius", ".15", "--plot", str(picture))[1]
    assert json.dumps(without_seconds(found)) == json.dumps(without_seconds(again))


def test_anyone_can_check_the_attacks(capsys: Any) -> None:
    found = answer_of(RECIPE, capsys, *QUICK, "--radius", ".4", "--training", "plain")[1]
    answer = found["answer"]
    X, y = moons(420, np.random.default_rng(0))
    assert len(answer["broken"]) == len(answer["attacks"]) > 2
    assert "plain" not in found["stats"]
    moved = np.array(answer["attacks"])
    assert np.abs(moved - X[answer["broken"]]).max() <= 0.4
    assert (logits(answer["network"], moved).argmax(axis=1) != y[answer["broken"]]).all()
    kept = X[answer["certified"]]
    for _ in range(50):
        near = kept + np.random.default_rng(_).uniform(-0.4, 0.4, kept.shape)
        assert (logits(answer["network"], near).argmax(axis=1) == y[answer["certified"]]).all()


def test_a_radius_of_0_is_the_accuracy(capsys: Any) -> None:
    found = answer_of(RECIPE, capsys, *QUICK, "--radius", "0")[1]
    assert found["value"] == found["bound"] == found["stats"]["accuracy"] == found["stats"]["plain"]["accuracy"]


def test_digits_are_images_within_their_range(capsys: Any, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    picture = tmp_path / "p.svg"
    asked = ("--data", "digits", "--layers", "16", "--radius", ".1", "--training", "plain", "--plot", str(picture))
    code, found, _ = answer_of(RECIPE, capsys, *QUICK, *asked)
    assert (code, found["status"]) == (ANSWERED, "optimal")
    attacks = np.array(found["answer"]["attacks"])
    assert 0 <= attacks.min() <= attacks.max() <= 1
    assert picture.stat().st_size > 10_000


def test_a_table_with_labels_of_text(capsys: Any, write: Write) -> None:
    file = str(write("flowers.csv", FLOWERS))
    code, found, _ = answer_of(RECIPE, capsys, *QUICK, "--data", file, "--target", "kind", "--standardise")
    assert (code, found["status"]) == (ANSWERED, "optimal")
    assert sorted(found["answer"]["labels"]) == ["aster", "rose"]
    assert found["answer"]["columns"] == ["sepal", "petal"]
    assert "There are 11 rows to judge by" in found["notes"][-1]
    assert run(RECIPE, ["--data", file, "--target", "kind", "--radius", "5", *QUICK[:-1]]) == ANSWERED
    out, err = capsys.readouterr()
    assert "trained against 5" in out
    assert "The radius, 5, is more than a standard deviation of 'sepal' and 1 other;" in err


def test_little_time_leaves_points_undecided(capsys: Any, monkeypatch: Any) -> None:
    from solvers.networks import splitting

    monkeypatch.setattr(splitting, "_grow", lambda *_: "limit")  # attacks alone
    asked = (*QUICK, "--training", "plain")
    code, found, _ = answer_of(RECIPE, capsys, *asked)
    answer = found["answer"]
    assert (code, found["status"], found["bound"]) == (ANSWERED, "feasible", 0)
    assert found["value"] == len(answer["undecided"]) / 20
    assert answer["certified"] == []
    assert run(RECIPE, [*asked, "--require-proof"]) == FAILED


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--radius", "-1"), "not a number from 0"),
        (("--radius", "nan"), "not a number from 0"),
        (("--layers", "20,0"), "not a whole number from 1"),
        (("--layers", "1,2,3,4,5"), "at most 4 layers"),
        (("--points", "0"), "not a whole number from 1"),
        (("--target", "kind"), "goes with a table"),
        (("--data", "digits", "--standardise"), "goes with a table"),
        (("--data", "nowhere.csv"), "--target is missing"),
        (("--data", "nowhere.csv", "--target", "kind"), "nowhere.csv"),
        (("--solver", "highs"), "there is no solver 'highs'"),
    ],
)
def test_what_does_not_go_is_said(capsys: Any, arguments: tuple[str, ...], said: str) -> None:
    try:
        code = run(RECIPE, [*arguments, "--iterations", "1"])
    except SystemExit as left:
        code = int(str(left.code))
    out, err = capsys.readouterr()
    assert (code, out) == (UNUSABLE, "")
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FLOWERS.replace("rose", "aster"), "one value only"),
        ("a,b,kind\n1,2,x\n", "too few of each to learn"),
        ("a,b,kind\n1,2,0\n2,3,1\n", "no label has a row to spare"),
        ("a,b,kind\n" + "".join(f"{i},{i},{i}\n" for i in range(30)), "30 different values"),
        ("a,b,kind\n1,nan,0\n2,3,1\n3,4,1\n", "has no value"),
        ("a,b,kind\n1e20,1,0\n2,3,1\n3,4,1\n2,2,0\n", "a number of 1e+20"),
        ("kind\n1\n0\n", "its only column"),
        ("a,b,kind\n", "no rows"),
        ("", "is empty"),
    ],
)
def test_tables_that_do_not_do_are_refused(capsys: Any, write: Write, text: str, said: str) -> None:
    assert run(RECIPE, ["--data", str(write("t.csv", text)), "--target", "kind"]) == UNUSABLE
    assert said in capsys.readouterr().err


def test_constant_columns_and_rare_labels(capsys: Any, write: Write) -> None:
    rows = "".join(f"7,{i % 5},{'often' if i else 'once'}\n" for i in range(20))
    file = str(write("t.csv", f"a,b,kind\n{rows}"))
    code, found, _ = answer_of(RECIPE, capsys, *QUICK, "--data", file, "--target", "kind")
    assert (code, found["status"], len(found["answer"]["labels"])) == (ANSWERED, "optimal", 2)
    first = np.array(found["answer"]["network"]["weights"][0])
    assert (first[:, 0] == 0).all()
    assert first[:, 1].any()


def test_rows_to_train_with_hold_every_label_and_none_that_is_judged() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        y = rng.integers(0, 4, rng.integers(4, 60))
        y = np.unique(y, return_inverse=True)[1]
        trained, judged, _ = split(y, int(rng.integers(1, 20)), rng)
        assert set(y[trained]) == set(y)
        assert not set(trained) & set(judged)


LIES = (
    lambda a: a.update(value=a["value"] + 0.05),
    lambda a: a.update(bound=a["bound"] + 0.05),
    lambda a: a["asked"].update(radius=2 * a["asked"]["radius"]),
    lambda a: a["asked"].update(radius=a["asked"]["radius"] / 2),
    lambda a: a["answer"]["certified"].append(a["answer"]["broken"].pop()) or a["answer"]["attacks"].pop(),
    lambda a: a["answer"]["certified"].pop(),
    lambda a: a["answer"]["labels"].reverse(),
    lambda a: a["answer"]["columns"].reverse(),
    lambda a: a["answer"]["attacks"].reverse(),
    lambda a: a["answer"]["network"]["biases"][-1].reverse(),
    lambda a: a["certificate"].pop("trees"),
    lambda a: a["certificate"]["trees"].update(unit=[-1] * len(a["certificate"]["trees"]["unit"]), leaf=[], nu=[]),
    lambda a: a["certificate"]["trees"]["point"].reverse(),
)


def test_answers_are_proven_again_and_lies_are_caught(capsys: Any, tmp_path: Path, write: Write) -> None:
    file, path = str(write("flowers.csv", FLOWERS)), tmp_path / "answer.json"
    for given, radius in ((("--data", file, "--target", "kind", "--standardise"), ".3"), ((), ".35")):
        found = answer_of(RECIPE, capsys, *QUICK, *given, "--radius", radius, "--training", "plain")[1]
        assert found["answer"]["broken"]
        path.write_text(json.dumps(found))
        assert check([str(path), *given[:2]]) == ANSWERED
        out = capsys.readouterr().out
        assert "the network gets" in out
        assert f"however they are moved by 0{radius}" in out
    assert len(found["answer"]["broken"]) > 1
    assert max(found["certificate"]["trees"]["unit"]) >= 0
    for number, lie in enumerate(LIES):
        told = json.loads(json.dumps(found))
        lie(told)
        path.write_text(json.dumps(told))
        assert check([str(path)]) == FAILED, (number, capsys.readouterr())
        assert "FAILS" in capsys.readouterr().out
    for broken, said in (
        (lambda a: a["answer"]["network"]["weights"].pop(), "cannot be read"),
        (lambda a: a["answer"]["network"]["weights"][0].pop(), "cannot be read"),
        (lambda a: a["stats"].update(points=3), "is an answer for 3 points"),
        (lambda a: a["asked"].update(data="nowhere"), "nowhere"),
    ):
        told = json.loads(json.dumps(found))
        broken(told)
        path.write_text(json.dumps(told))
        assert check([str(path)]) == UNUSABLE
        assert said in capsys.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    assert loaded_by("import problems.robust_network") == []
