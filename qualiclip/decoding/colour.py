"""A picture of any mode, decoded → upright sRGB. Transparent parts are laid over white."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, ImageOps, PngImagePlugin, TiffImagePlugin

from . import png, tiff
from .levels import to_uint8, to_unit
from .limits import PictureLimits, check_size
from .refusals import DAMAGED


def to_srgb(name: str, picture: Image.Image, limits: PictureLimits, *, photometric: int | None = None) -> Image.Image:
    """A new RGB picture without EXIF or profile, so that nothing is applied twice.

    `photometric` is that of a TIFF, where the picture itself does not know it.

    Raises:
        InputError: if the size or a value is outside the limits.
    """
    check_size(name, picture.width, picture.height, limits)
    if isinstance(picture, TiffImagePlugin.TiffImageFile) and photometric is None:
        photometric = picture.tag_v2.get(tiff.PHOTOMETRIC)
    loaded = _load(picture)
    profile = _open_profile(picture.info.get("icc_profile"))
    upright = _upright(loaded)
    if _is_deep(upright):
        white = 4095 if tiff.bits_of(picture) == 12 else 65535
        unit = _deep_gray(name, upright, white=white, inverted=photometric == tiff.WHITE_IS_ZERO)
        result = _from_deep_gray(unit, profile)
    elif photometric in tiff.LABS:
        result = _from_lab(tiff.lab_of(upright, photometric))
    else:
        result = _through_profile(_over_white(upright), profile)
    rgb = result.convert("RGB")
    rgb.info = {}
    return rgb


def _load(picture: Image.Image) -> Image.Image:
    if isinstance(picture, ImageFile.ImageFile) and picture.tile and picture.fp is None:
        raise ValueError("Operation on closed image")  # what Pillow says of others; of these it raises AssertionError
    if isinstance(picture, PngImagePlugin.PngImageFile):
        return png.load(picture)
    picture.load()
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except DAMAGED:  # only in the EXIF block, for the pixels are decoded by now: nobody knows what is up
        return picture


# Gray of more than 8 bits: Pillow's own conversion would clip it at 255 and lose what belongs to it


def _is_deep(picture: Image.Image) -> bool:
    return picture.mode.startswith("I") or picture.mode == "F"


def _deep_gray(name: str, picture: Image.Image, *, white: int, inverted: bool) -> NDArray[np.float32]:
    """The levels (H, W) in [0, 1]; where they are the transparent one, white."""
    values: NDArray[Any] = np.asarray(picture)
    if picture.mode == "F":
        unit = to_unit(name, values)
    elif picture.mode == "I" or white < 65535:
        unit = to_unit(name, values.astype(np.float64), most=white)
    else:
        unit = to_unit(name, values)
    if inverted:
        unit = 1 - unit
    if isinstance(key := picture.info.get("transparency"), int):
        unit[values == key] = 1
    return unit


def _from_deep_gray(unit: NDArray[np.float32], profile: ImageCms.ImageCmsProfile | None) -> Image.Image:
    """In sRGB; a profile for gray sees 16 bits: of linear light, 8 bits would lose the shadows."""
    if profile and _is_for_gray(profile):
        levels = Image.fromarray(np.arange(2**16, dtype=np.uint16).reshape(256, 256))
        try:
            # Exact and slow, so once for each level that there is.
            exact = ImageCms.buildTransform(profile, _srgb(), "I;16", "RGB", flags=ImageCms.Flags.NOOPTIMIZE)
            table = np.asarray(exact.apply(levels)).reshape(-1, 3)
        except ImageCms.PyCMSError:
            return Image.fromarray(to_uint8(unit))
        return Image.fromarray(table[np.rint(unit * 65535).astype(np.uint16)])
    return _through_profile(Image.fromarray(to_uint8(unit)), profile)


# 8 bits


def _over_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture
    # Pillow can turn La, gray times its alpha, into nothing but LA.
    rgba = (picture.convert("LA") if picture.mode == "La" else picture).convert("RGBA")
    gray = picture.mode in {"1", "L", "LA", "La"}  # stays gray: its ICC profile is one for gray
    canvas = Image.new("L" if gray else "RGB", picture.size, "white")
    canvas.paste(rgba.convert(canvas.mode), mask=rgba)
    return canvas


def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _open_profile(data: object) -> ImageCms.ImageCmsProfile | None:
    """The profile; None if there is none or it is damaged."""
    if not isinstance(data, bytes):
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        _is_for_gray(profile)
    except (ImageCms.PyCMSError, OSError, ValueError):  # ValueError: its colour space is not ASCII
        return None
    return profile


def _is_for_gray(profile: ImageCms.ImageCmsProfile) -> bool:
    return bool(profile.profile.xcolor_space == "GRAY")


def _through_profile(picture: Image.Image, profile: ImageCms.ImageCmsProfile | None) -> Image.Image:
    """The picture in sRGB; a profile for another colour space is ignored."""
    if picture.mode == "LAB":
        return _from_lab(picture)
    if profile is None:
        return picture
    if _is_for_gray(profile):
        picture = _as_gray(picture)
    elif picture.mode != "CMYK":
        picture = picture.convert("RGB")  # a gray picture may carry an RGB profile
    try:
        return ImageCms.buildTransform(profile, _srgb(), picture.mode, "RGB").apply(picture)
    except (ImageCms.PyCMSError, ValueError):
        return picture


def _from_lab(picture: Image.Image) -> Image.Image:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    return ImageCms.buildTransform(lab, _srgb(), "LAB", "RGB").apply(picture)


def _as_gray(picture: Image.Image) -> Image.Image:
    """In one channel, if its colours are all gray: some decoders give three channels for gray."""
    if picture.mode == "RGB":
        red, green, blue = (channel.tobytes() for channel in picture.split())
        if red == green == blue:
            return picture.getchannel(0)
    return picture
