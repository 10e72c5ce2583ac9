"""The judge alone: it calls optimal what is proved and nothing else, whatever is found, and always says so in words."""

from __future__ import annotations

import json
import math
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from itertools import permutations, product
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from formulations.games import cyclic, matrix_game, matrix_game_lp, size_in_play
from formulations.players.domains import Box
from formulations.problem import (
    Block,
    Floats,
    Ints,
    Multipliers,
    Number,
    Ordering,
    Problem,
    QuadraticAssignment,
    Reference,
    SaddleProblem,
    SearchProblem,
    Term,
    WeakDual,
)
from formulations.seriation import linear_arrangement, quadratic_assignment, seriation
from solvers import Solution, solve
from solvers.conic import MEETS as CONVEX_MEETS
from solvers.conic import ConvexProgram
from solvers.descent_ascent import DescentAscent
from solvers.findings import Findings, Judged
from solvers.judge import MEETS, judge, relative_gap
from solvers.judged.played import Played
from solvers.judged.searched import Searched
from solvers.proof.branching import Branch, Fixed, Leaf, dual_of
from solvers.proof.certificate import Dual, ExactModel
from solvers.proof.program import ExactProgram
from solvers.proof.search import Search
from solvers.proof.standard_form import standard_form
from solvers.solution import Certificate, Check

STATUSES = ("optimal", "feasible", "infeasible", "unbounded", "no_solution", "not_converged")
ENDINGS = ("optimal", "limit", "infeasible", "unbounded", "not_converged")


# The judge's verdict on made-up findings.


def decide(judged: Judged, gap: float = MEETS, **findings: Any) -> Solution:
    """What the judge makes of such findings; fit to be shown, whatever they are."""
    solution = judge(judged, Findings(**{"solver": "liar", "ended": "limit", **findings}), gap)
    assert_fit_to_be_shown(solution)
    return solution


def program(problem: Problem) -> ExactProgram:
    return ExactProgram(problem, ExactModel(standard_form(problem), problem.families))


def leaf(*y: float, infeasible: bool = False) -> tuple[str, Leaf]:
    """Multipliers of the form's rows; those of u <= v and of v >= u are at most 0."""
    return "multipliers", Leaf(Dual(np.array(y, dtype=float)), infeasible)


def branches(column: int, at: int, below: Any, above: Any) -> tuple[str, Branch]:
    return "branching", Branch(column, at, below, above)


class Tags(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"style"}

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_fit_to_be_shown(solution: Solution) -> None:
    """Numbers are numbers, words are words, and what it says of itself does not contradict itself."""
    checks = [(check.name, check.relation, check.value, check.ok) for check in solution.checks]
    numbers = {name: getattr(solution, name) for name in ("value", "bound", "gap", "size")}
    json.dumps([numbers, checks], allow_nan=False)
    assert solution.status in STATUSES
    assert solution.certificate.verified == (solution.status in ("optimal", "infeasible", "unbounded"))
    if solution.status == "optimal":
        assert solution.value is not None
        assert solution.bound is not None
        assert solution.gap is not None
    if solution.status in ("infeasible", "unbounded", "no_solution"):
        assert (solution.value, solution.gap, solution.answer, solution.values) == (None, None, None, None)
    if solution.status != "optimal":
        assert_sentence(solution.message)
    for line in solution.report():
        assert line.isprintable()
        assert line.startswith("  ")
    assert str(solution) == "\n".join(solution.report())
    assert repr(solution).startswith(f"Solution({solution.status}, ")
    page = solution._repr_html_()
    shown = Tags(page)
    assert shown.tags <= {"div", "table", "tr", "th", "td"}
    assert solution.status in shown.text
    if not solution.certificate.verified:
        assert solution.message in shown.text
        assert solution.message in str(solution)


def assert_sentence(message: str) -> None:
    """Several words in one line, that end in a word and speak of no nan, inf or None."""
    assert len(message.split()) >= 4, message
    assert message.isprintable(), message
    assert message == message.strip(" ;:,"), message
    assert "  " not in message, message
    assert not re.search(r"\b(nan|inf|None)\b", message), message


# A problem may be restated: a constant added, another unit, the other sense. That changes nothing but the numbers.

INSTANCES = 1000


@dataclass(frozen=True)
class Restated:
    """factor (objective + shift); turned: minus that, and the other sense."""

    shift: float = 0.0
    factor: float = 1.0
    turned: bool = False

    @property
    def sign(self) -> int:
        return -1 if self.turned else 1

    def times(self, number: Any) -> Any:
        """The number in the new unit and sense, a short decimal remaining one."""
        return self.sign * (number / round(1 / self.factor) if self.factor < 1 else number * self.factor)

    def __call__(self, number: Any) -> Any:
        """The number in the new terms, without rounding."""
        return Fraction(self.sign * self.factor) * (Fraction(number) + Fraction(self.shift))

    def sense(self, expression: Any) -> Any:
        return (cp.Maximize if self.turned else cp.Minimize)(expression)


AS_IT_IS = Restated()


def restatement(random: np.random.Generator) -> Restated:
    """One of three, or all at once; no two numbers are so far apart that adding them would round much."""
    shift = float(random.choice([-1000, -3, 1, 17, 500]))
    factor = float(random.choice([2.0**-20, 0.5, 2.0, 2.0**30, 1e-6, 0.1, 10.0, 1e6]))
    alone = [Restated(shift=shift), Restated(factor=factor), Restated(turned=True)]
    return [*alone, Restated(shift, factor, bool(random.integers(2)))][random.integers(4)]


@dataclass(frozen=True)
class Case:
    """A problem, an answer and a certificate as the judge gets them, and what the numbers are by hand, if known."""

    judged: Judged
    candidate: Any
    certificate: tuple[str, Any]
    value: Number
    bound: Number
    size: float | None
    rounding: float = 0.0  # of the data


Instance = Callable[[Restated], Case]


def small(random: np.random.Generator) -> float:
    """A perturbation of any size, or none."""
    return float(random.choice([0.0, 1.0, 0.1, *10.0 ** random.uniform(-12, -1, size=6)]))


def least_size(c: Floats) -> float:
    """Of a linear program at x = 0, where every variable may move by 1."""
    return min(float(np.abs(c[c != 0]).min(initial=np.inf)), 1e-4 * float(np.abs(c).sum()))


def linear_instance(random: np.random.Generator) -> Instance:
    """c'x over A x >= b in a box or the half line, near the optimal pair that it was made around."""
    n, m = int(random.integers(1, 5)), int(random.integers(1, 4))
    A = random.integers(-3, 4, (m, n)).astype(float)
    x, y = random.choice([0.0, 0.5, 1.0, 3.0], n), random.choice([0.0, 1.0, 2.5], m)
    b = A @ x - np.where(y == 0, random.choice([0.0, 1.0], m), 0.0)
    bounded = (random.random(n) < 0.6) | (x == 3)
    direction = np.where(~bounded | (x == 0), 1.0, np.where(x == 3, -1.0, 0.0))
    reduced = direction * random.integers(1, 5, n)  # not 0 where there is no bound: rounding would undo the proof
    c, upper = A.T @ y + reduced, np.where(bounded, 3.0, np.inf)
    c[0] += 1e-3 if not c.any() else 0.0  # something is at stake
    t = small(random)
    y = np.maximum(y + t * random.uniform(-1, 1, m), 0.0)
    pushed = c - A.T @ y
    hanging = (pushed < 0) & ~bounded  # where the multipliers prove nothing
    bound = float(b @ y + np.minimum(0, np.where(bounded, 3 * pushed, 0)).sum())
    sides = [abs(side) / np.abs(row).max() for row, side in zip(A, b, strict=True) if row.any()]
    unit = 1.0 if bounded.any() else min(1.0, max(sides, default=0.0) or 1.0)
    size = float(np.abs(c * x)[bounded].sum()) + abs(float((c * x)[~bounded].sum()))
    size = max(size, unit * least_size(c))

    def restated(how: Restated) -> Case:
        variable = cp.Variable(n, name="x", bounds=[0, upper])
        objective = how.sense(how.times(c) @ variable + how.times(how.shift))
        problem = Problem(objective=objective, subject_to={"rows": A @ variable >= b})
        proven = how(bound) if not hanging.any() else -how.sign * math.inf
        return Case(program(problem), x, leaf(*(-how.factor * y)), how(float(c @ x)), proven, how.factor * size)

    return restated


def integer_instance(random: np.random.Generator) -> Instance:
    """c'x over A x >= b in whole numbers, by the multipliers of two branches."""
    n, m = int(random.integers(1, 4)), int(random.integers(1, 4))
    A, c = random.integers(-3, 4, (m, n)).astype(float), random.integers(-900, 900, n).astype(float)
    x = random.integers(0, 4, n).astype(float)
    b = A @ x - random.integers(0, 3, m)
    column, at = int(random.integers(n)), int(random.integers(0, 3))
    halves = [random.choice([0.0, 1.0, 30.0, 250.0], m) for _ in range(2)]
    boxes = [np.tile([[0.0], [3.0]], n) for _ in range(2)]
    boxes[0][1, column], boxes[1][0, column] = at, at + 1
    bounds = [
        float(b @ y + np.minimum((c - A.T @ y) * box[0], (c - A.T @ y) * box[1]).sum())
        for y, box in zip(halves, boxes, strict=True)
    ]
    step = math.gcd(*c.astype(int).tolist()) or 1
    bound = float(math.ceil(min(bounds) / step) * step) if c.any() else min(bounds)  # no value lies between

    def restated(how: Restated) -> Case:
        variable = cp.Variable(n, name="x", bounds=[0, 3], integer=True)
        objective = how.sense(how.times(c) @ variable + how.times(how.shift))
        problem = Problem(objective=objective, subject_to={"rows": A @ variable >= b})
        leaves = [leaf(*(-how.factor * y))[1] for y in halves]
        size = max(float(np.abs(c * x).sum()), least_size(c))
        proof = branches(column, at, *leaves)
        return Case(program(problem), x, proof, how(float(c @ x)), how(bound), how.factor * size)

    return restated


