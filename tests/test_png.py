"""PNG files of our own: what Pillow reads from them is the picture, to the last bit."""

import numpy as np
import pytest
from PIL import Image

from tests.conftest import EXAMPLES
from ui.files.png import write_png


def read(path):
    with Image.open(path) as picture:
        picture.load()
        return picture


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 7), (7, 1), (33, 32), (640, 3)])
def test_random_pictures_come_back(width, height, tmp_path):
    pixels = np.random.default_rng(width).integers(256, size=(height, width, 3), dtype=np.uint8)
    write_png(Image.fromarray(pixels), tmp_path / "a.png")
    again = read(tmp_path / "a.png")
    assert (again.format, again.mode) == ("PNG", "RGB")
    assert np.array_equal(np.asarray(again), pixels)


@pytest.mark.parametrize("name", ["cat.png", "lake.png"])
def test_photos_come_back_and_are_packed(name, tmp_path):
    with Image.open(EXAMPLES / name) as picture:
        photo = picture.convert("RGB")
    write_png(photo, tmp_path / "a.png")
    assert read(tmp_path / "a.png").tobytes() == photo.tobytes()
    assert (tmp_path / "a.png").stat().st_size < 0.8 * len(photo.tobytes())


def test_a_flat_picture_is_small(tmp_path):
    write_png(Image.new("RGB", (1000, 1000), (1, 2, 3)), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size < 40_000
    assert read(tmp_path / "a.png").getcolors() == [(1_000_000, (1, 2, 3))]


@pytest.mark.parametrize("mode", ["RGBA", "L", "1", "P"])
def test_other_modes_come_back_too(mode, tmp_path):
    with Image.open(EXAMPLES / "cat.png") as picture:
        other = picture.convert(mode)
    write_png(other, tmp_path / "a.png")
    assert read(tmp_path / "a.png").tobytes() == other.tobytes()
