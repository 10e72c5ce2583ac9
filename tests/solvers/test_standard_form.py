"""The standard form: what is read straight off the expressions says the same as what cvxpy compiles."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from cvxpy.atoms.affine.add_expr import AddExpression
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, csc_array, csr_array

from formulations.problem import Problem
from solvers.proof.form import StandardForm, verify
from solvers.proof.standard_form import _compiled, _read_off, standard_form

number = st.integers(-6, 6).map(lambda halves: halves / 2)  # sums and products of few such are exact
KINDS: list[dict[str, Any]] = [
    {},
    {"nonneg": True},
    {"nonpos": True},
    {"pos": True},
    {"neg": True},
    {"integer": True},
    {"boolean": True},
    {"integer": True, "neg": True},
    {"boolean": True, "integer": True},
]


@st.composite
def variables(draw: st.DrawFn, name: str) -> cp.Variable:
    shape = draw(st.sampled_from([(), (1,), (2,), (3,), (3,)]))
    kind = draw(st.sampled_from(KINDS))
    if not draw(st.booleans()):
        return cp.Variable(shape, name=name, **kind)
    low: Any = draw(st.none() | st.sampled_from([-4, -2.5, -np.inf]))
    high: Any = draw(st.none() | st.sampled_from([0, 2.5, 7, np.inf]))
    if draw(st.booleans()) and shape:
        low = np.array([draw(st.sampled_from([-np.inf, -3.5, -1, 0])) for _ in range(shape[0])])
        high = np.array([draw(st.sampled_from([np.inf, 3.5, 1, 0])) for _ in range(shape[0])])
    return cp.Variable(shape, name=name, bounds=[low, high], **kind)


def dense(draw: st.DrawFn, *shape: int) -> Any:
    return np.array([draw(number) for _ in range(int(np.prod(shape)))]).reshape(shape)


def matrix(draw: st.DrawFn, rows: int, columns: int) -> Any:
    """Dense or sparse of any format, perhaps of integers; perhaps with duplicate and explicitly zero entries."""
    kind = draw(st.sampled_from(["dense", "whole", "csr", "csc", "coo", "duplicates", "expression"]))
    A = dense(draw, rows, columns)
    match kind:
        case "whole":
            return np.rint(A).astype(int)
        case "csr":
            return csr_array(A)
        case "csc":
            return csc_array(A)
        case "coo":
            return coo_array(A)
        case "expression":
            return -2 * cp.Constant(csr_array(A.T)).T
        case "duplicates":
            j = [draw(st.integers(0, columns - 1)) for _ in range(2 * rows)]
            return csr_array((dense(draw, 2 * rows), np.array(j), 2 * np.arange(rows + 1)), shape=(rows, columns))
        case _:
            return A


def vectors(draw: st.DrawFn, xs: list[cp.Variable], size: int, depth: int) -> Any:
    """An affine expression of shape (size,)."""
    fitting = [x for x in xs if x.shape == (size,)]
    kinds = ["variable"] * 2 * bool(fitting) + ["constant", "promoted"]
    if depth:
        kinds += ["negative", "sum", "difference", "scaled", "scaled right", "entries", "product", "transposed"]
    kind = draw(st.sampled_from(kinds))
    if kind == "variable":
        return draw(st.sampled_from(fitting))
    if kind == "constant":
        return cp.Constant(dense(draw, size))
    if kind == "promoted":
        return cp.promote(scalars(draw, xs, depth - 1), (size,))
    inner = draw(st.integers(1, 3)) if kind in ("product", "transposed") else size
    u = vectors(draw, xs, inner, depth - 1)
    match kind:
        case "negative":
            return -u
        case "sum":
            return u + draw(st.sampled_from([vectors, other_terms]))(draw, xs, size, depth - 1)
        case "difference":
            return draw(st.sampled_from([vectors, other_terms]))(draw, xs, size, depth - 1) - u
        case "scaled":
            return draw(number) * u
        case "scaled right":
            return u * draw(number)
        case "entries":
            return cp.multiply(*draw(st.permutations([dense(draw, size), u])))
        case "product":
            return matrix(draw, size, inner) @ u
        case _:
            return u @ matrix(draw, inner, size)


def other_terms(draw: st.DrawFn, xs: list[cp.Variable], size: int, depth: int) -> Any:
    """What may be added to a vector: a number, an array, a scalar expression."""
    return draw(st.sampled_from([draw(number), dense(draw, size), scalars(draw, xs, depth)]))


def scalars(draw: st.DrawFn, xs: list[cp.Variable], depth: int) -> Any:
    """An affine expression of shape ()."""
    fitting = [x for x in xs if x.shape == ()]
    kinds = ["variable"] * 2 * bool(fitting) + ["constant"]
    if depth > 0:
        kinds += ["sum", "inner", "inner right", "negative", "scaled", "plus"]
    match draw(st.sampled_from(kinds)):
        case "variable":
            return draw(st.sampled_from(fitting))
        case "constant":
            return cp.Constant(draw(number))
        case "negative":
            return -scalars(draw, xs, depth - 1)
        case "scaled":
            return draw(number) * scalars(draw, xs, depth - 1)
        case "plus":
            return scalars(draw, xs, depth - 1) + scalars(draw, xs, depth - 1) + draw(number)
        case "sum":
            return cp.sum(vectors(draw, xs, draw(st.integers(1, 3)), depth - 1))
        case kind:
            size = draw(st.integers(1, 3))
            u, c = vectors(draw, xs, size, depth - 1), dense(draw, size)
            return c @ u if kind == "inner" else u @ c


@st.composite
def plain_models(draw: st.DrawFn) -> Problem:
    xs = [draw(variables(f"x{i}")) for i in range(draw(st.integers(1, 3)))]
    goal = draw(st.sampled_from([cp.Minimize, cp.Maximize]))
    constraints = {"first": draw(st.sampled_from(xs)) <= 8}  # so that there is a variable
    for i in range(draw(st.integers(0, 3))):
        size = draw(st.integers(1, 3))
        if draw(st.booleans()):
            left, right = scalars(draw, xs, 3), scalars(draw, xs, 1)
        else:
            left, right = vectors(draw, xs, size, 3), other_terms(draw, xs, size, 1)
        match draw(st.sampled_from(["==", "<=", ">=", "turned"])):
            case "==":
                constraints[f"row {i}"] = left == right
            case "<=":
                constraints[f"row {i}"] = left <= right
            case ">=":
                constraints[f"row {i}"] = left >= right
            case _:
                constraints[f"row {i}"] = right <= left
    return Problem(objective=goal(scalars(draw, xs, 3)), subject_to=constraints)


def assert_same(direct: StandardForm, compiled: StandardForm) -> None:
    """Equal but for the order of the constraints."""
    for field in ("c", "lower", "upper", "integral"):
        np.testing.assert_array_equal(getattr(direct, field), getattr(compiled, field), field)
    assert direct.offset == compiled.offset
    assert direct.maximize == compiled.maximize
    assert list(direct.columns.items()) == list(compiled.columns.items())
    assert list(direct.names) == list(compiled.names)
    assert direct.A.shape == compiled.A.shape
    assert sum(rows.stop - rows.start for rows in direct.names.values()) == len(direct.row_lower)
    for name, rows in direct.names.items():
        there = compiled.names[name]
        np.testing.assert_array_equal(direct.A[rows].toarray(), compiled.A[there].toarray(), name)
        np.testing.assert_array_equal(direct.row_lower[rows], compiled.row_lower[there], name)
        np.testing.assert_array_equal(direct.row_upper[rows], compiled.row_upper[there], name)


@settings(max_examples=300)
@given(plain_models())
def test_a_plain_model_is_read_off_as_cvxpy_compiles_it(problem: Problem) -> None:
    direct = _read_off(problem)
    assert direct is not None
    assert_same(direct, _compiled(problem))
    A = direct.A
    assert csr_array((A.data, A.indices, A.indptr), shape=A.shape).has_canonical_format
    assert (A.dtype, A.indices.dtype, A.indptr.dtype) == (np.float64, np.int32, np.int32)
    assert {part.dtype for part in (direct.c, direct.row_lower, direct.row_upper, direct.lower)} == {np.dtype(float)}


def test_decimals_agree_up_to_rounding() -> None:
    x, y = cp.Variable(4, name="x", bounds=[-0.3, 1 / 3]), cp.Variable(name="y")
    A = np.random.default_rng(0).normal(size=(3, 4))
    problem = Problem(
        objective=cp.Maximize(0.1 * (A[0] @ x) - 0.7 * y + 0.2),
        subject_to={"a": A @ (0.3 * x - 0.1 * y) + 0.1 <= 1.1, "b": 0.3 * cp.sum(A @ x) == 0.1 * y},
    )
    direct, compiled = _read_off(problem), _compiled(problem)
    assert direct is not None
    order = [3, 0, 1, 2]
    for one, other in (
        (direct.c, compiled.c),
        (direct.A.toarray()[order], compiled.A.toarray()),
        (direct.row_upper[order], compiled.row_upper),
        (direct.lower, compiled.lower),
    ):
        np.testing.assert_allclose(one, other, rtol=1e-14, atol=1e-16)


def test_the_rows_keep_the_order_of_the_constraints_and_u_below_v_is_one_row_however_it_is_put() -> None:
    x, A = cp.Variable(2, name="x"), np.array([[1.0, 2.0]])
    problem = Problem(
        objective=cp.Minimize(0),
        subject_to={
            "below": A @ x <= 3,
            "above": cp.Constant(3) >= A @ x,
            "least": A @ x >= 3,
            "equal": 2 * x == np.ones(2),
        },
    )
    form = standard_form(problem)
    assert [form.names[name] for name in problem.subject_to] == [slice(i, i + 1) for i in range(3)] + [slice(3, 5)]
    assert form.A.toarray().tolist() == [[1, 2], [1, 2], [-1, -2], [2, 0], [0, 2]]
    assert form.row_lower.tolist() == [-np.inf, -np.inf, -np.inf, 1, 1]
    assert form.row_upper.tolist() == [3, 3, -3, 1, 1]


def test_a_constraint_without_rows_keeps_its_name() -> None:
    x, A = cp.Variable(2, name="x"), csr_array(np.ones((2, 2)))
    plain = {"none": A[1:1] @ x == 0, "all": A @ x <= 1}
    for more in ({}, {"not plain": cp.abs(x) <= 1}):
        form = standard_form(Problem(objective=cp.Minimize(0), subject_to={**plain, **more}))
        rows = form.names["none"]
        assert rows.start == rows.stop
    assert _read_off(Problem(objective=cp.Minimize(0), subject_to=plain)) is not None


def test_a_row_of_a_sparse_constant_is_a_vector_like_any_other() -> None:
    x, A = cp.Variable(2, name="x"), cp.Constant(csr_array([[1.0, 0.0], [2.0, 3.0]]))
    problem = Problem(objective=cp.Minimize(A[1] @ x), subject_to={"a": x <= A[1], "b": cp.multiply(A[0], x) == 1})
    direct = _read_off(problem)
    assert direct is not None
    assert direct.c.tolist() == [2, 3]
    assert direct.A.toarray().tolist() == [[1, 0], [0, 1], [1, 0], [0, 0]]
    assert direct.row_upper.tolist() == [2, 3, 1, 1]


def test_reading_leaves_the_models_matrices_as_they_are() -> None:
    twice = csr_array((np.ones(4), np.array([1, 1, 0, 0], dtype=np.int64), np.array([0, 2, 4], dtype=np.int64)))
    x, A = cp.Variable(2, name="x"), cp.Constant(twice)
    form = standard_form(Problem(objective=cp.Minimize(0), subject_to={"a": A @ x <= 1, "b": x @ A <= 1}))
    assert form.A.toarray().tolist() == [[0, 2], [2, 0], [0, 2], [2, 0]]
    assert (A.value.nnz, form.A.nnz) == (4, 4)
    assert form.A.indices.dtype == np.int32


class Variable(cp.Variable):
    """Who knows how it differs from cvxpy's."""


