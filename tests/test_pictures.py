"""Tests of qualiclip.pictures: real files of every kind, and what is said about those that can't be used."""

import io
import os
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms

from qualiclip.errors import InputError, UsageError
from qualiclip.pictures import (
    PICTURE_SUFFIXES,
    PictureLimits,
    as_image,
    image_to_picture,
    load_picture,
    picture_to_image,
)

SIZE = (40, 48)  # width, height
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def noise(channels: int = 3, *, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    shape = (size[1], size[0], channels) if channels > 1 else (size[1], size[0])
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def pixel(picture: Image.Image) -> tuple[int, ...]:
    value = picture.getpixel((0, 0))
    assert isinstance(value, tuple)
    return tuple(int(level) for level in value)


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def png(width: int, height: int, *, depth: int, colour_type: int, rows: bytes) -> bytes:
    """A PNG written by hand, for what Pillow does not write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@contextmanager
def refused(match: str) -> Iterator[None]:
    with pytest.raises(InputError, match=match) as caught:
        yield
    assert "\n" not in str(caught.value)


# Colour profiles by bytes


def icc_profile(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A version 2 profile; see ICC.1:2001-04, sections 6.1 and 6.2."""
    offset, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(value))
        body += value
    size = 132 + 12 * len(tags) + len(body)
    header = struct.pack(">I4xI4s4s4s12x4s", size, 0x02400000, b"prtr", space, connection, b"acsp")
    header += bytes(28) + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)  # D50
    return header.ljust(128, b"\0") + table + body


def swapped_srgb() -> bytes:
    """The sRGB profile with its primaries red and blue exchanged."""
    return SRGB.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


def linear_gray() -> bytes:
    return icc_profile(b"GRAY", b"XYZ ", {b"kTRC": b"curv" + bytes(8)})


def only_black_ink() -> bytes:
    """A CMYK profile in which cyan, magenta and yellow leave the paper white."""
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(0x10000 if i % 4 == 0 else 0 for i in range(9)))
    white_then_black = bytes([255, 128, 128, 0, 128, 128])  # Lab, for black ink 0 and 255
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + 4 * ramp + 8 * white_then_black + 3 * ramp
    return icc_profile(b"CMYK", b"Lab ", {b"A2B0": table})


# Files of every kind


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "QOI"])
def test_lossless_rgb_file_keeps_its_pixels(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    Image.fromarray(noise()).save(path, kind)
    picture = load_picture(path)
    assert picture.mode == "RGB"
    assert type(picture) is Image.Image
    assert np.array_equal(np.asarray(picture), noise())


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "JPEG2000", "MPO"])
def test_lossy_rgb_file_keeps_its_colour(kind: str) -> None:
    picture = load_picture(encode(Image.new("RGB", SIZE, (200, 100, 50)), kind, quality=95))
    assert picture.size == SIZE
    assert pixel(picture) == pytest.approx((200, 100, 50), abs=3)  # chroma rounding of the codecs


def test_heic_file_is_read(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC needs pillow_heif")
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), (200, 100, 50))).save(tmp_path / "photo.heic")
    known_before = "HEIF" in Image.OPEN
    picture = load_picture(tmp_path / "photo.heic")
    assert (picture.mode, picture.size) == ("RGB", (64, 64))
    assert pixel(picture) == pytest.approx((200, 100, 50), abs=3)  # chroma rounding of the codec
    assert ("HEIF" in Image.OPEN) == known_before, "the loader must not change Pillow's global state"


STORED = {  # orientation → how a camera stores the upright array; Exif 2.32, tag 0x0112
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: upright.swapaxes(0, 1)[::-1, ::-1],
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_exif_orientation_is_turned_upright_once(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](noise())))
    picture = load_picture(encode(stored, kind, exif=exif))
    assert np.array_equal(np.asarray(picture), noise())
    assert torch.equal(as_image(picture), picture_to_image(picture))


def test_16_bit_gray_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    values = noise(1).astype(np.uint16) * 257
    picture = load_picture(encode(Image.fromarray(values), "PNG", exif=exif))
    assert np.array_equal(np.asarray(picture)[..., 0], noise(1)[::-1, ::-1])


def test_damaged_exif_is_ignored() -> None:
    data = encode(Image.fromarray(noise()), "PNG", exif=b"Exif\0\0no TIFF header here")
    assert np.array_equal(np.asarray(load_picture(data)), noise())


