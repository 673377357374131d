"""Why a file is refused: damage is said only of damaged files, and of others what they are."""

import io
import re
import struct
import zlib
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from . import tiff

# Not every format of Pillow: for EPS it would start Ghostscript on a stranger's file.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000", "PPM", "QOI")

# What decoders raise on cut or altered files; Pillow has no common class. The first line came up when bytes
# were altered in files of every format, the second is what Pillow's plugins expect of each other.
DAMAGED: tuple[type[Exception], ...] = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, RuntimeError),
    *(TypeError, KeyError, OverflowError, struct.error, zlib.error),
)

# How files begin that we can't read, and what they are.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI", "a PNG in Apple's own form"),
    (b"\xff\xd8\xff\xf7", "a JPEG-LS picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"II\xbc\x01", "a JPEG XR picture"),
    (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"#?RADIANCE", "a Radiance HDR picture"),
    (b"#?RGBE", "a Radiance HDR picture"),
    (b"PF\n", "a PFM picture in colour"),
    (b"P7\n", "a PAM picture"),
    (b"\0\0\x01\0", "an icon"),
    (b"DDS ", "a texture (DDS)"),
    (b"SIMPLE  =", "a FITS picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"version https://git-lfs", "the stand-in of a file in Git LFS"),
)

# Words of Pillow and of the libraries below it for a file that they understand but have no code for.
_UNSUPPORTED = re.compile(
    "unsupported|not (yet )?supported|not installed|not available|cannot handle|unable to determine"
    "|unknown (pixel mode|raw mode|data organization)",
    re.IGNORECASE,
)
_JPEG_PROCESSES = {3, 5, 6, 7, 11, 13, 14, 15}  # lossless and hierarchical, which decoders lack
_NO_FRAMES = {0xC4, 0xC8, 0xCC}  # markers between those of the frames: tables, not a frame

_NO_PICTURE = "not a picture in a known format, or damaged; save it as PNG"
CUT = "damaged or cut off; copy it again or save it anew as PNG"


def unreadable(kind: str) -> str:
    """The words for a file that is of a kind without a decoder."""
    return f"{kind}, which can't be read; save it as PNG"


def known_otherwise(head: bytes) -> str | None:
    """Why a file that begins so is refused; None if it may be a picture."""
    if b"<svg" in head:
        return "not a picture but a vector drawing; export it as PNG first"
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "not a picture but a web page; download the picture itself"
    return next((unreadable(kind) for start, kind in _OTHERS if head.startswith(start)), None)


def reason(error: Exception, stream: BinaryIO | None) -> str:
    """Why a file was refused with an error; the stream is None for a picture that the caller had opened."""
    if isinstance(error, ValueError) and "closed" in str(error):
        return "its file is closed; open it again, and close it after it was read"
    if isinstance(error, OSError) and error.strerror:  # of the disk, not of a decoder
        return f"can't be read ({error.strerror}); check the disk, or copy it again"
    head = _head(stream)
    unidentified = isinstance(error, UnidentifiedImageError)
    words = _words_of_decoder(stream, head) if unidentified else str(error)
    if words is None:
        return _NO_PICTURE
    unsupported = bool(_UNSUPPORTED.search(words))
    if stream is not None and tiff.is_tiff(head):
        return _reason_of_tiff(stream, unsupported=unsupported or unidentified)
    if unsupported:
        return unreadable(f"an unusual kind of picture ({words})")
    process = _jpeg_process(stream, head)
    return unreadable(f"a JPEG of the rare process {process}") if process in _JPEG_PROCESSES else CUT


def _head(stream: BinaryIO | None) -> bytes:
    if stream is None:
        return b""
    stream.seek(0)
    return stream.read(1024)


def _words_of_decoder(stream: BinaryIO | None, head: bytes) -> str | None:
    """What the decoder for a file that begins so says of it; None if there is no such decoder."""
    Image.init()  # the formats that nobody asked for yet
    for name in FORMATS if stream else ():
        factory, accept = Image.OPEN[name]
        accepted = accept(head[:16]) if accept else False
        if isinstance(accepted, str):  # "... support not installed"
            return accepted
        if accepted and stream:
            stream.seek(0)
            try:
                factory(stream, "")
            except DAMAGED as error:
                return str(error)
    return None


def _reason_of_tiff(stream: BinaryIO, *, unsupported: bool) -> str:
    entries = tiff.read_entries(stream)
    if entries.is_cut(stream.seek(0, io.SEEK_END)):
        return CUT
    if unsupported:
        return unreadable(entries.kind)
    if entries.is_packed:
        return f"damaged, or {entries.kind} packed in a way that can't be read; save it anew as PNG"
    return CUT


def _jpeg_process(stream: BinaryIO | None, head: bytes) -> int:
    """The number of the coding process of a JPEG, as in SOF3; 0 is baseline, and also if there is none."""
    if stream is None or not head.startswith(b"\xff\xd8"):
        return 0
    stream.seek(2)
    while len(marker := stream.read(4)) == 4 and marker[0] == 0xFF:
        if marker[1] & 0xF0 == 0xC0 and marker[1] not in _NO_FRAMES:
            return marker[1] & 0x0F
        stream.seek(int.from_bytes(marker[2:], "big") - 2, io.SEEK_CUR)
    return 0
