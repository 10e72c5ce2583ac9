"""Robust accuracy: no attack is beyond a bound, both agree with brute force over sign patterns, lies are caught."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from formulations.arithmetic.relu_bounds import cells
from formulations.arithmetic.relu_network import ReluNetwork, relu_network
from formulations.arithmetic.robust_accuracy import KIND, RobustAccuracy, SignTrees
from formulations.robust_network import adversarial_training, least_margin, robust_accuracy
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.networks.attacks import ascended
from solvers.networks.splitting import Splitting
from solvers.solve import so_far


def drawn(sizes: list[int], rng: np.random.Generator, scale: float = 1.0) -> ReluNetwork:
    """A network of those sizes with random weights."""
    pairs = list(pairwise(sizes))
    weights = [scale * rng.standard_normal((out, into)) / np.sqrt(into) for into, out in pairs]
    return relu_network(weights, [scale * 0.3 * rng.standard_normal(out) for _, out in pairs])


def judged(rng: np.random.Generator, sizes: list[int], n: int, radius: float) -> RobustAccuracy:
    """Points near each other, with the labels that a random network gives them."""
    network, points = drawn(sizes, rng), rng.standard_normal((n, sizes[0]))
    return RobustAccuracy(network, points, network.logits(points).argmax(axis=1), radius)


def by_patterns(network: ReluNetwork, low: Any, high: Any, label: int, rival: int) -> float:
    """The least margin in a box by a linear program for each pattern of signs of all hidden units."""
    least = np.inf
    for pattern in product([0.0, 1.0], repeat=sum(network.hidden)):
        M, t, A, b, signs = np.eye(network.inputs), np.zeros(network.inputs), [], [], list(pattern)
        for W, bias in network.layers:
            M, t = W @ M, W @ t + bias
            on = np.array([signs.pop(0) for _ in bias])
            A.append((1 - 2 * on)[:, None] * M)
            b.append(-(1 - 2 * on) * t)
            M, t = on[:, None] * M, on * t
        row = network.weights[-1][label] - network.weights[-1][rival]
        found = linprog(row @ M, np.concatenate(A), np.concatenate(b), bounds=np.c_[low, high])
        if found.status == 0:
            least = min(least, found.fun + row @ t + network.biases[-1][label] - network.biases[-1][rival])
    return float(least)


# 1,000 random networks of 10 points were tried besides, with 24 attacks on each.
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.lists(st.integers(1, 8), min_size=2, max_size=4), st.floats(0, 3))
def test_no_attack_is_beyond_a_bound(seed: int, hidden: list[int], radius: float) -> None:
    rng = np.random.default_rng(seed)
    form = judged(rng, [*hidden, int(rng.integers(2, 5))], 10, radius)
    moved = ascended(form, np.arange(10), 10, rng)
    low, high = form.reach
    assert form.broken(moved) is None
    somewhere = low + rng.random(low.shape) * (high - low)
    bounds = form.least_margins().min(axis=1)
    for x in (form.points, moved, somewhere):
        margin, off = form.network.margins(x, form.labels)
        assert (margin.min(axis=1) + off.max(axis=1) >= bounds).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_all_multipliers_bound_what_is_in_their_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = drawn([3, 6, 5, 4], rng)
    low = rng.standard_normal((1, 3))
    high = low + rng.random((1, 3)) * 2
    x = low + rng.random((200, 3)) * (high - low)
    z, a = [], x
    for W, b in network.layers:
        z.append(a @ W.T + b)
        a = np.maximum(z[-1], 0)
    all_z = np.concatenate(z, axis=1)
    signs = (np.sign(all_z[0]) * (rng.random(11) < 0.4)).astype(np.int8)  # of a cell that is not empty
    inside = (all_z * signs >= 0).all(axis=1)
    cell = cells(network, low, high, signs[None])
    assert not cell.empty[0]
    for k, layer in enumerate(z):
        assert (layer[inside] >= cell.lower[k]).all()
        assert (layer[inside] <= cell.upper[k]).all()
    g, c = rng.standard_normal((1, 2, 5)), rng.standard_normal((1, 2))
    exact = (c + a @ g[0].T)[inside].min(axis=0)
    assert (cell.proven(c, g) <= exact).all()
    for scale in (0.0, 0.1, 1.0, 10.0):
        nu = [scale * rng.standard_normal((1, 2, units)) for units in network.hidden]
        assert (cell.by(lambda k, _, nu=nu: nu[k], c, g) <= exact).all()


def test_multipliers_that_are_no_numbers_prove_nothing() -> None:
    form = judged(np.random.default_rng(0), [2, 4, 3, 2], 1, 0.1)
    for nothing in (np.nan, np.inf, 1e300):
        nu = np.full((1, 7), nothing)
        assert form.margins(form.roots, np.array([0]), 1 - form.labels, nu)[0] < 0


@pytest.mark.parametrize("seed", range(12))
def test_programs_and_cells_agree_with_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    form = judged(rng, [2, 3, 3, 2] if seed % 2 else [3, 5, 3], 3, 0.5)
    low, high = form.box
    for i, y in enumerate(form.labels.tolist()):
        least = np.inf
        for rival in set(range(form.network.classes)) - {y}:
            exact = by_patterns(form.network, low[i], high[i], y, rival)
            found = solve(least_margin(form.network, form.points[i], y, rival, form.radius))
            assert found.status == "optimal"
            assert found.value == pytest.approx(exact, abs=1e-6)
            assert form.roots.by(form.roots.linear, *_sum_of(form, y, rival))[i] <= exact
            least = min(least, exact)
        # The same network with all margins shifted so that the least is nearly 0, from either side:
        for shift, share in ((1e-6 - least, 1.0), (-1e-6 - least, 0.0)):
            biases = [
                *form.network.biases[:-1],
                form.network.biases[-1] + shift * (np.arange(form.network.classes) == y),
            ]
            network = ReluNetwork(form.network.weights, biases)
            decided = solve(robust_accuracy(network, form.points[[i]], [y], form.radius))
            assert (decided.status, decided.value, decided.bound) == ("optimal", share, share)


def _sum_of(form: RobustAccuracy, label: int, rival: int) -> tuple[Any, Any]:
    W, b = form.network.weights[-1], form.network.biases[-1]
    return np.array([b[label] - b[rival]]), (W[label] - W[rival])[None]


def test_rounding_is_bounded() -> None:
    rng = np.random.default_rng(0)
    for seed in range(30):
        network = drawn([4, 7, 5, 3], np.random.default_rng(seed), scale=10.0 ** rng.integers(-3, 4))
        x = rng.standard_normal(4) * 1e3
        margin, off = network.margins(x[None], np.array([1]))
        a = [Fraction(value) for value in x.tolist()]
        for k, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
            a = [
                sum((Fraction(w) * value for w, value in zip(row, a, strict=True)), Fraction(bias))
                for row, bias in zip(W.tolist(), b.tolist(), strict=True)
            ]
            a = [max(value, Fraction(0)) for value in a] if k < 2 else a
        for rival in (0, 2):
            assert abs(a[1] - a[rival] - Fraction(float(margin[0, rival]))) <= Fraction(float(off[0, rival]))
            assert off[0, rival] <= 1e-10 * np.abs(np.array([float(value) for value in a])).max()


def test_boxes_are_rounded_to_either_side() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        x, radius = float(rng.standard_normal() * 10.0 ** rng.integers(-9, 9)), float(10.0 ** rng.uniform(-12, 3))
        form = RobustAccuracy(drawn([1, 1, 2], rng), np.array([[x]]), np.array([0]), radius)
        (low, high), (least, most) = ([Fraction(float(part[0, 0])) for part in ends] for ends in (form.box, form.reach))
        exact_low, exact_high = Fraction(x) - Fraction(radius), Fraction(x) + Fraction(radius)
        assert low <= exact_low <= least <= Fraction(x) <= most <= exact_high <= high


def proof_of(problem: Any) -> SignTrees:
    """Trees that prove all that can be proven, some of them with cells and multipliers."""
    proof = solve(problem, Splitting(starts=1)).certificate.proof
    assert isinstance(proof, SignTrees)
    return proof


def _problem(radius: float = 0.5, seed: int = 4) -> Any:
    form = judged(np.random.default_rng(seed), [2, 8, 8, 3], 60, radius)
    return robust_accuracy(form.network, form.points, form.labels, radius)


def test_wrong_certificates_prove_less() -> None:
    problem = _problem()
    form, trees = problem.objective, proof_of(problem)
    assert isinstance(form, RobustAccuracy)
    bound = form.bound(trees)
    inner = np.flatnonzero(trees.unit >= 0)
    assert len(inner) > 3
    assert len(trees.leaf) > 3
    used = [replace(trees, nu=-trees.nu), replace(trees, nu=0 * trees.nu), replace(trees, leaf=trees.leaf[::-1])]
    for wrong in used:
        assert form.bound(wrong) < bound
    # trees that do not end, ask twice, or leave a side out; units, nodes, points and rivals that there are not
    loop, twice, short, far = (trees.below.copy() for _ in range(4))
    loop[inner[0]], short[inner[0]], far[inner[0]] = 0, len(trees.unit) - 1, 10**6
    child = trees.below[inner[0]]
    unit = trees.unit.copy()
    unit[child], twice[child] = unit[inner[0]], child
    for wrong in (
        replace(trees, below=loop),
        replace(trees, below=short),
        replace(trees, below=far),
        replace(trees, below=twice, unit=unit),
        replace(trees, unit=np.where(trees.unit >= 0, 99, -1)),
        replace(trees, unit=np.where(trees.unit >= 0, -2, -1)),
        replace(trees, rival=trees.rival + 5),
        replace(trees, point=trees.point + 60),
        None,
        "proven",
    ):
        assert not form.bound(wrong) >= bound


def test_a_proof_for_a_smaller_radius_is_none_for_a_larger_one() -> None:
    small, large = _problem(0.5), _problem(0.8)
    proof = proof_of(small)
    assert small.objective.bound(proof) > large.objective.bound(proof)
    assert large.objective.bound(proof) <= solve(large).value


def test_a_lying_solver_is_not_believed() -> None:
    problem = _problem()
    form = problem.objective
    n, classes = len(form.labels), form.network.classes
    rivals = (form.labels[:, None] + np.arange(1, classes)) % classes
    roots = np.full(rivals.size, -1)
    none = np.zeros(0, dtype=np.int64)
    claimed = SignTrees(np.arange(n).repeat(classes - 1), rivals.ravel(), roots, roots, none, np.zeros((0, 16)))
    far = form.points + 0.51  # beyond the radius
    liar = Findings(solver="liar", ended="optimal", candidates=[far], certificates=[(KIND, claimed)])
    found = judge(Searched(problem), liar)
    assert found.status == "no_solution"
    assert "the radius at point 0" in found.message
    liar = replace(liar, candidates=[form.points])
    found = judge(Searched(problem), liar)
    assert (found.status, found.proven) == ("feasible", False)
    assert found.bound == (form.least_margins() > 0).all(axis=1).mean()


def test_cells_and_attacks_are_the_same_whenever_they_are_run() -> None:
    first, second = (solve(_problem(), seed=1) for _ in range(2))
    assert (first.answer == second.answer).all()
    assert first.status == "optimal"
    assert solve(_problem(), time_limit=1e-6).status == "feasible"


def test_ctrl_c_keeps_what_is_known() -> None:
    seen = []

    def stop(search: Any) -> None:
        seen.append(so_far(search))
        if search.history:
            raise KeyboardInterrupt

    problem = _problem(0.8)
    found, whole = solve(problem, progress=stop), solve(problem)
    assert found.stats["interrupted"]
    assert found.status == "feasible"
    assert 0 < found.bound <= whole.bound == whole.value <= found.value
    assert [one.status for one in seen] == ["feasible"] * 2
    assert seen[-1].value >= whole.value
    assert seen[-1].bound is None  # to check trees may take long


def test_points_stay_within_the_range_of_the_data() -> None:
    form = judged(np.random.default_rng(0), [3, 8, 3], 20, 0.4)
    points = form.points.clip(0, 1)
    labels = form.network.logits(points).argmax(axis=1)
    within = solve(robust_accuracy(form.network, points, labels, 0.4, (0.0, 1.0)))
    assert within.status == "optimal"
    assert within.answer.min() >= 0
    assert within.answer.max() <= 1
    assert within.value >= solve(robust_accuracy(form.network, points, labels, 0.4)).value


@pytest.mark.parametrize(
    ("points", "labels", "radius", "says"),
    [
        ([[0.0, np.nan]], [0], 0.1, "finite numbers"),
        ([[0.0, np.inf]], [0], 0.1, "finite numbers"),
        ([], [], 0.1, "finite numbers"),
        ([[0.0]], [0], 0.1, "the network takes 2"),
        ([[0.0, 0.0]], [2], 0.1, "the network has 2"),
        ([[0.0, 0.0]], [-1], 0.1, "a whole number from 0"),
        ([[0.0, 0.0]], [0.5], 0.1, "a whole number from 0"),
        ([[0.0, 0.0]], [0, 1], 0.1, "a whole number from 0"),
        ([[0.0, 0.0]], [0], -0.1, "a finite number from 0"),
        ([[0.0, 0.0]], [0], np.inf, "a finite number from 0"),
        ([[0.0, 9.0]], [0], 0.1, "a wider range"),
    ],
)
def test_what_cannot_be_judged_is_refused(points: Any, labels: Any, radius: float, says: str) -> None:
    network = drawn([2, 3, 2], np.random.default_rng(0))
    with pytest.raises(ValueError, match=says):
        robust_accuracy(network, points, labels, radius, (-5.0, 5.0))


@pytest.mark.parametrize(
    ("weights", "biases", "says"),
    [
        ([[[1.0]]], [[0.0]], "two layers at least"),
        ([[[1.0]], [[1.0, 2.0]]], [[0.0], [0.0]], "do not fit together"),
        ([[[np.nan]], [[1.0]]], [[0.0], [0.0]], "a finite number"),
        ([[[1e60]], [[1.0]]], [[0.0], [0.0]], "within 1e50"),
    ],
)
def test_what_is_no_network_is_refused(weights: Any, biases: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        relu_network(weights, biases)


def test_the_game_trains_a_network_and_bounds_what_it_loses() -> None:
    pytest.importorskip("torch")
    from solvers.descent_ascent import DescentAscent

    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 2)) + 2 * (np.arange(60) % 2)[:, None]
    y = np.arange(60) % 2
    rules = DescentAscent(step=0.3, iterations=150)
    for radius in (0.0, 0.3):
        played = solve(adversarial_training(X, y, [8], radius), rules, seed=0)
        form = RobustAccuracy(played.answer, X, y, radius)
        margin, _ = form.network.margins(ascended(form, np.arange(60), 20), y)
        attacked = np.logaddexp(0, -margin.min(axis=1)).mean()
        assert attacked <= played.bound < 1
        assert radius or played.bound == pytest.approx(attacked, rel=1e-9)
    with pytest.raises(ValueError, match="all labels are the same"):
        adversarial_training(X, 0 * y, [8], 0.1)