def convex_instance(random: np.random.Generator) -> Instance:
    """sum of w (x - p)^2 / 2 over a'x <= b, whose Lagrangian dual is mu (a'p - b) - mu^2 sum a^2 / 2w."""
    n = int(random.integers(1, 4))
    w, p, a = random.uniform(1, 4, n), random.uniform(-2, 2, n), random.choice([-1.0, 1.0, 2.0], n)
    b = float(a @ p) - random.uniform(0.5, 3)
    norm = float((a**2 / w).sum())
    best = (float(a @ p) - b) / norm
    x = p - (best + small(random)) * a / w
    mu = max(best + random.choice([-1, 1]) * small(random), 0.0)
    value, bound = float(w @ (x - p) ** 2) / 2, mu * (float(a @ p) - b) - mu**2 * norm / 2

    def restated(how: Restated) -> Case:
        variable = cp.Variable(n, name="x")
        spread = how.times(1.0) * cp.sum(cp.multiply(w, cp.square(variable - p))) / 2

        def dual(multipliers: Mapping[str, Floats]) -> float:
            mu = max(float(multipliers["budget"]), 0.0) / how.factor
            return float(how.times(mu * (float(a @ p) - b) - mu**2 * norm / 2) + how.times(how.shift))

        problem = Problem(
            objective=how.sense(spread + how.times(how.shift)),
            subject_to={"budget": a @ variable <= b},
            dual_function=dual,
        )
        certificate = ("dual function", Multipliers({"budget": np.array(how.factor * mu)}))
        return Case(ConvexProgram(problem), {"x": x}, certificate, how(value), how(bound), how.factor * value)

    return restated


def told(bound: Any) -> Any:
    """The bound that is its own certificate."""
    return bound


def apart(random: np.random.Generator) -> float:
    """How far value and bound lie apart, relative to the size; below 0 the wrong way round."""
    return float(random.choice([0.0, 1e-17, 0.999e-9, 1.001e-9, 1e-6, 0.3])) * float(random.choice([1, 1, 1, -1]))


def searched(how: Restated, objective: Any) -> Searched:
    n = objective.n
    return Searched(
        SearchProblem(
            sense="maximize" if how.turned else "minimize",
            objective=objective,
            broken=lambda order: None if sorted(order.tolist()) == list(range(n)) else "the rule of one place each",
            weak_duals=[WeakDual("told", None, told)],
        )
    )


def assignment_instance(random: np.random.Generator) -> Instance:
    """<A, P B P'> in whole numbers."""
    n = int(random.integers(2, 6))
    A, B = (random.integers(1, 10, (n, n)) * random.choice([-1.0, 1.0], (n, n)) for _ in range(2))
    order = random.permutation(n)
    value = float((A[np.ix_(order, order)] * B).sum())
    size = float(np.abs(A[np.ix_(order, order)] * B).sum())
    bound = Fraction(value) - Fraction(apart(random)) * Fraction(size)

    def restated(how: Restated) -> Case:
        form = QuadraticAssignment(A, B, scale=how.times(1.0), offset=how.times(how.shift))
        return Case(searched(how, form), order, ("told", how(bound)), how(value), how(bound), how.factor * size)

    return restated


def ordering_instance(random: np.random.Generator) -> Instance:
    """The sum of a whole number for each pair of neighbours, as an objective of which nothing is known."""
    n = int(random.integers(2, 6))
    D = random.integers(-9, 10, (n, n)) + np.triu(np.full((n, n), 20.0))  # so that no two orders of two are equal
    order = random.permutation(n)

    def length(orders: Ints) -> Floats:
        return D[orders[:, :-1], orders[:, 1:]].sum(axis=1)

    value, size = float(length(order[None])[0]), Ordering(n, length, lambda *_: np.zeros(n)).size(order)
    bound = Fraction(value) - Fraction(apart(random)) * Fraction(size)

    def restated(how: Restated) -> Case:
        def values(orders: Ints) -> Floats:
            return how.times(length(orders) + how.shift)

        form = Ordering(n, values, lambda *_: np.zeros(n))
        return Case(searched(how, form), order, ("told", how(bound)), how(value), how(bound), how.factor * size)

    return restated


def game(random: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """A payoff whose saddle point is known, and mixed strategies near it: all multiples of powers of two."""
    m, n = random.integers(2, 5, size=2)
    x, y = (random.multinomial(16 - k, np.full(k, 1 / k)) + 1 for k in (m, n))
    x, y = x / 16, y / 16
    A = random.integers(-4, 5, (m, n)) + np.diag([8.0, 8.0, 8.0, 8.0])[:m, :n]
    A = A - x @ A - (A @ y)[:, None] + x @ A @ y  # now x'A = 0 and Ay = 0
    t = small(random)
    return A, (1 - t) * x + t * np.eye(m)[0], (1 - t) * y + t * np.eye(n)[0]


def of_game(A: Floats, how: Restated) -> Floats:
    """The payoffs in the new terms; turned, the other player's."""
    B = how.times(A + how.shift)
    return B.T if how.turned else B


def played_instance(random: np.random.Generator) -> Instance:
    """A matrix game that was played."""
    A, x, y = game(random)
    value, bound, size = float((x @ A).min()), float((A @ y).max()), size_in_play(A, x, y)

    def restated(how: Restated) -> Case:
        sides = {"x": torch.tensor(y if how.turned else x), "y": torch.tensor(x if how.turned else y)}
        judged = Played(matrix_game(of_game(A, how)), 1.0, MEETS, [sides], evaluate=True)
        guaranteed, secured = (how(bound), how(value)) if how.turned else (how(value), how(bound))
        return Case(judged, sides, ("best responses", sides), guaranteed, secured, how.factor * size)

    return restated


def game_lp_instance(random: np.random.Generator) -> Instance:
    """A matrix game as a linear program of one player, of whose size the other knows nothing."""
    A, x, y = game(random)

    def restated(how: Restated) -> Case:
        B, (mine, other) = of_game(A, how), (y, x) if how.turned else (x, y)
        judged = program(matrix_game_lp(B))
        form = judged.model.form
        unit, constant = abs(float(form.c[form.columns["v"][0]].item())), form.objective(0.0)
        value, bound = float((mine @ B).min()), float((B @ other).max())
        candidate = form.vector({"x": mine, "v": np.asarray((value - constant) / unit)})
        multipliers = Multipliers({"columns": unit * other, "mixture": np.array(bound - constant)})
        return Case(
            judged,
            candidate,
            ("multipliers", Leaf(dual_of(form, multipliers))),
            value,
            bound,
            None,
            1e-12 * float(np.abs(B).max()),
        )

    return restated


KINDS = {
    "linear": linear_instance,
    "integer": integer_instance,
    "convex": convex_instance,
    "assignment": assignment_instance,
    "ordering": ordering_instance,
    "played": played_instance,
    "game as a linear program": game_lp_instance,
}


def judged(case: Case, gap: float) -> Solution:
    findings = Findings(solver="any", ended="limit", candidates=[case.candidate], certificates=[case.certificate])
    return judge(case.judged, findings, gap)


@pytest.mark.parametrize("kind", KINDS)
def test_a_restated_problem_has_the_same_status(kind: str) -> None:
    random, seen = np.random.default_rng(0), dict.fromkeys(("optimal", "feasible"), 0)
    usual = CONVEX_MEETS if kind == "convex" else MEETS
    for _ in range(INSTANCES):
        instance = KINDS[kind](random)
        case = instance(AS_IT_IS)
        left = judged(case, usual).gap if case.size is None else relative_gap(case.value, case.bound, case.size)
        left = left if left and math.isfinite(left) else usual
        near = 100.0 if case.size is None else 1.001
        if case.size is None and 1 / near < left / usual < near:
            continue  # of this size, which choices tie to the last digit, only the order of magnitude is the same
        gap = min(float(random.choice([usual, left / near, near * left])), 0.99)
        plain = judged(case, gap)
        assert_right(plain, case)
        seen[plain.status] += 1
        if case.size is not None and plain.bound is not None:
            rounding = usual * (100 if kind == "linear" else 1.01)  # that of a dear variable may be worth more
            assert plain.status == "optimal" or left > 0.999 * gap
            assert plain.status == "feasible" or left <= max(gap, rounding)
        how = restatement(random)
        other = instance(how)
        solution = judged(other, gap)
        assert_right(solution, other)
        assert solution.status == plain.status, (how, plain, solution, plain.gap, solution.gap, gap)
    assert min(seen.values()) > INSTANCES / 10


def assert_right(solution: Solution, case: Case) -> None:
    """The numbers are those by hand; a bound on the wrong side of the value is none."""
    rounding = case.rounding + 1e-10 * max(case.size or 0.0, abs(float(case.value)))
    assert solution.value == pytest.approx(float(case.value), abs=rounding)
    assert solution.bound is None or solution.bound == pytest.approx(float(case.bound), rel=1e-10, abs=rounding)
    if case.size is not None:
        assert solution.size == pytest.approx(case.size)
        left = relative_gap(case.value, case.bound, case.size)
        assert solution.bound is None or solution.gap == pytest.approx(left, rel=1e-6, abs=0.01 * rounding / case.size)


@pytest.mark.parametrize("shift", [1e9, -(2.0**40), 1e15])
@pytest.mark.parametrize("kind", ["linear", "integer", "assignment", "played"])
def test_where_constants_are_added_without_rounding_they_may_be_huge(kind: str, shift: float) -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        instance = KINDS[kind](random)
        plain, moved = (judged(instance(Restated(shift=s)), MEETS) for s in (0.0, 0.0 if kind == "played" else shift))
        assert (plain.status, plain.gap, plain.size) == (moved.status, moved.gap, moved.size)


def test_a_game_of_whole_numbers_may_be_moved_far_away() -> None:
    random = np.random.default_rng(2)
    for _ in range(100):
        A, x, y = game(random)
        A = np.rint(256 * A)
        sides = {"x": torch.tensor(x), "y": torch.tensor(y)}
        plain, moved = (
            decide(Played(matrix_game(B), 1.0, MEETS, [sides], True), candidates=[sides], certificates=[("any", sides)])
            for B in (A, A + 1e9)
        )
        assert (plain.status, plain.gap) == (moved.status, moved.gap)


# What meets, and what does not.


def test_numbers_that_differ_by_less_than_rounding_meet() -> None:
    assert relative_gap(0.0, 1e-17, size=1.0) <= MEETS
    assert relative_gap(1 / 3, 1 / 3, size=0.0) == 0
    assert relative_gap(Fraction(1, 3), Fraction(1, 3), size=0.0) == 0
    assert relative_gap(Fraction(1, 3), 1 / 3, size=1.0) > 0
    assert relative_gap(1e-17, 0.0, size=0.0) == math.inf
    assert relative_gap(math.inf, 0.0, size=1.0) == relative_gap(0.0, -math.inf, size=1.0) == math.inf
    assert relative_gap(1.0, 0.0, size=math.nan) == math.inf


@pytest.mark.parametrize("gap", [0.0, MEETS])
@pytest.mark.parametrize("sense", ["minimize", "maximize"])
def test_equal_fractions_meet_exactly(gap: float, sense: Any) -> None:
    form = QuadraticAssignment(np.ones((3, 3)), np.ones((3, 3)), scale=0.1, offset=1e9)
    problem = SearchProblem(
        sense=sense, objective=form, broken=lambda _: None, weak_duals=[WeakDual("told", None, told)]
    )
    value = Fraction(0.1 * 9) + Fraction(1e9)  # no float
    solution = decide(Searched(problem), gap, candidates=[np.arange(3)], certificates=[("told", value)])
    assert (solution.status, solution.gap) == ("optimal", 0)


def test_value_zero_and_the_least_bound_below_it_meet() -> None:
    x = cp.Variable(2, name="x", nonneg=True)
    judged = program(Problem(objective=cp.Minimize(x[0] + x[1]), subject_to={"row": x[0] - x[1] >= 0}))
    for multiplier in (0.0, -1e-17, -1e-11):
        solution = decide(judged, candidates=[np.zeros(2)], certificates=[leaf(multiplier)])
        assert solution.status == "optimal"
    A, sides = cyclic(3), {"x": torch.full((3,), 1 / 3).double(), "y": torch.full((3,), 1 / 3).double()}
    played = Played(matrix_game(A), 1.0, MEETS, [sides], True)
    assert decide(played, candidates=[sides], certificates=[("best responses", sides)]).status == "optimal"


@pytest.mark.parametrize("sense", [cp.Minimize, cp.Maximize])
def test_one_unit_in_1e15_is_no_gap_of_0(sense: Any) -> None:
    sign = 1 if sense is cp.Minimize else -1
    x = cp.Variable(2, name="x", integer=True, bounds=[0, 1])
    costs = sign * np.array([1e15, 1e15 + 1])
    judged = program(Problem(objective=sense(costs @ x), subject_to={"one": cp.sum(x) == 1}))
    proof = leaf(1e15)
    better, worse = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert decide(judged, 0.0, candidates=[better], certificates=[proof]).status == "optimal"
    solution = decide(judged, 0.0, candidates=[worse], certificates=[proof])
    assert (solution.status, solution.gap) == ("feasible", pytest.approx(1e-15))
    assert decide(judged, 1e-14, candidates=[worse], certificates=[proof]).status == "optimal"


def test_an_exact_answer_is_said_to_be_so_and_no_other() -> None:
    for integer, exact in ((True, True), (False, False)):
        x = cp.Variable(1, name="x", integer=integer, bounds=[0, 9])
        judged = program(Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"row": x >= 2}))
        certificate = decide(judged, 0.0, candidates=[np.array([2.0])], certificates=[leaf(-1)]).certificate
        assert (certificate.verified, certificate.exact) == (True, exact)
    assert not decide(judged, candidates=[np.array([2.0])]).certificate.exact  # type: ignore[possibly-undefined]


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_skew_symmetric_games_are_worth_nothing_and_proven_so(solver: str) -> None:
    random = np.random.default_rng(3)
    for k in range(49):
        upper = np.triu(random.standard_normal((2 + k % 5, 2 + k % 5)), 1)
        solution = solve(matrix_game(upper - upper.T), solver)
        assert solution.status == "optimal", (upper, solution.message)
        assert solution.value == pytest.approx(0, abs=1e-8)
        assert solution.agrees


