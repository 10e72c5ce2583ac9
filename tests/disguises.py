"""Cohorts in which it is known who copied: programs, and copies disguised as students disguise them."""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
from itertools import combinations
from pathlib import Path
from random import Random

from problems.studies.cohort import NAMES, cohort

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252")
DEAD_CODE = (
    "{0} = {1} + {2}",
    "{0} = [{1}, {2}]",
    "if {1} > {2} + {1}:\n    {0} = {2}",
    "for {0} in range({1} - {1}):\n    print({0})",
    "{0} = str({1}).upper()",
)

NO_BEGINNING = ("elif", "else", '"', "'", "from __")  # of a statement that another may stand before


def renamed(text: str, random: Random) -> str:
    """All names that the program gives itself replaced by others."""
    nodes = list(ast.walk(ast.parse(text)))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own = sorted(stored | {node.arg for node in nodes if isinstance(node, ast.arg)})
    new = {name: f"{random.choice(NAMES)}_{k}" for k, name in enumerate(own) if not keyword.iskeyword(name)}
    tokens = [
        token._replace(string=new.get(token.string, token.string)) if token.type == tokenize.NAME else token
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
    ]
    return tokenize.untokenize([(token.type, token.string) for token in tokens])


def reordered(text: str, random: Random) -> str:
    """Functions and classes that stand next to each other, in another order."""
    lines, pieces = text.splitlines(keepends=True), list[str]()
    body = ast.parse(text).body
    starts = [min(node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ())), 1 << 30) for node in body]
    ends = [*(start - 1 for start in starts[1:]), len(lines)]
    run: list[str] = []
    for node, start, end in zip(body, starts, ends, strict=True):
        piece = "".join(lines[start - 1 : end])
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            run.append(piece.rstrip("\n") + "\n\n\n")
        else:
            random.shuffle(run)
            pieces += [*run, piece]
            run = []
    random.shuffle(run)
    return "".join(lines[: starts[0] - 1] + pieces + run)


