"""Tables of edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphfiles import TRIANGLE, refusal
from written import Write

from problems.io import read_graph


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,1\nb,c,2\n", "--delimiter ','"),
        ("a, b, 1\n", "--delimiter ','"),
        ("a;b;1\n", "--delimiter ';'"),
        ("a b 1\nb c\n", "line 2 has 2 columns"),
        ("a b 1 2\n", "(column 3, column 4); choose one with --weight NAME"),
        ("Source Target\na b\n", "header"),
        ("from to w x\n", "header"),
        ("u v w\na b 1\n", "header"),
        ("a b 1_000\n", "'1_000'"),
        ("a b {'weight': __import__('os').getpid()}\n", "not a dict"),
        ("a b {'weight': " + "-" * 9000 + "1}\n", "line 1"),
        ("a b {'weight': " + "(" * 900 + "}\n", "line 1"),
        ("a b {" + "'x': 1, " * 9000 + "}\n", "line 1"),
        ("a b {1: 2}\n", "not a dict"),
        ("a b {'weight': True}\n", "True"),
        ("a b {'weight': 0x" + "f" * 5000 + "}\n", "too large"),
        ("a b {'weight': [[1]]}\n", "a list"),
        ("# nothing\n", "no edges"),
        ("a -> b 1.5\na -> c 2\n", "say --columns 1 3"),
        ("a knows b 3\nb knows c 4\n", "column 3 holds 'b' too, as column 1"),
        ("a pp b\nb pd c\n", "perhaps --columns 1 3"),
        ("1 a b 1.5\n2 b c 2\n", "perhaps --columns 2 3"),
    ],
)
def test_bad_edge_lists(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.edgelist", text))


def test_delimiters(write: Write) -> None:
    path = write("x.txt", "new york; rome; 2\n")
    network = read_graph(path, delimiter=";").network
    assert (list(network.nodes), network.weight.tolist()) == (["new york", "rome"], [2])
    assert read_graph(write("x.tsv", "a b\tc\n"), delimiter="\\t").network.nodes == ["a b", "c"]
    assert "--delimiter" in refusal(path, delimiter="")
    assert any("--delimiter" in note for note in read_graph(write("x.gml", TRIANGLE), delimiter=";").notes)


def edges(path: Path, **options: Any) -> list[tuple[str, str, float]]:
    """The edges as read, in order."""
    network = read_graph(path, **options).network
    return [(str(u), str(v), w) for (u, v), w in zip(network.edges(), network.weight.tolist(), strict=True)]


AB = [("a", "b", 1.5), ("b", "c", 2.0)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tabs.txt", "a\tb\t1.5\nb\tc\t2\n"),
        ("tabs.csv", "a\tb\t1.5\nb\tc\t2\n"),
        ("commas.edges", "a,b,1.5\nb,c,2\n"),
        ("commas.tsv", "a, b, 1.5\nb, c, 2\n"),
        ("semicolons.csv", "a;b;1.5\nb;c;2\n"),
        ("decimal.csv", "a;b;1,5\nb;c;2\n"),
        ("decimal.tsv", "a\tb\t1,5\nb\tc\t2,0\n"),
        ("pipes.txt", "a | b | 1.5\nb | c | 2\n"),
        ("blanks.csv", "a b 1.5\nb   c  2\n"),
        ("crlf.csv", "a,b,1.5\r\nb,c,2\r\n"),
        ("mac.csv", "a,b,1.5\rb,c,2\r"),
        ("bom.csv", "\ufeffa,b,1.5\nb,c,2\n"),
        ("trailing.csv", "a,b,1.5,\nb,c,2,\n"),
        ("trailing.txt", "a b 1.5  \n  b c 2\t\n\n\n"),
        ("quoted.txt", '"a" "b" 1.5\n"b" "c" 2\n'),
        ("quoted.csv", '"a","b","1.5"\n"b","c","2"\n'),
        ("comments.txt", "# one\n% two\na b 1.5\n#\n# three\nb c 2  # four\n"),
        ("a.ncol", "a b 1.5\nb c 2\n"),
        ("header.csv", "source,target,weight\na,b,1.5\nb,c,2\n"),
        ("upper.csv", "SOURCE;TARGET;WEIGHT\na;b;1.5\nb;c;2\n"),
        ("order.csv", "Weight,Target,Source\n1.5,b,a\n2,c,b\n"),
        ("header.txt", "from to weight\na b 1.5\nb c 2\n"),
        ("nodes.csv", "node1,node2,weight\na,b,1.5\nb,c,2\n"),
        ("spaces.csv", "From Node, To Node, Weight\na, b, 1.5\nb, c, 2\n"),
        ("trailing header.csv", "source,target,weight,\na,b,1.5,\nb,c,2,\n"),
        ("short header.csv", "source,target,weight\na,b,1.5,\nb,c,2,\n"),
        ("commented.txt", "# source target weight\na b 1.5\nb c 2\n"),
        ("pandas.csv", ",source,target,weight\n0,a,b,1.5\n1,b,c,2\n"),
        ("unnamed.csv", "Unnamed: 0,source,target,weight\n0,a,b,1.5\n1,b,c,2\n"),
        ("r.csv", '"","from","to","weight"\n"1","a","b",1.5\n"2","b","c",2\n'),
        ("r.txt", '"from" "to" "weight"\n"1" "a" "b" 1.5\n"2" "b" "c" 2\n'),
        ("osmnx.csv", "u,v,key,osmid,length\na,b,0,12,1.5\nb,c,0,13,2\n"),
        ("gephi.csv", "Source,Target,Type,Id,Label,timeset,Weight\na,b,Undirected,0,,,1.5\nb,c,Undirected,1,,,2\n"),
        (
            "gephi.txt",
            "Source\tTarget\tType\tId\tLabel\tWeight\na\tb\tUndirected\t0\t\t1.5\nb\tc\tUndirected\t1\t\t2\n",
        ),
        ("konect.tsv", "% sym weighted\n% 2 3 3\na b 1.5\nb c 2\n"),
        ("konect.txt", "% sym posweighted\na b 1.5 1082040961\nb c 2 1082040962\n"),
        ("out.moreno_lesmis_lesmis", "% sym posweighted\na b 1.5\nb c 2\n"),
        ("words.csv", "Ort A,Ort B,Strecke\na,b,1.5\nb,c,2\n"),
        ("unknown.csv", "ville,voisine,trajet\na,b,1.5\nb,c,2\n"),
        ("snap.txt", "# Undirected graph: x.txt\n# FromNodeId\tToNodeId\tLength\na\tb\t1.5\nb\tc\t2\n"),
        ("times.tsv", "a\tb\t1.5\t1082040961\nb\tc\t2\t1082155839\n"),
        ("milliseconds.csv", "source,target,length,time\na,b,1.5,1582040961000\nb,c,2,1582040961999\n"),
        ("excel.csv", "sep=;\nSource;Target;Weight\na;b;1,5\nb;c;2\n"),
        ("hash.txt", '"a" b 1.5 # "c" d\nb c 2\n'),
        ("dicts.csv", "a,b,{'weight': 1.5}\nb,c,{'weight': 2}\n"),
    ],
)
def test_tables_of_one_graph(write: Write, name: str, text: str) -> None:
    path = write(name, text)
    assert edges(path) == AB
    assert not read_graph(path).network.directed


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ('"Smith, Jo","Lee",3\n"Lee","Kim ""K""",4\n', ["Smith, Jo", "Lee", 'Kim "K"']),
        ("New York\tRome\t3\nRome\tLa Paz\t4\n", ["New York", "Rome", "La Paz"]),
        ("Smith, Jo\tLee\t3\nLee\tKim\t4\n", ["Smith, Jo", "Lee", "Kim"]),
        ("Paris,FR Rome,IT 3\nRome,IT Bonn,DE 4\n", ["Paris,FR", "Rome,IT", "Bonn,DE"]),
        ('"New York" Rome 3\nRome "La Paz" 4\n', ["New York", "Rome", "La Paz"]),
        ('"a #1" "b# 2" 3\n"b# 2" "#c" 4\n', ["a #1", "b# 2", "#c"]),
        ('"two\nlines",b,3\nb,c,4\n', ["two\nlines", "b", "c"]),
        ("01 1 3\n1 1.0 4\n", ["01", "1", "1.0"]),
        ("a:1|b:2|3\nb:2|c;3|4\n", ["a:1", "b:2", "c;3"]),
    ],
)
def test_names_stay_as_they_are(write: Write, text: str, nodes: list[str]) -> None:
    network = read_graph(write("x.csv", text)).network
    assert (network.nodes, network.weight.tolist()) == (nodes, [3, 4])


