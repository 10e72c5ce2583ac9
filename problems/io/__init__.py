"""Reading a user's graph file: the graph, or one sentence on why the file cannot be used."""

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
    """A graph read from a file, and notes for the user on how it was read."""

    network: Network
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Format:
    """A file format: the suffixes of file names, and a pattern that only files of this format begin with.

    parse  text -> graph; None where bytes or a delimiter are needed
    """

    name: str
    suffixes: tuple[str, ...]
    pattern: re.Pattern[str] | None
    parse: Callable[[str], Parsed] | None = None


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
_HEAD = 4096  # bytes in which the pattern is looked for


def read_graph(
    path: str | os.PathLike[str],
    weight: str | None = None,
    delimiter: str | None = None,
    attributes: Sequence[str] = (),
) -> GraphFile:
    r"""The graph in a file, its format given by its suffix (.gml .graphml .edgelist .net .gr .tsp; .gz .bz2 .xz).

    weight      the edge attribute that is the weight; None for "weight", else the only numeric one, else 1
    delimiter   between the columns of an edge list; None for blanks, in .csv files a comma
    attributes  further edge attributes to read

    Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".edgelist") as file:
    ...     print("a b 2.5\nb c 1", file=file, flush=True)
    ...     network = read_graph(file.name).network
    >>> network.nodes, network.weight.tolist()
    (['a', 'b', 'c'], [2.5, 1.0])
    """
    name = os.fsdecode(path)
    try:
        return _read(name, weight, delimiter, attributes)
    except InputError as error:
        raise InputError(f"{safe(name, 200)}: {error}") from None
    except (MemoryError, RecursionError):
        raise InputError(f"{safe(name, 200)}: is too large or too deeply nested to be read") from None
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        # An unforeseen error in a parser: the user's file is still the cause, and the chained error tells more.
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
    """The format by the suffix; raises InputError if there is none, or if the contents are of another."""
    head = data[:_HEAD].decode("utf-8", errors="ignore").replace("\0", "").lstrip("\ufeff \t\r\n")
    found = next((form for form in _FORMATS if form.pattern and form.pattern.search(head)), None)
    named = _BY_SUFFIX.get(suffix, found)
    if named is None:
        raise InputError(f"has a suffix that says no format; rename it to one of {' '.join(_BY_SUFFIX)}")
    if found not in (None, named):
        raise InputError(f"looks like {found.name} but its name says {named.name}; rename it to {found.suffixes[0]}")
    return named


def _delimiter(given: str | None, suffix: str) -> str | None:
    """The delimiter of an edge list, None for blanks; a given "\\t" is a tab."""
    if given is None:
        return "," if suffix == ".csv" else None
    if not given:
        raise InputError("cannot be split at an empty --delimiter; give a character")
    return given.replace("\\t", "\t")
