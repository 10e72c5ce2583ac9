"""What a search has found is to be had from it while it goes on, and after it, whatever the kind of problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch

from formulations.games import matrix_game
from formulations.mst import minimum_spanning_tree
from formulations.problem import Block, SaddleProblem, Term
from formulations.seriation import linear_arrangement
from formulations.transport import transport
from solvers import solve
from solvers.descent_ascent import DescentAscent
from solvers.solve import so_far


def sampled_game() -> SaddleProblem:
    """Whose value is a confidence bound, from samples that are evaluated at the end alone."""
    return SaddleProblem(
        maximize_over={"x": Block(lambda numbers: torch.zeros(1))},
        minimize_over={"y": Block(lambda numbers: torch.zeros(1))},
        payoff=[Term(lambda x, y: (-((x - 1) ** 2) + y**2).squeeze(-1), ["x", "y"])],
        value=lambda players: -0.5,
        bound=lambda players: 0.5,
        level=0.95,
    )


def random(*shape: int) -> Any:
    return np.random.default_rng(0).random(shape)


PROBLEMS: dict[str, tuple[Callable[[], Any], Any]] = {
    "program": (lambda: minimum_spanning_tree(nx.karate_club_graph()), None),
    "orders": (lambda: linear_arrangement(random(20, 20) + random(20, 20).T), "local-search"),
    "transport": (lambda: transport(np.ones(9) / 9, np.ones(8) / 8, random(9, 8)), None),
    "matrix game": (lambda: matrix_game(random(9, 8)), None),
    "game by gradients": (lambda: matrix_game(random(9, 8)), "descent-ascent"),
    "sampled game": (sampled_game, DescentAscent(iterations=50)),
}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_search_has_its_answer_also_once_it_is_over(kind: str) -> None:
    state, solver = PROBLEMS[kind]
    searches: list[Any] = []
    solution = solve(state(), solver, time_limit=3, progress=searches.append)
    assert searches
    told = so_far(searches[-1])
    assert told.answer is not None
    assert told.stats["interrupted"]
    assert told.value is None if kind == "sampled game" else told.value == pytest.approx(solution.value)
