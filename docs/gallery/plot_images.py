r"""
Images, and their likelihood between bounds
===========================================

Some 1,800 images of digits are given, and new ones of the same kind are wanted. A model
that makes images also says how probable any image is. How well does it do on images
that it has not seen?
"""

# sphinx_gallery_thumbnail_number = 2

import numpy as np
import torch

from problems.io.images import read_images
from problems.pictures.images import figure_of_images

images = read_images("digits")
figure_of_images(
    torch.from_numpy(images.rows(np.arange(48))),
    "Digits, 8 x 8 pixels each",
    columns=16,
)

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes: maximize the likelihood of the
# images under the model. It is a problem with one player.
#
# **Can an off-the-shelf optimizer solve it?** Gradient ascent can, where the likelihood
# can be computed. If a model draws a *code* first, and then an image given the code,
# the likelihood is an integral over all codes, and cannot.
#
# **Is an adjacent problem more amenable?** Yes, there are two. A lower bound of the
# integral can be maximized instead, over the model and over a second network, the
# *encoder*, which says which codes an image may have come from. Or the model is chosen
# so that there is no integral: a product of conditional laws, one for each pixel [4]_.
#
# The maths
# ---------
#
# A code is drawn from :math:`N(0, I)`, and an image from :math:`p(x \mid z)`, whose
# parameters a network, the *decoder*, tells. For every density :math:`q(z \mid x)`, the
# weights
#
# .. math::
#
#    w = \frac{p(x \mid Z) \, p(Z)}{q(Z \mid x)}, \quad Z \sim q(\cdot \mid x)
#
# have the mean :math:`p(x)`. As the logarithm is concave,
#
# .. math::
#
#    \mathrm{ELBO} = \mathrm{E} \log w \; \leq \;
#    \mathrm{E} \log \frac{w_1 + \ldots + w_K}{K} \; \leq \; \log p(x),
#
# where the bound in the middle [2]_ rises with the number :math:`K` of weights.
# Training maximizes the first [1]_, the *evidence lower bound*, over decoder and
# encoder.
#
# Let :math:`W_i` be the mean of the weights of held-out image :math:`i`. The product of
# :math:`W_i / p(x_i)` has mean 1, so it exceeds 20 with a probability of at most 5 %.
# So at 95 % confidence, for any number :math:`n` of images,
#
# .. math::
#
#    V = \frac{1}{n} \sum_i \log p(x_i) \; \geq \;
#    \frac{1}{n} \sum_i \log W_i - \frac{\log 20}{n}.
#
# The code, run
# -------------
#
# The images are split: 60 % are to train with, 10 % to watch by, 30 % are held out.
# Pixels are made white with the probability that they are bright, anew each time.
# :func:`~formulations.elbo.variational` states the problem.

from functools import partial

from formulations.elbo import VariationalAutoencoder, variational
from formulations.likelihood.pixels import Bernoulli
from formulations.players.autoencoders import dense_decoder, dense_encoder
from problems.studies.observed_images import observed
from solvers import solve
from solvers.descent_ascent import DescentAscent

data = observed(images, "dynamic", seed=0)


def start(numbers):
    """An autoencoder whose codes have two coordinates."""
    encoder = dense_encoder(data.shape, latent=2, width=64)
    decoder = dense_decoder(data.shape, latent=2, width=64)
    return VariationalAutoencoder(2, encoder, decoder, Bernoulli())


training = DescentAscent(
    method="simultaneous",
    optimizer=partial(torch.optim.Adam, lr=3e-3),
    averaging=0.98,
    batch=128,
    iterations=250,
)
solution = solve(variational(data, start), training)

# %%
# A code has two coordinates here, so all codes can be seen at once: the mean image of
# each, at quantiles of the normal law.

from problems.pictures.images import figure_of_codes

autoencoder = solution.answer["f"]
figure_of_codes(autoencoder, data.shape, "The plane of codes")

# %%
# The certificate
# ---------------
#
# *Value* is the evidence lower bound of the held-out images, in nats an image. It has
# no counterpart from above: of all models that there are nobody knows the best, so that
# the status is *feasible*.

solution

# %%
# What is proven of this model comes from its weights. Since codes have only two
# coordinates, the integral can be summed up as well, to see how far the bounds are off:

from formulations.elbo import at_least, elbos, integrated, log_mean_weights

