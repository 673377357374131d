"""Figures of a gMAD competition: a sheet for each pair, and all of them on one.

Quality is what they are looked at for, so pixels are shown as they are, or reduced; never enlarged.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path
from PIL import Image

from qualiclip.agreement.gmad import PicturePair, QualityLevel, Round
from qualiclip.outputs import whole_file

DPI = 200
INK, QUIET, MAT = "#1f2937", "#5b6472", "#f1f3f5"
BETTER, WORSE = "#1d4ed8", "#c2410c"  # told apart by the colour-blind and in grey
LARGEST, SMALLEST_BOX, TILE = 900, 480, 300  # px
MOST_COLUMNS = 3  # pairs of a level on the overview
EDGE, GAP = 50, 30  # px around everything, and between two pictures


@dataclass(frozen=True)
class Side:
    """One picture of a pair: as it is shown, its name, its full width and height in px, and its two scores."""

    picture: Image.Image
    name: str
    size: tuple[int, int]
    attacker_score: float
    defender_score: float


@dataclass(frozen=True)
class Duel:
    """A pair with its pictures."""

    pair: PicturePair
    better: Side
    worse: Side


def reduced(picture: Image.Image, side: int) -> Image.Image:
    """A copy of a picture whose long side is at most `side` px."""
    copy = picture.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    return copy


@cache
def _font(size: float, weight: str) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size, weight=weight)  # comes with matplotlib


def _width(text: str, font: FontProperties) -> float:
    """Width in px, rather too large: letters are moved to whole pixels when they are drawn."""
    width: float = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
    return 1.02 * width * DPI / 72


def shortened(text: str, width: float, *, size: float, weight: str = "normal") -> str:
    """The text with its middle left out where it is wider than `width` px, and ? for what the font lacks."""
    font = _font(size, weight)
    known = get_font(findfont(font)).get_charmap()
    text = "".join(letter if ord(letter) in known and letter.isprintable() else "?" for letter in text)

    def ends(kept: int) -> str:
        return f"{text[: kept // 2]}…{text[len(text) - (kept + 1) // 2 :]}"

    if _width(text, font) <= width:
        return text
    return ends(max(1, bisect_right(range(len(text)), width, key=lambda kept: _width(ends(kept), font)) - 1))


class _Canvas:
    """A figure in px from the top left corner."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")

    def text(
        self, x: float, y: float, text: str, width: float, *, size: float, color: str = INK, weight: str = "normal"
    ) -> None:
        """A line of text, not wider than `width`, with its baseline at `y`."""
        self.figure.text(
            x / self.width,
            1 - y / self.height,
            shortened(text, width, size=size, weight=weight),
            fontproperties=_font(size, weight),
            color=color,
            parse_math=False,  # file names may have dollar signs
        )

    def picture(self, x: int, y: int, picture: Image.Image, width: int, height: int) -> None:
        """A picture, pixel by pixel, in the middle of a mat."""
        corner = (x / self.width, 1 - (y + height) / self.height)
        mat = Rectangle(corner, width / self.width, height / self.height, color=MAT, linewidth=0, zorder=-1)
        self.figure.add_artist(mat)
        left, top = x + (width - picture.width) // 2, y + (height - picture.height) // 2
        self.figure.figimage(np.asarray(picture), left, self.height - top - picture.height)


def _level_line(contest: Round, level: QualityLevel) -> str:
    count = contest.competition.settings.levels
    place = {1: " (lowest)", count: " (highest)"}.get(level.number, "")
    return f"Level {level.number} of {count}{place}: {level.low:.3f} to {level.high:.3f}"


def _gap_line(contest: Round, pair: PicturePair) -> str:
    attack = pair.attacker_gap / contest.competition.attacker_deviation
    defence = pair.defender_gap / contest.competition.defender_deviation
    return f"Gap {pair.attacker_gap:.3f} ({attack:.2f} sd), defender's {pair.defender_gap:.3f} ({defence:.2f} sd)"


def _size_line(side: Side) -> str:
    share = side.picture.width / side.size[0]
    shown = "" if share == 1 else f", shown at {share:.0%}"
    return f"{side.size[0]} × {side.size[1]} px{shown}"


def _draw_scores(canvas: _Canvas, x: int, y: int, side: Side, contest: Round, width: int, *, size: float) -> None:
    """Two lines, the attacker's score and the defender's: the numbers below each other, then the names."""
    line, indent = round(size * 4.4), round(size * 10.5)
    rows = ((side.attacker_score, contest.attacker, "bold"), (side.defender_score, contest.defender, "normal"))
    for index, (score, name, weight) in enumerate(rows):
        canvas.text(x, y + index * line, f"{score:.3f}", indent, size=size, weight=weight)
        canvas.text(x + indent, y + index * line, name, width - indent, size=size, weight=weight)


