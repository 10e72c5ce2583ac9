"""Cohorts that solve one assignment, in any of five languages, copies among them under named disguises.

A task is some functions, each with the usual ways to write it; a student takes one way for each, words it in their own
manner and adds ideas of their own. Programs are lists of statements that a dialect writes down, so that any disguise
goes with any language:

    ("=", name, expression)  ("for", name, from, to, body)  ("while", test, body)  ("if", test, body, otherwise)
    ("return", expression)  ("print", expression)

An expression is text in what all dialects have in common: names in [a-z_]+, numbers, + - * / % < > == and calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from disguises import ENCODINGS

Body = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Function:
    """A function with its parameters and statements."""

    name: str
    parameters: tuple[str, ...]
    body: Body


@dataclass(frozen=True)
class Dialect:
    """How a language writes statements; {0}, {1}, ... are their parts."""

    suffix: str
    comment: str
    function: str
    assign: str
    loop: str
    test: str
    loop_while: str
    otherwise: str
    close: str
    result: str
    show: str
    first: str = ""
    last: str = ""
    indent: int = 4


BRACES = {"test": "if ({0}) {{", "loop_while": "while ({0}) {{", "otherwise": "}} else {{", "close": "}}"}
DIALECTS = {
    "python": Dialect(
        ".py", "# ", "def {0}({1}):", "{0} = {1}", "for {0} in range({1}, {2}):", "if {0}:", "while {0}:", "else:", "",
        "return {0}", "print({0})",
    ),
    "java": Dialect(
        ".java", "// ", "static int {0}({1}) {{", "{0} = {1};", "for (int {0} = {1}; {0} < {2}; {0}++) {{", **BRACES,
        result="return {0};", show="System.out.println({0});", first="public class Main {", last="}",
    ),
    "c": Dialect(
        ".c", "// ", "int {0}({1}) {{", "{0} = {1};", "for ({0} = {1}; {0} < {2}; {0}++) {{", **BRACES,
        result="return {0};", show='printf("%d\\n", {0});', first="#include <stdio.h>\n",
    ),
    "javascript": Dialect(
        ".js", "// ", "function {0}({1}) {{", "let {0} = {1};", "for (let {0} = {1}; {0} < {2}; {0}++) {{", **BRACES,
        result="return {0};", show="console.log({0});", indent=2,
    ),
    "r": Dialect(
        ".R", "# ", "{0} <- function({1}) {{", "{0} <- {1}", "for ({0} in {1}:({2} - 1)) {{", **BRACES,
        result="return({0})", show="print({0})", indent=2,
    ),
}  # fmt: skip

# name(parameters): ways, each a text of statements: `x = e`, `for i a b`, `while t`, `if t`, `else`, `end`, `return e`
TASK = """
total(numbers, count)
    sum = 0; for i 0 count; sum = sum + at(numbers, i); end; return sum
    sum = 0; i = count; while i > 0; i = i - 1; sum = sum + at(numbers, i); end; return sum
    if count == 0; return 0; end; return at(numbers, 0) + total(rest(numbers), count - 1)
    result = at(numbers, 0); for k 1 count; result = add(result, at(numbers, k)); end; print(result); return result
largest(numbers, count)
    best = at(numbers, 0); for i 1 count; if at(numbers, i) > best; best = at(numbers, i); end; end; return best
    if count == 1; return at(numbers, 0); end; a = largest(rest(numbers), count - 1); b = at(numbers, 0);
    ... if a > b; return a; else; return b; end
    copy = sorted(numbers); return at(copy, count - 1)
    best = 0; i = 0; while i < count; x = at(numbers, i); if best < x; best = x; else; i = i + 0; end; i = i + 1; end;
    ... return best
prime(n)
    if n < 2; return 0; end; for d 2 n; if n % d == 0; return 0; end; end; return 1
    d = 2; while d * d < n + 1; if n % d == 0; return 0; end; d = d + 1; end; return n > 1
    count = 0; for d 1 n + 1; if n % d == 0; count = count + 1; end; end; return count == 2
    if n == 2; return 1; end; if n % 2 == 0; return 0; end; d = 3; while d * d < n; if n % d == 0; return 0; end;
    ... d = d + 2; end; return 1
