r"""
A challenge with a leaderboard
==============================

Everyone in the course writes a function that puts programs into an order, those that
are alike close together. Whose function is the best, and can the ranking be trusted?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.io.pairs import Pairs
from problems.pictures.heatmap import figure_of
from problems.studies.code_similarity import similarity_of_sources
from problems.studies.cohort import cohort


def course(seed: int) -> Pairs:
    """The similarities of twelve made-up programs, as pairs."""
    code = similarity_of_sources(cohort(12, 2, seed).sources)
    first, second = np.triu_indices(len(code.items), 1)
    return Pairs(code.items, first, second, code.matrix[first, second])


train, holdout = course(0), course(1)
figure_of(
    train.matrix(),
    np.arange(12),
    items=train.items,
    title="Which order of these twelve programs is the best?",
)

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes: the score below is maximized
# over all orders. It is the same for all participants, and it is computed from the
# order alone, by the judge.
#
# **Can an off-the-shelf optimizer solve it?** For few programs, to proven optimality.
# For many it is a quadratic assignment problem, for which good heuristics compete. That
# is what makes it a challenge.
#
# **Is an adjacent problem more amenable?** The eigenvector of Fiedler, leaf orders of
# clusterings and the shortest path are found quickly, and are on the board as entries
# to be beaten.
#
# The maths
# ---------
#
# For :math:`N` users and :math:`M` pairs with similarities :math:`s`, the order puts
# user :math:`u` at place :math:`z_u`. With
#
# .. math::
#
#    x = \frac{1}{M N} \sum_{(u, v)} |z_u - z_v| \, \log (1 - s_{uv}), \qquad
#    m = \frac{1}{3 M} \sum_{(u, v)} \log (1 - s_{uv})
#
# the score is :math:`100 \, (x - m) / (-m)`. Both :math:`x` and :math:`m` are negative.
# In a random order :math:`|z_u - z_v|` is :math:`(N + 1) / 3` on average, so that the
# score is about 0.
#
# Two sets of users are used. *Train* may be looked at as often as one likes. The other
# one, *holdout*, ranks the entries, once, at the end. Whoever chooses by it makes it a
# second training set, and the scores on it too good [1]_.
#
# The code, run
# -------------
#
# :func:`~problems.studies.leaderboard.score` is the judge. Any order has a score:

from problems.studies.leaderboard import score

print(f"in the order of their names: {score(train, np.arange(12)):.2f}")

# %%
# An entry maps pairs to an order. Here are two, and
# :func:`~problems.studies.leaderboard.leaderboard` runs both on both sets.

from formulations.orders.order_starts import spectral_order
from formulations.seriation import challenge
from problems.studies.leaderboard import leaderboard
from solvers import solve


def fiedler(pairs, seconds):
    """The order of the Fiedler vector, which needs no time limit."""
    return spectral_order(pairs.matrix() - np.eye(len(pairs.items)))


def searched(pairs, seconds):
    """The best order that local search finds in that time."""
    return np.array(solve(challenge(pairs.matrix()), time_limit=seconds).answer)


entries = {"Fiedler's eigenvector": fiedler, "search": searched}
rows = list(leaderboard(train, holdout, entries, [], seconds=5))
for row in rows:
    print(f"{row.method:24}{row.train:8.2f}{row.holdout:8.2f}")

# %%
# The certificate
# ---------------
#
# A leaderboard proves nothing about orders nobody submitted. For sets as small as these
# the best score can be proven, and so it can be seen how much is left to be won:

solution = solve(challenge(holdout.matrix()))
solution

# %%
order = np.array(solution.answer)
title = f"The best order of the holdout set: {solution.value:.2f}"
figure_of(holdout.matrix(), order, items=holdout.items, title=title)

# %%
# On the command line
# -------------------
#
# In a terminal,
#
# .. code-block:: console
#
#    $ python -m problems.leaderboard train.csv holdout.csv --entry mymodule:order
#
# runs a function ``order(user1, user2, similarity)``, of three lists, which returns the
# list of all users. On Linux it runs in a process of its own which can read its own
# files and Python's, has no network, and is stopped when its CPU seconds are used up.
# Elsewhere the report says what cannot be prevented. Without files two made-up courses
# are used, and the entries are our own.

from problems.leaderboard import RECIPE
from problems.recipe import run

exit_code = run(RECIPE, ["--time-limit", "1", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *An order that names a user twice, or not at all*, has no score:

try:
    score(train, np.zeros(12, dtype=np.int64))
except ValueError as error:
    print(error)

# %%
# *Ties.* Entries whose scores on the holdout set agree share a rank.
#
# *Small holdout sets.* A difference of a point between two entries on twelve users may
# be luck. Only another set of users could tell.
#
# *Course platforms* such as `Codabench <https://www.codabench.org>`_ keep accounts,
# uploads and schedules; this recipe is the judge alone.
#
# References
# ----------
#
# .. [1] A. Blum and M. Hardt, `The ladder: a reliable leaderboard for machine learning
#    competitions <https://proceedings.mlr.press/v37/blum15.html>`_, ICML 2015.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_seriation.py gallery/plot_plagiarism.py
