"""A generator learnt from data by its weak dual, and what held-out data prove: python -m problems.gan --data ring."""

from __future__ import annotations

import argparse
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.studies.faults import Followed
from problems.studies.tables import OPTIONS as TABLE_OPTIONS
from problems.studies.tables import Columns, columns_of, read_table, table_arguments
from problems.terminal.arguments import positive_whole
from problems.terminal.checkpoints import Folder
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Generator, Tensor

    from formulations.likelihood.data import Data
    from formulations.players.generators import Gaussian, Mixture
    from formulations.problem import Floats, Players, SaddleProblem, Sampler
    from solvers.descent_ascent import DescentAscent
    from solvers.solution import Solution

KNOWN = ("mixture", "ring", "grid")  # data sets whose density is known
GENERATORS = ("mlp", "flow", "mixture", "gaussian")
LOSSES = ("likelihood", "lagrangian", "minimax", "non-saturating")
DRAWS = 100_000  # of a known density, to train with
COMPONENTS = 10  # of a mixture that is learnt
MAKES, TELLS = (64, 64, 64, 64), (128, 128)  # hidden layers: of a free generator, whose steps depth makes sharp; of d
OCTAVES = 3  # of the frequencies in which a discriminator sees what a known density makes
SAMPLES = 2_500  # that are written, drawn and judged
SHOWN = 5  # of them in the answer
ITERATIONS = {"mlp": 15_000, "flow": 5_000, "mixture": 2_000, "gaussian": 2_000}
CLIMBING = {"flow": 1_500, "mixture": 500, "gaussian": 500}  # by the likelihood loss; only the bound needs them all
RING = 8_000  # of a free generator's, for so few modes
MEETS = 0.01  # gap between value and bound at which a generator counts as best: in nats, or relative to more of them
MOST = 100  # seeds
SAMPLED, WEIGHTS = "samples.csv", "generator.pt"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument(
        "--data",
        default="mixture",
        metavar="D",
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
    parser.add_argument("--out", metavar="DIR", help="a folder for checkpoints, the history and samples")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")


@dataclass(frozen=True, eq=False)
class Training:
    """One training run: what is learnt, by which generator, and how."""

    source: str
    data: Data
    columns: Columns
    kind: str
    loss: str
    iterations: int
    seeds: int
    seed: int
    rounded: bool
    followed: Followed = field(default_factory=Followed)

    @property
    def free(self) -> bool:
        """Whether the generator's density is unknown."""
        return self.kind == "mlp"

    @cached_property
    def noise(self) -> Sampler:
        """What the generator is fed."""
        from formulations.players.generators import normal, uniform

        dims = self.data.train.shape[1]
        return uniform(max(2, dims)) if self.free else normal(1 + dims if self.kind == "mixture" else dims)

    @cached_property
    def problem(self) -> SaddleProblem:
        """The game."""
        from formulations.gan import gan
        from formulations.players import generators

        units = self.data.center, self.data.scale
        start: Any = {
            "mlp": partial(generators.free, max(2, self.data.train.shape[1]), MAKES, *units),
            "flow": partial(generators.Flow, *units),
            "mixture": partial(generators.Mixture, COMPONENTS, *units),
            "gaussian": partial(generators.Gaussian, *units),
        }[self.kind]
        if self.loss == "likelihood" and self.kind != "flow":
            start = self._at_best
        against = partial(generators.discriminator, TELLS, *units, octaves=0 if self.free else OCTAVES)
        blur = fading if self.free else None
        return gan(self.data, start, against, self.noise, loss=self.loss, blur=blur)  # type: ignore[arg-type]

    def _at_best(self, _: Generator) -> Gaussian | Mixture:
        return self.fitted

    @cached_property
    def fitted(self) -> Gaussian | Mixture:
        """The mixture, or the Gaussian, of the highest likelihood: there is nothing left to train."""
        import numpy as np

        from formulations.likelihood.fitting import fitted_mixture
        from formulations.players.generators import Gaussian, Mixture

        units = self.data.center, self.data.scale
        rows = [((part - units[0]) / units[1]).double().numpy() for part in (self.data.train, self.data.watch)]
        if self.kind == "gaussian":
            covariance = np.atleast_2d(np.cov(rows[0].T, bias=True))
            return Gaussian.of(rows[0].mean(0), np.linalg.cholesky(covariance), *units)
        found = fitted_mixture(np.concatenate(rows), self.seed)
        return Mixture.of(found.weights, found.means, found.factors, *units)

    def settings(self, resume: Mapping[str, Any] | None) -> DescentAscent:
        """How it is trained: Adam without momentum, steps that shrink to nothing, an average of the last of them."""
        import torch

        from solvers.descent_ascent import DescentAscent

        adam = partial(torch.optim.Adam, betas=(0.0, 0.99), fused=True)
        return DescentAscent(
            method="simultaneous",
            optimizer=(partial(adam, lr=2e-3), partial(adam, lr=3e-3)),
            schedule=lambda iteration: (1 + math.cos(math.pi * iteration / self.iterations)) / 2,
            averaging=0.996,
            iterations=self.iterations,
            batch=256,
            members=self.seeds,
            resume=resume,
        )

    @property
    def options(self) -> dict[str, Any]:
        """What a checkpoint must have been made with to go on from."""
        rows = self.data.train
        shown = {"--generator": self.kind, "--loss": self.loss, "--iterations": self.iterations, "--seeds": self.seeds}
        return {"--seed": self.seed, **shown, "--data": [self.source, *rows.shape, float(rows.double().sum())]}

    def samples(self, players: Players) -> Floats:
        """What one generator makes of fresh noise, (2500, d), in the data's units."""
        import torch

        from formulations.gan import random_numbers

        with torch.no_grad():
            made: Floats = players["f"](self.noise(SAMPLES, random_numbers(self.seed, "samples"))).double().numpy()
        return self.data.origin + made


def fading(progress: Tensor) -> Tensor:
    """The noise on what the discriminator sees, in sds of the data: from 0.1 to 0.01 in 60 % of the play, then none."""
    return 0.1 * 0.1 ** (progress / 0.6) * (progress < 0.6)


def read(options: argparse.Namespace) -> Task:
    """The training task in a data set, or what is left of it."""
    if options.resume and options.out is None:
        raise InputError("--resume goes on from the checkpoint in --out DIR; name that folder")
    if options.seeds > MOST:
        raise InputError(f"--seeds {options.seeds}: at most {MOST} are trained at once; train others by another --seed")
    training, notes = _training(options)
    folder = resume = None
    if options.out is not None:
        folder = training.followed.folder = Folder(options.out, training.options)
        if options.resume:
            resume = folder.state()
        else:
            folder.begin()
    rows, columns = training.data.train.shape
    return Task(
        source=training.source,
        problem=lambda: training.problem,
        describe=lambda solution: describe(training, solution),
        draw=lambda solution: draw(training, solution),
        notes=notes,
        facts={"rows": rows, "columns": columns},
        solving={"gap": MEETS},
        solver=lambda name: training.settings(resume) if name in (None, "descent-ascent") else name,
        follow=training.followed,
        answer=lambda solution: answer(training, solution),
        evidence=lambda solution: evidence(training, solution),
        measures=lambda solution: measures(training, solution),
        write=None if folder is None else lambda solution: write(folder, training, solution),
    )


def _training(options: argparse.Namespace) -> tuple[Training, Sequence[str]]:
    """What the arguments name, and notes on how a file was read."""
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
        data, columns, notes = read_table(options.data, options.columns, options.missing, options.seed)
    kind = options.generator or ("mixture" if options.data == "mixture" else "mlp")
    loss = options.loss or ("lagrangian" if kind == "mlp" else "likelihood")
    if kind == "mlp" and loss == "likelihood":
        raise InputError("--loss likelihood needs a density, which mlp has not; say --generator flow, or mixture")
    iterations = options.iterations or usual_iterations(options.data, kind, loss)
    training = Training(source, data, columns, kind, loss, iterations, options.seeds, options.seed, options.round)
    return training, notes


def usual_iterations(data: str, kind: str, loss: str) -> int:
    """How long a generator is trained on data of that name unless --iterations says otherwise."""
    if loss == "likelihood":
        return CLIMBING[kind]
    return RING if (data, kind) == ("ring", "mlp") else ITERATIONS[kind]


def best(solution: Solution) -> Players:
    """The players to show: of several seeds those that do best on the data to watch by."""
    found = solution.answer
    chosen: Players = found[solution.stats["chosen"]] if isinstance(found, list) else found
    return chosen


def answer(training: Training, solution: Solution) -> dict[str, Any]:
    """The generator by what it makes."""
    shown = training.columns.texts(training.samples(best(solution))[:SHOWN], training.rounded)
    rows = [[float(text) for text in row] for row in zip(*shown, strict=True)]
    return {"generator": training.kind, "columns": training.columns.names, "samples": rows}


def evidence(training: Training, solution: Solution) -> Mapping[str, Any]:
    """What held-out data prove of the generator shown; nothing if there was no time to ask them."""
    from formulations.gan import evidence

    return {} if solution.stats["interrupted"] else evidence(training.data, training.noise, best(solution))


def measures(training: Training, solution: Solution) -> Mapping[str, Any]:
    """What is wrong with the generator shown, and how well each seed's covers modes that are known."""
    from problems.studies.faults import faults
    from problems.studies.mode_quality import mode_quality

    chosen = solution.stats["chosen"]
    iteration = solution.stats["members"][chosen]["iteration"]
    measured = faults(
        training.data, training.noise, best(solution), iteration, training.followed.latest(chosen, iteration)
    )
    density, found = training.data.density, solution.answer if training.seeds > 1 else [solution.answer]
    if density is None:
        return measured
    return {**measured, "quality": [vars(mode_quality(training.samples(players), density)) for players in found]}


def describe(training: Training, solution: Solution) -> Iterable[str]:
    """What is proven, how well known modes are covered, and what is wrong with the generator."""
    proof = evidence(training, solution)
    if not proof:
        return
    rows = f"{proof['data']:,} held-out rows and {proof['generated']:,} samples"
    least, sure = f"{proof['kl_at_least']:.4g}", f"{proof['level']:.0%}"
    yield f"  KL(data || generator) is at least {least}, at {sure} confidence, by {rows}"
    if proof["likelihood_at_most"] is not None:
        yield f"  so its log-likelihood is at most {proof['likelihood_at_most']:.6g} nats per row"
    if proof["likelihood_between"] is not None:
        low, high = proof["likelihood_between"]
        yield f"  its log-likelihood is {(low + high) / 2:.6g} per held-out row, from {low:.6g} to {high:.6g} at {sure}"
    measured = measures(training, solution)
    for score in measured.get("quality", []):
        ratio = "" if score["sd_ratio"] is None else f", sd {score['sd_ratio']:.2f} times theirs"
        shares = "" if score["reverse_kl"] is None else f", KL of shares {score['reverse_kl']:.3g}"
        share = f"{score['high_quality']:.1%} of samples within 3 sd of one"
        yield f"  modes {score['covered']} of {score['modes']}, {share}{ratio}{shares}"
    yield from (f"  warning: {warning}" for warning in measured["warnings"])


def draw(training: Training, solution: Solution) -> Figure:
    """Samples, densities and discriminator; beside them value and bound over time."""
    from problems.pictures.training import figure_of

    title = f"{training.source}: {training.kind} generator, {training.loss} loss"
    players = best(solution)
    return figure_of(training.data, players, training.samples(players), solution.stats["history"], title)


def write(folder: Folder, training: Training, solution: Solution) -> None:
    """The last checkpoint, samples and the generator's weights."""
    import torch

    players = best(solution)
    weights = io.BytesIO()
    torch.save(players["f"].state_dict(), weights)
    folder.save()
    folder.write(SAMPLED, training.columns.csv(training.samples(players), training.rounded).encode())
    folder.write(WEIGHTS, weights.getbuffer())


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
