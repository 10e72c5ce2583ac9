"""Images of one kind turned into another, by pairs or without: python -m problems.translate --pairs A/ B/."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from problems.recipe import Recipe, Report, Task, main
from problems.studies.generator_training import in_folder
from problems.studies.image_options import reading_arguments
from problems.terminal.arguments import Given, Written, positive_whole
from problems.terminal.checkpoints import Folder, refuse_resume_without_out, resume_argument
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from problems.io.images import Images
    from problems.studies.translation import Translation
    from problems.studies.translation_quality import TranslationJudged
    from solvers.solution import Solution

DIGITS, BOLD = "digits", "bold"  # the example: what is made of what
KINDS = (BOLD, "inverted", "coloured", "edges", "rotated", "halves")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument(
        "--pairs",
        type=Given,
        nargs=2,
        metavar=("A", "B"),
        help="two folders with pictures of the same names, or two files of images, row by row",
    )
    parser.add_argument(
        "--from", dest="first", type=Given, metavar="A", help="without pairs: images of one kind, as a folder or file"
    )
    parser.add_argument("--to", dest="second", type=Given, metavar="B", help="and of the other")
    parser.add_argument(
        "--data",
        type=lambda text: text if text == DIGITS else Given(text),
        metavar="DATA",
        help="digits (default), a folder, or a file, of which the other kind is made",
    )
    parser.add_argument("--made", choices=KINDS, metavar="HOW", help=f"{', '.join(KINDS)} (default {BOLD})")
    parser.add_argument("--labels", type=Given, metavar="FILE", help="a label for each image of --data")
    parser.add_argument("--unpaired", action="store_true", help="hide in training which images are pairs")
    reading_arguments(parser, "pictures that cannot be read, or have no partner")
    parser.add_argument("--iterations", type=positive_whole, metavar="N", help="steps of training")
    parser.add_argument("--out", type=Written, metavar="DIR", help="a folder for what is trained, or translated")
    resume_argument(parser)
    parser.add_argument("--apply", type=Given, metavar="DIR", help="translate the pictures in a folder, by --from-run")
    parser.add_argument(
        "--from-run", dest="source", type=Given, metavar="DIR", help="with --apply: what --out DIR named in training"
    )
    parser.add_argument("--back", action="store_true", help="with --apply: from the second kind to the first")


def read(options: argparse.Namespace) -> Task | Report:
    """The training task in two sets of images, or what is left of it; or pictures translated by what was trained."""
    if options.apply is not None or options.source is not None:
        from problems.studies.trained_translations import applied

        made = applied(options)
        return Report([made], lambda _: made.lines, lambda _: made.data, notes=made.notes)
    if options.back:
        raise InputError("--back goes with --apply DIR; training without pairs is of both ways anyway")
    refuse_resume_without_out(options)
    training = _training(options)
    training, folder, resume, said = in_folder(training, options.out, options.resume, options.iterations)
    from problems.studies.translation_quality import TranslationJudged

    judged = TranslationJudged(training)
    height, width, channels = training.x.shape
    return Task(
        source=training.source,
        problem=lambda: training.problem,
        describe=judged.describe,
        draw=lambda solution: draw(judged, solution),
        notes=[*dict.fromkeys([*training.x.notes, *training.y.notes]), *said],
        facts={"images": len(training.x), "pixels": height * width, "channels": channels},
        solver=lambda name: training.settings(resume) if name in (None, "descent-ascent") else name,
        follow=None if folder is None else folder.follow,
        answer=judged.answer,
        evidence=judged.evidence,
        measures=judged.measures,
        write=None if folder is None else partial(write, folder, training),
        title="Translation",
    )


def _training(options: argparse.Namespace) -> Translation:
    """What the arguments name."""
    import torch  # noqa: F401  # that it is missing is said before images are read

    from problems.studies.translation import WIDTH, Translation, Translator, usual_iterations

    x, y, known, source = _two_kinds(options)
    _refuse_same([x, y])
    height, width, channels = x.shape
    paired = known and not options.unpaired
    model = Translator((channels, height, width), WIDTH[paired], paired)
    return Translation(source, x, y, known, model, options.iterations or usual_iterations(model), options.seed)


def _two_kinds(options: argparse.Namespace) -> tuple[Images, Images, bool, str]:
    """Images of both kinds, whether they are pairs, and what they are called; InputError for what does not go."""
    from problems.io.images import read_images
    from problems.io.images.two_kinds import read_pairs, read_two
    from problems.studies.made_domains import two_kinds

    reading = {"size": options.size, "grey": options.grey, "drop": options.missing == "drop"}
    _refuse_together(options)
    if options.pairs is not None:
        x, y = read_pairs(*options.pairs, **reading)
        return x, y, True, _named(x, y)
    if options.first is not None:
        x, y = read_two(options.first, options.second, **reading)
        return x, y, False, _named(x, y)
    how, images = options.made or BOLD, read_images(options.data or DIGITS, options.labels, **reading)
    x, y = two_kinds(images, how)
    left = "their right halves" if how == "halves" else f"{how} ones"
    return x, replace(y, notes=()), True, f"{safe(images.source, 200)} to {left}"


def _named(x: Images, y: Images) -> str:
    return f"{safe(x.source, 100)} to {safe(y.source, 100)}"


def _refuse_together(options: argparse.Namespace) -> None:
    """Raise InputError for options that do not go together."""
    made = [name for name in ("data", "made", "labels") if getattr(options, name)]
    if (options.first is None) != (options.second is None):
        raise InputError("--from A goes with --to B; give both")
    ways = [*(["--pairs"] if options.pairs else []), *(["--from"] if options.first else [])]
    if len(ways) == 2:
        raise InputError("--pairs says which images belong together, --from and --to do not know; leave out one")
    if ways and made:
        raise InputError(f"--{made[0]} is for images of which the other kind is made, not for {ways[0]}; leave it out")
    if options.unpaired and ways == ["--from"]:
        raise InputError("--unpaired hides which images are pairs, and those of --from and --to are none; leave it out")


def _refuse_same(kinds: Sequence[Images]) -> None:
    """Raise InputError for a kind that holds one image again and again."""
    from problems.studies.observed_images import some_images

    for images in kinds:
        some_images(images)


def draw(judged: TranslationJudged, solution: Solution) -> Figure:
    """Input, output, truth and the way back in columns, and errors as it was trained."""
    from problems.pictures.translations import figure_of

    return figure_of(judged, solution)


def write(folder: Folder, training: Translation, solution: Solution) -> None:
    """The last checkpoint, and the generators."""
    from problems.studies.trained_translations import write_trained

    folder.save()
    write_trained(folder, training, solution.answer)


RECIPE = Recipe(
    "translate",
    "Translation of images to another kind, by pairs or without.",
    arguments,
    read,
    solvers=("descent-ascent",),
    examples=("--pairs photos/ maps/ --out run/ --plot columns.png", "--apply photos/ --from-run run/ --out maps/"),
)

if __name__ == "__main__":
    main(RECIPE)
