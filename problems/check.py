"""An earlier answer proven again, from its --json output and the file alone: python -m problems.check answer.json.

Nothing here solves anything, or trusts whoever did. Of graphs what is to be believed is problems.proofs: claims,
questions, rows and duality, in exact arithmetic; of rows of a table it is problems.checks and the arithmetic of the
formulations, where what rounding may do is part of each bound. And there is problems.io, for how the file is read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.proofs import OF_ROWS
from problems.recipe import Verdict, told
from problems.running.graph_options import graph_arguments, graph_of, points_argument, read_as
from problems.running.matrix_options import items_argument
from problems.terminal.arguments import Given, Parser, exit_code
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.graphs import Network

EXPECTED = {"problem", "asked", "answer", "status", "value", "bound", "certificate"}  # of the keys in an answer
PARTS = {"forbidden_nodes", "forbidden_arcs", "required_nodes", "required_arcs"}
OF_TABLE = {"reading", "gap", "standardised"}
KNOWN = {  # what may be asked in each problem
    "mst": {"reading", "gap", "forest", "max_degree", "maximize"},
    "tsp": {"reading", "gap"},
    "shortest_path": {"reading", "gap", "source", "target", "limits", "paths", "simple", "maximize", *PARTS},
    "pca": {*OF_TABLE, "components", "sparse", "robust"},
    "kmeans": {*OF_TABLE, "groups", "together", "apart", "at_least", "at_most"},
    "clustering": {*OF_TABLE, "linkage", "groups", "height"},
    "embedding": {*OF_TABLE, "method", "dimensions", "neighbours"},
    "robust_regression": {*OF_TABLE, "loss", "against", "radius", "norm", "threshold", "target"},
    "location": {*OF_TABLE, "estimators", "made"},
    "robust_network": {*OF_TABLE, "data", "points", "radius", "layers", "training", "target"},
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
        description="Proves an answer again, from its --json output and the file alone, without a solver.",
        epilog="exit codes: 0 proven; 1 not proven; 2 the answer or the file cannot be used; 130 interrupted",
    )
    found.add_argument("answer", metavar="ANSWER", help=f"what --json of a recipe printed: {', '.join(KNOWN)}")
    found.add_argument("--data", type=Given, metavar="FILE", help="the table that rows are of")
    graph_arguments(found)
    points_argument(found)
    found.add_argument("--matrix", metavar="FILE", help="the distances that were given")
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
    document, name = _document(path), safe(Path(path).name, 200)
    asked = _part(document, "asked")
    if strange := sorted({*asked} - KNOWN[document["problem"]]):
        raise InputError(f"{name}: was asked for {safe(strange[0])}, which is not known here; use the same release")
    _refuse_others(document["problem"], options)
    if document["problem"] in OF_ROWS:
        return _of_rows(document, name, options)
    return _of_graph(document, name, options, here)


def _of_rows(document: Mapping[str, Any], name: str, options: argparse.Namespace) -> Verdict:
    """What an answer about the rows of a table proves."""
    from problems.checks.verdict import verdict_of_rows

    with _unusable(name):
        return verdict_of_rows(document, name, options)


def _of_graph(
    document: Mapping[str, Any],
    name: str,
    options: argparse.Namespace,
    here: Callable[[Network], Mapping[str, Any]],
) -> Verdict:
    """What an answer about a graph proves."""
    from problems.proofs.claims import claims

    asked, facts = _part(document, "asked"), _part(document, "stats")
    options = read_as(options, _part(asked, "reading"))
    file, source = graph_of(options, tuple(_part(asked, "limits")))
    file = file.naming(_nodes(asked))
    g = file.network
    source += f" (weight {safe(options.weight)})" if options.weight not in (None, "weight") else ""
    source += " (counting edges)" if options.unweighted else ""
    if [facts.get("nodes", g.n), facts.get("edges", g.m)] != [g.n, g.m]:
        of = f"{safe(facts.get('nodes'))} nodes and {safe(facts.get('edges'))} edges"
        raise InputError(f"{name}: is an answer for a graph of {of}; {source} has {g.n} and {g.m}: give that graph")
    with _unusable(name):
        checks, said = claims(document, g, source)
    now = json.loads(json.dumps(here(g)))
    other = [(f"{key.replace('_', ' ')} as asked here", False) for key in now if asked.get(key) != now[key]]
    rest = len(document["best"]) - 1 if isinstance(document.get("best"), list) else 0
    notes = [*file.notes, *([f"{rest} further answers are not checked, only the best"] if rest > 0 else [])]
    return Verdict(name, [*other, *checks], said, asked, notes)


@contextmanager
def _unusable(name: str) -> Iterator[None]:
    """Raise InputError for what goes wrong where something in an answer is not what it should be."""
    try:
        yield
    except InputError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise InputError(f"{name}: cannot be read as an answer ({safe(error)}); give what --json printed") from error


def _refuse_others(problem: str, options: argparse.Namespace) -> None:
    """Raise InputError where a file or a way of reading is given that answers of this problem are not read by."""
    graphs = ("graph", "points", "weight", "unweighted", "directed", "delimiter", "columns", "items")
    others = [*graphs] if problem in OF_ROWS else ["data"]
    if problem in ("pca", "kmeans", "robust_regression", "robust_network", "location"):
        others.append("matrix")
    for name in others:
        if getattr(options, name, None) not in (None, False):
            file = "--data" if problem in OF_ROWS else "--graph"
            raise InputError(f"--{name} says nothing of answers of {problem}; give the file by {file}")
    if problem in OF_ROWS and options.data is not None and options.matrix is not None:
        raise InputError("give --data or --matrix, not both")


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
