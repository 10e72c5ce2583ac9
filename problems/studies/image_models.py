"""Models of images by name: what is to be known to build one again, and its module."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from formulations.likelihood.pixels import Law

GAMES = ("dcgan", "style")  # those that are played against a discriminator
MODELS = ("vae", "linear-vae", "autoregressive", *GAMES)
LOSS, STYLES_LOSS = "non-saturating", "relativistic"  # of games; of one by styles, where images are not few
FEW = 1_000  # images to train with, below which a discriminator of styles sees them augmented
LIKELIHOODS = ("bernoulli", "gaussian", "logistic")
BINARISED = ("dynamic", "threshold")
CODE_SHARE, MOST_LATENT = 8, 32  # coordinates of a code: one for so many pixels, and at most
SMALL = 256  # numbers of an image up to which networks are small
CONVOLVED = 32  # channels of the last layer of a convolutional generator
STYLED = 64  # channels of the first layer of one by styles
WIDTH, SMALL_WIDTH = 300, 128  # of the networks to and from codes
SEEING, SMALL_SEEING = 192, 64  # of the network of an explicit density
REACH, DEPTH = 7, 2  # of that one: how many pixels it sees on either side, and its layers
COMPONENTS = 3  # of the law of a pixel of many levels


@dataclass(frozen=True)
class Model:
    """Which model, of which images.

    kind        one of MODELS
    likelihood  the law of a pixel, one of LIKELIHOODS; "" where there is none
    binarise    one of BINARISED for the law "bernoulli", else None
    shape       channels, height, width
    levels      that a pixel may have, where that is known
    latent      coordinates of a code; 0 where there is none
    labels      by which images are made, of a generator that makes them by label
    words       by which images are made, of one that makes them by captions, and how many words these have at most
    """

    kind: str
    likelihood: str
    binarise: str | None
    shape: tuple[int, int, int]
    levels: int | None
    latent: int
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    most_words: int = 0

    @property
    def dims(self) -> int:
        """Numbers in an image."""
        return math.prod(self.shape)

    @property
    def played(self) -> bool:
        """Whether it is trained against a discriminator."""
        return self.kind in GAMES

    @property
    def styled(self) -> bool:
        """Whether it is the one by styles."""
        return self.kind == "style"


def usual_latent(kind: str, dims: int) -> int:
    """Coordinates of a code unless --latent says otherwise.

    >>> usual_latent("vae", 64), usual_latent("vae", 784), usual_latent("autoregressive", 64)
    (8, 32, 0)
    """
    return 0 if kind == "autoregressive" else max(2, min(MOST_LATENT, dims // CODE_SHARE))


def usual_loss(kind: str, images: int) -> str:
    """Of a game unless --loss says otherwise; images: to train with.

    >>> usual_loss("dcgan", 5_000), usual_loss("style", 5_000), usual_loss("style", 200)
    ('non-saturating', 'relativistic', 'non-saturating')
    """
    return STYLES_LOSS if kind == "style" and images >= FEW else LOSS


def _law(model: Model) -> Law:
    from formulations.likelihood.pixels import Bernoulli, DiscretizedLogistic, Gaussian

    if model.likelihood == "logistic":
        assert model.levels is not None
        return DiscretizedLogistic(model.levels, COMPONENTS)
    return Bernoulli() if model.likelihood == "bernoulli" else Gaussian()


def made(model: Model, center: Tensor) -> Any:
    """The module, as training begins; center: the mean of some images, (dims,), where a linear one begins."""
    import torch

    from formulations.elbo import VariationalAutoencoder
    from formulations.explicit_density import Autoregressive
    from formulations.players.autoencoders import dense_decoder, dense_encoder
    from formulations.probabilistic_pca import LinearAutoencoder

    if model.played:
        return generator_of(model, torch.Generator())
    law, small = _law(model), model.dims <= SMALL
    width, sees = (SMALL_WIDTH, SMALL_SEEING) if small else (WIDTH, SEEING)
    if model.kind == "autoregressive":
        return Autoregressive(model.shape, law, reach=REACH, width=sees, depth=DEPTH)
    if model.kind == "linear-vae":
        return LinearAutoencoder(model.latent, center)
    encoder = dense_encoder(model.shape, model.latent, width)
    decoder = dense_decoder(model.shape, model.latent, width, law.numbers)
    return VariationalAutoencoder(model.latent, encoder, decoder, law)


def generator_of(model: Model, numbers: Generator) -> Any:
    """A generator that is played against a discriminator, as training begins."""
    from formulations.players.convolutional import ConvolutionalGenerator
    from formulations.players.style import StyleGenerator
    from formulations.players.words import WordedGenerator

    if model.styled:
        return StyleGenerator(model.shape, model.latent, STYLED, numbers, len(model.labels))

    if model.words:
        return WordedGenerator(model.shape, model.latent, CONVOLVED, len(model.words), numbers)
    return ConvolutionalGenerator(model.shape, model.latent, CONVOLVED, numbers, len(model.labels))
