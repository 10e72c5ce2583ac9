"""A generator learnt from data by its weak dual, and what held-out data prove: python -m problems.gan --data ring."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Report, Task, main
from problems.studies.compared_losses import LOSSES, USUAL, compared, losses, others, table
from problems.studies.generator_training import Training, best, evidence, in_folder, usual_iterations
from problems.studies.proven import said
from problems.studies.tables import OPTIONS as TABLE_OPTIONS
from problems.studies.tables import Category, columns_of, read_table, table_arguments
from problems.studies.trained import SAMPLED, sample_arguments, sampled, write_trained
from problems.terminal.arguments import Given, Written, positive_whole
from problems.terminal.checkpoints import Folder, refuse_resume_without_out, resume_argument
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from solvers.solution import Solution

KNOWN = ("mixture", "ring", "grid")  # data sets whose density is known
GENERATORS = ("mlp", "flow", "mixture", "gaussian")
DRAWS = 100_000  # of a known density, to train with
DRAWN = 5_000  # rows of data in a picture
SHOWN = 5  # of them in the answer
MEETS = 0.01  # gap between value and bound at which a generator counts as best: in nats, or relative to more of them
MOST = 100  # seeds


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument(
        "--data",
        type=lambda text: text if text in KNOWN else Given(text),
        metavar="DATA",
        help="ring, grid, mixture (default), or a table: .csv, .npy",
    )
    table_arguments(parser)
    parser.add_argument(
        "--generator",
        choices=GENERATORS,
        metavar="G",
        help="mlp, whose density is unknown; flow, mixture, gaussian (default: mlp, for --data mixture mixture)",
    )
    parser.add_argument(
        "--loss", choices=LOSSES, metavar="L", help=f"{', '.join(LOSSES)} (default: likelihood, for mlp lagrangian)"
    )
    parser.add_argument("--iterations", type=positive_whole, metavar="N", help="steps of both players")
    parser.add_argument("--seeds", type=positive_whole, default=1, metavar="K", help="train K at once, from --seed on")
    parser.add_argument(
        "--compare",
        nargs="?",
        type=losses,
        const=USUAL,
        metavar="L,L,...",
        help="train by these losses too, and say how each fares; all: by every one (default: by the best known)",
    )
    parser.add_argument(
        "--out", type=Written, metavar="DIR", help="a folder for what is trained; with --sample: a .csv file"
    )
    resume_argument(parser)
    sample_arguments(parser)


def read(options: argparse.Namespace) -> Task | Report:
    """The training task in a data set, or what is left of it; or new rows by what was trained."""
    if options.sample is not None or options.source is not None:
        rows = sampled(options)
        return Report(rows.lines, lambda shown: shown, lambda _: rows.data)
    refuse_resume_without_out(options)
    if options.seeds > MOST:
        raise InputError(f"--seeds {options.seeds}: at most {MOST} are trained at once; train others by another --seed")
    until = math.inf if options.time_limit is None else time.monotonic() + options.time_limit
    options.data = options.data or "mixture"
    training, notes = _training(options, until)
    further, shared = others(training, options.compare), {}
    if further and until < math.inf:
        shared = {"time_limit": max((until - time.monotonic()) / (1 + len(further)), 0.01)}
        training = replace(training, until=time.monotonic() + shared["time_limit"])

    def by_loss(solution: Solution) -> Sequence[Mapping[str, Any]]:
        """What each loss comes to, where that is asked."""
        if not options.compare or solution.stats["interrupted"]:
            return []
        return compared(training, solution, options.compare, options.data, options.iterations, until)

    if further:
        notes = [*notes, f"{len(further)} more generators are trained, one after another, by {', '.join(further)}."]

    training, folder, resume, said = in_folder(training, options.out, options.resume, options.iterations)
    training.followed.folder, notes = folder, [*notes, *said]
    return Task(
        source=training.source,
        problem=lambda: training.problem,
        describe=lambda solution: describe(training, solution, by_loss(solution)),
        draw=lambda solution: draw(training, solution),
        notes=notes,
        facts={"rows": len(training.data.train), "columns": len(training.columns.columns)},
        solving={"gap": MEETS, **shared},
        solver=lambda name: training.settings(resume) if name in (None, "descent-ascent") else name,
        follow=training.followed,
        answer=lambda solution: answer(training, solution),
        evidence=lambda solution: evidence(training, solution),
        measures=lambda solution: {**measures(training, solution), "losses": by_loss(solution)},
        write=None if folder is None else lambda solution: write(folder, training, solution),
    )


def _training(options: argparse.Namespace, until: float) -> tuple[Training, Sequence[str]]:
    """What the arguments name, with until when there is time, and notes on how a file was read."""
    from formulations.gan import drawn
    from formulations.likelihood import mixtures

    notes: Sequence[str] = ()
    if options.data in KNOWN:
        for option in TABLE_OPTIONS:
            if getattr(options, option):
                raise InputError(f"--{option} goes with --data FILE, not with --data {options.data}; leave it out")
        source, data = options.data, drawn(getattr(mixtures, options.data)(), DRAWS, options.seed)
        columns = columns_of(data, [f"x{j}" for j in range(1, data.train.shape[1] + 1)])
    else:
        source = safe(os.path.basename(options.data), 200)
        data, columns, notes = read_table(
            options.data, options.columns, options.missing, options.seed, options.categories
        )
    kind = options.generator or ("mixture" if options.data == "mixture" else "mlp")
    loss = options.loss or ("lagrangian" if kind == "mlp" else "likelihood")
    if kind == "mlp" and loss == "likelihood":
        raise InputError("--loss likelihood needs a density, which mlp has not; say --generator flow, or mixture")
    if data.categories and kind in ("flow", "gaussian"):
        raise InputError(
            f"--generator {kind} makes numbers only, and there are categories; say --generator mixture, or mlp, or "
            "leave them out by --columns"
        )
    iterations = options.iterations or usual_iterations(options.data, kind, loss)
    training = Training(
        source, data, columns, kind, loss, iterations, options.seeds, options.seed, options.round, until
    )
    return training, notes


def answer(training: Training, solution: Solution) -> dict[str, Any]:
    """The generator by what it makes."""
    rows = training.columns.values(training.samples(best(training, solution))[:SHOWN], training.rounded)
    return {"generator": training.kind, "columns": training.columns.names, "samples": rows}


def measures(training: Training, solution: Solution) -> Mapping[str, Any]:
    """What is wrong with the generator shown, and how well each seed's covers modes that are known."""
    from problems.studies.faults import faults
    from problems.studies.mode_quality import mode_quality

    chosen = solution.stats["chosen"]
    iteration = solution.stats["members"][chosen]["iteration"]
    players = best(training, solution)
    latest = training.latest(chosen, iteration, players)
    measured = faults(training.data, training.trained(players).noise, training.told(players), iteration, latest)
    density, found = training.data.density, solution.answer if training.seeds > 1 else [solution.answer]
    if density is None:
        return measured
    made = [training.samples(training.answered(one)) for one in found]
    return {**measured, "quality": [vars(mode_quality(samples, density)) for samples in made]}