log_w = log_mean_weights(autoencoder, data)
exact, error = integrated(autoencoder, data.held_out[0])
print(f"ELBO                  {elbos(autoencoder, data).mean():.3f}")
print(f"100 weights           {log_w.mean():.3f}")
print(f"at 95 % confidence    {at_least(log_w):.3f} at least")
print(f"of 100 images alone   {log_w[:100].mean():.3f} by weights")
print(f"                      {exact.mean():.3f} by summing up, to {error:.0e}")

# %%
# Walks and directions
# --------------------
#
# Here a code has eight coordinates. Between the codes of two held-out images, images
# are made along a line (above), and along a great circle (below), on which codes keep
# the lengths that codes of :math:`N(0, I)` have.

from formulations.players.codes import along_circle, along_line, direction
from problems.studies.image_attributes import attributes


def start_of_eight(numbers):
    """An autoencoder whose codes have eight coordinates."""
    encoder = dense_encoder(data.shape, latent=8, width=64)
    decoder = dense_decoder(data.shape, latent=8, width=64)
    return VariationalAutoencoder(8, encoder, decoder, Bernoulli())


f = solve(variational(data, start_of_eight), training).answer["f"]
with torch.no_grad():
    codes = f.posterior(data.held_out[0])[0]
    walks = [walk(codes[0], codes[1], 9) for walk in (along_line, along_circle)]
    between = f(torch.cat(walks)).view(-1, *data.shape)
figure_of_images(between, "Between two codes: line, circle", columns=9)

# %%
# An attribute is a direction: the mean of the codes of images that have it, less that
# of the others [6]_. How far an image leans is measured by its moments. Added to the
# codes of held-out images, the direction makes these lean more, or less.

x = torch.from_numpy(images.rows(np.arange(1000)))
slant = attributes(x).slant
with torch.no_grad():
    leaning = torch.from_numpy(slant > np.median(slant))
    v = direction(f.posterior(x)[0], leaning)
    steps = torch.linspace(-2, 2, 9)[:, None]
    rows = [f(code + steps * v).view(-1, *data.shape) for code in codes[:4]]
figure_of_images(torch.cat(rows), "From two steps less slant to two more", columns=9)

# %%
# Measured, of a hundred held-out images: how many degrees each step adds.

with torch.no_grad():
    for step in (-1, 0, 1):
        made = f(codes + step * v).view(-1, *data.shape)
        print(f"{step:+d} steps: {attributes(made).slant.mean():+.1f} degrees")

# %%
# The recipe does this for attributes that are asked for by ``--attribute``, within each
# label if images have labels, and says as well what else a step changes. Of MNIST's
# test set, 28 x 28 pixels, a step along thickness moves it by 87 % of the difference
# between thick and thin digits, and slant by 3 % of its own; 6.8 % of the digits are
# told to be others then, and 6.3 % after a step as long in a random direction. A step
# of slant moves it by 67 %; 13 % are told to be others, and 9 % at random.
#
# On a line 92 % of the images lie among training images by their features, on a great
# circle 89 %, at their ends 95 %. So for codes that an encoder tells, the line is the
# better way, though its codes are shorter than those that are drawn.
#
# Of 400 faces (Olivetti, 32 x 32 pixels), a step along the direction of glasses puts
# them on 28 % of those that wear none, as told by a classifier trained on photographs
# of other people; before it 4 % are told so, after a random step 7 %.
#
# Where encoder and decoder are linear, and pixels normal, the likelihood is known, and
# so is the best that any model of its kind can have on given images: probabilistic
# principal components [3]_. Then there is a bound from above, at which the model would
# be best even for the images that it has not seen.
#
# A code for each layer
# ---------------------
#
# A *style-based* generator [7]_ has no encoder: it plays against a discriminator. Noise
# :math:`z` is mapped to a code :math:`w`, and :math:`w` says in each layer how strong
# every channel is. Layers may so be given codes of different images. In each table
# below, images on the left get the codes of those above, in some layers.

from problems.studies.image_game import ImageGame
from problems.studies.image_models import Model
from problems.studies.image_quality import GameJudged
from problems.studies.image_styles import described_styles, styles

