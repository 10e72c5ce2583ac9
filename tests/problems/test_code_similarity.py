from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT
from pygments.lexer import Lexer, RegexLexer
from pygments.token import Name

from problems.io import submissions
from problems.studies import code_similarity
from problems.studies.code_similarity import WINDOW, CodeSimilarity, K, similarity_of, similarity_of_sources
from problems.studies.cohort import cohort
from problems.terminal.errors import InputError

PYTHON = '''
def mean(values):
    """The average."""
    total = 0
    for value in values:
        total += value * 1.5  # scaled
    if total > 10 and not values[0] <= 3:
        print("large", total)
    return total / len(values)
'''
DISGUISED_PYTHON = """
# mine
def m(xs):
  s = 77
  for x in xs: s += (
      x)*2e3
  if s>0x1F and not xs[99]<=12345: print('it is \\'so\\' \\n', s)


  return s/sum(xs)
""".replace("(\n      x)", "x")
C = """
#include <stdio.h>
/* totals */
int total(int *values, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) { sum += values[i] * 2; }
    if (sum > 100 && n != 0) printf("%d\\n", sum);
    return sum;
}
"""
DISGUISED_C = """
int t(int*v,int count)
{
    int s = 17L; // start
    for (int k = 3; k < count; k++)
    {
        s += v[k]*0xff;
    }
    if (s > 1 && count != 9)
        printf("", s);
    return s;
}
"""
JAVA = """
public class Mean {
    static double mean(double[] values) throws Exception {
        double total = 0.0;
        for (double v : values) { total += v; }
        if (values.length == 0) throw new Exception("none" + 'x');
        return total / values.length;
    }
}
"""
DISGUISED_JAVA = """
/** Javadoc. */
public class A { static double f(double[] a) throws Oops {
    double t = 1e9; // t
    for (double x : a) {
        t += x;
    }
    if (a.size == 42) throw new Oops("a \\"quoted\\" text" + '\\n');
    return t / a.size; } }
"""
LUA = "function f(a)\n  g((a[(1)]), (b[(2)])) -- glue\n  return ((a))\nend\n"
SPACED_LUA = "function f ( a ) g ( ( a [ ( 1 ) ] ) , ( b [ ( 2 ) ] ) ) return ( ( a ) ) end"
PAIRS = [("py", PYTHON, DISGUISED_PYTHON), ("c", C, DISGUISED_C), ("java", JAVA, DISGUISED_JAVA)]


def pair(first: str, second: str, suffix: str = "py") -> float:
    return float(similarity_of_sources({f"a.{suffix}": first, f"b.{suffix}": second}).matrix[0, 1])


def wrote(folder: Path, **files: str | bytes) -> str:
    """A folder of .py files, name=content."""
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder)


def of(found: CodeSimilarity, first: str, second: str) -> float:
    return float(found.matrix[found.items.index(first), found.items.index(second)])


@pytest.mark.parametrize(("suffix", "original", "disguised"), [*PAIRS, ("lua", LUA, SPACED_LUA)])
def test_names_literals_comments_and_layout_do_not_matter(suffix: str, original: str, disguised: str) -> None:
    assert pair(original, disguised, suffix) == 1


@pytest.mark.parametrize(("suffix", "original", "disguised"), PAIRS)
def test_operators_and_keywords_do(suffix: str, original: str, disguised: str) -> None:
    assert 0.3 < pair(original, disguised.replace("+=", "-="), suffix) < 1
    assert 0.3 < pair(original, disguised.replace("return", "break"), suffix) < 1


def test_unrelated_programs_have_little_in_common() -> None:
    root = ROOT / "formulations"
    names = [
        "graphs/network.py",
        "graphs/cuts.py",
        "arithmetic/exact.py",
        "graphs/potentials.py",
        "orders/leaf_order.py",
    ]
    found = similarity_of_sources({name: (root / name).read_text(encoding="utf-8") for name in names})
    assert found.items == names
    assert np.array_equal(found.matrix, found.matrix.T)
    assert np.all(np.diag(found.matrix) == 1)
    assert found.matrix[~np.eye(5, dtype=bool)].max() < 0.1
    assert pair(PYTHON, C) == 0


PIECES = ["if", "while", "+", "-", "*", "(", ")", "[", ",", "x", "1"]


def longest_common_run(a: list[int], b: list[int]) -> int:
    def runs(x: list[int], k: int) -> set[tuple[int, ...]]:
        return {tuple(x[i : i + k]) for i in range(len(x) - k + 1)}

    return max(k for k in range(len(a) + 1) if k == 0 or runs(a, k) & runs(b, k))


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_what_winnowing_guarantees(data: st.DataObject) -> None:
    """A common run of K + WINDOW - 1 symbols is found, and with none of K nothing is."""
    symbol = st.integers(0, len(PIECES) - 1)
    part = st.lists(symbol, min_size=K, max_size=50)
    run = data.draw(st.lists(symbol, max_size=30))
    a, b = ([*data.draw(part), *run, *data.draw(part)] for _ in range(2))
    similarity = pair(*(" ".join(PIECES[i] for i in x) for x in (a, b)))
    longest = longest_common_run(a, b)
    if longest < K:
        assert similarity == 0
    if longest >= K + WINDOW - 1:
        assert similarity > 0


