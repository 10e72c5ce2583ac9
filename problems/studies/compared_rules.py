"""Rules of hierarchical clustering side by side, and the best hierarchy that is known."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from problems.studies.hierarchy import cophenetic_correlation, merges_of, within_groups

if TYPE_CHECKING:
    from formulations.problem import Floats
    from problems.studies.hierarchy import Rows


@dataclass(frozen=True)
class Compared:
    """What one rule makes of the rows; at_least: what no hierarchy costs less than."""

    linkage: str
    cost: float
    at_least: float
    cophenetic_correlation: float | None
    inversions: int
    ties: int
    within_groups: float | None


def compared(rows: Rows, options: argparse.Namespace) -> Iterator[Compared]:
    """Every rule, and last the cheapest hierarchy that was found."""
    from formulations.arithmetic.merges import groups, inversions
    from formulations.clustering import RULES, dasgupta, linked, open_choices, similarities
    from solvers import solve

    problem = dasgupta(similarities(rows.d))
    best = solve(problem, options.solver, time_limit=options.time_limit, gap=options.gap)
    if best.stats["interrupted"]:
        raise KeyboardInterrupt
    bound = float(best.bound or 0.0)

    def row(name: str, merges: Floats, ties: int) -> Compared:
        squares = None
        if options.groups is not None and rows.values is not None:
            squares = within_groups(rows.values, groups(merges, options.groups))[0]
        cost, correlation = float(problem.objective.value(merges)), cophenetic_correlation(rows.d, merges)
        return Compared(name, cost, bound, correlation, len(inversions(merges)), ties, squares)

    for rule in RULES:
        merges = linked(rows.d, rule)
        yield row(rule, merges, open_choices(rows.d, merges, rule))
    yield row("proven best" if best.proven else "best found", merges_of(best), 0)


def lines(rows: Sequence[Compared]) -> list[str]:
    """The rules as a table."""
    squares = any(row.within_groups is not None for row in rows)
    head = f"{'linkage':<11} {'cost':>12} {'above best':>11} {'cophenetic':>11} {'inversions':>11} {'ties':>6}"
    found = [head + (f" {'within groups':>14}" if squares else "")]
    for row in rows:
        above = "" if not row.at_least > 0 else f"<= {max(row.cost / row.at_least - 1, 0):.2%}"
        cophenetic = "" if row.cophenetic_correlation is None else f"{row.cophenetic_correlation:.4f}"
        line = f"{row.linkage:<11} {row.cost:>12.7g} {above:>11} {cophenetic:>11} {row.inversions:>11,} {row.ties:>6,}"
        found.append(line + ("" if row.within_groups is None else f" {row.within_groups:>14.8g}"))
    return found


def as_json(rows: Sequence[Compared]) -> Mapping[str, Any]:
    """The same for --json."""
    return {"rows": [vars(row) for row in rows]}