# What lying solvers hand over. Of each kind there is a small problem whose optimum is known.

HUGE = 1e12
NUMBERS = [0.0, 1.0, -1.0, 2.5, 1e-300, -1e-12, HUGE, -HUGE, 1e300, -1e300, math.inf, -math.inf, math.nan]
anything = st.one_of(st.sampled_from(NUMBERS), st.floats(-10, 10), st.integers(-3, 3).map(float))


def diet(**changed: Any) -> Problem:
    """minimize 2a + 3b subject to a + b >= 4, a - b <= 2; least 9 at (3, 1), by the multipliers 2.5 and 0.5."""
    x = cp.Variable(2, name="x", **{"bounds": [0, 100], **changed})
    return Problem(
        objective=cp.Minimize(2 * x[0] + 3 * x[1]),
        subject_to={"enough": x[0] + x[1] >= 4, "mixed": x[0] - x[1] <= 2},
    )


BEST, WORSE = np.array([3.0, 1.0]), np.array([2.0, 2.0])
PROOF = leaf(-2.5, -0.5)


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("ended", ENDINGS)
def test_a_proved_answer_is_optimal_whatever_the_solver_says(integer: bool, ended: Any) -> None:
    solution = decide(program(diet(integer=integer)), ended=ended, candidates=[WORSE, BEST], certificates=[PROOF])
    assert (solution.status, solution.value, solution.bound) == ("optimal", 9, 9)
    assert solution.proven
    assert solution.values is not None
    assert solution.values["x"].tolist() == BEST.tolist()


@pytest.mark.parametrize("off", [0.5, 1e-7, 1e-300])
def test_parts_of_whole_numbers_are_no_answer(off: float) -> None:
    part = np.array([3.0, 1.0 + off]) if off > 1e-16 else np.array([off, 5.0])
    assert decide(program(diet()), candidates=[part]).status == "feasible"
    solution = decide(program(diet(integer=True)), candidates=[part], certificates=[PROOF])
    assert (solution.status, solution.value) == ("no_solution", None)
    assert "integrality" in solution.message


