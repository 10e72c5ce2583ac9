r"""
How far apart are two samples?
==============================

One file holds real rows, the other rows that a program has made up. Do they follow the
same law, and if not, where do they differ, and by how much? Below, each column by
itself has the same law in both files, but the columns go together in only one of them.
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.pictures.differences import figure_of
from problems.studies.paired_tables import Pair, Sample

random = np.random.default_rng(0)
p, q = random.normal(size=(2, 1000, 2))
p[:, 1] = 0.8 * p[:, 0] + 0.6 * p[:, 1]  # of variance 1, as before
rows = [str(i) for i in range(1000)]
samples = Sample("real", p, rows), Sample("synthetic", q, rows)
pair = Pair(*samples, columns=["a", "b"], labels=[None, None])
figure_of(pair, [], None)

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes, in several ways, one for each
# notion of distance. The Wasserstein distance is the least cost of moving one sample
# onto the other. An :math:`f`-divergence is the greatest value of a game in which a
# function of a row, the discriminator, tells one law from the other.
#
# **Can an off-the-shelf optimizer solve it?** Transport between samples, yes: it is a
# flow of least cost. A discriminator is fitted by minimizing the logistic loss, for
# which any classifier serves; the best of all functions it does not find.
#
# **Is an adjacent problem more amenable?** Any discriminator gives a lower bound, so it
# need not be the best. In the unit ball of a kernel's space the best is known in closed
# form, which is the maximum mean discrepancy. On lines transport is sorting.
#
# The maths
# ---------
#
# Let :math:`q` and :math:`p` be the laws of the rows and :math:`f` a convex function
# with :math:`f(1) = 0` and conjugate :math:`f^*`. By weak duality every function
# :math:`S` gives a bound [1]_,
#
# .. math::
#
#    D_f(q \,\|\, p) = \int f\Bigl(\frac{q}{p}\Bigr) \, p \; \geq \;
#    E_q \, S(X) - E_p \, f^*(S(X)), \qquad
#    \text{equal at} \; S = f'\Bigl(\frac{q}{p}\Bigr).
#
# A classifier of the rows of :math:`q` against those of :math:`p` estimates
# :math:`v = \log q / p`, so :math:`S = f'(e^v)` serves every :math:`f` at once. The two
# expectations are unknown. Each is replaced by a confidence limit from rows that the
# classifier has not seen: each half of the rows is claimed on by what the other half
# has taught, and the larger of both limits holds.
#
# The Wasserstein distance of order :math:`r` is defined by
#
# .. math::
#
#    W_r^r = \min_{P \geq 0} \; \sum_{i, j} |x_i - y_j|^r \, P_{ij}
#    \quad \text{subject to} \; \sum_j P_{ij} = \frac{1}{n}, \;
#    \sum_i P_{ij} = \frac{1}{m}.
#
# The code, run
# -------------
#
# Transport is stated by :func:`~formulations.wasserstein.wasserstein`; numbers are in
# standard deviations of both samples together, so that no column outweighs another.

from problems.studies.comparison import Comparison, accuracy, at_least, log_ratios
from solvers import solve

comparison = Comparison(pair, seed=0)
solution = solve(comparison.problem())
print(f"W1: {solution.parts['W1'].value:.4f}")
print(f"W2: {solution.parts['W2 squared'].value ** 0.5:.4f}")

# %%
# Two samples of one law are apart as well. Two halves of the real rows say by how much,
# at half as many rows:

found = comparison.measured(solution)
halves = found["halves_of_p"]
print(f"halves of p: W1 {halves['wasserstein_1']['value']:.4f}")

# %%
# The classifier's limits on the divergences of the laws, each at 95 % confidence. The
# KL divergence of these two laws is known: with the correlation :math:`\rho = 0.8` it
# is :math:`\frac{1}{2} (\frac{2}{1 - \rho^2} - 2 + \log(1 - \rho^2))`.

for name, limit in at_least(found["halves"]).items():
    print(f"{name:>16}  at least {limit:.4f}")
print(f"KL(q || p) is {(2 / 0.36 - 2 + np.log(0.36)) / 2:.4f}")
print(f"told apart: {accuracy(found['halves'])['accuracy']:.1%} of rows")

# %%
# Tests of :math:`p = q` by kernels [3]_, beside that by the classifier [4]_: labels are
# drawn anew at random, and the p-value is the share of drawings at which the samples
# are as far apart as they are, or farther.

for name, test in found["kernels"].items():
    print(f"{name}: {test['value']:.4f}, p-value {test['p_value']}")

# %%
# Where they differ: the rows that the other sample has the fewest like.

figure_of(pair, found["columns"], log_ratios(pair, found["halves"]))

# %%
# The certificate
# ---------------
#
# *Value* and *bound* are those of both transports, :math:`W_1 + W_2^2`: the costs of
# the best plans, and what potentials earn that never exceed a distance. They prove the
# distances between the samples, exactly. They do not prove the distance between the
# laws; that of the samples tends to exceed it, in many dimensions by far [2]_.

solution

# %%
# On the command line
# -------------------
#
# In a terminal, with two tables,
#
# .. code-block:: console
#
#    $ python -m problems.divergence --p real.csv --q synthetic.csv --plot where.png
#
# Columns are matched by name; ``--columns`` chooses some, ``--categories`` reads
# labels, ``--missing drop`` leaves out rows with missing values.

from problems.divergence import RECIPE
from problems.recipe import run

exit_code = run(RECIPE, ["--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *A limit of 0 shows nothing.* Neither does a large p-value: the classifier may be too
# weak, or the rows too few. Of 40 rows each there is little to be claimed:

few = Pair(
    *(Sample(s.name, s.values[:40], rows[:40]) for s in samples),
    columns=["a", "b"],
    labels=[None, None],
)
few_rows = Comparison(few, seed=0)
claimed = at_least(few_rows.measured(solve(few_rows.problem()))["halves"])
print(f"KL(q || p) at least {claimed['kl']:.4f}")

# %%
# *Copies.* A program that hands out the real rows again is at distance 0. How many rows
# the files share is counted and said, but not whether a row is merely close to one.
#
# *Many rows.* Of more than 2,000 rows 2,000 drawn at random are transported, those of a
# single column all; the sliced distance, over random lines, is that of all. Of 4,000
# rows :func:`~formulations.transport.entropic_limits` bounds both distances: Sinkhorn's
# potentials from below, and its plan, rounded, from above. For entropic transport of
# more rows see the package `POT <https://pythonot.github.io>`_.
#
# *Images and texts* are compared by features of a network that was trained on others.
#
# References
# ----------
#
# .. [1] X. Nguyen, M. J. Wainwright and M. I. Jordan, `Estimating divergence
#    functionals and the likelihood ratio by convex risk minimization
#    <https://doi.org/10.1109/TIT.2010.2068870>`_, IEEE Transactions on Information
#    Theory 56 (2010), 5847-5861.
# .. [2] N. Fournier and A. Guillin, `On the rate of convergence in Wasserstein distance
#    of the empirical measure <https://doi.org/10.1007/s00440-014-0583-7>`_, Probability
#    Theory and Related Fields 162 (2015), 707-738.
# .. [3] A. Gretton et al., `A kernel two-sample test
#    <https://jmlr.org/papers/v13/gretton12a.html>`_, Journal of Machine Learning
#    Research 13 (2012), 723-773.
# .. [4] D. Lopez-Paz and M. Oquab, `Revisiting classifier two-sample tests
#    <https://openreview.net/forum?id=SJkXfE5xx>`_, ICLR 2017.
#
# Related pages
# -------------
#
# .. minigallery:: gallery/plot_transport.py gallery/plot_gan.py
