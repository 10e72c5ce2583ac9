"""From a parsed file to a Network, its edges directed and weighted as the user asks, or else as the file says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formulations.graphs import Network
from formulations.problem import Ints
from problems.io.parsed import Asked, Column, Parsed
from problems.io.weights import weights
from problems.terminal.errors import InputError


def oriented(graph: Parsed, asked: bool | None, notes: list[str]) -> Parsed:
    """The graph with `directed` True or False: what the user asked for, else what the file says, else undirected.

    Where arcs and undirected edges are mixed, an undirected edge becomes two arcs, the second after all that are there.

    >>> graph = Parsed(["a", "b", "c"], np.array([0, 1]), np.array([1, 2]), np.array([True, False]))
    >>> both = oriented(graph, None, [])
    >>> both.tail.tolist(), both.head.tolist(), both.directed
    ([0, 1, 2], [1, 2, 1], True)
    """
    said = graph.directed
    if isinstance(said, np.ndarray):
        if said.all() or not said.any():
            return oriented(replace(graph, directed=bool(len(said) and said[0])), asked, notes)
        if asked is False:
            notes.append("The file has directed and undirected edges; --undirected takes all as undirected.")
            return replace(graph, directed=False)
        if asked is None and graph.unmixed:
            remedy = "say --undirected to take all as undirected, or --directed to read an undirected one as two arcs"
            raise InputError(f"{graph.unmixed}; {remedy}")
        again = np.r_[np.arange(len(said)), np.flatnonzero(~said)]
        notes.append(f"Undirected edges beside directed ones, read as two arcs each: {len(again) - len(said):,}.")
        return replace(
            graph,
            tail=np.r_[graph.tail, graph.head[~said]],
            head=np.r_[graph.head, graph.tail[~said]],
            directed=True,
            columns={name: _taken(values, again) for name, values in graph.columns.items()},
        )
    if asked is not None and said is not None and asked != said:
        kinds = ("undirected", "directed")
        notes.append(f"The file says that its edges are {kinds[said]}; they are taken as {kinds[asked]}, as you say.")
    return replace(graph, directed=bool(said if asked is None else asked))


def _taken(column: Column, places: Ints) -> Column:
    return column[places] if isinstance(column, np.ndarray) else [column[place] for place in places.tolist()]


def build(graph: Parsed, asked: Asked) -> tuple[Network, tuple[str, ...]]:
    """The Network as the user asked for it, its `attributes` those that were asked for besides; and all notes.

    Raises InputError if there are no nodes, or no weight that can be taken (see `weights`).

    >>> parsed = Parsed(["a", "b"], np.array([0]), np.array([1]), columns={"km": [12]})
    >>> network, notes = build(parsed, Asked())
    >>> network.weight.tolist(), notes
    ([12.0], ("The edge attribute 'km', the only numeric one, is taken as weight.",))
    """
    notes = list(graph.notes)
    if not graph.nodes:
        raise InputError("has no nodes; give a graph with at least one")
    graph = oriented(graph, asked.directed, notes)
    weight, attributes = weights(graph, asked, notes)
    network = Network(graph.nodes, graph.tail, graph.head, weight, bool(graph.directed), graph.positions, attributes)
    return network, tuple(notes)
