r"""
Maps that make data of noise
============================

A generator is a map: it takes random numbers from a law that is easy to draw from, and
makes numbers of the law that is wanted. Which map makes these waiting times of normal
noise, and moves it as little as possible?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtri

waits = np.sort(np.random.default_rng(0).gamma(0.8, 2.0, 300))
noise = ndtri((np.arange(300) + 0.5) / 300)  # evenly spread over the normal law
figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
left.hist(noise, 30, color="#a3acb8")
left.set_title("Noise")
right.hist(waits, 30, color="#12304f")
right.set_title("Waiting times")
figure

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes, as a transport problem: every
# row of noise goes to rows of data, and the mean squared distance is to be small.
#
# **Can an off-the-shelf optimizer solve it?** Yes, solvers for flows in networks find
# the cheapest plan, and potentials that prove it, of some thousand rows.
#
# **Is an adjacent problem more amenable?** On a line sorting is enough, and one walk
# along the sorted pairs finds potentials, of a million rows as well. In the plane
# and beyond, the problem for *normal laws* of the same means and covariances has a
# matrix as its answer, however many rows there are, and its cost is a lower bound for
# all others.
#
# The maths
# ---------
#
# Let the noise :math:`Z` have the density :math:`r`. A map :math:`T` *pushes* it
# *forward* to the law of :math:`T(Z)`. Where :math:`T` is smooth and invertible that
# law has a density :math:`p`, by the change of variables
#
# .. math::
#
#    p(T(z)) \; |\det T'(z)| \; = \; r(z).
#
# On a line there is one increasing map, made of the two distribution functions,
#
# .. math::
#
#    T \; = \; F^{-1} \circ F_Z,
#
# and no other has a smaller :math:`E |T(Z) - Z|^2` [1]_. Of rows of data it joins the
# sorted ones in their order. The proof are potentials :math:`f` and :math:`g`:
#
# .. math::
#
#    f(z) + g(x) \leq |z - x|^2 \; \text{ for all } z, x
#    \quad \text{implies} \quad
#    E f(Z) + E g(X) \; \leq \; E |T(Z) - Z|^2 .
#
# The sorted pairs make a staircase in the table of all pairs, and along it potentials
# are found for which both sides are equal. For all other pairs the inequality then
# follows from the convexity of the square: :mod:`formulations.monotone_transport`.
#
# Of a table let :math:`m, n` be the means and :math:`A = L L^T`, :math:`B = M M^T` the
# covariances of noise and data. Between normal laws the least cost is [2]_
#
# .. math::
#
#    \begin{aligned}
#    \text{minimize} \quad & |m - n|^2 + \text{tr} A + \text{tr} B
#    - 2 \, \text{tr}(L K M^T) \\
#    \text{over} \quad & K \in \mathbb{R}^{d \times d} \\
#    \text{subject to} \quad & |K| \leq 1 && \text{contraction}
#    \end{aligned}
#
# with the largest singular value as the norm, and :math:`T(z) = n + M K^T L^{-1} (z -
# m)`. With :math:`K = 1` the map is *triangular* [3]_: the first number depends on the
# first alone, the second on the first two, and so on.
#
# The code, run
# -------------
#
# :func:`~formulations.wasserstein.wasserstein` states the transport of rows to rows:

from formulations.push_forward import quantiles
from formulations.wasserstein import wasserstein
from problems.pictures.maps import figure_on_line
from solvers import solve

solution = solve(wasserstein(noise[:, None], waits[:, None], order=2))
made = quantiles(waits, (np.arange(300) + 1) / 300)  # by sorting
print(f"by transport {solution.value:.9f}, sorted {((made - noise) ** 2).mean():.9f}")
share = np.full(300, 1 / 300)
title = "Noise, the map, and what it makes"
figure_on_line(noise, made, share, waits, title, "waiting time")

# %%
# The certificate
# ---------------
#
# *Value* is the mean squared distance of the plan, *bound* what the potentials earn;
# both are exact. This proves that no other map or plan between these rows is cheaper.
# It says nothing of how well 300 rows stand for the law that they are from.

solution

# %%
# A table
# -------
#
# For a table, :func:`~formulations.push_forward.cheapest_affine` states the problem
# between normal laws. It takes means and covariances.

from formulations.push_forward import cheapest_affine, moments
from problems.pictures.maps import figure_in_plane

random = np.random.default_rng(1)
table = random.gamma(3, size=(300, 2)) @ np.array([[1.0, 0.6], [0.0, 0.5]])
found = solve(cheapest_affine((np.zeros(2), np.eye(2)), moments(table)))
print(found)
shift, matrix = (np.array(found.answer[part]) for part in ("shift", "matrix"))
figure_in_plane(
    random.normal(size=(400, 2)),
    lambda z: shift + z @ matrix.T,
    table,
    "The cheapest affine map",
    ["first", "second"],
)

# %%
# Means and covariances are now those of the data; the law is not, as an affine map of
# normal noise stays normal. The normalizing flow and the networks of the `page on
# generators <plot_gan.html>`_ bend further.
#
# On the command line
# -------------------
#
# .. code-block:: console
#
#    $ python -m problems.push_forward --data waits.csv --plot map.png
#    $ python -m problems.push_forward --noise model.csv --data observed.csv --json
#
# The second maps what a model says to what was observed, quantile by quantile, as is
# done with forecasts of the weather.

from problems.push_forward import RECIPE
from problems.recipe import run

exit_code = run(RECIPE, ["--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Noise with an atom.* If the noise is 0 in a fifth of all cases, so is one number of
# whatever a map makes of it: no map then makes a continuous law. The cheapest plan
# divides the fifth, which no map can:

from collections import Counter

from formulations.push_forward import largest_atom

lumpy = np.where(np.arange(300) < 60, 0.0, noise)
moved = solve(wasserstein(lumpy[:, None], waits[:, None], order=2)).answer
print("the largest atom of the noise:", largest_atom(lumpy))
print("rows of data that it goes to:", len({j for i, j, share in moved if i < 60}))
print("its share after the map exp:", Counter(np.exp(lumpy).tolist())[1.0] / 300)

# %%
# *A covariance without an inverse*: a column that is constant, or the sum of others.

try:
    moments([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
except ValueError as error:
    print(error)

# %%
# *The cheapest map between tables that is not affine* is a transport of all rows to
# all rows; see the page on transport. *Units matter* there, and for the affine map: a
# column in millimetres counts a million times as much as one in metres.
#
# References
# ----------
#
# .. [1] C. Villani, `Topics in Optimal Transportation
#    <https://doi.org/10.1090/gsm/058>`_, American Mathematical Society 2003, section
#    2.2.
# .. [2] M. Gelbrich, `On a formula for the L2 Wasserstein metric between measures on
#    Euclidean and Hilbert spaces <https://doi.org/10.1002/mana.19901470121>`_,
#    Mathematische Nachrichten 147 (1990), 185-203.
# .. [3] M. Rosenblatt, `Remarks on a multivariate transformation
#    <https://doi.org/10.1214/aoms/1177729394>`_, Annals of Mathematical Statistics 23
#    (1952), 470-472.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_transport.py gallery/plot_gan.py gallery/plot_geometric.py
