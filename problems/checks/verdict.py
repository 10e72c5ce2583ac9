"""Which file an answer about rows is checked with, read as it was then, and what comes of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from problems.checks import components, estimates, groups, hierarchies, maps, networks, rules
from problems.checks.sandwich import Checked
from problems.running.declared import Verdict
from problems.running.matrix_options import READING, matrix_of
from problems.terminal.errors import InputError, safe

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "usarrests.csv")
UNPROVEN = ("localisation", "smacof")  # methods of problems.embedding whose certificates are large
UNBOUNDED = ("tsne",)  # those that have none


def verdict_of_rows(document: Mapping[str, Any], name: str, options: argparse.Namespace) -> Verdict:
    """What an answer, read from the file of that name, proves of the table or matrix that the options name."""
    given, facts = _given(document, options)
    then = {what: document["stats"].get(what) for what in facts}
    if then != facts:
        said, had = (" and ".join(f"{safe(has[what])} {what}" for what in facts) for has in (then, facts))
        raise InputError(f"{name}: is an answer for {said}; {given.source} has {had}: give that file")
    checks: Mapping[str, Callable[[Mapping[str, Any], Any], Checked]] = {
        "pca": components.checked,
        "kmeans": groups.checked,
        "clustering": hierarchies.checked,
        "embedding": maps.checked,
        "robust_regression": rules.checked,
        "robust_network": networks.checked,
        "location": estimates.checked,
    }
    found = checks[document["problem"]](document, given)
    return Verdict(name, found.checks, found.said, document["asked"], given.notes)


def _given(document: Mapping[str, Any], options: argparse.Namespace) -> tuple[Any, dict[str, int]]:
    """The table, rows or points that the options name, or the recipe's example; and what an answer says of the size."""
    from problems.studies import classified, hierarchy, named_rows, robust_rules
    from problems.studies import maps as points

    problem, asked = document["problem"], document["asked"]
    if asked.get("method") in UNBOUNDED:
        raise InputError(f"answers by {asked['method']} are not checked: there is no bound on their value to check")
    if asked.get("method") in UNPROVEN:
        raise InputError(f"answers by {asked['method']} are not checked: what proves their bound is not in the JSON")
    then = dict.fromkeys(("columns", "missing", *READING)) | dict(asked.get("reading", {}))
    reading = argparse.Namespace(**then, data=options.data, out=None, standardise=asked["standardised"])
    matrix = None if options.matrix is None else matrix_of(reading, options.matrix)
    if problem == "embedding":
        if matrix is not None:
            found = points.of_matrix(matrix, options.matrix)
        elif options.data is None:
            found = points.example(int(document["run"]["seed"]), asked["method"])
        else:
            found = points.of_table(reading)
        return found, {"points": found.n}
    if problem == "clustering":
        if matrix is not None:
            rows = hierarchy.rows_of_matrix(matrix, options.matrix, asked["linkage"])
            return rows, {"rows": len(rows.names)}
        rows = hierarchy.rows_of_table(reading, EXAMPLE)
        return rows, {"rows": len(rows.names), "columns": rows.columns}
    if problem == "robust_regression":
        asked_then = {name: asked[name] for name in ("target", "loss", "threshold")}
        learned = robust_rules.learned_of(argparse.Namespace(**{**vars(reading), **asked_then}), EXAMPLE)
        return learned, {"rows": len(learned.y), "columns": len(learned.columns)}
    if problem == "robust_network":
        made = {"data": options.data or asked["data"], "target": asked["target"], "seed": int(document["run"]["seed"])}
        data = classified.classified(argparse.Namespace(**{**vars(reading), **made}), int(asked["points"]))
        return data, {"points": len(data.judged), "columns": len(data.columns)}
    if problem == "location" and "made" in asked:
        if options.data is not None:
            raise InputError("the answer is about made data; leave --data out")
        drawn = estimates.made_table(asked["made"], int(document["run"]["seed"]))
        return drawn, {"rows": len(drawn.rows), "columns": len(drawn.columns)}
    table = named_rows.table_of(reading, EXAMPLE)
    return table, {"rows": len(table.rows), "columns": len(table.columns)}
