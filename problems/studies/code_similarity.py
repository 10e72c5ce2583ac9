"""How similar the programs in a folder are, whatever their language: tokens, fingerprints, Jaccard index.

A program is lexed into symbols: keywords, operators and brackets as they are, one symbol for all identifiers, one for
the literals of each kind; comments and white space are dropped. So renaming and reformatting change nothing. Winnowing
(Schleimer, Wilkerson, Aiken 2003) hashes all runs of K symbols and keeps the least hash in every WINDOW consecutive
ones: a common run of K + WINDOW - 1 symbols is always found, one of less than K never.

    similarity(P, Q) = |F(P) and F(Q)| / |F(P) or F(Q)|        F: the set of fingerprints
"""

from __future__ import annotations

import functools
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from formulations.problem import Floats
from problems.io.content import decode
from problems.terminal.errors import InputError, safe

Hashes = NDArray[np.uint64]
File = tuple[str, Callable[[], bytes]]  # a name, and what reads the file or raises InputError

K = 12  # symbols
WINDOW = 6  # hashes
MAX_BYTES = 1 << 20  # of a file: a larger one is data, or generated
MAX_FILES = 10_000  # in a folder: one with more does not hold submissions
MAX_CPU_SECONDS = 10.0  # per submission: some of the lexers' regular expressions take exponential time
BASE = np.uint64(0x9E3779B97F4A7C15)  # of the rolling hash: odd, so that no symbol is shifted out
_NO_HASH = np.uint64(2**64 - 1)
_EMPTY: Hashes = np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class CodeSimilarity:
    """Jaccard index of every two submissions, float64 (n, n), 1 on the diagonal; names; notes on what was left out."""

    items: list[str]
    matrix: Floats
    notes: tuple[str, ...]


def similarity_of(folder: str, ignore: str | None = None) -> CodeSimilarity:
    """The similarity of the submissions in a folder: each file is one, and each sub-folder with all files below it.

    Code in the file or folder `ignore`, such as a template handed out, is not compared. Hidden files and symbolic links
    are not read; files that cannot be read or lexed are left out, with a note. Raises InputError if the folder or
    `ignore` cannot be used, or if fewer than two submissions are left.
    """
    lexers = _Lexers()
    template = _EMPTY
    if ignore is not None:
        runs, skipped = _runs(ignore, _files(os.path.realpath(ignore), [MAX_FILES]), lexers)
        if not runs:
            raise InputError(f"{safe(ignore, 200)}: has no code to ignore: {_reasons(ignore, skipped)}")
        template = np.concatenate(runs)
    paths, left = _below(folder), [MAX_FILES]
    if paths is None:
        raise InputError(f"{safe(folder, 200)}: is no folder that can be opened; name the one with the submissions")
    submissions = {safe(os.path.basename(path), 1000): _files(path, left) for path in paths}
    return _compared(submissions, safe(folder, 200), lexers, template)


