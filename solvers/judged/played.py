"""A SaddleProblem as the judge sees it: what either player guarantees."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from formulations.problem import Floats, Number, Players, SaddleProblem, Values
from solvers.findings import Evidence
from solvers.judge import ROUNDING
from solvers.judged.asking import ask, number


class Played:
    """A saddle problem that was played. Candidates are players, and so are certificates.

    What the maximizing player guarantees is the value, what the minimizing player guarantees the bound.
    """

    maximize = True
    exact = False
    membership = ""

    def __init__(
        self,
        problem: SaddleProblem,
        size: float,
        gap: float,
        members: Sequence[Players],
        evaluate: bool,
        proof: Any = None,
    ):
        """Of one or several members; unless they are to be evaluated, value and bound are unknown.

        proof: what else the certificate is to hold, such as why a choice is not in play.
        """
        self._proof = proof
        self.problem, self._size, self._gap, self._members, self._evaluate = problem, size, gap, members, evaluate
        self.level, self.references = problem.level, problem.references

    def unevaluated(self) -> Played:
        """The same with value and bound unknown, which are not waited for."""
        return Played(self.problem, self._size, self._gap, self._members, False, self._proof)

    def broken(self, players: Players) -> str | None:
        """Nothing: players are projected into their domains."""
        return None

    def value(self, players: Players) -> Number | None:
        """What the maximizing player guarantees; held-out samples are evaluated now, once."""
        return number(self.problem, "value", players) if self._evaluate else None

    def bound(self, kind: str, players: Players) -> Number:
        """What the minimizing player guarantees."""
        found = number(self.problem, "bound", players) if self._evaluate else None
        return math.inf if found is None else found

    def endless(self, players: Players, ray: Any) -> bool:
        """No direction proves anything here."""
        return False

    def size(self, players: Players) -> float:
        """The problem's own, or how far value and bound lay apart when the play began."""
        size = number(self.problem, "size", players)
        return self._size if size is None else float(size)

    def slack(self, players: Players) -> float:
        """Rounding; of estimates, which are lower ends of intervals, what may be left between value and bound."""
        return (ROUNDING if self.level is None else max(self._gap, ROUNDING)) * self.size(players)

    def solved(self, players: Players) -> tuple[Any, Values]:
        """The answer of one member, or of all of them; the numbers of the one."""
        answers = [ask(self.problem, "answer", member) for member in self._members]
        return ask(self.problem, "answer", players) if len(answers) == 1 else answers, _numbers(players)

    def evidence(self, kind: str, players: Players) -> Evidence:
        """The players themselves are the certificate, with what else there is to hold."""
        return Evidence(proof=self._proof)

    def distance(self, value: float, bound: float, gap: float) -> str:
        """The difference."""
        return f"value and bound are {bound - value:.3g} apart"


def _numbers(players: Mapping[str, Any]) -> dict[str, Floats]:
    """Block name -> its numbers; for modules, block.parameter -> its tensor."""
    found: dict[str, Floats] = {}
    for name, player in players.items():
        modules = hasattr(player, "named_parameters")  # arrays and tensors have none
        parts = dict(player.named_parameters(prefix=name)) if modules else {name: player}
        found |= {key: _array(part) for key, part in parts.items()}
    return found


def _array(part: Any) -> Floats:
    """The numbers of an array or a tensor."""
    return np.asarray(part.detach().double().numpy() if hasattr(part, "detach") else part)
