"""What runs of a sweep came to, kept in a folder: for each a file of the JSON that its command prints by itself."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from problems.terminal.arguments import ANSWERED, FAILED, UNUSABLE
from problems.terminal.errors import InputError, safe
from problems.terminal.files import make_folder, remove_parts, replace_file

if TYPE_CHECKING:
    from problems.sweeps.asked import Trial
    from problems.sweeps.process import Ended

ENDED = "ended"  # the key that is added to the JSON: how the run ended


def document(recipe: str, ended: Ended) -> dict[str, Any]:
    """What a run printed; of one that printed no answer, the sentence that it gave instead.

    >>> from problems.sweeps.process import Ended
    >>> document("mst", Ended(2, "", "note: a, b\\ncities.gml: no such file\\n", 0.5))["message"]
    'cities.gml: no such file'
    """
    how = {ENDED: {"exit_code": ended.code, "run_seconds": ended.seconds}}
    try:
        answer = json.loads(ended.out)
    except ValueError:
        return {"problem": recipe, "status": "failed", "message": _last_words(ended), **how}
    return {**answer, **how}


def _last_words(ended: Ended) -> str:
    """Why a run printed no answer, in a sentence."""
    said = ended.err.strip().splitlines()
    if ended.code < 0:
        return f"ended by signal {-ended.code}, by want of memory perhaps; run it by itself to see"
    if ended.code != UNUSABLE and "Traceback (most recent call last):" in said:
        return f"broke off by a mistake of ours ({safe(said[-1], 200)}); run it by itself for the traceback"
    return said[-1] if said else "printed no answer, and no reason"


@dataclass(frozen=True)
class Folder:
    """The folder of a sweep; what is in it is not run again."""

    path: str

    def begin(self) -> None:
        """Make the folder; raises InputError if it cannot be made or written to."""
        make_folder("--out", self.path)
        remove_parts(self.path)

    def found(self, trial: Trial) -> dict[str, Any] | None:
        """What the run came to, if it is here; raises InputError for a file that cannot be read."""
        path = self.file(trial)
        try:
            with open(path, encoding="utf-8") as file:
                kept = json.load(file)
            if not isinstance(kept[ENDED]["exit_code"], int):
                raise ValueError
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, LookupError, RecursionError):
            raise InputError(f"{safe(path, 200)}: is not what a sweep wrote; remove it, and it is run again") from None
        assert isinstance(kept, dict)
        return kept

    def keep(self, trial: Trial, answer: Mapping[str, Any]) -> None:
        """Write what a run came to, unless another try may come to something else."""
        code = answer[ENDED]["exit_code"]
        if code in (ANSWERED, UNUSABLE) or (code == FAILED and answer["status"] != "failed"):
            replace_file(self.file(trial), f"{json.dumps(answer, allow_nan=False)}\n".encode())

    def file(self, trial: Trial) -> str:
        """The path of the file of a run."""
        return os.path.join(self.path, f"{trial.key}.json")
