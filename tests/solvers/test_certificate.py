"""The certificate: no multipliers, proof or solver, however wrong, make it claim more than is true."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from strategies import exactly, kruskal, short_weights, weighted_graphs

from formulations.arithmetic.exact import over_one_denominator
from formulations.graphs import network
from formulations.graphs.laminar import merge_tree
from formulations.mst import minimum_spanning_tree
from formulations.problem import Problem
from solvers import solve
from solvers.proof.branching import Branch, Fixed, Leaf, Proof, dual_of, proven
from solvers.proof.certificate import Dual, ExactModel
from solvers.proof.form import StandardForm
from solvers.proof.search import Search
from solvers.proof.standard_form import standard_form

Floats = NDArray[np.float64]


# Floats as exact numbers.


def fractions(values: list[float]) -> list[Fraction]:
    numerators, denominator = over_one_denominator(np.array(values, dtype=float))
    return [Fraction(int(p), denominator) for p in numerators.tolist()]


@pytest.mark.parametrize(
    "values",
    [[0.1], [0.1, 0.2, 0.3], [1.0, -7.0, 0.0], [1e15, 3.0], [0.5, 0.25, -0.125], [12.34, -0.01], [1e-9, 2e-9], [-0.0]],
)
def test_short_decimals_are_the_decimals_they_print_as(values: list[float]) -> None:
    assert fractions(values) == [exactly(v) for v in values]


@pytest.mark.parametrize(
    "values", [[0.1, 1e300], [1e-300, 1e300], [1 / 3, 1e16], [5e-324], [1.7976931348623157e308], [2.0**60, 2.0**-60]]
)
def test_what_no_short_decimals_give_is_taken_for_its_binary_value(values: list[float]) -> None:
    assert fractions(values) == [Fraction(v) for v in values]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=6))
def test_every_float_comes_back_from_its_exact_number(values: list[float]) -> None:
    assert [float(f) for f in fractions(values)] == values


def test_no_values_have_no_numerators() -> None:
    numerators, denominator = over_one_denominator(np.zeros(0))
    assert len(numerators) == 0
    assert denominator == 1


# Small integer programs, solved by looking at every point of the box.

REACH = 2
side = st.integers(-6, 6).map(lambda halves: halves / 2)
entry = st.sampled_from([0.0, 0.0, 1.0, -1.0, 2.0, 0.5, 0.1, -0.3])
# Whatever a solver may hand over for a multiplier.
multiplier = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-10, 10),
    st.sampled_from([1e-300, -1e-12, 1e12, 1e300, math.inf, -math.inf, math.nan]),
)


@dataclass(frozen=True)
class Program:
    """A form over integer columns, and its optimum by brute force (infinity if it is infeasible)."""

    form: StandardForm
    best: Fraction | float
    answer: Floats | None


@st.composite
def programs(draw: st.DrawFn) -> Program:
    n, m = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    c = np.array([draw(st.sampled_from([0.0, 1.0, -1.0, 3.0, 0.1, -2.5])) for _ in range(n)])
    A = np.array([[draw(entry) for _ in range(n)] for _ in range(m)]).reshape(m, n)
    kinds = [draw(st.sampled_from(["<=", ">=", "==", "free"])) for _ in range(m)]
    b = np.array([draw(side) for _ in range(m)])
    lower = np.array([draw(st.integers(-REACH, 0)) for _ in range(n)], dtype=float)
    upper = np.array([draw(st.integers(0, REACH)) for _ in range(n)], dtype=float)
    form = StandardForm(
        c=c,
        offset=0.0,
        A=csr_array(A),
        row_lower=np.array([b[i] if kinds[i] in (">=", "==") else -np.inf for i in range(m)]),
        row_upper=np.array([b[i] if kinds[i] in ("<=", "==") else np.inf for i in range(m)]),
        lower=lower,
        upper=upper,
        integral=np.ones(n, dtype=bool),
        maximize=False,
        columns={"x": (slice(0, n), (n,))},
        names={f"row {i}": slice(i, i + 1) for i in range(m)},
    )
    exact = [[exactly(a) for a in row] for row in A.tolist()]
    best: Fraction | float = math.inf
    answer = None
    for x in product(*(range(int(low), int(high) + 1) for low, high in zip(lower, upper, strict=True))):
        if satisfies(exact, kinds, b, x):
            cost = sum((exactly(w) * v for w, v in zip(c.tolist(), x, strict=True)), Fraction(0))
            if cost < best:
                best, answer = cost, np.array(x, dtype=float)
    return Program(form, best, answer)


def satisfies(A: list[list[Fraction]], kinds: list[str], b: Floats, x: tuple[int, ...]) -> bool:
    for row, kind, bound in zip(A, kinds, b.tolist(), strict=True):
        activity = sum((a * v for a, v in zip(row, x, strict=True)), Fraction(0))
        if kind in ("<=", "==") and activity > exactly(bound):
            return False
        if kind in (">=", "==") and activity < exactly(bound):
            return False
    return True


def duals(draw: st.DrawFn, form: StandardForm) -> Dual:
    return Dual(np.array([draw(multiplier) for _ in form.row_lower], dtype=float))


def proofs(draw: st.DrawFn, form: StandardForm, depth: int = 3) -> Proof:
    """Any proof at all: what it proves may be nothing, but never a falsehood."""
    kind = draw(st.sampled_from(["leaf", "infeasible", "branch", "fixed"] if depth else ["leaf", "infeasible"]))
    n = len(form.c)
    if kind == "branch":
        column, at = draw(st.integers(0, n - 1)), draw(st.integers(-REACH - 1, REACH))
        return Branch(column, at, proofs(draw, form, depth - 1), proofs(draw, form, depth - 1))
    if kind == "fixed":
        columns = draw(st.lists(st.integers(0, n - 1), unique=True, max_size=n))
        return Fixed(np.array(columns, dtype=np.int64), duals(draw, form), proofs(draw, form, depth - 1))
    return Leaf(duals(draw, form), infeasible=kind == "infeasible")


@settings(max_examples=300)
@given(programs(), st.data())
def test_no_multipliers_bound_above_the_optimum(program: Program, data: st.DataObject) -> None:
    dual = data.draw(st.composite(lambda draw: duals(draw, program.form))())
    model = ExactModel(program.form, {})
    assert model.lower_bound(dual).value <= program.best
    assert proven(model, Leaf(dual)) <= program.best
    if proven(model, Leaf(dual, infeasible=True)) == math.inf:
        assert program.best == math.inf


@settings(max_examples=300)
@given(programs(), st.data())
def test_no_proof_however_built_bounds_above_the_optimum(program: Program, data: st.DataObject) -> None:
    proof = data.draw(st.composite(lambda draw: proofs(draw, program.form))())
    assert proven(ExactModel(program.form, {}), proof) <= program.best


@settings(max_examples=100)
@given(programs(), st.data())
def test_branching_down_to_points_proves_the_optimum(program: Program, data: st.DataObject) -> None:
    form = program.form
    zero = Dual(np.zeros(len(form.row_lower)))

    def split(column: int, lower: Floats, upper: Floats) -> Proof:
        if column == len(form.c):
            return at_point(lower)
        if lower[column] == upper[column]:
            return split(column + 1, lower, upper)
        at = int(data.draw(st.integers(int(lower[column]), int(upper[column]) - 1)))
        below, above = upper.copy(), lower.copy()
        below[column], above[column] = at, at + 1
        return Branch(column, at, split(column, lower, below), split(column, above, upper))

    def at_point(x: Floats) -> Proof:
        if ExactModel(form, {}).broken(x) is None:
            return Leaf(zero)
        activity = form.A @ x
        short, over = form.row_lower - activity, activity - form.row_upper
        y = np.zeros(len(short))
        i = int(np.argmax(np.maximum(short, over)))
        y[i] = 1 if short[i] > over[i] else -1
        return Leaf(Dual(y), infeasible=True)

    assert proven(ExactModel(form, {}), split(0, form.lower, form.upper)) == program.best


@given(programs(), st.data())
def test_a_point_is_broken_just_when_it_breaks_something(program: Program, data: st.DataObject) -> None:
    form, model = program.form, ExactModel(program.form, {})
    if program.answer is not None:
        assert model.broken(program.answer) is None
        assert model.value(program.answer) == program.best
    x = np.array([data.draw(st.integers(-REACH - 1, REACH + 1)) for _ in form.c], dtype=float)
    broken = model.broken(x)
    if broken is None:
        assert model.value(x) >= program.best
    elif broken.startswith("the bounds"):
        assert ((x < form.lower) | (x > form.upper)).any()
    else:
        i = int(broken.removeprefix("the constraint 'row ").removesuffix("'"))
        activity = sum((exactly(a) * int(v) for a, v in zip(form.A.toarray()[i].tolist(), x, strict=True)), Fraction(0))
        low, high = form.row_lower[i], form.row_upper[i]
        assert (low > -np.inf and activity < exactly(low)) or (high < np.inf and activity > exactly(high))


@pytest.mark.parametrize("entry", [math.nan, math.inf, -math.inf])
def test_a_point_with_an_entry_that_is_no_number_is_broken(entry: float) -> None:
    form = standard_form(minimum_spanning_tree(nx.complete_graph(3)))
    assert ExactModel(form, {}).broken(np.array([1, 1, entry])) == "an entry that is not a finite number"


def test_a_fractional_entry_of_an_integral_column_is_broken() -> None:
    form = standard_form(minimum_spanning_tree(nx.complete_graph(3)))
    assert ExactModel(form, {}).broken(np.array([1, 0.5, 0.5])) == "integrality"
    assert ExactModel(form, {}).broken(np.array([1, 1, 1e-12])) is not None


def continuous(form: StandardForm) -> StandardForm:
    return StandardForm(**{**vars(form), "integral": np.zeros(len(form.c), dtype=bool)})


def test_branching_on_a_continuous_column_proves_nothing() -> None:
    # Over x = 1/2 the branches x <= 0 and x >= 1 do not cover: each is infeasible under 2 x = 1.
    form = StandardForm(
        c=np.ones(1),
        offset=0.0,
        A=csr_array([[2.0]]),
        row_lower=np.ones(1),
        row_upper=np.ones(1),
        lower=np.zeros(1),
        upper=np.ones(1),
        integral=np.ones(1, dtype=bool),
        maximize=False,
        columns={"x": (slice(0, 1), (1,))},
        names={"half": slice(0, 1)},
    )
    below, above = Leaf(Dual(np.ones(1)), infeasible=True), Leaf(Dual(-np.ones(1)), infeasible=True)
    proof = Branch(0, 0, below, above)
    assert proven(ExactModel(form, {}), proof) == math.inf
    assert proven(ExactModel(continuous(form), {}), proof) == -math.inf
    assert proven(ExactModel(continuous(form), {}), Fixed(np.array([0]), Dual(np.zeros(1)), below)) == -math.inf


def test_fixing_columns_that_the_multipliers_do_not_hold_gives_no_more_than_they_prove() -> None:
    graph = nx.complete_graph(4)
    nx.set_edge_attributes(graph, {edge: w for w, edge in enumerate(graph.edges)}, "weight")
    problem = minimum_spanning_tree(graph)
    model = ExactModel(standard_form(problem), problem.families)
    nothing = Dual(np.zeros(1))
    # At multipliers 0 all columns sit at 0, where "tree size" cannot hold: that alone must not exclude the rest.
    impossible = Leaf(Dual(np.ones(1)), infeasible=True)
    for columns in ([0], [1, 2], [0, 1, 2, 3, 4, 5]):
        assert proven(model, Fixed(np.array(columns), nothing, impossible)) <= float(kruskal(graph))


# The spanning tree's certificate.


def model_of(problem: Problem) -> ExactModel:
    return ExactModel(standard_form(problem), problem.families)


@settings(max_examples=100)
@given(weighted_graphs(least=2, most=7, kinds=short_weights), st.data())
def test_random_multipliers_of_random_sets_never_bound_above_it(graph: nx.Graph[Any], data: st.DataObject) -> None:
    problem, g = minimum_spanning_tree(graph), network(graph).simple()
    families = []
    for name in data.draw(st.lists(st.sampled_from(["partition cut", "cut"]), max_size=3)):
        order = np.array(data.draw(st.permutations(range(g.m))), dtype=np.int64)
        clusters, _ = merge_tree(g.n, g.tail, g.head, order)
        sets = clusters.only(clusters.sizes() < g.n)
        pi = np.array(data.draw(st.lists(multiplier, min_size=len(sets), max_size=len(sets))), dtype=float)
        families.append((name, sets, pi))
    dual = Dual(np.array([data.draw(multiplier)]), families)
    model = model_of(problem)
    assert proven(model, Leaf(dual)) <= kruskal(graph)
    assert proven(model, Leaf(dual, infeasible=True)) == -math.inf


@settings(max_examples=60)
@given(weighted_graphs(least=2, most=7, kinds=short_weights))
def test_edmonds_multipliers_of_the_tree_prove_it_to_the_last_digit(graph: nx.Graph[Any]) -> None:
    problem = minimum_spanning_tree(graph)
    model = model_of(problem)
    solution = solve(problem)
    assert solution.values is not None
    assert problem.dual is not None
    x = model.form.vector(solution.values)
    assert proven(model, Leaf(dual_of(model.form, problem.dual(solution.values)))) == model.value(x)


@settings(max_examples=60)
@given(weighted_graphs(least=3, most=7), st.data())
def test_a_worse_tree_is_never_proved_by_its_own_multipliers(graph: nx.Graph[Any], data: st.DataObject) -> None:
    problem, g = minimum_spanning_tree(graph), network(graph).simple()
    model = model_of(problem)
    order = np.array(data.draw(st.permutations(range(g.m))), dtype=np.int64)
    _, tree = merge_tree(g.n, g.tail, g.head, order)
    x = np.zeros(g.m)
    x[tree] = 1
    assert problem.dual is not None
    bound, value = proven(model, Leaf(dual_of(model.form, problem.dual({"x": x})))), model.value(x)
    assert model.broken(x) is None
    assert bound <= value
    _, best = merge_tree(g.n, g.tail, g.head, np.argsort(g.weight, kind="stable"))
    least = np.zeros(g.m)
    least[best] = 1
    if value > model.value(least):
        assert bound < value


def weighted_square() -> nx.Graph[Any]:
    """A square with its diagonals: the tree 0-1, 1-2, 2-3 weighs 6, alone."""
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 1), (1, 2, 2), (2, 3, 3), (0, 3, 4), (0, 2, 5), (1, 3, 6)])
    return graph


def choosing(edges: str) -> Floats:
    """The edges of the square in that list, written as pairs of digits."""
    pairs = [tuple(sorted(edge)) for edge in weighted_square().edges]
    x = np.zeros(len(pairs))
    x[[pairs.index((int(u), int(v))) for u, v in edges.split()]] = 1
    return x


def proven_dual() -> tuple[ExactModel, Dual]:
    solution = solve(minimum_spanning_tree(weighted_square()))
    proof = solution.certificate.proof
    assert isinstance(proof, Leaf)
    return model_of(minimum_spanning_tree(weighted_square())), proof.dual


def test_the_certificate_of_the_square_stands_on_its_own() -> None:
    model, dual = proven_dual()
    assert proven(model, Leaf(dual)) == 6


@pytest.mark.parametrize(
    "tamper",
    [
        lambda y: -y,
        lambda y: y + 10,
        lambda y: y - 10,
        lambda y: y * 2,
        lambda y: y * 0,
        lambda y: y * np.inf,
        lambda y: y * np.nan,
    ],
    ids=["flipped", "raised", "lowered", "doubled", "dropped", "infinite", "not numbers"],
)
def test_tampered_multipliers_no_longer_meet_the_value(tamper: Callable[[Floats], Floats]) -> None:
    model, dual = proven_dual()
    with np.errstate(invalid="ignore"):
        forged = Dual(tamper(dual.rows), dual.families)
    assert model.lower_bound(forged).value < 6


def test_multipliers_that_lean_on_an_infinite_side_count_nothing() -> None:
    problem, g = minimum_spanning_tree(weighted_square()), network(weighted_square())
    model = model_of(problem)
    clusters, _ = merge_tree(g.n, g.tail, g.head, np.arange(g.m))
    sets = clusters.only(clusters.sizes() < g.n)
    pushed = np.full(len(sets), -100.0)  # as if x(delta(S)) had an upper side
    leaning = Dual(np.zeros(1), [("cut", sets, pushed)])
    assert proven(model, Leaf(leaning)) == proven(model, Leaf(Dual(np.zeros(1)))) == 0


@pytest.mark.parametrize(
    ("edges", "complaint"),
    [
        ("01 12", "tree size"),
        ("01 12 23 03", "tree size"),
        ("01 12 02", "cut"),  # and vertex 3 alone
    ],
)
def test_what_is_no_spanning_tree_breaks_a_named_constraint(edges: str, complaint: str) -> None:
    broken = model_of(minimum_spanning_tree(weighted_square())).broken(choosing(edges))
    assert broken is not None
    assert complaint in broken


# Solvers that lie.

TREE = choosing("01 12 23")  # the best one
WORSE = choosing("01 12 03")
CYCLE = choosing("01 12 02")
EMPTY = np.zeros(6)


@dataclass(frozen=True)
class Liar:
    """Claims whatever it is told to claim."""

    lie: Callable[[Search], str]
    name: str = "liar"

    def run(self, search: Search) -> str:
        """Put anything at all into the search."""
        return self.lie(search)


def claims(ended: str = "optimal", **fields: Any) -> Callable[[Search], str]:
    def lie(search: Search) -> str:
        for name, value in fields.items():
            setattr(search, name, value)
        return ended

    return lie


RICH = Leaf(Dual(np.array([1e6])))
CLOSED = Branch(0, 0, Leaf(Dual(np.zeros(1)), infeasible=True), Leaf(Dual(np.array([-5.0])), infeasible=True))
LIES = {
    "nothing": claims(),
    "infeasible": claims("infeasible"),
    "a value without an answer": claims(value=Fraction(-100), bound=-100.0),
    "a worse tree": claims(best=WORSE, value=Fraction(7), bound=7.0),
    "a worse tree with a better value": claims(best=WORSE, value=Fraction(6), bound=6.0),
    "a cycle": claims(best=CYCLE, value=Fraction(6)),
    "no edges": claims(best=EMPTY, value=Fraction(0), bound=0.0, proof=RICH),
    "half of everything": claims(best=np.full(6, 0.5), value=Fraction(1)),
    "a proof out of thin air": claims(best=WORSE, value=Fraction(7), proof=RICH),
    "a proof that there is no answer": claims(best=WORSE, proof=Leaf(Dual(np.array([1.0])), infeasible=True)),
    "branches that close nothing": claims(best=WORSE, proof=CLOSED),
    "columns held by nothing": claims(best=WORSE, proof=Fixed(np.arange(6), Dual(np.zeros(1)), RICH)),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lying_solver_never_gets_the_status_optimal(lie: Callable[[Search], str]) -> None:
    solution = solve(minimum_spanning_tree(weighted_square()), Liar(lie))
    assert solution.status in ("feasible", "no_solution")
    assert not solution.certificate.verified
    assert not solution.proven
    if solution.bound is not None:
        assert solution.bound <= 6


@pytest.mark.parametrize("ended", ["optimal", "limit", "infeasible", "unbounded"])
def test_the_best_tree_is_proved_by_its_own_dual_whatever_the_solver_says(ended: str) -> None:
    solution = solve(minimum_spanning_tree(weighted_square()), Liar(claims(ended, best=TREE, value=Fraction(-1))))
    assert (solution.status, solution.value, solution.bound) == ("optimal", 6, 6)
    assert solution.certificate.kind == "dual of the answer"


def test_a_bogus_proof_does_not_stand_in_the_way_of_the_dual_of_the_answer() -> None:
    solution = solve(minimum_spanning_tree(weighted_square()), Liar(claims(best=TREE, proof=RICH)))
    assert solution.status == "optimal"


@settings(max_examples=100)
@given(st.data())
def test_random_answers_with_random_proofs_are_optimal_only_if_best(data: st.DataObject) -> None:
    problem = minimum_spanning_tree(weighted_square(), max_degree=2)
    form = standard_form(problem)
    anything = st.lists(st.sampled_from([0.0, 1.0, 0.5]), min_size=6, max_size=6).map(np.array)
    best = data.draw(st.one_of(st.sampled_from([TREE, WORSE, CYCLE]), anything))
    proof = data.draw(st.composite(lambda draw: proofs(draw, form))())
    solution = solve(problem, Liar(claims(best=best, value=Fraction(0), proof=proof)))
    if solution.status == "optimal":
        assert best.tolist() == TREE.tolist()
    assert solution.status != "infeasible"
    assert solution.bound is None or solution.bound <= 6