LIES: dict[str, dict[str, Any]] = {
    "nothing at all": {},
    "an answer that is not the best": {"candidates": [WORSE], "certificates": [PROOF]},
    "an answer without a certificate": {"candidates": [BEST]},
    "no multipliers": {"candidates": [BEST], "certificates": [leaf(0, 0)]},
    "multipliers too large": {"candidates": [BEST], "certificates": [leaf(-250, -50)]},
    "multipliers of the wrong sign": {"candidates": [BEST], "certificates": [leaf(2.5, 0.5)]},
    "multipliers swapped": {"candidates": [BEST], "certificates": [leaf(-0.5, -2.5)]},
    "multipliers blown up": {"candidates": [BEST], "certificates": [leaf(-1e300, -1e300)]},
    "multipliers that are no numbers": {"candidates": [BEST], "certificates": [leaf(math.nan, -math.inf)]},
    "the same weak certificate many times": {"candidates": [BEST], "certificates": [leaf(-2, 0)] * 9},
    "too little": {"candidates": [np.array([3.0, 0.999])], "certificates": [PROOF]},
    "nothing of anything": {"candidates": [np.zeros(2)], "certificates": [leaf(0, 0)]},
    "less than nothing": {"candidates": [np.array([5.0, -1.0])], "certificates": [PROOF]},
    "more than there is": {"candidates": [np.array([1e6, 1e6])], "certificates": [PROOF]},
    "nan": {"candidates": [np.array([math.nan, 1.0])], "certificates": [PROOF]},
    "infinity": {"candidates": [np.array([math.inf, 1.0])], "certificates": [PROOF]},
    "a false proof that there is no answer": {
        "candidates": [WORSE],
        "certificates": [leaf(-HUGE, -HUGE, infeasible=True), leaf(-1, 0, infeasible=True)],
    },
    "a false proof, and no answer": {"certificates": [leaf(-HUGE, 0, infeasible=True)]},
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_proved_of_a_program_is_not_claimed(lie: str) -> None:
    for ended, integer in product(ENDINGS, (False, True)):
        solution = decide(program(diet(integer=integer)), ended=ended, **LIES[lie])
        assert solution.status in ("feasible", "no_solution", "unbounded", "not_converged")
        assert not solution.proven
        assert solution.bound is None or solution.bound <= 9
        assert solution.value is None or solution.value >= 9


@settings(max_examples=150)
@given(st.data())
def test_random_findings_of_a_program_claim_nothing_false(data: st.DataObject) -> None:
    integer, bounds = data.draw(st.booleans()), data.draw(st.sampled_from([[0, 100], [0, None], None]))
    pairs = st.lists(anything, min_size=2, max_size=2)
    candidates = st.one_of(st.sampled_from([BEST, WORSE, BEST + 1]), pairs.map(np.array))
    leaves = st.one_of(st.just(PROOF), st.builds(lambda y, nowhere: leaf(*y, infeasible=nowhere), pairs, st.booleans()))
    split = st.builds(
        lambda j, at, a, b: branches(j, at, a[1], b[1]), st.sampled_from([0, 1]), st.integers(-1, 5), leaves, leaves
    )
    held = st.builds(lambda y, a: ("branching", Fixed(np.array([0]), Dual(np.array(y)), a[1])), pairs, leaves)
    solution = decide(
        program(diet(integer=integer, bounds=bounds)),
        data.draw(st.sampled_from([0.0, MEETS, 0.1])),
        ended=data.draw(st.sampled_from(ENDINGS)),
        candidates=data.draw(st.lists(candidates, max_size=3)),
        certificates=data.draw(st.lists(st.one_of(leaves, split, held), max_size=3)),
    )
    assert solution.status != "infeasible"
    assert solution.bound is None or solution.bound <= 9 or solution.status == "feasible"
    assert solution.value is None or solution.value >= 9 - 1e-7
    if solution.status == "optimal":
        assert solution.value is not None
        assert solution.value <= 9 + 0.1 * 100


def test_random_programs_with_random_findings_are_optimal_only_where_they_are() -> None:
    random = np.random.default_rng(4)
    seen = dict.fromkeys(STATUSES, 0)
    for _ in range(300):
        n, m = int(random.integers(1, 4)), int(random.integers(1, 4))
        A, b, c = random.integers(-3, 4, (m, n)), random.integers(-4, 5, m), random.integers(-5, 6, n)
        c[0] = c[0] or 1
        found = linprog(c, -A, -b, bounds=(0, 3))
        x = cp.Variable(n, name="x", bounds=[0, 3])
        judged = program(Problem(objective=cp.Minimize(c @ x), subject_to={"rows": A @ x >= b}))
        y = found.ineqlin.marginals if found.status == 0 else -random.integers(0, 3, m).astype(float)
        answers = [random.integers(0, 4, n).astype(float), random.choice(NUMBERS, n)] + [found.x] * (found.status == 0)
        wrong = [random.choice(NUMBERS, m), y * random.choice([1, 1, 2, -1], m)]
        claims = [leaf(*y), *(leaf(*z, infeasible=bool(random.integers(2))) for z in wrong)]
        solution = decide(
            judged,
            ended=str(random.choice(ENDINGS)),
            candidates=[a for a in answers if random.random() < 0.6],
            certificates=[a for a in claims if random.random() < 0.7],
        )
        seen[solution.status] += 1
        if found.status == 2:
            assert solution.value is None
        else:
            assert solution.status != "infeasible"
            assert solution.bound is None or solution.bound <= found.fun + 1e-9
            assert solution.value is None or solution.value >= found.fun - 1e-6
            assert solution.status != "optimal" or solution.value == pytest.approx(found.fun, abs=1e-6)
    assert seen["optimal"] > 30
    assert seen["infeasible"] > 3


@pytest.mark.parametrize("unit", [1, 7, 10**400])
def test_exact_multipliers_of_any_sign_prove_no_more(unit: int) -> None:
    judged = program(diet(bounds=[1, 100]))  # at no point is a row 0, as an infinite side is written
    for y in product([-250, -3, 0, 2, 50], repeat=2):
        rows = np.array([number * unit for number in y], dtype=object)
        for nowhere in (False, True):
            proof = ("multipliers", Leaf(Dual(rows, unit=unit), nowhere))
            solution = decide(judged, candidates=[WORSE], certificates=[proof])
            assert (solution.status, solution.agrees) == ("feasible", True)
            assert solution.bound is None or solution.bound <= 9
            assert decide(judged, certificates=[proof]).status == "no_solution"


def transport(**changed: Any) -> Problem:
    """From two places that have 1 each to two that want 1 each: the multipliers may all be moved by a constant."""
    x = cp.Variable(4, name="x", **{"bounds": [0, 2], **changed})
    rows = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [-1, 0, -1, 0], [0, -1, 0, -1]])
    return Problem(
        objective=cp.Minimize(np.array([1.0, 3.0, 2.0, 1.0]) @ x),
        subject_to={"flow": rows @ x == np.array([1, 1, -1, -1])},
    )


@pytest.mark.parametrize("height", [1.0, 1e6, HUGE, 1e18, 1e200])
@pytest.mark.parametrize("integer", [False, True])
def test_potentials_moved_along_the_null_space_prove_no_more(height: float, integer: bool) -> None:
    judged = program(transport(integer=integer))
    straight, crossed = np.array([1.0, 0, 0, 1]), np.array([0, 1.0, 1, 0])
    prices = np.array([1.0, 1.0, 0.0, 0.0])
    for move in (prices + height, -prices + height, prices * height, np.array([height, 0, 0, -height])):
        for candidate in (straight, crossed):
            solution = decide(judged, candidates=[candidate], certificates=[leaf(*move)])
            assert solution.bound is None or solution.bound <= 2
            assert (solution.status == "optimal") <= (solution.value == 2)
    assert decide(judged, candidates=[straight], certificates=[leaf(*prices)]).status == "optimal"


@pytest.mark.parametrize("height", [1.0, 1e6, HUGE, 1e15])
@pytest.mark.parametrize("costs", [(1.0, -1.0), (3.0, -3.0), (1e-6, -1e-6)])
def test_entries_that_cancel_do_not_make_the_problem_larger(height: float, costs: tuple[float, float]) -> None:
    """minimize a - b over a - b >= 0, whose least value is 0: no answer that is off by 1 is the best, however large."""
    for bounds in (None, [0, None], [None, 2 * height + 2]):
        for integer in (False, True):
            x = cp.Variable(2, name="x", bounds=bounds, integer=integer)
            judged = program(Problem(objective=cp.Minimize(np.array(costs) @ x), subject_to={"row": x[0] - x[1] >= 0}))
            solution = decide(judged, candidates=[np.array([height + 1, height])], certificates=[leaf(-costs[0])])
            assert (solution.status, solution.bound) == ("feasible", 0)
            assert solution.gap == pytest.approx(1, rel=1e-3)
            best = decide(judged, candidates=[np.array([height, height])], certificates=[leaf(-costs[0])])
            assert best.status == "optimal"


# Claims of infeasible and unbounded problems.


def test_infeasible_is_claimed_with_a_proof_only_and_names_the_constraints() -> None:
    x = cp.Variable(2, name="x", bounds=[0, 9])
    contradicting = {"low": x[0] + x[1] <= 1, "high": x[0] + x[1] >= 2, "idle": x[0] <= 5}
    judged = program(Problem(objective=cp.Minimize(cp.sum(x)), subject_to=contradicting))
    said = decide(judged, ended="infeasible")
    assert (said.status, said.certificate.kind) == ("no_solution", "none")
    assert "without a proof" in said.message
    proved = decide(judged, ended="limit", certificates=[leaf(-1, -1, 0, infeasible=True)])
    assert proved.status == "infeasible"
    assert proved.proven
    assert "low, high" in proved.message
    assert "idle" not in proved.message
    assert proved.multipliers is not None
    assert {name: y.item() for name, y in proved.multipliers.listed.items()} == {"low": -1, "high": -1, "idle": 0}
    assert decide(judged, certificates=[leaf(-1, 0, -1, infeasible=True)]).status == "no_solution"


@pytest.mark.parametrize("ended", ENDINGS)
@pytest.mark.parametrize("candidates", [[], [BEST], [np.full(2, math.nan)]])
def test_a_feasible_problem_is_never_infeasible(ended: Any, candidates: list[Floats]) -> None:
    for y in product([-HUGE, -1.0, 0.0, 1.0, math.inf], repeat=2):
        claims = [leaf(*y, infeasible=True), leaf(*y)]
        assert decide(program(diet()), ended=ended, candidates=candidates, certificates=claims).status != "infeasible"


def test_unbounded_is_not_believed_on_the_solvers_word() -> None:
    judged = program(diet())
    assert decide(judged, ended="unbounded").status == "no_solution"
    assert decide(judged, ended="unbounded", candidates=[BEST]).status == "feasible"
    assert decide(judged, ended="unbounded", candidates=[BEST], certificates=[PROOF]).status == "optimal"


def test_a_certificate_that_contradicts_the_value_is_said_to() -> None:
    D = np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    for sign in (1, -1):
        judged = searched(Restated(turned=sign < 0), QuadraticAssignment(sign * D, np.eye(3, k=1)))
        for bounds in ([sign * 3.0], [sign * 2.0, sign * 3.0], [sign * 3.0, sign * 2.0, sign * 3.0], [sign * math.inf]):
            solution = decide(judged, candidates=[np.arange(3)], certificates=[("told", bound) for bound in bounds])
            assert solution.status == "feasible"
            assert solution.value == sign * 2
            assert not solution.agrees
            assert "one of the two is wrong" in solution.message
            assert solution.bound in (None, sign * 2)


def test_a_certificate_that_proves_nothing_stands_in_no_ones_way() -> None:
    D = np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    for sign in (1, -1):
        judged = searched(Restated(turned=sign < 0), QuadraticAssignment(sign * D, np.eye(3, k=1)))
        for nothing in (math.nan, -sign * math.inf):
            solution = decide(
                judged, candidates=[np.arange(3)], certificates=[("told", bound) for bound in (nothing, sign * 2.0)]
            )
            assert (solution.status, solution.bound) == ("optimal", sign * 2)
            assert solution.agrees
            assert decide(judged, candidates=[np.arange(3)], certificates=[("told", nothing)]).bound is None


@pytest.mark.parametrize("kind", ["assignment", "ordering", "played"])
def test_a_bound_beyond_the_value_by_more_than_rounding_disagrees(kind: str) -> None:
    random, seen = np.random.default_rng(9), set()
    for _ in range(200):
        case = KINDS[kind](random)(Restated(turned=kind != "played" and bool(random.integers(2))))
        assert case.size is not None
        for excess in (-1e-3, 0.0, 1e-10, 1e-8, 1e-3):
            sign = 1 if case.judged.maximize else -1
            bound = float(case.value) - sign * excess * case.size
            if isinstance(case.judged, Played):
                game = replace(case.judged.problem, bound=lambda _, bound=bound: bound)
                case = replace(case, judged=Played(game, 1.0, MEETS, [case.candidate], True))
            case = replace(case, certificate=(case.certificate[0], bound), bound=bound)
            assert judged(case, 1e-2).agrees == (excess <= 1e-9), excess
            seen.add(judged(case, 1e-2).status)
    assert seen == {"optimal", "feasible"}