@pytest.mark.parametrize(
    ("picture", "kind", "expected"),
    [
        (Image.new("L", SIZE, 77), "PNG", (77, 77, 77)),
        (Image.new("1", SIZE, 1), "PNG", (255, 255, 255)),
        (Image.new("1", SIZE, 0), "TIFF", (0, 0, 0)),
        (Image.new("I;16", SIZE, 65535), "PNG", (255, 255, 255)),
        (Image.new("I;16", SIZE, 100 * 257 + 100), "PNG", (100, 100, 100)),
        (Image.new("I;16", SIZE, 100 * 257 + 200), "TIFF", (101, 101, 101)),
        (Image.new("I;16B", SIZE, 100 * 257), "TIFF", (100, 100, 100)),
        (Image.new("I", SIZE, 100 * 257), "TIFF", (100, 100, 100)),
        (Image.new("F", SIZE, 0.4), "TIFF", (102, 102, 102)),
        (Image.new("LA", SIZE, (100, 255)), "PNG", (100, 100, 100)),
        (Image.new("LA", SIZE, (100, 51)), "PNG", (224, 224, 224)),
        (Image.new("RGBA", SIZE, (200, 100, 0, 255)), "PNG", (200, 100, 0)),
        (Image.new("RGBA", SIZE, (200, 100, 0, 128)), "PNG", (227, 177, 127)),
        (Image.new("RGBA", SIZE, (200, 100, 0, 0)), "TIFF", (255, 255, 255)),
        (Image.new("CMYK", SIZE, (0, 255, 255, 0)), "TIFF", (255, 0, 0)),
        (Image.new("CMYK", SIZE, (0, 0, 0, 255)), "TIFF", (0, 0, 0)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else None,
)
def test_every_mode_of_a_file_becomes_rgb(picture: Image.Image, kind: str, expected: tuple[int, ...]) -> None:
    loaded = load_picture(encode(picture, kind))
    assert loaded.mode == "RGB"
    assert pixel(loaded) == expected


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("P", 0, (0, 0, 0)),
        ("PA", (0, 0), (255, 255, 255)),
        ("La", (10, 255), (10, 10, 10)),
        ("RGBa", (10, 20, 30, 255), (10, 20, 30)),
        ("RGBX", (10, 20, 30, 0), (10, 20, 30)),
        ("YCbCr", (255, 128, 128), (255, 255, 255)),
        ("HSV", (0, 255, 255), (255, 0, 0)),
        ("LAB", (255, 128, 128), (255, 255, 255)),
        ("I;16L", 257, (1, 1, 1)),
        ("I;16N", 257, (1, 1, 1)),
    ],
)
def test_every_mode_of_pillow_becomes_rgb(mode: str, colour: Any, expected: tuple[int, ...]) -> None:
    image = as_image(Image.new(mode, SIZE, colour))
    rounding = 1 if mode == "LAB" else 0  # 8-bit Lab is coarser than 8-bit sRGB
    assert pixel(image_to_picture(image)) == pytest.approx(expected, abs=rounding)


def test_inverted_cmyk_of_an_adobe_jpeg_is_read_right() -> None:
    data = encode(Image.new("CMYK", SIZE, (0, 255, 255, 0)), "JPEG", quality=95)
    assert b"Adobe" in data
    assert pixel(load_picture(data)) == pytest.approx((255, 0, 0), abs=3)  # quantization of the JPEG


def test_16_bit_pgm_is_scaled() -> None:
    data = b"P5 40 48 65535\n" + struct.pack(">H", 100 * 257) * (40 * 48)
    assert pixel(load_picture(data)) == (100, 100, 100)


def test_16_bit_rgb_png_keeps_its_high_byte() -> None:
    row = b"\0" + struct.pack(">HHH", 65535, 100 * 257, 0) * 40
    assert pixel(load_picture(png(40, 48, depth=16, colour_type=2, rows=row * 48))) == (255, 100, 0)


def palette_picture() -> Image.Image:
    indices = np.zeros(SIZE[::-1], np.uint8)
    indices[:, 20:] = 1
    picture = Image.fromarray(indices)
    picture.putpalette([10, 20, 30, 200, 0, 0])
    return picture


