"""An answer of the user's own, to start from: the JSON of an earlier run, or lines of names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from problems.io.content import decode, read_file
from problems.terminal.errors import InputError, safe

MOST_BYTES = 1 << 30  # of an answer


def read_answer(path: str | os.PathLike[str]) -> Any:
    """The "answer" of a JSON object, or the file's lines, each as a list of its words; "#" starts a comment.

    Raises InputError, one sentence, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".txt") as file:
    ...     print("a b  # an edge", "b c", sep="\\n", file=file, flush=True)
    ...     read_answer(file.name)
    [['a', 'b'], ['b', 'c']]
    """
    return read_file(path, _parsed, "an answer")


def _parsed(data: bytes, _: str) -> Any:
    text = decode(data)
    if not text.lstrip().startswith("{"):
        lines = (line.partition("#")[0].split() for line in text.splitlines())
        return [words for words in lines if words]
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError("begins as JSON does and is none; give what --json printed, or names on lines") from None
    if not isinstance(document, Mapping) or document.get("answer") is None:
        raise InputError("is JSON without an answer; give what --json printed, or names on lines")
    return document["answer"]


def read_document(path: str) -> dict[str, Any]:
    """The JSON object in a file, as --json printed it; raises InputError for any other.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".json") as file:
    ...     print('{"problem": "mst"}', file=file, flush=True)
    ...     read_document(file.name)
    {'problem': 'mst'}
    """
    name = safe(Path(path).name, 200)
    try:
        if Path(path).stat().st_size > MOST_BYTES:
            raise InputError(f"{name}: is too large for an answer")
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise InputError(f"{name}: is not JSON; give what --json printed") from None
    if not isinstance(document, dict):
        raise InputError(f"{name}: is not an answer; give what --json printed")
    return document


def refuse(name: str, checks: list[tuple[str, bool]]) -> None:
    """Raise InputError, naming the first check that fails, for what is no answer to the question.

    >>> refuse("start.txt", [("it spans the graph", False)])
    Traceback (most recent call last):
    problems.terminal.errors.InputError: start.txt: is no answer to start from, as this is not so: it spans the graph
    """
    for check, holds in checks:
        if not holds:
            raise InputError(f"{safe(name, 200)}: is no answer to start from, as this is not so: {check}")
