"""Tables in NumPy's format: what is refused, and that nothing in them is run."""

from __future__ import annotations

import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from problems.io.data_table import read_data_table
from problems.terminal.errors import InputError

SMALL = np.array([[1, 0.5], [-2, 3e-7], [0.25, 1e10]])


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def promising(header: str) -> bytes:
    """A .npy file with that header and 16 bytes of data."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + bytes(16)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("sprung",)


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s)}"
BAD_ARRAYS = {
    "empty": (b"", "empty"),
    "text": (b"1,2\n3,4\n", "does not hold a plain NumPy array"),
    "cut short": (npy(SMALL)[:-8], "promises 3 x 2 numbers but holds 40 bytes"),
    "header cut short": (npy(SMALL)[:40], "does not hold a plain NumPy array"),
    "pickle": (pickle.dumps(Trap()), "does not hold a plain NumPy array"),
    "objects": (npy(np.array([[1, Trap()]], dtype=object), allow_pickle=True), "holds Python objects"),
    "complex": (npy(SMALL.astype(complex)), "complex128"),
    "words": (npy(np.array(["a", "b"])), "<U1"),
    "dates": (npy(np.array(["2020-01-01"] * 2, dtype="M8[D]")), "datetime64"),
    "records": (npy(np.zeros(3, dtype=[("x", float), ("\x1b[2J", float)])), "save real numbers"),
    "scalar": (npy(np.float64(3)), "0-dimensional"),
    "cube": (npy(np.zeros((2, 3, 4))), "shape 2 x 3 x 4"),
    "no rows": (npy(np.zeros((0, 2))), "shape 0 x 2"),
    "no columns": (npy(np.zeros((5, 0))), "shape 5 x 0"),
    "nan": (npy(np.array([[1, 2], [3, np.nan]])), "row 2, row '2' has no value in column '2'"),
    "infinite": (npy(np.array([1, 2, -np.inf])), "row 3, column '1' is too large"),
    "too large": (npy(np.array([1, 1e200])), "row 2, column '1' is too large"),
    "beyond float64": (npy(np.array(["1", "1e4000"], dtype=np.longdouble)), "row 2, column '1' is too large"),
    "longer": (npy(SMALL) + b"\0", "promises 3 x 2 numbers but holds 49 bytes"),
    "promises": (promising(HEADER % "9, 2"), "promises 9 x 2 numbers but holds 16 bytes"),
    "huge promises": (promising(HEADER % "10000000000000, 2"), "holds 20,000,000,000,000 numbers; give at most"),
    "endless": (promising(HEADER % "9223372036854775807, 9"), "give at most 32,000,000"),
    "beyond endless": (promising(HEADER % ("0x" + "f" * 9000)), "does not hold a plain NumPy array"),
    "wrong shape": (promising(HEADER % "-1, 2"), "shape -1 x 2"),
    "many sides": (promising(HEADER % ("1, " * 3000)), "shape 1 x 1 x 1"),
    "from Python 2": (promising(HEADER % "2L, 9"), "promises 2 x 9"),
    "code": (
        promising("{'descr': __import__('os').mkdir('sprung'), 'fortran_order': False}"),
        "does not hold a plain NumPy array",
    ),
    "nested": (promising("(" * 3000), "does not hold a plain NumPy array"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("content", "words"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_arrays_that_cannot_be_used_are_refused_and_nothing_in_them_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"p\.npy") as caught:
        read_data_table("p.npy")
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
    assert not (tmp_path / "sprung").exists()
