"""From a Problem to the standard form: read off its expressions where they are plain, else compiled by cvxpy.

Nothing here need be believed: what comes of it is held against the model (solvers.proof.form).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array, issparse, vstack

from formulations.problem import Floats, Problem, Values
from solvers.proof.form import NotPlain, StandardForm, box, verify
from solvers.proof.linearized import linearized

if TYPE_CHECKING:
    import cvxpy as cp

DRAWS = 4  # random points at which piecewise-linear functions are held against their rows
HUGE = 1e200  # costs above it overflow in sums
NOT_LINEAR = "the model is not linear: it needs cones or a quadratic objective; clarabel and scs take it"


def standard_form(problem: Problem) -> StandardForm:
    """Compile the objective and the listed constraints; the families are left to the solver.

    Rows are signed as cvxpy signs them: u <= v and v >= u both give u - v <= 0. What is plainly affine in vectors keeps
    the order of its constraints; any other model is compiled by cvxpy, equalities first. What comes of it is held
    against the model's own expressions (solvers.proof.form.verify).
    Raises ValueError, in a sentence, for a model that is not a linear or mixed-integer program.

    >>> import cvxpy as cp
    >>> x = cp.Variable(2, name="x", nonneg=True)
    >>> form = standard_form(Problem(objective=cp.Minimize(x[0] + x[1]), subject_to={"sum": cp.sum(x) == 1}))
    >>> form.row_lower
    array([1.])
    """
    if not problem.variables:
        raise ValueError("the model has no variables, so there is nothing to choose; state it in a cvxpy.Variable")
    if not problem.is_linear:
        raise ValueError(NOT_LINEAR)
    model, further = linearized(problem)
    form = _read_off(model) or _compiled(model)
    _refuse_numbers(form)
    verify(model, form)
    if not further:
        return form

    def completed(values: Values) -> list[Floats]:
        with problem.at(values):
            return [value() for value in further.values()]

    columns = {name: form.columns[name] for name in problem.variables}
    form = replace(form, columns=columns, further=[form.columns[name][0] for name in further], completed=completed)
    verify(problem, form, draws=DRAWS)
    return form


def _refuse_numbers(form: StandardForm) -> None:
    """Raise ValueError, naming the constraint, for numbers that cannot be."""
    if np.isnan(form.c).any() or not math.isfinite(form.offset):
        raise ValueError("the objective has a cost that is nan, or a constant that is not finite; replace it")
    if np.abs(form.c).max(initial=0) > HUGE:
        raise ValueError(f"a cost of {np.abs(form.c).max():.3g} is too large to be summed up; divide all costs")
    wrong = np.isnan(form.row_upper) | (form.row_upper == -np.inf) | (form.row_lower == np.inf)
    wrong[np.searchsorted(form.A.indptr, np.flatnonzero(~np.isfinite(form.A.data)), side="right") - 1] = True
    for i in np.flatnonzero(wrong)[:1].tolist():
        named = (repr(name) for name, rows in form.names.items() if rows.start <= i < rows.stop)
        raise ValueError(
            f"the constraint {next(named, 'that cvxpy derived')} has a number that is nan or infinite; replace it, or "
            "leave out the rows that shall not bind"
        )


def totally_unimodular(form: StandardForm) -> bool:
    """Whether all vertices of the LP are integer, A being a network's matrix and all sides integers.

    It has at most one +1 and one -1 in every column, or in every row, the rest being 0 (Heller & Tompkins 1956).
    """
    A, sides = form.A, np.concatenate([form.row_lower, form.row_upper, form.lower, form.upper])
    sides = sides[np.isfinite(sides)]
    if (sides != np.rint(sides)).any() or not (np.abs(A.data) == 1).all():
        return False
    row = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))
    return any(
        all(np.bincount(line[A.data == sign], minlength=1).max() <= 1 for sign in (1, -1)) for line in (A.indices, row)
    )


def _compiled(problem: Problem) -> StandardForm:
    """Any model that cvxpy can bring to this form, by cvxpy."""
    import cvxpy as cp

    model = cp.Problem(problem.objective, list(problem.subject_to.values()))
    if not model.is_dcp():
        raise ValueError("the model is not convex by cvxpy's rules (not DCP); state it by affine expressions")
    try:
        data, _, _ = model.get_problem_data(cp.HIGHS)
    except cp.error.SolverError:
        raise ValueError(NOT_LINEAR) from None
    cones = data["dims"]
    if cones.soc or cones.exp or cones.psd or cones.p3d or "P" in data:
        raise ValueError(NOT_LINEAR)
    n, equalities = len(data["c"]), cones.zero
    b = np.asarray(data["b"], dtype=float)
    lower = np.full(n, -np.inf) if data["lower_bounds"] is None else np.array(data["lower_bounds"], dtype=float)
    upper = np.full(n, np.inf) if data["upper_bounds"] is None else np.array(data["upper_bounds"], dtype=float)
    binary, integral = data["bool_vars_idx"], np.zeros(n, dtype=bool)
    lower[binary], upper[binary] = np.maximum(lower[binary], 0), np.minimum(upper[binary], 1)
    integral[binary] = integral[data["int_vars_idx"]] = True
    lower[integral], upper[integral] = np.ceil(lower[integral]), np.floor(upper[integral])

    program = data["param_prob"]
    columns, names = {}, {}
    for variable in program.variables:
        start = program.var_id_to_col[variable.id]
        columns[variable.id] = (slice(start, start + variable.size), variable.shape)
    row, by_id = 0, {c.id: slice(0, 0) for c in problem.subject_to.values() if not c.size}
    for constraint in program.constraints:
        by_id[constraint.constr_id] = slice(row, row + constraint.size)
        row += constraint.size
    names = {name: by_id[c.id] for name, c in problem.subject_to.items() if c.id in by_id}
    return StandardForm(
        c=np.asarray(data["c"], dtype=float),
        offset=float(program.apply_parameters()[1]),
        A=csr_array(data["A"]),
        row_lower=np.where(np.arange(len(b)) < equalities, b, -np.inf),
        row_upper=b,
        lower=lower,
        upper=upper,
        integral=integral,
        maximize=problem.objective.NAME == "maximize",
        columns={name: _columns(v, columns) for name, v in problem.variables.items()},
        names=names,
    )


def _columns(variable: cp.Variable, columns: dict[int, tuple[slice, tuple[int, ...]]]) -> tuple[slice, tuple[int, ...]]:
    cols, shape = columns.get(variable.id, (slice(0, 0), variable.shape))
    if cols.stop - cols.start != variable.size:
        raise ValueError(
            f"cvxpy replaces the variable {variable.name()!r}; state its attributes as constraints instead"
        )
    return cols, shape


def _read_off(problem: Problem) -> StandardForm | None:
    """A model that is plainly affine in vectors, off its expressions' trees; None for any other.

    For the same numbers cvxpy takes ten times as long: seconds for a million columns.
    """
    columns, n = {}, 0
    for v in problem.variables.values():
        columns[v.id], n = (slice(n, n + v.size), v.shape), n + v.size
    blocks, lower, upper, names, row = [csr_array((0, n))], [np.zeros(0)], [np.zeros(0)], {}, 0
    try:
        boxes = [box(v) for v in problem.variables.values()]
        costs, offset = _affine(problem.objective.expr, columns, n)
        for name, constraint in problem.subject_to.items():
            if _kind(constraint) not in ("Equality", "Inequality"):
                return None
            block, constant = _affine(constraint.expr, columns, n)
            k = len(constant)
            blocks.append(csr_array((k, n)) if block is None else block)
            upper.append(0.0 - constant)
            lower.append(upper[-1] if _kind(constraint) == "Equality" else np.full(k, -np.inf))
            names[name], row = slice(row, row + k), row + k
    except NotPlain:
        return None
    A, c = vstack(blocks, format="csr"), np.zeros(n) if costs is None else costs.toarray()[0]
    maximize, index = problem.objective.NAME == "maximize", np.int32 if max(A.nnz, *A.shape) < 2**31 else np.int64
    box_lower, box_upper, integral = (np.concatenate(part) for part in zip(*boxes, strict=True))
    return StandardForm(
        c=0.0 - c if maximize else c,
        offset=float(0.0 - offset[0] if maximize else offset[0]),
        A=csr_array((A.data, A.indices.astype(index), A.indptr.astype(index)), shape=A.shape),
        row_lower=np.concatenate(lower),
        row_upper=np.concatenate(upper),
        lower=box_lower,
        upper=box_upper,
        integral=integral,
        maximize=maximize,
        columns={name: columns[v.id] for name, v in problem.variables.items()},
        names=names,
    )


def _kind(thing: Any) -> str:
    """The class of one of cvxpy's own things, by name: a release that moves it only makes this slow."""
    return type(thing).__name__ if type(thing).__module__.startswith("cvxpy.") else ""


