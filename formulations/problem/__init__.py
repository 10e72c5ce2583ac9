"""The few words that every formulation is written in.

A problem is maths written down as data: it solves nothing. There are three kinds. A Problem is a linear, mixed-integer
or convex program in cvxpy; constraints too many to list are Families, whose broken members an oracle finds. A
SaddleProblem is a game of two players in torch. An Arrangement is searched rather than relaxed.
"""

from formulations.problem.arrangement import Arrangement, Ordering, QuadraticAssignment, WeakDual, place_distances
from formulations.problem.arrays import Bools, Floats, Integers, Ints, Values
from formulations.problem.program import (
    DualRepair,
    Family,
    IntegerValues,
    Multipliers,
    Problem,
    Rows,
    Start,
    UnboundedAbove,
)
from formulations.problem.reference import Reference
from formulations.problem.saddle import Block, Domain, Players, SaddleProblem, Sampler, Side, Term

__all__ = [
    "Arrangement",
    "Block",
    "Bools",
    "Domain",
    "DualRepair",
    "Family",
    "Floats",
    "IntegerValues",
    "Integers",
    "Ints",
    "Multipliers",
    "Ordering",
    "Players",
    "Problem",
    "QuadraticAssignment",
    "Reference",
    "Rows",
    "SaddleProblem",
    "Sampler",
    "Side",
    "Start",
    "Term",
    "UnboundedAbove",
    "Values",
    "WeakDual",
    "place_distances",
]