# Liars that run.


@dataclass(frozen=True)
class Liar:
    """Puts whatever it is told to into the search, and says how it ended."""

    ended: str
    fields: dict[str, Any] = field(default_factory=dict, hash=False)
    name: str = "liar"

    def run(self, search: Search) -> Any:
        for name, value in self.fields.items():
            setattr(search, name, value)
        return self.ended


FIELDS: dict[str, dict[str, Any]] = {
    "a better value": {"best": WORSE, "value": Fraction(9), "bound": 9.0, "proof": PROOF[1]},
    "a better bound": {"best": WORSE, "value": Fraction(10), "bound": 10.0, "proof": PROOF[1]},
    "both": {"best": WORSE, "value": Fraction(-5), "bound": -5.0, "size": 1e300},
    "a value and no answer": {"value": Fraction(9), "bound": 9.0},
    "infinities": {"best": WORSE, "value": math.inf, "bound": math.inf, "proof": PROOF[1]},
    "nan": {"best": np.full(2, math.nan), "value": math.nan, "bound": math.nan, "size": math.nan},
}


@pytest.mark.parametrize("ended", ENDINGS)
@pytest.mark.parametrize("lie", FIELDS)
def test_of_a_lying_solver_only_what_is_true_is_told(lie: str, ended: str) -> None:
    solution = solve(diet(), Liar(ended, FIELDS[lie]))
    assert_fit_to_be_shown(solution)
    assert solution.status not in ("optimal", "infeasible")
    assert solution.value in (None, 10)
    assert solution.bound in (None, 9)
    assert solution.solver == "liar"


# Convex programs.


def nearest(**changed: Any) -> Problem:
    """minimize |x - (1, 2, 3)|^2 / 2 subject to sum x <= 1; least 25 / 6, by the multiplier 5 / 3."""
    x = cp.Variable(3, name="x")

    def dual(multipliers: Mapping[str, Floats]) -> float:
        mu = np.maximum(multipliers["budget"], 0.0)
        return float(5 * mu - 1.5 * mu**2)

    stated: dict[str, Any] = {
        "objective": cp.Minimize(cp.sum_squares(x - np.array([1.0, 2.0, 3.0])) / 2),
        "subject_to": {"budget": cp.sum(x) <= 1},
        "dual_function": dual,
    }
    return Problem(**{**stated, **changed})


NEAREST = np.array([1.0, 2.0, 3.0]) - 5 / 3


def multiplier(mu: Any, name: str = "budget") -> tuple[str, Multipliers]:
    return "dual function", Multipliers({name: np.array(mu, dtype=float)})


@pytest.mark.parametrize("ended", ENDINGS)
def test_random_findings_of_a_convex_program_claim_nothing_false(ended: Any) -> None:
    random = np.random.default_rng(5)
    judged = ConvexProgram(nearest())
    answers = [NEAREST, NEAREST - 1e-4, NEAREST + 1e-4, np.zeros(3), np.array([1e9, -1e9, 0.0]), np.full(3, math.nan)]
    proofs = [multiplier(mu) for mu in [5 / 3, *NUMBERS]] + [multiplier(5 / 3, "other"), ("x", Multipliers())]
    for _ in range(60):
        candidates = [{"x": answers[k]} for k in random.integers(0, len(answers), random.integers(0, 4))]
        certificates = [proofs[k] for k in random.integers(0, len(proofs), random.integers(0, 5))]
        solution = decide(judged, CONVEX_MEETS, ended=ended, candidates=candidates, certificates=certificates)
        assert solution.status != "infeasible"
        assert solution.bound is None or solution.bound <= 25 / 6 + 1e-12
        assert solution.value is None or solution.value >= 25 / 6 - 1e-6
        best = any(c["x"] is NEAREST for c in candidates) and any(c is proofs[0] for c in certificates)
        assert (solution.status == "optimal") == best


@pytest.mark.parametrize("outside", [-1.0, 0.0])
def test_an_answer_where_the_objective_is_no_number_is_none(outside: float) -> None:
    x = cp.Variable(1, name="x")
    judged = ConvexProgram(
        Problem(objective=cp.Minimize(cp.sum(-cp.log(x))), subject_to={"roof": x <= 1}, dual_function=lambda _: 0.0)
    )
    only = decide(judged, candidates=[{"x": np.array([outside])}], certificates=[multiplier([1.0], "roof")])
    assert (only.status, only.value) == ("no_solution", None)
    assert "the objective's domain" in only.message
    both = [{"x": np.array([outside])}, {"x": np.ones(1)}]
    assert decide(judged, candidates=both, certificates=[multiplier([1.0], "roof")]).status == "optimal"


