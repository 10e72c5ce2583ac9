"""The recipe: pairs, groups, order, threshold; the table and the page; precision and recall on cohorts with copies."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from assignments import DIALECTS, solved
from commandline import answer_of, without_seconds
from disguises import some_cohort
from places import SHARED

from problems import plagiarism as recipe
from problems.recipe import run
from problems.studies.cohort import cohort

CASES = SHARED / "cases" / "orders"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared")
Capture = pytest.CaptureFixture[str]


def wrote(folder: Path, files: Mapping[str, str | bytes]) -> str:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder)


def accused(capsys: Capture, *arguments: str) -> tuple[dict[str, Any], set[frozenset[str]]]:
    """The answer, once its parts agree with each other; and the pairs in it."""
    code, found, error = answer_of(recipe.RECIPE, capsys, *arguments)
    assert code == 0, error
    answer = found["answer"]
    assert list(answer) == ["pairs", "groups", "order", "threshold"]
    similarities = [similarity for *_, similarity in answer["pairs"]]
    assert similarities == sorted(similarities, reverse=True)
    assert all(similarity > answer["threshold"] for similarity in similarities)
    pairs = {frozenset(names) for *names, _ in answer["pairs"]}
    assert all(len(names) == 2 for names in pairs)
    assert len(pairs) == len(answer["pairs"])
    assert {name for names in pairs for name in names} == {name for group in answer["groups"] for name in group}
    assert all(any(names <= set(group) for group in answer["groups"]) for names in pairs)
    assert len(set(answer["order"])) == len(answer["order"])
    assert [(row["user1"], row["user2"], row["similarity"]) for row in found["stats"]["pairs"]] == [
        tuple(pair) for pair in answer["pairs"]
    ]
    return found, pairs


def test_the_copies_of_a_cohort_are_its_groups(tmp_path: Path, capsys: Capture) -> None:
    made = cohort(20, 3, 0)
    folder = wrote(tmp_path, {**made.sources, "empty.py": ""})
    found, pairs = accused(capsys, "--code", folder)
    assert sorted(map(sorted, found["answer"]["groups"])) == sorted(map(sorted, made.chains))
    assert {frozenset(chain[:2]) for chain in made.chains} <= pairs
    assert sorted(found["answer"]["order"]) == sorted(made.sources)
    assert "empty.py is left out: it is empty" in found["notes"]
    place = {name: q for q, name in enumerate(found["answer"]["order"])}
    for chain in made.chains:
        assert max(place[name] for name in chain) - min(place[name] for name in chain) == len(chain) - 1


@pytest.mark.parametrize("kind", ["generated", "standard library", "exercise"])
def test_disguised_copies_are_found_and_nobody_else(kind: str, tmp_path: Path, capsys: Capture) -> None:
    files, copies = some_cohort(kind, seed=0, n=80, copies=8)
    _, pairs = accused(capsys, "--code", wrote(tmp_path, files))
    assert len(pairs & copies) >= 0.95 * len(copies)
    assert len(pairs & copies) >= 0.95 * len(pairs)


@pytest.mark.parametrize("language", sorted(DIALECTS))
@pytest.mark.parametrize(("n", "copies", "one"), [(10, 0, False), (30, 0, False), (30, 1, False), (40, 5, True)])
def test_one_assignment_in_any_language(
    language: str, n: int, copies: int, one: bool, tmp_path: Path, capsys: Capture
) -> None:
    files, copied, _ = solved(language, n + copies, n, copies, one=one)
    _, pairs = accused(capsys, "--code", wrote(tmp_path, files))
    assert pairs == set(copied)


def test_what_all_were_given_accuses_nobody_whether_it_is_named_or_not(tmp_path: Path, capsys: Capture) -> None:
    files, copied, given = solved("java", 5, 40, 4, given=4)
    folder = wrote(tmp_path / "in", files)
    wrote(tmp_path, {"given.java": given})
    for more in ([], ["--ignore", str(tmp_path / "given.java")]):
        _, pairs = accused(capsys, "--code", folder, *more)
        assert pairs <= set(copied)
        assert {copied[pair] for pair in set(copied) - pairs} <= {"junk"}  # which hides most, and may be too little


@pytest.mark.parametrize("more", [(), ("--solver", "faq"), ("--solver", "subsets"), ("--time-limit", "60")])
def test_the_pairs_do_not_depend_on_how_the_order_is_found(
    more: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    made = cohort(14, 2, 1)
    found, pairs = accused(capsys, "--code", wrote(tmp_path, made.sources), *more)
    assert found["bound"] is not None
    assert {frozenset(chain[:2]) for chain in made.chains} <= pairs


def test_the_same_run_prints_the_same(tmp_path: Path, capsys: Capture) -> None:
    folder = wrote(tmp_path, cohort(24, 2, 2).sources)
    first, second = (answer_of(recipe.RECIPE, capsys, "--code", folder)[1] for _ in range(2))
    assert json.dumps(without_seconds(first)) == json.dumps(without_seconds(second))


def test_table_page_order_and_picture_are_written_with_the_names_of_the_files(tmp_path: Path, capsys: Capture) -> None:
    [first, second] = cohort(2, 0, 0).sources.values()
    names = ["ana, \u200bb/main.py", "=ben.py", "Zoë_12_assignsubmission_file_a.py"]
    folder = wrote(tmp_path / "in", {names[0]: "\n\n" + first, names[1]: first, names[2]: second})
    items = [names[0].split("/")[0], *names[1:]]
    suffixes = {"pairs": "csv", "out": "csv", "html": "html", "plot": "png"}
    written = {option: tmp_path / f"{option}.{suffix}" for option, suffix in suffixes.items()}
    more = [word for option, path in written.items() for word in (f"--{option}", str(path))]
    found, pairs = accused(capsys, "--code", folder, *more)
    assert pairs == {frozenset(items[:2])}
    with written["pairs"].open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["rank"], {row["user1"], row["user2"]}, row["similarity"]) == ("1", set(items[:2]), "1.0")
    [passage] = found["stats"]["pairs"][0]["passages"]
    assert {passage["first_file"], passage["second_file"]} == set(names[:2])
    lines = {passage[f"{side}_file"]: passage[f"{side}_lines"] for side in ("first", "second")}
    assert [line - 2 for line in lines[names[0]]] == lines[names[1]]
    assert f"{lines[names[1]][0]}-{lines[names[1]][1]}" in row["passages"]
    with written["out"].open(encoding="utf-8", newline="") as file:
        assert [row["item"] for row in csv.DictReader(file)] == found["answer"]["order"]
    assert sorted(found["answer"]["order"]) == sorted(items)
    assert written["plot"].read_bytes().startswith(b"\x89PNG")
    assert "ana, \\u200bb" in written["html"].read_text(encoding="utf-8")
    code, again, _ = answer_of(recipe.RECIPE, capsys, "--similarity", str(written["pairs"]))
    assert code == 0
    assert again["answer"]["pairs"] == found["answer"]["pairs"]


def test_more_submissions_than_the_usual_solvers_take_are_ordered(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "p.csv"
    file.write_text("user1,user2,similarity\n" + "".join(f"a{k},a{k + 1},0.{9 - k % 3}\n" for k in range(0, 600, 2)))
    found, pairs = accused(capsys, "--similarity", str(file))
    assert len(found["answer"]["order"]) == 600
    assert len(pairs) == 300
    place = {name: q for q, name in enumerate(found["answer"]["order"])}
    assert all(abs(place[a] - place[b]) == 1 for a, b in pairs)
    assert any("The order is a quick one" in note for note in found["notes"])


def test_a_threshold_may_be_given(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "p.csv"
    file.write_text("user1,user2,similarity\na,b,0.9\nb,c,0.2\nc,d,0.1\n")
    for threshold, count in ((0.0, 3), (0.1, 2), (0.15, 2), (0.5, 1), (0.9, 0)):
        found, pairs = accused(capsys, "--similarity", str(file), "--threshold", str(threshold))
        assert len(pairs) == count
        assert found["answer"]["threshold"] == threshold
    assert accused(capsys, "--similarity", str(file), "--threshold", "0.1")[0]["answer"]["groups"] == [["a", "b", "c"]]


def test_programs_that_share_nothing_are_an_answer(tmp_path: Path, capsys: Capture) -> None:
    files = {"a.py": "x = [1, 2, 3, 4, 5, 6]\n", "b.py": "while True:\n  if f(x): break\n  else: return not y or z\n"}
    found, pairs = accused(capsys, "--code", wrote(tmp_path, files))
    assert pairs == set()
    assert found["answer"]["groups"] == []
    assert sorted(found["answer"]["order"]) == ["a.py", "b.py"]


def test_a_template_that_all_were_given_is_suspected_and_ignored(tmp_path: Path, capsys: Capture) -> None:
    common, *rest = cohort(19, 0, 3).sources.values()
    files = {f"s{k}.py": common * 3 + text for k, text in enumerate(rest)}
    folder = wrote(tmp_path / "in", files)
    wrote(tmp_path, {"template.py": common})
    assert accused(capsys, "--code", folder, "--ignore", str(tmp_path / "template.py"))[1] == set()
    found, _ = accused(capsys, "--code", folder, "--threshold", "0.1")
    assert any("Name it by --ignore" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--code", "nowhere"], "nowhere: is no folder that can be opened"),
        (["--ignore", "template"], "--ignore goes with --code"),
        (["--similarity", "p.csv", "--html", "x.html"], "--html shows code"),
        (["--similarity", "alone.csv"], "at least 2"),
        (["--similarity", "large.csv"], "row 1, column 2 is 5"),
        (["--similarity", "p.csv", "--pairs", "p.txt"], "--pairs p.txt"),
        (["--html", "nowhere/p.html"], "cannot be written"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrote(tmp_path, {"p.csv": "user1,user2,similarity\na,b,0.5\n", "alone.csv": "1\n", "large.csv": "1,5\n5,1\n"})
    assert run(recipe.RECIPE, arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert not captured.out


# What users met

TEMPLATE = [
    "ana.py ana_copy.py",
    "ben.py emil_edited_template.py",
]  # the latter edited it, and has the rest of ben


@needs_cases
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--code", "code/three"), []),
        (("--code", "code/txt"), ["ana.txt ben.txt"]),
        (("--code", "code/tmpl", "--ignore", "code/tmpl_template"), TEMPLATE),
        (("--similarity", "moss_pairs.csv"), ["ann bob", "cem dan"]),
        (("--similarity", "n2low.csv"), []),
        (("--similarity", "star.csv"), [f"source copy{k}" for k in "ABCD"]),
        (("--similarity", "jplag.csv"), ["ana ben"]),
        (("--similarity", "pct.csv"), ["ana ben"]),
        (("--similarity", "semi.csv"), ["ana ben"]),
    ],
)
def test_cases(arguments: tuple[str, ...], expected: list[str], capsys: Capture) -> None:
    there = [word if word.startswith("--") else str(CASES / word) for word in arguments]
    assert accused(capsys, *there)[1] == {frozenset(names.split()) for names in expected}


@needs_cases
def test_cases_of_disguise_and_encoding(capsys: Capture) -> None:
    found, _ = accused(capsys, "--code", str(CASES / "code" / "enc"))
    assert sorted(map(sorted, found["answer"]["groups"])) == [
        ["ana.py", "ben.py", "carl.py", "cp1252.py", "dora.py", "emil.py"]
    ]
    found, _ = accused(capsys, "--code", str(CASES / "code" / "disguise"))
    [group] = found["answer"]["groups"]
    others = {"other1.py", "other2.py", "other3.py"}
    assert set(group) == set(found["answer"]["order"]) - others