def left_to_cvxpy() -> dict[str, Problem]:
    x, X = cp.Variable(2, name="x"), cp.Variable((2, 2), name="X")
    p = cp.Parameter(value=2.0)

    def under(constraint: Any, objective: Any = 0) -> Problem:
        return Problem(objective=cp.Minimize(objective), subject_to={"row": constraint, "plain": x <= 1})

    def over(**attributes: Any) -> Problem:
        return under(cp.sum(cp.Variable((2, 2), name="s", **attributes)) <= 1)

    return {
        "a matrix": under(X <= 1),
        "a matrix of one scalar": under(cp.promote(cp.Variable(name="s"), (2, 2)) <= np.array([[1, 2], [3, 4]])),
        "sum of a matrix": under(cp.sum(X) <= 1),
        "product of matrices": under(np.ones((2, 2)) @ X <= 1),
        "a part": under(x[:1] <= 1),
        "a quotient": under(x / 3 <= 1),
        "a parameter": under(p * x <= 1),
        "a parameter as side": under(x <= p),
        "a parameter as bound": under(cp.Variable(2, name="y", bounds=[None, p]) <= 1),
        "a symmetric matrix": over(symmetric=True),
        "a diagonal matrix": over(diag=True),
        "a sparse matrix": over(sparsity=[(0, 1), (0, 1)]),
        "few binary entries": under(cp.Variable(2, name="y", boolean=[(0,)]) <= 1),
        "few integral entries": under(cp.Variable(2, name="y", integer=[(0,)]) <= 1),
        "a variable of another class": under(Variable(2, name="y") <= 1),
        "an explicit cone": under(cp.NonNeg(1 - x)),
        "complex numbers": under(np.array([1j, 2]) @ x == 1),
        "a complex variable": under(cp.Variable(2, name="z", complex=True) == 1),
        "an infinite number": under(csr_array(np.array([[1.0, 0]])) @ (x + np.array([0, np.inf])) <= 1),
        "a sum of two lengths": under(AddExpression([x, cp.Variable(name="s")]) <= 1),
    }


