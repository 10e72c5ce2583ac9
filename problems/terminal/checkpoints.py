"""Checkpoints of a long run in a folder: its state, written atomically, and its history."""

from __future__ import annotations

import argparse
import csv
import io
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from problems.terminal.errors import InputError, safe
from problems.terminal.files import make_folder, remove_parts, replace_file

if TYPE_CHECKING:
    from solvers.descent_ascent import SaddleSearch

CHECKPOINT, HISTORY = "checkpoint.pt", "history.csv"
CHECKPOINT_INTERVAL = 1.0  # least seconds between two checkpoints


@dataclass
class Folder:
    """The folder of one run.

    options  the run's options by name; a run is resumed with the same
    """

    path: str
    options: Mapping[str, Any]
    _search: SaddleSearch | None = None
    _saved: float = field(default=float("-inf"))

    def begin(self) -> None:
        """Make the folder; raises InputError if it cannot be made or written to, or holds an earlier run."""
        make_folder("--out", self.path)
        if os.path.exists(self._file(CHECKPOINT)):
            remedy = "add --resume to go on with it, or name another folder"
            raise InputError(f"--out {safe(self.path, 200)}: holds the checkpoint of an earlier run; {remedy}")

    def state(self, free: str | None = None) -> tuple[dict[str, Any], Any]:
        """The last checkpoint, and what the option `free` was, if any may be another now.

        Raises InputError if there is none, or if it is of a run with other options.
        """
        import torch

        name = safe(self._file(CHECKPOINT), 200)
        try:
            saved = torch.load(self._file(CHECKPOINT), weights_only=True, map_location="cpu")
            begun, state = dict(saved["options"]), dict(saved["state"])
        except FileNotFoundError:
            raise InputError(f"{name}: there is no checkpoint to resume; leave out --resume") from None
        except Exception as error:  # torch raises a dozen kinds for a file that is not one of its own
            raise InputError(f"{name}: cannot be resumed ({type(error).__name__}); it is damaged or not ours") from None
        for option, now in self.options.items():
            if option != free and begun.get(option) != now:
                before, here = safe(begun.get(option), 100), safe(now, 100)
                raise InputError(f"{name}: was begun with {option} {before}, not {here}; resume with what it had")
        remove_parts(self.path)
        return state, begun.get(free)

    def follow(self, search: SaddleSearch) -> None:
        """Save the search, at most once in CHECKPOINT_INTERVAL."""
        self._search = search
        if time.monotonic() - self._saved >= CHECKPOINT_INTERVAL:
            self.save()

    def save(self) -> None:
        """Save the search that was followed last."""
        if self._search is None:
            return
        import torch

        data = io.BytesIO()
        torch.save({"options": dict(self.options), "state": self._search.state()}, data)
        self.write(CHECKPOINT, data.getbuffer())
        self.write(HISTORY, table(self._search.history).encode())
        self._saved = time.monotonic()

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a file of the folder atomically."""
        replace_file(self._file(name), data)

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)


def resume_argument(parser: argparse.ArgumentParser) -> None:
    """Whether training goes on from where it was broken off."""
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, --iterations far")


def refuse_resume_without_out(options: argparse.Namespace) -> None:
    """Raise InputError where it is not said what to go on from."""
    if options.resume and options.out is None:
        raise InputError("--resume goes on from the checkpoint in --out DIR; name that folder")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys as CSV; None is left empty.

    >>> print(table([{"iteration": 0, "bound": None}, {"iteration": 10, "bound": 2.5}]))
    iteration,bound
    0,
    10,2.5
    <BLANKLINE>
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
