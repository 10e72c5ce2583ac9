"""What people handed in: a folder or an archive with a file, a folder or an archive for each of them.

Archives are read in memory and never unpacked to the disk, so that no name in one can point anywhere.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from problems.io.archives import MAX_DEPTH, members, packing
from problems.terminal.errors import InputError, safe

MAX_BYTES = 1 << 20  # of a file: a larger one is data, or generated
MAX_ARCHIVE = 64 << 20  # of an archive, packed and unpacked
MAX_TOTAL = 256 << 20  # of all files together
MAX_FILES = 10_000  # a folder with more does not hold submissions
MOODLE = re.compile(r"(.*_\d+)_assignsubmission_[a-z]+_")  # name and number of whoever handed that in
Entry = tuple[tuple[str, ...], bytes | str]  # the path below the top; the content, or why there is none
EMPTY, HIDDEN = "holds no files", "is hidden, installed or generated"
NOT_WRITTEN = {"__MACOSX", "__pycache__", "node_modules", "bower_components", "site-packages", "venv"}  # by the student


@dataclass(frozen=True)
class Submission:
    """What one person handed in: its name, that of a file or folder; files by path; why others could not be read."""

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def read_submissions(path: str) -> tuple[list[Submission], list[str]]:
    """The submissions in a folder or an archive in the order of their names, and what is to be said of reading them.

    Each entry is one submission; entries that Moodle gave the number of one person are one together; a folder that
    holds nothing but one folder stands for that. Hidden files, links and folders of packages are not read. Raises
    InputError for a path that cannot be opened, and for more than MAX_FILES files or MAX_TOTAL bytes.
    """
    entries, notes = _unwrapped(list(_bounded(path, _entries(path))))
    return _grouped(entries), notes


def people(names: Sequence[str]) -> list[str]:
    """Shorter names for a reader, without what Moodle adds to each; as they are if two would be the same.

    >>> people(["Ana Li_7_assignsubmission_file_", "ben.py"])
    ['Ana Li_7', 'ben.py']
    """
    short = [moodle[1] if (moodle := MOODLE.fullmatch(name)) else name for name in names]
    return short if len(set(short)) == len(short) else list(names)


def read_one(path: str) -> Submission:
    """All files at or below a path as one submission; raises InputError for more than those limits."""
    apart = os.path.isdir(path) or packing(path)
    found: Iterator[Entry] = _entries(path) if apart else iter([((path,), _content(path))])
    read = Submission(path)
    for parts, content in _bounded(path, found):
        if isinstance(content, bytes):
            read.files["/".join(parts)] = content
        else:
            read.unread["/".join(parts)] = content
    return read


def _entries(path: str) -> Iterator[Entry]:
    """Everything in the folder or archive at that path."""
    if packing(path) and not os.path.isdir(path):
        content = _content(path)
        if isinstance(content, str):
            raise InputError(f"{safe(path, 200)}: {content}")
        yield from _unpacked((os.path.basename(path),), content, 1)
        return
    top = _below(path)
    if top is None:
        raise InputError(
            f"{safe(path, 200)}: is no folder that can be opened; name the one with the submissions, or an archive"
        )
    waiting: list[tuple[tuple[str, ...], str]] = [((name,), os.path.join(path, name)) for name in reversed(top)]
    while waiting:
        parts, at = waiting.pop()
        if _is_hidden(parts):
            yield parts, HIDDEN
            continue
        below = None if os.path.islink(at) else _below(at)
        if below is None:
            yield from _unpacked(parts, _content(at), 1)
        elif below:
            waiting += [((*parts, name), os.path.join(at, name)) for name in reversed(below)]
        else:
            yield parts, EMPTY


def _unpacked(parts: tuple[str, ...], content: bytes | str, depth: int) -> Iterator[Entry]:
    """The file itself, or what an archive holds."""
    kind = packing(parts[-1])
    if isinstance(content, str) or kind is None:
        yield parts, content
        return
    if depth > MAX_DEPTH:
        yield parts, f"is an archive within {MAX_DEPTH} others; unpack it"
        return
    hidden = set()
    try:
        for inner, data in members(content, kind, MAX_BYTES, MAX_ARCHIVE):
            if _is_hidden(inner):
                hidden.add(inner[: 1 + next(k for k, part in enumerate(inner) if _is_hidden((part,)))])
            else:
                yield from _unpacked((*parts, *inner), data, depth + 1)
        yield from (((*parts, *inner), HIDDEN) for inner in sorted(hidden))
    except InputError as error:
        yield parts, str(error)


def _bounded(path: str, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same, as long as they are not too many or too much."""
    size = 0
    for count, entry in enumerate(entries, start=1):
        size += len(entry[1]) if isinstance(entry[1], bytes) else 0
        if count > MAX_FILES or size > MAX_TOTAL:
            limit = f"{MAX_FILES:,} files" if count > MAX_FILES else f"{MAX_TOTAL >> 20} MB"
            raise InputError(f"{safe(path, 200)}: more than {limit} in it; name a folder of submissions")
        yield entry