@pytest.mark.parametrize("told", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("candidates", [[], [NEAREST]])
def test_a_dual_function_that_gives_no_number_proves_nothing(told: float, candidates: list[Floats]) -> None:
    judged = ConvexProgram(nearest(dual_function=lambda _: told))
    solution = decide(judged, candidates=[{"x": x} for x in candidates], certificates=[multiplier(5 / 3)])
    assert (solution.status, solution.bound) == ("feasible" if candidates else "no_solution", None)


# Orders.


def all_orders(problem: SearchProblem) -> Floats:
    return problem.objective.values(np.array(list(permutations(range(problem.objective.n)))))  # type: ignore[attr-defined]


SEARCHES: dict[str, Callable[[Floats], Any]] = {
    "arrangement": linear_arrangement,
    "assignment": lambda W: quadratic_assignment(W, np.cumsum(W, axis=0)),
    "a criterion to be minimized": lambda W: seriation(W, "AR_deviations"),
    "a criterion to be maximized": lambda W: seriation(W, "Gradient_raw"),
}


@pytest.mark.parametrize("kind", SEARCHES)
def test_no_certificate_bounds_beyond_the_best_order(kind: str) -> None:
    W = np.random.default_rng(6).integers(0, 9, (5, 5)).astype(float)
    problem = SEARCHES[kind](np.triu(W, 1) + np.triu(W, 1).T)
    assert problem.maximize == (kind == "a criterion to be maximized")
    values = all_orders(problem)
    best = values.max() if problem.maximize else values.min()
    orders = [np.arange(5), np.array([4, 0, 3, 1, 2]), np.array([0, 0, 1, 2, 3]), np.array([0, 1, 2]), np.arange(1, 6)]
    junk = [
        None,
        "word",
        math.nan,
        HUGE,
        np.full((5, 5), math.nan),
        np.full((5, 5), HUGE),
        np.zeros(3),
        np.full(32, -HUGE),
    ]
    for dual in [*problem.weak_duals, WeakDual("unheard of", None, told)]:
        for certificate in junk:
            for order in orders:
                solution = decide(Searched(problem), candidates=[order], certificates=[(dual.name, certificate)])
                beyond = 0.0 if solution.bound is None else solution.bound - best
                assert (-beyond if problem.maximize else beyond) <= 1e-9 * np.abs(values).max()
                assert (solution.status == "optimal") <= (solution.value == pytest.approx(best))
                assert (solution.value is None) == (sorted(order.tolist()) != [0, 1, 2, 3, 4])


# Games.


def test_players_that_are_no_players_claim_nothing_false() -> None:
    random = np.random.default_rng(7)
    A = np.array([[3.0, 0.0], [1.0, 2.0]])  # worth 3 / 2
    vectors = [
        np.array(pair, dtype=float) for pair in ([0.25, 0.75], [0.5, 0.5], [1, 0], [-1, 2], [0, 0], [HUGE, HUGE])
    ]
    vectors += [np.array([math.nan, 1]), np.array([math.inf, 1]), np.array([1e300, 1e308])]
    for _ in range(200):
        pairs = [vectors[k] for k in random.integers(0, len(vectors), 4)]
        first, second = ({"x": torch.tensor(x), "y": torch.tensor(y)} for x, y in (pairs[:2], pairs[2:]))
        judged = Played(matrix_game(A), math.nan, MEETS, [first], True)
        solution = decide(
            judged, candidates=[first, second], certificates=[("best responses", second), ("none", first)]
        )
        assert solution.value is not None
        assert solution.bound is not None
        assert solution.value <= 1.5 <= solution.bound
        assert solution.status in ("optimal", "feasible")
        assert (solution.status == "optimal") == (solution.value == solution.bound == 1.5)


def test_what_is_unknown_of_a_game_is_not_claimed() -> None:
    game, sides = matrix_game(cyclic(3)), {"x": torch.full((3,), 1 / 3), "y": torch.full((3,), 1 / 3)}
    for changed in ({"value": None}, {"bound": None}, {"value": lambda _: math.nan}, {"bound": lambda _: -math.inf}):
        judged = Played(replace(game, **changed), 1.0, MEETS, [sides], True)  # type: ignore[arg-type]
        solution = decide(judged, ended="optimal", candidates=[sides], certificates=[("best responses", sides)])
        assert solution.status == "feasible"
        assert (solution.value is None) == ("value" in changed)
        assert (solution.bound is None) == ("bound" in changed)


# Claims that rest on samples.


@dataclass
class Calls:
    """How often value and bound were asked for."""

    value: int = 0
    bound: int = 0


def estimated(calls: Calls, value: float = 0.0, bound: float = 0.5) -> SaddleProblem:
    """max over x, min over y of E xyz for random z, value and bound estimated by fresh samples."""

    def valued(_: Any) -> float:
        calls.value += 1
        return value

    def bounded(_: Any) -> float:
        calls.bound += 1
        return bound

    def sides() -> Block:
        return Block(lambda generator: torch.rand(1, generator=generator, dtype=torch.float64), Box(-1.0, 1.0))

    return SaddleProblem(
        maximize_over={"x": sides()},
        minimize_over={"y": sides()},
        payoff=[Term(lambda x, y, z: x * y * z[..., 0], ["x", "y"], ["noise"])],
        samplers={"noise": lambda batch, generator: torch.rand(batch, 1, generator=generator, dtype=torch.float64)},
        value=valued,
        bound=bounded,
        level=0.95,
        size=lambda _: 1.0,
    )


@pytest.mark.parametrize("members", [1, 3])
def test_held_out_samples_are_looked_at_once(members: int) -> None:
    calls = Calls()
    settings = DescentAscent(method="simultaneous", step=0.1, iterations=5, batch=4, members=members)
    solution = solve(estimated(calls), settings)
    assert (calls.value, calls.bound) == (1, 1)
    assert (solution.status, solution.value, solution.bound) == ("feasible", 0, 0.5)
    assert (solution.certificate.level, solution.certificate.exact) == (0.95, False)
    assert "95%" in solution.certificate.kind
    assert_fit_to_be_shown(solution)


def test_held_out_samples_are_not_looked_at_after_an_interrupt() -> None:
    calls = Calls()

    def press(search: Any) -> None:
        if search.iteration >= 1:
            signal.raise_signal(signal.SIGINT)

    settings = DescentAscent(method="simultaneous", step=0.1, iterations=10**6, batch=4)
    solution = solve(estimated(calls), settings, progress=press)
    assert solution.stats["interrupted"]
    assert (calls.value, calls.bound) == (0, 0)
    assert (solution.status, solution.value, solution.bound) == ("feasible", None, None)
    assert solution.certificate.level == 0.95
    assert_fit_to_be_shown(solution)


@pytest.mark.parametrize(
    ("bound", "status", "agrees"), [(0.0, "optimal", True), (5e-4, "optimal", True), (-0.1, "feasible", False)]
)
def test_estimates_meet_to_the_asked_gap_and_may_cross_by_it(bound: float, status: str, agrees: bool) -> None:
    problem, sides = estimated(Calls(), 0.0, bound), {"x": torch.zeros(1), "y": torch.zeros(1)}
    judged = Played(problem, 1.0, 1e-3, [sides], True)
    solution = decide(judged, 1e-3, candidates=[sides], certificates=[("held-out samples", sides)])
    assert (solution.status, solution.agrees, solution.certificate.level) == (status, agrees, 0.95)
    crossed = decide(
        Played(estimated(Calls(), 0.0, -5e-4), 1.0, 1e-3, [sides], True),
        1e-3,
        candidates=[sides],
        certificates=[("held-out samples", sides)],
    )
    assert (crossed.status, crossed.agrees) == ("optimal", True)


# What is shown.

NASTY = """<script src="//evil">alert('1' & "2")</script>"""


@cache
def solutions() -> dict[str, Solution]:
    """One of each status, with a name that browsers would take for orders."""
    x = cp.Variable(2, name="x", bounds=[0, 9])

    def stated(**constraints: Any) -> ExactProgram:
        return program(Problem(objective=cp.Minimize(cp.sum(x)), subject_to={NASTY: cp.sum(x) >= 2, **constraints}))

    z = cp.Variable(1, name="z")
    endless = program(Problem(objective=cp.Maximize(cp.sum(z)), subject_to={NASTY: z >= 1}))
    made = [
        decide(stated(), solver=NASTY, candidates=[np.ones(2)], certificates=[(NASTY, leaf(-1)[1])]),
        decide(stated(), solver=NASTY, ended="optimal", remark=NASTY, candidates=[np.ones(2)]),
        decide(stated(less=x[0] + x[1] <= 1), solver=NASTY, certificates=[leaf(-1, -1, infeasible=True)]),
        decide(endless, solver=NASTY, candidates=[np.ones(1)], ray=np.ones(1, dtype=int)),
        decide(stated(), solver=NASTY, candidates=[np.zeros(2)]),
        decide(stated(), solver=NASTY, ended="not_converged", remark=f"{NASTY} did not settle"),
    ]
    return {solution.status: solution for solution in made}


def shows(solution: Solution) -> str:
    """The page, less the harmless word for harm."""
    page = solution._repr_html_()
    assert "<script" not in page
    assert 'src="' not in page
    assert "'1'" not in page
    assert '"2"' not in page
    return Tags(page).text


def test_every_status_is_shown_without_letting_names_through() -> None:
    assert set(solutions()) == set(STATUSES)
    for solution in solutions().values():
        text = shows(solution)
        assert NASTY in text  # as text
        assert NASTY in str(solution)
        assert solution.status in repr(solution)
        assert "\n" not in repr(solution)
        proven = solution.status in ("optimal", "infeasible", "unbounded")
        mark = "✓" if proven else "✗" if solution.status == "no_solution" else "?"
        assert text.startswith(f"{mark} {solution.status}")


def test_a_check_that_disagrees_is_marked() -> None:
    optimal = solutions()["optimal"]
    wrong = replace(optimal, checks=[*optimal.checks, Check(NASTY, "==", 3.0, False)])
    assert shows(wrong).startswith("✗ optimal")
    assert "DISAGREES" in str(wrong)
    assert not wrong.proven
    bare = replace(optimal, value=None, bound=None, gap=None, certificate=Certificate("none", False, False), stats={})
    assert "unknown" in str(bare)
    assert "none" in repr(bare)


# cvxpy's own problems.


def test_constraints_are_called_by_their_labels_or_numbers() -> None:
    x = cp.Variable(2, name="x", bounds=[0, 10])
    labelled = (cp.sum(x) <= 4).set_label("budget")
    solution = solve(cp.Problem(cp.Maximize(x[0] + 2 * x[1]), [labelled, x[1] <= 3]))
    assert (solution.status, solution.value, solution.bound) == ("optimal", 7, 7)
    assert solution.answer["x"] == pytest.approx([1, 3])
    assert solution.multipliers is not None
    assert {name: y.item() for name, y in solution.multipliers.listed.items()} == {"budget": 1, "constraint 2": 1}
    assert_fit_to_be_shown(solution)
    twice = [(x[0] <= 1).set_label("same"), (x[1] <= 1).set_label("same")]
    with pytest.raises(ValueError, match="label 'same'"):
        solve(cp.Problem(cp.Maximize(x[0]), twice))


@pytest.mark.parametrize("solver", ["glop", "highs", "scip"])
def test_whole_numbers_are_found_in_both_senses(solver: str) -> None:
    for sense, sign in ((cp.Minimize, -1), (cp.Maximize, 1)):
        x = cp.Variable(2, name="x", integer=True, bounds=[0, 10])
        solution = solve(cp.Problem(sense(sign * (5 * x[0] + 4 * x[1])), [6 * x[0] + 4 * x[1] <= 25]), solver)
        assert solution.value == sign * 24
        assert solution.bound is None or sign * solution.bound >= 24
        assert solution.status == ("feasible" if solver == "scip" else "optimal")
        assert_fit_to_be_shown(solution)


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_contradicting_constraints_are_named(solver: str) -> None:
    x = cp.Variable(3, name="x", bounds=[0, 10])
    constraints = [cp.sum(x) >= 5, x[0] <= 9, (cp.sum(x) <= 4).set_label("roof"), x[1] >= x[2]]
    solution = solve(cp.Problem(cp.Minimize(cp.sum(x)), constraints), solver)
    assert solution.status == "infeasible"
    assert solution.proven
    assert "constraint 1, roof" in solution.message
    assert "constraint 2" not in solution.message
    assert "constraint 4" not in solution.message
    assert solution.multipliers is not None
    listed = solution.multipliers.listed
    assert {name for name, y in listed.items() if y.any()} == {"constraint 1", "roof"}
    assert listed["constraint 1"] == pytest.approx(listed["roof"])
    assert_fit_to_be_shown(solution)


def test_an_objective_without_end_is_called_unbounded() -> None:
    x = cp.Variable(2, name="x", nonneg=True)
    solution = solve(cp.Problem(cp.Maximize(cp.sum(x)), [x[0] - x[1] <= 1]), "highs")
    assert (solution.status, solution.value, solution.bound) == ("unbounded", None, None)
    assert solution.proven
    assert_fit_to_be_shown(solution)


def test_convex_models_have_a_value_and_a_bound_and_others_are_refused() -> None:
    x = cp.Variable(2, name="x")
    solution = solve(cp.Problem(cp.Minimize(cp.sum_squares(x - 1)), [(cp.sum(x) <= 1).set_label("budget")]))
    assert (solution.status, solution.certificate.kind) == ("optimal", "conic dual")
    assert solution.value == pytest.approx(0.5, abs=1e-6)
    assert solution.bound == pytest.approx(0.5, abs=1e-6)
    assert solution.multipliers is not None
    assert set(solution.multipliers.listed) == {"budget"}
    assert_fit_to_be_shown(solution)
    for bad in (cp.Minimize(cp.sqrt(x[0])), cp.Maximize(cp.square(x[0])), cp.Minimize(x[0] * x[1])):
        with pytest.raises(ValueError, match="not convex by cvxpy's rules"):
            solve(cp.Problem(bad, [x >= 0, x <= 1]))
    for nothing in (3, "x", x, None):
        with pytest.raises(ValueError, match="there is no solving a"):
            solve(nothing)  # type: ignore[arg-type]


# An answer of the user's own.

LAZY = Liar("limit")  # keeps the start


def test_a_start_is_an_answer_if_it_is_feasible() -> None:
    for integer in (False, True):
        solution = solve(diet(integer=integer), LAZY, start={"x": WORSE})
        assert (solution.status, solution.value) == ("feasible", 10)
        for wrong, named in (([0.0, 0.0], "'enough'"), ([50.0, 0.0], "'mixed'"), ([101.0, 100.0], "bounds")):
            with pytest.raises(ValueError, match=named):
                solve(diet(integer=integer), LAZY, start={"x": np.array(wrong)})
        for wrong in ([3.0], [[3.0], [1.0]], [1.0, 2.0, 3.0]):
            with pytest.raises(ValueError, match="shape"):
                solve(diet(integer=integer), LAZY, start={"x": np.array(wrong)})
        for nothing in ({}, {"y": WORSE}, {"x": WORSE, "y": WORSE}, [3.0, 1.0]):
            with pytest.raises(ValueError, match="each of the variables x"):
                solve(diet(integer=integer), LAZY, start=nothing)
        with pytest.raises(ValueError, match="finite"):
            solve(diet(integer=integer), LAZY, start={"x": np.array([math.inf, 1.0])})
    with pytest.raises(ValueError, match="breaks integrality"):
        solve(diet(integer=True), LAZY, start={"x": np.array([2.4, 1.6])})
    best = solve(diet(), "highs", start={"x": WORSE})
    assert (best.status, best.value) == ("optimal", 9)


def test_a_start_of_a_convex_program_counts_too() -> None:
    solution = solve(nearest(), start={"x": np.zeros(3)})
    assert solution.status == "optimal"
    with pytest.raises(ValueError, match="'budget'"):
        solve(nearest(), start={"x": np.ones(3)})
    with pytest.raises(ValueError, match="finite"):
        solve(nearest(), start={"x": np.full(3, math.inf)})
    with pytest.raises(ValueError, match="each of the variables x"):
        solve(nearest(), start={})


def test_a_start_of_a_search_is_an_order() -> None:
    problem = linear_arrangement(np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]]))
    assert solve(problem, "enumeration", start=[2, 0, 1]).value == 5
    for wrong in ([0, 0, 1], [0, 1], [1, 2, 3], [0, 1, 2, 3]):
        with pytest.raises(ValueError, match="start breaks"):
            solve(problem, "enumeration", start=wrong)