def test_the_files_of_a_folder_are_taken_together(tmp_path: Path) -> None:
    """F(A) and F(B) are disjoint, so |F(A)| and |F(B)| make up |F(A and B)|."""
    other = "import os\nwith open(os.path) as f:\n  while True:\n    try: x = yield {1: [f]}\n    finally: del x\n"
    folder = wrote(tmp_path, a=PYTHON, b=other, both__deep__er__a=PYTHON, both__b=other, again__a=PYTHON + "\n#")
    found = similarity_of(folder)
    assert found.items == ["a.py", "again", "b.py", "both"]
    assert found.notes == ()
    assert of(found, "a.py", "b.py") == 0
    assert of(found, "a.py", "again") == 1
    assert of(found, "a.py", "both") + of(found, "b.py", "both") == pytest.approx(1)
    assert 0.2 < of(found, "a.py", "both") < 0.8


def test_a_run_does_not_cross_from_file_to_file(tmp_path: Path) -> None:
    half = len(PYTHON.splitlines()) // 2
    first, second = "\n".join(PYTHON.splitlines()[:half]), "\n".join(PYTHON.splitlines()[half:])
    folder = wrote(tmp_path, ab__1=first, ab__2=second, ba__1=second, ba__2=first)
    assert of(similarity_of(folder), "ab", "ba") == 1


def test_the_template_does_not_count(tmp_path: Path) -> None:
    one, two, common = cohort(3, 0, seed=1).sources.values()
    plain = similarity_of_sources({"one.py": one, "two.py": two}).matrix[0, 1]
    folder = wrote(tmp_path / "in", one=common + PYTHON + one, two=DISGUISED_PYTHON + common + two)
    with_it = similarity_of(folder).matrix[0, 1]
    assert with_it > plain + 0.2
    template = wrote(tmp_path / "template", t__common=common, t__python=PYTHON)
    assert similarity_of(folder, template).matrix[0, 1] < plain + 0.02
    one_file_of_it = similarity_of(folder, f"{template}/t/common.py").matrix[0, 1]
    assert plain + 0.01 < one_file_of_it < with_it


def test_who_handed_in_the_template_only_is_left_out(tmp_path: Path) -> None:
    one, two = cohort(2, 0, seed=1).sources.values()
    folder = wrote(tmp_path, one=one, two=two, lazy=DISGUISED_PYTHON, template=PYTHON)
    found = similarity_of(folder, f"{folder}/template.py")
    assert found.items == ["one.py", "two.py"]
    assert found.notes == (
        "lazy.py is left out: there is nothing in it beyond what is ignored",
        "template.py is left out: there is nothing in it beyond what is ignored",
    )


