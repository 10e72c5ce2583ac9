"""Rules of regression against an adversary: by Newton's method, or by Clarabel on the program without the adversary.

Newton's method is for smooth losses, and what it finds counts where its dual point proves it. Of Clarabel's answer the
rule (w, b) is a candidate. Its multipliers are a dual point: those of "losses" are the adversary's weights p of rows,
those of "rows" and "pushed" divided by these the subgradients u and v of the losses there. The data are handed over in
columns of mean 0 and standard deviation 1, and residuals in units of their root mean square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from formulations.ambiguity.program import robust_program
from formulations.ambiguity.robust_loss import KIND, Perturbation, RobustLoss, Wasserstein
from formulations.problem import Floats, SearchProblem, Values
from solvers.clock import Clock
from solvers.convex.compiled import Compiled
from solvers.convex.newton_rules import applies, by_newton
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed

MEETS = 1e-7  # gap up to which value and bound count as equal, unless another is asked for
WEIGHTY = 1e-9  # of 1 / n: weights from which multipliers tell a row's subgradient


@dataclass(frozen=True)
class RobustRules:
    """Clarabel, on the convex program."""

    name = "clarabel"


@dataclass
class RuleSearch:
    """The rules that are known, and dual points."""

    problem: SearchProblem
    rules: list[Floats]
    duals: list[tuple[Floats, Floats, Floats]] = field(default_factory=list)
    solver: str = RobustRules.name
    iterations: int = 0
    interrupted: bool = False
    so_far: Callable[[], Any] = lambda: None
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def form(self) -> RobustLoss:
        """The objective."""
        assert isinstance(self.problem.objective, RobustLoss)
        return self.problem.objective


def solve_rules(
    problem: SearchProblem, _: RobustRules, *, clock: Clock, gap: float | None, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The rule, and the dual point that bounds all others."""
    form = problem.objective
    assert isinstance(form, RobustLoss)
    search = RuleSearch(problem, [form.constant()])
    search.duals.append(dual_point(form, search.rules[0]))
    built = clock.elapsed
    run = partial(_run, search, clock, MEETS if gap is None else gap, report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def _run(search: RuleSearch, clock: Clock, gap: float, report: Callable[[Any], None]) -> Ended:
    report(search)
    form, centred = search.form, search.form.centred
    columns, unit = form.units
    given = centred.in_units(columns, unit)

    def noted(w: Floats, b: float) -> Floats:
        """The rule in the data's own units, kept with the dual point that it suggests."""
        rule = form.uncentred(np.append(w * unit / columns, b * unit))
        search.rules.append(rule)
        search.duals.append(dual_point(form, rule))
        return rule

    if applies(given) and (smooth := by_newton(given, columns, clock)) is not None:
        rule = noted(smooth[:-1], smooth[-1])
        if form.value(rule) - form.bound(search.duals[-1]) <= gap * form.size(rule):
            search.solver = "newton"
            return "optimal"
    compiled = Compiled(robust_program(given, columns), "clarabel")
    found = compiled.solved(clock)
    search.iterations = found.iterations
    if found.values is not None:
        rule = noted(found.values["w"], float(found.values["b"]))
        if found.multipliers is not None:
            search.duals.append(_of_multipliers(form, rule, unit, found.multipliers.listed))
    report(search)
    return "limit" if found.ended == "limit" else "optimal" if found.values is not None else "not_converged"


def dual_point(form: RobustLoss, rule: Floats) -> tuple[Floats, Floats, Floats]:
    """Weights p and subgradients u and v: the worst against that rule."""
    n, loss, z = len(form.k), form.loss, form.plain(rule)
    if isinstance(form.adversary, Perturbation | Wasserstein):
        p = np.full(n, 1 / n)
    else:
        p = form.adversary.worst(loss.value(z))
    slope = form.slopes(form.pushed(rule) if isinstance(form.adversary, Perturbation) else z)
    return p, slope, np.abs(slope)


def _of_multipliers(form: RobustLoss, rule: Floats, unit: float, listed: Values) -> tuple[Floats, Floats, Floats]:
    """The dual point that the multipliers of "losses" and "rows" are."""
    n, known = len(form.k), dual_point(form, rule)
    weighed = not isinstance(form.adversary, Perturbation | Wasserstein)
    p = np.maximum(listed["losses"], 0.0) if weighed else known[0]
    told = p > WEIGHTY / n
    scale = unit ** (form.loss.degree - 1) if form.loss.degree and "losses" in listed else 1.0
    u = np.where(told, -scale * listed["rows"] / np.where(told, p, 1.0), known[1])
    v = scale * listed["pushed"] / p if "pushed" in listed else known[2]
    return p, u, v


def _found(search: RuleSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    stats = {
        "rows": len(search.form.k),
        "columns": search.form.A.shape[1],
        "iterations": search.iterations,
        **account(search, built, clock),
    }
    return Searched(search.problem), Findings(
        solver=search.solver,
        ended=ended,
        candidates=search.rules,
        certificates=[(KIND, max(search.duals, key=search.form.bound))],
        remark="stopped by its limits" if ended == "limit" else "",
        stats=stats,
    )
