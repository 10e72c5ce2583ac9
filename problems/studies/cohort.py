"""Synthetic cohorts of programs in which it is known who copied from whom.

A program is some small random functions and a main part that calls them. A copy has other names, strings and comments,
its functions in another order, some literals changed, some statements removed and others inserted; the next in the
chain copies the copy. So neighbours in a chain are similar, its ends less so, and unrelated programs share idioms only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

Language = Literal["python", "c", "java"]
Expression = str | int | tuple[Any, ...]  # a variable, a literal, or (operator, left, right)
Statement = tuple[Any, ...]  # its kind, its parts, and where it has a body, that list of statements last

CHAIN_LENGTH = 3, 5  # programs
FUNCTIONS = 4, 7  # in a program
STATEMENTS = 4, 8  # in a function, without nested ones
LITERAL_CHANGES = 0.2  # share of the literals that a copy changes
STATEMENT_CHANGES = 0.06  # share of the statements that it removes; as many are inserted
COMMENTS = 0.1  # share of the statements with a comment before them
VARIABLES = "abcdef"  # placeholders in a function; the first two are its parameters
WORDS = (
    "amount area base best bound box cell cost count depth digit edge error factor first gain grade height index item "
    "key last left length level limit mean middle number offset order part point price rate right root row scale score "
    "share side size speed start state step sum target time total value weight width"
)
NAMES = WORDS.split()


@dataclass(frozen=True)
class _Dialect:
    """Templates for the parts of a program in a language."""

    suffix: str
    function: str
    main: str
    show: str
    loop: str  # for
    test: str  # if, while
    comment: str = "// "
    declare: str = "int {} = {}"
    opens: str = " {"
    closes: str = "}"
    stop: str = ";"
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


DIALECTS = {
    "python": _Dialect(
        suffix=".py",
        function="def {name}({a}, {b})",
        main="if __name__ == '__main__'",
        show='print("{}", {})',
        loop="for {} in range({})",
        test="{} {}",
        comment="# ",
        declare="{} = {}",
        opens=":",
        closes="",
        stop="",
    ),
    "c": _Dialect(
        suffix=".c",
        function="int {name}(int {a}, int {b})",
        main="int main(void)",
        show='printf("{} %d\\n", {})',
        loop="for ({0} = 0; {0} < {1}; {0}++)",
        test="{} ({})",
        first=("#include <stdio.h>",),
    ),
    "java": _Dialect(
        suffix=".java",
        function="static int {name}(int {a}, int {b})",
        main="public static void main(String[] arguments)",
        show='System.out.println("{} " + ({}))',
        loop="for ({0} = 0; {0} < {1}; {0}++)",
        test="{} ({})",
        first=("public class Main {",),
        last=("}",),
    ),
}


@dataclass(frozen=True)
class Cohort:
    """The programs, file name: text; and the copy chains, each a list of file names from original to last copy."""

    sources: dict[str, str]
    chains: list[list[str]]


def cohort(n: int, chains: int, seed: int, language: Language = "python") -> Cohort:
    """A cohort of n programs with so many copy chains of 3 to 5 and no other copies; the same for the same seed.

    Raises ValueError if there are fewer than 3 programs to a chain, or for a language other than python, c and java.

    >>> programs = cohort(8, chains=1, seed=0)
    >>> len(programs.sources), len(programs.chains[0]), list(programs.sources)[0]
    (8, 4, 'student1.py')
    """
    if chains < 0 or n < CHAIN_LENGTH[0] * chains:
        raise ValueError(f"{n} programs do not make {chains} chains; a chain takes {CHAIN_LENGTH[0]} or more")
    if language not in DIALECTS:
        raise ValueError(f"language is {language!r}; choose one of {', '.join(DIALECTS)}")
    random, dialect = Random(seed), DIALECTS[language]
    free = [f"student{i:0{len(str(n))}}{dialect.suffix}" for i in range(1, n + 1)]
    random.shuffle(free)
    copying = []
    for later in reversed(range(chains)):
        longest = min(CHAIN_LENGTH[1], len(free) - CHAIN_LENGTH[0] * later)
        copying.append([free.pop() for _ in range(random.randint(CHAIN_LENGTH[0], longest))])
    sources = {}
    for authors in copying + [[name] for name in free]:
        functions = [_body(random, random.randint(*STATEMENTS), 2) for _ in range(random.randint(*FUNCTIONS))]
        for author in authors:
            sources[author] = _Writer(random, dialect).program(functions)
            functions = [_copied(random, body) for body in random.sample(functions, len(functions))]
    return Cohort(dict(sorted(sources.items())), copying)


def _body(random: Random, count: int, depth: int) -> list[Statement]:
    """Random statements, nested up to that depth."""
    return [_statement(random, depth) for _ in range(count)]


def _statement(random: Random, depth: int) -> Statement:
    kind = random.choice(["set", "set", "add", "add", "print"] + ["if", "while", "for"] * (depth > 0))
    if kind in ("set", "add"):
        return kind, random.choice(VARIABLES), _expression(random, 2)
    if kind == "print":
        return kind, _expression(random, 1)
    body = _body(random, random.randint(1, 3), depth - 1)
    if kind == "for":
        return kind, random.choice(VARIABLES), _expression(random, 1), body
    relation = random.choice(["<", ">", "<=", ">=", "==", "!="])
    return kind, (relation, random.choice(VARIABLES), _expression(random, 1)), body


def _expression(random: Random, depth: int) -> Expression:
    if depth and random.random() < 0.6:
        return random.choice("+-*%"), _expression(random, depth - 1), _expression(random, depth - 1)
    return random.choice(VARIABLES) if random.random() < 0.7 else random.randint(1, 99)


def _copied(random: Random, part: Any) -> Any:
    """A body, a statement or an expression, changed as in a copy."""
    if isinstance(part, tuple):
        return tuple(_copied(random, inner) for inner in part)
    if isinstance(part, list):
        kept = [_copied(random, statement) for statement in part if random.random() >= STATEMENT_CHANGES]
        for _ in part:
            if random.random() < STATEMENT_CHANGES or not kept:
                kept.insert(random.randint(0, len(kept)), _statement(random, 0))
        return kept
    return random.randint(1, 99) if isinstance(part, int) and random.random() < LITERAL_CHANGES else part


class _Writer:
    """Writes programs in a language, with random names, strings and comments for each author."""

    def __init__(self, random: Random, dialect: _Dialect) -> None:
        self.random, self.dialect, self.lines = random, dialect, [*dialect.first]
        self.depth = len(dialect.last)  # what the first lines opened, the last ones close

    def program(self, functions: list[list[Statement]]) -> str:
        names = self.random.sample(NAMES, len(functions))
        for name, body in zip(names, functions, strict=True):
            self.lines.append("")
            self.function(name, body)
        self.lines.append("")
        with self.block(self.dialect.main):
            for name in names:
                self.say(f"{name}({self.random.randint(1, 99)}, {self.random.randint(1, 99)})")
        return "\n".join([*self.lines, *self.dialect.last, ""])

    def function(self, name: str, body: list[Statement]) -> None:
        named = dict(zip(VARIABLES, self.random.sample(NAMES, len(VARIABLES)), strict=True))
        with self.block(self.dialect.function.format(name=name, a=named["a"], b=named["b"])):
            for variable in VARIABLES[2:]:
                self.line(self.dialect.declare.format(named[variable], self.random.randint(0, 9)))
            self.body(body, named)
            self.line(f"return {named['c']}")

    def body(self, body: list[Statement], named: dict[str, str]) -> None:
        for kind, *parts in body:
            if self.random.random() < COMMENTS:
                self.lines.append("    " * self.depth + self.dialect.comment + " ".join(self.random.sample(NAMES, 3)))
            texts = [_written(part, named) for part in parts if not isinstance(part, list)]
            if kind == "set":
                self.line("{} = {}".format(*texts))
            elif kind == "add":
                self.line("{} += {}".format(*texts))
            elif kind == "print":
                self.say(*texts)
            else:
                head = self.dialect.loop.format(*texts) if kind == "for" else self.dialect.test.format(kind, *texts)
                with self.block(head):
                    self.body(parts[-1], named)

    def say(self, value: str) -> None:
        self.line(self.dialect.show.format(self.random.choice(NAMES), value))

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text + self.dialect.stop)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.lines.append("    " * self.depth + head + self.dialect.opens)
        self.depth += 1
        yield
        self.depth -= 1
        self.lines += ["    " * self.depth + self.dialect.closes] * bool(self.dialect.closes)


def _written(part: Expression, named: dict[str, str], inner: bool = False) -> str:
    """An expression as text, in brackets if it is an inner one."""
    if isinstance(part, tuple):
        operator, left, right = part
        text = f"{_written(left, named, True)} {operator} {_written(right, named, True)}"
        return f"({text})" if inner else text
    return named[part] if isinstance(part, str) else str(part)
