"""The few words that every formulation is written in.

A problem is maths written down as data: it solves nothing. There are three kinds. A Problem is a linear, mixed-integer
or convex program in cvxpy; constraints too many to list are Families, whose broken members an oracle finds. A
SaddleProblem is a game of two players in torch. A SearchProblem is searched rather than relaxed: its objective is a
function on orders (QuadraticAssignment, PathLength, Ordering), or on whatever its candidates are. Several that share no
variable are one Separable.
"""

from formulations.problem.arrangement import (
    Ordering,
    PathLength,
    QuadraticAssignment,
    by_distance,
    is_symmetric,
    place_distances,
    sums_over_pairs,
)
from formulations.problem.arrays import Bools, Floats, Integers, Ints, Number, Values, distribution
from formulations.problem.maths import latex, statement
from formulations.problem.program import (
    DualRepair,
    Family,
    IntegerValues,
    Multipliers,
    Problem,
    Rows,
    Start,
    UnboundedAbove,
    of_cvxpy,
)
from formulations.problem.reference import Reference, ranking
from formulations.problem.saddle import Block, Domain, MatrixGame, Players, SaddleProblem, Sampler, Side, Term
from formulations.problem.search import Heuristic, Objective, SearchProblem, WeakDual, constant_dual
from formulations.problem.separable import Separable

__all__ = [
    "Block",
    "Bools",
    "Domain",
    "DualRepair",
    "Family",
    "Floats",
    "Heuristic",
    "IntegerValues",
    "Integers",
    "Ints",
    "MatrixGame",
    "Multipliers",
    "Number",
    "Objective",
    "Ordering",
    "PathLength",
    "Players",
    "Problem",
    "QuadraticAssignment",
    "Reference",
    "Rows",
    "SaddleProblem",
    "Sampler",
    "SearchProblem",
    "Separable",
    "Side",
    "Start",
    "Term",
    "UnboundedAbove",
    "Values",
    "WeakDual",
    "by_distance",
    "constant_dual",
    "distribution",
    "is_symmetric",
    "latex",
    "of_cvxpy",
    "place_distances",
    "ranking",
    "statement",
    "sums_over_pairs",
]
