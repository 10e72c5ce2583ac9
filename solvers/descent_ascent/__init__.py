"""Saddle problems by gradients: one player descends the payoff, the other ascends it."""

from solvers.descent_ascent.search import DescentAscent, SaddleSearch

__all__ = ["DescentAscent", "SaddleSearch"]
