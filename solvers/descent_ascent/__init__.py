"""Saddle problems by gradients: one player descends the payoff, the other ascends it."""

from solvers.descent_ascent.search import SaddleSearch
from solvers.descent_ascent.settings import DescentAscent

__all__ = ["DescentAscent", "SaddleSearch"]
