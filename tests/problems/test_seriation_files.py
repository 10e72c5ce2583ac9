"""Matrices as people have them, through the command line: right answers, names in every output, remedies that help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of

from formulations.problem import Floats
from problems import plagiarism, seriation, tsp
from problems.recipe import run

Capture = pytest.CaptureFixture[str]

JUSTICES = ["Breyer", "Ginsburg", "Kennedy", "OConnor", "Rehnquist", "Scalia", "Souter", "Stevens", "Thomas"]
LOWER = """0.11966
0.25 0.26709
0.2094 0.25214 0.15598
0.29915 0.30769 0.12179 0.16239
0.35256 0.36966 0.18803 0.20726 0.14316
0.11752 0.09615 0.2479 0.22009 0.29274 0.33761
0.16239 0.1453 0.32692 0.32906 0.40171 0.43803 0.1688
0.35897 0.36752 0.17735 0.20513 0.13675 0.06624 0.3312 0.4359"""
BEST = ["Scalia", "Thomas", "Rehnquist", "Kennedy", "OConnor", "Breyer", "Souter", "Ginsburg", "Stevens"]


def court() -> Floats:
    """How often two justices of the US Supreme Court disagreed (Sirovich 2003)."""
    D = np.zeros((9, 9))
    for i, line in enumerate(LOWER.splitlines(), start=1):
        D[i, :i] = list(map(float, line.split()))
    return D + D.T


def lines(D: Floats, separator: str = ",") -> str:
    return "".join(separator.join(map(repr, row)) + "\n" for row in D.tolist())


def files() -> dict[str, tuple[str, bool]]:
    """Text of each file, and whether it holds the names."""
    D = court()
    rows = lines(D).splitlines()
    header = ",".join(f'"{name}"' for name in JUSTICES)
    lower = LOWER.splitlines()
    named = "".join(f'"{name}",{row}\n' for name, row in zip(JUSTICES, rows, strict=True))
    phylip = "".join(f"{name:10}{row}\n" for name, row in zip(JUSTICES, ["", *lower], strict=True))
    printed = "".join(f"{name} {row}\n" for name, row in zip(JUSTICES[1:], lower, strict=True))
    return {
        "labels.csv": (f'"",{header}\n{named}', True),
        "tab.csv": (lines(D, "\t"), False),
        "semicolon.csv": (lines(D, ";").replace(".", ","), False),
        "lower.csv": ("".join(",".join(map(repr, D[i, : i + 1].tolist())) + "\n" for i in range(9)), False),
        "court.phy": (f"9\n{phylip}", True),
        "dist.txt": (f"{' '.join(JUSTICES[:-1])}\n{printed}", True),
    }


@pytest.mark.parametrize("name", files())
def test_the_court_is_put_in_order_from_any_layout(name: str, tmp_path: Path, capsys: Capture) -> None:
    text, named = files()[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    kind = ["--kind", "dissimilarity"] if name == "dist.txt" else []  # it has no diagonal
    code, found, _ = answer_of(seriation.RECIPE, capsys, "--matrix", str(tmp_path / name), *kind)
    assert (code, found["status"]) == (0, "optimal")
    assert found["value"] == pytest.approx(6.13798344236, rel=1e-9)
    expected: list[Any] = BEST if named else [JUSTICES.index(justice) + 1 for justice in BEST]
    assert found["answer"] in (expected, expected[::-1])


def test_names_are_in_every_output_and_hostile_ones_are_made_safe(tmp_path: Path, capsys: Capture) -> None:
    names = ["red\x1b[31m", "Ann, Lee", "$x^2$", "日本"]
    D = np.abs(np.subtract.outer([0, 3, 1, 2], [0, 3, 1, 2])) / 4
    text = "".join(f'"{name}",{row}\n' for name, row in zip(names, lines(D).splitlines(), strict=True))
    (tmp_path / "m.csv").write_text(text, encoding="utf-16")
    given = ["--matrix", str(tmp_path / "m.csv"), "--out", str(tmp_path / "o.csv"), "--plot", str(tmp_path / "p.png")]
    assert run(seriation.RECIPE, given) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "red\\x1b[31m" in told
    assert "Ann, Lee" in told
    ordered = {(names[0], names[2], names[3], names[1]), (names[1], names[3], names[2], names[0])}
    assert tuple(answer_of(seriation.RECIPE, capsys, *given[:2])[1]["answer"]) in ordered
    rows = (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "place,item"
    assert '"Ann, Lee"' in "".join(rows)
    assert (tmp_path / "p.png").stat().st_size > 0


def refused(recipe: Any, capsys: Capture, *arguments: str) -> str:
    assert run(recipe, [*arguments, "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


def test_remedies_of_the_command_line_help(tmp_path: Path, capsys: Capture) -> None:
    def wrote(name: str, M: Floats) -> str:
        (tmp_path / name).write_text(lines(M), encoding="utf-8")
        return str(tmp_path / name)

    D = court()
    D[1, 2] += 0.001
    asymmetric = wrote("asym.csv", D)
    assert "say --symmetrize mean, max or min" in refused(seriation.RECIPE, capsys, "--matrix", asymmetric)
    for how in ("mean", "max", "min"):
        assert answer_of(seriation.RECIPE, capsys, "--matrix", asymmetric, "--symmetrize", how)[0] == 0
    R = np.array([[1, -0.85, 0.68, 0.4], [-0.85, 1, -0.7, 0.1], [0.68, -0.7, 1, 0.2], [0.4, 0.1, 0.2, 1]])
    correlations = wrote("cor.csv", R)
    said = refused(seriation.RECIPE, capsys, "--matrix", correlations)
    assert "--correlation signed for 1 - r, or --correlation absolute for 1 - |r|" in said
    for how in ("signed", "absolute"):
        for objective in ("challenge", "path"):
            given = ["--matrix", correlations, "--correlation", how, "--objective", objective]
            assert answer_of(seriation.RECIPE, capsys, *given)[0] == 0
    brainerd_robinson = 200 * (1 - court())
    br = wrote("br.csv", brainerd_robinson)
    found = answer_of(seriation.RECIPE, capsys, "--matrix", br)[1]
    assert found["value"] == pytest.approx(6.13798344236, rel=1e-9)
    assert "200, as the diagonal says" in " ".join(found["notes"])
    assert "holds similarities" in refused(
        seriation.RECIPE, capsys, "--matrix", str(tmp_path / "br.csv"), "--kind", "dissimilarity"
    )
    counts = wrote("counts.csv", np.arange(1.0, 13).reshape(4, 3))
    assert "problems.seriation --table" in refused(seriation.RECIPE, capsys, "--matrix", counts)
    assert run(seriation.RECIPE, ["--table", counts, "--quiet"]) in (0, 1)
    capsys.readouterr()
    (tmp_path / "pairs.csv").write_text("user1,user2,similarity\na,b,0.5\nb,c,0.2\na,c,0.1\n", encoding="utf-8")
    pairs = str(tmp_path / "pairs.csv")
    assert "give it by --similarity" in refused(seriation.RECIPE, capsys, "--matrix", pairs)
    assert answer_of(seriation.RECIPE, capsys, "--similarity", pairs)[0] == 0


def test_a_lazy_path_keeps_its_direction(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "m.csv").write_text("0,2,9\n2,0,1\n9,1,0\n", encoding="utf-8")
    given = ["--matrix", str(tmp_path / "m.csv"), "--objective", "lazy-path"]
    found = answer_of(seriation.RECIPE, capsys, *given)[1]
    assert (found["value"], found["answer"]) == (4, [3, 2, 1])


def test_near_copies_are_named_from_a_matrix_with_names(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "m.csv").write_text("ann;100\nbob;95;100\ncem;10;2;100\n", encoding="utf-8")
    found = answer_of(plagiarism.RECIPE, capsys, "--similarity", str(tmp_path / "m.csv"))[1]
    assert [pair[:2] for pair in found["answer"]["pairs"]] == [["ann", "bob"]]
    (tmp_path / "low.csv").write_text("1,0.02\n0.02,1\n", encoding="utf-8")
    assert answer_of(plagiarism.RECIPE, capsys, "--similarity", str(tmp_path / "low.csv"))[1]["answer"]["pairs"] == []
    (tmp_path / "d.csv").write_text("0,0.95\n0.95,0\n", encoding="utf-8")
    said = refused(plagiarism.RECIPE, capsys, "--similarity", str(tmp_path / "d.csv"))
    assert "write 1 - d, or say --kind similarity" in said
    given = ["--similarity", str(tmp_path / "d.csv"), "--kind", "similarity"]
    assert json.dumps(answer_of(plagiarism.RECIPE, capsys, *given)[1]["answer"]["pairs"]) == '[["1", "2", 0.95]]'


def test_a_tour_is_of_names(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "m.csv").write_text("Bern;0\nGenf;158,5;0\nBasel;100;250;0\n", encoding="utf-8")
    found = answer_of(tsp.RECIPE, capsys, "--matrix", str(tmp_path / "m.csv"))[1]
    assert (found["value"], sorted(found["answer"])) == (508.5, ["Basel", "Bern", "Genf"])
    (tmp_path / "years.csv").write_text("2001\n2002,1\n2003,2,3\n", encoding="utf-8")
    assert "--items 4 or --items 3" in refused(tsp.RECIPE, capsys, "--matrix", str(tmp_path / "years.csv"))
    given = ["--matrix", str(tmp_path / "years.csv"), "--items", "3"]
    assert sorted(answer_of(tsp.RECIPE, capsys, *given)[1]["answer"]) == ["2001", "2002", "2003"]
