"""The map that makes data of noise, moving it least: python -m problems.push_forward --data x.csv."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.studies.table_options import columns_argument, missing_argument
from problems.terminal.arguments import Given
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Floats, Problem, SearchProblem
    from solvers.solution import Solution

EXAMPLE_ROWS = 30  # of the example, drawn by the seed
SHOWN_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of the noise, where the map is said in the text
DRAWN = 400  # rows of noise in a picture of tables


@dataclass(frozen=True, eq=False)
class _Data:
    """Rows of data (n, d), and of noise (k, d), None for the standard normal law; float64."""

    source: str
    data: Floats
    columns: Sequence[str]
    given: Floats | None
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def on_line(self) -> bool:
        """Whether there is one column."""
        return len(self.columns) == 1

    @property
    def noise(self) -> Floats:
        """Its rows: on a line, of the normal law, normal scores, as many as rows of data; of tables random ones."""
        import numpy as np
        from scipy.special import ndtri

        if self.given is not None:
            return self.given
        if self.on_line:
            n = len(self.data)
            return np.asarray(ndtri((np.arange(n) + 0.5) / n))[:, None]
        return np.random.default_rng(self.seed).normal(size=(DRAWN, self.data.shape[1]))


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument("--data", type=Given, metavar="FILE", help="what is to be made: a table, .csv or .npy")
    parser.add_argument(
        "--noise", type=Given, metavar="FILE", help="what it is to be made of: a table (default: standard normal noise)"
    )
    columns_argument(parser, "with --data")
    missing_argument(parser, "with --data")


def read(options: argparse.Namespace) -> Task:
    """The task in one or two tables, or in an example."""
    data = _read(options)
    return Task(
        source=data.source,
        problem=lambda: stated(data),
        describe=lambda solution: describe(data, solution),
        draw=lambda solution: draw(data, solution),
        notes=data.notes,
        facts={"rows": len(data.data), "columns": len(data.columns)},
        answer=lambda solution: answer(data, solution),
        evidence=evidence,
        measures=lambda _: measures(data),
    )


def _read(options: argparse.Namespace) -> _Data:
    """The tables as they are given."""
    import numpy as np

    from problems.io.data_table import read_data_table

    if options.data is None:
        if options.noise is not None:
            raise InputError("--noise: there is nothing to be made of it; give a table by --data")
        random = np.random.default_rng(options.seed)
        rows = np.where(random.random(EXAMPLE_ROWS) < 0.4, random.normal(-2, 0.5, EXAMPLE_ROWS), 0)
        rows = np.where(rows == 0, random.gamma(2, 1, EXAMPLE_ROWS), rows)
        return _Data("two heaps of random numbers", rows[:, None], ["x"], None, options.seed)
    tables = [
        read_data_table(path, options.columns, options.missing or "refuse")
        for path in (options.data, options.noise)
        if path is not None
    ]
    names = [safe(Path(path).name, 100) for path in (options.data, options.noise) if path is not None]
    notes = tuple(f"{name}: {note}" for name, table in zip(names, tables, strict=True) for note in table.notes)
    d, *others = (len(table.columns) for table in tables)
    if others and others[0] != d:
        raise InputError(f"--noise: has {others[0]} columns of numbers and the data {d}; choose as many by --columns")
    given = tables[1].values if others else None
    return _Data(names[0], tables[0].values, tables[0].columns, given, options.seed, notes)


def stated(data: _Data) -> Problem | SearchProblem:
    """On a line the transport of sorted rows, else the cheapest affine map, held against what costs more or less."""
    import numpy as np

    from formulations.problem import Reference
    from formulations.push_forward import cheapest_affine, moments, triangular
    from formulations.wasserstein import wasserstein

    if data.on_line:
        x, y = data.noise, data.data
        problem = wasserstein(x, y, order=2)
        least = float((x.mean() - y.mean()) ** 2 + (x.std() - y.std()) ** 2)
        known = Reference("no less than between normal laws (Gelbrich)", lambda: least, ">=")
        return replace(problem, references=[*problem.references, known])
    d = data.data.shape[1]
    noise = (np.zeros(d), np.eye(d)) if data.given is None else moments(data.given)
    (m, A), (n, B) = noise, moments(data.data)

    def by_triangular() -> float:
        """E |n + M w - m - L w|^2 of the two Cholesky factors."""
        factors = [triangular(mean, covariance) for mean, covariance in ((m, A), (n, B))]
        L, M = (T.to(np.eye(d)).T - T.to(np.zeros((1, d))).T for T in factors)
        return float((m - n) @ (m - n) + np.square(M - L).sum())

    program = cheapest_affine((m, A), (n, B))
    return replace(program, references=[*program.references, Reference("triangular map", by_triangular, "<=")])


def answer(data: _Data, solution: Solution) -> Any:
    """On a line from where to where how much goes; of tables shift and matrix."""
    if not data.on_line:
        return solution.answer
    columns = (part.tolist() for part in pieces(data, solution))
    return [{"from": z, "to": x, "share": share} for z, x, share in zip(*columns, strict=True)]


def pieces(data: _Data, solution: Solution) -> tuple[Floats, Floats, Floats]:
    """From where to where how much goes on a line, ascending; (k,) each."""
    import numpy as np

    i, j, share = np.array(solution.answer).T
    return data.noise[i.astype(np.intp), 0], data.data[j.astype(np.intp), 0], share


def evidence(solution: Solution) -> Mapping[str, Any]:
    """The potentials on a line: their sum is nowhere more than the squared distance."""
    if solution.multipliers is None:
        return {}
    return {name: potentials.tolist() for name, potentials in solution.multipliers.listed.items()}


def measures(data: _Data) -> Mapping[str, Any]:
    """What stands most often in noise that was given: an atom, which no map divides."""
    if data.given is None:
        return {}
    from formulations.push_forward import largest_atom

    row, share = largest_atom(data.given)
    return {"atom": {"at": row.tolist(), "share": share}}


def describe(data: _Data, solution: Solution) -> Iterable[str]:
    """The map at some places, or its matrix, and what atoms of the noise forbid."""
    import numpy as np

    assert solution.value is not None
    of = "" if data.on_line else ", of normal laws of these means and covariances"
    yield f"root of the mean squared distance moved{of}: {max(solution.value, 0) ** 0.5:.6g}"
    if data.on_line:
        noise, made, amounts = pieces(data, solution)
        shares = np.cumsum(amounts)
        for share in SHOWN_SHARES:
            k = min(int(np.searchsorted(shares, share)), len(shares) - 1)
            z, x = noise[k], made[k]
            yield f"  {z:.6g}, which {share:.0%} of the noise do not exceed, becomes {x:.6g}"
    else:
        yield "T(z) = shift + matrix z:"
        for name, shift, row in zip(data.columns, solution.answer["shift"], solution.answer["matrix"], strict=True):
            yield f"  {safe(name, 24)}: {shift:.6g} + {' '.join(f'{entry:10.4g}' for entry in row)}"
    yield from _forbidden(data, solution)


def _forbidden(data: _Data, solution: Solution) -> Iterable[str]:
    """That a repeated row of noise would have to go to several places, if so."""
    atom = measures(data).get("atom")
    if atom is None or not data.on_line:
        return
    noise, made, _ = pieces(data, solution)
    reached = {*made[noise == atom["at"][0]].tolist()}
    if len(reached) > 1:
        yield f"no map does this: the noise is {atom['at'][0]:.6g} in {atom['share']:.1%} of its rows, which go to"
        yield f"  {len(reached):,} different numbers; what a map makes of it has one number that often, at least"


def draw(data: _Data, solution: Solution) -> Figure:
    """Noise, map and result."""
    import numpy as np

    from problems.pictures.maps import figure_in_plane, figure_on_line

    title = f"{data.source}: noise moved by {max(solution.value or 0, 0) ** 0.5:.6g}, {solution.status}"
    if data.on_line:
        return figure_on_line(*pieces(data, solution), data.data[:, 0], title, data.columns[0])
    shift, matrix = (np.array(solution.answer[part]) for part in ("shift", "matrix"))
    return figure_in_plane(data.noise, lambda z: shift + z @ matrix.T, data.data, title, data.columns)


RECIPE = Recipe(
    "push_forward",
    "Map that makes data of noise, moving it least, proven by potentials.",
    arguments,
    read,
    solvers=("sorting", "min-cost-flow", "glop", "highs", "scip", "pdlp", "clarabel", "scs", "descent-ascent"),
    examples=("--data heights.csv --plot map.png", "--noise model.csv --data observed.csv --json"),
    columns={"answer": ("from", "to", "share")},
)

if __name__ == "__main__":
    main(RECIPE)
