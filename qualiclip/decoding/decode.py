"""The bytes of an image file → an upright sRGB picture, or one line that says why not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import Image

from qualiclip.errors import InputError

from . import png, tiff
from .colour import to_srgb
from .limits import PILLOW_MEGAPIXELS, PictureLimits, too_many_pixels
from .refusals import CUT, DAMAGED, FORMATS, known_otherwise, reason, unreadable

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_PILLOW_GUARD = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@contextmanager
def pillow_errors_as_input_errors(name: str, limits: PictureLimits, stream: BinaryIO | None) -> Iterator[None]:
    """Whatever Pillow raises inside becomes an `InputError`; the stream is where the picture comes from, if known."""
    try:
        yield
    except _PILLOW_GUARD as error:
        raise too_many_pixels(name, f"more than {PILLOW_MEGAPIXELS}", limits) from error
    except DAMAGED as error:
        raise InputError(f"{name}: {reason(error, stream)}") from error


def decode(name: str, stream: BinaryIO, limits: PictureLimits) -> Image.Image:
    """The picture of a file in which one can go back.

    Raises:
        InputError: if it is no picture, damaged, of a kind that can't be read, or outside the limits.
    """
    with pillow_errors_as_input_errors(name, limits, stream):
        head = stream.read(1024)
        stream.seek(0)
        if not head:
            raise InputError(f"{name}: an empty file (0 bytes); copy or download it again")
        if refusal := known_otherwise(head):
            raise InputError(f"{name}: {refusal}")
        if head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in _HEIC_BRANDS):
            return _finish(name, _open_heic(name, stream), limits)
        if head.startswith(png.SIGNATURE):
            return _decode_png(name, stream, limits)
        if tiff.is_tiff(head):
            return _decode_tiff(name, stream, limits)
        return _finish(name, Image.open(stream, formats=FORMATS), limits)


def _finish(name: str, opened: Image.Image, limits: PictureLimits, *, photometric: int | None = None) -> Image.Image:
    with opened as picture:
        return to_srgb(name, picture, limits, photometric=photometric)


def _open_heic(name: str, stream: BinaryIO) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise InputError(f"{name}: HEIC needs `pip install pillow-heif`; or save it as PNG") from error
    # Called, not registered with Pillow, whose global state stays as it is; the class has no annotations.
    picture: Image.Image = HeifImageFile(stream)  # type: ignore[no-untyped-call]
    return picture


def _decode_png(name: str, stream: BinaryIO, limits: PictureLimits) -> Image.Image:
    slim, profile = png.within_guards(stream)
    picture = Image.open(slim, formats=("PNG",))
    if profile is not None:
        picture.info["icc_profile"] = profile
    return _finish(name, picture, limits)


def _decode_tiff(name: str, stream: BinaryIO, limits: PictureLimits) -> Image.Image:
    entries = tiff.read_entries(stream)
    if not entries.values:
        raise InputError(f"{name}: {CUT}")
    if entries.is_misread:
        raise InputError(f"{name}: {unreadable(entries.kind)}")
    if picture := tiff.open_under_other_name(stream, entries):
        return _finish(name, picture, limits, photometric=entries.photometric)
    stream.seek(0)
    return _finish(name, Image.open(stream, formats=("TIFF",)), limits)
