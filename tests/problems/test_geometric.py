"""The geometric generator: closed form, cones and descent-ascent fit the same p, and the bound is never below V."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import geom

from formulations.geometric import draws, geometric, geometric_game, likelihood, tolerance
from formulations.players.domains import Box
from problems.geometric import RECIPE, read
from problems.pictures.laws import histogram
from problems.recipe import run
from solvers import solve
from solvers.descent_ascent import DescentAscent
from tests.commandline import answer_of, without_seconds

MEANS = [1.0, 1.000001, 1.001, 1.1, 1.5, 2.0, 3.82, 10.0, 100.0, 1000.0]


def data(mean: float) -> tuple[list[int], list[int]]:
    """A million observations of that mean: of a value, and of the next."""
    low = math.floor(mean)
    above = round((mean - low) * 10**6)
    return ([low, low + 1], [10**6 - above, above]) if above else ([low], [10**6])


def unit(mean: float) -> float:
    """What the game divides the steps of p m, and multiplies those of b, by."""
    return math.sqrt(min(mean - 1, 1)) or 1.0


@pytest.mark.parametrize("p", [1.0, 0.9, 0.3, 1e-3, 1e-9])
def test_the_generator_draws_the_geometric_law(p: float) -> None:
    u = 1 - np.random.default_rng(0).random(50_000)
    x = draws(p, u)
    assert x.dtype == np.int64
    assert x.min() >= 1
    for level in (0.1, 0.5, 0.9) if p < 1 else ():
        assert np.quantile(x, level) == pytest.approx(geom(p).ppf(level), rel=0.05, abs=1.01 if p > 0.1 else 0)
    assert abs(x.mean() - 1 / p) <= 5 * math.sqrt((1 - p) / p**2 / len(u))
    assert draws(p, [1.0]).tolist() == [1]
    assert draws(0.5, [0.5, 0.50001, 0.25, 0.2499]).tolist() == [1, 1, 2, 3]


def test_the_likelihood_is_that_of_the_law() -> None:
    value, count = np.array([1, 2, 5]), np.array([3, 4, 2])
    mean = float(value @ count) / count.sum()
    for p in (0.01, 0.4, 0.99):
        assert likelihood(p, mean) == pytest.approx(float(count @ geom(p).logpmf(value)) / count.sum())
    assert likelihood(1.0, 1.0) == 0
    assert likelihood(1.0, 1.5) == -math.inf
    assert likelihood(0.0, 1.5) == -math.inf


FLAT_FOR_SCS = 100  # a mean beyond which the multipliers of SCS 3.2 are too inexact for a proof


@pytest.mark.parametrize("mean", MEANS)
def test_three_routes_agree(mean: float) -> None:
    value, count = data(mean)
    for solver in ("clarabel", "scs") if mean <= FLAT_FOR_SCS else ("clarabel",):
        by_cones = solve(geometric(value, count), solver)
        assert by_cones.status == "optimal", by_cones.message
        assert by_cones.proven
        assert abs(by_cones.answer - 1 / mean) <= 1e-6
    by_play = solve(geometric_game(value, count), DescentAscent(step=0.5), gap=0.0)
    assert by_play.status == "optimal", by_play.message
    assert by_play.proven
    assert abs(by_play.answer - 1 / mean) <= 1e-12
    assert by_play.stats["residual"] <= 1e-12 or mean == 1
    assert by_play.stats["iterations"] < 100


@given(st.sampled_from(MEANS), st.floats(-1, 0.25), st.floats(0, 1), st.floats(-30, 30))
@settings(max_examples=200)
def test_no_discriminator_bounds_less_than_the_likelihood(mean: float, b: float, at: float, a: float) -> None:
    game = geometric_game(*data(mean))
    assert game.value is not None
    assert game.bound is not None
    w, box = unit(mean), game.maximize_over["r"].domain
    assert isinstance(box, Box)
    r = box.lower + at * (box.upper - box.lower)
    players = {name: torch.tensor([z], dtype=torch.float64) for name, z in (("r", r), ("a", a), ("c", w * b))}
    V, best = likelihood((1 + w * r) / mean, mean), likelihood(1 / mean, mean)
    payoff = sum(float(term.f(*(players[name][None] for name in term.blocks))) for term in game.payoff)
    size = max(1.0, abs(payoff))
    assert math.isfinite(payoff)
    assert payoff >= V - 1e-12 * size
    assert game.bound(players) >= best
    assert game.value(players) == pytest.approx(V, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("mean", MEANS[:-1])
def test_the_noise_term_is_the_expectation_over_the_generator(mean: float) -> None:
    game = geometric_game(*data(mean))
    rho, a, b, w = 0.8, 0.3, -0.2, unit(mean)
    p, x = rho / mean, np.arange(1, 20_000)
    summed = float(geom(p).pmf(x) @ np.exp(a + b * (x / mean - 1)))
    players = (torch.tensor([[number]], dtype=torch.float64) for number in ((rho - 1) / w, a, w * b))
    assert float(game.payoff[1].f(*players)) == pytest.approx(summed, rel=1e-12)


@given(st.sampled_from(MEANS), st.floats(1e-9, 1e9), st.floats(1e-9, 1))
def test_every_multiplier_bounds_every_p(mean: float, mu: float, p: float) -> None:
    dual = geometric(*data(mean)).dual_function
    assert dual is not None
    bound = dual({"total": np.array(mu)})
    best = likelihood(1 / mean, mean)
    assert bound >= max(likelihood(p, mean), best) - 1e-12 * max(1.0, abs(bound), abs(best))
    assert dual({"total": np.array(mean)}) == pytest.approx(best, rel=1e-12, abs=1e-12)
    assert dual({"total": np.array(-mu)}) == math.inf


def test_only_p_within_a_millionth_have_a_value_within_the_tolerance() -> None:
    for mean in MEANS[1:]:
        best = likelihood(1 / mean, mean)
        for p in (1 / mean + 1.001e-6, 1 / mean - 1.01e-6):
            assert best - likelihood(p, mean) > 0.99 * tolerance(mean)


def test_lies_are_caught() -> None:
    problem, game = geometric(*data(3.82)), geometric_game(*data(3.82))
    lies: list[Any] = [
        replace(problem, dual_function=lambda m: problem.dual_function({"total": -m["total"]})),  # type: ignore[misc]
        replace(problem, dual_function=lambda m: problem.dual_function({"total": 2 * m["total"]})),  # type: ignore[misc]
        replace(problem, dual_function=lambda m: problem.dual_function(m) - 1e-3),  # type: ignore[misc]
    ]
    best = likelihood(1 / 3.82, 3.82)
    for lie in lies:  # none is as good as the bound of the conic form, which needs no dual function
        solution = solve(lie)
        assert solution.certificate.kind == "conic dual"
        assert solution.bound == pytest.approx(best, abs=1e-6)
        assert solution.bound >= best
    solution = solve(replace(problem, repair=lambda values: {"s": 2 * values["s"], "t": values["t"]}))
    assert solution.status != "optimal"
    assert not solution.proven
    swapped = replace(game, payoff=[game.payoff[0], replace(game.payoff[1], f=lambda *z: -game.payoff[1].f(*z))])
    assert solve(swapped, DescentAscent(step=0.5, iterations=300)).status != "optimal"


@pytest.mark.parametrize(
    ("value", "count", "said"),
    [
        ([0, 1], None, "a value is 0"),
        ([1.5], None, "a value is 1.5"),
        ([1, 2], [1, 0], "a count is 0"),
        ([1, 2], [1], "one count a value"),
        ([], None, "one count a value"),
        ([math.nan], None, "a value is nan"),
    ],
)
def test_other_data_are_refused(value: Any, count: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        geometric(value, count)


# The recipe.


@pytest.mark.parametrize("solver", [(), ("--solver", "scs"), ("--solver", "descent-ascent")])
def test_the_example_is_fitted_by_all_routes(capsys: Any, solver: tuple[str, ...]) -> None:
    code, answer, err = answer_of(RECIPE, capsys, *solver)
    assert code == 0, err
    assert answer["status"] == "optimal"
    assert answer["answer"]["p"] == pytest.approx(1 / answer["answer"]["mean"], abs=1e-6)
    assert answer["answer"]["mean"] == 3.82
    names = [check["name"] for check in answer["checks"]]
    assert names[-3:] == ["p = n / sum of x", "p by clarabel", "p by descent-ascent"]
    assert all(check["ok"] for check in answer["checks"])
    assert max(answer["stats"]["p"].values()) - min(answer["stats"]["p"].values()) <= 1e-6
    assert answer["stats"]["drawn_mean"] == pytest.approx(3.82, abs=5 * 3.3 / math.sqrt(answer["stats"]["draws"]))
    again = answer_of(RECIPE, capsys, *solver)[1]
    assert json.dumps(without_seconds(again)) == json.dumps(without_seconds(answer))


@pytest.mark.parametrize("content", ["1000000\n", "1\n2000000\n", "1000000000000\n"])
def test_rare_successes_are_left_to_the_game(capsys: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "rare.csv").write_text(content)
    code, answer, err = answer_of(RECIPE, capsys, "--data", str(tmp_path / "rare.csv"))
    assert code == 0, err
    assert answer["answer"]["p"] == pytest.approx(1 / answer["answer"]["mean"], rel=1e-9)
    assert "too flat at its top for cone solvers" in err


def test_one_failure_in_a_million_is_fitted_by_all_routes(capsys: Any, tmp_path: Path) -> None:
    (tmp_path / "rare.csv").write_text("x,count\n1,999999\n2,1\n")
    code, answer, err = answer_of(RECIPE, capsys, "--data", str(tmp_path / "rare.csv"))
    assert code == 0, err
    assert all(check["ok"] for check in answer["checks"])
    assert [check["name"] for check in answer["checks"]][-1] == "p by descent-ascent"
    for p in (answer["answer"]["p"], *answer["stats"]["p"].values()):
        assert p == pytest.approx(1 / 1.000001, abs=1e-9)


def test_a_wrong_p_would_be_a_check_that_fails(capsys: Any, monkeypatch: Any) -> None:
    settings = {"solver": DescentAscent(iterations=3)}  # the game does not get far
    monkeypatch.setattr(
        "problems.geometric._knobs", lambda route: settings if route == "descent-ascent" else {"solver": route}
    )
    code, answer, _ = answer_of(RECIPE, capsys)
    assert code == 1
    assert [check["name"] for check in answer["checks"] if not check["ok"]] == ["p by descent-ascent"]


def test_text_and_pictures(capsys: Any, tmp_path: Path) -> None:
    for name in ("a.png", "a.svg", "a.pdf"):
        assert run(RECIPE, ["--quiet", "--plot", str(tmp_path / name)]) == 0
        assert (tmp_path / name).stat().st_size > 1000
    said, err = capsys.readouterr()
    assert "p = 0.26178" in said
    assert "optimal" in said
    assert not err


@pytest.mark.parametrize("rows", ["1\n1\n1\n", "1,1\n", "7\n7\n", "1\n1000000\n", "1,3\n9007199254740,2\n"])
def test_odd_data_are_fitted_or_said_not_to_be(tmp_path: Path, capsys: Any, rows: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(rows)
    code, answer, err = answer_of(RECIPE, capsys, "--data", str(file), "--plot", str(tmp_path / "x.png"))
    assert code in (0, 1), err
    assert answer["status"] in ("optimal", "feasible", "not_converged", "no_solution")
    if "1000000" not in rows and "9007" not in rows:
        assert code == 0
        assert answer["answer"]["p"] == pytest.approx(1 / answer["answer"]["mean"], abs=1e-6)


def test_a_file_that_cannot_be_used_and_a_solver_that_does_not_suit_are_one_line(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "x.csv"
    file.write_text("0\n")
    for arguments in (["--data", str(file)], ["--data", str(tmp_path / "none.csv")], ["--solver", "glop"]):
        assert run(RECIPE, [*arguments, "--quiet"]) == 2
        out, err = capsys.readouterr()
        assert not out
        assert err.count("\n") == 1


def test_bars_have_equal_widths_and_all_the_data(tmp_path: Path) -> None:
    import argparse

    file = tmp_path / "x.csv"
    file.write_text("1,5\n41,3\n400,2\n")
    task = read(argparse.Namespace(data=str(file), solver=None, seed=0))
    assert task.facts == {"observations": 10}
    made = np.array([1, 41, 400]), np.array([5, 3, 2])
    low, high, observed, law = histogram(*made, 0.01)
    assert len(low) == 40
    assert (high - low).tolist() == [10.0] * 40
    assert observed.sum() == pytest.approx(1)
    assert observed[[0, 4, 39]].tolist() == [0.5, 0.3, 0.2]
    assert law == pytest.approx(geom(0.01).cdf(high) - geom(0.01).cdf(low))
    assert histogram(*made, 1.0)[3].tolist() == [1.0] + [0.0] * 39