def test_a_start_of_a_game_is_projected() -> None:
    start = {"x": torch.tensor([0.25, 0.75]).double(), "y": torch.tensor([0.5, 0.5]).double()}
    settings = DescentAscent(iterations=1)
    solution = solve(matrix_game([[3.0, 0.0], [1.0, 2.0]]), settings, start=start)
    assert (solution.status, solution.value) == ("optimal", 1.5)
    off = solve(matrix_game([[3.0, 0.0], [1.0, 2.0]]), settings, start={"x": 9 * start["x"], "y": -start["y"]})
    assert off.value is not None
    assert off.bound is not None
    assert off.value <= 1.5 <= off.bound


# Shadow prices.


@pytest.mark.parametrize("solver", ["glop", "highs"])
@pytest.mark.parametrize("sense", [cp.Minimize, cp.Maximize])
def test_shadow_prices_are_how_the_best_value_changes(sense: Any, solver: str) -> None:
    """By differences on both sides; where they differ, the price of a corner is between them."""
    random, step, priced = np.random.default_rng(8), 1e-5, dict.fromkeys(("<=", ">=", "=="), 0)
    for _ in range(15):
        A = random.uniform(0.5, 2, (3, 4))
        b = A @ random.uniform(1, 2, 4)
        costs = random.uniform(0.5, 2, 4)

        def best(t: Floats, A: Floats = A, b: Floats = b, costs: Floats = costs) -> Solution:
            x = cp.Variable(4, name="x", bounds=[0, 50])
            less, more, equal = A @ x
            relaxed = b + t * np.array([1, -1, 1])
            constraints = [less <= relaxed[0], more >= relaxed[1], equal == relaxed[2]]
            return solve(cp.Problem(sense(costs @ x), constraints), solver)

        solution = best(np.zeros(3))
        assert solution.status == "optimal"
        assert solution.shadow_prices is not None
        assert solution.shadow_prices.exact
        assert solution.shadow_prices.of == "the linear program"
        for k, kind in enumerate(priced):
            price = solution.shadow_prices.prices[f"constraint {k + 1}"].item()
            up, down = (best(s * step * np.eye(3)[k]).value for s in (1, -1))
            assert up is not None
            assert down is not None
            assert solution.value is not None
            sides = (up - solution.value) / step, (solution.value - down) / step
            assert min(sides) - 1e-4 <= price <= max(sides) + 1e-4
            priced[kind] += abs(price) > 1e-3
            if kind != "==":  # relaxing cannot make it worse
                assert price * (1 if sense is cp.Minimize else -1) <= 1e-9
    assert min(priced.values()) > 0


def test_shadow_prices_are_of_the_relaxation_where_there_are_whole_numbers_and_none_without_one_proof() -> None:
    priced = decide(program(diet(integer=True)), candidates=[BEST], certificates=[PROOF], stats={"integers": 2})
    assert priced.shadow_prices is not None
    assert (priced.shadow_prices.of, priced.shadow_prices.exact) == ("the linear relaxation", True)
    assert {name: p.item() for name, p in priced.shadow_prices.prices.items()} == {"enough": -2.5, "mixed": -0.5}
    split = decide(program(diet(integer=True)), candidates=[BEST], certificates=[branches(0, 3, PROOF[1], PROOF[1])])
    assert split.status == "optimal"
    assert split.shadow_prices is None
    weak = decide(program(diet()), candidates=[BEST], certificates=[leaf(-2, 0)])
    assert weak.shadow_prices is not None
    assert not weak.shadow_prices.exact
    assert decide(program(diet()), candidates=[BEST]).shadow_prices is None
    assert (
        decide(ConvexProgram(nearest()), candidates=[{"x": NEAREST}], certificates=[multiplier(5 / 3)]).shadow_prices
        is None
    )


def test_references_are_held_against_the_value_and_change_no_status() -> None:
    right, wrong = Reference("right", lambda: 9.0), Reference("wrong", lambda: 8.0)
    for references, agrees in (([right], True), ([right, wrong], False)):
        solution = solve(replace(diet(), references=references), "highs")
        assert (solution.status, solution.agrees, solution.proven) == ("optimal", agrees, agrees)
        assert_fit_to_be_shown(solution)


# What was wrong once.


def at_least(row: Any, costs: Any, side: float, **changed: Any) -> ExactProgram:
    """minimize costs'x over row'x >= side."""
    x = cp.Variable(len(costs), name="x", **changed)
    return program(Problem(objective=cp.Minimize(np.array(costs) @ x), subject_to={"row": np.array(row) @ x >= side}))


@pytest.mark.parametrize("nothing", [None, "word", 0])
def test_what_is_no_proof_proves_nothing(nothing: Any) -> None:
    judged = at_least([1.0, 1.0], [1.0, 2.0], 1, boolean=True)
    half = branches(0, 0, leaf(-2)[1], nothing)  # of x_0 = 0 alone, where the least is 2
    assert decide(judged, candidates=[np.array([0.0, 1.0])], certificates=[half]).status == "feasible"
    for proof in (nothing, Branch(0, 0, nothing, nothing)):
        assert decide(judged, certificates=[("branching", proof)]).status == "no_solution"


def test_a_dear_variable_that_is_not_used_makes_no_difference() -> None:
    judged = at_least([1.0, 0.0], [1.0, 1e9], 1, nonneg=True)
    solution = decide(judged, candidates=[np.array([1.5, 0.0])], certificates=[leaf(-1)])
    assert solution.status == "feasible"  # 1.5 against 1


@pytest.mark.parametrize("unit", [1e-9, 1e-12])
def test_a_row_in_a_small_unit_counts(unit: float) -> None:
    solution = decide(at_least([unit], [1.0], unit, nonneg=True), candidates=[np.zeros(1)], certificates=[leaf(0)])
    assert solution.status != "optimal"  # 0 against 1


def test_the_size_is_free_of_rounding() -> None:
    height, costs = 2.0**90, [0.1, -0.3, 1.0]
    candidate = np.array([3 * height, height, 1.0])
    solution = decide(at_least(costs, costs, 0), candidates=[candidate], certificates=[leaf(-1)])
    assert (solution.status, solution.value, solution.bound) == ("feasible", 1, 0)


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_linear_programs_without_bounds_on_the_variables_are_proven(solver: str) -> None:
    x, y = cp.Variable(name="x"), cp.Variable(2, name="y", nonneg=True)
    assert solve(cp.Problem(cp.Minimize(0.1 * x), [x >= 1]), solver).status == "optimal"
    assert solve(cp.Problem(cp.Minimize(x), [3 * x >= 1]), solver).status == "optimal"
    assert solve(cp.Problem(cp.Minimize(0.1 * y[0] + 0.3 * y[1]), [y >= 1]), solver).status == "optimal"
    random = np.random.default_rng(0)
    for _ in range(10):
        A, x = random.standard_normal((4, 6)), cp.Variable(6, name="x", nonneg=True)
        problem = cp.Problem(cp.Minimize(random.random(6) @ x), [A @ x == A @ random.random(6)])
        assert solve(problem, solver).status == "optimal"


def shifted(**changed: Any) -> Problem:
    """minimize a - b + z^2 over a >= b, z >= 1, least 1; all can be moved along a = b."""
    a, b, z = (cp.Variable(name=name) for name in "abz")
    stated: dict[str, Any] = {
        "objective": cp.Minimize(a - b + cp.square(z)),
        "subject_to": {"row": a >= b, "least": z >= 1},
        "dual_function": lambda m: 1.0 if m["row"] == 1 and m["least"] == 2 else -math.inf,
    }
    return Problem(**{**stated, **changed})


HONEST = ("dual function", Multipliers({"row": np.array(1.0), "least": np.array(2.0)}))


def test_terms_that_cancel_do_not_make_a_convex_problem_larger() -> None:
    candidate = {"a": np.array(1e12 + 10), "b": np.array(1e12), "z": np.array(1.0)}
    solution = decide(ConvexProgram(shifted()), CONVEX_MEETS, candidates=[candidate], certificates=[HONEST])
    assert solution.status == "feasible"  # 11 against 1


