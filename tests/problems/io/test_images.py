"""Images of users: read as they are, or refused in a sentence that names what is wrong."""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from places import ROOT, SHARED
from scipy.io import savemat

from problems.io.images import folder as folders
from problems.io.images import read_images
from problems.io.images.fitting import all_fitted
from problems.io.images.written import png, tiled
from problems.terminal.errors import InputError

SHADES = np.random.default_rng(0).integers(0, 256, (24, 6, 6), dtype=np.uint8)


def pictures(path: Path, count: int = 24, suffix: str = ".png", **settings: Any) -> Path:
    """A folder of grey pictures of 6 x 6 pixels."""
    path.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        Image.fromarray(SHADES[k % 24]).save(path / f"{k:03}{suffix}", **settings)
    return path


def all_rows(images: Any) -> Any:
    return images.rows(np.arange(len(images)))


def refusal(source: Path | str, *given: Any, **settings: Any) -> str:
    with pytest.raises(InputError) as refused:
        read_images(str(source), *given, **settings)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_pictures_come_as_they_are_in_the_order_of_their_names(tmp_path: Path) -> None:
    images = read_images(str(pictures(tmp_path / "p")))
    assert (len(images), images.shape, images.levels, images.labels, images.notes) == (24, (6, 6, 1), 256, None, [])
    assert (all_rows(images)[:, 0] * 255).round().astype(np.uint8).tolist() == SHADES.tolist()


def test_subfolders_are_labels(tmp_path: Path) -> None:
    pictures(tmp_path / "cats", 12)
    pictures(tmp_path / "dogs" / "old", 12)
    assert read_images(str(tmp_path)).labels == ["cats"] * 12 + ["dogs"] * 12
    pictures(tmp_path, 1)
    images = read_images(str(tmp_path))
    assert images.labels is None
    assert any("not taken as labels" in note for note in images.notes)


def test_pictures_of_other_sizes_are_cut_to_their_middle(tmp_path: Path) -> None:
    path = pictures(tmp_path / "p")
    wide = np.zeros((40, 120, 3), dtype=np.uint8)
    wide[:, 40:80] = (200, 100, 50)
    Image.fromarray(wide).save(path / "wide.png")
    images = read_images(str(path), size=8)
    assert images.shape == (8, 8, 3)
    assert (all_rows(images)[-1].mean((1, 2)) * 255).round().tolist() == [200, 100, 50]
    assert "Pictures of 6 x 6 to 120 x 40 pixels are cut to the square in their middle and made 8 x 8." in images.notes
    assert "24 of 25 pictures are grey; all are taken as colour." in images.notes
    assert read_images(str(path)).shape == (32, 32, 3)
    assert read_images(str(path), size=8, grey=True).shape == (8, 8, 1)


def test_what_a_camera_a_palette_and_transparency_say_is_followed(tmp_path: Path) -> None:
    path = pictures(tmp_path / "p")
    half = np.zeros((6, 6), dtype=np.uint8)
    half[:3] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    Image.fromarray(half).save(path / "a_turned.png", exif=exif)
    palette = Image.fromarray(half).convert("P")
    palette.save(path / "b_palette.gif")
    clear = Image.new("RGBA", (6, 6), (0, 0, 0, 0))
    clear.save(path / "c_clear.png")
    Image.fromarray(half.astype(np.uint16) * 257).save(path / "d_deep.png")
    frames = [Image.fromarray(half), Image.fromarray(255 - half)]
    frames[0].save(path / "e_moving.gif", save_all=True, append_images=frames[1:])
    Image.fromarray(half > 0).save(path / "f_bits.tiff")
    images = read_images(str(path))
    found = dict(zip("abcdef", all_rows(images)[24:, 0], strict=True))
    assert images.shape == (6, 6, 1)
    turned = np.rot90(half, -1) / 255
    assert np.array_equal(found["a"], turned)
    assert all(np.array_equal(found[name], half / 255) for name in "bdef")
    assert (found["c"] == 1).all()
    for said in ("1 of 30 pictures have transparent parts", "1 of 30 pictures have 16 bits", "several frames"):
        assert any(said in note for note in images.notes)


