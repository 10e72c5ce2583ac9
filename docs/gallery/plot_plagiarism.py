r"""
Near-copies among programs
==========================

Sixteen students hand in programs for the same exercise. Who copied from whom?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.pictures.heatmap import figure_of
from problems.studies.code_similarity import similarity_of_sources
from problems.studies.cohort import cohort

programs = cohort(16, chains=2, seed=4)  # made up; of your own: similarity_of("folder")
code = similarity_of_sources(programs.sources)
n = len(code.items)
figure_of(
    code.matrix,
    np.arange(n),
    items=code.items,
    title="How much code do sixteen programs share?",
)

# %%
# Each field is a pair of programs; the darker it is, the more they have in common. The
# diagonal is left out.
#
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** A part of it. Which pairs are
# near-copies is a statistical decision: their similarity is higher than strangers would
# reach. But copies are made in groups and in chains, and to see these, the programs are
# to be put into an order in which those that share code stand together. That is
# seriation.
#
# **Can an off-the-shelf optimizer solve it?** For up to 16 programs the order is proven
# optimal in no time. For the hundreds of a real course no solver proves an order; local
# search finds a good one, and a bound says how good.
#
# **Is an adjacent problem more amenable?** Yes: the pairs alone. They do not depend on
# the order, and neither do the groups that they form. So a quick order is good enough
# unless more time is asked for.
#
# The maths
# ---------
#
# Programs become sequences of symbols, in which names, comments and layout do not
# count. Every run of 12 symbols has a hash, and *winnowing* [1]_ keeps of any six
# consecutive hashes the smallest, the fingerprints :math:`F`. With them
#
# .. math::
#
#    s(P, Q) = \frac{|F(P) \cap F(Q)|}{|F(P) \cup F(Q)|}.
#
# A common run of 17 symbols is always found, one of less than 12 never. The threshold
# is set so that of all pairs of strangers 0.01 are expected above it, by the median and
# the spread of the similarities, which a few copies do not move.
#
# The order maximizes the score of the challenge, :math:`p(u)` being the place of
# program :math:`u` and :math:`w_{uv} = -\log (1 - s_{uv})`:
#
# .. math::
#
#    100 \; \Bigl( 1 - \frac{3}{n} \,
#    \frac{\sum w_{uv} \, |p(u) - p(v)|}{\sum w_{uv}} \Bigr)
#
# A random order has 0 in expectation. What bounds it from above is on the page about
# seriation.
#
# The code, run
# -------------
#
# The threshold, by :func:`~problems.studies.near_copies.estimated`, and the pairs above
# it, by :func:`~problems.studies.near_copies.near_pairs`:

from problems.studies.near_copies import estimated, groups, near_pairs

threshold = estimated(code.matrix, code.comparable)
pairs = near_pairs(code.matrix, threshold.value)
print(f"{len(pairs)} pairs above {threshold.value:.2f}, the first of them:")
for i, j in pairs[:3]:
    print(f"  {code.matrix[i, j]:.2f}  {code.items[i]}  {code.items[j]}")

# %%
# The order, by :func:`~formulations.seriation.challenge`, and the groups in it, which
# the picture frames:

from formulations.seriation import challenge
from solvers import solve

solution = solve(challenge(code.matrix))
order = np.array(solution.answer)
found = groups(pairs, order)
place = np.argsort(order)
figure_of(
    code.matrix,
    order,
    items=code.items,
    title=f"In order, with {len(found)} groups of near-copies",
    groups=[place[group].tolist() for group in found],
)

# %%
# These programs were made by a program, so that the truth is known: two chains, in
# which each copied from the one before and changed names, order and statements.

for chain in programs.chains:
    print("copied: ", ", ".join(sorted(chain)))
for group in found:
    print("found:  ", ", ".join(sorted(code.items[k] for k in group)))

# %%
# The certificate
# ---------------
#
# The card is about the order: no order of these programs has a higher score. That a
# pair was copied is not proven by any certificate. It has a stated rate of false alarms
# under an assumption, that strangers' similarities look like those of most pairs, and
# the matching lines, which a person has to read.

solution

# %%
# What a pair has in common, line by line:

from problems.studies.passages import passages

i, j = pairs[0]
print(f"{code.items[i]} and {code.items[j]}, matching lines:")
for passage in passages(code.sources[i], code.sources[j], code.template)[:4]:
    first, second = passage.first_lines, passage.second_lines
    print(f"  {first[0]:3d} to {first[1]:3d}  =  {second[0]:3d} to {second[1]:3d}")

# %%
# On the command line
# -------------------
#
# In a terminal the same is
#
# .. code-block:: console
#
#    $ python -m problems.plagiarism --code submissions/ --html pairs.html
#
# A file, a folder or an archive is one person's. The HTML page shows the pairs side by
# side. ``--similarity pairs.csv`` reads the results of JPlag, Dolos and others instead
# of code. Without arguments the sixteen programs are compared.

from problems.plagiarism import RECIPE
from problems.recipe import run

exit_code = run(RECIPE, ["--threshold", "0.75", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Code that all were given* makes everyone look like a copier. ``--ignore template/``
# leaves it out, and where more than half of a course is accused, a note asks for it.
#
# *Short programs.* If there is only one way to solve an exercise, honest solutions are
# alike. No threshold below 0.3 is ever estimated.
#
# *Few programs.* From fewer than five programs nothing can be said about strangers. The
# threshold is then a fixed one, and the report says why:

three = {name: programs.sources[name] for name in list(programs.sources)[:3]}
few = similarity_of_sources(three)
print(estimated(few.matrix, few.comparable))

# %%
# *Paraphrased or generated code*, from a language model, say, shares no runs of symbols
# with anything handed in; no tool of this kind finds it. `JPlag
# <https://github.com/jplag/JPlag>`_ and `Dolos <https://dolos.ugent.be>`_ parse more
# languages, and `MOSS <https://theory.stanford.edu/~aiken/moss/>`_ is a service.
#
# References
# ----------
#
# .. [1] S. Schleimer, D. S. Wilkerson and A. Aiken, `Winnowing: local algorithms for
#    document fingerprinting <https://doi.org/10.1145/872757.872770>`_, SIGMOD 2003,
#    76-85.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_seriation.py gallery/plot_leaderboard.py
