"""Pictures leave as PNG files, without loss, each written once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from ui.files.outputs import as_files, save_png

CAT = Path(__file__).resolve().parent.parent / "assets" / "examples" / "cat.png"


@pytest.fixture
def cat(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with Image.open(CAT) as picture:
        return picture.convert("RGB")


def test_saved_picture_is_the_picture(cat):
    with Image.open(save_png(cat)) as again:
        assert again.format == "PNG"
        assert np.array_equal(np.asarray(again), np.asarray(cat))


def test_same_pixels_are_written_once_and_other_pixels_elsewhere(cat, tmp_path):
    path = save_png(cat)
    written = path.stat()
    assert save_png(cat.copy()) == path
    assert path.stat().st_ino == written.st_ino
    assert path.stat().st_ctime_ns > written.st_ctime_ns  # it is young again for those who delete old files
    flat = Image.frombytes("RGB", (100, 60), cat.tobytes()[:18000])
    tall = Image.frombytes("RGB", (60, 100), cat.tobytes()[:18000])
    assert len({save_png(flat), save_png(tall), save_png(flat.rotate(180)), path}) == 4
    assert not list(tmp_path.rglob("*.part"))


def test_writers_at_once_leave_one_whole_file(cat, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        (path,) = set(pool.map(save_png, [cat] * 8))
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
    with Image.open(path) as again:
        again.load()


def test_pictures_that_functions_return_become_files(cat):
    path = str(save_png(cat))
    outputs = [gr.Image(), gr.ImageSlider(), gr.Gallery(), gr.State()]
    returned = [gr.update(value=cat, visible=True), (cat, None), [(cat, "a cat"), cat], [cat]]
    image, slider, gallery, state = as_files(outputs, returned)
    assert (image["value"], slider, gallery) == (path, (path, None), [(path, "a cat"), path])
    assert state == [cat]  # what a function keeps for itself stays as it is
    assert as_files(outputs, gr.skip()) == gr.skip()
