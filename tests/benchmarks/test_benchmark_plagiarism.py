"""Near-copies measured: python -m pytest tests/benchmarks/test_benchmark_plagiarism.py.

Precision and recall at the default threshold, beside copydetect at its own, on cohorts of 200 with 20 copies (of which
two may be of one original: then all their pairs count). copydetect reads UTF-8 alone unless told otherwise, so it is
also given the same files in UTF-8. CPU seconds of a whole run. Nothing here asserts a figure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from assignments import DIALECTS, solved
from disguises import some_cohort, standard_library

from problems.io.encodings import decode_any
from problems.studies.cohort import cohort

Report = Callable[[str, str, str], None]
Pairs = set[frozenset[str]]
SEEDS = range(3)


def written(folder: Path, files: dict[str, bytes]) -> str:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return str(folder)


def ours(folder: str, *more: str) -> tuple[Pairs, float]:
    """The pairs that a run names, and the CPU seconds of the whole process."""
    before = os.times()
    command = [sys.executable, "-m", "problems.plagiarism", "--code", folder, "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return {frozenset(names) for *names, _ in json.loads(done.stdout)["answer"]["pairs"]}, seconds


def theirs(folder: str) -> Pairs:
    """The pairs that copydetect shows by default: where either file has more than a third of it in the other."""
    from copydetect import CopyDetector

    detector = CopyDetector(test_dirs=[folder], extensions=["py"], silent=True, autoopen=False)
    detector.run()
    return {frozenset((Path(str(row[2])).name, Path(str(row[3])).name)) for row in detector.get_copied_code_list()}


def figures(found: Pairs, copies: Pairs) -> str:
    right = len(found & copies)
    if not copies:
        return f"{len(found)} pairs accused"
    precision, recall = right / max(len(found), 1), right / len(copies)
    f1 = 2 * right / (len(found) + len(copies))
    return f"precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}"


@pytest.mark.parametrize("kind", ["generated", "standard library", "exercise"])
def test_disguised_copies(kind: str, tmp_path: Path, report: Report) -> None:
    for seed in SEEDS:
        files, copies = some_cohort(kind, seed)
        folder = written(tmp_path / str(seed), files)
        plain = written(tmp_path / f"{seed}-utf-8", {n: decode_any(data)[0].encode() for n, data in files.items()})
        found = {"": ours(folder)[0], "copydetect ": theirs(folder), "copydetect, all in UTF-8, ": theirs(plain)}
        measured = "; ".join(f"{who}{figures(pairs, copies)}" for who, pairs in found.items())
        report(f"20 copies among 200, {kind}, seed {seed}", ".95 and .9", measured)


@pytest.mark.parametrize("language", sorted(DIALECTS))
@pytest.mark.parametrize(("n", "copies", "one"), [(10, 0, False), (30, 3, False), (60, 6, True), (200, 20, False)])
def test_one_assignment(language: str, n: int, copies: int, one: bool, tmp_path: Path, report: Report) -> None:
    files, pairs, _ = solved(language, 7, n, copies, one=one)
    found = ours(written(tmp_path / "in", files))[0]
    missed = sorted(pairs[pair] for pair in set(pairs) - found)
    report(
        f"{copies} copies{' of one' if one else ''} among {n}, {language}",
        ".95 and .9",
        f"{figures(found, set(pairs))} {missed}",
    )


def test_two_hundred_submissions_of_two_hundred_lines(tmp_path: Path, report: Report) -> None:
    texts = [*standard_library()[:130], *cohort(70, 10, 0).sources.values()]
    files = {f"s{k:03}.py": "\n".join(text.splitlines()[:200]).encode() for k, text in enumerate(texts)}
    folder = written(tmp_path / "code", files)
    more = ("--plot", str(tmp_path / "h.png"), "--pairs", str(tmp_path / "p.csv"))
    for what, options in (("and a picture", more), ("and a page", (*more, "--html", str(tmp_path / "p.html")))):
        _, seconds = ours(folder, *options)
        report(f"{len(files)} files of 200 lines: pairs, order {what}", "6 s / 4 s", f"{seconds:.1f} s")
