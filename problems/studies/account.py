"""What the distances between two samples are, in sentences, and what they do and do not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from problems.studies.paired_tables import Pair
from problems.terminal.errors import quoted, safe

LISTED = 3  # columns, and rows of each sample; --json has more
A_LINE = 4  # limits on divergences
SURE = 0.05  # p-values up to which a difference counts as shown


def account(pair: Pair, answer: Mapping[str, Any]) -> Iterator[str]:
    """The answer in lines for a reader."""
    labels = " (labels that differ: 1)" if any(known is not None for known in pair.labels) else ""
    yield f"  p is {pair.p.name}, q is {pair.q.name}; unit: standard deviations of both together{labels}"
    yield from _transport(pair, answer)
    yield from _tests(pair, answer)
    yield from _limits(answer)
    yield from _columns(answer)
    yield from _rows(answer)
    yield from _meaning(pair, answer)


def _transport(pair: Pair, answer: Mapping[str, Any]) -> Iterator[str]:
    from solvers.solution import counted

    of, within = _some(pair, answer["rows_transported"]), answer["halves_of_p"]
    yield f"  Wasserstein distances of the samples: {_both(answer)}{of}"
    if within is not None:
        yield f"    hold against: two parts of p, {counted(within['rows'], 'rows')} each: {_both(within)}"
    if entropic := answer["entropic"]:
        limits = [(order, entropic[f"wasserstein_{order}"]) for order in (1, 2)]
        both = ", ".join(
            f"W{order} between {found['at_least']:.4g} and {found['at_most']:.4g}" for order, found in limits
        )
        yield f"    by entropic transport: {both}{_some(pair, entropic['rows'])}"
    sliced = answer["sliced_wasserstein_2"]["value"]
    if sliced is not None:
        yield f"    the mean of W2 along lines, of all rows (sliced): {sliced:.4g}"


def _some(pair: Pair, rows: Sequence[int]) -> str:
    """How many rows a number is of, where these are not all."""
    if list(rows) == [len(pair.p.values), len(pair.q.values)]:
        return ""
    return f", of {rows[0]:,} random rows of p and {rows[1]:,} of q"


def _both(of: Mapping[str, Any]) -> str:
    return ", ".join(f"W{order} {_apart(of, f'wasserstein_{order}')}" for order in (1, 2))


def _apart(of: Mapping[str, Any], name: str) -> str:
    """A distance, or the interval that is proven."""
    low, high = of[name]["at_least"], of[name]["value"]
    if high is None:
        return "unknown"
    return f"{high:.4g}" if of[name]["proven"] or low is None else f"between {low:.4g} and {high:.4g}"


def _tests(pair: Pair, answer: Mapping[str, Any]) -> Iterator[str]:
    mmd, energy, told = (answer[name] for name in ("mmd", "energy", "classifier"))
    if mmd["value"] is not None:
        pairs = (("MMD", mmd), ("energy distance", energy))
        numbers = ", ".join(f"{name} {found['value']:.4g} (p-value {found['p_value']:.3g})" for name, found in pairs)
        yield f"  {numbers}, by {mmd['permutations']} relabellings{_some(pair, mmd['rows'])}"
    if told["accuracy"] is not None:
        yield (
            f"  a classifier tells {told['accuracy']:.1%} of rows that it has not seen (by chance 50%): p-value "
            f"{told['p_value']:.3g}"
        )


def _limits(answer: Mapping[str, Any]) -> Iterator[str]:
    limits = {name: limit for name, limit in answer.items() if name.endswith("_at_least")}
    if None in limits.values():
        yield "  no limits on divergences: too few rows to learn from and to claim on, or too little time"
        return
    named = [f"{name.removesuffix('_at_least').replace('_', '-')} {limit:.3g}" for name, limit in limits.items()]
    yield f"  D(q || p) is at least, each at {answer['level']:.0%} confidence (kl: KL(q || p), reverse-kl: KL(p || q)):"
    yield from (f"    {', '.join(named[k : k + A_LINE])}" for k in range(0, len(named), A_LINE))


def _columns(answer: Mapping[str, Any]) -> Iterator[str]:
    columns = answer["by_column"]
    if not columns:
        return
    yield "  columns that differ the most, each by itself:"
    for column in columns[:LISTED]:
        if "label" in column:
            more = f"{abs(column['more_in_q']):.1%} {'more' if column['more_in_q'] > 0 else 'fewer'} rows of q"
            how = f"total variation {column['distance']:.3g}; {more} are {quoted(column['label'])}"
        else:
            ratio = "" if column["sd_ratio"] is None else f", its sd is {column['sd_ratio']:.3g} times that of p"
            higher = column["mean_of_q_higher_by"]
            moved = f"{abs(higher):.3g} {'higher' if higher > 0 else 'lower'}"
            how = f"W1 {column['distance']:.3g}, KS {column['ks']:.3g}; the mean of q is {moved}{ratio}"
        yield f"    {quoted(column['column'])}: {how}"


def _rows(answer: Mapping[str, Any]) -> Iterator[str]:
    if answer["rows"] is None:
        return
    for one, other in (("q", "p"), ("p", "q")):
        rows = answer["rows"][f"of_{one}"][:LISTED]
        listed = ", ".join(f"{safe(row, 40)} ({v:+.2f})" for row, v in rows)
        yield f"  rows of {one} that {other} has the fewest like, with log q/p: {listed}"


def _meaning(pair: Pair, answer: Mapping[str, Any]) -> Iterator[str]:
    """What follows, and what does not."""
    values = {name: answer[name]["p_value"] for name in ("mmd", "energy", "classifier")}
    shown = [name for name, value in values.items() if value is not None and value <= SURE / len(values)]
    limits = [limit for name, limit in answer.items() if name.endswith("_at_least") and limit]
    if shown or limits:
        copied = ", unless rows of q are copies of p's" if pair.common else ""
        yield f"  So p and q differ: chance alone would hardly come to these numbers{copied}."
    else:
        yield "  No difference is shown. That does not show that there is none: more rows may find one."
    yield "  W1 and W2 are never 0 between samples of one law, and the larger the fewer rows there are."
    yield "  Rows are taken to be drawn independently; nothing here tells copies of rows of p from new rows."
