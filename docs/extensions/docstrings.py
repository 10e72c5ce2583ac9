"""The project's docstrings, which are plain text, as reStructuredText.

Indented blocks are maths and stand as they are. Blocks of names and, in a second column, what they mean become lists of
definitions. All else is prose, in which a `name` in backticks is code and nothing else is markup.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import formulations.problem

ALIASES = {  # names of types that stand in signatures as they are written
    name: name for name in formulations.problem.__all__ if not isinstance(getattr(formulations.problem, name), type)
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Replace the lines of a docstring, and say at its end which pages use the function or class."""
    lines[:] = [*restructured(lines), *used_in(app, name)]


def signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, arguments: str | None, result: str | None
) -> tuple[str | None, str | None]:
    """The arguments and the result of a function as its source has them, defaults without a name left open."""

    def plain(text: str | None) -> str | None:
        return text and re.sub(r"<[^<>]+>", "...", re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text))

    return plain(arguments), plain(result)


def restructured(lines: list[str]) -> Iterator[str]:
    """The lines of a docstring as reStructuredText."""
    for filled, block in groupby(lines, key=lambda line: bool(line.strip())):
        if filled:
            yield from _block(list(block))
            yield ""


def _block(lines: list[str]) -> Iterator[str]:
    column = _column(lines)
    if lines[0].startswith(">>>"):
        yield from lines
    elif lines[0].startswith(" "):
        yield from (".. code-block:: text", "", *(f"    {line}" for line in lines))
    elif _entry(lines[0], column):
        listed = list(takewhile(lambda line: line.startswith(" ") or _entry(line, column), lines))
        for line in listed:
            name, meaning = _entry(line, column) or ("", line)
            yield from [f"``{name}``"] * bool(name)
            yield f"    {escaped(meaning.strip())}"
        yield ""
        yield from map(escaped, lines[len(listed) :])
    else:
        yield from map(escaped, lines)


def _column(lines: list[str]) -> int:
    """Where what names mean begins: where most lines of the block go on after spaces."""
    starts = [match.end() for line in lines if (match := re.match(r"(\S.*?\S)?  +", line))]
    return Counter(starts).most_common(1)[0][0] if starts else 0


def _entry(line: str, column: int) -> tuple[str, str] | None:
    """A name and what it means: after several spaces, or in that column after one if the name is the longest."""
    if split := re.match(r"(\S.*?)  +(\S.*)", line):
        return split[1], split[2]
    name, meaning = line[:column], line[column:]
    longest = re.fullmatch(r"[a-z][\w., ]*\w ", name) and meaning[:1].strip()
    return (name.strip(), meaning) if longest else None


def escaped(text: str) -> str:
    """Prose in which only backticks mean something.

    >>> escaped("|V| of `x_e`, a*b")
    '\\\\|V\\\\| of ``x_e``, a\\\\*b'
    """
    parts = re.split(r"`([^`]+)`", text)
    return "".join(f"``{part}``" if k % 2 else re.sub(r"([\\*_|`])", r"\\\1", part) for k, part in enumerate(parts))


def used_in(app: Sphinx, name: str) -> list[str]:
    """A line with the pages of problems that use what has this name."""
    index = Path(app.srcdir, app.config.sphinx_gallery_conf["backreferences_dir"], "backreferences_all.json")
    pages = json.loads(index.read_text(encoding="utf-8")).get(name, []) if index.is_file() else []
    links = [f":doc:`{title} </problems/{Path(file).stem}>`" for file, _, _, _, title in pages]
    return [f"Used in: {', '.join(links)}.", ""] if links else []
