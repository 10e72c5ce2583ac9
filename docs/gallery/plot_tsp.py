r"""
Travelling salesman
===================

In which order are thirteen cities to be visited, so that the tour along the roads
between them, back to where it began, is as short as possible?
"""

# sphinx_gallery_thumbnail_number = -1

import numpy as np

from problems.io import read_graph
from problems.pictures.drawing import figure_of
from problems.running.graph_options import EXAMPLE

network = read_graph(EXAMPLE).network  # your own: read_graph("berlin52.tsp")
none = np.array([], dtype=int)
figure_of(network, none, [], "What is the shortest tour through all cities?")

# %%
# Three questions
# ---------------
#
# **Can I express it as an optimization problem?** Yes, with one variable :math:`x_e`
# for each road, 1 if the tour uses it and 0 if not. Each city has two roads of the
# tour. That is not enough: several small tours would do that, too. So for each set of
# cities at least two roads of the tour leave the set.
#
# **Can an off-the-shelf optimizer solve it?** Not at once. The problem is NP-hard, and
# there are :math:`2^n - 2` sets. But a solver for linear programs in a loop, to which
# violated constraints are added, together with branching where a fraction remains, has
# solved the largest tours for which a proof is known [2]_.
#
# **Is an adjacent problem more amenable?** Without the sets, what is left is to choose
# two roads for each city, which is easy. Its optimal value is a lower bound on the
# length of every tour, and it shows what is missing.
#
# The maths
# ---------
#
# Let :math:`V` be the set of the cities, :math:`E` that of the roads, :math:`c_e` the
# length of road :math:`e`, :math:`\delta(S)` the roads with exactly one end in
# :math:`S`, and :math:`E(S)` those with both ends in :math:`S`. Dantzig, Fulkerson and
# Johnson [1]_ wrote
#
# .. math::
#
#    \begin{aligned}
#    \text{minimize} \quad & \sum_{e \in E} c_e x_e \\
#    \text{over} \quad & x_e \in \{0, 1\} \quad \text{for all } e \in E \\
#    \text{subject to} \quad & \sum_{e \in \delta(v)} x_e = 2
#    \quad \text{for all } v \in V && \text{degree} \\
#    & \sum_{e \in \delta(S)} x_e \geq 2
#    \quad \text{for all } S, \; \emptyset \neq S \subsetneq V && \text{cut}
#    \end{aligned}
#
# Because of the degrees a cut says the same as
# :math:`\sum_{e \in E(S)} x_e \leq |S| - 1`: within a set that is not everything the
# tour is a path, or several. If fractions are allowed, the optimum of this program is a
# lower bound, often less than one per cent below the shortest tour. *Combs* bring it
# closer: a comb is a set :math:`H`, its handle, and an odd number :math:`k \geq 3` of
# disjoint sets :math:`T_1, \ldots, T_k`, its teeth, each with cities inside and outside
# of the handle. Every tour satisfies
#
# .. math::
#
#    \sum_{e \in E(H)} x_e + \sum_{i=1}^{k} \sum_{e \in E(T_i)} x_e
#    \leq |H| + \sum_{i=1}^{k} (|T_i| - 1) - \frac{k + 1}{2} \qquad \text{comb}
#
# The multipliers of degrees, cuts and combs prove a bound by weak duality as they do
# for the spanning tree: any multipliers give one.
#
# The code, run
# -------------
#
# :func:`~formulations.travelling_salesman.hamiltonian_cycle` states the model for the
# roads of a graph. Without cuts and combs it has this answer:

from dataclasses import replace

from formulations.travelling_salesman import hamiltonian_cycle
from solvers import solve

problem = hamiltonian_cycle(network)
degrees_only = replace(
    problem,
    for_all=(),
    strengthened_by=(),
    references=(),
    repair=None,
    answer=lambda values: np.flatnonzero(values["x"] > 0.5),
)
several = solve(degrees_only)
title = f"Two roads for each city: {several.value:.0f} km, but more than one tour"
figure_of(network, several.answer, [], title)

# %%
# With cuts and combs, which are added where an answer violates them, one tour is left.

solution = solve(problem)
chosen = np.flatnonzero(solution.values["x"] > 0.5)
title = f"The shortest tour: {solution.value:.0f} km"
figure_of(network, chosen, solution.stats["history"], title)

# %%
# :func:`~formulations.travelling_salesman.travelling_salesman` takes a matrix of
# distances instead. Sixty points in a square:

from formulations.travelling_salesman import travelling_salesman

place = 1000 * np.random.default_rng(1).random((60, 2))
distance = np.round(np.linalg.norm(place[:, None] - place, axis=2))
tour = solve(travelling_salesman(distance))
print(tour)

# %%
# The certificate
# ---------------
#
# *Value* is the length of the tour and *bound* the length that no tour can fall below,
# recomputed from the graph and the multipliers without the solver. The lengths are
# whole numbers; so the bound may be rounded up, and a bound of more than 2,433 proves
# that 2,434 is optimal. The check below is a bound by another route, the cheapest
# successor of every city, where several small tours are allowed.

solution

# %%
# On the command line
# -------------------
#
# In a terminal the same is
#
# .. code-block:: console
#
#    $ python -m problems.tsp --graph berlin52.tsp --plot tour.png
#
# Graphs of all formats are read, TSPLIB's among them, and ``--matrix`` reads a table of
# distances. A matrix that is not symmetric asks for a directed tour. Without a file the
# thirteen cities are read.

from problems.recipe import run
from problems.tsp import RECIPE

exit_code = run(RECIPE, ["--quiet"])

# %%
# Where it fails, and what else to use
# ------------------------------------
#
# *Large tours.* Up to some hundred cities the proof is usually found within minutes.
# Beyond that a gap may remain: with ``--time-limit`` the best tour so far is printed
# with the bound that was proven. For thousands of cities, `LKH
# <http://webhotel4.ruc.dk/~keld/research/LKH-3/>`_ finds better tours and `Concorde
# <https://www.math.uwaterloo.ca/tsp/concorde.html>`_ proves them.
#
# *Directed tours*, where a way back has another length, have weaker bounds, and the
# gaps are larger:

from formulations.travelling_salesman import asymmetric_travelling_salesman

one_way = np.random.default_rng(0).integers(1, 100, (12, 12))
print(solve(asymmetric_travelling_salesman(one_way), time_limit=10))

# %%
# *No tour.* A graph may have none; then the answer is that the problem is infeasible.

import networkx as nx

print(solve(hamiltonian_cycle(nx.star_graph(3))).status)

# %%
# *Several vehicles, capacities, time windows* are other problems. `PyVRP
# <https://pyvrp.org>`_ and the `routing library of OR-Tools
# <https://developers.google.com/optimization/routing>`_ find good answers to them, with
# no proof of how good they are. *A path instead of a tour*, along which similar things
# stand together, is on the page about seriation.
#
# References
# ----------
#
# .. [1] G. Dantzig, R. Fulkerson and S. Johnson, `Solution of a large-scale
#    traveling-salesman problem <https://doi.org/10.1287/opre.2.4.393>`_, Journal of the
#    Operations Research Society of America 2 (1954), 393-410.
# .. [2] D. L. Applegate, R. E. Bixby, V. Chvátal and W. J. Cook, `The Traveling
#    Salesman Problem: A Computational Study
#    <https://press.princeton.edu/books/hardcover/9780691129938/the-traveling-salesman-problem>`_,
#    Princeton University Press 2006.
#
# Related pages
# -------------
#
# .. minigallery::
#    gallery/plot_mst.py gallery/plot_seriation.py gallery/plot_shortest_path.py
