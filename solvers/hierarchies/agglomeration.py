"""Agglomeration: the hierarchies that greedy rules make, and a certificate for each bound that there is time for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judge import relative_gap
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed


@dataclass(frozen=True)
class Agglomeration:
    """The rules that the problem names, one after the other."""

    name = "agglomeration"


@dataclass
class HierarchySearch:
    """Hierarchies and certificates as they are being found."""

    problem: SearchProblem
    hierarchies: list[Floats] = field(default_factory=list)
    certificates: list[tuple[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None


def solve_hierarchy(
    problem: SearchProblem, *, clock: Clock, gap: float, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The hierarchies, and what bounds all others."""
    search, judged = HierarchySearch(problem), Searched(problem)
    built = clock.elapsed
    run = partial(_run, search, judged, clock, gap, report)
    return followed(search, run, lambda ended: (judged, _found(search, ended, built, clock)))


def _run(search: HierarchySearch, judged: Searched, clock: Clock, gap: float, report: Callable[[Any], None]) -> Ended:
    problem = search.problem
    for start in problem.starts:
        if search.hierarchies and start.seconds > clock.left:
            continue
        search.hierarchies += start.find()
    sign = -1 if problem.maximize else 1
    values = [judged.value(merges) for merges in search.hierarchies]
    value = sign * min(sign * found for found in values)
    size = judged.size(search.hierarchies[values.index(value)])
    search.history.append({"round": 0, "value": float(value), "bound": None})
    report(search)
    for dual in problem.weak_duals:
        if dual.certificate is None or dual.seconds > clock.left:
            search.left_out.append(dual.name)
            continue
        certificate = dual.certificate(max(clock.left, 0.0))
        search.certificates.append((dual.name, certificate))
        bound = judged.bound(dual.name, certificate)
        search.history.append({"round": len(search.history), "value": float(value), "bound": float(bound)})
        report(search)
        if relative_gap(value, bound, size) <= gap:
            return "optimal"
    return "limit"


def _found(search: HierarchySearch, ended: Ended, built: float, clock: Clock) -> Findings:
    """What was found."""
    named = " and ".join(search.left_out)
    return Findings(
        solver=Agglomeration.name,
        ended=ended,
        candidates=search.hierarchies,
        certificates=search.certificates,
        remark=f"no time was left for the bound by {named}" if named else "",
        stats={
            "hierarchies": len(search.hierarchies),
            **account(search, built, clock),
        },
    )
