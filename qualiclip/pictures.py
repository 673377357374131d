"""Any image file, array or tensor → an upright sRGB picture or an image: the one loader for all parts.

A picture is a PIL image in mode RGB; an image is a float32 tensor (3, H, W) in [0, 1]. Transparent parts are
laid over white. Of an animation or a multi-page file the first frame counts.
"""

import os
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from qualiclip.decoding.colour import to_srgb
from qualiclip.decoding.decode import decode, pillow_errors_as_input_errors
from qualiclip.decoding.levels import to_uint8, to_unit
from qualiclip.decoding.limits import DEFAULT_LIMITS, PictureLimits, check_size
from qualiclip.decoding.streams import name_of, open_stream

from .errors import InputError

__all__ = [
    "DEFAULT_LIMITS",
    "PICTURE_SUFFIXES",
    "PictureLimits",
    "PictureSource",
    "as_image",
    "image_to_picture",
    "is_junk",
    "list_pictures",
    "load_picture",
    "picture_to_image",
]

PictureSource = str | os.PathLike[str] | bytes | Image.Image | NDArray[Any] | torch.Tensor

PICTURE_SUFFIXES: frozenset[str] = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .apng .webp .bmp .dib .tif .tiff .gif .avif .heic .heif .hif"
    " .jp2 .j2k .jpx .ppm .pgm .pbm .pnm .pfm .qoi".split()
)
_JUNK_FOLDERS = frozenset({"__macosx", "@eadir", "$recycle.bin"})  # in zips of macOS, on Synology's disks, on Windows


# Files


def is_junk(path: PurePath) -> bool:
    """Whether a path below a folder or in an archive is what systems leave there, such as `._a.png` or `.DS_Store`."""
    return any(part.lower() in _JUNK_FOLDERS or (part.startswith(".") and part != "..") for part in path.parts)


def list_pictures(folder: Path, *, recursive: bool) -> list[Path]:
    """Picture files in a folder, or in all folders below it too, in the order of their names; without junk."""
    files = folder.rglob("*") if recursive else folder.glob("*")
    named = [file for file in files if file.suffix.lower() in PICTURE_SUFFIXES]
    # os.path.isfile: Path.is_file raises where the folder may be listed and not entered.
    return sorted(file for file in named if not is_junk(file.relative_to(folder)) and os.path.isfile(file))


def load_picture(source: str | os.PathLike[str] | bytes, *, limits: PictureLimits = DEFAULT_LIMITS) -> Image.Image:
    """An upright sRGB picture from an image file, from the bytes of one, or for `-` from standard input.

    16-bit colour loses its low byte in Pillow; 16-bit gray is rounded to 8 bits. Gray of 32 bits (mode I) is
    taken to be 0..65535, as in a PGM file, and gray in floats (mode F) 0..1.

    Raises:
        InputError: the file is missing, unreadable, not a picture, damaged, or outside the limits.
    """
    name = name_of(source)
    with open_stream(name, source) as stream:
        return decode(name, stream, limits)


# Pictures, arrays and tensors ↔ images


def _channels_last(image: torch.Tensor) -> NDArray[Any]:
    if image.is_meta or image.is_quantized or image.layout != torch.strided:
        raise InputError("image: a tensor without plain values; pass a dense one in memory")
    if image.ndim != 3 or image.shape[0] != 3 or not image.numel():
        raise InputError(f"image: shape {tuple(image.shape)}, expected (3, H, W); pass one RGB image")
    plain = image.detach().cpu()
    if plain.is_floating_point():
        plain = plain.to(torch.float32)  # NumPy has no bfloat16
    array: NDArray[Any] = plain.permute(1, 2, 0).numpy()  # (H, W, 3)
    return array


def _array_to_image(name: str, array: NDArray[Any], limits: PictureLimits) -> torch.Tensor:
    array = np.asarray(array)  # of a masked array or a matrix, the plain one
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,), (4,)):
        raise InputError(f"{name}: shape {array.shape}, expected (H, W), (H, W, 3) or (H, W, 4); reshape it")
    check_size(name, array.shape[1], array.shape[0], limits)
    if array.dtype == np.uint8:  # by way of a picture: alpha is then rounded as in a file
        return picture_to_image(to_srgb(name, Image.fromarray(array), limits))
    unit = to_unit(name, array)
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
    return Image.fromarray(to_uint8(to_unit("image", _channels_last(image))))


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
        with pillow_errors_as_input_errors("picture", limits, None):
            return picture_to_image(to_srgb("picture", source, limits))
    if isinstance(source, bytearray | memoryview):
        source = bytes(source)
    if not isinstance(source, str | bytes | os.PathLike):
        kinds = "a path, the bytes of a file, a PIL picture, an array or an image tensor"
        raise InputError(f"{type(source).__name__}: expected {kinds}; pass one of them")
    return picture_to_image(load_picture(source, limits=limits))
