r"""
Hierarchical clustering
=======================

Which states of the USA are alike, by arrests for murder, assault and rape in 1973 and
by the share of people who live in cities? A *hierarchy* answers for every degree of
likeness at once: it starts from fifty states and merges two clusters at a time. The
usual rules are greedy. Which of them solves a problem, and how far are the others from
what could be had?
"""

# sphinx_gallery_thumbnail_number = 1

import numpy as np
from scipy.spatial.distance import pdist, squareform

from formulations.arithmetic.merges import groups
from formulations.clustering import linked
from formulations.orders.leaf_order import optimal_leaf_order
from problems.clustering import EXAMPLE
from problems.io.data_table import read_data_table
from problems.pictures.dendrogram import figure_of
from problems.studies.named_rows import standardised

table = read_data_table(EXAMPLE)
X = standardised(table.values)
d = squareform(pdist(X))


def dendrogram(d, merges, names, title, k):
    """The hierarchy, its leaves in the order in which neighbours are nearest."""
    order = optimal_leaf_order(d, merges)[0]
    return figure_of(merges, order, names, title, "distance", groups(merges, k))


dendrogram(
    d,
    linked(d, "average"),
    table.rows,
    "Fifty states by average linkage, cut into five groups",
    5,
)

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Single linkage, yes: it is the
# largest ultrametric below the distances. Of other rules it is not known which problem
# they solve, but there is one that a hierarchy should do well at: what is alike should
# meet in a small cluster [3]_.
#
# **Can an off-the-shelf optimizer solve it?** A shortest spanning tree solves the
# first. The second is NP-hard. Greedy rules, from any library, give answers to it.
#
# **Is an adjacent problem more amenable?** Yes: three items at a time. The best
# that each triple could do by itself is a bound on all hierarchies.
#
# The maths
# ---------
#
# Let :math:`u_{ij}` be the height at which :math:`i` and :math:`j` meet. Heights that
# rise from the leaves to the root are an *ultrametric*, and
#
# .. math::
#
#    \begin{aligned}
#    \text{maximize} \quad & \sum_{i < j} u_{ij} \\
#    \text{subject to} \quad & u_{ik} \leq \max(u_{ij}, u_{jk}) && \text{ultrametric} \\
#    & u_{ij} \leq d_{ij} && u \leq d
#    \end{aligned}
#
# has single linkage as its answer [1]_ [2]_. Weak duality: along any path from
# :math:`i` to :math:`j`, :math:`u_{ij}` is at most the longest step. So any spanning
# tree bounds all :math:`u_{ij}` at once, and the shortest tree's bound is attained.
#
# The second problem is for similarities, here
# :math:`w_{ij} = 1 - d_{ij} / \max d`:
#
# .. math::
#
#    \text{minimize} \; \sum_{i < j} w_{ij} \,
#    \bigl| \text{least cluster with } i \text{ and } j \bigr|
#    \quad \text{over hierarchies.}
#
# The cluster has two items, :math:`i` and :math:`j`, and one more for each
# :math:`k` that is with them when they meet. Of three items the pair that meets first
# does so without the third; the other two pairs count one for it. Hence
#
# .. math::
#
#    \text{cost} \; \geq \; 2 \sum_{i < j} w_{ij} + \sum_{i < j < k}
#    \bigl( w_{ij} + w_{ik} + w_{jk} - \max(w_{ij}, w_{ik}, w_{jk}) \bigr)
#
# and the two are equal if in each triple the most similar pair meets first [4]_.
#
# The code, run
# -------------
#
# :func:`~formulations.clustering.clustering` states both, by the rule.

from formulations.clustering import clustering
from solvers import solve

for rule in ("single", "complete", "average", "centroid", "ward"):
    found = solve(clustering(d, rule))
    gap = found.value / found.bound - 1
    print(f"{rule:<9} {found.status:<9} value {found.value:10.3f}  gap {gap:.2%}")

# %%
# The value of single linkage is the sum of an ultrametric and is to be large; the
# others are costs. Average linkage is within two per cent of the best hierarchy there
# could be, whatever that is. That single linkage is proven best at its problem does not
# make it useful: it chains. Its five groups are two states alone, a pair, seven in the
# south, and all others.

