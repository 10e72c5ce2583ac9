"""Programs as sequences of symbols, whatever their language, their encoding and the names in them.

A program is lexed into symbols: keywords, operators and brackets as they are, one symbol for all identifiers, one for
the literals of each kind; comments and white space are dropped. So renaming and reformatting change nothing. Prose is
its words.
"""

from __future__ import annotations

import fnmatch
import functools
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Ints
from problems.io.encodings import decode_any
from problems.terminal.errors import InputError

Hashes = NDArray[np.uint64]

UNNAMED = ("", ".txt", ".text")  # suffixes that say nothing about the language
GUESSES = ("python", "java", "c", "javascript")  # languages that such a file is tried as
GUESSED_FROM = 20_000  # characters
LEAST_SIGNS = 0.2  # share of operators and brackets among the symbols of code; prose has less
PROSE = "prose"


@dataclass(frozen=True, eq=False)
class Source:
    """A file: its path, its text, the encoding and language that it was read in, and its symbols.

    symbols  uint64 (m,), a hash of each
    lines    int64 (m,), the line that each is on, from 1
    """

    path: str
    text: str
    encoding: str
    language: str
    guessed: bool
    symbols: Hashes
    lines: Ints


class Lexers:
    """One lexer for each language, so that copies are lexed alike."""

    def __init__(self) -> None:
        """None is loaded yet."""
        self._of: dict[str, Any] = {}

    def source(self, path: str, data: bytes) -> Source:
        """The symbols of a file; raises InputError if it is no text, in no language or cannot be lexed."""
        name = os.path.basename(path)
        unnamed = os.path.splitext(name)[1].lower() in UNNAMED and _find(name) is None
        if not unnamed and not name.lower().endswith(".ipynb") and _kind(name) is None:
            raise InputError("is in no language known by its name")
        text, encoding = decode_any(data)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if name.lower().endswith(".ipynb"):
            text, name = _cells(text)
        if not text.strip():
            raise InputError("is empty")
        try:
            lexer = self._guess(text) if unnamed else self._lexer(_find(name, text))
            found = list(_words(text) if lexer is None else _symbols(lexer.get_tokens_unprocessed(text + "\n")))
        except Exception as error:  # an unforeseen error in a lexer
            raise InputError(f"cannot be lexed ({type(error).__name__})") from error
        at = np.fromiter((index for index, _ in found), dtype=np.int64, count=len(found))
        breaks = np.array([index for index, sign in enumerate(text) if sign == "\n"], dtype=np.int64)
        return Source(
            path,
            text,
            encoding,
            PROSE if lexer is None else lexer.name,
            unnamed,
            np.fromiter((_hash(symbol) for _, symbol in found), dtype=np.uint64, count=len(found)),
            np.searchsorted(breaks, at) + 1,
        )

    def _lexer(self, kind: Any) -> Any:
        if kind.name not in self._of:
            self._of[kind.name] = kind()
        return self._of[kind.name]

    def _guess(self, text: str) -> Any:
        """The lexer that finds most keywords among the words of a text, None for prose."""
        from pygments.lexers import find_lexer_class_by_name

        best, most, text = None, 0.0, text[:GUESSED_FROM]
        for language in GUESSES:
            lexer = self._lexer(find_lexer_class_by_name(language))
            roles = [_role(kind) for _, kind, value in lexer.get_tokens_unprocessed(text) if not value.isspace()]
            keywords, names, signs = (roles.count(role) for role in ("word", "name", "signs"))
            share = keywords / max(keywords + names, 1)
            if share > most and signs >= LEAST_SIGNS * (keywords + names + signs):
                best, most = lexer, share
        return best


def _find(name: str, text: str | None = None) -> Any:
    """The lexer class for files of that name; if several languages use its suffix (.m, .pl), by the text."""
    whole, suffixes = _names()
    suffix = os.path.splitext(name)[1]
    if not whole.match(name):
        name = f"any{suffix}"
    return _kind(name) if suffixes[suffix] == 1 else _searched(name, text)


def _searched(name: str, text: str | None = None) -> Any:
    from pygments.lexers import TextLexer, find_lexer_class_for_filename

    found = find_lexer_class_for_filename(name, text) or find_lexer_class_for_filename(name.lower(), text)
    return None if found is TextLexer else found


_kind = functools.lru_cache(_searched)  # without a text


@functools.cache
def _names() -> tuple[re.Pattern[str], Counter[str]]:
    """What file names say that is more than their suffix, as CMakeLists.txt; how many languages have each suffix."""
    from pygments.lexers import get_all_lexers

    patterns = [pattern for _, _, patterns, _ in get_all_lexers() for pattern in patterns]
    suffixes = Counter(pattern[1:] for pattern in patterns if re.fullmatch(r"\*\.\w+", pattern))
    others = [fnmatch.translate(pattern) for pattern in patterns if pattern[1:] not in suffixes]
    return re.compile("|".join(others), re.IGNORECASE), suffixes


def _cells(text: str) -> tuple[str, str]:
    """The code cells of a notebook, each below its number, and a file name that tells their language."""
    try:
        notebook = json.loads(text)
        sheets = notebook.get("worksheets") or [notebook]
        cells = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
        sources = [cell.get("source", cell.get("input", "")) for cell in cells]
        code = ["".join(source) for source in sources]
        about = notebook.get("metadata", {}).get("language_info", {})
        suffix = str(about.get("file_extension") or ".py")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise InputError("is no notebook that can be read; save it again in Jupyter") from None
    name = f"notebook{suffix}"
    return "\n".join(f"# [{k}]\n{cell}\n" for k, cell in enumerate(code, start=1)), name if _kind(name) else "n.py"


@functools.cache  # there are few symbols, and of prose no more than words
def _hash(symbol: str) -> int:
    """A hash that is the same in every process, unlike Python's."""
    return int.from_bytes(blake2b(symbol.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _words(text: str) -> Iterator[tuple[int, str]]:
    """The words of prose, and where they stand."""
    return ((found.start(), found[0].casefold()) for found in re.finditer(r"\w+|[^\w\s]", text))


def _symbols(tokens: Iterable[tuple[int, Any, str]]) -> Iterator[tuple[int, str]]:
    """The symbols of a lexer's tokens, and where they stand."""
    last = ""
    for index, kind, text in tokens:
        role = _role(kind)
        if not role or not text or text.isspace():
            continue
        if role == "word":
            last = text.lower()
            yield index, last
        elif role == "signs":  # one by one, as ")}" is one token but ") }" two
            last = ""
            for k, sign in enumerate(text):
                if not sign.isspace():
                    yield index + k, sign
        elif role == "string":  # its quotes, escapes and parts are tokens of their own
            if last != role:
                last = role
                yield index, last
        else:
            last = role
            yield index, role


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
        Text: "name",  # in some lexers, for ordinary words
    }
    return next((role for parent, role in roles.items() if kind in parent), "")