sort(items, count)
    for i 0 count; for j 0 count - 1 - i; if at(items, j) > at(items, j + 1); swap(items, j, j + 1); end; end; end;
    ... return items
    for i 0 count; least = i; for j i + 1 count; if at(items, j) < at(items, least); least = j; end; end;
    ... swap(items, i, least); end; return items
    i = 1; while i < count; j = i; while j > 0; if at(items, j - 1) > at(items, j); swap(items, j, j - 1); end;
    ... j = j - 1; end; i = i + 1; end; return items
    if count < 2; return items; end; half = count / 2; a = sort(part(items, 0, half), half);
    ... b = sort(part(items, half, count), count - half); return merged(a, b)
power(base, n)
    result = 1; for i 0 n; result = result * base; end; return result
    if n == 0; return 1; end; return base * power(base, n - 1)
    result = 1; while n > 0; if n % 2 == 1; result = result * base; end; base = base * base; n = n / 2; end;
    ... return result
    if n == 0; return 1; end; half = power(base, n / 2); if n % 2 == 0; return half * half; else;
    ... return half * half * base; end
divisor(a, b)
    while b > 0; r = a % b; a = b; b = r; end; return a
    if b == 0; return a; end; return divisor(b, a % b)
    d = smaller(a, b); while a % d + b % d > 0; d = d - 1; end; return d
    best = 1; for d 1 a + 1; if a % d == 0; if b % d == 0; best = d; end; end; end; print(best); return best
find(items, count, wanted)
    for i 0 count; if at(items, i) == wanted; return i; end; end; return 0 - 1
    low = 0; high = count - 1; while low < high + 1; middle = (low + high) / 2; if at(items, middle) == wanted;
    ... return middle; end; if at(items, middle) < wanted; low = middle + 1; else; high = middle - 1; end; end;
    ... return 0 - 1
    place = 0; while place < count; if at(items, place) == wanted; print(place); return place; end; place = place + 1;
    ... end; return count
    found = 0 - 1; for k 0 count; if at(items, k) == wanted; found = k; end; end; return found
fibonacci(n)
    a = 0; b = 1; for i 0 n; c = a + b; a = b; b = c; end; return a
    if n < 2; return n; end; return fibonacci(n - 1) + fibonacci(n - 2)
    f = list(n + 2); put(f, 1, 1); i = 2; while i < n + 1; put(f, i, at(f, i - 1) + at(f, i - 2)); i = i + 1; end;
    ... return at(f, n)
    last = 1; now = 0; k = 0; while k < n; now = now + last; last = now - last; k = k + 1; end; return now
