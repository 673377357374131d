"""Any image file, array or tensor → an upright sRGB picture or an image: the one loader for all parts.

A picture is a PIL image in mode RGB; an image is a float32 tensor (3, H, W) in [0, 1]. Transparent parts are
laid over white. Of an animation or a multi-page file the first frame counts.
"""

import io
import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from .errors import InputError, UsageError

PictureSource = str | os.PathLike[str] | bytes | Image.Image | NDArray[Any] | torch.Tensor

PICTURE_SUFFIXES: frozenset[str] = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .apng .webp .bmp .dib .tif .tiff .gif .avif .heic .heif .hif"
    " .jp2 .j2k .jpx .ppm .pgm .pbm .pnm .pfm .qoi".split()
)

# Not every format of Pillow: for EPS it would start Ghostscript on a stranger's file.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000", "PPM", "QOI")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")

# Above 89 megapixels Pillow itself warns, and above twice that it refuses. Its guard is a global; so instead
# of moving it our limit stays below: whatever Pillow complains about, we refuse anyway.
_PILLOW_MEGAPIXELS = 89
_PILLOW_GUARD = (Image.DecompressionBombError, Image.DecompressionBombWarning)

# What decoders raise on cut or altered files; Pillow has no common class. The first line came up when bytes
# were altered in files of every format, the second is what Pillow's plugins expect of each other.
_DAMAGED: tuple[type[Exception], ...] = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, RuntimeError),
    *(TypeError, KeyError, OverflowError, struct.error, zlib.error),
)

_OPEN_PROBLEMS: dict[type[Exception], str] = {
    FileNotFoundError: "no such file; check the path",
    IsADirectoryError: "a folder, not a picture; name a file in it",
    PermissionError: "no permission to read it; change its permissions or copy it",
}


def list_pictures(folder: Path, *, recursive: bool) -> list[Path]:
    """Picture files in a folder, or in all folders below it too, in the order of their names."""
    files = folder.rglob("*") if recursive else folder.glob("*")
    return sorted(file for file in files if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file())


@dataclass(frozen=True)
class PictureLimits:
    """What is refused before it is decoded.

    Attributes:
        megapixels: Most pixels, in millions; at most 89, where Pillow's own guard begins.
        min_side: Shortest side in pixels; 32 is what a network of stride 32 needs.
        max_aspect: Longest side divided by the shortest.
    """

    megapixels: float = 64.0
    min_side: int = 32
    max_aspect: float = 50.0

    def __post_init__(self) -> None:
        """Refuses limits that make no sense."""
        if not 0 < self.megapixels <= _PILLOW_MEGAPIXELS:
            raise UsageError(f"megapixels {self.megapixels}: expected above 0, at most {_PILLOW_MEGAPIXELS}")
        if self.min_side < 1:
            raise UsageError(f"min_side {self.min_side}: expected at least 1 pixel")
        if not self.max_aspect >= 1:
            raise UsageError(f"max_aspect {self.max_aspect}: expected at least 1")


DEFAULT_LIMITS = PictureLimits()


# Opening files


def _name_of(source: str | os.PathLike[str] | bytes) -> str:
    if isinstance(source, bytes):
        return "picture"
    name = os.path.basename(os.fspath(source).rstrip("/")) or "picture"
    return "".join(letter if letter.isprintable() else "?" for letter in name)  # errors are one line