solution = solve(clustering(d, "single"))
dendrogram(d, np.array(solution.answer), table.rows, "The same by single linkage", 5)

# %%
# The certificate
# ---------------

solution

# %%
# The tree's bound, once more, by its definition: the longest step of the tree's path
# between each two states. Here the paths are found by brute force, and the value, the
# bound and scipy's own linkage agree in every pair.

from formulations.arithmetic.merges import cophenetic

steps = np.full((50, 50), np.inf)
parent = solution.certificate.proof
for i in np.flatnonzero(parent >= 0):
    steps[i, parent[i]] = steps[parent[i], i] = d[i, parent[i]]
np.fill_diagonal(steps, 0)
for k in range(50):
    steps = np.minimum(steps, np.maximum(steps[:, [k]], steps[[k]]))
print(
    "u = longest steps:", np.array_equal(steps, cophenetic(np.array(solution.answer)))
)
print("u <= d:", bool((steps <= d).all()))

# %%
# Of other rules the judge checks, besides the cost and its bound, that the merges are
# what the rule says: each is of two clusters that are nearest to each other, at the
# height of their distance. A changed height is found:

problem = clustering(d, "average")
average = solve(problem)
print(average)
changed = np.array(average.answer)
changed[20, 2] += 0.01
print("broken:", problem.broken(changed))

# %%
# Up to 14 items all splits of all subsets can be gone through, which gives the best
# hierarchy of all, with a number for each subset as its proof:

from formulations.clustering import dasgupta

few = d[:12, :12]
print(solve(dasgupta(few.max() - few)))

# %%
# On the command line
# -------------------
#
# .. code-block:: console
#
#    $ python -m problems.clustering --data table.csv --standardise -k 5 --plot tree.png
#    $ python -m problems.clustering --matrix distances.csv --linkage single
#
# ``-k`` or ``--height`` cuts, ``--out`` writes the groups, and ``--compare`` puts all
# rules side by side:

from problems.clustering import RECIPE
from problems.recipe import run

exit_code = run(RECIPE, ["--standardise", "--compare", "-k", "5"])

# %%
# *cophenetic* is the correlation between distances and the heights at which pairs meet.
# The last column is the sum of squares about the groups' means, which Ward's rule
# increases by as little as it can in each step. That does not make it least in the end:
# the :doc:`plot_kmeans` page finds and proves the least.
#
# Where it fails, and what else to use
# ------------------------------------
#
# *Inversions.* Merging two clusters moves their centroid, which may then be nearer to
# a third one than they were to each other. Heights fall, and no ultrametric is left:

triangle = squareform(pdist([[0.0, 0.0], [2.0, 0.0], [1.0, 1.8]]))
print(linked(triangle, "centroid"))

# %%
# *Ties.* Where a third cluster is as near as the two that are merged, the rule leaves
# the choice open, and libraries choose by the order of rows. The report counts such
# merges. For single linkage the heights are the same, whatever is chosen.
#
# *Size.* All distances are held in memory: ten thousand rows at most. Beyond a thousand
# rows the triples are those of a thousand groups, by their least similarities, which
# leaves a larger gap.
#
# *One level is wanted.* If only k groups are needed, k-means or another partition is
# the problem to state.
#
# References
# ----------
#
# .. [1] J. C. Gower and G. J. S. Ross, `Minimum spanning trees and single linkage
#    cluster analysis <https://doi.org/10.2307/2346439>`_, Applied Statistics 18 (1969),
#    54-64.
# .. [2] N. Jardine and R. Sibson, Mathematical taxonomy, Wiley, 1971.
# .. [3] S. Dasgupta, `A cost function for similarity-based hierarchical clustering
#    <https://arxiv.org/abs/1510.05043>`_, STOC 2016.
# .. [4] D. Wang and Y. Wang, `An improved cost function for hierarchical cluster trees
#    <https://arxiv.org/abs/1812.02715>`_, Journal of Computational Geometry 11 (2020).
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_kmeans.py gallery/plot_mst.py gallery/plot_seriation.py
