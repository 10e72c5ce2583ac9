"""Damage graph files at random, read them, and see that nothing but a graph or one sentence ever comes of it.

PYTHONPATH=. python tests/fuzz/fuzz_graph_files.py [FILES [SEED]]      prints how many were read, refused, and faults
"""

from __future__ import annotations

import random
import re
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

try:
    from fuzz.seeds import SEEDS
except ImportError:  # run as a script
    from seeds import SEEDS

from problems.io import InputError, read_graph

SLOW = 5.0  # seconds
MEMORY = 4 << 30  # bytes
NASTY = [
    *(
        "",
        "-1",
        "0",
        "1e999",
        "nan",
        "inf",
        "9" * 30,
        "9" * 5000,
        "1_0",
        "0x1p3",
        "1,5",
        "\u0661",
        "-",
        "1.5.2",
        "99999999999",
    ),
    *(
        '"',
        "'",
        '""',
        "<",
        ">",
        "&",
        "&x;",
        "<!--",
        "]]>",
        "[",
        "]",
        "{",
        "}",
        "#",
        "%",
        "*",
        "\\",
        "\0",
        "\x1b[2J",
        "\u202e",
    ),
    *(
        "*Vertices 3",
        "*Matrix",
        "SECTION Graph",
        "p sp 3 3",
        "graph [",
        "null",
        "true",
        "[[[[",
        '{"id":',
        "source,target",
    ),
    *(
        "Source",
        "weight",
        "EOF",
        "END",
        "\ufeff",
        "é",
        "\ud83d\ude89".encode("utf-16", "surrogatepass").decode("utf-16"),
    ),
]
OPTIONS: list[dict[str, Any]] = [
    *(
        {},
        {},
        {},
        {},
        {},
        {},
        {},
        {},
        {"unweighted": True},
        {"directed": True},
        {"directed": False},
        {"weight": "weight"},
        {"weight": "3"},
    ),
    *({"delimiter": ","}, {"delimiter": '"'}, {"columns": ("1", "2")}, {"columns": ("Source", "Target")}),
    {"attributes": ["km"]},
]


def damaged(rng: random.Random, name: str) -> bytes:
    """The seed of that name, damaged one to four times."""
    content = SEEDS[name].encode()
    for _ in range(rng.randint(1, 4)):
        content = rng.choice(DAMAGES)(rng, content)
    return content


def flip(rng: random.Random, content: bytes) -> bytes:
    """One byte changed."""
    if not content:
        return content
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]


def cut(rng: random.Random, content: bytes) -> bytes:
    """A piece left out, often all to the end."""
    start = rng.randint(0, len(content))
    return content[:start] + (b"" if rng.random() < 0.5 else content[start + rng.randint(1, 30) :])


def insert(rng: random.Random, content: bytes) -> bytes:
    """Something nasty, or a piece of another file, put in."""
    at = rng.randint(0, len(content))
    other = SEEDS[rng.choice(sorted(SEEDS))].encode()
    start = rng.randrange(len(other))
    piece = rng.choice(NASTY).encode() if rng.random() < 0.7 else other[start : start + rng.randint(1, 80)]
    return content[:at] + piece + content[at:]


def swap_lines(rng: random.Random, content: bytes) -> bytes:
    """Two lines exchanged, or one repeated."""
    lines = content.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    if rng.random() < 0.5:
        lines[i], lines[j] = lines[j], lines[i]
    else:
        lines.insert(i, lines[j])
    return b"\n".join(lines)


def swap_words(rng: random.Random, content: bytes) -> bytes:
    """A word replaced by something nasty, or by another word of the file."""
    words = re.split(rb"([\w.+-]+)", content)
    if len(words) < 3:
        return content
    i, j = (2 * rng.randrange(len(words) // 2) + 1 for _ in range(2))
    words[i] = rng.choice(NASTY).encode() if rng.random() < 0.6 else words[j]
    return b"".join(words)


def recode(rng: random.Random, content: bytes) -> bytes:
    """Another encoding, or other ends of lines."""
    text = content.decode(errors="replace")
    return rng.choice(
        [
            lambda: text.encode("utf-16"),
            lambda: text.encode("latin-1", errors="replace"),
            lambda: text.encode("utf-8-sig"),
            lambda: text.replace("\n", "\r\n").encode(),
            lambda: text.replace("\n", "\r").encode(),
            lambda: text.replace(" ", "\t").encode(),
        ]
    )()


Damage = Callable[[random.Random, bytes], bytes]
DAMAGES: list[Damage] = [flip, flip, cut, insert, insert, swap_lines, swap_words, swap_words, swap_words, recode]


def fault(path: Path, options: dict[str, Any]) -> tuple[str, str]:
    """("read", ""), ("refused", the sentence) or ("fault", what went wrong) of reading that file."""
    started = time.perf_counter()
    try:
        file = read_graph(path, **options)
    except InputError as error:
        message = str(error)
        if not message.isprintable() or len(message) > 1000 or path.name not in message:
            return "fault", f"no sentence: {message[:200]!r}"
        if "cannot be read as a graph" in message or "too large or too deeply nested" in message:
            return "fault", f"unforeseen: {message} {error.__cause__!r}"
        return "refused", message
    except Exception:
        return "fault", traceback.format_exc()
    seconds = time.perf_counter() - started
    g = file.network
    wrong = {
        "a weight is not finite": not np.isfinite(g.weight).all() or g.weight.shape != (g.m,),
        "an end is no node": bool(g.m)
        and not (0 <= min(g.tail.min(), g.head.min()) <= max(g.tail.max(), g.head.max()) < g.n),
        "two nodes have one name": len(set(g.nodes)) != g.n,
        "positions are not finite": g.positions is not None
        and (g.positions.shape != (g.n, 2) or not np.isfinite(g.positions).all()),
        "a note is no line": not all(note.isprintable() for note in file.notes),
        "a terminal is no node": not set(file.terminals) <= set(g.nodes),
        f"it took {seconds:.0f} s": seconds > SLOW,
    }
    found = [what for what, holds in wrong.items() if holds]
    return ("fault", "; ".join(found)) if found else ("read", "")


def fuzz(files: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """How many damaged files were read, refused or at fault; and each fault, with the file that shows it."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    faults = []
    for i in range(files):
        name = rng.choice(sorted(SEEDS))
        suffix = Path(rng.choice(sorted(SEEDS)) if rng.random() < 0.05 else name).suffix
        path = folder / f"fuzzed{suffix}"
        content, options = damaged(rng, name), rng.choice(OPTIONS)
        path.write_bytes(content)
        kind, what = fault(path, options)
        counts[kind] += 1
        if kind == "fault":
            faults.append(f"number {i}, from {name} as {suffix} with {options}: {what}\n{content!r}")
    return counts, faults


def main() -> None:
    """Fuzz, and say what came of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    files, seed = (int(value) for value in (sys.argv[1:] + ["20000", "0"][len(sys.argv) - 1 :])[:2])
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        counts, faults = fuzz(files, seed, Path(folder))
    if faults:
        print(*faults[:20], sep="\n\n", end="\n\n")
    print(f"{files:,} files in {time.process_time() - started:.0f} s: {dict(counts)}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
