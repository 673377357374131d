"""Healthy files that decoders misread or refuse: the right pixels, or the real cause."""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from qualiclip.pictures import as_image, image_to_picture, load_picture
from tests.test_pictures import SIZE, encode, linear_gray, noise, pixel, refused, swapped_srgb

TYPES = {"B": 1, "H": 3, "I": 4}


def tiff(samples: bytes, *, order: str = "<", bits: tuple[int, ...] = (8,), **tags: int) -> bytes:
    """A TIFF of 40 x 48 pixels written by hand, in one strip, for what Pillow does not write."""
    entries = {"width": (SIZE[0],), "height": (SIZE[1],), "bits": bits, "compression": (1,), "photometric": (1,)}
    entries |= {"offset": (8,), "samples": (len(bits),), "rows": (SIZE[1],), "count": (len(samples),)}
    entries |= {name: (value,) for name, value in tags.items()}
    numbers = {"width": 256, "height": 257, "bits": 258, "compression": 259, "photometric": 262, "offset": 273}
    numbers |= {
        "orientation": 274,
        "samples": 277,
        "rows": 278,
        "count": 279,
        "planar": 284,
        "extra": 338,
        "format": 339,
    }
    place = 8 + len(samples)
    beyond = place + 2 + 12 * len(entries) + 4
    table, long_values = struct.pack(f"{order}H", len(entries)), b""
    for name in sorted(entries, key=numbers.__getitem__):
        values = entries[name]
        kind = "I" if name in {"offset", "count"} else "H"
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(packed) > 4:
            long_values, packed = long_values + packed, struct.pack(f"{order}I", beyond + len(long_values))
        table += struct.pack(f"{order}HHI", numbers[name], TYPES[kind], len(values)) + packed.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", place)
    return head + samples + table + bytes(4) + long_values


def flat(order: str, kind: str, *values: float) -> bytes:
    return struct.pack(f"{order}{len(values)}{kind}", *values) * (SIZE[0] * SIZE[1])


# TIFF: the right pixels


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("photometric", "right"), [(0, 251), (1, 4)])
def test_white_is_zero_or_not_in_any_depth(order: str, photometric: int, right: int) -> None:
    gray: dict[str, Any] = {"order": order, "photometric": photometric}
    data = flat(order, "H", 1000)
    files = [
        tiff(data, bits=(16,), **gray),
        tiff(zlib.compress(data), bits=(16,), compression=8, **gray),
        tiff(flat(order, "i", 1000), bits=(32,), format=2, **gray),
        tiff(flat(order, "f", 1000 / 65535), bits=(32,), format=3, **gray),
        tiff(flat(order, "B", 4), **gray),
    ]
    for file in files:
        assert pixel(load_picture(file)) == (right,) * 3
        assert pixel(image_to_picture(as_image(file))) == (right,) * 3


def test_a_lazily_opened_picture_is_read_like_its_file() -> None:
    file = tiff(flat("<", "H", 1000), bits=(16,), photometric=0)
    assert pixel(image_to_picture(as_image(Image.open(io.BytesIO(file))))) == (251, 251, 251)


def test_deep_gray_with_zero_for_white_is_turned_upright() -> None:
    values = noise(1).astype("<u2") * 257
    file = tiff(values.tobytes(), bits=(16,), photometric=0, orientation=3)
    assert np.array_equal(np.asarray(load_picture(file))[..., 0], 255 - noise(1)[::-1, ::-1])


def test_12_bit_gray_is_white_at_4095() -> None:
    pairs = SIZE[0] * SIZE[1] // 2
    for photometric, right in ((1, 100), (0, 155)):
        level = 100 * 4095 // 255  # 1605
        two = (level << 12 | level).to_bytes(3, "big")
        assert pixel(load_picture(tiff(two * pairs, bits=(12,), photometric=photometric))) == (right,) * 3


@pytest.mark.parametrize("order", "<>")
def test_lab_is_read_in_8_and_16_bits_with_signed_or_shifted_colours(order: str) -> None:
    colour = 200, 20, 30  # of 255: a light orange
    shifted = 200, 148, 158
    files = [
        tiff(flat(order, "B", *colour), order=order, bits=(8, 8, 8), photometric=8),
        tiff(flat(order, "H", *(256 * level for level in colour)), order=order, bits=(16, 16, 16), photometric=8),
        tiff(flat(order, "B", *shifted), order=order, bits=(8, 8, 8), photometric=9),
        tiff(flat(order, "H", *(256 * level for level in shifted)), order=order, bits=(16, 16, 16), photometric=9),
    ]
    # Lab (78.4, 20, 30) in D50 → sRGB, by the formulas of CIE 15 and IEC 61966-2-1.
    for file in files:
        assert pixel(load_picture(file)) == pytest.approx((242, 179, 139), abs=1)