@pytest.mark.parametrize(
    "text",
    [
        "source,target,5\ntarget,b,1\n",  # a number is no name of a column
        "u v\nv w\n",  # v is a node below
        "v1 v2\nv3 v4\n",  # numbered as the others are
        "v1,v2,3\nv2,v3,4\n",
        "from,to\nto,x\n",
        "a,b,3\nb,c,4\n",
        "ann,bob\nbob,cy\n",
    ],
)
def test_an_edge_in_the_first_row_is_kept(write: Write, text: str) -> None:
    file = read_graph(write("x.csv", text))
    assert file.network.m == 2
    assert not any("names of columns" in note for note in file.notes)


def test_what_is_assumed_is_said(write: Write) -> None:
    notes = read_graph(write("x.csv", "Von;Nach;km\nUlm;Bonn;1,5\n")).notes
    assert notes == (
        "Line 1 is taken as names of columns: an edge's ends are 'Von' and 'Nach', "
        "both ways unless you say --directed.",
        "The columns are separated by ';'.",
        "The edge attribute 'km', the only numeric one, is taken as weight.",
    )
    notes = read_graph(write("x.tsv", "1\t2\t4\t1082040961\n2\t3\t-1\t1082040961\n")).notes
    assert notes == ("The edge attribute 'column 3', not column 4, is taken as weight.",)
    assert read_graph(write("x.txt", "a b 1\n")).notes == ()


