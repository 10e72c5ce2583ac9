r"""
Shortest path
=============

Which way from Hamburg to Munich is the shortest, if only the roads between thirteen
cities may be used?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.io import read_graph
from problems.pictures.drawing import figure_of
from problems.running.graph_options import EXAMPLE

network = read_graph(EXAMPLE).network  # of a file of your own: read_graph("roads.gml")
none = np.array([], dtype=int)
ends = np.array([network.nodes.index(city) for city in ("Hamburg", "Munich")])
figure_of(network, none, [], "How far is it from Hamburg to Munich?", ends)

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes. A path is a flow of one unit: it
# leaves the source, arrives at the target, and at every other city as much flows in as
# flows out. The variable :math:`x_a` says how much flows along the arc :math:`a`, that
# is, along a road in one of its two directions.
#
# **Can an off-the-shelf optimizer solve it?** Yes. All constraints are listed, one for
# each city, and the flow must be a whole number on each arc. Solvers for integer
# programs take that as it stands.
#
# **Is an adjacent problem more amenable?** Yes, and nothing is lost. If fractions of a
# unit may flow, what remains is a linear program. Each column of its matrix has one 1
# and one -1, such a matrix is totally unimodular, and therefore the linear program has
# an optimal solution in whole numbers [1]_.
#
# The maths
# ---------
#
# Let :math:`A` be the set of arcs, :math:`c_a` the length of the arc :math:`a`,
# :math:`s` the source and :math:`t` the target. :math:`\delta^+(v)` are the arcs that
# leave the city :math:`v`, and :math:`\delta^-(v)` those that enter it.
#
# .. math::
#
#    \begin{aligned}
#    \text{minimize} \quad & \sum_{a \in A} c_a x_a \\
#    \text{over} \quad & x_a \in \{0, 1, 2, \ldots\} \quad \text{for all } a \in A \\
#    \text{subject to} \quad
#    & \sum_{a \in \delta^+(s)} x_a - \sum_{a \in \delta^-(s)} x_a = 1
#    && \text{source} \\
#    & \sum_{a \in \delta^+(t)} x_a - \sum_{a \in \delta^-(t)} x_a = -1
#    && \text{target} \\
#    & \sum_{a \in \delta^+(v)} x_a - \sum_{a \in \delta^-(v)} x_a = 0
#    \quad \text{for all } v \neq s, t && \text{conservation}
#    \end{aligned}
#
# The multiplier of a city is called its *potential* :math:`d_v`. Suppose that the
# potential rises along no arc by more than the arc's length,
#
# .. math::
#
#    d_w - d_v \leq c_a \quad \text{for every arc } a \text{ from } v \text{ to } w.
#
# Then along any path it rises by no more than the path's length. So every path from
# :math:`s` to :math:`t` is at least :math:`d_t - d_s` long. This is weak duality: all
# potentials that satisfy the inequality give a lower bound, and the distances from
# :math:`s` give the best one.
#
# The code, run
# -------------
#
# :func:`~formulations.shortest_path.shortest_path` states the model and
# :func:`~solvers.solve` hands its linear program to HiGHS.

from formulations.shortest_path import shortest_path
from solvers import solve

problem = shortest_path(network, "Hamburg", "Munich")
solution = solve(problem)
print(" - ".join(solution.answer), f"({solution.value:.0f} km)")

# %%
# The variable has an entry for each arc of
# :func:`~formulations.graphs.walks.walks`, which also knows the road that each belongs
# to.

from formulations.graphs.walks import walks

arcs = walks(network, "Hamburg", "Munich")
chosen = np.unique(arcs.edge[solution.values["x"] > 0.5])
figure_of(network, chosen, [], f"The shortest path: {solution.value:.0f} km", ends)

# %%
# The certificate
# ---------------
#
# *Value* is the length of the path and *bound* the length that no path can fall below;
# both are recomputed from the graph without the solver. Dijkstra's algorithm [2]_,
# which knows nothing of the model, finds the same length.

solution

# %%
# The potentials prove it. On no arc do they rise by more than its length, and from
# Hamburg to Munich they rise by exactly the length of the path.

from formulations.shortest_path import potentials_of

d = np.array(potentials_of(arcs, solution.multipliers.listed))
rise = d[arcs.g.head] - d[arcs.g.tail]
source, target = (arcs.g.nodes.index(city) for city in ("Hamburg", "Munich"))
print("rises by at most the length on every arc:", bool((rise <= arcs.g.weight).all()))
print(f"rises from Hamburg to Munich by {d[target] - d[source]:.0f} km")

# %%
# On the command line
# -------------------
#
# In a terminal the same is
#
# .. code-block:: console
#
#    $ python -m problems.shortest_path --graph roads.gml --source A --target B
#
# ``--best 3`` asks for the three shortest paths, each proven to be the next, and
# ``--paths 2`` for two paths without a common road, of the least total length. Without
# ``--graph`` the thirteen cities are read.

from problems.recipe import run
from problems.shortest_path import RECIPE

exit_code = run(RECIPE, ["--best", "3", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Only the path is wanted, without a proof.* Dijkstra's algorithm needs no solver, and
# networkx and scipy have it. On large graphs the recipe uses it, too: the distances
# that it finds are the potentials, so the proof comes for nothing. In Python this is
# the solver ``"combinatorial"``.
#
# *Limits.* If a second quantity along the path must not exceed a limit, the problem is
# NP-hard and the linear program is not exact any more. Suppose that each road that ends
# in Kassel has a toll of 3, and 4 may be spent. The shortest path would pay 6.

import networkx as nx

tolls = nx.Graph()
for (u, v), length in zip(network.edges(), network.weight, strict=True):
    tolls.add_edge(u, v, weight=length, toll=3 if "Kassel" in (u, v) else 0)
limited = solve(shortest_path(tolls, "Hamburg", "Munich", limits={"toll": 4}))
print(" - ".join(limited.answer), f"({limited.value:.0f} km)")
print(limited)

# %%
# *Cycles of negative length.* If a cycle on the way has a negative length, going round
# it makes the path ever shorter, and there is no shortest one. Such a graph is refused,
# and the error names the cycle. With ``simple=True`` the path visits no city twice; an
# answer exists then, but the problem is NP-hard.

try:
    shortest_path(
        nx.DiGraph([("a", "b", {"weight": -2}), ("b", "a", {"weight": 1})]), "a", "b"
    )
except ValueError as error:
    print(error)

# %%
# *The longest path* is the shortest for the negated lengths, so it has an answer only
# if there is no cycle of positive length. In graphs without cycles, such as plans of
# work that depends on other work, :func:`~formulations.shortest_path.longest_path` is
# as easy as the shortest.
#
# *All distances at once* are not a matter for a solver; scipy.sparse.csgraph computes
# them.
#
# References
# ----------
#
# .. [1] A. Schrijver, `Combinatorial Optimization
#    <https://link.springer.com/book/9783540443896>`_, Springer 2003, chapter 13; L. R.
#    Ford and D. R. Fulkerson, `Flows in Networks
#    <https://www.rand.org/pubs/reports/R375.html>`_, RAND Corporation 1962.
# .. [2] E. W. Dijkstra, `A note on two problems in connexion with graphs
#    <https://doi.org/10.1007/BF01386390>`_, Numerische Mathematik 1 (1959), 269-271.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_mst.py gallery/plot_tsp.py gallery/plot_transport.py