# TIFF: the real cause


@pytest.mark.parametrize(
    ("file", "cause"),
    [
        (
            tiff(flat("<", "f", 0.1, 0.2, 0.3), bits=(32,) * 3, photometric=2, format=3),
            r"3 x 32-bit float samples \(RGB",
        ),
        (tiff(flat("<", "e", 0.1), bits=(16,), format=3), r"1 x 16-bit float samples \(gray"),
        (tiff(flat("<", "d", 0.1), bits=(64,), format=3), r"1 x 64-bit float samples \(gray"),
        (tiff(flat(">", "I", 7), order=">", bits=(32,)), r"TIFF in big-endian order of 1 x 32-bit samples \(gray"),
        (tiff(flat("<", "H", 9, 9), bits=(16, 16), extra=2), r"2 x 16-bit samples \(gray"),
        (
            tiff(flat("<", "H", 9, 9, 9), bits=(16,) * 3, photometric=2, planar=2),
            r"3 x 16-bit samples \(RGB, planes apart",
        ),
        (tiff(flat("<", "B", 9, 9, 9), bits=(8,) * 3, photometric=6), r"3 x 8-bit samples \(YCbCr"),
        (tiff(flat("<", "B", 9, 9, 9), bits=(8,) * 3, photometric=8, planar=2), r"3 x 8-bit samples \(CIELab, planes"),
        (tiff(flat("<", "B", *range(7)), bits=(8,) * 7), r"7 x 8-bit samples \(gray"),
        (tiff(b"", bits=(8,) * 3, photometric=2, compression=34712), r"3 x 8-bit samples \(RGB, compression 34712"),
        (tiff(flat("<", "B", 1), photometric=32803), r"1 x 8-bit samples \(sensor data"),
    ],
)
def test_tiff_of_a_kind_without_a_decoder_is_called_what_it_is(file: bytes, cause: str) -> None:
    with refused(rf"^picture: a TIFF.* of {cause.removeprefix('TIFF in big-endian order of ')}.*, which can't be read"):
        load_picture(file)


