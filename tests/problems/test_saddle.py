"""Games on the command line: answers proven, methods told apart by what they do, wrong input in one line."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of, without_seconds
from places import SHARED

from formulations.games import bilinear, product
from formulations.problem import Floats
from problems.io.payoff import MAX_PAYOFFS, read_payoff
from problems.recipe import ANSWERED, UNUSABLE, run
from problems.saddle import RECIPE
from problems.studies.named_games import GAMES
from problems.studies.trajectories import METHODS, Trajectory, compare, trend
from problems.terminal.errors import InputError


def written(path: Path, payoff: Any) -> str:
    np.savetxt(path, np.asarray(payoff, dtype=float), delimiter=",", fmt="%.17g")
    return str(path)


def by_name(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in answer["stats"]["methods"]}


# What is answered.


def test_without_input_the_penalty_game_is_proven_by_strategies_and_by_glop(capsys: Any) -> None:
    code, answer, _ = answer_of(RECIPE, capsys, "--compare")
    assert code == ANSWERED
    assert (answer["problem"], answer["status"], answer["solver"]) == ("saddle", "optimal", "interior-point")
    assert answer["certificate"] == {"kind": "best responses", "verified": True, "exact": False}
    assert answer["value"] <= answer["bound"]
    kicker, keeper = (
        0.2299 / (0.2299 + 0.3667),
        (0.9497 - 0.6992) / (0.2299 + 0.3667),
    )  # each leaves the other no choice
    assert answer["answer"]["x"][0] == pytest.approx(kicker, abs=1e-4)
    assert answer["answer"]["y"][0] == pytest.approx(keeper, abs=1e-4)
    assert [(check["name"], check["ok"]) for check in answer["checks"]] == [
        ("bound by best responses", True),
        ("linear program (GLOP)", True),
    ]
    rows = by_name(answer)
    assert list(rows) == list(METHODS)
    assert {row["evaluations"] for row in rows.values()} == {150}
    for name in ("simultaneous", "alternating"):
        assert (rows[name]["behaviour"], rows[name]["error"] > 0.01) == ("cycles", True)
    assert rows["averaged"]["order"] == pytest.approx(1, abs=0.15)
    for name in ("extragradient", "optimistic", "restarted"):
        assert rows[name]["behaviour"] == "converges linearly"
        assert rows[name]["factor_per_evaluation"] < 0.97


@pytest.mark.parametrize("game", ["matching-pennies", "product", "wasserstein", "convex-concave", "dirac-gan"])
def test_the_other_bounded_games_are_proven_too(capsys: Any, game: str) -> None:
    code, answer, _ = answer_of(RECIPE, capsys, "--game", game)
    assert (code, answer["status"]) == (ANSWERED, "optimal")
    assert answer["value"] == pytest.approx(
        {"matching-pennies": 0.5, "dirac-gan": -2 * np.log(2)}.get(
            game, 0.0 if game != "wasserstein" else answer["bound"]
        ),
        abs=1e-8,
    )
    assert len(answer["checks"]) == {"matching-pennies": 2, "wasserstein": 3}.get(game, 1)


def test_without_a_saddle_point_the_best_guarantees_are_said_and_nothing_is_proven(capsys: Any, tmp_path: Path) -> None:
    for game, behaviour in (("four-saddles", "converges linearly"), ("limit-cycle", "cycles")):
        plot = tmp_path / f"{game}.png"
        code, answer, _ = answer_of(RECIPE, capsys, "--game", game, "--compare", "--plot", str(plot))
        assert (code, answer["status"], plot.stat().st_size > 10_000) == (ANSWERED, "feasible", True)
        (low, high), (least, most) = (answer["stats"]["guarantees"][name] for name in ("maximin", "minimax"))
        assert answer["value"] <= high < least <= answer["bound"]
        assert by_name(answer)["simultaneous"]["behaviour"] == behaviour
        assert "distance_to_saddle" not in answer["stats"]
        assert (high - low, most - least) == (pytest.approx(5e-4, abs=5e-4), pytest.approx(5e-4, abs=5e-4))


def test_the_penalty_cures_the_dirac_gan_and_its_players_have_their_names(capsys: Any) -> None:
    plain, cured = (
        answer_of(RECIPE, capsys, "--game", game, "--compare")[1] for game in ("dirac-gan", "dirac-gan-penalized")
    )
    assert set(plain["answer"]) == {"phi", "theta"}
    assert by_name(plain)["simultaneous"]["behaviour"] == "cycles"
    assert by_name(cured)["simultaneous"]["behaviour"] == "converges linearly"


def test_on_the_plane_there_is_a_saddle_but_no_bound(capsys: Any) -> None:
    code, answer, err = answer_of(RECIPE, capsys, "--game", "product-unbounded", "--compare")
    assert (code, answer["status"], answer["bound"]) == (ANSWERED, "feasible", None)
    assert "not proven best: there is no bound that could be proved" in err
    assert answer["stats"]["distance_to_saddle"] < 1e-9
    rows = by_name(answer)
    assert rows["simultaneous"]["behaviour"] == "spirals out"
    assert rows["simultaneous"]["factor_per_evaluation"] == pytest.approx(1.25**0.5)
    assert rows["extragradient"]["factor_per_evaluation"] == pytest.approx((0.75**2 + 0.5**2) ** 0.25)
    assert rows["alternating"]["behaviour"] == "cycles"


def test_a_matrix_of_ones_own_by_gradients_and_by_programs(capsys: Any, tmp_path: Path) -> None:
    payoff = np.array([[4.0, 1.0, 3.0], [2.0, 3.0, 1.0]])
    np.save(tmp_path / "game.npy", np.asfortranarray(payoff, dtype=np.float32))
    csv = written(tmp_path / "game.csv", payoff)
    npy = str(tmp_path / "game.npy")
    for path, options in ((csv, []), (npy, ["--solver", "glop"]), (csv, ["--solver", "highs"])):
        code, answer, _ = answer_of(RECIPE, capsys, "--matrix", path, *options)
        assert code == ANSWERED, options
        assert (answer["stats"]["rows"], answer["stats"]["columns"]) == (2, 3)
        x, y = (np.array(answer["answer"][name]) for name in ("x", "y"))
        assert (x @ payoff).min() == pytest.approx(answer["value"])
        assert (payoff @ y).max() == pytest.approx(answer["bound"])
        assert answer["value"] == pytest.approx(2)  # min of 2 + 2p, 3 - 2p and 1 + 2p, at p = 1/2


@pytest.mark.parametrize("method", ["extragradient", "optimistic", "averaged", "simultaneous"])
def test_the_method_asked_for_is_played(capsys: Any, method: str) -> None:
    code, answer, err = answer_of(RECIPE, capsys, "--method", method, "--iterations", "500")
    converges = method in ("extragradient", "optimistic")
    assert answer["stats"]["method"] == method
    assert code == ANSWERED
    assert (answer["status"] == "optimal") == converges
    if not converges:
        assert "did not settle in 500 iterations" in err
        assert answer["status"] == "not_converged"


def test_the_same_input_gives_the_same_json_and_another_seed_another_start(capsys: Any) -> None:
    runs = [answer_of(RECIPE, capsys, "--compare", "--seed", seed)[1] for seed in ("3", "3", "4")]
    first, second, other = map(without_seconds, runs)
    assert first == second
    assert first["stats"]["methods"] != other["stats"]["methods"]


def test_the_text_says_what_the_json_says(capsys: Any) -> None:
    assert run(RECIPE, ["--quiet", "--compare"]) == ANSWERED
    out, err = capsys.readouterr()
    assert "maximizing player: 1: 0.385" in out
    assert "every method after 150 gradient evaluations" in out
    for name in METHODS:
        assert f"  {name} " in out
    assert not err


def test_a_time_limit_leaves_out_what_there_is_no_time_for(capsys: Any) -> None:
    _, answer, _ = answer_of(RECIPE, capsys, "--compare", "--time-limit", "0.01")
    assert answer["stats"]["methods"] == []


def test_methods_are_compared_where_that_is_asked_for_only(capsys: Any) -> None:
    assert answer_of(RECIPE, capsys)[1]["stats"]["methods"] == []
    assert "every method" not in (run(RECIPE, []), capsys.readouterr().out)[1]


def test_dominated_choices_are_said_with_the_reason(capsys: Any, tmp_path: Path) -> None:
    csv = written(tmp_path / "game.csv", [[3, 1, 4], [2, 0, 3], [1, 2, 5]])
    code, answer, _ = answer_of(RECIPE, capsys, "--matrix", csv)
    assert (code, answer["value"]) == (ANSWERED, pytest.approx(5 / 3))
    assert answer["certificate"]["dominated"] == [{"column": 3, "by": 1}, {"row": 2, "by": 1}]
    assert answer["answer"]["x"][1] == answer["answer"]["y"][2] == 0
    run(RECIPE, ["--matrix", csv])
    assert "dominated rows, one after the other: 2 by 1" in capsys.readouterr().out


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared cases")
@pytest.mark.parametrize("solver", ["interior-point", "glop", "highs", "descent-ascent"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("huge_const", 1e9), ("rps_1e7", 1e7), ("morra", 0), ("nashpy41", 0), ("gambit222", 0), ("rpsls", 0)],
)
def test_games_of_users_are_proven_by_all_solvers(capsys: Any, name: str, value: float, solver: str) -> None:
    csv = SHARED / "cases" / "games" / f"{name}.csv"
    code, answer, _ = answer_of(RECIPE, capsys, "--matrix", str(csv), "--solver", solver)
    assert (code, answer["status"]) == (ANSWERED, "optimal")
    assert answer["value"] == pytest.approx(value, abs=1e-8)
    if name in ("huge_const", "rps_1e7", "rpsls"):
        uniform = 1 / len(answer["answer"]["x"])
        assert answer["answer"]["x"] == pytest.approx([uniform] * len(answer["answer"]["x"]), abs=1e-6)


# What cannot be used.


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"1,2\n3\n", "line 2 has 1 field where line 1 has 2"),
        ("a.csv", b"1,2\n3,4,5\n", "line 2 has 3 fields"),
        ("a.csv", b"rock,paper\n0,1\n", "line 1, field 1 is 'rock'; write a number; a payoff matrix has no header"),
        ("a.csv", b"1,\n2,3\n", "line 1, field 2 is ''"),
        ("a.csv", b"1,nan\n", "row 1, column 2 is nan; write a number"),
        ("a.csv", b"1,1000000000000.25\n", "column 2 is 1000000000000.25; give payoffs within 1e+12, less a constant"),
        ("a.csv", b"5e-324,0\n0,5e-324\n", "has payoffs that differ by 4.94e-324 at most; multiply them"),
        ("a.csv", b"0;-1\n1;0\n", "field 1 is '0;-1'; write numbers with commas between them"),
        ("a.csv", b"0\t-1\n1\t0\n", "write numbers with commas between them"),
        ("a.csv", b"1,-2e12\n", "row 1, column 2 is -2000000000000; give"),
        ("a.csv", b"1," + b"9" * 400 + b"\n", "row 1, column 2 is inf"),
        ("a.csv", b"1,\x1b[31m2\n", r"is '\\x1b[31m2'"),
        ("a.csv", b"0," * MAX_PAYOFFS + b"0\n", "give at most 4,000,000"),
        ("a.txt", b"1,2\n", "has the suffix '.txt'"),
        ("a.npy", b"1,2\n", "does not hold a plain NumPy array"),
        ("a.npy", pickle.dumps([1]), "does not hold a plain NumPy array"),
        ("a.npy", b"\x93NUMPY\x01\x00", "does not hold a plain NumPy array"),
    ],
)
def test_files_that_are_no_payoffs_get_one_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_payoff(path)
    message = str(caught.value)
    assert said.replace("\\\\", "\\") in message
    assert message.startswith(str(path)[:100])
    assert message.isprintable()


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros(3), "shape 3; give a matrix"),
        (np.zeros((0, 3)), "shape 0 x 3"),
        (np.zeros((2, 2), dtype=complex), "holds complex128"),
        (np.array([["a"]]), "holds <U1"),
        (np.full((1, 1), np.inf), "row 1, column 1 is inf"),
    ],
)
def test_arrays_that_are_no_payoffs_get_one_line(tmp_path: Path, array: Any, said: str) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=said):
        read_payoff(tmp_path / "a.npy")


def test_an_array_that_promises_more_than_it_holds_is_refused_without_taking_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    honest = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "b.npy").write_bytes(honest.replace(b"(2, 2), }" + b" " * 12, b"(200000000000, 20000)"[:21]))
    (tmp_path / "c.npy").write_bytes(honest[:-8])
    for name in ("b.npy", "c.npy"):
        with pytest.raises(InputError):
            read_payoff(tmp_path / name)


@pytest.mark.parametrize("text", ["1,-2.5\n3,4e1\n", "1, -2.5 \r\n3,4e1", "\ufeff1,-2.5\n3,40\n\n"])
def test_tables_are_read_as_they_come(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert read_payoff(tmp_path / "a.csv.gz").tolist() == [[1, -2.5], [3, 40]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--game", "chess"], "invalid choice: 'chess'"),
        (["--method", "adam"], "invalid choice: 'adam'"),
        (["--iterations", "0"], "'0' is not a whole number"),
        (["--game", "cyclic", "--matrix", "a.csv"], "not allowed with"),
        (["--matrix", "nowhere.csv"], "nowhere.csv: cannot be opened"),
        (["--solver", "simplex"], "there is no solver 'simplex'"),
        (["--game", "product", "--solver", "glop"], "glop plays no saddle problems"),
    ],
)
def test_wrong_options_get_one_line_and_exit_code_2(capsys: Any, arguments: list[str], said: str) -> None:
    try:
        code = run(RECIPE, [*arguments, "--quiet"])
    except SystemExit as left:
        code = int(str(left.code))
    err = capsys.readouterr().err
    assert code == UNUSABLE
    assert said in err
    assert err.count("\n") == 1


def test_every_game_has_its_line() -> None:
    assert set(GAMES) >= {"product", "product-unbounded", "bilinear", "quadratic", "wasserstein"}
    assert all(GAMES.values())


# What a trajectory does.


@pytest.mark.parametrize(
    ("error", "behaviour", "rate"),
    [
        (lambda t: 0.9**t, "converges linearly", 0.9),
        (lambda t: 0.99**t * (1.2 + np.sin(t / 3)), "converges linearly", 0.99),
        (lambda t: np.maximum(0.5**t, 1e-17), "converges linearly", 0.5),
        (lambda t: 1 / (t + 1), "converges sublinearly", 1.0),
        (lambda t: np.abs(np.sin(t / 5)) / (t + 1) + 1e-9, "converges sublinearly", 1.0),
        (lambda t: 1 / (t + 1) ** 2, "converges sublinearly", 2.0),
        (lambda t: 1.03**t, "spirals out", 1.03),
        (lambda t: 2 + np.sin(t), "cycles", None),
        (lambda t: np.where(t < 1, 1.0, 0.0), "arrives at once", None),
        (lambda t: np.zeros(len(t)), "arrives at once", None),
    ],
)
def test_courses_are_told_apart(error: Any, behaviour: str, rate: float | None) -> None:
    t = np.arange(301.0)
    found, measured = trend(t, error(t))
    assert found == behaviour
    assert measured == (None if rate is None else pytest.approx(rate, rel=0.08))


def test_all_methods_start_at_the_same_point_and_spend_as_much() -> None:
    trajectories: list[Trajectory] = compare(product(False), 1.0, 40, 1, 0, np.inf)
    assert [trajectory.name for trajectory in trajectories] == list(METHODS)
    for trajectory in trajectories:
        assert trajectory.error[0] == pytest.approx(0.5**0.5)
        assert trajectory.path[0].tolist() == [0.5, 0.5]
        assert trajectory.evaluations[-1] == 40
        assert trajectory.error == pytest.approx(np.linalg.norm(trajectory.path, axis=1))
    assert compare(product(False), 1.0, 40, 1, 0, 0.0) == []


def test_a_course_that_leaves_the_finite_numbers_is_shown_without_them() -> None:
    wild: Floats = np.array([1.0, 1e200, np.inf])
    trajectory = Trajectory("simultaneous", np.arange(3.0), wild, np.zeros((3, 2)), None)
    assert trajectory.shown["error"] is None
    left = next(c for c in compare(bilinear(3), 1e-3, 100, 3, 0, np.inf) if c.name == "simultaneous")
    assert not left.error[-1] < 1e100
