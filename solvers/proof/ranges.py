"""What values the columns of a conic form can have: ranges in which every x lies that is feasible and good enough.

Each row bounds each of its terms by the others, each cone its entries by each other, again and again (feasibility-based
bound tightening; Belotti, Cafieri, Lee, Liberti 2010); rows whose other terms are bounded bound the columns that they
determine, by elimination. Where that is not enough, multipliers that bound all slacks at once show it, if the set is
bounded at all. Every range is wider than rounding could make it too narrow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array, eye_array, hstack, vstack

from formulations.problem import Bools, Floats
from solvers.proof.cones import SLACK, wider
from solvers.proof.conic_form import ConicForm
from solvers.proof.exact_zeros import independent, left_inverse

ROUNDS, PROGRESS = 60, 1e-2  # of propagation: at most so many, and only while a range shrinks by this share
Ranges = tuple[Floats, Floats]  # the least and the greatest value of every column, possibly infinite


def ranges(form: ConicForm, level: float, spread: Floats | None = None) -> Ranges:
    """Ranges, float64 (n,) each, of every feasible x whose objective is at most the level; infinite if none is known.

    With spread, of one of all x that differ by a direction that changes no constraint and no objective.

    spread  multipliers of the rows of level_set(form, level) that bound all slacks (spread_objective); not trusted

    >>> import cvxpy as cp
    >>> from solvers.proof.conic_form import conic_form
    >>> x = cp.Variable(2, name="x")
    >>> problem = cp.Problem(cp.Minimize(cp.norm2(x)), [cp.sum(x) == 1])
    >>> low, high = ranges(conic_form(problem.get_problem_data(cp.CLARABEL)[0], {}, upper=True)[0], 2.0)
    >>> high.round(9).tolist()  # of x and of the norm
    [2.0, 2.0, 2.0]
    """
    return _Tightening(form, level).ranges(spread)


def spread_objective(form: ConicForm, level: float) -> Floats:
    """Costs c, (n,), that make the sum of all slacks least, negated: the multipliers of the minimum are `spread`."""
    whole = level_set(form, level)
    return np.asarray(whole.A.T @ whole.cones.interior())


def level_set(form: ConicForm, level: float) -> ConicForm:
    """The same feasible set with rows for the objective being at most the level, others that follow, and no objective.

    sum of p_j x_j^2 / 2 <= t, t = level - offset - c'x, is |(sqrt(2 p_j) x_j, t - 1)| <= t + 1 as a cone.
    """
    n, left = len(form.c), level - form.offset
    p, c = np.maximum(form.curvature, 0.0), csr_array(form.c[None, :])
    curved, sums = np.flatnonzero(p > 0), _sums_of_two(form)
    whole = replace(form, P=csr_array((n, n)), c=np.zeros(n), offset=0.0)
    whole = whole.and_one("nonneg", *sums) if len(sums[1]) else whole
    if not np.isfinite(level) or (form.curvature < 0).any():  # convex up to rounding only: nothing follows from it
        return whole
    if not len(curved):
        return whole.and_one("nonneg", c, np.array([left]))
    scale = np.sqrt(2 * p[curved]) * (1 - SLACK)
    squares = csr_array((-scale, curved, np.arange(len(curved) + 1)), shape=(len(curved), n))
    return whole.and_one("soc", vstack([c, squares, c]), np.r_[left + 1, np.zeros(len(curved)), left - 1])


def _sums_of_two(form: ConicForm) -> tuple[csr_array, Floats]:
    """Sums of two rows a'x <= b, c'x <= d that have one column left, as of e <= t, -e <= t: these bound it."""
    rows = form.cones.nonneg
    by_column = csc_array(form.A[rows])
    two = np.flatnonzero(np.diff(by_column.indptr) == 2)
    first, second = (rows[by_column.indices[by_column.indptr[two] + k]] for k in (0, 1))
    total = csr_array(form.A[first] + form.A[second])
    total.eliminate_zeros()
    single = np.diff(total.indptr) == 1
    return total[np.flatnonzero(single)], (form.b[first] + form.b[second])[single]


class _Tightening:
    """The level set, and ranges of its columns and slacks, (n + m,), which get narrower with every step."""

    def __init__(self, form: ConicForm, level: float) -> None:
        """All without end."""
        self.form, self.level, self.whole = form, level, level_set(form, level)
        m, self.n = self.whole.A.shape
        self.rows = coo_array(hstack([self.whole.A, eye_array(m)], format="csr"))
        self.low, self.high = np.full(self.n + m, -np.inf), np.full(self.n + m, np.inf)

    def ranges(self, spread: Floats | None) -> Ranges:
        """Of the columns."""
        self._propagate()
        if spread is not None and not self._known()[: self.n].all():
            self._represent()
            self._spread(spread)
            self._propagate()
        if not self._known()[: self.n].all():
            self._eliminate()
            self._propagate()
        return self.low[: self.n], self.high[: self.n]

    def _represent(self) -> None:
        """Keep one of all points that differ by what changes nothing: columns that are combinations of others are 0.

        If A_k = sum of t_j A_j and c_k = sum of t_j c_j, exactly, then x_k may be moved into the x_j.
        """
        form = self.form
        open_ = np.flatnonzero(~self._known()[: self.n] & (np.diff(form.P.indptr) == 0))
        columns = csr_array(vstack([form.A[:, open_], csr_array(form.c[None, open_])]).T)
        kept = independent(columns)
        dropped = np.delete(open_, kept)
        self.low[dropped] = self.high[dropped] = 0.0

    def _known(self) -> Bools:
        return np.isfinite(self.low) & np.isfinite(self.high)

    def _propagate(self) -> None:
        n = self.n
        for _ in range(ROUNDS):
            before = self.low.copy(), self.high.copy()
            self.low[n:], self.high[n:] = self.whole.cones.tightened(self.low[n:], self.high[n:])
            low, high = _by_rows(self.rows, self.whole.b, self.low, self.high)
            if np.isfinite(self.level):
                low[:n], high[:n] = self._by_level(low[:n], high[:n])
            self.low, self.high = np.minimum(low, high), np.maximum(low, high)  # crossed: no such x, or rounding
            if not _shrunk(*before, self.low, self.high):
                return

    def _by_level(self, low: Floats, high: Floats) -> Ranges:
        """What sum of (p_j x_j^2 / 2 + c_j x_j) <= level - offset leaves of each x_j."""
        form = self.form
        p, c = np.maximum(form.curvature, 0.0), form.c
        if (form.curvature < 0).any():  # convex up to rounding only: nothing follows
            return low, high
        with np.errstate(all="ignore"):
            inside = np.clip(np.where(p > 0, -c / p, 0.0), low, high)
            linear = np.where(c > 0, c * low, np.where(c < 0, c * high, 0.0))
            least = np.where(p > 0, p * inside**2 / 2 + c * inside, linear)
            others = _others(least)
            left = self.level - form.offset - others
            left = left + SLACK * (abs(self.level) + abs(form.offset) + np.abs(least[np.isfinite(least)]).sum())
            root = np.sqrt(np.maximum(c**2 + 2 * p * left, 0.0)) * (1 + SLACK)
            below = np.where(p > 0, (-c - root) / p, np.where(c < 0, left / c, -np.inf))
            above = np.where(p > 0, (-c + root) / p, np.where(c > 0, left / c, np.inf))
        return np.fmax(low, wider(below, -1)), np.fmin(high, wider(above, 1))

    def _eliminate(self) -> None:
        """Ranges of the columns that rows with bounded other terms determine."""
        n, low, high, known = self.n, self.low, self.high, self._known()
        A = csr_array(self.whole.A[known[n:]])
        inside = np.bincount(A.indices, minlength=n) > 0
        open_, fixed = np.flatnonzero(~known[:n] & inside), np.flatnonzero(known[:n])
        M, F, at = A[:, open_], A[:, fixed], n + np.flatnonzero(known[n:])
        inverse = left_inverse(M)
        if inverse is None:
            return
        R, e = inverse
        least, most = np.where(known, low, 0.0), np.where(known, high, 0.0)
        middle, radius = (least + most) / 2, (most - least) / 2
        b = self.whole.b[known[n:]]
        r = b - middle[at] - F @ middle[fixed]
        width = radius[at] + abs(F) @ radius[fixed]
        width = width + SLACK * (np.abs(b) + np.abs(middle[at]) + abs(F) @ np.abs(middle[fixed]) + width)
        center, reach = R @ r, np.abs(R) @ (width + SLACK * np.abs(r))
        reach = reach + e * (np.abs(center) + reach).max() / (1 - e)
        low[open_], high[open_] = np.maximum(low[open_], center - reach), np.minimum(high[open_], center + reach)

    def _spread(self, z: Floats) -> None:
        """Ranges of all slacks, if the level set is bounded, from multipliers z of its rows that show it.

        With w in the interior of the dual cone and z in it, w's <= (w + z)'s = (w + z)'b - ((w + z)'A) x, and w's
        bounds all entries of s. The last term is small; how small follows from |x| <= |R| |b - s|, R A = I.
        """
        whole, n, low, high = self.whole, self.n, self.low[: self.n], self.high[: self.n]
        if z.shape != whole.b.shape or not np.isfinite(z).all():
            return
        w, open_ = whole.cones.interior(), ~self._known()[:n]
        inverse = left_inverse(whole.A[:, np.flatnonzero(open_)])
        if inverse is None:
            return
        y = w + whole.cones.into_dual(z)
        error = SLACK * (abs(whole.A).T @ np.abs(y))
        rest = np.abs(whole.A.T @ y) + error
        most = np.where(open_, 0.0, np.maximum(np.abs(low), np.abs(high)))
        R, e = inverse
        growth = float(np.abs(R).sum(axis=1).max()) / (1 - e)  # of max |x_j|, j open, by max |b - s - A x| elsewhere
        given = float((np.abs(whole.b) + abs(whole.A) @ most).max(initial=0))
        total, loop = float(whole.b @ y + SLACK * (np.abs(whole.b) @ np.abs(y))), growth * float(rest[open_].sum())
        total = total + float(rest @ most)
        if not loop < 0.1:
            return
        bound = max((total + loop * given) / (1 - 2 * loop), 0.0) * (1 + SLACK)
        least, most = whole.cones.at_most(bound)
        self.low[n:], self.high[n:] = np.maximum(self.low[n:], least), np.minimum(self.high[n:], most)


def _by_rows(rows: coo_array, b: Floats, low: Floats, high: Floats) -> Ranges:
    """What sum of a_ij z_j = b_i leaves of each z_j, the others being in their ranges."""
    i, j, a = rows.row, rows.col, rows.data
    least, most = np.where(a > 0, a * low[j], a * high[j]), np.where(a > 0, a * high[j], a * low[j])
    m = rows.shape[0]
    rest_least, rest_most = _others(least, i, m), _others(most, i, m)
    sizes = np.bincount(
        i, np.where(np.isfinite(least), np.abs(least), 0) + np.where(np.isfinite(most), np.abs(most), 0), m
    )
    margin = SLACK * (sizes + np.abs(b))[i]
    below, above = b[i] - rest_most - margin, b[i] - rest_least + margin
    below, above = np.where(a > 0, below / a, above / a), np.where(a > 0, above / a, below / a)
    low, high = low.copy(), high.copy()
    np.maximum.at(low, j, wider(below, -1))
    np.minimum.at(high, j, wider(above, 1))
    return low, high


def _others(terms: Floats, group: Any = None, groups: int = 1) -> Floats:
    """For each term the sum of the others of its group, which are finite or infinite of one sign."""
    group = np.zeros(len(terms), dtype=np.int64) if group is None else group
    endless = np.isinf(terms)
    finite = np.where(endless, 0.0, terms)
    total, count = np.bincount(group, finite, groups), np.bincount(group, endless, groups)
    sign = terms[endless][0] if endless.any() else 0.0
    return np.where(count[group] - endless > 0, sign, total[group] - finite)


def _shrunk(low: Floats, high: Floats, new_low: Floats, new_high: Floats) -> bool:
    """Whether a side became finite, or a range much narrower."""
    if (np.isinf(low) & np.isfinite(new_low)).any() or (np.isinf(high) & np.isfinite(new_high)).any():
        return True
    with np.errstate(all="ignore"):
        return bool((new_high - new_low < (1 - PROGRESS) * (high - low)).any())