def _unwrapped(entries: list[Entry]) -> tuple[list[Entry], list[str]]:
    """Without a folder, or an archive, that holds all but hidden files; and what is to be said of that."""
    hidden = [entry for entry in entries if entry[1] == HIDDEN]
    entries = [entry for entry in entries if entry[1] != HIDDEN]
    left_out: list[str] = []
    while entries and all(len(parts) > 1 for parts, _ in entries) and len({parts[0] for parts, _ in entries}) == 1:
        left_out.append(entries[0][0][0])
        entries = [(parts[1:], content) for parts, content in entries]
    for k, (parts, _) in enumerate(hidden):
        common = len(list(takewhile(lambda two: two[0] == two[1], zip(parts[:-1], left_out, strict=False))))
        hidden[k] = parts[common:], HIDDEN
    told = f"All is within {safe('/'.join(left_out), 200)}: what that holds are the submissions."
    return [*entries, *hidden], [told] if left_out else []


def _grouped(entries: Iterable[Entry]) -> list[Submission]:
    """The entries of each person."""
    tops: dict[str, list[str]] = {}  # a person's key -> the names at the top
    for parts, _ in entries:
        moodle = MOODLE.match(parts[0])
        names = tops.setdefault(f"{moodle[1]}/" if moodle else parts[0], [])
        if parts[0] not in names:
            names.append(parts[0])
    one = {key: Submission(_name(key, names, tops)) for key, names in tops.items()}
    for parts, content in entries:
        moodle = MOODLE.match(parts[0])
        submission, path = one[f"{moodle[1]}/" if moodle else parts[0]], "/".join(parts)
        while path in submission.files or path in submission.unread:  # an archive may hold a name twice
            path += " (again)"
        if isinstance(content, bytes):
            submission.files[path] = content
        else:
            submission.unread[path] = content
    return [one[key] for key in sorted(one)]


def _name(key: str, names: Sequence[str], taken: Container[str]) -> str:
    """The name of the only entry that somebody handed in, or of the person."""
    if len(names) == 1:
        return names[0]
    return key if key.rstrip("/") in taken else key.rstrip("/")


def _is_hidden(parts: tuple[str, ...]) -> bool:
    return any(part.startswith(".") or part in NOT_WRITTEN for part in parts)


def _below(path: str) -> list[str] | None:
    """The names in a folder; None for what is no folder, or cannot be opened."""
    try:
        return sorted(os.listdir(path))
    except (OSError, ValueError):  # reading it as a file will give the reason
        return None


def _content(path: str) -> bytes | str:
    """The bytes of a regular file, or why they cannot be had."""
    most = MAX_ARCHIVE if packing(path) else MAX_BYTES
    try:
        if os.path.islink(path):
            return "is a symbolic link; put the file itself there"
        # Does not block on a FIFO.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return "is not a regular file"
            data = file.read(most + 1)
    except (OSError, ValueError) as error:
        return f"cannot be opened: {getattr(error, 'strerror', None) or 'unreadable'}"
    return f"holds more than {most >> 20} MB" if len(data) > most else data
