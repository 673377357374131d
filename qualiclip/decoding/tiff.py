"""TIFF: what its entries say of the samples, which kinds Pillow misreads, and which it reads under another name.

Source: TIFF 6.0, sections 2 (structure), 8 (photometric), 23 (CIELab); Adobe's TIFF technical notes of 2002 (ICCLab).
"""

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

WIDTH, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS, SAMPLES, COUNTS = 256, 258, 259, 262, 273, 277, 279
PLANAR, TILE_OFFSETS, TILE_COUNTS, SAMPLE_FORMAT = 284, 324, 325, 339
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 6, 8, 9
LABS = (CIELAB, ICCLAB)

_PHOTOMETRICS = {
    **{WHITE_IS_ZERO: "gray with zero for white", BLACK_IS_ZERO: "gray", RGB: "RGB", 3: "palette", 4: "mask"},
    **{5: "CMYK", YCBCR: "YCbCr", CIELAB: "CIELab", ICCLAB: "ICCLab", 10: "ITULab", 32803: "sensor data"},
    **{32844: "LogL", 32845: "LogLuv", 34892: "linear sensor data"},
}
_FORMATS = {2: " signed", 3: " float", 5: " complex", 6: " complex float"}
_PLANES_APART = 2
_BIG_ENDIAN_BIG_TIFF = "BigTIFF in big-endian order"
_LAYOUTS = {1: "B", 3: "H", 4: "I", 16: "Q"}  # of the types of the entries that matter here
_MOST_VALUES = 2**20  # of an entry: more than a picture within the limits has rows
_MOST_ENTRIES = 2**12  # of a directory
_STORED = ((OFFSETS, COUNTS), (TILE_OFFSETS, TILE_COUNTS))
_WANTED = {WIDTH, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, SAMPLE_FORMAT} | {*_STORED[0], *_STORED[1]}
# (photometric, deep or not) → the one under which Pillow knows samples of the same layout
_OTHER_NAMES = {(WHITE_IS_ZERO, True): BLACK_IS_ZERO, (ICCLAB, False): CIELAB, (ICCLAB, True): RGB, (CIELAB, True): RGB}


@dataclass(frozen=True)
class Entries:
    """The whole numbers of the first directory, by tag; none if it can't be read."""

    values: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    places: Mapping[int, tuple[int, str]] = field(default_factory=dict)  # in the file, and as struct calls the type
    name: str = "TIFF"

    def first(self, tag: int, default: int) -> int:
        """The first value of an entry, or the default if there is no such entry."""
        return next(iter(self.values.get(tag, ())), default)

    @property
    def photometric(self) -> int:
        """What the samples stand for."""
        return self.first(PHOTOMETRIC, 0)

    @property
    def is_misread(self) -> bool:
        """Whether Pillow makes another picture of it, warns, or writes into its log.

        The first with planes of Lab, of more or less than 8 bits, and YCbCr, the latter two if not packed; the second
        with a BigTIFF in big-endian order; the third with many samples.
        """
        apart = self.first(PLANAR, 1) == _PLANES_APART and self.first(SAMPLES, 1) > 1
        another = not self.is_packed and (self.photometric == YCBCR or (apart and self.first(BITS, 1) != 8))
        many = self.first(SAMPLES, 1) > TiffImagePlugin.MAX_SAMPLESPERPIXEL
        return another or many or (apart and self.photometric in LABS) or self.name == _BIG_ENDIAN_BIG_TIFF

    @property
    def is_packed(self) -> bool:
        """Whether its samples are compressed."""
        return self.first(COMPRESSION, 1) != 1

    @property
    def kind(self) -> str:
        """What makes it special, in words."""
        bits = self.first(BITS, 1)
        words = [_PHOTOMETRICS.get(self.photometric, f"photometric {self.photometric}")]
        words += ["planes apart"] * (self.first(PLANAR, 1) == _PLANES_APART)
        words += [f"compression {self.first(COMPRESSION, 1)}"] * self.is_packed
        samples = f"{self.first(SAMPLES, 1)} x {bits}-bit{_FORMATS.get(self.first(SAMPLE_FORMAT, 1), '')} samples"
        return f"a {self.name} of {samples} ({', '.join(words)})"

    def is_cut(self, size: int) -> bool:
        """Whether a file of so many bytes lacks entries, or strips or tiles that they name."""
        pairs = [(self.values.get(a, ()), self.values.get(b, ())) for a, b in _STORED]
        ends = [offset + count for offsets, counts in pairs for offset, count in zip(offsets, counts, strict=False)]
        return WIDTH not in self.values or max(ends, default=0) > size


