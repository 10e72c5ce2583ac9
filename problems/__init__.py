"""Recipes: what a person runs, python -m problems.NAME."""

import os
import signal
import sys

if sys.argv[:1] == ["-m"]:  # of python -m, which has yet to import the recipe: Ctrl-C is not to end in its traceback

    def _press(signum: int, frame: object) -> None:
        """Until `problems.terminal.watch` takes over."""
        os.write(2, b"interrupted before there was an answer\n")
        os._exit(130)

    signal.signal(signal.SIGINT, _press)
