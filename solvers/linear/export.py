"""A model as it was solved, the cuts that were found among its rows, for other solvers: in the LP or MPS format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array, csr_array

from formulations.problem import Problem, Rows
from solvers.linear.linear_program import Arrays
from solvers.proof.branching import Branch, Fixed, Leaf, Proof
from solvers.proof.form import StandardForm
from solvers.proof.standard_form import standard_form

if TYPE_CHECKING:
    from solvers.solution import Solution

LONGEST_NAME = 200  # of a variable or row: readers of these formats have limits
MOST_ENTRIES = 1_000_000  # of nested rows that are written out; where they are more, rows share sums in further columns
KEYWORDS = re.compile(  # of the LP format
    r"(?i)min(imum|imi[sz]e)?|max(imum|imi[sz]e)?|st|such|subject|to|bounds?|free|inf(inity)?|bin|binar(y|ies)|"
    r"gen|generals?|int|integers?|semis?|end"
)


def export_model(
    problem: Problem, path: str, solution: Solution | None = None, names: Mapping[str, Sequence[str]] | None = None
) -> int:
    """Write the model to a .lp or .mps file, with the families' rows in the solution's proof; how many these are.

    names  variable -> a name for each of its entries, column by column, which is made one that both formats take; by
           default x_0, x_1, ...
    With integers and these rows its optimum is no better than the solution's bound: they are what proves it. Raises
    OSError where the file cannot be written.

    >>> import networkx as nx, tempfile
    >>> from formulations.mst import minimum_spanning_tree
    >>> with tempfile.NamedTemporaryFile(suffix=".lp") as file:
    ...     rows = export_model(minimum_spanning_tree(nx.cycle_graph(3)), file.name)
    ...     print(rows, [line for line in map(str.strip, open(file.name)) if "tree" in line])
    0 ['tree_size: +1 x_0 +1 x_1 +1 x_2 = +2']
    """
    import highspy

    form = standard_form(problem)
    lp, columns, named, found = Arrays.of(form), _columns(form, names or {}), _rows(form), 0
    for name, sets in _families(None if solution is None else solution.certificate.proof):
        rows = problem.families[name].rows(sets)
        labels = [f"{name} {found + i + 1}" for i in range(len(rows.lower))]
        found += len(labels)
        named += labels
        columns += _add(lp, rows, form.columns[rows.variable][0].start, labels)
    m, n = lp.A.shape
    sign, integral = -1.0 if form.maximize else 1.0, np.zeros(n, dtype=np.int32)
    integral[: len(form.c)] = form.integral
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    sense = highspy.ObjSense.kMaximize if form.maximize else highspy.ObjSense.kMinimize
    bounds = lp.lower, lp.upper, lp.row_lower, lp.row_upper
    matrix = lp.A.indptr.astype(np.int32), lp.A.indices.astype(np.int32), lp.A.data
    how = int(highspy.MatrixFormat.kRowwise), int(sense)
    highs.passModel(n, m, lp.A.nnz, *how, sign * form.offset, sign * lp.c, *bounds, *matrix, integral)
    for k, label in enumerate(_unique(columns)):
        highs.passColName(k, label)
    for k, label in enumerate(_unique(named)):
        highs.passRowName(k, label)
    with open(path, "wb"):  # where that cannot be HiGHS crashes
        pass
    if highs.writeModel(path) == highspy.HighsStatus.kError:
        raise OSError(f"HiGHS cannot write {path}; end its name in .lp or .mps")
    return found


def _families(proof: Proof | None) -> Iterator[tuple[str, Any]]:
    """The families' sets in all multipliers of a proof, each once: the rows of its linear programs."""
    seen: set[tuple[str, int]] = set()
    todo = [] if proof is None else [proof]
    while todo:
        match todo.pop():
            case Branch(below=below, above=above):
                todo += [above, below]
            case Fixed(dual=dual, below=below):
                todo += [below, Leaf(dual)]
            case Leaf(dual=dual):
                for name, sets, _ in dual.families:
                    if (name, id(sets)) not in seen:
                        seen.add((name, id(sets)))
                        yield name, sets


def _add(lp: Arrays, rows: Rows, start: int, labels: Sequence[str]) -> list[str]:
    """Append the rows, of columns from start on; the names of columns added, which are sums of nested rows."""
    k, n, own = len(labels), len(lp.c), rows.matrix.tocoo()
    entries = np.diff(rows.matrix.indptr) @ np.asarray(rows.cumulative([1] * k))
    if entries <= MOST_ENTRIES:
        whole = rows.expanded().tocoo()
        ends = (whole.data, (whole.coords[0], whole.coords[1] + start))
        none = np.zeros(0)
        lp.add_rows(none, none, csr_array(coo_array(ends, shape=(k, n))), rows.lower, rows.upper)
        return []
    nested = np.flatnonzero(rows.parent >= 0)
    i = np.r_[own.coords[0], rows.parent[nested], np.arange(k)]
    j = np.r_[own.coords[1] + start, n + nested, n + np.arange(k)]
    A = csr_array(coo_array((np.r_[own.data, np.ones(len(nested)), -np.ones(k)], (i, j)), shape=(k, n + k)))
    lp.add_rows(rows.lower, rows.upper, A, np.zeros(k), np.zeros(k))
    return [f"sum {label}" for label in labels]


def _columns(form: StandardForm, names: Mapping[str, Sequence[str]]) -> list[str]:
    found = [f"auxiliary_{k}" for k in range(len(form.c))]
    for variable, (where, _) in form.columns.items():
        found[where] = names.get(variable) or [f"{variable}_{i}" for i in range(where.stop - where.start)]
    return found


def _rows(form: StandardForm) -> list[str]:
    found = [f"row {i + 1}" for i in range(len(form.row_lower))]
    for name, rows in form.names.items():
        several = rows.stop - rows.start > 1
        found[rows] = [f"{name} {i + 1}" if several else name for i in range(rows.stop - rows.start)]
    return found


def _unique(names: Sequence[str]) -> list[str]:
    """Names of letters, digits and underscores, each once, none of them a keyword or like a number.

    >>> _unique(["x Zürich-Rome", "x Zürich Rome", "e12", "3", "free"])
    ['x_Z_rich_Rome', 'x_Z_rich_Rome_2', '_e12', '_3', '_free']
    """
    times: dict[str, int] = {}
    found = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", name)[:LONGEST_NAME]
        if KEYWORDS.fullmatch(plain) or not re.match(r"(?i)[a-df-z_]|e[^0-9]", plain):
            plain = f"_{plain}"
        label = plain
        while label in times:
            times[plain] += 1
            label = f"{plain}_{times[plain]}"
        times[label] = 1
        found.append(label)
    return found
