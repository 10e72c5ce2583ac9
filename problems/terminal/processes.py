"""One run of several processes, as torchrun starts them: the first prints and writes, the others only help it."""

from __future__ import annotations

import os
import sys
import traceback


def helps() -> bool:
    """Whether this process is one of several that torchrun started, and not the first.

    >>> helps()
    False
    """
    return "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("RANK", "0") != "0"


def be_silent() -> None:
    """Print nothing from now on but the traceback of what no one foresaw."""
    sys.excepthook = lambda kind, error, trace: traceback.print_exception(kind, error, trace, file=sys.__stderr__)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # as long as the program runs
