"""What limits cost: the multipliers of the linear relaxation, and the bound that they give for any other limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from formulations.arithmetic.exact import as_floats

if TYPE_CHECKING:
    from formulations.problem import Floats, Problem
    from solvers import Solution


@dataclass(frozen=True)
class Prices:
    """By weak duality, limits b + t bound all answers by bound + of't, whatever t: below, or above if maximizing.

    bound  that of the linear relaxation at the limits as they are
    of     constraint name -> the change of that bound per unit of its right-hand side, one number per row
    """

    bound: float
    of: Mapping[str, Floats]


def prices(problem: Problem, solution: Solution) -> Prices | None:
    """The prices at which the linear relaxation was solved, those of its root if there was branching; None if unknown.

    They are exact multipliers in the sense that the bound holds; where there are several that are best, some of them.

    >>> import networkx as nx
    >>> from formulations.shortest_path import shortest_path
    >>> from solvers import solve
    >>> graph = nx.Graph()
    >>> graph.add_edge("s", "t", weight=1, toll=5)
    >>> nx.add_path(graph, ["s", "v", "t"], weight=4, toll=1)
    >>> stated = shortest_path(graph, "s", "t", limits={"toll": 3.5})
    >>> found = prices(stated, solve(stated))
    >>> round(found.bound, 9), found.of["limit toll"].round(9).tolist()  # half of either way, and 7 / 3 per toll
    (4.5, [-2.333333333])
    """
    from solvers.proof.branching import Fixed, Leaf
    from solvers.proof.certificate import ExactModel
    from solvers.proof.standard_form import standard_form

    proof = solution.certificate.proof
    if not isinstance(proof, Fixed | Leaf) or (isinstance(proof, Leaf) and proof.infeasible):
        return None
    model = ExactModel(standard_form(problem), problem.families, problem.dual_repair)
    bound = model.lower_bound(proof.dual)
    if not isinstance(bound.value, Fraction):
        return None
    y = as_floats(-bound.rows if model.form.maximize else bound.rows, bound.row_unit)
    return Prices(model.form.objective(bound.value), {name: y[rows] for name, rows in model.form.names.items()})
