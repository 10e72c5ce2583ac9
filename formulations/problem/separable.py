"""Problems that share no variable, as one problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from formulations.problem.program import Problem
from formulations.problem.saddle import SaddleProblem
from formulations.problem.search import SearchProblem


@dataclass(frozen=True)
class Separable:
    """A sum over a product of sets, which separates: its optimum is an optimum of each part, and bounds add up.

        minimize    f_1(x_1) + ... + f_k(x_k)
        subject to  x_i in X_i                  for every part i

    parts  name -> problem, all of them to be minimized, or all to be maximized; where time is short those that come
           first have the larger share of it that the others leave
    """

    parts: Mapping[str, Problem | SearchProblem | SaddleProblem]
