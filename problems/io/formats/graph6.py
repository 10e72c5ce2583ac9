"""graph6 and sparse6, nauty's formats of small graphs in printable characters, read by networkx."""

from __future__ import annotations

import numpy as np

from problems.io.parsed import Parsed
from problems.terminal.errors import InputError, safe

MAX_NODES = 1_000_000  # sparse6 can promise 2^36 of them in a few characters


def parse(text: str) -> Parsed:
    """The undirected graph, its nodes numbered from 0, without weights; raises InputError.

    >>> graph = parse(">>graph6<<Bw")
    >>> list(graph.nodes), graph.tail.tolist(), graph.head.tolist()
    ([0, 1, 2], [0, 0, 1], [1, 2, 2])
    """
    import networkx as nx
    from networkx.readwrite.graph6 import data_to_n

    graphs = text.split()
    if len(graphs) != 1:
        raise InputError(f"has {len(graphs)} graphs; give a file with one, on one line")
    line = graphs[0].removeprefix(">>graph6<<").removeprefix(">>sparse6<<")
    sparse = line.startswith(":")
    try:
        if not line.isascii() or not all(63 <= ord(sign) <= 126 for sign in line[sparse:]):
            raise InputError("has characters that graph6 does not use; is it another format?")
        if data_to_n([ord(sign) - 63 for sign in line[sparse:]])[0] > MAX_NODES:
            raise InputError(f"promises more than {MAX_NODES:,} nodes; give a smaller graph")
        graph = (nx.from_sparse6_bytes if sparse else nx.from_graph6_bytes)(line.encode())
    except (nx.NetworkXError, ValueError, IndexError) as error:
        raise InputError(f"is no graph6 or sparse6 ({safe(error)}); is it cut short?") from None
    pairs = np.array(list(graph.edges()), dtype=np.int64).reshape(-1, 2)
    return Parsed(range(len(graph)), pairs[:, 0], pairs[:, 1], False)