@pytest.mark.parametrize(("options", "right"), [({}, (200, 0, 0)), ({"transparency": 1}, (255, 255, 255))])
@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_is_looked_up_and_its_transparent_entry_is_white(
    kind: str, options: dict[str, int], right: tuple[int, ...]
) -> None:
    picture = load_picture(encode(palette_picture(), kind, **options))
    assert picture.getpixel((0, 0)) == (10, 20, 30)
    assert picture.getpixel((39, 0)) == right


def test_palette_with_partly_transparent_entries_lies_over_white() -> None:
    picture = load_picture(encode(palette_picture(), "PNG", transparency=bytes([255, 51])))
    assert picture.getpixel((0, 0)) == (10, 20, 30)
    assert picture.getpixel((39, 0)) == (244, 204, 204)


def test_transparent_colour_of_an_rgb_png_is_white() -> None:
    data = encode(Image.new("RGB", SIZE, (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert pixel(load_picture(data)) == (255, 255, 255)


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {})])
def test_first_frame_of_an_animation_is_taken(kind: str, options: dict[str, Any]) -> None:
    frames = [Image.new("RGB", SIZE, colour) for colour in ("red", "lime", "blue")]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **options)
    assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) == 3
    assert pixel(load_picture(data)) == (255, 0, 0)


# Colour profiles


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_srgb_profile_leaves_pixels_alone(mode: str) -> None:
    source = Image.fromarray(noise()).convert(mode)
    loaded = load_picture(encode(source, "PNG", icc_profile=SRGB))
    assert np.array_equal(np.asarray(loaded), np.asarray(source.convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_profile_with_red_and_blue_exchanged_is_applied_once(kind: str) -> None:
    data = encode(Image.new("RGB", SIZE, (255, 0, 0)), kind, icc_profile=swapped_srgb())
    picture = load_picture(data)
    assert pixel(picture) == (0, 0, 255)
    assert torch.equal(as_image(picture), picture_to_image(picture))


def test_profile_is_applied_under_alpha() -> None:
    source = Image.new("RGBA", SIZE, (255, 0, 0, 255))
    assert pixel(load_picture(encode(source, "PNG", icc_profile=swapped_srgb()))) == (0, 0, 255)


@pytest.mark.parametrize(
    "source",
    [Image.new("L", SIZE, 55), Image.new("LA", SIZE, (55, 255)), Image.new("I;16", SIZE, 55 * 257)],
    ids=lambda source: source.mode,
)
def test_gray_profile_is_applied_to_gray_pictures(source: Image.Image) -> None:
    linear = 55 / 255
    expected = round(255 * (1.055 * linear ** (1 / 2.4) - 0.055))  # IEC 61966-2-1
    picture = load_picture(encode(source, "PNG", icc_profile=linear_gray()))
    assert pixel(picture) == pytest.approx((expected,) * 3, abs=1)  # 8-bit rounding of the gray axis


def test_cmyk_profile_is_applied() -> None:
    data = encode(Image.new("CMYK", SIZE, (255, 255, 255, 0)), "TIFF", icc_profile=only_black_ink())
    assert pixel(load_picture(data)) == (255, 255, 255)


LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


@pytest.mark.parametrize(
    ("source", "profile"),
    [
        (Image.new("RGB", SIZE, (9, 8, 7)), b"garbage" * 50),
        (Image.new("RGB", SIZE, (9, 8, 7)), SRGB[:200]),
        (Image.new("RGB", SIZE, (9, 8, 7)), SRGB[:16] + b"\xff\xff\xff\xff" + SRGB[20:]),
        (Image.new("RGB", SIZE, (9, 8, 7)), LAB),
        (Image.new("RGB", SIZE, (9, 8, 7)), linear_gray()),
        (Image.new("RGB", SIZE, (9, 8, 7)), only_black_ink()),
        (Image.new("L", SIZE, 9), only_black_ink()),
        (Image.new("CMYK", SIZE, (0, 255, 255, 0)), SRGB),
        (Image.new("CMYK", SIZE, (0, 255, 255, 0)), linear_gray()),
    ],
    ids="garbage cut not_ascii lab gray_on_rgb cmyk_on_rgb cmyk_on_gray rgb_on_cmyk gray_on_cmyk".split(),
)
def test_unusable_profile_is_ignored(source: Image.Image, profile: bytes) -> None:
    assert pixel(load_picture(encode(source, "TIFF", icc_profile=profile))) == pixel(source.convert("RGB"))


# What is refused


def test_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with refused(r"^gone\.png: no such file; check the path$"):
        load_picture(tmp_path / "gone.png")


def test_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    with refused(r"^holiday: a folder, not a picture"):
        load_picture(f"{tmp_path}/holiday/")


def test_path_that_no_system_can_open_is_refused() -> None:
    with refused(r"^\\x00\.png: can't be opened; check the path"):
        load_picture("\0.png")


def test_file_name_with_a_line_break_gives_one_line(tmp_path: Path) -> None:
    with refused(r"^two\\nlines\.png: no such file"):
        load_picture(tmp_path / "two\nlines.png")


@pytest.fixture
def locked_path(tmp_path: Path) -> Iterator[Path]:
    """A file that may not be read, and an ordinary user for whom that counts: root may read everything."""
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no POSIX permissions")
    path = tmp_path / "secret.png"
    Image.new("RGB", SIZE).save(path)
    path.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)  # nobody
    yield path
    if is_root:
        os.seteuid(0)


def test_file_without_read_permission_is_refused(locked_path: Path) -> None:
    with refused(r"^secret\.png: no permission to read it; change its permissions"):
        load_picture(locked_path)


def test_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    with refused(r"^empty\.jpg: an empty file \(0 bytes\)"):
        load_picture(tmp_path / "empty.jpg")
    with refused(r"^picture: an empty file"):
        load_picture(b"")


@pytest.mark.parametrize("text", ["not an image at all\n", "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n"])
def test_other_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text(text)
    with refused(r"^notes\.png: not a picture in a known format.*save it as PNG"):
        load_picture(tmp_path / "notes.png")


def test_vector_drawing_is_refused_with_advice() -> None:
    svg = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"></svg>'
    with refused(r"^picture: not a picture but a vector drawing; export it as PNG first$"):
        load_picture(svg)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000", "PPM", "QOI"])
def test_truncated_file_is_refused(kind: str, tmp_path: Path) -> None:
    data = encode(Image.fromarray(noise()), kind)
    path = tmp_path / "half.bin"
    path.write_bytes(data[:-200])
    with refused(r"^half\.bin: damaged or cut off; copy it again"):
        load_picture(path)


def test_truncated_heic_is_refused() -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC needs pillow_heif")
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(noise(size=(64, 64)))).save(stream)
    with refused(r"^picture: damaged or cut off"):
        load_picture(stream.getvalue()[:-500])


