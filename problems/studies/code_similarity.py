"""How similar the programs in a folder are, whatever their language: tokens, fingerprints, Jaccard index.

Winnowing (Schleimer, Wilkerson, Aiken 2003) hashes all runs of K symbols and keeps the least hash in every WINDOW
consecutive ones: a common run of K + WINDOW - 1 symbols is always found, one of less than K never.

    similarity(P, Q) = |F(P) and F(Q)| / |F(P) or F(Q)|        F: the set of fingerprints
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from formulations.problem import Floats
from problems.io.submissions import EMPTY, Submission, read_one, read_submissions
from problems.studies.symbols import Hashes, Lexers, Source
from problems.terminal.errors import InputError, safe

K = 12  # symbols
WINDOW = 6  # hashes
MAX_CPU_SECONDS = 10.0  # per submission: some of the lexers' regular expressions take exponential time
BASE = np.uint64(0x9E3779B97F4A7C15)  # of the rolling hash: odd, so that no symbol is shifted out
_NO_HASH = np.uint64(2**64 - 1)
_EMPTY: Hashes = np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class CodeSimilarity:
    """Jaccard index of every two submissions, and what it rests on.

    items       their names, as the files have them: to be shown through `safe` only
    matrix      float64 (n, n), 1 on the diagonal
    comparable  bool (n, n): which share a language
    sources     the files of each that are compared
    template    hashes of runs that do not count
    notes       how they were read, and what was left out
    """

    items: list[str]
    matrix: Floats
    comparable: NDArray[np.bool_]
    sources: list[list[Source]]
    template: Hashes
    notes: tuple[str, ...]


def similarity_of(folder: str, ignore: str | None = None) -> CodeSimilarity:
    """The similarity of the submissions in a folder or an archive: each entry is one, with all files below it.

    Code in the file or folder `ignore`, such as a template handed out, is not compared. What cannot be read or lexed is
    left out, with a note. Raises InputError if the folder or `ignore` cannot be used, or if fewer than two submissions
    are left.
    """
    lexers, template = Lexers(), _EMPTY
    if ignore is not None:
        handed_out, skipped = _lexed(read_one(ignore), lexers)
        if not handed_out:
            raise InputError(f"{safe(ignore, 200)}: has no code to ignore: {_reasons(ignore, skipped)}")
        template = np.concatenate([rolling_hashes(source.symbols) for source in handed_out])
    submissions, notes = read_submissions(folder)
    return _compared(submissions, safe(folder, 200), lexers, template, notes)


def similarity_of_sources(sources: Mapping[str, str]) -> CodeSimilarity:
    """The similarity of programs given as file name: text. Raises InputError if fewer than two can be compared.

    >>> a = "def total(numbers):\\n    result = 0\\n    for n in numbers:\\n        result += n\\n    return result"
    >>> b = a.replace("numbers", "values").replace("result", "s") + "  # renamed"
    >>> similarity_of_sources({"a.py": a, "b.py": b}).matrix.tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    submissions = [Submission(name, {name: text.encode("utf-8", "replace")}) for name, text in sources.items()]
    return _compared(submissions, "sources", Lexers(), _EMPTY, [])


def rolling_hashes(symbols: Hashes) -> Hashes:
    """The hash of every K consecutive symbols, uint64 (m - K + 1,): a polynomial in BASE, modulo 2^64.

    >>> rolling_hashes(np.arange(20, dtype=np.uint64)).shape
    (9,)
    """
    count = max(len(symbols) - K + 1, 0)
    total = np.zeros(count, dtype=np.uint64)
    for j in range(K):
        total = total * BASE + symbols[j : j + count]
    return total


