r"""
Maps of points
==============

A sheet is rolled up, and of 1,000 places on it only the coordinates in space are known.
How would a map look on which places are as far apart as on the flat sheet?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.pictures.placed import figure_of, plane_of
from problems.studies.maps import swiss_roll

X, along = swiss_roll(1000, 0)
names = [str(i) for i in range(1, 1001)]
figure_of(plane_of(X), names, "A rolled sheet, from the side", position=along)

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes: the variables are two
# coordinates of each point, and the objective says how far they contradict the data.
# Every method has an objective of its own; what most have in common is the form below.
#
# **Can an off-the-shelf optimizer solve it?** Most of this page, yes: by eigenvectors,
# dense or sparse. Every library of linear algebra finds them.
#
# **Is an adjacent problem more amenable?** These are the adjacent problems. To keep all
# distances as well as possible, the *stress*, is a problem with many local optima; with
# as many dimensions as points it has none, which bounds it.
#
# The maths
# ---------
#
# Let :math:`Y` be an :math:`n \times k` matrix, a row for each point. For symmetric
# matrices :math:`M` and :math:`B`, the second one positive definite,
#
# .. math::
#
#    \text{minimize or maximize} \; \operatorname{tr}(Y^{\top} M Y) \quad
#    \text{over} \; Y \in \mathbb{R}^{n \times k}
#    \quad \text{subject to} \; Y^{\top} B Y = I.
#
# - *Classical scaling* maximizes with :math:`M = -\tfrac12 J D^{(2)} J`, where
#   :math:`D^{(2)}` holds the squared distances and :math:`J = I - \mathbf 1 \mathbf
#   1^{\top} / n` takes means off. Coordinates are :math:`\sqrt{\lambda_j}\, y_j`.
# - *Isomap* [1]_ does so with the lengths of shortest paths between neighbours.
# - *Diffusion maps* [2]_ maximize with a kernel :math:`M` and its sums of rows
#   :math:`B`.
# - *Laplacian eigenmaps* [3]_ minimize with the Laplacian :math:`M = B - A` of the
#   graph of neighbours, :math:`B` being its degrees.
# - *Locally linear embedding* [4]_ minimizes with :math:`M = (I - W)^{\top} (I - W)`,
#   where :math:`W X` writes each point as an average of its neighbours.
# - *Tangent space alignment* [5]_ minimizes what is not affine in tangent coordinates,
#   neighbourhood by neighbourhood.
# - *Hessian eigenmaps* [6]_ minimize the squares of second derivatives along the
#   surface.
#
# *Maximum variance unfolding* [9]_ is no such trace. It draws the points as far apart
# as they can be, :math:`\sum_i \|y_i - \bar y\|^2`, while neighbours come no further
# apart than they are, :math:`\|y_i - y_j\| \le d_{ij}`. In as many dimensions as it
# takes, this is convex, a semidefinite program in the inner products.
#
# *Metric scaling* [7]_ is no such trace, nor convex: it minimizes the *stress*
# :math:`\sum_{i<j} (\|y_i - y_j\| - d_{ij})^2`. Nor is *t-SNE* [8]_, which makes pairs
# as likely to be neighbours as they are in the data.
#
# In all but the first two a constant vector has the best value there is, and tells
# nothing. Therefore :math:`k + 1` vectors are asked for, and the answer is the part of
# their span that is orthogonal, by :math:`B`, to constants.
#
# The bound is Fan's: no :math:`Y` has a smaller trace than the sum of the :math:`k`
# least eigenvalues of :math:`M x = \lambda B x`, nor a larger one than that of the
# largest.
#
# The code, run
# -------------

from formulations.embedding import isomap
from formulations.embeddings.neighbours import nearest
from solvers import solve

near = nearest(X, 10)
solution = solve(isomap(near, 2))
sheet = solution.answer
figure_of(
    sheet,
    names,
    "The sheet unrolled by Isomap",
    plane=plane_of(X),
    edges=near.joined,
    position=along,
)

# %%
# On the sheet the first coordinate should be the length of the spiral:

angle = 1.5 * np.pi * (1 + 2 * along)
length = (angle * np.hypot(1, angle) + np.arcsinh(angle)) / 2
print(f"correlation {abs(np.corrcoef(length, sheet[:, 0])[0, 1]):.5f}")

# %% Hessian eigenmaps know nothing of distances, only of what is affine nearby. The
# sheet is a rectangle again, but both its sides have the same length, as
# :math:`Y^{\top} Y = I`.

from formulations.embedding import hessian, laplacian, locally_linear

flat = solve(hessian(X, near, 2))
figure_of(flat.answer, names, "The same by Hessian eigenmaps", position=along)

# %%
# The certificate
# ---------------
#
# *Value* is the trace of the answer, *bound* the sum of the two largest eigenvalues,
# with all that rounding may have done to them. It holds for the matrix :math:`M` in
# memory.

solution

# %% The judge has approximate eigenvectors, and a threshold between the second and the
# third eigenvalue. A factorisation shows that no more than two eigenvalues are above
# it, so that none was missed. What is proven is that no other map keeps these numbers
# better; it is not proven that the points are from a sheet.
#
# Methods that minimize have eigenvalues near 0, where a missed one is
# easily overlooked. Here the sparse matrix minus the threshold is factorised as
# :math:`L D L^{\top}`, and the positive entries of :math:`D` are counted:

for method in (laplacian(near, 2), locally_linear(X, near, 2), hessian(X, near, 2)):
    found = solve(method)
    print(f"{found.status}: {found.value:.6e}, at least {found.bound:.6e}")

# %% Unfolding is proven by weights :math:`w` of neighbours, the tension in each pair.
# With :math:`\lambda` the second eigenvalue of their Laplacian, no positions have a
# spread above :math:`\sum w_{ij} d_{ij}^2 / \lambda`. Where the optimum has no more
# dimensions than the map, nothing is lost by drawing it.

from formulations.unfolding import unfolding

found = solve(unfolding(nearest(X[:250], 5)))
print(f"spread {found.value:.3f}, at most {found.bound:.3f}: {found.status}")
shares = (found.answer**2).sum(axis=0) / found.value
print(f"in {len(shares)} dimensions, with shares {shares.round(4)}")

# %% The stress of a map in the plane is bounded by that in more dimensions. Of the
# lengths of paths between every tenth point:

from formulations.stress import stress

few = near.paths[::10, ::10]
found = solve(stress(few, 2))
print(
    f"stress {found.value:.1f}, in any number of dimensions at least {found.bound:.1f}"
)

# %%
# Of t-SNE only the value is known: no bound of use has been found, and from other
# starts it may go lower. Its groups are of neighbours, and say little of what is far.

from formulations.tsne import tsne

found = solve(tsne(near.paths[::10, ::10], 2))
print(f"{found.status}: divergence {found.value:.4f}, bound {found.bound}")

# %%
# On the command line
# -------------------
#
# .. code-block:: console
#
#    $ python -m problems.embedding --data table.csv --method isomap --plot map.png
#    $ python -m problems.embedding --matrix distances.csv --method mds --out map.csv
#
# Distances alone are enough for ``mds``, ``smacof``, ``isomap``, ``sdp``,
# ``laplacian``, ``diffusion`` and ``tsne``; a table of road distances between cities
# gives back a map of the country, perhaps reflected. *Trustworthiness* says whether
# what is near on the map is near in the data, *residual variance* how little the
# distances on the map explain of the given ones.

from problems.embedding import RECIPE
from problems.recipe import run

run(RECIPE, ["--method", "ltsa", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Shortcuts.* With more neighbours an edge crosses from one turn of the roll to the
# next, and all paths through it are too short. The map is still proven to be the best
# one of these wrong lengths; only a look at it, or the residual variance, tells.

wide = nearest(X, 25)
short = solve(isomap(wide, 2))
print(short.status)
figure_of(
    short.answer,
    names,
    "With 25 neighbours: proven, and wrong",
    plane=plane_of(X),
    edges=wide.joined,
    position=along,
)

# %%
# *Stretching.* Unfolding holds neighbours, and whatever is not held is pulled: where
# points are few, ways along them zigzag, and it pulls these straight, so that a sheet
# becomes longer and narrower than it was. More points, or more neighbours, hold it.
#
# *Parts.* With too few neighbours the graph is in several parts, between which nothing
# is known. The command says how many neighbours connect them.
#
# *Arches.* Methods that minimize may spend the second coordinate on a function of the
# first, where the surface is long and narrow. Ask for a third one, or use Isomap.
#
# *Missing distances.* Where only some distances are known, and some points are in known
# places, ``--graph distances.csv --anchors places.csv`` finds the others by a
# semidefinite program (:func:`~formulations.localisation.localisation`), and tells how
# far from there other places can be.
#
# *New points.* ``--new more.csv`` places the rows of a second table on a map that was
# made without them, where the method has a rule for it: ``mds``, ``isomap``, ``lle``,
# ``laplacian`` and ``diffusion``. What is proven is said of the map alone.
#
# *Scale.* Isomap, scaling and diffusion maps need all distances, of some thousand
# points, and unfolding some hundred points, with up to 3,000 pairs of neighbours; the
# others have sparse matrices and go further.
#
# References
# ----------
#
# .. [1] J. B. Tenenbaum, V. de Silva and J. C. Langford, `A global geometric framework
#    for nonlinear dimensionality reduction
#    <https://doi.org/10.1126/science.290.5500.2319>`_, Science 290 (2000), 2319-2323.
# .. [2] R. R. Coifman and S. Lafon, `Diffusion maps
#    <https://doi.org/10.1016/j.acha.2006.04.006>`_, Applied and Computational Harmonic
#    Analysis 21 (2006), 5-30.
# .. [3] M. Belkin and P. Niyogi, `Laplacian eigenmaps for dimensionality reduction and
#    data representation <https://doi.org/10.1162/089976603321780317>`_, Neural
#    Computation 15 (2003), 1373-1396.
# .. [4] S. T. Roweis and L. K. Saul, `Nonlinear dimensionality reduction by locally
#    linear embedding <https://doi.org/10.1126/science.290.5500.2323>`_, Science 290
#    (2000), 2323-2326.
# .. [5] Z. Zhang and H. Zha, `Principal manifolds and nonlinear dimensionality
#    reduction via tangent space alignment
#    <https://doi.org/10.1137/S1064827502419154>`_, SIAM Journal on Scientific Computing
#    26 (2004), 313-338.
# .. [6] D. L. Donoho and C. Grimes, `Hessian eigenmaps: locally linear embedding
#    techniques for high-dimensional data <https://doi.org/10.1073/pnas.1031596100>`_,
#    Proceedings of the National Academy of Sciences 100 (2003), 5591-5596.
# .. [7] J. de Leeuw and P. Mair, `Multidimensional scaling using majorization: SMACOF
#    in R <https://doi.org/10.18637/jss.v031.i03>`_, Journal of Statistical Software 31
#    (2009), number 3.
# .. [8] L. van der Maaten and G. Hinton, `Visualizing data using t-SNE
#    <https://jmlr.org/papers/v9/vandermaaten08a.html>`_, Journal of Machine Learning
#    Research 9 (2008), 2579-2605.
# .. [9] K. Q. Weinberger and L. K. Saul, `Unsupervised learning of image manifolds by
#    semidefinite programming <https://doi.org/10.1007/s11263-005-4939-z>`_,
#    International Journal of Computer Vision 70 (2006), 77-90; J. Sun, S. Boyd, L. Xiao
#    and P. Diaconis, `The fastest mixing Markov process on a graph and a connection to
#    a maximum variance unfolding problem <https://doi.org/10.1137/S0036144504443821>`_,
#    SIAM Review 48 (2006), 681-699.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_pca.py gallery/plot_seriation.py gallery/plot_shortest_path.py
