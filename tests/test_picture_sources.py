"""What is given as a picture and is none, or just outside: one line that shows what it is."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from qualiclip.pictures import as_image, image_to_picture, load_picture
from tests.test_pictures import SIZE, encode, noise, pixel, refused


def test_the_value_outside_is_shown_with_all_its_digits() -> None:
    array = np.zeros((48, 40), np.float32)
    array[3, 4] = 1.0000001
    with refused(r"^array: values from 0 to 1\.0000001, expected 0 to 1; scale or clip them$"):
        as_image(array)
    with refused(r"^picture: values from 0 to 1\.0000001, expected 0 to 1"):
        load_picture(encode(Image.fromarray(array), "TIFF"))
    with refused(r"^array: values from 0 to 1\.000000000001, expected 0 to 1"):
        as_image(array.astype(np.float64) * 0 + np.eye(48, 40) * (1 + 1e-12))
    with refused(r"^array: not all values are numbers \(nan\), expected 0 to 1; replace them first$"):
        as_image(array * np.float32("nan"))


def test_what_is_no_picture_is_refused_in_one_line() -> None:
    wrong: list[Any] = [None, 3, True, [noise()], {}, np.float32(1), io.BytesIO(b"x"), object()]
    for source in wrong:
        with refused(rf"^{type(source).__name__}: expected a path, the bytes of a file, a PIL picture, an array"):
            as_image(source)


def test_bytes_may_come_in_other_wrappings() -> None:
    data = encode(Image.new("RGB", SIZE, (1, 2, 3)), "PNG")
    for source in (bytearray(data), memoryview(data)):
        assert pixel(image_to_picture(as_image(source))) == (1, 2, 3)  # type: ignore[arg-type]  # not promised


def test_closed_picture_is_called_closed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(Image.new("RGB", SIZE), "PNG"))
    closed, copy = Image.open(tmp_path / "a.png"), Image.new("RGB", SIZE)
    with Image.open(tmp_path / "a.png") as left:
        pass
    closed.close()
    copy.close()
    for picture in (closed, copy, left):
        with refused(r"^picture: its file is closed; open it again"):
            as_image(picture)
