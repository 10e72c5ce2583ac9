"""What is asked of trees in a graph: the problem that states it, its proof, prices of degrees, contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from problems.terminal.errors import most_of, safe

if TYPE_CHECKING:
    from formulations.graphs import Network
    from formulations.problem import Problem, Values
    from problems.studies.prices import Prices
    from solvers.solution import Solution

PRICES_SHOWN = 3  # nodes of greatest price, in the text
NODES_SHOWN = 8  # of a contradiction


@dataclass(frozen=True, eq=False)
class AskedTree:
    """A tree or forest of the graph g, of bounded degree if max_degree is given."""

    g: Network
    forest: bool = False
    max_degree: int | None = None
    maximize: bool = False

    @cached_property
    def problem(self) -> Problem:
        """The problem; raises ValueError where it cannot be stated."""
        return self._stated(self.max_degree)

    def _stated(self, max_degree: int | None) -> Problem:
        from formulations import mst

        if self.forest and max_degree is not None:
            raise ValueError("--max-degree is for a spanning tree; leave out --forest")
        if self.forest:
            return (mst.maximum_spanning_forest if self.maximize else mst.minimum_spanning_forest)(self.g)
        build = mst.maximum_spanning_tree if self.maximize else mst.minimum_spanning_tree
        return build(self.g, max_degree=max_degree)

    @cached_property
    def simple(self) -> Network:
        """The graph whose edges the problem has variables for."""
        return self.g.simple(heaviest=self.maximize)

    def evidence(self, solution: Solution) -> dict[str, Any]:
        """The proof for problems.check."""
        from problems.proofs.evidence import of_tree

        return of_tree(self.problem, self.simple, solution)

    def start(self, path: str) -> Values:
        """The answer in a file, to begin from."""
        from problems.studies.starts import tree_start

        asked = {"forest": self.forest, "max_degree": self.max_degree, "maximize": self.maximize}
        return tree_start(path, self.g, asked, self.simple)

    def _prices(self, solution: Solution) -> Prices | None:
        from problems.studies.prices import prices

        return None if self.max_degree is None or solution.answer is None else prices(self.problem, solution)

    def prices(self, solution: Solution) -> Mapping[str, Any]:
        """By how much the bound of the linear relaxation changes per further edge, at each node where it does."""
        import numpy as np

        found = self._prices(solution)
        if found is None:
            return {}
        nodes, y = self.simple.nodes, found.of["degree"]
        return {"degree": [[nodes[v], float(y[v])] for v in np.flatnonzero(y).tolist()]}

    def priced(self, solution: Solution) -> Iterable[str]:
        """The same in words: the price of one edge more at every node, and the nodes where it is greatest."""
        import numpy as np

        found = self._prices(solution)
        if found is None:
            return
        y, nodes, best = found.of["degree"], self.simple.nodes, "heavier" if self.maximize else "lighter"
        total, most = float(y.sum()), np.argsort(-np.abs(y), kind="stable")[:PRICES_SHOWN]
        then = f"{found.bound:.8g}" + (f" {'-' if total < 0 else '+'} {abs(total):.6g} t" if total else "")
        label = f"price of the degree: {abs(total):.6g} an edge, in the linear relaxation"
        yield f"{label}; at most {self.max_degree} + t edges at any node let no tree be {best} than {then}"
        told = ", ".join(f"{abs(y[v]):.6g} at {safe(nodes[v], 30)}" for v in most.tolist() if y[v])
        if told:
            yield f"  of that {told}"

    def conflict(self, solution: Solution, seconds: float) -> str:
        """Which nodes' degrees contradict each other, in a sentence."""
        import numpy as np

        from problems.studies.conflict import conflict, in_words

        most, g, free = self.max_degree, self.simple, self._stated(None)
        assert most is not None  # without bounds on degrees there is always a tree
        x: Any = free.variables["x"]

        def under(nodes: list[int]) -> Problem:
            at = [np.flatnonzero((g.tail == v) | (g.head == v)) for v in nodes]
            rows = {f"degree {v}": np.ones(len(edges)) @ x[edges] <= most for v, edges in zip(nodes, at, strict=True)}
            return free.also(**rows)

        needed, sure = conflict(self._blamed(solution), under, seconds)
        some, more = most_of(needed, NODES_SHOWN)
        shown = [safe(g.nodes[v], 60) for v in some] + ([f"{more:,} more"] if more else [])
        at = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
        several = len(needed) > 1
        demand = f"the degree <= {most} at {'each of ' if several else ''}{at}"
        told = in_words([demand], sure, "spanning tree")
        return told + ("; without that at any one of them one exists" if sure and several else "")

    def _blamed(self, solution: Solution) -> list[int]:
        """The nodes whose degrees the proof leans on, in any of its boxes; all where there is none."""
        import numpy as np

        from solvers.proof.branching import Branch, Fixed
        from solvers.proof.standard_form import standard_form

        rows = standard_form(self.problem).names["degree"]
        found, todo = np.zeros(self.simple.n, dtype=bool), [solution.certificate.proof]
        while todo:
            match todo.pop():
                case Branch(below=below, above=above):
                    todo += [below, above]
                case Fixed(below=below, dual=dual):
                    todo.append(below)
                    found |= np.asarray(dual.rows[rows] != 0).astype(bool)
                case None:
                    found[:] = True
                case leaf:
                    found |= np.asarray(leaf.dual.rows[rows] != 0).astype(bool)
        return list(np.flatnonzero(found).tolist())