BAD = {
    "cut.png": (lambda: png(SHADES[0][..., None])[:60], "cut short"),
    "text.jpg": (lambda: b"<html>not found</html>", "is none of PNG"),
    "empty.png": (lambda: b"", "is empty"),
    "half.gif": (lambda: b"GIF89a\x06\x00", "half.gif "),
    "wrong\x1b[31m.png": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "\\x1b[31m"),
    "bomb.png": (lambda: _promising(60_000, 60_000), "bomb.png has"),
    "script.png": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 6\n", "is none of PNG"),
}


def _promising(width: int, height: int) -> bytes:
    """A PNG whose header promises so many pixels."""
    import zlib

    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + body + png(SHADES[0][..., None])[33:]


@pytest.mark.parametrize("name", BAD)
def test_bad_pictures_are_refused_by_name_or_left_out(tmp_path: Path, name: str) -> None:
    path = pictures(tmp_path / "p")
    content, said = BAD[name]
    (path / name).write_bytes(content())
    refused = refusal(path)
    assert "1 of 25 pictures cannot be used: " in refused
    assert said in refused
    assert refused.endswith("take them out, or add --missing drop")
    kept = read_images(str(path), drop=True)
    assert len(kept) == 24
    assert any("Pictures that cannot be used are left out: " in note and "(1 in all)" in note for note in kept.notes)


def test_many_bad_pictures_are_counted_and_some_named(tmp_path: Path) -> None:
    path = pictures(tmp_path / "p")
    for k in range(12):
        (path / f"bad{k:02}.png").write_bytes(b"x")
    refused = refusal(path)
    assert "12 of 36 pictures cannot be used: bad00.png is none of" in refused
    assert "; and 7 more; take them out" in refused


def test_a_folder_of_nothing_but_bad_pictures_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    assert "1 of 1 pictures cannot be used" in refusal(tmp_path, drop=True)


def test_what_waits_is_not_waited_for(tmp_path: Path) -> None:
    path = pictures(tmp_path / "p")
    os.mkfifo(path / "pipe.png")
    assert "pipe.png is not a regular file" in refusal(path)


def test_other_files_are_left_out_and_hidden_ones_not_seen(tmp_path: Path) -> None:
    path = pictures(tmp_path / "p")
    (path / ".DS_Store").write_bytes(b"x")
    (path / "._000.png").write_bytes(b"x")
    (path / "README.txt").write_text("hello")
    images = read_images(str(path))
    assert len(images) == 24
    assert images.notes == ["Files that by their names are no pictures are left out: README.txt (1 in all)."]


def test_what_does_not_fit_in_memory_is_read_again(tmp_path: Path, monkeypatch: Any) -> None:
    path = pictures(tmp_path / "p")
    before = all_rows(read_images(str(path)))
    monkeypatch.setattr(folders, "MOST_HELD", 100)
    images = read_images(str(path))
    assert np.array_equal(all_rows(images), before)
    assert images.rows(np.array([3, 3])).shape == (2, 1, 6, 6)
    (path / "005.png").unlink()
    with pytest.raises(InputError, match=r"1 of 24 pictures cannot be used: 005\.png"):
        all_rows(images)


def saved(path: Path, values: Any) -> str:
    np.save(path, values)
    return str(path)