def test_the_same_in_every_run() -> None:
    program = (
        "from problems.studies.cohort import cohort\n"
        "from problems.studies.code_similarity import similarity_of_sources\n"
        "print(similarity_of_sources(cohort(6, 1, 0).sources).matrix.tobytes().hex())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != ""


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.py", b"", "it is empty"),
        ("x.py", b" \n\t\n", "it is empty"),
        ("x.py", b"# only a comment\n" * 99, "it holds 0 symbols of code, too few to compare"),
        ("x.py", b"x = 1\n", "it holds 3 symbols of code, too few to compare"),
        ("x.py", b"\x7fELF\0\0\0", "it is not text: line 1 holds a NUL byte; save it as UTF-8 text"),
        ("x.py", "x = 1\n".encode("utf-16"), "it holds 3 symbols of code, too few to compare"),
        ("x.ipynb", b"{}", "it is no notebook that can be read; save it again in Jupyter"),
        ("x.zip", b"PK", "it is damaged, or no archive of the kind that its name says"),
        ("x.7z", b"7z", "it is an archive that cannot be opened here; unpack it, or pack it as .zip"),
        ("x.py", b"x = 1\n" * 200_000, "it holds more than 1 MB"),
        ("x.class", b"\xca\xfe\xba\xbe", "it is in no language known by its name"),
        ("\x1b[31mx.py", b"", "it is empty"),
    ],
)
def test_files_that_are_left_out(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    folder = wrote(tmp_path, a=PYTHON, b=PYTHON)
    (tmp_path / name).write_bytes(content)
    found = similarity_of(folder)
    assert found.items == ["a.py", "b.py"]
    shown = name.replace("\x1b", "\\x1b")
    assert len(found.notes) == 1
    assert found.notes[0].startswith(f"{shown} is left out: {why}")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_links_pipes_and_empty_folders_are_left_out(tmp_path: Path) -> None:
    folder = wrote(tmp_path, a=PYTHON, b=PYTHON, c__a=PYTHON, c__empty="")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "c" / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling.py").symlink_to("nowhere.py")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "void" / ".git").mkdir(parents=True)
    (tmp_path / "void" / ".git" / "hidden.py").write_text(PYTHON)
    found = similarity_of(folder)
    assert found.items == ["a.py", "b.py", "c"]
    assert found.notes == (
        "c is compared without some of it: c/loop is a symbolic link; put the file itself there; c/empty.py is empty",
        "dangling.py is left out: it is a symbolic link; put the file itself there",
        "loop is left out: it is a symbolic link; put the file itself there",
        "pipe.py is left out: it is not a regular file",
        "void is left out: void/.git is hidden, installed or generated",
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_left_out(tmp_path: Path) -> None:
    folder = wrote(tmp_path, a=PYTHON, b=PYTHON, c=PYTHON, d__d=PYTHON)
    (tmp_path / "c.py").chmod(0)
    (tmp_path / "d").chmod(0)
    try:
        notes = similarity_of(folder).notes
    finally:
        (tmp_path / "d").chmod(0o700)
    assert notes == tuple(f"{x} is left out: it cannot be opened: Permission denied" for x in ("c.py", "d"))


class Backtracking(RegexLexer):
    name = "slow"
    tokens: ClassVar = {"root": [(r"(a+)+b", Name), (r"(?s).", Name)]}


class Broken(Lexer):
    name = "broken"

    def get_tokens_unprocessed(self, text: str) -> object:  # type: ignore[override]
        raise IndexError(text)


@pytest.fixture
def odd_lexers(monkeypatch: pytest.MonkeyPatch) -> None:
    import pygments.lexers

    usual = pygments.lexers.find_lexer_class_for_filename

    def find(name: str, code: str | None = None) -> object:
        return {".slow": Backtracking, ".broken": Broken}.get(Path(name).suffix) or usual(name, code)

    monkeypatch.setattr(pygments.lexers, "find_lexer_class_for_filename", find)
    monkeypatch.setattr(code_similarity, "MAX_CPU_SECONDS", 0.2)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.usefixtures("odd_lexers")
def test_a_lexer_that_never_ends_or_fails_costs_one_submission() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    sources = {
        "a.py": PYTHON,
        "b.slow": "a" * 60,
        "c.broken": "x",
        "d.py": PYTHON,
        "e.slow": "x" * 50,
        "f.slow": "x" * 60,
    }
    found = similarity_of_sources(sources)
    assert found.items == ["a.py", "d.py", "e.slow", "f.slow"]
    assert found.notes == (
        "b.slow is left out: it takes more than 0.2 s to lex; look into it by hand",
        "c.broken is left out: it cannot be lexed (IndexError)",
    )
    assert signal.getsignal(signal.SIGVTALRM) is before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_outside_the_main_thread_too() -> None:
    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(pair(PYTHON, DISGUISED_PYTHON)))
    thread.start()
    thread.join()
    assert found == [1]


@pytest.mark.parametrize("depth", [300, 5_000])
def test_deep_nesting(depth: int) -> None:
    nested = "(" * depth + "1" + ")" * depth
    assert pair(nested, nested) == 1


def test_deep_folders(tmp_path: Path) -> None:
    folder = wrote(tmp_path, a=PYTHON, b=PYTHON)
    deep = tmp_path / "deep" / "/".join(["d"] * 500)
    deep.mkdir(parents=True)
    (deep / "x.py").write_text(PYTHON)
    assert of(similarity_of(folder), "deep", "a.py") == 1


def test_too_few_submissions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"0 of 0 submissions .* takes two; each file or sub-folder in it is one"):
        similarity_of(str(tmp_path))
    folder = wrote(tmp_path, a=PYTHON)
    with pytest.raises(InputError, match="1 of 1 submissions"):
        similarity_of(folder)
    wrote(tmp_path, b="")
    with pytest.raises(InputError, match=r"1 of 2 submissions .* takes two; b.py is left out: it is empty"):
        similarity_of(folder)


def test_folders_that_are_none(tmp_path: Path) -> None:
    folder = wrote(tmp_path, a=PYTHON, b=PYTHON)
    for path in (f"{folder}/a.py", f"{folder}/nowhere", "a\0b", ""):
        with pytest.raises(InputError, match="is no folder that can be opened; name the one"):
            similarity_of(path)
    with pytest.raises(InputError, match=r"nowhere: has no code to ignore: it cannot be opened: No such file"):
        similarity_of(folder, f"{folder}/nowhere")
    (tmp_path / "c").mkdir()
    with pytest.raises(InputError, match="has no code to ignore: it holds no files"):
        similarity_of(folder, f"{folder}/c")


def test_a_whole_disk_is_not_a_folder_of_submissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "MAX_FILES", 2)
    folder = wrote(tmp_path, a__1=PYTHON, b__1=PYTHON)
    assert similarity_of(folder).items == ["a", "b"]
    wrote(tmp_path, b__2=PYTHON)
    with pytest.raises(InputError, match="more than 2 files"):
        similarity_of(folder)
