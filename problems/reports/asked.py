"""What a run was asked, as its JSON tells it: the command, its files and their hashes, versions, the model as maths."""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from problems.terminal.arguments import Given, Written

PROJECT = "optimization-cookbook"
PACKAGES = ("clarabel", "cvxpy", "highspy", "networkx", "numpy", "ortools", "scipy", "scs", "torch")


def asked_of(name: str, words: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    """The command that finds the answer again, the hashes of what it reads, the seed, and who answered.

    Without folders of this machine, dates and durations: the same question to the same versions reads the same.
    """
    return {
        "command": command(name, words, options),
        "files": [[os.path.basename(os.path.normpath(path)), digest(path)] for path in files_of(options)],
        "seed": options.seed,
        "versions": versions(),
    }


def command(name: str, words: Sequence[str], options: argparse.Namespace) -> str:
    """The command line again, files by their names alone, without what only says how the answer is shown.

    >>> options = argparse.Namespace(graph=Given("maps/a b.gml"), plot=Written("a.png"), json=True)
    >>> command("mst", ["--graph", "maps/a b.gml", "--forest", "--plot", "a.png", "--json"], options)
    "python -m problems.mst --graph 'a b.gml' --forest"
    """
    files = {str(path): os.path.basename(os.path.normpath(path)) for path in files_of(options)}
    written = {f"--{option}" for option, value in vars(options).items() if isinstance(value, Written)}
    kept, left = [], iter(words)
    for word in left:
        option, sign, value = word.partition("=")
        if word in written:
            next(left, None)
        elif not (sign and option in written) and word not in ("--json", "--quiet"):
            named = f"{option}={files[value]}" if option.startswith("--") and value in files else word
            kept.append(files.get(word, named))
    return shlex.join(["python", "-m", f"problems.{name}", *kept])


def files_of(options: argparse.Namespace) -> list[Given]:
    """The files and folders that the options name, in alphabetical order of the options."""
    values = (value for _, value in sorted(vars(options).items()))
    flat = (one for value in values for one in (value if isinstance(value, list) else [value]))
    return [one for one in flat if isinstance(one, Given)]


def digest(path: str) -> str | None:
    """SHA-256 of a file; of a folder that of the lines which sha256sum prints for its files, in order of their names.

    None for what is neither, such as a pipe, or cannot be read.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     print(digest(file.name)[:12])
    e3b0c44298fc
    """
    try:
        if os.path.isfile(path):
            with open(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        if os.path.isdir(path):
            whole = hashlib.sha256()
            for name in sorted(_files(Path(path)), key=os.fsencode):
                whole.update(f"{digest(os.path.join(path, name))}  ./".encode() + os.fsencode(name) + b"\n")
            return whole.hexdigest()
    except (OSError, ValueError):
        pass
    return None


def _files(folder: Path) -> Iterator[str]:
    for at, _, names in os.walk(folder):
        for name in names:
            if not os.path.islink(file := os.path.join(at, name)):
                yield os.path.relpath(file, folder)


def versions() -> dict[str, str]:
    """Of this project, of Python, and of the packages that answers come from, as far as they are installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in (PROJECT, *PACKAGES):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return dict(sorted(found.items()))