@pytest.mark.parametrize(
    ("values", "shape", "levels"),
    [
        (SHADES, (6, 6, 1), 256),
        (SHADES[..., None], (6, 6, 1), 256),
        (np.stack([SHADES] * 3, -1), (6, 6, 3), 256),
        (SHADES / 255, (6, 6, 1), None),
        ((SHADES / 255).astype(np.float32), (6, 6, 1), None),
        (SHADES > 99, (6, 6, 1), 2),
        ((SHADES > 99).astype(np.uint8), (6, 6, 1), 2),
        (SHADES.astype(np.float64), (6, 6, 1), 256),
        (np.asfortranarray(SHADES), (6, 6, 1), 256),
    ],
)
def test_arrays_are_read_as_they_are(tmp_path: Path, values: Any, shape: Any, levels: int | None) -> None:
    images = read_images(saved(tmp_path / "x.npy", values))
    assert (images.shape, images.levels) == (shape, levels)
    expected = values.reshape(24, 6, 6, -1).astype(float)
    expected = expected / (255 if expected.max() > 1 else 1)
    assert np.allclose(all_rows(images), expected.transpose(0, 3, 1, 2))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (SHADES.reshape(24, 36), "reshape"),
        (np.zeros((24, 3, 8, 8), dtype=np.uint8), "array.transpose(0, 2, 3, 1)"),
        (np.zeros((24, 8, 8, 4), dtype=np.uint8), "array[..., :3]"),
        (SHADES.astype(np.uint16), "holds uint16"),
        (SHADES.astype(np.int64), "holds int64"),
        (SHADES.astype(complex), "holds complex128"),
        (np.array([None] * 24), "Python objects"),
        (SHADES / 255 - 0.5, "-0.5 to 0.5"),
        (SHADES * 1.5, "0 to 382.5"),
        (np.where(SHADES.max() == SHADES, np.nan, SHADES / 255), "missing or infinite"),
        (SHADES[:7], "holds too few images, 7"),
        (np.zeros((0, 6, 6), dtype=np.uint8), "holds no numbers"),
        (np.zeros((24, 100, 100), dtype=np.uint8), "--size 32"),
        (np.zeros((24, 2, 6), dtype=np.uint8), "2 x 6 pixels"),
        (np.float64(3), "0-dimensional"),
    ],
)
def test_arrays_that_are_no_images_are_refused(tmp_path: Path, values: Any, said: str) -> None:
    refused = refusal(saved(tmp_path / "x.npy", values))
    assert said in refused
    assert refused.startswith(str(tmp_path / "x.npy"))


