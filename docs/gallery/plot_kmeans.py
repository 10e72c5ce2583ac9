r"""
k-means
=======

Into which two groups do the fifty states of the USA fall, by arrests for murder,
assault and rape in 1973 and by the share of people who live in cities? Usually one
starts from random groups, improves them step by step, and hopes. Here the answer comes
with a proof that no other partition is better.
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.io.data_table import read_data_table
from problems.kmeans import EXAMPLE
from problems.pictures.groups import figure_of, lloyd
from problems.studies.named_rows import standardised

table = read_data_table(EXAMPLE)
X = standardised(table.values)
labels, means = lloyd(X, np.arange(50) % 2, 2)[-1]
figure_of(X, labels, means, table.columns, 0, "Two groups, by steps from random ones")

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes: of all partitions into
# :math:`k` groups the one for which the squares of distances to the groups' means sum
# to least.
#
# **Can an off-the-shelf optimizer solve it?** It can find good partitions: Lloyd's
# steps assign each row to the nearest mean and move each mean to its rows. They end at
# a partition that such a step does not improve, and say nothing of others. The problem
# is NP-hard [1]_.
#
# **Is an adjacent problem more amenable?** Yes, a linear program that chooses
# :math:`k` sets of rows, a column for each of all :math:`2^n` sets [2]_. Its value is
# nearly always that of the best partition, and its dual has but one variable for each
# row. In many dimensions a semidefinite program takes its place [3]_. Where neither is
# the value, cases of pairs of rows close the gap [4]_.
#
# The maths
# ---------
#
# With a center :math:`c_t` for each group the problem is
#
# .. math::
#
#    \text{minimize} \; \sum_i \min_{t \leq k} \| x_i - c_t \|^2
#    \; \text{over} \; c_1, \ldots, c_k .
#
# Let row :math:`i` pay a price :math:`a_i` for being served by a center. However the
# :math:`k` centers lie,
#
# .. math::
#
#    \min_t \| x_i - c_t \|^2 \geq a_i - \sum_t \max(0, a_i - \| x_i - c_t \|^2) ,
#
# as the nearest center alone makes the right-hand side no larger than the left. Summed
# over the rows, and with the best place for a center instead of those there are,
#
# .. math::
#
#    \sum_i \min_t \| x_i - c_t \|^2 \geq
#    \sum_i a_i - k \max_c \sum_i \max(0, a_i - \| x_i - c \|^2) .
#
# This is weak duality: any prices prove a bound. The maximum over places :math:`c` is
# found by branch and bound on boxes, quickly in up to four or five dimensions.
#
# The code, run
# -------------

from formulations.kmeans import kmeans
from solvers import solve

solution = solve(kmeans(X, 2))
print(round(solution.value, 4), np.bincount(solution.answer.labels))
for group in range(2):
    names = [table.rows[i] for i in np.flatnonzero(solution.answer.labels == group)]
    print(group, ", ".join(names[:6]), "...")

# %%

figure_of(
    X,
    solution.answer.labels,
    solution.answer.centers,
    table.columns,
    1,
    f"Two groups of states, sum of squares {solution.value:.4f}: {solution.status}",
)

# %%
# The certificate
# ---------------

solution

# %%
# The bound holds for every partition into two groups. It is recomputed from the table
# and the prices, one for each state; how these were found does not matter. Here it is
# once more, from the formula above, with a search for the best center that proves
# nothing, but is easy to read: a center moves to the mean of the rows that gain by it.

a = solution.certificate.proof.a
most = 0.0
for center in X:
    for _ in range(50):
        gain = np.maximum(0, a - ((X - center) ** 2).sum(axis=1))
        if not gain.any():
            break
        most, center = max(most, gain.sum()), X[gain > 0].mean(axis=0)
print(round(a.sum() - 2 * most, 4))

# %%
# A proof says that no partition has a smaller sum of squares. It does not say that
# there are two groups of states, or any, nor that the scale of the columns is right.
#
# On the command line
# -------------------
#
# .. code-block:: console
#
#    $ python -m problems.kmeans --data table.csv -k 3 --plot groups.png
#
# Demands name rows: ``--together Ohio Iowa`` keeps two in one group, ``--apart`` in
# two, ``--at-least`` and ``--at-most`` limit the sizes of groups.

from problems.kmeans import RECIPE
from problems.recipe import run

_ = run(RECIPE, ["--standardise", "-k", "2", "--apart", "Ohio", "Utah", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# In many dimensions boxes of places are too many, and the semidefinite program needs
# minutes for a hundred rows; where its bound is not the value either, a pair of rows is
# once together and once apart, and the tree of such cases grows quickly. Of more than
# 500 rows those near each other share a price, which leaves a gap of some per cent; in
# many dimensions the bound is then the sum of bounds on blocks of rows, which leaves
# more, unless groups are far from each other. With a limit the gap is what is left:

cloud = np.random.default_rng(0).normal(size=(2000, 2))
solution = solve(kmeans(cloud, 3), time_limit=3)
print(
    solution.status,
    "value",
    round(solution.value, 1),
    "gap below 10 %",
    solution.gap < 0.1,
)

# %%
# Squared distances prefer round groups of equal width, and a single row far away can
# have a group of its own. For groups of other forms, or rows that belong to several,
# fit a mixture of Gaussians: ``python -m problems.gan --generator mixture``.
#
# References
# ----------
#
# .. [1] D. Aloise, A. Deshpande, P. Hansen and P. Popat, `NP-hardness of Euclidean
#    sum-of-squares clustering <https://doi.org/10.1007/s10994-009-5103-0>`_, Machine
#    Learning 75, 2009.
# .. [2] O. du Merle, P. Hansen, B. Jaumard and N. Mladenovic, `An interior point
#    algorithm for minimum sum-of-squares clustering
#    <https://doi.org/10.1137/S1064827597328327>`_, SIAM J. on Scientific Computing
#    21, 2000.
# .. [3] J. Peng and Y. Wei, `Approximating K-means-type clustering via semidefinite
#    programming <https://doi.org/10.1137/050641983>`_, SIAM J. on Optimization
#    18, 2007.
# .. [4] V. Piccialli, A. M. Sudoso and A. Wiegele, `SOS-SDP: an exact solver for
#    minimum sum-of-squares clustering <https://doi.org/10.1287/ijoc.2022.1166>`_,
#    INFORMS Journal on Computing 34, 2022.
#
# Related pages
# -------------
#
# .. minigallery:: gallery/plot_pca.py gallery/plot_gan.py
