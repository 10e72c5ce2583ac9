"""Reading a user's graph file: what it says, or one sentence about why it cannot be used."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from formulations.graphs import Network
from problems.io import dimacs, edgelist, gml, graphml, pajek, tsplib
from problems.io.build import Parsed, build
from problems.io.content import decode, read_bytes
from problems.terminal.errors import InputError, safe

__all__ = ["GraphFile", "InputError", "read_graph", "safe"]


@dataclass(frozen=True)
class GraphFile:
    """A graph read from a file, and what the user should be told about it."""

    network: Network
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Format:
    name: str
    suffixes: tuple[str, ...]
    sign: re.Pattern[str] | None  # what the beginning of such a file, and of no other, looks like
    parse: Callable[[str], Parsed] | None = None  # None where bytes, or a delimiter, are needed


_GRAPHML = _Format("GraphML", (".graphml", ".xml"), re.compile(r"\A<(\?xml|!--|!DOCTYPE|(\w+:)?graphml)"))
_EDGE_LIST = _Format("edge list", (".edgelist", ".edges", ".txt", ".csv", ".tsv", ".el", ".dat"), None)
_FORMATS = (
    _GRAPHML,
    _Format("GML", (".gml",), re.compile(r"(?m)^[ \t]*graph\s*\["), gml.parse),
    _Format("Pajek", (".net", ".paj", ".pajek"), re.compile(r"(?mi)^\*(vertices|network)\b"), pajek.parse),
    _Format("DIMACS", (".gr",), re.compile(r"(?m)^p (sp|tw) +-?\d+ +-?\d+\s*$"), dimacs.parse),
    _Format("TSPLIB", (".tsp",), re.compile(r"(?m)^(DIMENSION|EDGE_WEIGHT_TYPE) *:"), tsplib.parse),
    _EDGE_LIST,
)
_BY_SUFFIX = {suffix: form for form in _FORMATS for suffix in form.suffixes}
_HEAD = 4096


def read_graph(
    path: str | os.PathLike[str],
    weight: str | None = None,
    delimiter: str | None = None,
    attributes: Sequence[str] = (),
) -> GraphFile:
    """The graph in a file, its format told by its name (.gml .graphml .edgelist .net .gr .tsp; .gz .bz2 .xz).

    Its weight is the edge attribute `weight`, or the one that suggests itself; `attributes` are read beside it.
    Raises InputError, one sentence for the user, for a file that cannot be used.
    """
    name = os.fsdecode(path)
    try:
        return _read(name, weight, delimiter, attributes)
    except InputError as error:
        raise InputError(f"{safe(name, 200)}: {error}") from None
    except (MemoryError, RecursionError):
        raise InputError(f"{safe(name, 200)}: is too large or too deeply nested to be read") from None
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        # A parser met what its author did not think of: the user's file is still the cause, and the chain tells more.
        raise InputError(f"{safe(name, 200)}: cannot be read as a graph ({safe(error)}); check its format") from error


def _read(path: str, weight: str | None, delimiter: str | None, attributes: Sequence[str]) -> GraphFile:
    data, suffix = read_bytes(path)
    if not data.strip():
        raise InputError("is empty; give a file with a graph in it")
    form = _format(data, suffix)
    if form is _EDGE_LIST:
        parsed = edgelist.parse(decode(data), _delimiter(delimiter, suffix))
    else:
        parsed = graphml.parse(data) if form.parse is None else form.parse(decode(data))
        if delimiter is not None:
            parsed.notes.append(f"--delimiter is not used: {form.name} has its own.")
    return GraphFile(*build(parsed, weight, attributes))


def _format(data: bytes, suffix: str) -> _Format:
    """The format by the name's suffix, unless the contents look like another."""
    head = data[:_HEAD].decode("utf-8", errors="ignore").replace("\0", "").lstrip("\ufeff \t\r\n")
    seen = next((form for form in _FORMATS if form.sign and form.sign.search(head)), None)
    named = _BY_SUFFIX.get(suffix, seen)
    if named is None:
        raise InputError(f"has a suffix that says no format; rename it to one of {' '.join(_BY_SUFFIX)}")
    if seen not in (None, named):
        raise InputError(f"looks like {seen.name} but its name says {named.name}; rename it to {seen.suffixes[0]}")
    return named


def _delimiter(given: str | None, suffix: str) -> str | None:
    if given is None:
        return "," if suffix == ".csv" else None
    if not given:
        raise InputError("cannot be split at an empty --delimiter; give a character")
    return given.replace("\\t", "\t")