def test_png_with_altered_data_is_refused() -> None:
    data = bytearray(encode(Image.fromarray(noise()), "PNG"))
    data[data.index(b"IDAT") + 200] ^= 0xFF
    with refused(r"^picture: damaged or cut off"):
        load_picture(bytes(data))


def test_lazily_opened_picture_that_is_damaged_is_refused() -> None:
    data = encode(Image.fromarray(noise()), "PNG")
    with refused(r"^picture: damaged or cut off"):
        as_image(Image.open(io.BytesIO(data[: len(data) // 2])))


def test_heic_without_its_library_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    with refused(r"^picture: HEIC needs `pip install pillow-heif`; or save it as PNG$"):
        load_picture(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))


@pytest.mark.parametrize(
    ("size", "match"),
    [
        ((16, 40), r"^thin\.png: 16x40 pixels, each side needs at least 32; use a larger picture$"),
        ((40, 31), r"^thin\.png: 40x31 pixels, each side needs at least 32"),
        ((1640, 32), r"^thin\.png: 1640x32 pixels, more than 50 times as long as wide; crop it first$"),
    ],
)
def test_size_outside_the_limits_is_refused(size: tuple[int, int], match: str, tmp_path: Path) -> None:
    Image.new("RGB", size).save(tmp_path / "thin.png")
    with refused(match):
        load_picture(tmp_path / "thin.png")


@pytest.mark.parametrize("size", [(0, 40), (40, 0)])
def test_empty_picture_and_empty_array_are_refused(size: tuple[int, int]) -> None:
    with refused(r"^picture: \d+x\d+ pixels, each side needs at least 32"):
        as_image(Image.new("RGB", size))
    with refused(r"^array: \d+x\d+ pixels, each side needs at least 32"):
        as_image(np.zeros((*size, 3)))


@pytest.mark.parametrize(
    ("side", "megapixels"),
    [(8001, "64.1"), (9000, "81.0"), (11000, "more than 89"), (20000, "more than 89")],
)
def test_decompression_bomb_is_refused_before_decoding(side: int, megapixels: str) -> None:
    bomb = png(side, side, depth=8, colour_type=2, rows=bytes(1000))
    assert len(bomb) < 200
    start = time.thread_time()
    with refused(rf"^picture: {megapixels} megapixels, the limit is 64; make it smaller first$"):
        load_picture(bomb)
    assert time.thread_time() - start < 1  # decoding the smallest of them takes longer


def test_limits_can_be_chosen() -> None:
    data = encode(Image.new("RGB", (100, 20)), "PNG")
    assert load_picture(data, limits=PictureLimits(min_side=20)).size == (100, 20)
    with refused(r"more than 2 times as long"):
        load_picture(data, limits=PictureLimits(min_side=20, max_aspect=2))
    with refused(r"0\.1 megapixels, the limit is 0\.0001"):
        as_image(noise(), limits=PictureLimits(megapixels=0.0001))


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        ({"megapixels": 0}, "megapixels 0: expected above 0"),
        ({"megapixels": 90}, "megapixels 90: expected above 0, at most 89"),
        ({"megapixels": float("nan")}, "megapixels nan"),
        ({"min_side": 0}, "min_side 0"),
        ({"max_aspect": 0.5}, r"max_aspect 0\.5"),
    ],
)
def test_senseless_limits_are_refused(limits: dict[str, Any], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        PictureLimits(**limits)


# Images


def test_all_256_levels_survive_the_way_to_an_image_and_back() -> None:
    levels = np.arange(3 * 256, dtype=np.uint8).reshape(1, 256, 3)
    image = picture_to_image(Image.fromarray(levels))
    assert (image.dtype, image.shape, image.is_contiguous()) == (torch.float32, (3, 1, 256), True)
    assert np.array_equal(image.permute(1, 2, 0).numpy(), levels / np.float32(255))
    assert np.array_equal(np.asarray(image_to_picture(image)), levels)


def test_image_owns_its_memory() -> None:
    picture, array, tensor = Image.new("RGB", SIZE), np.zeros((48, 40, 3), np.float32), torch.zeros(3, 48, 40)
    for source in (picture, array, tensor):
        as_image(source).fill_(1)
    assert picture.getextrema() == ((0, 0),) * 3
    assert not array.any()
    assert not tensor.any()


def test_image_is_rounded_not_truncated() -> None:
    image = torch.full((3, 1, 1), 0.999)
    assert pixel(image_to_picture(image)) == (255, 255, 255)


def test_picture_of_another_mode_is_refused_as_image() -> None:
    with refused(r"^picture: mode L, expected RGB; as_image\(\) converts any mode"):
        picture_to_image(Image.new("L", SIZE))


@pytest.mark.parametrize("shape", [(48, 40), (1, 48, 40), (1, 3, 48, 40), (48, 40, 3), (3, 0, 40)])
def test_tensor_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    for function in (image_to_picture, as_image):
        with refused(r"^image: shape \(.*\), expected \(3, H, W\); pass one RGB image"):
            function(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(48,), (3, 48, 40), (48, 40, 2), (1, 48, 40, 3)])
def test_array_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with refused(r"^array: shape \(.*\), expected \(H, W\), \(H, W, 3\) or \(H, W, 4\)"):
        as_image(np.zeros(shape))


@pytest.mark.parametrize("value", [-0.1, 1.1, 255.0, float("inf")])
def test_float_outside_0_to_1_is_refused(value: float) -> None:
    array = np.zeros((48, 40, 3))
    array[3, 4, 1] = value
    with refused(r"^array: values from \S+ to \S+, expected 0 to 1; scale or clip them$"):
        as_image(array)
    with refused(r"^image: values from \S+ to \S+, expected 0 to 1"):
        as_image(torch.from_numpy(array).permute(2, 0, 1))
    with refused(r"^image: values from"):
        image_to_picture(torch.from_numpy(array).permute(2, 0, 1))


@pytest.mark.parametrize("value", [-1, 65536])
def test_32_bit_gray_outside_16_bits_is_refused(value: int) -> None:
    with refused(rf"^picture: values from {value} to {value}, expected 0 to 65535; scale or clip them$"):
        load_picture(encode(Image.new("I", SIZE, value), "TIFF"))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "uint32", "complex64"])
