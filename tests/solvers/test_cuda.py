"""On a GPU the same problems are proven as on the CPU; skipped where there is none."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch

from formulations.games import bilinear, cyclic, matrix_game, quadratic
from formulations.geometric import geometric_game
from formulations.seriation import linear_arrangement
from formulations.shortest_path import shortest_path
from formulations.transport import transport_game
from formulations.weak_dual import likelihood_game
from solvers import solve
from solvers.descent_ascent import DescentAscent

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
EXTRAGRADIENT = DescentAscent(step=0.5, iterations=20_000)


def test_a_shortest_path_by_gradients() -> None:
    graph = nx.grid_2d_graph(12, 12)
    weights = np.random.default_rng(0).integers(1, 9, graph.number_of_edges())
    nx.set_edge_attributes(graph, dict(zip(graph.edges, weights, strict=True)), "weight")
    problem = shortest_path(graph, (0, 0), (11, 11))
    found = solve(problem, "descent-ascent", gap=1e-4, device="cuda")
    assert found.proven
    assert found.value == solve(problem).value


@pytest.mark.parametrize(
    "game",
    [
        matrix_game(cyclic(5) / 4),
        matrix_game(1e9 + cyclic(3)),
        quadratic(6, 5.0, seed=2),
        likelihood_game([0.5, 0.3, 0.2]),
        geometric_game([1, 2, 2, 5]),
    ],
    ids=["cyclic", "a constant of 1e9", "quadratic", "likelihood", "geometric"],
)
def test_a_game_is_proven(game: object) -> None:
    found = solve(game, EXTRAGRADIENT, device="cuda", gap=0.0)  # type: ignore[arg-type]
    assert found.proven, str(found)
    assert found.value == pytest.approx(solve(game, EXTRAGRADIENT, device="cpu", gap=0.0).value, abs=1e-7)  # type: ignore[arg-type]


def test_transport_is_proven() -> None:
    cost = np.random.default_rng(0).random((6, 5))
    game = transport_game(np.full(6, 1 / 6), np.full(5, 1 / 5), cost)
    found = solve(game, DescentAscent(step=0.2, averaging="uniform", restart=200, iterations=20_000), device="cuda")
    assert found.gap is not None
    assert found.gap < 1e-6


def test_members_of_an_ensemble_end_as_they_do_alone() -> None:
    both = solve(bilinear(5, 3.0), DescentAscent(step=0.5, iterations=200, members=2), device="cuda", seed=3)
    alone = solve(bilinear(5, 3.0), DescentAscent(step=0.5, iterations=200), device="cuda", seed=4)
    assert np.allclose(both.answer[1]["x"], alone.answer["x"], atol=1e-12)


def test_an_order_is_searched() -> None:
    places = np.random.default_rng(1).permutation(30)
    weights = np.exp(-np.abs(places[:, None] - places) / 3.0)
    found = solve(linear_arrangement(weights), "local-search", device="cuda", time_limit=20)
    assert found.agrees
    assert found.value is not None
    assert found.value <= solve(linear_arrangement(weights), "local-search", device="cpu", time_limit=20).value * 1.0001
