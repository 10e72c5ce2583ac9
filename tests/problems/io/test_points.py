"""Tables of points: distances of all pairs, names, coordinates chosen or found, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from written import Write

from problems.io import read_graph
from problems.io.points import read_points
from problems.terminal.errors import InputError

TABLES = [
    ("name,x,y\na,0,0\nb,3,4\nc,0,1.5\n", ["a", "b", "c"]),
    ("name;x;y\na;0;0\nb;3;4\nc;0;1,5\n", ["a", "b", "c"]),
    ("a,0,0\nb,3,4\nc,0,1.5\n", ["a", "b", "c"]),
    ("x,y\n0,0\n3,4\n0,1.5\n", [1, 2, 3]),
    ("0 0\n3 4\n0 1.5\n", [1, 2, 3]),
    ("1 0 0\n2 3 4\n3 0 1.5\n", ["1", "2", "3"]),
    ("id,x,y,people\n7,0,0,5\n8,3,4,6\n9,0,1.5,9\n", ["7", "8", "9"]),
    ("y,x\n0,0\n4,3\n1.5,0\n", [1, 2, 3]),
    ("town,east,north\na,0,0\nb,3,4\nc,0,1.5\n", ["a", "b", "c"]),
    ("# towns\n\na\t0\t0\nb\t3\t4\nc\t0\t1.5\n", ["a", "b", "c"]),
]


def refusal(path: Any, **asked: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_points(path, **asked)
    return str(caught.value)


@pytest.mark.parametrize(("text", "names"), TABLES)
def test_points_as_people_write_them(write: Write, text: str, names: list[object]) -> None:
    file = read_points(write("x.csv", text))
    network = file.network
    assert list(network.nodes) == names
    assert not network.directed
    assert network.weight.tolist() == [5, 1.5, math.hypot(3, 2.5)]
    assert network.positions is not None
    assert network.positions.tolist() == [[0, 0], [3, 4], [0, 1.5]]
    assert any("are the coordinates; distances are not rounded" in note for note in file.notes)


def test_distances_are_those_of_the_plane_at_any_scale(write: Write) -> None:
    place = np.random.default_rng(1).normal(size=(30, 2))
    for scale in (1e-200, 1.0, 1e90):
        file = write("x.npy", "")
        np.save(file, place * scale)
        network = read_points(file).network
        exact = [math.dist(place[i] * scale, place[j] * scale) for i in range(30) for j in range(i + 1, 30)]
        assert network.weight == pytest.approx(exact, rel=1e-15)


def test_space_and_chosen_columns(write: Write) -> None:
    table = write("x.csv", "name,x,y,z\na,0,0,0\nb,1,2,2\n")
    assert read_points(table).network.weight.tolist() == [3]
    assert read_points(table, ("y", "z")).network.weight.tolist() == [math.hypot(2, 2)]
    assert read_points(table, ("2", "3")).network.weight.tolist() == [math.hypot(1, 2)]
    line = write("y.csv", "x,y,z\n1,0,0\n2,0,0\n3,0,0\n")  # x counts on, but is a coordinate
    assert read_points(line).network.weight.tolist() == [1, 2, 1]


def test_names_that_are_the_same_degrees_and_small_tables(write: Write) -> None:
    file = read_points(write("x.csv", "name,lat,lon\na,0,7\na,1,7\n,3,7\n"))
    assert file.network.nodes == ["a (1)", "a (2)", "3"]
    assert file.network.positions is not None
    assert file.network.positions.tolist() == [[7, 0], [7, 1], [7, 3]]  # longitude to the right
    assert any("Degrees are taken as lengths" in note for note in file.notes)
    assert read_points(write("y.csv", "x,y\n2,3\n")).network.m == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b,c,d\n1.5,2,3,5\n2,2,3,7\n9,5,6,1\n", "numbers in columns 'a', 'b', 'c', 'd'; say which two"),
        ("1.5 2 3\n3 1 2\n9 1 1\n", "say which two are the coordinates, --columns X Y"),
        ("name,x\na,1\nb,2\n", "numbers in column 'x' alone"),
        ("name,kind\na,u\nb,v\n", "no column of numbers"),
        ("name,x,y\na,1,2\nb,3,four\nc,5,6\n", "line 3, column 'y' is 'four'"),
        ("name,x,y\na,1,2\nb,,4\nc,5,6\n", "line 3 has no value in column 'x'"),
        ("name,x,y\na,1,2\nb,1e200,4\nc,5,6\n", "line 3, column 'x' is '1e200'"),
        ("", "is empty"),
    ],
)
def test_what_is_refused_names_the_row_and_the_value(write: Write, text: str, said: str) -> None:
    assert said in refusal(write("x.csv", text))


def test_other_refusals(write: Write) -> None:
    table = write("x.csv", "name,x,y\na,1,2\nb,3,4\n")
    assert "has no column 'z'" in refusal(table, columns=("x", "z"))
    assert "both coordinates in one column" in refusal(table, columns=("x", "2"))
    assert "save it as CSV" in refusal(write("x.xlsx", "PK"))
    assert "goes with --graph" in refusal(write("x.tsp", "DIMENSION: 3\n"))
    many = write("x.npy", "")
    np.save(many, np.zeros((3163, 2)))
    assert "has 3,163 points" in refusal(many)


@pytest.mark.parametrize(
    "text",
    [
        "name,x,y\na,1,2\nb,3,4\nc,5,6\n",
        "x,y\n1.5,2.25\n3.5,4.5\n",
        "city,lat,lon,people\na,1,2,3\nb,3,4,5\n",
        "id,longitude,latitude\n1,2,3\n2,4,5\n",
        "x,y,z\n1,2,3\n2,4,5\n",
        "a,46.9,7.4\nb,46.2,6.1\nc,47.5,7.6\n",
        "a 1 2\nb 3 4\n",
        "46.9 7.4\n46.2 6.1\n",
        "1 46 7\n2 40 6\n3 47 9\n",
        "town,east,north\na,1,2\nb,3,4\n",
        "town,km east,km north\na,1,2\nb,3,4\n",
    ],
)
def test_read_as_a_graph_the_remedy_is_named(write: Write, text: str) -> None:
    path = write("x.txt", text)
    with pytest.raises(InputError, match="a table of points, which mst and tsp read by --points"):
        read_graph(path)
    assert len(read_points(path).network.nodes) == text.count("\n") - (text[:2] not in ("a,", "a ", "46", "1 "))


@pytest.mark.parametrize(
    "text",
    [
        "x,y\n1,2\n2,3\n",
        "x,y,weight\n1,2,3\n2,3,5\n",
        "1 2 3\n2 3 4\n",
        "1 2\n3 4\n",
        "1.0 1.1\n",
        "a 1 2\na 2 3\n",
        "source,target,weight\na,46.9,7.4\nb,46.2,6.1\nc,47.5,7.6\n",
        "source,target\n46.9,7.4\n46.2,6.1\n",
    ],
)
def test_edges_are_still_edges(write: Write, text: str) -> None:
    assert read_graph(write("x.txt", text)).network.m >= 1
