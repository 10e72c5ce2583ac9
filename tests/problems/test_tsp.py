"""The travelling salesman on the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from commandline import answer_of, without_seconds
from places import SHARED

from problems.recipe import run
from problems.running.graph_text import in_order
from problems.tsp import RECIPE, SHOWN

LOOPY = "a b 1\nb c 2\nc a 3\nc a 1\na a 4\n"
ATSP = """NAME: t\nTYPE: ATSP\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: FULL_MATRIX
EDGE_WEIGHT_SECTION\n9999 1 9\n9 9999 1\n1 9 9999\nEOF\n"""


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def written(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return written


def test_the_example_is_a_tour_along_roads(capsys: Any) -> None:
    code, answer, err = answer_of(RECIPE, capsys, "--require-proof")
    assert (code, err, answer["problem"], answer["status"]) == (0, "", "tsp", "optimal")
    assert (answer["value"], answer["bound"], len(set(answer["answer"])), len(answer["answer"])) == (2434, 2434, 13, 13)
    assert answer["certificate"]["exact"]
    assert (answer["stats"]["nodes"], answer["stats"]["edges"]) == (13, 25)
    assert without_seconds(answer) == without_seconds(answer_of(RECIPE, capsys, "--require-proof")[1])


def test_the_text_and_the_picture(capsys: Any, tmp_path: Path) -> None:
    picture = tmp_path / "tour.svg"
    assert run(RECIPE, ["--plot", str(picture)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Shortest tour through all nodes of cities.gml (13 nodes, 25 edges)\n  status optimal\n")
    assert out.splitlines()[-1].startswith("tour through 13 nodes: Berlin -> Hamburg -> ")
    assert out.splitlines()[-1].endswith(" -> Berlin")
    assert "Shortest tour" in picture.read_text() or picture.stat().st_size > 10_000  # letters may be drawn as paths


def test_loops_and_parallel_edges_are_ignored_and_that_is_said(capsys: Any, file: Any) -> None:
    code, answer, err = answer_of(RECIPE, capsys, "--graph", file("x.edgelist", LOOPY))
    assert (code, answer["value"], answer["answer"]) == (0, 4, ["a", "b", "c"])
    assert "1 self-loop is ignored" in err
    assert "1 parallel edge is ignored, the lightest being kept" in err


@pytest.mark.parametrize("directed", [True, False])
def test_arcs_are_taken_in_their_direction(capsys: Any, file: Any, directed: bool) -> None:
    arcs = file("x.edgelist", "a b 1\nc b 1\nc a 1\n")
    code, answer, _ = answer_of(RECIPE, capsys, "--graph", arcs, "--directed" if directed else "--undirected")
    assert (code, answer["status"]) == ((2, "infeasible") if directed else (0, "optimal"))


@pytest.mark.parametrize("graph", [nx.path_graph(4), nx.petersen_graph(), nx.disjoint_union(*2 * [nx.cycle_graph(3)])])
def test_no_tour_is_proven_and_said_in_a_line(capsys: Any, tmp_path: Path, graph: nx.Graph[Any]) -> None:
    nx.write_edgelist(graph, tmp_path / "x.edgelist", data=False)
    code, answer, err = answer_of(RECIPE, capsys, "--graph", str(tmp_path / "x.edgelist"), "--unweighted")
    assert (code, answer["status"], answer["answer"], answer["certificate"]["verified"]) == (
        2,
        "infeasible",
        None,
        True,
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("t.atsp", ATSP, 3),
        ("t.tsp", ATSP.replace("ATSP", "TSP").replace("9 9999 1\n1 9", "1 9999 1\n9 1"), 11),
        ("m.csv", "0,1,9\n9,0,1\n1,9,0\n", 3),
        ("m.csv", "0,1,9\n1,0,1\n9,1,0\n", 11),
        ("m.csv", "0,3\n4,0\n", 7),
    ],
)
def test_matrices_may_be_asymmetric(capsys: Any, file: Any, name: str, text: str, value: float) -> None:
    how = "--matrix" if name.endswith("csv") else "--graph"
    code, answer, _ = answer_of(RECIPE, capsys, how, file(name, text))
    n = 2 if value == 7 else 3
    assert (code, answer["value"], answer["answer"]) == (0, value, list(range(1, n + 1)))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--matrix", ("one.csv", "5\n")], "one.csv: a tour needs at least 3 nodes; there is 1"),
        (["--graph", ("two.edgelist", "a b 1\n")], "two.edgelist: a tour needs at least 3 nodes; there are 2"),
        (["--matrix", ("m.csv", "0,1\n")], "square"),
        (["--matrix", ("m.csv", "0,inf\n1,0\n")], "finite"),
        (["--matrix", ("m.xls", "0,1\n1,0\n")], ".phylip or .npy"),
        (["--matrix", ("m.csv", "0,1\n1,0\n"), "--graph", ("x.edgelist", LOOPY)], "not both"),
        (["--graph", ("t.tsp", ATSP.replace("ATSP", "TSP"))], "write TYPE: ATSP"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(capsys: Any, file: Any, arguments: list[Any], said: str) -> None:
    words = [file(*word) if isinstance(word, tuple) else word for word in arguments]
    assert run(RECIPE, [*words, "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


@pytest.mark.skipif(not SHARED.is_dir(), reason="the test data in ../shared is not here")
def test_the_picture_of_a_complete_graph_shows_the_tour_alone(tmp_path: Path, capsys: Any) -> None:
    folder = SHARED / "data" / "tsplib"
    assert run(RECIPE, ["--graph", str(folder / "gr24.tsp"), "--plot", str(tmp_path / "t.png"), "--quiet"]) == 0
    assert "value  1272" in capsys.readouterr().out
    assert (tmp_path / "t.png").stat().st_size > 10_000


@pytest.mark.parametrize("n", [40, 41, 60])
def test_a_list_is_shortened_by_two_names_at_least(n: int) -> None:
    shown = in_order([*range(n), 0], SHOWN)
    more = re.search(r"\.\.\. (\d+) more", shown)
    assert (more is None) == (n == 40)  # the 41st is the first again
    assert shown.count(" -> ") + (int(more[1]) - 1 if more else 0) == n
