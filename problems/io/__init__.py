"""Reading a user's graph file: the graph, or one sentence on why the file cannot be used."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from formulations.graphs import Network
from problems.io.build import build
from problems.io.content import decode, read_bytes
from problems.io.formats import (
    adjacency,
    dimacs,
    edgelist,
    gexf,
    gml,
    graph6,
    graphml,
    jsongraph,
    matrixmarket,
    metis,
    pajek,
    steinlib,
    tsplib,
)
from problems.io.parsed import Asked, Parsed
from problems.terminal.errors import InputError, safe

__all__ = ["GraphFile", "InputError", "read_graph", "safe"]


@dataclass(frozen=True)
class GraphFile:
    """A graph read from a file, and notes for the user on how it was read.

    terminals  the nodes that a Steiner tree is to join, where the file names some
    ids        what the file calls the nodes besides, in their order: numbers under labels
    """

    network: Network
    notes: tuple[str, ...]
    terminals: tuple[Hashable, ...] = ()
    ids: Sequence[Hashable] | None = None

    def naming(self, nodes: Iterable[str]) -> GraphFile:
        """The same, its nodes named by ids if all of `nodes` are ids but not all are names."""
        wanted = set(nodes)
        if self.ids is None or not wanted or wanted <= set(map(str, self.network.nodes)):
            return self
        if not wanted <= set(map(str, self.ids)):
            return self
        note = "Nodes are named by their ids, as you do."
        return replace(self, network=replace(self.network, nodes=self.ids), notes=(*self.notes, note))


@dataclass(frozen=True)
class _Format:
    """A file format: the suffixes of file names, and a pattern that only files of this format begin with.

    parse  its text, or its bytes where they say how they are encoded, -> graph
    """

    name: str
    suffixes: tuple[str, ...]
    pattern: re.Pattern[str] | None
    parse: Callable[[str], Parsed] | None = None
    parse_bytes: Callable[[bytes], Parsed] | None = None


_EDGES = _Format(
    "edge list",
    (".edgelist", ".edges", ".txt", ".csv", ".tsv", ".el", ".ncol", ".dat"),
    re.compile(r"\A% *(sym|asym|bip) "),
)
_FORMATS = (
    _EDGES,
    _Format("GML", (".gml",), re.compile(r"(?m)^[ \t]*graph\s*\["), gml.parse),
    _Format("GraphML", (".graphml", ".xml"), re.compile(r"(?s)\A<(.*?<)?(\w+:)?graphml\b"), parse_bytes=graphml.parse),
    _Format("GEXF", (".gexf",), re.compile(r"(?s)\A<(.*?<)?(\w+:)?gexf\b"), parse_bytes=gexf.parse),
    _Format("JSON", (".json", ".cyjs"), re.compile(r'\A\s*\{\s*"'), jsongraph.parse),
    _Format("Pajek", (".net", ".paj", ".pajek"), re.compile(r"(?mi)^\*(vertices|network)\b"), pajek.parse),
    _Format("DIMACS", (".gr", ".dimacs"), re.compile(r"(?m)^p +(sp|tw) +-?\d+ +-?\d+\s*$"), dimacs.parse),
    _Format("DIMACS edges", (".col", ".clq"), re.compile(r"(?m)^p +(edge|col) +-?\d+ +-?\d+\s*$"), dimacs.parse),
    _Format("SteinLib", (".stp",), re.compile(r"(?im)\A33D32945|^section +graph\s*$"), steinlib.parse),
    _Format("Matrix Market", (".mtx",), re.compile(r"(?i)\A%%MatrixMarket"), matrixmarket.parse),
    _Format("adjacency list", (".adjlist",), None, adjacency.parse),
    _Format("adjacency list of several lines", (".multiadj",), None, adjacency.parse_multiline),
    _Format("graph6", (".g6", ".s6", ".graph6", ".sparse6"), re.compile(r"\A>>(graph6|sparse6)<<"), graph6.parse),
    _Format("METIS", (".graph", ".metis"), None, metis.parse),
    _Format("TSPLIB", (".tsp", ".atsp"), re.compile(r"(?m)^(DIMENSION|EDGE_WEIGHT_TYPE) *:"), tsplib.parse),
)
_BY_SUFFIX = {suffix: form for form in _FORMATS for suffix in form.suffixes}
_HEAD = 4096  # bytes in which the pattern is looked for


def read_graph(
    path: str | os.PathLike[str],
    weight: str | None = None,
    delimiter: str | None = None,
    attributes: Sequence[str] = (),
    *,
    unweighted: bool = False,
    directed: bool | None = None,
    columns: tuple[str, str] | None = None,
) -> GraphFile:
    r"""The graph in a file, its format given by its suffix, also packed (.gz .bz2 .xz).

    weight      the edge attribute, or the number of an edge table's column, that is the weight; None for "weight", else
                the only one that may be meant, else 1
    delimiter   between the columns of an edge table; None to find it out, in an .edgelist blanks
    attributes  further edge attributes to read
    unweighted  every edge counts 1
    directed    whether edges are arcs; None for what the file says, else no
    columns     names or numbers of the columns of an edge table that hold the edges' ends

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
        return _read(name, Asked(weight, unweighted, directed, delimiter, columns, attributes))
    except InputError as error:
        raise InputError(f"{safe(name, 200)}: {error}") from None
    except (MemoryError, RecursionError):
        raise InputError(f"{safe(name, 200)}: is too large or too deeply nested to be read") from None
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        # An unforeseen error in a parser: the user's file is still the cause, and the chained error tells more.
        raise InputError(f"{safe(name, 200)}: cannot be read as a graph ({safe(error)}); check its format") from error


def _read(path: str, asked: Asked) -> GraphFile:
    data, suffix = read_bytes(path)
    if not data.strip():
        raise InputError("is empty; give a file with a graph in it")
    form = _format(data, suffix)
    if form is _EDGES:
        parsed = edgelist.parse(decode(data), asked, suffix)
    else:
        parsed = form.parse_bytes(data) if form.parse_bytes else form.parse(decode(data))  # type: ignore[misc]
        for option, given in (("--delimiter", asked.delimiter), ("--columns", asked.columns)):
            if given is not None:
                parsed.notes.append(f"{option} is not used: {form.name} has its own.")
    network, notes = build(parsed, asked)
    names = dict(zip(parsed.ids or parsed.nodes, network.nodes, strict=True)) if parsed.terminals else {}
    return GraphFile(network, notes, tuple(names[node] for node in parsed.terminals), parsed.ids)


def _format(data: bytes, suffix: str) -> _Format:
    """The format by the suffix; raises InputError if there is none, or if the contents are of another."""
    head = data[:_HEAD].decode("utf-8", errors="ignore").replace("\0", "").lstrip("\ufeff \t\r\n")
    found = next((form for form in _FORMATS if form.pattern and form.pattern.search(head)), None)
    named = _BY_SUFFIX.get(suffix, found)
    if named is None:
        known = " ".join(_BY_SUFFIX)
        raise InputError(f"has a suffix that is not read; those read are {known}: convert it, or rename it to its own")
    if found in (None, named):
        return named
    if suffix == ".xml":  # which both GraphML and GEXF use
        return found
    raise InputError(f"looks like {found.name} but its name says {named.name}; rename it to {found.suffixes[0]}")
