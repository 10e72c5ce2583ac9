"""Two samples compared: limits that hold, a lying discriminator, tables matched by name, bad files in one line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of
from scipy.stats import wasserstein_distance

from formulations.divergences.confidence import at_least
from formulations.f_divergence import DIVERGENCES
from problems.divergence import RECIPE, _example
from problems.pictures.differences import figure_of, leading
from problems.recipe import ANSWERED, UNUSABLE, run
from problems.studies import comparison
from problems.studies.discriminator import Discriminator, cross_fitted
from problems.studies.paired_tables import Pair, read_pair

LIMITS = [f"{name.replace('-', '_')}_at_least" for name in DIVERGENCES]
ROWS = 400
KL, HELLINGER, TOTAL_VARIATION = 0.5, 2 - 2 * math.exp(-1 / 8), math.erf(1 / math.sqrt(8))  # of N(1, 1) and N(0, 1)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few permutations and trees: enough to see what is done with them."""
    monkeypatch.setattr(comparison, "PERMUTATIONS", 99)
    monkeypatch.setattr("problems.studies.discriminator.TREES", 20)


def table(path: Path, names: str, rows: Any) -> str:
    lines = [names, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def gaussians(shift: float, seed: int, n: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    p, q = np.random.default_rng(seed).normal(size=(2, n, 2))
    q[:, 0] += shift
    return p, q


@pytest.mark.usefixtures("short")
def test_without_files_the_example_differs_where_its_columns_go_together(capsys: Any, tmp_path: Path) -> None:
    code, document, _ = answer_of(
        RECIPE, capsys, "--plot", str(tmp_path / "a.png"), "--report", str(tmp_path / "a.html")
    )
    answer = document["answer"]
    assert (code, document["status"], document["certificate"]["exact"]) == (ANSWERED, "optimal", True)
    assert set(LIMITS) <= set(answer)
    assert len(LIMITS) == 8
    assert all(answer[name] > 0 for name in LIMITS)
    assert answer["gan_at_least"] == pytest.approx(2 * answer["js_at_least"])
    parts = document["parts"]
    assert answer["wasserstein_1"]["value"] == parts["W1"]["value"]
    assert answer["wasserstein_2"]["value"] == pytest.approx(parts["W2 squared"]["value"] ** 0.5)
    assert answer["wasserstein_1"]["proven"]
    assert answer["sliced_wasserstein_2"]["value"] < answer["wasserstein_2"]["value"]
    assert max(answer[name]["p_value"] for name in ("mmd", "energy", "classifier")) <= 0.05
    assert all(column["distance"] < 0.1 for column in answer["by_column"])
    assert (tmp_path / "a.png").stat().st_size > 10_000
    assert "wasserstein_1" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_limits_on_gaussians_are_near_what_is_known_and_never_above() -> None:
    p, q = gaussians(1.0, 0, 4000)
    halves = cross_fitted(p, q, list(DIVERGENCES), comparison.HALF_LEVEL, 0, math.inf)
    assert halves is not None
    found = comparison.at_least(halves)
    assert 0.65 * KL < found["kl"] <= KL
    assert 0.65 * KL < found["reverse-kl"] <= KL
    assert 0.65 * HELLINGER < found["hellinger"] <= HELLINGER
    assert 0.65 * TOTAL_VARIATION < found["total-variation"] <= TOTAL_VARIATION
    assert 0 < found["pearson"] <= math.e - 1
    told = comparison.accuracy(halves)
    assert told["accuracy"] == pytest.approx((1 + TOTAL_VARIATION) / 2, abs=0.02)


@pytest.mark.usefixtures("short")
def test_of_equal_laws_nothing_is_claimed_and_p_values_are_not_small() -> None:
    limits, p_values = [], []
    for seed in range(20):
        halves = cross_fitted(
            *gaussians(0.0, seed, 60), ["kl", "js", "total-variation"], comparison.HALF_LEVEL, seed, math.inf
        )
        assert halves is not None
        limits += [at_least(name, half.v_q, half.v_p, 0.975, half.caps[name]) for half in halves for name in half.caps]
        p_values.append(comparison.accuracy(halves)["p_value"])
    assert np.mean(np.array(limits) > 0) <= 0.05
    assert np.mean(np.array(p_values) <= 0.05) <= 0.15
    assert np.mean(np.array(p_values) <= 0.5) <= 0.7


def test_a_discriminator_that_has_seen_the_rows_lies_and_cross_fitting_does_not() -> None:
    """Trees that are told which row is of which sample claim a difference of two samples of one law."""
    p, q = gaussians(0.0, 1)
    learnt = Discriminator.fitted(p, q, 0, math.inf)
    assert learnt is not None
    lying = [model.decision_function for model in learnt.models][1]
    assert at_least("kl", lying(q), lying(p)) > 0.02
    halves = cross_fitted(p, q, ["kl"], comparison.HALF_LEVEL, 0, math.inf)
    assert halves is not None
    assert max(at_least("kl", half.v_q, half.v_p, comparison.HALF_LEVEL, half.caps["kl"]) for half in halves) == 0
    for half in halves:  # no row is claimed on by what it taught
        assert len({*half.p.tolist()}) == len(half.p) == ROWS / 2
    assert not {*halves[0].q.tolist()} & {*halves[1].q.tolist()}


@pytest.mark.usefixtures("short")
def test_copies_are_counted_and_claim_nothing(capsys: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "x,y", gaussians(0, 0, 80)[0].round(3))
    _, document, _ = answer_of(RECIPE, capsys, "--p", path, "--q", path)
    answer = document["answer"]
    assert [answer[name]["value"] for name in ("wasserstein_1", "wasserstein_2", "energy")] == [0, 0, 0]
    assert [answer[name]["p_value"] for name in ("mmd", "energy", "classifier")] == [1, 1, 1]
    assert [answer[name] for name in LIMITS] == [0] * 8
    assert any("80 of 80 rows" in note for note in document["notes"])


@pytest.mark.usefixtures("short")
def test_columns_are_matched_by_name_in_any_order_and_unit(capsys: Any, tmp_path: Path) -> None:
    p, q = gaussians(0.5, 0, 100)
    first = table(tmp_path / "p.csv", "a,b,only", np.column_stack([p, p[:, 0]]))
    times = np.column_stack([1.7e9 + q[:, 1], np.full(100, 7), q[:, 0]])
    second = table(tmp_path / "q.csv", "b,constant,a", times)
    shifted = table(tmp_path / "r.csv", "b,constant,a", np.column_stack([q[:, 1], np.full(100, 7), q[:, 0]]))
    plain = answer_of(RECIPE, capsys, "--p", first, "--q", shifted)[1]
    assert [column["column"] for column in plain["answer"]["by_column"]] == ["a", "b"]
    assert sum("are not compared" in note for note in plain["notes"]) == 2
    third = table(tmp_path / "s.csv", "a,b,only", np.column_stack([p[:, 0], 1.7e9 + p[:, 1], p[:, 0]]))
    later = answer_of(RECIPE, capsys, "--p", third, "--q", second)[1]
    for name in ("wasserstein_1", "mmd", "energy"):
        assert later["answer"][name]["value"] == pytest.approx(plain["answer"][name]["value"], abs=1e-5)


def test_labels_of_one_file_only_count(tmp_path: Path) -> None:
    first = table(tmp_path / "p.csv", "kind,x", [("ab"[k % 2], k) for k in range(20)])
    second = table(tmp_path / "q.csv", "x,kind", [(k, "bc"[k % 2]) for k in range(20)])
    pair = read_pair(first, second, None, "kind", None)
    assert pair.labels == [["a", "b", "c"], None]
    assert any("'c'" in note for note in pair.notes)
    p, q = pair.points
    assert np.linalg.norm(p[0, :3] - q[0, :3]) == pytest.approx(1)
    assert np.concatenate([p, q])[:, 3].std() == pytest.approx(1)
    assert pair.owners.tolist() == [0, 0, 0, 1]


@pytest.mark.usefixtures("short")
def test_of_a_single_column_all_rows_are_transported(
    capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MOST_MOVED", 50)
    x, y = np.random.default_rng(0).normal([[0], [0.3]], 1, (2, 300))
    paths = [table(tmp_path / f"{k}.csv", "x", rows[:, None]) for k, rows in enumerate((x, y))]
    code, document, _ = answer_of(RECIPE, capsys, "--p", paths[0], "--q", paths[1])
    answer = document["answer"]
    assert (code, document["solver"], document["certificate"]["exact"]) == (ANSWERED, "sorting", True)
    assert answer["rows_transported"] == [300, 300]
    assert answer["halves_of_p"]["rows"] == 150
    assert answer["entropic"] is None
    assert answer["wasserstein_1"]["value"] == pytest.approx(
        wasserstein_distance(x, y) / np.concatenate([x, y]).std(), rel=1e-9
    )


@pytest.mark.usefixtures("short")
def test_more_rows_than_are_transported_have_limits(
    capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MOST_MOVED", 50)
    p, q = gaussians(0.5, 0, 150)
    paths = [table(tmp_path / f"{k}.csv", "x,y", rows) for k, rows in enumerate((p, q[:120]))]
    answer = answer_of(RECIPE, capsys, "--p", paths[0], "--q", paths[1])[1]["answer"]
    limits = answer["entropic"]
    assert limits["rows"] == [150, 120]
    assert run(RECIPE, ["--p", paths[0], "--q", paths[1]]) == ANSWERED
    assert "by entropic transport: W1 between" in capsys.readouterr().out
    monkeypatch.undo()
    exact = answer_of(RECIPE, capsys, "--p", paths[0], "--q", paths[1], "--time-limit", "4")[1]["answer"]
    assert exact["entropic"] is None
    for name in ("wasserstein_1", "wasserstein_2"):
        assert exact[name]["proven"]
        assert limits[name]["at_least"] <= exact[name]["value"] <= limits[name]["at_most"]
        assert limits[name]["at_most"] <= 1.3 * limits[name]["at_least"]


@pytest.mark.usefixtures("short")
def test_the_same_seed_gives_the_same_answer(capsys: Any, tmp_path: Path) -> None:
    paths = [table(tmp_path / f"{k}.csv", "x,y", rows) for k, rows in enumerate(gaussians(0.3, 2, 60))]
    one, two = (answer_of(RECIPE, capsys, "--p", paths[0], "--q", paths[1], "--seed", "3")[1]["answer"] for _ in "ab")
    assert one == two


def test_little_time_leaves_out_what_it_does_not_allow(capsys: Any) -> None:
    code, document, _ = answer_of(RECIPE, capsys, "--time-limit", "0.01")
    answer = document["answer"]
    assert code == ANSWERED
    assert set(LIMITS) <= set(answer)
    assert answer["mmd"] == {"value": None, "p_value": None}
    assert answer["wasserstein_1"]["at_least"] <= answer["wasserstein_1"]["value"]


@pytest.mark.parametrize(
    ("p", "q", "options", "said"),
    [
        ("x\n1\n2\n", "y\n1\n2\n", (), "no column of one is in the other"),
        ("x\n1\n", "x\n1\n2\n", (), "has 1 row"),
        ("x\n5\n5\n", "x\n5\n5\n", (), "nothing to compare"),
        ("x\n1e-310\n2e-310\n", "x\n1e-310\n3e-310\n", (), "give them in another unit"),
        ("x,y\n5,1\n,2\n", "x,y\n5,1\n6,2\n", (), "--missing drop"),
        (
            "x,y\na,1\nb,2\na,1\nb,2\n",
            "x,y\n1,1\n2,3\n1,1\n2,3\n",
            ("--columns", "x,y"),
            "holds numbers, and labels in",
        ),
        ("x\n9007199254740993\n9007199254740995\n", "x\n9007199254740993\n9\n", (), "beyond 2^53"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_line(
    p: str, q: str, options: tuple[str, ...], said: str, tmp_path: Path, capsys: Any
) -> None:
    paths = [tmp_path / "p.csv", tmp_path / "q.csv"]
    for path, text in zip(paths, (p, q), strict=True):
        path.write_text(text, encoding="utf-8")
    assert run(RECIPE, ["--p", str(paths[0]), "--q", str(paths[1]), *options]) == UNUSABLE
    told = capsys.readouterr().err.strip().splitlines()
    assert said in told[-1]


def test_two_files_or_none(capsys: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "x", [[1], [2]])
    assert run(RECIPE, ["--p", path]) == UNUSABLE
    assert run(RECIPE, ["--columns", "x"]) == UNUSABLE
    assert "both files" in capsys.readouterr().err


def test_pictures_of_one_column_of_many_and_of_none_that_was_told_apart() -> None:
    pair = _example(0)
    assert leading(pair, []) == (0, 1)
    one = Pair(
        *(type(pair.p)(of.name, of.values[:, :1], of.rows) for of in (pair.p, pair.q)), columns=["$x"], labels=[None]
    )
    assert len(figure_of(one, [], None).axes) == 1
    assert len(figure_of(pair, [{"column": "a", "distance": 1.0}], None).axes) == 2


def test_the_leading_columns_are_those_that_go_together_differently() -> None:
    random = np.random.default_rng(0)
    p, q = random.normal(size=(2, 500, 5))
    q[:, 3] = 0.9 * q[:, 1] + 0.4 * q[:, 3]
    pair = _example(0)
    names = list("abcde")
    wide = Pair(*(type(pair.p)("n", rows, names) for rows in (p, q)), columns=names, labels=[None] * 5)
    assert leading(wide, [{"column": name, "distance": 0.1} for name in names]) == (1, 3)
