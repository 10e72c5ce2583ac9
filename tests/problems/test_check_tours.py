"""Tours proven again from their JSON and the input alone, and lies about them caught."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of

from formulations.graphs.combs import Combs, comb_rows
from problems.check import main
from problems.proofs.duality import Unproven
from problems.proofs.rows import Columns, Sets, comb, trees_inside
from problems.tsp import RECIPE


def checked(capsys: Any, answer: Any, folder: Path, *given: str) -> tuple[int, str]:
    """The exit code and the output of the check of an answer."""
    path = folder / "answer.json"
    path.write_text(json.dumps(answer))
    code = main([str(path), *given, "--quiet"])
    return code, capsys.readouterr().out


def plane(folder: Path) -> str:
    """Points in the plane whose shortest tour takes cuts, combs and branching to prove."""
    place = np.random.default_rng(3).random((40, 2)) * 100
    np.save(folder / "plane.npy", np.rint(np.linalg.norm(place[:, None] - place, axis=2)))
    return str(folder / "plane.npy")


Lie = Callable[[dict[str, Any]], Any]


def of_comb(change: Callable[[dict[str, Any], list[Any]], Any]) -> Lie:
    """A change of the sets, and of the first entry of a comb."""

    def lie(answer: dict[str, Any]) -> None:
        certificate = answer["certificate"]
        [entry, *_] = (found for dual in certificate["duals"] for found in dual.get("comb", []))
        change(certificate["sets"], entry)

    return lie


def heavier(kind: str) -> Lie:
    """All multipliers of a kind of rows, a tenth larger."""

    def lie(answer: dict[str, Any]) -> None:
        for dual in answer["certificate"]["duals"]:
            for entry in dual.get(kind, []):
                entry[-1] = str(float(entry[-1]) * 1.1) if not isinstance(entry[-1], str) else entry[-1] + "0"

    return lie


def without_a_node(sets: Any, entry: list[Any]) -> None:
    """The first tooth is left with the vertices on one side of the handle."""
    handle, teeth = set(sets[entry[0]]["nodes"]), sets[entry[1]]
    k = len(teeth["nodes"])
    first = [v for v, parent in zip(teeth["nodes"], teeth["parent"][:k], strict=True) if parent == k and v in handle]
    kept = [i for i, v in enumerate(teeth["nodes"]) if v not in first]
    gone = k - len(kept)
    parents = [p - gone if p >= 0 else -1 for p in teeth["parent"]]
    teeth["nodes"] = [teeth["nodes"][i] for i in kept]
    teeth["parent"] = [parents[i] for i in kept] + parents[k:]


LIES: dict[str, Lie] = {
    "value": lambda a: a.update(value=a["value"] - 1),
    "bound": lambda a: a.update(bound=a["bound"] + 1),
    "two nodes exchanged": lambda a: a["answer"].__setitem__(slice(3, 5), a["answer"][3:5][::-1]),
    "a node left out": lambda a: a["answer"].pop(),
    "a node twice": lambda a: a["answer"].__setitem__(0, a["answer"][1]),
    "a node that is not there": lambda a: a["answer"].__setitem__(0, 99),
    "multipliers of degrees": heavier("degree"),
    "multipliers of cuts": heavier("inside"),
    "multipliers of combs": heavier("comb"),
    "a comb's handle as its teeth": of_comb(lambda _, entry: entry.__setitem__(1, entry[0])),
    "a comb's teeth as its handle": of_comb(lambda _, entry: entry.__setitem__(0, entry[1])),
    "a tooth on one side of the handle": of_comb(without_a_node),
    "a comb without its handle": of_comb(lambda _, entry: entry.pop(0)),
    "a branch left out": lambda a: a["certificate"]["boxes"].pop(),
}


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """An answer for the points in the plane."""
    from contextlib import redirect_stdout
    from io import StringIO

    from problems.recipe import run

    folder, out = tmp_path_factory.mktemp("plane"), StringIO()
    with redirect_stdout(out):
        assert run(RECIPE, ["--matrix", plane(folder), "--json", "--quiet"]) == 0
    return json.loads(out.getvalue()), folder


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_a_tour_is_caught(capsys: Any, proven: tuple[dict[str, Any], Path], lie: str) -> None:
    answer, folder = copy.deepcopy(proven[0]), proven[1]
    kinds = Counter(kind for dual in answer["certificate"]["duals"] for kind in dual)
    assert kinds.keys() == {"degree", "inside", "comb"}
    assert checked(capsys, answer, folder, "--matrix", plane(folder))[0] == 0
    LIES[lie](answer)
    assert checked(capsys, answer, folder, "--matrix", plane(folder))[0] in (1, 2)


def test_what_is_proven_is_told(capsys: Any, tmp_path: Path) -> None:
    answer = answer_of(RECIPE, capsys)[1]
    code, told = checked(capsys, answer, tmp_path)
    assert (code, told.splitlines()[0]) == (
        0,
        "answer.json: proven: the tour of weight 2434 is a shortest tour through cities.gml",
    )


def test_random_tours_and_their_absence_are_proven(capsys: Any, tmp_path: Path) -> None:
    rng, seen = np.random.default_rng(0), Counter[tuple[str, bool]]()
    for _ in range(40):
        n, directed = int(rng.integers(3, 9)), bool(rng.random() < 0.5)
        around = rng.permutation(n)
        ends = [*rng.integers(0, n, (2 * n, 2)).tolist()]
        ends += np.c_[around, np.roll(around, 1)].tolist() if rng.random() < 0.6 else []
        lines = [f"{u} {v} {rng.integers(-5, 20)}" for u, v in [*ends, *np.c_[np.r_[:n], np.r_[:n]].tolist()]]
        (tmp_path / "x.edgelist").write_text("\n".join(lines) + "\n")
        given = ["--graph", str(tmp_path / "x.edgelist"), "--directed" if directed else "--undirected"]
        answer = answer_of(RECIPE, capsys, *given)[1]
        code, told = checked(capsys, answer, tmp_path, *given)
        assert code == 0, told
        seen[answer["status"], directed] += 1
    assert min(seen[status, directed] for status in ("optimal", "infeasible") for directed in (True, False)) > 2


@pytest.mark.parametrize(
    ("handle", "teeth", "is_one"),
    [
        ("abc", ["ad", "be", "cf"], True),
        ("abc", ["adg", "be", "cf"], True),
        ("abc", ["ad", "be"], False),  # an even number of teeth
        ("abc", ["ad"], False),
        ("abc", ["ad", "be", "c"], False),  # a tooth inside the handle
        ("abc", ["ad", "be", "fg"], False),  # one outside
        ("abcdefg", ["ad", "be", "cf"], False),
    ],
)
def test_a_comb_that_is_none_proves_nothing(handle: str, teeth: list[str], is_one: bool) -> None:
    ends = np.triu_indices(7, 1)
    g = Columns({name: v for v, name in enumerate("abcdefg")}, *ends, edge=np.arange(21), directed=False)
    one = {"nodes": [*handle], "parent": [len(handle)] * len(handle) + [-1]}
    nodes = [*"".join(teeth)]
    parent = [len(nodes) + i for i, tooth in enumerate(teeth) for _ in tooth] + [-1] * len(teeth)
    row = partial(comb, [Sets(g, **one), Sets(g, nodes, parent)])
    if not is_one:
        with pytest.raises(Unproven):
            row(np.arange(21), 0, 1)
        return
    lower, inside, upper = row(np.arange(21), 0, 1)
    rows = comb_rows(Combs([_vertices(handle)], [[_vertices(tooth) for tooth in teeth]]), 7, *ends)
    assert (lower, upper, inside.tolist()) == (0, rows.upper[0], rows.matrix.toarray()[0].tolist())


def test_nested_teeth_are_none() -> None:
    ends = np.triu_indices(7, 1)
    g = Columns({name: v for v, name in enumerate("abcdefg")}, *ends, edge=np.arange(21), directed=False)
    handle = Sets(g, [*"abc"], [3, 3, 3, -1])
    teeth = Sets(g, [*"adbecf"], [6, 6, 7, 7, 8, 8, 7, -1, -1])  # the first within the second
    with pytest.raises(Unproven):
        comb([handle, teeth], np.arange(21), 0, 1)


def test_sets_that_are_empty_or_whole_prove_no_more_than_they_may() -> None:
    g = Columns({name: v for v, name in enumerate("abc")}, *np.triu_indices(3, 1), edge=np.arange(3), directed=False)
    with pytest.raises(Unproven):
        Sets(g, [*"ab"], [2, 2, -1, -1])  # |S| - 1 would be -1
    whole = [Sets(g, [*"abc"], [3, 3, 3, -1])]
    y = np.array([-1], dtype=object)
    assert trees_inside(whole, 3, [[0, 0]], y, np.arange(3))[1] == [3]  # a tour has n edges
    assert trees_inside(whole, np.inf, [[0, 0]], y, np.arange(3))[1] == [2]


def _vertices(names: str) -> Any:
    return np.array(["abcdefg".index(name) for name in names])
