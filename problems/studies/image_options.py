"""What the command lines of recipes on images share: how these are read."""

from __future__ import annotations

import argparse

from problems.terminal.arguments import positive_whole


def reading_arguments(parser: argparse.ArgumentParser, unreadable: str) -> None:
    """How images are read; `unreadable` says, in the help, which ones --missing is about."""
    parser.add_argument("--size", type=positive_whole, metavar="N", help="make images N pixels a side")
    parser.add_argument("--grey", action="store_true", help="turn colours to grey")
    parser.add_argument(
        "--missing", choices=("refuse", "drop"), metavar="HOW", help=f"{unreadable}: refuse (default), or drop them"
    )