def test_other_dtype_is_refused(dtype: str) -> None:
    with refused(rf"^array: dtype {dtype}, expected uint8, uint16 or float; convert it first$"):
        as_image(np.zeros((48, 40, 3), dtype))


def test_integer_tensor_is_refused() -> None:
    with refused(r"^image: dtype int64, expected uint8"):
        as_image(torch.zeros(3, 48, 40, dtype=torch.int64))


def test_same_picture_gives_the_same_image_by_every_route(tmp_path: Path) -> None:
    array, path = noise(), tmp_path / "photo.png"
    picture = Image.fromarray(array)
    picture.save(path)
    expected = picture_to_image(picture)
    sources: list[Any] = [
        *(path, str(path), path.read_bytes(), picture, Image.open(io.BytesIO(path.read_bytes()))),
        *(array, array[:, ::-1][:, ::-1], np.dstack([array, np.full(array.shape[:2], 255, np.uint8)])),
        *(array.astype(np.uint16) * 257, array.astype(">u2") * 257),
        *(array / np.float32(255), array / 255.0, (array / 255.0).astype(">f8")),
        *(expected, expected.double(), expected.clone().requires_grad_()),
        torch.from_numpy(array).permute(2, 0, 1),
    ]
    for source in sources:
        image = as_image(source)
        assert (image.dtype, image.device.type, image.requires_grad) == (torch.float32, "cpu", False)
        assert image.is_contiguous()
        assert torch.equal(image, expected)


