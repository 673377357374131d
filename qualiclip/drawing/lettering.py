"""Text of figures: colours, sizes, and words that other people chose, such as file names and prompts.

Such words are drawn as they are: a dollar sign starts no formula (`parse_math=False` everywhere), what the font lacks
becomes a question mark, and what is too wide loses its middle.
"""

from bisect import bisect_right
from functools import cache, lru_cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

SMALL, PLAIN, HEADING, TITLE = 9.0, 10.5, 12.0, 15.0  # pt; smaller ones can't be read when projected
INK, QUIET, FAINT, MAT = "#1f2937", "#4b5563", "#d1d5db", "#f1f3f5"
# Told apart by the colour-blind, and in grey, where they are dark, middle and light.
DARK, MIDDLE, LIGHT = "#1e3a8a", "#d97706", "#9fd3e8"


@cache
def _font(size: float, weight: str) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size, weight=weight)  # comes with matplotlib


def literal(text: str) -> str:
    """The text with ? for each letter that can't be drawn; ends of lines stay."""
    known = get_font(findfont(_font(SMALL, "normal"))).get_charmap()
    return "".join(
        letter if letter == "\n" or (ord(letter) in known and letter.isprintable()) else "?" for letter in text
    )


@lru_cache(maxsize=4096)  # a figure asks for most widths several times
def text_width(text: str, *, size: float, weight: str = "normal") -> float:
    """Width of a line in inches, rather too large: letters are moved to whole pixels when they are drawn."""
    width: float = text_to_path.get_text_width_height_descent(text, _font(size, weight), ismath=False)[0]
    return 1.02 * width / 72


def shortened(text: str, width: float, *, size: float, weight: str = "normal") -> str:
    """A line of text that can be drawn, its middle left out where it is wider than `width` inches."""
    text = literal(text.replace("\n", " "))

    def ends(kept: int) -> str:
        return f"{text[: kept // 2]}…{text[len(text) - (kept + 1) // 2 :]}"

    def width_of(kept: int) -> float:
        return text_width(ends(kept), size=size, weight=weight)

    if text_width(text, size=size, weight=weight) <= width:
        return text
    return ends(max(1, bisect_right(range(len(text)), width, key=width_of) - 1))


def wrapped(text: str, width: float, *, size: float) -> list[str]:
    """The text in lines of at most `width` inches; a word that is longer than a line is shortened."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and text_width(literal(longer), size=size) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return [shortened(line, width, size=size) for line in lines]
