r"""
Principal components
====================

Four numbers are known of each of the fifty states of the USA in 1973: arrests for
murder, assault and rape, and the share of people who live in cities. A sheet of paper
has two directions. Along which two do the states differ most?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.io.data_table import read_data_table
from problems.pca import EXAMPLE
from problems.pictures.components import figure_of

table = read_data_table(EXAMPLE)
X = table.values
Z = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
first_two = np.eye(4)[:, :2]
figure_of(
    Z @ first_two,
    first_two,
    np.full(4, 0.25),
    table.rows,
    table.columns,
    "Two of the four numbers show half of the differences",
)

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes. The variable is a *frame*: two
# vectors of length 1 at right angles to each other. To be maximized is the variance of
# the states' projections on them.
#
# **Can an off-the-shelf optimizer solve it?** Not one for convex problems as it stands,
# as a sum of squares is maximized and the frames are no convex set. But any library of
# linear algebra: eigenvectors are the answer.
#
# **Is an adjacent problem more amenable?** Yes, the convex hull of all frames, seen as
# projections, is a set of matrices on which the objective is linear. It has the same
# optimum, and its dual is what proves the answer.
#
# The maths
# ---------
#
# Let :math:`Z` be the table, an :math:`n \times p` matrix, with columns of mean 0 and,
# as they are in different units, of standard deviation 1. Then
# :math:`C = Z^{\top} Z / (n - 1)` is the correlation matrix, and
#
# .. math::
#
#    \text{maximize} \; \operatorname{tr}(Y^{\top} C Y) \quad
#    \text{over} \; Y \in \mathbb{R}^{p \times k}
#    \quad \text{subject to} \; Y^{\top} Y = I.
#
# The columns of :math:`Y` are called *loadings*, :math:`Z Y` are the *scores*. The
# projection :math:`P = Y Y^{\top}` has eigenvalues 0 and 1. The convex hull of such
# matrices, called Fantope, gives the relaxation [2]_
#
# .. math::
#
#    \begin{aligned}
#    \text{maximize} \quad & \operatorname{tr}(C P) \\
#    \text{subject to} \quad & \operatorname{tr} P = k && \text{trace} \\
#    & P \preceq I && \text{at most 1} \\
#    & P \succeq 0 && \text{at least 0}
#    \end{aligned}
#
# Weak duality: for every threshold :math:`t` and every :math:`Q D Q^{\top}` with
# :math:`C \preceq t I + Q D Q^{\top}`, where :math:`D \geq 0`, and every feasible
# :math:`P`
#
# .. math::
#
#    \operatorname{tr}(C P) \; \leq \; k t + \operatorname{tr} (Q D Q^{\top}),
#
# and at eigenvectors :math:`Q` with eigenvalues :math:`\lambda_i` above :math:`t` the
# right side is :math:`k t + \sum_i (\lambda_i - t)^+ = \lambda_1 + \cdots + \lambda_k`:
# no frame has a larger trace than that sum [1]_.
#
# The code, run
# -------------
#
# :func:`~formulations.pca.pca` states the problem, LAPACK finds the eigenvectors.

from formulations.pca import covariance, pca
from solvers import solve

problem = pca(X, 2)
solution = solve(problem)
loadings = np.array(solution.answer["loadings"])
variances = np.array(solution.answer["variances"])
for name, (one, two) in zip(table.columns, loadings, strict=True):
    print(f"{name:<10}{one:10.7f} {two:10.7f}")
print("variances", variances.round(7))

# %%
# The first component is crime as a whole, the second is mostly whether people live in
# cities. These are the numbers of table 10.1 of a well-known book [3]_.

title = f"Two components show {solution.value / 4:.1%} of the differences"
figure_of(Z @ loadings, loadings, variances / 4, table.rows, table.columns, title)

# %%
# The certificate
# ---------------
#
# *Value* is the variance along the two components, *bound* what no other two directions
# exceed. The bound allows for rounding: it holds for the exact correlation matrix of
# the numbers in the table, not only for the one in memory.

solution

# %%
# The judge proves the bound in two steps, from the two eigenpairs and a threshold
# between the second and the third. The residual says how near to
# two eigenvalues the numbers are. That there is no third one above the threshold is the
# other half; else a largest one might have been missed. A Cholesky factorisation says
# so, which exists for positive definite matrices only:

C = covariance(X).matrix
t = (variances[1] + variances[2]) / 2
residual = C @ loadings - loadings * variances[:2]
print(f"two eigenvalues are within {np.linalg.norm(residual):.1g} of {variances[:2]}")
np.linalg.cholesky(t * np.eye(4) - C + loadings * variances[:2] @ loadings.T)
print(f"and no other is above {t:.4f}")

# %%
# On the command line
# -------------------
#
# .. code-block:: console
#
#    $ python -m problems.pca --data table.csv --plot components.png
#    $ python -m problems.pca --data table.csv --explain .9 --out scores.csv
#
# Columns are standardised unless ``--raw`` is given. ``--explain .9`` looks for as many
# components as explain nine tenths of the variance, and proves that fewer do not.
# ``--sparse 2`` and ``--robust`` are explained below.

from problems.pca import RECIPE
from problems.recipe import run

exit_code = run(RECIPE, ["--explain", ".9", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Units.* Without standardising, the column with the largest numbers is the first
# component: here it is assault, whose numbers are in the hundreds.

raw = solve(pca(X, 1, standardise=False))
print(table.columns, np.round(np.ravel(raw.answer["loadings"]), 3))

# %%
# *Equal eigenvalues.* Directions of the same variance can be turned into each other,
# and are as good. The report says so:

print(solve(pca([[1, 0], [-1, 0], [0, 1], [0, -1]], 1, standardise=False)))

# %%
# *Small variances.* The matrix :math:`C` squares the numbers: a variance that is
# :math:`10^{-16}` of the largest is lost in rounding, which a singular value
# decomposition of :math:`Z` (``numpy.linalg.svd``) still finds.
#
# *All columns take part.* Every loading is a number other than 0.
# :func:`~formulations.sparse_pca.sparse_pca` allows a given number of them. That is
# NP-hard, but a branch and bound by eigenvalues proves some twenty columns at once:

from formulations.sparse_pca import sparse_pca

sparse = solve(sparse_pca(X, 2))
print(sparse)
print(table.columns, sparse.answer.round(4))

# %%
# *Gross errors.* A sum of squares follows a few numbers that are far off.
# :func:`~formulations.robust_pca.robust_pca` splits the table into a matrix of low rank
# and a sparse one, by a convex problem that is proven by its dual [4]_. Here a table of
# rank 1 gets two slips:

from formulations.robust_pca import robust_pca

M = np.outer(np.arange(1.0, 13), np.arange(1.0, 9))
M[3, 5], M[9, 2] = 500, -300
split = solve(robust_pca(M))
print(split)
slips = np.abs(split.answer.sparse) > 1
print("rank", split.answer.rank, "and slips at", np.argwhere(slips).tolist())

# %%
# *Bends.* Components are straight. Rows that lie on a curved surface are better shown
# by the methods of manifold learning.
#
# References
# ----------
#
# .. [1] K. Fan, `On a theorem of Weyl concerning eigenvalues of linear
#    transformations I
#    <https://doi.org/10.1073/pnas.35.11.652>`_, Proceedings of the National Academy of
#    Sciences 35 (1949), 652-655.
# .. [2] M. L. Overton and R. S. Womersley, `On the sum of the largest eigenvalues of a
#    symmetric matrix <https://doi.org/10.1137/0613006>`_, SIAM Journal on Matrix
#    Analysis and Applications 13 (1992), 41-45.
# .. [3] G. James, D. Witten, T. Hastie and R. Tibshirani, `An Introduction to
#    Statistical Learning <https://www.statlearning.com>`_, Springer, 2013.
# .. [4] E. J. Candès, X. Li, Y. Ma and J. Wright, `Robust principal component analysis?
#    <https://doi.org/10.1145/1970392.1970395>`_, Journal of the ACM 58 (2011).
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_seriation.py gallery/plot_transport.py
