"""Parts of a picture that stand for it: its middle, or a smaller copy."""

from PIL import Image


def middle(height: int, width: int, *, side: int) -> tuple[int, int, int, int]:
    """Box (left, top, right, bottom) in px: the middle of a picture in its shape, `side` px long, or all of it."""
    share = min(1.0, side / max(height, width))
    rows, columns = round(height * share), round(width * share)
    left, top = (width - columns) // 2, (height - rows) // 2
    return left, top, left + columns, top + rows


def reduced(picture: Image.Image, side: int | None) -> Image.Image:
    """A copy whose longer side is at most `side` px; None leaves the size as it is."""
    copy = picture.copy()
    if side is not None:
        copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    return copy
