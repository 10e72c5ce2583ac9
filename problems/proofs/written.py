"""What proves a solution, as JSON: exact multipliers of named rows, and the tree of boxes if there was branching.

Whoever reads it (problems.check) need not trust this: it is checked against the graph. The form is that of the standard
form: where the problem maximizes, multipliers are those of minimizing the opposite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from formulations.graphs.laminar import Laminar
from formulations.problem import Bools, Floats, Integers, Ints, Problem
from solvers.proof.branching import Branch, Fixed, Leaf, Proof
from solvers.proof.certificate import Bound, ExactModel
from solvers.proof.standard_form import standard_form
from solvers.solution import Solution

Labels = Callable[["Tables", Any, Ints], Sequence[list[Any]]]  # sets, and which of them count -> a label for each


@dataclass(frozen=True)
class Names:
    """How a problem's rows and columns are called in a proof.

    listed    constraint -> the kind of its rows, a label for each, and 1, or -1 where the multiplier's opposite is told
    families  family -> the kind of its rows, and what labels them
    column    a column -> its name
    """

    listed: Mapping[str, tuple[str, Sequence[list[Any]], int]]
    families: Mapping[str, tuple[str, Labels]]
    column: Callable[[int], list[Any]]


@dataclass
class Tables:
    """The families of sets in a proof, each written once: the sets that some multiplier weighs, by parents."""

    nodes: Sequence[Any]
    written: list[dict[str, Any]] = field(default_factory=list)
    weighed: dict[int, Any] = field(default_factory=dict)  # by id: which sets of a family some multiplier weighs
    _known: dict[int, int] = field(default_factory=dict)
    _same: dict[bytes, int] = field(default_factory=dict)

    def family(self, sets: Laminar) -> int:
        """The number of a laminar family, of which only the weighed sets are written."""
        if id(sets) not in self._known:
            self._known[id(sets)] = self._add(sets.only(self.weighed[id(sets)]))
        return self._known[id(sets)]

    def single(self, members: Bools) -> int:
        """The number of a family of one set."""
        return self.disjoint([np.flatnonzero(members)])

    def disjoint(self, sets: Sequence[Ints]) -> int:
        """The number of a family of disjoint sets, given by their vertices."""
        n = len(self.nodes)
        parent = np.full(n + len(sets), -1)
        for i, members in enumerate(sets):
            parent[members] = n + i
        if parent.tobytes() not in self._same:
            self._same[parent.tobytes()] = self._add(Laminar(n, parent))
        return self._same[parent.tobytes()]

    def _add(self, sets: Laminar) -> int:
        inside = np.flatnonzero(sets.parent[: sets.n] >= 0)
        parent = np.r_[sets.parent[inside], sets.parent[sets.n :]]
        moved = np.where(parent >= 0, parent - sets.n + len(inside), -1)
        self.written.append({"nodes": [self.nodes[v] for v in inside.tolist()], "parent": moved.tolist()})
        return len(self.written) - 1


def laminar(tables: Tables, sets: Laminar, used: Ints) -> list[list[Any]]:
    """Labels [family, set] for the sets of a laminar family."""
    rank = np.cumsum(tables.weighed[id(sets)]) - 1
    family = tables.family(sets)
    return [[family, i] for i in rank[used].tolist()]


def written(problem: Problem, solution: Solution, nodes: Sequence[Any], names: Names) -> dict[str, Any]:
    """The solution's proof for JSON; nothing if it has none, or one that weighs rows without a name in proofs.

    nodes are the names of the vertices that sets are of.
    """
    if solution.certificate.proof is None:
        return {}
    model = ExactModel(standard_form(problem), problem.families, problem.dual_repair)
    steps, bounds = _steps(model, solution.certificate.proof, names.column)
    if any(name not in names.families for bound in bounds for name, *_ in bound.families):
        return {}
    tables = Tables(nodes)
    for bound in bounds:
        for _, sets, y in bound.families:
            known = tables.weighed.get(id(sets), False)
            tables.weighed[id(sets)] = known | (y != 0).astype(bool)
    duals = [_dual(model, bound, names, tables) for bound in bounds]
    found: dict[str, Any] = {"sets": tables.written} if tables.written else {}
    if steps == [["leaf", 0]]:
        return {**duals[0], **found}
    return {**found, "duals": duals, "boxes": steps}


def _dual(model: ExactModel, bound: Bound, names: Names, tables: Tables) -> dict[str, Any]:
    """One set of multipliers: kind of rows -> [label ..., multiplier] for those that are not 0."""
    found: dict[str, list[list[Any]]] = {}
    for name, rows in model.form.names.items():
        if name not in names.listed or rows.start == rows.stop:
            continue
        kind, labels, sign = names.listed[name]
        y = bound.rows[rows] * sign
        used = np.arange(len(y)) if kind == "potentials" else np.flatnonzero(y)
        found.setdefault(kind, []).extend(
            [*labels[i], number] for i, number in zip(used.tolist(), numbers(y[used], bound.row_unit), strict=True)
        )
    for name, sets, y in bound.families:
        kind, label = names.families[name]
        used = np.flatnonzero(y)
        if len(used):
            labels = label(tables, sets, used)
            entries = ([*at, number] for at, number in zip(labels, numbers(y[used], bound.unit), strict=True))
            found.setdefault(kind, []).extend(entries)
    return {kind: entries for kind, entries in found.items() if entries}


def _steps(model: ExactModel, proof: Proof, column: Callable[[int], list[Any]]) -> tuple[list[list[Any]], list[Bound]]:
    """The proof as steps (problems.proofs.duality.proven), and the exact multipliers of each that has some."""
    steps: list[list[Any]] = []
    bounds: list[Bound] = []
    todo: list[tuple[Proof, Floats, Floats]] = [(proof, model.form.lower, model.form.upper)]
    while todo:
        step, lower, upper = todo.pop()
        match step:
            case Leaf(dual, infeasible):
                if (lower > upper).any():
                    steps.append(["empty"])
                else:
                    steps.append(["infeasible" if infeasible else "leaf", len(bounds)])
                    bounds.append(model.lower_bound(dual, lower, upper, feasibility=infeasible))
            case Branch(j, at, below, above):
                steps.append(["branch", column(j), at])
                todo.append((above, _with(lower, j, max(at + 1, lower[j])), upper))
                todo.append((below, lower, _with(upper, j, min(at, upper[j]))))
            case Fixed(columns, dual, below):
                bound = model.lower_bound(dual, lower, upper)
                rates = bound.reduced[columns]
                if len(columns):
                    steps.append(["fixed", len(bounds), number(Fraction(int(min(abs(rates))), bound.unit))])
                    bounds.append(bound)
                stay = np.where(rates > 0, lower[columns], upper[columns])
                todo.append((below, _with(lower, columns, stay), _with(upper, columns, stay)))
    return steps, bounds


def _with(vector: Floats, index: Any, value: Any) -> Floats:
    changed = vector.copy()
    changed[index] = value
    return changed


def numbers(numerators: Integers, unit: int) -> list[int | float | str]:
    """numerators / unit, each as `number` has it."""
    known: dict[int, int | float | str] = {}
    for p in numerators.tolist():
        if p not in known:
            known[p] = p // unit if p % unit == 0 else number(Fraction(p, unit))
    return [known[p] for p in numerators.tolist()]


def number(exact: Fraction) -> int | float | str:
    """An exact number for JSON: as a number if it prints as what it is, else as "p/q".

    >>> number(Fraction(3, 2)), number(Fraction(1, 3))
    (1.5, '1/3')
    """
    if exact.denominator == 1:
        return int(exact)
    return float(exact) if Fraction(repr(float(exact))) == exact else str(exact)