def similarity_of_sources(sources: Mapping[str, str]) -> CodeSimilarity:
    """The similarity of programs given as file name: text. Raises InputError if fewer than two can be compared.

    >>> a = "def total(numbers):\\n    result = 0\\n    for n in numbers:\\n        result += n\\n    return result"
    >>> b = a.replace("numbers", "values").replace("result", "s") + "  # renamed"
    >>> similarity_of_sources({"a.py": a, "b.py": b}).matrix.tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    submissions: dict[str, list[File]] = {
        name: [(name, functools.partial(text.encode, "utf-8", "surrogatepass"))] for name, text in sources.items()
    }
    return _compared(submissions, "sources", _Lexers(), _EMPTY)


def _compared(
    submissions: Mapping[str, Sequence[File]], source: str, lexers: _Lexers, template: Hashes
) -> CodeSimilarity:
    """The similarity of submissions, without the hashes of the template; source names them in errors."""
    fingerprints, notes = {}, []
    for item, files in submissions.items():
        runs, skipped = _runs(item, files, lexers)
        found = np.unique(np.concatenate([_EMPTY, *(_winnowed(run, template) for run in runs)]))
        if len(found):
            fingerprints[item] = found
            notes += [f"{item} is compared without some of it: {_reasons(item, skipped)}"] * bool(skipped)
        else:
            why = "there is nothing in it beyond what is ignored" if runs else _reasons(item, skipped)
            notes.append(f"{item} is left out: {why}")
    if len(fingerprints) < 2:
        raise InputError(
            f"{source}: {len(fingerprints)} of {len(submissions)} submissions can be compared, but it takes two"
            + (f"; {notes[0]}" if notes else "; each file or sub-folder in it is one submission")
        )
    return CodeSimilarity(list(fingerprints), _jaccard(list(fingerprints.values())), tuple(notes))


def _reasons(item: str, skipped: Sequence[tuple[str, str]]) -> str:
    """Why files of an item were skipped, in a phrase."""
    if not skipped:
        return "it holds no files"
    name, why = skipped[0]
    more = f", and {len(skipped) - 1} more cannot be used" if len(skipped) > 1 else ""
    return f"{'it' if safe(name, 1000) == item else safe(name, 200)} {why}{more}"


def _jaccard(fingerprints: Sequence[Hashes]) -> Floats:
    """|intersection| / |union| of every two sets, float64 (n, n)."""
    sizes = np.array([len(found) for found in fingerprints])
    _, column = np.unique(np.concatenate(fingerprints), return_inverse=True)
    has = csr_array((np.ones(len(column), dtype=np.int64), column, np.r_[0, np.cumsum(sizes)]))
    both = (has @ has.T).toarray()
    index: Floats = both / (sizes[:, None] + sizes[None, :] - both)
    return index


def _winnowed(hashes: Hashes, template: Hashes) -> Hashes:
    """The fingerprints: the least hash in each window, of those that are not the template's."""
    hashes = np.where(np.isin(hashes, template), _NO_HASH, hashes)
    least = np.lib.stride_tricks.sliding_window_view(hashes, min(WINDOW, len(hashes))).min(axis=1)
    return np.unique(least[least != _NO_HASH])


def _runs(item: str, files: Iterable[File], lexers: _Lexers) -> tuple[list[Hashes], list[tuple[str, str]]]:
    """The hashes of all runs of K symbols, file by file; and the files skipped, each with the reason."""
    runs, skipped = [], []
    try:
        with _cpu_limit(MAX_CPU_SECONDS):
            for name, read in files:
                try:
                    runs.append(_rolling_hashes(lexers.symbols(name, read())))
                except InputError as error:
                    skipped.append((name, str(error)))
    except _OutOfTime:
        return [], [(item, f"takes more than {MAX_CPU_SECONDS:g} s to lex; look into it by hand")]
    return runs, skipped


@functools.cache  # there are few symbols
def _hash(symbol: str) -> int:
    """A hash that is the same in every process, unlike Python's."""
    return int.from_bytes(blake2b(symbol.encode(), digest_size=8).digest(), "little")


def _rolling_hashes(symbols: Iterable[str]) -> Hashes:
    """The hash of every K consecutive symbols: a polynomial in BASE, modulo 2^64."""
    values = np.fromiter(map(_hash, symbols), dtype=np.uint64)
    count = len(values) - K + 1
    if count < 1:
        raise InputError(f"holds {len(values)} symbols of code, too few to compare")
    total = np.zeros(count, dtype=np.uint64)
    for j in range(K):
        total = total * BASE + values[j : j + count]
    return total