def describe(training: Training, solution: Solution, losses: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """What is proven, how well known modes are covered, and what is wrong with the generator."""
    proof = evidence(training, solution)
    if not proof:
        return
    yield from said(proof)
    tries = getattr(best(training, solution)["f"], "tries", 1)
    if tries > 1:
        yield f"  the discriminator keeps one sample in {tries}: of those it tells little, so a low bound is no praise"
    measured = measures(training, solution)
    for score in measured.get("quality", []):
        ratio = "" if score["sd_ratio"] is None else f", sd {score['sd_ratio']:.2f} times theirs"
        shares = "" if score["reverse_kl"] is None else f", KL of shares {score['reverse_kl']:.3g}"
        share = f"{score['high_quality']:.1%} of samples within 3 sd of one"
        yield f"  modes {score['covered']} of {score['modes']}, {share}{ratio}{shares}"
    yield from (f"  warning: {warning}" for warning in measured["warnings"])
    if losses:
        yield from table(losses)


def draw(training: Training, solution: Solution) -> Figure:
    """Samples, densities and discriminator; beside them what was watched over time."""
    from problems.pictures.samples import Shown
    from problems.pictures.training import figure_of

    title = f"{training.source}: {training.kind} generator, {training.loss} loss"
    players, data, columns = training.told(best(training, solution)), training.data, training.columns
    rows = data.origin + data.held_out[:DRAWN].double().numpy()
    labels = [column.labels if isinstance(column, Category) else None for column in columns.columns]
    whole = [isinstance(column, Category) or column.decimals == 0 for column in columns.columns]
    samples = columns.codes(training.samples(players))
    shown = Shown(data, players, columns.codes(rows), samples, columns.names, whole, labels)
    answered = solution.stats["members"][solution.stats["chosen"]]["iteration"]
    stopped = None if answered == solution.stats["iterations"] else answered
    return figure_of(shown, solution.stats["history"], title, stopped)


def write(folder: Folder, training: Training, solution: Solution) -> None:
    """The last checkpoint, samples, both players, and what they came of."""
    players = best(training, solution)
    folder.save()
    folder.write(SAMPLED, training.columns.csv(training.samples(players), training.rounded).encode())
    write_trained(folder, training.trained(players), players.get("d"), {"options": training.options})


RECIPE = Recipe(
    "gan",
    "Learnt generator, with what held-out data prove of it.",
    arguments,
    read,
    solvers=("descent-ascent",),
    examples=("--data ring --plot ring.png", "--data table.csv --generator flow --out run/"),
)

if __name__ == "__main__":
    main(RECIPE)
