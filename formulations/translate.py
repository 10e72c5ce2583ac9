r"""Translation of images: a map from images of one kind to those of another, by pairs of them or without.

By pairs (x, y) the generator G is to make y of x, and the discriminator D sees x beside what is said to be y:

    min over G, max over D    E log D(X, Y) + E log(1 - D(X, G(X)))                               "told"
                              + weight E |Y - G(X)|                                               "paired"

(Isola, Zhu, Zhou & Efros, Image-to-image translation with conditional adversarial networks, 2017). |.| is the mean over
pixels, and D tells each patch of an image, over which is averaged as well. Without pairs there are maps both ways, G of
X and F of Y, and a discriminator of either kind, for which 1 is real and 0 is made:

    min over D_X, D_Y    E (D_Y(Y) - 1)^2 + E D_Y(G(X))^2 + E (D_X(X) - 1)^2 + E D_X(F(Y))^2      "told"
    min over G, F        E (D_Y(G(X)) - 1)^2 + E (D_X(F(Y)) - 1)^2                                "fooled"
                         + weight (E |F(G(X)) - X| + E |G(F(Y)) - Y|)                             "cycles"
                         + same   (E |G(Y) - Y| + E |F(X) - X|)                                   "identity"

(Zhu, Park, Isola & Efros, Unpaired image-to-image translation using cycle-consistent adversarial networks, 2017). A
SaddleProblem is stated from the maximizing side, so all signs are turned: generators maximize, discriminators minimize.
By pairs, G climbs log D(X, G(X)) in place of -log(1 - D(X, G(X))), which vanishes where D tells well.

Discriminators are shown images of late besides the newest, a history of 50 as in that paper. Strictly it is no saddle
problem then: what D minimizes is of the generators as they were. The history is part of the block D, not a sampler,
since samplers know no players.

Claimed of held-out images is how large |Y - G(X)| is at most in expectation, or of cycles their sum: it is the value,
turned negative; the bound is 0. A cycle that closes does not say that G is right: F may read what G has hidden.

On finite sets the pairs themselves can be looked for, and that problem is solved exactly: the assignment of images x to
images y of least squared distance of features, "matching", proven by its potentials (formulations.transport). It says
how well a map can be guessed that moves images as little as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from formulations.likelihood.data import mean_of, over_batches
from formulations.likelihood.held_out import mean_at_least
from formulations.likelihood.observed import Observed
from formulations.players.translators import Remembering
from formulations.problem import Block, Floats, Ints, Players, SaddleProblem, SearchProblem, Term
from formulations.wasserstein import wasserstein

Start = Callable[[Generator], nn.Module]
LEVEL = 0.95
REMEMBERED = 50  # images of a history
WATCHED = 200  # images, at every evaluation of a game: more would cost what steps do


def paired(pairs: Observed, generator: Start, discriminator: Start, weight: float = 100.0) -> SaddleProblem:
    """The game of a generator "G" and a discriminator "D", which are its answer.

    pairs  each is one image whose first half of channels is x, and the second y; D takes both halves, G the first

    >>> rows = torch.rand(4, 2, 8, 8)
    >>> told = lambda _: nn.Sequential(nn.Conv2d(2, 1, 3), nn.Flatten(1, 2))
    >>> game = paired(Observed((2, 8, 8), lambda n, _: rows[:n], rows, [rows], 4), lambda _: nn.Conv2d(1, 1, 1), told)
    >>> round(game.value({"G": lambda x: rows[:, 1:]}), 2), game.bound({})  # 4 images without error prove little
    (-0.6, 0.0)
    """

    def told(G: Any, D: Any, pair: Tensor) -> Tensor:
        x, _ = halves(pair)
        return mean(softplus(D(torch.cat([x, G(x)], dim=-3))))

    def fooled(G: Any, D: Any, pair: Tensor) -> Tensor:
        x, y = halves(pair)
        made = G(x)
        return -mean(softplus(-D(torch.cat([x, made], dim=-3)))) - weight * away(y, made)

    def error(G: Any, pair: Tensor) -> Tensor:
        x, y = halves(pair)
        return away(y, G(x))

    def expected(players: Players, rows: Sequence[Tensor]) -> Floats:
        return over_batches(lambda part: error(players["G"], part), rows)

    return SaddleProblem(
        maximize_over={"G": Block(generator)},
        minimize_over={"D": Block(discriminator)},
        payoff=[
            Term(lambda D, pair: mean(softplus(-D(pair))), ["D"], ["pairs"]),
            Term(told, ["G", "D"], ["pairs"]),
            Term(lambda G, pair: -weight * error(G, pair), ["G"], ["pairs"]),
        ],
        surrogate=[Term(fooled, ["G", "D"], ["pairs"])],
        samplers={"pairs": pairs.train},
        value=lambda players: -at_most(expected(players, pairs.held_out), 1 - LEVEL),
        bound=lambda _: 0.0,
        level=LEVEL,
        size=lambda _: 1.0,  # from black to white
        watch=lambda players: {
            "value": None,
            "bound": 0.0,
            "distance": mean_of(expected(players, [pairs.watch[:WATCHED]])),
        },
        maths={
            "minimize over G, maximize over D": r"\mathrm{E} \log D(X, Y) + \mathrm{E} \log(1 - D(X, G(X))) "
            rf"+ {weight:g} \, \mathrm{{E}} |Y - G(X)|",
            "where": r"(X, Y) \text{ is a pair of images}",
        },
    )


def unpaired(
    x: Observed, y: Observed, generator: Start, discriminator: Start, weight: float = 5.0, same: float = 0.0
) -> SaddleProblem:
    """The game of "G" and "F" against "D_Y" and "D_X", which are its answer; all images are of one shape.

    weight, same  of cycles and of identity terms; theirs are 10 and at times half of it, which keeps G from changing
                  what is of the second kind already, and from learning what the same pixels become in either kind

    >>> rows = torch.rand(4, 1, 8, 8)
    >>> kind = Observed((1, 8, 8), lambda n, _: rows[:n], rows, [rows], 4)
    >>> game = unpaired(kind, kind, lambda _: nn.Conv2d(1, 1, 1), lambda _: nn.Sequential(nn.Flatten(1, 2)))
    >>> [game.payoff[k].f(lambda x: x, lambda x: x, rows[None]).abs().max().item() for k in (4, 5)]  # cycles
    [0.0, 0.0]
    """

    def real(D: Any, z: Tensor) -> Tensor:
        return mean((D(z) - 1).square())

    def told(G: Any, D: Any, z: Tensor) -> Tensor:
        return mean(D(D.history(G(z))).square())

    def cycle(G: Any, F: Any, z: Tensor) -> Tensor:
        return -weight * away(F(G(z)), z)

    def identity(G: Any, z: Tensor) -> Tensor:
        return -same * away(G(z), z)

    def there_and_back(G: Any, F: Any, D: Any, z: Tensor) -> Tensor:
        made = G(z)  # once for both terms
        return -mean((D(made) - 1).square()) - weight * away(F(made), z)

    def remembering(numbers: Generator) -> nn.Module:
        return Remembering(discriminator(numbers), REMEMBERED, x.shape).to(numbers.device)

    def cycles(players: Players) -> float:
        """What both are at most in expectation, by the held-out images."""
        G, F = players["G"], players["F"]
        errors = (cycle_errors(G, F, x.held_out), cycle_errors(F, G, y.held_out))
        return sum(at_most(error, (1 - LEVEL) / 2) for error in errors)

    def watch(players: Players) -> dict[str, float | None]:
        G, F = players["G"], players["F"]
        seen = {"cycle_x": cycle_errors(G, F, [x.watch[:WATCHED]]), "cycle_y": cycle_errors(F, G, [y.watch[:WATCHED]])}
        return {"value": None, "bound": 0.0, **{name: mean_of(errors) for name, errors in seen.items()}}

    identities = [Term(identity, ["G"], ["y"]), Term(identity, ["F"], ["x"])] if same else []
    return SaddleProblem(
        maximize_over={"G": Block(generator), "F": Block(generator)},
        minimize_over={"D_Y": Block(remembering), "D_X": Block(remembering)},
        payoff=[
            Term(real, ["D_Y"], ["y"]),
            Term(told, ["G", "D_Y"], ["x"]),
            Term(real, ["D_X"], ["x"]),
            Term(told, ["F", "D_X"], ["y"]),
            Term(cycle, ["G", "F"], ["x"]),
            Term(cycle, ["F", "G"], ["y"]),
            *identities,
        ],
        surrogate=[
            Term(there_and_back, ["G", "F", "D_Y"], ["x"]),
            Term(there_and_back, ["F", "G", "D_X"], ["y"]),
            *identities,
        ],
        samplers={"x": x.train, "y": y.train},
        value=lambda players: -cycles(players),
        bound=lambda _: 0.0,
        level=LEVEL,
        size=lambda _: 1.0,  # from black to white
        watch=watch,
        maths={
            "minimize over D_X, D_Y": r"\mathrm{E}(D_Y(Y) - 1)^2 + \mathrm{E} D_Y(G(X))^2 "
            r"+ \mathrm{E}(D_X(X) - 1)^2 + \mathrm{E} D_X(F(Y))^2",
            "minimize over G, F": r"\mathrm{E}(D_Y(G(X)) - 1)^2 + \mathrm{E}(D_X(F(Y)) - 1)^2 "
            rf"+ {weight:g} (\mathrm{{E}} |F(G(X)) - X| + \mathrm{{E}} |G(F(Y)) - Y|)"
            + (rf" + {same:g} (\mathrm{{E}} |G(Y) - Y| + \mathrm{{E}} |F(X) - X|)" if same else ""),
            "where": r"X, Y \text{ are images of the two kinds}",
        },
    )


def matching(x: ArrayLike, y: ArrayLike) -> SearchProblem:
    """Which of the y (m, k) to match with each x (n, k), features of images, at least mean squared distance.

    Each kind is taken relative to its mean, since what all of a kind have in common does not tell one from another.

    >>> from solvers import solve
    >>> found = solve(matching([[0.0, 0.0], [1.0, 0.0]], [[9.0, 9.0], [9.5, 9.0]]))
    >>> found.status, found.value, np.argmax(found.answer, axis=1)
    ('optimal', 0.0625, array([0, 1]))
    """
    first, second = (np.asarray(rows, dtype=np.float64) for rows in (x, y))
    return wasserstein(first - first.mean(axis=0), second - second.mean(axis=0), order=2)


def nearest(made: ArrayLike, y: ArrayLike) -> Ints:
    """Which of the y (m, k) is nearest to each image that was made, (n, k), int64 (n,).

    >>> nearest([[0.0], [3.0]], [[2.0], [1.0]]).tolist()
    [1, 0]
    """
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(np.asarray(made), np.asarray(y)).argmin(axis=1), dtype=np.int64)


def cycle_errors(
    G: Any, F: Any, rows: Sequence[Tensor], noise: Callable[[Tensor], Tensor] = lambda made: made
) -> Floats:
    """|F(noise(G(x))) - x| of each image, float64 (n,): what is hidden from sight in G(x) does not survive noise.

    >>> cycle_errors(lambda x: x / 2, lambda y: 2 * y, [torch.ones(3, 1, 2, 2)], torch.round)
    array([1., 1., 1.])
    """
    return over_batches(lambda part: away(F(noise(G(part))), part), rows)


def at_most(errors: Floats, error: float) -> float:
    """An upper limit on the expectation of numbers from 0 to 1, by a sample of them, at confidence 1 - error.

    >>> round(at_most(np.zeros(1000), 0.05), 4)
    0.004
    """
    return 1 - mean_at_least(1 - errors, error)


def halves(pair: Tensor) -> tuple[Tensor, Tensor]:
    """x and y of pairs (..., channels, height, width).

    >>> [part.shape for part in halves(torch.zeros(5, 6, 8, 8))]
    [torch.Size([5, 3, 8, 8]), torch.Size([5, 3, 8, 8])]
    """
    x, y = pair.chunk(2, dim=-3)
    return x, y


def away(x: Tensor, y: Tensor) -> Tensor:
    """The mean absolute difference of images, (..., channels, height, width) -> (...).

    >>> away(torch.zeros(2, 1, 8, 8), torch.ones(2, 1, 8, 8))
    tensor([1., 1.])
    """
    return (x - y).abs().mean((-3, -2, -1))


def mean(outputs: Tensor) -> Tensor:
    """Over the patches of each image, (..., rows, columns) -> (...).

    >>> mean(torch.ones(5, 2, 2)).shape
    torch.Size([5])
    """
    return outputs.mean((-2, -1))