def pair_figure(duel: Duel, contest: Round) -> Figure:
    """A pair side by side: on the left the picture that the attacker calls better; below them both models' scores."""
    sides = (duel.better, duel.worse)
    box_width = max(SMALLEST_BOX, *(side.picture.width for side in sides))
    box_height = max(side.picture.height for side in sides)
    whole = 2 * box_width + GAP
    top = 225
    below = top + box_height
    canvas = _Canvas(whole + 2 * EDGE, below + 290)
    canvas.text(EDGE, 80, f"{contest.attacker} attacks {contest.defender}", whole, size=13, weight="bold")
    (level,) = (level for level in contest.competition.levels if level.number == duel.pair.level)
    line = f"{_level_line(contest, level)}, says {contest.defender}"
    canvas.text(EDGE, 128, line, whole, size=9, color=QUIET)
    for index, (side, word, color) in enumerate(zip(sides, ("better", "worse"), (BETTER, WORSE), strict=True)):
        x = EDGE + index * (box_width + GAP)
        canvas.text(x, top - 20, f"{word}, says the attacker", box_width, size=11, color=color, weight="bold")
        canvas.picture(x, top, side.picture, box_width, box_height)
        canvas.text(x, below + 45, side.name, box_width, size=9)
        canvas.text(x, below + 83, _size_line(side), box_width, size=8, color=QUIET)
        _draw_scores(canvas, x, below + 140, side, contest, box_width, size=10)
    canvas.text(EDGE, below + 250, _gap_line(contest, duel.pair), whole, size=8.5, color=QUIET)
    return canvas.figure


# Overview


@dataclass(frozen=True)
class _Sheet:
    """Measures of the overview, in px."""

    columns: int
    lines: int
    pair_width: int = 2 * TILE + 10
    between: int = 60
    head: int = 200
    line_height: int = TILE + 255

    @property
    def width(self) -> int:
        return self.columns * (self.pair_width + self.between) - self.between

    @property
    def height(self) -> int:
        return self.head + self.lines * self.line_height


def _draw_duel(canvas: _Canvas, x: int, y: int, duel: Duel, contest: Round, sheet: _Sheet) -> None:
    for index, (side, word, color) in enumerate(((duel.better, "better", BETTER), (duel.worse, "worse", WORSE))):
        left = x + index * (TILE + 10)
        canvas.text(left, y - 12, word, TILE, size=8, color=color, weight="bold")
        canvas.picture(left, y, reduced(side.picture, TILE), TILE, TILE)
        canvas.text(left, y + TILE + 30, side.name, TILE, size=7, color=QUIET)
        _draw_scores(canvas, left, y + TILE + 64, side, contest, TILE, size=7.5)
    canvas.text(x, y + TILE + 133, _gap_line(contest, duel.pair), sheet.pair_width, size=7, color=QUIET)


def _draw_round(canvas: _Canvas, x: int, y: int, contest: Round, duels: Sequence[Duel], sheet: _Sheet) -> None:
    canvas.text(x, y + 45, f"{contest.attacker} attacks {contest.defender}", sheet.width, size=11, weight="bold")
    canvas.text(x, y + 85, f"equal, says {contest.defender}", sheet.width, size=8, color=QUIET)
    for line, level in enumerate(reversed(contest.competition.levels)):
        top = y + sheet.head + line * sheet.line_height
        canvas.text(x, top - 48, _level_line(contest, level), sheet.width, size=8)
        row = [duel for duel in duels if duel.pair.level == level.number]
        for column, duel in enumerate(row[: sheet.columns]):
            _draw_duel(canvas, x + column * (sheet.pair_width + sheet.between), top, duel, contest, sheet)
        if not row:
            canvas.text(x, top + 20, "no pair within the tolerance", sheet.width, size=8, color=QUIET)


def overview(rounds: Sequence[tuple[Round, Sequence[Duel]]], *, title: str, facts: Sequence[str]) -> Figure:
    """The pairs of all levels, the highest first, in a block for each attacker; at most three pairs of a level.

    Blocks stand side by side where no level has two pairs, else below each other.
    """
    columns = min(MOST_COLUMNS, max(duel.pair.rank for _, duels in rounds for duel in duels))
    sheet = _Sheet(columns, len(rounds[0][0].competition.levels))
    across = len(rounds) if columns == 1 else 1
    whole = across * (sheet.width + sheet.between) - sheet.between
    top = 130 + 36 * len(facts)
    canvas = _Canvas(whole + 2 * EDGE, top + len(rounds) // across * sheet.height - 60)
    canvas.text(EDGE, 80, title, whole, size=14, weight="bold")
    for line, fact in enumerate(facts):
        canvas.text(EDGE, 125 + 36 * line, fact, whole, size=8, color=QUIET)
    for index, (contest, duels) in enumerate(rounds):
        row, column = divmod(index, across)
        x, y = EDGE + column * (sheet.width + sheet.between), top + row * sheet.height
        _draw_round(canvas, x, y, contest, duels, sheet)
    return canvas.figure


def save(figure: Figure, path: Path, *, description: str, version: str, facts: Mapping[str, str]) -> None:
    """Write a figure as PNG, pixel by pixel; its metadata say what it shows, by which version, and `facts`."""
    metadata = {"Description": description, "Software": f"QualiCLIP Studio {version}", **facts}
    with whole_file(path) as draft:
        figure.savefig(draft, format="png", dpi=DPI, metadata=metadata)
