r"""
Networks against moves of every input
=====================================

A network tells all points of a test apart. Then somebody moves each of them a little,
and knows the network: how many does it still get right? An attack shows that it is few;
that an attack fails shows nothing. Between the two there is a number, and it can be
proven.
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.studies.classified import moons

X, y = moons(460, np.random.default_rng(0))
train, test = (X[:400], y[:400]), (X[400:], y[400:])
print(f"{len(X)} points on two moons, of which {len(test[0])} are kept to be judged by")

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes: find the moves, within a radius,
# that leave the fewest points right. It falls apart into one problem for each point and
# each wrong label: the least margin of the right one.
#
# **Can an off-the-shelf optimizer solve it?** A unit max(0, z) of the network is either
# active or not, so that the least margin is a mixed-integer program. It is NP-hard, and
# in practice a matter of some hundred units.
#
# **Is an adjacent problem more amenable?** Two are. Gradient ascent on the margin finds
# attacks quickly, and multipliers prove bounds quickly. Where the two do not meet, only
# the few units that are left open need to be split.
#
# The maths
# ---------
#
# A network with weights :math:`W_k` and biases :math:`b_k` computes
# :math:`z_k = W_k a_{k-1} + b_k` and :math:`a_k = \max(0, z_k)` from a point
# :math:`a_0 = x`, and logits :math:`f(x)` from the last :math:`a_K`; the largest of
# them names the label. The robust accuracy at radius :math:`r` of points :math:`x_i`
# with labels :math:`y_i` is
#
# .. math::
#
#    \min_{|e_i| \leq r} \; \frac1n \, \#\{ i : f_{y_i}(x_i + e_i) > f_j(x_i + e_i)
#    \; \text{for all} \; j \neq y_i \}.
#
# For one point and one rival :math:`j` the margin is linear in the last layer,
# :math:`c + g_K^{\top} a_K`. With bounds :math:`l \leq z \leq u` it is a mixed-integer
# program [1]_, with :math:`s = 1` for active units:
#
# .. math::
#
#    a \geq 0, \quad a \geq z, \quad a \leq u \, s, \quad a \leq z - l \, (1 - s),
#    \quad s \in \{0, 1\}.
#
# Weak duality: whatever multipliers :math:`\nu_k` the layers
# :math:`z_k = W_k a_{k-1} + b_k` are given [2]_, with
# :math:`g_{k-1} = W_k^{\top} \nu_k`,
#
# .. math::
#
#    c + g_K^{\top} a_K \; \geq \; c + \sum_k \nu_k^{\top} b_k
#    + \min_{|x - x_i| \leq r} (W_1^{\top} \nu_1)^{\top} x
#    + \sum_{\text{units}} \; \min_{l \leq z \leq u} \bigl( g \max(0, z) - \nu z \bigr),
#
# and each of these minima is at :math:`l`, :math:`u` or 0. Multipliers 0 are interval
# arithmetic; linear bounds by backward substitution [3]_ are :math:`\nu` equal to
# :math:`g` times a slope; the best are those of a linear program.
#
# The code, run
# -------------
#
# Training is a game as well [4]_: the weights descend a loss that moves of the points
# ascend. :func:`~formulations.robust_network.adversarial_training` states it, with a
# radius of 0 for a network that nobody plays against.

from functools import partial

import torch

from formulations.robust_network import adversarial_training
from solvers import solve
from solvers.descent_ascent import DescentAscent

rules = DescentAscent(
    method="alternating",
    optimizer=(partial(torch.optim.Adam, lr=0.2), partial(torch.optim.Adam, lr=0.01)),
    iterations=200,
)
radius = 0.2
against = solve(adversarial_training(*train, [8, 8], radius), rules)
plainly = solve(adversarial_training(*train, [8, 8], 0.0), rules)
print(f"loses at most {against.bound:.3f} nats a row, whoever moves the rows")

# %%
# Both are asked about the points that they have not seen.

from formulations.robust_network import robust_accuracy

solution = solve(robust_accuracy(against.answer, *test, radius))
compared = solve(robust_accuracy(plainly.answer, *test, radius))
print(f"trained against moves: {solution.value:.1%}, proven {solution.bound:.1%}")
print(f"trained plainly:       {compared.value:.1%}, proven {compared.bound:.1%}")

# %%
# The certificate
# ---------------
#
# *Value* is the share of points that the attack which was found leaves right, *bound*
# the share of those that no attack breaks.

solution

# %%
# For each point and rival the proof is a tree: it splits units into active and
# inactive, and every leaf has multipliers for the bound above. All of it is computed
# again with what rounding may do on top. Multipliers may be anything: wrong ones prove
# less, never too much.

form = robust_accuracy(plainly.answer, *test, radius).objective
trees, by_linear_bounds = compared.certificate.proof, form.least_margins()
print(f"{(trees.unit < 0).sum()} leaves for {len(trees.point)} points and rivals")
print(f"by linear bounds alone: {(by_linear_bounds > 0).all(axis=1).mean():.1%}")

# %%
# The same as a mixed-integer program, for the one of the points that hold of which
# linear bounds say least:

from formulations.robust_network import least_margin

hardest = int(np.where(form.certified(trees), by_linear_bounds[:, 0], np.inf).argmin())
label = int(test[1][hardest])
margin = solve(least_margin(plainly.answer, test[0][hardest], label, 1 - label, radius))
print(f"linear bounds {by_linear_bounds[hardest, 0]:.4f}, exactly {margin.value:.4f}")
margin

# %%
# On the command line
# -------------------
#
# .. code-block:: console
#
#    $ python -m problems.robust_network --radius 0.2 --plot moons.png
#    $ python -m problems.robust_network --data digits --radius 0.03 --points 300
#    $ python -m problems.robust_network --data table.csv --target species \
#          --standardise --radius 0.3

from problems.recipe import run
from problems.robust_network import RECIPE

exit_code = run(RECIPE, ["--points", "30", "--iterations", "100", "--quiet"])

# %%
# What the picture of ``--plot`` shows: a square is where a point may be moved. The
# band in the last panel is what quick attacks and linear bounds leave open; at the
# radius that was asked for the cells close it.

from problems.pictures.robust_networks import figure_of
from problems.studies.classified import Classified
from problems.studies.robust_networks import Outcome

rows = np.arange(400, 460)
data = Classified("two moons", X, y, ["upper", "lower"], ["x", "y"], rows[:0], rows)
asked = robust_accuracy(against.answer, *test, radius)
outcomes = {
    "adversarial": Outcome.of(asked.objective, rows, solution),
    "plain": Outcome.of(form, rows, compared),
}
figure_of(data, outcomes)

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Large networks.* With the units grows the number of those that are open, and with it
# the trees. Where time runs out some points stay undecided, as here, where only attacks
# from one start and trees of at most one cell are allowed:

from solvers.networks.splitting import Splitting

print(
    solve(
        robust_accuracy(plainly.answer, *test, radius),
        Splitting(starts=1, steps=1, cells=1),
    )
)

# %%
# For convolutions, other activations and a GPU there are alpha-beta-CROWN and Marabou.
#
# *Exact arithmetic.* The proof is about the network with its weights as real numbers.
# A program in float32 rounds, and a margin of nearly 0 may come out on either side.
#
# *Other moves.* The radius bounds every number by itself. Rotations, other words for
# the same, or points from elsewhere are no such moves, and nothing is said of them.
#
# *Other points.* What is proven is about these points. How many of all points survive
# is estimated from them, as any accuracy is.
#
# References
# ----------
#
# .. [1] V. Tjeng, K. Xiao and R. Tedrake, `Evaluating robustness of neural networks
#    with mixed integer programming <https://arxiv.org/abs/1711.07356>`_, ICLR 2019.
# .. [2] K. Dvijotham, R. Stanforth, S. Gowal, T. Mann and P. Kohli, `A dual approach to
#    scalable verification of deep networks <https://arxiv.org/abs/1803.06567>`_, UAI
#    2018.
# .. [3] H. Zhang, T.-W. Weng, P.-Y. Chen, C.-J. Hsieh and L. Daniel, `Efficient neural
#    network robustness certification with general activation functions
#    <https://arxiv.org/abs/1811.00866>`_, NeurIPS 2018.
# .. [4] A. Madry, A. Makelov, L. Schmidt, D. Tsipras and A. Vladu, `Towards deep
#    learning models resistant to adversarial attacks
#    <https://arxiv.org/abs/1706.06083>`_, ICLR 2018.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_robust_regression.py gallery/plot_saddle.py gallery/plot_gan.py
