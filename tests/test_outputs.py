"""Pictures leave as PNG files, without loss, each written once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from ui.outputs import quick_pngs, save_png

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


def test_every_png_component_takes_files(cat, tmp_path):
    image, slider = gr.Image(format="png"), gr.ImageSlider(format="png")
    gallery, lossy = gr.Gallery(format="png"), gr.Image(format="webp")
    quick_pngs([image, slider, gallery, lossy, gr.Row()])
    path = str(save_png(cat))
    assert image.postprocess(cat).path == path
    assert image.postprocess(None) is None
    assert [side.path for side in slider.postprocess((cat, None)).root if side] == [path]
    assert [entry.image.path for entry in gallery.postprocess([(cat, "a cat"), cat]).root] == [path, path]
    assert lossy.postprocess(cat).path.endswith(".webp")
