"""A folder that a long run writes to as it goes: its state, whole at any moment, and its history."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from problems.terminal.errors import InputError, safe
from problems.terminal.files import remove_parts, replace_file

if TYPE_CHECKING:
    from solvers.descent_ascent import SaddleSearch

CHECKPOINT, HISTORY = "checkpoint.pt", "history.csv"
APART = 1.0  # seconds between two checkpoints, at least


@dataclass
class Folder:
    """A folder for one run.

    path     where it is
    options  what the run was begun with, by name: a checkpoint is gone on from with the same
    """

    path: str
    options: Mapping[str, Any]
    _search: SaddleSearch | None = None
    _saved: float = field(default=float("-inf"))

    def begin(self) -> None:
        """Make the folder; raises InputError if that cannot be, or if it holds an earlier run."""
        try:
            os.makedirs(self.path, exist_ok=True)
            taken = os.path.exists(self._file(CHECKPOINT))
            writable = os.access(self.path, os.W_OK)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not a possible path"
            raise InputError(
                f"--out {safe(self.path, 200)}: no such folder can be made ({why}); name another"
            ) from None
        if taken:
            remedy = "add --resume to go on with it, or name another folder"
            raise InputError(f"--out {safe(self.path, 200)}: holds the checkpoint of an earlier run; {remedy}")
        if not writable:
            raise InputError(f"--out {safe(self.path, 200)}: cannot be written to; name another folder")

    def state(self) -> dict[str, Any]:
        """The state that was saved last; raises InputError if there is none, or if it is of another run."""
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
            if begun.get(option) != now:
                before, here = safe(begun.get(option), 100), safe(now, 100)
                raise InputError(f"{name}: was begun with {option} {before}, not {here}; resume with what it had")
        remove_parts(self.path)
        return state

    def follow(self, search: SaddleSearch) -> None:
        """Save the search, unless that was done a moment ago."""
        self._search = search
        if time.monotonic() - self._saved >= APART:
            self.save()

    def save(self) -> None:
        """Save the search that was followed last: a file is always the old one or the new one."""
        if self._search is None:
            return
        import torch

        data = io.BytesIO()
        torch.save({"options": dict(self.options), "state": self._search.state()}, data)
        self.write(CHECKPOINT, data.getbuffer())
        self.write(HISTORY, table(self._search.history).encode())
        self._saved = time.monotonic()

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a file of the folder, all or nothing."""
        replace_file(self._file(name), data)

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys as CSV; what is not known is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
