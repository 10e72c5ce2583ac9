r"""
Minimum spanning tree
=====================

Some pairs of thirteen cities can be joined by a road of known length. Which roads are
to be built, so that every city can be reached from every other and the total length is
as small as possible?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.io import read_graph
from problems.pictures.drawing import figure_of
from problems.running.graph_options import EXAMPLE

network = read_graph(EXAMPLE).network  # of a file of your own: read_graph("roads.gml")
none = np.array([], dtype=int)
figure_of(
    network, none, [], "Which of these roads join all cities at the least length?"
)

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes, with one variable :math:`x_e`
# for each road :math:`e`: it is 1 if the road is built and 0 if not. The total length
# is linear in :math:`x`. That all cities are joined is a linear constraint for each set
# of cities: some road must leave the set.
#
# **Can an off-the-shelf optimizer solve it?** Yes. There are :math:`2^n - 2` such sets,
# too many to list, but few of them matter. A solver for linear programs starts with
# none of these constraints; those that its answer violates are added, and it goes on
# from there.
#
# **Is an adjacent problem more amenable?** If :math:`x_e` may be any number from 0 to
# 1, the problem is a linear program, the *relaxation*, whose optimal value is a lower
# bound on the length of every tree. With the constraints above alone that bound is
# weak: for a triangle with sides of length 1 it is 1.5, and the shortest tree has
# length 2. Further constraints, which hold for every tree, make the bound as large as
# the shortest tree is long.
#
# The maths
# ---------
#
# Let :math:`V` be the set of the :math:`n` nodes, :math:`E` that of the edges,
# :math:`c_e` the length of edge :math:`e`, :math:`\delta(S)` the edges with exactly one
# end in :math:`S`, and :math:`E(S)` those with both ends in :math:`S`.
#
# .. math::
#
#    \begin{aligned}
#    \text{minimize} \quad & \sum_{e \in E} c_e x_e \\
#    \text{over} \quad & x_e \in \{0, 1\} \quad \text{for all } e \in E \\
#    \text{subject to} \quad & \sum_{e \in E} x_e = n - 1 && \text{tree size} \\
#    & \sum_{e \in \delta(S)} x_e \geq 1
#    \quad \text{for all } S, \; \emptyset \neq S \subsetneq V && \text{cut}
#    \end{aligned}
#
# Every tree also satisfies
#
# .. math::
#
#    \sum_{e \in E(S)} x_e \leq |S| - 1
#    \quad \text{for all } S \subseteq V, \; |S| \geq 2 \qquad \text{partition cut}
#
# because it has no cycle within :math:`S`. With these constraints the relaxation is
# exact [1]_. They also give the proof. Take any number :math:`z` and any numbers
# :math:`y_S \geq 0`, the *multipliers*. For every tree,
#
# .. math::
#
#    \sum_{e} c_e x_e \; \geq \; z (n - 1) - \sum_S y_S (|S| - 1)
#    + \sum_{e} \min \Bigl(0, \; c_e - z + \sum_{S :\, e \in E(S)} y_S \Bigr).
#
# This is weak duality: the right-hand side is a lower bound whatever the multipliers
# are, and good multipliers make it as large as the shortest tree is long.
#
# The code, run
# -------------
#
# :func:`~formulations.mst.minimum_spanning_tree` states the model, and
# :func:`~solvers.solve` hands it to GLOP, a solver for linear programs, in the loop
# described above.

from formulations.mst import minimum_spanning_tree
from solvers import solve

problem = minimum_spanning_tree(network)
solution = solve(problem)
for city, other, length in solution.answer:
    print(f"{city} - {other}: {length} km")

# %%
# On the right, how the bound and the length of the best tree so far met, and how many
# constraints were added in each round. The bars count them.

chosen = np.flatnonzero(solution.values["x"] > 0.5)
title = f"The shortest tree: {solution.value:.0f} km"
figure_of(network, chosen, solution.stats["history"], title)

# %%
# The certificate
# ---------------
#
# Every solution shows itself as a card. *Value* is the length of the tree, *bound* is
# what no tree can be shorter than, and both were computed from the graph without the
# solver. The status is *optimal* only where they meet. The checks compare the value
# with algorithms that are independent of the model, here Kruskal's [2]_.

solution

# %%
# The proof is short enough to be recomputed here. The multipliers are whole numbers, so
# nothing is rounded: the bound of the formula above is the length of the tree.

z = solution.multipliers.listed["tree size"][0]
reduced = network.weight - z
bound = z * (network.n - 1)
for _, sets, multipliers in solution.multipliers.families:
    for members, multiplier in zip(sets.members(), -multipliers, strict=True):
        inside = np.isin(network.tail, members) & np.isin(network.head, members)
        reduced[inside] += multiplier
        bound -= multiplier * (len(members) - 1)
        if multiplier:
            print(f"y = {multiplier:2.0f} for a set of {len(members)} cities")
bound += np.minimum(0, reduced).sum()
print(f"z = {z:.0f}, so that no tree is shorter than {bound:.0f} km")

# %%
# On the command line
# -------------------
#
# In a terminal the same is
#
# .. code-block:: console
#
#    $ python -m problems.mst --graph network.gml --plot tree.png
#
# and ``python -m problems.mst --help`` shows all options. ``--best 3`` asks for the
# three shortest trees, each proven to be the next; without ``--graph`` the thirteen
# cities are read.

from problems.mst import RECIPE
from problems.recipe import run

exit_code = run(RECIPE, ["--best", "3", "--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Only the tree is wanted, without a proof.* Kruskal's and Prim's algorithms need no
# model, and the packages networkx and scipy have them. The model is worth its time
# where a constraint is added that these algorithms cannot take.
#
# *Large graphs.* The loop of linear programs takes minutes from some hundred thousand
# edges on. There the recipe finds the tree by Kruskal's algorithm and reads the
# multipliers off the tree, so that the proof is as good. In Python this is the solver
# ``"combinatorial"``.

print(solve(problem, "combinatorial"))

# %%
# *Further constraints* usually make the problem NP-hard. If no city may have more than
# two roads, the tree is a path through all cities. The relaxation is not exact any
# more, the solver has to branch, and on large graphs a gap between value and bound may
# remain when the time is over. The report says how large it is.

path = solve(minimum_spanning_tree(network, max_degree=2), time_limit=10)
print(path)

# %%
# *The graph is not connected.* Then there is no spanning tree.
# :func:`~formulations.mst.minimum_spanning_forest`, on the command line ``--forest``,
# finds a tree for each component.
#
# *Not all nodes have to be joined.* If only some of them must be, and others may help,
# the problem is the Steiner tree. If a closed tour is wanted, it is the travelling
# salesman. If only the way between two nodes is to be short, it is the shortest path:
# the spanning tree does not contain it in general.
#
# References
# ----------
#
# .. [1] J. Edmonds, `Matroids and the greedy algorithm
#    <https://doi.org/10.1007/BF01584082>`_, Mathematical Programming 1 (1971), 127-136;
#    A. Schrijver, `Combinatorial Optimization
#    <https://link.springer.com/book/9783540443896>`_, Springer 2003, chapters 50 and
#    51.
# .. [2] J. B. Kruskal, `On the shortest spanning subtree of a graph and the traveling
#    salesman problem <https://doi.org/10.1090/S0002-9939-1956-0078686-7>`_, Proceedings
#    of the American Mathematical Society 7 (1956), 48-50.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_steiner.py gallery/plot_shortest_path.py gallery/plot_tsp.py