model = Model("style", "", None, data.shape, images.levels, latent=32)
game = ImageGame(
    "digits", images, model, "non-saturating", iterations=1200, seed=0, labels=None
)
played = solve(game.problem, game.settings(None))
sheets = GameJudged(game).mixed(played, rows=4, columns=8)
figure_of_images(sheets["coarse"], "Left, with the coarse codes of those above", 9)

# %%
# The first layers make another digit of it. The last leave it the digit that it is:

figure_of_images(sheets["fine"], "Left, with the fine codes of those above", 9)

# %%
# What codes :math:`w` are good for is measured: how fast images change on the way from
# one code to another, how much of thickness and slant is a linear function of codes,
# and how far each group of layers takes an image.

f = game.settled(played.answer["f"])
print("\n".join(described_styles(styles(f, game.features.of, seed=0))))

# %%
# On the command line
# -------------------
#
# .. code-block:: console
#
#    $ python -m problems.images --data pictures/ --size 28 --out run/ --plot images.png
#    $ python -m problems.images --sample 100 --from run/ --out new.png
#    $ python -m problems.images --data digits --attribute slant --plot images.png
#    $ python -m problems.images --sample 9 --from run/ --between 1 2 --out new.png
#
# ``--model autoregressive`` is the explicit density. Here the linear model:

from problems.images import RECIPE
from problems.recipe import run

_ = run(RECIPE, ["--model", "linear-vae", "--iterations", "100", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# - Likelihood is not how good images look. Mean images of a variational autoencoder are
#   blurred, while an explicit density may draw sharp strokes that are no digit. A
#   generator that plays against a discriminator [5]_, ``--model dcgan``, with
#   ``--by-label`` for images of a label, makes sharper ones and says nothing of their
#   likelihood. It is measured by its samples: whether they lie among held-out images
#   and these among them, by features of a classifier, and whether they repeat images
#   that it was trained with.
# - A generator may leave out kinds of images. ``--loss relativistic`` leaves out fewer:
#   of images whose three colours are a digit each, of 1,000 kinds, 964 were among
#   25,600 samples after 1,100 steps, not in equal shares: threes were 27 % of all.
# - Likelihoods can be compared only if pixels are taken alike: black and white, of so
#   many levels, or as numbers with a density. The last has no bits per pixel.
# - Images of up to 64 pixels a side are learnt on a laptop. For photographs use a
#   pretrained model, as of `diffusers <https://huggingface.co/docs/diffusers>`_.
# - Few images are learnt by heart; early stopping by the images to watch by prevents
#   the worst. The picture of ``--plot`` shows samples beside the nearest training
#   images, and a test says whether samples lie nearest to training images more often
#   than chance has it, by pixels and by features: at a level of 1 %, and before it
#   accuses, samples must be nearer to training images than held-out ones are.
# - Directions tell what goes together in the images, not what causes what: people with
#   glasses may be older. Compare what else a step changes with random directions.
#
# References
# ----------
#
# .. [1] D. P. Kingma and M. Welling, `Auto-encoding variational Bayes
#    <https://arxiv.org/abs/1312.6114>`_, ICLR 2014.
# .. [2] Y. Burda, R. Grosse and R. Salakhutdinov, `Importance weighted autoencoders
#    <https://arxiv.org/abs/1509.00519>`_, ICLR 2016.
# .. [3] M. E. Tipping and C. M. Bishop, `Probabilistic principal component analysis
#    <https://doi.org/10.1111/1467-9868.00196>`_, Journal of the Royal Statistical
#    Society B 61 (1999), 611-622.
# .. [4] A. van den Oord, N. Kalchbrenner and K. Kavukcuoglu, `Pixel recurrent neural
#    networks <https://arxiv.org/abs/1601.06759>`_, ICML 2016.
#
# .. [5] A. Radford, L. Metz and S. Chintala, `Unsupervised representation learning with
#    deep convolutional generative adversarial networks
#    <https://arxiv.org/abs/1511.06434>`_, ICLR 2016.
# .. [6] T. White, `Sampling generative networks <https://arxiv.org/abs/1609.04468>`_,
#    2016.
# .. [7] T. Karras, S. Laine and T. Aila, `A style-based generator architecture for
#    generative adversarial networks <https://arxiv.org/abs/1812.04948>`_, CVPR 2019.
#
# Related pages
# -------------
#
# .. minigallery:: gallery/plot_gan.py gallery/plot_pca.py
