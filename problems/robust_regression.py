"""Regression and classification against an adversary: python -m problems.robust_regression --data table.csv."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.running.matrix_options import reading
from problems.running.once import once
from problems.studies.table_options import columns_argument, missing_argument, standardise_argument
from problems.terminal.arguments import Given, Written
from problems.terminal.errors import InputError
from problems.terminal.files import check_writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from problems.studies.robust_rules import Compared
    from solvers.solution import Solution

EXAMPLE = Path(__file__).parent / "examples" / "usarrests.csv"
LOSSES = ("squares", "absolute", "huber", "logistic", "hinge")
ADVERSARIES = ("perturbation", "wasserstein", "chi-squared", "kl", "cvar")
RADIUS, SHARE = 0.1, 0.5  # by default; of cvar a share of rows
STEP, ITERATIONS = 0.3, 2_000  # of the game


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument("--data", type=Given, metavar="FILE", help="a table: .csv, .npy")
    parser.add_argument("--target", metavar="NAME", help="the column to be told from the others (default the last)")
    columns_argument(parser, "to tell it from")
    missing_argument(parser, "of a file")
    parser.add_argument(
        "--loss",
        choices=LOSSES,
        metavar="NAME",
        help=f"{', '.join(LOSSES)} (default squares; of two labels, or 0 and 1, logistic)",
    )
    parser.add_argument(
        "--against",
        choices=ADVERSARIES,
        metavar="NAME",
        default="wasserstein",
        help=f"what the adversary may do: {', '.join(ADVERSARIES)} (default wasserstein)",
    )
    parser.add_argument(
        "--radius",
        metavar="R",
        help="how much of it (default 0.1; of cvar the share of rows, 0.5), or cv: by held-out rows",
    )
    parser.add_argument("--norm", choices=("1", "2", "inf"), help="that moves of rows are measured in (default 2)")
    parser.add_argument("--threshold", type=_positive, metavar="T", help="of huber: where the loss becomes straight")
    standardise_argument(parser)
    parser.add_argument("--out", type=Written, metavar="FILE", help="write the coefficients to a .csv file")


def read(options: argparse.Namespace) -> Task:
    """The task in a table, or the bundled example."""
    from formulations.robust_regression import robust_search
    from problems.studies.robust_rules import NORMS, Compared, answer, describe, evidence, learned_of, validated, write

    if options.out is not None:
        check_writable("--out", options.out, (".csv",))
    if options.threshold is not None and options.loss != "huber":
        raise InputError("--threshold goes with --loss huber; give both or neither")
    if options.norm is not None and options.against not in ADVERSARIES[:2]:
        raise InputError(f"--norm measures moves of rows, and {options.against} weighs them; leave it out")
    learned = learned_of(options, str(EXAMPLE))
    norm = NORMS[options.norm or "2"]
    validation = validated(learned, options.against, norm, options.seed) if options.radius == "cv" else None
    radius = _radius(options) if validation is None else validation.chosen
    try:
        form = learned.form(options.against, radius, norm)
    except ValueError as error:
        raise InputError(f"{learned.source}: {error}") from error

    @once
    def compared(solution: Solution) -> Compared:
        return Compared(learned, options.against, radius, norm, solution.answer)

    def problem() -> Any:
        if options.solver == "descent-ascent":
            from formulations.adversarial_game import adversarial_game

            return adversarial_game(form)
        return robust_search(form)

    return Task(
        source=learned.source,
        title=f"{learned.loss.name.capitalize()} against {options.against}",
        problem=problem,
        solver=_solver,
        describe=lambda solution: describe(compared(solution), validation),
        draw=lambda solution: draw(compared(solution), solution),
        notes=learned.notes,
        facts={"rows": len(learned.y), "columns": len(learned.columns)},
        asked={
            **reading(options),
            "loss": learned.loss.name,
            "against": options.against,
            "radius": radius,
            "norm": options.norm or "2",
            "threshold": learned.loss.high if learned.loss.name == "huber" else None,
            "standardised": options.standardise,
            "target": learned.target,
        },
        answer=lambda solution: answer(solution, learned),
        evidence=lambda solution: evidence(form, solution.certificate.proof),
        measures=lambda solution: {
            **compared(solution).measures(),
            **(
                {}
                if validation is None
                else {"held_out": dict(zip(map(str, validation.radii), validation.losses, strict=True))}
            ),
        },
        write=None if options.out is None else lambda solution: write(options.out, compared(solution)),
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _radius(options: argparse.Namespace) -> float:
    """The radius that is asked for; raises InputError for what is no number."""
    if options.radius is None:
        return SHARE if options.against == "cvar" else RADIUS
    try:
        return float(options.radius)
    except ValueError:
        raise InputError(f"--radius is {options.radius!r}; give a number such as 0.1, or cv") from None


def _solver(name: str | None) -> Any:
    """The steps of the game, or what suits."""
    if name != "descent-ascent":
        return name
    from solvers.descent_ascent import DescentAscent

    return DescentAscent(method="extragradient", step=STEP, iterations=ITERATIONS)


def draw(compared: Compared, solution: Solution) -> Figure:
    """The coefficients, and what both rules lose as the adversary is allowed more."""
    from problems.pictures.robust_rules import figure_of

    learned = compared.learned
    title = f"{learned.source}: {learned.target} by {learned.loss.name} against {compared.against}"
    return figure_of(
        compared.rule[:-1],
        compared.plain[:-1],
        learned.columns,
        learned.X.std(axis=0),
        compared.against_radii(),
        compared.radius,
        f"{title} of {compared.radius:g}, {'proven best' if solution.proven else solution.status}",
        "share of rows (cvar)" if compared.against == "cvar" else "radius of the adversary's set",
    )


RECIPE = Recipe(
    "robust_regression",
    "Regression and classification against an adversary, proven from both sides.",
    arguments,
    read,
    solvers=("clarabel", "descent-ascent"),
    examples=(
        "--data table.csv --target price --radius cv --plot rule.png",
        "--data table.csv --target label --loss logistic --against cvar",
    ),
)

if __name__ == "__main__":
    main(RECIPE)
