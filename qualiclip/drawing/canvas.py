"""A figure laid out by hand, in inches from its top left corner, so that nothing overlaps whatever its texts are."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from .lettering import INK, QUIET, SMALL, TITLE, shortened, wrapped

EDGE = 0.4  # in, around everything
LINE = 1.5  # height of a line in sizes of its letters
ON_PAPER = 300  # px per inch that are kept of a picture; more is not seen


def line_height(size: float) -> float:
    """Distance of two lines of text in inches."""
    return LINE * size / 72


class Canvas:
    """A figure of a width and height in inches."""

    def __init__(self, width: float, height: float) -> None:
        """Make an empty white figure."""
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), facecolor="white")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        width: float,
        *,
        size: float,
        color: str = INK,
        weight: str = "normal",
        align: str = "left",
    ) -> None:
        """A line of text, not wider than `width`, whose middle is at the height `y`."""
        self.figure.text(
            x / self.width,
            1 - y / self.height,
            shortened(text, width, size=size, weight=weight),
            fontsize=size,
            fontweight=weight,
            color=color,
            ha=align,
            va="center_baseline",
            parse_math=False,
        )

    def heading(self, title: str, facts: list[str]) -> float:
        """A title and lines of facts below it; returns where they end."""
        whole = self.width - 2 * EDGE
        y = EDGE + line_height(TITLE) / 2
        self.text(EDGE, y, title, whole, size=TITLE, weight="bold")
        y += line_height(TITLE) / 2 + line_height(SMALL) / 2
        for fact in facts:
            self.text(EDGE, y, fact, whole, size=SMALL, color=QUIET)
            y += line_height(SMALL)
        return y

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes whose frame is that box."""
        box = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        axes: Axes = self.figure.add_axes(box)
        return axes

    def picture(self, x: float, y: float, size: tuple[float, float], picture: Image.Image) -> Axes:
        """A picture in a box of that width and height; its axes count px of the picture."""
        axes = self.axes(x, y, *size)
        shown = picture.copy()
        shown.thumbnail((round(size[0] * ON_PAPER), round(size[1] * ON_PAPER)), Image.Resampling.LANCZOS)
        axes.imshow(np.asarray(shown), extent=(0, picture.width, picture.height, 0), aspect="auto")
        axes.axis("off")
        return axes


def heading_height(facts: list[str]) -> float:
    """What `Canvas.heading` needs, in inches from the top of the figure."""
    return EDGE + line_height(TITLE) + line_height(SMALL) * (len(facts) + 0.5)


def caption_lines(text: str, width: float) -> list[str]:
    """A caption in lines that fit a figure of that width in inches."""
    return wrapped(text, width - 2 * EDGE, size=SMALL)


def fitted(picture: Image.Image, width: float, height: float) -> tuple[float, float]:
    """Width and height in inches of a picture as large as the box allows."""
    scale = min(width / picture.width, height / picture.height)
    return picture.width * scale, picture.height * scale
