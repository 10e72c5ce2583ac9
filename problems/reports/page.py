"""A report: the JSON of an answer as one page to read, with the picture of the run that found it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from problems.reports.mathml import mathml
from problems.reports.tables import Headings, Table, cell, tables
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from solvers.solution import Solution

LIMIT = 2_000_000  # bytes of a page
ROWS = (1_000, 300, 100, 30, 10, 3, 0)  # of a table, at most; tried one after the other until the page is small enough
TABLES = 40  # of a section, at most
STATED = ("problem", "asked", "status", "value", "bound", "gap", "solver", "checks", "notes", "message", "run")
OWN_PLACE = (*STATED, "answer", "certificate", "best", "parts", "prices", "stats", "checked", "ok", "proven")


@dataclass(frozen=True)
class Shown:
    """What a report shows besides the JSON of an answer.

    picture   the address of an image, or "" where there is none: `no_picture` says why in a sentence
    written   when the report was written
    headings  what the columns of the answer's tables are called, by name
    solvers   those that take such a problem
    """

    written: datetime
    picture: str = ""
    no_picture: str = ""
    headings: Headings | None = None
    solvers: Sequence[str] = ()


def page(document: Mapping[str, Any], shown: Shown) -> str:
    """The page of at most 2 MB; raises InputError if the document is no answer that --json printed.

    >>> from datetime import UTC
    >>> asked = {"problem": "demo", "rows": [{"method": "<b>", "score": 1}]}
    >>> "&lt;b&gt;" in page(asked, Shown(datetime.now(UTC)))
    True
    """
    from problems.pictures.embedded import address
    from problems.pictures.pages import rendered_page

    try:
        whole = json.dumps(document, allow_nan=False)
        document = json.loads(whole)  # as whoever makes a report of the JSON has it
        found = solution_of(document)
        about = _about(document, shown, found)
        for rows in ROWS:
            about |= _tabled(document, shown, rows)
            html = rendered_page("report.html", **about, json="", json_size=len(whole))
            if len(html.encode()) <= LIMIT:
                break
        else:
            raise ValueError("it holds too much for a page")
        # The JSON is the last to be given room: whoever wants it can have it printed again.
        if len(html.encode()) + 4 * len(whole) // 3 + 1_000 <= LIMIT:
            data = address(whole.encode(), "application/json")
            html = rendered_page("report.html", **about, json=data, json_size=len(whole))
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise InputError(f"cannot be read as an answer ({safe(error)}); give what --json printed") from error
    return html


def solution_of(document: Mapping[str, Any]) -> Solution | None:
    """What a document says of value, bound and proof, whatever the answer is; None if it is not the JSON of a task."""
    if "status" not in document:
        return None
    from solvers.solution import Certificate, Check, Solution

    proof, numbers = document["certificate"], [document[key] for key in ("value", "bound", "gap")]
    if any(not (number is None or type(number) in (int, float)) for number in numbers):
        raise ValueError("value, bound and gap are numbers or null")
    return Solution(
        status=document["status"],
        value=numbers[0],
        bound=numbers[1],
        gap=numbers[2],
        answer=document.get("answer"),
        values=None,
        multipliers=None,
        certificate=Certificate(proof["kind"], proof["verified"] is True, proof["exact"] is True),
        checks=[Check(c["name"], c["relation"], c["value"], c["ok"] is True) for c in document["checks"]],
        solver=document["solver"],
        stats=document.get("stats", {}),
        message=document.get("message", ""),
    )


def _about(document: Mapping[str, Any], shown: Shown, found: Solution | None) -> dict[str, Any]:
    """What the template shows besides tables."""
    run, stats = _part(document, "run"), _part(document, "stats")
    problem = safe(document["problem"])
    verdict = {c["name"]: c["ok"] is True for c in document["checks"]} if "checked" in document else {}
    histories = {"": stats.get("history", [])}
    histories |= {name: part["stats"].get("history", []) for name, part in _part(document, "parts").items()}
    return {
        "title": safe(run.get("title", problem), 300),
        "problem": problem,
        "picture": shown.picture,
        "no_picture": shown.no_picture,
        "written": shown.written.strftime("%Y-%m-%d %H:%M %Z"),
        "mark": "" if found is None else found.mark,
        "status": _verdict(document) if found is None else found.status.replace("_", " "),
        "card": {} if found is None else {name: safe(text, 1_000) for name, text in found.card.items()},
        "checked": [(safe(name, 500), "holds" if holds else "FAILS") for name, holds in verdict.items()],
        "notes": [safe(note, 1_000) for note in document.get("notes", [])],
        "message": safe(document.get("message", ""), 1_000),
        "command": safe(run.get("command", ""), 5_000),
        "files": [(safe(name, 200), digest and safe(digest, 64)) for name, digest in run.get("files", [])],
        "seed": safe(run.get("seed", "")),
        "versions": {safe(name): safe(number) for name, number in run.get("versions", {}).items()},
        "model": [(safe(title, 100), mathml(maths), safe(name, 200)) for title, maths, name in run.get("model", [])],
        "histories": dict(_drawn(histories)),
        "check": _check(document["problem"], run),
        "solvers": [solver for solver in shown.solvers if solver != document.get("solver")],
    }


def _verdict(document: Mapping[str, Any]) -> str:
    """What an answer that was checked again comes to, in words."""
    if "checked" not in document:
        return ""
    return f"proven: {safe(document['proven'], 1_000)}" if document["ok"] is True else "not proven"


def _tabled(document: Mapping[str, Any], shown: Shown, rows: int) -> dict[str, Any]:
    """All that is shown in tables of at most so many rows."""
    headings, few = shown.headings or {}, min(rows, 100)
    stats = {key: _rounded(key, value) for key, value in _part(document, "stats").items() if key != "history"}
    proof = {k: v for k, v in _part(document, "certificate").items() if k not in ("kind", "verified", "exact")}
    further = {key: value for key, value in document.items() if key not in OWN_PLACE}
    answer, prices = document.get("answer"), _part(document, "prices")
    return {
        "asked": _some(tables("asked", {k: v for k, v in _part(document, "asked").items() if v}, most=few)),
        "answers": _some(chain(*(tables(k, v, headings, rows) for k, v in (("answer", answer), ("further", further))))),
        "best": _outcomes(dict(enumerate(document.get("best", [])[:rows], start=1))),
        "parts": _outcomes(_part(document, "parts")),
        "prices": _some(tables("price", prices, dict.fromkeys(prices, ("of", "price")), few)),
        "stats": _some(tables("statistics", stats, most=few)),
        "proof": _some(tables("proof", proof, dict.fromkeys(proof, ("of", "number")), few)),
    }


def _some(found: Iterable[Table]) -> list[Table]:
    """As many tables as there is room for, and how many are left out."""
    shown = list(found)
    left = len(shown) - TABLES
    return [*shown[:TABLES], Table(f"{left:,} further tables are left out", (), (), 0)] if left > 0 else shown


def _rounded(key: str, value: Any) -> Any:
    """Seconds to the thousandth."""
    return round(value, 3) if key.endswith("_seconds") and isinstance(value, float) else value


def _outcomes(outcomes: Mapping[Any, Mapping[str, Any]]) -> list[list[str]]:
    """Name, status, value and bound of each."""
    keys = ("status", "value", "bound")
    return [[safe(name), *(cell(outcome[key]).text for key in keys)] for name, outcome in outcomes.items()]


def _drawn(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    """The histories that tell how bound and value met, by name, as images."""
    from problems.pictures.embedded import history_of

    for name, history in histories.items():
        if len(history) > 1 and any(row.get(key) is not None for row in history for key in ("bound", "value")):
            yield safe(name), history_of(history)


def _check(problem: str, run: Mapping[str, Any]) -> str:
    """The command that proves the answer again without a solver; "" where there is none yet."""
    from problems.proofs import OF_ROWS
    from problems.proofs.questions import KINDS

    words = shlex.split(str(run.get("command", "")))  # str: of None the standard input would be read
    unproven = {"--robust", "--anchors", "smacof", "--method=smacof", "tsne", "--method=tsne"} & {*words}
    if not (problem in KINDS or (problem in OF_ROWS and not unproven)):
        return ""
    files = ("--data", "--matrix") if problem in OF_ROWS else ("--graph", "--points", "--matrix", "--items")
    given = [part for option in files for part in _with_value(option, words)]
    return safe(shlex.join(["python", "-m", "problems.check", "answer.json", *given]), 1_000)


def _with_value(option: str, words: Sequence[str]) -> list[str]:
    """The option as it stands among the words, with what follows it."""
    if option in words[:-1]:
        return [option, words[words.index(option) + 1]]
    return [word for word in words if word.startswith(f"{option}=")]


def _part(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    part = document.get(key)
    return part if isinstance(part, dict) else {}