def _affine(expression: Any, columns: Mapping[int, tuple[slice, tuple[int, ...]]], n: int) -> tuple[Any, Floats]:
    """Each entry's coefficients over all n columns, as csr, and its constant; None for csr if all are constant."""
    if expression.ndim > 1:
        raise NotPlain
    if expression.is_constant():
        return None, np.ravel(_number(expression)).astype(float)
    if _kind(expression) == "NegExpression":
        A, constant = _affine(expression.args[0], columns, n)
        return -A, -constant
    if _kind(expression) == "AddExpression":
        terms, constants = zip(*(_affine(term, columns, n) for term in expression.args), strict=True)
        if any(len(constant) != expression.size for constant in constants):
            raise NotPlain
        return reduce(add, [A for A in terms if A is not None]), reduce(add, constants)
    L, u = _linear(expression)
    if u.ndim > 1 or L.shape != (expression.size, u.size):
        raise NotPlain
    if _kind(u) == "Variable":  # L itself, moved to the variable's columns
        at = L.indices + columns[u.id][0].start
        return csr_array((L.data, at, L.indptr), shape=(expression.size, n)), np.zeros(expression.size)
    A, constant = _affine(u, columns, n)
    return _canonical(L @ A), L @ constant


def _linear(expression: Any) -> tuple[csr_array, Any]:
    """A matrix and an expression of which the expression is the product."""
    match _kind(expression):
        case "Variable":
            return eye_array(expression.size, format="csr"), expression
        case "Promote":
            return csr_array(np.ones((expression.size, 1))), expression.args[0]
        case "Sum":
            return csr_array(np.ones((1, expression.args[0].size))), expression.args[0]
        case "MulExpression" | "multiply" as kind if any(arg.is_constant() for arg in expression.args):
            left, right = expression.args
            factor, u = (left, right) if left.is_constant() else (right, left)
            number = _number(factor)
            if kind == "multiply":
                return diags_array(np.ravel(number), format="csr"), u
            return _canonical(np.atleast_2d(number) if factor.ndim < 2 else number if u is right else number.T), u
    raise NotPlain


def _number(constant: Any) -> Any:
    """The array of a constant without parameters, sparse only if it is a matrix; all its entries are finite."""
    value: Any = None if constant.parameters() else constant.value
    if issparse(value) and value.ndim < 2:
        value = value.toarray()
    entries = np.asarray(value.data if issparse(value) else value)
    if np.shape(value) != constant.shape or entries.dtype.kind not in "biuf" or not np.isfinite(entries).all():
        raise NotPlain
    return value


def _canonical(matrix: Any) -> csr_array:
    """As csr of floats with sorted indices and no duplicates; the matrix itself stays as it is."""
    A = csr_array(matrix, dtype=float)
    if not A.has_canonical_format:
        A = A.copy()
        A.sum_duplicates()
    return A
