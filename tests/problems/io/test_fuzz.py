"""Damaged graph files; tests/fuzz/fuzz_graph_files.py tries as many as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.fuzz_graph_files import OPTIONS, fault, fuzz
from fuzz.seeds import SEEDS

from problems.io import read_graph


@pytest.mark.parametrize("name", SEEDS)
def test_every_seed_is_read_as_it_stands(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(SEEDS[name], encoding="utf-8")
    file = read_graph(path)
    assert file.network.m >= 1
    assert not any("so each counts 1" in note for note in file.notes) or name in (
        "snap.txt",
        "pace.gr",
        "a.col",
        "pattern.mtx",
        "a.adjlist",
        "a.g6",
        "a.s6",
    )


def test_damage_leads_to_a_graph_or_to_one_sentence(tmp_path: Path) -> None:
    counts, faults = fuzz(500, 0, tmp_path)
    assert faults == []
    assert min(counts["read"], counts["refused"]) > 50


def test_faults_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.edgelist"
    path.write_text("a b 1\n")
    assert fault(path, OPTIONS[0]) == ("read", "")

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("problems.io.build", broken)
    assert "unforeseen" in fault(path, {})[1]
    monkeypatch.setattr("fuzz.fuzz_graph_files.read_graph", broken)
    assert "ZeroDivisionError" in fault(path, {})[1]
