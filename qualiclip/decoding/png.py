"""PNG: texts that Pillow takes for an attack are left out, and the one colour that is transparent is found.

Source: PNG specification, third edition, sections 5.3 (chunks), 11.3.1 (tRNS), 11.3.2.3 (iCCP), 11.3.3 (texts).
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Pillow's guards MAX_TEXT_CHUNK and MAX_TEXT_MEMORY; they are globals, so they are not moved.
_MOST_UNPACKED = 2**20  # bytes of a packed text or colour profile
_MOST_TEXT = 64 * 2**20  # bytes of all texts
_MOST_PROFILE = 64 * 2**20  # bytes of a colour profile that we unpack ourselves
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_UPRIGHT = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0")  # texts in which Pillow looks for the orientation


# Texts


def within_guards(stream: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    """The stream itself; or, if its texts or colour profile are too long for Pillow, a PNG without, and the profile."""
    trips = _trips(stream)
    stream.seek(0)
    return _slim(stream) if trips else (stream, None)


def _chunks(stream: BinaryIO, wanted: tuple[bytes, ...] | None = None) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, body and checksum of all chunks, or of those that are wanted."""
    stream.seek(len(SIGNATURE))
    while len(head := stream.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        if wanted is None or kind in wanted:
            yield kind, stream.read(size), stream.read(4)
        else:
            stream.seek(size + 4, io.SEEK_CUR)
        if kind == b"IEND":
            return


def _halves(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """What stands before the packed part of a chunk, and that part: empty if nothing is packed."""
    _, _, rest = body.partition(b"\0")
    if kind == b"tEXt" or (kind == b"iTXt" and rest[:1] != b"\1"):
        return body, b""
    packed = rest[2:].split(b"\0", 2)[-1] if kind == b"iTXt" else rest[1:]
    return body[: len(body) - len(packed)], packed


def _unpack(packed: bytes, most: int) -> tuple[bytes, bool]:
    """The first bytes of a packed part, and whether there are more; none if it is damaged."""
    unpacker = zlib.decompressobj()
    try:
        return unpacker.decompress(packed, most), bool(unpacker.unconsumed_tail)
    except zlib.error:
        return b"", False


def _trips(stream: BinaryIO) -> bool:
    """Whether Pillow would refuse the texts or the colour profile."""
    total = 0
    for kind, body, _ in _chunks(stream, (*_TEXTS, b"iCCP")):
        before, packed = _halves(kind, body)
        content, more = _unpack(packed, _MOST_UNPACKED)
        total += len(before) + len(content)
        if more or total > _MOST_TEXT or (packed and before[-1]):  # the last: packed by an unknown method
            return True
    return False


def _slim(stream: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    slim, profile = io.BytesIO(), None
    slim.write(SIGNATURE)
    for kind, body, checksum in _chunks(stream):
        if kind == b"iCCP":
            content, more = _unpack(_halves(kind, body)[1], _MOST_PROFILE)
            profile = None if more else content
        elif kind not in _TEXTS:
            slim.write(struct.pack(">I", len(body)) + kind + body + checksum)
        elif body.startswith(_UPRIGHT):
            slim.write(_shortened(kind, body))
    slim.seek(0)
    return slim, profile


def _shortened(kind: bytes, body: bytes) -> bytes:
    """A chunk of text of a length that Pillow takes."""
    before, packed = _halves(kind, body)
    content, _ = _unpack(packed, _MOST_UNPACKED)
    body = before + zlib.compress(content) if packed else body[:_MOST_UNPACKED]
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


# The transparent colour


def load(picture: ImageFile.ImageFile) -> Image.Image:
    """The picture, decoded, its transparent colour in the levels to which Pillow scales the samples.

    Pillow gives that colour as it stands in the file, in 1, 2, 4 or 16 bits.
    """
    key, layout = picture.info.get("transparency"), picture.tile[0][3] if picture.tile else ""
    if key is None or layout not in {"1", "L;2", "L;4", "RGB;16B"}:
        picture.load()
        return picture
    if layout == "RGB;16B":
        return _without_colour(picture, key)
    picture.load()
    scaled = picture.copy()
    scaled.info["transparency"] = {"1": 255 * bool(key), "L;2": 85 * key, "L;4": 17 * key}[layout]
    return scaled


def _without_colour(picture: ImageFile.ImageFile, key: tuple[int, int, int]) -> Image.Image:
    """A picture of 16 bits per sample with alpha 0 where it has exactly that colour."""
    low = _low_bytes(picture)
    picture.load()
    high = np.asarray(picture)
    hit = np.ones(high.shape[:2], bool)
    for channel, level in enumerate(key):
        hit &= (high[..., channel] == level >> 8) & (low[..., channel] == level & 255)
    result = picture.copy()
    del result.info["transparency"]
    result.putalpha(Image.fromarray(np.where(hit, 0, 255).astype(np.uint8)))
    return result


def _low_bytes(picture: ImageFile.ImageFile) -> NDArray[np.uint8]:
    """The second byte of each sample (H, W, 3): Pillow decodes the first alone, unless told that it comes second."""
    stream = cast(BinaryIO, picture.fp)
    stream.seek(0)
    twin = Image.open(stream, formats=("PNG",))
    twin.tile = [tile._replace(args="RGB;16L") for tile in twin.tile]
    twin.load()
    return np.asarray(twin)