@pytest.mark.filterwarnings("ignore:Reading from a sparse")
@pytest.mark.parametrize("problem", left_to_cvxpy().values(), ids=left_to_cvxpy())
def test_what_is_not_plain_is_left_to_cvxpy_as_a_whole(problem: Problem) -> None:
    assert _read_off(problem) is None
    try:
        expected = _compiled(problem)
    except ValueError as refused:
        with pytest.raises(ValueError, match=re.escape(str(refused))):
            standard_form(problem)
    else:
        assert_same_rows(standard_form(problem), expected)


def assert_same_rows(one: StandardForm, other: StandardForm) -> None:
    np.testing.assert_array_equal(one.A.toarray(), other.A.toarray())
    np.testing.assert_array_equal(one.row_upper, other.row_upper)


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda x: cp.norm(x) <= 1, "needs cones"),
        (lambda x: cp.abs(x) >= 1, "not DCP"),
        (lambda x: x @ x <= 1, "not DCP"),
    ],
)
def test_what_is_not_linear_is_refused_as_before(build: Any, complaint: str) -> None:
    x = cp.Variable(2, name="x")
    x.value = np.ones(2)  # which makes it no constant
    with pytest.raises(ValueError, match=complaint):
        standard_form(Problem(objective=cp.Minimize(0), subject_to={"row": build(x)}))


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_by_the_constraints_name(wrong: float, plain: bool) -> None:
    x, ones = cp.Variable(2, name="x"), np.ones(2)
    never = {} if plain else {"not plain": cp.abs(x) <= 1}
    for constraint in (
        np.array([[1, wrong]]) @ x <= 1,
        csr_array(np.array([[0, 1], [0, wrong]])) @ x == 1,
        x == np.array([1, wrong]),
        wrong * x >= 1,
    ):
        problem = Problem(objective=cp.Minimize(ones @ x), subject_to={"fine": x <= 1, "odd": constraint, **never})
        with pytest.raises(ValueError, match="the constraint 'odd' has a number that is nan or infinite"):
            standard_form(problem)
    with pytest.raises(ValueError, match=r"the objective|too large"):
        standard_form(Problem(objective=cp.Minimize(np.array([wrong, 1]) @ x), subject_to={"fine": x <= 1, **never}))
    with pytest.raises(ValueError, match="the objective has"):
        standard_form(Problem(objective=cp.Minimize(ones @ x + wrong), subject_to={"fine": x <= 1, **never}))