def test_tiff_that_is_cut_is_called_cut() -> None:
    begin, rest = tiff(flat("<", "f", 0.1, 0.2, 0.3), bits=(32,) * 3, photometric=2, format=3), 100
    with refused(r"^picture: damaged or cut off"):
        load_picture(begin[:-rest])
    whole = encode(Image.fromarray(noise()), "TIFF")
    with refused(r"^picture: damaged or cut off"):
        load_picture(whole[: len(whole) // 2])


def test_packed_tiff_that_can_not_be_unpacked_may_be_damaged_or_unusual() -> None:
    file = tiff(b"no deflate stream" * 9, bits=(8,) * 3, photometric=2, compression=8)
    with refused(r"damaged, or a TIFF of 3 x 8-bit samples \(RGB, compression 8\) packed in a way that can't be read"):
        load_picture(file)


# Other formats: the real cause


def altered(kind: str, find: bytes, place: int, value: int) -> bytes:
    data = bytearray(encode(Image.fromarray(noise()), kind))
    data[data.index(find) + place] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("file", "cause"),
    [
        (altered("JPEG", b"\xff\xc0", 4, 12), r"an unusual kind of picture \(cannot handle 12-bit layers\)"),
        (altered("JPEG", b"\xff\xc0", 1, 0xC3), r"a JPEG of the rare process 3"),
        (altered("BMP", b"BM", 30, 4), r"an unusual kind of picture \(Unsupported BMP compression \(4\)\)"),
        (b"\xff\x0a" + bytes(50), "a JPEG XL picture"),
        (b"\xff\xd8\xff\xf7" + bytes(50), "a JPEG-LS picture"),
        (b"8BPS\0\1" + bytes(50), "a Photoshop document"),
        (b"PF\n40 48\n-1.0\n" + bytes(40 * 48 * 12), "a PFM picture in colour"),
    ],
)
def test_file_of_a_kind_without_a_decoder_is_called_what_it_is(file: bytes, cause: str) -> None:
    with refused(rf"^picture: {cause}, which can't be read; save it as PNG$"):
        load_picture(file)


def test_web_page_is_called_so() -> None:
    with refused("not a picture but a web page; download the picture itself"):
        load_picture(b"\n<!DOCTYPE html><html><title>404</title></html>")


# PNG


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(row: bytes, *, depth: int = 8, colour_type: int = 2, before: bytes = b"", after: bytes = b"") -> bytes:
    """A PNG of 40 x 48 pixels of equal rows, with more chunks before and after its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *SIZE, depth, colour_type, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress((b"\0" + row) * SIZE[1]))
    return b"\x89PNG\r\n\x1a\n" + header + before + pixels + after + chunk(b"IEND", b"")


ROW = bytes([255, 0, 0]) * SIZE[0]
LONG = zlib.compress(b"a" * 2_000_000)
XMP = b'<x tiff:Orientation="6"/>'


@pytest.mark.parametrize(
    "texts",
    [
        {"before": chunk(b"zTXt", b"log\0\0" + LONG)},
        {"after": chunk(b"zTXt", b"log\0\0" + LONG)},
        {"before": chunk(b"iTXt", b"log\0\1\0en\0\0" + LONG)},
        {"before": chunk(b"zTXt", b"log\0\0" + zlib.compress(b"a" * 1_000_000)) * 70},
        {"before": chunk(b"zTXt", b"log\0\x07unknown packing")},
    ],
    ids="zTXt after iTXt many unknown".split(),
)
def test_png_with_long_texts_is_scored(texts: dict[str, bytes]) -> None:
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    file = png(ROW, **texts)
    with ThreadPoolExecutor(2) as pool:  # nothing global is changed on the way
        assert {pixel(picture) for picture in pool.map(load_picture, [file, png(ROW), file])} == {(255, 0, 0)}
    assert (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY) == limits


def test_long_colour_profile_and_orientation_beside_long_texts_still_count() -> None:
    profile = chunk(b"iCCP", b"own\0\0" + zlib.compress(swapped_srgb() + bytes(2_000_000)))
    long_xmp = zlib.compress(XMP + b" " * 2_000_000)
    oriented = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + long_xmp)
    picture = load_picture(png(ROW, before=profile + oriented))
    assert (pixel(picture), picture.size) == ((0, 0, 255), SIZE[::-1])


def test_damage_beside_a_long_text_is_still_found() -> None:
    file = bytearray(png(ROW, before=chunk(b"zTXt", b"log\0\0" + LONG)))
    file[file.index(b"IDAT") + 8] ^= 0xFF
    with refused(r"^picture: damaged or cut off"):
        load_picture(bytes(file))
    with refused(r"^picture: damaged or cut off"):
        load_picture(bytes(file[:-30]))


@pytest.mark.parametrize(("depth", "level"), [(1, 1), (2, 1), (4, 3), (8, 3), (16, 1000)])
def test_transparent_gray_is_white_in_any_depth(depth: int, level: int) -> None:
    key = chunk(b"tRNS", struct.pack(">H", level))
    bits = f"{level:0{depth}b}" * (SIZE[0] // 2) + "0" * (depth * SIZE[0] // 2)
    picture = load_picture(png(int(bits, 2).to_bytes(len(bits) // 8, "big"), depth=depth, colour_type=0, before=key))
    assert pixel(picture) == (255, 255, 255)
    assert picture.getpixel((SIZE[0] - 1, 0)) == (0, 0, 0)


def test_transparent_colour_of_16_bits_is_compared_in_all_of_them() -> None:
    key, near = struct.pack(">HHH", 1000, 20000, 30000), struct.pack(">HHH", 1001, 20000, 30000)
    row = key * (SIZE[0] // 2) + near * (SIZE[0] // 2)
    file = png(row, depth=16, before=chunk(b"tRNS", key))
    for picture in (load_picture(file), image_to_picture(as_image(Image.open(io.BytesIO(file))))):
        assert pixel(picture) == (255, 255, 255)
        assert picture.getpixel((SIZE[0] - 1, 0)) == (3, 78, 117)


def test_gray_profile_is_applied_to_16_bits_before_they_are_rounded() -> None:
    for level, right in ((100, 5), (1000, 33), (20000, 150)):  # linear light → IEC 61966-2-1
        gray = Image.fromarray(np.full(SIZE[::-1], level, np.uint16))
        assert pixel(load_picture(encode(gray, "PNG", icc_profile=linear_gray()))) == (right,) * 3


def test_gray_profile_is_applied_to_gray_with_alpha_of_16_bits() -> None:
    profile = chunk(b"iCCP", b"own\0\0" + zlib.compress(linear_gray()))
    file = png(struct.pack(">HH", 55 * 257, 65535) * SIZE[0], depth=16, colour_type=4, before=profile)
    assert pixel(load_picture(file)) == pytest.approx((128,) * 3, abs=1)  # as for 8 bits