def test_a_convex_constraint_cannot_be_outgrown() -> None:
    candidate = {"a": np.array(1e10 - 100), "b": np.array(1e10), "z": np.array(1.0)}
    judged = ConvexProgram(shifted(dual_function=lambda _: -99.0))
    solution = decide(judged, CONVEX_MEETS, candidates=[candidate], certificates=[HONEST])
    assert solution.value is None


def test_a_convex_problem_whose_least_value_is_zero_is_proven() -> None:
    x = cp.Variable(3, name="x")
    problem = Problem(
        objective=cp.Minimize(cp.sum_squares(x)),
        subject_to={"row": cp.sum(x) >= 0},
        dual_function=lambda m: -3 * float(m["row"]) ** 2 / 4,
    )
    findings: dict[str, Any] = {"candidates": [{"x": np.zeros(3)}], "certificates": [multiplier(1e-9, "row")]}
    assert decide(ConvexProgram(problem), CONVEX_MEETS, **findings).status == "optimal"
    assert solve(problem, "clarabel").status == "optimal"


@pytest.mark.parametrize(
    "stated",
    [lambda f: 2 * (f + 1000), lambda f: cp.sum(2 * f + np.full(1, 2000.0)), lambda f: (4 * f + 4000) / 2],
)
def test_a_constant_in_brackets_makes_a_convex_problem_no_larger(stated: Any) -> None:
    z = cp.Variable(1, name="z")
    problem = Problem(
        objective=cp.Minimize(cp.sum(stated(cp.square(z)))),
        subject_to={"least": z >= 1},
        dual_function=lambda _: 2001.9999,
    )
    findings: dict[str, Any] = {"candidates": [{"z": np.ones(1)}], "certificates": [multiplier([2.0], "least")]}
    assert decide(ConvexProgram(problem), CONVEX_MEETS, **findings).status == "feasible"  # 2 against 1.9999


@pytest.mark.parametrize("start", [0.3, np.zeros(1), np.zeros((3, 1)), "abc"])
def test_a_start_of_a_convex_program_has_the_shape_of_the_variables(start: Any) -> None:
    with pytest.raises(ValueError, match="shape"):
        solve(nearest(), start={"x": start}, time_limit=1e-9)


def test_where_nothing_is_at_stake_there_is_no_gap_to_tell() -> None:
    solution = decide(at_least([-1.0], [0.0], -1, nonneg=True), candidates=[np.zeros(1)], certificates=[leaf(-1)])
    assert (solution.status, solution.value, solution.bound) == ("feasible", 0, -1)


def test_an_objective_that_is_the_same_everywhere_is_at_its_best() -> None:
    form = Ordering(2, lambda orders: np.full(len(orders), 99.6), lambda *_: np.zeros(2))
    bound = float(np.nextafter(99.6, 0))
    solution = decide(searched(AS_IT_IS, form), candidates=[np.arange(2)], certificates=[("told", bound)])
    assert solution.status == "optimal"


@pytest.mark.parametrize("bounds", [None, [0, 1e305]])
@pytest.mark.parametrize(("cost", "x", "y"), [(1e100, [1e300, 0.0], -1e100), (1e10, [1e300, 1e300], -1e10)])
def test_numbers_that_no_float_holds_are_no_answer(cost: float, x: list[float], y: float, bounds: Any) -> None:
    judged = at_least([1.0, -1.0], [cost, -cost], 0, bounds=bounds)
    status = decide(judged, candidates=[np.array(x)], certificates=[leaf(y)]).status
    assert status == ("optimal" if x[0] == x[1] else "no_solution")


def test_a_bound_that_no_float_holds_is_none() -> None:
    judged = at_least([1.0], [1.0], 1e10, bounds=[0, 1e15])
    assert decide(judged, candidates=[np.array([1e10])], certificates=[leaf(-1e300)]).status == "feasible"


@pytest.mark.parametrize(
    "x",
    [np.ones(1), np.ones(3), np.array(1.0), np.ones((2, 1)), np.array([1j, 1]), np.array(["a"], dtype=object), None],
)
def test_a_candidate_of_another_shape_or_kind_is_no_answer(x: Any) -> None:
    judged = at_least([1.0, 1.0], [1.0, 2.0], 1, bounds=[0, 1])
    assert decide(judged, candidates=[x], certificates=[leaf(-1)]).status == "no_solution"


@pytest.mark.parametrize(
    "proof",
    [
        Leaf(Dual(np.zeros(3))),
        Leaf(Dual(np.zeros(0))),
        Leaf(Dual(np.zeros(1), [("unheard of", None, np.ones(1))])),
        Branch(7, 0, leaf(0)[1], leaf(0)[1]),
        Branch(0, math.nan, leaf(0)[1], leaf(0)[1]),  # type: ignore[arg-type]
    ],
)
def test_a_certificate_of_another_shape_or_kind_proves_nothing(proof: Any) -> None:
    judged = at_least([1.0, 1.0], [1.0, 2.0], 1, boolean=True)
    solution = decide(judged, candidates=[np.array([0.0, 1.0])], certificates=[("any", proof)])
    assert (solution.status, solution.bound) == ("feasible", None)


def test_an_order_of_floats_is_an_order_or_none() -> None:
    problem = linear_arrangement(np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]]))
    assert decide(Searched(problem), candidates=[np.array([2.0, 0.0, 1.0])]).value in (None, 5)


@pytest.mark.parametrize("candidates", [[], [WORSE]])
def test_unbounded_is_not_believed_against_a_bound(candidates: list[Floats]) -> None:
    solution = decide(program(diet()), ended="unbounded", candidates=candidates, certificates=[PROOF])
    assert solution.status == ("feasible" if candidates else "no_solution")
    assert solution.bound == 9


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_reference_that_is_no_number_is_told_without(number: float) -> None:
    assert_fit_to_be_shown(solve(replace(diet(), references=[Reference("none", lambda: number)]), "highs"))


def test_the_report_names_the_contradicting_constraints() -> None:
    infeasible = solutions()["infeasible"]
    assert NASTY in infeasible.message
    assert infeasible.message in str(infeasible)


def test_a_start_that_is_no_number_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="finite"):
        solve(diet(), LAZY, start={"x": np.array([math.nan, 1.0])})


@pytest.mark.parametrize("height", [1.0, 1e6, 1e9, HUGE])
def test_a_row_cannot_be_outgrown_by_its_tolerance(height: float) -> None:
    x = cp.Variable(2, name="x")
    rows = {"row": x[0] - x[1] >= 1, "weaker": x[0] - x[1] >= 0}
    judged = program(Problem(objective=cp.Minimize(x[0] - x[1]), subject_to=rows))
    assert decide(judged, candidates=[np.full(2, height)], certificates=[leaf(0, -1)]).status == "no_solution"


@pytest.mark.parametrize("unit", [-1, 0, 0.5, "word"])
def test_a_unit_that_is_none_proves_nothing(unit: Any) -> None:
    for y in product([-5, -1, 0, 5], repeat=2):
        for nowhere in (False, True):
            proof = ("multipliers", Leaf(Dual(np.array(y, dtype=object), unit=unit), nowhere))
            solution = decide(program(diet()), certificates=[proof])
            assert (solution.status, solution.bound) == ("no_solution", None)


def test_multipliers_of_another_shape_within_a_branching_prove_nothing() -> None:
    judged = at_least([1.0, 1.0], [1.0, 2.0], 1, boolean=True)
    for wrong in (Leaf(Dual(np.zeros(3))), Leaf(Dual(np.zeros(1), [("unheard of", None, np.ones(1))]))):
        for proof in (Branch(0, 0, leaf(0)[1], wrong), Fixed(np.array([0]), wrong.dual, leaf(0)[1])):
            solution = decide(judged, candidates=[np.array([0.0, 1.0])], certificates=[("branching", proof)])
            assert (solution.status, solution.bound) == ("feasible", None)


@pytest.mark.parametrize("height", [1e16, 1e18])
def test_a_row_cannot_be_outgrown(height: float) -> None:
    x = cp.Variable(2, name="x")
    rows = {"row": x[0] - x[1] >= 1, "weaker": x[0] - x[1] >= 0}
    judged = program(Problem(objective=cp.Minimize(x[0] - x[1]), subject_to=rows))
    solution = decide(judged, candidates=[np.full(2, height)], certificates=[leaf(0, -1)])
    assert solution.status != "optimal"  # 0 against 1


@pytest.mark.parametrize("height", [1e10, 1e12])
def test_a_convex_constraint_cannot_be_outgrown_by_a_billionth(height: float) -> None:
    candidate = {"a": np.array(height - 9), "b": np.array(height), "z": np.array(1.0)}
    judged = ConvexProgram(shifted(dual_function=lambda _: -8.0))
    assert decide(judged, CONVEX_MEETS, candidates=[candidate], certificates=[HONEST]).status != "optimal"


def test_a_pole_one_step_away_does_not_make_a_convex_problem_larger() -> None:
    x = cp.Variable(1, name="x")
    problem = Problem(
        objective=cp.Minimize(cp.sum(9 * cp.inv_pos(x) + x)),  # least 6, at 3
        subject_to={"roof": x <= 1e6},
        dual_function=lambda _: 6.0,
    )
    findings: dict[str, Any] = {
        "candidates": [{"x": np.array([1 + 1e-12])}],
        "certificates": [multiplier([0.0], "roof")],
    }
    assert decide(ConvexProgram(problem), CONVEX_MEETS, **findings).status == "feasible"  # 10 against 6


def test_a_regression_of_a_hundred_points_is_proven() -> None:
    random = np.random.default_rng(0)
    A, b, x = random.standard_normal((100, 5)), random.standard_normal(100), cp.Variable(5, name="x")
    assert solve(cp.Problem(cp.Minimize(cp.norm1(A @ x - b)))).status == "optimal"