@pytest.mark.parametrize(
    ("text", "directed"),
    [
        ("% asym unweighted\n1 2\n", True),
        ("% sym unweighted\n1 2\n", False),
        ("# Directed graph (each unordered pair of nodes is saved once): x.txt\n1 2\n", True),
        ("# Undirected graph: x.txt\n1 2\n", False),
        ("Source,Target,Type\n1,2,Directed\n", True),
        ("Source,Target,Type\n1,2,undirected\n", False),
    ],
)
def test_direction_as_the_file_says(write: Write, text: str, directed: bool) -> None:
    path = write("x.txt", text)
    assert read_graph(path).network.directed == directed
    assert read_graph(path, directed=directed).notes == read_graph(path).notes
    other = read_graph(path, directed=not directed)
    assert other.network.directed == (not directed)
    assert any("as you say" in note for note in other.notes)


def test_direction_as_the_user_says(write: Write) -> None:
    path = write("x.txt", "a b 1\n")
    assert read_graph(path, directed=True).network.directed
    assert read_graph(path, directed=True).notes == ()


def test_both_directions(write: Write) -> None:
    path = write("x.csv", "Source,Target,Type,Weight\na,b,Undirected,1\nb,c,Directed,2\n")
    file = read_graph(path)
    assert file.network.directed
    assert edges(path) == [("a", "b", 1), ("b", "c", 2), ("b", "a", 1)]
    assert "Undirected edges beside directed ones, read as two arcs each: 1." in file.notes
    assert read_graph(path, directed=False).network.m == 2


def test_konect(write: Write) -> None:
    assert edges(write("x.txt", "% sym unweighted\n1 2 1 1082040961\n")) == [("1", "2", 1)]
    assert edges(write("x.txt", "% bip weighted\n1 1 3\n1 2 4\n")) == [
        ("left 1", "right 1", 3),
        ("left 1", "right 2", 4),
    ]
    assert edges(write("x.txt", "% asym positive\n1 2 5\n")) == [("1", "2", 5)]
    assert "come and go" in refusal(write("x.txt", "% asym dynamic\n1 2 1 1082040961\n"))
    assert edges(write("pct.edges", "% 3 2\n1 2 10\n2 3 20\n")) == [("1", "2", 10), ("2", "3", 20)]


def test_times_are_not_taken_as_weights(write: Write) -> None:
    for text in ("1 2 1082040961\n2 3 1082155839\n", "# FromNodeId ToNodeId Time\n1 2 1082040961\n2 3 1082155839\n"):
        path = write("x.txt", text)
        assert "which looks like Unix times; say --weight" in refusal(path)
        assert read_graph(path, unweighted=True).network.weight.tolist() == [1, 1]
        assert read_graph(path, weight="3" if text[0] == "1" else "time").network.weight[0] == 1082040961
    assert "looks like" in refusal(write("x.csv", "u,v,when\n1,2,1082040961\n"))


