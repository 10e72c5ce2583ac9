"""What hostile and damaged files do to readers: an InputError in a printable sentence, or what was written; no more."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problems.io import archives
from problems.io.archives import MAX_HEADER, members
from problems.io.pairs import Pairs, pairs_in
from problems.terminal.errors import InputError

FILES = {"a.py": b"x = 1\n" * 50, "d/b.py": b"print(1)\n", "../e.py": b"q" * 600, "ü" * 60 + ".py": b"1"}
LARGEST, TOTAL = 1000, 20_000


def zipped(method: int) -> bytes:
    with zipfile.ZipFile(packed := io.BytesIO(), "w", method) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(dialect: int) -> bytes:
    with tarfile.open(fileobj=(packed := io.BytesIO()), mode="w", format=dialect) as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, kind in (("soft", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("device", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    return packed.getvalue()


WHOLE: list[tuple[archives.Packing, bytes]] = [
    *(("zip", zipped(method)) for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)),
    *(("tar", tarred(dialect)) for dialect in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)),
    *(("tar", squeeze(tarred(tarfile.PAX_FORMAT))) for squeeze in (gzip.compress, bz2.compress, lzma.compress)),
]
Edits = list[tuple[float, int, bytes]]
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=8)), max_size=4)


def damaged(data: bytes, edits: Edits) -> bytes:
    """Each edit says where, how many bytes go, and which come."""
    for share, gone, come in edits:
        at = int(share * len(data))
        data = data[:at] + come + data[at + gone :]
    return data


def refusal(read: Callable[[], object]) -> str:
    """Why it cannot be read, if it cannot."""
    try:
        read()
    except InputError as error:
        return str(error)
    return ""


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WHOLE), EDITS)
def test_a_damaged_archive_is_read_or_refused(whole: tuple[archives.Packing, bytes], edits: Edits) -> None:
    kind, data = whole

    def read() -> None:
        for parts, content in members(damaged(data, edits), kind, LARGEST, TOTAL):
            assert parts
            assert not {"", ".", ".."} & set(parts)
            assert len(content) <= LARGEST

    why = refusal(read)
    assert why.isprintable()
    assert len(why) < 700


def header(size: bytes, kind: bytes = b"0") -> bytes:
    """A block of tar that begins a member, its sum as it should be."""
    block = bytearray(tarfile.TarInfo("a.py").tobuf(tarfile.USTAR_FORMAT))
    block[124:136], block[156:157], block[148:156] = size, kind, b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def binary(value: int) -> bytes:
    return (b"\xff" if value < 0 else b"\x80") + (value % (1 << 88)).to_bytes(11, "big")


NAMELESS = io.BytesIO()
with zipfile.ZipFile(NAMELESS, "w") as archive:
    archive.writestr("?", "x")
END = bytes(1024)
HOSTILE: dict[str, tuple[archives.Packing, bytes, str]] = {
    "a member that ends before it begins": ("tar", header(binary(-512)) + END, "damaged"),
    "a folder that does": ("tar", header(binary(-1024), b"5") + END, "damaged"),
    "a member of a zettabyte": ("tar", header(binary(1 << 70)) + END, "damaged"),
    "a header that takes for ever": ("tar", header(b"%011o\0" % (1 << 26), b"x") + b"9" * (1 << 26) + END, "damaged"),
    "headers of headers": ("tar", (header(b"%011o\0" % 4, b"L") + b"abc\0" + bytes(508)) * 5000 + END, "unpacked"),
    "no name": ("zip", NAMELESS.getvalue().replace(b"?", b"").replace(b"\1\0\0\0x", b"\0\0\0\0x"), "again"),
    "zeros": ("tar", lzma.compress(bytes(1 << 27)), "unpacks to more than"),
    "nothing": ("zip", b"", "damaged"),
}


@pytest.mark.parametrize(("kind", "data", "words"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused_at_once(kind: archives.Packing, data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        list(members(data, kind, 1 << 20, 64 << 20))
    assert MAX_HEADER < 1 << 26


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    with pytest.raises(InputError, match="more than 3 files"):
        list(members(WHOLE[0][1], "zip", LARGEST, TOTAL))


# Pairs

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6).map(str.strip).filter(bool)


@st.composite
def cohorts(draw: st.DrawFn) -> Pairs:
    items = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    ends = [(i, j) for i in range(len(items)) for j in range(i)]
    kept = draw(st.lists(st.sampled_from(ends), min_size=1, unique=True))
    values = draw(st.lists(st.integers(1, 100), min_size=len(kept), max_size=len(kept)))
    first, second = np.array(kept, dtype=np.int64).T
    return Pairs(items, first, second, np.array(values) / 100)


@settings(max_examples=200, deadline=None)
@given(pairs=cohorts(), data=st.data())
def test_pairs_are_read_as_they_were_written_however(pairs: Pairs, data: st.DataObject) -> None:
    """Any separator, decimal commas, per cent, columns in any order, lines twice and turned round, self pairs."""
    delimiter, percent = data.draw(st.sampled_from(",;\t|")), data.draw(st.booleans())
    comma = data.draw(st.booleans())
    columns = data.draw(st.permutations(["user1", "user2", "similarity", "note"]))
    written = [
        (pairs.items[i], pairs.items[j], s)
        for i, j, s in zip(pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), strict=True)
    ]
    lines = written + [(v, u, s) for u, v, s in data.draw(st.lists(st.sampled_from(written), max_size=3))]
    lines += [(u, u, 1.0) for u in data.draw(st.lists(st.sampled_from(pairs.items), max_size=2))]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for u, v, s in data.draw(st.permutations(lines)):
        shown = f"{100 * s:.0f} %" if percent else f"{s:.2f}"
        writer.writerow(
            {"user1": u, "user2": v, "similarity": shown.replace(".", "," if comma else "."), "note": '"x;,'}
        )
    read = pairs_in(text.getvalue().encode(data.draw(st.sampled_from(["utf-8", "utf-8-sig"]))), ".csv")
    found = {
        (frozenset((read.items[i], read.items[j])), s)
        for i, j, s in zip(read.first.tolist(), read.second.tolist(), read.similarity.tolist(), strict=True)
    }
    assert found == {(frozenset((u, v)), s) for u, v, s in written}


TABLES = [
    "user1,user2,similarity\nann,bob,0.5\nbob,cem,0.25\nann,cem,1\n",
    'name1;name2;score\n"a;x";b;0,5\nb;c;0,25\n',
    "similarity\tuser2\tuser1\n50%\tb\ta\n25 %\tc\tb\n",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TABLES), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), EDITS)
def test_a_damaged_table_of_pairs_is_read_or_refused(text: str, encoding: str, edits: Edits) -> None:
    def read() -> None:
        matrix = pairs_in(damaged(text.encode(encoding), edits), ".csv").matrix()
        assert (matrix == matrix.T).all()
        assert ((matrix >= 0) & (matrix <= 1)).all()

    why = refusal(read)
    assert why.isprintable()
    assert len(why) < 700
