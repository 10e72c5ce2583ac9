"""The bytes of a file: opened without blocking, unpacked to bounded size, decoded as UTF-8 only."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Callable
from io import BufferedIOBase
from typing import IO, TypeVar

from problems.terminal.errors import InputError, quoted, safe

MAX_BYTES = 256 << 20  # after unpacking: some five million edges
MAX_RATIO, RATIO_FROM = 200, 50 << 20  # text is packed 5 to 50 times; 200 times, beyond 50 MB, is a decompression bomb
CHUNK = 1 << 20  # bytes read at a time

MAGIC = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\x00"}
ENCODINGS = {  # by byte order mark, longest first: UTF-32's begins with UTF-16's
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}

Read = TypeVar("Read")


def read_file(path: str | os.PathLike[str], parse: Callable[[bytes, str], Read], what: str) -> Read:
    """parse(unpacked bytes, suffix) of a file that holds `what`, in the plural.

    Raises InputError, the path in front, for a file that cannot be read or is empty, and where `parse` does.
    """
    name = os.fsdecode(path)
    try:
        data, suffix = read_bytes(name)
        if not data.strip():
            raise InputError(f"is empty; give a file with {what} in it")
        return parse(data, suffix)
    except InputError as error:
        raise InputError(f"{safe(name, 200)}: {error}") from None
    except MemoryError:
        raise InputError(f"{safe(name, 200)}: is too large for this computer's memory; give fewer {what}") from None


def unknown_format(suffix: str, formats: str) -> InputError:
    """The error for a file whose suffix is not among the formats.

    >>> print(unknown_format(".doc", ".csv or .npy"))
    has the suffix '.doc', which says no format; name it .csv or .npy
    """
    return InputError(f"has the suffix {quoted(suffix)}, which says no format; name it {formats}")


def read_bytes(path: str) -> tuple[bytes, str]:
    """The unpacked bytes of a regular file, and the suffix of its name without that of the packing.

    Raises InputError for what cannot be opened or unpacked, or is larger than MAX_BYTES.

    >>> import gzip, tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".csv.gz") as file:
    ...     _ = file.write(gzip.compress(b"1,2"))
    ...     file.flush()
    ...     print(read_bytes(file.name))
    (b'1,2', '.csv')
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError("is not a regular file; give a file with data in it")
            return _unpacked(file, path, status.st_size)
    except IsADirectoryError:
        raise InputError("is a directory; give a file with data in it") from None
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror or 'unreadable'}; check the path and its rights") from None
    except ValueError:  # a NUL in the path
        raise InputError("is not a possible path; check its spelling") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a path without blocking on a FIFO that has no writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _unpacked(file: IO[bytes], path: str, size: int) -> tuple[bytes, str]:
    """The bytes and the inner suffix, once the packing is what the name says."""
    stem, suffix = os.path.splitext(path.lower())
    magic = file.read(8)
    file.seek(0)
    held = next((packing for packing, mark in MAGIC.items() if magic.startswith(mark)), None)
    if suffix not in MAGIC:
        if held:
            raise InputError(f"holds {held[1:]}-packed data under a plain name; add {held} to the name")
        return _read(file, None), suffix
    if not magic:
        raise InputError("is empty; give a file with data in it")
    if held != suffix:
        raise InputError(f"is named {suffix} but does not hold {suffix[1:]}-packed data; drop {suffix} from the name")
    import bz2
    import gzip
    import lzma

    try:
        if held == ".gz":
            return _read(gzip.GzipFile(fileobj=file), size), os.path.splitext(stem)[1]
        return _read(bz2.BZ2File(file) if held == ".bz2" else lzma.LZMAFile(file), size), os.path.splitext(stem)[1]
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        raise InputError(f"is damaged: its {suffix[1:]} data cannot be unpacked; pack or fetch it again") from None


def _read(file: IO[bytes] | BufferedIOBase, packed: int | None) -> bytes:
    """The whole file; a packed one in chunks, so that a decompression bomb is refused before it fills the memory."""
    if packed is None:
        plain = file.read(MAX_BYTES + 1)
        _refuse_large(len(plain))
        return plain
    data = bytearray()
    while chunk := file.read(CHUNK):
        data += chunk
        _refuse_large(len(data))
        if len(data) > max(RATIO_FROM, MAX_RATIO * packed):
            raise InputError(f"unpacks to more than {MAX_RATIO} times its size; unpack it yourself if you trust it")
    return bytes(data)


def _refuse_large(size: int) -> None:
    if size > MAX_BYTES:
        raise InputError(f"holds more than {MAX_BYTES >> 20} MB; give a smaller one")


def decode(data: bytes) -> str:
    """The text of UTF-8 bytes, with or without byte order mark; raises InputError for any other encoding.

    >>> decode("Zürich".encode())
    'Zürich'
    >>> decode("Zürich".encode("utf-16"))
    Traceback (most recent call last):
        ...
    problems.terminal.errors.InputError: is encoded in UTF-16; save it as UTF-8
    """
    for mark, encoding in ENCODINGS.items():
        if data.startswith(mark):
            raise InputError(f"is encoded in {encoding}; save it as UTF-8")
    nul = data.find(0)
    if nul >= 0:
        raise InputError(f"is not text: line {_line(data, nul)} holds a NUL byte; save it as UTF-8 text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"is not encoded in UTF-8: line {_line(data, error.start)} holds the byte 0x{data[error.start]:02x}; "
            "if it is Latin-1, save it as UTF-8"
        ) from None


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
