"""The conic form that cvxpy hands to a solver, and what it says of the ranges of its columns.

    minimize    x'P x / 2 + c'x + offset
    subject to  A x + s = b,   s in K                           (Cones)

Columns of x are the model's variables and what cvxpy adds: values of functions and their parts. Every point that is
feasible for the model has, with the right values of those, the same objective here. That is cvxpy's word, which
solvers.proof.convex holds against the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import connected_components

from formulations.arithmetic.eigenvalues import least_eigenvalues
from formulations.problem import Floats, Ints
from solvers.proof.cones import Cones, by_upper_triangles, cones_of


@dataclass(frozen=True, kw_only=True)
class ConicForm:
    """minimize x'Px/2 + c'x + offset subject to Ax + s = b, s in the cones.

    P csr (n, n), symmetric; A csr (m, n); c float64 (n,), b float64 (m,)
    columns  variable name -> its columns; cvxpy's own have the names that it gives them
    """

    P: csr_array
    c: Floats
    A: csr_array
    b: Floats
    offset: float
    cones: Cones
    columns: Mapping[str, slice]

    def value(self, x: Floats) -> float:
        """The objective there."""
        return float(x @ (self.P @ x) / 2 + self.c @ x) + self.offset

    def scale(self, x: Floats) -> float:
        """The sum of the sizes of the objective's terms there; 1 if it is 0."""
        return float(np.abs(x) @ (abs(self.P) @ np.abs(x)) / 2 + np.abs(self.c) @ np.abs(x)) or 1.0

    def and_one(self, kind: str, A: Any, b: Floats) -> ConicForm:
        """The same with rows of one more cone (Cones.and_one) after all others."""
        rows = csr_array(vstack([self.A, A]))
        return replace(self, A=rows, b=np.r_[self.b, b], cones=self.cones.and_one(kind, len(b)))

    @cached_property
    def curvature(self) -> Floats:
        """p with x'Px >= sum of p_j x_j^2, float64 (n,): the least eigenvalue, proven, of each block of P."""
        p = np.asarray(self.P.diagonal(), dtype=float)
        _, block = connected_components(self.P, directed=False)
        sizes = np.bincount(block)
        order = np.argsort(block, kind="stable")
        ends = np.cumsum(sizes)
        for k in np.flatnonzero(sizes > 1).tolist():
            own = order[ends[k] - sizes[k] : ends[k]]
            dense = self.P[own][:, own].toarray()
            p[own] = least_eigenvalues((dense + dense.T)[None] / 2)[0]
        return p


def conic_form(data: Mapping[str, Any], names: Mapping[int, str], *, upper: bool) -> tuple[ConicForm, Ints]:
    """What cvxpy's get_problem_data gives for a conic solver, and which row of that solver is each of the form's.

    names: of the model's variables, by cvxpy's id, as it renames some
    upper: that solver packs matrices by their upper triangles, column by column, as the form does, not by their lower.

    Raises ValueError for a cone that no bound is known for.
    """
    n, program = len(data["c"]), data["param_prob"]
    P = csr_array(data["P"], dtype=float) if data.get("P") is not None else csr_array((n, n))
    columns = {}
    for variable in program.variables:
        start = program.var_id_to_col[variable.id]
        columns[names.get(variable.id, variable.name())] = slice(start, start + variable.size)
    A = csr_array(data["A"], dtype=float)
    A.eliminate_zeros()
    cones = cones_of(data["dims"])
    order = np.arange(cones.size) if upper else by_upper_triangles(cones)
    form = ConicForm(
        P=csr_array((P + P.T) / 2),
        c=np.asarray(data["c"], dtype=float),
        A=A[order],
        b=np.asarray(data["b"], dtype=float)[order],
        offset=float(program.apply_parameters()[1]),
        cones=cones,
        columns=columns,
    )
    return form, order
