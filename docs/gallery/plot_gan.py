r"""
A generator and its discriminator
=================================

Twenty thousand numbers are given, and new ones of the same kind are wanted. A generator
turns random numbers into such numbers. How good is it, and how good could any be?
"""

# sphinx_gallery_thumbnail_number = -1

from matplotlib.figure import Figure

from formulations.gan import drawn
from formulations.likelihood.mixtures import mixture

data = drawn(
    mixture(), 20_000, seed=0
)  # draws of a density that is known, to be judged by
figure = Figure(figsize=(8, 3.5), layout="constrained")
axes = figure.subplots()
axes.hist(data.train[:, 0].numpy(), bins=120, density=True, color="#12304f")
axes.set_title("Draws from an unknown density")
figure

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes: maximize the likelihood of the
# data under the generator. If the generator's density is known, that is a problem with
# one player.
#
# **Can an off-the-shelf optimizer solve it?** Gradient ascent can, or for mixtures the
# EM algorithm, if the density is known. They do not find the best of all generators for
# certain, as the problem is not concave; so it is worth knowing how good the best could
# be.
#
# **Is an adjacent problem more amenable?** Yes. Make "the generator's density is
# :math:`r`" a constraint, and its Lagrange multiplier is a function of the data, the
# *discriminator*. The dual problem needs no density, only samples. That is how a
# generator can be trained whose density nobody can compute, and it bounds the
# likelihood of all generators.
#
# The maths
# ---------
#
# Let :math:`q` be the density of the data and :math:`p` that of the generator
# :math:`X = f(Z)`, :math:`Z` being random noise. The log-likelihood per observation is
# :math:`V(f) = \mathrm{E}_q \log p(X)`. For every function :math:`d(x) > 0`,
#
# .. math::
#
#    V(f) \; \leq \; \mathrm{E}_q \log q(X) - 1
#    - \mathrm{E}_q \log d(X) + \mathrm{E} \, d(f(Z))
#
# with equality at :math:`d = q / p` [2]_. It follows from :math:`\log u \leq u - 1` at
# :math:`u = d \, p / q`, and it is weak duality. So training is
#
# .. math::
#
#    \max_f \; \min_d \;\; \mathrm{E}_q [-\log d(X)] + \mathrm{E} [d(f(Z))],
#
# a game of the generator against the discriminator. The game of Goodfellow and others
# [1]_ has the same saddle point; there the discriminator's output is
# :math:`d / (1 + d)`, the probability that a point is from the data. No generator has a
# larger likelihood than :math:`\mathrm{E}_q \log q(X)`, minus the entropy of the data.
#
# The code, run
# -------------
#
# The generator is a mixture of six normal distributions, and the discriminator a
# network with one output, :math:`\log d`. :func:`~formulations.gan.gan` states the
# game.

import math
from functools import partial

import torch

from formulations.gan import gan
from formulations.players.generators import Mixture, discriminator
from problems.studies.trained import noise_of
from solvers import solve
from solvers.descent_ascent import DescentAscent

noise, units = noise_of("mixture", 1, ()), (data.center, data.scale)
game = gan(
    data,
    generator=partial(Mixture, 6, *units),
    discriminator=partial(discriminator, (64, 64), *units, octaves=3),
    noise=noise,
)

# %%
# Both players take steps of Adam without momentum, which shrink to nothing, and what is
# answered is an average of the last of them.

steps = 700
adam = partial(torch.optim.Adam, betas=(0.0, 0.99))
training = DescentAscent(
    optimizer=(partial(adam, lr=2e-3), partial(adam, lr=3e-3)),
    schedule=lambda step: (1 + math.cos(math.pi * step / steps)) / 2,
    averaging=0.98,
    batch=256,
    iterations=steps,
)
solution = solve(game, training, gap=0.01)

# %%
# Above, the densities; below, the discriminator, which is flat where generator and data
# agree. On the right how likelihood and bound met while both were trained.

from problems.pictures.samples import Shown
from problems.pictures.training import figure_of

players = solution.answer
samples = players["f"](noise(2500, torch.Generator().manual_seed(0))).detach().double()
shown = Shown(
    data,
    players,
    data.held_out[:5000].double().numpy(),
    samples.numpy(),
    ["x"],
    [False],
)
figure_of(shown, solution.stats["history"], "A mixture, learnt in a game")

# %%
# The certificate
# ---------------
#
# *Value* is the lower end of a confidence interval for the likelihood, *bound* what no
# generator exceeds. Both are estimated from data that were held out and noise that was
# never used in training, so the proof is a statistical one: each number holds at 95 %
# confidence. *Optimal* means here that they are within the gap that was asked for, 0.01
# nats.

solution

# %%
# What the held-out data prove of this generator:

from formulations.gan import evidence

for name, number in evidence(data, noise, players).items():
    print(f"{name:24}{number}")

# %%
# On the command line
# -------------------
#
# In a terminal, with a table of numbers,
#
# .. code-block:: console
#
#    $ python -m problems.gan --data table.csv --generator mixture --out run/
#    $ python -m problems.gan --sample 1000 --from run/ --out new.csv
#
# If the density of the generator is known, the recipe maximizes the likelihood itself,
# mixtures by EM, and the discriminator follows for the bound. ``--loss`` names another
# game of the same networks, such as ``wasserstein``, ``mmd`` or ``hellinger``, and
# ``--compare`` trains by several of them and shows how each fares; :doc:`another page
# </learning_generators>` lists them. A network whose density is unknown is the default
# for tables. Its discriminator chooses one of eight samples, with probabilities
# proportional to :math:`d`, where rows that neither was trained on tell that this
# raises the likelihood [3]_. What is proven is then proven of the samples chosen. Here
# the density is known, and nothing is chosen. A single normal distribution is not
# enough for these data, and the held-out ones prove it:

from problems.gan import RECIPE
from problems.recipe import run

exit_code = run(
    RECIPE,
    ["--data", "mixture", "--generator", "gaussian", "--iterations", "200", "--quiet"],
)

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Too weak a discriminator.* The bound holds for any discriminator, but a poor one
# proves little. A constant one says only that the divergence is at least 0:

constant = {"f": lambda z: 3 * z[..., :1], "d": lambda x: 0 * x[..., 0]}
print(evidence(data, noise, constant)["kl_at_least"])

# %%
# *Unknown densities.* For data from a file the entropy is unknown, so there is no bound
# on the likelihood. What can be claimed is a lower bound on the divergence of data and
# generator, and a confidence interval for the likelihood if the generator has a
# density.
#
# *Few rows.* A generator can memorise its training data or lose some kinds of rows. The
# recipe compares with rows that were held out and warns of both.
#
# *Tables with tens of columns* are modelled as well, and with less effort, by mixtures
# of Gaussians alone, as scikit-learn has them. `SDV <https://sdv.dev>`_ makes synthetic
# data from several tables that refer to each other.
#
# References
# ----------
#
# .. [1] I. Goodfellow and others, `Generative adversarial nets
#    <https://arxiv.org/abs/1406.2661>`_, 2014.
# .. [2] X. Nguyen, M. J. Wainwright and M. I. Jordan, `Estimating divergence
#    functionals and the likelihood ratio by convex risk minimization
#    <https://doi.org/10.1109/TIT.2010.2068870>`_, IEEE Transactions on Information
#    Theory 56 (2010), 5847-5861.
# .. [3] A. Grover and others, `Bias correction of learned generative models using
#    likelihood-free importance weighting <https://arxiv.org/abs/1906.09531>`_, 2019.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_geometric.py gallery/plot_saddle.py gallery/plot_transport.py