"""
GREEK = "alpha beta gamma delta kappa sigma omega theta omicron zeta epsilon rho tau phi chi psi"
WORDS = GREEK.split()
ENGLISH = ("go through all of them", "keep the best so far", "nothing left to do", "start with nothing", "the answer")
GERMAN = ("alle der Reihe nach", "das Beste behalten", "nichts mehr übrig", "leer anfangen", "das Ergebnis für später")


def _parsed(text: str) -> Body:
    """The statements of a way to write a function."""
    waiting: list[Any] = [[]]
    for part in filter(None, (part.strip() for part in text.split(";"))):
        word, _, rest = part.partition(" ")
        if word in ("for", "while", "if"):
            body: Body = []
            pieces = rest.split(" ", 2) if word == "for" else [rest]
            if word == "for":  # the bounds: the first is one word, unless it ends in an operator
                words = rest.split(" ")
                cut = 4 if words[2] in "+-" else 2
                pieces = [words[0], " ".join(words[1:cut]), " ".join(words[cut:])]
            statement = (word, *pieces, body) if word != "if" else ("if", rest, body, [])
            waiting[-1].append(statement)
            waiting.append(body)
        elif word == "else":
            waiting.pop()
            waiting.append(waiting[-1][-1][3])
        elif word == "end":
            waiting.pop()
        elif word == "return":
            waiting[-1].append(("return", rest))
        elif " = " in part:
            waiting[-1].append(("=", *part.split(" = ", 1)))
        else:
            call = re.fullmatch(r"print\((.*)\)", part)
            waiting[-1].append(("print", call[1]) if call else ("=", "done", part))
    return waiting[0]


def _functions() -> list[list[Function]]:
    """The functions of the task, each in its ways."""
    found: list[list[Function]] = []
    for line in TASK.replace("\n    ...", "").strip().splitlines():
        if not line.startswith(" "):
            name, inside = line.rstrip(")").split("(")
            found.append([])
        else:
            found[-1].append(Function(name, tuple(inside.split(", ")), _parsed(line)))
    return found


WAYS = _functions()


def _mapped(body: Body, change: Callable[[tuple[Any, ...]], Body]) -> Body:
    """Each statement, its bodies first, replaced by what it becomes."""
    return [
        new
        for statement in body
        for new in change(tuple(_mapped(part, change) if isinstance(part, list) else part for part in statement))
    ]


def _texts(statement: tuple[Any, ...], change: Callable[[str], str]) -> tuple[Any, ...]:
    return (statement[0], *(change(part) if isinstance(part, str) else part for part in statement[1:]))


def own_words(function: Function, random: Random, effort: float) -> Function:
    """The same as another person writes it: intermediate results, checks and prints of their own."""

    def change(statement: tuple[Any, ...]) -> Body:
        if random.random() >= effort or statement[0] == "comment":
            return [statement]
        x, k = random.choice(WORDS), random.randint(0, 99)
        before: list[Body] = [
            [("=", x, f"{k}")],
            [("print", f"{x} + {k}")] if random.random() < 0.5 else [("print", f"{k}")],
            [("if", f"{x} < {k}", [("return", f"{k}")], [])],
            [("=", x, f"check({x}, {k})")],
            [("while", f"{x} > {k}", [("=", x, f"{x} - {k}")])],
        ]
        if statement[0] in ("=", "return") and random.random() < 0.5:
            return [("=", x, statement[-1]), (*statement[:-1], x)]
        return [*random.choice(before), statement]

    return replace(function, body=_mapped(function.body, change))


def idea(random: Random, depth: int = 2) -> Body:
    """Statements that nobody else has."""
    made: Body = []
    for _ in range(random.randint(2, 4)):
        x, y, z = random.sample(WORDS, 3)
        value = random.choice([f"{x} + {y} * {z}", f"check({x}, {y} % 7)", f"at({x}, {y}) - {z}", f"({x} + 3) / {y}"])
        kind = random.choice(["=", "print", "if", "for", "while"] if depth else ["=", "print"])
        if kind in ("=", "print"):
            made.append(("=", z, value) if kind == "=" else ("print", value))
            continue
        inner = idea(random, depth - 1)
        head = {"if": (f"{x} > {y}",), "for": ("i", "0", x), "while": (f"{x} < {y}",)}[kind]
        made.append((kind, *head, inner, *([idea(random, 0)[: random.randint(0, 1)]] if kind == "if" else [])))
    return made


def student(random: Random, functions: int, ideas: int, effort: float) -> list[Function]:
    """A program of their own: some functions of the task, and some that nobody asked for."""
    chosen = [random.choice(ways) for ways in WAYS[:functions]]
    own = [Function(f"own_{k}", tuple(random.sample(WORDS, 2)), idea(random)) for k in range(ideas)]
    return [own_words(function, random, effort) for function in chosen] + own


# Disguises


def renamed(program: list[Function], random: Random) -> list[Function]:
    """Other names throughout, all different."""
    new: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        return new.setdefault(found[0], f"{random.choice(WORDS)}_{len(new)}")

    def change(text: str) -> str:
        return re.sub(r"[a-z_]\w*", name, text)

    return [
        Function(
            change(f.name),
            tuple(map(change, f.parameters)),
            _mapped(f.body, lambda s: [s if s[0] == "comment" else _texts(s, change)]),
        )
        for f in program
    ]


def reordered(program: list[Function], random: Random) -> list[Function]:
    """The functions in another order."""
    return random.sample(program, len(program))


def dead_code(program: list[Function], random: Random) -> list[Function]:
    """A statement that does nothing before one in eight."""

    def change(statement: tuple[Any, ...]) -> Body:
        unused = [("=", f"unused_{random.randint(1, 9)}", f"{random.randint(1, 99)} + {random.randint(1, 9)}")]
        return [*(unused if random.random() < 0.12 else []), statement]

    return [replace(f, body=_mapped(f.body, change)) for f in program]


def junk(program: list[Function], random: Random) -> list[Function]:
    """A comment on every line, and a call that does nothing after one in five."""

    def change(statement: tuple[Any, ...]) -> Body:
        comment = ("comment", " ".join(random.sample(WORDS, 3)))
        return [comment, statement] if random.random() > 0.2 else [comment, ("=", "x", "0"), statement]

    return [replace(f, body=_mapped(f.body, change)) for f in program]


def loops_changed(program: list[Function], random: Random) -> list[Function]:
    """Every for as a while."""

    def change(statement: tuple[Any, ...]) -> Body:
        if statement[0] != "for":
            return [statement]
        _, i, low, high, body = statement
        return [("=", i, low), ("while", f"{i} < {high}", [*body, ("=", i, f"{i} + 1")])]

    return [replace(f, body=_mapped(f.body, change)) for f in program]


def translated(program: list[Function], random: Random) -> list[Function]:
    """Comments in another language."""

    def change(statement: tuple[Any, ...]) -> Body:
        known = dict(zip(ENGLISH, GERMAN, strict=True))
        return [("comment", known.get(statement[1], "hier"))] if statement[0] == "comment" else [statement]

    return [replace(f, body=_mapped(f.body, change)) for f in program]


def commented(program: list[Function], random: Random) -> list[Function]:
    """Comments of the student's own."""
    return [replace(f, body=[("comment", random.choice(ENGLISH)), *f.body]) for f in program]


