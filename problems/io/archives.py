"""The files in a zip or tar archive, read in memory within limits."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Literal, Self

from problems.terminal.errors import InputError

MAX_DEPTH = 3  # archives within archives
MAX_MEMBERS = 100_000  # of an archive, hidden ones too
MAX_HEADER = 1 << 14  # bytes of a header of tar that extends another: it takes a time that is quadratic in them
Packing = Literal["zip", "tar", "other"]
SUFFIXES: dict[str, Packing] = {
    **dict.fromkeys((".zip",), "zip"),
    **dict.fromkeys((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"), "tar"),
    **dict.fromkeys((".7z", ".rar", ".tar.zst"), "other"),
}
Member = tuple[tuple[str, ...], bytes | str]  # the path in the archive; the content, or why there is none


def packing(name: str) -> Packing | None:
    """The kind of archive that a name says, None if it says none.

    >>> packing("Ana.ZIP"), packing("ana.tar.gz"), packing("ana.py")
    ('zip', 'tar', None)
    """
    return next((kind for suffix, kind in SUFFIXES.items() if name.lower().endswith(suffix)), None)


def members(data: bytes, kind: Packing, largest: int, total: int) -> Iterator[Member]:
    """The files in an archive's bytes, in its order; archives in it may have `total` bytes, other files `largest`.

    Raises InputError for an archive that cannot be read, or holds more than `total` bytes or MAX_MEMBERS files.

    >>> import io, zipfile
    >>> with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
    ...     archive.writestr("src/main.py", "x = 1")
    >>> list(members(packed.getvalue(), "zip", 1000, 1000))
    [(('src', 'main.py'), b'x = 1')]
    """
    import tarfile
    import zipfile

    if kind == "other":
        raise InputError("is an archive that cannot be opened here; unpack it, or pack it as .zip")
    left = total
    try:
        found = _zipped(data, largest, total) if kind == "zip" else _tarred(data, largest, total)
        for count, (parts, content) in enumerate(found, start=1):
            if count > MAX_MEMBERS:
                raise InputError(f"holds more than {MAX_MEMBERS:,} files; unpack it yourself if you trust it")
            left -= len(content) if isinstance(content, bytes) else largest  # read in vain, but read
            if left < 0:
                raise InputError(f"unpacks to more than {total >> 20} MB; unpack it yourself if you trust it")
            yield parts, content
    except (OSError, EOFError, ValueError, LookupError, RuntimeError, MemoryError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"cannot be unpacked ({type(error).__name__}); pack it again") from None
    except (zipfile.BadZipFile, tarfile.TarError):
        raise InputError("is damaged, or no archive of the kind that its name says; pack it again") from None


def _zipped(data: bytes, largest: int, total: int) -> Iterator[Member]:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            parts = _parts(member.filename)
            if member.is_dir() or not parts:
                continue
            if member.flag_bits & 1:
                yield parts, "is encrypted; unpack it with its password"
                continue
            most = total if packing(parts[-1]) else largest
            with archive.open(member) as file:
                yield parts, _read(file, most)


def _tarred(data: bytes, largest: int, total: int) -> Iterator[Member]:
    import tarfile

    class Bounded(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            header = super().frombuf(buf, encoding, errors)
            extends = not (header.isreg() or header.isdir())
            if header.size < 0 or (extends and header.size > MAX_HEADER):  # would read in circles, or for hours
                raise tarfile.HeaderError("size out of bounds")
            return header

    with tarfile.open(fileobj=io.BytesIO(_plain(data, total)), mode="r:", tarinfo=Bounded) as archive:
        for member in archive:
            parts = _parts(member.name)
            if member.isdir() or not parts:
                continue
            file = archive.extractfile(member) if member.isreg() else None
            if file is None:
                yield parts, "is a link or no regular file; put the file itself there"
            else:
                yield parts, _read(file, total if packing(parts[-1]) else largest)


def _plain(data: bytes, total: int) -> bytes:
    """The bytes of a tar archive, unpacked by what they begin with."""
    packed = io.BytesIO(data)
    openers: dict[bytes, Callable[[], Any]] = {
        b"\x1f\x8b": lambda: gzip.GzipFile(fileobj=packed),
        b"BZh": lambda: bz2.BZ2File(packed),
        b"\xfd7zXZ": lambda: lzma.LZMAFile(packed),  # noqa: SIM115
    }
    opener = next((known for mark, known in openers.items() if data.startswith(mark)), None)
    if opener is None:
        return data
    with opener() as file:
        plain: bytes = file.read(total + 1)
    if len(plain) > total:
        raise InputError(f"unpacks to more than {total >> 20} MB; unpack it yourself if you trust it")
    return plain


def _read(file: IO[bytes], most: int) -> bytes | str:
    content = file.read(most + 1)
    return f"holds more than {most >> 20} MB" if len(content) > most else content


def _parts(name: str) -> tuple[str, ...]:
    """The path of a member without what would lead out of the archive."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", ".", ".."))
