"""Piecewise-linear functions as variables: what is left of the model is affine.

Every f(e) becomes an expression in further variables, with rows that hold where these have the values given here:

    abs(e)                   t           e <= t, -e <= t                   t = abs(e)
    maximum(d, e), max(e)    t           d <= t, e <= t (all entries)      t = the greatest
    minimum(d, e), min(e)    t           d >= t, e >= t                    t = the least
    norm1(e), norm_inf(e)    sum(t), t   e <= t, -e <= t                   t = abs(e), their greatest
    sum_largest(e, k)        k q + sum(s)    e <= q + s, s >= 0            q = the k-th largest, s = (e - q)+

dotsort is a sum of sum_largest. So every point that is feasible for the model, with those values, is feasible here, at
the same objective: bounds and proofs of infeasibility for this model hold for that one. Conversely, f(e) stands only
where it may not be larger (in cvxpy's sense, DCP), so that what is feasible here is feasible there, and no worse.
solvers.proof.form.verify holds both models against each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Floats, Ints, Problem

READ = ("abs", "max", "maximum", "min", "minimum", "norm1", "norm_inf", "sum_largest", "dotsort")
Further = dict[str, Callable[[], Floats]]  # further variable -> its value, where those of the model have theirs


def linearized(problem: Problem) -> tuple[Problem, Further]:
    """The model with variables in place of its piecewise-linear functions, and what values these stand for.

    Raises ValueError, in a sentence, for other functions that are not affine.

    >>> import cvxpy as cp
    >>> x = cp.Variable(2, name="x")
    >>> model, further = linearized(Problem(objective=cp.Minimize(cp.norm_inf(x)), subject_to={"sum": cp.sum(x) == 1}))
    >>> list(model.subject_to), list(further)
    (['sum', 'objective, norm_inf 1: below', 'objective, norm_inf 1: above'], ['objective, norm_inf 1'])
    """
    if all(part.expr.is_affine() for part in (problem.objective, *problem.subject_to.values())):
        return problem, {}
    rewriter = _Rewriter()
    objective = type(problem.objective)(rewriter.affine(problem.objective.expr, "objective"))
    stated = {
        name: constraint if constraint.expr.is_affine() else rewriter.affine(constraint.expr, name) <= 0
        for name, constraint in problem.subject_to.items()
    }
    return replace(problem, objective=objective, subject_to={**stated, **rewriter.rows}), rewriter.further


class _Rewriter:
    """Collects the further variables and their rows."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.further: Further = {}

    def affine(self, e: Any, name: str) -> Any:
        """The expression with further variables in place of its piecewise-linear functions."""
        from cvxpy.atoms.affine.affine_atom import AffAtom

        if e.is_affine():
            return e
        kind = type(e).__name__
        if kind == "dotsort":
            return self.affine(_by_largest(e), name)
        args = [self.affine(arg, name) for arg in e.args]
        if isinstance(e, AffAtom):
            return e.copy(args)
        if kind not in READ:
            raise ValueError(f"{name!r} has the function {kind}, which is not linear; state it by {', '.join(READ)}")
        label = f"{name}, {kind} {len(self.further) + 1}"
        if kind in ("maximum", "minimum"):
            entries = [_entries(arg, e.shape) for arg in args]
            return _shaped(self._beyond(label, e, entries, 1 if kind == "maximum" else -1), e.shape)
        a, group = _entries(args[0], args[0].shape), _groups(e)
        if kind == "sum_largest":
            return _shaped(self._largest(label, e, a, group), e.shape)
        if kind == "norm1":
            t = self._variable(label, a.size, e, lambda: np.abs(e.args[0].value))
            self.rows |= {f"{label}: below": a <= t, f"{label}: above": -a <= t}
            return _shaped(group.T @ t, e.shape)
        both = [a, -a] if kind in ("abs", "norm_inf") else [a]
        return _shaped(self._beyond(label, e, both, -1 if kind == "min" else 1, group), e.shape)

    def _variable(self, label: str, size: int, e: Any, value: Callable[[], Any]) -> Any:
        """A further variable: whole where the function is."""
        import cvxpy as cp

        self.further[label] = lambda: np.ravel(value(), order="F")
        return cp.Variable(size, name=label, integer=is_whole(e))

    def _beyond(self, label: str, e: Any, entries: list[Any], sign: int, group: Any = None) -> Any:
        """A variable for e, at least (sign 1) or at most (-1) all the entries, those of its own group."""
        t = self._variable(label, e.size, e, lambda: e.value)
        spread = t if group is None or group.shape[0] == group.shape[1] else group @ t
        for side, entry in zip(("below", "above", *range(3, len(entries) + 1)), entries, strict=False):
            self.rows[f"{label}: {side}"] = sign * entry <= sign * spread
        return t

    def _largest(self, label: str, e: Any, a: Any, group: Any) -> Any:
        """k q + sum(s), s >= a - q, s >= 0, in each group."""

        def kth() -> Floats:
            values, k = np.ravel(e.args[0].value, order="F"), math.ceil(e.k)
            ranked = [np.sort(values[group.indices == g])[::-1] for g in range(e.size)]
            return np.array([own[min(k, len(own)) - 1] for own in ranked])

        q = self._variable(label, e.size, e.args[0], kth)
        over = lambda: np.maximum(np.ravel(e.args[0].value, order="F") - group @ kth(), 0)  # noqa: E731
        s = self._variable(f"{label}, over", a.size, e.args[0], over)
        self.rows |= {f"{label}: below": a - group @ q <= s, f"{label}: above": s >= 0}
        return e.k * q + group.T @ s


