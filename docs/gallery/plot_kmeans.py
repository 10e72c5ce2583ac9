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
# **Is an adjacent problem more amenable?** Yes, a semidefinite program over matrices
# that say how much two rows share a group [3]_. Its bound is often the value itself;
# where it is not, cases of pairs of rows close the gap [4]_.
#
# The maths
# ---------
#
# For rows :math:`x_1, \ldots, x_n` of mean 0 let :math:`G_{ij} = x_i^{\top} x_j`, and
# let :math:`Z_{ij} = 1 / |C|` where rows :math:`i` and :math:`j` are both in the group
# :math:`C`, otherwise 0. Then
#
# .. math::
#
#    \sum_C \sum_{i \in C} \Bigl\| x_i - \tfrac{1}{|C|} \sum_{j \in C} x_j \Bigr\|^2
#    = \operatorname{tr} G - \langle G, Z \rangle ,
#
# and :math:`Z` is a projection with :math:`Z \mathbf{1} = \mathbf{1}` and
# :math:`\operatorname{tr} Z = k`. Besides, for all rows,
#
# .. math::
#
#    \begin{aligned}
#    Z_{ij} & \geq 0 && \text{not negative} \\
#    Z_{ij} & \leq Z_{ii} && \text{pairs} \\
#    Z_{ij} + Z_{il} & \leq Z_{ii} + Z_{jl} && \text{triangles}
#    \end{aligned}
#
# Each of these reads :math:`\langle T, Z \rangle \geq 0` for a symmetric matrix
# :math:`T`. Weak duality: with multipliers :math:`y \geq 0` and
# :math:`A = \sum y T`,
#
# .. math::
#
#    \operatorname{tr} G - \langle G, Z \rangle
#    \geq \operatorname{tr} G - \langle G + A, Z \rangle
#    \geq \operatorname{tr} G - \tfrac{1}{n} \mathbf{1}^{\top} A \mathbf{1}
#    - \sum_{j < k} \lambda_j ,
#
# where :math:`\lambda_1 \geq \lambda_2 \geq \ldots` are the eigenvalues of
# :math:`G + A` on the vectors that sum to 0, by Fan's theorem: :math:`Z` is
# :math:`\mathbf{1} \mathbf{1}^{\top} / n` and a projection of rank :math:`k - 1` there.
# For :math:`y = 0` this is the bound by principal components [2]_.
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
# and the multipliers, with error bounds for the eigenvalues; how the multipliers were
# found does not matter. Here it is once more, from the formula above:

from formulations.arithmetic.partition_inequalities import Inequalities

form, leaf = kmeans(X, 2).objective, solution.certificate.proof
A = Inequalities.of(form, leaf.triangles).matrix(leaf.y)
G = X @ X.T
onto = np.eye(50) - 1 / 50
largest = np.linalg.eigvalsh(onto @ (G + A) @ onto)[-1]
print(round(np.trace(G) - A.sum() / 50 - largest, 4))

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
# Where groups overlap and are many, the bound of one relaxation is not the value. Then
# a pair of rows is once together and once apart, and each case has a bound of its own;
# the tree of cases grows quickly. For more than 300 rows groups that are far from each
# other are proven at once; else the bound is the sum of bounds on blocks of rows, which
# leaves a gap. With a time limit the gap is what is left:

solution = solve(kmeans(X, 8), time_limit=1)
print(solution.status, "value", round(solution.value, 3), "gap", solution.gap > 0.01)

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
# .. [2] C. Ding and X. He, `K-means clustering via principal component analysis
#    <https://doi.org/10.1145/1015330.1015408>`_, ICML 2004.
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
