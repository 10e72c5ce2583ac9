"""Graph files of any format: what is read, what is refused and how it is said."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from graphfiles import TRIANGLE, TRIANGLES, refusal, triples
from places import ROOT, SHARED
from written import Write

from problems.io import InputError, read_graph, safe
from problems.io import content as content_module

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the test data in ../shared is not here")


def _expected() -> list[dict[str, str]]:
    path = SHARED / "badinputs" / "EXPECTED.csv"
    return list(csv.DictReader(path.open())) if path.exists() else []


RECIPES = {  # files that the reader accepts, for the recipe to refuse
    "ok_disconnected.gml",
    "ok_isolated.gml",
    "ok_negative_cycle.gml",
    "bad_edge_key_no_multi.gml",
    "bad_neg_length.gr",
}


@needs_shared
@pytest.mark.parametrize("row", _expected(), ids=lambda row: row["file"])
def test_bad_inputs(row: dict[str, str]) -> None:
    path = SHARED / "badinputs" / row["file"]
    if row["expect"] == "reject" and row["file"] not in RECIPES:
        assert row["file"] in refusal(path)
        return
    try:
        network = read_graph(path).network
    except InputError:
        assert row["expect"] == "either"
        return
    if row["expect_n"]:
        assert network.n == int(row["expect_n"])
    if row["expect_m"]:
        assert network.m == int(row["expect_m"])


@needs_shared
@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("ok_some_weights_missing.gml", "edge 2 ('b' to 'c') has no weight"),
        ("bad_dup_id.gml", "node id 0"),
        ("bad_unknown_target.gml", "node 9"),
        ("bad_weight_nan.gml", "edge 1 ('a' to 'b')"),
        ("bad_weight_hugeint.gml", "edge 1 ('a' to 'b')"),
        ("bad_weight_list.gml", "edge 1 ('a' to 'b')"),
        ("bad_weight_word.graphml", "'heavy'"),
        ("bad_latin1_label.gml", "Latin-1"),
        ("bad_utf16.gml", "UTF-16"),
        ("bad_is_graphml.gml", "GraphML"),
        ("bad_csv.edgelist", "--delimiter ','"),
        ("bad_header.edgelist", "header"),
        ("bad_index.net", "vertex 9"),
        ("bad_word.gr", "line 2"),
        ("bad_xxe.graphml", "<!DOCTYPE ...>"),
        ("ok_implicit_node.graphml", "node 'zz'"),
    ],
)
def test_refusals_name_the_thing(file: str, words: str) -> None:
    assert words in refusal(SHARED / "badinputs" / file)


@needs_shared
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_hostile_files_stay_small_and_quick() -> None:
    files = ["bad_gz_bomb.gml.gz", "bad_billion_laughs.graphml", "bad_quadratic_blowup.graphml", "bad_count_huge.net"]
    script = (
        "import sys\nfrom problems.io import *\n"
        "for path in sys.argv[1:]:\n    try:\n        read_graph(path)\n        sys.exit(path)\n"
        "    except InputError:\n        pass\n"
        "high = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(high[0])"  # not ru_maxrss, which begins with that of the process that started this one
    )
    paths = [str(SHARED / "badinputs" / file) for file in [*files, "bad_huge_n.gr"]]
    root = ROOT
    done = subprocess.run([sys.executable, "-c", script, *paths], cwd=root, capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 500_000


@needs_shared
def test_topology_zoo_pairs() -> None:
    pairs = [(gml, SHARED / "topologyzoo/graphml" / f"{gml.stem}.graphml") for gml in SHARED.glob("topologyzoo/gml/*")]
    assert len(pairs) == 138
    for gml, graphml in pairs:
        one, two = read_graph(gml), read_graph(graphml)
        assert (one.network.n, one.network.m) == (two.network.n, two.network.m), gml.name
        assert triples(one) == triples(two), gml.name


@needs_shared
@pytest.mark.parametrize(
    ("file", "n", "m", "directed"),
    [
        ("karate.gml", 34, 78, True),
        ("lesmis.gml", 77, 254, False),
        ("netscience.gml", 1589, 2742, False),
        ("power.gml", 4941, 6594, False),
        ("usair97.gml", 332, 2126, False),
        ("rome99.gr", 3353, 8870, True),
        ("NY.gr.xz", 264346, 365050, False),
        ("si535.tsp", 535, 535 * 534 // 2, False),
    ],
)
def test_real_files(file: str, n: int, m: int, directed: bool) -> None:
    network = read_graph(SHARED / "data" / file).network
    assert (network.n, network.m, network.directed) == (n, m, directed)
    assert len(set(network.nodes)) == n


@pytest.mark.parametrize("name", TRIANGLES)
def test_every_format(write: Write, name: str) -> None:
    file = read_graph(write(name, TRIANGLES[name]))
    assert (file.network.n, file.network.m) == (3, 3)
    assert file.network.weight[np.lexsort((file.network.head, file.network.tail))].tolist() == [1.5, 4.0, 2.0]
    assert file.network.directed == (name == "t.gr")
    assert file.notes == ()


@pytest.mark.parametrize("name", ["t.gml", "t.graphml", "t.edgelist", "t.net", "t.tsp"])
@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_packed(write: Write, name: str, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TRIANGLES[name].encode())
    assert read_graph(write(name + suffix, packed)).network.m == 3
    assert "packed" in refusal(write(name, packed))
    assert "drop" in refusal(write("plain-" + name + suffix, TRIANGLES[name]))
    assert "damaged" in refusal(write("cut-" + name + suffix, packed[:-9]))
    assert "empty" in refusal(write("empty-" + name + suffix, b""))


def test_bombs(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = write("b.gml.xz", lzma.compress(b" " * (60 << 20)))
    assert "200 times" in refusal(bomb)
    monkeypatch.setattr(content_module, "MAX_BYTES", 1 << 20)
    assert "1 MB" in refusal(write("large.gml", " " * (2 << 20)))


@pytest.mark.parametrize(
    ("name", "as_name", "hint"),
    [
        ("t.graphml", "x.gml", ".graphml"),
        ("t.gml", "x.edgelist", ".gml"),
        ("t.gml", "x.graphml", ".gml"),
        ("t.net", "x.gml", ".net"),
        ("t.gr", "x.txt", ".gr"),
        ("t.tsp", "x.gr", ".tsp"),
        ("t.edgelist", "x.unknown", "rename"),
        ("t.edgelist", "x.graphml", "XML"),
    ],
)
def test_name_and_content_disagree(write: Write, name: str, as_name: str, hint: str) -> None:
    assert hint in refusal(write(as_name, TRIANGLES[name]))


def test_content_decides_where_the_name_is_silent(write: Write) -> None:
    assert read_graph(write("graph", TRIANGLE)).network.m == 3


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    assert "directory" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "absent.gml")
    assert "not a possible path" in refusal("nul\0.gml")
    assert "a\\x1b[2J" in refusal(tmp_path / "a\x1b[2J.gml")
    if os.name == "posix":
        assert "regular" in refusal("/dev/null")
        os.mkfifo(tmp_path / "fifo.gml")
        assert "regular" in refusal(tmp_path / "fifo.gml")
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        (tmp_path / "secret.gml").touch(mode=0)
        assert "denied" in refusal(tmp_path / "secret.gml")


def test_safe() -> None:
    assert safe("a\x1b[2J\n\u202eb") == "a\\x1b[2J\\n\\u202eb"
    assert len(safe("x" * 10**6)) == 60
    assert safe("Zürich 東京") == "Zürich 東京"
    assert safe(10**5000) == "<int>"
    assert safe(5) == "5"


def test_import_is_light() -> None:
    script = (
        "import sys, problems.io; print([m for m in ('networkx', 'cvxpy', 'vrplib', 'matplotlib') if m in sys.modules])"
    )
    root = ROOT
    assert subprocess.check_output([sys.executable, "-c", script], cwd=root, text=True).strip() == "[]"
