"""Problems that share no variable (formulations.problem.Separable): each part is solved and judged by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from formulations.problem import SearchProblem, Separable
from solvers.clock import Clock
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.orders.incumbent import form_of, on_orders
from solvers.solution import Certificate, Solution, Status

WORST_FIRST: Sequence[Status] = ("infeasible", "unbounded", "no_solution", "not_converged", "feasible", "optimal")
LEAST_SECONDS = 0.01  # seconds that a part has in any case
FIRST_TIME = 0.15  # share of the time for first answers, so that no part is without one
AS_GIVEN = Findings(solver="as given", ended="limit", stats={"interrupted": True})
SECONDS = ("build_seconds", "solve_seconds", "certify_seconds", "check_seconds")


@dataclass(frozen=True)
class PartSearch:
    """The search of one part, of that name, those in `solved` being done."""

    problem: Separable
    solved: Mapping[str, Solution]
    name: str
    search: Any

    @property
    def history(self) -> Sequence[Mapping[str, Any]]:
        """Of the part."""
        rows: Sequence[Mapping[str, Any]] = self.search.history
        return rows


def solve_parts(
    problem: Separable,
    solve: Callable[..., Solution],
    clock: Clock,
    report: Callable[[Any], None],
    searched: Collection[str] = (),
) -> Solution:
    """The parts' solutions as one; each part, in turn, has an equal share of the time that is left.

    solve     (part, time_limit=, start=, progress=) -> its solution
    report    called with a PartSearch whenever a part's search reports
    searched  the parts that start from orders: where there is a limit they have first answers before any is searched on
    """
    solved: dict[str, Solution] = {}
    if clock.limit is not None and len(problem.parts) > 1:
        _solve_each(problem, searched, solve, Clock(FIRST_TIME * clock.left), report, solved)
    if not any(part.stats["interrupted"] for part in solved.values()):
        _solve_each(problem, problem.parts, solve, clock, report, solved)
    return together(problem, solved)


def _solve_each(
    problem: Separable,
    names: Collection[str],
    solve: Callable[..., Solution],
    clock: Clock,
    report: Callable[[Any], None],
    solved: dict[str, Solution],
) -> None:
    """Solve those of the named parts that are not proven optimal, from the answers in `solved`; into that go theirs."""
    open_parts = [name for name in problem.parts if name in names and not (name in solved and solved[name].proven)]
    for k, name in enumerate(open_parts):
        before = dict(solved)
        solved[name] = solve(
            problem.parts[name],
            time_limit=None if clock.limit is None else max(clock.left / (len(open_parts) - k), LEAST_SECONDS),
            start=before[name].answer if name in before else None,
            progress=lambda search, name=name, before=before: report(PartSearch(problem, before, name, search)),
        )
        if solved[name].stats["interrupted"]:
            break


def together(problem: Separable, solved: Mapping[str, Solution]) -> Solution:
    """The parts' solutions as one, "optimal" where every one is; orders that were not begun are as given.

    Where other parts were not begun, the answer is of those that were, and the status "no_solution".
    """
    parts = {**solved, **_untouched(problem, solved)}
    missing = [name for name in problem.parts if name not in parts]
    worst = min(parts.values(), key=lambda part: WORST_FIRST.index(part.status))
    status: Status = "no_solution" if missing else worst.status
    answered = {name: part.answer for name, part in parts.items() if part.answer is not None}
    whole = len(answered) == len(parts)
    certificates = [part.certificate for part in parts.values()]
    verified = not missing and all(certificate.verified for certificate in certificates)
    messages = [*((name, part.message) for name, part in parts.items()), *((name, "not begun") for name in missing)]
    return Solution(
        status=status,
        value=None if missing else _sum(part.value for part in parts.values()),
        bound=None if missing else _sum(part.bound for part in parts.values()),
        gap=None if missing else _largest(part.gap for part in parts.values()),
        size=_sum(part.size for part in parts.values()),
        answer=answered if whole and answered else None,
        values=None,
        multipliers=None,
        certificate=Certificate(
            " and ".join(dict.fromkeys(certificate.kind for certificate in certificates)),
            worst.certificate.verified if status == "infeasible" else verified,
            exact=all(certificate.exact for certificate in certificates),
        ),
        checks=[replace(check, name=f"{name}: {check.name}") for name, part in parts.items() for check in part.checks],
        solver=" and ".join(dict.fromkeys(part.solver for part in parts.values())),
        stats={
            "interrupted": any(part.stats["interrupted"] for part in parts.values()),
            **{key: sum(part.stats.get(key, 0.0) for part in parts.values()) for key in SECONDS},
        },
        message="; ".join(f"{name}: {message}" for name, message in messages if message),
        parts=parts,
    )


def _untouched(problem: Separable, solved: Mapping[str, Solution]) -> dict[str, Solution]:
    """Of searches over orders that were not begun, the items as given."""
    waiting = {name: part for name, part in problem.parts.items() if name not in solved}
    return {
        name: judge(Searched(part), replace(AS_GIVEN, candidates=[np.arange(form_of(part).n)]))
        for name, part in waiting.items()
        if isinstance(part, SearchProblem) and on_orders(part)
    }


def _sum(numbers: Iterable[float | None]) -> float | None:
    """The sum; None if one of the numbers is."""
    listed = list(numbers)
    return None if None in listed else float(sum(number for number in listed if number is not None))


def _largest(numbers: Iterable[float | None]) -> float | None:
    """The largest; None if one of the numbers is."""
    listed = list(numbers)
    return None if None in listed else max(number for number in listed if number is not None)
