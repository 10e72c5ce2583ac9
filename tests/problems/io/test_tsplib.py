"""TSPLIB."""

from __future__ import annotations

import json

import numpy as np
import pytest
from graphfiles import TSP, refusal
from places import SHARED
from written import Write

from formulations.graphs import Network
from problems.io import read_graph

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the test data in ../shared is not here")


@needs_shared
def test_optimal_tours_have_their_known_lengths() -> None:
    folder = SHARED / "data" / "tsplib"
    optima = json.loads((folder / "optima.json").read_text())
    tours = sorted(folder.glob("*.opt.tour"))
    assert tours
    for path in tours:
        name = path.name.removesuffix(".opt.tour")
        words = path.read_text().split("TOUR_SECTION")[1].split()
        tour = [int(word) for word in words[: words.index("-1") if "-1" in words else None] if word.isdigit()]
        assert tour_length(read_graph(folder / f"{name}.tsp").network, tour) == optima[name], name


@needs_shared
def test_distances_are_those_of_vrplib_rounded() -> None:
    vrplib = pytest.importorskip("vrplib")
    for name, slack in [("berlin52", 0.5), ("kroA100", 0.5), ("bays29", 0)]:
        path = SHARED / "data" / "tsplib" / f"{name}.tsp"
        network = read_graph(path).network
        theirs = vrplib.read_instance(path)["edge_weight"][network.tail, network.head]
        assert np.max(np.abs(network.weight - theirs)) <= slack


def tour_length(network: Network, tour: list[int]) -> float:
    """The length of a closed tour of TSPLIB node numbers."""
    length = {frozenset(edge): w for edge, w in zip(network.edges(), network.weight.tolist(), strict=True)}
    return sum(length[frozenset(edge)] for edge in zip(tour, tour[1:] + tour[:1], strict=True))


COORDINATES = (
    "DIMENSION : 3\nEDGE_WEIGHT_TYPE : {}\nNODE_COORD_SECTION\n1 0 0\n2 1.5 2\n3 10.30 -20.59\nEOF\n"  # 10 deg 30 min
)


@pytest.mark.parametrize(
    ("metric", "lengths"),
    [
        ("EUC_2D", [3, 23, 24]),  # 2.5 rounds up
        ("CEIL_2D", [3, 24, 25]),
        ("MAN_2D", [4, 31, 31]),
        ("MAX_2D", [2, 21, 23]),
        ("ATT", [1, 8, 8]),
    ],
)
def test_distances(write: Write, metric: str, lengths: list[float]) -> None:
    network = read_graph(write("x.tsp", COORDINATES.format(metric))).network
    assert network.weight.tolist() == lengths
    assert network.positions is not None


def test_geographic_distances(write: Write) -> None:
    burma14 = (
        "1 16.47 96.10\n2 16.47 94.44\n3 20.09 92.54\n4 22.39 93.37\n5 25.23 97.24\n6 22.00 96.05\n7 20.47 97.02\n"
        "8 17.20 96.29\n9 16.30 97.38\n10 14.05 98.12\n11 16.53 97.38\n12 21.52 95.59\n13 19.41 97.13\n14 20.09 94.55\n"
    )
    text = f"TYPE: TSP\nDIMENSION: 14\nEDGE_WEIGHT_TYPE: GEO\nNODE_COORD_SECTION\n{burma14}EOF"
    network = read_graph(write("burma14.tsp", text)).network
    assert tour_length(network, [1, 2, 14, 3, 4, 5, 6, 12, 7, 13, 8, 11, 9, 10]) == 3323  # the published optimum
    assert network.positions is not None
    assert network.positions[0].tolist() == [96.10, 16.47]


MATRIX = np.array([[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]])


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("form", ["UPPER", "LOWER", "UPPER_DIAG", "LOWER_DIAG"])
def test_matrix_formats(write: Write, form: str, transposed: bool) -> None:
    gap = 0 if "DIAG" in form else 1
    upper = form.startswith("UPPER") != transposed  # the upper triangle by columns is the lower one by rows
    cells = np.triu_indices(4, gap) if upper else np.tril_indices(4, -gap)
    text = (
        f"DIMENSION: 4\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: {form}_{'COL' if transposed else 'ROW'}\n"
        f"EDGE_WEIGHT_SECTION\n{' '.join(map(str, MATRIX[cells]))}\nEOF\n"
    )
    assert read_graph(write("x.tsp", text)).network.weight.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1.5 4", "1.5 x", "line 7 has 'x'"),
        ("1.5 4", "1.5", "2 numbers"),
        ("1.5 4", "1.5 nan", "'nan'"),
        ("UPPER_ROW", "FUNCTION", "'FUNCTION'"),
        ("EXPLICIT", "SPECIAL", "'SPECIAL'"),
        ("EXPLICIT", "EUC_2D", "no NODE_COORD_SECTION"),
        ("TYPE : TSP", "TYPE : CVRP", "'CVRP'"),
        ("TYPE : TSP\n", "TYPE : ATSP\nX : 1\nDIMENSION : 3000\n", "8997000 edges"),
        ("DIMENSION : 3", "DIMENSION : many", "'many'"),
        ("DIMENSION : 3", "DIMENSION : 18512", "171337816 edges"),
        ("UPPER_ROW\nEDGE_WEIGHT_SECTION\n", "FULL_MATRIX\nEDGE_WEIGHT_SECTION\n0 1 2 9 0 3\n", "write TYPE: ATSP"),
        ("NAME : t", "hello", "line 1"),
    ],
)
def test_bad_tsplib(write: Write, old: str, new: str, words: str) -> None:
    assert words in refusal(write("x.tsp", TSP.replace(old, new)))


def test_an_asymmetric_instance_is_a_directed_graph(write: Write) -> None:
    text = TSP.replace("TYPE : TSP", "TYPE : ATSP").replace("UPPER_ROW", "FULL_MATRIX")
    head, _ = text.split("EDGE_WEIGHT_SECTION\n")
    network = read_graph(write("x.atsp", head + "EDGE_WEIGHT_SECTION\n9 1 2 3 9 4 5 6 9\nEOF\n")).network
    assert network.directed
    ends = [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)]
    assert (network.edges(), network.weight.tolist()) == (ends, [1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("EUC_2D", "Distances are rounded to whole numbers, as EUC_2D asks."),
        ("CEIL_2D", "Distances are rounded up to whole numbers, as CEIL_2D asks."),
        ("GEO", "Distances are whole kilometres on the globe, as GEO asks."),
    ],
)
def test_what_becomes_of_distances_is_said(write: Write, kind: str, said: str) -> None:
    text = f"DIMENSION: 3\nEDGE_WEIGHT_TYPE: {kind}\nNODE_COORD_SECTION\n1 0 0\n2 3 4\n3 1 1\nEOF\n"
    assert read_graph(write("x.tsp", text)).notes == (said,)
    explicit = (
        "DIMENSION: 2\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: FULL_MATRIX\nEDGE_WEIGHT_SECTION\n0 1.5 1.5 0\n"
    )
    assert read_graph(write("y.tsp", explicit)).notes == ()