def with_dead_code(text: str, random: Random, share: float = 0.12) -> str:
    """Statements that do nothing, put before that share of the statements."""
    lines = text.splitlines()
    places = {
        node.lineno: node.col_offset
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    for line in sorted(places, reverse=True):
        before, rest = lines[line - 1][: places[line]], lines[line - 1][places[line] :]
        if random.random() < share and not before.strip() and not rest.startswith(NO_BEGINNING):
            dead = random.choice(DEAD_CODE).format(f"unused_{line}", random.randint(1, 99), random.randint(1, 99))
            lines[line - 1 : line - 1] = [before + part for part in dead.splitlines()]
    changed = "\n".join(lines) + "\n"
    ast.parse(changed)
    return changed


DISGUISES = {"renamed": renamed, "reordered": reordered, "dead code": with_dead_code}


def copied(text: str, random: Random, kinds: int) -> bytes:
    """A copy under so many disguises, in another encoding."""
    for kind in random.sample(sorted(DISGUISES), kinds):
        text = DISGUISES[kind](text, random)
    encoding = random.choice(ENCODINGS)
    return f"# Lösung, Übung {random.randint(1, 9)}\n{text}".encode(encoding)


# One exercise, solved by everybody: of each function the usual solutions, of which a student writes one.
USUAL = """\
def read(path):
    rows = []
    with open(path) as file:
        for line in file:
            rows.append(line.strip().split(','))
    return rows
# or
def read(path):
    file = open(path)
    text = file.read()
    file.close()
    return [line.split(',') for line in text.splitlines() if line]
# or
def read(path):
    import csv
    with open(path, newline='') as file:
        reader = csv.reader(file)
        next(reader, None)
        return list(reader)
# next
def mean(numbers):
    total = 0
    for number in numbers:
        total += number
    return total / len(numbers)
# or
def mean(numbers):
    if not numbers:
        return None
    return sum(numbers) / len(numbers)
# or
def mean(numbers):
    i = 0
    total = 0.0
    while i < len(numbers):
        total = total + numbers[i]
        i = i + 1
    return total / i
# next
def largest(numbers):
    best = numbers[0]
    for number in numbers[1:]:
        if number > best:
            best = number
    return best
# or
def largest(numbers):
    return sorted(numbers)[-1]
# or
def largest(numbers):
    best = None
    for i in range(len(numbers)):
        if best is None or best < numbers[i]:
            best = numbers[i]
    return best
# next
def count(words):
    counts = {}
    for word in words:
        if word in counts:
            counts[word] += 1
        else:
            counts[word] = 1
    return counts
# or
def count(words):
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts
# or
def count(words):
    from collections import Counter
    return dict(Counter(word.lower() for word in words).most_common())
# or
def count(words):
    counts = {}
    for word in set(words):
        counts[word] = words.count(word)
    return counts
# next
def sort(items):
    for i in range(len(items)):
        for j in range(len(items) - 1 - i):
            if items[j] > items[j + 1]:
                items[j], items[j + 1] = items[j + 1], items[j]
    return items
# or
def sort(items):
    for i in range(len(items)):
        least = i
        for j in range(i + 1, len(items)):
            if items[j] < items[least]:
                least = j
        items[i], items[least] = items[least], items[i]
    return items
# or
def sort(items):
    if len(items) < 2:
        return items
    first, rest = items[0], items[1:]
    low = [x for x in rest if x < first]
    high = [x for x in rest if not x < first]
    return sort(low) + [first] + sort(high)
# or
def sort(items):
    for i in range(1, len(items)):
        key = items[i]
        j = i - 1
        while j >= 0 and items[j] > key:
            items[j + 1] = items[j]
            j -= 1
        items[j + 1] = key
    return items
# next
def prime(n):
    if n < 2:
        return False
    for d in range(2, n):
        if n % d == 0:
            return False
    return True
# or
def prime(n):
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return n > 1
# or
def prime(n):
    return n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1))
# next
class Account:
    def __init__(self, owner):
        self.owner = owner
        self.balance = 0

    def pay(self, amount):
        if amount > self.balance:
            raise ValueError('too little')
        self.balance -= amount
# or
class Account:
    balance = 0

    def pay(self, amount):
        if self.balance - amount >= 0:
            self.balance = self.balance - amount
            return True
        print('too little')
        return False
# or
class Account:
    def __init__(self, owner, balance=0, limit=100):
        self.owner, self.balance, self.limit = owner, balance, limit

    def pay(self, amount):
        assert 0 < amount < self.limit
        self.balance -= min(amount, self.balance)
        return self.balance
"""
SOLUTIONS = [function.split("# or\n") for function in USUAL.split("# next\n")]


def exercise(random: Random) -> str:
    """A student's own solution of the exercise: some usual functions and some ideas of the student's own."""
    usual = [random.choice(solutions) for solutions in random.sample(SOLUTIONS, random.randint(5, len(SOLUTIONS)))]
    own = next(iter(cohort(1, 0, random.randrange(1 << 30)).sources.values()))
    text = "\n\n".join([*usual, own])
    return renamed(with_dead_code(text, random, 0.05), random)


def standard_library() -> list[str]:
    """The first two hundred lines or so of two hundred modules, by people who did not copy."""
    found = []
    for path in sorted(Path(ast.__file__).parent.rglob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "site-packages" in str(path) or "/test" in str(path) or "idlelib" in str(path) or "encodings" in str(path):
            continue
        try:
            body = ast.parse(text).body
        except SyntaxError:
            continue
        ends = [node.end_lineno or 0 for node in body if (node.end_lineno or 0) <= 250]
        if ends and ends[-1] >= 120:
            found.append("\n".join(text.splitlines()[: ends[-1]]) + "\n")
    return found


def some_cohort(kind: str, seed: int, n: int = 200, copies: int = 20) -> tuple[dict[str, bytes], set[frozenset[str]]]:
    """n programs of a kind, the last ones copies of others; and the pairs of which one is a copy of the other."""
    random = Random(seed)
    if kind == "generated":
        originals = list(cohort(n - copies, 0, seed).sources.values())
    elif kind == "standard library":
        originals = random.sample(standard_library(), n - copies)
    else:
        originals = [exercise(random) for _ in range(n - copies)]
    names = [f"s{k:03}.py" for k in range(n)]
    random.shuffle(names)
    files = {name: text.encode() for name, text in zip(names, originals, strict=False)}
    family: dict[int, list[str]] = {}
    for name in names[n - copies :]:
        source = random.randrange(n - copies)
        files[name] = copied(originals[source], random, random.randint(2, 3))
        family.setdefault(source, [names[source]]).append(name)
    pairs = {frozenset(pair) for members in family.values() for pair in combinations(members, 2)}
    return dict(sorted(files.items())), pairs