def test_a_side_may_be_infinite_only_where_it_asks_for_nothing() -> None:
    x = cp.Variable(2, name="x")
    loose = Problem(objective=cp.Minimize(0), subject_to={"loose": x <= np.array([1, np.inf])})
    assert standard_form(loose).row_upper.tolist() == [1, np.inf]
    for impossible in (x <= -np.inf, x >= np.array([1, np.inf])):
        with pytest.raises(ValueError, match="the constraint 'impossible'"):
            standard_form(Problem(objective=cp.Minimize(0), subject_to={"impossible": impossible}))


def test_numbers_that_overflow_on_the_way_are_refused_too() -> None:
    x = cp.Variable(2, name="x")
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="the constraint 'row'"):
        standard_form(Problem(objective=cp.Minimize(0), subject_to={"row": 1e200 * (1e200 * x) <= 1}))


def test_a_model_without_variables_is_refused() -> None:
    with pytest.raises(ValueError, match="the model has no variables"):
        standard_form(Problem(objective=cp.Minimize(0), subject_to={"row": cp.Constant(1) <= 2}))


# The form is held against the model.


def test_what_cvxpy_itself_compiles_into_another_function_is_refused() -> None:
    x = cp.Variable(2, name="x")
    over_no_axis = Problem(objective=cp.Minimize(0), subject_to={"row": cp.sum(x, axis=()) <= 1})
    with pytest.raises(ValueError, match="'row' was compiled into another function"):
        standard_form(over_no_axis)


@pytest.mark.parametrize("wrong", ["c", "offset", "A", "row_upper"])
def test_a_form_that_is_not_the_model_s_is_refused(wrong: str) -> None:
    x = cp.Variable(3, name="x", nonneg=True)
    model = Problem(
        objective=cp.Maximize(x[0] + 2 * x[1] + 5), subject_to={"sum": cp.sum(x) <= 4, "first": x[0] == x[2]}
    )
    form = standard_form(model)
    verify(model, form)
    changed: Any = {
        "c": form.c * [1, -1, 1],
        "offset": 6.0,
        "A": form.A * 1.001,
        "row_upper": form.row_upper + np.array([0, 1e-3]),
    }
    with pytest.raises(ValueError, match="compiled into another function"):
        verify(model, replace(form, **{wrong: changed[wrong]}))
    assert x.value is None
