"""What the command lines of recipes on tables of numbers share: which part of a table is read."""

from __future__ import annotations

import argparse


def columns_argument(parser: argparse.ArgumentParser, given: str) -> None:
    """Which columns are read; `given` says, in the help, what must be given besides."""
    parser.add_argument("--columns", metavar="LIST", help=f"{given}: names or numbers of columns, between commas")


def missing_argument(parser: argparse.ArgumentParser, given: str) -> None:
    """What is done where numbers are missing; `given` as above."""
    parser.add_argument(
        "--missing",
        metavar="HOW",
        choices=("refuse", "drop"),
        help=f"{given}: refuse missing values, or drop rows",
    )


def standardise_argument(parser: argparse.ArgumentParser) -> None:
    """Whether columns are taken in units of their standard deviations."""
    parser.add_argument(
        "--standardise",
        action="store_true",
        help="of a table: divide columns by their standard deviations (default: as they are)",
    )


def categories_argument(parser: argparse.ArgumentParser, given: str) -> None:
    """Which columns are read as categories; `given` as above."""
    parser.add_argument(
        "--categories", metavar="LIST", help=f"{given}: columns to learn as categories, besides those of numbers"
    )
