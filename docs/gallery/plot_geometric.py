r"""
Law of waiting times
====================

A die is loaded, and nobody knows how. Five hundred times it was thrown until a six
came, and the throws were counted. How likely is a six?
"""

# sphinx_gallery_thumbnail_number = -1

from problems.geometric import EXAMPLE
from problems.io.counts import read_counts
from problems.pictures.laws import figure_of

data = read_counts(str(EXAMPLE))  # of a file of your own: read_counts("counts.csv")
figure_of(data.value, data.count, None, "How many throws it took, in 500 trials")

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes. If a six has the probability
# :math:`p`, the trial ends with throw :math:`x` with probability
# :math:`p (1 - p)^{x - 1}`, the geometric law. The :math:`p` under which the data are
# most likely maximizes the sum of the logarithms.
#
# **Can an off-the-shelf optimizer solve it?** Yes. The logarithm is concave, and
# solvers for convex programs [1]_ take it. For this law a formula is known, so that
# every route can be compared with it.
#
# **Is an adjacent problem more amenable?** This one is easy already. But for many laws
# the likelihood cannot be computed; one can only draw from them. Then the dual problem
# helps: its multiplier is a function, the *discriminator*, and likelihood is maximized
# in a game against it. The law of waiting times is the smallest case in which both can
# be done and compared.
#
# The maths
# ---------
#
# Let :math:`m` be the mean of the data. The log-likelihood is, per observation,
#
# .. math::
#
#    V(p) = \log p + (m - 1) \log (1 - p).
#
# As a concave program, with the multiplier :math:`\mu`:
#
# .. math::
#
#    \begin{aligned}
#    \text{maximize} \quad & \log s + (m - 1) \log t \\
#    \text{over} \quad & s, t \geq 0 \\
#    \text{subject to} \quad & s + t \leq 1 && \text{total}
#    \end{aligned}
#
# Its Lagrangian dual function bounds the likelihood of every :math:`p`, whatever the
# multiplier is:
#
# .. math::
#
#    V(p) \; \leq \; \mu - 1 - \log \mu
#    + (m - 1) \Bigl( \log \frac{m - 1}{\mu} - 1 \Bigr)
#    \quad \text{for all } \mu > 0.
#
# As a game: uniform noise :math:`u` becomes a number of throws
# :math:`f_p(u) = \lceil \log u / \log (1 - p) \rceil`, the *generator*. With
# :math:`q` the geometric law of mean :math:`m`, and for every function
# :math:`d(x) > 0`,
#
# .. math::
#
#    V(p) \; \leq \; \sum_x q(x) \log q(x) - 1
#    - \mathrm{E}_{\text{data}} \log d(x) + \mathrm{E}_{\text{noise}} \, d(f_p(u)),
#
# with equality at :math:`d = q / p`. The generator maximizes the right-hand side, the
# discriminator minimizes it. By such games generative adversarial networks [2]_ are
# trained.
#
# The code, run
# -------------
#
# :func:`~formulations.geometric.geometric` is the concave program, which
# :func:`~solvers.solve` hands to Clarabel, a solver for conic programs.

from formulations.geometric import geometric
from solvers import solve

solution = solve(geometric(data.value, data.count))
title = f"A six has probability {solution.answer:.4f}"
figure_of(data.value, data.count, solution.answer, title)

# %%
# :func:`~formulations.geometric.geometric_game` is the game. It is played by
# extragradient steps and comes to rest at the same number.

from formulations.geometric import geometric_game
from solvers.descent_ascent import DescentAscent

game = geometric_game(data.value, data.count)
played = solve(game, DescentAscent(step=0.5), gap=0.0)
mean = data.value @ data.count / data.count.sum()
print(f"by the formula {1 / mean:.9f}, by the program {solution.answer:.9f}")
print(f"by the game    {played.answer:.9f}")

# %%
# The certificate
# ---------------
#
# *Value* is the log-likelihood of the answer, *bound* the dual function at the solver's
# multiplier, recomputed by its formula. What is proven is that no :math:`p` makes the
# data more likely. It is not proven that the law is geometric, nor that the die will
# behave in the same way tomorrow: the optimum is exact and the data are a sample.

solution

# %%
# The bound in one line, at the multiplier that the solver found:

import numpy as np

mu = float(solution.multipliers.listed["total"])
print(mu - 1 - np.log(mu) + (mean - 1) * (np.log((mean - 1) / mu) - 1))

# %%
# The game has its own proof, the discriminator at which it came to rest.

played

# %%
# On the command line
# -------------------
#
# In a terminal the same is
#
# .. code-block:: console
#
#    $ python -m problems.geometric --data counts.csv --plot law.png
#
# The file holds one observation in a line, or values with their counts. All routes are
# taken and compared.

from problems.geometric import RECIPE
from problems.recipe import run

exit_code = run(RECIPE, ["--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *The number alone.* It is one over the mean, and no solver is needed for it.
#
# *Rare successes.* From a mean of a hundred thousand throws on, the program is so flat
# at its top that conic solvers cannot find the optimum to six digits any more; then the
# recipe plays the game alone, whose units suit any mean.
#
# *Another law.* If the variance of the data is far from that of a geometric law,
# :math:`(1 - p) / p^2`, then the best :math:`p` is still proven, and still a poor
# description:

twice = solve(geometric([1, 9], [50, 50]))  # either at once, or at the ninth throw
print(f"p = {twice.answer:.3f}, proven: {twice.status}")
figure_of(
    np.array([1, 9]), np.array([50, 50]), twice.answer, "The best of a wrong kind"
)

# %%
# *Zeros.* Some count the failures before the first success instead of the throws. The
# recipe refuses a zero, and its error says to add 1 to every value.
#
# References
# ----------
#
# .. [1] S. Boyd and L. Vandenberghe, `Convex Optimization
#    <https://web.stanford.edu/~boyd/cvxbook/>`_, Cambridge University Press 2004,
#    chapter 7.1.
# .. [2] I. Goodfellow and others, `Generative adversarial nets
#    <https://arxiv.org/abs/1406.2661>`_, 2014.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_gan.py gallery/plot_saddle.py gallery/plot_transport.py
