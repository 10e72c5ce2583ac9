"""How similar the programs in a folder are, whatever their language: tokens, fingerprints, Jaccard's index.

A program is lexed into symbols: keywords, operators and brackets as they are, every identifier the same symbol, every
literal the same symbol of its kind; comments and white space are dropped. Renaming and reformatting change nothing.
Winnowing (Schleimer, Wilkerson, Aiken 2003) hashes all runs of K symbols and keeps the least hash in every WINDOW
consecutive ones: what is shared over K + WINDOW - 1 symbols is found, and nothing that is shared over less than K.

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
LARGEST = 1 << 20  # bytes in a file: more is data, or made by a machine
FILES = 10_000  # in a folder: more is not a folder of submissions
SECONDS = 10.0  # of computing per submission: some of the lexers' regular expressions can be made to take for ever
BASE = np.uint64(0x9E3779B97F4A7C15)  # of the rolling hash: odd, so that no symbol is shifted out
_NONE = np.uint64(2**64 - 1)
_NOTHING: Hashes = np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class CodeSimilarity:
    """Jaccard's index of every two submissions, float64 (n, n), 1 on the diagonal; their names; what was left out."""

    items: list[str]
    matrix: Floats
    notes: tuple[str, ...]


def similarity_of(folder: str, ignore: str | None = None) -> CodeSimilarity:
    """The similarity of the submissions in a folder: each file is one, and each sub-folder with all files below it.

    What also stands in the file or folder `ignore`, such as a template handed out, does not count. Hidden files and
    symbolic links are not read; what cannot be read or lexed is left out, with a note. Raises InputError if the folder
    or `ignore` cannot be used, or if fewer than two submissions are left.
    """
    lexers = _Lexers()
    template = _NOTHING
    if ignore is not None:
        runs, passed = _runs(ignore, _files(os.path.realpath(ignore), [FILES]), lexers)
        if not runs:
            raise InputError(f"{safe(ignore, 200)}: has no code to ignore: {_said(ignore, passed)}")
        template = np.concatenate(runs)
    paths, left = _below(folder), [FILES]
    if paths is None:
        raise InputError(f"{safe(folder, 200)}: is no folder that can be opened; name the one with the submissions")
    submissions = {safe(os.path.basename(path), 1000): _files(path, left) for path in paths}
    return _compared(submissions, safe(folder, 200), lexers, template)


def similarity_of_sources(sources: Mapping[str, str]) -> CodeSimilarity:
    """The similarity of programs given as file name: text. Raises InputError if fewer than two can be compared."""
    submissions: dict[str, list[File]] = {
        name: [(name, functools.partial(text.encode, "utf-8", "surrogatepass"))] for name, text in sources.items()
    }
    return _compared(submissions, "sources", _Lexers(), _NOTHING)


def _compared(
    submissions: Mapping[str, Sequence[File]], source: str, lexers: _Lexers, template: Hashes
) -> CodeSimilarity:
    fingerprints, notes = {}, []
    for item, files in submissions.items():
        runs, passed = _runs(item, files, lexers)
        found = np.unique(np.concatenate([_NOTHING, *(_winnowed(run, template) for run in runs)]))
        if len(found):
            fingerprints[item] = found
            notes += [f"{item} is compared without some of it: {_said(item, passed)}"] * bool(passed)
        else:
            why = "there is nothing in it beyond what is ignored" if runs else _said(item, passed)
            notes.append(f"{item} is left out: {why}")
    if len(fingerprints) < 2:
        raise InputError(
            f"{source}: {len(fingerprints)} of {len(submissions)} submissions can be compared, but it takes two"
            + (f"; {notes[0]}" if notes else "; each file or sub-folder in it is one submission")
        )
    return CodeSimilarity(list(fingerprints), _jaccard(list(fingerprints.values())), tuple(notes))


def _said(item: str, passed: Sequence[tuple[str, str]]) -> str:
    """Files that were passed over, in a phrase."""
    if not passed:
        return "it holds no files"
    name, why = passed[0]
    more = f", and {len(passed) - 1} more cannot be used" if len(passed) > 1 else ""
    return f"{'it' if safe(name, 1000) == item else safe(name, 200)} {why}{more}"


