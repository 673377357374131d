"""Heatmaps as pictures: colours of even lightness, laid over the photo."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from qualiclip.checks import check_number
from qualiclip.errors import UsageError, look_up

# Sequential maps whose lightness rises evenly, safe for the colour-blind. Signed maps always use DIVERGING.
COLORMAPS: Mapping[str, str] = MappingProxyType({"viridis": "Viridis", "cividis": "Cividis", "magma": "Magma"})
BAND = 256  # rows that are blended at once: a large picture in floats would be many times its own size
DIVERGING = "RdBu"  # red lowers, blue raises, white is neutral


def colorize(values: NDArray[np.float32], *, colormap: str, signed: bool) -> NDArray[np.uint8]:
    """Colours (H, W, 3) of a heatmap in [0, 1], or of a signed one in [-1, 1].

    Raises:
        UsageError: if the colour map is unknown.
    """
    look_up(COLORMAPS, colormap, kind="colour map")
    position = (values + 1) / 2 if signed else values
    colors = colormaps[DIVERGING if signed else colormap](position, bytes=True)
    return np.asarray(colors[..., :3], dtype=np.uint8)


def faded(photo: NDArray[np.float32]) -> NDArray[np.float32]:
    """A photo (H, W, 3) in [0, 255] as light gray, on which every colour can be told."""
    luma = photo @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return np.repeat((80 + luma * 175 / 255)[..., None], 3, axis=2)


def overlay(
    picture: Image.Image, values: NDArray[np.float32], *, colormap: str, signed: bool, opacity: float
) -> Image.Image:
    """The picture with the heatmap (H, W) of its size over it; stronger places cover more of the photo.

    The photo loses its colours as the opacity grows, so that a colour always means the heatmap's value.

    Raises:
        UsageError: if opacity is not in [0, 1], the sizes differ, or the colour map is unknown.
    """
    opacity = check_number("opacity", opacity, 0, 1)
    if values.shape != (picture.height, picture.width):
        raise UsageError(f"heatmap {values.shape} and picture {(picture.height, picture.width)} differ in size")
    photo = np.asarray(picture)
    blended = np.empty_like(photo)
    for top in range(0, len(photo), BAND):
        rows = slice(top, top + BAND)
        blended[rows] = _blend(photo[rows], values[rows], colormap=colormap, signed=signed, opacity=opacity)
    return Image.fromarray(blended)


def _blend(
    pixels: NDArray[np.uint8], values: NDArray[np.float32], *, colormap: str, signed: bool, opacity: float
) -> NDArray[np.uint8]:
    # Strength is shown by how much of the photo is covered; a signed colour then only needs to say which sign.
    shades = np.float32(0.8) * np.sign(values) if signed else values  # the ends of the map are nearly black
    colors = colorize(shades, colormap=colormap, signed=signed).astype(np.float32)
    photo = pixels.astype(np.float32)
    backdrop = (1 - opacity) * photo + opacity * faded(photo)
    weight = (opacity * np.abs(values))[..., None]
    blended: NDArray[np.uint8] = ((1 - weight) * backdrop + weight * colors).round().astype(np.uint8)
    return blended
