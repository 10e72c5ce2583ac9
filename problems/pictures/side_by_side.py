"""Pairs of submissions side by side as one HTML page, what matches in them coloured, numbered and linked.

The page needs nothing else: no script, and its policy forbids every request. All text in it is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from problems.pictures.pages import rendered_page
from problems.terminal.errors import safe

MAX_PAIRS = 100  # on a page, the most similar
MAX_COLUMNS = 500  # of a line
LONG, ENDS = 300, 10  # lines that do not match: of more, so many are shown at either end


class Passage(Protocol):
    """Lines, first to last, of a file of each submission that match."""

    @property
    def first_file(self) -> str: ...  # noqa: D102
    @property
    def first_lines(self) -> tuple[int, int]: ...  # noqa: D102
    @property
    def second_file(self) -> str: ...  # noqa: D102
    @property
    def second_lines(self) -> tuple[int, int]: ...  # noqa: D102


@dataclass(frozen=True)
class Pair:
    """Two submissions: their names, how similar they are, their texts by path, and what matches in them."""

    first: str
    second: str
    similarity: float
    first_texts: Mapping[str, str]
    second_texts: Mapping[str, str]
    passages: Sequence[Passage]


@dataclass(frozen=True)
class _Block:
    """Consecutive lines of one passage, or of none; whether the passage begins there."""

    text: str
    number: int | None
    begins: bool


@dataclass(frozen=True)
class _File:
    path: str
    blocks: Sequence[_Block]


def page(title: str, told: str, pairs: Sequence[Pair], total: int) -> str:
    """The page: a table of the pairs, the most similar first, and below it their files; `total` pairs there are.

    >>> pair = Pair("<a>", "b", 0.5, {"<a>": "x = 1 < 2"}, {"b": ""}, [])
    >>> "<a>" in page("a cohort", "similarity above 0.3", [pair], 1)
    False
    """
    shown = [_shown(pair) for pair in pairs[:MAX_PAIRS]]
    return rendered_page("side_by_side.html", title=safe(title, 200), told=safe(told, 500), shown=shown, total=total)


def _shown(pair: Pair) -> dict[str, object]:
    """What the template needs of a pair."""
    first = [(passage.first_file, passage.first_lines) for passage in pair.passages]
    second = [(passage.second_file, passage.second_lines) for passage in pair.passages]
    return {
        "names": (safe(pair.first, 200), safe(pair.second, 200)),
        "similarity": pair.similarity,
        "passages": len(pair.passages),
        "lines": (_share(pair.first_texts, first), _share(pair.second_texts, second)),
        "sides": (list(_files(pair.first_texts, first)), list(_files(pair.second_texts, second))),
    }


def _share(texts: Mapping[str, str], passages: Sequence[tuple[str, tuple[int, int]]]) -> str:
    """How many of the lines that are not blank match."""
    written = {(path, k) for path, text in texts.items() for k, line in enumerate(text.split("\n"), 1) if line.strip()}
    matching = {(path, k) for path, (first, last) in passages for k in range(first, last + 1)}
    return f"{len(written & matching):,} of {len(written):,}"


def _files(texts: Mapping[str, str], passages: Sequence[tuple[str, tuple[int, int]]]) -> Iterator[_File]:
    """The files in blocks; passage k is number k + 1. Lines where two meet count to the later one's beginning."""
    for path, text in texts.items():
        lines = text.split("\n")
        number: list[int | None] = [None] * (len(lines) + 1)
        for k, (file, (first, last)) in enumerate(passages, start=1):
            if file == path:
                number[first - 1 : last] = [k] * (last - first + 1)
        yield _File(safe(path, 200), list(_blocks(lines, number)))


def _blocks(lines: Sequence[str], number: Sequence[int | None]) -> Iterator[_Block]:
    """Runs of lines with the same number, each line with its place; long runs of none are cut in their middle."""
    seen: set[int] = set()
    for k, run in groupby(range(len(lines)), key=lambda line: number[line]):
        shown = [f"{line + 1:>5}  {safe(lines[line].expandtabs(4), MAX_COLUMNS)}" for line in run]
        if k is None and len(shown) > LONG:
            shown[ENDS:-ENDS] = [f"       ... {len(shown) - 2 * ENDS:,} lines"]
        yield _Block("\n".join(shown), k, k is not None and k not in seen)
        if k is not None:
            seen.add(k)
