"""What is asked of paths in a graph: the problem that states it, its proof, prices of limits, contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from problems.terminal.errors import safe

if TYPE_CHECKING:
    from formulations.graphs import Network
    from formulations.graphs.walks import Walks
    from formulations.problem import Problem, Values
    from problems.studies.prices import Prices
    from solvers.solution import Solution

DEMANDS = ("limits", "required_nodes", "required_arcs", "forbidden_nodes", "forbidden_arcs")


@dataclass(frozen=True, eq=False)
class AskedPath:
    """Keyword arguments of formulations.shortest_path for the graph g, nothing that was not given; perhaps maximize."""

    g: Network
    question: Mapping[str, Any]

    @property
    def simple(self) -> bool:
        """Whether the path may visit no node twice."""
        return any(name in self.question for name in ("limits", "required_nodes", "required_arcs", "simple"))

    @cached_property
    def problem(self) -> Problem:
        """The problem; raises ValueError where it cannot be stated."""
        return self._stated(self.question)

    def _stated(self, question: Mapping[str, Any]) -> Problem:
        from formulations.shortest_path import longest_path, shortest_path

        build = longest_path if question.get("maximize") else shortest_path
        return build(self.g, **{name: value for name, value in question.items() if name != "maximize"})

    @cached_property
    def walks(self) -> Walks:
        """The arcs that the problem has variables for."""
        from formulations.graphs.walks import walks

        question, avoided = self.question, ("forbidden_nodes", "forbidden_arcs")
        given = {name: question[name] for name in avoided if name in question}
        ends, limits = (question["source"], question["target"]), tuple(question.get("limits", ()))
        return walks(self.g, *ends, simple=self.simple, attributes=limits, **given)

    def evidence(self, solution: Solution) -> dict[str, Any]:
        """The proof for problems.check."""
        from problems.proofs.evidence import of_path

        return of_path(self.problem, self.walks, self.question, solution)

    def start(self, path: str) -> Values:
        """The answer in a file, to begin from."""
        from problems.studies.starts import path_start

        return path_start(path, self.g, self.question, self.walks)

    def _prices(self, solution: Solution) -> Prices | None:
        from problems.studies.prices import prices

        return prices(self.problem, solution) if "limits" in self.question and solution.answer is not None else None

    def prices(self, solution: Solution) -> dict[str, float]:
        """By how much the bound of the linear relaxation changes per unit of each limit."""
        found = self._prices(solution)
        return {} if found is None else {r: float(found.of[f"limit {r}"][0]) for r in self.question["limits"]}

    def priced(self, solution: Solution) -> Iterable[str]:
        """The same in words, a line for each limit."""
        found, best = self._prices(solution), "longer" if self.question.get("maximize") else "shorter"
        if found is None:
            return
        for r, most in self.question["limits"].items():
            price = float(found.of[f"limit {r}"][0])
            then = f"{found.bound:.8g}" + (f" {'-' if price < 0 else '+'} {abs(price):.6g} t" if price else "")
            label = f"price of {safe(r, 30)}: {abs(price):.6g} a unit, in the linear relaxation"
            yield f"{label}; at most {most:.12g} + t of it lets no path be {best} than {then}"

    def conflict(self, _: Solution, seconds: float) -> str:
        """Which demands contradict each other, in a sentence."""
        from problems.studies.conflict import conflict, in_words

        parts = [(name, part) for name in DEMANDS for part in self.question.get(name, ())]

        def under(some: list[tuple[str, Any]]) -> Problem:
            kept: dict[str, Any] = {name: [part for of, part in some if of == name] for name in DEMANDS}
            kept["limits"] = {r: self.question["limits"][r] for r in kept["limits"]}
            return self._stated({**self.question, **kept, "simple": True})

        needed, sure = conflict(parts, under, seconds)
        ends = f"{safe(self.question['source'], 60)} to {safe(self.question['target'], 60)}"
        return in_words([self._told(*part) for part in needed], sure, f"path from {ends}")

    def _told(self, demand: str, part: Any) -> str:
        how = demand.partition("_")[0]
        if demand == "limits":
            return f"the limit {safe(part, 30)} <= {self.question['limits'][part]:.12g}"
        if demand.endswith("nodes"):
            return f"the {how} node {safe(part, 60)}"
        return f"the {how} arc {safe(part[0], 60)} to {safe(part[1], 60)}"
