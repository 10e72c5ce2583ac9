"""Estimates of location checked again: each by its own objective, and by what bounds that.

The forces of the rows at a point are its gradient, so that the points of convex estimates prove themselves; where
rounding has moved a point too far for that, the forces are in the JSON. The deepest point has a tree of cases for its
depth, or all directions in two columns, and directions that exclude a greater one. Of the rows of least covariance the
value is checked, and nothing bounds it; of games there is nothing to check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.checks.sandwich import Checked, number, numbers, same, sandwich
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.problem import Floats
    from problems.studies.named_rows import Table

RELATIVE = 1e-9  # of the largest number of a point


def checked(document: Mapping[str, Any], table: Table) -> Checked:
    """Every check of an answer of problems.location; raises InputError where there is nothing to check."""
    from problems.studies.named_rows import numbers_of

    rows, answer, parts = numbers_of(table, standardise=False), document["answer"], document["parts"]
    asked: Sequence[str] = [str(name) for name in document["asked"]["estimators"]]
    checks = [("estimates are some of those that were asked for", {*answer} - {"outliers"} <= {*parts} <= {*asked})]
    proven, found = list[str](), list[str]()
    for name in (name for name in asked if name in parts):
        if name in ("js_gan", "js_gan_scatter"):
            continue
        proof = document["certificate"].get(name, {})
        if name == "tukey_median" and "directions" not in proof:
            continue
        part = {"asked": document["asked"], **parts[name]}
        checks += [(f"{name}: {check}", holds) for check, holds in _of_one(name, rows, answer[name], proof, part)]
        (proven if part["status"] == "optimal" else found).append(name)
    if not proven and not found:
        raise InputError("nothing is proven of games, nor of depths whose proof is not in the JSON: nothing to check")
    for key in ("value", "bound"):
        whole = [part[key] for part in parts.values()]
        told = document[key] is None or (None not in whole and same(document[key], sum(map(number, whole))))
        checks.append((f"the {key}, if there is one, is the sum of the {key}s of all estimates", told))
    optimal = all(part["status"] == "optimal" for part in parts.values())
    checks.append(("all are optimal, or the whole is not", optimal or document["status"] != "optimal"))
    others = [name for name in asked if name not in (*proven, *found)]
    said = [
        f"of {table.source} nothing is better than {', '.join(proven)}" if proven else "",
        f"the values of {', '.join(found)} are as stated" if found else "",
        f"nothing is said of {', '.join(map(safe, others))}" if others else "",
    ]
    return Checked(checks, "; ".join(filter(None, said)))


def _of_one(
    name: str, rows: Floats, answer: Any, proof: Mapping[str, Any], part: Mapping[str, Any]
) -> list[tuple[str, bool]]:
    """The checks of the estimate of that name."""
    import formulations.location as location

    n, p = rows.shape
    point = numbers(answer, p)
    problem: Any
    if name == "tukey_median":
        return _deepest(rows, point, proof, part)
    if name == "mcd":
        problem = location.minimum_covariance_determinant(rows)
        mask = np.isin(np.arange(n), np.array(proof["rows"], dtype=np.int64))
        if problem.broken(mask) is not None:
            return [("its rows are as many as are due", False)]
        return [
            ("its value is as stated", same(part["value"], problem.objective.value(mask))),
            ("nothing is said to bound it", part["bound"] is None and part["status"] == "feasible"),
            ("the point is the mean of rows near these", same(point, problem.answer(mask)["location"], RELATIVE)),
        ]
    if name == "trimmed_mean":
        problem = location.trimmed_mean(rows)
        marks, thresholds = problem.objective.sorted_out()
        checks = sandwich(problem, marks, problem.weak_duals[0].bound(thresholds), part)
        return [*checks, ("the point is the mean of the others", same(point, problem.answer(marks), RELATIVE))]
    estimates = {
        "mean": location.mean,
        "coordinatewise_median": location.coordinatewise_median,
        "geometric_median": location.geometric_median,
        "huber": location.huber,
    }
    problem = estimates[name](rows)
    form = problem.objective
    forces = numbers(proof["forces"], n, p) if "forces" in proof else form.forces(point)
    return sandwich(problem, point, form.bound(forces), part)


def _deepest(rows: Floats, point: Floats, proof: Mapping[str, Any], part: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """How deep the point is proven to be, and that none is deeper than is said."""
    from formulations.arithmetic.halfspaces import Deep, tree_of
    from formulations.halfspace_depth import tukey_median

    form: Any = (problem := tukey_median(rows)).objective
    weights = numbers(proof["weights"], -1)
    directions = numbers(proof["directions"], len(weights), rows.shape[1]) if len(weights) else np.zeros((0, 1))
    tree = tree_of([int(entry) for entry in proof["tree"]]) if "tree" in proof else None
    bound = max(0.0, form.bound((directions, weights)))
    return sandwich(problem, Deep(point, tree), bound, part)


def made_table(asked: Mapping[str, Any], seed: int) -> Table:
    """Made data as they were drawn; raises InputError for too many of them."""
    from problems.studies.contaminated import contaminated
    from problems.studies.named_rows import MOST_CELLS, Table

    n, p = int(asked["rows"]), int(asked["dimensions"])
    if not 0 < n * p <= MOST_CELLS:
        raise InputError(f"the answer is about {n:,} made rows of {p:,} columns, which are not made again")
    rows = contaminated(n, p, number(asked["contamination"]), asked["adversary"], seed).rows
    return Table("made data", rows, [str(i) for i in range(1, n + 1)], [f"x{j}" for j in range(1, p + 1)])
