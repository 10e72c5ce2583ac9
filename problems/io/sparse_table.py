"""Sparse tables of numbers, as scipy.sparse.save_npz writes them: nothing in them is executed."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from typing import Any

import numpy as np
from scipy.sparse import csr_array, load_npz

from problems.io.content import MAX_BYTES, read_file, unknown_format
from problems.io.matrix import MAX_MAGNITUDE
from problems.terminal.errors import InputError

MALFORMED = (ValueError, KeyError, TypeError, IndexError, OSError, EOFError, zipfile.BadZipFile, zlib.error)
FORMATS = ("csr", "csc", "coo")
NO_SPARSE_MATRIX = "does not hold a sparse matrix; write it with scipy.sparse.save_npz"


def read_sparse_table(path: str | os.PathLike[str]) -> csr_array:
    """The matrix in a .npz file, float64 (n, p) with n and p >= 1, all of it finite.

    Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> from scipy.sparse import save_npz
    >>> with NamedTemporaryFile(suffix=".npz") as file:
    ...     save_npz(file, csr_array([[0.0, 2.0], [3.0, 0.0]]))
    ...     file.flush()
    ...     read_sparse_table(file.name).toarray().tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """

    def parse(data: bytes, suffix: str) -> csr_array:
        if suffix != ".npz":
            raise unknown_format(suffix, ".npz")
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                size = sum(part.file_size for part in archive.infolist())
            if size > MAX_BYTES:
                raise InputError(f"holds {size:,} bytes when unpacked; give at most {MAX_BYTES:,}")
            held: Any = load_npz(io.BytesIO(data))
        except MALFORMED:
            raise InputError(NO_SPARSE_MATRIX) from None
        if held.dtype.kind not in "biuf" or held.ndim != 2 or min(held.shape) < 1 or held.format not in FORMATS:
            raise InputError(f"holds {held.dtype} in the shape {held.shape}, {held.format}; save real numbers as csr")
        _refuse_damaged(held)
        table = csr_array(held, dtype=np.float64)
        table.sum_duplicates()
        if not (np.abs(table.data) <= MAX_MAGNITUDE).all():
            raise InputError(f"has a number that is missing or beyond {MAX_MAGNITUDE:g}; replace it")
        return table

    return read_file(path, parse, "measurements or counts")


def _refuse_damaged(held: Any) -> None:
    """Raise InputError where indices lead outside, which scipy looks at in coo only, and ends the process for else."""
    try:
        if held.format != "coo":
            held.check_format(full_check=True)
    except ValueError:
        raise InputError(NO_SPARSE_MATRIX) from None