class _Lexers:
    """One lexer for each language, so that copies are lexed alike."""

    def __init__(self) -> None:
        self._of: dict[Any, Any] = {}

    def symbols(self, name: str, data: bytes) -> Iterator[str]:
        """The symbols of a file; raises InputError if it cannot be lexed."""
        kind = _kind(os.path.basename(name))
        if kind is None:
            raise InputError("is in no language known by its name")
        text = decode(data)
        if not text.strip():
            raise InputError("is empty")
        try:
            if kind not in self._of:
                self._of[kind] = _find(os.path.basename(name), text)()
            yield from _symbols(self._of[kind].get_tokens(text))
        except Exception as error:  # an unforeseen error in a lexer
            raise InputError(f"cannot be lexed ({type(error).__name__})") from error


def _find(name: str, text: str | None = None) -> Any:
    """The lexer class for files of that name; if several languages use its suffix (.m, .pl), by the text."""
    from pygments.lexers import TextLexer, find_lexer_class_for_filename

    found = find_lexer_class_for_filename(name, text) or find_lexer_class_for_filename(name.lower(), text)
    return None if found is TextLexer else found


_kind = functools.lru_cache(_find)  # of names without a text: many submissions have a Main.java


def _symbols(tokens: Iterable[tuple[Any, str]]) -> Iterator[str]:
    """The symbols of a lexer's tokens."""
    last = ""
    for kind, text in tokens:
        role = _role(kind)
        if role == "word":
            last = text.lower()
            yield last
        elif role == "signs":  # one by one, as ")}" is one token but ") }" two
            last = ""
            for sign in text:
                if not sign.isspace():
                    yield sign
        elif role == "text":
            if not text.isspace():
                last = "name"
                yield last
        elif role == "string":  # its quotes, escapes and parts are tokens of their own
            if last != role:
                last = role
                yield last
        elif role:
            last = role
            yield role


@functools.cache
def _role(kind: Any) -> str:
    """How tokens of that kind become symbols; "" for those that are dropped."""
    from pygments.token import Comment, Keyword, Literal, Name, Operator, Punctuation, String, Text, Whitespace

    if kind in Comment or kind in Whitespace or kind is String.Doc:
        return ""
    roles = {
        String: "string",
        Literal: "number",
        Name: "name",
        Keyword: "word",
        Operator.Word: "word",
        Operator: "signs",
        Punctuation: "signs",
        Text: "text",  # in some lexers, for ordinary words
    }
    return next((role for parent, role in roles.items() if kind in parent), "")


def _files(top: str, left: list[int]) -> list[File]:
    """The file at that path, or all below it but hidden ones; left[0] is how many more paths are allowed."""
    found: list[File] = []
    paths = [top]
    while paths:
        path = paths.pop()
        left[0] -= 1
        if left[0] < 0:
            raise InputError(
                f"{safe(top, 200)}: more than {MAX_FILES:,} files up to here; name a folder of submissions"
            )
        below = None if os.path.islink(path) else _below(path)
        if below is None:
            found.append((os.path.relpath(path, os.path.dirname(top)), functools.partial(_content, path)))
        else:
            paths += below[::-1]
    return found


def _below(path: str) -> list[str] | None:
    """The paths in a folder, hidden ones left out; None for what is no folder, or cannot be opened."""
    try:
        return [os.path.join(path, name) for name in sorted(os.listdir(path)) if not name.startswith(".")]
    except (OSError, ValueError):  # reading it as a file will give the reason
        return None


def _content(path: str) -> bytes:
    """The bytes of a regular file; raises InputError for anything else."""
    if os.path.islink(path):
        raise InputError("is a symbolic link; put the file itself there")
    try:
        # Does not block on a FIFO.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError("is not a regular file")
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror or 'unreadable'}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"holds more than {MAX_BYTES >> 20} MB")
    return data


class _OutOfTime(BaseException):
    """Not an Exception, so that no lexer catches it."""


@contextmanager
def _cpu_limit(seconds: float) -> Iterator[None]:
    """Raise _OutOfTime after so much CPU time, even within a regular expression; on Unix, in the main thread."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise _OutOfTime

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