def is_tiff(head: bytes) -> bool:
    """Whether a file that begins so is a TIFF."""
    return head.startswith(tuple(TiffImagePlugin.PREFIXES))


def read_entries(stream: BinaryIO) -> Entries:
    """The entries of the first directory; none if it is cut."""
    stream.seek(0)
    head = stream.read(16)
    order, big = "<" if head[:2] == b"II" else ">", 43 in head[2:4]
    values: dict[int, tuple[int, ...]] = {}
    places: dict[int, tuple[int, str]] = {}
    try:
        for tag, place, layout in _table(stream, head, order, big=big):
            stream.seek(place)
            if len(data := stream.read(struct.calcsize(layout))) == struct.calcsize(layout):
                values[tag], places[tag] = struct.unpack(layout, data), (place, layout)
    except (struct.error, OverflowError, ValueError):  # it is cut, or its numbers lead nowhere
        pass
    return Entries(values, places, f"{'Big' * big}TIFF{' in big-endian order' * (order == '>')}")


def _table(stream: BinaryIO, head: bytes, order: str, *, big: bool) -> Iterator[tuple[int, int, str]]:
    """Tag, place and layout of the values, of each entry of whole numbers that matters here."""
    long, short, room = (f"{order}Q", f"{order}Q", 8) if big else (f"{order}I", f"{order}H", 4)
    (start,) = struct.unpack_from(long, head, room)
    stream.seek(start)
    (count,) = struct.unpack(short, stream.read(struct.calcsize(short)))
    width, first = 4 + 2 * room, start + struct.calcsize(short)
    rows = stream.read(width * min(count, _MOST_ENTRIES))
    if len(rows) < width * count:
        raise ValueError(f"{count} entries")
    for at in range(0, len(rows), width):
        tag, kind = struct.unpack_from(f"{order}HH", rows, at)
        (number,) = struct.unpack_from(long, rows, at + 4)
        if tag in _WANTED and kind in _LAYOUTS and number <= _MOST_VALUES:
            layout = f"{order}{number}{_LAYOUTS[kind]}"
            inside, beyond = first + at + 4 + room, struct.unpack_from(long, rows, at + 4 + room)[0]
            yield tag, inside if struct.calcsize(layout) <= room else beyond, layout


# Kinds for which Pillow has no name, though it can read their samples


def open_under_other_name(stream: BinaryIO, entries: Entries) -> Image.Image | None:
    """A picture whose photometric is another one with samples of the same layout; None if there is no such one."""
    other = _OTHER_NAMES.get((entries.photometric, entries.first(BITS, 1) > 8))
    if other is None or PHOTOMETRIC not in entries.places:
        return None
    place, layout = entries.places[PHOTOMETRIC]
    stream.seek(0)
    data = bytearray(stream.read())
    struct.pack_into(layout, data, place, other)
    try:
        return Image.open(io.BytesIO(data), formats=("TIFF",))
    except UnidentifiedImageError:
        return None


def bits_of(picture: Image.Image) -> int:
    """Of a sample of a TIFF; 0 for other pictures."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return 0
    bits: tuple[int, ...] = picture.tag_v2.get(BITS, (1,))
    return bits[0]


def lab_of(picture: Image.Image, photometric: int) -> Image.Image:
    """A picture in mode LAB of one whose samples are L, a and b."""
    samples = np.array(picture)  # (H, W, 3)
    if photometric == ICCLAB:
        samples[..., 1:] ^= 128  # a and b from 0 to 255 become signed
    return Image.frombytes("LAB", picture.size, samples.tobytes())
