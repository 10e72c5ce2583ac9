"""Which lines of two submissions match: greedy string tiling on their symbols.

Maximal common runs of at least K symbols are taken, the longest first, none overlapping one before (Wise 1993); those
that follow each other at a small distance in both submissions are one passage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from formulations.problem import Ints
from problems.studies.code_similarity import K, rolling_hashes
from problems.studies.symbols import Hashes, Source

GAP = 2 * K  # symbols between runs of one passage: a few lines that were inserted or changed
MAX_MATCHES = 2_000_000  # of single positions: in repetitive code all match all
MAX_RUNS = 2_000  # that are tiled, the longest


@dataclass(frozen=True)
class Passage:
    """Lines, first to last, of a file of each submission that match, and how many symbols do."""

    first_file: str
    first_lines: tuple[int, int]
    second_file: str
    second_lines: tuple[int, int]
    symbols: int


def passages(first: Sequence[Source], second: Sequence[Source], template: Hashes) -> list[Passage]:
    """What two submissions have in common, but for runs in the template; in the order of the first.

    >>> from problems.studies.code_similarity import similarity_of_sources
    >>> text = "def total(numbers):\\n    result = 0\\n    for n in numbers:\\n        result += n\\n    return result"
    >>> read = similarity_of_sources({"a.py": text, "b.py": "\\n\\n" + text}).sources
    >>> passages(*read, np.empty(0, dtype=np.uint64))[0]
    Passage(first_file='a.py', first_lines=(1, 5), second_file='b.py', second_lines=(3, 7), symbols=20)
    """
    a, b = _Joined(first, template), _Joined(second, template)
    tiles = sorted(_tiles(*_runs(a, b), len(a.line), len(b.line)))
    joined: list[list[int]] = []  # begin and end in both, and symbols
    for i, j, length in tiles:
        if joined and _follows(joined[-1], i, j, a, b):
            joined[-1][1], joined[-1][3] = i + length, j + length
            joined[-1][4] += length
        else:
            joined.append([i, i + length, j, j + length, length])
    return [
        Passage(a.path(i), (int(a.line[i]), int(a.line[k - 1])), b.path(j), (int(b.line[j]), int(b.line[m - 1])), size)
        for i, k, j, m, size in joined
    ]


class _Joined:
    """The files of a submission one after another: line and file of each symbol; hashes of runs, and where they begin.

    No run crosses from file to file: K - 1 places before the end of each have no hash.
    """

    def __init__(self, sources: Sequence[Source], template: Hashes) -> None:
        sizes = [len(source.symbols) for source in sources]
        begins = np.cumsum([0, *sizes[:-1]])
        self.sources = sources
        self.line = np.concatenate([source.lines for source in sources])
        self.file = np.repeat(np.arange(len(sources)), sizes)
        parts = [rolling_hashes(source.symbols) for source in sources]
        hashes = np.concatenate(parts)
        places = np.concatenate([begin + np.arange(len(part)) for begin, part in zip(begins, parts, strict=True)])
        counts = ~np.isin(hashes, template)
        self.hashes, self.places = hashes[counts], places[counts]

    def path(self, place: int) -> str:
        return self.sources[int(self.file[place])].path


def _runs(a: _Joined, b: _Joined) -> tuple[Ints, Ints, Ints]:
    """Maximal common runs: where they begin in both, and their symbols; the longest first."""
    order = np.argsort(b.hashes, kind="stable")
    low, high = (np.searchsorted(b.hashes[order], a.hashes, side) for side in ("left", "right"))
    count, most = high - low, len(b.hashes)
    while np.minimum(count, most).sum() > MAX_MATCHES:
        most //= 2
    # Of too many places with the same run, those that come about as often after others of it.
    low += np.clip(_occurrence(a.hashes) - most // 2, 0, np.maximum(count - most, 0))
    count = np.minimum(count, most)
    i = np.repeat(a.places, count)
    within = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count)
    j = b.places[order][np.repeat(low, count) + within]
    if not len(i):
        return i, j, i
    ranked = np.lexsort((i, i - j))
    i, j = i[ranked], j[ranked]
    begins = np.flatnonzero(np.r_[True, (np.diff(i - j) != 0) | (np.diff(i) != 1)])
    length = np.diff(np.r_[begins, len(i)]) + K - 1
    longest = np.argsort(-length, kind="stable")[:MAX_RUNS]
    return i[begins][longest], j[begins][longest], length[longest]


def _occurrence(hashes: Hashes) -> Ints:
    """How many equal ones stand before each, int64 (m,)."""
    order = np.argsort(hashes, kind="stable")
    fresh = np.r_[True, hashes[order][1:] != hashes[order][:-1]][: len(hashes)]
    first = np.maximum.accumulate(np.where(fresh, np.arange(len(hashes)), 0))
    found = np.empty(len(hashes), dtype=np.int64)
    found[order] = np.arange(len(hashes)) - first
    return found


def _tiles(i: Ints, j: Ints, length: Ints, m: int, n: int) -> Iterator[tuple[int, int, int]]:
    """Runs, or what is left of them, that do not overlap in either of m and n symbols."""
    used_a, used_b = np.zeros(m, dtype=bool), np.zeros(n, dtype=bool)
    for p, q, size in zip(i.tolist(), j.tolist(), length.tolist(), strict=True):
        free = ~(used_a[p : p + size] | used_b[q : q + size])
        edges = np.flatnonzero(np.diff(np.r_[False, free, False].astype(np.int8)))
        for begin, end in edges.reshape(-1, 2).tolist():
            if end - begin >= K:
                used_a[p + begin : p + end] = used_b[q + begin : q + end] = True
                yield p + begin, q + begin, end - begin


def _follows(last: Sequence[int], i: int, j: int, a: _Joined, b: _Joined) -> bool:
    """Whether a run at i and j goes on with the last passage."""
    near = 0 <= i - last[1] <= GAP and 0 <= j - last[3] <= GAP
    return near and a.file[i] == a.file[last[1] - 1] and b.file[j] == b.file[last[3] - 1]
