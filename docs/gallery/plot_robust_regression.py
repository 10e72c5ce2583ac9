r"""
Regression against an adversary
===============================

A rule is learned from numbers that were measured badly, or from people unlike those it
will be used for. Suppose the worst: somebody moves every point, or weighs the points
anew, after the rule is fixed, and within a stated budget. Which rule loses least?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

rng = np.random.default_rng(0)
X = rng.standard_normal((60, 6)) @ np.diag([3, 1, 1, 0.3, 0.3, 0.3])
y = X @ [1.0, 1.0, 0.0, 2.0, 0.0, 0.0] + rng.standard_t(2, 60)
print(f"{len(y)} rows of {X.shape[1]} numbers, and noise with heavy tails")

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes, as two in one: the rule
# minimizes what the adversary maximizes.
#
# **Can an off-the-shelf optimizer solve it?** Not as it stands: the inner maximum is
# over all distributions in a set. But its Lagrangian dual has a few numbers as
# variables, and with it the whole problem is a convex program of cones.
#
# **Is an adjacent problem more amenable?** For smooth losses Newton's method is quicker
# than any cone solver. And the two players can be left to play: descent for the rule,
# projected ascent for the adversary, as networks are trained against attacks.
#
# The maths
# ---------
#
# Let :math:`z_i = y_i - x_i^{\top} w - b` be the residuals and :math:`\ell` a convex
# loss. To be found is
#
# .. math::
#
#    \min_{w, b} \; \max_{Q \in \mathcal{Q}_r} \; E_Q[\ell(z)]
#
# for a set :math:`\mathcal{Q}_r` of distributions around the :math:`n` rows. If these
# may move by :math:`r` *on average*, and :math:`\ell` has slopes up to :math:`L`, the
# inner maximum is a penalty on the dual norm of the coefficients [1]_:
#
# .. math::
#
#    \frac1n \sum_i \ell(z_i) + r L \|w\|_*.
#
# If their *weights* may change, with a mean of :math:`(n p_i - 1)^2` up to :math:`r`,
# it is the minimum over a number :math:`t` of
#
# .. math::
#
#    t + \sqrt{1 + r} \, \left( \frac1n \sum_i \max(0, \ell(z_i) - t)^2 \right)^{1/2},
#
# and similar for weights near each other in the sense of Kullback and Leibler, or for
# the share of rows that lose most, called conditional value at risk [2]_.
#
# Weak duality: for every :math:`Q` in the set and all numbers :math:`u_i`, one a row,
# with the conjugate :math:`\ell^*` of the loss
#
# .. math::
#
#    E_Q[\ell(z)] \; \geq \; E_Q[u \, y - \ell^*(u)] \qquad
#    \text{where} \; E_Q[u \, x] = 0, \; E_Q[u] = 0,
#
# for every rule, as the terms with :math:`w` and :math:`b` vanish.
#
# The code, run
# -------------
#
# :func:`~formulations.robust_regression.robust_regression` states the problem.

from formulations.robust_regression import robust_loss, robust_regression
from solvers import solve

plain = solve(robust_regression(X, y, "absolute", radius=0)).answer
solution = solve(robust_regression(X, y, "absolute", "wasserstein", radius=0.3))
print("plain ", plain.round(3))
print("robust", solution.answer.round(3))

# %%
# The certificate
# ---------------
#
# *Value* is what the rule loses in the worst case, *bound* what every rule loses at
# least, and the solver is not asked again for either.

solution

# %%
# The other half of the proof is the worst case itself. It is a distribution, and it is
# constructed: one row, moved far, is all that the adversary needs.

from formulations.ambiguity.worst_case import worst_case

form = robust_loss(X, y, "absolute", "wasserstein", 0.3)
worst = worst_case(form, solution.answer)
print(f"loses {worst.loss:.9f}, the value is {solution.value:.9f}")
print(
    f"rows moved {np.linalg.norm(worst.moves, axis=1) @ worst.weights:.3f} on average"
)

# %%
# On the command line
# -------------------
#
# .. code-block:: console
#
#    $ python -m problems.robust_regression --data table.csv --target price --radius cv
#    $ python -m problems.robust_regression --data table.csv --target label \
#          --loss logistic --against cvar --plot rule.png
#
# ``--radius cv`` takes the radius whose rules lose least on rows held out.

from problems.recipe import run
from problems.robust_regression import RECIPE

exit_code = run(RECIPE, ["--loss", "absolute", "--radius", "2", "--quiet"])

# %%
# What the picture of ``--plot`` shows: coefficients shrink, the small ones to nothing,
# and the robust rule pays a little where nobody interferes for much less where somebody
# does.

from problems.pictures.robust_rules import figure_of

radii = np.linspace(0, 1, 21)
forms = [robust_loss(X, y, "absolute", "wasserstein", r) for r in radii]
losses = [np.array([f.value(rule) for f in forms]) for rule in (plain, solution.answer)]
figure_of(
    solution.answer[:-1],
    plain[:-1],
    [f"column {k}" for k in range(1, 7)],
    X.std(axis=0),
    (radii, *losses),
    0.3,
    "A robust rule loses a little more if nobody interferes, and less if somebody does",
    "radius of the adversary's set",
)

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *The radius is an assumption.* Nothing in the data says how bad the worst will be.
# Cross-validation finds a radius that suits rows like those at hand, not others.
#
# *Outliers.* An adversary that moves rows a little is not the one that replaces a tenth
# of them. Weighing the worst rows more, as ``cvar`` and ``chi-squared`` do, makes gross
# errors count even more:

worst_rows = solve(robust_regression(X, y, "absolute", "cvar", radius=0.2))
print("the worst fifth", worst_rows.answer.round(3), worst_rows.status)

# %%
# Against errors in :math:`y` take a loss that grows slowly (``absolute``, ``huber``);
# against many of them see robust estimators of location.
#
# *Labels that are told apart without an error.* Without an adversary the logistic loss
# has no minimum then, as ever larger coefficients lose ever less. A radius above 0
# mends that.
#
# *More than linear rules.* For networks the inner maximum has no closed form: there is
# an attack from one side and a relaxation from the other.
#
# References
# ----------
#
# .. [1] S. Shafieezadeh-Abadeh, D. Kuhn and P. Mohajerin Esfahani, `Regularization via
#    mass transportation <https://jmlr.org/papers/v20/17-633.html>`_, Journal of Machine
#    Learning Research 20 (2019).
# .. [2] R. T. Rockafellar and S. Uryasev, `Optimization of conditional value-at-risk
#    <https://doi.org/10.21314/JOR.2000.038>`_, Journal of Risk 2 (2000), 21-41.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_saddle.py gallery/plot_pca.py
