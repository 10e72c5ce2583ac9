r"""
Steiner tree
============

Hamburg, Dresden and Munich are to be joined by a network of roads that is as short as
possible. It may lead through other cities, and where it does is part of the question.
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.io import read_graph
from problems.pictures.drawing import figure_of
from problems.running.graph_options import EXAMPLE

network = read_graph(EXAMPLE).network  # of a file of your own: read_graph("roads.stp")
terminals = ["Hamburg", "Dresden", "Munich"]
marked = np.array([network.nodes.index(city) for city in terminals])
none = np.array([], dtype=int)
title = "Which roads join the three marked cities at the least length?"
figure_of(network, none, [], title, marked)

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes. The cities to be joined are
# called *terminals*, and one of them the *root*. Each road becomes two arcs, one in
# each direction, and the tree is directed away from the root. Whatever set of cities
# holds a terminal and not the root, some arc of the tree enters it.
#
# **Can an off-the-shelf optimizer solve it?** Not at once: the problem is NP-hard, and
# the sets are too many to list. As for the spanning tree, a solver for linear programs
# starts with few of them, and those that its answer violates are added. The directed
# model has a strong relaxation [2]_, so that branching is rarely needed.
#
# **Is an adjacent problem more amenable?** If all cities are terminals, it is the
# minimum spanning tree; if only two are, it is the shortest path. Both are easy. In
# between, a spanning tree of the terminals along shortest paths is found at once and is
# less than twice as long as the best tree [3]_. It is a good start and no proof.
#
# The maths
# ---------
#
# Let :math:`V` be the set of the cities, :math:`T` that of the terminals, :math:`r` the
# root, :math:`A` the set of the arcs and :math:`c_a` the length of arc :math:`a`.
# :math:`\delta^-(S)` are the arcs that enter the set :math:`S`.
#
# .. math::
#
#    \begin{aligned}
#    \text{minimize} \quad & \sum_{a \in A} c_a x_a \\
#    \text{over} \quad & x_a \in \{0, 1\} \quad \text{for all } a \in A \\
#    \text{subject to} \quad & \sum_{a \in \delta^-(t)} x_a = 1
#    \quad \text{for all } t \in T, \; t \neq r && \text{terminals} \\
#    & \sum_{a \in \delta^-(v)} x_a \leq 1
#    \quad \text{for all } v \in V \setminus T && \text{enter once} \\
#    & \sum_{a \in \delta^-(v)} x_a \leq \sum_{a \in \delta^+(v)} x_a
#    \quad \text{for all } v \in V \setminus T && \text{no dead end} \\
#    & \sum_{a \in \delta^-(S)} x_a \geq 1
#    \quad \text{for all } S \subseteq V \setminus \{r\}, \;
#    S \cap T \neq \emptyset && \text{cut}
#    \end{aligned}
#
# Why directed? Take a triangle of three terminals with sides of length 1. With
# undirected edges, :math:`x = 1/2` on each side satisfies all cuts and costs 1.5.
# Directed, no fraction is cheaper than the tree, which costs 2.
#
# Multipliers :math:`y_S \geq 0` of the cuts prove a bound. If for every arc the sets
# that it enters have multipliers of at most its length in sum, then every tree is at
# least :math:`\sum_S y_S` long. Wong's *dual ascent* [1]_ finds such multipliers
# without any linear program: it raises the multiplier of a set until an arc is paid
# for, and goes on with a larger set. Its sets are the first cuts to be added.
#
# The code, run
# -------------
#
# :func:`~formulations.steiner.steiner_tree` states the model, and
# :func:`~solvers.solve` adds the cuts.

from formulations.steiner import arcs_from, steiner_tree
from solvers import solve

problem = steiner_tree(network, terminals)
solution = solve(problem)
for city, other, length in solution.answer:
    print(f"{city} - {other}: {length} km")

# %%
# The tree of the usual heuristic is 68 km longer.

arcs = arcs_from(network, terminals)
tree = {frozenset(edge[:2]) for edge in solution.answer}
chosen = [e for e, ends in enumerate(network.edges()) if frozenset(ends) in tree]
title = f"The shortest tree: {solution.value:.0f} km"
figure_of(network, np.array(chosen), solution.stats["history"], title, marked)

# %%
# The certificate
# ---------------
#
# *Value* is the length of the tree and *bound* the length that no tree can fall below,
# recomputed from the graph without the solver. The check compares with Mehlhorn's
# approximation [3]_, which no optimum can exceed.

solution

# %%
# The bound is the sum of the multipliers of cuts and terminals, if no arc is overpaid.
# The multipliers of *no dead end*, which are at most 0, lower the lengths of the arcs
# into a city and raise those of the arcs out of it, or the other way round.

y = solution.multipliers.listed
is_terminal = np.isin([arcs.nodes[v] for v in range(arcs.n)], terminals)
per_city = np.zeros(arcs.n)
per_city[is_terminal & (np.arange(arcs.n) > 0)] = y["terminals"]  # the root is city 0
per_city[~is_terminal] = y["enter once"] + y["no dead end"]
passing = np.zeros(arcs.n)
passing[~is_terminal] = y["no dead end"]
left = arcs.weight - per_city[arcs.head] + passing[arcs.tail]
bound = y["terminals"].sum() + y["enter once"].sum()
cuts = [family[1:] for family in solution.multipliers.families if family[0] == "cut"]
for sets, multipliers in cuts:
    for members, multiplier in zip(sets, multipliers, strict=True):
        left[members[arcs.head] & ~members[arcs.tail]] -= multiplier
        bound += multiplier
bound += np.minimum(0, left).sum()
print(f"no tree is shorter than {bound:.0f} km")

# %%
# On the command line
# -------------------
#
# In a terminal the same is
#
# .. code-block:: console
#
#    $ python -m problems.steiner --graph network.gml --terminals A B C --plot tree.png
#
# ``--best 3`` asks for the three shortest trees, each proven to be the next. SteinLib's
# files name their terminals themselves. Without ``--graph`` the cities are read.

from problems.recipe import run
from problems.steiner import RECIPE

exit_code = run(RECIPE, ["--best", "3", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Many terminals in large graphs.* On grids and other graphs with many trees of nearly
# the same length, a gap between value and bound may remain when the time is over. The
# tree is then a good one, and the report says how much shorter any could be. `SCIP-Jack
# <https://scipjack.zib.de>`_ reduces the graph first and is far quicker there.
#
# *Dual ascent alone* needs no linear program. The solver ``"combinatorial"`` reports
# what it proves: on larger graphs often within a few per cent.

print(solve(problem, "combinatorial"))

# %%
# *Negative lengths* are refused, since roads that are not needed would then be worth
# taking, and so are terminals that the graph does not connect:

import networkx as nx

try:
    steiner_tree(nx.Graph([("a", "b"), ("c", "d")]), ["a", "d"])
except ValueError as error:
    print(error)

# %%
# *Points in the plane without a graph*, where the tree may fork anywhere, is the
# Euclidean Steiner problem; `GeoSteiner <http://www.geosteiner.com>`_ solves it.
#
# References
# ----------
#
# .. [1] R. T. Wong, `A dual ascent approach for Steiner tree problems on a directed
#    graph <https://doi.org/10.1007/BF02612335>`_, Mathematical Programming 28 (1984),
#    271-287.
# .. [2] T. Koch and A. Martin, `Solving Steiner tree problems in graphs to optimality
#    <https://doi.org/10.1002/(SICI)1097-0037(199810)32:3%3C207::AID-NET5%3E3.0.CO;2-O>`_,
#    Networks 32 (1998), 207-232.
# .. [3] K. Mehlhorn, `A faster approximation algorithm for the Steiner problem in
#    graphs <https://doi.org/10.1016/0020-0190(88)90066-X>`_, Information Processing
#    Letters 27 (1988), 125-128.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_mst.py gallery/plot_shortest_path.py gallery/plot_tsp.py