def test_the_user_chooses_columns(write: Write) -> None:
    path = write("x.csv", "id,start,len,end,fee\n7,a,1.5,b,9\n8,b,2,c,9\n")
    assert edges(path, weight="len") == AB
    assert edges(path, weight="LEN", columns=("start", "end")) == AB
    assert edges(path, weight="fee", columns=("2", "4")) == [("a", "b", 9), ("b", "c", 9)]
    bare = write("y.csv", "7,a,1.5,b,9\n8,b,2,c,9\n")
    assert edges(bare, weight="3", columns=("2", "4")) == AB
    assert edges(write("z.txt", "a b 1.5 9\nb c 2 9\n"), weight="3") == AB
    assert edges(write("e.edgelist", "a b 1.5 9\nb c 2 9\n"), weight="3") == AB
    assert edges(write("t.txt", "a b 1.5\nb c 2\n"), weight="3") == AB
    assert edges(write("t.txt", "a b 1.5\nb c 2\n"), unweighted=True) == [("a", "b", 1), ("b", "c", 1)]
    assert "'toll'" in refusal(path, columns=("start", "toll"))
    assert "numbered 1 to 5" in refusal(bare, columns=("start", "9"))
    assert "one column" in refusal(path, columns=("start", "2"))
    assert any(
        "--columns is not used" in note for note in read_graph(write("x.gml", TRIANGLE), columns=("1", "2")).notes
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,1\nb,c\n", "line 2 has 2 columns where line 1 has 3"),
        ("3 2\n1 2 10\n2 3 20\n", "if the first counts nodes and edges, begin it with #"),
        ("3 2\n1 2\n2 3\n", "line 1 may count 3 nodes and 2 edges, or be an edge"),
        ("a,b,1\n,c,2\n", "line 2 has an empty column"),
        ("a,b,x\nb,c,2\n", "('a' to 'b') has as weight 'x', which is not a number"),
        ("a,b,1O\nc,d,2\n", "'1O', which is not a number"),
        ("a,b,\nb,c,2\n", "edge 1 ('a' to 'b') has no weight"),
        ('a,"b,1\nb,c,2\n', "line 1 has a quote"),
        ('"a"b,c,1\n', "line 1 has a quote"),
        ("Id,Label\n1,Ann\n2,Bob\n", "a table of nodes"),
        ("name,age,town,pay\nx,1,y,2\n", "--columns U V"),
        ("source,target,weight\n", "no edges below line 1"),
        ("source,target,length,cost\na,b,1,2\n", "(length, cost); choose one with --weight NAME"),
        ("a,b,1,2\n", "(column 3, column 4); choose one"),
        ("#x,#y,3\n#y,#z,4\n", "no edges"),
        ("x,y,3\n#y,#z,4\n", "line 2 begins with #"),
        ("only\n", "one column"),
        (",a,b,c\na,0,1,2\nb,1,0,3\nc,2,3,0\n", "is a matrix"),
        ("a,b,c\na,0,1,2\nb,1,0,3\nc,2,3,0\n", "is a matrix"),
        ("0,1,2\n1,0,3\n2,3,0\n", "looks like a matrix of 3 nodes"),
        ("edge,cost\na-b,3\nb-c,4\n", "none are surely an edge's ends; say --columns U V"),
        ("a,b,nan\n", "not a number"),
        ("a,b,1e999\n", "not finite"),
        ("a;b;1.234,5\n", "'1.234,5'"),
        (
            "source,target,length\na,b,12 m\n",
            "'length', but not as a number on every edge: edge 1 ('a' to 'b') has '12 m'",
        ),
        ("city,town,km\na,b,1\nb,c,2x\nc,a,3\n", "edge 2 ('b' to 'c') has '2x'"),
        ("city,town,km\na,b,1\nb,c,\nc,a,3\n", "edge 2 ('b' to 'c') has none"),
        ("node1,node2,length\n1,2,1\n2,3,2..5\n3,1,3\n", "edge 2 ('2' to '3') has '2..5'"),
        ("a,b,1\nb,c,2x\nc,a,3\n", "edge 2 ('b' to 'c') has as weight '2x', which is not a number"),
    ],
)
def test_bad_tables(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.csv", text))


@pytest.mark.parametrize(
    ("text", "columns", "found"),
    [
        ("a -> b 1.5\nb -> c 2\n", ("1", "3"), [("a", "b", 1.5), ("b", "c", 2)]),
        ("7 a b 1.5\n8 b c 2\n", ("2", "3"), [("a", "b", 1.5), ("b", "c", 2)]),
        ("a b b 1.5\nb c c 2\n", ("1", "2"), [("a", "b", 1.5), ("b", "c", 2)]),
    ],
)
def test_the_remedy_for_ends_that_are_not_sure(write: Write, text: str, columns: tuple[str, str], found: Any) -> None:
    assert edges(write("x.edgelist", text), columns=columns, weight="4") == found


def test_a_million_edges_need_no_list_each(write: Write) -> None:
    n = 20_000
    text = "source,target,weight\n" + "".join(f"{i},{i + 1},{i % 7}\n" for i in range(n))
    network = read_graph(write("x.csv", text)).network
    assert (network.n, network.m, network.weight.sum()) == (n + 1, n, sum(i % 7 for i in range(n)))
