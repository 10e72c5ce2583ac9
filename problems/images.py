"""Small images learnt by their likelihood, and what held-out ones prove: python -m problems.images --data FOLDER."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Report, Task, main
from problems.studies.compared_losses import LOSSES
from problems.studies.generator_training import in_folder
from problems.studies.image_models import (
    BINARISED,
    GAMES,
    LIKELIHOODS,
    LOSS,
    MODELS,
    STYLES_LOSS,
    Model,
    usual_latent,
    usual_loss,
)
from problems.studies.image_options import reading_arguments
from problems.studies.image_training import ImageTraining, usual_iterations
from problems.studies.trained import sample_arguments
from problems.terminal.arguments import Given, Written, positive_whole, up_to_one
from problems.terminal.checkpoints import Folder, refuse_resume_without_out, resume_argument
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from problems.io.images import Images
    from problems.studies.image_codes import Attribute
    from problems.studies.image_evidence import Judged
    from problems.studies.image_game import ImageGame
    from problems.studies.image_quality import GameJudged
    from solvers.solution import Solution

DIGITS = "digits"
STROKES = ("ink", "thickness", "slant", "height", "width")  # attributes that are measured
NOISE = 32  # numbers of noise of a game
SHADES = 0.15  # mean of 4 x (1 - x), which is 0 at black and white, and 1 at a grey in the middle: more are shades


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument(
        "--data",
        type=lambda text: text if text == DIGITS else Given(text),
        metavar="DATA",
        help="digits (default), a folder of pictures, or a file: .npy, idx, .mat",
    )
    parser.add_argument("--labels", type=Given, metavar="FILE", help="a label for each image of a file")
    reading_arguments(parser, "pictures that cannot be read")
    parser.add_argument("--model", choices=MODELS, metavar="M", help=f"{', '.join(MODELS)} (default vae)")
    parser.add_argument(
        "--likelihood",
        choices=LIKELIHOODS,
        metavar="L",
        help=f"law of a pixel: {', '.join(LIKELIHOODS)} (default: bernoulli if most are black or white)",
    )
    parser.add_argument(
        "--binarise", choices=BINARISED, metavar="HOW", help="for bernoulli: dynamic (default), or threshold"
    )
    parser.add_argument(
        "--loss",
        choices=LOSSES,
        metavar="L",
        help=f"of dcgan (default {LOSS}) and style ({STYLES_LOSS}): as in problems.gan",
    )
    parser.add_argument("--by-label", action="store_true", help="of dcgan and style: make images by their labels")
    parser.add_argument(
        "--by-words", action="store_true", help="of dcgan: by captions made of labels, thickness and slant"
    )
    parser.add_argument("--captions", type=Given, metavar="FILE", help="of dcgan: by these, one a line for each image")
    parser.add_argument("--latent", type=positive_whole, metavar="K", help="coordinates of a code")
    parser.add_argument(
        "--attribute",
        action="append",
        type=lambda text: text if text in STROKES else Given(text),
        metavar="A",
        help=f"find its direction: {', '.join(STROKES)}, or a file of 0 and 1",
    )
    parser.add_argument("--iterations", type=positive_whole, metavar="N", help="steps of training")
    parser.add_argument(
        "--out", type=Written, metavar="DIR", help="a folder for what is trained; with --sample: .npy, .png or a folder"
    )
    resume_argument(parser)
    sample_arguments(parser, "images, by the model")
    parser.add_argument(
        "--between",
        type=positive_whole,
        nargs=2,
        metavar=("I", "J"),
        help="with --sample: on the way from image I of --data to J, or of samples",
    )
    parser.add_argument(
        "--truncation", type=up_to_one, metavar="PSI", help="with --sample, of style: how far from the mean style, to 1"
    )
    parser.add_argument("--label", metavar="L", help="with --sample: of that label")
    parser.add_argument("--words", dest="caption", metavar="TEXT", help="with --sample: of that caption")


def read(options: argparse.Namespace) -> Task | Report:
    """The training task in a set of images, or what is left of it; or new images by what was trained."""
    if options.sample is not None or options.source is not None:
        from problems.studies.trained_images import sampled

        made = sampled(options)
        return Report(made.lines, lambda shown: shown, lambda _: made.data)
    if options.between:
        raise InputError("--between goes with --sample N --from DIR, a folder that --out named in training; give all")
    for name, given in (("label", options.label), ("words", options.caption), ("truncation", options.truncation)):
        if given is not None:
            raise InputError(f"--{name} says what --sample N --from DIR is to make; give these too, or leave it out")
    refuse_resume_without_out(options)
    training, images, notes = _training(options)
    attributes = _attributes(options, images)
    training, folder, resume, said = in_folder(training, options.out, options.resume, options.iterations)
    judged = _judged(training, images, attributes)
    return Task(
        source=training.source,
        problem=lambda: training.problem,
        describe=judged.describe,
        draw=lambda solution: draw(judged, solution),
        notes=[*notes, *said],
        facts={"images": len(images), "pixels": images.shape[0] * images.shape[1], "channels": images.shape[2]},
        solver=lambda name: training.settings(resume) if name in (None, "descent-ascent") else name,
        follow=None if folder is None else _following(folder, training),
        answer=judged.answer,
        evidence=judged.evidence,
        measures=judged.measures,
        write=None if folder is None else partial(write, folder, training),
    )


def _following(folder: Folder, training: ImageTraining | ImageGame) -> Callable[[Any], None]:
    """What a run that is kept does at each evaluation: a checkpoint, and a picture of what the model makes by now."""
    from problems.studies.trained_images import Sheet

    sheet = Sheet(folder, training)

    def follow(search: Any) -> None:
        folder.follow(search)
        sheet.follow(search)

    return follow


def _attributes(options: argparse.Namespace, images: Images) -> list[Attribute]:
    """Those whose directions are asked for; raises InputError where there are no codes to have them."""
    if not options.attribute:
        return []
    if options.model in ("autoregressive", *GAMES):
        raise InputError(f"--attribute is of models with an encoder, and {options.model} has none; leave it out")
    from problems.studies.asked_attributes import asked_attributes

    return asked_attributes(options.attribute, images, options.seed)


def _judged(
    training: ImageTraining | ImageGame, images: Images, attributes: Sequence[Attribute]
) -> Judged | GameJudged:
    """What can be said of what comes of it."""
    from problems.studies.image_evidence import Judged
    from problems.studies.image_quality import GameJudged

    return Judged(training, images, attributes) if isinstance(training, ImageTraining) else GameJudged(training)


def _training(options: argparse.Namespace) -> tuple[ImageTraining | ImageGame, Images, Sequence[str]]:
    """What the arguments name, and notes on how the images were read and are taken."""
    import torch  # noqa: F401  # that it is missing is said before images are read

    from problems.io.images import read_images
    from problems.studies.observed_images import observed, split

    images = read_images(
        options.data or DIGITS, options.labels, options.size, grey=options.grey, drop=options.missing == "drop"
    )
    if options.model in GAMES:
        return _game(options, images), images, images.notes
    for name in ("loss", "by_label", "by_words", "captions"):
        if getattr(options, name):
            games = " or ".join(GAMES)
            raise InputError(f"--{name.replace('_', '-')} goes with --model {games}; give both, or neither")
    model, said = _model(options, images)
    data = observed(images, model.binarise, options.seed)
    iterations = options.iterations or usual_iterations(model.kind, model.dims)
    about = len(split(len(images), options.seed).train), float(data.watch.double().sum())
    training = ImageTraining(safe(images.source, 200), data, model, iterations, options.seed, *about)
    return training, images, [*images.notes, *said]


def _game(options: argparse.Namespace, images: Images) -> ImageGame:
    """The game that is asked for; raises InputError for options that do not go together."""
    from problems.studies.image_game import ITERATIONS, ImageGame, numbered
    from problems.studies.observed_images import some_images, split

    for name in ("likelihood", "binarise"):
        if getattr(options, name):
            raise InputError(f"--{name} is of models with a likelihood, and {options.model} has none; leave it out")
    if options.model == "style" and options.loss == "began":
        raise InputError("--loss began is of discriminators that restore images, and those of style do not; take dcgan")
    some_images(images)
    height, width, channels = images.shape
    if options.by_label and images.labels is None:
        raise InputError("--by-label needs labels; give them by --labels FILE, or a folder with a subfolder for each")
    labels, names = (None, ()) if images.labels is None else numbered(images.labels)
    shape, latent = (channels, height, width), options.latent or NOISE
    model = Model(options.model, "", None, shape, images.levels, latent, names if options.by_label else ())
    source, iterations = safe(images.source, 200), options.iterations or ITERATIONS
    loss = options.loss or usual_loss(model.kind, len(split(len(images), options.seed).train))
    game = ImageGame(source, images, model, loss, iterations, options.seed, labels)
    if not (options.by_words or options.captions):
        return game
    if model.styled:
        raise InputError("--by-words and --captions are of dcgan, and style reads no words; leave them out")
    from problems.studies.worded_images import worded

    return worded(game, options)


def _model(options: argparse.Namespace, images: Images) -> tuple[Model, Sequence[str]]:
    """The model that is asked for; raises InputError for options that do not go together."""
    from problems.studies.observed_images import some_images

    height, width, channels = images.shape
    kind = options.model or "vae"
    some = some_images(images)
    likelihood = options.likelihood or _usual(kind, images, some)
    if kind == "linear-vae" and likelihood != "gaussian":
        raise InputError(f"--likelihood {likelihood}: a linear autoencoder is of the gaussian law; leave it out")
    if kind == "autoregressive" and options.latent:
        raise InputError("--latent is for models with a code, which an autoregressive one has not; leave it out")
    if options.binarise and likelihood != "bernoulli":
        raise InputError(f"--binarise goes with the likelihood bernoulli, not with {likelihood}; leave it out")
    if likelihood == "logistic" and images.levels is None:
        raise InputError(
            "--likelihood logistic needs pixels of so many levels, and these are floats; save them as uint8"
        )
    dims = height * width * channels
    latent = options.latent or usual_latent(kind, dims)
    if latent >= dims:
        raise InputError(f"--latent {latent}: an image has {dims} numbers; give a code of fewer")
    binarise = (options.binarise or "dynamic") if likelihood == "bernoulli" else None
    notes = []
    if binarise == "dynamic" and images.levels != 2:
        notes.append(
            "Pixels are made black or white at random, white as often as they are bright (--binarise dynamic)."
        )
    elif binarise == "threshold":
        notes.append("Pixels above one half are made white, others black.")
    elif options.likelihood is None and kind != "linear-vae":
        notes.append(
            f"Pixels have shades: their law is {likelihood}. --likelihood bernoulli makes them black or white."
        )
    return Model(kind, likelihood, binarise, (channels, height, width), images.levels, latent), notes


def _usual(kind: str, images: Images, some: Any) -> str:
    """The law of a pixel that suits: black and white if some images are nearly that, else one of shades."""
    if kind == "linear-vae":
        return "gaussian"
    if some.shape[1] == 1 and float(4 * (some * (1 - some)).mean()) < SHADES:
        return "bernoulli"
    return "gaussian" if images.levels is None else "logistic"


def draw(judged: Judged | GameJudged, solution: Solution) -> Figure:
    """Samples, nearest training images, reconstructions, codes, and the bounds or distances as it was trained."""
    from problems.pictures.images import figure_of, figure_of_game
    from problems.studies.image_evidence import Judged

    return figure_of(judged, solution) if isinstance(judged, Judged) else figure_of_game(judged, solution)


def write(folder: Folder, training: ImageTraining | ImageGame, solution: Solution) -> None:
    """The last checkpoint, what the model makes, and the model."""
    from problems.studies.trained_images import Sheet, write_trained

    folder.save()
    Sheet(folder, training).draw(solution.answer["f"])
    write_trained(folder, training, solution.answer["f"])


RECIPE = Recipe(
    "images",
    "Model of small images, with what held-out ones prove of its likelihood.",
    arguments,
    read,
    solvers=("descent-ascent",),
    examples=("--plot images.png", "--data pictures/ --size 28 --model autoregressive --out run/"),
)

if __name__ == "__main__":
    main(RECIPE)