DISGUISES: dict[str, Callable[[list[Function], Random], list[Function]]] = {
    "renamed": renamed,
    "reordered": reordered,
    "dead code": dead_code,
    "junk": junk,
    "for to while": loops_changed,
    "translated": translated,
}


def written(program: list[Function], dialect: Dialect) -> str:
    """The program in a language."""
    lines = [dialect.first] if dialect.first else []

    def put(depth: int, template: str, *parts: str) -> None:
        line = template.format(*parts)
        lines.append(" " * dialect.indent * depth + (line.replace(" % ", " %% ") if dialect.suffix == ".R" else line))

    def body(statements: Body, depth: int) -> None:
        if not any(statement[0] != "comment" for statement in statements):
            put(depth, dialect.assign, "x", "0")
        for kind, *parts in statements:
            if kind == "comment":
                lines.append(" " * dialect.indent * depth + dialect.comment + parts[0])
            elif kind in ("=", "return", "print"):
                put(depth, {"=": dialect.assign, "return": dialect.result, "print": dialect.show}[kind], *parts)
            else:
                put(depth, {"for": dialect.loop, "while": dialect.loop_while, "if": dialect.test}[kind], *parts)
                for k, inner in enumerate(part for part in parts if isinstance(part, list)):
                    if k and inner:
                        put(depth, dialect.otherwise)
                    if not k or inner:
                        body(inner, depth + 1)
                if dialect.close:
                    put(depth, dialect.close)

    outer = 1 if dialect.last else 0
    for function in program:
        typed = [f"int {p}" if dialect.suffix in (".java", ".c") else p for p in function.parameters]
        put(outer, dialect.function, function.name, ", ".join(typed))
        body(function.body, outer + 1)
        if dialect.close:
            put(outer, dialect.close)
        lines.append("")
    return "\n".join([*lines, dialect.last, ""])


def solved(
    language: str, seed: int, n: int, copies: int, *, one: bool = False, given: int = 0
) -> tuple[dict[str, bytes], dict[frozenset[str], str], str]:
    """A cohort: files by name, the disguise of each pair that was copied, and the code that all were given.

    Copies are each under one disguise, those of another first: a copy of one student's if `one`, else of anybody's.
    """
    random, dialect = Random(seed), DIALECTS[language]
    template = [Function(f"given_{k}", ("x", "y"), idea(random)) for k in range(given)]
    own = [commented(student(random, 8, 2, 0.12), random) for _ in range(n - copies)]
    names = [f"s{k:03}{dialect.suffix}" for k in range(n)]
    random.shuffle(names)
    files = {name: written([*template, *program], dialect).encode() for name, program in zip(names, own, strict=False)}
    pairs: dict[frozenset[str], str] = {}
    family: dict[int, list[str]] = {}
    for k, name in enumerate(names[n - copies :]):
        source, kind = 0 if one else random.randrange(len(own)), list(DISGUISES)[k % len(DISGUISES)]
        text = written([*template, *DISGUISES[kind](own[source], random)], dialect)
        files[name] = f"{dialect.comment}Lösung\n{text}".encode(random.choice(ENCODINGS))
        for relative in family.setdefault(source, [names[source]]):
            pairs[frozenset((name, relative))] = kind
        family[source].append(name)
    return dict(sorted(files.items())), pairs, written(template, dialect)
