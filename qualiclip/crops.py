"""Parts of a picture that stand for it: its middle, or a smaller copy."""

import math

from PIL import Image

SMALLEST_SIDE = 32  # px that a picture may be reduced to


def middle(height: int, width: int, *, side: int) -> tuple[int, int, int, int]:
    """Box (left, top, right, bottom) in px: the middle of a picture in its shape, `side` px long, or all of it."""
    share = min(1.0, side / max(height, width))
    rows, columns = round(height * share), round(width * share)
    left, top = (width - columns) // 2, (height - rows) // 2
    return left, top, left + columns, top + rows


def reduced(picture: Image.Image, side: int | None) -> Image.Image:
    """A copy whose longer side is at most `side` px; None leaves the size as it is.

    Of a very long picture the longer side stays longer, so that the shorter one keeps `SMALLEST_SIDE` px.
    """
    copy = picture.copy()
    if side is not None:
        longest = max(side, math.ceil(SMALLEST_SIDE * max(picture.size) / min(picture.size)))
        copy.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return copy
