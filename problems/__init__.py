"""Recipes: what a person runs, python -m problems.NAME."""

import os
import signal
import sys

# Of python -m, or cookbook, which has yet to import the recipe: Ctrl-C is not to end in its traceback.
if sys.argv and os.path.basename(sys.argv[0]) in ("-m", "cookbook"):

    def _press(signum: int, frame: object) -> None:
        """Until `problems.terminal.watch` takes over."""
        os.write(2, b"interrupted before there was an answer\n")
        os._exit(130)

    signal.signal(signal.SIGINT, _press)
