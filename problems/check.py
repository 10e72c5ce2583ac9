"""An earlier answer proven again, from its --json output and the graph alone: python -m problems.check answer.json.

Nothing here solves anything, or trusts whoever did. What is to be believed is problems.proofs: claims, questions, rows
and duality, in exact arithmetic; and problems.io for how the graph is read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.recipe import Verdict, told
from problems.running.graph_options import graph_arguments, graph_of, points_argument, read_as
from problems.running.matrix_options import items_argument
from problems.terminal.arguments import Parser, exit_code
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.graphs import Network

EXPECTED = {"problem", "asked", "answer", "status", "value", "bound", "certificate"}  # of the keys in an answer
PARTS = {"forbidden_nodes", "forbidden_arcs", "required_nodes", "required_arcs"}
KNOWN = {  # what may be asked in each problem
    "mst": {"reading", "gap", "forest", "max_degree", "maximize"},
    "tsp": {"reading", "gap"},
    "shortest_path": {"reading", "gap", "source", "target", "limits", "paths", "simple", "maximize", *PARTS},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check an answer, and say what is proven; returns the exit code."""
    options = command_line().parse_args(arguments)
    return exit_code(
        lambda: told("check", verdict(options.answer, options), options),
        "check: interrupted before anything was proven",
    )


def command_line() -> argparse.ArgumentParser:
    """The parser of its arguments."""
    found = Parser(
        prog="python -m problems.check",
        description="Proves an answer again, from its --json output and the graph alone, without a solver.",
        epilog="exit codes: 0 proven; 1 not proven; 2 the answer or the graph cannot be used; 130 interrupted",
    )
    found.add_argument("answer", metavar="ANSWER", help="what --json of problems.mst, .tsp or .shortest_path printed")
    graph_arguments(found)
    points_argument(found)
    found.add_argument("--matrix", metavar="FILE", help="the distances that a tour was asked for")
    items_argument(found)
    found.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else there")
    found.add_argument("--quiet", action="store_true", help="no notes on standard error")
    return found


def verdict(
    path: str, options: argparse.Namespace, here: Callable[[Network], Mapping[str, Any]] = lambda _: {}
) -> Verdict:
    """What the answer in a file proves of the graph that the options name, read as they say or as it was then.

    here  the graph -> what is asked now, which the answer's question must agree with
    Raises InputError for a file that is no answer, or one for another graph.
    """
    from problems.proofs.claims import claims

    document, name = _document(path), safe(Path(path).name, 200)
    asked, facts = _part(document, "asked"), _part(document, "stats")
    if strange := sorted({*asked} - KNOWN[document["problem"]]):
        raise InputError(f"{name}: was asked for {safe(strange[0])}, which is not known here; use the same release")
    options = read_as(options, _part(asked, "reading"))
    file, source = graph_of(options, tuple(_part(asked, "limits")))
    file = file.naming(_nodes(asked))
    g = file.network
    source += f" (weight {safe(options.weight)})" if options.weight not in (None, "weight") else ""
    source += " (counting edges)" if options.unweighted else ""
    if [facts.get("nodes", g.n), facts.get("edges", g.m)] != [g.n, g.m]:
        of = f"{safe(facts.get('nodes'))} nodes and {safe(facts.get('edges'))} edges"
        raise InputError(f"{name}: is an answer for a graph of {of}; {source} has {g.n} and {g.m}: give that graph")
    try:
        checks, said = claims(document, g, source)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise InputError(f"{name}: cannot be read as an answer ({safe(error)}); give what --json printed") from error
    now = json.loads(json.dumps(here(g)))
    other = [(f"{key.replace('_', ' ')} as asked here", False) for key in now if asked.get(key) != now[key]]
    rest = len(document["best"]) - 1 if isinstance(document.get("best"), list) else 0
    notes = [*file.notes, *([f"{rest} further answers are not checked, only the best"] if rest > 0 else [])]
    return Verdict(name, [*other, *checks], said, asked, notes)


def _document(path: str) -> dict[str, Any]:
    """The answer in the file."""
    from problems.io.answers import read_document

    document, name = read_document(path), safe(Path(path).name, 200)
    if not document.keys() >= EXPECTED:
        raise InputError(f"{name}: is not an answer; give what --json printed")
    if not isinstance(document["problem"], str) or document["problem"] not in KNOWN:
        raise InputError(
            f"{name}: is an answer of {safe(document['problem'])}; checked are those of {', '.join(KNOWN)}"
        )
    if document["status"] not in ("optimal", "feasible", "infeasible"):
        raise InputError(f"{name}: holds no answer ({safe(document['status'])}), so there is nothing to check")
    return document


def _nodes(asked: Mapping[str, Any]) -> list[str]:
    """The nodes that a question names."""
    listed = [asked.get(f"{how}_{what}") for how in ("forbidden", "required") for what in ("nodes", "arcs")]
    found = [
        asked.get("source"),
        asked.get("target"),
        *(part for some in listed if isinstance(some, list) for part in some),
    ]
    single = (part for some in found for part in (some if isinstance(some, list) else [some]))
    return [str(part) for part in single if part is not None]


def _part(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A dictionary within the answer, empty if it is not there or something else."""
    part = document.get(key)
    return part if isinstance(part, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
