r"""
Seriation
=========

Fourteen graves hold pots of forty kinds. Each kind was in use for a while and then no
more, so graves of about the same time share many kinds. In which order were the graves
dug?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.pictures.heatmap import figure_of

random = np.random.default_rng(3)
n = 14
age = 10 * random.permutation(n) + 5 * random.random(n)  # nobody knows it
begins, lasts = random.uniform(-30, 140, 40), random.uniform(10, 60, 40)
holds = (begins <= age[:, None]) & (age[:, None] <= begins + lasts)
shared = (holds[:, None] & holds).sum(axis=2)
similarity = shared / (holds[:, None] | holds).sum(axis=2)
graves = [f"grave {k}" for k in range(1, n + 1)]
figure_of(
    similarity,
    np.argsort(age),
    items=graves,
    title="Shared kinds of pots: as the graves were found, and by age",
)

# %%
# On the left the similarity of the graves as they were found: the share of kinds that
# two graves have in common. On the right the same in the order of their ages, which is
# to be found from the similarities alone.
#
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** In more than one way, and that is the
# point. Similar graves are to stand close together. If only neighbours count, a path of
# least dissimilarity is wanted. If all pairs count, the sum of similarity times
# distance in the order is to be small.
#
# **Can an off-the-shelf optimizer solve it?** As a path it is a travelling salesman
# that does not return, and the same linear programs with cuts solve it. As an
# arrangement it is a quadratic assignment problem, one of the hardest known; integer
# programs of it fail at some twenty items. Good orders are found by local search, and
# the question is how good they are.
#
# **Is an adjacent problem more amenable?** Several. If the places need not be whole
# numbers, the best arrangement under squared distances is an eigenvector, Fiedler's
# [1]_. A hierarchical clustering allows few of all orders, and the best of these is
# found by dynamic programming [2]_. Both are used as starts, and every answer is held
# against them.
#
# The maths
# ---------
#
# Let :math:`p(u)` be the place of item :math:`u` in the order, :math:`w_{uv}` the
# weight of a pair and :math:`d_{uv}` its dissimilarity.
#
# .. math::
#
#    \begin{aligned}
#    \text{path} \quad & \text{minimize} \;
#    \sum_{|p(u) - p(v)| = 1} d_{uv} \\
#    \text{linear arrangement} \quad & \text{minimize} \;
#    \sum_{u < v} w_{uv} \, |p(u) - p(v)| \\
#    \text{2-sum} \quad & \text{minimize} \;
#    \sum_{u < v} w_{uv} \, (p(u) - p(v))^2
#    \end{aligned}
#
# each over all permutations :math:`p`. The *challenge* is a linear arrangement with
# :math:`w = -\log (1 - s)` for similarities :math:`s`, on a scale on which a random
# order has 0. If :math:`A` holds the weights and :math:`B_{ij} = |i - j|`, it is
#
# .. math::
#
#    \min_P \; \tfrac12 \langle A, P B P^T \rangle
#    \quad \text{over permutation matrices } P.
#
# Bounds come from sets that contain the permutation matrices and are easier to
# minimize over: orthogonal matrices (a bound by eigenvalues) or doubly stochastic
# matrices (a convex quadratic program), and from assigning each item the least that any
# place could cost it (Gilmore and Lawler [3]_). Up to 16 items another bound is exact:
# a number :math:`\varphi(S)` for each set :math:`S` of items with
#
# .. math::
#
#    \varphi(S \cup \{v\}) - \varphi(S) \leq
#    \text{weight between } S \cup \{v\} \text{ and the rest}.
#
# These are potentials, as for the shortest path: an order is a way from the empty set
# to the set of all items, and no way is shorter than the potentials rise.
#
# The code, run
# -------------
#
# The shortest path, by :func:`~formulations.seriation.hamiltonian_path`, and the linear
# arrangement, by :func:`~formulations.seriation.linear_arrangement`:

from formulations.seriation import hamiltonian_path, linear_arrangement
from solvers import solve

path = solve(hamiltonian_path(1 - similarity))
solution = solve(linear_arrangement(similarity))
print("by path:       ", path.answer)
print("by arrangement:", solution.answer)
print("ages:          ", *np.round(age[solution.answer]).astype(int))

# %%
# Both find the true order, from one end or the other: which end is the older one cannot
# be told from similarities.

order = np.array(solution.answer)
title = f"In the best order, of cost {solution.value:.4f}"
figure_of(similarity, order, items=graves, title=title)

# %%
# The certificate
# ---------------
#
# *Value* is the cost of the order, *bound* what no order can fall below. Here the bound
# comes from potentials on all :math:`2^{14}` sets, each inequality of which was checked
# again. The other checks compare with the adjacent problems. What is proven is that no
# order costs less; that it is the order of time is what the archaeologist concludes.

solution

# %%
# On the command line
# -------------------
#
# In a terminal the same is
#
# .. code-block:: console
#
#    $ python -m problems.seriation --matrix distances.csv --objective path
#    $ python -m problems.seriation --table counts.csv --plot table.png
#
# ``--objective`` takes sixteen criteria of the R package seriation [4]_ besides the
# challenge. ``--table`` puts both the rows and the columns of a table in order. Without
# a file, sixteen made-up programs are ordered by how much code they share.

from problems.recipe import run
from problems.seriation import RECIPE

exit_code = run(RECIPE, ["--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *More than some twenty items* are seldom proven optimal, unless as a path. The report
# then says how much better any order could be, in per cent of the range from a random
# order to the one found. The 2-sum of the fourteen graves is such a case:

from formulations.seriation import seriation

print(solve(seriation(1 - similarity, "2SUM"), time_limit=5))

# %%
# *No order in the data.* Every matrix has a best order, also one of random numbers.
# Whether there is an order at all shows the picture: dark along the diagonal and pale
# away from it, or not.

noise = random.random((n, n))
noise = (noise + noise.T) / 2
nonsense = solve(linear_arrangement(noise))
title = "Random numbers, in their best order"
figure_of(noise, np.array(nonsense.answer), items=graves, title=title)

# %%
# *Groups rather than an order.* If things fall into groups, a clustering says it more
# plainly than an order does.
#
# References
# ----------
#
# .. [1] J. E. Atkins, E. G. Boman and B. Hendrickson, `A spectral algorithm for
#    seriation and the consecutive ones problem
#    <https://doi.org/10.1137/S0097539795285771>`_, SIAM Journal on Computing 28 (1998),
#    297-310.
# .. [2] Z. Bar-Joseph, D. K. Gifford and T. S. Jaakkola, `Fast optimal leaf ordering
#    for hierarchical clustering
#    <https://doi.org/10.1093/bioinformatics/17.suppl_1.S22>`_, Bioinformatics 17
#    (2001), S22-S29.
# .. [3] E. L. Lawler, `The quadratic assignment problem
#    <https://doi.org/10.1287/mnsc.9.4.586>`_, Management Science 9 (1963), 586-599.
# .. [4] M. Hahsler, K. Hornik and C. Buchta, `Getting things in order: an introduction
#    to the R package seriation <https://doi.org/10.18637/jss.v025.i03>`_, Journal of
#    Statistical Software 25 (2008).
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_tsp.py gallery/plot_plagiarism.py gallery/plot_leaderboard.py