def _jaccard(fingerprints: Sequence[Hashes]) -> Floats:
    sizes = np.array([len(found) for found in fingerprints])
    _, column = np.unique(np.concatenate(fingerprints), return_inverse=True)
    has = csr_array((np.ones(len(column), dtype=np.int64), column, np.r_[0, np.cumsum(sizes)]))
    both = (has @ has.T).toarray()
    index: Floats = both / (sizes[:, None] + sizes[None, :] - both)
    return index


def _winnowed(hashes: Hashes, template: Hashes) -> Hashes:
    """The least hash in each window, of those that are not the template's."""
    hashes = np.where(np.isin(hashes, template), _NONE, hashes)
    least = np.lib.stride_tricks.sliding_window_view(hashes, min(WINDOW, len(hashes))).min(axis=1)
    return np.unique(least[least != _NONE])


def _runs(item: str, files: Iterable[File], lexers: _Lexers) -> tuple[list[Hashes], list[tuple[str, str]]]:
    """The hashes of all runs of K symbols, file by file; and the files passed over, each with the reason."""
    runs, passed = [], []
    try:
        with _cpu_limit(SECONDS):
            for name, read in files:
                try:
                    runs.append(_rolled(lexers.symbols(name, read())))
                except InputError as error:
                    passed.append((name, str(error)))
    except _Overrun:
        return [], [(item, f"takes more than {SECONDS:g} s to lex; look into it by hand")]
    return runs, passed


@functools.cache  # few: the words and signs of the languages
def _hash(symbol: str) -> int:
    """The same in every run, as Python's own is not."""
    return int.from_bytes(blake2b(symbol.encode(), digest_size=8).digest(), "little")


def _rolled(symbols: Iterable[str]) -> Hashes:
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
    """One lexer for all names of a kind, so that copies are lexed alike."""

    def __init__(self) -> None:
        self._of: dict[Any, Any] = {}

    def symbols(self, name: str, data: bytes) -> Iterator[str]:
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
        except Exception as error:  # a lexer met what its author did not think of
            raise InputError(f"cannot be lexed ({type(error).__name__})") from error


def _find(name: str, text: str | None = None) -> Any:
    """The class of lexers for files of that name; where several languages have such names (.m, .pl), by the text."""
    from pygments.lexers import TextLexer, find_lexer_class_for_filename

    found = find_lexer_class_for_filename(name, text) or find_lexer_class_for_filename(name.lower(), text)
    return None if found is TextLexer else found


_kind = functools.lru_cache(_find)  # of names without a text: many submissions have a Main.java


def _symbols(tokens: Iterable[tuple[Any, str]]) -> Iterator[str]:
    last = ""
    for kind, text in tokens:
        role = _role(kind)
        if role == "word":
            last = text.lower()
            yield last
        elif role == "signs":  # one by one: lexers take ")}" together, but not ") }"
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
        Text: "text",  # how some lexers call words that are not special
    }
    return next((role for parent, role in roles.items() if kind in parent), "")


def _files(top: str, left: list[int]) -> list[File]:
    """The file of that path, or all below it but hidden ones; left[0] is how many more paths may be met."""
    found: list[File] = []
    paths = [top]
    while paths:
        path = paths.pop()
        left[0] -= 1
        if left[0] < 0:
            raise InputError(f"{safe(top, 200)}: more than {FILES:,} files up to here; name a folder of submissions")
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
    except (OSError, ValueError):  # reading it as a file will say why
        return None


def _content(path: str) -> bytes:
    if os.path.islink(path):
        raise InputError("is a symbolic link; put the file itself there")
    try:
        # Not to wait for whoever may write into a FIFO.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError("is not a regular file")
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror or 'unreadable'}") from None
    if len(data) > LARGEST:
        raise InputError(f"holds more than {LARGEST >> 20} MB")
    return data


class _Overrun(BaseException):
    """No Exception, so that no lexer takes it for one of its own."""


@contextmanager
def _cpu_limit(seconds: float) -> Iterator[None]:
    """Raise _Overrun after so much computing, even within a regular expression; only Unix's main thread can."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise _Overrun

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