def _open_stream(name: str, source: str | os.PathLike[str] | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return open(source, "rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        problem = _OPEN_PROBLEMS.get(type(error), "can't be opened; check the path")
        raise InputError(f"{name}: {problem}") from error


def _open_heic(name: str, stream: BinaryIO) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise InputError(f"{name}: HEIC needs `pip install pillow-heif`; or save it as PNG") from error
    # Called, not registered with Pillow, whose global state stays as it is; the class has no annotations.
    picture: Image.Image = HeifImageFile(stream)  # type: ignore[no-untyped-call]
    return picture


def _open_picture(name: str, stream: BinaryIO) -> Image.Image:
    """The picture with its header read and its pixels not yet decoded."""
    head = stream.read(1024)
    stream.seek(0)
    if not head:
        raise InputError(f"{name}: an empty file (0 bytes); copy or download it again")
    if head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in _HEIC_BRANDS):
        return _open_heic(name, stream)
    try:
        return Image.open(stream, formats=_FORMATS)
    except UnidentifiedImageError as error:
        if b"<svg" in head:
            raise InputError(f"{name}: not a picture but a vector drawing; export it as PNG first") from error
        raise InputError(f"{name}: not a picture in a known format, or damaged; save it as PNG") from error


@contextmanager
def _pillow_errors_as_input_errors(name: str, limits: PictureLimits) -> Iterator[None]:
    try:
        yield
    except _PILLOW_GUARD as error:
        raise _too_many_pixels(name, f"more than {_PILLOW_MEGAPIXELS}", limits) from error
    except _DAMAGED as error:
        raise InputError(f"{name}: damaged or cut off; copy it again or save it anew as PNG") from error


def _too_many_pixels(name: str, megapixels: str, limits: PictureLimits) -> InputError:
    return InputError(f"{name}: {megapixels} megapixels, the limit is {limits.megapixels:g}; make it smaller first")


def _check_size(name: str, width: int, height: int, limits: PictureLimits) -> None:
    short, long = sorted((width, height))
    size = f"{name}: {width}x{height} pixels"
    if short < limits.min_side:
        raise InputError(f"{size}, each side needs at least {limits.min_side}; use a larger picture")
    if long > limits.max_aspect * short:
        raise InputError(f"{size}, more than {limits.max_aspect:g} times as long as wide; crop it first")
    if width * height > limits.megapixels * 1e6:
        rounded_up = math.ceil(width * height / 1e5) / 10  # never "64.0 megapixels, the limit is 64"
        raise _too_many_pixels(name, f"{rounded_up:.1f}", limits)


# Any mode → RGB


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except _DAMAGED:  # only in the EXIF block, for the pixels are decoded by now: nobody knows what is up
        return picture


def _in_8_bit(name: str, picture: Image.Image) -> Image.Image:
    """Gray pictures of more than 8 bits, scaled: Pillow's own conversion would clip them at 255."""
    if not picture.mode.startswith("I") and picture.mode != "F":
        return picture
    values = np.asarray(picture)
    unit = _to_unit(name, values / 65535 if picture.mode == "I" else values)
    return Image.fromarray(_to_uint8(unit))


def _over_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture
    # Pillow can turn La, gray times its alpha, into nothing but LA.
    rgba = (picture.convert("LA") if picture.mode == "La" else picture).convert("RGBA")
    gray = picture.mode in {"1", "L", "LA", "La"}  # stays gray: its ICC profile is one for gray
    canvas = Image.new("L" if gray else "RGB", picture.size, "white")
    canvas.paste(rgba.convert(canvas.mode), mask=rgba)
    return canvas


def _through_profile(picture: Image.Image, icc_profile: object) -> Image.Image:
    """The picture in sRGB; a profile that is damaged or for another colour space is ignored."""
    srgb = ImageCms.createProfile("sRGB")
    if picture.mode == "LAB":
        return ImageCms.buildTransform(ImageCms.createProfile("LAB"), srgb, "LAB", "RGB").apply(picture)
    if not isinstance(icc_profile, bytes):
        return picture
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        if profile.profile.xcolor_space != "GRAY" and picture.mode != "CMYK":
            picture = picture.convert("RGB")  # a gray picture may carry an RGB profile
        return ImageCms.buildTransform(profile, srgb, picture.mode, "RGB").apply(picture)
    except (ImageCms.PyCMSError, OSError, ValueError):  # ValueError: its colour space is not ASCII
        return picture


def _to_srgb(name: str, picture: Image.Image, limits: PictureLimits) -> Image.Image:
    """A new RGB picture without EXIF or profile, so that nothing is applied twice."""
    _check_size(name, picture.width, picture.height, limits)
    picture.load()
    icc_profile = picture.info.get("icc_profile")
    flat = _over_white(_in_8_bit(name, _upright(picture)))
    result = _through_profile(flat, icc_profile).convert("RGB")
    result.info = {}
    return result


def load_picture(source: str | os.PathLike[str] | bytes, *, limits: PictureLimits = DEFAULT_LIMITS) -> Image.Image:
    """An upright sRGB picture from an image file, or from the bytes of one.

    16-bit colour loses its low byte in Pillow; 16-bit gray is rounded to 8 bits. Gray of 32 bits (mode I) is
    taken to be 0..65535, as in a PGM file, and gray in floats (mode F) 0..1.

    Raises:
        InputError: the file is missing, unreadable, not a picture, damaged, or outside the limits.
    """
    name = _name_of(source)
    with (
        _open_stream(name, source) as stream,
        _pillow_errors_as_input_errors(name, limits),
        _open_picture(name, stream) as picture,
    ):
        return _to_srgb(name, picture, limits)


# Pictures, arrays and tensors ↔ images


def _to_unit(name: str, values: NDArray[Any]) -> NDArray[np.float32]:
    """The values in [0, 1], in new memory."""
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        return values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)
    if values.dtype.kind != "f":
        raise InputError(f"{name}: dtype {values.dtype}, expected uint8, uint16 or float; convert it first")
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= 1):  # also refuses NaN
        raise InputError(f"{name}: values from {low:g} to {high:g}, expected 0 to 1; scale or clip them")
    return values.astype(np.float32)


