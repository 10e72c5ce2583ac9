"""A problem as maths in LaTeX, read off its cvxpy expressions and families; data are letters, numbers stay numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from formulations.problem.program import Problem
    from formulations.problem.saddle import SaddleProblem
    from formulations.problem.search import SearchProblem
    from formulations.problem.separable import Separable

BINARY = r"\{0, 1\}"
RELATIONS = {"Equality": "=", "Zero": "=", "Inequality": r"\leq", "NonPos": r"\leq", "NonNeg": r"\geq"}


def latex(problem: Problem) -> str:
    r"""The problem as an align* environment of amsmath: objective, variables, constraints by name, families.

    A constant is a letter, with the constraint's name as its index, unless it is one number or sums up (all ones).

    >>> import cvxpy as cp
    >>> from formulations.problem import Problem
    >>> x = cp.Variable(3, name="x", boolean=True)
    >>> cost = np.array([1.0, 2, 3])
    >>> print(latex(Problem(objective=cp.Minimize(cost @ x), subject_to={"two": cp.sum(x) == 2})))
    \begin{align*}
    \text{minimize} \quad & c^{\top} x \\
    \text{over} \quad & x \in \{0, 1\}^{3} \\
    \text{subject to} \quad & \mathbf{1}^{\top} x = 2 && \text{two} \\
    \text{where} \quad & c \in \mathbb{R}^{3}
    \end{align*}
    """
    lines, last = [], ""
    for title, maths, name in statement(problem):
        begins = rf"\text{{{title}}} \quad & " if title != last else "& "
        lines.append(begins + maths + (rf" && \text{{{_text(name)}}}" if name else ""))
        last = title
    return "\n".join([r"\begin{align*}", *(rf"{line} \\" for line in lines[:-1]), lines[-1], r"\end{align*}"])


def statement(problem: Problem | SearchProblem | SaddleProblem | Separable) -> list[tuple[str, str, str]]:
    r"""The problem in lines: what each says, such as "subject to", its maths in LaTeX, and a constraint's name.

    Of what is not written in cvxpy its `maths`, if it has any.

    >>> import cvxpy as cp
    >>> from formulations.problem import Problem
    >>> x = cp.Variable(2, name="x", nonneg=True)
    >>> statement(Problem(objective=cp.Maximize(cp.sum(x)), subject_to={"one": x[0] + x[1] <= 1}))[0]
    ('maximize', '\\mathbf{1}^{\\top} x', '')
    """
    from formulations.problem.program import Problem
    from formulations.problem.separable import Separable

    if isinstance(problem, Separable):
        return [
            (f"{name}: {title}", maths, of) for name, p in problem.parts.items() for title, maths, of in statement(p)
        ]
    if not isinstance(problem, Problem):
        return [(title, maths, "") for title, maths in problem.maths.items()]
    data: dict[str, tuple[int, ...]] = {}
    sense = "maximize" if problem.objective.NAME == "maximize" else "minimize"
    lines = [(sense, _expression(problem.objective.expr, _letters("c", "", data)), "")]
    lines += [("over", _domain(variable), "") for variable in problem.variables.values()]
    rows = [(_constraint(c, _letters("A", name, data)), name) for name, c in problem.subject_to.items()]
    rows += [(_family(family.maths), family.name) for family in problem.for_all]
    rows += [(_family(family.maths), f"{family.name} (implied)") for family in problem.strengthened_by]
    lines += [("subject to", maths, name) for maths, name in rows]
    return lines + [("where", rf"{letter} \in {_space(shape)}", "") for letter, shape in data.items()]


def _letters(letter: str, name: str, data: dict[str, tuple[int, ...]]) -> Callable[[Any], str]:
    """What names a constant array: the letter (b for a vector on its own), its index, and primes where one is taken."""

    def named(value: Any) -> str:
        base = letter if np.ndim(value) == 2 or letter == "c" else letter.lower()
        symbol = base + (rf"_{{\text{{{_text(name)}}}}}" if name else "")
        while symbol in data:
            symbol += "'"
        data[symbol] = np.shape(value)
        return symbol

    return named


def _constraint(constraint: Any, named: Callable[[Any], str]) -> str:
    kind = type(constraint).__name__
    relation = RELATIONS.get(kind)
    if relation is None:
        return rf"({', '.join(_expression(arg, named) for arg in constraint.args)}) \in \mathrm{{{_text(kind)}}}"
    left, *right = (_expression(arg, named) for arg in constraint.args)
    if relation == r"\leq" and right and constraint.args[0].is_constant():
        return rf"{right[0]} \geq {left}"
    return f"{left} {relation} {right[0] if right else '0'}"


def _expression(expression: Any, named: Callable[[Any], str], *, inside: bool = False) -> str:
    """An expression; `inside` a product, where a sum needs brackets."""
    if expression.is_constant():
        return _constant(expression.value, named)
    kind, args = type(expression).__name__, expression.args
    match kind:
        case "Variable":
            return _text(expression.name())
        case "AddExpression":
            total = " + ".join(_expression(arg, named) for arg in args).replace("+ -", "- ")
            return f"({total})" if inside else total
        case "NegExpression":
            return f"-{_expression(args[0], named, inside=True)}"
        case "Promote" | "reshape":
            return _expression(args[0], named, inside=inside)
        case "transpose":
            return rf"{_expression(args[0], named, inside=True)}^{{\top}}"
        case "Sum":
            return rf"\mathbf{{1}}^{{\top}} {_expression(args[0], named, inside=True)}"
        case "MulExpression" if args[0].is_constant() and args[0].ndim == 1 and args[1].ndim == 1:
            ones = np.all(np.asarray(args[0].value) == 1)
            first = r"\mathbf{1}" if ones else _expression(args[0], named, inside=True)
            return rf"{first}^{{\top}} {_expression(args[1], named, inside=True)}"
        case "MulExpression":
            return " ".join(_expression(arg, named, inside=True) for arg in args)
        case "multiply":
            first, second = sorted((_expression(arg, named, inside=True) for arg in args), key=_is_number, reverse=True)
            return f"{first} {second}" if _is_number(first) else rf"{first} \circ {second}"
        case "index" | "special_index":
            return rf"({_expression(args[0], named)})_{{{_text(expression.name().partition('[')[2].rstrip(']'))}}}"
    return rf"\mathrm{{{_text(kind)}}}({', '.join(_expression(arg, named) for arg in args)})"


def _constant(value: Any, named: Callable[[Any], str]) -> str:
    """A number if all entries are the same, else a letter."""
    if np.ndim(value) < 2:
        entries = np.asarray(value.toarray() if hasattr(value, "toarray") else value, dtype=float)
        if entries.size and (entries == entries.flat[0]).all():
            return f"{entries.flat[0]:.12g}"
    return named(value)


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def _domain(variable: Any) -> str:
    """What a variable may be."""
    name, attributes = _text(variable.name()), variable.attributes
    if attributes["boolean"] is True:
        return rf"{name} \in {_power(BINARY, variable.shape)}"
    low, high = attributes.get("bounds") or (None, None)
    low = 0 if attributes["nonneg"] or attributes["pos"] else low
    high = 0 if attributes["nonpos"] or attributes["neg"] else high
    numbers = r"\mathbb{Z}" if attributes["integer"] is True else r"\mathbb{R}"
    found = rf"{name} \in {_power(numbers, variable.shape)}"
    sides = [None if side is None or np.ndim(side) or np.isinf(side) else f"{side:g}" for side in (low, high)]
    if sides[0] is not None and sides[1] is not None:
        return rf"{found}, \quad {sides[0]} \leq {name} \leq {sides[1]}"
    if sides[0] is not None:
        return rf"{found}, \quad {name} \geq {sides[0]}"
    return rf"{found}, \quad {name} \leq {sides[1]}" if sides[1] is not None else found


def _family(maths: str) -> str:
    return maths or r"\ldots"


def _space(shape: tuple[int, ...]) -> str:
    return _power(r"\mathbb{R}", shape)


def _power(of: str, shape: tuple[int, ...]) -> str:
    size = r" \times ".join(map(str, shape))
    return rf"{of}^{{{size}}}" if shape else of


def _text(name: str) -> str:
    """A name with what LaTeX would take for a command escaped."""
    return "".join(rf"\{c}" if c in "_#$%&{}" else c for c in name if c.isprintable() and c not in "\\^~")