def is_whole(e: Any) -> bool:
    """Whether whole numbers are all that the expression is made of, and all that it gives at integer points."""
    if not e.args:
        value: Any = e.value if e.is_constant() else 0.0
        entries = np.asarray(value.data if hasattr(value, "tocsr") else value)
        integer = e.is_constant() or e.attributes["integer"] is True or e.attributes["boolean"] is True
        return integer and bool((entries == np.rint(entries.real)).all())
    fractional = type(e).__name__ == "DivExpression" or e.__dict__.get("k", 1) % 1 != 0
    return not fractional and all(map(is_whole, e.args))


def _by_largest(e: Any) -> Any:
    """dotsort(x, w) as w_n sum(x) + the sum of (w_k - w_k+1) sum_largest(x, k), w sorted from the largest."""
    import cvxpy as cp

    x, w = e.args[0].flatten(order="F"), np.ravel(e.args[1].value)
    w = np.sort(np.pad(w, (0, x.size - len(w))))[::-1]
    steps = [(k, w[k - 1] - w[k]) for k in range(1, x.size) if w[k - 1] > w[k]]
    return reduce(add, [step * cp.sum_largest(x, k) for k, step in steps], w[-1] * cp.sum(x))  # type: ignore[attr-defined]


def _spread(of: Ints, size: int) -> Any:
    """The matrix that repeats the entries of a vector of that size: row i has the of[i]-th."""
    return csr_array((np.ones(len(of)), of, np.arange(len(of) + 1)), shape=(len(of), size))


def _entries(e: Any, shape: tuple[int, ...]) -> Any:
    """The entries of the expression, broadcast to the shape, as a vector, column by column."""
    flat = e if e.ndim == 1 else e.flatten(order="F")
    of = np.broadcast_to(np.arange(e.size).reshape(e.shape, order="F"), shape).ravel(order="F")
    return flat if e.shape == shape else _spread(of, e.size) @ flat


def _groups(e: Any) -> Any:
    """Which entry of e each entry of its argument goes into, as a 0-1 matrix."""
    shape, axis = e.args[0].shape, getattr(e, "axis", ())
    axes = range(len(shape)) if axis is None else [k % len(shape) for k in np.atleast_1d(axis).astype(int)]
    kept = [1 if k in axes else n for k, n in enumerate(shape)]
    of = np.broadcast_to(np.arange(e.size).reshape(kept, order="F"), shape).ravel(order="F")
    return _spread(of, e.size)


def _shaped(vector: Any, shape: tuple[int, ...]) -> Any:
    """The vector in that shape, column by column."""
    import cvxpy as cp

    if not shape:
        return cp.sum(vector)  # type: ignore[attr-defined]
    return vector if len(shape) == 1 else cp.reshape(vector, shape, order="F")  # type: ignore[attr-defined]
