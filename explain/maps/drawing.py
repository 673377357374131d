"""A heatmap over its picture: the one way in which all maps are drawn."""

from typing import TypeGuard

from PIL import Image

from qualiclip.drawing.overlay import overlay
from qualiclip.pictures import PictureSource, as_image, image_to_picture

from .defaults import DEFAULT_COLORMAP, DEFAULT_OPACITY
from .explanation import Heatmap


def draw_heatmap(
    picture: PictureSource,
    heatmap: Heatmap,
    *,
    colormap: str = DEFAULT_COLORMAP,
    opacity: float = DEFAULT_OPACITY,
) -> Image.Image:
    """A picture with its heatmap over it, at the picture's size: that of which the map is, or a smaller copy.

    Raises:
        UsageError: if the map is of a picture of another shape, the colour map unknown or the opacity not in [0, 1].
        InputError: if the picture can't be used.
    """
    shown = picture if _is_plain(picture) else image_to_picture(as_image(picture))
    values = heatmap.at(shown.height, shown.width)
    return overlay(shown, values, colormap=colormap, signed=heatmap.signed, opacity=opacity)


def _is_plain(picture: PictureSource) -> TypeGuard[Image.Image]:
    """Whether it is a picture of our own loader's kind: RGB, with no orientation or profile to be heeded."""
    return isinstance(picture, Image.Image) and picture.mode == "RGB" and not picture.info