def test_gray_picture_gives_the_same_image_by_every_route() -> None:
    expected = as_image(noise(1))
    assert torch.equal(expected, as_image(encode(Image.fromarray(noise(1)), "PNG")))
    assert torch.equal(expected, as_image(noise(1).astype(np.uint16) * 257))
    assert torch.equal(expected, as_image(noise(1) / np.float32(255)))
    assert torch.equal(expected[0], expected[2])


def test_transparent_picture_gives_the_same_image_by_every_route() -> None:
    rgba = noise(4)
    expected = as_image(encode(Image.fromarray(rgba), "PNG"))
    assert torch.equal(expected, as_image(rgba))
    assert torch.equal(expected, as_image(Image.fromarray(rgba)))
    in_float = as_image(rgba / np.float32(255))
    assert torch.allclose(expected, in_float, rtol=0, atol=0.51 / 255)  # the picture is rounded to 8 bits


def test_half_precision_tensor_is_accepted() -> None:
    for dtype in (torch.float16, torch.bfloat16):
        assert torch.equal(as_image(torch.full((3, 48, 40), 0.5, dtype=dtype)), torch.full((3, 48, 40), 0.5))


def test_given_picture_is_left_alone() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(Image.fromarray(noise()), "PNG", exif=exif, icc_profile=swapped_srgb())
    picture = Image.open(io.BytesIO(data))
    assert as_image(picture).shape == (3, 40, 48)
    assert picture.size == SIZE
    assert picture.getexif()[0x0112] == 6
    assert np.array_equal(np.asarray(picture), noise())


# Resources


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc")
def test_files_are_closed(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"):
        Image.fromarray(noise()).save(tmp_path / kind, kind)
        (tmp_path / f"{kind} cut").write_bytes((tmp_path / kind).read_bytes()[:-900])
    before = len(os.listdir("/proc/self/fd"))
    kept: list[object] = []
    for path in sorted(tmp_path.iterdir()):
        try:
            kept.append(load_picture(path))
        except InputError as error:
            kept.append(error)
    assert len(os.listdir("/proc/self/fd")) == before
    assert sum(isinstance(result, InputError) for result in kept) == 7


def test_threads_get_the_same_pictures(tmp_path: Path) -> None:
    data = [encode(Image.fromarray(noise()), kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "AVIF")]
    data.append(encode(Image.fromarray(noise()), "PNG", icc_profile=swapped_srgb()))
    expected = [load_picture(each).tobytes() for each in data]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert [picture.tobytes() for picture in pool.map(load_picture, data)] == expected


def test_suffixes_are_lower_case_and_cover_what_is_read() -> None:
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in PICTURE_SUFFIXES)
    assert {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"} <= PICTURE_SUFFIXES
    assert {".heic", ".heif", ".jp2"} <= PICTURE_SUFFIXES
    assert not {".svg", ".pdf", ".eps"} & PICTURE_SUFFIXES