def test_a_dark_array_is_told(tmp_path: Path) -> None:
    [note] = read_images(saved(tmp_path / "x.npy", SHADES // 16)).notes
    assert "largest number is 15" in note


def test_arrays_are_made_smaller_and_grey(tmp_path: Path) -> None:
    colours = np.stack([SHADES, 255 - SHADES, SHADES], -1).repeat(4, 1).repeat(4, 2)
    images = read_images(saved(tmp_path / "x.npy", colours), size=6, grey=True)
    assert images.shape == (6, 6, 1)
    luma = colours[:, ::4, ::4] @ [0.299, 0.587, 0.114]
    assert np.abs(all_rows(images)[:, 0] * 255 - luma).max() < 40  # blurred by its neighbours
    floats = read_images(saved(tmp_path / "y.npy", colours / 255), size=6)
    assert (floats.shape, floats.levels) == ((6, 6, 3), None)
    assert np.allclose(all_fitted(np.full((1, 9, 7, 1), 0.25), 4), 0.25)


def test_a_huge_array_is_mapped_and_not_read(tmp_path: Path) -> None:
    """More than there is memory for, as a file with a hole; only what is asked for is read."""
    path = tmp_path / "x.npy"
    with open(path, "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (1 << 14, 64, 64)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + (1 << 26))
    code = (
        "import resource, numpy as np; from problems.io.images import read_images; "
        f"images = read_images({str(path)!r}); assert images.rows(np.array([16383])).shape == (1, 1, 64, 64); "
        "import sys; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def idx(values: Any, kind: int = 8) -> bytes:
    return bytes([0, 0, kind, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte", "x.idx", "x.idx3-ubyte", "x-idx3-ubyte.gz", "x.idx.gz"])
def test_idx_files_are_read_by_what_they_hold(tmp_path: Path, name: str) -> None:
    data, labels = idx(SHADES), idx(np.arange(24, dtype=np.uint8))
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    (tmp_path / "labels").write_bytes(labels)
    images = read_images(str(tmp_path / name), str(tmp_path / "labels"))
    assert (images.shape, images.labels) == ((6, 6, 1), [str(k) for k in range(24)])
    assert np.allclose(all_rows(images)[:, 0] * 255, SHADES)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (idx(SHADES)[:-5], "promises 24 x 6 x 6 numbers but holds 859 bytes"),
        (idx(np.arange(24, dtype=np.uint8)), "holds labels, not images"),
        (b"\0\0\x08\x03\0\0", "cut short in its header"),
        (b"hello", "no file that is known"),
        (b"", "no file that is known"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "promises 4,294,967,295 x"),
    ],
)
def test_damaged_idx_files_are_refused(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "x-idx3-ubyte").write_bytes(data)
    assert said in refusal(tmp_path / "x-idx3-ubyte")


def test_matlab_files_count_images_last(tmp_path: Path) -> None:
    columns = SHADES.transpose(0, 2, 1).reshape(24, 36).T  # MATLAB reads an image down its columns
    for name, values in (("columns", columns), ("last", np.moveaxis(SHADES, 0, -1))):
        path = tmp_path / f"{name}.mat"
        savemat(path, {"faces": values, "note": "hello", "one": 1.0}, do_compression=True)
        images = read_images(str(path))
        assert images.shape == (6, 6, 1)
        assert np.allclose(all_rows(images)[:, 0] * 255, SHADES)
        assert "faces" in images.notes[0]


def test_matlab_files_that_leave_a_choice_are_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "two.mat", {"a": np.zeros((36, 24)), "b": np.zeros((36, 24))})
    assert "holds 2 variables that may be images, among a (36 x 24), b (36 x 24)" in refusal(tmp_path / "two.mat")
    (tmp_path / "new.mat").write_bytes(b"MATLAB 7.3 MAT-file" + b" " * 500)
    assert "save it by save(..., '-v7')" in refusal(tmp_path / "new.mat")
    (tmp_path / "bad.mat").write_bytes(b"MATLAB 5.0 MAT-file" + b"\1" * 500)
    assert "is damaged" in refusal(tmp_path / "bad.mat")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.txt", b"a\nb\n", "holds 2 labels for 24 images"),
        ("x.npy", None, "holds 24 labels for 24 images"),
        ("missing", None, "cannot be opened"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if name == "x.npy":
        np.save(tmp_path / name, np.zeros((24, 2)))
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    assert said in refusal(saved(tmp_path / "images.npy", SHADES), str(tmp_path / name))


def test_labels_in_text_stand_one_a_line(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("\n".join("ab" * 12) + "\n")
    images = read_images(saved(tmp_path / "x.npy", SHADES), str(tmp_path / "labels.txt"))
    assert images.labels == list("ab" * 12)


def test_what_is_not_there_or_is_one_picture_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened" in refusal(tmp_path / "nowhere")
    assert "cannot be opened" in refusal(tmp_path / "nowhere.npy")
    assert "holds no pictures" in refusal(tmp_path)
    Image.fromarray(SHADES[0]).save(tmp_path / "one.png")
    assert "is one picture" in refusal(tmp_path / "one.png")
    assert "holds too few images, 1" in refusal(tmp_path)


def test_digits_are_the_default_of_seventeen_levels() -> None:
    images = read_images("digits")
    assert (len(images), images.shape, images.levels) == (1797, (8, 8, 1), 17)
    assert read_images("digits", size=16).shape == (16, 16, 1)


@pytest.mark.skipif(not (SHARED / "data" / "images").is_dir(), reason="no images here")
def test_files_as_they_are_published() -> None:
    path = SHARED / "data" / "images"
    images = read_images(str(path / "mnist-t10k-images-idx3-ubyte.gz"), str(path / "mnist-t10k-labels-idx1-ubyte.gz"))
    assert (len(images), images.shape, images.labels and images.labels[:3]) == (10_000, (28, 28, 1), ["7", "2", "1"])
    faces = read_images(str(path / "olivettifaces.mat"))
    assert (len(faces), faces.shape) == (400, (64, 64, 1))
    eyes_and_chin = faces.rows(np.arange(400)).mean(0)[0]
    assert (
        abs(eyes_and_chin - eyes_and_chin[:, ::-1]).mean() < abs(eyes_and_chin - eyes_and_chin[::-1]).mean()
    )  # upright


def test_tiles_and_their_file() -> None:
    sheet = tiled(SHADES[:5, :, :, None], columns=2)
    assert sheet.shape == (3 * 7 - 1, 13, 1)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(sheet)))), sheet[..., 0])
