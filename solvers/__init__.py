"""solve(problem): one interface from a Problem to LP and MIP solvers, with the answer proved.

from solvers import solve
solution = solve(problem)                  # or solver="highs", time_limit=10, ...
solution.value >= optimum >= solution.bound  (reversed when maximizing), checked in exact arithmetic
"""

from solvers.solution import Certificate, Check, Solution
from solvers.solve import best, solve

__all__ = ["Certificate", "Check", "Solution", "best", "solve"]
