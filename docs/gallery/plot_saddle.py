r"""
Games of two players
====================

A penalty kick: the kicker chooses a side and the goalkeeper chooses a side, both at the
same time. How often should the kicker choose which, and how often will the ball go in?
For 1,417 penalties of professionals it was counted how many went in [1]_.
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np
from matplotlib.figure import Figure

from problems.studies.named_games import PAYOFFS

payoff = np.array(PAYOFFS["penalty"])  # share of goals in 1,417 penalties
share = np.linspace(0, 1, 101)
figure = Figure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
for column, (line, side) in enumerate(zip(("-", "--"), ("left", "right"), strict=True)):
    goals = share * payoff[0, column] + (1 - share) * payoff[1, column]
    axes.plot(share, goals, line, color="#12304f", label=f"the goalkeeper goes {side}")
axes.set(xlabel="how often the kicker goes left", ylabel="share of goals")
axes.set_title("Which mixture is good against both?")
axes.legend(frameon=False)
figure

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** As two. A *mixed strategy* says how
# often each choice is made. The kicker maximizes the worst case over the goalkeeper's
# choices; the goalkeeper minimizes the worst case over the kicker's. Each problem is
# the other's dual.
#
# **Can an off-the-shelf optimizer solve it?** Yes. The worst case over finitely many
# choices is a linear constraint for each, so that either problem is a linear program
# [2]_.
#
# **Is an adjacent problem more amenable?** In larger games, where a player is a neural
# network, there is no linear program. What is left is to move both players along their
# gradients. The small game shows what then happens: whether the players spiral outward,
# go round in circles, or come to rest depends on the method.
#
# The maths
# ---------
#
# Let :math:`A` be the payoff, one row for each choice of the player who maximizes and
# one column for each of the player who minimizes, and let :math:`x` and :math:`y` be
# mixed strategies, numbers from 0 on whose sum is 1. For all :math:`x` and :math:`y`,
#
# .. math::
#
#    \min_j \; (A^T x)_j \;\; \leq \;\; x^T A y \;\; \leq \;\; \max_i \; (A y)_i
#
# What :math:`x` guarantees is at most what :math:`y` allows: this is weak duality, and
# it holds for any two strategies. So if the left and the right side meet, both players
# know that they cannot do better. Von Neumann proved that such a pair, a *saddle
# point*, always exists [2]_. As a linear program the left side is
#
# .. math::
#
#    \begin{aligned}
#    \text{maximize} \quad & v \\
#    \text{over} \quad & x \geq 0, \; v \in \mathbb{R} \\
#    \text{subject to} \quad & \sum_i A_{ij} x_i \geq v
#    \quad \text{for all } j && \text{columns} \\
#    & \sum_i x_i = 1 && \text{mixture}
#    \end{aligned}
#
# and the multipliers of *columns* are :math:`y`.
#
# The code, run
# -------------
#
# :func:`~formulations.games.matrix_game` states the game. By default
# :func:`~solvers.solve` hands it to an interior-point method for both players at once.

from formulations.games import matrix_game
from solvers import solve

game = matrix_game(payoff)
solution = solve(game)
print("the kicker goes left in", f"{solution.answer['x'][0]:.1%}")
print("the goalkeeper goes left in", f"{solution.answer['y'][0]:.1%}")
print("goals:", f"{solution.value:.1%}")

# %%
# The certificate
# ---------------
#
# *Value* is what the maximizing player guarantees and *bound* what the other player
# allows. Each is one product of the payoff and a strategy, computed without the solver.

solution

# %%
# The same two products on this page:

x, y = np.array(solution.answer["x"]), np.array(solution.answer["y"])
print(f"guaranteed {(x @ payoff).min():.12f}, allowed {(payoff @ y).max():.12f}")

# %%
# How methods of gradients fare
# -----------------------------
#
# Plain gradient steps of both players, from the same start and with the same step size.
# The dot is where each method ends.
#
# *Simultaneous* steps spiral away from the saddle point until they reach the border.
# *Alternating* steps go round it. Their average comes closer, slowly. *Extragradient*
# and *optimistic* steps [3]_ look one step ahead and converge; restarts make averages
# converge as fast.

from problems.pictures.trajectories import figure_of
from problems.studies.trajectories import compare

lipschitz = float(np.linalg.norm(game.matrix - game.matrix.mean(), 2))
paths = compare(game, lipschitz, evaluations=150, size=2, seed=0, until=np.inf)
figure_of(
    paths,
    title="Six methods on the penalty game",
    error="bound - value",
    plane=("how often the kicker goes left", "the goalkeeper"),
    window=np.array([0.0, 1.0]),
)

# %%
# Surfaces: convex and concave, or neither
# ----------------------------------------
#
# With one number a player the payoff :math:`f(x, y)` is a surface. One player climbs in
# the direction of :math:`x`, the other descends in that of :math:`y`. The path is that
# of one method; it starts at the ring and ends at the dot.

from problems.pictures.surfaces import Surface
from problems.pictures.surfaces import figure_of as figure_of_surfaces
from problems.studies.named_games import named_game, payoff_at, surface_of
from problems.studies.trajectories import play

shown = []
for name, method, evaluations in [
    ("convex-concave", "simultaneous", 100),
    ("product", "extragradient", 200),
    ("four-saddles", "simultaneous", 200),
    ("limit-cycle", "extragradient", 300),
    ("dirac-gan", "alternating", 100),
    ("dirac-gan-penalized", "alternating", 100),
]:
    game = named_game(name, seed=0)
    path = play(game.problem, method, game.lipschitz, evaluations, 1, 0, np.inf).path
    path = np.column_stack([path, payoff_at(game, *path.T)])
    title = f"{name}, {method}"
    shown.append(Surface(title, surface_of(game), game.window, path, game.plane))
figure_of_surfaces(shown, "Six games, and a method on each")

# %%
# *convex-concave*, :math:`y^2 - x^2`, has one saddle point, which every method finds.
# In *product*, :math:`x y`, plain steps go round it. The others are neither convex in
# :math:`y` nor concave in :math:`x`. *four-saddles* has four points that no small step
# improves, and where a method ends depends on where it starts. In *limit-cycle* [4]_
# even methods that look ahead go round in circles. In *dirac-gan* [5]_ a generator that
# draws :math:`\theta` learns from data at 0 against a discriminator of slope
# :math:`\varphi`. Near the saddle this is a product again, and a penalty on the slope
# turns its circles into a spiral that ends there.
#
# What each player guarantees is a bound for the other all the same, whether or not
# there is a saddle point. What can be guaranteed at best is found by halving intervals
# wherever the best could still be:

from formulations.planar_games import four_saddles

maximin, minimax = four_saddles().guarantees(1e-3)
print(f"the maximizing player secures {maximin[0]:.4f} to {maximin[1]:.4f} at best")
print(f"the minimizing player allows {minimax[0]:.4f} to {minimax[1]:.4f} at best")

# %%
# The two do not meet: no pair of numbers is a saddle point of the whole square. Whoever
# moves second gains.
#
# On the command line
# -------------------
#
# In a terminal the same is
#
# .. code-block:: console
#
#    $ python -m problems.saddle --matrix payoff.csv
#    $ python -m problems.saddle --game cyclic --compare --plot paths.png
#    $ python -m problems.saddle --game limit-cycle --compare --plot circles.png
#
# Without a file the penalty kick is played; ``--help`` lists the other games.

from problems.recipe import run
from problems.saddle import RECIPE

exit_code = run(RECIPE, ["--game", "cyclic", "--compare", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *A choice that is never good.* A row that is worse than another one whatever the other
# player does is *dominated*. Such rows and columns are dropped first, and the report
# names them:

dominated = matrix_game([[3, 1, 4], [1, 0, 2], [0, 2, 5]])
print(solve(dominated).certificate.proof.dropped)

# %%
# Each entry is a row or a column, counted from 0, and the one that dominates it.
#
# *Several saddle points.* If more than one strategy is optimal, one of them is printed;
# the value is the same for all.
#
# *Large games.* Up to some thousand choices a side are solved in seconds. Beyond that
# the matrix itself is the difficulty, and averages of gradient steps, which need only
# products with it, are what remains. They come with the same two bounds.
#
# *More than two players, or payoffs that do not add up to zero.* Then there is no value
# and no bound of this kind. `Gambit <https://www.gambit-project.org>`_ and `nashpy
# <https://nashpy.readthedocs.io>`_ compute equilibria.
#
# References
# ----------
#
# .. [1] I. Palacios-Huerta, `Professionals play minimax
#    <https://doi.org/10.1111/1467-937X.00249>`_, Review of Economic Studies 70 (2003),
#    395-415.
# .. [2] J. von Neumann, `Zur Theorie der Gesellschaftsspiele
#    <https://doi.org/10.1007/BF01448847>`_, Mathematische Annalen 100 (1928), 295-320;
#    G. B. Dantzig, A proof of the equivalence of the programming problem and the game
#    problem, in `Activity Analysis of Production and Allocation
#    <https://cowles.yale.edu/sites/default/files/2022-09/m13-all.pdf>`_, Wiley 1951.
# .. [3] G. Gidel and others, `A variational inequality perspective on generative
#    adversarial networks <https://arxiv.org/abs/1802.10551>`_, 2019.
# .. [4] Y.-P. Hsieh, P. Mertikopoulos and V. Cevher, `The limits of min-max
#    optimization algorithms <https://proceedings.mlr.press/v139/hsieh21a.html>`_, ICML
#    2021.
# .. [5] L. Mescheder, A. Geiger and S. Nowozin, `Which training methods for GANs do
#    actually converge? <https://arxiv.org/abs/1801.04406>`_, ICML 2018.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_transport.py gallery/plot_geometric.py gallery/plot_gan.py
