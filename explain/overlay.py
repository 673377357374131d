"""Heatmaps as pictures: colours of even lightness, laid over the photo."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from qualiclip.errors import UsageError, unknown_name

# Sequential maps whose lightness rises evenly, safe for the colour-blind. Signed maps always use DIVERGING.
COLORMAPS: Mapping[str, str] = MappingProxyType({"viridis": "Viridis", "cividis": "Cividis", "magma": "Magma"})
DIVERGING = "RdBu"  # red lowers, blue raises, white is neutral


def colorize(values: NDArray[np.float32], *, colormap: str, signed: bool) -> NDArray[np.uint8]:
    """Colours (H, W, 3) of a heatmap in [0, 1], or of a signed one in [-1, 1].

    Raises:
        UsageError: if the colour map is unknown.
    """
    if colormap not in COLORMAPS:
        raise unknown_name("colour map", colormap, COLORMAPS)
    position = (values + 1) / 2 if signed else values
    colors = colormaps[DIVERGING if signed else colormap](position, bytes=True)
    return np.asarray(colors[..., :3], dtype=np.uint8)


def overlay(
    picture: Image.Image, values: NDArray[np.float32], *, colormap: str, signed: bool, opacity: float
) -> Image.Image:
    """The picture with the heatmap (H, W) of its size over it; stronger places cover more of the photo.

    Raises:
        UsageError: if opacity is not in [0, 1], the sizes differ, or the colour map is unknown.
    """
    if not 0 <= opacity <= 1:
        raise UsageError(f"opacity must lie in [0, 1], got {opacity}")
    if values.shape != (picture.height, picture.width):
        raise UsageError(f"heatmap {values.shape} and picture {(picture.height, picture.width)} differ in size")
    colors = colorize(values, colormap=colormap, signed=signed).astype(np.float32)
    weight = (opacity * np.abs(values) ** 0.5)[..., None]  # the root keeps medium values visible
    blended = (1 - weight) * np.asarray(picture, dtype=np.float32) + weight * colors
    return Image.fromarray(blended.round().astype(np.uint8))
