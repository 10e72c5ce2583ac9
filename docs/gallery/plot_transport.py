r"""
Optimal transport
=================

At eight places lies as much sand as is wanted, all in all, at ten other places. From
where is how much to be carried to where, so that the sum of amount times distance is as
small as possible?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.pictures.plans import figure_of

random = np.random.default_rng(0)
here, there = random.random((8, 2)), random.random((10, 2))
a, b = np.full(8, 1 / 8), np.full(10, 1 / 10)  # the amounts
distance = np.linalg.norm(here[:, None] - there, axis=2)
nothing = np.zeros((8, 10))
figure_of(nothing, "What is to be carried from where to where?", (here, there))

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes, and at once as a linear program.
# The variable :math:`P_{ij}` is the amount that is carried from place :math:`i` to
# place :math:`j`. Everything leaves, everything wanted arrives, and the cost is linear.
#
# **Can an off-the-shelf optimizer solve it?** Yes, any solver for linear programs.
# Solvers for flows in networks are quicker: they make use of the fact that each
# variable stands in two constraints only. If the amounts are whole numbers of a unit,
# so is an optimal plan.
#
# **Is an adjacent problem more amenable?** Its dual asks for a price at each place
# instead of an amount for each pair, and is the other half of the proof. As a game
# between prices and a plan the problem can be played by gradients; with points drawn
# from two distributions and a network as the price it becomes the Wasserstein GAN.
#
# The maths
# ---------
#
# Let :math:`a_i` be the amount at place :math:`i`, :math:`b_j` the amount that is
# wanted at place :math:`j`, and :math:`C_{ij}` the cost of a unit.
#
# .. math::
#
#    \begin{aligned}
#    \text{minimize} \quad & \sum_{i, j} C_{ij} P_{ij} \\
#    \text{over} \quad & P_{ij} \geq 0 \\
#    \text{subject to} \quad & \sum_j P_{ij} = a_i
#    \quad \text{for all } i && \text{leaves} \\
#    & \sum_i P_{ij} = b_j \quad \text{for all } j && \text{arrives}
#    \end{aligned}
#
# The multipliers :math:`f_i` and :math:`g_j` of these constraints are called
# *potentials*, and Kantorovich's dual [1]_ is
#
# .. math::
#
#    \text{maximize} \quad \sum_i a_i f_i + \sum_j b_j g_j \quad
#    \text{subject to} \quad f_i + g_j \leq C_{ij} \quad \text{for all } i, j.
#
# Weak duality is easy to see. A carrier is paid :math:`f_i` for a unit that is picked
# up and :math:`g_j` for one that is delivered, never more than the way costs. Whatever
# the plan, the carrier earns the same, and not more than the plan costs.
#
# The code, run
# -------------
#
# :func:`~formulations.transport.transport` states the problem and
# :func:`~solvers.solve` hands it to OR-Tools' solver for minimum-cost flows.

from formulations.transport import transport
from solvers import solve

problem = transport(a, b, distance)
solution = solve(problem)
plan = np.array(solution.answer)
title = f"The cheapest plan: {solution.value:.4f}"
figure_of(plan, title, (here, there))

# %%
# The certificate
# ---------------
#
# *Value* is the cost of the plan and *bound* what the potentials earn. Amounts are
# counted in whole units, each at most :math:`2^{-45}` of the sum, so that the plan and
# the proof are exact and no rounding hides a difference.

solution

# %%
# The potentials are feasible and earn as much as the plan costs:

f = np.array(solution.multipliers.listed["leaves"], dtype=float)
g = (distance - f[:, None]).min(axis=0)  # the highest prices that f allows
print(
    f"the most that f + g exceeds the distance by: {(f[:, None] + g - distance).max()}"
)
print(f"earned: {a @ f + b @ g:.12f}, paid: {(distance * plan).sum():.12f}")

# %%
# On the command line
# -------------------
#
# In a terminal, with two tables of points,
#
# .. code-block:: console
#
#    $ python -m problems.transport --points here.csv there.csv --plot plan.png
#
# ``--costs``, ``--supply`` and ``--demand`` read a cost for each pair and an amount for
# each place; ``--squared`` takes squared distances. Without files random points are
# drawn.

from problems.recipe import run
from problems.transport import RECIPE

exit_code = run(RECIPE, ["--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Unequal sums.* What is there and what is wanted must agree. If they do not, the error
# says so, and :func:`~formulations.transport.with_slack` adds a place for the rest.

from formulations.transport import with_slack

try:
    transport([3, 1], [2], [[1], [2]])
except ValueError as error:
    print(error)
print(solve(transport(*with_slack([3, 1], [2], [[1], [2]]))).answer)

# %%
# *Many points.* All pairs are held in memory, and there are ten billion of them for a
# hundred thousand points on each side. The package `POT <https://pythonot.github.io>`_
# has approximations for that, such as entropic transport by Sinkhorn's algorithm and
# sliced distances [2]_. They come without a proof for the exact problem.
#
# *By gradients.* The Lagrangian is a game between potentials and a plan, which
# :func:`~formulations.transport.transport_game` states. It needs thousands of steps for
# what the flow finds at once, but runs on a GPU, and the bound says how far it came:

from formulations.transport import transport_game
from solvers.descent_ascent import DescentAscent

game = transport_game(a, b, distance)
print(solve(game, DescentAscent(step=0.2, restart=60, iterations=4000), gap=1e-6))

# %%
# *On a line* nothing is to be optimized: sorted points are joined in their order, and
# the cost is the area between the two distribution functions, as
# ``scipy.stats.wasserstein_distance`` computes it.
#
# References
# ----------
#
# .. [1] L. V. Kantorovich, `On the translocation of masses
#    <https://doi.org/10.1007/s10958-006-0049-2>`_, 1942, in English: Journal of
#    Mathematical Sciences 133 (2006), 1381-1382.
# .. [2] G. Peyré and M. Cuturi, `Computational Optimal Transport
#    <https://doi.org/10.1561/2200000073>`_, Foundations and Trends in Machine Learning
#    11 (2019), 355-607.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_shortest_path.py gallery/plot_saddle.py gallery/plot_gan.py