def _compared(
    submissions: Sequence[Submission], source: str, lexers: Lexers, template: Hashes, notes: Sequence[str]
) -> CodeSimilarity:
    """The similarity of submissions, without the hashes of the template; source names them in errors."""
    items, read, fingerprints, told = [], [], [], list[str]()
    for submission in submissions:
        sources, skipped = _lexed(submission, lexers)
        found = np.unique(np.concatenate([_EMPTY, *(_winnowed(part.symbols, template) for part in sources)]))
        name = safe(submission.name, 1000)
        if len(found):
            items.append(submission.name)
            read.append(sources)
            fingerprints.append(found)
            if skipped:
                told.append(f"{name} is compared without some of it: {_reasons(submission.name, skipped)}")
        else:
            why = "there is nothing in it beyond what is ignored" if sources else _reasons(submission.name, skipped)
            told.append(f"{name} is left out: {why}")
    if len(items) < 2:
        raise InputError(
            f"{source}: {len(items)} of {len(submissions)} submissions can be compared, but it takes two"
            + (f"; {told[0]}" if told else "; each file or sub-folder in it is one submission")
        )
    told = [*notes, *told, *_how_read(part for sources in read for part in sources)]
    return CodeSimilarity(items, _jaccard(fingerprints), _comparable(read), read, template, tuple(told))


def _reasons(item: str, skipped: Mapping[str, str]) -> str:
    """Why files of an item were skipped, each named."""
    return (
        "; ".join(f"{'it' if path == item else safe(path, 200)} {why}" for path, why in skipped.items())
        or f"it {EMPTY}"
    )


def _how_read(sources: Iterable[Source]) -> Iterator[str]:
    """What is to be said of encodings and languages that are not plain."""
    found: dict[str, list[str]] = {}
    for source in sources:
        if source.encoding != "UTF-8":
            found.setdefault(source.encoding, []).append(source.path)
        if source.guessed:
            found.setdefault(f"{source.language}, which is a guess", []).append(source.path)
    for how, paths in found.items():
        yield f"Read as {how}: {', '.join(safe(path, 200) for path in paths)}."


def _jaccard(fingerprints: Sequence[Hashes]) -> Floats:
    """|intersection| / |union| of every two sets, float64 (n, n)."""
    sizes = np.array([len(found) for found in fingerprints])
    both = _common(fingerprints)
    index: Floats = both / (sizes[:, None] + sizes[None, :] - both)
    return index


def _comparable(read: Sequence[Sequence[Source]]) -> NDArray[np.bool_]:
    """Which submissions share a language, bool (n, n)."""
    return _common([np.array(sorted({source.language for source in sources})) for sources in read]) > 0


def _common(sets: Sequence[NDArray[np.generic]]) -> NDArray[np.int64]:
    """How many elements every two sets share, int64 (n, n)."""
    _, column = np.unique(np.concatenate(sets), return_inverse=True)
    starts = np.r_[0, np.cumsum([len(elements) for elements in sets])]
    has = csr_array((np.ones(len(column), dtype=np.int64), column, starts))
    return np.asarray((has @ has.T).toarray())


def _winnowed(symbols: Hashes, template: Hashes) -> Hashes:
    """The fingerprints: the least hash in each window, of those that are not the template's."""
    hashes = rolling_hashes(symbols)
    hashes = np.where(np.isin(hashes, template), _NO_HASH, hashes)
    least = np.lib.stride_tricks.sliding_window_view(hashes, min(WINDOW, len(hashes))).min(axis=1)
    return np.unique(least[least != _NO_HASH])


def _lexed(submission: Submission, lexers: Lexers) -> tuple[list[Source], dict[str, str]]:
    """The files that can be compared; and the paths of the others, each with the reason."""
    sources, skipped = [], dict(submission.unread)
    try:
        with _cpu_limit(MAX_CPU_SECONDS):
            for path, data in submission.files.items():
                try:
                    source = lexers.source(path, data)
                    if len(source.symbols) >= K:
                        sources.append(source)
                    else:
                        skipped[path] = f"holds {len(source.symbols)} symbols of code, too few to compare"
                except InputError as error:
                    skipped[path] = str(error)
    except _OutOfTime:
        return [], {submission.name: f"takes more than {MAX_CPU_SECONDS:g} s to lex; look into it by hand"}
    return sources, skipped


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
