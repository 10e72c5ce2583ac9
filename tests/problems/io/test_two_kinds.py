"""Images of two kinds: pairs by name and by place, and what cannot be pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from problems.io.images.two_kinds import read_pairs, read_two
from problems.studies.made_domains import KINDS, two_kinds
from problems.terminal.errors import InputError


def folder(path: Path, names: list[str], sides: tuple[int, int] = (8, 6), *, colour: bool = False) -> str:
    """Pictures, each of the brightness that its name's first number says."""
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        shade = int(Path(name).stem.split("-")[0])
        value = (shade, 0, 0) if colour else shade
        Image.new("RGB" if colour else "L", (sides[1], sides[0]), value).save(path / name)
    return str(path)


def test_pairs_are_of_one_name_whatever_their_suffixes(tmp_path: Path) -> None:
    names = [f"{k}-x" for k in range(1, 25)]
    a = folder(tmp_path / "a", [f"{name}.png" for name in names])
    b = folder(tmp_path / "b", [f"{name}.bmp" for name in reversed(names)], colour=True)
    x, y = read_pairs(a, b, None, grey=False, drop=False)
    assert x.shape == y.shape == (8, 6, 3)
    assert any("a is grey" in note for note in x.notes)
    places = np.arange(24)
    assert (x.rows(places)[:, 0, 0, 0] == y.rows(places)[:, 0, 0, 0]).all()


def test_pictures_without_a_partner_are_named_or_left_out(tmp_path: Path) -> None:
    names = [f"{k}.png" for k in range(1, 25)]
    a, b = folder(tmp_path / "a", [*names, "99.png"]), folder(tmp_path / "b", names)
    with pytest.raises(InputError, match=r"a: 1 of 25 pictures have no partner of that name in .*b: 99\.png; add"):
        read_pairs(a, b, None, grey=False, drop=False)
    x, y = read_pairs(a, b, None, grey=False, drop=True)
    assert len(x) == len(y) == 24
    assert any("no partner" in note for note in x.notes)
    few = folder(tmp_path / "c", [f"{k}.png" for k in range(20, 60)])
    with pytest.raises(InputError, match="5 pictures have a partner; give at least 20"):
        read_pairs(a, few, None, grey=False, drop=True)
    folder(tmp_path / "b", ["3.bmp"])
    with pytest.raises(InputError, match=r"3\.bmp and 3\.png are of one name"):
        read_pairs(a, b, None, grey=False, drop=True)


def test_labels_of_subfolders_follow_their_pictures(tmp_path: Path) -> None:
    names = [f"{label}/{k}.png" for k, label in enumerate("ab" * 15, start=1)]
    a, b = folder(tmp_path / "a", [*names, "a/77.png"]), folder(tmp_path / "b", names)
    x, y = read_pairs(a, b, None, grey=False, drop=True)
    assert list(x.labels or ()) == list(y.labels or ())
    assert set(x.labels or ()) == {"a", "b"}


def test_files_are_pairs_row_by_row(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (30, 5, 5), dtype=np.uint8)
    for name, array in (("a", rows), ("b", 255 - rows), ("c", rows[1:]), ("d", np.zeros((30, 5, 7), dtype=np.uint8))):
        np.save(tmp_path / f"{name}.npy", array)
    a, b, c, d = (str(tmp_path / f"{name}.npy") for name in "abcd")
    x, y = read_pairs(a, b, None, grey=False, drop=False)
    assert np.allclose(x.rows(np.arange(30)), 1 - y.rows(np.arange(30)))
    with pytest.raises(InputError, match=r"a\.npy holds 30 images and c\.npy 29"):
        read_pairs(a, c, None, grey=False, drop=False)
    with pytest.raises(
        InputError, match=r"5 x 5 and d\.npy holds images of 5 x 7 pixels; make them alike, as by --size 5"
    ):
        read_two(a, d, None, grey=False, drop=False)
    pictures = folder(tmp_path / "p", [f"{k}.png" for k in range(1, 31)], (5, 5))
    with pytest.raises(InputError, match="are a folder and a file"):
        read_pairs(a, pictures, None, grey=False, drop=False)


@pytest.mark.parametrize("how", KINDS)
def test_what_is_made_is_of_the_same_shape_and_range(tmp_path: Path, how: str) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (30, 9, 11), dtype=np.uint8)
    np.save(tmp_path / "a.npy", rows)
    given, _ = read_two(str(tmp_path / "a.npy"), str(tmp_path / "a.npy"), None, grey=False, drop=False)
    x, y = two_kinds(given, how)
    first, second = (images.rows(np.array([3, 0])) for images in (x, y))
    assert first.shape == second.shape == (2, x.shape[2], *x.shape[:2])
    assert (second >= 0).all()
    assert (second <= 1).all()
    assert not np.allclose(first, second)


def test_halves_are_too_narrow_to_be_learnt(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((30, 9, 7)))
    given, _ = read_two(str(tmp_path / "a.npy"), str(tmp_path / "a.npy"), None, grey=False, drop=False)
    with pytest.raises(InputError, match="7 pixels wide; give wider ones"):
        two_kinds(given, "halves")