def _to_uint8(unit: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(unit * 255).astype(np.uint8)


def _channels_last(image: torch.Tensor) -> NDArray[Any]:
    if image.ndim != 3 or image.shape[0] != 3 or not image.numel():
        raise InputError(f"image: shape {tuple(image.shape)}, expected (3, H, W); pass one RGB image")
    plain = image.detach().cpu()
    if plain.is_floating_point():
        plain = plain.to(torch.float32)  # NumPy has no bfloat16
    array: NDArray[Any] = plain.permute(1, 2, 0).numpy()  # (H, W, 3)
    return array


def _array_to_image(name: str, array: NDArray[Any], limits: PictureLimits) -> torch.Tensor:
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,), (4,)):
        raise InputError(f"{name}: shape {array.shape}, expected (H, W), (H, W, 3) or (H, W, 4); reshape it")
    _check_size(name, array.shape[1], array.shape[0], limits)
    if array.dtype == np.uint8:  # by way of a picture: alpha is then rounded as in a file
        return picture_to_image(_to_srgb(name, Image.fromarray(array), limits))
    unit = _to_unit(name, array)
    if unit.ndim == 2:
        unit = np.stack([unit] * 3, axis=2)  # (H, W, 3)
    elif unit.shape[2] == 4:
        colour, alpha = unit[..., :3], unit[..., 3:]
        unit = colour * alpha + (1 - alpha)
    return torch.from_numpy(np.ascontiguousarray(unit.transpose(2, 0, 1)))  # (3, H, W)


def picture_to_image(picture: Image.Image) -> torch.Tensor:
    """An image (3, H, W) that owns its memory.

    Raises:
        InputError: the picture is not in mode RGB.
    """
    if picture.mode != "RGB":
        raise InputError(f"picture: mode {picture.mode}, expected RGB; as_image() converts any mode")
    planes = torch.from_numpy(np.array(picture)).permute(2, 0, 1)  # (3, H, W)
    return planes.to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def image_to_picture(image: torch.Tensor) -> Image.Image:
    """An RGB picture, rounded to the nearest of the 256 levels.

    Raises:
        InputError: the image is not (3, H, W), or has values outside [0, 1].
    """
    return Image.fromarray(_to_uint8(_to_unit("image", _channels_last(image))))


def as_image(source: PictureSource, *, limits: PictureLimits = DEFAULT_LIMITS) -> torch.Tensor:
    """An image (3, H, W), float32 on the CPU, from whatever holds a picture.

    A PIL picture is treated like a file: turned upright, laid over white, converted to sRGB. Arrays are
    (H, W), (H, W, 3) or (H, W, 4), tensors (3, H, W); their values are uint8, uint16 or floats in [0, 1].

    Raises:
        InputError: the source can't be read, is outside the limits, or has another shape, dtype or range.
    """
    if isinstance(source, torch.Tensor):
        return _array_to_image("image", _channels_last(source), limits)
    if isinstance(source, np.ndarray):
        return _array_to_image("array", source, limits)
    if isinstance(source, Image.Image):
        with _pillow_errors_as_input_errors("picture", limits):
            return picture_to_image(_to_srgb("picture", source, limits))
    return picture_to_image(load_picture(source, limits=limits))
